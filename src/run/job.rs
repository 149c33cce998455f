//! What is to be done for one ticket in a run.

use std::path::PathBuf;

use jiff::Timestamp;

use super::left::{Left, Tries};
use crate::model::{AgentConfig, AgentKind, Ticket, Usd};

/// How a ticket's attempt begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// A fresh session on a fresh branch.
    Fresh,
    /// An earlier attempt goes on: same branch, same session.
    Resume {
        /// The session.
        session: String,
        /// When it last ended; what people wrote since is new to it.
        since: Option<Timestamp>,
    },
    /// Its worker was done when the run was stopped: same branch, and a worker only where
    /// something is to be mended.
    Finish {
        /// The session, where there is one.
        session: Option<String>,
    },
    /// The work was approved: merge the kept branch, no worker.
    Land,
    /// It was approved that there was nothing to change: only the gate is left, no worker.
    Close,
}

/// One ticket's part in a run, as planned; edits made to the ticket later do not change it.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// The ticket as it stood when the run was planned.
    pub ticket: Ticket,
    /// Its wave, from 1.
    pub wave: u32,
    /// The attempt's number.
    pub attempt: u32,
    /// How it begins.
    pub beginning: Beginning,
    /// The agent.
    pub agent: AgentConfig,
    /// The model, where ticket, agent or command names one.
    pub model: Option<String>,
    /// The gate: shell commands that must pass on the merged tree.
    pub checks: Vec<String>,
    /// The worker's name.
    pub name: String,
    /// The attempt's branch.
    pub branch: String,
    /// The attempt's worktree.
    pub worktree: PathBuf,
    /// What a worker is expected to need under a cap; `None` where nothing is known.
    pub wanted: Option<Usd>,
    /// How many worker processes of this attempt were started before, by a runner that was
    /// interrupted.
    pub processes: u32,
    /// The attempt's last worker, where it is taken over from a runner that died.
    pub left: Option<Left>,
    /// What was tried again of the attempt before.
    pub tries: Tries,
}

impl Job {
    /// Whether no worker is needed.
    pub(super) fn lands_without_worker(&self) -> bool {
        matches!(self.beginning, Beginning::Land | Beginning::Close)
    }

    /// Whether its worker is a command, which cannot be given more money later.
    pub(super) fn is_command(&self) -> bool {
        self.agent.kind == AgentKind::Command
    }

    /// The name of the agent whose work this is: what was kept is that of whoever made it.
    pub(super) fn by(&self) -> &str {
        let kept = self.ticket.runs.last();
        let kept = kept.filter(|_| self.lands_without_worker());
        kept.map_or(&self.agent.name, |last| &last.agent)
    }

    /// Whether its worker was done, in a run that was stopped before it had landed.
    pub(super) fn is_done(&self) -> bool {
        self.left.is_none() && matches!(self.beginning, Beginning::Finish { .. })
    }

    /// Whether it begins without a live worker: what one did is there already.
    pub(super) fn begins_without_worker(&self) -> bool {
        let settled = |left: &Left| left.reserved.is_none();
        self.lands_without_worker() || self.is_done() || self.left.as_ref().is_some_and(settled)
    }
}
