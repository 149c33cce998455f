//! What becomes of a ticket that was closed in one clone, and others are told so on the remote.

use std::sync::Barrier;

use insta::assert_snapshot;
use serde_json::json;

use crate::between_clones::Clones;
use crate::support::Output;

/// Ann claims the ticket in `repo` and closes it there.
fn closed(clones: &Clones, id: &str) {
    clones.tk("repo", &["claim", id, "--remote"]).ok();
    clones.tk("repo", &["close", id]).ok();
    assert_eq!(clones.there(id)["kept"]["by"], "dana@example.com");
}

/// Whether this clone keeps what became of the ticket.
fn keeps(clones: &Clones, id: &str) -> bool {
    let note = clones.sandbox.path().join(".git/tk/kept").join(id);
    note.exists()
}

fn committed_and_pushed(clones: &Clones) {
    let git = |args: &[&str]| clones.sandbox.git(args);
    git(&["commit", "--quiet", "--all", "--message=closed"]);
    git(&["push", "--quiet"]);
}

fn pulled(clones: &Clones) {
    let git = |args: &[&str]| clones.sandbox.git(args);
    git(&["-C", "../other", "checkout", "--quiet", "."]);
    git(&["-C", "../other", "pull", "--quiet"]);
}

#[test]
fn what_awaited_a_person_elsewhere_and_was_answered_there_is_free_once_it_has_come() {
    let clones = Clones::new();
    let claim = ["claim", "abc", "--remote", "--as", "bob"];
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
    clones.tk("repo", &["ask", "abc", "Which?"]).ok();
    clones.tk("repo", &["release", "abc"]).ok();
    assert_eq!(clones.there("abc")["kept"]["awaiting"], "input");
    let refused = clones.tk("other", &claim);
    assert_eq!(refused.code, 5, "{refused}");
    clones.tk("repo", &["answer", "abc", "blue"]).ok();
    committed_and_pushed(&clones);
    pulled(&clones);
    let synced = clones.tk("other", &["sync", "--json"]).json();
    assert_eq!(synced["not_arrived"], json!([]));
    clones.tk("other", &claim).ok();
}

