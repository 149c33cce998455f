//! Landing in batches: finished tickets that wait for the integration worktree are merged
//! together and checked once; where that is red, halves of them are.
//!
//! Nothing lands that was not in a green tree, and nothing is sent back that was not red by
//! itself: whatever is tried alone goes the way of every single ticket.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{oneshot, watch};

use super::bisect::Bisect;
use super::desk::{Desk, Stop};
use super::gate::{self, Checked, Ear};
use super::ground;
use super::job::{Beginning, Job};
use super::jobs;
use super::landing::{self, Landing};
use super::remote;
use super::shared::Shared;
use super::tickets;
use super::trouble::{Trouble, blocking};
use super::workspace;
use crate::context::point::Point;
use crate::git::{Chain, CommitId, PendingMerge};
use crate::model::RunRecord;
use crate::wire::EventKind;

/// Who waits to be landed, in order.
#[derive(Debug, Default)]
pub(super) struct Queue(Mutex<VecDeque<Waiting>>);

/// A ticket that waits to be landed.
#[derive(Debug)]
struct Waiting {
    job: Arc<Job>,
    record: RunRecord,
    desk: Desk,
    stop: watch::Receiver<Stop>,
    reply: oneshot::Sender<Result<Landing, Trouble>>,
}

impl Waiting {
    fn is_stopped(&self) -> bool {
        *self.stop.borrow() >= Stop::Interrupt
    }

    fn answer(self, landing: Result<Landing, Trouble>) {
        // Whoever does not listen any more needs no answer.
        let _gone = self.reply.send(landing);
    }
}

impl Queue {
    fn put(&self, waiting: Waiting) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push_back(waiting);
    }

    fn take(&self, most: usize) -> VecDeque<Waiting> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = queue.len().min(most);
        queue.drain(..count).collect()
    }
}

/// What came of a try to land several at once.
enum Trial {
    Green,
    Red,
    /// One of them cannot be tried with those before it.
    Unfit(usize),
    Stopped,
}

/// A ticket that can be tried with others, and the tip of its branch.
struct Member {
    waiting: Waiting,
    tip: CommitId,
}

/// Lands a ticket, with others that wait for the same where there are some.
pub(super) async fn land(
    shared: &Arc<Shared>,
    job: &Arc<Job>,
    record: &RunRecord,
    desk: &Desk,
    stop: &watch::Receiver<Stop>,
) -> Result<Landing, Trouble> {
    let (reply, mut answer) = oneshot::channel();
    shared.queue.put(Waiting {
        job: Arc::clone(job),
        record: record.clone(),
        desk: desk.clone(),
        stop: stop.clone(),
        reply,
    });
    let gone = |_| Trouble::Io("whoever landed it together with others is gone".to_owned());
    let _one_at_a_time = tokio::select! {
        biased;
        landing = &mut answer => return landing.map_err(gone)?,
        guard = shared.lander.lock() => guard,
    };
    // The worktree is given in the order of the queue: who gets it and has no answer yet is
    // the first in it.
    if answer.is_empty() {
        lead(shared, shared.queue.take(shared.config.run.batch)).await;
    }
    answer.await.map_err(gone)?
}

