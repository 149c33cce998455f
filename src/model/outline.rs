//! A ticket without its long texts, packed into a few hundred bytes.

mod bytes;
mod outlined;
mod pack;
mod parts;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

pub use bytes::Bytes;
pub use outlined::Outlined;
pub use pack::Texts;
use pack::{Reader, Writer};
pub use parts::Parts;

use super::{
    Awaiting, Category, Defer, Gate, NoteKind, Outcome, Priority, RunRecord, Span, StatusId,
    Statuses, Ticket, TicketId, Usd, Verdict,
};

/// The way outlines are packed; another number for every other way.
pub const PACKING: u32 = 4;

// Where in the packed bytes what has a fixed place is.
const PRIORITY: usize = 0;
const REQUIRES: usize = 1;
const AWAITING: usize = 2;
const CREATED: usize = 3;
const UPDATED: usize = 15;
const STARTED: usize = 27;
const CLOSED: usize = 39;
/// Where what people look for begins: title, owner, labels, due day, how it repeats.
const WORDS: usize = 51;
/// Where how long it takes begins.
const TIMES: usize = 55;
/// Where everything else begins.
const REST: usize = 59;
/// Where the edges begin.
const EDGES: usize = 63;

/// What lists and the graph need of a ticket: all but its description, what its notes say, and
/// most of what is recorded of its attempts.
///
/// It is read where it lies, packed; many may share the bytes of one file that holds them all.
/// So a hundred thousand of them take little more than that file.
#[derive(Clone)]
pub struct Outline {
    /// The ticket's id.
    pub id: TicketId,
    bytes: Arc<Bytes>,
    start: u32,
    length: u32,
}

impl Outline {
    /// The outline that lies in `bytes` from `start` on. They must be as [`Outline::packed`]
    /// gave them, which the caller has made sure of; of others, anything may be read.
    #[must_use]
    pub fn lying_in(id: TicketId, bytes: &Arc<Bytes>, start: u32, length: u32) -> Self {
        let bytes = Arc::clone(bytes);
        Self {
            id,
            bytes,
            start,
            length,
        }
    }

    /// The outlines with all their bytes in one piece: of many, that takes a half of the memory.
    #[must_use]
    pub fn together(outlines: Vec<Self>) -> Vec<Self> {
        let all: Vec<&[u8]> = outlines.iter().map(Self::packed).collect();
        let all = Arc::new(Bytes::Own(all.concat()));
        let mut start = 0;
        let lying = outlines.into_iter().map(|outline| {
            let lying = Self::lying_in(outline.id, &all, start, outline.length);
            start += outline.length;
            lying
        });
        lying.collect()
    }

    /// The packed bytes, from which it can be made again.
    #[must_use]
    pub fn packed(&self) -> &[u8] {
        let (start, length) = (self.start as usize, self.length as usize);
        self.bytes.get(start..start + length).unwrap_or_default()
    }

