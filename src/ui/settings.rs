//! Settings, as the lines of a configuration file that would make them so.

use std::fmt::Write;

use anstyle::Style;
use serde_json::Value;

use super::terminal::safe;
use crate::wire::Setting;

/// A line a setting: key, value, and where it comes from.
#[must_use]
pub fn list(settings: &[Setting]) -> String {
    let dim = Style::new().dimmed();
    let mut out = String::new();
    for setting in settings {
        let origin = match (&setting.path, setting.line) {
            (Some(path), Some(line)) => format!("{path}:{line}"),
            _ => "default".to_owned(),
        };
        let value = toml(&setting.value);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{} = {}  {dim}# {}{dim:#}",
            safe(&setting.key),
            safe(&value),
            safe(&origin)
        );
    }
    out
}

/// The value as TOML writes it on one line; nothing is not a value of TOML, and shows as
/// `none`.
fn toml(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries = entries.iter().map(|(k, v)| format!("{k} = {}", toml(v)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}
