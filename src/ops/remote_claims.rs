//! Claims that hold between clones: taken, renewed and given back on a git remote.
//!
//! The remote's reference is moved by compare-and-swap from what was seen to what is wanted, so
//! of many who want it at once one gets it. A holding is known by a random word, not by its
//! actor, who may be in two clones. What is let go of stays there as a record: it knows the
//! fencing number, which tells a holding from every one before it.

mod which;

use std::cell::Cell;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::kept::Arrivals;
use super::values::printable;
use super::{Error, ErrorCode, Result};
use crate::git::{ClaimRef, ClaimRefs, CommitId, GitError};
use crate::model::{Actor, TicketId};
use crate::store::{ClaimState, Holding, Kept, RemoteClaim, RemoteHold, Store};
use crate::wire::UnreadableClaim;

/// How often something is tried while others are at the same reference.
const TRIES: u32 = 7;

/// How long it waits before the second try, where nothing has changed; then twice as long each
/// time.
const PAUSE: Duration = Duration::from_millis(25);

/// What a remote says of a push that another one came before.
const CONTENDED: &[&str] = &[
    "stale info",
    "lock",
    "failed to update",
    "already exists",
    "old value",
    "but expected",
    "fetch first",
];

/// What it says of one that it does not allow.
const FORBIDDEN: &[&str] = &[
    "declined",
    "denied",
    "deny",
    "prohibited",
    "not allowed",
    "protected",
    "hidden",
    "refusing",
];

/// In the context of an error: the remote has answered, and what was to be there is not.
const REFUSED: &str = "refused";

/// In the context of an error: the remote has not answered.
pub(crate) const AWAY: &str = "away";

/// In the context of an error: this clone has no such remote any more.
pub(super) const GONE: &str = "gone";

/// The claims on a remote.
#[derive(Clone, Debug)]
pub struct RemoteClaims {
    refs: ClaimRefs,
    arrivals: Arrivals,
    store: Store,
}

/// Who wants to hold a ticket, and until when.
#[derive(Clone, Debug)]
pub struct Wish<'w> {
    /// The ticket.
    pub ticket: &'w TicketId,
    /// Who.
    pub actor: &'w Actor,
    /// Until when.
    pub until: Timestamp,
    /// The time now.
    pub now: Timestamp,
    /// What a new holding is called: nobody else's is, ever.
    pub holding: String,
}

/// How a ticket stands on the remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is held here.
    Ours(RemoteHold),
    /// It is not: another holds it, or let go of it, or nothing is there.
    Theirs(Option<RemoteHold>),
}

/// What is there of a ticket.
type Seen = Option<(CommitId, RemoteClaim)>;

impl RemoteClaims {
    /// The remote's name.
    #[must_use]
    pub fn remote(&self) -> &str {
        self.refs.remote()
    }

    /// Takes the ticket, if nobody else holds it; renews `own`, if that still is what is there.
    /// Before a new holding can be there, `beforehand` is called; where the remote then refuses it,
    /// this clone notes nothing of it any more.
    ///
    /// # Errors
    /// When the remote cannot be reached, does not take it, or has something there that cannot
    /// be read; or when `beforehand` fails.
    pub fn take(
        &self,
        wish: &Wish<'_>,
        own: Option<&RemoteHold>,
        beforehand: &dyn Fn() -> Result<()>,
    ) -> Result<Standing> {
        let fresh = &wish.holding;
        let known = own.map(|own| own.claim.holding.as_str());
        let is_begun = Cell::new(false);
        let standing = self.swap(wish.ticket, None, |seen| {
            let is_own = |claim: &RemoteClaim| {
                claim.holding == *fresh || Some(claim.holding.as_str()) == known
            };
            let number = match seen {
                None => 1,
                Some(claim) if claim.holds(wish.now) && is_own(claim) => {
                    return Ok(Some(claim.until(wish.until)));
                }
                Some(claim)
                    if claim.holds(wish.now) || !self.arrivals.knows(wish.ticket, claim)? =>
                {
                    return Ok(None);
                }
                Some(claim) => claim.next_number().ok_or_else(|| {
                    let message = format!("`{}` has no fencing number left", wish.ticket);
                    Error::new(ErrorCode::Git, message)
                })?,
            };
            let (ticket, actor, until) = (wish.ticket, wish.actor, wish.until);
            let claim = RemoteClaim::new(ticket, actor, until, number, fresh);
            // What nobody could read nobody could take, ever.
            RemoteClaim::parse(ticket, &claim.text()).map_err(|why| {
                let message = format!("`{ticket}` cannot be claimed there: {why}");
                Error::new(ErrorCode::InvalidArgument, message)
            })?;
            is_begun.set(true);
            beforehand()?;
            Ok(Some(claim))
        });
        let is_refusal = |error: &Error| error.context.contains_key(REFUSED);
        if is_begun.get() && standing.as_ref().is_err_and(is_refusal) {
            self.store.forget_holding(wish.ticket, fresh)?;
        }
        Ok(match standing? {
            Standing::Theirs(Some(theirs)) => {
                let untold = self.arrivals.untold(&theirs)?;
                Standing::Theirs(Some(untold.unwrap_or(theirs)))
            }
            standing => standing,
        })
    }

