//! Who starts when: places, locks, waves, and the plan that said so.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::rig::{Ended, Live, Rig, open, work};

/// Goes through the events with the tickets that have a live worker.
fn live(ended: &Ended, mut look: impl FnMut(&BTreeSet<String>, &Value)) {
    let mut live = BTreeSet::new();
    for event in &ended.events {
        let ticket = event["ticket"].as_str().unwrap_or_default().to_owned();
        match event["kind"].as_str().unwrap() {
            "ticket_started" => {
                live.insert(ticket);
            }
            "cost" if event["settled"] == true => {
                live.remove(&ticket);
            }
            _ => {}
        }
        look(&live, event);
    }
}

#[test]
fn never_more_than_the_places_and_never_an_idle_one() {
    let ids: Vec<String> = (0..8).map(|n| format!("t{n}")).collect();
    let tickets: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "")).collect();
    let rig = Rig::new(&tickets);
    let ended = rig.run(["-j", "3"]).expect(0);
    let mut started = 0;
    live(&ended, |live, event| {
        assert!(live.len() <= 3, "{event}");
        started += usize::from(event["kind"] == "ticket_started");
    });
    assert_eq!(started, 8);
    // The first three start before anything else happens.
    let kinds: Vec<&Value> = ended.events.iter().map(|event| &event["kind"]).collect();
    let first = kinds
        .iter()
        .position(|kind| *kind == "ticket_started")
        .unwrap();
    assert!(
        kinds[first..first + 3]
            .iter()
            .all(|kind| *kind == "ticket_started"),
        "{kinds:?}"
    );
    // While a ticket is left, the next start does not wait for what becomes of the last one.
    let mut left = 8;
    let mut freed: Option<String> = None;
    for event in &ended.events {
        let ticket = event["ticket"].as_str().unwrap_or_default();
        match event["kind"].as_str().unwrap() {
            "ticket_started" => {
                left -= 1;
                freed = None;
            }
            "cost" if event["settled"] == true && left > 0 => freed = Some(ticket.to_owned()),
            "landed" => assert_ne!(freed.as_deref(), Some(ticket), "{event}"),
            _ => {}
        }
    }
}

#[test]
fn locks_touches_and_exclusions_keep_tickets_apart() {
    let rig = Rig::new(&[
        ("lock1", "lock = \"db\""),
        ("lock2", "lock = \"db\""),
        ("file1", "touches = [\"src/**\"]"),
        ("file2", "touches = [\"src/a.rs\"]"),
        ("code", "agent = \"coder\""),
        ("ship", "agent = \"shipper\""),
        ("single1", "agent = \"single\""),
        ("single2", "agent = \"single\""),
    ]);
    rig.command_agent("coder", "lock = \"code\"");
    rig.command_agent("shipper", "excludes = [\"code\"]");
    rig.command_agent("single", "lock = \"single\"");
    let ended = rig.run(["-j", "8"]).expect(0);
    let mut most = 0;
    live(&ended, |live, event| {
        for pair in [
            ["lock1", "lock2"],
            ["file1", "file2"],
            ["code", "ship"],
            ["single1", "single2"],
        ] {
            assert!(
                !pair.iter().all(|id| live.contains(*id)),
                "{pair:?} {event}"
            );
        }
        most = most.max(live.len());
    });
    assert_eq!(most, 4, "one of each pair at once");
}

/// `one`, whose check waits at a pipe, and `two`, both of which add to the file `shared`; the
/// run, when that check has begun.
fn in_its_check(of_both: &str, of_one: &str) -> (Rig, Live) {
    let rig = Rig::new(&[("one", ""), ("two", of_both)]);
    let pipe = rig.pipe("gate");
    let text = format!(
        "title = \"Ticket one\"\nparent = \"epic\"\npriority = 0\n{of_both}\n{of_one}\n\
         checks = [\"cat {}\"]\n",
        pipe.display()
    );
    rig.sandbox.ticket("one", &text);
    let adds = json!([[{"run": "echo $TK_TICKET >> shared"}, {"commit": "work"}]]);
    rig.script(json!({"one": adds, "two": adds}));
    let mut live = rig.start(["-j", "2"]);
    live.until("one", "check_started");
    (rig, live)
}

