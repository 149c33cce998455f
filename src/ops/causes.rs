//! From the errors of the layers below to the one error that commands end with.

use std::io::{self, ErrorKind};

use rustix::io::Errno;

use super::{Error, ErrorCode};
use crate::git::GitError;
use crate::store::{InvalidFile, StoreError};

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Io { source, .. } => {
                let remedy = remedy(source);
                Self::caused(ErrorCode::Failed, error).hinting(remedy)
            }
            StoreError::Corrupt { remedy, .. } => {
                let remedy = *remedy;
                Self::caused(ErrorCode::Failed, error).hinting(remedy)
            }
            StoreError::Unwritable { .. } => Self::caused(ErrorCode::Failed, error),
            StoreError::Locked { holder, .. } => {
                let holder = holder.clone();
                Self::caused(ErrorCode::Locked, error)
                    .hint("try again; the lock goes away with the process that holds it")
                    .with("holder", holder)
            }
            StoreError::NotFound(id) => {
                let given = id.to_string();
                Self::caused(ErrorCode::TicketNotFound, error).with("given", given)
            }
            StoreError::Taken(_) => Self::overtaken(error.to_string()),
            StoreError::Invalid(file) => Self::from(file.clone()),
            StoreError::Config(config) => {
                let (path, line) = (config.path.clone(), config.line);
                let (key, hint) = (config.key.clone(), config.hint.clone());
                let mut made = Self::caused(ErrorCode::InvalidConfig, error)
                    .with("path", path)
                    .with("line", line)
                    .with("key", key);
                made.hints.extend(hint);
                made
            }
            StoreError::NoAgent { name, known } => {
                let (name, known) = (name.clone(), known.clone());
                Self::caused(ErrorCode::InvalidConfig, error)
                    .hint(format!("`.ticks/agents/{name}.toml` would define it"))
                    .with("given", name)
                    .with("known", known)
            }
            StoreError::Editing { id, holder } => {
                let (id, holder) = (id.to_string(), holder.clone());
                Self::caused(ErrorCode::Held, error)
                    .with("id", id)
                    .with("holder", holder)
            }
            StoreError::Held { id, claim } => {
                let (id, claim) = (id.to_string(), claim.clone());
                let kept = claim.kept().cloned();
                let made = Self::caused(ErrorCode::Held, error);
                let made = match kept {
                    Some(kept) => made
                        .hint(match kept.closed_at {
                            Some(_) => {
                                "fetch and merge that; where it is open again, `tk sync` in that \
                                 clone tells others"
                            }
                            None => "fetch and merge that",
                        })
                        .hint(format!(
                            "`tk release {id} --force --remote` lets anybody begin it again"
                        ))
                        .with("holder", kept.by),
                    None => made
                        .with("holder", claim.actor)
                        .with("lease_until", claim.lease_until.to_string()),
                };
                made.with("id", id)
            }
        }
    }
}

impl Error {
    /// That another program, which does not wait for the lock, wrote at the same time.
    #[must_use]
    pub fn overtaken(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Locked, message).hint("try again")
    }

    /// That the operating system refused something, with what to do about it where that is known.
    #[must_use]
    pub fn of_system(message: impl Into<String>, refused: &io::Error) -> Self {
        Self::new(ErrorCode::Failed, message).hinting(remedy(refused))
    }

    fn hinting(self, hint: Option<&str>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }
}

/// What to do about what the system refuses, where that is known.
pub(super) fn remedy(refused: &io::Error) -> Option<&'static str> {
    let is_closed = refused.raw_os_error() == Some(Errno::ACCESS.raw_os_error());
    match refused.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Some("make room on the disk, then try again")
        }
        ErrorKind::FileTooLarge => Some("`ulimit -f` tells and sets how large files may be"),
        ErrorKind::PermissionDenied if is_closed => {
            Some("it and its folder must be open to you: `ls -ld` tells whose they are")
        }
        ErrorKind::ReadOnlyFilesystem => Some("the file system is mounted for reading only"),
        _ => None,
    }
}

impl From<InvalidFile> for Error {
    fn from(file: InvalidFile) -> Self {
        let (path, line) = (file.path.clone(), file.line);
        Self::caused(ErrorCode::InvalidTicket, file)
            .hint("`tk doctor` says how to mend it")
            .with("path", path)
            .with("line", line)
    }
}

impl From<GitError> for Error {
    fn from(error: GitError) -> Self {
        match &error {
            GitError::NotARepository {
                another_is_named: true,
                ..
            } => Self::caused(ErrorCode::NoRepository, error).hint(
                "`GIT_DIR` is set and does not count: `tk` goes by the folder that it is started in",
            ),
            GitError::NotARepository { .. } => Self::caused(ErrorCode::NoRepository, error)
                .hint("tickets live in a git repository: `git init`, then `tk init`"),
            GitError::Bare { .. } => Self::caused(ErrorCode::NoRepository, error)
                .hint("run `tk` in a working tree of it"),
            GitError::Untrusted { .. } => Self::caused(ErrorCode::NoRepository, error)
                .hint("git's setting `safe.directory` says which folders of others to trust"),
            GitError::Sha256 { .. } => Self::caused(ErrorCode::NoRepository, error).hint(
                "such repositories cannot be used yet; `git init --object-format=sha1` makes one \
                 that can",
            ),
            GitError::RefStorage { .. } => Self::caused(ErrorCode::NoRepository, error).hint(
                "such repositories cannot be used yet; `git refs migrate --ref-format=files` of a \
                 recent git makes it one that can",
            ),
            GitError::NotFetched { .. } => Self::caused(ErrorCode::Git, error).hint(
                "what is needed for the first time comes from there: try again once it can be \
                 reached",
            ),
            GitError::Unsigned(_) => Self::caused(ErrorCode::Git, error)
                .hint("see that git can sign, then give the command again"),
            GitError::File { source, .. } => {
                let remedy = remedy(source);
                Self::caused(ErrorCode::Git, error).hinting(remedy)
            }
            _ => Self::caused(ErrorCode::Git, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TicketId;

    #[test]
    fn what_says_to_try_again_can_be_tried_again() {
        let id = TicketId::known("abc");
        for error in [
            Error::from(StoreError::Taken(id.clone())),
            Error::overtaken("`abc` was changed by another program"),
        ] {
            assert!(error.code.retryable(), "{error}");
            assert_eq!(error.code.exit_code(), 5, "{error}");
            assert_eq!(error.hints, ["try again"]);
        }
    }
}
