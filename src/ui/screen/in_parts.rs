//! The list of a document, made while the document is written.

use std::io;

/// Some items of a list, as JSON with commas between them: lists are made in such parts one after
/// the other, so that they need not all be there at once.
#[derive(Debug, Default)]
pub struct Part(Vec<u8>);

impl Part {
    /// Adds the item that `write` writes.
    ///
    /// # Errors
    /// As `write`.
    pub fn add<E: Into<io::Error>>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> io::Result<()> {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        write(&mut self.0).map_err(E::into)
    }

    /// Its text.
    pub(super) fn json(&self) -> io::Result<&str> {
        str::from_utf8(&self.0).map_err(io::Error::other)
    }
}

/// A document as JSON, whose last key has its list, before the list's first item and behind its last.
///
/// # Errors
/// When it ends in no empty list.
pub(super) fn around_list(document: &str) -> io::Result<(&str, &'static str)> {
    const END: &str = "]}";
    let head = document.strip_suffix(END).filter(|it| it.ends_with('['));
    let no_list = || io::Error::other("the document does not end in an empty list");
    Ok((head.ok_or_else(no_list)?, END))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_have_commas_between_them() {
        let mut part = Part::default();
        assert_eq!(part.json().unwrap(), "");
        for item in ["1", "[2]"] {
            let add = |json: &mut Vec<u8>| -> io::Result<()> {
                json.extend_from_slice(item.as_bytes());
                Ok(())
            };
            part.add(add).unwrap();
        }
        assert_eq!(part.json().unwrap(), "1,[2]");
    }

    #[test]
    fn a_document_is_parted_at_its_list() {
        let parted = around_list(r#"{"total":2,"tickets":[]}"#).unwrap();
        assert_eq!(parted, (r#"{"total":2,"tickets":["#, "]}"));
        for other in [r#"{"tickets":[1]}"#, r#"{"tickets":[],"total":2}"#, "{}"] {
            assert!(around_list(other).is_err(), "{other}");
        }
    }
}
