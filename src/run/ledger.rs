//! The ledger: every dollar and token of the clone, append-only and on the disk before a
//! worker starts and before its place is given away.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::{Usd, some_of};
use crate::ops::{Error, ErrorCode, Result};
use crate::store::{AppendLog, LogLock};

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Put aside for a worker about to start.
    Reserved,
    /// What the worker came to; the reservation is void.
    Settled,
}

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The client's own figure.
    Reported,
    /// Partial usage and the price table: a lower bound.
    Estimate,
    /// What was put aside, since nothing was told.
    Reservation,
    /// Nothing was told, and nothing put aside: what it cost is unknown.
    Unknown,
}

/// A worker process: its run, ticket, attempt, and number within the attempt.
pub type Process = (String, String, u32, u32);

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub kind: EntryKind,
    /// The run.
    pub run: String,
    /// The run's key.
    pub key: String,
    /// The ticket.
    pub ticket: String,
    /// The attempt.
    pub attempt: u32,
    /// The process of the attempt.
    pub process: u32,
    /// The agent.
    pub agent: String,
    /// What kind of agent it is: `claude` or `command`.
    pub agent_kind: String,
    /// The amount in US dollars. A line with a number that is none is damaged.
    #[serde(deserialize_with = "dollars")]
    pub cost_usd: f64,
    /// Where the amount comes from.
    pub basis: Basis,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Model turns.
    pub turns: u64,
}

impl Entry {
    /// The amount.
    ///
    /// # Errors
    /// When the file holds a number that is no amount of money.
    pub fn cost(&self) -> Result<Usd> {
        Usd::from_dollars(self.cost_usd).map_err(|error| Error::caused(ErrorCode::Failed, error))
    }

    /// The worker process it is about.
    #[must_use]
    pub fn process(&self) -> Process {
        (
            self.run.clone(),
            self.ticket.clone(),
            self.attempt,
            self.process,
        )
    }
}

fn dollars<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<f64, D::Error> {
    let dollars = f64::deserialize(from)?;
    let is_money = Usd::from_dollars(dollars).map(|_| dollars);
    is_money.map_err(serde::de::Error::custom)
}

/// The ledger's file, open for appending.
#[derive(Debug)]
pub struct Ledger {
    log: AppendLog,
    /// Where the first entry begins that [`Ledger::news`] has not told.
    next: u64,
}

impl Ledger {
    /// Opens the ledger, which is made if there is none.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            log: AppendLog::open(path)?,
            next: 0,
        })
    }

    /// Holds the ledger: no other run of the clone puts money aside meanwhile.
    ///
    /// # Errors
    /// When it cannot be locked.
    pub fn hold(&mut self) -> Result<LogLock> {
        let held = self.log.lock()?;
        self.log.end_torn_line()?;
        Ok(held)
    }

    /// The entries since the last call, of every run; all of them at first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn news(&mut self) -> Result<Vec<Entry>> {
        let (entries, next) = self.log.read_on(self.next)?;
        self.next = next;
        Ok(entries)
    }

    /// Writes an entry and returns when it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, entry: &Entry) -> Result<()> {
        Ok(self.log.append_durably(entry)?)
    }

    /// All entries, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(path: &Path) -> Result<Vec<Entry>> {
        Ok(AppendLog::read(path)?.entries)
    }

    /// What is wrong with it, in words: lines that something else than a crash has changed,
    /// whose amounts count for nothing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn damage(path: &Path) -> Result<Option<String>> {
        let damaged = AppendLog::read::<Entry>(path)?.damaged;
        let lines = match damaged.as_slice() {
            [] => return Ok(None),
            [line] => format!("line {line} is no entry"),
            lines => {
                let lines = lines.iter().map(usize::to_string);
                format!("lines {} are no entries", some_of(lines, MOST_NAMED))
            }
        };
        Ok(Some(format!("{lines}: what was spent is not known")))
    }
}

/// What to do about [`Ledger::damage`].
pub const MEND: &str = "correct it, from a copy if there is one, or delete it: what it told of counts as not spent then";

/// How many damaged lines are named.
const MOST_NAMED: usize = 10;

/// The last word on each worker process of the entries given: its settlement, or else its
/// reservation.
#[must_use]
pub fn last_words(entries: &[Entry]) -> BTreeMap<Process, &Entry> {
    // A number that was given to a worker that never started may be given again.
    entries
        .iter()
        .map(|entry| (entry.process(), entry))
        .collect()
}

/// What it comes to: none where nothing is known of it, and something is unknown.
#[must_use]
pub fn known(cost: Usd, some_is_unknown: bool) -> Option<Usd> {
    Some(cost).filter(|cost| !some_is_unknown || *cost > Usd::ZERO)
}

/// What the workers of the entries that pass the filter cost; a worker that was never
/// settled counts with its reservation.
///
/// # Errors
/// When the ledger holds a number that is no amount of money.
pub fn spent(entries: &[Entry], counts: impl Fn(&Entry) -> bool) -> Result<Usd> {
    let words = last_words(entries);
    let mut total = Usd::ZERO;
    for entry in words.values().filter(|entry| counts(entry)) {
        total += entry.cost()?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: EntryKind, process: u32, cost_usd: f64) -> Entry {
        Entry {
            at: "2026-11-20T09:00:00Z".parse().unwrap(),
            kind,
            run: "r".into(),
            key: "k".into(),
            ticket: "t".into(),
            attempt: 1,
            process,
            agent: "claude".into(),
            agent_kind: "claude".into(),
            cost_usd,
            basis: Basis::Reported,
            input_tokens: 0,
            output_tokens: 0,
            turns: 0,
        }
    }

    #[test]
    fn a_settlement_replaces_its_reservation_once() {
        let entries = [
            entry(EntryKind::Reserved, 1, 2.0),
            entry(EntryKind::Settled, 1, 0.5),
            entry(EntryKind::Settled, 1, 0.5),
            entry(EntryKind::Reserved, 2, 1.0),
        ];
        assert_eq!(
            spent(&entries, |_| true).unwrap(),
            Usd::parse("1.5").unwrap()
        );
        assert_eq!(
            spent(&entries, |entry| entry.process == 3).unwrap(),
            Usd::ZERO
        );
    }
}
