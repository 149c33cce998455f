use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{authentication, files};
use crate::support::{Output, Sandbox};

/// Everything in the repository's folder, git's own files too; of what is no file, that it is.
fn whole(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![sandbox.path()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            let bytes = if kind.is_file() {
                fs::read(entry.path()).unwrap()
            } else {
                format!("{kind:?}").into_bytes()
            };
            found.insert(entry.path(), bytes);
            if kind.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    found
}

/// The paths that are not the same in both.
fn differing<'a>(
    one: &'a BTreeMap<PathBuf, Vec<u8>>,
    other: &'a BTreeMap<PathBuf, Vec<u8>>,
) -> Vec<&'a PathBuf> {
    let paths = one.keys().chain(other.keys());
    let differ = |path: &&PathBuf| one.get(*path) != other.get(*path);
    paths.filter(differ).collect()
}

/// What `tk doctor` finds, as JSON and as text alike, without a change to anything.
#[track_caller]
fn found(sandbox: &Sandbox) -> Vec<Value> {
    let before = whole(sandbox);
    let text = sandbox.tk(["doctor"]);
    let output = sandbox.tk(["doctor", "--json"]);
    let after = whole(sandbox);
    let changed = differing(&before, &after);
    assert!(changed.is_empty(), "changed by looking: {changed:?}");
    let document = output.json();
    let findings = document["findings"].as_array().unwrap().clone();
    let wrong = findings.iter().filter(|f| f["severity"] != "note").count();
    assert_eq!(document["remaining"], wrong, "{output}");
    assert_eq!(document["healthy"], wrong == 0, "{output}");
    for output in [&text, &output] {
        assert_eq!(output.code, i32::from(wrong > 0), "{output}");
        assert_eq!(output.stderr, "", "{output}");
    }
    for finding in &findings {
        let message = finding["message"].as_str().unwrap();
        assert!(text.stdout.contains(message), "{message}\n{text}");
        assert_ne!(finding["hint"], "", "{finding}");
        assert_eq!(finding["fixed"], false, "{finding}");
        for word in [
            "rm -rf",
            "--hard",
            "branch -D",
            "clean",
            "--force",
            "restore",
        ] {
            let hint = finding["hint"].as_str().unwrap();
            assert!(!hint.contains(word), "{hint}");
        }
    }
    findings
}

/// The only thing that `tk doctor` finds.
#[track_caller]
pub(crate) fn only(sandbox: &Sandbox, kind: &str, message: &str) -> Value {
    let findings = found(sandbox);
    let [finding] = findings.as_slice() else {
        panic!("{kind}: {findings:#?}");
    };
    assert_eq!(finding["kind"], kind, "{finding:#}");
    assert_eq!(finding["message"], message);
    finding.clone()
}

#[track_caller]
pub(crate) fn healthy(sandbox: &Sandbox) {
    let output = sandbox.tk(["doctor"]);
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stdout.starts_with("nothing wrong: "), "{output}");
}

/// `--fix` mends all there is, and touches no ticket; then nothing is wrong.
#[track_caller]
pub(crate) fn mended(sandbox: &Sandbox) -> Output {
    let tickets = files(sandbox);
    let output = sandbox.tk(["doctor", "--fix", "--json"]);
    assert_eq!(output.code, 0, "{output}");
    for finding in output.json()["findings"].as_array().unwrap() {
        assert_eq!(finding["fixable"], true, "{finding:#}");
        assert_eq!(finding["fixed"], true, "{finding:#}");
    }
    assert_eq!(files(sandbox), tickets);
    healthy(sandbox);
    output
}

/// `--fix` leaves it, and what is in the repository, as it is.
#[track_caller]
pub(crate) fn left(sandbox: &Sandbox, finding: &Value) {
    assert_eq!(finding["fixable"], false, "{finding:#}");
    let before = whole(sandbox);
    let output = sandbox.tk(["doctor", "--fix", "--json"]);
    assert_eq!(
        output.code,
        i32::from(finding["severity"] != "note"),
        "{output}"
    );
    assert_eq!(output.json()["findings"], json!([finding]), "{output}");
    let after = whole(sandbox);
    let mut changed = differing(&before, &after);
    changed.retain(|path| !path.ends_with(".git/tk/lock"));
    assert!(changed.is_empty(), "{changed:?}");
}

/// The command that the finding names, given as it stands there, makes it good.
#[track_caller]
fn obeyed(sandbox: &Sandbox, finding: &Value) {
    left(sandbox, finding);
    done(sandbox, finding);
}

/// The command that the finding names makes it good.
#[track_caller]
fn done(sandbox: &Sandbox, finding: &Value) {
    let command = finding["command"].as_str().unwrap();
    let tk = Path::new(env!("CARGO_BIN_EXE_tk"));
    let tk = tk.parent().unwrap().display();
    let path = format!("{tk}:{}", std::env::var("PATH").unwrap());
    let mut shell = sandbox.command("sh");
    shell.args(["-c", command]).env("PATH", path);
    sandbox.run(&mut shell, None).ok();
    healthy(sandbox);
}

fn commit_all(sandbox: &Sandbox) {
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message=all"]);
}

#[test]
fn a_repository_that_was_set_up_is_well() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["doctor"]), @"nothing wrong: 4 tickets checked");
    assert_snapshot!(sandbox.tk(["doctor", "--json"]), @r#"{"schema":"tk.doctor.v1","healthy":true,"checked":4,"total":0,"remaining":0,"backup":null,"findings":[]}"#);
    assert_snapshot!(sandbox.tk(["doctor", "--fix"]), @"nothing wrong: 4 tickets checked");
    assert_snapshot!(sandbox.tk(["doctor", "--quiet"]), @"");
    assert_eq!(found(&sandbox), [] as [Value; 0]);
    let outside = Sandbox::without_repository();
    assert_eq!(outside.tk(["doctor"]).code, 6);
    assert_eq!(Sandbox::new().tk(["doctor"]).code, 6);
}

