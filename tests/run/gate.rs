//! The gate: checks on the merged tree, fix rounds, what checks leave behind.

use serde_json::json;

use crate::rig::{Rig, work, write};

#[test]
fn a_red_check_goes_back_to_the_same_session() {
    let rig = Rig::new(&[("one", "checks = [\"cat answer; grep -q right answer\"]")]);
    rig.script(json!({"one": [write("answer", "the wrong one\n"), write("answer", "right\n")]}));
    let ended = rig.run([]).expect(0);
    let sessions = ended.of("one", "session");
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["session"], sessions[1]["session"]);
    let run = ended.last()["run"].as_str().unwrap();
    let prompt = rig
        .sandbox
        .read(format!(".git/tk/runs/{run}/@one/1-2/prompt.md"));
    assert!(prompt.contains("the wrong one"), "{prompt}");
    assert_eq!(rig.settled().len(), 2);
    assert_eq!(rig.show("one")["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn thrice_red_fails_the_ticket_and_only_what_waits_for_it() {
    let rig = Rig::new(&[
        ("bad", "checks = [\"grep -q right answer\"]"),
        ("after", "blocked_by = [\"bad\"]"),
        ("other", ""),
    ]);
    rig.script(json!({"bad": [
        write("answer", "1"), write("answer", "2"), write("answer", "3"),
        write("answer", "right"),
    ]}));
    let ended = rig.run([]).expect(7);
    assert_eq!(ended.ids("landed"), ["other"]);
    assert_eq!(ended.ids("failed"), ["bad"]);
    assert_eq!(ended.ids("unstarted"), ["after"]);
    assert_eq!(ended.of("bad", "check_failed").len(), 3);
    assert_eq!(ended.of("bad", "failed")[0]["class"], "check");
    let notes = rig.notes("bad");
    assert!(notes[0].starts_with("Agent failed: check: "), "{notes:?}");
    assert_eq!(rig.show("bad")["status"], "open");
    assert_eq!(rig.branches(), ["main", "tk/work/epic/bad"]);
    rig.assert_tidy();

    let ended = rig.run([]).expect(0);
    assert_eq!(
        ended.of("bad", "ticket_started")[0]["branch"],
        "tk/work/epic/bad@2"
    );
    assert_eq!(ended.ids("landed"), ["after", "bad"]);
    // What the first attempt left unlanded is never removed.
    assert_eq!(rig.branches(), ["main", "tk/work/epic/bad"]);
    rig.assert_tidy();
}

#[test]
fn what_checks_do_to_the_tree_is_undone_and_what_they_start_ends() {
    let check = "echo more >> README.md; touch new ignored.log; git add new; \
                 (setsid sleep 1000 >/dev/null 2>&1 &)";
    let rig = Rig::new(&[("one", &format!("checks = [{check:?}]")), ("two", "")]);
    rig.sandbox.write(".gitignore", "*.log\n");
    rig.sandbox.git(["add", ".gitignore"]);
    rig.sandbox.git(["commit", "--quiet", "-m", "ignore"]);
    let ended = rig.run(["-j", "1"]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    let warned = ended.warnings().join("\n");
    assert!(
        warned.contains("README.md") && warned.contains("new"),
        "{warned}"
    );
    assert_eq!(rig.sandbox.read("README.md"), "sample\n");
    assert!(!rig.sandbox.path().join("new").exists());
    rig.assert_tidy();
}

#[test]
fn a_red_check_that_dirties_the_tree_does_not_stick() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.script(json!({"one": [write("bad", "x"), [{"run": "git rm -q bad"}, {"write": {"path": "good", "text": "x"}}, {"commit": "good"}]]}));
    let check = "echo more >> README.md; mkdir -p out && touch out/x; test ! -e bad";
    let ended = rig.run(["--check", check]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    assert_eq!(rig.sandbox.read("README.md"), "sample\n");
    assert!(!rig.sandbox.path().join("out").exists());
}

#[test]
fn an_acceptance_check_sets_its_item_met() {
    let rig = Rig::new(&[(
        "one",
        "[[acceptance]]\ntext = \"checked\"\ncheck = \"test -e one.txt\"\n\
         [[acceptance]]\ntext = \"for people\"",
    )]);
    let ended = rig.run(["--check", "true"]).expect(0);
    let checks: Vec<_> = ended
        .of("one", "check_passed")
        .iter()
        .map(|e| e["command"].clone())
        .collect();
    assert_eq!(checks, ["true", "test -e one.txt"]);
    let ticket = rig.show("one");
    assert_eq!(ticket["acceptance"][0]["met"], true);
    assert_eq!(ticket["acceptance"][1]["met"], false);
}

#[test]
fn a_check_has_a_time_limit() {
    let rig = Rig::new(&[("one", "checks = [\"sleep 1000\"]")]);
    let config = "[run]\nfix_rounds = 0\ncheck_time = \"1s\"\n";
    rig.sandbox.write(".ticks/config.toml", config);
    let ended = rig.run([]).expect(7);
    let status = ended.of("one", "check_failed")[0]["status"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(status.contains("time limit"), "{status}");
    rig.assert_tidy();
}

#[test]
fn dependants_see_what_has_landed() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    rig.script(json!({
        "one": [work()],
        "two": [[{"run": "test -e one.txt && grep -q closed .ticks/one.toml && echo x > two.txt"}]],
    }));
    rig.run([]).expect(0);
}
