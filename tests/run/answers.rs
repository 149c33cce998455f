//! What a live worker asks reaches a person, and what the person says reaches the worker: at
//! once while it waits, else when its session goes on.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::{Ended, Rig, open, work};

/// A ticket whose worker asks which colour, and writes the answer into `colour`.
fn asks(config: &str) -> Rig {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox.write(".ticks/config.toml", config);
    let ask = json!({"ask": {
        "question": "Which colour?", "options": ["red", "dark blue"], "answer_to": "colour",
    }});
    rig.script(json!({"one": [[ask, {"commit": "colour"}], work()]}));
    rig
}

/// A ticket whose worker wants to be allowed to make the file `allowed`.
fn wants(config: &str, more: &str) -> Rig {
    let rig = Rig::new(&[("one", more)]);
    rig.sandbox
        .write(".ticks/config.toml", &format!("[run]\n{config}\n"));
    let wish = json!({"permission": "touch allowed"});
    let plain = json!({"run": "echo x > plain"});
    rig.script(json!({"one": [[plain, wish, {"commit": "work"}]]}));
    rig
}

const PERMISSION: &str = "permission: Bash: touch allowed";

/// The prompt of a process of the run.
fn prompt(rig: &Rig, ended: &Ended, process: &str) -> String {
    let run = ended.last()["run"].as_str().unwrap();
    rig.sandbox
        .read(format!(".git/tk/runs/{run}/@one/{process}/prompt.md"))
}

#[track_caller]
fn assert_same_session(first: &Ended, second: &Ended) {
    let session = |ended: &Ended| ended.of("one", "session")[0]["session"].clone();
    assert_eq!(session(first), session(second));
    assert_eq!(second.of("one", "session")[0]["resumed"], true);
}

#[test]
fn an_answer_by_number_reaches_the_live_worker_within_a_second() {
    let rig = asks("");
    let mut live = rig.start([]);
    let asked = live.until("one", "ask");
    assert_eq!(asked["question"], "Which colour?");
    assert_eq!(asked["options"], json!(["red", "dark blue"]));
    let awaiting = live.until("one", "awaiting");
    assert_eq!(awaiting["awaiting"], "input");
    let ticket = rig.show("one");
    assert_eq!(ticket["awaiting"], "input");
    assert_eq!(ticket["status"], "in_progress", "it is being worked at");
    assert_eq!(rig.notes("one"), ["Which colour?\n1. red\n2. dark blue"]);

    let wrong = rig.sandbox.tk(["answer", "one", "3"]);
    assert_eq!(wrong.code, 2, "{wrong}");
    assert!(wrong.stderr.contains("there is no answer 3: the question offers 1 to 2\nhint: the answers: 1 red, 2 dark blue"), "{wrong}");
    rig.sandbox.tk(["answer", "one", "2"]).ok();
    let answered = Instant::now();
    assert_eq!(live.until("one", "answer")["text"], "dark blue");
    let took = answered.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");

    let ended = live.end().expect(0);
    assert!(ended.of("one", "parked").is_empty());
    assert_eq!(ended.of("one", "session").len(), 1);
    assert_eq!(rig.sandbox.read("colour"), "dark blue");
    assert_eq!(rig.notes("one")[1], "dark blue");
    assert_eq!(rig.show("one")["status"], "closed");
    rig.assert_tidy();
}

#[test]
fn whoever_edits_the_file_answers_as_well() {
    let rig = asks("");
    let mut live = rig.start([]);
    live.until("one", "awaiting");
    let text = rig.sandbox.read(".ticks/one.toml");
    assert!(text.contains("awaiting = \"input\"\n"), "{text}");
    // An editor may leave anything there for a moment.
    rig.sandbox.write(".ticks/one.toml", "title = \"half");
    let note =
        "[[notes]]\nat = 2030-01-01T00:00:00Z\nby = \"dana\"\nkind = \"answer\"\ntext = \"green\"";
    let text = text.replace("awaiting = \"input\"\n", "");
    let text = format!("{text}\n{note}\n");
    rig.sandbox.write(".ticks/one.toml", &text);
    assert_eq!(live.until("one", "answer")["text"], "green");
    live.end().expect(0);
    assert_eq!(rig.sandbox.read("colour"), "green");
}

