//! The loop that owns the state of a run.
//!
//! It alone starts workers, emits events, keeps the account and decides to stop; executors,
//! one task a ticket, only send it messages. Everything it decides is on the disk before
//! anything follows from it.

mod accounts;
mod closed;
mod ended;
mod places;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::ended::Cap;
use super::board::{Board, Phase};
use super::desk::{Bill, Ending, Msg, NoPlace, Permit, Stop};
use super::ledger;
use super::left;
use super::money::Reservation;
use super::people::{People, Spoken};
use super::record::Recorder;
use super::remote;
use super::shared::Shared;
use super::signals::{Signals, Wish};
use super::till::{Till, Used};
use super::watch::Watch;
use crate::model::{TicketId, Usd};
use crate::ops::{Error, ErrorCode, Result};
use crate::wire::EventKind;

/// What is said of a ticket that may cost no more.
const USED_UP: &str = "the ticket has used up what it may cost in this run";

/// What the loop came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How each started ticket ended.
    pub endings: BTreeMap<TicketId, Ending>,
    /// Tickets that never started.
    pub unstarted: Vec<TicketId>,
    /// Why tickets were put aside.
    pub parked: BTreeMap<TicketId, String>,
    /// The branches that keep the work of tickets that were closed or deleted meanwhile.
    pub kept: BTreeMap<TicketId, String>,
    /// Whether the budget kept something from going on.
    pub budget_reached: bool,
    /// Whether the run was stopped.
    pub stopped: bool,
    /// What the run cost, where anything is known of that.
    pub spent: Option<Usd>,
    /// What of that was put aside for workers that did not tell what they spent, by ticket.
    pub reserved: BTreeMap<String, Usd>,
    /// Why it was stopped or which cap was reached, and what goes on then.
    pub why: Option<String>,
}

/// A live worker's account.
#[derive(Debug, Default)]
struct Account {
    reservation: Option<Reservation>,
    processes: u32,
    /// Settled processes of this attempt, those of an earlier runner included.
    settled: Used,
    /// The live worker's model, where it has no price.
    unpriced: Option<String>,
    /// Whether the journal has the beginning of the live worker.
    has_begun: bool,
}

/// The loop and what it owns.
pub(super) struct Dispatcher<'a> {
    shared: Arc<Shared>,
    board: Board,
    accounts: BTreeMap<TicketId, Account>,
    stops: BTreeMap<TicketId, watch::Sender<Stop>>,
    started: BTreeMap<TicketId, Instant>,
    /// Why tickets were put aside.
    parked: BTreeMap<TicketId, String>,
    asking: VecDeque<(
        TicketId,
        oneshot::Sender<std::result::Result<Permit, NoPlace>>,
    )>,
    till: Till,
    /// What settled workers of the run have used.
    tokens: u64,
    /// What live ones have used so far.
    live_tokens: BTreeMap<TicketId, u64>,
    people: People<'a>,
    /// Until when the account of the clients can do no more.
    limited: Option<Timestamp>,
    recorder: &'a mut Recorder,
    stop: Stop,
    /// Which cap the run has reached.
    reached: Option<Cap>,
    /// Why no worker of the account can go on.
    fatal: Option<String>,
    out_of_time: bool,
    /// The first ticket that has used up what it may have, as a sentence.
    ticket_cap: Option<String>,
    /// While workers of other runs hold the money that is needed here.
    elsewhere: Option<Watch>,
    /// What was warned of once.
    warned: BTreeSet<String>,
    trouble: Option<Error>,
    /// Whether the repository is not there any more.
    is_gone: bool,
    line: mpsc::UnboundedSender<Msg>,
    inbox: mpsc::UnboundedReceiver<Msg>,
}

