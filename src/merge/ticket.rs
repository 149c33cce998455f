//! The merge of two ticket files against their base.

use crate::format::{edit, extras, parse_any, print};
use crate::model::{Config, Ticket, TicketId};

use super::fields::{Side, merge_fields};
use super::text::{common_lines, mark_differences, merge_lines};

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
    // Where the sides end their lines differently, that is no difference of the tickets.
    let is_crlf = ours.contains("\r\n") && theirs.contains("\r\n");
    let uniform = |text: &str| text.replace("\r\n", "\n");
    let base = base.map(uniform);
    let (ours, theirs) = (uniform(ours), uniform(theirs));
    let merged = merge_uniform(id, base.as_deref(), &ours, &theirs, config);
    let restored = |text: String| {
        if is_crlf {
            text.replace('\n', "\r\n")
        } else {
            text
        }
    };
    match merged {
        Merged::Clean(text) => Merged::Clean(restored(text)),
        Merged::Conflict { text, keys } => Merged::Conflict {
            text: restored(text),
            keys,
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
    let read = |text: &str| parse_any(id, text, config).ok();
    let (Some(mine), Some(other)) = (read(ours), read(theirs)) else {
        return by_lines();
    };
    let was = match base {
        Some(text) => read(text),
        None if is_same(&mine, &other) || is_next(&mine, &other) => {
            let kind = config.default_type.clone();
            let status = config.statuses.initial().clone();
            let mut was = Ticket::new(id.clone(), mine.title.clone(), kind, status);
            if is_next(&mine, &other) {
                between(&mut was, &mine, &other);
            }
            Some(was)
        }
        None => {
            let text = mark_differences(ours, theirs);
            return Merged::TwoTickets { text };
        }
    };
    let Some(was) = was else {
        return by_lines();
    };
    if is_another(&was, &mine) || is_another(&was, &other) {
        let text = mark_differences(ours, theirs);
        return Merged::TwoTickets { text };
    }
    let sides = Sides {
        id,
        config,
        base: base.map(|text| (text, &was)),
        ours: (ours, &mine),
        theirs: (theirs, &other),
    };
    sides.merge(&was).unwrap_or_else(by_lines)
}

/// Whether two files that were added on two branches are one ticket.
fn is_same(ours: &Ticket, theirs: &Ticket) -> bool {
    ours.title == theirs.title
        && ours.created_at == theirs.created_at
        && ours.created_by == theirs.created_by
}

/// Whether two files that were added on two branches are what came after one ticket, which was
/// closed on both.
fn is_next(ours: &Ticket, theirs: &Ticket) -> bool {
    ours.recurs_from.is_some() && ours.recurs_from == theirs.recurs_from
}

/// Gives the base of two such files what leaves standing the time when the former was closed
/// first, and the days that are furthest on.
fn between(was: &mut Ticket, ours: &Ticket, theirs: &Ticket) {
    was.created_at = ours.created_at.max(theirs.created_at);
    was.due = ours.due.min(theirs.due);
    let is_before = match (ours.defer_until, theirs.defer_until) {
        (Some(ours), Some(theirs)) => ours.begins() <= theirs.begins(),
        (ours, _) => ours.is_none(),
    };
    let first = if is_before { ours } else { theirs };
    was.defer_until = first.defer_until;
}

/// Whether a side cannot be what became of the base. To git, which knows files by what is in
/// them, a ticket that was deleted and one that was made may be one that was renamed.
fn is_another(base: &Ticket, side: &Ticket) -> bool {
    let made = base.created_at.zip(side.created_at);
    made.is_some_and(|(base, side)| base != side) && base.title != side.title
}

fn as_text(base: &str, ours: &str, theirs: &str) -> Merged {
    match merge_lines(base, ours, theirs) {
        Ok(text) => Merged::Clean(text),
        Err(text) => Merged::Conflict {
            text,
            keys: Vec::new(),
        },
    }
}

/// The three files, each with the ticket it spells.
struct Sides<'a> {
    id: &'a TicketId,
    config: &'a Config,
    base: Option<(&'a str, &'a Ticket)>,
    ours: (&'a str, &'a Ticket),
    theirs: (&'a str, &'a Ticket),
}

