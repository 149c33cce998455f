//! Money: a cap that is a cap, a ledger that is exact.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::rig::{Ended, Live, Rig, hear, work};

/// A step that spends.
fn spend(usd: f64) -> Value {
    json!({"spend": {"usd": usd, "input": 1000, "output": 500}})
}

/// Rounds of a worker that spends, then does its work.
fn costly(usd: f64) -> Value {
    let mut steps = vec![spend(usd)];
    steps.extend(work().as_array().unwrap().clone());
    json!([steps])
}

#[test]
fn the_cap_holds_and_a_raised_one_goes_on() {
    let rig = Rig::new(&[("one", ""), ("two", ""), ("three", ""), ("four", "")]);
    rig.script(json!({
        "one": costly(0.4), "two": costly(0.4), "three": costly(0.4), "four": costly(0.4),
    }));
    let ended = rig.run(["-j", "2", "--max-cost", "1"]).expect(10);
    assert_eq!(ended.last()["outcome"], "budget");
    let started = ended.of("", "ticket_started").len();
    assert!(started >= 2, "{started}");
    // No more than a request of each live conversation beyond the cap.
    assert!(rig.spent() <= 1.0 + 2.0 * 0.4, "{}", rig.spent());
    rig.assert_tidy();
    let before = rig.settled().len();

    // The same cap starts nothing.
    let again = rig.run(["-j", "2", "--max-cost", "1"]).expect(10);
    assert!(again.of("", "ticket_started").is_empty());
    assert_eq!(rig.settled().len(), before);
    assert_eq!(again.last()["run"], ended.last()["run"]);

    let last = rig.run(["-j", "2", "--max-cost", "9"]).expect(0);
    assert_eq!(last.last()["run"], ended.last()["run"]);
    assert!((last.last()["cost_usd"].as_f64().unwrap() - rig.spent()).abs() < 1e-9);
    let runs = rig.sandbox.tk(["runs", "--json"]).json();
    assert!((runs["runs"][0]["cost_usd"].as_f64().unwrap() - rig.spent()).abs() < 1e-9);
    let of_tickets: f64 = ["one", "two", "three", "four"]
        .iter()
        .map(|id| rig.show(id)["cost_usd"].as_f64().unwrap())
        .sum();
    assert!(
        (of_tickets - rig.spent()).abs() < 1e-9,
        "{of_tickets} {}",
        rig.spent()
    );
}

#[test]
fn live_reservations_never_exceed_the_cap() {
    let rig = Rig::new(&[
        ("one", ""),
        ("two", ""),
        ("three", ""),
        ("four", ""),
        ("five", ""),
    ]);
    let agent = "kind = \"claude\"\nmax_cost = 0.4\n";
    rig.sandbox.write(".ticks/agents/claude.toml", agent);
    let of = || costly(0.05);
    rig.script(json!({"one": of(), "two": of(), "three": of(), "four": of(), "five": of()}));
    let ended = rig.run(["-j", "4", "--max-cost", "1"]).expect(0);
    let mut reserved = std::collections::BTreeMap::new();
    for event in &ended.events {
        let ticket = event["ticket"].to_string();
        match event["kind"].as_str().unwrap() {
            "ticket_started" => {
                reserved.insert(ticket, event["reserved_usd"].as_f64().unwrap());
            }
            "cost" if event["settled"] == true => {
                reserved.remove(&ticket);
            }
            _ => {}
        }
        assert!(reserved.values().sum::<f64>() <= 1.0, "{reserved:?}");
        assert!(reserved.len() <= 2, "{reserved:?}");
    }
    assert!((rig.spent() - 0.25).abs() < 1e-9);
}

