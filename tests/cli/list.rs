use insta::assert_snapshot;

use crate::project::{authentication, refused};
use crate::support::Sandbox;

fn many() -> Sandbox {
    let sandbox = authentication();
    sandbox.ticket(
        "old",
        "title = \"Old\"\nstatus = \"closed\"\nlabels = [\"api\"]\n",
    );
    sandbox.ticket("mine", "title = \"Mine\"\nstatus = \"in_progress\"\nowner = \"ann\"\npriority = 0\nlabels = [\"api\", \"ui\"]\n");
    sandbox.ticket(
        "late",
        "title = \"Late\"\ndue = 2026-11-19\nawaiting = \"input\"\n",
    );
    sandbox.ticket(
        "soon",
        "title = \"Soon\"\ndue = 2026-11-20\nawaiting = \"work\"\npriority = 4\n",
    );
    sandbox
}

/// The ids that are listed, in order.
fn ids(sandbox: &Sandbox, args: &[&str]) -> String {
    let mut command = sandbox.tk_command();
    command.arg("list").args(args).args(["--fields", "id"]);
    let output = sandbox.run(&mut command, None);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
    output
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn closed_ones_that_would_fit_are_hinted_at() {
    let sandbox = many();
    let hint = "hint: one that is closed fits: `--all` shows it\n";
    for (args, hint) in [
        (&["--query", "title:old"][..], hint),
        (&["--query", "title:old", "--all"], ""),
        (&["--query", "title:nothing"], ""),
        (&["--query", "title:mine"], ""),
        (&["--query", "title:old", "--json"], ""),
    ] {
        let mut command = sandbox.tk_command();
        let output = sandbox.run(command.arg("list").args(args), None);
        assert_eq!((output.code, output.stderr.as_str()), (0, hint), "{output}");
    }
    sandbox.ticket("older", "title = \"Older\"\nstatus = \"closed\"\n");
    let mut command = sandbox.tk_command();
    let output = sandbox.run(command.args(["list", "--query", "title~old"]), None);
    let hint = "hint: 2 that are closed fit: `--all` shows them\n";
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", hint));
}

#[test]
fn open_ones_by_priority() {
    assert_snapshot!(many().tk(["list"]), @r"
    mine  P0  in_progress  task  Mine  @ann  #api  #ui
    abc   P1  open         task  First
    aut   P2  open         epic  Authentication
    def   P2  open         task  Second  ← abc  #api
    ghi   P2  open         bug   Third  ← abc
    late  P2  open         task  Late  awaits input  due 2026-11-19
    soon  P4  open         task  Soon  awaits work  due 2026-11-20
    ");
}

#[test]
fn as_json_without_long_texts() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["list", "--json", "-s", "open", "-t", "bug"]), @r#"{"schema":"tk.list.v1","total":1,"truncated":false,"tickets":[{"id":"ghi","title":"Third","type":"bug","status":"open","priority":2,"owner":null,"parent":"aut","labels":[],"blocked_by":["abc"],"requires":"review","awaiting":null,"estimate":null,"after":[],"related":[],"discovered_from":null,"duplicate_of":null,"due":null,"defer_until":null,"repeat":null,"recurs_from":null,"agent":null,"model":null,"lock":null,"pr":null,"checks":[],"touches":[],"created_at":null,"created_by":null,"started_at":null,"closed_at":null,"closed_by":null,"reason":null,"verdict":null,"acceptance":[],"subtasks":[],"etag":"1b8fad96a51f","blocks":[],"open_blockers":["abc"],"ready":false,"updated_at":null,"note_count":0,"cost_usd":null}]}"#);
    let full = sandbox.tk(["ls", "--full", "--json"]).json();
    assert_eq!(full["tickets"][0]["notes"], serde_json::json!([]));
}

#[test]
fn every_filter_narrows() {
    let sandbox = many();
    for (args, expected) in [
        (&[][..], "mine abc aut def ghi late soon"),
        (&["--all"], "mine abc aut def ghi late old soon"),
        (&["-s", "closed"], "old"),
        (&["-s", "done"], "old"),
        (&["-s", "open,closed", "-l", "api"], "def old"),
        (&["-s", "in-progress"], "mine"),
        (&["-t", "bug,epic"], "aut ghi"),
        (&["-p", "0-1"], "mine abc"),
        (&["-p", "P0,4"], "mine soon"),
        (&["-l", "api"], "mine def"),
        (&["-l", "api,ui"], "mine"),
        (&["-o", "ann"], "mine"),
        (&["-o", "", "-t", "bug"], "ghi"),
        (&["--parent", "auth"], "abc def ghi"),
        (&["--parent", "aut", "--status", "open"], "abc def ghi"),
        (&["--parent", "aut", "--awaiting"], ""),
        (&["--awaiting"], "late soon"),
        (&["--awaiting=input"], "late"),
        (&["--awaiting=input,work"], "late soon"),
        (&["--ready"], "abc"),
        (&["--blocked"], "def ghi late soon"),
        (&["--overdue"], "late"),
        (&["--sort", "title"], "aut abc late mine def soon ghi"),
        (&["--sort", "-id"], "soon mine late ghi def aut abc"),
        (&["--sort", "due", "--awaiting"], "late soon"),
    ] {
        assert_eq!(ids(&sandbox, args), expected, "{args:?}");
    }
}

