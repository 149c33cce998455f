//! Landing the run's branch on the user's branch.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

use super::desk::Stop;
use super::gate::{self, Checked, Ear};
use super::ground;
use super::jobs;
use super::rewritten;
use super::shared::Shared;
use super::trouble::{Trouble, blocking};
use crate::context::point::Point;
use crate::git::{
    CommitId, FileEdit, Git, Landed, Landing, MergeBegin, PendingMerge, TICKS, TicketSides,
    TicksPath,
};
use crate::merge::{Merged, is_another_ticket, merge_ticket};
use crate::model::{Outcome, TicketId};
use crate::wire::EventKind;

/// How often the branch may move while it is merged and gated, before that is given up.
const TRIES: u32 = 3;

/// Whether the run's branch is on the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// All of it.
    Landed,
    /// Nothing was touched, for that reason.
    Refused(String),
}

/// Lands the run's branch on the user's; what is to be told, in order. The caller holds the
/// integration worktree.
pub(super) async fn land(
    shared: &Arc<Shared>,
    stop: &mut watch::Receiver<Stop>,
) -> Result<(Home, Vec<EventKind>), Trouble> {
    let (home, mut told) = try_to_land(shared, stop).await?;
    let strays = ground::strays(&shared.integration).into_iter();
    told.extend(strays.map(|text| EventKind::Warning { text }));
    Ok((home, told))
}

async fn try_to_land(
    shared: &Arc<Shared>,
    stop: &mut watch::Receiver<Stop>,
) -> Result<(Home, Vec<EventKind>), Trouble> {
    let mut told = Vec::new();
    let s = Arc::clone(shared);
    let (kept_out, taken_off) =
        blocking(move || -> Result<_, Trouble> { Ok((kept_out(&s)?, rewritten::taken_off(&s)?)) })
            .await?;
    if let Some(why) = gone(shared)? {
        return Ok((Home::Refused(why), told));
    }
    if let Some(why) = kept_out {
        return Ok((Home::Refused(why), told));
    }
    if let Some(commit) = taken_off {
        let onto = &shared.ground.onto;
        let was = format!(
            "`{onto}` was rewritten and has no longer commit {commit}, which the run builds on"
        );
        if !shared.options.only_land {
            let why = format!(
                "{was}: `tk land {}` brings that back with what has merged",
                shared.target
            );
            return Ok((Home::Refused(why), told));
        }
        let text = format!("{was}: that comes back with what has merged");
        told.push(EventKind::Warning { text });
    }
    for taken_in in 0..=TRIES {
        let s = Arc::clone(shared);
        let landing = blocking(move || -> Result<_, Trouble> {
            let tip = s.integration.tip()?;
            Ok(Git::new(&s.ground.root).land(&s.ground.onto, tip)?)
        });
        match landing.await? {
            Landing::AlreadyThere => return Ok((Home::Landed, told)),
            Landing::Landed(landed) => {
                told.push(EventKind::Landed {
                    commit: landed.to.to_string(),
                    branch: shared.ground.onto.to_string(),
                });
                let s = Arc::clone(shared);
                let unsettled =
                    blocking(move || Point::HomeSettled.around(|| settle(&s, &landed))).await?;
                if !unsettled.is_empty() {
                    let text = format!(
                        "edited here and in what landed, kept as they are here: {}",
                        unsettled.join(", ")
                    );
                    told.push(EventKind::Warning { text });
                }
                return Ok((Home::Landed, told));
            }
            Landing::Refused(refusal) => {
                let paths = refusal.paths.join(", ");
                let colon = if paths.is_empty() { "" } else { ": " };
                return Ok((
                    Home::Refused(format!("{}{colon}{paths}", refusal.reason)),
                    told,
                ));
            }
            // What it would be merged with now moves on before that lands.
            Landing::Moved { .. } if taken_in == TRIES => break,
            Landing::Moved { tip } => {
                if let Some(why) = take_in(shared, tip, stop, &mut told).await? {
                    return Ok((Home::Refused(why), told));
                }
            }
        }
    }
    Ok((
        Home::Refused(format!("`{}` keeps moving", shared.ground.onto)),
        told,
    ))
}

/// What became of the branch, where it is not there any more.
fn gone(shared: &Shared) -> Result<Option<String>, Trouble> {
    let onto = &shared.ground.onto;
    if shared.tip_of(onto)?.is_some() {
        return Ok(None);
    }
    let (now, target) = (
        Git::new(&shared.ground.root).renamed_branch(onto)?,
        &shared.target,
    );
    Ok(Some(match now {
        Some(now) => {
            format!("`{onto}` was renamed to `{now}`: `tk land {target} --onto {now}` lands there")
        }
        None => format!(
            "`{onto}` is gone, deleted or renamed: `tk land {target} --onto BRANCH` lands on \
             another"
        ),
    }))
}

