//! An epic `epic` with scripted workers, and a live `tk run` of it to do things to.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::scripted::program;
use crate::support::Sandbox;

/// A repository with an epic, whose workers play the script of [`Rig::script`].
pub(crate) struct Rig {
    pub(crate) sandbox: Sandbox,
}

impl Rig {
    /// An epic of these tickets: an id, and lines of TOML. Time and randomness are real.
    /// Each worker writes and commits `<id>.txt`, unless the script says otherwise.
    pub(crate) fn new(tickets: &[(&str, &str)]) -> Self {
        let sandbox = Sandbox::initialised()
            .without_env("TK_TEST_NOW")
            .without_env("TK_TEST_SEED")
            .with_env("TK_CLAUDE", program().to_str().unwrap());
        let script = sandbox.root().join("script.json");
        let sandbox = sandbox.with_env("TK_SCRIPT", script.to_str().unwrap());
        sandbox.git(["add", "--all"]);
        sandbox.git(["commit", "--quiet", "--message=set up"]);
        sandbox.ticket("epic", "title = \"The epic\"\ntype = \"epic\"\n");
        for (id, more) in tickets {
            let text = format!("title = \"Ticket {id}\"\nparent = \"epic\"\n{more}\n");
            sandbox.ticket(id, &text);
        }
        let rig = Self { sandbox };
        rig.script(json!({}));
        rig
    }

    /// Plays these rounds, by ticket.
    pub(crate) fn script(&self, tickets: Value) {
        let script = json!({"tickets": tickets, "default": work()});
        std::fs::write(self.sandbox.root().join("script.json"), script.to_string()).unwrap();
    }

    /// Adds an agent that is the scripted worker as a plain command.
    pub(crate) fn command_agent(&self, name: &str, more: &str) {
        let program = program();
        let text = format!("kind = \"command\"\ncommand = [{program:?}]\n{more}\n");
        self.sandbox
            .write(format!(".ticks/agents/{name}.toml"), &text);
    }

    /// `tk run epic --json` with these arguments, to its end.
    pub(crate) fn run<const N: usize>(&self, args: [&str; N]) -> Ended {
        self.start(args).end()
    }

    /// `tk run epic --json` with these arguments.
    pub(crate) fn start<const N: usize>(&self, args: [&str; N]) -> Live {
        let mut command = self.sandbox.tk_command();
        command.args(["run", "epic", "--json"]).args(args);
        Live::of(command)
    }

    /// A named pipe for a worker's step `await`.
    pub(crate) fn pipe(&self, name: &str) -> PathBuf {
        let path = self.sandbox.root().join(name);
        let made = self.sandbox.command("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        path
    }

    /// The ticket as `tk show --json` has it.
    #[track_caller]
    pub(crate) fn show(&self, id: &str) -> Value {
        self.sandbox.tk(["show", id, "--json"]).json()["tickets"][0].clone()
    }

    /// The texts of the ticket's notes.
    #[track_caller]
    pub(crate) fn notes(&self, id: &str) -> Vec<String> {
        let ticket = self.show(id);
        let notes = ticket["notes"].as_array().cloned().unwrap_or_default();
        notes
            .iter()
            .map(|note| note["text"].as_str().unwrap().to_owned())
            .collect()
    }

    /// What its workers were told when they were started, oldest first.
    pub(crate) fn prompts(&self, id: &str) -> Vec<String> {
        let runs = self.sandbox.path().join(".git/tk/runs");
        let folders = |path: &Path| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            found.sort();
            found
        };
        let attempts = folders(&runs)
            .into_iter()
            .flat_map(|run| folders(&run.join(format!("@{id}"))));
        attempts
            .filter_map(|attempt| std::fs::read_to_string(attempt.join("prompt.md")).ok())
            .collect()
    }

    /// How many rounds the ticket's workers have played.
    pub(crate) fn rounds(&self, id: &str) -> usize {
        let path = self
            .sandbox
            .root()
            .join("script.json.state/rounds")
            .join(id);
        std::fs::read(path).map_or(0, |bytes| bytes.len())
    }

    /// The local branches, those of runs and tickets among them.
    pub(crate) fn branches(&self) -> Vec<String> {
        let listed = self.sandbox.git(["branch", "--format=%(refname:short)"]);
        listed.lines().map(str::to_owned).collect()
    }

    /// How many worktrees there are, the user's own included.
    pub(crate) fn worktrees(&self) -> usize {
        let listed = self.sandbox.git(["worktree", "list", "--porcelain"]);
        listed
            .lines()
            .filter(|line| line.starts_with("worktree "))
            .count()
    }

    /// How many commits of the branch land the ticket.
    pub(crate) fn landings(&self, id: &str, branch: &str) -> usize {
        let format = "--format=%(trailers:key=Ticket,valueonly,separator=%x2C) %s";
        let listed = self.sandbox.git(["log", format, branch, "--"]);
        let landing = format!("{id} Land ");
        listed
            .lines()
            .filter(|line| line.starts_with(&landing))
            .count()
    }

