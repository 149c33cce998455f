//! `tk new --from`: tickets of templates.

use insta::assert_snapshot;

use crate::support::schemas::as_json;
use crate::support::{Output, Sandbox};

const BUG: &str = r#"title = "Bug in {{area}}: {{title}}"
type = "bug"
priority = "{{urgency}}"
labels = ["bug", "{{area}}"]
description = """
Seen on {{date}} by {{ actor }}.
{{area}} {{{area}}} {{Not one}} {{
"""
acceptance = ["{{area}} has a test"]

[variables]
area = ""
urgency = "2"
"#;

const RELEASE: &str = r#"[variables]
version = ""

[[ticket]]
local = "epic"
title = "Release {{version}}"
type = "epic"

[[ticket]]
local = "notes"
title = "Write the notes of {{version}}"
parent = "epic"

[[ticket]]
title = "Publish {{version}}"
parent = "epic"
blocked_by = ["notes"]
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.write(".ticks/templates/bug.toml", BUG);
    sandbox.write(".ticks/templates/release.toml", RELEASE);
    sandbox
}

/// That it was refused with that exit code, for that reason, and nothing was printed.
#[track_caller]
fn told(output: &Output, code: i32, message: &str) {
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (code, ""),
        "{output}"
    );
    assert!(output.stderr.contains(message), "{message}\n{output}");
}

fn shown(sandbox: &Sandbox, id: &str) -> serde_json::Value {
    sandbox.tk(["show", id, "--json"]).json()["tickets"][0].clone()
}

#[test]
fn a_ticket_of_a_template() {
    let sandbox = sandbox();
    let args = ["Crash", "--from", "bug", "--var", "area=editor"];
    let id = sandbox.file(args);
    let ticket = shown(&sandbox, &id);
    assert_eq!(ticket["title"], "Bug in editor: Crash");
    assert_eq!(
        (&ticket["type"], &ticket["priority"]),
        (&"bug".into(), &2.into())
    );
    assert_eq!(ticket["labels"], serde_json::json!(["bug", "editor"]));
    assert_eq!(
        ticket["description"],
        "Seen on 2026-11-20 by dana@example.com.\neditor {editor} {{Not one}} {{"
    );
    assert_eq!(ticket["acceptance"][0]["text"], "editor has a test");
}

#[test]
fn what_is_said_beside_it_wins() {
    let sandbox = sandbox();
    let id = sandbox.file([
        "Crash",
        "--from",
        "bug",
        "--var",
        "area=editor",
        "--var",
        "urgency=0",
        "-t",
        "task",
        "-l",
        "ui",
        "-d",
        "Mine",
        "--due",
        "3d",
    ]);
    let ticket = shown(&sandbox, &id);
    assert_eq!(
        (&ticket["type"], &ticket["priority"]),
        (&"task".into(), &0.into())
    );
    assert_eq!(ticket["labels"], serde_json::json!(["ui"]));
    assert_eq!(
        (&ticket["description"], &ticket["due"]),
        (&"Mine".into(), &"2026-11-23".into())
    );
    // A title where the template's own has no place for one.
    sandbox.write(
        ".ticks/templates/plain.toml",
        "title = \"Plain\"\npriority = 1\n",
    );
    let own = sandbox.file(["--from", "plain"]);
    let other = sandbox.file(["Other", "--from", "plain"]);
    assert_eq!(shown(&sandbox, &own)["title"], "Plain");
    assert_eq!(shown(&sandbox, &other)["title"], "Other");
    assert_eq!(shown(&sandbox, &other)["priority"], 1);
}

