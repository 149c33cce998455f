//! Plans of given projects, and of large ones.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::fixture::{id, now, project, texts, with};
use crate::graph::{Frontier, Graph, Plan, Scope};
use crate::model::{Outcome, RunRecord, Statuses, Ticket};

/// The waves as `a b | c`.
fn waves(plan: &Plan) -> String {
    let mut text = String::new();
    for (number, wave) in plan.waves().enumerate() {
        let bar = if number == 0 { "" } else { " | " };
        let ids: Vec<&str> = wave.iter().map(|entry| entry.id.as_str()).collect();
        write!(text, "{bar}{}", ids.join(" ")).unwrap();
    }
    text
}

fn briefs(tickets: &[crate::graph::Brief]) -> Vec<&str> {
    tickets.iter().map(|ticket| ticket.id.as_str()).collect()
}

/// `c` and `d` wait for one another, and `b` is before them.
#[test]
fn what_is_behind_a_cycle_is_on_no_path() {
    with(
        &["a : 1h", "b : 3h", "c < b d", "d < c", "e < a"],
        |graph| {
            let plan = graph.plan(&Scope::All);
            assert_eq!(texts(&plan.critical_path_ids), ["b"]);
            assert_eq!(plan.critical_path_minutes, 180);
            assert_eq!(texts(&plan.unplaced), ["c", "d"]);
        },
    );
}

#[test]
fn an_epic_with_everything() {
    let lines = [
        "e < z",
        "a ^ e : 1h",
        "b ^ e < a : 2h",
        "c ^ e < a : 30m",
        "n ^ e < c",
        "d ^ n : awaiting",
        "f ^ n : closed",
        "g ^ e < n gone : in_progress",
        "z",
        "y < e",
        "o < a",
        "p ^ e < o",
    ];
    with(&lines, |graph| {
        let plan = graph.plan(&Scope::Epic(id("e")));
        assert_eq!(waves(&plan), "a | c b p | d | g");
        assert_eq!(texts(&plan.critical_path_ids), ["a", "c", "d", "g"]);
        assert_eq!(plan.critical_path_minutes, 60 + 30 + 60 + 60);
        assert_eq!(plan.max_parallel, 3);
        assert_eq!(briefs(&plan.external_blockers), ["gone", "o", "z"]);
        assert_eq!(plan.external_blockers[0].status, "missing");
        assert_eq!(briefs(&plan.awaiting), ["d"]);
        assert_eq!(briefs(&plan.done), ["f"]);
        assert!(plan.ready().is_empty(), "all of it waits for z");
        let g = plan.entry(&id("g")).unwrap();
        assert_eq!(texts(&g.blocked_by), ["gone", "n", "z"]);
        assert_eq!(texts(&plan.blockers(g)), ["d", "gone", "z"]);
        let b = plan.entry(&id("b")).unwrap();
        assert_eq!(
            (b.slack_minutes, b.critical, b.bottom_minutes),
            (30, false, 120)
        );
        assert!(plan.entries.iter().all(|entry| !entry.runnable));
        let whole = graph.plan(&Scope::All);
        assert_eq!(waves(&whole), "z | a | c b o | d p | g | y");
        assert!(whole.entry(&id("z")).unwrap().ready && whole.done.is_empty());
        let some = Scope::Tickets([id("n"), id("y")].into());
        assert_eq!(waves(&graph.plan(&some)), "d | y");
    });
}

#[test]
fn what_never_starts_by_itself_is_not_runnable() {
    let lines = [
        "a",
        "b < a",
        "c : awaiting",
        "d < c",
        "e : deferred",
        "f < e b",
        "g < gone",
        "h : in_progress",
        "i < h",
        "m : epic",
        "j < m",
        "k ^ q",
        "q : awaiting",
    ];
    with(&lines, |graph| {
        let plan = graph.plan(&Scope::All);
        let runnable = plan.entries.iter().filter(|entry| entry.runnable);
        let mut ids: Vec<&str> = runnable.map(|entry| entry.id.as_str()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["a", "b", "h", "i"]);
        let mut frontier = Frontier::new(&plan);
        let open: Vec<&str> = frontier.startable().map(|e| e.id.as_str()).collect();
        assert_eq!(open, ["a", "h"]);
        assert_eq!(frontier.wave(), Some(1));
        assert_eq!(
            frontier.finish(&id("b")),
            Vec::<&crate::graph::PlanEntry>::new()
        );
        let next: Vec<&str> = frontier
            .finish(&id("a"))
            .iter()
            .map(|e| e.id.as_str())
            .collect();
        assert_eq!(next, ["b"]);
        assert!(frontier.finish(&id("a")).is_empty(), "only once");
    });
}

#[test]
fn work_in_and_behind_a_cycle_has_no_wave() {
    with(&["a < b", "b < a", "c < b", "d"], |graph| {
        let plan = graph.plan(&Scope::All);
        assert_eq!(waves(&plan), "d");
        assert_eq!(texts(&plan.unplaced), ["a", "b", "c"]);
        assert_eq!(plan.cycles.len(), 1);
    });
}

