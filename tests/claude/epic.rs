//! The sample epic, end to end, with the real client.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tk::run::process::with_variable;

use crate::model_endpoint::{Gate, ModelEndpoint, Tokens, Turn};
use crate::stage::{Stage, same, sample_work, turns};

/// The places of the run.
const PLACES: usize = 3;

/// The tickets that land.
const LANDED: [&str; 6] = ["cmd", "len", "man", "rel", "tmp", "wgt"];

/// Tickets that can start at once; held back until all of them have.
const FIRST: [&str; 3] = ["cmd", "faq", "old"];

/// Not the same for all tickets, so that no sum is right by chance.
fn tokens(ticket: &str) -> Tokens {
    let number = LANDED.iter().position(|id| *id == ticket).unwrap_or(7) as u64;
    Tokens {
        input: 1_000 + 137 * number,
        output: 200 + 31 * number,
        cache_write: 0,
        cache_read: 5_000 * number,
    }
}

/// The live clients among the processes of the repository's runs. A child that a client has
/// forked, and that has not yet become another program, looks like one and is none.
fn clients(repository: &Path) -> usize {
    let Ok(runs) = fs::read_dir(repository.join(".git/tk/runs")) else {
        return 0;
    };
    let marked = runs.flatten().flat_map(|run| {
        let mark = run.path().display().to_string();
        with_variable("TK_RUN_DIR", &mark)
    });
    let is_client = |pid: i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("--permission-prompt-tool=stdio")
    };
    let parents: BTreeMap<i32, i32> = marked
        .filter(|process| is_client(process.pid))
        .filter_map(|process| Some((process.pid, parent(process.pid)?)))
        .collect();
    let own = |parent: &&i32| !parents.contains_key(parent);
    parents.values().filter(own).count()
}

/// The parent of a process, if it is still there.
fn parent(pid: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok()
}

