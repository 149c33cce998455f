//! What goes to another program and comes back from there is what it was.

use serde_json::{Value, json};

use crate::support::Sandbox;

const ONE: &str = "11111111-1111-4111-8111-111111111111";
const TWO: &str = "22222222-2222-4222-8222-222222222222";

/// A project with two tickets of taskwarrior's, of which one waits for the other, and one of its
/// own that waits for that one.
fn of_taskwarrior() -> Sandbox {
    let sandbox = Sandbox::initialised();
    let tasks = json!([
        {"uuid": ONE, "description": "One", "status": "pending", "entry": "20240301T100000Z",
         "due": "20261201T000000Z", "depends": [TWO]},
        {"uuid": TWO, "description": "Two", "status": "pending", "entry": "20240301T100000Z"},
    ]);
    sandbox.write("t.json", &tasks.to_string());
    sandbox.tk(["import", "taskwarrior", "t.json"]).ok();
    sandbox.ticket("epi", "title = \"Ep\"\ntype = \"epic\"\n");
    sandbox
        .tk([
            "update", "11111111", "--parent", "epi", "--repeat", "weekly",
        ])
        .ok();
    sandbox.ticket("own", "title = \"Own\"\nblocked_by = [\"11111111\"]\n");
    sandbox
}

fn exported(sandbox: &Sandbox, more: &[&str]) -> Vec<Value> {
    let args = [&["export", "-f", "taskwarrior"], more].concat();
    serde_json::from_str(&sandbox.tk(args).ok()).unwrap()
}

fn task<'t>(tasks: &'t [Value], id: &str) -> &'t Value {
    tasks.iter().find(|task| task["tkid"] == id).unwrap()
}

/// A new project with what those tasks are, and what was said of that.
fn read_back(tasks: &[Value]) -> (Sandbox, String) {
    let sandbox = Sandbox::initialised();
    let text = Value::from(tasks.to_vec()).to_string();
    let said = sandbox
        .tk_with_input(["import", "taskwarrior", "-"], &text)
        .ok();
    (sandbox, said)
}

fn says(sandbox: &Sandbox, id: &str, keys: &[&str]) -> Value {
    let shown = sandbox.tk(["show", id, "--json"]).json();
    let says = keys.iter().map(|key| shown["tickets"][0][key].clone());
    says.collect()
}

#[test]
fn tickets_of_taskwarrior_keep_their_edges() {
    let sandbox = of_taskwarrior();
    let tasks = exported(&sandbox, &[]);
    assert_eq!(task(&tasks, "11111111")["uuid"], ONE);
    assert_eq!(task(&tasks, "11111111")["depends"], json!([TWO]));
    assert_eq!(task(&tasks, "own")["depends"], json!([ONE]));
    let (there, said) = read_back(&tasks);
    assert_eq!(said, "imported 4 tickets (3 task, 1 epic)\n");
    let keys = ["title", "parent", "blocked_by", "repeat", "due", "labels"];
    for id in ["11111111", "22222222", "own", "epi"] {
        assert_eq!(says(&there, id, &keys), says(&sandbox, id, &keys), "{id}");
    }
    // It goes on as the same task.
    assert_eq!(exported(&there, &[]), tasks);
    // Neither makes another where it has been before.
    for place in [&sandbox, &there] {
        let text = Value::from(tasks.clone()).to_string();
        let again = place.tk_with_input(["import", "taskwarrior", "-"], &text);
        assert_eq!(again.ok(), "imported 0 tickets; 4 already here\n");
    }
}

/// What stays behind is named by its own uuid, too.
#[test]
fn a_part_of_the_tickets_keeps_its_edges() {
    let sandbox = of_taskwarrior();
    let tasks = exported(&sandbox, &["--query", "id:11111111 or id:own"]);
    assert_eq!(tasks.len(), 2);
    assert_eq!(task(&tasks, "11111111")["depends"], json!([TWO]));
    let (there, _) = read_back(&tasks);
    let keys = ["parent", "blocked_by", "repeat"];
    for id in ["11111111", "own"] {
        assert_eq!(says(&there, id, &keys), says(&sandbox, id, &keys), "{id}");
    }
}

/// What was done there meanwhile: a task that waits for one of ours, one of ours that waits for
/// it, a copy, and one of those that taskwarrior makes of a task that comes again.
#[test]
fn what_was_added_there_waits_for_what_is_ours() {
    let sandbox = of_taskwarrior();
    let mut tasks = exported(&sandbox, &[]);
    let native = "33333333-3333-4333-8333-333333333333";
    let own = task(&tasks, "own")["uuid"].clone();
    tasks.push(
        json!({"uuid": native, "description": "Native", "status": "pending",
        "depends": [ONE, own]}),
    );
    let copy = |of: &Value, uuid: &str, parent: Value| {
        let mut copy = of.clone();
        copy["uuid"] = json!(uuid);
        copy["parent"] = parent;
        copy
    };
    let one = task(&tasks, "11111111").clone();
    tasks.push(copy(
        &one,
        "44444444-4444-4444-8444-444444444444",
        json!(ONE),
    ));
    tasks.push(copy(
        &one,
        "55555555-5555-4555-8555-555555555555",
        json!(null),
    ));
    let two = tasks.iter_mut().find(|task| task["uuid"] == TWO).unwrap();
    two["depends"] = json!([own]);
    two["brand"] = json!("oat");
    // Each in a circle otherwise.
    let own = tasks.iter_mut().find(|task| task["uuid"] == own).unwrap();
    own["depends"] = json!([]);
    let (there, said) = read_back(&tasks);
    assert!(
        said.starts_with("imported 6 tickets (5 task, 1 epic); 1 left out\n"),
        "{said}"
    );
    assert!(said.contains("one of a ticket that comes again"), "{said}");
    let blockers = |id: &str| says(&there, id, &["blocked_by"])[0].clone();
    assert_eq!(blockers("33333333"), json!(["11111111", "own"]));
    assert_eq!(blockers("22222222"), json!(["own"]));
    assert_eq!(says(&there, "55555555", &["title"]), json!(["One"]));
    // What is said to be kept is.
    assert!(
        said.contains("22222222: kept under `imported`: `brand`"),
        "{said}"
    );
    let text = there.read(".ticks/22222222.toml");
    assert!(text.contains("brand = \"oat\""), "{text}");
}

