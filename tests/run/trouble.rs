//! What goes wrong around a run: limits of the account, silence, time, and people at work in
//! the same repository.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::rig::{Live, Rig, broken_meanwhile, open, work};

/// The second since 1970 that is that many seconds away.
fn in_seconds(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap() + seconds
}

#[test]
fn a_usage_limit_parks_every_worker_until_it_is_over_and_burns_no_retry() {
    let rig = Rig::new(&[("one", ""), ("two", ""), ("zoo", "")]);
    let until = in_seconds(4);
    let limited = json!([{"say": "up"}, {"limit": until}]);
    rig.script(json!({"one": [limited, work()], "two": [limited, work()]}));
    let ended = rig
        .run(["-j", "2", "--retries", "0", "--max-cost", "5"])
        .expect(0);
    let at = jiff::Timestamp::from_second(until).unwrap();
    for id in ["one", "two"] {
        let parked = ended.of(id, "parked");
        assert_eq!(parked.len(), 1, "{id}");
        assert_eq!(
            parked[0]["reason"],
            format!("the account's usage limit is reached until {at}; the session is kept")
        );
        let resumed = ended.of(id, "resumed");
        assert_eq!(resumed[0]["reason"], "the account's usage limit is over");
        assert!(
            resumed[0]["at"]
                .as_str()
                .unwrap()
                .parse::<jiff::Timestamp>()
                .unwrap()
                >= at
        );
        let sessions = ended.of(id, "session");
        assert_eq!(sessions.len(), 2);
        assert_eq!(sessions[0]["session"], sessions[1]["session"]);
        assert!(ended.of(id, "retry").is_empty(), "{id}");
        assert_eq!(rig.notes(id), [""; 0]);
        assert_eq!(rig.show(id)["runs"].as_array().unwrap().len(), 1);
    }
    // Nobody was started meanwhile, although there were places.
    let begun = ended.of("zoo", "ticket_started")[0]["at"].as_str().unwrap();
    assert!(begun.parse::<jiff::Timestamp>().unwrap() >= at);
    assert_eq!(ended.ids("landed"), ["one", "two", "zoo"]);
    rig.assert_tidy();
}

#[test]
fn a_run_parked_by_a_usage_limit_can_be_stopped_and_goes_on_later() {
    let rig = Rig::new(&[("one", "")]);
    let limited = json!([{"limit": in_seconds(100_000)}]);
    rig.script(json!({"one": [limited, work()]}));
    let mut live = rig.start([]);
    live.until("one", "parked");
    live.signal(rustix::process::Signal::INT);
    let stopped = live.end().expect(8);
    rig.assert_tidy();
    let ended = rig.run([]).expect(0);
    assert_eq!(
        ended.of("one", "session")[0]["session"],
        stopped.of("one", "session")[0]["session"]
    );
}

#[test]
fn silence_without_work_is_ended_resumed_once_and_then_failed() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nstall = \"1s\"\nretries = 0\n");
    rig.script(json!({"one": [["hang"]]}));
    let ended = rig.run([]).expect(7);
    let retries = ended.of("one", "retry");
    assert_eq!(retries.len(), 1);
    assert_eq!(retries[0]["class"], "stall");
    assert_eq!(retries[0]["reason"], "it was silent and idle for 1s");
    let sessions = ended.of("one", "session");
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["session"], sessions[1]["session"]);
    assert_eq!(
        rig.notes("one"),
        ["Agent failed: stall: it was silent and idle for 1s"]
    );
    rig.assert_tidy();
}

#[test]
fn a_silent_worker_whose_child_computes_is_left_alone() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nstall = \"1s\"\nretries = 0\n");
    // As a compiler does: five seconds of work and not a word.
    let compiles = "sh -c 'end=$(($(date +%s) + 5)); while test $(date +%s) -lt $end; do :; done'";
    rig.script(json!({"one": [[{"run": compiles}, {"run": "echo x > one.txt"}]]}));
    let ended = rig.run([]).expect(0);
    assert!(ended.of("one", "retry").is_empty());
    assert_eq!(rig.rounds("one"), 1);
}