#[test]
fn an_epic_runs_to_its_end() {
    let gates: BTreeMap<&str, Gate> = FIRST.map(|id| (id, Gate::default())).into();
    let repository: Arc<OnceLock<std::path::PathBuf>> = Arc::default();
    let most_clients = Arc::new(AtomicUsize::new(0));
    let (looked_at, seen) = (Arc::clone(&repository), Arc::clone(&most_clients));
    let endpoint = ModelEndpoint::start().looking(move || {
        let live = looked_at.get().map_or(0, |path| clients(path));
        seen.fetch_max(live, Ordering::SeqCst);
    });
    let mut stage = Stage::sample(endpoint);
    repository.set(stage.sandbox.path()).unwrap();
    let grandchild = stage.sandbox.root().join("grandchild");
    for ticket in sample_work() {
        let mut script = turns(ticket, &stage.worktree(ticket.id));
        match ticket.id {
            // It leaves something running that no signal to its group reaches.
            "len" => script.insert(
                0,
                Turn::bash(&format!(
                    "setsid sh -c 'trap \"\" TERM HUP INT; echo $$ > {}; exec sleep 1000' \
                     >/dev/null 2>&1 & until [ -s {0} ]; do sleep 0.02; done",
                    grandchild.display()
                )),
            ),
            // It forgets to commit.
            "wgt" => drop(script.remove(1)),
            _ => {}
        }
        let mut script: Vec<Turn> = script
            .into_iter()
            .map(|turn| turn.costing(tokens(ticket.id)))
            .collect();
        if let Some(gate) = gates.get(ticket.id) {
            let first = script.remove(0);
            script.insert(0, first.behind(gate));
        }
        stage.endpoint = stage.endpoint.on(&format!("ID: {}", ticket.id), script);
    }
    let sandbox = &stage.sandbox;
    let todo = fs::read(sandbox.path().join("TODO.txt")).unwrap();
    let status = sandbox.git(["status", "--porcelain"]);
    assert!(
        status.contains("?? .ticks/cmd.toml") && status.contains(" M TODO.txt"),
        "{status}"
    );
    let first = sandbox.git(["rev-parse", "main"]);

    let run = stage.start(&["uni", "-j", "3", "--max-cost", "5"]);
    for gate in gates.values() {
        gate.reached();
    }
    assert_eq!(clients(&sandbox.path()), PLACES);
    for gate in gates.values() {
        gate.open();
    }
    let run = run.finish().expect(9);
    assert_eq!(run.last()["outcome"], "waiting");
    assert_eq!(run.tickets("landed"), LANDED);
    assert_eq!(run.tickets("awaiting"), ["faq", "lic", "old"]);
    assert_eq!(run.tickets("failed"), [""; 0]);
    assert_eq!(run.tickets("unstarted"), [""; 0]);

    // Never more than three at once, by three counts, and three at times.
    assert_eq!(most_clients.load(Ordering::SeqCst), PLACES);
    assert_eq!(stage.endpoint.most_conversations(), PLACES);

    expect_merges(&stage, first.trim());
    expect_costs(&stage, &run);

    // The red gate was mended by the same session, in a process of its own.
    assert_eq!(run.of("tmp", "check_failed").len(), 1);
    assert_eq!(run.of("tmp", "ticket_started").len(), 1);
    let sessions = stage.sessions(run.id(), "tmp");
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0], sessions[1]);
    let asked = stage.endpoint.requests();
    let last = asked
        .iter()
        .rfind(|request| request.line.as_deref() == Some("ID: tmp"));
    let prompt = &last.unwrap().prompt;
    assert!(
        prompt.contains("Title: Temperatures") && prompt.contains("a check failed there"),
        "{prompt}"
    );
    let all: BTreeSet<String> = sample_work()
        .flat_map(|ticket| stage.sessions(run.id(), ticket.id))
        .collect();
    assert_eq!(all.len(), sample_work().count(), "a session a ticket");

    // Who says it is done and changed nothing is not believed.
    assert_eq!(stage.show("old")["awaiting"], "review");

    // What it left running is gone, and so is everything else.
    let left: i32 = fs::read_to_string(&grandchild)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let environment = fs::read(format!("/proc/{left}/environ")).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&environment).contains("TK_RUN_DIR="));
    stage.expect_no_processes(run.id());
    assert_eq!(clients(&sandbox.path()), 0);
    assert_eq!(stage.branches(), ["main", "tk/work/uni/faq"]);
    assert_eq!(stage.worktrees(), [""; 0]);
    assert!(!sandbox.path().join(".worktrees").exists());

    // The user's change is as it was, and nothing else differs from the branch.
    assert_eq!(fs::read(sandbox.path().join("TODO.txt")).unwrap(), todo);
    assert_eq!(sandbox.git(["status", "--porcelain"]), " M TODO.txt\n");

    // The home holds what the client keeps, and nothing of the runner's.
    let home = fs::read_dir(sandbox.root().join("home")).unwrap().flatten();
    let mut home: Vec<String> = home
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    home.sort();
    assert_eq!(home, [".claude", ".claude.json"]);

    // Reverting a landing reopens its ticket.
    sandbox.git(["revert", "--no-edit", "-m1", &merge_of(&stage, "wgt")]);
    assert_eq!(stage.show("wgt")["status"], "open");
    assert!(!sandbox.path().join("lib/weight.sh").exists());
    assert_eq!(fs::read(sandbox.path().join("TODO.txt")).unwrap(), todo);

    // What awaited a review lands once it is approved, without another worker.
    let requests = asked.len();
    sandbox.tk(["approve", "faq"]).ok();
    sandbox.tk(["land", "faq"]).ok();
    assert_eq!(stage.show("faq")["status"], "closed");
    assert!(sandbox.read("docs/faq.md").starts_with("# Questions"));
    assert_eq!(stage.endpoint.requests().len(), requests);
    assert_eq!(stage.branches(), ["main"]);
    assert_eq!(fs::read(sandbox.path().join("TODO.txt")).unwrap(), todo);
}

