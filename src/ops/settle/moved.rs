//! Two tickets of one id: one of them has another id now, and what named it follows.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashSet};

use super::case::{Apart, Case};
use super::fate::Fate;
use super::typed::{Typed, is_side};
use super::{Result, Table};
use crate::format;
use crate::git::{CommitId, Stage, TicksPath, Unmerged};
use crate::merge::{Choice, Merged, is_another_ticket, is_told, merge_ticket};
use crate::model::{Config, Edge, Ticket, TicketId};
use crate::ops::values::invalid;
use crate::store;

/// A ticket that has another id now.
pub(super) struct Moved {
    pub(super) old: TicketId,
    pub(super) new: TicketId,
    pub(super) side: Choice,
    /// Whether it had it before this command, since git stopped in this merge.
    pub(super) before: bool,
}

/// Where a ticket is to be that may not keep its id.
enum Place {
    /// Nothing is there.
    Free(TicketId),
    /// It is there already.
    There(TicketId),
    /// This may be it, and is no ticket.
    Unreadable(TicketId),
}

impl Table<'_, '_> {
    /// Finds out which tickets of the cases get another id, or have one by which they are there
    /// already, and which of those that the cases name got one before.
    pub(super) fn part(&mut self, cases: &mut [Case]) -> Result<()> {
        self.recall(cases)?;
        let config = &self.project.config;
        for case in cases {
            let (Some(file), Some(Merged::TwoTickets { .. })) = (&case.unmerged, &case.merged)
            else {
                continue;
            };
            let (Ok([base, Some(ours), Some(theirs)]), Ok(_)) = (&case.sides, &case.there) else {
                continue;
            };
            if case.typed != Typed::Nothing {
                continue;
            }
            let id = &case.id;
            case.apart = match base {
                None => {
                    let side = later(id, ours, theirs, config);
                    let moves = if side == Choice::Ours { ours } else { theirs };
                    let place = self.place(id, None, moves)?;
                    place.map(|place| match place {
                        Place::Free(new) | Place::There(new) => Ok(Apart { new, side }),
                        Place::Unreadable(new) => Err(format!(
                            "the sides are two tickets, and `{new}` in the way is none: settle \
                             that first"
                        )),
                    })
                }
                Some(base) => self.parted_before(id, file, [base, ours, theirs])?,
            };
            if let Some(Ok(Apart { new, side })) = &case.apart {
                self.moved.push(Moved {
                    old: id.clone(),
                    new: new.clone(),
                    side: *side,
                    before: false,
                });
            }
        }
        Ok(())
    }

    /// What one side says of a ticket that has had another id since an earlier merge, or an
    /// earlier commit of the same rebase; nothing where it is another's whose file git took for
    /// that one.
    fn parted_before(
        &self,
        id: &TicketId,
        file: &Unmerged,
        [base, ours, theirs]: [&str; 3],
    ) -> Result<Option<std::result::Result<Apart, String>>> {
        let is_another = |side| is_another_ticket(id, base, side, false, &self.project.config);
        let (side, name, stage) = match (is_another(ours), is_another(theirs)) {
            (true, false) => (Choice::Theirs, "theirs", &file.theirs),
            (false, true) => (Choice::Ours, "ours", &file.ours),
            _ => return Ok(None),
        };
        let Some(stage) = stage else {
            return Ok(None);
        };
        let commit = self.commit_of(side)?;
        if let Some(commit) = commit
            && self.git.ticket_of(commit, stage)?.as_ref() != Some(id)
        {
            return Ok(None);
        }
        Ok(match self.place(id, Some(base), base)? {
            Some(Place::There(new)) => Some(Ok(Apart { new, side })),
            Some(Place::Free(new) | Place::Unreadable(new)) if commit.is_some() => {
                Some(Err(format!(
                    "the sides are two tickets, and {name} is not there as `{new}`: settle it \
                     with `tk edit`"
                )))
            }
            _ => None,
        })
    }

