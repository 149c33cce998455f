//! What the commands cost as whole processes, beside programs that only do what cannot be
//! avoided.
//!
//! `cargo bench --bench commands [-- SIZE…]`, with 1,000 and 10,000 tickets unless told
//! otherwise; 100,000 take some minutes. Each command runs in turn with the yardsticks, and what
//! is told is the median of the ratios of neighbouring runs, so that a machine that gets slower
//! in between slows both. Fails when a target is missed.
//!
//! Programs are measured as they are where they are installed: copied. What the linker has written
//! here and there lies in small pieces in the system's memory, and starts a fifth slower.
//!
//! The yardsticks are this program itself, started with a word and a folder: `start` only
//! starts, `stat` asks the system about every ticket's file, `parse` reads and parses every one
//! on all cores with the `toml` crate, as any program would, and `own` does so with the very
//! parser that `tk` has. `cold` is a command's first run in a clone, without a cache; `after 10 %`
//! one right after a checkout of another branch with other texts in a tenth of the files.

#![expect(clippy::print_stdout, reason = "a bench reports on standard output")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use tk::model::{Config, TicketId};

/// The numbers of tickets measured unless told otherwise.
const SIZES: &[usize] = &[1_000, 10_000];
/// How often each command runs; the first of them does not count.
const ROUNDS: usize = 20;
/// The same where one takes long.
const FEW_ROUNDS: usize = 6;

/// How long a bar of the chart is for each ten times of milliseconds, in columns.
const DECADE: f64 = 12.0;

/// The yardsticks, by the words that start them.
const YARDSTICKS: [&str; 4] = ["start", "stat", "parse", "own"];

/// The program that is measured.
const TK: &str = env!("CARGO_BIN_EXE_tk");

/// At most so many times what this yardstick takes.
type Target = Option<(&'static str, f64)>;

/// Of a command that looks at every ticket and tells of a few.
const LOOKING: Target = Some(("stat", 1.5));
/// Of one that tells of all.
const TELLING: Target = Some(("stat", 2.0));
/// Of one that is about a single file.
const SINGLE: Target = Some(("start", 4.0));

/// Of one that has no cache yet, which it writes besides.
const COLD: Target = Some(("parse", 1.5));

/// The commands, with their targets.
const COMMANDS: &[(&[&str], Target)] = &[
    (&["list", "-n", "20"], LOOKING),
    (&["list"], None),
    (&["ready"], LOOKING),
    (&["ready", "-n", "20"], None),
    (&["next"], LOOKING),
    (&["blocked"], LOOKING),
    (&["graph"], None),
    (&["graph", "t500"], LOOKING),
    (&["stats"], LOOKING),
    (&["search", "decided"], TELLING),
    (&["list", "--json"], TELLING),
    (&["ready", "--json"], None),
    (&["graph", "--json"], None),
    (&["show", "t502"], LOOKING),
    (&["claim", "t502"], LOOKING),
    (&["release", "t502"], None),
    (&["close", "t502", "--force"], LOOKING),
    (&["reopen", "t502"], None),
    (&["note", "t502", "said"], SINGLE),
    (&["update", "t502", "-p", "1"], SINGLE),
    (&["new", "One more"], LOOKING),
];

/// What is done before each run of a command, and not measured: that there is something to do.
const BEFORE: &[(&str, &[&str])] = &[
    ("claim", &["release", "t502"]),
    ("release", &["claim", "t502"]),
    ("close", &["reopen", "t502"]),
    ("reopen", &["close", "t502", "--force"]),
    ("update", &["update", "t502", "-p", "3"]),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, folder] = &args[..]
        && yardstick(word, Path::new(folder))
    {
        return ExitCode::SUCCESS;
    }
    let sizes: Vec<usize> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if sizes.is_empty() { SIZES } else { &sizes };
    let measured: Vec<Measured> = sizes.iter().map(|size| measure(*size)).collect();
    chart(&measured);
    match measured.iter().all(|measured| measured.kept) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What was measured among so many tickets.
struct Measured {
    size: usize,
    /// The milliseconds of each command and yardstick.
    took: Vec<(String, f64)>,
    /// Whether the targets were kept.
    kept: bool,
}

/// Shows how what each command costs grows with the number of tickets: a bar a size, longer by
/// [`DECADE`] for ten times the milliseconds.
fn chart(measured: &[Measured]) {
    if measured.len() < 2 {
        return;
    }
    println!("how cost grows: {DECADE} columns are ten times the milliseconds, from 0.1 on");
    for (place, (name, _)) in measured[0].took.iter().enumerate() {
        println!("  {name}");
        let mut before: Option<(usize, f64)> = None;
        for at in measured {
            let (size, took) = (at.size, at.took[place].1);
            let columns = ((took / 0.1).log10() * DECADE).round().max(1.0) as usize;
            let growth = before.map_or_else(String::new, |(less, then)| {
                let times = size as f64 / less as f64;
                format!(
                    "  {:.1} times as long for {times:.0} times as many",
                    took / then
                )
            });
            println!(
                "  {size:>9} {:<56} {took:8.1} ms{growth}",
                "\u{2588}".repeat(columns)
            );
            before = Some((size, took));
        }
    }
}

/// Does what the yardstick of that name does; whether there is one.
fn yardstick(word: &str, folder: &Path) -> bool {
    let files = || -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("the folder of the tickets");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let is_ticket = |path: &PathBuf| path.file_name().is_some_and(|name| name != "config.toml");
        paths.filter(is_ticket).collect()
    };
    match word {
        "start" => {}
        "stat" => {
            for file in files() {
                fs::symlink_metadata(file).expect("a file");
            }
        }
        "own" => {
            let config = Config::default();
            on_all_cores(&files(), |id, text| {
                tk::format::parse(&TicketId::parse(id).expect("an id"), text, &config).is_ok()
            });
        }
        "parse" => on_all_cores(&files(), |_, text| text.parse::<toml::Table>().is_ok()),
        _ => return false,
    }
    true
}

