//! The order in which a file has the entries of its sets. It means nothing, and yet is what somebody
//! wrote, and what a merge by lines goes by.

use std::ops::Range;

use super::array::{edit_array, elements, list_changes, strings};
use super::parse::document;
use super::repeated::SETS;
use super::source::Source;
use super::splice::Splices;

/// The key of a set, and its entries in an order.
pub(crate) type Order = (&'static str, Vec<String>);

/// The file's sets as they stand in it; none where the text is not TOML.
pub(crate) fn orders(text: &str) -> Vec<Order> {
    let source = Source::new(text);
    let Ok(document) = document(&source) else {
        return Vec::new();
    };
    let of = |key: &'static str| {
        let entries = strings(document.get(key)?.as_array()?).into_iter();
        Some((key, entries.map(str::to_owned).collect()))
    };
    SETS.into_iter().filter_map(of).collect()
}

/// The text with those of its sets that are named in that order, each entry once; entries that are
/// not in it come last.
pub(crate) fn ordered(text: &str, orders: &[Order]) -> String {
    let source = Source::new(text);
    let Ok(document) = document(&source) else {
        return text.to_owned();
    };
    let mut splices = Splices::default();
    for (key, order) in orders {
        let Some(array) = document.get(key).and_then(|item| item.as_array()) else {
            continue;
        };
        let there = strings(array);
        let mut entries: Vec<String> = Vec::new();
        let known = order.iter().map(String::as_str);
        let known = known.filter(|entry| there.contains(entry));
        for entry in known.chain(there.iter().copied()) {
            if !entries.iter().any(|other| other == entry) {
                entries.push(entry.to_owned());
            }
        }
        let place = array.span().unwrap_or_default();
        match blocks(&source, &elements(array), &place) {
            Some(blocks) if entries.len() == there.len() => {
                let moved = entries.iter().filter_map(|entry| {
                    let was = there.iter().position(|other| other == entry)?;
                    Some(blocks[was].with_comma(&source))
                });
                let all = blocks.first().zip(blocks.last());
                let Some(all) = all.map(|(first, last)| first.lines.start..last.lines.end) else {
                    continue;
                };
                if there != entries {
                    splices.replace(all, moved.collect::<String>());
                }
            }
            _ => {
                let changes = list_changes(array, &entries);
                edit_array(&source, array, place, changes, &mut splices);
            }
        }
    }
    source.apply(splices)
}

/// An element of an array with all that is its own.
struct Block {
    /// Its line and those above it, back to the element before.
    lines: Range<usize>,
    element: Range<usize>,
}

/// The elements of an array of which each stands on a line of its own; nothing of another one.
fn blocks(source: &Source, elements: &[Range<usize>], place: &Range<usize>) -> Option<Vec<Block>> {
    let text = source.text();
    let mut start = source.line_end(place.start);
    let block = |element: &Range<usize>| {
        let lines = start..source.line_end(element.end);
        let line = source.line_start(element.start);
        let rest = text[element.end..lines.end].trim_start();
        let rest = rest.strip_prefix(',').unwrap_or(rest).trim();
        let is_alone = line >= start
            && lines.end <= place.end
            && text[line..element.start].trim().is_empty()
            && (rest.is_empty() || rest.starts_with('#'));
        start = lines.end;
        is_alone.then(|| Block {
            lines,
            element: element.clone(),
        })
    };
    elements.iter().map(block).collect()
}

impl Block {
    /// Its lines as they are to be above another element.
    fn with_comma(&self, source: &Source) -> String {
        let text = source.text();
        let (head, rest) = (
            &text[self.lines.start..self.element.end],
            &text[self.element.end..self.lines.end],
        );
        let comma = match rest.trim_start().starts_with(',') {
            true => "",
            false => ",",
        };
        format!("{head}{comma}{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_put_in_an_order_with_all_that_is_around() {
        let text = "title = 't'\nlabels = [\n  \"b\", # one\n  \"a\",\n  \"b\",\n  \"x\",\n]\n\
                    after = ['d', 'c']\nchecks = ['z', 'y']\n";
        let order = |entries: &[&str]| -> Vec<String> {
            entries.iter().map(|it| (*it).to_owned()).collect()
        };
        assert_eq!(orders(text)[0], ("labels", order(&["b", "a", "b", "x"])));
        assert_eq!(orders(text)[1], ("after", order(&["d", "c"])));
        let orders = [
            ("labels", order(&["q", "x", "b"])),
            ("related", Vec::new()),
            ("after", order(&["c", "d"])),
        ];
        assert_eq!(
            ordered(text, &orders),
            "title = 't'\nlabels = [\n  \"x\",\n  \"b\", # one\n  \"a\",\n]\n\
             after = ['c', \"d\"]\nchecks = ['z', 'y']\n"
        );
        assert_eq!(ordered("labels = [", &orders), "labels = [");
        let text = "labels = [\n  \"b\", # one\n  # two\n  \"a\" # three\n]\n";
        assert_eq!(
            ordered(text, &[("labels", order(&["a", "b"]))]),
            "labels = [\n  # two\n  \"a\", # three\n  \"b\", # one\n]\n"
        );
    }
}
