//! What the runs of a clone used and came to, out of the ledger and the journals.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::history;
use super::ledger::{self, Basis, Entry, Ledger};
use super::record;
use super::worker::CLIENT_TRIES_AGAIN;
use crate::model::Usd;
use crate::ops::{Project, Result};
use crate::wire::{
    AgentFigures, DayFigures, Event, EventKind, Figures, StatsDocument, TicketFigures,
};

/// What belongs together: of a ticket, an agent, a day, or all.
#[derive(Clone, Debug, Default)]
struct Group {
    cost: Usd,
    /// Whether something of it cost nobody knows what.
    is_unknown: bool,
    input_tokens: u64,
    output_tokens: u64,
    turns: u64,
    seconds: f64,
    retries: u64,
    landed: u64,
    failed: u64,
    first_pass: u64,
    /// The tickets that landed or failed.
    ended: BTreeSet<String>,
}

impl Group {
    fn figures(&self) -> Figures {
        let rate = |passed: u64| {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53 tickets")]
            let rate = passed as f64 / self.ended.len() as f64;
            (rate * 1000.0).round() / 1000.0
        };
        Figures {
            cost_usd: ledger::known(self.cost, self.is_unknown).map(Usd::dollars),
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            turns: self.turns,
            seconds: (self.seconds * 1000.0).round() / 1000.0,
            retries: self.retries,
            landed: self.landed,
            failed: self.failed,
            first_pass: self.first_pass,
            first_pass_rate: (!self.ended.is_empty()).then(|| rate(self.first_pass)),
        }
    }
}

/// A stretch of work at a ticket: from a start to what ended it.
#[derive(Clone, Debug)]
struct Stretch {
    agent: String,
    since: Timestamp,
    last: Timestamp,
}

/// What is found out about the runs, event by event.
#[derive(Debug, Default)]
struct Sums {
    total: Group,
    tickets: BTreeMap<String, Group>,
    agents: BTreeMap<String, Group>,
    days: BTreeMap<String, Group>,
    runs: BTreeMap<String, Group>,
    titles: BTreeMap<String, String>,
    /// Tickets that something has gone wrong with.
    troubled: BTreeSet<String>,
    /// Tickets that were counted as passed at once.
    passed: BTreeSet<String>,
    open: BTreeMap<String, Stretch>,
}

impl Sums {
    fn add(
        &mut self,
        run: &str,
        ticket: &str,
        agent: &str,
        at: Timestamp,
        to: impl Fn(&mut Group),
    ) {
        let day = at.to_zoned(TimeZone::UTC).date().to_string();
        to(&mut self.total);
        to(self.tickets.entry(ticket.to_owned()).or_default());
        to(self.agents.entry(agent.to_owned()).or_default());
        to(self.days.entry(day).or_default());
        to(self.runs.entry(run.to_owned()).or_default());
    }

    fn pay(&mut self, entry: &Entry) -> Result<()> {
        let cost = entry.cost()?;
        self.add(&entry.run, &entry.ticket, &entry.agent, entry.at, |group| {
            group.cost += cost;
            group.is_unknown |= entry.basis == Basis::Unknown;
            group.input_tokens = group.input_tokens.saturating_add(entry.input_tokens);
            group.output_tokens = group.output_tokens.saturating_add(entry.output_tokens);
            group.turns = group.turns.saturating_add(entry.turns);
        });
        Ok(())
    }

