//! `tk.doctor.v1`: what is wrong, and what to do about it.

use schemars::JsonSchema;
use serde::Serialize;

/// `tk doctor --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DoctorDocument {
    /// `tk.doctor.v1`.
    pub schema: &'static str,
    /// Whether nothing is wrong, or nothing any more: then the exit code is 0.
    pub healthy: bool,
    /// How many tickets were looked at, those that cannot be read included.
    pub checked: usize,
    /// How many findings there are.
    pub total: usize,
    /// How many of them are wrong still: errors and warnings that were not mended.
    pub remaining: usize,
    /// The folder with a copy of each file as it was before it was mended, relative to the main
    /// working tree where it is inside; none where none was changed.
    pub backup: Option<String>,
    /// What was found, tickets first.
    pub findings: Vec<Finding>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// How bad it is.
    pub severity: Severity,
    /// The ticket it is about.
    pub ticket: Option<String>,
    /// The file or folder, relative to the main working tree where it is inside.
    pub path: Option<String>,
    /// The files, where it is about several: `path` is their folder then.
    pub paths: Vec<String>,
    /// The line in the file, from 1.
    pub line: Option<usize>,
    /// The branch.
    pub branch: Option<String>,
    /// The run.
    pub run: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do, in words.
    pub hint: String,
    /// The command that does it, where there is one that needs nothing filled in.
    pub command: Option<String>,
    /// Whether `tk doctor --fix` mends it.
    pub fixable: bool,
    /// Whether it has just been mended.
    pub fixed: bool,
    /// Why it could not be mended.
    pub failure: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something does not work.
    Error,
    /// Something is left over, or not as it should be.
    Warning,
    /// Worth knowing and nothing wrong: it does not count for the exit code.
    Note,
}

/// What kinds of findings there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A file in `.ticks/` that should be a ticket and is none.
    InvalidTicket,
    /// A file in `.ticks/` that holds a ticket, and is not named as one.
    MisnamedFile,
    /// A file in `.ticks/` with a merge in it that is not settled.
    Conflict,
    /// A ticket names another that does not exist.
    MissingReference,
    /// A ticket names itself.
    SelfReference,
    /// A ticket's file has a byte order mark, or lines that end with carriage returns.
    UnplainText,
    /// One of a ticket's sets, such as its labels, has an entry more than once.
    RepeatedEntry,
    /// Two tickets were imported from one ticket elsewhere.
    ImportedTwice,
    /// Tickets wait for one another, or are parts of one another.
    Cycle,
    /// A closed epic has open children.
    OpenChildren,
    /// A ticket is in progress, and nobody holds it.
    Unclaimed,
    /// A ticket does not say how a run's attempt at it ended.
    UntoldEnd,
    /// `config.toml` cannot be used; what it would set was not looked at.
    InvalidConfig,
    /// An agent's file cannot be used.
    InvalidAgent,
    /// A template's file cannot be used.
    InvalidTemplate,
    /// An agent is named that does not exist.
    UnknownAgent,
    /// A claim whose lease is over, of a ticket that is closed or gone, or that cannot be read.
    StaleClaim,
    /// What a command of this clone took on a remote, and nobody in it holds.
    LeftClaim,
    /// What other clones hold, as it was last seen, cannot be read.
    InvalidElsewhere,
    /// A file that a killed writer has left.
    UnfinishedFile,
    /// What `tk undo` would take back cannot be read.
    InvalidUndo,
    /// A run whose runner died.
    InterruptedRun,
    /// A worker, or what it started, whose runner is dead.
    LivingWorker,
    /// A run's folder that cannot be read.
    InvalidRun,
    /// Of some of what runs cost the ledger cannot be read.
    InvalidLedger,
    /// A worktree that belongs to no run any more; everything in it is elsewhere.
    LeakedWorktree,
    /// A branch that belongs to no run any more; everything on it is elsewhere.
    LeakedBranch,
    /// A branch or worktree that belongs to no run any more, with work that is nowhere else.
    UnlandedWork,
    /// A branch or worktree that is kept for an open ticket.
    KeptWork,
    /// The branch of an attempt that nothing goes on with: a later one followed, or it failed and
    /// its ticket is closed.
    SupersededWork,
    /// A worktree that git knows, whose folder is gone.
    MissingWorktree,
    /// A worktree whose branch is gone.
    MissingBranch,
    /// A folder among the worktrees that git does not know.
    UnknownFolder,
    /// git is not told how to merge tickets.
    Attributes,
    /// The merge driver is not configured, or otherwise than it should be, or what it leaves is
    /// settled by git itself.
    MergeDriver,
    /// The folder of the worktrees shows up as untracked files.
    Exclude,
    /// git is told to ignore the tickets.
    IgnoredTickets,
    /// git is told not to look at the files of tickets.
    UnwatchedTickets,
    /// git tracks what is local to this clone.
    TrackedLocal,
    /// The lock that every change takes cannot be taken by anybody.
    UnusableLock,
    /// Something else is where a folder of what is local to this clone should be.
    UnusableFolder,
}
