//! Branches of running tickets that do not merge with one another: found while their workers
//! work, and the one that began later lands later.

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::{Live, Rig, open};

fn write(text: &str) -> Value {
    json!({"write": {"path": "same", "text": text}})
}

fn commit(text: &str) -> [Value; 2] {
    [write(text), json!({"commit": "same"})]
}

/// A round of these steps.
fn round(steps: &[&[Value]]) -> Value {
    json!([steps.concat()])
}

fn wait(pipe: &std::path::Path) -> [Value; 1] {
    [json!({"await": pipe})]
}

/// `one` commits its `same` and goes on working until the pipe is opened; `two` commits another
/// `same` when the other pipe is.
struct Clash {
    rig: Rig,
    first: std::path::PathBuf,
    second: std::path::PathBuf,
}

impl Clash {
    fn new() -> Self {
        let rig = Rig::new(&[("one", ""), ("two", "")]);
        let (first, second) = (rig.pipe("first"), rig.pipe("second"));
        let of_one = [
            &commit("one\n")[..],
            &[json!({"say": "done"})],
            &wait(&first),
        ];
        let settles = [write("both\n"), json!({"commit": "settle"})];
        rig.script(json!({
            "one": [of_one.concat(), settles],
            "two": [[wait(&second)[0], write("two\n"), {"commit": "two"}], settles],
        }));
        Self { rig, first, second }
    }

    /// The run, when both have committed and one of them is done.
    fn delayed(&self) -> Live {
        let mut live = self.rig.start(["-j", "2"]);
        live.until("one", "say");
        open(&self.second);
        let clash = live.until("two", "clash");
        assert_eq!(clash["with"], "one");
        assert_eq!(clash["paths"], json!(["same"]));
        let delayed = live.until("two", "delayed");
        assert_eq!(delayed["by"], json!(["one"]));
        live
    }
}

#[test]
fn the_one_that_began_later_lands_later() {
    let clash = Clash::new();
    let live = clash.delayed();
    open(&clash.first);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert!(ended.of("one", "clash").is_empty() && ended.of("one", "delayed").is_empty());
    assert_eq!(ended.of("two", "clash").len(), 1, "it is told once");
    assert_eq!(ended.of("two", "delayed").len(), 1);
    // It began to land when the other had, and met the conflict once.
    assert!(ended.seq("one", "closed") < ended.seq("two", "merge_conflict"));
    assert_eq!(ended.of("two", "merge_conflict").len(), 1);
    assert_eq!(clash.rig.rounds("two"), 2);
    assert_eq!(clash.rig.sandbox.read("same"), "both\n");
    clash.rig.assert_tidy();
}

#[test]
fn a_clash_that_is_settled_delays_nobody() {
    let clash = Clash::new();
    let more = clash.rig.pipe("more");
    let of_one = [
        &commit("one\n")[..],
        &[json!({"say": "done"})],
        &wait(&clash.first),
        &[json!({"run": "git rm -q same && echo other > other && git add other"})],
        &[json!({"commit": "another way"})],
        &wait(&more),
    ];
    clash.rig.script(json!({
        "one": round(&of_one),
        "two": [[wait(&clash.second)[0], write("two\n"), {"commit": "two"}]],
    }));
    let mut live = clash.delayed();
    open(&clash.first);
    // The other one is still worked at.
    live.until("two", "closed");
    open(&more);
    let ended = live.end().expect(0);
    assert!(ended.seq("two", "closed") < ended.seq("one", "closed"));
    assert!(ended.of("two", "merge_conflict").is_empty());
    assert!(ended.of("one", "merge_conflict").is_empty());
    clash.rig.assert_tidy();
}

#[test]
fn a_delay_ends_with_the_other_however_that_ends() {
    let clash = Clash::new();
    let of_one = [
        &commit("one\n")[..],
        &[json!({"say": "done"})],
        &wait(&clash.first),
        &[json!({"report": {"status": "partial", "summary": "half"}})],
    ];
    clash.rig.script(json!({
        "one": round(&of_one),
        "two": [[wait(&clash.second)[0], write("two\n"), {"commit": "two"}]],
    }));
    let live = clash.delayed();
    open(&clash.first);
    let ended = live.end().expect(7);
    assert_eq!(ended.ids("landed"), ["two"]);
    assert_eq!(ended.ids("failed"), ["one"]);
    assert_eq!(clash.rig.sandbox.read("same"), "two\n");
}

#[test]
fn who_is_delayed_can_be_stopped_and_goes_on_later() {
    let clash = Clash::new();
    let live = clash.delayed();
    live.signal(Signal::INT);
    let ended = live.end().expect(8);
    assert!(ended.ids("landed").is_empty());
    assert!(ended.of("two", "check_started").is_empty());
    // Its worker was done, so it lands first, and the other one settles what they both changed.
    let go = json!([[{"say": "done"}]]);
    let settles = json!([[{"say": "done"}], [write("both\n"), {"commit": "settle"}]]);
    clash.rig.script(json!({"one": settles, "two": go}));
    clash.rig.run(["-j", "1"]).expect(0);
    assert_eq!(clash.rig.sandbox.read("same"), "both\n");
    clash.rig.assert_tidy();
}

#[test]
fn uncommitted_work_and_what_changes_below_ticks_alone() {
    // What a worker leaves uncommitted is committed before it is compared; the tracker's own
    // files never clash.
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let (first, second) = (rig.pipe("first"), rig.pipe("second"));
    let note = |text: &str| json!({"run": format!("echo '{text}' >> .ticks/one.toml")});
    rig.script(json!({
        "one": [[write("one\n"), note("# one"), {"commit": "x"}, {"say": "done"}, {"await": first}]],
        "two": [
            [{"await": second}, note("# two"), {"commit": "y"}, write("two\n")],
            [write("both\n"), {"commit": "settle"}],
        ],
    }));
    let mut live = rig.start(["-j", "2"]);
    live.until("one", "say");
    open(&second);
    let clash = live.until("two", "clash");
    assert_eq!(clash["paths"], json!(["same"]));
    live.until("two", "delayed");
    open(&first);
    let ended = live.end().expect(0);
    assert_eq!(ended.of("two", "clash").len(), 1);
    assert_eq!(rig.sandbox.read("same"), "both\n");
}

#[test]
fn with_a_git_that_cannot_try_them_the_run_says_so_and_goes_on() {
    let clash = Clash::new();
    let bin = clash.rig.sandbox.root().join("old");
    std::fs::create_dir(&bin).unwrap();
    let path = std::env::var("PATH").unwrap();
    let wrapper = format!(
        "#!/bin/sh\nPATH='{path}'; export PATH\ntest \"$*\" = version && exec echo git version 2.37.1\n\
         for a; do test \"$a\" = version && exec echo git version 2.37.1; done\nexec git \"$@\"\n"
    );
    std::fs::write(bin.join("git"), wrapper).unwrap();
    std::fs::set_permissions(bin.join("git"), PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = clash.rig.sandbox.tk_command();
    command.args(["run", "epic", "--json", "-j", "2"]);
    command.env("PATH", format!("{}:{path}", bin.display()));
    let mut live = Live::of(command);
    live.until("one", "say");
    open(&clash.second);
    live.until("two", "closed");
    open(&clash.first);
    let ended = live.end();
    assert!(ended.of("two", "clash").is_empty());
    let told: Vec<_> = ended
        .warnings()
        .into_iter()
        .filter(|text| text.contains("tried against"))
        .collect();
    assert_eq!(
        told,
        ["branches cannot be tried against one another: git 2.37 is older than 2.40"]
    );
}
