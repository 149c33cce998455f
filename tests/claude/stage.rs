//! A repository in which `tk run` starts the real client, and what can be seen of its runs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tk::run::demo::sample::{self, SampleTicket};
use tk::run::process::with_variable;

use crate::client::program;
use crate::model_endpoint::{ModelEndpoint, Turn};
use crate::support::{Output, Sandbox};

/// A sandbox whose runs use the real client, and the endpoint they talk to.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) endpoint: ModelEndpoint,
}

impl Stage {
    /// With the sample of `tk demo`, its tickets for the real client.
    pub(crate) fn sample(endpoint: ModelEndpoint) -> Self {
        let stage = Self::without_repository(endpoint);
        let made = ["demo", "--prepare-only", "--agent", "claude", "--dir", "."];
        stage.sandbox.tk(made).ok();
        stage
    }

    /// With the one ticket `abc`.
    pub(crate) fn one_ticket(endpoint: ModelEndpoint) -> Self {
        Self::tickets(endpoint, &["abc"])
    }

    /// With tickets of these ids, none of which waits for another.
    pub(crate) fn tickets(endpoint: ModelEndpoint, ids: &[&str]) -> Self {
        let stage = Self::without_repository(endpoint);
        let sandbox = &stage.sandbox;
        sandbox.git(["init", "--quiet", "--initial-branch=main", "."]);
        sandbox.write("README.md", "sample\n");
        sandbox.tk(["init", "--quiet"]).ok();
        sandbox.git(["add", "--all"]);
        sandbox.git(["commit", "--quiet", "--message=first"]);
        for id in ids {
            let text = format!(
                "title = \"Greet as {id}\"\nstatus = \"open\"\ntype = \"task\"\n\
                 created_at = 2026-11-20T08:00:00Z\ncreated_by = \"dana@example.com\"\n"
            );
            sandbox.ticket(id, &text);
        }
        stage
    }

    /// With an empty folder. The clock and the random numbers are the real ones, as sessions
    /// are told apart by them.
    pub(crate) fn without_repository(endpoint: ModelEndpoint) -> Self {
        let mut sandbox = Sandbox::without_repository()
            .without_env("TK_TEST_NOW")
            .without_env("TK_TEST_SEED")
            .with_env("TERM", "dumb")
            .with_env("TK_CLAUDE", &program());
        // The client keeps files of its own there.
        let temporary = sandbox.root().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        sandbox = sandbox.with_env("TMPDIR", temporary.to_str().unwrap());
        for (name, value) in endpoint.environment() {
            sandbox = sandbox.with_env(name, &value);
        }
        Self { sandbox, endpoint }
    }

