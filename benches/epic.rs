//! What the runner itself costs while an epic runs: its CPU, its memory, how soon it wakes up.
//!
//! `cargo bench --bench epic [-- TICKETS]`, with 1,000 tickets unless told otherwise, 16 workers
//! that are any program, write a file and end. What they start and what git does is not the
//! runner's own; its processes are not counted, its threads are.
//!
//! Workers here take half a second, so that the bench ends; real ones take minutes. What is
//! promised is a share of a core, and that depends on how often something ends: the CPU that a
//! ticket costs is measured, and told as the share it would be if each of the 16 workers took
//! a minute, which is short for a model. Fails when a target is missed.

#![expect(clippy::print_stdout, reason = "a bench reports on standard output")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// The tickets unless told otherwise.
const TICKETS: usize = 1_000;
/// The workers.
const WORKERS: usize = 16;
/// What a worker is taken to last, in seconds.
const WORK: f64 = 60.0;
/// The most of a core that the runner may use, in percent.
const SHARE: f64 = 5.0;
/// The most memory, in MiB.
const MEMORY: f64 = 60.0;
/// The longest from a worker's end until its bill is settled, in milliseconds, nine in ten.
const WAKE_UP: f64 = 100.0;
/// Workers that only wait, how long they are watched, and the most of a core meanwhile.
const WAITING: usize = 10;
const WATCHED: Duration = Duration::from_secs(60);
const IDLE: f64 = 0.1;

