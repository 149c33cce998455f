//! `[run] claims = "remote"`: what a run works at holds between clones, by a bare remote.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::{Ended, Live, Rig, open};

/// How long anything may take before a test fails with what it saw.
const PATIENCE: Duration = Duration::from_secs(60);

/// A rig whose claims are on `remote.git`, and another clone of that, `other`.
fn rig(tickets: &[(&str, &str)], config: &str) -> Rig {
    let rig = Rig::new(tickets);
    let config = format!("[run]\nclaims = \"remote\"\n{config}\n");
    rig.sandbox.write(".ticks/config.toml", &config);
    rig.sandbox.git(["add", "--all"]);
    rig.sandbox.git(["commit", "--quiet", "--message=tickets"]);
    let git = |args: &[&str]| rig.sandbox.git(args);
    git(&["init", "--quiet", "--bare", "-b", "main", "../remote.git"]);
    git(&["remote", "add", "origin", "../remote.git"]);
    git(&["push", "--quiet", "origin", "main"]);
    git(&["clone", "--quiet", "../remote.git", "../other"]);
    rig
}

/// Bob claims the ticket in the other clone, when it is that time there.
#[track_caller]
fn bob_claims(rig: &Rig, id: &str, now: Option<&str>) {
    let mut command = rig.sandbox.tk_command();
    command.current_dir(rig.sandbox.root().join("other"));
    command.args(["claim", id, "--remote", "--as", "bob"]);
    if let Some(now) = now {
        command.env("TK_TEST_NOW", now);
    }
    rig.sandbox.run(&mut command, None).ok();
}

/// `tk run epic --json` with leases of so many milliseconds.
fn with_lease(rig: &Rig, lease: &str) -> Live {
    let mut command = rig.sandbox.tk_command();
    command.args(["run", "epic", "--json"]);
    command.env("TK_TEST_LEASE", lease);
    Live::of(command)
}

/// When every lease of today is over.
const LATER: Option<&str> = Some("2099-01-01T00:00:00Z");

/// The commit and the claim of the ticket on the remote; nothing where there is none.
fn there(rig: &Rig, id: &str) -> (String, Value) {
    let reference = format!("refs/tk/claims/{id}");
    let git = ["-C", "../remote.git", "for-each-ref"];
    let format = "--format=%(objectname)%0a%(contents)";
    let text = rig.sandbox.git(git.into_iter().chain([format, &reference]));
    let line = text.lines().find(|line| line.starts_with('{'));
    let claim = line.map_or(Value::Null, |line| serde_json::from_str(line).unwrap());
    (text.lines().next().unwrap_or_default().to_owned(), claim)
}

/// The steps of a worker that waits at the pipe and then does its work.
fn work_after(pipe: &std::path::Path) -> Value {
    json!([{"write": {"path": "begun", "text": "x"}}, {"await": pipe}, {"commit": "work"}])
}

/// Nothing of the ticket landed, a note says why, and its branch is there; and these worktrees,
/// in which a worker was interrupted at its work.
#[track_caller]
fn assert_put_aside(rig: &Rig, ended: &Ended, id: &str, why: &str, worktrees: &[&str]) {
    assert!(ended.of(id, "landed").is_empty());
    assert_eq!(rig.landings(id, "main"), 0);
    let parked = ended.of(id, "parked");
    assert_eq!(parked.len(), 1, "{parked:?}");
    let reason = parked[0]["reason"].as_str().unwrap();
    assert!(reason.contains(why), "{reason}");
    let notes = rig.notes(id);
    let note = notes.last().expect("a note");
    // Where nobody else has it, what is done is done.
    let begins = match why.starts_with("nobody can tell") {
        true => "Done, and stopped before it had landed: kept on `tk/work/epic/",
        false => "Nothing has landed: ",
    };
    assert!(note.starts_with(begins) && note.contains(why), "{note}");
    assert_eq!(rig.show(id)["status"], "open");
    let branch = format!("tk/work/epic/{id}");
    assert!(rig.branches().contains(&branch), "{:?}", rig.branches());
    rig.assert_tidy_but(worktrees);
}