#[test]
fn references_to_nothing_and_to_itself() {
    for (line, kind, severity, message, command) in [
        (
            "blocked_by = [\"zzz\"]",
            "missing_reference",
            "error",
            "`blocked_by` names `zzz`, which does not exist",
            "tk unblock bad zzz",
        ),
        (
            "parent = \"zzz\"",
            "missing_reference",
            "error",
            "`parent` names `zzz`, which does not exist",
            "tk update bad --parent ''",
        ),
        (
            "after = [\"abc\", \"zzz\"]",
            "missing_reference",
            "warning",
            "`after` names `zzz`, which does not exist",
            "tk update bad --after abc",
        ),
        (
            "related = [\"abc\", \"def\", \"zzz\"]",
            "missing_reference",
            "warning",
            "`related` names `zzz`, which does not exist",
            "tk update bad --related abc,def",
        ),
        (
            "discovered_from = \"zzz\"",
            "missing_reference",
            "warning",
            "`discovered_from` names `zzz`, which does not exist",
            "tk update bad --discovered-from ''",
        ),
        (
            "duplicate_of = \"zzz\"",
            "missing_reference",
            "warning",
            "`duplicate_of` names `zzz`, which does not exist",
            "tk update bad --duplicate-of ''",
        ),
        (
            "blocked_by = [\"bad\"]",
            "self_reference",
            "error",
            "`blocked_by` names the ticket itself",
            "tk unblock bad bad",
        ),
        (
            "parent = \"bad\"",
            "self_reference",
            "error",
            "`parent` names the ticket itself",
            "tk update bad --parent ''",
        ),
        (
            "after = [\"bad\"]",
            "self_reference",
            "warning",
            "`after` names the ticket itself",
            "tk update bad --after ''",
        ),
        (
            "related = [\"bad\"]",
            "self_reference",
            "warning",
            "`related` names the ticket itself",
            "tk update bad --related ''",
        ),
        (
            "discovered_from = \"bad\"",
            "self_reference",
            "warning",
            "`discovered_from` names the ticket itself",
            "tk update bad --discovered-from ''",
        ),
        (
            "duplicate_of = \"bad\"",
            "self_reference",
            "warning",
            "`duplicate_of` names the ticket itself",
            "tk update bad --duplicate-of ''",
        ),
    ] {
        let sandbox = authentication();
        sandbox.ticket("bad", &format!("title = \"Bad\"\n{line}\n"));
        let finding = only(&sandbox, kind, message);
        assert_eq!(finding["severity"], severity, "{line}");
        assert_eq!(finding["ticket"], "bad");
        assert_eq!(finding["path"], ".ticks/bad.toml");
        assert_eq!(finding["command"], command);
        if kind == "missing_reference" && severity == "error" {
            obeyed(&sandbox, &finding);
        } else {
            assert_eq!(finding["fixable"], true, "{line}");
            done(&sandbox, &finding);
        }
    }
}

#[test]
fn cycles_are_spelled_out_also_through_epics_and_parents() {
    for (tickets, message, command) in [
        (
            &[
                ("one", "blocked_by = [\"two\"]"),
                ("two", "blocked_by = [\"one\"]"),
            ][..],
            "tickets wait for one another: one → two → one",
            "tk unblock two one",
        ),
        (
            &[
                ("epic", "type = \"epic\""),
                ("one", "parent = \"epic\"\nblocked_by = [\"two\"]"),
                ("two", "blocked_by = [\"epic\"]"),
            ],
            "tickets wait for one another: one → two → one \
             (two → one: two is blocked by epic, one is a part of epic)",
            "tk unblock two epic",
        ),
        (
            &[("one", "parent = \"two\""), ("two", "parent = \"one\"")],
            "tickets wait for one another: one → two → one \
             (one → two: one is a part of two; two → one: two is a part of one)",
            "tk update two --parent ''",
        ),
        (
            &[
                ("one", "status = \"closed\"\nparent = \"two\""),
                ("two", "status = \"closed\"\nparent = \"one\""),
            ],
            "tickets wait for one another: one → two → one \
             (one → two: one is a part of two; two → one: two is a part of one)",
            "tk update two --parent ''",
        ),
    ] {
        let sandbox = authentication();
        for (id, lines) in tickets {
            sandbox.ticket(id, &format!("title = \"{id}\"\n{lines}\n"));
        }
        let mut findings = found(&sandbox);
        findings.retain(|finding| finding["kind"] == "cycle");
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_eq!(findings[0]["message"], message);
        assert_eq!(findings[0]["severity"], "error");
        assert_eq!(findings[0]["command"], command);
        obeyed(&sandbox, &findings[0]);
    }
}

/// Nothing waits for it, but no line can be added to it.
#[test]
fn what_comes_after_itself_is_noted() {
    for (lines, message, command) in [
        (
            [
                ("one", "parent = \"two\"\nafter = [\"abc\", \"two\"]"),
                ("two", "type = \"epic\""),
            ],
            "tickets come after one another: one → one (one → one: one is after two, one is a part of two)",
            "tk update one --after abc",
        ),
        (
            [("one", "after = [\"two\"]"), ("two", "after = [\"one\"]")],
            "tickets come after one another: one → two → one (one → two: one is after two; two → one: two is after one)",
            "tk update two --after ''",
        ),
        (
            [
                ("one", "blocked_by = [\"two\"]"),
                ("two", "after = [\"one\"]"),
            ],
            "tickets come after one another: two → one → two (two → one: two is after one)",
            "tk update two --after ''",
        ),
    ] {
        let sandbox = authentication();
        for (id, lines) in lines {
            sandbox.ticket(id, &format!("title = \"{id}\"\n{lines}\n"));
        }
        let mut findings = found(&sandbox);
        findings.retain(|finding| finding["kind"] == "cycle");
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_eq!(findings[0]["message"], message);
        assert_eq!(findings[0]["severity"], "note");
        assert_eq!(findings[0]["command"], command);
        assert_eq!(sandbox.tk(["doctor"]).code, 0);
        obeyed(&sandbox, &findings[0]);
    }
}

#[test]
fn every_command_that_reads_warns_of_a_cycle() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("one", "title = \"One\"\nblocked_by = [\"two\"]\n");
    sandbox.ticket("two", "title = \"Two\"\nblocked_by = [\"one\"]\n");
    for command in [
        &["list"][..],
        &["show", "one"],
        &["ready"],
        &["blocked"],
        &["graph"],
        &["next"],
    ] {
        let output = sandbox.tk(command);
        let warning = "warning: tickets wait for one another: one → two → one";
        assert!(output.stderr.contains(warning), "{command:?}\n{output}");
    }
}

