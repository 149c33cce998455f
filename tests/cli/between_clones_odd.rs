//! Claims between clones where the remote, the actor or what is there is not as usual.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::json;

use crate::between_clones::Clones;

/// Where everybody pushes to a fork of their own, claims are where all look.
#[test]
fn what_is_pushed_elsewhere_is_claimed_where_it_is_fetched_from() {
    let clones = Clones::new();
    for clone in ["repo", "other"] {
        let fork = format!("../{clone}-fork.git");
        clones.sandbox.git(["init", "--quiet", "--bare", &fork]);
        let dir = format!("../{clone}");
        let set = ["-C", &dir, "remote", "set-url", "--push", "origin", &fork];
        clones.sandbox.git(set);
    }
    clones
        .tk("repo", &["claim", "abc", "--remote", "--as", "ann"])
        .ok();
    assert_eq!(clones.there("abc")["actor"], "ann");
    assert_eq!(clones.references("repo-fork.git", "refs"), "");
    let lost = clones.tk("other", &["claim", "abc", "--remote", "--as", "bob"]);
    assert_eq!(lost.code, 5, "{lost}");
    // Also where there are several, of which git fetches from the first.
    let add = ["remote", "set-url", "--add", "origin", "../other-fork.git"];
    clones.sandbox.git(add);
    clones
        .sandbox
        .git(["config", "--unset", "remote.origin.pushurl"]);
    clones.tk("repo", &["release", "abc", "--as", "ann"]).ok();
    assert_eq!(clones.there("abc")["state"], "released");
    assert_eq!(clones.references("other-fork.git", "refs"), "");
}