/// Why the branch must not move now that it is checked out no more: the user could not go back
/// to it.
fn kept_out(shared: &Shared) -> Result<Option<String>, Trouble> {
    let (tracker, branch) = (&shared.tracker, &shared.ground.onto);
    if tracker.missing() != Some(branch) {
        return Ok(None);
    }
    let files = tracker.in_the_way()?;
    Ok((!files.is_empty()).then(|| {
        format!(
            "`{branch}` is not checked out in `{}`, and ticket files there are not committed, which \
             would keep it from being checked out again: {}",
            shared.ground.root.display(),
            files.join(", ")
        )
    }))
}

/// Merges what the user's branch has meanwhile into the run's branch, and runs the gate; why
/// not, if not.
async fn take_in(
    shared: &Arc<Shared>,
    tip: CommitId,
    stop: &mut watch::Receiver<Stop>,
    told: &mut Vec<EventKind>,
) -> Result<Option<String>, Trouble> {
    let onto = shared.ground.onto.clone();
    let s = Arc::clone(shared);
    let pending = match blocking(move || s.integration.merge_begin(tip)).await? {
        MergeBegin::Ready(pending) => pending,
        MergeBegin::UpToDate => return Ok(None),
        MergeBegin::Conflict { paths } => {
            told.push(EventKind::MergeConflict {
                paths: paths.clone(),
            });
            return Ok(Some(format!(
                "`{onto}` has moved and conflicts in {}",
                paths.join(", ")
            )));
        }
    };
    let (of, merge) = (Arc::clone(shared), pending.clone());
    let why = match blocking(move || settled(&of, &merge)).await? {
        Err(why) => Some(why),
        Ok(files) => match gate(shared, tip, stop, told).await? {
            Some(why) => Some(why),
            None => {
                let message = format!("Take in {onto}\n\nRun: {}\n", shared.run);
                let s = Arc::clone(shared);
                let p = pending.clone();
                blocking(move || s.integration.merge_commit(&p, &message, &files, None)).await?;
                return Ok(None);
            }
        },
    };
    let s = Arc::clone(shared);
    blocking(move || s.integration.merge_abort(&pending)).await?;
    Ok(why)
}

/// The ticket files of a merge, each field by field; why not, where one conflicts.
fn settled(
    shared: &Shared,
    pending: &PendingMerge,
) -> Result<Result<Vec<FileEdit>, String>, Trouble> {
    let mut files = Vec::new();
    for sides in &pending.tickets {
        let mut sides = sides.clone();
        if sides.base.is_none() {
            sides.base = common(shared, pending, &sides)?;
        }
        let bytes = match sides.settled() {
            Some(bytes) => bytes.map(<[u8]>::to_vec),
            None => match merged(shared, &sides) {
                Some(text) => Some(text.into_bytes()),
                None => {
                    let path = sides.path.as_str();
                    return Ok(Err(format!("`{path}` was changed on both sides")));
                }
            },
        };
        files.push(FileEdit {
            path: sides.path,
            bytes,
        });
    }
    Ok(Ok(files))
}

/// What a ticket that came to both branches since they parted was on both: the run recorded it
/// before anybody had committed it, and then the user committed it too. Nothing where theirs is
/// another ticket.
fn common(
    shared: &Shared,
    pending: &PendingMerge,
    sides: &TicketSides,
) -> Result<Option<Vec<u8>>, Trouble> {
    let (Some(id), Some(theirs)) = (sides.path.ticket(), &sides.theirs) else {
        return Ok(None);
    };
    let planned = as_planned(shared, pending.merged, pending.onto, &sides.path)?;
    Ok(planned.filter(|planned| {
        let (was, is) = (std::str::from_utf8(planned), std::str::from_utf8(theirs));
        let both = was.ok().zip(is.ok());
        both.is_some_and(|(was, is)| !is_another_ticket(&id, was, is, true, &shared.config))
    }))
}

/// The field-wise merge of a ticket's file; `None` where it is not one, or conflicts.
fn merged(shared: &Shared, sides: &TicketSides) -> Option<String> {
    let id: TicketId = sides.path.ticket()?;
    let text = |bytes: &Option<Vec<u8>>| bytes.clone().map(String::from_utf8).transpose().ok();
    let (base, ours, theirs) = (
        text(&sides.base)?,
        text(&sides.ours)??,
        text(&sides.theirs)??,
    );
    match merge_ticket(&id, base.as_deref(), &ours, &theirs, &shared.config) {
        Merged::Clean(text) => Some(text),
        Merged::Conflict { .. } | Merged::TwoTickets { .. } => None,
    }
}

