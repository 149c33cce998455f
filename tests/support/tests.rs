//! The sandbox itself, tested wherever it is used; so every part of it has a user in every
//! test program.

use super::Sandbox;

#[test]
fn a_sandbox_has_one_commit_and_no_settings_of_the_machine() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.git(["rev-list", "--count", "HEAD"]), "1\n");
    assert_eq!(sandbox.read("README.md"), "sample\n");
    let env = sandbox.run(&mut sandbox.command("env"), None).ok();
    assert!(env.contains("HOME=$ROOT/home\n"), "{env}");
    assert!(!env.contains("CARGO"), "{env}");
}

#[test]
fn settings_are_changed_one_by_one() {
    let mut sandbox = Sandbox::without_repository()
        .with_env("TK_TEST_SEED", "8")
        .without_env("TK_ACTOR");
    sandbox.at("2027-01-01T00:00:00Z");
    sandbox.ticket("abc", "title = \"x\"\n");
    let script = "cat; env; cat .ticks/abc.toml; pwd >&2; exit 3";
    let mut command = sandbox.command("sh");
    let output = sandbox.run(command.args(["-c", script]), Some("in\n"));
    assert!(output.stdout.starts_with("in\n"));
    assert!(output.stdout.contains("TK_TEST_SEED=8\n"));
    assert!(output.stdout.contains("TK_TEST_NOW=2027-01-01T00:00:00Z\n"));
    assert!(!output.stdout.contains("TK_ACTOR"));
    assert!(
        output
            .to_string()
            .ends_with("title = \"x\"\n--- stderr\n$ROOT/repo\n--- exit 3\n")
    );
}

#[test]
fn tk_runs_in_it() {
    let sandbox = Sandbox::initialised();
    sandbox.tk(["--version"]).ok();
    assert_eq!(sandbox.tk_with_input(["--help"], "text\n").code, 0);
    assert_eq!(sandbox.file(["A ticket"]).len(), 3);
    let json = sandbox.run(sandbox.command("echo").arg("{\"a\":1}"), None);
    assert_eq!(json.json()["a"], 1);
}
