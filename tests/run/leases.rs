//! How long the claims of a run hold in its own clone, and what another's claim is to it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::rig::{Live, Rig, open, work};

/// A run of `one`, whose worker waits at the pipe, with leases of so many milliseconds.
fn waiting(lease: &str, after: serde_json::Value) -> (Rig, Live, std::path::PathBuf) {
    let rig = Rig::new(&[("one", "")]);
    let pipe = rig.pipe("pipe");
    let mut steps = vec![json!({"say": "up"}), json!({"await": pipe})];
    steps.extend(after.as_array().unwrap().iter().cloned());
    rig.script(json!({"one": [steps]}));
    let mut command = rig.sandbox.tk_command();
    command.args(["run", "epic", "--json", "--retries", "0"]);
    command.env("TK_TEST_LEASE", lease);
    let mut live = Live::of(command);
    live.until("one", "say");
    (rig, live, pipe)
}

#[test]
fn a_claim_is_renewed_while_its_ticket_is_worked_at() {
    let (rig, live, pipe) = waiting("4000", work());
    let claim = || rig.sandbox.read(".git/tk/claims/one");
    let (first, start) = (claim(), Instant::now());
    while claim() == first {
        assert!(start.elapsed() < Duration::from_secs(120), "{first}");
    }
    open(&pipe);
    assert_eq!(live.end().expect(0).ids("landed"), ["one"]);
    rig.assert_tidy();
}

#[test]
fn what_another_has_claimed_since_stays_theirs() {
    for (after, outcome, status) in [
        (
            json!([{"report": {"status": "failed", "summary": "it does not go"}}]),
            "failed",
            "in_progress",
        ),
        (work(), "landed", "closed"),
    ] {
        let (rig, live, pipe) = waiting("3600000", after);
        // As when the machine slept until the lease was over.
        let claim = r#"{"actor": "ann@example.com", "lease_until": "2999-01-01T00:00:00Z"}"#;
        rig.sandbox.write(".git/tk/claims/one", claim);
        open(&pipe);
        assert_eq!(live.end().ids(outcome), ["one"]);
        let one = rig.show("one");
        assert_eq!(one["status"], status, "{outcome}");
        assert_eq!(rig.sandbox.read(".git/tk/claims/one"), claim, "{outcome}");
        assert_eq!(one["runs"][0]["outcome"], outcome);
    }
}
