//! A ticket as public JSON.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use smol_str::{SmolStr, ToSmolStr};

use super::TicketFields;
use crate::model::{
    Acceptance, Awaiting, Gate, Note, NoteKind, Outcome, Outline, RunRecord, Subtask, Texts,
    Ticket, Usd, Verdict,
};

/// Keys of a listed ticket that only `--full` and `tk show` have: what its file says at length,
/// and what the history says.
const TEXTS: &[&str] = &["description", "notes", "runs"];
const OF_HISTORY: &[&str] = &["commits", "commits_truncated"];

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
    pub etag: SmolStr,
    /// How it stands among the others.
    pub standing: Option<Standing>,
    /// The commits that name it, where they are told.
    pub commits: Option<Vec<CommitRecord>>,
    /// Whether there may be more of them.
    pub commits_truncated: Option<bool>,
    /// Whether the record has the description, the notes and the attempts; copying them is
    /// much of what a long list would cost.
    pub texts: bool,
}

/// How a ticket stands among the others. Commands that read no others do not tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Standing {
    /// The tickets it blocks.
    pub blocks: Vec<SmolStr>,
    /// Its blockers that are not done.
    pub open_blockers: Vec<SmolStr>,
    /// Whether it can be started now.
    pub ready: bool,
    /// Whether it is not over, and deferred to a time that has not come; absent where it is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deferred: bool,
    /// Who else holds it: in another clone, as `tk sync` saw last; or in this one, where it is not
    /// begun. Also who closed it in another clone, or worked at it where a person owes it something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by: Option<SmolStr>,
    /// Until when; absent where it is over there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
    /// Whether that is in this clone.
    #[serde(skip)]
    pub held_here: bool,
    /// What became of it in the other clone, where it is not held there any more.
    #[serde(skip)]
    pub kept: Option<String>,
}

