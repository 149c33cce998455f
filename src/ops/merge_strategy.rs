//! git's merge strategy for tickets: those that both sides changed are merged at once, where the
//! driver is started for each.

use std::ffi::OsString;
use std::path::Path;

use super::{Error, ErrorCode, Result};
use crate::cores;
use crate::git::{Repo, TICKS, TicketSides, TicksPath, merge_by_git};
use crate::merge::{Merged, merge_ticket};
use crate::model::Config;
use crate::store::Store;

/// From how many tickets on it is worth the while. Fewer the driver merges sooner.
const MANY: usize = 16;

/// The exit code for git where something conflicts.
const CONFLICTS: u8 = 1;

/// The exit code for git where nothing could be done.
pub const UNDONE: u8 = 2;

/// What became of a merge that git asked a strategy for.
#[derive(Debug)]
pub struct Strategy {
    /// The exit code for git.
    pub code: u8,
    /// What to tell, as git's own strategy does.
    pub messages: Vec<String>,
}

/// Does the merge that git asks a strategy for with these arguments, in the working tree with that
/// top. Tickets that both sides changed are merged as by the driver, if they are many and can be; all
/// else is as by git's own strategy.
///
/// # Errors
/// When there is no repository, git fails, or something staged or changed is in the way.
pub fn merge_by_strategy(top: &Path, args: &[OsString]) -> Result<Strategy> {
    let repo = Repo::discover(top)?;
    let Some(three) = repo.three_way(args)? else {
        return by_git(args);
    };
    let both = repo.changed_on_both(&three)?;
    if both.len() < MANY {
        return by_git(args);
    }
    let project = repo.worktree_root();
    // As for the driver: it may itself be amid the merge.
    let config = Store::open(project.join(TICKS), project).config();
    let config = config.unwrap_or_default();
    let part = |sides: &[TicketSides]| -> Vec<(TicksPath, String)> {
        let merged = sides.iter().filter_map(|sides| merged(sides, &config));
        merged.collect()
    };
    let merged = cores::spread(&both, MANY, part).concat();
    let git = repo.git().with_given_settings();
    let Some(beside) = git.merge_beside(&three, &merged)? else {
        return by_git(args);
    };
    if let Err(why) = git.take(&three, &beside)? {
        let error = Error::new(ErrorCode::Git, format!("the merge cannot begin: {why}"));
        return Err(error.hint("commit or `git stash` it first"));
    }
    Ok(Strategy {
        code: match beside.has_conflicts() {
            true => CONFLICTS,
            false => 0,
        },
        messages: beside.messages,
    })
}

/// What the ticket becomes; none where the sides conflict, which the driver tells, or are no text.
fn merged(sides: &TicketSides, config: &Config) -> Option<(TicksPath, String)> {
    let id = sides.path.ticket()?;
    let all = [&sides.base, &sides.ours, &sides.theirs];
    let [base, ours, theirs] = all.map(|side| std::str::from_utf8(side.as_deref()?).ok());
    match merge_ticket(&id, Some(base?), ours?, theirs?, config) {
        Merged::Clean(text) => Some((sides.path.clone(), text)),
        Merged::Conflict { .. } | Merged::TwoTickets { .. } => None,
    }
}

fn by_git(args: &[OsString]) -> Result<Strategy> {
    let code = merge_by_git(args)?.and_then(|code| u8::try_from(code).ok());
    Ok(Strategy {
        code: code.unwrap_or(UNDONE),
        messages: Vec::new(),
    })
}
