//! What a run may spend, and what it needs to begin.

use crate::model_endpoint::{ModelEndpoint, Turn};
use crate::stage::{Stage, commit, refused, same};

/// What a request costs.
const REQUEST: f64 = 0.01;

#[test]
fn the_cap_holds_up_to_one_request_a_conversation() {
    let endpoint = ModelEndpoint::start()
        .on("ID: abc", [Turn::bash("true")])
        .on("ID: def", [Turn::bash("true")]);
    let stage = Stage::tickets(endpoint, &["abc", "def"]);
    let cap = 0.045;
    let run = stage
        .run(&["abc", "def", "-j", "2", "--max-cost", "0.045"])
        .expect(10);
    assert_eq!(run.last()["outcome"], "budget");
    let spent = run.last()["cost_usd"].as_f64().unwrap();
    assert!(spent <= cap + 2.0 * REQUEST + 1e-9, "{spent}");
    let paid = stage.endpoint.requests().len() as f64 * REQUEST;
    assert!(spent <= paid + 1e-9, "{spent} {paid}");
    let reported: f64 = stage.reported(run.id()).values().sum();
    assert!(same(spent, reported), "{spent} {reported}");
    stage.expect_no_processes(run.id());
    for id in ["abc", "def"] {
        assert_eq!(stage.show(id)["status"], "open");
    }
}

#[test]
fn a_cap_below_one_request_pays_for_one_and_a_higher_one_goes_on() {
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [
            Turn::bash("true"),
            commit("abc", "abc"),
            Turn::done("did abc"),
        ],
    );
    let stage = Stage::one_ticket(endpoint);
    let run = stage.run(&["abc", "--max-cost", "0.001"]).expect(10);
    assert!(same(run.last()["cost_usd"].as_f64().unwrap(), REQUEST));
    assert_eq!(stage.endpoint.requests().len(), 1);
    assert_eq!(run.tickets("unstarted"), ["abc"]);
    stage.expect_no_processes(run.id());

    let again = stage.run(&["abc", "--max-cost", "1"]).expect(0);
    let (first, second) = (run.of("abc", "session")[0], again.of("abc", "session")[0]);
    assert_eq!(first["session"], second["session"]);
    let shown = stage.show("abc");
    assert_eq!(shown["status"], "closed");
    assert!(
        same(shown["cost_usd"].as_f64().unwrap(), 3.0 * REQUEST),
        "{shown}"
    );
}

#[test]
fn without_the_client_nothing_begins_and_it_is_said_what_to_do() {
    let stage = Stage::one_ticket(ModelEndpoint::start());
    let bin = stage.sandbox.root().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let git = stage.sandbox.run(
        stage.sandbox.command("sh").args(["-c", "command -v git"]),
        None,
    );
    std::os::unix::fs::symlink(git.ok().trim(), bin.join("git")).unwrap();
    let Stage { sandbox, endpoint } = stage;
    let sandbox = sandbox
        .with_env("PATH", bin.to_str().unwrap())
        .without_env("TK_CLAUDE");
    let said = refused(&sandbox.tk(["run", "abc"]), 1);
    insta::assert_snapshot!(said, @r"
    error: the worker program `claude` is not in `PATH`
    hint: install it with `npm install -g @anthropic-ai/claude-code`, name it in `TK_CLAUDE`, or run with another agent: `--agent NAME`
    ");
    assert_eq!(
        sandbox.git(["branch", "--format=%(refname:short)"]),
        "main\n"
    );
    assert_eq!(
        sandbox.git(["status", "--porcelain"]),
        "?? .ticks/abc.toml\n"
    );
    let said = refused(
        &sandbox
            .with_env("TK_CLAUDE", "/nowhere/claude")
            .tk(["run", "abc"]),
        1,
    );
    insta::assert_snapshot!(said, @r"
    error: the worker program `/nowhere/claude` is not there
    hint: install it with `npm install -g @anthropic-ai/claude-code`, name it in `TK_CLAUDE`, or run with another agent: `--agent NAME`
    ");
    assert!(endpoint.requests().is_empty());
}
