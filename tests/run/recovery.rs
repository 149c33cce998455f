//! The runner is killed; the same command converges.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::{Rig, work};

#[test]
fn a_killed_runner_is_made_good_by_the_same_command() {
    let rig = Rig::new(&[
        ("one", ""),
        ("two", "blocked_by = [\"one\"]"),
        ("three", "blocked_by = [\"two\"]"),
    ]);
    let pipe = rig.pipe("go");
    rig.script(json!({"two": [
        [{"write": {"path": "half.txt", "text": "half"}}, {"commit": "half"},
         {"spend": {"usd": 0.25, "input": 10, "output": 5}}, {"say": "up"}, {"await": pipe}],
    ]}));
    let mut live = rig.start(["--max-cost", "5"]);
    live.until("two", "say");
    live.signal(Signal::KILL);
    let killed = live.end().expect(-1);
    assert!(
        !rig.processes().is_empty(),
        "the worker outlives its runner"
    );
    assert_eq!(rig.show("two")["status"], "in_progress");
    assert_eq!(
        rig.sandbox.tk(["runs", "--json"]).json()["runs"][0]["state"],
        "interrupted"
    );

    let live = rig.start(["--max-cost", "5"]);
    crate::rig::open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.last()["run"], killed.events[0]["run"]);
    assert_eq!(ended.ids("landed"), ["three", "two"]);
    // The worker lived on, and what it told is not told again.
    assert_eq!(rig.rounds("two"), 1);
    for kind in ["session", "say"] {
        assert_eq!(killed.of("two", kind).len(), 1, "{kind}");
        assert!(ended.of("two", kind).is_empty(), "{kind}");
    }
    for id in ["one", "two", "three"] {
        assert_eq!(rig.landings(id, "main"), 1, "{id}");
        assert_eq!(rig.show(id)["status"], "closed");
    }
    assert!(rig.sandbox.path().join("half.txt").exists());
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
    // Each worker process once, that of the killed runner too.
    let mut workers: Vec<String> = rig
        .settled()
        .iter()
        .map(|e| format!("{} {} {}", e["ticket"], e["attempt"], e["process"]))
        .collect();
    workers.sort();
    assert_eq!(workers, ["\"one\" 1 1", "\"three\" 1 1", "\"two\" 1 1"]);
    assert!((rig.spent() - 0.25).abs() < 1e-9, "{:?}", rig.settled());
    assert_eq!(rig.show("two")["cost_usd"], 0.25);
    // The events of both stretches are one journal without gaps.
    let seqs: Vec<u64> = killed.events.iter().chain(&ended.events).map(seq).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
}

#[test]
fn a_runner_killed_in_a_check_goes_on_with_the_work_it_has() {
    let rig = Rig::new(&[("one", "")]);
    let (up, never) = (rig.pipe("up"), rig.pipe("never"));
    let seen = rig.sandbox.root().join("seen");
    let check = format!(
        "test -e {0} || {{ touch {0}; echo up > {1}; cat {2}; }}",
        seen.display(),
        up.display(),
        never.display()
    );
    let live = rig.start(["--check", &check]);
    assert_eq!(std::fs::read_to_string(&up).unwrap(), "up\n");
    live.signal(Signal::KILL);
    live.end().expect(-1);
    let ended = rig.run(["--check", &check]).expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    assert_eq!(rig.landings("one", "main"), 1);
    rig.assert_tidy();
    assert_eq!(rig.branches(), ["main"]);
}

#[test]
fn a_ticket_that_cannot_be_read_keeps_none_of_the_others_from_it() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let up = json!([[{"write": {"path": "half", "text": "x"}}, {"say": "up"}, "hang"], work()]);
    rig.script(json!({"one": up, "two": up}));
    let mut live = rig.start(["-j", "2"]);
    live.until("", "say");
    live.until("", "say");
    live.signal(Signal::KILL);
    live.end().expect(-1);
    rig.kill_workers();
    let path = rig.sandbox.path().join(".ticks/one.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}[[[\n")).unwrap();
    let ended = rig.run([]);
    assert_eq!(ended.ids("landed"), ["two"], "{}", ended.stderr);
    let warned = ended.warnings().join("\n");
    let said = "`one` was in progress when the runner was interrupted, and stays so for now: ";
    assert!(warned.contains(said), "{warned}");

    // Once it can be read, it is as if it had been put back then.
    std::fs::write(&path, text).unwrap();
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    assert_eq!(ended.of("one", "session")[0]["resumed"], true);
    assert_eq!(rig.notes("one"), [""; 0]);
    rig.assert_tidy();
}

fn seq(event: &Value) -> u64 {
    event["seq"].as_u64().unwrap()
}

#[test]
fn whatever_command_comes_next_what_had_landed_is_closed() {
    for place in [
        "run_branch_moved:after:2",
        "landed:before",
        "ticket_closed:before",
    ] {
        for next in [&["land", "epic"][..], &["land"], &["run", "one"]] {
            let rig = Rig::new(&[("one", "")]);
            let mut dying = rig.sandbox.tk_command();
            dying
                .args(["run", "epic", "--json"])
                .env("TK_TEST_DIE_AT", place);
            crate::rig::Live::of(dying).end().expect(-1);
            assert_eq!(rig.show("one")["status"], "in_progress");
            let _of_each_its_own = rig.sandbox.tk(next).code;
            assert_eq!(rig.show("one")["status"], "closed", "{place} {next:?}");
            assert_eq!(rig.rounds("one"), 1, "{place} {next:?}: nobody works twice");
            rig.sandbox.tk(["run", "epic"]).ok();
            assert_eq!(rig.landings("one", "main"), 1, "{place} {next:?}");
            assert_eq!(rig.sandbox.read("one.txt"), "done\n");
            for id in ["one", "epic"] {
                assert_eq!(rig.show(id)["status"], "closed", "{place} {next:?}");
            }
            assert_eq!(rig.branches(), ["main"], "{place} {next:?}");
            rig.assert_tidy();
        }
    }
}
