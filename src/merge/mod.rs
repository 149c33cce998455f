//! Three-way merge of ticket files, key by key.
//!
//! Texts in, a text out; no disk, no git. The sides are read as tickets and merged by the
//! rules of each key, always against the base. Then the merged values are written into all
//! three texts, after which these differ only in what is no part of a ticket: comments,
//! unknown keys, layout. What is left is a line-based merge, or where that fails one entry by
//! entry, whose result counts only if it reads as the merged ticket and has every comment and
//! unknown key that a side added.

mod added;
mod belonging;
mod choice;
mod days;
mod fields;
mod graft;
mod life;
mod list;
mod marked;
mod mixed;
mod order;
mod text;
mod three_way;
mod ticket;

pub use choice::{Choice, Hunk, choose, difference, hunks, is_marker, is_told};
pub use marked::{Sides, differences, first_mark, sides};
pub use mixed::{entangled, is_of_both};
pub use ticket::{
    Merged, differently_made, is_another, is_another_ticket, is_of_another_time, merge_renamed,
    merge_ticket,
};

#[cfg(test)]
mod tests;
