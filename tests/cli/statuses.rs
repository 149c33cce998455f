//! A board's own statuses and transitions, through every command.

use insta::assert_snapshot;

use crate::project::refused;
use crate::support::Sandbox;

/// The configuration of a board.
pub(crate) const BOARD: &str = r#"
[tickets]
initial_status = "backlog"

[[status]]
id = "backlog"
name = "Backlog"
category = "open"
[[status]]
id = "building"
name = "Building"
category = "active"
[[status]]
id = "built"
name = "Built"
category = "active"
[[status]]
id = "testing"
name = "Testing"
category = "active"
[[status]]
id = "done"
name = "Done"
category = "done"

[transitions]
backlog = ["building"]
building = ["built", "backlog"]
built = ["testing"]
testing = ["done", "building"]
done = ["backlog"]
"#;

/// `one`, and `two`, which waits for it, in the epic `epi`.
fn board() -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.write(".ticks/config.toml", BOARD);
    sandbox.ticket("epi", "title = \"Epic\"\ntype = \"epic\"\n");
    sandbox.ticket("one", "title = \"One\"\nparent = \"epi\"\n");
    sandbox.ticket(
        "two",
        "title = \"Two\"\nparent = \"epi\"\nblocked_by = [\"one\"]\n",
    );
    sandbox
}