#[test]
fn files_that_are_no_tickets() {
    use std::os::unix::ffi::OsStrExt;
    let place = |name: &str| {
        let sandbox = authentication();
        let path = sandbox.path().join(".ticks").join(name);
        (sandbox, path)
    };
    let check = |sandbox: &Sandbox, path: &str, line: u64, message: &str| {
        let finding = only(sandbox, "invalid_ticket", message);
        assert_eq!(finding["severity"], "error");
        assert_eq!(finding["path"], path);
        assert_eq!(finding["line"], line);
        assert_eq!(sandbox.tk(["doctor", "--json"]).json()["checked"], 5);
        left(sandbox, &finding);
    };
    for (name, text, line, message) in [
        (
            "bad.toml",
            "title = \"Bad\"\n\npriority = 9\n",
            3,
            "`priority`: it is 9: expected a whole number from 0 (highest) to 4 (lowest)",
        ),
        (
            "bad.toml",
            "title = \"Bad\"\nstatus = \"nope\"\n",
            2,
            "`status`: unknown status `nope`: expected one of open, in_progress, closed",
        ),
        (
            "bad.toml",
            "title = \"Bad\"\ntype = \"nope\"\n",
            2,
            "`type`: unknown type `nope`: expected one of task, bug, feature, chore, epic",
        ),
        (
            "Bad Name.toml",
            "title = \"Bad\"\n",
            1,
            "the file's name must be an id: `Bad Name` is not a ticket id: only a-z, 0-9, `.`, `_` and `-` are allowed",
        ),
    ] {
        let (sandbox, _) = place(name);
        sandbox.write(format!(".ticks/{name}"), text);
        check(&sandbox, &format!(".ticks/{name}"), line, message);
    }
    let (sandbox, path) = place("bad.toml");
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    check(
        &sandbox,
        ".ticks/bad.toml",
        1,
        "it is a symbolic link: expected a regular file",
    );
    let (sandbox, path) = place("bad.toml");
    sandbox.run(sandbox.command("mkfifo").arg(&path), None).ok();
    check(
        &sandbox,
        ".ticks/bad.toml",
        1,
        "it is a pipe or device: expected a regular file",
    );
    let (sandbox, path) = place("bad.toml");
    fs::write(&path, b"title = \"Bad\"\nowner = \"\xff\"\n").unwrap();
    check(&sandbox, ".ticks/bad.toml", 1, "line 2 is not UTF-8 text");
    // A name that is no text, and would do something to a terminal.
    let (sandbox, path) = place("x");
    let name = std::ffi::OsStr::from_bytes(b"\x1b[31m\xff.toml");
    fs::write(path.with_file_name(name), "").unwrap();
    let findings = found(&sandbox);
    assert_eq!(findings[0]["kind"], "invalid_ticket");
    assert!(!sandbox.tk(["doctor"]).stdout.contains('\u{1b}'));
    fs::remove_file(path.with_file_name(name)).unwrap();
}

/// What an editor can mend is opened by a command, which the finding names.
#[test]
fn what_can_be_corrected_is_told_how() {
    let sandbox = authentication();
    sandbox.ticket("bad", "title = \"Bad\"\npriority = 9\n");
    sandbox.ticket(
        "cfl",
        "title = \"C\"\n<<<<<<< a\n=======\nlabels = [\"x\"]\n>>>>>>> b\n",
    );
    sandbox.write(".ticks/Odd one.toml", "title = \"x\"\n");
    sandbox.write(".ticks/Odd.toml", "title = \"x\"\n");
    let ticks = sandbox.path().join(".ticks");
    fs::write(ticks.join("utf.toml"), b"title = \"\xff\"\n").unwrap();
    fs::create_dir(ticks.join("dir.toml")).unwrap();
    sandbox.write(".ticks/agents/odd.toml", "kind = \"robot\"\n");
    sandbox.write(
        ".ticks/agents/near.toml",
        "kind = \"claude\"\nmodle = \"opus\"\n",
    );
    let findings = found(&sandbox);
    for (path, hint) in [
        ("bad.toml", "correct it with `tk edit bad`"),
        ("cfl.toml", "`tk doctor --fix`"),
        ("Odd one.toml", "give it another name, such as `k7m.toml`"),
        ("Odd.toml", "`tk doctor --fix`"),
        ("utf.toml", "correct it in an editor"),
        ("dir.toml", "put the file itself in its place"),
        ("agents/odd.toml", "correct it in an editor"),
        (
            "agents/near.toml",
            "correct it in an editor: did you mean `model`?",
        ),
    ] {
        let path = format!(".ticks/{path}");
        let named = findings.iter().find(|finding| finding["path"] == path);
        assert_eq!(named.unwrap()["hint"], hint, "{path}");
    }
    let mend = |id: &str, editor: &str| {
        let mut command = sandbox.tk_command();
        let command = command.args(["edit", id]).env("EDITOR", editor);
        sandbox.run(command, None).ok();
    };
    mend("bad", "sed -i s/9/1/");
    mend("cfl", "sed -i '/^[<=>]/d'");
    let listed = sandbox.tk(["list", "-p", "1", "--fields", "id"]);
    assert!(listed.stdout.contains("bad"), "{listed}");
    assert_eq!(
        sandbox.read(".ticks/cfl.toml"),
        "title = \"C\"\nlabels = [\"x\"]\n"
    );
}

#[test]
fn conflicts_in_files_and_in_the_index() {
    let sandbox = authentication();
    commit_all(&sandbox);
    sandbox.git(["config", "--remove-section", "merge.ticks"]);
    sandbox.git(["switch", "--quiet", "--create=side"]);
    let text = sandbox.read(".ticks/abc.toml");
    sandbox.ticket("abc", &text.replace("First", "Theirs"));
    commit_all(&sandbox);
    sandbox.git(["switch", "--quiet", "main"]);
    sandbox.ticket("abc", &text.replace("First", "Ours"));
    commit_all(&sandbox);
    let mut merge = sandbox.command("git");
    assert_eq!(
        sandbox
            .run(merge.args(["merge", "--quiet", "side"]), None)
            .code,
        1
    );
    let marked = sandbox.read(".ticks/abc.toml");
    // Written by the test for all that the sandbox knows.
    sandbox.ticket("abc", &marked);
    sandbox.tk(["doctor", "--fix"]);
    let mut findings = found(&sandbox);
    // What is blocked by it is not blocked by nothing.
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let finding = findings.remove(0);
    assert_eq!(finding["kind"], "conflict");
    assert_eq!(finding["path"], ".ticks/abc.toml");
    assert_eq!(finding["ticket"], "abc");
    assert_eq!(finding["line"], 1);
    left(&sandbox, &finding);
    // The file is settled, and git has not been told.
    sandbox.ticket("abc", &text);
    let finding = only(
        &sandbox,
        "conflict",
        "the merge of it is not settled in git's index",
    );
    assert_eq!(finding["command"], "tk resolve abc");
    obeyed(&sandbox, &finding);
    assert_eq!(sandbox.read(".ticks/abc.toml"), text);
}

/// A merge of several branches leaves no mark of the ticket that is not in the file.
#[test]
fn a_ticket_that_an_octopus_left_out_is_not_lost() {
    let sandbox = Sandbox::initialised();
    commit_all(&sandbox);
    for name in ["one", "two", "three"] {
        sandbox.git(["switch", "--quiet", "--create", name, "main"]);
        let ticket = |title: &str| format!("title = \"{title}\"\n");
        match name {
            "one" => sandbox.ticket("zzz", &ticket("Another")),
            _ => sandbox.ticket("d8k", &ticket(&format!("Filed in {name}"))),
        }
        commit_all(&sandbox);
    }
    sandbox.git(["switch", "--quiet", "main"]);
    let mut merge = sandbox.command("git");
    merge.args(["merge", "--quiet", "one", "two", "three"]);
    assert_ne!(sandbox.run(&mut merge, None).code, 0);
    let state = sandbox.git(["status", "--porcelain"]);
    assert!(state.contains("AA .ticks/d8k.toml"), "{state}");
    let finding = only(
        &sandbox,
        "conflict",
        "the merge of it is not settled in git's index",
    );
    assert_eq!(finding["command"], "tk resolve d8k");
    obeyed(&sandbox, &finding);
    let titles = sandbox.tk(["list", "--fields", "title"]).ok();
    for name in ["two", "three"] {
        assert!(titles.contains(&format!("Filed in {name}")), "{titles}");
    }
}

