//! What the user asked of a run, and what it comes to with the configuration.

use crate::model::{AgentConfig, LandMode, Span, Usd};
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::store::StoreError;

/// What the user asked for; what is absent comes from the configuration.
#[derive(Clone, Debug, Default)]
pub struct RunRequest {
    /// An epic, or tickets.
    pub targets: Vec<String>,
    /// Places.
    pub parallel: Option<usize>,
    /// The cap on money.
    pub max_cost: Option<Usd>,
    /// The cap on the money of each ticket.
    pub max_ticket_cost: Option<Usd>,
    /// The cap on tokens.
    pub max_tokens: Option<u64>,
    /// The cap on time.
    pub max_time: Option<Span>,
    /// The agent of tickets that name none.
    pub agent: Option<String>,
    /// The model of tickets that name none.
    pub model: Option<String>,
    /// Checks beside the configured ones.
    pub checks: Vec<String>,
    /// When to land on the user's branch.
    pub land: Option<LandMode>,
    /// The branch to land on.
    pub onto: Option<String>,
    /// Fresh attempts after a crash.
    pub retries: Option<u32>,
    /// A barrier between waves.
    pub waves: bool,
    /// Stay until people have given what they owe.
    pub wait: bool,
    /// Start no worker: land what was approved, and the run's branch.
    pub only_land: bool,
}

/// A request with the configuration's values filled in.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub parallel: Option<usize>,
    pub max_cost: Option<Usd>,
    /// What all runs of the clone may spend in a day.
    pub daily_budget: Option<Usd>,
    pub max_ticket_cost: Option<Usd>,
    pub max_tokens: Option<u64>,
    pub max_time: Option<Span>,
    pub agent: String,
    pub model: Option<String>,
    pub checks: Vec<String>,
    pub land: LandMode,
    pub retries: u32,
    pub waves: bool,
    pub wait: bool,
    pub only_land: bool,
}

impl Options {
    /// # Errors
    /// When the agent that was asked for is none, or a check is blank.
    pub(super) fn new(request: &RunRequest, project: &Project) -> Result<Self> {
        if let Some(name) = &request.agent
            && let Err(wrong) = project.store.agent(name)
        {
            let is_none = matches!(wrong, StoreError::NoAgent { .. });
            let mut error = Error::from(wrong);
            if is_none {
                // The option's value is wrong, not the configuration.
                error.code = ErrorCode::InvalidArgument;
            }
            return Err(error);
        }
        if request.checks.iter().any(|check| check.trim().is_empty()) {
            let message = "`--check` is blank: expected a shell command";
            return Err(Error::new(ErrorCode::InvalidArgument, message));
        }
        let run = &project.config.run;
        Ok(Self {
            parallel: request.parallel.or(run.parallel),
            max_cost: request.max_cost.or(run.max_cost),
            daily_budget: run.daily_budget,
            max_ticket_cost: request.max_ticket_cost.or(run.max_ticket_cost),
            max_tokens: request.max_tokens.or(run.max_tokens),
            max_time: request.max_time.or(run.max_time),
            agent: request.agent.clone().unwrap_or_else(|| run.agent.clone()),
            model: request.model.clone(),
            checks: run.checks.iter().chain(&request.checks).cloned().collect(),
            land: request.land.unwrap_or(run.land),
            retries: request.retries.unwrap_or(run.retries),
            waves: request.waves,
            wait: request.wait,
            only_land: request.only_land,
        })
    }

    /// Whether the run, or all runs of the clone in a day, may cost only so much.
    pub(super) fn is_capped(&self) -> bool {
        self.max_cost.is_some() || self.daily_budget.is_some()
    }

    /// What a ticket that the agent works at may cost in the run, where that is bounded.
    pub(super) fn ticket_cap(&self, agent: &AgentConfig) -> Option<Usd> {
        // Under a cap the agent's own is what its workers get at a time; else it is all there is.
        let of_agent = agent.max_cost.filter(|_| !self.is_capped());
        self.max_ticket_cost.into_iter().chain(of_agent).min()
    }
}
