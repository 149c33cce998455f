//! Tickets that people close or delete while they are worked at: nothing of them lands, and what
//! was done is kept.

use std::sync::Arc;

use super::Executor;
use crate::model::Outcome;
use crate::run::desk::Ending;
use crate::run::tickets::{self, Closing};
use crate::run::trouble::{Trouble, blocking};
use crate::run::workspace;
use crate::wire::EventKind;

impl Executor {
    /// Whether a person closed the ticket meanwhile.
    pub(super) fn is_closed(&self) -> bool {
        let now = tickets::current(&self.shared, &self.job);
        let statuses = &self.shared.config.statuses;
        now.is_ok_and(|ticket| statuses.is_done(&ticket.status))
    }

    /// [`Self::closed`], of a worker that was interrupted: what it has not committed is committed
    /// for it, since no session goes on with it.
    pub(super) async fn stopped_closed(&mut self) -> Result<Ending, Trouble> {
        if !self.is_homeless() {
            match workspace::gather(&self.shared, &self.job).await {
                Ok(evidence) => self.tell_undone(&evidence)?,
                Err(trouble) => {
                    let text = format!("what its worker did cannot be committed: {trouble}");
                    self.desk.record(EventKind::Warning { text }).await?;
                }
            }
        }
        self.closed().await
    }

    /// A person closed the ticket while it was worked at: nothing lands.
    pub(super) async fn closed(&mut self) -> Result<Ending, Trouble> {
        self.end(Closing {
            outcome: Outcome::Stopped,
            awaiting: None,
            note: None,
        })
        .await?;
        let (shared, job) = (Arc::clone(&self.shared), Arc::clone(&self.job));
        let kept = blocking(move || -> Result<_, Trouble> {
            Ok(shared.tip_of(&workspace::branch(&job)?)?.is_some())
        });
        let what = match kept.await? {
            true => format!("its work is kept on `{}`", self.job.branch),
            false => "nothing more is done about it".to_owned(),
        };
        let text = format!("the ticket was closed meanwhile: {what}");
        self.desk.record(EventKind::Warning { text }).await?;
        Ok(Ending::Closed)
    }

    /// A person deleted the ticket: there is nothing to do, and nowhere to write about it. The
    /// branch is kept, if there is anything on it.
    pub(super) async fn deleted(&self) -> Ending {
        let (shared, job) = (Arc::clone(&self.shared), Arc::clone(&self.job));
        let put_away = blocking(move || -> Result<_, Trouble> {
            tickets::let_go(&shared, &job)?;
            workspace::put_away(&shared, &job)?;
            let kept = shared.tip_of(&workspace::branch(&job)?)?.is_some();
            Ok(kept)
        });
        let what = "the ticket was deleted: nothing more is done about it";
        let text = match put_away.await {
            Ok(true) => format!("{what}; its work is kept on `{}`", self.job.branch),
            Ok(false) => what.to_owned(),
            Err(trouble) => format!("{what}; its worktree or claim cannot be put away: {trouble}"),
        };
        // Whoever cannot hear this is gone already.
        let _over = self.desk.record(EventKind::Warning { text }).await;
        Ending::Deleted
    }
}