/// Answers all of these.
async fn lead(shared: &Arc<Shared>, mut batch: VecDeque<Waiting>) {
    let mut alone = Vec::new();
    let mut together = VecDeque::new();
    if batch.len() > 1 {
        for waiting in batch.drain(..) {
            match ready(shared, &waiting).await {
                Ok(Some(tip)) => together.push_back(Member { waiting, tip }),
                // What is wrong with it is found again, and told, when it is landed alone.
                Ok(None) | Err(_) => alone.push(waiting),
            }
        }
    }
    alone.extend(batch);
    let mut plan = Bisect::new(together.len());
    loop {
        if answer_stopped(&mut together) {
            plan = Bisect::new(together.len());
        }
        let Some(size) = plan.next() else { break };
        if size == 1 {
            let Some(member) = together.pop_front() else {
                break;
            };
            if land_alone(shared, member.waiting).await {
                plan.green(1);
            } else {
                plan.red(1);
            }
            continue;
        }
        let trial = try_together(shared, &together.make_contiguous()[..size]).await;
        match trial {
            Ok((Trial::Green, commits)) => {
                plan.green(size);
                close(shared, together.drain(..size).zip(commits)).await;
            }
            Ok((Trial::Red, _)) => plan.red(size),
            Ok((Trial::Unfit(place), _)) => {
                plan.leave_out();
                let unfit = together.remove(place);
                alone.extend(unfit.map(|member| member.waiting));
            }
            Ok((Trial::Stopped, _)) if together.iter().any(|m| m.waiting.is_stopped()) => {}
            // Each meets by itself what was met together.
            Ok((Trial::Stopped, _)) | Err(_) => break,
        }
    }
    alone.extend(together.into_iter().map(|member| member.waiting));
    for waiting in alone {
        land_alone(shared, waiting).await;
    }
}

/// Answers those that are stopped; whether there were any.
fn answer_stopped(together: &mut VecDeque<Member>) -> bool {
    let before = together.len();
    for member in std::mem::take(together) {
        if member.waiting.is_stopped() {
            member.waiting.answer(Ok(Landing::Stopped));
        } else {
            together.push_back(member);
        }
    }
    together.len() < before
}

/// Whether it landed.
async fn land_alone(shared: &Arc<Shared>, mut waiting: Waiting) -> bool {
    let landing = if waiting.is_stopped() {
        Ok(Landing::Stopped)
    } else {
        let Waiting {
            job,
            record,
            desk,
            stop,
            ..
        } = &mut waiting;
        landing::land_where_it_can(shared, job, record, desk, stop).await
    };
    let landed = matches!(landing, Ok(Landing::Landed));
    waiting.answer(landing);
    landed
}

/// The tip of its branch, where it may land with others.
async fn ready(shared: &Arc<Shared>, waiting: &Waiting) -> Result<Option<CommitId>, Trouble> {
    let job = &waiting.job;
    // Where there may be nothing to merge, there is nothing to try with others; and what another
    // run has kept may bring that one's files.
    let id = &job.ticket.id;
    let is_own = job.branch == shared.key.work_branch(id, job.attempt);
    if job.beginning == Beginning::Close || !is_own || !may_land(shared, job) {
        return Ok(None);
    }
    let (s, j) = (Arc::clone(shared), Arc::clone(job));
    blocking(move || -> Result<_, Trouble> { Ok(s.tip_of(&workspace::branch(&j)?)?) }).await
}

/// Whether no person is owed anything before the ticket lands, and none has closed it or asked
/// more of it meanwhile.
fn may_land(shared: &Shared, job: &Job) -> bool {
    tickets::current(shared, job).is_ok_and(|ticket| {
        let asked = jobs::checks(&[], &ticket);
        ticket.awaiting.is_none()
            && ticket.passes_gate()
            && !shared.config.statuses.is_done(&ticket.status)
            && asked.iter().all(|check| job.checks.contains(check))
    })
}

