//! `tk.graph.v1`: what `tk graph --json` prints.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Awaiting, Gate};

/// The open work of an epic in waves, with its critical path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GraphDocument {
    /// `tk.graph.v1`.
    pub schema: &'static str,
    /// The epic; null where none was given.
    pub epic: Option<GraphEpic>,
    /// The open work: the tickets of a wave may run together.
    pub waves: Vec<Vec<GraphTicket>>,
    /// The size of the widest wave.
    pub max_parallel: usize,
    /// How many tickets are on the longest weighted chain.
    pub critical_path: usize,
    /// Those, first to last.
    pub critical_path_ids: Vec<String>,
    /// How long that chain lasts.
    pub critical_path_minutes: u64,
    /// What is open or missing outside and holds back something inside.
    pub external_blockers: Vec<GraphBrief>,
    /// What waits for a person.
    pub awaiting: Vec<GraphBrief>,
    /// Closed children.
    pub done: Vec<GraphBrief>,
}

/// The epic a graph is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GraphEpic {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
}

/// One ticket of a wave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GraphTicket {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its status.
    pub status: String,
    /// Its priority, from 0 to 4.
    #[schemars(range(max = 4))]
    pub priority: u8,
    /// Its open blockers, those of the epics it is in included, and the open work of an epic
    /// in the epic's place.
    pub blocked_by: Vec<String>,
    /// What a person owes it.
    #[schemars(with = "Option<Awaiting>")]
    pub awaiting: Option<&'static str>,
    /// The gate it declares.
    #[schemars(with = "Option<Gate>")]
    pub requires: Option<&'static str>,
    /// Its wave, from 1.
    pub wave: usize,
    /// How long it is taken to last.
    pub estimate_minutes: u64,
    /// How late it may be without delaying the end.
    pub slack_minutes: u64,
    /// Whether it has no slack.
    pub critical: bool,
    /// Whether it can be started now.
    pub ready: bool,
}

/// A ticket beside the waves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GraphBrief {
    /// Its id.
    pub id: String,
    /// Its title; empty if it does not exist.
    pub title: String,
    /// Its status; `missing` if it does not exist.
    pub status: String,
}
