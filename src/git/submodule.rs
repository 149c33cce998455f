//! Submodules of a new worktree.

use std::path::{Path, PathBuf};

use super::command::Git;
use super::error::Result;
use super::worktree::Worktrees;

impl Worktrees {
    /// Checks out in the worktree those submodules that the main clone has, taking their
    /// objects from it; how many.
    ///
    /// Others are left empty, as the user has them; checking them out would also write them
    /// into the configuration that all worktrees share.
    ///
    /// # Errors
    /// When git fails.
    pub fn submodules(&self, worktree: &Path) -> Result<usize> {
        self.git.at(worktree).submodules()
    }
}

impl Git {
    /// Brings the submodules of this worktree that the main clone has to what is recorded.
    pub(super) fn submodules(&self) -> Result<usize> {
        let listed = submodules_of(self)?;
        if listed.is_empty() {
            return Ok(0);
        }
        let args = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
        let clones = self.run(args)?.path().join("modules");
        let mut count = 0;
        for (name, path) in listed {
            let known = self
                .call(["config", "--get"])
                .arg(format!("submodule.{name}.url"))
                .run_allowing(&[0, 1])?;
            let clone = clones.join(&name);
            if known.code == Some(0) && clone.is_dir() {
                count += check_out(self, &clone, &path)?;
            }
        }
        Ok(count)
    }
}

/// Checks out one submodule, and those in it that the clone has too.
fn check_out(git: &Git, clone: &Path, path: &str) -> Result<usize> {
    git.call(["submodule", "--quiet", "update", "--init", "--reference"])
        .arg(clone)
        .arg("--")
        .arg(path)
        .run()?;
    let inside = git.at(git.dir().join(path));
    let mut count = 1;
    for (name, path) in submodules_of(&inside)? {
        let clone: PathBuf = clone.join("modules").join(&name);
        if clone.is_dir() {
            count += check_out(&inside, &clone, &path)?;
        }
    }
    Ok(count)
}

/// Names and paths of the submodules that `.gitmodules` tells of. Git itself refuses names
/// that would lead out of its folder; they are dropped here too, before they are joined.
pub(super) fn submodules_of(git: &Git) -> Result<Vec<(String, String)>> {
    if !git.dir().join(".gitmodules").is_file() {
        return Ok(Vec::new());
    }
    let pattern = r"^submodule\..*\.path$";
    let answer = git
        .call([
            "config",
            "--file",
            ".gitmodules",
            "-z",
            "--get-regexp",
            pattern,
        ])
        .run_allowing(&[0, 1])?;
    let mut found = Vec::new();
    for field in answer.fields() {
        let text = String::from_utf8_lossy(field);
        let Some((key, path)) = text.split_once('\n') else {
            continue;
        };
        let name = key
            .strip_prefix("submodule.")
            .and_then(|name| name.strip_suffix(".path"));
        let stays = |text: &&str| !text.is_empty() && !text.split('/').any(|part| part == "..");
        if let Some(name) = name.filter(stays)
            && stays(&path)
            && !name.starts_with('/')
        {
            found.push((name.to_owned(), path.to_owned()));
        }
    }
    Ok(found)
}
