//! `tk.search.v1`: tickets that were found by words; and what a new ticket is like.

use schemars::JsonSchema;
use serde::Serialize;

use super::{TicketFields, TicketRecord};

/// What `tk search` found, the best first.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SearchDocument {
    /// `tk.search.v1`.
    pub schema: &'static str,
    /// How many there are.
    pub total: usize,
    /// Whether a limit has left some out.
    pub truncated: bool,
    /// Whether those found by words have all of them; else none has, and these have some.
    pub all_words: bool,
    /// Whether what the texts mean counts, too: 70 to 30 words.
    pub by_meaning: bool,
    /// Why not, where it should, or not of all tickets.
    pub warnings: Vec<String>,
    /// The tickets.
    pub tickets: Vec<FoundTicket>,
}

/// A ticket that was found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FoundTicket {
    /// The ticket.
    #[serde(flatten)]
    #[schemars(with = "TicketRecord")]
    pub ticket: TicketFields,
    /// How well it answers; more is better. Comparable within one answer only.
    pub score: f64,
    /// Where the words are: of each field that has any, the best part.
    pub snippets: Vec<SnippetRecord>,
}

/// A part of a ticket's text, on one line, cut with `…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SnippetRecord {
    /// What it is of.
    #[schemars(extend("enum" = ["title", "id", "labels", "acceptance", "description", "notes"]))]
    pub field: &'static str,
    /// What it says.
    pub text: String,
    /// Where the words that were found begin and end in it, in characters (Unicode code points)
    /// from 0, the end excluded.
    pub matches: Vec<(usize, usize)>,
}

/// What `new` made.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NewDocument {
    /// `tk.new.v1`.
    pub schema: &'static str,
    /// How many there are.
    pub total: usize,
    /// Whether a limit has left some out: never.
    pub truncated: bool,
    /// The tickets.
    #[schemars(with = "Vec<TicketRecord>")]
    pub tickets: Vec<TicketFields>,
    /// Tickets that were there before with titles that say nearly the same, those most alike
    /// first: likely duplicates.
    pub similar: Vec<SimilarTicket>,
}

/// A ticket like a new one.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SimilarTicket {
    /// The ticket.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its status.
    pub status: String,
    /// How much the titles say the same, up to 1.
    pub score: f64,
    /// The new ticket.
    pub of: String,
}
