//! Taking back what the last command changed.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{authentication, files, refused, worktrees_of_bare};
use crate::support::Sandbox;

#[test]
fn every_change_is_taken_back_and_done_again() {
    for command in [
        "new Found --parent aut",
        "update abc -p 0 --note seen --owner=",
        "update --query epic:aut --add-label seen",
        "note abc seen",
        "block abc gone",
        "unblock def abc",
        "close abc gone --reason done",
        "reopen old",
        "delete gone",
        "delete abc --force",
        "approve ghi",
        "reject ghi why",
        "ask abc what?",
        "claim abc",
        "next --claim",
        "edit abc",
    ] {
        let sandbox = authentication().with_env("EDITOR", "sed -i s/First/Other/");
        sandbox.ticket("gone", "# a comment\ntitle = \"Gone\"\nmine = 1\n");
        sandbox.ticket("old", "title = \"Old\"\nstatus = \"closed\"\n");
        sandbox.tk(["update", "ghi", "--awaiting", "review"]).ok();
        let before = files(&sandbox);
        sandbox.tk(command.split(' ')).ok();
        let after = files(&sandbox);
        assert_ne!(after, before, "{command}");
        let tried = sandbox.tk(["undo", "--dry-run", "--json"]).json();
        assert_eq!(files(&sandbox), after, "{command}");
        let mut told = sandbox.tk(["undo", "--json"]).json();
        assert_eq!(files(&sandbox), before, "{command}");
        assert_eq!(told["by"], "dana@example.com");
        told["results"]
            .as_array_mut()
            .unwrap()
            .sort_by_key(|result| result["id"].to_string());
        assert_eq!(outcomes(&tried), outcomes(&told), "{command}");
        sandbox.tk(["undo"]).ok();
        assert_eq!(files(&sandbox), after, "{command}");
        sandbox.tk(["undo"]).ok();
        assert_eq!(files(&sandbox), before, "{command}");
    }
}

/// What became of each ticket, by id.
fn outcomes(told: &Value) -> Vec<(String, String)> {
    let results = told["results"].as_array().unwrap().iter();
    let outcome = |result: &Value| (result["id"].to_string(), result["outcome"].to_string());
    let mut outcomes: Vec<_> = results.map(outcome).collect();
    outcomes.sort();
    outcomes
}

