//! The tickets of a run that hold between clones, where `[run] claims = "remote"` says so:
//! taken before a worker is started, renewed while it works, made sure of before anything
//! lands, given back in the end.
//!
//! The run's id is the holding, so a runner that takes over from a killed one holds what that
//! one held. A renewal is a compare-and-swap: that it succeeds is how it is known that nobody
//! has taken the ticket since.
//!
//! What is taken is noted before it is there, and until it has been given back: what cannot be
//! given back because the remote is away is known to `tk sync`, `tk doctor` and the next run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use super::desk::Msg;
use super::job::Job;
use super::shared::Shared;
use super::tickets;
use super::trouble::{Trouble, blocking};
use crate::context::Context;
use crate::model::{Config, TicketId};
use crate::ops::kept::to_tell;
use crate::ops::left_there::{self, Taken};
use crate::ops::{self, Project, RemoteClaims, Standing, Wish};
use crate::store::{ClaimState, Holding, Kept, RemoteHold, Store, Taking};
use crate::wire::EventKind;

/// How long a claim on the remote holds without being renewed.
const LEASE: Duration = Duration::from_secs(2 * 60 * 60);

/// A lease is renewed when this part of it is over.
const PART: u32 = 4;

/// How often the remote is tried before a ticket begins or lands, and how long it waits before
/// the second time; then twice as long.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// What a run holds on a remote.
#[derive(Debug)]
pub(super) struct Remote {
    claims: RemoteClaims,
    lease: Duration,
    held: Mutex<BTreeMap<TicketId, Held>>,
}

#[derive(Debug)]
struct Held {
    hold: RemoteHold,
    /// The note of it, which is nobody else's to give back as long as that is kept.
    _taking: Option<Taking>,
    /// Why it is not the run's any more.
    lost: Option<Lost>,
}

/// Why nothing of a ticket may land.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    /// In words.
    pub why: String,
    /// Whether another has it, or had; else it is only that nobody can tell.
    pub is_taken: bool,
}

impl Lost {
    fn taken(theirs: Option<&RemoteHold>) -> Self {
        let why = taken(theirs);
        let is_taken = true;
        Self { why, is_taken }
    }

    /// Nobody can tell whose it is.
    pub(super) fn untold(reason: &str) -> Self {
        Self::unknown(format!(
            "nobody can tell whether the ticket is still the run's: {reason}"
        ))
    }

    fn unknown(why: String) -> Self {
        let is_taken = false;
        Self { why, is_taken }
    }
}

impl Remote {
    /// Nothing yet; none at all where claims are local.
    ///
    /// # Errors
    /// When there is no remote.
    pub(super) fn new(
        ctx: &Context,
        project: &Project,
        config: &Config,
    ) -> ops::Result<Option<Self>> {
        if !config.run.remote_claims {
            return Ok(None);
        }
        let lease = ctx.var("TK_TEST_LEASE").and_then(|text| text.parse().ok());
        Ok(Some(Self {
            claims: RemoteClaims::choose(project, None)?,
            lease: lease.map_or(LEASE, Duration::from_millis),
            held: Mutex::default(),
        }))
    }

    /// How the ticket is held there.
    pub(super) fn hold_of(&self, id: &TicketId) -> Option<RemoteHold> {
        self.held().get(id).map(|held| held.hold.clone())
    }

