//! Ctrl-C, SIGTERM, `tk stop`: everything is kept, nothing is left behind.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::rig::{Ended, Live, Rig, hear, work};

/// Two tickets: `one` commits, spends, and hangs in its first round; `two` waits for it.
pub(crate) fn hanging() -> Rig {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    rig.script(json!({"one": [
        [{"write": {"path": "half.txt", "text": "half"}}, {"commit": "half"},
         {"write": {"path": "rest.txt", "text": "rest"}},
         {"spend": {"usd": 0.25, "input": 10, "output": 5}}, {"say": "up"}, "hang"],
        work(),
    ]}));
    rig
}

fn up(rig: &Rig) -> Live {
    let mut live = rig.start(["--max-cost", "5"]);
    live.until("one", "say");
    live
}

fn assert_kept(rig: &Rig, ended: &Ended) {
    assert_eq!(ended.last()["outcome"], "stopped");
    assert_eq!(ended.ids("unstarted"), ["one", "two"]);
    // What is committed is on the branch, what is not stays where it is.
    rig.assert_tidy_but(&["one"]);
    assert_eq!(rig.sandbox.read(".worktrees/one/rest.txt"), "rest");
    for id in ["one", "two"] {
        let ticket = rig.show(id);
        assert_eq!(
            (&ticket["status"], &ticket["owner"]),
            (&json!("open"), &Value::Null),
            "{id}"
        );
    }
    assert!(
        rig.branches().contains(&"tk/work/epic/one".to_owned()),
        "{:?}",
        rig.branches()
    );
    let kept = rig
        .sandbox
        .git(["ls-tree", "--name-only", "tk/work/epic/one"]);
    assert!(kept.contains("half.txt"), "{kept}");
    assert!(!rig.sandbox.path().join("half.txt").exists());
}

/// The same command goes on in the same run and the same session, and finishes.
fn assert_goes_on(rig: &Rig, stopped: &Ended) {
    let ended = rig.run(["--max-cost", "5"]).expect(0);
    assert_eq!(ended.last()["run"], stopped.last()["run"]);
    assert_eq!(ended.of("", "run_started")[0]["resumed"], true);
    let session = ended.of("one", "session");
    assert_eq!(
        session[0]["session"],
        stopped.of("one", "session")[0]["session"]
    );
    assert_eq!(session[0]["resumed"], true);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
    for file in ["half.txt", "rest.txt", "one.txt", "two.txt"] {
        assert!(rig.sandbox.path().join(file).exists(), "{file}");
    }
    assert_eq!(rig.show("epic")["status"], "closed");
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
    assert_eq!(rig.settled().len(), 3);
    assert_eq!(rig.landings("one", "main"), 1);
    // The attempt's record counts both of its processes.
    let ticket = rig.show("one");
    assert_eq!(ticket["runs"].as_array().unwrap().len(), 1);
    assert_eq!(ticket["runs"][0]["cost_usd"], 0.25);
}

#[test]
fn ctrl_c_keeps_everything_and_the_same_command_goes_on() {
    let rig = hanging();
    let live = up(&rig);
    assert_eq!(rig.show("one")["status"], "in_progress");
    live.signal(Signal::INT);
    let stopped = live.end().expect(8);
    assert_kept(&rig, &stopped);
    let told = "stopping: the workers are asked to stop, and their work is kept; Ctrl-C or `tk stop` \
                again ends them at once\n";
    assert_eq!(
        stopped.stderr.matches(told).count(),
        1,
        "{}",
        stopped.stderr
    );
    let why = "it was asked to stop; the same command goes on";
    assert_eq!(stopped.last()["why"], why);
    assert!((rig.spent() - 0.25).abs() < 1e-9, "{:?}", rig.settled());
    assert_goes_on(&rig, &stopped);
}

#[test]
fn sigterm_is_a_stop_too() {
    let rig = hanging();
    let live = up(&rig);
    live.signal(Signal::TERM);
    let stopped = live.end().expect(8);
    assert_kept(&rig, &stopped);
}

