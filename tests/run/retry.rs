//! `tk retry`: what failed or was put aside is tried again, now where a run is live.

use serde_json::{Value, json};

use crate::rig::{Rig, open, work};

fn stuck() -> Value {
    json!([{"report": {"status": "blocked", "summary": "no key"}}])
}

#[test]
fn a_live_run_tries_again_what_failed_and_goes_on_to_what_waits_for_it() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]"), ("long", "")]);
    let pipe = rig.pipe("gate");
    rig.script(json!({
        "one": [stuck(), work()],
        "long": [[{"await": pipe}, {"run": "echo x > long.txt"}, {"commit": "work"}]],
    }));
    let mut live = rig.start(["-j", "2"]);
    live.until("one", "ticket_finished");
    let output = rig.sandbox.tk(["retry", "one", "--json"]);
    assert_eq!(output.code, 0, "{output}");
    let told = output.json();
    assert_eq!(told["schema"], "tk.retry.v1");
    assert_eq!(told["command"], Value::Null);
    let resumed = live.until("one", "resumed");
    assert_eq!(resumed["reason"], "a person wants another try");
    assert_eq!(resumed["run"], told["run"]);
    let started = live.until("one", "ticket_started");
    assert_eq!(started["attempt"], 2);
    live.until("two", "landed");
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["long", "one", "two"]);
    assert!(ended.ids("failed").is_empty());
    assert_eq!(rig.notes("one"), ["Agent failed: blocked: no key"]);
    assert_eq!(rig.settled().len(), 4);
    rig.assert_tidy();
}

#[test]
fn what_is_at_work_is_not_tried_again() {
    let rig = Rig::new(&[("one", "")]);
    let pipe = rig.pipe("gate");
    rig.script(json!({"one": [stuck(), [{"say": "up"}, {"await": pipe}, {"run": "echo x > a"}]]}));
    rig.run([]).expect(7);
    let mut live = rig.start([]);
    live.until("one", "say");
    let output = rig.sandbox.tk(["retry", "one"]);
    assert_eq!(output.code, 5, "{output}");
    assert_eq!(
        output.stderr,
        "error: agent:claude works at `one`\nhint: `tk stop one` ends that\n"
    );
    open(&pipe);
    live.end().expect(0);
}

#[test]
fn without_a_live_run_the_next_one_does_it_with_what_was_said() {
    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [stuck(), stuck(), work()]}));
    let first = rig.run([]).expect(7);
    let output = rig.sandbox.tk(["retry", "one"]);
    assert_eq!(
        output.stdout,
        "one  the next run tries it again: `tk run one`\n"
    );
    let second = rig.run([]).expect(7);
    let session = |ended: &crate::rig::Ended| ended.of("one", "session")[0]["session"].clone();
    assert_ne!(session(&first), session(&second));
    let output = rig
        .sandbox
        .tk(["retry", "one", "--note", "use the other key", "--json"]);
    assert_eq!(output.json()["command"], "tk run one");
    assert_eq!(output.json()["changed"], true);
    let third = rig.run([]).expect(0);
    assert_eq!(session(&second), session(&third));
    assert_eq!(third.of("one", "session")[0]["resumed"], true);
}

#[test]
fn what_can_not_be_tried_again_is_refused_with_what_to_do() {
    let rig = Rig::new(&[("one", "requires = \"review\""), ("asks", ""), ("hand", "")]);
    let asks = json!([{"report": {"status": "blocked", "summary": "half", "question": "Which?"}}]);
    rig.script(json!({"asks": [asks]}));
    rig.sandbox
        .tk(["update", "hand", "--awaiting", "work"])
        .ok();
    rig.run([]).expect(9);
    for (id, said) in [
        (
            "one",
            "error: `one` awaits review\nhint: `tk approve one` lets it pass, `tk reject one TEXT` sends it back\n",
        ),
        (
            "asks",
            "error: `asks` awaits input\nhint: `tk answer asks TEXT` answers it\n",
        ),
        (
            "hand",
            "error: `hand` has not been tried by a run\nhint: `tk run hand` does\n",
        ),
    ] {
        let output = rig.sandbox.tk(["retry", id]);
        assert_eq!((output.code, output.stderr.as_str()), (4, said));
    }
    rig.sandbox.tk(["approve", "one"]).ok();
    rig.run([]).expect(9);
    let closed = rig.sandbox.tk(["retry", "one"]);
    assert_eq!(closed.code, 4, "{closed}");
    assert_eq!(
        closed.stderr,
        "error: `one` is closed\nhint: `tk reopen one --note TEXT` opens it again\n"
    );
}
