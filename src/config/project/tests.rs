use super::*;

fn fails(text: &str) -> String {
    let error = parse(text, ".ticks/config.toml").unwrap_err();
    match &error.hint {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    }
}

#[test]
fn nothing_said_is_the_default() {
    assert_eq!(parse("", "c").unwrap(), Config::default());
    assert_eq!(parse("[run]\n[tickets]\n", "c").unwrap(), Config::default());
}

#[test]
fn what_is_said_is_taken() {
    let text = r#"
[tickets]
initial_status = "todo"
types = ["story", "epic"]

[[status]]
id = "todo"
category = "open"
[[status]]
id = "doing"
name = "Doing it"
category = "active"
[[status]]
id = "done"
category = "done"

[transitions]
todo = ["doing"]
doing = ["todo", "done"]

[run]
parallel = 8
land = "never"
checks = ["cargo test"]
stall = "90s"
max_cost = 12
cost_unknown = "reserve"
claims = "remote"

[worktree]
dir = "build/trees"

[prices.my-model]
input = 1
output = 5.5

[notify]
command = ["mail", "me"]
"#;
    let config = parse(text, "c").unwrap();
    assert_eq!(config.default_type, "story");
    assert_eq!(config.statuses.initial().as_str(), "todo");
    assert!(
        !config
            .statuses
            .allows(&StatusId::new("todo"), &StatusId::new("done"))
    );
    assert_eq!(config.statuses.all()[1].name, "Doing it");
    assert_eq!(config.run.parallel, Some(8));
    assert_eq!(config.run.land, LandMode::Never);
    assert_eq!(config.run.stall.seconds(), 90);
    assert_eq!(config.run.max_cost.unwrap().to_string(), "12.00");
    assert!(config.run.cost_unknown_reserve && config.run.remote_claims);
    assert_eq!(config.worktree.dir, "build/trees");
    assert!((config.prices["my-model"].cache_read - 1.0).abs() < 1e-9);
    assert_eq!(config.notify.command, ["mail", "me"]);
    assert!(config.notify.bell && config.notify.title);
}

#[test]
fn unknown_keys_are_named_with_line_and_likeness() {
    assert_eq!(
        fails("[run]\nparalel = 3\n"),
        ".ticks/config.toml:2: unknown key `paralel` in `run`\nhint: did you mean `parallel`?"
    );
    assert_eq!(
        fails("\n\n[rum]\n"),
        ".ticks/config.toml:3: unknown key `rum`\nhint: did you mean `run`?"
    );
    assert_eq!(
        fails("[notify]\nzzz = 1\n"),
        ".ticks/config.toml:2: unknown key `zzz` in `notify`\nhint: known keys: command, bell, title"
    );
}

#[test]
fn values_that_cannot_be_are_refused() {
    for (text, message) in [
        ("[run", "1: not TOML: "),
        ("run = 3", "1: `run` is `3`: expected a table"),
        (
            "[run]\nparallel = 0",
            "2: `run.parallel` is `0`: expected a number from 1 to 256",
        ),
        (
            "[run]\nparallel = \"four\"",
            "2: `run.parallel` is `\"four\"`: expected a number from 1 to 256",
        ),
        (
            "[run]\nmax_cost = -1",
            "2: `run.max_cost` is `-1`: expected an amount in dollars",
        ),
        (
            "[run]\nmax_cost = nan",
            "2: `run.max_cost` is `nan`: expected an amount in dollars",
        ),
        (
            "[run]\nstall = 5",
            "2: `run.stall` is `5`: expected a length of time",
        ),
        (
            "[run]\nland = \"later\"",
            "2: `run.land` is `\"later\"`: expected `end`, `ticket` or `never`",
        ),
        (
            "[run]\nchecks = \"make\"",
            "2: `run.checks` is `\"make\"`: expected a list of texts",
        ),
        (
            "[worktree]\ndir = \"../out\"",
            "2: `worktree.dir` is `\"../out\"`: expected a folder inside",
        ),
        (
            "[worktree]\ndir = \".git\"",
            "2: `worktree.dir` is `\".git\"`: expected a folder inside",
        ),
        (
            "[tickets]\ndefault_type = \"story\"",
            "2: `tickets.default_type` is `story`: expected one of task, bug",
        ),
        (
            "[tickets]\ninitial_status = \"closed\"",
            "2: `tickets.initial_status` is `closed`: expected a status of category `open`, such as open",
        ),
        (
            "[[status]]\nid = \"a\"\ncategory = \"open\"",
            "1: no status has the category `active`",
        ),
        (
            "[[status]]\nid = \"A b\"\ncategory = \"open\"",
            "2: `status.id` is `\"A b\"`: expected a word",
        ),
        (
            "[[status]]\nname = \"x\"",
            "1: `status` has no `id`: expected a word",
        ),
        (
            "[transitions]\nopne = []",
            "2: unknown status `opne`: expected one of open, in_progress, closed",
        ),
        (
            "[transitions]\nopen = [\"nope\"]",
            "2: `transitions.open` holds what is no status",
        ),
        ("[prices.x]\ninput = 1", "1: `prices.x` has no `output`"),
    ] {
        let error = fails(text);
        let expected = format!(".ticks/config.toml:{message}");
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
}
