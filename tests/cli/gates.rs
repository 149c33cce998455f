use insta::assert_snapshot;

use crate::project::{authentication, refused};
use crate::support::Sandbox;

fn status(sandbox: &Sandbox, id: &str) -> String {
    let fields = "status,awaiting,verdict";
    let shown = sandbox
        .tk([
            "list",
            "--all",
            "--json",
            "--fields",
            &format!("id,{fields}"),
        ])
        .json();
    let tickets = shown["tickets"].as_array().unwrap().clone();
    tickets
        .iter()
        .find(|ticket| ticket["id"] == id)
        .unwrap()
        .to_string()
}

#[test]
fn an_approval_clears_the_gate() {
    let sandbox = authentication();
    sandbox.tk(["close", "abc"]).ok();
    sandbox.tk(["close", "ghi"]).ok();
    assert_snapshot!(sandbox.tk(["approve", "ghi", "--note", "fine"]), @r"
    ghi  approved  Third
    --- stderr
    hint: `tk close ghi` closes it
    ");
    assert_snapshot!(status(&sandbox, "ghi"), @r#"{"id":"ghi","status":"open","awaiting":null,"verdict":"approved"}"#);
    assert_snapshot!(sandbox.tk(["approve", "ghi"]), @"ghi  unchanged  Third");
}

#[test]
fn what_a_run_has_kept_is_to_land() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket(
        "abc",
        "title = \"First\"\nrequires = \"review\"\nawaiting = \"review\"\n\n\
         [[runs]]\nrun = \"01JD\"\noutcome = \"awaiting\"\n",
    );
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message", "kept"]);
    sandbox.git(["branch", "tk/work/aut/abc"]);
    assert_snapshot!(sandbox.tk(["approve", "abc"]), @r"
    abc  approved  First
    --- stderr
    hint: what a run has kept of `abc`, `tk land abc` merges
    ");
}

#[test]
fn an_approval_to_begin_is_no_review() {
    let sandbox = authentication();
    sandbox.tk(["update", "ghi", "--awaiting", "approval"]).ok();
    sandbox.tk(["approve", "ghi"]).ok();
    assert_snapshot!(status(&sandbox, "ghi"), @r#"{"id":"ghi","status":"open","awaiting":null,"verdict":null}"#);
}

#[test]
fn a_rejection_sends_it_back() {
    let sandbox = authentication();
    sandbox
        .tk([
            "update",
            "ghi",
            "--status",
            "in_progress",
            "--awaiting",
            "review",
        ])
        .ok();
    assert_snapshot!(sandbox.tk(["reject", "ghi", "too loud"]), @"ghi  rejected  Third");
    assert_snapshot!(status(&sandbox, "ghi"), @r#"{"id":"ghi","status":"open","awaiting":null,"verdict":"rejected"}"#);
    assert_snapshot!(sandbox.tk(["show", "ghi", "--json"]).json()["tickets"][0]["notes"], @r#"[{"at":"2026-11-20T08:38:50Z","by":"dana@example.com","kind":"feedback","text":"too loud"}]"#);
}

#[test]
fn what_an_agent_proposed_is_declined() {
    let sandbox = authentication().with_env("TK_ACTOR", "agent:claude");
    let id = sandbox.file(["An idea"]);
    let sandbox = sandbox.with_env("TK_ACTOR", "dana");
    sandbox.tk(["reject", &id, "not now"]).ok();
    assert_snapshot!(status(&sandbox, &id).replace(&id, "ID"), @r#"{"id":"ID","status":"closed","awaiting":null,"verdict":"rejected"}"#);
}

/// What an agent would have come again and again is declined once.
#[test]
fn a_series_that_an_agent_proposed_ends_where_it_is_declined() {
    let sandbox = authentication().with_env("TK_ACTOR", "agent:claude");
    let id = sandbox.file(["An idea", "--repeat", "daily", "--due", "2026-11-21"]);
    let sandbox = sandbox.with_env("TK_ACTOR", "dana");
    let told = sandbox.tk(["reject", &id, "never"]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""));
    let there = sandbox.tk(["list", "--all"]);
    let listed = sandbox.tk(["show", &id, "--json"]).json();
    assert_eq!(listed["tickets"][0]["repeat"], serde_json::Value::Null);
    assert!(!there.stdout.contains(&format!("{id}-r2")), "{there}");
}

#[test]
fn what_is_closed_is_neither_approved_nor_rejected() {
    let sandbox = authentication().with_env("TK_ACTOR", "agent:claude");
    let id = sandbox.file(["An idea"]);
    let sandbox = sandbox.with_env("TK_ACTOR", "dana");
    sandbox
        .tk(["close", &id, "--reason", "not needed", "--force"])
        .ok();
    sandbox.ticket(
        "def",
        "title = \"Second\"\nstatus = \"closed\"\nclosed_at = 2026-11-19T08:00:00Z\n\
         created_by = \"agent:claude\"\nrequires = \"review\"\nawaiting = \"review\"\n",
    );
    let said = refused(
        &sandbox,
        4,
        &[
            &["reject", &id, "no good"],
            &["approve", &id],
            &["reject", "def", "no good"],
            &["approve", "def", "--note", "fine"],
        ],
    );
    assert_snapshot!(said.replace(&id, "ID"), @r"
    error: `ID` is closed: it can await nothing
    hint: `tk reopen ID` opens it again
    error: `ID` is closed: it can await nothing
    hint: `tk reopen ID` opens it again
    error: `def` is closed: it can await nothing
    hint: `tk reopen def` opens it again
    error: `def` is closed: it can await nothing
    hint: `tk reopen def` opens it again
    ");
}

#[test]
fn every_kind_of_awaiting_has_its_answer() {
    let sandbox = authentication();
    for (kind, approve, answer) in [
        ("work", 4, 4),
        ("input", 4, 0),
        ("approval", 0, 4),
        ("review", 0, 4),
        ("content", 0, 4),
        ("escalation", 0, 4),
        ("checkpoint", 0, 4),
        ("", 4, 4),
    ] {
        let set = || {
            sandbox
                .tk(["update", "def", "--awaiting", kind, "--json"])
                .ok()
        };
        set();
        assert_eq!(sandbox.tk(["answer", "def", "yes"]).code, answer, "{kind}");
        set();
        assert_eq!(sandbox.tk(["reject", "def", "no"]).code, approve, "{kind}");
        set();
        // What was rejected is not thereby approved.
        assert_eq!(sandbox.tk(["approve", "def"]).code, approve, "{kind}");
        sandbox.write(".ticks/def.toml", "title = \"Second\"\n");
    }
}

#[test]
fn asks_and_answers() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["ask", "abc", "Should it expire?"]), @"abc  asked  First");
    sandbox.tk(["ask", "abc", "And when?"]).ok();
    assert_snapshot!(sandbox.tk(["answer", "abc", "After an hour"]), @"abc  answered  First");
    assert_snapshot!(sandbox.tk(["show", "abc"]), @r"
    abc  First
    status          open (ready)
    type            task
    priority        1
    parent          aut
    blocks          def, ghi
    estimate        2h

    notes
      2026-11-20T08:38:50Z  dana@example.com (question)
        Should it expire?
      2026-11-20T08:38:50.001Z  dana@example.com (question)
        And when?
      2026-11-20T08:38:50.002Z  dana@example.com (answer)
        After an hour
    ");
    assert_snapshot!(refused(&sandbox, 4, &[
        &["answer", "abc", "again"],
        &["approve", "abc"],
        &["reject", "abc", "no"],
    ]), @r"
    error: `abc` awaits no input
    hint: `tk note abc TEXT` adds a note
    error: `abc` awaits nothing
    hint: `tk show abc` tells how it stands
    error: `abc` awaits nothing
    hint: `tk show abc` tells how it stands
    ");
    assert_snapshot!(refused(&sandbox, 2, &[&["ask", "abc", " "], &["reject", "abc", ""], &["reject", "abc"]]), @r"
    error: the question is blank: expected a text
    error: the reason for the rejection is blank: expected a text
    error: the following required arguments were not provided:
      <TEXT>

    Usage: tk reject <ID> <TEXT>

    For more information, try '--help'.
    ");
}

#[test]
fn agents_may_ask_and_note_but_not_decide() {
    let sandbox = authentication();
    sandbox.tk(["update", "ghi", "--awaiting", "review"]).ok();
    sandbox
        .tk([
            "update",
            "abc",
            "--acceptance",
            "one",
            "--acceptance",
            "two",
        ])
        .ok();
    let sandbox = sandbox
        .with_env("TK_ACTOR", "agent:claude")
        .with_env("TK_TICKET", "abc");
    let commands: [&[&str]; 11] = [
        &["approve", "ghi"],
        &["reject", "ghi", "no"],
        &["answer", "ghi", "yes"],
        &["close", "abc"],
        &["reopen", "abc"],
        &["block", "abc", "def"],
        &["unblock", "def", "abc"],
        &["update", "abc", "--status", "closed"],
        &["update", "ghi", "--awaiting", ""],
        &["update", "ghi", "--requires", ""],
        &["update", "abc", "--check", "true"],
    ];
    let said = refused(&sandbox, 4, &commands);
    assert_snapshot!(said, @r"
    error: `agent:claude` is an agent: only people may approve
    hint: an agent can `tk ask` and `tk note`
    error: `agent:claude` is an agent: only people may reject
    hint: an agent can `tk ask` and `tk note`
    error: `agent:claude` is an agent: only people may answer
    hint: an agent can `tk ask` and `tk note`
    error: `agent:claude` is an agent: only people may close
    hint: an agent can `tk ask` and `tk note`
    error: `agent:claude` is an agent: only people may reopen
    hint: an agent can `tk ask` and `tk note`
    error: `agent:claude` is an agent: only people may block
    hint: an agent can `tk ask` and `tk note`
    error: `agent:claude` is an agent: only people may unblock
    hint: an agent can `tk ask` and `tk note`
    error: `agent:claude` is an agent: only people may change anything but `--met`, `--subtask-done` and `--note`
    hint: an agent can `tk ask` and `tk note`
    error: `agent:claude` is an agent: only people may change anything but `--met`, `--subtask-done` and `--note`
    hint: an agent can `tk ask` and `tk note`
    error: `agent:claude` is an agent: only people may change anything but `--met`, `--subtask-done` and `--note`
    hint: an agent can `tk ask` and `tk note`
    error: `agent:claude` is an agent: only people may change anything but `--met`, `--subtask-done` and `--note`
    hint: an agent can `tk ask` and `tk note`
    ");
    sandbox.tk(["note", "ghi", "seen"]).ok();
    sandbox
        .tk(["update", "abc", "--met", "1", "--note", "done"])
        .ok();
    assert_snapshot!(refused(&sandbox, 4, &[&["close", "abc", "--as", "dana", "--json"]]), @r#"{"schema":"tk.error.v1","error":{"code":"HUMANS_ONLY","message":"`agent:claude` is an agent: only people may close","hint":"an agent can `tk ask` and `tk note`","retryable":false,"exit_code":4,"context":{"actor":"agent:claude"}}}"#);
    sandbox.tk(["update", "def", "--note", "also"]).ok();
    sandbox.tk(["ask", "def", "what?"]).ok();
}

#[test]
fn somebody_must_be_named_to_say_something() {
    let sandbox = authentication().without_env("TK_ACTOR");
    assert_snapshot!(refused(&sandbox, 2, &[&["note", "abc", "x"], &["note", "abc", "x", "--as", " "]]), @r"
    error: nobody says who you are
    hint: `git config user.email you@example.com`, or `--as you@example.com`
    error: `--as` is blank: expected who you are, such as `dana@example.com`
    ");
    sandbox.git(["config", "user.email", "me@example.com"]);
    sandbox.tk(["note", "abc", "x"]).ok();
    let notes = sandbox.tk(["show", "abc", "--json"]).json()["tickets"][0]["notes"].clone();
    assert_eq!(notes[0]["by"], "me@example.com");
}

#[test]
fn an_answer_may_be_the_number_of_one_that_is_offered() {
    let sandbox = authentication();
    let notes = |answer: &str| {
        sandbox
            .tk(["ask", "abc", "Which?\n1. red\n2. dark blue"])
            .ok();
        sandbox.tk(["answer", "abc", answer]).ok();
        let shown = sandbox.tk(["show", "abc", "--json"]).json();
        let notes = shown["tickets"][0]["notes"].as_array().unwrap().clone();
        notes.last().unwrap()["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(notes("2"), "dark blue");
    assert_eq!(notes("Red"), "red");
    assert_eq!(notes("1,2"), "red, dark blue");
    assert_eq!(notes("neither"), "neither");
    sandbox.tk(["ask", "abc", "Which?\n1. red\n2. blue"]).ok();
    assert_snapshot!(refused(&sandbox, 2, &[&["answer", "abc", "3"]]), @r"
    error: there is no answer 3: the question offers 1 to 2
    hint: the answers: 1 red, 2 blue
    ");
    assert_snapshot!(status(&sandbox, "abc"), @r#"{"id":"abc","status":"open","awaiting":"input","verdict":null}"#);
}

#[test]
fn what_a_worker_wants_to_do_is_allowed_without_a_verdict_on_its_work() {
    let sandbox = authentication();
    let asks = || {
        sandbox.write(
            ".ticks/ghi.toml",
            "title = \"Third\"\nstatus = \"in_progress\"\nrequires = \"approval\"\nawaiting = \"approval\"\n\n[[notes]]\nat = 2026-11-20T08:00:00Z\nby = \"agent:claude\"\nkind = \"question\"\ntext = \"permission: Bash: make\"\n",
        );
    };
    let last = || {
        let shown = sandbox.tk(["show", "ghi", "--json"]).json();
        let notes = shown["tickets"][0]["notes"].as_array().unwrap().clone();
        format!("{} {}", status(&sandbox, "ghi"), notes.last().unwrap())
    };
    asks();
    assert_snapshot!(sandbox.tk(["approve", "ghi"]), @"ghi  approved  Third");
    assert_snapshot!(last(), @r#"{"id":"ghi","status":"in_progress","awaiting":null,"verdict":null} {"at":"2026-11-20T08:38:50Z","by":"dana@example.com","kind":"answer","text":"approved"}"#);
    asks();
    assert_snapshot!(sandbox.tk(["reject", "ghi", "not here"]), @"ghi  rejected  Third");
    assert_snapshot!(last(), @r#"{"id":"ghi","status":"in_progress","awaiting":null,"verdict":null} {"at":"2026-11-20T08:38:50Z","by":"dana@example.com","kind":"feedback","text":"not here"}"#);
}