    fn at(&self, place: usize) -> Reader<'_> {
        Reader::new(self.packed().get(place..).unwrap_or_default())
    }

    fn behind(&self, place: usize) -> Reader<'_> {
        self.at(self.at(place).place())
    }

    /// Where it stands, by the status's id.
    #[must_use]
    pub fn status(&self) -> &str {
        self.at(EDGES).text()
    }

    /// What its status means.
    #[must_use]
    pub fn category(&self, statuses: &Statuses) -> Category {
        statuses.category_of(self.at(EDGES).text_bytes())
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_done(&self, statuses: &Statuses) -> bool {
        self.category(statuses) == Category::Done
    }

    /// `type` in the file.
    #[must_use]
    pub fn kind(&self) -> &str {
        let mut edges = self.at(EDGES);
        edges.skip_text();
        edges.text()
    }

    /// What goes into the graph.
    #[must_use]
    pub fn edges(&self) -> Edges<'_> {
        let mut packed = self.at(EDGES);
        Edges {
            status: packed.text_bytes(),
            is_epic: packed.text_bytes() == b"epic",
            parent: Some(packed.text_bytes()).filter(|id| !id.is_empty()),
            blocked_by: packed.texts(),
            after: packed.texts(),
            defer_until: packed.defer(),
        }
    }

    /// How long it is expected to take, and for how many seconds each of its attempts ran that
    /// landed.
    #[must_use]
    pub fn times(&self) -> (Option<Span>, Vec<u64>) {
        let mut packed = self.behind(TIMES);
        let estimate = packed.optional_number().map(Span::from_secs);
        (estimate, packed.list(Reader::number))
    }

    /// How urgent it is.
    #[must_use]
    pub fn priority(&self) -> Priority {
        Priority::new(self.at(PRIORITY).byte()).unwrap_or_default()
    }

    /// The human gate before it closes.
    #[must_use]
    pub fn requires(&self) -> Option<Gate> {
        self.at(REQUIRES).word(Gate::ALL)
    }

    /// What a person owes it.
    #[must_use]
    pub fn awaiting(&self) -> Option<Awaiting> {
        self.at(AWAITING).word(Awaiting::ALL)
    }

    /// When it was filed.
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        self.at(CREATED).time()
    }

    /// The latest time in the file, as [`Ticket::updated_at`].
    #[must_use]
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.at(UPDATED).time()
    }

    /// When work began.
    #[must_use]
    pub fn started_at(&self) -> Option<Timestamp> {
        self.at(STARTED).time()
    }

    /// When it was closed.
    #[must_use]
    pub fn closed_at(&self) -> Option<Timestamp> {
        self.at(CLOSED).time()
    }

    /// The title.
    #[must_use]
    pub fn title(&self) -> &str {
        self.behind(WORDS).text()
    }

    /// The bytes of the title, for who looks at very many.
    #[must_use]
    pub fn title_bytes(&self) -> &[u8] {
        self.behind(WORDS).text_bytes()
    }

    /// Who is responsible, or has claimed it.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        let mut words = self.behind(WORDS);
        words.skip_text();
        words.optional_text()
    }

    /// Free labels, sorted.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        let mut words = self.behind(WORDS);
        words.skip_text();
        words.optional_text();
        words.list(Reader::text)
    }

    /// When it should be done.
    #[must_use]
    pub fn due(&self) -> Option<Date> {
        let mut words = self.behind(WORDS);
        words.skip_text();
        words.optional_text();
        words.skip_texts();
        words.date()
    }

    /// How it comes again, in words.
    #[must_use]
    pub fn repeat(&self) -> Option<&str> {
        let mut words = self.behind(WORDS);
        words.skip_text();
        words.optional_text();
        words.skip_texts();
        words.date();
        words.optional_text()
    }

    /// The globs of the files it is expected to change.
    #[must_use]
    pub fn touches(&self) -> Vec<String> {
        self.behind(REST).strings()
    }

    /// The agent to run it with, and its lock.
    #[must_use]
    pub fn agent_and_lock(&self) -> (Option<String>, Option<String>) {
        let mut rest = self.behind(REST);
        rest.skip_texts();
        let mut word = || rest.optional_text().map(str::to_owned);
        (word(), word())
    }

    /// The epic it is a part of, by its id.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        let mut edges = self.at(EDGES);
        edges.skip_text();
        edges.skip_text();
        Some(edges.text()).filter(|id| !id.is_empty())
    }

    /// The agent to run it with.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        let mut rest = self.behind(REST);
        rest.skip_texts();
        rest.optional_text()
    }

    /// The ticket without its texts: as it is, but the description is empty, notes say nothing,
    /// of nobody, and of attempts nothing is told but when they were, how they ended and what
    /// they cost.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        let parts = self.parts();
        Ticket {
            id: self.id.clone(),
            title: parts.title.to_owned(),
            description: String::new(),
            status: StatusId::new(self.status()),
            kind: parts.kind.to_owned(),
            priority: self.priority(),
            owner: parts.owner.map(str::to_owned),
            parent: self.parent().map(TicketId::known),
            labels: parts.labels.map(str::to_owned).collect(),
            blocked_by: parts.edges.blocked_by.ids().collect(),
            requires: self.requires(),
            awaiting: self.awaiting(),
            estimate: parts.estimate,
            after: parts.edges.after.ids().collect(),
            related: parts.related.ids().collect(),
            discovered_from: parts.discovered_from.map(TicketId::known),
            duplicate_of: parts.duplicate_of.map(TicketId::known),
            due: parts.due,
            defer_until: parts.edges.defer_until,
            repeat: parts.repeat.and_then(|text| text.parse().ok()),
            recurs_from: parts.recurs_from.map(TicketId::known),
            agent: parts.agent.map(str::to_owned),
            model: parts.model.map(str::to_owned),
            lock: parts.lock.map(str::to_owned),
            pr: parts.pr.map(str::to_owned),
            checks: parts.checks.map(str::to_owned).collect(),
            touches: parts.touches.map(str::to_owned).collect(),
            created_at: self.created_at(),
            created_by: parts.created_by.map(str::to_owned),
            started_at: parts.started_at,
            closed_at: parts.closed_at,
            closed_by: parts.closed_by.map(str::to_owned),
            reason: parts.reason.map(str::to_owned),
            verdict: parts.verdict,
            acceptance: parts.acceptance,
            subtasks: parts.subtasks,
            notes: parts.notes,
            runs: parts.runs,
        }
    }
}

