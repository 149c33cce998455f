//! `tk history`: who changed a ticket, and when.

use insta::assert_snapshot;

use crate::project::refused;
use crate::support::Sandbox;

/// Commits all of `.ticks/` as that person, some minutes after the sandbox's time.
pub(crate) fn commit(sandbox: &Sandbox, who: &str, minutes: u32, message: &str) {
    sandbox.git(["add", "--all", ".ticks"]);
    let at = format!("2026-11-20T09:{minutes:02}:00Z");
    let mut git = sandbox.command("git");
    git.args(["commit", "--quiet", "--message", message])
        .env("GIT_AUTHOR_NAME", who)
        .env("GIT_AUTHOR_EMAIL", format!("{who}@example.com"))
        .env("GIT_AUTHOR_DATE", &at)
        .env("GIT_COMMITTER_DATE", &at);
    sandbox.run(&mut git, None).ok();
}

/// `abc`, filed by Ann, started by Bob, with a note of which nothing is committed.
fn told() -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"First\"\nlabels = [\"ui\"]\n");
    commit(&sandbox, "Ann", 0, "File it\n\nBody");
    sandbox
        .tk([
            "update",
            "abc",
            "--status",
            "in_progress",
            "--add-label",
            "api",
            "--remove-label",
            "ui",
            "-d",
            "One.\nTwo.",
            "--owner",
            "bob",
        ])
        .ok();
    commit(&sandbox, "Bob", 1, "Begin");
    sandbox.tk(["note", "abc", "Seen.\nAll of it."]).ok();
    sandbox
}

