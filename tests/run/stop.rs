//! Ctrl-C, SIGTERM, `tk stop`: everything is kept, nothing is left behind.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::{Ended, Live, Rig, work};

/// Two tickets: `one` commits, spends, and hangs in its first round; `two` waits for it.
fn hanging() -> Rig {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    rig.script(json!({"one": [
        [{"write": {"path": "half.txt", "text": "half"}}, {"commit": "half"},
         {"write": {"path": "rest.txt", "text": "rest"}},
         {"spend": {"usd": 0.25, "input": 10, "output": 5}}, {"say": "up"}, "hang"],
        work(),
    ]}));
    rig
}

fn up(rig: &Rig) -> Live {
    let mut live = rig.start(["--max-cost", "5"]);
    live.until("one", "say");
    live
}

fn assert_kept(rig: &Rig, ended: &Ended) {
    assert_eq!(ended.last()["outcome"], "stopped");
    assert_eq!(ended.ids("unstarted"), ["one", "two"]);
    // What is committed is on the branch, what is not stays where it is.
    rig.assert_tidy_but(&["one"]);
    assert_eq!(rig.sandbox.read(".worktrees/one/rest.txt"), "rest");
    for id in ["one", "two"] {
        let ticket = rig.show(id);
        assert_eq!(
            (&ticket["status"], &ticket["owner"]),
            (&json!("open"), &Value::Null),
            "{id}"
        );
    }
    assert!(
        rig.branches().contains(&"tk/work/epic/one".to_owned()),
        "{:?}",
        rig.branches()
    );
    let kept = rig
        .sandbox
        .git(["ls-tree", "--name-only", "tk/work/epic/one"]);
    assert!(kept.contains("half.txt"), "{kept}");
    assert!(!rig.sandbox.path().join("half.txt").exists());
}

/// The same command goes on in the same run and the same session, and finishes.
fn assert_goes_on(rig: &Rig, stopped: &Ended) {
    let ended = rig.run(["--max-cost", "5"]).expect(0);
    assert_eq!(ended.last()["run"], stopped.last()["run"]);
    assert_eq!(ended.of("", "run_started")[0]["resumed"], true);
    let session = ended.of("one", "session");
    assert_eq!(
        session[0]["session"],
        stopped.of("one", "session")[0]["session"]
    );
    assert_eq!(session[0]["resumed"], true);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    for file in ["half.txt", "rest.txt", "one.txt", "two.txt"] {
        assert!(rig.sandbox.path().join(file).exists(), "{file}");
    }
    assert_eq!(rig.show("epic")["status"], "closed");
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
    assert_eq!(rig.settled().len(), 3);
    assert_eq!(rig.landings("one", "main"), 1);
    // The attempt's record counts both of its processes.
    let ticket = rig.show("one");
    assert_eq!(ticket["runs"].as_array().unwrap().len(), 1);
    assert_eq!(ticket["runs"][0]["cost_usd"], 0.25);
}

#[test]
fn ctrl_c_keeps_everything_and_the_same_command_goes_on() {
    let rig = hanging();
    let live = up(&rig);
    assert_eq!(rig.show("one")["status"], "in_progress");
    live.signal(Signal::INT);
    let stopped = live.end().expect(8);
    assert_kept(&rig, &stopped);
    assert!((rig.spent() - 0.25).abs() < 1e-9, "{:?}", rig.settled());
    assert_goes_on(&rig, &stopped);
}

#[test]
fn sigterm_is_a_stop_too() {
    let rig = hanging();
    let live = up(&rig);
    live.signal(Signal::TERM);
    let stopped = live.end().expect(8);
    assert_kept(&rig, &stopped);
}

#[test]
fn tk_stop_ends_the_run_and_returns_when_it_is_over() {
    let rig = hanging();
    let live = up(&rig);
    let output = rig.sandbox.tk(["stop", "--json"]);
    assert_eq!(output.json()["pid"], live.pid());
    assert_eq!(output.code, 0, "{output}");
    let stopped = live.end().expect(8);
    assert_kept(&rig, &stopped);
    let again = rig.sandbox.tk(["stop"]);
    assert_eq!(again.code, 1, "{again}");
    assert_goes_on(&rig, &stopped);
}

#[test]
fn a_single_ticket_can_be_stopped_and_the_others_go_on() {
    let rig = Rig::new(&[
        ("one", ""),
        ("two", "blocked_by = [\"one\"]"),
        ("other", ""),
    ]);
    let pipe = rig.pipe("gate");
    rig.script(json!({
        "one": [[{"say": "up"}, "hang"], work()],
        "other": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > other.txt"}]],
    }));
    let mut live = rig.start(["-j", "2"]);
    let first = live.until("", "say")["ticket"].clone();
    let second = live.until("", "say")["ticket"].clone();
    assert_ne!(first, second);
    rig.sandbox.tk(["stop", "one"]).ok();
    assert_eq!(rig.show("one")["status"], "open");
    crate::rig::open(&pipe);
    let ended = live.end().expect(9);
    assert_eq!(ended.ids("landed"), ["other"]);
    assert_eq!(ended.ids("unstarted"), ["one", "two"]);
    rig.assert_tidy();
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
}

#[test]
fn the_second_ctrl_c_kills_what_is_deaf() {
    let rig = Rig::new(&[("one", "")]);
    let pipe = rig.pipe("never");
    rig.script(json!({"one": [["deaf", "leave", {"say": "up"}, {"await": pipe}]]}));
    let mut live = rig.start(["--max-cost", "2"]);
    live.until("one", "say");
    live.signal(Signal::INT);
    live.signal(Signal::INT);
    live.end().expect(8);
    rig.assert_tidy();
    assert_eq!(rig.show("one")["status"], "open");
    // It told no cost: its reservation is charged, all of the cap.
    assert_eq!(rig.settled().len(), 1);
    assert!((rig.spent() - 2.0).abs() < 1e-9, "{:?}", rig.settled());
}

/// The examples of `tk stop --help`, each given to a live run of its own.
#[test]
fn every_example_of_the_help() {
    let help = Rig::new(&[]).sandbox.tk(["stop", "--help"]).ok();
    let examples = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let examples: Vec<&str> = examples
        .map_while(|line| line.strip_prefix("  "))
        .map(|line| line.split("  #").next().unwrap_or(line).trim_end())
        .collect();
    assert_eq!(examples, ["tk stop", "tk stop auth", "tk stop x4d"]);
    for (example, code) in examples.into_iter().zip([8, 8, 9]) {
        let rig = Rig::new(&[("x4d", "")]);
        let epic = "title = \"Authentication\"\ntype = \"epic\"\n";
        rig.sandbox.ticket("epic", epic);
        rig.script(json!({"x4d": [[{"say": "up"}, "hang"]]}));
        let mut live = rig.start([]);
        live.until("x4d", "say");
        rig.sandbox.tk(example.split(' ').skip(1)).ok();
        let ended = live.end().expect(code);
        assert_eq!(ended.ids("unstarted"), ["x4d"], "{example}");
        assert_eq!(rig.show("x4d")["status"], "open", "{example}");
        rig.assert_tidy();
    }
}
