//! Workers that check out something else than their branch in their worktrees.

use serde_json::json;

use crate::rig::Rig;

#[test]
fn what_a_worker_commits_elsewhere_in_its_worktree_lands() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let commit = "git add . && git commit -qm work";
    let on_branch = format!("git switch -qc feature && echo x > one.txt && {commit}");
    let on_none = format!("git checkout -q --detach && echo x > two.txt && {commit}");
    rig.script(json!({
        "one": [[{"run": on_branch}, {"write": {"path": "rest", "text": "x"}}]],
        "two": [[{"run": on_none}]],
    }));
    let ended = rig.run(["-j", "1"]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    let warned = ended.warnings();
    let told = |text: &str| warned.iter().any(|warned| warned.contains(text));
    assert!(told("the worker had checked out `feature`"), "{warned:#?}");
    assert!(told("a commit and no branch"), "{warned:#?}");
    for file in ["one.txt", "two.txt", "rest"] {
        assert!(rig.sandbox.path().join(file).exists(), "{file}");
    }
    assert_eq!(rig.branches(), ["feature", "main"]);
    rig.assert_tidy();
}

#[test]
fn what_others_have_committed_does_not_come_along() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox.git(["switch", "-qc", "theirs"]);
    rig.sandbox.write("theirs.txt", "x");
    rig.sandbox.git(["add", "theirs.txt"]);
    rig.sandbox.git(["commit", "-qm", "theirs"]);
    rig.sandbox.git(["switch", "-q", "main"]);
    let work = "git checkout -q theirs && echo x > one.txt && git add . && git commit -qm work";
    rig.script(json!({"one": [[{"run": work}]]}));
    let ended = rig.run([]).expect(7);
    let failed = ended.of("one", "failed")[0]["reason"].as_str().unwrap();
    assert!(failed.contains("is on `theirs`, at commit "), "{failed}");
    assert!(!rig.sandbox.path().join("theirs.txt").exists());
    rig.assert_tidy();
    // The next attempt begins in a worktree of its own branch.
    rig.script(json!({}));
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
}
