//! From a worker that is done, or from what a person approved, to the run's branch.

use std::sync::Arc;

use super::Executor;
use crate::run::batch;
use crate::run::desk::Stop;
use crate::run::landing::{self, Landing};
use crate::run::repair;
use crate::run::trouble::Trouble;

impl Executor {
    /// Merges, runs the gate, and closes the ticket in the merge commit.
    pub(super) async fn land(&mut self, worked: bool) -> Result<Landing, Trouble> {
        if worked && let Some(paths) = repair::unsettled(&self.job, self.repair.as_ref()).await? {
            return Ok(Landing::Conflict { paths });
        }
        if worked && self.is_homeless() {
            self.tell_homeless().await?;
            self.make_worktree().await?;
        }
        let lander = Arc::clone(&self.shared);
        if self.shared.config.run.batch > 1 {
            let one_at_a_time = lander.lander.lock().await;
            self.ensure_ground().await?;
            drop(one_at_a_time);
            let (shared, job) = (&self.shared, &self.job);
            return batch::land(shared, job, worked, &self.record, &self.desk, &self.stop).await;
        }
        let _one_at_a_time = lander.lander.lock().await;
        loop {
            if *self.stop.borrow() >= Stop::Interrupt {
                return Ok(Landing::Stopped);
            }
            self.ensure_ground().await?;
            let landing = landing::land(
                &self.shared,
                &self.job,
                worked,
                &self.record,
                &self.desk,
                &mut self.stop,
            )
            .await;
            // Somebody removed the worktree meanwhile: whatever came of it means nothing.
            let is_unfounded = matches!(landing, Err(Trouble::Git(_)) | Ok(Landing::Red { .. }))
                && !self.shared.ground.integration.is_dir();
            if !is_unfounded {
                return landing;
            }
        }
    }
}
