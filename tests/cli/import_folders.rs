//! Archives as their programs leave them: the folders of Backlog.md and what became of the tasks
//! in them, comments, words that YAML takes for nothing.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Sandbox;

fn task(sandbox: &Sandbox, path: &str, id: &str, status: &str, more: &str) {
    let title = path.rsplit(" - ").next().unwrap().trim_end_matches(".md");
    let text = format!("---\nid: {id}\ntitle: {title}\nstatus: {status}\n{more}---\n");
    sandbox.write(format!("backlog/{path}"), &text);
}

fn backlog() -> Sandbox {
    let sandbox = Sandbox::initialised();
    let add = |path, id, status, more| task(&sandbox, path, id, status, more);
    add(
        "tasks/task-1 - Live.md",
        "TASK-1",
        "To Do",
        "dependencies: [TASK-3, task-5]\n",
    );
    add(
        "tasks/api/v2/task-2 - Nested.md",
        "TASK-2",
        "In Progress",
        "",
    );
    add("completed/task-3 - Shipped.md", "TASK-3", "Released", "");
    add("completed/2025/task-4 - Long-done.md", "TASK-4", "Done", "");
    add("archive/tasks/task-5 - Given-up.md", "TASK-5", "To Do", "");
    add("archive/tasks/task-6 - Done.md", "TASK-6", "Done", "");
    // Older versions give the id of an archived task to another.
    add(
        "archive/tasks/task-1 - Older.md",
        "TASK-1",
        "In Progress",
        "parent_task_id: TASK-2\n",
    );
    add("drafts/draft-1 - Idea.md", "DRAFT-1", "Draft", "");
    add(
        "archive/drafts/draft-1 - Bad-idea.md",
        "DRAFT-1",
        "Draft",
        "",
    );
    sandbox.write("backlog/tasks/README.md", "# How we work\n");
    sandbox.write("backlog/tasks/.hidden/task-9 - Hidden.md", "no task");
    sandbox.write("backlog/docs/doc-1 - Guide.md", "---\nid: doc-1\n---\n");
    sandbox
}

#[test]
fn the_folder_says_what_became_of_a_task() {
    let sandbox = backlog();
    assert_snapshot!(sandbox.tk(["import", "backlog", "."]).ok(), @r"
    imported 9 tickets (9 task); 1 left out
    did not fit: id of 2 tickets, status of 3 tickets
      1 left out: it is not named like a task
      sk7565: it is archived there as `Draft`, and closed here
      sk7565: `archive/draft-1 - Bad-idea.md` is no id here: it is `sk7565`
      phxygb: it is archived there as `In Progress`, and closed here
      phxygb: `archive/task-1 - Older.md` is no id here: it is `phxygb`
      task-5: it is archived there as `To Do`, and closed here
    ");
    let all = sandbox.tk(["list", "--all", "--json"]).json();
    let tickets = all["tickets"].as_array().unwrap();
    let mut told: Vec<String> = tickets
        .iter()
        .map(|t| format!("{} {} {}", t["title"], t["status"], t["awaiting"]).replace('"', ""))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "Bad-idea closed null",
            "Done closed null",
            "Given-up closed null",
            "Idea open approval",
            "Live open null",
            "Long-done closed null",
            "Nested in_progress null",
            "Older closed null",
            "Shipped closed null",
        ]
    );
    let shown = |id: &str| sandbox.tk(["show", id, "--json"]).json()["tickets"][0].clone();
    assert_eq!(shown("task-1")["title"], "Live");
    assert_eq!(shown("task-1")["blocked_by"], json!(["task-3", "task-5"]));
    assert_eq!(shown("task-5")["reason"], "archived");
    assert!(
        sandbox
            .read(".ticks/task-3.toml")
            .contains("status = \"Released\"")
    );
    let ready = sandbox.tk(["ready", "--json"]).json();
    assert_eq!(ready["tickets"].as_array().unwrap().len(), 1, "{ready}");
    assert_eq!(ready["tickets"][0]["id"], "task-1");
    let doctor = sandbox.tk(["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor}");
}

#[test]
fn again_or_from_within_it_makes_none() {
    let sandbox = backlog();
    sandbox.tk(["import", "backlog", "backlog"]).ok();
    for path in [".", "backlog", "backlog/tasks", "backlog/archive"] {
        let told = sandbox.tk(["import", "backlog", path, "--json"]).json();
        assert_eq!(told["created"], 0, "{path}: {told}");
    }
}