#[test]
fn tk_stop_ends_the_run_and_returns_when_it_is_over() {
    let rig = hanging();
    let live = up(&rig);
    let output = rig.sandbox.tk(["stop", "--json"]);
    assert_eq!(output.json()["pid"], live.pid());
    assert_eq!(output.code, 0, "{output}");
    let stopped = live.end().expect(8);
    assert_kept(&rig, &stopped);
    let again = rig.sandbox.tk(["stop"]);
    assert_eq!(again.code, 1, "{again}");
    assert_goes_on(&rig, &stopped);
}

/// Runs of the versions before had folders of tickets by the bare id.
#[test]
fn a_run_that_another_version_began_goes_on() {
    let rig = hanging();
    let live = up(&rig);
    live.signal(Signal::INT);
    let stopped = live.end().expect(8);
    let run = stopped.last()["run"].as_str().unwrap();
    let folder = rig.sandbox.path().join(".git/tk/runs").join(run);
    std::fs::rename(folder.join("@one"), folder.join("one")).unwrap();
    assert_goes_on(&rig, &stopped);
    assert!(folder.join("one/1-2/prompt.md").exists());
}

#[test]
fn a_blank_word_means_no_run() {
    let rig = Rig::new(&[("one", "")]);
    rig.run([]).expect(0);
    for command in ["stop", "log"] {
        for blank in ["", " "] {
            let refused = rig.sandbox.tk([command, blank]);
            assert_eq!(refused.code, 2, "{command}: {refused}");
            assert!(refused.stderr.contains("an id is blank"), "{refused}");
        }
    }
}

#[test]
fn a_single_ticket_can_be_stopped_and_the_others_go_on() {
    let rig = Rig::new(&[
        ("one", ""),
        ("two", "blocked_by = [\"one\"]"),
        ("other", ""),
    ]);
    let pipe = rig.pipe("gate");
    rig.script(json!({
        "one": [[{"say": "up"}, "hang"], work()],
        "other": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > other.txt"}]],
    }));
    let mut live = rig.start(["-j", "2"]);
    let first = live.until("", "say")["ticket"].clone();
    let second = live.until("", "say")["ticket"].clone();
    assert_ne!(first, second);
    rig.sandbox.tk(["stop", "one"]).ok();
    assert_eq!(rig.show("one")["status"], "open");
    crate::rig::open(&pipe);
    let ended = live.end().expect(9);
    assert_eq!(ended.ids("landed"), ["other"]);
    assert_eq!(ended.ids("unstarted"), ["one", "two"]);
    rig.assert_tidy();
    let ended = rig.run([]).expect(0);
    assert_eq!(ended.ids("landed"), ["one", "two"]);
}

#[test]
fn the_second_ctrl_c_kills_what_is_deaf() {
    let rig = Rig::new(&[("one", "")]);
    let pipe = rig.pipe("never");
    rig.script(json!({"one": [["deaf", "leave", {"say": "up"}, {"await": pipe}]]}));
    let mut live = rig.start(["--max-cost", "2"]);
    live.until("one", "say");
    live.signal(Signal::INT);
    live.signal(Signal::INT);
    live.end().expect(8);
    rig.assert_tidy();
    assert_eq!(rig.show("one")["status"], "open");
    // It told no cost: its reservation is charged, all of the cap.
    assert_eq!(rig.settled().len(), 1);
    assert!((rig.spent() - 2.0).abs() < 1e-9, "{:?}", rig.settled());
}