    /// Remembers which tickets that the cases name have got another id since git stopped.
    fn recall(&mut self, cases: &[Case]) -> Result<()> {
        let unmerged = || cases.iter().filter(|case| case.unmerged.is_some());
        if unmerged().next().is_none() {
            return Ok(());
        }
        // Only where something has been settled already is it asked what the cases name.
        let words: LazyCell<HashSet<&str>, _> = LazyCell::new(|| {
            let sides = unmerged().flat_map(|case| case.sides.iter().flatten().flatten());
            sides.flat_map(|text| text.split('"')).collect()
        });
        let is_named = |path: &TicksPath| {
            let id = path.ticket();
            id.is_some_and(|id| words.contains(id.as_str()))
        };
        let config = &self.project.config;
        for file in self.git.settled(&self.project.repo, is_named)? {
            let text = |stage: Option<Stage>| String::from_utf8(stage?.bytes).ok();
            let base = file.base.clone();
            let (Some(id), Some(ours), Some(theirs)) =
                (file.path.ticket(), text(file.ours), text(file.theirs))
            else {
                continue;
            };
            let base = text(base);
            let merged = merge_ticket(&id, base.as_deref(), &ours, &theirs, config);
            if !matches!(merged, Merged::TwoTickets { .. }) {
                continue;
            }
            let side = match &base {
                None => later(&id, &ours, &theirs, config),
                Some(base) if is_another_ticket(&id, base, &ours, false, config) => Choice::Theirs,
                Some(_) => Choice::Ours,
            };
            let moved = if side == Choice::Ours { ours } else { theirs };
            if let Some(Place::There(new)) =
                self.place(&id, base.as_deref(), base.as_ref().unwrap_or(&moved))?
            {
                self.moved.push(Moved {
                    old: id,
                    new,
                    side,
                    before: true,
                });
            }
        }
        Ok(())
    }

    /// Files that git has settled by itself, as their like was settled before, where they are of two
    /// tickets, and one of these is nowhere now.
    pub(super) fn settled_as_one(&self) -> Result<Vec<(TicketId, Unmerged)>> {
        let repo = &self.project.repo;
        if !repo.settles_again()? || self.git.incoming_by_name()?.is_none() {
            return Ok(Vec::new());
        }
        let config = &self.project.config;
        let mut found = Vec::new();
        for file in self
            .git
            .settled(repo, |path: &TicksPath| path.ticket().is_some())?
        {
            let text = |stage: &Option<Stage>| {
                let bytes = stage.as_ref().map(|stage| stage.bytes.clone());
                bytes.and_then(|bytes| String::from_utf8(bytes).ok())
            };
            let (Some(id), None, Some(ours), Some(theirs)) = (
                file.path.ticket(),
                &file.base,
                text(&file.ours),
                text(&file.theirs),
            ) else {
                continue;
            };
            let there = self.tickets().read_text(&id)?.unwrap_or_default();
            let is_one = is_side(&there, &ours) || is_side(&there, &theirs);
            let merged = merge_ticket(&id, None, &ours, &theirs, config);
            if !is_one || !matches!(merged, Merged::TwoTickets { .. }) {
                continue;
            }
            let moves = match later(&id, &ours, &theirs, config) {
                Choice::Ours => &ours,
                Choice::Theirs => &theirs,
            };
            if let Some(Place::Free(_)) = self.place(&id, None, moves)? {
                found.push((id, file));
            }
        }
        Ok(found)
    }

