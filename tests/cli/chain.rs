//! A hundred thousand tickets of which each waits for the one before.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::support::{Output, Sandbox};

/// A project whose tickets `t0` to `t<count - 1>` wait for one another in a row, kept in a
/// folder of its own: one that the sandbox does not check file by file.
struct Chain {
    sandbox: Sandbox,
    folder: PathBuf,
}

impl Chain {
    fn of(count: usize) -> Self {
        let sandbox = Sandbox::new();
        let folder = sandbox.path().join("chain");
        fs::create_dir(&folder).unwrap();
        let write = |numbers: std::ops::Range<usize>| {
            for number in numbers {
                let before = number.checked_sub(1);
                let edge = before.map(|before| format!("blocked_by = [\"t{before}\"]\n"));
                let text = format!("title = \"x\"\n{}", edge.unwrap_or_default());
                fs::write(folder.join(format!("t{number}.toml")), text).unwrap();
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| write(0..count / 2));
            scope.spawn(|| write(count / 2..count));
        });
        Self { sandbox, folder }
    }

    /// Runs `tk` with a stack of one megabyte, an eighth of what a process has by default.
    fn tk(&self, args: &[&str]) -> Output {
        let mut command = self.sandbox.command("bash");
        command
            .args(["-c", "ulimit -s 1024; exec \"$0\" \"$@\""])
            .arg(env!("CARGO_BIN_EXE_tk"))
            .args(args)
            .env("TK_DIR", &self.folder);
        self.sandbox.run(&mut command, None)
    }

    #[track_caller]
    fn prints(&self, args: &[&str]) -> String {
        let output = self.tk(args);
        assert_eq!(output.code, 0, "{args:?}: {}", output.stderr);
        output.stdout
    }
}

#[test]
fn a_chain_of_a_hundred_thousand_neither_explodes_nor_overflows() {
    let chain = Chain::of(100_000);
    let listed = chain.tk(&["list", "--limit", "2"]);
    assert_eq!(
        listed.to_string(),
        "t0  P2  open  task  x\nt1  P2  open  task  x  ← t0\n\
         --- stderr\nhint: 2 of 100000 are shown\n"
    );
    let graph: serde_json::Value =
        serde_json::from_str(&chain.prints(&["graph", "--json"])).unwrap();
    assert_eq!(graph["waves"].as_array().unwrap().len(), 100_000);
    assert_eq!(graph["critical_path"], 100_000);
    assert_eq!(graph["waves"][99_999][0]["id"], "t99999");
    // The edge that would make it a ring is refused, in few words.
    let refused = chain.tk(&["block", "t0", "t99999"]);
    assert_eq!(refused.code, 4, "{refused}");
    let (begun, end) = (
        "error: tickets would wait for one another: t0 → t99999 → t99998 → ",
        " → … 99976 more … → t12 → t11 → t10 → t9 → t8 → t7 → t6 → t5 → t4 → t3 → t2 → t1 → t0\n",
    );
    assert!(refused.stderr.starts_with(begun), "{refused}");
    assert!(refused.stderr.ends_with(end), "{refused}");
    assert!(refused.stderr.len() < 500);
    let first = fs::read_to_string(chain.folder.join("t0.toml")).unwrap();
    assert_eq!(first, "title = \"x\"\n");
}

#[test]
fn every_command_takes_a_long_chain() {
    let chain = Chain::of(20_000);
    assert_eq!(chain.prints(&["ready"]), "t0  P2  open  task  x\n");
    assert_eq!(chain.prints(&["next"]), "t0  P2  open  task  x\n");
    assert_eq!(
        chain.prints(&["blocked", "-n", "1"]),
        "t1  P2  x\n     blocked by `t0`\n"
    );
    let shown = chain.prints(&["show", "t10000"]);
    assert!(
        shown.contains("t9999") && shown.contains("t10001"),
        "{shown}"
    );
    assert!(shown.len() < 300, "{shown}");
    // The drawing ends where nobody reads on, and says so.
    let drawn = chain.prints(&["graph"]);
    assert!(drawn.len() < 60_000, "{}", drawn.len());
    let more = "\n… and 19000 more of 20000 tickets, which `--json` has.\n";
    assert!(drawn.contains(more));
    assert!(drawn.contains("t98 → t99 → … 19900 more\n"), "{drawn}");
    // Languages for programs have all of it.
    for language in ["--dot", "--mermaid"] {
        assert!(chain.prints(&["graph", language]).contains("t19999"));
    }
    let error = chain.tk(&["block", "t0", "t19999", "--json"]);
    assert_eq!(error.code, 4);
    assert!(error.stderr.len() < 2000, "{error}");
    let said: serde_json::Value = serde_json::from_str(&error.stderr).unwrap();
    let context = &said["error"]["context"];
    assert_eq!(context["cycle"].as_array().unwrap().len(), 100);
    assert_eq!(context["cycle_length"], 20_000);
    chain.prints(&["note", "t10000", "seen", "--quiet"]);
    chain.prints(&["close", "t0", "--quiet"]);
    assert_eq!(chain.prints(&["ready"]), "t1  P2  open  task  x\n");
}

#[test]
fn every_command_takes_a_large_ring() {
    let chain = Chain::of(10_000);
    let closing = "title = \"x\"\nblocked_by = [\"t9999\"]\n";
    fs::write(chain.folder.join("t0.toml"), closing).unwrap();
    let warning = "warning: tickets wait for one another: t0 → t9999 → ";
    for args in [
        &["list", "-n", "1"][..],
        &["blocked", "-n", "1"],
        &["show", "t5000"],
        &["graph"],
    ] {
        let output = chain.tk(args);
        assert_eq!(output.code, 0, "{args:?}: {}", output.stderr);
        assert!(
            output.stderr.contains(warning),
            "{args:?}: {}",
            output.stderr
        );
        assert!(output.stderr.len() < 500, "{args:?}: {}", output.stderr);
        assert!(output.stdout.len() < 3000, "{args:?}: {}", output.stdout);
    }
    let all = chain.prints(&["blocked", "--json"]);
    let all: serde_json::Value = serde_json::from_str(&all).unwrap();
    assert_eq!(all["total"], 10_000);
    // Made in parts, by several threads.
    let ids: BTreeSet<&str> = all["tickets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ticket| ticket["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 10_000);
}
