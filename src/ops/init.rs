//! Setting a repository up.

use std::path::{Path, PathBuf};

use super::merge_driver;
use super::project::find;
use super::ticks_folder::is_there;
use super::{Error, Result};
use crate::config;
use crate::context::Context;
use crate::git::Repo;
use crate::model::Shown;
use crate::store::{self, Store};
use crate::wire::{InitDocument, InitStep};

/// What git has to know of the tickets' files.
const ATTRIBUTES: &[&str] = &[
    ".ticks/*.toml merge=ticks text eol=lf",
    ".ticks/config.toml !merge",
];

/// Sets the repository of the context's folder up, as far as it is not.
///
/// # Errors
/// When there is no repository with a working tree, or something cannot be written.
pub fn init(context: &Context) -> Result<InitDocument> {
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
    let rest = merge_driver::configure(&repo).and_then(|driver| {
        let attributes = write_attributes(&repo)?;
        Ok((driver, attributes))
    });
    let (driver, attributes) = match rest {
        Ok(done) => done,
        Err(error) => {
            store.undo_set_up(folder, config)?;
            return Err(error);
        }
    };
    let steps = [
        (".ticks/", folder),
        (".ticks/config.toml", config),
        (".gitattributes", attributes),
        ("merge driver in the clone's git configuration", driver),
    ];
    let steps = steps.map(|(what, changed)| InitStep {
        what: what.to_owned(),
        changed,
    });
    let steps = Vec::from(steps);
    Ok(InitDocument {
        schema: "tk.init.v1",
        changed: steps.iter().any(|step| step.changed),
        path: ticks.display().to_string(),
        steps,
    })
}

/// The lines that are not in `.gitattributes`.
pub(super) fn missing_attributes(repo: &Repo) -> Result<Vec<&'static str>> {
    let text = store::read_if_there(&attributes_file(repo))?.unwrap_or_default();
    Ok(missing(&text))
}

/// Adds the lines that are not there; whether any was not.
pub(super) fn write_attributes(repo: &Repo) -> Result<bool> {
    let file = attributes_file(repo);
    let mut text = store::read_if_there(&file)?.unwrap_or_default();
    let missing = missing(&text);
    if missing.is_empty() {
        return Ok(false);
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for line in missing {
        text.push_str(line);
        text.push('\n');
    }
    let written = store::write_atomic(&file, text.as_bytes());
    written.map_err(|error| unwritable(&file, &error))?;
    Ok(true)
}

fn attributes_file(repo: &Repo) -> PathBuf {
    repo.home().join(".gitattributes")
}

fn missing(text: &str) -> Vec<&'static str> {
    let is_missing = |line: &&str| !text.lines().any(|there| there.trim() == *line);
    ATTRIBUTES.iter().copied().filter(is_missing).collect()
}

fn unwritable(file: &Path, error: &std::io::Error) -> Error {
    Error::of_system(format!("cannot write `{}`: {error}", Shown(file)), error)
}
