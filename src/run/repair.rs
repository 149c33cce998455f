//! A branch that conflicts with what has landed: the session that made it settles that, in its
//! own worktree, once. Nothing here ever picks a side.

use std::sync::Arc;

use super::job::Job;
use super::shared::Shared;
use super::trouble::{Trouble, blocking};
use super::workspace;
use crate::git::{CommitId, TicketTree};

/// How often a session may settle a conflict of its branch, before a person looks at it.
pub(super) const REPAIRS: u32 = 1;

/// The class of failure that a repair follows.
pub(super) const CONFLICT: &str = "merge_conflict";

/// What was merged into a ticket's branch, for its session to settle.
#[derive(Clone, Debug)]
pub(super) struct Repair {
    /// The files that conflict.
    pub paths: Vec<String>,
    /// What was merged: the branch as it was, and what had landed.
    sides: Vec<CommitId>,
}

/// Merges what has landed into the ticket's branch, in its worktree; the caller holds the
/// integration worktree. Where a merge is under way there, that one goes on.
pub(super) async fn begin(shared: &Arc<Shared>, job: &Arc<Job>) -> Result<Repair, Trouble> {
    let (shared, job) = (Arc::clone(shared), Arc::clone(job));
    blocking(move || -> Result<_, Trouble> {
        let tree = TicketTree::new(&job.worktree, workspace::branch(&job)?);
        if let Some(paths) = tree.unsettled(&[])? {
            let sides = Vec::new();
            return Ok(Repair { paths, sides });
        }
        let tip = shared.integration.tip()?;
        let message = "Take in what has landed\n";
        let taken = tree.take_in(tip, message, Some(&shared.author(&job)))?;
        Ok(Repair {
            paths: taken.conflicts,
            sides: vec![taken.before, tip],
        })
    })
    .await
}

/// The files of the ticket's branch that are still not settled, after that repair if there was
/// one; none where all is.
pub(super) async fn unsettled(
    job: &Arc<Job>,
    repair: Option<&Repair>,
) -> Result<Option<Vec<String>>, Trouble> {
    let (job, repair) = (Arc::clone(job), repair.cloned());
    blocking(move || -> Result<_, Trouble> {
        if !job.worktree.is_dir() {
            return Ok(None);
        }
        let tree = TicketTree::new(&job.worktree, workspace::branch(&job)?);
        let sides = repair.as_ref().map_or(&[][..], |repair| &repair.sides);
        let found = tree.unsettled(sides)?;
        // A merge that is staged and not committed names no files.
        let known = repair.as_ref().map_or(&[][..], |repair| &repair.paths);
        Ok(found.map(|paths| {
            if paths.is_empty() {
                known.to_vec()
            } else {
                paths
            }
        }))
    })
    .await
}
