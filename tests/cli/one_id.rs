//! `tk history` and `tk diff` of an id that was two tickets': each is told its own story.

use insta::assert_snapshot;

use crate::history::{commit, shown, words};
use crate::support::Sandbox;

/// A ticket of that title, filed at that hour.
fn file(sandbox: &Sandbox, id: &str, title: &str, hour: u32) {
    let text = format!("title = \"{title}\"\ncreated_at = 2026-11-21T{hour:02}:00:00Z\n");
    sandbox.ticket(id, &text);
}

/// On `side` there are `dup` and a change of it, on `main` there is another `dup`, filed before it.
fn two_branches(titles: [&str; 2]) -> Sandbox {
    let sandbox = Sandbox::initialised();
    commit(&sandbox, "Ann", 0, "Begin");
    sandbox.git(["checkout", "--quiet", "-b", "side"]);
    file(&sandbox, "dup", titles[0], 10);
    commit(&sandbox, "Cleo", 1, "File the one of the side");
    sandbox.tk(["update", "dup", "-p", "0"]).ok();
    commit(&sandbox, "Cleo", 2, "It is urgent");
    sandbox.git(["checkout", "--quiet", "main"]);
    file(&sandbox, "dup", titles[1], 9);
    commit(&sandbox, "Bob", 3, "File the one of main");
    sandbox
}

/// Merges `side`, whose ticket gets a new id.
fn merge(sandbox: &Sandbox, minutes: u32) -> String {
    let merged = sandbox.run(sandbox.command("git").args(["merge", "side"]), None);
    assert_eq!(merged.code, 1, "{merged}");
    let told = sandbox.tk(["resolve", "--json"]).json();
    commit(sandbox, "Bob", minutes, "Merge the side");
    told["tickets"][0]["new_id"].as_str().unwrap().to_owned()
}

/// The subjects of the commits in the ticket's history, newest first, with what became of it.
fn subjects(sandbox: &Sandbox, id: &str) -> String {
    let told = sandbox.tk(["history", id, "--json"]).json();
    let entries = told["entries"].as_array().unwrap().iter();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let entries = entries.map(|e| format!("{}: {}", word(&e["change"]), word(&e["subject"])));
    entries.collect::<Vec<_>>().join("; ")
}

