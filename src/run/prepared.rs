//! What a run and its plan find out alike, before either does anything: so that what the one says
//! the other does.

use jiff::ToSpan;

use super::ledger::{self, Entry, Ledger};
use super::opening;
use super::options::{Options, RunRequest};
use super::preflight::{self, Ground};
use super::survey::{Survey, survey};
use crate::context::Context;
use crate::model::{TicketId, Usd};
use crate::ops::{Error, Project, Result};

/// A request, and what it is about.
#[derive(Debug)]
pub(super) struct Prepared {
    pub options: Options,
    pub survey: Survey,
    pub ground: Ground,
    /// The checks that its command names or that it goes on with, beside the configured ones.
    pub checks: Vec<String>,
}

impl Prepared {
    /// Finds it out, and changes nothing; `lacking` decides about what this machine lacks.
    pub(super) fn new(
        ctx: &Context,
        project: &Project,
        request: &RunRequest,
        lacking: &dyn Fn(Error) -> Result<()>,
    ) -> Result<Self> {
        let mut options = Options::new(request, project)?;
        let targets = targets(project, request)?;
        let survey = survey(ctx, &project.config, &project.load()?, &targets)?;
        let checks = opening::inherited_checks(project, request, &survey, &mut options)?;
        let ground = preflight::check(ctx, project, request, &options, &survey, lacking)?;
        Ok(Self {
            options,
            survey,
            ground,
            checks,
        })
    }
}

/// What the request's words mean.
fn targets(project: &Project, request: &RunRequest) -> Result<Vec<TicketId>> {
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    crate::ops::resolve_all(&index, &graph, &request.targets)
}

/// The money of a run before it starts anything.
#[derive(Debug)]
pub(super) struct Purse {
    /// What counts as spent of the run's own, an entry for each process.
    own: Vec<Entry>,
    /// What they come to.
    pub spent: Usd,
    /// What the run may spend in all, that included: its own cap, and what is left of the day's
    /// budget.
    pub cap: Option<Usd>,
}

impl Purse {
    /// The money of the run of that id, or of one that begins; what `is_live` is put aside for a
    /// worker that goes on.
    pub(super) fn of(
        ctx: &Context,
        project: &Project,
        options: &Options,
        run: Option<&str>,
        is_live: impl Fn(&Entry) -> bool,
    ) -> Result<Self> {
        let entries = Ledger::read(&project.store.ledger_path())?;
        let words = ledger::last_words(&entries).into_values();
        let own = words.filter(|entry| run == Some(&entry.run) && !is_live(entry));
        let own: Vec<Entry> = own.cloned().collect();
        let spent = ledger::spent(&own, |_| true)?;
        // A day is the last 24 hours, whatever the time zone.
        let day_ago = ctx.now() - 24.hours();
        let today = ledger::spent(&entries, |entry| entry.at >= day_ago)?;
        let of_day = options
            .daily_budget
            .map(|daily| daily.saturating_sub(today) + spent);
        let cap = options.max_cost.into_iter().chain(of_day).min();
        Ok(Self { own, spent, cap })
    }

    /// Why no worker can start, where what may be spent is spent.
    pub(super) fn empty(&self, options: &Options) -> Option<String> {
        if self.spent < self.cap? {
            return None;
        }
        Some(match options.max_cost.filter(|cap| *cap <= self.spent) {
            Some(cap) => format!(
                "no worker would start: the run has spent ${} of its ${cap}; a higher \
                 `--max-cost` goes on",
                self.spent
            ),
            None => "no worker would start: `daily_budget_usd` of `[run]` in \
                     `.ticks/config.toml` is used up for these 24 hours; the same command goes on \
                     later, or with more"
                .to_owned(),
        })
    }

    /// What the run has spent on the ticket.
    pub(super) fn spent_on(&self, ticket: &TicketId) -> Result<Usd> {
        ledger::spent(&self.own, |entry| entry.ticket == ticket.as_str())
    }
}
