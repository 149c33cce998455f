//! What a file says comes back, and what an edit does not touch stays.

mod laws;
pub(crate) mod strategy;

use super::*;
use crate::model::{Acceptance, Config, Note, NoteKind, StatusId, Subtask, Ticket, TicketId};

pub(crate) use strategy::{arb_ticket, variant};

fn id() -> TicketId {
    TicketId::parse("k7m").unwrap()
}

fn read(text: &str) -> Ticket {
    parse(&id(), text, &Config::default()).unwrap()
}

fn error(text: &str) -> ParseError {
    parse(&id(), text, &Config::default()).unwrap_err()
}

fn changed(text: &str, change: impl FnOnce(&mut Ticket)) -> String {
    let before = read(text);
    let mut after = before.clone();
    change(&mut after);
    edit(text, &before, &after).unwrap()
}

fn note(text: &str) -> Note {
    Note {
        at: Some("2026-11-20T09:02:11.482Z".parse().unwrap()),
        by: "agent:claude".to_owned(),
        kind: NoteKind::Comment,
        text: text.to_owned(),
    }
}

const SAMPLE: &str = include_str!("tests/sample.toml");

#[test]
fn the_documented_sample_is_read() {
    let ticket = read(SAMPLE);
    assert_eq!(ticket.title, "Add login endpoint");
    assert_eq!(
        ticket.description,
        "POST /login takes an email and a password and returns a JWT."
    );
    assert_eq!(ticket.runs[0].cost_usd.unwrap().to_string(), "0.42");
    assert_eq!(
        ticket.acceptance[0].text,
        "A wrong password gets 401 and no token"
    );
    assert_eq!(ticket.estimate.unwrap().minutes(), 120);
}

