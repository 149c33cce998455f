//! Landing: moving the user's branch to what a run has merged.
//!
//! Where the branch is checked out its files follow, as in a fast-forward, under two
//! conditions that a fast-forward does not know: `tk` itself has edited ticket files there,
//! which is no reason to refuse, and files that git ignores, such as `.env`, are not to be
//! overwritten. So the index is given the ticket files of the target first (then git leaves
//! those files alone), in a copy to see whether git would go on, and then in earnest.
//!
//! The ticket files themselves are not touched: the caller settles them afterwards, under
//! the store's lock, with [`Landed::tickets`].

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::checkout::Use;
use super::command::Git;
use super::error::{GitError, Result};
use super::id::{BranchName, CommitId, TicksPath};
use super::index::{IndexCopy, SavedIndex};
use super::merge::{TicketSides, shown};
use super::ticks::parents_are_real;
use super::tree::{Difference, Entries, Entry};
use crate::context::point::Point;

/// How often landing begins anew when the branch moves under it.
const TRIES: u32 = 3;

/// What became of landing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landing {
    /// The branch is at the target now.
    Landed(Landed),
    /// The branch had it already.
    AlreadyThere,
    /// The branch has commits that the target has not: they must be merged into the target
    /// and gated first.
    Moved {
        /// The branch's tip.
        tip: CommitId,
    },
    /// It cannot be done now. Nothing was changed.
    Refused(Refusal),
}

/// Why landing was refused; once that is out of the way, landing again finishes the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: String,
    /// The files that are in the way, where it is files.
    pub paths: Vec<String>,
    /// The working tree that has the branch checked out.
    pub worktree: Option<PathBuf>,
}

/// What landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// Where the branch was.
    pub from: CommitId,
    /// Where it is.
    pub to: CommitId,
    /// The working tree that has it checked out, if one has.
    pub worktree: Option<PathBuf>,
}

impl Git {
    /// Moves the branch to `target`, with the files of the working tree that has it checked
    /// out; this one or any other of the repository.
    ///
    /// # Errors
    /// When there is no such branch, or git fails in a way that is not a refusal.
    pub fn land(&self, branch: &BranchName, target: CommitId) -> Result<Landing> {
        let _one_at_a_time = self.landing()?;
        let mut tries = 0;
        loop {
            tries += 1;
            let tip = self
                .commit_of(&branch.reference())?
                .ok_or_else(|| GitError::NoBranch(branch.clone()))?;
            if self.is_ancestor(target, tip)? {
                return Ok(Landing::AlreadyThere);
            }
            if !self.is_ancestor(tip, target)? {
                return Ok(Landing::Moved { tip });
            }
            let landed = |worktree| {
                Ok(Landing::Landed(Landed {
                    from: tip,
                    to: target,
                    worktree,
                }))
            };
            let there = match self.use_of(branch)? {
                Use::Busy(reason) => return Ok(refused(reason, Vec::new(), None)),
                Use::None => match self.move_branch(branch, target, Some(tip), "tk: land") {
                    Ok(()) => return landed(None),
                    Err(GitError::Moved { .. }) if tries < TRIES => continue,
                    Err(error) => return Err(error),
                },
                Use::Worktree(there) => there.path,
            };
            let git = self.at(&there).env("GIT_REFLOG_ACTION", "tk: land");
            let checkout = Checkout { git, tip, target };
            return match checkout.land(branch)? {
                None => landed(Some(there)),
                // Somebody has committed meanwhile: that is no reason to refuse.
                Some(_) if tries < TRIES && self.commit_of(&branch.reference())? != Some(tip) => {
                    continue;
                }
                Some((reason, paths)) => Ok(refused(reason, paths, Some(there))),
            };
        }
    }

    /// The right to land, over all processes of the clone: two runs that end at once would
    /// take each other's changes of the index for the user's. Letting go of it gives it to the
    /// next.
    fn landing(&self) -> Result<File> {
        let path = self.git_path("objects")?;
        let locked = File::open(&path).and_then(|folder| folder.lock().map(|()| folder));
        locked.map_err(|source| GitError::File {
            action: "lock",
            path,
            source,
        })
    }
}

