//! How long tickets take that both sides of a merge changed.
//!
//! `cargo bench --bench merge [-- TICKETS]`, with 10,000 tickets unless told otherwise. Four
//! things are measured. What the merge of all of them takes by itself, when both sides changed
//! every one. What `git merge` takes, with `tk` as its driver and with its own text merge in turn,
//! where each side changed a tenth of them, and a fiftieth is the same: git starts a shell and a
//! driver for each of these, and no promise can be kept where these are all. What `git merge` takes of
//! all of them with `tk` as its strategy, notes on both sides in a fiftieth; in turn with git's checkout
//! of as many files, which is most of it. And what `tk resolve` takes where git's text merge left
//! conflicts in a tenth. The first of each does not count where there are several. Fails when one of
//! the first three takes longer than is promised.

#![expect(clippy::print_stdout, reason = "a bench reports on standard output")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use tk::format::print;
use tk::merge::{Merged, merge_ticket};
use tk::model::{Config, Note, NoteKind, Priority, StatusId, Ticket, TicketId};

/// The number of tickets unless told otherwise.
const TICKETS: usize = 10_000;
/// How often git merges with each; the first does not count.
const ROUNDS: usize = 6;
/// The longest that all may take.
const PROMISED: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let tickets = std::env::args().find_map(|arg| arg.parse().ok());
    let tickets = tickets.unwrap_or(TICKETS);
    let alone = alone(tickets);
    println!("merge: {tickets} tickets");
    println!(
        "  the merge of all, by itself        {:7.3} s    {:7.1} µs each (at most {PROMISED:?})",
        alone.as_secs_f64(),
        each(alone, tickets) * 1e6,
    );
    let by_git = by_git(tickets);
    println!(
        "  `git merge`, {} tickets changed on both sides",
        by_git.both
    );
    println!(
        "    its own text merge               {:7.3} s",
        by_git.text.as_secs_f64()
    );
    println!(
        "    with `tk` as its driver          {:7.3} s    {:7.3} ms each more (at most {PROMISED:?})",
        by_git.driver.as_secs_f64(),
        each(by_git.driver.saturating_sub(by_git.text), by_git.both) * 1e3
    );
    println!("    ratio                            {:7.3}", by_git.ratio);
    let strategy = by_strategy(tickets);
    println!("  `git merge`, all changed on both sides");
    println!(
        "    with `tk` as its strategy        {:7.3} s    {:7.3} s `git checkout` of them (at most {PROMISED:?})",
        strategy.merge.as_secs_f64(),
        strategy.checkout.as_secs_f64()
    );
    let (resolved, conflicts) = resolved(tickets);
    println!(
        "  `tk resolve` of {conflicts:5} conflicts    {:7.3} s    {:7.3} ms each",
        resolved.as_secs_f64(),
        each(resolved, conflicts) * 1e3
    );
    match [alone, by_git.driver, strategy.merge]
        .iter()
        .all(|took| *took <= PROMISED)
    {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn each(took: Duration, number: usize) -> f64 {
    took.as_secs_f64() / number.max(1) as f64
}

/// A ticket of ordinary length.
fn ticket(number: usize) -> Ticket {
    let id = TicketId::parse(&format!("t{number}")).expect("an id");
    let title = format!("Number {number} of a large project");
    let mut ticket = Ticket::new(id, title, "task".to_owned(), StatusId::new("open"));
    ticket.created_at = "2026-11-20T08:38:50Z".parse().ok();
    ticket.created_by = Some("dana@example.com".to_owned());
    ticket.labels = ["api".to_owned(), format!("area-{}", number % 7)].into();
    ticket.description = "What is to be done, in a few lines of some length:\n\
                          - one thing that matters, and another one\n\
                          - what must not change by it"
        .to_owned();
    ticket
        .notes
        .push(note("Found where it is decided, and why."));
    ticket
}

fn note(text: &str) -> Note {
    Note {
        at: Some("2026-11-20T09:02:11Z".parse().expect("a time")),
        by: "agent:claude".to_owned(),
        kind: NoteKind::Comment,
        text: text.to_owned(),
    }
}

/// What one side does to a ticket.
fn ours(ticket: &mut Ticket) {
    ticket.priority = Priority::new(0).expect("a priority");
}

/// What the other does, which does not touch it in the text either.
fn theirs(ticket: &mut Ticket) {
    ticket.labels.insert("beta".to_owned());
}

fn changed(number: usize, change: impl Fn(&mut Ticket)) -> String {
    let mut ticket = ticket(number);
    change(&mut ticket);
    print(&ticket)
}

/// The merges by themselves: of each tenth file with a comment of somebody's own in it.
fn alone(tickets: usize) -> Duration {
    let files: Vec<_> = (0..tickets)
        .map(|number| {
            let own = |text: String| match number % 10 {
                0 => text.replace("\npriority = ", "\n# how urgent\npriority = "),
                _ => text,
            };
            let noted = |ticket: &mut Ticket| {
                ours(ticket);
                ticket.notes.push(note("Ours."));
            };
            let other = |ticket: &mut Ticket| {
                theirs(ticket);
                ticket.notes.push(note("Theirs."));
            };
            let texts = [
                changed(number, |_| {}),
                changed(number, noted),
                changed(number, other),
            ];
            (ticket(number).id, texts.map(own))
        })
        .collect();
    let config = Config::default();
    let begun = Instant::now();
    for (id, [base, ours, theirs]) in &files {
        let merged = merge_ticket(id, Some(base), ours, theirs, &config);
        assert!(matches!(merged, Merged::Clean(_)), "{merged:#?}");
    }
    begun.elapsed()
}

/// What git took.
struct ByGit {
    driver: Duration,
    text: Duration,
    ratio: f64,
    both: usize,
}

fn by_git(tickets: usize) -> ByGit {
    let tenth = tickets / 10;
    let both = tenth / 5;
    let clone = Clone::of(tickets);
    clone.branch("one", 0..tenth, ours);
    clone.branch("two", tenth - both..2 * tenth - both, theirs);
    // So that the branch stays where it is.
    clone.git(&["checkout", "--quiet", "--detach"]);
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        clone.tk(&["init", "--quiet"]);
        let driver = clone.merge("one");
        clone.git(&["reset", "--quiet", "--hard", "two"]);
        clone.git(&["config", "--remove-section", "merge.ticks"]);
        let text = clone.merge("one");
        clone.git(&["reset", "--quiet", "--hard", "two"]);
        times.push((driver, text));
    }
    let times = &times[1..];
    let ratios = times
        .iter()
        .map(|(driver, text)| driver.as_secs_f64() / text.as_secs_f64());
    let seconds = |of: fn(&(Duration, Duration)) -> Duration| {
        Duration::from_secs_f64(median(
            times.iter().map(|pair| of(pair).as_secs_f64()).collect(),
        ))
    };
    ByGit {
        driver: seconds(|pair| pair.0),
        text: seconds(|pair| pair.1),
        ratio: median(ratios.collect()),
        both,
    }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// How long git's text merge takes of all tickets, changed on both sides, and how long `tk resolve`
/// for those to which both added a note.
/// What git took with `tk` as its strategy, and only for what it checked out.
struct ByStrategy {
    merge: Duration,
    checkout: Duration,
}

fn by_strategy(tickets: usize) -> ByStrategy {
    fn noted(ticket: &mut Ticket, text: &str) {
        let number = ticket.id.as_str().trim_start_matches('t').parse();
        if number.is_ok_and(|number: usize| number.is_multiple_of(50)) {
            ticket.notes.push(note(text));
        }
    }
    let clone = Clone::of(tickets);
    clone.branch("two", 0..tickets, |ticket| {
        theirs(ticket);
        noted(ticket, "Theirs.");
    });
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        // Another one each time: what is in the repository already is not stored again.
        let one = format!("one-{round}");
        clone.branch(&one, 0..tickets, |ticket| {
            ours(ticket);
            ticket.owner = Some(one.clone());
            noted(ticket, "Ours.");
        });
        let begun = Instant::now();
        clone.git(&["checkout", "--quiet", "--detach", "two"]);
        let checkout = begun.elapsed();
        times.push((clone.merge_by(&["--strategy=ticks", &one]), checkout));
    }
    let seconds = |of: fn(&(Duration, Duration)) -> Duration| {
        let times = times[1..].iter();
        Duration::from_secs_f64(median(times.map(|pair| of(pair).as_secs_f64()).collect()))
    };
    ByStrategy {
        merge: seconds(|pair| pair.0),
        checkout: seconds(|pair| pair.1),
    }
}

