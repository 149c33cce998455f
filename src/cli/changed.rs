//! What every changing command answers.

use super::{Outcome, Session};
use crate::ops::Changed;
use crate::ui;
use crate::wire::{ChangeResult, ChangesDocument, Detail};

/// Shows what was changed: a document, or a line a ticket that says what it is now, by `word`.
pub(crate) fn report(
    session: &Session,
    command: &str,
    changed: &Changed,
    word: impl Fn(&ChangeResult) -> String,
) -> Outcome {
    let screen = &session.screen;
    if screen.is_json() {
        let closed: Option<Vec<bool>> =
            changed.results.iter().map(|result| result.closed).collect();
        screen.document(&ChangesDocument {
            schema: format!("tk.{command}.v1"),
            changed: changed.any(),
            closed: closed.map(|closed| closed.into_iter().all(|closed| closed)),
            results: changed.results.clone(),
            tickets: changed
                .tickets
                .iter()
                .map(|t| t.fields(&Detail::Listed))
                .collect(),
        })?;
        return Ok(0);
    }
    let words: Vec<String> = changed.results.iter().map(word).collect();
    screen.confirm(&ui::list::outcomes(&words, &changed.tickets))?;
    Ok(0)
}

/// The word for a ticket that was changed or not.
pub(super) fn plainly(done: &str) -> impl Fn(&ChangeResult) -> String {
    move |result| match result.changed {
        true => done.to_owned(),
        false => "unchanged".to_owned(),
    }
}
