//! What the user removes while a run works with it: worktrees, tickets.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::{Rig, open, work};

/// A worker that commits `half`, waits at the pipe, and does the rest.
fn halves(pipe: &std::path::Path) -> Value {
    json!([
        {"write": {"path": "half", "text": "x"}}, {"commit": "half"},
        {"say": "up"}, {"await": pipe}, {"write": {"path": "rest", "text": "x"}}, {"commit": "rest"},
    ])
}

const GONE: &str = "its worktree was removed and is made again from `tk/work/epic/one`: what was \
                    not committed there is gone";

#[test]
fn a_worktree_that_is_removed_under_a_worker_is_made_again_and_the_session_goes_on() {
    for how in [
        &["git", "worktree", "remove", "--force", ".worktrees/one"][..],
        &["rm", "-rf", ".worktrees/one"],
    ] {
        let rig = Rig::new(&[("one", "")]);
        let pipe = rig.pipe("gate");
        let rest = json!([{"run": "test -e half"}, {"write": {"path": "rest", "text": "y"}}]);
        rig.script(json!({"one": [halves(&pipe), rest]}));
        let mut live = rig.start([]);
        live.until("one", "say");
        let mut remove = rig.sandbox.command(how[0]);
        assert!(remove.args(&how[1..]).status().unwrap().success());
        open(&pipe);
        let ended = live.end().expect(0);
        assert_eq!(ended.ids("landed"), ["one"]);
        let retries = ended.of("one", "retry");
        assert_eq!(retries.len(), 1);
        assert_eq!(retries[0]["class"], "no_result");
        assert_eq!(ended.of("one", "warning")[0]["text"], GONE);
        let sessions = ended.of("one", "session");
        assert_eq!(sessions[0]["session"], sessions[1]["session"]);
        assert_eq!(rig.sandbox.read("half") + &rig.sandbox.read("rest"), "xy");
        assert_eq!(rig.notes("one"), [""; 0]);
        rig.assert_tidy();
    }
}

#[test]
fn what_was_committed_lands_though_the_worktree_is_gone_at_the_end() {
    let rig = Rig::new(&[("one", "")]);
    let remove = json!({"run": "echo y > lost; cd .. && rm -rf one"});
    rig.script(
        json!({"one": [[{"write": {"path": "half", "text": "x"}}, {"commit": "half"}, remove]]}),
    );
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.of("one", "warning")[0]["text"], GONE);
    assert_eq!(rig.rounds("one"), 1);
    assert_eq!(rig.sandbox.read("half"), "x");
    assert!(!rig.sandbox.path().join("lost").exists());
    rig.assert_tidy();
}

#[test]
fn the_run_s_own_worktree_is_made_again_before_a_landing_and_in_the_middle_of_one() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let pipe = rig.pipe("gate");
    rig.script(json!({"one": [halves(&pipe)], "two": [work()]}));
    // Once, the check itself is what removes it.
    let marker = rig.sandbox.root().join("removed");
    let check = format!(
        "test -e {0} || {{ touch {0}; cd .. && rm -rf epic; false; }}",
        marker.display()
    );
    let mut live = rig.start(["--check", &check]);
    live.until("one", "say");
    rig.sandbox
        .git(["worktree", "remove", "--force", ".worktrees/epic"]);
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    let text = "the run's worktree was removed and is made again";
    let told: Vec<_> = ended
        .of("one", "warning")
        .iter()
        .map(|e| e["text"].clone())
        .collect();
    assert_eq!(told, [text, text]);
    assert!(ended.of("one", "retry").is_empty(), "no fix round for that");
    assert_eq!(rig.rounds("one"), 1);
    assert_eq!(rig.landings("one", "main"), 1);
    rig.assert_tidy();
}