/// The history as text, with `<commit>` for the ids of commits, which depend on every file.
pub(crate) fn shown(sandbox: &Sandbox, id: &str) -> String {
    let text = sandbox.tk(["history", id]).to_string();
    let is_commit = |word: &str| word.len() == 12 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let lines = text.lines().map(|line| match line.split_once("  ") {
        Some((word, rest)) if is_commit(word) => format!("<commit>  {rest}\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// What became of the ticket in each entry, newest first.
pub(crate) fn words(sandbox: &Sandbox, id: &str) -> String {
    let json = sandbox.tk(["history", id, "--json"]).json();
    let entries = json["entries"].as_array().unwrap();
    assert_eq!(json["total"], entries.len());
    let words = entries
        .iter()
        .map(|entry| entry["change"].as_str().unwrap().to_owned());
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn who_changed_what() {
    let sandbox = told();
    assert_snapshot!(shown(&sandbox, "ab"), @r"
    abc  First

    uncommitted  changed
      notes: + dana@example.com, comment: Seen.\nAll of it.

    <commit>  2026-11-20T09:01:00Z  Bob  changed
      Begin
      status: open → in_progress
      owner: bob
      labels: - ui
      labels: + api
      started_at: 2026-11-20T08:38:50Z
      description: +2 -0 lines

    <commit>  2026-11-20T09:00:00Z  Ann  opened
      File it
      title: First
      type: task
      status: open
      priority: 2
      labels: + ui
    ");
}

#[test]
fn as_json() {
    let sandbox = told();
    let json = sandbox.tk(["history", "abc", "--json"]).json();
    assert_eq!(json["total"], 3);
    assert_eq!(
        json["tickets"],
        serde_json::json!([{"id": "abc", "title": "First", "deleted": false}])
    );
    let (open, begun) = (&json["entries"][0], &json["entries"][1]);
    assert_eq!(open["commit"], serde_json::Value::Null);
    assert_eq!(open["changes"][0]["field"], "notes");
    assert_eq!(open["changes"][0]["to"]["text"], "Seen.\nAll of it.");
    let head = sandbox.git(["rev-parse", "HEAD"]);
    assert_eq!(begun["commit"], head.trim());
    assert_eq!(begun["email"], "Bob@example.com");
    assert_eq!(begun["at"], "2026-11-20T09:01:00Z");
    assert_snapshot!(begun["changes"].to_string(), @r#"[{"field":"status","change":"changed","from":"open","to":"in_progress"},{"field":"owner","change":"set","from":null,"to":"bob"},{"field":"labels","change":"removed","from":"ui","to":null},{"field":"labels","change":"added","from":null,"to":"api"},{"field":"started_at","change":"set","from":null,"to":"2026-11-20T08:38:50Z"},{"field":"description","change":"set","from":null,"to":null,"lines_added":2,"lines_removed":0}]"#);
}

#[test]
fn a_run_names_the_agent_that_worked_for_it() {
    let sandbox = Sandbox::initialised();
    let run = "[[runs]]\nrun = \"01J\"\nattempt = 1\nagent = \"other\"\noutcome = \"landed\"\n";
    sandbox.ticket("abc", &format!("title = \"First\"\n{run}"));
    commit(&sandbox, "Ann", 0, "Land abc\n\nTicket: abc\nRun: 01J");
    let entry = &sandbox.tk(["history", "abc", "--json"]).json()["entries"][0];
    assert_eq!(
        (&entry["run"], &entry["actor"]),
        (&"01J".into(), &"agent:other".into())
    );
}

/// The commits of one side are told; the merge itself only where it did something by itself.
#[test]
fn merges_are_nobodys_change() {
    let sandbox = told();
    commit(&sandbox, "Bob", 2, "Note it");
    // One side changed the ticket: the merge only took it.
    sandbox.git(["checkout", "--quiet", "-b", "other"]);
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    commit(&sandbox, "Cleo", 3, "Urgent");
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.write("other.txt", "x\n");
    sandbox.git(["add", "other.txt"]);
    sandbox.git(["commit", "--quiet", "--message=other"]);
    merge(&sandbox, "other");
    assert_eq!(words(&sandbox, "abc"), "changed changed changed opened");
    // Both did, each another key: the merged file is new, but every key is of one side.
    sandbox.git(["checkout", "--quiet", "-b", "third"]);
    sandbox.tk(["update", "abc", "--estimate", "2h"]).ok();
    commit(&sandbox, "Cleo", 4, "Guess");
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.tk(["note", "abc", "Again"]).ok();
    commit(&sandbox, "Bob", 5, "Again");
    merge(&sandbox, "third");
    assert!(sandbox.read(".ticks/abc.toml").contains("2h"));
    let both = "changed changed changed changed changed opened";
    assert_eq!(words(&sandbox, "abc"), both);
    // One that closes the ticket besides.
    sandbox.git(["checkout", "--quiet", "-b", "fourth"]);
    sandbox.tk(["update", "abc", "--estimate", "3h"]).ok();
    commit(&sandbox, "Cleo", 6, "Guess better");
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.tk(["note", "abc", "More"]).ok();
    commit(&sandbox, "Bob", 7, "More");
    sandbox.git(["merge", "--quiet", "--no-commit", "fourth"]);
    sandbox.tk(["close", "abc"]).ok();
    commit(&sandbox, "Bob", 8, "Merge and close");
    assert_eq!(
        words(&sandbox, "abc"),
        format!("closed changed changed {both}")
    );
    let merged = &sandbox.tk(["history", "abc", "--json"]).json()["entries"][0];
    let fields: Vec<_> = merged["changes"].as_array().unwrap().iter().collect();
    let fields: Vec<_> = fields
        .iter()
        .map(|change| change["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields.join(" "), "status closed_at closed_by");
}

/// A merge that says something besides of a ticket that only the merged branch has.
#[test]
fn a_merge_opens_no_ticket_of_its_branch_again() {
    let sandbox = told();
    commit(&sandbox, "Bob", 2, "Note it");
    sandbox.git(["checkout", "--quiet", "-b", "side"]);
    sandbox.ticket("neu", "title = \"New\"\n");
    commit(&sandbox, "Cleo", 3, "File another");
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    commit(&sandbox, "Bob", 4, "Urgent");
    sandbox.git(["merge", "--quiet", "--no-commit", "side"]);
    sandbox.tk(["note", "neu", "Seen"]).ok();
    commit(&sandbox, "Bob", 5, "Merge and note");
    assert_eq!(words(&sandbox, "neu"), "changed opened");
}

/// What a merge changes besides of a ticket that only one branch has is told with what was before.
#[test]
fn a_merge_tells_what_it_took_away_of_a_ticket_of_one_branch() {
    let sandbox = told();
    commit(&sandbox, "Bob", 2, "Note it");
    sandbox.git(["checkout", "--quiet", "-b", "side"]);
    sandbox.ticket("neu", "title = \"New\"\nlabels = [\n  \"was\",\n]\n");
    commit(&sandbox, "Cleo", 3, "File another");
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    commit(&sandbox, "Bob", 4, "Urgent");
    sandbox.git(["merge", "--quiet", "--no-commit", "side"]);
    sandbox
        .tk([
            "update",
            "neu",
            "--remove-label",
            "was",
            "--add-label",
            "is",
        ])
        .ok();
    commit(&sandbox, "Bob", 5, "Merge and change");
    let shown = shown(&sandbox, "neu");
    assert!(
        shown.contains("labels: + is") && shown.contains("- was"),
        "{shown}"
    );
}

fn merge(sandbox: &Sandbox, branch: &str) {
    sandbox.git(["merge", "--quiet", "--no-edit", branch]);
}

#[test]
fn deleted_and_filed_again() {
    let sandbox = told();
    commit(&sandbox, "Bob", 2, "Note it");
    let text = sandbox.read(".ticks/abc.toml");
    sandbox.tk(["delete", "abc"]).ok();
    assert_snapshot!(shown(&sandbox, "abc"), @r"
    abc  First  (deleted)

    uncommitted  deleted

    <commit>  2026-11-20T09:02:00Z  Bob  changed
      Note it
      notes: + dana@example.com, comment: Seen.\nAll of it.

    <commit>  2026-11-20T09:01:00Z  Bob  changed
      Begin
      status: open → in_progress
      owner: bob
      labels: - ui
      labels: + api
      started_at: 2026-11-20T08:38:50Z
      description: +2 -0 lines

    <commit>  2026-11-20T09:00:00Z  Ann  opened
      File it
      title: First
      type: task
      status: open
      priority: 2
      labels: + ui
    ");
    commit(&sandbox, "Bob", 3, "Away with it");
    assert_eq!(words(&sandbox, "ABC "), "deleted changed changed opened");
    let json = sandbox.tk(["history", "abc", "--json"]).json();
    assert_eq!(json["tickets"][0]["deleted"], true);
    assert_eq!(json["tickets"][0]["title"], "First");
    sandbox.ticket("abc", &text);
    assert_eq!(
        words(&sandbox, "abc"),
        "opened deleted changed changed opened"
    );
    assert_snapshot!(refused(&sandbox, 3, &[&["history", "never"]]), @r"
    error: no ticket `never`
    hint: `tk list --all` shows every ticket
    ");
}

#[test]
fn a_file_that_had_another_name() {
    let sandbox = Sandbox::initialised();
    let text = "title = \"First\"\ncreated_at = 2026-11-20T08:00:00Z\n";
    sandbox.ticket("old", text);
    commit(&sandbox, "Ann", 0, "File it");
    sandbox.git(["mv", ".ticks/old.toml", ".ticks/neu.toml"]);
    sandbox.ticket("neu", &format!("{text}priority = 0\n"));
    commit(&sandbox, "Bob", 1, "Another name");
    assert_snapshot!(shown(&sandbox, "neu"), @r"
    neu  First

    <commit>  2026-11-20T09:01:00Z  Bob  changed
      Another name
      it was `old` before
      priority: 2 → 0

    <commit>  2026-11-20T09:00:00Z  Ann  opened
      File it
      title: First
      type: task
      status: open
      priority: 2
      created_at: 2026-11-20T08:00:00Z
    ");
}

#[test]
fn a_file_that_has_another_name_and_nothing_else_new() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket(
        "old",
        "title = \"First\"\ncreated_at = 2026-11-20T08:00:00Z\n",
    );
    commit(&sandbox, "Ann", 0, "File it");
    sandbox.git(["mv", ".ticks/old.toml", ".ticks/neu.toml"]);
    commit(&sandbox, "Bob", 1, "Another name");
    assert_snapshot!(shown(&sandbox, "neu"), @r"
    neu  First

    <commit>  2026-11-20T09:01:00Z  Bob  changed
      Another name
      it was `old` before

    <commit>  2026-11-20T09:00:00Z  Ann  opened
      File it
      title: First
      type: task
      status: open
      priority: 2
      created_at: 2026-11-20T08:00:00Z
    ");
}

#[test]
fn a_version_that_is_no_ticket_is_named() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"First\"\n");
    commit(&sandbox, "Ann", 0, "File it");
    sandbox.ticket("abc", "title = \"First\"\npriority = 9\n");
    commit(&sandbox, "Bob", 1, "Break it");
    // A status that today's configuration does not know is none of that.
    sandbox.ticket("abc", "title = \"First\"\nstatus = \"doing\"\n");
    commit(&sandbox, "Ann", 2, "Mend it");
    sandbox.ticket(
        "abc",
        "title = \"First\"\n# said\nstatus = \"doing\"\nmine = 1\n",
    );
    assert_snapshot!(shown(&sandbox, "abc"), @r"
    abc  First

    uncommitted  changed
      comments, layout or unknown keys

    <commit>  2026-11-20T09:02:00Z  Ann  changed
      Mend it
      cannot be read: the version before it: line 2: `priority`: it is 9: expected a whole number from 0 (highest) to 4 (lowest)

    <commit>  2026-11-20T09:01:00Z  Bob  unreadable
      Break it
      cannot be read: line 2: `priority`: it is 9: expected a whole number from 0 (highest) to 4 (lowest)

    <commit>  2026-11-20T09:00:00Z  Ann  opened
      File it
      title: First
      type: task
      status: open
      priority: 2
    --- stderr
    warning: .ticks/abc.toml:3: `status`: unknown status `doing`: expected one of open, in_progress, closed
    ");
}

#[test]
fn hostile_names_reach_no_terminal() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"First\"\n");
    commit(
        &sandbox,
        "A\u{1b}[2Jnn\u{202e}",
        0,
        "\u{1}S\u{1b}]0;x\u{7}ubject",
    );
    let text = sandbox.tk(["history", "abc"]).ok();
    let shown = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
    assert!(text.chars().all(shown), "{text:?}");
    assert!(text.contains("A\\u{1b}[2Jnn\\u{202e}"), "{text}");
    assert_eq!(words(&sandbox, "abc"), "opened");
}

#[test]
fn nothing_is_committed_yet() {
    let sandbox = Sandbox::without_repository();
    sandbox.git(["init", "--quiet", "--initial-branch=main", "."]);
    sandbox.tk(["init", "--quiet"]).ok();
    sandbox.ticket("abc", "title = \"First\"\n");
    assert_eq!(words(&sandbox, "abc"), "opened");
    assert_eq!(sandbox.tk(["history", "abd"]).code, 3);
}

/// From a linked worktree, what is told is of the main one, whose tickets are meant.
#[test]
fn in_a_worktree_and_with_another_folder() {
    let sandbox = told();
    sandbox.git(["worktree", "add", "--quiet", "../linked", "HEAD~1"]);
    let linked = sandbox.root().join("linked");
    let mut tk = sandbox.tk_command();
    let output = sandbox.run(
        tk.current_dir(&linked).args(["history", "abc", "--json"]),
        None,
    );
    assert_eq!(output.json()["total"], 3);
    let mut tk = sandbox.tk_command();
    tk.env("TK_DIR", linked.join(".ticks"))
        .args(["history", "abc", "--json"]);
    assert_eq!(sandbox.run(&mut tk, None).json()["total"], 1);
}

/// What git is set up to show besides does not get in the way.
#[test]
fn whatever_git_is_set_up_to_show() {
    let sandbox = told();
    for (key, value) in [
        ("log.showRoot", "false"),
        ("log.showSignature", "true"),
        ("log.diffMerges", "off"),
        ("log.decorate", "full"),
        ("color.ui", "always"),
        ("diff.renames", "copies"),
        ("core.abbrev", "4"),
        ("i18n.logOutputEncoding", "ISO-8859-1"),
    ] {
        sandbox.git(["config", key, value]);
    }
    assert_eq!(words(&sandbox, "abc"), "changed changed opened");
}

#[test]
fn only_so_many() {
    let sandbox = told();
    let json = sandbox.tk(["history", "abc", "-n", "2", "--json"]).json();
    assert_eq!(
        (&json["total"], &json["truncated"]),
        (&3.into(), &true.into())
    );
    assert_eq!(json["entries"].as_array().unwrap().len(), 2);
    assert_eq!(json["entries"][0]["commit"], serde_json::Value::Null);
    let text = sandbox.tk(["history", "abc", "--limit", "1"]);
    assert_eq!(text.stderr, "hint: 1 of 3 are shown\n", "{text}");
    assert!(!text.stdout.contains("Begin"), "{text}");
    let all = sandbox.tk(["history", "abc", "-n", "9", "--json"]).json();
    assert_eq!(all["truncated"], false);
    assert_eq!(sandbox.tk(["history", "abc", "-n", "0"]).code, 2);
}

/// What was before the first commit of a shallow clone nobody there knows.
#[test]
fn a_shallow_clone_does_not_take_its_first_commit_for_the_beginning() {
    let sandbox = told();
    commit(&sandbox, "Ann", 2, "Add a note");
    let url = format!("file://{}", sandbox.path().display());
    sandbox.git(["clone", "--quiet", "--depth=2", &url, "../shallow"]);
    let json = sandbox
        .tk(["-C", "../shallow", "history", "abc", "--json"])
        .json();
    let entries = json["entries"].as_array().unwrap();
    let entry = |at: usize| {
        (
            entries[at]["subject"].as_str(),
            entries[at]["change"].as_str(),
        )
    };
    assert_eq!(entry(0), (Some("Add a note"), Some("changed")));
    assert_eq!(entry(1), (Some("Begin"), Some("changed")));
    assert_eq!(
        entries[1]["problem"],
        "the version before it: this clone is shallow, and begins here"
    );
    assert_eq!(entries.len(), 2);
}

/// Lines that only the working copy ends otherwise, as git is told to, are no change.
#[test]
fn ends_of_lines_that_git_makes_equal_are_no_change() {
    let sandbox = Sandbox::initialised();
    sandbox.write(".gitattributes", "*.toml text eol=lf\n");
    sandbox.ticket("abc", "title = \"First\"\nstatus = \"open\"\n");
    commit(&sandbox, "Ann", 0, "One");
    let before = sandbox.tk(["history", "abc"]).ok();
    let text = sandbox.read(".ticks/abc.toml");
    sandbox.write(".ticks/abc.toml", &text.replace('\n', "\r\n"));
    assert_eq!(sandbox.tk(["history", "abc"]).ok(), before);
}
