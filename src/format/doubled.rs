//! Keys that stand in a file twice, as where a merge by lines has kept what both sides added.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use toml_edit::{Document, Item};

/// How many ends are tried for one value before the file is left to a person.
const ENDS: usize = 1000;

/// A key that stands in a file twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubled {
    /// The key.
    pub key: String,
    /// The lines, from 1, on which it stands.
    pub lines: [usize; 2],
    /// What follows it there, on one line.
    pub values: [String; 2],
}

/// A file in which keys stand twice, and nothing else is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twice {
    /// The keys, by their first lines.
    pub keys: Vec<Doubled>,
    /// The text with the first of each alone, where each says the same twice.
    pub once: Option<String>,
}

/// A key of the file itself with its value.
struct Entry<'t> {
    key: String,
    line: usize,
    place: Range<usize>,
    text: &'t str,
    is_simple: bool,
}

/// Whether the file may have such keys: a look without reading it as TOML.
#[must_use]
pub fn may_be_doubled(text: &str) -> bool {
    let mut seen = HashSet::new();
    let lines = text.lines().take_while(|line| !line.starts_with('['));
    let mut keys = lines.filter_map(|line| Some(line.split_once('=')?.0.trim()));
    keys.any(|key| is_bare(key) && !seen.insert(key))
}

/// The keys that stand twice in a file, not in a list of it, each with a value on one line or an
/// array; nothing where there are none, or anything else is wrong with it.
#[must_use]
pub fn doubled(text: &str) -> Option<Twice> {
    let entries = entries(text)?;
    let mut by_key: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
    for entry in &entries {
        by_key.entry(&entry.key).or_default().push(entry);
    }
    let mut pairs = Vec::new();
    for several in by_key.into_values().filter(|entries| entries.len() > 1) {
        match several[..] {
            [one, two] if one.is_simple && two.is_simple => pairs.push([one, two]),
            _ => return None,
        }
    }
    pairs.sort_by_key(|[one, _]| one.line);
    let mut gone: Vec<Range<usize>> = pairs.iter().map(|[_, two]| two.place.clone()).collect();
    gone.sort_by_key(|place| place.start);
    let once = without(text, &gone);
    if pairs.is_empty() || Document::parse(once.as_str()).is_err() {
        return None;
    }
    let is_same = |[one, two]: &[&Entry<'_>; 2]| one.text.trim() == two.text.trim();
    Some(Twice {
        once: pairs.iter().all(is_same).then_some(once),
        keys: pairs.into_iter().map(told).collect(),
    })
}

fn told(pair: [&Entry<'_>; 2]) -> Doubled {
    let value = |entry: &Entry<'_>| {
        let value = entry.text.split_once('=').map_or("", |(_, value)| value);
        value.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    Doubled {
        key: pair[0].key.clone(),
        lines: pair.map(|entry| entry.line),
        values: pair.map(value),
    }
}

fn is_bare(key: &str) -> bool {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !key.is_empty() && key.chars().all(bare)
}

/// The keys before the first table, in their order; nothing where they cannot be told apart.
fn entries(text: &str) -> Option<Vec<Entry<'_>>> {
    let mut found = Vec::new();
    let mut lines = (1..).zip(text.split_inclusive('\n'));
    let mut at = 0;
    while let Some((number, line)) = lines.next() {
        let start = at;
        at += line.len();
        let begun = line.trim_start();
        match begun.chars().next() {
            None | Some('#') => continue,
            Some('[') => break,
            Some(_) => {}
        }
        let (name, value) = begun.split_once('=')?;
        // Only on such a line can a value of several end.
        let end = ["\"\"\"", "'''", "["]
            .into_iter()
            .find(|end| value.trim_start().starts_with(end));
        let end = end.map(|end| if end == "[" { "]" } else { end });
        let mut tried = 0;
        let mut document = Document::parse(&text[start..at]);
        while document.is_err() {
            let (_, more) = lines.next()?;
            at += more.len();
            if more.contains(end?) {
                tried += 1;
                if tried > ENDS {
                    return None;
                }
                document = Document::parse(&text[start..at]);
            }
        }
        let document = document.ok()?;
        let is_array = document
            .as_table()
            .iter()
            .all(|(_, item)| matches!(item, Item::Value(value) if value.is_array()));
        let text = &text[start..at];
        found.push(Entry {
            key: name.trim().trim_matches(['"', '\'']).to_owned(),
            line: number,
            place: start..at,
            is_simple: is_bare(name.trim()) && (is_array || text.trim_end().lines().count() == 1),
            text,
        });
    }
    Some(found)
}

/// The text without these parts of it, and without the blank line after one that stands between
/// two of them.
fn without(text: &str, parts: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for part in parts {
        out.push_str(&text[at..part.start]);
        at = part.end;
        let is_blank = |line: Option<&str>| line.is_some_and(|line| line.trim().is_empty());
        let after = text[at..].split_inclusive('\n').next();
        if is_blank(after) && is_blank(out.lines().next_back()) {
            at += after.map_or(0, str::len);
        }
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_one_line_or_an_array_is_told_and_the_same_is_there_once() {
        let text = "# a\ntitle = \"t\"\n\ndue = 2026-12-01\n\nlabels = [\n  \"a\", # ]\n]\n\ndue = 2026-12-01\n\nlabels = [\n  \"a\", # ]\n]\n\n# c\n\n[[notes]]\ntext = \"x\"\n\n[[notes]]\ntext = \"x\"\n";
        assert!(may_be_doubled(text));
        let twice = doubled(text).unwrap();
        let keys: Vec<_> = twice
            .keys
            .iter()
            .map(|one| (one.key.as_str(), one.lines))
            .collect();
        assert_eq!(keys, [("due", [4, 10]), ("labels", [6, 12])]);
        assert_eq!(twice.keys[1].values[0], "[ \"a\", # ] ]");
        let once = "# a\ntitle = \"t\"\n\ndue = 2026-12-01\n\nlabels = [\n  \"a\", # ]\n]\n\n# c\n\n[[notes]]\ntext = \"x\"\n\n[[notes]]\ntext = \"x\"\n";
        assert_eq!(twice.once.as_deref(), Some(once));
        assert_eq!(doubled(once), None);
        assert!(!may_be_doubled(once));
        let other = text.replacen("2026-12-01", "2026-12-02 # mine", 1);
        let twice = doubled(&other).unwrap();
        assert_eq!(twice.keys[0].values, ["2026-12-02 # mine", "2026-12-01"]);
        assert_eq!(twice.once, None);
        let crlf = doubled(&text.replace('\n', "\r\n")).unwrap();
        assert_eq!(crlf.once, Some(once.replace('\n', "\r\n")));
    }

    #[test]
    fn what_is_anything_else_is_left() {
        for text in [
            "",
            "a = 1\n",
            "a = 1\na = 1\na = 1\n",
            "a = 1\na = 1\nb = \n",
            "a = \"\"\"\nx\n\"\"\"\na = \"\"\"\nx\n\"\"\"\n",
            "a = \"\"\"\nb = 1\nb = 1\n\"\"\"\n",
            "a = 1\na = 1\n\n[a]\n",
            "a = 1\n\"a\" = 1\n",
            "a.b = 1\na.b = 1\n",
            "a = [\n1\na = 1\n",
            "a = 1\na = 1\n\n[t]\nb = 1\nb = 1\n",
            "nothing\nnothing\n",
        ] {
            assert_eq!(doubled(text), None, "{text}");
        }
    }
}
