//! The user's checkout is the user's: nothing outside `.ticks/` changes before landing, and
//! landing overwrites nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::rig::{Live, Rig, open, write};

/// Everything of the user's checkout that a run must leave alone.
fn state(rig: &Rig) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    collect(&rig.sandbox.path(), Path::new(""), &mut found);
    for file in [".git/HEAD", ".git/index", ".git/config"] {
        found.insert(
            file.to_owned(),
            std::fs::read(rig.sandbox.path().join(file)).unwrap(),
        );
    }
    for args in [
        ["rev-parse", "HEAD"].as_slice(),
        &["stash", "list"],
        &["for-each-ref", "refs/heads/main", "refs/stash", "refs/tags"],
    ] {
        found.insert(
            args.join(" "),
            rig.sandbox.git(args.iter().copied()).into_bytes(),
        );
    }
    found
}

fn collect(root: &Path, below: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(root.join(below)).unwrap().flatten() {
        let path = below.join(entry.file_name());
        let kept = [".git", ".ticks", ".worktrees"]
            .iter()
            .any(|name| path == Path::new(name));
        if kept {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            collect(root, &path, found);
        } else {
            let bytes = std::fs::read(root.join(&path)).unwrap();
            found.insert(path.display().to_string(), bytes);
        }
    }
}

/// One ticket that waits at a pipe, in a checkout with every kind of unfinished business.
fn dirty() -> (Rig, std::path::PathBuf) {
    let rig = Rig::new(&[("one", "")]);
    let pipe = rig.pipe("go");
    let (wait, up) = (json!({"await": pipe}), json!({"say": "up"}));
    rig.script(json!({"one": [[{"write": {"path": "new.txt", "text": "new"}}, {"commit": "x"}, up, wait]]}));
    unfinished_business(&rig);
    (rig, pipe)
}

fn unfinished_business(rig: &Rig) {
    let s = &rig.sandbox;
    s.write("stashed", "s");
    s.git(["add", "stashed"]);
    s.git(["stash", "--quiet"]);
    s.write(".gitignore", ".env\n");
    s.write(".env", "SECRET=1\n");
    s.write("tracked", "one\n");
    s.git(["add", ".gitignore", "tracked"]);
    s.git(["commit", "--quiet", "-m", "more"]);
    s.write("tracked", "edited\n");
    s.write("README.md", "staged\n");
    s.git(["add", "README.md"]);
    s.write("README.md", "staged and edited\n");
    s.write("untracked", "mine\n");
}

#[test]
fn nothing_changes_before_landing_and_nothing_of_the_users_after() {
    let (rig, pipe) = dirty();
    let before = state(&rig);
    let mut live = rig.start([]);
    live.until("one", "say");
    assert_eq!(state(&rig), before);
    open(&pipe);
    live.until("one", "closed");
    live.end().expect(0);
    let after = state(&rig);
    let files = |state: &BTreeMap<String, Vec<u8>>| {
        let mut files = state.clone();
        files.retain(|name, _| !name.starts_with(".git/") && !name.contains(' '));
        files
    };
    let mut expected = files(&before);
    expected.insert("new.txt".to_owned(), b"new".to_vec());
    assert_eq!(files(&after), expected);
    assert_eq!(
        rig.sandbox.git(["status", "--porcelain"]),
        "MM README.md\n M tracked\n?? untracked\n"
    );
    assert_eq!(rig.sandbox.read(".env"), "SECRET=1\n");
    assert_eq!(rig.sandbox.git(["stash", "list"]).lines().count(), 1);
}

