//! What a worker finds in its worktree: what was copied in and set up, and no large files.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::rig::Rig;

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