fn on_all_cores(files: &[PathBuf], parse: impl Fn(&str, &str) -> bool + Copy + Send + Sync) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for chunk in files.chunks(files.len().div_ceil(cores).max(1)) {
            scope.spawn(move || {
                for file in chunk {
                    let text = fs::read_to_string(file).expect("a text");
                    let id = file
                        .file_stem()
                        .and_then(|stem| stem.to_str())
                        .expect("a name");
                    assert!(parse(id, &text), "{}", file.display());
                }
            });
        }
    });
}

/// Measures every command among that many tickets.
fn measure(size: usize) -> Measured {
    let project = Project::with(size);
    let rounds = if size > 50_000 { FEW_ROUNDS } else { ROUNDS };
    println!("{size} tickets: milliseconds, and times of the yardsticks (medians)");
    let heads = YARDSTICKS.map(|word| format!("{word:>8}")).concat();
    println!("  {:<24} {:>8} {heads}", "", "ms");
    let mut measured = Measured {
        size,
        took: Vec::new(),
        kept: true,
    };
    for word in YARDSTICKS {
        let runs = (0..rounds).map(|_| project.yardstick(word));
        let took = median(runs.skip(1).map(|run| run.as_secs_f64() * 1e3));
        println!("  {word:<24} {took:>8.1}");
        measured.took.push((word.to_owned(), took));
    }
    project.warm();
    for (args, target) in COMMANDS {
        let before = BEFORE.iter().find(|(command, _)| *command == args[0]);
        let run = || {
            if let Some((_, before)) = before {
                project.tk(before);
            }
            project.tk(args)
        };
        measured.tell(&args.join(" "), *target, rounds, &project, run);
    }
    let list = &["list", "-n", "20"];
    let after_checkout = || {
        project.change_some();
        project.tk(list)
    };
    let target = Some(("stat", 3.0));
    let name = "list -n 20, after 10 %";
    measured.tell(name, target, FEW_ROUNDS, &project, after_checkout);
    for word in ["list", "ready", "graph"] {
        let cold = || {
            project.forget();
            project.tk(&[word])
        };
        let name = format!("{word}, cold");
        measured.tell(&name, COLD, rounds, &project, cold);
    }
    println!(
        "  most memory of `list`, `ready` and `graph`: {} MB",
        project.memory()
    );
    measured
}