    /// Runs `tk run` with these arguments to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        self.start(args).finish()
    }

    /// Starts `tk run` with these arguments.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = self.sandbox.tk_command();
        command.arg("run").args(args).arg("--json");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Running {
            child,
            stdout,
            events: Vec::new(),
        }
    }

    /// With this as the configuration of the agent `claude`, less its kind.
    pub(crate) fn with_agent(self, settings: &str) -> Self {
        let text = format!("kind = \"claude\"\n{settings}\n");
        self.sandbox.write(".ticks/agents/claude.toml", &text);
        self
    }

    /// A ticket as `tk show --json` has it.
    pub(crate) fn show(&self, ticket: &str) -> Value {
        self.sandbox.tk(["show", ticket, "--json"]).json()["tickets"][0].clone()
    }

    /// The folder of the worktree of a ticket's first attempt.
    pub(crate) fn worktree(&self, ticket: &str) -> PathBuf {
        self.sandbox.path().join(".worktrees").join(ticket)
    }

    /// The branches there are.
    pub(crate) fn branches(&self) -> Vec<String> {
        let branches = self.sandbox.git(["branch", "--format=%(refname:short)"]);
        branches.lines().map(str::to_owned).collect()
    }

    /// The worktrees there are, less the main one.
    pub(crate) fn worktrees(&self) -> Vec<String> {
        let listed = self.sandbox.git(["worktree", "list", "--porcelain"]);
        let folders = listed.lines().filter(|line| line.starts_with("worktree "));
        folders.skip(1).map(str::to_owned).collect()
    }

    /// What runs of the workers of a run, or was started by one.
    #[track_caller]
    pub(crate) fn expect_no_processes(&self, run: &str) {
        let mark = self.run_dir(run).display().to_string();
        assert_eq!(with_variable("TK_RUN_DIR", &mark), []);
    }

    /// The folder of a run.
    pub(crate) fn run_dir(&self, run: &str) -> PathBuf {
        self.sandbox.path().join(".git/tk/runs").join(run)
    }

    /// What the client told that it cost, of each process of a run: by the ticket and the
    /// number of the process.
    pub(crate) fn reported(&self, run: &str) -> BTreeMap<(String, u64), f64> {
        let mut reported = BTreeMap::new();
        for (ticket, process, path) in self.processes(run) {
            let told = lines(&path.join("stdout"));
            let result = told.iter().rfind(|line| line["type"] == "result");
            if let Some(cost) = result.and_then(|line| line["total_cost_usd"].as_f64()) {
                reported.insert((ticket, process), cost);
            }
        }
        reported
    }

    /// The sessions in which the processes of a ticket ran, in order.
    pub(crate) fn sessions(&self, run: &str, ticket: &str) -> Vec<String> {
        let mut processes = self.processes(run);
        processes.retain(|(of, _, _)| of == ticket);
        processes.sort();
        let sessions = processes.iter().map(|(_, _, path)| {
            let told = lines(&path.join("stdout"));
            let init = told.iter().find(|line| line["subtype"] == "init").cloned();
            init.unwrap()["session_id"].as_str().unwrap().to_owned()
        });
        sessions.collect()
    }

    /// The attempt folders of a run: ticket, number of the process, path.
    fn processes(&self, run: &str) -> Vec<(String, u64, PathBuf)> {
        let mut found = Vec::new();
        for folder in folders(&self.run_dir(run)) {
            for attempt in folders(&folder) {
                let name = attempt.file_name().unwrap().to_str().unwrap();
                // Checks have folders too, of other names.
                let numbers = name.split_once('-').map(|(n, m)| (n.parse(), m.parse()));
                if let Some((Ok::<u64, _>(_), Ok(process))) = numbers {
                    let ticket = folder.file_name().unwrap().to_str().unwrap();
                    let ticket = ticket.trim_start_matches('@').to_owned();
                    found.push((ticket, process, attempt.clone()));
                }
            }
        }
        found
    }

    /// The settlements of a run in the ledger: by the ticket and the number of the process, what was
    /// charged and on what basis.
    pub(crate) fn settled(&self, run: &str) -> BTreeMap<(String, u64), (f64, String)> {
        let entries = lines(&self.sandbox.path().join(".git/tk/ledger.jsonl"));
        let settled = entries
            .iter()
            .filter(|entry| entry["kind"] == "settled" && entry["run"] == run);
        let mut by_process = BTreeMap::new();
        for entry in settled {
            let text = |key: &str| entry[key].as_str().unwrap().to_owned();
            let process = (text("ticket"), entry["process"].as_u64().unwrap());
            let amount = (entry["cost_usd"].as_f64().unwrap(), text("basis"));
            assert_eq!(by_process.insert(process, amount), None, "{entry}");
        }
        by_process
    }
}

/// A command that writes a line to `FILE.txt` and commits it.
pub(crate) fn commit(file: &str, line: &str) -> Turn {
    Turn::bash(&format!(
        "echo '{line}' >> {file}.txt && git add --all && git commit --quiet --message '{line}'"
    ))
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).unwrap().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let parsed = text.lines().map(serde_json::from_str);
    parsed.collect::<Result<_, _>>().unwrap()
}

