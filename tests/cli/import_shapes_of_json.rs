//! Files that are of another format than was said, and pages one after the other.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::Sandbox;

/// A record of each format, as its own program writes it.
fn record(format: &str) -> Value {
    match format {
        "beads" => json!({"id": "bd-1", "title": "x", "status": "open", "priority": 2,
            "issue_type": "task", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}),
        "ticks" => {
            json!({"id": "k7m", "title": "x", "status": "open", "priority": 2, "type": "task",
            "owner": "kim", "notes": "2026-01-01 10:00 - y", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"})
        }
        "taskwarrior" => json!({"id": 1, "uuid": "11111111-1111-4111-8111-111111111111",
            "description": "x", "entry": "20240301T100000Z", "status": "pending"}),
        "github" => {
            json!({"id": "I_kw", "number": 12, "title": "x", "state": "OPEN", "labels": []})
        }
        "jsonl" => {
            json!({"id": "k7m", "title": "x", "type": "task", "status": "open", "priority": 2,
            "notes": [{"at": "2026-01-01T00:00:00Z", "by": "kim", "kind": "comment", "text": "y"}]})
        }
        _ => unreachable!("{format}"),
    }
}

const FORMATS: [&str; 5] = ["beads", "ticks", "taskwarrior", "github", "jsonl"];

#[test]
fn a_file_of_another_format_is_named_as_such() {
    let sandbox = Sandbox::initialised();
    for of in FORMATS {
        sandbox.write(format!("{of}/a.json"), &format!("{}\n", record(of)));
        sandbox.write(format!("{of}.list"), &format!("[{}]", record(of)));
    }
    sandbox.write("ticket/a.md", "---\nid: nw-1\nstatus: open\ndeps: []\nlinks: []\ncreated: 2026-01-01T00:00:00Z\ntype: task\npriority: 2\n---\n# x\n");
    sandbox.write("backlog/tasks/task-1.md", "---\nid: TASK-1\ntitle: x\nstatus: To Do\nassignee: []\ncreated_date: '2026-01-01'\nlabels: []\ndependencies: []\n---\n");
    let refused = |format: &str, path: &str, of: &str| {
        let refused = sandbox.tk(["import", format, path]);
        assert_eq!(refused.code, 2, "{format} {path}: {refused}");
        let looks = format!("{path}:1: it looks like a file of `{of}`: expected one of `{format}`");
        assert!(refused.stderr.contains(&looks), "{format}: {refused}");
    };
    for format in FORMATS {
        for of in FORMATS.into_iter().filter(|of| *of != format) {
            refused(format, &format!("{of}/a.json"), of);
            if format != "ticks" && format != "jsonl" {
                refused(format, &format!("{of}.list"), of);
            }
        }
        refused(format, "ticket/a.md", "ticket");
        refused(format, "backlog/tasks/task-1.md", "backlog");
    }
    refused("ticket", "backlog/tasks/task-1.md", "backlog");
    refused("backlog", "ticket/a.md", "ticket");
    refused("ticket", "beads/a.json", "beads");
    assert_snapshot!(sandbox.tk(["import", "beads", "github.list"]).stderr, @r"
    error: github.list:1: it looks like a file of `github`: expected one of `beads` (`tk import github` reads it)
    hint: `--skip-invalid` imports the others; nothing is imported now
    ");
    assert_eq!(sandbox.tk(["list", "--json"]).json()["total"], 0);
    for format in FORMATS {
        let path = format!("{format}/a.json");
        let said = sandbox.tk(["import", format, &path, "--dry-run"]).ok();
        assert!(said.contains("1 ticket"), "{format}: {said}");
    }
}

/// `gh api --paginate` prints a page after the other, with `--slurp` an array of them.
#[test]
fn pages_are_read_whole() {
    let page = |numbers: [u32; 2]| {
        let issues = numbers.map(|number| json!({"number": number, "title": number.to_string()}));
        json!(issues).to_string()
    };
    let (one, two) = (page([1, 2]), page([3, 4]));
    for text in [
        format!("{one}{two}"),
        format!("{one}\n{two}\n[]"),
        format!("[{one},{two}]"),
    ] {
        let sandbox = Sandbox::initialised();
        let said = sandbox.tk_with_input(["import", "github", "-"], &text).ok();
        assert_eq!(said, "imported 4 tickets (4 task)\n");
    }
    let sandbox = Sandbox::initialised();
    let broken = format!("{one}\n[{{\"number\":");
    let refused = sandbox.tk_with_input(["import", "github", "-"], &broken);
    assert_snapshot!(refused.stderr, @r"
    error: standard input:2: not a JSON object: EOF while parsing a value
    hint: `--skip-invalid` imports the others; nothing is imported now
    ");
}

/// What `gh api repos/OWNER/NAME/issues` prints has other names, and pull requests among the issues.
#[test]
fn what_the_api_answers() {
    let sandbox = Sandbox::initialised();
    let api = "https://api.github.com/repos/o/r";
    let issue = |number: u32, more: Value| {
        let mut issue = json!({"url": format!("{api}/issues/{number}"), "repository_url": api,
            "labels_url": format!("{api}/issues/{number}/labels{{/name}}"), "comments_url": api,
            "events_url": api, "timeline_url": api, "html_url": format!("https://github.com/o/r/issues/{number}"),
            "id": 7_000_000_000_u64 + u64::from(number), "node_id": "I_kw", "number": number, "title": "x",
            "user": {"login": "lee", "id": 1, "type": "User"}, "labels": [{"id": 1, "name": "bug"}],
            "state": "open", "locked": false, "assignee": {"login": "kim"}, "assignees": [{"login": "kim"}],
            "milestone": {"title": "v1", "due_on": "2026-02-01T00:00:00Z"}, "comments": 0,
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z", "closed_at": null,
            "author_association": "NONE", "active_lock_reason": null, "type": null, "body": "It\r\ncrashes.",
            "sub_issues_summary": {"total": 0}, "reactions": {"url": api, "total_count": 0, "+1": 0},
            "performed_via_github_app": null, "state_reason": null});
        let fields = issue.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        issue
    };
    let issues = json!([
        issue(1, json!({})),
        issue(
            2,
            json!({"state": "closed", "state_reason": "not_planned", "closed_at": "2026-01-05T00:00:00Z",
            "comments": 3, "type": {"name": "Epic"}, "parent_issue_url": format!("{api}/issues/1")})
        ),
        issue(3, json!({"pull_request": {"url": api}})),
    ]);
    assert_snapshot!(sandbox.tk_with_input(["import", "github", "-"], &issues.to_string()).ok(), @r"
    imported 2 tickets (1 bug, 1 epic); 1 left out
    did not fit: field of 2 tickets
      1 left out: it is a pull request
      gh-1: kept under `imported`: `author_association`
      gh-2: `comments` is not a list
      gh-2: kept under `imported`: `author_association`
    ");
    assert_snapshot!(sandbox.read(".ticks/gh-2.toml"), @r#"
    title = "x"

    status = "closed"

    priority = 2

    type = "epic"

    owner = "kim"

    parent = "gh-1"

    labels = [
      "bug",
    ]

    blocked_by = []

    requires = ""

    awaiting = ""

    estimate = ""

    created_at = 2026-01-01T00:00:00Z

    created_by = "lee"

    closed_at = 2026-01-05T00:00:00Z

    # description
    description = """
    It
    crashes.
    """

    # acceptance

    # subtasks

    # notes

    # runs

    [[imported]]
    origin = "github:o/r:2"
    filed_at = "2026-01-01T00:00:00Z"
    milestone = "v1"
    milestone_due = "2026-02-01T00:00:00Z"
    comments = 3
    url = "https://github.com/o/r/issues/2"
    updatedAt = "2026-01-02T00:00:00Z"
    stateReason = "not_planned"
    author_association = "NONE"
    "#);
    // The same as `gh issue list` tells of it.
    let listed = r#"[{"number":1,"title":"x","createdAt":"2026-01-01T00:00:00Z","url":"https://github.com/o/r/issues/1"}]"#;
    let again = sandbox
        .tk_with_input(["import", "github", "-"], listed)
        .ok();
    assert_eq!(again, "imported 0 tickets; 1 already here\n");
}