impl Landed {
    /// The files of `.ticks/` that landed and that the working tree has otherwise: `base` is
    /// what the branch had before, `ours` what is in the working tree, `theirs` what landed.
    /// To be asked for, and answered by writing, under the store's lock.
    ///
    /// It tells the same however often it is asked, also in a later process.
    ///
    /// # Errors
    /// When git fails, or a file cannot be read.
    pub fn tickets(&self) -> Result<Vec<TicketSides>> {
        let Some(worktree) = &self.worktree else {
            return Ok(Vec::new());
        };
        let git = Git::new(worktree);
        let changes = git.ticket_changes(self.from, self.to)?;
        let sides = changes
            .iter()
            .flat_map(|(_, change)| [&change.before, &change.after]);
        let objects = sides.flatten().map(|entry| entry.object.as_str());
        let mut blobs = git.blobs(objects)?.into_iter();
        let mut found = Vec::new();
        for (path, change) in changes {
            let base = change.before.and_then(|_| blobs.next());
            let theirs = change.after.and_then(|_| blobs.next());
            let ours = read(worktree, &path)?;
            if ours != theirs {
                found.push(TicketSides {
                    path,
                    base,
                    ours,
                    theirs,
                });
            }
        }
        Ok(found)
    }

    /// Has git look at the working tree's files again, so that those that are as they landed
    /// are known to be clean.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn refresh(&self) -> Result<()> {
        let Some(worktree) = &self.worktree else {
            return Ok(());
        };
        // Its exit code says whether there are changes; a lock held by another is no harm.
        let args = ["update-index", "-q", "--refresh"];
        Git::new(worktree).call(args).run_any().map(drop)
    }
}

/// A working tree that has the branch checked out.
struct Checkout {
    git: Git,
    tip: CommitId,
    target: CommitId,
}

/// Why not: the reason and the files in the way.
type Why = Option<(String, Vec<String>)>;

impl Checkout {
    fn land(&self, branch: &BranchName) -> Result<Why> {
        let why = |reason: String| Ok(Some((reason, Vec::new())));
        self.git.expect_worktree(branch)?;
        let place = self.git.dir().display();
        if let Some(operation) = self.git.operation()? {
            return why(format!("`{place}` is in the middle of {operation}"));
        }
        if !self.git.paths(&["ls-files", "-u", "-z"])?.is_empty() {
            return why(format!("`{place}` has unresolved conflicts"));
        }
        if let Some(lock) = self.lock(branch)? {
            let lock = lock.display();
            return why(format!(
                "another git command is at work in `{place}`, or was killed there: if none is, \
                 remove `{lock}`"
            ));
        }
        let mut edits = self.ticket_edits()?;
        if self.in_the_way(&edits)?.is_some() {
            edits.extend(self.landed_already(&edits)?);
            if let Some(said) = self.in_the_way(&edits)? {
                return self.explain(&edits, said).map(Some);
            }
        }
        let saved = if edits.is_empty() {
            None
        } else {
            Some(SavedIndex::of(&self.git)?)
        };
        let edit = || self.git.edit_index(&edits);
        let edited = Point::HomeIndex.around(edit).and_then(|()| {
            let shown = saved.as_ref().map(|_| self.git.index_listing());
            shown.transpose()
        });
        let merged = match edited {
            Ok(edited) => (Point::HomeMoved.around(|| self.fast_forward()), edited),
            Err(error) if error.to_string().contains("index.lock") => {
                return why(format!("another git command is at work in `{place}`"));
            }
            Err(error) => (Err(error), None),
        };
        let said = match merged {
            (Ok(None), _) => return Ok(None),
            (failed, edited) => {
                if let Some(saved) = saved {
                    saved.put_back(&self.git, edited.as_deref())?;
                }
                failed?.unwrap_or_default()
            }
        };
        self.explain(&edits, said).map(Some)
    }

    /// The entries that the index needs for git to leave the ticket files in the working
    /// tree alone: of those that differ and are there, or that the index has otherwise.
    /// What is neither, git itself may write; and delete what the target has not, if it is
    /// as it was: an edited ticket whose file is deleted is a reason to refuse.
    fn ticket_edits(&self) -> Result<Vec<(Vec<u8>, Option<Entry>)>> {
        let index: Entries = self.git.index_entries()?;
        let mut edits = Vec::new();
        for (path, change) in self.git.ticket_changes(self.tip, self.target)? {
            let bytes = path.as_str().as_bytes();
            let here = self.git.dir().join(&path).symlink_metadata();
            let real = parents_are_real(self.git.dir(), path.as_ref());
            let is_file = real && here.as_ref().is_ok_and(std::fs::Metadata::is_file);
            let is_gone = here.is_err() && index.get(bytes) != change.before.as_ref();
            if change.after.is_some() && (is_file || is_gone) {
                edits.push((bytes.to_vec(), change.after));
            }
        }
        Ok(edits)
    }

