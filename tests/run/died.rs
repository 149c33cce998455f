//! The runner dies at every point of a run, and the same command is given again: everything
//! ends as if nothing had happened.
//!
//! One run dies several times, at points far apart. `TK_TEST_EVERY_DEATH=1` has each run die
//! once, at each time it comes to a point; `TK_TEST_DEATH=merge:after` keeps to the runs that
//! die there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::Command;
use std::sync::Mutex;

use serde_json::{Value, json};
use tk::context::point::{Moment, Point};

use crate::rig::{Ended, Live, Rig};

/// A run to die in.
struct Scenario {
    name: &'static str,
    /// The repository, and the workers' script.
    make: fn() -> Rig,
    /// What happens before the run that dies.
    before: fn(&Rig),
    /// The exit code of the run that is left alone.
    code: i32,
}

const SCENARIOS: [Scenario; 5] = [
    Scenario {
        name: "work",
        make: working,
        before: |_| {},
        code: 0,
    },
    Scenario {
        name: "trouble",
        make: troubled,
        before: |_| {},
        code: 7,
    },
    Scenario {
        name: "after a death of runner and worker",
        make: cut_off,
        before: |rig| {
            let up = rig.sandbox.root().join("up");
            died(rig, "session:after");
            assert_eq!(std::fs::read_to_string(up).unwrap(), "up\n");
            rig.kill_workers();
        },
        code: 0,
    },
    Scenario {
        name: "after a death with a living worker",
        make: working,
        before: |rig| died(rig, "session:after:2"),
        code: 0,
    },
    Scenario {
        name: "after a death in a landing",
        make: working,
        before: |rig| died(rig, "landed:before"),
        code: 0,
    },
];

/// Two tickets, the second with a question, a set-up, and a gate that is red at first; the
/// user's tree is dirty.
fn working() -> Rig {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    configure(&rig, "");
    let round = |file: &str| {
        json!([
            spend(), {"run": format!("test -e .ready && echo done > {file}")}, {"commit": file},
            {"write": {"path": format!("more-{file}"), "text": "uncommitted"}},
        ])
    };
    let mut two = round("two.txt");
    let ask = json!({"ask": {"question": "Which?", "options": ["red", "blue"], "answer_to": "a"}});
    two.as_array_mut().unwrap().insert(1, ask);
    rig.script(json!({
        "one": [round("one.txt"), round("mended.txt")],
        "two": [two],
    }));
    rig
}

/// A worker that is in the middle of something until it is killed.
fn cut_off() -> Rig {
    let rig = Rig::new(&[("one", "")]);
    configure(&rig, "");
    let up = format!("echo up > {}", rig.pipe("up").display());
    // As a git command leaves it that is killed.
    let lock = "touch \"$(git rev-parse --git-path index.lock)\"";
    rig.script(json!({"one": [
        [spend(), {"write": {"path": "half.txt", "text": "half"}}, {"run": lock}, {"run": up}, "hang"],
        [spend(), {"write": {"path": "rest.txt", "text": "rest"}}, {"commit": "all"}],
    ]}));
    rig
}

/// A worker that crashes, one that asks, one whose branch conflicts, one that is not done, a
/// plain command, and a review.
fn troubled() -> Rig {
    let after = "blocked_by = [\"crash\"]";
    let rig = Rig::new(&[
        ("crash", ""),
        ("ask", after),
        ("clash", after),
        ("half", after),
        ("plain", "blocked_by = [\"crash\"]\nagent = \"plain\""),
        ("review", "blocked_by = [\"crash\"]\nrequires = \"review\""),
    ]);
    configure(&rig, "[run]\nlive_wait = \"0s\"\n");
    rig.command_agent("plain", "max_cost = 1.0");
    let ask = json!({"ask": {"question": "Which?", "options": ["red", "blue"], "answer_to": "a"}});
    let clash = "git reset -q --hard $(git rev-list --max-parents=0 HEAD) && echo x > same.txt";
    let same = |text: &str| json!({"write": {"path": "same.txt", "text": text}});
    rig.script(json!({
        "crash": [[spend(), {"die": 3}], [spend(), same("one\n"), {"commit": "x"}]],
        "ask": [[spend(), ask]],
        "clash": [[spend(), {"run": clash}, {"commit": "x"}]],
        "half": [[spend(), {"report": {"status": "partial", "summary": "half"}}]],
        "plain": [[spend(), {"write": {"path": "plain.txt", "text": "p"}}]],
        "review": [[spend(), {"write": {"path": "review.txt", "text": "r"}}]],
    }));
    rig
}