/// One merge a ticket on the user's branch, the ticket's file and the trailers in it.
fn expect_merges(stage: &Stage, first: &str) {
    let sandbox = &stage.sandbox;
    for id in LANDED {
        let merge = merge_of(stage, id);
        let parents = sandbox.git(["rev-list", "--parents", "-n", "1", &merge]);
        assert_eq!(parents.split_whitespace().count(), 3, "{id}: {parents}");
        let ticket = sandbox.git(["show", &format!("{merge}:.ticks/{id}.toml")]);
        let record = &stage.show(id)["runs"][0];
        let has = |text: String| assert!(ticket.contains(&text), "{text}:\n{ticket}");
        has("status = \"closed\"".to_owned());
        has("[[runs]]".to_owned());
        has(format!(
            "session = \"{}\"",
            record["session"].as_str().unwrap()
        ));
        has(format!("model = \"{}\"", record["model"].as_str().unwrap()));
        has(format!("cost_usd = {}", record["cost_usd"]));
        let trailers = sandbox.git(["log", "-1", "--format=%(trailers)", &merge]);
        let trailer = |text: String| assert!(trailers.contains(&text), "{text}: {trailers}");
        trailer(format!("Ticket: {id}\n"));
        trailer(format!("Run: {}\n", record["run"].as_str().unwrap()));
        trailer(format!("Cost-USD: {}\n", record["cost_usd"]));
    }
    assert_eq!(sandbox.git(["merge-base", "main", first]).trim(), first);
    // What one forgot to commit was committed for it, as its author.
    let forgotten = sandbox.git([
        "log",
        "-1",
        "--format=%an %s",
        "main",
        "--",
        "lib/weight.sh",
    ]);
    assert_eq!(forgotten, "claude Weights\n");
    let converted = sandbox
        .run(
            sandbox
                .command("sh")
                .args(["bin/convert", "temperature", "c", "f", "100"]),
            None,
        )
        .ok();
    assert_eq!(converted, "212\n");
}

/// What the client reported is what the ledger, the events, the tickets and the total say.
fn expect_costs(stage: &Stage, run: &crate::stage::Finished) {
    let reported = stage.reported(run.id());
    let settled = stage.settled(run.id());
    assert_eq!(
        settled.keys().collect::<Vec<_>>(),
        reported.keys().collect::<Vec<_>>()
    );
    assert_eq!(
        reported.len(),
        sample_work().count() + 1,
        "one had two rounds"
    );
    for (process, (cost, basis)) in &settled {
        assert_eq!(basis, "reported", "{process:?}");
        assert!(same(*cost, reported[process]), "{process:?}: {cost}");
    }
    let mut by_ticket: BTreeMap<&str, f64> = BTreeMap::new();
    for ((ticket, _), cost) in &reported {
        *by_ticket.entry(ticket).or_default() += cost;
    }
    for (ticket, cost) in &by_ticket {
        let shown = stage.show(ticket);
        let records = shown["runs"].as_array().unwrap();
        assert_eq!(records.len(), 1, "{shown}");
        assert!(
            same(records[0]["cost_usd"].as_f64().unwrap(), *cost),
            "{shown}"
        );
        assert!(same(shown["cost_usd"].as_f64().unwrap(), *cost), "{shown}");
        let last = run.of(ticket, "cost").pop().unwrap();
        assert_eq!(last["settled"], true, "{last}");
        assert!(same(last["cost_usd"].as_f64().unwrap(), *cost), "{last}");
        let finished = run.of(ticket, "ticket_finished")[0];
        assert!(
            same(finished["cost_usd"].as_f64().unwrap(), *cost),
            "{finished}"
        );
    }
    let total: f64 = reported.values().sum();
    assert!(
        same(run.last()["cost_usd"].as_f64().unwrap(), total),
        "{total}"
    );
}

fn merge_of(stage: &Stage, ticket: &str) -> String {
    let found = stage.sandbox.git([
        "log",
        "--merges",
        "--format=%H",
        &format!("--grep=^Ticket: {ticket}$"),
        "main",
    ]);
    assert_eq!(found.lines().count(), 1, "one merge of {ticket}: {found:?}");
    found.trim().to_owned()
}