#[test]
fn a_run_takes_its_tickets_there_and_gives_them_back() {
    let rig = rig(&[("one", ""), ("two", "blocked_by = [\"one\"]")], "");
    let pipe = rig.pipe("pipe");
    rig.script(json!({"one": [work_after(&pipe)]}));
    let mut live = rig.start([]);
    live.until("one", "session");
    let (_, claim) = there(&rig, "one");
    assert_eq!(
        (&claim["state"], &claim["number"]),
        (&json!("held"), &json!(1))
    );
    assert_eq!(claim["actor"], "agent:claude");
    assert_eq!(there(&rig, "two").1, Value::Null);
    // Whoever asks for it in another clone, also by a run, does not get it.
    let mut command = rig.sandbox.tk_command();
    command.current_dir(rig.sandbox.root().join("other"));
    command.args(["claim", "one", "--remote", "--as", "agent:claude"]);
    let refused = rig.sandbox.run(&mut command, None);
    assert_eq!(refused.code, 5, "{refused}");
    // Nor can it be let go of there, in the name that all runs have.
    let mut command = rig.sandbox.tk_command();
    command.current_dir(rig.sandbox.root().join("other"));
    command.args(["release", "one", "--as", "agent:claude"]);
    let refused = rig.sandbox.run(&mut command, None);
    assert_eq!(refused.code, 4, "{refused}");
    assert_eq!(there(&rig, "one").1["state"], "held");
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(
        ended
            .warnings()
            .iter()
            .filter(|text| text.contains("claims"))
            .count(),
        0
    );
    for id in ["one", "two"] {
        let (_, claim) = there(&rig, id);
        assert_eq!(
            (&claim["state"], &claim["number"]),
            (&json!("released"), &json!(1))
        );
    }
    assert_eq!(
        rig.sandbox
            .git(["for-each-ref", "refs/tk/fetched", "refs/tk/claims"]),
        ""
    );
    rig.assert_tidy();
}

#[test]
fn what_another_clone_holds_is_skipped() {
    let rig = rig(&[("one", ""), ("two", "")], "");
    bob_claims(&rig, "one", None);
    let ended = rig.run([]).expect(9);
    assert_eq!(ended.ids("landed"), ["two"]);
    assert_eq!(ended.ids("unstarted"), ["one"]);
    let parked = ended.of("one", "parked");
    assert_eq!(parked[0]["reason"], "bob works at it in another clone");
    assert_eq!(rig.rounds("one"), 0);
    assert_eq!(there(&rig, "one").1["actor"], "bob");
    assert!(rig.notes("one").is_empty());
    // It is known from then on.
    assert_eq!(rig.show("one")["held_by"], "bob");
    rig.assert_tidy();
}

#[test]
fn leases_are_renewed_while_a_worker_works() {
    let rig = rig(&[("one", "")], "");
    let pipe = rig.pipe("pipe");
    rig.script(json!({"one": [work_after(&pipe)]}));
    let mut live = with_lease(&rig, "2000");
    live.until("one", "session");
    let (start, (first, begun)) = (Instant::now(), there(&rig, "one"));
    let mut seen = vec![first];
    // More renewals than fit into one lease.
    while seen.len() < 6 {
        let (commit, claim) = there(&rig, "one");
        assert_eq!(
            (&claim["state"], &claim["number"]),
            (&json!("held"), &begun["number"])
        );
        if seen.last() != Some(&commit) {
            seen.push(commit);
        }
        assert!(
            start.elapsed() < PATIENCE,
            "renewed {} times only",
            seen.len() - 1
        );
    }
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    assert_eq!(there(&rig, "one").1["state"], "released");
    rig.assert_tidy();
}