#[test]
fn a_ticket_walks_through() {
    let sandbox = board();
    let status =
        |id: &str| sandbox.tk(["show", id, "--json"]).json()["tickets"][0]["status"].clone();
    assert_eq!(status("one"), "backlog");
    assert_eq!(sandbox.file(["New"]).len(), 3);
    assert_snapshot!(sandbox.tk(["next"]), @"one  P2  backlog  task  One");
    sandbox.tk(["claim", "one"]).ok();
    assert_eq!(status("one"), "building");
    assert_snapshot!(sandbox.tk(["graph", "epi"]), @r"
    epi Epic

    Wave 1 (1 ticket)
     * one P2 1h One  building

    Wave 2 (1 ticket)
     * two P2 1h Two  ← one  backlog

    Critical path (*): 2h, 2 of 2 tickets: one → two
    Widest wave: 1. Ready now (>): 0.
    ");
    assert_snapshot!(refused(&sandbox, 4, &[
        &["update", "one", "--status", "testing"],
        &["update", "one", "--status", "done"],
        &["close", "one"],
        &["close", "one", "--force", "--json"],
        &["update", "two", "--status", "built"],
    ]), @r#"
    error: `one` cannot go from `building` to `testing`
    hint: from `building` it can go to: backlog, built
    error: `one` cannot go from `building` to `done`
    hint: from `building` it can go to: backlog, built
    error: `one` cannot be closed from `building`
    hint: from `building` it can go to: backlog, built
    {"schema":"tk.error.v1","error":{"code":"REFUSED","message":"`one` cannot be closed from `building`","hint":"from `building` it can go to: backlog, built","retryable":false,"exit_code":4,"context":{"allowed":["backlog","built"]}}}
    error: `two` cannot go from `backlog` to `built`
    hint: from `backlog` it can go to: building
    "#);
    assert_snapshot!(refused(&sandbox, 2, &[&["update", "one", "--status", "closed"]]), @"error: unknown status `closed`: expected one of backlog, building, built, testing, done");
    sandbox.tk(["update", "one", "--status", "Built"]).ok();
    sandbox.tk(["update", "one", "--status", "testing"]).ok();
    assert_snapshot!(sandbox.tk(["list", "--status", "built,testing"]), @"one  P2  testing  task  One  @dana@example.com");
    assert_snapshot!(sandbox.tk(["list", "--parent", "epi", "-s", "backlog"]), @"two  P2  backlog  task  Two  ← one");
    // Released in the middle of the way, it stays where it is.
    assert_snapshot!(sandbox.tk(["release", "one"]), @r"
    one  released  One
    --- stderr
    hint: `one` stays testing: no transition leads back to backlog
    ");
    assert_snapshot!(sandbox.tk(["close", "one", "--reason", "works"]), @"one  closed  One");
    assert_eq!(status("one"), "done");
    assert_snapshot!(sandbox.tk(["list", "--status", "done"]), @"one  P2  done  task  One");
    assert_snapshot!(sandbox.tk(["ready", "epi"]), @"two  P2  backlog  task  Two");
    assert_snapshot!(sandbox.tk(["reopen", "one"]), @"one  reopened  One");
    assert_eq!(status("one"), "backlog");
    assert_snapshot!(sandbox.tk(["blocked", "epi"]), @r"
    two  P2  Two
         blocked by `one`
    ");
    assert_snapshot!(sandbox.tk(["next", "epi", "--claim", "--json"]), @r#"{"schema":"tk.next.v1","total":1,"truncated":false,"tickets":[{"id":"one","title":"One","type":"task","status":"building","priority":2,"owner":"dana@example.com","parent":"epi","labels":[],"requires":null,"estimate":null,"etag":"1430585353b3"}]}"#);
    assert_snapshot!(sandbox.tk(["release", "one"]), @"one  released  One");
    assert_eq!(status("one"), "backlog");
    assert_snapshot!(sandbox.tk(["config", "transitions"]), @r#"transitions = { backlog = ["building"], building = ["backlog", "built"], built = ["testing"], testing = ["building", "done"], done = ["backlog"] }  # .ticks/config.toml:26"#);
}

/// Every command that changes a ticket, in the order of a ticket's life: what it says on either
/// stream, its exit code, and the status of `one` after it.
#[test]
fn every_command_keeps_to_the_board() {
    let sandbox = board();
    let edit = |from: &str, to: &str| {
        let mut command = sandbox.tk_command();
        let editor = format!("sed -i s/\\\"{from}\\\"/\\\"{to}\\\"/");
        command
            .args(["edit", "one", "--fresh"])
            .env("EDITOR", editor);
        sandbox.run(&mut command, None)
    };
    let way = |from: &str, to: &str| format!("from `{from}` it can go to: {to}");
    let rows: &[(&str, i32, &str, &str)] = &[
        ("update one --status backlog", 0, "unchanged", "backlog"),
        (
            "update one --status testing",
            4,
            &way("backlog", "building"),
            "backlog",
        ),
        (
            "update one --status DONE",
            4,
            &way("backlog", "building"),
            "backlog",
        ),
        (
            "update one --status in_progress",
            2,
            "expected one of backlog, building, ",
            "backlog",
        ),
        ("close one", 4, &way("backlog", "building"), "backlog"),
        ("reopen one", 0, "unchanged", "backlog"),
        ("release one", 0, "unchanged", "backlog"),
        ("next epi --claim", 0, "one  P2  building", "building"),
        ("claim one", 0, "unchanged", "building"),
        ("next epi", 1, "", "building"),
        ("blocked epi", 0, "blocked by `one`", "building"),
        ("graph epi", 0, "One  building", "building"),
        ("list --ready", 0, "", "building"),
        ("list -s building,built", 0, "one  P2  building", "building"),
        ("list -s ' Building '", 0, "one  P2  building", "building"),
        (
            "list -s nowhere",
            2,
            "expected one of backlog, building, ",
            "building",
        ),
        ("ask one why?", 0, "asked", "building"),
        ("answer one because", 0, "answered", "building"),
        ("update one --status ' BUILT '", 0, "updated", "built"),
        (
            "update one --status building",
            4,
            &way("built", "testing"),
            "built",
        ),
        ("reopen one", 0, "unchanged", "built"),
        (
            "update one --requires review --status testing",
            0,
            "updated",
            "testing",
        ),
        ("close one", 0, "awaiting review", "testing"),
        ("reject one no", 0, "rejected", "backlog"),
        ("claim one", 0, "held until", "building"),
        ("update one --status built", 0, "updated", "built"),
        ("update one --status testing", 0, "updated", "testing"),
        ("update one --status done", 0, "awaiting review", "testing"),
        ("approve one", 0, "approved", "testing"),
        ("update one --status done", 0, "updated", "done"),
        ("close one", 0, "unchanged", "done"),
        ("claim one", 4, "`one` is closed", "done"),
        ("ready epi", 0, "two  P2  backlog", "done"),
        (
            "update one --status testing",
            4,
            &way("done", "backlog"),
            "done",
        ),
        ("reopen one", 0, "reopened", "backlog"),
        ("delete one", 4, "is referred to by `two`", "backlog"),
    ];
    for (command, code, said, status) in rows {
        let mut shell = sandbox.command("sh");
        let line = format!("{} {command}", env!("CARGO_BIN_EXE_tk"));
        let output = sandbox.run(shell.args(["-c", &line]), None);
        assert_eq!(output.code, *code, "{command}\n{output}");
        assert!(
            output.to_string().contains(said),
            "{command}: {said}\n{output}"
        );
        let now = sandbox.tk(["show", "one", "--json"]).json()["tickets"][0]["status"].clone();
        assert_eq!(now, *status, "{command}\n{output}");
    }
    // In an editor, statuses go the same ways.
    sandbox.ticket("one", "title = \"One\"\nstatus = \"backlog\"\n");
    let refused = edit("backlog", "done");
    assert_eq!(refused.code, 4, "{refused}");
    assert!(
        refused.stderr.contains(&way("backlog", "building")),
        "{refused}"
    );
    assert_eq!(edit("backlog", "nowhere").code, 4);
    for (from, to) in [
        ("backlog", "building"),
        ("building", "built"),
        ("built", "testing"),
        ("testing", "done"),
        ("done", "backlog"),
    ] {
        let output = edit(from, to);
        assert_eq!(output.code, 0, "{output}");
        assert!(
            sandbox
                .read(".ticks/one.toml")
                .contains(&format!("status = \"{to}\""))
        );
    }
    sandbox.tk(["delete", "one", "--force"]).ok();
    assert_snapshot!(sandbox.tk(["ready", "epi"]), @"two  P2  backlog  task  Two");
}
