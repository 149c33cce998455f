//! What git is told of tickets, and whether it goes by that.

use crate::project::authentication;
use crate::support::Sandbox;

/// Some of the tickets left out: who names those would seem to name nothing.
#[test]
fn tickets_that_a_sparse_checkout_leaves_out() {
    let sandbox = authentication();
    sandbox.write("src/a", "a\n");
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message=tickets"]);
    sandbox.tk(["new", "not yet in git"]).ok();
    sandbox.git(["sparse-checkout", "set", "--no-cone", "/src/"]);
    assert!(!sandbox.path().join(".ticks/abc.toml").exists());
    let commands = [
        &["list"][..],
        &["new", "x"],
        &["init"],
        &["show", "abc"],
        &["doctor", "--fix"],
    ];
    for args in commands {
        let output = sandbox.tk(args);
        assert_eq!(output.code, 6, "{args:?} {output}");
        assert_eq!(
            output.stderr,
            "error: `.ticks/abc.toml` and 4 more are left out of this sparse checkout\n\
             hint: `git sparse-checkout add .ticks` takes them in\n"
        );
    }
    let some = ["config", "aut", "def", "ghi"].map(|name| format!("/.ticks/{name}.toml"));
    let mut git = sandbox.command("git");
    git.args(["sparse-checkout", "set", "--no-cone"]).args(some);
    sandbox.run(&mut git, None).ok();
    assert_eq!(
        sandbox.tk(["list"]).stderr,
        "error: `.ticks/abc.toml` is left out of this sparse checkout\n\
         hint: `git sparse-checkout add .ticks` takes it in\n"
    );
    sandbox.git(["sparse-checkout", "add", ".ticks"]);
    assert_eq!(sandbox.tk(["list", "--json"]).json()["total"], 5);
    // A file that git only does not look at is there.
    sandbox.git(["update-index", "--skip-worktree", ".ticks/abc.toml"]);
    sandbox.tk(["note", "abc", "x"]).ok();
}

#[test]
fn objects_that_are_named_by_sha_256() {
    let sandbox = Sandbox::without_repository();
    sandbox.git(["init", "--quiet", "--object-format=sha256", "."]);
    for args in [&["init"][..], &["list"]] {
        let output = sandbox.tk(args);
        assert_eq!(output.code, 6, "{output}");
        assert_eq!(
            output.stderr,
            "error: the repository of `$ROOT/repo` names its objects by SHA-256: expected SHA-1\n\
             hint: such repositories cannot be used yet; `git init --object-format=sha1` makes \
             one that can\n"
        );
    }
}