/// Nobody else could ever be told of it by git.
#[test]
fn a_closing_that_was_put_back_is_told_to_be_none() {
    let clones = Clones::new();
    let claim = ["claim", "abc", "--remote", "--as", "bob"];
    let back: [&[&str]; 3] = [
        &["reopen", "abc"],
        &["undo"],
        &["update", "abc", "--status", "open"],
    ];
    for back in back {
        closed(&clones, "abc");
        assert_eq!(clones.tk("other", &claim).code, 5);
        clones.tk("repo", back).ok();
        assert_eq!(clones.there("abc")["kept"], json!(null), "{back:?}");
        assert!(!keeps(&clones, "abc"), "{back:?}");
        clones.tk("other", &claim).ok();
        clones.tk("other", &["release", "abc", "--as", "bob"]).ok();
    }
    // Where the remote is away, and where no command was asked, it is told by the next `tk sync`.
    let rename = |from: &str, to: &str| {
        let path = clones.sandbox.path();
        std::fs::rename(path.join(from), path.join(to)).unwrap();
    };
    closed(&clones, "abc");
    rename("../remote.git", "../away.git");
    let reopened = clones.tk("repo", &["reopen", "abc"]);
    rename("../away.git", "../remote.git");
    let told = "warning: for other clones `abc` is still closed: the claims on `origin` cannot be \
                reached";
    assert!(reopened.stderr.starts_with(told), "{reopened}");
    assert!(
        reopened
            .stderr
            .ends_with("hint: `tk sync` tells them that it is open again\n")
    );
    closed(&clones, "def");
    clones
        .sandbox
        .git(["checkout", "--quiet", ".ticks/def.toml"]);
    assert_snapshot!(clones.tk("other", &claim), @r"
    --- stderr
    error: `abc` was closed in another clone at 2026-11-20T08:38:50Z by dana@example.com
    hint: fetch and merge that; where it is open again, `tk sync` in that clone tells others
    hint: `tk release abc --force --remote` lets anybody begin it again
    --- exit 5
    ");
    assert_snapshot!(clones.tk("repo", &["sync"]), @r"
    --- stderr
    hint: `abc` was told on `origin` to be closed, and is open here again: others were told
    hint: `def` was told on `origin` to be closed, and is open here again: others were told
    hint: nobody holds anything there
    ");
    for id in ["abc", "def"] {
        let claim = ["claim", id, "--remote", "--as", "bob"];
        clones.tk("other", &claim).ok();
        assert!(!keeps(&clones, id));
    }
}

/// What is closed on another branch, or put away, is closed all the same.
#[test]
fn a_closing_on_another_branch_is_not_put_back() {
    let clones = Clones::new();
    let git = |args: &[&str]| clones.sandbox.git(args);
    closed(&clones, "abc");
    git(&["stash", "--quiet"]);
    closed(&clones, "def");
    git(&["switch", "--quiet", "--create", "work"]);
    git(&["commit", "--quiet", "--all", "--message=closed"]);
    git(&["switch", "--quiet", "main"]);
    assert_snapshot!(clones.tk("repo", &["sync"]), @r"
    --- stderr
    hint: nobody holds anything there
    ");
    for id in ["abc", "def"] {
        assert_eq!(clones.there(id)["kept"]["by"], "dana@example.com");
        assert!(keeps(&clones, id));
        let claim = ["claim", id, "--remote", "--as", "bob"];
        assert_eq!(clones.tk("other", &claim).code, 5);
    }
}

/// Without a second look at the remote.
#[test]
fn what_was_closed_elsewhere_merged_and_reopened_is_free() {
    let clones = Clones::new();
    for id in ["abc", "def"] {
        closed(&clones, id);
    }
    committed_and_pushed(&clones);
    clones.tk("other", &["sync"]).ok();
    assert_eq!(clones.tk("other", &["ready"]).stdout, "");
    pulled(&clones);
    clones.tk("other", &["reopen", "abc", "def"]).ok();
    let away = ["-C", "../other", "remote", "set-url", "origin", "/nowhere"];
    clones.sandbox.git(away);
    assert_snapshot!(clones.tk("other", &["ready"]), @r"
    abc  P2  open  task  First  @dana@example.com
    def  P2  open  task  Second  @dana@example.com
    ");
    let plan = ["run", "abc", "def", "--plan", "--json"];
    assert_eq!(clones.tk("other", &plan).json()["held"], json!([]));
    clones.tk("other", &["claim", "abc"]).ok();
    assert_snapshot!(clones.tk("other", &["next", "--claim"]), @"def  P2  in_progress  task  Second  @dana@example.com");
}

/// Where it was closed and opened again in between, there is nothing here but the history.
#[test]
fn a_closing_and_its_reopening_may_come_at_once() {
    let clones = Clones::new();
    let git = |args: &[&str]| clones.sandbox.git(args);
    closed(&clones, "abc");
    git(&["commit", "--quiet", "--all", "--message=closed"]);
    clones.tk("other", &["sync"]).ok();
    // Others never hear of what is opened again by hand.
    let text = clones.sandbox.read(".ticks/def.toml");
    clones
        .sandbox
        .write(".ticks/abc.toml", &text.replace("Second", "First"));
    committed_and_pushed(&clones);
    assert_eq!(clones.there("abc")["kept"]["by"], "dana@example.com");
    assert_eq!(clones.tk("other", &["claim", "abc"]).code, 5);
    pulled(&clones);
    assert_eq!(clones.tk("other", &["ready", "--json"]).json()["total"], 2);
    clones.tk("other", &["claim", "abc"]).ok();
    clones.tk("other", &["claim", "abc", "--remote"]).ok();
}

#[test]
fn programs_are_told_what_has_not_arrived() {
    let clones = Clones::new();
    closed(&clones, "abc");
    let synced = clones.tk("other", &["sync", "--json"]);
    assert_eq!(synced.code, 0, "{synced}");
    assert_eq!(
        synced.json()["not_arrived"],
        json!([{"id": "abc", "closed_at": "2026-11-20T08:38:50Z", "awaiting": null, "by": "dana@example.com"}])
    );
    committed_and_pushed(&clones);
    pulled(&clones);
    let synced = clones.tk("other", &["sync", "--json"]).json();
    assert_eq!(synced["not_arrived"], json!([]));
}

/// A note of one's own closing is for as long as others cannot know.
#[test]
fn notes_of_closings_are_cleaned_away() {
    let clones = Clones::new();
    for id in ["abc", "def"] {
        closed(&clones, id);
        clones.tk("repo", &["sync"]).ok();
        assert!(keeps(&clones, id));
    }
    // Another has taken it since.
    clones
        .tk("other", &["release", "def", "--force", "--remote"])
        .ok();
    clones.tk("other", &["claim", "def", "--remote"]).ok();
    clones.tk("repo", &["sync"]).ok();
    assert!(keeps(&clones, "abc") && !keeps(&clones, "def"));
    // Everybody can fetch it.
    committed_and_pushed(&clones);
    clones.tk("repo", &["sync"]).ok();
    assert!(!keeps(&clones, "abc"));
    clones.tk("repo", &["reopen", "abc"]).ok();
    clones.tk("repo", &["claim", "abc", "--remote"]).ok();
}

/// To claim again what one holds is no conflict, also where both happen at once.
#[test]
fn of_many_claims_of_one_actor_at_once_all_hold_it() {
    let clones = Clones::new();
    let start = Barrier::new(8);
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let claim = || {
            start.wait();
            clones.tk("repo", &["claim", "abc", "--remote", "--json"])
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(claim)).collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.collect()
    });
    for output in &outputs {
        assert_eq!(output.code, 0, "{output}");
        assert_eq!(output.json()["remote"], "origin");
    }
    let there = clones.there("abc");
    assert_eq!(
        (&there["number"], &there["state"]),
        (&json!(1), &json!("held"))
    );
    let notes = clones.sandbox.path().join(".git/tk/holdings");
    assert_eq!(std::fs::read_dir(notes).unwrap().count(), 1);
    assert_eq!(clones.tk("other", &["claim", "abc", "--remote"]).code, 5);
    clones.tk("repo", &["release", "abc"]).ok();
    assert_eq!(clones.there("abc")["state"], "released");
}

#[test]
fn what_was_seen_of_others_and_is_damaged_is_not_taken_for_nothing() {
    let clones = Clones::new();
    clones
        .tk("repo", &["claim", "abc", "--remote", "--as", "ann"])
        .ok();
    clones.tk("other", &["sync"]).ok();
    let seen = "../other/.git/tk/elsewhere.json";
    let text = clones.sandbox.read(seen);
    clones.sandbox.write(seen, &text[..text.len() / 2]);
    let ready = clones.tk("other", &["ready"]);
    assert_eq!(ready.code, 0, "{ready}");
    assert!(
        ready
            .stderr
            .contains("elsewhere.json` is not what other clones hold")
            && ready.stderr.contains("hint: `tk sync` fetches it anew"),
        "{ready}"
    );
    let refused = clones.tk("other", &["claim", "abc", "--as", "bob"]);
    assert_ne!(refused.code, 0, "{refused}");
    assert!(
        refused.stderr.contains("`tk sync` fetches it anew"),
        "{refused}"
    );
    clones
        .tk("other", &["claim", "def", "--remote", "--as", "bob"])
        .ok();
    clones.tk("other", &["sync"]).ok();
    assert_eq!(clones.tk("other", &["ready"]).stderr, "");
    let held = clones.tk("other", &["claim", "abc", "--as", "bob"]);
    assert_eq!(held.code, 5, "{held}");
}

/// What became of it cannot be told, which is.
#[test]
fn what_is_let_go_of_and_gone_or_unreadable_is_warned_of() {
    let clones = Clones::new();
    for id in ["abc", "def"] {
        clones.tk("repo", &["claim", id, "--remote"]).ok();
    }
    assert_snapshot!(clones.tk("repo", &["delete", "abc", "--force"]), @r"
    abc  deleted  First
    --- stderr
    warning: `abc` is gone here, which is not told on `origin`: other clones may begin it until they have merged that
    ");
    let rename = |from: &str, to: &str| {
        let path = clones.sandbox.path();
        std::fs::rename(path.join(from), path.join(to)).unwrap();
    };
    rename("../remote.git", "../away.git");
    clones.tk("repo", &["close", "def"]).ok();
    rename("../away.git", "../remote.git");
    clones.sandbox.write(".ticks/def.toml", "title =\n");
    let synced = clones.tk("repo", &["sync"]);
    let told =
        "warning: what became of `def` is not told on `origin`, and other clones may begin it: ";
    assert!(synced.stderr.contains(told), "{synced}");
    for id in ["abc", "def"] {
        assert_eq!(clones.there(id)["state"], "released");
        assert_eq!(clones.there(id)["kept"], json!(null));
    }
}