#[test]
fn two_branches_gave_it() {
    let sandbox = two_branches(["Side", "Main"]);
    let new = merge(&sandbox, 4);
    assert_snapshot!(shown(&sandbox, "dup").replace(&new, "<new>"), @r#"
    dup  Main

    <commit>  2026-11-20T09:03:00Z  Bob  opened
      File the one of main
      title: Main
      type: task
      status: open
      priority: 2
      created_at: 2026-11-21T09:00:00Z
    --- stderr
    hint: `<new>`, "Side", was `dup` before: `tk history <new>` tells of it
    "#);
    assert_snapshot!(shown(&sandbox, &new).replace(&new, "<new>"), @r"
    <new>  Side

    <commit>  2026-11-20T09:04:00Z  Bob  changed
      Merge the side
      it was `dup` before

    <commit>  2026-11-20T09:02:00Z  Cleo  changed
      It is urgent
      priority: 2 → 0

    <commit>  2026-11-20T09:01:00Z  Cleo  opened
      File the one of the side
      title: Side
      type: task
      status: open
      priority: 2
      created_at: 2026-11-21T10:00:00Z
    ");
    let told = |range: &str| {
        let told = sandbox.tk(["diff", range]).ok();
        told.replace(&format!("{new} "), "<new> ")
    };
    assert_snapshot!(told("side..main"), @r"
    opened      dup  Main
    changed     <new>  Side
      it was `dup` before
    1 opened, 1 changed
    ");
    assert_snapshot!(told("main..side"), @r"
    changed     dup  Side
      it was `b8q` before
    deleted     dup  Main
    1 changed, 1 deleted
    ");
    assert_snapshot!(told("main~1..main"), @r"
    opened      <new>  Side
    1 opened
    ");
    let json = sandbox.tk(["diff", "side..main", "--json"]).json();
    assert_eq!(
        (&json["total"], &json["opened"], &json["changed"]),
        (&2.into(), &1.into(), &1.into())
    );
}

/// What the branch says of its ticket later comes with its next merge.
/// Between `tk resolve` and the commit of the merge, too, whichever side has the later one.
#[test]
fn where_it_comes_from_is_told_before_the_merge_is_committed() {
    for merged in ["main", "side"] {
        let sandbox = two_branches(["Side", "Main"]);
        if merged == "main" {
            sandbox.git(["checkout", "--quiet", "side"]);
        }
        let ended = sandbox.run(sandbox.command("git").args(["merge", merged]), None);
        assert_eq!(ended.code, 1, "{ended}");
        let told = sandbox.tk(["resolve", "--json"]).json();
        let new = told["tickets"][0]["new_id"].as_str().unwrap().to_owned();
        assert_eq!(
            subjects(&sandbox, &new),
            "changed: -; changed: It is urgent; opened: File the one of the side",
            "{merged}"
        );
        let told = sandbox.tk(["history", &new, "--json"]).json();
        assert_eq!(told["entries"][0]["renamed_from"], "dup");
    }
}

#[test]
fn the_branch_goes_on_under_the_old_id() {
    let sandbox = two_branches(["Side", "Main"]);
    let new = merge(&sandbox, 4);
    sandbox.git(["checkout", "--quiet", "side"]);
    sandbox.tk(["update", "dup", "-p", "1"]).ok();
    commit(&sandbox, "Cleo", 5, "Not that urgent");
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.tk(["update", &new, "--add-label", "ui"]).ok();
    commit(&sandbox, "Bob", 6, "Of the screen");
    let merged = sandbox.run(sandbox.command("git").args(["merge", "side"]), None);
    assert_eq!(merged.code, 1, "{merged}");
    sandbox.tk(["resolve"]).ok();
    commit(&sandbox, "Bob", 7, "Merge the side again");
    assert!(
        sandbox
            .read(format!(".ticks/{new}.toml"))
            .contains("priority = 1")
    );
    assert_eq!(subjects(&sandbox, "dup"), "opened: File the one of main");
    assert_snapshot!(subjects(&sandbox, &new), @"changed: Of the screen; changed: Not that urgent; changed: Merge the side; changed: It is urgent; opened: File the one of the side");
}

/// Two tickets are two by the times when they were filed, whatever they are called.
#[test]
fn both_are_called_the_same() {
    let sandbox = two_branches(["Same", "Same"]);
    let new = merge(&sandbox, 4);
    assert_eq!(subjects(&sandbox, "dup"), "opened: File the one of main");
    assert_snapshot!(subjects(&sandbox, &new), @"changed: Merge the side; changed: It is urgent; opened: File the one of the side");
    let told = sandbox.tk(["diff", "side..main"]).ok();
    assert_snapshot!(told.replace(&format!("{new} "), "<new> "), @r"
    opened      dup  Same
    changed     <new>  Same
      it was `dup` before
    1 opened, 1 changed
    ");
}

#[test]
fn one_was_deleted_and_another_filed() {
    let sandbox = Sandbox::initialised();
    file(&sandbox, "dup", "First", 9);
    commit(&sandbox, "Ann", 0, "File the first");
    // At once.
    file(&sandbox, "dup", "Second", 10);
    assert_snapshot!(sandbox.tk(["diff"]), @r"
    opened      dup  Second
    deleted     dup  First
    1 opened, 1 deleted
    ");
    assert_eq!(words(&sandbox, "dup"), "opened");
    commit(&sandbox, "Ann", 1, "File the second");
    assert_eq!(subjects(&sandbox, "dup"), "opened: File the second");
    // And in two steps; what is not there at last is told like what is.
    sandbox.tk(["delete", "dup"]).ok();
    assert_eq!(
        subjects(&sandbox, "dup"),
        "deleted: -; opened: File the second"
    );
    commit(&sandbox, "Ann", 2, "Away with it");
    file(&sandbox, "dup", "Third", 11);
    commit(&sandbox, "Ann", 3, "File the third");
    sandbox
        .tk(["update", "dup", "--title", "Another title"])
        .ok();
    assert_eq!(
        subjects(&sandbox, "dup"),
        "changed: -; opened: File the third"
    );
    assert_snapshot!(sandbox.tk(["diff", "HEAD~3..HEAD"]), @r"
    opened      dup  Third
    deleted     dup  First
    1 opened, 1 deleted
    ");
    assert_snapshot!(sandbox.tk(["diff", "HEAD~1"]), @r"
    opened      dup  Another title
    1 opened
    ");
    // The first is there again.
    sandbox.git(["checkout", "--quiet", "HEAD~3", "--", ".ticks/dup.toml"]);
    assert_eq!(
        subjects(&sandbox, "dup"),
        "opened: -; deleted: File the second; opened: File the first"
    );
}

/// Another title or another time alone is the same ticket's, as to a merge.
#[test]
fn one_that_says_something_else_of_itself_is_the_same() {
    let sandbox = Sandbox::initialised();
    file(&sandbox, "abc", "First", 9);
    commit(&sandbox, "Ann", 0, "File it");
    file(&sandbox, "abc", "First", 8);
    commit(&sandbox, "Ann", 1, "It was earlier");
    file(&sandbox, "abc", "Renamed", 8);
    assert_eq!(words(&sandbox, "abc"), "changed changed opened");
    assert_snapshot!(sandbox.tk(["diff"]), @r"
    changed     abc  Renamed
      title: First → Renamed
    1 changed
    ");
    assert_snapshot!(sandbox.tk(["diff", "HEAD~1..HEAD"]), @r"
    changed     abc  First
      created_at: 2026-11-21T09:00:00Z → 2026-11-21T08:00:00Z
    1 changed
    ");
}

/// A ticket that went to another name and back.
#[test]
fn there_and_back() {
    let sandbox = Sandbox::initialised();
    file(&sandbox, "one", "First", 9);
    commit(&sandbox, "Ann", 0, "File it");
    sandbox.git(["mv", ".ticks/one.toml", ".ticks/two.toml"]);
    commit(&sandbox, "Ann", 1, "There");
    sandbox.tk(["update", "two", "-p", "0"]).ok();
    commit(&sandbox, "Ann", 2, "Urgent");
    sandbox.git(["mv", ".ticks/two.toml", ".ticks/one.toml"]);
    commit(&sandbox, "Ann", 3, "And back");
    let told = "changed: And back; changed: Urgent; changed: There; opened: File it";
    assert_eq!(subjects(&sandbox, "one"), told);
}
