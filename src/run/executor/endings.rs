//! How an attempt ends: landed, asked, put aside, parked, stopped, failed.

use std::sync::Arc;

use super::{Executor, Step};
use crate::model::{Awaiting, CONFLICT, DONE, Gate, NO_CHANGES, NoteKind, Outcome, RED};
use crate::run::asking::Asking;
use crate::run::desk::{Ending, NoPlace, Permit};
use crate::run::failure;
use crate::run::folder::RunDir;
use crate::run::job::Beginning;
use crate::run::landing::Landing;
use crate::run::tickets::{self, Closing};
use crate::run::trouble::{Trouble, blocking};
use crate::run::unended::UNTOLD;
use crate::run::workspace;
use crate::store::StoreError;
use crate::wire::EventKind;

impl Executor {
    /// The worker ended with a question.
    pub(super) async fn ask(&mut self, question: &str) -> Result<Ending, Trouble> {
        let text = question.to_owned();
        self.desk
            .record(EventKind::Ask {
                question: text.clone(),
                options: Vec::new(),
            })
            .await?;
        self.end(Closing {
            outcome: Outcome::Awaiting,
            awaiting: Some(Awaiting::Input),
            note: Some((NoteKind::Question, text.clone())),
        })
        .await?;
        self.desk
            .record(EventKind::Awaiting {
                awaiting: Awaiting::Input.to_string(),
                text,
            })
            .await?;
        Ok(Ending::Awaiting)
    }

    /// Nobody answered the worker: its place goes to another. It goes on where somebody did at
    /// the last moment.
    pub(super) async fn put_aside_asking(&mut self, asking: Asking) -> Step<()> {
        self.record.ended_at = Some(self.shared.ctx.now());
        self.record.outcome = Some(Outcome::Awaiting);
        let (shared, job, record) = (
            Arc::clone(&self.shared),
            Arc::clone(&self.job),
            self.record.clone(),
        );
        let ended = blocking(move || -> Result<_, Trouble> {
            if !tickets::end_asking(&shared, &job, &record, &asking)? {
                return Ok(None);
            }
            Ok(Some(workspace::put_away(&shared, &job).err()))
        });
        let Some(untidy) = ended.await? else {
            return Ok(Ok(()));
        };
        self.tell_untidy(untidy).await?;
        let wait = self.shared.config.run.live_wait;
        let reason = format!("nobody answered within {wait}; the session is kept");
        self.desk.record(EventKind::Parked { reason }).await?;
        Ok(Err(Ending::Awaiting))
    }

    /// The account can do no more for now: waits for the next place, its session kept. That
    /// counts as no failure.
    pub(super) async fn wait_for_account(&mut self, reason: &str) -> Step<Permit> {
        let reason = format!("{reason}; the session is kept");
        self.desk.record(EventKind::Parked { reason }).await?;
        match self.desk.place().await? {
            Ok(permit) => {
                let reason = "the account's usage limit is over".to_owned();
                self.desk.record(EventKind::Resumed { reason }).await?;
                Ok(Ok(permit))
            }
            Err(NoPlace::Budget) => {
                let shared = Arc::clone(&self.shared);
                self.park(shared.cap_reached()).await.map(Err)
            }
            Err(NoPlace::Ticket) => {
                let reason = "what the ticket may cost is used up";
                self.park(reason).await.map(Err)
            }
            Err(NoPlace::Stopping) => self.stopped().await.map(Err),
        }
    }

    async fn tell_untidy(&self, trouble: Option<Trouble>) -> Result<(), Trouble> {
        if let Some(trouble) = trouble {
            let text = format!("its worktree or branch cannot be put away: {trouble}");
            self.desk.record(EventKind::Warning { text }).await?;
        }
        Ok(())
    }