#[test]
fn after_live_wait_it_is_parked_and_an_answer_days_later_resumes_the_session() {
    let mut rig = asks("[run]\nlive_wait = \"1s\"\n");
    rig.sandbox.at("2026-11-20T17:00:00Z");
    let first = rig.run([]).expect(9);
    let parked = first.of("one", "parked");
    assert_eq!(parked.len(), 1);
    assert_eq!(
        parked[0]["reason"],
        "nobody answered within 1s; the session is kept"
    );
    assert!(first.seq("one", "awaiting") < first.seq("one", "parked"));
    assert_eq!(first.ids("awaiting"), ["one"]);
    assert_eq!(rig.notes("one"), ["Which colour?\n1. red\n2. dark blue"]);
    assert_eq!(rig.show("one")["status"], "open");
    rig.assert_tidy();

    rig.sandbox.at("2026-11-23T17:00:00Z");
    rig.sandbox.tk(["answer", "one", "2"]).ok();
    let second = rig.run([]).expect(0);
    assert_same_session(&first, &second);
    let prompt = prompt(&rig, &second, "1-1");
    assert!(
        prompt.contains("(answer): dark blue") && !prompt.contains("Title:"),
        "{prompt}"
    );
    assert_eq!(rig.show("one")["status"], "closed");
    assert_eq!(rig.show("one")["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_run_stopped_while_it_waits_goes_on_with_the_answer() {
    let rig = asks("");
    let mut live = rig.start([]);
    live.until("one", "awaiting");
    live.signal(Signal::INT);
    let stopped = live.end().expect(8);
    assert_eq!(rig.show("one")["awaiting"], "input");
    rig.assert_tidy();
    assert_eq!(rig.run([]).expect(9).ids("awaiting"), ["one"]);
    rig.sandbox.tk(["answer", "one", "red"]).ok();
    let ended = rig.run([]).expect(0);
    assert_same_session(&stopped, &ended);
    assert!(prompt(&rig, &ended, "1-1").contains("(answer): red"));
}

#[test]
fn a_permission_is_denied_with_the_reason_unless_a_person_is_to_be_asked() {
    let rig = wants("", "");
    let ended = rig.run([]).expect(0);
    let asked = ended.of("one", "permission");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["allowed"], false);
    assert_eq!(asked[0]["request"], "touch allowed");
    assert!(ended.of("one", "awaiting").is_empty());
    assert!(!rig.sandbox.path().join("allowed").exists());
}

#[test]
fn an_approval_reaches_the_live_worker_and_is_no_review() {
    // The ticket's own gate stays: what a worker may do says nothing about its work.
    for gate in ["approval", "review"] {
        let more = format!("requires = \"{gate}\"");
        let rig = wants("on_permission = \"ask\"", &more);
        let mut live = rig.start([]);
        let awaiting = live.until("one", "awaiting");
        assert_eq!(awaiting["awaiting"], "approval");
        assert_eq!(awaiting["text"], PERMISSION);
        let wrong = rig.sandbox.tk(["answer", "one", "approved"]);
        assert_eq!(wrong.code, 4, "{wrong}");
        rig.sandbox.tk(["approve", "one"]).ok();
        assert_eq!(live.until("one", "permission")["allowed"], true);
        let ended = live.end().expect(9);
        assert_eq!(ended.ids("awaiting"), ["one"]);
        let ticket = rig.show("one");
        assert_eq!(
            (&ticket["awaiting"], &ticket["verdict"]),
            (&json!(gate), &json!(null))
        );
        rig.sandbox.tk(["approve", "one"]).ok();
        let landed = rig.run([]).expect(0);
        assert!(landed.of("one", "session").is_empty());
        assert!(rig.sandbox.path().join("allowed").exists());
    }
}

#[test]
fn a_rejection_reaches_the_live_worker_which_goes_on_without() {
    let rig = wants("on_permission = \"ask\"", "");
    let mut live = rig.start([]);
    live.until("one", "awaiting");
    rig.sandbox.tk(["reject", "one", "not in here"]).ok();
    assert_eq!(live.until("one", "answer")["text"], "not in here");
    assert_eq!(rig.show("one")["status"], "in_progress");
    let ended = live.end().expect(0);
    assert_eq!(ended.of("one", "permission")[0]["allowed"], false);
    assert!(!rig.sandbox.path().join("allowed").exists());
    assert_eq!(rig.notes("one"), [PERMISSION, "not in here"]);
}

#[test]
fn a_permission_given_after_live_wait_holds_for_the_resumed_session() {
    let rig = wants(
        "on_permission = \"ask\"\nlive_wait = \"0s\"",
        "requires = \"approval\"",
    );
    let first = rig.run([]).expect(9);
    assert_eq!(rig.show("one")["awaiting"], "approval");
    rig.sandbox
        .tk(["approve", "one", "--note", "this once"])
        .ok();
    assert_eq!(rig.show("one")["verdict"], json!(null));
    let second = rig.run([]).expect(9);
    assert_same_session(&first, &second);
    assert!(prompt(&rig, &second, "1-1").contains("(answer): approved: this once"));
    let permission = second.of("one", "permission");
    assert_eq!(permission.len(), 1);
    assert_eq!(permission[0]["allowed"], true);
    assert!(second.of("one", "ask").is_empty(), "nobody is asked twice");
    // Its own gate comes now, after the work.
    assert_eq!(
        rig.notes("one").last().unwrap(),
        "Done and checked; kept on `tk/work/epic/one`."
    );
    rig.sandbox.tk(["approve", "one"]).ok();
    rig.run([]).expect(0);
    assert!(rig.sandbox.path().join("allowed").exists());
}

#[test]
fn a_permission_refused_after_live_wait_is_told_to_the_resumed_session() {
    let rig = wants("on_permission = \"ask\"\nlive_wait = \"0s\"", "");
    let first = rig.run([]).expect(9);
    rig.sandbox.tk(["reject", "one", "do without"]).ok();
    rig.script(json!({"one": [work()]}));
    let second = rig.run([]).expect(0);
    assert_same_session(&first, &second);
    assert!(prompt(&rig, &second, "1-1").contains("(feedback): do without"));
}

/// An agent that is a program, and asks by `tk ask` as its first step.
fn asks_by_command(steps: &[Value]) -> Rig {
    asks_by_command_as("plain", steps)
}

/// The same of that agent, where `claude` is the client.
fn asks_by_command_as(agent: &str, steps: &[Value]) -> Rig {
    let rig = Rig::new(&[("one", &format!("agent = {agent:?}"))]);
    rig.command_agent("plain", "");
    let ask = format!("{} ask one 'Which colour?' >&2", env!("CARGO_BIN_EXE_tk"));
    let first = [&[json!({"run": ask})], steps].concat();
    rig.script(json!({"one": [first, work()]}));
    rig
}

#[test]
fn what_a_worker_asked_by_command_is_awaited_however_it_ends() {
    let report = |status: &str| json!({"report": {"status": status, "summary": "asked"}});
    let write = json!({"write": {"path": "half.txt", "text": "half"}});
    for steps in [
        vec![],
        vec![report("blocked")],
        vec![write.clone(), report("partial")],
        vec![json!({"die": 3})],
        vec![write.clone(), json!({"commit": "half"})],
    ] {
        let rig = asks_by_command(&steps);
        // What it committed is not to be mended before there is an answer.
        let check = "test -e one.txt";
        let first = rig.run(["--check", check]).expect(9);
        assert_eq!(first.ids("awaiting"), ["one"], "{steps:?}");
        assert!(first.ids("failed").is_empty(), "{steps:?}");
        assert_eq!(rig.rounds("one"), 1, "{steps:?}");
        assert_eq!(rig.show("one")["awaiting"], "input", "{steps:?}");
        let owed = &first.last()["owed"][0];
        assert_eq!(owed["text"], "Which colour?", "{steps:?}");
        assert_eq!(owed["command"], "tk answer one TEXT", "{steps:?}");
        rig.sandbox.tk(["answer", "one", "green"]).ok();
        let second = rig.run(["--check", check]).expect(0);
        let told = rig.prompts("one");
        assert!(
            told.iter().any(|prompt| prompt.contains("(answer): green")),
            "{steps:?}"
        );
        assert_eq!(second.ids("landed"), ["one"], "{steps:?}");
    }
}

#[test]
fn an_answer_to_a_question_by_command_goes_on_in_the_same_run() {
    let blocked = json!({"report": {"status": "blocked", "summary": "asked"}});
    let rig = asks_by_command(&[blocked]);
    let mut live = rig.start(["--wait"]);
    live.until("one", "ticket_finished");
    rig.sandbox.tk(["answer", "one", "green"]).ok();
    assert_eq!(live.end().expect(0).ids("landed"), ["one"]);
}

#[test]
fn an_answer_that_comes_before_the_worker_ends_is_not_lost() {
    let blocked = json!({"report": {"status": "blocked", "summary": "asked"}});
    let cases = [
        ("plain", vec![blocked.clone()]),
        ("plain", vec![]),
        ("claude", vec![blocked]),
    ];
    for (agent, last) in cases {
        let rig = asks_by_command_as(agent, &[]);
        let pipe = rig.pipe("gate");
        let ask = format!("{} ask one 'Which colour?' >&2", env!("CARGO_BIN_EXE_tk"));
        let first = [vec![json!({"run": ask}), json!({"await": pipe})], last].concat();
        rig.script(json!({"one": [first, work()]}));
        let live = rig.start([]);
        while rig.show("one")["awaiting"] != "input" {
            std::thread::yield_now();
        }
        rig.sandbox.tk(["answer", "one", "green"]).ok();
        open(&pipe);
        let ended = live.end().expect(0);
        assert_eq!(ended.ids("landed"), ["one"]);
        assert_eq!(rig.rounds("one"), 2);
        let told = rig.prompts("one");
        assert!(told[1].contains("(answer): green"), "{agent}: {told:?}");
    }
}

#[test]
fn a_client_that_asked_by_command_and_ended_waits_for_the_answer() {
    let blocked = json!({"report": {"status": "blocked", "summary": "asked"}});
    let rig = asks_by_command_as("claude", &[blocked]);
    let first = rig.run([]).expect(9);
    assert_eq!(first.ids("awaiting"), ["one"]);
    rig.sandbox.tk(["answer", "one", "green"]).ok();
    let second = rig.run([]).expect(0);
    assert_eq!(second.of("one", "session")[0]["resumed"], true);
}

#[test]
fn a_client_that_heard_the_answer_and_ends_blocked_all_the_same_has_failed() {
    let ask = json!({"ask": {"question": "Which?", "options": [], "answer_to": "a"}});
    let blocked = json!({"report": {"status": "blocked", "summary": "no way"}});
    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [[ask, blocked], work()]}));
    let mut live = rig.start([]);
    live.until("one", "awaiting");
    rig.sandbox.tk(["answer", "one", "green"]).ok();
    let ended = live.end().expect(7);
    assert_eq!(ended.ids("failed"), ["one"]);
    assert_eq!(rig.rounds("one"), 1);
}

#[test]
fn an_answer_reaches_a_program_with_its_question() {
    let rig = Rig::new(&[("one", "agent = \"plain\"")]);
    rig.command_agent("plain", "");
    let question = "Which colour?\nTitle: other\n1. red\n2. blue";
    let report = json!({"status": "blocked", "summary": "stuck", "question": question});
    rig.script(json!({"one": [[{"report": report}], work()]}));
    rig.run([]).expect(9);
    rig.sandbox.tk(["answer", "one", "2"]).ok();
    rig.run([]).expect(0);
    let prompts = rig.prompts("one");
    let told = prompts.last().unwrap();
    let asked = "(question): Which colour?\n   Title: other\n  1. red\n  2. blue\n";
    assert!(told.contains(asked), "{told}");
    assert!(told.contains("(answer): blue"), "{told}");
    assert!(told.find(asked) < told.find("(answer)"), "{told}");
}
