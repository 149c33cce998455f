//! `tk diff`, and lists as they were.

use insta::assert_snapshot;
use serde_json::json;

use crate::history::commit;
use crate::project::{authentication, refused};
use crate::support::Sandbox;

/// Three commits: filed, some of it done, the rest deleted or reopened.
fn told() -> Sandbox {
    let mut sandbox = authentication();
    sandbox.ticket("old", "title = \"Old\"\nstatus = \"closed\"\n");
    sandbox.ticket("same", "title = \"Same\"\n");
    commit(&sandbox, "Ann", 0, "File them");
    sandbox.at("2026-11-20T09:10:00Z");
    sandbox.tk(["close", "abc", "--reason", "it works"]).ok();
    sandbox.tk(["reopen", "old"]).ok();
    sandbox
        .tk(["update", "def", "-p", "0", "--add-label", "ui"])
        .ok();
    sandbox.ticket("neu", "title = \"New\"\n");
    commit(&sandbox, "Bob", 10, "Do some");
    sandbox.tk(["delete", "ghi"]).ok();
    sandbox.ticket("done", "title = \"At once\"\nstatus = \"closed\"\n");
    sandbox.ticket("same", "title = \"Same\"\n# with a comment\n");
    sandbox
}

#[test]
fn what_became_of_them() {
    let sandbox = told();
    assert_snapshot!(sandbox.tk(["diff", "HEAD~1..HEAD"]), @r"
    opened      neu  New
    closed      abc  First
      status: open → closed
      closed_at: 2026-11-20T09:10:00Z
      closed_by: dana@example.com
      reason: it works
    reopened    old  Old
      status: closed → open
    changed     def  Second
      priority: 2 → 0
      labels: + ui
    1 opened, 1 closed, 1 reopened, 1 changed
    ");
    assert_snapshot!(sandbox.tk(["diff"]), @r"
    closed      done  At once
    deleted     ghi   Third
    1 closed, 1 deleted
    ");
    sandbox.git(["tag", "v1", "HEAD~1"]);
    assert_snapshot!(sandbox.tk(["diff", "v1"]), @r"
    opened      neu   New
    closed      abc   First
      status: open → closed
      closed_at: 2026-11-20T09:10:00Z
      closed_by: dana@example.com
      reason: it works
    closed      done  At once
    reopened    old   Old
      status: closed → open
    changed     def   Second
      priority: 2 → 0
      labels: + ui
    deleted     ghi   Third
    1 opened, 2 closed, 1 reopened, 1 changed, 1 deleted
    ");
    assert_snapshot!(sandbox.tk(["diff", "HEAD..HEAD"]), @"no ticket is different");
}

#[test]
fn as_json() {
    let sandbox = told();
    let told = sandbox.tk(["diff", "HEAD~1..", "--json"]).json();
    let commit = |name: &str| sandbox.git(["rev-parse", name]).trim().to_owned();
    assert_eq!(
        told["from"],
        json!({"revision": "HEAD~1", "commit": commit("HEAD~1")})
    );
    assert_eq!(
        told["to"],
        json!({"revision": "HEAD", "commit": commit("HEAD")})
    );
    let counts = [
        "total", "opened", "closed", "reopened", "changed", "deleted",
    ];
    let counts: Vec<_> = counts
        .iter()
        .map(|key| told[key].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [4, 1, 1, 1, 1, 0]);
    let abc = &told["tickets"][1];
    assert_eq!(abc["id"], "abc");
    assert_eq!(
        (&abc["status_before"], &abc["status"]),
        (&json!("open"), &json!("closed"))
    );
    let open = sandbox.tk(["diff", "--json"]).json();
    assert_eq!(open["to"], json!({"revision": null, "commit": null}));
    assert_eq!(open["total"], 2);
}

/// Of tickets that are new, what they say is made only where it is told, part by part.
#[test]
fn everything_that_very_many_new_ones_say_is_told() {
    let sandbox = Sandbox::initialised();
    commit(&sandbox, "Ann", 0, "None yet");
    for number in 0..450 {
        let text = format!("title = \"Number {number}\"\n");
        sandbox.ticket(&format!("t{number:03}"), &text);
    }
    let told = sandbox.tk(["diff", "--json"]).json();
    let tickets = told["tickets"].as_array().unwrap();
    assert_eq!((tickets.len(), &told["opened"]), (450, &json!(450)));
    for (number, ticket) in tickets.iter().enumerate() {
        assert_eq!(ticket["id"], format!("t{number:03}"));
        let to = format!("Number {number}");
        let title = json!({"field": "title", "change": "set", "from": null, "to": to});
        let changes = ticket["changes"].as_array().unwrap();
        assert!(changes.contains(&title), "{ticket}");
    }
}

/// One ticket under another id, and two that nobody can tell from each other.
#[test]
fn one_that_has_another_id() {
    let sandbox = Sandbox::initialised();
    let text = |title: &str| {
        format!("title = \"{title}\"\ncreated_at = 2026-11-20T08:00:00Z\ncreated_by = \"ann\"\n")
    };
    for (id, title) in [
        ("old", "First"),
        ("was", "Second"),
        ("aaa", "Alike"),
        ("bbb", "Alike"),
    ] {
        sandbox.ticket(id, &text(title));
    }
    commit(&sandbox, "Ann", 0, "File them");
    for (old, new) in [
        ("old", "neu"),
        ("was", "yes"),
        ("aaa", "ccc"),
        ("bbb", "ddd"),
    ] {
        let path = |id: &str| format!(".ticks/{id}.toml");
        sandbox.git(["mv", &path(old), &path(new)]);
    }
    sandbox.ticket("yes", &format!("{}priority = 0\n", text("Second")));
    assert_snapshot!(sandbox.tk(["diff"]), @r"
    opened      ccc  Alike
    opened      ddd  Alike
    changed     neu  First
      it was `old` before
    changed     yes  Second
      it was `was` before
      priority: 2 → 0
    deleted     aaa  Alike
    deleted     bbb  Alike
    2 opened, 2 changed, 2 deleted
    ");
    commit(&sandbox, "Bob", 1, "Other names");
    let told = sandbox.tk(["diff", "HEAD~1..HEAD", "--json"]).json();
    let ids = told["tickets"].as_array().unwrap().iter();
    let ids: Vec<_> = ids
        .map(|ticket| (&ticket["id"], &ticket["renamed_from"]))
        .collect();
    assert_eq!(ids[2], (&json!("neu"), &json!("old")));
    assert_eq!(ids[3], (&json!("yes"), &json!("was")));
    assert_eq!((&told["changed"], &told["total"]), (&json!(2), &json!(6)));
}

/// Its title may be another one, too: when it was made and by whom tells it, unless others were so.
#[test]
fn one_that_has_another_id_and_title() {
    let sandbox = Sandbox::initialised();
    let text = |title: &str, hour: u8| {
        format!(
            "title = \"{title}\"\ncreated_at = 2026-11-20T0{hour}:00:00Z\ncreated_by = \"ann\"\n"
        )
    };
    for (id, title, hour) in [("old", "First", 1), ("aaa", "One", 2), ("bbb", "Two", 2)] {
        sandbox.ticket(id, &text(title, hour));
    }
    commit(&sandbox, "Ann", 0, "File them");
    for (old, new) in [("old", "neu"), ("aaa", "ccc"), ("bbb", "ddd")] {
        let path = |id: &str| format!(".ticks/{id}.toml");
        sandbox.git(["mv", &path(old), &path(new)]);
    }
    for (id, title, hour) in [("neu", "Other", 1), ("ccc", "Three", 2), ("ddd", "Four", 2)] {
        sandbox.ticket(id, &text(title, hour));
    }
    commit(&sandbox, "Bob", 1, "Other names");
    assert_snapshot!(sandbox.tk(["diff", "HEAD~1..HEAD"]), @"
    opened      ccc  Three
    opened      ddd  Four
    changed     neu  Other
      it was `old` before
      title: First → Other
    deleted     aaa  One
    deleted     bbb  Two
    2 opened, 1 changed, 2 deleted
    ");
    let told = sandbox.tk(["history", "neu", "--json"]).json();
    assert_eq!(
        (&told["total"], &told["entries"][0]["renamed_from"]),
        (&json!(2), &json!("old"))
    );
}

#[test]
fn from_what_both_have_in_common() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"First\"\n");
    commit(&sandbox, "Ann", 0, "File it");
    sandbox.git(["checkout", "--quiet", "-b", "other"]);
    sandbox.ticket("theirs", "title = \"Theirs\"\n");
    commit(&sandbox, "Bob", 1, "Theirs");
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.ticket("ours", "title = \"Ours\"\n");
    commit(&sandbox, "Ann", 2, "Ours");
    let ids = |range: &str| {
        let told = sandbox.tk(["diff", range, "--json"]).json();
        let tickets = told["tickets"].as_array().unwrap().clone();
        let each = tickets.iter();
        let each = each.map(|t| {
            format!(
                "{} {}",
                t["change"].as_str().unwrap(),
                t["id"].as_str().unwrap()
            )
        });
        each.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(ids("main..other"), "opened theirs, deleted ours");
    assert_eq!(ids("main...other"), "opened theirs");
    assert_eq!(ids("other..."), "opened ours");
    sandbox.git(["checkout", "--quiet", "--orphan", "alone"]);
    commit(&sandbox, "Ann", 3, "Alone");
    assert_snapshot!(refused(&sandbox, 6, &[&["diff", "main...alone"]]), @"error: `main` and `alone` have no commit in common");
}

/// In a linked worktree `HEAD` is its own, as to git; what is not committed is asked of the main
/// one, whose tickets are meant.
#[test]
fn head_is_that_of_the_worktree() {
    let sandbox = told();
    sandbox.git(["worktree", "add", "--quiet", "../linked", "HEAD~1"]);
    let linked = sandbox.root().join("linked");
    let there = |args: &[&str]| {
        let command = &mut sandbox.tk_command();
        sandbox
            .run(command.current_dir(&linked).args(args), None)
            .ok()
    };
    for (args, same) in [
        (&["diff", "HEAD..main"][..], &["diff", "HEAD~1..HEAD"][..]),
        (&["diff", "..main"], &["diff", "HEAD~1.."]),
        (&["diff", "main...@"], &["diff", "main...HEAD~1"]),
        (&["diff", "HEAD"], &["diff", "HEAD~1"]),
        (&["diff"], &["diff"]),
        (
            &["list", "--all", "--at", "HEAD"],
            &["list", "--all", "--at", "HEAD~1"],
        ),
        (&["graph", "--at", "@"], &["graph", "--at", "HEAD~1"]),
    ] {
        assert_eq!(there(args), sandbox.tk(same).ok(), "{args:?}");
    }
    assert_ne!(there(&["diff"]), there(&["diff", "HEAD"]));
}

#[test]
fn a_range_has_two_sides() {
    let sandbox = told();
    assert_snapshot!(refused(&sandbox, 2, &[
        &["diff", "HEAD~1..HEAD..nope"],
        &["diff", "HEAD..HEAD~1...HEAD"],
        &["diff", "HEAD....HEAD"],
    ]), @r"
    error: `HEAD~1..HEAD..nope` names more than two revisions
    hint: expected `A..B`, `A...B` or `A`
    error: `HEAD..HEAD~1...HEAD` names more than two revisions
    hint: expected `A..B`, `A...B` or `A`
    error: `HEAD....HEAD` names more than two revisions
    hint: expected `A..B`, `A...B` or `A`
    ");
}

#[test]
fn what_names_no_commit() {
    let sandbox = told();
    assert_snapshot!(refused(&sandbox, 6, &[
        &["diff", "nope"],
        &["diff", "HEAD..nope"],
        &["diff", "HEAD@{9999}"],
        &["diff", "HEAD:.ticks"],
        &["diff", ":/no message says so"],
        &["diff", ":.ticks/abc.toml"],
        &["diff", "--", "--all"],
        &["list", "--at", "nope"],
        &["list", "--at="],
        &["graph", "--at", "HEAD..HEAD~1"],
    ]), @r"
    error: `nope` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    error: `nope` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    error: `HEAD@{9999}` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    error: `HEAD:.ticks` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    error: `:/no message says so` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    error: `:.ticks/abc.toml` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    error: `--all` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    error: `nope` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    error: `` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    error: `HEAD..HEAD~1` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    ");
}

/// All that there is is not committed.
#[test]
fn nothing_is_committed_yet() {
    let sandbox = Sandbox::without_repository();
    sandbox.git(["init", "--quiet", "--initial-branch=main", "."]);
    sandbox.tk(["init", "--quiet"]).ok();
    assert_snapshot!(sandbox.tk(["diff"]), @"no ticket is different");
    sandbox.ticket("abc", "title = \"First\"\n");
    assert_snapshot!(sandbox.tk(["diff"]), @r"
    opened      abc  First
    1 opened
    ");
    assert_snapshot!(sandbox.tk(["diff", "@..HEAD"]), @"no ticket is different");
    let told = sandbox.tk(["diff", "HEAD", "--json"]).json();
    assert_eq!(told["from"], json!({"revision": "HEAD", "commit": null}));
    assert_snapshot!(refused(&sandbox, 6, &[
        &["diff", "HEAD~1"],
        &["diff", "main"],
        &["list", "--at", "HEAD"],
    ]), @r"
    error: `HEAD~1` names no commit
    hint: what is checked out has no commit yet
    error: `main` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    error: `HEAD` names no commit
    hint: what is checked out has no commit yet
    ");
    // Nor on another branch.
    commit(&sandbox, "Ann", 0, "File it");
    sandbox.git(["checkout", "--quiet", "--orphan", "alone"]);
    assert_snapshot!(sandbox.tk(["diff", "main.."]), @r"
    deleted     abc  First
    1 deleted
    ");
    assert_snapshot!(refused(&sandbox, 6, &[&["diff", "main...HEAD"]]), @"error: `main` and `HEAD` have no commit in common");
}

#[test]
fn what_is_before_a_shallow_clone() {
    let sandbox = told();
    let url = format!("file://{}", sandbox.path().display());
    sandbox.git(["clone", "--quiet", "--depth=1", &url, "../shallow"]);
    assert_snapshot!(refused(&sandbox, 6, &[
        &["-C", "../shallow", "diff", "HEAD~1"],
        &["-C", "../shallow", "list", "--at", "HEAD~1"],
    ]), @r"
    error: `HEAD~1` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    hint: this clone is shallow: `git fetch --unshallow` brings the commits before those that it has
    error: `HEAD~1` names no commit
    hint: expected a commit, a branch, a tag or the like, such as `HEAD~3`
    hint: this clone is shallow: `git fetch --unshallow` brings the commits before those that it has
    ");
}

/// The side that cannot be read is named, and takes nothing else down.
#[test]
fn versions_that_are_no_tickets() {
    let sandbox = told();
    sandbox.ticket("neu", "title = \"New\"\npriority = 9\n");
    assert_snapshot!(sandbox.tk(["diff", "HEAD"]), @r"
    closed      done  At once
    deleted     ghi   Third
    unreadable  neu   New
      after: line 2: `priority`: it is 9: expected a whole number from 0 (highest) to 4 (lowest)
    1 closed, 1 deleted, 1 unreadable
    ");
    std::fs::write(
        sandbox.path().join(".ticks/def.toml"),
        b"title = \"\xff\"\n",
    )
    .unwrap();
    let told = sandbox.tk(["diff", "--json"]).json();
    let def = told["tickets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["id"] == "def");
    assert_eq!(def.unwrap()["change"], "unreadable", "{told}");
    sandbox.git(["checkout", "--", ".ticks/def.toml"]);
    commit(&sandbox, "Ann", 20, "Break it");
    assert_snapshot!(sandbox.tk(["list", "--at", "HEAD", "-p", "1-4"]), @r"
    aut   P2  open  epic  Authentication
    old   P2  open  task  Old
    same  P2  open  task  Same
    --- stderr
    warning: HEAD:.ticks/neu.toml:2: `priority`: it is 9: expected a whole number from 0 (highest) to 4 (lowest)
    ");
    // What cannot be one for its name is named as `tk list` does where it is there still.
    sandbox.git(["rm", "--quiet", "--cached", ".ticks/neu.toml"]);
    std::fs::remove_file(sandbox.path().join(".ticks/neu.toml")).unwrap();
    sandbox.ticket("No Id", "title = \"Lost\"\n");
    commit(&sandbox, "Ann", 21, "Misname it");
    let now = sandbox.tk(["list"]).stderr;
    std::fs::remove_file(sandbox.path().join(".ticks/No Id.toml")).unwrap();
    let then = sandbox.tk(["list", "--at", "HEAD"]).stderr;
    assert_eq!(then, now.replace(".ticks/No", "HEAD:.ticks/No"));
    assert!(
        then.contains("No Id.toml:1: the file's name must be an id"),
        "{then}"
    );
}

fn ids(sandbox: &Sandbox, args: &[&str]) -> String {
    let mut command = sandbox.tk_command();
    command.arg("list").args(args).args(["--fields", "id"]);
    let output = sandbox.run(&mut command, None);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
    output
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn lists_and_graphs_as_they_were() {
    let sandbox = told();
    for (args, expected) in [
        (&["--at", "HEAD~1"][..], "abc aut def ghi same"),
        (&["--at", "HEAD~1", "--all"], "abc aut def ghi old same"),
        (&["--at", "HEAD~1", "--ready"], "abc same"),
        (&["--at", "HEAD~1", "--blocked"], "def ghi"),
        (&["--at", "HEAD", "--ready"], "def ghi neu old same"),
        (&["--at", "HEAD", "--parent", "auth"], "def ghi"),
        (&["--at", "HEAD", "-l", "ui"], "def"),
        (&["--at", "HEAD~1", "-l", "api", "--sort", "-id"], "def"),
        (&["--at", "HEAD~2", "--all"], ""),
    ] {
        assert_eq!(ids(&sandbox, args), expected, "{args:?}");
    }
    let was = sandbox
        .tk(["graph", "aut", "--at", "HEAD~1", "--json"])
        .json();
    assert_eq!(was["max_parallel"], 2);
    assert_eq!(was["waves"].as_array().unwrap().len(), 2);
    // With its texts and the name of its own text.
    let full = |at: &[&str]| {
        let args = ["list", "--full", "--json", "-l", "api"].iter().chain(at);
        sandbox.tk(args).json()["tickets"][0].clone()
    };
    assert_eq!(full(&["--at", "HEAD"]), full(&[]));
    assert_ne!(full(&["--at", "HEAD~1"])["etag"], full(&[])["etag"]);
}

/// Also of one that is changed or gone since, and where so many are asked about that they are not
/// read together.
#[test]
fn texts_that_a_query_looks_into_are_those_of_the_revision() {
    let sandbox = Sandbox::initialised();
    for number in 0..1_100 {
        let text = format!("title = \"Number {number}\"\ndescription = \"an old word\"\n");
        sandbox.ticket(&format!("t{number}"), &text);
    }
    commit(&sandbox, "Ann", 0, "Then");
    sandbox.ticket("t1", "title = \"Number 1\"\ndescription = \"a new word\"\n");
    sandbox.git(["rm", "--quiet", "-f", ".ticks/t2.toml"]);
    let found = |query: &str, at: &[&str]| {
        let args = [&["--query", query], at].concat();
        ids(&sandbox, &args).split_whitespace().count()
    };
    for query in ["\"old word\"", "description~\"old word\""] {
        assert_eq!(
            (found(query, &["--at", "HEAD"]), found(query, &[])),
            (1_100, 1_098)
        );
    }
    assert_eq!(found("\"new word\"", &["--at", "HEAD"]), 0);
    sandbox.ticket("t1", "title = 7\n");
    commit(&sandbox, "Ann", 1, "Now");
    let told = sandbox.tk(["list", "--at", "HEAD", "--full", "--json"]);
    assert!(
        told.stderr.contains("HEAD:.ticks/t1.toml:1"),
        "{}",
        told.stderr
    );
    let told = told.json();
    let tickets = told["tickets"].as_array().unwrap();
    assert_eq!(tickets.len(), 1_098);
    for ticket in tickets {
        assert_eq!(ticket["description"], "an old word");
        let number = ticket["title"]
            .as_str()
            .unwrap()
            .trim_start_matches("Number ");
        assert_eq!(ticket["id"], format!("t{number}"));
    }
}

/// Statuses, due days and what is put off are those of the revision.
#[test]
fn with_the_configuration_and_the_time_of_then() {
    let mut sandbox = Sandbox::initialised();
    let statuses = "[[status]]\nid = \"todo\"\ncategory = \"open\"\n\
        [[status]]\nid = \"doing\"\ncategory = \"active\"\n\
        [[status]]\nid = \"shipped\"\ncategory = \"done\"\n";
    sandbox.write(".ticks/config.toml", statuses);
    sandbox.ticket("abc", "title = \"First\"\nstatus = \"shipped\"\n");
    sandbox.ticket(
        "def",
        "title = \"Second\"\nstatus = \"todo\"\nblocked_by = [\"abc\"]\ndue = 2026-11-25\n",
    );
    commit(&sandbox, "Ann", 0, "Then");
    sandbox.git(["rm", "--quiet", "-f", ".ticks/config.toml"]);
    sandbox.ticket("abc", "title = \"First\"\nstatus = \"closed\"\n");
    sandbox.ticket(
        "def",
        "title = \"Second\"\nblocked_by = [\"abc\"]\ndue = 2026-11-25\n",
    );
    commit(&sandbox, "Ann", 1, "Now");
    sandbox.at("2026-11-30T00:00:00Z");
    assert_eq!(ids(&sandbox, &["--overdue"]), "def");
    assert_eq!(ids(&sandbox, &["--overdue", "--at", "HEAD~1"]), "");
    assert_eq!(ids(&sandbox, &["--ready", "--at", "HEAD~1"]), "def");
    assert_eq!(ids(&sandbox, &["-s", "todo", "--at", "HEAD~1"]), "def");
    assert_eq!(sandbox.tk(["list", "-s", "todo"]).code, 2);
    // Done then, and done now, by the words of each.
    let told = sandbox.tk(["diff", "HEAD~1..", "--json"]).json();
    assert_eq!((&told["total"], &told["changed"]), (&json!(2), &json!(2)));
    sandbox.write(".ticks/config.toml", "[run]\nagnet = 1\n");
    commit(&sandbox, "Ann", 2, "Broken");
    sandbox.git(["rm", "--quiet", "-f", ".ticks/config.toml"]);
    let was = sandbox.tk(["list", "--at", "HEAD"]);
    assert_snapshot!(was, @r"
    def  P2  open  task  Second  due 2026-11-25
    --- stderr
    warning: HEAD:.ticks/config.toml:2: unknown key `agnet` in `run`; the configuration of today is used instead
    ");
}

#[test]
fn a_commit_is_named_by_its_message_too() {
    let sandbox = told();
    let by_place = sandbox.tk(["diff", "HEAD~1"]).ok();
    assert_eq!(sandbox.tk(["diff", ":/File them"]).ok(), by_place);
    assert_eq!(sandbox.tk(["diff", "HEAD^{/File}"]).ok(), by_place);
    let then = sandbox.tk(["list", "--all", "--at", ":/^File"]).ok();
    assert_eq!(then, sandbox.tk(["list", "--all", "--at", "HEAD~1"]).ok());
}

/// What is told of commits alone does not need the configuration of today.
#[test]
fn a_configuration_that_is_broken_today_keeps_nobody_from_the_past() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"First\"\n");
    commit(&sandbox, "Ann", 0, "One");
    sandbox.ticket("abc", "title = \"Second\"\n");
    commit(&sandbox, "Ann", 1, "Two");
    sandbox.write(".ticks/config.toml", "[run]\nagnet = 1\n");
    let warning = "warning: .ticks/config.toml:2: unknown key `agnet` in `run`; what is told is by \
                   the configuration of the commits\n";
    for (args, shown) in [
        (
            &["list", "--at", "HEAD"][..],
            "abc  P2  open  task  Second\n",
        ),
        (&["graph", "--at", "HEAD"], "Second"),
        (&["diff", "HEAD~1..HEAD"], "Second"),
    ] {
        let told = sandbox.tk(args);
        assert_eq!((told.code, told.stderr.as_str()), (0, warning), "{told}");
        assert!(told.stdout.contains(shown), "{told}");
    }
    for args in [&["list"][..], &["diff", "HEAD"], &["diff"]] {
        assert_eq!(sandbox.tk(args).code, 4, "{args:?}");
    }
}
