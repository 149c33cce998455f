//! `[run] claims = "remote"`: a runner dies about a landing, and whatever comes after it tells
//! the other clones that the ticket is closed, never that it is anybody's.

use serde_json::Value;

use crate::rig::{Live, Rig};

/// Where a runner dies: from when the landing is committed until its claim is let go of.
const PLACES: [&str; 4] = [
    "landed:before",
    "ticket_closed:after",
    "closed:after",
    "ticket_finished:before",
];

/// An epic of one ticket whose claims are on `remote.git`, which remembers every one of them.
fn rig() -> Rig {
    let rig = Rig::new(&[("one", "")]);
    let git = |args: &[&str]| rig.sandbox.git(args);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nclaims = \"remote\"\n");
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message=tickets"]);
    git(&["init", "--quiet", "--bare", "-b", "main", "../remote.git"]);
    let remember = ["config", "core.logAllRefUpdates", "always"];
    git(&[&["-C", "../remote.git"][..], &remember].concat());
    git(&["remote", "add", "origin", "../remote.git"]);
    git(&["push", "--quiet", "origin", "main"]);
    git(&["clone", "--quiet", "../remote.git", "../other"]);
    rig
}

/// All that was ever claimed of the ticket on the remote, the newest first.
fn all_there(rig: &Rig) -> Vec<Value> {
    let log = ["log", "--walk-reflogs", "--format=%B", "refs/tk/claims/one"];
    let text = rig
        .sandbox
        .git(["-C", "../remote.git"].iter().chain(log.iter()));
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_landing_whose_runner_died_is_told_to_be_one() {
    std::thread::scope(|scope| {
        for place in PLACES {
            scope.spawn(move || {
                for after in [&["run", "epic"][..], &["doctor", "--fix"], &["sync"]] {
                    died_and_went_on(place, after);
                }
            });
        }
    });
}

fn died_and_went_on(place: &str, after: &[&str]) {
    let rig = rig();
    let mut dying = rig.sandbox.tk_command();
    dying.args(["run", "epic", "--json"]);
    dying.env("TK_TEST_DIE_AT", place);
    let ended = Live::of(dying).end();
    assert_eq!(ended.code, -1, "{place}: {}", ended.stderr);
    assert_eq!(rig.landings("one", "tk/run/epic"), 1, "{place}");
    let output = rig.sandbox.tk(after);
    let all = all_there(&rig);
    let said = format!("{place}, {after:?}: {output}{all:?}");
    for claim in all.iter().filter(|it| it["state"] == "released") {
        assert!(claim["kept"]["closed_at"].is_string(), "{said}");
    }
    // Until then it is held; a run lets go of it.
    if all[0]["state"] == "held" {
        assert_ne!(after[0], "run", "{said}");
        rig.sandbox.tk(["run", "epic"]).ok();
        let claim = &all_there(&rig)[0];
        assert!(claim["kept"]["closed_at"].is_string(), "{said}{claim}");
    }
}
