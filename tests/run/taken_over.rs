//! Workers that live on, end or die while no runner looks, and what the next runner makes of
//! them.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::rig::{Ended, Live, Rig, hear, open};

/// How long anything may take before a test fails with what it saw.
const PATIENCE: Duration = Duration::from_secs(60);

fn events<'a, const N: usize>(stretches: [&'a Ended; N], kind: &str) -> Vec<&'a Value> {
    stretches
        .into_iter()
        .flat_map(|ended| ended.of("one", kind))
        .collect()
}

/// The folder of the ticket's process.
fn attempt(rig: &Rig, process: &str) -> PathBuf {
    let runs = rig.sandbox.path().join(".git/tk/runs");
    let run = std::fs::read_dir(runs).unwrap().next().unwrap().unwrap();
    run.path().join("@one").join(process)
}

/// Who was started, once the worker is.
fn started(rig: &Rig, process: &str) -> Value {
    let path = attempt(rig, process).join("started.json");
    let begun = Instant::now();
    loop {
        let text = std::fs::read_to_string(&path).unwrap();
        let started: Value = serde_json::from_str(&text).unwrap();
        if !started["worker"].is_null() {
            return started;
        }
        assert!(begun.elapsed() < PATIENCE, "{started}");
        std::thread::yield_now();
    }
}