/// HEAD, the bytes of index and configuration, the stash, the references that are no run's, and
/// every file outside `.ticks/`.
#[test]
fn a_hundred_landings_on_the_runs_branch_leave_the_checkout_as_it_was() {
    let ids: Vec<String> = (0..100).map(|number| format!("t{number}")).collect();
    let tickets: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "")).collect();
    let rig = Rig::new(&tickets);
    let agent = "kind = \"command\"\ncommand = [\"sh\", \"-c\", 'echo x > $TK_TICKET.txt']\n";
    rig.sandbox.write(".ticks/agents/plain.toml", agent);
    unfinished_business(&rig);
    let before = state(&rig);
    let ended = rig
        .run(["--agent", "plain", "--land", "never", "-j", "4"])
        .expect(0);
    assert_eq!(ended.of("", "landed").len(), 100);
    assert_eq!(state(&rig), before);
    let landed = "--format=%(trailers:key=Ticket,valueonly)";
    let listed = rig
        .sandbox
        .git(["log", "--first-parent", landed, "tk/run/epic", "--"]);
    let mut listed: Vec<&str> = listed.lines().filter(|line| !line.is_empty()).collect();
    listed.sort_unstable();
    let mut expected: Vec<&str> = ids.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    rig.assert_tidy();
}

#[test]
fn with_land_never_the_checkout_stays_as_it_was() {
    let (rig, pipe) = dirty();
    let before = state(&rig);
    let mut live = rig.start(["--land", "never"]);
    live.until("one", "say");
    open(&pipe);
    live.end().expect(0);
    assert_eq!(state(&rig), before);
    assert_eq!(rig.branches(), ["main", "tk/run/epic"]);
    rig.assert_tidy();
    let landed = rig.sandbox.tk(["land", "epic"]);
    assert_eq!(landed.code, 0, "{landed}");
    assert_eq!(rig.sandbox.read("new.txt"), "new");
    assert_eq!(rig.branches(), ["main"]);
    let again = rig.sandbox.tk(["land", "epic"]);
    assert_eq!(again.code, 1, "nothing to land\n{again}");
}

#[test]
fn landing_that_would_overwrite_is_refused_and_finished_later() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.script(json!({"one": [write("mine", "theirs")], "two": [write("README.md", "theirs\n")]}));
    rig.sandbox.write("mine", "mine");
    rig.sandbox.write("README.md", "edited\n");
    let before = state(&rig);
    let ended = rig.run([]);
    assert_eq!(ended.code, 6, "{:?}\n{}", ended.events, ended.stderr);
    assert_eq!(ended.last()["outcome"], "unlanded");
    assert_eq!(state(&rig), before);
    assert_eq!(rig.landings("one", "tk/run/epic"), 1);
    rig.assert_tidy();
    // As a person sees it, with the command that finishes the job.
    let refused = rig.sandbox.tk(["land", "epic"]);
    assert_eq!(refused.code, 6, "{refused}");
    let told = &refused.stdout;
    assert!(
        told.contains("tk land epic") && told.contains("mine"),
        "{refused}"
    );
    assert_eq!(state(&rig), before);
    std::fs::remove_file(rig.sandbox.path().join("mine")).unwrap();
    rig.sandbox.git(["checkout", "--", "README.md"]);
    let landed = rig.sandbox.tk(["land", "epic"]);
    assert_eq!(landed.code, 0, "{landed}");
    assert_eq!(rig.sandbox.read("mine"), "theirs");
    assert_eq!(rig.branches(), ["main"]);
    assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "");
}

#[test]
fn an_ignored_file_is_never_overwritten() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox.write(".git/info/exclude", ".env\n");
    rig.sandbox.write(".env", "SECRET=1\n");
    rig.script(json!({"one": [[{"write": {"path": ".env", "text": "x"}}, {"run": "git add -f .env"}, {"commit": "x"}]]}));
    let ended = rig.run([]);
    assert_eq!(rig.sandbox.read(".env"), "SECRET=1\n");
    assert_eq!(ended.code, 6, "{:?}", ended.last());
}

