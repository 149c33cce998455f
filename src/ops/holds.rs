//! Who else holds a ticket, and what becomes of a claim when its ticket is changed.

use super::values::printable;
use super::{Project, Result};
use crate::graph::{Graph, Hold};
use crate::model::TicketId;
use crate::store::{Claim, Locked, RemoteHold};

/// Whose claim on a ticket ends by what was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// Whoever holds it.
    Anyones,
    /// That of whoever changes it.
    Own,
    /// Nobody's.
    Never,
}

impl Project {
    /// What others than who asks hold: in other clones, as far as that is known; and in this one,
    /// of what could be begun. A claim that cannot be read is warned of.
    pub(super) fn held_by_others(&self, graph: &Graph<'_>) -> Vec<(TicketId, Hold)> {
        let hold = |claim: Claim, elsewhere| Hold {
            kept: claim.kept().map(ToString::to_string),
            by: claim.actor,
            until: claim.lease_until,
            elsewhere,
        };
        let is_open = |id: &TicketId| graph.is_open(id);
        let there = self.elsewhere(is_open).unwrap_or_else(|error| {
            self.warn(error.message);
            error.hints.into_iter().for_each(|hint| self.hint(hint));
            Vec::new()
        });
        let there = there
            .into_iter()
            .map(|(id, there)| (id, hold(Claim::elsewhere(there), true)));
        let claimed = self.told(self.store.claimed()).unwrap_or_default();
        let here = claimed.into_iter().filter(|id| graph.is_ready(id));
        let here = here.filter_map(|id| {
            let claim = self.told(self.store.claim(&id, self.now))??;
            let is_mine = self.told(self.is_mine(&claim))?;
            (!is_mine).then(|| (id, hold(claim, false)))
        });
        there.chain(here).collect()
    }

    /// What there is; why there is none is warned of.
    fn told<T>(&self, found: Result<T, impl ToString>) -> Option<T> {
        found.map_err(|error| self.warn(error.to_string())).ok()
    }

    /// Sees to the claims on tickets that have been changed, or with `dry_run` would be, and warns
    /// where one is another's, in this clone or as far as is known in another. What was changed is
    /// so by then: a claim that cannot be let go of is warned of, too, and ends with its lease. What
    /// is held of it on a remote is given back there by [`Project::give_back`].
    pub(super) fn settle_claims<'i>(
        &self,
        locked: &Locked<'_>,
        changed: impl IntoIterator<Item = (&'i TicketId, Ends)>,
        dry_run: bool,
    ) {
        let mut changed = changed.into_iter().peekable();
        if changed.peek().is_none() {
            return;
        }
        let elsewhere = self.told(self.store.held_elsewhere(self.now));
        let mut elsewhere = elsewhere.unwrap_or_default();
        for (id, ends) in changed {
            let there = elsewhere.remove(id).unwrap_or_default();
            if let Err(error) = self.settle_claim(locked, id, ends, there, dry_run) {
                self.warn(format!(
                    "the claim on `{id}` ends only with its lease: {error}"
                ));
            }
        }
    }

    fn settle_claim(
        &self,
        locked: &Locked<'_>,
        id: &TicketId,
        ends: Ends,
        there: Vec<RemoteHold>,
        dry_run: bool,
    ) -> Result<()> {
        let claim = match locked.claim(id, self.now) {
            // It is let go of whatever it says.
            Err(_) if ends == Ends::Anyones => None,
            claim => claim?,
        };
        let is_mine = claim.as_ref().map_or(Ok(false), |it| self.is_mine(it))?;
        let ends = match ends {
            Ends::Anyones => true,
            Ends::Own => is_mine,
            Ends::Never => false,
        } && !dry_run;
        if ends {
            let (_, hold) = locked.let_go(id)?;
            self.owe(hold);
        }
        let warn = |who: &Claim, is: &str, place: &str| {
            let (by, until) = (printable(&who.actor), who.lease_until);
            self.warn(format!(
                "`{id}` {is} held by {by}{place} until {until}, who may be at work at it"
            ));
        };
        // What is held there by this clone was taken since the other's was seen; and what this
        // clone has left there is its own, whoever it is by.
        let is_here = claim.as_ref().is_some_and(|it| it.remote.is_some());
        let mut there = there
            .into_iter()
            .filter(|it| !is_here && !self.store.has_taken(id, &it.claim.holding));
        // What became of it elsewhere is no work that this would disturb.
        let works = |it: &Claim| it.kept().is_none();
        if let Some(theirs) = claim.filter(|it| !is_mine && works(it)) {
            warn(&theirs, if ends { "was" } else { "is" }, "");
        }
        if let Some(theirs) = there.next().map(Claim::elsewhere).filter(works) {
            warn(&theirs, "is", " in another clone");
        }
        Ok(())
    }
}