    /// The ledger's entries.
    pub(crate) fn ledger(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.sandbox.path().join(".git/tk/ledger.jsonl"));
        let entries = text.unwrap_or_default();
        let entries = entries.lines();
        entries
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The ledger's settled entries.
    pub(crate) fn settled(&self) -> Vec<Value> {
        let entries = self.ledger().into_iter();
        entries.filter(|entry| entry["kind"] == "settled").collect()
    }

    /// What the ledger's settled entries come to.
    pub(crate) fn spent(&self) -> f64 {
        let amounts = self.settled();
        let sum: f64 = amounts
            .iter()
            .map(|entry| entry["cost_usd"].as_f64().unwrap())
            .sum();
        (sum * 1e6).round() / 1e6
    }

    /// The processes that carry a mark of this repository's runs.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let runs = self.sandbox.path().join(".git/tk/runs");
        let mark = format!("TK_RUN_DIR={}/", runs.display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let environ = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            let pid = entry.file_name().to_string_lossy().parse();
            if let (Ok(pid), true) = (pid, String::from_utf8_lossy(&environ).contains(&mark)) {
                found.push(pid);
            }
        }
        found
    }

    /// Kills the shims of all workers, and then whatever ran under them.
    pub(crate) fn kill_workers(&self) {
        let all = |pids: &[i32], signal| {
            for pid in pids {
                let _gone = kill_process(Pid::from_raw(*pid).unwrap(), signal);
            }
        };
        let known = self.processes();
        // Nothing goes on without its shim meanwhile.
        all(&known, Signal::STOP);
        self.kill_shims();
        self.outlast(|left| all(left, Signal::KILL));
        known.into_iter().for_each(outlast_one);
    }

    /// Waits until no process of a run is left, doing that to those that are.
    #[track_caller]
    pub(crate) fn outlast(&self, each_time: impl Fn(&[i32])) {
        let start = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{left:?} do not end");
            // Even of the killed it takes the system a moment.
            each_time(&left);
            std::thread::yield_now();
        }
    }

    /// Kills the shims of all workers; what ran under them lives on.
    pub(crate) fn kill_shims(&self) {
        let mut folders = vec![self.sandbox.path().join(".git/tk/runs")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap().flatten() {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else if entry.file_name() == "started.json" {
                    let text = std::fs::read_to_string(entry.path()).unwrap();
                    let started: Value = serde_json::from_str(&text).unwrap();
                    let pid = i32::try_from(started["shim"]["pid"].as_i64().unwrap()).unwrap();
                    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                    // One that is gone by now needs no signal, and its id may be another's.
                    if String::from_utf8_lossy(&line).contains("worker-shim") {
                        let _gone = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
                    }
                }
            }
        }
    }

    /// Nothing of a run is left, but branches.
    #[track_caller]
    pub(crate) fn assert_tidy(&self) {
        self.assert_tidy_but(&[]);
    }

    /// Nothing of a run is left, but branches and these worktrees, with work in them that is
    /// nowhere else.
    #[track_caller]
    pub(crate) fn assert_tidy_but(&self, worktrees: &[&str]) {
        assert_eq!(self.processes(), [0; 0], "processes");
        let folders = std::fs::read_dir(self.sandbox.path().join(".worktrees"));
        let names = folders.into_iter().flatten().flatten();
        let names: Vec<_> = names.map(|entry| entry.file_name()).collect();
        assert_eq!(names, worktrees, "worktrees");
        assert_eq!(
            self.worktrees(),
            1 + worktrees.len(),
            "worktrees known to git"
        );
        let claims = std::fs::read_dir(self.sandbox.path().join(".git/tk/claims"));
        let claims: Vec<_> = claims.into_iter().flatten().flatten().collect();
        assert!(claims.is_empty(), "{claims:?}");
    }
}

/// Waits until that process, which was killed, runs no more: its environment is gone before that.
fn outlast_one(pid: i32) {
    let start = Instant::now();
    let runs = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.trim().chars().next());
        state.is_some_and(|state| !['Z', 'X'].contains(&state))
    };
    while runs() {
        assert!(start.elapsed() < PATIENCE, "{pid} does not end");
        std::thread::yield_now();
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        for pid in self.processes() {
            // One that is gone by now needs no signal.
            let _gone = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }
}

/// The steps of a worker that does its work.
pub(crate) fn work() -> Value {
    json!([{"run": "echo done > \"$TK_TICKET.txt\""}, {"commit": "work"}])
}

/// The steps of a worker that does its work in `path`.
pub(crate) fn write(path: &str, text: &str) -> Value {
    json!([{"write": {"path": path, "text": text}}, {"commit": "work"}])
}

/// How long anything may take before a test fails with what it saw instead of waiting on.
const PATIENCE: Duration = Duration::from_secs(120);