    /// Takes back there that this clone has closed the ticket when it let go of that holding, if
    /// that is what is there.
    ///
    /// # Errors
    /// As [`RemoteClaims::take`].
    pub fn take_back_closing(&self, ticket: &TicketId, holding: &str) -> Result<()> {
        let is_it = |claim: &&RemoteClaim| {
            let closed_at = claim.kept.as_ref().and_then(|kept| kept.closed_at);
            claim.holding == holding && closed_at.is_some()
        };
        let standing = self.swap(ticket, None, |seen| {
            Ok(seen.filter(is_it).map(|claim| claim.released(None)))
        });
        standing.map(drop)
    }

    /// Lets go of the ticket there, whoever holds it, and also where what is there cannot be read
    /// as a claim; whether there was anything to be let go of.
    ///
    /// # Errors
    /// When the remote cannot be reached, or does not take it.
    pub fn clear(&self, ticket: &TicketId, actor: &Actor, now: Timestamp) -> Result<bool> {
        let found = self.refs.of(ticket);
        let Some(found) = found.map_err(|error| self.unreachable(&error))? else {
            return Ok(false);
        };
        if let Ok(claim) = read(ticket, &found) {
            let is_held = claim.holds(now) || claim.kept.is_some();
            self.give_back(&self.hold(found.object, claim), None)?;
            return Ok(is_held);
        }
        // The number that was there is not known; the seconds are more than anybody has counted.
        let number = u64::try_from(now.as_second()).unwrap_or_default().max(1);
        let claim = RemoteClaim::new(ticket, actor, now, number, "cleared").released(None);
        let put = self.refs.put(ticket, &claim.text(), Some(found.object));
        match put.map_err(|error| self.unreachable(&error))? {
            Ok(_) => Ok(true),
            Err(why) => Err(self.refused(ticket, &why)),
        }
    }

    /// Holds it until then, if it still is that holding, its lease over or not; so this is also
    /// how to make sure that it is.
    ///
    /// # Errors
    /// As [`RemoteClaims::take`].
    pub fn renew(&self, hold: &RemoteHold, until: Timestamp) -> Result<Standing> {
        let renewed = |claim: &RemoteClaim| claim.until(until.max(claim.lease_until));
        self.swap_own(hold, renewed)
    }

    /// As [`RemoteClaims::renew`], also where that makes the lease shorter.
    ///
    /// # Errors
    /// As [`RemoteClaims::take`].
    pub fn renew_exactly(&self, hold: &RemoteHold, until: Timestamp) -> Result<Standing> {
        self.swap_own(hold, |claim| claim.until(until))
    }

    /// Lets go of it there, if it still is that holding; else what is there instead. What became of
    /// the ticket here is told, if it is not anybody's to begin.
    ///
    /// # Errors
    /// As [`RemoteClaims::take`].
    pub fn give_back(&self, hold: &RemoteHold, kept: Option<Kept>) -> Result<Standing> {
        if let (Some(_), Some(ticket)) = (&kept, hold.claim.ticket()) {
            let holding = &hold.claim.holding;
            self.store.note_kept(&ticket, holding, self.remote())?;
        }
        self.swap_own(hold, |claim| claim.released(kept.clone()))
    }

    /// Lets go of it there, if that holding still is what is there; whether it was. Asked with its
    /// actor, `told` says what others are told of the ticket.
    ///
    /// # Errors
    /// As [`RemoteClaims::take`].
    pub fn give_back_left(
        &self,
        left: &Holding,
        told: impl Fn(&str) -> Option<Kept>,
    ) -> Result<bool> {
        let is_it =
            |claim: &&RemoteClaim| claim.holding == left.holding && claim.state == ClaimState::Held;
        let standing = self.swap(&left.ticket, None, |seen| {
            let Some(claim) = seen.filter(is_it) else {
                return Ok(None);
            };
            let kept = told(&claim.actor);
            if kept.is_some() {
                let (ticket, holding) = (&left.ticket, &left.holding);
                self.store.note_kept(ticket, holding, self.remote())?;
            }
            Ok(Some(claim.released(kept)))
        })?;
        Ok(matches!(standing, Standing::Ours(_)))
    }

    /// Every claim there is; with the names of what cannot be read as one, and why.
    ///
    /// # Errors
    /// When the remote cannot be reached.
    pub fn all(&self) -> Result<(Vec<RemoteHold>, Vec<UnreadableClaim>)> {
        let (mut holds, mut unreadable) = (Vec::new(), Vec::new());
        for found in self.refs.all().map_err(|error| self.unreachable(&error))? {
            let read = TicketId::parse(&found.name)
                .map_err(|_| "its name is no ticket's id".to_owned())
                .and_then(|id| read(&id, &found));
            match read {
                Ok(claim) => holds.push(self.hold(found.object, claim)),
                Err(why) => unreadable.push(UnreadableClaim {
                    reference: found.name,
                    why,
                }),
            }
        }
        Ok((holds, unreadable))
    }

