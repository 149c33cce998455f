//! What keeps a run from starting is told before anything is changed.

use serde_json::json;

use crate::rig::{Rig, open};
use crate::support::{Output, Sandbox};

/// Everything that a run could have changed.
fn state(sandbox: &Sandbox) -> String {
    let refs = sandbox.git(["for-each-ref"]);
    let status = sandbox.git(["status", "--porcelain", "--ignored"]);
    let there = [".worktrees", ".git/tk/runs", ".git/tk/ledger.jsonl"]
        .map(|path| sandbox.path().join(path).exists());
    format!("{refs}{status}{there:?}{}", sandbox.read(".git/config"))
}

#[track_caller]
fn refused(sandbox: &Sandbox, args: &[&str], code: i32, words: &[&str]) -> Output {
    let before = state(sandbox);
    let output = sandbox.tk(args.iter().copied());
    assert_eq!(output.code, code, "{output}");
    for word in words {
        assert!(output.stderr.contains(word), "no {word:?} in\n{output}");
    }
    assert!(output.stderr.contains("hint: "), "{output}");
    assert_eq!(state(sandbox), before, "{output}");
    output
}

#[test]
fn a_first_commit_is_needed() {
    let sandbox = Sandbox::without_repository();
    sandbox.git(["init", "--quiet", "--initial-branch=main", "."]);
    sandbox.tk(["init", "--quiet"]).ok();
    sandbox.ticket("one", "title = \"One\"\n");
    refused(&sandbox, &["run", "one"], 6, &["commit"]);
}

#[test]
fn a_branch_to_land_on_is_needed() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox.git(["checkout", "--quiet", "--detach"]);
    refused(&rig.sandbox, &["run", "epic"], 6, &["detached", "--onto"]);
    refused(
        &rig.sandbox,
        &["run", "epic", "--onto", "nowhere"],
        6,
        &["nowhere"],
    );
    rig.run(["--onto", "main"]).expect(0);
}

#[test]
fn git_must_know_who_commits() {
    let sandbox = Sandbox::initialised()
        .without_env("GIT_AUTHOR_NAME")
        .without_env("GIT_AUTHOR_EMAIL")
        .without_env("GIT_COMMITTER_NAME")
        .without_env("GIT_COMMITTER_EMAIL")
        .with_env("GIT_CONFIG_COUNT", "1")
        .with_env("GIT_CONFIG_KEY_0", "user.useConfigOnly")
        .with_env("GIT_CONFIG_VALUE_0", "true");
    sandbox.ticket("one", "title = \"One\"\n");
    refused(&sandbox, &["run", "one"], 6, &["who commits", "user.email"]);
}

#[test]
fn no_branch_may_be_called_tk() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox.git(["branch", "tk"]);
    refused(
        &rig.sandbox,
        &["run", "epic"],
        6,
        &["`tk`", "git branch -m"],
    );
}

#[test]
fn agents_and_their_programs_must_be_there() {
    let rig = Rig::new(&[("one", "")]);
    refused(
        &rig.sandbox,
        &["run", "epic", "--agent", "nobody"],
        2,
        &["nobody", "expected one of claude"],
    );
    let plan = ["run", "epic", "--plan", "--agent", "nobody"];
    refused(&rig.sandbox, &plan, 2, &["nobody"]);
    rig.sandbox
        .write(".ticks/config.toml", "[run]\nagent = \"nobody\"\n");
    refused(&rig.sandbox, &["run", "epic"], 4, &["nobody"]);
    rig.sandbox.write(".ticks/config.toml", "");
    let text = "kind = \"command\"\ncommand = [\"no-such-program\"]\n";
    rig.sandbox.write(".ticks/agents/gone.toml", text);
    refused(
        &rig.sandbox,
        &["run", "epic", "--agent", "gone"],
        1,
        &["no-such-program"],
    );
    let text = "kind = \"claude\"\ncolour = \"red\"\n";
    rig.sandbox.write(".ticks/agents/odd.toml", text);
    refused(
        &rig.sandbox,
        &["run", "epic", "--agent", "odd"],
        4,
        &["colour", "odd.toml"],
    );
    let sandbox = Sandbox::initialised().with_env("TK_CLAUDE", "/nowhere/claude");
    sandbox.ticket("one", "title = \"One\"\n");
    refused(
        &sandbox,
        &["run", "one"],
        1,
        &["/nowhere/claude", "--agent"],
    );
}