fn spend() -> Value {
    json!({"spend": {"usd": 0.25, "input": 10, "output": 5}})
}

fn configure(rig: &Rig, own: &str) {
    let s = &rig.sandbox;
    let config = s.read(".ticks/config.toml");
    let more = "\n[worktree]\nsetup = [\"echo ready > .ready\"]\n";
    assert!(!config.contains("\n[worktree]"), "{config}");
    s.write(".ticks/config.toml", &format!("{config}{more}{own}"));
    s.write(
        ".ticks/agents/claude.toml",
        "kind = \"claude\"\nmax_cost = 1.0\n",
    );
    s.write(".gitignore", ".ready\n");
    s.write("tracked", "one\n");
    s.git(["add", "--all"]);
    s.git(["commit", "--quiet", "--message=more"]);
    let epic = s.read(".ticks/epic.toml");
    s.ticket("epic", &epic.replace("The epic", "The great epic"));
    s.write("tracked", "edited\n");
    s.write("README.md", "staged\n");
    s.git(["add", "README.md"]);
    s.write("untracked", "mine\n");
}

fn command(rig: &Rig) -> Command {
    let mut command = rig.sandbox.tk_command();
    let check = "! test -e one.txt || test -e mended.txt";
    command.args(["run", "epic", "--json", "-j", "1", "--max-cost", "20"]);
    command.args(["--check", check]);
    command
}

/// Runs to the end; a person answers the second ticket's worker.
fn end(rig: &Rig, command: Command) -> Ended {
    let mut live = Live::of(command);
    while let Some(event) = live.next() {
        let kind = event["kind"].as_str().unwrap_or_default();
        if event["ticket"] == "two" && matches!(kind, "awaiting" | "resumed") {
            // One that asks nothing now, or was answered, is left alone by this.
            let _answered = rig.sandbox.tk(["answer", "two", "1"]);
        }
    }
    live.end()
}

/// Runs until the runner kills itself there.
#[track_caller]
fn died(rig: &Rig, place: &str) {
    let mut command = command(rig);
    command.env("TK_TEST_DIE_AT", place);
    let ended = end(rig, command);
    assert_eq!(ended.code, -1, "{place}: {}", ended.stderr);
}

fn finish(rig: &Rig) -> Ended {
    end(rig, command(rig))
}

/// Everything that a run leaves, without times, names of runs and sessions.
fn state(rig: &Rig) -> String {
    let s = &rig.sandbox;
    let mut text = String::new();
    let mut tell = |what: &str, value: String| writeln!(text, "{what}: {value}").unwrap();
    for branch in rig.branches() {
        let listed = s.git(["ls-tree", "-r", &branch]);
        if branch == "main" {
            let files: Vec<&str> = listed
                .lines()
                .filter(|l| !l.contains("\t.ticks/"))
                .collect();
            tell("files of main", files.join(", "));
        } else {
            // What else had landed when it began depends on when that was.
            let base = s.git(["merge-base", "main", &branch]);
            let own = [base.trim(), &branch, "--", ":(exclude).ticks"];
            let changed = s.git(["diff-tree", "-r"].iter().chain(&own));
            tell(&format!("changes of {branch}"), changed.replace('\n', ", "));
        }
        let tickets: Vec<&str> = listed
            .lines()
            .filter_map(|l| l.split_once("\t.ticks/"))
            .map(|(_, name)| name)
            .collect();
        tell(&format!("tickets of {branch}"), tickets.join(", "));
    }
    tell("HEAD", s.git(["symbolic-ref", "HEAD"]));
    tell("status", s.git(["status", "--porcelain"]));
    tell("diff", s.git(["diff", "--", ".ticks"]));
    tell("stash", s.git(["stash", "list"]));
    tell(
        "commits",
        s.git(["log", "--first-parent", "--format=%s", "main"])
            .replace('\n', ", "),
    );
    let listed = s.tk(["list", "--all", "--json"]).json();
    for ticket in listed["tickets"].as_array().unwrap() {
        let id = ticket["id"].as_str().unwrap();
        let shown = rig.show(id);
        let runs: Vec<Value> = shown["runs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| {
                json!([
                    run["attempt"],
                    run["outcome"],
                    run["agent"],
                    run["cost_usd"],
                    run["turns"],
                    run["input_tokens"],
                    run["summary"]
                ])
            })
            .collect();
        let of =
            ["status", "owner", "awaiting", "verdict", "cost_usd"].map(|key| shown[key].clone());
        tell(id, format!("{of:?} {runs:?} {:?}", rig.notes(id)));
        tell("  workers", rig.rounds(id).to_string());
        tell("  landings", rig.landings(id, "main").to_string());
    }
    // Workers of the script spend something: what cost nothing never began.
    let mut settled: Vec<String> = rig
        .settled()
        .iter()
        .filter(|e| e["cost_usd"] != 0.0)
        .map(|e| {
            format!(
                "{} {} {} {}",
                e["ticket"], e["attempt"], e["cost_usd"], e["input_tokens"]
            )
        })
        .collect();
    settled.sort();
    tell("settled", settled.join(", "));
    tell("open", open_reservations(rig).join(", "));
    let runs = s.tk(["runs", "--json"]).json();
    for run in runs["runs"].as_array().unwrap() {
        let mut landed: Vec<String> = run["landed"]
            .as_array()
            .unwrap()
            .iter()
            .map(Value::to_string)
            .collect();
        landed.sort();
        tell(
            "run",
            format!("{} {} {}", run["state"], run["cost_usd"], landed.join(", ")),
        );
        tell("journal", gaps(rig, run["run"].as_str().unwrap()));
    }
    tell("left over", left_over(rig).join(", "));
    text
}

