//! Tickets that come again once they are closed.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::merge_driver::{bin, commit};
use crate::project::refused;
use crate::support::Sandbox;

/// A weekly ticket with something of everything.
const REPORT: &str = r#"title = "Weekly report"
priority = 1
owner = "ann"
labels = ["report"]
due = 2026-11-20
defer_until = 2026-11-18
repeat = "weekly"
checks = ["true"]
touches = ["docs/**"]
created_at = 2026-11-01T08:00:00Z
created_by = "ann"
description = """
What was done.
"""

[[acceptance]]
text = "It is sent"
met = true

[[subtasks]]
title = "Ask everybody"
done = true

[[notes]]
at = 2026-11-15T08:00:00Z
by = "ann"
kind = "comment"
text = "Begun"
"#;

fn weekly() -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("rep", REPORT);
    sandbox
}

fn shown(sandbox: &Sandbox, id: &str) -> Value {
    sandbox.tk(["show", id, "--json"]).json()["tickets"][0].clone()
}

fn ids(sandbox: &Sandbox, args: &[&str]) -> String {
    let json = sandbox.tk([args, &["--json"]].concat()).json();
    let tickets = json["tickets"].as_array().unwrap();
    let ids: Vec<&str> = tickets.iter().map(|t| t["id"].as_str().unwrap()).collect();
    ids.join(" ")
}

#[test]
fn the_next_is_made_as_the_first_was_and_comes_when_it_is_due() {
    let mut sandbox = weekly();
    let closed = sandbox.tk(["close", "rep"]);
    assert_eq!(closed.code, 0, "{closed}");
    assert_eq!(
        closed.stderr,
        "hint: `rep` comes again on 2026-11-25: `rep-r2`\n"
    );
    let (old, next) = (shown(&sandbox, "rep"), shown(&sandbox, "rep-r2"));
    assert_eq!(old["status"], "closed");
    for same in [
        "title",
        "priority",
        "owner",
        "labels",
        "checks",
        "touches",
        "description",
        "created_by",
        "type",
    ] {
        assert_eq!(next[same], old[same], "{same}");
    }
    assert_eq!(next["status"], "open");
    assert_eq!(
        (&next["due"], &next["defer_until"]),
        (&json!("2026-11-27"), &json!("2026-11-25"))
    );
    assert_eq!(
        (&next["repeat"], &next["recurs_from"]),
        (&json!("1w"), &json!("rep"))
    );
    assert_eq!(next["acceptance"][0]["met"], false);
    assert_eq!(next["subtasks"][0]["done"], false);
    assert_eq!((&next["notes"], &next["runs"]), (&json!([]), &json!([])));
    assert_eq!(next["created_at"], "2026-11-20T08:38:50Z");

    assert_eq!(ids(&sandbox, &["ready"]), "");
    let text = sandbox.tk(["show", "rep-r2"]).ok();
    assert!(
        text.contains("repeats every") && text.contains("comes after"),
        "{text}"
    );
    let list = sandbox.tk(["list"]).ok();
    assert!(list.contains("every 1w"), "{list}");
    for query in ["has:repeat", "repeat=1w", "recurs_from=rep"] {
        assert_eq!(
            ids(&sandbox, &["list", "--query", query]),
            "rep-r2",
            "{query}"
        );
    }
    sandbox.at("2026-11-25T00:00:00Z");
    assert_eq!(ids(&sandbox, &["ready"]), "rep-r2");
    // After a long absence there is one more, and no flood.
    sandbox.at("2027-03-01T12:00:00Z");
    sandbox.tk(["close", "rep-r2"]).ok();
    assert_eq!(ids(&sandbox, &["list"]), "rep-r3");
    assert_eq!(shown(&sandbox, "rep-r3")["due"], "2027-03-05");
    assert_eq!(sandbox.tk(["doctor"]).code, 0);
}

