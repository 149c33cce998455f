//! The merge of two tickets against their base, key by key.

use std::collections::BTreeSet;

use crate::model::Ticket;

use super::days::merge_days;
use super::life::merge_life;
use super::list;
use super::text::merge_paragraphs;

/// Whose value stands in for one that both sides changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Base,
    Ours,
    Theirs,
}

/// Merges values and remembers the keys that both sides changed differently.
pub(super) struct Merger {
    side: Side,
    /// Whether both sides come from the base. Else nobody can say which of two values is the
    /// newer one: only equal ones are settled.
    knows_base: bool,
    conflicts: Vec<&'static str>,
}

impl Merger {
    /// One for what cannot conflict.
    pub(super) fn silent() -> Self {
        Self::new(Side::Ours, true)
    }

    fn new(side: Side, knows_base: bool) -> Self {
        Self {
            side,
            knows_base,
            conflicts: Vec::new(),
        }
    }

    /// Whether both sides come from the base.
    pub(super) const fn knows_base(&self) -> bool {
        self.knows_base
    }

    /// The value of the side that stands in where there is no other rule.
    pub(super) fn conflict<T>(&mut self, key: &'static str, base: T, ours: T, theirs: T) -> T {
        if !self.conflicts.contains(&key) {
            self.conflicts.push(key);
        }
        match self.side {
            Side::Base => base,
            Side::Ours => ours,
            Side::Theirs => theirs,
        }
    }

    /// One value: that of the side that changed it.
    pub(super) fn scalar<T: Clone + PartialEq>(
        &mut self,
        key: &'static str,
        base: &T,
        ours: &T,
        theirs: &T,
    ) -> T {
        if ours == theirs || self.knows_base && base == theirs {
            ours.clone()
        } else if self.knows_base && base == ours {
            theirs.clone()
        } else {
            self.conflict(key, base, ours, theirs).clone()
        }
    }
}

/// A set: with the additions and without the removals of both sides.
fn set<T: Clone + Ord>(
    base: &BTreeSet<T>,
    ours: &BTreeSet<T>,
    theirs: &BTreeSet<T>,
) -> BTreeSet<T> {
    let stays = |item: &&T| match base.contains(*item) {
        true => ours.contains(*item) && theirs.contains(*item),
        false => true,
    };
    ours.union(theirs).filter(stays).cloned().collect()
}

fn description(merger: &mut Merger, base: &str, ours: &str, theirs: &str) -> String {
    if ours == theirs || base == theirs {
        ours.to_owned()
    } else if base == ours {
        theirs.to_owned()
    } else {
        merge_paragraphs(base, ours, theirs).unwrap_or_else(|(ours, theirs)| {
            merger.conflict("description", base.to_owned(), ours, theirs)
        })
    }
}

/// A list of a ticket: its key, and what gives a ticket that of another one.
pub(super) type List = (&'static str, fn(&mut Ticket, &Ticket));

macro_rules! lists {
    ($($field:ident),+ $(,)?) => {
        &[$((stringify!($field), |to, from| to.$field.clone_from(&from.$field))),+]
    };
}

/// The lists of a ticket.
pub(super) const LISTS: &[List] = lists![
    acceptance, subtasks, notes, runs, labels, blocked_by, after, related, checks, touches
];

/// The merged ticket, and the keys that both sides changed differently, in which `side` has
/// its value. Where the base is not known to be what both come from, lists are merged by it, and
/// every other value that differs is a conflict.
pub(super) fn merge_fields(
    (base, knows_base): (&Ticket, bool),
    ours: &Ticket,
    theirs: &Ticket,
    side: Side,
) -> (Ticket, Vec<&'static str>) {
    let mut merger = Merger::new(side, knows_base);
    let mut merged = ours.clone();
    macro_rules! scalars {
        ($($field:ident: $key:literal),+ $(,)?) => {
            $(merged.$field = merger.scalar($key, &base.$field, &ours.$field, &theirs.$field);)+
        };
    }
    macro_rules! sets {
        ($($field:ident),+ $(,)?) => {
            $(merged.$field = set(&base.$field, &ours.$field, &theirs.$field);)+
        };
    }
    scalars!(title: "title");
    merge_life(&mut merger, &mut merged, base, ours, theirs);
    scalars!(
        priority: "priority",
        kind: "type",
        owner: "owner",
        parent: "parent",
        requires: "requires",
        awaiting: "awaiting",
        estimate: "estimate",
    );
    merge_days(&mut merger, &mut merged, base, ours, theirs);
    scalars!(
        discovered_from: "discovered_from",
        duplicate_of: "duplicate_of",
        recurs_from: "recurs_from",
        agent: "agent",
        model: "model",
        lock: "lock",
        pr: "pr",
        created_at: "created_at",
        created_by: "created_by",
    );
    sets!(labels, blocked_by, after, related);
    merged.checks = list::strings(&base.checks, &ours.checks, &theirs.checks);
    merged.touches = list::strings(&base.touches, &ours.touches, &theirs.touches);
    merged.description = description(
        &mut merger,
        &base.description,
        &ours.description,
        &theirs.description,
    );
    merged.acceptance = list::acceptance(&mut merger, base, ours, theirs);
    merged.subtasks = list::subtasks(&mut merger, base, ours, theirs);
    merged.notes = list::notes(&mut merger, base, ours, theirs);
    merged.runs = list::runs(&mut merger, base, ours, theirs);
    (merged, merger.conflicts)
}