    pub(super) async fn put_aside(
        &mut self,
        awaiting: Awaiting,
        note: &str,
        text: &str,
    ) -> Result<Ending, Trouble> {
        if let Some(question) = self.open_question()? {
            let note = (NoteKind::Comment, note.to_owned());
            return self.await_answer(question, Some(note)).await;
        }
        self.end(Closing {
            outcome: Outcome::Awaiting,
            awaiting: Some(awaiting),
            note: Some((NoteKind::Comment, note.to_owned())),
        })
        .await?;
        self.desk
            .record(EventKind::Awaiting {
                awaiting: awaiting.to_string(),
                text: text.to_owned(),
            })
            .await?;
        Ok(Ending::Awaiting)
    }

    /// The worker is done and changed nothing: whether that is right, a person says, at the
    /// ticket's own gate where it has one.
    async fn put_aside_unchanged(&mut self, text: &str) -> Result<Ending, Trouble> {
        if let Some(question) = self.open_question()? {
            return self.await_answer(question, None).await;
        }
        let note = format!("{NO_CHANGES} it says it is done and changed nothing: {text}");
        self.put_aside(self.own_gate(), &note, text).await
    }

    /// At what gate a person says what becomes of work that is done: the ticket's own, where it
    /// has one.
    fn own_gate(&self) -> Awaiting {
        let gate = self.job.ticket.requires.map(Gate::awaiting);
        gate.unwrap_or(Awaiting::Review)
    }

    pub(super) async fn park(&mut self, reason: &str) -> Result<Ending, Trouble> {
        self.end(Closing {
            outcome: Outcome::Parked,
            awaiting: None,
            note: None,
        })
        .await?;
        self.desk
            .record(EventKind::Parked {
                reason: reason.to_owned(),
            })
            .await?;
        Ok(Ending::Parked)
    }

    pub(super) async fn stopped(&mut self) -> Result<Ending, Trouble> {
        if let Some(lost) = self.lost() {
            return self.put_aside_taken(lost).await;
        }
        if self.is_closed() {
            return self.stopped_closed().await;
        }
        let done = || format!("{DONE} kept on `{}`.", self.job.branch);
        self.end(Closing {
            outcome: Outcome::Stopped,
            awaiting: None,
            note: self.is_done.then(|| (NoteKind::Comment, done())),
        })
        .await?;
        Ok(Ending::Stopped)
    }

    pub(super) async fn fail(&mut self, class: &str, reason: &str) -> Result<Ending, Trouble> {
        let note = Some((NoteKind::Failure, failure::noted(class, reason)));
        if let Some(question) = self.open_question()? {
            return self.await_answer(question, note).await;
        }
        self.end(Closing {
            outcome: Outcome::Failed,
            awaiting: None,
            note,
        })
        .await?;
        self.desk
            .record(EventKind::Failed {
                class: class.to_owned(),
                reason: reason.to_owned(),
            })
            .await?;
        Ok(Ending::Failed)
    }

    /// The runner itself could not go on with this ticket.
    pub(super) async fn fail_for_good(&mut self, trouble: &Trouble) -> Ending {
        let reason = trouble.to_string();
        if let Trouble::Store(StoreError::Held { .. }) = trouble {
            // Somebody else has the ticket: not a word of it is this run's to change.
            let class = trouble.class().to_owned();
            // Whoever cannot hear this is gone already.
            let _over = self.desk.record(EventKind::Failed { class, reason }).await;
            return Ending::Failed;
        }
        if let Some(class) = trouble.of_everyone() {
            // Nobody else can go on either. What was being done goes on when that is mended.
            let _over = self.desk.fatal(class, &reason);
            if self.job.lands_without_worker() {
                // It stays approved: the next run lands it.
                return Ending::Stopped;
            }
            return match self.stopped().await {
                Ok(ending) => ending,
                // Not even that could be written: whoever takes over the run does it.
                Err(_) => Ending::Stopped,
            };
        }
        match self.fail(trouble.class(), &reason).await {
            Ok(ending) => ending,
            Err(second) => {
                // The ticket's file cannot even hold the note: the journal has to.
                let failed = EventKind::Failed {
                    class: trouble.class().to_owned(),
                    reason: format!("{reason}{UNTOLD}{second}"),
                };
                // Whoever cannot hear this is gone already.
                let _over = self.desk.record(failed).await;
                self.leave_untold().await;
                Ending::Failed
            }
        }
    }

