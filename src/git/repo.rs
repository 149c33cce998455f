//! Finding the repository, and reading from it.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

use super::command::{Author, Git};
use super::error::{GitError, Result};
use super::id::{BranchName, CommitId};
use super::main_tree;
use super::plain::Plain;

/// A repository with a working tree, opened once: at the first read, where its folders are known
/// before.
///
/// Reads go through `gix`. It stays in its thread (finding it again takes a millisecond);
/// [`Git`] and the types that change things hold nothing but paths and go anywhere.
#[derive(Debug, Clone)]
pub struct Repo {
    gix: OnceCell<gix::Repository>,
    /// What its own file of settings says, where that is known without opening it and counts.
    settings: Option<gix::config::File>,
    git_dir: PathBuf,
    common_dir: PathBuf,
    worktree_root: PathBuf,
    main_worktree: Option<PathBuf>,
    /// Whether `gix` is kept from git's variables, and with them from the user's.
    shut: bool,
}

/// Variables that would have `gix` open the folder as something else than it is.
const MISLEADING: &[&str] = &[
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_NAMESPACE",
];

/// What is checked out in a working tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The branch; none if the head is detached.
    pub branch: Option<BranchName>,
    /// The commit; none if there is no commit yet.
    pub commit: Option<CommitId>,
}

impl Repo {
    /// The repository at or above `cwd`: from any folder of any worktree or submodule.
    ///
    /// The folder alone decides; `GIT_DIR` and its like in the environment, as hooks set
    /// them, do not count.
    ///
    /// # Errors
    /// When there is none, it is bare, another user's, or cannot be read; but where its folders
    /// are known without opening it, that is seen at the first read.
    pub fn discover(cwd: &Path) -> Result<Self> {
        let shut = is_shut();
        if let Some(plain) = Plain::find(cwd) {
            return Ok(Self {
                gix: OnceCell::new(),
                settings: plain.settings,
                common_dir: plain.git_dir.clone(),
                git_dir: plain.git_dir,
                main_worktree: Some(plain.worktree_root.clone()),
                worktree_root: plain.worktree_root,
                shut,
            });
        }
        let gix = open(cwd, shut)?;
        let Some(worktree_root) = gix.workdir() else {
            return Err(GitError::Bare {
                git_dir: resolved(gix.git_dir())?,
            });
        };
        let worktree_root = resolved(worktree_root)?;
        let common_dir = resolved(gix.common_dir())?;
        let git_dir = resolved(gix.git_dir())?;
        let main_worktree = if git_dir == common_dir {
            Some(worktree_root.clone())
        } else if gix.config_snapshot().string("core.worktree").is_some() {
            // A submodule's, of which `gix` takes a linked one for the main one.
            main_tree::told(&Git::new(&worktree_root), &common_dir)?
        } else {
            let main = gix
                .main_repo()
                .map_err(|error| unreadable("the repository", &error))?;
            let main = main.workdir().filter(|dir| dir.is_dir());
            main.map(resolved).transpose()?
        };
        Ok(Self {
            settings: None,
            git_dir,
            common_dir,
            gix: OnceCell::from(gix),
            worktree_root,
            main_worktree,
            shut,
        })
    }

    /// The folder that all worktrees share: `.git` of the main one, absolute.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The top of the working tree it was found from, absolute.
    #[must_use]
    pub fn worktree_root(&self) -> &Path {
        &self.worktree_root
    }

    /// The top of the main working tree, absolute, also when called from a linked one.
    /// None if the repository itself is bare.
    #[must_use]
    pub fn main_worktree(&self) -> Option<&Path> {
        self.main_worktree.as_deref()
    }

