//! The run's branch, where another than the run moves it: nothing gets past the gate that way.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::{Live, Rig, write};

const MOVED: &str = "`tk/run/epic`, which only its run moves, was moved by another, past the gate";

/// The steps of a worker that commits a file, and then does that.
fn work_and(command: &str) -> Value {
    let mut steps = write("bad", "x");
    steps.as_array_mut().unwrap().push(json!({"run": command}));
    steps
}

fn strays(rig: &Rig) -> Vec<String> {
    let listed = rig
        .sandbox
        .git(["for-each-ref", "--format=%(objectname)", "refs/tk/stray/"]);
    listed.lines().map(str::to_owned).collect()
}

#[track_caller]
fn assert_nobody_owns(rig: &Rig) {
    assert_eq!(rig.sandbox.git(["for-each-ref", "refs/tk/tip/"]), "");
}

/// A commit on top of the branch, which stays where it is.
#[track_caller]
fn commit_on(rig: &Rig, branch: &str, message: &str) -> String {
    let tree = format!("{branch}^{{tree}}");
    let commit = ["commit-tree", "-m", message, "-p", branch, &tree];
    rig.sandbox.git(commit).trim().to_owned()
}

#[test]
fn a_worker_that_moves_it_gets_nothing_past_the_gate() {
    for command in [
        "git update-ref refs/heads/tk/run/epic HEAD",
        "git -C ../epic merge --quiet --no-edit tk/work/epic/one",
    ] {
        let rig = Rig::new(&[("one", "checks = [\"test ! -e bad\"]"), ("two", "")]);
        let config = "[run]\nfix_rounds = 0\n";
        rig.sandbox.write(".ticks/config.toml", config);
        rig.script(json!({"one": [work_and(command)]}));
        let ended = rig.run(["-j", "1"]).expect(7);
        assert_eq!(ended.ids("landed"), ["two"], "{command}");
        assert_eq!(ended.of("one", "failed")[0]["class"], "check");
        assert!(!rig.sandbox.path().join("bad").exists(), "{command}");
        let warned = ended.warnings().join("\n");
        assert!(warned.contains(MOVED), "{warned}");
        assert!(rig.notes("one")[0].starts_with(MOVED));
        assert_eq!(strays(&rig).len(), 1);
        assert_eq!(rig.branches(), ["main", "tk/work/epic/one"]);
        assert_nobody_owns(&rig);
        rig.assert_tidy();
    }
}

#[test]
fn one_that_moves_it_back_takes_nothing_off_it() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let command = "git update-ref refs/heads/tk/run/epic main";
    rig.script(json!({"two": [work_and(command)]}));
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(rig.landings("one", "main"), 1);
    assert_eq!(rig.landings("two", "main"), 1);
    assert!(ended.warnings().join("\n").contains(MOVED));
}

#[test]
fn whoever_works_meanwhile_does_not_build_on_it() {
    let rig = Rig::new(&[
        ("one", "requires = \"review\""),
        ("two", "blocked_by = [\"tre\"]"),
        ("tre", ""),
    ]);
    let pipe = rig.pipe("go");
    let command = "git update-ref refs/heads/tk/run/epic HEAD";
    let mut moves = work_and(command);
    let steps = moves.as_array_mut().unwrap();
    steps.push(json!({"say": "moved"}));
    steps.push(json!({"await": pipe}));
    rig.script(json!({"one": [moves], "two": [[{"run": "test ! -e bad"}, {"write": {"path": "two", "text": "x"}}, {"commit": "two"}]]}));
    let mut live = rig.start(["-j", "2"]);
    live.until("two", "ticket_finished");
    crate::rig::open(&pipe);
    let ended = live.end().expect(9);
    assert_eq!(ended.ids("landed"), ["tre", "two"]);
    assert_eq!(ended.ids("awaiting"), ["one"]);
    assert!(!rig.sandbox.path().join("bad").exists());
}

#[test]
fn tickets_that_land_together_do_not_take_it_along() {
    let rig = Rig::new(&[("one", ""), ("two", ""), ("tre", "")]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nbatch = 3\nfix_rounds = 0\n");
    let steal = "git checkout --quiet --detach && echo x > stolen && git add stolen && \
                 git commit --quiet -m stolen && git update-ref refs/heads/tk/run/epic HEAD && \
                 git checkout --quiet -";
    let mut steps = write("one", "x");
    steps.as_array_mut().unwrap().push(json!({"run": steal}));
    rig.script(json!({"one": [steps]}));
    let ended = rig.run(["-j", "3"]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "tre", "two"]);
    assert!(!rig.sandbox.path().join("stolen").exists());
    let warned = ended.warnings().join("\n");
    assert!(warned.contains(MOVED), "{warned}");
    assert_eq!(strays(&rig).len(), 1);
}

#[test]
fn what_it_was_moved_to_while_no_runner_lived_does_not_land_either() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let mut dying = rig.sandbox.tk_command();
    dying.args(["run", "epic", "--json", "-j", "1"]);
    dying.env("TK_TEST_DIE_AT", "landed:before");
    Live::of(dying).end();
    let other = commit_on(&rig, "tk/run/epic", "ungated");
    rig.sandbox
        .git(["update-ref", "refs/heads/tk/run/epic", &other]);
    let ended = rig.run([]).expect(0);
    assert!(ended.warnings().join("\n").contains(MOVED));
    assert_eq!(rig.landings("one", "main"), 1);
    let log = rig.sandbox.git(["log", "--format=%s", "main"]);
    assert!(!log.contains("ungated"), "{log}");
    assert_eq!(strays(&rig), [other]);
    assert_nobody_owns(&rig);
}

#[test]
fn between_runs_it_is_anybodys() {
    for stopped in [false, true] {
        let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
        if stopped {
            rig.script(json!({"two": [["hang"]]}));
            let mut live = rig.start(["--land", "never"]);
            live.until("two", "session");
            live.signal(Signal::INT);
            live.end().expect(8);
            rig.script(json!({}));
        } else {
            rig.run(["--land", "never"]).expect(0);
        }
        assert_nobody_owns(&rig);
        let by_hand = commit_on(&rig, "tk/run/epic", "by hand");
        rig.sandbox
            .git(["branch", "--force", "tk/run/epic", &by_hand]);
        if stopped {
            let ended = rig.run([]).expect(0);
            assert!(!ended.warnings().join("\n").contains(MOVED));
        } else {
            rig.sandbox.tk(["land", "epic"]).ok();
        }
        let log = rig.sandbox.git(["log", "--format=%s", "main"]);
        assert!(log.contains("by hand"), "{log}");
        assert_eq!(strays(&rig), [""; 0]);
    }
}