/// A ticket: the keys of its file in the file's order, then what follows from it. Which of
/// them are there depends on the command, `--full` and `--fields`; a record without long texts
/// has no keys for them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(extend("required" = []))]
pub struct TicketRecord {
    /// Its id.
    pub id: SmolStr,
    /// One line.
    pub title: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// Its status.
    pub status: SmolStr,
    /// From 0, the highest, to 4.
    #[schemars(range(max = 4))]
    pub priority: u8,
    /// Who is responsible.
    pub owner: Option<SmolStr>,
    /// The epic it is a part of.
    pub parent: Option<SmolStr>,
    /// Free labels, sorted.
    pub labels: Vec<SmolStr>,
    /// What must be done before, sorted.
    pub blocked_by: Vec<SmolStr>,
    /// The human gate before it closes.
    #[schemars(with = "Option<Gate>")]
    pub requires: Option<&'static str>,
    /// What a person owes it.
    #[schemars(with = "Option<Awaiting>")]
    pub awaiting: Option<&'static str>,
    /// How long it is expected to take, such as `2h`.
    pub estimate: Option<SmolStr>,
    /// Soft order.
    pub after: Vec<SmolStr>,
    /// Tickets worth reading beside it.
    pub related: Vec<SmolStr>,
    /// The ticket during whose work it was found.
    pub discovered_from: Option<SmolStr>,
    /// The ticket it repeats.
    pub duplicate_of: Option<SmolStr>,
    /// When it should be done, a day.
    #[schemars(with = "Option<Date>")]
    pub due: Option<SmolStr>,
    /// Until when it is put off, a day or a time.
    pub defer_until: Option<SmolStr>,
    /// How often it comes again once it is closed, such as `1w` or `1mo`.
    pub repeat: Option<SmolStr>,
    /// The ticket that it came after.
    pub recurs_from: Option<SmolStr>,
    /// The agent to run it with.
    pub agent: Option<SmolStr>,
    /// The model to run it with.
    pub model: Option<SmolStr>,
    /// Never run together with another ticket of this lock.
    pub lock: Option<SmolStr>,
    /// A pull request's address.
    pub pr: Option<String>,
    /// Shell commands that must pass on the merged tree.
    pub checks: Vec<String>,
    /// Globs of the files it is expected to change.
    pub touches: Vec<String>,
    /// When it was filed.
    pub created_at: Option<Timestamp>,
    /// By whom.
    pub created_by: Option<SmolStr>,
    /// When work began.
    pub started_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// By whom.
    pub closed_by: Option<SmolStr>,
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
    pub etag: SmolStr,
    /// How it stands among the others; not there where no others were read.
    #[serde(flatten)]
    pub standing: Option<Standing>,
    /// The latest time in the file.
    pub updated_at: Option<Timestamp>,
    /// The commits that name it, newest first: at most 20, among the newest 2,000 of the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<CommitRecord>")]
    pub commits: Option<Vec<CommitRecord>>,
    /// Whether there may be more of them, which `git log --grep='Ticket: ID'` shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub commits_truncated: Option<bool>,
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
    /// When, where it or its ticket says so.
    #[schemars(with = "Option<Timestamp>")]
    pub at: Option<String>,
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
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
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
                deferred: true,
                held_by: Some(SmolStr::default()),
                held_until: Some(Timestamp::UNIX_EPOCH),
                ..Standing::default()
            }),
            description: Some(String::new()),
            notes: Some(Vec::new()),
            runs: Some(Vec::new()),
            commits: Some(Vec::new()),
            commits_truncated: Some(false),
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
            Detail::Chosen(keys) => keys.iter().any(|key| TEXTS.contains(&key.as_str())),
        }
    }

    /// Whether the detail tells which commits name the ticket.
    #[must_use]
    pub fn needs_commits(detail: &Detail) -> bool {
        match detail {
            Detail::Full => true,
            Detail::Brief | Detail::Listed => false,
            Detail::Chosen(keys) => keys.iter().any(|key| OF_HISTORY.contains(&key.as_str())),
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
                let full_only = [TEXTS, OF_HISTORY].concat();
                all.retain(|key, _| !full_only.contains(&key.as_str()));
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

    /// Writes the record as JSON with the keys that the detail asks for behind `json`.
    ///
    /// # Errors
    /// When it cannot be written, which no record is known to do.
    pub fn write(&self, detail: &Detail, json: &mut Vec<u8>) -> serde_json::Result<()> {
        match detail {
            Detail::Full => serde_json::to_writer(json, self),
            Detail::Listed if self.is_brief() => serde_json::to_writer(json, self),
            _ => serde_json::to_writer(json, &self.fields(detail)),
        }
    }

    /// Whether it has none of what only `--full` tells.
    const fn is_brief(&self) -> bool {
        self.description.is_none()
            && self.notes.is_none()
            && self.runs.is_none()
            && self.commits.is_none()
    }

    /// The ticket with what follows from it.
    #[must_use]
    pub fn new(ticket: &Ticket, facts: TicketFacts) -> Self {
        let texts = facts.texts;
        Self {
            description: texts.then(|| ticket.description.clone()),
            notes: texts.then(|| records(&ticket.notes)),
            runs: texts.then(|| records(&ticket.runs)),
            ..Self::listed(&Outline::from(ticket), facts)
        }
    }

    /// The same without long texts and records, of what is known of the ticket without them.
    #[must_use]
    pub fn listed(outline: &Outline, facts: TicketFacts) -> Self {
        let parts = outline.parts();
        let edges = parts.edges;
        let short = |text: Option<&str>| text.map(SmolStr::new);
        let several = |texts: Texts<'_>| texts.map(SmolStr::new).collect();
        let strings = |texts: Texts<'_>| texts.map(str::to_owned).collect();
        Self {
            id: outline.id.short(),
            title: parts.title.to_owned(),
            kind: parts.kind.into(),
            status: outline.status().into(),
            priority: outline.priority().number(),
            owner: short(parts.owner),
            parent: short(outline.parent()),
            labels: several(parts.labels),
            blocked_by: several(edges.blocked_by),
            requires: outline.requires().map(Gate::as_str),
            awaiting: outline.awaiting().map(Awaiting::as_str),
            estimate: parts.estimate.map(|estimate| estimate.to_smolstr()),
            after: several(edges.after),
            related: several(parts.related),
            discovered_from: short(parts.discovered_from),
            duplicate_of: short(parts.duplicate_of),
            due: parts.due.map(|due| due.to_smolstr()),
            defer_until: edges.defer_until.map(|until| until.to_smolstr()),
            repeat: short(parts.repeat),
            recurs_from: short(parts.recurs_from),
            agent: short(parts.agent),
            model: short(parts.model),
            lock: short(parts.lock),
            pr: parts.pr.map(str::to_owned),
            checks: strings(parts.checks),
            touches: strings(parts.touches),
            created_at: outline.created_at(),
            created_by: short(parts.created_by),
            started_at: parts.started_at,
            closed_at: parts.closed_at,
            closed_by: short(parts.closed_by),
            reason: parts.reason.map(str::to_owned),
            verdict: parts.verdict.map(Verdict::as_str),
            description: None,
            acceptance: parts.acceptance.into_iter().map(Into::into).collect(),
            subtasks: parts.subtasks.into_iter().map(Into::into).collect(),
            notes: None,
            runs: None,
            etag: facts.etag,
            standing: facts.standing,
            updated_at: outline.updated_at(),
            commits: facts.commits,
            commits_truncated: facts.commits_truncated,
            note_count: parts.notes.len(),
            cost_usd: RunRecord::cost_of(&parts.runs).map(Usd::dollars),
        }
    }
}

impl From<Acceptance> for AcceptanceRecord {
    fn from(item: Acceptance) -> Self {
        Self {
            text: item.text,
            check: item.check,
            met: item.met,
        }
    }
}

impl From<Subtask> for SubtaskRecord {
    fn from(item: Subtask) -> Self {
        Self {
            title: item.title,
            done: item.done,
        }
    }
}

impl From<&Note> for NoteRecord {
    fn from(note: &Note) -> Self {
        Self {
            at: note.at.map(|at| at.to_string()),
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
            started_at: run.started_at,
            ended_at: run.ended_at,
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
