//! Tickets that other clones may want: taken before anything is begun, and put aside where
//! another has taken one all the same.

use super::{Executor, Step};
use crate::model::{DONE, NoteKind, Outcome};
use crate::run::desk::Ending;
use crate::run::remote::{self, Lost};
use crate::run::tickets::Closing;
use crate::run::trouble::Trouble;
use crate::wire::EventKind;

impl Executor {
    /// Takes the ticket on the remote, where the run's claims hold there.
    pub(super) async fn take_there(&mut self) -> Step<()> {
        let Some(reason) = remote::take(&self.shared, &self.job).await? else {
            return Ok(Ok(()));
        };
        if !self.job.lands_without_worker() {
            self.give_back().await?;
        }
        self.desk.record(EventKind::Parked { reason }).await?;
        Ok(Err(Ending::Parked))
    }

    /// Why the ticket is not the run's any more, if so.
    pub(super) fn lost(&self) -> Option<Lost> {
        let remote = self.shared.remote.as_ref()?;
        remote.lost(&self.job.ticket.id)
    }

    /// Another clone has the ticket, or nobody can tell: nothing of it lands, and its branch is
    /// kept. Where it may well be the run's, what is done stays so.
    pub(super) async fn put_aside_taken(&mut self, lost: Lost) -> Result<Ending, Trouble> {
        let (branch, reason) = (&self.job.branch, lost.why);
        let (outcome, text) = match self.is_done && !lost.is_taken {
            true => (
                Outcome::Stopped,
                format!("{DONE} kept on `{branch}`, since {reason}."),
            ),
            false => (
                Outcome::Parked,
                format!("Nothing has landed: {reason}. The work is kept on `{branch}`."),
            ),
        };
        self.end(Closing {
            outcome,
            awaiting: None,
            note: Some((NoteKind::Comment, text)),
        })
        .await?;
        self.desk.record(EventKind::Parked { reason }).await?;
        Ok(Ending::Parked)
    }

    /// Lets go of the ticket on the remote, whatever came of it.
    pub(super) async fn let_go_there(&self) {
        if let Some(told) = remote::give_back(&self.shared, &self.job).await {
            // Whoever cannot hear this is gone already.
            let _over = self.desk.record(told).await;
        }
    }
}
