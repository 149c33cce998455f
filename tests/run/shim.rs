//! The worker shim: the built binary, the library's end of the attempt folder between them.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getsid};
use tempfile::TempDir;
use tk::run::attempt::{AttemptDir, Exit, ExitCause, ExitStatus, Spec, Started, Stdin};
use tk::run::process::{ProcessId, with_variable};
use tk::run::tail::Lines;
use tokio::process::Child;

const TK: &str = env!("CARGO_BIN_EXE_tk");

/// An attempt in a folder of its own.
struct Case {
    attempt: AttemptDir,
    /// A value of `TK_RUN` that no other process has.
    run: String,
    _dir: TempDir,
}

impl Case {
    /// An attempt of a shell script that reads from a pipe.
    fn of(script: &str) -> Self {
        Self::with(script, |_| {})
    }

    fn with(script: &str, change: impl FnOnce(&mut Spec)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().display().to_string();
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        let mut spec = Spec::new(argv, dir.path().to_owned());
        spec.stdin = Stdin::Pipe;
        spec.env.insert("TK_RUN".to_owned(), run.clone());
        change(&mut spec);
        let attempt = AttemptDir::create(&dir.path().join("runs/1"), &spec).unwrap();
        Self {
            attempt,
            run,
            _dir: dir,
        }
    }

    fn start(&self) -> Child {
        self.attempt.spawn_shim_of(Path::new(TK)).unwrap()
    }

    fn lines(&self) -> Lines {
        self.attempt.stdout_lines(0).unwrap()
    }

    fn started(&self) -> Started {
        self.attempt.started().unwrap().unwrap()
    }

    fn exit(&self) -> Exit {
        self.attempt.read_exit().unwrap().unwrap()
    }

    /// How it ended, once its shim has: nothing of it runs any more.
    async fn end(&self, mut shim: Child) -> Exit {
        let code = shim.wait().await.unwrap();
        assert!(
            code.success(),
            "{code}: {}",
            self.attempt.shim_log().unwrap()
        );
        assert_eq!(with_variable("TK_RUN", &self.run), []);
        assert!(!self.attempt.is_alive().unwrap());
        self.exit()
    }
}

async fn text(lines: &mut Lines) -> String {
    lines.next().await.unwrap().unwrap().text
}

async fn rest(lines: &mut Lines) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(line) = lines.next().await.unwrap() {
        all.push(line.text);
    }
    all
}

#[tokio::test]
async fn output_and_status_are_kept() {
    let case = Case::of("echo out; echo err >&2; exit 3");
    let exit = case.end(case.start()).await;
    assert_eq!(exit.status, ExitStatus::Code(3));
    assert_eq!(exit.cause, ExitCause::Own);
    assert_eq!((exit.leftovers, exit.unkillable), (0, 0));
    assert_eq!(rest(&mut case.lines()).await, ["out"]);
    assert_eq!(case.attempt.stderr_tail(100).unwrap(), "err\n");
    assert_eq!(case.attempt.shim_log().unwrap(), "");
}

