//! What is here already is known again, and what is not is not taken for it.

use crate::project::files;
use crate::support::Sandbox;

/// An issue is changed on two branches to two different things.
fn in_conflict(format: &str, line: &str, id: &str) -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.write("a.jsonl", line);
    sandbox.tk(["import", format, "a.jsonl"]).ok();
    let commit = |said: &str| {
        sandbox.git(["add", "--all"]);
        sandbox.git(["commit", "--quiet", "--message", said]);
    };
    commit("imported");
    sandbox.git(["checkout", "--quiet", "-b", "other"]);
    sandbox.tk(["update", id, "--title", "X"]).ok();
    commit("other");
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.tk(["update", id, "--title", "Y"]).ok();
    commit("main");
    let merge = sandbox.command("git").args(["merge", "other"]).output();
    assert!(!merge.unwrap().status.success());
    let text = sandbox.read(format!(".ticks/{id}.toml"));
    assert!(text.contains("<<<<<<<"), "{text}");
    // It is no ticket because the test says so.
    sandbox.write(format!(".ticks/{id}.toml"), &text);
    sandbox
}

/// Each as a later import finds it: in conflict, with a line of something else, with a byte that
/// is no text.
#[test]
fn a_broken_file_still_says_where_it_comes_from() {
    let line = "{\"id\":\"bd-1\",\"title\":\"one\",\"status\":\"open\"}\n";
    let sandbox = in_conflict("beads", line, "bd-1");
    let path = sandbox.path().join(".ticks/bd-1.toml");
    let conflict = std::fs::read(&path).unwrap();
    let bad = [b"\xff\n", conflict.as_slice()].concat();
    let marked = [b"<<<\n", conflict.as_slice()].concat();
    for text in [conflict.clone(), bad, marked] {
        std::fs::write(&path, text).unwrap();
        let again = sandbox.tk(["import", "beads", "a.jsonl"]).ok();
        assert_eq!(again, "imported 0 tickets; 1 already here\n");
    }
    // Where nothing of that can be read, it may be the same.
    for text in ["", "<<<\n"] {
        sandbox.write(".ticks/bd-1.toml", text);
        let before = files(&sandbox);
        let refused = sandbox.tk(["import", "beads", "a.jsonl"]);
        assert_eq!(refused.code, 4, "{refused}");
        assert!(refused.stderr.contains(".ticks/bd-1.toml:1: "), "{refused}");
        assert!(refused.stderr.contains("it may be `bd-1`"), "{refused}");
        assert_eq!(files(&sandbox), before);
    }
    // It is another one that comes from elsewhere.
    sandbox.write(
        ".ticks/bd-1.toml",
        "<<<\n[[imported]]\norigin = \"ticks:bd-1\"\n",
    );
    let said = sandbox.tk(["import", "beads", "a.jsonl"]).ok();
    assert!(said.contains("`bd-1` is another ticket here"), "{said}");
}

/// An export of ours is known by what the file says, so that it must be readable.
#[test]
fn an_export_waits_until_the_file_of_its_id_can_be_read() {
    let line = "{\"id\":\"abc\",\"title\":\"one\",\"created_at\":\"2026-01-01T00:00:00Z\"}\n";
    let sandbox = in_conflict("jsonl", line, "abc");
    let before = files(&sandbox);
    for more in [&[][..], &["--dry-run"], &["--skip-invalid"]] {
        let refused = sandbox.tk([&["import", "jsonl", "a.jsonl"], more].concat());
        assert_eq!(refused.code, 4, "{refused}");
        assert!(refused.stderr.contains(".ticks/abc.toml:"), "{refused}");
        assert!(refused.stderr.contains("import again once"), "{refused}");
    }
    assert_eq!(files(&sandbox), before);
}

