//! The layout of ticket files merges with stock git, which knows nothing of `tk`.

use tk::format::{edit, parse, print};
use tk::model::{
    Acceptance, Awaiting, Config, Gate, Note, NoteKind, Outcome, Priority, RunRecord, StatusId,
    Subtask, Ticket, TicketId,
};

use crate::support::Sandbox;

const FILE: &str = ".ticks/k7m.toml";

fn id(text: &str) -> TicketId {
    TicketId::parse(text).unwrap()
}

fn note(minute: u8, text: &str) -> Note {
    Note {
        at: Some(
            format!("2026-11-20T09:{minute:02}:11.482Z")
                .parse()
                .unwrap(),
        ),
        by: "dana@example.com".to_owned(),
        kind: NoteKind::Comment,
        text: text.to_owned(),
    }
}

fn run(attempt: u32) -> RunRecord {
    RunRecord {
        run: "01JD0000000000000000000000".to_owned(),
        attempt,
        agent: "claude".to_owned(),
        model: None,
        session: Some("06797b4c".to_owned()),
        started_at: "2026-11-20T09:00:00Z".parse().ok(),
        ended_at: "2026-11-20T09:11:40Z".parse().ok(),
        outcome: Some(Outcome::Landed),
        summary: Some("Added the endpoint.\nIt works.".to_owned()),
        cost_usd: None,
        input_tokens: Some(120_000),
        output_tokens: Some(9_000),
        turns: Some(14),
    }
}

fn acceptance(text: &str) -> Acceptance {
    Acceptance {
        text: text.to_owned(),
        check: Some("cargo test".to_owned()),
        met: false,
    }
}

fn subtask(title: &str) -> Subtask {
    Subtask {
        title: title.to_owned(),
        done: false,
    }
}

/// A ticket as `tk new TITLE` makes it.
fn empty() -> Ticket {
    let title = "Add login endpoint".to_owned();
    let mut ticket = Ticket::new(id("k7m"), title, "task".to_owned(), StatusId::new("open"));
    ticket.created_at = "2026-11-20T08:38:50Z".parse().ok();
    ticket.created_by = Some("dana@example.com".to_owned());
    ticket
}

/// A ticket with something in every key.
fn filled() -> Ticket {
    let mut ticket = empty();
    ticket.owner = Some("erin@example.com".to_owned());
    ticket.parent = Some(id("auth"));
    ticket.labels = ["api", "web"].map(str::to_owned).into();
    ticket.blocked_by = [id("x4d"), id("x5d")].into();
    ticket.requires = Some(Gate::Approval);
    ticket.awaiting = Some(Awaiting::Work);
    ticket.estimate = "3d".parse().ok();
    ticket.checks = vec!["cargo test".to_owned()];
    ticket.touches = vec!["src/**".to_owned()];
    ticket.started_at = "2026-11-20T08:50:00Z".parse().ok();
    ticket.description = "First line.\n\nLast line.".to_owned();
    ticket.acceptance = vec![acceptance("It works"), acceptance("It is fast")];
    ticket.subtasks = vec![subtask("Think"), subtask("Write")];
    ticket.notes = vec![note(1, "One"), note(2, "Two\nlines")];
    ticket.runs = vec![run(1), run(2)];
    ticket
}

