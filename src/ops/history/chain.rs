//! What happened to the file of one name, and which of its versions are of one ticket: an id may be
//! given again, and two branches may give the same one.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{BlobId, FileVersion};
use crate::merge::{differently_made, is_another};
use crate::model::{Ticket, TicketId};
use crate::ops::past::Version;

/// A change of the file: a commit, or what is not committed.
pub(super) struct Step {
    /// The commit; none of what is not committed.
    pub(super) commit: Option<FileVersion>,
    /// What the file held before, in each of the commit's parents.
    pub(super) before: Vec<Option<BlobId>>,
    /// What it holds since.
    pub(super) after: Option<BlobId>,
}

impl Step {
    pub(super) fn of(commit: FileVersion) -> Self {
        Self {
            before: commit.before.clone(),
            after: commit.after,
            commit: Some(commit),
        }
    }
}

/// The changes of a file, newest first.
pub(super) struct Chain {
    /// The id that its name says.
    pub(super) id: TicketId,
    pub(super) steps: Vec<Step>,
    /// All versions that the steps name.
    pub(super) versions: BTreeMap<BlobId, Version>,
    /// What it holds where the ticket is followed from; empty where it is not there.
    pub(super) newest: Vec<BlobId>,
}

/// Whether two versions are of two tickets.
type Rule = fn(&Ticket, &Ticket) -> bool;

impl Chain {
    pub(super) fn version(&self, blob: Option<BlobId>) -> Option<&Version> {
        self.versions.get(&blob?)
    }

    pub(super) fn ticket(&self, blob: BlobId) -> Option<&Ticket> {
        self.version(Some(blob))?.as_deref().ok()
    }

    /// The versions that are of the newest one's ticket, as a merge would tell: those that became
    /// it or that it was, step by step. One that cannot be read is of whichever ticket it was
    /// before.
    pub(super) fn own(&self) -> BTreeSet<BlobId> {
        let links = self.links();
        let last = self.steps.first();
        let last =
            || last.and_then(|step| step.after.or(step.before.iter().flatten().next().copied()));
        let mut next: Vec<_> = self.newest.iter().map(|blob| (*blob, None)).collect();
        if next.is_empty() {
            next.extend(last().map(|blob| (blob, None)));
        }
        let mut own: BTreeSet<BlobId> = next.iter().map(|(blob, _)| *blob).collect();
        while let Some((blob, known)) = next.pop() {
            let known = self.ticket(blob).or(known);
            for (other, is_another) in links.get(&blob).into_iter().flatten() {
                let both = known.zip(self.ticket(*other));
                if !both.is_some_and(|(one, other)| is_another(one, other)) && own.insert(*other) {
                    next.push((*other, known));
                }
            }
        }
        own
    }

    /// Which versions became which, each from both of its ends, with what tells whether they are
    /// two tickets all the same.
    fn links(&self) -> BTreeMap<BlobId, Vec<(BlobId, Rule)>> {
        let mut links: BTreeMap<BlobId, Vec<(BlobId, Rule)>> = BTreeMap::new();
        let mut link = |one: BlobId, other: BlobId, rule: Rule| {
            links.entry(one).or_default().push((other, rule));
            links.entry(other).or_default().push((one, rule));
        };
        let (mut filed, mut gone) = (BTreeSet::new(), BTreeSet::new());
        for step in &self.steps {
            let before: Vec<BlobId> = step.before.iter().flatten().copied().collect();
            // The sides of a merge may be two tickets of one title.
            let rule = match step.before.len() {
                1 => is_another as Rule,
                _ => differently_made as Rule,
            };
            match step.after {
                Some(after) if before.is_empty() => drop(filed.insert(after)),
                Some(after) => before.iter().for_each(|was| link(*was, after, rule)),
                None => gone.extend(before),
            }
        }
        // What was deleted may be there again, and what is new come from two branches.
        for new in &filed {
            gone.iter().for_each(|gone| link(*gone, *new, is_another));
            let others = filed.range(..new);
            others.for_each(|other| link(*other, *new, differently_made));
        }
        links
    }
}
