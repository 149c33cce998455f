//! Repositories as most of them are, whose folders are known without opening them.
//!
//! Opening one takes a good part of a small command's time: `gix` reads the user's and the
//! system's configuration, the references and the objects' folders. Most commands ask for the
//! folders alone.

use std::path::{Path, PathBuf};

use gix::config::File;
use gix::discover::repository;

use super::repo::resolved;

/// The section that may have a repository be something else than its folders tell.
const EXTENSIONS: &str = "extensions";

/// Sections that take in other files. What those say of where the working tree is does not
/// count, but their settings do.
const INCLUDING: [&str; 2] = ["include", "includeif"];

/// The variable by which a configuration says something else than its files.
const OVERRIDING: &str = "GIT_CONFIG_COUNT";

/// A working tree with its own `.git` folder in it, whose configuration leaves it at that.
pub(super) struct Plain {
    /// The `.git` folder, absolute.
    pub(super) git_dir: PathBuf,
    /// The top of the working tree, absolute.
    pub(super) worktree_root: PathBuf,
    /// What the repository's own file of settings says, where nothing else can say otherwise.
    pub(super) settings: Option<File>,
}

impl Plain {
    /// The repository at or above `cwd`, if it is such a one, and the user's.
    pub(super) fn find(cwd: &Path) -> Option<Self> {
        let (found, trust) = gix::discover::upwards(cwd).ok()?;
        let repository::Path::WorkTree(worktree_root) = found else {
            return None;
        };
        let git_dir = worktree_root.join(".git");
        let is_own =
            git_dir.symlink_metadata().ok()?.is_dir() && !git_dir.join("commondir").exists();
        if !is_own || trust != gix::sec::Trust::Full {
            return None;
        }
        let settings = std::fs::read_to_string(git_dir.join("config")).ok()?;
        let settings: File = settings.parse().ok()?;
        let has = |name: &str| settings.sections_by_name(name).is_some();
        let is_bare = !matches!(settings.boolean("core.bare"), Ok(None | Some(false)));
        let version = settings.integer("core.repositoryFormatVersion");
        let is_known = matches!(version, Ok(None | Some(0 | 1)));
        let is_elsewhere = settings.string("core.worktree").is_some();
        if has(EXTENSIONS) || !is_known || is_bare || is_elsewhere {
            return None;
        }
        let is_overridden =
            INCLUDING.into_iter().any(has) || std::env::var_os(OVERRIDING).is_some();
        Some(Self {
            git_dir: resolved(&git_dir).ok()?,
            worktree_root: resolved(&worktree_root).ok()?,
            settings: (!is_overridden).then_some(settings),
        })
    }
}
