//! From a worker's word to a closed ticket: evidence, merge, gate, and the commit that lands
//! the code and closes the ticket in one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::desk::{Desk, Stop};
use super::gate::{self, Checked, Ear};
use super::ground;
use super::home::{self, Home};
use super::job::{Beginning, Job};
use super::jobs;
use super::remote::{self, Lost};
use super::shared::Shared;
use super::tickets;
use super::trouble::{Trouble, blocking};
use super::workspace;
use crate::context::point::Point;
use crate::git::{
    Author, Closing, CommitId, FileEdit, MergeBegin, PendingMerge, TicketSides, TicksPath,
    Worktrees,
};
use crate::model::{
    Awaiting, Gate, LandMode, NoteKind, Outcome, RunRecord, escaped_lines, one_line,
};
use crate::store::StoreError;
use crate::wire::EventKind;

/// How often the run's worktree may go in the middle of one ticket's landing.
const REMOVALS: u32 = 3;

/// How many tickets wait to land, or do.
#[derive(Debug, Default)]
pub(super) struct Line(Arc<AtomicUsize>);

/// A ticket is in the line until this is dropped.
#[derive(Debug)]
pub(super) struct InLine(Arc<AtomicUsize>);

impl Line {
    pub(super) fn join(&self) -> InLine {
        self.0.fetch_add(1, Ordering::Relaxed);
        InLine(Arc::clone(&self.0))
    }

