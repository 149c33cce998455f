use insta::assert_snapshot;

use crate::project::{authentication, files, refused};
use crate::support::Sandbox;

#[test]
fn closes_with_a_reason_and_says_what_is_next() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["close", "abc", "--reason", "done by hand", "--note", "well"]), @"abc  closed  First");
    assert_snapshot!(sandbox.tk(["show", "abc"]), @r"
    abc  First
    status          closed
    type            task
    priority        1
    parent          aut
    blocks          def, ghi
    estimate        2h
    closed          2026-11-20T08:38:50Z by dana@example.com
    reason          done by hand

    notes
      2026-11-20T08:38:50Z  dana@example.com
        well
    ");
    let before = files(&sandbox);
    assert_snapshot!(sandbox.tk(["close", "abc"]), @"abc  unchanged  First");
    assert_eq!(files(&sandbox), before);
    assert_snapshot!(sandbox.tk(["close", "abc", "--json"]), @r#"{"schema":"tk.close.v1","changed":false,"closed":true,"results":[{"id":"abc","changed":false,"closed":true,"awaiting":null}],"tickets":[{"id":"abc","title":"First","type":"task","status":"closed","priority":1,"owner":null,"parent":"aut","labels":[],"blocked_by":[],"requires":null,"awaiting":null,"estimate":"2h","after":[],"related":[],"discovered_from":null,"duplicate_of":null,"due":null,"defer_until":null,"repeat":null,"recurs_from":null,"agent":null,"model":null,"lock":null,"pr":null,"checks":[],"touches":[],"created_at":null,"created_by":null,"started_at":null,"closed_at":"2026-11-20T08:38:50Z","closed_by":"dana@example.com","reason":"done by hand","verdict":null,"acceptance":[],"subtasks":[],"etag":"c3d02318f12f","blocks":["def","ghi"],"open_blockers":[],"ready":false,"updated_at":"2026-11-20T08:38:50Z","note_count":1,"cost_usd":null}]}"#);
}

#[test]
fn an_open_blocker_or_child_is_in_the_way() {
    let sandbox = authentication();
    let commands: [&[&str]; 5] = [
        &["close", "def"],
        &["close", "aut"],
        &["close", "abc", "aut"],
        &["update", "def", "--status", "closed"],
        &["close", "def", "--json"],
    ];
    assert_snapshot!(refused(&sandbox, 4, &commands), @r#"
    error: `def` is blocked by `abc`
    hint: close those first, or close it all the same with `--force`
    error: `aut` has open children: `abc`, `def`, `ghi`
    hint: close those first, or close it all the same with `--force`
    error: `aut` has open children: `def`, `ghi`
    hint: close those first, or close it all the same with `--force`
    error: `def` is blocked by `abc`
    hint: close those first, or close it all the same with `--force`
    {"schema":"tk.error.v1","error":{"code":"REFUSED","message":"`def` is blocked by `abc`","hint":"close those first, or close it all the same with `--force`","retryable":false,"exit_code":4,"context":{"id":"def","open":["abc"]}}}
    "#);
    assert_snapshot!(sandbox.tk(["close", "def", "--force"]), @"def  closed  Second");
}

#[test]
fn together_they_are_not_in_each_others_way() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["close", "def", "abc"]), @r"
    def  closed  Second
    abc  closed  First
    ");
}

