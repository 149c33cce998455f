//! Archives as large and as odd as they come: of each format, every shape that a field can have,
//! in every combination, knotted, and with parts that are no tickets.

use std::fmt::Write;
use std::fs;

use serde_json::{Map, Value, json};

use crate::support::Sandbox;

const FORMATS: [&str; 6] = [
    "ticks",
    "beads",
    "ticket",
    "backlog",
    "taskwarrior",
    "github",
];

/// How many of an archive are in one dense knot, each waiting for each.
const KNOT: usize = 40;

/// An archive of so many records: its files, by their paths. The same each time.
fn archive(format: &str, count: usize) -> Vec<(String, String)> {
    let records = (0..count).map(|number| record(format, number, count));
    match format {
        "ticks" => {
            let file = |(number, record): (usize, Value)| {
                (format!(".tick/issues/{number:06}.json"), record.to_string())
            };
            records.enumerate().map(file).collect()
        }
        "ticket" | "backlog" => {
            let folder = if format == "ticket" {
                ".tickets"
            } else {
                "backlog/tasks"
            };
            let file = |(number, record): (usize, Value)| {
                let text = markdown(format, record, number);
                (format!("{folder}/{number:06}.md"), text)
            };
            records.enumerate().map(file).collect()
        }
        "beads" => {
            let lines = records.map(|record| format!("{record}\n")).collect();
            vec![("archive.jsonl".to_owned(), lines)]
        }
        _ => {
            let all: Value = records.collect();
            vec![("archive.json".to_owned(), all.to_string())]
        }
    }
}

/// The ids of a format's records.
fn id(format: &str, number: usize) -> String {
    match format {
        "taskwarrior" => format!("00000000-0000-4000-8000-{number:012}"),
        "github" => number.to_string(),
        "backlog" => format!("TASK-{number}"),
        _ => format!("x-{number}"),
    }
}

const TEXTS: [&str; 10] = [
    "Plain words",
    "Grüße, 世界 👩‍👩‍👧 e\u{301}",
    "right to left \u{202e}abc\u{202c} \u{200b}",
    "quotes \" ' \"\"\" ''' and \\ \\u0041",
    "a\ttab, a\u{1b}[31mcolour and a\u{7}bell",
    "two\nlines",
    "lines\r\nthat end\r\nwith CR LF\r\n",
    "# title = [[notes]]\n---\n- [ ] a\n<<<<<<< x\n=======\n>>>>>>> y",
    "  spaces around  ",
    "${HOME} $(true) `true` %s {{x}} ../../x -- --help",
];

const TIMES: [&str; 10] = [
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.123456789-08:00",
    "2026-01-02 03:04",
    "2026-01-02",
    "20260102T030405Z",
    "0001-01-01T00:00:00Z",
    "2026-01-02T03:04:05+05:30[Asia/Kolkata]",
    "yesterday",
    "1767323045",
    "",
];

/// A value that a field should not have.
fn wrong(number: usize) -> Value {
    let values = [
        json!(null),
        json!(7),
        json!(true),
        json!([1, null, "x"]),
        json!({"a": {"b": []}}),
        json!(1e300),
    ];
    values[number % values.len()].clone()
}

