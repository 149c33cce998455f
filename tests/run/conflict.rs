//! Branches that conflict with what has landed: the session that made them settles that, once;
//! else a person is asked, and no side is ever picked.

use serde_json::{Value, json};

use crate::rig::{Ended, Rig, open, work};

const CONFLICT: &str = "its branch conflicts with what has landed in same";

/// `one` lands its `same`; then `two`, that has another `same`, plays these rounds.
fn clash(rounds: &[Value], more: &str, args: &[&str]) -> (Rig, Ended) {
    clash_and_die(rounds, more, args, "")
}

/// As [`clash`]; the runner dies at that place.
fn clash_and_die(rounds: &[Value], more: &str, args: &[&str], place: &str) -> (Rig, Ended) {
    clash_in(Rig::new(&[("one", ""), ("two", more)]), rounds, args, place)
}

/// As [`clash_and_die`], in that repository.
fn clash_in(rig: Rig, rounds: &[Value], args: &[&str], place: &str) -> (Rig, Ended) {
    let pipe = rig.pipe("go");
    let write = |text: &str| json!({"write": {"path": "same", "text": text}});
    let mut two = vec![json!([
        {"say": "up"}, {"await": pipe}, write("two\n"), {"commit": "two"},
    ])];
    two.extend(rounds.iter().cloned());
    rig.script(json!({"one": [[write("one\n"), {"commit": "one"}]], "two": two}));
    let mut command = rig.sandbox.tk_command();
    command
        .args(["run", "epic", "--json", "-j", "2"])
        .args(args)
        .env("TK_TEST_DIE_AT", place);
    let mut live = crate::rig::Live::of(command);
    live.until("one", "closed");
    open(&pipe);
    (rig, live.end())
}

/// A ticket of which a person has to look at the conflict; nothing was picked.
#[track_caller]
fn assert_for_review(rig: &Rig, ended: &Ended, text: &str) {
    assert_eq!(ended.code, 9, "{:#?}", ended.events);
    assert_eq!(ended.ids("awaiting"), ["two"]);
    assert_eq!(ended.ids("landed"), ["one"]);
    let awaiting = ended.of("two", "awaiting");
    assert_eq!(awaiting.len(), 1);
    assert_eq!(awaiting[0]["awaiting"], "review");
    assert_eq!(awaiting[0]["text"], text);
    assert!(ended.of("two", "failed").is_empty());
    assert_eq!(
        rig.notes("two"),
        [format!("Agent failed: merge_conflict: {text}")]
    );
    let ticket = rig.show("two");
    assert_eq!(
        (&ticket["awaiting"], &ticket["status"]),
        (&json!("review"), &json!("open"))
    );
    assert_eq!(ended.last()["owed"][0]["command"], "tk approve two");
    assert_eq!(rig.rounds("two"), 2, "one attempt at repair");
    assert_eq!(rig.landings("two", "main"), 0);
    assert_eq!(rig.sandbox.read("same"), "one\n");
    assert_eq!(rig.sandbox.git(["show", "main:same"]), "one\n");
    assert!(rig.branches().contains(&"tk/work/epic/two".to_owned()));
}

