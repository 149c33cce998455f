//! Workers whose words are not what a ticket's file or a commit can have: the rest of what they
//! say counts all the same, and no other run is kept from anything.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::rig::{Ended, Live, Rig, broken_meanwhile, open};

/// A client that says of its session and of its model what is given, and works.
fn odd_client(rig: &Rig, session: &Value, model: &Value) -> PathBuf {
    let init = json!({"type": "system", "subtype": "init", "session_id": session, "model": model});
    let report = json!({"status": "done", "summary": "ok"});
    let usage = json!({"inputTokens": u64::MAX, "outputTokens": 1});
    let result = json!({
        "type": "result", "subtype": "success", "is_error": false, "session_id": session,
        "num_turns": u64::MAX, "total_cost_usd": 0.1, "modelUsage": {"scripted": usage},
        "structured_output": report,
    });
    let script = format!(
        "#!/bin/sh\ntest \"$1\" != --version || exec echo odd\ncat >>\"$0.in\" &\n\
         cat <<'X'\n{init}\nX\n\
         echo x >\"$TK_TICKET.txt\"; git add --all; git commit --quiet --message=work\n\
         cat <<'X'\n{result}\nX\nwait\n"
    );
    let path = rig.sandbox.root().join("odd-client");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn run_with(rig: &Rig, client: &Path, ticket: &str) -> Ended {
    let mut command = rig.sandbox.tk_command();
    command.args(["run", ticket, "--json", "--max-cost", "9"]);
    command.env("TK_CLAUDE", client);
    Live::of(command).end()
}

#[test]
fn a_session_or_a_model_that_is_no_line_is_none() {
    for (session, model) in [
        (json!(""), json!("opus")),
        (json!("a\nb"), json!("opus")),
        (json!("5e55"), json!("op\u{1b}us")),
        (json!(" "), json!("\n")),
        (json!(7), json!([])),
    ] {
        let rig = Rig::new(&[("one", ""), ("two", "")]);
        let ended = run_with(&rig, &odd_client(&rig, &session, &model), "one").expect(0);
        assert_eq!(ended.ids("landed"), ["one"], "{session} {model}");
        let record = &rig.show("one")["runs"][0];
        assert_eq!(record["outcome"], "landed", "{record}");
        assert_eq!(record["cost_usd"], 0.1, "{record}");
        let is_line = |value: &Value| value.as_str().is_some_and(|text| text.len() == 4);
        for (key, given) in [("session", &session), ("model", &model)] {
            let expected = is_line(given) && is_line(&session);
            assert_eq!(record[key].is_string(), expected, "{key} {record}");
        }
        rig.run([]).expect(0);
        rig.assert_tidy();
    }
}

#[test]
fn what_cannot_be_put_into_a_ticket_is_told_and_keeps_no_other_run() {
    let rig = Rig::new(&[("one", ""), ("other", "")]);
    rig.sandbox.ticket("third", "title = \"Ticket third\"\n");
    let (pipe, last) = (rig.pipe("gate"), rig.pipe("last"));
    let round =
        json!([{"say": "up"}, {"await": pipe}, {"write": {"path": "one.txt", "text": "x"}}]);
    rig.script(json!({
        "one": [round], "other": [[{"await": last}, {"run": "echo x > other.txt"}]],
    }));
    let mut live = rig.start(["-j", "2"]);
    let text = broken_meanwhile(&rig, &mut live, &pipe);
    // It can be read again, and not a word more fits in.
    let lines = "description = \"\"\"\n\"\"\"\n";
    let room = "x".repeat((16 << 20) - text.len() - lines.len());
    let full = format!("description = \"\"\"\n{room}\"\"\"\n{text}");
    rig.sandbox.write(".ticks/one.toml", &full);
    open(&last);
    let told = |ended: &Ended| {
        let warned = ended.warnings();
        warned.iter().any(|text| {
            text.starts_with("the end of an attempt at `one` cannot be put into its file yet: ")
        })
    };
    let ended = live.end().expect(7);
    assert!(told(&ended), "{:#?}", ended.events);

    let mut command = rig.sandbox.tk_command();
    command.args(["run", "third", "--json"]);
    let ended = Live::of(command).end().expect(0);
    assert_eq!(ended.ids("landed"), ["third"]);
    assert!(told(&ended), "{:#?}", ended.events);
    let doctor = rig.sandbox.tk(["doctor", "--fix", "--json"]).json();
    let findings = doctor["findings"].as_array().unwrap();
    let untold = findings.iter().find(|found| found["kind"] == "untold_end");
    let failure = untold.unwrap()["failure"].as_str().unwrap();
    assert!(failure.contains("larger than"), "{failure}");

    // What remembers it is kept until it fits.
    rig.sandbox.write(".ticks/one.toml", &text);
    let doctor = rig.sandbox.tk(["doctor", "--fix", "--json"]).json();
    let findings = doctor["findings"].as_array().unwrap();
    let untold = findings.iter().find(|found| found["kind"] == "untold_end");
    assert_eq!(untold.unwrap()["fixed"], true);
    assert_eq!(rig.show("one")["runs"][0]["outcome"], "failed");
}

#[test]
fn no_summary_passes_for_another_ticket_s_landing_or_for_what_it_is_not() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let title = "title = \"Ticket \u{202e}one\"\nparent = \"epic\"\n";
    rig.sandbox.ticket("one", title);
    let summary = "Did \u{202e}it \u{1b}[2J:\n- a\tb\n\nTicket: two\nCost-USD: 99\r\nRun : x";
    let report = json!({"report": {"status": "done", "summary": summary}});
    rig.script(json!({"one": [[{"run": "echo x > one.txt"}, report]]}));
    rig.run([]).expect(0);
    let of = |id: &str, format: &str| {
        let pattern = format!("--grep=^Land {id}:");
        rig.sandbox.git(["log", "main", &pattern, format])
    };
    let message = of("one", "--format=%B");
    let (body, trailers) = message.trim_end().rsplit_once("\n\n").unwrap();
    let expected = "Land one: Ticket \\u{202e}one\n\n\
                    Did \\u{202e}it \\u{1b}[2J:\n- a\tb\n\n  Ticket: two\n  Cost-USD: 99\n  Run : x";
    assert_eq!(body, expected);
    assert!(trailers.starts_with("Ticket: one\nRun: "), "{trailers}");
    assert_eq!(
        rig.sandbox
            .git(["log", "main", "--grep=^Ticket: two$", "--format=%s"]),
        "Land two: Ticket two\nClose two: Ticket two\n"
    );
}