#[test]
fn a_used_up_reservation_is_renewed_while_money_is_free() {
    let rig = Rig::new(&[("one", "")]);
    let agent = "kind = \"claude\"\nmax_cost = 0.5\n";
    rig.sandbox.write(".ticks/agents/claude.toml", agent);
    rig.script(json!({"one": [[spend(0.6)], [spend(0.6)], work()]}));
    let ended = rig.run(["--max-cost", "5"]).expect(0);
    let sessions = ended.of("one", "session");
    assert_eq!(sessions.len(), 3);
    assert!(
        sessions
            .iter()
            .all(|event| event["session"] == sessions[0]["session"])
    );
    assert_eq!(ended.of("one", "ticket_started").len(), 1);
    assert!((rig.spent() - 1.2).abs() < 1e-9);
    assert_eq!(rig.show("one")["runs"][0]["cost_usd"], 1.2);
    let trailers = rig.sandbox.git([
        "log",
        "--format=%(trailers)",
        "--grep=^Ticket: one$",
        "main",
    ]);
    assert!(trailers.contains("Cost-USD: 1.2"), "{trailers}");
}

#[test]
fn a_used_up_cap_parks_and_a_raised_one_resumes_the_session() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    rig.script(json!({"one": [
        [{"write": {"path": "half", "text": "x"}}, {"commit": "half"}, spend(1.0)],
        work(),
    ]}));
    let first = rig.run(["--max-cost", "1"]).expect(10);
    assert_eq!(first.of("one", "parked").len(), 1);
    assert_eq!(first.ids("unstarted"), ["one", "two"]);
    assert_eq!(rig.show("one")["status"], "open");
    rig.assert_tidy();

    let second = rig.run(["--max-cost", "1"]).expect(10);
    assert!(second.of("", "ticket_started").is_empty());
    assert_eq!(rig.settled().len(), 1);

    let third = rig.run(["--max-cost", "2"]).expect(0);
    let session = third.of("one", "session");
    assert_eq!(
        session[0]["session"],
        first.of("one", "session")[0]["session"]
    );
    assert_eq!(session[0]["resumed"], true);
    assert_eq!(rig.sandbox.read("half"), "x");
}

#[test]
fn live_spending_at_the_cap_interrupts_everybody() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let config = "[prices.scripted]\ninput = 1000.0\noutput = 1000.0\n";
    rig.sandbox.write(".ticks/config.toml", config);
    let pipe = rig.pipe("go");
    // Each message tells of 1,500 tokens: $1.50 by the table, whatever the client says at the end.
    rig.script(json!({
        "one": [[{"say": "up"}, "hang"], work()],
        "two": [[{"await": pipe}, spend(0.01), spend(0.01), "hang"], work()],
    }));
    let mut live = rig.start(["-j", "2", "--max-cost", "2"]);
    live.until("one", "say");
    crate::rig::open(&pipe);
    let ended = live.end().expect(10);
    assert_eq!(ended.of("", "parked").len(), 2);
    rig.assert_tidy();
    // What the client reports is what counts.
    assert!((rig.spent() - 0.02).abs() < 1e-9, "{:?}", rig.settled());
    rig.run(["-j", "2", "--max-cost", "2"]).expect(0);
}

#[test]
fn an_agent_that_tells_no_cost_is_charged_its_reservation() {
    let rig = Rig::new(&[("one", "agent = \"mute\""), ("two", "agent = \"plain\"")]);
    let mute =
        "kind = \"command\"\ncommand = [\"sh\", \"-c\", \"echo x > one.txt\"]\nmax_cost = 0.3\n";
    rig.sandbox.write(".ticks/agents/mute.toml", mute);
    rig.command_agent("plain", "max_cost = 0.3");
    rig.script(json!({"two": costly(0.1)}));
    let ended = rig.run(["--max-cost", "2"]).expect(0);
    let warned = ended.of("one", "warning");
    assert!(
        warned[0]["text"].as_str().unwrap().contains("reservation"),
        "{warned:?}"
    );
    assert!((rig.spent() - 0.4).abs() < 1e-9, "{:?}", rig.settled());
    let basis = |id: &str| {
        let of = rig
            .settled()
            .into_iter()
            .find(|entry| entry["ticket"] == id);
        of.unwrap()["basis"].clone()
    };
    assert_eq!(
        (basis("one"), basis("two")),
        (json!("reservation"), json!("reported"))
    );
}

