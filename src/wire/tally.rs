//! The document of `tk stats` about tickets.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

/// `tk stats --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TallyDocument {
    /// `tk.tally.v1`.
    pub schema: &'static str,
    /// The epic whose descendants are counted; null for all tickets.
    pub epic: Option<String>,
    /// How many tickets there are, epics included.
    pub total: usize,
    /// How many files cannot be read as tickets, and so are not counted.
    pub unreadable: usize,
    /// How many of them are not done.
    pub open: usize,
    /// How many are.
    pub done: usize,
    /// By status, in the order of the board.
    pub statuses: Vec<Count>,
    /// By type, those of which most are open first.
    pub types: Vec<Count>,
    /// By priority.
    pub priorities: Vec<Count>,
    /// By owner, those of whom most are open first.
    pub owners: Vec<Count>,
    /// By the agent that they are to be run with, likewise.
    pub agents: Vec<Count>,
    /// Week by week, the oldest first. From here on epics are not counted: they are no work.
    pub weeks: Vec<WeekTally>,
    /// From being filed to being closed, of what was closed in those weeks.
    pub lead_time: Durations,
    /// From being started to being closed, likewise, where the ticket says when that was.
    pub cycle_time: Durations,
    /// How old open work is.
    pub ages: Vec<AgeCount>,
    /// Open work that does not say when it was filed.
    pub undated: usize,
    /// The oldest open work, the oldest first.
    pub oldest: Vec<AgedTicket>,
    /// Epics that are not done, by id.
    pub epics: Vec<EpicTally>,
}

/// How many tickets have something in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Count {
    /// What; null for those that have none.
    pub name: Option<String>,
    /// How many of them are not done.
    pub open: usize,
    /// How many are.
    pub done: usize,
}

/// A week, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WeekTally {
    /// Its Monday.
    #[schemars(with = "Date")]
    pub monday: String,
    /// How many tickets were filed in it.
    pub opened: usize,
    /// How many were closed in it.
    pub closed: usize,
    /// How many were filed up to its end.
    pub opened_total: usize,
    /// How many of today's closed ones were closed by then.
    pub closed_total: usize,
}

/// How long something took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Durations {
    /// Of how many tickets that is known.
    pub tickets: usize,
    /// The half of them took at most that many seconds; null where there is none.
    pub median_seconds: Option<u64>,
    /// 85 of 100 took at most that many seconds; null where there is none.
    pub p85_seconds: Option<u64>,
}

/// Open work of some age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgeCount {
    /// At least so many days old.
    pub from_days: u64,
    /// Less than so many days old; null where there is no limit.
    pub under_days: Option<u64>,
    /// How many.
    pub tickets: usize,
}

/// An open ticket with its age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgedTicket {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How many whole days ago it was filed.
    pub days: u64,
}

/// How far an epic is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EpicTally {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How much of the work below it is done, in tickets.
    pub done: usize,
    /// How much there is.
    pub total: usize,
}
