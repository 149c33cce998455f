//! The real client under `tk worker-shim`, as the runner drives it.

use std::path::PathBuf;
use std::process::Child;

use tk::run::attempt::{AttemptDir, Exit, Spec, Stdin};
use tk::run::claude::args::{Invocation, Session};
use tk::run::claude::control;
use tk::run::claude::conversation::{Conversation, Signal};
use tk::run::claude::result::WorkerResult;
use tk::run::inbox::Inbox;
use tk::run::price::Prices;
use tk::run::process::with_variable;
use tk::run::tail::Lines;

use crate::model_endpoint::ModelEndpoint;
use crate::support::Sandbox;

/// The client's program.
pub(crate) fn program() -> String {
    std::env::var("TK_TEST_CLAUDE").unwrap_or_else(|_| {
        panic!(
            "set TK_TEST_CLAUDE to the path of `claude` 2.1.197: \
             npm install --prefix DIR @anthropic-ai/claude-code@2.1.197, \
             then TK_TEST_CLAUDE=DIR/node_modules/.bin/claude"
        )
    })
}

/// A start of the client in a sandbox's repository.
pub(crate) struct Client {
    pub(crate) conversation: Conversation,
    pub(crate) inbox: Inbox,
    attempt: AttemptDir,
    lines: Lines,
    shim: Child,
    run: String,
}

impl Client {
    /// Starts a session, or goes on with one, and gives it the prompt.
    pub(crate) fn start(
        sandbox: &Sandbox,
        endpoint: &ModelEndpoint,
        session: Session<'_>,
        prompt: &str,
    ) -> Self {
        Self::start_with(sandbox, endpoint, session, prompt, |_| {})
    }

    pub(crate) fn start_with(
        sandbox: &Sandbox,
        endpoint: &ModelEndpoint,
        session: Session<'_>,
        prompt: &str,
        change: impl FnOnce(&mut Invocation<'_>),
    ) -> Self {
        let tools = ["Bash", "Edit", "Write"].map(str::to_owned);
        let program = program();
        let mut invocation = Invocation {
            program: &program,
            session,
            name: "epic-w1-abc",
            permission_mode: "acceptEdits",
            allowed_tools: &tools,
            model: None,
            effort: None,
            max_turns: None,
            max_budget: None,
            system: None,
            mcp_configs: &[],
        };
        change(&mut invocation);
        let mut spec = Spec::new(invocation.argv(), sandbox.path());
        spec.stdin = Stdin::Pipe;
        let run = sandbox.root().display().to_string();
        let variables = [
            ("TERM", "dumb".to_owned()),
            ("TK_RUN", run.clone()),
            ("GIT_AUTHOR_NAME", "claude".to_owned()),
            ("GIT_AUTHOR_EMAIL", "claude@localhost".to_owned()),
            ("GIT_COMMITTER_NAME", "claude".to_owned()),
            ("GIT_COMMITTER_EMAIL", "claude@localhost".to_owned()),
        ];
        for (name, value) in variables.into_iter().chain(endpoint.environment()) {
            spec.env.insert(name.to_owned(), value);
        }
        let attempt = AttemptDir::create(&free_folder(sandbox), &spec).unwrap();
        let mut inbox = attempt.inbox().unwrap();
        inbox.write_line(&control::prompt(prompt)).unwrap();
        let lines = attempt.stdout_lines(0).unwrap();
        let mut command = sandbox.tk_command();
        let shim = command
            .arg("worker-shim")
            .arg(attempt.path())
            .spawn()
            .unwrap();
        Self {
            conversation: Conversation::new(&sandbox.path(), Prices::default()),
            inbox,
            attempt,
            lines,
            shim,
            run,
        }
    }

    /// The signals up to one that fits, it included.
    pub(crate) async fn until(&mut self, fits: impl Fn(&Signal) -> bool) -> Vec<Signal> {
        let mut signals = Vec::new();
        while let Some(line) = self.lines.next().await.unwrap() {
            signals.extend(self.conversation.line(&line.text));
            if signals.iter().any(&fits) {
                return signals;
            }
        }
        let stderr = self.attempt.stderr_tail(2000).unwrap();
        panic!("it ended before that: {signals:#?}\n{stderr}");
    }

    /// The signals up to the end of the turn, after which the input is closed.
    pub(crate) async fn turn(&mut self) -> (Vec<Signal>, WorkerResult) {
        let signals = self
            .until(|signal| matches!(signal, Signal::TurnEnded(_)))
            .await;
        self.inbox.close().unwrap();
        let result = self.conversation.result().unwrap().clone();
        (signals, result)
    }

    /// What it came to once it has ended.
    pub(crate) async fn rest(&mut self) -> WorkerResult {
        while let Some(line) = self.lines.next().await.unwrap() {
            self.conversation.line(&line.text);
        }
        self.conversation.ended("", "")
    }

    /// How it ended; nothing of it runs any more.
    pub(crate) fn end(mut self) -> Exit {
        let code = self.shim.wait().unwrap();
        assert!(
            code.success(),
            "{code}: {}",
            self.attempt.shim_log().unwrap()
        );
        assert_eq!(with_variable("TK_RUN", &self.run), []);
        self.attempt.read_exit().unwrap().unwrap()
    }
}

fn free_folder(sandbox: &Sandbox) -> PathBuf {
    let folders = (1..).map(|number| sandbox.root().join(format!("attempts/{number}")));
    folders.into_iter().find(|folder| !folder.exists()).unwrap()
}
