//! What `tk run --plan` says of money is what the run then does.

use serde_json::{Value, json};

use crate::rig::{Rig, work};

/// Rounds of a worker that spends, then does its work.
fn costly(usd: f64) -> Value {
    json!([[{"spend": {"usd": usd, "input": 1, "output": 1}}, work()[0], work()[1]]])
}

fn plan<const N: usize>(rig: &Rig, more: [&str; N]) -> Value {
    let args = ["run", "epic", "--plan", "--json"].into_iter().chain(more);
    rig.sandbox.tk(args).json()
}

/// An epic whose run has come to its end, with $0.80 spent and a ticket left for the next one.
fn spent_before() -> Rig {
    let rig = Rig::new(&[("one", ""), ("two", "awaiting = \"work\"")]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\ndaily_budget_usd = 1.0\n");
    rig.script(json!({"one": costly(0.8)}));
    rig.run(["-j", "1"]).expect(9);
    rig.sandbox
        .ticket("two", "title = \"Two\"\nparent = \"epic\"\n");
    rig
}

#[test]
fn what_an_earlier_run_spent_of_the_day_is_gone() {
    let rig = spent_before();
    let planned = plan(&rig, []);
    assert_eq!(planned["max_cost_usd"], 0.2);
    assert_eq!(planned["starts"][0]["reserved_usd"], 0.2);
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.of("", "run_started")[0]["max_cost_usd"], 0.2);
    let started = ended.of("two", "ticket_started")[0];
    assert_eq!(started["reserved_usd"], 0.2);
}

#[test]
fn what_an_earlier_run_spent_does_not_raise_a_later_days_budget() {
    let rig = spent_before();
    let mut later = rig.sandbox.tk_command();
    later
        .args(["run", "epic", "--plan", "--json"])
        .env("TK_TEST_NOW", "2099-01-01T00:00:00Z");
    let planned = rig.sandbox.run(&mut later, None).json();
    assert_eq!(planned["max_cost_usd"], 1.0);
}

#[test]
fn a_reservation_is_bounded_by_the_caps() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let agent = "kind = \"claude\"\nmax_cost = 1.2\n";
    rig.sandbox.write(".ticks/agents/claude.toml", agent);
    for (caps, most) in [
        (&["--max-cost", "0.5", "--max-ticket-cost", "0.1"][..], 0.1),
        (&["--max-cost", "0.5"], 0.5),
        (&["--max-cost", "2"], 1.2),
    ] {
        let args = ["run", "epic", "--plan", "--json"].iter().chain(caps);
        let planned = rig.sandbox.tk(args).json();
        assert_eq!(planned["starts"][0]["reserved_usd"], most, "{caps:?}");
    }
    let mut run = rig.sandbox.tk_command();
    run.args(["run", "epic", "--json", "--max-cost", "0.5"]);
    run.args(["--max-ticket-cost", "0.1"]);
    let ended = crate::rig::Live::of(run).end();
    let started = ended.of("one", "ticket_started")[0];
    assert_eq!(started["reserved_usd"], 0.1);
}

#[test]
fn that_nothing_is_left_to_spend_is_said() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    rig.script(json!({"one": costly(0.8)}));
    rig.run(["-j", "1", "--max-cost", "0.5"]).expect(10);
    let plan = |cap: &str| rig.sandbox.tk(["run", "epic", "--plan", "--max-cost", cap]);
    let told = "no worker would start: the run has spent $0.80 of its $0.50; a higher \
                `--max-cost` goes on";
    let planned = plan("0.5");
    assert!(planned.stderr.contains(told), "{planned}");
    assert!(!plan("2").stderr.contains("no worker"), "{planned}");

    let rig = spent_before();
    rig.sandbox
        .write(".ticks/config.toml", "[run]\ndaily_budget_usd = 0.8\n");
    let planned = rig.sandbox.tk(["run", "epic", "--plan"]);
    let told = "no worker would start: `daily_budget_usd`";
    assert!(planned.stderr.contains(told), "{planned}");
}
