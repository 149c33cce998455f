//! What a run will do, before it does it: the seats of its tickets, the order of the starts,
//! when it should be over.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::board::{Phase, Seat};
use super::job::{Beginning, Job};
use super::jobs::Jobs;
use super::money::{Budget, Wish};
use super::opening;
use super::options::{Options, RunRequest};
use super::preflight;
use super::prepared::{Prepared, Purse};
use super::recovery::Recovered;
use super::survey::Survey;
use crate::context::Context;
use crate::graph::schedule::{Candidate, Clash, Constraints, clash};
use crate::graph::simulate::{self, Played, Rules};
use crate::model::{TicketId, Usd};
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::wire::{EventKind, PlanDocument, PlannedClash, PlannedStart};

/// Places, unless told otherwise: the graph's width, and no more than these.
const PLACES: usize = 4;

/// How many workers at once.
pub(super) fn places(options: &Options, survey: &Survey) -> usize {
    options
        .parallel
        .unwrap_or_else(|| survey.plan.max_parallel.clamp(1, PLACES))
}

/// The board's seats: what may start in the run.
pub(super) fn seats(
    survey: &Survey,
    jobs: &Jobs<'_>,
    only_land: bool,
) -> Result<BTreeMap<TicketId, Seat>> {
    let mut seats = BTreeMap::new();
    for id in &survey.runnable {
        let Some(entry) = survey.plan.entry(id) else {
            continue;
        };
        let job: Job = jobs.job(entry)?;
        if only_land && !job.lands_without_worker() {
            continue;
        }
        let candidate = Candidate::new(entry, Constraints::of(entry, &job.agent));
        let blockers = survey.plan.blockers(entry);
        let seat = Seat {
            job: Arc::new(job),
            blockers,
            phase: Phase::Waiting,
            candidate,
        };
        seats.insert(id.clone(), seat);
    }
    Ok(seats)
}

/// The run played through with the choice the runner makes.
fn play(survey: &Survey, seats: &BTreeMap<TicketId, Seat>, places: usize, barrier: bool) -> Played {
    simulate::simulate(
        &survey.plan,
        Rules { places, barrier },
        |entry| match seats.get(&entry.id) {
            Some(seat) => seat.candidate.constraints.clone(),
            None => Constraints::default(),
        },
        |entry| entry.minutes,
    )
}

fn waves(survey: &Survey) -> Vec<Vec<String>> {
    let waves = survey.plan.waves();
    waves
        .map(|wave| wave.iter().map(|entry| entry.id.to_string()).collect())
        .collect()
}