/// Workers whose last word in the ledger is a reservation.
fn open_reservations(rig: &Rig) -> Vec<String> {
    let text = std::fs::read_to_string(rig.sandbox.path().join(".git/tk/ledger.jsonl")).unwrap();
    let mut words = BTreeMap::new();
    for line in text.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let worker = format!(
            "{} {} {}",
            entry["ticket"], entry["attempt"], entry["process"]
        );
        words.insert(worker, entry["kind"] == "reserved");
    }
    words
        .into_iter()
        .filter(|(_, open)| *open)
        .map(|(worker, _)| worker)
        .collect()
}

/// What is wrong with the numbers of the journal's events.
fn gaps(rig: &Rig, run: &str) -> String {
    let text = rig
        .sandbox
        .read(format!(".git/tk/runs/{run}/journal.jsonl"));
    let seqs: Vec<u64> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["seq"]
                .as_u64()
                .unwrap()
        })
        .collect();
    let good = seqs == (1..=seqs.len() as u64).collect::<Vec<_>>();
    if good {
        String::new()
    } else {
        format!("{seqs:?}")
    }
}

/// Processes, worktrees, claims, locks and unfinished files.
fn left_over(rig: &Rig) -> Vec<String> {
    let mut found: Vec<String> = rig
        .processes()
        .iter()
        .map(|pid| format!("process {pid}"))
        .collect();
    found.extend((1..rig.worktrees()).map(|_| "worktree".to_owned()));
    let mut folders = vec![rig.sandbox.path()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let is_folder = entry.file_type().unwrap().is_dir();
            let shown = entry
                .path()
                .strip_prefix(rig.sandbox.path())
                .unwrap()
                .display()
                .to_string();
            if name.starts_with(".tk-")
                || (name.ends_with(".lock") && shown.starts_with(".git/"))
                || shown.starts_with(".git/tk/claims/")
                || shown.starts_with(".worktrees")
            {
                found.push(shown);
            }
            if is_folder {
                folders.push(entry.path());
            }
        }
    }
    found
}

/// The run left alone: its end, and the places it comes to, with how often.
fn undisturbed(scenario: &Scenario) -> (String, Vec<(String, usize)>) {
    let rig = (scenario.make)();
    (scenario.before)(&rig);
    let told = rig.sandbox.root().join("points");
    let mut command = command(&rig);
    command.env("TK_TEST_POINTS", &told);
    end(&rig, command).expect(scenario.code);
    let mut counts: Vec<(String, usize)> = Vec::new();
    for line in std::fs::read_to_string(&told).unwrap().lines() {
        match counts.iter_mut().find(|(place, _)| place == line) {
            Some((_, count)) => *count += 1,
            None => counts.push((line.to_owned(), 1)),
        }
    }
    (state(&rig), counts)
}

/// After this one the run is over, and is not run again.
const LAST: &str = "run_finished:after";