#[test]
fn without_a_cap_one_warning_says_so() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let ended = rig.run([]).expect(0);
    let unlimited = ended
        .warnings()
        .iter()
        .filter(|text| text.contains("unlimited"))
        .count();
    assert_eq!(unlimited, 1);
    let rig = Rig::new(&[("one", "")]);
    let ended = rig.run(["--max-cost", "1"]).expect(0);
    assert!(ended.warnings().is_empty(), "{:?}", ended.warnings());
}

#[test]
fn a_budget_of_the_day_counts_every_run() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\ndaily_budget_usd = 1.0\n");
    rig.script(json!({"one": costly(0.7), "two": costly(0.7)}));
    let first = rig.run(["-j", "1"]).expect(10);
    let why = first.last()["why"].as_str().unwrap();
    let key = "`daily_budget_usd` of `[run]` in `.ticks/config.toml` allows all runs of the clone \
               $1.00 in 24 hours, of which some is free again from 20";
    assert!(why.contains(key), "{why}");
    assert!(first.of("", "parked").len() <= 1);
    assert!(rig.spent() <= 1.0 + 0.7);
}

#[test]
fn caps_on_tokens_and_time_park() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    rig.script(json!({"one": [[spend(0.0), "hang"], work()]}));
    let ended = rig.run(["--max-tokens", "1000"]).expect(10);
    let reasons = |ended: &Ended| -> Vec<Value> {
        let parked = ended.of("one", "parked");
        parked.iter().map(|event| event["reason"].clone()).collect()
    };
    assert_eq!(reasons(&ended), ["the cap on tokens is reached"]);
    rig.assert_tidy();
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);

    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": [["hang"], work()]}));
    let ended = rig.run(["--max-time", "1s"]).expect(10);
    assert_eq!(reasons(&ended), ["the time limit of the run is reached"]);
    rig.run([]).expect(0);
}

/// A rig with a second epic, `other`, with a ticket of its own.
fn two_epics(config: &str) -> Rig {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox.write(".ticks/config.toml", config);
    rig.sandbox
        .ticket("other", "title = \"The other\"\ntype = \"epic\"\n");
    rig.sandbox
        .ticket("two", "title = \"Ticket two\"\nparent = \"other\"\n");
    rig
}

/// A `tk run` of the second epic.
fn start_other(rig: &Rig) -> Live {
    let mut command = rig.sandbox.tk_command();
    command.args(["run", "other", "--json", "-j", "1"]);
    Live::of(command)
}

#[test]
fn two_runs_at_once_share_the_days_budget() {
    let rig = two_epics("[run]\ndaily_budget_usd = 1.0\n");
    let pipe = rig.pipe("go");
    let mut held = vec![json!({"say": "up"}), json!({"await": pipe}), spend(0.4)];
    held.extend(work().as_array().unwrap().clone());
    rig.script(json!({"one": [held], "two": costly(0.3)}));
    let mut first = rig.start(["-j", "1"]);
    first.until("one", "say");
    // The first has put all of the day's budget aside: the second waits, and starts nothing.
    let mut second = start_other(&rig);
    let warned = second.until("", "warning");
    assert!(
        warned["text"].as_str().unwrap().contains("other runs hold"),
        "{warned}"
    );
    crate::rig::open(&pipe);
    first.end().expect(0);
    let second = second.end().expect(0);
    let started = second.of("two", "ticket_started")[0];
    // What the first gave back is what the second has.
    assert_eq!(started["reserved_usd"], 0.6);
    let words: Vec<(String, String)> = rig
        .ledger()
        .iter()
        .map(|entry| (entry["kind"].to_string(), entry["ticket"].to_string()))
        .collect();
    let quoted = |kind: &str, ticket: &str| (format!("{kind:?}"), format!("{ticket:?}"));
    let expected = [
        quoted("reserved", "one"),
        quoted("settled", "one"),
        quoted("reserved", "two"),
        quoted("settled", "two"),
    ];
    assert_eq!(words, expected);
    assert!((rig.spent() - 0.7).abs() < 1e-9, "{:?}", rig.settled());
    rig.assert_tidy();
}

