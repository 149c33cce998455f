//! Claims that hold between clones, with nothing but a bare remote on the disk.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Output, Sandbox};

/// The clones `repo` and `other` of `remote.git`, with the tickets `abc` and `def`. Random
/// numbers are random: a clone of another machine has others.
pub(crate) struct Clones {
    pub(crate) sandbox: Sandbox,
}

impl Clones {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::initialised().without_env("TK_TEST_SEED");
        sandbox.ticket("abc", "title = \"First\"\n");
        sandbox.ticket("def", "title = \"Second\"\n");
        sandbox.git(["add", "--all"]);
        sandbox.git(["commit", "--quiet", "--message=tickets"]);
        sandbox.git(["init", "--quiet", "--bare", "-b", "main", "../remote.git"]);
        sandbox.git(["remote", "add", "origin", "../remote.git"]);
        sandbox.git(["push", "--quiet", "--set-upstream", "origin", "main"]);
        sandbox.git(["clone", "--quiet", "../remote.git", "../other"]);
        Self { sandbox }
    }

    /// `tk` in the clone of that name.
    pub(crate) fn command(&self, clone: &str, args: &[&str]) -> std::process::Command {
        let mut command = self.sandbox.tk_command();
        command
            .current_dir(self.sandbox.root().join(clone))
            .args(args);
        command
    }

    pub(crate) fn tk(&self, clone: &str, args: &[&str]) -> Output {
        self.sandbox.run(&mut self.command(clone, args), None)
    }

    /// What is claimed of the ticket on the remote.
    #[track_caller]
    pub(crate) fn there(&self, id: &str) -> Value {
        let reference = format!("refs/tk/claims/{id}");
        let git = [
            "-C",
            "../remote.git",
            "log",
            "-1",
            "--format=%B",
            &reference,
        ];
        let text = self.sandbox.git(git);
        let line = text.lines().find(|line| line.starts_with('{')).unwrap();
        serde_json::from_str(line).unwrap()
    }

    /// The references of that kind, in the repository of that name.
    pub(crate) fn references(&self, repository: &str, prefix: &str) -> String {
        let git = ["-C", &format!("../{repository}"), "for-each-ref"];
        let format = "--format=%(objectname) %(refname)";
        self.sandbox.git(git.into_iter().chain([format, prefix]))
    }

    /// Puts an object of that text there under that name.
    fn put(&self, name: &str, git: &[&str], text: &str) {
        let mut command = self.sandbox.command("git");
        command.args(["-C", "../remote.git"]).args(git);
        let object = self.sandbox.run(&mut command, Some(text)).ok();
        let reference = format!("refs/tk/claims/{name}");
        let git = [
            "-C",
            "../remote.git",
            "update-ref",
            &reference,
            object.trim(),
        ];
        self.sandbox.git(git);
    }

    /// Puts a commit of that message there.
    pub(crate) fn put_message(&self, name: &str, message: &str) {
        let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        self.put(name, &["commit-tree", tree, "-F", "-"], message);
    }

    /// Has the remote's hook of that name run these lines.
    pub(crate) fn hook(&self, name: &str, lines: &str) {
        let path = self.sandbox.root().join("remote.git/hooks").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        let made = self.sandbox.command("chmod").arg("+x").arg(&path).status();
        assert!(made.unwrap().success());
    }

    /// No claim is left in `repo`, and the ticket is as it was.
    #[track_caller]
    pub(crate) fn assert_untouched(&self, id: &str) {
        let claim = self.sandbox.path().join(".git/tk/claims").join(id);
        assert!(!claim.exists(), "{}", claim.display());
        let file = format!(".ticks/{id}.toml");
        let status = self.sandbox.git(["status", "--porcelain", &file]);
        assert_eq!(status, "", "the ticket's file was changed");
    }
}

fn error(output: &Output) -> Value {
    let said: Value = serde_json::from_str(&output.stderr).unwrap();
    said["error"].clone()
}