fn main() -> ExitCode {
    let tickets = std::env::args().find_map(|arg| arg.parse().ok());
    let busy = busy(tickets.unwrap_or(TICKETS));
    let idle = idle();
    if busy && idle {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn busy(tickets: usize) -> bool {
    let root = repository(tickets, "sleep 0.5; echo done > \"$TK_TICKET.txt\"");
    let begun = Instant::now();
    let mut run = start(root.path(), WORKERS);
    let pid = run.id();
    let lines = BufReader::new(run.stdout.take().expect("its output")).lines();
    let over = AtomicBool::new(false);
    let (mut landed, mut ends) = (0, Vec::new());
    let (cpu, memory) = std::thread::scope(|scope| {
        let watched = scope.spawn(|| {
            let (mut cpu, mut memory) = (0.0, 0.0);
            while !over.load(Ordering::Relaxed) {
                cpu = ticks(pid).unwrap_or(cpu);
                memory = peak(pid).unwrap_or(memory);
                std::thread::sleep(Duration::from_millis(100));
            }
            (cpu, memory)
        });
        for line in lines.map_while(Result::ok) {
            let now = SystemTime::now();
            let event: serde_json::Value = serde_json::from_str(&line).expect("an event");
            match event["kind"].as_str() {
                Some("landed") => landed += usize::from(!event["ticket"].is_null()),
                Some("cost") if event["settled"] == true => {
                    let (run, ticket) = (event["run"].as_str(), event["ticket"].as_str());
                    let folder = [
                        ".git/tk/runs",
                        run.expect("a run"),
                        ticket.expect("a ticket"),
                    ];
                    let exit = root.path().join(folder.join("/")).join("1-1/exit.json");
                    let ended = fs::metadata(exit).and_then(|exit| exit.modified());
                    ends.extend(ended.ok().and_then(|ended| now.duration_since(ended).ok()));
                }
                _ => {}
            }
        }
        over.store(true, Ordering::Relaxed);
        watched.join().expect("its figures")
    });
    let ended = run.wait().is_ok_and(|status| status.success());
    let wall = begun.elapsed().as_secs_f64();
    assert!(!ends.is_empty(), "no worker's end was seen");
    ends.sort_unstable();
    let at = |share: f64| ends[(ends.len() as f64 * share) as usize].as_secs_f64() * 1000.0;
    let each = cpu / tickets as f64;
    let share = each * WORKERS as f64 / WORK * 100.0;
    println!("epic: {tickets} tickets, {WORKERS} workers, {wall:.1} s, {landed} landed");
    println!(
        "  the runner's own CPU a ticket      {:7.1} ms",
        each * 1000.0
    );
    println!("  share of a core, workers of {WORK:.0} s  {share:7.2} %   (at most {SHARE} %)");
    println!(
        "  share of a core in this bench      {:7.2} %",
        cpu / wall * 100.0
    );
    println!("  memory at its peak                 {memory:7.1} MiB (at most {MEMORY})");
    println!(
        "  from a worker's end to its bill    {:7.1} ms  median",
        at(0.5)
    );
    println!(
        "    nine in ten                      {:7.1} ms  (at most {WAKE_UP})",
        at(0.9)
    );
    ended && landed == tickets && share <= SHARE && memory <= MEMORY && at(0.9) <= WAKE_UP
}

fn idle() -> bool {
    let root = repository(WAITING, "exec sleep 600");
    let mut run = start(root.path(), WAITING);
    let lines = BufReader::new(run.stdout.take().expect("its output")).lines();
    let commands = lines
        .map_while(Result::ok)
        .filter(|line| line.contains("\"kind\":\"command\""));
    let live = commands.take(WAITING).count();
    std::thread::sleep(Duration::from_secs(3));
    let before = ticks(run.id()).expect("a live run");
    std::thread::sleep(WATCHED);
    let used = ticks(run.id()).expect("a live run") - before;
    let share = used / WATCHED.as_secs_f64() * 100.0;
    println!("idle: {live} workers that wait");
    println!("  share of a core                    {share:7.3} %   (at most {IDLE} %)");
    let stop = ["stop", "epic", "--json"];
    let stopped = tk(root.path()).args(stop).stdout(Stdio::null()).status();
    let ended = stopped.is_ok_and(|status| status.success()) && run.wait().is_ok();
    ended && live == WAITING && share <= IDLE
}

/// A repository with an epic, and an agent that runs this in a shell.
fn repository(tickets: usize, work: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary folder");
    let dir = root.path();
    let git = |args: &[&str]| {
        let done = Command::new("git").args(args).current_dir(dir).status();
        assert!(done.is_ok_and(|status| status.success()), "git {args:?}");
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["config", "user.name", "x"]);
    git(&["config", "user.email", "x@example.com"]);
    let made = tk(dir).args(["init", "--quiet"]).status();
    assert!(made.is_ok_and(|status| status.success()), "tk init");
    let write = |path: PathBuf, text: &str| fs::write(path, text).expect("a file");
    let ticks = dir.join(".ticks");
    fs::create_dir_all(ticks.join("agents")).expect("a folder");
    let agent = format!("kind = \"command\"\ncommand = [\"sh\", \"-c\", {work:?}]\n");
    write(ticks.join("agents/shell.toml"), &agent);
    write(
        ticks.join("epic.toml"),
        "title = \"The epic\"\ntype = \"epic\"\n",
    );
    for n in 0..tickets {
        let text = format!("title = \"Ticket {n}\"\nparent = \"epic\"\n");
        write(ticks.join(format!("t{n:04}.toml")), &text);
    }
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message=set up"]);
    root
}

fn tk(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tk"));
    command.current_dir(dir).env_remove("TK_ACTOR");
    command
}

fn start(dir: &Path, workers: usize) -> Child {
    let workers = workers.to_string();
    let args = ["run", "epic", "--agent", "shell", "--json", "-j", &workers];
    let run = tk(dir).args(args).stdout(Stdio::piped()).spawn();
    run.expect("a run")
}

/// The CPU time of a process without its children, in seconds, with that of threads that have
/// ended; in steps of 10 ms.
fn ticks(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: f64 = times.filter_map(|time| time.parse::<f64>().ok()).sum();
    // A hundredth of a second on every Linux there is; one that has ended has none.
    (ticks > 0.0).then_some(ticks / 100.0)
}

/// The most memory that a process has had, in MiB.
fn peak(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib / 1024.0)
}
