//! What a person has typed into a file since git left it.

use std::collections::BTreeSet;

use super::case::Case;
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

pub(super) fn typed<'t>(there: Option<&'t str>, case: &Case) -> Typed<'t> {
    let (Some(text), Some(_), Ok(sides)) = (there, &case.unmerged, &case.sides) else {
        return Typed::Nothing;
    };
    let sides = || sides.iter().flatten().map(String::as_str);
    let whole = match &case.merged {
        Some(Merged::Clean(text) | Merged::Conflict { text, .. } | Merged::TwoTickets { text }) => {
            text.as_str()
        }
        None => "",
    };
    if text == whole || sides().any(|side| side == text) {
        return Typed::Nothing;
    }
    if !text.lines().any(is_marker) {
        return Typed::Whole(text);
    }
    let known: BTreeSet<&str> = sides().chain([whole]).flat_map(str::lines).collect();
    let is_known = |line: &str| is_marker(line) || known.contains(line);
    match text.lines().all(is_known) {
        true => Typed::Nothing,
        false => Typed::Amid,
    }
}