#[test]
fn what_another_clone_has_taken_meanwhile_does_not_land() {
    for batch in ["", "batch = 2"] {
        let rig = rig(&[("one", ""), ("two", "")], batch);
        let pipe = rig.pipe("pipe");
        rig.script(json!({"one": [work_after(&pipe)]}));
        let mut live = rig.start([]);
        live.until("one", "session");
        bob_claims(&rig, "one", LATER);
        open(&pipe);
        let ended = live.end().expect(9);
        assert_eq!(ended.ids("landed"), ["two"]);
        let why = "bob has taken the ticket in another clone (number 2)";
        assert_put_aside(&rig, &ended, "one", why, &[]);
        let (_, claim) = there(&rig, "one");
        assert_eq!(
            (&claim["actor"], &claim["state"]),
            (&json!("bob"), &json!("held"))
        );
    }
}

#[test]
fn a_worker_is_stopped_when_its_ticket_is_gone() {
    let rig = rig(&[("one", "")], "");
    let pipe = rig.pipe("pipe");
    rig.script(json!({"one": [work_after(&pipe)]}));
    let mut live = with_lease(&rig, "2000");
    live.until("one", "session");
    bob_claims(&rig, "one", LATER);
    // Nobody lets the worker go on.
    let ended = live.end().expect(9);
    let why = "bob has taken the ticket in another clone";
    assert_put_aside(&rig, &ended, "one", why, &["one"]);
    assert_eq!(there(&rig, "one").1["actor"], "bob");
}

#[test]
fn a_remote_that_is_away_stops_a_landing_and_a_lease_that_ran_out_the_work() {
    for (lease, why, worktrees) in [
        (
            "600000",
            "nobody can tell whether the ticket is still the run's: the claims on `origin`",
            &[][..],
        ),
        ("1000", "its claim on `origin` ran out at ", &["one"]),
    ] {
        let rig = rig(&[("one", "")], "");
        let pipe = rig.pipe("pipe");
        rig.script(json!({"one": [work_after(&pipe)]}));
        let mut live = with_lease(&rig, lease);
        live.until("one", "session");
        let root = rig.sandbox.root();
        std::fs::rename(root.join("remote.git"), root.join("away.git")).unwrap();
        if lease == "600000" {
            open(&pipe);
        }
        let ended = live.end().expect(9);
        assert_put_aside(&rig, &ended, "one", why, worktrees);
        let warned = ended.warnings();
        let stays = warned
            .iter()
            .any(|text| text.contains("stays held on `origin` until "));
        assert!(stays, "{warned:?}");
    }
}

/// A run that could not give `one` back, since the remote was away; it is there again.
fn left_there(config: &str) -> Rig {
    let rig = rig(&[("one", ""), ("two", "")], config);
    let pipe = rig.pipe("pipe");
    rig.script(json!({"one": [work_after(&pipe)], "two": [work_after(&rig.pipe("never"))]}));
    let mut live = rig.start(["-j", "1"]);
    live.until("one", "session");
    let root = rig.sandbox.root();
    std::fs::rename(root.join("remote.git"), root.join("away.git")).unwrap();
    open(&pipe);
    let ended = live.end().expect(9);
    assert!(ended.of("one", "landed").is_empty());
    std::fs::rename(root.join("away.git"), root.join("remote.git")).unwrap();
    assert_eq!(there(&rig, "one").1["state"], "held");
    rig.script(json!({}));
    rig
}

