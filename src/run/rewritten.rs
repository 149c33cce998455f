//! Whether the branch a run lands on was rewritten: what the run began from is not in it any
//! more, and landing would bring that back.

use super::folder::{RunDir, RunInfo};
use super::record;
use super::shared::Shared;
use super::trouble::Trouble;
use crate::git::{CommitId, Git};
use crate::wire::EventKind;

/// A commit that was the branch's tip when a run of this key began or landed, and that the run's
/// branch has and the branch has no more; none where nothing was taken off it.
pub(super) fn taken_off(shared: &Shared) -> Result<Option<CommitId>, Trouble> {
    let git = Git::new(&shared.ground.root);
    let (run, onto) = (
        shared.integration.tip()?,
        shared.tip_of(&shared.ground.onto)?,
    );
    let Some(onto) = onto else {
        return Ok(None);
    };
    for tip in tips(shared)? {
        let Some(tip) = git.commit_of(&tip)? else {
            continue;
        };
        if git.is_ancestor(tip, run)? && !git.is_ancestor(tip, onto)? {
            return Ok(Some(tip));
        }
    }
    Ok(None)
}

/// The tips of the branch that the journals of this key know.
fn tips(shared: &Shared) -> Result<Vec<String>, Trouble> {
    let unreadable = |error: crate::ops::Error| Trouble::Io(error.to_string());
    let mut tips = vec![shared.ground.base.to_string()];
    for dir in RunDir::all(&shared.store).map_err(unreadable)? {
        // One that cannot be read was warned of when this run began.
        let of_key = |info: RunInfo| info.key == shared.key.as_str();
        if !dir.info().ok().flatten().is_some_and(of_key) {
            continue;
        }
        for event in record::read(&dir.journal()).map_err(unreadable)? {
            match event.kind {
                EventKind::RunStarted { base, onto, .. } if onto == shared.ground.onto.as_str() => {
                    tips.push(base);
                }
                EventKind::Landed { commit, branch } if branch == shared.ground.onto.as_str() => {
                    tips.push(commit);
                }
                _ => {}
            }
        }
    }
    tips.sort();
    tips.dedup();
    Ok(tips)
}
