//! The merge of two ticket files against their base.

use crate::format::{edit, extras, parse_any, print};
use crate::model::{Config, Ticket, TicketId};

use super::choice::join;
use super::fields::{LISTS, Side, merge_fields};
use super::marked::sides;
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

/// As [`merge_ticket`] of what has been added on both sides and is one ticket, whatever its title.
pub(super) fn merge_one_ticket(id: &TicketId, ours: &str, theirs: &str, config: &Config) -> Merged {
    let read = |text: &str| parse_any(id, text, config).ok();
    match (read(ours), read(theirs)) {
        (Some(mine), Some(other)) => {
            let was = beginning(id, &mine, config);
            let sides = Sides {
                id,
                config,
                base: Base::unknown(&was),
                ours: (ours, &mine),
                theirs: (theirs, &other),
            };
            sides.merge().unwrap_or_else(|| as_text("", ours, theirs))
        }
        _ => as_text("", ours, theirs),
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
        };
        sides.merge().unwrap_or_else(by_lines)
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
        return match is_same(&mine, &other) {
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
    differently_made(base, side) && base.title != side.title
}

/// Whether they were made at two times, as far as both tell.
fn differently_made(one: &Ticket, other: &Ticket) -> bool {
    let made = one.created_at.zip(other.created_at);
    made.is_some_and(|(one, other)| one != other)
}

/// Whether two texts are of two tickets, the one of which cannot have become the other; not, where
/// one of them is no ticket.
#[must_use]
pub fn is_another_ticket(id: &TicketId, base: &str, side: &str, config: &Config) -> bool {
    let read = |text: &str| parse_any(id, text, config).ok();
    let both = read(base).zip(read(side));
    both.is_some_and(|(base, side)| is_another(&base, &side))
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

/// What both sides come from.
#[derive(Clone, Copy)]
struct Base<'a> {
    /// Its text, where there is one.
    text: Option<&'a str>,
    ticket: &'a Ticket,
    /// Whether that is it; else it may have been another.
    is_known: bool,
}

impl<'a> Base<'a> {
    const fn known(text: &'a str, ticket: &'a Ticket) -> Self {
        Self {
            text: Some(text),
            ticket,
            is_known: true,
        }
    }

    const fn unknown(ticket: &'a Ticket) -> Self {
        Self {
            text: None,
            ticket,
            is_known: false,
        }
    }
}

/// The three files, each with the ticket it spells.
struct Sides<'a> {
    id: &'a TicketId,
    config: &'a Config,
    base: Base<'a>,
    ours: (&'a str, &'a Ticket),
    theirs: (&'a str, &'a Ticket),
}

/// Marks what is left of base, ours and theirs.
type Mark = fn(Option<&str>, &str, &str) -> String;

