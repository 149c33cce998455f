//! The protocol as the real client speaks it.

use serde_json::json;
use tk::model::Usd;
use tk::run::attempt::{ExitCause, ExitStatus};
use tk::run::claude::args::Session;
use tk::run::claude::control;
use tk::run::claude::conversation::Signal;
use tk::run::claude::result::ReportStatus;
use tk::run::failure::FailureClass;
use tk::wire::EventKind;

use crate::client::{Client, program};
use crate::model_endpoint::{Gate, ModelEndpoint, Tokens, Turn};
use crate::support::Sandbox;

const SESSION: &str = "6c1d2c1e-2f4b-4a53-9c58-0f5b3f1f7a01";
const PROMPT: &str = "Title: a greeting\nID: abc\nSay hello.";

fn usd(text: &str) -> Usd {
    Usd::parse(text).unwrap()
}

/// A named pipe through which a tool says that it runs.
struct Pipe(String);

impl Pipe {
    fn new(sandbox: &Sandbox) -> Self {
        let path = sandbox.root().join("pipe");
        sandbox.run(sandbox.command("mkfifo").arg(&path), None).ok();
        Self(path.display().to_string())
    }

    fn wait(&self) {
        assert_eq!(std::fs::read_to_string(&self.0).unwrap(), "up\n");
    }
}

fn did(signals: &[Signal]) -> Vec<EventKind> {
    let did = signals.iter().filter_map(|signal| match signal {
        Signal::Did(kind) => Some(kind.clone()),
        _ => None,
    });
    did.collect()
}

#[tokio::test]
async fn a_session_writes_commits_and_reports() {
    let sandbox = Sandbox::new();
    let file = sandbox.path().join("hello.txt");
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [
            Turn::tool("Write", json!({"file_path": file, "content": "hello\n"})),
            Turn::bash("git add -A && git commit -qm 'say hello'"),
            Turn::done("hello is said"),
        ],
    );
    let mut client = Client::start(&sandbox, &endpoint, Session::Fresh(SESSION), PROMPT);
    let (signals, result) = client.turn().await;
    let Signal::Session {
        session, version, ..
    } = &signals[0]
    else {
        panic!("{signals:?}");
    };
    assert_eq!(
        (session.as_str(), version.as_deref()),
        (SESSION, Some("2.1.197"))
    );
    assert_eq!(
        did(&signals),
        [
            EventKind::Create {
                path: "hello.txt".to_owned()
            },
            EventKind::Command {
                command: "git add -A && git commit -qm 'say hello'".to_owned()
            },
        ]
    );
    assert_eq!(result.failure, None);
    let report = result.report.unwrap();
    assert_eq!(report.status, ReportStatus::Done);
    assert_eq!(report.summary, "hello is said");
    assert_eq!(result.cost, Some(usd("0.03")));
    // Without subagents the estimate is exact.
    assert_eq!(client.conversation.live().cost, result.cost);
    assert_eq!(client.conversation.live().usage, result.usage);
    let exit = client.end();
    assert_eq!(
        (exit.status, exit.cause),
        (ExitStatus::Code(0), ExitCause::Own)
    );
    assert_eq!(sandbox.read("hello.txt"), "hello\n");
    assert_eq!(
        sandbox.git(["log", "-1", "--format=%an %s"]),
        "claude say hello\n"
    );
    assert_eq!(endpoint.requests().len(), 3);
    assert!(
        endpoint
            .requests()
            .iter()
            .all(|r| r.line.as_deref() == Some("ID: abc"))
    );
}

