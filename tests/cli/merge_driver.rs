//! Tickets merged by real git, with `tk` as its driver.

use std::collections::BTreeSet;
use std::path::Path;

use insta::assert_snapshot;
use tk::format::{edit, parse};
use tk::model::{Config, Note, NoteKind, Priority, Ticket, TicketId};

use crate::support::Sandbox;

/// The folder of the `tk` that is tested.
pub(crate) fn bin() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tk")).parent().unwrap()
}

/// A repository whose git finds `tk` on the PATH, with these tickets committed.
pub(crate) fn repository(tickets: &[&str]) -> Sandbox {
    let sandbox = Sandbox::initialised();
    let path = format!("{}:{}", bin().display(), std::env::var("PATH").unwrap());
    let sandbox = sandbox.with_env("PATH", &path);
    for id in tickets {
        file(&sandbox, id);
    }
    commit(&sandbox, "base");
    sandbox
}

/// A ticket as `tk new` would have made it.
pub(crate) fn file(sandbox: &Sandbox, id: &str) {
    let title = format!("Ticket {id}");
    let made = sandbox.tk(["new", &title, "--json"]).json();
    let new = made["tickets"][0]["id"].as_str().unwrap();
    let (from, to) = (format!(".ticks/{new}.toml"), format!(".ticks/{id}.toml"));
    std::fs::rename(sandbox.path().join(from), sandbox.path().join(to)).unwrap();
}

pub(crate) fn commit(sandbox: &Sandbox, message: &str) {
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message", message]);
}

