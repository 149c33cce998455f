//! The journal and those who hear it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::notifier::Notifier;
use crate::context::Context;
use crate::context::point::Point;
use crate::model::TicketId;
use crate::ops::Result;
use crate::store::AppendLog;
use crate::wire::{Event, EventKind};

/// Whoever shows the events of a run: text, progress bars, JSON.
pub trait Reporter: Send {
    /// Shows an event, which is in the journal by now.
    fn event(&mut self, event: &Event);

    /// Tells whoever sits at the terminal something that is no event of the run.
    fn tell(&mut self, text: &str);
}

/// Numbers events, writes them to the run's journal, and then shows them.
pub(super) struct Recorder {
    ctx: Arc<Context>,
    run: String,
    seq: u64,
    log: AppendLog,
    reporter: Box<dyn Reporter>,
    notifier: Option<Notifier>,
    /// The wave of each ticket.
    waves: BTreeMap<TicketId, u32>,
}

impl Recorder {
    /// Opens the journal, going on after what it holds.
    pub(super) fn open(
        ctx: Arc<Context>,
        run: &str,
        journal: &Path,
        reporter: Box<dyn Reporter>,
        waves: BTreeMap<TicketId, u32>,
    ) -> Result<Self> {
        let seq = read(journal)?.last().map_or(0, |event| event.seq);
        Ok(Self {
            ctx,
            run: run.to_owned(),
            seq,
            log: AppendLog::open(journal)?,
            reporter,
            notifier: None,
            waves,
        })
    }

    /// From now on, tells people of what they should know.
    pub(super) fn notify_by(&mut self, notifier: Option<Notifier>) {
        self.notifier = notifier;
    }

    /// Waits for what people are still to be told; what went wrong with that, if it did only
    /// now.
    pub(super) fn finish_notifying(&mut self) -> Option<String> {
        self.notifier.take()?.finish()
    }

    /// Writes an event down, durably where later decisions depend on it, and shows it.
    pub(super) fn record(&mut self, ticket: Option<&TicketId>, kind: EventKind) -> Result<()> {
        let notify = Notifier::is_for_people(&kind);
        self.put(ticket, kind, notify)
    }

    /// As [`Recorder::record`], for what people should know although events of the kind are
    /// mostly not for them.
    pub(super) fn announce(&mut self, ticket: Option<&TicketId>, kind: EventKind) -> Result<()> {
        self.put(ticket, kind, true)
    }

    /// Tells whoever sits at the terminal something that is no event.
    pub(super) fn tell(&mut self, text: &str) {
        self.reporter.tell(text);
    }

    fn put(&mut self, ticket: Option<&TicketId>, kind: EventKind, notify: bool) -> Result<()> {
        let event = Event {
            seq: self.seq + 1,
            at: self.ctx.now(),
            run: self.run.clone(),
            ticket: ticket.map(|id| id.as_str().to_owned()),
            wave: ticket.and_then(|id| self.waves.get(id)).copied(),
            kind,
        };
        let log = &mut self.log;
        match point(&event.kind) {
            Some(point) => point.around(|| log.append_durably(&event))?,
            None if event.kind.is_state() => log.append_durably(&event)?,
            None => log.append(&event)?,
        }
        self.seq = event.seq;
        self.reporter.event(&event);
        let Some(notifier) = &mut self.notifier else {
            return Ok(());
        };
        if notify {
            notifier.tell(&event);
        }
        // `run_finished` is the last event, whatever comes of telling of it.
        let last = matches!(event.kind, EventKind::RunFinished { .. });
        match notifier.failure().filter(|_| !last) {
            Some(text) => self.put(None, EventKind::Warning { text }, false),
            None => Ok(()),
        }
    }
}

/// The point at which the event is written down; none for what workers do meanwhile.
const fn point(kind: &EventKind) -> Option<Point> {
    Some(match kind {
        EventKind::RunStarted { .. } => Point::RunStarted,
        EventKind::Plan { .. } => Point::Plan,
        EventKind::TicketStarted { .. } => Point::TicketStarted,
        EventKind::Session { .. } => Point::Session,
        EventKind::Ask { .. } => Point::Ask,
        EventKind::Answer { .. } => Point::Answer,
        EventKind::Cost { settled: true, .. } => Point::Cost,
        EventKind::Retry { .. } => Point::Retry,
        EventKind::Resumed { .. } => Point::Resumed,
        EventKind::CheckStarted { .. } => Point::CheckStarted,
        EventKind::CheckPassed { .. } => Point::CheckPassed,
        EventKind::CheckFailed { .. } => Point::CheckFailed,
        EventKind::MergeConflict { .. } => Point::MergeConflict,
        EventKind::Landed { .. } => Point::Landed,
        EventKind::Closed { .. } => Point::Closed,
        EventKind::Awaiting { .. } => Point::Awaiting,
        EventKind::Failed { .. } => Point::Failed,
        EventKind::TicketFinished { .. } => Point::TicketFinished,
        EventKind::RunFinished { .. } => Point::RunFinished,
        _ => return None,
    })
}

/// The events of a journal, oldest first; none where there is no journal.
///
/// # Errors
/// When it cannot be read.
pub fn read(journal: &Path) -> Result<Vec<Event>> {
    Ok(AppendLog::read(journal)?.entries)
}

/// The events of a journal that begin at that byte or later, and where the next one begins.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read_from(journal: &Path, from: u64) -> Result<(Vec<Event>, u64)> {
    Ok(AppendLog::read_from(journal, from)?)
}
