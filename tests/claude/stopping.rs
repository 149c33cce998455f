//! A run that ends early settles what its clients cost, leaves nothing running, and goes on.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::model_endpoint::{Gate, ModelEndpoint, Turn};
use crate::stage::{Stage, commit, same};

/// Much less than the client's own retries or the runner's last resort would take.
const SOON: Duration = Duration::from_secs(30);

#[test]
fn ctrl_c_in_the_middle_of_requests_settles_and_the_next_run_goes_on() {
    let (abc, def) = (Gate::default(), Gate::default());
    let endpoint = ModelEndpoint::start()
        .on(
            "ID: abc",
            [commit("abc", "abc"), Turn::done("abc").behind(&abc)],
        )
        // Interrupted before anything was done.
        .on(
            "ID: def",
            [
                Turn::done("never").behind(&def),
                commit("def", "def"),
                Turn::done("def"),
            ],
        );
    let stage = Stage::tickets(endpoint, &["abc", "def"]);
    let run = stage.start(&["abc", "def", "-j", "2", "--max-cost", "1"]);
    abc.reached();
    def.reached();
    let stopped_at = Instant::now();
    run.signal(Signal::INT);
    let run = run.finish().expect(8);
    assert!(stopped_at.elapsed() < SOON, "{:?}", stopped_at.elapsed());
    assert_eq!(run.last()["outcome"], "stopped");
    assert_eq!(run.tickets("unstarted"), ["abc", "def"]);
    stage.expect_no_processes(run.id());

    let reported = stage.reported(run.id());
    let costs: Vec<f64> = reported.values().copied().collect();
    assert!(same(costs[0], 0.01) && same(costs[1], 0.0), "{reported:?}");
    for (process, (cost, basis)) in stage.settled(run.id()) {
        assert_eq!(basis, "reported", "{process:?}");
        assert!(same(cost, reported[&process]), "{process:?}");
    }
    assert!(
        same(run.last()["cost_usd"].as_f64().unwrap(), 0.01),
        "{run:?}"
    );
    // The branch that has work is kept, and nothing else.
    assert_eq!(stage.worktrees(), [""; 0]);
    let kept = stage.branches();
    assert!(
        kept.iter().any(|branch| branch.ends_with("/abc")),
        "{kept:?}"
    );
    assert!(
        !kept.iter().any(|branch| branch.ends_with("/def")),
        "{kept:?}"
    );
    for id in ["abc", "def"] {
        let shown = stage.show(id);
        assert_eq!(
            (&shown["status"], &shown["owner"]),
            (&"open".into(), &serde_json::Value::Null)
        );
    }

    abc.open();
    def.open();
    let sessions: Vec<_> = ["abc", "def"]
        .map(|id| stage.show(id)["runs"][0]["session"].clone())
        .into();
    let again = stage
        .run(&["abc", "def", "-j", "2", "--max-cost", "1"])
        .expect(0);
    for (id, session) in ["abc", "def"].iter().zip(sessions) {
        let event = again.of(id, "session")[0];
        assert_eq!(
            (&event["session"], &event["resumed"]),
            (&session, &true.into()),
            "{id}"
        );
        let shown = stage.show(id);
        assert_eq!(shown["status"], "closed");
        // What it cost before it was stopped is in the account, under the one attempt.
        let cost: f64 = stage
            .reported(again.id())
            .iter()
            .filter(|((of, _), _)| of == id)
            .map(|(_, cost)| cost)
            .sum();
        assert_eq!(shown["runs"].as_array().unwrap().len(), 1, "{shown}");
        assert!(
            same(shown["cost_usd"].as_f64().unwrap(), cost),
            "{cost}: {shown}"
        );
    }
    assert_eq!(again.id(), run.id());
    assert_eq!(stage.branches(), ["main"]);
}

