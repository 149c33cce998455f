//! The till of a run: grants money to workers and takes their bills, in the budget and in the
//! ledger at once, so that what one says the other does.
//!
//! Runs of a clone share the ledger, and with it the budget of the day. Whoever puts money
//! aside holds the ledger, and reads what others have written, before it decides.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{Timestamp, ToSpan};

use super::desk::Bill;
use super::ledger::{self, Basis, Entry, EntryKind, Ledger, Process};
use super::money::{Budget, Day, Refusal, Reservation, Wish};
use crate::context::point::Point;
use crate::model::{AgentKind, TicketId, Usd};
use crate::ops::Result;

/// What bounds a run's spending.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Caps {
    /// The run's own cap.
    pub run: Option<Usd>,
    /// The budget of a day, over all runs of the clone.
    pub day: Option<Usd>,
}

/// A worker process that is to be paid.
#[derive(Clone, Debug)]
pub(super) struct Payee {
    pub ticket: TicketId,
    pub attempt: u32,
    /// Its number within the attempt, from 1.
    pub process: u32,
    pub agent: String,
    pub agent_kind: String,
}

/// What an attempt, or a ticket, or a run, has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    pub cost: Usd,
    /// Whether something of it cost nobody knows what.
    pub is_unknown: bool,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub turns: u64,
}

impl Used {
    /// The cost, where anything is known of it.
    pub(super) fn known_cost(&self) -> Option<Usd> {
        ledger::known(self.cost, self.is_unknown)
    }
}

/// A run's money, in memory and on the disk.
#[derive(Debug)]
pub(super) struct Till {
    run: String,
    key: String,
    caps: Caps,
    budget: Budget,
    ledger: Ledger,
    /// The last word on each process of this run, and on those of others that the day counts.
    words: BTreeMap<Process, Entry>,
}

impl Till {
    /// Opens the till of a run, with all that the ledger knows of it.
    pub(super) fn open(
        path: &Path,
        (run, key): (&str, &str),
        caps: Caps,
        now: Timestamp,
    ) -> Result<Self> {
        let mut till = Self {
            run: run.to_owned(),
            key: key.to_owned(),
            caps,
            budget: Budget::new(caps.run, Usd::ZERO),
            ledger: Ledger::open(path)?,
            words: BTreeMap::new(),
        };
        till.catch_up(now, &|_| true)?;
        let spent = till.used(|_| true)?.cost;
        till.budget = Budget::new(caps.run, spent);
        till.note_day(now, &|_| true)?;
        Ok(till)
    }

    pub(super) const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// What the processes of this run that pass the filter have used; of one that was never
    /// settled, what was put aside for it.
    pub(super) fn used(&self, counts: impl Fn(&Entry) -> bool) -> Result<Used> {
        let mut used = Used::default();
        let own = self.words.values().filter(|entry| entry.run == self.run);
        for entry in own.filter(|entry| counts(entry)) {
            used.cost += entry.cost()?;
            used.is_unknown |= entry.basis == Basis::Unknown;
            used.input_tokens = used.input_tokens.saturating_add(entry.input_tokens);
            used.output_tokens = used.output_tokens.saturating_add(entry.output_tokens);
            used.turns = used.turns.saturating_add(entry.turns);
        }
        Ok(used)
    }

    /// What each attempt of this run has cost whose processes that pass the filter have told it.
    ///
    /// # Errors
    /// When the ledger holds a number that is no amount of money.
    pub(super) fn told(&self, counts: impl Fn(&Entry) -> bool) -> Result<Vec<Usd>> {
        let mut costs: BTreeMap<(&str, u32), Usd> = BTreeMap::new();
        let own = self.words.values().filter(|entry| entry.run == self.run);
        for entry in own.filter(|entry| entry.basis == Basis::Reported && counts(entry)) {
            let attempt = (entry.ticket.as_str(), entry.attempt);
            *costs.entry(attempt).or_default() += entry.cost()?;
        }
        costs.retain(|_, cost| *cost > Usd::ZERO);
        Ok(costs.into_values().collect())
    }