#[test]
fn what_comes_after_is_told_before_it_is_made_and_then() {
    for (command, wanted) in [
        ("close rep", "rep rep-r2"),
        ("close --query id=rep", "rep rep-r2"),
        ("update rep --status closed", "rep rep-r2"),
        ("close rep other", "rep other rep-r2"),
        ("update rep -p 0", "rep"),
    ] {
        let sandbox = weekly();
        sandbox.ticket("other", "title = \"Other\"\n");
        let args: Vec<&str> = command.split(' ').collect();
        let text = sandbox.tk([&args[..], &["--dry-run"]].concat());
        let hint = "hint: `rep` would come again on 2026-11-25: `rep-r2`\n";
        assert_eq!(text.stderr.contains(hint), wanted != "rep", "{text}");
        let mut tried = sandbox
            .tk([&args[..], &["--dry-run", "--json"]].concat())
            .json();
        assert_eq!(ids(&sandbox, &["list", "--all"]), "rep other", "{command}");
        let done = sandbox.tk([&args[..], &["--json"]].concat()).json();
        let tickets = done["tickets"].as_array().unwrap();
        let told: Vec<&str> = tickets.iter().map(|t| t["id"].as_str().unwrap()).collect();
        assert_eq!(told.join(" "), wanted, "{command}");
        // What was told before is what then is, and each is as its file says.
        tried.as_object_mut().unwrap().remove("dry_run");
        for result in tried["results"].as_array_mut().unwrap() {
            result.as_object_mut().unwrap().remove("changes");
        }
        assert_eq!(tried, done, "{command}");
        for ticket in tickets {
            let now = shown(&sandbox, ticket["id"].as_str().unwrap());
            for same in ["etag", "title", "status", "due", "recurs_from"] {
                assert_eq!(ticket[same], now[same], "{command}: {same}");
            }
        }
    }
}

#[test]
fn every_way_of_closing_makes_it_and_a_rehearsal_does_not() {
    let sandbox = weekly();
    sandbox.tk(["close", "rep", "--dry-run"]).ok();
    sandbox
        .tk(["update", "rep", "--status", "closed", "--dry-run"])
        .ok();
    assert_eq!(ids(&sandbox, &["list", "--all"]), "rep");
    sandbox.tk(["update", "rep", "--status", "closed"]).ok();
    sandbox.tk(["close", "--query", "id=rep-r2"]).ok();
    assert_eq!(ids(&sandbox, &["list"]), "rep-r3");
    sandbox
        .tk(["update", "rep-r3", "--requires", "review"])
        .ok();
    sandbox.tk(["close", "rep-r3"]).ok();
    assert_eq!(ids(&sandbox, &["list"]), "rep-r3");
    sandbox.tk(["approve", "rep-r3"]).ok();
    if shown(&sandbox, "rep-r3")["status"] != "closed" {
        sandbox.tk(["close", "rep-r3"]).ok();
    }
    assert_eq!(ids(&sandbox, &["list"]), "rep-r4");
    let next = shown(&sandbox, "rep-r4");
    assert_eq!(
        (&next["requires"], &next["verdict"]),
        (&json!("review"), &Value::Null)
    );
    // Without it, it was the last.
    sandbox
        .tk(["update", "rep-r4", "--repeat", "", "--requires", ""])
        .ok();
    sandbox.tk(["close", "rep-r4"]).ok();
    assert_eq!(ids(&sandbox, &["list"]), "");
}