/// Which side deleted it is said, and what settles that.
#[test]
fn a_ticket_that_one_side_deleted_and_the_other_changed_is_asked_about() {
    for (deletes, what) in [
        (
            "side",
            "what comes in deleted it, and what is checked out changed it",
        ),
        (
            "main",
            "what is checked out deleted it, and what comes in changed it",
        ),
    ] {
        let sandbox = authentication();
        let other = if deletes == "main" { "side" } else { "main" };
        commit_all(&sandbox);
        sandbox.git(["branch", "side"]);
        sandbox.git(["switch", "--quiet", deletes]);
        sandbox.tk(["delete", "ghi"]).ok();
        commit_all(&sandbox);
        sandbox.git(["switch", "--quiet", other]);
        sandbox.tk(["note", "ghi", "hi"]).ok();
        commit_all(&sandbox);
        sandbox.git(["switch", "--quiet", "main"]);
        let mut merge = sandbox.command("git");
        merge.args(["merge", "--quiet", "side"]);
        assert_eq!(sandbox.run(&mut merge, None).code, 1);
        let message = format!("a merge has left open whether the ticket stays: {what}");
        let finding = only(&sandbox, "conflict", &message);
        assert_eq!(finding["ticket"], "ghi");
        assert_eq!(finding["path"], ".ticks/ghi.toml");
        let (keeps, gone) = match deletes {
            "side" => ("--ours", "--theirs"),
            _ => ("--theirs", "--ours"),
        };
        assert_eq!(
            finding["hint"],
            format!("`tk resolve ghi -i` asks; `{keeps}` keeps the ticket, `{gone}` deletes it")
        );
        let option = if deletes == "main" { keeps } else { gone };
        sandbox.tk(["resolve", "ghi", option]).ok();
        let is_there = sandbox.path().join(".ticks/ghi.toml").exists();
        assert_eq!(is_there, option == keeps);
        healthy(&sandbox);
    }
}

