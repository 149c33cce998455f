//! Setting a repository up.

use std::path::Path;

use super::project::find;
use super::ticks_folder::{ignoring, is_at_top, is_there};
use super::{Error, Notice, Result, attributes, merge_driver};
use crate::config;
use crate::context::Context;
use crate::git::{Repo, TICKS};
use crate::model::Shown;
use crate::store::{self, Store};
use crate::wire::{InitDocument, InitStep};

/// Sets the repository of the context's folder up, as far as it is not; what was done, and what
/// there is to tell besides.
///
/// # Errors
/// When there is no repository with a working tree, or something cannot be written.
pub fn init(context: &Context) -> Result<(InitDocument, Vec<Notice>)> {
    let (repo, ticks) = find(context)?;
    // What cannot be a folder of tickets is refused.
    is_there(&repo, &ticks)?;
    let store = Store::open(&ticks, repo.common_dir().join("tk"));
    let folder = store.set_up()?;
    let file = ticks.join("config.toml");
    let template = config::template();
    let config = match store::create_exclusive(&file, template.as_bytes()) {
        Ok(made) => made,
        Err(error) => {
            store.undo_set_up(folder, false)?;
            return Err(unwritable(&file, &error));
        }
    };
    if !config {
        // What is no file cannot be kept as one.
        store::read_if_there(&file)?;
    }
    let shown = shown(&repo, &ticks);
    let step = |what: String, changed: bool| InitStep { what, changed };
    let mut steps = vec![
        step(format!("{shown}/"), folder),
        step(format!("{shown}/config.toml"), config),
    ];
    let mut notices = Vec::new();
    if is_at_top(&repo, &ticks) {
        match tell_git(&repo, &mut notices) {
            Ok(told) => steps.extend(told),
            Err(error) => {
                store.undo_set_up(folder, config)?;
                return Err(error);
            }
        }
    } else {
        notices.push(Notice::Hint(merged_as_text(&shown)));
    }
    for found in ignoring(&repo, &ticks, "k7m")? {
        let (file, line) = (found.rule.file, found.rule.line);
        let warning = format!("{file}:{line}: {}", found.message);
        notices.push(Notice::Warning(warning));
        notices.push(Notice::Hint(found.hint));
    }
    let document = InitDocument {
        schema: "tk.init.v1",
        changed: steps.iter().any(|step| step.changed),
        path: ticks.display().to_string(),
        steps,
    };
    Ok((document, notices))
}

/// Tells git how to merge tickets, and adds what keeps it from doing so.
fn tell_git(repo: &Repo, notices: &mut Vec<Notice>) -> Result<[InitStep; 2]> {
    let driver = merge_driver::configure(repo)?;
    let excluded = merge_driver::exclude_unfinished(repo)?;
    let attributes = attributes::write(repo)?;
    if let Some(overruled) = driver.overruled {
        notices.push(Notice::Warning(overruled.message));
        notices.extend(overruled.hints.into_iter().map(Notice::Hint));
    }
    for otherwise in attributes::otherwise(repo, "k7m")? {
        let line = otherwise.line.map(|line| format!(":{line}"));
        let place = format!("{}{}", otherwise.file, line.unwrap_or_default());
        let warning = format!("{place}: {}", otherwise.message);
        notices.push(Notice::Warning(warning));
        notices.push(Notice::Hint(otherwise.hint));
    }
    let step = |what: &str, changed: bool| InitStep {
        what: what.to_owned(),
        changed,
    };
    Ok([
        step(attributes::FILE, attributes),
        step(
            "merge driver in the clone's git configuration",
            driver.changed || excluded,
        ),
    ])
}

/// That what is in a folder elsewhere than at the top of a working tree is merged as any text.
pub(super) fn merged_as_text(folder: &str) -> String {
    format!(
        "git merges what is in `{folder}/` as any text: only `{TICKS}/` at the top of a working \
         tree is merged ticket by ticket"
    )
}

/// The folder of the tickets as people know it: from the main working tree on, where it is in it.
fn shown(repo: &Repo, ticks: &Path) -> String {
    let real = ticks.canonicalize();
    let inside = real.as_deref().unwrap_or(ticks).strip_prefix(repo.home());
    inside.unwrap_or(ticks).display().to_string()
}

fn unwritable(file: &Path, error: &std::io::Error) -> Error {
    Error::of_system(format!("cannot write `{}`: {error}", Shown(file)), error)
}
