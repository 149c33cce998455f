//! `tk history` of ids that tickets no longer have, and where clocks were wrong.

use crate::history::{commit, words};
use crate::support::Sandbox;

/// The id is another ticket's by now, or nobody's: either way it is told who has had it.
#[test]
fn an_id_that_a_ticket_has_had_leads_to_it() {
    let sandbox = Sandbox::initialised();
    let text = |title: &str, hour: u8| {
        format!("title = \"{title}\"\ncreated_at = 2026-11-20T0{hour}:00:00Z\n")
    };
    sandbox.ticket("abc", &text("First", 6));
    commit(&sandbox, "Ann", 0, "File it");
    sandbox.git(["mv", ".ticks/abc.toml", ".ticks/neu.toml"]);
    commit(&sandbox, "Ann", 1, "Give it another id");
    let told = sandbox.tk(["history", "abc"]);
    assert!(told.stdout.starts_with("abc  First  (deleted)\n"), "{told}");
    assert_eq!(
        told.stderr,
        "hint: `neu`, \"First\", was `abc` before: `tk history neu` tells of it\n"
    );

    sandbox.git(["branch", "--quiet", "side"]);
    sandbox.ticket("xyz", &text("Later", 8));
    commit(&sandbox, "Ann", 2, "File one");
    sandbox.git(["switch", "--quiet", "side"]);
    sandbox.ticket("xyz", &text("Earlier", 7));
    commit(&sandbox, "Bob", 3, "File another");
    let mut merge = sandbox.command("git");
    sandbox.run(merge.args(["merge", "--quiet", "main"]), None);
    let resolved = sandbox.tk(["resolve"]).stdout;
    let id = resolved.split('`').nth(1).unwrap().to_owned();
    commit(&sandbox, "Bob", 4, "Both");
    let told = sandbox.tk(["history", "xyz"]);
    assert_eq!(
        told.stderr.replace(&id, "<new>"),
        "hint: `<new>`, \"Later\", was `xyz` before: `tk history <new>` tells of it\n"
    );
    assert_eq!(sandbox.tk(["history", &id]).stderr, "");
}

/// What is made of something comes after it, whatever the clocks said.
#[test]
fn commits_with_dates_out_of_order() {
    let sandbox = Sandbox::initialised();
    sandbox.git(["commit", "--quiet", "--allow-empty", "--message=begin"]);
    sandbox.ticket("abc", "title = \"First\"\n");
    commit(&sandbox, "Ann", 30, "File it");
    sandbox.git(["switch", "--quiet", "--create", "side"]);
    sandbox.ticket("abc", "title = \"First\"\npriority = 1\n");
    // A clock that is late.
    commit(&sandbox, "Bob", 10, "Of the side");
    sandbox.git(["switch", "--quiet", "main"]);
    sandbox.ticket("abc", "title = \"First\"\nowner = \"ann\"\n");
    commit(&sandbox, "Ann", 40, "Of the main one");
    let mut merge = sandbox.command("git");
    merge.args(["merge", "--quiet", "--no-edit", "-Xours", "side"]);
    sandbox.run(&mut merge, None);
    sandbox.ticket("abc", "title = \"First\"\npriority = 1\nowner = \"ann\"\n");
    commit(&sandbox, "Ann", 50, "Both");
    assert!(words(&sandbox, "abc").ends_with("changed opened"));
}
