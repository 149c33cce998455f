//! The recorded streams, replayed: see `tests/streams/README.md`.

use std::fmt::Write;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::run::claude::control;

fn conversation() -> Conversation {
    Conversation::new(Path::new("/repo"), Prices::default())
}

/// The signals of a recorded stream, a line each.
macro_rules! replay {
    ($name:literal) => {
        shown(include_str!(concat!(
            "../../../../tests/streams/",
            $name,
            ".jsonl"
        )))
    };
}

fn shown(stream: &str) -> String {
    let mut conversation = conversation();
    let mut out = String::new();
    for line in stream.lines() {
        for signal in conversation.line(line) {
            writeln!(out, "{}", signal_shown(&signal)).unwrap();
        }
    }
    let end = conversation.ended("killed by signal 9", "some error\n");
    if conversation.result().is_none() {
        writeln!(out, "{}", result_shown(&end)).unwrap();
    }
    out
}

fn signal_shown(signal: &Signal) -> String {
    match signal {
        Signal::Session { model, version, .. } => {
            let known = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("session {} {}", known(model), known(version))
        }
        Signal::Did(kind) => {
            let mut value = serde_json::to_value(kind).unwrap();
            let kind = value["kind"].take();
            let text = value.as_object().unwrap().values().next_back().unwrap();
            format!("{} {text}", kind.as_str().unwrap())
        }
        Signal::Question(question) => format!("question {:?}", question.parts),
        Signal::Permission(permission) => {
            format!("permission {} {:?}", permission.tool, permission.what)
        }
        Signal::Unsupported { .. } => "unsupported".to_owned(),
        Signal::Withdrawn { .. } => "withdrawn".to_owned(),
        Signal::Retry(retry, pointless) => {
            let ApiRetry { attempt, error, .. } = retry;
            format!("retry {attempt} {error} {pointless:?}")
        }
        Signal::UsageLimit { resets_at } => format!("usage limit {resets_at:?}"),
        Signal::Usage(live) => {
            let Usage { input, output, .. } = live.usage;
            let dollars = |cost: Option<Usd>| cost.unwrap_or_default();
            let (cost, turn) = (dollars(live.cost), dollars(live.largest_turn));
            format!(
                "usage {input}/{output} ${cost}, turn ${turn}, {}",
                live.turns
            )
        }
        Signal::TurnEnded(result) => result_shown(result),
    }
}

fn result_shown(result: &WorkerResult) -> String {
    let failure = result.failure.as_ref();
    let failure = failure.map_or("done".to_owned(), |f| format!("{}: {}", f.class, f.reason));
    let cost = result
        .cost
        .map_or("unknown".to_owned(), |cost| format!("${cost}"));
    let Usage { input, output, .. } = result.usage;
    let (turns, denied) = (result.turns, &result.denied);
    format!("result {failure} | {cost} {input}/{output} {turns} turns, denied {denied:?}")
}

