//! Tickets that people close while they are worked at: their workers stop, the run goes on.

use serde_json::json;

use crate::rig::{Rig, hear, open, work};
use crate::stop::hanging;

#[test]
fn the_worker_stops_its_work_is_kept_and_what_waited_for_it_begins() {
    let rig = hanging();
    let mut live = rig.start(["--max-cost", "5"]);
    live.until("one", "say");
    let closed = rig.sandbox.tk(["close", "one", "--reason", "not wanted"]);
    closed.ok();
    let ended = live.end().expect(0);
    let told = "the ticket was closed meanwhile: its work is kept on `tk/work/epic/one`";
    assert_eq!(ended.of("one", "warning")[0]["text"], told);
    assert_eq!(ended.of("one", "ticket_finished")[0]["outcome"], "closed");
    assert_eq!(ended.ids("landed"), ["two"]);
    let ticket = rig.show("one");
    assert_eq!(ticket["reason"], "not wanted");
    assert_eq!(ticket["runs"][0]["outcome"], "stopped");
    assert_eq!(ticket["runs"][0]["cost_usd"], 0.25);
    // Also what was not committed.
    for (file, text) in [("half.txt", "half"), ("rest.txt", "rest")] {
        let kept = format!("tk/work/epic/one:{file}");
        assert_eq!(rig.sandbox.git(["show", &kept]), text);
        assert!(!rig.sandbox.path().join(file).exists());
    }
    assert_eq!(rig.show("epic")["status"], "closed");
    assert_eq!(rig.spent(), 0.25);
    rig.assert_tidy();
    // That was meant so: it is told, with what can be done, and is nothing wrong.
    let output = rig.sandbox.tk(["doctor", "--json"]);
    let finding = &output.json()["findings"][0];
    assert_eq!(
        (output.code, &finding["severity"]),
        (0, &json!("note")),
        "{output}"
    );
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.starts_with("its ticket was closed while it was worked at: "),
        "{message}"
    );
    let hint = finding["hint"].as_str().unwrap();
    assert!(hint.contains("`git merge tk/work/epic/one`"), "{hint}");
}

#[test]
fn a_program_that_did_nothing_leaves_nothing() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let up = rig.pipe("up");
    let command = format!(
        "test $TK_TICKET = two || {{ echo up > '{}'; sleep 600; }}",
        up.display()
    );
    let agent = format!("kind = \"command\"\ncommand = [\"sh\", \"-c\", {command:?}]\n");
    rig.sandbox.write(".ticks/agents/plain.toml", &agent);
    let live = rig.start(["--agent", "plain", "-j", "1"]);
    hear(&up);
    rig.sandbox.tk(["close", "one"]).ok();
    let ended = live.end();
    let told = "the ticket was closed meanwhile: nothing more is done about it";
    assert!(ended.warnings().contains(&told), "{:?}", ended.warnings());
    assert_eq!(ended.of("one", "ticket_finished")[0]["outcome"], "closed");
    assert!(!rig.branches().contains(&"tk/work/epic/one".to_owned()));
    rig.assert_tidy();
}

#[test]
fn an_old_closing_that_git_shows_for_a_moment_stops_nobody() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let (gate, other) = (rig.pipe("gate"), rig.pipe("other"));
    rig.script(json!({
        "one": [[{"say": "up"}, {"await": gate}, {"run": "echo x > one.txt"}]],
        "two": [[{"await": other}, {"run": "echo x > two.txt"}]],
    }));
    let mut live = rig.start(["-j", "2"]);
    live.until("one", "say");
    let now = rig.sandbox.read(".ticks/one.toml");
    let text = "title = \"Do one\"\nstatus = \"closed\"\nparent = \"epic\"\n\
                closed_at = 2020-01-01T00:00:00Z\n";
    rig.sandbox.write(".ticks/one.toml", text);
    open(&other);
    live.until("two", "ticket_finished");
    rig.sandbox.write(".ticks/one.toml", &now);
    open(&gate);
    let ended = live.end().expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    rig.assert_tidy();
}

#[test]
fn one_that_waits_for_a_place_gets_none() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let gate = rig.pipe("gate");
    // `one` is to mend what its check finds, when the only place is free again.
    rig.script(json!({
        "one": [[{"write": {"path": "one.txt", "text": "bad"}}], work()],
        "two": [[{"say": "up"}, {"await": gate}, {"run": "echo x > two.txt"}]],
    }));
    let check = "test $TK_TICKET = two || ! grep -q bad one.txt";
    let mut live = rig.start(["-j", "1", "--check", check]);
    live.until("two", "say");
    rig.sandbox.tk(["close", "one"]).ok();
    live.until("one", "ticket_finished");
    open(&gate);
    let ended = live.end().expect(0);
    assert_eq!(ended.of("one", "ticket_finished")[0]["outcome"], "closed");
    assert_eq!(ended.ids("landed"), ["two"]);
    assert_eq!(rig.rounds("one"), 1);
    rig.assert_tidy();
}

#[test]
fn the_end_names_what_was_closed_and_deleted_meanwhile_and_where_its_work_is() {
    let rig = Rig::new(&[
        ("one", ""),
        ("two", ""),
        ("after", "blocked_by = [\"three\"]"),
        ("three", ""),
    ]);
    let (one, two, three) = (rig.pipe("1"), rig.pipe("2"), rig.pipe("3"));
    let gates = [rig.pipe("gate2"), rig.pipe("gate3")];
    let half = json!({"run": "echo half > half.txt && git add half.txt && git commit -qm half"});
    let tell = |told: &std::path::Path| json!({"run": format!("echo up > {told:?}")});
    let last = json!({"run": "echo x > three.txt"});
    rig.script(json!({
        "one": [[half, tell(&one), "hang"]],
        "two": [[half, tell(&two), {"await": gates[0]}]],
        "three": [[tell(&three), {"await": gates[1]}, last]],
    }));
    let mut command = rig.sandbox.tk_command();
    command.args(["run", "epic", "-j", "3"]);
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    for told in [&one, &two, &three] {
        hear(told);
    }
    rig.sandbox.tk(["close", "one", "after", "--force"]).ok();
    std::fs::remove_file(rig.sandbox.path().join(".ticks/two.toml")).unwrap();
    gates.iter().for_each(|gate| open(gate));
    let output = child.wait_with_output().unwrap();
    let (told, errors) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    let closed = "closed       after, one (its work is kept on `tk/work/epic/one`)\n";
    assert!(told.contains(closed), "{told}{errors}");
    let deleted = "deleted      two (its work is kept on `tk/work/epic/two`)\n";
    assert!(told.contains(deleted), "{told}{errors}");
}
