//! Single tickets of an archive that are odd, and what that does to the others.

use crate::project::files;
use crate::support::Sandbox;

/// What a file says of where its ticket comes from.
fn kept(sandbox: &Sandbox, id: &str) -> String {
    let text = sandbox.read(format!(".ticks/{id}.toml"));
    text.split_once("[[imported]]").unwrap().1.to_owned()
}

/// A key of theirs may be called as one of ours.
#[test]
fn a_foreign_key_called_as_an_edge_is_kept_beside_it() {
    let sandbox = Sandbox::initialised();
    sandbox.write(
        ".tickets/nw-1.md",
        "---\nid: nw-1\ndeps: [nw-1]\nblocked_by: nw-7\n---\n# T\n",
    );
    let dry = sandbox.tk(["import", "ticket", ".", "--dry-run"]).ok();
    let said = sandbox.tk(["import", "ticket", "."]).ok();
    assert_eq!(dry.replace("would import", "imported"), said);
    assert_eq!(
        kept(&sandbox, "nw-1"),
        "\norigin = \"ticket:nw-1\"\nblocked_by = \"nw-7\"\nblocked_by_ = [\n  \"nw-1\",\n]\n"
    );
    // Edges that would make tickets wait for one another, and a list of theirs.
    for (id, on) in [("a", "b"), ("b", "a")] {
        let text = format!(
            "---\nid: {id}\ntitle: T\ndependencies: [{on}]\nblocked_by: [x, y]\nparts: z\n---\n"
        );
        sandbox.write(format!("backlog/tasks/{id}.md"), &text);
    }
    sandbox.tk(["import", "backlog", "."]).ok();
    let both = kept(&sandbox, "a") + &kept(&sandbox, "b");
    assert_eq!(
        both.matches("blocked_by = [\n  \"x\",\n  \"y\",\n]")
            .count(),
        2
    );
    assert_eq!(both.matches("blocked_by_ = [").count(), 1, "{both}");
}

/// Which of two values is meant nobody can tell: the file cannot be read, and says so.
#[test]
fn a_field_that_is_there_twice_is_no_field() {
    let sandbox = Sandbox::initialised();
    for (file, field) in [
        (".tickets/nw-1.md", "priority"),
        ("backlog/tasks/task-1.md", "id"),
    ] {
        let text = format!("---\nid: task-1\ntitle: T\n{field}: 1\n{field}: 3\n---\n# T\n");
        sandbox.write(file, &text);
        let format = if file.starts_with(".t") {
            "ticket"
        } else {
            "backlog"
        };
        let refused = sandbox.tk(["import", format, "."]);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        let told = format!("`{field}` is there twice");
        assert!(refused.stderr.contains(&told), "{}", refused.stderr);
    }
    let files = files(&sandbox);
    assert!(
        files
            .iter()
            .all(|(name, _)| !name.contains("nw-1") && !name.contains("task-1"))
    );
}

/// An id that has to be turned to be one does not take the name of one that is.
#[test]
fn an_id_as_it_is_comes_before_one_that_is_turned() {
    let sandbox = Sandbox::initialised();
    let issues = "{\"id\":\"BD-44\",\"title\":\"Large\"}\n{\"id\":\"bd-44\",\"title\":\"Small\"}\n";
    sandbox.write("a.jsonl", issues);
    sandbox.tk(["import", "beads", "a.jsonl"]).ok();
    assert!(
        sandbox
            .read(".ticks/bd-44.toml")
            .contains("title = \"Small\"")
    );
}

