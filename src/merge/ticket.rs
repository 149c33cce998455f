//! The merge of two ticket files against their base.

use std::cell::OnceCell;
use std::cmp::Reverse;

use crate::format::{origins, parse_any};
use crate::model::{Config, Defer, Ticket, TicketId};

use super::choice::choices;
use super::marked::sides;
use super::text::{mark_differences, merge_lines};
use super::three_way::{Base, Sides};

/// What came of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// The merged file.
    Clean(String),
    /// Both sides changed the same thing differently.
    Conflict {
        /// The merged file, with both versions of what conflicts between marker lines, and
        /// nothing else between them.
        text: String,
        /// The keys that conflict. Unknown keys come with their path, comments as
        /// `comments`; empty where a side is no ticket and the texts were merged by lines.
        keys: Vec<String>,
        /// The file if ours is chosen in all of them, and if theirs is.
        choices: [String; 2],
    },
    /// The sides are different tickets: two branches gave the same id, or git took a new ticket
    /// for an old one under another name. Nothing was merged.
    TwoTickets {
        /// Both, with what differs between marker lines.
        text: String,
    },
}

/// Merges what two branches made of a ticket's file; `base` is `None` where both added it.
///
/// A side that is no ticket is merged by lines, as git would. Types and statuses that the
/// configuration does not know are taken as they are.
#[must_use]
pub fn merge_ticket(
    id: &TicketId,
    base: Option<&str>,
    ours: &str,
    theirs: &str,
    config: &Config,
) -> Merged {
    if ours == theirs || base == Some(theirs) {
        return Merged::Clean(ours.to_owned());
    }
    if base == Some(ours) {
        return Merged::Clean(theirs.to_owned());
    }
    in_lines(base, ours, theirs, |base, ours, theirs| {
        merge_uniform(id, base, ours, theirs, config)
    })
}

/// As [`merge_ticket`], of a file that git takes for the base's under another name on the sides
/// that `renamed` tells, ours before theirs: to git, which knows files by what is in them, a ticket
/// that was deleted and one that was made are one that was renamed.
#[must_use]
pub fn merge_renamed(
    id: &TicketId,
    [base, ours, theirs]: [&str; 3],
    renamed: [bool; 2],
    config: &Config,
) -> Merged {
    let [mine, other] = renamed;
    let is_another =
        |side, renamed: bool| renamed && is_another_ticket(id, base, side, true, config);
    if ours != theirs && (is_another(ours, mine) || is_another(theirs, other)) {
        return in_lines(None, ours, theirs, |_, ours, theirs| Merged::TwoTickets {
            text: mark_differences(ours, theirs),
        });
    }
    merge_ticket(id, Some(base), ours, theirs, config)
}

/// Merges the texts with lines that all end in LF: where the sides end theirs differently, that is
/// no difference of the tickets. Where both end them in CR LF, the result does.
fn in_lines(
    base: Option<&str>,
    ours: &str,
    theirs: &str,
    merge: impl Fn(Option<&str>, &str, &str) -> Merged,
) -> Merged {
    let is_crlf = ours.contains("\r\n") && theirs.contains("\r\n");
    let uniform = |text: &str| text.replace("\r\n", "\n");
    let base = base.map(uniform);
    let merged = merge(base.as_deref(), &uniform(ours), &uniform(theirs));
    let restored = |text: String| {
        if is_crlf {
            text.replace('\n', "\r\n")
        } else {
            text
        }
    };
    match merged {
        Merged::Clean(text) => Merged::Clean(restored(text)),
        Merged::Conflict {
            text,
            keys,
            choices,
        } => Merged::Conflict {
            text: restored(text),
            keys,
            choices: choices.map(restored),
        },
        Merged::TwoTickets { text } => Merged::TwoTickets {
            text: restored(text),
        },
    }
}

fn merge_uniform(
    id: &TicketId,
    base: Option<&str>,
    ours: &str,
    theirs: &str,
    config: &Config,
) -> Merged {
    let by_lines = || as_text(base.unwrap_or_default(), ours, theirs);
    let two = || Merged::TwoTickets {
        text: mark_differences(ours, theirs),
    };
    let read = |text: &str| parse_any(id, text, config).ok();
    let (Some(mine), Some(other)) = (read(ours), read(theirs)) else {
        return by_lines();
    };
    let by = |base: Base<'_>| {
        let sides = Sides {
            id,
            config,
            base,
            ours: (ours, &mine),
            theirs: (theirs, &other),
            is_turned: false,
            orders: OnceCell::new(),
        };
        sides.merge()
    };
    let Some(text) = base else {
        let mut was = beginning(id, &mine, config);
        if is_next(&mine, &other) {
            between(&mut was, &mine, &other);
            return by(Base {
                is_known: true,
                ..Base::unknown(&was)
            });
        }
        return match is_same(&mine, &other) || is_from_one_place(ours, theirs) {
            true => by(Base::unknown(&was)),
            false => two(),
        };
    };
    if let Some(was) = read(text) {
        return match is_another(&was, &mine) || is_another(&was, &other) {
            true => two(),
            false => by(Base::known(text, &was)),
        };
    }
    if differently_made(&mine, &other) {
        return by_lines();
    }
    // Where git had to merge what both sides come from, and that was a conflict, its marks are in
    // it: it is one of two texts.
    if let Some(told) = sides(text)
        && let (Some(one), Some(two)) = (read(&told.ours), read(&told.theirs))
    {
        let merged = by(Base::known(&told.ours, &one));
        if merged == by(Base::known(&told.theirs, &two)) {
            return merged;
        }
        return by(Base {
            is_known: false,
            ..Base::known(&told.ours, &one)
        });
    }
    match by_lines() {
        Merged::Clean(text) if read(&text).is_some() => Merged::Clean(text),
        _ => by(Base::unknown(&beginning(id, &mine, config))),
    }
}

