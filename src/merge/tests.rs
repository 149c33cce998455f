//! The merge table, row by row, and what holds for every merge.

use proptest::prelude::*;

use super::choice::{Choice, choose};
use super::{Merged, merge_renamed, merge_ticket};
use crate::format::tests::{arb_ticket, variant};
use crate::format::{edit, parse, print};
use crate::model::{
    Acceptance, Config, Defer, Note, NoteKind, Outcome, Priority, RunRecord, StatusId, Subtask,
    Ticket, TicketId, Verdict,
};

fn id() -> TicketId {
    TicketId::parse("k7m").unwrap()
}

fn read(text: &str) -> Ticket {
    parse(&id(), text, &Config::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn merge(base: &str, ours: &str, theirs: &str) -> Merged {
    merge_ticket(&id(), Some(base), ours, theirs, &Config::default())
}

#[track_caller]
fn clean(merged: Merged) -> String {
    match merged {
        Merged::Clean(text) => text,
        other => panic!("not clean: {other:#?}"),
    }
}

#[track_caller]
fn conflict(merged: Merged) -> (String, Vec<String>) {
    match merged {
        Merged::Conflict { text, keys, .. } => (text, keys),
        other => panic!("no conflict: {other:#?}"),
    }
}

fn ticket() -> Ticket {
    let title = "Title".to_owned();
    let mut ticket = Ticket::new(id(), title, "task".to_owned(), StatusId::new("open"));
    ticket.created_at = "2026-11-20T08:00:00Z".parse().ok();
    ticket.created_by = Some("dana".to_owned());
    ticket.labels = ["api", "web"].map(str::to_owned).into();
    ticket.description = "One.\n\nTwo.\n\nThree.".to_owned();
    ticket.acceptance = vec![item("a"), item("b")];
    ticket.subtasks = vec![Subtask::default()];
    ticket.subtasks[0].title = "s".to_owned();
    ticket.notes = vec![note(10, "first")];
    ticket
}

fn item(text: &str) -> Acceptance {
    Acceptance {
        text: text.to_owned(),
        ..Acceptance::default()
    }
}

fn note(minute: u8, text: &str) -> Note {
    Note {
        at: Some(format!("2026-11-20T09:{minute:02}:00Z").parse().unwrap()),
        by: "dana".to_owned(),
        kind: NoteKind::Comment,
        text: text.to_owned(),
    }
}

fn run(attempt: u32) -> RunRecord {
    RunRecord {
        run: "01JD".to_owned(),
        attempt,
        agent: "claude".to_owned(),
        model: None,
        session: None,
        started_at: format!("2026-11-20T09:{attempt:02}:00Z").parse().ok(),
        ended_at: None,
        outcome: None,
        summary: None,
        cost_usd: None,
        input_tokens: None,
        output_tokens: None,
        turns: None,
    }
}

fn with(change: impl FnOnce(&mut Ticket)) -> String {
    let mut ticket = ticket();
    change(&mut ticket);
    print(&ticket)
}

fn status(ticket: &mut Ticket, status: &str, minute: u8, by: &str) {
    ticket.status = StatusId::new(status);
    let at = format!("2026-11-20T10:{minute:02}:00Z").parse().ok();
    if status == "closed" {
        ticket.closed_at = at;
        ticket.closed_by = Some(by.to_owned());
        ticket.reason = Some(format!("by {by}"));
    } else {
        ticket.started_at = at;
        ticket.owner = Some(by.to_owned());
    }
}

#[test]
fn what_one_side_changed_is_taken() {
    let ours = with(|t| {
        t.title = "New".to_owned();
        t.notes.push(note(30, "ours"));
        t.labels.remove("api");
        t.acceptance[0].met = true;
        t.description = t.description.replace("One", "1");
    });
    let theirs = with(|t| {
        t.priority = Priority::new(0).unwrap();
        t.notes.push(note(20, "theirs"));
        t.labels.insert("new".to_owned());
        t.acceptance.remove(1);
        t.acceptance.push(item("c"));
        t.description = t.description.replace("Three", "3");
    });
    let merged = read(&clean(merge(&print(&ticket()), &ours, &theirs)));
    assert_eq!(
        (merged.title.as_str(), merged.priority.number()),
        ("New", 0)
    );
    let texts: Vec<_> = merged.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(texts, ["first", "theirs", "ours"]);
    assert_eq!(Vec::from_iter(&merged.labels), ["new", "web"]);
    assert_eq!(merged.description, "1.\n\nTwo.\n\n3.");
    assert!(merged.acceptance[0].met);
    assert_eq!(merged.acceptance[1].text, "c");
}

#[test]
fn a_scalar_changed_twice_is_marked_in_its_lines_only() {
    let ours = with(|t| {
        t.title = "Ours".to_owned();
        t.notes.push(note(30, "ours"));
    });
    let theirs = with(|t| {
        t.title = "Theirs".to_owned();
        t.priority = Priority::new(1).unwrap();
    });
    let (text, keys) = conflict(merge(&print(&ticket()), &ours, &theirs));
    assert_eq!(keys, ["title"]);
    let marked =
        "<<<<<<< ours\ntitle = \"Ours\"\n=======\ntitle = \"Theirs\"\n>>>>>>> theirs\n\nstatus";
    assert!(text.starts_with(marked), "{text}");
    for (side, title) in [("<<<<<<< ours\n", "Ours"), ("", "Theirs")] {
        let settled = if side.is_empty() {
            text.replace("<<<<<<< ours\ntitle = \"Ours\"\n=======\n", "")
        } else {
            text.replace("=======\ntitle = \"Theirs\"\n", "")
                .replace(side, "")
        };
        let merged = read(&settled.replace(">>>>>>> theirs\n", ""));
        assert_eq!(
            (merged.title.as_str(), merged.priority.number()),
            (title, 1)
        );
        assert_eq!(merged.notes.len(), 2);
    }
}

#[test]
fn every_kind_of_conflict_names_its_key() {
    type Change = fn(&mut Ticket);
    let table: &[(&[&str], Change, Change)] = &[
        (
            &["owner"],
            |t| t.owner = Some("a".to_owned()),
            |t| t.owner = Some("b".to_owned()),
        ),
        (
            &["due"],
            |t| t.due = "2026-01-01".parse().ok(),
            |t| t.due = "2026-01-02".parse().ok(),
        ),
        (
            &["title", "pr"],
            |t| (t.title, t.pr) = ("a".to_owned(), Some("a".to_owned())),
            |t| (t.title, t.pr) = ("b".to_owned(), Some("b".to_owned())),
        ),
        (
            &["description"],
            |t| t.description = t.description.replace("Two", "2"),
            |t| t.description = t.description.replace("Two", "II"),
        ),
        (
            &["acceptance"],
            |t| drop(t.acceptance.remove(0)),
            |t| t.acceptance[0].met = true,
        ),
        (
            &["acceptance"],
            |t| t.acceptance[0].check = Some("x".to_owned()),
            |t| t.acceptance[0].check = Some("y".to_owned()),
        ),
        (
            &["subtasks"],
            |t| t.subtasks.clear(),
            |t| t.subtasks[0].done = true,
        ),
        (
            &["verdict"],
            |t| t.verdict = Some(Verdict::Approved),
            |t| t.verdict = Some(Verdict::Rejected),
        ),
        (
            &["status"],
            |t| t.status = StatusId::new("in_progress"),
            |t| t.status = StatusId::new("closed"),
        ),
    ];
    for (names, ours, theirs) in table {
        for (ours, theirs) in [(ours, theirs), (theirs, ours)] {
            let (text, keys) = conflict(merge(&print(&ticket()), &with(ours), &with(theirs)));
            assert_eq!(keys, *names);
            assert!(
                text.contains("<<<<<<< ours\n") && text.contains(">>>>>>> theirs\n"),
                "{text}"
            );
        }
    }
}

#[test]
fn the_later_status_counts_and_a_persons_verdict_before_an_agents() {
    let base = print(&ticket());
    let started = with(|t| status(t, "in_progress", 5, "agent:claude"));
    let closed = with(|t| status(t, "closed", 20, "agent:claude"));
    let earlier = with(|t| status(t, "closed", 10, "dana"));
    let rejected = with(|t| {
        status(t, "in_progress", 1, "dana");
        t.verdict = Some(Verdict::Rejected);
    });
    for (one, other, by, state) in [
        (&started, &closed, Some("agent:claude"), "closed"),
        (&earlier, &closed, Some("agent:claude"), "closed"),
        (&started, &earlier, Some("dana"), "closed"),
        (&rejected, &closed, None, "in_progress"),
        (&rejected, &earlier, Some("dana"), "closed"),
    ] {
        for (ours, theirs) in [(one, other), (other, one)] {
            let merged = read(&clean(merge(&base, ours, theirs)));
            assert_eq!(
                (merged.status.as_str(), merged.closed_by.as_deref()),
                (state, by)
            );
            assert_eq!(merged.closed_at.is_some(), state == "closed");
        }
    }
}

/// When work began stays as it is on the side that moved the ticket; where none did, the first to
/// begin began it.
#[test]
fn when_work_began_is_told_by_who_moved_it_else_by_who_was_first() {
    let base = print(&ticket());
    let began = |minute: u8| {
        with(|t| {
            status(t, "open", minute, "dana");
            t.owner = None;
        })
    };
    let moved = |to: &str, minute: u8| {
        with(|t| {
            status(t, "in_progress", minute, "eve");
            status(t, to, 30, "eve");
            t.started_at = format!("2026-11-20T10:{minute:02}:00Z").parse().ok();
        })
    };
    for (one, other, expected) in [
        (began(5), began(10), began(5)),
        (began(5), moved("closed", 10), moved("closed", 10)),
        (began(15), moved("closed", 10), moved("closed", 10)),
        (began(5), moved("in_progress", 10), moved("in_progress", 10)),
    ] {
        for (ours, theirs) in [(&one, &other), (&other, &one)] {
            assert_eq!(clean(merge(&base, ours, theirs)), expected);
        }
    }
    // What was taken back by hand on one side is asked for.
    let base = with(|t| status(t, "in_progress", 1, "dana"));
    let ours = with(|t| {
        status(t, "in_progress", 5, "dana");
        t.started_at = None;
    });
    let theirs = with(|t| status(t, "in_progress", 2, "dana"));
    assert_eq!(conflict(merge(&base, &ours, &theirs)).1, ["started_at"]);
}

#[test]
fn attempts_are_joined_and_a_reverted_one_goes() {
    let base = with(|t| t.runs = vec![run(2)]);
    let ours = with(|t| t.runs = vec![run(2), run(3)]);
    let theirs = with(|t| {
        t.runs = vec![run(1), run(2)];
        t.runs[1].outcome = Some(Outcome::Failed);
    });
    let merged = read(&clean(merge(&base, &ours, &theirs)));
    let attempts: Vec<_> = merged.runs.iter().map(|run| run.attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    assert_eq!(merged.runs[1].outcome, Some(Outcome::Failed));
    let reverted = read(&clean(merge(&base, &ours, &with(|_| {}))));
    assert_eq!(reverted.runs, [run(3)]);
}

#[test]
fn comments_and_unknown_keys_come_from_the_side_that_changed_them() {
    let base = "# c\ntitle = \"x\"\nmine = 1\n\n[[notes]]\ntext = \"n\"\nby = \"d\"\n";
    let ours = base.replace("# c\n", "# c1\n").replace("\"x\"", "\"y\"");
    let theirs = base.replace("mine = 1", "mine = 2") + "other = [\n1]\n\n[t]\na.b = 1\n";
    let merged = clean(merge(base, &ours, &theirs));
    assert_eq!(
        merged,
        "# c1\ntitle = \"y\"\nmine = 2\n\n[[notes]]\ntext = \"n\"\nby = \"d\"\nother = [\n1]\n\n[t]\na.b = 1\n"
    );
}

#[test]
fn an_unknown_key_changed_twice_is_a_conflict_of_it() {
    let base = "title = \"x\"\n\nmine = 1\n";
    let ours = base.replace('1', "2").replace("\"x\"", "\"y\"");
    let (text, keys) = conflict(merge(base, &ours, &base.replace('1', "3")));
    assert_eq!(keys, ["mine"]);
    assert_eq!(
        text,
        "title = \"y\"\n\n<<<<<<< ours\nmine = 2\n=======\nmine = 3\n>>>>>>> theirs\n"
    );
}

/// Lists that both sides rewrote, with comments in them and what is no comment any more behind
/// them: whoever merges, it is the same, or nobody gets a clean merge.
#[test]
fn who_merges_does_not_matter() {
    let base = "title = \"x\"\nchecks = [\"a\"] # c\n\n[[runs]]\nrun = \"1\"\nattempt = 1\n";
    let rewritten = base.replace("[\"a\"] # c", "[\n  \"b\", # d\n  \"a\",\n]");
    let more = base.replace("\"a\"", "\"a\", \"c\"") + "# end\n";
    let other = base.replace("run = \"1\"", "run = \"?1\"");
    let gone = base.split("\n[[runs]]").next().unwrap();
    let ended = format!(
        "{}cost_usd = 4.0\n# theirs\n",
        base.replace("\"a\"", "\"z\"")
    );
    let texts = [base, &rewritten, &more, &other, gone, &ended];
    for one in texts {
        for two in texts {
            match (merge(base, one, two), merge(base, two, one)) {
                (Merged::Clean(text), Merged::Clean(other)) => assert_eq!(text, other),
                (
                    Merged::Conflict {
                        text,
                        keys,
                        choices,
                    },
                    Merged::Conflict {
                        text: other,
                        keys: others,
                        choices: [one, two],
                    },
                ) => {
                    assert_eq!((keys, choices), (others, [two, one]));
                    let turned = |text: &str| crate::merge::sides(text).unwrap();
                    let (text, other) = (turned(&text), turned(&other));
                    assert_eq!((text.ours, text.theirs), (other.theirs, other.ours));
                }
                (one, two) => panic!("{one:#?}\n{two:#?}"),
            }
        }
    }
}

/// What comes after a ticket that was closed on two branches: each of its values is one that both
/// know, or a conflict, whoever merges.
#[test]
fn who_merges_what_came_after_a_ticket_does_not_matter() {
    let next = |change: &dyn Fn(&mut Ticket)| {
        with(|ticket| {
            ticket.recurs_from = Some(TicketId::parse("abc").unwrap());
            change(ticket);
        })
    };
    let merged = |one: &str, two: &str| merge_ticket(&id(), None, one, two, &Config::default());
    let renamed = next(&|ticket| ticket.title = "Renamed".to_owned());
    for (ours, theirs) in [(&renamed, &next(&|_| {})), (&next(&|_| {}), &renamed)] {
        assert_eq!(conflict(merged(ours, theirs)).1, ["title"]);
    }
    let day = "2026-12-02".parse().unwrap();
    let by_day = next(&|ticket| ticket.defer_until = Some(Defer::Day(day)));
    let moment = "2026-12-02T00:00:00Z".parse().unwrap();
    let by_moment = next(&|ticket| ticket.defer_until = Some(Defer::At(moment)));
    let later =
        next(&|ticket| ticket.defer_until = Some(Defer::Day("2026-12-03".parse().unwrap())));
    let none = next(&|_| {});
    for (one, other, stands) in [
        (&by_day, &by_moment, &by_day),
        (&by_day, &later, &later),
        (&by_moment, &none, &by_moment),
    ] {
        assert_eq!(&clean(merged(one, other)), stands);
        assert_eq!(&clean(merged(other, one)), stands);
    }
}

/// Which day of the month is meant says something of a day, and goes with the one that stands.
#[test]
fn the_day_that_is_meant_is_no_conflict_of_its_own() {
    let due = |due: &str, repeat: &str| {
        with(|ticket| {
            ticket.due = due.parse().ok();
            ticket.repeat = repeat.parse().ok();
        })
    };
    let base = due("2026-10-31", "1mo");
    for (one, other, merged) in [
        // Only one side moved the day, and only the other said what is meant.
        (
            ("2027-02-28", "1mo@31"),
            ("2026-10-31", "1mo"),
            ("2027-02-28", "1mo@31"),
        ),
        (
            ("2026-11-20", "1mo"),
            ("2026-10-31", "1mo@31"),
            ("2026-11-20", "1mo"),
        ),
        // Both moved it to one day.
        (
            ("2027-02-28", "1mo@31"),
            ("2027-02-28", "1mo"),
            ("2027-02-28", "1mo@31"),
        ),
        (
            ("2027-02-28", "1mo@31"),
            ("2027-02-28", "1mo@30"),
            ("2027-02-28", "1mo@31"),
        ),
        // How often is another matter.
        (
            ("2027-02-28", "1mo@31"),
            ("2026-10-31", "2mo"),
            ("2027-02-28", "2mo@31"),
        ),
        (
            ("2027-02-28", "1mo@31"),
            ("2026-10-31", "1w"),
            ("2027-02-28", "1w"),
        ),
    ] {
        let text = |(day, often): (&str, &str)| due(day, often);
        let expected = read(&text(merged));
        for (ours, theirs) in [(one, other), (other, one)] {
            let merged = read(&clean(merge(&base, &text(ours), &text(theirs))));
            assert_eq!((merged.due, merged.repeat), (expected.due, expected.repeat));
        }
    }
    let (ours, theirs) = (due("2027-02-28", "1mo@31"), due("2027-03-15", "1mo"));
    let Merged::Conflict { keys, choices, .. } = merge(&base, &ours, &theirs) else {
        panic!("two days");
    };
    assert_eq!((keys, choices), (vec!["due".to_owned()], [ours, theirs]));
}

/// Two sides that add to one list: each one's stay together and in their order, and whoever merges
/// gets them in the same.
#[test]
fn what_both_sides_add_to_a_list_has_one_order() {
    let with = |checks: &[&str], owner: &str| {
        with(|t| {
            t.checks = checks.iter().map(|check| (*check).to_owned()).collect();
            t.owner = Some(owner.to_owned());
        })
    };
    let base = with(&["b", "y"], "");
    let (ours, theirs) = (
        &["b", "m", "a", "y", "z"][..],
        &["k", "b", "n", "l", "y"][..],
    );
    for owners in [["", "x"], ["x", ""]] {
        let (ours, theirs) = (with(ours, owners[0]), with(theirs, owners[1]));
        let text = clean(merge(&base, &ours, &theirs));
        assert_eq!(read(&text).checks, ["k", "b", "m", "a", "n", "l", "y", "z"]);
        assert_eq!(clean(merge(&base, &theirs, &ours)), text);
    }
}

/// What the fuzzer found: one order of the sides was clean, and the other a conflict.
#[test]
fn nobody_alone_gets_a_clean_merge() {
    let parts: Vec<&str> = include_str!("../../fuzz/seeds/driver/comments")
        .split("\n%%%\n")
        .collect();
    let [base, ours, theirs] = parts[..] else {
        panic!("not three texts");
    };
    let text = clean(merge(base, ours, theirs));
    assert_eq!(clean(merge(base, theirs, ours)), text);
    assert_eq!(read(&text).runs.len(), 2);
    assert!(text.contains("turns = 14\n# theirs\n"), "{text}");
}

#[test]
fn what_hangs_on_a_removed_element_is_not_dropped() {
    let base = "title = \"x\"\n\n[[subtasks]]\ntitle = \"a\"\n\n[[subtasks]]\ntitle = \"b\"\n";
    let ours = base.replace("[[subtasks]]\ntitle = \"b\"\n", "");
    let theirs = format!("{base}mine = 1\n");
    let (text, keys) = conflict(merge(base, &ours, &theirs));
    assert_eq!(keys, ["subtasks", "subtasks[b].mine"]);
    assert!(text.contains("mine = 1"), "{text}");
}

fn subtask(title: &str) -> Subtask {
    Subtask {
        title: title.to_owned(),
        done: false,
    }
}

/// Whoever chooses a side of that list has all else of both sides.
#[test]
fn only_the_list_is_marked_of_which_something_would_be_lost() {
    let mut ticket = ticket();
    ticket.subtasks = ["a", "b"].map(subtask).to_vec();
    let base = print(&ticket);
    let side = |minute, change: fn(&mut Ticket)| {
        let mut side = ticket.clone();
        side.notes.push(note(minute, "said"));
        change(&mut side);
        edit(&base, &ticket, &side).unwrap()
    };
    let ours = side(1, |side| side.subtasks.truncate(1));
    let theirs = side(2, |_| {}).replace("title = \"b\"\n", "# mine\ntitle = \"b\"\n");
    let (text, keys) = conflict(merge(&base, &ours, &theirs));
    assert_eq!(keys, ["subtasks", "comments"]);
    for choice in [Choice::Ours, Choice::Theirs] {
        let chosen = read(&choose(&text, |_| Some(choice)));
        assert_eq!(chosen.notes.len(), 3, "{text}");
    }
}

/// What only one side added beside a key that both changed, or where by lines nothing conflicts:
/// whoever chooses a side of the key has it.
#[test]
fn a_choice_drops_nothing_that_one_side_added() {
    let base = "title = \"x\"\npriority = 1\n";
    let ours = base.replace("title = \"x\"", "# ours\ntitle = \"y\"");
    let theirs = base.replace("\"x\"", "\"z\"") + "# theirs\nmine = 1\n";
    // Ours removes an element that theirs changes, and adds another one like it.
    let item = |done: bool| format!("\n[[subtasks]]\ntitle = \"s\"\ndone = {done}\n");
    let with_item = format!("{base}{}", item(false));
    let without = format!("# ours\n{base}");
    let two = base.replace('1', "1 # theirs") + "mine = 1\n" + &item(true) + &item(false);
    for (base, ours, theirs, key) in [
        (base, &ours, &theirs, "title"),
        (&with_item, &without, &two, "subtasks"),
    ] {
        for (ours, theirs) in [(ours, theirs), (theirs, ours)] {
            let (text, keys) = conflict(merge(base, ours, theirs));
            assert_eq!(keys, [key]);
            for (choice, side) in [(Choice::Ours, ours), (Choice::Theirs, theirs)] {
                let chosen = choose(&text, |_| Some(choice));
                assert_eq!(read(&chosen).title, read(side).title);
                for kept in ["# ours\n", "# theirs\n", "mine = 1\n"] {
                    assert!(chosen.contains(kept), "{kept}: {text}");
                }
            }
        }
    }
}

/// What of anybody's own a choice leaves out is named.
#[test]
fn what_only_one_choice_has_is_named() {
    let base = "title = \"Base\"\n";
    let theirs = "title = \"Two\"\n\n[meta]\nv = 1\n";
    let noted = |title: &str| {
        let text = format!("team = \"red\"\ntitle = \"{title}\"\n");
        let before = read(&text);
        let mut after = before.clone();
        after.notes.push(note(1, "n"));
        after.acceptance.push(item("works"));
        edit(&text, &before, &after).unwrap()
    };
    for ours in [noted("Base"), noted("One")] {
        for (one, two) in [(ours.as_str(), theirs), (theirs, &ours)] {
            let (keys, choices) = match merge(base, one, two) {
                Merged::Conflict { keys, choices, .. } => (keys, choices),
                Merged::Clean(text) => (Vec::new(), [text.clone(), text]),
                two => panic!("two tickets in one: {two:#?}"),
            };
            let whole = ["team = \"red\"\n", "[meta]\nv = 1\n"];
            for (extra, key) in whole.iter().zip(["team", "meta.v"]) {
                let is_in = choices.each_ref().map(|choice| choice.contains(extra));
                let is_named = keys.iter().any(|named| named == key);
                assert!(is_in == [true; 2] || is_named, "{keys:?}: {choices:#?}");
            }
        }
    }
}

/// By lines, ours and theirs of one key would both be there: then all that differs is marked.
#[test]
fn each_choice_is_a_ticket() {
    let base = "title = \"x\"\ntype = \"task\"\npriority = 1\n";
    let ours = base.replace("type", "owner = \"a\"\ntype") + "# hers\n";
    let theirs = format!("{base}owner = \"b\"\n# theirs\n");
    let (text, _) = conflict(merge(base, &ours, &theirs));
    for (choice, owner) in [(Choice::Ours, "a"), (Choice::Theirs, "b")] {
        let chosen = read(&choose(&text, |_| Some(choice)));
        assert_eq!(chosen.owner.as_deref(), Some(owner), "{text}");
    }
}

/// Two keys, of which by lines one is no conflict: each choice has that side's value of both.
#[test]
fn a_choice_is_of_every_key() {
    let with = |title: &str, dones: &[bool]| {
        with(|ticket| {
            ticket.title = title.to_owned();
            ticket.subtasks = dones.iter().map(|_| subtask("s")).collect();
            for (item, done) in ticket.subtasks.iter_mut().zip(dones) {
                item.done = *done;
            }
        })
    };
    let (base, ours, theirs) = (
        with("a", &[false]),
        with("b", &[]),
        with("c", &[true, false]),
    );
    for extra in ["", "# mine\n"] {
        let [base, ours, theirs] = [&base, &ours, &theirs].map(|text| format!("{extra}{text}"));
        for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
            let (text, keys) = conflict(merge(&base, ours, theirs));
            assert_eq!(keys, ["title", "subtasks"]);
            for (choice, side) in [(Choice::Ours, ours), (Choice::Theirs, theirs)] {
                let (chosen, side) = (read(&choose(&text, |_| Some(choice))), read(side));
                assert_eq!(chosen.title, side.title, "{text}");
                // The one that theirs alone added stays.
                let done = side.subtasks.len() == 2;
                let dones: Vec<bool> = chosen.subtasks.iter().map(|item| item.done).collect();
                assert_eq!(dones, if done { &[true, false][..] } else { &[false] });
            }
        }
    }
}

/// Of a description that both changed at one place, each choice has what both changed elsewhere.
#[test]
fn a_choice_of_a_description_is_of_what_conflicts() {
    let base = "title = \"x\"\ndescription = \"\"\"\nOne.\n\nTwo.\n\nThree.\n\"\"\"\n";
    let ours = base.replace("One", "1").replace("Two", "2");
    let theirs = base.replace("Two", "II").replace("Three", "III");
    for extra in ["", "# theirs\n"] {
        let theirs = theirs.replace("description", &format!("{extra}description"));
        let (text, _) = conflict(merge(base, &ours, &theirs));
        for (choice, two) in [(Choice::Ours, "2"), (Choice::Theirs, "II")] {
            let chosen = choose(&text, |_| Some(choice));
            assert_eq!(read(&chosen).description, format!("1.\n\n{two}.\n\nIII."));
            assert!(chosen.contains(extra), "{text}");
        }
    }
}

#[test]
fn unknown_keys_that_both_add_at_one_place_are_both_kept() {
    let base = "title = \"x\"\npriority = 1\n";
    let (ours, theirs) = (
        format!("{base}jira = \"S-1\"\n"),
        format!("{base}sprint = 7\n"),
    );
    let merged = clean(merge(base, &ours, &theirs));
    assert_eq!(merged, format!("{base}jira = \"S-1\"\nsprint = 7\n"));
    assert_eq!(clean(merge(base, &theirs, &ours)), merged);
}

/// What each side adds by hand in a place of its own is no conflict, wherever the other one's stands.
#[test]
fn what_both_sides_add_by_hand_is_kept_of_both() {
    let noted = |text: &str| {
        let before = read(text);
        let mut after = before.clone();
        after.notes.push(note(1, "n"));
        after.acceptance.push(item("works"));
        edit(text, &before, &after).unwrap()
    };
    let base = "title = \"Base\"\n";
    let two = "title = \"Two\"\n\n[meta]\nv = 1\n";
    let one = noted("team = \"red\"\ntitle = \"Base\"\n");
    let merged = clean(merge(base, &one, two));
    assert_eq!(clean(merge(base, two, &one)), merged);
    assert_eq!(read(&merged).title, "Two");
    let begun = "team = \"red\"\ntitle = \"Two\"\n\n[meta]\nv = 1\n\n[[acceptance]]\n";
    assert!(merged.starts_with(begun), "{merged}");
    // A title that both changed is marked alone.
    let one = noted("team = \"red\"\ntitle = \"One\"\n");
    let (text, keys) = conflict(merge(base, &one, two));
    assert_eq!(keys, ["title"]);
    let marked = "team = \"red\"\n<<<<<<< ours\ntitle = \"One\"\n=======\ntitle = \"Two\"\n>>>>>>> theirs\n\n[meta]\n";
    assert!(text.starts_with(marked), "{text}");
    // So is an unknown key.
    let two = two.replace("title", "team = \"blue\" # sky\ntitle");
    let (text, keys) = conflict(merge(base, &one, &two));
    assert_eq!(keys, ["title", "team", "comments"]);
    assert_eq!(text.matches("<<<<<<<").count(), 1, "{text}");
    assert_eq!(text.matches("[meta]").count(), 1, "{text}");
    // One table with keys of both.
    let custom = |key: &str, more: &str| noted(&format!("{base}{more}\n[custom]\n{key} = 1\n"));
    let (one, two) = (custom("a", "# one\n"), custom("b", ""));
    let merged = clean(merge(base, &one, &two));
    assert_eq!(clean(merge(base, &two, &one)), merged);
    let begun = format!("{base}# one\n\n[custom]\na = 1\nb = 1\n\n[[");
    assert!(merged.starts_with(&begun), "{merged}");
}

/// Where values cannot be written into the texts, what their lines make counts only if it says the
/// same; else nothing of a side is dropped unnamed.
#[test]
fn a_merge_by_lines_counts_only_if_it_is_that_of_the_values() {
    let by_lines = |base: &str, ours: &str, theirs: &str| {
        let (was, mine, other) = (read(base), read(ours), read(theirs));
        super::three_way::Sides {
            id: &id(),
            config: &Config::default(),
            base: super::three_way::Base::known(base, &was),
            ours: (ours, &mine),
            theirs: (theirs, &other),
            is_turned: false,
            orders: std::cell::OnceCell::new(),
        }
        .by_lines()
    };
    let noted = |minute: u8| {
        format!("[[notes]]\nat = 2026-11-20T10:{minute}:00Z\nby = \"x\"\ntext = \"n{minute}\"\n")
    };
    let (item, note) = ("[[acceptance]]\ntext = \"a\"\n", noted(17));
    let base = format!("title = \"B\"\n\n{item}");
    let theirs = format!("title = \"B\"\ndue = 2026-12-05\n\n{note}\n{item}");
    let ours = format!("lock = \"one\"\ndue = 2026-12-01\n{base}\n{}", noted(10));
    // One `due` above the title and one below it, and the later note first.
    let (text, keys) = conflict(by_lines(&base, &ours, &theirs));
    assert_eq!(keys, ["due", "lock", "notes"]);
    assert_eq!(choose(&text, |_| Some(Choice::Ours)), ours);
    assert_eq!(choose(&text, |_| Some(Choice::Theirs)), theirs);
    // The notes alone would not be in their order.
    let ours = ours.replace("due = 2026-12-01\n", "mine = 1\n");
    let (_, keys) = conflict(by_lines(&base, &ours, &theirs));
    assert_eq!(keys, ["due", "lock", "notes", "mine"]);
    let ours = ours.replace(":10:", ":27:");
    let text = clean(by_lines(&base, &ours, &theirs));
    let merged = read(&text);
    assert_eq!((merged.notes.len(), merged.due.is_some()), (2, true));
    assert!(text.starts_with("lock = \"one\"\nmine = 1\n"), "{text}");
}

/// Two branches that have no common version, as after a squash, changed it differently since:
/// nobody can say which value is the newer one.
#[test]
fn without_a_base_what_differs_is_asked_and_lists_are_joined() {
    let ours = with(|t| {
        t.priority = Priority::new(1).unwrap();
        t.owner = Some("dana".to_owned());
        t.notes.push(note(1, "ours"));
    });
    let theirs = with(|t| t.notes.push(note(2, "theirs")));
    let merge =
        |ours: &str, theirs: &str| merge_ticket(&id(), None, ours, theirs, &Config::default());
    let (text, keys) = conflict(merge(&ours, &theirs));
    assert_eq!(keys, ["priority", "owner"]);
    let chosen = read(&choose(&text, |_| Some(Choice::Theirs)));
    assert_eq!(
        (chosen.owner.as_ref(), chosen.notes.len()),
        (None, 3),
        "{text}"
    );
    let closed = with(|t| status(t, "closed", 3, "dana@example.com"));
    let (text, keys) = conflict(merge(&closed, &theirs));
    assert!(keys.contains(&"status".to_owned()), "{keys:?}");
    assert_eq!(
        read(&choose(&text, |_| Some(Choice::Theirs))),
        read(&theirs)
    );
}

/// A base that git had to merge from two, with marks of that in it.
#[test]
fn a_base_with_marks_is_one_of_two_texts() {
    let title = |title: &str| with(|t| t.title = title.to_owned());
    let base = super::text::mark_differences(&title("One"), &title("Two"));
    let side = |minute: u8, name: &str, text: &str| {
        with(|t| {
            t.title = name.to_owned();
            t.notes.push(note(minute, text));
        })
    };
    let merged = clean(merge(
        &base,
        &side(1, "One", "ours"),
        &side(2, "One", "theirs"),
    ));
    assert_eq!(read(&merged).notes.len(), 3);
    let (text, keys) = conflict(merge(
        &base,
        &side(1, "One", "ours"),
        &side(2, "Two", "theirs"),
    ));
    assert_eq!(keys, ["title"]);
    assert_eq!(
        read(&choose(&text, |_| Some(Choice::Ours))).notes.len(),
        3,
        "{text}"
    );
}

#[test]
fn an_order_that_one_side_changed_stays() {
    let checks =
        |checks: &[&str]| with(|t| t.checks = checks.iter().map(|c| (*c).to_owned()).collect());
    let (base, ours) = (checks(&["lint", "test"]), checks(&["test", "lint"]));
    let theirs = checks(&["lint", "test", "doc"]);
    let merged = read(&clean(merge(&base, &ours, &theirs))).checks;
    assert_eq!(merged, ["test", "doc", "lint"]);
    assert_eq!(read(&clean(merge(&base, &theirs, &ours))).checks, merged);
}

#[test]
fn layouts_of_hand_do_not_matter() {
    let base = "title = \"x\"\nlabels = [\"a\"]\n";
    let ours = "labels = [\n  \"a\", # c\n  \"b\",\n]\ntitle = \"x\"\n";
    let theirs = "title = \"y\"\nlabels = [\"a\", \"c\"]\n";
    let merged = clean(merge(base, ours, theirs));
    assert_eq!(
        merged,
        "labels = [\n  \"a\", # c\n  \"b\",\n  \"c\",\n]\ntitle = \"y\"\n"
    );
    let crlf = theirs.replace('\n', "\r\n");
    assert_eq!(clean(merge(base, ours, &crlf)), merged);
    let both = clean(merge(base, &ours.replace('\n', "\r\n"), &crlf));
    assert_eq!(both, merged.replace('\n', "\r\n"));
}

/// So it is with sides that marks tell, of one ticket with two titles.
#[test]
fn line_ends_in_marked_files_do_not_matter() {
    let text = |title: &str| with(|t| t.title = title.to_owned());
    let sides = |ours: String, theirs: String| {
        let sides = super::Sides {
            base: None,
            ours,
            theirs,
        };
        conflict(sides.merge(&id(), &Config::default()))
    };
    let (one, two) = (text("One"), text("Two"));
    let expected = sides(one.clone(), two.clone());
    let crlf = |text: &str| text.replace('\n', "\r\n");
    assert_eq!(sides(one.clone(), crlf(&two)), expected);
    assert_eq!(sides(crlf(&one), two.clone()), expected);
    let (both, keys) = sides(crlf(&one), crlf(&two));
    assert_eq!((both, keys), (crlf(&expected.0), expected.1));
}

#[test]
fn what_is_no_ticket_is_merged_by_lines() {
    let base = "title = \n\na\n";
    assert_eq!(
        clean(merge(base, "title = 1\n\na\n", "title = \n\nb\n")),
        "title = 1\n\nb\n"
    );
    let (_, keys) = conflict(merge(base, "x\n", "y\n"));
    assert!(keys.is_empty());
    let broken = merge_ticket(&id(), None, "x\n", "title = \"y\"\n", &Config::default());
    conflict(broken);
}

#[test]
fn an_id_minted_twice_is_two_tickets_unless_they_are_one() {
    let merge =
        |ours: &str, theirs: &str| merge_ticket(&id(), None, ours, theirs, &Config::default());
    let ours = with(|t| t.notes.push(note(20, "ours")));
    let theirs = with(|t| t.notes.push(note(30, "theirs")));
    assert_eq!(read(&clean(merge(&ours, &theirs))).notes.len(), 3);
    // A title that was edited since a squash is a conflict, and that of the same ticket.
    let marked = "<<<<<<< ours\ntitle = \"Title\"\n=======\ntitle = \"Other\"\n>>>>>>> theirs\n";
    let retitled = with(|t| t.title = "Other".to_owned());
    let (text, keys) = conflict(merge(&ours, &retitled));
    assert_eq!(keys, ["title"]);
    assert!(text.starts_with(marked), "{text}");
    for change in [
        |t: &mut Ticket| t.created_at = "2026-11-20T08:00:00.001Z".parse().ok(),
        |t: &mut Ticket| t.created_by = Some("eve".to_owned()),
    ] {
        let other = with(|t| {
            t.title = "Other".to_owned();
            change(t);
        });
        let Merged::TwoTickets { text } = merge(&ours, &other) else {
            panic!("two tickets in one");
        };
        assert!(text.starts_with(marked), "{text}");
    }
    let undated = |title: &str| format!("title = \"{title}\"\n");
    let two = merge(&undated("a"), &undated("b"));
    assert!(matches!(two, Merged::TwoTickets { .. }));
    let undated = merge(&ours, &with(|t| t.created_at = None));
    assert!(matches!(undated, Merged::TwoTickets { .. }));
    let (_, keys) = conflict(merge(
        &with(|t| t.owner = Some("a".to_owned())),
        &with(|t| t.owner = Some("b".to_owned())),
    ));
    assert_eq!(keys, ["owner"]);
}

/// To git a ticket that was deleted and one that was made are one that was renamed, if they are
/// alike; what the other branch says of the old one is nothing about the new one.
#[test]
fn what_git_takes_for_a_renamed_ticket_is_another() {
    let base = print(&ticket());
    let noted = with(|t| t.notes.push(note(30, "about the old one")));
    let made = with(|t| {
        t.title = "New".to_owned();
        t.created_at = "2026-11-21T08:00:00Z".parse().ok();
    });
    for (ours, theirs) in [(&made, &noted), (&noted, &made)] {
        let merged = merge(&base, ours, theirs);
        assert!(matches!(merged, Merged::TwoTickets { .. }), "{merged:#?}");
    }
}

/// Where nobody knows when they were made, another title under another name is another ticket; an
/// edit of the title is none.
#[test]
fn undated_tickets_are_told_apart_by_their_names() {
    let base = "title = \"x\"\npriority = 1\n";
    let noted = "title = \"x\"\npriority = 0\n";
    let merge = |side: &str, renamed| {
        let config = Config::default();
        let one = merge_renamed(&id(), [base, side, noted], [renamed, false], &config);
        let other = merge_renamed(&id(), [base, noted, side], [false, renamed], &config);
        let is_two = |merged: &Merged| matches!(merged, Merged::TwoTickets { .. });
        assert_eq!(is_two(&one), is_two(&other));
        is_two(&one)
    };
    let made = base.replace('x', "y");
    let dated = |title: &str| format!("title = \"{title}\"\ncreated_at = 2026-11-20T08:00:00Z\n");
    assert!(merge(&made, true) && merge(&dated("y"), true));
    assert!(!merge(&made, false) && !merge(&dated("x"), true));
    assert!(!merge(&format!("{base}owner = \"dana\"\n"), true));
    // The same title at another time, as of what comes again.
    let (was, next) = (dated("x"), dated("x").replace("20T", "21T"));
    let noted = was.clone() + "owner = \"dana\"\n";
    let merged = |renamed| {
        let sides = [&was, &next, &noted].map(String::as_str);
        merge_renamed(&id(), sides, [renamed, false], &Config::default())
    };
    assert!(matches!(merged(true), Merged::TwoTickets { .. }));
    assert!(matches!(merged(false), Merged::Clean(_)));
}

/// A file with comments and unknown keys of its own.
fn decorated(ticket: &Ticket, name: &str) -> String {
    let text = print(ticket).replacen("\ntype = ", &format!("\n{name} = 1 # {name}\ntype = "), 1);
    format!("# top\n{text}\n[table]\nkey = 1\n")
}

/// The bit of `created_at` in the mask of a variant: a ticket that is made anew is another.
const CREATED_AT: u64 = 1 << 23;

/// A file by hand: the parts before its tables, and its tables.
type Parts = [Vec<String>; 2];

const KEYS: [&str; 6] = [
    "title = \"x\"",
    "priority = 1",
    "labels = [\"a\"]",
    "# c",
    "",
    "mine = 1",
];

const TABLES: [&str; 6] = [
    "[[subtasks]]\ntitle = \"s\"",
    "[[notes]]\ntext = \"n\"\nby = \"d\"\nat = 2026-11-20T09:00:00Z",
    "[custom]\nbase = 1 # base",
    "[[link]]\nto = 1",
    "# d",
    "",
];

fn by_hand() -> impl Strategy<Value = Parts> {
    [KEYS, TABLES]
        .map(|parts| {
            let some = prop::sample::subsequence(parts.to_vec(), 0..=parts.len());
            some.prop_shuffle().prop_map(|parts| {
                let parts = parts.into_iter().map(str::to_owned);
                parts.collect::<Vec<String>>()
            })
        })
        .prop_map(|[mut keys, tables]| {
            if !keys.iter().any(|key| key == KEYS[0]) {
                keys.insert(0, KEYS[0].to_owned());
            }
            [keys, tables]
        })
}

/// What somebody adds to it by hand: what, and behind which line.
fn additions(who: &'static str) -> impl Strategy<Value = Vec<(String, usize)>> {
    let kinds = prop::sample::subsequence((0..7).collect::<Vec<usize>>(), 0..5);
    (kinds, prop::collection::vec(0..40_usize, 7)).prop_map(move |(kinds, places)| {
        let text = |kind: usize| match kind {
            0 => format!("{who}1 = 1"),
            1 => format!("{who}2 = [\n  1, # {who} in\n]"),
            2 => format!("# {who}"),
            3 => format!("\n[{who}]\nkey = 1"),
            4 => format!("\n[{who}t]\n# {who} under\nkey = \"\"\"\n[x]\n# {who}\n\"\"\""),
            5 => format!("\n# {who} above\n[[{who}l]]\nkey = 1\n\n[{who}l.sub]\nkey = 2"),
            _ => format!("{who}3.a = 1 # {who} beside"),
        };
        let all = kinds.into_iter().zip(places);
        all.map(|(kind, place)| (text(kind), place)).collect()
    })
}

/// The file with these parts in it: no table stands above the keys of the file itself.
fn with_additions([keys, tables]: &Parts, more: &[(String, usize)]) -> String {
    let mut parts = [keys.clone(), tables.clone()].concat();
    let mut keys = keys.len();
    for (text, place) in more {
        let first = if text.contains("\n[") { keys } else { 0 };
        let at = first + place % (parts.len() - first + 1);
        parts.insert(at, text.clone());
        if at < keys {
            keys += 1;
        }
    }
    parts.join("\n") + "\n"
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_added_by_hand_never_conflicts(
        file in by_hand(), one in additions("o"), two in additions("t"), values in any::<[bool; 4]>(),
    ) {
        let base = with_additions(&file, &[]);
        let valued = |text: String, [noted, changed]: [bool; 2], minute: u8| {
            let before = read(&text);
            let mut after = before.clone();
            if noted {
                after.notes.push(note(minute, "by tk"));
                after.subtasks.push(subtask(&format!("{minute}")));
            }
            if changed && minute == 1 {
                after.title = "y".to_owned();
            } else if changed {
                after.owner = Some("dana".to_owned());
            }
            edit(&text, &before, &after).unwrap()
        };
        let ours = valued(with_additions(&file, &one), [values[0], values[1]], 1);
        let theirs = valued(with_additions(&file, &two), [values[2], values[3]], 2);
        let merged = clean(merge(&base, &ours, &theirs));
        prop_assert_eq!(&clean(merge(&base, &theirs, &ours)), &merged);
        let ticket = read(&merged);
        prop_assert_eq!(&ticket.title, &read(&ours).title);
        prop_assert_eq!(&ticket.owner, &read(&theirs).owner);
        let there = crate::format::extras(&merged, &ticket).unwrap();
        for side in [&base, &ours, &theirs] {
            for extra in crate::format::extras(side, &read(side)).unwrap() {
                prop_assert!(there.contains(&extra), "{extra} is not in\n{merged}");
            }
        }
    }

    #[test]
    fn equal_sides_and_unchanged_sides(one in arb_ticket(), other in arb_ticket(), mask in any::<u64>()) {
        let base = decorated(&one, "mine");
        let changed = decorated(&variant(&one, &other, mask), "mine");
        prop_assert_eq!(clean(merge(&base, &changed, &changed)), changed.clone());
        prop_assert_eq!(clean(merge(&base, &base, &changed)), changed.clone());
        prop_assert_eq!(clean(merge(&base, &changed, &base)), changed);
    }

    #[test]
    fn disjoint_changes_commute(base in arb_ticket(), one in arb_ticket(), mask in any::<u64>(), split in any::<u64>()) {
        // One bit a key: the last four bits are of lists and go to the same side.
        let mask = mask & ((1 << 33) - 1) & !CREATED_AT;
        let life = (1_u64 << 2) | (0b11111 << 25);
        let split = if split & 1 == 1 { split | life } else { split & !life };
        let (ours, theirs) = (variant(&base, &one, mask & split), variant(&base, &one, mask & !split));
        let both = variant(&base, &one, mask);
        let (base, ours, theirs) = (print(&base), print(&ours), print(&theirs));
        let merged = clean(merge(&base, &ours, &theirs));
        prop_assert_eq!(&read(&merged), &both);
        prop_assert_eq!(&merged, &print(&both));
        prop_assert_eq!(clean(merge(&base, &theirs, &ours)), merged);
    }

    /// Work that began on many branches and went on on one at most: in whatever order they are
    /// merged, nobody is asked, and it is the same.
    #[test]
    fn many_that_began_merge_in_any_order(
        minutes in prop::sample::subsequence((0..60_u8).collect::<Vec<_>>(), 3).prop_shuffle(),
        goes_on in prop::option::of((0..3_usize, prop::sample::select(vec!["in_progress", "closed"]))),
        had_begun in any::<bool>(),
    ) {
        let started = |minute: u8| format!("2026-11-20T10:{minute:02}:00Z").parse().ok();
        let base = with(|t| if had_begun { t.started_at = "2026-11-01T08:00:00Z".parse().ok() });
        let branches: Vec<String> = minutes.iter().enumerate().map(|(place, minute)| with(|t| {
            t.started_at = started(*minute);
            let Some((_, to)) = goes_on.filter(|(goes_on, _)| *goes_on == place) else { return };
            status(t, to, 59, "eve");
            t.started_at = started(*minute);
        })).collect();
        let stands = match goes_on {
            Some((place, _)) => started(minutes[place]),
            None => started(*minutes.iter().min().unwrap()),
        };
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let [one, two, three] = order.map(|place| branches[place].as_str());
            let first = clean(merge(&base, one, two));
            let merged = clean(merge(&base, &first, three));
            prop_assert_eq!(&merged, &clean(merge(&base, three, &first)));
            prop_assert_eq!(read(&merged).started_at, stands);
            prop_assert_eq!(&merged, &clean(merge(&base, &clean(merge(&base, three, two)), one)));
        }
    }

    #[test]
    fn nothing_that_a_side_added_is_lost(base in arb_ticket(), one in arb_ticket(), two in arb_ticket(), masks in any::<(u64, u64)>()) {
        let (ours, theirs) = (variant(&base, &one, masks.0 & !CREATED_AT), variant(&base, &two, masks.1 & !CREATED_AT));
        let was = decorated(&base, "mine");
        let our_text = edit(&was, &base, &ours).unwrap().replace("# top\n", "# top\n# ours\n");
        let their_text = edit(&was, &base, &theirs).unwrap() + "theirs = 1\n";
        let result = merge(&was, &our_text, &their_text);
        let text = match &result {
            Merged::Clean(text) | Merged::Conflict { text, .. } => text.clone(),
            Merged::TwoTickets { text } => panic!("two tickets in one: {text}"),
        };
        for choice in [Choice::Ours, Choice::Theirs] {
            let chosen = choose(&text, |_| Some(choice));
            for kept in ["# top\n", "# ours\n", "mine = 1 # mine\n", "[table]\nkey = 1\ntheirs = 1\n"] {
                prop_assert!(chosen.contains(kept), "{:#?}", result);
            }
        }
        if let Merged::Clean(text) = result {
            let merged = read(&text);
            let law = |label: &String| {
                let (b, o, t) = (base.labels.contains(label), ours.labels.contains(label), theirs.labels.contains(label));
                if b { o && t } else { o || t }
            };
            for label in base.labels.iter().chain(&ours.labels).chain(&theirs.labels) {
                prop_assert_eq!(merged.labels.contains(label), law(label));
            }
            for note in ours.notes.iter().chain(&theirs.notes).filter(|note| !base.notes.contains(note)) {
                prop_assert!(merged.notes.contains(note), "{}", text);
            }
            for run in ours.runs.iter().chain(&theirs.runs).filter(|run| !base.runs.contains(run)) {
                prop_assert!(merged.runs.iter().any(|other| (&other.run, other.attempt) == (&run.run, run.attempt)));
            }
        } else {
            prop_assert!(text.contains("<<<<<<< ours\n"));
        }
    }

    #[test]
    fn no_text_makes_it_panic(texts in prop::collection::vec("[a-c\n\"=#\\[\\] 1]{0,40}", 3)) {
        let texts: Vec<_> = texts.iter().map(|text| format!("title = \"x\"\n{text}")).collect();
        merge(&texts[0], &texts[1], &texts[2]);
        drop(merge_ticket(&id(), None, &texts[1], &texts[2], &Config::default()));
    }
}
