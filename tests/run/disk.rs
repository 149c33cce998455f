//! A disk that is full in the middle of a run: it says so, stops, loses nothing, and the same
//! command goes on when there is room.
//!
//! The fault is a real one: no file of the run, its workers and its git can grow beyond a
//! limit, and one of them is just below it.

use serde_json::{Value, json};

use crate::rig::{Ended, Live, Rig, work};

/// The limit on the size of files.
const KIB: usize = 64;

/// `tk run epic --json` where no file can grow beyond the limit.
fn limited(rig: &Rig, args: &[&str]) -> Ended {
    let mut command = rig.sandbox.command("bash");
    command
        .args(["-c", &format!("ulimit -f {KIB}; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_tk"))
        .args(["run", "epic", "--json", "-j", "1"])
        .args(args);
    Live::of(command).end()
}

/// The same command where there is room: everything lands, once, and is paid for once.
#[track_caller]
fn goes_on(rig: &Rig, tickets: &[&str]) -> Ended {
    let ended = rig.run(["-j", "1"]).expect(0);
    for id in tickets {
        assert_eq!(rig.landings(id, "main"), 1, "{id}");
        assert_eq!(rig.show(id)["status"], "closed", "{id}");
        // One may have been done just when the run stopped.
        let mut notes = rig.notes(id);
        notes.retain(|note| !note.starts_with("Done, and stopped before it had landed"));
        assert_eq!(notes, [""; 0], "{id}");
        let runs = rig.show(id)["runs"].clone();
        let landed = runs.as_array().unwrap().iter();
        let landed = landed.filter(|run| run["outcome"] == "landed");
        assert_eq!(landed.count(), 1, "{id}: {runs}");
    }
    // An entry that was cut off in the middle is none.
    let ledger = rig.sandbox.read(".git/tk/ledger.jsonl");
    let ledger: Vec<Value> = ledger
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|entry: &Value| entry["kind"] == "settled")
        .collect();
    let paid = ["run", "ticket", "attempt", "process"];
    let mut paid: Vec<String> = ledger
        .iter()
        .map(|entry| paid.map(|key| entry[key].to_string()).join(" "))
        .collect();
    let all = paid.len();
    paid.sort();
    paid.dedup();
    assert_eq!(paid.len(), all, "{ledger:#?}");
    rig.assert_tidy();
    ended
}

/// The run was stopped by that, and nothing of the ticket is lost.
#[track_caller]
fn assert_stopped(rig: &Rig, ended: &Ended, told: &str) {
    assert_eq!(ended.code, 8, "{:#?}\n{}", ended.events, ended.stderr);
    assert_eq!(ended.last()["outcome"], "stopped");
    let warned = ended.warnings();
    let of_disk = |text: &&&str| text.starts_with("no worker can go on: disk_full: ");
    let found: Vec<_> = warned.iter().filter(of_disk).collect();
    assert_eq!(found.len(), 1, "{warned:#?}");
    assert!(found[0].contains(told), "{warned:#?}");
    assert!(found[0].contains("File too large"), "{warned:#?}");
    assert!(ended.ids("failed").is_empty());
    assert_eq!(rig.processes(), [0; 0]);
}

#[test]
fn a_journal_that_cannot_be_written_ends_the_run() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    // No worker's own output reaches the limit; that of both, in the journal, does.
    let long = "x".repeat(40 << 10);
    let talks = json!([{"say": long}, {"run": "echo x > $TK_TICKET.txt"}, {"commit": "x"}]);
    rig.script(json!({"one": [talks], "two": [talks, work()]}));
    let ended = limited(&rig, &[]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let run = ended.events[0]["run"].as_str().unwrap();
    let error: Value = serde_json::from_str(ended.stderr.trim()).unwrap();
    let journal = rig
        .sandbox
        .path()
        .join(format!(".git/tk/runs/{run}/journal.jsonl"));
    let message = format!(
        "cannot append to `{}`: File too large (os error 27)",
        journal.display()
    );
    assert_eq!(error["error"]["message"], message, "{}", ended.stderr);
    assert_eq!(rig.processes(), [0; 0]);
    assert_eq!(rig.landings("one", "tk/run/epic"), 1);
    let again = goes_on(&rig, &["one", "two"]);
    assert_eq!(again.events[0]["resumed"], true);
    assert!(again.of("one", "ticket_started").is_empty());
}

