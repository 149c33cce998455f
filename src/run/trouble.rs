//! What keeps an executor from going on.

use super::attempt::AttemptError;
use super::desk::RunIsOver;
use crate::git::GitError;
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
    /// Anything else the system refused.
    #[error("{0}")]
    Io(String),
    /// A task of the runner's own died: a bug.
    #[error("a task of the runner died: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Trouble {
    /// The class of failure a ticket's note names.
    pub(super) const fn class(&self) -> &'static str {
        match self {
            Self::Over(_) => "stopped",
            Self::Store(StoreError::Held { .. }) => "held",
            Self::Store(_) => "ticket_file",
            Self::Git(_) => "git",
            Self::Attempt(_) | Self::Io(_) => "worker_start",
            Self::SetUp(_) => "setup",
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