/// Merges them one on the other and checks the last tree; the commits, where all landed.
async fn try_together(
    shared: &Arc<Shared>,
    members: &[Member],
) -> Result<(Trial, Vec<(CommitId, RunRecord)>), Trouble> {
    let Some(first) = members.first() else {
        return Ok((Trial::Stopped, Vec::new()));
    };
    let jobs = members.iter().map(|member| &member.waiting.job);
    let ids = jobs.clone().map(|job| job.ticket.id.to_string()).collect();
    let told = &first.waiting.desk;
    let (chain, records) = match merge(shared, members).await? {
        Ok(merged) => merged,
        Err(place) => return Ok((Trial::Unfit(place), Vec::new())),
    };
    told.record_of_run(EventKind::Batch { tickets: ids })
        .await?;
    let s = Arc::clone(shared);
    let (chain, pending) = blocking(move || -> Result<_, Trouble> {
        let pending = Point::Merge.around(|| s.integration.chain_begin(&chain))?;
        Ok((chain, pending))
    })
    .await?;
    let mut checks: Vec<&String> = Vec::new();
    for command in jobs.flat_map(|job| &job.checks) {
        if !checks.contains(&command) {
            checks.push(command);
        }
    }
    let (ear, stop) = (Ear::OfRun(told), &first.waiting.stop);
    let checked = gate::all(shared, None, &checks, ear, stop).await;
    let verdict = checked.map(|checked| match checked {
        Checked::Green => Trial::Green,
        Checked::Red { .. } => Trial::Red,
        Checked::Stopped => Trial::Stopped,
    });
    let mut unfit = members
        .iter()
        .position(|m| m.waiting.is_stopped() || !may_land(shared, &m.waiting.job));
    if matches!(verdict, Ok(Trial::Green)) && unfit.is_none() {
        unfit = first_taken(shared, members).await;
    }
    let trial = match (verdict, unfit) {
        (Ok(Trial::Green), Some(place)) => Ok(Trial::Unfit(place)),
        (verdict, _) => verdict,
    };
    let green = matches!(trial, Ok(Trial::Green));
    let settled = settle(shared, chain, pending, green).await;
    for text in ground::strays(&shared.integration) {
        told.record_of_run(EventKind::Warning { text }).await?;
    }
    let (commits, changed) = settled?;
    landing::tell_changed_by_checks(told, &changed)?;
    Ok((trial?, commits.into_iter().zip(records).collect()))
}

/// The chain of their merges, each with its ticket's file closed in it, and what the tickets
/// say of it; or the place of the first that does not merge.
async fn merge(
    shared: &Arc<Shared>,
    members: &[Member],
) -> Result<Result<(Chain, Vec<RunRecord>), usize>, Trouble> {
    let s = Arc::clone(shared);
    let of = |m: &Member| (Arc::clone(&m.waiting.job), m.waiting.record.clone(), m.tip);
    let parts: Vec<_> = members.iter().map(of).collect();
    blocking(move || -> Result<_, Trouble> {
        let mut chain = s.integration.chain()?;
        let mut records = Vec::new();
        for (place, (job, record, tip)) in parts.into_iter().enumerate() {
            let record = landing::landed_record(&s, &record);
            let closed = landing::closed(&s, &job, &record)?;
            if !s.integration.chain_on(&mut chain, tip, &closed.closing())? {
                return Ok(Err(place));
            }
            records.push(record);
        }
        Ok(Ok((chain, records)))
    })
    .await
}

/// The place of the first that another clone has taken.
async fn first_taken(shared: &Arc<Shared>, members: &[Member]) -> Option<usize> {
    for (place, member) in members.iter().enumerate() {
        let taken = remote::ensure(shared, &member.waiting.job).await;
        // What is wrong with it is found again, and told, when it is landed alone.
        if !matches!(taken, Ok(None)) {
            return Some(place);
        }
    }
    None
}

/// Moves the run's branch to the chain's tip where it was green, else gives the chain up; the
/// commits that landed, and what the checks had changed.
async fn settle(
    shared: &Arc<Shared>,
    chain: Chain,
    pending: PendingMerge,
    green: bool,
) -> Result<(Vec<CommitId>, Vec<String>), Trouble> {
    let s = Arc::clone(shared);
    blocking(move || -> Result<_, Trouble> {
        if green {
            let changed = s.integration.chain_commit(&pending, &chain)?;
            Ok((chain.commits().to_vec(), changed))
        } else {
            let abort = || s.integration.merge_abort(&pending);
            Ok((Vec::new(), Point::MergeAbort.around(abort)?))
        }
    })
    .await
}

/// Closes the tickets that have landed, and answers them.
async fn close(
    shared: &Arc<Shared>,
    landed: impl Iterator<Item = (Member, (CommitId, RunRecord))>,
) {
    for (Member { mut waiting, .. }, (commit, record)) in landed {
        let Waiting {
            job, desk, stop, ..
        } = &mut waiting;
        let closed = landing::close(shared, job, record, commit, desk, stop).await;
        waiting.answer(closed.map(|()| Landing::Landed));
    }
}
