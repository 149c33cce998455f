//! Tickets that are put off or come again: no run waits for them, and none goes on for ever.

use serde_json::json;

use crate::rig::Rig;

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
    rig.assert_tidy();
    let doctor = rig.sandbox.tk(["doctor"]);
    assert_eq!(doctor.code, 0, "{doctor}");
}

#[test]
fn what_is_put_off_is_left_for_later() {
    let rig = Rig::new(&[("one", ""), ("late", "defer_until = 2999-01-01")]);
    let ended = rig.run([]);
    assert_eq!(ended.ids("landed"), ["one"]);
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
