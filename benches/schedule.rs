//! Whether the order of starting keeps its promise, and how long planning takes.
//!
//! `cargo bench --bench schedule`. Fails when a target is missed. The graphs, durations and
//! estimates are described in `src/graph/tests/experiment.rs`.

#![expect(clippy::print_stdout, reason = "a bench reports on standard output")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tk::graph::schedule::Constraints;
use tk::graph::simulate::{Rules, simulate};
use tk::graph::{Graph, Plan, Scope};
use tk::model::{Span, StatusId, Statuses, Ticket, TicketId};

#[path = "../src/graph/tests/experiment.rs"]
mod experiment;

/// Graphs of the experiment.
const GRAPHS: u64 = 2_000;
/// Where its random numbers begin.
const SEED: u64 = 20_261_120;
/// The most that the median of makespan over its lower bound may be.
const MEDIAN_RATIO: f64 = 1.05;
/// The least share of graphs on which barriers must be slower.
const BELOW_BARRIER: f64 = 0.99;
/// The longest that a plan of the ladder may take.
const LADDER: Duration = Duration::from_millis(10);

fn main() -> ExitCode {
    let scheduled = schedule();
    let planned = plans();
    if scheduled && planned {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn schedule() -> bool {
    let trials = experiment::trials(GRAPHS, SEED);
    let ratio = |share| experiment::ratio(&trials, share);
    let below = experiment::share(&trials, |trial| trial.makespan < trial.barrier);
    let at_most = experiment::share(&trials, |trial| trial.makespan <= trial.barrier);
    let gain = experiment::share(&trials, |trial| trial.makespan * 10 <= trial.barrier * 9);
    println!("schedule: {GRAPHS} graphs of 50 tickets, 4 places, estimates off by up to half");
    println!("  makespan / max(critical path, work/4)");
    println!(
        "    median           {:7.4}    (at most {MEDIAN_RATIO})",
        ratio(0.5)
    );
    println!("    nine in ten      {:7.4}", ratio(0.9));
    println!("    worst            {:7.4}", ratio(1.0));
    println!("  against barrier waves");
    println!(
        "    below            {:7.2} %  (at least {:.0} %)",
        below * 100.0,
        BELOW_BARRIER * 100.0
    );
    println!("    at most          {:7.2} %", at_most * 100.0);
    println!("    a tenth or more  {:7.2} %", gain * 100.0);
    ratio(0.5) <= MEDIAN_RATIO && below >= BELOW_BARRIER
}

fn plans() -> bool {
    println!("graph: best of 20                 graph        plan");
    for count in [1_000, 10_000] {
        let (graph, plan) = best(&experiment::project(count, SEED));
        println!("  {count:6} tickets            {graph:9.2?}   {plan:9.2?}");
    }
    let (graph, plan) = best(&ladder(40));
    println!("  ladder of diamonds, 40   {graph:9.2?}   {plan:9.2?}  (at most {LADDER:?})");
    graph + plan <= LADDER
}

/// The shortest times it takes to build the graph, and to plan.
fn best(tickets: &[Ticket]) -> (Duration, Duration) {
    let statuses = Statuses::default();
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..20 {
        let begun = Instant::now();
        let graph = Graph::new(tickets, &statuses, Timestamp::UNIX_EPOCH);
        let built = begun.elapsed();
        let plan = graph.plan(&Scope::All);
        let planned = begun.elapsed() - built;
        assert!(!plan.entries.is_empty(), "there is work");
        best = (best.0.min(built), best.1.min(planned));
    }
    best
}

/// Two tickets a rung, each blocked by both of the rung before.
fn ladder(rungs: usize) -> Vec<Ticket> {
    let id = |side: &str, rung: usize| {
        TicketId::parse(&format!("{side}{rung}")).expect("a letter and digits are an id")
    };
    let mut tickets = Vec::new();
    for rung in 0..rungs {
        for side in ["a", "b"] {
            let name = id(side, rung);
            let mut ticket = Ticket::new(
                name,
                String::new(),
                "task".to_owned(),
                StatusId::new("open"),
            );
            if let Some(before) = rung.checked_sub(1) {
                ticket.blocked_by.extend([id("a", before), id("b", before)]);
            }
            tickets.push(ticket);
        }
    }
    tickets
}