#[test]
fn a_lock_and_touched_files_are_held_until_the_work_has_landed() {
    for of_both in ["lock = \"db\"", "touches = [\"shared\"]"] {
        let (rig, live) = in_its_check(of_both, "");
        open(&rig.sandbox.root().join("gate"));
        let ended = live.end().expect(0);
        let landed = ended.seq("one", "landed");
        assert!(landed < ended.seq("two", "ticket_started"), "{of_both}");
        assert!(ended.of("", "merge_conflict").is_empty(), "{of_both}");
        assert_eq!(rig.sandbox.read("shared"), "one\ntwo\n", "{of_both}");
    }
}

#[test]
fn a_lock_is_let_go_by_what_awaits_a_person() {
    let (rig, live) = in_its_check("lock = \"db\"", "requires = \"review\"");
    open(&rig.sandbox.root().join("gate"));
    let ended = live.end().expect(9);
    assert!(ended.seq("one", "awaiting") < ended.seq("two", "ticket_started"));
    assert_eq!(ended.ids("awaiting"), ["one"]);
    assert_eq!(ended.ids("landed"), ["two"]);
}

#[test]
fn an_agents_lock_is_let_go_when_its_worker_ends() {
    let rig = Rig::new(&[("one", "priority = 0"), ("two", "")]);
    rig.command_agent("single", "lock = \"single\"");
    let pipe = rig.pipe("gate");
    let wait = format!("test -e two.txt || cat {}", pipe.display());
    let mut live = rig.start(["-j", "2", "--agent", "single", "--check", &wait]);
    let wanted = [("one", "check_started"), ("two", "ticket_started")];
    let mut seen = 0;
    while seen < 2 {
        let event = live.next().unwrap();
        seen += usize::from(wanted.contains(&(
            event["ticket"].as_str().unwrap_or_default(),
            event["kind"].as_str().unwrap(),
        )));
    }
    open(&pipe);
    live.end().expect(0);
}

#[test]
fn a_wave_waits_for_the_one_before_only_when_told() {
    let tickets = [("a", ""), ("slow", ""), ("b", "blocked_by = [\"a\"]")];
    let rig = Rig::new(&tickets);
    let pipe = rig.pipe("go");
    let slow = json!([[{"say": "up"}, {"await": pipe}, {"run": "echo x > slow.txt"}]]);
    rig.script(json!({"slow": slow}));
    let mut run = rig.start(["-j", "2"]);
    run.until("b", "closed");
    open(&pipe);
    run.end().expect(0);

    let rig = Rig::new(&tickets);
    let pipe = rig.pipe("go");
    let slow = json!([[{"say": "up"}, {"await": pipe}, {"run": "echo x > slow.txt"}]]);
    rig.script(json!({"slow": slow}));
    let mut run = rig.start(["-j", "2", "--waves"]);
    run.until("a", "ticket_finished");
    open(&pipe);
    let ended = run.end().expect(0);
    assert!(ended.seq("slow", "ticket_finished") < ended.seq("b", "ticket_started"));
}

#[test]
fn a_barrier_does_not_wait_for_what_can_not_run() {
    let rig = Rig::new(&[
        ("bad", ""),
        ("good", ""),
        ("after", "blocked_by = [\"bad\"]"),
        ("fine", "blocked_by = [\"good\"]"),
        ("last", "blocked_by = [\"fine\"]"),
    ]);
    rig.script(json!({"bad": [[{"report": {"status": "partial", "summary": "no"}}]]}));
    let ended = rig.run(["--waves"]).expect(7);
    assert_eq!(ended.ids("landed"), ["fine", "good", "last"]);
    assert_eq!(ended.ids("unstarted"), ["after"]);
}

