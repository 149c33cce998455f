//! Merges that git has left, settled.

use std::io::{Read, Write};
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::json;
use tk::model::{Priority, Ticket, TicketId};

use crate::merge_driver::{
    branch, change, commit, file, names_sides, note, notes, read, repository, undated,
};
use crate::support::{Output, Sandbox};
use crate::two_tickets::leave_unnamed;

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
    assert_snapshot!(sandbox.tk(["resolve", "--json"]), @r#"{"schema":"tk.resolve.v1","changed":false,"total":0,"remaining":0,"tickets":[],"others":[],"backup":null}"#);
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
    assert_snapshot!(sandbox.tk(["resolve", "ab", "--theirs", "--json"]), @r#"{"schema":"tk.resolve.v1","changed":true,"total":1,"remaining":0,"tickets":[{"id":"abc","path":".ticks/abc.toml","outcome":"merged","keys":["title"],"new_id":null,"message":null}],"others":[],"backup":null}"#);
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

/// Ctrl-C ends the questions, not what was answered before.
#[test]
fn what_was_answered_before_an_interruption_is_settled() {
    let sandbox = repository(&["abc", "def"]);
    for (name, title) in [("one", "One"), ("two", "Two")] {
        sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
        for id in ["abc", "def"] {
            change(&sandbox, id, |ticket| ticket.title = title.to_owned());
        }
        commit(&sandbox, name);
    }
    leave(&sandbox, &["merge", "--quiet", "one"]);
    let mut tk = sandbox.tk_command();
    tk.args(["resolve", "-i"]);
    tk.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut asked = tk.stderr(Stdio::piped()).spawn().unwrap();
    asked.stdin.as_mut().unwrap().write_all(b"o\n").unwrap();
    let mut told = Vec::new();
    let questions = |told: &[u8]| String::from_utf8_lossy(told).matches("[q]uit? ").count();
    while questions(&told) < 2 {
        let mut byte = [0];
        asked
            .stderr
            .as_mut()
            .unwrap()
            .read_exact(&mut byte)
            .unwrap();
        told.push(byte[0]);
    }
    let mut kill = sandbox.command("kill");
    kill.args(["-INT", &asked.id().to_string()]);
    assert!(kill.status().unwrap().success());
    let _open = asked.stdin.take();
    let ended = asked.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    assert_snapshot!(String::from_utf8_lossy(&ended.stdout), @r"
    abc  merged
    def  left: both sides changed title
    ");
    assert_snapshot!(String::from_utf8_lossy(&ended.stderr), @"hint: stopped by Ctrl-C: what was answered before is settled");
    assert_eq!(read(&sandbox, "abc").title, "Two");
    sandbox.tk(["resolve", "--theirs"]).ok();
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

/// A line of a description that looks like a status is none: it is asked about for itself.
#[test]
fn a_paragraph_is_not_settled_with_the_status() {
    let text = |status: &str, line: &str| {
        format!(
            "title = \"x\"\nstatus = \"{status}\"\ndescription = \"\"\"\nOne.\n\nstatus = {line}\n\n\
             Three.\n\"\"\"\n"
        )
    };
    let sandbox = repository(&[]);
    sandbox.write(".ticks/abc.toml", &text("open", "a"));
    commit(&sandbox, "base");
    for (name, status, line) in [("one", "in_progress", "b"), ("two", "closed", "c")] {
        sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
        sandbox.write(".ticks/abc.toml", &text(status, line));
        commit(&sandbox, name);
    }
    leave(&sandbox, &["merge", "--quiet", "one"]);
    // What is left is named, and what it is of.
    assert_snapshot!(sandbox.tk_with_input(["resolve", "-i"], "o\nl\n"), @r#"
    abc  left: both sides changed description
    --- stderr
    abc  x
      ours    status = "closed"
      theirs  status = "in_progress"
    [o]urs, [t]heirs, [l]eave it, [q]uit? abc  x
      description:
      ours    status = c
      theirs  status = b
    [o]urs, [t]heirs, [l]eave it, [q]uit? hint: `tk resolve -i` asks about the rest, `--ours` and `--theirs` choose
    --- exit 1
    "#);
    let asked = sandbox.tk_with_input(["resolve", "-i"], "t\n");
    assert_eq!(asked.code, 0, "{asked}");
    let merged = read(&sandbox, "abc");
    assert_eq!(merged.status.as_str(), "closed");
    assert_eq!(merged.description, "One.\n\nstatus = b\n\nThree.");
    conclude(&sandbox);
}

/// Where one side moved a list, what is asked about is what it changed in it.
#[test]
fn a_list_that_moved_is_asked_about_in_one_place() {
    let item = |title: &str| format!("\n[[subtasks]]\ntitle = \"{title}\"\n");
    let note = "\n[[notes]]\nat = 2026-11-21T08:00:00Z\nby = \"dana\"\ntext = \"n\"\n";
    let base = format!("title = \"x\"\n{}{}{note}", item("a"), item("b"));
    let ours = format!("title = \"x\"\n{}{note}", item("a"));
    let theirs = format!("title = \"x\"\n{note}{}{}mine = 1\n", item("a"), item("b"));
    for (answer, items) in [("o\n", 1), ("t\n", 2)] {
        let sandbox = repository(&[]);
        sandbox.write(".ticks/abc.toml", &base);
        commit(&sandbox, "base");
        for (name, text) in [("one", &theirs), ("two", &ours)] {
            sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
            sandbox.write(".ticks/abc.toml", text);
            commit(&sandbox, name);
        }
        leave(&sandbox, &["merge", "--quiet", "one"]);
        assert_eq!(
            sandbox.read(".ticks/abc.toml").matches("<<<<<<<").count(),
            1
        );
        let asked = sandbox.tk_with_input(["resolve", "-i"], answer);
        if items == 2 {
            assert_snapshot!(asked, @r#"
            abc  merged
            --- stderr
            abc  x
              theirs  
              theirs  [[subtasks]]
              theirs  title = "b"
              theirs  mine = 1
            [o]urs, [t]heirs, [l]eave it, [q]uit? 
            "#);
        }
        let merged = read(&sandbox, "abc");
        assert_eq!((merged.subtasks.len(), merged.notes.len()), (items, 1));
        conclude(&sandbox);
    }
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

/// A squash has no common version with the branch that was squashed: a title edited since is asked
/// about, and that of the same ticket.
#[test]
fn a_title_edited_after_a_squash() {
    for (choice, title) in [("--ours", "Ticket xyz"), ("--theirs", "Edited")] {
        let sandbox = repository(&["abc"]);
        sandbox.git(["checkout", "--quiet", "-b", "one", "main"]);
        file(&sandbox, "xyz");
        commit(&sandbox, "xyz");
        sandbox.git(["checkout", "--quiet", "main"]);
        sandbox.git(["merge", "--quiet", "--squash", "one"]);
        commit(&sandbox, "squashed");
        change(&sandbox, "xyz", |ticket| note(ticket, 1));
        commit(&sandbox, "note");
        sandbox.git(["checkout", "--quiet", "one"]);
        change(&sandbox, "xyz", |ticket| {
            ticket.title = "Edited".to_owned();
            note(ticket, 2);
        });
        commit(&sandbox, "edited");
        sandbox.git(["checkout", "--quiet", "main"]);
        leave(&sandbox, &["merge", "--quiet", "one"]);
        let left = sandbox.tk(["resolve"]).stdout;
        assert_eq!(left, "xyz  left: both sides changed title\n");
        assert_eq!(sandbox.tk(["resolve", choice]).ok(), "xyz  merged\n");
        assert_eq!(read(&sandbox, "xyz").title, title);
        assert_eq!(notes(&sandbox, "xyz"), ["note 1", "note 2"]);
        conclude(&sandbox);
    }
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

/// So it is with one title, and where git names no commit that comes in.
#[test]
fn a_ticket_of_the_same_title_that_git_took_for_another() {
    for how in ["squash", "stash", "cherry-pick", "am"] {
        for with_driver in [true, false] {
            for (choice, is_there) in [("--ours", false), ("--theirs", true)] {
                let sandbox = repository(&["abc"]).with_env("TK_TEST_NOW", "2026-11-22T08:00:00Z");
                if !with_driver {
                    without_driver(&sandbox);
                }
                branch(&sandbox, "one", "main", |ticket| note(ticket, 1));
                sandbox.git(["checkout", "--quiet", "-b", "two", "main"]);
                renamed(&sandbox, "abc", "xyz", "Ticket abc");
                change(&sandbox, "xyz", |ticket| note(ticket, 2));
                commit(&sandbox, "note");
                leave_unnamed(&sandbox, how);
                let left = sandbox.tk(["resolve"]);
                let told = "xyz  left: `abc`: ours deleted it, and theirs changed it\n";
                assert_eq!((left.code, left.stdout.as_str()), (1, told), "{how}");
                sandbox.tk(["resolve", choice]).ok();
                assert_eq!(notes(&sandbox, "xyz"), ["note 2"]);
                assert_eq!(sandbox.path().join(".ticks/abc.toml").exists(), is_there);
                if is_there {
                    assert_eq!(notes(&sandbox, "abc"), ["note 1"]);
                }
            }
        }
    }
}

/// And where theirs has the new one, and ours has changed the old one.
#[test]
fn a_ticket_that_git_took_for_one_that_comes_in() {
    for how in ["squash", "stash", "cherry-pick"] {
        let sandbox = repository(&["abc"]);
        sandbox.git(["checkout", "--quiet", "-b", "one", "main"]);
        renamed(&sandbox, "abc", "xyz", "Ticket abc");
        branch(&sandbox, "two", "main", |ticket| note(ticket, 1));
        leave_unnamed(&sandbox, how);
        let left = sandbox.tk(["resolve"]);
        let told = "xyz  left: `abc`: theirs deleted it, and ours changed it\n";
        assert_eq!((left.code, left.stdout.as_str()), (1, told), "{how}");
        sandbox.tk(["resolve", "--ours"]).ok();
        assert!(notes(&sandbox, "xyz").is_empty());
        assert_eq!(notes(&sandbox, "abc"), ["note 1"]);
    }
}

/// Neither do undated ones get mixed, nor is one taken for deleted that was made meanwhile.
#[test]
fn an_undated_ticket_that_git_took_for_another() {
    for (choice, is_there) in [("--ours", false), ("--theirs", true)] {
        let sandbox = undated("Another", "xyz");
        if !names_sides(&sandbox) {
            continue;
        }
        leave(&sandbox, &["merge", "--quiet", "one"]);
        let left = sandbox.tk(["resolve"]).stdout;
        assert_eq!(
            left,
            "xyz  left: `abc`: ours deleted it, and theirs changed it\n"
        );
        sandbox.tk(["resolve", choice]).ok();
        assert_eq!(read(&sandbox, "xyz").title, "Another");
        assert!(notes(&sandbox, "xyz").is_empty());
        assert_eq!(sandbox.path().join(".ticks/abc.toml").exists(), is_there);
        conclude(&sandbox);
    }
    let sandbox = undated("Another", "xyz");
    sandbox.git(["checkout", "--quiet", "-b", "three", "main"]);
    sandbox.git(["rm", "--quiet", ".ticks/abc.toml"]);
    commit(&sandbox, "without abc");
    leave(&sandbox, &["merge", "--quiet", "two"]);
    assert_eq!(sandbox.tk(["resolve", "--ours"]).ok(), "xyz  kept\n");
    assert_eq!(read(&sandbox, "xyz").title, "Another");
    conclude(&sandbox);
}

/// A title that was edited is that of the same ticket, also without the driver and in a rebase.
#[test]
fn an_edited_title_of_an_undated_ticket() {
    for command in ["merge", "rebase"] {
        let sandbox = undated("Edited", "abc");
        change(&sandbox, "abc", |ticket| note(ticket, 2));
        commit(&sandbox, "note");
        without_driver(&sandbox);
        leave(&sandbox, &[command, "--quiet", "one"]);
        assert_eq!(sandbox.tk(["resolve"]).ok(), "abc  merged\n");
        assert_eq!(read(&sandbox, "abc").title, "Edited");
        assert_eq!(notes(&sandbox, "abc"), ["note 1", "note 2"]);
        match command {
            "merge" => conclude(&sandbox),
            _ => drop(sandbox.git(["-c", "core.editor=true", "rebase", "--continue"])),
        }
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
    assert_snapshot!(sandbox.tk(["resolve", "--ours"]), @r"
    abc  taken as edited
    --- stderr
    warning: `abc` is as it was edited since git stopped, by a person or by git's rerere, and not by --ours: `git checkout --merge .ticks/abc.toml` brings its conflict back
    ");
    assert_eq!(read(&sandbox, "abc").title, "Three");
    conclude(&sandbox);
}

/// A status that no side has must be one that there is.
#[test]
fn a_mistyped_status_is_left() {
    let sandbox = two_titles();
    let marked = sandbox.read(".ticks/abc.toml");
    let (_, rest) = marked.split_once(">>>>>>> theirs\n").unwrap();
    let with = |status: &str| {
        let rest = rest.replace("status = \"open\"", &format!("status = \"{status}\""));
        sandbox.write(".ticks/abc.toml", &format!("title = \"Three\"\n{rest}"));
    };
    with("clsoed");
    assert_snapshot!(sandbox.tk(["resolve"]), @"
    abc  left: it is edited, and wrong: .ticks/abc.toml, line 3, column 10: `status`: unknown status `clsoed`: expected one of open, in_progress, closed
    --- exit 1
    ");
    assert_ne!(sandbox.git(["diff", "--name-only", "--diff-filter=U"]), "");
    with("closed");
    assert_snapshot!(sandbox.tk(["resolve"]), @"abc  taken as edited");
    conclude(&sandbox);
}

/// So is a side that somebody has chosen as a whole, in an editor or by git.
#[test]
fn a_whole_side_that_was_chosen_is_kept() {
    for (side, other, title) in [("theirs", "--ours", "One"), ("ours", "--theirs", "Two")] {
        for flags in [&["resolve"][..], &["resolve", other]] {
            let sandbox = two_titles();
            sandbox.git(["checkout", &format!("--{side}"), ".ticks/abc.toml"]);
            let chosen = sandbox.read(".ticks/abc.toml");
            let told = sandbox.tk(flags);
            assert_eq!(
                (told.code, told.stdout.as_str()),
                (0, "abc  taken as edited\n")
            );
            let warned = told
                .stderr
                .starts_with("warning: `abc` is as it was edited");
            assert_eq!(warned, flags.len() > 1, "{told}");
            assert_eq!(sandbox.read(".ticks/abc.toml"), chosen);
            assert_eq!(read(&sandbox, "abc").title, title);
            conclude(&sandbox);
        }
    }
}

/// Ours is nobody's choice where git has left it, as of files that it does not merge, or by a driver
/// that fails.
#[test]
fn ours_as_git_has_left_it_is_nobodys_choice() {
    for how in ["-merge", "binary", "merge=odd"] {
        for (choice, title) in [("--theirs", "One"), ("--ours", "Two")] {
            let sandbox = two_titles();
            sandbox.git(["merge", "--abort"]);
            let attributes = sandbox.path().join(".git/info/attributes");
            std::fs::write(attributes, format!(".ticks/*.toml {how}\n")).unwrap();
            sandbox.git(["config", "merge.odd.driver", "false"]);
            leave(&sandbox, &["merge", "--quiet", "one"]);
            assert_eq!(read(&sandbox, "abc").title, "Two");
            let left = sandbox.tk(["resolve"]);
            assert_eq!(
                left.stdout, "abc  left: both sides changed title\n",
                "{how}"
            );
            sandbox.git(["checkout", "--ours", ".ticks/abc.toml"]);
            assert_eq!(sandbox.tk(["resolve", choice]).ok(), "abc  merged\n");
            assert_eq!(read(&sandbox, "abc").title, title);
            assert_eq!(notes(&sandbox, "abc"), ["note 1", "note 2"]);
            conclude(&sandbox);
        }
    }
}

/// Git's marks are nobody's edit where it is told to make them longer.
#[test]
fn marks_of_another_length_are_git_s_all_the_same() {
    let sandbox = two_titles();
    sandbox.git(["merge", "--abort"]);
    let attributes = sandbox.path().join(".git/info/attributes");
    let longer = ".ticks/*.toml !merge conflict-marker-size=12\n";
    std::fs::write(attributes, longer).unwrap();
    leave(&sandbox, &["merge", "--quiet", "one"]);
    let marked = sandbox.read(".ticks/abc.toml");
    assert!(marked.contains("<<<<<<<<<<<< HEAD\n"), "{marked}");
    // What somebody has typed among them is kept.
    let typed = marked.replace("Two", "Three");
    std::fs::write(sandbox.path().join(".ticks/abc.toml"), &typed).unwrap();
    let left = sandbox.tk(["resolve", "--theirs"]);
    assert!(left.stdout.contains("it is edited"), "{left}");
    assert_eq!(sandbox.read(".ticks/abc.toml"), typed);
    std::fs::write(sandbox.path().join(".ticks/abc.toml"), &marked).unwrap();
    let left = sandbox.tk(["resolve"]);
    assert_eq!(left.stdout, "abc  left: both sides changed title\n");
    assert_eq!(sandbox.tk(["resolve", "--theirs"]).ok(), "abc  merged\n");
    assert_eq!(read(&sandbox, "abc").title, "One");
    assert_eq!(notes(&sandbox, "abc"), ["note 1", "note 2"]);
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

/// Statuses are those of the branch that is merged in a linked worktree, which the main one may not
/// know.
#[test]
fn a_status_that_only_the_merged_branches_have() {
    let sandbox = repository(&["abc", "def"]);
    let config = sandbox.read(".ticks/config.toml");
    let status = |id: &str, category: &str| {
        format!("\n[[status]]\nid = \"{id}\"\nname = \"{id}\"\ncategory = \"{category}\"\n")
    };
    let statuses = [
        status("open", "open"),
        status("qa", "active"),
        status("closed", "done"),
    ];
    sandbox.git(["checkout", "--quiet", "-b", "base"]);
    sandbox.write(
        ".ticks/config.toml",
        &format!("{config}{}", statuses.concat()),
    );
    for id in ["abc", "def"] {
        sandbox.tk(["update", id, "--status", "qa"]).ok();
    }
    commit(&sandbox, "qa");
    for name in ["one", "two"] {
        sandbox.git(["checkout", "--quiet", "-b", name, "base"]);
        for id in ["abc", "def"] {
            sandbox.tk(["update", id, "--title", name]).ok();
        }
        commit(&sandbox, name);
    }
    sandbox.git(["checkout", "--quiet", "main"]);
    let linked = sandbox.root().join("linked");
    let path = linked.to_str().unwrap();
    sandbox.git(["worktree", "add", "--quiet", path, "two"]);
    leave(&sandbox, &["-C", path, "merge", "--quiet", "one"]);
    let text = std::fs::read_to_string(linked.join(".ticks/def.toml")).unwrap();
    let (_, rest) = text.split_once(">>>>>>> theirs\n").unwrap();
    std::fs::write(
        linked.join(".ticks/def.toml"),
        format!("title = \"both\"\n{rest}"),
    )
    .unwrap();
    let done = sandbox.tk(["-C", path, "resolve", "--theirs"]).ok();
    assert_eq!(done, "abc  merged\ndef  taken as edited\n");
    let text = std::fs::read_to_string(linked.join(".ticks/abc.toml")).unwrap();
    assert!(
        text.starts_with("title = \"one\"\n\nstatus = \"qa\"\n"),
        "{text}"
    );
}

/// What is amid the merge itself says nothing of how the tickets are settled: our side does.
#[test]
fn a_configuration_that_is_unmerged_keeps_no_ticket_from_being_settled() {
    let sandbox = repository(&["abc"]);
    for (name, folder, priority) in [("one", "wt1", 0), ("two", "wt2", 4)] {
        sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
        let types = "[tickets]\ntypes = [\"task\", \"odd\"]\n";
        sandbox.write(
            ".ticks/config.toml",
            &format!("{types}[worktree]\ndir = \"{folder}\"\n"),
        );
        change(&sandbox, "abc", |ticket| {
            ticket.kind = "odd".to_owned();
            ticket.priority = Priority::new(priority).unwrap();
        });
        commit(&sandbox, name);
    }
    leave(&sandbox, &["merge", "--quiet", "one"]);
    // Written by the test for all that the sandbox knows.
    sandbox.write(".ticks/config.toml", &sandbox.read(".ticks/config.toml"));
    assert_eq!(sandbox.tk(["list"]).code, 4);
    assert_snapshot!(sandbox.tk(["resolve", "--ours"]), @"
    abc  merged
    .ticks/config.toml  left: it is no ticket
    --- stderr
    hint: what is no ticket is settled in an editor, then by `git add`
    --- exit 1
    ");
    assert!(sandbox.read(".ticks/abc.toml").contains("priority = 4\n"));
    let left = sandbox.git(["diff", "--name-only", "--diff-filter=U"]);
    assert_eq!(left, ".ticks/config.toml\n");
    // A mistake in it that git has not left is one as everywhere.
    sandbox.git(["add", ".ticks"]);
    assert_eq!(sandbox.tk(["resolve"]).code, 4);
}

/// A merge of ticket `abc` that git left with marks of that style, committed with them.
fn committed(style: &str, one: fn(&mut Ticket), two: fn(&mut Ticket)) -> Sandbox {
    let sandbox = repository(&["abc"]);
    without_driver(&sandbox);
    sandbox.git(["config", "merge.conflictStyle", style]);
    change(&sandbox, "abc", |ticket| {
        ticket.labels.insert("old".to_owned());
        note(ticket, 0);
    });
    commit(&sandbox, "base");
    branch(&sandbox, "one", "main", one);
    branch(&sandbox, "two", "main", two);
    leave(&sandbox, &["merge", "--quiet", "one"]);
    commit(&sandbox, "with its marks");
    assert!(sandbox.read(".ticks/abc.toml").contains("<<<<<<< "));
    sandbox
}

/// The copy of what was there is what was there.
#[track_caller]
pub(crate) fn kept(sandbox: &Sandbox, before: &str) {
    let backups = sandbox.path().join(".git/tk/backup");
    let folder = std::fs::read_dir(backups).unwrap().next().unwrap();
    let copy = folder.unwrap().path().join(".ticks/abc.toml");
    assert_eq!(std::fs::read_to_string(copy).unwrap(), before);
}

#[test]
fn what_was_committed_with_its_marks_is_merged_by_its_keys() {
    // With the base in the marks what one side took away stays away; without, it stays.
    for (style, labels) in [("diff3", &["new"][..]), ("merge", &["new", "old"])] {
        let sandbox = committed(
            style,
            |ticket| {
                ticket.labels = ["new".to_owned(), "old".to_owned()].into();
                note(ticket, 1);
            },
            |ticket| {
                ticket.labels.clear();
                note(ticket, 2);
            },
        );
        let before = sandbox.read(".ticks/abc.toml");
        let told = sandbox.tk(["resolve", "--json"]);
        let told = told.json();
        assert_eq!(told["tickets"][0]["outcome"], "merged", "{told:#}");
        assert_eq!((&told["total"], &told["remaining"]), (&json!(1), &json!(0)));
        let merged = read(&sandbox, "abc");
        assert_eq!(Vec::from_iter(&merged.labels), labels, "{style}");
        assert_eq!(notes(&sandbox, "abc"), ["note 0", "note 1", "note 2"]);
        assert!(told["backup"].as_str().unwrap().starts_with(".git/tk/"));
        kept(&sandbox, &before);
        // It is staged, and then nothing is left.
        assert_eq!(sandbox.git(["diff", "--name-only"]), "");
        commit(&sandbox, "settled");
        assert_eq!(sandbox.tk(["resolve"]).ok(), "nothing is unmerged\n");
        assert_eq!(sandbox.tk(["resolve", "abc"]).code, 3);
    }
}

/// What no rule settles is asked for, of what was committed too; notes of both sides stay.
#[test]
fn committed_marks_that_no_rule_settles_are_left_until_somebody_chooses() {
    for style in ["diff3", "merge"] {
        let sandbox = committed(
            style,
            |ticket| {
                ticket.title = "One".to_owned();
                note(ticket, 1);
            },
            |ticket| {
                ticket.title = "Two".to_owned();
                note(ticket, 2);
            },
        );
        let before = sandbox.read(".ticks/abc.toml");
        let left = sandbox.tk(["resolve"]);
        assert_eq!(left.code, 1, "{left}");
        assert!(
            left.stdout
                .starts_with("abc  left: both sides changed title\n"),
            "{left}"
        );
        kept(&sandbox, &before);
        let text = sandbox.read(".ticks/abc.toml");
        assert!(
            text.starts_with("<<<<<<< ours\ntitle = \"Two\"\n=======\ntitle = \"One\"\n>>>>>>>"),
            "{text}"
        );
        assert_eq!(text.matches("<<<<<<<").count(), 1, "{text}");
        let asked = sandbox.tk_with_input(["resolve", "-i", "abc"], "theirs\n");
        assert_eq!(asked.code, 0, "{asked}");
        assert_eq!(read(&sandbox, "abc").title, "One");
        assert_eq!(notes(&sandbox, "abc"), ["note 0", "note 1", "note 2"]);
        assert_eq!(sandbox.git(["diff", "--name-only"]), "");
    }
}

/// Marks that tell no sides, or those of two tickets, are not guessed at.
#[test]
fn committed_marks_that_tell_no_sides_stay() {
    let odd = "title = \"x\"\n<<<<<<< a\n<<<<<<< a\n=======\npr = \"b\"\n>>>>>>> b\n";
    let two = "<<<<<<< a\ntitle = \"a\"\n=======\ntitle = \"b\"\n>>>>>>> b\n";
    for (text, why) in [
        (odd, "its marks do not tell the sides"),
        (two, "the sides are two tickets"),
    ] {
        let sandbox = repository(&["abc"]);
        sandbox.write(".ticks/abc.toml", text);
        commit(&sandbox, "with its marks");
        let left = sandbox.tk(["resolve", "--ours"]);
        let told = format!("abc  left: {why}: settle it with `tk edit`\n");
        assert_eq!((left.code, left.stdout), (1, told));
        assert_eq!(sandbox.read(".ticks/abc.toml"), text);
        assert!(!sandbox.path().join(".git/tk/backup").exists());
    }
}

/// Very many at once are all settled, each by itself.
#[test]
fn very_many_are_settled_at_once() {
    let sandbox = repository(&["abc"]);
    without_driver(&sandbox);
    let text = sandbox.read(".ticks/abc.toml");
    let all: Vec<String> = (0..60).map(|number| format!("x{number}z")).collect();
    let write = |changed: &dyn Fn(&str) -> String| {
        for id in &all {
            sandbox.write(format!(".ticks/{id}.toml"), &changed(id));
        }
    };
    let titled = |id: &str| text.replace("Ticket abc", &format!("Ticket {id}"));
    write(&titled);
    commit(&sandbox, "many");
    for (name, owner, label) in [("one", "kim", "one"), ("two", "eve", "two")] {
        sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
        write(&|id| {
            let owned = match id.len() {
                3 => titled(id),
                _ => titled(id).replace("owner = \"\"", &format!("owner = \"{owner}\"")),
            };
            owned.replace("labels = []", &format!("labels = [\n  \"{label}\",\n]"))
        });
        commit(&sandbox, name);
    }
    leave(&sandbox, &["merge", "--quiet", "one"]);
    let told = sandbox.tk(["resolve", "--json"]).json();
    assert_eq!(
        (&told["total"], &told["remaining"]),
        (&json!(60), &json!(50))
    );
    sandbox.tk(["resolve", "--theirs"]).ok();
    for id in &all {
        let merged = read(&sandbox, id);
        assert_eq!(merged.title, format!("Ticket {id}"));
        assert_eq!(Vec::from_iter(&merged.labels), ["one", "two"]);
        let owner = (id.len() > 3).then_some("kim");
        assert_eq!(merged.owner.as_deref(), owner);
    }
    conclude(&sandbox);
}

/// A new ticket on one side that looks to git like an old one, which both sides deleted, under
/// another name.
#[test]
fn a_new_ticket_is_not_deleted_with_an_old_one() {
    for choice in [&[][..], &["--ours"], &["--theirs"]] {
        let sandbox = repository(&["abc"]);
        sandbox.git(["checkout", "--quiet", "-b", "one", "main"]);
        sandbox.git(["rm", "--quiet", ".ticks/abc.toml"]);
        commit(&sandbox, "without abc");
        sandbox.git(["checkout", "--quiet", "-b", "two", "main"]);
        renamed(&sandbox, "abc", "xyz", "A new one");
        leave(&sandbox, &["merge", "--quiet", "one"]);
        let told = sandbox.tk([&["resolve", "--json"], choice].concat()).json();
        assert_eq!(told["remaining"], 0, "{told}");
        assert_eq!(read(&sandbox, "xyz").title, "A new one");
        assert!(!sandbox.path().join(".ticks/abc.toml").exists());
        conclude(&sandbox);
    }
}

/// Both sides deleted one ticket and made another.
#[test]
fn two_new_tickets_in_place_of_one_are_both_kept() {
    for with_driver in [true, false] {
        for choice in [&[][..], &["--ours"], &["--theirs"]] {
            let sandbox = repository(&["abc"]);
            if !with_driver {
                without_driver(&sandbox);
            }
            for (name, id) in [("one", "uvw"), ("two", "xyz")] {
                sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
                renamed(&sandbox, "abc", id, &format!("New {id}"));
            }
            leave(&sandbox, &["merge", "--quiet", "one"]);
            let told = sandbox.tk([&["resolve", "--json"], choice].concat()).json();
            assert_eq!(told["remaining"], 0, "{told}");
            assert_eq!(read(&sandbox, "xyz").title, "New xyz");
            assert_eq!(read(&sandbox, "uvw").title, "New uvw");
            assert!(!sandbox.path().join(".ticks/abc.toml").exists());
            conclude(&sandbox);
        }
    }
}

/// Deletes a ticket and makes another one that says nearly the same, and commits that.
fn renamed(sandbox: &Sandbox, old: &str, new: &str, title: &str) {
    let mut ticket = read(sandbox, old);
    sandbox.git(["rm", "--quiet", &format!(".ticks/{old}.toml")]);
    ticket.id = TicketId::parse(new).unwrap();
    ticket.title = title.to_owned();
    ticket.created_at = Some("2026-11-25T00:00:00Z".parse().unwrap());
    sandbox.write(format!(".ticks/{new}.toml"), &tk::format::print(&ticket));
    commit(sandbox, "another");
}

fn there(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.path().join(".ticks/abc.toml")).unwrap()
}

/// What somebody has chosen is not asked, and not chosen, again.
#[test]
fn what_is_settled_of_a_file_stays() {
    let settled = |args: &[&str]| {
        let sandbox = repository(&["abc"]);
        for (name, title) in [("one", "One"), ("two", "Two")] {
            branch(&sandbox, name, "main", |ticket| {
                ticket.title = title.to_owned();
                ticket.owner = Some(title.to_lowercase());
            });
        }
        leave(&sandbox, &["merge", "--quiet", "one"]);
        let text = there(&sandbox);
        let marked = "<<<<<<< ours\ntitle = \"Two\"\n=======\ntitle = \"One\"\n>>>>>>> theirs\n";
        assert!(text.contains(marked), "{text}");
        let typed = text.replace(marked, "title = \"Two\"\n");
        sandbox.write(".ticks/abc.toml", &typed);
        let left = sandbox.tk(["resolve"]);
        assert!(left.stdout.contains("both sides changed owner"), "{left}");
        assert_eq!(there(&sandbox), typed);
        let ended = sandbox.tk(args);
        assert_eq!(ended.code, 0, "{ended}");
        conclude(&sandbox);
        let ticket = read(&sandbox, "abc");
        (ticket.title, ticket.owner.unwrap())
    };
    let two = |title: &str, owner: &str| (title.to_owned(), owner.to_owned());
    assert_eq!(settled(&["resolve", "--theirs"]), two("Two", "one"));
    assert_eq!(settled(&["resolve", "--ours"]), two("Two", "two"));
}

/// Git's own text merge settles some of a file by itself, and is nobody's edit.
#[test]
fn a_text_merge_is_nobodys_edit() {
    for (how, style) in [
        ("merge", "merge"),
        ("merge", "diff3"),
        ("merge", "zdiff3"),
        ("squash", "merge"),
        ("am", "merge"),
        ("am", "diff3"),
    ] {
        for (choice, number) in [("--ours", 4), ("--theirs", 0)] {
            let sandbox = repository(&["abc"]);
            for (name, values) in [
                ("one", &["--estimate=2h", "--due=2026-12-02", "-p0"][..]),
                ("two", &["--due=2026-12-01", "-p4"]),
            ] {
                sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
                sandbox.tk([&["update", "abc"], values].concat()).ok();
                commit(&sandbox, name);
            }
            without_driver(&sandbox);
            sandbox.git(["config", "merge.conflictStyle", style]);
            match how {
                "merge" => drop(leave(&sandbox, &["merge", "--quiet", "one"])),
                how => leave_unnamed(&sandbox, how),
            }
            let told = sandbox.tk(["resolve", choice]);
            assert_eq!(
                (told.code, told.stdout.as_str()),
                (0, "abc  merged\n"),
                "{how}"
            );
            let merged = read(&sandbox, "abc");
            assert_eq!(merged.priority.number(), number);
            assert_eq!(
                merged.due.unwrap().to_string(),
                format!("2026-12-0{}", 1 + u8::from(number == 0))
            );
            assert!(merged.estimate.is_some());
        }
    }
}

/// Nor is it where git took one ticket for another.
#[test]
fn a_text_merge_of_two_tickets_is_nobodys_edit() {
    let sandbox = repository(&["abc"]);
    change(&sandbox, "abc", |ticket| {
        ticket.labels = ["p".to_owned(), "q".to_owned()].into();
    });
    commit(&sandbox, "labels");
    branch(&sandbox, "one", "main", |ticket| {
        ticket.title.push_str(", better")
    });
    sandbox.git(["checkout", "--quiet", "-b", "two", "main"]);
    sandbox.git(["rm", "--quiet", ".ticks/abc.toml"]);
    let sandbox = sandbox.with_env("TK_TEST_NOW", "2026-11-22T08:00:00Z");
    file(&sandbox, "xyz");
    commit(&sandbox, "two");
    sandbox.git(["checkout", "--quiet", "one"]);
    without_driver(&sandbox);
    leave(&sandbox, &["merge", "--quiet", "two"]);
    let left = sandbox.tk(["resolve"]).stdout;
    assert_eq!(
        left,
        "xyz  left: `abc`: theirs deleted it, and ours changed it\n"
    );
    sandbox.tk(["resolve", "--ours"]).ok();
    assert_eq!(read(&sandbox, "abc").title, "Ticket abc, better");
    assert_eq!(read(&sandbox, "xyz").title, "Ticket xyz");
    assert!(read(&sandbox, "xyz").labels.is_empty());
    conclude(&sandbox);
}

/// A heading that is underlined as a merge marks its middle is no mark.
#[test]
fn a_heading_in_a_description_is_no_mark() {
    let text = |end: &str| format!("Details\n=======\n\ntext\n\n{end}");
    for (choice, number, end) in [("--ours", 4, "two"), ("--theirs", 0, "one")] {
        let sandbox = repository(&["abc"]);
        change(&sandbox, "abc", |ticket| ticket.description = text("end"));
        commit(&sandbox, "description");
        for (name, number) in [("one", 0), ("two", 4)] {
            branch(&sandbox, name, "main", |ticket| {
                ticket.priority = Priority::new(number).unwrap();
                ticket.description = text(name);
            });
        }
        leave(&sandbox, &["merge", "--quiet", "one"]);
        assert_eq!(sandbox.tk(["resolve", choice]).ok(), "abc  merged\n");
        let merged = read(&sandbox, "abc");
        assert_eq!(
            (merged.priority.number(), merged.description),
            (number, text(end))
        );
        conclude(&sandbox);
    }
    // Within what differs the marks do not tell the sides: their values do, all at once.
    for (choice, title, description) in [
        ("--ours", "two", "Details\n======="),
        ("--theirs", "one", "Text"),
    ] {
        let sandbox = repository(&["abc"]);
        for (name, description) in [("one", "Text"), ("two", "Details\n=======")] {
            branch(&sandbox, name, "main", |ticket| {
                ticket.title = name.to_owned();
                ticket.description = description.to_owned();
                note(ticket, name.len() + usize::from(name == "two"));
            });
        }
        leave(&sandbox, &["merge", "--quiet", "one"]);
        let before = there(&sandbox);
        let left = sandbox.tk(["resolve"]);
        let told = "abc  left: both sides changed title, description\n";
        assert_eq!((left.code, left.stdout.as_str()), (1, told));
        assert_eq!(there(&sandbox), before);
        assert_eq!(sandbox.tk(["resolve", choice]).ok(), "abc  merged\n");
        let merged = read(&sandbox, "abc");
        assert_eq!(
            (merged.title, merged.description),
            (title.to_owned(), description.to_owned())
        );
        assert_eq!(notes(&sandbox, "abc"), ["note 3", "note 4"]);
        conclude(&sandbox);
    }
}

/// Nor are lines like marks in what somebody quotes, whether a side is chosen or typed.
#[test]
fn a_ticket_that_quotes_marks_is_settled() {
    let quote = "log:\n<<<<<<< HEAD\nx";
    let titles = |with_driver: bool| {
        let sandbox = repository(&["abc"]);
        change(&sandbox, "abc", |ticket| {
            note(ticket, 0);
            ticket.notes[0].text = quote.to_owned();
        });
        commit(&sandbox, "quote");
        if !with_driver {
            without_driver(&sandbox);
        }
        for (name, title) in [("one", "One"), ("two", "Two")] {
            branch(&sandbox, name, "main", |ticket| {
                ticket.title = title.to_owned()
            });
        }
        leave(&sandbox, &["merge", "--quiet", "one"]);
        sandbox
    };
    for with_driver in [true, false] {
        for (args, input, title) in [
            (["resolve", "--ours"], "", "Two"),
            (["resolve", "--theirs"], "", "One"),
            (["resolve", "-i"], "t\n", "One"),
        ] {
            let sandbox = titles(with_driver);
            assert_eq!(sandbox.tk_with_input(args, input).ok(), "abc  merged\n");
            assert_eq!(read(&sandbox, "abc").title, title);
            assert_eq!(notes(&sandbox, "abc"), [quote]);
            conclude(&sandbox);
        }
        let sandbox = titles(with_driver);
        let text = there(&sandbox);
        let (begun, rest) = text.split_once("<<<<<<< ").unwrap();
        let (_, end) = rest.split_once(">>>>>>> ").unwrap();
        let (_, end) = end.split_once('\n').unwrap();
        let typed = format!("{begun}title = \"Three\"\n{end}");
        sandbox.write(".ticks/abc.toml", &typed);
        assert_eq!(sandbox.tk(["resolve"]).ok(), "abc  taken as edited\n");
        assert_eq!(there(&sandbox), typed);
        conclude(&sandbox);
        // Amid the marks neither side can be chosen.
        let sandbox = titles(with_driver);
        sandbox.write(".ticks/abc.toml", &text.replace("\"Two\"", "\"Three\""));
        let left = sandbox.tk(["resolve", "--ours"]);
        assert_eq!((left.code, left.stderr.as_str()), (1, ""));
        assert!(
            left.stdout.contains("it is edited amid the marks"),
            "{left}"
        );
    }
}

/// So it is in a file that was committed with its marks.
#[test]
fn a_heading_beside_committed_marks_is_no_mark() {
    let describe = |ticket: &mut Ticket| ticket.description = "Details\n=======".to_owned();
    let sandbox = committed(
        "merge",
        |ticket| {
            ticket.description = "Details\n=======".to_owned();
            note(ticket, 1);
        },
        |ticket| {
            ticket.description = "Details\n=======".to_owned();
            note(ticket, 2);
        },
    );
    assert_eq!(
        sandbox.tk(["resolve"]).ok().lines().next(),
        Some("abc  merged")
    );
    let mut expected = read(&sandbox, "abc");
    describe(&mut expected);
    assert_eq!(read(&sandbox, "abc"), expected);
    assert_eq!(notes(&sandbox, "abc"), ["note 0", "note 1", "note 2"]);
}

/// Marks that somebody quotes are text, whatever else is wrong with the file.
#[test]
fn quoted_marks_are_no_merge() {
    for (from, to, why) in [
        ("priority = 2", "priority = 99", "`priority`: "),
        ("owner = \"\"", "owner = \"", "not TOML: "),
    ] {
        let sandbox = repository(&["abc"]);
        change(&sandbox, "abc", |ticket| {
            ticket.description = "Says:\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x".to_owned();
        });
        let wrong = there(&sandbox).replace(from, to);
        let line = wrong.lines().position(|line| line == to).unwrap() + 1;
        sandbox.write(".ticks/abc.toml", &wrong);
        let told = sandbox.tk(["doctor", "--json"]).json();
        let finding = &told["findings"][0];
        assert_eq!(finding["kind"], "invalid_ticket", "{told:#}");
        assert_eq!(finding["line"], line, "{told:#}");
        assert!(
            finding["message"].as_str().unwrap().starts_with(why),
            "{told:#}"
        );
        assert_eq!(sandbox.tk(["resolve"]).ok(), "nothing is unmerged\n");
        assert_eq!(there(&sandbox), wrong);
        assert!(!sandbox.path().join(".git/tk/backup").exists());
    }
}

/// Where neither side is a ticket, there is nothing better to write.
#[test]
fn committed_marks_between_what_is_no_ticket_stay() {
    let text = "title = \"x\"\npriority = 99\n<<<<<<< a\nowner = \"a\"\n=======\n\
                owner = \"b\"\n>>>>>>> b\n";
    let sandbox = repository(&["abc"]);
    sandbox.write(".ticks/abc.toml", text);
    commit(&sandbox, "with its marks");
    for args in [&["resolve"][..], &["resolve", "--ours"]] {
        let left = sandbox.tk(args);
        assert!(left.stdout.starts_with("abc  left: "), "{left}");
        assert_eq!(there(&sandbox), text);
        assert!(!sandbox.path().join(".git/tk/backup").exists());
    }
}

/// What git settles by what it recorded of another ticket's merge is not what was chosen: that is
/// told, and how the choice is made all the same.
#[test]
fn what_git_settled_again_is_told_where_a_side_is_chosen() {
    let sandbox = repository(&["abc", "def"]);
    without_driver(&sandbox);
    sandbox.git(["config", "rerere.enabled", "true"]);
    for id in ["abc", "def"] {
        sandbox.git(["checkout", "--quiet", "-B", "side"]);
        change(&sandbox, id, |ticket| {
            ticket.priority = Priority::new(0).unwrap()
        });
        commit(&sandbox, "urgent");
        sandbox.git(["checkout", "--quiet", "main"]);
        change(&sandbox, id, |ticket| {
            ticket.priority = Priority::new(1).unwrap()
        });
        commit(&sandbox, "less urgent");
        leave(&sandbox, &["merge", "--quiet", "side"]);
        if id == "abc" {
            assert_eq!(sandbox.tk(["resolve", "--theirs"]).ok(), "abc  merged\n");
            conclude(&sandbox);
        }
    }
    let told = sandbox.tk(["resolve", "--ours"]);
    assert_snapshot!(told, @r"
    def  taken as edited
    --- stderr
    warning: `def` is as it was edited since git stopped, by a person or by git's rerere, and not by --ours: `git checkout --merge .ticks/def.toml` brings its conflict back
    ");
    sandbox.git(["checkout", "--quiet", "--merge", ".ticks/def.toml"]);
    assert_snapshot!(sandbox.tk(["resolve", "--ours"]), @"def  merged");
    assert_eq!(read(&sandbox, "def").priority, Priority::new(1).unwrap());
    conclude(&sandbox);
}

/// Where a linked worktree leaves out tickets, what names one that gets another id cannot follow.
#[test]
fn tickets_that_a_linked_worktree_leaves_out_keep_it_from_being_settled() {
    let sandbox = two_titles();
    sandbox.git(["merge", "--abort"]);
    sandbox.git(["worktree", "add", "--quiet", "-b", "sparse", "linked"]);
    let linked = |args: &[&str]| {
        let folder = sandbox.path().join("linked");
        sandbox.run(sandbox.command("git").current_dir(folder).args(args), None)
    };
    let tk = |args: &[&str]| {
        let folder = sandbox.path().join("linked");
        sandbox.run(sandbox.tk_command().current_dir(folder).args(args), None)
    };
    linked(&["sparse-checkout", "set", "--no-cone", "/none"]).ok();
    assert_eq!(linked(&["merge", "--quiet", "one"]).code, 1);
    assert_snapshot!(tk(&["resolve"]), @r"
    --- stderr
    error: `.ticks/config.toml` is left out of this sparse checkout
    hint: `git sparse-checkout add .ticks` takes it in
    --- exit 6
    ");
    linked(&["sparse-checkout", "add", ".ticks"]).ok();
    tk(&["resolve", "--ours"]).ok();
}

/// Git merges tickets by their keys at the top of a working tree alone.
#[test]
fn what_another_folder_has_is_settled_in_an_editor() {
    let sandbox = Sandbox::new().with_env("TK_DIR", "sub/.ticks");
    sandbox.write("sub/a", "a\n");
    sandbox.tk(["init"]).ok();
    assert_snapshot!(sandbox.tk(["resolve"]), @r"
    --- stderr
    error: `$ROOT/repo/sub/.ticks` is not at the top of the working tree: what git leaves of its merges cannot be settled by their keys
    hint: settle it with `tk edit` or in an editor, then `git add` the file
    --- exit 2
    ");
}
