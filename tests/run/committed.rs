//! Tickets that are committed on the user's branch only while a run works at them.

use std::path::PathBuf;

use serde_json::json;

use crate::rig::{Live, Rig, open};

/// A run in which `one` waits at a pipe; nobody has committed the tickets yet.
fn at_work(args: [&str; 4]) -> (Rig, Live, PathBuf) {
    let made = "created_at = 2026-01-01T00:00:00Z\ncreated_by = \"dana\"\n";
    let waits = format!("{made}blocked_by = [\"one\"]");
    let rig = Rig::new(&[("one", made), ("two", &waits)]);
    let pipe = rig.pipe("go");
    rig.script(json!({"one": [[
        {"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}, {"commit": "one"},
    ]]}));
    let mut live = rig.start(args);
    live.until("one", "say");
    (rig, live, pipe)
}

fn commit(rig: &Rig, paths: &[&str]) {
    rig.sandbox.git([&["add", "--"], paths].concat());
    rig.sandbox.git(["commit", "--quiet", "--message=by hand"]);
}

/// Both landed, and what is checked out is what is committed.
#[track_caller]
fn assert_home(rig: &Rig) {
    for id in ["one", "two"] {
        assert_eq!(rig.landings(id, "main"), 1, "{id}");
        assert!(rig.sandbox.path().join(format!("{id}.txt")).exists());
    }
    for id in ["one", "two", "epic"] {
        assert_eq!(rig.show(id)["status"], "closed", "{id}");
    }
    assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "");
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
}

#[test]
fn tickets_that_are_committed_during_a_run_land_all_the_same() {
    for land in ["end", "ticket"] {
        let (rig, live, pipe) = at_work(["--land", land, "-j", "2"]);
        commit(&rig, &[".ticks"]);
        open(&pipe);
        live.end().expect(0);
        assert_home(&rig);
    }
}

#[test]
fn what_people_change_and_commit_of_them_is_kept() {
    let (rig, live, pipe) = at_work(["--land", "end", "-j", "2"]);
    rig.sandbox.tk(["note", "one", "mind the gap"]).ok();
    rig.sandbox.tk(["update", "one", "--priority=0"]).ok();
    rig.sandbox.tk(["update", "two", "--add-label=api"]).ok();
    // Of the file that is committed only: nobody else is told.
    let path = ".ticks/two.toml";
    let here = rig.sandbox.read(path);
    let there = here.replace("Ticket two", "Ticket two, renamed");
    rig.sandbox.write(path, &there);
    rig.sandbox.write("more.txt", "more\n");
    commit(&rig, &[".ticks", "more.txt"]);
    rig.sandbox.tk(["update", "one", "--add-label=late"]).ok();
    open(&pipe);
    live.end().expect(0);
    assert_home(&rig);
    let one = rig.show("one");
    assert_eq!(rig.notes("one"), ["mind the gap"]);
    assert_eq!(
        (&one["priority"], &one["labels"]),
        (&json!(0), &json!(["late"]))
    );
    let two = rig.show("two");
    assert_eq!(two["title"], "Ticket two, renamed");
    assert_eq!(two["labels"], json!(["api"]));
    assert_eq!(rig.sandbox.read("more.txt"), "more\n");
}

#[test]
fn tickets_committed_between_two_landings_land_one_after_the_other() {
    let rig = Rig::new(&[
        ("first", ""),
        ("one", "blocked_by = [\"first\"]"),
        ("two", "blocked_by = [\"one\"]"),
    ]);
    let pipes = [rig.pipe("a"), rig.pipe("b"), rig.pipe("c")];
    let waits = |id: &str, pipe: &PathBuf| json!([[{"say": "up"}, {"await": pipe}, {"run": format!("echo x > {id}.txt")}, {"commit": id}]]);
    rig.script(json!({
        "first": waits("first", &pipes[0]),
        "one": waits("one", &pipes[1]),
        "two": waits("two", &pipes[2]),
    }));
    let mut live = rig.start(["--land", "ticket"]);
    for (id, pipe) in ["first", "one", "two"].iter().zip(&pipes) {
        live.until(id, "say");
        rig.sandbox
            .tk(["note", "two", &format!("during {id}")])
            .ok();
        commit(&rig, &[".ticks"]);
        open(pipe);
        live.until(id, "ticket_finished");
        assert_eq!(rig.landings(id, "main"), 1, "{id}");
    }
    live.end().expect(0);
    assert_home(&rig);
    assert_eq!(
        rig.notes("two"),
        ["during first", "during one", "during two"]
    );
}

#[test]
fn the_configuration_may_be_committed_with_them() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let tracked = [".ticks/config.toml", ".gitattributes"];
    rig.sandbox
        .git([&["rm", "--quiet", "--cached", "--"], tracked.as_slice()].concat());
    rig.sandbox.git(["commit", "--quiet", "--message=out"]);
    let pipe = rig.pipe("go");
    rig.script(json!({"one": [[
        {"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}, {"commit": "one"},
    ]]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    commit(&rig, &[".ticks", ".gitattributes"]);
    open(&pipe);
    live.end().expect(0);
    assert_home(&rig);
    let tracked = rig.sandbox.git(["ls-files", ".ticks/config.toml"]);
    assert_eq!(tracked, ".ticks/config.toml\n");
}

/// Another ticket under the same id, as from another clone, is none of the run's.
#[test]
fn another_ticket_of_the_same_id_is_still_a_conflict() {
    let (rig, live, pipe) = at_work(["--land", "end", "-j", "2"]);
    let path = ".ticks/one.toml";
    let here = rig.sandbox.read(path);
    let other = "title = \"Another\"\ncreated_at = 2026-01-02T03:04:05Z\ncreated_by = \"eve\"\n";
    rig.sandbox.write(path, other);
    commit(&rig, &[path]);
    let theirs = rig.sandbox.git(["rev-parse", "main"]);
    rig.sandbox.write(path, &here);
    open(&pipe);
    let ended = live.end().expect(6);
    let why = "not on `main` yet: `.ticks/one.toml` was changed on both sides";
    assert!(ended.warnings().contains(&why), "{:#?}", ended.warnings());
    assert_eq!(rig.sandbox.git(["rev-parse", "main"]), theirs);
    assert_eq!(rig.sandbox.git(["show", "main:.ticks/one.toml"]), other);
}
