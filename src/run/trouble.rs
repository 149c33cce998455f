//! What keeps an executor from going on.

use super::attempt::AttemptError;
use super::desk::RunIsOver;
use crate::git::GitError;
use crate::ops::{Error, ErrorCode};
use crate::store::StoreError;

/// Why an executor cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The run is over; nobody hears of it any more.
    #[error(transparent)]
    Over(#[from] RunIsOver),
    /// The ticket's file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A git command.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The attempt folder, or what stands behind it.
    #[error(transparent)]
    Attempt(#[from] AttemptError),
    /// The worktree could not be set up.
    #[error("{0}")]
    SetUp(String),
    /// The ticket's checks leave nothing to land in.
    #[error("{0}")]
    Check(String),
    /// Anything else the system refused.
    #[error("{0}")]
    Io(String),
    /// A task of the runner's own died: a bug.
    #[error("a task of the runner died: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl From<AttemptError> for Error {
    fn from(error: AttemptError) -> Self {
        let is_torn = matches!(error, AttemptError::Json { .. });
        let made = Self::caused(ErrorCode::Failed, error);
        match is_torn {
            true => made.hint(
                "move that file away and give the command again: what its worker did is tried again",
            ),
            false => made,
        }
    }
}

impl Trouble {
    /// Whether there is no room on the disk, or a limit on the size of files is reached.
    fn is_full_disk(&self) -> bool {
        let is_full = |source: &std::io::Error| {
            use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
            matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge)
        };
        match self {
            Self::Store(StoreError::Io { source, .. })
            | Self::Attempt(AttemptError::Io { source, .. })
            | Self::Git(GitError::File { source, .. }) => is_full(source),
            // In the C locale that all of git runs in.
            Self::Git(GitError::Failed { stderr, .. }) => [
                "No space left on device",
                "Disk quota exceeded",
                "File too large",
            ]
            .iter()
            .any(|said| stderr.contains(said)),
            _ => false,
        }
    }

    /// What keeps all of the run from going on, as a word, where it is that: no room on the disk,
    /// or commits that cannot be signed.
    pub(super) fn of_everyone(&self) -> Option<&'static str> {
        match self {
            Self::Git(GitError::Unsigned(_)) => Some("signing"),
            _ if self.is_full_disk() => Some("disk_full"),
            _ => None,
        }
    }

    /// The class of failure a ticket's note names.
    pub(super) const fn class(&self) -> &'static str {
        match self {
            Self::Over(_) => "stopped",
            Self::Store(StoreError::Held { .. }) => "held",
            Self::Store(_) => "ticket_file",
            Self::Git(_) => "git",
            Self::Attempt(_) | Self::Io(_) => "worker_start",
            Self::SetUp(_) => "setup",
            Self::Check(_) => "check",
            Self::Task(_) => "bug",
        }
    }
}

/// Does something that blocks, away from the loop.
pub(super) async fn blocking<T, E>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Trouble>
where
    T: Send + 'static,
    E: Send + 'static,
    Trouble: From<E>,
{
    Ok(tokio::task::spawn_blocking(work).await??)
}