#[test]
fn what_the_day_does_not_pay_for_ends_the_second_run_with_a_word() {
    let rig = two_epics("[run]\ndaily_budget_usd = 1.0\n");
    let pipe = rig.pipe("go");
    let mut held = vec![json!({"say": "up"}), json!({"await": pipe}), spend(1.0)];
    held.extend(work().as_array().unwrap().clone());
    rig.script(json!({"one": [held, work()], "two": costly(0.3)}));
    let mut first = rig.start(["-j", "1"]);
    first.until("one", "say");
    let mut second = start_other(&rig);
    second.until("", "warning");
    crate::rig::open(&pipe);
    first.end().expect(10);
    let second = second.end().expect(10);
    assert!(second.of("", "ticket_started").is_empty());
    assert_eq!(second.last()["outcome"], "budget");
    assert!((rig.spent() - 1.0).abs() < 1e-9, "{:?}", rig.settled());
    // A raised budget of the day resumes what was parked, and starts what was not.
    rig.sandbox
        .write(".ticks/config.toml", "[run]\ndaily_budget_usd = 3.0\n");
    let again = rig.run(["-j", "1"]).expect(0);
    assert_eq!(again.of("one", "session")[0]["resumed"], true);
    start_other(&rig).end().expect(0);
}

#[test]
fn a_run_that_waits_for_the_day_can_be_stopped() {
    let rig = two_epics("[run]\ndaily_budget_usd = 1.0\n");
    rig.script(json!({"one": [[{"say": "up"}, "hang"]]}));
    let mut first = rig.start(["-j", "1"]);
    first.until("one", "say");
    let mut second = start_other(&rig);
    second.until("", "warning");
    second.signal(Signal::INT);
    second.end().expect(8);
    first.signal(Signal::INT);
    first.end().expect(8);
    rig.assert_tidy();
}

#[test]
fn what_a_killed_run_put_aside_is_not_waited_for_and_counts_until_it_is_recovered() {
    let rig = two_epics("[run]\ndaily_budget_usd = 1.0\n");
    let pipe = rig.pipe("go");
    let one = json!([spend(0.1), {"say": "up"}, {"await": pipe}, {"run": "echo x > x"}]);
    rig.script(json!({"one": [one], "two": costly(0.2)}));
    let mut first = rig.start(["-j", "1"]);
    first.until("one", "say");
    first.signal(Signal::KILL);
    first.end();
    let second = start_other(&rig).end().expect(10);
    assert!(second.of("", "ticket_started").is_empty());
    // The same command again finds out what the worker cost: the rest is free again.
    let again = rig.start(["-j", "1"]);
    crate::rig::open(&pipe);
    again.end().expect(0);
    let spent = rig.spent();
    assert!((spent - 0.1).abs() < 1e-9, "{:?}", rig.settled());
    start_other(&rig).end().expect(0);
    assert!((rig.spent() - 0.3).abs() < 1e-9, "{:?}", rig.settled());
}

