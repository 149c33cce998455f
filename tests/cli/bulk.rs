//! Changing many tickets by a query, and seeing first what would change.

use insta::assert_snapshot;
use serde_json::json;

use crate::project::{authentication, files, refused};
use crate::support::Sandbox;

fn many() -> Sandbox {
    let sandbox = authentication();
    sandbox.ticket(
        "old",
        "title = \"Old\"\nstatus = \"closed\"\nlabels = [\"api\"]\n",
    );
    sandbox.ticket(
        "mine",
        "title = \"Mine\"\nowner = \"ann\"\nlabels = [\"api\", \"ui\"]\n",
    );
    sandbox
}

#[test]
fn those_are_changed_that_list_shows() {
    let sandbox = many();
    let shown = sandbox.tk(["list", "--query", "label:api", "--fields", "id"]);
    assert_eq!(shown.ok(), "def\nmine\n");
    let args = ["update", "--query", "label:api", "--add-label", "seen"];
    assert_snapshot!(sandbox.tk(args), @r"
    def   updated  Second
    mine  updated  Mine
    ");
    let seen = sandbox.tk(["list", "--all", "-l", "seen", "--fields", "id"]);
    assert_eq!(seen.ok(), "def\nmine\n");
    let args = [
        "update",
        "--query",
        "label:api (open or closed)",
        "-p",
        "P0",
        "--json",
    ];
    let told = sandbox.tk(args).json();
    assert_eq!(told["total"], 3);
    assert_eq!(told["results"].as_array().unwrap().len(), 3);
    assert!(sandbox.read(".ticks/old.toml").contains("priority = 0"));
}

#[test]
fn close_and_reopen_by_query() {
    let sandbox = many();
    assert_snapshot!(sandbox.tk(["close", "--query", "owner=ann", "--reason", "stale"]), @"mine  closed  Mine");
    assert_snapshot!(sandbox.tk(["reopen", "--query", "reason=stale"]), @"mine  reopened  Mine");
    assert_snapshot!(sandbox.tk(["close", "--query", "epic:auth or id=aut"]), @r"
    --- stderr
    error: `aut` has open children: `ghi`
    hint: close those first, or close it all the same with `--force`
    --- exit 4
    ");
}

#[test]
fn reopening_by_query_is_about_closed_tickets() {
    let sandbox = many();
    let args = ["reopen", "--query", "id=mine,old", "--dry-run"];
    assert_snapshot!(sandbox.tk(args), @r"
    old  would be reopened  Old
         status: closed → open
    --- stderr
    hint: nothing is written: without `--dry-run` it would be
    ");
    assert_snapshot!(sandbox.tk(["reopen", "--query", "label:api"]), @"old  reopened  Old");
    // What it says of status itself counts.
    sandbox.tk(["close", "mine"]).ok();
    let args = ["reopen", "--query", "label:api and (open or closed)"];
    assert_snapshot!(sandbox.tk(args), @r"
    def   unchanged  Second
    mine  reopened   Mine
    old   unchanged  Old
    ");
}

#[test]
fn where_only_others_fit_that_is_said() {
    let sandbox = many();
    sandbox.ticket("older", "title = \"Older\"\nstatus = \"closed\"\n");
    let before = files(&sandbox);
    for (command, query, told) in [
        (
            "update",
            "id=old",
            "no open ticket fits the query: one that is closed does, and `(…) and closed` means it",
        ),
        (
            "close",
            "title~old",
            "no open ticket fits the query: 2 that are closed do, and `(…) and closed` means them",
        ),
        (
            "reopen",
            "owner=ann",
            "no closed ticket fits the query: one that is open does",
        ),
        (
            "reopen",
            "type=task not label=none not title~old",
            "no closed ticket fits the query: 3 that are open do",
        ),
        ("update", "id=old open", "no ticket fits the query"),
        ("reopen", "owner=ann closed", "no ticket fits the query"),
    ] {
        let args = [command, "--query", query, "--note", "seen"];
        let output = sandbox.tk(args);
        assert_eq!((output.code, output.stdout.as_str()), (0, ""), "{output}");
        assert_eq!(
            output.stderr,
            format!("hint: {told}\n"),
            "{command} {query}"
        );
        let tried = sandbox.tk(args.iter().chain(&["--dry-run"]));
        assert_eq!(tried.stderr, output.stderr, "{command} {query}");
        let quiet = sandbox.tk(args.iter().chain(&["--quiet"]));
        assert_eq!(quiet.stderr, "", "{command} {query}");
    }
    assert_eq!(files(&sandbox), before);
}

#[test]
fn all_or_nothing() {
    let sandbox = many();
    assert_snapshot!(refused(&sandbox, 4, &[
        &["close", "--query", "label:api"],
        &["close", "--query", "label:api", "--dry-run"],
        &["update", "--query", "type=task", "-b", "ghi"],
    ]), @r"
    error: `def` is blocked by `abc`
    hint: close those first, or close it all the same with `--force`
    error: `def` is blocked by `abc`
    hint: close those first, or close it all the same with `--force`
    error: tickets would wait for one another: abc → ghi → abc
    ");
}

#[test]
fn nothing_that_fits_is_no_failure() {
    let sandbox = many();
    let before = files(&sandbox);
    for command in ["update", "close", "reopen"] {
        let output = sandbox.tk([command, "--query", "label:none"]);
        assert_eq!((output.code, output.stdout.as_str()), (0, ""), "{output}");
        assert_eq!(output.stderr, "hint: no ticket fits the query\n");
        let told = sandbox
            .tk([command, "--query", "label:none", "--json"])
            .json();
        assert_eq!(
            (&told["total"], &told["changed"]),
            (&json!(0), &json!(false))
        );
    }
    assert_eq!(files(&sandbox), before);
}

#[test]
fn what_cannot_be_understood_changes_nothing() {
    let sandbox = many();
    assert_snapshot!(refused(&sandbox, 2, &[
        &["update", "--query", "lable:api", "-p", "0"],
        &["close", "--query", ""],
        &["update", "abc", "--query", "ready", "-p", "0"],
        &["update", "-p", "0"],
        &["update", "--query", "label:api", "-p", "0", "--if-match", "abc"],
    ]), @r"
    error: unknown field `lable`
      lable:api
      ^^^^^
    hint: did you mean `label`?
    error: the query is empty: expected a condition such as `priority<=1`
    hint: `tk list --help` shows every field
    error: the argument '[ID]...' cannot be used with '--query <EXPR>'

    Usage: tk update --priority <PRIORITY> <ID>...

    For more information, try '--help'.
    error: the following required arguments were not provided:
      <ID>...

    Usage: tk update --priority <PRIORITY> <ID>...

    For more information, try '--help'.
    error: `--if-match` is for one ticket at a time
    ");
}

#[test]
fn a_dry_run_shows_each_change_and_makes_none() {
    let sandbox = many();
    let text = sandbox.read(".ticks/mine.toml");
    let parts = "[[acceptance]]\ntext = \"It works\"\n[[subtasks]]\ntitle = \"Begin\"\n";
    sandbox.ticket("mine", &format!("{text}{parts}"));
    sandbox.tk(["claim", "abc"]).ok();
    sandbox.git(["config", "--unset", "merge.ticks.driver"]);
    let before = files(&sandbox);
    assert_snapshot!(sandbox.tk([
        "update", "--query", "label:api", "-p", "0", "--owner=", "--label", "ui",
        "--add-label", "new", "--note", "first\nsecond", "--description", "It hangs.", "--dry-run",
    ]), @r"
    def   would be updated  Second
          priority: 2 → 0
          labels: -api +new +ui
          description: none → It hangs.
          notes: +first\nsecond
    mine  would be updated  Mine
          priority: 2 → 0
          owner: ann → none
          labels: -api +new
          description: none → It hangs.
          notes: +first\nsecond
    --- stderr
    hint: nothing is written: without `--dry-run` it would be
    ");
    assert_snapshot!(sandbox.tk(["update", "mine", "abc", "--title", "Mine", "--dry-run"]), @r"
    mine  unchanged  Mine
    abc   would be updated  Mine
          title: First → Mine
    --- stderr
    hint: nothing is written: without `--dry-run` it would be
    ");
    let args = [
        "update",
        "mine",
        "--met",
        "1",
        "--subtask-done",
        "1",
        "--dry-run",
    ];
    assert_snapshot!(sandbox.tk(args), @r"
    mine  would be updated  Mine
          acceptance: -[ ] It works +[x] It works
          subtasks: -[ ] Begin +[x] Begin
    --- stderr
    hint: nothing is written: without `--dry-run` it would be
    ");
    assert_snapshot!(sandbox.tk(["close", "abc", "--dry-run", "--quiet"]), @r"
    abc  would be closed  First
         status: in_progress → closed
         closed_at: none → 2026-11-20T08:38:50Z
         closed_by: none → dana@example.com
    ");
    assert_snapshot!(sandbox.tk(["close", "ghi", "--force", "--dry-run"]), @r"
    ghi  would be awaiting review  Third
         awaiting: none → review
    --- stderr
    hint: nothing is written: without `--dry-run` it would be
    ");
    assert_eq!(files(&sandbox), before);
    let claims = std::fs::read_dir(sandbox.path().join(".git/tk/claims")).unwrap();
    assert_eq!(claims.count(), 1);
    let config = sandbox.read(".git/config");
    assert!(!config.contains("driver ="), "{config}");
}

#[test]
fn a_dry_run_tells_what_the_command_then_does() {
    for args in [
        &[
            "update",
            "--query",
            "label:api",
            "-p",
            "0",
            "--note",
            "seen",
        ][..],
        &["update", "abc", "ghi", "--status", "in_progress"],
        &["update", "ghi", "--parent="],
        &["close", "abc", "--reason", "by hand"],
        &["close", "ghi", "--force"],
        &["reopen", "--query", "closed"],
    ] {
        let sandbox = many();
        let before = files(&sandbox);
        let told = |more: &[&str]| sandbox.tk(args.iter().chain(more)).json();
        let mut tried = told(&["--json", "--dry-run"]);
        assert_eq!(files(&sandbox), before, "{args:?}");
        let done = told(&["--json"]);
        assert_ne!(files(&sandbox), before, "{args:?}");
        assert_eq!(tried["dry_run"], true);
        tried.as_object_mut().unwrap().remove("dry_run");
        for result in tried["results"].as_array_mut().unwrap() {
            let changes = result.as_object_mut().unwrap().remove("changes").unwrap();
            assert!(
                !changes.as_array().unwrap().is_empty(),
                "{args:?}: {changes}"
            );
        }
        assert_eq!(tried, done, "{args:?}");
    }
}

#[test]
fn thousands_at_once() {
    let sandbox = Sandbox::initialised();
    for number in 0..2_000 {
        let text = format!("title = \"{number}\"\npriority = {}\n", number % 5);
        sandbox.ticket(&format!("t{number}"), &text);
    }
    let told = sandbox
        .tk(["update", "--query", "priority=3", "-p", "1", "--json"])
        .json();
    assert_eq!(told["total"], 400);
    let count = |query| {
        sandbox
            .tk(["list", "--query", query, "-n", "1", "--json"])
            .json()["total"]
            .clone()
    };
    assert_eq!(
        (count("priority=3"), count("priority=1")),
        (json!(0), json!(800))
    );
}

#[test]
fn a_rehearsal_of_nothing_promises_nothing() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"First\"\npriority = 1\n");
    assert_snapshot!(sandbox.tk(["update", "abc", "-p", "1", "--dry-run"]), @"abc  unchanged  First");
    let none = sandbox.tk(["update", "--query", "label:none", "-p", "1", "--json"]);
    assert_eq!(none.json()["closed"], serde_json::Value::Null, "{none}");
}
