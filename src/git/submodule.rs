//! Submodules of a new worktree.

use std::ffi::OsString;
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
            let clone = clones.join(&name);
            if self.url_of(&name)?.is_some() && clone.is_dir() {
                count += check_out(self, &clone, &name, &path)?;
            }
        }
        Ok(count)
    }

    /// Where the submodule is from; none where it is not one that the user has.
    fn url_of(&self, name: &str) -> Result<Option<String>> {
        let call = self.call(["config", "--get"]);
        let answer = call
            .arg(format!("submodule.{name}.url"))
            .run_allowing(&[0, 1])?;
        Ok((answer.code == Some(0)).then(|| answer.line()))
    }
}

/// Checks out one submodule, and those in it that the clone has too.
fn check_out(git: &Git, clone: &Path, name: &str, path: &str) -> Result<usize> {
    let inside = git.at(git.dir().join(path));
    let update = || {
        git.call(["submodule", "--quiet", "update", "--init", "--reference"])
            .arg(clone)
            .args(["--", path])
    };
    let is_there = || inside.dir().join(".git").exists();
    let mut url = None;
    if !is_there() {
        git.run(["submodule", "--quiet", "init", "--", path])?;
        url = git.url_of(name)?;
    }
    if let Some(url) = url {
        // From what is here already, as if that were where it is from: nothing is asked for over
        // the network, which may not be there.
        let mut here = OsString::from(format!("submodule.{name}.url="));
        here.push(clone);
        let made = update()
            .setting("protocol.file.allow=always")
            .setting(here)
            .run();
        if is_there() {
            let remote = inside.run(["remote"])?.line();
            for remote in remote.lines() {
                inside.run(["remote", "set-url", remote, &url])?;
            }
        }
        if made.is_err() {
            update().run()?;
        }
    } else {
        update().run()?;
    }
    let mut count = 1;
    for (name, path) in submodules_of(&inside)? {
        let clone: PathBuf = clone.join("modules").join(&name);
        if clone.is_dir() {
            count += check_out(&inside, &clone, &name, &path)?;
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
