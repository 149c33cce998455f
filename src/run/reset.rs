//! Ticket files that went back to what git has, by `git stash`, `git reset` or a checkout, while
//! the run's branch has what a run that ended wrote into them since.

use super::folder::{RunDir, RunInfo};
use super::history::info_of;
use super::key::RunKey;
use super::preflight::Ground;
use crate::format;
use crate::git::{CommitId, Git, TicksPath};
use crate::model::{Config, Ticket, TicketId};
use crate::ops::{Project, Result};

/// A ticket's file that is as the branch has it that the run lands on.
struct Reset {
    id: TicketId,
    /// What it said when it was looked at.
    seen: String,
    /// As the run's branch has it.
    left: String,
    /// Whether attempts of the key's runs are in that and not in the file.
    lacks_runs: bool,
}

/// Brings those files to what the run's branch has, where attempts are missing in one of them: what
/// was done and paid for is done. What is to be told of it.
///
/// # Errors
/// When something cannot be read or written.
pub(super) fn bring_back(project: &Project, ground: &Ground, key: &RunKey) -> Result<Vec<String>> {
    let git = Git::new(&ground.root);
    let Some(tip) = git.commit_of(&ground.run_branch.reference())? else {
        return Ok(Vec::new());
    };
    let mut runs = Vec::new();
    for dir in RunDir::all(&project.store)? {
        runs.extend(info_of(project, &dir)?.filter(|info| info.key == key.as_str()));
    }
    let mut ids: Vec<&String> = runs.iter().flat_map(files_of).collect();
    ids.sort_unstable();
    ids.dedup();
    // What has come to the branch, and was taken off it again there, is no loss.
    let common = git.merge_base(tip, ground.base)?;
    let mut reset = Vec::new();
    for id in ids.into_iter().filter_map(|id| TicketId::parse(id).ok()) {
        reset.extend(of(project, &git, (tip, ground.base, common), id, &runs)?);
    }
    if !reset.iter().any(|file| file.lacks_runs) {
        return Ok(Vec::new());
    }
    let locked = project.store.lock()?;
    let mut ids = Vec::new();
    for file in reset {
        // Somebody has changed it meanwhile.
        if locked.read_text(&file.id)?.as_ref() != Some(&file.seen) {
            continue;
        }
        locked.write_text(&file.id, file.left, &project.config)?;
        ids.push(format!("`{}`", file.id));
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![format!(
        "the files of {} were as `{}` has them; they are again as the run had left them",
        ids.join(", "),
        ground.onto
    )])
}

fn files_of(info: &RunInfo) -> impl Iterator<Item = &String> {
    info.tickets.iter().chain(&info.epic)
}

/// The ticket's file, if it is as it is at `base`, and otherwise at `tip`, which is not what it was
/// in what both have in `common`.
fn of(
    project: &Project,
    git: &Git,
    (tip, base, common): (CommitId, CommitId, Option<CommitId>),
    id: TicketId,
    runs: &[RunInfo],
) -> Result<Option<Reset>> {
    let path = TicksPath::of_ticket(&id);
    let Some(text) = project.store.read_text(&id)? else {
        return Ok(None);
    };
    let at = |commit| -> Result<Option<String>> {
        let bytes = git.file_at(commit, &path)?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
    };
    if at(base)?.as_ref() != Some(&text) {
        return Ok(None);
    }
    let config = &project.config;
    let left = at(tip)?.filter(|left| *left != text);
    if left.is_some() && common.map(at).transpose()?.flatten() == left {
        return Ok(None);
    }
    let left = left.and_then(|left| Some((parsed(&id, &left, config)?, left)));
    let Some((ticket, left)) = left else {
        return Ok(None);
    };
    let here = parsed(&id, &text, config).map_or_else(Vec::new, |here| here.runs);
    let is_here = |run: &str, attempt: u32| {
        let mut here = here.iter();
        here.any(|it| it.run == run && it.attempt == attempt)
    };
    let of_key = |run: &str| runs.iter().any(|info| info.run == run);
    let mut records = ticket.runs.iter();
    let lacks_runs = records.any(|it| of_key(&it.run) && !is_here(&it.run, it.attempt));
    Ok(Some(Reset {
        id,
        seen: text,
        left,
        lacks_runs,
    }))
}

fn parsed(id: &TicketId, text: &str, config: &Config) -> Option<Ticket> {
    format::parse(id, text, config).ok()
}
