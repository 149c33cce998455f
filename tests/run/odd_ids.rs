//! Tickets that are named as what a run keeps in its folder.

use serde_json::{Value, json};

use crate::rig::{Rig, open, work};

/// What is in a run's folder beside the folders of its tickets.
const NAMES: [&str; 9] = [
    "error",
    "filed.jsonl",
    "journal.jsonl",
    "lock",
    "retry",
    "run",
    "run.json",
    "stop",
    "unended",
];

#[test]
fn they_run_and_land_as_any_other() {
    let rig = Rig::new(&NAMES.map(|name| (name, "")));
    let spends = json!([[{"spend": {"usd": 0.25, "input": 1, "output": 1}}, work()[0], work()[1]]]);
    let script = NAMES.map(|name| (name.to_owned(), spends.clone()));
    rig.script(Value::Object(script.into_iter().collect()));
    let ended = rig.run(["--check", "true", "--max-cost", "9"]).expect(0);
    assert_eq!(ended.ids("landed"), NAMES);
    for name in NAMES {
        assert_eq!(rig.prompts(name).len(), 1, "{name}");
        assert_eq!(rig.show(name)["runs"][0]["cost_usd"], 0.25, "{name}");
    }
    let runs = rig.sandbox.tk(["runs", "--json"]).json();
    assert_eq!(runs["runs"][0]["state"], "done", "{runs}");
    rig.sandbox.tk(["doctor"]).ok();
    rig.assert_tidy();
}

#[test]
fn only_the_ticket_that_is_named_is_stopped() {
    let rig = Rig::new(&[("stop", ""), ("other", "")]);
    let pipe = rig.pipe("gate");
    rig.script(json!({
        "other": [[{"say": "up"}, "hang"]],
        "stop": [[{"say": "up"}, {"await": pipe}, work()[0], work()[1]]],
    }));
    let mut live = rig.start(["-j", "2"]);
    live.until("", "say");
    live.until("", "say");
    rig.sandbox.tk(["stop", "oth"]).ok();
    open(&pipe);
    let ended = live.end().expect(9);
    assert_eq!(ended.ids("landed"), ["stop"]);
    assert_eq!(ended.ids("unstarted"), ["other"]);
}
