//! Claims are moved before the tickets are written; where that fails, they go back.

use super::Project;
use super::change::Scene;
use super::{Changed, Result};
use crate::model::{Actor, TicketId};
use crate::store::Claim;

/// The claims of the tickets as a command found them.
#[derive(Debug, Default)]
pub(super) struct ClaimsBefore(Vec<(TicketId, Option<Claim>)>);

impl ClaimsBefore {
    /// Keeps the ticket's claim in mind; to be called before it is touched.
    pub(super) fn remember(&mut self, scene: &Scene<'_>, id: &TicketId) -> Result<()> {
        let claim = scene.locked.claim(id, scene.project.now)?;
        self.0.push((id.clone(), claim));
        Ok(())
    }

    /// What the change came to; where it failed, the claims are put back as they were.
    pub(super) fn unless(
        &self,
        changed: Result<Changed>,
        project: &Project,
        actor: &Actor,
    ) -> Result<Changed> {
        if changed.is_err() && !self.0.is_empty() {
            // The first error is the one to tell. A claim that cannot be put back runs out.
            let _ = self.put_back(project, actor);
        }
        changed
    }

    /// Puts the claims back as they were.
    ///
    /// # Errors
    /// When one cannot be read or written.
    pub(super) fn put_back(&self, project: &Project, actor: &Actor) -> Result<()> {
        let locked = project.store.lock()?;
        for (id, claim) in &self.0 {
            // Meanwhile somebody else may have taken it.
            let now = locked.claim(id, project.now)?;
            if now.is_none_or(|now| now.actor == actor.as_str()) {
                locked.restore_claim(id, claim.as_ref())?;
            }
        }
        Ok(())
    }
}