#[test]
fn a_ticket_that_takes_too_long_is_put_aside_for_a_person_and_goes_on_when_retried() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.sandbox.write(
        ".ticks/agents/claude.toml",
        "kind = \"claude\"\nmax_time = \"2s\"\n",
    );
    rig.script(json!({"one": [["hang"], work()]}));
    let first = rig.run([]).expect(9);
    let text = "the worker reached its time limit";
    assert_eq!(first.of("one", "awaiting")[0]["awaiting"], "escalation");
    assert_eq!(first.of("one", "awaiting")[0]["text"], text);
    assert_eq!(rig.notes("one"), [text]);
    assert_eq!(first.ids("landed"), ["two"]);
    rig.sandbox.tk(["retry", "one"]).ok();
    let second = rig.run([]).expect(0);
    assert_eq!(
        first.of("one", "session")[0]["session"],
        second.of("one", "session")[0]["session"]
    );
}

#[test]
fn a_second_run_of_the_same_epic_is_refused_and_one_of_another_is_not() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox
        .ticket("else", "title = \"Another\"\ntype = \"epic\"\n");
    rig.sandbox
        .ticket("hers", "title = \"Hers\"\nparent = \"else\"\n");
    let pipe = rig.pipe("gate");
    rig.script(json!({"one": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}]]}));
    let mut live = rig.start([]);
    let run = live.until("one", "say")["run"].clone();
    let run = run.as_str().unwrap();
    for again in [["run", "epic"], ["run", "one"]] {
        let refused = rig.sandbox.tk(again);
        assert_eq!(refused.code, 5, "{refused}");
        let message = format!(
            "error: run {run} works at these tickets by process {} since ",
            live.pid()
        );
        assert!(refused.stderr.starts_with(&message), "{refused}");
        let hint = format!(
            ": one\nhint: see what it does with `tk log {run} -f`, or end it with `tk stop {run}`\n"
        );
        assert!(refused.stderr.ends_with(&hint), "{refused}");
    }
    let other = rig.sandbox.tk(["run", "else", "--max-cost", "1"]);
    assert_eq!(other.code, 0, "{other}");
    assert_eq!(rig.show("hers")["status"], "closed");
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    assert_eq!(
        rig.landings("one", "main") + rig.landings("hers", "main"),
        2
    );
    rig.assert_tidy();
}

#[test]
fn an_edited_ticket_keeps_the_edit_and_a_base_that_moves_is_merged() {
    let rig = Rig::new(&[("one", "")]);
    let pipe = rig.pipe("gate");
    rig.script(json!({"one": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}]]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    rig.sandbox
        .tk(["update", "one", "--title", "Better", "-p", "0"])
        .ok();
    rig.sandbox.write("mine.txt", "mine\n");
    rig.sandbox.git(["add", "mine.txt"]);
    rig.sandbox
        .git(["commit", "--quiet", "--message=mine", "--", "mine.txt"]);
    open(&pipe);
    live.end().expect(0);
    let ticket = rig.show("one");
    assert_eq!(
        (&ticket["title"], &ticket["priority"]),
        (&json!("Better"), &json!(0))
    );
    assert_eq!(ticket["status"], "closed");
    assert_eq!(rig.sandbox.read("mine.txt"), "mine\n");
    assert_eq!(rig.sandbox.read("one.txt"), "x\n");
    assert_eq!(rig.landings("one", "main"), 1);
}

