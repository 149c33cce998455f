//! Who else holds a ticket, and what becomes of a claim when its ticket is changed.

use super::values::printable;
use super::{Project, Result};
use crate::graph::{Graph, Hold};
use crate::model::TicketId;
use crate::store::{Claim, Locked};

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
        let there = self.store.held_elsewhere(self.now).into_iter();
        let there = there.map(|(id, there)| (id, hold(Claim::elsewhere(there), true)));
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

    /// Sees to the claim on a ticket that has been changed, and warns where it is another's. What
    /// was changed is so by then: a claim that cannot be let go of is warned of, too, and ends with
    /// its lease. What is held of it on a remote is given back there by [`Project::give_back`].
    pub(super) fn settle_claim(&self, locked: &Locked<'_>, id: &TicketId, ends: Ends) {
        if let Err(error) = self.try_settle_claim(locked, id, ends) {
            self.warn(format!(
                "the claim on `{id}` ends only with its lease: {error}"
            ));
        }
    }

    fn try_settle_claim(&self, locked: &Locked<'_>, id: &TicketId, ends: Ends) -> Result<()> {
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
        };
        if ends {
            let (_, hold) = locked.let_go(id)?;
            self.owe(hold);
        }
        // What became of it elsewhere is no work that this would disturb.
        let theirs = claim.filter(|it| !is_mine && it.kept().is_none());
        if let Some(theirs) = theirs {
            let is = if ends { "was" } else { "is" };
            let (by, until) = (printable(&theirs.actor), theirs.lease_until);
            let message =
                format!("`{id}` {is} held by {by} until {until}, who may be at work at it");
            self.warn(message);
        }
        Ok(())
    }
}