#[test]
fn success() {
    insta::assert_snapshot!(replay!("success"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    thought "I should write the file."
    say "Writing the greeting."
    create "hello.txt"
    command "git add -A && git commit -qm 'add greeting' && git log --oneline | head -1"
    say "Done: hello.txt added."
    result no_report: it ended without the structured result it was asked for | $0.03 3000/600 3 turns, denied []
    "#);
}

#[test]
fn structured_output() {
    insta::assert_snapshot!(replay!("structured_output"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    say "working"
    result done | $0.01 1000/200 2 turns, denied []
    "#);
}

#[test]
fn structured_output_missing() {
    insta::assert_snapshot!(replay!("structured_output_missing"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    usage 1000/1 $0.005025, turn $0.005025, 1
    say "I refuse structured output"
    usage 1000/200 $0.01, turn $0.01, 1
    usage 2000/201 $0.015025, turn $0.01, 2
    say "I refuse structured output"
    usage 2000/400 $0.02, turn $0.01, 2
    result no_report: it ended without the structured result it was asked for | $0.02 2000/400 2 turns, denied []
    "#);
}

#[test]
fn structured_output_retried() {
    insta::assert_snapshot!(replay!("structured_output_retried"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    usage 1000/1 $0.005025, turn $0.005025, 1
    usage 1000/200 $0.01, turn $0.01, 1
    usage 2000/201 $0.015025, turn $0.01, 2
    usage 2000/400 $0.02, turn $0.01, 2
    result no_report: its structured result lacks a `status` of done, blocked or partial, or a `summary` | $0.02 2000/400 3 turns, denied []
    "#);
}

#[test]
fn two_turns_one_process() {
    insta::assert_snapshot!(replay!("two_turns_one_process"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    usage 1000/1 $0.005025, turn $0.005025, 1
    command "echo 1 > a1.txt && git add a1.txt && git commit -qm a1"
    usage 1000/200 $0.01, turn $0.01, 1
    usage 2000/201 $0.015025, turn $0.01, 2
    usage 2000/400 $0.02, turn $0.01, 2
    result done | $0.02 2000/400 3 turns, denied []
    usage 3000/401 $0.025025, turn $0.01, 3
    command "echo 2 > a2.txt && git add a2.txt && git commit -qm a2"
    usage 3000/600 $0.03, turn $0.01, 3
    usage 4000/601 $0.035025, turn $0.01, 4
    usage 4000/800 $0.04, turn $0.01, 4
    result done | $0.04 4000/800 3 turns, denied []
    "#);
}

#[test]
fn partial_messages() {
    insta::assert_snapshot!(replay!("partial_messages"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    usage 1000/1 $0.005025, turn $0.005025, 1
    say "first answer"
    usage 1000/200 $0.01, turn $0.01, 1
    result no_report: it ended without the structured result it was asked for | $0.01 1000/200 1 turns, denied []
    "#);
}

#[test]
fn subagent() {
    insta::assert_snapshot!(replay!("subagent"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    usage 1000/1 $0.005025, turn $0.005025, 1
    command "Task sub"
    usage 1000/200 $0.01, turn $0.01, 1
    usage 2000/201 $0.015025, turn $0.01, 2
    say "outer done"
    usage 2000/400 $0.02, turn $0.01, 2
    usage 3000/401 $0.025025, turn $0.01, 3
    say "outer done"
    usage 3000/600 $0.03, turn $0.01, 3
    result no_report: it ended without the structured result it was asked for | $0.04 4000/800 3 turns, denied []
    "#);
}

#[test]
fn ask_answered() {
    insta::assert_snapshot!(replay!("ask_answered"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    question [QuestionPart { question: "A or B?", options: ["A", "B"], multiple: false }]
    say "asked"
    result no_report: it ended without the structured result it was asked for | $0.02 2000/400 2 turns, denied []
    "#);
}

#[test]
fn ask_stdin_closed() {
    insta::assert_snapshot!(replay!("ask_stdin_closed"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    question [QuestionPart { question: "A or B?", options: ["A", "B"], multiple: false }]
    say "asked"
    result no_report: it ended without the structured result it was asked for | $0.02 2000/400 2 turns, denied ["AskUserQuestion"]
    "#);
}

#[test]
fn ask_tool_unavailable() {
    insta::assert_snapshot!(replay!("ask_tool_unavailable"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    say "asked"
    result no_report: it ended without the structured result it was asked for | $0.02 2000/400 2 turns, denied []
    "#);
}

#[test]
fn permission_allowed() {
    insta::assert_snapshot!(replay!("permission_allowed"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    command "touch /repo/denied && curl http://127.0.0.1:1/"
    permission Bash "touch /repo/denied && curl http://127.0.0.1:1/"
    say "I could not run the command."
    result no_report: it ended without the structured result it was asked for | $0.02 2000/400 2 turns, denied []
    "#);
}

#[test]
fn permission_denied() {
    insta::assert_snapshot!(replay!("permission_denied"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    command "touch /repo/denied && curl http://127.0.0.1:1/"
    say "I could not run the command."
    result no_report: it ended without the structured result it was asked for | $0.02 2000/400 2 turns, denied ["Bash"]
    "#);
}

#[test]
fn rate_limited_then_ok() {
    insta::assert_snapshot!(replay!("rate_limited_then_ok"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    retry 1 rate_limit None
    retry 2 rate_limit None
    say "after limit ok"
    result no_report: it ended without the structured result it was asked for | $0.01 1000/200 1 turns, denied []
    "#);
}

#[test]
fn overloaded_then_ok() {
    insta::assert_snapshot!(replay!("overloaded_then_ok"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    retry 1 overloaded None
    say "after overload ok"
    result no_report: it ended without the structured result it was asked for | $0.01 1000/200 1 turns, denied []
    "#);
}

#[test]
fn error_auth_retrying_cut() {
    insta::assert_snapshot!(replay!("error_auth_retrying_cut"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    retry 1 authentication_failed Some(Authentication)
    retry 2 authentication_failed Some(Authentication)
    retry 3 authentication_failed Some(Authentication)
    retry 4 authentication_failed Some(Authentication)
    retry 5 authentication_failed Some(Authentication)
    retry 6 authentication_failed Some(Authentication)
    retry 7 authentication_failed Some(Authentication)
    retry 8 authentication_failed Some(Authentication)
    result authentication: it ended without a result: killed by signal 9
    some error | unknown 0/0 0 turns, denied []
    "#);
}

#[test]
fn error_billing() {
    insta::assert_snapshot!(replay!("error_billing"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    say "Credit balance is too low"
    result billing: Credit balance is too low | $0.00 0/0 1 turns, denied []
    "#);
}

#[test]
fn error_max_budget() {
    insta::assert_snapshot!(replay!("error_max_budget"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    say "step"
    command "git status --short"
    say "step"
    command "git status --short"
    say "step"
    command "git status --short"
    result max_budget: Reached maximum budget ($0.5) | $0.675 60000/15000 3 turns, denied []
    "#);
}

#[test]
fn error_max_turns() {
    insta::assert_snapshot!(replay!("error_max_turns"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    say "step"
    command "git status --short"
    say "step"
    command "git status --short"
    result max_turns: Reached maximum number of turns (2) | $0.45 40000/10000 3 turns, denied []
    "#);
}

#[test]
fn error_no_such_session() {
    insta::assert_snapshot!(replay!("error_no_such_session"), @r#"
    result unknown_session: No conversation found with session ID: 5e691610-904d-4786-a931-89838d720241 | $0.00 0/0 0 turns, denied []
    "#);
}

#[test]
fn interrupted() {
    insta::assert_snapshot!(replay!("interrupted"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    result interrupted: it was interrupted | $0.00 0/0 2 turns, denied []
    "#);
}

#[test]
fn sigint() {
    insta::assert_snapshot!(replay!("sigint"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    command "sleep 300"
    result interrupted: it was interrupted | $0.01 1000/200 3 turns, denied []
    "#);
}

#[test]
fn sigkill_cut() {
    insta::assert_snapshot!(replay!("sigkill_cut"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    command "sleep 300"
    result no_result: it ended without a result: killed by signal 9
    some error | unknown 0/0 1 turns, denied []
    "#);
}

#[test]
fn sigterm_cut() {
    insta::assert_snapshot!(replay!("sigterm_cut"), @r#"
    session claude-opus-4-8[1m] 2.1.197
    command "sleep 300"
    result no_result: it ended without a result: killed by signal 9
    some error | unknown 0/0 1 turns, denied []
    "#);
}

#[test]
fn what_the_client_reports_is_what_the_price_table_gives() {
    let streams = concat!(
        include_str!("../../../../tests/streams/success.jsonl"),
        include_str!("../../../../tests/streams/error_max_budget.jsonl"),
        include_str!("../../../../tests/streams/subagent.jsonl"),
    );
    let prices = Prices::default();
    let mut seen = 0;
    for line in streams.lines() {
        if let Event::Result(turn) = Event::parse(line) {
            let ours: Usd = turn
                .models
                .iter()
                .map(|(model, usage)| prices.cost(model, usage).unwrap())
                .sum();
            assert_eq!(Some(ours), turn.cost);
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn an_answer_repeats_the_question_as_the_recorded_one_does() {
    let stream = include_str!("../../../../tests/streams/ask_answered.jsonl");
    let recorded = stream
        .lines()
        .find(|line| line.contains("control_response"))
        .unwrap();
    let mut conversation = conversation();
    let asked = stream.lines().flat_map(|line| conversation.line(line));
    let question = asked
        .filter_map(|signal| match signal {
            Signal::Question(question) => Some(question),
            _ => None,
        })
        .next()
        .unwrap();
    let answers = [("A or B?".to_owned(), "B".to_owned())].into();
    assert_eq!(control::answer(&question, &answers), recorded);
}

#[test]
fn a_permission_is_given_as_the_recorded_one_is() {
    let stream = include_str!("../../../../tests/streams/permission_allowed.jsonl");
    let recorded = stream
        .lines()
        .find(|line| line.contains("control_response"))
        .unwrap();
    let mut conversation = conversation();
    let mut signals = stream.lines().flat_map(|line| conversation.line(line));
    let permission = signals
        .find_map(|signal| match signal {
            Signal::Permission(permission) => Some(permission),
            _ => None,
        })
        .unwrap();
    assert_eq!(control::allow(&permission), recorded);
    insta::assert_snapshot!(control::deny("r", "no \"x\""), @r#"{"type":"control_response","response":{"subtype":"success","request_id":"r","response":{"behavior":"deny","message":"no \"x\""}}}"#);
    insta::assert_snapshot!(control::prompt("a\nb"), @r#"{"type":"user","message":{"role":"user","content":"a\nb"}}"#);
    insta::assert_snapshot!(control::interrupt("r1"), @r#"{"type":"control_request","request_id":"r1","request":{"subtype":"interrupt"}}"#);
}

#[test]
fn lines_of_other_versions_pass() {
    let mut conversation = conversation();
    for line in [
        "",
        "not json",
        "[]",
        "null",
        "{\"type\":7}",
        r#"{"type":"system","subtype":"brand_new","x":{"y":[1]}}"#,
        r#"{"type":"assistant","message":{"content":[{"type":"hologram"},7]}}"#,
        r#"{"type":"assistant","message":"text"}"#,
        r#"{"type":"stream_event","event":{"type":"message_delta","usage":{}}}"#,
    ] {
        assert_eq!(conversation.line(line), [], "{line}");
    }
    let request = r#"{"type":"control_request","request_id":"9","request":{"subtype":"mcp"}}"#;
    let unsupported = Signal::Unsupported {
        request: "9".to_owned(),
    };
    assert_eq!(conversation.line(request), [unsupported]);
}

#[test]
fn a_used_up_account_tells_when_it_may_go_on() {
    let mut conversation = conversation();
    let signals = conversation.line(
        r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795168800}}"#,
    );
    let resets_at = Some("2026-11-20T10:00:00Z".parse().unwrap());
    assert_eq!(signals, [Signal::UsageLimit { resets_at }]);
    let end = conversation.ended("exit 1", "").failure.unwrap();
    assert_eq!(end.class, FailureClass::UsageLimit);
}

#[test]
fn stderr_is_the_last_evidence() {
    let class = |stderr: &str| {
        conversation()
            .ended("exit 1", stderr)
            .failure
            .unwrap()
            .class
    };
    let in_use = "Error: Session ID 9c3f1c8c-bc86-4a51-9db0-459902254735 is already in use.";
    assert_eq!(class(in_use), FailureClass::SessionInUse);
    assert_eq!(class("Segmentation fault"), FailureClass::NoResult);
}

#[test]
fn a_retry_tells_how_long_the_client_waits() {
    let stream = include_str!("../../../../tests/streams/rate_limited_then_ok.jsonl");
    let delays: Vec<Duration> = stream
        .lines()
        .filter_map(|line| match Event::parse(line) {
            Event::ApiRetry(retry) => Some(retry.delay),
            _ => None,
        })
        .collect();
    assert_eq!(delays.len(), 2);
    assert!(delays[0] > Duration::from_millis(533) && delays[0] < delays[1]);
}

#[test]
fn paths_are_seen_from_the_worktree() {
    let conversation = conversation();
    for (path, seen) in [
        ("/repo/src/a.rs", "src/a.rs"),
        ("/repository/a.rs", "/repository/a.rs"),
        ("/repo", "/repo"),
        ("a.rs", "a.rs"),
    ] {
        assert_eq!(conversation.relative(path), seen);
    }
}

/// JSON of the shapes the client uses, with anything in the places of their values.
fn line() -> impl Strategy<Value = String> {
    let keys = prop::sample::select(vec![
        "type",
        "subtype",
        "message",
        "content",
        "event",
        "usage",
        "request",
        "request_id",
        "input",
        "questions",
        "tool_name",
        "modelUsage",
        "total_cost_usd",
        "duration_ms",
        "structured_output",
        "status",
        "summary",
        "rate_limit_info",
        "resetsAt",
        "name",
        "id",
        "result",
        "errors",
        "retry_delay_ms",
        "error",
    ]);
    let words = prop::sample::select(vec![
        "system",
        "assistant",
        "user",
        "stream_event",
        "result",
        "control_request",
        "init",
        "api_retry",
        "can_use_tool",
        "AskUserQuestion",
        "success",
        "message_start",
        "message_delta",
        "tool_use",
        "text",
        "rate_limit_event",
        "done",
        "tool_result",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..8).prop_map(|pairs| {
                let pairs = pairs
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value));
                Value::Object(pairs.collect())
            }),
        ]
    });
    prop_oneof![value.prop_map(|value| value.to_string()), ".{0,200}"]
}

proptest! {
    #[test]
    fn no_line_is_too_much(lines in prop::collection::vec(line(), 1..12)) {
        let mut conversation = conversation();
        for line in &lines {
            for signal in conversation.line(line) {
                prop_assert!(!signal_shown(&signal).is_empty());
            }
        }
        prop_assert!(conversation.ended("exit 1", "x").turns < 1000);
    }
}
