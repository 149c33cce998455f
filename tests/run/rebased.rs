//! What becomes of landings when the user rebases: a rebase keeps no merge commit, and what only
//! a merge has changed is lost with it.

use crate::rig::Rig;

/// A run lands both tickets on `main`, which is then rebased onto a branch that went on meanwhile.
fn rebased(tickets: &[(&str, &str)], config: &str, how: &[&str]) -> Rig {
    let rig = Rig::new(tickets);
    rig.sandbox.write(".ticks/config.toml", config);
    let git = |args: &[&str]| rig.sandbox.git(args.iter().copied());
    git(&["switch", "--quiet", "--create", "other"]);
    rig.sandbox.write("other.txt", "x");
    git(&["add", "other.txt"]);
    git(&["commit", "--quiet", "--message=other"]);
    git(&["switch", "--quiet", "main"]);
    rig.run(["-j", "2"]).expect(0);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=rest"]);
    let rebase = [&["rebase", "--quiet"], how, &["other"]].concat();
    git(&rebase);
    rig
}

#[test]
fn tickets_that_landed_stay_closed() {
    for how in [&[][..], &["--rebase-merges"]] {
        for config in ["", "[run]\nbatch = 2\n"] {
            let rig = rebased(&[("one", ""), ("two", "")], config, how);
            for id in ["one", "two", "epic"] {
                assert_eq!(rig.show(id)["status"], "closed", "{how:?} {config}: {id}");
            }
            for file in ["one.txt", "two.txt", "other.txt"] {
                assert!(rig.sandbox.path().join(file).exists(), "{how:?}: {file}");
            }
            let one = rig.show("one");
            assert_eq!(one["runs"][0]["outcome"], "landed");
            // What it cost is in the history too.
            let costs = rig
                .sandbox
                .git(["log", "--format=%(trailers:key=Cost-USD)"]);
            assert!(costs.contains("Cost-USD: 0"), "{costs}");
            let again = rig.sandbox.tk(["run", "epic", "--plan"]);
            assert!(!again.stdout.contains("one"), "{again}");
            assert_eq!(rig.sandbox.tk(["doctor"]).code, 0);
        }
    }
}

#[test]
fn the_ticket_that_comes_after_one_that_landed_stays_too() {
    let repeated = "due = 2026-01-05\nrepeat = \"weekly\"";
    let rig = rebased(&[("one", repeated)], "", &[]);
    assert_eq!(rig.show("one")["status"], "closed");
    assert_eq!(rig.show("one-r2")["status"], "open");
}

#[test]
fn one_revert_still_takes_code_and_closing_back() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.run(["-j", "1"]).expect(0);
    let landing = rig
        .sandbox
        .git(["log", "--first-parent", "--grep=Land one", "--format=%H"]);
    rig.sandbox
        .git(["revert", "--no-edit", "-m", "1", landing.trim()]);
    assert_eq!(rig.show("one")["status"], "open");
    assert_eq!(rig.show("two")["status"], "closed");
    assert!(!rig.sandbox.path().join("one.txt").exists());
}
