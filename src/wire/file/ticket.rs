//! `.ticks/<id>.toml`.

use schemars::JsonSchema;

use super::values::{
    Day, DayOrMoment, Dollars, FullLine, FullText, HowOften, Id, IdOrNothing, LengthOrNothing,
    Line, Moment, Nothing, ShellCommand,
};
use crate::model::{Awaiting, Gate, NoteKind, Outcome, Verdict};

/// A ticket of tk
///
/// The file's name is the ticket's id. Only the title is needed; keys that tk does not know
/// are kept.
#[derive(JsonSchema)]
#[schemars(extend("required" = ["title"]))]
pub(in crate::wire) struct TicketFile {
    /// What it is about, on one line
    title: FullLine,
    /// Where it stands: one of the configured statuses
    #[schemars(extend("default" = "open"))]
    status: Status,
    /// How urgent it is: from 0, the highest, to 4, the lowest
    #[schemars(range(max = 4), extend("default" = 2))]
    priority: u8,
    /// What kind of ticket it is: one of the configured types
    #[serde(rename = "type")]
    #[schemars(extend("default" = "task"))]
    kind: Type,
    /// Who is responsible, or works at it
    owner: Line,
    /// The epic it is a part of
    parent: IdOrNothing,
    /// Free labels
    labels: Vec<FullLine>,
    /// The tickets that must be done before it
    blocked_by: Vec<Id>,
    /// The human gate it must pass before it closes
    requires: Requires,
    /// What a person owes it; nobody works at it until then
    awaiting: Awaits,
    /// How long it is expected to take
    estimate: LengthOrNothing,
    /// The day it should be done by
    due: Day,
    /// Until when it is put off
    defer_until: DayOrMoment,
    /// How often it comes again once it is closed
    repeat: HowOften,
    /// Tickets it is preferred after, without waiting for them
    after: Vec<Id>,
    /// Tickets worth reading beside it
    related: Vec<Id>,
    /// The ticket during whose work it was found
    discovered_from: IdOrNothing,
    /// The ticket it repeats
    duplicate_of: IdOrNothing,
    /// The ticket that it came after
    recurs_from: IdOrNothing,
    /// The agent to run it with: `claude`, or a file of `.ticks/agents/`
    agent: Line,
    /// The model to run it with
    model: Line,
    /// Never run together with another ticket of this lock
    lock: Line,
    /// A pull request's address
    pr: Line,
    /// Shell commands that must pass on the merged tree before it closes
    checks: Vec<ShellCommand>,
    /// Globs of the files it is expected to change; tickets that overlap run one by one
    touches: Vec<FullLine>,
    /// When it was filed
    created_at: Moment,
    /// Who filed it
    created_by: Line,
    /// When work began
    started_at: Moment,
    /// When it was closed
    closed_at: Moment,
    /// Who closed it
    closed_by: Line,
    /// Why it was closed
    reason: String,
    /// The last answer of a person to its gate
    verdict: LastVerdict,
    /// What is to be done, in Markdown
    description: String,
    /// What must be true of the result
    acceptance: Vec<AcceptanceTable>,
    /// The steps of the work
    subtasks: Vec<SubtaskTable>,
    /// What was said about it, oldest first
    notes: Vec<NoteTable>,
    /// The attempts of workers, oldest first
    runs: Vec<RunTable>,
}

/// One of the default statuses, or one of those that `[[status]]` names
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Status {
    Default(DefaultStatus),
    Configured(Line),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum DefaultStatus {
    Open,
    InProgress,
    Closed,
}

/// One of the default types, or one of those that `[tickets] types` names
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Type {
    Default(DefaultType),
    Configured(Line),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum DefaultType {
    Task,
    Bug,
    Feature,
    Chore,
    Epic,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Requires {
    Gate(Gate),
    Nothing(Nothing),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Awaits {
    Awaiting(Awaiting),
    Nothing(Nothing),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum LastVerdict {
    Verdict(Verdict),
    Nothing(Nothing),
}

/// One thing that must be true of the result
#[derive(JsonSchema)]
#[schemars(extend("required" = ["text"], "x-taplo" = {"initKeys": ["text"]}))]
struct AcceptanceTable {
    /// What must be true
    text: FullText,
    /// A shell command that exits 0 when it is true; run by the gate
    check: String,
    /// Whether it was seen to be true
    #[schemars(extend("default" = false))]
    met: bool,
}

/// One step of the work
#[derive(JsonSchema)]
#[schemars(extend("required" = ["title"], "x-taplo" = {"initKeys": ["title"]}))]
struct SubtaskTable {
    /// What to do
    title: FullText,
    /// Whether it is done
    #[schemars(extend("default" = false))]
    done: bool,
}

/// Something said about the ticket
#[derive(JsonSchema)]
#[schemars(extend("required" = ["text"], "x-taplo" = {"initKeys": ["text"]}))]
struct NoteTable {
    /// When it was said
    at: Moment,
    /// Who said it
    by: Line,
    /// What it is for
    #[schemars(extend("default" = "comment"))]
    kind: NoteWord,
    /// What was said
    text: FullText,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum NoteWord {
    Kind(NoteKind),
    Nothing(Nothing),
}

/// One attempt of a worker, for the record
#[derive(JsonSchema)]
#[schemars(extend("required" = ["run"]))]
struct RunTable {
    /// The run's id
    run: FullLine,
    /// The attempt's number, from 1
    attempt: u32,
    /// The agent
    agent: Line,
    /// The model
    model: Line,
    /// The session that can be resumed
    session: Line,
    /// When it began
    started_at: Moment,
    /// When it ended
    ended_at: Moment,
    /// How it ended
    outcome: Ending,
    /// What the worker said it did
    summary: String,
    /// What it cost, in US dollars
    cost_usd: Dollars,
    /// Tokens read, cached ones included
    input_tokens: u64,
    /// Tokens written
    output_tokens: u64,
    /// Model turns taken
    turns: u64,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Ending {
    Outcome(Outcome),
    Nothing(Nothing),
}