fn kill(process: &Value) {
    let pid = i32::try_from(process["pid"].as_i64().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

fn killed(live: Live) -> Ended {
    live.signal(Signal::KILL);
    let ended = live.end();
    assert_eq!(ended.code, -1, "{}", ended.stderr);
    ended
}

/// When the answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    WhileNoRunnerLives,
    ToTheNextRunner,
}

#[test]
fn a_worker_that_asks_is_taken_over_with_its_question() {
    for comes in [Comes::WhileNoRunnerLives, Comes::ToTheNextRunner] {
        let rig = Rig::new(&[("one", "")]);
        let ask = |question: &str, to: &str| json!({"ask": {"question": question, "options": ["red", "blue"], "answer_to": to}});
        let round = [
            ask("Which?", "first"),
            ask("Which?", "second"),
            json!({"commit": "work"}),
        ];
        rig.script(json!({"one": [round]}));
        let mut live = rig.start([]);
        live.until("one", "awaiting");
        rig.sandbox.tk(["answer", "one", "1"]).ok();
        // The same again, so that the first answer could be taken for the second.
        live.until("one", "answer");
        live.until("one", "awaiting");
        let first = killed(live);
        if comes == Comes::WhileNoRunnerLives {
            rig.sandbox.tk(["answer", "one", "2"]).ok();
        }
        let mut live = rig.start([]);
        live.until("one", "resumed");
        if comes == Comes::ToTheNextRunner {
            assert_eq!(rig.show("one")["awaiting"], "input");
            rig.sandbox.tk(["answer", "one", "2"]).ok();
        }
        let second = live.end().expect(0);
        let answers = events([&first, &second], "answer");
        let answers: Vec<_> = answers.iter().map(|event| &event["text"]).collect();
        assert_eq!(answers, ["red", "blue"], "{comes:?}");
        for kind in ["ask", "awaiting"] {
            assert_eq!(events([&first, &second], kind).len(), 2, "{comes:?} {kind}");
        }
        assert_eq!(events([&first, &second], "session").len(), 1, "{comes:?}");
        assert_eq!(rig.sandbox.read("first"), "red", "{comes:?}");
        assert_eq!(rig.sandbox.read("second"), "blue", "{comes:?}");
        assert_eq!(
            rig.notes("one").len(),
            4,
            "{comes:?}: {:?}",
            rig.notes("one")
        );
        assert_eq!(rig.rounds("one"), 1, "{comes:?}");
        assert_eq!(rig.landings("one", "main"), 1, "{comes:?}");
        rig.assert_tidy();
    }
}

#[test]
fn a_worker_that_wants_to_be_allowed_something_is_taken_over_with_its_wish() {
    for comes in [Comes::WhileNoRunnerLives, Comes::ToTheNextRunner] {
        let rig = Rig::new(&[("one", "")]);
        let config = "[run]\non_permission = \"ask\"\n";
        rig.sandbox.write(".ticks/config.toml", config);
        rig.script(json!({"one": [[{"permission": "touch allowed"}, {"commit": "work"}]]}));
        let mut live = rig.start([]);
        live.until("one", "awaiting");
        let first = killed(live);
        if comes == Comes::WhileNoRunnerLives {
            rig.sandbox.tk(["approve", "one"]).ok();
        }
        let mut live = rig.start([]);
        live.until("one", "resumed");
        if comes == Comes::ToTheNextRunner {
            rig.sandbox.tk(["approve", "one"]).ok();
        }
        let second = live.end().expect(0);
        for kind in ["session", "ask", "awaiting", "answer", "permission"] {
            assert_eq!(events([&first, &second], kind).len(), 1, "{comes:?} {kind}");
        }
        assert!(rig.sandbox.path().join("allowed").exists());
        assert_eq!(rig.rounds("one"), 1, "{comes:?}");
        rig.assert_tidy();
    }
}

/// A worker asks, its runner dies, and then that happens; the next runner leaves the question to
/// people, who answer it, and the third resumes the session.
fn asks_in_vain(happens: impl Fn(&Rig)) -> (Rig, [Ended; 3]) {
    let rig = Rig::new(&[("one", "")]);
    let ask = json!({"ask": {"question": "Which?", "options": [], "answer_to": "answer"}});
    rig.script(json!({"one": [[ask], [{"run": "echo x > work"}]]}));
    let mut live = rig.start([]);
    live.until("one", "awaiting");
    let first = killed(live);
    happens(&rig);
    let second = rig.run([]).expect(9);
    assert_eq!(rig.show("one")["awaiting"], "input");
    rig.sandbox.tk(["answer", "one", "red"]).ok();
    let third = rig.run([]).expect(0);
    assert_eq!(third.of("one", "session")[0]["resumed"], true);
    assert_eq!(events([&first, &second, &third], "session").len(), 2);
    assert_eq!(events([&first, &second, &third], "ask").len(), 1);
    assert_eq!(rig.rounds("one"), 2);
    rig.assert_tidy();
    (rig, [first, second, third])
}

#[test]
fn a_question_outlives_its_worker_and_its_runner() {
    let (rig, [_, second, third]) = asks_in_vain(Rig::kill_workers);
    assert!(second.of("one", "ticket_started").is_empty());
    let run = third.last()["run"].as_str().unwrap();
    let prompt = rig
        .sandbox
        .read(format!(".git/tk/runs/{run}/@one/1-1/prompt.md"));
    assert!(prompt.contains("red"), "{prompt}");
}

#[test]
fn a_question_outlives_a_worker_that_went_on_without_an_answer() {
    // Its input is closed when its shim dies, which it takes for a refusal.
    let (_, [_, second, _]) = asks_in_vain(|rig| {
        rig.kill_shims();
        rig.outlast(|_| {});
    });
    assert!(second.of("one", "landed").is_empty());
}

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dies {
    /// The worker: its runner looks on.
    Worker,
    /// The worker, and its runner right after it.
    WorkerThenRunner,
    /// The runner, and then everything else, as when the machine goes down.
    All,
}

/// What the worker does; it halts after that many lines.
fn talk(halt: &Value) -> Value {
    json!([
        halt, {"say": "hello"}, {"permission": "true"}, {"write": {"path": "half", "text": "x"}},
        {"spend": {"usd": 0.5, "input": 1000, "output": 500}}, {"commit": "half"}, {"say": "done"},
    ])
}

fn talking(first: impl Fn(&Rig) -> Value) -> Rig {
    let rig = Rig::new(&[("one", "")]);
    let prices = "[prices.scripted]\ninput = 100.0\noutput = 200.0\n";
    rig.sandbox.write(".ticks/config.toml", prices);
    rig.script(json!({"one": [talk(&first(&rig)), [{"run": "echo x > whole"}]]}));
    rig
}

#[test]
fn a_worker_may_die_at_any_line_alone_or_with_its_runner() {
    let rig = talking(|_| json!({"say": "up"}));
    rig.run([]).expect(0);
    let lines = std::fs::read_to_string(attempt(&rig, "1-1").join("stdout")).unwrap();
    // The worker that halts does not say that it is up.
    let lines = lines.lines().count() - 1;
    assert!(lines >= 8, "{lines}");
    let kinds = [Dies::Worker, Dies::WorkerThenRunner, Dies::All];
    let cases: Vec<(usize, Dies)> = (1..=lines)
        .flat_map(|line| kinds.map(|dies| (line, dies)))
        .collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((line, dies)) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    die_at(*line, *dies, lines);
                }
            });
        }
    });
}

fn die_at(line: usize, dies: Dies, lines: usize) {
    let at = format!("line {line} of {lines}, {dies:?}");
    let rig = talking(|rig| json!({"halt": {"lines": line, "pipe": rig.pipe("halted")}}));
    let pipe = rig.sandbox.root().join("halted");
    let live = rig.start([]);
    hear(&pipe);
    let worker = started(&rig, "1-1");
    let ended = match dies {
        Dies::Worker => {
            kill(&worker["worker"]);
            live.end()
        }
        Dies::WorkerThenRunner => {
            kill(&worker["worker"]);
            killed(live);
            rig.run([])
        }
        Dies::All => {
            killed(live);
            rig.kill_workers();
            rig.run([])
        }
    };
    assert_eq!(ended.code, 0, "{at}: {:#?}\n{}", ended.events, ended.stderr);
    // Once it has told its result, that counts.
    let rounds = if line == lines { 1 } else { 2 };
    assert_eq!(rig.rounds("one"), rounds, "{at}");
    let whole = rig.sandbox.path().join("whole").exists();
    assert_eq!(whole, rounds == 2, "{at}");
    let shown = rig.show("one");
    assert_eq!(shown["status"], "closed", "{at}");
    assert_eq!(shown["runs"].as_array().unwrap().len(), 1, "{at}");
    assert_eq!(rig.landings("one", "main"), 1, "{at}");
    let settled = rig.settled();
    let mut processes: Vec<i64> = settled
        .iter()
        .map(|e| e["process"].as_i64().unwrap())
        .collect();
    processes.sort_unstable();
    let expected: Vec<i64> = (1..=rounds).map(|n| i64::try_from(n).unwrap()).collect();
    assert_eq!(processes, expected, "{at}: {settled:?}");
    assert!(
        (shown["cost_usd"].as_f64().unwrap() - rig.spent()).abs() < 1e-9,
        "{at}"
    );
    rig.assert_tidy();
}