#[test]
fn several_tickets_that_name_each_other() {
    let sandbox = sandbox();
    let made = sandbox
        .tk(["new", "--from", "release", "--var", "version=2.0", "--json"])
        .json();
    let tickets = made["tickets"].as_array().unwrap();
    let titles: Vec<&str> = tickets
        .iter()
        .map(|t| t["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        ["Release 2.0", "Write the notes of 2.0", "Publish 2.0"]
    );
    assert_eq!(tickets[1]["parent"], tickets[0]["id"]);
    assert_eq!(
        tickets[2]["blocked_by"],
        serde_json::json!([tickets[1]["id"]])
    );
    for more in [["Title", "-q"], ["-l", "x"]] {
        let mut args = vec!["new", "--from", "release", "--var", "version=2"];
        args.extend(more);
        let output = sandbox.tk(args);
        told(&output, 2, "the template `release` is of 3 tickets");
    }
}

#[test]
fn values_are_only_a_part_of_their_text() {
    let sandbox = sandbox();
    let hostile = "x\"\npriority = 0\n[[ticket]]\ntitle = \"{{urgency}} {{area}}";
    sandbox.write(
        ".ticks/templates/text.toml",
        "title = \"T\"\ndescription = \"<{{area}}>\"\n[variables]\narea = \"\"\nurgency = \"1\"\n",
    );
    let id = sandbox.file(["--from", "text", "--var", &format!("area={hostile}")]);
    let ticket = shown(&sandbox, &id);
    assert_eq!(ticket["description"], format!("<{hostile}>"));
    assert_eq!(ticket["priority"], 2);
    // A line takes no second line, and a word no second word.
    for (value, message) in [
        ("a\nb", "holds a control character"),
        (
            "a,b",
            "the variable `area` has a comma in it: `labels` takes one word",
        ),
    ] {
        let value = format!("area={value}");
        let output = sandbox.tk(["new", "T", "--from", "bug", "--var", &value]);
        told(&output, 2, message);
    }
    assert_eq!(sandbox.tk(["list", "--json"]).json()["total"], 1);
}

#[test]
fn what_cannot_be_is_told_and_nothing_is_written() {
    let sandbox = sandbox();
    let broken = [
        ("toml", "title = \"x\n", ".ticks/templates/toml.toml:1: "),
        (
            "key",
            "title = \"x\"\nprioritty = 1\n",
            ".ticks/templates/key.toml:2: unknown field",
        ),
        (
            "kind",
            "title = \"x\"\n\ntype = 3\n",
            ".ticks/templates/kind.toml:3: ",
        ),
        (
            "name",
            "title = \"{{are}}\"\n[variables]\narea = \"\"\n",
            "did you mean `area`?",
        ),
        (
            "date",
            "title = \"x\"\n[variables]\ndate = \"\"\n",
            "date.toml:3: `date` is a variable",
        ),
        (
            "default",
            "title = \"{{y}}\"\n[variables]\nx = \"dx\"\ny = \"{{ x }}\"\n",
            "default.toml:4: the default of `y` has `{{x}}` in it, and is taken as it is",
        ),
        (
            "list",
            "title = \"x\"\n[variables]\narea = [1]\n",
            "the default of `area` is no text",
        ),
        (
            "both",
            "title = \"x\"\n[[ticket]]\ntitle = \"y\"\n",
            "both.toml:1: beside `[[ticket]]`",
        ),
        ("none", "ticket = []\n", "there is no ticket in it"),
        (
            "prio",
            "title = \"x\"\n\npriority = 9\n",
            "prio.toml:3: unknown priority `9`",
        ),
    ];
    for (name, text, message) in broken {
        sandbox.write(format!(".ticks/templates/{name}.toml"), text);
        told(&sandbox.tk(["new", "--from", name]), 2, message);
    }
    let from = |args: &[&str]| {
        let mut command = sandbox.tk_command();
        command.args(["new", "T", "--from"]).args(args);
        sandbox.run(&mut command, None)
    };
    told(
        &from(&["bgu"]),
        2,
        "no template `bgu`: expected one of both, bug, ",
    );
    told(&from(&["relaese"]), 2, "did you mean `release`?");
    told(&from(&["../agents/x"]), 2, "no template `../agents/x`");
    told(&from(&["bug"]), 2, "the template needs a value for `area`");
    for empty in ["area=", "area= "] {
        let refused = from(&["bug", "--var", empty]);
        told(&refused, 2, "the template needs a value for `area`");
    }
    told(&from(&["bug", "--var", "area"]), 2, "expected `key=value`");
    told(
        &from(&["bug", "--var", "aera=1"]),
        2,
        "did you mean `area`?",
    );
    told(
        &from(&["bug", "--var", "date=1"]),
        2,
        "has no variable `date`",
    );
    let twice = ["bug", "--var", "area=1", "--var", "area=2"];
    told(&from(&twice), 2, "the variable `area` is given twice");
    told(
        &from(&["bug", "--var", "area=1", "-p", "9"]),
        2,
        "error: unknown priority `9`",
    );
    let output = sandbox.tk(["new", "--from", "bug", "--var", "area=1"]);
    told(&output, 2, "give the title on the command line");
    assert_eq!(sandbox.tk(["new", "T", "--var", "area=1"]).code, 2);
    assert_eq!(sandbox.tk(["new", "--from", "bug", "--file", "x"]).code, 2);
    assert_eq!(sandbox.tk(["list", "--all", "--json"]).json()["total"], 0);
    let none = Sandbox::initialised().tk(["new", "--from", "bug"]);
    told(
        &none,
        2,
        "no template `bug`: there is none in `.ticks/templates/`",
    );
}

#[test]
fn the_doctor_checks_them_and_takes_none_for_a_ticket() {
    let sandbox = sandbox();
    let healthy = sandbox.tk(["doctor", "--json"]).json();
    assert_eq!(healthy["checked"], 0, "{healthy}");
    sandbox.write(
        ".ticks/templates/bad.toml",
        "title = \"x\"\nlabels = [\"{{area}}\"]\n",
    );
    let found = sandbox.tk(["doctor", "--json"]).json();
    let of_templates = |found: &&serde_json::Value| found["kind"] == "invalid_template";
    let all = found["findings"].as_array().unwrap();
    let told: Vec<_> = all.iter().filter(of_templates).collect();
    assert_eq!(told.len(), 1, "{found}");
    assert_eq!(told[0]["path"], ".ticks/templates/bad.toml");
    assert_eq!(told[0]["line"], 2);
    assert!(
        told[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("`{{area}}` is no variable")
    );
    assert_eq!(all.len(), healthy["findings"].as_array().unwrap().len() + 1);
    sandbox.write(
        ".ticks/templates/bad.toml",
        "title = \"{{day}}\"\n[variables]\nday = \"{{date}}\"\n",
    );
    let found = sandbox.tk(["doctor", "--json"]).json();
    let all = found["findings"].as_array().unwrap();
    let told: Vec<_> = all.iter().filter(of_templates).collect();
    assert_eq!((told.len(), &told[0]["line"]), (1, &3.into()), "{found}");
}

/// What a variable will say nobody knows; but what can work with nothing that one says is told.
#[test]
fn the_doctor_tries_whether_they_can_work() {
    let sandbox = sandbox();
    let found = |text: &str| {
        sandbox.write(".ticks/templates/odd.toml", text);
        let found = sandbox.tk(["doctor", "--json"]).json();
        let all = found["findings"].as_array().unwrap().clone();
        let of_templates = |found: &serde_json::Value| found["kind"] == "invalid_template";
        let mut found = all.into_iter().filter(of_templates);
        let first = found.next();
        first.map(|found| format!("{}: {}", found["line"], found["message"].as_str().unwrap()))
    };
    let pair = |first: &str, second: &str| {
        let ticket = |local: &str, lines: &str| {
            format!("[[ticket]]\nlocal = \"{local}\"\ntitle = \"{local}\"\n{lines}\n")
        };
        ticket("a", first) + &ticket("b", second)
    };
    for (text, message) in [
        (
            "title = \"x\"\nblocked_by = [\"nope\"]\n",
            "2: no ticket `nope`",
        ),
        (
            "priority = 9\n",
            "1: unknown priority `9`: expected one of 0 ",
        ),
        ("type = \"tsak\"\n", "1: unknown type `tsak`"),
        (
            &pair("blocked_by = [\"b\"]", "blocked_by = [\"a\"]"),
            "4: tickets would wait for one another: a → b → a",
        ),
        (
            &pair("after = [\"a\"]", ""),
            "4: `a` cannot be after itself",
        ),
        (
            "[[ticket]]\nlocal = \"a\"\n[[ticket]]\ntitle = \"b\"\n",
            "2: the title is blank",
        ),
        // What a variable says unless something else is given is known.
        (
            "priority = \"{{p}}\"\n[variables]\np = \"9\"\n",
            "1: unknown priority `9`",
        ),
        (
            "labels = [\"{{l}}\"]\n[variables]\nl = \"a,b\"\n",
            "1: the variable `l` has a comma in it",
        ),
        (
            "parent = \"{{y}}\"\n[variables]\ny = \"nope\"\n",
            "1: no ticket `nope`",
        ),
    ] {
        let told = found(text).unwrap_or_default();
        assert!(told.starts_with(message), "{text}: {told}");
    }
    let varies = "priority = \"{{x}}\"\nparent = \"{{y}}\"\nblocked_by = [\"{{y}}\"]\n\
                  type = \"{{x}}\"\ndue = \"{{date}}\"\nacceptance = [\"{{x}}\", \"{{y}}\"]\n\
                  [variables]\nx = \"\"\ny = \"\"\n";
    for text in [varies, "", &pair("", "blocked_by = [\"a\"]")] {
        assert_eq!(found(text), None, "{text}");
    }
}

#[test]
fn agents_may_and_shells_know_the_names() {
    let sandbox = sandbox();
    let args = [
        "new",
        "T",
        "--from",
        "bug",
        "--var",
        "area=x",
        "--as",
        "agent:claude",
        "--json",
    ];
    let made = sandbox.tk(args).json();
    assert_eq!(made["tickets"][0]["awaiting"], "approval");
    let mut asked = sandbox.tk_command();
    asked
        .args(["--", "tk", "new", "--from", ""])
        .env("TK_COMPLETE", "elvish");
    assert_snapshot!(sandbox.run(&mut asked, None).ok(), @r"
    bug
    release
    ");
}

/// What `tk` takes for a template is one by its schema, and what it refuses is none.
#[test]
fn the_schema_says_what_a_template_may_hold() {
    let sandbox = sandbox();
    let schema: serde_json::Value =
        serde_json::from_str(&sandbox.tk(["schema", "template"]).ok()).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let is_valid = |text: &str| {
        let table: toml::Table = text.parse().unwrap();
        validator.is_valid(&as_json(&toml::Value::Table(table)))
    };
    let made = |text: &str| {
        sandbox.write(".ticks/templates/odd.toml", text);
        sandbox.tk(["new", "T", "--from", "odd"])
    };
    assert!(is_valid(BUG) && is_valid(RELEASE));
    for line in [
        "title = \"{{x}}\"\npriority = 0",
        "priority = \"high\"\nlabels = [\"{{x}}\", \"a\"]",
        "due = 2026-12-01\ndefer_until = 2026-12-01T08:00:00Z",
        "due = \"3d\"\ndefer_until = \"{{x}}\"",
        "requires = \"review\"\nawaiting = \"input\"\nestimate = \"1h30m\"\nrepeat = \"2w\"",
        "acceptance = [\"a\"]\nsubtasks = [\"b\"]\nchecks = [\"true\"]\ntouches = [\"src/**\"]",
        "acceptance = [\"b\", { text = \"a {{x}}\", check = \"true\", met = true }]",
        "subtasks = [{ title = \"a\", done = true }]\npr = \"https://example.com/{{x}}\"",
        "local = \"a\"\ntype = \"bug\"\nowner = \"{{actor}}\"\nlock = \"db\"",
        "agent = \"claude\"\nmodel = \"opus\"\ndescription = \"a\\nb {{x}}\"",
    ] {
        let text = format!("{line}\n[variables]\nx = \"2026-12-01\"\n");
        let output = made(&text);
        assert_eq!(output.code, 0, "{text}\n{output}");
        assert!(is_valid(&text), "{text}");
    }
    for line in [
        "zzzzzz = 1",
        "title = 3",
        "priority = 9",
        "labels = \"a\"",
        "requires = \"blessing\"",
        "awaiting = \"godot\"",
        "estimate = \"2 hours\"",
        "repeat = \"now and then\"",
        "acceptance = [{ txet = \"a\" }]",
        "subtasks = [{ done = true }]",
        "title = \"x\"\n[[ticket]]\ntitle = \"x\"",
        "[[ticket]]\ntitle = 7",
        "[[ticket]]\ntitle = \"x\"\nstatus = \"open\"",
        "ticket = []",
        "variables = 1",
    ] {
        let output = made(line);
        assert_ne!(output.code, 0, "{line}\n{output}");
        assert!(!is_valid(line), "{line}");
    }
    for line in ["X = \"\"", "date = \"\"", "x = 1"] {
        let text = format!("[variables]\n{line}\n");
        assert_ne!(made(&text).code, 0, "{text}");
        assert!(!is_valid(&text), "{text}");
    }
    // The keys are those that the reader knows, as it says of one that it does not.
    let known = made("zzzzzz = 1").stderr;
    let known: std::collections::BTreeSet<&str> = known.split('`').skip(3).step_by(2).collect();
    let keys = |path: &str| -> std::collections::BTreeSet<&str> {
        let keys = schema.pointer(path).unwrap().as_object().unwrap().keys();
        keys.map(String::as_str).collect()
    };
    assert_eq!(keys("/properties/ticket/items/properties"), known);
    let own: std::collections::BTreeSet<&str> =
        known.into_iter().chain(["ticket", "variables"]).collect();
    assert_eq!(keys("/properties"), own);
}