/// In a linked worktree, what is named settles the merge in the main one.
#[test]
fn from_a_linked_worktree_the_way_to_the_main_one_is_told() {
    let sandbox = authentication();
    let text = sandbox.read(".ticks/ghi.toml");
    let write = |owner: &str| sandbox.ticket("ghi", &format!("{text}pr = \"{owner}\"\n"));
    commit_all(&sandbox);
    sandbox.git(["switch", "--quiet", "--create=side"]);
    write("theirs");
    commit_all(&sandbox);
    sandbox.git(["switch", "--quiet", "main"]);
    write("ours");
    commit_all(&sandbox);
    let linked = sandbox.root().join("it's linked");
    let linked = linked.to_str().unwrap();
    sandbox.git(["worktree", "add", "--quiet", linked, "-b", "linked"]);
    let mut merge = sandbox.command("git");
    merge.args(["merge", "--quiet", "side"]);
    assert_eq!(sandbox.run(&mut merge, None).code, 1);
    let marked = sandbox.read(".ticks/ghi.toml");
    // Written by the test for all that the sandbox knows.
    sandbox.ticket("ghi", &marked);
    let told = sandbox.tk(["-C", linked, "doctor", "--json"]).json();
    let finding = &told["findings"][0];
    assert_eq!(
        finding["hint"],
        "`tk -C $ROOT/repo resolve ghi` merges its keys; `-i` asks about the rest"
    );
    assert_snapshot!(sandbox.tk(["-C", linked, "resolve", "ghi"]), @"
    --- stderr
    error: no ticket `ghi` is left unmerged
    hint: the main working tree has it: `tk -C $ROOT/repo resolve ghi`
    --- exit 3
    ");
    assert_snapshot!(sandbox.tk(["-C", linked, "resolve"]), @"
    nothing is unmerged
    --- stderr
    hint: the main working tree has unmerged tickets: `tk -C $ROOT/repo resolve`
    ");
    let mut resolve = sandbox.tk_command();
    let resolve = resolve.current_dir(linked).arg("-C").arg(sandbox.path());
    let settled = sandbox.run(resolve.args(["resolve", "gh", "--ours"]), None);
    assert_eq!(settled.ok(), "ghi  merged\n");
    sandbox.git(["commit", "--quiet", "--no-edit"]);
    healthy(&sandbox);
    // The other way round: the main one has nothing of it.
    assert_eq!(sandbox.tk(["-C", linked, "resolve"]).stderr, "");
    let mut merge = sandbox.command("git");
    let merge = merge.current_dir(linked).args(["merge", "--quiet"]);
    assert_eq!(sandbox.run(merge.arg("side"), None).code, 1);
    let ticks = Path::new(linked).join(".ticks");
    let tk = |args: &[&str]| {
        let mut tk = sandbox.tk_command();
        let tk = tk.current_dir(linked).env("TK_DIR", &ticks);
        sandbox.run(tk.args(args), None)
    };
    let told = tk(&["doctor", "--json"]).json();
    assert_eq!(
        told["findings"][0]["hint"],
        "`tk resolve ghi` merges its keys; `-i` asks about the rest"
    );
    tk(&["resolve", "ghi", "--ours"]).ok();
}

#[test]
fn a_broken_configuration_is_found_like_anything_else() {
    let sandbox = authentication();
    sandbox.write(".ticks/config.toml", "[run]\nparalel = 3\n");
    // Not in the words of the default configuration, which is not the project's.
    sandbox.ticket(
        "odd",
        "title = \"Odd\"\nstatus = \"building\"\ntype = \"story\"\n",
    );
    let finding = only(&sandbox, "invalid_config", "unknown key `paralel` in `run`");
    assert_eq!(finding["path"], ".ticks/config.toml");
    assert_eq!(finding["line"], 2);
    left(&sandbox, &finding);
    assert_eq!(sandbox.tk(["list"]).code, 4);
    fs::remove_file(sandbox.path().join(".ticks/config.toml")).unwrap();
    std::os::unix::fs::symlink("/nowhere", sandbox.path().join(".ticks/config.toml")).unwrap();
    only(
        &sandbox,
        "invalid_config",
        "it is a symbolic link: expected a regular file",
    );
}

#[test]
fn agents_that_cannot_work() {
    let sandbox = authentication();
    sandbox.write(".ticks/agents/bad.toml", "kind = \"robot\"\n");
    let finding = only(
        &sandbox,
        "invalid_agent",
        "`kind` is `\"robot\"`: expected `claude` or `command`",
    );
    assert_eq!(finding["path"], ".ticks/agents/bad.toml");
    assert_eq!(finding["line"], 1);
    sandbox.write(
        ".ticks/agents/bad.toml",
        "model = \"x\"\nsystem = \"prompts/no.md\"\n",
    );
    let finding = only(
        &sandbox,
        "invalid_agent",
        "`system` names `prompts/no.md`, which is not there",
    );
    assert_eq!(finding["line"], 2);
    left(&sandbox, &finding);
    sandbox.write(".ticks/prompts/no.md", "Be kind.\n");
    healthy(&sandbox);
    sandbox.ticket("odd", "title = \"Odd\"\nagent = \"nobody\"\n");
    let finding = only(
        &sandbox,
        "unknown_agent",
        "`agent` names `nobody`, of which there is no file",
    );
    assert_eq!(finding["ticket"], "odd");
    obeyed(&sandbox, &finding);
    sandbox.write(".ticks/config.toml", "[run]\nagent = \"nobody\"\n");
    let finding = only(
        &sandbox,
        "unknown_agent",
        "`run.agent` names `nobody`, of which there is no file",
    );
    assert_eq!(
        (&finding["path"], &finding["line"]),
        (&json!(".ticks/config.toml"), &json!(2))
    );
}

#[test]
fn a_closed_epic_with_open_children() {
    let sandbox = authentication();
    sandbox.tk(["close", "aut", "--force"]).ok();
    let finding = only(
        &sandbox,
        "open_children",
        "it is closed, and open are still abc, def, ghi",
    );
    assert_eq!(finding["severity"], "warning");
    assert_eq!(finding["ticket"], "aut");
    obeyed(&sandbox, &finding);
}

#[test]
fn work_that_nobody_holds_is_a_note() {
    let mut sandbox = authentication();
    sandbox.ticket("odd", "title = \"Odd\"\nstatus = \"in_progress\"\n");
    let finding = only(&sandbox, "unclaimed", "in progress, and nobody holds it");
    assert_eq!(finding["severity"], "note");
    left(&sandbox, &finding);
    assert_snapshot!(sandbox.tk(["doctor"]), @r"
    Tickets
      note      odd: in progress, and nobody holds it
                `tk claim odd` takes it, `tk update odd --status STATUS` puts it back
    nothing wrong: 5 tickets checked
    ");
    // A person need not claim what is theirs; an agent that has claimed it does hold it.
    sandbox
        .tk(["update", "odd", "--owner", "ann@example.com"])
        .ok();
    assert_eq!(found(&sandbox), [] as [Value; 0]);
    sandbox.tk(["update", "odd", "--owner", "agent:x"]).ok();
    only(
        &sandbox,
        "unclaimed",
        "in progress with agent:x, who holds no claim on it",
    );
    sandbox.tk(["update", "odd", "--status", "open"]).ok();
    sandbox = sandbox.with_env("TK_ACTOR", "agent:x");
    sandbox.tk(["claim", "odd"]).ok();
    assert_eq!(found(&sandbox), [] as [Value; 0]);
}

#[test]
fn claims_that_hold_nothing() {
    let claim = |until: &str| format!("{{\"actor\":\"ann\",\"lease_until\":\"{until}\"}}\n");
    let (over, holds) = (claim("2026-11-20T08:38:50Z"), claim("2026-11-20T08:38:51Z"));
    for (name, text, message) in [
        (
            "abc",
            over.as_str(),
            "the lease of ann was over at 2026-11-20T08:38:50Z",
        ),
        ("old", &holds, "ann holds a ticket that is closed"),
        ("zzz", &holds, "ann holds a ticket that does not exist"),
        (
            "abc",
            "no claim",
            "it cannot be read as a claim: expected ident at line 1 column 2",
        ),
        ("Not An Id", &holds, "the file's name is no ticket's id"),
    ] {
        let sandbox = authentication();
        sandbox.ticket("old", "title = \"Old\"\nstatus = \"closed\"\n");
        // One that holds stays.
        sandbox.write(".git/tk/claims/def", &holds);
        sandbox.write(format!(".git/tk/claims/{name}"), text);
        let finding = only(&sandbox, "stale_claim", message);
        assert_eq!(finding["path"], format!(".git/tk/claims/{name}"));
        assert_eq!(finding["command"], "tk doctor --fix");
        mended(&sandbox);
        assert!(!sandbox.path().join(".git/tk/claims").join(name).exists());
        assert_eq!(sandbox.read(".git/tk/claims/def"), holds);
    }
}

#[test]
fn what_a_killed_writer_left() {
    for path in [
        ".ticks/.tk-x1.tmp",
        ".tk-x1.tmp",
        ".git/tk/.tk-x1.tmp",
        ".git/tk/claims/.tk-x1.tmp",
    ] {
        let sandbox = authentication();
        sandbox.write(path, "title = \"Ha");
        // Not while it may be of a writer that is at work.
        sandbox.write(".git/tk/lock", "");
        let lock = fs::File::open(sandbox.path().join(".git/tk/lock")).unwrap();
        lock.lock().unwrap();
        healthy(&sandbox);
        drop(lock);
        let finding = only(
            &sandbox,
            "unfinished_file",
            "a writer that was killed has left it",
        );
        assert_eq!(finding["path"], path);
        mended(&sandbox);
        assert!(!sandbox.path().join(path).exists());
    }
}

/// One that changed many tickets is one thing to mend, not as many.
#[test]
fn what_a_writer_of_many_left_is_one_finding() {
    let sandbox = authentication();
    let paths: Vec<String> = (1..=5).map(|n| format!(".ticks/.tk-x{n}.tmp")).collect();
    for path in &paths {
        sandbox.write(path, path);
    }
    let finding = only(
        &sandbox,
        "unfinished_file",
        "a writer that was killed has left 5 files: `.tk-x1.tmp`, `.tk-x2.tmp`, `.tk-x3.tmp` and 2 \
         more",
    );
    assert_eq!(finding["path"], ".ticks");
    assert_eq!(finding["paths"], json!(paths));
    let output = mended(&sandbox).json();
    let backup = output["backup"].as_str().unwrap();
    for path in &paths {
        assert!(!sandbox.path().join(path).exists());
        assert_eq!(sandbox.read(format!("{backup}/{path}")), *path);
    }
}

/// No writer leaves one, and no command stumbles over it.
#[test]
fn a_folder_that_is_named_as_an_unfinished_file_is_left_alone() {
    let sandbox = authentication();
    for folder in [".ticks/.tk-x1.tmp", ".git/tk/claims/.tk-x1.tmp"] {
        sandbox.write(format!("{folder}/inside"), "mine");
    }
    healthy(&sandbox);
    sandbox.tk(["new", "One more"]).ok();
    sandbox.write("in.jsonl", "{\"id\": \"oth\", \"title\": \"Another\"}\n");
    let output = sandbox.tk(["import", "jsonl", "in.jsonl"]);
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(sandbox.read(".ticks/.tk-x1.tmp/inside"), "mine");
}

#[test]
fn the_set_up_is_completed() {
    let sandbox = authentication();
    sandbox.write(".gitattributes", "*.png binary\n.ticks/config.toml !merge");
    let finding = only(
        &sandbox,
        "attributes",
        "git merges tickets as any text: `.ticks/*.toml merge=ticks text eol=lf` missing",
    );
    assert_eq!(finding["path"], ".gitattributes");
    mended(&sandbox);
    assert_snapshot!(sandbox.read(".gitattributes"), @r"
    *.png binary
    .ticks/config.toml !merge
    .ticks/*.toml merge=ticks text eol=lf
    ");
    sandbox.git(["config", "--unset", "merge.ticks.driver"]);
    only(
        &sandbox,
        "merge_driver",
        "the merge driver is not configured: `merge.ticks.driver` is not set",
    );
    mended(&sandbox);
    sandbox.git(["config", "merge.ticks.driver", "false"]);
    only(
        &sandbox,
        "merge_driver",
        "the merge driver is another one: `merge.ticks.driver` differs",
    );
    mended(&sandbox);
    let init = sandbox.tk(["init", "--json"]).json();
    assert_eq!(init["changed"], false, "mended as `tk init` would");
}

#[test]
fn a_lock_that_nobody_can_take() {
    let sandbox = authentication();
    let lock = sandbox.path().join(".git/tk/lock");
    healthy(&sandbox);
    fs::create_dir_all(&lock).unwrap();
    let root = sandbox.root().display().to_string();
    let findings = found(&sandbox);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let message = findings[0]["message"].as_str().unwrap();
    assert_eq!(
        message.replace(&root, "$ROOT"),
        "no command can change anything: \
         cannot open `$ROOT/repo/.git/tk/lock`: Is a directory (os error 21)"
    );
    assert_eq!(findings[0]["kind"], "unusable_lock");
    assert_eq!(findings[0]["path"], ".git/tk/lock");
    fs::remove_dir(&lock).unwrap();
    sandbox.tk(["note", "abc", "x"]).ok();
    healthy(&sandbox);
}

#[test]
fn what_is_where_a_folder_should_be_is_told_beside_all_else() {
    for folder in ["claims", "holdings", "runs", "backup"] {
        let sandbox = authentication();
        sandbox.write(format!(".git/tk/{folder}"), "x\n");
        sandbox.ticket("odd", "title = 3\n");
        let findings = found(&sandbox);
        let kinds: Vec<_> = findings.iter().map(|found| found["kind"].clone()).collect();
        assert_eq!(kinds, ["invalid_ticket", "unusable_folder"]);
        assert_eq!(findings[1]["path"], format!(".git/tk/{folder}"));
        fs::remove_file(sandbox.path().join(".git/tk").join(folder)).unwrap();
        fs::remove_file(sandbox.path().join(".ticks/odd.toml")).unwrap();
        sandbox.tk(["claim", "abc"]).ok();
        healthy(&sandbox);
    }
}

#[test]
fn templates_that_nobody_can_name() {
    let sandbox = authentication();
    sandbox.write(
        ".ticks/templates/Bad Name.toml",
        "[[ticket]]\ntitle = \"x\"\n",
    );
    let finding = only(
        &sandbox,
        "invalid_template",
        "the file's name cannot be a template's: \
         expected letters, digits, `_` and `-`, then `.toml`",
    );
    assert_eq!(finding["path"], ".ticks/templates/Bad Name.toml");
    left(&sandbox, &finding);
}

#[test]
fn a_template_is_tried_without_a_word_of_its_tickets() {
    let sandbox = authentication();
    sandbox.write(
        ".ticks/templates/late.toml",
        "title = \"Late\"\ndue = 2026-12-01\ndefer_until = 2026-12-05\n",
    );
    assert_eq!(sandbox.tk(["doctor"]).stderr, "");
    let made = sandbox.tk(["new", "--from", "late"]);
    assert!(made.stderr.starts_with("warning: `"), "{made}");
}

#[test]
fn what_git_ignores_and_tracks() {
    let sandbox = authentication();
    for (rule, line) in [(".ticks/\n", 1), ("target\n*.toml\n", 2)] {
        sandbox.write(".gitignore", rule);
        let pattern = rule.lines().last().unwrap();
        let message = format!("`{pattern}` keeps git from tracking what is in `.ticks/`");
        let finding = only(&sandbox, "ignored_tickets", &message);
        assert_eq!(finding["severity"], "error");
        assert_eq!(
            (&finding["path"], &finding["line"]),
            (&json!(".gitignore"), &json!(line))
        );
        left(&sandbox, &finding);
    }
    sandbox.write(".gitignore", "*.toml\n!.ticks/*.toml\n");
    healthy(&sandbox);
    // The folder of worktrees, where nothing keeps it from being seen.
    sandbox.write(".worktrees/.keep", "");
    only(
        &sandbox,
        "exclude",
        "git shows the worktrees of runs as files of yours: they are not in `info/exclude`",
    );
    mended(&sandbox);
    assert!(
        sandbox
            .git(["status", "--porcelain", "-uall"])
            .find(".worktrees")
            .is_none()
    );
    sandbox.git(["add", "--force", ".worktrees"]);
    let finding = only(
        &sandbox,
        "tracked_local",
        "git tracks what is in `.worktrees/`, which is of this clone alone",
    );
    left(&sandbox, &finding);
    // One who ignores the folder in a way of their own need not be told.
    let sandbox = authentication();
    sandbox.write(".gitignore", ".worktrees\n");
    sandbox.write(".worktrees/.keep", "");
    healthy(&sandbox);
}

/// What is being written, or was by one that was killed, is not added to a commit.
#[test]
fn git_does_not_see_unfinished_files() {
    let seen = |sandbox: &Sandbox| {
        sandbox.write(".ticks/.tk-x1.tmp", "title = \"Ha");
        sandbox.write(".tk-x1.tmp", ".ti");
        let seen = sandbox.git(["status", "--porcelain", "-uall"]);
        fs::remove_file(sandbox.path().join(".ticks/.tk-x1.tmp")).unwrap();
        fs::remove_file(sandbox.path().join(".tk-x1.tmp")).unwrap();
        seen.contains(".tk-x1.tmp")
    };
    let sandbox = authentication();
    assert!(!seen(&sandbox));
    // Nor in a clone, once something is written there.
    sandbox.write(".git/info/exclude", "# mine");
    let finding = only(
        &sandbox,
        "exclude",
        "git takes what is being written for files of yours, and `git add` fails or adds half of it: \
         they are not in `info/exclude`",
    );
    assert_eq!(finding["severity"], "warning");
    sandbox.git(["config", "--remove-section", "merge.ticks"]);
    sandbox.tk(["note", "abc", "written"]).ok();
    assert!(!seen(&sandbox));
    assert_eq!(sandbox.read(".git/info/exclude"), "# mine\n.tk-*.tmp\n");
    sandbox.write(".git/info/exclude", "");
    mended(&sandbox);
    assert!(!seen(&sandbox));
}

/// Worktree and branch of a ticket, as a run makes them, that no run knows.
fn leak(sandbox: &Sandbox, id: &str) -> PathBuf {
    let (path, branch) = (format!(".worktrees/{id}"), format!("tk/work/aut/{id}"));
    sandbox.write(".git/info/exclude", ".tk-*.tmp\n/.worktrees/\n");
    sandbox.git([
        "worktree",
        "add",
        "--quiet",
        "--no-track",
        "-b",
        &branch,
        &path,
        "main",
    ]);
    sandbox.path().join(path)
}

/// Commits a file in the worktree.
fn work(sandbox: &Sandbox, worktree: &Path) {
    fs::write(worktree.join("work.txt"), "work\n").unwrap();
    let inside = worktree.to_str().unwrap();
    sandbox.git(["-C", inside, "add", "work.txt"]);
    sandbox.git(["-C", inside, "commit", "--quiet", "--message=work"]);
}

const NOWHERE_LOST: &str = "it belongs to no run any more, and all of it is on another branch";

#[test]
fn leaked_worktrees_and_branches_whose_work_has_landed_go() {
    let sandbox = authentication();
    commit_all(&sandbox);
    let worktree = leak(&sandbox, "abc");
    // What git ignores does not keep a worktree.
    fs::create_dir(worktree.join("target")).unwrap();
    sandbox.write(".git/info/exclude", ".tk-*.tmp\n/.worktrees/\ntarget\n");
    fs::write(worktree.join("target/built"), "x").unwrap();
    let finding = only(&sandbox, "leaked_worktree", NOWHERE_LOST);
    assert_eq!(finding["path"], ".worktrees/abc");
    assert_eq!(finding["branch"], "tk/work/aut/abc");
    assert_eq!(finding["ticket"], "abc");
    mended(&sandbox);
    assert!(!sandbox.path().join(".worktrees").exists());

    // With work on it that is merged; and a branch alone, and the run's own.
    let worktree = leak(&sandbox, "def");
    work(&sandbox, &worktree);
    sandbox.git([
        "merge",
        "--quiet",
        "--no-ff",
        "--message=land",
        "tk/work/aut/def",
    ]);
    sandbox.git(["branch", "tk/work/aut/ghi@2"]);
    sandbox.git(["branch", "tk/run/aut"]);
    let tip = sandbox.git(["rev-parse", "tk/work/aut/def"]);
    let kinds: Vec<String> = found(&sandbox)
        .iter()
        .map(|finding| {
            format!(
                "{} {}",
                finding["kind"].as_str().unwrap(),
                finding["branch"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "leaked_worktree tk/work/aut/def",
            "leaked_branch tk/run/aut",
            "leaked_branch tk/work/aut/ghi@2"
        ]
    );
    mended(&sandbox);
    assert_eq!(
        sandbox.git(["branch", "--format=%(refname:short)"]),
        "main\n"
    );
    // Every one of them is kept in a backup.
    assert_eq!(sandbox.git(["rev-parse", "refs/tk/backup/def/1"]), tip);
    for name in ["abc", "ghi", "aut"] {
        sandbox.git(["rev-parse", "--verify", &format!("refs/tk/backup/{name}/1")]);
    }
}

#[test]
fn unlanded_work_survives_byte_for_byte() {
    let sandbox = authentication();
    commit_all(&sandbox);
    let worktree = leak(&sandbox, "abc");
    work(&sandbox, &worktree);
    let finding = only(
        &sandbox,
        "unlanded_work",
        "it belongs to no run any more, and 1 commit on it is nowhere else",
    );
    assert_eq!(finding["severity"], "warning");
    assert_eq!(finding["command"], "git merge tk/work/aut/abc");
    left(&sandbox, &finding);
    // On its branch alone.
    sandbox.git(["worktree", "remove", ".worktrees/abc"]);
    let finding = only(
        &sandbox,
        "unlanded_work",
        "it belongs to no run any more, and 1 commit on it is nowhere else",
    );
    left(&sandbox, &finding);
    // On a run's branch it is as good as landed, and that is not.
    sandbox.git(["branch", "tk/run/aut", "tk/work/aut/abc"]);
    let kinds: Vec<Value> = found(&sandbox).iter().map(|f| f["kind"].clone()).collect();
    assert_eq!(kinds, ["leaked_branch", "unlanded_work"]);
    sandbox.tk(["doctor", "--fix"]);
    let finding = only(
        &sandbox,
        "unlanded_work",
        "it belongs to no run any more, and 1 commit on it is nowhere else",
    );
    assert_eq!(finding["branch"], "tk/run/aut");
    left(&sandbox, &finding);
    sandbox.git(["merge", "--quiet", "tk/run/aut"]);
    mended(&sandbox);
}

#[test]
fn a_worktree_in_use_stays() {
    let unused = "it belongs to no run any more, and";
    let check = |prepare: &dyn Fn(&Sandbox, &Path), why: &str| {
        let sandbox = authentication();
        commit_all(&sandbox);
        let worktree = leak(&sandbox, "abc");
        prepare(&sandbox, &worktree);
        let finding = only(&sandbox, "unlanded_work", &format!("{unused} {why}"));
        assert_eq!(finding["command"], Value::Null, "{finding:#}");
        left(&sandbox, &finding);
    };
    check(
        &|_, worktree| fs::write(worktree.join("new.txt"), "x").unwrap(),
        "not committed in it: new.txt",
    );
    check(
        &|_, worktree| fs::write(worktree.join("README.md"), "x").unwrap(),
        "not committed in it: README.md",
    );
    check(
        &|sandbox, _| drop(sandbox.git(["worktree", "lock", ".worktrees/abc"])),
        "it is locked",
    );
    check(
        &|sandbox, _| {
            sandbox.git(["-C", ".worktrees/abc", "switch", "--quiet", "--detach"]);
            sandbox.git(["branch", "--quiet", "--delete", "tk/work/aut/abc"]);
        },
        "it is on no branch",
    );
    check(
        &|_, worktree| fs::remove_file(worktree.join(".git")).unwrap(),
        "it is no git worktree any more",
    );
}

#[test]
fn what_is_of_the_user_is_left_alone() {
    let sandbox = authentication();
    commit_all(&sandbox);
    sandbox.write(".git/info/exclude", ".tk-*.tmp\n/.worktrees/\n");
    // A branch of the user's own, among the worktrees and elsewhere.
    sandbox.git([
        "worktree",
        "add",
        "--quiet",
        "-b",
        "mine",
        ".worktrees/mine",
    ]);
    sandbox.git(["worktree", "add", "--quiet", "-b", "other", "../other"]);
    assert_eq!(found(&sandbox), [] as [Value; 0]);
    // A look at a run's branch, in a worktree elsewhere.
    sandbox.git([
        "worktree",
        "add",
        "--quiet",
        "-b",
        "tk/work/aut/abc",
        "../look",
    ]);
    let finding = only(
        &sandbox,
        "unlanded_work",
        "it belongs to no run any more, and it is not where runs have theirs",
    );
    left(&sandbox, &finding);
    sandbox.git(["worktree", "remove", "../look"]);
    mended(&sandbox);
    // Another name of a branch is not one to delete through.
    sandbox.git([
        "symbolic-ref",
        "refs/heads/tk/work/aut/def",
        "refs/heads/mine",
    ]);
    let finding = only(
        &sandbox,
        "unlanded_work",
        "it belongs to no run any more, and it is only another name of a branch",
    );
    left(&sandbox, &finding);
}

#[test]
fn worktrees_and_folders_that_do_not_know_each_other() {
    let sandbox = authentication();
    commit_all(&sandbox);
    let worktree = leak(&sandbox, "abc");
    sandbox.git(["branch", "--force", "keep", "tk/work/aut/abc"]);
    fs::remove_dir_all(&worktree).unwrap();
    let kinds: Vec<Value> = found(&sandbox).iter().map(|f| f["kind"].clone()).collect();
    assert_eq!(kinds, ["leaked_branch", "missing_worktree"]);
    mended(&sandbox);
    assert_eq!(sandbox.git(["worktree", "list"]).lines().count(), 1);
    // Work on its branch is no reason to keep what git knows of a folder that is gone.
    let worktree = leak(&sandbox, "abc");
    work(&sandbox, &worktree);
    fs::remove_dir_all(&worktree).unwrap();
    let output = sandbox.tk(["doctor", "--fix", "--json"]);
    let fixed = |finding: &Value| (finding["kind"].clone(), finding["fixed"].clone());
    let all: Vec<_> = output.json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(fixed)
        .collect();
    assert_eq!(
        all,
        [
            (json!("unlanded_work"), json!(false)),
            (json!("missing_worktree"), json!(true))
        ]
    );
    sandbox.git(["rev-parse", "--verify", "tk/work/aut/abc"]);
    sandbox.git(["branch", "--move", "tk/work/aut/abc", "mine"]);
    // A folder that git knows nothing of.
    sandbox.write(".worktrees/stranger/notes.txt", "mine\n");
    let finding = only(
        &sandbox,
        "unknown_folder",
        "git knows no worktree there, and what is in it is not tk's to judge",
    );
    assert_eq!(finding["path"], ".worktrees/stranger");
    left(&sandbox, &finding);
}

#[test]
fn agents_may_look_and_not_mend() {
    let sandbox = authentication().with_env("TK_ACTOR", "agent:claude");
    sandbox.write(".ticks/.tk-x1.tmp", "");
    assert_eq!(found(&sandbox).len(), 1);
    let refused = sandbox.tk(["doctor", "--fix", "--json"]);
    assert_eq!(refused.code, 4, "{refused}");
    assert!(refused.stderr.contains("HUMANS_ONLY"), "{refused}");
    assert!(sandbox.path().join(".ticks/.tk-x1.tmp").exists());
}

#[test]
fn the_text_says_what_is_wrong_and_what_to_do() {
    let sandbox = authentication();
    commit_all(&sandbox);
    sandbox.ticket("bad", "title = \"Bad\"\nblocked_by = [\"zzz\"]\n");
    sandbox.write(".ticks/.tk-x1.tmp", "");
    leak(&sandbox, "abc");
    sandbox.git(["config", "--unset", "merge.ticks.driver"]);
    assert_snapshot!(sandbox.tk(["doctor"]), @r"
    Tickets
      error     bad: `blocked_by` names `zzz`, which does not exist
                `tk unblock bad zzz`
    Left over
      warning*  .ticks/.tk-x1.tmp: a writer that was killed has left it
      warning*  .worktrees/abc on tk/work/aut/abc: it belongs to no run any more, and all of it is on another branch
    Set-up
      warning*  the merge driver is not configured: `merge.ticks.driver` is not set
    4 things wrong: 5 tickets checked; `tk doctor --fix` mends 3 (*)
    --- exit 1
    ");
    assert_snapshot!(sandbox.tk(["doctor", "--fix"]), @r"
    Tickets
      error     bad: `blocked_by` names `zzz`, which does not exist
                `tk unblock bad zzz`
    Left over
      mended    .ticks/.tk-x1.tmp: a writer that was killed has left it
      mended    .worktrees/abc on tk/work/aut/abc: it belongs to no run any more, and all of it is on another branch
    Set-up
      mended    the merge driver is not configured: `merge.ticks.driver` is not set
    3 of 4 mended, 1 left: 5 tickets checked
    as it was before: .git/tk/backup/20261120T083850Z
    --- exit 1
    ");
    assert_snapshot!(sandbox.tk(["doctor", "--fix"]), @r"
    Tickets
      error     bad: `blocked_by` names `zzz`, which does not exist
                `tk unblock bad zzz`
    1 thing wrong: 5 tickets checked
    --- exit 1
    ");
}

#[test]
fn what_no_command_sees_is_named() {
    let sandbox = Sandbox::initialised();
    for name in [
        "sub/abc.toml",
        ".hidden.toml",
        "templates/own.toml",
        ".tk-x.toml",
    ] {
        let path = sandbox.path().join(".ticks").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "title = \"x\"\n").unwrap();
    }
    assert_snapshot!(sandbox.tk(["doctor"]), @r"
    Tickets
      error*    .ticks/.hidden.toml: it holds a ticket, which no command sees: it should be `hidden.toml`
      error     .ticks/sub/abc.toml: it holds a ticket, which no command sees: it should be `abc.toml`
                if it is to be one, move it out of its folder
    2 things wrong: 0 tickets checked; `tk doctor --fix` mends 1 (*)
    --- exit 1
    ");
    assert_snapshot!(sandbox.tk(["doctor", "--fix"]), @r"
    Tickets
      mended    .ticks/.hidden.toml: it holds a ticket, which no command sees: it should be `hidden.toml`
      error     .ticks/sub/abc.toml: it holds a ticket, which no command sees: it should be `abc.toml`
                if it is to be one, move it out of its folder
    1 of 2 mended, 1 left: 0 tickets checked
    as it was before: .git/tk/backup/20261120T083850Z
    --- exit 1
    ");
    assert_snapshot!(sandbox.tk(["list", "--fields", "id"]), @"hidden");
}

#[test]
fn a_file_where_the_own_folder_should_be_is_found() {
    let sandbox = Sandbox::initialised();
    sandbox.write(".git/tk", "");
    assert_snapshot!(sandbox.tk(["doctor"]), @r"
    Set-up
      error     .git/tk: it is no folder, so that nothing can be put into it
                take away what is there, which is not of `tk`; the folder is made again
    1 thing wrong: 0 tickets checked
    --- exit 1
    ");
}
