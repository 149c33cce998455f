//! The events of a run: what the journal holds, `tk run --json` prints and `tk log` replays.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A fact of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Its number in the run's journal, from 1, without gaps.
    pub seq: u64,
    /// When it was written down.
    pub at: Timestamp,
    /// The run's id.
    pub run: String,
    /// The ticket it is about; none for the run itself.
    pub ticket: Option<String>,
    /// The ticket's wave, from 1.
    pub wave: Option<u32>,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened, with the kind's own fields. Amounts are in US dollars, times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// The runner began, or went on after an interruption.
    RunStarted {
        /// The run's key: the epic's id, or `t-` and a hash of the tickets' ids.
        key: String,
        /// The epic's or tickets' title.
        title: String,
        /// The runner's process.
        pid: u32,
        /// The branch it lands on.
        onto: String,
        /// The run's branch.
        branch: String,
        /// The commit the run's branch started from.
        base: String,
        /// Places.
        parallel: usize,
        /// The cap on money.
        max_cost_usd: Option<f64>,
        /// What was spent before an interruption.
        spent_usd: f64,
        /// Whether it goes on with an interrupted run.
        resumed: bool,
    },
    /// What it is going to do.
    Plan {
        /// Ticket ids by wave.
        waves: Vec<Vec<String>>,
        /// Ticket ids in the order of their starts, as far as known beforehand.
        order: Vec<String>,
        /// The longest weighted chain.
        critical_path_ids: Vec<String>,
        /// Its length.
        critical_path_minutes: u64,
        /// How long it should take with the places there are.
        predicted_minutes: u64,
        /// Tickets that wait for a person and are not run.
        awaiting: Vec<String>,
        /// Tickets that cannot start in this run, blocked from outside.
        held: Vec<String>,
    },
    /// An attempt began.
    TicketStarted {
        /// The ticket's title.
        title: String,
        /// The attempt's number.
        attempt: u32,
        /// The agent.
        agent: String,
        /// The worker's name.
        name: String,
        /// The ticket's branch.
        branch: String,
        /// Its worktree.
        worktree: String,
        /// What was put aside for it.
        reserved_usd: Option<f64>,
    },
    /// A worker told its session.
    Session {
        /// The session's id.
        session: String,
        /// The model.
        model: Option<String>,
        /// The client's version.
        version: Option<String>,
        /// Whether an earlier session goes on.
        resumed: bool,
    },
    /// The worker thought.
    Thought {
        /// What.
        text: String,
    },
    /// The worker read a file.
    Read {
        /// The file.
        path: String,
    },
    /// The worker changed a file.
    Edit {
        /// The file.
        path: String,
    },
    /// The worker made a file.
    Create {
        /// The file.
        path: String,
    },
    /// The worker ran a command or used another tool.
    Command {
        /// The command.
        command: String,
    },
    /// The worker said something.
    Say {
        /// What.
        text: String,
    },
    /// The worker asks a person.
    Ask {
        /// The question.
        question: String,
        /// The answers it offers.
        options: Vec<String>,
    },
    /// A person answered.
    Answer {
        /// The answer.
        text: String,
    },
    /// The worker asked for a permission.
    Permission {
        /// The tool.
        tool: String,
        /// What for.
        request: String,
        /// Whether it was given.
        allowed: bool,
    },
    /// Something is tried again.
    Retry {
        /// The class of what went wrong.
        class: String,
        /// What went wrong.
        reason: String,
    },
    /// What an attempt has cost.
    Cost {
        /// The attempt so far, as far as that is known; `null` where nothing of it is.
        cost_usd: Option<f64>,
        /// The run so far.
        total_usd: f64,
        /// Whether this is the client's own figure and final for the process.
        settled: bool,
        /// Tokens read by the attempt so far.
        input_tokens: u64,
        /// Tokens written by the attempt so far.
        output_tokens: u64,
        /// Model turns taken by the attempt so far.
        turns: u64,
    },
    /// The ticket was put aside, its session kept.
    Parked {
        /// Until what.
        reason: String,
    },
    /// The ticket goes on in its session.
    Resumed {
        /// Why.
        reason: String,
    },
    /// Finished tickets are merged and checked together: the checks that follow are those of
    /// all of them.
    Batch {
        /// The tickets, in the order of their merges.
        tickets: Vec<String>,
    },
    /// A check of the gate began.
    CheckStarted {
        /// The command.
        command: String,
    },
    /// A check passed.
    CheckPassed {
        /// The command.
        command: String,
        /// How long it took.
        seconds: f64,
    },
    /// A check failed.
    CheckFailed {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
        /// The tail of its output.
        output: String,
    },
    /// The ticket's branch does not merge.
    MergeConflict {
        /// The files.
        paths: Vec<String>,
    },
    /// The ticket's branch does not merge with that of another one that is worked at.
    Clash {
        /// The other ticket, whose work began earlier.
        with: String,
        /// The files.
        paths: Vec<String>,
    },
    /// What the ticket's worker did is not landed before other tickets are: they clash.
    Delayed {
        /// The other tickets, whose work began earlier.
        by: Vec<String>,
    },
    /// Merged: into the run's branch, or the run's branch into the user's.
    Landed {
        /// The commit.
        commit: String,
        /// The branch that moved.
        branch: String,
    },
    /// The ticket is closed.
    Closed {
        /// Why.
        reason: String,
    },
    /// A person is owed something.
    Awaiting {
        /// What.
        awaiting: String,
        /// What it is about.
        text: String,
    },
    /// The attempt failed.
    Failed {
        /// The class of the failure.
        class: String,
        /// What happened.
        reason: String,
    },
    /// Something worth knowing.
    Warning {
        /// What.
        text: String,
    },
    /// The attempt is over.
    TicketFinished {
        /// How: landed, closed or deleted (by a person), awaiting, failed, stopped, parked.
        outcome: String,
        /// What the attempt cost, as far as that is known; `null` where nothing of it is.
        cost_usd: Option<f64>,
        /// How long it took.
        seconds: f64,
    },
    /// The runner is done.
    RunFinished {
        /// How.
        outcome: RunEnd,
        /// The runner's exit code.
        exit_code: u8,
        /// What the run cost, interruptions included, as far as that is known; `null` where nothing
        /// of it is.
        cost_usd: Option<f64>,
        /// Tickets that landed in this run.
        landed: Vec<String>,
        /// Tickets that failed.
        failed: Vec<String>,
        /// Tickets a person is owed something for.
        awaiting: Vec<String>,
        /// Tickets that did not start, or were put aside, and nobody owes anything.
        unstarted: Vec<String>,
        /// What each of them waits for; none where the run was stopped or its budget reached.
        #[serde(default)]
        waits: Vec<Waits>,
        /// Tickets that were closed or deleted meanwhile, by others than the run.
        #[serde(default)]
        withdrawn: Vec<Withdrawn>,
        /// What people owe the run's tickets and epics.
        #[serde(default)]
        owed: Vec<Owed>,
        /// What of the cost was put aside for workers that did not tell what they spent: an upper
        /// bound of that, by ticket.
        #[serde(default)]
        reserved: Vec<Reserved>,
        /// Why it was stopped, which cap was reached, or what is waited for where nobody is owed
        /// anything, and what goes on then.
        #[serde(default)]
        why: Option<String>,
    },
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// All of it is done.
    Done,
    /// Something waits, for people or for something else.
    Waiting,
    /// Tickets failed.
    Failed,
    /// What has merged could not land on the user's branch.
    Unlanded,
    /// Its budget was used up.
    Budget,
    /// It was stopped.
    Stopped,
}

