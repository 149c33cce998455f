//! Bringing back what `tk` has kept of a ticket's work before it removed something.

use serde_json::{Value, json};

use super::meant::{resolve_any, whole_id};
use super::{Error, ErrorCode, Project, Result};
use crate::git::{Backups, BranchName, Brought, CommitId, Git, Kept, Landing};
use crate::graph::Graph;
use crate::model::{TicketId, one_line, some_of};
use crate::store::Index;

/// How often a branch may move while something is brought back to it.
const TRIES: u32 = 3;

/// How many files of a backup are named in a message.
const NAMED: usize = 5;

/// What to bring back, and where to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestoreRequest {
    /// The ticket's id, or a part of it.
    pub id: String,
    /// The number of the backup.
    pub from: Option<u64>,
    /// A new branch for it, instead of the one that is checked out.
    pub branch: Option<String>,
    /// Only tell what there is.
    pub list: bool,
}

/// What is kept, and what of it is back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The ticket.
    pub id: TicketId,
    /// The backups that were looked at, newest first.
    pub kept: Vec<Kept>,
    /// What is back.
    pub back: Option<Back>,
    /// Whether there is a ticket of that id.
    pub is_ticket: bool,
}

/// Work that is back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    /// The backup's number.
    pub number: u64,
    /// The branch that has it.
    pub branch: BranchName,
    /// The commit that has it.
    pub commit: CommitId,
    /// The files that it changed.
    pub files: Vec<String>,
}

/// Brings the work of a ticket back, as a new commit on the branch that is checked out, or on a
/// new one. Files of the user's that are not committed are not touched, nor is the ticket.
///
/// # Errors
/// When an agent does it; when nothing is kept, or several things are and none is named; when
/// what is kept conflicts with what is there, or would overwrite what is not committed.
pub fn restore(project: &Project, request: &RestoreRequest) -> Result<Restored> {
    project.require_human("restore work")?;
    let git = project.repo.git();
    let backups = Backups::new(project.repo.home_git());
    let index = project.index()?;
    let id = subject(project, &index, &backups, &request.id)?;
    for _ in 0..TRIES {
        let head = project.repo.head()?;
        let tip = head.commit.ok_or_else(|| {
            Error::new(ErrorCode::Git, "there is no commit yet").hint("commit something first")
        })?;
        let kept = backups.kept(&id, tip, request.from)?;
        let is_ticket = index.get(&id).is_some();
        let mut restored = Restored {
            id: id.clone(),
            kept,
            back: None,
            is_ticket,
        };
        if restored.kept.is_empty() {
            return Err(nothing(&git, &id, request.from)?);
        }
        if request.list {
            return Ok(restored);
        }
        let Some((number, files, commit)) = bring(&git, &index, &restored, tip)? else {
            return Ok(restored);
        };
        let branch = match (&request.branch, head.branch) {
            (Some(name), _) => new_branch(&git, name, commit)?,
            (None, None) => return Err(detached(&id)),
            (None, Some(branch)) => match git.land(&branch, commit)? {
                Landing::Landed(landed) => {
                    landed.refresh()?;
                    branch
                }
                Landing::AlreadyThere => branch,
                // Somebody has committed meanwhile.
                Landing::Moved { .. } => continue,
                Landing::Refused(refusal) => return Err(in_the_way(&id, refusal)),
            },
        };
        restored.back = Some(Back {
            number,
            branch,
            commit,
            files,
        });
        return Ok(restored);
    }
    let message = "the branch keeps moving; nothing was touched";
    Err(Error::new(ErrorCode::Git, message))
}

/// The ticket that is meant, which may have been deleted.
fn subject(project: &Project, index: &Index, backups: &Backups, given: &str) -> Result<TicketId> {
    let graph = Graph::new(&index.tickets, &project.config.statuses, project.now);
    match resolve_any(index, &graph, given) {
        Err(unknown) => match whole_id(given) {
            Some(id) if !backups.of(&id)?.is_empty() => Ok(id),
            _ => Err(unknown),
        },
        known => known,
    }
}