#[test]
fn without_a_cap_the_agents_own_bounds_its_tickets_and_a_raised_one_resumes() {
    let rig = Rig::new(&[("one", "checks = [\"test -f one.txt\"]"), ("two", "")]);
    let agent = "kind = \"claude\"\nmax_cost = 0.5\n";
    rig.sandbox.write(".ticks/agents/claude.toml", agent);
    let half = json!([spend(0.3), {"run": "echo x > half"}, {"commit": "half"}]);
    rig.script(json!({"one": [half, [spend(0.3)]]}));
    let ended = rig.run(["-j", "1"]).expect(10);
    assert_eq!(ended.last()["outcome"], "budget");
    // The second process had what the first had left; the other ticket went on.
    assert_eq!(rig.rounds("one"), 2);
    assert_eq!(ended.of("one", "parked").len(), 1);
    assert_eq!(
        (ended.ids("landed"), ended.ids("unstarted")),
        (vec!["two"], vec!["one"])
    );
    assert!(
        ended
            .warnings()
            .iter()
            .any(|text| text.contains("used up what it may cost")),
        "{:?}",
        ended.warnings()
    );
    rig.assert_tidy();

    // The same again starts nothing; more goes on in the same session, its cost with it.
    let again = rig.run(["-j", "1"]).expect(10);
    assert!(again.of("", "ticket_started").is_empty());
    rig.sandbox
        .write(".ticks/agents/claude.toml", &agent.replace("0.5", "2.0"));
    rig.script(
        json!({"one": [[], [], [spend(0.2), {"run": "echo x > one.txt"}, {"commit": "one"}]]}),
    );
    let last = rig.run(["-j", "1"]).expect(0);
    let session = last.of("one", "session");
    assert_eq!(session[0]["resumed"], true);
    assert_eq!(
        session[0]["session"],
        ended.of("one", "session")[0]["session"]
    );
    let before = rig.spent() - 0.2;
    let costs: Vec<f64> = last
        .of("one", "cost")
        .iter()
        .map(|event| event["cost_usd"].as_f64().unwrap())
        .collect();
    // What the attempt has cost does not begin at nothing when it goes on.
    assert!(costs.iter().all(|cost| *cost >= before - 1e-9), "{costs:?}");
    assert!(
        (costs.last().unwrap() - rig.spent()).abs() < 1e-9,
        "{costs:?}"
    );
    assert!((rig.show("one")["cost_usd"].as_f64().unwrap() - rig.spent()).abs() < 1e-9);
}

#[test]
fn a_model_without_a_price_is_told_once_and_counts_with_its_reservation() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let agent = "kind = \"claude\"\nmax_cost = 0.4\n";
    rig.sandbox.write(".ticks/agents/claude.toml", agent);
    rig.script(json!({"one": costly(0.1), "two": costly(0.1)}));
    let ended = rig.run(["-j", "1", "--max-cost", "2"]).expect(0);
    let warned = ended.warnings();
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(
        warned[0].starts_with("the model `scripted` has no price"),
        "{warned:?}"
    );
    assert!(warned[0].contains("[prices.\"scripted\"]"), "{warned:?}");
    let costs = ended.of("one", "cost");
    let total = |event: &Value| event["total_usd"].as_f64().unwrap();
    assert_eq!(
        (total(costs[0]), &costs[0]["settled"]),
        (0.4, &json!(false))
    );
    assert_eq!(total(costs.last().unwrap()), 0.1);
}

#[test]
fn a_ticket_has_a_cap_of_its_own_beside_that_of_the_run() {
    let rig = Rig::new(&[("one", "checks = [\"test -f one.txt\"]"), ("two", "")]);
    let half = json!([spend(0.3), {"run": "echo x > half"}, {"commit": "half"}]);
    rig.script(json!({"one": [half, [spend(0.3)]]}));
    let with = |cap| ["-j", "1", "--max-cost", "20", "--max-ticket-cost", cap];
    let ended = rig.run(with("0.5")).expect(10);
    let why = "`one`: the ticket has used up what it may cost in this run; the same command goes on \
               with a higher `--max-ticket-cost`, or `max_turns` of its agent";
    assert_eq!(ended.last()["why"], why);
    // A request of the one conversation more, and no worker after that.
    assert!(rig.spent() <= 0.5 + 0.3, "{:?}", rig.settled());
    assert_eq!(
        (ended.ids("landed"), ended.ids("unstarted")),
        (vec!["two"], vec!["one"])
    );
    let again = rig.run(with("0.5")).expect(10);
    assert!(again.of("", "ticket_started").is_empty());

    rig.script(json!({}));
    let last = rig.run(with("2")).expect(0);
    assert_eq!(last.of("one", "session")[0]["resumed"], true);
    assert_eq!(
        last.of("one", "session")[0]["session"],
        ended.of("one", "session")[0]["session"]
    );
    assert_eq!(last.last()["run"], ended.last()["run"]);
}

