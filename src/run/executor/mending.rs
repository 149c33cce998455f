//! What an executor mends before it goes on: worktrees that somebody removed, branches that
//! conflict with what has landed.

use std::sync::Arc;

use super::{Executor, Step};
use crate::model::{AgentKind, NoteKind};
use crate::run::desk::{Ending, NoPlace};
use crate::run::landing::Landing;
use crate::run::repair::REPAIRS;
use crate::run::trouble::{Trouble, blocking};
use crate::run::worker::Session;
use crate::run::{ground, prompt, repair, tickets, workspace};
use crate::wire::EventKind;

impl Executor {
    /// Whether somebody removed the ticket's worktree.
    pub(super) fn is_homeless(&self) -> bool {
        !self.job.worktree.is_dir()
    }

    /// Tells that it is made again, from its branch.
    pub(super) async fn tell_homeless(&self) -> Result<(), Trouble> {
        let text = format!(
            "its worktree was removed and is made again from `{}`: what was not committed there is gone",
            self.job.branch
        );
        Ok(self.desk.record(EventKind::Warning { text }).await?)
    }

    /// Makes the branches of the ticket and of the run again, where somebody deleted them under
    /// their worktrees.
    pub(super) async fn revive(&self) -> Result<(), Trouble> {
        let (shared, job) = (Arc::clone(&self.shared), Arc::clone(&self.job));
        let revived = blocking(move || -> Result<_, Trouble> {
            // Without it, git would take the user's own repository for it.
            shared.trees.reconnect(&job.worktree)?;
            shared
                .trees
                .recall(&job.worktree, &workspace::branch(&job)?)?;
            let of_ticket = shared
                .trees
                .revive(&job.worktree, &workspace::branch(&job)?)?;
            Ok((of_ticket, ground::revive(&shared)?))
        });
        let (of_ticket, of_run) = revived.await?;
        let branch = &self.job.branch;
        let again =
            || format!("its branch `{branch}` was deleted and is made again from its last commit");
        for text in of_ticket.then(again).into_iter().chain(of_run) {
            self.desk.record(EventKind::Warning { text }).await?;
        }
        Ok(())
    }

    /// Merges what has landed into the ticket's branch, for its session to settle; what to tell
    /// the session.
    pub(super) async fn begin_repair(&mut self, paths: &[String]) -> Result<String, Trouble> {
        let reason = format!(
            "its branch conflicts with what has landed in {}",
            paths.join(", ")
        );
        let class = repair::CONFLICT.to_owned();
        self.desk.record(EventKind::Retry { class, reason }).await?;
        self.repairs += 1;
        let lander = Arc::clone(&self.shared);
        let _one_at_a_time = lander.lander.lock().await;
        let repair = repair::begin(&self.shared, &self.job).await?;
        let prompt = prompt::repair(&repair.paths);
        self.repair = Some(repair);
        Ok(prompt)
    }

    /// What is to be mended where the work of a worker did not land, and in which session; or how
    /// the attempt ended.
    pub(super) async fn mend(&mut self, landing: Landing) -> Step<(Session, String)> {
        if landing == Landing::NoChanges && self.is_answered()? {
            self.is_done = false;
            return Ok(Ok(self.with_answer().await?));
        }
        let is_broken = matches!(landing, Landing::Conflict { .. } | Landing::Red { .. });
        if is_broken && self.open_question()?.is_some() {
            // Nothing is to be mended before it is answered.
            return self.landed(landing).await.map(Err);
        }
        let mut prompt = match landing {
            Landing::Conflict { paths } if self.repairs < REPAIRS => {
                self.begin_repair(&paths).await?
            }
            Landing::Red {
                command,
                status,
                output,
            } => {
                if self.fixes >= self.shared.config.run.fix_rounds {
                    let reason = format!("`{command}` ended with {status} on the merged tree");
                    return self.fail("check", &reason).await.map(Err);
                }
                self.fixes += 1;
                let (class, reason) = ("check".into(), format!("`{command}` ended with {status}"));
                self.desk.record(EventKind::Retry { class, reason }).await?;
                self.take_in_landed().await?;
                prompt::fix(&command, &status, &output)
            }
            other => return self.landed(other).await.map(Err),
        };
        self.is_done = false;
        let session = match self.record.session.clone() {
            Some(id) => Session::Resume(id),
            None => {
                prompt = format!("{}\n{prompt}", self.fresh_prompt().await?);
                self.fresh_session()
            }
        };
        Ok(Ok((session, prompt)))
    }

    /// Tells the ticket that its session is gone.
    pub(super) async fn note_lost_session(&self) -> Result<(), Trouble> {
        let id = self.record.session.as_deref().unwrap_or_default();
        let text = format!("The session `{id}` cannot be resumed: a fresh one begins.");
        let (shared, job) = (Arc::clone(&self.shared), Arc::clone(&self.job));
        blocking(move || tickets::note(&shared, &job, NoteKind::Comment, &text)).await
    }

    /// What was approved conflicts with what has landed since: the session that made it settles
    /// that, and whoever approved it looks again.
    pub(super) async fn repair_approved(&mut self, paths: &[String]) -> Result<Ending, Trouble> {
        let (job, record) = (&self.job, &self.record);
        let can_resume = job.agent.kind == AgentKind::Claude && record.agent == job.agent.name;
        let session = record.session.clone().filter(|_| can_resume);
        let Some(session) = session.filter(|_| !self.shared.options.only_land) else {
            let paths = paths.to_vec();
            return self.landed(Landing::Conflict { paths }).await;
        };
        // Without a place it stays approved: the next run goes on from there.
        let permit = match self.desk.place().await? {
            Ok(permit) => permit,
            Err(NoPlace::Stopping) => return Ok(Ending::Stopped),
            Err(NoPlace::Budget | NoPlace::Ticket) => return Ok(Ending::Parked),
        };
        if let Err(ending) = self.begin().await? {
            return Ok(ending);
        }
        if let Err(ending) = self.prepare().await? {
            return Ok(ending);
        }
        let prompt = self.begin_repair(paths).await?;
        self.work(Some(permit), Session::Resume(session), prompt)
            .await
    }

    /// Merges what has landed into the ticket's branch, where it merges cleanly: what a check
    /// found on the merged tree is to be mended where it can be seen.
    pub(super) async fn take_in_landed(&self) -> Result<(), Trouble> {
        let lander = Arc::clone(&self.shared);
        let _one_at_a_time = lander.lander.lock().await;
        repair::begin(&self.shared, &self.job).await?;
        Ok(())
    }
}