/// The examples of `tk stop --help`, each given to a live run of its own.
#[test]
fn every_example_of_the_help() {
    let help = Rig::new(&[]).sandbox.tk(["stop", "--help"]).ok();
    let examples = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let examples: Vec<&str> = examples
        .map_while(|line| line.strip_prefix("  "))
        .map(|line| line.split("  #").next().unwrap_or(line).trim_end())
        .collect();
    assert_eq!(examples, ["tk stop", "tk stop auth", "tk stop x4d"]);
    for (example, code) in examples.into_iter().zip([8, 8, 9]) {
        let rig = Rig::new(&[("x4d", "")]);
        let epic = "title = \"Authentication\"\ntype = \"epic\"\n";
        rig.sandbox.ticket("epic", epic);
        rig.script(json!({"x4d": [[{"say": "up"}, "hang"]]}));
        let mut live = rig.start([]);
        live.until("x4d", "say");
        rig.sandbox.tk(example.split(' ').skip(1)).ok();
        let ended = live.end().expect(code);
        assert_eq!(ended.ids("unstarted"), ["x4d"], "{example}");
        assert_eq!(rig.show("x4d")["status"], "open", "{example}");
        rig.assert_tidy();
    }
}

/// A check that lasts as long as there is a file, and its path.
fn slow(rig: &Rig) -> (String, std::path::PathBuf) {
    let slow = rig.sandbox.root().join("slow");
    std::fs::write(&slow, "").unwrap();
    (format!("! test -e {} || sleep 1000", slow.display()), slow)
}

/// Who works at `one`.
fn work_by(rig: &Rig, agent: &str) {
    rig.command_agent("plain", "");
    rig.sandbox.tk(["update", "one", "--agent", agent]).ok();
}

#[test]
fn a_result_in_the_gate_of_a_stopped_run_lands_with_no_other_worker() {
    for agent in ["claude", "plain"] {
        for stopped in ["the run", "the ticket"] {
            let at = format!("{agent}, {stopped}");
            let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
            work_by(&rig, agent);
            let report = json!({"report": {"status": "done", "summary": "all of it"}});
            rig.script(json!({"one": [[{"run": "echo x > one.txt"}, report]]}));
            let (check, slow) = slow(&rig);
            let mut live = rig.start(["--check", &check]);
            live.until("one", "check_started");
            if stopped == "the run" {
                live.signal(Signal::INT);
                live.end().expect(8);
            } else {
                rig.sandbox.tk(["stop", "one"]).ok();
                live.end().expect(9);
            }
            assert_eq!(
                rig.notes("one"),
                ["Done, and stopped before it had landed: kept on `tk/work/epic/one`."],
                "{at}"
            );
            assert_eq!(rig.show("one")["status"], "open", "{at}");
            rig.assert_tidy();
            // However often it is stopped or killed there.
            for signal in [Signal::INT, Signal::KILL, Signal::INT, Signal::KILL] {
                let mut live = rig.start(["--check", &check]);
                live.until("one", "check_started");
                live.signal(signal);
                live.end();
            }
            std::fs::remove_file(slow).unwrap();
            let ended = rig.run(["--check", &check]).expect(0);
            assert_eq!(ended.ids("landed"), ["one", "two"], "{at}");
            assert!(ended.of("one", "session").is_empty(), "{at}");
            assert_eq!(rig.rounds("one"), 1, "{at}");
            assert_eq!(rig.settled().len(), 2, "{at}");
            assert_eq!(rig.landings("one", "main"), 1, "{at}");
            let message = rig
                .sandbox
                .git(["log", "--grep=^Ticket: one$", "--format=%B"]);
            assert!(message.contains("all of it"), "{at}: {message}");
            assert_eq!(rig.branches(), ["main"], "{at}");
            rig.assert_tidy();
        }
    }
}

#[test]
fn what_was_stopped_in_its_gate_goes_back_to_its_session_where_something_is_wrong_with_it() {
    for wrong in ["the gate", "somebody says so"] {
        let rig = Rig::new(&[("one", "")]);
        rig.script(json!({"one": [work(), [{"run": "echo x > right"}]]}));
        let (check, slow) = slow(&rig);
        let mut live = rig.start(["--check", &check]);
        live.until("one", "check_started");
        live.signal(Signal::INT);
        let stopped = live.end().expect(8);
        std::fs::remove_file(slow).unwrap();
        let check = match wrong {
            "the gate" => "test -e right",
            _ => {
                rig.sandbox.tk(["note", "one", "do it right"]).ok();
                "true"
            }
        };
        let ended = rig.run(["--check", check]).expect(0);
        let red = ended.of("one", "check_failed").len();
        assert_eq!(red, usize::from(wrong == "the gate"), "{wrong}");
        let sessions = ended.of("one", "session");
        assert_eq!(sessions.len(), 1, "{wrong}");
        assert_eq!(
            sessions[0]["session"],
            stopped.of("one", "session")[0]["session"]
        );
        assert_eq!(rig.rounds("one"), 2, "{wrong}");
        assert_eq!(rig.sandbox.read("one.txt"), "done\n", "{wrong}");
        assert_eq!(rig.sandbox.read("right"), "x\n", "{wrong}");
        rig.assert_tidy();
    }
}

