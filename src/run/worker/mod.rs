//! One worker process: started under a shim, listened to, stopped when it must be.

mod claude;
mod command;
mod past;
mod told;
mod waiting;

use std::sync::Arc;

use tokio::sync::watch;

use super::attempt::{AttemptDir, AttemptError, ExitStatus, MOST_OUTPUT, Spec, Stdin};
use super::desk::{Bill, Desk, Permit, Stop};
use super::job::Job;
use super::left::Left;
use super::price::Prices;
use super::recovery::RUN_MARK;
use super::shared::Shared;
use super::supervised::Supervised;
use super::tickets;
use super::trouble::{Trouble, blocking};
use super::turn::{Turn, TurnEnd, TurnTrouble};
use super::workspace;
use crate::context::point::Point;
use crate::model::{AgentKind, Usd};
use crate::store::StoreError;

/// The prompt's file in the attempt folder.
const PROMPT: &str = "prompt.md";

/// The file in the attempt folder that a `command` agent may write its result into.
const RESULT: &str = "result.json";

/// What is said when the client by itself tries a request to the model again.
pub(super) const CLIENT_TRIES_AGAIN: &str = "the client tries the request again";

/// Which session a worker works in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// A new one of that id.
    Fresh(String),
    /// An earlier one.
    Resume(String),
}

/// How a worker process comes to be.
#[derive(Debug)]
pub(super) enum Start<'a> {
    /// It is started in that session, with that prompt.
    New(&'a Session, &'a str),
    /// A runner that died had started it. Its bill may have been taken: then it has ended, and
    /// only what it came to is asked for.
    Left(Left),
}

/// What a worker process is about.
struct Work<'a> {
    shared: &'a Arc<Shared>,
    job: &'a Arc<Job>,
    permit: Permit,
    start: &'a Start<'a>,
    desk: &'a Desk,
}

/// Starts a worker, or takes one over, and returns when it has ended, with everything it
/// started.
pub(super) async fn work(
    shared: &Arc<Shared>,
    job: &Arc<Job>,
    permit: Permit,
    start: Start<'_>,
    desk: &Desk,
    stop: &mut watch::Receiver<Stop>,
) -> Result<Turn, Trouble> {
    let work = Work {
        shared,
        job,
        permit,
        start: &start,
        desk,
    };
    // Whatever was asked while nobody listened: a worker is not started to be interrupted.
    if matches!(start, Start::New(..)) {
        let wanted = *stop.borrow_and_update();
        if wanted != Stop::No {
            return Ok(Turn {
                end: TurnEnd::Interrupted(wanted),
                bill: Bill {
                    reported: Some(Usd::ZERO),
                    ..Bill::default()
                },
                session: None,
                model: None,
                resumed: false,
                asked: Vec::new(),
            });
        }
        // Whoever worked here before is dead, and may have died in the middle of a git command.
        let branch = workspace::branch(job)?;
        shared.trees.remove_stale_locks(&job.worktree, &branch)?;
    }
    match job.agent.kind {
        AgentKind::Claude => claude::work(&work, stop).await,
        AgentKind::Command => command::work(&work, stop).await,
    }
}

/// Whether what the worker came to was the account's fault: that is not to be heeded by a
/// later runner, which tries anew.
pub(super) fn stops_all(kind: AgentKind, dir: &AttemptDir) -> Result<bool, AttemptError> {
    match kind {
        AgentKind::Claude => told::stops_all(dir),
        AgentKind::Command => Ok(false),
    }
}

/// Whether the worker has told its result.
pub(super) fn has_result(kind: AgentKind, dir: &AttemptDir) -> Result<bool, AttemptError> {
    match kind {
        AgentKind::Claude => told::has_result(dir),
        // Whether what it wrote is all that it was to write, its exit would say.
        AgentKind::Command => Ok(false),
    }
}

