//! What the doctor says of runs: live, interrupted, waiting, and over.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::{Ended, Rig, broken_meanwhile, open, write};

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
    let (findings, code) = found(&rig, &[]);
    assert_eq!(
        (kinds(&findings), code),
        (vec!["interrupted_run", "living_worker", "kept_work"], 1)
    );
    assert_eq!(findings[0]["run"], run);
    assert_eq!(findings[0]["command"], "tk run epic");
    assert_eq!(findings[2]["severity"], "note");
    assert_eq!(findings[2]["command"], "tk run epic");
    // The worker lives in its worktree, and its work is there.
    assert!(rig.sandbox.path().join(".worktrees/one/half.txt").exists());
    assert!(rig.sandbox.path().join(".worktrees/epic").exists());
    assert_eq!(rig.sandbox.git(["rev-parse", "tk/work/epic/one"]), tip);

    let live = rig.start([]);
    open(&pipe);
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
    let output = rig.sandbox.tk(["run", "epic", "--land", "never"]);
    assert_eq!(output.code, 0, "{output}");
    let told = "what has merged is on the run's branch alone; to land it: tk land epic\n";
    assert!(output.stdout.contains(told), "{output}");
    let (findings, code) = found(&rig, &["--fix"]);
    assert_eq!((kinds(&findings), code), (vec!["unlanded_work"], 0));
    assert_eq!(findings[0]["severity"], "note");
    assert_eq!(findings[0]["branch"], "tk/run/epic");
    assert_eq!(findings[0]["command"], "tk land epic");
    rig.sandbox.tk(["land", "epic"]).ok();
    assert_eq!(found(&rig, &[]), (vec![], 0));
}

#[test]
fn what_has_merged_is_named_with_its_tickets_also_when_they_are_closed() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let run = ["run", "two", "one", "--land", "never"];
    rig.sandbox.tk(run).ok();
    // Nothing of them is open by now.
    rig.sandbox.tk(run).ok();
    let (findings, code) = found(&rig, &[]);
    assert_eq!((kinds(&findings), code), (vec!["unlanded_work"], 0));
    assert_eq!(findings[0]["command"], "tk land two one");
    assert_eq!(findings[0]["hint"], "`tk land two one` lands it");
    rig.sandbox.tk(["land"]).ok();
    assert_eq!(rig.landings("one", "main"), 1);
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

/// Attempt 1 of `one` is on a branch that nothing goes on with any more, after `happens`.
fn superseded(happens: impl Fn(&Rig)) -> Rig {
    let rig = Rig::new(&[("one", "agent = \"plain\""), ("two", "")]);
    rig.command_agent("plain", "");
    let half = json!([
        {"write": {"path": "half", "text": "x"}}, {"commit": "half"},
        {"report": {"status": "partial", "summary": "half"}},
    ]);
    rig.script(json!({"one": [half, write("one.txt", "x")]}));
    rig.run([]).expect(7);
    let (findings, code) = found(&rig, &[]);
    assert_eq!((kinds(&findings), code), (vec!["kept_work"], 0));
    happens(&rig);
    rig
}

/// It is worth knowing, and `--fix` puts it away.
#[track_caller]
fn assert_put_away(rig: &Rig, message: &str) {
    let tip = rig.sandbox.git(["rev-parse", "tk/work/epic/one"]);
    let (findings, code) = found(rig, &[]);
    assert_eq!((kinds(&findings), code), (vec!["superseded_work"], 0));
    assert_eq!(findings[0]["severity"], "note");
    assert_eq!(findings[0]["message"], message);
    let hint = "`git log tk/work/epic/one` shows it; `tk doctor --fix` puts it away, and \
                `tk restore one` brings it back";
    assert_eq!(findings[0]["hint"], hint);
    let (findings, code) = found(rig, &["--fix"]);
    assert_eq!((&findings[0]["fixed"], code), (&json!(true), 0));
    assert_eq!(found(rig, &[]), (vec![], 0));
    assert_eq!(rig.branches(), ["main"]);
    let kept = rig.sandbox.git([
        "for-each-ref",
        "--format=%(objectname)",
        "refs/tk/backup/one/",
    ]);
    assert!(kept.contains(tip.trim()), "{kept}");
}

#[test]
fn the_branch_of_an_attempt_that_another_agent_followed_is_worth_knowing() {
    let rig = superseded(|rig| {
        rig.sandbox.tk(["update", "one", "--agent", "claude"]).ok();
        let ended = rig.run([]).expect(0);
        assert_eq!(ended.of("one", "ticket_started")[0]["attempt"], 2);
    });
    let message = "attempt 1 was followed by attempt 2, and 1 commit on it is nowhere else";
    assert_put_away(&rig, message);
}

#[test]
fn the_branch_of_a_failed_attempt_is_worth_knowing_once_its_ticket_is_closed() {
    let rig = superseded(|rig| {
        rig.sandbox.tk(["close", "one"]).ok();
    });
    let message = "attempt 1 failed, and its ticket is closed, and 1 commit on it is nowhere else";
    assert_put_away(&rig, message);
}