    /// The working tree whose `.ticks/` counts: the main one, else this one.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.main_worktree().unwrap_or(&self.worktree_root)
    }

    /// The `git` program in the working tree it was found from.
    #[must_use]
    pub fn git(&self) -> Git {
        Git::new(&self.worktree_root)
    }

    /// The `git` program in [`Self::home`].
    #[must_use]
    pub fn home_git(&self) -> Git {
        Git::new(self.home())
    }

    /// What is checked out in the working tree it was found from.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn head(&self) -> Result<Head> {
        head_of(self.gix()?)
    }

    /// What is checked out in [`Self::home`].
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn home_head(&self) -> Result<Head> {
        if self.home() == self.worktree_root {
            return self.head();
        }
        head_of(&open(self.home(), self.shut)?)
    }

    /// The commit at the branch's tip; none if there is no such branch.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn branch_tip(&self, branch: &BranchName) -> Result<Option<CommitId>> {
        let read = |error: gix::Error| unreadable(&format!("branch `{branch}`"), &error);
        let name = branch.reference();
        let found = self
            .gix()?
            .try_find_reference(name.as_str())
            .map_err(read)?;
        let Some(mut reference) = found else {
            return Ok(None);
        };
        let commit = reference.peel_to_commit().map_err(read)?;
        Ok(Some(CommitId(commit.id)))
    }

    /// The content of the file at `path` in the commit; none if it has no such file.
    ///
    /// # Errors
    /// When the commit cannot be read.
    pub fn blob_at(&self, commit: CommitId, path: impl AsRef<Path>) -> Result<Option<Vec<u8>>> {
        match self.entry_at(commit, path.as_ref())? {
            Some((mode, id)) if mode.is_blob() => {
                Ok(Some(std::mem::take(&mut self.object(id)?.data)))
            }
            _ => Ok(None),
        }
    }

    /// Whether everything in `ancestor` is also in `commit`; true if they are the same.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn is_ancestor(&self, ancestor: CommitId, commit: CommitId) -> Result<bool> {
        if ancestor == commit {
            return Ok(true);
        }
        let bases = self
            .gix()?
            .merge_bases_many(ancestor.0, &[commit.0])
            .map_err(|error| unreadable("the history", &error))?;
        Ok(bases.iter().any(|base| base.detach() == ancestor.0))
    }

    /// The user's name and address, as configured; none if one of them is not.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub fn user(&self) -> Result<Option<Author>> {
        let name = self.setting("user.name")?;
        let email = self.setting("user.email")?;
        Ok(name.zip(email).map(|(name, email)| Author { name, email }))
    }

    /// The configuration's value of that key; none if it is not set, or blank.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub fn setting(&self, key: &'static str) -> Result<Option<String>> {
        let own = self.settings.as_ref();
        let value = if let Some(value) = own.and_then(|settings| settings.string(key)) {
            value.to_str_lossy().into_owned()
        } else if self.shut {
            let git = self.git();
            let answer = git.call(["config", "--get", key]).run_allowing(&[0, 1])?;
            answer.line()
        } else {
            let value = self.gix()?.config_snapshot().string(key);
            value.unwrap_or_default().to_str_lossy().into_owned()
        };
        let value = value.trim();
        Ok((!value.is_empty()).then(|| value.to_owned()))
    }

    /// Whether git settles a conflict by itself that is spelt as one that was settled before, in
    /// whatever file, and takes the merge of that file for done.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub fn settles_again(&self) -> Result<bool> {
        let settings = self.gix()?.config_snapshot();
        let has_begun = || self.common_dir.join("rr-cache").is_dir();
        Ok(settings.boolean("rerere.autoUpdate").unwrap_or_default()
            && settings.boolean("rerere.enabled").unwrap_or_else(has_begun))
    }

    /// Whether [`Self::home`] may be a sparse checkout. One that was and is none any more may be
    /// told of, too.
    #[must_use]
    pub fn may_be_sparse(&self) -> bool {
        self.homes_git_dir().join("info/sparse-checkout").exists()
    }

    /// Whether something was ever checked out in [`Self::home`], or added: not after
    /// `git clone --no-checkout`.
    #[must_use]
    pub fn has_index(&self) -> bool {
        self.homes_git_dir().join("index").exists()
    }

    /// What git keeps of [`Self::home`] alone.
    fn homes_git_dir(&self) -> &Path {
        match self.main_worktree() {
            Some(_) => &self.common_dir,
            None => &self.git_dir,
        }
    }

    /// Whether git, started in [`Self::home`], finds this repository: it does not where nothing
    /// but the setting `core.worktree` leads from the one to the other.
    ///
    /// # Errors
    /// When a folder that git names is not there.
    pub fn is_found_from_home(&self) -> Result<bool> {
        if self.homes_git_dir() == self.home().join(".git") {
            return Ok(true);
        }
        let Ok((found, _)) = gix::discover::upwards(self.home()) else {
            return Ok(false);
        };
        let (git_dir, _) = found.into_repository_and_work_tree_directories();
        Ok(resolved(&git_dir)? == self.homes_git_dir())
    }

    /// What git keeps of the working tree it was found from alone: `.git` of the main one, a folder
    /// in that of a linked one; absolute.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The repository itself, for the other readers of this module.
    ///
    /// # Errors
    /// When it cannot be read, or a file of settings cannot.
    pub(super) fn gix(&self) -> Result<&gix::Repository> {
        if let Some(gix) = self.gix.get() {
            return Ok(gix);
        }
        let gix = open(&self.worktree_root, self.shut)?;
        Ok(self.gix.get_or_init(|| gix))
    }

    /// Opens it once more, for another thread.
    pub(super) fn again(&self) -> impl Fn() -> Result<gix::Repository> + Sync + use<> {
        let (root, shut) = (self.worktree_root.clone(), self.shut);
        move || open(&root, shut)
    }
}

