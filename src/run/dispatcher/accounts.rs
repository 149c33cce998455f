//! The account the dispatcher keeps: reservations, live figures, settlements.

use super::{Account, Dispatcher};
use crate::model::{TicketId, Usd};
use crate::run::attempt::AttemptDir;
use crate::run::desk::{Bill, Permit};
use crate::run::ledger::{Basis, Entry, EntryKind};
use crate::run::money::{self, Refusal};
use crate::wire::EventKind;

impl Dispatcher<'_> {
    /// Whether a worker ran in the ticket's last attempt folder.
    pub(super) fn was_started(&self, ticket: &TicketId) -> bool {
        let (Some(job), Some(account)) = (self.board.job(ticket), self.accounts.get(ticket)) else {
            return false;
        };
        let name = format!("{}-{}", job.attempt, account.processes);
        let dir = AttemptDir::open(&self.shared.ticket_dir(ticket).join(name));
        // What cannot be read is taken for a start: it may have to be paid.
        dir.started().map_or(true, |started| started.is_some())
    }

    pub(super) fn observe(&mut self, ticket: &TicketId, bill: &Bill, largest_turn: Usd) {
        self.budget.observe(ticket, bill.live, largest_turn);
        let kind = self.cost_event(ticket, bill, bill.live, false);
        self.record(Some(ticket), kind);
        if self.budget.crossed() {
            self.reach_budget("spending has come to the cap");
        }
        let live = bill.input_tokens + bill.output_tokens;
        self.live_tokens.insert(ticket.clone(), live);
        self.check_tokens();
    }

    fn check_tokens(&mut self) {
        let used = self.tokens + self.live_tokens.values().sum::<u64>();
        if self
            .shared
            .options
            .max_tokens
            .is_some_and(|cap| used >= cap)
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
    pub(super) fn settle(&mut self, ticket: &TicketId, bill: &Bill) -> Option<Usd> {
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
        self.live_tokens.remove(ticket);
        self.tokens += bill.input_tokens + bill.output_tokens;
        self.check_tokens();
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

    pub(super) fn reserve(&mut self, ticket: &TicketId) -> Result<Permit, Refusal> {
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
}