#[tokio::test]
async fn a_signal_is_told_from_a_code() {
    let case = Case::of("kill -9 $$");
    assert_eq!(case.end(case.start()).await.status, ExitStatus::Signal(9));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_end_too() {
    let case = Case::with("", |spec| spec.argv = vec!["/no/such/program".to_owned()]);
    let ExitStatus::NotStarted(reason) = case.end(case.start()).await.status else {
        panic!("it started");
    };
    assert!(reason.contains("/no/such/program"), "{reason}");
}

#[tokio::test]
async fn what_the_runner_writes_is_read_at_once_until_it_closes() {
    let case = Case::of("cat");
    let shim = case.start();
    let (mut lines, mut inbox) = (case.lines(), case.attempt.inbox().unwrap());
    let begin = Instant::now();
    for number in 0..20 {
        inbox.write_line(&format!("line {number}")).unwrap();
        assert_eq!(text(&mut lines).await, format!("line {number}"));
    }
    // Looking again and again would take a second each.
    assert!(begin.elapsed() < Duration::from_secs(10));
    inbox.close().unwrap();
    let exit = case.end(shim).await;
    assert_eq!(
        (exit.status, exit.cause),
        (ExitStatus::Code(0), ExitCause::Own)
    );
    assert_eq!(lines.next().await.unwrap(), None);
}

#[tokio::test]
async fn commands_that_came_before_the_shim_are_obeyed() {
    let case = Case::of("cat");
    let mut inbox = case.attempt.inbox().unwrap();
    inbox.write_line("early").unwrap();
    inbox.close().unwrap();
    case.end(case.start()).await;
    assert_eq!(rest(&mut case.lines()).await, ["early"]);
}

#[tokio::test]
async fn input_can_be_a_file_or_nothing() {
    let case = Case::with("cat", |spec| {
        let path = spec.cwd.join("prompt");
        std::fs::write(&path, "from a file\n").unwrap();
        spec.stdin = Stdin::File(path);
    });
    case.end(case.start()).await;
    assert_eq!(rest(&mut case.lines()).await, ["from a file"]);

    let case = Case::with("cat", |spec| spec.stdin = Stdin::Empty);
    case.end(case.start()).await;
    assert_eq!(rest(&mut case.lines()).await, [""; 0]);
}

#[tokio::test]
async fn an_attempt_starts_once() {
    let case = Case::of("echo up; cat");
    let first = case.start();
    text(&mut case.lines()).await;
    let second = case.start().wait().await.unwrap();
    assert_eq!(second.code(), Some(5));
    case.attempt.inbox().unwrap().close().unwrap();
    case.end(first).await;
    let third = case.start().wait().await.unwrap();
    assert_eq!(third.code(), Some(4));
    assert_eq!(rest(&mut case.lines()).await, ["up"]);
}

#[tokio::test]
async fn a_folder_that_is_no_attempt_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let attempt = AttemptDir::open(dir.path());
    let code = attempt
        .spawn_shim_of(Path::new(TK))
        .unwrap()
        .wait()
        .await
        .unwrap();
    assert_eq!(code.code(), Some(1));
    assert!(attempt.shim_log().unwrap().contains("spec.json"));
}

#[tokio::test]
async fn what_the_worker_leaves_is_ended_whatever_session_it_is_in() {
    let case = Case::of(
        "setsid sleep 1000 & \
         setsid sh -c 'trap \"\" TERM INT HUP; (setsid sleep 1000 &); sleep 1000' & \
         (sleep 1000 &); \
         echo ready; read line",
    );
    let shim = case.start();
    text(&mut case.lines()).await;
    case.attempt.inbox().unwrap().write_line("go").unwrap();
    let exit = case.end(shim).await;
    assert_eq!(
        (exit.status, exit.cause),
        (ExitStatus::Code(0), ExitCause::Own)
    );
    // A shell may not have come as far as its last sleep.
    assert!((3..=5).contains(&exit.leftovers), "{}", exit.leftovers);
    assert_eq!(exit.unkillable, 0);
}

#[tokio::test]
async fn a_worker_that_stays_after_the_close_is_ended() {
    let case = Case::with("cat; exec sleep 1000", |spec| spec.close_ms = 50);
    let shim = case.start();
    case.attempt.inbox().unwrap().close().unwrap();
    let exit = case.end(shim).await;
    assert_eq!(exit.status, ExitStatus::Signal(9));
    assert_eq!(exit.cause, ExitCause::StayedAfterClose);
}

#[tokio::test]
async fn an_interrupted_worker_can_say_its_last_words() {
    let case = Case::of("trap 'echo bye; exit 7' INT; echo up; while :; do sleep 0.01; done");
    let shim = case.start();
    let mut lines = case.lines();
    text(&mut lines).await;
    case.attempt.inbox().unwrap().interrupt().unwrap();
    let exit = case.end(shim).await;
    assert_eq!(
        (exit.status, exit.cause),
        (ExitStatus::Code(7), ExitCause::Interrupted)
    );
    assert_eq!(rest(&mut lines).await, ["bye"]);
}

#[tokio::test]
async fn a_worker_that_ignores_the_interrupt_is_killed_after_its_grace() {
    let case = Case::with("trap '' INT TERM; echo up; sleep 1000", |spec| {
        spec.grace_ms = 50;
    });
    let shim = case.start();
    text(&mut case.lines()).await;
    case.attempt.inbox().unwrap().interrupt().unwrap();
    let exit = case.end(shim).await;
    assert_eq!(
        (exit.status, exit.cause),
        (ExitStatus::Signal(9), ExitCause::Interrupted)
    );
}

