//! Shapes that archives of real projects have.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::Sandbox;

/// The ticket's JSON under these keys.
fn says(sandbox: &Sandbox, id: &str, keys: &[&str]) -> Value {
    let shown = sandbox.tk(["show", id, "--json"]).json();
    keys.iter()
        .map(|key| shown["tickets"][0][key].clone())
        .collect()
}

/// GitHub tells of an issue what is above and below it, what it waits for and what waits for it.
#[test]
fn github_edges_are_told_from_both_ends() {
    let sandbox = Sandbox::initialised();
    let at = |number: u32| format!("https://github.com/o/r/issues/{number}");
    let named = |number: u32| json!({"id": "I_x", "number": number, "state": "OPEN", "title": "x", "url": at(number)});
    let list = |issues: &[Value], total: u32| json!({"nodes": issues, "totalCount": total});
    let elsewhere = json!({"number": 3, "url": "https://github.com/o/other/issues/3"});
    let issues = json!([
        {"number": 1, "title": "Epic", "url": at(1), "issueType": {"id": "IT", "name": "Epic", "color": "GRAY"},
         "subIssues": list(&[named(2), named(3), named(9)], 4),
         "subIssuesSummary": {"total": 4, "completed": 1, "percentCompleted": 25},
         "parent": null, "blockedBy": list(&[], 0), "blocking": list(&[], 0), "isPinned": false},
        {"number": 2, "title": "First", "url": at(2), "issueType": null, "labels": [{"name": "bug"}],
         "parent": named(1), "blocking": list(&[named(3), named(8)], 2)},
        {"number": 3, "title": "Second", "url": at(3), "blockedBy": list(&[named(4), named(7), elsewhere], 3)},
        // Older, or of another tool: without the list's length.
        {"number": 4, "title": "Third", "url": at(4), "parent": {"number": 1}, "blocking": [{"number": 5}]},
        {"number": 5, "title": "Fourth", "url": at(5), "parent": {"number": 2}, "blockedBy": [{"title": "x"}]},
        {"number": 6, "title": "Fifth", "url": at(6), "subIssues": list(&[named(2)], 1)},
    ]);
    sandbox.write("issues.json", &issues.to_string());
    assert_snapshot!(sandbox.tk(["import", "github", "issues.json"]).ok(), @r#"
    imported 6 tickets (1 epic, 1 bug, 4 task)
    did not fit: edge of 3 tickets, reference of 4 tickets
      gh-1: `subIssues` names 3 of 4
      gh-1: `parts` names `9`, which is not there
      gh-2: `blocks` names `8`, which is not there
      gh-3: `blockedBy` names an issue elsewhere
      gh-3: `blocked_by` names `7`, which is not there
      gh-5: `blockedBy` names no issue
      gh-6: `parts` names `2`, which is a part of another
    "#);
    let keys = ["type", "parent", "blocked_by"];
    for (id, expected) in [
        ("gh-1", json!(["epic", null, []])),
        ("gh-2", json!(["bug", "gh-1", []])),
        ("gh-3", json!(["task", "gh-1", ["gh-2", "gh-4", "gh-7"]])),
        ("gh-5", json!(["task", "gh-2", ["gh-4"]])),
    ] {
        assert_eq!(says(&sandbox, id, &keys), expected, "{id}");
    }
}

/// Words of statuses that other programs, and people's own settings, write; dependencies that
/// hold a ticket up; what is counted.
#[test]
fn beads_of_other_programs() {
    let sandbox = Sandbox::initialised();
    let statuses = [
        "done",
        "Completed",
        "in-progress",
        "IN_REVIEW",
        "to-do",
        "deferred",
    ];
    let mut lines = String::new();
    for (number, status) in statuses.iter().enumerate() {
        let issue = json!({"schema_version": 1, "id": format!("m-{number}"), "title": "x", "status": status,
            "dependency_count": 1, "dependent_count": 2, "comment_count": 1, "external_ref": null,
            "comments": [{"id": "11", "author": "a", "text": "t", "created_at": "2026-07-23T04:49:13Z"}],
            "created_at": "2026-07-23T04:49:13+00:00"});
        lines.push_str(&format!("{issue}\n"));
    }
    let dependency = |to: &str, kind: &str| json!({"issue_id": "m-9", "depends_on_id": to, "type": kind, "metadata": "{}"});
    let issue = json!({"id": "m-9", "title": "x", "dependencies": [
        dependency("m-2", "waits-for"), dependency("m-3", "conditional-blocks"),
        dependency("m-4", "tracks"), dependency("external:om:om-gate", "blocks")]});
    lines.push_str(&format!("{issue}\n"));
    sandbox.write("a.jsonl", &lines);
    assert_snapshot!(sandbox.tk(["import", "beads", "a.jsonl"]).ok(), @r"
    imported 7 tickets (7 task)
    did not fit: status of 1 ticket, edge of 1 ticket, reference of 1 ticket, field of 6 tickets
      m-0: kept under `imported`: `schema_version`
      m-1: kept under `imported`: `schema_version`
      m-2: kept under `imported`: `schema_version`
      m-3: kept under `imported`: `schema_version`
      m-4: kept under `imported`: `schema_version`
      m-5: `status` is `deferred` there: it awaits approval here
      m-5: kept under `imported`: `schema_version`
      m-9: the dependency `waits-for` to `m-2` is `blocked_by` here
      m-9: the dependency `conditional-blocks` to `m-3` is `blocked_by` here
      m-9: the dependency `tracks` to `m-4` is `related` here
      m-9: `blocked_by` names `external:om:om-gate`, which is not there or no id here
    ");
    let status = |number: usize| says(&sandbox, &format!("m-{number}"), &["status"])[0].clone();
    let statuses: Vec<Value> = (0..6).map(status).collect();
    assert_eq!(
        json!(statuses),
        json!([
            "closed",
            "closed",
            "in_progress",
            "in_progress",
            "open",
            "open"
        ])
    );
    assert_eq!(
        says(&sandbox, "m-9", &["blocked_by", "related"]),
        json!([["m-2", "m-3"], ["m-4"]])
    );
    let text = sandbox.read(".ticks/m-0.toml");
    assert!(
        text.contains("status = \"done\""),
        "what it was is kept: {text}"
    );
}

/// Soft order in a circle is no reason to refuse an archive.
#[test]
fn circles_of_what_is_only_wished_are_cut_too() {
    let sandbox = Sandbox::initialised();
    for (id, fields) in [
        ("aa", r#""after":["bb"]"#),
        ("bb", r#""after":["cc"]"#),
        ("cc", r#""blocked_by":["aa"]"#),
    ] {
        let text = format!(r#"{{"id":"{id}","title":"{id}",{fields}}}"#);
        sandbox.write(format!(".tick/issues/{id}.json"), &text);
    }
    assert_snapshot!(sandbox.tk(["import", "ticks", "."]).ok(), @r#"
    imported 3 tickets (3 task)
    did not fit: edge of 1 ticket
      bb: `after` `cc` is left out: tickets would wait for one another
    "#);
    assert_eq!(says(&sandbox, "cc", &["blocked_by"]), json!([["aa"]]));
    assert_eq!(sandbox.tk(["doctor"]).code, 0);
}

/// The line is one of the file, whatever else ends lines to the reader of YAML.
#[test]
fn a_fault_is_told_with_a_line_of_the_file() {
    let sandbox = Sandbox::initialised();
    sandbox.write(
        "backlog/tasks/a.md",
        "---\nid: a\r\r\r\r\r\rtitle: [x\n---\n",
    );
    let refused = sandbox.tk(["import", "backlog", "."]);
    assert_eq!(refused.code, 2, "{refused}");
    assert!(
        refused.stderr.contains("backlog/tasks/a.md:2: not YAML")
            || refused.stderr.contains("a.md:3: not YAML"),
        "{refused}"
    );
}

/// Some programs begin a text with a mark that says how it is written.
#[test]
fn a_mark_at_the_beginning_is_no_part_of_the_text() {
    let sandbox = Sandbox::initialised();
    let line = |id: &str| format!("\u{feff}{{\"id\":\"{id}\",\"title\":\"{id}\"}}\n");
    sandbox.write("a.jsonl", &line("bd-1"));
    sandbox.tk(["import", "beads", "a.jsonl"]).ok();
    sandbox
        .tk_with_input(["import", "jsonl", "-"], &line("abc"))
        .ok();
    sandbox.write(".tick/issues/tt.json", &line("tt"));
    sandbox.tk(["import", "ticks", "."]).ok();
    sandbox.write(
        "gh.json",
        "\u{feff}[{\"number\":7,\"title\":\"gh\",\"state\":\"OPEN\"}]",
    );
    sandbox.tk(["import", "github", "gh.json"]).ok();
    sandbox.write(
        ".tickets/nw-1.md",
        "\u{feff}---\nid: nw-1\n---\n# Written\n",
    );
    sandbox.tk(["import", "ticket", "."]).ok();
    let listed = sandbox.tk(["list", "--json"]).json();
    assert_eq!(listed["total"], 5);
    assert_eq!(says(&sandbox, "nw-1", &["title"]), json!(["Written"]));
}