    /// Where the ticket of that text is to be, which may not keep its id. That depends on nothing
    /// that is changed of a ticket, so that two clones that settle one merge have it at one place,
    /// and what is said of it afterwards finds it. Nothing where the text is no ticket.
    fn place(&self, old: &TicketId, base: Option<&str>, text: &str) -> Result<Option<Place>> {
        let config = &self.project.config;
        let Ok(ticket) = format::parse_any(old, text, config) else {
            return Ok(None);
        };
        let origin = origin(&ticket);
        let here = self.tickets();
        for id in store::derived(old, &origin.each_ref().map(String::as_str)) {
            if self
                .moved
                .iter()
                .any(|moved| moved.new == id && moved.old != *old)
            {
                continue;
            }
            let there = here.read_text(&id)?;
            let is_here = there.is_some();
            let there = match there {
                Some(text) => Some(text),
                // In another working tree.
                None => self.project.store.read_text(&id)?,
            };
            let Some(there) = there else {
                return Ok(Some(Place::Free(id)));
            };
            let is_another = || match merge_ticket(&id, base, text, &there, config) {
                Merged::TwoTickets { .. } => true,
                Merged::Clean(_) | Merged::Conflict { .. } => false,
            };
            match format::parse_any(&id, &there, config) {
                Ok(other) if self::origin(&other) != origin || is_another() => {}
                Ok(_) if is_here => return Ok(Some(Place::There(id))),
                Ok(_) => return Ok(Some(Place::Free(id))),
                Err(_) => return Ok(Some(Place::Unreadable(id))),
            }
        }
        Ok(None)
    }

    /// Puts what a side says of the ticket where that is now; or why not.
    pub(super) fn put_apart(
        &mut self,
        apart: &Apart,
        base: Option<&str>,
        text: &str,
    ) -> Result<std::result::Result<(), String>> {
        let new = &apart.new;
        let path = TicksPath::of_ticket(new);
        let mut text = text.to_owned();
        if let Some(there) = self.tickets().read_text(new)? {
            let (ours, theirs) = match apart.side {
                Choice::Ours => (&text, &there),
                Choice::Theirs => (&there, &text),
            };
            let merged = merge_ticket(new, base, ours, theirs, &self.project.config);
            let asked = match merged {
                Merged::Clean(text) => Ok(text),
                Merged::Conflict {
                    text,
                    keys,
                    choices,
                } => {
                    let sides = [ours.clone(), theirs.clone()];
                    let sides = sides.each_ref().map(String::as_str);
                    let asked = match is_told(&text, sides) {
                        true => self.ask(new, &text, keys, sides[0])?,
                        false => self.ask_at_once(new, text, keys, &choices)?,
                    };
                    match asked {
                        Fate::Text(text, _) => Ok(text),
                        Fate::Open { message, .. } => Err(message),
                        Fate::Gone | Fate::Stays => Err("nothing was chosen".to_owned()),
                    }
                }
                Merged::TwoTickets { .. } => Err("it is another ticket".to_owned()),
            };
            match asked {
                Ok(merged) => text = merged,
                Err(why) => return Ok(Err(format!("`{new}`: {why}"))),
            }
            self.seen.push((self.root.join(&path), there.into_bytes()));
        }
        self.followed.insert(path.clone());
        self.written.push((path.clone(), text));
        self.settled.push(path);
        Ok(Ok(()))
    }

