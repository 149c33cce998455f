//! The loop that owns the state of a run.
//!
//! It alone starts workers, emits events, keeps the account and decides to stop; executors,
//! one task a ticket, only send it messages. Everything it decides is on the disk before
//! anything follows from it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::board::{Board, Phase};
use super::desk::{Bill, Desk, Ending, Msg, NoPlace, Permit, Stop};
use super::executor;
use super::ledger::{Basis, Entry, EntryKind, Ledger};
use super::money::{self, Budget, Refusal, Reservation};
use super::record::Recorder;
use super::shared::Shared;
use super::signals::{Signals, Wish};
use crate::model::{TicketId, Usd};
use crate::ops::{Error, Result};
use crate::wire::EventKind;

/// What the loop came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How each started ticket ended.
    pub endings: BTreeMap<TicketId, Ending>,
    /// Tickets that never started.
    pub unstarted: Vec<TicketId>,
    /// Whether the budget kept something from going on.
    pub budget_reached: bool,
    /// Whether the run was stopped.
    pub stopped: bool,
    /// What the run cost.
    pub spent: Usd,
}

/// A live worker's account.
#[derive(Debug, Default)]
struct Account {
    reservation: Option<Reservation>,
    processes: u32,
    /// Settled processes of this attempt.
    charged: Usd,
    input_tokens: u64,
    output_tokens: u64,
    turns: u64,
}

/// The loop and what it owns.
pub(super) struct Dispatcher<'a> {
    shared: Arc<Shared>,
    board: Board,
    accounts: BTreeMap<TicketId, Account>,
    stops: BTreeMap<TicketId, watch::Sender<Stop>>,
    started: BTreeMap<TicketId, Instant>,
    asking: VecDeque<(
        TicketId,
        oneshot::Sender<std::result::Result<Permit, NoPlace>>,
    )>,
    budget: Budget,
    tokens: u64,
    ledger: Ledger,
    recorder: &'a mut Recorder,
    stop: Stop,
    budget_reached: bool,
    trouble: Option<Error>,
    line: mpsc::UnboundedSender<Msg>,
    inbox: mpsc::UnboundedReceiver<Msg>,
}

impl<'a> Dispatcher<'a> {
    pub(super) fn new(
        shared: Arc<Shared>,
        board: Board,
        budget: Budget,
        ledger: Ledger,
        recorder: &'a mut Recorder,
    ) -> Self {
        let (line, inbox) = mpsc::unbounded_channel();
        Self {
            shared,
            board,
            accounts: BTreeMap::new(),
            stops: BTreeMap::new(),
            started: BTreeMap::new(),
            asking: VecDeque::new(),
            budget,
            tokens: 0,
            ledger,
            recorder,
            stop: Stop::No,
            budget_reached: false,
            trouble: None,
            line,
            inbox,
        }
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
        self.start_what_can();
        while self.board.running() > 0 {
            tokio::select! {
                // The line never closes while `self` holds its other end.
                Some(msg) = self.inbox.recv() => self.hear(msg),
                wish = signals.next() => match wish {
                    Wish::Stop => self.raise(Stop::Interrupt),
                    Wish::StopTickets(tickets) => self.stop_tickets(&tickets),
                },
                () = sleep_until(deadline), if deadline.is_some() && !self.budget_reached => {
                    self.reach_budget("the time limit of the run is reached");
                }
            }
            self.start_what_can();
        }
        if let Some(error) = self.trouble {
            return Err(error);
        }
        let tally = Tally {
            endings: self.board.endings(),
            unstarted: self.board.unstarted(),
            budget_reached: self.budget_reached,
            stopped: self.stop >= Stop::Interrupt,
            spent: self.budget.spent(),
        };
        Ok((tally, self.recorder))
    }

