//! What runs cost and came to, told afterwards.

use serde_json::{Value, json};

use crate::rig::{Rig, work};

/// A rig whose ticket `one` lands at its second try, `two` at its first, and `bad` never.
fn three() -> Rig {
    let rig = Rig::new(&[
        ("one", "checks = [\"test -f one.txt\"]"),
        ("two", "agent = \"other\""),
        ("bad", ""),
    ]);
    rig.sandbox
        .write(".ticks/agents/other.toml", "kind = \"claude\"\n");
    let spend = |usd: f64| json!({"spend": {"usd": usd, "input": 1000, "output": 500}});
    let half = json!([spend(0.2), {"run": "echo x > half"}, {"commit": "half"}]);
    // A request that the client tries again by itself is nobody's second try.
    let again = json!({"retry": {"error": "overloaded", "status": 529}});
    let mut two = vec![again, spend(0.1)];
    two.extend(work().as_array().unwrap().clone());
    rig.script(json!({
        "one": [half, work()],
        "two": [two],
        "bad": [[spend(0.05), {"report": {"status": "blocked", "summary": "no way"}}]],
    }));
    rig.run(["-j", "1"]).expect(7);
    rig
}

/// The row that the name belongs to.
fn row<'d>(document: &'d Value, list: &str, key: &str, name: &str) -> &'d Value {
    let rows = document[list].as_array().unwrap();
    rows.iter()
        .find(|row| row[key] == name)
        .unwrap_or_else(|| panic!("no `{name}`: {document:#}"))
}

/// Cost, retries, landed, failed, first-pass rate.
fn brief(row: &Value) -> Value {
    let keys = ["cost_usd", "retries", "landed", "failed", "first_pass_rate"];
    keys.iter().map(|key| row[*key].clone()).collect()
}

#[test]
fn figures_by_ticket_agent_and_day() {
    let rig = three();
    let document = rig.sandbox.tk(["stats", "--runs", "--json"]).json();
    assert_eq!(document["schema"], "tk.stats.v1");
    assert_eq!(document["runs"], 1);
    assert_eq!(brief(&document["total"]), json!([0.35, 1, 2, 1, 0.333]));
    let ticket = |id: &str| brief(row(&document, "tickets", "id", id));
    assert_eq!(ticket("one"), json!([0.2, 1, 1, 0, 0.0]));
    assert_eq!(ticket("two"), json!([0.1, 0, 1, 0, 1.0]));
    assert_eq!(ticket("bad"), json!([0.05, 0, 0, 1, 0.0]));
    let ids: Vec<&Value> = document["tickets"].as_array().unwrap().iter().collect();
    assert_eq!(ids[0]["id"], "one", "the dearest comes first");
    assert_eq!(ids[0]["title"], "Ticket one");
    let agent = |name: &str| brief(row(&document, "agents", "agent", name));
    assert_eq!(agent("claude"), json!([0.25, 1, 1, 1, 0.0]));
    assert_eq!(agent("other"), json!([0.1, 0, 1, 0, 1.0]));
    // A run at midnight has two days.
    let days = document["days"].as_array().unwrap();
    let cost: f64 = days
        .iter()
        .map(|day| day["cost_usd"].as_f64().unwrap())
        .sum();
    assert!((cost - 0.35).abs() < 1e-9, "{days:?}");
    assert!(document["total"]["seconds"].as_f64().unwrap() > 0.0);

    let runs = rig.sandbox.tk(["runs", "--json"]).json();
    let run = &runs["runs"][0];
    for key in ["cost_usd", "turns", "seconds", "retries", "first_pass_rate"] {
        assert_eq!(run[key], document["total"][key], "{key}");
    }

    // The failed one lands in a run of its own: no first pass any more.
    rig.script(json!({}));
    rig.run(["-j", "1"]).expect(0);
    let document = rig.sandbox.tk(["stats", "--runs", "--json"]).json();
    assert_eq!(document["runs"], 2);
    let bad = brief(row(&document, "tickets", "id", "bad"));
    assert_eq!(bad, json!([0.05, 0, 1, 1, 0.0]));
}

/// With `--land ticket` each is told twice: on the run's branch, then on the user's.
#[test]
fn a_landing_counts_once_whatever_branches_it_is_told_of() {
    for mode in ["ticket", "end", "never"] {
        let rig = Rig::new(&[("one", ""), ("two", "")]);
        let ended = rig.run(["-j", "1", "--land", mode]).expect(0);
        let told = ended.of("one", "landed").len();
        assert_eq!(told, 1 + usize::from(mode == "ticket"), "{mode}");
        let document = rig.sandbox.tk(["stats", "--runs", "--json"]).json();
        assert_eq!(document["total"]["landed"], 2, "{mode}: {document:#}");
        assert_eq!(document["total"]["first_pass"], 2, "{mode}: {document:#}");
        for id in ["one", "two"] {
            assert_eq!(row(&document, "tickets", "id", id)["landed"], 1, "{mode}");
        }
        let runs = rig.sandbox.tk(["runs", "--json"]).json();
        let landed = runs["runs"][0]["landed"].as_array().unwrap();
        assert_eq!(landed.len(), 2, "{mode}: {runs:#}");
    }
}

#[test]
fn figures_as_tables() {
    let rig = three();
    let text = rig.sandbox.tk(["stats", "--runs"]).ok();
    let words: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let line = |name: &str| {
        let found = words.iter().find(|words| words.first() == Some(&name));
        found
            .unwrap_or_else(|| panic!("no `{name}`:\n{text}"))
            .clone()
    };
    assert_eq!(
        line("AGENT")[1..],
        [
            "COST", "IN", "OUT", "TIME", "RETRIES", "LANDED", "FAILED", "FIRST", "PASS"
        ]
    );
    let one = line("one");
    assert_eq!(one[1..4], ["Ticket", "one", "$0.20"]);
    assert_eq!(one[7..], ["1", "1", "0", "0", "%"]);
    let two = line("two");
    assert_eq!(two[7..], ["0", "1", "0", "100", "%"]);
    assert_eq!(line("1")[..2], ["1", "run"]);
    for name in ["TICKET", "DAY", "ALL", "bad", "claude", "other"] {
        line(name);
    }
}

#[test]
fn without_a_run_there_are_no_figures() {
    let rig = Rig::new(&[]);
    let document = rig.sandbox.tk(["stats", "--runs", "--json"]).json();
    assert_eq!(document["runs"], 0);
    assert_eq!(document["tickets"], json!([]));
    assert_eq!(document["total"]["first_pass_rate"], Value::Null);
    assert_eq!(rig.sandbox.tk(["stats", "--runs"]).ok(), "no run yet\n");
    // Without the option, what is told is of the tickets.
    let tickets = rig.sandbox.tk(["stats", "--json"]).json();
    assert_eq!(tickets["schema"], "tk.tally.v1");
}
