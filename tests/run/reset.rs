//! Ticket files that git puts back to what is committed, while what a run did waits to be landed.

use serde_json::json;

use crate::rig::{Rig, work};

/// A run of two committed tickets that has landed nowhere; `two` awaits a review.
fn kept() -> Rig {
    let rig = Rig::new(&[("one", ""), ("two", "requires = \"review\"")]);
    let git = |args: &[&str]| rig.sandbox.git(args.iter().copied());
    git(&["add", ".ticks"]);
    git(&["commit", "--quiet", "--message=tickets"]);
    git(&["branch", "release"]);
    rig.script(json!({"one": [work()], "two": [work()]}));
    rig.run(["--land", "never"]).expect(9);
    assert_eq!(rig.show("one")["status"], "closed");
    rig
}

const WAYS: [&[&[&str]]; 3] = [
    &[&["stash", "--quiet"]],
    &[&["reset", "--quiet", "--hard"]],
    &[
        &["commit", "--quiet", "--all", "--message=done"],
        &["switch", "--quiet", "release"],
    ],
];

#[test]
fn what_was_done_stays_done_whatever_command_comes_next() {
    for way in WAYS {
        for command in ["land", "run"] {
            let rig = kept();
            for args in way {
                rig.sandbox.git(args.iter().copied());
            }
            assert_eq!(rig.show("one")["status"], "open", "{way:?}");
            let next = rig.sandbox.tk([command, "epic"]);
            let code = if command == "run" { 9 } else { 0 };
            assert_eq!(next.code, code, "{way:?} {command}: {next}");
            let told = "they are again as the run had left them";
            assert!(next.stderr.contains(told), "{way:?} {command}: {next}");
            let one = rig.show("one");
            assert_eq!(one["status"], "closed", "{way:?} {command}");
            assert_eq!(one["runs"][0]["outcome"], "landed");
            assert_eq!(rig.show("two")["awaiting"], "review", "{way:?} {command}");
            for id in ["one", "two"] {
                assert_eq!(rig.rounds(id), 1, "{way:?} {command}: {id}");
            }
            assert_eq!(rig.sandbox.read("one.txt"), "done\n");
            // On the branch too.
            let there = rig.sandbox.git(["show", "HEAD:.ticks/one.toml"]);
            assert!(there.contains("status = \"closed\""), "{there}");
        }
    }
}

#[test]
fn a_ticket_that_a_person_reopened_stays_open() {
    let rig = kept();
    rig.sandbox.tk(["reopen", "one"]).ok();
    rig.sandbox.tk(["land", "epic"]);
    assert_eq!(rig.show("one")["status"], "open");
}

#[test]
fn a_landing_that_was_reverted_stays_so() {
    let rig = kept();
    let git = |args: &[&str]| rig.sandbox.git(args.iter().copied());
    git(&["reset", "--quiet", "--hard"]);
    git(&["merge", "--quiet", "tk/run/epic"]);
    let landing = git(&["log", "--merges", "--grep=^Land one:", "--format=%H"]);
    git(&["revert", "--no-edit", "-m", "1", landing.trim()]);
    rig.sandbox.tk(["land", "epic"]);
    assert_eq!(rig.show("one")["status"], "open");
    assert!(!rig.sandbox.path().join("one.txt").exists());
}
