//! Tickets that people close while they are worked at: what their workers would still do, and
//! cost, nobody wants any more.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Dispatcher;
use crate::git::BranchName;
use crate::model::TicketId;
use crate::ops::Result;
use crate::run::desk::{Ending, Stop};

impl Dispatcher<'_> {
    /// Interrupts the workers of tickets that were closed since they began, and those that wait
    /// for a place. Who lands is left alone: a landing sees for itself, and closes its ticket.
    pub(super) fn stop_closed(&mut self) {
        let live = |id: &TicketId| {
            self.board.is_live(id) || self.asking.iter().any(|(asking, _)| asking == id)
        };
        let goes_on = |stop: Stop| stop < Stop::Interrupt;
        let workers = self.stops.iter();
        let workers = workers.filter(|(id, stop)| goes_on(*stop.borrow()) && live(id));
        let closed = workers.filter(|(id, _)| self.is_closed(id));
        let closed: Vec<String> = closed.map(|(id, _)| id.to_string()).collect();
        // While another branch is checked out, or one is being, the files there are not the run's.
        if !closed.is_empty() && self.shared.tracker.is_home() {
            self.stop_tickets(&closed);
        }
    }

    /// The branches that keep the work of tickets that were closed or deleted meanwhile.
    pub(super) fn kept_of_withdrawn(&self) -> Result<BTreeMap<TicketId, String>> {
        let mut kept = BTreeMap::new();
        for (id, ending) in self.board.endings() {
            let Some(job) = self.board.job(&id) else {
                continue;
            };
            let is_withdrawn = matches!(ending, Ending::Closed | Ending::Deleted);
            let branch = BranchName::parse(&job.branch).ok();
            let Some(branch) = branch.filter(|_| is_withdrawn) else {
                continue;
            };
            if self.shared.tip_of(&branch)?.is_some() {
                kept.insert(id, job.branch.clone());
            }
        }
        Ok(kept)
    }

    /// Whether somebody closed the ticket since its executor began. An older closing is in a file
    /// that git has put there for a moment, as `git stash` does.
    fn is_closed(&self, id: &TicketId) -> bool {
        let (store, config) = (&self.shared.store, &self.shared.config);
        let Ok(stored) = store.read(id, config) else {
            return false;
        };
        let is_done = config.statuses.is_done(&stored.ticket.status);
        is_done && stored.ticket.closed_at >= self.began(id)
    }

    /// When its executor began.
    fn began(&self, id: &TicketId) -> Option<Timestamp> {
        let elapsed = self.started.get(id)?.elapsed();
        self.shared.ctx.now().checked_sub(elapsed).ok()
    }
}
