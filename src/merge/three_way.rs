//! Three texts of one ticket, made one.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::format::{Order, edit, ordered, parse_any, print, repeated};
use crate::model::{Config, Ticket, TicketId};

use super::Merged;
use super::added::{Added, COMMENTS, extras_of, name, without};
use super::choice::{choices, join};
use super::fields::{LISTS, Side, merge_fields};
use super::graft::graft;
use super::order::order_of;
use super::text::{common_lines, mark_differences, merge_lines};

/// What both sides come from.
#[derive(Clone, Copy)]
pub(super) struct Base<'a> {
    /// Its text, where there is one.
    pub(super) text: Option<&'a str>,
    pub(super) ticket: &'a Ticket,
    /// Whether that is it; else it may have been another.
    pub(super) is_known: bool,
}

impl<'a> Base<'a> {
    pub(super) const fn known(text: &'a str, ticket: &'a Ticket) -> Self {
        Self {
            text: Some(text),
            ticket,
            is_known: true,
        }
    }

    pub(super) const fn unknown(ticket: &'a Ticket) -> Self {
        Self {
            text: None,
            ticket,
            is_known: false,
        }
    }
}

/// The three files, each with the ticket it spells.
pub(super) struct Sides<'a> {
    pub(super) id: &'a TicketId,
    pub(super) config: &'a Config,
    pub(super) base: Base<'a>,
    pub(super) ours: (&'a str, &'a Ticket),
    pub(super) theirs: (&'a str, &'a Ticket),
    /// Whether who merges calls them the other way round.
    pub(super) is_turned: bool,
    /// In which order the texts are to have their sets, once that is asked for.
    pub(super) orders: OnceCell<Vec<Order>>,
}

/// Both sides of a conflict in one text.
struct Marked {
    text: String,
    /// What choosing ours everywhere, and theirs, leaves of it.
    choices: [String; 2],
}

