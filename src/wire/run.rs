//! The documents about runs.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// `tk runs --json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunsDocument {
    /// `tk.runs.v1`.
    pub schema: &'static str,
    /// How many there are.
    pub total: usize,
    /// Newest first.
    pub runs: Vec<RunEntry>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunEntry {
    /// Its id.
    pub run: String,
    /// Its key: the epic's id, or `t-` and a hash of the tickets' ids.
    pub key: String,
    /// The epic's or tickets' title.
    pub title: String,
    /// `live`, `interrupted`, or how it ended: `done`, `waiting`, `failed`, `budget`,
    /// `stopped`, `unlanded`.
    pub state: String,
    /// The runner's process, while it is live.
    pub pid: Option<i32>,
    /// Processes of workers that live on though their runner is dead: `tk stop` ends them.
    pub left: Vec<i32>,
    /// When it first started.
    pub started_at: Timestamp,
    /// When its last event was.
    pub updated_at: Option<Timestamp>,
    /// The branch it lands on.
    pub onto: String,
    /// The run's branch.
    pub branch: String,
    /// What it cost in US dollars, reservations of unsettled workers included, as far as that is
    /// known; `null` where nothing of it is.
    pub cost_usd: Option<f64>,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Model turns.
    pub turns: u64,
    /// How long its tickets took, one after the other, in seconds.
    pub seconds: f64,
    /// How often a worker was started again because something had gone wrong.
    pub retries: u64,
    /// Tickets that landed without a retry and without having failed before, of all that
    /// landed or failed in it; `null` where none has.
    pub first_pass_rate: Option<f64>,
    /// Tickets that landed.
    pub landed: Vec<String>,
    /// Tickets that failed in its last stretch.
    pub failed: Vec<String>,
    /// Tickets that a person is owed something for.
    pub awaiting: Vec<String>,
}

/// `tk stop --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StopDocument {
    /// `tk.stop.v1`.
    pub schema: &'static str,
    /// The run.
    pub run: String,
    /// The ticket, where only one was stopped.
    pub ticket: Option<String>,
    /// The runner's process; none where it was dead, and only what it had left was ended.
    pub pid: Option<i32>,
    /// The processes of workers that a dead runner had left, which were ended.
    pub left: Vec<i32>,
}

/// `tk prompt --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PromptDocument {
    /// `tk.prompt.v1`.
    pub schema: &'static str,
    /// The ticket.
    pub id: String,
    /// The agent.
    pub agent: String,
    /// The prompt.
    pub text: String,
}

/// `tk run --plan --json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlanDocument {
    /// `tk.plan.v1`.
    pub schema: &'static str,
    /// The run's key.
    pub key: String,
    /// The epic's or tickets' title.
    pub title: String,
    /// The branch it would land on.
    pub onto: String,
    /// Places.
    pub parallel: usize,
    /// Ticket ids by wave.
    pub waves: Vec<Vec<String>>,
    /// The starts in their order, as predicted.
    pub starts: Vec<PlannedStart>,
    /// The longest weighted chain.
    pub critical_path_ids: Vec<String>,
    /// Its length.
    pub critical_path_minutes: u64,
    /// How long it should take with the places there are.
    pub predicted_minutes: u64,
    /// The cap on money.
    pub max_cost_usd: Option<f64>,
    /// Tickets that may not run beside one another.
    pub clashes: Vec<PlannedClash>,
    /// Tickets that wait for a person and would not be run.
    pub awaiting: Vec<String>,
    /// Tickets held by something outside, or by what waits for a person.
    pub held: Vec<String>,
    /// Bytes free on the disk of the worktrees.
    pub disk_free_bytes: Option<u64>,
}

/// A predicted start.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlannedStart {
    /// The ticket.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The agent.
    pub agent: String,
    /// `fresh`, `resume` or `land`.
    pub begins: &'static str,
    /// Minutes from the beginning.
    pub start_minutes: u64,
    /// Minutes from the beginning.
    pub end_minutes: u64,
    /// What would be put aside, where that is known beforehand.
    pub reserved_usd: Option<f64>,
    /// The checks of its gate.
    pub checks: Vec<String>,
}

/// Tickets of which no two may run at once.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlannedClash {
    /// The tickets.
    pub tickets: Vec<String>,
    /// Why.
    pub why: String,
}