#[test]
fn what_is_not_committed_of_such_an_attempt_stays() {
    let rig = superseded(|rig| {
        rig.sandbox.git([
            "worktree",
            "add",
            "--quiet",
            ".worktrees/one",
            "tk/work/epic/one",
        ]);
        rig.sandbox.write(".worktrees/one/more", "x");
        rig.sandbox.tk(["close", "one"]).ok();
    });
    let (findings, code) = found(&rig, &["--fix"]);
    assert_eq!((kinds(&findings), code), (vec!["unlanded_work"], 1));
    assert_eq!(rig.sandbox.read(".worktrees/one/more"), "x");
}

/// `one`, whose worker leaves `half` uncommitted at each of its attempts, after so many.
fn left_uncommitted(attempts: usize) -> Rig {
    let rig = Rig::new(&[("one", "agent = \"plain\"")]);
    rig.command_agent("plain", "");
    let half = json!([
        {"run": "echo $TK_ATTEMPT > half"}, {"report": {"status": "partial", "summary": "half"}},
    ]);
    rig.script(json!({"one": [half]}));
    for _ in 0..attempts {
        rig.run([]).expect(7);
    }
    rig
}

#[test]
fn a_failed_attempt_is_not_said_to_be_gone_on_with() {
    let rig = left_uncommitted(1);
    let (findings, code) = found(&rig, &[]);
    assert_eq!((kinds(&findings), code), (vec!["kept_work"], 0));
    let hint = "its attempt failed: `tk run epic` begins anew, and goes on with it after \
                `tk note one TEXT`";
    assert_eq!(findings[0]["hint"], hint);
    // And so it does.
    rig.sandbox.tk(["note", "one", "go on"]).ok();
    let (findings, _) = found(&rig, &[]);
    assert_eq!(findings[0]["hint"], "`tk run epic` goes on with it");
    rig.script(json!({"one": [[{"report": {"status": "done", "summary": "done"}}]]}));
    rig.run([]).expect(0);
    assert_eq!(rig.sandbox.read("half"), "1\n");
}

#[test]
fn what_attempts_that_were_followed_left_uncommitted_can_be_put_away() {
    let rig = left_uncommitted(3);
    let (findings, code) = found(&rig, &[]);
    let expected = vec!["kept_work", "superseded_work", "superseded_work"];
    assert_eq!((kinds(&findings), code), (expected, 0));
    assert_eq!(findings[0]["path"], ".worktrees/one@3");
    assert_eq!(
        findings[1]["message"],
        "attempt 1 was followed by attempt 3, and not committed in it: half"
    );
    let hint = "`git -C .worktrees/one status` shows it; `tk doctor --fix` puts it away, and \
                `tk restore one` brings it back";
    assert_eq!(findings[1]["hint"], hint);
    let (findings, code) = found(&rig, &["--fix"]);
    assert_eq!(code, 0);
    assert!(
        findings[1..].iter().all(|f| f["fixed"] == true),
        "{findings:#?}"
    );
    assert_eq!(kinds(&found(&rig, &[]).0), ["kept_work"]);
    assert_eq!(rig.branches(), ["main", "tk/work/epic/one@3"]);
    let format = "--format=%(refname)";
    let kept = rig
        .sandbox
        .git(["for-each-ref", format, "refs/tk/backup/one/"]);
    let kept = kept
        .lines()
        .map(|name| rig.sandbox.git(["show", &format!("{name}:half")]));
    assert_eq!(kept.collect::<Vec<_>>(), ["1\n", "2\n"]);
}

#[test]
fn what_awaits_an_answer_is_answered_and_gone_on_with() {
    let rig = Rig::new(&[("one", "")]);
    let question = json!({"report": {"status": "blocked", "summary": "x", "question": "Which?"}});
    let half = json!([{"write": {"path": "half", "text": "x"}}, {"commit": "half"}, question]);
    rig.script(json!({"one": [half]}));
    rig.run([]).expect(9);
    let (findings, _) = found(&rig, &[]);
    assert_eq!(
        findings[0]["hint"],
        "`tk show one` tells what it awaits; `tk answer one TEXT`, then `tk run epic` goes on with it"
    );
}

/// A run that could not tell `one` how its attempt ended, whose file is as it was again.
fn untold() -> (Rig, String) {
    let rig = Rig::new(&[("one", "")]);
    let pipe = rig.pipe("gate");
    rig.script(json!({"one": [
        [{"say": "up"}, {"await": pipe}, {"write": {"path": "one.txt", "text": "x"}}],
        write("one.txt", "y"),
    ]}));
    let mut live = rig.start([]);
    let text = broken_meanwhile(&rig, &mut live, &pipe);
    live.end().expect(7);
    let (findings, code) = found(&rig, &["--fix"]);
    assert_eq!(
        (kinds(&findings), code),
        (vec!["invalid_ticket", "untold_end", "kept_work"], 1)
    );
    assert_eq!(findings[1]["fixable"], false);
    assert_eq!(
        findings[1]["hint"],
        "mend the file; then `tk doctor --fix`, or the next run, tells it"
    );
    let refused = rig.sandbox.tk(["retry", "one"]);
    assert_eq!(refused.code, 4, "{refused}");
    assert!(refused.stderr.contains("one.toml"), "{refused}");
    rig.sandbox.write(".ticks/one.toml", &text);
    (rig, text)
}

