//! The scripted worker speaks the protocol: what the other tests build on.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tk::run::attempt::{AttemptDir, Exit, ExitCause, ExitStatus, Spec, Stdin};
use tk::run::claude::args::{Invocation, Session};
use tk::run::claude::control;
use tk::run::claude::conversation::{Conversation, Signal};
use tk::run::claude::result::WorkerResult;
use tk::run::failure::FailureClass;
use tk::run::inbox::Inbox;
use tk::run::price::Prices;
use tk::run::process::with_variable;
use tk::run::tail::Lines;

use crate::support::Sandbox;

const SESSION: &str = "6c1d2c1e-2f4b-4a53-9c58-0f5b3f1f7a01";

/// The scripted worker's program, which `cargo test` builds with the other examples.
pub(crate) fn program() -> PathBuf {
    let tk = Path::new(env!("CARGO_BIN_EXE_tk"));
    let path = tk.with_file_name("examples").join("scripted-worker");
    assert!(path.exists(), "run `cargo build --examples` first");
    path
}

struct Scripted {
    sandbox: Sandbox,
    attempt: AttemptDir,
    inbox: Inbox,
    lines: Lines,
    conversation: Conversation,
    shim: std::process::Child,
}

impl Scripted {
    /// A worker of the ticket `abc`, started with its first prompt.
    fn start(rounds: Value) -> Self {
        let sandbox = Sandbox::new();
        let script = json!({"tickets": {"abc": rounds}}).to_string();
        std::fs::write(sandbox.root().join("script.json"), script).unwrap();
        Self::session(sandbox, Session::Fresh(SESSION))
    }

