//! What every part of a run may look at; none of it changes while the run lasts.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Mutex;

use super::batch::Queue;
use super::clashes::Clashes;
use super::folder::RunDir;
use super::job::Job;
use super::key::RunKey;
use super::landing::Line;
use super::options::Options;
use super::preflight::Ground;
use super::remote::Remote;
use super::tracker::Tracker;
use super::trouble::Trouble;
use crate::context::Context;
use crate::git::{Author, BranchName, CommitId, Git, GitError, Integration, Worktrees};
use crate::model::{Config, Ticket, TicketId};
use crate::store::Store;

/// The settings of a live run.
#[derive(Debug)]
pub(super) struct Shared {
    pub ctx: Arc<Context>,
    /// The run's id.
    pub run: String,
    pub key: RunKey,
    /// The run's folder in the git common directory.
    pub dir: RunDir,
    pub store: Store,
    /// Its tickets, wherever they are while the user has another branch checked out.
    pub tracker: Tracker,
    pub config: Config,
    pub options: Options,
    /// What to give to `tk land`: the epic, or the tickets.
    pub target: String,
    /// What the run is called.
    pub title: String,
    /// The epic, where the run is about one.
    pub epic: Option<Ticket>,
    pub ground: Ground,
    /// The repository's worktrees.
    pub trees: Worktrees,
    /// The worktree in which branches are merged; for whoever holds `lander`.
    pub integration: Integration,
    /// Worktrees are made one at a time: git locks what they share.
    pub worktree_lock: Mutex<()>,
    pub lander: Mutex<()>,
    /// Who waits to land, or does.
    pub line: Line,
    /// Who waits to be landed in a batch.
    pub queue: Queue,
    /// The branches that are worked at, and which of them do not merge with one another.
    pub clashes: Arc<Clashes>,
    /// What is held on a remote, where claims are to hold between clones.
    pub remote: Option<Remote>,
    /// Which of its caps the run has reached, once it has.
    pub reached: OnceLock<String>,
    /// Numbers the logs of checks and set-ups.
    pub logs: AtomicU64,
}

impl Shared {
    /// A folder for the log of a check or set-up of a ticket, or of a check of the run itself; new
    /// for each.
    pub(super) fn next_log(
        &self,
        ticket: Option<&TicketId>,
        what: &str,
    ) -> Result<PathBuf, Trouble> {
        let folder = match ticket {
            Some(ticket) => self.dir.of_ticket(ticket.as_str()),
            None => self.dir.of_checks(),
        };
        loop {
            let number = self.logs.fetch_add(1, Ordering::Relaxed);
            let log = folder.join(format!("{what}-{number}"));
            match log.try_exists() {
                Ok(false) => return Ok(log),
                // From before an interruption.
                Ok(true) => {}
                Err(error) => return Err(Trouble::Io(error.to_string())),
            }
        }
    }

    /// The branch's tip, if there is such a branch.
    pub(super) fn tip_of(&self, branch: &BranchName) -> Result<Option<CommitId>, GitError> {
        Git::new(&self.ground.root).commit_of(&branch.reference())
    }

    /// Why nothing more may be spent: the cap that the run has reached.
    pub(super) fn cap_reached(&self) -> &str {
        let reached = self.reached.get();
        reached.map_or("the budget is used up", String::as_str)
    }

    /// Who writes a job's commits: the agent, at an address that can never exist (RFC 2606).
    pub(super) fn author(&self, job: &Job) -> Author {
        let name = job.by().to_owned();
        Author {
            email: format!("{name}@agents.invalid"),
            name,
        }
    }
}
