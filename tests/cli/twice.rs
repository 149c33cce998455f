//! Keys that a merge without the driver has left in a ticket's file twice.

use insta::assert_snapshot;
use tk::model::{Span, Ticket};

use crate::merge_driver::{branch, change, commit, note, notes, read, repository};
use crate::resolve::kept;
use crate::support::Sandbox;

const PATH: &str = ".ticks/abc.toml";

/// A repository in which git has no driver, with ticket `abc` as these changes on two branches leave
/// it, being on the second one.
fn branches(one: fn(&mut Ticket), two: fn(&mut Ticket)) -> Sandbox {
    let sandbox = repository(&["abc"]);
    sandbox.git(["config", "--remove-section", "merge.ticks"]);
    branch(&sandbox, "one", "main", one);
    branch(&sandbox, "two", "main", two);
    sandbox
}

/// As [`branches`], merged by git as text, without a conflict; what that made of the file.
#[track_caller]
fn merged(one: fn(&mut Ticket), two: fn(&mut Ticket)) -> (Sandbox, String) {
    let sandbox = branches(one, two);
    sandbox.git(["merge", "--quiet", "--no-edit", "one"]);
    let text = sandbox.read(PATH);
    (sandbox, text)
}

/// An estimate keeps git from seeing that the days stand at one place.
fn due_the_second(ticket: &mut Ticket) {
    ticket.estimate = "2h".parse::<Span>().ok();
    ticket.due = "2026-12-02".parse().ok();
    note(ticket, 1);
}

fn due_the_first(ticket: &mut Ticket) {
    ticket.due = "2026-12-01".parse().ok();
}

fn also_due_the_second(ticket: &mut Ticket) {
    ticket.due = "2026-12-02".parse().ok();
}

#[track_caller]
fn finding(sandbox: &Sandbox) -> serde_json::Value {
    let told = sandbox.tk(["doctor", "--json"]).json();
    let findings = told["findings"].as_array().unwrap().iter();
    let of_it: Vec<_> = findings.filter(|found| found["path"] == PATH).collect();
    assert_eq!(of_it.len(), 1, "{told:#}");
    assert_eq!(of_it[0]["kind"], "conflict");
    assert_eq!(of_it[0]["ticket"], "abc");
    of_it[0].clone()
}

#[test]
fn the_same_twice_is_there_once() {
    for mends in [&["doctor", "--fix"][..], &["resolve"], &["resolve", "abc"]] {
        let (sandbox, text) = merged(due_the_second, also_due_the_second);
        assert_eq!(text.matches("due = ").count(), 2, "{text}");
        let found = finding(&sandbox);
        assert_eq!(found["fixable"], true, "{found:#}");
        assert_eq!(
            found["message"],
            "as a merge without tk's merge driver leaves it, `due` stands in it twice: line 23 \
             says 2026-12-02, line 25 says 2026-12-02"
        );
        assert_eq!(found["hint"], "`tk doctor --fix`");
        sandbox.tk(mends);
        let once = text.replacen("due = 2026-12-02\n\n", "", 1);
        assert_eq!(sandbox.read(PATH), once);
        kept(&sandbox, &text);
        assert_eq!(sandbox.tk(["resolve"]).ok(), "nothing is unmerged\n");
        sandbox.tk(["doctor", "--fix"]).ok();
    }
}

#[test]
fn two_values_are_chosen_from_as_in_any_merge() {
    let (sandbox, text) = merged(due_the_second, due_the_first);
    let found = finding(&sandbox);
    assert_eq!(found["fixable"], false, "{found:#}");
    assert_snapshot!(found["message"].as_str().unwrap(), @"as a merge without tk's merge driver leaves it, `due` stands in it twice: line 23 says 2026-12-02, line 25 says 2026-12-01");
    assert_snapshot!(found["hint"].as_str().unwrap(), @"`tk resolve abc` merges it again, key by key; `-i` asks about the rest");
    let asked = sandbox.tk_with_input(["resolve", "-i"], "t\n");
    assert!(
        asked.stderr.contains("  ours    due = 2026-12-01\n"),
        "{asked}"
    );
    assert!(
        asked.stderr.contains("  theirs  due = 2026-12-02\n"),
        "{asked}"
    );
    assert!(asked.ok().starts_with("abc  merged\n"));
    kept(&sandbox, &text);
    let ticket = read(&sandbox, "abc");
    assert_eq!(ticket.due, "2026-12-02".parse().ok());
    assert_eq!(ticket.estimate, "2h".parse().ok());
    assert_eq!(notes(&sandbox, "abc"), ["note 1"]);
    sandbox.tk(["doctor", "--fix"]).ok();

    let (sandbox, text) = merged(due_the_second, due_the_first);
    sandbox.tk(["doctor", "--fix"]);
    assert_eq!(sandbox.read(PATH), text);
    let left = sandbox.tk(["resolve"]);
    assert_eq!(
        (left.code, left.stdout.lines().next()),
        (1, Some("abc  left: both sides changed due"))
    );
    sandbox.tk(["resolve", "--ours"]).ok();
    assert_eq!(read(&sandbox, "abc").due, "2026-12-01".parse().ok());
}