impl Sides<'_> {
    /// The merge; `None` where the merged values cannot be written into a side's text.
    ///
    /// Which side is ours says only who merges. Where that could matter, in the order of lists
    /// and the places of comments, the sides are taken by their texts: so whoever merges gets
    /// the same, or is asked.
    fn merge(&self, was: &Ticket) -> Option<Merged> {
        if self.ours.0 <= self.theirs.0 {
            return self.merge_into(was, conflict);
        }
        let turned = Sides {
            ours: self.theirs,
            theirs: self.ours,
            ..*self
        };
        turned.merge_into(was, |base, ours, theirs| conflict(base, theirs, ours))
    }

    /// Merges theirs into ours; `conflict` marks what is left of base, ours and theirs.
    fn merge_into(
        &self,
        was: &Ticket,
        conflict: impl FnOnce(&str, &str, &str) -> String,
    ) -> Option<Merged> {
        let merge = |side| merge_fields(was, self.ours.1, self.theirs.1, side);
        let (mine, keys) = merge(Side::Ours);
        if keys.is_empty() && self.are_printed() {
            let text = print(&mine);
            if self.is(&text, &mine) {
                return Some(Merged::Clean(text));
            }
        }
        let other = merge(Side::Theirs).0;
        let ours = edit(self.ours.0, self.ours.1, &mine).ok()?;
        let theirs = edit(self.theirs.0, self.theirs.1, &other).ok()?;
        let base = match self.base {
            Some((text, ticket)) => edit(text, ticket, &merge(Side::Base).0).ok()?,
            None => common_lines(&ours, &theirs),
        };
        let added = Added::of(self);
        if keys.is_empty() {
            // All three say the same now, and differ in comments, unknown keys and layout.
            let lines = merge_lines(&base, &ours, &theirs);
            let candidates = [lines.as_deref().unwrap_or(&ours), &ours, &theirs];
            let is_whole = |text: &&&str| {
                self.is(text, &mine) && without(added.all(), &extras_of((text, &mine))).is_empty()
            };
            if let Some(text) = candidates.iter().find(is_whole) {
                return Some(Merged::Clean((*text).to_owned()));
            }
        }
        let mut keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        keys.extend(added.contested());
        // What hangs on an element that the merge removes is in neither text any more.
        let there = [extras_of((&ours, &mine)), extras_of((&theirs, &other))].concat();
        let lost = without(added.all(), &there);
        let text = if lost.is_empty() {
            conflict(&base, &ours, &theirs)
        } else {
            let base = self.base.map_or("", |(text, _)| text);
            conflict(base, self.ours.0, self.theirs.0)
        };
        keys.extend(lost.iter().map(|extra| name(extra).to_owned()));
        if keys.is_empty() {
            keys.push(COMMENTS.to_owned());
        }
        keys.dedup();
        Some(Merged::Conflict { text, keys })
    }
}

impl Sides<'_> {
    /// Whether all are as `tk` writes new files, as most are: without a comment or key of
    /// anybody's own, so that there is nothing to be kept but what the ticket says.
    fn are_printed(&self) -> bool {
        let mut sides = [self.ours, self.theirs].into_iter().chain(self.base);
        sides.all(|(text, ticket)| text == print(ticket))
    }

    /// Whether the text spells that ticket.
    fn is(&self, text: &str, ticket: &Ticket) -> bool {
        parse_any(self.id, text, self.config).is_ok_and(|read| read == *ticket)
    }
}

/// The comments and unknown keys that each side added or changed.
struct Added {
    ours: Vec<String>,
    theirs: Vec<String>,
}

impl Added {
    fn of(sides: &Sides<'_>) -> Self {
        let was = sides.base.map(extras_of).unwrap_or_default();
        Self {
            ours: without(extras_of(sides.ours), &was),
            theirs: without(extras_of(sides.theirs), &was),
        }
    }

    /// Those of both sides, equal ones once.
    fn all(&self) -> Vec<String> {
        let only_theirs = without(self.theirs.clone(), &self.ours);
        [self.ours.clone(), only_theirs].concat()
    }

    /// The unknown keys to which the sides gave different values.
    fn contested(&self) -> Vec<String> {
        let differs = |mine: &&String| {
            let mut others = self.theirs.iter().filter(|other| name(other) == name(mine));
            name(mine) != COMMENTS && others.any(|other| other != *mine)
        };
        let names = self.ours.iter().filter(differs).map(|extra| name(extra));
        names.map(str::to_owned).collect()
    }
}

/// What comments are called among the keys that conflict.
const COMMENTS: &str = "comments";

/// A file's comments and unknown keys.
fn extras_of((text, ticket): (&str, &Ticket)) -> Vec<String> {
    // Only texts that were read as tickets come here, so there is no error to be told.
    extras(text, ticket).unwrap_or_default()
}

/// The items less those of the other list, each as often as it stands there.
fn without(mut items: Vec<String>, others: &[String]) -> Vec<String> {
    for other in others {
        if let Some(index) = items.iter().position(|item| item == other) {
            items.remove(index);
        }
    }
    items
}

/// What a comment or unknown key is called in a conflict.
fn name(extra: &str) -> &str {
    if extra.starts_with('#') {
        COMMENTS
    } else {
        extra.split_once(" = ").map_or(extra, |(path, _)| path)
    }
}

/// The texts in one, with both versions of what conflicts.
fn conflict(base: &str, ours: &str, theirs: &str) -> String {
    match merge_lines(base, ours, theirs) {
        Err(text) => text,
        // By lines there is none: both sides stand where they differ.
        Ok(_) => mark_differences(ours, theirs),
    }
}
