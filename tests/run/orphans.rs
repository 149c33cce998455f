//! Workers that outlive their runner: named, and ended for sure.

use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::{Rig, work};

/// What is left when the runner was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Shim,
    /// The worker alone.
    Worker,
}

/// A run of one ticket whose runner is dead and whose worker is not; the run's id.
fn orphan(left: Left) -> (Rig, String) {
    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [
        [{"write": {"path": "half", "text": "x"}}, {"commit": "half"}, {"say": "up"}, "hang"],
        work(),
    ]}));
    let mut live = rig.start([]);
    let run = live.until("one", "say")["run"].as_str().unwrap().to_owned();
    live.signal(Signal::KILL);
    live.end();
    if left == Left::Worker {
        rig.kill_shims();
    }
    assert!(!rig.processes().is_empty(), "it lives on");
    (rig, run)
}

fn findings(rig: &Rig, args: &[&str]) -> Vec<Value> {
    let mut all = vec!["doctor", "--json"];
    all.extend(args);
    let output = rig.sandbox.tk(all);
    output.json()["findings"].as_array().unwrap().clone()
}

fn living(findings: &[Value]) -> Vec<&Value> {
    let living = findings.iter().filter(|f| f["kind"] == "living_worker");
    living.collect()
}

/// The same session goes on with what it had done.
#[track_caller]
fn assert_goes_on(rig: &Rig) {
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.of("one", "session")[0]["resumed"], true);
    assert_eq!(rig.sandbox.read("half"), "x");
    assert_eq!(rig.rounds("one"), 2);
    assert_eq!(rig.landings("one", "main"), 1);
    assert_eq!(living(&findings(rig, &[])), [&Value::Null; 0]);
    rig.assert_tidy();
}

#[test]
fn the_doctor_names_it_and_ends_it() {
    for left in [Left::Shim, Left::Worker] {
        let (rig, run) = orphan(left);
        let found = findings(&rig, &[]);
        let named = living(&found);
        assert_eq!(named.len(), 1, "{left:?}: {found:#?}");
        let named = named[0];
        let message = named["message"].as_str().unwrap();
        assert!(
            message.starts_with("the worker of `one` runs since 20"),
            "{message}"
        );
        assert!(message.ends_with(", and its runner is dead"), "{message}");
        let pid = message.split("as process ").nth(1).unwrap();
        let pid: i32 = pid.split(',').next().unwrap().parse().unwrap();
        assert!(rig.processes().contains(&pid), "{left:?}: {message}");
        assert_eq!(
            (&named["ticket"], &named["run"]),
            (&json!("one"), &json!(run))
        );
        let hint = format!("`tk run epic` takes it over, `tk stop {run}` ends it");
        assert_eq!(named["hint"], hint);
        assert_eq!(named["fixable"], true);
        assert!(!rig.processes().is_empty(), "looking ends nothing");

        let found = findings(&rig, &["--fix"]);
        assert_eq!(living(&found)[0]["fixed"], true, "{left:?}: {found:#?}");
        assert_eq!(rig.processes(), [0; 0], "{left:?}");
        assert_eq!(rig.show("one")["status"], "open");
        assert_eq!(living(&findings(&rig, &[])), [&Value::Null; 0]);
        assert_goes_on(&rig);
    }
}

#[test]
fn stopping_the_dead_run_ends_it() {
    for left in [Left::Shim, Left::Worker] {
        let (rig, run) = orphan(left);
        let listed = rig.sandbox.tk(["runs"]);
        let said = format!("1 worker lives on: `tk stop {run}` ends that\n");
        assert!(listed.stdout.ends_with(&said), "{listed}");
        let listed = rig.sandbox.tk(["runs", "--json"]).json();
        assert_eq!(
            listed["runs"][0]["left"].as_array().unwrap().len(),
            1,
            "{listed}"
        );
        let refused = rig.sandbox.tk(["stop", "one"]);
        assert_eq!(refused.code, 1, "{refused}");
        let hint = format!(
            "hint: `tk stop {run}` ends all that it has left running and puts its tickets back; \
             `tk run epic` goes on with it\n"
        );
        assert!(refused.stderr.ends_with(&hint), "{refused}");
        let stopped = rig.sandbox.tk(["stop", &run, "--json"]);
        assert_eq!(stopped.code, 0, "{stopped}");
        let told = stopped.json();
        assert_eq!((&told["pid"], &told["run"]), (&Value::Null, &json!(run)));
        assert_eq!(told["left"].as_array().unwrap().len(), 1, "{told}");
        assert_eq!(rig.processes(), [0; 0], "{left:?}");
        let listed = rig.sandbox.tk(["runs", "--json"]).json();
        assert_eq!(listed["runs"][0]["left"], json!([]));
        let again = rig.sandbox.tk(["stop"]);
        assert_eq!(again.code, 1, "{again}");
        let said = format!("error: run {run} is not live\nhint: `tk run epic` goes on with it\n");
        assert_eq!(again.stderr, said);
        assert_goes_on(&rig);
    }
}

