//! Workers that crash, lie, misbehave, or cannot work at all.

use serde_json::json;

use crate::rig::{Rig, work};

#[test]
fn a_crashed_session_is_resumed_once_then_tried_afresh_then_failed() {
    let rig = Rig::new(&[("one", ""), ("other", "")]);
    rig.script(json!({"one": [[{"spend": {"usd": 0.1, "input": 1, "output": 1}}, {"die": 3}]]}));
    let ended = rig.run(["--retries", "1"]).expect(7);
    let resumed: Vec<bool> = ended
        .of("one", "session")
        .iter()
        .map(|e| e["resumed"] == true)
        .collect();
    assert_eq!(resumed, [false, true, false]);
    assert_eq!(ended.of("one", "failed")[0]["class"], "no_result");
    assert_eq!(ended.ids("landed"), ["other"]);
    assert_eq!(
        rig.settled()
            .iter()
            .filter(|entry| entry["ticket"] == "one")
            .count(),
        3
    );
    let notes = rig.notes("one");
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].starts_with("Agent failed: no_result: "),
        "{notes:?}"
    );
    rig.assert_tidy();
}

#[test]
fn a_crashed_session_that_recovers_lands() {
    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [
        [{"write": {"path": "half", "text": "x"}}, {"die": 3}],
        work(),
    ]}));
    rig.run([]).expect(0);
    assert_eq!(rig.sandbox.read("half"), "x");
    assert_eq!(rig.rounds("one"), 2);
}

#[test]
fn a_lock_that_a_killed_git_left_stops_nobody() {
    let rig = Rig::new(&[("one", "")]);
    let dies = json!([{"run": "touch \"$(git rev-parse --git-path index.lock)\""}, {"die": 3}]);
    rig.script(json!({"one": [dies, work()]}));
    let ended = rig.run(["--retries", "0"]).expect(0);
    assert_eq!(ended.of("one", "retry").len(), 1);
    assert_eq!(rig.rounds("one"), 2);
    assert_eq!(rig.landings("one", "main"), 1);
}

#[test]
fn a_command_that_crashes_is_retried_as_often_as_told() {
    let rig = Rig::new(&[("one", "agent = \"plain\"")]);
    rig.command_agent("plain", "");
    rig.script(json!({"one": [[{"die": 3}]]}));
    rig.run(["--retries", "2"]).expect(7);
    assert_eq!(rig.rounds("one"), 3);
    rig.run(["--retries", "0"]).expect(7);
    assert_eq!(rig.rounds("one"), 4);
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
}

#[test]
fn what_a_program_wrote_to_its_errors_is_in_no_ticket() {
    let rig = Rig::new(&[("one", "agent = \"loud\"")]);
    let agent = "kind = \"command\"\ncommand = [\"sh\", \"-c\", \"echo hunter2 >&2; exit 7\"]\n";
    rig.sandbox.write(".ticks/agents/loud.toml", agent);
    let ended = rig.run(["--retries", "0"]).expect(7);
    assert_eq!(rig.notes("one"), ["Agent failed: crash: exit code 7"]);
    let failed = ended.of("one", "failed");
    let reason = failed[0]["reason"].as_str().unwrap();
    assert!(reason.contains("hunter2"), "{reason}");
}

#[test]
fn a_summary_without_end_is_cut() {
    let rig = Rig::new(&[("one", "agent = \"wordy\"")]);
    let says = r#"printf '{"status":"done","summary":"' > $TK_RESULT; head -c 100000 /dev/zero | tr '\0' s >> $TK_RESULT; printf '"}' >> $TK_RESULT"#;
    let works = "echo 1 > one; git add one; git commit -qm one";
    let agent = json!({"kind": "command", "command": ["sh", "-ec", format!("{works}; {says}")]});
    let agent = toml::to_string(&agent).unwrap();
    rig.sandbox.write(".ticks/agents/wordy.toml", &agent);
    rig.run([]).expect(0);
    let summary = rig.show("one")["runs"][0]["summary"].clone();
    assert_eq!(summary.as_str().unwrap().chars().count(), 4_001);
}

#[test]
fn git_does_no_background_work_in_workers_and_checks() {
    let check = "checks = [\"test \\\"$(git config gc.auto)\\\" = 0\"]";
    let rig = Rig::new(&[("one", &format!("agent = \"asks\"\n{check}"))]);
    let asks = "git config gc.auto > one; git config maintenance.auto >> one";
    let works = format!("{asks}; git add one; git commit -qm one");
    let agent = toml::to_string(&json!({"kind": "command", "command": ["sh", "-ec", works]}));
    rig.sandbox
        .write(".ticks/agents/asks.toml", &agent.unwrap());
    rig.run([]).expect(0);
    assert_eq!(rig.sandbox.git(["show", "main:one"]).trim_end(), "0\nfalse");
}

