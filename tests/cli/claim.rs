use insta::assert_snapshot;
use serde_json::json;

use crate::project::{authentication, refused};
use crate::support::Sandbox;

#[test]
fn claims_hold_begin_and_own() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["claim", "abc"]), @"abc  held until 2026-11-20T10:38:50Z  First");
    assert_snapshot!(sandbox.read(".ticks/abc.toml"), @r#"
    title = "First"
    status = "in_progress"
    priority = 1
    owner = "dana@example.com"
    estimate = "2h"
    started_at = 2026-11-20T08:38:50Z
    parent = "aut"
    "#);
    // Another is told who holds it, a renewal changes only the lease.
    assert_snapshot!(sandbox.tk(["claim", "abc", "--as", "bob"]), @r"
    --- stderr
    error: `abc` is held by dana@example.com until 2026-11-20T10:38:50Z
    --- exit 5
    ");
    assert_snapshot!(sandbox.tk(["claim", "abc"]), @"abc  unchanged  First");
    assert_snapshot!(sandbox.tk(["claim", "abc", "--lease", "4h", "--json"]), @r#"{"schema":"tk.claim.v1","changed":true,"holder":"dana@example.com","lease_until":"2026-11-20T12:38:50Z","results":[{"id":"abc","changed":false,"awaiting":null}],"tickets":[{"id":"abc","title":"First","type":"task","status":"in_progress","priority":1,"owner":"dana@example.com","parent":"aut","labels":[],"blocked_by":[],"requires":null,"awaiting":null,"estimate":"2h","after":[],"related":[],"discovered_from":null,"duplicate_of":null,"due":null,"defer_until":null,"repeat":null,"recurs_from":null,"agent":null,"model":null,"lock":null,"pr":null,"checks":[],"touches":[],"created_at":null,"created_by":null,"started_at":"2026-11-20T08:38:50Z","closed_at":null,"closed_by":null,"reason":null,"verdict":null,"acceptance":[],"subtasks":[],"etag":"e72a1116e6fe","blocks":["def","ghi"],"open_blockers":[],"ready":false,"updated_at":"2026-11-20T08:38:50Z","note_count":0,"cost_usd":null}]}"#);
    // Without a lease of its own, a renewal never makes the claim shorter.
    assert_snapshot!(sandbox.tk(["claim", "abc"]), @"abc  unchanged  First");
    assert_snapshot!(sandbox.tk(["claim", "abc", "--lease", "30m"]), @"abc  held until 2026-11-20T09:08:50Z  First");
    assert_snapshot!(sandbox.tk(["release", "abc", "--json"]), @r#"{"schema":"tk.release.v1","changed":true,"results":[{"id":"abc","changed":true,"awaiting":null}],"tickets":[{"id":"abc","title":"First","type":"task","status":"open","priority":1,"owner":null,"parent":"aut","labels":[],"blocked_by":[],"requires":null,"awaiting":null,"estimate":"2h","after":[],"related":[],"discovered_from":null,"duplicate_of":null,"due":null,"defer_until":null,"repeat":null,"recurs_from":null,"agent":null,"model":null,"lock":null,"pr":null,"checks":[],"touches":[],"created_at":null,"created_by":null,"started_at":"2026-11-20T08:38:50Z","closed_at":null,"closed_by":null,"reason":null,"verdict":null,"acceptance":[],"subtasks":[],"etag":"eabc0aba624e","blocks":["def","ghi"],"open_blockers":[],"ready":true,"updated_at":"2026-11-20T08:38:50Z","note_count":0,"cost_usd":null}]}"#);
    assert_snapshot!(sandbox.tk(["release", "abc"]), @"abc  unchanged  First");
    assert!(!sandbox.path().join(".git/tk/claims/abc").exists());
}

#[test]
fn what_cannot_be_claimed() {
    let sandbox = authentication();
    sandbox.tk(["close", "abc"]).ok();
    assert_snapshot!(refused(&sandbox, 4, &[&["claim", "abc"], &["claim", "aut"]]), @r"
    error: `abc` is closed: it cannot be claimed
    hint: `tk reopen abc` opens it again
    error: `aut` is an epic, which is never work: claim one of its tickets
    hint: `tk next aut --claim` takes the first
    ");
    assert_snapshot!(refused(&sandbox, 2, &[
        &["claim", "def", "--lease", "0m"],
        &["claim", "def", "--lease", "soon"],
        &["claim", "def", "--lease", ""],
        &["claim", "def", "--lease", "400d"],
    ]), @r"
    error: the lease is empty: expected one such as `2h`
    error: `soon` is not a length of time: expected one like `45m`, `2h`, `1h30m` or `3d`
    error: the lease is empty: expected one such as `2h`
    error: a lease of `400d` is too long: expected at most `90d`
    hint: `tk claim` renews it
    ");
    assert_snapshot!(refused(&sandbox, 3, &[&["claim", "zzz"]]), @r"
    error: no ticket `zzz`
    hint: `tk list --all` shows every ticket
    ");
    // A blocked ticket may be begun, with a warning.
    sandbox.tk(["reopen", "abc"]).ok();
    assert_snapshot!(sandbox.tk(["claim", "def"]), @r"
    def  held until 2026-11-20T10:38:50Z  Second
    --- stderr
    warning: `def` is begun though blocked by `abc`
    ");
}

/// Whatever holds a ticket, in its own file or above it, is told of a claim as it is by the graph.
#[test]
fn what_holds_a_ticket_that_is_claimed_is_told() {
    let sandbox = Sandbox::initialised();
    let ticket = |id: &str, more: &str| {
        let text = format!("title = \"{id}\"\ntype = \"task\"\nstatus = \"open\"\n{more}\n");
        sandbox.write(format!(".ticks/{id}.toml"), &text);
    };
    ticket("dne", "");
    ticket("opn", "");
    ticket("bare", "");
    ticket("after", "after = [\"opn\"]\nblocked_by = [\"dne\"]");
    ticket("blocked", "blocked_by = [\"dne\", \"opn\"]");
    ticket("missing", "blocked_by = [\"zzz\"]");
    ticket("late", "defer_until = 2026-12-24");
    ticket("past", "defer_until = 2026-01-01");
    ticket("asked", "awaiting = \"input\"");
    ticket("epicf", "parent = \"zzz\"");
    ticket("infree", "parent = \"epicf\"");
    ticket("epich", "awaiting = \"work\"");
    ticket("epicm", "parent = \"epich\"");
    ticket("inheld", "parent = \"epicm\"");
    ticket("roundx", "parent = \"roundy\"");
    ticket("roundy", "parent = \"roundx\"");
    ticket("inround", "parent = \"roundx\"");
    ticket("own", "parent = \"own\"");
    sandbox.tk(["close", "dne"]).ok();
    let ids = [
        "bare", "after", "blocked", "missing", "late", "past", "asked", "infree", "inheld",
        "inround", "own",
    ];
    let held = sandbox.tk(["blocked", "--json"]).json();
    let held: Vec<&str> = held["tickets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["id"].as_str().unwrap())
        .collect();
    let (mut told, mut free) = (Vec::new(), Vec::new());
    for id in ids {
        let claimed = sandbox.tk(["claim", id]);
        assert_eq!(claimed.code, 0, "{claimed}");
        let warned = claimed.stderr.contains("is begun though");
        assert_eq!(warned, held.contains(&id), "{id}: {}", claimed.stderr);
        (if warned { &mut told } else { &mut free }).push(id);
    }
    assert_eq!(free, ["bare", "after", "past", "infree"]);
    assert_eq!(told.len(), ids.len() - free.len());
}

#[test]
fn a_lease_runs_out() {
    let mut sandbox = authentication();
    sandbox.tk(["claim", "abc", "--lease", "1h"]).ok();
    sandbox.at("2026-11-20T09:38:49Z");
    assert_snapshot!(refused(&sandbox, 5, &[&["claim", "abc", "--as", "bob"]]), @"error: `abc` is held by dana@example.com until 2026-11-20T09:38:50Z");
    sandbox.at("2026-11-20T09:38:50Z");
    assert_snapshot!(sandbox.tk(["claim", "abc", "--as", "bob"]), @r"
    abc  held until 2026-11-20T11:38:50Z  First
    --- stderr
    warning: `abc` was in progress with dana@example.com, unclaimed
    ");
    // The first one's claim is over, so there is nothing of it to release.
    assert_snapshot!(refused(&sandbox, 5, &[&["release", "abc"]]), @r"
    error: `abc` is held by bob
    hint: `--force` releases it all the same
    ");
    assert_snapshot!(sandbox.tk(["release", "abc", "--force"]), @"abc  released  First");
    assert_snapshot!(sandbox.tk(["next", "--claim"]), @"abc  P1  in_progress  task  First  @dana@example.com");
}

#[test]
fn agents_release_what_they_hold_only() {
    let sandbox = authentication();
    sandbox.tk(["claim", "abc"]).ok();
    let sandbox = sandbox.with_env("TK_ACTOR", "agent:a");
    assert_snapshot!(refused(&sandbox, 4, &[
        &["release", "abc"],
        &["release", "abc", "--force"],
        &["release", "abc", "--as", "dana@example.com"],
    ]), @r"
    error: `abc` is held by dana@example.com: only people may release it
    error: `agent:a` is an agent: only people may release what others hold
    hint: an agent can `tk ask` and `tk note`
    error: `abc` is held by dana@example.com: only people may release it
    ");
    sandbox.tk(["claim", "def"]).ok();
    assert_snapshot!(sandbox.tk(["release", "def"]), @"def  released  Second");
}

#[test]
fn a_file_that_is_no_claim_is_named_with_what_mends_it() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"A\"\n");
    sandbox.write(".git/tk/claims/abc", "{\"actor\":1}\n");
    let before = sandbox.read(".ticks/abc.toml");
    assert_snapshot!(sandbox.tk(["claim", "abc"]), @r"
    --- stderr
    error: `$ROOT/repo/.git/tk/claims/abc` is not a claim: invalid type: integer `1`, expected a string at line 1 column 10
    hint: `tk doctor --fix` removes it, unless a run works at the ticket
    --- exit 1
    ");
    assert_eq!(sandbox.read(".ticks/abc.toml"), before);
    sandbox.tk(["doctor", "--fix"]).ok();
    sandbox.tk(["claim", "abc"]).ok();
}

#[test]
fn of_64_claimers_one_wins_and_63_are_told_who() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"Wanted\"\n");
    sandbox.git(["worktree", "add", "--quiet", "../linked"]);
    let outputs: Vec<_> = std::thread::scope(|scope| {
        let claim = |number: usize| {
            let sandbox = &sandbox;
            scope.spawn(move || {
                let mut command = sandbox.tk_command();
                if number % 2 == 1 {
                    command.current_dir(sandbox.root().join("linked"));
                }
                command.args(["claim", "abc", "--json", "--as", &format!("p{number}")]);
                sandbox.run(&mut command, None)
            })
        };
        let threads: Vec<_> = (0..64).map(claim).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| thread.join().unwrap();
        threads.into_iter().map(join).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = outputs.iter().partition(|output| output.code == 0);
    let [winner] = won[..] else {
        panic!("{} have won", won.len());
    };
    let holder = winner.json()["holder"].clone();
    assert_eq!(lost.len(), 63);
    for output in lost {
        let said: serde_json::Value = serde_json::from_str(&output.stderr).unwrap();
        assert_eq!(output.code, 5, "{output}");
        assert_eq!(said["error"]["code"], "HELD", "{output}");
        assert_eq!(said["error"]["context"]["holder"], holder, "{output}");
    }
}

#[test]
fn of_64_who_ask_for_the_next_each_gets_another_once() {
    let sandbox = Sandbox::initialised();
    for number in 0..40 {
        sandbox.ticket(&format!("t{number:02}"), "title = \"x\"\n");
    }
    let outputs: Vec<_> = std::thread::scope(|scope| {
        let claim = |number: usize| {
            let sandbox = &sandbox;
            let actor = format!("p{number}");
            scope.spawn(move || sandbox.tk(["next", "--claim", "--json", "--as", &actor]))
        };
        let threads: Vec<_> = (0..64).map(claim).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| thread.join().unwrap();
        threads.into_iter().map(join).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = outputs.iter().partition(|output| output.code == 0);
    let ids = won.iter().map(|o| o.json()["tickets"][0]["id"].to_string());
    let ids: std::collections::BTreeSet<String> = ids.collect();
    assert_eq!((won.len(), ids.len()), (40, 40));
    assert!(lost.iter().all(|output| output.code == 1), "{lost:?}");
}

#[test]
fn next_is_stable() {
    let sandbox = authentication();
    let first = sandbox.tk(["next", "--json"]).ok();
    for _ in 0..3 {
        assert_eq!(sandbox.tk(["next", "--json"]).ok(), first);
    }
}

/// What is begun no longer is held no longer, or nobody would know why nobody may take it.
#[test]
fn what_is_put_back_to_open_is_let_go_of() {
    let sandbox = authentication();
    sandbox.tk(["claim", "abc"]).ok();
    sandbox.tk(["update", "abc", "--status", "open"]).ok();
    let next = sandbox.tk(["next", "--as", "eve@example.com"]).ok();
    assert!(next.starts_with("abc"), "{next}");
    // Another's claim is another's to let go of.
    sandbox.tk(["claim", "abc"]).ok();
    let update = [
        "update",
        "abc",
        "--status",
        "open",
        "--as",
        "eve@example.com",
    ];
    sandbox.tk(update).ok();
    let taken = sandbox.tk(["claim", "abc", "--as", "eve@example.com"]);
    assert_eq!(taken.code, 5, "{taken}");
    assert_snapshot!(refused(&sandbox, 1, &[&["next", "--as", "eve@example.com"]]), @r"
    error: nothing is ready
    hint: 3 open: 0 in progress, 0 awaiting a person, 1 held by others; `tk list --blocked` tells what the others wait for
    ");
}

/// What was changed is so whatever becomes of the claim on it, and that is told.
#[test]
fn a_claim_that_cannot_be_let_go_of_is_told() {
    let sandbox = authentication();
    sandbox.tk(["claim", "abc"]).ok();
    let claims = sandbox.path().join(".git/tk/claims");
    std::fs::remove_dir_all(&claims).unwrap();
    sandbox.write(".git/tk/claims", "");
    assert_snapshot!(sandbox.tk(["update", "abc", "--status", "open"]), @r"
    abc  updated  First
    --- stderr
    warning: the claim on `abc` ends only with its lease: cannot read `$ROOT/repo/.git/tk/claims/abc`: Not a directory (os error 20)
    ");
    assert_snapshot!(sandbox.tk(["close", "abc"]), @r"
    abc  closed  First
    --- stderr
    warning: the claim on `abc` ends only with its lease: cannot remove `$ROOT/repo/.git/tk/claims/abc`: Not a directory (os error 20)
    ");
    assert_snapshot!(sandbox.tk(["delete", "ghi"]), @r"
    ghi  deleted  Third
    --- stderr
    warning: the claim on `ghi` ends only with its lease: cannot remove `$ROOT/repo/.git/tk/claims/ghi`: Not a directory (os error 20)
    warning: cannot read `$ROOT/repo/.git/tk/claims`: Not a directory (os error 20)
    ");
    assert_snapshot!(sandbox.tk(["undo"]), @r"
    ghi  recreated  Third
    --- stderr
    hint: what `dana@example.com` did at 2026-11-20T08:38:50Z is taken back; `tk undo` does it again
    warning: the claim on `ghi` ends only with its lease: cannot read `$ROOT/repo/.git/tk/claims/ghi`: Not a directory (os error 20)
    warning: cannot read `$ROOT/repo/.git/tk/claims`: Not a directory (os error 20)
    ");
    assert!(sandbox.path().join(".ticks/ghi.toml").exists());
}

#[test]
fn what_another_holds_is_ready_nowhere() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"First\"\n");
    sandbox.tk(["claim", "abc", "--as", "bob"]).ok();
    sandbox
        .tk(["update", "abc", "-s", "open", "--as", "eve"])
        .ok();
    assert_snapshot!(sandbox.tk(["list"]), @"abc  P2  open  task  First  held by bob  @bob");
    assert_snapshot!(sandbox.tk(["list", "--ready"]), @"");
    assert_snapshot!(sandbox.tk(["list", "--query", "ready"]), @"");
    assert_snapshot!(sandbox.tk(["blocked"]), @r"
    abc  P2  First
         held by bob until 2026-11-20T10:38:50Z
    ");
    assert_snapshot!(sandbox.tk(["show", "abc"]), @r"
    abc  First
    status          open
    held            by bob, until 2026-11-20T10:38:50Z
    type            task
    priority        2
    owner           bob
    started         2026-11-20T08:38:50Z
    ");
    assert_snapshot!(sandbox.tk(["graph"]), @r"
    Wave 1 (1 ticket)
     * abc P2 1h First

    Critical path (*): 1h, 1 of 1 tickets: abc
    Widest wave: 1. Ready now (>): 0.
    ");
    let shown = sandbox.tk(["show", "abc", "--json"]).json()["tickets"][0].clone();
    assert_eq!(
        (&shown["ready"], &shown["held_by"]),
        (&json!(false), &json!("bob"))
    );
    // To whom it belongs it is ready, and to all once the lease is over.
    assert_snapshot!(sandbox.tk(["list", "--ready", "--as", "bob"]), @"abc  P2  open  task  First  @bob");
    assert_snapshot!(sandbox.tk(["ready", "--as", "bob"]), @"abc  P2  open  task  First  @bob");
    let mut sandbox = sandbox;
    sandbox.at("2026-11-20T10:38:50Z");
    assert_snapshot!(sandbox.tk(["list", "--ready"]), @"abc  P2  open  task  First  @bob");
}

#[test]
fn who_held_what_was_changed_is_told() {
    let sandbox = authentication();
    sandbox.tk(["claim", "abc", "--as", "bob"]).ok();
    assert_snapshot!(sandbox.tk(["update", "abc", "--status", "open"]), @r"
    abc  updated  First
    --- stderr
    warning: `abc` is held by bob until 2026-11-20T10:38:50Z, who may be at work at it
    ");
    assert_snapshot!(sandbox.tk(["update", "abc", "-p", "0"]), @"abc  updated  First");
    assert_snapshot!(sandbox.tk(["close", "abc", "--dry-run"]), @r"
    abc  would be closed  First
         status: open → closed
         closed_at: none → 2026-11-20T08:38:50Z
         closed_by: none → dana@example.com
    --- stderr
    hint: nothing is written: without `--dry-run` it would be
    warning: `abc` is held by bob until 2026-11-20T10:38:50Z, who may be at work at it
    ");
    assert_snapshot!(sandbox.tk(["close", "abc"]), @r"
    abc  closed  First
    --- stderr
    warning: `abc` was held by bob until 2026-11-20T10:38:50Z, who may be at work at it
    ");
    assert_snapshot!(sandbox.tk(["close", "abc"]), @"abc  unchanged  First");
    sandbox.tk(["claim", "ghi", "--as", "bob"]).ok();
    assert_snapshot!(sandbox.tk(["delete", "ghi"]), @r"
    ghi  deleted  Third
    --- stderr
    warning: `ghi` was held by bob until 2026-11-20T10:38:50Z, who may be at work at it
    ");
}