/// Wherever one stands, and whatever one names of it.
#[test]
fn the_folder_says_so_from_within_too() {
    for (within, path, place, is_open, awaiting) in [
        ("completed", ".", "task-3 - Shipped.md", false, false),
        (
            "completed",
            "task-3 - Shipped.md",
            "task-3 - Shipped.md",
            false,
            false,
        ),
        (
            "tasks",
            "../completed/task-3 - Shipped.md",
            "task-3 - Shipped.md",
            false,
            false,
        ),
        (
            "tasks/api",
            "../task-1 - Live.md",
            "task-1 - Live.md",
            true,
            false,
        ),
        (
            "drafts",
            "../tasks/task-1 - Live.md",
            "task-1 - Live.md",
            true,
            false,
        ),
        ("archive/tasks", ".", "task-5 - Given-up.md", false, false),
        ("archive", ".", "tasks/task-5 - Given-up.md", false, false),
        ("drafts", ".", "draft-1 - Idea.md", true, true),
    ] {
        let sandbox = backlog();
        let folder = sandbox.path().join("backlog").join(within);
        let mut command = sandbox.tk_command();
        let args = ["import", "backlog", path, "--json"];
        let told = sandbox
            .run(command.args(args).current_dir(folder), None)
            .json();
        let first = told["tickets"].as_array().unwrap().iter();
        let mut first = first.filter(|ticket| ticket["path"].as_str().unwrap().ends_with(place));
        let id = first.next().unwrap_or_else(|| panic!("{told}"))["id"].clone();
        let shown = sandbox.tk(["show", id.as_str().unwrap(), "--json"]).json();
        let ticket = &shown["tickets"][0];
        assert_eq!(
            ticket["status"] == "open",
            is_open,
            "{within} {path}: {ticket}"
        );
        assert_eq!(
            ticket["awaiting"] == "approval",
            awaiting,
            "{within} {path}"
        );
    }
    // What is around all of it says nothing.
    let sandbox = Sandbox::initialised();
    task(
        &sandbox,
        "../archive/app/backlog/mine/task-1 - x.md",
        "TASK-1",
        "To Do",
        "",
    );
    let path = "archive/app/backlog/mine";
    let told = sandbox.tk(["import", "backlog", path, "--json"]).json();
    assert_eq!(told["tickets"][0]["status"], "open", "{told}");
}

#[test]
fn a_task_that_cannot_be_read_is_told_wherever_it_is() {
    let sandbox = backlog();
    sandbox.write("backlog/tasks/api/task-7 - Torn.md", "---\nid: TASK-7\n");
    let refused = sandbox.tk(["import", "backlog", "."]);
    assert_eq!(refused.code, 2, "{refused}");
    assert!(
        refused
            .stderr
            .contains("backlog/tasks/api/task-7 - Torn.md:1"),
        "{refused}"
    );
    assert_eq!(sandbox.tk(["list", "--all", "--json"]).json()["total"], 0);
}

