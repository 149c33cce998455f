//! What `tk doctor --fix` mends in tickets, and what it keeps of them.

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use crate::project::{authentication, files};
use crate::support::Sandbox;

/// Where the copies are, at the tests' time.
const BACKUP: &str = ".git/tk/backup/20261120T083850Z";

/// `--fix` mends all there is, keeps what the files said before, and finds nothing more.
#[track_caller]
fn mended(sandbox: &Sandbox, path: &str, kind: &str) -> String {
    let before = fs::read(sandbox.path().join(path)).unwrap();
    let found = sandbox.tk(["doctor", "--json"]);
    assert_eq!(found.code, 1, "{found}");
    let findings = found.json()["findings"].clone();
    for finding in findings.as_array().unwrap() {
        assert_eq!(finding["kind"], kind, "{finding:#}");
        assert_eq!(finding["path"], path, "{finding:#}");
        assert_eq!(finding["fixable"], true, "{finding:#}");
    }
    assert_eq!(fs::read(sandbox.path().join(path)).unwrap(), before);
    let output = sandbox.tk(["doctor", "--fix", "--json"]);
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(output.json()["backup"], BACKUP, "{output}");
    let kept = sandbox.path().join(BACKUP).join(path);
    assert_eq!(fs::read(kept).unwrap(), before);
    let again = sandbox.tk(["doctor", "--fix", "--json"]).json();
    assert_eq!(again["findings"], Value::Array(vec![]), "{again:#}");
    assert_eq!(again["backup"], Value::Null, "{again:#}");
    output.stdout
}

#[test]
fn references_to_itself_and_soft_ones_to_nothing_are_taken_out() {
    let sandbox = authentication();
    let text = |named: &str| {
        format!(
            "# mine\ntitle = \"Odd\" # kept\nafter = [\n  \"abc\", # first\n{named}]\nmine = 1\n"
        )
    };
    for line in [
        "blocked_by = [\"odd\"]\n",
        "parent = \"odd\"\n",
        "related = [\"zzz\"]\n",
        "discovered_from = \"zzz\"\n",
        "duplicate_of = \"odd\"\n",
    ] {
        sandbox.ticket("odd", &format!("{}{line}", text("")));
        fs::remove_dir_all(sandbox.path().join(".git/tk/backup")).ok();
        let kind = if line.contains("odd") {
            "self_reference"
        } else {
            "missing_reference"
        };
        mended(&sandbox, ".ticks/odd.toml", kind);
        let now = sandbox.read(".ticks/odd.toml");
        assert!(now.starts_with(&text("")), "{line}: {now}");
        assert!(!now.contains("\"odd\"\n") && !now.contains("zzz"), "{now}");
    }
    fs::remove_dir_all(sandbox.path().join(".git/tk/backup")).unwrap();
    sandbox.ticket("odd", &text("  \"zzz\",\n"));
    mended(&sandbox, ".ticks/odd.toml", "missing_reference");
    assert_eq!(sandbox.read(".ticks/odd.toml"), text(""));
}

/// What is not there may come with the next merge: until then it blocks.
#[test]
fn missing_blockers_and_parents_and_cycles_stay() {
    let sandbox = authentication();
    sandbox.ticket(
        "odd",
        "title = \"Odd\"\nblocked_by = [\"zzz\"]\nparent = \"yyy\"\n",
    );
    sandbox.ticket("one", "title = \"1\"\nblocked_by = [\"two\"]\n");
    sandbox.ticket("two", "title = \"2\"\nblocked_by = [\"one\"]\n");
    sandbox.ticket("bad", "title = \"Bad\"\nstatus = \"nowhere\"\n");
    let before = files(&sandbox);
    let output = sandbox.tk(["doctor", "--fix", "--json"]);
    assert_eq!(output.code, 1, "{output}");
    let document = output.json();
    assert_eq!(document["remaining"], 4, "{document:#}");
    assert_eq!(document["backup"], Value::Null, "{document:#}");
    for finding in document["findings"].as_array().unwrap() {
        assert_eq!(finding["fixable"], false, "{finding:#}");
        assert_ne!(finding["hint"], "", "{finding:#}");
    }
    assert_eq!(files(&sandbox), before);
}

