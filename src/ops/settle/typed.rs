//! What a person has typed into a file since git left it.

use std::collections::HashSet;

use super::case::Case;
use crate::merge::{Hunk, Merged, hunks, is_marker};

/// What somebody has typed into a file that git had left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// It is as git, or the driver, or this command has left it.
    Nothing,
    /// All of it is settled.
    Whole,
    /// Some of the differences are settled; the others are as they were marked.
    Partly,
    /// There are marks still, and lines that no side has.
    Amid,
}

pub(super) fn typed(case: &Case) -> Typed {
    if case.is_by_git {
        return Typed::Nothing;
    }
    let (Ok(Some(text)), Some(_), Ok(sides)) = (&case.there, &case.unmerged, &case.sides) else {
        return Typed::Nothing;
    };
    let found = typed_into(text, sides, case.merged.as_ref());
    let Some((sides, merged)) = &case.plain else {
        return found;
    };
    // It may be from before a ticket that it names got another id.
    match typed_into(text, sides, merged.as_ref()) {
        Typed::Nothing => Typed::Nothing,
        Typed::Partly if found == Typed::Amid => Typed::Partly,
        _ => found,
    }
}

/// Whether the text is what git left, whatever names the marks have.
pub(super) fn is_left(text: &str, left: &[u8]) -> bool {
    fn bare(text: &str) -> impl Iterator<Item = &str> {
        let bare = |line| if is_marker(line) { &line[..7] } else { line };
        text.lines().map(bare)
    }
    std::str::from_utf8(left).is_ok_and(|left| bare(left).eq(bare(text)))
}

/// Whether the text is that of the side, however its lines end.
pub(super) fn is_side(text: &str, side: &str) -> bool {
    fn bare(text: &str) -> impl Iterator<Item = &str> {
        text.split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line))
    }
    bare(text).eq(bare(side))
}

/// Whether it has no more lines like the marks of a merge than the sides themselves.
fn all_marks_are_text(text: &str, sides: &[Option<String>; 3]) -> bool {
    // The middle alone may be a line of anybody's text.
    let is_mark = |line: &&str| is_marker(line) && !line.starts_with('=');
    let times = |text: &str, mark: &str| text.lines().filter(|line| *line == mark).count();
    text.lines().filter(is_mark).all(|mark| {
        let [base, ours, theirs] = sides.each_ref().map(|side| {
            let side = side.as_deref();
            side.map(|side| times(side, mark))
        });
        let (ours, theirs) = (ours.unwrap_or(0), theirs.unwrap_or(0));
        let both = base.unwrap_or(ours.min(theirs));
        times(text, mark) <= (ours + theirs).saturating_sub(both)
    })
}

fn typed_into(text: &str, all: &[Option<String>; 3], merged: Option<&Merged>) -> Typed {
    // Where one side has it alone, or they are of two tickets, a side's text chooses nothing.
    let is_choice = matches!(merged, Some(Merged::Clean(_) | Merged::Conflict { .. }));
    let sides = || all.iter().flatten().map(String::as_str);
    let whole = match merged {
        Some(Merged::Clean(text) | Merged::Conflict { text, .. } | Merged::TwoTickets { text }) => {
            text.as_str()
        }
        None => "",
    };
    if text == whole {
        return Typed::Nothing;
    }
    if sides().any(|side| is_side(text, side)) {
        return match is_choice {
            true => Typed::Whole,
            false => Typed::Nothing,
        };
    }
    if all_marks_are_text(text, all) {
        return Typed::Whole;
    }
    let known: HashSet<&str> = sides().chain([whole]).flat_map(str::lines).collect();
    let is_known = |line: &str| is_marker(line) || known.contains(line);
    let all_known = text.lines().all(is_known);
    let lines = |hunk: Hunk<'_>| [hunk.ours.to_owned(), hunk.theirs.to_owned()];
    let marked_in = |text: &str| hunks(text).map(lines).collect::<Vec<_>>();
    let (left, marked) = (marked_in(text), marked_in(whole));
    let is_rest = !left.is_empty() && left.iter().all(|hunk| marked.contains(hunk));
    match is_rest && (left.len() < marked.len() || !all_known) {
        true => Typed::Partly,
        false if all_known => Typed::Nothing,
        false => Typed::Amid,
    }
}
