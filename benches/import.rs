//! How long an import takes, beside what none can do without: reading the same text, and writing
//! as many files.
//!
//! `cargo bench --bench import [-- COUNT]`, with 10,000 tickets of each format unless told
//! otherwise. Of each the best of a few rounds is told, and how it grew from a tenth of that.
//! Fails where growth is far from even, also of archives in which tickets wait for one another
//! in circles, at random or all in one knot.

#![expect(clippy::print_stdout, reason = "a bench reports on standard output")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The number of tickets unless told otherwise.
const COUNT: usize = 10_000;
/// How often each is measured; the best counts.
const ROUNDS: usize = 3;
/// At most so many times as long as its share may an import of ten times as many take. Even
/// growth is 1, and what starting costs makes it less; each with each would be 10.
const UNEVEN: f64 = 2.5;
/// What is not worth comparing.
const SMALL: Duration = Duration::from_millis(30);

/// What an archive is like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Knots {
    /// Each waits for some that came before.
    None,
    /// Each waits for some, whichever.
    Random,
    /// Each waits for some ahead of it, in one circle of all.
    One,
}

const ARCHIVES: &[(&str, Knots, &str)] = &[
    ("ticks", Knots::None, "ticks"),
    ("beads", Knots::None, "beads"),
    ("ticket", Knots::None, "ticket"),
    ("backlog", Knots::None, "backlog"),
    ("taskwarrior", Knots::None, "taskwarrior"),
    ("github", Knots::None, "github"),
    ("jsonl", Knots::None, "jsonl"),
    ("beads", Knots::Random, "beads, random circles"),
    ("beads", Knots::One, "beads, one knot"),
];