/// Lets the worker that waits at the pipe go on.
#[track_caller]
pub(crate) fn open(pipe: &Path) {
    let (told, opened) = mpsc::channel();
    let path = pipe.to_owned();
    // Blocks until the worker is there, which may never be: the waiting is done apart.
    std::thread::spawn(move || told.send(std::fs::write(path, "go")));
    match opened.recv_timeout(PATIENCE) {
        Ok(written) => written.unwrap(),
        Err(_) => panic!("no worker waits at {}", pipe.display()),
    }
}

/// Whoever works at `one` finds its file broken when it is done.
#[track_caller]
pub(crate) fn broken_meanwhile(rig: &Rig, live: &mut Live, pipe: &Path) -> String {
    live.until("one", "say");
    let path = rig.sandbox.path().join(".ticks/one.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}[[[\n")).unwrap();
    open(pipe);
    let failed = live.until("one", "failed");
    let reason = failed["reason"].as_str().unwrap();
    assert!(reason.contains("the ticket could not be told"), "{reason}");
    live.until("one", "ticket_finished");
    text
}

/// Waits until the worker writes to the pipe.
#[track_caller]
pub(crate) fn hear(pipe: &Path) {
    let (told, heard) = mpsc::channel();
    let path = pipe.to_owned();
    // Blocks until the worker is there, which may never be: the waiting is done apart.
    std::thread::spawn(move || told.send(std::fs::read(path)));
    match heard.recv_timeout(PATIENCE) {
        Ok(read) => drop(read.unwrap()),
        Err(_) => panic!("no worker writes to {}", pipe.display()),
    }
}

/// A live `tk run`.
pub(crate) struct Live {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
    events: Vec<Value>,
}

/// A `tk run` that has ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) events: Vec<Value>,
    pub(crate) stderr: String,
}

impl Live {
    /// Starts it.
    pub(crate) fn of(mut command: std::process::Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        let (line, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut read = stdout.lines().map(Result::unwrap);
            read.try_for_each(|text| line.send(text))
        });
        let (all, errors) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            all.send(text)
        });
        Self {
            child,
            lines,
            errors,
            events: Vec::new(),
        }
    }

    /// The next event; nothing when it has ended.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<Value> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                let event: Value = serde_json::from_str(&line).unwrap();
                self.events.push(event.clone());
                Some(event)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the run tells nothing: {:#?}", self.events),
        }
    }

    /// What it wrote to stderr, when it has ended.
    #[track_caller]
    fn stderr(&self) -> String {
        self.errors.recv_timeout(PATIENCE).unwrap()
    }

    /// Waits for an event of that kind of that ticket, which has not come yet.
    #[track_caller]
    pub(crate) fn until(&mut self, ticket: &str, kind: &str) -> Value {
        while let Some(event) = self.next() {
            if event["kind"] == kind && (ticket.is_empty() || event["ticket"] == ticket) {
                return event;
            }
        }
        let errors = self.stderr();
        panic!("no `{kind}` of `{ticket}`: {:#?}\n{errors}", self.events);
    }

    /// The runner's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends the runner a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        while self.next().is_some() {}
        let stderr = self.stderr();
        let status = self.child.wait().unwrap();
        Ended {
            code: status.code().unwrap_or(-1),
            events: std::mem::take(&mut self.events),
            stderr,
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // One that has been waited for is left alone by these.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Ended {
    /// It ended with that code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        let events: Vec<String> = self.events.iter().map(Value::to_string).collect();
        assert_eq!(self.code, code, "{}\n{}", events.join("\n"), self.stderr);
        self
    }

    /// The last event.
    pub(crate) fn last(&self) -> &Value {
        self.events.last().unwrap()
    }

    /// The events of that kind of that ticket, or of all where it is empty.
    pub(crate) fn of(&self, ticket: &str, kind: &str) -> Vec<&Value> {
        let fits = |event: &&Value| {
            event["kind"] == kind && (ticket.is_empty() || event["ticket"] == ticket)
        };
        self.events.iter().filter(fits).collect()
    }

    /// The place of the first event of that kind of that ticket.
    #[track_caller]
    pub(crate) fn seq(&self, ticket: &str, kind: &str) -> u64 {
        let of = self.of(ticket, kind);
        of.first()
            .unwrap_or_else(|| panic!("no `{kind}` of `{ticket}`"))["seq"]
            .as_u64()
            .unwrap()
    }

    /// The texts of its warnings.
    pub(crate) fn warnings(&self) -> Vec<&str> {
        self.of("", "warning")
            .iter()
            .map(|event| event["text"].as_str().unwrap())
            .collect()
    }

    /// The ids of a list of the last event.
    pub(crate) fn ids(&self, list: &str) -> Vec<&str> {
        let ids = self.last()[list].as_array().unwrap().iter();
        let mut ids: Vec<&str> = ids.map(|id| id.as_str().unwrap()).collect();
        ids.sort_unstable();
        ids
    }
}
