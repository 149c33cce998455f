//! A ticket, as its file says.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Actor, Repeat, Span, StatusId, TicketId, Usd};

/// Why a word is not one of a closed set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{given}`: expected one of {expected}")]
pub struct InvalidWord {
    /// What the word was to name.
    pub what: &'static str,
    /// The word, cut to a printable length.
    pub given: String,
    /// The words that would do, separated by commas.
    pub expected: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($(#[$vdoc:meta])* $variant:ident => $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
        #[schemars(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in files, commands and JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = InvalidWord;
            fn from_str(text: &str) -> Result<Self, InvalidWord> {
                let word = text.trim().to_lowercase();
                Self::ALL.iter().copied().find(|v| v.as_str() == word).ok_or_else(|| InvalidWord {
                    what: $what,
                    given: super::escaped(text, 40),
                    expected: [$($word),+].join(", "),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// What a person owes a ticket.
    Awaiting, "awaiting kind", {
        /// Do it: the ticket is for a person.
        Work => "work",
        /// Answer a question.
        Input => "input",
        /// Allow it.
        Approval => "approval",
        /// Look at what was done.
        Review => "review",
        /// Supply text, pictures or data.
        Content => "content",
        /// Decide what an agent could not.
        Escalation => "escalation",
        /// Look before it goes on.
        Checkpoint => "checkpoint",
    }
}

words! {
    /// The human gate a ticket declares up front.
    Gate, "gate", {
        /// A person allows it.
        Approval => "approval",
        /// A person looks at what was done.
        Review => "review",
        /// A person judges the content.
        Content => "content",
    }
}

impl Gate {
    /// What a ticket at this gate awaits.
    #[must_use]
    pub const fn awaiting(self) -> Awaiting {
        match self {
            Self::Approval => Awaiting::Approval,
            Self::Review => Awaiting::Review,
            Self::Content => Awaiting::Content,
        }
    }
}

words! {
    /// A person's answer to a gate.
    Verdict, "verdict", {
        /// Go on.
        Approved => "approved",
        /// Not like this.
        Rejected => "rejected",
    }
}

words! {
    /// What a note is for.
    NoteKind, "note kind", {
        /// Anything.
        Comment => "comment",
        /// Somebody needs an answer.
        Question => "question",
        /// The answer.
        Answer => "answer",
        /// What is to be changed.
        Feedback => "feedback",
        /// Why an attempt failed.
        Failure => "failure",
        /// What was done.
        Summary => "summary",
    }
}

words! {
    /// How an attempt ended.
    Outcome, "outcome", {
        /// Merged into the run's branch.
        Landed => "landed",
        /// A person is owed something.
        Awaiting => "awaiting",
        /// It did not work.
        Failed => "failed",
        /// The run was stopped.
        Stopped => "stopped",
        /// Put aside until a limit frees it.
        Parked => "parked",
    }
}

/// How urgent a ticket is: 0 is the highest, 4 the lowest, 2 the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    /// The priority of that number, if it is from 0 to 4.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number <= 4 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number, from 0 to 4.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self(2)
    }
}

impl FromStr for Priority {
    type Err = InvalidWord;
    /// Reads `1`, `P1`, `p1`, and the words critical, high, medium, low and backlog.
    fn from_str(text: &str) -> Result<Self, InvalidWord> {
        let word = text.trim().to_lowercase();
        let number = match word.as_str() {
            "critical" | "highest" => Some(0),
            "high" => Some(1),
            "medium" | "normal" => Some(2),
            "low" => Some(3),
            "backlog" | "lowest" => Some(4),
            _ => word.strip_prefix('p').unwrap_or(&word).parse().ok(),
        };
        number.and_then(Self::new).ok_or_else(|| InvalidWord {
            what: "priority",
            given: super::escaped(text, 40),
            expected: "0 (highest), 1, 2, 3, 4 (lowest)".to_owned(),
        })
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Until when a ticket is put off: a day (until its beginning in UTC) or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defer {
    /// Until that day begins.
    Day(Date),
    /// Until that moment.
    At(Timestamp),
}

impl Defer {
    /// The moment from which on it is put off no longer.
    #[must_use]
    pub fn begins(self) -> Timestamp {
        match self {
            Self::Day(day) => {
                let start = day.to_zoned(jiff::tz::TimeZone::UTC);
                start.map_or(Timestamp::MIN, |start| start.timestamp())
            }
            Self::At(at) => at,
        }
    }

    /// Whether the ticket is still put off at `now`.
    #[must_use]
    pub fn holds(self, now: Timestamp) -> bool {
        now < self.begins()
    }
}

impl fmt::Display for Defer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::At(at) => write!(f, "{at}"),
        }
    }
}

/// One thing that must be true of the result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// What must be true; its identity within the ticket.
    pub text: String,
    /// A shell command that exits 0 when it is; run by the gate.
    pub check: Option<String>,
    /// Whether it was seen to be true.
    pub met: bool,
}

/// One step of the work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subtask {
    /// What to do; its identity within the ticket.
    pub title: String,
    /// Whether it is done.
    pub done: bool,
}

/// Something said about a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When, where it or its ticket says so: one that was written by hand may not.
    pub at: Option<Timestamp>,
    /// By whom.
    pub by: String,
    /// What for.
    pub kind: NoteKind,
    /// What was said.
    pub text: String,
}

