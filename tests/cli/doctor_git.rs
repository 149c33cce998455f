//! `tk doctor`: what git does not show, and what is known of other clones.

use insta::assert_snapshot;

use crate::between_clones::Clones;
use crate::support::Sandbox;

fn committed() -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"First\"\n");
    sandbox.ticket("def", "title = \"Second\"\n");
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message=tickets"]);
    sandbox
}

/// What is set so is changed by every command and committed by none.
#[test]
fn tickets_that_git_does_not_look_at() {
    let sandbox = committed();
    for (flag, id) in [("--skip-worktree", "abc"), ("--assume-unchanged", "def")] {
        sandbox.git(["update-index", flag, &format!(".ticks/{id}.toml")]);
        sandbox.tk(["update", id, "-p", "1"]).ok();
    }
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
    assert_snapshot!(sandbox.tk(["doctor"]), @r#"
    Set-up
      warning*  .ticks: git is told not to look at .ticks/abc.toml, .ticks/def.toml, and shows and commits no change of them: `--skip-worktree` or `--assume-unchanged` is set
    1 thing wrong: 2 tickets checked; `tk doctor --fix` mends 1 (*)
    --- exit 1
    "#);
    sandbox.tk(["doctor", "--fix"]).ok();
    assert_eq!(
        sandbox.git(["status", "--porcelain"]),
        " M .ticks/abc.toml\n M .ticks/def.toml\n"
    );
    assert_eq!(sandbox.tk(["doctor"]).code, 0);
}

#[test]
fn what_other_clones_hold_and_cannot_be_read() {
    let clones = Clones::new();
    clones.tk("other", &["claim", "abc", "--remote"]).ok();
    clones.tk("repo", &["sync"]).ok();
    clones.sandbox.write(".git/tk/elsewhere.json", "{\"held\"");
    assert_snapshot!(clones.tk("repo", &["doctor"]), @r#"
    Left over
      warning   .git/tk/elsewhere.json: what other clones hold cannot be read: EOF while parsing an object at line 1 column 7; nothing is known of it here
                `tk sync` fetches it anew, with `tk sync REMOTE` from any other remote
    1 thing wrong: 2 tickets checked
    --- exit 1
    "#);
    assert_eq!(clones.tk("repo", &["doctor", "--fix"]).code, 1);
    clones.tk("repo", &["sync"]).ok();
    assert_eq!(clones.tk("repo", &["doctor"]).code, 0);
    assert_eq!(clones.tk("repo", &["claim", "abc"]).code, 5);
}

#[test]
fn a_worktree_whose_branch_is_gone() {
    let sandbox = committed();
    let branch = "tk/work/t-ba7816bf/abc";
    let add = ["worktree", "add", "--quiet", "-b", branch, ".worktrees/abc"];
    sandbox.git(add);
    sandbox.git(["update-ref", "-d", &format!("refs/heads/{branch}")]);
    sandbox.tk(["doctor", "--fix"]);
    assert_snapshot!(sandbox.tk(["doctor"]), @r#"
    Left over
      warning   .worktrees/abc on tk/work/t-ba7816bf/abc: the branch that is checked out in it, `tk/work/t-ba7816bf/abc`, is gone
                make it anew at its last commit, which the `logs/HEAD` of git's folder of the worktree names; or move what you want out of it, then `git worktree remove` takes it away
    1 thing wrong: 2 tickets checked
    --- exit 1
    "#);
    assert!(sandbox.path().join(".worktrees/abc/.ticks").is_dir());
}
