//! From a worker that is done, or from what a person approved, to the run's branch.

use std::sync::Arc;

use super::Executor;
use crate::context::point::Point;
use crate::run::batch;
use crate::run::desk::Stop;
use crate::run::landing::{self, Landing};
use crate::run::repair;
use crate::run::trouble::{Trouble, blocking};
use crate::run::workspace::{self, Evidence};
use crate::wire::EventKind;

impl Executor {
    /// Merges, runs the gate, and closes the ticket in the merge commit.
    pub(super) async fn land(&mut self, worked: bool) -> Result<Landing, Trouble> {
        let landing = self.try_to_land(worked).await;
        self.in_line = None;
        landing
    }

    /// Lands what its worker was done with when the run was stopped.
    pub(super) async fn land_done(&mut self) -> Result<Landing, Trouble> {
        let reason = "its worker was done".to_owned();
        self.desk.record(EventKind::Resumed { reason }).await?;
        let shared = Arc::clone(&self.shared);
        let branch = workspace::branch(&self.job)?;
        let _counts_as_running = shared.clashes.enter(&self.job.ticket.id, branch);
        self.in_line = Some(shared.line.join());
        self.land(true).await
    }

    async fn try_to_land(&mut self, worked: bool) -> Result<Landing, Trouble> {
        if worked && !self.is_homeless() {
            self.revive().await?;
        }
        if worked && let Some(paths) = repair::unsettled(&self.job, self.repair.as_ref()).await? {
            return Ok(Landing::Conflict { paths });
        }
        if worked && self.is_homeless() {
            self.tell_homeless().await?;
            self.make_worktree().await?;
        }
        if worked {
            let evidence = workspace::gather(&self.shared, &self.job).await?;
            self.tell_undone(&evidence)?;
            if !evidence.has_changes {
                return Ok(Landing::NoChanges);
            }
            self.wait_for_turn().await?;
        }
        let lander = Arc::clone(&self.shared);
        Point::InLine.around(|| {
            self.in_line.get_or_insert_with(|| lander.line.join());
        });
        if self.shared.config.run.batch > 1 {
            let one_at_a_time = lander.lander.lock().await;
            landing::ensure_ground(&self.shared, &self.desk).await?;
            drop(one_at_a_time);
            let (shared, job) = (&self.shared, &self.job);
            return batch::land(shared, job, &self.record, &self.desk, &self.stop).await;
        }
        let _one_at_a_time = lander.lander.lock().await;
        let (shared, job) = (&self.shared, &self.job);
        landing::land_where_it_can(shared, job, &self.record, &self.desk, &mut self.stop).await
    }

    /// Returns when no running ticket that began earlier clashes with this one any more, or the
    /// run stops.
    async fn wait_for_turn(&mut self) -> Result<(), Trouble> {
        let clashes = Arc::clone(&self.shared.clashes);
        let mut changes = clashes.changes();
        let (looking, line) = (Arc::clone(&clashes), self.desk.line().clone());
        blocking(move || -> Result<_, Trouble> {
            looking.look(&line);
            Ok(())
        })
        .await?;
        let mut told = None;
        loop {
            changes.borrow_and_update();
            let before = clashes.before(&self.job.ticket.id);
            if before.is_empty() || *self.stop.borrow() >= Stop::Interrupt {
                return Ok(());
            }
            if told.as_ref() != Some(&before) {
                let by = before.iter().map(ToString::to_string).collect();
                // Whoever waits for a worker keeps nobody from beginning.
                self.in_line = None;
                self.desk.record(EventKind::Delayed { by }).await?;
                told = Some(before);
            }
            tokio::select! {
                // Neither is closed as long as the run lasts.
                Ok(()) = changes.changed() => {}
                Ok(()) = self.stop.changed() => {}
                else => return Ok(()),
            }
        }
    }

    /// Tells what of the worker's doing does not land.
    pub(super) fn tell_undone(&self, evidence: &Evidence) -> Result<(), Trouble> {
        if !evidence.undone.is_empty() {
            let text = format!(
                "the worker changed the tracker's files, which was undone: {}",
                evidence.undone.join(", ")
            );
            self.desk.tell(EventKind::Warning { text })?;
        }
        if let Some(text) = evidence.came_back.clone() {
            self.desk.tell(EventKind::Warning { text })?;
        }
        if !evidence.left.is_empty() {
            let text = format!(
                "repositories inside the worktree cannot be landed: {}",
                evidence.left.join(", ")
            );
            self.desk.tell(EventKind::Warning { text })?;
        }
        Ok(())
    }
}