fn record(format: &str, number: usize, count: usize) -> Value {
    let mut rng = fastrand::Rng::with_seed(number as u64);
    let names = names(format);
    let mut fields = Map::new();
    let key = |name: &str| {
        names
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, key)| *key)
    };
    let mut set = |name: &str, value: Value| {
        if let Some(key) = key(name) {
            // Now and then it is missing, or of another type.
            let value = match rng.u32(..100) {
                0 => return,
                1 if name != "id" => wrong(number),
                _ => value,
            };
            fields.insert(key.to_owned(), value);
        }
    };
    let text = |salt: usize| TEXTS[(number / 3 + salt) % TEXTS.len()];
    let time = |salt: usize| json!(TIMES[(number / 7 + salt) % TIMES.len()]);
    // Some ids are there twice.
    let own = if number % 997 == 996 {
        number - 1
    } else {
        number
    };
    set("id", json!(id(format, own)));
    set("title", json!(format!("{} {number}", text(0))));
    let body = text(1).repeat(if number.is_multiple_of(500) {
        2_000
    } else {
        1 + number % 3
    });
    set("body", json!(body));
    set(
        "status",
        json!(["open", "closed", "in_progress", "blocked", "done"][number % 5]),
    );
    set(
        "type",
        json!(["task", "bug", "epic", "odd", "feature"][number / 5 % 5]),
    );
    set(
        "priority",
        [json!(1), json!("high"), json!(9), json!("M")][number / 2 % 4].clone(),
    );
    set("labels", json!([text(2), "ui"]));
    set("owner", json!(text(3)));
    set("created", time(0));
    set("updated", time(1));
    set("closed", time(2));
    set("due", time(3));
    set("notes", notes(format, text(4), &time(4)));
    set("odd", wrong(number + 1));
    // One chain of parents, as deep as it gets, and many that are flat.
    let parent = if number < count / 10 {
        number.wrapping_sub(1)
    } else {
        number / 10
    };
    let parent = (parent < number).then(|| id(format, parent));
    let mut on = vec![(number * 7 + 3) % count, (number + 1) % count];
    match number % 5 {
        0 => on.push(number),
        1 => on.push(count * 2),
        _ => {}
    }
    if number < KNOT {
        on.extend(0..KNOT);
    }
    let on: Vec<String> = on.into_iter().map(|other| id(format, other)).collect();
    match format {
        "beads" => {
            let parent = parent.into_iter().map(|to| (to, "parent-child"));
            let kinds = ["blocks", "related", "waits-for", "tracks"];
            let on = on.into_iter().zip(kinds.into_iter().cycle()).chain(parent);
            let on = on.map(|(to, kind)| json!({"depends_on_id": to, "type": kind}));
            set("blocked", on.collect());
        }
        "github" => {
            let issue = |to: &String| json!({"number": to.parse::<u64>().ok(), "title": "x"});
            set(
                "blocked",
                json!({"nodes": on.iter().map(issue).collect::<Value>()}),
            );
            set("parent", parent.as_ref().map(issue).into());
        }
        _ => {
            set("blocked", json!(on));
            set("parent", json!(parent));
        }
    }
    if format == "github" {
        fields.insert("number".to_owned(), json!(own));
    }
    Value::Object(fields)
}

/// What a format calls each of the fields.
fn names(format: &str) -> &'static [(&'static str, &'static str)] {
    match format {
        "ticks" => &[
            ("id", "id"),
            ("title", "title"),
            ("body", "description"),
            ("status", "status"),
            ("type", "type"),
            ("priority", "priority"),
            ("labels", "labels"),
            ("owner", "owner"),
            ("created", "created_at"),
            ("updated", "updated_at"),
            ("closed", "closed_at"),
            ("due", "target_date"),
            ("notes", "notes"),
            ("parent", "parent"),
            ("blocked", "blocked_by"),
            ("odd", "odd"),
        ],
        "beads" => &[
            ("id", "id"),
            ("title", "title"),
            ("body", "description"),
            ("status", "status"),
            ("type", "issue_type"),
            ("priority", "priority"),
            ("labels", "labels"),
            ("owner", "assignee"),
            ("created", "created_at"),
            ("updated", "updated_at"),
            ("closed", "closed_at"),
            ("due", "due_at"),
            ("notes", "comments"),
            ("blocked", "dependencies"),
            ("odd", "odd"),
        ],
        "ticket" => &[
            ("id", "id"),
            ("title", "title"),
            ("body", "body"),
            ("status", "status"),
            ("type", "type"),
            ("priority", "priority"),
            ("labels", "tags"),
            ("owner", "assignee"),
            ("created", "created"),
            ("parent", "parent"),
            ("blocked", "deps"),
            ("odd", "external-ref"),
        ],
        "backlog" => &[
            ("id", "id"),
            ("title", "title"),
            ("body", "body"),
            ("status", "status"),
            ("priority", "priority"),
            ("labels", "labels"),
            ("owner", "assignee"),
            ("created", "created_date"),
            ("updated", "updated_date"),
            ("due", "due_date"),
            ("parent", "parent_task_id"),
            ("blocked", "dependencies"),
            ("odd", "milestone"),
        ],
        "taskwarrior" => &[
            ("id", "uuid"),
            ("title", "description"),
            ("status", "status"),
            ("priority", "priority"),
            ("labels", "tags"),
            ("created", "entry"),
            ("updated", "modified"),
            ("closed", "end"),
            ("due", "due"),
            ("notes", "annotations"),
            ("parent", "project"),
            ("blocked", "depends"),
            ("odd", "recur"),
        ],
        "github" => &[
            ("title", "title"),
            ("body", "body"),
            ("status", "state"),
            ("labels", "labels"),
            ("owner", "assignees"),
            ("created", "createdAt"),
            ("updated", "updatedAt"),
            ("closed", "closedAt"),
            ("notes", "comments"),
            ("parent", "parent"),
            ("blocked", "blockedBy"),
            ("odd", "reactionGroups"),
        ],
        _ => &[],
    }
}

