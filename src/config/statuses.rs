//! `[[status]]` and `[transitions]`.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeValue;

use super::ConfigError;
use super::reader::{Section, text, texts};
use crate::model::{Category, StatusDef, StatusId, Statuses, escaped};

/// The statuses of the file at its top, and the transitions between them. `initial` is what
/// `[tickets]` says of the status of new tickets.
pub(super) fn read(
    top: &mut Section<'_, '_>,
    initial: Option<StatusId>,
) -> Result<Statuses, ConfigError> {
    let mut defs: Vec<StatusDef> = Vec::new();
    for mut section in top.tables("status")? {
        let expected = "a word of lower case letters, digits and underscores";
        let id = section.need("id", expected, word)?;
        let name = section.get("name", "a text", text)?;
        let category = section.need("category", "`open`, `active` or `done`", category)?;
        if defs.iter().any(|def| def.id == id) {
            return Err(section.error("id", format!("the status `{id}` is there twice")));
        }
        section.finish()?;
        let name = name.unwrap_or_else(|| id.as_str().replace('_', " "));
        defs.push(StatusDef { id, name, category });
    }
    if defs.is_empty() {
        defs = Statuses::default().all().to_vec();
    }
    for needed in [Category::Open, Category::Active, Category::Done] {
        if !defs.iter().any(|def| def.category == needed) {
            let needed = needed.as_str();
            let message = format!("no status has the category `{needed}`: expected at least one");
            return Err(top.error("status", message));
        }
    }
    let initial = initial.unwrap_or_else(|| first_open(&defs));
    let transitions = transitions(top, &defs)?;
    Ok(Statuses::new(defs, initial, transitions))
}

fn first_open(defs: &[StatusDef]) -> StatusId {
    defs.iter()
        .find(|def| def.category == Category::Open)
        .map_or_else(|| StatusId::new("open"), |def| def.id.clone())
}

fn transitions(
    top: &mut Section<'_, '_>,
    defs: &[StatusDef],
) -> Result<Option<BTreeMap<StatusId, BTreeSet<StatusId>>>, ConfigError> {
    let Some(section) = top.table("transitions")? else {
        return Ok(None);
    };
    let known = |word: &str| {
        let id = StatusId::new(word);
        defs.iter().any(|def| def.id == id).then_some(id)
    };
    let words: Vec<&str> = defs.iter().map(|def| def.id.as_str()).collect();
    let expected = words.join(", ");
    let mut map = BTreeMap::new();
    for (key, _, value) in section.entries() {
        let Some(from) = known(key) else {
            let shown = escaped(key, 60);
            let message = format!("unknown status `{shown}`: expected one of {expected}");
            return Err(section.error(key, message));
        };
        let next = texts(value.get_ref())
            .and_then(|words| words.iter().map(|word| known(word)).collect::<Option<_>>());
        let Some(next) = next else {
            let message = format!(
                "`transitions.{from}` holds what is no status: expected a list of {expected}"
            );
            return Err(section.error(key, message));
        };
        map.insert(from, next);
    }
    Ok((!map.is_empty()).then_some(map))
}

fn word(value: &DeValue<'_>) -> Option<StatusId> {
    let text = value.as_str()?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (!text.is_empty() && text.len() <= 40 && text.chars().all(fits)).then(|| StatusId::new(text))
}

fn category(value: &DeValue<'_>) -> Option<Category> {
    match value.as_str()? {
        "open" => Some(Category::Open),
        "active" => Some(Category::Active),
        "done" => Some(Category::Done),
        _ => None,
    }
}
