//! `tk restore`: what was kept of a ticket's work comes back, as a commit on what is there now.

use serde_json::json;

use crate::rig::{Rig, work, write};

/// An epic of `one`, which has landed and was reverted.
fn reverted() -> Rig {
    let rig = Rig::new(&[("one", "")]);
    rig.run([]).expect(0);
    let landing = "--grep=^Land one";
    let landing = rig.sandbox.git(["log", "--format=%H", landing]);
    rig.sandbox
        .git(["revert", "--no-edit", "-m1", landing.trim()]);
    assert!(!rig.sandbox.path().join("one.txt").exists());
    assert_eq!(rig.show("one")["status"], "open");
    rig
}

#[test]
fn what_was_reverted_comes_back_as_a_commit_on_the_tip() {
    let rig = reverted();
    let s = &rig.sandbox;
    s.write("README.md", "staged\n");
    s.git(["add", "README.md"]);
    s.write("README.md", "edited\n");
    s.write("untracked", "mine\n");
    let tip = s.git(["rev-parse", "HEAD"]);
    // A merge of what is kept does nothing.
    let merged = s.git(["merge", "--no-edit", "refs/tk/backup/one/1"]);
    assert_eq!(merged, "Already up to date.\n");
    let ticket = s.read(".ticks/one.toml");
    let output = s.tk(["restore", "one", "--json"]);
    assert_eq!(output.code, 0, "{output}");
    let told = output.json();
    assert_eq!(told["changed"], true);
    assert_eq!(told["files"], json!(["one.txt"]));
    assert_eq!(told["branch"], "main");
    assert_eq!(told["backups"][0]["state"], "missing");
    assert_eq!(told["tickets"][0]["status"], "open");
    assert_eq!(s.read("one.txt"), "done\n");
    assert_eq!(s.git(["rev-parse", "HEAD^"]), tip);
    assert_eq!(s.git(["rev-parse", "HEAD"]).trim(), told["commit"]);
    assert_eq!(
        s.git(["log", "-1", "--format=%s"]),
        "Restore one: Ticket one\n"
    );
    // Nothing else of the checkout, and not the ticket.
    assert_eq!(
        s.git(["status", "--porcelain"]),
        "MM README.md\n?? untracked\n"
    );
    assert_eq!(s.git(["show", ":README.md"]), "staged\n");
    assert_eq!(s.read("README.md"), "edited\n");
    assert_eq!(s.read(".ticks/one.toml"), ticket);
    let again = s.tk(["restore", "one"]);
    assert_eq!(again.ok(), "one  everything that is kept of it is here\n");
    rig.assert_tidy();
}

#[test]
fn on_a_new_branch_the_checkout_stays_as_it_is() {
    let rig = reverted();
    let s = &rig.sandbox;
    let tip = s.git(["rev-parse", "HEAD"]);
    s.git(["checkout", "--quiet", "--detach"]);
    let detached = s.tk(["restore", "one"]);
    assert_eq!(detached.code, 6, "{detached}");
    assert!(detached.stderr.contains("--branch NAME"), "{detached}");
    let taken = s.tk(["restore", "one", "--branch", "main"]);
    assert_eq!(taken.code, 2, "{taken}");
    let output = s.tk(["restore", "one", "--branch", "again"]);
    assert!(
        output
            .ok()
            .starts_with("one  1 file of backup 1 back on `again`, not checked: "),
    );
    assert_eq!(s.git(["show", "again:one.txt"]), "done\n");
    assert_eq!(s.git(["rev-parse", "again^"]), tip);
    assert_eq!(s.git(["rev-parse", "HEAD", "main"]), format!("{tip}{tip}"));
    assert!(!s.path().join("one.txt").exists());
    assert_eq!(s.git(["status", "--porcelain"]), "");
}

#[test]
fn what_is_in_the_way_is_refused_and_nothing_touched() {
    let rig = reverted();
    let s = &rig.sandbox;
    let tip = s.git(["rev-parse", "HEAD"]);
    s.write("one.txt", "mine\n");
    let refused = s.tk(["restore", "one"]);
    assert_eq!(refused.code, 6, "{refused}");
    let told = &refused.stderr;
    assert!(
        told.contains("one.txt; nothing was touched") && told.contains("--branch NAME"),
        "{refused}"
    );
    s.git(["add", "one.txt"]);
    s.git(["commit", "--quiet", "--message=mine"]);
    let conflict = s.tk(["restore", "one"]);
    assert_eq!(conflict.code, 6, "{conflict}");
    assert_eq!(
        conflict.stderr,
        "error: what is kept of `one` conflicts with what is here: one.txt\n\
         hint: `git branch NAME refs/tk/backup/one/1` makes a branch of it, to be merged\n"
    );
    assert_eq!(s.git(["rev-parse", "HEAD^"]), tip);
    assert_eq!(s.read("one.txt"), "mine\n");
    assert_eq!(s.git(["status", "--porcelain"]), "");
}

