//! The sample epic, end to end, with the scripted worker.

use rustix::process::Signal;
use serde_json::Value;

use crate::rig::Live;
use crate::support::Sandbox;

/// The sample repository in a sandbox, set up as `tk demo` does.
fn sample() -> Sandbox {
    let sandbox = Sandbox::without_repository().with_env("TK_ACTOR", "dana@example.com");
    sandbox.tk(["demo", "--prepare-only", "--dir", "."]).ok();
    sandbox
}

fn events(stdout: &str) -> Vec<Value> {
    stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The processes of this machine that carry the run's mark.
fn processes_of(sandbox: &Sandbox, run: &str) -> Vec<String> {
    let dir = sandbox.path().join(".git/tk/runs").join(run);
    let mark = format!("TK_RUN_DIR={}\0", dir.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let environ = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        if String::from_utf8_lossy(&environ).contains(&mark) {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

#[test]
fn a_sample_that_is_stopped_says_so_and_how_it_goes_on() {
    let sandbox = Sandbox::without_repository();
    let mut command = sandbox.tk_command();
    command.args(["demo", "--json", "--dir", "."]);
    let mut live = Live::of(command);
    while live.next().unwrap()["kind"] != "ticket_started" {}
    live.signal(Signal::INT);
    let ended = live.end();
    assert_eq!(ended.code, 8, "{}", ended.stderr);
    let error: Value = serde_json::from_str(ended.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "RUN_STOPPED");
    assert_eq!(error["error"]["message"], "the sample was stopped");
    let hint = "`tk run uni` in its folder goes on";
    assert_eq!(error["error"]["hint"], hint);
}

/// What the user has set up for new repositories, and for all, is nothing to the sample.
#[test]
fn a_sample_works_where_git_is_set_up_otherwise() {
    let mut sandbox = Sandbox::without_repository();
    let template = sandbox.root().join("template");
    std::fs::create_dir_all(template.join("info")).unwrap();
    std::fs::write(template.join("info/exclude"), ".ticks\n").unwrap();
    let ignored = sandbox.root().join("ignored");
    std::fs::write(&ignored, ".ticks\n").unwrap();
    let config = sandbox.root().join("gitconfig");
    let text = format!(
        "[init]\ndefaultRefFormat = reftable\ndefaultObjectFormat = sha256\n\
         templateDir = {}\n\
         [core]\nautocrlf = true\nexcludesFile = {}\n\
         [commit]\ngpgSign = true\n[gpg]\nprogram = false\n",
        template.display(),
        ignored.display()
    );
    std::fs::write(&config, text).unwrap();
    sandbox.set_env("GIT_CONFIG_GLOBAL", config.to_str().unwrap());
    let output = sandbox.tk(["demo", "--json", "--dir", "."]);
    assert_eq!(output.code, 0, "{output}");
    assert!(!sandbox.read(".ticks/agents/scripted.toml").contains('\r'));
}

#[test]
fn an_epic_runs_to_its_end() {
    let sandbox = sample();
    let before_todo = sandbox.read("TODO.txt");
    let first = sandbox.git(["rev-parse", "main"]);

    let output = sandbox.tk(["run", "uni", "-j", "3", "--max-cost", "5", "--json"]);
    assert_eq!(
        output.code, 9,
        "people are owed something\n{}\n{}",
        output.stdout, output.stderr
    );
    let events = events(&output.stdout);
    let last = events.last().unwrap();
    assert_eq!(last["kind"], "run_finished", "{last}");
    assert_eq!(last["outcome"], "waiting", "{last}");
    let names = |key: &str| -> Vec<String> {
        let list = last[key].as_array().unwrap().iter();
        let mut list: Vec<String> = list.map(|id| id.as_str().unwrap().to_owned()).collect();
        list.sort();
        list
    };
    assert_eq!(names("landed"), ["cmd", "len", "man", "rel", "tmp", "wgt"]);
    assert_eq!(names("awaiting"), ["faq", "lic", "old"]);
    assert_eq!(names("failed"), [""; 0]);

    // One merge a ticket on the user's branch, the ticket's file and the trailers in it.
    for id in ["cmd", "len", "man", "rel", "tmp", "wgt"] {
        let merge = merge_of(&sandbox, id);
        let parents = sandbox.git(["rev-list", "--parents", "-n", "1", &merge]);
        assert_eq!(parents.split_whitespace().count(), 3, "{id}: {parents}");
        let ticket = sandbox.git(["show", &format!("{merge}:.ticks/{id}.toml")]);
        assert!(ticket.contains("status = \"closed\""), "{ticket}");
        assert!(
            ticket.contains("[[runs]]") && ticket.contains("cost_usd = 0.0"),
            "{ticket}"
        );
        let trailers = sandbox.git(["log", "-1", "--format=%(trailers)", &merge]);
        assert!(trailers.contains(&format!("Ticket: {id}\n")), "{trailers}");
        assert!(
            trailers.contains("Run: ") && trailers.contains("Cost-USD: 0.0"),
            "{trailers}"
        );
    }
    assert_eq!(
        sandbox
            .run(
                sandbox
                    .command("sh")
                    .args(["bin/convert", "temperature", "c", "f", "100"]),
                None
            )
            .stdout,
        "212\n"
    );

    // The user's own change is untouched, and nothing else differs from the branch.
    assert_eq!(sandbox.read("TODO.txt"), before_todo);
    assert_eq!(sandbox.git(["diff", "--name-only", "HEAD"]), "TODO.txt\n");
    assert_eq!(sandbox.git(["merge-base", "main", first.trim()]), first);

    // Nothing is left but what the kept ticket needs.
    let branches = sandbox.git(["branch", "--format=%(refname:short)"]);
    assert_eq!(branches, "main\ntk/work/uni/faq\n");
    assert_eq!(
        sandbox
            .git(["worktree", "list", "--porcelain"])
            .matches("worktree ")
            .count(),
        1
    );
    assert_eq!(
        processes_of(&sandbox, last["run"].as_str().unwrap()),
        [""; 0]
    );

    // The round that mended the red gate was in the same attempt, and every cost adds up.
    let kinds = |ticket: &str, kind: &str| {
        events
            .iter()
            .filter(|e| e["ticket"] == ticket && e["kind"] == kind)
            .count()
    };
    assert_eq!(kinds("tmp", "check_failed"), 1);
    assert_eq!(kinds("tmp", "retry"), 1);
    assert_eq!(kinds("tmp", "ticket_started"), 1);
    let told = 0.03 * 9.0;
    assert!(
        (last["cost_usd"].as_f64().unwrap() - told).abs() < 1e-9,
        "{last}"
    );
    let total: f64 = ["cmd", "len", "man", "rel", "tmp", "wgt", "faq", "old"]
        .iter()
        .map(|id| show(&sandbox, id)["cost_usd"].as_f64().unwrap())
        .sum();
    assert!((total - told).abs() < 1e-9, "{total}");

    // Never more than three workers at once, and no ticket before its blockers have landed.
    let mut live = 0_i32;
    for event in &events {
        match event["kind"].as_str().unwrap() {
            "ticket_started" => live += 1,
            "cost" if event["settled"] == true => live -= 1,
            "retry" => live += 1,
            _ => {}
        }
        assert!(live <= 3, "{event}");
    }
    let seq = |ticket: &str, kind: &str| {
        let event = events
            .iter()
            .find(|e| e["ticket"] == ticket && e["kind"] == kind);
        event.unwrap_or_else(|| panic!("{ticket} {kind}"))["seq"]
            .as_u64()
            .unwrap()
    };
    for (blocker, blocked) in [
        ("cmd", "len"),
        ("cmd", "tmp"),
        ("len", "man"),
        ("tmp", "man"),
        ("man", "rel"),
    ] {
        assert!(
            seq(blocker, "landed") < seq(blocked, "ticket_started"),
            "{blocker} {blocked}"
        );
    }

    // Reverting a landing reopens its ticket.
    sandbox.git(["revert", "--no-edit", "-m1", &merge_of(&sandbox, "wgt")]);
    assert_eq!(show(&sandbox, "wgt")["status"], "open");
    assert!(!sandbox.path().join("lib/weight.sh").exists());

    // The last open child of the nested epic closes it.
    assert_eq!(show(&sandbox, "doc")["status"], "open");
    sandbox.tk(["approve", "faq"]).ok();
    assert_eq!(sandbox.tk(["land", "faq"]).code, 0);
    assert_eq!(show(&sandbox, "doc")["status"], "closed");
    assert_eq!(sandbox.git(["diff", "--name-only", "HEAD"]), "TODO.txt\n");
}

#[test]
fn what_a_person_approved_lands_without_another_worker() {
    let sandbox = sample();
    sandbox.tk(["run", "faq", "--json"]);
    assert_eq!(show(&sandbox, "faq")["awaiting"], "review");
    sandbox.tk(["approve", "faq"]).ok();
    let output = sandbox.tk(["land", "faq"]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert_eq!(show(&sandbox, "faq")["status"], "closed");
    assert!(sandbox.read("docs/faq.md").starts_with("# Questions"));
    assert_eq!(
        sandbox.git(["branch", "--format=%(refname:short)"]),
        "main\n"
    );
    let entries = std::fs::read_to_string(sandbox.path().join(".git/tk/ledger.jsonl")).unwrap();
    assert_eq!(entries.matches("\"settled\"").count(), 1, "{entries}");
}

fn merge_of(sandbox: &Sandbox, ticket: &str) -> String {
    let found = sandbox.git([
        "log",
        "--merges",
        "--format=%H",
        &format!("--grep=^Ticket: {ticket}$"),
        "main",
    ]);
    assert_eq!(found.lines().count(), 1, "one merge of {ticket}: {found:?}");
    found.trim().to_owned()
}

fn show(sandbox: &Sandbox, ticket: &str) -> Value {
    let document: Value =
        serde_json::from_str(&sandbox.tk(["show", ticket, "--json"]).ok()).unwrap();
    document["tickets"][0].clone()
}
