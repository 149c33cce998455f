//! What is started when.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::experiment::{project, ratio, share, trials};
use super::fixture::{id, now, with};
use crate::graph::schedule::{Candidate, Clash, Constraints, State, clash, pick};
use crate::graph::simulate::{Played, Rules, simulate};
use crate::graph::{Frontier, Graph, Plan, PlanEntry, Scope};
use crate::model::{Statuses, TicketId};

#[test]
fn the_order_of_starting_keeps_its_promise() {
    let trials = trials(200, 1);
    assert!(ratio(&trials, 0.5) <= 1.05);
    assert!(share(&trials, |trial| trial.makespan < trial.barrier) >= 0.99);
    assert!(trials.iter().all(|trial| trial.makespan >= trial.bound));
}

/// The ids chosen from what can start in these lines, with these places.
fn chosen(lines: &[&str], places: usize, barrier: Option<usize>) -> Vec<String> {
    with(lines, |graph| {
        let plan = graph.plan(&Scope::All);
        let candidates: Vec<Candidate> = Frontier::new(&plan)
            .startable()
            .map(|entry| Candidate::new(entry, Constraints::default()))
            .collect();
        let state = State {
            free: places,
            beside: &[],
            candidates: &candidates.iter().collect::<Vec<_>>(),
            barrier,
        };
        pick(&state).iter().map(TicketId::to_string).collect()
    })
}

#[test]
fn the_longest_remaining_path_goes_first() {
    let lines = ["a", "b", "c : 3h", "d", "e < d : 3h", "f < e"];
    assert_eq!(chosen(&lines, 2, None), ["d", "c"]);
    assert_eq!(chosen(&lines, 9, None), ["d", "c", "a", "b"]);
    assert_eq!(chosen(&lines, 0, None), Vec::<String>::new());
    // `after` orders but never blocks, also in a circle.
    assert_eq!(
        chosen(&["a ~ b", "b ~ c", "c", "d"], 4, None),
        ["c", "b", "a", "d"]
    );
    assert_eq!(
        chosen(&["a ~ b", "b ~ a", "c ~ gone"], 4, None),
        ["c", "a", "b"]
    );
    assert_eq!(chosen(&["a ~ z", "z < a"], 1, None), ["a"]);
    assert_eq!(chosen(&lines, 9, Some(0)), Vec::<String>::new());
}

#[test]
fn what_may_not_run_together() {
    let with = |lock: &str, agent: &str, excludes: &str, touches: &str| Constraints {
        lock: Some(lock.to_owned()).filter(|lock| !lock.is_empty()),
        agent_lock: Some(agent.to_owned()).filter(|lock| !lock.is_empty()),
        excludes: excludes.split_whitespace().map(str::to_owned).collect(),
        touches: touches.split_whitespace().map(str::to_owned).collect(),
    };
    let rows = [
        (with("", "", "", ""), with("", "", "", ""), None),
        (with("a", "", "", ""), with("b", "a", "", ""), None),
        (
            with("a", "", "", ""),
            with("a", "", "", ""),
            Some(Clash::Lock("a".into())),
        ),
        (
            with("", "c", "", ""),
            with("", "c", "", ""),
            Some(Clash::AgentLock("c".into())),
        ),
        (
            with("", "c", "r", ""),
            with("", "r", "", ""),
            Some(Clash::Excluded("r".into())),
        ),
        (with("", "c", "r", ""), with("", "", "r", ""), None),
        (
            with("", "", "", "a/**"),
            with("", "", "", "b a/x"),
            Some(Clash::Touches),
        ),
    ];
    for (a, b, expected) in rows {
        assert_eq!(clash(&a, &b), expected, "{a:?} {b:?}");
        assert_eq!(clash(&b, &a), expected, "{b:?} {a:?}");
    }
}

#[test]
fn a_barrier_holds_the_next_wave_back() {
    with(&["a", "b : 3h", "c < a", "d < c"], |graph| {
        let plan = graph.plan(&Scope::All);
        let play = |barrier| {
            let rules = Rules { places: 2, barrier };
            simulate(
                &plan,
                rules,
                |_| Constraints::default(),
                |entry| entry.minutes,
            )
        };
        assert_eq!(
            (play(false).makespan_minutes, play(true).makespan_minutes),
            (180, 300)
        );
    });
}

