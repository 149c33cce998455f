//! The user at work in the main working tree while a run is live: another branch checked out,
//! the branch that the run lands on rewritten.

use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::json;

use crate::rig::{Ended, Live, Rig, open};

/// The warning that the branch of the run is gone.
fn gone(rig: &Rig) -> String {
    format!(
        "`main` is no longer checked out in `{}`: the run goes on, and writes no ticket files \
         there until it is back",
        rig.sandbox.path().display()
    )
}

/// Two tickets, the second after the first, each with a pipe that its worker waits at.
fn two() -> (Rig, [PathBuf; 2]) {
    two_with("")
}

/// The same, with more in the first one's file.
pub(crate) fn two_with(first: &str) -> (Rig, [PathBuf; 2]) {
    let rig = Rig::new(&[("one", first), ("two", "blocked_by = [\"one\"]")]);
    let pipes = ["first", "second"].map(|name| rig.pipe(name));
    let round = |pipe, file: &str| {
        let write = format!("echo x > {file}");
        json!([[{"say": "up"}, {"await": pipe}, {"run": write}, {"commit": "work"}]])
    };
    rig.script(json!({
        "one": round(&pipes[0], "one.txt"), "two": round(&pipes[1], "two.txt"),
    }));
    (rig, pipes)
}

fn commit_tickets(rig: &Rig) {
    rig.sandbox.git(["add", ".ticks"]);
    rig.sandbox.git(["commit", "--quiet", "--message=tickets"]);
}

fn tickets(rig: &Rig) -> [String; 3] {
    ["epic", "one", "two"].map(|id| rig.sandbox.read(format!(".ticks/{id}.toml")))
}

#[test]
fn a_run_goes_on_while_another_branch_is_checked_out_and_catches_up_when_it_is_back() {
    let (rig, pipes) = two();
    let mut live = rig.start(["-j", "1"]);
    live.until("one", "say");
    rig.sandbox.git(["switch", "--quiet", "-c", "feature"]);
    let before = tickets(&rig);
    assert!(before[1].contains("status = \"in_progress\""));
    open(&pipes[0]);
    live.until("one", "closed");
    live.until("two", "say");
    assert_eq!(tickets(&rig), before, "no ticket file is written");
    assert!(!rig.sandbox.path().join("one.txt").exists());
    // What people write meanwhile is merged with what the run did.
    rig.sandbox
        .tk(["update", "one", "--add-label", "mine"])
        .ok();
    rig.sandbox.git(["switch", "--quiet", "main"]);
    open(&pipes[1]);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    let warned = ended.warnings();
    let told = warned.iter().filter(|text| **text == gone(&rig)).count();
    assert_eq!(told, 1, "{warned:#?}");
    for id in ["epic", "one", "two"] {
        assert_eq!(rig.show(id)["status"], "closed", "{id}");
        assert_eq!(rig.notes(id), [""; 0], "{id}");
    }
    assert_eq!(rig.show("one")["labels"], json!(["mine"]));
    assert_eq!(rig.show("one")["runs"].as_array().unwrap().len(), 1);
    assert_eq!(rig.landings("one", "main"), 1);
    assert_eq!(rig.landings("two", "main"), 1);
    assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "");
    rig.assert_tidy();
}

#[test]
fn a_branch_that_stays_away_is_not_moved_where_that_would_lock_it_out() {
    let (rig, pipes) = two();
    let mut live = rig.start([]);
    live.until("one", "say");
    rig.sandbox.git(["switch", "--quiet", "-c", "feature"]);
    let (before, main) = (tickets(&rig), rig.sandbox.git(["rev-parse", "main"]));
    open(&pipes[0]);
    open(&pipes[1]);
    let ended = live.end().expect(6);
    assert_eq!(ended.last()["outcome"], "unlanded");
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    let why = format!(
        "not on `main` yet: `main` is not checked out in `{}`, and ticket files there are not \
         committed, which would keep it from being checked out again: .ticks/epic.toml, \
         .ticks/one.toml, .ticks/two.toml",
        rig.sandbox.path().display()
    );
    assert_eq!(ended.warnings().last(), Some(&why.as_str()));
    assert_eq!(tickets(&rig), before);
    assert_eq!(rig.sandbox.git(["rev-parse", "main"]), main);
    rig.assert_tidy();

    // What it says to a person, and that this is all there is to do.
    let refused = rig.sandbox.tk(["land", "epic", "--onto", "main"]);
    assert_eq!(refused.code, 6, "{refused}");
    let hint = "hint: `git switch main`, then the same command again\n";
    assert!(refused.stderr.ends_with(hint), "{refused}");
    rig.sandbox.git(["switch", "--quiet", "main"]);
    let landed = rig.sandbox.tk(["land", "epic"]);
    assert_eq!(landed.code, 0, "{landed}");
    for id in ["epic", "one", "two"] {
        assert_eq!(rig.show(id)["status"], "closed", "{id}");
    }
    assert_eq!(rig.sandbox.read("two.txt"), "x\n");
    assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "");
    assert_eq!(rig.branches(), ["feature", "main"]);
}