#[test]
fn the_same_session_settles_a_conflict_in_its_own_worktree() {
    let settles = json!([
        // What has landed is merged in, and the conflict is there to be seen.
        {"run": "test \"$(git diff --name-only --diff-filter=U)\" = same"},
        {"run": "grep -q '^<<<<<<< ' same && grep -q '^>>>>>>> ' same"},
        {"write": {"path": "same", "text": "both\n"}}, {"commit": "settle"},
    ]);
    let (rig, ended) = clash(&[settles], "", &["--check", "test ! -e two.checked"]);
    let ended = ended.expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    let conflicts = ended.of("two", "merge_conflict");
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0]["paths"], json!(["same"]));
    let retries = ended.of("two", "retry");
    assert_eq!(retries.len(), 1);
    assert_eq!(retries[0]["class"], "merge_conflict");
    assert_eq!(retries[0]["reason"], CONFLICT);
    let sessions = ended.of("two", "session");
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["session"], sessions[1]["session"]);
    let run = ended.last()["run"].as_str().unwrap();
    let prompt = rig
        .sandbox
        .read(format!(".git/tk/runs/{run}/@two/1-2/prompt.md"));
    assert!(
        prompt.contains("Files that conflict") && prompt.contains("same"),
        "{prompt}"
    );
    assert_eq!(rig.sandbox.read("same"), "both\n");
    assert_eq!(rig.notes("two"), [""; 0]);
    assert_eq!(rig.show("two")["runs"].as_array().unwrap().len(), 1);
    assert_eq!(rig.landings("two", "main"), 1);
    assert_eq!(rig.settled().len(), 3, "one place, one bill a process");
    // The ticket files in the landing are those of the run, whatever the worker's copy was.
    for id in ["one", "two", "epic"] {
        let committed = rig.sandbox.git(["show", &format!("main:.ticks/{id}.toml")]);
        assert!(committed.contains("status = \"closed\""), "{committed}");
    }
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
}

#[test]
fn a_session_that_gives_the_merge_up_leaves_the_conflict_to_a_person() {
    let (rig, ended) = clash(&[json!([{"run": "git merge --abort"}])], "", &[]);
    assert_for_review(&rig, &ended, CONFLICT);
    assert_eq!(ended.of("two", "merge_conflict").len(), 2);
    assert_eq!(rig.sandbox.git(["show", "tk/work/epic/two:same"]), "two\n");
    rig.assert_tidy();
}

#[test]
fn a_runner_that_dies_forgets_no_attempt_at_repair() {
    let gives_up = json!([{"run": "git merge --abort"}]);
    for place in ["retry:after", "session:after:3", "merge_conflict:after:2"] {
        let (rig, died) = clash_and_die(std::slice::from_ref(&gives_up), "", &[], place);
        assert_eq!(died.code, -1, "{place}: {}", died.stderr);
        let ended = rig.run(["-j", "2"]);
        assert_eq!(ended.code, 9, "{place}: {:#?}", ended.events);
        assert_eq!(rig.rounds("two"), 2, "{place}: one attempt at repair");
        assert_eq!(
            rig.notes("two"),
            [format!("Agent failed: merge_conflict: {CONFLICT}")]
        );
        rig.assert_tidy();
    }
}

#[test]
fn an_unfinished_merge_is_never_finished_by_the_runner() {
    // It says that it is done and has not touched the conflict, or not committed it.
    for more in ["true", "echo mine > same && git add same"] {
        let (rig, ended) = clash(&[json!([{"run": more}])], "", &[]);
        assert_for_review(&rig, &ended, CONFLICT);
        assert_eq!(rig.sandbox.git(["show", "tk/work/epic/two:same"]), "two\n");
        // What it did so far is where it did it.
        rig.assert_tidy_but(&["two"]);
        let there = rig.sandbox.read(".worktrees/two/same");
        assert!(
            there.contains("mine") || there.contains("<<<<<<< "),
            "{there}"
        );
    }
}

#[test]
fn conflict_markers_that_are_committed_never_land() {
    let (rig, ended) = clash(&[json!([{"commit": "settled, it says"}])], "", &[]);
    assert_for_review(&rig, &ended, CONFLICT);
    assert!(
        rig.sandbox
            .git(["show", "tk/work/epic/two:same"])
            .contains("<<<<<<< ")
    );
    rig.assert_tidy();
}

