//! `tk restore`

use super::{Outcome, Session};
use crate::git::{Brought, Kept};
use crate::ops::{self, RestoreRequest, Restored, described};
use crate::wire::{BackupRecord, BackupState, Detail, RestoreDocument};

/// Bring back what was kept of a ticket's work
///
/// Only people may. Before tk removes a worktree or a branch it keeps everything in it, in
/// `refs/tk/backup/ID/N`: also what was never committed, and what you have reverted since. That
/// comes back as one new commit on the branch checked out here. Where that would overwrite
/// changes of yours nothing is touched. No check is run, and the ticket stays as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk restore x4d
  tk restore x4d --list
  tk restore x4d --from 1 --branch again")]
pub(super) struct Args {
    /// The ticket's id, or a unique beginning or part of it
    #[arg(value_name = "ID")]
    id: String,
    /// Which backup, where there are several
    #[arg(long, value_name = "N")]
    from: Option<u64>,
    /// On a new branch of that name, from the commit checked out here
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Only tell what there is
    #[arg(long, conflicts_with = "branch")]
    list: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let request = RestoreRequest {
                id: self.id,
                from: self.from,
                branch: self.branch,
                list: self.list,
            };
            let restored = ops::restore(project, &request)?;
            if session.screen.is_json() {
                let tickets = match restored.is_ticket {
                    true => ops::show(project, &[restored.id.to_string()])?,
                    false => Vec::new(),
                };
                let tickets = tickets
                    .iter()
                    .map(|ticket| ticket.fields(&Detail::Listed))
                    .collect();
                session.screen.document(&document(restored, tickets))?;
                return Ok(0);
            }
            if request.list {
                session.screen.text(&listed(&restored))?;
            } else {
                session.screen.confirm(&told(&restored))?;
            }
            Ok(0)
        })
    }
}

fn listed(restored: &Restored) -> String {
    let line = |kept: &Kept| {
        let at = kept.at.map_or_else(String::new, |at| format!("{at}  "));
        format!(
            "{:>3}  {at}{:.10}  {}\n",
            kept.number,
            kept.backup.commit.to_string(),
            described(kept)
        )
    };
    restored.kept.iter().map(line).collect()
}

fn told(restored: &Restored) -> String {
    let id = &restored.id;
    match &restored.back {
        Some(back) => {
            let (count, s) = match back.files.len() {
                1 => (1, ""),
                count => (count, "s"),
            };
            format!(
                "{id}  {count} file{s} of backup {} back on `{}`, not checked: {:.10}\n",
                back.number,
                back.branch,
                back.commit.to_string()
            )
        }
        None => format!("{id}  everything that is kept of it is here\n"),
    }
}

fn document(restored: Restored, tickets: Vec<crate::wire::TicketFields>) -> RestoreDocument {
    let back = restored.back;
    RestoreDocument {
        schema: "tk.restore.v1",
        changed: back.is_some(),
        id: restored.id.to_string(),
        from: back.as_ref().map(|back| back.number),
        branch: back.as_ref().map(|back| back.branch.to_string()),
        commit: back.as_ref().map(|back| back.commit.to_string()),
        files: back.map(|back| back.files).unwrap_or_default(),
        backups: restored.kept.into_iter().map(record).collect(),
        tickets,
    }
}

fn record(kept: Kept) -> BackupRecord {
    let (state, files) = match kept.brought {
        Brought::There => (BackupState::There, Vec::new()),
        Brought::Changes { files, .. } => (BackupState::Missing, files),
        Brought::Conflict { files } => (BackupState::Conflict, files),
    };
    BackupRecord {
        number: kept.number,
        reference: kept.backup.reference,
        commit: kept.backup.commit.to_string(),
        at: kept.at,
        state,
        files,
    }
}