/// Whether nothing startable waited while a place was free, and nothing ran that may not.
fn check(plan: &Plan, played: &Played, places: usize, of: impl Fn(&PlanEntry) -> Constraints) {
    let shift: BTreeMap<&TicketId, _> = played.shifts.iter().map(|s| (&s.id, s)).collect();
    let entries: Vec<&PlanEntry> = plan.entries.iter().collect();
    assert_eq!(shift.len(), entries.len(), "each once");
    let live_at = |time: u64| {
        let running = move |s: &&_| -> bool {
            let s: &crate::graph::simulate::Shift = s;
            s.start_minutes <= time && time < s.end_minutes
        };
        played.shifts.iter().filter(running).collect::<Vec<_>>()
    };
    let constraints = |id: &TicketId| of(plan.entry(id).unwrap());
    for entry in entries {
        let own = shift[&entry.id];
        let free = plan
            .blockers(entry)
            .iter()
            .map(|b| shift[b].end_minutes)
            .max();
        assert!(
            own.start_minutes >= free.unwrap_or(0),
            "not before its blockers"
        );
        let live = live_at(own.start_minutes);
        assert!(live.len() <= places);
        for other in live.iter().filter(|other| other.id != entry.id) {
            assert_eq!(clash(&of(entry), &constraints(&other.id)), None);
        }
        // Nothing changes but at the ends of tickets.
        for time in played.shifts.iter().map(|s| s.end_minutes).chain([0]) {
            if free.unwrap_or(0) <= time && time < own.start_minutes {
                let live = live_at(time);
                let clashes = |id: &TicketId| clash(&of(entry), &constraints(id)).is_some();
                assert!(
                    live.len() == places || live.iter().any(|other| clashes(&other.id)),
                    "{} waits at {time} with a place free",
                    entry.id
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_startable_ticket_never_waits_while_a_place_is_free(seed: u64, places in 1_usize..6) {
        let tickets = project(30, seed);
        let statuses = Statuses::default();
        let plan = Graph::new(&tickets, &statuses, now()).plan(&Scope::All);
        let mut rng = fastrand::Rng::with_seed(seed);
        let drawn: BTreeMap<TicketId, (Constraints, u64)> = plan
            .entries
            .iter()
            .map(|entry| {
                let constraints = Constraints {
                    lock: (rng.u8(..3) == 0).then(|| rng.choice(["l", "m"]).unwrap().to_owned()),
                    agent_lock: (rng.u8(..4) == 0).then(|| "code".to_owned()),
                    excludes: if rng.u8(..8) == 0 { vec!["code".to_owned()] } else { vec![] },
                    touches: if rng.u8(..6) == 0 { vec!["src/**".to_owned()] } else { vec![] },
                };
                (entry.id.clone(), (constraints, rng.u64(1..200)))
            })
            .collect();
        let of = |entry: &PlanEntry| drawn[&entry.id].0.clone();
        let rules = Rules { places, barrier: false };
        let played = simulate(&plan, rules, of, |entry| drawn[&entry.id].1);
        check(&plan, &played, places, of);
        // The first starts are those that a run would make.
        let candidates: Vec<Candidate> = Frontier::new(&plan)
            .startable()
            .map(|entry| Candidate::new(entry, of(entry)))
            .collect();
        let candidates: Vec<&Candidate> = candidates.iter().collect();
        let first = pick(&State { free: places, beside: &[], candidates: &candidates, barrier: None });
        let begun = played.shifts.iter().take_while(|shift| shift.start_minutes == 0);
        prop_assert_eq!(first, begun.map(|shift| shift.id.clone()).collect::<Vec<_>>());
    }
}

#[test]
fn an_empty_plan_takes_no_time() {
    with(&["a : awaiting", "b < a"], |graph| {
        let plan = graph.plan(&Scope::All);
        let rules = Rules {
            places: 0,
            barrier: true,
        };
        let played = simulate(
            &plan,
            rules,
            |_| Constraints::default(),
            |entry| entry.minutes,
        );
        assert_eq!(played, Played::default());
        assert!(!plan.entry(&id("b")).unwrap().runnable);
    });
}