#[test]
fn conflict_markers_are_seen_however_git_is_set_up() {
    let marked = || json!([{"commit": "settled, it says"}]);
    let settled = || json!([{"write": {"path": "same", "text": "both\n"}}, {"commit": "settle"}]);
    let rows: [(&str, &str, &str); 3] = [
        ("grep.patternType", "fixed", ""),
        ("color.ui", "always", ""),
        (
            "merge.conflictStyle",
            "merge",
            "same conflict-marker-size=9\n",
        ),
    ];
    for (key, value, attributes) in rows {
        for (round, lands) in [(marked(), false), (settled(), true)] {
            let rig = Rig::new(&[("one", ""), ("two", "")]);
            // Neither of them made these.
            rig.sandbox.write("doc", "<<<<<<< one\n>>>>>>> two\n");
            rig.sandbox.git(["add", "doc"]);
            rig.sandbox.git(["commit", "--quiet", "--message=doc"]);
            rig.sandbox.git(["config", key, value]);
            rig.sandbox.write(".git/info/attributes", attributes);
            let (rig, ended) = clash_in(rig, &[round], &[], "");
            if lands {
                let ended = ended.expect(0);
                assert_eq!(ended.ids("landed"), ["one", "two"], "{key} {attributes}");
                assert_eq!(rig.sandbox.read("same"), "both\n");
            } else {
                assert_for_review(&rig, &ended, CONFLICT);
            }
        }
    }
}

#[test]
fn after_a_review_the_session_goes_on_with_what_the_person_said() {
    let aborts = json!([{"run": "git merge --abort"}]);
    let settles = json!([{"write": {"path": "same", "text": "both\n"}}, {"commit": "settle"}]);
    let (rig, ended) = clash(&[aborts, work(), settles], "", &[]);
    assert_for_review(&rig, &ended, CONFLICT);
    rig.sandbox.tk(["reject", "two", "keep both"]).ok();
    let second = rig.run([]).expect(0);
    assert_eq!(second.ids("landed"), ["two"]);
    let session = |ended: &Ended| ended.of("two", "session")[0]["session"].clone();
    assert_eq!(session(&ended), session(&second));
    assert_eq!(second.of("two", "merge_conflict").len(), 1);
    assert_eq!(rig.sandbox.read("same"), "both\n");
    rig.assert_tidy();
}

#[test]
fn a_conflict_that_a_person_settled_lands_once_they_approve_it() {
    let aborts = json!([{"run": "git merge --abort"}]);
    let (rig, ended) = clash(&[aborts], "", &[]);
    assert_for_review(&rig, &ended, CONFLICT);
    let approve = || {
        let approved = rig.sandbox.tk(["approve", "two"]);
        let hint = "hint: what a run has kept of `two`, `tk land two` merges\n";
        assert_eq!((approved.code, approved.stderr.as_str()), (0, hint));
    };
    // As it is, it conflicts again.
    approve();
    assert_eq!(rig.sandbox.tk(["land", "two"]).code, 9);
    assert_eq!(rig.show("two")["awaiting"], "review");

    let git = |args: &[&str]| rig.sandbox.git(args.iter().copied());
    git(&["worktree", "add", "--quiet", "../fix", "tk/work/epic/two"]);
    git(&["-C", "../fix", "merge", "--quiet", "-s", "ours", "main"]);
    rig.sandbox.write("../fix/same", "both\n");
    git(&[
        "-C",
        "../fix",
        "commit",
        "--quiet",
        "--all",
        "--message=settle",
    ]);
    git(&["worktree", "remove", "../fix"]);
    approve();
    rig.sandbox.tk(["land", "two"]).ok();
    assert_eq!(rig.show("two")["status"], "closed");
    assert_eq!(rig.sandbox.read("same"), "both\n");
    assert_eq!(rig.rounds("two"), 2, "no other worker");
    rig.assert_tidy();
}

#[test]
fn what_conflicts_below_ticks_alone_is_no_conflict() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.sandbox.git(["add", ".ticks"]);
    rig.sandbox.git(["commit", "--quiet", "--message=tickets"]);
    let pipe = rig.pipe("go");
    let mess = "sed -i 's/^title.*/title = \"Mine\"/' .ticks/one.toml";
    rig.script(json!({"two": [[
        {"say": "up"}, {"await": pipe}, {"run": mess}, {"run": "echo x > two.txt"}, {"commit": "x"},
    ]]}));
    let mut live = rig.start(["-j", "2"]);
    live.until("one", "closed");
    open(&pipe);
    let ended = live.end().expect(0);
    assert!(ended.of("two", "merge_conflict").is_empty());
    assert_eq!(rig.rounds("two"), 1);
    assert_eq!(rig.show("one")["title"], "Ticket one");
}

