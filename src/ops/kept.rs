//! What became of tickets in the clone that has let go of them on a remote: what is told of it
//! there, whether another clone knows it by now, and that it is so no longer.

use super::remote_claims::RemoteClaims;
use super::values::printable;
use super::{Project, Result};
use crate::git::{CommitId, Git};
use crate::model::{Config, NoteKind, Outcome, RunRecord, TicketId};
use crate::store::{Claim, Kept, Locked, RemoteClaim, RemoteHold, Store, StoreError, Stored};

/// Whether this clone knows what became of tickets in others.
#[derive(Clone, Debug)]
pub(crate) struct Arrivals {
    git: Git,
    store: Store,
    config: Config,
}

impl Arrivals {
    pub(crate) fn of(project: &Project) -> Self {
        let git = project.repo.home_git();
        Self::new(git, project.store.clone(), project.config.clone())
    }

    pub(crate) const fn new(git: Git, store: Store, config: Config) -> Self {
        Self { git, store, config }
    }

    /// Whether what the claim says became of the ticket, if it says that, is no news here.
    ///
    /// # Errors
    /// As [`Arrivals::untold`].
    pub(crate) fn knows(&self, ticket: &TicketId, claim: &RemoteClaim) -> Result<bool> {
        Ok(claim.kept.is_none()
            || self.is_told(ticket, claim, self.git.commit_of("HEAD")?, None)?)
    }

    /// What became of the ticket in another clone, which this one has yet to be told of by git: it
    /// is nobody's to begin again here. Noted with it is in which history that is not.
    ///
    /// # Errors
    /// When git fails, or what this clone itself keeps cannot be read.
    pub(crate) fn untold(&self, hold: &RemoteHold) -> Result<Option<RemoteHold>> {
        let (Some(_), Some(ticket)) = (&hold.claim.kept, hold.claim.ticket()) else {
            return Ok(None);
        };
        let head = self.git.commit_of("HEAD")?;
        let is_told = self.is_told(&ticket, &hold.claim, head, hold.without.as_deref())?;
        Ok((!is_told).then(|| RemoteHold {
            without: head.map(|head| head.to_string()),
            ..hold.clone()
        }))
    }

    /// That it was closed is in the ticket's file, or in the history of that, which has been looked
    /// at up to `without`; that it awaits a person, in the file itself.
    fn is_told(
        &self,
        ticket: &TicketId,
        claim: &RemoteClaim,
        head: Option<CommitId>,
        without: Option<&str>,
    ) -> Result<bool> {
        let Some(kept) = &claim.kept else {
            return Ok(true);
        };
        if let Some((holding, _)) = self.store.keeps(ticket)?
            && holding == claim.holding
        {
            return Ok(true);
        }
        let stored = match self.store.has(ticket) {
            true => Some(self.store.read(ticket, &self.config)?.ticket),
            false => None,
        };
        Ok(match (kept.closed_at, stored) {
            (Some(at), Some(ticket)) if ticket.closed_at == Some(at) => true,
            (Some(_), _) => match head {
                Some(head) => self.has_stood(ticket, kept, &head.to_string(), without)?,
                None => false,
            },
            // The record of the run stays, whatever people decide.
            (None, Some(ticket)) => {
                let is_it = |run: &RunRecord| {
                    let outcome = run.outcome;
                    run.run == claim.holding
                        && matches!(outcome, Some(Outcome::Awaiting | Outcome::Landed))
                };
                let questions = ticket.notes.iter();
                let mut questions = questions.filter(|note| note.kind == NoteKind::Question);
                let was_asked = kept.asked_at.is_some()
                    && questions.any(|question| question.at == kept.asked_at);
                ticket.awaiting.is_some() || ticket.runs.iter().any(is_it) || was_asked
            }
            (None, None) => false,
        })
    }

    /// Whether that closing of the ticket is in the history of that, which has been looked at up to
    /// `without`.
    fn has_stood(
        &self,
        ticket: &TicketId,
        kept: &Kept,
        tip: &str,
        without: Option<&str>,
    ) -> Result<bool> {
        let Some(at) = kept.closed_at else {
            return Ok(false);
        };
        let (text, file) = (format!("closed_at = {at}"), self.store.ticket_path(ticket));
        let without = without.and_then(|it| CommitId::parse(it).ok());
        Ok(self.git.has_stood(&text, &file, tip, without)?)
    }

    /// Whether all that speaks against taking the ticket is what was noted of another clone, and is
    /// no news here by now: that is noted.
    ///
    /// # Errors
    /// As [`Arrivals::untold`]; or when it cannot be noted.
    pub(crate) fn has_come(&self, locked: &Locked<'_>, against: &Claim) -> Result<bool> {
        let seen = against.remote.as_deref();
        let Some(seen) = seen.filter(|seen| seen.claim.kept.is_some()) else {
            return Ok(false);
        };
        let untold = self.untold(seen)?;
        if let Some(ticket) = seen.claim.ticket()
            && untold.as_ref() != Some(seen)
        {
            match untold.clone() {
                Some(hold) => locked.see_elsewhere(&ticket, Some(hold))?,
                None => locked.forget_elsewhere(&ticket, &seen.remote)?,
            }
        }
        Ok(untold.is_none())
    }
}