pub(crate) fn read(sandbox: &Sandbox, id: &str) -> Ticket {
    let text = sandbox.read(format!(".ticks/{id}.toml"));
    let parsed = parse(&TicketId::parse(id).unwrap(), &text, &Config::default());
    parsed.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Edits the ticket as `tk` would, without a process.
pub(crate) fn change(sandbox: &Sandbox, id: &str, change: impl FnOnce(&mut Ticket)) {
    let path = sandbox.path().join(format!(".ticks/{id}.toml"));
    let text = std::fs::read_to_string(&path).unwrap();
    let before = read(sandbox, id);
    let mut after = before.clone();
    change(&mut after);
    std::fs::write(path, edit(&text, &before, &after).unwrap()).unwrap();
}

pub(crate) fn note(ticket: &mut Ticket, number: usize) {
    let (hour, rest) = (number / 3600 % 24, number % 3600);
    let at = format!("2026-11-21T{hour:02}:{:02}:{:02}Z", rest / 60, rest % 60);
    ticket.notes.push(Note {
        at: Some(at.parse().unwrap()),
        by: "dana@example.com".to_owned(),
        kind: NoteKind::Comment,
        text: format!("note {number}"),
    });
}

pub(crate) fn notes(sandbox: &Sandbox, id: &str) -> Vec<String> {
    let notes = read(sandbox, id).notes;
    notes.into_iter().map(|note| note.text).collect()
}

/// On a new branch of `from`: these changes of ticket `abc`, committed.
pub(crate) fn branch(sandbox: &Sandbox, name: &str, from: &str, what: impl FnOnce(&mut Ticket)) {
    sandbox.git(["checkout", "--quiet", "-b", name, from]);
    change(sandbox, "abc", what);
    commit(sandbox, name);
}

#[test]
fn what_two_branches_did_is_all_there() {
    let sandbox = repository(&["abc"]);
    branch(&sandbox, "one", "main", |ticket| {
        ticket.priority = Priority::new(0).unwrap();
        ticket.labels.insert("one".to_owned());
        note(ticket, 1);
    });
    branch(&sandbox, "two", "main", |ticket| {
        ticket.owner = Some("eve".to_owned());
        ticket.labels.insert("two".to_owned());
        note(ticket, 2);
    });
    let before = sandbox.git(["rev-parse", "two"]).trim().to_owned();
    sandbox.git(["merge", "--quiet", "--no-edit", "one"]);
    let merged = read(&sandbox, "abc");
    assert_eq!(
        (merged.priority.number(), merged.owner.as_deref()),
        (0, Some("eve"))
    );
    assert_eq!(Vec::from_iter(&merged.labels), ["one", "two"]);
    assert_eq!(notes(&sandbox, "abc"), ["note 1", "note 2"]);
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
    // The other way round it is the same file.
    let text = sandbox.read(".ticks/abc.toml");
    sandbox.git(["checkout", "--quiet", "one"]);
    sandbox.git(["merge", "--quiet", "--no-edit", &before]);
    assert_eq!(sandbox.read(".ticks/abc.toml"), text);
}

/// Claimed and let go of on one branch, claimed and closed on the other: that is no conflict,
/// whoever merges, with the driver or settled afterwards.
#[test]
fn begun_on_two_branches_and_closed_on_one_it_is_closed() {
    let begun = |with_driver: bool, onto: &str, from: &str| {
        let mut sandbox = repository(&["abc"]);
        sandbox.git(["switch", "--quiet", "--create", "other"]);
        sandbox.at("2026-11-20T09:10:00Z");
        sandbox.tk(["claim", "abc", "--as", "eve"]).ok();
        sandbox.at("2026-11-20T09:20:00Z");
        sandbox.tk(["close", "abc", "--as", "eve"]).ok();
        commit(&sandbox, "closed there");
        sandbox.git(["switch", "--quiet", "main"]);
        sandbox.at("2026-11-20T09:00:00Z");
        sandbox.tk(["claim", "abc"]).ok();
        sandbox.tk(["release", "abc"]).ok();
        commit(&sandbox, "begun here");
        if !with_driver {
            sandbox.write(".git/info/attributes", ".ticks/*.toml merge=text\n");
        }
        sandbox.git(["switch", "--quiet", onto]);
        let mut merge = sandbox.command("git");
        merge.args(["merge", "--quiet", "--no-edit", from]);
        let merged = sandbox.run(&mut merge, None);
        if with_driver {
            assert_eq!(merged.code, 0, "{merged}");
        } else {
            assert_eq!(merged.code, 1, "{merged}");
            sandbox.tk(["resolve"]).ok();
        }
        sandbox.read(".ticks/abc.toml")
    };
    let merged = begun(true, "main", "other");
    for line in [
        "status = \"closed\"",
        "owner = \"eve\"",
        "started_at = 2026-11-20T09:10:00Z",
        "closed_at = 2026-11-20T09:20:00Z",
    ] {
        assert!(merged.lines().any(|it| it == line), "{merged}");
    }
    assert_eq!(begun(true, "other", "main"), merged);
    assert_eq!(begun(false, "main", "other"), merged);
    assert_eq!(begun(false, "other", "main"), merged);
}

/// As `git subtree` has the tickets of another project, with what tells git of them.
#[test]
fn tickets_of_a_project_in_a_folder_are_merged_by_their_keys() {
    let sandbox = repository(&["abc"]);
    let vendor = sandbox.path().join("vendor/a");
    std::fs::create_dir_all(&vendor).unwrap();
    for name in [".ticks", ".gitattributes"] {
        std::fs::rename(sandbox.path().join(name), vendor.join(name)).unwrap();
    }
    commit(&sandbox, "vendored");
    let path = "vendor/a/.ticks/abc.toml";
    let text = sandbox.read(path);
    for (name, before, after) in [
        ("one", "labels = []", "labels = [\"one\"]"),
        ("two", "labels = []", "labels = [\"two\"]"),
        ("three", "Ticket abc", "Three"),
    ] {
        sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
        std::fs::write(sandbox.path().join(path), text.replace(before, after)).unwrap();
        commit(&sandbox, name);
    }
    let merge = |name: &str| {
        let mut git = sandbox.command("git");
        sandbox.run(git.args(["merge", "--quiet", "--no-edit", name]), None)
    };
    for name in ["two", "one"] {
        let merged = merge(name);
        assert_eq!((merged.code, merged.stderr.as_str()), (0, ""), "{name}");
    }
    let merged = sandbox.read(path);
    for line in ["title = \"Three\"\n", "labels = [\"one\", \"two\"]\n"] {
        assert!(merged.contains(line), "{merged}");
    }
    sandbox.git(["checkout", "--quiet", "one"]);
    let text = sandbox.read(path).replace("Ticket abc", "One");
    std::fs::write(sandbox.path().join(path), text).unwrap();
    commit(&sandbox, "title");
    let left = merge("three");
    assert_eq!(left.code, 1);
    // `tk resolve` settles what is at the top alone.
    let told = format!(
        "warning: {path}: both sides changed title\nhint: settle it in the file, then `git add` it\n"
    );
    assert!(left.stderr.contains(&told), "{left}");
    assert!(sandbox.read(path).contains("<<<<<<< ours\n"));
}

#[test]
fn a_key_given_two_values_is_marked_in_its_line_only() {
    let sandbox = repository(&["abc"]);
    branch(&sandbox, "one", "main", |ticket| {
        ticket.title = "One".to_owned();
        note(ticket, 1);
    });
    branch(&sandbox, "two", "main", |ticket| {
        ticket.title = "Two".to_owned();
        note(ticket, 2);
    });
    let merge = sandbox.run(
        sandbox
            .command("git")
            .args(["merge", "--quiet", "--no-edit", "one"]),
        None,
    );
    assert_eq!(merge.code, 1);
    assert!(
        merge.stderr.contains(
            "warning: .ticks/abc.toml: both sides changed title\nhint: `tk resolve` settles it\n"
        ),
        "{}",
        merge.stderr
    );
    assert_snapshot!(sandbox.read(".ticks/abc.toml").lines().take(6).collect::<Vec<_>>().join("\n"), @r#"
    <<<<<<< ours
    title = "Two"
    =======
    title = "One"
    >>>>>>> theirs
    "#);
    assert!(sandbox.read(".ticks/abc.toml").contains("note 1"));
    // Given up, all is as it was.
    sandbox.git(["merge", "--abort"]);
    assert_eq!(read(&sandbox, "abc").title, "Two");
}

/// A file that somebody has written, without the lines that say where the lists begin.
#[test]
fn a_key_and_notes_that_a_file_of_hand_gets_are_all_there() {
    let sandbox = repository(&[]);
    sandbox.write(".ticks/abc.toml", "title = \"Login\"\n");
    commit(&sandbox, "by hand");
    branch(&sandbox, "one", "main", |ticket| {
        note(ticket, 1);
        ticket.owner = Some("bob".to_owned());
    });
    branch(&sandbox, "two", "main", |ticket| note(ticket, 2));
    sandbox.git(["merge", "--quiet", "--no-edit", "one"]);
    assert_eq!(notes(&sandbox, "abc"), ["note 1", "note 2"]);
    assert_eq!(read(&sandbox, "abc").owner.as_deref(), Some("bob"));
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
}

/// Two files of hand with the keys and lists in other places: by their lines they would merge into
/// one that has a key twice.
#[test]
fn a_key_that_two_put_at_two_places_is_a_conflict() {
    let sandbox = repository(&[]);
    let item = "\n[[acceptance]]\ntext = \"a\"\n";
    let noted = |minute: u8| {
        format!("\n[[notes]]\nat = 2026-11-20T10:{minute}:00Z\nby = \"x\"\ntext = \"n{minute}\"\n")
    };
    let base = format!("title = \"B\"\n{item}");
    let theirs = format!("title = \"B\"\ndue = 2026-12-05\n{}{item}", noted(17));
    let ours = format!("lock = \"one\"\ndue = 2026-12-01\n{base}{}", noted(10));
    for (name, text) in [("main", &base), ("one", &theirs), ("two", &ours)] {
        if name != "main" {
            sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
        }
        sandbox.write(".ticks/abc.toml", text);
        commit(&sandbox, name);
    }
    let merge = sandbox.run(
        sandbox.command("git").args(["merge", "--quiet", "one"]),
        None,
    );
    assert_eq!(merge.code, 1, "{merge}");
    let left = sandbox.tk(["resolve"]).stdout;
    assert_eq!(left, "abc  left: both sides changed due\n");
    assert_eq!(sandbox.tk(["resolve", "--theirs"]).ok(), "abc  merged\n");
    assert_eq!(notes(&sandbox, "abc"), ["n10", "n17"]);
    let merged = read(&sandbox, "abc");
    assert_eq!(merged.due.unwrap().to_string(), "2026-12-05");
    assert_eq!(merged.lock.as_deref(), Some("one"));
}

/// What the histories below do, and what must come of it.
struct History {
    sandbox: Sandbox,
    random: fastrand::Rng,
    branches: Vec<String>,
    /// How many changes there were: each has a number of its own.
    changes: usize,
}

/// What is on a branch: the notes and labels that were added, and those that were taken back.
#[derive(Clone, Default)]
struct Known {
    notes: BTreeSet<String>,
    undone: BTreeSet<String>,
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
}

impl Known {
    fn take_in(&mut self, other: &Self) {
        self.notes.extend(other.notes.iter().cloned());
        self.undone.extend(other.undone.iter().cloned());
        self.added.extend(other.added.iter().cloned());
        self.removed.extend(other.removed.iter().cloned());
    }
}

impl History {
    fn new(seed: u64) -> Self {
        let sandbox = repository(&["abc"]);
        let branches = ["main", "one", "two"].map(str::to_owned);
        for name in &branches[1..] {
            sandbox.git(["branch", name, "main"]);
        }
        Self {
            sandbox,
            random: fastrand::Rng::with_seed(seed),
            branches: branches.into(),
            changes: 0,
        }
    }

    /// A note, a label, and where commits stay where they are the branch's own single value, and
    /// perhaps one label less.
    fn change(&mut self, branch: usize, known: &mut Known, stays: bool) {
        self.changes += 1;
        let number = self.changes;
        let label = format!("l{number}");
        let alive: Vec<&String> = known.added.difference(&known.removed).collect();
        let gone = match alive.get(self.random.usize(..alive.len().max(1))) {
            Some(label) if stays && self.random.u8(..3) == 0 => Some((*label).clone()),
            _ => None,
        };
        change(&self.sandbox, "abc", |ticket| {
            match branch {
                _ if !stays => {}
                0 => ticket.title = format!("Title {number}"),
                1 => ticket.owner = Some(format!("owner {number}")),
                _ => ticket.reason = Some(format!("reason {number}")),
            }
            note(ticket, number);
            ticket.labels.insert(label.clone());
            if let Some(gone) = &gone {
                ticket.labels.remove(gone);
            }
        });
        known.notes.insert(format!("note {number}"));
        known.added.insert(label);
        known.removed.extend(gone);
    }

    #[track_caller]
    fn check(&self, known: &Known, what: &str) {
        let ticket = read(&self.sandbox, "abc");
        let notes: BTreeSet<String> = ticket.notes.iter().map(|n| n.text.clone()).collect();
        let said: BTreeSet<String> = known.notes.difference(&known.undone).cloned().collect();
        assert_eq!(notes, said, "{what}");
        assert_eq!(
            notes.len(),
            ticket.notes.len(),
            "{what}: a note is there twice"
        );
        let alive: BTreeSet<String> = known.added.difference(&known.removed).cloned().collect();
        assert_eq!(ticket.labels, alive, "{what}");
        let times: Vec<_> = ticket.notes.iter().map(|note| note.at).collect();
        assert!(times.is_sorted(), "{what}: {times:?}");
        let status = self.sandbox.git(["status", "--porcelain"]);
        assert_eq!(status, "", "{what}");
    }
}

/// Merges to and fro, criss-cross among them: nothing is lost, and what was removed stays so.
#[test]
fn random_histories_of_merges() {
    for seed in 0..8 {
        let mut history = History::new(seed);
        let mut known = vec![Known::default(); 3];
        for step in 0..14 {
            let here = history.random.usize(..3);
            let other = (here + history.random.usize(1..3)) % 3;
            let [name, from] = [here, other].map(|index| history.branches[index].clone());
            history.sandbox.git(["checkout", "--quiet", &name]);
            let what = if history.random.u8(..5) < 3 {
                history.change(here, &mut known[here], true);
                commit(&history.sandbox, "change");
                "change".to_owned()
            } else {
                history
                    .sandbox
                    .git(["merge", "--quiet", "--no-edit", &from]);
                let taken = known[other].clone();
                known[here].take_in(&taken);
                format!("merge of {from}")
            };
            history.check(
                &known[here],
                &format!("seed {seed}, step {step}: {what} on {name}"),
            );
        }
    }
}

/// Commits that move: rebase, cherry-pick, and a stash that is taken up elsewhere.
#[test]
fn random_histories_of_moved_commits() {
    for seed in 0..8 {
        let mut history = History::new(seed);
        let mut known = vec![Known::default(); 3];
        for step in 0..10 {
            let here = history.random.usize(..3);
            let other = (here + history.random.usize(1..3)) % 3;
            let [name, from] = [here, other].map(|index| history.branches[index].clone());
            history.sandbox.git(["checkout", "--quiet", &name]);
            let what = match history.random.u8(..6) {
                0..=2 => {
                    history.change(here, &mut known[here], false);
                    commit(&history.sandbox, "change");
                    "change"
                }
                3 => {
                    let mut picked = Known::default();
                    history.sandbox.git(["checkout", "--quiet", &from]);
                    history.change(other, &mut picked, false);
                    commit(&history.sandbox, "picked");
                    known[other].take_in(&picked);
                    history.sandbox.git(["checkout", "--quiet", &name]);
                    history.sandbox.git(["cherry-pick", &from]);
                    known[here].take_in(&picked);
                    "cherry-pick"
                }
                4 => {
                    history.sandbox.git(["rebase", "--quiet", &from]);
                    let taken = known[other].clone();
                    known[here].take_in(&taken);
                    "rebase"
                }
                _ => {
                    let mut stashed = Known::default();
                    history.change(here, &mut stashed, false);
                    history.sandbox.git(["stash", "--quiet"]);
                    history.sandbox.git(["checkout", "--quiet", &from]);
                    history.sandbox.git(["stash", "pop", "--quiet"]);
                    commit(&history.sandbox, "stashed");
                    known[other].take_in(&stashed);
                    history.check(&known[other], &format!("seed {seed}, step {step}: stash"));
                    continue;
                }
            };
            history.check(
                &known[here],
                &format!("seed {seed}, step {step}: {what} on {name}"),
            );
        }
    }
}

/// Commits are taken back on one branch while others still have them, and merged to and fro: what
/// was taken back comes again nowhere, and takes nothing else with it.
#[test]
fn random_histories_of_reverts() {
    for seed in 0..6 {
        let mut history = History::new(seed);
        let mut known = vec![Known::default(); 3];
        let mut commits: Vec<(String, usize)> = Vec::new();
        for step in 0..14 {
            let here = history.random.usize(..3);
            let other = (here + history.random.usize(1..3)) % 3;
            let [name, from] = [here, other].map(|index| history.branches[index].clone());
            history.sandbox.git(["checkout", "--quiet", &name]);
            let there = |(_, number): &&(String, usize)| {
                let note = format!("note {number}");
                known[here].notes.contains(&note) && !known[here].undone.contains(&note)
            };
            let there: Vec<_> = commits.iter().filter(there).cloned().collect();
            let what = match history.random.u8(..6) {
                3 | 4 if !there.is_empty() => {
                    let (commit, number) = &there[history.random.usize(..there.len())];
                    history.sandbox.git(["revert", "--no-edit", commit]);
                    known[here].undone.insert(format!("note {number}"));
                    known[here].removed.insert(format!("l{number}"));
                    format!("revert of change {number}")
                }
                5 => {
                    let merge = ["merge", "--quiet", "--no-edit", &from];
                    history.sandbox.git(merge);
                    let taken = known[other].clone();
                    known[here].take_in(&taken);
                    format!("merge of {from}")
                }
                _ => {
                    history.change(here, &mut known[here], false);
                    commit(&history.sandbox, "change");
                    let made = history.sandbox.git(["rev-parse", "HEAD"]);
                    commits.push((made.trim().to_owned(), history.changes));
                    "change".to_owned()
                }
            };
            history.check(
                &known[here],
                &format!("seed {seed}, step {step}: {what} on {name}"),
            );
        }
    }
}

/// What was taken back stays so, whichever way it comes again, until it is said anew.
#[test]
fn what_was_reverted_is_not_resurrected() {
    let sandbox = repository(&["abc"]);
    branch(&sandbox, "one", "main", |ticket| {
        note(ticket, 1);
        ticket.labels.insert("one".to_owned());
    });
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.git(["merge", "--quiet", "--no-ff", "--no-edit", "one"]);
    change(&sandbox, "abc", |ticket| note(ticket, 2));
    commit(&sandbox, "two");
    sandbox.git(["revert", "--no-edit", "-m1", "HEAD~1"]);
    assert_eq!(notes(&sandbox, "abc"), ["note 2"]);
    sandbox.git(["checkout", "--quiet", "one"]);
    change(&sandbox, "abc", |ticket| note(ticket, 3));
    commit(&sandbox, "three");
    sandbox.git(["merge", "--quiet", "--no-edit", "main"]);
    assert_eq!(notes(&sandbox, "abc"), ["note 2", "note 3"]);
    assert!(read(&sandbox, "abc").labels.is_empty());
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.git(["revert", "--no-edit", "HEAD"]);
    assert_eq!(notes(&sandbox, "abc"), ["note 1", "note 2"]);
}

/// In whatever order three branches are merged, the file is the same to the byte.
#[test]
fn the_order_of_merging_does_not_matter() {
    let sandbox = repository(&["abc"]);
    for (number, name) in ["one", "two", "three"].into_iter().enumerate() {
        branch(&sandbox, name, "main", |ticket| {
            note(ticket, 10 - number);
            ticket.labels.insert(name.to_owned());
            ticket
                .blocked_by
                .insert(TicketId::parse(&format!("x{number}")).unwrap());
            match number {
                0 => ticket.title = "One".to_owned(),
                1 => ticket.owner = Some("two".to_owned()),
                _ => ticket.description = "Three.".to_owned(),
            }
        });
    }
    let orders = [
        ["one", "two", "three"],
        ["one", "three", "two"],
        ["two", "one", "three"],
        ["two", "three", "one"],
        ["three", "one", "two"],
        ["three", "two", "one"],
    ];
    let texts = orders.map(|order| {
        sandbox.git(["checkout", "--quiet", "--detach", "main"]);
        for name in order {
            sandbox.git(["merge", "--quiet", "--no-edit", name]);
        }
        sandbox.read(".ticks/abc.toml")
    });
    assert_eq!(notes(&sandbox, "abc"), ["note 8", "note 9", "note 10"]);
    for text in &texts {
        assert_eq!(text, &texts[0]);
    }
}

/// git merges more than two branches at once by their text, without asking a driver.
#[test]
fn many_branches_at_once() {
    let sandbox = repository(&["abc", "def"]);
    branch(&sandbox, "one", "main", |ticket| {
        ticket.title = "One".to_owned()
    });
    branch(&sandbox, "two", "main", |ticket| {
        ticket.owner = Some("two".to_owned())
    });
    sandbox.git(["checkout", "--quiet", "-b", "three", "main"]);
    change(&sandbox, "def", |ticket| note(ticket, 3));
    commit(&sandbox, "three");
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.git(["merge", "--quiet", "--no-edit", "one", "two", "three"]);
    let merged = read(&sandbox, "abc");
    assert_eq!(
        (merged.title.as_str(), merged.owner.as_deref()),
        ("One", Some("two"))
    );
    assert_eq!(notes(&sandbox, "def"), ["note 3"]);
}

/// Any keys that many branches change, each some of its own, are all there in a merge of all at
/// once, in whatever order they are named.
#[test]
fn random_keys_of_many_branches_at_once() {
    type Change = fn(&mut Ticket);
    let changes: [Change; 7] = [
        |ticket| ticket.title = "New".to_owned(),
        |ticket| ticket.priority = Priority::new(0).unwrap(),
        |ticket| ticket.owner = Some("eve".to_owned()),
        |ticket| ticket.labels.extend(["new".to_owned()]),
        |ticket| ticket.parent = TicketId::parse("xyz").ok(),
        |ticket| ticket.description = "Said.".to_owned(),
        |ticket| note(ticket, 1),
    ];
    for seed in 0..6 {
        let mut random = fastrand::Rng::with_seed(seed);
        let sandbox = repository(&["abc"]);
        let before = read(&sandbox, "abc");
        let mut places: Vec<usize> = (0..changes.len()).collect();
        random.shuffle(&mut places);
        let mut names: Vec<String> = (0..3).map(|number| format!("side{number}")).collect();
        for (number, name) in names.iter().enumerate() {
            branch(&sandbox, name, "main", |ticket| {
                let own = places.iter().skip(number).step_by(3);
                own.for_each(|place| changes[*place](ticket));
            });
        }
        random.shuffle(&mut names);
        sandbox.git(["checkout", "--quiet", "main"]);
        let merge = ["merge", "--quiet", "--no-edit"].map(str::to_owned);
        sandbox.git(merge.iter().chain(&names));
        let mut expected = before;
        changes.iter().for_each(|change| change(&mut expected));
        assert_eq!(read(&sandbox, "abc"), expected, "seed {seed}, {names:?}");
        assert_eq!(sandbox.git(["status", "--porcelain"]), "");
    }
}

/// The driver is called in folders of any name, and from below.
#[test]
fn odd_folders() {
    let sandbox = repository(&["abc"]);
    branch(&sandbox, "one", "main", |ticket| note(ticket, 1));
    branch(&sandbox, "two", "main", |ticket| note(ticket, 2));
    let odd = sandbox.root().join("a \"b\" 'c' $d");
    let odd = odd.to_str().unwrap();
    sandbox.git(["worktree", "add", "--quiet", "--detach", odd, "two"]);
    sandbox.git(["-C", odd, "merge", "--quiet", "--no-edit", "one"]);
    let text = std::fs::read_to_string(Path::new(odd).join(".ticks/abc.toml")).unwrap();
    assert!(text.contains("note 1") && text.contains("note 2"), "{text}");
}

/// A ticket that was deleted and another that was made are alike, and to git one that was
/// renamed: what the other branch says of the first must not get into the second.
#[test]
fn a_new_ticket_is_no_renamed_one() {
    let sandbox = repository(&["abc"]).with_env("TK_TEST_NOW", "2026-11-22T08:00:00Z");
    branch(&sandbox, "one", "main", |ticket| note(ticket, 1));
    sandbox.git(["checkout", "--quiet", "-b", "two", "main"]);
    std::fs::remove_file(sandbox.path().join(".ticks/abc.toml")).unwrap();
    file(&sandbox, "xyz");
    commit(&sandbox, "two");
    let merge = sandbox.run(
        sandbox
            .command("git")
            .args(["merge", "--quiet", "--no-edit", "one"]),
        None,
    );
    assert_eq!(merge.code, 1, "{merge}");
    sandbox.git(["merge", "--abort"]);
}

/// Whether git tells its driver the names of the sides, as it does since 2.44.
pub(crate) fn names_sides(sandbox: &Sandbox) -> bool {
    let version = sandbox.git(["version"]);
    let mut numbers = version
        .split(['.', ' '])
        .filter_map(|word| word.parse().ok());
    (numbers.next(), numbers.next()) >= (Some(2), Some(44))
}

/// A branch `one` with a note on hand-written ticket `abc`, which does not say when it was made,
/// and `two`, checked out, where it has that title and that id.
pub(crate) fn undated(title: &str, id: &str) -> Sandbox {
    let sandbox = repository(&[]);
    let text = "title = \"Hand-written\"\npriority = 1\nlabels = [\"by\", \"hand\"]\n";
    sandbox.write(".ticks/abc.toml", text);
    commit(&sandbox, "hand-written");
    branch(&sandbox, "one", "main", |ticket| note(ticket, 1));
    sandbox.git(["checkout", "--quiet", "-b", "two", "main"]);
    sandbox.git(["rm", "--quiet", ".ticks/abc.toml"]);
    let text = text.replace("Hand-written", title);
    sandbox.write(format!(".ticks/{id}.toml"), &text);
    commit(&sandbox, "two");
    sandbox
}

/// So it is where nobody knows when they were made; an edit of a title, or a name that somebody
/// changed, is no other ticket.
#[test]
fn an_undated_ticket_is_no_renamed_one() {
    for (title, id, is_clean) in [
        ("Another", "xyz", false),
        ("Edited", "abc", true),
        ("Hand-written", "xyz", true),
    ] {
        let sandbox = undated(title, id);
        if !is_clean && !names_sides(&sandbox) {
            continue;
        }
        let merge = sandbox
            .command("git")
            .args(["merge", "--quiet", "--no-edit", "one"])
            .output();
        assert_eq!(merge.unwrap().status.success(), is_clean, "{title} {id}");
        if is_clean {
            assert_eq!(read(&sandbox, id).title, title);
            assert_eq!(notes(&sandbox, id), ["note 1"]);
        } else {
            sandbox.git(["merge", "--abort"]);
        }
    }
}

/// What git calls the sides has any bytes in it.
#[test]
fn names_that_are_not_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let cafe = OsStr::from_bytes(b"caf\xe9");
    let sandbox = repository(&["abc"]);
    let git = |args: &[&OsStr]| {
        let mut git = sandbox.command("git");
        sandbox.run(git.args(args), None)
    };
    change(&sandbox, "abc", |ticket| note(ticket, 1));
    commit(&sandbox, "ours");
    git(&["checkout", "-q", "-b"]
        .map(OsStr::new)
        .into_iter()
        .chain([cafe])
        .collect::<Vec<_>>())
    .ok();
    sandbox.git(["reset", "--quiet", "--hard", "HEAD~1"]);
    change(&sandbox, "abc", |ticket| note(ticket, 2));
    commit(&sandbox, "theirs");
    sandbox.git(["checkout", "--quiet", "main"]);
    let merged = git(&[OsStr::new("merge"), OsStr::new("--message=both"), cafe]);
    assert_eq!((merged.code, merged.stderr.as_str()), (0, ""), "{merged}");
    assert_eq!(notes(&sandbox, "abc"), ["note 1", "note 2"]);
}

/// git's own text merge does it where there is no `tk`, and where another program has its name.
#[test]
fn without_tk_the_text_is_merged() {
    for foreign in [
        None,
        Some("#!/bin/sh\nexit 0\n"),
        Some("#!/bin/sh\nexit 1\n"),
        Some("#!/bin/sh\necho merged\nexit 0\n"),
    ] {
        let sandbox = repository(&["abc"]);
        branch(&sandbox, "one", "main", |ticket| {
            ticket.priority = Priority::new(0).unwrap();
        });
        branch(&sandbox, "two", "main", |ticket| {
            ticket.owner = Some("eve".to_owned())
        });
        let mut path = std::env::var("PATH").unwrap();
        if let Some(script) = foreign {
            sandbox.write("../foreign/tk", script);
            let program = sandbox.root().join("foreign/tk");
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&program, mode).unwrap();
            path = format!("{}:{path}", sandbox.root().join("foreign").display());
        }
        let sandbox = sandbox.with_env("PATH", &path);
        sandbox.git(["merge", "--quiet", "--no-edit", "one"]);
        let merged = read(&sandbox, "abc");
        assert_eq!(
            (merged.priority.number(), merged.owner.as_deref()),
            (0, Some("eve"))
        );
    }
}