#[test]
fn what_a_run_could_not_give_back_is_given_back_by_sync_and_the_doctor() {
    for (command, code) in [("sync", 0), ("doctor --fix", 0)] {
        let rig = left_there("");
        let seen = rig.sandbox.tk(["doctor", "--json"]);
        assert_eq!(seen.code, 1, "{seen}");
        let findings = seen.json()["findings"].clone();
        let left = |finding: &&Value| finding["kind"] == "left_claim";
        let left: Vec<&Value> = findings.as_array().unwrap().iter().filter(left).collect();
        assert_eq!(left.len(), 1, "{findings:#}");
        assert_eq!(left[0]["ticket"], "one");
        let output = rig.sandbox.tk(command.split(' '));
        assert_eq!(output.code, code, "{output}");
        assert_eq!(there(&rig, "one").1["state"], "released", "{output}");
        // Now anybody may have it.
        bob_claims(&rig, "one", None);
        assert_eq!(there(&rig, "one").1["number"], 2);
    }
}

#[test]
fn what_a_run_could_not_give_back_the_next_one_takes_and_lands_where_it_is_done() {
    for batch in ["", "batch = 2"] {
        let rig = left_there(batch);
        let ended = rig.run(["-j", "1"]).expect(0);
        assert_eq!(ended.ids("landed"), ["one", "two"]);
        for id in ["one", "two"] {
            assert_eq!(there(&rig, id).1["state"], "released");
        }
        // Its worker had done it, and is not paid again.
        assert!(ended.of("one", "session").is_empty(), "{batch}");
        assert_eq!(rig.rounds("one"), 1, "{batch}");
        assert_eq!(rig.landings("one", "main"), 1, "{batch}");
        let notes = rig.sandbox.path().join(".git/tk/holdings");
        assert_eq!(std::fs::read_dir(notes).unwrap().count(), 0);
        rig.assert_tidy();
    }
}

#[test]
fn what_was_approved_stays_so_while_nobody_can_tell_whose_it_is() {
    let rig = rig(&[("one", "requires = \"review\"")], "");
    rig.run([]).expect(9);
    rig.sandbox.tk(["approve", "one"]).ok();
    let pipe = rig.pipe("gate");
    let check = format!("cat {}", pipe.display());
    let mut live = rig.start(["--check", &check]);
    live.until("one", "check_started");
    let root = rig.sandbox.root();
    std::fs::rename(root.join("remote.git"), root.join("away.git")).unwrap();
    open(&pipe);
    let ended = live.end().expect(9);
    let parked = ended.of("one", "parked");
    let reason = parked[0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("nobody can tell"), "{reason}");
    std::fs::rename(root.join("away.git"), root.join("remote.git")).unwrap();
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    assert_eq!(rig.rounds("one"), 1);
    rig.assert_tidy();
}

/// Nobody in the clone takes what a live run holds for something that was left there.
#[test]
fn what_a_live_run_holds_is_not_given_back() {
    let rig = rig(&[("one", "")], "");
    let pipe = rig.pipe("pipe");
    rig.script(json!({"one": [work_after(&pipe)]}));
    let mut live = rig.start([]);
    live.until("one", "session");
    rig.sandbox.tk(["sync"]).ok();
    rig.sandbox.tk(["doctor", "--fix"]);
    assert_eq!(there(&rig, "one").1["state"], "held");
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    assert_eq!(there(&rig, "one").1["state"], "released");
    let notes = rig.sandbox.path().join(".git/tk/holdings");
    assert_eq!(std::fs::read_dir(notes).unwrap().count(), 0);
}

#[test]
fn a_runner_that_takes_over_holds_what_the_killed_one_held() {
    let rig = rig(&[("one", "")], "");
    let pipe = rig.pipe("pipe");
    rig.script(json!({"one": [work_after(&pipe)]}));
    let mut live = rig.start([]);
    live.until("one", "session");
    live.signal(Signal::KILL);
    live.end();
    assert_eq!(there(&rig, "one").1["state"], "held");
    let live = rig.start([]);
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    let (_, claim) = there(&rig, "one");
    assert_eq!(
        (&claim["state"], &claim["number"]),
        (&json!("released"), &json!(1))
    );
    rig.assert_tidy();
}

