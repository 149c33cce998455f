//! `[notify] command`: people hear of what they should know, and nothing it does hurts a run.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::rig::{Ended, Rig, work};

/// Two tickets, one of which wants a review; this is the program, a shell's script.
fn rig(script: &str) -> Rig {
    let rig = Rig::new(&[("one", "requires = \"review\""), ("two", "")]);
    let command =
        format!("[notify]\ncommand = [\"sh\", \"-c\", {script:?}, \"notify\", \"$HOME; x\"]\n");
    rig.sandbox.write(".ticks/config.toml", &command);
    rig
}

/// What the program was told, an event a line.
fn told(rig: &Rig) -> Vec<Value> {
    let text = rig.sandbox.read("../told");
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[track_caller]
fn assert_unhurt(ended: &Ended, why: &str) {
    let text = format!("`[notify] command` {why}; the run goes on without it");
    let warned = ended.warnings();
    let once = warned.iter().filter(|told| **told == text).count();
    // Where only the last event fails, the warning comes after it.
    let after = ended.stderr.matches(&text).count();
    assert_eq!(once + after, 1, "{warned:?}\n{}", ended.stderr);
    assert_eq!(ended.ids("landed"), ["two"]);
    assert_eq!(ended.ids("awaiting"), ["one"]);
    assert_eq!(ended.last()["kind"], "run_finished");
}

#[test]
fn it_is_told_what_people_owe_and_how_the_run_ends() {
    let rig = rig("cat >> ../told; test \"$1\" = '$HOME; x' || echo '{}' >> ../told");
    let ended = rig.run([]).expect(9);
    let told = told(&rig);
    let of = |kind: &str| -> Vec<&Value> { told.iter().filter(|e| e["kind"] == kind).collect() };
    assert_eq!(told.len(), 2, "{told:#?}");
    // The very events of the journal.
    assert_eq!(of("awaiting"), ended.of("one", "awaiting"));
    assert_eq!(of("run_finished"), [ended.last()]);
    let warned = ended.warnings().concat();
    assert!(!warned.contains("notify"), "{warned}");
}

#[test]
fn it_is_told_that_a_budget_is_reached() {
    let rig = rig("cat >> ../told");
    let spend = json!({"spend": {"usd": 2.0, "input": 1, "output": 1}});
    rig.script(json!({"two": [[spend, "hang"], work()], "one": [[spend, "hang"], work()]}));
    let ended = rig.run(["--max-cost", "1"]).expect(10);
    let told = told(&rig);
    let kinds: Vec<&str> = told.iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["warning", "run_finished"], "{told:#?}");
    // Told once, whether a worker at work or one that asks for a place came to it first.
    let text = told[0]["text"].as_str().unwrap();
    let known = ["spending has come to the cap", "the budget is used up"];
    assert!(known.contains(&text), "{text}");
    assert_eq!(ended.warnings().last(), Some(&text));
}

#[test]
fn one_that_fails_is_a_warning_once() {
    let ended = rig("exit 3").run([]).expect(9);
    assert_unhurt(&ended, "ended with exit status: 3");
}

#[test]
fn one_that_is_not_there_is_a_warning_once() {
    let rig = rig("");
    rig.sandbox.write(
        ".ticks/config.toml",
        "[notify]\ncommand = [\"no-such-program\"]\n",
    );
    let ended = rig.run([]).expect(9);
    assert_unhurt(
        &ended,
        "cannot be started: No such file or directory (os error 2)",
    );
}

#[test]
fn one_that_hangs_is_killed_with_what_it_started_and_holds_the_run_up_for_seconds_only() {
    let rig = rig("trap '' INT TERM; echo $$ >> ../told; sleep 1000 & sleep 1000");
    let start = Instant::now();
    let ended = rig.run([]).expect(9);
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_unhurt(&ended, "had not ended after 5 s and was killed");
    for group in rig.sandbox.read("../told").lines() {
        // Killed at once; that they are gone takes the system a moment.
        let start = Instant::now();
        while lives(group) {
            assert!(start.elapsed() < Duration::from_secs(10), "{group}");
            std::thread::yield_now();
        }
    }
}

/// Whether a process of the group runs.
fn lives(group: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let stats =
        processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    stats.into_iter().any(|stat| {
        let columns = stat.rsplit_once(") ").map_or("", |(_, columns)| columns);
        let columns: Vec<&str> = columns.split(' ').collect();
        columns.get(2) == Some(&group) && columns[0] != "Z"
    })
}