#[tokio::test]
async fn output_without_end_is_ended_and_cut_to_what_may_be_written() {
    let most = 1 << 20;
    for script in ["yes", "trap '' INT; yes >&2"] {
        let case = Case::with(script, |spec| spec.max_output = most);
        let exit = case.end(case.start()).await;
        assert_eq!(exit.cause, ExitCause::TooMuchOutput, "{script}");
        for name in ["stdout", "stderr"] {
            let size = std::fs::metadata(case.attempt.path().join(name))
                .unwrap()
                .len();
            assert!(size <= most, "{script}: {size}");
        }
    }
}

#[tokio::test]
async fn a_time_limit_interrupts() {
    let case = Case::with("sleep 1000", |spec| spec.limit_ms = Some(50));
    let exit = case.end(case.start()).await;
    assert_eq!(
        (exit.status, exit.cause),
        (ExitStatus::Signal(2), ExitCause::TimeLimit)
    );
}

#[tokio::test]
async fn a_kill_takes_the_whole_tree() {
    let case = Case::of("setsid sh -c 'echo up; sleep 1000'; sleep 1000");
    let shim = case.start();
    text(&mut case.lines()).await;
    case.attempt.inbox().unwrap().kill().unwrap();
    let exit = case.end(shim).await;
    assert_eq!(
        (exit.status, exit.cause),
        (ExitStatus::Signal(9), ExitCause::Killed)
    );
}

#[tokio::test]
async fn a_shim_told_to_end_interrupts_its_worker() {
    let case = Case::of("trap 'echo bye; exit 7' INT; echo up; while :; do sleep 0.01; done");
    let shim = case.start();
    let mut lines = case.lines();
    text(&mut lines).await;
    assert!(case.started().shim.signal(Signal::TERM));
    let exit = case.end(shim).await;
    assert_eq!(
        (exit.status, exit.cause),
        (ExitStatus::Code(7), ExitCause::ShimTerminated)
    );
    assert_eq!(rest(&mut lines).await, ["bye"]);
}

#[tokio::test]
async fn terminal_signals_reach_neither_shim_nor_worker() {
    let case = Case::of("echo up; cat");
    let shim = case.start();
    let mut lines = case.lines();
    text(&mut lines).await;
    let started = case.started();
    let pid = Pid::from_raw(started.shim.pid);
    assert_eq!(getsid(pid).unwrap(), pid.unwrap());
    for signal in [Signal::INT, Signal::HUP, Signal::QUIT] {
        assert!(started.shim.signal(signal));
    }
    case.attempt
        .inbox()
        .unwrap()
        .write_line("still here")
        .unwrap();
    assert_eq!(text(&mut lines).await, "still here");
    case.attempt.inbox().unwrap().close().unwrap();
    assert_eq!(case.end(shim).await.cause, ExitCause::Own);
}

#[tokio::test]
async fn a_worker_outlives_whoever_started_its_shim() {
    let case = Case::of("echo up; cat; echo done");
    let mut parent = tokio::process::Command::new("sh")
        .args(["-c", "\"$0\" worker-shim \"$1\" & wait", TK])
        .arg(case.attempt.path())
        .spawn()
        .unwrap();
    let mut lines = case.lines();
    text(&mut lines).await;
    parent.kill().await.unwrap();

    // What the next runner does: only the folder is left to it.
    let adopted = AttemptDir::open(case.attempt.path());
    assert!(adopted.is_alive().unwrap());
    adopted.inbox().unwrap().write_line("adopted").unwrap();
    assert_eq!(text(&mut lines).await, "adopted");
    adopted.inbox().unwrap().close().unwrap();
    assert_eq!(rest(&mut lines).await, ["done"]);
    assert_eq!(case.exit().status, ExitStatus::Code(0));
}