#[test]
fn what_was_approved_lands_where_nobody_else_has_it() {
    let rig = rig(&[("one", "requires = \"review\"")], "");
    rig.run([]).expect(9);
    let (_, claim) = there(&rig, "one");
    assert_eq!(
        (&claim["state"], &claim["number"]),
        (&json!("released"), &json!(1))
    );
    rig.sandbox.tk(["approve", "one"]).ok();
    let force = ["release", "one", "--force", "--remote", "--as", "bob"];
    rig.sandbox.tk(force).ok();
    bob_claims(&rig, "one", None);
    let ended = rig.run([]).expect(9);
    let parked = ended.of("one", "parked");
    assert_eq!(parked[0]["reason"], "bob works at it in another clone");
    assert_eq!(rig.landings("one", "main"), 0);
    let mut command = rig.sandbox.tk_command();
    command.current_dir(rig.sandbox.root().join("other"));
    command.args(["release", "one", "--as", "bob"]);
    rig.sandbox.run(&mut command, None).ok();
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    let (_, claim) = there(&rig, "one");
    assert_eq!(
        (&claim["state"], &claim["number"]),
        (&json!("released"), &json!(3))
    );
    rig.assert_tidy();
}

/// Nobody is paid for it twice.
#[test]
fn what_is_done_in_another_clone_is_skipped() {
    let rig = rig(&[("one", "requires = \"review\""), ("two", "")], "");
    let ended = rig.run([]).expect(9);
    assert_eq!(ended.ids("landed"), ["two"]);
    let mut command = rig.sandbox.tk_command();
    command.current_dir(rig.sandbox.root().join("other"));
    command.args(["run", "epic", "--json"]);
    let ended = Live::of(command).end().expect(9);
    assert!(ended.ids("landed").is_empty());
    for (id, begin) in [
        (
            "one",
            "it was worked at by agent:claude in another clone, where it awaits review",
        ),
        ("two", "it was closed in another clone at "),
    ] {
        let parked = ended.of(id, "parked");
        let reason = parked[0]["reason"].as_str().unwrap();
        assert!(reason.starts_with(begin), "{reason}");
        assert!(reason.ends_with(": fetch and merge that"), "{reason}");
        assert_eq!(rig.rounds(id), 1);
    }
    // A landing is a merge; when it is here, and was taken back, the ticket is anybody's.
    let git = |args: &[&str]| rig.sandbox.git(args);
    git(&["push", "--quiet", "origin", "main"]);
    git(&["-C", "../other", "checkout", "--quiet", "."]);
    git(&["-C", "../other", "pull", "--quiet"]);
    let mut command = rig.sandbox.tk_command();
    command.current_dir(rig.sandbox.root().join("other"));
    command.args(["reopen", "two"]);
    rig.sandbox.run(&mut command, None).ok();
    bob_claims(&rig, "two", None);
    assert_eq!(there(&rig, "two").1["number"], 2);
}

#[test]
fn a_run_of_local_claims_knows_what_was_seen_on_the_remote() {
    let rig = rig(&[("one", ""), ("two", "")], "");
    rig.sandbox.write(".ticks/config.toml", "");
    bob_claims(&rig, "one", None);
    rig.sandbox.tk(["sync"]).ok();
    let ended = rig.run([]).expect(9);
    assert_eq!(ended.ids("landed"), ["two"]);
    assert_eq!(ended.of("one", "parked")[0]["reason"], "bob works at it");
    assert_eq!(there(&rig, "two").1, Value::Null);
    rig.assert_tidy();
}

#[test]
fn without_a_remote_nothing_begins() {
    let rig = rig(&[("one", "")], "");
    rig.sandbox.git(["remote", "remove", "origin"]);
    let ended = rig.run([]).expect(6);
    assert!(ended.events.is_empty());
    assert!(
        ended.stderr.contains("this clone has no remote"),
        "{}",
        ended.stderr
    );
    assert_eq!(rig.rounds("one"), 0);
    rig.assert_tidy();
}