#[tokio::test]
async fn a_session_goes_on_in_a_new_process() {
    let sandbox = Sandbox::new();
    let endpoint =
        ModelEndpoint::start().on("ID: abc", [Turn::done("first"), Turn::done("second")]);
    let mut first = Client::start(&sandbox, &endpoint, Session::Fresh(SESSION), PROMPT);
    assert_eq!(first.turn().await.1.failure, None);
    first.end();
    let mut second = Client::start(
        &sandbox,
        &endpoint,
        Session::Resume(SESSION),
        "The check is red.",
    );
    let (_, result) = second.turn().await;
    assert_eq!(second.conversation.session(), Some(SESSION));
    assert_eq!(result.report.unwrap().summary, "second");
    // Each process counts for itself.
    assert_eq!(result.cost, Some(usd("0.01")));
    second.end();
    let last = endpoint.requests().pop().unwrap();
    assert!(last.prompt.contains("ID: abc") && last.prompt.contains("The check is red."));
}

#[tokio::test]
async fn a_session_that_is_not_there_is_told() {
    let sandbox = Sandbox::new();
    let endpoint = ModelEndpoint::start();
    let mut client = Client::start(&sandbox, &endpoint, Session::Resume(SESSION), PROMPT);
    let (_, result) = client.turn().await;
    assert_eq!(result.failure.unwrap().class, FailureClass::UnknownSession);
    client.end();
}

#[tokio::test]
async fn an_interrupted_turn_tells_its_cost() {
    let sandbox = Sandbox::new();
    let gate = Gate::default();
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [Turn::bash("true"), Turn::done("never").behind(&gate)],
    );
    let mut client = Client::start(&sandbox, &endpoint, Session::Fresh(SESSION), PROMPT);
    gate.reached();
    client.inbox.write_line(&control::interrupt("r1")).unwrap();
    let (_, result) = client.turn().await;
    assert_eq!(result.failure.unwrap().class, FailureClass::Interrupted);
    assert_eq!(result.cost, Some(usd("0.01")));
    assert_eq!(client.end().cause, ExitCause::Own);
}

/// The signal ends the client with a result while a tool runs. While it waits for the model, the
/// client has mostly gone before it could write one (on a busy machine it wrote one in 2 of 72
/// tries); a result that comes tells what the answers so far cost.
#[tokio::test]
async fn the_interrupt_signal_surely_tells_the_cost_only_while_a_tool_runs() {
    for tool_runs in [false, true] {
        let sandbox = Sandbox::new();
        let (gate, pipe) = (Gate::default(), Pipe::new(&sandbox));
        let second = match tool_runs {
            true => Turn::bash(&format!("echo up > '{}'; sleep 1000", pipe.0)),
            false => Turn::done("never").behind(&gate),
        };
        let endpoint = ModelEndpoint::start().on("ID: abc", [Turn::bash("true"), second]);
        let mut client = Client::start(&sandbox, &endpoint, Session::Fresh(SESSION), PROMPT);
        if tool_runs {
            pipe.wait();
        } else {
            gate.reached();
        }
        client.inbox.interrupt().unwrap();
        let result = client.rest().await;
        let told = match result.failure.unwrap().class {
            FailureClass::NoResult if !tool_runs => None,
            FailureClass::Interrupted => Some(usd(if tool_runs { "0.02" } else { "0.01" })),
            class => panic!("tool runs: {tool_runs}, {class:?}"),
        };
        assert_eq!(result.cost, told, "tool runs: {tool_runs}");
        // What the runner counts where no result came.
        let answered = usd(if tool_runs { "0.02" } else { "0.01" });
        assert_eq!(client.conversation.live().cost, Some(answered));
        assert_eq!(client.end().cause, ExitCause::Interrupted);
    }
}

#[tokio::test]
async fn what_a_tool_left_running_is_ended() {
    let sandbox = Sandbox::new();
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [
            Turn::bash("setsid sh -c 'trap \"\" TERM HUP INT; sleep 1000 & sleep 1000' >/dev/null 2>&1 & echo $! > pid"),
            Turn::done("left something"),
        ],
    );
    let mut client = Client::start(&sandbox, &endpoint, Session::Fresh(SESSION), PROMPT);
    assert_eq!(client.turn().await.1.failure, None);
    let exit = client.end();
    assert!(exit.leftovers >= 2, "{}", exit.leftovers);
    assert_eq!(exit.unkillable, 0);
}

