//! `tk worker-shim <attempt folder>`: starts a worker, stays with it, outlives the runner.
//!
//! The shim leaves the terminal's session, so that Ctrl-C and hang-ups do not reach it or the
//! worker; passes on what comes through the inbox; and ends whatever the worker leaves
//! running. On Linux it is a subreaper: a process of the worker's tree that loses its parent
//! becomes the shim's child, whatever session or process group it has moved to, and "no
//! children left" means that nothing of the tree is. Elsewhere only the worker's process
//! group is ended.
//!
//! It must not depend on the runner, nor on anything but the attempt folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::attempt::{
    AttemptDir, AttemptError, EXIT, Exit, ExitCause, ExitStatus, INBOX, LOCK, SHIM_LOG, STARTED,
    STDERR, STDOUT, Spec, Started, Stdin,
};
use super::inbox::{self, InboxReader};
use super::process::{self, ProcessId};
use super::watch::Watch;
use crate::context::Context;
use crate::git::is_removed;

/// How long what the worker left is being killed before the shim gives up on it. Only a
/// process stuck inside the system survives this.
const END_WITHIN: Duration = Duration::from_secs(10);
/// How often what is left is looked for while it is being killed.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How often it is looked at how much the worker has written.
const WEIGH_AGAIN: Duration = Duration::from_millis(250);