/// A claim on what somebody else had begun outlives it when it is taken back.
#[test]
fn a_claim_that_stays_when_it_is_taken_back_is_named() {
    let clones = Clones::new();
    clones
        .tk(
            "repo",
            &["update", "abc", "-s", "in_progress", "--owner", "ann"],
        )
        .ok();
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
    assert_snapshot!(clones.tk("repo", &["undo"]), @r"
    abc  restored  First
    --- stderr
    hint: what `dana@example.com` did at 2026-11-20T08:38:50Z is taken back; `tk undo` does it again
    hint: `abc` stays claimed by you until 2026-11-20T10:38:50Z, on `origin` too: `tk release abc` lets go of it
    ");
    assert_eq!(clones.there("abc")["state"], "held");
    // What was done to it since leaves it with who has it.
    clones.tk("repo", &["undo", "-q"]).ok();
    clones.tk("repo", &["update", "abc", "-p", "1"]).ok();
    let output = clones.tk("repo", &["undo"]);
    assert!(!output.stderr.contains("stays claimed"), "{output}");
    clones.tk("repo", &["release", "abc"]).ok();
    assert_eq!(clones.there("abc")["state"], "released");
    // One on what nobody had begun ends with it.
    clones.tk("repo", &["claim", "def", "--remote"]).ok();
    let output = clones.tk("repo", &["undo"]);
    assert!(!output.stderr.contains("stays claimed"), "{output}");
    assert_eq!(clones.there("def")["state"], "released");
}

#[test]
fn a_mirror_takes_claims_too() {
    let clones = Clones::new();
    clones
        .sandbox
        .git(["config", "remote.origin.mirror", "true"]);
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
    assert_eq!(clones.there("abc")["state"], "held");
}

#[test]
fn what_nobody_could_read_is_not_written() {
    let clones = Clones::new();
    clones
        .tk("repo", &["claim", "abc", "--remote", "--as", "\u{1} zed"])
        .ok();
    assert_eq!(clones.there("abc")["actor"], "zed");
    let long = "a".repeat(321);
    let refused = clones.tk("repo", &["claim", "def", "--remote", "--as", &long]);
    assert_snapshot!(refused, @r"
    --- stderr
    error: `def` cannot be claimed there: nobody can be named so: expected at most 320 characters, and none that controls a terminal
    --- exit 2
    ");
    clones.assert_untouched("def");
    assert_eq!(clones.references("remote.git", "refs/tk/claims/def"), "");
    assert_eq!(clones.tk("repo", &["doctor"]).code, 0);
}

#[test]
fn what_cannot_be_read_is_let_go_of_by_force() {
    let clones = Clones::new();
    clones.put_message("abc", "no claim at all\n");
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--remote"]), @r"
    --- stderr
    error: the claim of `abc` on `origin` cannot be read: expected a line of JSON
    hint: a newer `tk` may have written it; `tk release abc --force --remote` lets go of it there all the same
    --- exit 6
    ");
    assert_eq!(clones.tk("repo", &["release", "abc", "--remote"]).code, 2);
    let agent = ["release", "abc", "--force", "--remote", "--as", "agent:zed"];
    let refused = clones.tk("repo", &agent);
    assert_eq!(refused.code, 4, "{refused}");
    let release = ["release", "abc", "--force", "--remote"];
    assert_snapshot!(clones.tk("repo", &release), @"abc  released  First");
    let there = clones.there("abc");
    assert_eq!(
        (&there["state"], &there["actor"]),
        (&json!("released"), &json!("dana@example.com"))
    );
    assert_snapshot!(clones.tk("repo", &release), @"abc  unchanged  First");
    clones
        .tk("other", &["claim", "abc", "--remote", "--as", "bob"])
        .ok();
    let number = there["number"].as_u64().unwrap();
    assert_eq!(clones.there("abc")["number"], number + 1);
    // Of what this clone has never seen, too.
    assert_snapshot!(clones.tk("repo", &release), @"abc  released  First");
    assert_eq!(clones.there("abc")["state"], "released");
}

#[test]
fn a_remote_may_get_another_name() {
    let clones = Clones::new();
    clones
        .tk("repo", &["claim", "abc", "--remote", "--as", "ann"])
        .ok();
    clones.tk("other", &["sync"]).ok();
    for clone in ["repo", "other"] {
        let dir = format!("../{clone}");
        clones
            .sandbox
            .git(["-C", &dir, "remote", "rename", "origin", "up"]);
    }
    // Whoever holds it holds it still.
    assert_snapshot!(clones.tk("repo", &["sync"]), @"abc  ann  until 2026-11-20T10:38:50Z  number 1  here  First");
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--remote", "--as", "ann"]), @"abc  unchanged  First");
    assert_snapshot!(clones.tk("other", &["sync"]), @"abc  ann  until 2026-11-20T10:38:50Z  number 1  First");
    clones.tk("repo", &["release", "abc", "--as", "ann"]).ok();
    assert_eq!(clones.there("abc")["state"], "released");
    assert_snapshot!(clones.tk("other", &["sync"]), @r"
    --- stderr
    hint: nobody holds anything there
    ");
    assert_eq!(clones.tk("other", &["claim", "abc", "--as", "bob"]).code, 0);
}

#[test]
fn a_remote_may_be_gone() {
    let clones = Clones::new();
    clones
        .tk("repo", &["claim", "abc", "--remote", "--as", "ann"])
        .ok();
    clones.tk("other", &["sync"]).ok();
    clones
        .sandbox
        .git(["-C", "../other", "remote", "remove", "origin"]);
    assert_eq!(clones.tk("other", &["claim", "abc", "--as", "bob"]).code, 5);
    assert_snapshot!(clones.tk("other", &["release", "abc", "--force"]), @r"
    abc  released  First
    --- stderr
    warning: `abc` stays held on `origin` until 2026-11-20T10:38:50Z: `origin` is no remote of this clone any more
    ");
    assert_eq!(clones.tk("other", &["claim", "abc", "--as", "bob"]).code, 0);
}

#[test]
fn what_was_plainly_refused_is_not_held_there() {
    let clones = Clones::new();
    clones.hook("pre-receive", "exit 1");
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--remote"]), @r"
    --- stderr
    error: `origin` does not take the claim of `abc`: [remote rejected] (pre-receive hook declined)
    hint: `origin` has to allow pushes of `refs/tk/*`
    --- exit 6
    ");
    assert_eq!(clones.tk("repo", &["doctor"]).code, 0);
}

/// Also where a connection hangs.
#[test]
fn what_talks_to_a_remote_ends_with_the_command() {
    let clones = Clones::new();
    let address = "ssh://nowhere.invalid/r";
    clones.sandbox.git(["remote", "set-url", "origin", address]);
    let (ssh, alive) = ("../ssh", clones.sandbox.root().join("alive"));
    // What is written there comes to an end with the last process that has it open.
    let lines = format!(
        "#!/bin/sh\nexec 9>'{}'\necho begun >&9\nexec sleep 60\n",
        alive.display()
    );
    clones.sandbox.write(ssh, &lines);
    for (program, args) in [
        ("chmod", ["+x", ssh]),
        ("mkfifo", ["--", alive.to_str().unwrap()]),
    ] {
        let mut make = clones.sandbox.command(program);
        assert!(make.args(args).status().unwrap().success());
    }
    for (name, signal) in [("-INT", 2), ("-TERM", 15)] {
        let begin = Instant::now();
        let mut command = clones.command("repo", &["sync"]);
        let ssh = clones.sandbox.root().join("ssh");
        let mut child = command.env("GIT_SSH_COMMAND", ssh).spawn().unwrap();
        let mut told = BufReader::new(File::open(&alive).unwrap());
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        assert_eq!(line, "begun\n");
        let id = child.id().to_string();
        let mut kill = clones.sandbox.command("kill");
        assert!(kill.args([name, &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().signal(), Some(signal));
        assert_eq!(told.read_line(&mut line).unwrap(), 0);
        assert!(
            begin.elapsed() < Duration::from_secs(50),
            "ssh was left behind"
        );
    }
}

/// Whoever renews what another clone has taken meanwhile is told so, and holds it no longer.
#[test]
fn what_another_has_taken_meanwhile_cannot_be_renewed() {
    let clones = Clones::new();
    let ann = |args: &[&str]| clones.tk("repo", &[args, &["--as", "ann"]].concat());
    let bob = |args: &[&str]| clones.tk("other", &[args, &["--as", "bob"]].concat());
    ann(&["claim", "abc", "--remote"]).ok();
    bob(&["sync"]).ok();
    bob(&["release", "abc", "--force"]).ok();
    let only_here = ann(&["claim", "abc", "--lease", "5h", "--json"]);
    assert_snapshot!(only_here.stderr, @r#"
    {"schema":"tk.warning.v1","warning":"it was let go of on `origin`: `abc` is held in this clone only"}
    "#);
    assert_eq!(only_here.code, 0);
    assert_eq!(only_here.json()["remote"], json!(null));
    ann(&["claim", "abc", "--remote"]).ok();

    bob(&["sync"]).ok();
    bob(&["release", "abc", "--force"]).ok();
    bob(&["claim", "abc", "--remote"]).ok();
    let again = ["claim", "abc", "--lease", "9h"];
    let lost = ann(&again);
    assert_eq!((lost.code, lost.stdout.as_str()), (5, ""), "{lost}");
    assert_snapshot!(lost.stderr, @"error: `abc` is held by bob until 2026-11-20T10:38:50Z (on `origin`)");
    assert_eq!(ann(&again).stderr, lost.stderr);
    // What is held here by now is nobody's business there.
    ann(&["release", "abc"]).ok();
    assert_eq!(clones.there("abc")["actor"], "bob");
    assert_eq!(clones.there("abc")["state"], "held");
}

/// Where the remote is away, it is not said to be held there until then.
#[test]
fn what_cannot_be_renewed_there_is_held_here() {
    let clones = Clones::new();
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
    let away = ["remote", "set-url", "origin", "../away.git"];
    clones.sandbox.git(away);
    let renewed = clones.tk("repo", &["claim", "abc", "--lease", "5h"]);
    assert_eq!(renewed.code, 0, "{renewed}");
    assert!(!renewed.stdout.contains("origin"), "{renewed}");
    assert!(
        renewed.stderr.contains("not renewed on `origin`"),
        "{renewed}"
    );
}

/// A claim is on one remote: taken on another, it is let go of on the one before.
#[test]
fn a_claim_moves_from_one_remote_to_another() {
    let clones = Clones::new();
    let git = ["init", "--quiet", "--bare", "../up.git"];
    clones.sandbox.git(git);
    clones.sandbox.git(["remote", "add", "up", "../up.git"]);
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
    let moved = clones.tk("repo", &["claim", "abc", "--remote=up", "--json"]);
    assert_eq!(moved.json()["remote"], "up");
    assert_eq!(clones.there("abc")["state"], "released");
    clones.tk("repo", &["release", "abc"]).ok();
    let other = clones.tk("other", &["claim", "abc", "--remote", "--as", "bob"]);
    assert_eq!(other.code, 0, "{other}");
}

#[test]
fn who_held_it_is_told_that_it_is_held_no_more() {
    let clones = Clones::new();
    let claim = |clone: &str, id: &str, by: &str| {
        let args = ["claim", id, "--remote", "--as", by, "--lease", "5m"];
        clones.tk(clone, &args).ok();
    };
    claim("repo", "abc", "jo");
    let release = ["release", "abc", "--force", "--remote", "--as", "kay"];
    clones.tk("other", &release).ok();
    let told = clones.tk("repo", &["sync"]);
    assert_snapshot!(told, @r"
    --- stderr
    warning: `abc` is no longer held on `origin`: it is held in this clone only
    hint: `tk claim abc --remote` takes it there again
    hint: nobody holds anything there
    ");
    assert_eq!(clones.tk("repo", &["sync"]).stderr, told.stderr);
    // What was held by nobody but here is given back without a word.
    let closed = clones.tk("repo", &["close", "abc", "--as", "jo"]);
    assert_snapshot!(closed, @"abc  closed  First");
    assert_snapshot!(clones.tk("repo", &["sync"]), @r"
    --- stderr
    hint: nobody holds anything there
    ");

    claim("repo", "def", "jo");
    let mut clones = clones;
    clones.sandbox.at("2026-11-20T08:50:00Z");
    let claim = ["claim", "def", "--remote", "--as", "kay"];
    clones.tk("other", &claim).ok();
    assert_snapshot!(clones.tk("repo", &["close", "def", "--as", "jo"]), @r"
    def  closed  Second
    --- stderr
    warning: `def` had been taken on `origin` by kay, who may be at the same work
    ");
    assert_eq!(clones.there("def")["actor"], "kay");
}

/// One person, or one name of agents, may be in many clones: what counts is whose holding it is.
#[test]
fn what_another_clone_holds_is_not_released_by_the_same_name() {
    let clones = Clones::new();
    for (id, actor) in [("abc", "dana@example.com"), ("def", "agent:s")] {
        let claim = ["claim", id, "--remote", "--as", actor];
        clones.tk("repo", &claim).ok();
    }
    clones.tk("other", &["sync"]).ok();
    assert_snapshot!(clones.tk("other", &["release", "abc"]), @r"
    --- stderr
    error: `abc` is held by dana@example.com in another clone
    hint: `--force` releases it all the same
    --- exit 5
    ");
    let agent = ["release", "def", "--as", "agent:s"];
    assert_snapshot!(clones.tk("other", &agent), @r"
    --- stderr
    error: `def` is held by agent:s in another clone: only people may release it
    --- exit 4
    ");
    for id in ["abc", "def"] {
        assert_eq!(clones.there(id)["state"], "held");
    }
    // A person takes it away by force.
    clones
        .tk("other", &["release", "abc", "def", "--force"])
        .ok();
    for id in ["abc", "def"] {
        assert_eq!(clones.there(id)["state"], "released");
    }
}

/// A claim whose lease is over is no claim, and is taken anew where it was.
#[test]
fn what_ran_out_is_taken_again_there_too() {
    let mut clones = Clones::new();
    for id in ["abc", "def"] {
        let claim = ["claim", id, "--remote", "--lease", "1h"];
        clones.tk("repo", &claim).ok();
    }
    clones.sandbox.at("2026-11-20T10:00:00Z");
    assert_snapshot!(clones.tk("repo", &["claim", "abc"]), @"abc  held until 2026-11-20T12:00:00Z on origin, number 2  First");
    assert_eq!(clones.there("abc")["state"], "held");
    assert_eq!(clones.there("abc")["number"], 2);
    // Nothing of the first holding is left to be told of.
    assert_eq!(
        clones.tk("repo", &["sync", "--json"]).json()["given_back"],
        json!([])
    );
    let claim = ["claim", "def", "--remote", "--as", "bob"];
    clones.tk("other", &claim).ok();
    assert_snapshot!(clones.tk("repo", &["claim", "def"]), @r"
    --- stderr
    error: `def` is held by bob until 2026-11-20T12:00:00Z (on `origin`)
    --- exit 5
    ");
    clones.tk("other", &["release", "def", "--as", "bob"]).ok();

    clones
        .tk("repo", &["claim", "def", "--remote", "--lease", "1h"])
        .ok();
    clones.sandbox.at("2026-11-20T12:00:00Z");
    let away = ["remote", "set-url", "origin", "../away.git"];
    clones.sandbox.git(away);
    assert_snapshot!(clones.tk("repo", &["claim", "def"]).stderr.split(" cannot be").next().unwrap(), @"warning: held in this clone only, not again on `origin`, where it ended at 2026-11-20T11:00:00Z: the claims on `origin`");
    let held = clones.tk("repo", &["claim", "def", "--as", "bob"]);
    assert_eq!(held.code, 5, "{held}");
}

/// Also beside other remotes; and what is on none of them is not said to be let go of.
#[test]
fn a_remote_may_get_another_name_or_be_gone_beside_others() {
    let clones = Clones::new();
    let git = |args: &[&str]| clones.sandbox.git(args);
    git(&["init", "--quiet", "--bare", "../second.git"]);
    git(&["remote", "add", "aside", "../second.git"]);
    git(&["remote", "add", "up", "../remote.git"]);
    git(&["remote", "set-url", "origin", "../second.git"]);
    clones.tk("repo", &["claim", "abc", "--remote=up"]).ok();
    git(&["remote", "rename", "up", "upper"]);
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--lease", "4h"]), @"abc  held until 2026-11-20T12:38:50Z on upper, number 1  First");
    assert_eq!(clones.there("abc")["lease_until"], "2026-11-20T12:38:50Z");
    assert_snapshot!(clones.tk("repo", &["release", "abc"]), @"abc  released  First");
    assert_eq!(clones.there("abc")["state"], "released");

    clones.tk("repo", &["claim", "abc", "--remote=upper"]).ok();
    git(&["remote", "remove", "upper"]);
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--lease", "4h"]), @r"
    abc  held until 2026-11-20T12:38:50Z  First
    --- stderr
    warning: not renewed on `upper`, where it ends at 2026-11-20T10:38:50Z: `upper` is no remote of this clone any more
    ");
    assert_snapshot!(clones.tk("repo", &["release", "abc"]), @r"
    abc  released  First
    --- stderr
    warning: `abc` stays held on `upper` until 2026-11-20T10:38:50Z: `upper` is no remote of this clone any more
    hint: `tk sync REMOTE` gives it back, with the remote that this was
    ");
    let found = clones.tk("repo", &["doctor"]);
    assert!(
        found.stdout.contains("it may be held there still"),
        "{found}"
    );
    git(&["remote", "add", "upper", "../remote.git"]);
    assert_snapshot!(clones.tk("repo", &["sync", "upper"]), @r"
    --- stderr
    hint: `abc` was still held on `upper` by this clone and by nobody here: given back
    hint: nobody holds anything there
    ");
    assert_eq!(clones.there("abc")["state"], "released");
    assert_eq!(clones.tk("repo", &["doctor"]).code, 0);
}

/// A run starts nothing that another clone is known to hold.
#[test]
fn what_another_clone_holds_is_held_in_a_plan() {
    let clones = Clones::new();
    clones
        .tk("other", &["claim", "abc", "--remote", "--as", "bob"])
        .ok();
    clones.tk("repo", &["sync"]).ok();
    let plan = clones.tk("repo", &["run", "abc", "def", "--plan", "--json"]);
    let plan = plan.json();
    assert_eq!(plan["held"], json!(["abc"]));
    let starts = plan["starts"].as_array().unwrap();
    assert_eq!(
        starts.iter().map(|it| &it["id"]).collect::<Vec<_>>(),
        ["def"]
    );
}

/// What was closed is not begun again where that is not known yet.
#[test]
fn what_is_closed_in_another_clone_is_free_when_that_was_merged() {
    let clones = Clones::new();
    let (repo, other) = (
        |args: &[&str]| clones.tk("repo", args),
        |args: &[&str]| clones.tk("other", args),
    );
    for id in ["abc", "def"] {
        repo(&["claim", id, "--remote"]).ok();
        repo(&["close", id]).ok();
    }
    assert_eq!(
        clones.there("abc")["kept"],
        json!({"closed_at": "2026-11-20T08:38:50Z", "by": "dana@example.com"})
    );
    assert_snapshot!(other(&["claim", "abc", "--remote"]), @r"
    --- stderr
    error: `abc` was closed in another clone at 2026-11-20T08:38:50Z by dana@example.com
    hint: fetch and merge that; where it is open again, `tk sync` in that clone tells others
    hint: `tk release abc --force --remote` lets anybody begin it again
    --- exit 5
    ");
    clones
        .sandbox
        .git(["-C", "../other", "diff", "--exit-code"]);
    assert_snapshot!(other(&["sync"]), @r"
    --- stderr
    warning: `abc` was closed in another clone at 2026-11-20T08:38:50Z by dana@example.com: fetch and merge that
    warning: `def` was closed in another clone at 2026-11-20T08:38:50Z by dana@example.com: fetch and merge that
    hint: nobody holds anything there
    ");
    assert_eq!(other(&["ready"]).stdout, "");
    assert_eq!(other(&["list", "--ready"]).stdout, "");
    assert_eq!(other(&["next"]).code, 1);
    assert_eq!(other(&["claim", "abc"]).code, 5);
    // It is not held any more, and to change it disturbs nobody.
    let told =
        "elsewhere       closed in another clone at 2026-11-20T08:38:50Z by dana@example.com\n";
    let shown = other(&["show", "def"]).stdout;
    assert!(shown.contains(told) && !shown.contains("held"), "{shown}");
    assert_eq!(other(&["update", "def", "-p", "1"]).stderr, "");
    // To let go of it as if it were one's own takes nothing away.
    other(&["release", "abc"]).ok();
    assert_eq!(other(&["claim", "abc", "--remote"]).code, 5);
    // Whoever closed it may begin it again.
    repo(&["reopen", "abc"]).ok();
    repo(&["claim", "abc", "--remote"]).ok();
    assert_eq!(clones.there("abc")["kept"], json!(null));
    assert_eq!(clones.there("abc")["number"], 2);
    repo(&["close", "abc"]).ok();
    // And so may others, by force, or when they know, also by a merge that was made anew.
    other(&["release", "def", "--force", "--remote"]).ok();
    other(&["claim", "def", "--remote"]).ok();
    other(&["release", "def"]).ok();
    let git = |args: &[&str]| clones.sandbox.git(args);
    git(&["commit", "--quiet", "--all", "--message=closed"]);
    git(&["push", "--quiet"]);
    git(&["-C", "../other", "checkout", "--quiet", "."]);
    git(&["-C", "../other", "fetch", "--quiet"]);
    git(&[
        "-C",
        "../other",
        "merge",
        "--quiet",
        "--squash",
        "FETCH_HEAD",
    ]);
    git(&["-C", "../other", "commit", "--quiet", "--message=squashed"]);
    let shown = other(&["show", "abc"]).stdout;
    assert!(
        !shown.contains("elsewhere") && !shown.contains("held"),
        "{shown}"
    );
    assert_eq!(other(&["claim", "abc", "--remote"]).code, 4);
    other(&["reopen", "abc"]).ok();
    other(&["claim", "abc", "--remote"]).ok();
    assert_eq!(clones.there("abc")["number"], 3);
}

/// What could not be let go of when it was closed is told to be closed when it can.
#[test]
fn a_closing_is_told_also_when_the_remote_was_away() {
    let clones = Clones::new();
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
    let (there, away) = ("../remote.git", "../away.git");
    let rename = |from: &str, to: &str| {
        let path = clones.sandbox.path();
        std::fs::rename(path.join(from), path.join(to)).unwrap();
    };
    rename(there, away);
    clones.tk("repo", &["close", "abc"]).ok();
    rename(away, there);
    assert_eq!(clones.there("abc")["state"], "held");
    clones.tk("repo", &["sync"]).ok();
    assert_eq!(clones.there("abc")["state"], "released");
    assert_eq!(clones.there("abc")["kept"]["by"], "dana@example.com");
    assert_eq!(clones.tk("other", &["claim", "abc", "--remote"]).code, 5);
}

/// What another clone holds, as far as it is known, is warned of as what is held in this one is.
#[test]
fn who_changes_what_another_clone_holds_is_told() {
    let clones = Clones::new();
    let claim = ["claim", "abc", "--remote", "--as", "ann"];
    clones.tk("repo", &claim).ok();
    clones.tk("other", &["sync"]).ok();
    for args in [
        &["update", "abc", "--status", "in_progress"][..],
        &["update", "abc", "--status", "open"],
        &["close", "abc", "--dry-run"],
        &["close", "abc"],
        &["reopen", "abc"],
        &["delete", "abc"],
        &["undo"],
    ] {
        let done = clones.tk("other", args);
        let warned = "warning: `abc` is held by ann in another clone until 2026-11-20T10:38:50Z, \
            who may be at work at it\n";
        assert_eq!(done.code, 0, "{done}");
        assert_eq!(done.stderr.matches(warned).count(), 1, "{args:?}: {done}");
    }
    assert_eq!(clones.tk("other", &["note", "abc", "hm"]).stderr, "");
    // Nobody is at work at it any more.
    let forced = clones.tk("other", &["release", "abc", "--force"]);
    assert_eq!((forced.code, forced.stderr.as_str()), (0, ""), "{forced}");
    // Who takes what was let go of meanwhile is the one who holds it.
    clones.tk("repo", &["claim", "def", "--remote"]).ok();
    clones.tk("other", &["sync"]).ok();
    clones.tk("repo", &["release", "def"]).ok();
    for args in [&["claim", "def", "--remote"][..], &["close", "def"]] {
        let done = clones.tk("other", args);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    }
}

/// The tickets are those of the main worktree: what is claimed in a linked one is held where they
/// go, and looked for there.
#[test]
fn a_linked_worktree_has_the_remote_of_the_main_one() {
    let clones = Clones::new();
    let git = |args: &[&str]| clones.sandbox.git(args);
    git(&["init", "--quiet", "--bare", "../second.git"]);
    git(&["remote", "add", "second", "../second.git"]);
    git(&["worktree", "add", "--quiet", "-b", "side", "../linked"]);
    git(&["config", "branch.side.remote", "second"]);
    clones.tk("linked", &["claim", "abc", "--remote"]).ok();
    assert_eq!(clones.there("abc")["state"], "held");
    assert_eq!(clones.references("second.git", "refs/tk"), "");
    clones.tk("repo", &["release", "abc"]).ok();
    assert_eq!(clones.there("abc")["state"], "released");
}

#[test]
fn one_claim_that_cannot_be_read_keeps_sync_from_none_of_the_others() {
    let clones = Clones::new();
    for id in ["abc", "def"] {
        clones.tk("repo", &["claim", id, "--remote"]).ok();
    }
    let place = |from: &str, to: &str| {
        let root = clones.sandbox.root();
        std::fs::rename(root.join(from), root.join(to)).unwrap();
    };
    place("remote.git", "away.git");
    clones.tk("repo", &["release", "abc", "def"]).ok();
    place("away.git", "remote.git");
    clones.put_message("abc", "no claim at all\n");
    let sync = clones.tk("repo", &["sync"]);
    assert_eq!(sync.code, 0, "{sync}");
    let told = "warning: the claim of `abc` on `origin` cannot be read: expected a line of JSON";
    assert!(sync.stderr.contains(told), "{sync}");
    assert_eq!(clones.there("def")["state"], "released");
}

#[test]
fn a_remote_that_does_not_answer_is_waited_for_once() {
    let clones = Clones::new();
    for id in ["abc", "def"] {
        clones.tk("repo", &["claim", id, "--remote"]).ok();
    }
    let (program, calls) = (
        clones.sandbox.root().join("ssh"),
        clones.sandbox.root().join("calls"),
    );
    let script = format!("#!/bin/sh\necho >> {}\nexec sleep 600\n", calls.display());
    std::fs::write(&program, script).unwrap();
    let mut chmod = clones.sandbox.command("chmod");
    assert!(chmod.arg("+x").arg(&program).status().unwrap().success());
    clones
        .sandbox
        .git(["remote", "set-url", "origin", "ssh://host.invalid/x"]);
    let mut command = clones.command("repo", &["close", "abc", "def"]);
    command
        .env("GIT_SSH", &program)
        .env("GIT_SSH_VARIANT", "simple")
        .env("TK_TEST_ANSWER_WAIT", "1000");
    let closed = clones.sandbox.run(&mut command, None);
    assert_eq!(closed.code, 0, "{closed}");
    let told = "no answer within 1 s";
    assert_eq!(closed.stderr.matches(told).count(), 2, "{closed}");
    let calls = std::fs::read_to_string(calls).unwrap();
    assert_eq!(calls.lines().count(), 1, "{closed}");
}