/// Two repositories count from the same number.
#[test]
fn the_same_id_of_another_repository_is_another_ticket() {
    let sandbox = Sandbox::initialised();
    for (repository, created, title, more) in [
        ("r1", "'2025-01-01 10:30'", "Login page", ""),
        ("r2", "2026-03-01", "Fix data loss", ""),
    ] {
        let task = |number: u8, title: &str, more: &str| {
            sandbox.write(
                format!("{repository}/backlog/tasks/task-{number}.md"),
                &format!(
                    "---\nid: task-{number}\ntitle: {title}\ncreated_date: {created}\n{more}---\n"
                ),
            );
        };
        task(1, title, more);
        task(2, "Second", "dependencies: [task-1]\n");
    }
    let import = |repository: &str| sandbox.tk(["import", "backlog", repository]).ok();
    assert_eq!(import("r1"), "imported 2 tickets (2 task)\n");
    let said = import("r2");
    assert!(said.starts_with("imported 2 tickets (2 task)\n"), "{said}");
    assert!(said.contains("`task-1` is another ticket here"), "{said}");
    let listed = sandbox
        .tk(["list", "--json", "--fields", "id,title,blocked_by"])
        .json();
    let tickets = listed["tickets"].as_array().unwrap();
    let lost = tickets.iter().find(|t| t["title"] == "Fix data loss");
    let lost = lost.unwrap()["id"].clone();
    let waits = |on: &serde_json::Value| {
        let waits = tickets.iter().filter(|t| t["blocked_by"][0] == *on);
        waits.count()
    };
    assert_eq!(waits(&lost), 1, "{tickets:?}");
    assert_eq!(waits(&"task-1".into()), 1, "{tickets:?}");
    // Each is known again.
    for repository in ["r1", "r2"] {
        let again = import(repository);
        assert_eq!(again, "imported 0 tickets; 2 already here\n");
    }
    // Nothing tells which of the two is meant by one that comes alone.
    sandbox.write(
        "r3/backlog/tasks/task-3.md",
        "---\nid: task-3\ntitle: Third\ndependencies: [task-1]\n---\n",
    );
    let said = import("r3");
    assert!(
        said.contains("task-3: `blocked_by` names `task-1`, which is not there"),
        "{said}"
    );
}

/// As each tracker writes when something was filed.
#[test]
fn what_was_filed_at_the_same_time_is_the_same() {
    let sandbox = Sandbox::initialised();
    let at = "2026-01-02T03:04:05.678901234-08:00";
    for (place, text) in [
        (
            "a/.tick/issues/k7m.json",
            format!("{{\"id\":\"k7m\",\"title\":\"x\",\"created_at\":\"{at}\"}}"),
        ),
        (
            "a/.tickets/nw-1.md",
            format!("---\nid: nw-1\ncreated: {at}\n---\n# x\n"),
        ),
        (
            "a/.beads/issues.jsonl",
            format!("{{\"id\":\"bd-1\",\"title\":\"x\",\"created_at\":\"{at}\"}}\n"),
        ),
        (
            "a/issues.json",
            format!("[{{\"number\":1,\"title\":\"x\",\"createdAt\":\"{at}\"}}]"),
        ),
        (
            "a/tasks.json",
            "[{\"uuid\":\"11111111-1111-4111-8111-111111111111\",\"description\":\"x\",\
              \"entry\":\"20240301T100000Z\"}]"
                .to_owned(),
        ),
    ] {
        sandbox.write(place, &text);
        let other = text.replace(at, "2020-01-01T00:00:00Z");
        let other = other.replace("20240301T100000Z", "20200101T000000Z");
        sandbox.write(place.replacen('a', "b", 1), &other);
    }
    for (format, path, is_told_apart) in [
        ("ticks", "", true),
        ("ticket", "", true),
        ("beads", "", true),
        ("github", "/issues.json", true),
        // No two have a uuid.
        ("taskwarrior", "/tasks.json", false),
    ] {
        let import = |folder: &str| {
            let path = format!("{folder}{path}");
            sandbox.tk(["import", format, &path, "--json"]).json()["created"].clone()
        };
        assert_eq!(import("a"), 1, "{format}");
        assert_eq!(import("a"), 0, "{format}");
        assert_eq!(import("b"), i32::from(is_told_apart), "{format}");
        assert_eq!(import("b"), 0, "{format}");
    }
}

