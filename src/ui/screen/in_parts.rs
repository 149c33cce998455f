//! The list of a document, made while the document is written.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::ui::terminal::safe_json;

/// How a document as JSON ends whose last key has its list.
const END: &str = "]}";

/// Some items of a list as JSON, with a comma before each: lists are made in such parts one after
/// the other, so that they need not all be there at once.
#[derive(Debug, Default)]
pub struct Part(Vec<u8>);

impl Part {
    /// Adds the item that `write` writes behind what is there. It is made safe for terminals here,
    /// where it is made, for the most part in a thread of its own.
    ///
    /// # Errors
    /// As `write`; or when it is not UTF-8.
    pub fn add<E: Into<io::Error>>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> io::Result<()> {
        self.0.push(b',');
        let start = self.0.len();
        write(&mut self.0).map_err(E::into)?;
        let json = str::from_utf8(&self.0[start..]).map_err(io::Error::other)?;
        if let Cow::Owned(safe) = safe_json(json) {
            self.0.truncate(start);
            self.0.extend_from_slice(safe.as_bytes());
        }
        Ok(())
    }
}

/// Writes the document, whose last key has an empty list, with the items of the parts in it. The
/// first part is there before anything is written; where a later one is an error, the document
/// stays cut after the part before.
///
/// # Errors
/// As a part; or when it cannot be written, or the document ends in no empty list.
pub(super) fn write<E: From<io::Error>>(
    out: &mut impl Write,
    document: &str,
    mut parts: impl Iterator<Item = Result<Part, E>>,
) -> Result<(), E> {
    let first = parts.next().transpose()?;
    let head = document.strip_suffix(END).filter(|it| it.ends_with('['));
    let no_list = || io::Error::other("the document does not end in an empty list");
    out.write_all(safe_json(head.ok_or_else(no_list)?).as_bytes())?;
    let mut is_empty = true;
    for part in first.map(Ok).into_iter().chain(parts) {
        let Part(items) = part?;
        let comma = usize::from(is_empty && !items.is_empty());
        out.write_all(&items[comma..])?;
        is_empty &= items.is_empty();
    }
    Ok(out.write_all(END.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(items: &[&str]) -> Part {
        let mut part = Part::default();
        for item in items {
            part.add(|json| serde_json::to_writer(json, item)).unwrap();
        }
        part
    }

    #[test]
    fn the_items_of_all_parts_are_one_list() {
        let unsafe_text = "a\u{1b}\u{202e}é";
        for parts in [
            vec![],
            vec![vec![]],
            vec![vec!["1"]],
            vec![vec![], vec!["1", "2"], vec![], vec!["3"]],
            vec![vec!["1", unsafe_text], vec![unsafe_text, "2"]],
        ] {
            let mut out = Vec::new();
            let made = parts.iter().map(|items| io::Result::Ok(part(items)));
            write(&mut out, r#"{"total":2,"tickets":[]}"#, made).unwrap();
            let text = String::from_utf8(out).unwrap();
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            let all = serde_json::json!({"total": 2, "tickets": parts.concat()});
            assert_eq!(read, all);
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        }
    }

    #[test]
    fn nothing_is_written_where_the_first_part_is_wrong() {
        let wrong = || Err(io::Error::other("no such file"));
        let document = r#"{"tickets":[]}"#;
        let mut out = Vec::new();
        let error = write(&mut out, document, [wrong()].into_iter()).unwrap_err();
        assert_eq!(error.to_string(), "no such file");
        assert!(out.is_empty());
        let parts = [Ok(part(&["1"])), wrong(), Ok(part(&["2"]))];
        let error = write(&mut out, document, parts.into_iter()).unwrap_err();
        assert_eq!(error.to_string(), "no such file");
        assert_eq!(out, br#"{"tickets":["1""#);
    }

    #[test]
    fn the_list_is_the_last_of_its_document() {
        for other in [r#"{"tickets":[1]}"#, r#"{"tickets":[],"total":2}"#, "{}"] {
            let parts = [io::Result::Ok(part(&["1"]))].into_iter();
            let mut out = Vec::new();
            assert!(write(&mut out, other, parts).is_err(), "{other}");
            assert!(out.is_empty(), "{other}");
        }
    }
}