/// What no file can hold is told with its place, before anything is written; the others can be
/// imported without it.
#[test]
fn what_no_file_can_hold_is_left_out_alone() {
    let sandbox = Sandbox::initialised();
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let own = format!(
        "{{\"id\":\"a\",\"title\":\"A\",\"blocked_by\":[\"b\"]}}\n\
         {{\"id\":\"b\",\"title\":\"B\",\"odd\":{deep}}}\n"
    );
    sandbox.write("own.jsonl", &own);
    let large = "x".repeat(17 << 20);
    let beads = format!(
        "{{\"id\":\"bd-1\",\"title\":\"x\",\"close_reason\":\"{large}\"}}\n\
         {{\"id\":\"bd-2\",\"title\":\"y\",\"dependencies\":[{{\"depends_on_id\":\"bd-1\"}}]}}\n"
    );
    sandbox.write("large.jsonl", &beads);
    let before = files(&sandbox);
    for (format, file, place, why) in [
        ("jsonl", "own.jsonl", "own.jsonl:2: ", "recursion depth"),
        (
            "beads",
            "large.jsonl",
            "large.jsonl:1: ",
            "larger than 16 MiB",
        ),
    ] {
        for more in [&["--dry-run"][..], &[]] {
            let refused = sandbox.tk([&["import", format, file], more].concat());
            assert_eq!(refused.code, 2, "{refused}");
            assert!(refused.stderr.contains(place), "{refused}");
            assert!(refused.stderr.contains(why), "{refused}");
            assert!(refused.stderr.contains("--skip-invalid"), "{refused}");
        }
        assert_eq!(files(&sandbox), before);
    }
    for (format, file, id, gone) in [
        ("jsonl", "own.jsonl", "a", "b"),
        ("beads", "large.jsonl", "bd-2", "bd-1"),
    ] {
        let args = ["import", format, file, "--skip-invalid"];
        let dry = sandbox.tk([&args[..], &["--dry-run"]].concat()).ok();
        let said = sandbox.tk(args).ok();
        assert_eq!(dry.replace("would import", "imported"), said);
        assert!(
            said.starts_with("imported 1 ticket (1 task); 1 left out\n"),
            "{said}"
        );
        let missing = format!("{id}: `blocked_by` names `{gone}`, which is not there");
        assert!(said.contains(&missing), "{said}");
    }
}

/// An entry whose id can be read is named by that, too: lines alone are counted slowly.
#[test]
fn what_cannot_be_read_is_named_by_its_id() {
    let sandbox = Sandbox::initialised();
    let uuid = "5becda30-66e1-4d0f-9806-6fbafb17f481";
    for (format, file, text, id, line) in [
        ("github", "g.json", "[\n{\"number\": 431}]", "431", 2),
        (
            "taskwarrior",
            "t.json",
            &format!("[{{\"uuid\": \"{uuid}\", \"description\": \" \"}}]"),
            uuid,
            1,
        ),
        ("beads", "b.jsonl", "\n{\"id\": \"bd-1\"}", "bd-1", 2),
        ("jsonl", "j.jsonl", "{\"id\": \"a\"}", "a", 1),
        (
            "ticks",
            ".tick/issues/0u6.json",
            "{\"id\": \"0u6\"}",
            "0u6",
            1,
        ),
        (
            "ticket",
            ".tickets/nw-1.md",
            "---\nid: nw-1\n---\n",
            "nw-1",
            1,
        ),
        (
            "backlog",
            "backlog/tasks/task-1.md",
            "---\nid: task-1\n---\n",
            "task-1",
            1,
        ),
    ] {
        sandbox.write(file, text);
        let from = if file.contains('/') { "." } else { file };
        let refused = sandbox.tk(["import", format, from]);
        let named = format!("error: {file}:{line}: `{id}`: ");
        assert!(refused.stderr.starts_with(&named), "{refused}");
        let skip = ["import", format, from, "--skip-invalid"];
        let said = sandbox.tk(skip).ok();
        assert!(
            said.contains(&format!("  {file}:{line}: {id}: left out: ")),
            "{said}"
        );
        let told = sandbox.tk(skip.iter().chain(&["--json"])).json();
        assert_eq!(told["left_out"][0]["origin"], id, "{format}");
    }
}

/// What is over elsewhere is not done again because its status is called otherwise there.
#[test]
fn what_is_closed_under_another_word_stays_closed() {
    let sandbox = Sandbox::initialised();
    let line = |id: &str, status: &str, more: &str| {
        format!("{{\"id\":\"{id}\",\"title\":\"x\",\"status\":\"{status}\"{more}}}\n")
    };
    let ended = ",\"closed_at\":\"2026-01-02T00:00:00Z\",\"closed_by\":\"dana@example.com\"";
    let text = line("abc", "done", ended)
        + &line("abd", "shipped", ended)
        + &line("abe", "in-review", "")
        + &line("abf", "shipped", "");
    let said = sandbox.tk_with_input(["import", "jsonl", "-"], &text).ok();
    assert!(
        said.contains("did not fit: status of 2 tickets\n"),
        "{said}"
    );
    let told = |id: &str, status: &str| format!("{id}: the status `shipped` is `{status}` here");
    assert!(said.contains(&told("abd", "closed")), "{said}");
    assert!(said.contains(&told("abf", "open")), "{said}");
    let listed = sandbox.tk(["list", "--all", "--json", "--fields", "id,status"]);
    let listed = listed.json();
    let mut statuses: Vec<_> = listed["tickets"].as_array().unwrap().iter().collect();
    statuses.sort_by_key(|ticket| ticket["id"].to_string());
    let statuses: Vec<_> = statuses.iter().map(|ticket| &ticket["status"]).collect();
    assert_eq!(statuses, ["closed", "closed", "in_progress", "open"]);
    let ready = sandbox.tk(["ready", "--json", "--fields", "id"]).json();
    assert_eq!(ready["tickets"], serde_json::json!([{"id": "abf"}]));
    assert!(kept(&sandbox, "abc").contains("status = \"done\""));
    // As of other trackers.
    let text = line("bd-1", "shipped", ",\"closed_at\":\"2026-01-02T00:00:00Z\"");
    let said = sandbox.tk_with_input(["import", "beads", "-"], &text).ok();
    assert!(said.contains(&told("bd-1", "closed")), "{said}");
}