#[test]
fn the_run_starts_what_the_plan_said_and_the_plan_starts_nothing() {
    let rig = Rig::new(&[
        ("long1", "estimate = \"5h\""),
        ("long2", "blocked_by = [\"long1\"]\nestimate = \"5h\""),
        ("urgent", "priority = 0"),
        ("later", "priority = 4"),
        ("middle", "estimate = \"2h\""),
        ("wait", "awaiting = \"work\""),
    ]);
    let before = rig.sandbox.git(["for-each-ref"]);
    let output = rig.sandbox.tk([
        "run",
        "epic",
        "--plan",
        "-j",
        "2",
        "--max-cost",
        "4",
        "--check",
        "true",
        "--json",
    ]);
    let plan = output.json();
    assert_eq!(rig.sandbox.git(["for-each-ref"]), before);
    assert!(!rig.sandbox.path().join(".worktrees").exists());
    assert!(!rig.sandbox.path().join(".git/tk/runs").exists());
    assert_eq!(plan["awaiting"], json!(["wait"]));
    assert_eq!(plan["starts"][0]["checks"], json!(["true"]));
    assert_eq!(plan["starts"][0]["reserved_usd"], 2.0);
    let planned: Vec<&Value> = plan["starts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|start| &start["id"])
        .collect();
    assert_eq!(planned[..2], ["long1", "middle"]);
    let ended = rig.run(["-j", "2"]).expect(9);
    let started: Vec<&Value> = ended
        .of("", "ticket_started")
        .iter()
        .map(|event| &event["ticket"])
        .collect();
    assert_eq!(started[..2], planned[..2]);
    let order = ended.of("", "plan")[0]["order"].as_array().unwrap();
    assert_eq!(order.iter().collect::<Vec<_>>(), planned);
}

/// The plan of a run that could not start here: everything is told, and what is lacking.
#[test]
fn a_plan_needs_no_worker_program() {
    let rig = Rig::new(&[("one", ""), ("two", "agent = \"mine\"")]);
    rig.sandbox.write(
        ".ticks/agents/mine.toml",
        "kind = \"command\"\ncommand = [\"/nowhere/worker\"]\n",
    );
    let without_client = |args: &[&str]| {
        let mut command = rig.sandbox.tk_command();
        command
            .args(["run", "epic"])
            .args(args)
            .env("TK_CLAUDE", "no-such-client");
        rig.sandbox.run(&mut command, None)
    };
    let refused = without_client(&[]);
    assert_eq!(refused.code, 1, "{refused}");
    let client = "the worker program `no-such-client` is not in `PATH`";
    assert!(
        refused.stderr.contains(&format!("error: {client}")),
        "{refused}"
    );
    let output = without_client(&["--plan"]);
    assert_eq!(output.code, 0, "{output}");
    for said in [
        format!("warning: the run could not start: {client}\n"),
        "warning: the run could not start: the program `/nowhere/worker` of agent `mine` is not there\n"
            .to_owned(),
    ] {
        assert!(output.stderr.contains(&said), "{output}");
    }
    assert!(output.stdout.contains("Ticket two  (mine)"), "{output}");
    assert!(output.stdout.contains(" onto main: 2 places, "), "{output}");
    let alone = without_client(&["--plan", "-j", "1"]).ok();
    assert!(alone.contains(" onto main: 1 place, "), "{alone}");
    assert!(alone.contains(" with 1 place; critical path "), "{alone}");
    let plan = without_client(&["--plan", "--json"]).json();
    assert_eq!(plan["starts"].as_array().unwrap().len(), 2);
    // What is asked for wrongly is no plan.
    let unknown = without_client(&["--plan", "--agent", "nobody"]);
    assert_eq!(
        (unknown.code, unknown.stdout.as_str()),
        (2, ""),
        "{unknown}"
    );
}

#[test]
fn tickets_that_clash_are_told_in_groups() {
    let rig = Rig::new(&[
        ("aa", "lock = \"db\"\ntouches = [\"src/a/**\"]"),
        ("bb", "lock = \"db\""),
        ("cc", "lock = \"db\""),
        ("dd", "touches = [\"src/**\"]"),
        ("ee", "touches = [\"src/b.rs\"]"),
        ("ff", ""),
    ]);
    let plan = rig.sandbox.tk(["run", "epic", "--plan", "--json"]).json();
    assert_eq!(
        plan["clashes"],
        json!([
            {"tickets": ["aa", "bb", "cc"], "why": "lock `db`"},
            {"tickets": ["aa", "dd"], "why": "the same files"},
            {"tickets": ["dd", "ee"], "why": "the same files"},
        ])
    );
    let text = rig.sandbox.tk(["run", "epic", "--plan"]).ok();
    assert!(
        text.contains("never at once: aa, bb, cc (lock `db`)\n"),
        "{text}"
    );
}

/// Of hundreds of tickets the text stays one that can be read; all of it is in the JSON.
#[test]
fn the_plan_of_hundreds_is_bounded() {
    let tickets: Vec<(String, String)> = (0..300)
        .map(|number| {
            let more = match number {
                0..100 => "lock = \"db\"".to_owned(),
                100 => String::new(),
                _ => format!("blocked_by = [\"t{}\"]", number - 1),
            };
            (format!("t{number}"), more)
        })
        .collect();
    let tickets: Vec<(&str, &str)> = tickets
        .iter()
        .map(|(id, more)| (id.as_str(), more.as_str()))
        .collect();
    let rig = Rig::new(&tickets);
    let text = rig.sandbox.tk(["run", "epic", "--plan"]).ok();
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest < Some(300), "{longest:?}");
    assert!(text.lines().count() < 450, "{}", text.lines().count());
    for said in [
        "… and 100 more starts, which `--json` has\n",
        "… 70 more (lock `db`)\n",
        "wave 1  t100  t0  t1",
        "  … 71 more\n",
        " → … 170 more)\n",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    let plan = rig.sandbox.tk(["run", "epic", "--plan", "--json"]).json();
    assert_eq!(plan["starts"].as_array().unwrap().len(), 300);
    assert_eq!(plan["clashes"][0]["tickets"].as_array().unwrap().len(), 100);
    assert_eq!(plan["clashes"].as_array().unwrap().len(), 1);
}

#[test]
fn a_project_with_its_own_statuses_runs_through_them() {
    let rig = Rig::new(&[
        ("one", "status = \"backlog\""),
        ("two", "status = \"backlog\""),
        ("red", "status = \"backlog\""),
    ]);
    rig.sandbox.write(
        ".ticks/config.toml",
        r#"
[tickets]
initial_status = "backlog"

[[status]]
id = "backlog"
name = "Backlog"
category = "open"

[[status]]
id = "ready"
name = "Ready"
category = "open"

[[status]]
id = "doing"
name = "Doing"
category = "active"

[[status]]
id = "testing"
name = "Testing"
category = "active"

[[status]]
id = "shipped"
name = "Shipped"
category = "done"

[transitions]
backlog = ["ready"]
ready = ["doing", "backlog"]
doing = ["testing", "backlog"]
testing = ["shipped", "backlog"]
shipped = ["backlog"]
"#,
    );
    rig.sandbox.ticket(
        "epic",
        "title = \"The epic\"\ntype = \"epic\"\nstatus = \"backlog\"\n",
    );
    let pipe = rig.pipe("go");
    rig.script(json!({
        "one": [[{"run": "echo x > one.txt"}, {"say": "up"}, {"await": pipe}]],
        "two": [work()],
        "red": [[{"report": {"status": "partial", "summary": "no"}}], work()],
    }));
    let mut run = rig.start([]);
    run.until("one", "say");
    assert_eq!(rig.show("one")["status"], "doing");
    open(&pipe);
    run.end().expect(7);
    assert_eq!(rig.show("one")["status"], "shipped");
    assert_eq!(rig.show("red")["status"], "backlog");
    rig.run([]).expect(0);
    assert_eq!(rig.show("epic")["status"], "shipped");
}

/// The board of `tests/cli/statuses.rs`: a run begins a ticket, lands it through every status
/// between, puts a failed one back, and leaves what awaits a person where it may go on.
#[test]
fn a_board_of_five_columns_runs_to_its_end() {
    let rig = Rig::new(&[
        ("one", "checks = [\"test -f one.txt\"]"),
        ("two", "blocked_by = [\"one\"]"),
        ("rev", "requires = \"review\""),
        ("red", ""),
        ("begun", "status = \"built\""),
    ]);
    rig.sandbox.write(
        ".ticks/config.toml",
        r#"
status = [
  { id = "backlog", category = "open" },
  { id = "building", category = "active" },
  { id = "built", category = "active" },
  { id = "testing", category = "active" },
  { id = "done", category = "done" },
]

[tickets]
initial_status = "backlog"

[transitions]
backlog = ["building"]
building = ["built", "backlog"]
built = ["testing"]
testing = ["done", "building"]
done = ["backlog"]
"#,
    );
    let pipe = rig.pipe("go");
    rig.script(json!({
        "one": [[{"run": "echo x > one.txt"}, {"commit": "work"}, {"say": "up"}, {"await": pipe}]],
        "red": [[{"report": {"status": "partial", "summary": "no"}}], work()],
    }));
    let status = |id: &str| rig.show(id)["status"].as_str().unwrap().to_owned();
    assert_eq!(status("one"), "backlog");
    let mut run = rig.start(["-j", "4"]);
    run.until("one", "say");
    assert_eq!([status("one"), status("two")], ["building", "backlog"]);
    open(&pipe);
    let ended = run.end().expect(7);
    // What failed goes back as far as the transitions lead, and what waits for its review too.
    // What a person has begun is the person's.
    let ids = ["one", "two", "rev", "red", "begun", "epic"];
    let stand = ["done", "done", "backlog", "backlog", "built", "backlog"];
    assert_eq!(ids.map(status), stand);
    assert_eq!(ended.ids("unstarted"), ["begun"]);
    rig.sandbox.tk(["approve", "rev"]).ok();
    rig.sandbox.tk(["land", "rev"]).ok();
    assert_eq!(status("rev"), "done");
    let ended = rig.run([]).expect(9);
    assert_eq!(ended.ids("landed"), ["red"]);
    let stand = ["done", "done", "done", "done", "built", "backlog"];
    assert_eq!(ids.map(status), stand);
    rig.sandbox
        .tk(["update", "begun", "--status", "testing"])
        .ok();
    rig.sandbox.tk(["close", "begun"]).ok();
    // Closing and landing are one commit, in the status that the board ends with.
    let landing = |id: &str| {
        let grep = format!("--grep=^Land {id}:");
        let found = rig.sandbox.git(["log", "-1", "--format=%H", &grep]);
        found.trim().to_owned()
    };
    for id in ["one", "two", "rev", "red"] {
        let file = format!("{}:.ticks/{id}.toml", landing(id));
        let committed = rig.sandbox.git(["show", &file]);
        assert!(committed.contains("status = \"done\""), "{committed}");
        assert!(committed.contains("closed_at = "), "{committed}");
    }
    // Taken back, it is where it was before, and the next run does it again.
    rig.sandbox.git(["add", "--all", ".ticks"]);
    rig.sandbox
        .git(["commit", "--quiet", "--message=closed by hand"]);
    rig.sandbox
        .git(["revert", "--no-edit", "-m", "1", &landing("two")]);
    assert_eq!(status("two"), "backlog");
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["two"]);
    assert_eq!(ids.map(status), ["done"; 6]);
}

