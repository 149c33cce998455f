//! The account the dispatcher keeps: reservations, live figures, settlements.

use super::ended::Cap;
use super::{Account, Dispatcher};
use crate::model::{TicketId, Usd};
use crate::run::desk::{Bill, Permit};
use crate::run::folder::RunDir;
use crate::run::job::Job;
use crate::run::ledger::{self, Basis, Entry};
use crate::run::money::{self, Refusal, Wish};
use crate::run::price::Prices;
use crate::run::till::Payee;
use crate::run::watch::Watch;
use crate::run::worker;
use crate::wire::EventKind;

/// What is said where the run may use no more tokens.
pub(super) const TOKENS: &str = "the cap on tokens is reached";
/// What is said where money does not pay for another worker.
pub(super) const USED_UP: &str = "the budget is used up";

impl Dispatcher<'_> {
    /// Whether a worker ran in the ticket's last attempt folder.
    pub(super) fn was_started(&self, ticket: &TicketId) -> bool {
        let (Some(job), Some(account)) = (self.board.job(ticket), self.accounts.get(ticket)) else {
            return false;
        };
        let of_run = &self.shared.dir;
        let dir = of_run.worker(ticket.as_str(), job.attempt, account.processes);
        if !dir.exists() {
            // It was never made, or its worker has removed it.
            return account.has_begun;
        }
        // What cannot be read is taken for a start: it may have to be paid.
        !worker::never_started(&dir).unwrap_or(false)
    }

    /// Notes that a worker begins, or came up.
    pub(super) fn has_begun(&mut self, ticket: &TicketId) {
        self.accounts.entry(ticket.clone()).or_default().has_begun = true;
    }

    /// Notes which model a worker that came up uses, where that has no price.
    pub(super) fn meet(&mut self, ticket: &TicketId, model: Option<&str>) {
        let prices = Prices::new(self.shared.config.prices.clone());
        let unpriced = model.filter(|model| prices.of(model).is_none());
        let account = self.accounts.entry(ticket.clone()).or_default();
        account.unpriced = unpriced.map(str::to_owned);
    }

    pub(super) fn observe(&mut self, ticket: &TicketId, bill: &Bill, largest_turn: Usd) {
        let account = self.accounts.get(ticket);
        let unpriced = account.and_then(|account| account.unpriced.clone());
        if let Some(model) = &unpriced {
            self.warn_once(format!(
                "the model `{model}` has no price: until a worker of it ends, its reservation \
                 counts for what it costs; `[prices.{model:?}]` in `.ticks/config.toml` gives it one"
            ));
        }
        let so_far = unpriced.is_none().then_some(bill.live);
        self.till.observe(ticket, so_far, largest_turn);
        let kind = self.cost_event(ticket, bill, Some(bill.live), false);
        self.record(Some(ticket), kind);
        if self.till.budget().crossed() {
            self.reach_budget(Cap::Money, "spending has come to the cap");
        }
        let live = bill.input_tokens + bill.output_tokens;
        self.live_tokens.insert(ticket.clone(), live);
        self.check_tokens();
    }

    fn warn_once(&mut self, text: String) {
        if self.warned.insert(text.clone()) {
            self.record(None, EventKind::Warning { text });
        }
    }

    /// Waits until another run of the clone gives money back that the day's budget has.
    pub(super) fn wait_for_others(&mut self, waited: Option<Watch>) {
        if self.elsewhere.is_some() {
            return;
        }
        let text =
            "other runs hold what is left of the day's budget: it goes on when they give some back";
        self.warn_once(text.to_owned());
        let ledger = self.shared.store.ledger_path();
        // What was watched until now may have something to tell.
        self.elsewhere = Some(waited.unwrap_or_else(|| Watch::new(&ledger)));
    }

    /// A ticket has used up what it may have: the others go on.
    pub(super) fn reach_ticket_cap(&mut self, ticket: &TicketId, text: String) {
        self.ticket_cap
            .get_or_insert_with(|| format!("`{ticket}`: {text}"));
        self.record(Some(ticket), EventKind::Warning { text });
    }

    fn check_tokens(&mut self) {
        if self.tokens_are_used_up() {
            self.reach_budget(Cap::Tokens, TOKENS);
        }
    }

    fn tokens_are_used_up(&self) -> bool {
        let live = self.live_tokens.values().copied();
        let used = live.fold(self.tokens, u64::saturating_add);
        self.shared
            .options
            .max_tokens
            .is_some_and(|cap| used >= cap)
    }

    /// The budget does not pay for another worker: nothing more starts.
    pub(super) fn refuse(&mut self) {
        if self.tokens_are_used_up() {
            self.reach_budget(Cap::Tokens, TOKENS);
        } else {
            self.reach_budget(Cap::Money, USED_UP);
        }
    }

    fn cost_event(
        &self,
        ticket: &TicketId,
        bill: &Bill,
        cost: Option<Usd>,
        settled: bool,
    ) -> EventKind {
        let none = Account::default();
        let before = &self.accounts.get(ticket).unwrap_or(&none).settled;
        let sum = before.cost + cost.unwrap_or_default();
        let so_far = ledger::known(sum, before.is_unknown || cost.is_none());
        EventKind::Cost {
            cost_usd: so_far.map(Usd::dollars),
            total_usd: self.till.budget().total().dollars(),
            settled,
            input_tokens: before.input_tokens + bill.input_tokens,
            output_tokens: before.output_tokens + bill.output_tokens,
            turns: before.turns + bill.turns,
        }
    }

    fn payee(&self, ticket: &TicketId) -> Payee {
        let job = self.board.job(ticket);
        let account = self.accounts.get(ticket);
        Payee {
            ticket: ticket.clone(),
            attempt: job.map_or(0, |job| job.attempt),
            process: account.map_or(0, |account| account.processes),
            agent: job.map_or_else(String::new, |job| job.agent.name.clone()),
            agent_kind: job.map_or("", |job| job.agent.kind.as_str()).to_owned(),
        }
    }

    /// Puts the bill into the ledger, then frees the place and the reservation; what was charged,
    /// if that is known.
    pub(super) fn settle(&mut self, ticket: &TicketId, bill: &Bill) -> Option<Option<Usd>> {
        let account = self.accounts.get(ticket);
        let reservation = account.and_then(|account| account.reservation);
        let (now, payee) = (self.shared.ctx.now(), self.payee(ticket));
        let (cost, known) = match self.till.settle(now, &payee, bill, reservation) {
            Ok((cost, basis)) => (cost, Some(cost).filter(|_| basis != Basis::Unknown)),
            Err(error) => {
                self.give_up(error);
                return None;
            }
        };
        let kind = self.cost_event(ticket, bill, known, true);
        self.record(Some(ticket), kind);
        self.live_tokens.remove(ticket);
        self.tokens = (self.tokens)
            .saturating_add(bill.input_tokens)
            .saturating_add(bill.output_tokens);
        self.check_tokens();
        let account = self.accounts.entry(ticket.clone()).or_default();
        account.reservation = None;
        account.settled.cost += cost;
        account.settled.is_unknown |= known.is_none();
        account.settled.input_tokens += bill.input_tokens;
        account.settled.output_tokens += bill.output_tokens;
        account.settled.turns += bill.turns;
        self.board.set_live(ticket, false);
        if let Err(error) = self.tell_passed_cap(ticket, cost) {
            self.give_up(error);
        }
        Some(known)
    }

    /// Tells that a worker that just was charged did not keep to what its ticket may cost.
    fn tell_passed_cap(&mut self, ticket: &TicketId, charged: Usd) -> crate::ops::Result<()> {
        let Some(job) = self.board.job(ticket) else {
            return Ok(());
        };
        let used = self.till.used(|entry| entry.ticket == ticket.as_str())?;
        let cap = self.shared.options.ticket_cap(&job.agent);
        let passed = |cap: &Usd| used.cost > *cap && used.cost.saturating_sub(charged) <= *cap;
        if let Some(cap) = cap.filter(passed) {
            let text = format!(
                "it has cost ${} in this run, more than the ${cap} that it may: its worker did not \
                 stop in time",
                used.cost
            );
            self.record(Some(ticket), EventKind::Warning { text });
        }
        Ok(())
    }

    /// The place of a worker that is taken over: its money is put aside already.
    fn reserved_before(&mut self, ticket: &TicketId) -> crate::ops::Result<Option<Permit>> {
        let Some(job) = self.board.job(ticket).cloned() else {
            return Ok(None);
        };
        let Some(left) = job.left.as_ref().filter(|left| left.reserved.is_some()) else {
            return Ok(None);
        };
        if self.accounts.contains_key(ticket) {
            return Ok(None);
        }
        let settled = self.till.used(|entry| {
            entry.ticket == ticket.as_str()
                && entry.attempt == job.attempt
                && entry.process != left.process
        })?;
        let amount = left.reserved.filter(|amount| *amount > Usd::ZERO);
        let reservation = amount.map(|amount| self.till.take_over(ticket, amount));
        let account = Account {
            reservation,
            processes: left.process,
            settled,
            has_begun: true,
            ..Account::default()
        };
        self.accounts.insert(ticket.clone(), account);
        Ok(Some(Permit {
            reservation,
            process: left.process,
            max_turns: None,
        }))
    }

    pub(super) fn reserve(&mut self, ticket: &TicketId) -> Result<Permit, Refusal> {
        let granted = match self.reserved_before(ticket) {
            Ok(Some(permit)) => return Ok(permit),
            Ok(None) if self.tokens_are_used_up() => return Err(Refusal::Reached),
            Ok(None) => self.try_reserve(ticket),
            Err(error) => Err(error),
        };
        granted.unwrap_or_else(|error| {
            self.give_up(error);
            Err(Refusal::Later)
        })
    }

    /// What is asked for the next worker of a job. What ended in this run tells what such work
    /// costs, beside what is known from before. An agent that has told no cost may be charged all
    /// that is put aside: what is free is for every ticket that is left.
    fn wish(&self, job: &Job, at_most: Option<Usd>) -> crate::ops::Result<Wish> {
        let is_of_type = |entry: &Entry| {
            let id = TicketId::parse(&entry.ticket).ok();
            let other = id.and_then(|id| self.board.job(&id));
            other.is_some_and(|other| other.ticket.kind == job.ticket.kind)
        };
        let learned = match job.agent.max_cost {
            Some(_) => None,
            None => money::median(&self.till.told(is_of_type)?),
        };
        let of_agent = |entry: &Entry| entry.agent == job.agent.name;
        let is_silent = job.is_command() && self.till.told(of_agent)?.is_empty();
        let places = self.board.free_places();
        Ok(Wish {
            wanted: job.wanted,
            at_least: learned,
            is_final: job.is_command(),
            at_most,
            shares: match is_silent {
                true => places.max(self.board.left(&job.ticket.id)),
                false => places,
            },
        })
    }

    fn try_reserve(&mut self, ticket: &TicketId) -> crate::ops::Result<Result<Permit, Refusal>> {
        let Some(job) = self.board.job(ticket).cloned() else {
            return Ok(Err(Refusal::Later));
        };
        let own = |entry: &Entry| entry.ticket == ticket.as_str();
        let cap = self.shared.options.ticket_cap(&job.agent);
        let used = self.till.used(own)?;
        let max_turns = job.agent.max_turns;
        let max_turns = max_turns.map(|most| most.saturating_sub(used.turns));
        if max_turns == Some(0) {
            return Ok(Err(Refusal::Ticket));
        }
        let is_refused = self.shared.options.is_capped()
            && !self.shared.config.run.cost_unknown_reserve
            && job.is_command();
        if is_refused && self.till.tells_no_cost(&job.agent.name) {
            return Ok(Err(Refusal::Untold));
        }
        let wish = self.wish(&job, cap.map(|cap| cap.saturating_sub(used.cost)))?;
        let known = self
            .till
            .last_process(ticket, job.attempt)
            .max(job.processes);
        if !self.accounts.contains_key(ticket) {
            let settled = self
                .till
                .used(|entry| own(entry) && entry.attempt == job.attempt)?;
            let account = Account {
                settled,
                ..Account::default()
            };
            self.accounts.insert(ticket.clone(), account);
        }
        let account = self.accounts.entry(ticket.clone()).or_default();
        account.processes = account.processes.max(known) + 1;
        let process = account.processes;
        let payee = self.payee(ticket);
        let store = &self.shared.store;
        let is_live = |run: &str| {
            let runner = RunDir::of(store, run).runner();
            // One that cannot be asked is not waited for.
            runner.is_ok_and(|runner| runner.is_some())
        };
        let now = self.shared.ctx.now();
        let reservation = match self.till.reserve(now, &payee, wish, &is_live)? {
            Ok(reservation) => reservation,
            Err(refusal) => {
                let account = self.accounts.entry(ticket.clone()).or_default();
                account.processes = process - 1;
                return Ok(Err(refusal));
            }
        };
        let account = self.accounts.entry(ticket.clone()).or_default();
        account.reservation = reservation;
        account.unpriced = None;
        account.has_begun = false;
        Ok(Ok(Permit {
            reservation,
            process,
            max_turns,
        }))
    }
}