/// Whether something in the environment is to be kept from `gix`.
fn is_shut() -> bool {
    MISLEADING
        .iter()
        .any(|name| std::env::var_os(name).is_some())
}

/// Opens the repository at or above `cwd`, if it is the user's.
fn open(cwd: &Path, shut: bool) -> Result<gix::Repository> {
    let mut permissions = gix::open::Permissions::all();
    permissions.env.objects = gix::sec::Permission::Deny;
    if shut {
        // It knows no way to ignore just these.
        permissions.env.git_prefix = gix::sec::Permission::Deny;
    }
    let options = gix::open::Options::default().permissions(permissions);
    let by_trust = gix::sec::trust::Mapping {
        full: options.clone(),
        reduced: options,
    };
    let found = gix::ThreadSafeRepository::discover_opts(
        cwd,
        gix::discover::upwards::Options::default(),
        by_trust,
    );
    let mut gix = match found {
        Ok(found) => found.to_thread_local(),
        Err(error) => return Err(not_found(cwd, &error)),
    };
    gix.make_paths_absolute()
        .map_err(|error| unreadable("the repository", &error))?;
    if gix.git_dir_trust() != gix::sec::Trust::Full {
        let dir = gix.workdir().unwrap_or_else(|| gix.git_dir());
        return Err(GitError::Untrusted { dir: dir.into() });
    }
    match gix.config_snapshot().string("extensions.refStorage") {
        Some(format) if format.as_bytes() != b"files" => Err(GitError::RefStorage {
            dir: cwd.into(),
            format: format.to_str_lossy().into_owned(),
        }),
        _ => Ok(gix),
    }
}

/// The error that `what` could not be read.
pub(super) fn unreadable(what: &str, error: &gix::Error) -> GitError {
    GitError::Read {
        what: what.to_owned(),
        reason: error.probable_cause().to_string(),
    }
}

fn not_found(cwd: &Path, error: &gix::Error) -> GitError {
    use gix::discover::upwards::Error;
    match error.downcast_any_ref::<Error>() {
        Some(Error::NoTrustedGitRepository { .. }) => GitError::Untrusted { dir: cwd.into() },
        Some(_) => GitError::NotARepository {
            dir: cwd.into(),
            another_is_named: std::env::var_os("GIT_DIR").is_some(),
        },
        None if names_by_sha256(cwd) => GitError::Sha256 { dir: cwd.into() },
        None => unreadable("the repository", error),
    }
}

/// Whether git finds a repository there whose objects are named by SHA-256.
fn names_by_sha256(cwd: &Path) -> bool {
    let format = Git::new(cwd).run(["rev-parse", "--show-object-format"]);
    format.is_ok_and(|answer| answer.line() == "sha256")
}

fn head_of(gix: &gix::Repository) -> Result<Head> {
    let read = |error: gix::Error| unreadable("what is checked out", &error);
    let mut head = gix.head().map_err(read)?;
    let branch = head
        .referent_name()
        .and_then(|name| BranchName::of_reference(name.as_bstr()));
    let commit = head.try_peel_to_id().map_err(read)?;
    Ok(Head {
        branch,
        commit: commit.map(|id| CommitId(id.detach())),
    })
}

/// The path without symbolic links, so that paths of one repository compare equal.
pub(super) fn resolved(path: &Path) -> Result<PathBuf> {
    path.canonicalize().map_err(|source| GitError::File {
        action: "find",
        path: path.into(),
        source,
    })
}