#[test]
fn a_claim_on_a_remote_holds_between_clones() {
    let mut clones = Clones::new();
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--remote"]), @"abc  held until 2026-11-20T10:38:50Z on origin, number 1  First");
    let there = clones.there("abc");
    assert_eq!(there["actor"], "dana@example.com");
    assert_eq!(there["lease_until"], "2026-11-20T10:38:50Z");
    assert_eq!(
        (&there["number"], &there["state"]),
        (&json!(1), &json!("held"))
    );
    // The other clone is told who, also where it is the same person, and changes nothing.
    assert_snapshot!(clones.tk("other", &["claim", "abc", "--remote"]), @r"
    --- stderr
    error: `abc` is held by dana@example.com until 2026-11-20T10:38:50Z (on `origin`)
    --- exit 5
    ");
    assert!(
        !clones
            .sandbox
            .root()
            .join("other/.git/tk/claims/abc")
            .exists()
    );
    let status = clones
        .sandbox
        .git(["-C", "../other", "status", "--porcelain"]);
    assert_eq!(status, "");
    // From then on it knows without the network.
    clones
        .sandbox
        .git(["-C", "../other", "remote", "set-url", "origin", "/nowhere"]);
    assert_snapshot!(clones.tk("other", &["ready"]), @"def  P2  open  task  Second");
    assert_snapshot!(clones.tk("other", &["next", "--claim"]), @"def  P2  in_progress  task  Second  @dana@example.com");
    assert_snapshot!(clones.tk("other", &["list"]), @r"
    abc  P2  open         task  First  held by dana@example.com
    def  P2  in_progress  task  Second  @dana@example.com
    ");
    assert_snapshot!(clones.tk("other", &["list", "--ready"]), @"");
    assert_snapshot!(clones.tk("other", &["list", "--fields", "id,ready,held_by"]), @r"
    abc	false	dana@example.com
    def	false
    ");
    assert_snapshot!(clones.tk("other", &["blocked"]), @r"
    abc  P2  First
         held by dana@example.com in another clone until 2026-11-20T10:38:50Z
    ");
    let reasons =
        clones.tk("other", &["blocked", "--json"]).json()["tickets"][0]["reasons"].clone();
    assert_eq!(
        reasons,
        json!([{"kind": "held", "ids": [], "epic": null, "awaiting": null, "until": "2026-11-20T10:38:50Z", "holder": "dana@example.com", "above": null}])
    );
    let shown = clones.tk("other", &["show", "abc"]).ok();
    assert!(
        shown.contains(
            "held            by dana@example.com in another clone, until 2026-11-20T10:38:50Z"
        ),
        "{shown}"
    );
    assert_eq!(clones.tk("other", &["claim", "abc"]).code, 5);
    // Until the lease is over, by the clock alone.
    clones.sandbox.at("2026-11-20T10:38:50Z");
    assert_snapshot!(clones.tk("other", &["ready"]), @"abc  P2  open  task  First");
}

#[test]
fn sync_shows_what_is_held_and_no_reference_is_left() {
    let clones = Clones::new();
    assert_snapshot!(clones.tk("other", &["sync"]), @r"
    --- stderr
    hint: nobody holds anything there
    ");
    clones
        .tk("repo", &["claim", "abc", "--remote", "--as", "ann"])
        .ok();
    clones
        .tk(
            "other",
            &["claim", "def", "--remote", "--as", "bob", "--lease", "1h"],
        )
        .ok();
    assert_snapshot!(clones.tk("other", &["sync"]), @r"
    abc  ann  until 2026-11-20T10:38:50Z  number 1  First
    def  bob  until 2026-11-20T09:38:50Z  number 1  here  Second
    ");
    let synced = clones.tk("other", &["sync", "origin", "--json"]).json();
    assert_eq!(
        synced["claims"],
        json!([
            {"id": "abc", "holder": "ann", "lease_until": "2026-11-20T10:38:50Z", "number": 1, "here": false},
            {"id": "def", "holder": "bob", "lease_until": "2026-11-20T09:38:50Z", "number": 1, "here": true},
        ])
    );
    assert_eq!(synced["tickets"][0]["held_by"], "ann");
    assert_snapshot!(clones.tk("other", &["ready"]), @"");
    // What was let go of is free again, when it has been looked at.
    clones.tk("repo", &["release", "abc", "--as", "ann"]).ok();
    assert_snapshot!(clones.tk("other", &["sync"]), @"def  bob  until 2026-11-20T09:38:50Z  number 1  here  Second");
    assert_snapshot!(clones.tk("other", &["ready"]), @"abc  P2  open  task  First");
    for clone in ["repo", "other"] {
        assert_eq!(clones.references(clone, "refs/tk"), "");
    }
}

#[test]
fn the_number_grows_with_every_holding() {
    let mut clones = Clones::new();
    let number = |clones: &Clones| clones.there("abc")["number"].clone();
    clones
        .tk("repo", &["claim", "abc", "--remote", "--lease", "1h"])
        .ok();
    // A renewal is the same holding, with --remote or without.
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--remote", "--lease", "2h"]), @"abc  held until 2026-11-20T10:38:50Z on origin, number 1  First");
    let claimed = clones
        .tk("repo", &["claim", "abc", "--lease", "1h", "--json"])
        .json();
    assert_eq!(
        (&claimed["changed"], &claimed["remote"]),
        (&json!(true), &json!("origin"))
    );
    assert_eq!(clones.there("abc")["lease_until"], "2026-11-20T09:38:50Z");
    assert_eq!(number(&clones), 1);
    // What has run out is another's to take.
    clones.sandbox.at("2026-11-20T09:38:50Z");
    assert_snapshot!(clones.tk("other", &["claim", "abc", "--remote", "--as", "bob"]), @"abc  held until 2026-11-20T11:38:50Z on origin, number 2  First");
    // The first one's is no more, and is not let go of in the other's place.
    assert_eq!(clones.tk("repo", &["claim", "abc", "--remote"]).code, 5);
    assert_snapshot!(clones.tk("repo", &["release", "abc"]), @r"
    --- stderr
    error: `abc` is held by bob in another clone
    hint: `--force` releases it all the same
    --- exit 5
    ");
    assert_eq!(clones.there("abc")["state"], "held");
    // Closing lets go, too; the number is not forgotten.
    clones.tk("other", &["close", "abc", "--as", "bob"]).ok();
    assert_eq!(clones.there("abc")["state"], "released");
    assert_eq!(number(&clones), 2);
    clones
        .tk("repo", &["release", "abc", "--force", "--remote"])
        .ok();
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
    assert_eq!(number(&clones), 3);
    // By force what another clone holds is let go of there.
    assert_eq!(clones.tk("other", &["sync"]).code, 0);
    clones.tk("other", &["reopen", "abc"]).ok();
    let refused = clones.tk("other", &["release", "abc", "--as", "bob"]);
    assert_eq!(refused.code, 5, "{refused}");
    clones
        .tk("other", &["release", "abc", "--force", "--as", "bob"])
        .ok();
    assert_eq!(clones.there("abc")["state"], "released");
    assert_snapshot!(clones.tk("other", &["ready"]), @r"
    abc  P2  open  task  First  @bob
    def  P2  open  task  Second
    ");
    // Whoever thought to hold it is told when it has been taken.
    clones
        .tk("other", &["claim", "abc", "--remote", "--as", "bob"])
        .ok();
    assert_snapshot!(clones.tk("repo", &["sync"]), @r"
    abc  bob  until 2026-11-20T11:38:50Z  number 4  First
    --- stderr
    warning: `abc` is held by bob now, no longer by this clone
    ");
    let renewed = clones.tk("repo", &["claim", "abc", "--lease", "3h"]);
    assert_eq!(renewed.code, 5, "{renewed}");
    clones.tk("repo", &["release", "abc"]).ok();
    let there = clones.there("abc");
    assert_eq!(
        (&there["actor"], &there["state"]),
        (&json!("bob"), &json!("held"))
    );
    assert_snapshot!(clones.tk("repo", &["ready"]), @"def  P2  open  task  Second");
}

#[test]
fn of_two_clones_at_once_exactly_one_wins_always() {
    let rounds = std::env::var("TK_TEST_ROUNDS").map_or(30, |rounds| rounds.parse().unwrap());
    let clones = Clones::new();
    let mut wins = [0, 0];
    for round in 1..=rounds {
        let start = Barrier::new(2);
        let claim = |clone: &str| {
            // Now and then it is one person in both.
            let actor = if round % 3 == 0 { "dana" } else { clone };
            let args = ["claim", "abc", "--remote", "--json", "--as", actor];
            let mut command = clones.command(clone, &args);
            start.wait();
            (actor.to_owned(), clones.sandbox.run(&mut command, None))
        };
        let outputs = std::thread::scope(|scope| {
            let threads = ["repo", "other"].map(|clone| scope.spawn(move || claim(clone)));
            threads.map(|thread| thread.join().unwrap())
        });
        let won = |output: &Output| output.code == 0;
        let winner = outputs
            .iter()
            .position(|(_, output)| won(output))
            .unwrap_or_else(|| {
                panic!(
                    "round {round}: nobody won\n{}\n{}",
                    outputs[0].1, outputs[1].1
                )
            });
        let (loser, lost) = (1 - winner, &outputs[1 - winner].1);
        assert!(!won(lost), "round {round}: both won");
        wins[winner] += 1;
        let error = error(lost);
        assert_eq!(
            (lost.code, &error["code"]),
            (5, &json!("HELD")),
            "round {round}: {lost}"
        );
        assert_eq!(
            error["context"]["holder"],
            outputs[winner].0.as_str(),
            "{lost}"
        );
        let names = ["repo", "other"];
        let claim = clones
            .sandbox
            .root()
            .join(names[loser])
            .join(".git/tk/claims/abc");
        assert!(!claim.exists(), "round {round}: the loser holds it");
        let there = clones.there("abc");
        assert_eq!(
            (&there["number"], &there["actor"]),
            (&json!(round), &json!(outputs[winner].0))
        );
        clones
            .tk(
                names[winner],
                &["release", "abc", "--as", &outputs[winner].0],
            )
            .ok();
    }
    println!("{rounds} rounds: {wins:?}");
    assert_eq!(wins[0] + wins[1], rounds);
}

#[test]
fn of_64_processes_in_a_clone_one_wins_and_63_are_told_who() {
    let clones = Clones::new();
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let claim = |number: usize| {
            let clones = &clones;
            scope.spawn(move || {
                let actor = format!("p{number}");
                clones.tk(
                    "repo",
                    &["claim", "abc", "--remote", "--json", "--as", &actor],
                )
            })
        };
        let threads: Vec<_> = (0..64).map(claim).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = outputs.iter().partition(|output| output.code == 0);
    let [winner] = won[..] else {
        panic!("{} have won", won.len());
    };
    let holder = winner.json()["holder"].clone();
    for output in lost {
        let error = error(output);
        assert_eq!(
            (output.code, &error["code"]),
            (5, &json!("HELD")),
            "{output}"
        );
        assert_eq!(error["context"]["holder"], holder, "{output}");
    }
    let there = clones.there("abc");
    assert_eq!((&there["actor"], &there["number"]), (&holder, &json!(1)));
    assert_eq!(clones.references("repo", "refs/tk"), "");
    // What the losers saw there is this clone's own.
    let actor = holder.as_str().unwrap();
    clones.tk("repo", &["release", "abc", "--as", actor]).ok();
    assert_eq!(clones.tk("repo", &["ready", "--json"]).json()["total"], 2);
}

#[test]
fn what_is_refused_here_is_not_pushed_and_what_fails_here_is_given_back() {
    let clones = Clones::new();
    for args in [
        &["claim", "zzz", "--remote"][..],
        &["claim", "abc", "--remote", "--lease", "0m"],
        &["claim", "abc", "--remote", "--if-match", "0123456789ab"],
    ] {
        assert_ne!(clones.tk("repo", args).code, 0);
    }
    clones.tk("repo", &["claim", "abc", "--as", "ann"]).ok();
    assert_eq!(clones.tk("repo", &["claim", "abc", "--remote"]).code, 5);
    clones.tk("repo", &["release", "abc", "--as", "ann"]).ok();
    clones.tk("repo", &["close", "abc"]).ok();
    assert_eq!(clones.tk("repo", &["claim", "abc", "--remote"]).code, 4);
    assert_eq!(clones.references("remote.git", "refs/tk"), "");
    // Between the push and the claim here somebody closes it.
    let file = clones.sandbox.path().join(".ticks/def.toml");
    let closed = "printf 'title = \"Second\"\\nstatus = \"closed\"\\n'";
    clones.hook("post-receive", &format!("{closed} > {}", file.display()));
    assert_snapshot!(clones.tk("repo", &["claim", "def", "--remote"]), @r"
    --- stderr
    error: `def` is closed: it cannot be claimed
    hint: `tk reopen def` opens it again
    --- exit 4
    ");
    assert!(!clones.sandbox.path().join(".git/tk/claims/def").exists());
    assert_eq!(clones.there("def")["state"], "released");
}

#[test]
fn nothing_that_is_there_is_believed_unchecked() {
    let clones = Clones::new();
    clones
        .tk("other", &["claim", "abc", "--remote", "--as", "bob"])
        .ok();
    let text = clones.there("abc").to_string();
    let claim = |id: &str| text.replace("\"abc\"", &format!("\"{id}\""));
    clones.put("blob", &["hash-object", "-w", "--stdin"], &claim("blob"));
    clones.put("tree", &["mktree"], "");
    clones.put_message("def", "\u{1b}[2J\u{1b}]0;owned\u{7} nothing");
    clones.put_message("jkm", &claim("abc"));
    clones.put_message("kmn", &claim("kmn").replace("bob", "bob\\u001b[31m"));
    clones.put_message(
        "long",
        &format!("{}\n{}", claim("long"), "x".repeat(20_000)),
    );
    clones.put_message("later", &claim("later").replace("claim.v1", "claim.v2"));
    clones.put_message("UPPER", &claim("abc"));
    clones.put_message("a/b", &claim("abc"));
    clones.put_message("grün", &claim("abc"));
    // Well formed, of a ticket that is not here.
    clones.put_message("unknown", &claim("unknown"));
    let synced = clones.tk("repo", &["sync"]);
    assert_eq!(
        synced.stdout,
        "abc      bob  until 2026-11-20T10:38:50Z  number 1  First\nunknown  bob  until 2026-11-20T10:38:50Z  number 1\n"
    );
    for part in [
        "UPPER", "a/b", "blob", "def", "grün", "jkm", "kmn", "later", "long", "tree",
    ] {
        let expected = format!("warning: `refs/tk/claims/{part}` on `origin` is no claim: ");
        assert!(synced.stderr.contains(&expected), "{part}\n{synced}");
    }
    assert_eq!(synced.stderr.lines().count(), 10, "{synced}");
    let control = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
    assert!(
        !control(&synced.stdout) && !control(&synced.stderr),
        "{synced}"
    );
    let json = clones.tk("repo", &["sync", "--json"]).json();
    assert_eq!(json["unreadable"].as_array().unwrap().len(), 10);
    assert_eq!(clones.references("repo", "refs/tk"), "");
    // Nobody takes what cannot be read: it may be a newer program's.
    let before = clones.references("remote.git", "refs/tk");
    assert_snapshot!(clones.tk("repo", &["claim", "def", "--remote"]), @r"
    --- stderr
    error: the claim of `def` on `origin` cannot be read: expected a line of JSON
    hint: a newer `tk` may have written it; `tk release def --force --remote` lets go of it there all the same
    --- exit 6
    ");
    assert_eq!(clones.references("remote.git", "refs/tk"), before);
    clones.assert_untouched("def");
    // What was remembered of it may be lost or damaged.
    clones
        .sandbox
        .write(".git/tk/elsewhere.json", "{\"held\":[");
    assert_eq!(clones.tk("repo", &["ready", "--json"]).json()["total"], 2);
}

#[test]
fn which_remote() {
    let clones = Clones::new();
    let git = |args: &[&str]| clones.sandbox.git(args);
    for name in ["nope", "--upload-pack=touch x", "../remote.git", ""] {
        let asked = format!("--remote={name}");
        let output = clones.tk("repo", &["claim", "abc", &asked]);
        assert_eq!(output.code, 2, "{output}");
    }
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--remote=nope"]), @r"
    --- stderr
    error: no remote `nope`
    hint: there is origin
    --- exit 2
    ");
    // The branch's own comes before `origin`.
    git(&["init", "--quiet", "--bare", "../second.git"]);
    git(&["remote", "add", "second", "../second.git"]);
    git(&["config", "branch.main.remote", "second"]);
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
    assert!(
        clones
            .references("second.git", "refs/tk")
            .ends_with("refs/tk/claims/abc\n")
    );
    clones.tk("repo", &["release", "abc"]).ok();
    git(&["config", "--unset", "branch.main.remote"]);
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
    assert_eq!(clones.there("abc")["state"], "held");
    clones.tk("repo", &["release", "abc"]).ok();
    git(&["remote", "rename", "origin", "first"]);
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--remote"]), @r"
    --- stderr
    error: which remote: one of first, second
    --- exit 2
    ");
    git(&["remote", "remove", "second"]);
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--remote"]), @"abc  held until 2026-11-20T10:38:50Z on first, number 2  First");
    clones.tk("repo", &["release", "abc"]).ok();
    // One that is named like an option is a name.
    git(&[
        "config",
        "remote.--upload-pack=touch owned.url",
        "../remote.git",
    ]);
    clones
        .tk(
            "repo",
            &["claim", "abc", "--remote=--upload-pack=touch owned"],
        )
        .ok();
    assert_eq!(clones.there("abc")["number"], 3);
    clones
        .tk("repo", &["sync", "--", "--upload-pack=touch owned"])
        .ok();
    assert!(!clones.sandbox.path().join("owned").exists());
    clones.tk("repo", &["release", "abc"]).ok();
    git(&[
        "config",
        "--remove-section",
        "remote.--upload-pack=touch owned",
    ]);
    git(&["remote", "remove", "first"]);
    assert_snapshot!(clones.tk("repo", &["sync"]), @r"
    --- stderr
    error: this clone has no remote, on which claims between clones are kept
    hint: `git remote add origin URL` adds one
    --- exit 6
    ");
    assert_eq!(clones.tk("repo", &["claim", "def", "--remote"]).code, 6);
    clones.assert_untouched("def");
}

#[test]
fn a_remote_that_cannot_be_reached_or_refuses() {
    let clones = Clones::new();
    let away = |from: &str, to: &str| {
        let root = clones.sandbox.root();
        std::fs::rename(root.join(from), root.join(to)).unwrap();
    };
    clones.hook("update", "echo no >&2; exit 1");
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--remote"]), @r"
    --- stderr
    error: `origin` does not take the claim of `abc`: [remote rejected] (hook declined)
    hint: `origin` has to allow pushes of `refs/tk/*`
    --- exit 6
    ");
    clones.assert_untouched("abc");
    clones.hook("update", "exit 0");
    clones.tk("repo", &["claim", "def", "--remote"]).ok();
    away("remote.git", "away.git");
    let output = clones.tk("repo", &["claim", "abc", "--remote"]);
    assert_eq!(output.code, 6);
    assert!(
        output
            .stderr
            .starts_with("error: the claims on `origin` cannot be reached: "),
        "{output}"
    );
    clones.assert_untouched("abc");
    assert_eq!(clones.tk("repo", &["sync"]).code, 6);
    // What cannot be given back there is told, and can be tried again.
    let output = clones.tk("repo", &["release", "def"]);
    assert_eq!(output.code, 0, "{output}");
    let expected =
        "warning: `def` stays held on `origin` until 2026-11-20T10:38:50Z: the claims on";
    assert!(output.stderr.starts_with(expected), "{output}");
    assert!(
        output
            .stderr
            .ends_with("hint: `tk release def` tries again\n"),
        "{output}"
    );
    away("away.git", "remote.git");
    assert_eq!(clones.there("def")["state"], "held");
    clones.tk("repo", &["release", "def"]).ok();
    assert_eq!(clones.there("def")["state"], "released");
    assert_eq!(clones.tk("repo", &["ready", "--json"]).json()["total"], 2);
}

#[test]
fn a_remote_that_does_not_answer_is_not_waited_for_for_ever() {
    let clones = Clones::new();
    let program = clones.sandbox.root().join("ssh");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 600\n").unwrap();
    let made = clones
        .sandbox
        .command("chmod")
        .arg("+x")
        .arg(&program)
        .status();
    assert!(made.unwrap().success());
    clones
        .sandbox
        .git(["remote", "set-url", "origin", "ssh://host.invalid/x"]);
    let start = Instant::now();
    let mut command = clones.command("repo", &["claim", "abc", "--remote"]);
    command
        .env("GIT_SSH", &program)
        .env("GIT_SSH_VARIANT", "simple");
    command.env("TK_TEST_ANSWER_WAIT", "1000");
    assert_snapshot!(clones.sandbox.run(&mut command, None), @r"
    --- stderr
    error: the claims on `origin` cannot be reached: no answer within 1 s
    --- exit 6
    ");
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
    clones.assert_untouched("abc");
}

#[test]
fn what_is_next_is_what_no_other_clone_holds() {
    let clones = Clones::new();
    clones.tk("other", &["claim", "abc", "--remote"]).ok();
    // Not known here yet: it is lost, and the one after it is tried.
    assert_snapshot!(clones.tk("repo", &["next"]), @"abc  P2  open  task  First");
    assert_snapshot!(clones.tk("repo", &["next", "--claim", "--remote"]), @"def  P2  in_progress  task  Second  @dana@example.com");
    assert_eq!(clones.there("def")["state"], "held");
    clones.assert_untouched("abc");
    assert_snapshot!(clones.tk("repo", &["next", "--claim", "--remote=origin", "--as", "bob"]), @r"
    --- stderr
    error: nothing is ready
    hint: 2 open: 1 in progress, 0 awaiting a person, 1 held by others; `tk list --blocked` tells what the others wait for
    --- exit 1
    ");
    for (args, code) in [
        (&["next", "--remote"][..], 2),
        (&["next", "--claim", "--remote=elsewhere"], 2),
        (&["next", "--claim", "--remote="], 2),
    ] {
        let output = clones.tk("other", args);
        assert_eq!(output.code, code, "{args:?} {output}");
    }
    clones.tk("other", &["release", "abc"]).ok();
    clones.hook("pre-receive", "exit 1");
    let refused = clones.tk("other", &["next", "--claim", "--remote"]);
    assert_eq!(refused.code, 6, "{refused}");
    let held = clones.sandbox.root().join("other/.git/tk/claims/abc");
    assert!(!held.exists(), "{refused}");
}

#[test]
fn of_many_in_two_clones_each_gets_another_one() {
    let clones = Clones::new();
    for number in 0..4 {
        let text = format!("title = \"Number {number}\"\n");
        clones.sandbox.ticket(&format!("t{number}"), &text);
        let there = format!("other/.ticks/t{number}.toml");
        std::fs::write(clones.sandbox.root().join(there), text).unwrap();
    }
    let start = Barrier::new(6);
    let claim = |clone: &str, number: usize| {
        let actor = format!("{clone}{number}");
        let args = ["next", "--claim", "--remote", "--json", "--as", &actor];
        let mut command = clones.command(clone, &args);
        start.wait();
        let output = clones.sandbox.run(&mut command, None);
        assert_eq!(output.code, 0, "{output}");
        output.json()["tickets"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let claim = &claim;
    let mut won: Vec<String> = std::thread::scope(|scope| {
        let threads = ["repo", "other"]
            .iter()
            .flat_map(|clone| (0..3).map(move |n| (clone, n)));
        let threads: Vec<_> = threads
            .map(|(clone, n)| scope.spawn(move || claim(clone, n)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    won.sort();
    assert_eq!(won, ["abc", "def", "t0", "t1", "t2", "t3"]);
}

/// Has `tk claim abc --remote` killed in `repo` when the claim is there, and not yet here.
fn killed_when_it_is_there(clones: &Clones) {
    let pid = clones.sandbox.root().join("tk.pid");
    let _ = std::fs::remove_file(&pid);
    let path = pid.display();
    let wait =
        format!("n=0; until test -s {path} || test $n -gt 200; do sleep 0.05; n=$((n+1)); done");
    clones.hook("post-receive", &format!("{wait}\nkill -9 $(cat {path})"));
    let mut command = clones.command("repo", &["claim", "abc", "--remote"]);
    let null = std::process::Stdio::null;
    let mut child = command.stdout(null()).stderr(null()).spawn().unwrap();
    std::fs::write(&pid, child.id().to_string()).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "it was not killed: {status}");
    std::fs::remove_file(clones.sandbox.root().join("remote.git/hooks/post-receive")).unwrap();
    assert_eq!(clones.there("abc")["state"], "held");
    clones.assert_untouched("abc");
}

#[test]
fn what_a_killed_command_left_there_is_given_back() {
    let clones = Clones::new();
    killed_when_it_is_there(&clones);
    // It is this clone's: another one gives nothing back.
    let other = clones.tk("other", &["sync", "--json"]).json();
    assert_eq!(
        (&other["given_back"], &other["claims"][0]["id"]),
        (&json!([]), &json!("abc"))
    );
    assert_eq!(clones.tk("other", &["doctor", "--fix"]).code, 0);
    assert_eq!(clones.tk("other", &["claim", "abc", "--remote"]).code, 5);
    assert_eq!(clones.there("abc")["state"], "held");
    assert_snapshot!(clones.tk("repo", &["doctor"]), @r"
    Left over
      warning*  abc: this clone took it on `origin` until 2026-11-20T10:38:50Z, nobody here holds it, and it may be held there still
    1 thing wrong: 2 tickets checked; `tk doctor --fix` mends 1 (*)
    --- exit 1
    ");
    let synced = clones.tk("repo", &["sync", "--json"]).json();
    assert_eq!(
        (&synced["given_back"], &synced["claims"]),
        (&json!(["abc"]), &json!([]))
    );
    assert_eq!(clones.there("abc")["state"], "released");
    assert_eq!(clones.tk("repo", &["doctor"]).code, 0);

    killed_when_it_is_there(&clones);
    let fixed = clones.tk("repo", &["doctor", "--fix"]);
    assert_eq!(fixed.code, 0, "{fixed}");
    assert_eq!(clones.there("abc")["state"], "released");

    // Whoever claims it again in this clone has it.
    killed_when_it_is_there(&clones);
    assert_snapshot!(clones.tk("repo", &["claim", "abc", "--remote"]), @"abc  held until 2026-11-20T10:38:50Z on origin, number 4  First");
    // What is held here is not left.
    let synced = clones.tk("repo", &["sync", "--json"]).json();
    assert_eq!(
        (&synced["given_back"], &synced["claims"][0]["here"]),
        (&json!([]), &json!(true))
    );
    clones.tk("repo", &["release", "abc"]).ok();
    assert_eq!(clones.there("abc")["state"], "released");
    let notes = clones.sandbox.path().join(".git/tk/holdings");
    assert_eq!(std::fs::read_dir(notes).unwrap().count(), 0);
}

#[test]
fn what_was_let_go_of_while_the_remote_was_away_is_given_back() {
    let clones = Clones::new();
    let root = clones.sandbox.root().to_owned();
    let rename = |from: &str, to: &str| std::fs::rename(root.join(from), root.join(to)).unwrap();
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
    rename("remote.git", "away.git");
    assert_eq!(clones.tk("repo", &["release", "abc"]).code, 0);
    let fixed = clones.tk("repo", &["doctor", "--fix"]);
    assert_eq!(fixed.code, 1, "{fixed}");
    assert!(
        fixed
            .stdout
            .contains("not mended: the claims on `origin` cannot be reached"),
        "{fixed}"
    );
    rename("away.git", "remote.git");
    assert_eq!(clones.there("abc")["state"], "held");
    let refused = clones.tk("repo", &["claim", "abc"]);
    assert_eq!(refused.code, 5, "{refused}");
    let hint =
        "hint: this clone has let go of it, which `origin` could not be told: `tk sync` tells it";
    assert!(refused.stderr.contains(hint), "{refused}");
    let other = clones.tk("other", &["claim", "abc", "--remote", "--as", "bob"]);
    assert!(
        other.code == 5 && !other.stderr.contains("tk sync"),
        "{other}"
    );
    assert_snapshot!(clones.tk("repo", &["sync"]), @r"
    --- stderr
    hint: `abc` was still held on `origin` by this clone and by nobody here: given back
    hint: nobody holds anything there
    ");
    assert_eq!(clones.there("abc")["state"], "released");
    assert_eq!(clones.tk("repo", &["ready", "--json"]).json()["total"], 2);
    // What another has taken since is another's.
    clones
        .tk("repo", &["claim", "def", "--remote", "--lease", "1h"])
        .ok();
    rename("remote.git", "away.git");
    clones.tk("repo", &["release", "def"]).ok();
    rename("away.git", "remote.git");
    let mut later = clones.command("other", &["claim", "def", "--remote", "--as", "bob"]);
    later.env("TK_TEST_NOW", "2026-11-20T09:50:00Z");
    clones.sandbox.run(&mut later, None).ok();
    let synced = clones.tk("repo", &["sync", "--json"]).json();
    assert_eq!(
        (&synced["given_back"], &synced["claims"][0]["holder"]),
        (&json!([]), &json!("bob"))
    );
    assert_eq!(clones.there("def")["state"], "held");
}

#[test]
fn a_claim_that_is_mended_away_is_given_back_there() {
    let clones = Clones::new();
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
    clones
        .sandbox
        .ticket("abc", "title = \"First\"\nstatus = \"closed\"\n");
    let fixed = clones.tk("repo", &["doctor", "--fix"]);
    assert_eq!(fixed.code, 0, "{fixed}");
    assert_eq!(clones.there("abc")["state"], "released");
    assert_eq!(clones.tk("repo", &["doctor"]).code, 0);
}