/// Dies at these places, one after the other, and is run to its end. Returns how many of them
/// were come to, and what is wrong.
fn disturbed(scenario: &Scenario, places: &[String], expected: &str) -> (usize, Option<String>) {
    let rig = (scenario.make)();
    (scenario.before)(&rig);
    let mut said = String::new();
    let mut ended = None;
    let mut reached = 0;
    for place in places {
        let mut dying = command(&rig);
        dying.env("TK_TEST_DIE_AT", place);
        let end = end(&rig, dying);
        if end.code != -1 {
            ended = Some(end);
            break;
        }
        reached += 1;
    }
    let is_over = reached > 0 && places[reached - 1].starts_with(LAST);
    if ended.is_none() && !is_over {
        ended = Some(finish(&rig));
    }
    if let Some(ended) = ended.filter(|ended| ended.code != scenario.code) {
        said = format!("exit code {}\n{}\n", ended.code, ended.stderr);
    }
    let now = state(&rig);
    if now == expected && said.is_empty() {
        return (reached, None);
    }
    for (sign, these, those) in [("-", expected, now.as_str()), ("+", &now, expected)] {
        for line in these
            .lines()
            .filter(|line| !those.lines().any(|other| other == *line))
        {
            writeln!(said, "  {sign} {line}").unwrap();
        }
    }
    (reached, Some(said))
}

/// Places to die at in one run, one after the other; the scenario.
type Chain = (usize, Vec<String>);

/// Spreads places over runs: what one run dies at lies far apart.
fn chains(scenario: usize, mut places: Vec<String>) -> Vec<Chain> {
    let last = places.iter().position(|place| place == LAST);
    let last = last.map(|at| places.remove(at));
    let runs = places.len().div_ceil(DEATHS);
    let mut chains: Vec<Chain> = (0..runs)
        .map(|run| {
            (
                scenario,
                places.iter().skip(run).step_by(runs).cloned().collect(),
            )
        })
        .collect();
    chains.extend(last.map(|last| (scenario, vec![last])));
    chains
}

/// How often one run dies.
const DEATHS: usize = 6;

#[test]
fn wherever_the_runner_dies_the_same_command_ends_as_if_nothing_had_happened() {
    let every = std::env::var_os("TK_TEST_EVERY_DEATH").is_some();
    let baselines: Vec<(String, Vec<(String, usize)>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = SCENARIOS
            .iter()
            .map(|scenario| scope.spawn(move || undisturbed(scenario)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut left: Vec<Chain> = Vec::new();
    let mut reached = BTreeSet::new();
    for (number, (_, counts)) in baselines.iter().enumerate() {
        let new: Vec<String> = counts
            .iter()
            .filter(|(place, _)| reached.insert(place.clone()))
            .map(|(place, _)| place.clone())
            .collect();
        if every {
            let all = counts
                .iter()
                .flat_map(|(place, count)| (1..=*count).map(move |n| format!("{place}:{n}")));
            left.extend(all.map(|place| (number, vec![place])));
        } else {
            left.extend(chains(number, new));
        }
    }
    let all: BTreeSet<String> = Point::ALL
        .iter()
        .flat_map(|point| Moment::ALL.map(|moment| format!("{}:{}", point.name(), moment.name())))
        .collect();
    assert!(Point::ALL.len() >= 40);
    assert_eq!(
        reached, all,
        "every point is reached, in one run or another"
    );
    if let Ok(only) = std::env::var("TK_TEST_DEATH") {
        left.retain(|(number, places)| format!("{number} {}", places.join(" ")).contains(&only));
    }
    let (left, wrong) = (Mutex::new(left), Mutex::new(Vec::new()));
    let next = || left.lock().unwrap().pop();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((number, places)) = next() {
                    let scenario = &SCENARIOS[number];
                    let (died, what) = disturbed(scenario, &places, &baselines[number].0);
                    let what = match what {
                        None if died == 0 => Some("it was not reached".to_owned()),
                        what => what,
                    };
                    if let Some(what) = what {
                        let at =
                            format!("{number} {}, {}", scenario.name, places[..died].join(" "));
                        wrong.lock().unwrap().push(format!("{at}:\n{what}"));
                    }
                    if died < places.len() && died > 0 {
                        // What came before had it pass the next by.
                        let rest = places[died..].to_vec();
                        left.lock().unwrap().push((number, rest));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}
