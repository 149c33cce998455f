//! What is put aside for a worker: what such work is known to cost, or a share.

use serde_json::{Value, json};

use crate::rig::{Ended, Rig};

/// Rounds of a worker that spends, whatever it was told to keep to, and does its work.
fn costly(usd: f64) -> Value {
    let file = json!({"run": "echo x > $TK_TICKET.txt"});
    json!([[{"spend": {"usd": usd, "input": 1, "output": 1}}, file]])
}

/// What was put aside for each start, in order.
fn reserved(ended: &Ended) -> Vec<f64> {
    let started = ended.of("", "ticket_started").into_iter();
    started
        .map(|event| event["reserved_usd"].as_f64().unwrap())
        .collect()
}

#[test]
fn what_ended_in_the_run_tells_what_such_work_costs() {
    let ids = ["one", "two", "three", "four", "five", "six"];
    let rig = Rig::new(&ids.map(|id| (id, "")));
    rig.command_agent("plain", "");
    rig.script(
        ids.iter()
            .map(|id| ((*id).to_owned(), costly(1.0)))
            .collect(),
    );
    let args = ["-j", "3", "--max-cost", "4.5", "--agent", "plain"];
    let ended = rig.run(args).expect(10);
    let reserved = reserved(&ended);
    assert!(reserved.len() >= 4, "{reserved:?}");
    assert!(reserved[3..].iter().all(|r| *r >= 1.0), "{reserved:?}");
    assert!(rig.spent() <= 4.5, "{:?}", rig.settled());
    assert_eq!(ended.ids("landed").len(), reserved.len());
    // More money goes on with the others.
    rig.run(["--max-cost", "9", "--agent", "plain"]).expect(0);
}

#[test]
fn tickets_share_the_cap_whose_agent_tells_no_cost() {
    let ids = ["one", "two", "three"];
    let rig = Rig::new(&ids.map(|id| (id, "")));
    let mute = "kind = \"command\"\ncommand = [\"sh\", \"-c\", \"echo x > $TK_TICKET.txt\"]\n";
    rig.sandbox.write(".ticks/agents/mute.toml", mute);
    let args = [
        "run",
        "epic",
        "--plan",
        "--json",
        "-j",
        "1",
        "--max-cost",
        "3",
    ];
    let planned = rig
        .sandbox
        .tk(args.into_iter().chain(["--agent", "mute"]))
        .json();
    assert_eq!(planned["starts"][0]["reserved_usd"], 1.0);
    let ended = rig
        .run(["-j", "1", "--max-cost", "3", "--agent", "mute"])
        .expect(0);
    assert_eq!(reserved(&ended), [1.0, 1.0, 1.0]);
    assert!((rig.spent() - 3.0).abs() < 1e-9, "{:?}", rig.settled());
}

/// What each costs nobody knows: whoever does not want to pay for that unseen says so.
#[test]
fn an_agent_that_tells_no_cost_is_refused_where_that_is_configured() {
    let rig = Rig::new(&[("one", ""), ("two", ""), ("three", "")]);
    let mute = "kind = \"command\"\ncommand = [\"sh\", \"-c\", \"echo x > $TK_TICKET.txt\"]\n";
    rig.sandbox.write(".ticks/agents/mute.toml", mute);
    let config = rig.sandbox.read(".ticks/config.toml");
    let refused = format!("{config}\n[run]\ncost_unknown = \"refuse\"\n");
    rig.sandbox.write(".ticks/config.toml", &refused);
    let args = ["-j", "1", "--max-cost", "3", "--agent", "mute"];
    let ended = rig.run(args).expect(10);
    assert_eq!(ended.ids("landed").len(), 1);
    let told = "tells no cost, and `cost_unknown` of `[run]`";
    let warnings = ended.of("", "warning").into_iter();
    let warned = warnings.filter(|event| event["text"].as_str().unwrap().contains(told));
    assert_eq!(warned.count(), 2);
    // Without a cap nothing is bounded by what nobody knows.
    let ended = rig.run(["-j", "1", "--agent", "mute"]).expect(0);
    assert_eq!(ended.ids("landed").len(), 2);
}

#[test]
fn a_cost_that_is_no_amount_is_told_and_the_reservation_charged() {
    let rig = Rig::new(&[("one", ""), ("two", ""), ("three", "")]);
    let agent = |told: &str| {
        let script = format!(
            "echo x > $TK_TICKET.txt; echo '{{\"status\": \"done\", \"cost_usd\": {told}}}' > $TK_RESULT"
        );
        format!("kind = \"command\"\ncommand = [\"sh\", \"-c\", {script:?}]\nmax_cost = 0.3\n")
    };
    for (id, told) in [("one", "-5"), ("two", "1e308"), ("three", "\"NaN\"")] {
        let name = format!(".ticks/agents/{id}.toml");
        rig.sandbox.write(name, &agent(told));
        let ticket = format!("title = \"Ticket\"\nparent = \"epic\"\nagent = {id:?}\n");
        rig.sandbox.ticket(id, &ticket);
    }
    let ended = rig.run(["--max-cost", "2"]).expect(0);
    for (id, told) in [("one", "`-5`"), ("two", "`1e+308`"), ("three", "`\"NaN\"`")] {
        let warned = ended.of(id, "warning")[0]["text"].as_str().unwrap();
        assert!(warned.contains(told), "{warned}");
        assert!(warned.ends_with("its reservation is charged"), "{warned}");
    }
    assert!((rig.spent() - 0.9).abs() < 1e-9, "{:?}", rig.settled());
}

#[test]
fn a_ticket_that_cost_more_than_it_may_is_told() {
    let rig = Rig::new(&[("one", "agent = \"plain\"")]);
    rig.command_agent("plain", "");
    rig.script(json!({"one": costly(1.0)}));
    let ended = rig.run(["--max-ticket-cost", "0.5"]).expect(0);
    let warned = ended.warnings();
    let told = "it has cost $1.00 in this run, more than the $0.50 that it may: its worker did not \
                stop in time";
    assert!(warned.contains(&told), "{warned:?}");
}

#[test]
fn a_negative_cap_is_refused_for_what_it_is() {
    let rig = Rig::new(&[("one", "")]);
    for (option, what) in [
        ("--max-cost", "is not an amount in dollars"),
        ("--max-ticket-cost", "is not an amount in dollars"),
        ("--max-time", "is not a length of time"),
        ("--max-tokens", "invalid digit"),
        ("--retries", "invalid"),
        ("-j", "invalid digit"),
    ] {
        let refused = rig.sandbox.tk(["run", "epic", option, "-1"]);
        assert_eq!(refused.code, 2, "{refused}");
        assert!(refused.stderr.contains(what), "{refused}");
        assert!(!refused.stderr.contains("unexpected"), "{refused}");
    }
}
