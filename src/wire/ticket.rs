//! A ticket as public JSON.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::TicketFields;
use crate::model::{
    Acceptance, Awaiting, Defer, Gate, Note, NoteKind, Outcome, RunRecord, Subtask, Ticket, Verdict,
};

/// Keys of a listed ticket that only `--full` and `tk show` have.
const FULL_ONLY: &[&str] = &["description", "notes", "runs", "commits"];

/// Keys of a ticket where an agent asks what to do next: few, so that ten fit in 2.5 kB.
const BRIEF: &[&str] = &[
    "id", "title", "type", "status", "priority", "owner", "parent", "labels", "requires",
    "estimate", "etag",
];

/// How much of a ticket its JSON tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What is needed to choose what to do.
    Brief,
    /// All but long texts and records.
    Listed,
    /// Everything.
    Full,
    /// These keys, in this order.
    Chosen(Vec<String>),
}

/// What a ticket's JSON tells besides what its file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketFacts {
    /// The name of the file's exact text.
    pub etag: String,
    /// How it stands among the others.
    pub standing: Option<Standing>,
    /// The commits that name it.
    pub commits: Vec<CommitRecord>,
    /// Whether the record has the description, the notes and the attempts; copying them is
    /// much of what a long list would cost.
    pub texts: bool,
}

/// How a ticket stands among the others. Commands that read no others do not tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Standing {
    /// The tickets it blocks.
    pub blocks: Vec<String>,
    /// Its blockers that are not done.
    pub open_blockers: Vec<String>,
    /// Whether it can be started now.
    pub ready: bool,
    /// Who holds it in another clone, as `tk sync` saw last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Timestamp>")]
    pub held_until: Option<String>,
}

/// A ticket: the keys of its file in the file's order, then what follows from it. Which of
/// them are there depends on the command, `--full` and `--fields`; a record without long texts
/// has no keys for them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(extend("required" = []))]
pub struct TicketRecord {
    /// Its id.
    pub id: String,
    /// One line.
    pub title: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its status.
    pub status: String,
    /// From 0, the highest, to 4.
    #[schemars(range(max = 4))]
    pub priority: u8,
    /// Who is responsible.
    pub owner: Option<String>,
    /// The epic it is a part of.
    pub parent: Option<String>,
    /// Free labels, sorted.
    pub labels: Vec<String>,
    /// What must be done before, sorted.
    pub blocked_by: Vec<String>,
    /// The human gate before it closes.
    #[schemars(with = "Option<Gate>")]
    pub requires: Option<&'static str>,
    /// What a person owes it.
    #[schemars(with = "Option<Awaiting>")]
    pub awaiting: Option<&'static str>,
    /// How long it is expected to take, such as `2h`.
    pub estimate: Option<String>,
    /// Soft order.
    pub after: Vec<String>,
    /// Tickets worth reading beside it.
    pub related: Vec<String>,
    /// The ticket during whose work it was found.
    pub discovered_from: Option<String>,
    /// The ticket it repeats.
    pub duplicate_of: Option<String>,
    /// When it should be done, a day.
    #[schemars(with = "Option<Date>")]
    pub due: Option<String>,
    /// Until when it is put off, a day or a time.
    pub defer_until: Option<String>,
    /// How often it comes again once it is closed, such as `1w` or `1mo`.
    pub repeat: Option<String>,
    /// The ticket that it came after.
    pub recurs_from: Option<String>,
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
    #[schemars(with = "Option<Timestamp>")]
    pub created_at: Option<String>,
    /// By whom.
    pub created_by: Option<String>,
    /// When work began.
    #[schemars(with = "Option<Timestamp>")]
    pub started_at: Option<String>,
    /// When it was closed.
    #[schemars(with = "Option<Timestamp>")]
    pub closed_at: Option<String>,
    /// By whom.
    pub closed_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The last answer to its gate.
    #[schemars(with = "Option<Verdict>")]
    pub verdict: Option<&'static str>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub description: Option<String>,
    /// What must be true of the result.
    pub acceptance: Vec<AcceptanceRecord>,
    /// Its steps.
    pub subtasks: Vec<SubtaskRecord>,
    /// What was said, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<NoteRecord>")]
    pub notes: Option<Vec<NoteRecord>>,
    /// Attempts, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<AttemptRecord>")]
    pub runs: Option<Vec<AttemptRecord>>,
    /// The name of the file's exact text, for `--if-match`.
    pub etag: String,
    /// How it stands among the others; not there where no others were read.
    #[serde(flatten)]
    pub standing: Option<Standing>,
    /// The latest time in the file.
    #[schemars(with = "Option<Timestamp>")]
    pub updated_at: Option<String>,
    /// The commits that name it, newest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<CommitRecord>")]
    pub commits: Option<Vec<CommitRecord>>,
    /// How many notes it has.
    pub note_count: usize,
    /// What its attempts cost together; null if none told.
    pub cost_usd: Option<f64>,
}

