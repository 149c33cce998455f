//! How good the order of starting is, on random epics. Shared by the tests and the bench
//! `schedule`, each of which brings the names used here into its own scope.
//!
//! # The graphs
//! Each graph is one of two kinds, by the toss of a coin, with 50 tickets under one epic:
//!
//! - *layers*: 3 to 8 layers; a ticket is in one of them at random and is blocked by one or
//!   two tickets of the layer before, and one time in ten by one of any earlier layer.
//! - *parts*: 3 to 6 nested epics; a ticket is in one of them at random and is blocked by
//!   none, one or two of the last six before it in the same epic, one time in seven also by
//!   any earlier ticket; of the nested epics each is blocked by the whole of the one before
//!   it one time in four.
//!
//! Durations are log-normal with a median of an hour and a sigma of 0.75: one in twenty takes
//! more than three and a half hours. The scheduler does not know them: it sees an estimate
//! that is off by up to half, the duration times a factor drawn evenly from 0.5 to 1.5.

use super::{
    Constraints, Graph, Plan, Rules, Scope, Span, StatusId, Statuses, Ticket, TicketId, Timestamp,
    simulate,
};

/// Tickets of a graph.
const TICKETS: usize = 50;
/// Places of a run.
const PLACES: usize = 4;
/// Minutes of the median duration.
const MEDIAN_MINUTES: f64 = 60.0;
/// Spread of the durations' logarithm.
const SIGMA: f64 = 0.75;

/// What came of one graph, in minutes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial {
    /// When all was done, started by the critical path.
    pub(crate) makespan: u64,
    /// When all was done with a barrier between waves.
    pub(crate) barrier: u64,
    /// No order can be faster: the longest chain, or all work spread over the places.
    pub(crate) bound: u64,
}

/// Runs that many trials, each from a seed of its own.
pub(crate) fn trials(count: u64, seed: u64) -> Vec<Trial> {
    (0..count)
        .map(|number| trial(&mut fastrand::Rng::with_seed(seed + number)))
        .collect()
}

/// Makespan over bound, such that the given share of the trials is not above it.
pub(crate) fn ratio(trials: &[Trial], share: f64) -> f64 {
    let ratio = |trial: &Trial| trial.makespan as f64 / trial.bound as f64;
    let mut ratios: Vec<f64> = trials.iter().map(ratio).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[(((ratios.len() - 1) as f64) * share).ceil() as usize]
}

/// The share of trials of which `holds` is true.
pub(crate) fn share(trials: &[Trial], holds: impl Fn(&Trial) -> bool) -> f64 {
    trials.iter().filter(|trial| holds(trial)).count() as f64 / trials.len() as f64
}

fn trial(rng: &mut fastrand::Rng) -> Trial {
    let mut tickets = if rng.bool() { layers(rng) } else { parts(rng) };
    let durations: Vec<u64> = tickets.iter().map(|_| duration(rng)).collect();
    for (ticket, minutes) in tickets.iter_mut().zip(&durations) {
        let factor = 0.5 + rng.f64();
        let estimate = (*minutes as f64 * factor).round().max(1.0);
        ticket.estimate = Some(Span::from_minutes(estimate as u64));
    }
    let plan = plan(&tickets);
    let lasts = |id: &TicketId| -> u64 {
        let number = tickets.iter().position(|ticket| ticket.id == *id);
        number.map_or(0, |number| durations[number])
    };
    let play = |barrier| {
        let rules = Rules {
            places: PLACES,
            barrier,
        };
        let played = simulate(&plan, rules, |_| Constraints::default(), |e| lasts(&e.id));
        assert_eq!(played.shifts.len(), TICKETS, "all of it is played");
        played.makespan_minutes
    };
    let (makespan, barrier) = (play(false), play(true));
    for (ticket, minutes) in tickets.iter_mut().zip(&durations) {
        ticket.estimate = Some(Span::from_minutes(*minutes));
    }
    let work: u64 = durations[..TICKETS].iter().sum();
    let longest = self::plan(&tickets).critical_path_minutes;
    Trial {
        makespan,
        barrier,
        bound: longest.max(work.div_ceil(PLACES as u64)),
    }
}