#[test]
fn cycles_are_spelled_out() {
    let rig = Rig::new(&[
        ("one", "blocked_by = [\"three\"]"),
        ("two", "blocked_by = [\"one\"]"),
        ("three", "blocked_by = [\"two\"]"),
    ]);
    let output = refused(
        &rig.sandbox,
        &["run", "epic"],
        4,
        &["one", "two", "three", "tk unblock"],
    );
    assert!(
        output.stderr.contains("->")
            || output.stderr.contains('→')
            || output.stderr.contains("blocked by"),
        "{output}"
    );
}

#[test]
fn unknown_tickets_and_agents_as_actors_are_refused() {
    let rig = Rig::new(&[("one", "")]);
    refused(&rig.sandbox, &["run", "nosuch"], 3, &["nosuch"]);
    refused(&rig.sandbox, &["land", "epic"], 1, &["nothing"]);
    for command in [["run", "epic"], ["land", "epic"]] {
        let mut agent = rig.sandbox.tk_command();
        agent.args(command).env("TK_ACTOR", "agent:claude");
        let output = rig.sandbox.run(&mut agent, None);
        assert_eq!(output.code, 4, "{output}");
    }
}

#[test]
fn a_live_run_over_the_same_tickets_is_named() {
    let rig = Rig::new(&[
        ("one", ""),
        ("two", "blocked_by = [\"one\"]"),
        ("free", "parent = \"\""),
    ]);
    rig.sandbox.ticket("free", "title = \"Free\"\n");
    let pipe = rig.pipe("go");
    rig.script(json!({"one": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > one.txt"}]]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    let pid = live.pid().to_string();
    for what in ["epic", "two"] {
        let output = rig.sandbox.tk(["run", what]);
        assert_eq!(output.code, 5, "{output}");
        assert!(
            output.stderr.contains(&pid) && output.stderr.contains("hint: "),
            "{output}"
        );
    }
    // Another ticket runs beside it, and lands before it.
    let mut beside = rig.sandbox.tk_command();
    beside.args(["run", "free", "--json"]);
    crate::rig::Live::of(beside).end().expect(0);
    assert_eq!(rig.landings("free", "main"), 1);
    open(&pipe);
    live.end().expect(0);
    assert_eq!(rig.landings("two", "main"), 1);
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
}

#[test]
fn a_run_of_what_is_closed_says_so_and_leaves_nothing() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    rig.sandbox.tk(["close", "one", "two", "epic"]).ok();
    rig.sandbox.git(["add", "--all"]);
    rig.sandbox.git(["commit", "--quiet", "--message=over"]);
    let tip = rig.sandbox.git(["rev-parse", "main"]);
    for targets in [&["one"][..], &["two", "one"], &["epic"]] {
        for more in [&[][..], &["--plan"]] {
            let output = rig.sandbox.tk([&["run"], targets, more].concat());
            let told = format!("{}{}", output.stdout, output.stderr);
            assert_eq!(output.code, 0, "{output}");
            let says = "nothing to do: no ticket of the run is open";
            assert!(told.contains(says), "{output}");
            assert_eq!(rig.branches(), ["main"], "{targets:?}");
        }
    }
    assert_eq!(rig.sandbox.git(["rev-parse", "main"]), tip);
    rig.assert_tidy();
}

#[test]
fn an_epic_without_tickets_is_not_run() {
    let rig = Rig::new(&[]);
    rig.sandbox.ticket("other", "title = \"Of no epic\"\n");
    rig.sandbox.ticket(
        "inner",
        "title = \"Inner\"\ntype = \"epic\"\nparent = \"epic\"\n",
    );
    let told = [
        "nothing to run: `epic` has no tickets",
        "`tk new TITLE --parent epic` files one",
    ];
    refused(&rig.sandbox, &["run", "epic"], 1, &told);
    refused(&rig.sandbox, &["run", "epic", "--plan"], 1, &told);
    for (epic, hint) in [
        (
            "inner",
            "`inner` has no tickets: `tk new TITLE --parent inner` files one",
        ),
        ("epic", "there is no open work below `epic`"),
    ] {
        let next = rig.sandbox.tk(["next", epic]);
        assert_eq!(next.code, 1, "{next}");
        assert!(next.stderr.ends_with(&format!("hint: {hint}\n")), "{next}");
    }
}

#[test]
fn git_must_not_ignore_the_tickets() {
    for rule in [".ticks/", ".ticks/*"] {
        let rig = Rig::new(&[("one", "")]);
        rig.sandbox.write(".gitignore", &format!("{rule}\n"));
        rig.sandbox.git(["add", ".gitignore"]);
        rig.sandbox.git(["commit", "--quiet", "--message=ignored"]);
        let why = format!("`{rule}` keeps git from tracking what is in `.ticks/`");
        let told = [why.as_str(), "take that line out of `.gitignore`"];
        refused(&rig.sandbox, &["run", "epic"], 6, &told);
        refused(&rig.sandbox, &["run", "epic", "--plan"], 6, &told);
        // Those that git tracks all the same it commits; unless the folder is ignored.
        rig.sandbox.git(["add", "--force", ".ticks"]);
        rig.sandbox.git(["commit", "--quiet", "--message=forced"]);
        match rule {
            ".ticks/" => drop(refused(&rig.sandbox, &["run", "epic"], 6, &told)),
            _ => drop(rig.run([]).expect(0)),
        }
    }
}

#[test]
fn git_must_keep_the_tickets_as_they_stand() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox
        .git(["config", "filter.rot.clean", "tr a-z n-za-m"]);
    rig.sandbox
        .git(["config", "filter.rot.smudge", "tr a-z n-za-m"]);
    for (rule, attribute) in [
        (".ticks/*.toml filter=rot", "filter=rot"),
        ("one.toml filter=rot", "filter=rot"),
        (
            ".ticks/** working-tree-encoding=UTF-16",
            "working-tree-encoding=UTF-16",
        ),
    ] {
        let ours = rig.sandbox.read(".gitattributes");
        rig.sandbox
            .write(".git/info/attributes", &format!("# ours\n{rule}\n"));
        let told = [attribute, ".git/info/attributes:2: ", "take `", " below it"];
        refused(&rig.sandbox, &["run", "epic"], 6, &told);
        refused(&rig.sandbox, &["run", "epic", "--plan"], 6, &told);
        assert_eq!(rig.sandbox.read(".gitattributes"), ours);
        let name = attribute.split('=').next().unwrap();
        let but = format!("{rule}\n.ticks/** !{name}\n");
        rig.sandbox.write(".git/info/attributes", &but);
        rig.sandbox.tk(["run", "epic", "--plan"]).ok();
    }
    rig.run([]).expect(0);
}

#[test]
fn bad_values_are_usage_errors() {
    let rig = Rig::new(&[("one", "")]);
    for args in [
        ["-j", "0"],
        ["--max-cost", "-1"],
        ["--max-cost", "lots"],
        ["--max-time", "soon"],
        ["--land", "maybe"],
        ["--check", ""],
        ["--check", " \t"],
    ] {
        let output = rig.sandbox.tk(["run", "epic"].iter().chain(&args));
        assert_eq!(output.code, 2, "{args:?} {output}");
    }
}

#[test]
fn worktrees_are_not_made_in_a_folder_of_the_project() {
    let rig = Rig::new(&[("one", "")]);
    rig.sandbox.write("src/lib.rs", "");
    rig.sandbox.git(["add", "src"]);
    rig.sandbox.git(["commit", "--quiet", "--message=src"]);
    rig.sandbox
        .write(".ticks/config.toml", "[worktree]\ndir = \"src\"\n");
    let words = ["worktree.dir", "`src`", "git tracks", ".worktrees"];
    refused(&rig.sandbox, &["run", "epic"], 4, &words);
    // A folder in it of its own is as good as any.
    rig.sandbox
        .write(".ticks/config.toml", "[worktree]\ndir = \"src/trees\"\n");
    rig.run([]).expect(0);
}

#[test]
fn the_repository_s_path_must_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let rig = Rig::new(&[("one", "")]);
    let (before, odd) = (
        state(&rig.sandbox),
        rig.sandbox.root().join(OsStr::from_bytes(b"d\xe9p")),
    );
    std::fs::rename(rig.sandbox.path(), &odd).unwrap();
    let mut run = rig.sandbox.tk_command();
    run.current_dir(&odd).args(["run", "epic"]);
    let output = rig.sandbox.run(&mut run, None);
    std::fs::rename(&odd, rig.sandbox.path()).unwrap();
    assert_eq!(output.code, 1, "{output}");
    for word in ["d\u{fffd}p", "UTF-8", "hint: "] {
        assert!(output.stderr.contains(word), "no {word:?} in\n{output}");
    }
    assert_eq!(state(&rig.sandbox), before);
}