#[test]
fn it_is_one_change_and_is_made_once() {
    let sandbox = weekly();
    let before = sandbox.read(".ticks/rep.toml");
    sandbox.tk(["close", "rep"]).ok();
    let after = sandbox.read(".ticks/rep-r2.toml");
    sandbox.tk(["undo"]).ok();
    assert_eq!(sandbox.read(".ticks/rep.toml"), before);
    assert_eq!(ids(&sandbox, &["list", "--all"]), "rep");
    sandbox.tk(["undo"]).ok();
    assert_eq!(sandbox.read(".ticks/rep-r2.toml"), after);
    // It stays when the former is opened again, and no other comes when that is closed again.
    sandbox.tk(["reopen", "rep"]).ok();
    sandbox.tk(["close", "rep"]).ok();
    assert_eq!(ids(&sandbox, &["list", "--all"]), "rep rep-r2");
    assert_eq!(sandbox.read(".ticks/rep-r2.toml"), after);
    // What another ticket has is not taken from it.
    sandbox.tk(["reopen", "rep"]).ok();
    sandbox.ticket("rep-r2", "title = \"Another\"\nstatus = \"closed\"\n");
    sandbox.tk(["close", "rep"]).ok();
    assert_eq!(shown(&sandbox, "rep-r2")["title"], "Another");
    assert_eq!(shown(&sandbox, "rep-r3")["recurs_from"], "rep");
}

/// Whatever is closed in one change, each has its own next: none takes the id of another's.
#[test]
fn two_that_are_closed_at_once_are_followed_by_two() {
    let long = "a".repeat(55);
    let (one, two) = (format!("{long}1"), format!("{long}2"));
    for (first, second, args) in [
        ("rep", "rep-r2", &["rep", "rep-r2"][..]),
        (&one, &two, &[&one, &two]),
        (&one, &two, &["--query", "has:repeat"]),
    ] {
        let sandbox = Sandbox::initialised();
        sandbox.ticket(first, "title = \"One\"\nrepeat = \"1w\"\n");
        sandbox.ticket(second, "title = \"Two\"\nrepeat = \"1w\"\n");
        let closed = sandbox.tk([&["close"][..], args].concat());
        assert_eq!(closed.code, 0, "{closed}");
        let open = sandbox.tk(["list", "--json"]).json();
        let open = open["tickets"].as_array().unwrap();
        let mut from: Vec<&str> = open
            .iter()
            .map(|next| next["recurs_from"].as_str().unwrap())
            .collect();
        from.sort_unstable();
        assert_eq!(from, [first, second], "{closed}");
        for next in open {
            let hint = format!(
                "`{}` comes again on 2026-11-27: `{}`",
                next["recurs_from"].as_str().unwrap(),
                next["id"].as_str().unwrap()
            );
            assert!(closed.stderr.contains(&hint), "{closed}");
        }
        sandbox.tk(["undo"]).ok();
        assert_eq!(
            ids(&sandbox, &["list", "--all"]),
            format!("{first} {second}")
        );
    }
}

#[test]
fn how_often_is_said_in_words() {
    let sandbox = Sandbox::initialised();
    let id = sandbox.file(["Pay", "--repeat", "monthly", "--due", "2027-01-31"]);
    assert_eq!(shown(&sandbox, &id)["repeat"], "1mo");
    sandbox.tk(["close", &id]).ok();
    // The 31st is meant again wherever there is one.
    let mut sandbox = sandbox;
    for (number, closed, due, often) in [
        (2, "2027-02-01T08:00:00Z", "2027-02-28", "1mo@31"),
        (3, "2027-03-05T08:00:00Z", "2027-03-31", "1mo"),
        (4, "2027-03-31T08:00:00Z", "2027-04-30", "1mo@31"),
    ] {
        let next = shown(&sandbox, &format!("{id}-r{number}"));
        assert_eq!(
            (&next["due"], &next["repeat"]),
            (&json!(due), &json!(often))
        );
        let query = format!("repeat=1mo id={id}-r{number}");
        assert_eq!(
            ids(&sandbox, &["list", "--query", &query]),
            format!("{id}-r{number}")
        );
        sandbox.at(closed);
        sandbox.tk(["close", &format!("{id}-r{number}")]).ok();
    }
    for bad in ["sometimes", "1h", "0d", "2 weeks"] {
        let output = sandbox.tk(["update", &id, "--repeat", bad]);
        assert_eq!(output.code, 2, "{output}");
        assert!(
            output.stderr.contains("expected `daily`, `weekly`"),
            "{output}"
        );
    }
    sandbox.ticket("bad", "title = \"Bad\"\n\nrepeat = \"often\"\n");
    let list = sandbox.tk(["list"]);
    assert!(list.stderr.contains(".ticks/bad.toml:3"), "{list}");
    assert!(list.stderr.contains("`daily`, `weekly`"), "{list}");
}