    /// References to a ticket that has another id now follow it, where they are of its side.
    pub(super) fn follow(&mut self) -> Result<()> {
        if self.moved.is_empty() {
            return Ok(());
        }
        let config = &self.project.config;
        let store = self.tickets();
        let commit_of_ours = self.commit_of(Choice::Ours)?;
        let commit_of_theirs = self.commit_of(Choice::Theirs)?;
        let settled: BTreeSet<TicksPath> = self.settled.iter().cloned().collect();
        for ticket in &store.load_all(config)?.tickets {
            let path = TicksPath::of_ticket(&ticket.id);
            let is_settled = settled.contains(&path);
            // What is left follows when it is settled.
            let is_left = self.unmerged.contains(&path) && !is_settled;
            if is_left || self.followed.contains(&path) {
                continue;
            }
            let mut after = ticket.clone();
            for moved in &self.moved {
                // Of those that moved before, all but what was left then has followed.
                if moved.before && !is_settled || !after.refers_to(&moved.old) {
                    continue;
                }
                // Under which keys a side names it: each is of that side by itself.
                let on = |commit: Option<CommitId>| -> Result<Option<BTreeSet<&str>>> {
                    let Some(commit) = commit else {
                        return Ok(None);
                    };
                    let bytes = self.git.file_at(commit, &path)?;
                    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                    let side =
                        text.and_then(|text| format::parse_any(&ticket.id, &text, config).ok());
                    let edges = side.iter().flat_map(|side| side.references());
                    let named = edges.filter(|(_, id)| **id == moved.old);
                    Ok(Some(named.map(|(key, _)| key).collect()))
                };
                let ours = on(commit_of_ours)?.unwrap_or_default();
                let told = on(commit_of_theirs)?;
                let mut is_guessed = false;
                for (key, edge) in after.edges_mut() {
                    let ours = ours.contains(key);
                    // Where git has no name for what comes in, what ours has not is of theirs; what
                    // ours has may be of both: that it waits once too often is seen, once too few
                    // is not.
                    let theirs = told.as_ref().is_none_or(|keys| keys.contains(key));
                    let (here, there) = match moved.side {
                        Choice::Ours => (ours, theirs),
                        Choice::Theirs => (theirs, ours),
                    };
                    if here {
                        let is_guess = told.is_none() && ours;
                        // Where there can be but one, it is that of ours.
                        let stays = there && !(is_guess && moved.side == Choice::Ours);
                        is_guessed |= rename(edge, moved, there, stays) && is_guess;
                    }
                }
                if is_guessed {
                    self.project.warn(format!(
                        "`{}` names both `{}` and `{}` now: git does not tell which of them \
                         theirs means",
                        ticket.id, moved.old, moved.new
                    ));
                }
            }
            if after != *ticket {
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

/// What tells a ticket from another to which the same id was given, however it is changed: when it
/// was made and by whom; its title where nobody knows when.
fn origin(ticket: &Ticket) -> [String; 2] {
    match ticket.created_at {
        Some(at) => {
            let by = ticket.created_by.clone();
            [at.to_string(), by.unwrap_or_default()]
        }
        None => [String::new(), ticket.title.clone()],
    }
}

/// Whose ticket gets another id where both gave one id: that of the one which was made later; of
/// two of one time, that of the greater text, whoever merges.
fn later(id: &TicketId, ours: &str, theirs: &str, config: &Config) -> Choice {
    let made = |text: &str| format::parse_any(id, text, config).ok()?.created_at;
    if (made(ours), ours) > (made(theirs), theirs) {
        Choice::Ours
    } else {
        Choice::Theirs
    }
}

/// The text of one side with its references to what moved on that side; or why that cannot be
/// written into it.
pub(super) fn renamed(
    id: &TicketId,
    text: &str,
    moved: &[Moved],
    side: Choice,
    config: &Config,
) -> std::result::Result<String, String> {
    let Ok(ticket) = format::parse_any(id, text, config) else {
        return Ok(text.to_owned());
    };
    let mut after = ticket.clone();
    for moved in moved.iter().filter(|moved| moved.side == side) {
        for (_, edge) in after.edges_mut() {
            rename(edge, moved, false, false);
        }
    }
    if after == ticket {
        return Ok(text.to_owned());
    }
    format::edit(text, &ticket, &after)
        .map_err(|error| format!("its references cannot be changed: {error}"))
}

/// Has a reference to the old id lead to the new one; where the other side had one too (`both`), to
/// both. Where there can be but one, it `stays` or not. Whether it leads to both now.
fn rename(edge: Edge<'_>, moved: &Moved, both: bool, stays: bool) -> bool {
    match edge {
        Edge::Several(ids) if ids.contains(&moved.old) => {
            ids.insert(moved.new.clone());
            if !both {
                ids.remove(&moved.old);
            }
            return both;
        }
        Edge::Single(id) if !stays && id.as_ref() == Some(&moved.old) => {
            *id = Some(moved.new.clone());
        }
        _ => {}
    }
    false
}