impl Sides<'_> {
    /// The merge; `None` where the merged values cannot be written into a side's text.
    ///
    /// Which side is ours says only who merges. Where that could matter, in the order of lists
    /// and the places of comments, the sides are taken by their texts: so whoever merges gets
    /// the same, or is asked.
    fn merge(&self) -> Option<Merged> {
        if self.ours.0 <= self.theirs.0 {
            return self.merge_into(conflict);
        }
        let turned = Sides {
            ours: self.theirs,
            theirs: self.ours,
            ..*self
        };
        turned.merge_into(|base, ours, theirs| conflict(base, theirs, ours))
    }

    /// Merges theirs into ours.
    fn merge_into(&self, mark: Mark) -> Option<Merged> {
        let (mine, keys) = self.merged(Side::Ours);
        if keys.is_empty() && self.are_printed() {
            let text = print(&mine);
            if self.is(&text, &mine) {
                return Some(Merged::Clean(text));
            }
        }
        let other = self.merged(Side::Theirs).0;
        let ours = edit(self.ours.0, self.ours.1, &mine).ok()?;
        let theirs = edit(self.theirs.0, self.theirs.1, &other).ok()?;
        let was = self.merged(Side::Base).0;
        let base = self.base_as(&was)?;
        let added = Added::of(self);
        // Comments and keys of anybody's own are no conflict because there is no base.
        let common = || (added.ours != added.theirs).then(|| common_lines(&ours, &theirs));
        let base = base.or_else(common);
        if keys.is_empty() {
            // All three say the same now, and differ in comments, unknown keys and layout.
            let lines = merge_lines(base.as_deref().unwrap_or(&ours), &ours, &theirs);
            let joined = lines.as_ref().err().filter(|_| added.is_all());
            let joined = joined
                .map(|marked| join(marked))
                .filter(|text| without(extras_of((text, &mine)), &added.there()).is_empty());
            let lines = lines.ok().or(joined);
            let candidates = [lines.as_ref().unwrap_or(&ours), &ours, &theirs];
            let is_whole = |text: &&&String| {
                self.is(text, &mine) && without(added.all(), &extras_of((text, &mine))).is_empty()
            };
            if let Some(text) = candidates.iter().find(is_whole) {
                return Some(Merged::Clean((*text).clone()));
            }
        }
        let mut keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        keys.extend(added.contested());
        // What hangs on an element that the merge removes is in neither text any more.
        let lost = added.lost([(&ours, &mine), (&theirs, &other)]);
        let text = if lost.is_empty() {
            mark(base.as_deref(), &ours, &theirs)
        } else if let Some((key, text)) =
            self.with_a_list_apart([&was, &mine, &other], &added, mark)
        {
            keys.push(key.to_owned());
            text
        } else {
            mark(self.base.text, self.ours.0, self.theirs.0)
        };
        keys.extend(lost.iter().map(|extra| name(extra).to_owned()));
        if keys.is_empty() {
            keys.push(COMMENTS.to_owned());
        }
        keys.dedup();
        Some(Merged::Conflict { text, keys })
    }

    /// The merged ticket with that side's values where both changed them, and the keys of those.
    fn merged(&self, side: Side) -> (Ticket, Vec<&'static str>) {
        let Base {
            ticket, is_known, ..
        } = self.base;
        merge_fields((ticket, is_known), self.ours.1, self.theirs.1, side)
    }

    /// The text of the base, if there is one, as one of that ticket; nothing where that cannot be
    /// written into it.
    #[expect(
        clippy::option_option,
        reason = "there may be no base, and no way to write it"
    )]
    fn base_as(&self, ticket: &Ticket) -> Option<Option<String>> {
        let text = self.base.text;
        text.map(|text| edit(text, self.base.ticket, ticket).ok())
            .map_or(Some(None), |edited| edited.map(Some))
    }

    /// The marked text in which one list stands as each side has it, that nothing is lost which
    /// hangs on its elements, and all else is merged; with the key of that list, if there is one.
    fn with_a_list_apart(
        &self,
        merged: [&Ticket; 3],
        added: &Added,
        mark: Mark,
    ) -> Option<(&'static str, String)> {
        LISTS.iter().find_map(|(key, take)| {
            let with = |merged: &Ticket, side: &Ticket| {
                let mut ticket = merged.clone();
                take(&mut ticket, side);
                ticket
            };
            let [was, mine, other] = merged;
            let was = with(was, self.base.ticket);
            let (mine, other) = (with(mine, self.ours.1), with(other, self.theirs.1));
            let ours = edit(self.ours.0, self.ours.1, &mine).ok()?;
            let theirs = edit(self.theirs.0, self.theirs.1, &other).ok()?;
            let base = self.base_as(&was)?;
            let lost = added.lost([(&ours, &mine), (&theirs, &other)]);
            let is_whole = lost.is_empty();
            is_whole.then(|| (*key, mark(base.as_deref(), &ours, &theirs)))
        })
    }
}

impl Sides<'_> {
    /// Whether all are as `tk` writes new files, as most are: without a comment or key of
    /// anybody's own, so that there is nothing to be kept but what the ticket says.
    fn are_printed(&self) -> bool {
        let base = self.base.text.map(|text| (text, self.base.ticket));
        let mut sides = [self.ours, self.theirs].into_iter().chain(base);
        sides.all(|(text, ticket)| text == print(ticket))
    }

    /// Whether the text spells that ticket.
    fn is(&self, text: &str, ticket: &Ticket) -> bool {
        parse_any(self.id, text, self.config).is_ok_and(|read| read == *ticket)
    }
}

/// The comments and unknown keys that each side added or changed.
struct Added {
    was: Vec<String>,
    ours: Vec<String>,
    theirs: Vec<String>,
    /// Whether no side changed or removed one of the base's.
    is_all: bool,
}

impl Added {
    fn of(sides: &Sides<'_>) -> Self {
        let base = sides.base.text.map(|text| (text, sides.base.ticket));
        let was = base.map(extras_of).unwrap_or_default();
        let (ours, theirs) = (extras_of(sides.ours), extras_of(sides.theirs));
        let has_all = |side: &[String]| without(was.clone(), side).is_empty();
        Self {
            is_all: has_all(&ours) && has_all(&theirs),
            ours: without(ours, &was),
            theirs: without(theirs, &was),
            was,
        }
    }

    /// Whether the sides only added some, and none of one name.
    fn is_all(&self) -> bool {
        self.is_all && self.contested().is_empty()
    }

    /// Those of the base and of both sides, equal ones once.
    fn there(&self) -> Vec<String> {
        [self.was.clone(), self.all()].concat()
    }

    /// Those that are in none of these texts.
    fn lost(&self, texts: [(&String, &Ticket); 2]) -> Vec<String> {
        let there = texts.map(|(text, ticket)| extras_of((text, ticket)));
        without(self.all(), &there.concat())
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

/// The texts in one, with both versions of what conflicts; where there is no base, of all in which
/// they differ.
fn conflict(base: Option<&str>, ours: &str, theirs: &str) -> String {
    match base.map(|base| merge_lines(base, ours, theirs)) {
        Some(Err(text)) => text,
        // By lines there is none: both sides stand where they differ.
        _ => mark_differences(ours, theirs),
    }
}
