//! A ledger that something else than a crash has damaged: what was spent is not known.

use crate::rig::Rig;

/// One run has landed and told what it cost; then a line of the ledger is broken.
fn damaged(by: impl Fn(&str) -> String) -> Rig {
    let rig = Rig::new(&[("one", "")]);
    rig.run(["--max-cost", "5"]).expect(0);
    let text = rig.sandbox.read(".git/tk/ledger.jsonl");
    rig.sandbox.write(".git/tk/ledger.jsonl", &by(&text));
    rig.sandbox.write(".ticks/two.toml", "title = \"Do two\"\n");
    rig
}

#[test]
fn no_run_under_a_cap_begins_and_the_doctor_and_the_figures_say_so() {
    let zeros = |text: &str| "\0".repeat(text.len());
    let broken = |text: &str| text.replacen("{\"at\"", "{\"at", 1);
    let no_money = |text: &str| {
        let (line, rest) = text.split_once('\n').unwrap();
        let mut entry: serde_json::Value = serde_json::from_str(line).unwrap();
        entry["cost_usd"] = serde_json::json!(-1.0);
        format!("{entry}\n{rest}")
    };
    for damage in [zeros as fn(&str) -> String, broken, no_money] {
        let rig = damaged(damage);
        let told =
            "`$ROOT/repo/.git/tk/ledger.jsonl`: line 1 is no entry: what was spent is not known";
        for cap in ["--max-cost", "--max-ticket-cost", "--max-tokens"] {
            let refused = rig.sandbox.tk(["run", "two", cap, "1"]);
            assert_eq!(refused.code, 1, "{refused}");
            assert!(
                refused.stderr.contains(&format!("error: {told}")),
                "{refused}"
            );
            assert!(refused.stderr.contains("hint: correct it"), "{refused}");
        }
        assert_eq!(rig.rounds("two"), 0);
        let planned = rig.sandbox.tk(["run", "two", "--max-cost", "1", "--plan"]);
        assert!(planned.stderr.contains(told), "{planned}");
        let stats = rig.sandbox.tk(["stats", "--runs"]);
        assert!(stats.stderr.contains(told), "{stats}");
        let doctor = rig.sandbox.tk(["doctor", "--json"]);
        let kinds: Vec<_> = doctor.json()["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|found| found["kind"].clone())
            .collect();
        assert_eq!(kinds, ["invalid_ledger"], "{doctor}");
        // Without a cap nothing depends on it.
        let run = rig.sandbox.tk(["run", "two"]);
        assert_eq!(run.code, 0, "{run}");
        assert!(run.stderr.contains(told), "{run}");
    }
}

#[test]
fn a_line_that_a_crash_has_torn_is_no_damage() {
    let rig = damaged(|text| format!("{text}{}", &text[..20]));
    rig.sandbox.tk(["run", "two", "--max-cost", "1"]).ok();
    rig.sandbox.tk(["doctor"]).ok();
}

#[test]
fn a_folder_in_its_place_is_what_the_doctor_tells() {
    let rig = Rig::new(&[("one", "")]);
    std::fs::create_dir_all(rig.sandbox.path().join(".git/tk/ledger.jsonl")).unwrap();
    let doctor = rig.sandbox.tk(["doctor", "--json"]);
    assert_eq!(
        doctor.json()["findings"][0]["kind"],
        "invalid_ledger",
        "{doctor}"
    );
    let refused = rig.sandbox.tk(["run", "one", "--max-cost", "1"]);
    assert_ne!(refused.code, 0, "{refused}");
    assert_eq!(rig.rounds("one"), 0);
}