impl<'a> Dispatcher<'a> {
    pub(super) fn new(
        shared: Arc<Shared>,
        board: Board,
        till: Till,
        people: People<'a>,
        recorder: &'a mut Recorder,
    ) -> Result<Self> {
        let (line, inbox) = mpsc::unbounded_channel();
        let used = till.used(|_| true)?;
        Ok(Self {
            shared,
            board,
            accounts: BTreeMap::new(),
            stops: BTreeMap::new(),
            started: BTreeMap::new(),
            parked: BTreeMap::new(),
            asking: VecDeque::new(),
            till,
            tokens: used.input_tokens.saturating_add(used.output_tokens),
            live_tokens: BTreeMap::new(),
            people,
            limited: None,
            recorder,
            stop: Stop::No,
            reached: None,
            fatal: None,
            out_of_time: false,
            ticket_cap: None,
            elsewhere: None,
            warned: BTreeSet::new(),
            trouble: None,
            is_gone: false,
            line,
            inbox,
        })
    }

    /// Runs until nothing is running and nothing can start.
    ///
    /// # Errors
    /// When the journal or the ledger can not be written; the workers are ended first.
    pub(super) async fn run(mut self, signals: &mut Signals) -> Result<(Tally, &'a mut Recorder)> {
        let deadline = self
            .shared
            .options
            .max_time
            .map(|time| Instant::now() + time.duration());
        let branch = Watch::patient(self.shared.tracker.watched());
        let tickets = Watch::calm(self.shared.store.ticks_dir());
        let clashes = Arc::clone(&self.shared.clashes).watch(self.line.clone());
        // It ends with this.
        let mut beside = JoinSet::new();
        beside.spawn(clashes);
        beside.spawn(remote::keep(Arc::clone(&self.shared), self.line.clone()));
        self.start_what_can();
        while self.goes_on() {
            self.follow_branch();
            let limit = self.limit();
            tokio::select! {
                // The line never closes while `self` holds its other end.
                Some(msg) = self.inbox.recv() => self.hear(msg),
                wish = signals.next() => match wish {
                    Wish::Stop => self.hear_stop(),
                    Wish::Tickets { stop, retry } => {
                        self.stop_tickets(&stop);
                        self.retry_tickets(&retry);
                    }
                },
                () = branch.changed() => self.stop_closed(),
                () = tickets.changed() => self.stop_closed(),
                () = changed(self.elsewhere.as_ref()), if self.elsewhere.is_some() => {}
                () = tokio::time::sleep(limit), if self.limited.is_some() => {}
                () = self.people.changed(), if self.hears_people() => self.hear_people(),
                () = sleep_until(deadline), if deadline.is_some() && !self.out_of_time => {
                    self.out_of_time = true;
                    self.reach_budget(Cap::Time, "the time limit of the run is reached");
                }
            }
            self.start_what_can();
        }
        self.follow_branch();
        if let Some(error) = self.trouble.take() {
            return Err(error);
        }
        let used = self.till.used(|_| true)?;
        let reserved = self.till.reserved()?;
        let why = self.why(&reserved);
        let tally = Tally {
            endings: self.board.endings(),
            unstarted: self.board.unstarted(),
            kept: self.kept_of_withdrawn()?,
            parked: self.parked,
            budget_reached: self.reached.is_some() || self.ticket_cap.is_some(),
            stopped: self.stop >= Stop::Interrupt,
            spent: ledger::known(self.till.budget().spent(), used.is_unknown),
            reserved,
            why,
        };
        Ok((tally, self.recorder))
    }

    /// Whether something is running, may start because people have spoken, or is waited for.
    fn goes_on(&mut self) -> bool {
        if self.board.running() == 0 && self.hears_people() {
            self.hear_people();
            self.start_what_can();
        }
        self.board.running() > 0
            || self.elsewhere.is_some()
            || (self.shared.options.wait && self.hears_people())
    }

    /// Notices whether the user has another branch checked out, or the run's again.
    fn follow_branch(&mut self) {
        self.mind_repository();
        for text in self.shared.tracker.look() {
            self.record(None, EventKind::Warning { text });
        }
    }

