//! What the doctor says of runs: live, interrupted, waiting, and over.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::Rig;

/// The kinds of what is found, with what each is about; the exit code.
fn found(rig: &Rig, args: &[&str]) -> (Vec<Value>, i32) {
    let mut all = vec!["doctor", "--json"];
    all.extend(args);
    let output = rig.sandbox.tk(all);
    let findings = output.json()["findings"].as_array().unwrap().clone();
    (findings, output.code)
}

fn kinds(findings: &[Value]) -> Vec<&str> {
    findings
        .iter()
        .map(|f| f["kind"].as_str().unwrap())
        .collect()
}

#[test]
fn a_live_run_is_left_alone_and_a_dead_one_named() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let pipe = rig.pipe("go");
    rig.script(json!({"one": [
        [{"write": {"path": "half.txt", "text": "half"}}, {"commit": "half"}, {"say": "up"}, {"await": pipe}],
    ]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    assert_eq!(found(&rig, &["--fix"]), (vec![], 0));
    live.signal(Signal::KILL);
    let run = live.end().expect(-1).events[0]["run"].clone();

    let tip = rig.sandbox.git(["rev-parse", "tk/work/epic/one"]);
    let (findings, code) = found(&rig, &["--fix"]);
    assert_eq!(
        (kinds(&findings), code),
        (vec!["interrupted_run", "kept_work"], 1)
    );
    assert_eq!(findings[0]["run"], run);
    assert_eq!(findings[0]["command"], "tk run epic");
    assert_eq!(findings[1]["severity"], "note");
    assert_eq!(findings[1]["command"], "tk run epic");
    // The worker lives in its worktree, and its work is there.
    assert!(rig.sandbox.path().join(".worktrees/one/half.txt").exists());
    assert!(rig.sandbox.path().join(".worktrees/epic").exists());
    assert_eq!(rig.sandbox.git(["rev-parse", "tk/work/epic/one"]), tip);

    let live = rig.start([]);
    crate::rig::open(&pipe);
    live.end().expect(0);
    assert_eq!(found(&rig, &[]), (vec![], 0));
    rig.assert_tidy();
}

#[test]
fn what_a_run_keeps_for_a_person_is_a_note_until_its_ticket_is_closed() {
    let rig = Rig::new(&[("one", "requires = \"review\"")]);
    rig.run([]).expect(9);
    let (findings, code) = found(&rig, &["--fix"]);
    assert_eq!((kinds(&findings), code), (vec!["kept_work"], 0));
    assert_eq!(findings[0]["branch"], "tk/work/epic/one");
    assert_eq!(findings[0]["severity"], "note");
    let hint = findings[0]["hint"].as_str().unwrap();
    assert!(
        hint.contains("`tk approve one`, then `tk land one`"),
        "{hint}"
    );
    // Closed by hand: the work was forgotten.
    rig.sandbox.tk(["close", "one", "--force"]).ok();
    rig.sandbox.tk(["approve", "one"]);
    rig.sandbox.tk(["close", "one", "--force"]).ok();
    let tip = rig.sandbox.git(["rev-parse", "tk/work/epic/one"]);
    let (findings, code) = found(&rig, &["--fix"]);
    assert_eq!((kinds(&findings), code), (vec!["unlanded_work"], 1));
    assert_eq!(findings[0]["command"], "git merge tk/work/epic/one");
    assert_eq!(rig.sandbox.git(["rev-parse", "tk/work/epic/one"]), tip);
}

#[test]
fn what_has_merged_and_not_landed_is_named() {
    let rig = Rig::new(&[("one", "")]);
    rig.run(["--land", "never"]).expect(0);
    let (findings, code) = found(&rig, &["--fix"]);
    assert_eq!((kinds(&findings), code), (vec!["unlanded_work"], 1));
    assert_eq!(findings[0]["branch"], "tk/run/epic");
    assert_eq!(findings[0]["command"], "tk land epic");
    rig.sandbox.tk(["land", "epic"]).ok();
    assert_eq!(found(&rig, &[]), (vec![], 0));
}

#[test]
fn a_run_that_cannot_be_read_hides_nothing_and_nothing_goes() {
    let rig = Rig::new(&[("one", "")]);
    rig.run([]).expect(0);
    let runs = rig.sandbox.tk(["runs", "--json"]).json();
    let run = runs["runs"][0]["run"].as_str().unwrap().to_owned();
    rig.sandbox
        .write(format!(".git/tk/runs/{run}/run.json"), "torn");
    rig.sandbox.git(["branch", "tk/work/epic/one"]);
    let (findings, code) = found(&rig, &["--fix"]);
    assert_eq!(
        (kinds(&findings), code),
        (vec!["invalid_run", "leaked_branch"], 1)
    );
    assert_eq!(findings[1]["fixable"], false);
    assert!(rig.branches().contains(&"tk/work/epic/one".to_owned()));
}