/// The gate of what was taken in: the checks of the run, and those of every ticket that is on the
/// run's branch and not on the user's, whose tip that is; each once.
fn checks(shared: &Shared, tip: CommitId) -> Result<Vec<String>, Trouble> {
    let mut checks = shared.options.checks.clone();
    let git = Git::new(&shared.ground.root);
    let merged = shared.integration.tip()?;
    let since = format!("{tip}...{merged}");
    let changed = git.run([
        "diff",
        "--name-only",
        "--no-renames",
        "-z",
        &since,
        "--",
        ".ticks",
    ])?;
    for path in changed.fields() {
        // What is no ticket's file has no checks.
        let Ok(path) = TicksPath::parse(&String::from_utf8_lossy(path)) else {
            continue;
        };
        let Some(id) = path.ticket() else { continue };
        let text = git.file_at(merged, &path)?.map(String::from_utf8);
        let Some(Ok(text)) = text else { continue };
        // One that is no ticket has not landed.
        let Ok(ticket) = crate::format::parse(&id, &text, &shared.config) else {
            continue;
        };
        let last = ticket.runs.last();
        if last.is_some_and(|last| last.outcome == Some(Outcome::Landed)) {
            checks.extend(jobs::checks(&[], &ticket));
        }
    }
    let mut seen = BTreeSet::new();
    checks.retain(|check| seen.insert(check.clone()));
    Ok(checks)
}

/// Runs the gate on what was taken in; why not, if a check fails.
async fn gate(
    shared: &Arc<Shared>,
    tip: CommitId,
    stop: &mut watch::Receiver<Stop>,
    told: &mut Vec<EventKind>,
) -> Result<Option<String>, Trouble> {
    let s = Arc::clone(shared);
    let checks = blocking(move || checks(&s, tip)).await?;
    let checks: Vec<&String> = checks.iter().collect();
    let checked = gate::all(shared, None, &checks, Ear::Later(told), stop).await?;
    Ok(match checked {
        Checked::Green => None,
        Checked::Red {
            command, status, ..
        } => Some(format!(
            "`{command}` ended with {status} after `{}` was taken in",
            shared.ground.onto
        )),
        Checked::Stopped => Some("the run was stopped".to_owned()),
    })
}

/// A ticket's file as it came to the run's branch, where the user's had none: what it was before
/// the run, or anybody, went on with it in the working tree.
fn as_planned(
    shared: &Shared,
    users: CommitId,
    runs: CommitId,
    path: &TicksPath,
) -> Result<Option<Vec<u8>>, Trouble> {
    let git = Git::new(&shared.ground.root);
    let range = format!("{users}..{runs}");
    let added = git.run([
        "log",
        "--reverse",
        "--diff-filter=A",
        "--format=%H",
        &range,
        "--",
        path.as_str(),
    ])?;
    let added = added.line();
    let Some(first) = added.lines().next() else {
        return Ok(None);
    };
    match git.commit_of(first)? {
        Some(commit) => Ok(git.file_at(commit, path)?),
        None => Ok(None),
    }
}

/// After landing, under the store's lock: ticket files edited in the working tree since are
/// merged with what landed and stay as uncommitted edits. Returns those that could not be.
fn settle(shared: &Shared, landed: &Landed) -> Result<Vec<String>, Trouble> {
    let ticks = landed.worktree.as_ref().map(|tree| tree.join(TICKS));
    // The branch may be checked out in another working tree than that of the run's tickets.
    let store = match ticks.filter(|ticks| ticks != shared.store.ticks_dir()) {
        Some(ticks) => shared.store.elsewhere(ticks),
        None => shared.store.clone(),
    };
    let locked = store.lock()?;
    let mut unsettled = Vec::new();
    for mut sides in landed.tickets()? {
        let Some(id) = sides.path.ticket() else {
            continue;
        };
        if sides.ours.is_none() {
            // Deleted here.
            continue;
        }
        if sides.base.is_none() {
            sides.base = as_planned(shared, landed.from, landed.to, &sides.path)?;
        }
        match merged(shared, &sides) {
            // What landed adds nothing to it.
            Some(text) if sides.ours.as_deref() == Some(text.as_bytes()) => {}
            Some(text) => {
                locked.write_text(&id, text, &shared.config)?;
            }
            None => unsettled.push(sides.path.as_str().to_owned()),
        }
    }
    landed.refresh()?;
    Ok(unsettled)
}