impl Measured {
    /// Measures what `run` does and tells of it.
    fn tell(
        &mut self,
        name: &str,
        target: Target,
        rounds: usize,
        project: &Project,
        run: impl Fn() -> Duration,
    ) {
        let runs: Vec<(f64, Vec<f64>)> = (0..rounds)
            .map(|_| {
                let took = run().as_secs_f64();
                let beside = YARDSTICKS.map(|word| took / project.yardstick(word).as_secs_f64());
                (took * 1e3, beside.to_vec())
            })
            .skip(1)
            .collect();
        let took = median(runs.iter().map(|(took, _)| *took));
        let ratios: Vec<f64> = (0..YARDSTICKS.len())
            .map(|n| median(runs.iter().map(|(_, ratios)| ratios[n])))
            .collect();
        let ratio_of = |word: &str| {
            YARDSTICKS
                .iter()
                .position(|known| *known == word)
                .map(|n| ratios[n])
        };
        let missed = |(word, most): (&str, f64)| ratio_of(word).is_none_or(|ratio| ratio > most);
        let kept = !target.is_some_and(missed);
        let words = target.map_or_else(String::new, |(word, most)| {
            let missed = if kept { "" } else { ", MISSED" };
            format!("  ({word}: at most {most}{missed})")
        });
        let shown: String = ratios.iter().map(|ratio| format!("{ratio:>8.2}")).collect();
        println!("  {name:<24} {took:>8.1} {shown}{words}");
        self.took.push((name.to_owned(), took));
        self.kept &= kept;
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A repository with tickets in it.
struct Project {
    root: tempfile::TempDir,
    programs: tempfile::TempDir,
    size: usize,
}

impl Project {
    /// Epics of nineteen tickets each, of which most wait for the one before; one in five is
    /// closed, with notes and the record of a run.
    fn with(size: usize) -> Self {
        let (root, programs) = (folder(), folder());
        let this = std::env::current_exe().expect("this program");
        for (from, name) in [(Path::new(TK), "tk"), (&this, "yardstick")] {
            fs::copy(from, programs.path().join(name)).expect("a copied program");
        }
        let project = Self {
            root,
            programs,
            size,
        };
        let init = Command::new("git")
            .args(["init", "--quiet", "--initial-branch=main"])
            .current_dir(project.path())
            .status();
        assert!(init.expect("git").success());
        project.tk(&["init", "--quiet"]);
        for number in 0..size {
            let file = project.path().join(format!(".ticks/t{number}.toml"));
            fs::write(file, text(number)).expect("a written file");
        }
        project
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    /// Has the cache written, with every ticket in it.
    fn warm(&self) {
        for _ in 0..3 {
            self.tk(&["list", "-n", "1"]);
            self.tk(&["search", "decided", "-n", "1"]);
        }
    }

    /// As in a new clone.
    fn forget(&self) {
        let _ = fs::remove_file(self.path().join(".git/tk/index"));
        let _ = fs::remove_file(self.path().join(".git/tk/search"));
    }

    /// As after a checkout: a tenth of the files are others, with other texts.
    fn change_some(&self) {
        self.warm();
        let nonce = Instant::now();
        for number in (0..self.size).step_by(10) {
            let file = self.path().join(format!(".ticks/t{number}.toml"));
            let comment = format!("# {nonce:?}\n");
            fs::remove_file(&file).expect("a removed file");
            fs::write(file, text(number) + &comment).expect("a written file");
        }
    }

    /// The most megabytes that some commands took.
    fn memory(&self) -> String {
        let most = |args: &[&str]| -> Option<usize> {
            let command = &mut Command::new(TK);
            let mut child = self.command(command.args(args)).spawn().ok()?;
            let status = format!("/proc/{}/status", child.id());
            let mut most = 0;
            // What it says only grows, so the last look before the end tells all.
            while child.try_wait().ok()?.is_none() {
                let text = fs::read_to_string(&status).unwrap_or_default();
                let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
                most = most.max(kilobytes.unwrap_or(0));
            }
            Some(most)
        };
        let commands = [&["list", "-n", "20"][..], &["ready"], &["graph"]];
        match commands.iter().filter_map(|args| most(args)).max() {
            Some(kilobytes) if kilobytes > 0 => (kilobytes / 1000).to_string(),
            _ => "unknown".to_owned(),
        }
    }

    fn tk(&self, args: &[&str]) -> Duration {
        self.timed(Command::new(self.programs.path().join("tk")).args(args))
    }

    fn yardstick(&self, word: &str) -> Duration {
        let mut this = Command::new(self.programs.path().join("yardstick"));
        self.timed(this.arg(word).arg(self.path().join(".ticks")))
    }

    fn command<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(self.path())
            .env("HOME", self.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("TK_ACTOR", "dana@example.com")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
    }

    fn timed(&self, command: &mut Command) -> Duration {
        let command = self.command(command);
        let begun = Instant::now();
        let status = command.status().expect("a started program");
        let took = begun.elapsed();
        assert!(status.success(), "{command:?}");
        took
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn text(number: usize) -> String {
    let place = number % 20;
    let is_epic = place == 0;
    let closed = number % 5 == 1;
    let list = |key: &str, values: &[String]| {
        let lines: String = values
            .iter()
            .map(|value| format!("  \"{value}\",\n"))
            .collect();
        if values.is_empty() {
            format!("{key} = []\n\n")
        } else {
            format!("{key} = [\n{lines}]\n\n")
        }
    };
    let mut text = format!(
        "title = \"Number {number} of a large project\"\n\nstatus = \"{}\"\n\npriority = {}\n\n\
         type = \"{}\"\n\nowner = \"\"\n\nparent = \"{}\"\n\n",
        if closed { "closed" } else { "open" },
        number % 5,
        if is_epic { "epic" } else { "task" },
        if is_epic {
            String::new()
        } else {
            format!("t{}", number - place)
        },
    );
    text += &list(
        "labels",
        &["api".to_owned(), format!("area-{}", number % 7)],
    );
    let blocker = (place > 2).then(|| format!("t{}", number - 1));
    text += &list("blocked_by", &blocker.into_iter().collect::<Vec<_>>());
    text += "requires = \"\"\n\nawaiting = \"\"\n\nestimate = \"2h\"\n\n\
             created_at = 2026-11-20T08:38:50.123Z\n\ncreated_by = \"dana@example.com\"\n\n";
    if closed {
        text += "closed_at = 2026-11-21T08:38:50.123Z\n\nclosed_by = \"dana@example.com\"\n\n";
    }
    text += "# description\ndescription = \"\"\"\nWhat is to be done, in a few lines of some length:\n\
             - one thing that matters, and another one\n- what must not change by it\n\"\"\"\n\n\
             # acceptance\n\n[[acceptance]]\ntext = \"A wrong password gets 401\"\nmet = false\n\n\
             # subtasks\n\n# notes\n";
    if closed {
        text += "\n[[notes]]\nat = 2026-11-20T09:02:11.482Z\nby = \"agent:claude\"\n\
                 kind = \"comment\"\ntext = \"Found where it is decided, and why.\"\n";
    }
    text += "\n# runs\n";
    if closed {
        text += "\n[[runs]]\nrun = \"01KAGXJ0000000000000000000\"\nattempt = 1\nagent = \"claude\"\n\
                 started_at = 2026-11-20T09:00:00Z\nended_at = 2026-11-20T09:11:40Z\n\
                 outcome = \"landed\"\ncost_usd = 0.42\nturns = 14\n";
    }
    text
}
