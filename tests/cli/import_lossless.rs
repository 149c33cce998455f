//! Nothing that an archive says is lost without a word: it is kept, and told.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::Sandbox;

/// What an import of that text says, and the file of that ticket from where it says where the
/// ticket comes from.
fn imported(format: &str, text: &str, id: &str) -> (Sandbox, String, String) {
    let sandbox = Sandbox::initialised();
    let said = sandbox.tk_with_input(["import", format, "-"], text).ok();
    let file = sandbox.read(format!(".ticks/{id}.toml"));
    let kept = file.split_once("[[imported]]").unwrap().1.to_owned();
    (sandbox, said, kept)
}

/// When each note was said, and what.
fn notes(sandbox: &Sandbox, id: &str) -> Vec<String> {
    let shown = sandbox.tk(["show", id, "--json"]).json();
    let notes = shown["tickets"][0]["notes"].as_array().unwrap().iter();
    let shown = notes.map(|note| format!("{} {}", note["at"], note["text"]).replace('"', ""));
    shown.collect()
}

#[test]
fn of_taskwarrior() {
    let task = |uuid: u8, more: Value| {
        let mut task = json!({"uuid": format!("{uuid}1111111-1111-4111-8111-111111111111"),
            "description": "x", "status": "pending", "entry": "20240301T100000Z"});
        task.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        task
    };
    let tasks = json!([
        task(
            1,
            json!({"priority": "Z", "annotations": [
            {"entry": "20240302T100000Z", "description": "good"},
            {"entry": "last week", "description": "bad"},
            {"entry": "20240303T100000Z", "text": "no"}, "plain"]})
        ),
        task(2, json!({"annotations": "a text", "modified": "lately"})),
        task(
            3,
            json!({"priority": "M", "annotations": [], "modified": "20240303T100000Z"})
        ),
    ]);
    let (sandbox, said, kept) = imported("taskwarrior", &tasks.to_string(), "11111111");
    assert_snapshot!(said, @r"
    imported 3 tickets (3 task)
    did not fit: priority of 1 ticket, text of 1 ticket, field of 2 tickets
      11111111: `priority` is `Z`, not H, M or L
      11111111: `annotations` has one without a text under `description`
      11111111: `annotations` has one without a time under `entry`: the ticket's own stands for it
      21111111: `annotations` is not a list
      21111111: `modified` is not a time
    ");
    assert_snapshot!(kept, @r#"
    origin = "taskwarrior:11111111-1111-4111-8111-111111111111"
    priority = "Z"
    annotations = "[{\"entry\":\"last week\",\"description\":\"bad\"},{\"entry\":\"20240303T100000Z\",\"text\":\"no\"},\"plain\"]"
    status = "pending"
    "#);
    assert_eq!(
        notes(&sandbox, "11111111"),
        ["2024-03-02T10:00:00Z good", "2024-03-01T10:00:00Z bad"]
    );
    let text = sandbox.read(".ticks/21111111.toml");
    let kept = "annotations = \"a text\"\nmodified = \"lately\"\n";
    assert!(text.contains(kept), "{text}");
}

#[test]
fn of_github() {
    let issues = json!([
        {"number": 1, "title": "x", "state": "OPEN", "milestone": "v1", "author": "kim",
         "labels": [{"name": "bug"}, {"color": "red"}],
         "comments": [{"author": {"login": "lee"}, "body": "bad", "createdAt": "soon"}]},
        {"number": 2, "title": "x", "state": "OPEN", "milestone": {"number": 3},
         "author": {"id": 7}, "labels": "docs", "comments": 3, "issueType": 4},
        {"number": 3, "title": "x", "state": "OPEN", "createdAt": "2026-01-01T00:00:00Z", "url": [1],
         "author": {"login": ""}, "milestone": null, "labels": [],
         "comments": [{"author": null, "body": "", "createdAt": "2026-01-01T00:00:00Z"},
                      {"author": {"login": "lee"}, "body": "", "createdAt": "2026-01-01T00:00:00Z"}]},
    ]);
    let (sandbox, said, kept) = imported("github", &issues.to_string(), "gh-1");
    assert_snapshot!(said, @r"
    imported 3 tickets (1 bug, 2 task)
    did not fit: text of 1 ticket, field of 3 tickets
      gh-1: `labels` is not a text or an object with `name`
      gh-1: `comments` has one without a time under `createdAt`: 1970 stands for it
      gh-2: `author` is not a text or an object with `login`
      gh-2: `milestone` is not a text or an object with `title`
      gh-2: `comments` is not a list
      gh-2: `issueType` is not a text or an object with `name`
      gh-3: `comments` has one without a text under `body`
      gh-3: `url` is not a text
    ");
    let empty = sandbox.read(".ticks/gh-3.toml");
    assert!(empty.contains(r#"comments = "[{\"author\":{\"login\":\"lee\"},\"body\":\"\","#));
    assert_snapshot!(kept, @r#"
    origin = "github:1"
    labels = "{\"color\":\"red\"}"
    milestone = "v1"
    comments = "[{\"author\":{\"login\":\"lee\"},\"body\":\"bad\",\"createdAt\":\"soon\"}]"
    "#);
    assert_eq!(notes(&sandbox, "gh-1"), ["1970-01-01T00:00:00Z bad"]);
    let text = sandbox.read(".ticks/gh-2.toml");
    assert_snapshot!(text.split_once("[[imported]]").unwrap().1, @r#"
    origin = "github:2"
    author = "{\"id\":7}"
    milestone = "{\"number\":3}"
    comments = 3
    issueType = 4
    "#);
    let shown = sandbox.tk(["list", "--json", "--fields", "id,labels,created_by"]);
    assert_eq!(
        shown.json()["tickets"],
        json!([
            {"id": "gh-3", "labels": [], "created_by": null},
            {"id": "gh-1", "labels": ["bug"], "created_by": "kim"},
            {"id": "gh-2", "labels": ["docs"], "created_by": null},
        ])
    );
}

#[test]
fn of_ticks() {
    let sandbox = Sandbox::initialised();
    for (id, manual) in [("a", "true"), ("b", "false"), ("c", "\"by dana\"")] {
        let issue = format!("{{\"id\":\"{id}\",\"title\":\"x\",\"manual\":{manual}}}");
        sandbox.write(format!(".tick/issues/{id}.json"), &issue);
    }
    assert_snapshot!(sandbox.tk(["import", "ticks", "."]).ok(), @r"
    imported 3 tickets (3 task)
    did not fit: field of 1 ticket
      c: `manual` is not `true` or `false`
    ");
    let files = ["a", "b", "c"].map(|id| sandbox.read(format!(".ticks/{id}.toml")));
    assert!(files[0].contains("awaiting = \"work\""));
    assert!(!files[1].contains("manual"));
    assert!(files[2].contains("manual = \"by dana\""));
}

#[test]
fn of_beads() {
    let edge = |to: &str, more: Value| {
        let mut edge = json!({"issue_id": "bd-1", "depends_on_id": to, "type": "blocks",
            "metadata": "{}", "thread_id": ""});
        edge.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        edge
    };
    let issues = [
        json!({"id": "bd-1", "title": "x", "status": "open", "estimated_minutes": 1_000_000,
            "created_at": "2026-01-01T00:00:00Z",
            "comments": ["a text", {"author": "kim", "body": "other key"},
                {"author": "kim", "text": "bad", "created_at": "soon"}],
            "dependencies": [edge("bd-2", json!({"weight": 3})), edge("bd-3", json!({}))]}),
        json!({"id": "bd-2", "title": "x", "status": "open", "comments": {"a": 1},
            "dependencies": {"depends_on_id": "bd-3"}}),
        json!({"id": "bd-3", "title": "x", "status": "open", "estimated_minutes": 999_999,
            "comments": {}, "dependencies": [{"issue_id": "bd-3", "depends_on_id": "bd-4",
                "type": "related", "created_at": "2026-01-01T00:00:00Z", "created_by": "kim"}]}),
        json!({"id": "bd-4", "title": "x", "status": "open", "estimated_minutes": 0}),
    ];
    let text: String = issues.iter().map(|issue| format!("{issue}\n")).collect();
    let (sandbox, said, kept) = imported("beads", &text, "bd-1");
    assert_snapshot!(said, @r"
    imported 4 tickets (4 task)
    did not fit: text of 1 ticket, field of 2 tickets
      bd-1: `estimated_minutes` is not less than 1000000 minutes
      bd-1: `comments` has one without a text under `text`
      bd-1: `comments` has one without a time under `created_at`: the ticket's own stands for it
      bd-1: kept under `imported`: what else `dependencies` say
      bd-2: `comments` is not a list
      bd-2: `dependencies` is not a list
    ");
    assert_snapshot!(kept, @r#"
    origin = "beads:bd-1"
    filed_at = "2026-01-01T00:00:00Z"
    estimated_minutes = 1000000
    comments = "[\"a text\",{\"author\":\"kim\",\"body\":\"other key\"},{\"author\":\"kim\",\"text\":\"bad\",\"created_at\":\"soon\"}]"
    dependencies = "[{\"issue_id\":\"bd-1\",\"depends_on_id\":\"bd-2\",\"type\":\"blocks\",\"metadata\":\"{}\",\"thread_id\":\"\",\"weight\":3}]"
    "#);
    assert_eq!(notes(&sandbox, "bd-1"), ["2026-01-01T00:00:00Z bad"]);
    let kept = |id: &str| {
        let text = sandbox.read(format!(".ticks/{id}.toml"));
        text.split_once("[[imported]]").unwrap().1.to_owned()
    };
    assert_snapshot!(kept("bd-2"), @r#"
    origin = "beads:bd-2"
    comments = "{\"a\":1}"
    dependencies = "{\"depends_on_id\":\"bd-3\"}"
    "#);
    // Who made an edge, and when, is kept without a word, as when an issue was changed last is.
    assert_snapshot!(kept("bd-3"), @r#"
    origin = "beads:bd-3"
    dependencies = "[{\"issue_id\":\"bd-3\",\"depends_on_id\":\"bd-4\",\"type\":\"related\",\"created_at\":\"2026-01-01T00:00:00Z\",\"created_by\":\"kim\"}]"
    "#);
    assert_eq!(kept("bd-4"), "\norigin = \"beads:bd-4\"\n");
}

/// What `new` refuses may be in a file all the same: a day that was said later.
#[test]
fn a_repeat_that_means_another_day_is_told() {
    let sandbox = Sandbox::initialised();
    let line = r#"{"id":"d1","title":"x","repeat":"monthly@31","due":"2026-12-15"}"#;
    let said = sandbox.tk_with_input(["import", "jsonl", "-"], line).ok();
    assert_snapshot!(said, @r"
    imported 1 ticket (1 task)
    did not fit: field of 1 ticket
      d1: `repeat` is `1mo@31`, which means day 31 of the month, and 2026-12-15 is another: it comes again by the day that is there
    ");
    let exported = sandbox.tk(["export"]).ok();
    assert!(
        exported.contains(r#""due":"2026-12-15","repeat":"1mo@31""#),
        "{exported}"
    );
}

#[test]
fn a_day_is_expected_where_a_day_is_meant() {
    let sandbox = Sandbox::initialised();
    let refused = |key: &str, text: &str| {
        let line = json!({"id": "d1", "title": "x", key: text}).to_string();
        let refused = sandbox.tk_with_input(["import", "jsonl", "-"], &line);
        assert_eq!(refused.code, 2, "{refused}");
        refused.stderr.lines().next().unwrap().to_owned()
    };
    assert_eq!(
        refused("due", "2026-02-30"),
        "error: standard input:1: `d1`: `due` is `2026-02-30`: expected a day like `2026-11-20`"
    );
    assert_eq!(
        refused("defer_until", "2026-02-30"),
        "error: standard input:1: `d1`: `defer_until` is `2026-02-30`: expected a day like \
         `2026-11-20` or a time like `2026-11-20T08:38:50Z`"
    );
    assert_eq!(
        refused("closed_at", "soon"),
        "error: standard input:1: `d1`: `closed_at` is `soon`: expected a time like \
         `2026-11-20T08:38:50Z`"
    );
}

/// The day that somebody has meant, wherever that was, and the time of it.
#[test]
fn a_due_time_is_the_day_that_is_written_and_is_kept() {
    for (format, key, text, day, kept) in [
        (
            "beads",
            "due_at",
            "2026-02-01T00:00:00+01:00",
            "2026-02-01",
            true,
        ),
        (
            "beads",
            "due_at",
            "2026-02-01T23:30:00-05:00",
            "2026-02-01",
            true,
        ),
        (
            "beads",
            "due_at",
            "2026-02-01T08:00:00Z",
            "2026-02-01",
            true,
        ),
        (
            "ticks",
            "target_date",
            "2026-02-01T00:30:00+14:00",
            "2026-02-01",
            true,
        ),
        ("ticks", "target_date", "2026-02-01", "2026-02-01", false),
        (
            "backlog",
            "due_date",
            "'2026-02-01 23:30'",
            "2026-02-01",
            true,
        ),
    ] {
        let sandbox = Sandbox::initialised();
        let json = json!({"id": "x1", "title": "x", key: text}).to_string();
        match format {
            "beads" => sandbox.write("issues.jsonl", &json),
            "ticks" => sandbox.write(".tick/issues/x1.json", &json),
            _ => sandbox.write(
                "backlog/tasks/x1.md",
                &format!("---\nid: x1\ntitle: x\n{key}: {text}\n---\n"),
            ),
        }
        let said = sandbox.tk(["import", format, "."]).ok();
        let shown = sandbox.tk(["show", "x1", "--json"]).json();
        assert_eq!(shown["tickets"][0]["due"], day, "{format} {text}");
        let file = sandbox.read(".ticks/x1.toml");
        let line = format!("{key} = \"{}\"\n", text.trim_matches('\''));
        assert_eq!(file.contains(&line), kept, "{file}");
        let begins = !kept || text.contains("T00:00:00");
        let told = format!("x1: `{key}` has a time of day, which is kept under `imported`");
        assert_eq!(said.contains(&told), !begins, "{said}");
    }
}

/// taskwarrior writes what begins a day on the clock there in UTC.
#[test]
fn days_of_taskwarrior_are_those_of_its_clock() {
    let task = |uuid: u8, due: &str| {
        let uuid = format!("{uuid}1111111-1111-4111-8111-111111111111");
        json!({"uuid": uuid, "description": "x", "status": "pending", "due": due})
    };
    for (zone, due, late) in [
        (
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "20260131T230000Z",
            "20260201T163000Z",
        ),
        (
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "20260630T220000Z",
            "20260701T163000Z",
        ),
        (
            "EST5EDT,M3.2.0,M11.1.0",
            "20260201T050000Z",
            "20260202T040000Z",
        ),
        ("UTC", "20260201T000000Z", "20260201T233000Z"),
    ] {
        let sandbox = Sandbox::initialised().with_env("TZ", zone);
        let tasks = json!([task(1, due), task(2, late)]).to_string();
        let said = sandbox
            .tk_with_input(["import", "taskwarrior", "-"], &tasks)
            .ok();
        let told = "21111111: `due` has a time of day, which is kept under `imported`\n";
        assert!(
            said.ends_with(told) && said.matches("`due`").count() == 1,
            "{said}"
        );
        let day = if due.starts_with("202606") {
            "2026-07-01"
        } else {
            "2026-02-01"
        };
        let days = |sandbox: &Sandbox| {
            let listed = sandbox.tk(["list", "--json", "--fields", "due"]).json();
            listed["tickets"].clone()
        };
        assert_eq!(
            days(&sandbox),
            json!([{"due": day}, {"due": day}]),
            "{zone}"
        );
        let exported = |sandbox: &Sandbox| -> Vec<String> {
            let text = sandbox.tk(["export", "-f", "taskwarrior"]).ok();
            let tasks: Vec<Value> = serde_json::from_str(&text).unwrap();
            let due = tasks
                .iter()
                .map(|task| task["due"].as_str().unwrap().to_owned());
            due.collect()
        };
        assert_eq!(exported(&sandbox), [due, late], "{zone}");
        // It is the same again elsewhere, and after that.
        let text = sandbox.tk(["export", "-f", "taskwarrior"]).ok();
        let mut there = Sandbox::initialised().with_env("TZ", zone);
        there
            .tk_with_input(["import", "taskwarrior", "-"], &text)
            .ok();
        assert_eq!(days(&there), days(&sandbox), "{zone}");
        assert_eq!(exported(&there), [due, late], "{zone}");
        let file = there.read(".ticks/11111111.toml");
        assert!(!file.contains("due = \"2026"), "{file}");
        // One that is put off begins a day.
        there.set_env("TZ", "CET-1");
        there.tk(["update", "21111111", "--due", "2026-03-05"]).ok();
        assert_eq!(exported(&there)[1], "20260304T230000Z");
    }
}

/// What an import has kept is the same in every byte where it comes back from an export.
#[test]
fn what_is_kept_is_written_as_it_was() {
    let issue = json!({"id": "bd-1", "title": "x", "created_at": "2026-01-02T03:04:05Z",
        "zeta": ["a", "b \" c"], "none": [], "alpha": {"x": [1, 2]}, "number": 3, "flag": true,
        "float": 1.5, "lines": "one\n\"\"\"two\"\"\"\n", "end": "one\n", "blank": "\n", "odd \u{1b}": "a\\b\tc",
        "dependencies": [{"depends_on_id": "bd-9", "type": "blocks"}]});
    let (sandbox, _, kept) = imported("beads", &issue.to_string(), "bd-1");
    assert!(kept.contains("zeta = [\n"), "{kept}");
    let text = sandbox.read(".ticks/bd-1.toml");
    let exported = sandbox.tk(["export", "--all"]).ok();
    let (there, _, _) = imported("jsonl", &exported, "bd-1");
    assert_eq!(there.read(".ticks/bd-1.toml"), text);
    assert_eq!(there.tk(["export", "--all"]).ok(), exported);
    // Also where others stand beside it, as after a merge, and what a person has added.
    let more =
        "\n[[imported]]\norigin = \"ticks:k7m\"\nowner = \"kim\"\n\n[mine]\nb = 1\na = [2]\n";
    sandbox.ticket("bd-1", &format!("{text}{more}"));
    let exported = sandbox.tk(["export", "--all"]).ok();
    let (there, _, _) = imported("jsonl", &exported, "bd-1");
    assert_eq!(there.read(".ticks/bd-1.toml"), format!("{text}{more}"));
}

/// Numbers under keys that are not known here have their digits, or are refused.
#[test]
fn unknown_numbers_are_the_same_again() {
    let from = Sandbox::initialised();
    let file = "title = \"x\"\npoints = 123456789.123456789\nlarge = 1e30\nleast = -9223372036854775808\n\
                third = 0.30000000000000004\nold = 5e-324\nword = \"1000000000000000000000000000000\"\n";
    from.ticket("abc", file);
    let text = from.tk(["export"]).ok();
    let there = Sandbox::initialised();
    there.tk_with_input(["import", "jsonl", "-"], &text).ok();
    assert_eq!(there.tk(["export"]).ok(), text);
    let keys = |sandbox: &Sandbox| -> toml::Table {
        let mut table: toml::Table = sandbox.read(".ticks/abc.toml").parse().unwrap();
        table.retain(|key, _| file.contains(&format!("{key} = ")));
        table
    };
    assert_eq!(keys(&there), keys(&from));
    for number in [
        "9223372036854775808",
        "18446744073709551616",
        "-1000000000000000000000000000000",
        "1000000000000000000000000000000",
    ] {
        let line = format!(
            "{{\"id\":\"abd\",\"title\":\"5\\\\\\\"6\",\"fine\":1e40,\"list\":[1.5,{{\"odd\":{number}}}]}}"
        );
        let refused = there.tk_with_input(["import", "jsonl", "-"], &line);
        assert_eq!(refused.code, 2, "{refused}");
        let told = format!(
            "error: standard input:1: `abd`: `odd` is {number}: expected a whole number of at \
             most 64 bits"
        );
        assert!(refused.stderr.starts_with(&told), "{refused}");
    }
}
