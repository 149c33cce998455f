//! Worktrees of a run: made, listed, removed; never reset.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::alone::Alone;
use super::backup::{Backup, Backups};
use super::checkout::folder_of;
use super::command::Git;
use super::error::{GitError, Result};
use super::exclude::exclude_line;
use super::id::{BranchName, CommitId};
use super::inner::held_by;
use super::main_tree;
use super::merge::shown;
use super::repo::Repo;
use crate::context::point::Point;
use crate::model::TicketId;

/// How long filling or emptying a worktree may take.
const LIMIT: Duration = Duration::from_secs(1800);

/// Why git itself locks a worktree until it has made it, as `git worktree list` tells.
const UNFINISHED: &str = "initializing";

/// The file in git's folder of a worktree that notes that it is ready.
const READY: &str = "tk-ready";

/// The worktrees of a repository.
#[derive(Clone, Debug)]
pub struct Worktrees {
    pub(super) git: Git,
    pub(super) common_dir: PathBuf,
}

/// A worktree, as git knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worktree {
    /// Its folder, absolute.
    pub path: PathBuf,
    /// The commit checked out; none if there is none yet.
    pub head: Option<CommitId>,
    /// The branch checked out; none if the head is detached.
    pub branch: Option<BranchName>,
    /// Whether it is the entry of a bare repository, with no files.
    pub bare: bool,
    /// Whether the user locked it.
    pub locked: bool,
    /// Whether git was cut off while it made it: then files may be missing.
    pub unfinished: bool,
    /// Whether its folder is gone.
    pub missing: bool,
}

/// What [`Worktrees::add`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// The branch is new.
    Created,
    /// The branch was there; its worktree is new or was there too.
    Continued,
}

/// What makes it right to remove a worktree.
#[derive(Clone, Debug)]
pub enum Removal {
    /// Everything in it is committed on its branch: refused if not.
    Committed,
    /// Everything in it that counts is in this backup.
    BackedUp(Backup),
}

impl Repo {
    /// The repository's worktrees.
    #[must_use]
    pub fn worktrees(&self) -> Worktrees {
        Worktrees {
            git: self.home_git().limit(LIMIT).with_pointers(),
            common_dir: self.common_dir().to_path_buf(),
        }
    }
}

impl Worktrees {
    /// All of them, the main one first.
    ///
    /// # Errors
    /// When git fails.
    pub fn list(&self) -> Result<Vec<Worktree>> {
        list(&self.git, &self.common_dir)
    }