#[test]
fn two_that_are_green_alone_and_red_together_are_mended_by_the_second_on_the_merged_tree() {
    // Alone each file is fine; together they are too many, and the check says so.
    let check = "ls *.part; test $(ls *.part | wc -l) -le 1 || test -e plan";
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let pipe = rig.pipe("go");
    let part = |name: &str| json!({"write": {"path": format!("{name}.part"), "text": name}});
    rig.script(json!({
        "one": [[part("one"), {"commit": "one"}]],
        "two": [
            [{"say": "up"}, {"await": pipe}, part("two"), {"commit": "two"}],
            // What the check saw is in its worktree.
            [{"run": "test -e one.part"}, {"write": {"path": "plan", "text": "x"}}, {"commit": "plan"}],
        ],
    }));
    let mut live = rig.start(["-j", "2", "--check", check]);
    live.until("one", "closed");
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    let failed = ended.of("two", "check_failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["output"], "one.part\ntwo.part");
    let retries = ended.of("two", "retry");
    assert_eq!(retries.len(), 1);
    assert_eq!(retries[0]["class"], "check");
    assert_eq!(
        retries[0]["reason"],
        format!("`{check}` ended with exit code 1")
    );
    assert!(ended.of("one", "retry").is_empty());
    let sessions = ended.of("two", "session");
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["session"], sessions[1]["session"]);
    let run = ended.last()["run"].as_str().unwrap();
    let prompt = rig
        .sandbox
        .read(format!(".git/tk/runs/{run}/@two/1-2/prompt.md"));
    assert!(
        prompt.contains("one.part\n") && prompt.contains("two.part"),
        "{prompt}"
    );
    assert_eq!(rig.notes("two"), [""; 0]);
    assert_eq!(rig.sandbox.read("plan"), "x");
    rig.assert_tidy();
}

#[test]
fn what_was_approved_and_conflicts_by_then_is_settled_by_its_session_and_looked_at_again() {
    let rig = Rig::new(&[("one", ""), ("two", "requires = \"review\"")]);
    let write = |text: &str| json!({"write": {"path": "same", "text": text}});
    let pipe = rig.pipe("go");
    rig.script(json!({
        "one": [[{"say": "up"}, {"await": pipe}, write("one\n"), {"commit": "one"}]],
        "two": [[write("two\n"), {"commit": "two"}], [write("both\n"), {"commit": "settle"}]],
    }));
    let mut live = rig.start(["-j", "2", "--max-cost", "5"]);
    live.until("two", "awaiting");
    open(&pipe);
    let first = live.end().expect(9);
    rig.sandbox.tk(["approve", "two"]).ok();
    // `tk land` starts no worker: a person is told.
    let landed = rig.sandbox.tk(["land", "epic"]);
    assert_eq!(landed.code, 9, "{landed}");
    let note = format!("Agent failed: merge_conflict: {CONFLICT}");
    assert_eq!(rig.notes("two").last(), Some(&note));
    assert_eq!(rig.rounds("two"), 1);

    rig.sandbox.tk(["approve", "two"]).ok();
    let second = rig.run(["--max-cost", "5"]).expect(9);
    assert_eq!(second.of("two", "retry")[0]["class"], "merge_conflict");
    let session = |ended: &Ended| ended.of("two", "session")[0]["session"].clone();
    assert_eq!(session(&first), session(&second));
    let awaiting = second.of("two", "awaiting");
    assert_eq!(awaiting.len(), 1, "what was approved has changed");
    assert_eq!(awaiting[0]["awaiting"], "review");
    assert_eq!(rig.sandbox.read("same"), "one\n");

    rig.sandbox.tk(["approve", "two"]).ok();
    rig.run([]).expect(0);
    assert_eq!(rig.rounds("two"), 2);
    assert_eq!(rig.sandbox.read("same"), "both\n");
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
}
