use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::files;
use crate::support::Sandbox;

/// An epic, a part of it that waits for another ticket, one that was deleted, and one that
/// waited for that.
const BEADS: &str = r#"{"id":"bd-1","title":"Sign in","status":"open","priority":1,"issue_type":"epic","created_at":"2026-01-02T03:04:05.678-08:00","updated_at":"2026-01-03T00:00:00Z"}
{"id":"bd-1.1","title":"Login form","description":"A form.","design":"Two fields.","acceptance_criteria":"- It works\n- It is fast","status":"blocked","priority":0,"issue_type":"task","assignee":"dana","estimated_minutes":90,"created_at":"2026-01-02T04:00:00Z","updated_at":"2026-01-03T00:00:00Z","labels":["ui"],"external_ref":"gh-9","dependencies":[{"issue_id":"bd-1.1","depends_on_id":"bd-1","type":"parent-child"},{"issue_id":"bd-1.1","depends_on_id":"bd-2","type":"blocks"},{"issue_id":"bd-1.1","depends_on_id":"bd-9","type":"related"}],"comments":[{"id":1,"issue_id":"bd-1.1","author":"kim","text":"Which fields?","created_at":"2026-01-02T05:00:00Z"}]}

{"id":"bd-2","title":"Passwords","status":"closed","issue_type":"bug","created_at":"2026-01-01T00:00:00Z","closed_at":"2026-01-04T00:00:00Z","close_reason":"Done","dependencies":[{"issue_id":"bd-2","depends_on_id":"bd-1","type":"discovered-from"}]}
{"id":"bd-4","title":"Waits for what is gone","status":"open","dependencies":[{"issue_id":"bd-4","depends_on_id":"bd-3","type":"blocks"}]}
{"id":"bd-3","title":"Gone","status":"tombstone","deleted_at":"2026-01-04T00:00:00Z"}
"#;

fn beads() -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.write(".beads/issues.jsonl", BEADS);
    sandbox
}

/// What the ticket's JSON says under those keys, those that say nothing left out.
fn facts(sandbox: &Sandbox, id: &str) -> String {
    let shown = sandbox.tk(["show", id, "--json"]).json();
    let keys = [
        "title",
        "type",
        "status",
        "priority",
        "owner",
        "parent",
        "labels",
        "blocked_by",
        "after",
        "related",
        "discovered_from",
        "duplicate_of",
        "requires",
        "awaiting",
        "estimate",
        "due",
        "defer_until",
        "created_at",
        "created_by",
        "started_at",
        "closed_at",
        "reason",
        "description",
        "acceptance",
        "notes",
    ];
    let ticket = &shown["tickets"][0];
    let says = |key: &&&str| {
        !matches!(&ticket[**key], Value::Null)
            && ticket[**key] != ""
            && ticket[**key] != Value::Array(vec![])
    };
    let lines = keys
        .iter()
        .filter(says)
        .map(|key| format!("{key}: {}\n", ticket[key]));
    lines.collect()
}

