//! Where git is called.
//!
//! [`Repo`] reads, through `gix`: where the repository is, what is checked out, files and
//! commits. Everything that changes something goes through the `git` program, by [`Git`],
//! which runs it the same way every time. Nothing here knows what is in a ticket's file.

mod command;
mod error;
mod history;
mod id;
mod repo;

pub use command::{Author, Call, Git, Output};
pub use error::{GitError, Result};
pub use history::TicketCommit;
pub use id::{BranchName, CommitId, InvalidName, TICKS, TicksPath, TreeId};
pub use repo::{Head, Repo};
