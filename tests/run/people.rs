//! Questions, reviews, feedback: what waits for a person, and goes on when the person is done.

use serde_json::{Value, json};

use crate::rig::{Rig, work, write};

/// The prompt of a process of the newest run.
fn prompt(rig: &Rig, ended: &crate::rig::Ended, ticket: &str, process: &str) -> String {
    let run = ended.last()["run"].as_str().unwrap();
    rig.sandbox
        .read(format!(".git/tk/runs/{run}/@{ticket}/{process}/prompt.md"))
}

#[test]
fn a_question_is_answered_and_the_session_goes_on() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    rig.script(json!({"one": [
        [{"write": {"path": "half.txt", "text": "half"}},
         {"report": {"status": "blocked", "summary": "half", "question": "Which colour?"}}],
        work(),
    ]}));
    let asked = rig.run([]).expect(9);
    assert_eq!(asked.ids("awaiting"), ["one"]);
    assert_eq!(rig.show("one")["awaiting"], "input");
    assert_eq!(rig.notes("one"), ["Which colour?"]);
    rig.assert_tidy_but(&["one"]);
    // Nothing starts before the answer.
    let again = rig.run([]).expect(9);
    assert!(again.of("", "ticket_started").is_empty());

    rig.sandbox
        .tk(["answer", "one", "Green, as in the sketch"])
        .ok();
    let ended = rig.run([]).expect(0);
    assert_eq!(
        ended.of("one", "session")[0]["session"],
        asked.of("one", "session")[0]["session"]
    );
    assert!(prompt(&rig, &ended, "one", "1-1").contains("Green, as in the sketch"));
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(rig.sandbox.read("half.txt"), "half");
}

#[test]
fn a_question_asked_with_the_tool_becomes_a_note_with_its_options() {
    let rig = Rig::new(&[("one", "")]);
    let ask = json!({"ask": {"question": "Which?", "options": ["red", "blue"], "answer_to": "a"}});
    rig.script(json!({"one": [[ask], work()]}));
    let config = "[run]\nlive_wait = \"0s\"\n";
    rig.sandbox.write(".ticks/config.toml", config);
    rig.run([]).expect(9);
    assert_eq!(rig.notes("one"), ["Which?\n1. red\n2. blue"]);
    rig.assert_tidy();
    rig.sandbox.tk(["answer", "one", "blue"]).ok();
    rig.run([]).expect(0);
}

#[test]
fn feedback_goes_to_the_same_session() {
    let rig = Rig::new(&[("one", "requires = \"review\"")]);
    rig.script(json!({"one": [write("answer", "first"), write("answer", "second")]}));
    let first = rig.run(["--check", "test -e answer"]).expect(9);
    // The gate comes before the person.
    assert!(first.seq("one", "check_passed") < first.seq("one", "awaiting"));
    assert_eq!(rig.show("one")["awaiting"], "review");
    assert_eq!(rig.landings("one", "main"), 0);
    rig.sandbox.tk(["reject", "one", "say second"]).ok();
    let second = rig.run([]).expect(9);
    assert_eq!(
        second.of("one", "session")[0]["session"],
        first.of("one", "session")[0]["session"]
    );
    assert!(prompt(&rig, &second, "one", "1-1").contains("say second"));
    assert_eq!(rig.show("one")["awaiting"], "review");
    rig.sandbox.tk(["approve", "one"]).ok();
    let third = rig.run([]).expect(0);
    assert!(
        third.of("one", "session").is_empty(),
        "no worker lands what is approved"
    );
    assert_eq!(rig.sandbox.read("answer"), "second");
    assert_eq!(rig.show("one")["status"], "closed");
    assert_eq!(rig.branches(), ["main"]);
}

#[test]
fn what_was_approved_and_stopped_in_its_gate_still_lands_without_a_worker() {
    let rig = Rig::new(&[("one", "requires = \"review\"")]);
    rig.run([]).expect(9);
    rig.sandbox.tk(["approve", "one"]).ok();
    let mut live = rig.start(["--check", "sleep 1000"]);
    live.until("one", "check_started");
    live.signal(rustix::process::Signal::INT);
    live.end().expect(8);
    rig.assert_tidy();
    let ended = rig.run(["--check", "true"]).expect(0);
    assert!(ended.of("one", "session").is_empty());
    assert_eq!(rig.settled().len(), 1);
}

