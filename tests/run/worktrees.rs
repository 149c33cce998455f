//! What a worker finds in its worktree: what was copied in and set up, and no large files.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::rig::{Live, Rig};

#[test]
fn ignored_files_are_copied_in_and_the_set_up_runs_once_a_worktree() {
    let rig = Rig::new(&[("one", "checks = [\"test -e done\"]"), ("two", "")]);
    let log = rig.sandbox.root().join("set-up");
    let config = format!(
        "[worktree]\nsetup = [\"cat .env && basename $PWD >> {}\"]\n",
        log.display()
    );
    rig.sandbox.write(".ticks/config.toml", &config);
    rig.sandbox.write(".gitignore", ".env\nother\n");
    rig.sandbox.write(".worktreeinclude", ".env\n");
    rig.sandbox.write(".env", "KEY=1\n");
    rig.sandbox.write("other", "x\n");
    rig.sandbox.git(["add", ".gitignore", ".worktreeinclude"]);
    rig.sandbox.git(["commit", "--quiet", "--message=ignore"]);
    let steps = json!([{"run": "grep -q KEY .env && test ! -e other && echo x > one.txt"}, {"commit": "work"}]);
    let fixed = json!([{"run": "grep -q KEY .env && echo x > done"}, {"commit": "fix"}]);
    rig.script(json!({"one": [steps, fixed]}));
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(ended.of("one", "session").len(), 2);
    let text = std::fs::read_to_string(log).unwrap();
    let mut set_up: Vec<&str> = text.lines().collect();
    set_up.sort_unstable();
    assert_eq!(set_up, ["one", "two"]);
    let tracked = rig.sandbox.git(["ls-tree", "-r", "--name-only", "main"]);
    assert!(!tracked.contains(".env"), "{tracked}");
    rig.assert_tidy();
}

#[test]
fn a_failed_set_up_is_the_failure_of_its_ticket() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let config = "[worktree]\nsetup = [\"echo no such package; test $TK_TICKET != one\"]\n";
    rig.sandbox.write(".ticks/config.toml", config);
    let ended = rig.run([]).expect(7);
    assert_eq!(ended.ids("landed"), ["two"]);
    assert_eq!(ended.of("one", "failed")[0]["class"], "setup");
    let notes = rig.notes("one");
    assert!(
        notes[0].starts_with("Agent failed: setup: ") && notes[0].ends_with("no such package"),
        "{notes:?}"
    );
    assert_eq!(
        rig.settled()
            .iter()
            .filter(|entry| entry["ticket"] == "one")
            .map(|entry| entry["cost_usd"].as_f64().unwrap())
            .sum::<f64>(),
        0.0
    );
    rig.assert_tidy();
}

#[test]
fn large_files_are_pointers_in_worktrees_and_files_in_the_users_checkout() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let root = rig.sandbox.root();
    // Does what `git-lfs` does with its variable.
    let (filter, smudged) = (root.join("lfs"), root.join("smudged"));
    let text = format!(
        "#!/bin/sh\ncase \"$1$GIT_LFS_SKIP_SMUDGE\" in\nclean*) sed s/content/pointer/ ;;\n\
         smudge1) cat ;;\n*) echo smudged >> {}; sed s/pointer/content/ ;;\nesac\n",
        smudged.display()
    );
    std::fs::write(&filter, text).unwrap();
    std::fs::set_permissions(&filter, PermissionsExt::from_mode(0o755)).unwrap();
    for way in ["clean", "smudge"] {
        let command = format!("{} {way}", filter.display());
        rig.sandbox
            .git(["config", &format!("filter.lfs.{way}"), &command]);
    }
    rig.sandbox.write(".gitattributes", "*.bin filter=lfs\n");
    rig.sandbox.write("big.bin", "content 1\n");
    rig.sandbox.git(["add", ".gitattributes", "big.bin"]);
    rig.sandbox.git(["commit", "--quiet", "--message=large"]);
    assert_eq!(
        rig.sandbox.git(["show", "HEAD:big.bin"]).trim(),
        "pointer 1"
    );
    rig.script(json!({
        "one": [[{"run": "grep -q pointer big.bin && echo x > one.txt"}, {"commit": "work"}]],
        "two": [[{"write": {"path": "big.bin", "text": "content 2\n"}}, {"commit": "work"}]],
    }));
    let ended = rig.run(["--check", "grep -q pointer big.bin"]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(
        rig.sandbox.git(["show", "main:big.bin"]).trim(),
        "pointer 2"
    );
    assert_eq!(rig.sandbox.read("big.bin"), "content 2\n");
    // Once: where the user's own file changed.
    assert_eq!(std::fs::read_to_string(smudged).unwrap(), "smudged\n");
    rig.assert_tidy();
}

