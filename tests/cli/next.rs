use insta::assert_snapshot;

use crate::project::authentication;
use crate::support::Sandbox;

#[test]
fn ready_lists_what_can_be_done_first_things_first() {
    let sandbox = authentication();
    sandbox.ticket("solo", "title = \"Alone\"\npriority = 0\n");
    assert_snapshot!(sandbox.tk(["ready"]), @r"
    abc   P1  open  task  First
    solo  P0  open  task  Alone
    ");
    assert_snapshot!(sandbox.tk(["ready", "auth", "--json"]), @r#"{"schema":"tk.ready.v1","total":1,"truncated":false,"tickets":[{"id":"abc","title":"First","type":"task","status":"open","priority":1,"owner":null,"parent":"aut","labels":[],"requires":null,"estimate":"2h","etag":"80dfe0514993"}]}"#);
    assert_snapshot!(sandbox.tk(["ready", "-n", "1"]), @r"
    abc  P1  open  task  First
    --- stderr
    hint: 1 of 2 are shown
    ");
}

#[test]
fn next_is_the_first_of_them() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["next"]), @"abc  P1  open  task  First");
    assert_snapshot!(sandbox.tk(["next", "aut", "--json"]), @r#"{"schema":"tk.next.v1","total":1,"truncated":false,"tickets":[{"id":"abc","title":"First","type":"task","status":"open","priority":1,"owner":null,"parent":"aut","labels":[],"requires":null,"estimate":"2h","etag":"80dfe0514993"}]}"#);
}

#[test]
fn a_claim_takes_it() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["next", "--claim"]), @"abc  P1  in_progress  task  First  @dana@example.com");
    assert_snapshot!(sandbox.tk(["next", "--claim", "--as", "bob"]), @r"
    --- stderr
    error: nothing is ready
    hint: 3 open: 1 in progress, 0 awaiting a person; `tk list --blocked` tells what the others wait for
    --- exit 1
    ");
    assert_snapshot!(sandbox.tk(["next", "--json"]), @r#"
    {"schema":"tk.next.v1","total":0,"truncated":false,"tickets":[]}
    --- stderr
    {"schema":"tk.error.v1","error":{"code":"NO","message":"nothing is ready","hint":"3 open: 1 in progress, 0 awaiting a person; `tk list --blocked` tells what the others wait for","retryable":false,"exit_code":1,"context":{}}}
    --- exit 1
    "#);
    let claim = sandbox.read(".git/tk/claims/abc");
    assert_snapshot!(claim, @r#"{"actor":"dana@example.com","lease_until":"2026-11-20T10:38:50Z"}"#);
    sandbox.tk(["close", "abc"]).ok();
    assert!(!sandbox.path().join(".git/tk/claims/abc").exists());
}

#[test]
fn of_many_claimers_each_gets_another_one() {
    let sandbox = Sandbox::initialised();
    for number in 0..8 {
        sandbox.ticket(&format!("t{number}"), "title = \"x\"\n");
    }
    let won: Vec<String> = std::thread::scope(|scope| {
        let claim = |number: usize| {
            let sandbox = &sandbox;
            scope.spawn(move || {
                let actor = format!("p{number}");
                sandbox.tk(["next", "--claim", "--json", "--as", &actor])
            })
        };
        let threads: Vec<_> = (0..12).map(claim).collect();
        let outputs = threads.into_iter().map(|thread| thread.join().unwrap());
        outputs
            .filter(|output| output.code == 0)
            .map(|output| output.json()["tickets"][0]["id"].to_string())
            .collect()
    });
    let distinct: std::collections::BTreeSet<&String> = won.iter().collect();
    assert_eq!((won.len(), distinct.len()), (8, 8));
}

#[test]
fn small_enough_for_agents() {
    let sandbox = Sandbox::initialised();
    let epic = sandbox.file(["An epic of some length", "-t", "epic"]);
    for number in 0..12 {
        let title = format!("A ticket with a title of usual length {number}");
        sandbox.file([
            &title,
            "--parent",
            &epic,
            "-l",
            "api,auth",
            "-d",
            &"long ".repeat(500),
        ]);
    }
    let next = sandbox.tk(["next", "--json"]).ok();
    assert!(next.len() < 1000, "{}", next.len());
    let ready = sandbox.tk(["ready", "-n", "10", "--json"]).ok();
    assert!(ready.len() < 2500, "{}: {ready}", ready.len());
}

#[test]
fn a_long_title_is_not_cut_and_leaves_room() {
    let sandbox = Sandbox::initialised();
    let long = "x".repeat(200);
    let labels = "backend,database,performance";
    let who = "dana@example.com";
    sandbox.file([&long, "-l", labels, "-o", who, "-d", &long]);
    let next = sandbox.tk(["next", "--json"]).ok();
    assert!(next.contains(&long) && next.len() < 1000, "{next}");
}

#[test]
fn what_is_read_twice_is_the_same_to_the_byte() {
    let sandbox = authentication();
    sandbox.tk(["note", "abc", "Look"]).ok();
    for command in [
        "list --all --full",
        "ready",
        "blocked",
        "graph",
        "graph aut",
        "graph --dot",
        "graph --mermaid",
        "show abc aut",
        "next",
        "prime",
        "config",
        "runs",
        "schema",
        "prompt abc",
    ] {
        for json in [&["--json"][..], &[]] {
            // A drawing is no document.
            if !json.is_empty() && (command.contains("--dot") || command.contains("--mermaid")) {
                continue;
            }
            let read = || {
                sandbox
                    .tk(command.split(' ').chain(json.iter().copied()))
                    .to_string()
            };
            let first = read();
            assert_eq!(read(), first, "{command}");
            assert!(!first.is_empty() || command == "runs", "{command}");
        }
    }
}

/// Work that is in a cycle is open, and no command says that there is none.
#[test]
fn what_waits_for_itself_is_open_work() {
    let sandbox = Sandbox::initialised();
    for (id, blocker) in [("one", "two"), ("two", "one"), ("sub", "one")] {
        let text = format!("title = \"{id}\"\nblocked_by = [\"{blocker}\"]\n");
        sandbox.ticket(id, &text);
    }
    assert_snapshot!(sandbox.tk(["next"]), @r"
    --- stderr
    warning: tickets wait for one another: one → two → one
    error: nothing is ready
    hint: 3 open: 0 in progress, 0 awaiting a person; `tk list --blocked` tells what the others wait for
    --- exit 1
    ");
    assert_snapshot!(sandbox.tk(["graph"]), @r"
    In a cycle or behind one: one, sub, two
    --- stderr
    warning: tickets wait for one another: one → two → one
    ");
    let told = sandbox.tk(["stats"]);
    let warning = "warning: tickets wait for one another: one → two → one\n";
    assert_eq!((told.code, told.stderr.as_str()), (0, warning));
}
