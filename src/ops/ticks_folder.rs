//! The folder of the tickets as it is found.

use std::path::Path;

use super::{Error, ErrorCode, Result};
use crate::git::{Repo, TICKS};
use crate::model::Shown;

/// Whether the folder is there. What tickets could not be kept in is refused: a link, which
/// git tracks as such and which may lead anywhere, a file, and a folder that the sparse
/// checkout leaves out, in whose place another must not be begun.
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
    if ticks.is_dir() {
        return Ok(true);
    }
    if ticks.exists() {
        return Err(refused(format!("`{shown}` is a file: expected a folder")));
    }
    if own && repo.home_git().leaves_out_ticks()? {
        let message = format!("`{shown}` is left out of this sparse checkout");
        let hint = format!("`git sparse-checkout add {TICKS}` takes it in");
        return Err(refused(message).hint(hint));
    }
    Ok(false)
}