/// Closed tickets stay out of an export unless they are asked for; what they are called may be
/// another ticket here.
#[test]
fn an_edge_of_an_export_to_what_is_not_in_it_is_told() {
    let of = |repository: &str, day: u8, blocked: &str| {
        let sandbox = Sandbox::initialised();
        let issue = |number: u8, more: &str| {
            format!(
                "{{\"number\":{number},\"title\":\"Issue\",\"createdAt\":\"2026-01-0{day}T00:00:00Z\",\
                 \"url\":\"https://github.com/o/{repository}/issues/{number}\"{more}}}"
            )
        };
        let issues = format!(
            "[{},{}]",
            issue(1, ",\"state\":\"CLOSED\""),
            issue(2, blocked)
        );
        sandbox
            .tk_with_input(["import", "github", "-"], &issues)
            .ok();
        sandbox
    };
    let from = of("a", 1, ",\"blockedBy\":[{\"number\":1}]");
    let text = from.tk(["export"]).ok();
    let there = of("b", 2, "");
    let said = there.tk_with_input(["import", "jsonl", "-"], &text).ok();
    let told = "`blocked_by` names `gh-1`, which is not in the archive: it is taken for the `gh-1` \
                that is here\n";
    assert!(
        said.contains("reference of 1 ticket") && said.ends_with(told),
        "{said}"
    );
    // Where it is in there, or what waits is here already, there is nothing to tell.
    let said = from.tk_with_input(["import", "jsonl", "-"], &text).ok();
    assert_eq!(said, "imported 0 tickets; 1 already here\n");
    let text = from.tk(["export", "--all"]).ok();
    let said = Sandbox::initialised()
        .tk_with_input(["import", "jsonl", "-"], &text)
        .ok();
    assert_eq!(said, "imported 2 tickets (2 task)\n");
}

/// What somebody says of when a ticket was filed does not make it another one.
#[test]
fn when_it_was_filed_there_is_kept() {
    let sandbox = Sandbox::initialised();
    let task = |repository: &str, created: &str| {
        let text =
            format!("---\nid: task-1\ntitle: x\ncreated_date: {created}\nfiled_at: soon\n---\n");
        sandbox.write(format!("{repository}/backlog/tasks/task-1.md"), &text);
    };
    task("r1", "2025-01-01");
    task("r2", "2026-03-01");
    let import = |sandbox: &Sandbox, repository: &str| {
        let told = sandbox.tk(["import", "backlog", repository, "--json"]);
        told.json()["created"].clone()
    };
    assert_eq!(import(&sandbox, "r1"), 1);
    let path = ".ticks/task-1.toml";
    let text = sandbox.read(path);
    let kept = "\n[[imported]]\norigin = \"backlog:task-1\"\nfiled_at = \"2025-01-01T00:00:00Z\"\nfiled_at_ = \"soon\"\n";
    assert!(text.ends_with(kept), "{text}");
    for at in ["created_at = 2026-03-01T00:00:00Z", ""] {
        let text = text.replace("created_at = 2025-01-01T00:00:00Z", at);
        sandbox.write(path, &text);
        assert_eq!(import(&sandbox, "r1"), 0, "{at}");
    }
    assert_eq!(import(&sandbox, "r2"), 1);
    // It comes along.
    let exported = sandbox.tk(["export"]).ok();
    let there = Sandbox::initialised();
    there
        .tk_with_input(["import", "jsonl", "-"], &exported)
        .ok();
    for repository in ["r1", "r2"] {
        let name = format!("{repository}/backlog/tasks/task-1.md");
        there.write(&name, &sandbox.read(&name));
        assert_eq!(import(&there, repository), 0);
    }
    // Files from before that say only what is in the ticket.
    let older = text.replace("filed_at = \"2025-01-01T00:00:00Z\"\n", "");
    let older = older.replace("filed_at_ = \"soon\"\n", "");
    let there = Sandbox::initialised();
    there.write(path, &older);
    for (repository, created) in [("r1", 0), ("r2", 1)] {
        let name = format!("{repository}/backlog/tasks/task-1.md");
        there.write(&name, &sandbox.read(&name));
        assert_eq!(import(&there, repository), created);
    }
}

