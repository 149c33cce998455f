use std::io::Read;
use std::process::Stdio;

use insta::assert_snapshot;

use crate::project::{authentication, refused};
use crate::support::Sandbox;

#[test]
fn wrong_arguments_are_one_json_object_where_that_is_wanted() {
    let sandbox = authentication();
    assert_snapshot!(refused(&sandbox, 2, &[
        &["frobnicate", "--json"],
        &["list", "--limt", "3", "--json"],
        &["--color", "red", "list", "--json"],
        &["list", "-q", "-v", "--json"],
        &["close", "--json"],
        &["lst", "--json"],
    ]), @r#"
    {"schema":"tk.error.v1","error":{"code":"INVALID_ARGUMENT","message":"unrecognized subcommand 'frobnicate'","hint":"Usage: tk [OPTIONS] <COMMAND>\nFor more information, try '--help'.","retryable":false,"exit_code":2,"context":{"given":"frobnicate","near":[]}}}
    {"schema":"tk.error.v1","error":{"code":"INVALID_ARGUMENT","message":"unexpected argument '--limt' found","hint":"tip: a similar argument exists: '--limit'\nUsage: tk list --limit <N>\nFor more information, try '--help'.","retryable":false,"exit_code":2,"context":{"given":"--limt","near":["--limit"]}}}
    {"schema":"tk.error.v1","error":{"code":"INVALID_ARGUMENT","message":"invalid value 'red' for '--color <WHEN>'","hint":"[possible values: auto, always, never]\nFor more information, try '--help'.","retryable":false,"exit_code":2,"context":{"given":"red","near":[]}}}
    {"schema":"tk.error.v1","error":{"code":"INVALID_ARGUMENT","message":"the argument '--quiet' cannot be used with '--verbose'","hint":"Usage: tk list --quiet --json\nFor more information, try '--help'.","retryable":false,"exit_code":2,"context":{"given":"--quiet","near":[]}}}
    {"schema":"tk.error.v1","error":{"code":"INVALID_ARGUMENT","message":"the following required arguments were not provided: <ID>...","hint":"Usage: tk close --json <ID>...\nFor more information, try '--help'.","retryable":false,"exit_code":2,"context":{}}}
    {"schema":"tk.error.v1","error":{"code":"INVALID_ARGUMENT","message":"unrecognized subcommand 'lst'","hint":"tip: some similar subcommands exist: 'stop', 'ls', 'list'\nUsage: tk [OPTIONS] <COMMAND>\nFor more information, try '--help'.","retryable":false,"exit_code":2,"context":{"given":"lst","near":["stop","ls","list"]}}}
    "#);
    assert_snapshot!(refused(&sandbox, 2, &[&["initt"], &["-C", "nowhere", "list"]]), @r"
    error: unrecognized subcommand 'initt'

      tip: a similar subcommand exists: 'init'

    Usage: tk [OPTIONS] <COMMAND>

    For more information, try '--help'.
    error: `nowhere` is not a folder
    ");
}

#[test]
fn without_a_command_there_is_help_and_no_error() {
    let sandbox = authentication();
    let output = sandbox.tk([""; 0]);
    assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output}");
    let begins = "Tickets that run themselves\n\nUsage: tk";
    assert!(output.stderr.starts_with(begins), "{output}");
    assert_snapshot!(refused(&sandbox, 2, &[&["--json"], &["--verbose"]]), @r#"
    {"schema":"tk.error.v1","error":{"code":"INVALID_ARGUMENT","message":"a command is missing","hint":"`--help` lists what there is","retryable":false,"exit_code":2,"context":{}}}
    error: a command is missing
    hint: `--help` lists what there is
    "#);
}

#[test]
fn every_command_refuses_to_work_outside_a_project() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.tk(["list"]), @r"
    --- stderr
    error: there is no `$ROOT/repo/.ticks`
    hint: `tk init` sets the repository up
    --- exit 6
    ");
    let sandbox = Sandbox::initialised();
    sandbox.write(".ticks/config.toml", "[run]\nparalel = 4\n");
    assert_snapshot!(sandbox.tk(["list"]), @r"
    --- stderr
    error: .ticks/config.toml:2: unknown key `paralel` in `run`
    hint: did you mean `parallel`?
    --- exit 4
    ");
    assert_snapshot!(sandbox.tk(["new", "x", "--json"]), @r#"
    --- stderr
    {"schema":"tk.error.v1","error":{"code":"INVALID_CONFIG","message":".ticks/config.toml:2: unknown key `paralel` in `run`","hint":"did you mean `parallel`?","retryable":false,"exit_code":4,"context":{"path":".ticks/config.toml","line":2,"key":"run.paralel"}}}
    --- exit 4
    "#);
}

#[test]
fn a_broken_pipe_is_silent() {
    let sandbox = authentication();
    for number in 0..200 {
        sandbox.ticket(
            &format!("t{number}"),
            &format!("title = \"{}\"\n", "x".repeat(2000)),
        );
    }
    let mut command = sandbox.tk_command();
    let mut child = command
        .args(["list", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(
        (child.wait().unwrap().code(), said.as_str()),
        (Some(141), "")
    );
}

#[test]
fn works_from_a_hook_in_a_linked_worktree() {
    let sandbox = authentication();
    sandbox.git(["worktree", "add", "--quiet", "../linked"]);
    let linked = sandbox.root().join("linked");
    let mut command = sandbox.tk_command();
    command
        .current_dir(&linked)
        .env("GIT_DIR", sandbox.path().join(".git/worktrees/linked"))
        .env("GIT_INDEX_FILE", linked.join("nowhere"))
        .args(["note", "abc", "from a hook"]);
    let output = sandbox.run(&mut command, None);
    assert_eq!(output.code, 0, "{output}");
    assert!(sandbox.read(".ticks/abc.toml").contains("from a hook"));
}

#[test]
fn colours_only_where_they_are_wanted() {
    let sandbox = authentication();
    assert!(!sandbox.tk(["list"]).ok().contains('\u{1b}'));
    assert!(
        sandbox
            .tk(["list", "--color", "always"])
            .ok()
            .contains('\u{1b}')
    );
    assert!(
        sandbox
            .tk(["graph", "--color", "always"])
            .ok()
            .contains('\u{1b}')
    );
    assert!(
        !sandbox
            .tk(["graph", "--color", "never"])
            .ok()
            .contains('\u{1b}')
    );
}

#[test]
fn quiet_says_nothing_but_data() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["close", "abc", "--quiet"]), @"");
    assert_eq!(sandbox.tk(["new", "x", "--quiet"]).ok().trim().len(), 3);
}

/// Whether there was a run or not: a kind that is none shows nothing of any.
#[test]
fn a_kind_of_event_that_is_none_is_refused_and_those_there_are_are_offered() {
    let sandbox = authentication();
    let said = refused(&sandbox, 2, &[&["log", "--kind", "landed,check-faild"]]);
    assert!(
        said.starts_with(
            "error: unknown kind of event `check-faild`: expected one of run_started, "
        ),
        "{said}"
    );
    assert!(
        said.ends_with("hint: did you mean `check_failed`?\n"),
        "{said}"
    );
    // The kind is one; a run there is none.
    assert_eq!(sandbox.tk(["log", "--kind", " Check-Failed"]).code, 3);
    let mut command = sandbox.tk_command();
    command.args(["--", "tk", "log", "--kind", "landed,check_"]);
    let offered = sandbox.run(command.env("TK_COMPLETE", "elvish"), None).ok();
    let words = offered.lines().map(|line| line.split('\t').next().unwrap());
    assert_eq!(
        words.collect::<Vec<_>>(),
        [
            "landed,check_started",
            "landed,check_passed",
            "landed,check_failed"
        ]
    );
}

#[test]
fn a_log_leaves_out_what_its_help_says() {
    let sandbox = authentication();
    let run = "01KAG24YB0QF7XJ7W0X1T1S5E7";
    sandbox.write(
        format!(".git/tk/runs/{run}/run.json"),
        &format!(
            r#"{{"run":"{run}","key":"abc","title":"First","epic":null,"tickets":["abc"],"started_at":"2026-11-20T08:38:50Z","onto":"main","branch":"tk/run/abc"}}"#
        ),
    );
    let events = [
        r#""kind":"thought","text":"hm""#,
        r#""kind":"command","command":"make""#,
        r#""kind":"cost","cost_usd":0.01,"total_usd":0.01,"settled":false,"input_tokens":1,"output_tokens":1,"turns":1"#,
        r#""kind":"warning","text":"careful""#,
    ];
    let journal: String = (1..)
        .zip(events)
        .map(|(seq, event)| {
            format!(
                r#"{{"seq":{seq},"at":"2026-11-20T08:38:5{seq}+00:00","run":"{run}","ticket":"abc","wave":null,{event}}}"#
            ) + "\n"
        })
        .collect();
    sandbox.write(format!(".git/tk/runs/{run}/journal.jsonl"), &journal);
    assert_snapshot!(sandbox.tk(["log"]), @"08:38:54Z  abc    warning    careful");
    assert_snapshot!(sandbox.tk(["log", "-v"]), @r"
    08:38:51Z  abc    thinks     hm
    08:38:52Z  abc    runs       make
    08:38:53Z  abc    cost       $0.0100, the run $0.0100
    08:38:54Z  abc    warning    careful
    ");
    assert_snapshot!(sandbox.tk(["log", "--kind", "cost"]), @"08:38:53Z  abc    cost       $0.0100, the run $0.0100");
    assert_eq!(sandbox.tk(["log", "--json"]).ok().lines().count(), 4);
    let runs = sandbox.tk(["runs"]).ok();
    assert!(runs.contains("2026-11-20 08:38Z"), "{runs}");
    for (command, said) in [
        (
            "log",
            "told only with -v, where --kind names them, and in JSON. Times are those of UTC",
        ),
        ("runs", "when it began, by UTC"),
        (
            "search",
            "in JSON, `score` and `snippets` are always beside them",
        ),
    ] {
        let help = sandbox.tk([command, "--help"]).ok();
        let help: Vec<&str> = help.split_whitespace().collect();
        assert!(help.join(" ").contains(said), "{command}: {help:?}");
    }
}

/// What a shell offers fits what is asked for.
#[test]
fn what_is_offered_fits() {
    let sandbox = authentication();
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message=tickets"]);
    sandbox.git(["branch", "side"]);
    sandbox.tk(["close", "abc"]).ok();
    let offered = |words: &[&str]| {
        let mut command = sandbox.tk_command();
        command.args(["--", "tk"]).args(words);
        let offered = sandbox.run(command.env("TK_COMPLETE", "elvish"), None).ok();
        let words = offered.lines().map(|line| line.split('\t').next().unwrap());
        words.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(offered(&["reopen", ""]), "abc");
    assert_eq!(offered(&["close", "ab"]), "abc");
    assert_eq!(offered(&["list", "--at", "s"]), "side");
    assert_eq!(offered(&["diff", "s"]), "side");
    assert_eq!(offered(&["schema", "tic"]), "ticket");
}