/// What the rules of the merge settle nobody is asked about.
#[test]
fn lists_are_joined() {
    let check = |ticket: &mut Ticket| {
        ticket.estimate = "2h".parse::<Span>().ok();
        ticket.checks = vec!["one".to_owned()];
        ticket.touches = vec!["src/**".to_owned()];
    };
    let other = |ticket: &mut Ticket| ticket.checks = vec!["two".to_owned()];
    for mends in [&["doctor", "--fix"][..], &["resolve"]] {
        let (sandbox, text) = merged(check, other);
        assert_eq!(text.matches("checks = ").count(), 2, "{text}");
        sandbox.tk(mends);
        let ticket = read(&sandbox, "abc");
        assert_eq!(ticket.checks, ["one", "two"]);
        assert_eq!(ticket.touches, ["src/**"]);
        sandbox.tk(["doctor", "--fix"]).ok();
    }
}

/// While another file keeps the merge open.
#[test]
fn in_a_merge_that_git_is_in() {
    let sandbox = repository(&["abc", "def"]);
    sandbox.git(["config", "--remove-section", "merge.ticks"]);
    for (name, what) in [
        ("one", due_the_second as fn(&mut Ticket)),
        ("two", due_the_first),
    ] {
        sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
        change(&sandbox, "abc", what);
        change(&sandbox, "def", |ticket| {
            ticket.owner = Some(name.to_owned())
        });
        commit(&sandbox, name);
    }
    let mut merge = sandbox.command("git");
    merge.args(["merge", "--quiet", "--no-edit", "one"]);
    assert_eq!(sandbox.run(&mut merge, None).code, 1);
    assert_snapshot!(sandbox.tk(["resolve", "--theirs"]), @"
    abc  merged
    def  merged
    as it was before: .git/tk/backup/20261120T083850Z
    ");
    assert_eq!(read(&sandbox, "abc").due, "2026-12-02".parse().ok());
    assert_eq!(read(&sandbox, "def").owner.as_deref(), Some("one"));
    assert_eq!(sandbox.git(["diff", "--name-only", "--diff-filter=U"]), "");
}

/// Where nothing tells the sides, and where it is more than a value, a person is told where.
#[test]
fn what_nothing_tells_the_sides_of_stays() {
    let sandbox = branches(due_the_second, due_the_first);
    sandbox.git(["merge", "--quiet", "--squash", "one"]);
    commit(&sandbox, "squashed");
    let squashed = sandbox.read(PATH);
    let (edited, text) = merged(due_the_second, due_the_first);
    let text = text.replacen("due = ", "# mine\ndue = ", 1);
    for (sandbox, text) in [(sandbox, squashed), (edited, text)] {
        sandbox.write(PATH, &text);
        let found = finding(&sandbox);
        assert_eq!(found["fixable"], false, "{found:#}");
        assert_eq!(found["hint"], "keep one of the two with `tk edit abc`");
        let left = sandbox.tk(["resolve", "--ours"]);
        assert_eq!(left.code, 1, "{left}");
        let line = |value: &str| 1 + text.lines().position(|line| line.ends_with(value)).unwrap();
        let told = format!(
            "abc  left: `due` stands in it twice: line {} says 2026-12-02, line {} says 2026-12-01: \
             keep one of the two with `tk edit abc`\n",
            line("= 2026-12-02"),
            line("= 2026-12-01"),
        );
        assert_eq!(left.stdout, told);
        assert_eq!(sandbox.read(PATH), text);
        assert!(!sandbox.path().join(".git/tk/backup").exists());
        sandbox.tk(["doctor", "--fix"]);
        assert_eq!(sandbox.read(PATH), text);
    }
}
