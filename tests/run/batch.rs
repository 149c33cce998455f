//! Landing in batches: few gates, the bad one isolated, and every ticket a merge of its own.

use serde_json::json;

use crate::rig::{Ended, Live, Rig, open, work, write};

/// A rig whose tickets land in batches, and the check that counts the gates. A gate ends only
/// when so many tickets have come to wait for it, or to land.
fn rig(tickets: &[(&str, &str)], in_line: usize, then: &str) -> (Rig, String) {
    let mut rig = Rig::new(tickets);
    let told = rig.sandbox.root().join("points");
    rig.sandbox
        .set_env("TK_TEST_POINTS", told.to_str().unwrap());
    let config = format!("[run]\nbatch = {}\n", tickets.len());
    rig.sandbox.write(".ticks/config.toml", &config);
    let gates = rig.sandbox.root().join("gates");
    let check = format!(
        "echo gate >> {}; i=0; while test $i -lt 600 && test $(grep -c '^in_line:after$' {}) -lt \
         {in_line}; do i=$((i+1)); sleep 0.1; done; {then}",
        gates.display(),
        told.display()
    );
    (rig, check)
}

fn gates(rig: &Rig) -> usize {
    let text = std::fs::read_to_string(rig.sandbox.root().join("gates")).unwrap();
    text.lines().count()
}

/// Each has one merge, of two parents, with its file closed in it, its trailers and its event.
#[track_caller]
fn assert_landed_one_by_one(rig: &Rig, ended: &Ended, ids: &[&str]) {
    for id in ids {
        let commit = ended.of(id, "landed")[0]["commit"].as_str().unwrap();
        let parents = rig
            .sandbox
            .git(["rev-list", "--parents", "--max-count=1", commit]);
        assert_eq!(parents.split_whitespace().count(), 3, "{id}: {parents}");
        let file = rig
            .sandbox
            .git(["show", &format!("{commit}:.ticks/{id}.toml")]);
        assert!(file.contains("status = \"closed\""), "{file}");
        assert!(file.contains("outcome = \"landed\""), "{file}");
        let before = format!("{commit}^:.ticks/{id}.toml");
        let before = rig.sandbox.git(["show", &before]);
        assert!(!before.contains("status = \"closed\""), "{before}");
        assert_eq!(rig.landings(id, "main"), 1, "{id}");
        assert_eq!(ended.of(id, "closed").len(), 1, "{id}");
        assert_eq!(rig.show(id)["status"], "closed");
    }
}

#[test]
fn sixteen_with_one_bad_need_at_most_nine_gates() {
    let ids: Vec<String> = (1..=16).map(|n| format!("t{n:02}")).collect();
    let tickets: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "")).collect();
    let (rig, check) = rig(&tickets, 16, "test ! -e bad");
    let fix = json!([{"run": "git rm --quiet bad"}, {"write": {"path": "good", "text": "x"}}, {"commit": "fix"}]);
    rig.script(json!({"t11": [write("bad", "x"), fix]}));
    let ended = rig.run(["-j", "16", "--check", &check]).expect(0);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(ended.ids("landed"), ids);
    let gates = gates(&rig);
    assert!(gates <= 9, "{gates} gates");
    assert!(!ended.of("", "batch").is_empty());
    // The bad one alone is sent back, once, with what was red.
    let sent_back = ended.of("", "retry");
    assert_eq!(sent_back.len(), 1);
    assert_eq!(sent_back[0]["ticket"], "t11");
    assert_landed_one_by_one(&rig, &ended, &ids);
    rig.assert_tidy();
}

#[test]
fn what_does_not_merge_with_the_others_is_landed_alone_and_checks_of_all_run() {
    let (rig, check) = rig(
        &[
            ("aaa", ""),
            ("bbb", ""),
            ("ccc", ""),
            ("ddd", "checks = [\"test -e ddd.txt\"]"),
            ("eee", "requires = \"review\""),
        ],
        4,
        "true",
    );
    rig.script(json!({"bbb": [write("same", "b")], "ccc": [write("same", "c")]}));
    let ended = rig.run(["-j", "5", "--check", &check]).expect(9);
    // One of the two conflicts, is settled by its session, and lands after all.
    let landed = ["aaa", "bbb", "ccc", "ddd"];
    assert_eq!(ended.ids("landed"), landed);
    assert_eq!(ended.ids("awaiting"), ["eee"]);
    let conflicts = ended.of("", "merge_conflict");
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0]["paths"][0], "same");
    let passed = ended.of("", "check_passed");
    assert!(
        passed
            .iter()
            .any(|event| event["command"] == "test -e ddd.txt")
    );
    assert_landed_one_by_one(&rig, &ended, &landed);
    rig.assert_tidy();
}

#[test]
fn a_runner_killed_when_a_batch_has_just_landed_is_made_good() {
    let (rig, check) = rig(&[("aaa", ""), ("bbb", ""), ("ccc", "")], 3, "true");
    // None can come to wait for landing before the first is at it, which would take it along.
    let pipes = ["b", "c"].map(|name| rig.pipe(name));
    let later = |pipe: &std::path::Path| json!([[{"await": pipe}, work()[0], work()[1]]]);
    rig.script(json!({"bbb": later(&pipes[0]), "ccc": later(&pipes[1])}));
    // The run's branch moves for the plan, for who came first, and for the two that waited.
    let mut command = rig.sandbox.tk_command();
    command.env("TK_TEST_DIE_AT", "run_branch_moved:after:3");
    command.args(["run", "epic", "--json", "-j", "3", "--check", &check]);
    let mut live = Live::of(command);
    live.until("aaa", "check_started");
    pipes.iter().for_each(|pipe| open(pipe));
    let killed = live.end();
    assert_ne!(killed.code, 0);
    assert_eq!(killed.of("", "batch").len(), 1);
    assert_eq!(killed.of("", "landed").len(), 1);
    rig.run(["-j", "3", "--check", &check]).expect(0);
    for id in ["aaa", "bbb", "ccc"] {
        assert_eq!(rig.landings(id, "main"), 1, "{id}");
        assert_eq!(rig.show(id)["status"], "closed");
        assert_eq!(rig.rounds(id), 1, "{id}");
    }
    assert_eq!(rig.settled().len(), 3);
    assert_eq!(gates(&rig), 2);
    rig.assert_tidy();
}