#[test]
fn a_cap_on_turns_parks_the_ticket_and_a_raised_one_resumes_it() {
    let rig = Rig::new(&[("one", ""), ("two", "agent = \"other\"")]);
    let agent = "kind = \"claude\"\nmax_turns = 1\n";
    rig.sandbox.write(".ticks/agents/claude.toml", agent);
    rig.sandbox
        .write(".ticks/agents/other.toml", "kind = \"claude\"\n");
    let fail = json!({"fail": {
        "subtype": "error_max_turns", "error": "Reached maximum number of turns (1)",
    }});
    rig.script(json!({"one": [[spend(0.1), fail], work()]}));
    let ended = rig.run(["-j", "1"]).expect(10);
    assert_eq!(
        (ended.ids("landed"), ended.ids("unstarted")),
        (vec!["two"], vec!["one"])
    );
    assert!(ended.of("", "failed").is_empty());
    let reason = &ended.of("one", "parked")[0]["reason"];
    assert_eq!(reason, "Reached maximum number of turns (1)");
    let again = rig.run(["-j", "1"]).expect(10);
    assert!(again.of("", "ticket_started").is_empty());

    rig.sandbox
        .write(".ticks/agents/claude.toml", &agent.replace('1', "9"));
    let last = rig.run(["-j", "1"]).expect(0);
    assert_eq!(last.of("one", "session")[0]["resumed"], true);
    assert_eq!(rig.rounds("one"), 2);
}