/// Makes the commit with the one backup that changes anything: its number, the files, the
/// commit. None where all is there.
fn bring(
    git: &Git,
    index: &Index,
    restored: &Restored,
    tip: CommitId,
) -> Result<Option<(u64, Vec<String>, CommitId)>> {
    let mut missing = restored
        .kept
        .iter()
        .filter(|kept| kept.brought != Brought::There);
    let Some(kept) = missing.next() else {
        return Ok(None);
    };
    let id = &restored.id;
    if missing.next().is_some() {
        return Err(several(id, &restored.kept));
    }
    match &kept.brought {
        Brought::There => Ok(None),
        Brought::Conflict { files } => {
            let message = format!(
                "what is kept of `{id}` conflicts with what is here: {}",
                files.join(", ")
            );
            let reference = &kept.backup.reference;
            let hint = format!("`git branch NAME {reference}` makes a branch of it, to be merged");
            Err(Error::new(ErrorCode::Git, message)
                .hint(hint)
                .with("id", id.as_str())
                .with("paths", files.clone()))
        }
        Brought::Changes { files, tree } => {
            let title = index.get(id).map_or("", |ticket| ticket.title());
            let title = one_line(title);
            let colon = if title.is_empty() { "" } else { ": " };
            let reference = &kept.backup.reference;
            let message =
                format!("Restore {id}{colon}{title}\n\nKept in {reference}.\n\nTicket: {id}\n");
            let commit = git.commit_on(tip, *tree, &message)?;
            Ok(Some((kept.number, files.clone(), commit)))
        }
    }
}

fn new_branch(git: &Git, name: &str, commit: CommitId) -> Result<BranchName> {
    let branch = BranchName::parse(name)
        .map_err(|error| Error::caused(ErrorCode::InvalidArgument, error))?;
    if git.commit_of(&branch.reference())?.is_some() {
        let message = format!("there is a branch `{branch}` already");
        return Err(Error::new(ErrorCode::InvalidArgument, message)
            .hint("`--branch` makes a new one: give it another name"));
    }
    git.make_branch(&branch, commit)?;
    Ok(branch)
}

fn nothing(git: &Git, id: &TicketId, from: Option<u64>) -> Result<Error> {
    if let Some(number) = from {
        let message = format!("there is no backup {number} of `{id}`");
        let hint = format!("`tk restore {id} --list` tells what there is");
        return Ok(Error::new(ErrorCode::No, message).hint(hint));
    }
    let message = format!("nothing of `{id}` is kept in a backup");
    let error = Error::new(ErrorCode::No, message).with("id", id.as_str());
    let branches = git.branches_of_ticket(id)?;
    Ok(match branches.first() {
        Some(branch) => error.hint(format!(
            "its work is still on `{branch}`: `tk run {id}` goes on with it"
        )),
        None => error.hint(format!("`tk run {id}` works at it")),
    })
}

fn several(id: &TicketId, kept: &[Kept]) -> Error {
    let message = format!("several things are kept of `{id}`: say which");
    let mut error = Error::new(ErrorCode::AmbiguousId, message);
    for one in kept.iter().filter(|one| one.brought != Brought::There) {
        let (number, what) = (one.number, described(one));
        error = error.hint(format!("`tk restore {id} --from {number}`: {what}"));
    }
    let backups: Vec<Value> = kept
        .iter()
        .map(|one| json!({"number": one.number, "commit": one.backup.commit.to_string()}))
        .collect();
    error.with("id", id.as_str()).with("backups", backups)
}

/// What bringing it back would do, in words.
pub fn described(kept: &Kept) -> String {
    match &kept.brought {
        Brought::There => "all of it is here".to_owned(),
        Brought::Changes { files, .. } => some_of(files.iter(), NAMED),
        Brought::Conflict { files } => format!("conflicts in {}", some_of(files.iter(), NAMED)),
    }
}

fn detached(id: &TicketId) -> Error {
    let message = "no branch is checked out that it could be brought back to";
    Error::new(ErrorCode::Git, message).hint(format!(
        "`tk restore {id} --branch NAME` makes a branch of it"
    ))
}

fn in_the_way(id: &TicketId, refusal: crate::git::Refusal) -> Error {
    let paths = refusal.paths.join(", ");
    let colon = if paths.is_empty() { "" } else { ": " };
    let message = format!("{}{colon}{paths}; nothing was touched", refusal.reason);
    Error::new(ErrorCode::Git, message)
        .hint(format!(
            "commit or move them, or `tk restore {id} --branch NAME`"
        ))
        .with("id", id.as_str())
        .with("paths", refusal.paths)
}
