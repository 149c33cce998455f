//! `[notify] command`: a program of the user's that is told what a person should know.
//!
//! It gets the event on its standard input, one at a time, in a thread of its own. Whatever
//! it does, the run goes on: it is ended after a while, and its failure is a warning, once.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::wire::{Event, EventKind};

/// How long it may take, and how long the end of a run waits for it.
const LIMIT: Duration = Duration::from_secs(5);

/// How often a running one is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Tells a program of events, one after the other.
pub(super) struct Notifier {
    events: Option<Sender<String>>,
    worker: Option<JoinHandle<()>>,
    state: Arc<Mutex<State>>,
    warned: bool,
}

#[derive(Debug, Default)]
struct State {
    failure: Option<String>,
    /// When the run does not wait any longer.
    over_at: Option<Instant>,
}

impl Notifier {
    /// One that starts this program in that folder; nothing without a program.
    pub(super) fn new(argv: &[String], cwd: PathBuf) -> Option<Self> {
        if argv.is_empty() {
            return None;
        }
        let (events, received) = channel();
        let state = Arc::new(Mutex::new(State::default()));
        let (argv, shared) = (argv.to_vec(), Arc::clone(&state));
        Some(Self {
            events: Some(events),
            worker: Some(thread::spawn(move || {
                tell_all(&received, &argv, &cwd, &shared);
            })),
            state,
            warned: false,
        })
    }

    /// Whether people should know of the event, whatever else they look at.
    pub(super) const fn is_for_people(kind: &EventKind) -> bool {
        matches!(
            kind,
            EventKind::Awaiting { .. } | EventKind::RunFinished { .. }
        )
    }

    /// Tells of the event, soon.
    pub(super) fn tell(&self, event: &Event) {
        if let (Some(events), Ok(line)) = (&self.events, serde_json::to_string(event)) {
            // The thread ends only after this end is gone.
            let _told = events.send(format!("{line}\n"));
        }
    }

    /// What went wrong, the first time it did.
    pub(super) fn failure(&mut self) -> Option<String> {
        if self.warned {
            return None;
        }
        let failure = lock(&self.state).failure.take()?;
        self.warned = true;
        Some(failure)
    }

    /// Waits for what is still to be told, not for long; what went wrong, if nothing did before.
    pub(super) fn finish(&mut self) -> Option<String> {
        lock(&self.state).over_at = Some(Instant::now() + LIMIT);
        self.events = None;
        if let Some(worker) = self.worker.take() {
            // A thread that panicked has nothing more to tell.
            let _ended = worker.join();
        }
        self.failure()
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        let _told_before = self.finish();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tell_all(events: &Receiver<String>, argv: &[String], cwd: &PathBuf, state: &Mutex<State>) {
    for line in events {
        let over_at = lock(state).over_at;
        if over_at.is_some_and(|over| over <= Instant::now()) {
            return;
        }
        if let Err(why) = tell(line, argv, cwd, state) {
            let text = format!("`[notify] command` {why}; the run goes on without it");
            lock(state).failure.get_or_insert(text);
        }
    }
}

fn tell(line: String, argv: &[String], cwd: &PathBuf, state: &Mutex<State>) -> Result<(), String> {
    let (program, arguments) = argv.split_first().ok_or("is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(cwd)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A Ctrl-C at the terminal is meant for the run.
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // It may never read: then the thread ends when it is killed. Nor must it read at all.
        thread::spawn(move || stdin.write_all(line.as_bytes()));
    }
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("ended with {status}")),
            Ok(None) => {}
            Err(error) => {
                end(&mut child);
                return Err(format!("cannot be waited for: {error}"));
            }
        }
        let over = lock(state).over_at;
        if start.elapsed() >= LIMIT || over.is_some_and(|over| over <= Instant::now()) {
            end(&mut child);
            let limit = LIMIT.as_secs();
            return Err(format!("had not ended after {limit} s and was killed"));
        }
        thread::sleep(LOOK);
    }
}

/// Kills the program and what it started beside it.
fn end(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Nothing to kill is as good as killed.
        let _gone = kill_process_group(group, Signal::KILL);
    }
    let _reaped = child.wait();
}
