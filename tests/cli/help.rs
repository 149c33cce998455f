//! The examples of the help are accepted: every one is run as it stands there.

use crate::support::{Output, Sandbox};

/// Examples that need what a test has not, and why.
const NOT_RUN: &[(&str, &str)] = &[
    (
        "tk demo --agent claude --max-cost 5",
        "starts the real client",
    ),
    (
        "tk stop",
        "stops a live run: `stop::every_example_of_the_help` in tests/run",
    ),
    (
        "tk stop auth",
        "stops a live run: `stop::every_example_of_the_help` in tests/run",
    ),
    (
        "tk stop x4d",
        "stops a live run: `stop::every_example_of_the_help` in tests/run",
    ),
];

/// A worker that costs nothing: a file a ticket.
const AGENT: &str = r#"kind = "command"
command = ["sh", "-c", 'echo done > "$TK_TICKET.txt"; echo "{\"status\":\"done\",\"cost_usd\":0}" > "$TK_RESULT"']
"#;

/// What the tickets of the epic have besides a title.
const DETAILS: &str = r#"
[[acceptance]]
text = "It works"
[[subtasks]]
title = "Begin"
[[subtasks]]
title = "End"
"#;

#[test]
fn every_example_is_accepted() {
    let (mut seen, mut wrong) = (0, String::new());
    for (command, help) in helps() {
        let examples: Vec<&str> = examples(&help).collect();
        assert!(!examples.is_empty(), "`tk {command}` has no example");
        for example in examples {
            if NOT_RUN.iter().any(|(named, _)| *named == example) {
                continue;
            }
            let output = shell(&prepared(&command), example);
            if output.code != 0 {
                wrong.push_str(&format!("$ {example}\n{output}"));
            }
            seen += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(seen > 40, "{seen} examples");
}

#[test]
fn what_is_not_run_is_in_the_help() {
    let helps = helps();
    for (example, why) in NOT_RUN {
        let there = helps
            .iter()
            .any(|(_, help)| examples(help).any(|found| found == *example));
        assert!(there, "`{example}` ({why}) is no example any more");
    }
}

#[test]
fn help_says_what_when_and_how() {
    for (command, help) in helps() {
        let about: Vec<&str> = help
            .lines()
            .take_while(|line| !line.starts_with("Usage:"))
            .collect();
        let paragraphs = about
            .split(|line| line.is_empty())
            .filter(|lines| !lines.is_empty());
        assert!(
            paragraphs.count() >= 2,
            "`tk {command}` says too little:\n{help}"
        );
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "`tk {command}`:\n{help}"
        );
    }
}

/// The help of `tk` itself, named "", and of every command that it lists.
fn helps() -> Vec<(String, String)> {
    let sandbox = Sandbox::without_repository();
    let help = sandbox.tk(["--help"]).ok();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| !line.is_empty());
    let names: Vec<String> = commands
        // The lines after a name's first have deeper indentation.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect();
    assert!(names.len() > 15, "{names:?}");
    let mut helps = vec![(String::new(), help.clone())];
    for name in names {
        let help = sandbox.tk([name.as_str(), "--help"]).ok();
        helps.push((name, help));
    }
    helps
}

/// The commands under `Examples:`, up to the next blank line, without their comments.
fn examples(help: &str) -> impl Iterator<Item = &str> {
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    lines.map_while(|line| {
        let command = line.strip_prefix("  ")?;
        Some(command.split("  #").next().unwrap_or(command).trim_end())
    })
}

/// The epic `aut` (Authentication), the tickets the examples speak of, the files they read,
/// and whatever else that command needs to have something to do.
fn prepared(command: &str) -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.write("bin/dot", "#!/bin/sh\ncat\n");
    for file in ["story.md", "findings.md"] {
        sandbox.write(file, "A long story.\n");
    }
    sandbox.write("plan.toml", "[[ticket]]\ntitle = \"Planned\"\n");
    let template = "title = \"{{area}}: {{title}}\"\n[variables]\narea = \"\"\n";
    sandbox.write(".ticks/templates/bug.toml", template);
    sandbox.git(["init", "--quiet", "path/to/repository"]);
    sandbox.write(".ticks/config.toml", "[run]\nagent = \"scripted\"\n");
    sandbox.write(".ticks/agents/scripted.toml", AGENT);
    sandbox.ticket("aut", "title = \"Authentication\"\ntype = \"epic\"\n");
    for id in ["k7m", "x4d"] {
        let text = format!("title = \"{id}\"\nparent = \"aut\"\n{DETAILS}");
        sandbox.ticket(id, &text);
    }
    for id in ["k2p", "p2q"] {
        sandbox.ticket(id, &format!("title = \"{id}\"\n"));
    }
    let tk = |line: &str| shell(&sandbox, line).ok();
    tk("chmod +x bin/dot");
    match command {
        "approve" => tk("tk update k7m x4d --requires review && tk run k7m x4d || test $? -eq 9"),
        "reject" => tk("tk update k7m --awaiting approval"),
        "answer" => tk("tk ask k7m 'when?'"),
        "edit" => tk("git config core.editor true"),
        "reopen" => tk("tk close k7m"),
        "undo" => tk("tk note k7m seen"),
        "claim" | "next" | "release" | "sync" => tk(
            "git init -q --bare ../remote.git && git remote add origin ../remote.git \
             && git remote add upstream ../remote.git",
        ),
        "unblock" => tk("tk block k7m x4d"),
        "import" => {
            let issue = |id: u8| format!("{{\"id\":\"bd-{id}\",\"title\":\"T\"}}\n");
            sandbox.write(".beads/issues.jsonl", &issue(1));
            sandbox.write("issues.json", "[{\"number\":1,\"title\":\"T\"}]");
            tk("mkdir -p ../other/.tick/issues")
                + &tk("echo '{\"id\":\"0u6\",\"title\":\"T\"}' > ../other/.tick/issues/0u6.json")
        }
        "land" => {
            tk("tk update x4d --requires review && tk run auth --land never || test $? -eq 9")
        }
        "log" => tk("tk run auth"),
        "list" | "graph" | "diff" => {
            tk("git add .ticks && git commit -qm tickets && git commit -qm more --allow-empty")
        }
        "resolve" => tk(
            "git add .ticks .gitattributes && git commit -qm base && git checkout -qb other \
             && tk note k7m there && git commit -qam there && git checkout -q main \
             && tk note k7m here && git commit -qam here \
             && git config --remove-section merge.ticks && ! git merge -q other",
        ),
        "restore" => {
            tk("tk run x4d && git revert --no-edit -m1 $(git log --format=%H --grep='^Land x4d')")
        }
        "retry" => tk("tk run x4d --check false || test $? -eq 7"),
        _ => String::new(),
    };
    sandbox
}

/// Runs a line as a user types it, with `bin/` of the repository in `PATH` behind `tk`. It fails
/// where any command of a pipe does.
fn shell(sandbox: &Sandbox, line: &str) -> Output {
    let tk = std::path::Path::new(env!("CARGO_BIN_EXE_tk"));
    let path = std::env::var("PATH").unwrap();
    let path = format!(
        "{}:{}:{path}",
        tk.parent().unwrap().display(),
        sandbox.path().join("bin").display()
    );
    let mut shell = sandbox.command("bash");
    shell
        .args(["-o", "pipefail", "-c", line])
        .env("PATH", path)
        .env("TMPDIR", sandbox.root());
    sandbox.run(&mut shell, None)
}
