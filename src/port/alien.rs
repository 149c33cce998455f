//! What is given as a file of one format and is of another, as its first record tells.
//!
//! Only by what no file of the format itself has: whatever else is odd, its reader tells.

use serde_json::{Map, Value};

use super::format::ImportFormat;
use super::front_matter;

/// The other format that the file is of, as far as that is certain.
pub(super) fn other(format: ImportFormat, bytes: &[u8]) -> Option<ImportFormat> {
    let text = str::from_utf8(bytes).ok()?.trim_start();
    let found = match text.starts_with("---") {
        true => of_markdown(text),
        false => of_record(format, &first(text)?),
    };
    found.filter(|found| *found != format)
}

/// The first object of a JSON text, in arrays or not.
fn first(text: &str) -> Option<Map<String, Value>> {
    let text = text.trim_start_matches(|c: char| c == '[' || c.is_whitespace());
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    values.next()?.ok()
}

fn of_record(format: ImportFormat, fields: &Map<String, Value>) -> Option<ImportFormat> {
    let has = |key: &&str| fields.contains_key(*key);
    let any = |keys: &[&str]| keys.iter().any(&has);
    let all = |keys: &[&str]| keys.iter().all(&has);
    let is_list = |key: &&str| fields.get(*key).is_some_and(Value::is_array);
    let is_text = |key: &str| fields.get(key).is_some_and(Value::is_string);
    if all(&["uuid", "description"]) && !any(&["title"]) {
        return Some(ImportFormat::Taskwarrior);
    }
    if any(&["issue_type", "dependency_count", "dependent_count"]) {
        return Some(ImportFormat::Beads);
    }
    let is_numbered = fields.get("number").is_some_and(Value::is_u64) && any(&["title"]);
    let is_listed = !any(&["created_at"]) || any(&["node_id"]);
    if is_numbered && is_listed && !any(&["status", "dependencies"]) {
        return Some(ImportFormat::Github);
    }
    // What both ticks and we write has no mark where that says nothing more.
    if !all(&["id", "title", "type"]) {
        return None;
    }
    let of_ticks = [
        "acceptance_criteria",
        "closed_reason",
        "target_date",
        "manual",
    ];
    let of_ours = ["acceptance", "subtasks", "notes", "runs", "imported"];
    let is_json_lines = format == ImportFormat::Jsonl;
    if any(&of_ticks) || is_text("notes") || !is_json_lines && all(&["updated_at"]) {
        return Some(ImportFormat::Ticks);
    }
    (format == ImportFormat::Beads || of_ours.iter().any(is_list)).then_some(ImportFormat::Jsonl)
}

fn of_markdown(text: &str) -> Option<ImportFormat> {
    let text = text.replace("\r\n", "\n");
    let yaml = front_matter::split(&text)?.yaml;
    let any = |keys: &[&str]| {
        let mut lines = yaml.lines();
        lines.any(|line| keys.iter().any(|key| line.split(':').next() == Some(key)))
    };
    match (any(&["deps", "links"]), any(&["title"])) {
        (true, false) => Some(ImportFormat::Ticket),
        (false, true) if any(&["created_date", "dependencies", "ordinal"]) => {
            Some(ImportFormat::Backlog)
        }
        _ => None,
    }
}
