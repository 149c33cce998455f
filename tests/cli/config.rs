use insta::assert_snapshot;

use crate::project::refused;
use crate::support::Sandbox;

#[test]
fn every_setting_has_a_value_and_an_origin() {
    let sandbox = Sandbox::initialised();
    assert_snapshot!(sandbox.tk(["config"]), @r#"
    tickets.initial_status = "open"  # default
    tickets.default_type = "task"  # default
    tickets.types = ["task", "bug", "feature", "chore", "epic"]  # default
    status = [{ id = "open", name = "Open", category = "open" }, { id = "in_progress", name = "In progress", category = "active" }, { id = "closed", name = "Closed", category = "done" }]  # default
    transitions = { open = ["in_progress", "closed"], in_progress = ["open", "closed"], closed = ["open", "in_progress"] }  # default
    run.agent = "claude"  # default
    run.parallel = none  # default
    run.land = "end"  # default
    run.checks = []  # default
    run.check_time = "30m"  # default
    run.fix_rounds = 2  # default
    run.retries = 1  # default
    run.stall = "10m"  # default
    run.live_wait = "5m"  # default
    run.limit_wait = "15m"  # default
    run.on_permission = "deny"  # default
    run.max_cost = none  # default
    run.max_ticket_cost = none  # default
    run.max_tokens = none  # default
    run.max_time = none  # default
    run.daily_budget_usd = none  # default
    run.cost_unknown = "reserve"  # default
    run.trust_agent_tickets = false  # default
    run.batch = 1  # default
    run.claims = "local"  # default
    worktree.dir = ".worktrees"  # default
    worktree.setup = []  # default
    worktree.setup_time = "10m"  # default
    notify.command = []  # default
    notify.bell = true  # default
    notify.title = true  # default
    search.embeddings_url = none  # default
    search.embeddings_model = "text-embedding-3-small"  # default
    search.embeddings_key_env = none  # default
    "#);
    sandbox.write(
        ".ticks/config.toml",
        "[run]\n# places\nparallel = 8\nmax_cost = 12.5\n[prices.opus]\ninput = 3.0\noutput = 9.0\n",
    );
    assert_snapshot!(sandbox.tk(["config", "run.parallel"]), @"run.parallel = 8  # .ticks/config.toml:3");
    assert_snapshot!(sandbox.tk(["config", "run.max_cost", "--json"]), @r#"{"schema":"tk.settings.v1","settings":[{"key":"run.max_cost","value":12.5,"origin":"file","path":".ticks/config.toml","line":4}]}"#);
    assert_snapshot!(sandbox.tk(["config", "prices"]), @"prices.opus = { input = 3.0, output = 9.0, cache_write = 3.0, cache_read = 3.0 }  # .ticks/config.toml:5");
    assert_snapshot!(sandbox.tk(["config", "worktree"]), @r#"
    worktree.dir = ".worktrees"  # default
    worktree.setup = []  # default
    worktree.setup_time = "10m"  # default
    "#);
    assert_snapshot!(refused(&sandbox, 2, &[&["config", "run.paralel"], &["config", "zzz"]]), @r"
    error: there is no setting `run.paralel`
    hint: did you mean `run.parallel`?
    hint: `tk config` lists them
    error: there is no setting `zzz`
    hint: `tk config` lists them
    ");
    sandbox.write(".ticks/config.toml", "[run]\nparallel = \"many\"\n");
    assert_snapshot!(refused(&sandbox, 4, &[&["config"]]), @r#"error: .ticks/config.toml:2: `run.parallel` is `"many"`: expected a number from 1 to 256"#);
}

#[test]
fn a_merge_that_left_both_versions_is_named() {
    let sandbox = Sandbox::initialised();
    let commit = |parallel: &str| {
        let text = format!("# ours\n[run]\nparallel = {parallel}\n");
        sandbox.write(".ticks/config.toml", &text);
        sandbox.git(["add", "--all"]);
        sandbox.git(["commit", "--quiet", "--message=x"]);
    };
    commit("1");
    sandbox.git(["switch", "--quiet", "--create=side"]);
    commit("2");
    sandbox.git(["switch", "--quiet", "main"]);
    commit("3");
    let mut merge = sandbox.command("git");
    let merged = sandbox.run(merge.args(["merge", "--quiet", "side"]), None);
    assert_eq!(merged.code, 1, "{merged}");
    assert_snapshot!(refused(&sandbox, 4, &[&["list"], &["ready"]]), @r"
    error: .ticks/config.toml:3: not TOML: key with no value, expected `=`
    hint: a merge left both versions, from line 3 on: keep what is right of them, and none of git's marks
    error: .ticks/config.toml:3: not TOML: key with no value, expected `=`
    hint: a merge left both versions, from line 3 on: keep what is right of them, and none of git's marks
    ");
    // Other slips are no merge's.
    sandbox.write(".ticks/config.toml", "[run]\nparallel = <<<<<<< 2\n");
    let slip = refused(&sandbox, 4, &[&["list"]]);
    assert!(!slip.contains("merge"), "{slip}");
}

#[test]
fn types_of_upper_case_letters_are_told_what_they_are_to_be() {
    let sandbox = Sandbox::initialised();
    sandbox.write(
        ".ticks/config.toml",
        "[tickets]\ntypes = [\"Story\", \"bug\", \"Epic\"]\n",
    );
    let told = sandbox.tk(["list"]);
    assert!(told.stderr.contains("in lower case"), "{told}");
}

#[test]
fn an_address_with_a_password_is_refused_and_not_repeated() {
    let sandbox = Sandbox::initialised();
    let to = |url: &str| format!("[search]\nembeddings_url = \"{url}\"\n");
    for url in [
        "https://dana:secret@example.com/v1/embeddings",
        "http://secret@localhost:80",
        "ftp://dana:secret@example.com",
    ] {
        sandbox.write(".ticks/config.toml", &to(url));
        for args in [&["config"][..], &["search", "word"]] {
            let refused = sandbox.tk(args);
            assert_eq!(refused.code, 4, "{refused}");
            let said = refused.to_string();
            assert!(said.contains(".ticks/config.toml:2: "), "{said}");
            assert!(said.contains("`embeddings_key_env`"), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }
    for url in ["https://example.com/v1/@x", "https://example.com/?a=b@c"] {
        sandbox.write(".ticks/config.toml", &to(url));
        sandbox.tk(["config"]).ok();
    }
}