/// One attempt at a ticket in a run, for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// The run's id.
    pub run: String,
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// The agent's name.
    pub agent: String,
    /// The model, where the agent told.
    pub model: Option<String>,
    /// The session that can be resumed.
    pub session: Option<String>,
    /// When the first worker of the attempt started.
    pub started_at: Option<Timestamp>,
    /// When the attempt ended.
    pub ended_at: Option<Timestamp>,
    /// How.
    pub outcome: Option<Outcome>,
    /// What the worker said it did.
    pub summary: Option<String>,
    /// What it cost.
    pub cost_usd: Option<Usd>,
    /// Tokens read, cached ones included.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// Model turns taken.
    pub turns: Option<u64>,
}

/// A ticket: everything its file says that `tk` understands. Unknown keys and comments stay
/// in the file's text, which `format` edits in place.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket {
    /// The file's stem.
    pub id: TicketId,
    /// One line.
    pub title: String,
    /// `type` in the file: task, bug, feature, chore, epic, or what is configured.
    pub kind: String,
    /// Where it stands.
    pub status: StatusId,
    /// How urgent it is.
    pub priority: Priority,
    /// Who is responsible, or has claimed it.
    pub owner: Option<String>,
    /// The epic it is a part of.
    pub parent: Option<TicketId>,
    /// Free labels.
    pub labels: BTreeSet<String>,
    /// What must be done before.
    pub blocked_by: BTreeSet<TicketId>,
    /// The human gate before it closes.
    pub requires: Option<Gate>,
    /// What a person owes it.
    pub awaiting: Option<Awaiting>,
    /// How long it is expected to take.
    pub estimate: Option<Span>,
    /// Soft order: preferred after these, never blocked by them.
    pub after: BTreeSet<TicketId>,
    /// Tickets worth reading beside it.
    pub related: BTreeSet<TicketId>,
    /// The ticket during whose work it was found.
    pub discovered_from: Option<TicketId>,
    /// The ticket it repeats.
    pub duplicate_of: Option<TicketId>,
    /// When it should be done.
    pub due: Option<Date>,
    /// Until when it is put off.
    pub defer_until: Option<Defer>,
    /// How often it comes again once it is closed.
    pub repeat: Option<Repeat>,
    /// The ticket that it came after.
    pub recurs_from: Option<TicketId>,
    /// The agent to run it with.
    pub agent: Option<String>,
    /// The model to run it with.
    pub model: Option<String>,
    /// Never run together with another ticket of this lock.
    pub lock: Option<String>,
    /// A pull request's address.
    pub pr: Option<String>,
    /// Shell commands that must pass on the merged tree.
    pub checks: Vec<String>,
    /// Globs of the files it is expected to change.
    pub touches: Vec<String>,
    /// When it was filed.
    pub created_at: Option<Timestamp>,
    /// By whom.
    pub created_by: Option<String>,
    /// When work began.
    pub started_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// By whom.
    pub closed_by: Option<String>,
    /// Why it was closed.
    pub reason: Option<String>,
    /// The last answer to its gate.
    pub verdict: Option<Verdict>,
    /// What it is about.
    pub description: String,
    /// What must be true of the result.
    pub acceptance: Vec<Acceptance>,
    /// Its steps.
    pub subtasks: Vec<Subtask>,
    /// What was said, oldest first.
    pub notes: Vec<Note>,
    /// Attempts, oldest first.
    pub runs: Vec<RunRecord>,
}

impl Ticket {
    /// A ticket with nothing but the given.
    #[must_use]
    pub fn new(id: TicketId, title: String, kind: String, status: StatusId) -> Self {
        Self {
            id,
            title,
            kind,
            status,
            priority: Priority::default(),
            owner: None,
            parent: None,
            labels: BTreeSet::new(),
            blocked_by: BTreeSet::new(),
            requires: None,
            awaiting: None,
            estimate: None,
            after: BTreeSet::new(),
            related: BTreeSet::new(),
            discovered_from: None,
            duplicate_of: None,
            due: None,
            defer_until: None,
            repeat: None,
            recurs_from: None,
            agent: None,
            model: None,
            lock: None,
            pr: None,
            checks: Vec::new(),
            touches: Vec::new(),
            created_at: None,
            created_by: None,
            started_at: None,
            closed_at: None,
            closed_by: None,
            reason: None,
            verdict: None,
            description: String::new(),
            acceptance: Vec::new(),
            subtasks: Vec::new(),
            notes: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// The latest time in the file: when it was last changed, as far as it tells.
    #[must_use]
    pub fn updated_at(&self) -> Option<Timestamp> {
        let own = [self.created_at, self.started_at, self.closed_at]
            .into_iter()
            .flatten();
        let notes = self.notes.iter().filter_map(|note| note.at);
        let runs = self
            .runs
            .iter()
            .flat_map(|run| [run.started_at, run.ended_at])
            .flatten();
        own.chain(notes).chain(runs).max()
    }

    /// Whether its human gate, if any, is behind it.
    #[must_use]
    pub fn passes_gate(&self) -> bool {
        self.requires.is_none() || self.verdict == Some(Verdict::Approved)
    }

    /// Whether an agent has filed it and nobody has begun it: it waits to be let in.
    #[must_use]
    pub fn is_proposal(&self) -> bool {
        let by_agent = |by: &String| Actor::new(by).is_agent();
        self.started_at.is_none()
            && self.runs.is_empty()
            && self.created_by.as_ref().is_some_and(by_agent)
    }

    /// What its recorded attempts cost together, if any told.
    #[must_use]
    pub fn cost(&self) -> Option<Usd> {
        RunRecord::cost_of(&self.runs)
    }
}

impl RunRecord {
    /// What those attempts cost together, if any told.
    #[must_use]
    pub fn cost_of(runs: &[Self]) -> Option<Usd> {
        let costs = || runs.iter().filter_map(|run| run.cost_usd);
        costs().next().map(|_| costs().sum())
    }
}