/// What the ticket may have been when it was made.
fn beginning(id: &TicketId, made: &Ticket, config: &Config) -> Ticket {
    let kind = config.default_type.clone();
    let status = config.statuses.initial().clone();
    Ticket::new(id.clone(), made.title.clone(), kind, status)
}

/// Whether two files that were added on two branches are one ticket: made at one time by one, as
/// after a squash; where nobody knows when, of one title.
fn is_same(ours: &Ticket, theirs: &Ticket) -> bool {
    ours.created_at == theirs.created_at
        && ours.created_by == theirs.created_by
        && (ours.created_at.is_some() || ours.title == theirs.title)
}

/// Whether two files that were added on two branches were imported from one ticket elsewhere,
/// whatever was said of it since.
fn is_from_one_place(ours: &str, theirs: &str) -> bool {
    let (ours, theirs) = (origins(ours), origins(theirs));
    ours.iter().any(|origin| theirs.contains(origin))
}

/// Whether two files that were added on two branches are what came after one ticket, which was
/// closed on both.
fn is_next(ours: &Ticket, theirs: &Ticket) -> bool {
    ours.recurs_from.is_some() && ours.recurs_from == theirs.recurs_from
}

/// Gives the base of two such files what leaves standing the time when the former was closed
/// first, and the days that came of that: a closing that comes late puts nothing off that was due by
/// then. Nothing in it is of one side because that merges: which of two titles is the new one nobody
/// can say.
fn between(was: &mut Ticket, ours: &Ticket, theirs: &Ticket) {
    // Of one moment the days that are furthest on stand, and of those what says the day.
    let place = |defer: Defer| (defer.begins(), matches!(defer, Defer::Day(_)));
    let stands = |side: &Ticket| {
        let days = (side.due, side.defer_until.map(place));
        (Reverse(side.created_at), days)
    };
    let other = match stands(ours) < stands(theirs) {
        true => ours,
        false => theirs,
    };
    was.title.clear();
    was.created_at = other.created_at;
    was.due = other.due;
    was.defer_until = other.defer_until;
}

/// Whether a side cannot be what became of the base, as far as the two tell.
#[must_use]
pub fn is_another(base: &Ticket, side: &Ticket) -> bool {
    differently_made(base, side) && base.title != side.title
}

/// Whether it is not, under another name: where nobody knows when they were made, not with
/// another title.
fn is_another_file(base: &Ticket, side: &Ticket) -> bool {
    match base.created_at.zip(side.created_at) {
        Some((base, side)) => base != side,
        None => base.title != side.title,
    }
}

/// Whether they were made at two times, as far as both tell.
#[must_use]
pub fn differently_made(one: &Ticket, other: &Ticket) -> bool {
    let made = one.created_at.zip(other.created_at);
    made.is_some_and(|(one, other)| one != other)
}

/// Whether both texts tell when their ticket was made, and not the same.
#[must_use]
pub fn is_of_another_time(id: &TicketId, one: &str, other: &str, config: &Config) -> bool {
    let read = |text: &str| parse_any(id, text, config).ok();
    let both = read(one).zip(read(other));
    both.is_some_and(|(one, other)| differently_made(&one, &other))
}

/// Whether two texts are of two tickets, the one of which cannot have become the other; not, where
/// one of them is no ticket. `is_renamed` is whether the side's file has another name than the
/// base's had.
#[must_use]
pub fn is_another_ticket(
    id: &TicketId,
    base: &str,
    side: &str,
    is_renamed: bool,
    config: &Config,
) -> bool {
    let read = |text: &str| parse_any(id, text, config).ok();
    let is_another = if is_renamed {
        is_another_file
    } else {
        is_another
    };
    let both = read(base).zip(read(side));
    both.is_some_and(|(base, side)| is_another(&base, &side))
}

fn as_text(base: &str, ours: &str, theirs: &str) -> Merged {
    match merge_lines(base, ours, theirs) {
        Ok(text) => Merged::Clean(text),
        Err(text) => Merged::Conflict {
            choices: choices(&text, [ours, theirs]),
            text,
            keys: Vec::new(),
        },
    }
}