/// The script writes words without quotes, which YAML takes for numbers.
#[test]
fn words_that_yaml_takes_for_numbers_are_kept() {
    let sandbox = Sandbox::initialised();
    sandbox.write(
        ".tickets/nw-1.md",
        "---\nid: nw-1\nassignee: 1e5\nexternal-ref: 7345e12\ntags: [1.10, 0x1F, 1_000, a-b] # x\n\
         priority: 1 # high\nnumber: 007\nplain: 12\nflag: True\nreal: true\nref: &a 1e3\n---\n# T\n",
    );
    sandbox.write(
        ".tickets/nw-2.md",
        "---\nid: nw-2\ntags:\n  - 1.10\n  - '2.50'\n  - 1e5\ndeps: [1e1]\nlinks: [\"1,2\", 1e2]\n---\n# T\n",
    );
    let said = sandbox.tk(["import", "ticket", "."]).ok();
    assert!(said.contains("`blocked_by` names `1e1`"), "{said}");
    let shown = |id: &str, key: &str| {
        let shown = sandbox.tk(["show", id, "--json"]).json();
        shown["tickets"][0][key].clone()
    };
    assert_eq!(shown("nw-1", "owner"), "1e5");
    assert_eq!(shown("nw-1", "priority"), 1);
    let labels = serde_json::json!(["0x1F", "1.10", "1_000", "a-b"]);
    assert_eq!(shown("nw-1", "labels"), labels);
    assert_eq!(
        shown("nw-2", "labels"),
        serde_json::json!(["1.10", "1e5", "2.50"])
    );
    let text = kept(&sandbox, "nw-1");
    for line in [
        "external-ref = \"7345e12\"",
        "number = \"007\"",
        "plain = 12",
        "flag = \"True\"",
        "real = true",
        "ref = \"1000.0\"",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line}: {text}");
    }
}

/// Of files with a ticket a line, a byte that is no text is wrong with its line alone, wherever
/// they come from.
#[test]
fn a_byte_that_is_no_text_leaves_out_its_line() {
    let sandbox = Sandbox::initialised();
    for (format, text) in [
        (
            "beads",
            &b"{\"id\":\"bd-1\",\"title\":\"a\"}\n\r\n{\"id\":\"bd-2\",\"title\":\"b\xff\"}\n{\"id\":\"bd-3\",\"title\":\"c\"},\n"[..],
        ),
        (
            "jsonl",
            b"\xef\xbb\xbf{\"id\":\"a\",\"title\":\"a\"}\n\n\xc3\n{\"id\":\"b\",\"title\":\"b\"}\r\n",
        ),
    ] {
        std::fs::write(sandbox.path().join("a.jsonl"), text).unwrap();
        let before = files(&sandbox);
        for (path, name) in [("a.jsonl", "a.jsonl"), ("-", "standard input")] {
            let import = |more: &[&str]| {
                let input = std::fs::File::open(sandbox.path().join("a.jsonl")).unwrap();
                let mut command = sandbox.tk_command();
                command.args(["import", format, path]).args(more);
                let output = command.stdin(input).output().unwrap();
                let text = |bytes| String::from_utf8(bytes).unwrap();
                (output.status.code(), text(output.stdout), text(output.stderr))
            };
            let (code, _, said) = import(&[]);
            assert_eq!(code, Some(2), "{said}");
            let expected = format!("error: {name}:3: not UTF-8 text\nhint: `--skip-invalid`");
            assert!(said.starts_with(&expected), "{said}");
            assert_eq!(files(&sandbox), before);
            let (code, said, _) = import(&["--skip-invalid", "--dry-run"]);
            assert_eq!(code, Some(0), "{said}");
            let expected = format!(
                "would import 2 tickets (2 task); 1 left out\n  {name}:3: left out: not UTF-8 text\n"
            );
            assert_eq!(said, expected);
        }
        sandbox
            .tk(["import", format, "a.jsonl", "--skip-invalid"])
            .ok();
    }
    // An array is one text.
    std::fs::write(sandbox.path().join("a.json"), b"[\n\n{\"title\":\"\xff\"}]").unwrap();
    let refused = sandbox.tk(["import", "github", "a.json"]);
    let said = "error: a.json:3: not UTF-8 text\n";
    assert!(refused.stderr.starts_with(said), "{refused}");
}

