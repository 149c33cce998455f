//! What every changing command answers.

use super::{Outcome, Session};
use crate::ops::{Changed, Notice, Project};
use crate::ui;
use crate::wire::{ChangeResult, ChangesDocument, Detail};

/// Shows what was changed: a document, or a line a ticket that says what it is now, by `word`.
pub(crate) fn report(
    session: &Session,
    project: &Project,
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
            dry_run: changed.dry_run.then_some(true),
            total: changed.total,
            changed: changed.any(),
            closed: closed
                .filter(|closed| !closed.is_empty())
                .map(|closed| closed.into_iter().all(|closed| closed)),
            results: changed.results.clone(),
            tickets: changed
                .records(project)
                .iter()
                .map(|t| t.fields(&Detail::Listed))
                .collect(),
        })?;
        return Ok(0);
    }
    let words: Vec<String> = changed.results.iter().map(word).collect();
    if changed.dry_run {
        screen.text(&ui::dry_run::changes(&words, changed))?;
    } else {
        screen.confirm(&ui::list::outcomes(&words, changed.tickets()))?;
    }
    if changed.dry_run && changed.any() {
        let hint = "nothing is written: without `--dry-run` it would be";
        screen.notices(&[Notice::Hint(hint.to_owned())])?;
    }
    Ok(0)
}

/// The word for a ticket that was changed or not.
pub(super) fn plainly(done: &str) -> impl Fn(&ChangeResult) -> String {
    move |result| match result.changed {
        true => done.to_owned(),
        false => "unchanged".to_owned(),
    }
}
