//! The document of `tk stats`.

use schemars::JsonSchema;
use serde::Serialize;

/// `tk stats --runs --json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StatsDocument {
    /// `tk.stats.v1`.
    pub schema: &'static str,
    /// How many runs the figures are of.
    pub runs: usize,
    /// All of them together.
    pub total: Figures,
    /// By ticket, the dearest first.
    pub tickets: Vec<TicketFigures>,
    /// By agent, the dearest first.
    pub agents: Vec<AgentFigures>,
    /// By day in UTC, the newest first.
    pub days: Vec<DayFigures>,
}

/// What workers used and came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Figures {
    /// What they cost in US dollars, reservations of unsettled workers included, as far as that is
    /// known; `null` where nothing of it is.
    pub cost_usd: Option<f64>,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Model turns.
    pub turns: u64,
    /// How long they took, checks and merges included, in seconds.
    pub seconds: f64,
    /// How often a worker was started again because something had gone wrong: a red check, a
    /// crash, silence. That its money ran out and was renewed does not count.
    pub retries: u64,
    /// How often a ticket landed.
    pub landed: u64,
    /// How often one failed.
    pub failed: u64,
    /// How many landed without a retry and without having failed before.
    pub first_pass: u64,
    /// Those, of all tickets that landed or failed; `null` where none has.
    pub first_pass_rate: Option<f64>,
}

/// The figures of a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TicketFigures {
    /// The ticket.
    pub id: String,
    /// Its title, as the last run had it.
    pub title: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The figures of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AgentFigures {
    /// The agent.
    pub agent: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The figures of a day.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DayFigures {
    /// The day, as `2026-11-20`.
    pub day: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}