/// A repository that was moved after a run in which `one` left something that is not committed.
fn moved() -> Rig {
    let rig = Rig::new(&[("one", "agent = \"plain\"")]);
    rig.command_agent("plain", "");
    let half = json!([
        {"run": "echo half > half"}, {"report": {"status": "partial", "summary": "half"}},
    ]);
    rig.script(json!({"one": [half]}));
    let (now, before) = (rig.sandbox.path(), rig.sandbox.root().join("before"));
    std::fs::rename(&now, &before).unwrap();
    let mut command = rig.sandbox.tk_command();
    command.args(["run", "epic", "--json"]).current_dir(&before);
    Live::of(command).end().expect(7);
    std::fs::rename(&before, &now).unwrap();
    rig
}

#[test]
fn the_doctor_tells_git_of_worktrees_that_were_moved_with_the_repository() {
    let rig = moved();
    let output = rig.sandbox.tk(["doctor", "--json"]);
    let findings = output.json()["findings"].clone();
    assert_eq!(findings.as_array().unwrap().len(), 1, "{output}");
    assert_eq!(findings[0]["kind"], "missing_worktree", "{output}");
    assert_eq!(findings[0]["path"], ".worktrees/one");
    assert_eq!(findings[0]["command"], "git worktree repair .worktrees/one");
    rig.sandbox.tk(["doctor", "--fix"]).ok();
    let status = rig
        .sandbox
        .git(["-C", ".worktrees/one", "status", "--porcelain"]);
    assert_eq!(status, "?? half\n");
    let output = rig.sandbox.tk(["doctor", "--json"]);
    assert_eq!(
        output.json()["findings"][0]["kind"],
        "kept_work",
        "{output}"
    );
    assert_eq!(output.code, 0);
    rig.assert_tidy_but(&["one"]);
}

#[test]
fn a_repository_that_is_moved_during_a_run_ends_it_with_a_word_and_it_goes_on_there() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let pipe = rig.pipe("go");
    let round =
        json!([{"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}, {"commit": "x"}]);
    rig.script(json!({"one": [round, crate::rig::work()]}));
    let (here, there) = (rig.sandbox.path(), rig.sandbox.root().join("there"));
    let mut live = rig.start(["-j", "1"]);
    live.until("one", "say");
    std::fs::rename(&here, &there).unwrap();
    crate::rig::open(&pipe);
    let ended = live.end().expect(1);
    let told = format!(
        "`{}` is no longer there: it was moved or removed",
        here.display()
    );
    assert!(ended.stderr.contains(&told), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("the same command goes on"),
        "{}",
        ended.stderr
    );
    assert!(!here.exists(), "nothing is made there");
    std::fs::rename(&there, &here).unwrap();
    let ended = rig.run(["-j", "1"]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    rig.assert_tidy();
}

#[test]
fn a_run_goes_on_in_a_worktree_that_was_moved_with_the_repository() {
    let rig = moved();
    rig.sandbox.tk(["note", "one", "go on"]).ok();
    rig.script(json!({"one": [[{"report": {"status": "done", "summary": "done"}}]]}));
    let ended = rig.run([]).expect(0);
    let told = format!(
        "the worktree `{}` was moved, and git knows it there from now on",
        rig.sandbox.path().join(".worktrees/one").display()
    );
    assert!(
        ended.warnings().contains(&told.as_str()),
        "{:#?}",
        ended.warnings()
    );
    assert_eq!(rig.sandbox.read("half"), "half\n");
    assert_eq!(rig.show("one")["runs"][1]["attempt"], 1, "the same one");
    rig.assert_tidy();
}
