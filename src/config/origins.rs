//! Which line of a configuration sets what.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// The tables whose keys are names that people choose: they are settings as a whole.
const WHOLE: &[&str] = &["transitions"];

/// The line, from 1, of each key that the text sets, by the key with its tables, such as
/// `run.parallel`. Nothing for a text that is not TOML.
#[must_use]
pub fn origins(text: &str) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    let Ok(top) = DeTable::parse(text) else {
        return lines;
    };
    let line = |at: usize| text.get(..at).map_or(1, |b| b.matches('\n').count() + 1);
    for (key, value) in top.get_ref() {
        let name = key.get_ref().to_string();
        match value.get_ref() {
            DeValue::Table(table) if !WHOLE.contains(&name.as_str()) => {
                for (inner, _) in table {
                    let at = line(inner.span().start);
                    lines.insert(format!("{name}.{}", inner.get_ref()), at);
                }
            }
            _ => {
                lines.insert(name, line(key.span().start));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_line() {
        let text = "[run]\n\nparallel = 2\nland = \"end\"\n[[status]]\nid = \"a\"\n\
                    [[status]]\nid = \"b\"\n[transitions]\na = [\"b\"]\n[prices.opus]\ninput = 1\n";
        let found: Vec<(String, usize)> = origins(text).into_iter().collect();
        let expected = [
            ("prices.opus", 11),
            ("run.land", 4),
            ("run.parallel", 3),
            ("status", 5),
            ("transitions", 9),
        ];
        assert_eq!(found, expected.map(|(key, line)| (key.to_owned(), line)));
        assert!(origins("[").is_empty());
    }
}
