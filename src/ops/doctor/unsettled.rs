//! Files in `.ticks/` whose merge git has left, and what settles each.

use std::collections::BTreeMap;

use super::Exam;
use super::found::Found;
use crate::git::Unmerged;
use crate::model::is_shell_word;
use crate::ops::Result;
use crate::wire::{FindingKind, Severity};

/// What git has left, by path: nothing where it is no file on one of the sides.
pub(super) type Unsettled = BTreeMap<String, Option<Unmerged>>;

/// What git has left of the tickets that are looked at.
pub(super) fn files(exam: &Exam<'_>) -> Result<Unsettled> {
    let repo = &exam.project.repo;
    if !exam.project.store.ticks_dir().starts_with(exam.tree()) {
        return Ok(Unsettled::new());
    }
    let git = repo.git().at(exam.tree());
    let (files, others) = git.unmerged(repo, &git.stages()?)?;
    let files = files.into_iter();
    let files = files.map(|file| (file.path.to_string(), Some(file)));
    Ok(files
        .chain(others.into_iter().map(|path| (path, None)))
        .collect())
}

/// That file, where it is otherwise as it should be.
pub(super) fn found<'a>(exam: &Exam<'a>, path: String, file: Option<Unmerged>) -> Found<'a> {
    let conflict = |message| Found::new(FindingKind::Conflict, Severity::Error, message);
    let unsettled = "the merge of it is not settled in git's index";
    let tk = exam.there("tk");
    let id = file.as_ref().and_then(|file| file.path.ticket());
    if let Some((id, file)) = id.zip(file) {
        let is_there = [&file.base, &file.ours, &file.theirs].map(Option::is_some);
        let one_sided = |message, keeps: &str, deletes: &str| {
            let hint = format!(
                "`{tk} resolve {id} -i` asks; `--{keeps}` keeps the ticket, `--{deletes}` deletes it"
            );
            conflict(message).path(&path).ticket(&id).hint(hint)
        };
        match is_there {
            [true, true, false] => {
                let message = "a merge has left open whether the ticket stays: what comes in \
                               deleted it, and what is checked out changed it";
                return one_sided(message, "ours", "theirs");
            }
            [true, false, true] => {
                let message = "a merge has left open whether the ticket stays: what is checked \
                               out deleted it, and what comes in changed it";
                return one_sided(message, "theirs", "ours");
            }
            // What somebody typed is taken as it is; what nobody has is merged, and of two
            // tickets both are kept.
            _ => {
                let command = format!("{tk} resolve {id}");
                return conflict(unsettled).path(&path).ticket(&id).command(command);
            }
        }
    }
    let command = format!("{} add -- {path}", exam.there("git"));
    let is_plain = is_shell_word(&path);
    let conflict = conflict(unsettled).path(path);
    if is_plain {
        let hint = format!("see that it is as it should be, then `{command}`");
        conflict.command(command).hint(hint)
    } else {
        conflict.hint("see that it is as it should be, then `git add` it")
    }
}
