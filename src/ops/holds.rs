//! What becomes of a claim when its ticket is changed.

use super::values::printable;
use super::{Project, Result};
use crate::model::TicketId;
use crate::store::Locked;

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
        if let Some(theirs) = claim.filter(|_| !is_mine) {
            let is = if ends { "was" } else { "is" };
            let (by, until) = (printable(&theirs.actor), theirs.lease_until);
            let message =
                format!("`{id}` {is} held by {by} until {until}, who may be at work at it");
            self.warn(message);
        }
        Ok(())
    }
}