#[test]
fn a_worker_program_is_one_that_a_worker_can_start() {
    let rig = Rig::new(&[("one", "")]);
    let agent = "kind = \"command\"\ncommand = [\"./agent.sh\"]\n";
    rig.sandbox.write(".ticks/agents/own.toml", agent);
    rig.sandbox.write("agent.sh", "#!/bin/sh\n");
    let run = ["run", "epic", "--agent", "own"];
    let told = [
        "`./agent.sh` of agent `own` is not in commit",
        "git add --chmod=+x ./agent.sh",
    ];
    refused(&rig.sandbox, &run, 1, &told);
    // Also where it is committed and nobody may execute it.
    let git = |args: &[&str]| rig.sandbox.git(args.iter().copied());
    git(&["add", "agent.sh"]);
    git(&["commit", "--quiet", "--message=agent"]);
    refused(&rig.sandbox, &run, 1, &told);
    git(&["add", "--chmod=+x", "agent.sh"]);
    git(&["commit", "--quiet", "--message=executable"]);
    let planned = rig.sandbox.tk(["run", "epic", "--agent", "own", "--plan"]);
    assert_eq!(planned.code, 0, "{planned}");
    assert!(!planned.stderr.contains("agent.sh"), "{planned}");
    // A file is not yet a program.
    let file = rig.sandbox.path().join("agent.txt");
    rig.sandbox.write("agent.txt", "no program\n");
    let agent = format!("kind = \"command\"\ncommand = [{file:?}]\n");
    rig.sandbox.write(".ticks/agents/own.toml", &agent);
    refused(&rig.sandbox, &run, 1, &["is not there"]);
}

#[test]
fn a_client_that_does_not_answer_is_not_waited_for_for_ever() {
    let rig = Rig::new(&[("one", "")]);
    let client = rig.sandbox.root().join("client");
    std::fs::write(&client, "#!/bin/sh\nexec sleep 600\n").unwrap();
    let mut chmod = rig.sandbox.command("chmod");
    assert!(chmod.arg("+x").arg(&client).status().unwrap().success());
    let mut command = rig.sandbox.tk_command();
    command.args(["run", "epic"]);
    command
        .env("TK_CLAUDE", &client)
        .env("TK_TEST_ANSWER_WAIT", "500");
    let told = rig.sandbox.run(&mut command, None);
    assert_eq!(told.code, 1, "{told}");
    assert!(
        told.stderr.contains("does not tell its version within"),
        "{told}"
    );
}
