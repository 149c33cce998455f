//! What is here already is known again, and what is not is not taken for it.

use crate::project::files;
use crate::support::Sandbox;

/// An issue is changed on two branches to two different things.
fn in_conflict(format: &str, line: &str, id: &str) -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.write("a.jsonl", line);
    sandbox.tk(["import", format, "a.jsonl"]).ok();
    let commit = |said: &str| {
        sandbox.git(["add", "--all"]);
        sandbox.git(["commit", "--quiet", "--message", said]);
    };
    commit("imported");
    sandbox.git(["checkout", "--quiet", "-b", "other"]);
    sandbox.tk(["update", id, "--title", "X"]).ok();
    commit("other");
    sandbox.git(["checkout", "--quiet", "main"]);
    sandbox.tk(["update", id, "--title", "Y"]).ok();
    commit("main");
    let merge = sandbox.command("git").args(["merge", "other"]).output();
    assert!(!merge.unwrap().status.success());
    let text = sandbox.read(format!(".ticks/{id}.toml"));
    assert!(text.contains("<<<<<<<"), "{text}");
    // It is no ticket because the test says so.
    sandbox.write(format!(".ticks/{id}.toml"), &text);
    sandbox
}

/// Each as a later import finds it: in conflict, with a line of something else, with a byte that
/// is no text.
#[test]
fn a_broken_file_still_says_where_it_comes_from() {
    let line = "{\"id\":\"bd-1\",\"title\":\"one\",\"status\":\"open\"}\n";
    let sandbox = in_conflict("beads", line, "bd-1");
    let path = sandbox.path().join(".ticks/bd-1.toml");
    let conflict = std::fs::read(&path).unwrap();
    let bad = [b"\xff\n", conflict.as_slice()].concat();
    let marked = [b"<<<\n", conflict.as_slice()].concat();
    for text in [conflict.clone(), bad, marked] {
        std::fs::write(&path, text).unwrap();
        let again = sandbox.tk(["import", "beads", "a.jsonl"]).ok();
        assert_eq!(again, "imported 0 tickets; 1 already here\n");
    }
    // Where nothing of that can be read, it may be the same.
    for text in ["", "<<<\n"] {
        sandbox.write(".ticks/bd-1.toml", text);
        let before = files(&sandbox);
        let refused = sandbox.tk(["import", "beads", "a.jsonl"]);
        assert_eq!(refused.code, 4, "{refused}");
        assert!(refused.stderr.contains(".ticks/bd-1.toml:1: "), "{refused}");
        assert!(refused.stderr.contains("it may be `bd-1`"), "{refused}");
        assert_eq!(files(&sandbox), before);
    }
    // It is another one that comes from elsewhere.
    sandbox.write(
        ".ticks/bd-1.toml",
        "<<<\n[[imported]]\norigin = \"ticks:bd-1\"\n",
    );
    let said = sandbox.tk(["import", "beads", "a.jsonl"]).ok();
    assert!(said.contains("`bd-1` is another ticket here"), "{said}");
}

/// An export of ours is known by what the file says, so that it must be readable.
#[test]
fn an_export_waits_until_the_file_of_its_id_can_be_read() {
    let line = "{\"id\":\"abc\",\"title\":\"one\",\"created_at\":\"2026-01-01T00:00:00Z\"}\n";
    let sandbox = in_conflict("jsonl", line, "abc");
    let before = files(&sandbox);
    for more in [&[][..], &["--dry-run"], &["--skip-invalid"]] {
        let refused = sandbox.tk([&["import", "jsonl", "a.jsonl"], more].concat());
        assert_eq!(refused.code, 4, "{refused}");
        assert!(refused.stderr.contains(".ticks/abc.toml:"), "{refused}");
        assert!(refused.stderr.contains("import again once"), "{refused}");
    }
    assert_eq!(files(&sandbox), before);
}
