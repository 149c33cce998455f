//! Markdown with YAML before it.

use serde_json::{Map, Value};
use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;

use super::fields::shown;

/// What stands between the first two lines of dashes, and what follows.
pub(super) struct Parts<'a> {
    pub(super) yaml: &'a str,
    pub(super) body: &'a str,
}

/// The parts of the text; `None` where it does not begin with dashes.
pub(super) fn split(text: &str) -> Option<Parts<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = text.strip_prefix("---\n")?;
    if let Some(body) = rest.strip_prefix("---\n") {
        return Some(Parts { yaml: "", body });
    }
    let (yaml, body) = match rest.split_once("\n---\n") {
        Some(parts) => parts,
        None => (rest.strip_suffix("\n---")?, ""),
    };
    Some(Parts { yaml, body })
}

/// The fields that the YAML says.
///
/// # Errors
/// The line, from 1, and what is wrong: no mapping, too deep, too many aliases.
pub(super) fn fields(yaml: &str) -> Result<Map<String, Value>, (usize, String)> {
    if yaml.trim().is_empty() {
        return Ok(Map::new());
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_documents: 1,
            max_nodes: 10_000,
            max_aliases: 64,
            max_anchors: 64,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 10_000,
            max_replay_stack_depth: 8,
        },
        strict_booleans: true,
    };
    let read: Result<Map<String, Value>, _> = serde_saphyr::from_str_with_options(yaml, options);
    read.map_err(|error| {
        let line = error.location().map_or(1, |place| place.line());
        // To YAML a carriage return alone ends a line; to those who are told it does not.
        let line = line.min(yaml.lines().count() as u64);
        // Its lines are not those of the file.
        let said = said(error.without_snippet());
        (usize::try_from(line).unwrap_or(1), said)
    })
}

/// What is wrong, in words about the text.
fn said(error: &Error) -> String {
    let word = match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            return format!("`{}` is there twice", shown(key));
        }
        Error::DuplicateMappingKey { .. } => "a key is there twice",
        Error::NullIntoString { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. }
        | Error::Unexpected {
            expected: "string scalar",
            ..
        } => "a key is no text",
        Error::Unexpected {
            expected: "mapping start",
            ..
        } => "expected fields as `key: value`",
        Error::InvalidScalar { .. } => "a value is not what its tag says",
        Error::Budget {
            breach: BudgetBreach::Documents { .. },
            ..
        } => "it is more than one document",
        Error::NonFiniteFloat { value, .. } => {
            return format!("`{}` is no number: expected quotes around it", shown(value));
        }
        Error::Budget { .. } => "it is too deep or too large",
        Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "its references are too many, or within themselves"
        }
        Error::BinaryNotUtf8 { .. } => "what is `!!binary` is no text",
        other => {
            let message = other.to_string();
            let first = message.lines().next().unwrap_or_default();
            let ends = [" at line ", " (defined at line "].map(|end| first.find(end));
            let end = ends.into_iter().flatten().min().unwrap_or(first.len());
            return format!("not YAML: {}", &first[..end]);
        }
    };
    word.to_owned()
}