fn main() -> ExitCode {
    let count = std::env::args().find_map(|arg| arg.parse().ok());
    let count: usize = count.unwrap_or(COUNT).max(100);
    let root = tempfile::tempdir().expect("a temporary folder");
    println!("import: {count} tickets, best of {ROUNDS}, in ms");
    println!(
        "{:24}{:>9}{:>9}{:>9}{:>9}{:>9}",
        "", "a tenth", "all", "growth", "read", "write"
    );
    let mut even = true;
    for (format, knots, name) in ARCHIVES {
        let small = Archive::new(root.path(), format, count / 10, *knots);
        let large = Archive::new(root.path(), format, count, *knots);
        let (few, all) = (small.import(), large.import());
        let growth = all.as_secs_f64() / few.max(SMALL).as_secs_f64() / 10.0;
        println!(
            "{name:24}{:>9.0}{:>9.0}{growth:>9.2}{:>9.0}{:>9.0}",
            ms(few),
            ms(all),
            ms(best(|_| large.read())),
            ms(best(|round| large.write(round)))
        );
        if growth > UNEVEN {
            println!("  grows unevenly: at most {UNEVEN}");
            even = false;
        }
    }
    match even {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn best(mut took: impl FnMut(usize) -> Duration) -> Duration {
    let rounds = (0..ROUNDS).map(&mut took);
    rounds.min().unwrap_or_default()
}

/// An archive on the disk.
struct Archive {
    root: PathBuf,
    format: &'static str,
    count: usize,
    /// Its files, as texts.
    texts: Vec<String>,
    /// What is imported: a file, or a folder.
    path: PathBuf,
}

impl Archive {
    fn new(root: &Path, format: &'static str, count: usize, knots: Knots) -> Self {
        let mut rng = fastrand::Rng::with_seed(7);
        let records =
            (0..count).map(|number| record(format, number, &on(number, count, knots, &mut rng)));
        let name = format!("{format}-{count}-{}", knots as u8);
        let place = root.join(name);
        let (folder, ending) = match format {
            "ticks" => (".tick/issues", "json"),
            "ticket" => (".tickets", "md"),
            "backlog" => ("backlog/tasks", "md"),
            _ => ("", "jsonl"),
        };
        fs::create_dir_all(place.join(folder)).expect("a folder");
        let texts: Vec<String> = match folder {
            "" => vec![records.map(|record| record + "\n").collect()],
            _ => records.collect(),
        };
        for (number, text) in texts.iter().enumerate() {
            let file = place
                .join(folder)
                .join(format!("task-{number} - x.{ending}"));
            fs::write(file, text).expect("a file");
        }
        let path = match folder {
            "" => place.join("task-0 - x.jsonl"),
            _ => place,
        };
        Self {
            root: root.to_owned(),
            format,
            count,
            texts,
            path,
        }
    }

    /// How long `tk import` takes, into a project without tickets.
    fn import(&self) -> Duration {
        best(|_| {
            let project = tempfile::tempdir_in(&self.root).expect("a folder");
            let run = |command: &mut Command| {
                let command = command.current_dir(&project).env("HOME", &self.root);
                let command = command
                    .env_remove("GIT_DIR")
                    .env("TK_ACTOR", "bench@example.com");
                let done = command.stdout(Stdio::null()).status();
                assert!(done.is_ok_and(|status| status.success()), "{command:?}");
            };
            run(Command::new("git").args(["init", "--quiet"]));
            run(Command::new(env!("CARGO_BIN_EXE_tk")).arg("init"));
            let begun = Instant::now();
            run(Command::new(env!("CARGO_BIN_EXE_tk"))
                .args(["import", self.format])
                .arg(&self.path));
            let took = begun.elapsed();
            let made = fs::read_dir(project.path().join(".ticks")).expect("tickets");
            let made = made.flatten().filter(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                name.ends_with(".toml") && name != "config.toml"
            });
            assert_eq!(made.count(), self.count, "{}", self.format);
            took
        })
    }

    /// How long it takes to read its files, and what they say as JSON or YAML.
    fn read(&self) -> Duration {
        let begun = Instant::now();
        for text in &self.texts {
            match self.format {
                "ticket" | "backlog" => {
                    let yaml = text.split("---\n").nth(1).expect("fields");
                    let _: Value = serde_saphyr::from_str(yaml).expect("YAML");
                }
                _ => {
                    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
                    let values: Vec<Value> = values.map(|value| value.expect("JSON")).collect();
                    assert!(!values.is_empty());
                }
            }
        }
        begun.elapsed()
    }

    /// How long it takes to write as many files, each put on the disk for good with the folder.
    fn write(&self, round: usize) -> Duration {
        let folder = self.root.join(format!("plain-{}-{round}", self.count));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("a folder");
        let text = "x".repeat(600);
        let begun = Instant::now();
        for number in 0..self.count {
            let mut file = fs::File::create(folder.join(format!("{number}.toml"))).expect("a file");
            file.write_all(text.as_bytes()).expect("a text");
        }
        fs::File::open(&folder)
            .and_then(|folder| folder.sync_all())
            .expect("on the disk");
        begun.elapsed()
    }
}

/// What the ticket waits for.
fn on(number: usize, count: usize, knots: Knots, rng: &mut fastrand::Rng) -> Vec<usize> {
    match knots {
        Knots::None => {
            let back = [1, 7].into_iter().filter(|_| number.is_multiple_of(3));
            back.filter_map(|back| number.checked_sub(back)).collect()
        }
        Knots::Random => (0..3).map(|_| rng.usize(..count)).collect(),
        Knots::One => {
            let steps = [1, 2, 3, 5, 8].into_iter();
            steps.map(|step| (number + step * step) % count).collect()
        }
    }
}

fn id(format: &str, number: usize) -> String {
    match format {
        "taskwarrior" => format!("{number:08x}-0000-4000-8000-000000000000"),
        "backlog" => format!("TASK-{number}"),
        "jsonl" => format!("x{number}"),
        _ => format!("x-{number}"),
    }
}

/// A ticket as the format has it: what it is about, some texts, what it waits for.
fn record(format: &str, number: usize, on: &[usize]) -> String {
    let text =
        "The form stalls when a token expires. Retries are exhausted.\n\n- one\n- two\n".repeat(4);
    let title = format!("Ticket {number}: the form stalls");
    let at = format!("2026-01-{:02}T08:00:00Z", number % 28 + 1);
    let own = id(format, number);
    let ids: Vec<String> = on.iter().map(|other| id(format, *other)).collect();
    match format {
        "ticks" => json!({
            "id": own, "title": title, "description": text, "status": "open", "priority": 2,
            "type": "task", "owner": "kim", "created_at": at, "labels": ["api"],
            "blocked_by": ids, "notes": "2026-06-10 20:04 - Seen",
        })
        .to_string(),
        "beads" => {
            let on = ids
                .iter()
                .map(|to| json!({"depends_on_id": to, "type": "blocks"}));
            json!({
                "id": own, "title": title, "description": text, "status": "open", "priority": 2,
                "issue_type": "task", "created_at": at, "labels": ["api"], "owner": "k@x.org",
                "dependencies": on.collect::<Value>(),
                "comments": [{"author": "kim", "text": "Seen", "created_at": at}],
            })
            .to_string()
        }
        "taskwarrior" => json!({
            "uuid": own, "description": title, "status": "pending", "entry": at, "tags": ["api"],
            "project": "work", "depends": ids, "urgency": 7.2, "id": number,
            "annotations": [{"entry": at, "description": text}],
        })
        .to_string(),
        "github" => json!({
            "number": number + 1, "title": title, "body": text, "state": "OPEN", "createdAt": at,
            "url": format!("https://github.com/o/r/issues/{}", number + 1),
            "labels": [{"name": "api"}], "author": {"login": "kim"}, "assignees": [],
            "blockedBy": on.iter().map(|other| json!({"number": other + 1})).collect::<Value>(),
            "comments": [{"author": {"login": "lee"}, "body": "Seen", "createdAt": at}],
        })
        .to_string(),
        "jsonl" => json!({
            "id": own, "title": title, "type": "task", "status": "open", "priority": 2,
            "labels": ["api"], "created_at": at, "description": text, "blocked_by": ids,
            "notes": [{"at": at, "by": "kim", "kind": "comment", "text": "Seen"}],
        })
        .to_string(),
        _ => {
            let (dependencies, tags, created) = match format {
                "ticket" => ("deps", "tags", "created"),
                _ => ("dependencies", "labels", "created_date"),
            };
            let mut file = format!(
                "---\nid: {own}\nstatus: open\n{dependencies}: [{}]\n{tags}: [api]\n{created}: '{at}'\n",
                ids.join(", ")
            );
            if format == "backlog" {
                let _ = writeln!(file, "title: '{title}'");
            }
            let _ = write!(
                file,
                "priority: 2\n---\n# {title}\n\n{text}\n## Notes\n\n**{at}**\n\nSeen\n"
            );
            file
        }
    }
}
