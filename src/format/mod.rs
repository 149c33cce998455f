//! The text of a ticket file.
