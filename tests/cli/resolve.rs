//! Merges that git has left, settled.

use insta::assert_snapshot;
use tk::model::{Priority, TicketId};

use crate::merge_driver::{branch, change, commit, file, note, notes, read, repository};
use crate::support::{Output, Sandbox};

/// `git merge`, which leaves something.
#[track_caller]
fn leave(sandbox: &Sandbox, args: &[&str]) -> Output {
    let ended = sandbox.run(sandbox.command("git").args(args), None);
    assert_eq!(ended.code, 1, "{ended}");
    ended
}

/// As in a clone whose git knows no driver.
fn without_driver(sandbox: &Sandbox) {
    sandbox.git(["config", "--remove-section", "merge.ticks"]);
}

/// Two branches gave `abc` two titles, and it is being merged.
fn two_titles() -> Sandbox {
    let sandbox = repository(&["abc"]);
    branch(&sandbox, "one", "main", |ticket| {
        ticket.title = "One".to_owned();
        ticket.priority = Priority::new(0).unwrap();
        note(ticket, 1);
    });
    branch(&sandbox, "two", "main", |ticket| {
        ticket.title = "Two".to_owned();
        note(ticket, 2);
    });
    leave(&sandbox, &["merge", "--quiet", "one"]);
    sandbox
}

/// Everything is settled and nothing else has changed: the merge can be committed.
#[track_caller]
fn conclude(sandbox: &Sandbox) {
    assert_eq!(sandbox.git(["diff", "--name-only", "--diff-filter=U"]), "");
    sandbox.git(["commit", "--quiet", "--no-edit"]);
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
}

