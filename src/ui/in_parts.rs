//! A list of a document that is made while the document is written.

use std::cell::RefCell;
use std::fmt::Display;

use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};

/// A list whose parts are made one after the other, so that they need not all be there at once.
/// To be written once.
pub struct InParts<I, T> {
    first: Vec<T>,
    rest: RefCell<I>,
}

impl<I, T, E> InParts<I, T>
where
    I: Iterator<Item = Result<Vec<T>, E>>,
{
    /// The list of these parts. The first is made at once: what goes wrong with it is told before
    /// anything is written.
    ///
    /// # Errors
    /// As the first part.
    pub fn new(mut parts: I) -> Result<Self, E> {
        Ok(Self {
            first: parts.next().transpose()?.unwrap_or_default(),
            rest: RefCell::new(parts),
        })
    }
}

impl<I, T, E> Serialize for InParts<I, T>
where
    I: Iterator<Item = Result<Vec<T>, E>>,
    T: Serialize,
    E: Display,
{
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(None)?;
        for item in &self.first {
            list.serialize_element(item)?;
        }
        for part in &mut *self.rest.borrow_mut() {
            for item in part.map_err(S::Error::custom)? {
                list.serialize_element(&item)?;
            }
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_list() {
        for parts in [vec![], vec![vec![1]], vec![vec![1, 2], vec![], vec![3]]] {
            let whole = serde_json::to_string(&parts.concat()).unwrap();
            let list = InParts::new(parts.into_iter().map(Ok::<_, String>)).unwrap();
            assert_eq!(serde_json::to_string(&list).unwrap(), whole);
        }
    }

    #[test]
    fn what_is_wrong_with_a_part_is_told() {
        let bad = || Err::<Vec<u8>, _>("no such file");
        assert_eq!(
            InParts::new([bad()].into_iter()).err(),
            Some("no such file")
        );
        let list = InParts::new([Ok(vec![1]), bad()].into_iter()).unwrap();
        let error = serde_json::to_string(&list).unwrap_err();
        assert_eq!(error.to_string(), "no such file");
    }
}
