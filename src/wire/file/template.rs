//! `.ticks/templates/<name>.toml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::ticket::Type;
use super::values::{FullLine, FullText, HowOften, Length, Line, ShellCommand};
use crate::model::{Awaiting, Gate};

/// A template of tk: what `tk new --from` makes
///
/// It has the keys of one ticket, or a `[[ticket]]` for each of many. In texts `{{name}}` stands
/// for a variable of `[variables]`, or for `date`, `actor` or `title`.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("required" = [], "allOf" = [
        {
            "if": {"required": ["ticket"]},
            "then": {"propertyNames": {"enum": ["ticket", "variables"]}}
        }
    ])
)]
pub(in crate::wire) struct TemplateFile {
    /// Its variables, and what they are unless `--var` says something else; one that is empty must
    /// be given
    #[schemars(extend("propertyNames" = {
        "pattern": "^[a-z][a-z0-9_]*$",
        "not": {"enum": ["actor", "date", "title"]}
    }))]
    variables: BTreeMap<String, String>,
    /// The tickets, where they are many
    #[schemars(extend("minItems" = 1))]
    ticket: Vec<TicketTable>,
    #[serde(flatten)]
    own: Keys,
}

/// One of many tickets
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = []))]
struct TicketTable {
    #[serde(flatten)]
    keys: Keys,
}

/// The keys of a new ticket.
#[derive(JsonSchema)]
#[schemars(extend("required" = []))]
struct Keys {
    /// A name that `parent`, `blocked_by` and `after` of the others may use for it
    local: FullLine,
    /// What it is about, on one line
    title: Line,
    /// What is to be done, in Markdown
    description: String,
    /// What kind of ticket it is: one of the configured types
    #[serde(rename = "type")]
    kind: Type,
    /// How urgent it is: from 0, the highest, to 4, the lowest
    priority: Priority,
    /// Free labels
    labels: Vec<Line>,
    /// Who is responsible
    owner: Line,
    /// The epic it is a part of
    parent: Line,
    /// What must be done before it
    blocked_by: Vec<Line>,
    /// What it is preferred after, without waiting for it
    after: Vec<Line>,
    /// Other tickets worth reading
    related: Vec<Line>,
    /// What must be true of the result
    acceptance: Vec<Item>,
    /// The steps of the work
    subtasks: Vec<Step>,
    /// Shell commands that must pass on the merged tree before it closes
    checks: Vec<ShellCommand>,
    /// Globs of the files it is expected to change
    touches: Vec<FullLine>,
    /// The human gate it must pass before it closes
    requires: Requires,
    /// What a person owes it; nobody works at it until then
    awaiting: Awaits,
    /// How long it is expected to take
    estimate: Estimate,
    /// The day it should be done by: a day, or as on the command line, such as `3d`
    due: FullLine,
    /// Until when it is put off: a day, a time, or as on the command line, such as `3d`
    defer_until: FullLine,
    /// How often it comes again once it is closed
    repeat: Repeat,
    /// The agent to run it with: `claude`, or a file of `.ticks/agents/`
    agent: Line,
    /// The model to run it with
    model: Line,
    /// Never run together with another ticket of this lock
    lock: Line,
    /// The pull request's address
    pr: Line,
    /// The ticket during whose work it was found
    discovered_from: Line,
    /// The ticket it repeats
    duplicate_of: Line,
}

/// What must be true of the result
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Item {
    Text(FullText),
    Table(ItemTable),
}

/// What must be true of the result, with the command that tells
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = ["text"]))]
struct ItemTable {
    /// What must be true
    text: FullText,
    /// The shell command that tells
    check: ShellCommand,
    /// Whether it is
    met: bool,
}

/// A step of the work
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Step {
    Title(FullText),
    Table(StepTable),
}

/// A step of the work, and whether it is done
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = ["title"]))]
struct StepTable {
    /// What is to be done
    title: FullText,
    /// Whether it is
    done: bool,
}

/// A text with a variable in it
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"\{\{"))]
struct Variable(String);

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Priority {
    Number(#[schemars(range(max = 4))] u8),
    Words(FullLine),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Requires {
    Gate(Gate),
    Variable(Variable),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Awaits {
    Awaiting(Awaiting),
    Variable(Variable),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Estimate {
    Length(Length),
    Variable(Variable),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Repeat {
    HowOften(HowOften),
    Variable(Variable),
}