    fn hears_people(&self) -> bool {
        self.stop == Stop::No && self.people.owe()
    }

    /// Seats what people have freed, and what waited for that.
    fn hear_people(&mut self) {
        let Spoken {
            freed,
            seats,
            closed,
        } = match self.people.hear() {
            Ok(spoken) => spoken,
            Err(error) => {
                let text = format!("what people have said cannot be told: {error}");
                self.record(None, EventKind::Warning { text });
                return;
            }
        };
        for id in closed {
            self.board.set(&id, Phase::Over(Ending::Closed));
        }
        for (id, seat) in seats {
            if (freed.contains(&id) || !self.board.has(&id)) && self.board.seat(&id, seat) {
                let reason = "nobody owes it anything any more".to_owned();
                self.record(Some(&id), EventKind::Resumed { reason });
            }
        }
    }

    fn hear(&mut self, msg: Msg) {
        self.mind_repository();
        match msg {
            Msg::Event { ticket, kind, ack } => {
                if left::is_beginning(&kind) {
                    self.has_begun(&ticket);
                }
                if let EventKind::Session { model, .. } = &kind {
                    self.meet(&ticket, model.as_deref());
                }
                if let EventKind::Parked { reason } = &kind {
                    self.parked.insert(ticket.clone(), reason.clone());
                }
                if self.record(Some(&ticket), kind)
                    && let Some(ack) = ack
                {
                    // An executor that no longer listens needs no answer.
                    let _gone = ack.send(());
                }
            }
            Msg::OfRun { kind, ack } => {
                if self.record(None, kind) {
                    let _gone = ack.send(());
                }
            }
            Msg::WantPlace { ticket, reply } => self.asking.push_back((ticket, reply)),
            Msg::Usage {
                ticket,
                bill,
                largest_turn,
            } => self.observe(&ticket, &bill, largest_turn),
            Msg::WorkerEnded {
                ticket,
                bill,
                charged,
            } => {
                if let Some(cost) = self.settle(&ticket, &bill) {
                    let _gone = charged.send(cost);
                }
            }
            Msg::Limited { until } => self.limited = self.limited.max(Some(until)),
            Msg::Fatal { class, reason } => {
                let text = format!("no worker can go on: {class}: {reason}");
                self.fatal.get_or_insert_with(|| text.clone());
                self.record(None, EventKind::Warning { text });
                // What several workers find out at the same time is no second Ctrl-C.
                if self.stop < Stop::Interrupt {
                    self.raise(Stop::Interrupt);
                }
            }
            Msg::Lost { ticket } => self.stop_tickets(&[ticket.to_string()]),
            Msg::Capped { ticket, text } => self.reach_ticket_cap(&ticket, text),
            Msg::Finished { ticket, ending } => {
                if self.board.is_live(&ticket) {
                    // It ended in trouble, without a bill: what was put aside is charged,
                    // unless no worker was ever started.
                    let bill = Bill {
                        reported: (!self.was_started(&ticket)).then_some(Usd::ZERO),
                        ..Bill::default()
                    };
                    self.settle(&ticket, &bill);
                }
                let seconds = self
                    .started
                    .get(&ticket)
                    .map_or(0.0, |start| start.elapsed().as_secs_f64());
                let cost = self
                    .accounts
                    .get(&ticket)
                    .map_or(Some(Usd::ZERO), |account| account.settled.known_cost());
                self.record(
                    Some(&ticket),
                    EventKind::TicketFinished {
                        outcome: ending.word().to_owned(),
                        cost_usd: cost.map(Usd::dollars),
                        seconds: (seconds * 1000.0).round() / 1000.0,
                    },
                );
                self.stops.remove(&ticket);
                if ending == Ending::Awaiting {
                    self.people.wait_for(&ticket);
                }
                self.board.set(&ticket, Phase::Over(ending));
            }
        }
    }