    /// Makes a worktree at `path`, an absolute path, on `branch`: from `start` if there is
    /// no such branch yet. A branch or worktree that is there is continued, never reset; one that
    /// git was cut off in making, so that files are missing, is made anew.
    ///
    /// # Errors
    /// When something else is at `path`, the branch is checked out elsewhere, or git fails.
    pub fn add(&self, path: &Path, branch: &BranchName, start: CommitId) -> Result<Added> {
        let in_the_way = |reason: String| {
            Err(GitError::WorktreeInTheWay {
                path: path.to_path_buf(),
                reason,
            })
        };
        self.recall(path, branch)?;
        for there in self.list()? {
            let here = same_place(&there.path, path);
            match (&there.branch, here) {
                (Some(other), true) if other == branch && !there.missing => {
                    self.reconnect(path)?;
                    self.revive(path, branch)?;
                    if there.unfinished && !self.is_ready(path)? {
                        self.forget(&there)?;
                        break;
                    }
                    return Ok(Added::Continued);
                }
                (_, true) if there.missing && !there.locked => self.forget_missing(&there)?,
                (Some(other), true) => return in_the_way(format!("it is on `{other}`")),
                (None, true) => return in_the_way("it is on no branch".to_owned()),
                (Some(other), false) if other == branch => {
                    let elsewhere = there.path.display();
                    return in_the_way(format!("`{branch}` is checked out in `{elsewhere}`"));
                }
                _ => {}
            }
        }
        match std::fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return in_the_way("there is a folder that is not empty".to_owned());
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return in_the_way(error.to_string()),
        }
        let exists = self.git.commit_of(&branch.reference())?.is_some();
        let call = self.git.call(["worktree", "add", "--quiet"]);
        // A process for each core writes the files: most of the time goes into that.
        let mut call = call.setting("checkout.workers=0");
        if exists {
            call = call.arg("--").arg(path).arg(branch.as_str());
        } else {
            call = call
                .args(["--no-track", "-b", branch.as_str(), "--"])
                .arg(path)
                .arg(start.to_string());
        }
        // Held by git, too: whoever comes next after this program was killed waits until git is done.
        call.holding(Alone::among(&self.common_dir)?).run()?;
        Ok(if exists {
            Added::Continued
        } else {
            Added::Created
        })
    }

    /// Makes the branch of a worktree that is on it again, if somebody deleted it: from the last
    /// commit that was checked out there. Whether that had to be done.
    ///
    /// # Errors
    /// When nothing tells that commit any more, or git fails.
    pub fn revive(&self, path: &Path, branch: &BranchName) -> Result<bool> {
        let reference = branch.reference();
        if self.git.commit_of(&reference)?.is_some() {
            return Ok(false);
        }
        let is_on_it = |there: &Worktree| {
            let on_it = there.branch.as_ref() == Some(branch);
            on_it && !there.missing && same_place(&there.path, path)
        };
        if !self.list()?.iter().any(is_on_it) {
            return Ok(false);
        }
        let log = self.git.at(path).git_dir()?.join("logs/HEAD");
        let text = std::fs::read(&log).unwrap_or_default();
        let last = text
            .split(|byte| *byte == b'\n')
            .rfind(|line| !line.is_empty());
        let id = last.and_then(|line| line.split(|byte| *byte == b' ').nth(1));
        let id = id.and_then(|id| CommitId::parse(&String::from_utf8_lossy(id)).ok());
        let commit = match id {
            Some(id) => self.git.commit_of(&id.to_string())?,
            None => None,
        };
        let Some(commit) = commit else {
            return Err(GitError::WorktreeInTheWay {
                path: path.to_path_buf(),
                reason: format!(
                    "its branch `{branch}` was deleted, and nothing tells its last commit: make \
                     the branch again with `git branch {branch} COMMIT`, or remove the worktree"
                ),
            });
        };
        let why = "tk: the branch was deleted under its worktree";
        self.git.move_reference(&reference, commit, None, why)?;
        Ok(true)
    }

    /// Removes the locks that a killed git left on a worktree and its branch. Only when no
    /// process works in it.
    ///
    /// # Errors
    /// When it is no worktree, or a lock cannot be removed.
    pub fn remove_stale_locks(&self, path: &Path, branch: &BranchName) -> Result<()> {
        let git = self.git.at(path);
        git.expect_worktree(branch)?;
        git.remove_stale_locks(branch)
    }

    /// Notes that everything a worktree needs is in it, for as long as it is there.
    ///
    /// # Errors
    /// When it is none, or the note cannot be written.
    pub fn mark_ready(&self, path: &Path) -> Result<()> {
        let note = self.git.at(path).git_dir()?.join(READY);
        std::fs::write(&note, "").map_err(|source| GitError::File {
            action: "write",
            path: note,
            source,
        })
    }

    /// Whether that was noted.
    ///
    /// # Errors
    /// When it is no worktree.
    pub fn is_ready(&self, path: &Path) -> Result<bool> {
        Ok(self.git.at(path).git_dir()?.join(READY).exists())
    }

    /// Removes the worktree, after a backup of what is in it. Its branch stays. One that is
    /// gone already is forgotten, after a backup of what git still knows of it.
    ///
    /// # Errors
    /// When it holds work that is nowhere else and in no backup, or git fails.
    pub fn remove(&self, path: &Path, removal: &Removal) -> Result<()> {
        let all = self.list()?;
        let Some(there) = all.iter().find(|there| same_place(&there.path, path)) else {
            return Ok(());
        };
        if there.missing {
            return self.forget_missing(there);
        }
        let git = self.git.at(&there.path);
        match removal {
            Removal::Committed => {
                let Some(branch) = &there.branch else {
                    let files = vec!["commits on no branch".to_owned()];
                    return Err(GitError::Uncommitted {
                        path: path.into(),
                        files,
                    });
                };
                git.expect_worktree(branch)?;
                let mut files = git.uncommitted(".")?;
                if let Some(operation) = git.operation()? {
                    files.push(format!("in the middle of {operation}"));
                }
                if !files.is_empty() {
                    files.truncate(5);
                    return Err(GitError::Uncommitted {
                        path: path.into(),
                        files,
                    });
                }
                self.keep(there, &git)?;
            }
            Removal::BackedUp(backup) => {
                if self.git.commit_of(&backup.reference)? != Some(backup.commit) {
                    return Err(GitError::Moved {
                        reference: backup.reference.clone(),
                    });
                }
            }
        }
        let inner = self.inner_work(there)?;
        if !inner.is_empty() {
            return Err(GitError::InUse {
                what: there.shown(),
                reason: held_by(&inner),
            });
        }
        // Forced: git refuses any worktree with submodules otherwise.
        Point::WorktreeRemoved.around(|| self.forget(there))
    }

    /// The repositories inside the worktree with work in them that is nowhere else.
    ///
    /// # Errors
    /// When git fails in the worktree.
    pub(super) fn inner_work(&self, there: &Worktree) -> Result<Vec<String>> {
        let git = self.git.at(&there.path);
        git.inner_work(&self.common_dir, self.beside(there))
    }

    /// Removes the folder that worktrees were in, if nothing is left in it.
    ///
    /// # Errors
    /// When it is empty and cannot be removed.
    pub fn remove_empty_folder(&self, folder: &Path) -> Result<()> {
        match std::fs::remove_dir(folder) {
            Err(source)
                if !matches!(
                    source.kind(),
                    ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound
                ) =>
            {
                Err(GitError::File {
                    action: "remove",
                    path: folder.into(),
                    source,
                })
            }
            _ => Ok(()),
        }
    }

    /// The user's working tree, where ignored files beside those in it count. In a run's own
    /// worktree they are what checks have built, and nobody's work.
    fn beside(&self, there: &Worktree) -> Option<&Path> {
        let of_run = there.branch.as_ref().is_some_and(BranchName::is_of_run);
        (!of_run).then(|| self.git.dir())
    }

    /// Keeps what is in the worktree in a backup.
    fn keep(&self, there: &Worktree, git: &Git) -> Result<()> {
        self.keep_commit(there, git.snapshot(self.beside(there))?)
    }

    fn keep_commit(&self, there: &Worktree, commit: Option<CommitId>) -> Result<()> {
        let Some(commit) = commit else {
            return Ok(());
        };
        let name = there.name_of_backup().ok_or_else(|| GitError::InUse {
            what: there.shown(),
            reason: "nothing says which ticket a backup of it belongs to".to_owned(),
        })?;
        Backups::new(self.git.clone()).keep(&name, commit).map(drop)
    }

    /// Has git forget a worktree whose folder is gone, after a backup of its head, of what was
    /// staged in it, and of commits that only it leads to.
    fn forget_missing(&self, there: &Worktree) -> Result<()> {
        if let Some(folder) = folder_of(&self.common_dir, &there.path) {
            let git = self.git.at(&folder).env("GIT_DIR", &folder);
            self.keep_commit(there, git.snapshot_of_missing()?)?;
        }
        self.forget(there)
    }

    /// Has git remove a worktree, whose folder may be gone.
    fn forget(&self, there: &Worktree) -> Result<()> {
        // Git has locked what it was cut off in making, and is to remove it all the same.
        let again = there.unfinished.then_some("--force");
        let call = self.git.call(["worktree", "remove", "--force"]);
        let call = call.args(again).arg("--").arg(&there.path);
        call.holding(Alone::among(&self.common_dir)?)
            .run()
            .map(drop)
    }

    /// Writes `/<folder>/` into `info/exclude`, once, so that worktrees in the user's working
    /// tree are not seen as untracked files. Whether anything was written.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn exclude(&self, folder: &str) -> Result<bool> {
        let folder = folder.trim_start_matches("./").trim_matches('/');
        if folder.is_empty() || Path::new(folder).is_absolute() || folder.starts_with("..") {
            return Ok(false);
        }
        let mut line = String::from("/");
        for c in folder.chars() {
            if matches!(c, '*' | '?' | '[' | '\\' | ' ') {
                line.push('\\');
            }
            line.push(c);
        }
        line.push('/');
        exclude_line(&self.common_dir, &line)
    }
}

