use insta::assert_snapshot;

use crate::project::{authentication, refused};
use crate::support::Sandbox;

#[test]
fn changes_what_is_named_and_nothing_else() {
    let sandbox = authentication();
    sandbox.ticket(
        "own",
        "# my notes\ntitle = \"Own\" # short\nfuture = true\nlabels = [\"a\"]\n",
    );
    assert_snapshot!(sandbox.tk(["update", "own", "-p", "high", "--add-label", "b", "--remove-label", "zz", "--note", "said"]), @"own  updated  Own");
    assert_snapshot!(sandbox.read(".ticks/own.toml"), @r#"
    # my notes
    title = "Own" # short
    priority = 1
    future = true
    labels = ["a", "b"]

    [[notes]]
    at = 2026-11-20T08:38:50Z
    by = "dana@example.com"
    kind = "comment"
    text = "said"
    "#);
    assert_snapshot!(sandbox.tk(["update", "own", "-p", "1"]), @"own  unchanged  Own");
}

#[test]
fn an_empty_value_clears() {
    let sandbox = authentication();
    sandbox
        .tk([
            "update",
            "def",
            "--owner",
            "ann",
            "--due",
            "2026-12-24",
            "--check",
            "make",
        ])
        .ok();
    sandbox
        .tk([
            "update", "def", "--owner", "", "--due", "", "--check", "", "--parent", "", "-b", "",
            "-l", "",
        ])
        .ok();
    assert_snapshot!(sandbox.tk(["show", "def"]), @r"
    def  Second
    status          open (ready)
    type            task
    priority        2
    ");
}

#[test]
fn begins_work_and_warns_where_it_is_early() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["update", "abc", "--status", "in_progress"]), @"abc  updated  First");
    assert_snapshot!(sandbox.tk(["update", "def", "--status", "in-progress"]), @r"
    def  updated  Second
    --- stderr
    warning: `def` is begun though blocked by `abc`
    ");
    assert_snapshot!(sandbox.tk(["update", "def", "--status", "open", "--json"]).json()["tickets"][0]["started_at"], @r#""2026-11-20T08:38:50Z""#);
}

#[test]
fn work_at_what_was_closed_begins_like_any_other() {
    let sandbox = authentication();
    sandbox.tk(["close", "def", "--force"]).ok();
    assert_snapshot!(sandbox.tk(["update", "def", "--status", "in_progress"]), @r"
    def  updated  Second
    --- stderr
    warning: `def` is begun though blocked by `abc`
    ");
    let started = sandbox.tk(["show", "def", "--json"]).json()["tickets"][0]["started_at"].clone();
    assert_eq!(started, "2026-11-20T08:38:50Z");
}

#[test]
fn what_is_closed_awaits_nothing() {
    let sandbox = authentication();
    let closed = [
        "update",
        "ghi",
        "--status",
        "closed",
        "--awaiting",
        "review",
    ];
    assert_snapshot!(refused(&sandbox, 4, &[
        &["update", "abc", "--awaiting", "review", "--status", "closed"],
        &closed,
    ]), @r"
    error: `abc` cannot be closed and await something
    hint: expected `--awaiting` or a status that closes it, not both
    error: `ghi` cannot be closed and await something
    hint: expected `--awaiting` or a status that closes it, not both
    ");
    sandbox
        .tk(["update", "abc", "--awaiting", "", "--status", "closed"])
        .ok();
    assert_snapshot!(refused(&sandbox, 4, &[
        &["update", "abc", "--awaiting", "review"],
        &["update", "abc", "--awaiting", "review", "--status", "closed"],
    ]), @r"
    error: `abc` is closed: it can await nothing
    hint: `tk reopen abc` opens it again
    error: `abc` is closed: it can await nothing
    hint: `tk reopen abc` opens it again
    ");
}

#[test]
fn ticks_items_by_their_number() {
    let sandbox = authentication();
    sandbox
        .tk([
            "update",
            "abc",
            "--acceptance",
            "one",
            "--acceptance",
            "two",
            "--subtask",
            "try",
        ])
        .ok();
    sandbox
        .tk(["update", "abc", "--met", "2", "--subtask-done", "1"])
        .ok();
    // What is listed again keeps its tick.
    sandbox
        .tk([
            "update",
            "abc",
            "--acceptance",
            "two",
            "--acceptance",
            "three",
        ])
        .ok();
    assert_snapshot!(sandbox.tk(["show", "abc"]), @r"
    abc  First
    status          open (ready)
    type            task
    priority        1
    parent          aut
    blocks          def, ghi
    estimate        2h

    acceptance
      1 [x] two
      2 [ ] three

    subtasks
      1 [x] try
    ");
    assert_snapshot!(refused(&sandbox, 2, &[&["update", "abc", "--met", "3"], &["update", "abc", "--met", "0"]]), @r"
    error: there is no acceptance item 3 in `abc`: expected 1 to 2
    error: there is no acceptance item 0 in `abc`: expected 1 to 2
    ");
    assert_snapshot!(refused(&sandbox, 2, &[&["update", "def", "--subtask-done", "1"]]), @"error: there is no subtask 1 in `def`: it has none");
    // Of several it is told which.
    let several = ["update", "--query", "type=task", "--met", "1"];
    assert_snapshot!(refused(&sandbox, 2, &[&several]), @"error: there is no acceptance item 1 in `def`: it has none");
}

#[test]
fn several_together_or_not_at_all() {
    let sandbox = authentication();
    assert_snapshot!(refused(&sandbox, 3, &[&["update", "abc", "zzz", "-p", "0"]]), @r"
    error: no ticket `zzz`
    hint: `tk list --all` shows every ticket
    ");
    assert_snapshot!(refused(&sandbox, 4, &[&["update", "abc", "def", "--parent", "abc"]]), @"error: `abc` cannot be its own parent");
    assert_snapshot!(sandbox.tk(["update", "abc", "def", "-p", "0"]), @r"
    abc  updated  First
    def  updated  Second
    ");
}

#[test]
fn wrong_values_and_circles_are_refused() {
    let sandbox = authentication();
    assert_snapshot!(refused(&sandbox, 2, &[
        &["update", "abc", "--title", ""],
        &["update", "abc", "--status", "finished"],
        &["update", "abc", "--note", " "],
        &["update", "abc", "--owner", "a\u{7}b"],
    ]), @r"
    error: the title is blank: expected a text
    error: unknown status `finished`: expected one of open, in_progress, closed
    error: the note is blank: expected a text
    error: the owner `a\u{7}b` holds a control character: expected one line of text
    ");
    assert_snapshot!(refused(&sandbox, 4, &[
        &["update", "abc", "-b", "def"],
        &["update", "aut", "--parent", "abc"],
        &["update", "abc", "--parent", "abc"],
        &["update", "aut", "-b", "abc"],
    ]), @r"
    error: tickets would wait for one another: abc → def → abc
    error: tickets would wait for one another: abc → aut → abc (abc → aut: abc is a part of aut; aut → abc: aut is a part of abc)
    error: `abc` cannot be its own parent
    error: tickets would wait for one another: abc → abc (abc → abc: abc is a part of aut, aut is blocked by abc)
    ");
    sandbox.tk(["close", "abc"]).ok();
    assert_snapshot!(refused(&sandbox, 4, &[&["update", "abc", "--awaiting", "input"]]), @r"
    error: `abc` is closed: it can await nothing
    hint: `tk reopen abc` opens it again
    ");
}

/// A command that reads every ticket warns of a file that is none.
#[test]
fn plain_fields_and_notes_read_no_other_ticket() {
    let sandbox = authentication();
    sandbox.ticket("bad", "title = 3\n");
    let warning = ".ticks/bad.toml:1: `title`: it is ";
    let warns = |args: &[&str]| {
        let output = sandbox.tk(args);
        assert_eq!(output.code, 0, "{output}");
        output.stderr.contains(warning)
    };
    for alone in [
        &["note", "abc", "said"][..],
        &["note", "ab", "said by a part of its id"],
        &[
            "update",
            "abc",
            "-p",
            "3",
            "--title",
            "New",
            "-d",
            "Text",
            "--due",
            "2026-12-24",
        ],
        &[
            "update",
            "abc",
            "--add-label",
            "x",
            "--owner",
            "ann",
            "--note",
            "said",
        ],
        &["update", "abc", "def", "--estimate", "3h", "--json"],
    ] {
        assert!(!warns(alone), "{alone:?}");
    }
    for among_others in [
        &["list"][..],
        &["update", "abc", "--parent", "aut"],
        &["update", "def", "-b", "ghi"],
        &[
            "update",
            "auth",
            "--note",
            "said by the beginning of its title",
        ],
        &["claim", "abc"],
    ] {
        assert!(warns(among_others), "{among_others:?}");
    }
}

/// Imported ones may have commas, which otherwise stand between labels.
#[test]
fn a_label_with_a_comma_is_found_and_goes() {
    let sandbox = Sandbox::initialised();
    let label = "help wanted, easy";
    sandbox.ticket(
        "abc",
        &format!("title = \"One\"\nlabels = [\"{label}\", \"easy\"]\n"),
    );
    sandbox.ticket(
        "def",
        "title = \"Two\"\nlabels = [\"easy\", \"help wanted\"]\n",
    );
    let found = |label: &str| sandbox.tk(["list", "-l", label, "--json", "--fields", "id"]);
    assert_eq!(
        found(label).json()["tickets"],
        serde_json::json!([{"id": "abc"}])
    );
    sandbox
        .tk(["update", "abc", "def", "--remove-label", label])
        .ok();
    let labels =
        |id: &str| sandbox.tk(["show", id, "--json"]).json()["tickets"][0]["labels"].clone();
    assert_eq!(labels("abc"), serde_json::json!(["easy"]));
    assert_eq!(labels("def"), serde_json::json!([]));
    // Where no ticket has it, commas stand between labels.
    sandbox.tk(["update", "def", "--add-label", label]).ok();
    assert_eq!(
        found(label).json()["tickets"],
        serde_json::json!([{"id": "def"}])
    );
    let refused = sandbox.tk(["list", "-l", "easy,,x"]);
    assert_eq!(refused.code, 2, "{refused}");
}

#[test]
fn a_reason_is_of_what_is_closed() {
    let sandbox = authentication();
    assert_snapshot!(refused(&sandbox, 2, &[
        &["update", "abc", "--reason", "because"],
        &["update", "abc", "--status", "in_progress", "--reason", "because"],
    ]), @r"
    error: `abc` is not closed: it has no reason
    hint: `--reason` goes with closing: `tk close`
    error: `abc` is not closed: it has no reason
    hint: `--reason` goes with closing: `tk close`
    ");
    sandbox.tk(["close", "abc"]).ok();
    sandbox.tk(["update", "abc", "--reason", "because"]).ok();
    let reason = || sandbox.tk(["show", "abc", "--json"]).json()["tickets"][0]["reason"].clone();
    assert_eq!(reason(), "because");
    sandbox.tk(["update", "abc", "--reason", ""]).ok();
    assert_eq!(reason(), serde_json::Value::Null);
}