#[test]
fn a_usage_limit_without_an_end_is_tried_again_in_the_same_session_and_burns_no_retry() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nlimit_wait = \"1s\"\n");
    let limited = json!([{"say": "up"}, {"limit": null}]);
    // The client gives up by itself, in another way.
    let refused = json!([{"fail": {"subtype": "success", "error": "Usage", "status": 429}}]);
    rig.script(json!({"one": [limited, refused, work()]}));
    let ended = rig.run(["--retries", "0", "--max-cost", "5"]).expect(0);
    let at = |event: &serde_json::Value| event["at"].as_str().unwrap().parse::<jiff::Timestamp>();
    let (parked, resumed) = (ended.of("one", "parked"), ended.of("one", "resumed"));
    assert_eq!((parked.len(), resumed.len()), (2, 2));
    for (place, reason) in ["the account's usage limit is reached", "Usage"]
        .iter()
        .enumerate()
    {
        let told = parked[place]["reason"].as_str().unwrap();
        let rest = told
            .strip_prefix(&format!(
                "{reason}, nobody says until when: tried again at "
            ))
            .unwrap_or_else(|| panic!("{told}"));
        let until = rest.strip_suffix("; the session is kept").unwrap();
        let until: jiff::Timestamp = until.parse().unwrap();
        assert!(at(resumed[place]).unwrap() >= until);
        // A second at first, then two.
        let waited = until.duration_since(at(parked[place]).unwrap());
        assert!(
            waited.as_secs() <= 1 + i64::try_from(place).unwrap(),
            "{waited}"
        );
    }
    let sessions = ended.of("one", "session");
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions[0]["session"], sessions[2]["session"]);
    assert!(ended.of("one", "retry").is_empty());
    assert_eq!(rig.notes("one"), [""; 0]);
    rig.assert_tidy();
}

#[test]
fn a_usage_limit_that_never_ends_stops_the_run_with_everything_kept() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nlimit_wait = \"0m\"\n");
    let write = json!({"run": "echo x > half"});
    rig.script(json!({"one": [[write, {"limit": null}]]}));
    let ended = rig.run([]).expect(8);
    assert_eq!(rig.rounds("one"), 13);
    assert_eq!(ended.of("one", "parked").len(), 12);
    let told = "no worker can go on: usage_limit: the account's usage limit is reached, and still \
                was at the last of many tries: try again later";
    assert_eq!(ended.warnings().last(), Some(&told));
    assert_eq!(ended.last()["outcome"], "stopped");
    assert_eq!(ended.ids("unstarted"), ["one", "two"]);
    assert_eq!(rig.notes("one"), [""; 0]);
    assert_eq!(rig.show("one")["status"], "open");
    // The same command goes on: same session, same worktree.
    rig.script(json!({"one": [[{"run": "test -e half"}]]}));
    let again = rig.run([]).expect(0);
    assert_eq!(
        again.of("one", "session")[0]["session"],
        ended.of("one", "session")[0]["session"]
    );
    assert_eq!(rig.sandbox.read("half"), "x\n");
    rig.assert_tidy();
}

#[test]
fn a_billing_failure_stops_the_run_at_once_and_the_sessions_go_on_when_it_is_paid() {
    let rig = Rig::new(&[("one", ""), ("two", ""), ("zoo", "")]);
    let pipe = rig.pipe("go");
    let retry = json!({"retry": {"error": "billing_error", "status": 402}});
    rig.script(json!({
        "one": [[{"run": "echo x > half"}, {"say": "up"}, {"await": pipe}, retry, "hang"], work()],
        "two": [[{"say": "up"}, "hang"], work()],
    }));
    let mut live = rig.start(["-j", "2"]);
    live.until("", "say");
    live.until("", "say");
    open(&pipe);
    let ended = live.end().expect(8);
    assert_eq!(ended.last()["outcome"], "stopped");
    let told = "no worker can go on: billing: billing_error";
    let warned = ended.of("", "warning");
    let stop = warned.iter().find(|event| event["text"] == told).unwrap();
    let at = |event: &serde_json::Value| {
        let at: jiff::Timestamp = event["at"].as_str().unwrap().parse().unwrap();
        at
    };
    let took = at(ended.last()).duration_since(at(stop));
    assert!(took.as_secs() < 5, "{took}");
    assert_eq!(ended.ids("unstarted"), ["one", "two", "zoo"]);
    assert!(ended.ids("failed").is_empty());
    assert!(ended.of("zoo", "ticket_started").is_empty());
    assert_eq!(rig.rounds("zoo"), 0);
    for id in ["one", "two", "zoo"] {
        assert_eq!(rig.notes(id), [""; 0], "{id}");
        assert_eq!(rig.show(id)["status"], "open", "{id}");
    }
    assert_eq!(rig.worktrees(), 2, "work that is nowhere else stays");

    let again = rig.run(["-j", "2"]).expect(0);
    for id in ["one", "two"] {
        let session = |ended: &crate::rig::Ended| ended.of(id, "session")[0]["session"].clone();
        assert_eq!(session(&ended), session(&again), "{id}");
    }
    assert_eq!(rig.sandbox.read("half"), "x\n");
    rig.assert_tidy();
}