/// A change of the key it is named after.
type Change = (&'static str, fn(&mut Ticket));

const CHANGES: &[Change] = &[
    ("title", |t| t.title = "Add a login endpoint".to_owned()),
    ("status", close),
    ("status", |t| {
        t.status = StatusId::new("in_progress");
        t.started_at = "2026-11-20T08:59:00Z".parse().ok();
    }),
    ("priority", |t| t.priority = Priority::new(0).unwrap()),
    ("type", |t| t.kind = "bug".to_owned()),
    ("owner", |t| t.owner = Some("agent:claude".to_owned())),
    ("parent", |t| t.parent = Some(id("login"))),
    ("labels", |t| t.labels.extend(["urgent".to_owned()])),
    ("labels", |t| t.labels.clear()),
    ("blocked_by", |t| t.blocked_by.extend([id("z9z")])),
    ("blocked_by", |t| t.blocked_by.clear()),
    ("requires", |t| t.requires = Some(Gate::Review)),
    ("awaiting", |t| t.awaiting = Some(Awaiting::Input)),
    ("estimate", |t| t.estimate = "2h".parse().ok()),
    ("checks", |t| t.checks.push("cargo clippy".to_owned())),
    ("description", |t| t.description.push_str("\nMore.")),
    ("description", |t| t.description = "Other.".to_owned()),
    ("acceptance", |t| {
        t.acceptance.push(acceptance("It is documented"))
    }),
    ("acceptance", |t| {
        t.acceptance.iter_mut().for_each(|item| item.met = true)
    }),
    ("subtasks", |t| t.subtasks.push(subtask("Test"))),
    ("subtasks", |t| t.subtasks.clear()),
    ("notes", |t| t.notes.push(note(30, "Three"))),
    ("runs", |t| t.runs.push(run(3))),
    ("runs", |t| t.runs.clear()),
];

fn close(ticket: &mut Ticket) {
    ticket.status = StatusId::new("closed");
    ticket.closed_at = "2026-11-20T10:00:00Z".parse().ok();
    ticket.closed_by = Some("agent:claude".to_owned());
    ticket.reason = Some("landed".to_owned());
}

/// Commits the file with that change made by `tk`'s edit; the commit.
fn commit(sandbox: &Sandbox, change: impl FnOnce(&mut Ticket)) -> String {
    let text = sandbox.read(FILE);
    let before = read(&text);
    let mut after = before.clone();
    change(&mut after);
    sandbox.write(FILE, &edit(&text, &before, &after).unwrap());
    sandbox.git([
        "commit",
        "--quiet",
        "--all",
        "--allow-empty",
        "--message=change",
    ]);
    head(sandbox)
}

fn head(sandbox: &Sandbox) -> String {
    sandbox.git(["rev-parse", "HEAD"]).trim().to_owned()
}

fn read(text: &str) -> Ticket {
    parse(&id("k7m"), text, &Config::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn start(ticket: &Ticket) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(FILE, &print(ticket));
    sandbox.git(["add", FILE]);
    sandbox.git(["commit", "--quiet", "--message=ticket"]);
    sandbox
}

/// Every two changes of different keys, made on two branches that start at that ticket, are
/// merged by `git merge` into a file that has both.
#[track_caller]
fn every_pair_merges(ticket: &Ticket) {
    let sandbox = start(ticket);
    let base = head(&sandbox);
    let branches: Vec<String> = CHANGES
        .iter()
        .map(|(_, change)| {
            sandbox.git(["checkout", "--quiet", "--detach", &base]);
            commit(&sandbox, change)
        })
        .collect();
    let mut failures = Vec::new();
    for (i, (ours, change)) in CHANGES.iter().enumerate() {
        for (j, (theirs, other)) in CHANGES.iter().enumerate().skip(i + 1) {
            if ours == theirs {
                continue;
            }
            sandbox.git(["checkout", "--quiet", "--force", "--detach", &branches[i]]);
            let mut merge = sandbox.command("git");
            merge.args(["merge", "--quiet", "--no-edit", &branches[j]]);
            if sandbox.run(&mut merge, None).code != 0 {
                failures.push(format!(
                    "{ours} {i} and {theirs} {j} conflict:\n{}",
                    sandbox.read(FILE)
                ));
                continue;
            }
            let mut expected = ticket.clone();
            change(&mut expected);
            other(&mut expected);
            assert_eq!(read(&sandbox.read(FILE)), expected, "{ours} and {theirs}");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn changes_of_different_keys_of_a_new_ticket_merge() {
    every_pair_merges(&empty());
}

#[test]
fn changes_of_different_keys_of_a_full_ticket_merge() {
    every_pair_merges(&filled());
}

#[test]
fn a_landing_is_reverted_after_a_later_note() {
    for ticket in [empty(), filled()] {
        let sandbox = start(&ticket);
        sandbox.git(["checkout", "--quiet", "-b", "work"]);
        sandbox.write("code.rs", "fn login() {}\n");
        sandbox.git(["add", "code.rs"]);
        sandbox.git(["commit", "--quiet", "--message=code"]);
        sandbox.git(["checkout", "--quiet", "main"]);
        sandbox.git(["merge", "--quiet", "--no-ff", "--no-commit", "work"]);
        let text = sandbox.read(FILE);
        let mut landed = ticket.clone();
        close(&mut landed);
        landed.awaiting = None;
        landed.runs.push(run(4));
        sandbox.write(FILE, &edit(&text, &ticket, &landed).unwrap());
        sandbox.git(["commit", "--quiet", "--all", "--message=land"]);
        let merge = head(&sandbox);

        commit(&sandbox, |t| t.notes.push(note(40, "Later.")));
        sandbox.git(["revert", "--no-edit", "-m1", &merge]);

        let mut expected = ticket.clone();
        expected.notes.push(note(40, "Later."));
        assert_eq!(read(&sandbox.read(FILE)), expected);
        assert_eq!(sandbox.read(FILE), print(&expected));
        assert!(!sandbox.path().join("code.rs").exists());
    }
}