#[test]
fn a_gate_that_holds_one_holds_what_waits_for_it() {
    let sandbox = authentication();
    sandbox.tk(["close", "abc"]).ok();
    sandbox.tk(["block", "def", "ghi"]).ok();
    assert_snapshot!(refused(&sandbox, 4, &[&["close", "ghi", "def"]]), @r"
    error: `def` is blocked by `ghi`
    hint: close those first, or close it all the same with `--force`
    ");
}

#[test]
fn what_requires_a_gate_awaits_it() {
    let sandbox = authentication();
    sandbox.tk(["close", "abc"]).ok();
    assert_snapshot!(sandbox.tk(["close", "ghi"]), @r"
    ghi  awaiting review  Third
    --- stderr
    hint: `ghi` requires review, so it waits: `tk approve ghi`, then close it
    ");
    // It is closed by another command, and with another reason.
    assert_snapshot!(sandbox.tk(["close", "ghi", "--reason", "done by hand"]), @r"
    ghi  still awaiting review  Third
    --- stderr
    warning: `ghi` is not closed before review: the reason is not kept, so give it then
    hint: `ghi` requires review, so it waits: `tk approve ghi`, then close it
    ");
    assert_snapshot!(sandbox.tk(["close", "ghi", "-r", "done", "--dry-run"]), @r"
    ghi  still awaiting review  Third
    --- stderr
    warning: `ghi` is not closed before review: the reason is not kept, so give it then
    ");
    let again = sandbox.tk(["close", "ghi", "--json"]).json();
    assert_eq!(
        (&again["changed"], &again["closed"]),
        (&false.into(), &false.into())
    );
    let forced = sandbox.tk(["close", "ghi", "--force", "--json"]).json();
    assert_eq!(forced["closed"], false);
    let updated = sandbox
        .tk(["update", "ghi", "--status", "closed", "--json"])
        .json();
    assert_eq!(updated["closed"], false);
    sandbox.tk(["approve", "ghi"]).ok();
    assert_snapshot!(sandbox.tk(["close", "ghi"]), @"ghi  closed  Third");
    // Reopened, it has to be approved again.
    sandbox.tk(["reopen", "ghi"]).ok();
    assert_eq!(
        sandbox.tk(["close", "ghi", "--json"]).json()["closed"],
        false
    );
}

#[test]
fn an_epic_stays_open_with_a_hint() {
    let sandbox = authentication();
    sandbox.tk(["update", "ghi", "--requires", ""]).ok();
    assert_snapshot!(sandbox.tk(["close", "abc", "def", "ghi"]), @r"
    abc  closed  First
    def  closed  Second
    ghi  closed  Third
    --- stderr
    hint: every child of the epic `aut` is closed: `tk close aut`
    ");
    assert_snapshot!(sandbox.tk(["close", "aut"]), @"aut  closed  Authentication");
}

#[test]
fn a_child_that_cannot_be_read_is_in_the_way() {
    let sandbox = authentication();
    sandbox.tk(["update", "ghi", "--requires", ""]).ok();
    let text = std::fs::read_to_string(sandbox.path().join(".ticks/def.toml")).unwrap();
    sandbox.write(".ticks/def.toml", &format!("<<<<<<<\n{text}"));
    // One that is nobody's child is in nobody's way.
    sandbox.write(".ticks/xyz.toml", "title = aut\n");
    assert_snapshot!(sandbox.tk(["close", "abc", "ghi"]), @r"
    abc  closed  First
    ghi  closed  Third
    --- stderr
    warning: .ticks/def.toml:1: a merge left both versions: expected the conflict of a merge to be resolved
    warning: .ticks/xyz.toml:1: not TOML: string values must be quoted: expected literal string
    ");
    assert_snapshot!(refused(&sandbox, 4, &[&["close", "aut"]]), @r"
    warning: .ticks/def.toml:1: a merge left both versions: expected the conflict of a merge to be resolved
    warning: .ticks/xyz.toml:1: not TOML: string values must be quoted: expected literal string
    error: `aut` has a child that cannot be read: .ticks/def.toml:1: a merge left both versions: expected the conflict of a merge to be resolved
    hint: correct its file first, or close it all the same with `--force`
    ");
    assert_snapshot!(sandbox.tk(["close", "aut", "--force"]), @r"
    aut  closed  Authentication
    --- stderr
    warning: .ticks/def.toml:1: a merge left both versions: expected the conflict of a merge to be resolved
    warning: .ticks/xyz.toml:1: not TOML: string values must be quoted: expected literal string
    ");
}

#[test]
fn transitions_are_kept() {
    let sandbox = authentication();
    sandbox.write(
        ".ticks/config.toml",
        "[transitions]\nopen = [\"in_progress\"]\nin_progress = [\"open\", \"closed\"]\n",
    );
    assert_snapshot!(refused(&sandbox, 4, &[&["close", "abc"]]), @r"
    error: `abc` cannot be closed from `open`
    hint: from `open` it can go to: in_progress
    ");
    sandbox
        .tk(["update", "abc", "--status", "in_progress"])
        .ok();
    sandbox.tk(["close", "abc"]).ok();
    assert_snapshot!(refused(&sandbox, 4, &[&["reopen", "abc"]]), @r"
    error: `abc` cannot go from `closed` to `open`
    hint: no transition leads on from `closed`
    ");
}

#[test]
fn only_if_it_is_still_the_same() {
    let sandbox = authentication();
    let etag = sandbox.tk(["show", "abc", "--json"]).json()["tickets"][0]["etag"].clone();
    let etag = etag.as_str().unwrap();
    sandbox.tk(["note", "abc", "hm", "--if-match", etag]).ok();
    assert_snapshot!(refused(&sandbox, 5, &[&["close", "abc", "--if-match", etag]]), @r"
    error: `abc` has changed: its etag is `496198e6b333`, not `80dfe0514993`
    hint: `tk show abc` tells how it stands now
    ");
    assert_snapshot!(refused(&sandbox, 2, &[&["close", "abc", "def", "--if-match", etag]]), @"error: `--if-match` is for one ticket at a time");
}

#[test]
fn reopening_blocks_dependants_again() {
    let sandbox = authentication();
    sandbox.tk(["close", "abc", "-r", "done"]).ok();
    assert_snapshot!(sandbox.tk(["reopen", "abc", "--note", "again"]), @"abc  reopened  First");
    assert_snapshot!(sandbox.tk(["reopen", "abc"]), @"abc  unchanged  First");
    assert_eq!(sandbox.tk(["ready", "--fields", "id"]).ok(), "abc\n");
    let text = sandbox.read(".ticks/abc.toml");
    assert!(
        !text.contains("closed_") && !text.contains("reason"),
        "{text}"
    );
}

/// Reopening is the way to mend what is wrong: it is never refused for it, and never silent.
#[test]
fn reopening_that_makes_a_cycle_says_so() {
    let sandbox = authentication();
    sandbox.ticket("bee", "title = \"Bee\"\n");
    sandbox.ticket(
        "ant",
        "title = \"Ant\"\nparent = \"aut\"\nstatus = \"closed\"\n",
    );
    sandbox.tk(["block", "aut", "bee"]).ok();
    sandbox.tk(["block", "bee", "ant"]).ok();
    assert_snapshot!(sandbox.tk(["reopen", "ant", "--dry-run"]), @r"
    ant  would be reopened  Ant
         status: closed → open
    --- stderr
    hint: nothing is written: without `--dry-run` it would be
    warning: tickets would wait for one another: ant → bee → ant (ant → bee: ant is a part of aut, aut is blocked by bee)
    ");
    assert_snapshot!(sandbox.tk(["reopen", "ant"]), @r"
    ant  reopened  Ant
    --- stderr
    warning: tickets wait for one another: ant → bee → ant (ant → bee: ant is a part of aut, aut is blocked by bee)
    hint: break it where it is wrong, for example `tk unblock bee ant`
    ");
    sandbox.tk(["close", "ant"]).ok();
    assert_snapshot!(sandbox.tk(["update", "ant", "-s", "open"]), @r"
    ant  updated  Ant
    --- stderr
    warning: tickets wait for one another: ant → bee → ant (ant → bee: ant is a part of aut, aut is blocked by bee)
    hint: break it where it is wrong, for example `tk unblock bee ant`
    ");
    sandbox.tk(["close", "ant"]).ok();
    let told = sandbox.tk(["reopen", "ant", "--json"]);
    assert_eq!(told.stderr.matches("tickets wait").count(), 1, "{told}");
    // What was a cycle before is nothing new.
    sandbox.ticket(
        "cat",
        "title = \"Cat\"\nparent = \"aut\"\nstatus = \"closed\"\n",
    );
    assert_snapshot!(sandbox.tk(["reopen", "cat"]), @"cat  reopened  Cat");
    // Nor is anything without an edge.
    sandbox.ticket("dog", "title = \"Dog\"\nstatus = \"closed\"\n");
    assert_snapshot!(sandbox.tk(["reopen", "dog"]), @"dog  reopened  Dog");
}

/// An epic below which something is open is not said to be done.
#[test]
fn an_epic_with_open_work_in_a_closed_one_is_not_done() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("epi", "title = \"Epic\"\ntype = \"epic\"\n");
    sandbox.ticket(
        "sub",
        "title = \"Part\"\ntype = \"epic\"\nparent = \"epi\"\n",
    );
    sandbox.ticket("one", "title = \"One\"\nparent = \"sub\"\n");
    let told = sandbox.tk(["close", "sub", "--force"]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{told}");
}