#[test]
fn without_anything_kept_it_says_so() {
    let rig = Rig::new(&[("one", ""), ("two", "requires = \"review\"")]);
    rig.script(json!({"two": [write("b", "b")]}));
    let nothing = rig.sandbox.tk(["restore", "one"]);
    assert_eq!(nothing.code, 1, "{nothing}");
    assert_eq!(
        nothing.stderr,
        "error: nothing of `one` is kept in a backup\nhint: `tk run one` works at it\n"
    );
    let unknown = rig.sandbox.tk(["restore", "nobody"]);
    assert_eq!(unknown.code, 3, "{unknown}");
    rig.run([]).expect(9);
    let number = rig.sandbox.tk(["restore", "two", "--from", "7"]);
    assert_eq!(number.code, 1, "{number}");
    assert!(number.stderr.contains("no backup 7 of `two`"), "{number}");
}

#[test]
fn several_are_listed_and_one_is_chosen() {
    let rig = reverted();
    let s = &rig.sandbox;
    // The second attempt does something else; then it is reverted too.
    rig.script(json!({"one": [work(), write("two.txt", "two\n")]}));
    rig.run([]).expect(0);
    let landing = s.git(["log", "-1", "--format=%H", "--grep=^Land one"]);
    s.git(["revert", "--no-edit", "-m1", landing.trim()]);
    let output = s.tk(["restore", "one"]);
    assert_eq!(output.code, 3, "{output}");
    assert_eq!(
        output.stderr,
        "error: several things are kept of `one`: say which\n\
         hint: `tk restore one --from 2`: two.txt\n\
         hint: `tk restore one --from 1`: one.txt\n"
    );
    let error = s.tk(["restore", "one", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&error.stderr).unwrap();
    assert_eq!(said["error"]["context"]["backups"][0]["number"], 2);
    let listed = s.tk(["restore", "one", "--list"]).ok();
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(lines[0].starts_with("  2  ") && lines[0].ends_with("  two.txt"));
    s.tk(["restore", "one", "--from", "1"]).ok();
    assert!(s.path().join("one.txt").exists() && !s.path().join("two.txt").exists());
    // One of the two is here, so there is no choice any more.
    s.tk(["restore", "one"]).ok();
    assert_eq!(s.read("two.txt"), "two\n");
}

#[test]
fn work_that_never_landed_comes_back_of_a_ticket_that_is_gone() {
    let rig = Rig::new(&[("one", "")]);
    let s = &rig.sandbox;
    rig.run(["--land", "never"]).expect(0);
    // Somebody deletes the branch and the ticket; the tip has gone on.
    s.git(["branch", "--quiet", "-D", "tk/run/epic"]);
    s.git(["checkout", "--quiet", "--", "."]);
    s.write("other", "other\n");
    s.git(["add", "other"]);
    s.git(["commit", "--quiet", "--message=other"]);
    s.tk(["delete", "one", "--force"]).ok();
    let output = s.tk(["restore", "One", "--json"]);
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(output.json()["tickets"], json!([]));
    assert_eq!(s.read("one.txt"), "done\n");
    assert_eq!(s.read("other"), "other\n");
    assert!(!s.path().join(".ticks/one.toml").exists());
}

#[test]
fn what_was_never_committed_is_kept_when_git_has_lost_the_folder() {
    let rig = Rig::new(&[("one", "")]);
    let s = &rig.sandbox;
    rig.script(json!({"one": [
        [{"write": {"path": "staged", "text": "staged\n"}}, {"run": "git add staged"},
         {"die": 3}],
        work(),
    ]}));
    // Its worktree stays with the work in it, and goes by other hands.
    rig.run(["--retries", "0"]);
    let folder = s.path().join(".worktrees/one");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    rig.run([]).expect(0);
    let kept = s.git(["rev-list", "--objects", "--glob=refs/tk/backup/*"]);
    std::fs::write(s.root().join("staged"), "staged\n").unwrap();
    let blob = s.git(["hash-object", "../staged"]);
    assert!(kept.contains(blob.trim()), "{kept}");
}
