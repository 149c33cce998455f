//! Where a branch is checked out or otherwise in use, and so may not be moved behind the
//! back of a working tree.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::command::Git;
use super::error::Result;
use super::id::BranchName;
use super::worktree::{Worktree, list, same_place};

/// Who uses a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Nobody.
    None,
    /// One working tree has it checked out.
    Worktree(Worktree),
    /// It must not be moved now; why.
    Busy(String),
}

/// Files in a worktree's own folder of git's that name the branch, and what the worktree is
/// doing with it.
const SIGNS: &[(&str, &str)] = &[
    ("rebase-merge/head-name", "rebased"),
    ("rebase-apply/head-name", "rebased"),
    ("rebase-merge/update-refs", "moved along by a rebase"),
    ("BISECT_START", "bisected"),
];

impl Git {
    /// Who uses the branch.
    pub(super) fn use_of(&self, branch: &BranchName) -> Result<Use> {
        let reference = branch.reference();
        let alias = self
            .call(["symbolic-ref", "--quiet", &reference])
            .run_allowing(&[0, 1])?;
        if alias.code == Some(0) {
            let of = alias.line();
            return Ok(Use::Busy(format!(
                "`{branch}` is only another name of `{of}`"
            )));
        }
        let args = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
        let common_dir = self.run(args)?.path();
        for folder in folders(&common_dir) {
            for (sign, doing) in SIGNS {
                if names(&folder.join(sign), branch) {
                    let place = place_of(&common_dir, &folder);
                    return Ok(Use::Busy(format!(
                        "`{branch}` is being {doing} in `{place}`"
                    )));
                }
            }
        }
        let mut places: Vec<Worktree> = list(self, &common_dir)?
            .into_iter()
            .filter(|there| !there.bare && there.branch.as_ref() == Some(branch))
            .collect();
        Ok(match (places.pop(), places.pop()) {
            (None, _) => Use::None,
            (Some(one), None) if one.missing => Use::Busy(format!(
                "`{branch}` is checked out in `{}`, which is not there",
                one.shown()
            )),
            (Some(one), None) => Use::Worktree(one),
            (Some(one), Some(other)) => Use::Busy(format!(
                "`{branch}` is checked out in both `{}` and `{}`",
                other.shown(),
                one.shown()
            )),
        })
    }
}

/// The folders of git's that belong to a working tree each.
fn folders(common_dir: &Path) -> Vec<PathBuf> {
    let mut folders = vec![common_dir.to_path_buf()];
    // Absent as long as there was never a linked worktree.
    if let Ok(entries) = std::fs::read_dir(common_dir.join("worktrees")) {
        folders.extend(entries.flatten().map(|entry| entry.path()));
    }
    folders
}

/// The folder of git's that belongs to the linked worktree at that place, there or gone.
pub(super) fn folder_of(common_dir: &Path, worktree: &Path) -> Option<PathBuf> {
    folders(common_dir).into_iter().skip(1).find(|folder| {
        let place = std::fs::read(folder.join("gitdir")).unwrap_or_default();
        let place = Path::new(OsStr::from_bytes(place.trim_ascii_end()));
        place
            .parent()
            .is_some_and(|place| same_place(place, worktree))
    })
}

/// Whether a line of the file is the branch, in full or without `refs/heads/`.
fn names(file: &Path, branch: &BranchName) -> bool {
    let reference = branch.reference();
    std::fs::read_to_string(file).is_ok_and(|text| {
        text.lines()
            .any(|line| line == reference || line == branch.as_str())
    })
}

/// The working tree that a folder of git's belongs to, for people.
fn place_of(common_dir: &Path, folder: &Path) -> String {
    let linked = std::fs::read_to_string(folder.join("gitdir")).ok();
    let dot_git = linked.map_or_else(
        || common_dir.to_path_buf(),
        |text| PathBuf::from(text.trim_end()),
    );
    let place = dot_git.parent().unwrap_or(&dot_git);
    place.display().to_string()
}