/// A session is on the disk a moment after it began; a worker killed before that has none to
/// go on with.
#[tokio::test]
async fn a_killed_worker_leaves_nothing_and_can_be_resumed() {
    let sandbox = Sandbox::new();
    let pipe = Pipe::new(&sandbox);
    let kept = format!("grep -qs tool_use ~/.claude/projects/*/{SESSION}.jsonl");
    let command = format!(
        "until {kept}; do sleep 0.05; done; echo up > '{}'; sleep 1000",
        pipe.0
    );
    let endpoint =
        ModelEndpoint::start().on("ID: abc", [Turn::bash(&command), Turn::done("resumed")]);
    let mut client = Client::start(&sandbox, &endpoint, Session::Fresh(SESSION), PROMPT);
    pipe.wait();
    client.inbox.kill().unwrap();
    let result = client.rest().await;
    assert_eq!(result.failure.unwrap().class, FailureClass::NoResult);
    assert_eq!(client.conversation.live().cost, Some(usd("0.01")));
    let exit = client.end();
    assert_eq!(
        (exit.status, exit.cause),
        (ExitStatus::Signal(9), ExitCause::Killed)
    );

    let mut client = Client::start(&sandbox, &endpoint, Session::Resume(SESSION), "Go on.");
    let (_, result) = client.turn().await;
    assert_eq!(result.failure, None);
    assert_eq!(result.report.unwrap().summary, "resumed");
    client.end();
}

#[tokio::test]
async fn a_question_waits_for_its_answer() {
    let sandbox = Sandbox::new();
    let asked = json!({"questions": [{
        "question": "A or B?", "header": "Pick", "multiSelect": false,
        "options": [{"label": "A", "description": "a"}, {"label": "B", "description": "b"}],
    }]});
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [Turn::tool("AskUserQuestion", asked), Turn::done("asked")],
    );
    let mut client = Client::start(&sandbox, &endpoint, Session::Fresh(SESSION), PROMPT);
    let mut signals = client
        .until(|signal| matches!(signal, Signal::Question(_)))
        .await;
    let Some(Signal::Question(question)) = signals.pop() else {
        panic!("{signals:?}");
    };
    assert_eq!(question.parts[0].options, ["A", "B"]);
    let answers = [("A or B?".to_owned(), "B".to_owned())].into();
    client
        .inbox
        .write_line(&control::answer(&question, &answers))
        .unwrap();
    let (_, result) = client.turn().await;
    assert_eq!((result.failure, result.denied), (None, vec![]));
    client.end();
}

#[tokio::test]
async fn a_permission_can_be_refused() {
    let sandbox = Sandbox::new();
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [Turn::bash("touch made && touch more"), Turn::done("tried")],
    );
    let mut client = Client::start_with(
        &sandbox,
        &endpoint,
        Session::Fresh(SESSION),
        PROMPT,
        |invocation| {
            invocation.permission_mode = "default";
            invocation.allowed_tools = &[];
        },
    );
    let mut signals = client
        .until(|signal| matches!(signal, Signal::Permission(_)))
        .await;
    let Some(Signal::Permission(permission)) = signals.pop() else {
        panic!("{signals:?}");
    };
    assert_eq!(permission.what, "touch made && touch more");
    client
        .inbox
        .write_line(&control::deny(&permission.request, "not allowed here"))
        .unwrap();
    let (_, result) = client.turn().await;
    assert_eq!(result.failure, None);
    client.end();
    assert!(!sandbox.path().join("made").exists());
}