    /// Takes in an event of the run whose branch it is.
    fn hear(&mut self, event: &Event, run_branch: &str) {
        let Some(ticket) = &event.ticket else { return };
        if let EventKind::TicketStarted { title, agent, .. } = &event.kind {
            // The one before it was cut off: it lasted until its last word.
            self.end(&event.run, ticket, None);
            self.titles.insert(ticket.clone(), title.clone());
            let stretch = Stretch {
                agent: agent.clone(),
                since: event.at,
                last: event.at,
            };
            self.open.insert(ticket.clone(), stretch);
        }
        let Some(stretch) = self.open.get_mut(ticket) else {
            return;
        };
        stretch.last = event.at;
        let agent = stretch.agent.clone();
        match &event.kind {
            EventKind::Retry { class, reason }
                if class != "max_budget" && reason != CLIENT_TRIES_AGAIN =>
            {
                self.troubled.insert(ticket.clone());
                self.add(&event.run, ticket, &agent, event.at, |group| {
                    group.retries += 1;
                });
            }
            EventKind::Failed { .. } => {
                self.troubled.insert(ticket.clone());
                self.add(&event.run, ticket, &agent, event.at, |group| {
                    group.failed += 1;
                    group.ended.insert(ticket.clone());
                });
            }
            // That the run's branch landed on the user's, which is told too, is no landing more.
            EventKind::Landed { branch, .. } if branch == run_branch => {
                // One that was reopened and landed again passed once.
                let passes = !self.troubled.contains(ticket) && self.passed.insert(ticket.clone());
                self.add(&event.run, ticket, &agent, event.at, |group| {
                    group.landed += 1;
                    group.first_pass += u64::from(passes);
                    group.ended.insert(ticket.clone());
                });
            }
            EventKind::TicketFinished { seconds, .. } => {
                self.end(&event.run, ticket, Some(*seconds));
            }
            _ => {}
        }
    }

    /// Ends the ticket's stretch, if one is open.
    fn end(&mut self, run: &str, ticket: &str, seconds: Option<f64>) {
        let Some(stretch) = self.open.remove(ticket) else {
            return;
        };
        let lasted = || (stretch.last - stretch.since).total(jiff::Unit::Second);
        let seconds = seconds.unwrap_or_else(|| lasted().unwrap_or(0.0));
        self.add(run, ticket, &stretch.agent, stretch.last, |group| {
            group.seconds += seconds;
        });
    }
}

fn sums(project: &Project) -> Result<(usize, Sums)> {
    let mut sums = Sums::default();
    let path = project.store.ledger_path();
    if let Some(damage) = Ledger::damage(&path)? {
        project.warn(format!("`{}`: {damage}", path.display()));
        project.hint(ledger::MEND);
    }
    let entries = Ledger::read(&path)?;
    for entry in ledger::last_words(&entries).into_values() {
        sums.pay(entry)?;
    }
    let runs = history::readable(project, |dir, info| {
        for event in record::read(&dir.journal())? {
            sums.hear(&event, &info.branch);
        }
        let open: Vec<String> = sums.open.keys().cloned().collect();
        for ticket in open {
            sums.end(&info.run, &ticket, None);
        }
        Ok(())
    })?;
    Ok((runs.len(), sums))
}

/// The figures of every run of the clone, by its id. Those that cannot be read are warned of.
///
/// # Errors
/// When the folder of runs or the ledger cannot be read.
pub(super) fn of_runs(project: &Project) -> Result<BTreeMap<String, Figures>> {
    let (_, sums) = sums(project)?;
    let runs = sums.runs.iter();
    Ok(runs
        .map(|(run, group)| (run.clone(), group.figures()))
        .collect())
}

/// The figures of all runs of the clone that can be read, by ticket, agent and day.
///
/// # Errors
/// When the folder of runs or the ledger cannot be read.
pub fn stats(project: &Project) -> Result<StatsDocument> {
    let (runs, sums) = sums(project)?;
    let dearest = |groups: BTreeMap<String, Group>| {
        let mut rows: Vec<(String, Group)> = groups.into_iter().collect();
        // By name where they cost the same.
        rows.sort_by_key(|(_, group)| std::cmp::Reverse(group.cost));
        rows
    };
    let titles = sums.titles;
    let tickets = dearest(sums.tickets).into_iter().map(|(id, group)| {
        let title = titles.get(&id).cloned().unwrap_or_default();
        let figures = group.figures();
        TicketFigures { id, title, figures }
    });
    let agents = dearest(sums.agents).into_iter().map(|(agent, group)| {
        let figures = group.figures();
        AgentFigures { agent, figures }
    });
    let days = sums.days.into_iter().rev().map(|(day, group)| {
        let figures = group.figures();
        DayFigures { day, figures }
    });
    Ok(StatsDocument {
        schema: "tk.stats.v1",
        runs,
        total: sums.total.figures(),
        tickets: tickets.collect(),
        agents: agents.collect(),
        days: days.collect(),
    })
}
