//! What a run has kept and a person has approved: it lands as what it is, the work of whoever
//! made it.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::{Rig, open, work, write};

/// Commits a file that keeps what `one` has done from landing.
fn spoil(rig: &Rig) {
    rig.sandbox.write("bad", "");
    rig.sandbox.git(["add", "bad"]);
    rig.sandbox.git(["commit", "--quiet", "--message=bad"]);
}

/// Takes it away again.
fn mend(rig: &Rig) {
    rig.sandbox.git(["rm", "--quiet", "bad"]);
    rig.sandbox.git(["commit", "--quiet", "--message=mended"]);
}

#[test]
fn what_is_landed_is_the_work_of_whoever_made_it() {
    let rig = Rig::new(&[
        ("one", "requires = \"review\"\nchecks = [\"test ! -e bad\"]"),
        ("two", "requires = \"review\""),
    ]);
    rig.command_agent("scribe", "");
    rig.script(json!({"two": [[{"report": {"status": "done", "summary": "it was there"}}]]}));
    rig.run(["--agent", "scribe"]).expect(9);
    spoil(&rig);
    rig.sandbox.tk(["approve", "one"]).ok();
    assert_eq!(rig.sandbox.tk(["land", "one"]).code, 9);
    let notes = rig.show("one")["notes"].clone();
    let notes = notes.as_array().unwrap();
    assert_eq!(notes.last().unwrap()["by"], "agent:scribe", "{notes:?}");

    mend(&rig);
    rig.sandbox.tk(["approve", "one", "two"]).ok();
    let plan = rig.sandbox.tk(["run", "epic", "--plan", "--json"]).json();
    for start in plan["starts"].as_array().unwrap() {
        assert_eq!(start["agent"], "scribe", "{plan}");
    }
    for id in ["one", "two"] {
        rig.sandbox.tk(["land", id]).ok();
        let ticket = rig.show(id);
        assert_eq!(ticket["closed_by"], "agent:scribe", "{ticket}");
        let commits = format!("--grep=^Land {id}:");
        let format = "--format=%an <%ae>";
        let author = rig.sandbox.git(["log", &commits, format]);
        assert_eq!(author, "scribe <scribe@agents.invalid>\n", "{id}");
    }
    assert_eq!(rig.settled().len(), 2, "no worker but the first two");
}

#[test]
fn what_was_approved_and_red_when_it_was_to_land_is_approved_again_and_lands() {
    for gate in ["review", "approval", "content"] {
        let more = format!("requires = \"{gate}\"\nchecks = [\"test ! -e bad\"]");
        let rig = Rig::new(&[("one", &more)]);
        rig.run([]).expect(9);
        spoil(&rig);
        rig.sandbox.tk(["approve", "one"]).ok();
        let red = rig.sandbox.tk(["land", "one"]);
        assert_eq!(red.code, 9, "{gate}: {red}");
        assert_eq!(rig.show("one")["awaiting"], gate);
        assert_eq!(
            rig.notes("one").last().unwrap(),
            "Agent failed: check: `test ! -e bad` ended with exit code 1 on the merged tree"
        );
        assert_eq!(
            rig.sandbox.tk(["land", "one"]).code,
            1,
            "it waits for a word"
        );
        mend(&rig);
        let approved = rig.sandbox.tk(["approve", "one"]);
        let hint = "hint: what a run has kept of `one`, `tk land one` merges\n";
        assert_eq!((approved.code, approved.stderr.as_str()), (0, hint));
        rig.sandbox.tk(["land", "one"]).ok();
        assert_eq!(rig.show("one")["status"], "closed", "{gate}");
        assert_eq!(rig.rounds("one"), 1, "{gate}: no other worker");
        assert_eq!(rig.settled().len(), 1, "{gate}");
        rig.assert_tidy();
    }
}

#[test]
fn a_person_s_word_on_what_was_not_done_lands_nothing() {
    // Let in by a person, and then out of time.
    let rig = Rig::new(&[("one", "created_by = \"agent:claude\"")]);
    rig.sandbox.write(
        ".ticks/agents/claude.toml",
        "kind = \"claude\"\nmax_time = \"2s\"\n",
    );
    let half = json!([{"run": "echo half > half.txt"}, {"commit": "half"}, "hang"]);
    rig.script(json!({"one": [half, work()]}));
    rig.sandbox.tk(["approve", "one"]).ok();
    rig.run([]).expect(9);
    let ticket = rig.show("one");
    assert_eq!(ticket["awaiting"], "escalation", "{ticket}");
    let found = rig.sandbox.tk(["doctor", "--json"]).json();
    let hints = found["findings"].as_array().unwrap().iter();
    let hints: Vec<_> = hints.map(|found| found["hint"].as_str().unwrap()).collect();
    let kept = "`tk show one` tells what it awaits; `tk approve one`, then `tk run epic` goes on \
                with it";
    assert!(hints.contains(&kept), "{hints:#?}");
    rig.sandbox.tk(["approve", "one"]).ok();
    let landed = rig.sandbox.tk(["land", "one"]);
    assert_eq!(landed.code, 1, "{landed}");
    rig.run([]).expect(0);
    assert_eq!(rig.rounds("one"), 2);
}