    /// Why the ticket is not the run's any more, if it was.
    pub(super) fn lost(&self, id: &TicketId) -> Option<Lost> {
        self.held().get(id).and_then(|held| held.lost.clone())
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<TicketId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn until(&self, now: Timestamp) -> Timestamp {
        let lease = SignedDuration::try_from(self.lease).unwrap_or(SignedDuration::ZERO);
        now.checked_add(lease).unwrap_or(Timestamp::MAX)
    }

    fn lose(&self, id: &TicketId, lost: &Lost) {
        if let Some(held) = self.held().get_mut(id) {
            held.lost.get_or_insert_with(|| lost.clone());
        }
    }
}

/// Takes the job's ticket there; why that cannot be, if so.
pub(super) async fn take(shared: &Arc<Shared>, job: &Arc<Job>) -> Result<Option<String>, Trouble> {
    if shared.remote.is_none() {
        return Ok(None);
    }
    let answer = patiently(shared, job, |shared, remote, job| {
        let (actor, now) = (tickets::actor(job), shared.ctx.now());
        let wish = Wish {
            ticket: &job.ticket.id,
            actor: &actor,
            until: remote.until(now),
            now,
            holding: shared.run.clone(),
        };
        take_now(shared, remote, &wish)
    });
    Ok(match answer.await? {
        Ok(Standing::Ours(_)) => None,
        Ok(Standing::Theirs(theirs)) => Some(works_at_it(theirs.as_ref())),
        Err(why) => Some(format!("it cannot be claimed: {why}")),
    })
}

/// Takes the ticket there, after what an earlier run or command has left of it was given back.
fn take_now(shared: &Shared, remote: &Remote, wish: &Wish<'_>) -> ops::Result<Standing> {
    // What this run itself has left is its own still.
    let is_left = |left: &Holding| {
        left.remote == remote.claims.remote()
            && left.ticket == *wish.ticket
            && left.holding != wish.holding
    };
    let (store, told) = (&shared.store, |_: &TicketId, _: &str| None);
    let (_, kept) = left_there::give_back_those(store, wish.now, &remote.claims, is_left, told)?;
    if let Some(error) = kept.into_iter().next() {
        return Err(error);
    }
    let taken = Taken::new(&shared.store, &remote.claims, wish);
    let standing = remote.claims.take(wish, None, &|| taken.begin())?;
    match &standing {
        Standing::Ours(hold) => {
            let held = Held {
                hold: hold.clone(),
                _taking: taken.keep()?,
                lost: None,
            };
            remote.held().insert(wish.ticket.clone(), held);
        }
        Standing::Theirs(_) => shared.store.forget_holding(wish.ticket, &wish.holding)?,
    }
    Ok(standing)
}

/// Makes sure, right before it lands, that the ticket is still the run's; why it is not, if so.
pub(super) async fn ensure(shared: &Arc<Shared>, job: &Arc<Job>) -> Result<Option<Lost>, Trouble> {
    let Some(remote) = &shared.remote else {
        return Ok(None);
    };
    let id = &job.ticket.id;
    if let Some(lost) = remote.lost(id) {
        return Ok(Some(lost));
    }
    let answer = patiently(shared, job, |shared, remote, job| {
        renew_now(shared, remote, &job.ticket.id)
    });
    let lost = match answer.await? {
        Ok(Standing::Ours(_)) => return Ok(None),
        Ok(Standing::Theirs(theirs)) => Lost::taken(theirs.as_ref()),
        Err(why) => Lost::untold(&why),
    };
    remote.lose(id, &lost);
    Ok(Some(lost))
}

/// Renews what is held, as long as the run lasts.
pub(super) async fn keep(shared: Arc<Shared>, line: mpsc::UnboundedSender<Msg>) {
    let Some(remote) = &shared.remote else {
        return;
    };
    loop {
        tokio::time::sleep(remote.lease / PART).await;
        let ids: Vec<TicketId> = remote.held().keys().cloned().collect();
        for id in ids.into_iter().filter(|id| remote.lost(id).is_none()) {
            let (of, ticket) = (Arc::clone(&shared), id.clone());
            let renewed = blocking(move || -> Result<_, Trouble> {
                let Some(remote) = &of.remote else {
                    return Ok(Ok(None));
                };
                Ok(match renew_now(&of, remote, &ticket) {
                    Ok(standing) => {
                        note(&of, &ticket, &standing)?;
                        Ok(Some(standing))
                    }
                    Err(error) => Err(error.to_string()),
                })
            });
            let lost = match renewed.await {
                Ok(Ok(Some(Standing::Theirs(theirs)))) => Some(Lost::taken(theirs.as_ref())),
                Ok(Ok(_)) => None,
                Ok(Err(why)) => run_out(&shared, remote, &id, &why),
                Err(trouble) => run_out(&shared, remote, &id, &trouble.to_string()),
            };
            // It may have ended meanwhile, and been given back.
            if let Some(lost) = lost
                && remote.hold_of(&id).is_some()
            {
                remote.lose(&id, &lost);
                // Nobody listens any more when the run is over.
                let _over = line.send(Msg::Lost { ticket: id });
            }
        }
    }
}

/// Gives the ticket back there, if it was taken; what is to be told of that.
pub(super) async fn give_back(shared: &Arc<Shared>, job: &Arc<Job>) -> Option<EventKind> {
    let remote = shared.remote.as_ref()?;
    let held = remote.held().remove(&job.ticket.id)?;
    let (of, hold) = (Arc::clone(shared), held.hold.clone());
    let given = blocking(move || -> Result<_, Trouble> {
        let Some(remote) = &of.remote else {
            return Ok(Ok(None));
        };
        let (kept, untold) = match kept(&of, &hold) {
            Ok(kept) => (kept, None),
            Err(untold) => (None, Some(untold)),
        };
        let given = remote.claims.give_back(&hold, kept);
        settle_note(&of.store, &hold, given.is_ok());
        Ok(given.map_err(|error| error.to_string()).map(|_| untold))
    });
    let why = match given.await {
        Ok(Ok(untold)) => return untold.map(|text| EventKind::Warning { text }),
        Ok(Err(why)) => why,
        Err(trouble) => trouble.to_string(),
    };
    let (name, until) = (remote.claims.remote(), held.hold.claim.lease_until);
    let text = format!(
        "it stays held on `{name}` until {until}, or till `tk sync` gives it back there: {why}"
    );
    Some(EventKind::Warning { text })
}

/// Gives back there what a killed runner had taken, of the tickets that are not wanted; what is
/// to be told of that.
pub(super) fn give_back_left(
    project: &Project,
    holds: &[RemoteHold],
    is_unwanted: impl Fn(&TicketId) -> bool,
) -> Vec<String> {
    let unwanted = |hold: &&RemoteHold| hold.claim.ticket().is_some_and(|id| is_unwanted(&id));
    let given = holds.iter().filter(unwanted).map(|hold| {
        let claim = &hold.claim;
        let kept = || project.to_tell(&claim.ticket()?, &hold.remote, &claim.actor);
        let given = RemoteClaims::of_hold(project, hold);
        let given = given.and_then(|claims| claims.give_back(hold, kept()));
        settle_note(&project.store, hold, given.is_ok());
        let id = claim.ticket();
        let id = id.map_or_else(String::new, |id| id.to_string());
        match given {
            Ok(Standing::Ours(_)) => None,
            Ok(Standing::Theirs(theirs)) => Some(format!(
                "`{id}`: {}, while no runner renewed it: what is done here may be done there as well",
                taken(theirs.as_ref())
            )),
            Err(error) => Some(format!(
                "`{id}` stays held on `{}` until {}, or till `tk sync` gives it back there: {error}",
                hold.remote, claim.lease_until
            )),
        }
    });
    given.flatten().collect()
}

/// Gives back there what runners and commands have left, of the tickets that are not wanted: one
/// was killed when it had let go of them here. What is to be told of that.
pub(super) fn give_back_left_there(
    project: &Project,
    is_unwanted: impl Fn(&TicketId) -> bool,
) -> Vec<String> {
    if !project.config.run.remote_claims {
        return Vec::new();
    }
    let give_back = || -> ops::Result<()> {
        let mut left = project.store.left_there()?;
        left.retain(|left| is_unwanted(&left.ticket));
        for left in left {
            let (ticket, holding) = (&left.ticket, &left.holding);
            let remote = RemoteClaims::of_holding(project, &left.remote, ticket, holding)?;
            left_there::give_back(project, &remote, Some(ticket))?;
        }
        Ok(())
    };
    let failed = give_back().err();
    let told = failed.map(|error| format!("`tk sync` gives back what was left there: {error}"));
    told.into_iter().collect()
}

/// What became of the ticket, which others do not know yet; or that nobody can be told.
fn kept(shared: &Shared, hold: &RemoteHold) -> Result<Option<Kept>, String> {
    let Some(id) = hold.claim.ticket() else {
        return Ok(None);
    };
    let stored = shared
        .tracker
        .at(&id, |store| store.read(&id, &shared.config));
    to_tell(&id, &hold.remote, &hold.claim.actor, stored)
}

/// Forgets the note of what was given back; of what was not, notes until when it is held.
fn settle_note(store: &Store, hold: &RemoteHold, given: bool) {
    let Some(ticket) = hold.claim.ticket() else {
        return;
    };
    let holding = hold.claim.holding.clone();
    // For want of the note nothing fails: the lease runs out.
    let _ = match given {
        true => store.forget_holding(&ticket, &holding),
        false => store
            .begin_taking(&Holding {
                ticket,
                holding,
                remote: hold.remote.clone(),
                lease_until: hold.claim.lease_until,
            })
            .map(drop),
    };
}

/// Asks the remote, and again where it cannot be reached; notes what it answers.
async fn patiently(
    shared: &Arc<Shared>,
    job: &Arc<Job>,
    ask: fn(&Shared, &Remote, &Job) -> ops::Result<Standing>,
) -> Result<Result<Standing, String>, Trouble> {
    let mut tries = 0;
    loop {
        let (of, about) = (Arc::clone(shared), Arc::clone(job));
        let answer = blocking(move || -> Result<_, Trouble> {
            let Some(remote) = &of.remote else {
                return Ok(Ok(Standing::Theirs(None)));
            };
            Ok(match ask(&of, remote, &about) {
                Ok(standing) => {
                    note(&of, &about.ticket.id, &standing)?;
                    Ok(standing)
                }
                Err(error) => Err(error.to_string()),
            })
        });
        match answer.await? {
            Err(_) if tries + 1 < TRIES => {
                tokio::time::sleep(PAUSE * 2_u32.pow(tries)).await;
                tries += 1;
            }
            answer => return Ok(answer),
        }
    }
}

fn renew_now(shared: &Shared, remote: &Remote, id: &TicketId) -> ops::Result<Standing> {
    match remote.hold_of(id) {
        Some(hold) => remote.claims.renew(&hold, remote.until(shared.ctx.now())),
        None => Ok(Standing::Theirs(None)),
    }
}

/// Notes how the ticket stands: in the run, and for the other commands of this clone.
fn note(shared: &Shared, id: &TicketId, standing: &Standing) -> Result<(), Trouble> {
    let locked = shared.store.lock()?;
    match standing {
        Standing::Ours(hold) => {
            locked.see_elsewhere(id, None)?;
            locked.note_renewal(id, hold)?;
            // It may have been given back meanwhile.
            if let Some(remote) = &shared.remote
                && let Some(held) = remote.held().get_mut(id)
            {
                held.hold = hold.clone();
            }
        }
        Standing::Theirs(theirs) => locked.see_elsewhere(id, theirs.clone())?,
    }
    Ok(())
}

/// Why a lease that cannot be renewed ends the work, if it has run out.
fn run_out(shared: &Shared, remote: &Remote, id: &TicketId, why: &str) -> Option<Lost> {
    let until = remote.hold_of(id)?.claim.lease_until;
    let name = remote.claims.remote();
    let over = shared.ctx.now() >= until;
    over.then(|| {
        Lost::unknown(format!(
            "its claim on `{name}` ran out at {until} and was not renewed: {why}"
        ))
    })
}

fn works_at_it(theirs: Option<&RemoteHold>) -> String {
    if let Some(kept) = theirs.and_then(|hold| hold.claim.kept.as_ref()) {
        return format!("it was {kept}: fetch and merge that");
    }
    let by = theirs.map_or("another clone", |hold| hold.claim.actor.as_str());
    format!("{by} works at it in another clone")
}

fn taken(theirs: Option<&RemoteHold>) -> String {
    match theirs {
        Some(hold) if hold.claim.state == ClaimState::Held => {
            let (by, number) = (&hold.claim.actor, hold.claim.number);
            format!("{by} has taken the ticket in another clone (number {number})")
        }
        _ => "the run's claim of the ticket was taken away".to_owned(),
    }
}
