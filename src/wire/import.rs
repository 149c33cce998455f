//! `tk.import.v1` and `tk.export.v1`: tickets from elsewhere, and for elsewhere.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// What `tk import` did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImportDocument {
    /// `tk.import.v1`.
    pub schema: &'static str,
    /// The archive's format.
    pub format: &'static str,
    /// The archive, as it was named.
    pub path: String,
    /// Whether this only tells what would be done.
    pub dry_run: bool,
    /// Whether anything is different now, or would be.
    pub changed: bool,
    /// How many records the archive has.
    pub total: usize,
    /// How many tickets were made.
    pub created: usize,
    /// How many were here already; those stay as they are.
    pub here: usize,
    /// How many tickets did not fit in every respect, by what did not.
    pub misfits: Vec<MisfitCount>,
    /// The records of which no ticket was made, in the archive's order.
    pub left_out: Vec<LeftOut>,
    /// The tickets, in the archive's order.
    pub tickets: Vec<ImportedTicket>,
}

/// A ticket of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImportedTicket {
    /// Its id here.
    pub id: String,
    /// Its title there.
    pub title: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its status.
    pub status: String,
    /// Its id there.
    pub origin: String,
    /// The file it comes from.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// Whether it was made now: else it was here already.
    pub created: bool,
    /// What did not fit.
    pub misfits: Vec<Misfit>,
}

/// A record of which no ticket was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftOut {
    /// The file it is in.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// Its id there, where it has one.
    pub origin: Option<String>,
    /// Whether it cannot be read: else it is no ticket there.
    pub invalid: bool,
    /// Why.
    pub reason: String,
}

/// How many tickets something did not fit of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MisfitCount {
    /// What.
    pub kind: MisfitKind,
    /// Of how many tickets.
    pub tickets: usize,
}

/// Something of a ticket that did not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Misfit {
    /// What.
    pub kind: MisfitKind,
    /// What it was, and what became of it.
    pub message: String,
}

/// What can fail to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MisfitKind {
    /// The ticket has another id here.
    Id,
    /// A status that is not known here.
    Status,
    /// A type that is not known here.
    Type,
    /// A priority that is not known here.
    Priority,
    /// A kind of edge that is not known here, or an edge that cannot be.
    Edge,
    /// A reference to what is not there.
    Reference,
    /// A text that is too long, or not on one line.
    Text,
    /// A field that has no place here.
    Field,
}

impl MisfitKind {
    /// All of them, in their order.
    pub const ALL: &'static [Self] = &[
        Self::Id,
        Self::Status,
        Self::Type,
        Self::Priority,
        Self::Edge,
        Self::Reference,
        Self::Text,
        Self::Field,
    ];
}

impl fmt::Display for MisfitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Status => "status",
            Self::Type => "type",
            Self::Priority => "priority",
            Self::Edge => "edge",
            Self::Reference => "reference",
            Self::Text => "text",
            Self::Field => "field",
        })
    }
}

/// What `tk export` wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExportDocument {
    /// `tk.export.v1`.
    pub schema: &'static str,
    /// The format.
    pub format: &'static str,
    /// How many tickets there are in it.
    pub total: usize,
    /// The file it was written to, if any.
    pub path: Option<String>,
    /// What would be in the file, where there is none.
    pub text: Option<String>,
}
