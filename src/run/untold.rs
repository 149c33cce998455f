//! Events that a runner did not live to tell: of landings that it had committed.

use std::collections::BTreeSet;

use super::ground::Landed;
use super::record::{self, Recorder};
use super::survey::Survey;
use crate::git::Git;
use crate::model::{Outcome, TicketId, Usd};
use crate::ops::Result;
use crate::wire::EventKind;

/// Writes down what the journal lacks of the run's landings.
pub(super) fn tell(
    landed: &Landed<'_>,
    survey: &Survey,
    dir: &super::folder::RunDir,
    recorder: &mut Recorder,
) -> Result<()> {
    let mut known: BTreeSet<(&str, String)> = BTreeSet::new();
    let events = record::read(&dir.journal())?;
    for event in &events {
        let Some(ticket) = &event.ticket else {
            continue;
        };
        let what = match event.kind {
            EventKind::Landed { .. } => "landed",
            EventKind::Closed { .. } => "closed",
            EventKind::TicketFinished { .. } => "finished",
            EventKind::TicketStarted { .. } => {
                known.remove(&("finished", ticket.clone()));
                continue;
            }
            _ => continue,
        };
        known.insert((what, ticket.clone()));
    }
    for id in &survey.files {
        let runs = survey.tickets.get(id).map(|ticket| &ticket.runs);
        let of_run = runs
            .into_iter()
            .flatten()
            .find(|record| record.run == landed.run && record.outcome == Some(Outcome::Landed));
        let Some(of_run) = of_run else {
            continue;
        };
        let lacks = |what| !known.contains(&(what, id.to_string()));
        if lacks("landed")
            && let Some(commit) = commit_of(landed, id)?
        {
            let branch = landed.ground.run_branch.to_string();
            recorder.record(Some(id), EventKind::Landed { commit, branch })?;
        }
        if lacks("closed") {
            let reason = "landed".to_owned();
            recorder.record(Some(id), EventKind::Closed { reason })?;
        }
        if lacks("finished") {
            let outcome = "landed".to_owned();
            let cost_usd = of_run.cost_usd.map(Usd::dollars);
            let lasted = of_run.started_at.zip(of_run.ended_at);
            let seconds = lasted.map_or(0.0, |(from, to)| to.duration_since(from).as_secs_f64());
            recorder.record(
                Some(id),
                EventKind::TicketFinished {
                    outcome,
                    cost_usd,
                    seconds,
                },
            )?;
        }
    }
    Ok(())
}

/// The commit of the run's branch in which the ticket landed last.
fn commit_of(landed: &Landed<'_>, id: &TicketId) -> Result<Option<String>> {
    let git = Git::new(&landed.ground.root);
    let commits = git.naming_ticket(id, landed.integration.tip()?, &["--first-parent"])?;
    Ok(commits.first().map(ToString::to_string))
}