#[test]
fn a_worker_that_dies_with_its_runner_costs_what_the_projects_prices_say() {
    let rig = Rig::new(&[("one", "")]);
    let config = "[prices.scripted]\ninput = 100.0\noutput = 200.0\n";
    rig.sandbox.write(".ticks/config.toml", config);
    let pipe = rig.pipe("never");
    let first = json!([spend(0.5), {"say": "up"}, {"await": pipe}]);
    rig.script(json!({"one": [first, work()]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    live.signal(Signal::KILL);
    live.end();
    rig.kill_workers();
    rig.run([]).expect(0);
    // It never told its cost: 1,000 tokens in and 500 out, by the table.
    let left = &rig.settled()[0];
    assert_eq!(left["basis"], "estimate");
    assert!((rig.spent() - 0.2).abs() < 1e-9, "{:?}", rig.settled());
    let shown = rig.show("one")["cost_usd"].as_f64().unwrap();
    assert!((shown - 0.2).abs() < 1e-9, "{shown}");
}

#[test]
fn a_cap_on_tokens_holds_for_the_run_that_goes_on_too() {
    let rig = Rig::new(&[("one", ""), ("two", ""), ("zoo", "")]);
    rig.script(json!({"one": costly(0.1), "two": costly(0.1), "zoo": costly(0.1)}));
    let started = |ended: &Ended| ended.of("", "ticket_started").len();
    let told = |ended: &Ended| {
        let warned = ended.warnings();
        let told = warned.iter().filter(|text| text.contains("tokens"));
        assert_eq!(told.count(), 1, "{warned:?}");
    };
    let first = rig.run(["-j", "1", "--max-tokens", "1500"]).expect(10);
    assert_eq!(started(&first), 1);
    told(&first);
    for _ in 0..2 {
        let again = rig.run(["-j", "1", "--max-tokens", "1500"]).expect(10);
        assert_eq!(started(&again), 0);
        assert_eq!(again.last()["run"], first.last()["run"]);
        told(&again);
        assert_eq!(rig.settled().len(), 1);
    }
    let more = rig.run(["-j", "1", "--max-tokens", "3000"]).expect(10);
    assert_eq!(started(&more), 1);
    assert_eq!(more.ids("landed").len(), 1);
    rig.run(["-j", "1", "--max-tokens", "9000"]).expect(0);
    assert_eq!(rig.settled().len(), 3);
    rig.assert_tidy();
}

#[test]
fn what_a_command_cost_that_tells_none_is_unknown() {
    let rig = Rig::new(&[
        ("one", ""),
        ("two", "agent = \"told\"\nblocked_by = [\"one\"]"),
    ]);
    let up = rig.pipe("up");
    let script = format!("echo up > {}; exec sleep 1000", up.display());
    let silent = format!("kind = \"command\"\ncommand = [\"sh\", \"-c\", {script:?}]\n");
    rig.sandbox.write(".ticks/agents/silent.toml", &silent);
    rig.command_agent("told", "");
    rig.script(json!({"two": [[{"spend": {"usd": 0.25, "input": 1, "output": 1}}, {"run": "echo x > two"}]]}));
    let live = rig.start(["--agent", "silent"]);
    hear(&up);
    live.signal(Signal::INT);
    let ended = live.end().expect(8);
    assert_eq!(ended.of("one", "cost")[0]["cost_usd"], Value::Null);
    assert_eq!(
        ended.of("one", "ticket_finished")[0]["cost_usd"],
        Value::Null
    );
    assert_eq!(ended.last()["cost_usd"], Value::Null);
    let ticket = rig.show("one");
    assert_eq!(
        (&ticket["cost_usd"], &ticket["runs"][0]["cost_usd"]),
        (&Value::Null, &Value::Null)
    );
    let runs = rig.sandbox.tk(["runs", "--json"]).json();
    assert_eq!(runs["runs"][0]["cost_usd"], Value::Null);
    let listed = rig.sandbox.tk(["runs"]);
    assert!(
        listed.stdout.ends_with("0 landed  unknown cost\n"),
        "{listed}"
    );
    let stats = rig.sandbox.tk(["stats", "--runs", "--json"]).json();
    assert_eq!(stats["total"]["cost_usd"], Value::Null);

    // What is known beside it is told.
    rig.sandbox.write(
        ".ticks/agents/silent.toml",
        &silent.replace(&script, "echo x > one.txt"),
    );
    let ended = rig.run(["--agent", "silent"]).expect(0);
    assert_eq!(ended.last()["cost_usd"], 0.25);
    assert_eq!(rig.show("one")["cost_usd"], Value::Null);
    let message = rig.sandbox.git(["log", "--format=%B", "--grep=^Land one:"]);
    assert!(message.contains("\nCost-USD: unknown\n"), "{message}");
}

#[test]
fn what_was_approved_lands_though_the_budget_pays_for_nothing_more() {
    let rig = Rig::new(&[
        ("one", "requires = \"review\""),
        ("two", "requires = \"review\""),
    ]);
    let big = json!([{"write": {"path": "half", "text": "x"}}, {"commit": "half"}, spend(1.0)]);
    rig.script(json!({"big": [big, work()]}));
    rig.run([]).expect(9);
    let text = "title = \"Big\"\nparent = \"epic\"\npriority = 0\nestimate = \"9d\"\n";
    rig.sandbox.ticket("big", text);
    rig.sandbox.tk(["block", "two", "one"]).ok();
    rig.sandbox.tk(["approve", "one", "two"]).ok();
    let ended = rig.run(["-j", "1", "--max-cost", "1"]).expect(10);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(ended.ids("unstarted"), ["big"]);
    rig.assert_tidy();
}

#[test]
fn a_cap_that_kept_nothing_from_landing_is_no_failure() {
    let rig = Rig::new(&[("one", "")]);
    rig.script(json!({"one": costly(0.1)}));
    let ended = rig.run(["--max-tokens", "1500"]).expect(0);
    assert_eq!(ended.last()["outcome"], "done");
    assert_eq!(ended.ids("landed"), ["one"]);
}

#[test]
fn the_end_tells_what_counts_only_because_it_was_put_aside() {
    let rig = Rig::new(&[("one", "agent = \"mute\""), ("two", "agent = \"mute\"")]);
    let mute = "kind = \"command\"\ncommand = [\"sh\", \"-c\", \"echo x > $TK_TICKET.txt\"]\n\
                max_cost = 0.3\n";
    rig.sandbox.write(".ticks/agents/mute.toml", mute);
    let ended = rig.run(["-j", "1", "--max-cost", "0.3"]).expect(10);
    let reserved = json!([{"ticket": "one", "cost_usd": 0.3}]);
    let run = ended.last()["run"].as_str().unwrap();
    let why = format!(
        "the budget is used up: $0.00 is spent as told, and $0.30 was put aside and counts as \
         spent, since what it went to was not told ($0.30 for `one`), of $0.30; the same command \
         with a higher `--max-cost` goes on; `tk log {run} --kind cost` shows each charge"
    );
    assert_eq!(ended.last()["reserved"], reserved);
    assert_eq!(ended.last()["why"], why.as_str());
    // The next run, which can start nothing, says the same, as text too.
    let again = rig
        .sandbox
        .tk(["run", "epic", "-j", "1", "--max-cost", "0.3"]);
    assert_eq!(again.code, 10, "{again}");
    for text in [
        "$0.3000 of it was put aside for one, whose workers did not tell what they spent: at most",
        &why,
    ] {
        assert!(again.stdout.contains(text), "{again}");
    }
    rig.run(["-j", "1", "--max-cost", "0.6"]).expect(0);
}

/// What was put aside for a worker that was stopped counts: the same command alone cannot go on.
#[test]
fn a_stopped_run_whose_cap_is_used_up_says_so() {
    let rig = Rig::new(&[("one", "agent = \"mute\"")]);
    let up = rig.pipe("up");
    let script = format!("echo up > {}; exec sleep 1000", up.display());
    let mute = format!("kind = \"command\"\ncommand = [\"sh\", \"-c\", {script:?}]\n");
    rig.sandbox.write(".ticks/agents/mute.toml", &mute);
    let live = rig.start(["-j", "1", "--max-cost", "0.3"]);
    hear(&up);
    live.signal(Signal::INT);
    let why = "it was asked to stop, and the budget is used up; the same command with a higher \
               `--max-cost` goes on";
    assert_eq!(live.end().expect(8).last()["why"], why);
    rig.run(["-j", "1", "--max-cost", "0.3"]).expect(10);
}

/// A step that removes the worker's own attempt folder.
fn remove_folder() -> Value {
    json!({"run": "rm -rf \"$(dirname \"$TK_RESULT\")\""})
}

#[test]
fn a_worker_that_removes_its_attempt_folder_is_charged_its_reservation() {
    let rig = Rig::new(&[("one", "agent = \"plain\""), ("two", "")]);
    rig.command_agent("plain", "max_cost = 0.3");
    let agent = "kind = \"claude\"\nmax_cost = 0.3\n";
    rig.sandbox.write(".ticks/agents/claude.toml", agent);
    let dies = json!([[remove_folder(), {"die": 3}]]);
    rig.script(json!({"one": dies, "two": dies}));
    let ended = rig.run(["--max-cost", "4", "--retries", "0"]).expect(7);
    assert_eq!(ended.ids("failed"), ["one", "two"]);
    let settled = rig.settled();
    for ticket in ["one", "two"] {
        let of: Vec<&Value> = settled.iter().filter(|e| e["ticket"] == ticket).collect();
        assert!(!of.is_empty(), "{settled:?}");
        for entry in of {
            let told = (&entry["cost_usd"], &entry["basis"]);
            assert_eq!(told, (&json!(0.3), &json!("reservation")), "{entry}");
        }
        let failed = ended.of(ticket, "failed")[0].to_string();
        assert!(!failed.contains("shim"), "{failed}");
        assert!(failed.contains("is gone"), "{failed}");
    }
}

#[test]
fn so_is_one_whose_folder_is_gone_when_its_runner_has_died() {
    for agent in ["plain", "claude"] {
        let rig = Rig::new(&[("one", &format!("agent = {agent:?}"))]);
        rig.command_agent("plain", "max_cost = 0.3");
        let client = "kind = \"claude\"\nmax_cost = 0.3\n";
        rig.sandbox.write(".ticks/agents/claude.toml", client);
        let gone = rig.pipe("gone");
        let tell = json!({"run": format!("echo gone > {gone:?}")});
        rig.script(json!({"one": [[remove_folder(), tell, "hang"], work()]}));
        let live = rig.start(["--max-cost", "4"]);
        hear(&gone);
        live.signal(Signal::KILL);
        live.end();
        rig.run(["--max-cost", "4"]).expect(0);
        let first = rig.settled()[0].clone();
        let told = (&first["cost_usd"], &first["basis"]);
        assert_eq!(
            told,
            (&json!(0.3), &json!("reservation")),
            "{agent}: {first}"
        );
    }
}