impl RunEnd {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Unlanded => "unlanded",
            Self::Budget => "budget",
            Self::Stopped => "stopped",
        }
    }

    /// Whether the run has come to an end of its own: the same command does not go on with it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Budget | Self::Stopped)
    }
}

/// What a ticket waits for that nobody owes anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waits {
    /// The ticket.
    pub ticket: String,
    /// For what, in words.
    pub why: String,
}

/// A ticket that was closed or deleted while it was a run's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withdrawn {
    /// The ticket.
    pub ticket: String,
    /// Whether it is not there any more.
    pub deleted: bool,
    /// The branch that keeps what was done about it, if anything was.
    pub branch: Option<String>,
}

/// What a ticket is charged because it was put aside for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reserved {
    /// The ticket.
    pub ticket: String,
    /// How much, in US dollars.
    pub cost_usd: f64,
}

/// What a person owes a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owed {
    /// The ticket.
    pub ticket: String,
    /// Its title.
    pub title: String,
    /// What it awaits: work, input, approval, review, content, escalation or checkpoint.
    pub awaiting: String,
    /// Who asks, or has put it aside.
    pub by: Option<String>,
    /// What is asked or was said last.
    pub text: String,
    /// How many answers the question offers, by number from 1.
    pub options: usize,
    /// The command that settles it.
    pub command: String,
    /// The command that sends it back, where that can be.
    pub refuse: Option<String>,
}

impl EventKind {
    /// The names of all kinds, as in JSON.
    #[must_use]
    pub fn names() -> Vec<String> {
        let schema = schemars::schema_for!(Self);
        let kinds = schema.get("oneOf").and_then(Value::as_array);
        let names = kinds.into_iter().flatten().filter_map(|kind| {
            let name = &kind["properties"]["kind"]["const"];
            name.as_str().map(str::to_owned)
        });
        names.collect()
    }

    /// The kind's name, as in JSON.
    #[must_use]
    pub fn name(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value["kind"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether the runner's later decisions depend on it, so that it must be on the disk
    /// before anything follows from it. The others tell what a worker does meanwhile.
    #[must_use]
    pub const fn is_state(&self) -> bool {
        !matches!(
            self,
            Self::Thought { .. }
                | Self::Read { .. }
                | Self::Edit { .. }
                | Self::Create { .. }
                | Self::Command { .. }
                | Self::Say { .. }
                | Self::Warning { .. }
                | Self::Batch { .. }
                | Self::Clash { .. }
                | Self::Delayed { .. }
                | Self::Cost { settled: false, .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_flat_object_and_reads_back() {
        let event = Event {
            seq: 3,
            at: "2026-11-20T09:00:00Z".parse().unwrap(),
            run: "01J".into(),
            ticket: Some("abc".into()),
            wave: Some(1),
            kind: EventKind::CheckPassed {
                command: "make".into(),
                seconds: 0.5,
            },
        };
        let line = serde_json::to_string(&event).unwrap();
        assert_eq!(
            line,
            r#"{"seq":3,"at":"2026-11-20T09:00:00Z","run":"01J","ticket":"abc","wave":1,"kind":"check_passed","command":"make","seconds":0.5}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    }
}
