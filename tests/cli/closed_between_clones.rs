//! What becomes of a ticket that was closed in one clone, and others are told so on the remote.

use std::sync::Barrier;

use serde_json::json;

use crate::between_clones::Clones;
use crate::support::Output;

/// To claim again what one holds is no conflict, also where both happen at once.
#[test]
fn of_many_claims_of_one_actor_at_once_all_hold_it() {
    let clones = Clones::new();
    let start = Barrier::new(8);
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let claim = || {
            start.wait();
            clones.tk("repo", &["claim", "abc", "--remote", "--json"])
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(claim)).collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.collect()
    });
    for output in &outputs {
        assert_eq!(output.code, 0, "{output}");
        assert_eq!(output.json()["remote"], "origin");
    }
    let there = clones.there("abc");
    assert_eq!(
        (&there["number"], &there["state"]),
        (&json!(1), &json!("held"))
    );
    let notes = clones.sandbox.path().join(".git/tk/holdings");
    assert_eq!(std::fs::read_dir(notes).unwrap().count(), 1);
    assert_eq!(clones.tk("other", &["claim", "abc", "--remote"]).code, 5);
    clones.tk("repo", &["release", "abc"]).ok();
    assert_eq!(clones.there("abc")["state"], "released");
}