#[test]
fn what_a_run_was_to_pass_it_passes_where_it_lands() {
    let check = "test ! -e bad";
    let rig = Rig::new(&[("one", "")]);
    let pipe = rig.pipe("go");
    rig.script(json!({"one": [[
        {"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}, {"commit": "one"},
    ]]}));
    // Merged in the run, and the branch moved before it could land.
    let mut live = rig.start(["--check", check]);
    live.until("one", "say");
    spoil(&rig);
    open(&pipe);
    live.end().expect(6);
    let more = rig
        .sandbox
        .tk(["land", "epic", "--check", "test -e one.txt"]);
    let again = rig.sandbox.tk(["land", "epic"]);
    for refused in [more, again] {
        assert_eq!(refused.code, 6, "{refused}");
        let why = format!("`{check}` ended with exit code 1 after `main` was taken in");
        assert!(refused.stdout.contains(&why), "{refused}");
    }
    assert_eq!(rig.landings("one", "main"), 0);
    mend(&rig);
    rig.sandbox.tk(["land", "epic"]).ok();
    assert_eq!(rig.landings("one", "main"), 1);
}

#[test]
fn what_a_run_has_kept_passes_its_checks_when_it_lands_by_itself() {
    let rig = Rig::new(&[("one", "requires = \"review\"")]);
    rig.run(["--check", "test ! -e bad"]).expect(9);
    spoil(&rig);
    rig.sandbox.tk(["approve", "one"]).ok();
    assert_eq!(rig.sandbox.tk(["land", "one"]).code, 9);
    assert_eq!(rig.show("one")["awaiting"], "review");
    mend(&rig);
    rig.sandbox.tk(["approve", "one"]).ok();
    rig.sandbox.tk(["land", "one"]).ok();
    assert_eq!(rig.landings("one", "main"), 1);
}

#[test]
fn a_run_without_the_check_of_the_one_before_lands_without_it() {
    let rig = Rig::new(&[("one", "requires = \"review\"")]);
    rig.run(["--check", "true"]).expect(9);
    rig.sandbox.tk(["approve", "one"]).ok();
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.of("", "check_started").len(), 0);
}

#[test]
fn a_run_that_goes_on_keeps_its_checks() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nfix_rounds = 0\n");
    rig.script(json!({"one": [[{"say": "up"}, "hang"], write("bad", "x")]}));
    let mut live = rig.start(["--check", "test ! -e bad"]);
    live.until("one", "say");
    live.signal(Signal::INT);
    live.end().expect(8);
    let plan = rig.sandbox.tk(["run", "epic", "--plan", "--json"]).json();
    assert_eq!(plan["starts"][0]["checks"], json!(["test ! -e bad"]));
    let ended = rig.run([]).expect(7);
    let failed = ended.of("one", "check_failed");
    assert_eq!(failed[0]["command"], "test ! -e bad");
    // What has come to its end does not bind the next.
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.of("one", "check_passed").len(), 0);
}

#[test]
fn a_run_that_goes_on_with_a_check_has_that_instead() {
    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [[{"say": "up"}, "hang"], write("bad", "x")]}));
    let mut live = rig.start(["--check", "test ! -e bad"]);
    live.until("one", "say");
    live.signal(Signal::INT);
    live.end().expect(8);
    let ended = rig.run(["--check", "true"]).expect(0);
    let passed = ended.of("one", "check_passed");
    assert_eq!((passed.len(), &passed[0]["command"]), (1, &json!("true")));
}

#[test]
fn a_ticket_and_its_epics_branch_land_in_either_order() {
    for (ticket_first, committed) in [(true, true), (true, false), (false, true), (false, false)] {
        let case = format!("ticket first: {ticket_first}, committed: {committed}");
        let rig = Rig::new(&[("one", ""), ("two", "requires = \"review\"")]);
        rig.run(["--land", "never"]).expect(9);
        if committed {
            rig.sandbox.git(["add", "--all"]);
            rig.sandbox.git(["commit", "--quiet", "--message=tickets"]);
        }
        if ticket_first {
            rig.sandbox.tk(["approve", "two"]).ok();
            rig.sandbox.tk(["land", "two"]).ok();
            assert_eq!(rig.landings("two", "main"), 1, "{case}");
        }
        let landed = rig.sandbox.tk(["land", "epic"]);
        assert_eq!(landed.code, 0, "{case}\n{landed}");
        if !ticket_first {
            rig.sandbox.tk(["approve", "two"]).ok();
            rig.sandbox.tk(["land", "two"]).ok();
        }
        for id in ["one", "two"] {
            assert_eq!(rig.landings(id, "main"), 1, "{case}: {id}");
            let ticket = rig.show(id);
            assert_eq!(ticket["status"], "closed", "{case}: {id}");
            assert_eq!(ticket["awaiting"], Value::Null, "{case}: {id}");
        }
        let status = rig.sandbox.git(["status", "--porcelain", "--", ".ticks"]);
        assert_eq!(status, "", "{case}");
        rig.assert_tidy();
    }
}