/// A process of somebody else that writes down which signals it gets.
struct Bystander {
    process: Child,
    log: PathBuf,
}

impl Bystander {
    fn new(rig: &Rig) -> Self {
        let log = rig.sandbox.root().join("signals");
        let ready = rig.pipe("ready");
        let script = "for s in HUP INT TERM USR1; do trap \"echo $s >> '$1'\" $s; done; echo x > \"$2\"; while read -r _; do :; done";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(&log).arg(&ready);
        // It ends when this side of its input is closed.
        let process = command.stdin(Stdio::piped()).spawn().unwrap();
        hear(&ready);
        Self { process, log }
    }

    /// As `tk` writes down a process.
    fn id(&self) -> Value {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        let start: u64 = rest.split(' ').nth(19).unwrap().parse().unwrap();
        json!({"pid": self.process.id(), "start": start})
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

#[test]
fn after_a_reboot_whoever_has_the_old_ids_is_left_alone() {
    for (reused, boot) in [
        ("the same start after another boot", true),
        ("another start", false),
    ] {
        let rig = Rig::new(&[("one", "")]);
        let pipe = rig.pipe("never");
        let half =
            json!([{"write": {"path": "half", "text": "x"}}, {"say": "up"}, {"await": pipe}]);
        rig.script(json!({"one": [half, [{"commit": "whole"}]]}));
        let mut live = rig.start([]);
        live.until("one", "say");
        killed(live);
        let mut before = started(&rig, "1-1");
        rig.kill_workers();
        let mut bystander = Bystander::new(&rig);
        let mut id = bystander.id();
        assert_eq!(
            id.as_object().unwrap().keys().collect::<Vec<_>>(),
            before["shim"]
                .as_object()
                .unwrap()
                .keys()
                .collect::<Vec<_>>()
        );
        if boot {
            before["boot_id"] = json!("00000000-0000-4000-8000-000000000000");
        } else {
            id["start"] = json!(id["start"].as_u64().unwrap() - 1);
        }
        (before["shim"], before["worker"]) = (id.clone(), id.clone());
        std::fs::write(
            attempt(&rig, "1-1").join("started.json"),
            before.to_string(),
        )
        .unwrap();
        let lock = attempt(&rig, "1-1").join("../../lock");
        let mut runner: Value =
            serde_json::from_str(&std::fs::read_to_string(&lock).unwrap()).unwrap();
        runner["process"] = id;
        std::fs::write(&lock, runner.to_string()).unwrap();

        let ended = rig.run([]).expect(0);
        assert_eq!(ended.of("one", "session")[0]["resumed"], true, "{reused}");
        assert_eq!(rig.rounds("one"), 2, "{reused}");
        assert_eq!(rig.sandbox.read("half"), "x", "{reused}");
        assert!(bystander.process.try_wait().unwrap().is_none(), "{reused}");
        assert!(
            !bystander.log.exists(),
            "{reused}: {:?}",
            std::fs::read(&bystander.log)
        );
        rig.assert_tidy();
    }
}

/// What a runner was starting when it died has its lock for a moment.
#[test]
fn a_lock_that_outlives_its_runner_is_waited_for() {
    let rig = Rig::new(&[("one", "")]);
    let pipe = rig.pipe("go");
    rig.script(json!({"one": [[{"say": "up"}, {"await": pipe}, {"run": "echo x > work"}]]}));
    let mut live = rig.start([]);
    live.until("one", "say");
    killed(live);
    let lock = attempt(&rig, "1-1").join("../../lock");
    let lock = lock.canonicalize().unwrap();
    let held = std::fs::File::open(&lock).unwrap();
    held.lock().unwrap();
    let live = rig.start([]);
    let begun = Instant::now();
    let has_it = || {
        let fds = std::fs::read_dir(format!("/proc/{}/fd", live.pid()));
        let mut fds = fds.into_iter().flatten().flatten();
        fds.any(|fd| std::fs::read_link(fd.path()).is_ok_and(|path| path == lock))
    };
    while !has_it() {
        assert!(
            begun.elapsed() < PATIENCE,
            "it does not look at {}",
            lock.display()
        );
        std::thread::yield_now();
    }
    drop(held);
    open(&pipe);
    live.end().expect(0);
    assert_eq!(rig.rounds("one"), 1);
    rig.assert_tidy();
}