/// Why a shim left without a worker having run under it.
#[derive(Debug, thiserror::Error)]
enum ShimError {
    #[error("another shim has the attempt")]
    Locked,
    #[error("the attempt has been started before: it starts once")]
    StartedBefore,
    #[error(transparent)]
    Attempt(#[from] AttemptError),
    #[error("cannot {0}: {1}")]
    System(&'static str, #[source] io::Error),
}

impl ShimError {
    /// 5 for an attempt that another shim has, 4 for one that has been started, else 1.
    const fn exit_code(&self) -> u8 {
        match self {
            Self::Locked => 5,
            Self::StartedBefore => 4,
            Self::Attempt(_) | Self::System(..) => 1,
        }
    }
}

/// Runs the attempt in `dir` to its end. The exit code tells about the shim, not about the
/// worker: 0 when `exit.json` is written, 5 when another shim has the attempt, 4 when it has
/// been started before, 1 when the folder cannot be used.
#[must_use]
pub fn shim_main(context: &Context, dir: &Path) -> u8 {
    let run = || -> Result<(), ShimError> {
        let dir = std::path::absolute(dir).map_err(|e| ShimError::System("find the folder", e))?;
        supervise(context, &AttemptDir::open(&dir))
    };
    match run() {
        Ok(()) => 0,
        Err(error) => {
            log(&AttemptDir::open(dir), &error.to_string());
            error.exit_code()
        }
    }
}

/// A line for whoever looks for the reason. Where it cannot be written there is nobody left
/// to tell.
fn log(attempt: &AttemptDir, message: &str) {
    let path = attempt.file(SHIM_LOG);
    let file = OpenOptions::new().create(true).append(true).open(path);
    let _ = file.and_then(|mut file| writeln!(file, "{message}"));
}

fn supervise(context: &Context, attempt: &AttemptDir) -> Result<(), ShimError> {
    let path = attempt.file(LOCK);
    let lock = File::create(&path).map_err(AttemptError::io("make", &path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(ShimError::Locked),
        Err(TryLockError::Error(error)) => {
            return Err(AttemptError::io("lock", &path)(error).into());
        }
    }
    if attempt.started()?.is_some() || attempt.read_exit()?.is_some() {
        return Err(ShimError::StartedBefore);
    }
    let spec = attempt.spec()?;
    // Fails for the leader of a process group, as when started by hand from a shell: then the
    // terminal's signals still reach the shim, which does not mind them.
    let _ = rustix::process::setsid();
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|error| ShimError::System("become a subreaper", error.into()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ShimError::System("start", error))?;
    let exit = runtime.block_on(run_worker(context, attempt, &spec))?;
    for name in [STDOUT, STDERR] {
        // Whoever finds the exit must find all of the output, after a power cut too; but no more
        // of it than a worker may write.
        let path = attempt.file(name);
        let keep = |file: File| {
            if file.metadata()?.len() > spec.max_output {
                file.set_len(spec.max_output)?;
            }
            file.sync_all()
        };
        let file = OpenOptions::new().write(true).open(&path);
        file.and_then(keep)
            .map_err(AttemptError::io("sync", &path))?;
    }
    attempt.write(EXIT, &exit)?;
    drop(lock);
    Ok(())
}

async fn run_worker(
    context: &Context,
    attempt: &AttemptDir,
    spec: &Spec,
) -> Result<Exit, ShimError> {
    let mut signals = Signals::catch().map_err(|e| ShimError::System("catch signals", e))?;
    // Watched from before the first read on, so that no command falls between the two.
    let path = attempt.file(INBOX);
    let watch = Watch::new(&path);
    let mut commands = InboxReader::open(&path).map_err(AttemptError::io("open", &path))?;
    let mut started = Started {
        shim: ProcessId::own(),
        worker: None,
        boot_id: process::boot_id(),
        at: context.now(),
    };
    attempt.write(STARTED, &started)?;
    let (pid, stdin) = match start(attempt, spec) {
        Ok(started) => started,
        Err(error) => {
            let program = spec.argv.first().map_or("", String::as_str);
            let reason = format!("cannot start `{program}`: {error}");
            return Ok(Exit {
                status: ExitStatus::NotStarted(reason),
                cause: ExitCause::Own,
                at: context.now(),
                leftovers: 0,
                unkillable: 0,
            });
        }
    };
    // Nothing reaps it before the reaper below starts, so the id is still its own.
    started.worker = ProcessId::of(pid);
    let (sender, mut reaped) = unbounded_channel();
    let mut supervisor = Supervisor::new(attempt, spec, pid, stdin);
    if let Err(error) = attempt.write(STARTED, &started) {
        // A worker that nobody can find must not run.
        log(attempt, &error.to_string());
        supervisor.end_now(ExitCause::Killed);
    }
    std::thread::spawn(move || reap(&sender));
    let status = loop {
        // Before the first wait too: commands may have come before the shim.
        supervisor.obey(&mut commands);
        tokio::select! {
            event = reaped.recv() => match event {
                Some((ended, status)) if ended == pid => break Some(status),
                Some(_) => {}
                None => break None,
            },
            () = signals.told_to_end() => supervisor.interrupt(ExitCause::ShimTerminated),
            () = sleep_until(supervisor.deadline()) => supervisor.deadline_reached(),
            () = watch.changed() => {}
        }
    };
    let (leftovers, unkillable) = end_leftovers(&mut reaped).await;
    Ok(Exit {
        status: status.map_or(ExitStatus::Signal(0), exit_status),
        cause: supervisor.cause,
        at: context.now(),
        leftovers,
        unkillable,
    })
}

/// The signals that would end the shim. Caught, not ignored: an ignored signal would be
/// ignored by the worker too.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    /// Those of the terminal, caught for that alone.
    _terminal: [tokio::signal::unix::Signal; 3],
}

impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            _terminal: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::hangup())?,
                signal(SignalKind::quit())?,
            ],
        })
    }

    async fn told_to_end(&mut self) {
        if self.terminate.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Starts the worker, leader of a process group of its own.
fn start(attempt: &AttemptDir, spec: &Spec) -> io::Result<(i32, Option<ChildStdin>)> {
    let Some((program, arguments)) = spec.argv.split_first() else {
        return Err(io::Error::other("no program is named"));
    };
    let append = |name| OpenOptions::new().append(true).open(attempt.file(name));
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(&spec.cwd)
        .stdin(match &spec.stdin {
            Stdin::Pipe => Stdio::piped(),
            Stdin::File(path) => File::open(path)?.into(),
            Stdin::Empty => Stdio::null(),
        })
        .stdout(append(STDOUT)?)
        .stderr(append(STDERR)?)
        .process_group(0);
    for (name, _) in std::env::vars_os() {
        if is_removed(&name) {
            command.env_remove(name);
        }
    }
    for name in &spec.unset {
        command.env_remove(name);
    }
    let mut child = command.envs(&spec.env).spawn()?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    Ok((pid, child.stdin.take()))
}

/// Takes note of every child that ends, the worker and the orphans of its tree alike, until
/// there are none; then the sender is dropped. Waits without looking again and again.
fn reap(sender: &UnboundedSender<(i32, WaitStatus)>) {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            // The other end is dropped when the shim has given up: so be it.
            Ok(Some((pid, status))) => {
                let _ = sender.send((pid.as_raw_nonzero().get(), status));
            }
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

fn exit_status(status: WaitStatus) -> ExitStatus {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => ExitStatus::Code(code),
        (None, signal) => ExitStatus::Signal(signal.unwrap_or(0)),
    }
}

/// Kills what is left below the shim until nothing is; how many, and how many would not go.
async fn end_leftovers(reaped: &mut UnboundedReceiver<(i32, WaitStatus)>) -> (usize, usize) {
    let own = ProcessId::own().pid;
    let give_up = Instant::now() + END_WITHIN;
    let mut killed = std::collections::BTreeSet::new();
    loop {
        killed.extend(process::kill_descendants(own));
        if let Ok(None) = tokio::time::timeout(LOOK_AGAIN, reaped.recv()).await {
            return (killed.len(), 0);
        }
        if Instant::now() >= give_up {
            let left = process::descendants(own).len();
            return (killed.len() - left.min(killed.len()), left);
        }
    }
}

/// What is being done about a running worker.
struct Supervisor<'a> {
    attempt: &'a AttemptDir,
    spec: &'a Spec,
    group: Option<Pid>,
    stdin: Option<mpsc::Sender<String>>,
    /// When it is interrupted for having reached its time limit.
    limit: Option<Instant>,
    /// When it is looked at next how much it has written.
    weigh: Instant,
    /// When it is killed, and why.
    kill: Option<(Instant, ExitCause)>,
    cause: ExitCause,
}