/// A ticket that got another id elsewhere is the same when it comes back, and wherever both come.
#[test]
fn an_export_that_has_travelled_makes_no_second_ticket() {
    let project = |day: u8| {
        let sandbox = Sandbox::initialised();
        for (id, title) in [("ab1", "One"), ("ab2", "Two")] {
            let text =
                format!("title = \"{title} {day}\"\ncreated_at = 2026-01-0{day}T00:00:00Z\n");
            sandbox.ticket(id, &text);
        }
        sandbox
    };
    let import = |sandbox: &Sandbox, text: &str| {
        let told = sandbox.tk_with_input(["import", "jsonl", "-", "--json"], text);
        told.json()["created"].clone()
    };
    let export = |sandbox: &Sandbox| sandbox.tk(["export"]).ok();
    let (first, second) = (project(1), project(2));
    assert_eq!(import(&second, &export(&first)), 2);
    // The other way round it is the same four.
    for order in [[&first, &second], [&second, &first]] {
        let third = Sandbox::initialised();
        let created = order.map(|from| import(&third, &export(from)).as_u64());
        let created: u64 = created.into_iter().flatten().sum();
        assert_eq!(created, 4);
    }
    assert_eq!(import(&first, &export(&second)), 2);
    assert_eq!(import(&second, &export(&first)), 0);
}

/// What a ticket waits for that is not there yet is of where that ticket comes from: no other
/// ticket gets its id, with which it would be taken for it.
#[test]
fn an_id_that_is_named_is_no_other_ticket_s() {
    let issue = |repository: &str, number: u64, more: serde_json::Value| {
        let mut issue = serde_json::json!({
            "number": number, "title": format!("{repository} {number}"), "state": "OPEN",
            "url": format!("https://github.com/{repository}/issues/{number}"),
        });
        issue
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        issue
    };
    let waits = issue(
        "o/r",
        5,
        serde_json::json!({"blockedBy": [{"number": 101}]}),
    );
    let other = issue("o/s", 101, serde_json::json!({"state": "CLOSED"}));
    let true_one = issue("o/r", 101, serde_json::json!({}));
    let import = |sandbox: &Sandbox, format: &str, text: &str| {
        let told = sandbox
            .tk_with_input(["import", format, "-", "--json"], text)
            .json();
        let tickets = told["tickets"].as_array().unwrap().iter();
        let ids = tickets.map(|ticket| ticket["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), told.to_string())
    };
    let github = |sandbox: &Sandbox, issues: &[&serde_json::Value]| {
        import(sandbox, "github", &serde_json::json!(issues).to_string())
    };
    let blockers = |sandbox: &Sandbox| {
        let told = sandbox.tk(["show", "gh-5", "--json"]).json();
        told["tickets"][0]["blocked_by"].clone()
    };
    let ready = |sandbox: &Sandbox| {
        let told = sandbox.tk(["ready", "--json", "--fields", "id"]).json();
        told["tickets"].to_string().contains("gh-5")
    };
    // One after the other, and both at once.
    for together in [false, true] {
        let sandbox = Sandbox::initialised();
        let ids = match together {
            true => github(&sandbox, &[&waits, &other]).0,
            false => {
                let first = github(&sandbox, &[&waits]).0;
                let (second, said) = github(&sandbox, &[&other]);
                assert!(said.contains("is named by `gh-5`"), "{said}");
                [first, second].concat()
            }
        };
        assert_eq!(ids[0], "gh-5");
        assert_ne!(ids[1], "gh-101");
        assert!(!ready(&sandbox));
        assert_eq!(github(&sandbox, &[&true_one]).0, ["gh-101"]);
        assert_eq!(blockers(&sandbox), serde_json::json!(["gh-101"]));
        assert!(!ready(&sandbox));
        sandbox.tk(["close", "gh-101"]).ok();
        assert!(ready(&sandbox));
    }
    // What was not imported has the id of what is here, or was.
    let sandbox = Sandbox::initialised();
    sandbox.ticket("own", "title = \"Own\"\nblocked_by = [\"bd-1\"]\n");
    let line = "{\"id\":\"bd-1\",\"title\":\"one\",\"status\":\"closed\"}\n";
    let (ids, said) = import(&sandbox, "beads", line);
    assert_ne!(ids, ["bd-1"], "{said}");
    let ours = "{\"id\":\"bd-1\",\"title\":\"one\",\"created_at\":\"2026-01-01T00:00:00Z\"}\n";
    assert_eq!(import(&sandbox, "jsonl", ours).0, ["bd-1"]);
}
