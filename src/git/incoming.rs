//! What comes in with a merge that git has left.

use std::collections::HashSet;
use std::io::ErrorKind;

use super::command::Git;
use super::error::{GitError, Result};
use super::id::CommitId;
use super::unmerged::{Stage, Unmerged};

/// What comes in with a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its commit.
    pub commit: CommitId,
    /// The commit where the sides parted, if there is one.
    pub base: Option<CommitId>,
}

impl Git {
    /// The commit whose changes come in, of which git has left these files: that of a merge, a
    /// cherry-pick, a rebase, a revert, a squash or the stash. None where git has no name for it,
    /// as after a `cherry-pick -n` and of several branches at once.
    ///
    /// # Errors
    /// When git fails, or one of its files cannot be read.
    pub fn incoming<'u>(
        &self,
        files: impl Iterator<Item = &'u Unmerged> + Clone,
    ) -> Result<Option<Incoming>> {
        let named = self.incoming_by_name()?;
        if named.is_some() || self.merges_several()? {
            return Ok(named);
        }
        // These names may have been left by something else.
        let stash = Some(("refs/stash".to_owned(), Some("refs/stash^1")));
        for (name, base) in self
            .squashed()?
            .map(|tip| (tip, None))
            .into_iter()
            .chain(stash)
        {
            if let Some(incoming) = self.with_base(&name, base)?
                && self.has_sides(incoming, files.clone())?
            {
                return Ok(Some(incoming));
            }
        }
        Ok(None)
    }

    /// The same of a merge, a cherry-pick, a rebase or a revert, for which git has a name of its own.
    ///
    /// # Errors
    /// When git fails.
    pub fn incoming_by_name(&self) -> Result<Option<Incoming>> {
        if self.merges_several()? {
            return Ok(None);
        }
        for (name, base) in [
            ("MERGE_HEAD", None),
            ("CHERRY_PICK_HEAD", Some("CHERRY_PICK_HEAD^")),
            ("REBASE_HEAD", Some("REBASE_HEAD^")),
            ("REVERT_HEAD^", Some("REVERT_HEAD")),
        ] {
            if let Some(incoming) = self.with_base(name, base)? {
                return Ok(Some(incoming));
            }
        }
        Ok(None)
    }

    /// Whether several branches come in at once.
    fn merges_several(&self) -> Result<bool> {
        let heads = self.git_dir()?.join("MERGE_HEAD");
        Ok(std::fs::read_to_string(heads).is_ok_and(|text| text.lines().count() > 1))
    }

    /// That commit, if there is one, with the one of the other name, or with where it parted from
    /// what is checked out.
    fn with_base(&self, name: &str, base: Option<&str>) -> Result<Option<Incoming>> {
        let Some(commit) = self.commit_of(name)? else {
            return Ok(None);
        };
        let base = match base {
            Some(base) => self.commit_of(base)?,
            None => self.merge_base(self.head_commit()?, commit)?,
        };
        Ok(Some(Incoming { commit, base }))
    }

    /// The tip of what `merge --squash` has merged, if git tells.
    fn squashed(&self) -> Result<Option<String>> {
        let path = self.git_dir()?.join("SQUASH_MSG");
        let message = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(GitError::File {
                    action: "read",
                    path,
                    source,
                });
            }
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        // The newest first; what the commits say is indented.
        let tip = message
            .lines()
            .find_map(|line| line.strip_prefix("commit "));
        Ok(tip.map(|tip| tip.trim().to_owned()))
    }

    /// Whether all that theirs and the base have of the files is in these commits.
    fn has_sides<'u>(
        &self,
        incoming: Incoming,
        files: impl Iterator<Item = &'u Unmerged> + Clone,
    ) -> Result<bool> {
        let has =
            |commit: Option<CommitId>, side: fn(&Unmerged) -> Option<&Stage>| -> Result<bool> {
                let mut stages = files.clone().filter_map(side).peekable();
                if stages.peek().is_none() {
                    return Ok(true);
                }
                let Some(commit) = commit else {
                    return Ok(false);
                };
                let entries = self.ticks_of(commit)?;
                let there: HashSet<&str> = entries.values().map(|it| it.object.as_str()).collect();
                Ok(stages.all(|stage| there.contains(stage.object.as_str())))
            };
        let is_any = files.clone().any(|file| file.theirs.is_some());
        Ok(is_any
            && has(Some(incoming.commit), |file| file.theirs.as_ref())?
            && has(incoming.base, |file| file.base.as_ref())?)
    }
}
