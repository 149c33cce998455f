//! Claims that hold nothing any more.

use super::Exam;
use super::found::Found;
use super::texts::changed;
use crate::ops::values::printable;
use crate::ops::{RemoteClaims, left_there};
use crate::store::{Claim, ClaimFile, Holding, StoreError};
use crate::wire::{FindingKind, Severity};

/// Claims whose lease is over, of tickets that are closed or gone, and files that are none.
/// Those of tickets that a live run works at are that run's.
pub(super) fn examine<'a>(exam: &'a Exam<'a>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for file in exam.claims {
        let Some(message) = wrong(exam, file) else {
            continue;
        };
        let mut stale = Found::new(FindingKind::StaleClaim, Severity::Warning, message);
        if let Some(id) = &file.id {
            stale = stale.ticket(id);
        }
        let (project, runs_now) = (exam.project, exam.runs_now);
        let stale = stale.path(exam.shown(&file.path)).changes(&file.path);
        found.push(stale.mended_by(move || {
            let locked = project.store.lock()?;
            if runs_now.standing()?.use_of(None, file.id.as_ref())
                || !locked.remove_claim_file(file, exam.backup, &exam.name_of_copy(&file.path))?
            {
                return Err(changed());
            }
            if let Ok(Claim {
                remote: Some(hold), ..
            }) = &file.claim
                && let Some(id) = hold.claim.ticket()
            {
                match hold.claim.holds(project.now) {
                    true => project.owe(Some(*hold.clone())),
                    false => project.store.forget_holding(&id, &hold.claim.holding)?,
                }
            }
            Ok(())
        }));
    }
    found
}

/// What commands of this clone have taken on a remote, and nobody in it holds: noted by them, so
/// that nothing of others is among it. Where its lease is over by what was noted, it is only worth
/// knowing.
pub(super) fn left_there<'a>(exam: &Exam<'a>, left: Vec<Holding>) -> Vec<Found<'a>> {
    let project = exam.project;
    let left = left.into_iter().map(|left| {
        let (remote, until) = (printable(&left.remote), left.lease_until);
        let message = format!(
            "this clone took it on `{remote}` until {until}, nobody here holds it, and it may be \
             held there still"
        );
        let severity = match project.now < until {
            true => Severity::Warning,
            false => Severity::Note,
        };
        let found = Found::new(FindingKind::LeftClaim, severity, message).ticket(&left.ticket);
        found.mended_by(move || {
            let remote =
                RemoteClaims::of_holding(project, &left.remote, &left.ticket, &left.holding)?;
            left_there::give_back(project, &remote, Some(&left.ticket)).map(drop)
        })
    });
    left.collect()
}

/// What other clones hold, where it cannot be read. It is not taken away: what they hold would
/// seem to be free.
pub(super) fn elsewhere<'a>(exam: &Exam<'a>) -> Option<Found<'a>> {
    let project = exam.project;
    let Err(StoreError::Corrupt { path, message, .. }) = project.store.held_elsewhere(project.now)
    else {
        return None;
    };
    let message =
        format!("what other clones hold cannot be read: {message}; nothing is known of it here");
    let found = Found::new(FindingKind::InvalidElsewhere, Severity::Warning, message);
    let hint = "`tk sync` fetches it anew, with `tk sync REMOTE` from any other remote";
    Some(found.path(exam.shown(&path)).command("tk sync").hint(hint))
}

/// Why the claim holds nothing; nothing where it does.
fn wrong(exam: &Exam<'_>, file: &ClaimFile) -> Option<String> {
    let Some(id) = &file.id else {
        return Some("the file's name is no ticket's id".to_owned());
    };
    if exam.runs.use_of(None, Some(id)) {
        return None;
    }
    let claim = match &file.claim {
        Ok(claim) => claim,
        Err(why) => return Some(format!("it cannot be read as a claim: {why}")),
    };
    let (actor, until) = (&claim.actor, claim.lease_until);
    if claim.lease_until <= exam.project.now {
        return Some(format!("the lease of {actor} was over at {until}"));
    }
    if exam.loaded.invalid(id).is_some() {
        return None;
    }
    match exam.loaded.get(id) {
        None => Some(format!("{actor} holds a ticket that does not exist")),
        Some(_) if exam.configured && !exam.is_open(id.as_str()) => {
            Some(format!("{actor} holds a ticket that is closed"))
        }
        Some(_) => None,
    }
}