#[test]
fn ctrl_c_before_the_client_is_up_ends_it_too() {
    let endpoint = ModelEndpoint::start().on("ID: abc", [Turn::done("never")]);
    let stage = Stage::one_ticket(endpoint);
    let mut run = stage.start(&["abc", "--max-cost", "1"]);
    run.until("abc", "ticket_started");
    let stopped_at = Instant::now();
    run.signal(Signal::INT);
    let run = run.finish().expect(8);
    assert!(stopped_at.elapsed() < SOON, "{:?}", stopped_at.elapsed());
    stage.expect_no_processes(run.id());
    let settled: Vec<_> = stage.settled(run.id()).into_values().collect();
    assert_eq!(settled, [(0.0, "reported".to_owned())]);
    assert_eq!(stage.endpoint.requests().len(), 0);
    assert_eq!(stage.worktrees(), [""; 0]);
    // The run's branch waits for the next run.
    let branches = stage.branches();
    assert!(
        branches.len() == 2 && branches[1].starts_with("tk/run/"),
        "{branches:?}"
    );
    assert_eq!(stage.show("abc")["status"], "open");
    assert_eq!(run.of("abc", "failed").len(), 0);
}

#[test]
fn an_unknown_key_stops_the_run_at_once() {
    for places in ["1", "2"] {
        let refused = || Turn::error(401, "authentication_error", "invalid x-api-key");
        let endpoint = ModelEndpoint::start()
            .on("ID: abc", [refused()])
            .on("ID: def", [refused()])
            .on("ID: ghi", [refused()]);
        let stage = Stage::tickets(endpoint, &["abc", "def", "ghi"]);
        let started_at = Instant::now();
        let run = stage.run(&["abc", "def", "ghi", "-j", places]).expect(8);
        assert!(started_at.elapsed() < SOON, "{:?}", started_at.elapsed());
        // It is nobody's failure: the tickets are stopped, and the run says why.
        assert!(run.events.iter().all(|e| e["kind"] != "failed"), "{run:#?}");
        let why = "no worker can go on: authentication: authentication_failed";
        assert!(run.events.iter().any(|e| e["text"] == why), "{run:#?}");
        let started = run.events.iter().filter(|e| e["kind"] == "ticket_started");
        assert_eq!(started.count().to_string(), places);
        stage.expect_no_processes(run.id());
        assert!(same(run.last()["cost_usd"].as_f64().unwrap(), 0.0));
        let settled = stage.settled(run.id());
        assert!(
            settled.values().all(|(_, basis)| basis == "reported"),
            "{settled:?}"
        );
        let shown = stage.show("abc");
        assert_eq!(shown["status"], "open");
        let attempts = shown["runs"].as_array().unwrap();
        assert_eq!(attempts.len(), 1, "{shown:#}");
        assert_eq!(attempts[0]["outcome"], "stopped");
    }
}

#[test]
fn a_client_that_was_killed_goes_on_in_its_session() {
    let kept = "grep -qs tool_use ~/.claude/projects/*/*.jsonl";
    let command =
        format!("until {kept}; do sleep 0.05; done; echo $PPID > pid; kill -9 $PPID; sleep 1000");
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [
            Turn::bash(&command),
            Turn::bash("rm pid"),
            commit("abc", "abc"),
            Turn::done("after all"),
        ],
    );
    let stage = Stage::one_ticket(endpoint).with_agent("max_cost = 0.25");
    let run = stage.run(&["abc", "--max-cost", "1"]).expect(0);
    let sessions = stage.sessions(run.id(), "abc");
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0], sessions[1]);
    assert_eq!(run.of("abc", "retry")[0]["class"], "no_result");
    stage.expect_no_processes(run.id());
    // It told no cost: what was put aside for it is charged.
    let settled: Vec<_> = stage.settled(run.id()).into_values().collect();
    assert_eq!(settled[0], (0.25, "reservation".to_owned()));
    assert_eq!(stage.show("abc")["status"], "closed");
}