/// One thing that must be true of the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AcceptanceRecord {
    /// What.
    pub text: String,
    /// The command that tells.
    pub check: Option<String>,
    /// Whether it was seen to be true.
    pub met: bool,
}

/// One step of the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SubtaskRecord {
    /// What to do.
    pub title: String,
    /// Whether it is done.
    pub done: bool,
}

/// Something said about a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NoteRecord {
    /// When.
    #[schemars(with = "Timestamp")]
    pub at: String,
    /// By whom.
    pub by: String,
    /// What for.
    #[schemars(with = "NoteKind")]
    pub kind: &'static str,
    /// What.
    pub text: String,
}

/// One attempt at a ticket in a run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AttemptRecord {
    /// The run.
    pub run: String,
    /// The attempt's number.
    pub attempt: u32,
    /// The agent.
    pub agent: String,
    /// The model.
    pub model: Option<String>,
    /// The session that can be resumed.
    pub session: Option<String>,
    /// When it began.
    #[schemars(with = "Option<Timestamp>")]
    pub started_at: Option<String>,
    /// When it ended.
    #[schemars(with = "Option<Timestamp>")]
    pub ended_at: Option<String>,
    /// How.
    #[schemars(with = "Option<Outcome>")]
    pub outcome: Option<&'static str>,
    /// What the worker said it did.
    pub summary: Option<String>,
    /// What it cost.
    pub cost_usd: Option<f64>,
    /// Tokens read.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// Model turns.
    pub turns: Option<u64>,
}

/// A commit that names a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CommitRecord {
    /// Its id.
    pub id: String,
    /// Its first line.
    pub subject: String,
    /// Its author.
    pub author: String,
    /// When it was made.
    pub at: Option<String>,
}

impl TicketRecord {
    /// Every key, in order.
    #[must_use]
    pub fn keys() -> Vec<String> {
        let all = Self {
            standing: Some(Standing {
                held_by: Some(String::new()),
                held_until: Some(String::new()),
                ..Standing::default()
            }),
            description: Some(String::new()),
            notes: Some(Vec::new()),
            runs: Some(Vec::new()),
            commits: Some(Vec::new()),
            ..Self::default()
        };
        let all = all.fields(&Detail::Full);
        all.into_iter().map(|(key, _)| key).collect()
    }

    /// Whether the detail tells what is only in a record with texts.
    #[must_use]
    pub fn needs_texts(detail: &Detail) -> bool {
        match detail {
            Detail::Full => true,
            Detail::Brief | Detail::Listed => false,
            Detail::Chosen(keys) => keys.iter().any(|key| FULL_ONLY.contains(&key.as_str())),
        }
    }

    /// The keys and values that the detail asks for.
    #[must_use]
    pub fn fields(&self, detail: &Detail) -> TicketFields {
        let mut all = match serde_json::to_value(self) {
            Ok(Value::Object(all)) => all,
            // A record is always an object.
            _ => Map::new(),
        };
        match detail {
            Detail::Full => all,
            Detail::Listed => {
                all.retain(|key, _| !FULL_ONLY.contains(&key.as_str()));
                all
            }
            Detail::Brief => {
                all.retain(|key, _| BRIEF.contains(&key.as_str()));
                all
            }
            Detail::Chosen(keys) => keys
                .iter()
                .filter_map(|key| Some((key.clone(), all.get(key)?.clone())))
                .collect(),
        }
    }

    /// The record as JSON with the keys that the detail asks for.
    ///
    /// # Errors
    /// When it cannot be written, which no record is known to do.
    pub fn written(&self, detail: &Detail) -> serde_json::Result<Box<RawValue>> {
        match detail {
            Detail::Full => to_raw_value(self),
            Detail::Listed if self.is_brief() => to_raw_value(self),
            _ => to_raw_value(&self.fields(detail)),
        }
    }

    /// Whether it has none of what only a record with texts has.
    const fn is_brief(&self) -> bool {
        self.description.is_none()
            && self.notes.is_none()
            && self.runs.is_none()
            && self.commits.is_none()
    }