#[test]
fn approval_given_during_the_run_lands_in_it() {
    let rig = Rig::new(&[("one", "requires = \"review\""), ("two", "")]);
    let pipe = rig.pipe("gate");
    rig.script(json!({"two": [[{"await": pipe}, {"run": "echo x > two.txt"}]]}));
    let mut live = rig.start([]);
    live.until("one", "awaiting");
    rig.sandbox.tk(["approve", "one"]).ok();
    let held = rig.sandbox.tk(["land", "one"]);
    assert_eq!(held.code, 5, "{held}");
    crate::rig::open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(ended.of("one", "session").len(), 1);
    assert_eq!(rig.show("one")["status"], "closed");
    assert_eq!(rig.show("epic")["status"], "closed");
    assert_eq!(rig.branches(), ["main"]);
}

#[test]
fn tickets_made_by_agents_wait_for_approval() {
    let rig = Rig::new(&[("one", ""), ("two", "created_by = \"agent:claude\"")]);
    let ended = rig.run([]).expect(9);
    assert_eq!(ended.ids("landed"), ["one"]);
    assert_eq!(ended.ids("awaiting"), ["two"]);
    assert_eq!(rig.rounds("two"), 0);
    assert_eq!(rig.branches(), ["main"]);
    rig.sandbox.tk(["approve", "two"]).ok();
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["two"]);
}

#[test]
fn a_ticket_closed_by_a_person_during_the_run_is_not_started() {
    let rig = Rig::new(&[
        ("one", ""),
        ("two", "blocked_by = [\"one\"]"),
        ("three", "blocked_by = [\"two\"]"),
        ("four", "blocked_by = [\"one\"]"),
    ]);
    let pipe = rig.pipe("gate");
    rig.script(json!({"one": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}]]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    rig.sandbox
        .tk(["close", "two", "--force", "--reason", "done by hand"])
        .ok();
    rig.sandbox
        .tk(["update", "four", "--awaiting", "work"])
        .ok();
    crate::rig::open(&pipe);
    let ended = live.end().expect(9);
    assert_eq!(rig.rounds("two"), 0);
    assert_eq!(rig.rounds("four"), 0);
    assert_eq!(rig.show("two")["reason"], "done by hand");
    assert_eq!(rig.show("four")["awaiting"], "work");
    assert_eq!(rig.show("three")["status"], "closed", "its blocker is done");
    assert_eq!(ended.ids("awaiting"), ["four"]);
    assert_eq!(ended.ids("landed"), ["one", "three"]);
    let kept: Value = rig.show("two")["status"].clone();
    assert_eq!(kept, "closed");
}

#[test]
fn what_people_say_during_the_run_goes_on_in_it() {
    let rig = Rig::new(&[
        ("fine", "requires = \"review\""),
        ("wrong", "requires = \"review\""),
        ("asks", ""),
        ("filed", "created_by = \"agent:claude\""),
        ("after", "blocked_by = [\"filed\"]"),
    ]);
    rig.script(json!({
        "wrong": [write("answer", "first"), write("answer", "second")],
        "asks": [[{"report": {"status": "blocked", "summary": "half", "question": "Which?"}}], work()],
    }));
    let mut live = rig.start(["--wait"]);
    for _ in 0..3 {
        live.until("", "awaiting");
    }
    // Everything that could run has; the run stays.
    rig.sandbox.tk(["approve", "fine"]).ok();
    let landed = live.until("fine", "landed");
    assert!(landed["seq"].as_u64().is_some());
    rig.sandbox.tk(["reject", "wrong", "say second"]).ok();
    assert_eq!(live.until("wrong", "awaiting")["awaiting"], "review");
    rig.sandbox.tk(["answer", "asks", "this one"]).ok();
    live.until("asks", "landed");
    rig.sandbox.tk(["approve", "filed"]).ok();
    live.until("after", "landed");
    rig.sandbox.tk(["approve", "wrong"]).ok();
    let ended = live.end().expect(0);
    assert_eq!(
        ended.ids("landed"),
        ["after", "asks", "filed", "fine", "wrong"]
    );
    for (ticket, said) in [
        ("wrong", "(feedback): say second"),
        ("asks", "(answer): this one"),
    ] {
        let sessions = ended.of(ticket, "session");
        assert_eq!(sessions.len(), 2, "{ticket}");
        assert_eq!(sessions[0]["session"], sessions[1]["session"], "{ticket}");
        assert!(
            prompt(&rig, &ended, ticket, "1-2").contains(said),
            "{ticket}"
        );
    }
    assert_eq!(rig.sandbox.read("answer"), "second");
    assert!(ended.ids("awaiting").is_empty() && ended.ids("unstarted").is_empty());
    assert_eq!(rig.show("epic")["status"], "closed");
    assert_eq!(rig.settled().len(), 7);
    rig.assert_tidy();
}

