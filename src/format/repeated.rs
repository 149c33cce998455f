//! Entries that a set of a file has more than once, as where a merge by lines has kept what both
//! sides added. All of them mean what one does.

use std::collections::BTreeSet;

use super::array::{Change, edit_array, strings};
use super::parse::document;
use super::plain;
use super::source::Source;
use super::splice::Splices;
use super::table::{Placed, Value};

/// The keys whose values are sets.
pub(super) const SETS: [&str; 4] = ["labels", "blocked_by", "after", "related"];

/// What a file's sets have more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// Each such entry, after the key of its set.
    pub entries: Vec<(&'static str, String)>,
    /// The text with the first of each alone.
    pub once: String,
}

/// What the file's sets have more than once; nothing where there is none, or the text is not TOML.
#[must_use]
pub fn repeated(text: &str) -> Option<Repeated> {
    // Most are written plainly, which is told much faster.
    if let Some(table) = plain::read(text)
        && !SETS.iter().any(|key| table.get(key).is_some_and(repeats))
    {
        return None;
    }
    let source = Source::new(text);
    let document = document(&source).ok()?;
    let (mut entries, mut splices) = (BTreeSet::new(), Splices::default());
    for key in SETS {
        let Some(array) = document.get(key).and_then(|item| item.as_array()) else {
            continue;
        };
        let mut seen = BTreeSet::new();
        let changes = strings(array).into_iter().enumerate();
        let changes = changes.map(|(index, entry)| match seen.insert(entry) {
            true => Change::Keep(index),
            false => {
                entries.insert((key, entry.to_owned()));
                Change::Remove(index)
            }
        });
        let changes = changes.collect();
        let place = array.span().unwrap_or_default();
        edit_array(&source, array, place, changes, &mut splices);
    }
    (!entries.is_empty()).then(|| Repeated {
        entries: entries.into_iter().collect(),
        once: source.apply(splices),
    })
}

fn repeats(value: &Placed<Value<'_>>) -> bool {
    let Value::Array(items) = &value.it else {
        return false;
    };
    let mut seen = BTreeSet::new();
    items.iter().any(|item| match &item.it {
        Value::String(text) => !seen.insert(text),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_stays_with_all_that_is_around() {
        let text = "title = 't' # x\r\nlabels = [\r\n  \"b\", # one\r\n  \"a\",\r\n  \"b\", # two\r\n  \"b\",\r\n]\r\nafter = ['x', \"x\"]\r\nchecks = [\"c\", \"c\"]\r\n";
        let found = repeated(text).unwrap();
        let entries = [("after", "x".to_owned()), ("labels", "b".to_owned())];
        assert_eq!(found.entries, entries);
        assert_eq!(
            found.once,
            "title = 't' # x\r\nlabels = [\r\n  \"b\", # one\r\n  \"a\",\r\n  # two\r\n]\r\nafter = ['x']\r\nchecks = [\"c\", \"c\"]\r\n"
        );
        assert_eq!(repeated(&found.once), None);
    }

    #[test]
    fn what_is_there_once_or_is_no_set_is_left() {
        for text in [
            "",
            "labels = [\"a\", \"A\"]\n",
            "labels = \"a\"\n",
            "labels = ['a', 'b']\nafter = ['a']\n",
            "labels = [\"a\", \"a\"]\nlabels = [\"a\"]\n",
            "touches = [\"a\", \"a\"]\n",
            "[[notes]]\nlabels = [\"a\", \"a\"]\n",
        ] {
            assert_eq!(repeated(text), None, "{text}");
        }
    }
}
