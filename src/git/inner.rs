//! Repositories inside a worktree: submodules, and those that somebody cloned or made there.
//! Their commits are in no backup, so a worktree stays as long as one holds work of its own.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::command::Git;
use super::error::Result;
use super::ignored::Ignored;
use super::merge::shown;
use super::submodule::submodules_of;

/// What is said of a worktree with such repositories in it.
pub(super) fn held_by(repositories: &[String]) -> String {
    let named = repositories.join(", ");
    format!("repositories in it hold work that is nowhere else: {named}")
}

impl Git {
    /// The repositories in this worktree with work in them that is nowhere else: files that
    /// are not committed, or commits that neither a remote of theirs nor, for a submodule,
    /// the main clone's copy has. Ignored ones too, if `beside`, the user's working tree, is
    /// given, and they are not below more than is kept of ignored files.
    ///
    /// # Errors
    /// When git fails in the worktree itself.
    pub(super) fn inner_work(
        &self,
        common_dir: &Path,
        beside: Option<&Path>,
    ) -> Result<Vec<String>> {
        let mut inner = self.paths(&["ls-files", "-o", "-z", "--exclude-standard"])?;
        inner.retain(|path| path.ends_with(b"/"));
        let links = self.paths(&["ls-files", "-s", "-z"])?;
        let links = links.iter().filter(|line| line.starts_with(b"160000 "));
        inner.extend(links.filter_map(|line| {
            let tab = line.iter().position(|byte| *byte == b'\t')?;
            Some(line[tab + 1..].to_vec())
        }));
        if let Some(beside) = beside {
            inner.extend(Ignored::of(self, beside)?.repositories);
        }
        if inner.is_empty() {
            return Ok(Vec::new());
        }
        let submodules = submodules_of(self)?;
        let mut found = Vec::new();
        for path in inner {
            let path = path.strip_suffix(b"/").unwrap_or(&path);
            let folder = self.dir().join(OsStr::from_bytes(path));
            if folder.join(".git").symlink_metadata().is_err() {
                // A submodule that is not checked out.
                continue;
            }
            let name = submodules
                .iter()
                .find(|(_, place)| place.as_bytes() == path)
                .map(|(name, _)| common_dir.join("modules").join(name));
            let inside = self.at(&folder);
            // What cannot be read may hold anything.
            if !inside.is_all_elsewhere(name.as_deref()).unwrap_or(false) {
                found.push(shown(path));
            }
        }
        Ok(found)
    }

    fn is_all_elsewhere(&self, clone: Option<&Path>) -> Result<bool> {
        if !self.is_top_of_worktree()? || !self.changed_paths(".")?.is_empty() {
            return Ok(false);
        }
        let head = self.commit_of("HEAD")?.map(|head| head.to_string());
        let mut call = self.call(["rev-list", "--ignore-missing", "--all", "--reflog"]);
        if let Some(head) = &head {
            call = call.arg(head);
        }
        let own = call.args(["--not", "--remotes", "--tags"]).run()?.line();
        if own.is_empty() {
            return Ok(true);
        }
        let Some(clone) = clone.filter(|clone| clone.is_dir()) else {
            return Ok(false);
        };
        let there = self
            .at(clone)
            .call(["cat-file", "--batch-check"])
            .stdin(own + "\n")
            .run()?;
        Ok(!there.line().lines().any(|line| line.ends_with(" missing")))
    }
}