#[test]
fn a_run_that_waits_for_people_can_be_stopped() {
    let rig = Rig::new(&[("one", "requires = \"review\"")]);
    let mut live = rig.start(["--wait"]);
    live.until("one", "ticket_finished");
    live.signal(rustix::process::Signal::INT);
    let ended = live.end().expect(8);
    assert_eq!(ended.ids("awaiting"), ["one"]);
    rig.assert_tidy();
}

#[test]
fn a_run_in_which_only_people_are_owed_something_says_what_and_the_command() {
    let rig = Rig::new(&[
        ("one", "requires = \"review\""),
        ("two", ""),
        ("hand", "awaiting = \"work\""),
        ("next", "blocked_by = [\"hand\"]"),
    ]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nlive_wait = \"0s\"\n");
    let ask = json!({"ask": {"question": "Which?", "options": ["red", "blue"], "answer_to": "a"}});
    rig.script(json!({"two": [[ask], work()]}));
    let output = rig.sandbox.tk(["run", "epic"]);
    assert_eq!(output.code, 9, "{output}");
    let (_, told) = output.stdout.split_once("\ncost ").unwrap();
    insta::assert_snapshot!(told.trim_start_matches([' ', '$', '0', '.']).trim(), @r"
    `hand` (Ticket hand) awaits work
      tk close hand

    `one` (Ticket one) awaits review, asked by agent:claude
        Done and checked; kept on `tk/work/epic/one`.
      tk approve one   or   tk reject one TEXT

    `two` (Ticket two) awaits input, asked by agent:claude
        Which?
        1. red
        2. blue
      tk answer two 1   (a number, or a text)
    ");

    let ended = rig.run([]).expect(9);
    let owed = ended.last()["owed"].as_array().unwrap();
    let commands: Vec<&str> = owed
        .iter()
        .map(|o| o["command"].as_str().unwrap())
        .collect();
    assert_eq!(
        commands,
        ["tk close hand", "tk approve one", "tk answer two 1"]
    );
    assert_eq!(owed[1]["refuse"], "tk reject one TEXT");
    assert_eq!(owed[2]["text"], "Which?\n1. red\n2. blue");
    assert_eq!(owed[2]["options"], 2);
    assert_eq!(owed[2]["by"], "agent:claude");
}

/// Done without a difference: what a worker says about it, round after round.
fn nothing_to_do() -> Value {
    json!([{"report": {"status": "done", "summary": "it was there already"}}])
}

/// The ticket was closed by a landing of its own, and its worker was started once.
#[track_caller]
fn assert_closed_unchanged(rig: &Rig, id: &str) {
    let ticket = rig.show(id);
    assert_eq!(ticket["status"], "closed", "{id}: {ticket}");
    assert_eq!(ticket["runs"].as_array().unwrap().len(), 1, "{id}");
    assert_eq!(ticket["runs"][0]["outcome"], "landed", "{id}");
    assert_eq!(rig.rounds(id), 1, "{id}");
    assert_eq!(rig.landings(id, "main"), 1, "{id}");
}

#[test]
fn an_approved_ticket_without_changes_is_closed_without_a_worker() {
    let rig = Rig::new(&[
        ("plain", "checks = [\"test -e README.md\"]"),
        ("gated", "requires = \"review\""),
        ("other", "requires = \"approval\""),
        ("landed", ""),
        ("after", "blocked_by = [\"plain\"]"),
    ]);
    rig.sandbox.write("README.md", "here");
    rig.sandbox.git(["add", "--all"]);
    rig.sandbox.git(["commit", "--quiet", "--message=read me"]);
    // What a worker does to the tracker is undone, and its commits are kept.
    let tracker = json!([{"run": "touch .ticks/x"}, {"commit": "only the tracker"}]);
    rig.script(json!({
        "plain": [nothing_to_do()], "gated": [tracker], "other": [nothing_to_do()],
        "landed": [nothing_to_do()],
    }));
    let first = rig.run([]).expect(9);
    assert_eq!(first.ids("awaiting"), ["gated", "landed", "other", "plain"]);
    assert_eq!(rig.show("other")["awaiting"], "approval");
    for id in ["plain", "gated", "other"] {
        let output = rig.sandbox.tk(["approve", id]);
        assert_eq!(
            (output.code, output.stderr),
            (
                0,
                format!("hint: the next run closes `{id}`, as does `tk land {id}`\n")
            )
        );
    }
    let second = rig.run([]).expect(9);
    assert_eq!(second.ids("landed"), ["after", "gated", "other", "plain"]);
    assert_eq!(second.ids("awaiting"), ["landed"]);
    assert_eq!(second.of("plain", "check_passed").len(), 1);
    for id in ["plain", "gated", "other"] {
        assert!(second.of(id, "session").is_empty(), "{id}");
        assert_closed_unchanged(&rig, id);
    }
    rig.sandbox.tk(["approve", "landed"]).ok();
    let landed = rig.sandbox.tk(["land", "landed"]);
    assert_eq!(landed.code, 0, "{landed}");
    assert_closed_unchanged(&rig, "landed");
    rig.run([]).expect(0);
    assert_eq!(rig.show("epic")["status"], "closed");
    assert_eq!(rig.branches(), ["main"]);
    assert_eq!(rig.settled().len(), 5);
    rig.assert_tidy();
}

#[test]
fn a_live_run_closes_what_was_approved_without_changes() {
    for batch in [1, 4] {
        let rig = Rig::new(&[
            ("one", ""),
            ("two", ""),
            ("after", "blocked_by = [\"one\"]"),
        ]);
        let config = format!("[run]\nbatch = {batch}\n");
        rig.sandbox.write(".ticks/config.toml", &config);
        rig.script(json!({"one": [nothing_to_do()], "two": [nothing_to_do()]}));
        let mut live = rig.start(["--wait"]);
        live.until("", "awaiting");
        live.until("", "awaiting");
        rig.sandbox.tk(["approve", "one", "two"]).ok();
        let ended = live.end().expect(0);
        assert_eq!(ended.ids("landed"), ["after", "one", "two"], "{batch}");
        assert_closed_unchanged(&rig, "one");
        assert_closed_unchanged(&rig, "two");
        assert_eq!(rig.branches(), ["main"]);
        rig.assert_tidy();
    }
}

#[test]
fn what_was_approved_without_changes_still_has_to_pass_its_gate() {
    let rig = Rig::new(&[("one", "checks = [\"test -e there\"]")]);
    rig.script(json!({"one": [nothing_to_do(), write("there", "x")]}));
    rig.run([]).expect(9);
    for _ in 0..2 {
        rig.sandbox.tk(["approve", "one"]).ok();
        let red = rig.run([]).expect(9);
        assert_eq!(red.of("one", "check_failed").len(), 1);
        assert_eq!(rig.show("one")["awaiting"], "review");
    }
    assert_eq!(rig.rounds("one"), 1);
    // One that is sent back is worked at again.
    rig.sandbox.tk(["reject", "one", "make it"]).ok();
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.of("one", "session")[0]["resumed"], true);
    assert_eq!(rig.sandbox.read("there"), "x");
}