#[test]
fn what_is_taken_back_is_told() {
    let sandbox = authentication();
    sandbox
        .tk(["update", "abc", "-p", "0", "--add-label", "ui"])
        .ok();
    assert_snapshot!(sandbox.tk(["undo", "--dry-run"]), @r"
    abc  would be restored  First
         priority: 0 → 1
         labels: -ui
    --- stderr
    hint: nothing is written: that is what `dana@example.com` did at 2026-11-20T08:38:50Z
    ");
    assert_snapshot!(sandbox.tk(["undo"]), @r"
    abc  restored  First
    --- stderr
    hint: what `dana@example.com` did at 2026-11-20T08:38:50Z is taken back; `tk undo` does it again
    ");
    assert_snapshot!(sandbox.tk(["undo", "--dry-run"]), @r"
    abc  would be restored  First
         priority: 1 → 0
         labels: +ui
    --- stderr
    hint: nothing is written: `dana@example.com` took that back at 2026-11-20T08:38:50Z
    ");
    assert_snapshot!(sandbox.tk(["undo"]), @r"
    abc  restored  First
    --- stderr
    hint: what `dana@example.com` took back at 2026-11-20T08:38:50Z is done again; `tk undo` takes it back
    ");
    assert_snapshot!(sandbox.tk(["undo"]), @r"
    abc  restored  First
    --- stderr
    hint: what `dana@example.com` did at 2026-11-20T08:38:50Z is taken back; `tk undo` does it again
    ");
    sandbox.tk(["delete", "abc", "--force"]).ok();
    assert_snapshot!(sandbox.tk(["undo"]), @r"
    def  restored  Second
    ghi  restored  Third
    abc  recreated  First
    --- stderr
    hint: what `dana@example.com` did at 2026-11-20T08:38:50Z is taken back; `tk undo` does it again
    ");
    assert_snapshot!(sandbox.tk(["undo", "--quiet"]), @"");
    let id = sandbox.file(["Found"]);
    let told = sandbox.tk(["undo", "--json"]).json();
    let expected = json!([{"id": id, "title": "Found", "outcome": "removed"}]);
    assert_eq!(told["results"], expected);
    assert_eq!(told["tickets"], json!([]));
}

#[test]
fn what_changed_since_is_left_alone() {
    let sandbox = authentication();
    assert_snapshot!(refused(&sandbox, 1, &[&["undo"]]), @r"
    error: there is nothing to take back
    hint: only the last command of a person in this clone can be
    ");
    sandbox.tk(["update", "abc", "def", "-p", "0"]).ok();
    let text = sandbox.read(".ticks/def.toml");
    sandbox.ticket("def", &format!("{text}# by hand\n"));
    assert_snapshot!(refused(&sandbox, 5, &[&["undo"], &["undo", "--dry-run"]]), @r"
    error: `def` has changed since
    hint: nothing is taken back; `git diff .ticks` shows what is not committed
    error: `def` has changed since
    hint: nothing is taken back; `git diff .ticks` shows what is not committed
    ");
    let error = sandbox.tk(["undo", "--json"]);
    let error: Value = serde_json::from_str(&error.stderr).unwrap();
    assert_eq!(error["error"]["code"], "CHANGED");
    assert_eq!(error["error"]["context"]["ids"], json!(["def"]));
    // As it was left, it can be.
    sandbox.ticket("def", &text);
    sandbox.tk(["undo"]).ok();
    // A file that is gone has changed, and so has one that is there again.
    sandbox.tk(["note", "ghi", "seen"]).ok();
    std::fs::remove_file(sandbox.path().join(".ticks/ghi.toml")).unwrap();
    assert_snapshot!(refused(&sandbox, 5, &[&["undo"]]), @r"
    error: `ghi` has changed since
    hint: nothing is taken back; `git diff .ticks` shows what is not committed
    ");
}

/// As if who made the change had been killed when one of two files was written.
#[test]
fn of_a_change_that_was_cut_off_what_there_is_of_it_is_taken_back() {
    let sandbox = authentication();
    let (before, old) = (files(&sandbox), sandbox.read(".ticks/def.toml"));
    sandbox.tk(["update", "abc", "def", "-p", "0"]).ok();
    sandbox.ticket("def", &old);
    assert_snapshot!(sandbox.tk(["undo"]), @r"
    abc  restored  First
    --- stderr
    hint: what `dana@example.com` did at 2026-11-20T08:38:50Z is taken back; `tk undo` does it again
    ");
    assert_eq!(files(&sandbox), before);

    sandbox.tk(["update", "abc", "def", "-p", "0"]).ok();
    for (name, old) in &before {
        sandbox.write(format!(".ticks/{name}"), old);
    }
    assert_snapshot!(refused(&sandbox, 1, &[&["undo"]]), @"error: there is nothing to take back: everything is as it was before");
}

/// Killed at moments all over its work, `tk undo` goes on where it was.
#[test]
fn a_taking_back_that_is_killed_goes_on() {
    let sandbox = authentication();
    let list: String = (0..60)
        .map(|n| format!("[[ticket]]\ntitle = \"{n}\"\n"))
        .collect();
    sandbox.write("list.toml", &list);
    sandbox.tk(["new", "--file", "list.toml"]).ok();
    let before = files(&sandbox);
    sandbox.tk(["update", "--query", "open", "-p", "0"]).ok();
    let after = files(&sandbox);
    let begun = std::time::Instant::now();
    sandbox.tk(["undo"]).ok();
    let whole = begun.elapsed();
    sandbox.tk(["undo"]).ok();
    for turn in 0..20 {
        let mut command = sandbox.tk_command();
        command.arg("undo").stdout(std::process::Stdio::null());
        let begun = std::time::Instant::now();
        let mut undo = command.spawn().unwrap();
        while begun.elapsed() < whole * turn / 20 {
            std::hint::spin_loop();
        }
        undo.kill().unwrap();
        undo.wait().unwrap();
        let now = files(&sandbox);
        if now != before {
            sandbox.tk(["undo"]).ok();
            assert_eq!(files(&sandbox), before, "{turn}");
        }
        // All of it is done again, also what the one that was killed had taken back.
        let again = sandbox.tk(["undo"]);
        if again.code == 0 {
            assert_eq!(files(&sandbox), after, "{turn}");
        } else {
            // It was killed between the last file and its end.
            assert_eq!(again.code, 1, "{again}");
            sandbox.tk(["update", "--query", "open", "-p", "0"]).ok();
        }
    }
}

#[test]
fn a_new_ticket_that_others_name_stays() {
    let sandbox = authentication();
    let id = sandbox.file(["Found"]);
    let text = sandbox.read(".ticks/abc.toml");
    sandbox.ticket("abc", &format!("related = [\"{id}\"]\n{text}"));
    let output = sandbox.tk(["undo"]);
    assert_eq!(output.code, 4, "{output}");
    let expected = format!("error: `{id}` would go, and `abc` refers to it\n");
    assert_eq!(output.stderr, expected);
}

/// What was is never lost for that: a deleted ticket is nowhere else.
#[test]
fn a_cycle_that_comes_back_is_told() {
    let ring = || {
        let sandbox = authentication();
        sandbox.ticket("one", "title = \"One\"\nblocked_by = [\"two\"]\n");
        sandbox.ticket("two", "title = \"Two\"\nblocked_by = [\"one\"]\n");
        sandbox
    };
    let around = || {
        let sandbox = authentication();
        sandbox.ticket(
            "one",
            "title = \"One\"\nparent = \"aut\"\nafter = [\"aut\"]\n",
        );
        sandbox
    };
    for (made, command) in [
        (&ring as &dyn Fn() -> Sandbox, "delete one --force"),
        (&ring, "delete one two --force"),
        (&ring, "close one --force"),
        (&ring, "close one two"),
        (&ring, "unblock one two"),
        (&around, "delete one --force"),
        (&around, "close one"),
        (&around, "update one --after="),
    ] {
        let sandbox = made();
        let before = files(&sandbox);
        sandbox.tk(command.split(' ')).ok();
        assert_ne!(files(&sandbox), before, "{command}");
        let tried = sandbox.tk(["undo", "--dry-run"]);
        assert_eq!(tried.code, 0, "{command}: {tried}");
        assert!(
            tried.stderr.contains("warning: tickets would "),
            "{command}: {tried}"
        );
        let told = sandbox.tk(["undo"]);
        assert_eq!(told.code, 0, "{command}: {told}");
        assert!(
            told.stderr.contains("hint: break it where it is wrong"),
            "{command}: {told}"
        );
        assert_eq!(
            told.stderr.matches("warning: ").count(),
            1,
            "{command}: {told}"
        );
        assert_eq!(files(&sandbox), before, "{command}");
    }
    let sandbox = ring();
    sandbox.tk(["unblock", "one", "two"]).ok();
    assert_snapshot!(sandbox.tk(["undo"]), @r"
    one  restored  One
    --- stderr
    hint: what `dana@example.com` did at 2026-11-20T08:38:50Z is taken back; `tk undo` does it again
    warning: tickets wait for one another: one → two → one
    hint: break it where it is wrong, for example `tk unblock two one`
    ");
    let sandbox = around();
    sandbox.tk(["delete", "one", "--force"]).ok();
    assert_snapshot!(sandbox.tk(["undo"]), @r"
    one  recreated  One
    --- stderr
    hint: what `dana@example.com` did at 2026-11-20T08:38:50Z is taken back; `tk undo` does it again
    warning: tickets come after one another: one → one (one → one: one is after aut, one is a part of aut)
    hint: break it where it is wrong, for example `tk update one --after ''`
    ");
}

#[test]
fn only_what_people_did_can_be_taken_back() {
    let sandbox = authentication();
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    let before = sandbox.read(".ticks/abc.toml");
    let sandbox = sandbox.with_env("TK_ACTOR", "agent:x");
    sandbox.tk(["note", "def", "seen"]).ok();
    let noted = sandbox.read(".ticks/def.toml");
    assert_eq!(sandbox.tk(["undo"]).code, 4);
    let sandbox = sandbox.with_env("TK_ACTOR", "dana@example.com");
    sandbox.tk(["undo"]).ok();
    assert_ne!(sandbox.read(".ticks/abc.toml"), before);
    assert_eq!(sandbox.read(".ticks/def.toml"), noted);
}

#[test]
fn commands_that_change_nothing_are_no_last_command() {
    let sandbox = authentication();
    let before = files(&sandbox);
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    sandbox.tk(["update", "abc", "-p", "3", "--dry-run"]).ok();
    sandbox.tk(["list"]).ok();
    assert_eq!(sandbox.tk(["close", "def"]).code, 4);
    sandbox.tk(["undo"]).ok();
    assert_eq!(files(&sandbox), before);
}

#[test]
fn a_claim_taken_back_is_let_go() {
    let sandbox = authentication();
    sandbox.tk(["claim", "abc"]).ok();
    sandbox.tk(["undo"]).ok();
    let other = sandbox.with_env("TK_ACTOR", "ben@example.com");
    other.tk(["claim", "abc"]).ok();
    // What is in progress still stays held; what was let go of stays so.
    let held = || other.path().join(".git/tk/claims/abc").exists();
    other.tk(["update", "abc", "-p", "0"]).ok();
    other.tk(["undo"]).ok();
    assert!(held());
    other.tk(["close", "abc"]).ok();
    other.tk(["undo"]).ok();
    assert_eq!(
        other.tk(["show", "abc", "--json"]).json()["tickets"][0]["status"],
        "in_progress"
    );
    assert!(!held());
}

#[test]
fn a_record_that_is_damaged_or_hostile_takes_nothing_back() {
    let sandbox = authentication();
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    let path = ".git/tk/undo.json";
    let record = sandbox.read(path);
    for damaged in [
        String::new(),
        record[..record.len() / 2].to_owned(),
        record.replace("\"abc\"", "\"../../README\""),
        record.replace("\"abc\"", "\"config\""),
    ] {
        assert_ne!(damaged, record);
        sandbox.write(path, &damaged);
        refused(&sandbox, 1, &[&["undo"]]);
    }
    sandbox.write(path, &record.replace("title = ", "titel = "));
    refused(&sandbox, 4, &[&["undo"]]);
    sandbox.write(path, &record);
    sandbox.tk(["undo"]).ok();
}

#[test]
fn what_mends_a_file_cannot_be_taken_back() {
    let sandbox = authentication().with_env("EDITOR", "sed -i s/^titel/title/");
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    sandbox.ticket("bad", "titel = \"Bad\"\n");
    sandbox.tk(["edit", "bad"]).ok();
    refused(&sandbox, 1, &[&["undo"]]);
}

#[test]
fn a_record_that_cannot_be_written_fails_no_command() {
    let sandbox = authentication();
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    let place = sandbox.path().join(".git/tk/undo-older.json");
    let _ = std::fs::remove_file(&place);
    std::fs::create_dir(&place).unwrap();
    let output = sandbox.tk(["update", "def", "-p", "0"]);
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(
        output.stderr,
        "warning: `tk undo` cannot take that back: \
         cannot write `$ROOT/repo/.git/tk/undo-older.json`: Is a directory (os error 21)\n"
    );
    // Nor is an older change taken for the last one.
    refused(&sandbox, 1, &[&["undo"]]);
    // A pipe that nobody reads is not waited for, nor is a link followed.
    std::fs::remove_dir(&place).unwrap();
    let mut pipe = sandbox.command("mkfifo");
    assert_eq!(sandbox.run(pipe.arg(&place), None).code, 0);
    let output = sandbox.tk(["update", "def", "-p", "1"]);
    assert!(
        output.stderr.starts_with("warning: `tk undo` cannot"),
        "{output}"
    );
    std::os::unix::fs::symlink("../../README.md", &place).unwrap();
    let readme = sandbox.read("README.md");
    let output = sandbox.tk(["update", "def", "-p", "2"]);
    assert!(
        output.stderr.starts_with("warning: `tk undo` cannot"),
        "{output}"
    );
    assert_eq!(sandbox.read("README.md"), readme);
    sandbox.tk(["update", "def", "-p", "3"]).ok();
    sandbox.tk(["undo"]).ok();
}

/// What is taken back can be done again, or is not taken back.
#[test]
fn what_cannot_be_recorded_is_not_taken_back() {
    let sandbox = authentication();
    sandbox.file(["Found"]);
    let before = files(&sandbox);
    let place = sandbox.path().join(".git/tk/undo-older.json");
    let _ = std::fs::remove_file(&place);
    std::fs::create_dir(&place).unwrap();
    assert_snapshot!(refused(&sandbox, 1, &[&["undo"]]), @"error: cannot write `$ROOT/repo/.git/tk/undo-older.json`: Is a directory (os error 21)");
    assert_eq!(files(&sandbox), before);
    std::fs::remove_dir(&place).unwrap();
    let mut command = sandbox.command("bash");
    let command = command.args([
        "-c",
        "ulimit -f 0; exec \"$0\" undo",
        env!("CARGO_BIN_EXE_tk"),
    ]);
    let output = sandbox.run(command, None);
    assert_eq!(output.code, 1, "{output}");
    assert_eq!(files(&sandbox), before);
    sandbox.tk(["undo"]).ok();
    assert_ne!(files(&sandbox), before);
    sandbox.tk(["undo"]).ok();
    assert_eq!(files(&sandbox), before);
}

#[test]
fn an_import_is_taken_back_and_done_again() {
    let sandbox = authentication();
    let line = |id: &str, more: &str| format!("{{\"id\":\"{id}\",\"title\":\"{id}\"{more}}}\n");
    let waits = r#","dependencies":[{"issue_id":"bd-2","depends_on_id":"bd-1","type":"blocks"}]"#;
    let text = line("bd-1", "") + &line("bd-2", waits);
    sandbox.write("issues.jsonl", &text);
    let import = ["import", "beads", "issues.jsonl"];
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    let before = files(&sandbox);
    sandbox.tk(import).ok();
    let after = files(&sandbox);
    assert_eq!(after.len(), before.len() + 2);
    assert_snapshot!(sandbox.tk(["undo"]), @r"
    bd-1  removed  bd-1
    bd-2  removed  bd-2
    --- stderr
    hint: what `dana@example.com` did at 2026-11-20T08:38:50Z is taken back; `tk undo` does it again
    ");
    assert_eq!(files(&sandbox), before);
    sandbox.tk(["undo"]).ok();
    assert_eq!(files(&sandbox), after);
    // One that makes nothing is no last command, and neither is one that only tells.
    sandbox.tk(["note", "abc", "seen"]).ok();
    let noted = files(&sandbox);
    assert_ne!(noted, after);
    sandbox.tk(import).ok();
    sandbox.write("more.jsonl", &line("bd-3", ""));
    sandbox
        .tk(["import", "beads", "more.jsonl", "--dry-run"])
        .ok();
    assert_eq!(files(&sandbox), noted);
    sandbox.tk(["undo"]).ok();
    assert_eq!(files(&sandbox), after);
}

/// It changes tickets, so what was done before is not the last change any more.
#[test]
fn what_the_doctor_mends_cannot_be_taken_back() {
    let conflict = "title = \"Odd\"\n<<<<<<< a\nlabels = [\"b\"]\n=======\n>>>>>>> b\n";
    for (path, text) in [
        (".ticks/odd.toml", "title = \"Odd\"\nrelated = [\"zzz\"]\n"),
        (".ticks/odd.toml", "title = \"Odd\"\r\n"),
        (".ticks/odd.toml", conflict),
        (".ticks/odd.tml", "title = \"Odd\"\n"),
    ] {
        let sandbox = authentication();
        sandbox.tk(["update", "abc", "-p", "0"]).ok();
        sandbox.write(path, text);
        let before = files(&sandbox);
        // Looking mends nothing.
        assert_eq!(sandbox.tk(["doctor"]).code, 1, "{text}");
        sandbox.tk(["undo", "--dry-run"]).ok();
        sandbox.tk(["doctor", "--fix"]).ok();
        let mended = files(&sandbox);
        assert_ne!(mended, before, "{text}");
        refused(&sandbox, 1, &[&["undo"]]);
        assert_eq!(files(&sandbox), mended, "{text}");
    }
    // What it mends beside tickets stands in nobody's way.
    let sandbox = authentication();
    let before = files(&sandbox);
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    sandbox.write(".git/tk/claims/def", "no claim");
    sandbox.tk(["doctor", "--fix"]).ok();
    sandbox.tk(["undo"]).ok();
    assert_eq!(files(&sandbox), before);
}

/// Worktrees of a bare repository have tickets of their own each, and one record of changes.
#[test]
fn what_was_changed_in_another_worktree_is_taken_back_there() {
    let sandbox = authentication();
    worktrees_of_bare(&sandbox, &["one", "two"]);
    sandbox
        .tk(["-C", "../one", "update", "abc", "-p", "0"])
        .ok();
    sandbox.tk(["-C", "../two", "note", "def", "seen"]).ok();
    let refused = sandbox.tk(["-C", "../one", "undo"]);
    assert_eq!(refused.code, 1, "{refused}");
    assert!(
        refused
            .stderr
            .contains("the last command changed tickets in `")
            && refused.stderr.contains("two/.ticks`"),
        "{refused}"
    );
    assert!(
        sandbox
            .read("../one/.ticks/abc.toml")
            .contains("priority = 0")
    );
    sandbox.tk(["-C", "../two", "undo"]).ok();
    assert!(!sandbox.read("../two/.ticks/def.toml").contains("seen"));
}