#[test]
fn an_epic_without_open_children_has_no_waves() {
    for lines in [
        &["e : epic"][..],
        &["e", "a ^ e : closed"],
        &["e", "n ^ e : epic"],
    ] {
        with(lines, |graph| {
            let plan = graph.plan(&Scope::Epic(id("e")));
            let json = serde_json::to_string(&plan.document()).unwrap();
            assert!(
                json.contains(r#""waves":[],"max_parallel":0,"critical_path":0"#),
                "{json}"
            );
        });
    }
}

#[test]
fn what_a_ticket_lasts() {
    let mut tickets = project(&["a : 90m", "b", "c", "d : closed"]);
    tickets[2].kind = "bug".to_owned();
    let record = |minutes: i64, outcome| RunRecord {
        run: "r".to_owned(),
        attempt: 1,
        agent: "claude".to_owned(),
        model: None,
        session: None,
        started_at: Some(now()),
        ended_at: Some(now() + jiff::Span::new().minutes(minutes)),
        outcome: Some(outcome),
        summary: None,
        cost_usd: None,
        input_tokens: None,
        output_tokens: None,
        turns: None,
    };
    tickets[3].runs = vec![
        record(500, Outcome::Failed),
        record(10, Outcome::Landed),
        record(30, Outcome::Landed),
    ];
    let statuses = Statuses::default();
    let plan = Graph::new(&tickets, &statuses, now()).plan(&Scope::All);
    let minutes = |name: &str| plan.entry(&id(name)).unwrap().minutes;
    assert_eq!((minutes("a"), minutes("b"), minutes("c")), (90, 20, 60));
}

#[test]
fn the_public_document() {
    let lines = [
        "k7m",
        "abc ^ k7m : 60m",
        "def ^ k7m < abc z : 2h",
        "ghi ^ k7m < abc",
        "z",
    ];
    with(&lines, |graph| {
        let json = serde_json::to_string(&graph.plan(&Scope::Epic(id("k7m"))).document()).unwrap();
        let entry = |id: &str, blocked: &str, wave, minutes, slack, critical, ready| {
            format!(
                r#"{{"id":"{id}","title":"Ticket {id}","status":"open","priority":2,"blocked_by":[{blocked}],"awaiting":null,"requires":null,"wave":{wave},"estimate_minutes":{minutes},"slack_minutes":{slack},"critical":{critical},"ready":{ready}}}"#
            )
        };
        let expected = format!(
            r#"{{"schema":"tk.graph.v1","epic":{{"id":"k7m","title":"Ticket k7m"}},"waves":[[{}],[{},{}]],"max_parallel":2,"critical_path":2,"critical_path_ids":["abc","def"],"critical_path_minutes":180,"external_blockers":[{{"id":"z","title":"Ticket z","status":"open"}}],"awaiting":[],"done":[]}}"#,
            entry("abc", "", 1, 60, 0, true, true),
            entry("def", r#""abc","z""#, 2, 120, 0, true, false),
            entry("ghi", r#""abc""#, 2, 60, 60, false, false),
        );
        assert_eq!(json, expected);
        let none = serde_json::to_string(&graph.plan(&Scope::All).document()).unwrap();
        assert!(none.starts_with(r#"{"schema":"tk.graph.v1","epic":null,"waves":[["#));
    });
}

/// A ladder of diamonds: two tickets a rung, each blocked by both of the rung before.
fn ladder(rungs: usize) -> Vec<Ticket> {
    let mut lines = vec!["a0".to_owned(), "b0".to_owned()];
    for rung in 1..rungs {
        let before = rung - 1;
        lines.push(format!("a{rung} < a{before} b{before}"));
        lines.push(format!("b{rung} < a{before} b{before}"));
    }
    lines.iter().flat_map(|line| project(&[line])).collect()
}

#[test]
fn a_ladder_of_diamonds_takes_no_time() {
    let (tickets, statuses) = (ladder(40), Statuses::default());
    let begun = Instant::now();
    let graph = Graph::new(&tickets, &statuses, now());
    let plan = graph.plan(&Scope::All);
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!((plan.waves().count(), plan.max_parallel), (40, 2));
    assert_eq!(plan.critical_path_ids.len(), 40);
}

#[test]
fn long_chains_do_not_overflow_the_stack() {
    const LENGTH: usize = 100_000;
    let mut tickets = project(&["t0"]);
    let mut nested = project(&["t0"]);
    for number in 1..LENGTH {
        let before = id(&format!("t{}", number - 1));
        let mut ticket = tickets[0].clone();
        ticket.id = id(&format!("t{number}"));
        let mut child = ticket.clone();
        ticket.blocked_by.insert(before.clone());
        child.parent = Some(before);
        tickets.push(ticket);
        nested.push(child);
    }
    let statuses = Statuses::default();
    let plan = Graph::new(&tickets, &statuses, now()).plan(&Scope::All);
    assert_eq!(plan.critical_path_ids.len(), LENGTH);

    tickets[0]
        .blocked_by
        .insert(id(&format!("t{}", LENGTH - 1)));
    let graph = Graph::new(&tickets, &statuses, now());
    assert_eq!(graph.cycles()[0].links.len(), LENGTH);

    let graph = Graph::new(&nested, &statuses, now());
    assert_eq!(graph.descendants(&id("t0")).len(), LENGTH - 1);
    assert_eq!(graph.plan(&Scope::Epic(id("t0"))).entries.len(), 1);
}
