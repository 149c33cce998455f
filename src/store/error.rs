//! What can be wrong with the store.

use std::io;
use std::path::{Path, PathBuf};

use super::{Claim, InvalidFile, RemoteHold};
use crate::config::ConfigError;
use crate::model::{Shown, TicketId, printable};

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", Shown(path))]
    Io {
        /// What was tried: `read`, `write` and the like.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process holds the lock, and kept it for the whole wait.
    #[error("the store is locked by {holder}")]
    Locked {
        /// Its process id and command, as far as it told.
        holder: String,
        /// The lock's file.
        path: PathBuf,
    },
    /// Another process has the ticket in an editor.
    #[error("`{id}` is being edited by {holder}")]
    Editing {
        /// The ticket.
        id: TicketId,
        /// Its process id and command, as far as it told.
        holder: String,
    },
    /// There is no file for that ticket.
    #[error("no ticket `{0}`")]
    NotFound(TicketId),
    /// There is a file for that ticket already.
    #[error("another program made `{0}` meanwhile")]
    Taken(TicketId),
    /// The ticket's file cannot be read as one.
    #[error(transparent)]
    Invalid(#[from] InvalidFile),
    /// The ticket cannot be written so that it reads back the same.
    #[error("`{id}` cannot be written: {message}")]
    Unwritable {
        /// The ticket.
        id: TicketId,
        /// Why.
        message: String,
    },
    /// A configuration file cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no such agent.
    #[error("no agent `{name}`: expected one of {}", known.join(", "))]
    NoAgent {
        /// The name that was given, printable.
        name: String,
        /// The agents there are.
        known: Vec<String>,
    },
    /// Somebody else has claimed the ticket.
    #[error("`{id}` {}", shown_claim(claim))]
    Held {
        /// The ticket.
        id: TicketId,
        /// The claim that is there.
        claim: Claim,
    },
    /// A file of the store's own is not what `tk` writes.
    #[error("`{}` is not {expected}: {message}", Shown(path))]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
        /// What is wrong with it.
        message: String,
        /// What to do, where that is known.
        remedy: Option<&'static str>,
    },
}

impl StoreError {
    /// For `map_err` on what the operating system answered.
    pub(super) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> Self + use<'a> {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

fn shown_claim(claim: &Claim) -> String {
    if let Some(kept) = claim.kept() {
        return format!("was {kept}");
    }
    let on = |hold: &RemoteHold| format!(" (on `{}`)", printable(&hold.remote));
    let on = claim.remote.as_deref().map_or_else(String::new, on);
    format!("is held by {} until {}{on}", claim.actor, claim.lease_until)
}
