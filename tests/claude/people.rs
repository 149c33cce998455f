//! What people say reaches the session it was said about.

use serde_json::json;

use crate::model_endpoint::{ModelEndpoint, Turn};
use crate::stage::{Finished, Stage, commit, same};

/// The last request the endpoint has seen.
fn last_prompt(stage: &Stage) -> String {
    stage.endpoint.requests().pop().unwrap().prompt
}

/// Every process of the run was settled as the client told.
#[track_caller]
fn expect_settled(stage: &Stage, run: &Finished) {
    let reported = stage.reported(run.id());
    let settled = stage.settled(run.id());
    for (process, cost) in &reported {
        let (charged, basis) = &settled[process];
        assert_eq!(basis, "reported", "{process:?}");
        assert!(same(*charged, *cost), "{process:?}: {charged} {cost}");
    }
    assert!(!reported.is_empty());
}

#[test]
fn a_rejection_goes_to_the_same_session() {
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [
            commit("greeting", "hello"),
            Turn::done("said hello"),
            commit("greeting", "good morning"),
            Turn::done("said good morning"),
        ],
    );
    let stage = Stage::one_ticket(endpoint);
    stage
        .sandbox
        .tk(["update", "abc", "--requires", "review"])
        .ok();

    let first = stage.run(&["abc"]).expect(9);
    let shown = stage.show("abc");
    assert_eq!(shown["awaiting"], "review");
    expect_settled(&stage, &first);

    stage
        .sandbox
        .tk(["reject", "abc", "Be more formal: \"good morning\""])
        .ok();
    let second = stage.run(&["abc"]).expect(9);
    let prompt = last_prompt(&stage);
    assert!(
        prompt.contains("ID: abc") && prompt.contains("Be more formal: \"good morning\""),
        "{prompt}"
    );
    let session = second.of("abc", "session")[0];
    assert_eq!(session["session"], shown["runs"][0]["session"]);
    assert_eq!(session["resumed"], true);
    expect_settled(&stage, &second);
    assert_eq!(stage.show("abc")["awaiting"], "review");
    assert_eq!(stage.endpoint.requests().len(), 4);

    stage.sandbox.tk(["approve", "abc"]).ok();
    stage.sandbox.tk(["land", "abc"]).ok();
    assert_eq!(stage.show("abc")["status"], "closed");
    assert_eq!(stage.sandbox.read("greeting.txt"), "hello\ngood morning\n");
    assert_eq!(stage.branches(), ["main"]);
}

#[test]
fn an_answer_goes_to_the_session_that_asked() {
    let asked = json!({"questions": [{
        "question": "Which greeting?", "header": "Greeting", "multiSelect": false,
        "options": [{"label": "hello", "description": "short"}, {"label": "good day", "description": "long"}],
    }]});
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [
            Turn::tool("AskUserQuestion", asked),
            commit("greeting", "good day"),
            Turn::done("said good day"),
        ],
    );
    let stage = Stage::one_ticket(endpoint);
    stage
        .sandbox
        .write(".ticks/config.toml", "[run]\nlive_wait = \"0s\"\n");
    let first = stage.run(&["abc"]).expect(9);
    let shown = stage.show("abc");
    assert_eq!(shown["awaiting"], "input");
    let notes = shown["notes"].to_string();
    assert!(
        notes.contains("Which greeting?\\n1. hello\\n2. good day"),
        "{notes}"
    );
    assert_eq!(
        first.of("abc", "ask")[0]["options"],
        json!(["hello", "good day"])
    );
    expect_settled(&stage, &first);
    stage.expect_no_processes(first.id());

    stage
        .sandbox
        .tk(["answer", "abc", "the second one, please"])
        .ok();
    let second = stage.run(&["abc"]).expect(0);
    let prompt = last_prompt(&stage);
    assert!(
        prompt.contains("ID: abc") && prompt.contains("the second one, please"),
        "{prompt}"
    );
    let session = second.of("abc", "session")[0];
    assert_eq!(session["session"], shown["runs"][0]["session"]);
    assert_eq!(session["resumed"], true);
    expect_settled(&stage, &second);
    assert_eq!(stage.sandbox.read("greeting.txt"), "good day\n");
    assert_eq!(stage.show("abc")["status"], "closed");
}

#[test]
fn an_answer_by_number_reaches_the_live_client() {
    let asked = json!({"questions": [{
        "question": "Which greeting?", "header": "Greeting", "multiSelect": false,
        "options": [{"label": "hello", "description": "short"}, {"label": "good day", "description": "long"}],
    }]});
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [
            Turn::tool("AskUserQuestion", asked),
            commit("greeting", "good day"),
            Turn::done("said good day"),
        ],
    );
    let stage = Stage::one_ticket(endpoint);
    let mut live = stage.start(&["abc"]);
    live.until("abc", "awaiting");
    stage.sandbox.tk(["answer", "abc", "2"]).ok();
    let run = live.finish().expect(0);
    assert_eq!(run.of("abc", "answer")[0]["text"], "good day");
    assert_eq!(run.of("abc", "session").len(), 1, "it never ended");
    let results: Vec<_> = stage
        .endpoint
        .requests()
        .into_iter()
        .map(|r| r.results)
        .collect();
    assert!(results[1].contains("good day"), "{results:?}");
    assert_eq!(stage.show("abc")["status"], "closed");
    expect_settled(&stage, &run);
}

#[test]
fn a_question_in_the_result_is_a_question() {
    let blocked = json!({
        "status": "blocked", "summary": "nothing yet", "question": "In which language?",
    });
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [
            Turn::tool("StructuredOutput", blocked),
            commit("greeting", "hola"),
            Turn::done("said hola"),
        ],
    );
    let stage = Stage::one_ticket(endpoint);
    stage.run(&["abc"]).expect(9);
    let shown = stage.show("abc");
    assert_eq!(shown["awaiting"], "input");
    stage.sandbox.tk(["answer", "abc", "in Spanish"]).ok();
    let second = stage.run(&["abc"]).expect(0);
    assert_eq!(
        second.of("abc", "session")[0]["session"],
        shown["runs"][0]["session"]
    );
    assert!(last_prompt(&stage).contains("in Spanish"));
}

#[test]
fn what_is_not_allowed_is_refused_and_the_worker_told_why() {
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [
            Turn::bash("git push origin HEAD"),
            commit("greeting", "hello"),
            Turn::done("said hello"),
        ],
    );
    let stage = Stage::one_ticket(endpoint).with_agent(
        "allowed_tools = [\"Bash(echo *)\", \"Bash(git add *)\", \"Bash(git commit *)\"]",
    );
    let run = stage.run(&["abc"]).expect(0);
    let asked = run.of("abc", "permission");
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert_eq!(asked[0]["request"], "git push origin HEAD");
    assert_eq!(asked[0]["allowed"], false);
    let results: Vec<_> = stage
        .endpoint
        .requests()
        .into_iter()
        .map(|r| r.results)
        .collect();
    assert!(
        results[1].contains("`Bash` is not allowed for this worker"),
        "{results:?}"
    );
    assert_eq!(stage.sandbox.read("greeting.txt"), "hello\n");
}