/// What goes into the graph of a ticket.
#[derive(Clone, Debug)]
pub struct Edges<'o> {
    /// Where it stands: the bytes of the status's id.
    pub status: &'o [u8],
    /// Whether its type says that it is an epic.
    pub is_epic: bool,
    /// The epic it is a part of: the bytes of its id.
    pub parent: Option<&'o [u8]>,
    /// What must be done before, sorted.
    pub blocked_by: Texts<'o>,
    /// What it prefers to follow, sorted.
    pub after: Texts<'o>,
    /// Until when it is put off.
    pub defer_until: Option<Defer>,
}

impl From<&Ticket> for Outline {
    fn from(ticket: &Ticket) -> Self {
        let mut to = Writer::default();
        to.byte(ticket.priority.number());
        to.word(Gate::ALL, ticket.requires);
        to.word(Awaiting::ALL, ticket.awaiting);
        to.time(ticket.created_at);
        to.time(ticket.updated_at());
        to.time(ticket.started_at);
        to.time(ticket.closed_at);
        let (words, times, rest) = (to.hole(), to.hole(), to.hole());
        to.text(ticket.status.as_str());
        to.text(&ticket.kind);
        to.text(ticket.parent.as_ref().map_or("", TicketId::as_str));
        to.list(&ticket.blocked_by, |to, id| to.text(id.as_str()));
        to.list(&ticket.after, |to, id| to.text(id.as_str()));
        to.defer(ticket.defer_until);
        to.fill(times);
        to.optional_number(ticket.estimate.map(Span::seconds));
        let landed: Vec<u64> = ticket.runs.iter().filter_map(landed_seconds).collect();
        to.list(&landed, |to, seconds| to.number(*seconds));
        to.fill(words);
        to.text(&ticket.title);
        to.optional_text(ticket.owner.as_deref());
        to.list(&ticket.labels, |to, label| to.text(label));
        to.date(ticket.due);
        to.optional_text(ticket.repeat.map(|repeat| repeat.to_string()).as_deref());
        to.fill(rest);
        pack_rest(&mut to, ticket);
        let bytes = to.done();
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self::lying_in(ticket.id.clone(), &Arc::new(Bytes::Own(bytes)), 0, length)
    }
}

fn landed_seconds(run: &RunRecord) -> Option<u64> {
    let (start, end) = (run.started_at?, run.ended_at?);
    let seconds = end.as_second().checked_sub(start.as_second())?;
    (run.outcome == Some(Outcome::Landed))
        .then_some(seconds)
        .and_then(|seconds| u64::try_from(seconds).ok())
}

fn pack_rest(to: &mut Writer, ticket: &Ticket) {
    to.list(&ticket.touches, |to, glob| to.text(glob));
    to.optional_text(ticket.agent.as_deref());
    to.optional_text(ticket.lock.as_deref());
    to.list(&ticket.related, |to, id| to.text(id.as_str()));
    let of = |id: &Option<TicketId>| id.as_ref().map_or(String::new(), ToString::to_string);
    to.text(&of(&ticket.discovered_from));
    to.text(&of(&ticket.duplicate_of));
    to.optional_text(ticket.model.as_deref());
    to.optional_text(ticket.pr.as_deref());
    to.list(&ticket.checks, |to, check| to.text(check));
    to.optional_text(ticket.created_by.as_deref());
    to.optional_text(ticket.closed_by.as_deref());
    to.optional_text(ticket.reason.as_deref());
    to.word(Verdict::ALL, ticket.verdict);
    to.list(&ticket.acceptance, |to, item| {
        to.text(&item.text);
        to.optional_text(item.check.as_deref());
        to.byte(u8::from(item.met));
    });
    to.list(&ticket.subtasks, |to, item| {
        to.text(&item.title);
        to.byte(u8::from(item.done));
    });
    to.list(&ticket.notes, |to, note| {
        to.time(note.at);
        to.word(NoteKind::ALL, Some(note.kind));
    });
    to.list(&ticket.runs, |to, run| {
        to.time(run.started_at);
        to.time(run.ended_at);
        to.word(Outcome::ALL, run.outcome);
        to.optional_number(run.cost_usd.map(Usd::nanos));
    });
    to.text(&of(&ticket.recurs_from));
}

#[cfg(test)]
mod tests;
