//! A session belongs to a ticket and an agent, over all runs.

use serde_json::{Value, json};

use crate::rig::{Ended, Rig, work, write};

fn session(ended: &Ended) -> &Value {
    let sessions = ended.of("one", "session");
    &sessions.last().unwrap()["session"]
}

fn prompt(rig: &Rig, ended: &Ended, process: &str) -> String {
    let run = ended.last()["run"].as_str().unwrap();
    rig.sandbox
        .read(format!(".git/tk/runs/{run}/@one/{process}/prompt.md"))
}

#[test]
fn reopened_with_feedback_days_later_the_session_goes_on_in_another_run() {
    let mut rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [write("answer", "first"), write("answer", "second")]}));
    rig.sandbox.at("2026-11-20T17:00:00Z");
    let first = rig.run([]).expect(0);
    rig.sandbox.at("2026-11-23T09:00:00Z");
    rig.sandbox
        .tk(["reopen", "epic", "one", "--note", "it must say second"])
        .ok();
    rig.sandbox.at("2026-11-24T09:00:00Z");
    let second = rig.run([]).expect(0);
    assert_ne!(first.last()["run"], second.last()["run"]);
    assert_eq!(session(&first), session(&second));
    assert_eq!(second.of("one", "session")[0]["resumed"], true);
    assert_eq!(second.of("one", "ticket_started")[0]["attempt"], 2);
    let prompt = prompt(&rig, &second, "2-1");
    assert!(
        prompt
            .starts_with("Your work on this ticket had landed, and the ticket has been reopened.")
            && prompt.contains("(comment): it must say second"),
        "{prompt}"
    );
    assert_eq!(rig.sandbox.read("answer"), "second");
    assert_eq!(rig.landings("one", "main"), 2);
    rig.assert_tidy();
}

#[test]
fn reopened_without_a_word_a_fresh_session_begins() {
    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [write("answer", "first"), write("answer", "second")]}));
    let first = rig.run([]).expect(0);
    rig.sandbox.tk(["reopen", "epic", "one"]).ok();
    let second = rig.run([]).expect(0);
    assert_ne!(session(&first), session(&second));
    assert!(prompt(&rig, &second, "2-1").contains("\nID: one\n"));
}

#[test]
fn what_failed_goes_on_with_what_people_wrote_and_else_anew() {
    let rig = Rig::new(&[("one", "")]);
    let stuck = json!([{"report": {"status": "blocked", "summary": "no key"}}]);
    rig.script(json!({"one": [stuck, stuck, work()]}));
    let first = rig.run([]).expect(7);
    assert_eq!(rig.notes("one"), ["Agent failed: blocked: no key"]);
    let second = rig.run([]).expect(7);
    assert_ne!(session(&first), session(&second));
    rig.sandbox
        .tk(["note", "one", "the key is under the mat"])
        .ok();
    let third = rig.run([]).expect(0);
    assert_eq!(session(&second), session(&third));
    assert!(prompt(&rig, &third, "2-1").contains("the key is under the mat"));
}

#[test]
fn a_session_that_is_gone_falls_back_to_a_fresh_one_once_with_a_note() {
    let rig = Rig::new(&[("one", "")]);
    let ask = json!([{"report": {"status": "blocked", "summary": "half", "question": "Which?"}}]);
    rig.script(json!({"one": [ask, work()]}));
    let first = rig.run([]).expect(9);
    let gone = session(&first).as_str().unwrap().to_owned();
    let state = rig.sandbox.root().join("script.json.state/sessions");
    std::fs::remove_file(state.join(&gone)).unwrap();
    rig.sandbox.tk(["answer", "one", "this one"]).ok();
    let second = rig.run([]).expect(0);
    let retries = second.of("one", "retry");
    assert_eq!(retries.len(), 1);
    assert_eq!(retries[0]["class"], "unknown_session");
    assert_ne!(session(&second), &json!(gone));
    assert_eq!(
        rig.notes("one"),
        [
            "Which?".to_owned(),
            "this one".to_owned(),
            format!("The session `{gone}` cannot be resumed: a fresh one begins."),
        ]
    );
    // The fresh one is told everything, the answer included.
    let prompt = prompt(&rig, &second, "1-2");
    assert!(
        prompt.contains("\nID: one\n") && prompt.contains("this one"),
        "{prompt}"
    );
    assert_eq!(rig.settled().len(), 3);
}
