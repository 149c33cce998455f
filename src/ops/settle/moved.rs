//! Two tickets of one id: one of them has another id now, and what named it follows.

use super::{Result, Table};
use crate::format;
use crate::git::{CommitId, TicksPath};
use crate::merge::Choice;
use crate::model::{Ticket, TicketId};
use crate::ops::values::invalid;
use crate::store;

/// A ticket that has another id now.
pub(super) struct Moved {
    pub(super) old: TicketId,
    pub(super) new: TicketId,
    pub(super) side: Choice,
}

impl Table<'_, '_> {
    /// References to a ticket that has another id now follow it, where they are of its side.
    pub(super) fn follow(&mut self) -> Result<()> {
        if self.moved.is_empty() {
            return Ok(());
        }
        let config = &self.project.config;
        let store = self.tickets();
        let head = self.git.commit_of("HEAD")?;
        for ticket in &store.load_all(config)?.tickets {
            let mut after = ticket.clone();
            for moved in &self.moved {
                if !after.refers_to(&moved.old) {
                    continue;
                }
                let on = |commit: Option<CommitId>| -> Result<Option<bool>> {
                    let Some(commit) = commit else {
                        return Ok(None);
                    };
                    let bytes = self
                        .git
                        .file_at(commit, &TicksPath::of_ticket(&ticket.id))?;
                    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                    let side =
                        text.and_then(|text| format::parse_any(&ticket.id, &text, config).ok());
                    Ok(Some(side.is_some_and(|side| side.refers_to(&moved.old))))
                };
                let ours = on(head)?.unwrap_or(false);
                // Where git has no name for what comes in, what ours has not is of theirs.
                let theirs = on(self.incoming)?.unwrap_or(!ours);
                let (here, there) = match moved.side {
                    Choice::Ours => (ours, theirs),
                    Choice::Theirs => (theirs, ours),
                };
                if here {
                    rename(&mut after, moved, there);
                }
            }
            if after != *ticket {
                let path = TicksPath::of_ticket(&ticket.id);
                let stored = store.read(&ticket.id, config)?;
                let text = format::edit(&stored.text, ticket, &after)
                    .map_err(|error| invalid(error.to_string()))?;
                store::write_all(&[(self.root.join(&path), &text)])?;
                self.settled.push(path);
            }
        }
        Ok(())
    }
}

/// Has the references to the old id lead to the new one; where the other side had one too, to
/// both.
fn rename(ticket: &mut Ticket, moved: &Moved, both: bool) {
    for set in [
        &mut ticket.blocked_by,
        &mut ticket.after,
        &mut ticket.related,
    ] {
        if set.contains(&moved.old) {
            set.insert(moved.new.clone());
            if !both {
                set.remove(&moved.old);
            }
        }
    }
    let singles = [
        &mut ticket.parent,
        &mut ticket.discovered_from,
        &mut ticket.duplicate_of,
        &mut ticket.recurs_from,
    ];
    for single in singles {
        if !both && single.as_ref() == Some(&moved.old) {
            *single = Some(moved.new.clone());
        }
    }
}