#[test]
fn a_ticket_that_lacks_the_end_of_an_attempt_is_named_and_told() {
    let (rig, _) = untold();
    let (findings, code) = found(&rig, &[]);
    let named: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["kind"] == "untold_end")
        .collect();
    assert_eq!((named.len(), code), (1, 1), "{findings:#?}");
    assert_eq!(named[0]["ticket"], "one");
    assert_eq!(named[0]["fixable"], true);
    let (findings, code) = found(&rig, &["--fix"]);
    assert_eq!(code, 0, "{findings:#?}");
    let (findings, code) = found(&rig, &[]);
    assert_eq!((kinds(&findings), code), (vec!["kept_work"], 0));
    assert_eq!(rig.show("one")["status"], "open");
    assert_eq!(rig.show("one")["runs"][0]["outcome"], "failed");
    assert_eq!(rig.notes("one").len(), 1);
    rig.run([]).expect(0);
}

#[test]
fn a_retry_tells_it_first() {
    let (rig, _) = untold();
    let output = rig.sandbox.tk(["retry", "one", "--note", "again"]);
    assert_eq!(output.code, 0, "{output}");
    let ticket = rig.show("one");
    assert_eq!(
        (&ticket["status"], &ticket["owner"]),
        (&json!("open"), &Value::Null)
    );
    assert_eq!(ticket["runs"][0]["outcome"], "failed");
    assert_eq!(rig.notes("one").len(), 2);
    rig.run([]).expect(0);
}

#[test]
fn a_retry_leaves_it_to_the_live_run_that_is_to_tell_it() {
    let rig = Rig::new(&[("one", ""), ("other", "")]);
    let (pipe, last) = (rig.pipe("gate"), rig.pipe("last"));
    rig.script(json!({
        "one": [[{"say": "up"}, {"await": pipe}, {"write": {"path": "one.txt", "text": "x"}}]],
        "other": [[{"await": last}, {"run": "echo x > other.txt"}]],
    }));
    let mut live = rig.start(["-j", "2"]);
    let text = broken_meanwhile(&rig, &mut live, &pipe);
    rig.sandbox.write(".ticks/one.toml", &text);
    let refused = rig.sandbox.tk(["retry", "one"]);
    assert_eq!(refused.code, 5, "{refused}");
    assert!(
        refused.stderr.contains("puts it there at its end"),
        "{refused}"
    );
    open(&last);
    live.end().expect(7);
    rig.sandbox.tk(["retry", "one"]).ok();
}

#[test]
fn a_repository_that_a_worker_made_keeps_its_worktree_and_nothing_else() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let inner = "git init -q target/fix && cd target/fix && echo x > y && git add y && \
                 git commit -q -m inner";
    let ignore = json!({"write": {"path": ".gitignore", "text": "target/\n"}});
    rig.script(json!({
        "one": [[ignore, {"commit": "work"}, {"run": inner}]],
        "two": [[{"say": "up"}, "hang"], write("two.txt", "x")],
    }));
    let told = |ended: &Ended| {
        let warned = ended.warnings().into_iter();
        let warned: Vec<_> = warned.filter(|text| text.contains("target/fix")).collect();
        assert_eq!(warned.len(), 1, "{warned:?}");
    };
    // Where it landed, where a run goes on, and where that comes to its end.
    let mut live = rig.start([]);
    live.until("two", "say");
    live.signal(Signal::INT);
    told(&live.end().expect(8));
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["two"]);
    told(&ended);
    assert_eq!(
        (rig.landings("one", "main"), rig.landings("two", "main")),
        (1, 1)
    );
    rig.run([]).expect(0);
    rig.assert_tidy_but(&["one"]);

    for args in [&[][..], &["--fix"]] {
        let (findings, code) = found(&rig, args);
        assert_eq!((kinds(&findings), code), (vec!["unlanded_work"], 1));
        let found = &findings[0];
        assert_eq!(found["fixable"], false, "{found}");
        assert_eq!(found["path"], ".worktrees/one", "{found}");
        let message = found["message"].as_str().unwrap();
        assert!(message.ends_with(": target/fix"), "{message}");
        let hint = found["hint"].as_str().unwrap();
        assert!(hint.contains("`tk doctor --fix`"), "{hint}");
    }
    let inner = rig.sandbox.path().join(".worktrees/one/target/fix");
    std::fs::remove_dir_all(inner).unwrap();
    let (findings, code) = found(&rig, &["--fix"]);
    assert_eq!((kinds(&findings), code), (vec!["leaked_worktree"], 0));
    assert_eq!(found(&rig, &[]), (vec![], 0));
    rig.assert_tidy();
}
