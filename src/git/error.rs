//! What can go wrong with git.

use std::path::PathBuf;
use std::time::Duration;

use super::id::{BranchName, InvalidName};
use super::preflight::{MINIMUM, Version};
use crate::model::{Shown, printable};

/// What went wrong with git.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git` program.
    #[error("there is no `git` program on the PATH")]
    Missing,
    /// The `git` program is too old.
    #[error("git is version {version}: expected at least {MINIMUM}")]
    TooOld {
        /// What it is.
        version: Version,
    },
    /// `git` could not be started, or the talk with it broke.
    #[error("`{command}` could not be run: {source}")]
    Start {
        /// The command line, printable.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// `git` answered with an exit code that means failure.
    #[error("`{command}` failed ({}){}", shown_code(*.code), shown_tail(.stderr))]
    Failed {
        /// The command line, printable.
        command: String,
        /// The exit code; none if a signal ended it.
        code: Option<i32>,
        /// The end of what it said, printable.
        stderr: String,
    },
    /// `git` took too long and was ended.
    #[error("`{command}` did not end within {} s and was stopped", .limit.as_secs())]
    Timeout {
        /// The command line, printable.
        command: String,
        /// How long it had.
        limit: Duration,
    },
    /// `git` said something that is not of the expected form.
    #[error("`{command}` answered something unexpected: expected {expected}")]
    Unexpected {
        /// The command line, printable.
        command: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A commit could not be signed, as the user's configuration asks for.
    #[error(
        "a commit could not be signed, as git's settings `commit.gpgSign`, `gpg.format` and `user.signingKey` ask for: {0}"
    )]
    Unsigned(Box<GitError>),
    /// There is no repository at or above the folder.
    #[error("`{}` is not in a git repository", Shown(.dir))]
    NotARepository {
        /// Where it was looked for.
        dir: PathBuf,
        /// Whether `GIT_DIR` names one, which does not count.
        another_is_named: bool,
    },
    /// The repository has no working tree.
    #[error("`{}` is a bare repository: there is no working tree here", Shown(.git_dir))]
    Bare {
        /// The repository.
        git_dir: PathBuf,
    },
    /// The repository belongs to another user, and git's `safe.directory` does not name it.
    #[error("the repository `{}` belongs to another user, so git does not trust it", Shown(.dir))]
    Untrusted {
        /// The repository's working tree or folder.
        dir: PathBuf,
    },
    /// The repository has objects that cannot be read yet.
    #[error("the repository of `{}` names its objects by SHA-256: expected SHA-1", Shown(.dir))]
    Sha256 {
        /// Where the repository was found.
        dir: PathBuf,
    },
    /// The repository has branches that cannot be read yet.
    #[error("the repository of `{}` keeps its references as `{}`: expected `files`", Shown(.dir), printable(.format))]
    RefStorage {
        /// Where the repository was found.
        dir: PathBuf,
        /// What it keeps them as, in its own words.
        format: String,
    },
    /// The repository could not be read.
    #[error("{what} could not be read: {reason}")]
    Read {
        /// What was to be read.
        what: String,
        /// Why it could not be.
        reason: String,
    },
    /// Objects that a partial clone left out could not be fetched.
    #[error("what this partial clone left out could not be fetched from `{}`: {reason}", printable(.remote))]
    NotFetched {
        /// The remote.
        remote: String,
        /// Why, in git's words.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("could not {action} `{}`: {source}", Shown(.path))]
    File {
        /// What was to be done, a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Git named something that cannot be a name of its kind.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A branch is not there.
    #[error("there is no branch `{0}`")]
    NoBranch(BranchName),
    /// Something is in the way of a new worktree.
    #[error("no worktree can be made at `{}`: {reason}", Shown(.path))]
    WorktreeInTheWay {
        /// The worktree's folder.
        path: PathBuf,
        /// What is in the way.
        reason: String,
    },
    /// A worktree holds work that is nowhere else.
    #[error("the worktree `{}` holds work that is not committed: {}", Shown(.path), .files.join(", "))]
    Uncommitted {
        /// The worktree's folder.
        path: PathBuf,
        /// The first of the changed files, printable.
        files: Vec<String>,
    },
    /// A worktree is not where its owner left it: on another branch, or in the middle of a
    /// merge or rebase.
    #[error("the worktree `{}` {state}: expected it to be on `{branch}`", Shown(.path))]
    Strayed {
        /// The worktree's folder.
        path: PathBuf,
        /// The branch it belongs to.
        branch: BranchName,
        /// What it is instead, a predicate.
        state: String,
    },
    /// Something cannot be removed, since there is work in it that is nowhere else, or somebody
    /// uses it.
    #[error("`{what}` stays: {reason}")]
    InUse {
        /// What, for people.
        what: String,
        /// Why.
        reason: String,
    },
    /// A reference is no longer what it was, or cannot be made.
    #[error("`{reference}` could not be changed: it is no longer what was seen")]
    Moved {
        /// The reference's full name.
        reference: String,
    },
}

/// A result with [`GitError`].
pub type Result<T> = std::result::Result<T, GitError>;

fn shown_code(code: Option<i32>) -> String {
    code.map_or_else(
        || "ended by a signal".to_owned(),
        |code| format!("exit {code}"),
    )
}

fn shown_tail(stderr: &str) -> String {
    if stderr.is_empty() {
        String::new()
    } else {
        format!(": {stderr}")
    }
}