/// What others are to be told of the ticket that the holding on a remote is let go of.
///
/// # Errors
/// When it is gone or cannot be read: what nobody can be told then.
pub(crate) fn to_tell(
    ticket: &TicketId,
    remote: &str,
    actor: &str,
    stored: std::result::Result<Stored, StoreError>,
) -> std::result::Result<Option<Kept>, String> {
    let remote = printable(remote);
    match stored {
        Ok(stored) => Ok(Kept::of(&stored.ticket, actor)),
        Err(StoreError::NotFound(_)) => Err(format!(
            "`{ticket}` is gone here, which is not told on `{remote}`: other clones may begin it \
             until they have merged that"
        )),
        Err(error) => Err(format!(
            "what became of `{ticket}` is not told on `{remote}`, and other clones may begin it: \
             {error}"
        )),
    }
}

impl Project {
    /// What other clones hold, as far as that is known, and what became of tickets there that is
    /// news here; of those that are `open` here.
    pub(crate) fn elsewhere(
        &self,
        is_open: impl Fn(&TicketId) -> bool,
    ) -> Result<Vec<(TicketId, RemoteHold)>> {
        let arrivals = Arrivals::of(self);
        let mut all = Vec::new();
        for (id, holds) in self.store.held_elsewhere(self.now)? {
            let untold = |hold: &RemoteHold| {
                arrivals.untold(hold).map_or_else(
                    |error| {
                        self.warn(error.message);
                        true
                    },
                    |untold| untold.is_some(),
                )
            };
            let is_news =
                |hold: &RemoteHold| hold.claim.kept.is_none() || is_open(&id) && untold(hold);
            if let Some(hold) = holds.into_iter().find(is_news) {
                all.push((id, hold));
            }
        }
        Ok(all)
    }

    /// What others are to be told of the ticket that is let go of there; where that cannot be told,
    /// it is warned of.
    pub(crate) fn to_tell(&self, ticket: &TicketId, remote: &str, actor: &str) -> Option<Kept> {
        let stored = self.store.read(ticket, &self.config);
        let told = to_tell(ticket, remote, actor, stored);
        told.unwrap_or_else(|untold| {
            self.warn(untold);
            None
        })
    }

    /// Others are told at the end of the command that the ticket is open again, which this clone
    /// has closed, if they were told that.
    pub(super) fn owe_reopening(&self, ticket: &TicketId) {
        self.reopened.borrow_mut().push(ticket.clone());
    }

    /// Tells on the remotes what was opened again, of what others were told that it is closed.
    pub(super) fn tell_reopened(&self) {
        for ticket in self.reopened.take() {
            if let Err(error) = self.reopen_there(&ticket) {
                self.warn(format!(
                    "for other clones `{ticket}` is still closed: {error}"
                ));
                self.hint("`tk sync` tells them that it is open again");
            }
        }
    }

    fn reopen_there(&self, ticket: &TicketId) -> Result<()> {
        let Some((holding, remote)) = self.store.keeps(ticket)? else {
            return Ok(());
        };
        let remote = RemoteClaims::of_holding(self, &remote, ticket, &holding)?;
        remote.take_back_closing(ticket, &holding)?;
        Ok(self.store.forget_kept(ticket, &holding)?)
    }
}

/// A note that this clone keeps what became of a ticket.
pub(super) struct Note {
    ticket: TicketId,
    holding: String,
    remote: String,
}

/// The notes of what this clone keeps, as they are before the remote is looked at.
pub(super) fn notes(project: &Project) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    for ticket in project.store.all_kept()? {
        if let Some((holding, remote)) = project.store.keeps(&ticket)? {
            notes.push(Note {
                ticket,
                holding,
                remote,
            });
        }
    }
    Ok(notes)
}

/// Settles what this clone keeps with what is there on the remote: what is open again here, and was
/// never committed as closed, is open for others, too; these are returned. What the remote knows
/// no more, and what everybody can fetch from where this branch is merged from, is kept no longer.
///
/// # Errors
/// When git fails, the remote does not take it, or a note cannot be removed.
pub(super) fn settle(
    project: &Project,
    remote: &RemoteClaims,
    notes: &[Note],
    there: &[RemoteHold],
) -> Result<Vec<TicketId>> {
    let remotes = project.repo.home_git().remotes()?;
    let (store, arrivals) = (&project.store, Arrivals::of(project));
    let mut reopened = Vec::new();
    for note in notes {
        let is_named = note.remote == remote.remote();
        let mut found = there.iter().map(|hold| &hold.claim);
        let found = found.find(|it| it.ticket().as_ref() == Some(&note.ticket));
        let Some(claim) = found.filter(|it| it.holding == note.holding) else {
            if is_named {
                store.forget_kept(&note.ticket, &note.holding)?;
            }
            continue;
        };
        // Of what is held there still it was not told yet; under a name that no remote has any
        // more, it may be this one.
        let (Some(kept), true) = (&claim.kept, is_named || !remotes.contains(&note.remote)) else {
            continue;
        };
        let stored = store.read(&note.ticket, &project.config);
        let is_open = stored.is_ok_and(|it| !project.config.statuses.is_done(&it.ticket.status));
        let stands = |tip: &str| arrivals.has_stood(&note.ticket, kept, tip, None);
        let is_over = match is_open {
            true if kept.closed_at.is_none() || stands("--all")? => false,
            true => {
                remote.take_back_closing(&note.ticket, &note.holding)?;
                reopened.push(note.ticket.clone());
                true
            }
            false => stands("@{upstream}")?,
        };
        if is_over {
            store.forget_kept(&note.ticket, &note.holding)?;
        }
    }
    Ok(reopened)
}
