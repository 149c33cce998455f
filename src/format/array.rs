//! Changing an array in place, so that its other elements and its comments stay.

use std::ops::Range;

use toml_edit::Array;

use super::align::{Step, align};
use super::source::Source;
use super::splice::Splices;
use super::value::{self, line};

/// What becomes of an array's elements, in order.
pub(super) enum Change {
    /// The old element of that index stays.
    Keep(usize),
    /// The old element of that index becomes that value.
    Rewrite(usize, String),
    /// The old element of that index goes.
    Remove(usize),
    /// That value comes.
    Insert(String),
}

/// The changes from an array of strings to a list whose order means something.
pub(super) fn list_changes(array: &Array, new: &[String]) -> Vec<Change> {
    let old = strings(array);
    let new: Vec<&str> = new.iter().map(String::as_str).collect();
    let change = |step| match step {
        Step::Keep(o, n) if old[o] == new[n] => Change::Keep(o),
        Step::Keep(o, n) => Change::Rewrite(o, line(new[n])),
        Step::Remove(o) => Change::Remove(o),
        Step::Insert(n, _) => Change::Insert(line(new[n])),
    };
    align(&old, &new).into_iter().map(change).collect()
}

/// The changes from an array of strings to a set: what comes goes to its place where the
/// array is sorted, else to the end.
pub(super) fn set_changes(array: &Array, new: &[String]) -> Vec<Change> {
    let old = strings(array);
    let stays = |item: &str| new.iter().any(|other| other == item);
    let sorted = old.is_sorted();
    let mut coming = new
        .iter()
        .map(String::as_str)
        .filter(|item| !old.contains(item))
        .peekable();
    let mut changes = Vec::new();
    for (index, item) in old.iter().enumerate() {
        if sorted {
            while let Some(new) = coming.next_if(|new| new < item) {
                changes.push(Change::Insert(line(new)));
            }
        }
        changes.push(if stays(item) {
            Change::Keep(index)
        } else {
            Change::Remove(index)
        });
    }
    changes.extend(coming.map(|new| Change::Insert(line(new))));
    changes
}

/// The array's strings; an empty one for what is none.
pub(super) fn strings(array: &Array) -> Vec<&str> {
    array
        .iter()
        .map(|item| item.as_str().unwrap_or_default())
        .collect()
}

/// Makes the changes in the array that stands at `place`.
pub(super) fn edit_array(
    source: &Source,
    array: &Array,
    place: Range<usize>,
    changes: Vec<Change>,
    splices: &mut Splices,
) {
    let text = source.text();
    let elements = elements(array);
    let stays = |change: &Change| matches!(change, Change::Keep(_) | Change::Rewrite(..));
    if changes.iter().all(stays) && changes.len() == elements.len() {
        for change in changes {
            if let Change::Rewrite(index, value) = change {
                splices.replace(elements[index].clone(), value);
            }
        }
        return;
    }
    let is_comment_free = !has_comments(source, array);
    let left: Vec<String> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Keep(index) => Some(text[elements[*index].clone()].to_owned()),
            Change::Rewrite(_, value) | Change::Insert(value) => Some(value.clone()),
            Change::Remove(_) => None,
        })
        .collect();
    if is_comment_free && (elements.is_empty() || left.is_empty()) {
        splices.replace(place, value::array(left.into_iter()));
    } else if !text[place.clone()].contains('\n') {
        splices.replace(place, format!("[{}]", left.join(", ")));
    } else {
        let layout = Layout {
            source,
            elements,
            place,
        };
        layout.splice(changes, splices);
    }
}

/// Where its elements stand.
pub(super) fn elements(array: &Array) -> Vec<Range<usize>> {
    array
        .iter()
        .map(|element| element.span().unwrap_or_default())
        .collect()
}

/// Whether there are comments between an array's elements.
pub(super) fn has_comments(source: &Source, array: &Array) -> bool {
    let place = array.span().unwrap_or_default();
    gaps(&elements(array), &place).any(|gap| source.text()[gap].contains('#'))
}

/// The parts of an array that are not elements: brackets, commas, white space, comments.
fn gaps(elements: &[Range<usize>], place: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let starts = std::iter::once(place.start).chain(elements.iter().map(|element| element.end));
    let ends = elements
        .iter()
        .map(|element| element.start)
        .chain([place.end]);
    starts.zip(ends).map(|(start, end)| start..end)
}

/// An array over several lines.
struct Layout<'a> {
    source: &'a Source,
    elements: Vec<Range<usize>>,
    place: Range<usize>,
}

impl Layout<'_> {
    fn splice(&self, changes: Vec<Change>, splices: &mut Splices) {
        let indent = self.indent();
        let mut last: Option<usize> = None;
        let mut comma_added = false;
        for change in changes {
            match change {
                Change::Keep(index) => last = Some(index),
                Change::Rewrite(index, value) => {
                    splices.replace(self.elements[index].clone(), value);
                    last = Some(index);
                }
                Change::Remove(index) => self.remove(index, splices),
                Change::Insert(value) => {
                    let after = match last {
                        None => self.place.start + 1,
                        Some(index) => self.comma(index).unwrap_or_else(|| {
                            let end = self.elements[index].end;
                            if !comma_added {
                                splices.insert(end, ",");
                                comma_added = true;
                            }
                            end
                        }),
                    };
                    match self.rest_of_line(after) {
                        Some(next) => splices.insert(next, format!("{indent}{value},\n")),
                        None => splices.insert(after, format!(" {value},")),
                    }
                }
            }
        }
    }

    /// The indentation of the first element that begins a line.
    fn indent(&self) -> String {
        let text = self.source.text();
        self.elements
            .iter()
            .map(|element| &text[self.source.line_start(element.start)..element.start])
            .find(|before| before.trim().is_empty())
            .unwrap_or("  ")
            .to_owned()
    }

    /// The offset after the comma that follows an element.
    fn comma(&self, index: usize) -> Option<usize> {
        let end = self
            .elements
            .get(index + 1)
            .map_or(self.place.end, |next| next.start);
        let mut at = self.elements[index].end;
        let bytes = self.source.text().as_bytes();
        while at < end {
            match bytes[at] {
                b',' => return Some(at + 1),
                b'#' => at = self.source.line_end(at),
                _ => at += 1,
            }
        }
        None
    }

    /// The beginning of the next line, if nothing but a comment stands between.
    fn rest_of_line(&self, at: usize) -> Option<usize> {
        let end = self.source.line_end(at);
        let rest = self.source.text()[at..end].trim();
        (end <= self.place.end && (rest.is_empty() || rest.starts_with('#'))).then_some(end)
    }

    fn remove(&self, index: usize, splices: &mut Splices) {
        let text = self.source.text();
        let element = self.elements[index].clone();
        let mut end = self.comma(index).unwrap_or(element.end);
        let start = self.source.line_start(element.start);
        let line_end = self.source.line_end(end);
        let is_alone = text[start..element.start].trim().is_empty();
        // Between an element and a comma on a later line there can be comments.
        if text[element.end..end].contains(['#', '\n']) {
            splices.remove(element);
            splices.remove(end - 1..end);
        } else if is_alone && text[end..line_end].trim().is_empty() && line_end <= self.place.end {
            splices.remove(start..line_end);
        } else {
            while text[end..].starts_with([' ', '\t']) {
                end += 1;
            }
            splices.remove(element.start..end);
        }
    }
}