#[test]
fn a_branch_that_moved_is_merged_and_gated() {
    let (rig, pipe) = dirty();
    let mut live = rig.start(["--check", "test -e new.txt && touch \"$TK_TICKET.checked\""]);
    live.until("one", "say");
    rig.sandbox
        .git(["commit", "--quiet", "-m", "by hand", "README.md"]);
    let moved = rig.sandbox.git(["rev-parse", "main"]);
    open(&pipe);
    let ended = live.end().expect(0);
    assert_eq!(
        ended.of("", "check_passed").len(),
        2,
        "the merge is gated too"
    );
    rig.sandbox
        .git(["merge-base", "--is-ancestor", moved.trim(), "main"]);
    assert_eq!(rig.sandbox.read("new.txt"), "new");
    assert_eq!(rig.sandbox.read("README.md"), "staged and edited\n");
    assert_eq!(rig.sandbox.read("tracked"), "edited\n");
    assert_eq!(rig.branches(), ["main"]);
}

#[test]
fn what_moved_is_checked_with_the_tickets_own_checks_too() {
    // Its acceptance, and the check of one that landed before it.
    let accepted = "acceptance = [{text = \"good\", check = \"test ! -e bad\"}]";
    let rig = Rig::new(&[
        ("one", ""),
        ("two", accepted),
        ("three", "blocked_by = [\"two\"]"),
    ]);
    let pipe = rig.pipe("go");
    rig.script(json!({"one": [[
        {"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}, {"commit": "one"},
    ]]}));
    let mut live = rig.start(["-j", "2"]);
    live.until("three", "closed");
    rig.sandbox.write("bad", "");
    rig.sandbox.git(["add", "bad"]);
    rig.sandbox.git(["commit", "--quiet", "--message=bad"]);
    open(&pipe);
    let ended = live.end().expect(6);
    let why = "not on `main` yet: `test ! -e bad` ended with exit code 1 after `main` was taken in";
    assert!(ended.warnings().contains(&why), "{:#?}", ended.warnings());
    assert_eq!(ended.of("", "check_failed").len(), 1);
    assert_eq!(rig.landings("two", "main"), 0);
    assert_eq!(rig.sandbox.tk(["land", "epic"]).code, 6);
    rig.sandbox.git(["rm", "--quiet", "bad"]);
    rig.sandbox.git(["commit", "--quiet", "--message=mended"]);
    rig.sandbox.tk(["land", "epic"]).ok();
    assert_eq!(rig.landings("two", "main"), 1);
}

#[test]
fn a_branch_that_moved_into_conflict_lands_nothing() {
    let (rig, pipe) = dirty();
    let mut live = rig.start([]);
    live.until("one", "say");
    rig.sandbox.write("new.txt", "by hand");
    rig.sandbox.git(["add", "new.txt"]);
    rig.sandbox
        .git(["commit", "--quiet", "-m", "by hand", "new.txt"]);
    open(&pipe);
    let ended = live.end();
    assert_eq!(ended.code, 6, "{:?}", ended.last());
    assert_eq!(rig.sandbox.read("new.txt"), "by hand");
    assert!(rig.branches().contains(&"tk/run/epic".to_owned()));
    rig.assert_tidy();
}

#[test]
fn land_ticket_brings_each_home_at_once() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let pipe = rig.pipe("go");
    rig.script(json!({"two": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > two.txt"}]]}));
    let mut live = rig.start(["--land", "ticket"]);
    live.until("two", "say");
    assert!(rig.sandbox.path().join("one.txt").exists());
    assert_eq!(rig.landings("one", "main"), 1);
    open(&pipe);
    live.end().expect(0);
    assert_eq!(rig.branches(), ["main"]);
}

#[test]
fn onto_another_branch_leaves_the_checkout_alone() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox.git(["branch", "release"]);
    let before = state(&rig);
    rig.run(["--onto", "release"]).expect(0);
    assert_eq!(state(&rig), before);
    assert_eq!(rig.landings("one", "release"), 1);
    assert_eq!(rig.landings("one", "main"), 0);
    assert_eq!(rig.branches(), ["main", "release"]);

    // What the tickets came to is here and there: git would not go there with it uncommitted.
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox.git(["add", ".ticks"]);
    rig.sandbox.git(["commit", "--quiet", "--message=tickets"]);
    rig.sandbox.git(["branch", "release"]);
    let output = rig.sandbox.tk(["run", "epic", "--onto", "release"]);
    let hint = "hint: `git switch release` goes over no ticket file that is not committed, such as \
                `.ticks/epic.toml`: `git add .ticks && git commit -m Tickets` first\n";
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stderr.contains(hint), "{output}");
    rig.sandbox.git(["add", ".ticks"]);
    rig.sandbox.git(["commit", "--quiet", "--message=Tickets"]);
    rig.sandbox.git(["switch", "--quiet", "release"]);
    assert_eq!(rig.show("one")["status"], "closed");
    // Where they are on it already there is nothing to say.
    let rig = Rig::new(&[("one", "")]);
    let output = rig.sandbox.tk(["run", "epic"]);
    assert!(!output.stderr.contains("git switch"), "{output}");

    // Checked out in another worktree, the files there follow.
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox
        .git(["worktree", "add", "--quiet", "-b", "release", "../release"]);
    rig.run(["--onto", "release"]).expect(0);
    assert!(rig.sandbox.root().join("release/one.txt").exists());
    assert!(!rig.sandbox.path().join("one.txt").exists());
    let status = rig
        .sandbox
        .git(["-C", "../release", "status", "--porcelain"]);
    assert_eq!(status, "");
}

#[test]
fn ticket_files_of_a_linked_worktree_are_as_they_landed_and_edits_there_stay_there() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.sandbox.git(["add", ".ticks"]);
    rig.sandbox.git(["commit", "--quiet", "--message=tickets"]);
    rig.sandbox
        .git(["worktree", "add", "--quiet", "-b", "side", "../side"]);
    let side = rig.sandbox.root().join("side");
    let edited = side.join(".ticks/two.toml");
    let text = std::fs::read_to_string(&edited).unwrap();
    std::fs::write(&edited, format!("priority = 0\n{text}")).unwrap();
    let mut command = rig.sandbox.tk_command();
    command
        .current_dir(&side)
        .args(["run", "one", "two", "--json"]);
    Live::of(command).end().expect(0);
    let side = side.to_str().unwrap();
    let status = rig.sandbox.git(["-C", side, "status", "--porcelain"]);
    assert_eq!(status, " M .ticks/two.toml\n");
    let edited = std::fs::read_to_string(&edited).unwrap();
    for part in [
        "priority = 0",
        "status = \"closed\"",
        "outcome = \"landed\"",
    ] {
        assert!(edited.contains(part), "{edited}");
    }
    let home = rig.show("two");
    assert_eq!(home["status"], "closed");
    assert_ne!(home["priority"], 0, "nobody said so here");
}