#[tokio::test]
async fn a_killed_shim_ends_the_lines_once_its_worker_is_gone() {
    let case = Case::of("cat; echo done");
    let mut shim = case.start();
    let mut lines = case.lines();
    // What it passes on, it does after having noted who the worker is.
    case.attempt.inbox().unwrap().write_line("up").unwrap();
    assert_eq!(text(&mut lines).await, "up");
    shim.kill().await.unwrap();
    // The pipe's end went with the shim, so the worker comes to its end by itself.
    assert_eq!(rest(&mut lines).await, ["done"]);
    assert_eq!(case.attempt.read_exit().unwrap(), None);
    assert!(!case.attempt.is_alive().unwrap());
}

#[tokio::test]
async fn lines_may_be_torn_or_not_utf_8_and_are_found_again_by_offset() {
    let case = Case::of(r"printf 'a\nb\377c\nlast'");
    case.end(case.start()).await;
    let mut lines = case.lines();
    let first = lines.next().await.unwrap().unwrap();
    assert_eq!(
        (first.text.as_str(), first.end, first.complete),
        ("a", 2, true)
    );
    let mut lines = case.attempt.stdout_lines(first.end).unwrap();
    let second = lines.next().await.unwrap().unwrap();
    assert_eq!((second.text.as_str(), second.end), ("b\u{fffd}c", 6));
    let last = lines.next().await.unwrap().unwrap();
    assert_eq!(
        (last.text.as_str(), last.end, last.complete),
        ("last", 10, false)
    );
    assert_eq!(lines.next().await.unwrap(), None);
    assert_eq!(lines.next().await.unwrap(), None);
}

#[tokio::test]
async fn the_worker_gets_its_own_variables_and_no_repository_of_its_callers() {
    let case = Case::with("env", |spec| {
        spec.env.insert("TK_TICKET".to_owned(), "x2f".to_owned());
        spec.env
            .insert("GIT_AUTHOR_NAME".to_owned(), "agent".to_owned());
        spec.unset.push("SECRET_OF_THE_RUNNER".to_owned());
    });
    let mut shim = tokio::process::Command::new(TK)
        .arg("worker-shim")
        .arg(case.attempt.path())
        .envs([
            ("GIT_DIR", "/elsewhere"),
            ("GIT_INDEX_FILE", "/elsewhere/index"),
            ("GIT_AUTHOR_NAME", "somebody"),
            ("GIT_SSH_COMMAND", "ssh -i key"),
            ("SECRET_OF_THE_RUNNER", "1"),
            ("KEPT", "1"),
        ])
        .spawn()
        .unwrap();
    assert!(shim.wait().await.unwrap().success());
    let seen = rest(&mut case.lines()).await;
    let has = |line: &str| seen.iter().any(|seen| seen == line);
    assert!(has("TK_TICKET=x2f") && has("GIT_AUTHOR_NAME=agent") && has("KEPT=1"));
    assert!(has("GIT_SSH_COMMAND=ssh -i key"));
    for gone in ["GIT_DIR", "GIT_INDEX_FILE", "SECRET_OF_THE_RUNNER"] {
        assert!(!seen.iter().any(|line| line.starts_with(gone)), "{gone}");
    }
}

#[tokio::test]
async fn a_worker_that_never_reads_does_not_block_its_shim() {
    let case = Case::with("echo up; sleep 1000", |spec| spec.close_ms = 50);
    let shim = case.start();
    text(&mut case.lines()).await;
    let mut inbox = case.attempt.inbox().unwrap();
    inbox.write_line(&"x".repeat(1 << 20)).unwrap();
    inbox.close().unwrap();
    assert_eq!(case.end(shim).await.cause, ExitCause::StayedAfterClose);
}

#[test]
fn a_second_attempt_needs_a_second_folder() {
    let dir = tempfile::tempdir().unwrap();
    let spec = Spec::new(vec!["true".to_owned()], PathBuf::from("/"));
    let path = dir.path().join("1");
    let attempt = AttemptDir::create(&path, &spec).unwrap();
    assert_eq!(attempt.spec().unwrap(), spec);
    assert_eq!(attempt.started().unwrap(), None);
    assert!(!attempt.is_alive().unwrap());
    let error = AttemptDir::create(&path, &spec).unwrap_err();
    assert!(error.to_string().contains("exists already"), "{error}");
    assert!(ProcessId::own().is_alive());
}
