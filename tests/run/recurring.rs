//! Tickets that are put off or come again: no run waits for them, and none goes on for ever.

use serde_json::json;

use crate::branches::two_with;
use crate::rig::{Rig, open};

#[test]
fn what_comes_again_ends_the_run_and_the_epic_stays_open() {
    let rig = Rig::new(&[
        ("one", "repeat = \"1d\""),
        ("two", "blocked_by = [\"one\"]"),
    ]);
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(rig.show("one")["status"], "closed");
    let next = rig.show("one-r2");
    assert_eq!(
        (&next["status"], &next["parent"]),
        (&json!("open"), &json!("epic"))
    );
    assert_eq!(
        (&next["recurs_from"], &next["runs"]),
        (&json!("one"), &json!([]))
    );
    assert_eq!(next["acceptance"], json!([]));
    assert_ne!(next["defer_until"], json!(null));
    assert_eq!(rig.show("epic")["status"], "open");
    // The commit that closes the one has the other in it, as it is here.
    let git = |args: &[&str]| rig.sandbox.git(args);
    let landing = ended.of("one", "landed")[0]["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    let changed = git(&["diff", "--name-only", &format!("{landing}^1"), &landing]);
    assert_eq!(
        changed.lines().collect::<Vec<_>>(),
        [".ticks/one-r2.toml", ".ticks/one.toml", "one.txt"]
    );
    let committed = git(&["show", &format!("{landing}:.ticks/one-r2.toml")]);
    assert_eq!(committed, rig.sandbox.read(".ticks/one-r2.toml"));
    assert_eq!(git(&["status", "--porcelain"]), "");
    rig.assert_tidy();
    let doctor = rig.sandbox.tk(["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor}");
}

#[test]
fn landings_of_a_batch_have_the_next_in_them_and_are_taken_back_with_it() {
    let rig = Rig::new(&[("one", "repeat = \"1d\""), ("two", "repeat = \"2w\"")]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nbatch = 2\n");
    let ended = rig.run(["-j", "2"]).expect(0);
    let git = |args: &[&str]| rig.sandbox.git(args.iter().copied());
    for id in ["two", "one"] {
        let landing = ended.of(id, "landed")[0]["commit"]
            .as_str()
            .unwrap()
            .to_owned();
        let next = format!(".ticks/{id}-r2.toml");
        assert_eq!(
            git(&["show", &format!("{landing}:{next}")]),
            rig.sandbox.read(&next)
        );
        let before = git(&["ls-tree", "--name-only", &format!("{landing}^1"), ".ticks/"]);
        assert!(!before.contains(&next), "{before}");
    }
    for id in ["two", "one"] {
        let landing = ended.of(id, "landed")[0]["commit"]
            .as_str()
            .unwrap()
            .to_owned();
        git(&["revert", "--no-edit", "-m1", &landing]);
        assert_eq!(rig.show(id)["status"], "open");
        let next = rig.sandbox.path().join(format!(".ticks/{id}-r2.toml"));
        assert!(!next.exists(), "{id}");
    }
}

#[test]
fn the_next_is_there_also_where_another_branch_was_checked_out_meanwhile() {
    let (rig, pipes) = two_with("repeat = \"1d\"");
    let mut live = rig.start(["-j", "1"]);
    live.until("one", "say");
    rig.sandbox.git(["switch", "--quiet", "-c", "feature"]);
    open(&pipes[0]);
    live.until("one", "closed");
    live.until("two", "say");
    let next = rig.sandbox.path().join(".ticks/one-r2.toml");
    assert!(!next.exists());
    rig.sandbox.git(["switch", "--quiet", "main"]);
    open(&pipes[1]);
    live.end().expect(0);
    assert_eq!(rig.show("one")["status"], "closed");
    assert_eq!(rig.show("one-r2")["recurs_from"], "one");
    assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "");
}

#[test]
fn what_is_put_off_is_left_for_later() {
    let rig = Rig::new(&[("one", ""), ("late", "defer_until = 2999-01-01")]);
    let ended = rig.run([]);
    assert_eq!(ended.ids("landed"), ["one"]);
    let waits = json!([{"ticket": "late", "why": "deferred until 2999-01-01"}]);
    assert_eq!(ended.last()["waits"], waits);
    let why = "nobody is asked for anything; `late` is not done: deferred until 2999-01-01";
    assert_eq!(ended.last()["why"], why);
    assert!(ended.of("late", "ticket_started").is_empty());
    assert_eq!(rig.show("late")["status"], "open");
    assert_eq!(rig.show("epic")["status"], "open");
    // Nothing but what is put off.
    for args in [[].as_slice(), &["--wait"]] {
        let again = match args {
            [] => rig.run([]),
            _ => rig.run(["--wait"]),
        };
        assert!(again.of("", "ticket_started").is_empty(), "{args:?}");
    }
    rig.assert_tidy();
}

#[test]
fn after_an_epic_that_the_run_closes_comes_the_next_and_is_committed() {
    let rig = Rig::new(&[("one", "")]);
    let epic = "title = \"The epic\"\ntype = \"epic\"\nrepeat = \"7d\"\n";
    rig.sandbox.ticket("epic", epic);
    let ended = rig.run([]).expect(0);
    assert_eq!(rig.show("epic")["status"], "closed");
    let next = rig.show("epic-r2");
    assert_eq!(
        (&next["status"], &next["recurs_from"]),
        (&json!("open"), &json!("epic"))
    );
    let closed = ended.of("epic", "closed");
    assert_eq!(
        closed[0]["reason"],
        "every child is closed; `epic-r2` comes next"
    );
    let committed = rig.sandbox.git(["show", "main:.ticks/epic-r2.toml"]);
    assert_eq!(committed, rig.sandbox.read(".ticks/epic-r2.toml"));
    assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "");
}
