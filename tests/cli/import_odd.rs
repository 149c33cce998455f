//! Single tickets of an archive that are odd, and what that does to the others.

use crate::project::files;
use crate::support::Sandbox;

/// What a file says of where its ticket comes from.
fn kept(sandbox: &Sandbox, id: &str) -> String {
    let text = sandbox.read(format!(".ticks/{id}.toml"));
    text.split_once("[[imported]]").unwrap().1.to_owned()
}

/// A key of theirs may be called as one of ours.
#[test]
fn a_foreign_key_called_as_an_edge_is_kept_beside_it() {
    let sandbox = Sandbox::initialised();
    sandbox.write(
        ".tickets/nw-1.md",
        "---\nid: nw-1\ndeps: [nw-1]\nblocked_by: nw-7\n---\n# T\n",
    );
    let dry = sandbox.tk(["import", "ticket", ".", "--dry-run"]).ok();
    let said = sandbox.tk(["import", "ticket", "."]).ok();
    assert_eq!(dry.replace("would import", "imported"), said);
    assert_eq!(
        kept(&sandbox, "nw-1"),
        "\norigin = \"ticket:nw-1\"\nblocked_by = \"nw-7\"\nblocked_by_ = [\n  \"nw-1\",\n]\n"
    );
    // Edges that would make tickets wait for one another, and a list of theirs.
    for (id, on) in [("a", "b"), ("b", "a")] {
        let text = format!(
            "---\nid: {id}\ntitle: T\ndependencies: [{on}]\nblocked_by: [x, y]\nparts: z\n---\n"
        );
        sandbox.write(format!("backlog/tasks/{id}.md"), &text);
    }
    sandbox.tk(["import", "backlog", "."]).ok();
    let both = kept(&sandbox, "a") + &kept(&sandbox, "b");
    assert_eq!(
        both.matches("blocked_by = [\n  \"x\",\n  \"y\",\n]")
            .count(),
        2
    );
    assert_eq!(both.matches("blocked_by_ = [").count(), 1, "{both}");
}

/// What no file can hold is told with its place, before anything is written; the others can be
/// imported without it.
#[test]
fn what_no_file_can_hold_is_left_out_alone() {
    let sandbox = Sandbox::initialised();
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let own = format!(
        "{{\"id\":\"a\",\"title\":\"A\",\"blocked_by\":[\"b\"]}}\n\
         {{\"id\":\"b\",\"title\":\"B\",\"odd\":{deep}}}\n"
    );
    sandbox.write("own.jsonl", &own);
    let large = "x".repeat(17 << 20);
    let beads = format!(
        "{{\"id\":\"bd-1\",\"title\":\"x\",\"close_reason\":\"{large}\"}}\n\
         {{\"id\":\"bd-2\",\"title\":\"y\",\"dependencies\":[{{\"depends_on_id\":\"bd-1\"}}]}}\n"
    );
    sandbox.write("large.jsonl", &beads);
    let before = files(&sandbox);
    for (format, file, place, why) in [
        ("jsonl", "own.jsonl", "own.jsonl:2: ", "recursion depth"),
        (
            "beads",
            "large.jsonl",
            "large.jsonl:1: ",
            "larger than 16 MiB",
        ),
    ] {
        for more in [&["--dry-run"][..], &[]] {
            let refused = sandbox.tk([&["import", format, file], more].concat());
            assert_eq!(refused.code, 2, "{refused}");
            assert!(refused.stderr.contains(place), "{refused}");
            assert!(refused.stderr.contains(why), "{refused}");
            assert!(refused.stderr.contains("--skip-invalid"), "{refused}");
        }
        assert_eq!(files(&sandbox), before);
    }
    for (format, file, id, gone) in [
        ("jsonl", "own.jsonl", "a", "b"),
        ("beads", "large.jsonl", "bd-2", "bd-1"),
    ] {
        let args = ["import", format, file, "--skip-invalid"];
        let dry = sandbox.tk([&args[..], &["--dry-run"]].concat()).ok();
        let said = sandbox.tk(args).ok();
        assert_eq!(dry.replace("would import", "imported"), said);
        assert!(
            said.starts_with("imported 1 ticket (1 task); 1 left out\n"),
            "{said}"
        );
        let missing = format!("{id}: `blocked_by` names `{gone}`, which is not there");
        assert!(said.contains(&missing), "{said}");
    }
}
