//! What a person has typed into a file since git left it.

use std::collections::BTreeSet;

use crate::merge::{Merged, is_marker};

/// What somebody has typed into a file that git had left.
pub(super) enum Typed<'t> {
    /// It is as git, or the driver, or this command has left it.
    Nothing,
    /// All of it is settled.
    Whole(&'t str),
    /// There are marks still, and lines that no side has.
    Amid,
}

pub(super) fn typed<'t>(
    there: Option<&'t str>,
    sides: &[&str],
    merged: Option<&Merged>,
) -> Typed<'t> {
    let Some(text) = there else {
        return Typed::Nothing;
    };
    let whole = match merged {
        Some(Merged::Clean(text) | Merged::Conflict { text, .. } | Merged::TwoTickets { text }) => {
            text.as_str()
        }
        None => "",
    };
    if text == whole || sides.contains(&text) {
        return Typed::Nothing;
    }
    if !text.lines().any(is_marker) {
        return Typed::Whole(text);
    }
    let known: BTreeSet<&str> = sides
        .iter()
        .chain([&whole])
        .flat_map(|side| side.lines())
        .collect();
    let is_known = |line: &str| is_marker(line) || known.contains(line);
    match text.lines().all(is_known) {
        true => Typed::Nothing,
        false => Typed::Amid,
    }
}
