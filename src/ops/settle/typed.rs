//! What a person has typed into a file since git left it.

use std::collections::BTreeSet;

use super::case::Case;
use crate::merge::{Hunk, Merged, hunks, is_marker};

/// What somebody has typed into a file that git had left.
pub(super) enum Typed<'t> {
    /// It is as git, or the driver, or this command has left it.
    Nothing,
    /// All of it is settled.
    Whole(&'t str),
    /// Some of the differences are settled; the others are as they were marked.
    Partly(&'t str),
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
    // The middle alone may be a line of somebody's text.
    let is_mark = |line: &str| is_marker(line) && !line.starts_with('=');
    if !text.lines().any(is_mark) {
        return Typed::Whole(text);
    }
    let known: BTreeSet<&str> = sides().chain([whole]).flat_map(str::lines).collect();
    let is_known = |line: &str| is_marker(line) || known.contains(line);
    let all_known = text.lines().all(is_known);
    let (left, marked): (Vec<Hunk<'_>>, Vec<_>) = (hunks(text).collect(), hunks(whole).collect());
    let is_rest = !left.is_empty() && left.iter().all(|hunk| marked.contains(hunk));
    match is_rest && (left.len() < marked.len() || !all_known) {
        true => Typed::Partly(text),
        false if all_known => Typed::Nothing,
        false => Typed::Amid,
    }
}