    /// What git says against going on; nothing of files that it ignores, which are in the way, too.
    fn in_the_way(&self, edits: &[(Vec<u8>, Option<Entry>)]) -> Result<Option<String>> {
        let said = self.rehearse(edits)?;
        if said.is_none() && !self.ignored_in_the_way(edits)?.is_empty() {
            return Ok(Some(String::new()));
        }
        Ok(said)
    }

    /// A lock that would cut the fast-forward off in the middle.
    fn lock(&self, branch: &BranchName) -> Result<Option<PathBuf>> {
        let names = ["index".to_owned(), "HEAD".to_owned(), branch.reference()];
        for name in names {
            let lock = self.git.git_path(&format!("{name}.lock"))?;
            if lock.symlink_metadata().is_ok() {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// The entries of files that nobody has put into the index and that are as they are to land: a
    /// fast-forward that was killed has written them. They hold nothing that would be lost.
    fn landed_already(
        &self,
        edits: &[(Vec<u8>, Option<Entry>)],
    ) -> Result<Vec<(Vec<u8>, Option<Entry>)>> {
        let mut dirty: BTreeSet<Vec<u8>> = self.git.changed_paths(".")?.into_iter().collect();
        dirty.extend(self.ignored_in_the_way(edits)?);
        let tip = self.tip.to_string();
        let staged =
            self.git
                .paths(&["diff-index", "--cached", "-z", "--name-only", &tip, "--"])?;
        let known = edits.iter().map(|(path, _)| path).chain(&staged);
        for path in known {
            dirty.remove(path);
        }
        let differing = self.git.differing(self.tip, self.target, &[])?;
        let there = differing.into_iter().filter(|difference| {
            let path = self.git.dir().join(OsStr::from_bytes(&difference.path));
            dirty.contains(&difference.path) && path.symlink_metadata().is_ok()
        });
        let mut there: Vec<_> = there.map(|there| (there.path, there.after)).collect();
        there.retain(|(_, after)| after.is_some());
        let copy = IndexCopy::of(&self.git)?;
        let git = self.git.with_index(copy.path());
        git.edit_index(&there)?;
        git.call(["update-index", "-q", "--refresh"]).run_any()?;
        let otherwise = git.paths(&["diff-files", "-z", "--name-only"])?;
        there.retain(|(path, _)| !otherwise.contains(path));
        Ok(there)
    }

    /// Whether git would go on, tried with a copy of the index; what it says if not.
    fn rehearse(&self, edits: &[(Vec<u8>, Option<Entry>)]) -> Result<Option<String>> {
        let copy = IndexCopy::of(&self.git)?;
        let git = self.git.with_index(copy.path());
        git.edit_index(edits)?;
        // A file that was rewritten with the same bytes is no change. The exit code tells
        // only that there are changes.
        git.call(["update-index", "-q", "--refresh"]).run_any()?;
        let (tip, target) = (self.tip.to_string(), self.target.to_string());
        let answer = git
            .call(["read-tree", "-n", "-m", "-u", &tip, &target])
            .run_allowing(&[0, 128])?;
        Ok((answer.code != Some(0)).then(|| answer.tail()))
    }

    /// Fast-forwards; what git says if it refuses.
    fn fast_forward(&self) -> Result<Option<String>> {
        let answer = self
            .git
            .call([
                "merge",
                "--ff-only",
                "--no-squash",
                "--no-autostash",
                "--no-overwrite-ignore",
                "--no-verify-signatures",
                "--no-stat",
                "--quiet",
                &self.target.to_string(),
            ])
            .run_any()?;
        if answer.code == Some(0) && self.git.head_commit()? == self.target {
            return Ok(None);
        }
        Ok(Some(answer.tail()))
    }

    /// Files that git ignores, and a rehearsal does not see, where the target has new ones.
    fn ignored_in_the_way(&self, edits: &[(Vec<u8>, Option<Entry>)]) -> Result<Vec<Vec<u8>>> {
        let added = self.changed(edits, "A")?;
        let mut there: Vec<Vec<u8>> = added.iter().filter_map(|path| self.file_at(path)).collect();
        there.sort();
        there.dedup();
        if !there.is_empty() {
            let tracked = self.git.index_paths()?;
            there.retain(|path| !tracked.contains(path));
        }
        Ok(there)
    }

    /// The file that is at that path, or where a folder on the way to it would be.
    fn file_at(&self, path: &[u8]) -> Option<Vec<u8>> {
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        ends.map(|(end, _)| &path[..end])
            .chain([path])
            .find(|part| {
                let part = self.git.dir().join(OsStr::from_bytes(part));
                part.symlink_metadata().is_ok_and(|found| !found.is_dir())
            })
            .map(<[u8]>::to_vec)
    }

    /// The paths that differ, in the ways that the letters of git's `--diff-filter` tell, but
    /// for those whose index entries are given beforehand.
    fn changed(&self, edits: &[(Vec<u8>, Option<Entry>)], ways: &str) -> Result<Vec<Vec<u8>>> {
        let (tip, target) = (self.tip.to_string(), self.target.to_string());
        let ways = format!("--diff-filter={ways}");
        let mut changed = self.git.paths(&[
            "diff-tree",
            "-r",
            "-z",
            "--name-only",
            "--no-renames",
            &ways,
            &tip,
            &target,
        ])?;
        changed.retain(|path| edits.iter().all(|(edited, _)| edited != path));
        Ok(changed)
    }

    /// The files in the way, and in words why that is a reason; else what git said.
    fn explain(
        &self,
        edits: &[(Vec<u8>, Option<Entry>)],
        said: String,
    ) -> Result<(String, Vec<String>)> {
        let changed = self.changed(edits, "ACDMRTUX")?;
        let deleted = self.changed(edits, "D")?;
        let mut dirty = self.git.changed_paths(".")?;
        dirty.extend(self.ignored_in_the_way(edits)?);
        dirty.sort();
        dirty.dedup();
        let meets = |one: &[u8], other: &[u8]| {
            one == other
                || one
                    .strip_prefix(other)
                    .is_some_and(|rest| rest.first() == Some(&b'/'))
        };
        // What is gone and is to go is in nobody's way.
        let is_gone = |path: &Vec<u8>| deleted.contains(path) && self.file_at(path).is_none();
        dirty.retain(|path| {
            let meets = |other: &Vec<u8>| meets(path, other) || meets(other, path);
            changed.iter().any(meets) && !is_gone(path)
        });
        let place = self.git.dir().display();
        let reason = if dirty.is_empty() {
            let said: Vec<&str> = said
                .lines()
                .map(|line| line.trim_start_matches("\\t"))
                .collect();
            format!("git refuses in `{place}`: {}", said.join(" "))
        } else {
            format!("files in `{place}` that are not committed would be overwritten")
        };
        Ok((reason, dirty.iter().map(|path| shown(path)).collect()))
    }
}

impl Git {
    /// The plain files of `.ticks/` that differ between the commits.
    fn ticket_changes(&self, from: CommitId, to: CommitId) -> Result<Vec<(TicksPath, Difference)>> {
        let differences = self.ticks_between(from, to)?;
        Ok(differences
            .into_iter()
            .filter_map(|difference| {
                let path = std::str::from_utf8(&difference.path).ok()?;
                let path = TicksPath::parse(path).ok()?;
                let sides = [&difference.before, &difference.after];
                let plain = sides.into_iter().flatten().all(Entry::is_file);
                plain.then_some((path, difference))
            })
            .collect())
    }
}

fn refused(reason: String, paths: Vec<String>, worktree: Option<PathBuf>) -> Landing {
    Landing::Refused(Refusal {
        reason,
        paths,
        worktree,
    })
}

/// The file's content; none if it is not there.
fn read(worktree: &Path, path: &TicksPath) -> Result<Option<Vec<u8>>> {
    let full = worktree.join(path);
    match std::fs::read(&full) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(GitError::File {
            action: "read",
            path: full,
            source,
        }),
    }
}