/// Whether two amounts of money are the same.
pub(crate) fn same(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-9
}

/// The turns in which the model works at a ticket of the sample, all its rounds: it writes the
/// files, commits, and reports.
pub(crate) fn turns(ticket: &SampleTicket, worktree: &Path) -> Vec<Turn> {
    let mut turns = Vec::new();
    for (round, files) in ticket.rounds.iter().enumerate() {
        for (path, content) in *files {
            let path = worktree.join(path);
            if round > 0 {
                turns.push(Turn::tool("Read", json!({"file_path": path})));
            }
            turns.push(Turn::tool(
                "Write",
                json!({"file_path": path, "content": content}),
            ));
        }
        turns.push(Turn::bash(&format!(
            "git add --all && git commit --quiet --message '{}'",
            ticket.title
        )));
        turns.push(Turn::done(ticket.summary));
    }
    if ticket.rounds.is_empty() {
        turns.push(Turn::done(ticket.summary));
    }
    turns
}

/// The tickets of the sample that a worker works at.
pub(crate) fn sample_work() -> impl Iterator<Item = &'static SampleTicket> {
    let work = |ticket: &&SampleTicket| ticket.kind != "epic" && !ticket.awaits_work;
    sample::TICKETS.iter().filter(work)
}

/// A run under way.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    events: Vec<Value>,
}

impl Running {
    /// Returns with the next event of that kind of that ticket.
    #[track_caller]
    pub(crate) fn until(&mut self, ticket: &str, kind: &str) -> Value {
        loop {
            let Some(event) = self.next() else {
                panic!("it ended before {kind} of {ticket}: {:#?}", self.events);
            };
            if event["ticket"] == ticket && event["kind"] == kind {
                return event;
            }
        }
    }

    /// Sends `tk` a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Finished {
        while self.next().is_some() {}
        let mut stderr = String::new();
        let mut errors = self.child.stderr.take().unwrap();
        errors.read_to_string(&mut stderr).unwrap();
        let status = self.child.wait().unwrap();
        Finished {
            code: status.code().unwrap(),
            events: self.events,
            stderr,
        }
    }

    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        if line.is_empty() {
            return None;
        }
        let event: Value = serde_json::from_str(&line).unwrap();
        self.events.push(event.clone());
        Some(event)
    }
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) events: Vec<Value>,
    pub(crate) stderr: String,
}

impl Finished {
    /// Its last event, `run_finished`.
    #[track_caller]
    pub(crate) fn last(&self) -> &Value {
        let last = self.events.last();
        let finished = last.filter(|event| event["kind"] == "run_finished");
        finished.unwrap_or_else(|| panic!("no run_finished: {self:#?}"))
    }

    /// The run's id.
    #[track_caller]
    pub(crate) fn id(&self) -> &str {
        self.last()["run"].as_str().unwrap()
    }

    /// The sorted list of tickets in the last event.
    #[track_caller]
    pub(crate) fn tickets(&self, key: &str) -> Vec<&str> {
        let ids = self.last()[key].as_array().unwrap().iter();
        let mut ids: Vec<&str> = ids.map(|id| id.as_str().unwrap()).collect();
        ids.sort_unstable();
        ids
    }

    /// The events of that kind of that ticket.
    pub(crate) fn of(&self, ticket: &str, kind: &str) -> Vec<&Value> {
        let fits = |event: &&Value| event["ticket"] == ticket && event["kind"] == kind;
        self.events.iter().filter(fits).collect()
    }

    /// A failed test where it did not end with that code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{:#?}", self.stderr, self.events);
        self
    }
}

/// An output that must be a failure with that code; what it said.
#[track_caller]
pub(crate) fn refused(output: &Output, code: i32) -> String {
    assert_eq!(output.code, code, "{output}");
    output.stderr.clone()
}