/// As version 1.52 writes it.
#[test]
fn comments_are_notes_and_a_criterion_may_have_several_lines() {
    let sandbox = Sandbox::initialised();
    sandbox.write(
        "backlog/tasks/task-2 - Yes.md",
        "---\nid: TASK-2\ntitle: 'yes'\nstatus: In Progress\n---\n\n## Description\n\n\
         <!-- SECTION:DESCRIPTION:BEGIN -->\nOne\n\n## Heading\n\n<!-- SECTION:X -->\n\
         <!-- SECTION:DESCRIPTION:END -->\n\n## Acceptance Criteria\n<!-- AC:BEGIN -->\n\
         - [ ] #1 It works\n- [x] #2 #2 odd\n- [ ] #3 several\nlines\n<!-- AC:END -->\n\n\
         ## Comments\n\n<!-- COMMENTS:BEGIN -->\nauthor: @kim\ncreated: 2026-11-27 12:10\n---\n\
         Hello\n\n---\n\nthere\n---\n\ncreated: 2026-11-27 12:11\n---\nAgain\n---\n\
         <!-- COMMENTS:END -->\n",
    );
    sandbox.tk(["import", "backlog", "."]).ok();
    let shown = sandbox.tk(["show", "task-2", "--json"]).json();
    let ticket = &shown["tickets"][0];
    assert_eq!(
        ticket["description"],
        "One\n\n## Heading\n\n<!-- SECTION:X -->"
    );
    let texts = |key: &str| -> Vec<String> {
        let items = ticket[key].as_array().unwrap().iter();
        items
            .map(|item| item["text"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(texts("acceptance"), ["It works", "#2 odd", "several lines"]);
    assert_eq!(texts("notes"), ["Hello\n\n---\n\nthere", "Again"]);
    assert_eq!(
        (&ticket["notes"][0]["by"], &ticket["notes"][1]["at"]),
        (&json!("@kim"), &json!("2026-11-27T12:11:00Z"))
    );
    // What is not written so stays as it is.
    sandbox.write(
        "backlog/tasks/task-3 - Odd.md",
        "---\nid: TASK-3\ntitle: Odd\n---\n\n## Comments\n\nkim: hello\n---\nthere\n",
    );
    sandbox.tk(["import", "backlog", "."]).ok();
    let shown = sandbox.tk(["show", "task-3", "--json"]).json();
    assert_eq!(
        shown["tickets"][0]["description"],
        "## Comments\n\nkim: hello\n---\nthere"
    );
}

#[test]
fn words_that_yaml_takes_for_nothing_are_kept() {
    let sandbox = Sandbox::initialised();
    sandbox.write(
        ".tickets/t-1.md",
        "---\nid: t-1\nstatus: open\ndeps: []\nassignee: null\nexternal-ref: #12\n\
         parent: # none\n---\n# One\n",
    );
    sandbox.tk(["import", "ticket", "."]).ok();
    let text = sandbox.read(".ticks/t-1.toml");
    assert!(text.contains("owner = \"null\"\n"), "{text}");
    assert!(text.contains("\"#12\""), "{text}");
    assert!(text.contains("parent = \"\"\n"), "{text}");
}

/// The program quotes them before it reads them.
#[test]
fn people_need_no_quotes_in_tasks_of_backlog() {
    let sandbox = Sandbox::initialised();
    let add = |number: usize, more: &str| {
        let path = format!("tasks/task-{number} - Task.md");
        task(&sandbox, &path, &format!("TASK-{number}"), "To Do", more);
    };
    add(1, "assignee: @ann\nreporter: @zoe's\n");
    add(2, "assignee: [@ann, bob]\nlabels:\n  - '@x'\n");
    add(
        3,
        "assignee:\n  - @ann\n  - bob\ncreated_date: 2025-01-02\n",
    );
    add(4, "assignee: '@ann'\nreporter: \"@zoe\"\n");
    sandbox.tk(["import", "backlog", "."]).ok();
    let facts = |number: usize| {
        let shown = sandbox.tk(["show", &format!("task-{number}"), "--json"]);
        let ticket = &shown.json()["tickets"][0];
        json!([ticket["owner"], ticket["created_by"], ticket["labels"]])
    };
    assert_eq!(facts(1), json!(["@ann", "@zoe's", []]));
    assert_eq!(facts(2), json!(["@ann", null, ["@x"]]));
    assert_eq!(facts(3), json!(["@ann", null, []]));
    assert_eq!(facts(4), json!(["@ann", "@zoe", []]));
    let text = sandbox.read(".ticks/task-3.toml");
    assert!(text.contains("\"bob\""), "the others are kept: {text}");
}

#[test]
fn days_as_backlog_wrote_them_before() {
    let sandbox = Sandbox::initialised();
    for (number, day) in ["09-06-25", "09/06/25", "'09.06.25'"].iter().enumerate() {
        let path = format!("tasks/task-{number} - Task.md");
        let more = format!("created_date: {day}\nupdated_date: {day}\ndue_date: {day}\n");
        task(&sandbox, &path, &format!("TASK-{number}"), "To Do", &more);
    }
    task(
        &sandbox,
        "tasks/task-9 - Task.md",
        "TASK-9",
        "To Do",
        "due_date: 31-02-25\n",
    );
    assert_snapshot!(sandbox.tk(["import", "backlog", "."]).ok(), @r"
    imported 4 tickets (4 task)
    did not fit: field of 1 ticket
      task-9: `due_date` is not a day
    ");
    for number in 0..3 {
        let shown = sandbox.tk(["show", &format!("task-{number}"), "--json"]);
        let ticket = &shown.json()["tickets"][0];
        assert_eq!(ticket["created_at"], "2025-06-09T00:00:00Z");
        assert_eq!(ticket["due"], "2025-06-09");
    }
    let text = sandbox.read(".ticks/task-9.toml");
    assert!(text.contains("due_date = \"31-02-25\""), "{text}");
}

/// One number, and that of the file.
#[test]
fn a_fault_in_the_yaml_is_told_with_the_line_of_the_file() {
    let sandbox = Sandbox::initialised();
    sandbox.write(
        "backlog/tasks/a.md",
        "---\nid: a\ntitle: One\nmilestone: @m\n---\n",
    );
    let refused = sandbox.tk(["import", "backlog", "."]);
    assert_eq!(refused.code, 2, "{refused}");
    assert_eq!(
        refused.stderr.lines().next(),
        Some("error: backlog/tasks/a.md:4: not YAML: unexpected character: `@'"),
        "{refused}"
    );
}

/// What is wrong is told in words about the file.
#[test]
fn faults_of_the_yaml_are_told_in_its_own_words() {
    let sandbox = Sandbox::initialised();
    let deep = format!("deep: {}{}", "[".repeat(50), "]".repeat(50));
    let many = format!("a: &a [1]\nb: [{}]", ["*a"; 100].join(", "));
    let mut said = String::new();
    for yaml in [
        "id: a\nid: b",
        "id: a\n~: x",
        "id: a\n? [x]\n: y",
        "id: a\n? !!binary x\n: y",
        "id: a\nx: .inf",
        "id: a\nx: !!binary /w==",
        "id: a\nx: !!int y",
        "- id",
        "id",
        "id: a\n...\nid: b",
        "id: a\nx: *y",
        "id: a\nx: &x [*x]",
        &deep,
        &many,
        "id: 'a",
        "id: a\n\tx: y",
        "id: [a",
    ] {
        sandbox.write("backlog/tasks/a.md", &format!("---\n{yaml}\n---\n# T\n"));
        let refused = sandbox.tk(["import", "backlog", ".", "--dry-run"]);
        let first = refused.stderr.lines().next().unwrap_or_default();
        said.push_str(first.trim_start_matches("error: backlog/tasks/a.md:"));
        said.push('\n');
    }
    assert_snapshot!(said, @r"
    3: `id` is there twice
    3: a key is no text
    3: a key is no text
    3: not YAML: invalid !!binary base64
    3: `.inf` is no number: expected quotes around it
    3: what is `!!binary` is no text
    3: a value is not what its tag says
    2: expected fields as `key: value`
    2: expected fields as `key: value`
    4: it is more than one document
    3: not YAML: alias references unknown anchor
    3: its references are too many, or within themselves
    2: it is too deep or too large
    3: it is too deep or too large
    2: not YAML: unclosed quote
    2: not YAML: while scanning a plain scalar, found a tab
    2: not YAML: unclosed bracket '['
    ");
}

/// Sections of people's own stay as they are, also where they are empty.
#[test]
fn headings_stay_as_they_are() {
    let sandbox = Sandbox::initialised();
    let body = "## Description\n\nText.\n\n## Out of Scope\n\n## API Notes\nSee `X`.\n\n\
                ## Implementation Plan\n\n## Acceptance Criteria\n<!-- AC:BEGIN -->\n<!-- AC:END -->\n\n\
                ## Definition Of Done\nIt works.\n";
    sandbox.write(
        "backlog/tasks/task-1 - T.md",
        &format!("---\nid: task-1\ntitle: T\n---\n{body}"),
    );
    sandbox.write(
        ".tickets/nw-1.md",
        "---\nid: nw-1\n---\n# T\n\nText.\n\n## Design\n\n## Out of Scope\n## Notes\n",
    );
    sandbox.tk(["import", "backlog", "."]).ok();
    sandbox.tk(["import", "ticket", "."]).ok();
    let text = |id: &str| {
        let shown = sandbox.tk(["show", id, "--json"]).json();
        let text = shown["tickets"][0]["description"].as_str();
        text.unwrap().to_owned()
    };
    assert_eq!(
        text("task-1"),
        "Text.\n\n## Out of Scope\n\n## API Notes\n\nSee `X`.\n\n## Definition Of Done\n\nIt works."
    );
    assert_eq!(text("nw-1"), "Text.\n\n## Design\n\n## Out of Scope");
}

/// What looks like a heading in an example begins no section.
#[test]
fn a_heading_in_code_is_a_part_of_it() {
    let sandbox = Sandbox::initialised();
    let code = "~~~\n## Notes\n\n## Acceptance Criteria\n- x\n~~~";
    let text = |id: &str| {
        let shown = sandbox.tk(["show", id, "--json"]).json();
        shown["tickets"][0]["description"].clone()
    };
    sandbox.write(
        ".tickets/nw-1.md",
        &format!(
            "---\nid: nw-1\n---\n# T\n\n{code}\n\n## Design\n\n```\nNever ended.\n\n## More\nx\n"
        ),
    );
    sandbox.tk(["import", "ticket", "."]).ok();
    assert_eq!(
        text("nw-1"),
        format!("{code}\n\n## Design\n\n```\nNever ended.\n\n## More\n\nx")
    );
    // A mark ends a section, whatever is open in it.
    sandbox.write(
        "backlog/tasks/task-1 - T.md",
        &format!(
            "---\nid: task-1\ntitle: T\n---\n## Description\n\n{code}\n\n## Notes\n\
             <!-- SECTION:NOTES:BEGIN -->\n```\nopen\n<!-- SECTION:NOTES:END -->\n\n\
             ## Implementation Notes\n```\nb\n```\n"
        ),
    );
    sandbox.tk(["import", "backlog", "."]).ok();
    assert_eq!(text("task-1"), format!("{code}\n\n## Notes\n\n```\nopen"));
    let shown = sandbox.tk(["show", "task-1", "--json"]).json();
    assert_eq!(shown["tickets"][0]["notes"][0]["text"], "```\nb\n```");
}