    /// Ends everything where the repository is not there any more.
    fn mind_repository(&mut self) {
        if self.trouble.is_none() && self.shared.tracker.is_gone() {
            let root = self.shared.ground.root.display();
            let message =
                format!("`{root}` is no longer there: it was moved or removed during the run");
            let hint = "where it is now, the same command goes on with the run";
            self.is_gone = true;
            self.give_up(Error::new(ErrorCode::Failed, message).hint(hint));
        }
    }

    /// Writes an event down and shows it; whether that worked. What fails since the repository is
    /// gone is not told: the runner that goes on finds out what became of it.
    fn record(&mut self, ticket: Option<&TicketId>, kind: EventKind) -> bool {
        if self.is_gone {
            return false;
        }
        match self.recorder.record(ticket, kind) {
            Ok(()) => true,
            Err(error) => {
                self.give_up(error);
                false
            }
        }
    }

    /// The disk can no longer be relied on: end everything, keep the first reason.
    fn give_up(&mut self, error: Error) {
        self.trouble.get_or_insert(error);
        self.raise(Stop::Kill);
    }

    fn raise(&mut self, stop: Stop) {
        // A second Ctrl-C is more than a first.
        self.stop = if stop == Stop::Interrupt && self.stop >= Stop::Interrupt {
            Stop::Kill
        } else {
            self.stop.max(stop)
        };
        self.tell_everybody();
    }

    fn tell_everybody(&self) {
        for sender in self.stops.values() {
            sender.send_if_modified(|now| {
                let raised = *now < self.stop;
                *now = (*now).max(self.stop);
                raised
            });
        }
    }

    /// Interrupts single tickets, and those that have not begun never begin; the run goes on.
    fn stop_tickets(&mut self, tickets: &[String]) {
        let wanted = |id: &TicketId| tickets.iter().any(|wanted| wanted == id.as_str());
        for (id, sender) in &self.stops {
            if wanted(id) {
                sender.send_modify(|now| *now = (*now).max(Stop::Interrupt));
            }
        }
        for (id, reply) in std::mem::take(&mut self.asking) {
            if wanted(&id) {
                let _gone = reply.send(Err(NoPlace::Stopping));
            } else {
                self.asking.push_back((id, reply));
            }
        }
        for id in self.board.unstarted() {
            if wanted(&id) {
                self.board.set(&id, Phase::Over(Ending::Stopped));
                let outcome = Ending::Stopped.word().to_owned();
                let (cost_usd, seconds) = (Some(0.0), 0.0);
                self.record(
                    Some(&id),
                    EventKind::TicketFinished {
                        outcome,
                        cost_usd,
                        seconds,
                    },
                );
            }
        }
    }

    /// Seats tickets again that are over.
    fn retry_tickets(&mut self, tickets: &[String]) {
        if tickets.is_empty() || self.stop != Stop::No {
            return;
        }
        let seats = match self.people.seats() {
            Ok(seats) => seats,
            Err(error) => {
                let text = format!("nothing can be tried again: {error}");
                self.record(None, EventKind::Warning { text });
                return;
            }
        };
        let wanted = |id: &TicketId| tickets.iter().any(|wanted| wanted == id.as_str());
        for (id, seat) in seats.into_iter().filter(|(id, _)| wanted(id)) {
            if self.board.seat(&id, seat) {
                self.people.wait_no_more(&id);
                let reason = "a person wants another try".to_owned();
                self.record(Some(&id), EventKind::Resumed { reason });
            }
        }
    }

    fn reach_budget(&mut self, cap: Cap, text: &str) {
        if self.reached.is_none() {
            self.reached = Some(cap);
            let text = text.to_owned();
            // Read by those whom it ends.
            self.shared.reached.get_or_init(|| text.clone());
            let told = self.recorder.announce(None, EventKind::Warning { text });
            if let Err(error) = told {
                self.give_up(error);
            }
        }
        self.raise(Stop::Budget);
    }
}

async fn changed(watch: Option<&Watch>) {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
