//! The editors here are lines of shell: what `$EDITOR` says is one, and `$1` its file.

use insta::assert_snapshot;

use crate::project::{authentication, files};
use crate::support::{Output, Sandbox};

/// `tk edit` with these arguments, by an editor that is that line of shell.
fn edit(sandbox: &Sandbox, editor: &str, args: &[&str]) -> Output {
    let mut command = sandbox.tk_command();
    command.arg("edit").args(args);
    let tk = env!("CARGO_BIN_EXE_tk");
    command.env("TK", tk).env("EDITOR", by(editor));
    sandbox.run(&mut command, None)
}

/// The command of an editor that is that line of shell.
fn by(line: &str) -> String {
    format!("sh -c '{line}' editor")
}

/// What is left of edits, by name.
fn drafts(sandbox: &Sandbox) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![sandbox.path().join(".git/tk/edits")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            match path.is_dir() {
                true => folders.push(path),
                false if name.ends_with(".lock") => {}
                false => found.push(name),
            }
        }
    }
    found.sort();
    found
}

const WRITTEN: &str = "# why it is here\nx-team = \"core\"   # not ours\nstatus = \"open\"\n\
                       title = \"Written by hand\"\nlabels = [\"b\", \"a\"]\n";

#[test]
fn what_was_typed_is_what_is_there() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", WRITTEN);
    assert_snapshot!(edit(&sandbox, "true", &["abc"]), @"abc  unchanged  Written by hand");
    let unchanged = edit(&sandbox, "true", &["abc", "--json"]).json();
    assert_eq!(unchanged["changed"], false);
    assert_eq!(sandbox.read(".ticks/abc.toml"), WRITTEN);

    let typed = "title='Typed'\n\n\n# mine\n[x.y]\nz   = [1,\n2] # two\n";
    sandbox.write("typed", typed);
    assert_snapshot!(edit(&sandbox, "cat typed >$1", &["ab"]), @"abc  edited  Typed");
    assert_eq!(sandbox.read(".ticks/abc.toml"), typed);
    // A comment is a change, too.
    let said = edit(&sandbox, "echo \\# end >>$1", &["abc", "--json"]);
    assert_eq!(said.json()["changed"], true, "{said}");
    assert_eq!(said.json()["tickets"][0]["title"], "Typed");
    assert_eq!(sandbox.read(".ticks/abc.toml"), format!("{typed}# end\n"));
    assert_eq!(drafts(&sandbox), [""; 0]);
}