#[test]
fn what_was_approved_lands_without_a_worker_also_when_its_runner_is_killed_in_the_gate() {
    for same_run in [false, true] {
        for (round, more) in [(work(), "requires = \"review\""), (nothing_to_do(), "")] {
            let rig = Rig::new(&[("one", more)]);
            rig.script(json!({"one": [round]}));
            let slow = rig.sandbox.root().join("slow");
            let check = format!("! test -e {} || sleep 1000", slow.display());
            let mut live = None;
            if same_run {
                let waiting = live.insert(rig.start(["--check", &check, "--wait"]));
                waiting.until("one", "ticket_finished");
            } else {
                rig.run(["--check", &check]).expect(9);
            }
            std::fs::write(&slow, "").unwrap();
            rig.sandbox.tk(["approve", "one"]).ok();
            let mut live = live.unwrap_or_else(|| rig.start(["--check", &check]));
            live.until("one", "check_started");
            live.signal(rustix::process::Signal::KILL);
            live.end();
            let ended = rig.run(["--check", "true"]).expect(0);
            assert_eq!(ended.ids("landed"), ["one"], "{same_run} {more}");
            assert!(ended.of("", "session").is_empty(), "{same_run} {more}");
            assert_eq!(rig.rounds("one"), 1, "{same_run} {more}");
            assert_eq!(rig.settled().len(), 1, "{same_run} {more}");
            assert_eq!(rig.branches(), ["main"], "{same_run} {more}");
            rig.assert_tidy();
        }
    }
}