/// What each of two people adds by hand to one file, beside what `tk` wrote for them, is no conflict.
#[test]
fn what_two_people_add_by_hand_is_all_there() {
    let sandbox = repository(&[]);
    sandbox.write(".ticks/abc.toml", "title = \"Base\"\n");
    commit(&sandbox, "base");
    sandbox.git(["checkout", "--quiet", "-b", "two"]);
    sandbox.write(".ticks/abc.toml", "title = \"Two\"\n\n[meta]\nv = 1\n");
    commit(&sandbox, "two");
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.write(
        ".ticks/abc.toml",
        "# mine\nteam = \"red\"\ntitle = \"Base\"\n",
    );
    sandbox.tk(["note", "abc", "n"]).ok();
    sandbox.tk(["update", "abc", "--acceptance", "works"]).ok();
    commit(&sandbox, "one");
    sandbox.git(["merge", "--quiet", "--no-edit", "two"]);
    let text = sandbox.read(".ticks/abc.toml");
    let begun = "# mine\nteam = \"red\"\ntitle = \"Two\"\n\n[meta]\nv = 1\n";
    assert!(text.starts_with(begun), "{text}");
    let merged = read(&sandbox, "abc");
    assert_eq!((merged.notes.len(), merged.acceptance.len()), (1, 1));
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
}