#[test]
fn a_command_that_is_done_when_it_is_interrupted_is_done() {
    let rig = Rig::new(&[("one", "")]);
    let (up, counted) = (rig.pipe("up"), rig.sandbox.root().join("counted"));
    let script = format!(
        "echo x >> {}; trap 'echo x > one.txt; echo {{}} > \"$TK_RESULT\"; exit 0' INT TERM; \
         sleep 1000 & echo up > {}; wait",
        counted.display(),
        up.display()
    );
    let agent = format!("kind = \"command\"\ncommand = [\"sh\", \"-c\", {script:?}]\n");
    rig.sandbox.write(".ticks/agents/plain.toml", &agent);
    let live = rig.start(["--agent", "plain"]);
    hear(&up);
    live.signal(Signal::INT);
    live.end().expect(8);
    let ended = rig.run(["--agent", "plain"]).expect(0);
    assert_eq!(ended.ids("landed"), ["one"]);
    assert_eq!(std::fs::read_to_string(counted).unwrap(), "x\n");
    assert_eq!(rig.sandbox.read("one.txt"), "x\n");
    rig.assert_tidy();
}

/// A command that commits a half, leaves more in its worktree, and waits to be interrupted; in
/// its second round it does the rest. Returns the pipe that it tells so by.
fn half_by_a_command(rig: &Rig, more: Value) -> std::path::PathBuf {
    work_by(rig, "plain");
    let (up, never) = (rig.pipe("up"), rig.pipe("never"));
    let mut script = json!({"one": [
        [{"write": {"path": "half.txt", "text": "half"}}, {"commit": "half"},
         {"write": {"path": "rest.txt", "text": "rest"}},
         {"run": format!("echo up > {}", up.display())}, {"await": never}],
        [{"run": "test -e half.txt && echo whole > whole.txt"}],
    ]});
    if let (Some(script), Value::Object(more)) = (script.as_object_mut(), more) {
        script.extend(more);
    }
    rig.script(script);
    up
}

/// The attempt went on with what was kept of it, and nothing was dropped.
fn assert_continued(rig: &Rig, ended: &Ended) {
    let started = ended.of("one", "ticket_started")[0];
    assert_eq!(
        (&started["attempt"], &started["branch"]),
        (&json!(1), &json!("tk/work/epic/one"))
    );
    assert_eq!(rig.rounds("one"), 2);
    // Its worker was told what there is.
    let prompts = rig.prompts("one");
    let told = "\nYour branch has the work of an earlier attempt at this ticket already: these commits, \
                oldest\nfirst, and perhaps more that is not committed (`git status`). Look at it and go \
                on from there\n- half.txt\n";
    let (first, last) = (&prompts[0], &prompts[prompts.len() - 1]);
    assert!(
        last.contains(told) || last.contains(&told.replace(".txt\n", "\n")),
        "{last}"
    );
    assert!(!first.contains("earlier attempt"), "{first}");
    for file in ["half.txt", "rest.txt", "whole.txt"] {
        assert!(rig.sandbox.path().join(file).exists(), "{file}");
    }
    assert_eq!(rig.landings("one", "main"), 1);
    assert_eq!(rig.branches(), ["main"]);
    rig.assert_tidy();
}