#[test]
fn stopping_a_dead_run_without_workers_puts_its_tickets_back() {
    for ticket in [true, false] {
        let (rig, run) = orphan(Left::Shim);
        rig.kill_workers();
        assert_eq!(rig.show("one")["status"], "in_progress");
        let stopped = rig.sandbox.tk(["stop", if ticket { "one" } else { &run }]);
        let said =
            format!("put back the tickets that run {run}, whose runner is dead, had begun\n");
        assert_eq!((stopped.code, &stopped.stdout), (0, &said), "{stopped}");
        assert_eq!(rig.show("one")["status"], "open");
        let again = rig.sandbox.tk(["stop", &run]);
        assert_eq!(again.code, 1, "{again}");
        assert_goes_on(&rig);
    }
}

#[test]
fn it_is_found_though_nobody_can_read_who_was_started() {
    let (rig, run) = orphan(Left::Worker);
    let path = format!(".git/tk/runs/{run}/@one/1-1/started.json");
    let path = rig.sandbox.path().join(path);
    std::fs::write(&path, "{").unwrap();
    let found = findings(&rig, &[]);
    assert_eq!(living(&found).len(), 1, "{found:#?}");
    let refused = rig.sandbox.tk(["stop", &run]);
    assert_eq!(refused.code, 1, "{refused}");
    let hint = "hint: move that file away and give the command again: what its worker did is tried \
                again\n";
    assert!(refused.stderr.ends_with(hint), "{refused}");
    std::fs::remove_file(&path).unwrap();
    rig.sandbox.tk(["stop", &run]).ok();
    assert_eq!(rig.processes(), [0; 0]);
    assert_goes_on(&rig);
}

#[test]
fn those_who_end_it_at_once_do_not_stop_one_another() {
    // Deaf, so that the ending takes as long as the others need to come.
    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [[
        "deaf", {"write": {"path": "half", "text": "x"}}, {"commit": "half"}, {"say": "up"},
        {"run": "sleep 1000"},
    ], work()]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    live.signal(Signal::KILL);
    let run = live.end().events[0]["run"].as_str().unwrap().to_owned();
    let lock = format!(".git/tk/runs/{run}/lock");
    let start = || {
        let mut stop = rig.sandbox.tk_command();
        stop.args(["stop", &run])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        stop.spawn().unwrap()
    };
    let mut first = start();
    while !rig.sandbox.read(&lock).contains("\"only_ends\":true") {
        assert!(first.try_wait().unwrap().is_none(), "it has not begun");
        std::thread::yield_now();
    }
    let mut second = start();
    let asked = rig.sandbox.tk(["run", "epic"]);
    assert_eq!(asked.code, 5, "{asked}");
    let codes = [&mut first, &mut second].map(|child| child.wait().unwrap().code());
    // The second finds nothing to do any more.
    assert_eq!(codes, [Some(0), Some(1)]);
    assert_eq!(rig.processes(), [0; 0]);
    assert_goes_on(&rig);
}

/// A process that has nothing to do with any run.
struct Innocent(Child);

impl Innocent {
    fn new(rig: &Rig) -> Self {
        let mut command = rig.sandbox.command("sleep");
        Self(command.arg("1000").stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Innocent {
    fn drop(&mut self) {
        // One that is gone already is the failure of the test.
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

#[test]
fn a_process_that_has_the_id_by_now_is_left_alone() {
    let (rig, run) = orphan(Left::Shim);
    rig.kill_workers();
    let path: PathBuf = format!(".git/tk/runs/{run}/@one/1-1/started.json").into();
    let mut started: Value = serde_json::from_str(&rig.sandbox.read(&path)).unwrap();
    let mut innocent = Innocent::new(&rig);
    for who in ["shim", "worker"] {
        started[who]["pid"] = json!(innocent.0.id());
    }
    std::fs::write(rig.sandbox.path().join(&path), started.to_string()).unwrap();
    assert_eq!(living(&findings(&rig, &["--fix"])), [&Value::Null; 0]);
    rig.sandbox.tk(["stop", &run]).ok();
    rig.run([]).expect(0);
    assert!(innocent.0.try_wait().unwrap().is_none(), "it was killed");
}
