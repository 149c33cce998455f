//! What executors say to the dispatcher, and what they hear back.
//!
//! Executors own no state of the run: they ask for a place before a worker starts, give it
//! back with the bill when it ends, and wait for state events to be on the disk before they
//! act on them.

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::money::Reservation;
use crate::model::{TicketId, Usd};
use crate::wire::EventKind;

/// Leave to start one worker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permit {
    /// The money put aside, where there is a cap or the agent has a limit.
    pub reservation: Option<Reservation>,
    /// The number of the process within the attempt, from 1.
    pub process: u32,
    /// The most model turns, where the agent has a limit: what its ticket has left of it.
    pub max_turns: Option<u64>,
}

/// Why no worker may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// The budget does not pay for it.
    Budget,
    /// The ticket has used up what it may cost in the run, or its turns.
    Ticket,
    /// The run is being stopped.
    Stopping,
}

/// What a worker process used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bill {
    /// What it told that it cost; none when it died without a word.
    pub reported: Option<Usd>,
    /// What its partial usage came to.
    pub live: Usd,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Model turns.
    pub turns: u64,
}

/// How an executor ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Merged and closed.
    Landed,
    /// A person closed it, before it began or while it was worked at.
    Closed,
    /// A person deleted it.
    Deleted,
    /// A person is owed something.
    Awaiting,
    /// It failed.
    Failed,
    /// It was interrupted by a stop.
    Stopped,
    /// It was put aside: the budget is used up, or another holds it, or it is not to begin yet.
    Parked,
}

impl Ending {
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Landed => "landed",
            Self::Closed => "closed",
            Self::Deleted => "deleted",
            Self::Awaiting => "awaiting",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Parked => "parked",
        }
    }
}

/// How much an executor is asked to hurry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    /// Go on.
    #[default]
    No,
    /// The budget is used up: interrupt the worker, park the ticket.
    Budget,
    /// The run stops: interrupt the worker, keep everything.
    Interrupt,
    /// At once.
    Kill,
}

/// What executors tell the dispatcher.
#[derive(Debug)]
pub(super) enum Msg {
    /// An event; where `ack` is given it is answered when the event is on the disk.
    Event {
        ticket: TicketId,
        kind: EventKind,
        ack: Option<oneshot::Sender<()>>,
    },
    /// An event of the run, no ticket's; answered when it is on the disk.
    OfRun {
        kind: EventKind,
        ack: oneshot::Sender<()>,
    },
    /// A place for the ticket's next worker is wanted.
    WantPlace {
        ticket: TicketId,
        reply: oneshot::Sender<Result<Permit, NoPlace>>,
    },
    /// What the live worker has used so far, and its largest turn.
    Usage {
        ticket: TicketId,
        bill: Bill,
        largest_turn: Usd,
    },
    /// The worker ended: the place is free. Answered with what was charged, if that is known.
    WorkerEnded {
        ticket: TicketId,
        bill: Bill,
        charged: oneshot::Sender<Option<Usd>>,
    },
    /// No worker of the account can work before that moment: start none until then.
    Limited { until: Timestamp },
    /// No worker of this account can work: stop starting any.
    Fatal { class: String, reason: String },
    /// The ticket has used up what it may have in the run: the others go on.
    Capped { ticket: TicketId, text: String },
    /// The ticket is not the run's any more: another clone has it.
    Lost { ticket: TicketId },
    /// The executor is done.
    Finished { ticket: TicketId, ending: Ending },
}

/// The dispatcher is gone: the run is over, and so is whoever hears this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the run is over")]
pub(super) struct RunIsOver;

/// An executor's line to the dispatcher.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    ticket: TicketId,
    line: mpsc::UnboundedSender<Msg>,
}

impl Desk {
    pub(super) fn new(ticket: TicketId, line: mpsc::UnboundedSender<Msg>) -> Self {
        Self { ticket, line }
    }

    /// The line itself, for what is no ticket's alone.
    pub(super) fn line(&self) -> &mpsc::UnboundedSender<Msg> {
        &self.line
    }

    fn send(&self, msg: Msg) -> Result<(), RunIsOver> {
        self.line.send(msg).map_err(|_| RunIsOver)
    }

    /// Tells an event that nothing waits for.
    pub(super) fn tell(&self, kind: EventKind) -> Result<(), RunIsOver> {
        self.send(Msg::Event {
            ticket: self.ticket.clone(),
            kind,
            ack: None,
        })
    }

    /// Tells an event and returns when it is on the disk.
    pub(super) async fn record(&self, kind: EventKind) -> Result<(), RunIsOver> {
        let (ack, done) = oneshot::channel();
        self.send(Msg::Event {
            ticket: self.ticket.clone(),
            kind,
            ack: Some(ack),
        })?;
        done.await.map_err(|_| RunIsOver)
    }

    /// Tells an event of the run, no ticket's, and returns when it is on the disk.
    pub(super) async fn record_of_run(&self, kind: EventKind) -> Result<(), RunIsOver> {
        let (ack, done) = oneshot::channel();
        self.send(Msg::OfRun { kind, ack })?;
        done.await.map_err(|_| RunIsOver)
    }

    /// Waits for a place for the next worker.
    pub(super) async fn place(&self) -> Result<Result<Permit, NoPlace>, RunIsOver> {
        let (reply, place) = oneshot::channel();
        self.send(Msg::WantPlace {
            ticket: self.ticket.clone(),
            reply,
        })?;
        place.await.map_err(|_| RunIsOver)
    }

    /// Tells what the live worker has used.
    pub(super) fn usage(&self, bill: Bill, largest_turn: Usd) -> Result<(), RunIsOver> {
        self.send(Msg::Usage {
            ticket: self.ticket.clone(),
            bill,
            largest_turn,
        })
    }

    /// Gives the place back with the bill; returns what was charged, if that is known.
    pub(super) async fn worker_ended(&self, bill: Bill) -> Result<Option<Usd>, RunIsOver> {
        let (charged, answer) = oneshot::channel();
        self.send(Msg::WorkerEnded {
            ticket: self.ticket.clone(),
            bill,
            charged,
        })?;
        answer.await.map_err(|_| RunIsOver)
    }

    /// Tells that no worker of the account can work before that moment.
    pub(super) fn limited(&self, until: Timestamp) -> Result<(), RunIsOver> {
        self.send(Msg::Limited { until })
    }

    /// Tells that no worker can work.
    pub(super) fn fatal(&self, class: &str, reason: &str) -> Result<(), RunIsOver> {
        self.send(Msg::Fatal {
            class: class.to_owned(),
            reason: reason.to_owned(),
        })
    }

    /// Tells that the ticket has used up what it may have in the run.
    pub(super) fn capped(&self, text: &str) -> Result<(), RunIsOver> {
        self.send(Msg::Capped {
            ticket: self.ticket.clone(),
            text: text.to_owned(),
        })
    }

    /// Tells that the executor is done.
    pub(super) fn finished(&self, ending: Ending) -> Result<(), RunIsOver> {
        self.send(Msg::Finished {
            ticket: self.ticket.clone(),
            ending,
        })
    }
}