#[test]
fn the_log_tells_the_same_events_and_follows_a_live_run_to_its_end() {
    let rig = Rig::new(&[("one", ""), ("two", "")]);
    let pipe = rig.pipe("go");
    rig.script(json!({"one": [[{"run": "echo x > one.txt"}, {"say": "up"}, {"await": pipe}]]}));
    let mut run = rig.start([]);
    run.until("one", "say");
    let prompt = rig.sandbox.tk(["prompt", "two", "--json"]).json()["text"].clone();
    let mut follow = rig.sandbox.tk_command();
    follow.args(["log", "-f", "--json"]);
    let mut follow = Live::of(follow);
    follow.until("one", "say");
    open(&pipe);
    let ended = run.end().expect(0);
    let followed = follow.end().expect(0);
    assert_eq!(followed.events, ended.events);
    let lines = |args: &[&str]| -> Vec<Value> {
        let output = rig.sandbox.tk(args.iter().copied()).ok();
        let root = rig.sandbox.root().display().to_string();
        output
            .lines()
            .map(|line| serde_json::from_str(&line.replace("$ROOT", &root)).unwrap())
            .collect()
    };
    assert_eq!(lines(&["log", "--json"]), ended.events);
    let closed = lines(&["log", "--json", "--kind", "closed,landed"]);
    assert!(
        closed
            .iter()
            .all(|e| e["kind"] == "closed" || e["kind"] == "landed")
    );
    assert_eq!(
        closed.len(),
        ended.of("", "closed").len() + ended.of("", "landed").len()
    );
    let of_one = lines(&["log", "one", "--json"]);
    assert!(of_one.iter().all(|event| event["ticket"] == "one") && !of_one.is_empty());
    // What `tk prompt` shows is what the worker got.
    let run = ended.last()["run"].as_str().unwrap();
    let got = rig
        .sandbox
        .read(format!(".git/tk/runs/{run}/@two/1-1/prompt.md"));
    assert_eq!(prompt, got);
}

#[test]
fn no_more_begin_while_more_wait_to_land_than_are_worked_at() {
    let rig = Rig::new(&[("a", ""), ("b", ""), ("c", "")]);
    let gate = rig.pipe("gate");
    rig.sandbox.write(
        ".ticks/config.toml",
        &format!("[run]\nchecks = [\"cat '{}'\"]\n", gate.display()),
    );
    rig.sandbox.git(["add", ".ticks"]);
    rig.sandbox
        .git(["commit", "--quiet", "-m", "a gate that somebody opens"]);
    let mut run = rig.start(["-j", "1"]);
    // One lands and one waits to: the last begins only when the first has landed.
    run.until("b", "cost");
    for id in ["a", "b", "c"] {
        open(&gate);
        run.until(id, "landed");
    }
    let ended = run.end().expect(0);
    assert_eq!(ended.ids("landed"), ["a", "b", "c"]);
    assert!(ended.seq("b", "ticket_started") < ended.seq("a", "landed"));
    assert!(ended.seq("c", "ticket_started") > ended.seq("a", "landed"));
}
