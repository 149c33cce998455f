//! Claims in clones that have more than one remote.

use insta::assert_snapshot;

use crate::between_clones::Clones;

/// As [`Clones`], each of them with the remote `up`, too; `repo` with nobody's claims.
fn with_two_remotes() -> Clones {
    let clones = Clones::new();
    clones
        .sandbox
        .git(["init", "--quiet", "--bare", "../up.git"]);
    clones
        .sandbox
        .git(["clone", "--quiet", "../remote.git", "../third"]);
    for clone in ["repo", "other", "third"] {
        let dir = format!("../{clone}");
        clones
            .sandbox
            .git(["-C", &dir, "remote", "add", "up", "../up.git"]);
    }
    clones
}

#[test]
fn what_is_held_on_one_remote_stays_known_when_another_is_looked_at() {
    let clones = with_two_remotes();
    let claim = |clone: &str, remote: &str, by: &str| {
        let remote = format!("--remote={remote}");
        clones
            .tk(clone, &["claim", "abc", &remote, "--as", by])
            .ok();
    };
    claim("other", "up", "ann");
    claim("third", "origin", "bob");
    clones.tk("repo", &["sync", "up"]).ok();
    clones.tk("repo", &["sync", "origin"]).ok();
    clones.tk("third", &["release", "abc", "--as", "bob"]).ok();
    clones.tk("repo", &["sync", "origin"]).ok();
    assert_snapshot!(clones.tk("repo", &["ready"]), @"def  P2  open  task  Second");
    assert_snapshot!(clones.tk("repo", &["claim", "abc"]), @r#"
    --- stderr
    error: `abc` is held by ann until 2026-11-20T10:38:50Z (on `up`)
    --- exit 5
    "#);
    // Nor is it taken on the one that it is free on.
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--remote=origin"]), @r#"
    --- stderr
    error: `abc` is held by ann until 2026-11-20T10:38:50Z (on `up`)
    --- exit 5
    "#);
    assert_eq!(clones.there("abc")["state"], "released");
    clones.tk("other", &["release", "abc", "--as", "ann"]).ok();
    clones.tk("repo", &["sync", "up"]).ok();
    clones.tk("repo", &["claim", "abc", "--remote=origin"]).ok();
}

#[test]
fn what_another_holds_on_one_remote_is_still_held_here_on_the_other() {
    let clones = with_two_remotes();
    clones
        .tk("repo", &["claim", "abc", "--remote=up", "--as", "ann"])
        .ok();
    clones
        .tk("other", &["claim", "abc", "--remote=origin", "--as", "bob"])
        .ok();
    assert_snapshot!(clones.tk("repo", &["sync", "origin"]), @"abc  bob  until 2026-11-20T10:38:50Z  number 1  First");
    assert_snapshot!(clones.tk("repo", &["sync", "up"]), @"abc  ann  until 2026-11-20T10:38:50Z  number 1  here  First");
}

/// A person lets go of it by force wherever it is known to be held.
#[test]
fn what_is_held_on_both_is_let_go_of_on_both() {
    let clones = with_two_remotes();
    for (clone, remote) in [("other", "up"), ("third", "origin")] {
        let remote = format!("--remote={remote}");
        clones.tk(clone, &["claim", "abc", &remote]).ok();
    }
    clones.tk("repo", &["sync", "up"]).ok();
    clones.tk("repo", &["sync", "origin"]).ok();
    assert_eq!(clones.tk("repo", &["release", "abc"]).code, 5);
    clones.tk("repo", &["release", "abc", "--force"]).ok();
    assert_eq!(clones.there("abc")["state"], "released");
    assert_snapshot!(clones.tk("repo", &["sync", "up"]), @r#"
    --- stderr
    hint: nobody holds anything there
    "#);
    clones.tk("repo", &["claim", "abc"]).ok();
}

/// A remote that takes no claim holds none: neither a command nor a run keeps a note of it.
#[test]
fn what_a_hook_has_refused_is_not_noted_as_taken() {
    let clones = Clones::new();
    clones.hook("update", "exit 1");
    for args in [
        &["claim", "abc", "--remote"][..],
        &["next", "--claim", "--remote"],
    ] {
        let refused = clones.tk("repo", args);
        assert_eq!(refused.code, 6, "{refused}");
        clones.assert_untouched("abc");
    }
    let config = clones.sandbox.path().join(".ticks/config.toml");
    std::fs::write(&config, "[run]\nclaims = \"remote\"\n").unwrap();
    let agent = clones.sandbox.path().join(".ticks/agents/sh.toml");
    std::fs::create_dir_all(agent.parent().unwrap()).unwrap();
    std::fs::write(&agent, "kind = \"command\"\ncommand = [\"true\"]\n").unwrap();
    clones.sandbox.git(["add", "--all"]);
    clones
        .sandbox
        .git(["commit", "--quiet", "--message=an agent"]);
    let run = clones.tk("repo", &["run", "abc", "--agent", "sh"]);
    assert!(run.stderr.contains("does not take the claim"), "{run}");
    let notes = clones.sandbox.path().join(".git/tk/holdings");
    assert_eq!(std::fs::read_dir(&notes).unwrap().count(), 0);
    assert_eq!(clones.tk("repo", &["doctor"]).code, 0);
}
