//! Branches tried against one another, by merges that leave nothing in the repository.

use std::collections::BTreeMap;

use super::command::Git;
use super::error::{GitError, Result};
use super::id::{BranchName, CommitId, is_ticks};
use super::merge::shown;
use super::preflight::Version;
use super::scratch::Scratch;

/// The oldest git by which branches are tried: it merges many pairs in one call
/// (`merge-tree --stdin`).
pub const TRIAL: Version = Version {
    major: 2,
    minor: 40,
};

impl Git {
    /// The tips of those of the branches that have commits which `landed` has not.
    ///
    /// # Errors
    /// When git fails, as without that branch.
    pub fn tips_beyond<'a>(
        &self,
        landed: &BranchName,
        branches: impl IntoIterator<Item = &'a BranchName>,
    ) -> Result<BTreeMap<BranchName, CommitId>> {
        let beyond = format!("--no-merged={}", landed.reference());
        let answer = self
            .call(["for-each-ref", "--format=%(objectname) %(refname)"])
            .args([&beyond, "--"])
            .args(branches.into_iter().map(BranchName::reference))
            .run()?;
        let text = String::from_utf8_lossy(&answer.stdout);
        let parts = text.lines().filter_map(|line| line.split_once(' '));
        parts
            .map(|(tip, reference)| {
                let branch = BranchName::of_reference(reference.as_bytes());
                CommitId::parse(tip)
                    .ok()
                    .and_then(|tip| Some((branch?, tip)))
                    .ok_or_else(|| answer.unexpected("a commit and a branch"))
            })
            .collect()
    }

    /// Merges the commits of each pair; the files outside `.ticks/` that conflict, a list a
    /// pair. What git writes meanwhile goes.
    ///
    /// # Errors
    /// When git fails, as one older than [`TRIAL`] does.
    pub fn try_merges(&self, pairs: &[(CommitId, CommitId)]) -> Result<Vec<Vec<String>>> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let scratch = self.scratch_objects()?;
        let wanted: String = pairs.iter().map(|(a, b)| format!("{a} {b}\n")).collect();
        let answer = self
            .clone()
            .env("GIT_OBJECT_DIRECTORY", scratch.path())
            .call([
                "merge-tree",
                "--write-tree",
                "--stdin",
                "--name-only",
                "--no-messages",
                "--allow-unrelated-histories",
            ])
            .stdin(wanted)
            .run()?;
        conflicts(&answer.stdout)
            .filter(|found| found.len() == pairs.len())
            .ok_or_else(|| answer.unexpected("the outcome of each merge"))
    }

    /// A place for objects, in which those of the repository are found too.
    fn scratch_objects(&self) -> Result<Scratch> {
        let objects = self.git_path("objects")?;
        let scratch = Scratch::new()?;
        let alternates = scratch.path().join("info/alternates");
        let mut line = objects.into_os_string().into_encoded_bytes();
        line.push(b'\n');
        std::fs::create_dir(scratch.path().join("info"))
            .and_then(|()| std::fs::write(&alternates, line))
            .map_err(|source| GitError::File {
                action: "write",
                path: alternates,
                source,
            })?;
        Ok(scratch)
    }
}

/// What `merge-tree --stdin --name-only --no-messages` tells: of each merge whether it is
/// clean, the tree, the files that conflict, and an empty field.
fn conflicts(answer: &[u8]) -> Option<Vec<Vec<String>>> {
    let mut fields = answer.split(|byte| *byte == 0).peekable();
    let mut found = Vec::new();
    while fields.peek().is_some_and(|status| !status.is_empty()) {
        let (_clean, _tree) = (fields.next()?, fields.next()?);
        let mut paths = Vec::new();
        loop {
            match fields.next()? {
                b"" => break,
                path if is_ticks(path) => {}
                path => paths.push(shown(path)),
            }
        }
        found.push(paths);
    }
    Some(found)
}
