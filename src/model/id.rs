//! Ticket ids.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use smol_str::SmolStr;

/// The characters of ids that `tk` makes: lower case letters and digits that are not easily
/// mistaken for one another.
pub const ALPHABET: &str = "23456789abcdefghjkmnpqrstuvwxyz";

/// Words that are never used as ids: file stems in `.ticks/` that mean something else, and
/// words that a command line would read as something else.
pub const RESERVED_IDS: &[&str] = &[
    "config",
    "agents",
    "prompts",
    "templates",
    "all",
    "none",
    "new",
    "con",
    "nul",
    "prn",
    "aux",
];

/// A ticket's id: the stem of its file's name.
///
/// Always `[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?` without `..`, not ending in `.lock`, and not
/// a reserved word; so it is safe as a file name and as a part of a git ref.
///
/// Usual ones, up to 23 bytes, are copied without an allocation: edges are made of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketId(SmolStr);

/// Why a text is not a ticket id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not a ticket id: {reason}")]
pub struct InvalidId {
    /// The text, cut to a printable length.
    pub shown: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl TicketId {
    /// The id that `text` spells.
    ///
    /// # Errors
    /// When the text is not of the form above.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let fail = |reason| {
            let shown = super::escaped(text, 70);
            Err(InvalidId { shown, reason })
        };
        let bytes = text.as_bytes();
        let alnum = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
            return fail("it is empty");
        };
        if bytes.len() > 64 {
            return fail("it is longer than 64 characters");
        }
        if !bytes
            .iter()
            .all(|b| alnum(b) || matches!(b, b'.' | b'_' | b'-'))
        {
            return fail("only a-z, 0-9, `.`, `_` and `-` are allowed");
        }
        if !alnum(first) || !alnum(last) {
            return fail("it must begin and end with a letter or digit");
        }
        if text.contains("..") {
            return fail("it contains `..`");
        }
        if text.ends_with(".lock") {
            return fail("it ends in `.lock`, which git does not allow in a branch name");
        }
        if RESERVED_IDS.contains(&text) {
            return fail("it is a reserved word");
        }
        Ok(Self(SmolStr::new(text)))
    }

    /// The id of a text that is known to be one, since an id was written as it.
    pub(crate) fn known(text: &str) -> Self {
        Self(SmolStr::new(text))
    }

    /// The id as a text of its own.
    #[must_use]
    pub fn short(&self) -> SmolStr {
        self.0.clone()
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TicketId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

impl Borrow<str> for TicketId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for TicketId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_file_and_ref_safe() {
        for good in ["k7m", "a", "nw-5c46", "bd-a3f8.1", "a_b"] {
            assert!(TicketId::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "", "../x", "--help", "A1b", "a..b", "a.lock", "-a", "a-", "a/b", "config", "a\nb", "ä",
        ] {
            assert!(TicketId::parse(bad).is_err(), "{bad}");
        }
        assert!(TicketId::parse(&"a".repeat(64)).is_ok());
        assert!(TicketId::parse(&"a".repeat(65)).is_err());
    }
}