    /// Lets go of a ticket that could not be told how its attempt ended, which the end of the
    /// run, or the next one, tells it.
    async fn leave_untold(&self) {
        if self.shared.tracker.is_gone() {
            // Nothing is to be made where the repository was: the next one finds out there.
            return;
        }
        let (shared, job) = (Arc::clone(&self.shared), Arc::clone(&self.job));
        let left = blocking(move || -> Result<_, Trouble> {
            let dir = RunDir::of(&shared.store, &shared.run);
            dir.remember_unended(&job.ticket.id)
                .map_err(|error| Trouble::Io(error.to_string()))?;
            tickets::let_go_own(&shared, &job)?;
            workspace::put_away(&shared, &job)
        });
        // Whoever cannot hear this is gone already.
        let _over = self.tell_untidy(left.await.err()).await;
    }

    /// Puts the attempt's end into the ticket, and tidies its worktree up.
    pub(super) async fn end(&mut self, closing: Closing) -> Result<(), Trouble> {
        self.record.ended_at = Some(self.shared.ctx.now());
        self.record.outcome = Some(closing.outcome);
        let (shared, job, record) = (
            Arc::clone(&self.shared),
            Arc::clone(&self.job),
            self.record.clone(),
        );
        let told = blocking(move || -> Result<_, Trouble> {
            tickets::end(&shared, &job, &record, &closing)?;
            // How the attempt ended is on the disk: what cannot be tidied up does not change it.
            Ok(workspace::put_away(&shared, &job).err())
        });
        let untidy = told.await?;
        self.tell_untidy(untidy).await
    }

    /// A kept branch whose gate a person approved.
    pub(super) async fn land_approved(&mut self) -> Result<Ending, Trouble> {
        if let Some(last) = self.job.ticket.runs.last() {
            self.record = last.clone();
        }
        match self.land(false).await? {
            Landing::Conflict { paths } => self.repair_approved(&paths).await,
            Landing::Red {
                command, status, ..
            } => {
                let reason = format!("`{command}` ended with {status} on the merged tree");
                if self.job.beginning == Beginning::Close {
                    return self.put_aside_unchanged(&reason).await;
                }
                let note = format!("{RED} {reason}");
                self.put_aside(self.own_gate(), &note, &reason).await
            }
            // It stays approved: the next run lands it.
            Landing::Stopped => Ok(Ending::Stopped),
            Landing::Taken(lost) if !lost.is_taken => {
                let reason = lost.why;
                self.desk.record(EventKind::Parked { reason }).await?;
                Ok(Ending::Parked)
            }
            other => self.landed(other).await,
        }
    }

    /// What follows from a landing that is not to be mended by the worker.
    pub(super) async fn landed(&mut self, landing: Landing) -> Result<Ending, Trouble> {
        match landing {
            Landing::Landed => Ok(Ending::Landed),
            Landing::Gate(_) if self.job.beginning == Beginning::Close => {
                let text = self.record.summary.clone().unwrap_or_default();
                self.put_aside_unchanged(&text).await
            }
            Landing::Gate(gate) => {
                let text = self.record.summary.clone().unwrap_or_default();
                let note = format!("Done and checked; kept on `{}`.", self.job.branch);
                self.put_aside(gate, &note, &text).await
            }
            Landing::Closed => self.closed().await,
            Landing::NoChanges => {
                let summary = self.record.summary.clone().unwrap_or_default();
                self.put_aside_unchanged(&summary).await
            }
            Landing::Conflict { paths } => {
                let text = format!(
                    "its branch conflicts with what has landed in {}",
                    paths.join(", ")
                );
                let note = format!("{CONFLICT} {text}");
                self.put_aside(self.own_gate(), &note, &text).await
            }
            Landing::Red {
                command, status, ..
            } => {
                self.fail("check", &format!("`{command}` ended with {status}"))
                    .await
            }
            Landing::Taken(lost) => self.put_aside_taken(lost).await,
            Landing::Stopped => self.stopped().await,
        }
    }
}
