//! Everything that an outline tells, taken out of it at once.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{EDGES, Edges, Outline, REST, TIMES, Texts, WORDS};
use crate::model::{Acceptance, Note, NoteKind, Outcome, RunRecord, Span, Subtask, Usd, Verdict};

/// What an outline tells beside what has a place of its own, as [`Ticket`](crate::model::Ticket) has it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "they are those of a ticket")]
pub struct Parts<'o> {
    pub edges: Edges<'o>,
    pub kind: &'o str,
    pub estimate: Option<Span>,
    pub title: &'o str,
    pub owner: Option<&'o str>,
    pub labels: Texts<'o>,
    pub due: Option<Date>,
    pub touches: Texts<'o>,
    pub agent: Option<&'o str>,
    pub lock: Option<&'o str>,
    pub related: Texts<'o>,
    pub discovered_from: Option<&'o str>,
    pub duplicate_of: Option<&'o str>,
    pub model: Option<&'o str>,
    pub pr: Option<&'o str>,
    pub checks: Texts<'o>,
    pub created_by: Option<&'o str>,
    pub started_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<&'o str>,
    pub reason: Option<&'o str>,
    pub verdict: Option<Verdict>,
    pub acceptance: Vec<Acceptance>,
    pub subtasks: Vec<Subtask>,
    /// When they were written, and what for.
    pub notes: Vec<Note>,
    /// When they were, how they ended and what they cost.
    pub runs: Vec<RunRecord>,
    /// How it comes again, in words.
    pub repeat: Option<&'o str>,
    pub recurs_from: Option<&'o str>,
}

impl Outline {
    /// Everything that is packed, for the most part where it lies.
    #[must_use]
    pub fn parts(&self) -> Parts<'_> {
        let mut edges = self.at(EDGES);
        edges.skip_text();
        let kind = edges.text();
        let mut words = self.behind(WORDS);
        let mut rest = self.behind(REST);
        let named = |id: &'_ str| !id.is_empty();
        Parts {
            edges: self.edges(),
            kind,
            estimate: self.behind(TIMES).optional_number().map(Span::from_secs),
            title: words.text(),
            owner: words.optional_text(),
            labels: words.texts(),
            due: words.date(),
            repeat: words.optional_text(),
            touches: rest.texts(),
            agent: rest.optional_text(),
            lock: rest.optional_text(),
            related: rest.texts(),
            discovered_from: Some(rest.text()).filter(|id| named(id)),
            duplicate_of: Some(rest.text()).filter(|id| named(id)),
            model: rest.optional_text(),
            pr: rest.optional_text(),
            checks: rest.texts(),
            created_by: rest.optional_text(),
            started_at: self.started_at(),
            closed_at: self.closed_at(),
            closed_by: rest.optional_text(),
            reason: rest.optional_text(),
            verdict: rest.word(Verdict::ALL),
            acceptance: rest.list(|from| Acceptance {
                text: from.text().to_owned(),
                check: from.optional_text().map(str::to_owned),
                met: from.byte() == 1,
            }),
            subtasks: rest.list(|from| Subtask {
                title: from.text().to_owned(),
                done: from.byte() == 1,
            }),
            notes: rest.list(|from| Note {
                at: from.time(),
                by: String::new(),
                kind: from.word(NoteKind::ALL).unwrap_or(NoteKind::Comment),
                text: String::new(),
            }),
            runs: rest.list(|from| RunRecord {
                run: String::new(),
                attempt: 0,
                agent: String::new(),
                model: None,
                session: None,
                started_at: from.time(),
                ended_at: from.time(),
                outcome: from.word(Outcome::ALL),
                summary: None,
                cost_usd: from.optional_number().map(Usd::from_nanos),
                input_tokens: None,
                output_tokens: None,
                turns: None,
            }),
            recurs_from: Some(rest.text()).filter(|id| named(id)),
        }
    }
}