    fn session(sandbox: Sandbox, session: Session<'_>) -> Self {
        let program = program();
        let invocation = Invocation {
            program: program.to_str().unwrap(),
            session,
            name: "epic-w1-abc",
            permission_mode: "acceptEdits",
            allowed_tools: &[],
            model: None,
            effort: None,
            max_turns: None,
            max_budget: Some(tk::model::Usd::parse("0.50").unwrap()),
            system: None,
            mcp_configs: &[],
        };
        let mut spec = Spec::new(invocation.argv(), sandbox.path());
        spec.stdin = Stdin::Pipe;
        spec.close_ms = 50;
        let root = sandbox.root().display().to_string();
        spec.env = [
            ("TK_SCRIPT", format!("{root}/script.json")),
            ("TK_RUN", root.clone()),
            ("GIT_AUTHOR_NAME", "agent".to_owned()),
            ("GIT_AUTHOR_EMAIL", "agent@localhost".to_owned()),
            ("GIT_COMMITTER_NAME", "agent".to_owned()),
            ("GIT_COMMITTER_EMAIL", "agent@localhost".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let number = (1..)
            .find(|n| !sandbox.root().join(format!("{n}")).exists())
            .unwrap();
        let folder = sandbox.root().join(number.to_string());
        let attempt = AttemptDir::create(&folder, &spec).unwrap();
        let mut inbox = attempt.inbox().unwrap();
        inbox
            .write_line(&control::prompt("Title: x\nID: abc"))
            .unwrap();
        let shim = sandbox
            .tk_command()
            .arg("worker-shim")
            .arg(attempt.path())
            .spawn()
            .unwrap();
        Self {
            lines: attempt.stdout_lines(0).unwrap(),
            conversation: Conversation::new(&sandbox.path(), Prices::default()),
            sandbox,
            attempt,
            inbox,
            shim,
        }
    }

    /// The first signal that fits.
    async fn until(&mut self, fits: impl Fn(&Signal) -> bool) -> Signal {
        while let Some(line) = self.lines.next().await.unwrap() {
            let mut signals = self.conversation.line(&line.text).into_iter();
            if let Some(signal) = signals.find(&fits) {
                return signal;
            }
        }
        panic!("it ended: {}", self.attempt.stderr_tail(2000).unwrap());
    }

    async fn turn(&mut self) -> WorkerResult {
        self.until(|signal| matches!(signal, Signal::TurnEnded(_)))
            .await;
        self.inbox.close().unwrap();
        self.conversation.result().unwrap().clone()
    }

    /// How it ended, nothing of it running any more; its repository stays.
    async fn end(mut self) -> (Exit, WorkerResult, Sandbox) {
        while let Some(line) = self.lines.next().await.unwrap() {
            self.conversation.line(&line.text);
        }
        assert!(self.shim.wait().unwrap().success());
        let run = self.sandbox.root().display().to_string();
        assert_eq!(with_variable("TK_RUN", &run), []);
        let exit = self.attempt.read_exit().unwrap().unwrap();
        let stderr = self.attempt.stderr_tail(2000).unwrap();
        (
            exit,
            self.conversation.ended("ended", &stderr),
            self.sandbox,
        )
    }
}

fn class(result: &WorkerResult) -> Option<FailureClass> {
    result.failure.as_ref().map(|failure| failure.class)
}

#[tokio::test]
async fn it_works_commits_reports_and_goes_on_in_its_session() {
    let mut worker = Scripted::start(json!([
        [{"say": "working"}, {"write": {"path": "src/a.txt", "text": "a\n"}}, {"commit": "add a"},
         {"spend": {"usd": 0.25, "input": 100, "output": 10}}],
        [{"report": {"status": "blocked", "summary": "stuck"}}],
    ]));
    let result = worker.turn().await;
    assert_eq!(class(&result), None);
    assert_eq!(result.cost.unwrap().to_string(), "0.25");
    assert_eq!(worker.conversation.live().usage.output, 10);
    let (exit, _, sandbox) = worker.end().await;
    assert_eq!(
        (exit.status, exit.cause),
        (ExitStatus::Code(0), ExitCause::Own)
    );
    assert_eq!(
        sandbox.git(["log", "-1", "--format=%an %s"]),
        "agent add a\n"
    );

    let mut worker = Scripted::session(sandbox, Session::Resume(SESSION));
    let result = worker.turn().await;
    assert_eq!(class(&result), Some(FailureClass::NotDone));
    let (_, _, sandbox) = worker.end().await;

    let worker = Scripted::session(sandbox, Session::Fresh(SESSION));
    let (exit, result, sandbox) = worker.end().await;
    assert_eq!(exit.status, ExitStatus::Code(1));
    assert_eq!(class(&result), Some(FailureClass::SessionInUse));

    let other = "00000000-0000-4000-8000-000000000000";
    let mut worker = Scripted::session(sandbox, Session::Resume(other));
    assert_eq!(
        class(&worker.turn().await),
        Some(FailureClass::UnknownSession)
    );
}

#[tokio::test]
async fn it_asks_and_hears_the_answer() {
    let mut worker = Scripted::start(json!([[
        {"ask": {"question": "A or B?", "options": ["A", "B"], "answer_to": "answer"}},
        {"permission": "touch allowed"},
        {"permission": "touch refused"},
    ]]));
    let asked = worker
        .until(|signal| matches!(signal, Signal::Question(_)))
        .await;
    let Signal::Question(question) = asked else {
        unreachable!()
    };
    let answers = [("A or B?".to_owned(), "B".to_owned())].into();
    worker
        .inbox
        .write_line(&control::answer(&question, &answers))
        .unwrap();
    for allowed in [true, false] {
        let asked = worker
            .until(|signal| matches!(signal, Signal::Permission(_)))
            .await;
        let Signal::Permission(permission) = asked else {
            unreachable!()
        };
        let line = match allowed {
            true => control::allow(&permission),
            false => control::deny(&permission.request, "no"),
        };
        worker.inbox.write_line(&line).unwrap();
    }
    assert_eq!(class(&worker.turn().await), None);
    let (_, _, sandbox) = worker.end().await;
    assert_eq!(sandbox.read("answer"), "B");
    assert!(sandbox.path().join("allowed").exists());
    assert!(!sandbox.path().join("refused").exists());
}

#[tokio::test]
async fn it_fails_in_the_ways_workers_do() {
    for (steps, expected) in [
        (json!([{"report": null}]), FailureClass::NoReport),
        (
            json!([{"report": {"status": "done"}}]),
            FailureClass::NoReport,
        ),
        (json!([{"die": 3}]), FailureClass::NoResult),
        (json!([{"run": "exit 1"}]), FailureClass::NoResult),
        (
            json!([{"spend": {"usd": 0.7, "input": 1, "output": 1}}, {"die": 1}]),
            FailureClass::MaxBudget,
        ),
        (
            json!([{"retry": {"error": "authentication_failed", "status": 401}}, {"die": 1}]),
            FailureClass::Authentication,
        ),
        (
            json!([{"fail": {"subtype": "error_max_turns", "error": "too many"}}]),
            FailureClass::MaxTurns,
        ),
    ] {
        let mut worker = Scripted::start(json!([steps]));
        worker.inbox.close().unwrap();
        let (_, result, _) = worker.end().await;
        assert_eq!(class(&result), Some(expected), "{steps}");
    }
}

#[tokio::test]
async fn it_hangs_until_it_is_interrupted() {
    let mut worker = Scripted::start(json!([[{"say": "up"}, "hang"]]));
    worker
        .until(|signal| matches!(signal, Signal::Did(_)))
        .await;
    worker.inbox.write_line(&control::interrupt("r1")).unwrap();
    assert_eq!(class(&worker.turn().await), Some(FailureClass::Interrupted));
    assert_eq!(worker.end().await.0.cause, ExitCause::Own);
}

#[tokio::test]
async fn it_leaves_things_behind_and_hears_nothing() {
    let mut worker = Scripted::start(json!([[
        "leave", "deaf", "stay", {"say": "up"},
    ]]));
    worker
        .until(|signal| matches!(signal, Signal::Did(_)))
        .await;
    worker.inbox.interrupt().unwrap();
    assert_eq!(class(&worker.turn().await), None);
    let (exit, _, _) = worker.end().await;
    assert_eq!(
        (exit.status, exit.cause),
        (ExitStatus::Signal(9), ExitCause::Interrupted)
    );
}

#[test]
fn it_is_a_plain_program_too() {
    let sandbox = Sandbox::new();
    let script = sandbox.root().join("script.json");
    let result = sandbox.root().join("result.json");
    let steps = json!([{"write": {"path": "a", "text": "a"}}, {"commit": "add a"},
        {"spend": {"usd": 0.25, "input": 1, "output": 1}}]);
    std::fs::write(&script, json!({"default": steps}).to_string()).unwrap();
    let mut command = sandbox.command(program());
    command.env("TK_SCRIPT", &script).env("TK_RESULT", &result);
    sandbox.run(&mut command, Some("Title: x\nID: abc\n")).ok();
    insta::assert_snapshot!(
        std::fs::read_to_string(result).unwrap(),
        @r#"{"status":"done","summary":"did abc","cost_usd":0.25}"#
    );
    assert_eq!(sandbox.git(["log", "-1", "--format=%s"]), "add a\n");
}
