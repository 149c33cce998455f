//! What can go wrong with a worker, as a closed set: the runner decides by the class.

use std::fmt;

/// The class of a worker's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// The model's service does not know who asks.
    Authentication,
    /// The model's service wants money.
    Billing,
    /// The account has used up what it may use for now.
    UsageLimit,
    /// The model's service could not keep up, after all the client's own retries.
    Overloaded,
    /// The most model turns were reached.
    MaxTurns,
    /// The worker's own budget was reached.
    MaxBudget,
    /// The worker was interrupted.
    Interrupted,
    /// The session to go on with is not there; so with one that was killed right after its
    /// start.
    UnknownSession,
    /// The session is in use by another process.
    SessionInUse,
    /// The worker's program could not be started.
    NotStarted,
    /// The worker ended without a result.
    NoResult,
    /// The worker ended without saying whether the work is done.
    NoReport,
    /// The worker says that the work is not done.
    NotDone,
    /// Anything else.
    Error,
}

/// The class of a program that ended otherwise than it should have.
pub(super) const CRASH: &str = "crash";

/// What a ticket's file says of a failure. What a program wrote to its standard error, from the
/// reason's second line on, is not among that: it may hold secrets, and stays in the run's folder.
pub(super) fn noted(class: &str, reason: &str) -> String {
    let of_program = [CRASH, FailureClass::NoResult.as_str()].contains(&class);
    let said = match reason.split_once('\n') {
        Some((first, _)) if of_program => first,
        _ => reason,
    };
    format!("Agent failed: {class}: {said}")
}

impl FailureClass {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Billing => "billing",
            Self::UsageLimit => "usage_limit",
            Self::Overloaded => "overloaded",
            Self::MaxTurns => "max_turns",
            Self::MaxBudget => "max_budget",
            Self::Interrupted => "interrupted",
            Self::UnknownSession => "unknown_session",
            Self::SessionInUse => "session_in_use",
            Self::NotStarted => "not_started",
            Self::NoResult => "no_result",
            Self::NoReport => "no_report",
            Self::NotDone => "not_done",
            Self::Error => "error",
        }
    }

    /// Whether every other worker of the account would fail in the same way, so that none
    /// must be started.
    #[must_use]
    pub const fn stops_all(self) -> bool {
        matches!(self, Self::Authentication | Self::Billing)
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
