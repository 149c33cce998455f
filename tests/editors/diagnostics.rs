//! What is wrong in a file is shown at its line, and nothing else is.

use std::collections::BTreeSet;

use crate::support::Sandbox;
use crate::{program, project};

/// A program that checks files by the schemas which the project's settings name.
#[derive(Clone, Copy, Debug)]
enum Server {
    Taplo,
    Tombi,
}

const SERVERS: [Server; 2] = [Server::Taplo, Server::Tombi];

impl Server {
    /// The lines of a file at which it finds a mistake.
    fn wrong_lines(self, sandbox: &Sandbox, file: &str) -> BTreeSet<usize> {
        let (program, arguments, place) = match self {
            Self::Taplo => (program("TK_TEST_TAPLO"), &["lint"][..], "┌─ "),
            Self::Tombi => (
                program("TK_TEST_TOMBI"),
                &["lint", "--offline", "--error-on-warnings"][..],
                "at ",
            ),
        };
        let mut command = sandbox.command(program);
        command.args(arguments).arg(file).env("NO_COLOR", "1");
        let output = sandbox.run(&mut command, None);
        let said = format!("{}{}", output.stdout, output.stderr);
        let places = said.lines().filter_map(|line| {
            let (_, place) = line.trim().strip_prefix(place)?.rsplit_once(file)?;
            place.split(':').nth(1)?.parse().ok()
        });
        let found: BTreeSet<usize> = places.collect();
        assert_eq!(
            output.code == 0,
            found.is_empty(),
            "{self:?} {file}: {output}"
        );
        found
    }
}

#[test]
fn what_tk_writes_is_right() {
    let sandbox = project();
    let epic = sandbox.file(["Authentication", "--type", "epic"]);
    let id = sandbox.file([
        "Login",
        "-d",
        "POST /login\n\nwith a password",
        "-l",
        "api,ui",
        "-p",
        "1",
        "-o",
        "dana@example.com",
        "--parent",
        &epic,
        "--acceptance",
        "It works",
        "--subtask",
        "Begin",
        "--check",
        "true",
        "--touches",
        "src/**",
        "--requires",
        "review",
        "--estimate",
        "1h30m",
        "--due",
        "2026-12-01",
        "--defer",
        "2026-11-19T10:00:00Z",
        "--lock",
        "db",
    ]);
    let other = sandbox.file([
        "Logout",
        "-b",
        &id,
        "--after",
        &id,
        "--discovered-from",
        &id,
    ]);
    sandbox.tk(["note", &id, "Look here"]).ok();
    sandbox.tk(["update", &id, "--status", "in_progress"]).ok();
    sandbox.tk(["ask", &id, "Which token?"]).ok();
    sandbox
        .tk(["close", &other, "--force", "--reason", "no"])
        .ok();
    sandbox.write(
        ".ticks/agents/fast.toml",
        "kind = \"command\"\ncommand = [\"./fast.sh\"]\nmax_cost = 2.0\nmax_time = \"45m\"\n",
    );
    for server in SERVERS {
        for name in [&epic, &id, &other, "config", "agents/fast"] {
            let found = server.wrong_lines(&sandbox, &format!(".ticks/{name}.toml"));
            assert!(found.is_empty(), "{server:?} {name}: {found:?}");
        }
    }
}

#[test]
fn a_mistake_is_shown_where_it_is() {
    let sandbox = project();
    for (line, kind) in [
        ("status = 7", "the wrong type"),
        ("priority = 9", "out of bounds"),
        ("awaiting = \"nothing\"", "an unknown word"),
        ("requires = \"reveiw\"", "a misspelt word"),
        ("due = \"soon\"", "a text for a day"),
        ("created_at = 2026-11-20", "a day for a moment"),
        ("labels = \"api\"", "a text for a list"),
        ("blocked_by = [\"../x\"]", "an id that cannot be"),
        ("notes = \"none\"", "a text for tables"),
    ] {
        let text = format!("title = \"Bad\"\n\n{line}\n");
        let text = text.as_str();
        sandbox.ticket("bad", text);
        for server in SERVERS {
            let found = server.wrong_lines(&sandbox, ".ticks/bad.toml");
            assert_eq!(found, [3].into(), "{server:?}: {kind}: {line}");
        }
    }
    std::fs::remove_file(sandbox.path().join(".ticks/bad.toml")).unwrap();
    sandbox.write(".ticks/agents/bad.toml", "kind = \"clod\"\n");
    sandbox.write(".ticks/config.toml", "[run]\nparallel = \"x\"\n");
    for server in SERVERS {
        let found = server.wrong_lines(&sandbox, ".ticks/agents/bad.toml");
        assert_eq!(found, [1].into(), "{server:?}");
        let found = server.wrong_lines(&sandbox, ".ticks/config.toml");
        assert_eq!(found, [2].into(), "{server:?}");
    }
}