#[test]
fn an_epic_stays_open_and_what_follows_leaves_a_closed_one() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("aut", "title = \"Chores\"\ntype = \"epic\"\n");
    sandbox.ticket(
        "rep",
        "title = \"Sweep\"\nparent = \"aut\"\nrepeat = \"1d\"\n",
    );
    let closed = sandbox.tk(["close", "rep"]);
    assert!(!closed.stderr.contains("every child"), "{closed}");
    assert_eq!(shown(&sandbox, "rep-r2")["parent"], "aut");
    let both = ["close", "aut", "rep-r2"];
    let by_update = ["update", "aut", "rep-r2", "--status", "closed"];
    let by_query = ["close", "--query", "epic:aut or id=aut"];
    assert_snapshot!(refused(&sandbox, 4, &[&both[..2], &both, &by_update, &by_query]), @r"
    error: `aut` has open children: `rep-r2`
    hint: close those first, or close it all the same with `--force`
    error: `aut` has children that come again: `rep-r2`
    hint: `tk update rep-r2 --repeat ''` ends that; with `--force` what comes next is below no epic
    error: `aut` has children that come again: `rep-r2`
    hint: `tk update rep-r2 --repeat ''` ends that; with `--force` what comes next is below no epic
    error: `aut` has children that come again: `rep-r2`
    hint: `tk update rep-r2 --repeat ''` ends that; with `--force` what comes next is below no epic
    ");
    // Nothing is under a closed epic, and that is said.
    assert_snapshot!(sandbox.tk([&both[..], &["--force", "--dry-run"]].concat()), @r"
    aut     would be closed  Chores
            status: open → closed
            closed_at: none → 2026-11-20T08:38:50Z
            closed_by: none → dana@example.com
    rep-r2  would be closed  Sweep
            status: open → closed
            closed_at: none → 2026-11-20T08:38:50Z
            closed_by: none → dana@example.com
    --- stderr
    hint: nothing is written: without `--dry-run` it would be
    hint: `rep-r2` would come again on 2026-11-22: `rep-r3`, no longer below the closed epic `aut`
    ");
    assert_snapshot!(sandbox.tk([&both[..], &["--force"]].concat()), @r"
    aut     closed  Chores
    rep-r2  closed  Sweep
    --- stderr
    hint: `rep-r2` comes again on 2026-11-22: `rep-r3`, no longer below the closed epic `aut`
    ");
    assert_eq!(shown(&sandbox, "rep-r3")["parent"], Value::Null);
    assert_eq!(sandbox.tk(["doctor"]).code, 0);
}

/// The last of a series closes with its epic.
#[test]
fn an_epic_closes_with_a_child_that_comes_no_more() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("aut", "title = \"Chores\"\ntype = \"epic\"\n");
    let child = "title = \"Sweep\"\nparent = \"aut\"\nrepeat = \"1d\"\n";
    sandbox.ticket("rep", child);
    sandbox.ticket("old", &format!("status = \"closed\"\n{child}"));
    sandbox.tk(["update", "rep", "--repeat", ""]).ok();
    let closed = sandbox.tk(["close", "aut", "rep", "old"]);
    assert_eq!((closed.code, closed.stderr.as_str()), (0, ""), "{closed}");
    assert_eq!(ids(&sandbox, &["list"]), "");
}

/// Closes the ticket on two branches, at times that lead to other days, and merges them.
fn closed_twice(with_driver: bool) -> Sandbox {
    let path = format!("{}:{}", bin().display(), std::env::var("PATH").unwrap());
    let mut sandbox = weekly().with_env("PATH", &path);
    commit(&sandbox, "base");
    let main = sandbox.git(["branch", "--show-current"]);
    sandbox.git(["switch", "--quiet", "--create", "other"]);
    sandbox.at("2026-12-01T10:00:00Z");
    sandbox.tk(["close", "rep"]).ok();
    commit(&sandbox, "closed there");
    sandbox.git(["switch", "--quiet", main.trim()]);
    sandbox.at("2026-11-21T10:00:00Z");
    sandbox.tk(["close", "rep"]).ok();
    commit(&sandbox, "closed here");
    assert_eq!(ids(&sandbox, &["list", "--all"]), "rep rep-r2");
    if !with_driver {
        sandbox.git(["config", "merge.ticks.driver", "false"]);
        sandbox.write(".git/info/attributes", ".ticks/*.toml merge=text\n");
    }
    sandbox
}

/// Closes the ticket on the branches `main` and `other`, where it has got another title before.
fn closed_on_two_branches() -> Sandbox {
    let path = format!("{}:{}", bin().display(), std::env::var("PATH").unwrap());
    let sandbox = weekly().with_env("PATH", &path);
    commit(&sandbox, "base");
    sandbox.git(["switch", "--quiet", "--create", "other"]);
    sandbox.tk(["update", "rep", "--title", "Renamed"]).ok();
    sandbox.tk(["close", "rep"]).ok();
    commit(&sandbox, "closed there");
    sandbox.git(["switch", "--quiet", "main"]);
    sandbox.tk(["close", "rep"]).ok();
    commit(&sandbox, "closed here");
    sandbox
}

/// With the days of the closing that came first: the other one puts off nothing that was due by then.
fn one_came_of_it(sandbox: &Sandbox) {
    assert_eq!(ids(sandbox, &["list", "--all"]), "rep rep-r2");
    let next = shown(sandbox, "rep-r2");
    assert_eq!(next["created_at"], "2026-11-21T10:00:00Z");
    assert_eq!(
        (&next["defer_until"], &next["due"]),
        (&json!("2026-11-25"), &json!("2026-11-27"))
    );
    assert_eq!(next["recurs_from"], "rep");
    assert_eq!(shown(sandbox, "rep")["closed_at"], "2026-12-01T10:00:00Z");
}

#[test]
fn closed_on_two_branches_one_comes_of_it() {
    let sandbox = closed_twice(true);
    sandbox.git(["merge", "--quiet", "--no-edit", "other"]);
    one_came_of_it(&sandbox);
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
    assert_eq!(sandbox.tk(["doctor"]).code, 0);
}

/// A title that one side has given it is not lost, nor taken for the new one because of who merges.
#[test]
fn closed_on_two_branches_with_two_titles_it_is_asked_for() {
    for (ours, theirs) in [("main", "other"), ("other", "main")] {
        let sandbox = closed_on_two_branches();
        sandbox.git(["switch", "--quiet", ours]);
        let mut merge = sandbox.command("git");
        merge.args(["merge", "--quiet", "--no-edit", theirs]);
        assert_eq!(sandbox.run(&mut merge, None).code, 1);
        let left = sandbox.tk(["resolve"]).stdout;
        assert_eq!(left, "rep-r2  left: both sides changed title\n");
        let renamed = if ours == "other" {
            "--ours"
        } else {
            "--theirs"
        };
        sandbox.tk(["resolve", renamed]).ok();
        assert_eq!(shown(&sandbox, "rep-r2")["title"], "Renamed");
        assert_eq!(shown(&sandbox, "rep")["title"], "Renamed");
    }
}

#[test]
fn without_the_driver_resolve_makes_one_of_it() {
    let sandbox = closed_twice(false);
    let mut merge = sandbox.command("git");
    merge.args(["merge", "--quiet", "--no-edit", "other"]);
    let merged = sandbox.run(&mut merge, None);
    assert_eq!(merged.code, 1, "{merged}");
    sandbox.tk(["resolve"]).ok();
    one_came_of_it(&sandbox);
}

/// Closed in an editor it comes again as it does by `tk close`, and one undo takes both back.
#[test]
fn an_edit_that_closes_it_makes_the_next() {
    let mut sandbox = weekly().with_env("EDITOR", "sed -i '1i status = \"closed\"'");
    let closed = sandbox.tk(["edit", "rep", "--json"]);
    let told = closed.json();
    assert_eq!(
        (&told["closed"], &told["changed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(told["tickets"][0]["id"], "rep");
    assert_eq!(told["tickets"][1]["id"], "rep-r2");
    assert_eq!(told["tickets"][1]["defer_until"], "2026-11-25");
    sandbox.tk(["undo"]).ok();
    assert_eq!(ids(&sandbox, &["list", "--all"]), "rep");
    assert_eq!(sandbox.read(".ticks/rep.toml"), REPORT);
    let closed = sandbox.tk(["edit", "rep"]);
    assert_eq!(
        closed.stderr,
        "hint: `rep` comes again on 2026-11-25: `rep-r2`\n"
    );
    assert_eq!(ids(&sandbox, &["list", "--all"]), "rep rep-r2");
    // A file that is mended and closed at once is closed as well.
    let broken = "title = \"Broken\"\nrepeat = \"1w\"\nstatus = \"open\"\npriority = 77\n";
    sandbox.write(".ticks/bro.toml", broken);
    sandbox = sandbox.with_env("EDITOR", "sed -i 's/77/1/; s/open/closed/'");
    sandbox.tk(["edit", "bro"]).ok();
    assert_eq!(ids(&sandbox, &["list", "--all"]), "rep bro-r2 rep-r2 bro");
}

/// A day of the month that is meant is never dropped without a word.
#[test]
fn the_day_that_is_meant_is_honoured_or_refused() {
    let sandbox = Sandbox::initialised();
    let id = sandbox.file(["Rent", "--repeat", "monthly@31"]);
    assert_snapshot!(sandbox.tk(["close", &id]), @r"
    u8r  closed  Rent
    --- stderr
    hint: `u8r` comes again on 2026-12-31: `u8r-r2`
    ");
    assert_snapshot!(refused(&sandbox, 2, &[
        &["new", "x", "--due", "2026-12-20", "--repeat", "monthly@31"],
        &["new", "x", "--defer", "2026-12-30", "--repeat", "monthly@31"],
        &["new", "x", "--due", "2026-12-31", "--repeat", "monthly@30"],
        &["new", "x", "--due", "2026-12-31", "--defer", "2026-12-20", "--repeat", "1mo@31/30"],
    ]), @r"
    error: `1mo@31` means day 31 of the month, and 2026-12-20 is another: expected that day, or the last of a shorter month
    hint: `1mo` goes by the day that is there
    error: `1mo@31` means day 31 of the month, and 2026-12-30 is another: expected that day, or the last of a shorter month
    hint: `1mo` goes by the day that is there
    error: `1mo@30` means day 30 of the month, and 2026-12-31 is another: expected that day, or the last of a shorter month
    hint: `1mo` goes by the day that is there
    error: `1mo@31/30` means day 30 of the month, and 2026-12-20 is another: expected that day, or the last of a shorter month
    hint: `1mo` goes by the day that is there
    ");
    for args in [
        ["--due", "2027-02-28", "--repeat", "monthly@31"],
        ["--due", "2026-12-31", "--repeat", "monthly@31"],
        ["--due", "2026-12-20", "--repeat", "monthly"],
    ] {
        let mut new = vec!["new", "Fine"];
        new.extend(args);
        sandbox.tk(new).ok();
    }
    // Put off till some days before, it is due on the 31st all the same.
    let id = sandbox.file(["Tax", "--due", "2026-12-31", "--defer", "2026-12-20"]);
    sandbox.tk(["update", &id, "--repeat", "monthly@31"]).ok();
    sandbox.tk(["update", &id, "--due", "2026-12-15"]).ok();
    assert_snapshot!(refused(&sandbox, 2, &[&["update", &id, "--repeat", "monthly@31"]]), @r"
    error: `1mo@31` means day 31 of the month, and 2026-12-15 is another: expected that day, or the last of a shorter month
    hint: `1mo` goes by the day that is there
    ");
}

/// Until when the next is put off is not what anybody has said.
#[test]
fn a_due_day_takes_along_what_the_next_is_put_off_until() {
    let sandbox = Sandbox::initialised();
    let rent = sandbox.file(["Rent", "--due", "2026-12-31", "--repeat", "monthly"]);
    sandbox.tk(["close", &rent]).ok();
    let next = format!("{rent}-r2");
    let days = || {
        let ticket = shown(&sandbox, &next);
        json!([ticket["defer_until"], ticket["due"]])
    };
    assert_eq!(days(), json!(["2027-01-31", "2027-01-31"]));
    let rehearsed = sandbox.tk(["update", &next, "--due", "2026-12-15", "--dry-run"]);
    assert!(rehearsed.stdout.contains("2026-12-15"), "{rehearsed}");
    let moved = sandbox.tk(["update", &next, "--due", "2026-12-15"]);
    assert_eq!(
        moved.stderr,
        format!(
            "hint: `{next}` is put off until 2026-12-15, too, as it was until its due day before\n"
        )
    );
    assert_eq!(days(), json!(["2026-12-15", "2026-12-15"]));
    // What somebody has said stays, and is warned of where it hides the ticket when it is due.
    sandbox.tk(["update", &next, "--defer", "2026-12-10"]).ok();
    let moved = sandbox.tk(["update", &next, "--due", "2026-12-05"]);
    assert_eq!(days(), json!(["2026-12-10", "2026-12-05"]));
    let warning = |id: &str, until: &str, due: &str| {
        format!("warning: `{id}` is put off until {until}, and due before that, on {due}\n")
    };
    assert_eq!(moved.stderr, warning(&next, "2026-12-10", "2026-12-05"));
    let both = ["--due", "2026-12-05", "--defer", "2026-12-05"];
    sandbox.tk([&["update", &next][..], &both].concat()).ok();
    let cleared = sandbox.tk(["update", &next, "--due", ""]);
    assert_eq!(cleared.stderr, "");
    assert_eq!(days(), json!(["2026-12-05", null]));
    // Of any other ticket, too.
    let new = ["Odd", "--due", "2026-12-01", "--defer", "2026-12-02", "-q"];
    let odd = sandbox.tk([&["new"][..], &new].concat());
    let id = odd.stdout.trim();
    assert_eq!(odd.stderr, warning(id, "2026-12-02", "2026-12-01"));
    let same = sandbox.tk(["update", id, "--due", "2026-12-02"]);
    assert_eq!(same.stderr, "");
}

/// What cannot be read may be what comes next: no other is made beside it.
#[test]
fn what_comes_next_is_made_once_also_where_it_cannot_be_read() {
    let sandbox = weekly();
    sandbox.tk(["close", "rep"]).ok();
    let next = sandbox.read(".ticks/rep-r2.toml");
    sandbox.write(".ticks/rep-r2.toml", &format!("<<<<<<< ours\n{next}"));
    sandbox.tk(["reopen", "rep"]).ok();
    assert_snapshot!(sandbox.tk(["close", "rep", "--dry-run"]), @r"
    rep  would be closed  Weekly report
         status: open → closed
         closed_at: none → 2026-11-20T08:38:50Z
         closed_by: none → dana@example.com
    --- stderr
    hint: nothing is written: without `--dry-run` it would be
    warning: .ticks/rep-r2.toml:1: a merge left both versions: expected the conflict of a merge to be resolved
    warning: `.ticks/rep-r2.toml` is taken for what comes after `rep`, and cannot be read
    hint: if it is another ticket: correct it, `tk reopen rep`, and close that again
    ");
    assert_snapshot!(sandbox.tk(["close", "rep"]), @r"
    rep  closed  Weekly report
    --- stderr
    warning: .ticks/rep-r2.toml:1: a merge left both versions: expected the conflict of a merge to be resolved
    warning: `.ticks/rep-r2.toml` is taken for what comes after `rep`, and cannot be read
    hint: if it is another ticket: correct it, `tk reopen rep`, and close that again
    ");
    assert!(!sandbox.path().join(".ticks/rep-r3.toml").exists());
    // It was another ticket.
    sandbox.ticket("rep-r2", "title = \"Another\"\n");
    sandbox.tk(["reopen", "rep"]).ok();
    assert_snapshot!(sandbox.tk(["close", "rep"]), @r"
    rep  closed  Weekly report
    --- stderr
    hint: `rep` comes again on 2026-11-25: `rep-r3`
    ");
    // Its name is free by now.
    std::fs::remove_file(sandbox.path().join(".ticks/rep-r2.toml")).unwrap();
    sandbox.tk(["reopen", "rep"]).ok();
    assert_snapshot!(sandbox.tk(["close", "rep"]), @r"
    rep  closed  Weekly report
    --- stderr
    hint: `rep` comes again on 2026-11-25: `rep-r3`
    ");
    assert_eq!(ids(&sandbox, &["list", "--all"]), "rep rep-r3");
}

#[test]
fn a_series_does_not_end_in_silence() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket(
        "far",
        "title = \"Far\"\ndue = 9990-01-01\nrepeat = \"1000y\"\n",
    );
    sandbox.ticket(
        "old",
        "title = \"Old\"\ndue = 0001-01-01\nrepeat = \"daily\"\n",
    );
    assert_snapshot!(sandbox.tk(["close", "far", "--dry-run"]), @r"
    far  would be closed  Far
         status: open → closed
         closed_at: none → 2026-11-20T08:38:50Z
         closed_by: none → dana@example.com
    --- stderr
    hint: nothing is written: without `--dry-run` it would be
    warning: `far` would not come again: there is no next day by `1000y`, or no id for it
    ");
    assert_snapshot!(sandbox.tk(["close", "far", "old"]), @r"
    far  closed  Far
    old  closed  Old
    --- stderr
    warning: `far` does not come again: there is no next day by `1000y`, or no id for it
    warning: `old` does not come again: there is no next day by `1d`, or no id for it
    ");
}

/// The day of the month that is meant is that of the day that stands, whoever merges.
#[test]
fn the_day_that_is_meant_goes_with_the_day() {
    for (onto, from) in [("main", "side"), ("side", "main")] {
        let path = format!("{}:{}", bin().display(), std::env::var("PATH").unwrap());
        let mut sandbox = Sandbox::initialised().with_env("PATH", &path);
        let text = "title = \"Rent\"\ndue = 2026-10-31\nrepeat = \"monthly\"\n";
        sandbox.ticket("rep", text);
        commit(&sandbox, "base");
        sandbox.git(["switch", "--quiet", "--create", "side"]);
        sandbox.at("2027-01-31T10:00:00Z");
        sandbox.tk(["close", "rep"]).ok();
        commit(&sandbox, "closed there");
        sandbox.git(["switch", "--quiet", "main"]);
        sandbox.at("2027-03-15T10:00:00Z");
        sandbox.tk(["close", "rep"]).ok();
        commit(&sandbox, "closed here");
        sandbox.git(["switch", "--quiet", onto]);
        sandbox.git(["merge", "--quiet", "--no-edit", from]);
        let next = shown(&sandbox, "rep-r2");
        assert_eq!(
            (&next["due"], &next["repeat"]),
            (&json!("2027-02-28"), &json!("1mo@31"))
        );
    }
}
