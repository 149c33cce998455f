use insta::assert_snapshot;

use crate::project::authentication;
use crate::support::Sandbox;

const FULL: &str = r#"title = "Everything"
status = "in_progress"
owner = "ann"
blocked_by = ["abc", "gone"]
description = """
One.
Two.
"""
started_at = 2026-11-20T08:00:00Z

[[acceptance]]
text = "It works"
check = "make test"
met = true

[[subtasks]]
title = "Try"

[[notes]]
at = 2026-11-20T08:01:00Z
by = "agent:claude"
kind = "question"
text = "Should it?"

[[runs]]
run = "01JD"
attempt = 1
agent = "claude"
outcome = "failed"
summary = "could not"
cost_usd = 0.42
"#;

#[test]
fn everything_as_text() {
    let sandbox = authentication();
    sandbox.ticket("full", FULL);
    assert_snapshot!(sandbox.tk(["show", "full"]), @r"
    full  Everything
    status          in_progress
    type            task
    priority        2
    owner           ann
    blocked by      abc, gone
    started         2026-11-20T08:00:00Z

    description
        One.
        Two.

    acceptance
      1 [x] It works  (check: make test)

    subtasks
      1 [ ] Try

    notes
      2026-11-20T08:01:00Z  agent:claude (question)
        Should it?

    runs
      01JD  attempt 1  claude  failed  $0.42
        could not
    ");
}

#[test]
fn everything_as_json() {
    let sandbox = authentication();
    sandbox.ticket("full", FULL);
    assert_snapshot!(sandbox.tk(["show", "full", "--json"]), @r#"{"schema":"tk.show.v1","total":1,"truncated":false,"tickets":[{"id":"full","title":"Everything","type":"task","status":"in_progress","priority":2,"owner":"ann","parent":null,"labels":[],"blocked_by":["abc","gone"],"requires":null,"awaiting":null,"estimate":null,"after":[],"related":[],"discovered_from":null,"duplicate_of":null,"due":null,"defer_until":null,"repeat":null,"recurs_from":null,"agent":null,"model":null,"lock":null,"pr":null,"checks":[],"touches":[],"created_at":null,"created_by":null,"started_at":"2026-11-20T08:00:00Z","closed_at":null,"closed_by":null,"reason":null,"verdict":null,"description":"One.\nTwo.","acceptance":[{"text":"It works","check":"make test","met":true}],"subtasks":[{"title":"Try","done":false}],"notes":[{"at":"2026-11-20T08:01:00Z","by":"agent:claude","kind":"question","text":"Should it?"}],"runs":[{"run":"01JD","attempt":1,"agent":"claude","model":null,"session":null,"started_at":null,"ended_at":null,"outcome":"failed","summary":"could not","cost_usd":0.42,"input_tokens":null,"output_tokens":null,"turns":null}],"etag":"603be3a02e4e","blocks":[],"open_blockers":["abc","gone"],"ready":false,"updated_at":"2026-11-20T08:01:00Z","commits":[],"commits_truncated":false,"note_count":1,"cost_usd":0.42}]}"#);
}

#[test]
fn several_by_beginnings_parts_and_titles() {
    let sandbox = authentication();
    sandbox.ticket("nw-5c46", "title = \"Imported\"\n");
    let ids = |given: &[&str]| {
        let mut command = sandbox.tk_command();
        let output = sandbox.run(command.arg("show").args(given).arg("--json"), None);
        let tickets = output.json()["tickets"].as_array().unwrap().clone();
        let ids = tickets
            .iter()
            .map(|ticket| ticket["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ids(&["abc", "d", " GHI "]), "abc def ghi");
    assert_eq!(ids(&["5c", "nw", "abc,def"]), "nw-5c46 abc def");
    assert_eq!(ids(&["authent"]), "aut");
}

#[test]
fn ids_from_standard_input() {
    let sandbox = authentication();
    let listed = sandbox
        .tk(["list", "--parent", "aut", "--fields", "id"])
        .ok();
    let shown = sandbox.tk_with_input(["show", "-", "--json"], &listed);
    assert_eq!(shown.json()["total"], 3);
    sandbox
        .tk_with_input(["update", "-", "-p", "0"], &listed)
        .ok();
    let urgent = sandbox.tk(["list", "-p", "0", "--fields", "id"]).ok();
    assert_eq!(urgent, listed);
    let none = sandbox.tk_with_input(["close", "-", "--json"], "").json();
    assert_eq!(none["changed"], false);
}

#[test]
fn ids_that_fit_none_or_several() {
    let sandbox = authentication();
    sandbox.ticket("abd", "title = \"Also\"\n");
    assert_snapshot!(sandbox.tk(["show", "ab"]), @r"
    --- stderr
    error: `ab` fits 2 tickets:
      abc  First
      abd  Also
    hint: use more of the id
    --- exit 3
    ");
    assert_snapshot!(sandbox.tk(["show", "ab", "--json"]), @r#"
    --- stderr
    {"schema":"tk.error.v1","error":{"code":"AMBIGUOUS_ID","message":"`ab` fits 2 tickets:\n  abc  First\n  abd  Also","hint":"use more of the id","retryable":false,"exit_code":3,"context":{"given":"ab","matches":[{"id":"abc","title":"First"},{"id":"abd","title":"Also"}]}}}
    --- exit 3
    "#);
    assert_snapshot!(sandbox.tk(["show", "abcd"]), @r"
    --- stderr
    error: no ticket `abcd`
    hint: did you mean `abc` or `abd`?
    --- exit 3
    ");
    assert_snapshot!(sandbox.tk(["show", "xyz", "--json"]), @r#"
    --- stderr
    {"schema":"tk.error.v1","error":{"code":"TICKET_NOT_FOUND","message":"no ticket `xyz`","hint":"`tk list --all` shows every ticket","retryable":false,"exit_code":3,"context":{"given":"xyz","near":[]}}}
    --- exit 3
    "#);
    assert_snapshot!(sandbox.tk(["show", ""]), @r"
    --- stderr
    error: an id is blank: expected one such as `k7m`
    --- exit 2
    ");
    assert_snapshot!(sandbox.tk(["show", "../../etc/passwd"]), @r"
    --- stderr
    error: no ticket `../../etc/passwd`
    hint: `tk list --all` shows every ticket
    --- exit 3
    ");
}

#[test]
fn names_the_commits_of_a_ticket() {
    let sandbox = authentication();
    sandbox.git([
        "commit",
        "--quiet",
        "--allow-empty",
        "--message=Land it\n\nTicket: abc",
    ]);
    let shown = sandbox.tk(["show", "abc", "--json"]).json();
    assert_eq!(shown["tickets"][0]["commits"][0]["subject"], "Land it");
}

#[test]
fn names_the_commits_that_are_in_another_encoding() {
    let sandbox = authentication();
    let mut message = b"Gr\xfc\xdfe\n\nTicket: abc\n".to_vec();
    let file = sandbox.root().join("message");
    std::fs::write(&file, &message).unwrap();
    let latin = ["-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--quiet"];
    let latin = latin.map(std::ffi::OsString::from).to_vec();
    let more = ["--allow-empty", "--file"].map(std::ffi::OsString::from);
    sandbox.git(latin.into_iter().chain(more).chain([file.clone().into()]));
    let shown = sandbox.tk(["show", "abc", "--json"]).json();
    assert_eq!(shown["tickets"][0]["commits"][0]["subject"], "Grüße");
    // Nothing is told of this one, and it is in none.
    message.splice(0..0, *b"\xff");
    std::fs::write(&file, &message).unwrap();
    let plain = ["commit", "--quiet", "--allow-empty", "--file"].map(std::ffi::OsString::from);
    sandbox.git(plain.into_iter().chain([file.into()]));
    let shown = sandbox.tk(["show", "abc", "--json"]).json();
    let subject = shown["tickets"][0]["commits"][0]["subject"].as_str();
    assert!(subject.unwrap().ends_with("e"), "{subject:?}");
}

/// A limit is announced: of 20 commits, and of the 2,000 newest, unless the ticket is younger.
#[test]
fn says_that_there_may_be_more_commits() {
    let mut sandbox = authentication();
    sandbox.at("2026-11-22T08:00:00Z");
    let young = sandbox.file(["Young"]);
    // All at the time of the first one.
    let commits = |count: usize, trailer: &str| {
        let mut stream = String::new();
        for number in 0..count {
            let message = format!("Work\n\n{trailer}");
            let parent = if number == 0 {
                "from refs/heads/main^0\n"
            } else {
                ""
            };
            stream += &format!(
                "commit refs/heads/main\ncommitter D <d@example.com> 1795163930 +0000\n\
                 data {}\n{message}\n{parent}",
                message.len()
            );
        }
        let command = &mut sandbox.command("git");
        let import = command.args(["fast-import", "--quiet"]);
        sandbox.run(import, Some(&stream)).ok();
    };
    let told = |id: &str| {
        let shown = sandbox.tk(["show", id, "--json"]).json();
        let ticket = &shown["tickets"][0];
        let text = sandbox.tk(["show", id]).ok();
        let says = text.contains(&format!(
            "\n  … there may be more: `git log --grep='Ticket: {id}'` looks at the whole history\n"
        ));
        assert_eq!(ticket["commits_truncated"], says, "{text}");
        let args = ["list", "--json", "--fields", "id,commits_truncated"];
        let listed = sandbox.tk(args).json();
        let listed = listed["tickets"].as_array().unwrap();
        let listed = listed.iter().find(|ticket| ticket["id"] == id).unwrap();
        assert_eq!(listed["commits_truncated"], says);
        (ticket["commits"].as_array().unwrap().len(), says)
    };
    commits(20, "Ticket: abc\n");
    assert_eq!(told("abc"), (20, false));
    commits(1, "Ticket: abc\n");
    assert_eq!(told("abc"), (20, true));
    assert_eq!(told("def"), (0, false));
    commits(1, "Ticket: def\n");
    commits(1_978, "");
    assert_eq!(told("def"), (1, true));
    commits(22, "");
    assert_eq!(told("def"), (0, true));
    assert_eq!(told(&young), (0, false));
}

/// Whatever lists everything of a ticket lists its commits: those of the history that the tickets
/// are of.
#[test]
fn lists_name_the_commits_that_show_names() {
    let sandbox = authentication();
    sandbox.git(["add", "."]);
    let commit = |message: &str| {
        sandbox.git(["commit", "--quiet", "--allow-empty", "--message", message]);
    };
    commit("File them");
    commit("Begin\n\nTicket: abc\nTicket: ghi\nTicket: abc");
    commit("Both\n\nticket: abc\nTicket: def");
    let shown = sandbox.tk(["show", "abc", "--json"]).json();
    let named = &shown["tickets"][0]["commits"];
    assert_eq!(named[0]["subject"], "Both");
    assert_eq!(named[1]["subject"], "Begin");
    assert_eq!(named.as_array().unwrap().len(), 2);
    let told = |args: &[&str]| {
        let command = &mut sandbox.tk_command();
        let told = sandbox.run(command.args(args).arg("--json"), None).json();
        let tickets = told["tickets"].as_array().unwrap().clone();
        let mut tickets = tickets.into_iter();
        tickets.find(|ticket| ticket["id"] == "abc").unwrap()
    };
    for args in [
        &["list", "--full"][..],
        &["list", "--fields", "id,commits"],
        &["list", "--at", "HEAD", "--full"],
        &["ready", "--full"],
        &["search", "first", "--full"],
        &["search", "first", "--fields", "id,commits"],
    ] {
        assert_eq!(told(args)["commits"], *named, "{args:?}");
    }
    let before = told(&["list", "--at", "HEAD~1", "--full"]);
    assert_eq!(
        before["commits"].as_array().unwrap()[..],
        [named[1].clone()]
    );
    for args in [&["list"][..], &["ready"], &["list", "--fields", "id,notes"]] {
        assert_eq!(told(args).get("commits"), None, "{args:?}");
    }
}

/// What hundreds wait for names some of them, and says that there are more.
#[test]
fn very_many_dependants_are_not_all_named() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("hub", "title = \"Hub\"\n");
    for number in 0..51 {
        let text = "title = \"x\"\nblocked_by = [\"hub\"]\n";
        sandbox.ticket(&format!("t{number:02}"), text);
    }
    let text = sandbox.tk(["show", "hub"]).ok();
    assert!(
        text.contains("t48, t49, … 1 more, which `--json` has\n"),
        "{text}"
    );
    let shown = sandbox.tk(["show", "hub", "--json"]).json();
    assert_eq!(shown["tickets"][0]["blocks"].as_array().unwrap().len(), 51);
    sandbox.tk(["delete", "t50"]).ok();
    let text = sandbox.tk(["show", "hub"]).ok();
    assert!(text.contains(", t49\n") && !text.contains("more"), "{text}");
}

#[test]
fn a_note_without_a_time_is_shown_without_one_and_makes_no_ticket_old() {
    let sandbox = Sandbox::initialised();
    let text = "title = \"By hand\"\n\n[[notes]]\ntext = \"Later.\"\n\n[[notes]]\nby = \"ann\"\nkind = \"feedback\"\ntext = \"Or not.\"\n";
    sandbox.ticket("abc", text);
    let shown = sandbox.tk(["show", "abc"]).ok();
    assert!(
        shown.ends_with("notes\n  nobody\n    Later.\n  ann (feedback)\n    Or not.\n"),
        "{shown}"
    );
    let notes = sandbox.tk(["show", "abc", "--json"]).json()["tickets"][0]["notes"].clone();
    assert_eq!(notes[0]["at"], serde_json::Value::Null);
    let old = sandbox
        .tk(["list", "--json", "--query", "updated<-90d"])
        .json();
    assert_eq!(old["tickets"], serde_json::json!([]));
    let page = sandbox.tk(["export", "--format", "markdown"]).ok();
    assert!(
        page.contains("\n**nobody** (comment)\n\n> Later.\n"),
        "{page}"
    );
    // Nor does a change of something else give it one.
    sandbox.tk(["update", "abc", "-p", "1"]).ok();
    assert!(!sandbox.read(".ticks/abc.toml").contains("at ="));
    // And it comes back as it went.
    sandbox.write("all.jsonl", &sandbox.tk(["export"]).ok());
    sandbox.tk(["delete", "abc"]).ok();
    sandbox.tk(["import", "jsonl", "all.jsonl"]).ok();
    let notes = sandbox.tk(["show", "abc", "--json"]).json()["tickets"][0]["notes"].clone();
    assert_eq!(notes[1]["at"], serde_json::Value::Null);
}