#[test]
fn the_canonical_layout() {
    let mut ticket = Ticket::new(
        id(),
        "A title".to_owned(),
        "task".to_owned(),
        StatusId::new("open"),
    );
    ticket.labels.insert("api".to_owned());
    ticket.created_at = Some("2026-11-20T08:38:50Z".parse().unwrap());
    ticket.acceptance.push(Acceptance {
        text: "It works".to_owned(),
        ..Acceptance::default()
    });
    insta::assert_snapshot!(print(&ticket), @r#"
    title = "A title"

    status = "open"

    priority = 2

    type = "task"

    owner = ""

    parent = ""

    labels = [
      "api",
    ]

    blocked_by = []

    requires = ""

    awaiting = ""

    estimate = ""

    created_at = 2026-11-20T08:38:50Z

    # description
    description = ""

    # acceptance

    [[acceptance]]
    text = "It works"
    met = false

    # subtasks

    # notes

    # runs
    "#);
}

#[test]
fn a_hand_written_file_may_leave_out_anything_but_the_title() {
    let ticket = read("title = \"x\"");
    assert_eq!(
        (ticket.kind.as_str(), ticket.status.as_str()),
        ("task", "open")
    );
    let ticket = read("title = \"x\"\n[[notes]]\ntext = \"hm\"\n");
    assert_eq!(ticket.notes[0].kind, NoteKind::Comment);
    let wrong = error("status = \"open\"\n");
    assert_eq!(
        wrong.to_string(),
        "line 1, column 1: `title`: it is missing: expected one line of text"
    );
}

#[test]
fn invalid_values_are_named_with_their_place() {
    let table = [
        ("title = \" \"", 1, 9, "title"),
        ("title = \"a\\u0000b\"", 1, 9, "title"),
        ("title = \"a\\nb\"", 1, 9, "title"),
        ("title = 3", 1, 9, "title"),
        ("title = \"x\"\nstatus = \"opne\"", 2, 10, "status"),
        ("title = \"x\"\ntype = \"taks\"", 2, 8, "type"),
        ("title = \"x\"\npriority = 5", 2, 12, "priority"),
        ("title = \"x\"\npriority = -1", 2, 12, "priority"),
        ("title = \"x\"\npriority = \"high\"", 2, 12, "priority"),
        ("title = \"x\"\nparent = \"../x\"", 2, 10, "parent"),
        ("title = \"x\"\nlabels = \"a\"", 2, 10, "labels"),
        ("title = \"x\"\nlabels = [\"a\", 1]", 2, 16, "labels[2]"),
        ("title = \"x\"\nlabels = [\" \"]", 2, 11, "labels[1]"),
        (
            "title = \"x\"\nblocked_by = [\"a\",\n  \"B\"]",
            3,
            3,
            "blocked_by[2]",
        ),
        ("title = \"x\"\nrequires = \"love\"", 2, 12, "requires"),
        ("title = \"x\"\nestimate = \"soon\"", 2, 12, "estimate"),
        ("title = \"x\"\ndue = 2026-11-20T08:38:50Z", 2, 7, "due"),
        (
            "title = \"x\"\ncreated_at = 2026-11-20T08:38:50",
            2,
            14,
            "created_at",
        ),
        (
            "title = \"x\"\ncreated_at = 2026-11-20",
            2,
            14,
            "created_at",
        ),
        (
            "title = \"x\"\ncreated_at = \"2026-11-20T08:38:50Z\"",
            2,
            14,
            "created_at",
        ),
        ("title = \"x\"\nnotes = \"a\"", 2, 9, "notes"),
        ("title = \"x\"\nnotes.text = \"a\"", 2, 1, "notes"),
        (
            "title = \"ä\"\n\n[[notes]]\ntext = \"ä\"\nkind = \"cry\"",
            5,
            8,
            "notes[1].kind",
        ),
        ("title = \"x\"\n[[notes]]\n", 2, 1, "notes[1].text"),
        (
            "title = \"x\"\n[[acceptance]]\nmet = 1\ntext = \"a\"",
            3,
            7,
            "acceptance[1].met",
        ),
        (
            "title = \"x\"\n[[runs]]\nrun = \"r\"\ncost_usd = -1.0",
            4,
            12,
            "runs[1].cost_usd",
        ),
        ("title = \"x\"\nchecks = [\"a\\u0000\"]", 2, 11, "checks[1]"),
    ];
    for (text, line, column, key) in table {
        let wrong = error(text);
        assert_eq!(
            (wrong.line, wrong.column),
            (line, column),
            "{text}: {wrong}"
        );
        assert_eq!(wrong.key.as_deref(), Some(key), "{text}: {wrong}");
        assert!(wrong.expected.is_some(), "{text}: {wrong}");
    }
    let wrong = error("title = \"x\"\nstatus = \"opne\"\n").to_string();
    assert_eq!(
        wrong,
        "line 2, column 10: `status`: unknown status `opne`: expected one of open, in_progress, closed"
    );
    let run = "title = \"x\"\n[[runs]]\nrun = \"r\"\nattempt = 1\nagent = \"a\"\ncost_usd = ";
    for (given, shown) in [("1e300", "it is 1e300"), ("-2", "it is -2")] {
        assert_eq!(error(&format!("{run}{given}\n")).message, shown);
    }
    for text in [
        "title = ",
        "title = \"x\"\ntitle = \"y\"",
        "title = \"\u{1}\"",
        "x",
        "{}",
    ] {
        assert!(
            error(text).message.starts_with("not TOML"),
            "{}",
            error(text)
        );
    }
    let wrong = error("<<<<<<< ours\ntitle = \"x\"\n=======\ntitle = \"y\"\n>>>>>>> theirs\n");
    assert_eq!(
        (wrong.line, wrong.message.as_str()),
        (1, "a merge left both versions")
    );
}

/// The first line of what a merge has left, wherever it is; marks in quotes are text.
#[test]
fn what_a_merge_has_left_is_told_from_marks_in_quotes() {
    let quoted = "text = \"\"\"\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n\"\"\"\n";
    let apart = |one: &str, two: &str| format!("<<<<<<< a\n{one}=======\n{two}>>>>>>> b\n");
    let lines = apart("x = 1\n", "x = 2\n");
    for (text, line) in [
        (lines.clone(), Some(1)),
        (format!("a = 1\n\n{lines}"), Some(3)),
        (format!("a = 1\na = 2\n{lines}"), Some(3)),
        (format!("a = \n{lines}"), Some(2)),
        (format!("a = \"x\n{lines}"), Some(2)),
        (format!("a = \"\"\"\"\\\"\"\"\"\"\"\n{lines}"), Some(2)),
        (format!("# don't \"\"\"\na = 'x' # '\n{lines}"), Some(3)),
        (quoted.replace("\"\"\"", "'''") + "a = \n", None),
        (format!("{quoted}a = \"\n"), None),
        (format!("{quoted}a = 1\n"), None),
        (format!("{quoted}{lines}"), Some(8)),
        (format!("{lines}{quoted}"), Some(1)),
        (
            format!("[[n]]\nx = 1\n\n{}", apart("", "[[n]]\nx = 2\n")),
            Some(4),
        ),
        (
            format!("l = [\n  1,\n{}]\n", apart("  2,\n", "  3,\n")),
            Some(3),
        ),
        (
            format!("l = [\n  1\n{}]\n", apart("  , 2\n", "  , 3\n")),
            Some(3),
        ),
        (
            format!(
                "d = \"\"\"\na\n{}",
                apart("b\n\"\"\"\nc = 1\n", "e\n\"\"\"\n")
            ),
            Some(3),
        ),
        (
            format!("a = 1\n{}", apart("d = \"\"\n", "d = \"\"\"\nx\n\"\"\"\n")),
            Some(2),
        ),
        (lines.replace('\n', "\r\n"), Some(1)),
        (
            lines.replace("=======", "||||||| c\nx = 0\n======="),
            Some(1),
        ),
        ("=======\n".to_owned(), None),
        ("<<<<<<<".to_owned(), Some(1)),
    ] {
        assert_eq!(left_by_a_merge(&text), line, "{text}");
    }
}

#[test]
fn offsets_are_normalised_when_written() {
    let text = "title = \"x\"\ndefer_until = 2026-11-20T08:38:50+02:00\n";
    let other = changed(text, |t| t.title = "y".to_owned());
    assert_eq!(other, text.replace("\"x\"", "\"y\""));
    assert!(print(&read(text)).contains("\ndefer_until = 2026-11-20T06:38:50Z\n"));
}

const HAND_WRITTEN: &str = "\
# my ticket
custom = { a = 1 } # mine
status = 'open'   # for now
\"title\"=\"x\"
labels = [
    \"web\", # the site
    \"api\",
  ] # sorted by taste
due = 2026-12-01 # before the fair

# the plan
[[notes]] # first
mine = true
text = 'hm'

[other]
key = [ 1,
2 ]
# the end";

#[test]
fn an_edit_keeps_what_it_does_not_change() {
    let text = changed(HAND_WRITTEN, |t| {
        t.status = StatusId::new("closed");
        t.closed_by = Some("dana".to_owned());
        t.labels.insert("new".to_owned());
        t.labels.remove("api");
        t.due = None;
        t.notes[0].text = "hm!".to_owned();
        t.notes.push(note("two\nlines"));
        t.subtasks.push(Subtask {
            title: "Step".to_owned(),
            done: true,
        });
    });
    insta::assert_snapshot!(text, @r#"
    # my ticket
    custom = { a = 1 } # mine
    status = "closed"   # for now
    "title"="x"
    labels = [
        "web", # the site
        "new",
      ] # sorted by taste
    # before the fair

    closed_by = "dana"

    # the plan
    [[notes]] # first
    mine = true
    text = "hm!"

    [[notes]]
    at = 2026-11-20T09:02:11.482Z
    by = "agent:claude"
    kind = "comment"
    text = """
    two
    lines
    """

    [other]
    key = [ 1,
    2 ]
    # the end

    [[subtasks]]
    title = "Step"
    done = true
    "#);
}

#[test]
fn no_edit_no_change() {
    for text in [HAND_WRITTEN, SAMPLE, "title = \"x\""] {
        assert_eq!(changed(text, |_| {}), text);
    }
}

#[test]
fn line_ends_and_marks_at_the_beginning_stay() {
    let text = "\u{feff}title = \"x\"\r\ndescription = \"\"\"\r\na\r\nb\r\n\"\"\"\r\n# c\r\n";
    assert_eq!(read(text).description, "a\nb");
    let edited = changed(text, |t| {
        t.owner = Some("dana".to_owned());
        t.notes.push(note("n"));
    });
    assert!(edited.starts_with("\u{feff}title = \"x\"\r\nowner = \"dana\"\r\ndescription"));
    assert_eq!(edited.matches('\n').count(), edited.matches("\r\n").count());
    let first = changed("\u{feff}due = 2026-11-20\ntitle = \"x\"\n", |t| {
        t.due = None
    });
    assert_eq!(first, "\u{feff}title = \"x\"\n");
    let mixed = "title = \"x\"\nowner = \"a\"\r\n\nparent = \"k\"\n";
    let edited = changed(mixed, |t| t.parent = None);
    assert_eq!(edited, "title = \"x\"\nowner = \"a\"\r\n\nparent = \"\"\n");
}

#[test]
fn arrays_keep_their_comments_and_layout() {
    let edit = |array: &str, new: &[&str]| {
        let text = format!("title = \"x\"\nlabels = {array} # z\n");
        let out = changed(&text, |t| {
            t.labels = new.iter().map(|label| (*label).to_owned()).collect();
        });
        let out = out
            .strip_prefix("title = \"x\"\nlabels = ")
            .unwrap()
            .to_owned();
        out.strip_suffix(" # z\n").unwrap().to_owned()
    };
    assert_eq!(edit("[]", &["a"]), "[\n  \"a\",\n]");
    assert_eq!(edit("[\"a\",'c']", &["a", "b", "c"]), "[\"a\", \"b\", 'c']");
    assert_eq!(
        edit("[\n  \"a\"\n]", &["a", "b"]),
        "[\n  \"a\",\n  \"b\",\n]"
    );
    assert_eq!(
        edit("[\n  \"a\"\n]", &["a", "b", "c"]),
        "[\n  \"a\",\n  \"b\",\n  \"c\",\n]"
    );
    assert_eq!(
        edit("[\n \"a\", # one\n \"c\"]", &["b", "c", "d"]),
        "[\n \"b\",\n # one\n \"c\", \"d\",]"
    );
    assert_eq!(edit("[\n  \"a\",\n]", &[]), "[]");
    assert_eq!(edit("[\n  \"a\",\n  # none\n]", &[]), "[\n  # none\n]");
    assert_eq!(edit("[ # c\n]", &["a"]), "[ # c\n  \"a\",\n]");
    assert_eq!(
        edit("[\n  \"a\" # one\n  , \"b\"\n]", &["b"]),
        "[\n   # one\n   \"b\"\n]"
    );
    assert_eq!(
        edit("[ # ]\n \"b\", \"c\"\n]", &["a", "c"]),
        "[ # ]\n \"a\",\n \"c\"\n]"
    );
}

#[test]
fn lists_written_as_inline_tables_stay_so() {
    let text = "title = \"x\"\nacceptance = [{ text = \"a\", mine = 1 }, { text = \"b\" }]\n";
    let edited = changed(text, |t| {
        t.acceptance[0].met = true;
        t.acceptance.push(Acceptance {
            text: "c".to_owned(),
            ..Acceptance::default()
        });
    });
    assert_eq!(
        edited,
        "title = \"x\"\nacceptance = [{ text = \"a\", met = true, mine = 1 }, { text = \"b\" }, \
         { text = \"c\", met = false }]\n"
    );
}

#[test]
fn inline_tables_keep_their_bytes() {
    let text = "title = \"x\"\nsubtasks = [ {title = \"a\"} , {done=true,title=\"b\"} , ]\n\
                acceptance = [{met=false,text=\'\'\'b\'\'\'},{text=\"c\"  ,mine=1,check=\"c\"}, ]\n\
                notes = [ {at = 2026-11-20T08:38:50+01:00,by=\'b\',text=\"n\",} ]\n";
    let edited = changed(text, |t| t.priority = "1".parse().unwrap());
    let expected = text.replace("subtasks", "priority = 1\nsubtasks");
    assert_eq!(edited, expected);
    let edited = changed(text, |t| {
        t.acceptance[0].met = true;
        t.acceptance[1].met = true;
        t.subtasks[0].done = true;
    });
    let expected = text
        .replace("met=false", "met=true")
        .replace("check=\"c\"", "check=\"c\", met = true")
        .replace("\"a\"", "\"a\", done = true");
    assert_eq!(edited, expected);
    // One that stands elsewhere in the list keeps its own, too.
    let edited = changed(text, |t| t.acceptance.reverse());
    let expected = "[{text=\"c\"  ,mine=1,check=\"c\"}, {met=false,text=\'\'\'b\'\'\'}]";
    assert!(edited.contains(expected), "{edited}");
    let text = "title = \"x\"\nacceptance = [{check=\"c\",text=\"a\"}]\n";
    let gone = changed(text, |t| t.acceptance[0].check = None);
    assert!(
        gone.ends_with("acceptance = [{ text = \"a\", met = false }]\n"),
        "{gone}"
    );
    let text = "title = \"x\"\nacceptance = [{mine=1,text=\"a\"}]\n";
    let told = changed(text, |t| t.acceptance[0].check = Some("c".to_owned()));
    assert!(
        told.ends_with("[{mine=1,text=\"a\", check = \"c\"}]\n"),
        "{told}"
    );
}

#[test]
fn a_renamed_element_keeps_its_unknown_keys() {
    let text =
        "title = \"x\"\n\n[[subtasks]]\ntitle = \"a\"\nmine = 1\n\n[[subtasks]]\ntitle = \"b\"\n";
    let edited = changed(text, |t| {
        t.subtasks[0].title = "z".to_owned();
        t.subtasks.remove(1);
    });
    assert_eq!(
        edited,
        "title = \"x\"\n\n[[subtasks]]\ntitle = \"z\"\nmine = 1\n"
    );
    let swapped = changed(text, |t| t.subtasks.reverse());
    assert!(swapped.contains("title = \"a\"\nmine = 1\n"), "{swapped}");
}

#[test]
fn a_table_is_never_put_above_other_keys() {
    let text = "title = \"x\"\n# notes\nowner = \"dana\"\n";
    let edited = changed(text, |t| t.notes.push(note("n")));
    assert!(edited.starts_with(text));
    let text = "title = \"x\"\ndescription = \"\"\"\n# notes\n\"\"\"\n";
    let edited = changed(text, |t| t.notes.push(note("n")));
    assert!(edited.starts_with(text));
}

/// Nor does a new key get into a new element, where both go before the first table.
#[test]
fn a_new_key_stands_above_a_new_element() {
    let text = "title = \"x\"\n\n[[subtasks]]\ntitle = \"three\"\n";
    let edited = changed(text, |t| {
        t.due = "2026-12-23".parse().ok();
        t.subtasks.insert(0, Subtask::default());
        t.subtasks[0].title = "four".to_owned();
    });
    assert_eq!(
        edited,
        "title = \"x\"\n\ndue = 2026-12-23\n\n[[subtasks]]\ntitle = \"four\"\ndone = false\n\n\
         [[subtasks]]\ntitle = \"three\"\n"
    );
    // Nor one of an element into that of another list.
    let text = "title = \"x\"\n[[subtasks]]\ntitle = \"a\"\n[[acceptance]]\ntext = \"b\"\n";
    let edited = changed(text, |t| {
        t.acceptance.insert(0, Acceptance::default());
        t.acceptance[0].text = "c".to_owned();
        t.subtasks[0].done = true;
    });
    assert!(
        edited.contains("[[subtasks]]\ntitle = \"a\"\ndone = true\n[[acceptance]]\ntext = \"c\"\n"),
        "{edited}"
    );
}

#[test]
fn what_cannot_be_written_is_refused() {
    let before = read("title = \"x\"");
    let mut after = before.clone();
    after.title = "a\nb".to_owned();
    let wrong = edit("title = \"x\"", &before, &after).unwrap_err();
    assert!(matches!(wrong, EditError::Unwritable(_)), "{wrong}");
    let wrong = edit("title = \"y\"", &before, &before).unwrap_err();
    assert_eq!(wrong, EditError::Stale);
    let wrong = edit("title = ", &before, &before).unwrap_err();
    assert!(matches!(wrong, EditError::Unreadable(_)), "{wrong}");
}