    /// What tickets of this run are charged because it was put aside for workers that did not
    /// tell what they spent.
    ///
    /// # Errors
    /// When the ledger holds a number that is no amount of money.
    pub(super) fn reserved(&self) -> Result<BTreeMap<String, Usd>> {
        let mut reserved: BTreeMap<String, Usd> = BTreeMap::new();
        let own = self.words.values().filter(|entry| entry.run == self.run);
        for entry in own.filter(|entry| entry.basis == Basis::Reservation) {
            let cost = entry.cost()?;
            if cost > Usd::ZERO {
                *reserved.entry(entry.ticket.clone()).or_default() += cost;
            }
        }
        Ok(reserved)
    }

    /// The budget of a day, and when the first of what counts against it does so no more; where
    /// it leaves less than the run's own cap.
    pub(super) fn day(&self, now: Timestamp) -> Option<(Usd, Option<Timestamp>)> {
        let daily = self.caps.day.filter(|_| self.budget.is_bounded_by_day())?;
        let since = day_before(now);
        let counts = |entry: &&Entry| entry.at >= since && entry.cost_usd > 0.0;
        let first = self.words.values().filter(counts).map(|entry| entry.at);
        Some((daily, first.min().map(|at| at + 24.hours())))
    }

    /// Whether workers of the agent have ended in this run, and none has told what it cost.
    pub(super) fn tells_no_cost(&self, agent: &str) -> bool {
        let own = self.words.values().filter(|entry| {
            entry.run == self.run && entry.agent == agent && entry.kind == EntryKind::Settled
        });
        let told = own.map(|entry| entry.basis == Basis::Reported);
        told.reduce(|one, other| one || other) == Some(false)
    }

    /// The highest number that a process of the attempt has had.
    pub(super) fn last_process(&self, ticket: &TicketId, attempt: u32) -> u32 {
        let of = |process: u32| {
            let ticket = ticket.as_str().to_owned();
            (self.run.clone(), ticket, attempt, process)
        };
        let known = self.words.range(of(0)..=of(u32::MAX));
        known.last().map_or(0, |((.., process), _)| *process)
    }