/// As little as it is, it is an archive.
#[test]
fn nothing_goes_out_and_nothing_comes_back() {
    let sandbox = Sandbox::initialised();
    for (format, text) in [
        ("jsonl", sandbox.tk(["export", "--all"]).ok()),
        (
            "taskwarrior",
            sandbox.tk(["export", "-f", "taskwarrior"]).ok(),
        ),
        ("github", "[]".to_owned()),
        ("beads", String::new()),
    ] {
        let told = sandbox.tk_with_input(["import", format, "-"], &text).ok();
        assert_eq!(
            told, "imported 0 tickets: there is none in it\n",
            "{format}"
        );
        let told = sandbox.tk_with_input(["import", format, "-", "--json"], &text);
        assert_eq!(told.json()["total"], 0);
    }
    // A program that failed has printed no array.
    for format in ["github", "taskwarrior"] {
        let refused = sandbox.tk_with_input(["import", format, "-"], "");
        assert_eq!(refused.code, 2, "{format} {refused}");
    }
}

/// What does not come back from taskwarrior is said to be lost, and nothing else.
#[test]
fn what_taskwarrior_loses_is_said() {
    let from = Sandbox::initialised();
    let given = [
        ("agent", "claude", "agent"),
        ("model", "opus", "model"),
        ("lock", "db", "lock"),
        ("pr", "https://example.com/1", "pull request"),
        ("checks", "true", "checks"),
        ("touches", "src/**", "touches"),
        ("requires", "review", "gates"),
        ("owner", "ann", ""),
        ("estimate", "2h", ""),
        ("labels", "ui", ""),
    ];
    let mut file = "title = \"One\"\n".to_owned();
    for (key, value, _) in given {
        let list = matches!(key, "checks" | "touches" | "labels");
        let (open, close) = if list { ("[", "]") } else { ("", "") };
        file.push_str(&format!("{key} = {open}\"{value}\"{close}\n"));
    }
    from.ticket("abc", &file);
    let (there, _) = read_back(&exported(&from, &[]));
    let help = from.tk(["export", "--help"]).ok();
    let lost = help.split_once("Lost are").unwrap().1.replace('\n', " ");
    for (key, value, name) in given {
        let told = |sandbox: &Sandbox| says(sandbox, "abc", &[key])[0].clone();
        let is_there = told(&there) == told(&from);
        assert_ne!(told(&from), Value::Null, "{key} {value}");
        assert_eq!(is_there, name.is_empty(), "{key}: {}", told(&there));
        assert!(is_there || lost.contains(name), "{key}: {lost}");
    }
}

/// What is not there is named by its whole uuid: that is what goes out again, and what the task has
/// here that comes later.
#[test]
fn tasks_that_come_in_two_parts_are_joined() {
    let pending = json!([
        {"uuid": ONE, "description": "One", "status": "pending", "entry": "20240301T100000Z",
         "depends": [TWO]},
    ]);
    let completed = json!([
        {"uuid": TWO, "description": "Two", "status": "completed", "entry": "20240301T100000Z",
         "end": "20240302T100000Z"},
    ]);
    let (sandbox, said) = read_back(pending.as_array().unwrap());
    assert!(
        said.contains(&format!("names `{TWO}`, which is not there")),
        "{said}"
    );
    let ready = |sandbox: &Sandbox| sandbox.tk(["ready", "--json"]).json()["total"].clone();
    assert_eq!(ready(&sandbox), 0);
    let tasks = exported(&sandbox, &[]);
    assert_eq!(tasks[0]["depends"], json!([TWO]));
    let import = |tasks: &Value| {
        let text = tasks.to_string();
        sandbox
            .tk_with_input(["import", "taskwarrior", "-"], &text)
            .ok()
    };
    import(&pending);
    assert_eq!(import(&completed), "imported 1 ticket (1 task)\n");
    assert_eq!(ready(&sandbox), 1);
    assert_eq!(sandbox.tk(["doctor"]).code, 0);
    let tasks = exported(&sandbox, &["--all"]);
    assert_eq!(tasks[0]["uuid"], ONE);
    assert_eq!(tasks[0]["depends"], json!([TWO]));
    assert_eq!(tasks[1]["uuid"], TWO);
    // Both know their tickets again.
    assert_eq!(import(&pending), "imported 0 tickets; 1 already here\n");
    assert_eq!(import(&completed), "imported 0 tickets; 1 already here\n");
}