/// Whichever way round, what has no value is last, and ties are in the usual order.
#[test]
fn sorting_the_other_way_round_is_no_mirror() {
    let sandbox = Sandbox::initialised();
    for (id, lines) in [
        ("low", "priority = 4\ndue = 2026-12-01"),
        ("top", "priority = 0\ndue = 2026-12-01"),
        ("far", "due = 2026-12-31\nowner = \"ann\""),
        ("any", "priority = 0\nowner = \"ben\""),
    ] {
        sandbox.ticket(id, &format!("title = \"{id}\"\n{lines}\n"));
    }
    for (key, expected) in [
        ("due", "top low far any"),
        ("-due", "far top low any"),
        ("-owner", "any far top low"),
        ("-type", "any top far low"),
        ("-priority", "low far any top"),
    ] {
        let sort = format!("--sort={key}");
        assert_eq!(ids(&sandbox, &[&sort]), expected, "{key}");
    }
}

#[test]
fn a_limit_is_announced() {
    let sandbox = many();
    assert_snapshot!(sandbox.tk(["list", "-n", "2", "--fields", "id,title,blocked_by"]), @r"
    mine	Mine	
    abc	First	
    --- stderr
    hint: 2 of 7 are shown
    ");
    assert_snapshot!(sandbox.tk(["list", "-n", "1", "--fields", "id", "--json"]), @r#"{"schema":"tk.list.v1","total":7,"truncated":true,"tickets":[{"id":"mine"}]}"#);
}

#[test]
fn words_without_meaning_are_refused() {
    let sandbox = many();
    assert_snapshot!(refused(&sandbox, 2, &[
        &["list", "-s", "blocked"],
        &["list", "-s", "opne"],
        &["list", "-s", ""],
        &["list", "-t", "story"],
        &["list", "-p", "3-1"],
        &["list", "--awaiting=nothing"],
        &["list", "--sort", "prio"],
        &["list", "--fields", "titel"],
        &["list", "-n", "0"],
        &["list", "-n", "-1"],
        &["list", "--ready", "--blocked"],
    ]), @r"
    error: unknown status `blocked`: expected one of open, in_progress, closed
    hint: that is computed: `tk list --blocked`
    error: unknown status `opne`: expected one of open, in_progress, closed
    hint: did you mean `open`?
    error: unknown status ``: expected one of open, in_progress, closed
    error: unknown type `story`: expected one of task, bug, feature, chore, epic
    error: the range `3-1` is reversed: expected `1-3`
    error: unknown awaiting kind `nothing`: expected one of work, input, approval, review, content, escalation, checkpoint
    error: unknown sort key `prio`: expected one of priority, created, updated, due, title, id, status, type, owner, estimate
    hint: did you mean `priority`?
    error: unknown field `titel`: expected one of id, title, type, status, priority, owner, parent, labels, blocked_by, requires, awaiting, estimate, after, related, discovered_from, duplicate_of, due, defer_until, repeat, recurs_from, agent, model, lock, pr, checks, touches, created_at, created_by, started_at, closed_at, closed_by, reason, verdict, description, acceptance, subtasks, notes, runs, etag, blocks, open_blockers, ready, deferred, held_by, held_until, updated_at, commits, commits_truncated, note_count, cost_usd
    hint: did you mean `title`?
    error: invalid value '0' for '--limit <N>': 0 is not in 1..=4294967295

    For more information, try '--help'.
    error: unexpected argument '-1' found

    Usage: tk list [OPTIONS]

    For more information, try '--help'.
    error: the argument '--ready' cannot be used with '--blocked'

    Usage: tk list --ready

    For more information, try '--help'.
    ");
    assert_snapshot!(refused(&sandbox, 3, &[&["list", "--parent", "zzz"]]), @r"
    error: no ticket `zzz`
    hint: `tk list --all` shows every ticket
    ");
}

#[test]
fn a_file_that_is_no_ticket_takes_nothing_down() {
    let sandbox = authentication();
    sandbox.ticket("bad", "title = \"x\"\nstatus = \"nope\"\n");
    assert_snapshot!(sandbox.tk(["list", "--ready"]), @r"
    abc  P1  open  task  First
    --- stderr
    warning: .ticks/bad.toml:2: `status`: unknown status `nope`: expected one of open, in_progress, closed
    ");
    assert_snapshot!(sandbox.tk(["list", "--ready", "--json", "--fields", "id"]), @r#"
    {"schema":"tk.list.v1","total":1,"truncated":false,"tickets":[{"id":"abc"}]}
    --- stderr
    {"schema":"tk.warning.v1","warning":".ticks/bad.toml:2: `status`: unknown status `nope`: expected one of open, in_progress, closed"}
    "#);
    assert_snapshot!(sandbox.tk(["show", "bad"]), @r"
    --- stderr
    error: .ticks/bad.toml:2: `status`: unknown status `nope`: expected one of open, in_progress, closed
    hint: `tk doctor` says how to mend it
    --- exit 4
    ");
    assert_snapshot!(sandbox.tk(["show", "bad", "--json"]), @r#"
    --- stderr
    {"schema":"tk.error.v1","error":{"code":"INVALID_TICKET","message":".ticks/bad.toml:2: `status`: unknown status `nope`: expected one of open, in_progress, closed","hint":"`tk doctor` says how to mend it","retryable":false,"exit_code":4,"context":{"path":".ticks/bad.toml","line":2}}}
    --- exit 4
    "#);
}

#[test]
fn a_cycle_is_named() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("one", "title = \"x\"\nblocked_by = [\"two\"]\n");
    sandbox.ticket("two", "title = \"y\"\nblocked_by = [\"one\"]\n");
    assert_snapshot!(sandbox.tk(["list"]), @r"
    one  P2  open  task  x  ← two
    two  P2  open  task  y  ← one
    --- stderr
    warning: tickets wait for one another: one → two → one
    ");
}

#[test]
fn two_reads_are_the_same_and_nothing_but_the_cache_is_written() {
    let sandbox = many().with_env("TK_TEST_INDEX", "off");
    let read = |sandbox: &Sandbox| sandbox.tk(["list", "--all", "--full", "--json"]).ok();
    let local = sandbox.path().join(".git/tk");
    let first = read(&sandbox);
    assert_eq!(read(&sandbox), first);
    assert!(!local.exists());
    // The few tickets are not worth a cache, unless it is insisted on.
    let sandbox = sandbox.without_env("TK_TEST_INDEX");
    assert_eq!(read(&sandbox), first);
    let sandbox = sandbox.with_env("TK_TEST_INDEX", "eager");
    assert_eq!(read(&sandbox), first);
    let names = std::fs::read_dir(&local)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert!(names.eq(["index"]));
}

#[test]
fn a_label_that_no_ticket_has_is_told() {
    let sandbox = authentication();
    sandbox.tk(["update", "abc", "--add-label", "backend"]).ok();
    assert_snapshot!(sandbox.tk(["list", "-l", "bakcend"]), @r"
    --- stderr
    hint: no ticket has the label `bakcend`; did you mean `backend`?
    ");
    assert_snapshot!(sandbox.tk(["list", "-l", "ui", "-q"]), @"");
    // One that some ticket has is right, whatever else leaves nothing.
    assert_snapshot!(sandbox.tk(["list", "-l", "backend", "-t", "bug"]), @"");
}

#[test]
fn a_misspelt_kind_is_answered_with_the_likeliest() {
    let sandbox = authentication();
    assert_snapshot!(refused(&sandbox, 2, &[&["list", "--awaiting=aproval"]]), @r"
    error: unknown awaiting kind `aproval`: expected one of work, input, approval, review, content, escalation, checkpoint
    hint: did you mean `approval`?
    ");
}

#[test]
fn a_long_list_is_whole_and_in_order_and_safe() {
    let sandbox = Sandbox::initialised();
    for number in 0..900 {
        let title = match number {
            700 => "a\u{202e}b é".to_owned(),
            _ => format!("Number {number}"),
        };
        let text = format!("title = \"{title}\"\npriority = {}\n", number % 5);
        sandbox.ticket(&format!("t{number}"), &text);
    }
    let text = sandbox.tk(["list"]).ok();
    let ids: Vec<&str> = text
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let json = sandbox.tk(["list", "--json"]).ok();
    assert!(!json.contains('\u{202e}'));
    let list: serde_json::Value = serde_json::from_str(&json).unwrap();
    let tickets = list["tickets"].as_array().unwrap();
    let listed: Vec<&str> = tickets
        .iter()
        .map(|ticket| ticket["id"].as_str().unwrap())
        .collect();
    assert_eq!(listed.len(), 900);
    assert_eq!(listed, ids);
    let hostile = tickets
        .iter()
        .find(|ticket| ticket["id"] == "t700")
        .unwrap();
    assert_eq!(hostile["title"], "a\u{202e}b é");
}