#[test]
fn a_run_may_start_in_a_linked_worktree_or_a_subfolder() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.sandbox
        .git(["worktree", "add", "--quiet", "-b", "side", "../side"]);
    let mut command = rig.sandbox.tk_command();
    command
        .current_dir(rig.sandbox.root().join("side"))
        .args(["run", "one", "--json"]);
    Live::of(command).end().expect(0);
    // What is checked out there is what it lands on.
    assert!(rig.sandbox.root().join("side/one.txt").exists());
    assert_eq!(rig.landings("one", "side"), 1);
    assert_eq!(rig.landings("one", "main"), 0);

    rig.sandbox.write("deep/er/file", "x");
    let mut command = rig.sandbox.tk_command();
    command
        .current_dir(rig.sandbox.path().join("deep/er"))
        .args(["run", "two", "--json"]);
    Live::of(command).end().expect(0);
    assert_eq!(rig.landings("two", "main"), 1);
    assert!(rig.sandbox.path().join("two.txt").exists());
}

#[test]
fn what_the_user_writes_into_tickets_meanwhile_survives() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let pipe = rig.pipe("go");
    rig.script(json!({"one": [[{"run": "echo x > one.txt"}, {"say": "up"}, {"await": pipe}]]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    for id in ["one", "two", "epic"] {
        rig.sandbox.tk(["note", id, "by hand"]).ok();
        rig.sandbox.tk(["update", id, "--add-label", "mine"]).ok();
    }
    let own = rig.sandbox.file(["Another ticket"]);
    open(&pipe);
    live.end().expect(0);
    for id in ["one", "two", "epic"] {
        let ticket = rig.show(id);
        assert_eq!(ticket["status"], "closed", "{id}");
        assert_eq!(ticket["labels"], json!(["mine"]), "{id}");
        assert_eq!(rig.notes(id), ["by hand"], "{id}");
        let committed = rig.sandbox.git(["show", &format!("main:.ticks/{id}.toml")]);
        assert_eq!(
            committed,
            rig.sandbox.read(format!(".ticks/{id}.toml")),
            "{id}"
        );
    }
    assert_eq!(rig.show(&own)["status"], "open");
    assert_eq!(
        rig.sandbox.git(["status", "--porcelain"]),
        format!("?? .ticks/{own}.toml\n")
    );
}

#[test]
fn an_epic_with_a_nested_one_closes_both_in_its_last_commit() {
    let rig = Rig::new(&[("inner", "type = \"epic\""), ("one", "")]);
    rig.sandbox.ticket(
        "two",
        "title = \"Two\"\nparent = \"inner\"\nblocked_by = [\"one\"]\n",
    );
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    for id in ["inner", "epic"] {
        assert_eq!(rig.show(id)["status"], "closed");
        let committed = rig.sandbox.git(["show", &format!("main:.ticks/{id}.toml")]);
        assert!(committed.contains("status = \"closed\""), "{committed}");
    }
    assert_eq!(rig.sandbox.git(["status", "--porcelain"]), "");
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
    let again = rig.run([]).expect(0);
    assert!(again.of("", "ticket_started").is_empty());
}

#[test]
fn land_ticket_warns_of_no_edit_that_the_run_itself_has_made() {
    // Neither ticket is committed when the run begins.
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let pipe = rig.pipe("go");
    rig.script(json!({"two": [[{"await": pipe}, {"run": "echo x > two.txt"}]]}));
    let mut live = rig.start(["-j", "2", "--land", "ticket"]);
    live.until("one", "ticket_finished");
    open(&pipe);
    let ended = live.end().expect(0);
    let warned = ended.warnings();
    assert!(
        !warned.iter().any(|text| text.contains("edited here")),
        "{warned:?}"
    );
    assert_eq!(rig.sandbox.git(["status", "--porcelain", ".ticks"]), "");
}

#[test]
fn a_ticket_file_that_is_none_is_not_committed() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let pipe = rig.pipe("go");
    rig.script(json!({"one": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}]]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    rig.sandbox.write(".ticks/two.toml", "broken = [");
    open(&pipe);
    let ended = live.end();
    assert_eq!(ended.ids("landed"), ["one"]);
    let warned = ended.warnings();
    let of_file =
        |text: &&&str| text.contains(".ticks/two.toml:1: ") && text.contains("not committed");
    assert_eq!(warned.iter().filter(of_file).count(), 1, "{warned:?}");
    assert!(
        !warned.iter().any(|text| text.contains("not on `main`")),
        "{warned:?}"
    );
    let committed = rig.sandbox.git(["show", "main:.ticks/two.toml"]);
    assert!(committed.contains("title = \"Ticket two\""), "{committed}");
    assert_eq!(rig.sandbox.read(".ticks/two.toml"), "broken = [");
}

#[test]
fn a_run_sets_the_merge_driver_up_where_there_is_none() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox
        .git(["config", "--remove-section", "merge.ticks"]);
    rig.run([]).expect(0);
    let driver = rig.sandbox.git(["config", "merge.ticks.driver"]);
    assert!(driver.starts_with("tk merge-driver "), "{driver}");
}
