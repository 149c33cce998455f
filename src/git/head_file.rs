//! The file that names the branch of the main working tree: cheap enough to be looked at
//! before every write of a run, and to be watched.

use std::path::{Path, PathBuf};

use super::id::BranchName;
use super::repo::Repo;

/// `HEAD` of the working tree whose `.ticks/` counts.
#[derive(Clone, Debug)]
pub struct HeadFile {
    folder: PathBuf,
}

impl Repo {
    /// The file that names what is checked out in [`Self::home`].
    #[must_use]
    pub fn home_head_file(&self) -> HeadFile {
        let folder = match self.main_worktree() {
            Some(_) => self.common_dir().to_path_buf(),
            None => self.git_dir().to_path_buf(),
        };
        HeadFile { folder }
    }
}

impl HeadFile {
    /// The branch that is checked out; none where the head is detached, as in the middle of a
    /// rebase, or cannot be read.
    #[must_use]
    pub fn branch(&self) -> Option<BranchName> {
        let text = std::fs::read_to_string(self.folder.join("HEAD")).ok()?;
        let name = text.trim_end().strip_prefix("ref: ")?;
        BranchName::of_reference(name.trim_start().as_bytes())
    }

    /// Whether the repository is where it was.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.folder.join("HEAD").exists()
    }

    /// Whether a git command is changing the index, and perhaps the files, at this moment.
    #[must_use]
    pub fn is_being_changed(&self) -> bool {
        self.folder.join("index.lock").exists()
    }

    /// The folder to watch for changes of it: git puts another file in its place.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