/// What nobody is to begin there is not begun here.
#[test]
fn what_is_no_work_there_waits_for_a_person() {
    let sandbox = Sandbox::initialised();
    let issue = |id: &str, more: &str| format!("{{\"id\":\"{id}\",\"title\":\"x\",{more}}}\n");
    let text = [
        issue(
            "a",
            "\"status\":\"open\",\"is_template\":false,\"pinned\":0",
        ),
        issue("b", "\"status\":\"Deferred\""),
        issue(
            "c",
            "\"status\":\"deferred\",\"defer_until\":\"2030-01-01T00:00:00Z\"",
        ),
        issue("d", "\"status\":\"deferred\",\"defer_until\":\"soon\""),
        issue(
            "e",
            "\"status\":\"open\",\"is_template\":true,\"issue_type\":\"epic\"",
        ),
        issue("e.1", "\"status\":\"open\",\"parent\":\"e\""),
        issue("f", "\"status\":\"pinned\",\"pinned\":1"),
        issue("g", "\"status\":\"closed\",\"is_template\":true"),
    ];
    let said = sandbox
        .tk_with_input(["import", "beads", "-"], &text.concat())
        .ok();
    insta::assert_snapshot!(said, @r"
    imported 8 tickets (7 task, 1 epic)
    did not fit: status of 3 tickets, field of 4 tickets
      b: `status` is `deferred` there: it awaits approval here
      d: `defer_until` is not a time
      d: `status` is `deferred` there: it awaits approval here
      e: `is_template` is set there: it awaits approval here
      f: `status` is `pinned` there: it awaits approval here
      f: `pinned` is set there: it awaits approval here
      g: kept under `imported`: `is_template`
    ");
    let ids = |args: &[&str]| {
        let listed = sandbox
            .tk([args, &["--json", "--fields", "id"]].concat())
            .json();
        let ids = listed["tickets"].as_array().unwrap().iter();
        let mut ids: Vec<_> = ids.map(|t| t["id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&["ready"]), ["a"]);
    assert_eq!(ids(&["list", "--awaiting"]), ["b", "d", "e", "f"]);
    assert_eq!(ids(&["list", "--query", "deferred"]), ["c"]);
    assert!(kept(&sandbox, "c").contains("status = \"deferred\""));
    assert!(kept(&sandbox, "e").contains("is_template = true"));
    sandbox.tk(["approve", "b"]).ok();
    assert_eq!(ids(&["ready"]), ["a", "b"]);
}

/// A word that means nothing here is told with its key.
#[test]
fn what_did_not_fit_is_told_with_its_key() {
    let sandbox = Sandbox::initialised();
    let text = "{\"id\":\"a\",\"title\":\"x\",\"estimated_minutes\":\"ten\",\"priority\":\"high!\",\
                \"dependencies\":[{\"issue_id\":\"b\",\"depends_on_id\":\"c\"}]}\n";
    let said = sandbox.tk_with_input(["import", "beads", "-"], text).ok();
    insta::assert_snapshot!(said, @r"
    imported 1 ticket (1 task)
    did not fit: priority of 1 ticket, edge of 1 ticket, field of 1 ticket
      a: unknown priority `high!`: expected one of 0 (highest), 1, 2, 3, 4 (lowest)
      a: `estimated_minutes` is not a whole number of minutes
      a: `dependencies` has one of another ticket
    ");
    assert!(kept(&sandbox, "a").contains("estimated_minutes = \"ten\"\n"));
}

/// What cannot be begun there, for a word that tk has no other place for, nor anybody's hand.
#[test]
fn what_could_not_start_there_awaits_approval() {
    let sandbox = Sandbox::initialised();
    let issue = |id: &str, more: &str| format!("{{\"id\":\"{id}\",\"title\":\"x\",{more}}}\n");
    let text = [
        issue("a", "\"status\":\"blocked\""),
        issue("b", "\"status\":\"open\",\"issue_type\":\"gate\""),
        issue("c", "\"status\":\"open\",\"issue_type\":\"message\""),
        issue("d", "\"status\":\"open\",\"issue_type\":\"merge-request\""),
        issue("e", "\"status\":\"open\",\"ephemeral\":true"),
        issue("f", "\"status\":\"closed\",\"issue_type\":\"gate\""),
        issue("g", "\"status\":\"open\",\"ephemeral\":0"),
    ];
    let said = sandbox
        .tk_with_input(["import", "beads", "-"], &text.concat())
        .ok();
    insta::assert_snapshot!(said, @r"
    imported 7 tickets (7 task)
    did not fit: status of 1 ticket, type of 4 tickets, field of 1 ticket
      a: `status` is `blocked` there: it awaits approval here
      b: `issue_type` is `gate` there: it awaits approval here
      b: the type `gate` is `task` here
      c: `issue_type` is `message` there: it awaits approval here
      c: the type `message` is `task` here
      d: `issue_type` is `merge-request` there: it awaits approval here
      d: the type `merge-request` is `task` here
      e: `ephemeral` is set there: it awaits approval here
      f: the type `gate` is `task` here
    ");
    for (name, json) in [
        (
            "t1",
            "{\"id\":\"t1\",\"title\":\"x\",\"status\":\"blocked\"}",
        ),
        (
            "t2",
            "{\"id\":\"t2\",\"title\":\"x\",\"status\":\"open\",\"requires\":\"security\"}",
        ),
        (
            "t3",
            "{\"id\":\"t3\",\"title\":\"x\",\"status\":\"open\",\"awaiting\":\"signoff\"}",
        ),
        (
            "t4",
            "{\"id\":\"t4\",\"title\":\"x\",\"status\":\"closed\",\"requires\":\"security\"}",
        ),
    ] {
        sandbox.write(format!("t/.tick/issues/{name}.json"), json);
    }
    insta::assert_snapshot!(sandbox.tk(["import", "ticks", "t"]).ok(), @r"
    imported 4 tickets (4 task)
    did not fit: status of 1 ticket, field of 3 tickets
      t1: `status` is `blocked` there: it awaits approval here
      t2: `requires`: unknown gate `security`: expected one of approval, review, content
      t2: its gate is unknown here, and holds it there: it awaits approval here
      t3: unknown awaiting kind `signoff`: expected one of work, input, approval, review, content, escalation, checkpoint
      t3: its gate is unknown here, and holds it there: it awaits approval here
      t4: `requires`: unknown gate `security`: expected one of approval, review, content
    ");
    sandbox.write(
        "b/backlog/tasks/task-1 - X.md",
        "---\nid: task-1\ntitle: X\nstatus: Blocked\n---\n",
    );
    insta::assert_snapshot!(sandbox.tk(["import", "backlog", "b"]).ok(), @r"
    imported 1 ticket (1 task)
    did not fit: status of 1 ticket
      task-1: `status` is `blocked` there: it awaits approval here
    ");
    let listed = sandbox.tk(["ready", "--json", "--fields", "id"]).json();
    assert_eq!(listed["tickets"], serde_json::json!([{"id": "g"}]));
}

/// Texts of other systems, within JSON and around it.
#[test]
fn lines_end_as_they_do_here() {
    let sandbox = Sandbox::initialised();
    let text = r#""title":"x","description":"a\r\nb""#;
    let beads = format!("{{\"id\":\"bd-1\",{text},\"close_reason\":\"p\\r\\nq\"}}\r\n");
    sandbox.write("a.jsonl", &beads);
    sandbox.tk(["import", "beads", "a.jsonl"]).ok();
    let ticks = format!("{{\r\n\"id\":\"t1\",{text},\"closed_reason\":\"p\\r\\nq\"}}\r\n");
    sandbox.write(".tick/issues/t1.json", &ticks);
    sandbox.tk(["import", "ticks", "."]).ok();
    for id in ["bd-1", "t1"] {
        let file = sandbox.read(format!(".ticks/{id}.toml"));
        assert!(file.contains("\na\nb\n"), "{file}");
        assert!(!file.contains("\\r") && !file.contains('\r'), "{file}");
    }
}

/// A project that somebody has given a ticket of ours there, which had none.
#[test]
fn a_project_of_taskwarrior_is_a_label() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("k7m", "title = \"x\"\n");
    let tasks = sandbox.tk(["export", "-f", "taskwarrior"]).ok();
    let tasks = tasks.replacen("{", "{\"project\":\"home.garden\",", 1);
    let other = Sandbox::initialised();
    other
        .tk_with_input(["import", "taskwarrior", "-"], &tasks)
        .ok();
    let shown = other.tk(["show", "k7m", "--json"]).json();
    assert_eq!(
        shown["tickets"][0]["labels"],
        serde_json::json!(["project:home.garden"])
    );
}