    fn hear(&mut self, msg: Msg) {
        match msg {
            Msg::Event { ticket, kind, ack } => {
                if self.record(Some(&ticket), kind)
                    && let Some(ack) = ack
                {
                    // An executor that no longer listens needs no answer.
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
            Msg::Fatal { class, reason } => {
                self.record(
                    None,
                    EventKind::Warning {
                        text: format!("no worker can go on: {class}: {reason}"),
                    },
                );
                // What several workers find out at the same time is no second Ctrl-C.
                if self.stop < Stop::Interrupt {
                    self.raise(Stop::Interrupt);
                }
            }
            Msg::Finished { ticket, ending } => {
                if self.board.is_live(&ticket) {
                    // It ended in trouble, without a bill: what was put aside is charged.
                    self.settle(&ticket, &Bill::default());
                }
                let seconds = self
                    .started
                    .get(&ticket)
                    .map_or(0.0, |start| start.elapsed().as_secs_f64());
                let cost = self
                    .accounts
                    .get(&ticket)
                    .map_or(Usd::ZERO, |account| account.charged);
                self.record(
                    Some(&ticket),
                    EventKind::TicketFinished {
                        outcome: ending.word().to_owned(),
                        cost_usd: cost.dollars(),
                        seconds: (seconds * 1000.0).round() / 1000.0,
                    },
                );
                self.stops.remove(&ticket);
                self.board.set(&ticket, Phase::Over(ending));
            }
        }
    }

    /// Writes an event down and shows it; whether that worked.
    fn record(&mut self, ticket: Option<&TicketId>, kind: EventKind) -> bool {
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

    /// Interrupts single tickets; the run goes on.
    fn stop_tickets(&mut self, tickets: &[String]) {
        for (id, sender) in &self.stops {
            if tickets.iter().any(|wanted| wanted == id.as_str()) {
                sender.send_modify(|now| *now = (*now).max(Stop::Interrupt));
            }
        }
    }

    fn reach_budget(&mut self, text: &str) {
        if !self.budget_reached {
            self.budget_reached = true;
            self.record(
                None,
                EventKind::Warning {
                    text: text.to_owned(),
                },
            );
        }
        self.raise(Stop::Budget);
    }

    fn observe(&mut self, ticket: &TicketId, bill: &Bill, largest_turn: Usd) {
        self.budget.observe(ticket, bill.live, largest_turn);
        let kind = self.cost_event(ticket, bill, bill.live, false);
        self.record(Some(ticket), kind);
        if self.budget.crossed() {
            self.reach_budget("spending has come to the cap");
        }
        let live = bill.input_tokens + bill.output_tokens;
        if self
            .shared
            .options
            .max_tokens
            .is_some_and(|cap| self.tokens + live >= cap)
        {
            self.reach_budget("the cap on tokens is reached");
        }
    }

    fn cost_event(&self, ticket: &TicketId, bill: &Bill, cost: Usd, settled: bool) -> EventKind {
        let none = Account::default();
        let account = self.accounts.get(ticket).unwrap_or(&none);
        EventKind::Cost {
            cost_usd: (account.charged + cost).dollars(),
            total_usd: if settled {
                self.budget.spent() + cost
            } else {
                self.budget.total()
            }
            .dollars(),
            settled,
            input_tokens: account.input_tokens + bill.input_tokens,
            output_tokens: account.output_tokens + bill.output_tokens,
            turns: account.turns + bill.turns,
        }
    }

    /// Puts the bill into the ledger, then frees the place and the reservation.
    fn settle(&mut self, ticket: &TicketId, bill: &Bill) -> Option<Usd> {
        let reservation = self
            .accounts
            .get(ticket)
            .and_then(|account| account.reservation);
        let (cost, basis) = match bill.reported {
            Some(cost) => (cost, Basis::Reported),
            None => {
                let cost = money::unreported(bill.live, reservation);
                (
                    cost,
                    if cost == bill.live {
                        Basis::Estimate
                    } else {
                        Basis::Reservation
                    },
                )
            }
        };
        let entry = self.entry(ticket, EntryKind::Settled, cost, basis, bill);
        if let Err(error) = self.ledger.append(&entry) {
            self.give_up(error);
            return None;
        }
        let kind = self.cost_event(ticket, bill, cost, true);
        self.record(Some(ticket), kind);
        self.budget.settle(ticket, cost);
        self.tokens += bill.input_tokens + bill.output_tokens;
        let account = self.accounts.entry(ticket.clone()).or_default();
        account.reservation = None;
        account.charged += cost;
        account.input_tokens += bill.input_tokens;
        account.output_tokens += bill.output_tokens;
        account.turns += bill.turns;
        self.board.set_live(ticket, false);
        Some(cost)
    }

    fn entry(
        &self,
        ticket: &TicketId,
        kind: EntryKind,
        amount: Usd,
        basis: Basis,
        bill: &Bill,
    ) -> Entry {
        let job = self.board.job(ticket);
        Entry {
            at: self.shared.ctx.now(),
            kind,
            run: self.shared.run.clone(),
            key: self.shared.key.as_str().to_owned(),
            ticket: ticket.as_str().to_owned(),
            attempt: job.map_or(0, |job| job.attempt),
            process: self
                .accounts
                .get(ticket)
                .map_or(0, |account| account.processes),
            agent: job.map_or_else(String::new, |job| job.agent.name.clone()),
            agent_kind: job.map_or("", |job| job.agent.kind.as_str()).to_owned(),
            cost_usd: amount.dollars(),
            basis,
            input_tokens: bill.input_tokens,
            output_tokens: bill.output_tokens,
            turns: bill.turns,
        }
    }

    /// Starts everything that can start now: waiting fix rounds first, then new tickets.
    fn start_what_can(&mut self) {
        if self.stop != Stop::No {
            let why = if self.stop == Stop::Budget {
                NoPlace::Budget
            } else {
                NoPlace::Stopping
            };
            for (_, reply) in self.asking.drain(..) {
                let _gone = reply.send(Err(why));
            }
            return;
        }
        for (ticket, reply) in std::mem::take(&mut self.asking) {
            if !self.board.may_be_live(&ticket) {
                self.asking.push_back((ticket, reply));
                continue;
            }
            match self.reserve(&ticket) {
                Ok(permit) => {
                    self.board.set_live(&ticket, true);
                    let _gone = reply.send(Ok(permit));
                }
                Err(Refusal::Later) => self.asking.push_back((ticket, reply)),
                Err(Refusal::Reached) => {
                    let _gone = reply.send(Err(NoPlace::Budget));
                    self.reach_budget("the budget is used up");
                }
            }
        }
        let mut passed_over = BTreeSet::new();
        while self.stop == Stop::No
            && let Some(ticket) = self.board.next_start(&passed_over)
        {
            if self
                .board
                .job(&ticket)
                .is_some_and(|job| job.lands_without_worker())
            {
                self.start(&ticket, None);
                continue;
            }
            match self.reserve(&ticket) {
                Ok(permit) => self.start(&ticket, Some(permit)),
                Err(Refusal::Later) => {
                    passed_over.insert(ticket);
                }
                Err(Refusal::Reached) => self.reach_budget("the budget is used up"),
            }
        }
    }

    fn reserve(&mut self, ticket: &TicketId) -> std::result::Result<Permit, Refusal> {
        let own_limit = self.board.job(ticket).and_then(|job| job.agent.max_cost);
        let wanted = self.board.job(ticket).and_then(|job| job.wanted);
        let reservation =
            self.budget
                .reserve(ticket, wanted, own_limit, self.board.free_places())?;
        let before = self.board.job(ticket).map_or(0, |job| job.processes);
        let account = self.accounts.entry(ticket.clone()).or_default();
        account.reservation = reservation;
        account.processes = account.processes.max(before) + 1;
        let process = account.processes;
        let amount = reservation.map_or(Usd::ZERO, |reservation| reservation.amount);
        let entry = self.entry(
            ticket,
            EntryKind::Reserved,
            amount,
            Basis::Reservation,
            &Bill::default(),
        );
        if let Err(error) = self.ledger.append(&entry) {
            self.give_up(error);
            return Err(Refusal::Later);
        }
        Ok(Permit {
            reservation,
            process,
        })
    }

    fn start(&mut self, ticket: &TicketId, permit: Option<Permit>) {
        let Some(job) = self.board.job(ticket).cloned() else {
            return;
        };
        let (stop, heard) = watch::channel(self.stop);
        self.stops.insert(ticket.clone(), stop);
        self.started.insert(ticket.clone(), Instant::now());
        self.board.set(ticket, Phase::Running);
        self.board.set_live(ticket, permit.is_some());
        let desk = Desk::new(ticket.clone(), self.line.clone());
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let guard = desk.clone();
            let work = tokio::spawn(executor::run(shared, job, permit, desk, heard));
            let ending = match work.await {
                Ok(ending) => ending,
                // A panic in an executor is a bug; the run must hear of the ticket's end.
                Err(_) => Ending::Failed,
            };
            // Nobody listens only when the run is over.
            let _over = guard.finished(ending);
        });
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
