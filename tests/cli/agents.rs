//! What agents may do, command by command, and that what they may not is refused and recorded.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::project::{authentication, commands, files};
use crate::support::Sandbox;

/// Whether an agent may.
enum May {
    /// It reads, or does what agents may do.
    Yes,
    /// Only people may.
    No,
    /// It may, and no ticket here is what it is about.
    Elsewhere,
}

use May::{Elsewhere, No, Yes};

/// A row for every command; for some, several.
const ROWS: &[(&str, May)] = &[
    // It changes nothing where it was done.
    ("init", Elsewhere),
    ("new Found", Yes),
    ("list", Yes),
    ("search first", Yes),
    ("show abc", Yes),
    ("update abc --note seen", Yes),
    ("update abc --met 1", Yes),
    ("update abc --subtask-done 1", Yes),
    ("update def --met 1", No),
    ("update abc --title other", No),
    ("update abc --description other", No),
    ("update abc --status closed", No),
    ("update abc --status in_progress", No),
    ("update abc --requires=", No),
    ("update abc --awaiting review", No),
    ("update abc --check true", No),
    ("update abc --blocked-by def", No),
    ("update abc --acceptance less", No),
    ("update abc --agent claude", No),
    ("update abc --parent=", No),
    ("update --query ready --note seen", Yes),
    ("update --query ready --title other", No),
    ("update abc --title other --dry-run", No),
    ("update abc --repeat daily", No),
    ("update abc --defer 3d", No),
    ("edit abc", No),
    ("note abc seen", Yes),
    ("block abc def", No),
    ("unblock def abc", No),
    ("close abc", No),
    ("close abc --force", No),
    ("close abc --as dana@example.com", No),
    ("close --query ready", No),
    ("close abc --dry-run", No),
    ("reopen ghi", No),
    ("delete abc", No),
    ("delete abc --force", No),
    ("undo", No),
    ("undo --dry-run", No),
    ("ready", Yes),
    ("blocked", Yes),
    ("next", Yes),
    ("claim abc", Yes),
    ("release def", Yes),
    ("release held", No),
    ("release held --force", No),
    ("claim abc --remote", Yes),
    ("next --claim --remote", Yes),
    ("sync", Yes),
    ("graph", Yes),
    ("history abc", Yes),
    ("diff HEAD", Yes),
    ("approve ghi", No),
    ("reject ghi no", No),
    ("answer ghi yes", No),
    ("ask abc what?", Yes),
    ("run aut", No),
    ("runs", Yes),
    ("stats", Yes),
    ("stats --runs", Yes),
    ("log", Yes),
    ("stop", No),
    ("retry abc", No),
    ("restore abc", No),
    ("restore abc --list", No),
    ("land", No),
    ("prompt abc", Yes),
    // A repository of its own; the run in it is refused.
    ("demo --dir ../demo", Elsewhere),
    ("doctor", Yes),
    ("doctor --fix", No),
    ("resolve --ours", No),
    ("import jsonl none.jsonl", No),
    ("export", Yes),
    ("schema list", Yes),
    ("completions bash", Yes),
    ("man ../pages", Elsewhere),
    ("config", Yes),
    ("prime", Yes),
];

/// `abc` is the agent's own; `held` is somebody else's.
fn prepared() -> Sandbox {
    let sandbox = authentication().with_env("EDITOR", "echo x >>");
    let parts = "[[acceptance]]\ntext = \"It works\"\n[[subtasks]]\ntitle = \"Begin\"\n";
    for id in ["abc", "def"] {
        let text = sandbox.read(format!(".ticks/{id}.toml"));
        sandbox.ticket(id, &format!("{text}\n{parts}"));
    }
    sandbox.ticket("held", "title = \"Held\"\n");
    sandbox.tk(["claim", "held"]).ok();
    sandbox.tk(["update", "ghi", "--awaiting", "review"]).ok();
    sandbox.git(["init", "--quiet", "--bare", "../remote.git"]);
    sandbox.git(["remote", "add", "origin", "../remote.git"]);
    sandbox
        .with_env("TK_ACTOR", "agent:x")
        .with_env("TK_TICKET", "abc")
        .with_env("TK_RUN", "01RUN")
}

#[test]
fn every_command_has_a_row() {
    let word = |row: &(&'static str, May)| row.0.split(' ').next().unwrap().to_owned();
    let rows: BTreeSet<String> = ROWS.iter().map(word).collect();
    let commands: BTreeSet<String> = commands().into_iter().collect();
    assert_eq!(rows, commands);
}

#[test]
fn agents_at_every_gate() {
    for (row, may) in ROWS {
        let sandbox = prepared();
        let before = files(&sandbox);
        let args: Vec<&str> = row.split(' ').chain(["--json"]).collect();
        let output = sandbox.tk(args);
        let log = sandbox.path().join(".git/tk/refused.jsonl");
        let recorded = std::fs::read_to_string(log).unwrap_or_default();
        match may {
            Yes | Elsewhere => {
                // There is no run to tell of; and the one of the demo is refused.
                let expected = match row.split(' ').next() {
                    Some("log") => 3,
                    Some("demo") => 4,
                    _ => 0,
                };
                assert_eq!(output.code, expected, "{row}\n{output}");
                assert_eq!(recorded, "", "{row}");
            }
            No => {
                assert_eq!(output.code, 4, "{row}\n{output}");
                let said: Value = serde_json::from_str(&output.stderr).unwrap();
                let error = &said["error"];
                assert_eq!(error["code"], "HUMANS_ONLY", "{row}");
                assert_eq!(files(&sandbox), before, "{row}");
                let entry: Value = serde_json::from_str(&recorded).unwrap();
                assert_eq!(entry["at"], "2026-11-20T08:38:50Z", "{row}");
                assert_eq!(entry["actor"], "agent:x", "{row}");
                assert_eq!(entry["run"], "01RUN", "{row}");
                assert_eq!(entry["ticket"], "abc", "{row}");
                assert_eq!(entry["message"], error["message"], "{row}");
                let tried = entry["tried"].as_array().unwrap();
                let tried: Vec<&str> = tried.iter().map(|word| word.as_str().unwrap()).collect();
                assert_eq!(tried.join(" "), format!("{row} --json"));
            }
        }
        if matches!(may, Elsewhere) {
            assert_eq!(files(&sandbox), before, "{row}");
        }
    }
}

#[test]
fn what_is_recorded_is_bounded() {
    let sandbox = prepared();
    let many = "x".repeat(100_000);
    let mut args = vec!["close", "abc", "--reason", many.as_str()];
    args.extend(["def"; 50]);
    assert_eq!(sandbox.tk(&args).code, 4);
    let recorded = sandbox.read(".git/tk/refused.jsonl");
    assert!(recorded.len() < 2_000, "{}", recorded.len());
    // Another stands on a line of its own, also after a crash in the middle of one.
    let log = sandbox.path().join(".git/tk/refused.jsonl");
    std::fs::write(&log, format!("{recorded}{{\"at\":")).unwrap();
    assert_eq!(sandbox.tk(["close", "abc"]).code, 4);
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 3);
}