#[test]
fn work_at_what_was_closed_begins() {
    let sandbox = authentication();
    sandbox.tk(["close", "def", "--force"]).ok();
    let to = "sed -i s/closed\\\"/in_progress\\\"/ $1";
    assert_snapshot!(edit(&sandbox, to, &["def"]), @r"
    def  edited  Second
    --- stderr
    warning: `def` is begun though blocked by `abc`
    ");
    assert!(sandbox.read(".ticks/def.toml").contains("started_at = "));
}

#[test]
fn a_status_goes_its_usual_way() {
    let sandbox = authentication();
    let to = |status: &str| format!("echo status = \\\"{status}\\\" >>$1");
    let with_gate = "sed -i s/title/status=\\\"closed\\\"\\\\ntitle/ $1";
    assert_snapshot!(edit(&sandbox, &to("in_progress"), &["def"]), @r"
    def  edited  Second
    --- stderr
    warning: `def` is begun though blocked by `abc`
    ");
    assert!(sandbox.read(".ticks/def.toml").contains("started_at = "));
    let closed = "sed -i s/in_progress/closed/ $1";
    assert_snapshot!(edit(&sandbox, closed, &["def"]), @r"
    --- stderr
    error: $ROOT/repo/.git/tk/edits/def/def.toml:6: `def` is blocked by `abc`
    hint: close those first, or close it all the same with `--force`
    hint: the edit is kept in `$ROOT/repo/.git/tk/edits/def/def.toml`: `tk edit def` goes on with it
    --- exit 4
    ");
    sandbox.tk(["close", "abc"]).ok();
    // The kept edit, as it is, is fine now; what happened meanwhile is merged into it.
    assert_snapshot!(edit(&sandbox, "true", &["def"]), @r"
    def  edited  Second
    --- stderr
    hint: this was the edit of `def` that was kept; `--fresh` begins another
    ");
    let text = sandbox.read(".ticks/def.toml");
    assert!(text.contains("closed_by = \"dana@example.com\""), "{text}");
    assert_snapshot!(edit(&sandbox, with_gate, &["ghi", "--json"]).json()["closed"], @"false");
    let text = sandbox.read(".ticks/ghi.toml");
    assert!(text.contains("awaiting = \"review\""), "{text}");
    assert!(!text.contains("closed"), "{text}");
    sandbox.tk(["approve", "ghi"]).ok();
    assert_snapshot!(edit(&sandbox, "sed -i s/\\\"open/\\\"closed/ $1", &["ghi"]), @r"
    ghi  edited  Third
    --- stderr
    hint: every child of the epic `aut` is closed: `tk close aut`
    ");
    assert_snapshot!(edit(&sandbox, "sed -i s/closed\\\"/open\\\"/ $1", &["ghi"]), @"ghi  edited  Third");
    let text = sandbox.read(".ticks/ghi.toml");
    assert!(
        !text.contains("closed_at") && !text.contains("verdict = \"appr"),
        "{text}"
    );
}

/// Everything that is no ticket, or not allowed, by what the editor does to `def`; what is
/// said, after the place.
#[test]
fn what_is_refused_is_kept() {
    let add = |line: &str| format!("echo {} >>$1", line.replace('"', "\\\""));
    let rows: &[(String, &str)] = &[
        (add("title = 1"), ":5: not TOML: duplicate key"),
        (
            add("priority = 7"),
            ":5: `priority`: it is 7: expected a whole number",
        ),
        (
            add("status = \"opn\""),
            ":5: `status`: unknown status `opn`: expected one of open, ",
        ),
        (
            add("type = \"tsk\""),
            ":5: `type`: unknown type `tsk`: expected one of task, ",
        ),
        (add("due = \"soon\""), ":5: `due`: "),
        (
            add("requires = \"luck\""),
            ":5: `requires`: unknown gate `luck`",
        ),
        ("sed -i s/Second// $1".into(), ":1: `title`: "),
        (
            "printf \"title = \\\"\\\\377\\\"\" >$1".into(),
            ":1: line 1 is not UTF-8 text",
        ),
        (
            "rm $1; mkdir $1".into(),
            ":1: it is a folder: expected a regular file",
        ),
        (
            "rm $1; ln -s /etc/passwd $1".into(),
            ":1: it is a symbolic link",
        ),
        (
            "head -c 17000000 /dev/zero >$1".into(),
            ":1: it is larger than 16 MiB",
        ),
        (add("status = \"closed\""), ":5: `def` is blocked by `abc`"),
        (add("after = [\"zzz\"]"), ":5: no ticket `zzz`"),
        (
            add("after = [\"ab\"]"),
            ":5: no ticket `ab`: expected a whole id",
        ),
        (
            add("related = [\"def\"]"),
            ":5: `def` cannot be related to itself",
        ),
        (
            add("duplicate_of = \"def\""),
            ":5: `def` cannot be a duplicate of itself",
        ),
        (
            "sed -i s/\\\"abc/\\\"def/ $1".into(),
            ":2: `def` cannot be blocked by itself",
        ),
        (
            "sed -i s/aut/abc/ $1".into(),
            ":4: tickets would wait for one another",
        ),
        (
            add("agent = \"nobody\""),
            ":5: no agent `nobody`: expected one of claude",
        ),
        (
            add("verdict = \"approved\""),
            ":5: the verdict on `def` is no text to be typed",
        ),
    ];
    for (editor, expected) in rows {
        let sandbox = authentication();
        let before = files(&sandbox);
        let output = edit(&sandbox, editor, &["def", "--json"]);
        assert_eq!(output.code, 4, "{editor}\n{output}");
        let said: serde_json::Value = serde_json::from_str(&output.stderr).unwrap();
        let message = said["error"]["message"].as_str().unwrap();
        let place = format!("$ROOT/repo/.git/tk/edits/def/def.toml{expected}");
        assert!(message.starts_with(&place), "{editor}\n{message}\n{place}");
        let hint = said["error"]["hint"].as_str().unwrap();
        // No editor goes on with a folder or a link.
        let then = match editor.starts_with("rm ") {
            true => "`tk edit def --fresh` lays it aside",
            false => "`tk edit def` goes on with it",
        };
        assert!(hint.contains(then), "{hint}");
        assert_eq!(files(&sandbox), before, "{editor}");
        assert!(drafts(&sandbox).contains(&"opened".to_owned()), "{editor}");
    }
}

/// A file that is no ticket is opened all the same. What can be read of it is what it was, so
/// the guards hold; what it said is kept.
#[test]
fn a_file_that_is_no_ticket_is_mended() {
    let broken = "title = \"One\nstatus = \"closed\"\nclosed_at = 2026-11-20T08:00:00Z\n";
    let sandbox = authentication();
    sandbox.ticket("bad", broken);
    assert_snapshot!(edit(&sandbox, "sed -i s/One/One\\\"/ $1", &["bad"]), @r#"
    bad  edited  One
    --- stderr
    warning: .ticks/bad.toml:1: not TOML: invalid basic string: expected `"`
    hint: what the file said is kept in `$ROOT/repo/.git/tk/edits/bad-fd03b41ea761.toml`
    "#);
    // It was closed, and is: nothing of that is new.
    assert_snapshot!(sandbox.read(".ticks/bad.toml"), @r#"
    title = "One"
    status = "closed"
    closed_at = 2026-11-20T08:00:00Z
    "#);
    let kept = drafts(&sandbox);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(sandbox.read(format!(".git/tk/edits/{}", kept[0])), broken);
    sandbox.tk(["show", "bad"]).ok();

    // Left as it is, or wrong again, it stays; what was typed is kept.
    sandbox.ticket("bad", "title = \"One\"\npriority = 9\n");
    assert_snapshot!(edit(&sandbox, "true", &["ba"]), @r"
    --- stderr
    error: .ticks/bad.toml:2: `priority`: it is 9: expected a whole number from 0 (highest) to 4 (lowest)
    hint: `tk doctor` says how to mend it
    --- exit 4
    ");
    assert_snapshot!(edit(&sandbox, "sed -i s/9/8/ $1", &["bad"]), @r"
    --- stderr
    warning: .ticks/bad.toml:2: `priority`: it is 9: expected a whole number from 0 (highest) to 4 (lowest)
    error: $ROOT/repo/.git/tk/edits/bad/bad.toml:2: `priority`: it is 8: expected a whole number from 0 (highest) to 4 (lowest)
    hint: the edit is kept in `$ROOT/repo/.git/tk/edits/bad/bad.toml`: `tk edit bad` goes on with it
    --- exit 4
    ");
    assert_eq!(
        sandbox.read(".ticks/bad.toml"),
        "title = \"One\"\npriority = 9\n"
    );
    assert_snapshot!(edit(&sandbox, "sed -i s/8/4/ $1", &["bad"]), @r"
    bad  edited  One
    --- stderr
    warning: .ticks/bad.toml:2: `priority`: it is 9: expected a whole number from 0 (highest) to 4 (lowest)
    hint: this was the edit of `bad` that was kept; `--fresh` begins another
    hint: what the file said is kept in `$ROOT/repo/.git/tk/edits/bad-d3d0aa20d7eb.toml`
    ");
    assert_snapshot!(sandbox.tk(["list", "-p", "4"]), @"bad  P4  open  task  One");

    // Both sides of a merge.
    let sides = "<<<<<<< a\npriority = 1\n=======\npriority = 3\n>>>>>>> b\ntitle = \"One\"\n";
    sandbox.ticket("bad", sides);
    let etag = sandbox.git(["hash-object", ".ticks/bad.toml"]);
    assert_eq!(
        edit(&sandbox, "true", &["bad", "--if-match", etag.trim()]).code,
        5
    );
    edit(
        &sandbox,
        "sed -i -e /^[\\<=]/,/=$/d -e /^[\\>=]/d -e 1d $1",
        &["bad"],
    )
    .ok();
    assert_snapshot!(sandbox.read(".ticks/bad.toml"), @r#"
    priority = 3
    title = "One"
    "#);
}

/// The guards of a file that was no ticket, by what it said and what the editor makes of it.
#[test]
fn mending_is_no_way_around_the_guards() {
    let closed = "s/opn/closed/";
    let rows: &[(&str, &str, i32, &str)] = &[
        // Its status can be read, and the closing is one.
        (
            "status = \"open\"\nblocked_by = [\"abc\"]\npriority = 9\n",
            "-e s/9/1/ -e s/open/closed/",
            4,
            "`bad` is blocked by `abc`",
        ),
        // It cannot, and was none that is closed.
        (
            "status = \"opn\"\nblocked_by = [\"abc\"]\n",
            closed,
            4,
            "`bad` is blocked by `abc`",
        ),
        (
            "status = \"opn\"\nrequires = \"review\"\n",
            closed,
            0,
            "awaiting review",
        ),
        ("status = \"opn\"\n", closed, 0, "edited"),
        ("status = \"opn\"\n", "s/opn/in_progress/", 0, "edited"),
        (
            "status = \"opn\"\nparent = \"O\"\n",
            "-e s/opn/open/ -e s/O\\\"/old\\\"/",
            4,
            "the epic `old` is closed",
        ),
        // It was closed before.
        (
            "status = \"clsed\"\nclosed_at = 2026-11-20T08:00:00Z\nblocked_by = [\"abc\"]\n",
            "s/clsed/closed/",
            0,
            "edited",
        ),
        (
            "blocked_by = \"abc\"\n",
            "s/\\\"abc\\\"/[\\\"zzz\\\"]/",
            4,
            "no ticket `zzz`",
        ),
        (
            "blocked_by = \"abc\"\n",
            "s/\\\"abc\\\"/[\\\"bad\\\"]/",
            4,
            "blocked by itself",
        ),
        (
            "blocked_by = \"abc\"\n",
            "s/\\\"abc\\\"/[\\\"bac\\\"]/",
            4,
            "bac → bad → bac",
        ),
        (
            "verdict = \"fine\"\n",
            "s/fine/approved/",
            4,
            "is no text to be typed",
        ),
    ];
    for (text, editor, code, expected) in rows {
        let sandbox = authentication();
        sandbox.ticket(
            "old",
            "title = \"Old\"\ntype = \"epic\"\nstatus = \"closed\"\n",
        );
        sandbox.ticket("bac", "title = \"Back\"\nblocked_by = [\"bad\"]\n");
        sandbox.ticket("bad", &format!("title = \"One\"\n{text}"));
        let before = files(&sandbox);
        let output = edit(&sandbox, &format!("sed -i {editor} $1"), &["bad"]);
        assert_eq!(output.code, *code, "{text}{editor}\n{output}");
        let said = format!("{}{}", output.stdout, output.stderr);
        assert!(said.contains(expected), "{text}{editor}\n{output}");
        if *code != 0 {
            assert_eq!(files(&sandbox), before, "{text}{editor}");
            assert!(drafts(&sandbox).contains(&"bad.toml".to_owned()));
        }
    }
}

/// What no editor can mend is told as ever.
#[test]
fn what_is_no_text_is_not_opened() {
    let sandbox = authentication();
    let ticks = sandbox.path().join(".ticks");
    std::fs::write(ticks.join("utf.toml"), b"title = \"\xff\"").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", ticks.join("lnk.toml")).unwrap();
    std::fs::create_dir(ticks.join("dir.toml")).unwrap();
    for (id, said) in [
        ("utf", ".ticks/utf.toml:1: line 1 is not UTF-8 text"),
        ("lnk", ".ticks/lnk.toml:1: it is a symbolic link"),
        ("dir", ".ticks/dir.toml:1: it is a folder"),
    ] {
        let output = edit(&sandbox, "echo opened >&2", &[id]);
        assert_eq!(output.code, 4, "{output}");
        assert!(
            output.stderr.contains(&format!("error: {said}")),
            "{output}"
        );
        assert!(!output.stderr.contains("opened"), "{output}");
    }
    assert_eq!(drafts(&sandbox), [""; 0]);
}

#[test]
fn a_kept_edit_goes_on() {
    let sandbox = authentication();
    assert_eq!(
        edit(&sandbox, "sed -i s/First/Fir/ $1; echo a=>>$1", &["abc"]).code,
        4
    );
    sandbox
        .tk(["update", "abc", "--title", "Renamed", "-p", "3"])
        .ok();
    // Put right, it is merged with what happened meanwhile, or both versions are shown.
    assert_snapshot!(edit(&sandbox, "sed -i /a=/d $1", &["abc"]), @r"
    --- stderr
    hint: this was the edit of `abc` that was kept; `--fresh` begins another
    error: `abc` was changed meanwhile, and differently: `title`
    hint: both versions stand in the edit, between marker lines, yours below
    hint: the edit is kept in `$ROOT/repo/.git/tk/edits/abc/abc.toml`: `tk edit abc` goes on with it
    --- exit 5
    ");
    let both = sandbox.read(".git/tk/edits/abc/abc.toml");
    assert_snapshot!(both, @r#"
    <<<<<<< ours
    title = "Renamed"
    =======
    title = "Fir"
    >>>>>>> theirs
    priority = 3
    estimate = "2h"
    parent = "aut"
    "#);
    assert_snapshot!(edit(&sandbox, "sed -i -e /^[\\<=\\>]/d -e /Renamed/d $1", &["abc"]), @r"
    abc  edited  Fir
    --- stderr
    hint: this was the edit of `abc` that was kept; `--fresh` begins another
    ");
    assert_snapshot!(sandbox.read(".ticks/abc.toml"), @r#"
    title = "Fir"
    priority = 3
    estimate = "2h"
    parent = "aut"
    "#);

    assert_eq!(edit(&sandbox, "echo a=>>$1", &["abc"]).code, 4);
    assert_snapshot!(edit(&sandbox, "sed -i s/Fir/New/ $1", &["abc", "--fresh"]), @r"
    abc  edited  New
    --- stderr
    hint: the edit that was kept is `$ROOT/repo/.git/tk/edits/abc-ddc97fdcdb04.toml`
    ");
    assert_eq!(drafts(&sandbox).len(), 1, "what was typed is not lost");
    // Whoever takes back what was typed has nothing kept any more.
    assert_eq!(edit(&sandbox, "echo a=>>$1", &["abc"]).code, 4);
    assert_snapshot!(edit(&sandbox, "sed -i /a=/d $1", &["abc"]), @r"
    abc  unchanged  New
    --- stderr
    hint: this was the edit of `abc` that was kept; `--fresh` begins another
    ");
    assert_eq!(drafts(&sandbox).len(), 1);
}

#[test]
fn nobody_waits_for_an_editor() {
    let sandbox = authentication();
    let meanwhile = "$TK note abc meanwhile; sed -i s/First/Other/ $1";
    assert_snapshot!(edit(&sandbox, meanwhile, &["abc"]), @r"
    abc  edited  Other
    --- stderr
    abc  noted  First
    hint: `abc` was changed meanwhile: both changes are in it
    ");
    assert_snapshot!(sandbox.read(".ticks/abc.toml"), @r#"
    title = "Other"
    priority = 1
    estimate = "2h"
    parent = "aut"

    [[notes]]
    at = 2026-11-20T08:38:50Z
    by = "dana@example.com"
    kind = "comment"
    text = "meanwhile"
    "#);
    // But a ticket is in one editor at a time.
    let twice = edit(&sandbox, "$TK edit abc; test $? -eq 5", &["abc"]);
    assert_eq!(twice.code, 0, "{twice}");
    assert!(
        twice.stderr.contains("`abc` is being edited by process "),
        "{twice}"
    );
    let gone = edit(&sandbox, "$TK delete abc --force; echo \\# >>$1", &["abc"]);
    assert_eq!(gone.code, 3, "{gone}");
    assert_eq!(drafts(&sandbox), ["abc.toml", "opened"]);
    // Until it is there again, no edit can go on.
    let hint = "`tk edit abc` goes on with it once the ticket is there again\n";
    assert!(gone.stderr.ends_with(hint), "{gone}");
    assert_eq!(edit(&sandbox, "true", &["abc"]).code, 3);
    sandbox.tk(["undo"]).ok();
    edit(&sandbox, "grep -q '^#$' $1", &["abc"]).ok();
}

#[test]
fn an_etag_must_match_before_and_after() {
    let sandbox = authentication();
    let etag = sandbox.tk(["show", "abc", "--json"]).json()["tickets"][0]["etag"].clone();
    let etag = etag.as_str().unwrap();
    let retitled = "sed -i s/First/Other/ $1";
    let stale = edit(&sandbox, retitled, &["abc", "--if-match", "0123"]);
    assert_eq!((stale.code, drafts(&sandbox).len()), (5, 0), "{stale}");
    let meanwhile = format!("$TK update abc -p 4; {retitled}");
    let stale = edit(&sandbox, &meanwhile, &["abc", "--if-match", etag]);
    assert_eq!((stale.code, drafts(&sandbox).len()), (5, 2), "{stale}");
    assert!(
        sandbox
            .read(".ticks/abc.toml")
            .contains("title = \"First\"")
    );
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    let sandbox = authentication();
    let before = files(&sandbox);
    assert_snapshot!(edit(&sandbox, "exit 3", &["abc"]), @r"
    --- stderr
    error: the editor `sh -c 'exit 3' editor` failed: exit status: 3
    hint: nothing was changed
    --- exit 1
    ");
    assert_eq!(drafts(&sandbox), [""; 0]);
    assert_snapshot!(edit(&sandbox, "echo a=>>$1; exit 3", &["abc"]), @r"
    --- stderr
    error: the editor `sh -c 'echo a=>>$1; exit 3' editor` failed: exit status: 3
    hint: the edit is kept in `$ROOT/repo/.git/tk/edits/abc/abc.toml`: `tk edit abc` goes on with it
    --- exit 1
    ");
    assert_eq!(drafts(&sandbox), ["abc.toml", "opened"]);
    assert_eq!(files(&sandbox), before);
}

#[test]
fn which_editor() {
    let sandbox = authentication();
    let run = |env: &[(&str, &str)]| {
        let mut command = sandbox.tk_command();
        command.args(["edit", "abc"]);
        for (name, line) in env {
            command.env(name, by(line));
        }
        sandbox.run(&mut command, None)
    };
    assert_snapshot!(run(&[]), @r"
    --- stderr
    error: nobody says which editor, and there is no terminal for vi
    hint: `VISUAL`, `EDITOR`, `GIT_EDITOR` or git's setting `core.editor` names one
    --- exit 2
    ");
    sandbox.git(["config", "core.editor", &by("echo git >&2")]);
    let said = |env: &[(&str, &str)]| run(env).stderr;
    assert_eq!(said(&[]), "git\n");
    assert_eq!(said(&[("GIT_EDITOR", "echo own >&2")]), "own\n");
    assert_eq!(said(&[("EDITOR", "echo editor >&2")]), "editor\n");
    let both = [("EDITOR", "echo editor"), ("VISUAL", "echo visual")];
    // What an editor prints is not among the data.
    assert_eq!(said(&both), "visual\n");
    assert_snapshot!(run(&both).stdout, @"abc  unchanged  First");
}

#[test]
fn the_text_and_its_place_never_reach_a_shell() {
    let sandbox = Sandbox::new();
    let folder = sandbox
        .root()
        .join("an $(touch pwned) \"odd' `touch pwned` ; touch pwned #");
    std::fs::create_dir(&folder).unwrap();
    let run = |program: &str, args: &[&str]| {
        let mut command = sandbox.command(program);
        command
            .args(args)
            .current_dir(&folder)
            .env("EDITOR", by("ls -d \"$1\" >&2; sed -i s/x/y/ \"$1\""));
        let output = sandbox.run(&mut command, None);
        assert_eq!(output.code, 0, "{output}");
        output
    };
    let tk = env!("CARGO_BIN_EXE_tk");
    run("git", &["init", "--quiet", "."]);
    run(tk, &["init"]);
    let id = run(tk, &["new", "x $(touch pwned) `touch pwned`"]).stdout;
    let said = run(tk, &["edit", id.trim()]);
    assert!(said.stderr.contains("/.git/tk/edits/"), "{said}");
    assert!(said.stdout.contains("edited  y $(touch pwned)"), "{said}");
    for folder in [&folder, &sandbox.path(), &sandbox.root().to_owned()] {
        assert!(!folder.join("pwned").exists());
    }
}

/// What no editor can go on with is not opened again, and two of them are two.
#[test]
fn what_is_no_file_is_told_and_laid_aside() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", WRITTEN);
    for left in ["mkdir $1", "mkfifo $1", "ln -s nowhere $1", "mkdir $1"] {
        let told = edit(&sandbox, &format!("rm $1; {left}"), &["abc"]);
        assert_eq!(told.code, 4, "{told}");
        assert!(told.stderr.contains("expected a regular file"), "{told}");
        assert!(told.stderr.contains("`tk edit abc --fresh`"), "{told}");
        let again = edit(&sandbox, "touch opened", &["abc"]);
        assert_eq!(again.code, 4, "{again}");
        assert!(again.stderr.contains("expected a regular file"), "{again}");
        assert!(!sandbox.path().join("opened").exists());
        edit(&sandbox, "true", &["abc", "--fresh"]).ok();
    }
    assert_eq!(sandbox.read(".ticks/abc.toml"), WRITTEN);
    let folder = sandbox.path().join(".git/tk/edits");
    for number in 1..=4 {
        let path = folder.join(format!("abc-unread-{number}.toml"));
        assert!(std::fs::symlink_metadata(path).is_ok(), "{number}");
    }
    // What is no text is another thing each time, too.
    for bytes in ["\\\\377", "\\\\376"] {
        let told = edit(&sandbox, &format!("printf {bytes} >$1"), &["abc"]);
        assert_eq!(told.code, 4, "{told}");
        edit(&sandbox, "true", &["abc", "--fresh"]).ok();
    }
    let read = |number| std::fs::read(folder.join(format!("abc-unread-{number}.toml"))).unwrap();
    assert_eq!((read(5), read(6)), (vec![0xff], vec![0xfe]));
}
