//! What a worker has asked of people by `tk ask`, and what comes of it when the worker ends.

use super::Executor;
use crate::model::{Awaiting, NoteKind, Outcome};
use crate::run::desk::Ending;
use crate::run::tickets::{self, Closing};
use crate::run::trouble::Trouble;
use crate::run::worker::Session;
use crate::run::{asking, prompt};
use crate::wire::EventKind;

impl Executor {
    /// What its worker has asked and nobody has answered yet.
    pub(super) fn open_question(&self) -> Result<Option<String>, Trouble> {
        let ticket = tickets::current(&self.shared, &self.job)?;
        let is_asked = ticket.awaiting == Some(Awaiting::Input)
            && asking::is_open(&ticket, tickets::actor(&self.job).as_str());
        let question = ticket.last_question().filter(|_| is_asked);
        Ok(question.map(|(note, _)| note.text.clone()))
    }

    /// Whether its last process has asked something that was answered before it ended, and could
    /// not hear the answer: what it asked by its own tool it was told.
    pub(super) fn is_answered(&self) -> Result<bool, Trouble> {
        let ticket = tickets::current(&self.shared, &self.job)?;
        let asker = tickets::actor(&self.job);
        Ok(ticket.last_question().is_some_and(|(question, after)| {
            question.by == asker.as_str()
                && question.at >= Some(self.since)
                && !self.asked.contains(&question.text)
                && after.iter().any(|note| note.kind == NoteKind::Answer)
        }))
    }

    /// The attempt is over, and people owe its worker an answer: the next one goes on with it.
    pub(super) async fn await_answer(
        &mut self,
        question: String,
        note: Option<(NoteKind, String)>,
    ) -> Result<Ending, Trouble> {
        self.end(Closing {
            outcome: Outcome::Awaiting,
            // It awaits that already, unless somebody answers at this moment.
            awaiting: None,
            note,
        })
        .await?;
        self.desk
            .record(EventKind::Awaiting {
                awaiting: Awaiting::Input.to_string(),
                text: question,
            })
            .await?;
        Ok(Ending::Awaiting)
    }

    /// A person has answered: what to tell which session.
    pub(super) async fn with_answer(&self) -> Result<(Session, String), Trouble> {
        let reason = "a person answered".to_owned();
        self.desk.record(EventKind::Resumed { reason }).await?;
        self.again().await
    }

    /// Its session goes on, or a fresh one begins; and what it is told.
    pub(super) async fn again(&self) -> Result<(Session, String), Trouble> {
        Ok(match self.record.session.clone() {
            Some(id) => {
                let ticket = tickets::current(&self.shared, &self.job)?;
                let text = prompt::resume(&ticket, self.record.started_at);
                (Session::Resume(id), text)
            }
            None => (self.fresh_session(), self.fresh_prompt().await?),
        })
    }
}
