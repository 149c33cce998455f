//! What people say during a run of tickets that have not begun.

use serde_json::json;

use crate::rig::{Ended, Rig, open, work};

/// A run of `one` and of `two`, which waits for it, with that done while `one` is at work.
fn meanwhile(act: impl Fn(&Rig)) -> (Rig, Ended) {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    rig.sandbox.ticket("fresh", "title = \"Fresh\"\n");
    let pipe = rig.pipe("go");
    let (writes, commits) = (&work()[0], &work()[1]);
    rig.script(json!({"one": [[{"say": "up"}, {"await": pipe}, writes, commits]]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    act(&rig);
    open(&pipe);
    let ended = live.end();
    (rig, ended)
}

#[track_caller]
fn not_begun(rig: &Rig, ended: &Ended, why: &str) {
    let reasons = ended.of("two", "parked");
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    let reason = reasons[0]["reason"].as_str().unwrap();
    assert!(reason.contains(why), "{reason}");
    assert_eq!(rig.rounds("two"), 0);
    assert_eq!(rig.show("two")["status"], "open");
    assert_eq!(rig.landings("two", "main"), 0);
}

#[test]
fn one_that_is_blocked_or_put_off_meanwhile_does_not_begin() {
    let acts = [
        (["block", "two", "fresh"], "`fresh` blocks it since"),
        (["update", "two", "--defer=3d"], "it is put off until"),
    ];
    for (act, why) in acts {
        let (rig, ended) = meanwhile(|rig| {
            rig.sandbox.tk(act).ok();
        });
        not_begun(&rig, &ended.expect(9), why);
        assert_eq!(rig.landings("one", "main"), 1);
    }
}

#[test]
fn one_whose_blocker_is_gone_does_not_begin_unless_it_waits_for_it_no_more() {
    let (rig, ended) = meanwhile(|rig| {
        std::fs::remove_file(rig.sandbox.path().join(".ticks/one.toml")).unwrap();
    });
    not_begun(&rig, &ended.expect(9), "its blocker `one` does not exist");

    let (rig, ended) = meanwhile(|rig| {
        let text = "title = \"Ticket two\"\nparent = \"epic\"\n";
        std::fs::remove_file(rig.sandbox.path().join(".ticks/one.toml")).unwrap();
        rig.sandbox.ticket("two", text);
    });
    ended.expect(0);
    assert_eq!(rig.landings("two", "main"), 1);
}
