//! What is kept of a ticket's texts, so that all tickets can be looked through in a moment.
//!
//! ```text
//! number of words 4, little-endian
//! per field: its words, a space before each; the end of a line
//! ```

use crate::model::Ticket;

use super::words::each_word;

/// The way texts are packed and words are compared; another number for every other way.
pub const PACKING: u32 = 1;

/// The bytes of the number of words.
pub(super) const HEAD: usize = 4;

/// Before each word.
pub(super) const BEFORE: u8 = b' ';
/// Behind each field.
pub(super) const END: u8 = b'\n';

/// A part of a ticket that words are looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Its title.
    Title,
    /// Its id.
    Id,
    /// Its labels.
    Labels,
    /// What must be true of the result.
    Acceptance,
    /// Its description.
    Description,
    /// What was said about it.
    Notes,
}

impl Field {
    /// Every one, in the order in which they are packed.
    pub const ALL: [Self; 6] = [
        Self::Title,
        Self::Id,
        Self::Labels,
        Self::Acceptance,
        Self::Description,
        Self::Notes,
    ];

    /// Its key in a ticket's file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Id => "id",
            Self::Labels => "labels",
            Self::Acceptance => "acceptance",
            Self::Description => "description",
            Self::Notes => "notes",
        }
    }

    /// As how many times a word of it counts.
    pub(super) const fn weight(self) -> f64 {
        match self {
            Self::Title | Self::Id => 8.0,
            Self::Labels => 4.0,
            Self::Acceptance => 2.0,
            Self::Description => 1.5,
            Self::Notes => 1.0,
        }
    }

    /// Its texts in that ticket.
    pub(super) fn texts(self, ticket: &Ticket) -> Vec<&str> {
        match self {
            Self::Title => vec![&ticket.title],
            Self::Id => vec![ticket.id.as_str()],
            Self::Labels => ticket.labels.iter().map(String::as_str).collect(),
            Self::Acceptance => ticket.acceptance.iter().map(|item| &*item.text).collect(),
            Self::Description => vec![&ticket.description],
            Self::Notes => ticket.notes.iter().map(|note| &*note.text).collect(),
        }
    }
}

/// The words of the ticket's texts.
#[must_use]
pub fn pack(ticket: &Ticket) -> Vec<u8> {
    let mut bytes = vec![0; HEAD];
    let mut count: u32 = 0;
    for field in Field::ALL {
        for text in field.texts(ticket) {
            each_word(text, |_, word| {
                bytes.push(BEFORE);
                bytes.extend(word.as_bytes());
                count = count.saturating_add(1);
            });
        }
        bytes.push(END);
    }
    bytes[..HEAD].copy_from_slice(&count.to_le_bytes());
    bytes
}