#[test]
fn a_ledger_that_cannot_be_written_ends_the_run() {
    let rig = Rig::new(&[("zero", ""), ("one", "")]);
    let ledger = rig.sandbox.path().join(".git/tk/ledger.jsonl");
    let mut first = rig.sandbox.tk_command();
    first.args(["run", "zero", "--json"]);
    Live::of(first).end().expect(0);
    // As if there had been many runs: only the entry of this one does not fit any more.
    let text = std::fs::read_to_string(&ledger).unwrap();
    let line = text.lines().last().unwrap();
    let mut full = text.clone();
    while full.len() + 2 * line.len() < KIB << 10 {
        full.push_str(line);
        full.push('\n');
    }
    let room = (KIB << 10) - 10 - full.len();
    full.push_str(&format!("{line:room$}\n"));
    std::fs::write(&ledger, &full).unwrap();
    let ended = limited(&rig, &["--max-cost", "5"]);
    assert_eq!(ended.code, 1, "{:#?}\n{}", ended.events, ended.stderr);
    let error: Value = serde_json::from_str(ended.stderr.trim()).unwrap();
    let message = format!(
        "cannot append to `{}`: File too large (os error 27)",
        ledger.display()
    );
    assert_eq!(error["error"]["message"], message);
    assert_eq!(
        rig.rounds("one"),
        0,
        "what cannot be paid for is not started"
    );
    assert_eq!(rig.processes(), [0; 0]);
    // Room, and a ledger with the entry that was cut off in the middle.
    let left = std::fs::read_to_string(&ledger).unwrap();
    assert!(left.starts_with(&full));
    std::fs::write(&ledger, text + &left[full.len()..]).unwrap();
    goes_on(&rig, &["one"]);
}

#[test]
fn a_ticket_that_cannot_be_written_stops_the_run() {
    // It fits, and does not when it is in progress, with an owner.
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let head = "title = \"Ticket one\"\nparent = \"epic\"\ndescription = \"";
    let rest = (KIB << 10) - head.len() - 10;
    rig.sandbox
        .ticket("one", &format!("{head}{}\"\n", "x".repeat(rest)));
    let before = rig.sandbox.read(".ticks/one.toml");
    let ended = limited(&rig, &[]);
    assert_stopped(&rig, &ended, "cannot write `");
    assert_eq!(rig.sandbox.read(".ticks/one.toml"), before);
    assert_eq!(rig.rounds("one"), 0);
    assert_eq!(ended.ids("unstarted"), ["one", "two"]);
    goes_on(&rig, &["one", "two"]);
}

#[test]
fn a_worktree_that_cannot_be_filled_stops_the_run() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    rig.sandbox.write(".gitignore", "big\n");
    rig.sandbox.write(".worktreeinclude", "big\n");
    rig.sandbox.git(["add", ".gitignore", ".worktreeinclude"]);
    rig.sandbox.git(["commit", "--quiet", "--message=big"]);
    rig.sandbox.write("big", &"x".repeat(KIB << 11));
    let present = json!([{"run": "test $(wc -c < big) = 131072"}, {"run": "echo x > one.txt"}]);
    rig.script(json!({"one": [present]}));
    let ended = limited(&rig, &[]);
    assert_stopped(&rig, &ended, "big");
    assert_eq!(rig.rounds("one"), 0);
    assert_eq!(rig.show("one")["status"], "open");
    goes_on(&rig, &["one", "two"]);
}

#[test]
fn a_worker_that_writes_without_end_is_stopped_and_its_work_kept() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let script = "echo x > $TK_TICKET.txt; git add .; git commit -qm work; \
                  test $TK_TICKET = two || exec yes";
    let agent = format!("kind = \"command\"\ncommand = [\"sh\", \"-c\", {script:?}]\n");
    rig.sandbox.write(".ticks/agents/loud.toml", &agent);
    let ended = rig.run(["-j", "1", "--agent", "loud"]).expect(7);
    assert_eq!(
        (ended.ids("failed"), ended.ids("landed")),
        (vec!["one"], vec!["two"])
    );
    let failed = ended.of("one", "failed")[0];
    assert_eq!(failed["class"], "output");
    let reason = failed["reason"].as_str().unwrap();
    assert!(reason.contains("256 MiB"), "{reason}");
    let kept = rig.sandbox.git(["show", "tk/work/epic/one:one.txt"]);
    assert_eq!(kept.trim(), "x");
}

#[test]
fn what_workers_of_old_runs_wrote_goes_and_what_they_did_stays_told() {
    let rig = Rig::new(&[("one", "")]);
    let first = rig.run([]).expect(0);
    let run = first.last()["run"].as_str().unwrap().to_owned();
    let folder = rig
        .sandbox
        .path()
        .join(format!(".git/tk/runs/{run}/@one/1-1"));
    let is_there = |name: &str| folder.join(name).exists();
    assert!(is_there("stdout") && is_there("prompt.md"));
    let next = |id: &str, now: Option<&str>| {
        let text = format!("title = \"Ticket {id}\"\n");
        rig.sandbox.ticket(id, &text);
        let mut command = rig.sandbox.tk_command();
        command.args(["run", id, "--json"]);
        command.envs(now.map(|now| ("TK_TEST_NOW", now)));
        Live::of(command).end().expect(0);
    };
    next("two", None);
    assert!(is_there("stdout"));
    next("six", Some("2099-01-01T00:00:00Z"));
    assert!(!is_there("stdout") && !is_there("stderr") && is_there("prompt.md"));
    let log = rig.sandbox.tk(["log", &run]);
    assert!(log.stdout.contains("landed"), "{log}");
}