#[test]
fn beads_with_edges_comments_and_what_does_not_fit() {
    let sandbox = beads();
    assert_snapshot!(sandbox.tk(["import", "beads", ".beads/issues.jsonl"]).ok(), @r#"
    imported 4 tickets (1 epic, 2 task, 1 bug); 1 left out
    did not fit: status of 1 ticket, reference of 2 tickets, field of 1 ticket
      1 left out: it was deleted there
      bd-1.1: `status` is `blocked` there: it awaits approval here
      bd-1.1: kept under `imported`: `external_ref`
      bd-1.1: `related` names `bd-9`, which is not there
      bd-4: `blocked_by` names `bd-3`, which is left out
    "#);
    assert_snapshot!(sandbox.read(".ticks/bd-1.1.toml"), @r#"
    title = "Login form"

    status = "open"

    priority = 0

    type = "task"

    owner = "dana"

    parent = "bd-1"

    labels = [
      "ui",
    ]

    blocked_by = [
      "bd-2",
    ]

    requires = ""

    awaiting = "approval"

    estimate = "1h30m"

    related = [
      "bd-9",
    ]

    created_at = 2026-01-02T04:00:00Z

    # description
    description = """
    A form.

    ## Design

    Two fields.
    """

    # acceptance

    [[acceptance]]
    text = "It works"
    met = false

    [[acceptance]]
    text = "It is fast"
    met = false

    # subtasks

    # notes

    [[notes]]
    at = 2026-01-02T05:00:00Z
    by = "kim"
    kind = "comment"
    text = "Which fields?"

    # runs

    [[imported]]
    origin = "beads:bd-1.1"
    filed_at = "2026-01-02T04:00:00Z"
    updated_at = "2026-01-03T00:00:00Z"
    external_ref = "gh-9"
    status = "blocked"
    "#);
    assert_snapshot!(facts(&sandbox, "bd-2"), @r#"
    title: "Passwords"
    type: "bug"
    status: "closed"
    priority: 2
    discovered_from: "bd-1"
    created_at: "2026-01-01T00:00:00Z"
    closed_at: "2026-01-04T00:00:00Z"
    reason: "Done"
    "#);
    // What was deleted there holds nobody up; what is nowhere does.
    let shown = sandbox.tk(["show", "bd-4", "--json"]).json();
    assert_eq!(shown["tickets"][0]["ready"], true, "{shown}");
    let found = sandbox.tk(["doctor"]);
    assert_eq!(found.code, 1, "{found}");
    assert!(
        found
            .stdout
            .contains("`related` names `bd-9`, which does not exist"),
        "{found}"
    );
}

#[test]
fn again_makes_only_what_is_new_and_changes_nothing() {
    let sandbox = beads();
    sandbox.tk(["import", "beads", "."]).ok();
    sandbox
        .tk(["update", "bd-1.1", "--title", "Another form"])
        .ok();
    sandbox.tk(["note", "bd-1.1", "Seen."]).ok();
    sandbox.tk(["close", "bd-1.1"]).ok();
    let text = sandbox.read(".ticks/bd-1.1.toml");
    assert!(text.contains("origin = \"beads:bd-1.1\""), "{text}");
    let before = files(&sandbox);
    let said = sandbox.tk(["import", "beads", "."]).ok();
    assert_snapshot!(said, @r#"
    imported 0 tickets; 4 already here; 1 left out
      1 left out: it was deleted there
    "#);
    assert_eq!(files(&sandbox), before);
    let more = format!(
        "{}{}",
        BEADS.replace("Passwords", "Other words"),
        r#"{"id":"bd-9","title":"Ninth","status":"open","dependencies":[{"issue_id":"bd-9","depends_on_id":"bd-1.1","type":"blocks"}]}"#
    );
    sandbox.write(".beads/issues.jsonl", &more);
    assert_snapshot!(sandbox.tk(["import", "beads", ".beads"]).ok(), @r#"
    imported 1 ticket (1 task); 4 already here; 1 left out
      1 left out: it was deleted there
    "#);
    let now = files(&sandbox);
    assert_eq!(now.len(), before.len() + 1);
    assert!(before.iter().all(|file| now.contains(file)));
    assert_snapshot!(facts(&sandbox, "bd-9"), @r#"
    title: "Ninth"
    type: "task"
    status: "open"
    priority: 2
    blocked_by: ["bd-1.1"]
    "#);
}

#[test]
fn json_tells_of_every_ticket() {
    let sandbox = beads();
    sandbox.tk(["import", "beads", "."]).ok();
    sandbox.write("more.jsonl", "{\"id\":\"BD/7\",\"title\":\"x\\ty\",\"odd\":{\"a\":[null]}}\n{\"id\":\"bd-1\",\"title\":\"x\"}\n");
    let told = sandbox.tk(["import", "beads", "more.jsonl", "--json", "--dry-run"]);
    assert_snapshot!(told.stdout, @r#"
    {"schema":"tk.import.v1","format":"beads","path":"more.jsonl","dry_run":true,"changed":true,"total":2,"created":1,"here":1,"misfits":[{"kind":"id","tickets":1},{"kind":"text","tickets":1},{"kind":"field","tickets":1}],"left_out":[],"tickets":[{"id":"qgxn8w","title":"x y","type":"task","status":"open","origin":"BD/7","path":"more.jsonl","line":1,"created":true,"misfits":[{"kind":"text","message":"`title` is not one line of at most 500 characters"},{"kind":"field","message":"kept under `imported`: `odd`"},{"kind":"id","message":"`BD/7` is no id here: it is `qgxn8w`"}]},{"id":"bd-1","title":"x","type":"task","status":"open","origin":"bd-1","path":"more.jsonl","line":2,"created":false,"misfits":[]}]}
    "#);
}

#[test]
fn a_dry_run_writes_nothing() {
    let sandbox = beads();
    let before = files(&sandbox);
    let said = sandbox.tk(["import", "beads", ".", "--dry-run"]).ok();
    assert!(
        said.starts_with("would import 4 tickets (1 epic, 2 task, 1 bug); 1 left out\n"),
        "{said}"
    );
    assert_eq!(files(&sandbox), before);
}

#[test]
fn nothing_is_written_where_anything_cannot_be_read() {
    let sandbox = beads();
    let broken = format!(
        "{BEADS}<<<<<<< ours\n{{\"id\":\"bd-1\",\"title\":\"Twice\"}}\n{{\"title\":\"No id\"}}\n"
    );
    sandbox.write("broken.jsonl", &broken);
    let before = files(&sandbox);
    let refused = sandbox.tk(["import", "beads", "broken.jsonl"]);
    assert_snapshot!(refused, @r#"
    --- stderr
    error: 3 records cannot be read:
      broken.jsonl:7: not a JSON object: expected value
      broken.jsonl:8: `bd-1`: its id is there twice: first at broken.jsonl:1
      broken.jsonl:9: no `id`: expected a text
    hint: `--skip-invalid` imports the others; nothing is imported now
    --- exit 2
    "#);
    assert_eq!(files(&sandbox), before);
    let said = sandbox
        .tk(["import", "beads", "broken.jsonl", "--skip-invalid"])
        .ok();
    assert_snapshot!(said, @r#"
    imported 4 tickets (1 epic, 2 task, 1 bug); 4 left out
    did not fit: status of 1 ticket, reference of 2 tickets, field of 1 ticket
      broken.jsonl:7: left out: not a JSON object: expected value
      broken.jsonl:8: bd-1: left out: its id is there twice: first at broken.jsonl:1
      broken.jsonl:9: left out: no `id`: expected a text
      1 left out: it was deleted there
      bd-1.1: `status` is `blocked` there: it awaits approval here
      bd-1.1: kept under `imported`: `external_ref`
      bd-1.1: `related` names `bd-9`, which is not there
      bd-4: `blocked_by` names `bd-3`, which is left out
    "#);
    let error = sandbox.tk(["import", "beads", "broken.jsonl", "--json"]);
    let error: Value = serde_json::from_str(&error.stderr).unwrap();
    let context = &error["error"]["context"];
    assert_eq!(context["line"], 7, "{error}");
    assert_eq!(context["more"], 0, "{error}");
    let invalid = context["invalid"].as_array().unwrap();
    let lines: Vec<&Value> = invalid.iter().map(|one| &one["line"]).collect();
    assert_eq!(lines, [7, 8, 9], "{error}");
    assert_eq!(invalid[1]["origin"], "bd-1", "{error}");
    assert!(
        invalid[1]["reason"].as_str().unwrap().contains("twice"),
        "{error}"
    );
}

#[test]
fn a_blank_title_is_no_absent_one() {
    let sandbox = Sandbox::initialised();
    let archive = "{\"id\":\"bd-1\",\"title\":\" \\t\"}\n{\"id\":\"bd-2\"}\n{\"id\":\"bd-3\",\"title\":\"\"}\n";
    sandbox.write("blank.jsonl", archive);
    assert_snapshot!(sandbox.tk(["import", "beads", "blank.jsonl"]), @r"
    --- stderr
    error: 3 records cannot be read:
      blank.jsonl:1: `bd-1`: `title` is blank: expected a text
      blank.jsonl:2: `bd-2`: no `title`: expected a text
      blank.jsonl:3: `bd-3`: `title` is blank: expected a text
    hint: `--skip-invalid` imports the others; nothing is imported now
    --- exit 2
    ");
}

#[test]
fn of_very_many_that_cannot_be_read_the_first_are_named_and_the_others_counted() {
    let sandbox = Sandbox::initialised();
    sandbox.write("broken.jsonl", &"no JSON\n".repeat(53));
    let refused = sandbox.tk(["import", "beads", "broken.jsonl"]);
    assert_eq!(refused.code, 2, "{refused}");
    let said: Vec<&str> = refused.stderr.lines().collect();
    assert_eq!(said[0], "error: 53 records cannot be read:");
    assert!(said[50].starts_with("  broken.jsonl:50: "), "{refused}");
    assert_eq!(said[51], "  and 3 more");
    assert!(said[52].starts_with("hint: "), "{refused}");
    let error = sandbox.tk(["import", "beads", "broken.jsonl", "--json"]);
    let error: Value = serde_json::from_str(&error.stderr).unwrap();
    let context = &error["error"]["context"];
    assert_eq!(context["invalid"].as_array().unwrap().len(), 50, "{error}");
    assert_eq!(context["more"], 3, "{error}");
}

#[test]
fn ticks_with_gates_and_notes() {
    let sandbox = Sandbox::initialised();
    sandbox.write(
        "there/.tick/issues/0u6.json",
        r#"{
  "id": "0u6", "title": "Board", "description": "See\nbelow.", "status": "in_progress",
  "notes": "2026-06-10 20:04 - [human] decision: A\nmore of it\n2026-06-10 20:05 - done",
  "priority": 3, "type": "task", "owner": "kim", "labels": ["ui"], "blocked_by": ["abc", "zzz"],
  "after": ["wwv"], "parent": "wwv", "target_date": "2026-09-30", "requires": "review",
  "awaiting": "odd", "manual": true, "role": "closeout", "discovered_from": "wwv",
  "acceptance_criteria": "All of it is green", "created_by": "kim",
  "created_at": "2026-06-10T15:25:43.686992Z", "updated_at": "2026-06-10T18:18:33Z",
  "started_at": "2026-06-10T18:18:33.38668Z"
}"#,
    );
    sandbox.write("there/.tick/issues/wwv.json", r#"{"id":"wwv","title":"Epic","status":"open","type":"epic","priority":9,"blocked_by":["0u6"],"created_at":"0001-01-01T00:00:00Z"}"#);
    // Another ticket, which the one that is blocked does not mean.
    sandbox.ticket("abc", "title = \"Local\"\n");
    assert_snapshot!(sandbox.tk(["import", "ticks", "there"]).ok(), @r#"
    imported 2 tickets (1 task, 1 epic)
    did not fit: priority of 1 ticket, edge of 2 tickets, reference of 1 ticket, field of 1 ticket
      0u6: unknown awaiting kind `odd`: expected one of work, input, approval, review, content, escalation, checkpoint
      0u6: kept under `imported`: `role`
      0u6: `blocked_by` names `abc`, which is not there or no id here
      0u6: `blocked_by` names `zzz`, which is not there
      0u6: `after` `wwv` is left out: one is a part of the other
      wwv: unknown priority `9`: expected one of 0 (highest), 1, 2, 3, 4 (lowest)
      wwv: `blocked_by` `0u6` is left out: one is a part of the other
    "#);
    assert_snapshot!(facts(&sandbox, "0u6"), @r#"
    title: "Board"
    type: "task"
    status: "in_progress"
    priority: 3
    owner: "kim"
    parent: "wwv"
    labels: ["ui"]
    blocked_by: ["zzz"]
    discovered_from: "wwv"
    requires: "review"
    awaiting: "work"
    due: "2026-09-30"
    created_at: "2026-06-10T15:25:43.686992Z"
    created_by: "kim"
    started_at: "2026-06-10T18:18:33.38668Z"
    description: "See\nbelow."
    acceptance: [{"text":"All of it is green","check":null,"met":false}]
    notes: [{"at":"2026-06-10T20:04:00Z","by":"human","kind":"comment","text":"decision: A\nmore of it"},{"at":"2026-06-10T20:05:00Z","by":"","kind":"comment","text":"done"}]
    "#);
    assert!(
        sandbox
            .read(".ticks/0u6.toml")
            .contains("role = \"closeout\"")
    );
    assert_snapshot!(facts(&sandbox, "wwv"), @r#"
    title: "Epic"
    type: "epic"
    status: "open"
    priority: 2
    "#);
}

#[test]
fn an_id_that_is_taken_is_another_here_and_references_follow() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"Local\"\n");
    let issues = "{\"id\":\"abc\",\"title\":\"There\"}\n{\"id\":\"d ef\",\"title\":\"Odd\",\"dependencies\":[{\"depends_on_id\":\"abc\",\"type\":\"blocks\"}]}\n";
    sandbox.write("a.jsonl", issues);
    let told = sandbox.tk(["import", "beads", "a.jsonl", "--json"]).json();
    let (first, second) = (&told["tickets"][0], &told["tickets"][1]);
    assert_ne!(first["id"], "abc");
    let shown = sandbox
        .tk(["show", second["id"].as_str().unwrap(), "--json"])
        .json();
    assert_eq!(shown["tickets"][0]["blocked_by"][0], first["id"]);
    assert_eq!(first["misfits"][0]["kind"], "id");
    assert!(sandbox.read(".ticks/abc.toml").contains("Local"));
    let again = sandbox.tk(["import", "beads", "a.jsonl"]).ok();
    assert_eq!(again, "imported 0 tickets; 2 already here\n");
    // Of our own exports, too.
    let other = Sandbox::initialised();
    other.ticket(
        "abc",
        "title = \"Other\"\ncreated_at = 2026-11-20T08:38:50Z\n",
    );
    let text = sandbox.tk(["export", "--all"]).ok();
    let told = other
        .tk_with_input(["import", "jsonl", "-", "--json"], &text)
        .json();
    assert_eq!(told["created"], 3);
    let again = other.tk_with_input(["import", "jsonl", "-"], &text).ok();
    assert_eq!(again, "imported 0 tickets; 3 already here\n");
    assert_eq!(other.tk(["doctor"]).code, 0);
}

#[test]
fn cycles_are_cut_and_told() {
    let sandbox = Sandbox::initialised();
    let issue = |id: &str, kind: &str, on: &[(&str, &str)]| {
        let on: Vec<String> = on
            .iter()
            .map(|(kind, on)| format!("{{\"depends_on_id\":\"{on}\",\"type\":\"{kind}\"}}"))
            .collect();
        format!(
            "{{\"id\":\"{id}\",\"title\":\"{id}\",\"issue_type\":\"{kind}\",\"dependencies\":[{}]}}\n",
            on.join(",")
        )
    };
    let issues = [
        issue("a", "task", &[("blocks", "b"), ("blocks", "a")]),
        issue("b", "task", &[("blocks", "c")]),
        issue("c", "task", &[("blocks", "a"), ("blocks", "b")]),
        issue("e", "epic", &[("blocks", "p"), ("blocks", "q")]),
        issue("p", "task", &[("parent-child", "e")]),
        issue("q", "task", &[("parent-child", "e"), ("blocks", "e")]),
        issue("x", "epic", &[("parent-child", "y")]),
        issue("y", "epic", &[("parent-child", "x")]),
    ];
    sandbox.write("a.jsonl", &issues.concat());
    assert_snapshot!(sandbox.tk(["import", "beads", "a.jsonl"]).ok(), @r#"
    imported 8 tickets (5 task, 3 epic)
    did not fit: edge of 5 tickets
      a: `blocked_by` names the ticket itself
      b: `blocked_by` `c` is left out: tickets would wait for one another
      e: `blocked_by` `p` is left out: one is a part of the other
      e: `blocked_by` `q` is left out: one is a part of the other
      q: `blocked_by` `e` is left out: one is a part of the other
      y: `parent` `x` is left out: tickets would wait for one another
    "#);
    let found = sandbox.tk(["doctor"]);
    assert_eq!(found.code, 0, "{found}");
}

/// What is here already waits for tickets that only now come, as its parts.
#[test]
fn a_part_that_its_epic_waits_for_already_is_none() {
    for status in ["open", "closed"] {
        let sandbox = Sandbox::initialised();
        let issue = |id: &str, on: &[&str], kind: &str| {
            let on = on
                .iter()
                .map(|on| json!({"depends_on_id": on, "type": kind}));
            let on: Vec<_> = on.collect();
            let issue = json!({"id": id, "title": id, "status": status, "dependencies": on});
            format!("{issue}\n")
        };
        let first = issue("a", &["n1", "n2"], "blocks");
        sandbox.write("a.jsonl", &first);
        sandbox.tk(["import", "beads", "a.jsonl"]).ok();
        let parts = [("n1", "a"), ("n2", "e"), ("e", "a")];
        let parts = parts.map(|(id, parent)| issue(id, &[parent], "parent-child"));
        sandbox.write("a.jsonl", &(first + &parts.concat()));
        let told = sandbox.tk(["import", "beads", "a.jsonl"]).ok();
        assert_eq!(
            told,
            "imported 3 tickets (3 task); 1 already here\n\
             did not fit: edge of 2 tickets\n  \
             n1: `parent` `a` is left out: tickets would wait for one another\n  \
             n2: `parent` `e` is left out: tickets would wait for one another\n"
        );
        sandbox.tk(["reopen", "e", "n1", "n2", "a"]).ok();
        assert_eq!(sandbox.tk(["doctor"]).code, 0);
    }
}

/// What `tk` lets be said is said again elsewhere: that an epic waits for a part of it which is
/// closed, and that what is only better done later is needed before.
#[test]
fn an_export_of_ours_is_the_same_again() {
    let sandbox = Sandbox::initialised();
    let epic = sandbox.file(["Epic", "-t", "epic"]);
    let [part, other] = ["Part", "Other"].map(|title| sandbox.file([title, "--parent", &epic]));
    sandbox.tk(["close", &part]).ok();
    sandbox.tk(["block", &epic, &part]).ok();
    let last = sandbox.file(["Last"]);
    sandbox.tk(["update", &other, "--after", &last]).ok();
    sandbox.tk(["block", &last, &other]).ok();
    let text = sandbox.tk(["export", "--all"]).ok();
    let there = Sandbox::initialised();
    let told = there.tk_with_input(["import", "jsonl", "-"], &text).ok();
    assert_eq!(told, "imported 4 tickets (3 task, 1 epic)\n");
    assert_eq!(there.tk(["export", "--all"]).ok(), text);
    // A circle that is one now is cut all the same.
    sandbox.tk(["reopen", &part]).ok();
    let text = sandbox.tk(["export", "--all"]).ok();
    let there = Sandbox::initialised();
    let told = there.tk_with_input(["import", "jsonl", "-"], &text).ok();
    let gone = format!("{epic}: `blocked_by` `{part}` is left out: tickets would wait");
    assert!(told.contains(&gone), "{told}");
    assert_eq!(there.tk(["doctor"]).code, 0);
}

#[test]
fn markdown_tickets_with_notes() {
    let sandbox = Sandbox::initialised();
    sandbox.write(".tickets/nw-5c46.md", "---\nid: nw-5c46\nstatus: needs_testing\ndeps: [nw-1, nw-2]\nlinks: []\ncreated: 2026-01-09T19:42:47Z\ntype: workstream\npriority: 1\nassignee: @kim: lead\nparent: nw-1  # Epic\ntags: [ui, api]\n---\n# Login: the form\n\nA form.\n\n## Design\n\nTwo fields.\n\n## Acceptance Criteria\n\n- [x] It works\n- It is fast\n\n## Notes\n\n**2026-01-10T08:00:00Z**\n\nSeen.\n\n**2026-01-11T08:00:00Z**\n\nAgain.\n");
    sandbox.write(
        ".tickets/nw-1.md",
        "---\nid: nw-1\nstatus: open\ndeps: []\ntype: epic\n---\n# Epic\n",
    );
    sandbox.write(".tickets/README.txt", "not a ticket");
    assert_snapshot!(sandbox.tk(["import", "ticket", "."]).ok(), @r#"
    imported 2 tickets (2 epic)
    did not fit: edge of 1 ticket, reference of 1 ticket
      nw-5c46: `blocked_by` names `nw-2`, which is not there
      nw-5c46: `blocked_by` `nw-1` is left out: one is a part of the other
    "#);
    assert_snapshot!(facts(&sandbox, "nw-5c46"), @r#"
    title: "Login: the form"
    type: "epic"
    status: "in_progress"
    priority: 1
    owner: "@kim: lead"
    parent: "nw-1"
    labels: ["api","ui"]
    blocked_by: ["nw-2"]
    created_at: "2026-01-09T19:42:47Z"
    description: "A form.\n\n## Design\n\nTwo fields."
    acceptance: [{"text":"It works","check":null,"met":true},{"text":"It is fast","check":null,"met":false}]
    notes: [{"at":"2026-01-10T08:00:00Z","by":"","kind":"comment","text":"Seen."},{"at":"2026-01-11T08:00:00Z","by":"","kind":"comment","text":"Again."}]
    "#);
}

#[test]
fn backlog_tasks_with_criteria_and_sections() {
    let sandbox = Sandbox::initialised();
    sandbox.write("backlog/tasks/back-355.01 - Core.md", "---\nid: BACK-355.01\ntitle: 'Core: type'\nstatus: In Progress\nassignee:\n  - '@kim'\n  - '@dana'\ncreated_date: '2026-01-01 23:37'\nupdated_date: '2026-05-11 14:01'\nlabels:\n  - core\nmilestone: m-8\ndependencies:\n  - BACK-1\nparent_task_id: BACK-355\npriority: medium\nordinal: 125000\n---\n\n## Description\n\n<!-- SECTION:DESCRIPTION:BEGIN -->\nAdd it.\n\n## A heading of its own\nMore.\n<!-- SECTION:DESCRIPTION:END -->\n\n## Acceptance Criteria\n<!-- AC:BEGIN -->\n- [ ] #1 It is read\n- [x] #2 It is written\n<!-- AC:END -->\n\n## Implementation Plan\n\n1. Read.\n\n## Implementation Notes\n\nWent well.\n\n## Final Summary\n\nDone.\n");
    sandbox.write(
        "backlog/completed/back-1 - Old.md",
        "---\r\nid: BACK-1\r\ntitle: Old\r\nstatus: Done\r\n---\r\n",
    );
    assert_snapshot!(sandbox.tk(["import", "backlog", ".", "-v"]).ok(), @r#"
    imported 2 tickets (2 task)
    did not fit: reference of 1 ticket, field of 1 ticket
      back-355.01: only the first of the assignees is owner
      back-355.01: kept under `imported`: `milestone`
      back-355.01: `parent` names `back-355`, which is not there
    "#);
    assert_snapshot!(facts(&sandbox, "back-355.01"), @r#"
    title: "Core: type"
    type: "task"
    status: "in_progress"
    priority: 2
    owner: "@kim"
    parent: "back-355"
    labels: ["core"]
    blocked_by: ["back-1"]
    created_at: "2026-01-01T23:37:00Z"
    description: "Add it.\n\n## A heading of its own\nMore.\n\n## Implementation Plan\n\n1. Read."
    acceptance: [{"text":"It is read","check":null,"met":false},{"text":"It is written","check":null,"met":true}]
    notes: [{"at":"2026-05-11T14:01:00Z","by":"","kind":"comment","text":"Went well."},{"at":"2026-05-11T14:01:00Z","by":"","kind":"summary","text":"Done."}]
    "#);
    assert_eq!(
        sandbox.tk(["import", "backlog", "backlog"]).ok(),
        "imported 0 tickets; 2 already here\n"
    );
}

#[test]
fn taskwarrior_tasks() {
    let sandbox = Sandbox::initialised();
    sandbox.write("tasks.json", r#"[
{"id":1,"description":"Buy\u0007 milk","entry":"20260101T120000Z","modified":"20260102T120000Z","start":"20260103T120000Z","project":"Home.Kitchen","priority":"H","status":"pending","tags":["shop"],"uuid":"a360fc44-315c-4366-b70c-ea7e7520b749","due":"20260201T230000Z","depends":["b360fc44-315c-4366-b70c-ea7e7520b749"],"annotations":[{"entry":"20260101T130000Z","description":"Two litres"}],"urgency":8.3,"brand":"oat"},
{"id":0,"description":"Money","entry":"20260101T120000Z","end":"20260102T120000Z","status":"completed","uuid":"b360fc44-315c-4366-b70c-ea7e7520b749"},
{"description":"Gone","status":"deleted","uuid":"c360fc44-315c-4366-b70c-ea7e7520b749"},
{"description":"Every day","status":"recurring","recur":"daily","uuid":"d360fc44-315c-4366-b70c-ea7e7520b749"}
]
"#);
    assert_snapshot!(sandbox.tk(["import", "taskwarrior", "tasks.json"]).ok(), @r#"
    imported 2 tickets (2 task); 2 left out
    did not fit: text of 1 ticket, field of 1 ticket
      1 left out: it is a template of recurring tasks
      1 left out: it was deleted there
      a360fc44: `description` is not one line of at most 500 characters
      a360fc44: `due` has a time of day, which is kept under `imported`
      a360fc44: kept under `imported`: `brand`
    "#);
    assert_snapshot!(facts(&sandbox, "a360fc44"), @r#"
    title: "Buy  milk"
    type: "task"
    status: "in_progress"
    priority: 1
    labels: ["project:Home.Kitchen","shop"]
    blocked_by: ["b360fc44"]
    due: "2026-02-01"
    created_at: "2026-01-01T12:00:00Z"
    started_at: "2026-01-03T12:00:00Z"
    notes: [{"at":"2026-01-01T13:00:00Z","by":"","kind":"comment","text":"Two litres"}]
    "#);
    // As lines, which older versions print.
    let lines = "{\"description\":\"x\",\"status\":\"pending\",\"uuid\":\"e360fc44-1\",\"depends\":\"a360fc44-315c-4366-b70c-ea7e7520b749,f\"},\n{\"description\":\"y\",\"status\":\"waiting\",\"wait\":\"20270101T000000Z\",\"uuid\":\"f\"}\n";
    sandbox
        .tk_with_input(["import", "taskwarrior", "-"], lines)
        .ok();
    assert_snapshot!(facts(&sandbox, "e360fc44"), @r#"
    title: "x"
    type: "task"
    status: "open"
    priority: 2
    blocked_by: ["a360fc44","f"]
    "#);
}

#[test]
fn github_issues() {
    let sandbox = Sandbox::initialised();
    sandbox.write("issues.json", r#"[
  {"number": 12, "title": "Crash", "body": "It\r\ncrashes.", "state": "CLOSED", "stateReason": "COMPLETED",
   "labels": [{"id": "x", "name": "Bug"}, {"name": "priority: high"}],
   "assignees": [{"login": "kim"}, {"login": "dana"}], "author": {"login": "lee", "is_bot": false},
   "createdAt": "2026-01-01T00:00:00Z", "closedAt": "2026-01-05T00:00:00Z",
   "comments": [{"author": {"login": "kim"}, "body": "Seen.", "createdAt": "2026-01-02T00:00:00Z"}],
   "milestone": {"number": 1, "title": "v1", "description": "First."}, "url": "https://github.com/o/r/issues/12"},
  {"number": 13, "title": "Wish", "state": "OPEN", "labels": [], "url": "https://github.com/o/r/issues/13"}
]"#);
    assert_snapshot!(sandbox.tk(["import", "github", "issues.json"]).ok(), @r#"
    imported 2 tickets (1 bug, 1 task)
    did not fit: field of 1 ticket
      gh-12: only the first of the assignees is owner
    "#);
    assert_snapshot!(facts(&sandbox, "gh-12"), @r#"
    title: "Crash"
    type: "bug"
    status: "closed"
    priority: 1
    owner: "kim"
    labels: ["Bug","priority: high"]
    created_at: "2026-01-01T00:00:00Z"
    created_by: "lee"
    closed_at: "2026-01-05T00:00:00Z"
    description: "It\ncrashes."
    notes: [{"at":"2026-01-02T00:00:00Z","by":"kim","kind":"comment","text":"Seen."}]
    "#);
    let text = sandbox.read(".ticks/gh-12.toml");
    for kept in [
        "origin = \"github:o/r:12\"",
        "milestone = \"v1\"",
        "milestone_description = \"First.\"",
    ] {
        assert!(text.contains(kept), "{text}");
    }
    // The same number of another repository is another ticket.
    let other =
        "[{\"number\":12,\"title\":\"Other\",\"url\":\"https://github.com/o/s/issues/12\"}]";
    let said = sandbox.tk_with_input(["import", "github", "-"], other).ok();
    assert!(said.starts_with("imported 1 ticket "), "{said}");
    let text = "[\n{\"number\":1,\"title\":\"x\"},\n\n{\"title\":\"y\"}]";
    let refused = sandbox.tk_with_input(["import", "github", "-"], text);
    assert_eq!(refused.code, 2, "{refused}");
    assert!(
        refused.stderr.contains("standard input:4: no `number`"),
        "{refused}"
    );
}

#[test]
fn configured_statuses_and_types_are_taken_where_they_are_meant() {
    let sandbox = beads();
    sandbox.write(".ticks/config.toml", "[tickets]\ntypes = [\"task\", \"story\"]\n[[status]]\nid = \"todo\"\nname = \"To do\"\ncategory = \"open\"\n[[status]]\nid = \"blocked\"\nname = \"Blocked\"\ncategory = \"open\"\n[[status]]\nid = \"doing\"\nname = \"Doing\"\ncategory = \"active\"\n[[status]]\nid = \"done\"\nname = \"Done\"\ncategory = \"done\"\n");
    assert_snapshot!(sandbox.tk(["import", "beads", ".", "-v"]).ok(), @r#"
    imported 4 tickets (4 task); 1 left out
    did not fit: status of 1 ticket, type of 2 tickets, reference of 2 tickets, field of 1 ticket
      .beads/issues.jsonl:6: bd-3: left out: it was deleted there
      bd-1: the type `epic` is `task` here
      bd-1.1: `status` is `blocked` there: it awaits approval here
      bd-1.1: kept under `imported`: `external_ref`
      bd-1.1: `related` names `bd-9`, which is not there
      bd-2: the type `bug` is `task` here
      bd-4: `blocked_by` names `bd-3`, which is left out
    "#);
    let all = sandbox
        .tk(["list", "--all", "--json", "--fields", "id,status,type"])
        .json();
    assert_snapshot!(all["tickets"].to_string(), @r#"[{"id":"bd-1.1","status":"blocked","type":"task"},{"id":"bd-1","status":"todo","type":"task"},{"id":"bd-2","status":"done","type":"task"},{"id":"bd-4","status":"todo","type":"task"}]"#);
}

#[test]
fn what_is_no_regular_file_is_named_and_never_waited_for() {
    let sandbox = Sandbox::initialised();
    let folder = sandbox.path().join(".tickets");
    fs::create_dir_all(folder.join("folder.md")).unwrap();
    sandbox.write("secret.md", "---\nid: secret\n---\n# Secret\n");
    std::os::unix::fs::symlink("../secret.md", folder.join("link.md")).unwrap();
    assert!(
        sandbox
            .command("mkfifo")
            .arg(folder.join("pipe.md"))
            .status()
            .unwrap()
            .success()
    );
    fs::write(folder.join("utf.md"), b"---\nid: \xff\n---\n# x\n").unwrap();
    sandbox.write(
        ".tickets/good.md",
        "---\nid: ../../etc/x\n---\n# Good\u{1b}[2J\n",
    );
    let refused = sandbox.tk(["import", "ticket", "."]);
    assert_eq!(refused.code, 2, "{refused}");
    assert_snapshot!(sandbox.tk(["import", "ticket", ".", "--skip-invalid"]).ok(), @r"
    imported 1 ticket (1 task); 3 left out
    did not fit: id of 1 ticket, text of 1 ticket
      .tickets/link.md:1: left out: it is a symbolic link: expected a regular file
      .tickets/pipe.md:1: left out: it is a pipe or device: expected a regular file
      .tickets/utf.md:2: left out: not UTF-8 text
      gymf5b: `title` is not one line of at most 500 characters
      gymf5b: `../../etc/x` is no id here: it is `gymf5b`
    ");
    for (args, said) in [
        (
            ["import", "jsonl", ".tickets/pipe.md"],
            "it is a pipe or device",
        ),
        (
            ["import", "jsonl", ".tickets/link.md"],
            "it is a symbolic link",
        ),
        (
            ["import", "jsonl", ".tickets"],
            "is a folder: `jsonl` is a file",
        ),
        (["import", "jsonl", "none.jsonl"], "No such file"),
        (
            ["import", "ticks", ".ticks"],
            "there is no ticket of `ticks`",
        ),
    ] {
        let refused = sandbox.tk(args);
        assert_ne!(refused.code, 0, "{refused}");
        assert!(refused.stderr.contains(said), "{said}\n{refused}");
    }
}

#[test]
fn hostile_archives_are_refused_or_harmless() {
    let sandbox = Sandbox::initialised();
    let deep = format!(
        "{{\"id\":\"a\",\"title\":\"x\",\"y\":{}{}}}\n",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    sandbox.write("deep.jsonl", &deep);
    for format in ["beads", "jsonl", "github", "taskwarrior"] {
        let refused = sandbox.tk(["import", format, "deep.jsonl"]);
        assert_eq!(refused.code, 2, "{format}\n{refused}");
        assert!(refused.stderr.contains("deep.jsonl:1: "), "{refused}");
    }
    let bomb: String = ('b'..='i')
        .map(|c| {
            let before = char::from(c as u8 - 1);
            format!("{c}: &{c} [{}]\n", vec![format!("*{before}"); 9].join(","))
        })
        .collect();
    let bomb = format!("---\nid: bomb\ntitle: x\na: &a [x,x,x,x,x,x,x,x,x]\n{bomb}---\n");
    sandbox.write("backlog/tasks/bomb.md", &bomb);
    sandbox.write(
        "backlog/tasks/deep.md",
        &format!("---\nid: {}\n---\n", "[".repeat(50_000)),
    );
    let refused = sandbox.tk(["import", "backlog", "."]);
    assert_eq!(refused.code, 2, "{refused}");
    assert!(
        refused.stderr.contains("2 records cannot be read"),
        "{refused}"
    );
    let odd = "{\"id\":\"config\",\"title\":\"\\u001b[2J\\u0000 x\",\"description\":\"\\u0000\\u001b\",\"labels\":[\"a\\nb\",\"\"],\"origin\":\"beads:other\",\"\\u001b\":1,\"dependencies\":[{\"depends_on_id\":\"../../x\",\"type\":\"blocks\"}]}\n";
    let long = format!("{{\"id\":\"long\",\"title\":\"{}\"}}\n", "x".repeat(10_000));
    let large = format!(
        "{{\"id\":\"large\",\"title\":\"x\",\"description\":\"{}\"}}\n",
        "x".repeat(2 << 20)
    );
    sandbox.write("odd.jsonl", &format!("{odd}{long}{large}"));
    let said = sandbox
        .tk(["import", "beads", "odd.jsonl", "--skip-invalid", "-v"])
        .ok();
    assert_snapshot!(said, @r"
    imported 2 tickets (2 task); 1 left out
    did not fit: id of 1 ticket, reference of 1 ticket, text of 2 tickets, field of 1 ticket
      odd.jsonl:3: large: left out: a text is larger than 1 MiB
      etvbbs: `title` is not one line of at most 500 characters
      etvbbs: `labels` is not one line of at most 4000 characters
      etvbbs: kept under `imported`: `origin`, `\u{1b}`
      etvbbs: `config` is no id here: it is `etvbbs`
      etvbbs: `blocked_by` names `../../x`, which is not there or no id here
      long: `title` is not one line of at most 500 characters
    ");
    let own = [
        "{\"id\":\"../x\",\"title\":\"x\"}",
        "{\"id\":\"a\",\"title\":\"x\",\"created_at\":\"soon\"}",
        "{\"id\":\"b\",\"title\":\"x\\ny\"}",
        "{\"id\":\"c\",\"title\":\"x\",\"checks\":[3]}",
        "{\"id\":\"d\",\"title\":\"x\",\"blocked_by\":[\"../y\"]}",
        "{\"id\":\"e\"}",
    ];
    sandbox.write("own.jsonl", &own.join("\n"));
    let before = files(&sandbox);
    let refused = sandbox.tk(["import", "jsonl", "own.jsonl"]);
    assert!(
        refused.stderr.contains("6 records cannot be read"),
        "{refused}"
    );
    let said = sandbox
        .tk(["import", "jsonl", "own.jsonl", "--skip-invalid"])
        .ok();
    assert_snapshot!(said, @r#"
    imported 0 tickets; 6 left out
      own.jsonl:1: ../x: left out: `../x` is not a ticket id: only a-z, 0-9, `.`, `_` and `-` are allowed
      own.jsonl:2: a: left out: `created_at` is `soon`: expected a time like `2026-11-20T08:38:50Z`
      own.jsonl:3: b: left out: `title`: it contains the control character U+000A: expected one line without control characters
      own.jsonl:4: c: left out: `checks[1]`: it is a whole number: expected a string in quotes
      own.jsonl:5: d: left out: `blocked_by[1]`: `../y` is not a ticket id: only a-z, 0-9, `.`, `_` and `-` are allowed: expected the id of a ticket, such as `k7m`
      own.jsonl:6: e: left out: `title`: it is missing: expected one line of text
    "#);
    assert_eq!(files(&sandbox), before);
}

#[test]
fn a_dense_knot_is_cut_too() {
    let sandbox = Sandbox::initialised();
    let issue = |id: usize| {
        let on: Vec<String> = (0..40)
            .map(|on| format!("{{\"depends_on_id\":\"n{on}\",\"type\":\"blocks\"}}"))
            .collect();
        let on = on.join(",");
        format!("{{\"id\":\"n{id}\",\"title\":\"n\",\"dependencies\":[{on}]}}\n")
    };
    let issues: Vec<String> = (0..40).map(issue).collect();
    sandbox.write("a.jsonl", &issues.concat());
    let told = sandbox.tk(["import", "beads", "a.jsonl", "--json"]).json();
    assert_eq!(told["created"], 40);
    assert_eq!(sandbox.tk(["doctor"]).code, 0);
    let text = sandbox.read(".ticks/n39.toml");
    assert!(text.contains("[[imported]]"), "{text}");
}

#[test]
fn two_repositories_in_one_file_are_two() {
    let sandbox = Sandbox::initialised();
    let issue = |repo: &str| {
        let url = format!("https://github.com/o/{repo}/issues/1");
        format!("{{\"number\":1,\"title\":\"{repo}\",\"url\":\"{url}\"}}")
    };
    let text = format!("[{},{}]", issue("r"), issue("s"));
    let told = sandbox
        .tk_with_input(["import", "github", "-", "--json"], &text)
        .json();
    assert_eq!(told["created"], 2);
    assert_ne!(told["tickets"][0]["id"], told["tickets"][1]["id"]);
}

/// What newer versions write: every field, also those that say nothing.
#[test]
fn beads_fields_that_say_nothing_are_not_kept() {
    let sandbox = Sandbox::initialised();
    let text = r#"[{"acceptance_criteria":"","assignee":null,"closed_at":null,"compaction_level":0,"content_hash":"18eb","crystallizes":0,"ephemeral":0,"id":"bd-5","is_template":false,"issue_type":"molecule","metadata":"{}","owner":"kim","priority":1,"status":"hooked","title":"T","parent":"bd-4","_type":"issue","dependencies":null}]"#;
    assert_snapshot!(sandbox.tk_with_input(["import", "beads", "-"], text).ok(), @r#"
    imported 1 ticket (1 epic)
    did not fit: reference of 1 ticket, field of 1 ticket
      bd-5: kept under `imported`: `owner`
      bd-5: `parent` names `bd-4`, which is not there
    "#);
    let file = sandbox.read(".ticks/bd-5.toml");
    assert_snapshot!(file.split_once("# runs").unwrap().1, @r#"


    [[imported]]
    origin = "beads:bd-5"
    owner = "kim"
    type = "molecule"
    status = "hooked"
    "#);
}

/// A file that cannot be read at all is no wrong value.
#[test]
fn a_file_that_cannot_be_read_fails() {
    let sandbox = Sandbox::initialised();
    sandbox.write("a/good.md", "---\nid: nw-1\n---\n# x\n");
    std::os::unix::fs::symlink("none", sandbox.path().join("a/link.md")).unwrap();
    let refused = sandbox.tk(["import", "ticket", "a"]);
    assert_eq!(refused.code, 1, "{refused}");
    sandbox.write("a/bad.md", "# x\n");
    let refused = sandbox.tk(["import", "ticket", "a"]);
    assert_eq!(refused.code, 2, "{refused}");
}