#[test]
fn what_is_kept_of_a_command_goes_on_in_a_later_run() {
    // As it is, or with its worktree removed, what is committed.
    for tidy in [false, true] {
        let rig = Rig::new(&[("one", ""), ("two", "")]);
        let up = half_by_a_command(&rig, json!({}));
        let live = rig.start(["-j", "2"]);
        hear(&up);
        rig.sandbox.tk(["stop", "one"]).ok();
        let stopped = live.end().expect(9);
        assert_eq!(stopped.ids("landed"), ["two"]);
        rig.assert_tidy_but(&["one"]);
        if tidy {
            let worktree = rig.sandbox.path().join(".worktrees/one");
            let worktree = worktree.to_str().unwrap();
            let all = ["-C", worktree, "add", "--all"];
            rig.sandbox.git(all);
            rig.sandbox
                .git(["-C", worktree, "commit", "--quiet", "--message=rest"]);
            rig.sandbox.git(["worktree", "remove", worktree]);
        }
        let ended = rig.run([]).expect(0);
        assert_ne!(ended.last()["run"], stopped.last()["run"]);
        assert_continued(&rig, &ended);
        assert_eq!(rig.show("epic")["status"], "closed");
    }
}

#[test]
fn what_is_kept_of_a_command_that_was_parked_goes_on() {
    let rig = Rig::new(&[("one", ""), ("big", "")]);
    let spends = rig.pipe("spends");
    let big =
        json!([{"await": spends}, {"spend": {"usd": 0.1, "input": 1500, "output": 500}}, "hang"]);
    let up = half_by_a_command(&rig, json!({"big": [big, work()]}));
    let mut live = rig.start(["-j", "2", "--max-tokens", "1000"]);
    hear(&up);
    crate::rig::open(&spends);
    live.until("one", "parked");
    live.end().expect(10);
    assert_eq!(rig.show("one")["runs"][0]["outcome"], "parked");
    let ended = rig.run([]).expect(0);
    assert_continued(&rig, &ended);
}

#[test]
fn what_a_command_asks_about_goes_on_with_the_answer() {
    let rig = Rig::new(&[("one", "")]);
    work_by(&rig, "plain");
    let asks = json!([{"write": {"path": "half.txt", "text": "half"}}, {"commit": "half"},
        {"write": {"path": "rest.txt", "text": "rest"}},
        {"report": {"status": "blocked", "summary": "half", "question": "Which?"}}]);
    let rest = json!([{"run": "test -e half.txt && echo whole > whole.txt"}]);
    rig.script(json!({"one": [asks, rest]}));
    rig.run([]).expect(9);
    rig.sandbox.tk(["answer", "one", "this one"]).ok();
    let ended = rig.run([]).expect(0);
    assert_continued(&rig, &ended);
}

#[test]
fn what_has_merged_before_a_stop_is_told_to_be_on_the_runs_branch() {
    let rig = Rig::new(&[("one", ""), ("two", "blocked_by = [\"one\"]")]);
    let up = rig.pipe("up");
    let tell = json!({"run": format!("echo up > {up:?}")});
    rig.script(json!({"two": [[tell, "hang"]]}));
    let mut command = rig.sandbox.tk_command();
    command.args(["run", "epic"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    hear(&up);
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(8));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("landed       one\n"), "{told}");
    let how = "what has merged is on the run's branch alone; to land it: tk land epic\n";
    assert!(told.contains(how), "{told}");
    assert_eq!(rig.landings("one", "main"), 0);
    rig.sandbox.tk(["land", "epic"]);
    assert_eq!(rig.landings("one", "main"), 1);
}

#[test]
fn a_stop_before_anything_has_merged_names_no_landing() {
    let rig = Rig::new(&[("one", "")]);
    let up = rig.pipe("up");
    let tell = json!({"run": format!("echo up > {up:?}")});
    rig.script(json!({"one": [[tell, "hang"]]}));
    let mut command = rig.sandbox.tk_command();
    command.args(["run", "epic"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    hear(&up);
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(8));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(!told.contains("tk land"), "{told}");
}
