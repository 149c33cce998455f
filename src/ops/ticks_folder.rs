//! The folder of the tickets as it is found.

use std::path::{Path, PathBuf};

use super::values::there;
use super::{Error, ErrorCode, Result};
use crate::git::{Git, IgnoreRule, Repo, TICKS};
use crate::model::{Shown, printable};

/// Whether the folder is there. What tickets could not be kept in is refused: a link, which
/// git tracks as such and which may lead anywhere, a file, and a folder that the sparse
/// checkout leaves out, in whose place another must not be begun. Nor can the tickets be told
/// of where it leaves out some of them: who names those would seem to name nothing.
///
/// # Errors
/// [`ErrorCode::NotInitialised`] for what is refused.
pub(super) fn is_there(repo: &Repo, ticks: &Path) -> Result<bool> {
    let refused = |message: String| Error::new(ErrorCode::NotInitialised, message);
    let own = ticks == repo.home().join(TICKS);
    let shown = Shown(ticks);
    // What `TK_DIR` names, the person has chosen.
    if own && ticks.is_symlink() {
        let message = format!("`{shown}` is a symbolic link: expected a folder");
        let hint = "the variable TK_DIR names a folder that is somewhere else";
        return Err(refused(message).hint(hint));
    }
    let is_folder = ticks.is_dir();
    if !is_folder && ticks.exists() {
        return Err(refused(format!("`{shown}` is a file: expected a folder")));
    }
    if own && (!is_folder || repo.may_be_sparse()) {
        refuse_left_out(&repo.home_git(), ticks)?;
    }
    if own && !is_folder {
        refuse_unless_new(repo, shown)?;
    }
    Ok(is_folder)
}

/// Refuses where the sparse checkout leaves out that folder of tickets, or some of them.
///
/// # Errors
/// [`ErrorCode::NotInitialised`], with what is left out; or when git fails.
pub(super) fn refuse_left_out(git: &Git, ticks: &Path) -> Result<()> {
    let absent = git.left_out(TICKS)?;
    let Some(first) = absent.first() else {
        return Ok(());
    };
    let (shown, first) = (Shown(ticks), printable(first));
    let (what, it) = match (ticks.is_dir(), absent.len() - 1) {
        (false, _) => (format!("`{shown}` is"), "it"),
        (true, 0) => (format!("`{first}` is"), "it"),
        (true, more) => (format!("`{first}` and {more} more are"), "them"),
    };
    let message = format!("{what} left out of this sparse checkout");
    let hint = format!("`git sparse-checkout add {TICKS}` takes {it} in");
    Err(Error::new(ErrorCode::NotInitialised, message).hint(hint))
}

/// Refuses where the folder is absent and git has it: who began another in its place would find
/// both in each other's way.
fn refuse_unless_new(repo: &Repo, shown: Shown<'_>) -> Result<()> {
    let (git, here) = (repo.home_git(), repo.worktree_root());
    let program = there("git", repo.home(), here);
    let (what, hint) = if git.tracks(Path::new(TICKS))? {
        let back = format!("`{program} checkout -- {TICKS}` brings it back");
        let anew = format!("`{program} rm -r {TICKS}`, if another is to be begun");
        ("though git tracks it", format!("{back}; or {anew}"))
    } else if !repo.has_index() && git.head_has(TICKS)? {
        let hint = format!("`{program} checkout` brings it");
        ("as nothing is checked out here yet", hint)
    } else {
        return Ok(());
    };
    let message = format!("`{shown}` is not there, {what}");
    Err(Error::new(ErrorCode::NotInitialised, message).hint(hint))
}

/// The folder of what is cached of those tickets: a linked worktree that has some of its own has
/// that, too, so that none is in the way of another's.
pub(super) fn caches_dir(repo: &Repo, ticks: &Path) -> PathBuf {
    let (own, shared) = (repo.git_dir(), repo.common_dir());
    let is_here = |real: PathBuf| real.starts_with(repo.worktree_root());
    let has_own = own != shared && ticks.canonicalize().is_ok_and(is_here);
    if has_own { own } else { shared }.join("tk")
}

/// A line that keeps git from tracking tickets or the configuration, with what there is to say.
pub(super) struct Ignoring {
    pub(super) rule: IgnoreRule,
    pub(super) message: String,
    pub(super) hint: String,
}

/// The lines that keep git from tracking what is in the folder, as far as it is in the main working
/// tree: the configuration, or a ticket of that id, whether it is there or not.
///
/// # Errors
/// When git fails.
pub(super) fn ignoring(repo: &Repo, ticks: &Path, ticket: &str) -> Result<Vec<Ignoring>> {
    let inside = ticks.strip_prefix(repo.home()).ok().and_then(Path::to_str);
    let Some(ticks) = inside else {
        return Ok(Vec::new());
    };
    let git = repo.home_git();
    let mut rules = Vec::new();
    for name in [ticket, "config"] {
        if let Some(rule) = git.ignore_rule(&format!("{ticks}/{name}.toml"))?
            && !rules.contains(&rule)
        {
            rules.push(rule);
        }
    }
    let told = rules.into_iter().map(|rule| Ignoring {
        message: format!(
            "`{}` keeps git from tracking what is in `{ticks}/`",
            rule.pattern
        ),
        hint: format!("take that line out of `{}`", rule.file),
        rule,
    });
    Ok(told.collect())
}

/// Fails where git does not track the ticket's file, because of a line that ignores it, or would
/// not add anything beside the folder because of one that ignores that.
///
/// # Errors
/// [`ErrorCode::Git`], with the line to take out; or when git fails.
pub(crate) fn expect_tracked(repo: &Repo, ticks: &Path, ticket: &str) -> Result<()> {
    let Some(found) = ignoring(repo, ticks, ticket)?.into_iter().next() else {
        return Ok(());
    };
    let inside = ticks.strip_prefix(repo.home()).unwrap_or(ticks);
    let git = repo.home_git();
    let whole = git.ignore_rule(&inside.to_string_lossy())?;
    let path = inside.join(format!("{ticket}.toml"));
    if whole.is_none()
        && (git.tracks(&path)? || git.ignore_rule(&path.to_string_lossy())?.is_none())
    {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Git, found.message).hint(found.hint))
}

/// Whether git merges what is in the folder ticket by ticket, as it does at the top of a working
/// tree. The folder is there.
pub(super) fn is_at_top(repo: &Repo, ticks: &Path) -> bool {
    let real = ticks.canonicalize();
    let real = real.as_deref().unwrap_or(ticks);
    let tops = [repo.home(), repo.worktree_root()];
    tops.into_iter().any(|top| real == top.join(TICKS))
}