fn plan(tickets: &[Ticket]) -> Plan {
    let statuses = Statuses::default();
    Graph::new(tickets, &statuses, Timestamp::UNIX_EPOCH).plan(&Scope::All)
}

/// A log-normal number of minutes, by the method of Box and Muller.
fn duration(rng: &mut fastrand::Rng) -> u64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    let normal = radius * (std::f64::consts::TAU * rng.f64()).cos();
    (MEDIAN_MINUTES * (SIGMA * normal).exp()).round().max(1.0) as u64
}

/// A ticket numbered so that its id and age follow the order in which it was filed.
fn ticket(name: &str, number: usize) -> Ticket {
    let id = TicketId::parse(&format!("{name}{number:05}")).expect("a letter and digits are an id");
    let mut ticket = Ticket::new(id, String::new(), "task".to_owned(), StatusId::new("open"));
    ticket.created_at = Timestamp::from_second(number as i64).ok();
    ticket
}

/// Work in layers.
fn layers(rng: &mut fastrand::Rng) -> Vec<Ticket> {
    let count = rng.usize(3..=8);
    let mut of_layer: Vec<Vec<TicketId>> = vec![Vec::new(); count];
    let mut layer: Vec<usize> = (0..TICKETS).map(|_| rng.usize(..count)).collect();
    layer.sort_unstable();
    let mut tickets: Vec<Ticket> = (0..TICKETS).map(|number| ticket("t", number)).collect();
    for (ticket, layer) in tickets.iter_mut().zip(layer) {
        if let Some(before) = layer.checked_sub(1).map(|before| &of_layer[before]) {
            for _ in 0..rng.usize(1..=2) {
                ticket.blocked_by.extend(rng.choice(before).cloned());
            }
            if rng.u8(..10) == 0 {
                let earlier = of_layer[..layer].iter().flatten();
                ticket
                    .blocked_by
                    .extend(rng.choice(earlier.collect::<Vec<_>>()).cloned());
            }
        }
        of_layer[layer].push(ticket.id.clone());
    }
    tickets
}

/// Work in nested epics: the work first, then the epics.
fn parts(rng: &mut fastrand::Rng) -> Vec<Ticket> {
    let mut epics: Vec<Ticket> = (0..rng.usize(3..=6)).map(|n| ticket("e", n)).collect();
    for number in 1..epics.len() {
        if rng.u8(..4) == 0 {
            let before = epics[number - 1].id.clone();
            epics[number].blocked_by.insert(before);
        }
    }
    // At least one in each.
    let draw = |number: usize| match number < epics.len() {
        true => number,
        false => rng.usize(..epics.len()),
    };
    let mut part: Vec<usize> = (0..TICKETS).map(draw).collect();
    part.sort_unstable();
    let mut tickets: Vec<Ticket> = (0..TICKETS).map(|number| ticket("t", number)).collect();
    for number in 0..TICKETS {
        tickets[number].parent = Some(epics[part[number]].id.clone());
        let recent: Vec<usize> = (number.saturating_sub(6)..number)
            .filter(|before| part[*before] == part[number])
            .collect();
        let mut blockers: Vec<usize> = Vec::new();
        for _ in 0..rng.usize(0..=2) {
            blockers.extend(rng.choice(&recent));
        }
        if number > 0 && rng.u8(..7) == 0 {
            blockers.push(rng.usize(..number));
        }
        for blocker in blockers {
            let id = tickets[blocker].id.clone();
            tickets[number].blocked_by.insert(id);
        }
    }
    tickets.append(&mut epics);
    tickets
}

/// A project of that many tickets in epics of 50, for measuring.
pub(crate) fn project(count: usize, seed: u64) -> Vec<Ticket> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut all = Vec::new();
    while all.len() < count {
        let prefix = format!("p{}-", all.len());
        let renamed = |id: &TicketId| {
            TicketId::parse(&format!("{prefix}{id}")).expect("a prefix keeps it an id")
        };
        for mut ticket in parts(&mut rng) {
            ticket.id = renamed(&ticket.id);
            ticket.parent = ticket.parent.as_ref().map(renamed);
            ticket.blocked_by = ticket.blocked_by.iter().map(renamed).collect();
            all.push(ticket);
        }
    }
    all.truncate(count);
    all
}