#[test]
fn a_branch_without_the_tickets_is_no_deletion_of_them() {
    let (rig, pipes) = two();
    rig.sandbox.git(["branch", "bare"]);
    commit_tickets(&rig);
    let mut live = rig.start([]);
    live.until("one", "say");
    rig.sandbox.git(["stash", "--quiet"]);
    rig.sandbox.git(["switch", "--quiet", "bare"]);
    assert!(!rig.sandbox.path().join(".ticks/one.toml").exists());
    open(&pipes[0]);
    open(&pipes[1]);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(
        ended
            .warnings()
            .iter()
            .filter(|text| **text == gone(&rig))
            .count(),
        1
    );
    assert!(!rig.sandbox.path().join(".ticks/one.toml").exists());
    assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "");
    rig.assert_tidy();

    rig.sandbox.git(["switch", "--quiet", "main"]);
    for id in ["one", "two"] {
        assert_eq!(rig.show(id)["status"], "closed", "{id}");
        assert_eq!(rig.landings(id, "main"), 1);
    }
    // Whether the epic is complete can be told only where all of its tickets are.
    assert_eq!(rig.show("epic")["status"], "open");
    rig.run([]).expect(0);
    assert_eq!(rig.show("epic")["status"], "closed");
}

#[test]
fn a_runner_killed_while_its_branch_is_away_goes_on_when_it_is_back() {
    let (rig, pipes) = two();
    let mut live = rig.start([]);
    live.until("one", "say");
    rig.sandbox.git(["switch", "--quiet", "-c", "feature"]);
    open(&pipes[0]);
    live.until("two", "say");
    live.signal(Signal::KILL);
    live.end();
    let again = rig.sandbox.tk(["run", "epic"]);
    assert_eq!(again.code, 6, "{again}");
    assert!(again.stderr.starts_with("error: run "), "{again}");
    let told = " goes on with the tickets of `main`, which is not checked out in `$ROOT/repo`\n\
                hint: `git switch main`, then the same command again\n";
    assert!(again.stderr.ends_with(told), "{again}");
    rig.sandbox.git(["switch", "--quiet", "main"]);
    let live = rig.start([]);
    open(&pipes[1]);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["two"]);
    for id in ["epic", "one", "two"] {
        assert_eq!(rig.show(id)["status"], "closed", "{id}");
    }
    assert_eq!(rig.landings("one", "main"), 1);
    assert_eq!(rig.landings("two", "main"), 1);
    rig.assert_tidy();
}

/// A run of one ticket whose branch is rewritten while its worker is at work; the commit that
/// was taken off it, and what is there instead.
fn rewritten() -> (Rig, Live, PathBuf, [String; 2]) {
    let rig = Rig::new(&[("one", "")]);
    let pipe = rig.pipe("gate");
    rig.script(json!({"one": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}]]}));
    rig.sandbox.write("secret", "hunter2\n");
    rig.sandbox.git(["add", "secret"]);
    rig.sandbox.git(["commit", "--quiet", "--message=oops"]);
    let old = rig.sandbox.git(["rev-parse", "main"]).trim().to_owned();
    let mut live = rig.start([]);
    live.until("one", "say");
    rig.sandbox.git(["rm", "--quiet", "secret"]);
    rig.sandbox.write("better", "new\n");
    rig.sandbox.git(["add", "better"]);
    rig.sandbox
        .git(["commit", "--quiet", "--amend", "--message=better"]);
    let new = rig.sandbox.git(["rev-parse", "main"]).trim().to_owned();
    (rig, live, pipe, [old, new])
}