/// How long `tk resolve` takes for what git's text merge has left, and of how many.
fn resolved(tickets: usize) -> (Duration, usize) {
    let conflicts = tickets / 10;
    let clone = Clone::of(tickets);
    clone.git(&["config", "--remove-section", "merge.ticks"]);
    clone.branch("one", 0..conflicts, |ticket| {
        ticket.notes.push(note("Ours."))
    });
    clone.branch("two", 0..conflicts, |ticket| {
        ticket.notes.push(note("Theirs."))
    });
    clone.conflicting_merge("one");
    (clone.resolve(), conflicts)
}

/// A repository with tickets, which knows nothing of the user's.
struct Clone {
    root: tempfile::TempDir,
}

impl Clone {
    fn of(tickets: usize) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let clone = Self { root };
        std::fs::create_dir(clone.dir()).expect("a folder");
        let strategy = clone.root.path().join("git-merge-ticks");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tk"), strategy).expect("a link");
        clone.git(&["init", "--quiet", "--initial-branch=main"]);
        clone.tk(&["init", "--quiet"]);
        for number in 0..tickets {
            clone.write(number, |_| {});
        }
        clone.commit();
        clone
    }

    fn dir(&self) -> PathBuf {
        self.root.path().join("repo")
    }

    fn write(&self, number: usize, change: impl Fn(&mut Ticket)) {
        let path = self.dir().join(format!(".ticks/t{number}.toml"));
        std::fs::write(path, changed(number, change)).expect("a file");
    }

    /// Changes these tickets on a new branch.
    fn branch(&self, name: &str, tickets: std::ops::Range<usize>, change: impl Fn(&mut Ticket)) {
        self.git(&["checkout", "--quiet", "-b", name, "main"]);
        for number in tickets {
            self.write(number, &change);
        }
        self.commit();
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=x"]);
    }

    /// How long it takes to merge the branch.
    fn merge(&self, name: &str) -> Duration {
        self.merge_by(&[name])
    }

    fn merge_by(&self, how: &[&str]) -> Duration {
        let begun = Instant::now();
        self.git(&[&["merge", "--quiet", "--no-edit", "--no-stat"], how].concat());
        let took = begun.elapsed();
        self.git(&["rev-parse", "--quiet", "--verify", "HEAD^2"]);
        took
    }

    /// Merges the branch, which conflicts.
    fn conflicting_merge(&self, name: &str) {
        let args = ["merge", "--quiet", "--no-edit", name];
        let merged = self.command("git", &args).status();
        assert!(merged.is_ok_and(|status| !status.success()), "no conflict");
    }

    /// How long `tk` takes to settle the merge, which is committed then.
    fn resolve(&self) -> Duration {
        let begun = Instant::now();
        self.tk(&["resolve", "--quiet"]);
        let took = begun.elapsed();
        self.git(&["commit", "--quiet", "--no-edit"]);
        took
    }

    fn git(&self, args: &[&str]) {
        self.run("git", args);
    }

    fn tk(&self, args: &[&str]) {
        self.run(env!("CARGO_BIN_EXE_tk"), args);
    }

    fn run(&self, program: &str, args: &[&str]) {
        let done = self.command(program, args).status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "{program} {args:?}"
        );
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let folder = Path::new(env!("CARGO_BIN_EXE_tk")).parent();
        let mut path = folder.expect("the program's folder").as_os_str().to_owned();
        path.push(":");
        path.push(self.root.path());
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.dir())
            .env("PATH", path)
            .env("HOME", self.root.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("TK_ACTOR", "dana@example.com")
            .stdout(Stdio::null());
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Dana");
            command.env(format!("GIT_{who}_EMAIL"), "dana@example.com");
        }
        command
    }
}