fn notes(format: &str, text: &str, time: &Value) -> Value {
    match format {
        "ticks" => json!(format!(
            "2026-06-10 20:04 - {text}\n2026-06-10 20:05 - {text}"
        )),
        "taskwarrior" => json!([{"entry": time, "description": text}]),
        "github" => json!([{"author": {"login": "kim"}, "body": text, "createdAt": time}]),
        _ => json!([{"author": "kim", "text": text, "created_at": time}, 7, {}]),
    }
}

/// The record as Markdown with YAML, of which JSON is a part; now and then with other line ends.
fn markdown(format: &str, record: Value, number: usize) -> String {
    let Value::Object(mut fields) = record else {
        panic!("no object");
    };
    let body = fields.remove("body");
    let body = body.as_ref().and_then(Value::as_str).unwrap_or_default();
    let mut text = String::from("---\n");
    let title = fields.get("title").cloned().unwrap_or_default();
    for (key, value) in &fields {
        if format == "backlog" || key != "title" {
            writeln!(text, "{key}: {value}").unwrap();
        }
    }
    let title = title
        .as_str()
        .unwrap_or("Untitled")
        .replace(['\n', '\r'], " ");
    writeln!(
        text,
        "---\n# {title}\n\n{body}\n\n## Notes\n\n**2026-01-10T08:00:00Z**\n\nSeen."
    )
    .unwrap();
    writeln!(
        text,
        "\n## Acceptance Criteria\n\n- [x] #1 It works\n- [ ] It is fast"
    )
    .unwrap();
    if number % 4 == 3 {
        text = text.replace('\n', "\r\n");
    }
    text
}

fn written(format: &str, count: usize) -> (Sandbox, usize) {
    let sandbox = Sandbox::initialised();
    let files = archive(format, count);
    let size = files.iter().map(|(_, text)| text.len()).sum();
    for (path, text) in files {
        let path = sandbox.path().join("there").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    (sandbox, size)
}

fn path(format: &str) -> &'static str {
    match format {
        "beads" => "there/archive.jsonl",
        "taskwarrior" | "github" => "there/archive.json",
        _ => "there",
    }
}

/// Every ticket of it is made, with no cycle among them; again, it makes none.
#[test]
fn the_oddest_archives_are_read_whole() {
    const COUNT: usize = 150;
    for format in FORMATS {
        let (sandbox, _) = written(format, COUNT);
        let import = || sandbox.tk(["import", format, path(format), "--skip-invalid", "--json"]);
        let told = import().json();
        let count = |key: &str| told[key].as_u64().unwrap();
        assert_eq!(count("total"), COUNT as u64, "{format}");
        let out = told["left_out"].as_array().unwrap().len() as u64;
        assert_eq!(count("created") + out, COUNT as u64, "{format}");
        assert!(count("created") > 120, "{format}: {}", told["left_out"]);
        let again = import().json();
        assert_eq!(again["created"], 0, "{format}");
        assert_eq!(again["here"], told["created"], "{format}");
        let found = sandbox.tk(["doctor", "--json"]).json();
        for finding in found["findings"].as_array().unwrap() {
            let kind = finding["kind"].as_str().unwrap();
            let expected = ["missing_reference", "unclaimed", "open_children"];
            // One of the texts has conflict marks, on lines of their own.
            let is_expected = expected.contains(&kind) || kind == "conflict";
            assert!(is_expected, "{format}: {finding:#}");
        }
    }
}

/// Of tickets that all wait for one another in circles, as many edges are left out as it takes,
/// and no more tickets are told of than there are.
#[test]
fn one_knot_of_all_comes_apart() {
    const COUNT: usize = 400;
    let sandbox = Sandbox::initialised();
    let mut lines = String::new();
    for number in 0..COUNT {
        let on = [1, 2, 3, 5, 8].map(|step| {
            let to = (number + step * step) % COUNT;
            json!({"depends_on_id": format!("x-{to}"), "type": "blocks"})
        });
        let issue = json!({"id": format!("x-{number}"), "title": "x", "dependencies": on});
        writeln!(lines, "{issue}").unwrap();
    }
    fs::write(sandbox.path().join("a.jsonl"), lines).unwrap();
    let told = sandbox.tk(["import", "beads", "a.jsonl", "--json"]).json();
    assert_eq!(told["created"], COUNT, "{}", told["misfits"]);
    // Every circle passes one of the last 64, from which a step leads back to the first.
    let cut = told["misfits"][0]["tickets"].as_u64().unwrap();
    assert!((1..=64).contains(&cut), "{}", told["misfits"]);
    let edges = sandbox.tk(["list", "--json"]).json();
    let edges = edges["tickets"].as_array().unwrap().iter();
    let kept: usize = edges
        .map(|t| t["blocked_by"].as_array().unwrap().len())
        .sum();
    assert!(kept >= (COUNT - 64) * 5, "{kept}");
    let doctor = sandbox.tk(["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor}");
}