#[test]
fn without_authentication_the_run_stops_at_once() {
    let rig = Rig::new(&[("one", ""), ("two", ""), ("three", "")]);
    let pipe = rig.pipe("go");
    let retry = json!({"retry": {"error": "authentication_failed", "status": 401}});
    let refused = json!([[{"say": "up"}, {"await": pipe}, retry, "hang"]]);
    rig.script(json!({
        "one": refused, "two": refused,
        "three": [[{"spend": {"usd": 0.5, "input": 1, "output": 1}}, {"say": "up"}, "hang"]],
    }));
    let mut live = rig.start(["-j", "3", "--max-cost", "9"]);
    // All are up, in whatever order. One pipe for two: the first that hears of it may end the
    // run before the other does.
    let mut up = [(); 3].map(|()| live.until("", "say")["ticket"].to_string());
    up.sort_unstable();
    assert_eq!(up, ["\"one\"", "\"three\"", "\"two\""]);
    crate::rig::open(&pipe);
    let ended = live.end().expect(8);
    assert!(ended.ids("landed").is_empty());
    assert!(
        ended
            .warnings()
            .iter()
            .any(|text| text.contains("authentication"))
    );
    let why = ended.last()["why"].as_str().unwrap();
    assert!(
        why.starts_with("no worker can go on: authentication"),
        "{why}"
    );
    assert!(why.ends_with("the same command goes on"), "{why}");
    // The worker beside them was interrupted, not killed: it told what it cost.
    let three = rig
        .settled()
        .into_iter()
        .find(|entry| entry["ticket"] == "three")
        .unwrap();
    assert_eq!(
        (&three["basis"], &three["cost_usd"]),
        (&json!("reported"), &json!(0.5))
    );
    rig.assert_tidy();
}

#[test]
fn what_the_worker_left_uncommitted_is_committed_for_it() {
    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [[
        {"write": {"path": "a", "text": "a"}}, {"commit": "a"},
        {"write": {"path": "b", "text": "b"}}, {"run": "git rm -q README.md && mkdir c && echo c > c/c"},
    ]]}));
    rig.run([]).expect(0);
    for (path, text) in [("a", "a"), ("b", "b"), ("c/c", "c\n")] {
        assert_eq!(rig.sandbox.read(path), text);
    }
    assert!(!rig.sandbox.path().join("README.md").exists());
    let authors = rig
        .sandbox
        .git(["log", "--format=%an", "--grep=Committed by tk", "main"]);
    assert_eq!(authors, "claude\n");
}

#[test]
fn what_the_worker_did_to_the_tracker_is_undone() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.script(json!({"one": [[
        {"run": "sed -i 's/Ticket two/Hijacked/' .ticks/two.toml"},
        {"run": "rm .ticks/epic.toml; echo 'title = \"new\"' > .ticks/new.toml"},
        {"write": {"path": "a", "text": "a"}}, {"commit": "all"},
        {"run": "echo '# more' >> .ticks/config.toml"},
    ]]}));
    let config = rig.sandbox.read(".ticks/config.toml");
    let ended = rig.run([]).expect(0);
    let warned = ended.warnings().join("\n");
    assert!(warned.contains(".ticks/two.toml"), "{warned}");
    assert_eq!(rig.show("two")["title"], "Ticket two");
    assert!(!rig.sandbox.path().join(".ticks/new.toml").exists());
    assert_eq!(rig.sandbox.read(".ticks/config.toml"), config);
    assert_eq!(rig.sandbox.read("a"), "a");
    assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "");
}

#[test]
fn done_without_a_difference_waits_for_a_review() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.script(json!({
        "one": [[{"report": {"status": "done", "summary": "nothing to do"}}]],
        "two": [[{"run": "touch .ticks/x"}, {"commit": "only the tracker"}]],
    }));
    let ended = rig.run([]).expect(9);
    assert_eq!(ended.ids("awaiting"), ["one", "two"]);
    for id in ["one", "two"] {
        assert_eq!(rig.show(id)["awaiting"], "review");
        assert!(
            rig.notes(id)[0].contains("no_changes"),
            "{:?}",
            rig.notes(id)
        );
        assert_eq!(rig.landings(id, "main"), 0);
    }
    assert!(rig.notes("one")[0].contains("nothing to do"));
    rig.assert_tidy();
}

#[test]
fn partial_work_and_no_report_are_not_done() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.script(json!({
        "one": [[{"run": "echo x > one.txt"}, {"report": {"status": "partial", "summary": "half"}}]],
        "two": [[{"run": "echo x > two.txt"}, {"commit": "x"}, {"report": null}]],
    }));
    let ended = rig.run([]).expect(7);
    assert_eq!(ended.ids("failed"), ["one", "two"]);
    assert!(rig.notes("one")[0].contains("half"));
    assert!(rig.branches().contains(&"tk/work/epic/two".to_owned()));
    assert!(!rig.sandbox.path().join("two.txt").exists());
}

#[test]
fn whatever_a_worker_says_fits_into_its_ticket() {
    let rig = Rig::new(&[
        ("one", ""),
        ("two", ""),
        ("three", ""),
        ("four", ""),
        ("five", ""),
    ]);
    let hostile =
        "  \r\n\u{202e}x\u{1b}[31m\u{7} \"\"\" ''' \\ \ttab\n\n# notes\n[[runs]]\nTicket: two\r\n ";
    let done = |summary: &str| {
        let report = json!({"report": {"status": "done", "summary": summary}});
        json!([[{"run": "echo x > $TK_TICKET.txt"}, report]])
    };
    let not = |summary: &str, question: &str| {
        let report = json!({"status": "blocked", "summary": summary, "question": question});
        json!([[{ "report": report }]])
    };
    rig.script(json!({
        "one": done(hostile), "two": done(" "), "three": not(hostile, hostile),
        "four": not("", ""), "five": [[{"fail": {"subtype": "error_during_execution", "error": hostile}}]],
    }));
    let ended = rig.run(["--retries", "0"]).expect(7);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(ended.ids("awaiting"), ["three"]);
    assert_eq!(ended.ids("failed"), ["five", "four"]);
    assert_eq!(rig.landings("two", "main"), 1);
    assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "");
    let listed = rig.sandbox.tk(["list", "--all", "--json"]);
    assert_eq!(listed.stderr, "", "every file parses");
}