    pub(super) fn length(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What came of a try to land a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Landing {
    /// Merged and closed.
    Landed,
    /// It passed, and waits for a person, at its gate or for what was asked meanwhile.
    Gate(Awaiting),
    /// A person closed it meanwhile.
    Closed,
    /// There is nothing to land.
    NoChanges,
    /// It does not merge.
    Conflict { paths: Vec<String> },
    /// A check failed on the merged tree.
    Red {
        command: String,
        status: String,
        output: String,
    },
    /// Another clone has taken the ticket, or nobody can tell.
    Taken(Lost),
    /// The run is being stopped.
    Stopped,
}

/// Makes the run's worktree again, where somebody removed it. The caller holds it.
pub(super) async fn ensure_ground(shared: &Arc<Shared>, desk: &Desk) -> Result<(), Trouble> {
    let _one_at_a_time = shared.worktree_lock.lock().await;
    let s = Arc::clone(shared);
    if let Some(text) = blocking(move || ground::ensure(&s)).await? {
        desk.record(EventKind::Warning { text }).await?;
    }
    Ok(())
}

/// Lands a ticket's branch on the run's branch, again where the run's worktree is removed
/// meanwhile. The caller holds that.
pub(super) async fn land_where_it_can(
    shared: &Arc<Shared>,
    job: &Arc<Job>,
    record: &RunRecord,
    desk: &Desk,
    stop: &mut watch::Receiver<Stop>,
) -> Result<Landing, Trouble> {
    for _ in 0..REMOVALS {
        if *stop.borrow() >= Stop::Interrupt {
            return Ok(Landing::Stopped);
        }
        ensure_ground(shared, desk).await?;
        let landing = land(shared, job, record, desk, stop).await;
        // Somebody removed the worktree meanwhile: whatever came of it means nothing.
        let is_unfounded = matches!(landing, Err(Trouble::Git(_)) | Ok(Landing::Red { .. }))
            && !Worktrees::is_connected(&shared.ground.integration);
        if !is_unfounded {
            return landing;
        }
    }
    Err(Trouble::Check(format!(
        "its check removed the run's worktree, {REMOVALS} times"
    )))
}

async fn land(
    shared: &Arc<Shared>,
    job: &Arc<Job>,
    record: &RunRecord,
    desk: &Desk,
    stop: &mut watch::Receiver<Stop>,
) -> Result<Landing, Trouble> {
    let (s, j) = (Arc::clone(shared), Arc::clone(job));
    let begun = blocking(move || -> Result<_, Trouble> {
        let begun = match s.tip_of(&workspace::branch(&j)?)? {
            Some(tip) => Point::Merge.around(|| s.integration.merge_begin(tip))?,
            None => MergeBegin::UpToDate,
        };
        match begun {
            MergeBegin::UpToDate if j.beginning == Beginning::Close => {
                let nothing = || s.integration.nothing_begin();
                Ok(MergeBegin::Ready(Point::Merge.around(nothing)?))
            }
            begun => Ok(begun),
        }
    });
    let begun = begun.await;
    for note in tell_strays(shared, desk).await? {
        if !job.lands_without_worker() {
            // Whoever looks at its work is to know.
            let (s, j) = (Arc::clone(shared), Arc::clone(job));
            blocking(move || tickets::note(&s, &j, NoteKind::Comment, &note)).await?;
        }
    }
    let pending = match begun? {
        MergeBegin::Ready(pending) => pending,
        MergeBegin::UpToDate => return Ok(Landing::NoChanges),
        MergeBegin::Conflict { paths } => {
            desk.record(EventKind::MergeConflict {
                paths: paths.clone(),
            })
            .await?;
            return Ok(Landing::Conflict { paths });
        }
    };
    let verdict = run_gate(shared, job, desk, stop).await;
    let passed = matches!(verdict, Ok(None));
    let current = tickets::current(shared, job);
    let is_closed = current
        .as_ref()
        .is_ok_and(|ticket| shared.config.statuses.is_done(&ticket.status));
    let at_gate = match &current {
        Ok(ticket) if passed && ticket.awaiting.is_some() => ticket.awaiting,
        Ok(ticket) if passed && !ticket.passes_gate() => ticket.requires.map(Gate::awaiting),
        _ => None,
    };
    let held_back = !passed || is_closed || at_gate.is_some() || current.is_err();
    let taken = match held_back {
        true => None,
        false => remote::ensure(shared, job)
            .await
            .unwrap_or_else(|trouble| Some(Lost::untold(&trouble.to_string()))),
    };
    if held_back || taken.is_some() {
        let s = Arc::clone(shared);
        let abort = move || Point::MergeAbort.around(|| s.integration.merge_abort(&pending));
        let changed = blocking(abort).await?;
        tell_changed_by_checks(desk, &changed)?;
        tell_strays(shared, desk).await?;
        if is_closed {
            return Ok(Landing::Closed);
        }
        if let Some(lost) = taken {
            return Ok(Landing::Taken(lost));
        }
        return match (verdict?, at_gate) {
            (Some(landing), _) => Ok(landing),
            (None, Some(gate)) => Ok(Landing::Gate(gate)),
            (None, None) => Err(current
                .err()
                .map_or(Trouble::Io("no gate".into()), Into::into)),
        };
    }
    commit(shared, job, record, pending, desk, stop).await?;
    Ok(Landing::Landed)
}

/// Tells that another than the run had moved its branch.
async fn tell_strays(shared: &Shared, desk: &Desk) -> Result<Vec<String>, Trouble> {
    let texts = ground::strays(&shared.integration);
    for text in texts.clone() {
        desk.record(EventKind::Warning { text }).await?;
    }
    Ok(texts)
}

/// Runs the checks in the integration worktree; `None` when all passed.
async fn run_gate(
    shared: &Shared,
    job: &Job,
    desk: &Desk,
    stop: &mut watch::Receiver<Stop>,
) -> Result<Option<Landing>, Trouble> {
    // What people ask for meanwhile is asked of it too; nothing is asked less than was planned.
    let ticket = tickets::current(shared, job)?;
    let mut checks = job.checks.clone();
    checks.extend(jobs::checks(&[], &ticket));
    let mut seen = BTreeSet::new();
    let checks = checks.iter().filter(|check| seen.insert(check.as_str()));
    let checks: Vec<&String> = checks.collect();
    let checked = gate::all(shared, Some(&ticket.id), &checks, Ear::OfTicket(desk), stop).await?;
    Ok(match checked {
        Checked::Green => None,
        Checked::Red {
            command,
            status,
            output,
        } => Some(Landing::Red {
            command,
            status,
            output,
        }),
        Checked::Stopped => Some(Landing::Stopped),
    })
}

/// Commits the merge with the closed ticket in it, and closes it.
async fn commit(
    shared: &Arc<Shared>,
    job: &Arc<Job>,
    record: &RunRecord,
    pending: PendingMerge,
    desk: &Desk,
    stop: &mut watch::Receiver<Stop>,
) -> Result<(), Trouble> {
    let record = landed_record(shared, record);
    let (s, j, r) = (Arc::clone(shared), Arc::clone(job), record.clone());
    let committed = blocking(move || -> Result<_, Trouble> {
        let mut closed = closed(&s, &j, &r)?;
        closed.files.extend(brought(&s, &pending)?);
        Ok(s.integration.land(&pending, &closed.closing())?)
    })
    .await?;
    tell_changed_by_checks(desk, &committed.changed_by_checks)?;
    tell_strays(shared, desk).await?;
    close(shared, job, record, committed.commit, desk, stop).await
}

/// What the ticket says of the attempt once it has landed.
pub(super) fn landed_record(shared: &Shared, record: &RunRecord) -> RunRecord {
    RunRecord {
        outcome: Some(Outcome::Landed),
        ended_at: Some(shared.ctx.now()),
        ..record.clone()
    }
}

/// What a landing commits.
pub(super) struct Closed {
    /// The ticket's file as the landing commit has it, and that of the one that comes after it,
    /// if one does.
    files: Vec<FileEdit>,
    message: String,
    alone: String,
    author: Author,
}

impl Closed {
    pub(super) fn closing(&self) -> Closing<'_> {
        Closing {
            files: &self.files,
            message: &self.message,
            alone: &self.alone,
            author: Some(&self.author),
        }
    }
}

/// The ticket, closed, as it lands with that record.
pub(super) fn closed(shared: &Shared, job: &Job, record: &RunRecord) -> Result<Closed, Trouble> {
    let files = tickets::closed_files(shared, job, record)?.into_iter();
    let files = files.map(|stored| FileEdit {
        path: TicksPath::of_ticket(&stored.ticket.id),
        bytes: Some(stored.text.into_bytes()),
    });
    Ok(Closed {
        files: files.collect(),
        message: message("Land", shared, job, record),
        alone: message("Close", shared, job, record),
        author: shared.author(job),
    })
}

/// The files of other tickets that the branch has from the run that it began in, and nobody here
/// has yet: without them that run's branch, where it comes later, would meet their deletion.
fn brought(shared: &Shared, pending: &PendingMerge) -> Result<Vec<FileEdit>, Trouble> {
    let is_new = |sides: &&TicketSides| sides.base.is_none() && sides.ours.is_none();
    let mut files = Vec::new();
    for sides in pending.tickets.iter().filter(is_new) {
        let Some(id) = sides.path.ticket() else {
            continue;
        };
        if matches!(
            shared.store.read(&id, &shared.config),
            Err(StoreError::NotFound(_))
        ) {
            continue;
        }
        files.push(FileEdit {
            path: sides.path.clone(),
            bytes: sides.theirs.clone(),
        });
    }
    Ok(files)
}

/// Closes a ticket that was committed in the main working tree, and removes what is no longer
/// needed.
pub(super) async fn close(
    shared: &Arc<Shared>,
    job: &Arc<Job>,
    record: RunRecord,
    commit: CommitId,
    desk: &Desk,
    stop: &mut watch::Receiver<Stop>,
) -> Result<(), Trouble> {
    desk.record(EventKind::Landed {
        commit: commit.to_string(),
        branch: shared.ground.run_branch.to_string(),
    })
    .await?;
    // From here on the ticket has landed, whatever else goes wrong: what is not done now is
    // done at the end of the run, or by the next one.
    let (s, j, r) = (Arc::clone(shared), Arc::clone(job), record);
    match blocking(move || tickets::write_closed(&s, &j, &r)).await {
        Ok(()) => {
            let reason = "landed".to_owned();
            desk.record(EventKind::Closed { reason }).await?;
        }
        Err(trouble) => warn(desk, "it landed and cannot be closed yet", &trouble).await?,
    }
    let (s, j) = (Arc::clone(shared), Arc::clone(job));
    let removed = blocking(move || -> Result<_, Trouble> {
        let (root, branch) = (&s.ground.root, workspace::branch(&j)?);
        let (id, worktree) = (&j.ticket.id, &j.worktree);
        Ok(workspace::remove_landed(
            root, &s.trees, id, worktree, &branch,
        )?)
    });
    if let Err(trouble) = removed.await {
        warn(desk, "its worktree or branch cannot be removed", &trouble).await?;
    }
    if shared.options.land == LandMode::Ticket {
        match home::land(shared, stop).await {
            Ok((home, told)) => {
                for kind in told {
                    desk.record(kind).await?;
                }
                if let Home::Refused(why) = home {
                    // The end of the run tries again.
                    let text = format!("not on `{}` yet: {why}", shared.ground.onto);
                    desk.record(EventKind::Warning { text }).await?;
                }
            }
            Err(trouble) => warn(desk, "it is not on your branch yet", &trouble).await?,
        }
    }
    Ok(())
}

async fn warn(desk: &Desk, what: &str, trouble: &Trouble) -> Result<(), Trouble> {
    let text = format!("{what}: {trouble}");
    Ok(desk.record(EventKind::Warning { text }).await?)
}

/// The message of a commit that lands or closes the ticket, which its first word says: subject, what
/// the worker says it did, trailers. Foreign text stands before the last paragraph, and what looks
/// like a trailer in it is indented, so that none of its lines can pass for one.
fn message(what: &str, shared: &Shared, job: &Job, record: &RunRecord) -> String {
    let title = one_line(&job.ticket.title);
    let summary = record.summary.as_deref().unwrap_or_default();
    let summary = escaped_lines(&summary.trim().replace("\r\n", "\n"));
    let indent = |line| if looks_like_a_trailer(line) { "  " } else { "" };
    let lines = summary
        .lines()
        .map(|line| format!("{}{line}\n", indent(line)));
    let mut body: String = lines.collect();
    if !body.is_empty() {
        body.push('\n');
    }
    let cost = record.cost_usd;
    let cost = cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string());
    format!(
        "{what} {}: {title}\n\n{body}Ticket: {}\nRun: {}\nCost-USD: {cost}\n",
        job.ticket.id, job.ticket.id, shared.run
    )
}

/// Whether the line begins with a word and a colon.
fn looks_like_a_trailer(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, _)| {
        let key = key.trim_end();
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

pub(super) fn tell_changed_by_checks(desk: &Desk, changed: &[String]) -> Result<(), Trouble> {
    if !changed.is_empty() {
        let text = format!(
            "a check changed files, which was undone: {}",
            changed.join(", ")
        );
        desk.tell(EventKind::Warning { text })?;
    }
    Ok(())
}