#[test]
fn the_run_s_own_worktree_is_made_again_at_the_end() {
    let rig = Rig::new(&[("one", ""), ("bad", "")]);
    let pipe = rig.pipe("gate");
    let blocked = json!({"report": {"status": "blocked", "summary": "no"}});
    rig.script(json!({"bad": [[{"say": "up"}, {"await": pipe}, blocked]]}));
    let mut live = rig.start(["-j", "2"]);
    live.until("one", "ticket_finished");
    rig.sandbox
        .git(["worktree", "remove", "--force", ".worktrees/epic"]);
    open(&pipe);
    let ended = live.end().expect(7);
    assert_eq!(ended.ids("landed"), ["one"]);
    assert_eq!(rig.landings("one", "main"), 1);
    rig.assert_tidy();
}

#[test]
fn all_worktrees_that_are_removed_at_once_are_made_again() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let pipe = rig.pipe("gate");
    let rest = json!([{"run": "test -e half"}, {"write": {"path": "rest", "text": "y"}}]);
    rig.script(json!({"one": [halves(&pipe), rest]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    std::fs::remove_dir_all(rig.sandbox.path().join(".worktrees")).unwrap();
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(rig.sandbox.read("half") + &rig.sandbox.read("rest"), "xy");
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
}

/// Deletes the branches of run and ticket, as no git command does while they are checked out.
fn delete_branches(rig: &Rig) {
    for branch in ["tk/run/epic", "tk/work/epic/one"] {
        rig.sandbox
            .git(["update-ref", "-d", &format!("refs/heads/{branch}")]);
    }
}

const RUN_BRANCH: &str =
    "the run's branch `tk/run/epic` was deleted and is made again from its last commit";

#[test]
fn branches_that_are_deleted_under_a_dead_run_are_made_again() {
    let rig = Rig::new(&[("zero", ""), ("one", "blocked_by = [\"zero\"]")]);
    let pipe = rig.pipe("gate");
    let rest = json!([{"run": "test -e half && test -e zero.txt"}, {"run": "echo x > rest"}]);
    rig.script(json!({"one": [halves(&pipe), rest]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    live.signal(Signal::KILL);
    live.end();
    rig.kill_workers();
    delete_branches(&rig);
    let ended = rig.run([]).expect(0);
    assert!(
        ended.warnings().contains(&RUN_BRANCH),
        "{:?}",
        ended.warnings()
    );
    assert_eq!(ended.ids("landed"), ["one"]);
    for (file, text) in [("half", "x"), ("rest", "x\n"), ("zero.txt", "done\n")] {
        assert_eq!(rig.sandbox.read(file), text);
    }
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
}

#[test]
fn branches_that_are_deleted_under_a_live_run_are_made_again() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let pipe = rig.pipe("gate");
    let round = json!([
        {"write": {"path": "half", "text": "x"}}, {"commit": "half"}, {"say": "up"}, {"await": pipe},
    ]);
    rig.script(json!({"one": [round]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    delete_branches(&rig);
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    let own = "its branch `tk/work/epic/one` was deleted and is made again from its last commit";
    for text in [RUN_BRANCH, own] {
        assert!(ended.warnings().contains(&text), "{:?}", ended.warnings());
    }
    assert_eq!(rig.sandbox.read("half"), "x");
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
}

#[test]
fn a_session_whose_branch_was_deleted_is_told_so() {
    for deleted in [true, false] {
        let rig = Rig::new(&[("one", "")]);
        let half = json!([
            {"write": {"path": "half", "text": "x"}}, {"commit": "half"}, {"say": "up"}, "hang",
        ]);
        rig.script(json!({"one": [half, work()]}));
        let mut live = rig.start([]);
        live.until("one", "say");
        rig.sandbox.tk(["stop"]).ok();
        live.end().expect(8);
        if deleted {
            rig.sandbox
                .git(["branch", "--quiet", "-D", "tk/work/epic/one", "tk/run/epic"]);
        }
        let ended = rig.run([]).expect(0);
        assert_eq!(ended.of("one", "session")[0]["resumed"], true);
        let prompts = rig.prompts("one");
        let said = "\nThe worktree is a new one, made from what has landed: nothing else that you \
                    did before is\nin it. Look at what it holds before you go on.\n";
        assert_eq!(prompts[1].ends_with(said), deleted, "{}", prompts[1]);
        assert_eq!(rig.sandbox.path().join("half").exists(), !deleted);
        rig.assert_tidy();
    }
}

#[test]
fn what_had_landed_on_a_branch_that_was_deleted_lands_all_the_same() {
    let rig = Rig::new(&[("zero", ""), ("one", "blocked_by = [\"zero\"]")]);
    rig.script(json!({"one": [[{"say": "up"}, "hang"], work()]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    rig.sandbox.tk(["stop"]).ok();
    live.end().expect(8);
    assert_eq!(rig.show("zero")["status"], "closed");
    assert!(!rig.sandbox.path().join("zero.txt").exists());
    rig.sandbox.git(["branch", "--quiet", "-D", "tk/run/epic"]);
    let ended = rig.run([]).expect(0);
    assert!(
        ended.warnings().contains(&RUN_BRANCH),
        "{:?}",
        ended.warnings()
    );
    assert_eq!(rig.sandbox.read("zero.txt"), "done\n");
    assert_eq!(rig.landings("zero", "main"), 1);
    rig.assert_tidy();
}

const DELETED: &str = "the ticket was deleted: nothing more is done about it";

/// Deletes the ticket's file in one of the ways a person may; `tk` itself refuses to.
fn delete(rig: &Rig, how: &str, id: &str) {
    let file = format!(".ticks/{id}.toml");
    let refused = rig.sandbox.tk(["delete", id, "--force"]);
    assert_eq!(refused.code, 5, "{refused}");
    if how == "git" {
        rig.sandbox.git(["rm", "--quiet", "--force", &file]);
    } else {
        std::fs::remove_file(rig.sandbox.path().join(&file)).unwrap();
    }
    assert!(!rig.sandbox.path().join(file).exists());
}

#[test]
fn a_ticket_that_is_deleted_before_its_start_is_not_worked_at_and_blocks_on() {
    for how in ["git", "rm"] {
        let rig = Rig::new(&[
            ("one", ""),
            ("gone", "blocked_by = [\"one\"]"),
            ("last", "blocked_by = [\"gone\"]"),
        ]);
        rig.sandbox.git(["add", ".ticks"]);
        rig.sandbox.git(["commit", "--quiet", "--message=tickets"]);
        let pipe = rig.pipe("gate");
        rig.script(json!({"one": [halves(&pipe)]}));
        let mut live = rig.start(["--max-cost", "5"]);
        live.until("one", "say");
        delete(&rig, how, "gone");
        open(&pipe);
        let ended = live.end().expect(9);
        assert_eq!(ended.ids("landed"), ["one"], "{how}");
        assert_eq!(rig.rounds("last"), 0, "{how}");
        assert_eq!(ended.of("gone", "warning")[0]["text"], DELETED, "{how}");
        assert_eq!(ended.of("gone", "ticket_finished")[0]["outcome"], "deleted");
        assert_eq!(rig.rounds("gone"), 0, "{how}");
        // It stays deleted, on the branch too.
        assert!(
            !rig.sandbox.path().join(".ticks/gone.toml").exists(),
            "{how}"
        );
        let there = rig
            .sandbox
            .git(["ls-tree", "--name-only", "main", ".ticks/"]);
        assert!(!there.contains("gone"), "{how}: {there}");
        assert_eq!(rig.show("epic")["status"], "open", "{how}");
        assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "", "{how}");
        assert_eq!(rig.branches(), ["main"]);
        rig.assert_tidy();
    }
}

#[test]
fn a_ticket_that_is_deleted_while_at_work_keeps_its_work_on_its_branch() {
    for how in ["git", "rm"] {
        let rig = Rig::new(&[("one", ""), ("two", "")]);
        if how == "git" {
            rig.sandbox.git(["add", ".ticks"]);
            rig.sandbox.git(["commit", "--quiet", "--message=tickets"]);
        }
        let pipe = rig.pipe("gate");
        rig.script(json!({"one": [halves(&pipe)]}));
        let mut live = rig.start(["-j", "2"]);
        live.until("one", "say");
        delete(&rig, how, "one");
        open(&pipe);
        let ended = live.end().expect(0);
        assert_eq!(ended.ids("landed"), ["two"], "{how}");
        let told = format!("{DELETED}; its work is kept on `tk/work/epic/one`");
        assert_eq!(ended.of("one", "warning")[0]["text"], told, "{how}");
        assert_eq!(ended.of("one", "ticket_finished")[0]["outcome"], "deleted");
        assert_eq!(rig.sandbox.git(["show", "tk/work/epic/one:rest"]), "x");
        assert_eq!(rig.landings("one", "main"), 0, "{how}");
        assert!(
            !rig.sandbox.path().join(".ticks/one.toml").exists(),
            "{how}"
        );
        let there = rig
            .sandbox
            .git(["ls-tree", "--name-only", "main", ".ticks/"]);
        assert!(!there.contains("one"), "{how}: {there}");
        assert_eq!(rig.branches(), ["main", "tk/work/epic/one"]);
        rig.assert_tidy();
    }
}

#[test]
fn a_ticket_that_is_deleted_during_its_gate_does_not_land() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let pipe = rig.pipe("gate");
    let check = format!("test $TK_TICKET = two || cat {}", pipe.display());
    let mut live = rig.start(["-j", "2", "--check", &check]);
    live.until("one", "check_started");
    delete(&rig, "rm", "one");
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["two"]);
    let told = format!("{DELETED}; its work is kept on `tk/work/epic/one`");
    assert_eq!(ended.of("one", "warning")[0]["text"], told);
    assert_eq!(rig.landings("one", "main"), 0);
    assert!(!rig.sandbox.path().join("one.txt").exists());
    rig.assert_tidy();
}

#[test]
fn a_ticket_that_is_deleted_while_it_awaits_a_person_is_owed_nothing() {
    let rig = Rig::new(&[("one", "requires = \"review\""), ("two", "")]);
    let pipe = rig.pipe("gate");
    rig.script(json!({"two": [halves(&pipe)]}));
    let mut live = rig.start(["-j", "2"]);
    live.until("one", "ticket_finished");
    delete(&rig, "rm", "one");
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["two"]);
    assert!(ended.ids("awaiting").is_empty());
    assert_eq!(ended.last()["owed"], json!([]));
    assert!(rig.branches().contains(&"tk/work/epic/one".to_owned()));
}

#[test]
fn in_a_batch_such_a_check_fails_its_ticket_alone_too() {
    let more = "checks = [\"rm -rf \\\"$PWD\\\"\"]";
    let rig = Rig::new(&[("one", more), ("two", ""), ("zoo", "")]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nbatch = 3\n");
    let gate = rig.pipe("gate");
    let slow = json!([{"await": gate}, {"run": "echo x > one.txt"}]);
    rig.script(json!({"one": [slow]}));
    let mut live = rig.start(["-j", "3"]);
    live.until("one", "session");
    open(&gate);
    let ended = live.end().expect(7);
    assert_eq!(
        ended.ids("landed"),
        ["two", "zoo"],
        "{:#?}",
        ended.of("", "failed")
    );
    assert_eq!(
        ended.of("one", "failed")[0]["reason"],
        "its check removed the run's worktree, 3 times"
    );
    rig.assert_tidy();
}

#[test]
fn a_check_that_always_removes_the_run_s_worktree_fails_its_ticket_alone() {
    for check in ["rm -rf \\\"$PWD\\\"", "rm -rf \\\"$PWD\\\"; false"] {
        let more = format!("checks = [\"{check}\"]");
        let rig = Rig::new(&[("one", &more), ("two", "")]);
        let ended = rig.run(["-j", "1"]).expect(7);
        assert_eq!(
            ended.ids("landed"),
            ["two"],
            "{:#?}",
            ended.of("", "failed")
        );
        assert_eq!(ended.ids("failed"), ["one"]);
        let reason = "its check removed the run's worktree, 3 times";
        assert_eq!(ended.of("one", "failed")[0]["reason"], reason);
        assert_eq!(rig.notes("one"), [format!("Agent failed: check: {reason}")]);
        assert_eq!(ended.of("one", "check_started").len(), 3);
        assert_eq!(rig.rounds("one"), 1, "no fix round for that");
        rig.assert_tidy();
    }
}

#[test]
fn a_worktree_that_has_lost_its_git_file_is_connected_again() {
    let lost = "the run's worktree had lost its `.git` file, which is made again";
    // By a check, once and always.
    for (check, code) in [
        ("test -e ../../once || rm .git; touch ../../once", 0),
        ("rm .git", 7),
    ] {
        let more = format!("checks = [\"{check}\"]");
        let rig = Rig::new(&[("one", &more), ("two", "")]);
        let ended = rig.run(["-j", "1"]).expect(code);
        assert!(ended.warnings().contains(&lost), "{:#?}", ended.warnings());
        assert_eq!(rig.landings("two", "main"), 1);
        assert_eq!(rig.landings("one", "main"), usize::from(code == 0));
        rig.assert_tidy();
    }
    // By a worker, whose work it is all the same.
    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [[
        {"run": "echo x > one.txt"}, {"commit": "one"}, {"run": "echo y > more.txt; rm .git"},
    ]]}));
    rig.run([]).expect(0);
    assert_eq!(rig.sandbox.read("one.txt"), "x\n");
    assert_eq!(rig.sandbox.read("more.txt"), "y\n");
    rig.assert_tidy();
}

#[test]
fn worktrees_that_git_has_forgotten_are_known_to_it_again() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let forget = json!({"run": "rm -rf ../../.git/worktrees"});
    rig.script(json!({
        "one": [[{"run": "echo x > one.txt"}, {"commit": "one"}, {"run": "echo y > more.txt"}, forget]],
    }));
    let ended = rig.run(["-j", "1"]).expect(0);
    let told = "git had forgotten the run's worktree, and knows it again";
    assert!(ended.warnings().contains(&told), "{:#?}", ended.warnings());
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(rig.sandbox.read("more.txt"), "y\n");
    rig.assert_tidy();

    // So is one with something in it that is not committed, after a run.
    let rig = Rig::new(&[("one", "agent = \"plain\"")]);
    rig.command_agent("plain", "");
    let half = json!([
        {"run": "echo half > half"}, {"report": {"status": "partial", "summary": "half"}},
    ]);
    let rest = json!([{"report": {"status": "done", "summary": "done"}}]);
    rig.script(json!({"one": [half, rest]}));
    rig.run([]).expect(7);
    std::fs::remove_dir_all(rig.sandbox.path().join(".git/worktrees")).unwrap();
    rig.sandbox.tk(["note", "one", "go on"]).ok();
    rig.run([]).expect(0);
    assert_eq!(rig.sandbox.read("half"), "half\n");
    rig.assert_tidy();
}

#[test]
fn an_error_that_a_run_ended_with_is_what_the_doctor_tells() {
    let rig = Rig::new(&[("one", "checks = [\"rm .git; mkdir .git\"]")]);
    rig.run([]).expect(6);
    let interrupted = || {
        let findings = rig.sandbox.tk(["doctor", "--json"]).json()["findings"].clone();
        let mut findings = findings.as_array().unwrap().clone().into_iter();
        findings.find(|found| found["kind"] == "interrupted_run")
    };
    let error = "the worktree `$ROOT/repo/.worktrees/epic` is not a git worktree any more: \
                 expected it to be on `tk/run/epic`";
    assert_eq!(
        interrupted().unwrap()["message"],
        format!("the run of `epic` ended with an error: {error}")
    );
    // What was the matter goes away, and so does what is said of it.
    std::fs::remove_dir(rig.sandbox.path().join(".worktrees/epic/.git")).unwrap();
    let ticket = rig.sandbox.read(".ticks/one.toml");
    rig.sandbox.write(
        ".ticks/one.toml",
        &ticket.replace("rm .git; mkdir .git", "true"),
    );
    rig.run([]).expect(7);
    assert_eq!(interrupted(), None);
    rig.run([]).expect(0);
}
