//! What cannot be read of one run, or ticket, keeps no other run from beginning.

use serde_json::json;

use crate::rig::{Rig, open, work};

#[test]
fn a_run_that_cannot_be_read_keeps_no_other_from_running() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.run([]).expect(0);
    let runs = rig.sandbox.tk(["runs", "--json"]).json();
    let run = runs["runs"][0]["run"].as_str().unwrap().to_owned();
    rig.sandbox
        .write(format!(".git/tk/runs/{run}/run.json"), "torn");
    rig.sandbox.ticket("three", "title = \"Three\"\n");
    rig.sandbox.tk(["claim", "three"]).ok();
    rig.sandbox.tk(["release", "three"]).ok();
    for args in [&["run", "three", "--plan"][..], &["run", "three"]] {
        let told = rig.sandbox.tk(args);
        assert_eq!(told.code, 0, "{told}");
        let left_out = format!("warning: the run `{run}` is left out");
        assert_eq!(told.stderr.matches(&left_out).count(), 1, "{told}");
    }
    rig.sandbox.tk(["delete", "three"]).ok();
}

#[test]
fn while_somebody_is_at_a_run_that_cannot_be_read_none_begins() {
    let rig = Rig::new(&[("one", "")]);
    let pipe = rig.pipe("pipe");
    let mut steps = vec![json!({"say": "up"}), json!({"await": pipe})];
    steps.extend(work().as_array().unwrap().iter().cloned());
    rig.script(json!({"one": [steps]}));
    rig.sandbox.ticket("two", "title = \"Two\"\n");
    let mut live = rig.start([]);
    let run = live.until("one", "say")["run"].as_str().unwrap().to_owned();
    let info = format!(".git/tk/runs/{run}/run.json");
    let text = rig.sandbox.read(&info);
    rig.sandbox.write(&info, "torn");
    let told = rig.sandbox.tk(["run", "two"]);
    assert_eq!(told.code, 1, "{told}");
    let pid = live.pid();
    let hint = format!("hint: process {pid} is at that run: `kill -INT {pid}` ends it");
    assert!(told.stderr.contains(&hint), "{told}");
    rig.sandbox.write(&info, &text);
    open(&pipe);
    live.end().expect(0);
}

#[test]
fn a_wish_that_is_being_written_is_left_alone() {
    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [[{"say": "up"}, "hang"]]}));
    let mut live = rig.start([]);
    let run = live.until("one", "say")["run"].as_str().unwrap().to_owned();
    let unfinished = format!(".git/tk/runs/{run}/stop/.tk-abc.tmp");
    rig.sandbox.write(&unfinished, "");
    rig.sandbox.tk(["stop", "one"]).ok();
    live.end();
    assert_eq!(rig.sandbox.read(&unfinished), "");
}

#[test]
fn no_attempt_comes_after_the_highest_number() {
    let record = "[[runs]]\nrun = \"r\"\nagent = \"a\"\noutcome = \"failed\"\nattempt = ";
    let rig = Rig::new(&[("one", &format!("{record}{}\n", u32::MAX))]);
    let told = rig.sandbox.tk(["run", "epic"]);
    assert_eq!(told.code, 4, "{told}");
    let error = "/.ticks/one.toml`: an attempt at `one` has the number 4294967295";
    assert!(told.stderr.contains(error), "{told}");
    assert_eq!(rig.rounds("one"), 0);
}

#[test]
fn what_the_user_told_git_by_its_environment_reaches_workers_and_checks() {
    let rig = Rig::new(&[("one", "")]);
    let set = "test \"$(git config mine.word):$(git config gc.auto)\" = yes:0";
    let steps = json!([{"run": format!("{set} && echo done > one.txt")}, {"commit": "work"}]);
    rig.script(json!({"one": [steps]}));
    let mut command = rig.sandbox.tk_command();
    command.args(["run", "epic", "--json", "--check", set]);
    command.envs([
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "mine.word"),
        ("GIT_CONFIG_VALUE_0", "yes"),
    ]);
    let ended = crate::rig::Live::of(command).end().expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
}

/// The branch moves while each of the first gates runs, one for each time that it is merged anew.
#[test]
fn a_branch_that_moves_as_often_as_is_borne_is_landed_on() {
    let rig = Rig::new(&[("one", "")]);
    let count = rig.sandbox.root().join("gates");
    let count = count.display();
    let repo = rig.sandbox.path();
    let repo = repo.display();
    let check = format!(
        "echo gate >> {count}; test $(wc -l < {count}) -gt 3 || \
         (cd {repo} && cp {count} moved.txt && git add moved.txt && \
         git commit --quiet --message=moved moved.txt)"
    );
    let ended = rig.run(["--check", &check]).expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    assert_eq!(rig.landings("one", "main"), 1);
    assert_eq!(rig.sandbox.read("moved.txt"), "gate\ngate\ngate\n");
}