#[test]
fn what_a_person_asks_of_a_ticket_at_work_is_asked_of_its_work() {
    let rig = Rig::new(&[
        ("check", "checks = [\"true\"]"),
        ("gate", ""),
        ("wait", ""),
        ("shut", ""),
    ]);
    let pipes: Vec<_> = ["a", "b", "c", "d"]
        .iter()
        .map(|name| rig.pipe(name))
        .collect();
    let round = |pipe: &std::path::Path| json!([[{"say": "up"}, {"await": pipe}, {"run": "echo x > $TK_TICKET.txt"}, {"commit": "x"}]]);
    let mended = json!([{"run": "touch wanted"}]);
    let mut check = round(&pipes[0]);
    check.as_array_mut().unwrap().push(mended);
    rig.script(json!({
        "check": check, "gate": round(&pipes[1]), "wait": round(&pipes[2]), "shut": round(&pipes[3]),
    }));
    let mut live = rig.start(["-j", "4"]);
    for _ in 0..4 {
        live.until("", "say");
    }
    let update = |id: &str, option: &str, value: &str| {
        rig.sandbox.tk(["update", id, option, value]).ok();
    };
    update("check", "--check", "test -e wanted");
    update("gate", "--requires", "review");
    update("wait", "--awaiting", "work");
    rig.sandbox
        .tk(["close", "shut", "--reason", "by hand"])
        .ok();
    for pipe in &pipes {
        open(pipe);
    }
    let ended = live.end().expect(9);
    assert_eq!(ended.ids("landed"), ["check"]);
    assert_eq!(ended.ids("awaiting"), ["gate", "wait"]);
    // The new check is red first, and the worker hears of it; the planned one still counts.
    let commands: Vec<_> = ended
        .of("check", "check_started")
        .iter()
        .map(|event| event["command"].clone())
        .collect();
    assert_eq!(
        commands,
        ["true", "test -e wanted", "true", "test -e wanted"]
    );
    assert_eq!(ended.of("gate", "awaiting")[0]["awaiting"], "review");
    assert_eq!(ended.of("wait", "awaiting")[0]["awaiting"], "work");
    assert_eq!(
        rig.notes("gate"),
        ["Done and checked; kept on `tk/work/epic/gate`."]
    );
    assert_eq!(rig.show("wait")["awaiting"], "work");
    let told = "the ticket was closed meanwhile: its work is kept on `tk/work/epic/shut`";
    assert_eq!(ended.of("shut", "warning")[0]["text"], told);
    assert_eq!(ended.of("shut", "ticket_finished")[0]["outcome"], "closed");
    assert_eq!(rig.show("shut")["status"], "closed");
    assert_eq!(rig.landings("shut", "main"), 0);
    rig.assert_tidy();
}

/// The failure is in the ticket, which is nobody's any more.
#[track_caller]
fn assert_told(rig: &Rig) {
    let ticket = rig.show("one");
    assert_eq!(ticket["runs"][0]["outcome"], "failed", "{ticket}");
    assert_eq!(ticket["runs"][0]["attempt"], 1, "{ticket}");
    assert!(ticket["runs"][0]["cost_usd"].is_number(), "{ticket}");
    let notes = rig.notes("one");
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].starts_with("Agent failed: ticket_file: "),
        "{notes:?}"
    );
    assert!(!notes[0].contains("could not be told"), "{notes:?}");
}