/// All worktrees of the repository in whose folder `git` runs, the main one first.
pub(super) fn list(git: &Git, common_dir: &Path) -> Result<Vec<Worktree>> {
    let shared = Alone::with_others(common_dir)?;
    let answer = git.run(["worktree", "list", "--porcelain", "-z"])?;
    drop(shared);
    let malformed = || answer.unexpected("a list of worktrees");
    let mut found: Vec<Worktree> = Vec::new();
    // The empty line between two of them is dropped by `fields`; each begins with its path.
    for line in answer.fields() {
        let line_text = String::from_utf8_lossy(line);
        let (key, value) = line_text.split_once(' ').unwrap_or((&line_text, ""));
        if key == "worktree" {
            use std::os::unix::ffi::OsStrExt;
            let path = std::ffi::OsStr::from_bytes(&line["worktree ".len()..]);
            found.push(Worktree {
                path: path.into(),
                ..Worktree::default()
            });
            continue;
        }
        let worktree = found.last_mut().ok_or_else(malformed)?;
        match key {
            "HEAD" => {
                let id = CommitId::parse(value).map_err(|_| malformed())?;
                worktree.head = Some(id).filter(|id| !id.0.is_null());
            }
            "branch" => worktree.branch = BranchName::of_reference(value.as_bytes()),
            "bare" => worktree.bare = true,
            "locked" if value == UNFINISHED => worktree.unfinished = true,
            "locked" => worktree.locked = true,
            _ => {}
        }
    }
    // Where that is not in the main working tree, git names its own folder.
    if let Some(main) = found.first_mut().filter(|main| !main.bare)
        && same_place(&main.path, common_dir)
        && let Some(path) = main_tree::of(git, common_dir)?
    {
        main.path = path;
    }
    for worktree in &mut found {
        worktree.missing = !worktree.bare && !worktree.path.is_dir();
    }
    Ok(found)
}

/// Whether both are one folder; by their text where one of them is gone.
pub(super) fn same_place(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => {
            let resolved = |path: &Path| {
                let parent = path.parent()?.canonicalize().ok()?;
                Some(parent.join(path.file_name()?))
            };
            one == other || (resolved(one).is_some() && resolved(one) == resolved(other))
        }
    }
}

impl Worktree {
    /// What a backup of it is named after: the ticket of its branch, or the run; else, and
    /// where no branch tells, its folder.
    fn name_of_backup(&self) -> Option<TicketId> {
        let of_branch = self.branch.as_ref().and_then(BranchName::subject);
        let of_folder = || {
            let name = self.path.file_name()?.to_str()?;
            TicketId::parse(name.split('@').next()?).ok()
        };
        of_branch.or_else(of_folder)
    }

    /// Its folder as text for people.
    #[must_use]
    pub fn shown(&self) -> String {
        shown(self.path.as_os_str().as_encoded_bytes())
    }
}