impl<'a> Supervisor<'a> {
    fn new(attempt: &'a AttemptDir, spec: &'a Spec, pid: i32, stdin: Option<ChildStdin>) -> Self {
        let limit = spec.limit_ms.map(Duration::from_millis);
        Self {
            attempt,
            spec,
            group: Pid::from_raw(pid),
            stdin: stdin.map(feed),
            limit: limit.and_then(|limit| Instant::now().checked_add(limit)),
            weigh: Instant::now() + WEIGH_AGAIN,
            kill: None,
            cause: ExitCause::Own,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let kill = self.kill.map(|(at, _)| at);
        self.limit.into_iter().chain(kill).chain([self.weigh]).min()
    }

    fn deadline_reached(&mut self) {
        let now = Instant::now();
        if let Some((at, cause)) = self.kill
            && at <= now
        {
            self.end_now(cause);
        } else if self.limit.is_some_and(|limit| limit <= now) {
            self.limit = None;
            self.interrupt(ExitCause::TimeLimit);
        } else if self.weigh <= now {
            self.weigh = now + WEIGH_AGAIN;
            self.weigh_output();
        }
    }

    /// Interrupts a worker that has written more than it may, and kills one that goes on all the
    /// same.
    fn weigh_output(&mut self) {
        let size = |name| std::fs::metadata(self.attempt.file(name)).map_or(0, |file| file.len());
        let most = self.spec.max_output;
        match size(STDOUT).max(size(STDERR)) {
            written if written <= most => {}
            written if written > most.saturating_mul(2) => {
                self.end_now(ExitCause::TooMuchOutput);
            }
            _ if self.kill.is_none() => self.interrupt(ExitCause::TooMuchOutput),
            _ => {}
        }
    }

    fn obey(&mut self, commands: &mut InboxReader) {
        let commands = match commands.read_new() {
            Ok(commands) => commands,
            Err(error) => return log(self.attempt, &format!("cannot read the inbox: {error}")),
        };
        for command in commands {
            match command {
                Ok(inbox::Command::Write(line)) => self.write(line),
                Ok(inbox::Command::Close(_)) => {
                    self.stdin = None;
                    let grace = self.spec.close_grace();
                    self.kill_after(grace, ExitCause::StayedAfterClose);
                }
                Ok(inbox::Command::Interrupt(_)) => self.interrupt(ExitCause::Interrupted),
                Ok(inbox::Command::Kill(_)) => self.end_now(ExitCause::Killed),
                Err(line) => log(self.attempt, &format!("not a command: {line:?}")),
            }
        }
    }

    fn write(&self, line: String) {
        let sent = self
            .stdin
            .as_ref()
            .is_some_and(|stdin| stdin.send(line).is_ok());
        if !sent {
            log(
                self.attempt,
                "a line came for a worker that reads nothing more",
            );
        }
    }

    /// As Ctrl-C in a terminal would: the worker and those of its process group.
    fn interrupt(&mut self, cause: ExitCause) {
        if let Some(group) = self.group {
            // Gone already is as good.
            let _ = rustix::process::kill_process_group(group, Signal::INT);
        }
        if self.cause == ExitCause::Own {
            self.cause = cause;
        }
        self.kill_after(self.spec.grace(), cause);
    }

    fn kill_after(&mut self, grace: Duration, cause: ExitCause) {
        let at = Instant::now() + grace;
        if self.kill.is_none_or(|(earlier, _)| at < earlier) {
            self.kill = Some((at, cause));
        }
    }

    /// Kills the worker's tree, what it has orphaned included.
    fn end_now(&mut self, cause: ExitCause) {
        if self.cause == ExitCause::Own {
            self.cause = cause;
        }
        // What a first pass misses, a second finds, or `end_leftovers` after the worker.
        self.kill = Some((Instant::now() + LOOK_AGAIN, cause));
        let _ = process::kill_descendants(ProcessId::own().pid);
        if let Some(group) = self.group {
            // Where there is no `/proc` this is all that can be done; gone is as good.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }
}

/// A thread that gives the worker its lines. Apart, because a worker that does not read
/// blocks whoever writes.
fn feed(mut stdin: ChildStdin) -> mpsc::Sender<String> {
    let (sender, lines) = mpsc::channel::<String>();
    std::thread::spawn(move || {
        for mut line in lines {
            line.push('\n');
            if stdin.write_all(line.as_bytes()).is_err() {
                // It has closed its end.
                return;
            }
        }
    });
    sender
}