#[test]
fn lines_end_as_git_is_told_and_nothing_stands_before_the_first() {
    let plain = "# c\ntitle = \"Odd\"\nmine = 1\ndescription = \"\"\"\na\nb\n\"\"\"\n";
    let crlf = plain.replace('\n', "\r\n");
    for (text, message) in [
        (format!("\u{feff}{plain}"), "a byte order mark"),
        (crlf.clone(), "lines that end with CR LF"),
        (
            format!("\u{feff}{crlf}"),
            "a byte order mark and lines that end with CR LF",
        ),
        (plain.replacen('\n', "\r\n", 2), "lines that end with CR LF"),
    ] {
        let sandbox = authentication();
        sandbox.ticket("odd", &text);
        let told = mended(&sandbox, ".ticks/odd.toml", "unplain_text");
        assert!(
            told.contains(&format!("\"the file has {message}\"")),
            "{told}"
        );
        assert_eq!(sandbox.read(".ticks/odd.toml"), plain);
    }
}

/// As where git has merged by lines what both sides added to a set.
#[test]
fn what_a_set_has_more_than_once_is_named_and_taken_out() {
    let sandbox = authentication();
    let once = "# mine\ntitle = \"Odd\"\nlabels = [\n  \"api\", # first\n  \"b\",\n]\nblocked_by = [\"abc\"]\nmine = 1\n";
    let twice = once
        .replace("  \"b\",\n", "  \"b\",\n  \"api\", # second\n")
        .replace("[\"abc\"]", "[\"abc\", 'abc']");
    sandbox.ticket("odd", &twice);
    assert_snapshot!(sandbox.tk(["doctor"]), @r"
    Tickets
      warning*  .ticks/odd.toml:3: `blocked_by` has `abc` more than once, `labels` has `api` more than once
    1 thing wrong: 5 tickets checked; `tk doctor --fix` mends 1 (*)
    --- exit 1
    ");
    mended(&sandbox, ".ticks/odd.toml", "repeated_entry");
    let now = sandbox.read(".ticks/odd.toml");
    assert_eq!(now, once.replace("]\nb", "  # second\n]\nb"));
    // A list is no set, and a note needs neither a time nor an author.
    sandbox.ticket(
        "odd",
        "title = \"Odd\"\nchecks = [\"a\", \"a\"]\n\n[[notes]]\ntext = \"x\"\n",
    );
    assert_eq!(sandbox.tk(["doctor"]).code, 0);
}

/// One finding of a file does not keep another of the same from being mended.
#[test]
fn all_that_is_wrong_with_a_file_is_mended_at_once() {
    let sandbox = authentication();
    let odd = "title = \"Odd\"\r\r\nrelated = [\"gone\", \"odd\"]\r\nmine = 1\r\n";
    sandbox.ticket("odd", odd);
    let output = sandbox.tk(["doctor", "--fix", "--json"]);
    assert_eq!(output.code, 0, "{output}");
    let document = output.json();
    let findings = document["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 3, "{document:#}");
    assert!(
        findings.iter().all(|found| found["fixed"] == true),
        "{document:#}"
    );
    let plain = sandbox.read(".ticks/odd.toml");
    assert!(
        !plain.contains('\r') && plain.contains("mine = 1\n"),
        "{plain}"
    );
    let kept = format!("{}/.ticks", document["backup"].as_str().unwrap());
    assert_eq!(sandbox.read(format!("{kept}/odd.toml")), odd);
    let copies = fs::read_dir(sandbox.path().join(kept)).unwrap();
    assert_eq!(copies.count(), 1);
    assert_eq!(sandbox.tk(["doctor"]).code, 0);
}

/// As a clone without the driver leaves it, when somebody commits what it left.
#[test]
fn a_merge_that_was_committed_with_its_marks_is_settled_by_the_rules() {
    let sandbox = authentication();
    sandbox.git(["config", "--remove-section", "merge.ticks"]);
    sandbox.git(["config", "merge.conflictStyle", "diff3"]);
    let base = "# top\ntitle = \"Odd\"\nlabels = [\"a\", \"b\"]\n\n[[notes]]\nat = 2026-11-20T08:00:00Z\nby = \"x\"\nkind = \"comment\"\ntext = \"first\"\n";
    let note = |by: &str| {
        format!(
            "\n[[notes]]\nat = 2026-11-20T08:10:00Z\nby = \"{by}\"\nkind = \"comment\"\ntext = \"more\"\n"
        )
    };
    sandbox.ticket("odd", base);
    let commit = || {
        sandbox.git(["add", "--all"]);
        sandbox.git(["commit", "--quiet", "--message=x"]);
    };
    commit();
    sandbox.git(["switch", "--quiet", "--create=side"]);
    let theirs = base.replace("\"b\"", "\"c\"") + &note("theirs");
    sandbox.ticket("odd", &theirs);
    commit();
    sandbox.git(["switch", "--quiet", "main"]);
    let ours = base.replace("\"a\", ", "").replace("# top", "# ours") + &note("ours");
    sandbox.ticket("odd", &ours);
    commit();
    let mut merge = sandbox.command("git");
    let merged = sandbox.run(merge.args(["merge", "--quiet", "side"]), None);
    assert_eq!(merged.code, 1, "{merged}");
    commit();
    assert!(sandbox.read(".ticks/odd.toml").contains("||||||| "));
    // The driver is not configured, either.
    sandbox.tk(["note", "abc", "configures it"]).ok();
    mended(&sandbox, ".ticks/odd.toml", "conflict");
    let text = sandbox.read(".ticks/odd.toml");
    assert!(text.starts_with("# ours\ntitle = \"Odd\"\n"), "{text}");
    let ticket = &sandbox.tk(["show", "odd", "--json"]).json()["tickets"][0];
    assert_eq!(ticket["labels"], serde_json::json!(["c"]), "{ticket}");
    let notes = ticket["notes"].as_array().unwrap();
    let by: Vec<_> = notes.iter().map(|note| note["by"].as_str()).collect();
    assert_eq!(by, [Some("x"), Some("ours"), Some("theirs")], "{text}");
}

/// Without the base nothing tells what was taken out of a list: what either side has stays.
#[test]
fn without_the_base_both_sides_stay() {
    let sandbox = authentication();
    sandbox.ticket(
        "odd",
        "title = \"Odd\"\n<<<<<<< HEAD\nlabels = [\"a\", \"b\"]\n=======\nlabels = [\"b\", \"c\"]\n>>>>>>> side\nmine = 1\n",
    );
    mended(&sandbox, ".ticks/odd.toml", "conflict");
    let ticket = &sandbox.tk(["show", "odd", "--json"]).json()["tickets"][0];
    assert_eq!(ticket["labels"], serde_json::json!(["a", "b", "c"]));
    assert!(sandbox.read(".ticks/odd.toml").ends_with("mine = 1\n"));
}

#[test]
fn marks_that_no_rule_settles_stay() {
    for text in [
        // An owner who was given or taken away, two owners, two tickets, marks in marks, a result
        // that is none.
        "title = \"x\"\n<<<<<<< a\nowner = \"a\"\n=======\n>>>>>>> b\n",
        "title = \"x\"\n<<<<<<< a\nowner = \"a\"\n=======\nowner = \"b\"\n>>>>>>> b\n",
        "<<<<<<< a\ntitle = \"a\"\n=======\ntitle = \"b\"\n>>>>>>> b\n",
        "title = \"x\"\n<<<<<<< a\n<<<<<<< a\n=======\npr = \"b\"\n>>>>>>> b\n=======\n>>>>>>> b\n",
        "title = \"x\"\n<<<<<<< a\nstatus = \"nowhere\"\n=======\n>>>>>>> b\n",
    ] {
        let sandbox = authentication();
        sandbox.ticket("odd", text);
        let output = sandbox.tk(["doctor", "--fix", "--json"]);
        assert_eq!(output.code, 1, "{output}");
        let finding = &output.json()["findings"][0];
        assert_eq!(finding["kind"], "conflict", "{finding:#}");
        assert_eq!(finding["fixable"], false, "{text}: {finding:#}");
        let hint = finding["hint"].as_str().unwrap();
        assert!(hint.contains("`tk edit odd`"), "{hint}");
        assert_eq!(sandbox.read(".ticks/odd.toml"), text);
    }
}

#[test]
fn what_undo_cannot_read_goes() {
    let sandbox = authentication();
    sandbox.write(".git/tk/undo.json", "{\"at\":");
    mended(&sandbox, ".git/tk/undo.json", "invalid_undo");
    assert!(!sandbox.path().join(".git/tk/undo.json").exists());
    assert_eq!(sandbox.tk(["undo"]).code, 1);
}

/// What is no file is moved to where the copies are, with all that is in it.
#[test]
fn folders_where_claims_and_records_should_be_are_put_away() {
    for (path, kind) in [
        (".git/tk/claims/abc", "stale_claim"),
        (".git/tk/claims/Not An Id", "stale_claim"),
        (".git/tk/undo.json", "invalid_undo"),
        (".git/tk/undo-older.json", "invalid_undo"),
    ] {
        let sandbox = authentication();
        // Whose mending has to do with the record, too.
        sandbox.ticket("odd", "title = \"Odd\"\nafter = [\"zzz\"]\n");
        sandbox.write(format!("{path}/deep/inside"), "mine");
        let output = sandbox.tk(["doctor", "--fix", "--json"]);
        assert_eq!(output.code, 0, "{output}");
        let findings = output.json()["findings"].clone();
        let found = findings.as_array().unwrap().iter();
        let found: Vec<_> = found.filter(|found| found["kind"] == kind).collect();
        assert_eq!(found.len(), 1, "{findings:#}");
        assert_eq!(found[0]["path"], path);
        let kept = format!("{BACKUP}/{path}/deep/inside");
        assert_eq!(sandbox.read(kept), "mine");
        assert!(!sandbox.path().join(path).exists());
        assert_eq!(sandbox.tk(["doctor"]).code, 0);
        sandbox.tk(["update", "abc", "-p", "0"]).ok();
        sandbox.tk(["undo"]).ok();
    }
}

/// Of files that are no tickets there are copies as well.
#[test]
fn claims_and_the_set_up_are_kept_as_they_were() {
    let sandbox = authentication();
    sandbox.write(".git/tk/claims/abc", "no claim");
    sandbox.write(".ticks/.tk-x1.tmp", "half");
    sandbox.write(".gitattributes", "*.png binary\n");
    sandbox.git(["config", "merge.ticks.driver", "false"]);
    let config = sandbox.read(".git/config");
    let output = sandbox.tk(["doctor", "--fix"]);
    assert_eq!(output.code, 0, "{output}");
    assert!(
        output
            .stdout
            .ends_with(&format!("as it was before: {BACKUP}\n")),
        "{output}"
    );
    for (path, text) in [
        (".git/tk/claims/abc", "no claim"),
        (".ticks/.tk-x1.tmp", "half"),
        (".gitattributes", "*.png binary\n"),
        (".git/config", config.as_str()),
    ] {
        assert_eq!(sandbox.read(format!("{BACKUP}/{path}")), text, "{path}");
    }
}

/// What cannot be kept is not touched.
#[test]
fn without_a_copy_nothing_is_mended() {
    let sandbox = authentication();
    sandbox.ticket("odd", "title = \"Odd\"\nafter = [\"zzz\"]\n");
    sandbox.write(".git/tk/backup", "a file in the way");
    let before = files(&sandbox);
    let output = sandbox.tk(["doctor", "--fix"]);
    assert_eq!(output.code, 1, "{output}");
    assert!(
        output.stdout.contains("not mended: cannot copy"),
        "{output}"
    );
    assert_eq!(files(&sandbox), before);
}

/// It gets the name that is meant, and what referred to it is right.
#[test]
fn a_ticket_in_a_file_of_another_name_gets_its_own() {
    for (name, kind) in [
        ("K7M.toml", "invalid_ticket"),
        ("k7m.TOML", "misnamed_file"),
        ("k7m.tml", "misnamed_file"),
        ("k7m.toml.txt", "misnamed_file"),
    ] {
        let sandbox = authentication();
        let text = "# mine\ntitle = \"Odd\"\nmine = 1\n";
        let path = format!(".ticks/{name}");
        sandbox.write(&path, text);
        let naming = "title = \"N\"\nblocked_by = [\"k7m\"]\nrelated = [\"k7m\"]\n";
        sandbox.ticket("nam", naming);
        let message = mended(&sandbox, &path, kind);
        let told = "it should be `k7m.toml`, as `nam` has it";
        assert!(message.contains(told), "{message}");
        assert_eq!(sandbox.read(".ticks/k7m.toml"), text);
        assert_eq!(sandbox.read(".ticks/nam.toml"), naming);
        assert!(!sandbox.path().join(&path).exists(), "{name}");
        assert_eq!(sandbox.read(format!("{BACKUP}/{path}")), text);
        assert_eq!(sandbox.tk(["doctor"]).code, 0);
        assert_eq!(
            sandbox.tk(["show", "nam", "--json"]).json()["tickets"][0]["open_blockers"],
            serde_json::json!(["k7m"])
        );
    }
}

#[test]
fn a_name_that_is_not_free_is_left_to_people() {
    let odd = "title = \"Odd\"\n";
    for names in [
        &["abc.tml"][..],
        &["ABC.toml"],
        &["k7m.tml", "K7M.toml"],
        &["k7m.tml", "k7m.TOML"],
    ] {
        let sandbox = authentication();
        for name in names {
            sandbox.write(format!(".ticks/{name}"), odd);
        }
        let before = files(&sandbox);
        let output = sandbox.tk(["doctor", "--fix", "--json"]);
        assert_eq!(output.code, 1, "{output}");
        assert_eq!(output.json()["remaining"], names.len(), "{output}");
        // What is proposed takes no other ticket's place, and no name is proposed twice.
        let mut proposed = std::collections::BTreeSet::new();
        for finding in output.json()["findings"].as_array().unwrap() {
            let hint = finding["hint"].as_str().unwrap();
            let name = hint.rsplit_once("such as `").unwrap().1;
            assert_ne!(name, format!("{}.toml`", names[0][..3].to_lowercase()));
            assert!(proposed.insert(name.to_owned()), "{hint}");
        }
        assert_eq!(files(&sandbox), before, "{names:?}");
    }
    // What holds no ticket is none of tk's, and neither is what editors keep beside a file.
    let sandbox = authentication();
    for (name, text) in [
        ("notes.txt", "Buy milk\n"),
        ("k7m.toml~", odd),
        ("k7m.toml.orig", odd),
        (".k7m.toml.txt", odd),
    ] {
        sandbox.write(format!(".ticks/{name}"), text);
    }
    let before = files(&sandbox);
    assert_eq!(sandbox.tk(["doctor", "--fix"]).code, 0);
    assert_eq!(files(&sandbox), before);
}

#[test]
fn what_came_after_a_ticket_that_is_gone_says_so_no_more() {
    let sandbox = authentication();
    let text = |key: &str| format!("# mine\ntitle = \"Odd\"\n{key}mine = 1\n");
    sandbox.ticket("odd", &text("recurs_from = \"zzz\"\n"));
    let told = sandbox.tk(["doctor", "--json"]).json();
    assert_eq!(
        told["findings"][0]["command"], "tk doctor --fix",
        "{told:#}"
    );
    mended(&sandbox, ".ticks/odd.toml", "missing_reference");
    assert_eq!(sandbox.read(".ticks/odd.toml"), text(""));
}