fn words(ids: &[TicketId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// The event that tells what the run is going to do.
pub(super) fn plan_event(
    survey: &Survey,
    seats: &BTreeMap<TicketId, Seat>,
    places: usize,
    barrier: bool,
) -> EventKind {
    let played = play(survey, seats, places, barrier);
    let starts = played
        .shifts
        .iter()
        .filter(|shift| seats.contains_key(&shift.id));
    EventKind::Plan {
        waves: waves(survey),
        order: starts.map(|shift| shift.id.to_string()).collect(),
        critical_path_ids: words(&survey.plan.critical_path_ids),
        critical_path_minutes: survey.plan.critical_path_minutes,
        predicted_minutes: played.makespan_minutes,
        awaiting: words(&survey.awaiting),
        held: words(&survey.held),
    }
}

/// What a run of the request would do. Nothing is changed.
///
/// # Errors
/// When the run could not begin, unless for want of a program or room: those become warnings.
pub fn plan(ctx: &Context, project: &Project, request: &RunRequest) -> Result<PlanDocument> {
    // It starts nothing: what this machine lacks is a warning.
    let lacking = |error: Error| {
        if error.code != ErrorCode::Failed {
            return Err(error);
        }
        project.warn(format!("the run could not start: {}", error.message));
        Ok(())
    };
    let Prepared {
        options,
        mut survey,
        ground,
        ..
    } = Prepared::new(ctx, project, request, &lacking)?;
    let elsewhere = project.elsewhere(|_| true)?;
    survey.hold(&elsewhere.into_iter().collect());
    let recovered = Recovered::default();
    let jobs = Jobs::new(project, &options, &survey, &ground, None, recovered)?;
    let seats = seats(&survey, &jobs, false)?;
    let places = places(&options, &survey);
    let played = play(&survey, &seats, places, options.waves);
    let goes_on = opening::unfinished(project, &survey.key)?;
    let run = goes_on.as_ref().map(|info| info.run.as_str());
    let purse = Purse::of(ctx, project, &options, run, |_| false)?;
    let wants_worker = |seat: &&Seat| !seat.job.begins_without_worker();
    let left = seats.values().filter(wants_worker).count();
    if let Some(why) = purse.empty(&options).filter(|_| left > 0) {
        project.warn(why);
    }
    let mut starts = Vec::new();
    for shift in &played.shifts {
        let Some(seat) = seats.get(&shift.id) else {
            continue;
        };
        let job = &seat.job;
        let shares = match job.is_command() {
            true => places.max(left),
            false => places,
        };
        let reserved = reserved(job, &options, &purse, shares)?;
        starts.push(PlannedStart {
            id: shift.id.to_string(),
            title: job.ticket.title.clone(),
            agent: job.by().to_owned(),
            begins: match job.beginning {
                Beginning::Fresh => "fresh",
                Beginning::Resume { .. } => "resume",
                Beginning::Finish { .. } | Beginning::Land | Beginning::Close => "land",
            },
            start_minutes: shift.start_minutes,
            end_minutes: shift.end_minutes,
            reserved_usd: reserved.map(Usd::dollars),
            checks: job.checks.clone(),
        });
    }
    Ok(PlanDocument {
        schema: "tk.plan.v1",
        key: survey.key.to_string(),
        title: survey.title.clone(),
        onto: ground.onto.to_string(),
        parallel: places,
        waves: waves(&survey),
        starts,
        critical_path_ids: words(&survey.plan.critical_path_ids),
        critical_path_minutes: survey.plan.critical_path_minutes,
        predicted_minutes: played.makespan_minutes,
        max_cost_usd: purse.cap.map(Usd::dollars),
        clashes: clashes(&seats),
        awaiting: words(&survey.awaiting),
        held: words(&survey.held),
        disk_free_bytes: preflight::free_bytes(&ground.root),
    })
}

/// What would be put aside for the first worker of the job, were it the first to start.
fn reserved(job: &Job, options: &Options, purse: &Purse, shares: usize) -> Result<Option<Usd>> {
    if job.lands_without_worker() {
        return Ok(None);
    }
    let id = &job.ticket.id;
    let spent = purse.spent_on(id)?;
    let wish = Wish {
        wanted: job.wanted,
        at_most: options
            .ticket_cap(&job.agent)
            .map(|cap| cap.saturating_sub(spent)),
        shares,
        ..Wish::default()
    };
    let granted = Budget::new(purse.cap, purse.spent).reserve(id, wish);
    Ok(match granted {
        Ok(reservation) => reservation.map(|reservation| reservation.amount),
        // What is left pays for no worker.
        Err(_refused) => Some(Usd::ZERO),
    })
}

/// The groups that are looked at for a ticket to join. Where there are more, pairs stay pairs.
const GROUPS: usize = 100;

/// Groups of tickets of which no two may run at once. Every such pair is in one, and a lock,
/// however many have it, is a group.
fn clashes(seats: &BTreeMap<TicketId, Seat>) -> Vec<PlannedClash> {
    let all: Vec<&Seat> = seats.values().collect();
    let between = |one: usize, other: usize| {
        clash(
            &all[one].candidate.constraints,
            &all[other].candidate.constraints,
        )
    };
    // Members come in their order.
    let mut groups: Vec<(Clash, Vec<usize>)> = Vec::new();
    for place in 0..all.len() {
        for earlier in 0..place {
            let Some(why) = between(earlier, place) else {
                continue;
            };
            let mut of_both = groups.iter_mut().take(GROUPS).filter(|(reason, members)| {
                *reason == why && members.binary_search(&earlier).is_ok()
            });
            let joined = of_both.any(|(_, members)| {
                if members.last() == Some(&place) {
                    return true;
                }
                let joins = members
                    .iter()
                    .all(|member| between(*member, place).as_ref() == Some(&why));
                if joins {
                    members.push(place);
                }
                joins
            });
            if !joined {
                groups.push((why, vec![earlier, place]));
            }
        }
    }
    let planned = groups.into_iter().map(|(why, members)| PlannedClash {
        tickets: members
            .iter()
            .map(|place| all[*place].job.ticket.id.to_string())
            .collect(),
        why: match why {
            Clash::Lock(lock) => format!("lock `{lock}`"),
            Clash::AgentLock(lock) => format!("agents' lock `{lock}`"),
            Clash::Excluded(lock) => format!("an agent excludes `{lock}`"),
            Clash::Touches => "the same files".to_owned(),
        },
    });
    planned.collect()
}