#[test]
fn what_a_text_merge_left_is_merged_by_its_keys() {
    let sandbox = repository(&["abc", "def"]);
    without_driver(&sandbox);
    branch(&sandbox, "one", "main", |ticket| note(ticket, 1));
    branch(&sandbox, "two", "main", |ticket| note(ticket, 2));
    leave(&sandbox, &["merge", "--quiet", "one"]);
    assert_snapshot!(sandbox.tk(["resolve"]), @"abc  merged");
    assert_eq!(notes(&sandbox, "abc"), ["note 1", "note 2"]);
    conclude(&sandbox);
    assert_snapshot!(sandbox.tk(["resolve"]), @"nothing is unmerged");
    assert_snapshot!(sandbox.tk(["resolve", "--json"]), @r#"{"schema":"tk.resolve.v1","changed":false,"total":0,"remaining":0,"tickets":[],"others":[]}"#);
    // The clone merges by itself from now on.
    assert!(
        sandbox
            .git(["config", "merge.ticks.driver"])
            .contains("tk merge-driver")
    );
}

#[test]
fn what_no_rule_settles_is_left_until_somebody_chooses() {
    let sandbox = two_titles();
    assert_snapshot!(sandbox.tk(["resolve"]), @"
    abc  left: both sides changed title
    --- stderr
    hint: `tk resolve -i` asks about the rest, `--ours` and `--theirs` choose
    --- exit 1
    ");
    assert!(
        sandbox
            .read(".ticks/abc.toml")
            .starts_with("<<<<<<< ours\ntitle = \"Two\"\n")
    );
    assert_snapshot!(sandbox.tk(["resolve", "ab", "--theirs", "--json"]), @r#"{"schema":"tk.resolve.v1","changed":true,"total":1,"remaining":0,"tickets":[{"id":"abc","path":".ticks/abc.toml","outcome":"merged","keys":["title"],"new_id":null,"message":null}],"others":[]}"#);
    let merged = read(&sandbox, "abc");
    assert_eq!(
        (merged.title.as_str(), merged.priority.number()),
        ("One", 0)
    );
    assert_eq!(notes(&sandbox, "abc"), ["note 1", "note 2"]);
    conclude(&sandbox);
}

#[test]
fn somebody_is_asked() {
    let sandbox = two_titles();
    assert_snapshot!(sandbox.tk_with_input(["resolve", "-i"], "l\n"), @r#"
    abc  left: both sides changed title
    --- stderr
    abc  Two
      ours    title = "Two"
      theirs  title = "One"
    [o]urs, [t]heirs, [l]eave it, [q]uit? hint: `tk resolve -i` asks about the rest, `--ours` and `--theirs` choose
    --- exit 1
    "#);
    // Nobody is there any more: nothing is chosen.
    assert_eq!(sandbox.tk_with_input(["resolve", "-i"], "").code, 1);
    assert_eq!(
        sandbox.tk_with_input(["resolve", "-i"], "perhaps\n").code,
        1
    );
    assert_snapshot!(sandbox.tk_with_input(["resolve", "-i"], "ours\n").ok(), @"abc  merged");
    assert_eq!(read(&sandbox, "abc").title, "Two");
    conclude(&sandbox);
}

/// A status is chosen with what belongs to it.
#[test]
fn a_status_is_asked_for_once() {
    let sandbox = repository(&["abc"]);
    for (name, reason) in [("one", "by one"), ("two", "by two")] {
        branch(&sandbox, name, "main", |ticket| {
            ticket.status = tk::model::StatusId::new("closed");
            ticket.closed_at = "2026-11-21T08:00:00Z".parse().ok();
            ticket.closed_by = Some(name.to_owned());
            ticket.reason = Some(reason.to_owned());
        });
    }
    leave(&sandbox, &["merge", "--quiet", "one"]);
    sandbox.tk_with_input(["resolve", "-i"], "t\n").ok();
    let merged = read(&sandbox, "abc");
    assert_eq!(merged.closed_by.as_deref(), Some("one"));
    assert_eq!(merged.reason.as_deref(), Some("by one"));
}

#[test]
fn deleted_here_and_changed_there() {
    for (choice, is_there) in [("--ours", false), ("--theirs", true)] {
        let sandbox = repository(&["abc", "def"]);
        branch(&sandbox, "one", "main", |ticket| note(ticket, 1));
        sandbox.git(["checkout", "--quiet", "-b", "two", "main"]);
        sandbox.git(["rm", "--quiet", ".ticks/abc.toml"]);
        commit(&sandbox, "two");
        leave(&sandbox, &["merge", "--quiet", "one"]);
        let left = sandbox.tk(["resolve"]);
        assert_eq!(
            (left.code, left.stdout.as_str()),
            (1, "abc  left: ours deleted it, and theirs changed it\n")
        );
        let told = sandbox.tk(["resolve", choice]).ok();
        assert_eq!(
            told,
            if is_there {
                "abc  kept\n"
            } else {
                "abc  deleted\n"
            }
        );
        assert_eq!(sandbox.path().join(".ticks/abc.toml").exists(), is_there);
        conclude(&sandbox);
    }
}

/// Two branches gave one id to two tickets: there are two, and who named them still does.
#[test]
fn one_id_for_two_tickets() {
    let sandbox = repository(&["def"]);
    sandbox.git(["checkout", "--quiet", "-b", "one", "main"]);
    file(&sandbox, "xyz");
    file(&sandbox, "kid");
    let xyz = || TicketId::parse("xyz").unwrap();
    change(&sandbox, "kid", |ticket| ticket.parent = Some(xyz()));
    change(&sandbox, "def", |ticket| ticket.blocked_by.extend([xyz()]));
    commit(&sandbox, "one");
    sandbox.git(["checkout", "--quiet", "-b", "two", "main"]);
    let sandbox = sandbox.with_env("TK_TEST_NOW", "2026-11-22T08:00:00Z");
    file(&sandbox, "xyz");
    file(&sandbox, "low");
    change(&sandbox, "xyz", |ticket| ticket.title = "Later".to_owned());
    change(&sandbox, "low", |ticket| ticket.after.extend([xyz()]));
    change(&sandbox, "def", |ticket| ticket.blocked_by.extend([xyz()]));
    commit(&sandbox, "two");
    leave(&sandbox, &["merge", "--quiet", "one"]);
    let done = sandbox.tk(["resolve", "--json"]);
    let new = done.json()["tickets"][0]["new_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(done.json()["tickets"][0]["outcome"], "split");
    let later = TicketId::parse(&new).unwrap();
    assert_eq!(read(&sandbox, "xyz").title, "Ticket xyz");
    assert_eq!(read(&sandbox, &new).title, "Later");
    assert_eq!(read(&sandbox, "kid").parent, Some(xyz()));
    assert_eq!(
        Vec::from_iter(read(&sandbox, "low").after),
        std::slice::from_ref(&later)
    );
    // Both sides said it, each of its own.
    let mut both = [xyz(), later];
    both.sort();
    assert_eq!(Vec::from_iter(read(&sandbox, "def").blocked_by), both);
    conclude(&sandbox);
}

/// What git took for a renamed ticket is two: each is settled for itself.
#[test]
fn a_ticket_that_git_took_for_another() {
    for (choice, is_there) in [("--ours", false), ("--theirs", true)] {
        let sandbox = repository(&["abc"]).with_env("TK_TEST_NOW", "2026-11-22T08:00:00Z");
        branch(&sandbox, "one", "main", |ticket| note(ticket, 1));
        sandbox.git(["checkout", "--quiet", "-b", "two", "main"]);
        std::fs::remove_file(sandbox.path().join(".ticks/abc.toml")).unwrap();
        file(&sandbox, "xyz");
        commit(&sandbox, "two");
        leave(&sandbox, &["merge", "--quiet", "one"]);
        let left = sandbox.tk(["resolve"]).stdout;
        assert_eq!(
            left,
            "xyz  left: `abc`: ours deleted it, and theirs changed it\n"
        );
        sandbox.tk(["resolve", choice]).ok();
        assert!(notes(&sandbox, "xyz").is_empty());
        assert_eq!(sandbox.path().join(".ticks/abc.toml").exists(), is_there);
        if is_there {
            assert_eq!(notes(&sandbox, "abc"), ["note 1"]);
        }
        conclude(&sandbox);
    }
}

#[test]
fn what_was_typed_is_kept() {
    let sandbox = two_titles();
    let marked = sandbox.read(".ticks/abc.toml");
    let (_, rest) = marked.split_once(">>>>>>> theirs\n").unwrap();
    // Amid the marks.
    let amid = marked.replace("title = \"Two\"", "title = \"Three\"");
    sandbox.write(".ticks/abc.toml", &amid);
    let left = sandbox.tk(["resolve", "--ours"]);
    assert_eq!(left.code, 1);
    assert!(
        left.stdout.contains("it is edited amid the marks"),
        "{left}"
    );
    assert_eq!(sandbox.read(".ticks/abc.toml"), amid);
    // No ticket.
    sandbox.write(".ticks/abc.toml", &format!("title = 3\n{rest}"));
    let left = sandbox.tk(["resolve", "--ours"]);
    assert!(
        left.stdout.contains("it is edited, and no ticket: "),
        "{left}"
    );
    // A ticket.
    sandbox.write(".ticks/abc.toml", &format!("title = \"Three\"\n{rest}"));
    assert_snapshot!(sandbox.tk(["resolve", "--ours"]), @"abc  taken as edited");
    assert_eq!(read(&sandbox, "abc").title, "Three");
    conclude(&sandbox);
}

/// In a rebase, in a linked worktree, and with a file that is no ticket.
#[test]
fn wherever_git_stopped() {
    let sandbox = repository(&["abc"]);
    branch(&sandbox, "one", "main", |ticket| {
        ticket.title = "One".to_owned();
        note(ticket, 1);
    });
    branch(&sandbox, "two", "main", |ticket| {
        ticket.title = "Two".to_owned();
        note(ticket, 2);
    });
    sandbox.git(["checkout", "--quiet", "main"]);
    let linked = sandbox.root().join("linked");
    let linked = linked.to_str().unwrap();
    sandbox.git(["worktree", "add", "--quiet", linked, "two"]);
    leave(&sandbox, &["-C", linked, "rebase", "--quiet", "one"]);
    assert_eq!(
        sandbox.tk(["-C", linked, "resolve", "--theirs"]).ok(),
        "abc  merged\n"
    );
    sandbox.git([
        "-C",
        linked,
        "-c",
        "core.editor=true",
        "rebase",
        "--continue",
    ]);
    let text = std::fs::read_to_string(format!("{linked}/.ticks/abc.toml")).unwrap();
    assert!(text.starts_with("title = \"Two\"\n"), "{text}");
    assert!(text.contains("note 1") && text.contains("note 2"), "{text}");

    for (name, value) in [("three", "1"), ("four", "2")] {
        sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
        sandbox.write(
            ".ticks/config.toml",
            &format!("[run]\nparallel = {value}\n"),
        );
        commit(&sandbox, name);
    }
    leave(&sandbox, &["merge", "--quiet", "three"]);
    sandbox.write(".ticks/config.toml", "");
    let left = sandbox.tk(["resolve"]);
    assert_eq!(
        (left.code, left.stdout.as_str()),
        (1, ".ticks/config.toml  left: it is no ticket\n")
    );
    assert_snapshot!(sandbox.tk(["resolve", "zzz"]), @"
    --- stderr
    error: no ticket `zzz` is left unmerged
    --- exit 3
    ");
}