/// What a worker process of an earlier runner used, from what it left in its folder.
pub(super) fn bill(
    kind: AgentKind,
    dir: &AttemptDir,
    prices: Prices,
) -> Result<Bill, AttemptError> {
    match kind {
        AgentKind::Claude => told::bill(dir, prices),
        AgentKind::Command => command::bill(dir),
    }
}

/// Whether no worker ever ran in the folder, so that there is nothing to pay. A folder that is
/// gone, since its worker removed it, does not say so.
pub(super) fn never_started(dir: &AttemptDir) -> Result<bool, AttemptError> {
    match dir.read_exit()? {
        Some(exit) => Ok(matches!(exit.status, ExitStatus::NotStarted(_))),
        None => Ok(dir.exists() && dir.started()?.is_none()),
    }
}

/// The end of a worker that was stopped since it wrote more output than it may. Another try would
/// most likely do the same.
fn too_much_output(dir: &AttemptDir) -> TurnEnd {
    let reason = format!(
        "it was stopped, since it wrote more to its output or its errors than the {} MiB that a \
         worker may; how they began is in `{}`",
        MOST_OUTPUT >> 20,
        dir.path().display()
    );
    TurnEnd::Failed {
        class: "output".to_owned(),
        reason,
        trouble: TurnTrouble::Final,
    }
}

impl Work<'_> {
    /// Does something to the ticket's file, away from the loop.
    async fn blocking(
        &self,
        act: impl FnOnce(&Shared, &Job) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), Trouble> {
        let (shared, job) = (Arc::clone(self.shared), Arc::clone(self.job));
        blocking(move || act(&shared, &job)).await
    }

    /// The attempt folder of this process.
    fn dir(&self) -> AttemptDir {
        let (job, process) = (self.job, self.permit.process);
        let id = job.ticket.id.as_str();
        self.shared.dir.worker(id, job.attempt, process)
    }

    /// Makes the attempt folder, with the prompt in it.
    fn create(&self, spec: &Spec, prompt: &str) -> Result<AttemptDir, Trouble> {
        Point::WorkerFolder.around(|| {
            let dir = AttemptDir::create(self.dir().path(), spec)?;
            dir.put_text(PROMPT, prompt)?;
            Ok(dir)
        })
    }

    /// The program to start, with what every worker is told by its environment.
    fn spec(&self, argv: Vec<String>, stdin: Stdin) -> Spec {
        let job = self.job;
        let mut spec = Spec::new(argv, job.worktree.clone());
        spec.stdin = stdin;
        Supervised::mark(&mut spec, self.dir().path());
        Supervised::spare_git(&self.shared.ctx, &mut spec);
        spec.limit_ms = job.agent.max_time.map(|limit| limit.seconds() * 1000);
        let epic = self
            .shared
            .epic
            .as_ref()
            .map_or("", |epic| epic.id.as_str());
        let mut set = |name: &str, value: String| spec.env.insert(name.to_owned(), value);
        if let Some(tickets) = &self.shared.ground.tickets {
            set("TK_DIR", tickets.display().to_string());
        }
        set("TK_TICKET", job.ticket.id.to_string());
        set("TK_EPIC", epic.to_owned());
        set("TK_RUN", self.shared.run.clone());
        set(RUN_MARK, self.shared.dir.path().display().to_string());
        set("TK_WAVE", job.wave.to_string());
        set("TK_ATTEMPT", job.attempt.to_string());
        set("TK_ACTOR", tickets::actor(job).to_string());
        set("TK_RESULT", self.dir().file(RESULT).display().to_string());
        let limit = self.permit.reservation.map(|reservation| reservation.limit);
        set(
            "TK_MAX_COST",
            limit.map_or_else(String::new, |limit: Usd| limit.to_string()),
        );
        let author = self.shared.author(job);
        set("GIT_AUTHOR_NAME", author.name);
        set("GIT_AUTHOR_EMAIL", author.email);
        // Who commits may be known by the environment alone; when, each commit says itself.
        let dates = ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"];
        spec.unset.extend(dates.map(str::to_owned));
        spec
    }
}