    /// The ticket with what follows from it.
    #[must_use]
    pub fn new(ticket: &Ticket, facts: TicketFacts) -> Self {
        Self {
            id: ticket.id.to_string(),
            title: ticket.title.clone(),
            kind: ticket.kind.clone(),
            status: ticket.status.to_string(),
            priority: ticket.priority.number(),
            owner: ticket.owner.clone(),
            parent: shown(ticket.parent.as_ref()),
            labels: ticket.labels.iter().cloned().collect(),
            blocked_by: all(&ticket.blocked_by),
            requires: ticket.requires.map(|gate| gate.as_str()),
            awaiting: ticket.awaiting.map(|kind| kind.as_str()),
            estimate: shown(ticket.estimate.as_ref()),
            after: all(&ticket.after),
            related: all(&ticket.related),
            discovered_from: shown(ticket.discovered_from.as_ref()),
            duplicate_of: shown(ticket.duplicate_of.as_ref()),
            due: shown(ticket.due.as_ref()),
            defer_until: ticket.defer_until.map(|defer| match defer {
                Defer::Day(day) => day.to_string(),
                Defer::At(at) => at.to_string(),
            }),
            repeat: shown(ticket.repeat.as_ref()),
            recurs_from: shown(ticket.recurs_from.as_ref()),
            agent: ticket.agent.clone(),
            model: ticket.model.clone(),
            lock: ticket.lock.clone(),
            pr: ticket.pr.clone(),
            checks: ticket.checks.clone(),
            touches: ticket.touches.clone(),
            created_at: shown(ticket.created_at.as_ref()),
            created_by: ticket.created_by.clone(),
            started_at: shown(ticket.started_at.as_ref()),
            closed_at: shown(ticket.closed_at.as_ref()),
            closed_by: ticket.closed_by.clone(),
            reason: ticket.reason.clone(),
            verdict: ticket.verdict.map(|verdict| verdict.as_str()),
            description: facts.texts.then(|| ticket.description.clone()),
            acceptance: ticket
                .acceptance
                .iter()
                .map(AcceptanceRecord::from)
                .collect(),
            subtasks: ticket.subtasks.iter().map(SubtaskRecord::from).collect(),
            notes: facts.texts.then(|| records(&ticket.notes)),
            runs: facts.texts.then(|| records(&ticket.runs)),
            etag: facts.etag,
            standing: facts.standing,
            updated_at: shown(ticket.updated_at().as_ref()),
            commits: facts.texts.then_some(facts.commits),
            note_count: ticket.notes.len(),
            cost_usd: ticket.cost().map(|cost| cost.dollars()),
        }
    }
}

impl From<&Acceptance> for AcceptanceRecord {
    fn from(item: &Acceptance) -> Self {
        Self {
            text: item.text.clone(),
            check: item.check.clone(),
            met: item.met,
        }
    }
}

impl From<&Subtask> for SubtaskRecord {
    fn from(item: &Subtask) -> Self {
        Self {
            title: item.title.clone(),
            done: item.done,
        }
    }
}

impl From<&Note> for NoteRecord {
    fn from(note: &Note) -> Self {
        Self {
            at: note.at.to_string(),
            by: note.by.clone(),
            kind: note.kind.as_str(),
            text: note.text.clone(),
        }
    }
}

impl From<&RunRecord> for AttemptRecord {
    fn from(run: &RunRecord) -> Self {
        Self {
            run: run.run.clone(),
            attempt: run.attempt,
            agent: run.agent.clone(),
            model: run.model.clone(),
            session: run.session.clone(),
            started_at: shown(run.started_at.as_ref()),
            ended_at: shown(run.ended_at.as_ref()),
            outcome: run.outcome.map(|outcome| outcome.as_str()),
            summary: run.summary.clone(),
            cost_usd: run.cost_usd.map(|cost| cost.dollars()),
            input_tokens: run.input_tokens,
            output_tokens: run.output_tokens,
            turns: run.turns,
        }
    }
}

fn records<'a, T, R: From<&'a T>>(items: &'a [T]) -> Vec<R> {
    items.iter().map(R::from).collect()
}

fn shown(value: Option<&impl ToString>) -> Option<String> {
    value.map(ToString::to_string)
}

fn all<'a>(ids: impl IntoIterator<Item = &'a crate::model::TicketId>) -> Vec<String> {
    ids.into_iter().map(ToString::to_string).collect()
}