#[test]
fn a_ticket_that_could_not_be_read_for_a_moment_is_tried_again() {
    let rig = Rig::new(&[("one", ""), ("other", "")]);
    let pipe = rig.pipe("gate");
    let round =
        json!([{"say": "up"}, {"await": pipe}, {"write": {"path": "one.txt", "text": "x"}}]);
    rig.script(json!({"one": [round, work()]}));
    let mut live = rig.start(["-j", "2"]);
    let text = broken_meanwhile(&rig, &mut live, &pipe);
    let ended = live.end().expect(7);
    assert_eq!(ended.ids("failed"), ["one"]);
    assert_eq!(ended.ids("landed"), ["other"]);
    // Nobody holds what nobody works at.
    rig.assert_tidy();
    rig.sandbox.write(".ticks/one.toml", &text);
    assert_eq!(rig.show("one")["status"], "in_progress");

    let mut command = rig.sandbox.tk_command();
    command.args(["run", "one", "--json"]);
    let ended = Live::of(command).end().expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    let is_told = |text: &&str| text.contains("could not be read");
    assert!(ended.warnings().iter().any(is_told), "{:?}", ended.events);
    assert_told(&rig);
    assert_eq!(rig.show("one")["status"], "closed");
    assert_eq!(rig.show("one")["runs"][1]["attempt"], 2);
    // It is told once.
    let ended = rig.run([]).expect(0);
    assert!(!ended.warnings().iter().any(is_told), "{:?}", ended.events);
    assert_told(&rig);
}

#[test]
fn a_ticket_that_is_put_right_before_the_run_ends_is_told_at_its_end() {
    let rig = Rig::new(&[("one", ""), ("other", "")]);
    let (pipe, last) = (rig.pipe("gate"), rig.pipe("last"));
    let round =
        json!([{"say": "up"}, {"await": pipe}, {"write": {"path": "one.txt", "text": "x"}}]);
    rig.script(json!({
        "one": [round, work()],
        "other": [[{"await": last}, {"run": "echo x > other.txt"}]],
    }));
    let mut live = rig.start(["-j", "2"]);
    let text = broken_meanwhile(&rig, &mut live, &pipe);
    rig.sandbox.write(".ticks/one.toml", &text);
    open(&last);
    live.end().expect(7);
    assert_told(&rig);
    let ticket = rig.show("one");
    assert_eq!(
        (&ticket["status"], &ticket["owner"]),
        (&json!("open"), &serde_json::Value::Null)
    );
    let claims = std::fs::read_dir(rig.sandbox.path().join(".git/tk/claims"));
    assert_eq!(claims.into_iter().flatten().count(), 0);
    rig.sandbox.tk(["retry", "one"]).ok();
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
}

#[test]
fn an_epic_stays_open_while_a_child_of_it_cannot_be_read() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let text = rig.sandbox.read(".ticks/two.toml");
    rig.sandbox
        .write(".ticks/two.toml", &format!("{text}[[[\n"));
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    let warned = ended.warnings();
    let text = "`epic` stays open, since a child cannot be read: .ticks/two.toml:";
    let told = warned.iter().any(|warning| warning.starts_with(text));
    assert!(told, "{warned:#?}");
    assert_eq!(rig.show("epic")["status"], "open");

    let text = rig.sandbox.read(".ticks/two.toml").replace("[[[\n", "");
    rig.sandbox.write(".ticks/two.toml", &text);
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["two"]);
    assert_eq!(rig.show("epic")["status"], "closed");
}

#[test]
fn nor_does_it_close_where_nothing_can_be_read_of_the_child_any_more() {
    for garbage in ["", "no ticket\n"] {
        let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
        let pipe = rig.pipe("go");
        let text = rig.sandbox.read(".ticks/two.toml");
        rig.script(json!({"one": [[
            {"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}, {"commit": "one"},
        ]]}));
        let mut live = rig.start([]);
        live.until("one", "say");
        rig.sandbox.write(".ticks/two.toml", garbage);
        open(&pipe);
        let ended = live.end();
        assert_eq!(ended.ids("landed"), ["one"], "{garbage:?}");
        let warned = ended.warnings();
        let why = "`epic` stays open, since a child cannot be read: .ticks/two.toml:";
        let told = warned.iter().any(|warning| warning.starts_with(why));
        assert!(told, "{garbage:?}: {warned:#?}");
        assert_eq!(rig.show("epic")["status"], "open", "{garbage:?}");

        rig.sandbox.write(".ticks/two.toml", &text);
        rig.run([]).expect(0);
        assert_eq!(rig.show("epic")["status"], "closed", "{garbage:?}");
    }
}