/// The last line of `tk log`.
#[track_caller]
fn last_line(rig: &Rig) -> String {
    let log = rig.sandbox.tk(["log"]).ok();
    log.lines().next_back().unwrap().to_owned()
}

#[test]
fn a_run_that_waits_for_nobody_s_word_says_for_what() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    rig.sandbox
        .tk(["claim", "one", "--as", "sam@example.com"])
        .ok();
    let ended = rig.run([]).expect(9);
    assert_eq!(ended.last()["outcome"], "waiting");
    assert_eq!(ended.ids("awaiting"), [""; 0]);
    assert_eq!(ended.ids("unstarted"), ["one", "two"]);
    let waits = json!([
        {"ticket": "one", "why": "sam@example.com works at it"},
        {"ticket": "two", "why": "it waits for one"},
    ]);
    assert_eq!(ended.last()["waits"], waits);
    let last = last_line(&rig);
    let said = "unfinished: 0 landed, 0 failed, 0 awaiting people, 2 not done \
                (one: sam@example.com works at it), $0.0000";
    assert!(last.ends_with(said), "{last}");
    let told = rig.sandbox.tk(["run", "epic"]);
    assert_eq!(told.code, 9, "{told}");
    let listed = "not done     one, two\n             one: sam@example.com works at it\n             \
                  two: it waits for one\n";
    assert!(told.stdout.contains(listed), "{told}");
}

#[test]
fn a_ticket_that_was_stopped_is_what_the_run_waits_for() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.script(json!({"one": [[{"say": "up"}, "hang"], work()]}));
    let mut live = rig.start(["-j", "2"]);
    live.until("one", "say");
    rig.sandbox.tk(["stop", "one"]).ok();
    let ended = live.end().expect(9);
    let waits = json!([{"ticket": "one", "why": "it was stopped"}]);
    assert_eq!(ended.last()["waits"], waits);
    let last = last_line(&rig);
    assert!(last.contains("1 not done (one: it was stopped)"), "{last}");
}

#[test]
fn what_people_did_by_hand_during_the_run_they_owe_no_more() {
    let rig = Rig::new(&[("one", ""), ("hand", "awaiting = \"work\"")]);
    let pipe = rig.pipe("gate");
    rig.script(json!({"one": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}]]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    rig.sandbox.tk(["close", "hand"]).ok();
    crate::rig::open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.last()["outcome"], "done");
    assert_eq!(ended.ids("awaiting"), [""; 0]);
    assert_eq!(rig.show("epic")["status"], "closed");
}

#[test]
fn an_epics_own_gate_is_awaited() {
    let rig = Rig::new(&[("one", "")]);
    let epic = "title = \"The epic\"\ntype = \"epic\"\nrequires = \"review\"\n";
    rig.sandbox.ticket("epic", epic);
    let ended = rig.run([]).expect(9);
    assert_eq!(ended.last()["outcome"], "waiting");
    assert_eq!(ended.ids("landed"), ["one"]);
    assert_eq!(ended.ids("awaiting"), ["epic"]);
    let owed = &ended.last()["owed"];
    assert_eq!(owed.as_array().unwrap().len(), 1, "{owed}");
    assert_eq!(owed[0]["ticket"], "epic");
    assert_eq!(owed[0]["command"], "tk approve epic");
    let approved = rig.sandbox.tk(["approve", "epic"]);
    assert!(
        approved.stderr.contains("`tk close epic` closes it"),
        "{approved}"
    );
    rig.sandbox.tk(["close", "epic"]).ok();
    assert_eq!(rig.show("epic")["status"], "closed");
}