    fn swap_own(
        &self,
        hold: &RemoteHold,
        to: impl Fn(&RemoteClaim) -> RemoteClaim,
    ) -> Result<Standing> {
        let (Some(ticket), Ok(commit)) = (hold.claim.ticket(), CommitId::parse(&hold.commit))
        else {
            return Ok(Standing::Theirs(None));
        };
        let known = (commit, hold.claim.clone());
        self.swap(&ticket, Some(known), |seen| {
            let own = seen.filter(|seen| {
                seen.holding == hold.claim.holding
                    && seen.number == hold.claim.number
                    && seen.state == hold.claim.state
            });
            Ok(own.map(&to))
        })
    }

    /// Puts what `wanted` makes of what is there in its place, until that succeeds or nothing is
    /// wanted any more. `known` is what was there last; what has just been looked at and is as it
    /// is wanted needs no push.
    fn swap(
        &self,
        ticket: &TicketId,
        known: Seen,
        wanted: impl Fn(Option<&RemoteClaim>) -> Result<Option<RemoteClaim>>,
    ) -> Result<Standing> {
        let mut is_fresh = known.is_none();
        let mut seen = match known {
            Some(known) => Some(known),
            None => self.look(ticket)?,
        };
        let mut tries = 0;
        loop {
            let commit = seen.as_ref().map(|(commit, _)| *commit);
            let Some(claim) = wanted(seen.as_ref().map(|(_, claim)| claim))? else {
                return Ok(Standing::Theirs(seen.map(|(at, it)| self.hold(at, it))));
            };
            if let Some((at, there)) = &seen
                && is_fresh
                && *there == claim
            {
                return Ok(Standing::Ours(self.hold(*at, claim)));
            }
            let put = self.refs.put(ticket, &claim.text(), commit);
            let why = match put {
                Ok(Ok(commit)) => return Ok(Standing::Ours(self.hold(commit, claim))),
                Ok(Err(why)) => why,
                Err(error) => return Err(self.unreachable(&error)),
            };
            (seen, is_fresh) = (self.look(ticket)?, true);
            match &seen {
                // It was taken, and the answer was lost.
                Some((at, it)) if *it == claim => {
                    return Ok(Standing::Ours(self.hold(*at, claim)));
                }
                now if now.as_ref().map(|(at, _)| *at) != commit => {}
                _ if !CONTENDED.iter().any(|word| why.contains(word)) => {
                    return Err(self.refused(ticket, &why));
                }
                _ => thread::sleep(PAUSE * 2_u32.pow(tries)),
            }
            tries += 1;
            if tries >= TRIES {
                return Err(self.refused(ticket, &why));
            }
        }
    }

    fn look(&self, ticket: &TicketId) -> Result<Seen> {
        let found = self.refs.of(ticket);
        let found = found.map_err(|error| self.unreachable(&error))?;
        let Some(found) = found else { return Ok(None) };
        let claim = read(ticket, &found).map_err(|why| {
            let remote = printable(self.remote());
            let message = format!("the claim of `{ticket}` on `{remote}` cannot be read: {why}");
            Error::new(ErrorCode::Git, message).hint(format!(
                "a newer `tk` may have written it; `tk release {ticket} --force --remote` lets \
                     go of it there all the same"
            ))
        })?;
        Ok(Some((found.object, claim)))
    }

    fn hold(&self, commit: CommitId, claim: RemoteClaim) -> RemoteHold {
        RemoteHold {
            remote: self.remote().to_owned(),
            commit: commit.to_string(),
            claim,
            without: None,
        }
    }

    fn unreachable(&self, error: &GitError) -> Error {
        let why = match error {
            GitError::Failed { stderr, .. } => stderr.replace('\n', " "),
            GitError::Timeout { limit, .. } => {
                format!("no answer within {:.0} s", limit.as_secs_f64())
            }
            other => other.to_string(),
        };
        let message = format!(
            "the claims on `{}` cannot be reached: {why}",
            printable(self.remote())
        );
        Error::new(ErrorCode::Git, message).with(AWAY, true)
    }

    fn refused(&self, ticket: &TicketId, why: &str) -> Error {
        let remote = printable(self.remote());
        let message = format!("`{remote}` does not take the claim of `{ticket}`: {why}");
        let error = Error::new(ErrorCode::Git, message).with(REFUSED, true);
        match FORBIDDEN.iter().any(|word| why.contains(word)) {
            true => error.hint(format!("`{remote}` has to allow pushes of `refs/tk/*`")),
            false => error,
        }
    }
}

fn read(ticket: &TicketId, found: &ClaimRef) -> std::result::Result<RemoteClaim, String> {
    let text = found.text.as_ref().map_err(Clone::clone)?;
    RemoteClaim::parse(ticket, text)
}
