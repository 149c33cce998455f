use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{authentication, refused};
use crate::support::Sandbox;

#[test]
fn prints_the_id_alone_and_writes_a_file() {
    let sandbox = Sandbox::initialised();
    let id = sandbox.file(["Add login endpoint"]);
    assert_snapshot!(sandbox.read(format!(".ticks/{id}.toml")), @r#"
    title = "Add login endpoint"

    status = "open"

    priority = 2

    type = "task"

    owner = ""

    parent = ""

    labels = []

    blocked_by = []

    requires = ""

    awaiting = ""

    estimate = ""

    created_at = 2026-11-20T08:38:50Z

    created_by = "dana@example.com"

    # description
    description = ""

    # acceptance

    # subtasks

    # notes

    # runs
    "#);
}

#[test]
fn takes_every_field() {
    let sandbox = authentication();
    let id = sandbox.file([
        "Everything",
        "-d",
        "Line one\nLine two",
        "-t",
        "BUG",
        "-p",
        "P0",
        "-l",
        "b,a",
        "-l",
        "c",
        "-o",
        "dana@example.com",
        "--parent",
        "aut",
        "-b",
        "abc,def",
        "--after",
        "ghi",
        "--acceptance",
        "it works",
        "--subtask",
        "try it",
        "--check",
        "make test",
        "--touches",
        "src/**",
        "-r",
        "content",
        "-a",
        "work",
        "--estimate",
        "90m",
        "--due",
        "2026-12-24",
        "--defer",
        "2026-12-01",
        "--agent",
        "claude",
        "--model",
        "sonnet",
        "--lock",
        "db",
        "--discovered-from",
        "abc",
    ]);
    assert_snapshot!(sandbox.read(format!(".ticks/{id}.toml")), @r#"
    title = "Everything"

    status = "open"

    priority = 0

    type = "bug"

    owner = "dana@example.com"

    parent = "aut"

    labels = [
      "a",
      "b",
      "c",
    ]

    blocked_by = [
      "abc",
      "def",
    ]

    requires = "content"

    awaiting = "work"

    estimate = "1h30m"

    due = 2026-12-24

    defer_until = 2026-12-01

    after = [
      "ghi",
    ]

    discovered_from = "abc"

    agent = "claude"

    model = "sonnet"

    lock = "db"

    checks = [
      "make test",
    ]

    touches = [
      "src/**",
    ]

    created_at = 2026-11-20T08:38:50Z

    created_by = "dana@example.com"

    # description
    description = """
    Line one
    Line two
    """

    # acceptance

    [[acceptance]]
    text = "it works"
    met = false

    # subtasks

    [[subtasks]]
    title = "try it"
    done = false

    # notes

    # runs
    "#);
}

#[test]
fn answers_with_the_ticket_as_json() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["new", "Fourth", "--parent", "auth", "-b", "abc", "--json"]), @r#"{"schema":"tk.new.v1","total":1,"truncated":false,"tickets":[{"id":"u8r","title":"Fourth","type":"task","status":"open","priority":2,"owner":null,"parent":"aut","labels":[],"blocked_by":["abc"],"requires":null,"awaiting":null,"estimate":null,"after":[],"related":[],"discovered_from":null,"duplicate_of":null,"due":null,"defer_until":null,"repeat":null,"recurs_from":null,"agent":null,"model":null,"lock":null,"pr":null,"checks":[],"touches":[],"created_at":"2026-11-20T08:38:50Z","created_by":"dana@example.com","started_at":null,"closed_at":null,"closed_by":null,"reason":null,"verdict":null,"acceptance":[],"subtasks":[],"etag":"1abe26f53507","blocks":[],"open_blockers":["abc"],"ready":false,"updated_at":"2026-11-20T08:38:50Z","note_count":0,"cost_usd":null}],"similar":[]}"#);
}

#[test]
fn a_long_text_comes_from_standard_input_or_a_file() {
    let sandbox = Sandbox::initialised();
    let made = sandbox.tk_with_input(["new", "Piped", "-d", "-", "--json"], "one\r\ntwo\n\n");
    let id = made.json()["tickets"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        sandbox.tk(["show", &id, "--json"]).json()["tickets"][0]["description"],
        "one\ntwo"
    );
    sandbox.write("story.md", "from a file\n");
    let id = sandbox.file(["Filed", "--description", "@story.md"]);
    assert_eq!(
        sandbox.tk(["show", &id, "--json"]).json()["tickets"][0]["description"],
        "from a file"
    );
    let id = sandbox.file(["Said", "--description", "@dana please look"]);
    assert_eq!(
        sandbox.tk(["show", &id, "--json"]).json()["tickets"][0]["description"],
        "@dana please look"
    );
}