#[test]
fn what_landed_is_known_by_its_trailers_alone() {
    let rig = Rig::new(&[("one", "")]);
    let mut dying = rig.sandbox.tk_command();
    dying.args(["run", "epic", "--json"]);
    dying.env("TK_TEST_DIE_AT", "landed:before");
    Live::of(dying).end();
    let tip = rig.sandbox.git(["rev-parse", "tk/run/epic"]);
    // As older versions wrote them.
    let text = "Land other: x\n\nTicket: one\n\nTicket: other\nRun: x\n";
    let git = ["-C", ".worktrees/epic", "commit", "--quiet"];
    let message = ["--allow-empty", "--message", text];
    rig.sandbox.git(git.into_iter().chain(message));
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.of("one", "landed")[0]["commit"], tip.trim());
}

/// As git checks them out where `core.autocrlf` is set: no script of an agent has the CRs.
#[test]
fn an_agent_whose_lines_end_in_cr_lf_runs_as_it_was_written() {
    let rig = Rig::new(&[("one", "")]);
    let agent = "kind = \"command\"\ncommand = [\"sh\", \"-ec\", '''\n\
                 echo done > $TK_TICKET.txt\ngit add $TK_TICKET.txt\n\
                 git commit --quiet --message=work\n\
                 echo '{\"status\": \"done\", \"summary\": \"ok\", \"cost_usd\": 0}' > $TK_RESULT\n\
                 ''']\n";
    let agent = agent.replace('\n', "\r\n");
    rig.sandbox.write(".ticks/agents/plain.toml", &agent);
    let template = "title = \"From a template\"\ndescription = '''\none\ntwo\n'''\n";
    let template = template.replace('\n', "\r\n");
    rig.sandbox.write(".ticks/templates/two.toml", &template);
    rig.run(["--agent", "plain"]).expect(0);
    let landed = rig.sandbox.git(["ls-tree", "--name-only", "main"]);
    assert!(landed.contains("one.txt\n"), "{landed}");
    assert_eq!(rig.sandbox.read("one.txt"), "done\n");
}