#[tokio::test]
async fn an_unknown_key_is_pointless_from_the_first_retry_on() {
    let sandbox = Sandbox::new();
    let refused = Turn::error(401, "authentication_error", "invalid x-api-key");
    let endpoint = ModelEndpoint::start().on("ID: abc", [refused]);
    let mut client = Client::start(&sandbox, &endpoint, Session::Fresh(SESSION), PROMPT);
    let pointless =
        |signal: &Signal| matches!(signal, Signal::Retry(_, Some(FailureClass::Authentication)));
    client.until(pointless).await;
    client.inbox.kill().unwrap();
    let conversation = client.conversation.clone();
    client.end();
    let failure = conversation.ended("killed", "").failure.unwrap();
    assert_eq!(failure.class, FailureClass::Authentication);
}

#[tokio::test]
async fn a_limit_or_an_overload_that_passes_is_only_told() {
    let sandbox = Sandbox::new();
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [
            Turn::error(429, "rate_limit_error", "slow down"),
            Turn::error(529, "overloaded_error", "busy"),
            Turn::done("after all"),
        ],
    );
    let mut client = Client::start(&sandbox, &endpoint, Session::Fresh(SESSION), PROMPT);
    let (signals, result) = client.turn().await;
    let retries = signals.iter().filter_map(|signal| match signal {
        Signal::Retry(retry, None) => Some(retry.error.as_str()),
        _ => None,
    });
    assert_eq!(retries.collect::<Vec<_>>(), ["rate_limit", "overloaded"]);
    assert_eq!(result.failure, None);
    client.end();
}

#[tokio::test]
async fn no_money_is_a_class_of_its_own() {
    let sandbox = Sandbox::new();
    let message = "Your credit balance is too low to access the Anthropic API.";
    let endpoint = ModelEndpoint::start().on(
        "ID: abc",
        [Turn::error(400, "invalid_request_error", message)],
    );
    let mut client = Client::start(&sandbox, &endpoint, Session::Fresh(SESSION), PROMPT);
    let (_, result) = client.turn().await;
    assert_eq!(result.failure.unwrap().class, FailureClass::Billing);
    client.end();
}

#[tokio::test]
async fn the_budget_ends_a_turn_and_the_prices_are_the_clients_own() {
    let sandbox = Sandbox::new();
    let tokens = Tokens {
        input: 10_000,
        output: 3_000,
        cache_write: 20_000,
        cache_read: 400_000,
    };
    let step = || Turn::bash("true").costing(tokens);
    let endpoint = ModelEndpoint::start().on("ID: abc", [step(), step(), step(), step()]);
    let mut client = Client::start_with(
        &sandbox,
        &endpoint,
        Session::Fresh(SESSION),
        PROMPT,
        |invocation| {
            invocation.model = Some("claude-haiku-4-5");
            invocation.max_budget = Some(usd("0.10"));
        },
    );
    let (_, result) = client.turn().await;
    assert_eq!(result.failure.unwrap().class, FailureClass::MaxBudget);
    // 0.09 a request: the second crosses the budget, and is paid in full.
    assert_eq!(result.cost, Some(usd("0.18")));
    assert_eq!(client.conversation.live().cost, result.cost);
    assert_eq!(client.conversation.live().largest_turn, Some(usd("0.09")));
    client.end();
    assert!(
        endpoint
            .requests()
            .iter()
            .all(|r| r.model == "claude-haiku-4-5")
    );
}

#[tokio::test]
async fn a_session_in_use_is_told() {
    let sandbox = Sandbox::new();
    let endpoint = ModelEndpoint::start().on("ID: abc", [Turn::done("first")]);
    let mut first = Client::start(&sandbox, &endpoint, Session::Fresh(SESSION), PROMPT);
    first.turn().await;
    first.end();
    let mut command = sandbox.command(program());
    command.args(["--print", "--session-id", SESSION, "hello"]);
    command.envs(endpoint.environment());
    let output = sandbox.run(&mut command, None);
    let conversation = tk::run::claude::conversation::Conversation::new(
        &sandbox.path(),
        tk::run::price::Prices::default(),
    );
    let failure = conversation
        .ended("exit 1", &output.stderr)
        .failure
        .unwrap();
    assert_eq!(failure.class, FailureClass::SessionInUse, "{output}");
}