#[test]
fn many_at_once_from_toml_with_names_for_each_other() {
    let sandbox = Sandbox::initialised();
    let plan = r#"
[[ticket]]
local = "epic"
title = "Payments"
type = "epic"

[[ticket]]
local = "schema"
title = "Schema"
parent = "epic"
priority = 1
due = 2026-12-24

[[ticket]]
title = "Endpoint"
parent = "epic"
blocked_by = ["schema"]
labels = ["api"]
"#;
    let ids = sandbox.tk_with_input(["new", "--file", "-"], plan).ok();
    assert_eq!(ids.lines().count(), 3);
    assert_snapshot!(sandbox.tk(["graph", "payments"]), @r"
    u8r Payments

    Wave 1 (1 ticket)
    >* n57 P1 1h Schema

    Wave 2 (1 ticket)
     * v46 P2 1h Endpoint  ← n57

    Critical path (*): 2h, 2 of 2 tickets: n57 → v46
    Widest wave: 1. Ready now (>): 1.
    ");
}

#[test]
fn many_at_once_from_json_lines() {
    let sandbox = Sandbox::initialised();
    let lines =
        "{\"title\":\"One\",\"local\":\"a\"}\n\n{\"title\":\"Two\",\"blocked_by\":[\"a\"]}\n";
    sandbox.write("plan.jsonl", lines);
    assert_eq!(
        sandbox
            .tk(["new", "--file", "plan.jsonl"])
            .ok()
            .lines()
            .count(),
        2
    );
    assert_snapshot!(sandbox.tk(["list"]), @r"
    n57  P2  open  task  Two  ← u8r
    u8r  P2  open  task  One
    ");
}

#[test]
fn a_file_is_taken_as_a_whole_or_not() {
    let sandbox = authentication();
    sandbox.write(
        "typo.toml",
        "[[ticket]]\ntitle = \"x\"\n\n[[ticket]]\ntitel = \"y\"\n",
    );
    sandbox.write(
        "unknown.toml",
        "[[ticket]]\ntitle = \"x\"\n[[ticket]]\ntitle = \"y\"\nparent = \"zzz\"\n",
    );
    sandbox.write("circle.toml", "[[ticket]]\nlocal = \"a\"\ntitle = \"x\"\nblocked_by = [\"b\"]\n[[ticket]]\nlocal = \"b\"\ntitle = \"y\"\nblocked_by = [\"a\"]\n");
    sandbox.write(
        "twice.jsonl",
        "{\"local\":\"a\",\"title\":\"x\"}\n{\"local\":\"a\",\"title\":\"y\"}\n",
    );
    sandbox.write("none.toml", "ticket = []\n");
    assert_snapshot!(refused(&sandbox, 2, &[
        &["new", "--file", "typo.toml"],
        &["new", "--file", "twice.jsonl"],
        &["new", "--file", "none.toml"],
        &["new", "--file", "missing.toml"],
        &["new", "--file", "typo.toml", "And a title"],
    ]), @r"
    error: typo.toml:5: unknown field `titel`, expected one of `local`, `title`, `description`, `type`, `priority`, `labels`, `owner`, `parent`, `blocked_by`, `after`, `related`, `acceptance`, `subtasks`, `checks`, `touches`, `requires`, `awaiting`, `estimate`, `due`, `defer_until`, `repeat`, `agent`, `model`, `lock`, `pr`, `discovered_from`, `duplicate_of`
    hint: did you mean `title`?
    error: twice.jsonl:2: the local name `a` is there twice
    error: none.toml:1: there is no ticket in it
    error: cannot read `missing.toml`: No such file or directory (os error 2)
    error: the argument '--file <FILE>' cannot be used with '[TITLE]'

    Usage: tk new --file <FILE> [TITLE]

    For more information, try '--help'.
    ");
    assert_snapshot!(refused(&sandbox, 3, &[&["new", "--file", "unknown.toml"]]), @r"
    error: unknown.toml:5: no ticket `zzz`
    hint: `tk list --all` shows every ticket
    ");
    // Ids that there never were are nothing that anybody knows.
    sandbox.write(
        "self.toml",
        "[[ticket]]\nlocal = \"a\"\ntitle = \"x\"\n\nafter = [\"a\"]\n",
    );
    sandbox.write("under.toml", "[[ticket]]\nlocal = \"e\"\ntitle = \"x\"\n[[ticket]]\ntitle = \"A task\"\nparent = \"e\"\nblocked_by = [\"e\"]\n");
    assert_snapshot!(refused(&sandbox, 4, &[
        &["new", "--file", "circle.toml"],
        &["new", "--file", "self.toml"],
        &["new", "--file", "under.toml"],
        &["new", "--file", "circle.toml", "--json"],
    ]), @r#"
    error: circle.toml:8: tickets would wait for one another: b → a → b
    error: self.toml:5: `a` cannot be after itself
    error: under.toml:7: tickets would wait for one another: `A task` → `A task` (`A task` → `A task`: `A task` is blocked by e, `A task` is a part of e)
    {"schema":"tk.error.v1","error":{"code":"CYCLE","message":"circle.toml:8: tickets would wait for one another: b → a → b","hint":null,"retryable":false,"exit_code":4,"context":{"cycle":["b","a"],"path":"circle.toml","line":8}}}
    "#);
}

#[test]
fn a_file_takes_what_a_tickets_file_says() {
    let sandbox = authentication();
    let plan = r#"
[[ticket]]
local = "pay"
title = "Pay"
related = ["abc"]
pr = "https://example.com/1"
acceptance = ["one", { text = "two", check = "make two" }]
subtasks = ["first", { title = "second", done = true }]

[[ticket]]
title = "Pay again"
duplicate_of = "pay"

[[ticket.acceptance]]
text = "three"
check = "make three"
met = true
"#;
    let made = sandbox.tk_with_input(["new", "--file", "-", "--json"], plan);
    let made = made.json();
    let (pay, again) = (&made["tickets"][0], &made["tickets"][1]);
    assert_eq!(pay["related"], json!(["abc"]));
    assert_eq!(pay["pr"], "https://example.com/1");
    assert_eq!(again["duplicate_of"], pay["id"]);
    let items = |ticket: &Value, key: &str| {
        let id = ticket["id"].as_str().unwrap();
        sandbox.tk(["show", id, "--json"]).json()["tickets"][0][key].clone()
    };
    assert_eq!(
        items(pay, "acceptance"),
        json!([
            {"text": "one", "check": null, "met": false},
            {"text": "two", "check": "make two", "met": false}
        ])
    );
    assert_eq!(
        items(pay, "subtasks"),
        json!([
            {"title": "first", "done": false},
            {"title": "second", "done": true}
        ])
    );
    assert_eq!(
        items(again, "acceptance"),
        json!([{"text": "three", "check": "make three", "met": true}])
    );
}

#[test]
fn json_lines_may_begin_with_a_mark_and_are_no_array() {
    let sandbox = Sandbox::initialised();
    let new = |text: &str| sandbox.tk_with_input(["new", "--file", "-"], text);
    new("\u{feff}{\"title\":\"One\"}\n{\"title\":\"Two\"}\n").ok();
    new("\u{feff}[[ticket]]\ntitle = \"Three\"\n").ok();
    assert_snapshot!(new("\n [\n {\"title\":\"x\"}]\n"), @r"
    --- stderr
    error: standard input:2: a JSON array: expected one object a line, without the array
    hint: `jq -c '.[]'` makes that of it
    --- exit 2
    ");
    assert_eq!(sandbox.tk(["list", "--json"]).json()["total"], 3);
}

#[test]
fn the_same_title_of_signs_alone_is_likely_the_same() {
    let sandbox = Sandbox::initialised();
    let id = sandbox.file(["!!!"]);
    let told = sandbox.tk(["new", "!!!"]);
    let hint = format!("hint: `{id}` (open) is likely the same: !!!");
    assert!(told.stderr.contains(&hint), "{told}");
    assert_eq!(sandbox.tk(["new", "???"]).stderr, "");
}

#[test]
fn quotes_in_messages_are_as_they_were_given() {
    let sandbox = authentication();
    assert_snapshot!(refused(&sandbox, 2, &[
        &["new", "x", "-t", "it's \"q\" a\\b"],
        &["new", "x", "--due", "e\u{301}\u{202e}'"],
    ]), @r#"
    error: unknown type `it's "q" a\b`: expected one of task, bug, feature, chore, epic
    error: the due day `é\u{202e}'` is not a day: expected one such as `2026-11-20`, `tomorrow` or `3d`
    "#);
}

#[test]
fn the_fault_of_a_file_is_told_with_its_line() {
    let sandbox = authentication();
    for (key, message) in [
        ("title = \" \"", "the title is blank"),
        ("title = 3", "invalid type: integer `3`, expected a string"),
        ("title = \"x\"\n\npriority = 9", "unknown priority `9`"),
        ("title = \"x\"\n\npriority = -1", "unknown priority `-1`"),
        ("title = \"x\"\n\npriority = 1.0", "unknown priority `1.0`"),
        (
            "title = \"x\"\n\npriority = 1e300",
            "unknown priority `1e300`",
        ),
        (
            "title = \"x\"\n\npriority = true",
            "unknown priority `true`",
        ),
        (
            "title = \"x\"\n\npriority = 99999999999999999999",
            "unknown priority `99999999999999999999`",
        ),
        (
            "title = \"x\"\n\npriority = { a = 1 }",
            "invalid type: map, expected a string, a number or a date",
        ),
        ("title = \"x\"\n\ndue = true", "the due day `true` is not"),
        ("title = \"x\"\n\ndue = 07:32:00", "the due day `07:32:00`"),
        (
            "title = \"x\"\n\nacceptance = [3]",
            "invalid type: integer `3`, expected a string or a table",
        ),
        (
            "title = \"x\"\n\nsubtasks = [{ done = true }]",
            "missing field `title`",
        ),
        ("title = \"x\"\n\ntype = \"tsak\"", "unknown type `tsak`"),
        (
            "title = \"x\"\n\nrequires = \"reveiw\"",
            "unknown gate `reveiw`",
        ),
        ("title = \"x\"\n\ndue = 2026-02-28T10:00:00Z", "the due day"),
        ("title = \"x\"\n\nblocked_by = [\"zzz\"]", "no ticket `zzz`"),
        ("title = \"x\"\n\nagent = \"nobody\"", "no agent `nobody`"),
    ] {
        sandbox.write(
            "plan.toml",
            &format!("[[ticket]]\ntitle = \"A\"\n[[ticket]]\n{key}\n"),
        );
        let line = 3 + key.lines().count();
        let code = if key.contains("zzz") { 3 } else { 2 };
        let said = refused(&sandbox, code, &[&["new", "--file", "plan.toml"]]);
        let wanted = format!("error: plan.toml:{line}: {message}");
        assert!(said.starts_with(&wanted), "{wanted}\n{said}");
    }
    sandbox.write(
        "plan.jsonl",
        "{\"title\":\"A\"}\n\n{\"title\":\"B\",\"priority\":9}\n",
    );
    assert_snapshot!(refused(&sandbox, 2, &[&["new", "--file", "plan.jsonl", "--json"]]), @r#"{"schema":"tk.error.v1","error":{"code":"INVALID_ARGUMENT","message":"plan.jsonl:3: unknown priority `9`: expected one of 0 (highest), 1, 2, 3, 4 (lowest)","hint":null,"retryable":false,"exit_code":2,"context":{"path":"plan.jsonl","line":3}}}"#);
    let broken = sandbox.tk_with_input(["new", "--file", "-"], "{\"title\":\"A\"}\n{\"title\"\n");
    assert_snapshot!(broken, @r"
    --- stderr
    error: standard input:2: EOF while parsing an object
    --- exit 2
    ");
}

#[test]
fn a_misspelt_word_is_answered_with_the_likeliest() {
    let sandbox = authentication();
    for (option, given, meant) in [
        ("--requires", "reveiw", "review"),
        ("--awaiting", "Aproval", "approval"),
        ("--type", "faeture", "feature"),
    ] {
        let said = refused(&sandbox, 2, &[&["new", "x", option, given]]);
        let hint = format!("hint: did you mean `{meant}`?\n");
        assert!(said.ends_with(&hint), "{said}");
    }
}

#[test]
fn refuses_values_that_cannot_be() {
    let sandbox = authentication();
    assert_snapshot!(refused(&sandbox, 2, &[
        &["new"],
        &["new", " "],
        &["new", "two\nlines"],
        &["new", "x", "-t", "tsak"],
        &["new", "x", "-p", "5"],
        &["new", "x", "-l", "a,,b"],
        &["new", "x", "-r", "work"],
        &["new", "x", "-a", "nothing"],
        &["new", "x", "--estimate", "soon"],
        &["new", "x", "--due", "2026-02-29"],
        &["new", "x", "--defer", "later"],
        &["new", "x", "--agent", "nobody"],
        &["new", "x", "--acceptance", "a", "--acceptance", "a"],
        &["new", "x", "--parent"],
    ]), @r"
    error: the following required arguments were not provided:
      <TITLE>

    Usage: tk new <TITLE>

    For more information, try '--help'.
    error: the title is blank: expected a text
    error: the title `two\nlines` holds a control character: expected one line of text
    error: unknown type `tsak`: expected one of task, bug, feature, chore, epic
    hint: did you mean `task`?
    error: unknown priority `5`: expected one of 0 (highest), 1, 2, 3, 4 (lowest)
    error: the label is blank: expected a text
    error: unknown gate `work`: expected one of approval, review, content
    error: unknown awaiting kind `nothing`: expected one of work, input, approval, review, content, escalation, checkpoint
    error: `soon` is not a length of time: expected one like `45m`, `2h`, `1h30m` or `3d`
    error: the due day `2026-02-29` is not a day: expected one such as `2026-11-20`, `tomorrow` or `3d`
    error: the defer time `later` is neither a day nor a time: expected one such as `2026-11-20`, `2026-11-20T08:00:00Z`, `tomorrow`, `3d` or `4h`
    error: no agent `nobody`: expected one of claude
    error: the acceptance item `a` is there twice
    error: a value is required for '--parent <ID>' but none was supplied

    For more information, try '--help'.
    ");
    assert_snapshot!(refused(&sandbox, 3, &[
        &["new", "x", "-b", "zzz"],
        &["new", "x", "--parent", "authx"],
    ]), @r"
    error: no ticket `zzz`
    hint: `tk list --all` shows every ticket
    error: no ticket `authx`
    hint: did you mean `aut`?
    ");
    assert_snapshot!(refused(&sandbox, 4, &[
        &["new", "x", "--parent", "aut", "-b", "aut"],
    ]), @"error: tickets would wait for one another: `x` → `x` (`x` → `x`: `x` is blocked by aut, `x` is a part of aut)");
}

#[test]
fn nothing_is_filed_under_a_closed_epic() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket(
        "epi",
        "title = \"Old\"\ntype = \"epic\"\nstatus = \"closed\"\n",
    );
    assert_snapshot!(refused(&sandbox, 4, &[&["new", "x", "--parent", "epi"]]), @r"
    error: the epic `epi` is closed: an open ticket cannot be under it
    hint: `tk reopen epi` opens it again
    ");
}

#[test]
fn hostile_texts_stay_texts() {
    let sandbox = Sandbox::initialised();
    let title = "\"\"\" $(reboot) \\ # ' `x` {} 👩‍💻";
    let id = sandbox.file([title, "-d", "a\n\"\"\"\n\u{1b}[2J\u{202e}b\n= # \\"]);
    let shown = sandbox.tk(["show", &id, "--json"]).json();
    assert_eq!(shown["tickets"][0]["title"], title);
    let text = sandbox.tk(["show", &id]).ok();
    assert!(
        !text.contains('\u{1b}') && !text.contains('\u{202e}'),
        "{text}"
    );
}

#[test]
fn an_agents_ticket_waits_for_approval() {
    let sandbox = authentication()
        .with_env("TK_ACTOR", "agent:claude")
        .with_env("TK_TICKET", "abc");
    assert_snapshot!(sandbox.tk(["new", "Found on the way", "--as", "dana"]), @r"
    u8r
    --- stderr
    hint: a ticket filed by an agent waits for a person's approval
    ");
    assert_snapshot!(sandbox.tk(["list", "--awaiting", "--fields", "title,awaiting,discovered_from,created_by"]), @"Found on the way	approval	abc	agent:claude");
    sandbox.write(".ticks/config.toml", "[run]\ntrust_agent_tickets = true\n");
    assert_snapshot!(sandbox.tk(["new", "Trusted"]), @"n57");
}

#[test]
fn the_agents_of_a_run_file_no_flood() {
    let sandbox = authentication()
        .with_env("TK_ACTOR", "agent:claude")
        .with_env("TK_RUN", "01JD0000000000000000000000");
    let many: String = (0..20)
        .map(|n| format!("{{\"title\":\"t{n}\"}}\n"))
        .collect();
    sandbox.tk_with_input(["new", "--file", "-"], &many).ok();
    assert_snapshot!(refused(&sandbox, 4, &[&["new", "One more"]]), @r"
    error: the agents of this run have filed 20 tickets: expected at most 20
    hint: say what else is to be done in a note: `tk note`
    ");
}