impl Sides<'_> {
    /// The merge.
    ///
    /// Which side is ours says only who merges. Where that could matter, in the order of lists
    /// and the places of comments, the sides are taken by their texts: so whoever merges gets
    /// the same, or is asked.
    pub(super) fn merge(&self) -> Merged {
        if self.ours.0 <= self.theirs.0 {
            return self.merge_into().unwrap_or_else(|| self.by_lines());
        }
        let turned = Sides {
            ours: self.theirs,
            theirs: self.ours,
            is_turned: !self.is_turned,
            orders: OnceCell::new(),
            ..*self
        };
        turned.merge()
    }

    /// The merge by lines, for where the merged values cannot be written into a side's text. It
    /// counts only where it says just them; else all that differs is marked.
    pub(super) fn by_lines(&self) -> Merged {
        let (mine, keys) = self.merged(Side::Ours);
        let (ours, theirs) = (self.ours.0, self.theirs.0);
        let added = Added::of(self);
        if keys.is_empty()
            && let Ok(text) = merge_lines(self.base.text.unwrap_or_default(), ours, theirs)
            && self.keeps([(&text, &mine); 2], &added.all())
        {
            return Merged::Clean(text);
        }
        let mut keys = differing(self.ours.1, self.theirs.1);
        let extras = [extras_of(self.ours), extras_of(self.theirs)];
        let [mine, other] = &extras;
        let one_sided = [without(mine.clone(), other), without(other.clone(), mine)].concat();
        keys.extend(one_sided.iter().map(|extra| name(extra).to_owned()));
        self.conflict(self.mark(None, [ours, theirs]), keys)
    }

    /// Merges theirs into ours; `None` where the merged values cannot be written into a side's text.
    fn merge_into(&self) -> Option<Merged> {
        let (mine, keys) = self.merged(Side::Ours);
        if let Some(merged) = self.merge_printed(&mine, &keys) {
            return Some(merged);
        }
        let other = self.merged(Side::Theirs).0;
        let ours = self.with(self.ours, &mine)?;
        let theirs = self.with(self.theirs, &other)?;
        let was = self.merged(Side::Base).0;
        let base = self.base_as(&was)?;
        let added = Added::of(self);
        if keys.is_empty()
            && let Some(text) = self.as_one(&mine, &added)
        {
            return Some(Merged::Clean(text));
        }
        // Comments and keys of anybody's own are no conflict because there is no base.
        let common = || (added.ours != added.theirs).then(|| common_lines(&ours, &theirs));
        let base = base.or_else(common);
        let mut keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        keys.extend(added.contested());
        // What hangs on an element that the merge removes is in neither text any more.
        let lost = added.lost([(&ours, &mine), (&theirs, &other)]);
        let marked = if lost.is_empty() {
            let marked = self.mark(base.as_deref(), [&ours, &theirs]);
            let [one, another] = &marked.choices;
            let keeps = |extras: &[String]| self.keeps([(one, &mine), (another, &other)], extras);
            if keeps(&added.all()) {
                marked
            } else if let Some(marked) = self.with_values_apart(&mine, &other, &added) {
                marked
            } else if let Some(marked) = self.with_extras_apart(&mine, &other, &added) {
                marked
            } else if keeps(&[]) {
                marked
            } else {
                self.mark(None, [&ours, &theirs])
            }
        } else if let Some((key, marked)) = self.with_a_list_apart([&was, &mine, &other], &added) {
            keys.push(key.to_owned());
            marked
        } else {
            let marked = self.mark(self.base.text, [self.ours.0, self.theirs.0]);
            let [one, another] = &marked.choices;
            if !self.keeps([(one, &mine), (another, &other)], &[]) {
                return None;
            }
            marked
        };
        keys.extend(lost.iter().map(|extra| name(extra).to_owned()));
        // Nothing of anybody's own goes with a side that is not chosen, unless that is told.
        for choice in &marked.choices {
            let missing = match parse_any(self.id, choice, self.config) {
                Ok(ticket) => without(added.all(), &extras_of((choice, &ticket))),
                Err(_) => added.all(),
            };
            keys.extend(missing.iter().map(|extra| name(extra).to_owned()));
        }
        if keys.is_empty() {
            keys.push(COMMENTS.to_owned());
        }
        Some(self.conflict(marked, keys))
    }

    /// The merge where all are as `tk` writes new files, as most are: without a comment or key of
    /// anybody's own, so that there is nothing to be kept but what the ticket says. `mine` is the
    /// merged ticket with ours in these keys.
    fn merge_printed(&self, mine: &Ticket, keys: &[&'static str]) -> Option<Merged> {
        if !self.are_printed() {
            return None;
        }
        let printed = |ticket| Some(print(ticket)).filter(|text| self.is(text, ticket));
        let ours = printed(mine)?;
        if keys.is_empty() {
            return Some(Merged::Clean(ours));
        }
        let theirs = printed(&self.merged(Side::Theirs).0)?;
        let base = self.base.text.map(|_| print(&self.merged(Side::Base).0));
        let mut marked = self.mark(base.as_deref(), [&ours, &theirs]);
        if marked.choices != [ours.as_str(), theirs.as_str()] {
            marked = self.mark(None, [&ours, &theirs]);
        }
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Some(self.conflict(marked, keys))
    }

    /// The text of that ticket, which is merged from all three sides, with every comment and unknown
    /// key that a side added; nothing where these conflict.
    fn as_one(&self, ticket: &Ticket, added: &Added) -> Option<String> {
        let ours = self.with(self.ours, ticket)?;
        let theirs = self.with(self.theirs, ticket)?;
        let common = || (added.ours != added.theirs).then(|| common_lines(&ours, &theirs));
        let was = self.base_as(ticket)?;
        let base = was.clone().or_else(common);
        // All three say the same now, and differ in comments, unknown keys and layout.
        let lines = merge_lines(base.as_deref().unwrap_or(&ours), &ours, &theirs);
        let joined = lines.as_ref().err().filter(|_| added.is_all());
        let joined = joined
            .map(|marked| join(marked))
            .filter(|text| without(extras_of((text, ticket)), &added.there()).is_empty());
        let has_all = |text: &String| without(added.all(), &extras_of((text, ticket))).is_empty();
        let is_whole = |text: &String| self.is(text, ticket) && has_all(text);
        let lines = lines.ok().or(joined).filter(is_whole);
        let was = was.unwrap_or_default();
        let grafted = |side| {
            let text = added.fitted(graft(&was, [&ours, &theirs], side), ticket);
            text.filter(is_whole)
        };
        lines
            .or_else(|| grafted(Side::Ours).or_else(|| grafted(Side::Theirs)))
            .or_else(|| [ours.clone(), theirs.clone()].into_iter().find(is_whole))
    }

    /// The marked text in which nothing is marked but what both changed differently, where by lines
    /// something of one side alone stands beside that, or it is no conflict.
    fn with_values_apart(&self, mine: &Ticket, other: &Ticket, added: &Added) -> Option<Marked> {
        let ours = self.as_one(mine, added)?;
        let theirs = edit(&ours, mine, other).ok()?;
        let keeps_all = self.keeps([(&ours, mine), (&theirs, other)], &added.all());
        keeps_all.then(|| self.mark(None, [&ours, &theirs]))
    }

    /// The marked text in which nothing is marked but the values, comments and unknown keys that
    /// both changed differently, where what only one of them added stands beside these.
    fn with_extras_apart(&self, mine: &Ticket, other: &Ticket, added: &Added) -> Option<Marked> {
        let ours = self.with(self.ours, mine)?;
        let theirs = self.with(self.theirs, mine)?;
        let was = self.base_as(mine)?.unwrap_or_default();
        let [one, two] = [Side::Ours, Side::Theirs].map(|side| {
            let text = added.fitted(graft(&was, [&ours, &theirs], side), mine);
            text.filter(|text| self.is(text, mine))
        });
        let (one, two) = (one?, edit(&two?, mine, other).ok()?);
        let has = |extras: &[String], text: &str, ticket| {
            without(extras.to_vec(), &extras_of((text, ticket))).is_empty()
        };
        let is_each = has(&added.ours, &one, mine) && has(&added.theirs, &two, other);
        is_each.then(|| self.mark(None, [&one, &two]))
    }

    /// The texts in one, with both versions of what conflicts; where there is no base, of all in
    /// which they differ.
    fn mark(&self, base: Option<&str>, mut sides: [&str; 2]) -> Marked {
        if self.is_turned {
            sides.reverse();
        }
        let text = conflict(base, sides[0], sides[1]);
        let mut choices = choices(&text, sides);
        if self.is_turned {
            choices.reverse();
        }
        Marked { text, choices }
    }

    /// The conflict of these keys, each once, as who merges calls the sides.
    fn conflict(&self, marked: Marked, mut keys: Vec<String>) -> Merged {
        let Marked { text, mut choices } = marked;
        if self.is_turned {
            choices.reverse();
        }
        let mut seen = BTreeSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        Merged::Conflict {
            text,
            keys,
            choices,
        }
    }

    /// Whether the texts spell these tickets, and have these comments and unknown keys.
    fn keeps(&self, texts: [(&String, &Ticket); 2], extras: &[String]) -> bool {
        texts.into_iter().all(|(text, ticket)| {
            self.is(text, ticket) && without(extras.to_vec(), &extras_of((text, ticket))).is_empty()
        })
    }

    /// The merged ticket with that side's values where both changed them, and the keys of those.
    fn merged(&self, side: Side) -> (Ticket, Vec<&'static str>) {
        let Base {
            ticket, is_known, ..
        } = self.base;
        merge_fields((ticket, is_known), self.ours.1, self.theirs.1, side)
    }

    /// The text of a side as one of that ticket, with the sets in the order of all three; nothing
    /// where that cannot be written into it.
    fn with(&self, (text, before): (&str, &Ticket), after: &Ticket) -> Option<String> {
        let edited = edit(text, before, after).ok()?;
        let orders = self
            .orders
            .get_or_init(|| order_of(self.base.text, self.ours.0, self.theirs.0));
        Some(match orders.is_empty() {
            true => edited,
            false => ordered(&edited, orders),
        })
    }

    /// The text of the base, if there is one, as one of that ticket; nothing where that cannot be
    /// written into it.
    #[expect(
        clippy::option_option,
        reason = "there may be no base, and no way to write it"
    )]
    fn base_as(&self, ticket: &Ticket) -> Option<Option<String>> {
        let text = self.base.text;
        text.map(|text| self.with((text, self.base.ticket), ticket))
            .map_or(Some(None), |edited| edited.map(Some))
    }

    /// The marked text in which one list stands as each side has it, that nothing is lost which
    /// hangs on its elements, and all else is merged; with the key of that list, if there is one.
    fn with_a_list_apart(
        &self,
        merged: [&Ticket; 3],
        added: &Added,
    ) -> Option<(&'static str, Marked)> {
        LISTS.iter().find_map(|(key, take)| {
            let taking = |merged: &Ticket, side: &Ticket| {
                let mut ticket = merged.clone();
                take(&mut ticket, side);
                ticket
            };
            let [was, mine, other] = merged;
            let was = taking(was, self.base.ticket);
            let (mine, other) = (taking(mine, self.ours.1), taking(other, self.theirs.1));
            let ours = self.with(self.ours, &mine)?;
            let theirs = self.with(self.theirs, &other)?;
            let base = self.base_as(&was)?;
            let lost = added.lost([(&ours, &mine), (&theirs, &other)]);
            let marked = lost
                .is_empty()
                .then(|| self.mark(base.as_deref(), [&ours, &theirs]))?;
            let [one, another] = &marked.choices;
            // By lines, what one side moved may be there twice.
            let is_right = self.keeps([(one, &mine), (another, &other)], &[]);
            let marked = if is_right {
                marked
            } else {
                let was = base.as_deref().unwrap_or_default();
                let [one, two] =
                    [Side::Ours, Side::Theirs].map(|side| graft(was, [&ours, &theirs], side));
                let are_right = self.is(&one, &mine) && self.is(&two, &other);
                match are_right && added.lost([(&one, &mine), (&two, &other)]).is_empty() {
                    true => self.mark(None, [&one, &two]),
                    false => self.mark(None, [&ours, &theirs]),
                }
            };
            Some((*key, marked))
        })
    }
}

impl Sides<'_> {
    /// Whether all are as `tk` writes new files.
    fn are_printed(&self) -> bool {
        let base = self.base.text.map(|text| (text, self.base.ticket));
        let mut sides = [self.ours, self.theirs].into_iter().chain(base);
        sides.all(|(text, ticket)| text == print(ticket))
    }

    /// Whether the text spells that ticket, and no set of it has an entry twice.
    fn is(&self, text: &str, ticket: &Ticket) -> bool {
        parse_any(self.id, text, self.config).is_ok_and(|read| read == *ticket)
            && repeated(text).is_none()
    }
}

/// The keys in which two tickets differ.
pub(super) fn differing(one: &Ticket, other: &Ticket) -> Vec<String> {
    // Where nobody knows what both come from, each single value that differs is a conflict.
    let mut keys = merge_fields((one, false), one, other, Side::Ours).1;
    let is_another = |take: fn(&mut Ticket, &Ticket)| {
        let mut same = one.clone();
        take(&mut same, other);
        same != *one
    };
    let lists = LISTS.iter().filter(|(_, take)| is_another(*take));
    keys.extend(lists.map(|(key, _)| *key));
    keys.into_iter().map(str::to_owned).collect()
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