#[test]
fn what_was_taken_off_the_branch_comes_back_only_when_a_person_says_so() {
    let (rig, live, pipe, [old, new]) = rewritten();
    open(&pipe);
    let ended: Ended = live.end().expect(6);
    assert_eq!(ended.last()["outcome"], "unlanded");
    assert_eq!(ended.ids("landed"), ["one"]);
    let was =
        format!("`main` was rewritten and has no longer commit {old}, which the run builds on");
    let told =
        format!("not on `main` yet: {was}: `tk land epic` brings that back with what has merged");
    assert_eq!(ended.warnings().last(), Some(&told.as_str()));
    assert_eq!(rig.sandbox.git(["rev-parse", "main"]).trim(), new);
    assert!(!rig.sandbox.path().join("secret").exists());
    assert_eq!(rig.landings("one", "tk/run/epic"), 1);
    assert_eq!(rig.show("one")["status"], "closed");
    rig.assert_tidy();

    // The next run knows it too.
    let again = rig.run([]).expect(6);
    assert_eq!(again.warnings().last(), Some(&told.as_str()));
    let landed = rig.sandbox.tk(["land", "epic", "--json"]);
    assert_eq!(landed.code, 0, "{landed}");
    let warned = format!("{was}: that comes back with what has merged");
    assert!(landed.stdout.contains(&warned), "{landed}");
    for commit in [&old, &new] {
        rig.sandbox
            .git(["merge-base", "--is-ancestor", commit, "main"]);
    }
    assert_eq!(rig.sandbox.read("better"), "new\n");
    assert_eq!(rig.sandbox.read("one.txt"), "x\n");
    assert_eq!(rig.branches(), ["main"]);
}

#[test]
fn a_run_moved_onto_the_rewritten_branch_by_hand_lands_without_the_old_commit() {
    let (rig, live, pipe, [old, new]) = rewritten();
    open(&pipe);
    live.end().expect(6);
    rig.sandbox.git(["stash", "--quiet", "--include-untracked"]);
    let rebase = [
        "rebase",
        "--quiet",
        "--rebase-merges",
        "--onto",
        "main",
        &old,
        "tk/run/epic",
    ];
    rig.sandbox.git(rebase);
    rig.sandbox.git(["switch", "--quiet", "main"]);
    rig.sandbox.git(["stash", "pop", "--quiet"]);
    let landed = rig.sandbox.tk(["land", "epic"]);
    assert_eq!(landed.code, 0, "{landed}");
    assert!(!rig.sandbox.path().join("secret").exists());
    assert_eq!(rig.sandbox.read("one.txt"), "x\n");
    rig.sandbox
        .git(["merge-base", "--is-ancestor", &new, "main"]);
    assert_eq!(rig.sandbox.git(["branch", "--contains", &old]), "");
}

#[test]
fn what_landed_and_was_taken_off_again_is_not_landed_a_second_time() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let pipe = rig.pipe("gate");
    rig.script(json!({"two": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > two.txt"}]]}));
    let before = rig.sandbox.git(["rev-parse", "main"]).trim().to_owned();
    let mut live = rig.start(["--land", "ticket"]);
    let landed = live.until("one", "landed");
    assert_eq!(landed["branch"], "tk/run/epic");
    let landed = live.until("one", "landed")["commit"].clone();
    live.until("two", "say");
    rig.sandbox.git(["reset", "--quiet", "--mixed", &before]);
    open(&pipe);
    let ended = live.end().expect(6);
    let told = format!(
        "not on `main` yet: `main` was rewritten and has no longer commit {}, which the run builds \
         on: `tk land epic` brings that back with what has merged",
        landed.as_str().unwrap()
    );
    assert_eq!(ended.warnings().last(), Some(&told.as_str()));
    assert_eq!(rig.sandbox.git(["rev-parse", "main"]).trim(), before);
    assert_eq!(rig.landings("two", "tk/run/epic"), 1);
}

#[test]
fn a_branch_that_is_renamed_is_told_of_and_landed_on_under_its_new_name() {
    let (rig, pipes) = two();
    let mut live = rig.start(["-j", "1"]);
    live.until("one", "say");
    rig.sandbox.git(["branch", "--move", "main", "trunk"]);
    open(&pipes[0]);
    live.until("two", "say");
    open(&pipes[1]);
    let ended = live.end().expect(6);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    let warned = ended.warnings();
    let goes_on = format!(
        "`main` was renamed to `trunk`: the run goes on, writes no ticket files in `{}`, and \
         lands nothing there before `tk land`",
        rig.sandbox.path().display()
    );
    assert!(warned.contains(&goes_on.as_str()), "{warned:#?}");
    let why = "not on `main` yet: `main` was renamed to `trunk`: `tk land epic --onto trunk` lands \
               there";
    assert!(warned.contains(&why), "{warned:#?}");
    rig.sandbox.tk(["land", "epic", "--onto", "trunk"]).ok();
    for id in ["epic", "one", "two"] {
        assert_eq!(rig.show(id)["status"], "closed", "{id}");
    }
    assert_eq!(rig.landings("one", "trunk"), 1);
    assert_eq!(rig.sandbox.read("two.txt"), "x\n");
    assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "");
    assert_eq!(rig.branches(), ["trunk"]);
}