    /// Puts money aside for a process, on the disk before it is granted. `is_live` tells
    /// whether a run of the clone is: what a dead one had put aside does not come back by
    /// itself.
    ///
    /// # Errors
    /// When the ledger cannot be read or written.
    pub(super) fn reserve(
        &mut self,
        now: Timestamp,
        payee: &Payee,
        wish: Wish,
        is_live: &dyn Fn(&str) -> bool,
    ) -> Result<std::result::Result<Option<Reservation>, Refusal>> {
        let _held = self.ledger.hold()?;
        self.catch_up(now, is_live)?;
        let granted = match self.budget.reserve(&payee.ticket, wish) {
            Ok(granted) => granted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let amount = granted.map_or(Usd::ZERO, |granted| granted.amount);
        let entry = self.entry(
            now,
            payee,
            EntryKind::Reserved,
            (amount, Basis::Reservation),
            &Bill::default(),
        );
        let ledger = &mut self.ledger;
        Point::Reserved.around(|| ledger.append(&entry))?;
        self.catch_up(now, is_live)?;
        Ok(Ok(granted))
    }

    /// Puts aside what is put aside on the disk already, for a worker that is taken over.
    pub(super) fn take_over(&mut self, ticket: &TicketId, amount: Usd) -> Reservation {
        self.budget.put_back(ticket, amount)
    }

    /// Notes what a live worker has used so far; `None` where its model has no price.
    pub(super) fn observe(&mut self, ticket: &TicketId, so_far: Option<Usd>, turn: Usd) {
        self.budget.observe(ticket, so_far, turn);
    }

    /// Charges a process that has ended, on the disk before its money is free again; what it
    /// was charged, and what that rests on.
    ///
    /// # Errors
    /// When the ledger cannot be read or written.
    pub(super) fn settle(
        &mut self,
        now: Timestamp,
        payee: &Payee,
        bill: &Bill,
        reservation: Option<Reservation>,
    ) -> Result<(Usd, Basis)> {
        let put_aside = reservation.map_or(Usd::ZERO, |r| r.amount);
        let charge = charge(bill, put_aside, &payee.agent_kind);
        let entry = self.entry(now, payee, EntryKind::Settled, charge, bill);
        let _held = self.ledger.hold()?;
        let ledger = &mut self.ledger;
        Point::Settled.around(|| ledger.append(&entry))?;
        self.budget.settle(&payee.ticket, charge.0);
        self.catch_up(now, &|_| true)?;
        Ok(charge)
    }

    fn entry(
        &self,
        at: Timestamp,
        payee: &Payee,
        kind: EntryKind,
        (amount, basis): (Usd, Basis),
        bill: &Bill,
    ) -> Entry {
        Entry {
            at,
            kind,
            run: self.run.clone(),
            key: self.key.clone(),
            ticket: payee.ticket.as_str().to_owned(),
            attempt: payee.attempt,
            process: payee.process,
            agent: payee.agent.clone(),
            agent_kind: payee.agent_kind.clone(),
            cost_usd: amount.dollars(),
            basis,
            input_tokens: bill.input_tokens,
            output_tokens: bill.output_tokens,
            turns: bill.turns,
        }
    }

    /// Reads what was written since, by this run and by others.
    fn catch_up(&mut self, now: Timestamp, is_live: &dyn Fn(&str) -> bool) -> Result<()> {
        for entry in self.ledger.news()? {
            let counts = self.caps.day.is_some() && entry.at >= day_before(now);
            if counts || entry.run == self.run {
                self.words.insert(entry.process(), entry);
            }
        }
        self.note_day(now, is_live)
    }

    fn note_day(&mut self, now: Timestamp, is_live: &dyn Fn(&str) -> bool) -> Result<()> {
        let Some(daily) = self.caps.day else {
            return Ok(());
        };
        let since = day_before(now);
        self.words
            .retain(|_, entry| entry.run == self.run || entry.at >= since);
        let mut taken = Usd::ZERO;
        let mut holders: Vec<&str> = Vec::new();
        for entry in self.words.values().filter(|entry| entry.at >= since) {
            taken += entry.cost()?;
            if entry.kind == EntryKind::Reserved && entry.run != self.run {
                holders.push(&entry.run);
            }
        }
        holders.dedup();
        self.budget.note_day(Day {
            left: daily.saturating_sub(taken),
            coming: holders.into_iter().any(is_live),
        });
        Ok(())
    }
}

/// A day is the last 24 hours, whatever the time zone.
fn day_before(now: Timestamp) -> Timestamp {
    now - 24.hours()
}

/// What a process is charged, and what that rests on. What a command uses nobody sees.
fn charge(bill: &Bill, put_aside: Usd, agent_kind: &str) -> (Usd, Basis) {
    let is_seen = agent_kind != AgentKind::Command.as_str();
    match bill.reported {
        Some(cost) => (cost, Basis::Reported),
        None if put_aside == Usd::ZERO && !is_seen => (Usd::ZERO, Basis::Unknown),
        None if bill.live >= put_aside => (bill.live, Basis::Estimate),
        None => (put_aside, Basis::Reservation),
    }
}

/// Settles every process of a run whose runner is dead, but those that are taken over, by the bill that it left; what all of
/// them were charged. Being cut off anywhere and called again comes to the same.
///
/// # Errors
/// When the ledger cannot be read or written, or a bill not be found out.
pub(super) fn settle_left(
    path: &Path,
    run: &str,
    now: Timestamp,
    is_left: impl Fn(&Entry) -> bool,
    mut bill_of: impl FnMut(&Entry) -> Result<Bill>,
) -> Result<Usd> {
    let mut ledger = Ledger::open(path)?;
    let entries = ledger.news()?;
    let own: Vec<Entry> = entries
        .into_iter()
        .filter(|entry| entry.run == run)
        .collect();
    let words = ledger::last_words(&own);
    let open = words
        .into_values()
        .filter(|entry| entry.kind == EntryKind::Reserved && !is_left(entry));
    let mut total = Usd::ZERO;
    for reserved in open {
        let bill = bill_of(reserved)?;
        let (cost, basis) = charge(&bill, reserved.cost()?, &reserved.agent_kind);
        let _held = ledger.hold()?;
        let settled = Entry {
            at: now,
            kind: EntryKind::Settled,
            cost_usd: cost.dollars(),
            basis,
            input_tokens: bill.input_tokens,
            output_tokens: bill.output_tokens,
            turns: bill.turns,
            ..reserved.clone()
        };
        Point::LeftSettled.around(|| ledger.append(&settled))?;
        total += cost;
    }
    Ok(total)
}

#[cfg(test)]
mod tests;
