//! Where `tk` is called from, and what is around it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tree;
use crate::project::authentication;
use crate::support::snapshot::snapshot;
use crate::support::{Output, Sandbox};
use crate::untried::could_not;

/// `tk` in that folder.
fn tk_in(sandbox: &Sandbox, folder: &Path, args: &[&str]) -> Output {
    sandbox.run(sandbox.tk_command().current_dir(folder).args(args), None)
}

/// `git` in that folder.
#[track_caller]
fn git_in(sandbox: &Sandbox, folder: &Path, args: &[&str]) -> String {
    let mut git = sandbox.command("git");
    sandbox.run(git.current_dir(folder).args(args), None).ok()
}

/// A hook of git's that runs `tk` with these arguments.
fn hook(folder: &Path, name: &str, args: &str) {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    let text = format!(
        "#!/bin/sh\nset -e\n\"{}\" {args}\n",
        env!("CARGO_BIN_EXE_tk")
    );
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Called from a hook in a linked worktree, with `GIT_DIR` and `GIT_INDEX_FILE` set by git:
/// the tickets are those of the main working tree, and the commit is as it would have been.
#[test]
fn hooks_of_a_linked_worktree() {
    let sandbox = authentication();
    sandbox.git(["add", "."]);
    sandbox.git(["commit", "--quiet", "--message=tickets"]);
    sandbox.git(["worktree", "add", "--quiet", "../linked"]);
    let linked = sandbox.root().join("linked");
    let hooks = sandbox.path().join(".git/hooks");
    let seen = "env | grep -E '^GIT_(DIR|INDEX_FILE)=' >> ../seen; true; ";
    hook(&hooks, "pre-commit", "note abc 'before a commit' -q");
    hook(&hooks, "post-commit", "note abc 'after a commit' -q");
    let pre = fs::read_to_string(hooks.join("pre-commit")).unwrap();
    fs::write(
        hooks.join("pre-commit"),
        pre.replace("set -e\n", &format!("{seen}\nset -e\n")),
    )
    .unwrap();
    fs::write(linked.join("work"), "done\n").unwrap();
    git_in(&sandbox, &linked, &["add", "work"]);
    // Only then does git name an index of its own.
    fs::write(linked.join("README.md"), "changed\n").unwrap();
    git_in(&sandbox, &linked, &["commit", "-q", "-m", "work", "work"]);
    let seen = fs::read_to_string(sandbox.root().join("seen")).unwrap();
    assert!(
        seen.contains("GIT_DIR=") && seen.contains("GIT_INDEX_FILE="),
        "{seen}"
    );
    let text = sandbox.read(".ticks/abc.toml");
    assert!(
        text.contains("before a commit") && text.contains("after a commit"),
        "{text}"
    );
    let changed = ["show", "--name-only", "--format=", "HEAD"];
    assert_eq!(git_in(&sandbox, &linked, &changed), "work\n");
    let status = ["status", "--porcelain"];
    assert_eq!(git_in(&sandbox, &linked, &status), " M README.md\n");
    assert_eq!(sandbox.git(status), " M .ticks/abc.toml\n");
}

/// In a submodule: its own tickets, also below it, and nothing of the repository around it.
#[test]
fn submodules() {
    let sandbox = authentication();
    sandbox.git(["add", "."]);
    sandbox.git(["commit", "--quiet", "--message=tickets"]);
    let outer = sandbox.root().join("outer");
    fs::create_dir(&outer).unwrap();
    git_in(&sandbox, &outer, &["init", "-q", "."]);
    let add = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        "../repo",
        "lib",
    ];
    git_in(&sandbox, &outer, &add);
    git_in(&sandbox, &outer, &["commit", "-q", "-m", "lib"]);
    let output = tk_in(&sandbox, &outer, &["list"]);
    assert_eq!(output.code, 6, "{output}");
    let lib = outer.join("lib");
    let below = lib.join("below");
    fs::create_dir(&below).unwrap();
    assert_eq!(
        tk_in(&sandbox, &below, &["ready", "--fields", "id"]).ok(),
        "abc\n"
    );
    let id = tk_in(&sandbox, &lib, &["new", "of the submodule"]).ok();
    assert!(lib.join(format!(".ticks/{}.toml", id.trim())).exists());
    // With tickets around it, it keeps its own.
    tk_in(&sandbox, &outer, &["init", "-q"]).ok();
    assert_eq!(tk_in(&sandbox, &outer, &["list"]).ok(), "");
    assert!(
        tk_in(&sandbox, &lib, &["list"])
            .ok()
            .contains("of the submodule")
    );
    assert!(outer.join(".git/modules/lib/tk/lock").exists());
}

/// A sparse checkout without `.ticks/`: refused, also by `init`, which would begin another
/// project in the place of the one that is only not checked out.
#[test]
fn sparse_checkouts() {
    let sandbox = authentication();
    sandbox.write("src/a", "a\n");
    sandbox.git(["add", "."]);
    sandbox.git(["commit", "--quiet", "--message=tickets"]);
    sandbox.git(["sparse-checkout", "set", "src"]);
    let before = snapshot(&sandbox.path());
    for args in [&["list"][..], &["new", "x"], &["init"], &["show", "abc"]] {
        let output = sandbox.tk(args);
        assert_eq!(output.code, 6, "{args:?} {output}");
        assert_eq!(
            output.stderr,
            "error: `$ROOT/repo/.ticks` is left out of this sparse checkout\n\
             hint: `git sparse-checkout add .ticks` takes it in\n"
        );
    }
    assert_eq!(snapshot(&sandbox.path()), before);
    sandbox.git(["sparse-checkout", "add", ".ticks"]);
    sandbox.tk(["note", "abc", "x"]).ok();
    assert_eq!(
        sandbox.git(["status", "--porcelain"]),
        " M .ticks/abc.toml\n"
    );
    // Where something else is left out, nothing is different.
    sandbox.git(["sparse-checkout", "set", ".ticks"]);
    assert!(!sandbox.path().join("src").exists());
    assert_eq!(sandbox.tk(["ready", "--fields", "id"]).ok(), "abc\n");
}

/// With `core.hooksPath`: no command on tickets runs a hook of the user's.
#[test]
fn hooks_elsewhere() {
    let sandbox = Sandbox::initialised();
    let hooks = sandbox.root().join("hooks");
    for name in [
        "pre-commit",
        "post-commit",
        "post-checkout",
        "reference-transaction",
        "post-index-change",
    ] {
        hook(&hooks, name, "new 'made by a hook'");
    }
    sandbox.git(["config", "core.hooksPath", hooks.to_str().unwrap()]);
    sandbox.git(["config", "--remove-section", "merge.ticks"]);
    let id = sandbox.file(["x"]);
    sandbox.tk(["note", &id, "y"]).ok();
    sandbox.tk(["init"]).ok();
    sandbox.tk(["close", &id]).ok();
    assert_eq!(
        sandbox.tk(["list", "--all", "--fields", "title"]).ok(),
        "x\n"
    );
}

/// A repository of another user: refused, as git refuses it, until `safe.directory` names it.
#[test]
fn repositories_of_others() {
    let sandbox = authentication();
    let before = tree(&sandbox);
    if give_away(&sandbox.path(), 1234).is_err() {
        could_not("a repository of another user: only the superuser can give files away");
        return;
    }
    for args in [&["list"][..], &["new", "x"], &["init"]] {
        let output = sandbox.tk(args);
        assert_eq!(output.code, 6, "{args:?} {output}");
        assert_eq!(
            output.stderr,
            "error: the repository `$ROOT/repo` belongs to another user, so git does not trust it\n\
             hint: git's setting `safe.directory` says which folders of others to trust\n"
        );
    }
    assert_eq!(tree(&sandbox), before);
    let trusted = format!("[safe]\n\tdirectory = {}\n", sandbox.path().display());
    fs::write(sandbox.root().join("home/.gitconfig"), trusted).unwrap();
    let sandbox = sandbox.without_env("GIT_CONFIG_GLOBAL");
    assert_eq!(sandbox.tk(["ready", "--fields", "id"]).ok(), "abc\n");
    sandbox.tk(["note", "abc", "x"]).ok();
}

/// Gives the folder and all in it to that user.
fn give_away(path: &Path, user: u32) -> std::io::Result<()> {
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path)? {
            give_away(&entry?.path(), user)?;
        }
    }
    chown(path, Some(user), Some(user))
}

/// A shallow clone: everything but the commits that are not there.
#[test]
fn shallow_clones() {
    let sandbox = authentication();
    sandbox.git(["add", "."]);
    sandbox.git(["commit", "--quiet", "--message=begin\n\nTicket: abc"]);
    sandbox.git([
        "commit",
        "--quiet",
        "--allow-empty",
        "--message=go on\n\nTicket: abc",
    ]);
    let url = format!("file://{}", sandbox.path().display());
    let shallow = sandbox.root().join("shallow");
    sandbox.git(["clone", "-q", "--depth=1", &url, shallow.to_str().unwrap()]);
    let shown = tk_in(&sandbox, &shallow, &["show", "abc", "--json"]);
    assert_eq!((shown.code, shown.stderr.as_str()), (0, ""), "{shown}");
    let commits = shown.json()["tickets"][0]["commits"].clone();
    assert_eq!(commits.as_array().unwrap().len(), 1, "{commits}");
    assert_eq!(commits[0]["subject"], "go on");
    tk_in(&sandbox, &shallow, &["note", "abc", "x"]).ok();
    tk_in(&sandbox, &shallow, &["next", "--claim"]).ok();
}

/// Without a home, or with one that nothing can be written to, everything goes as ever.
#[test]
fn homes() {
    let all = |sandbox: &Sandbox| {
        for args in [
            &["new", "x"][..],
            &["list"],
            &["claim", "abc"],
            &["close", "abc"],
            &["show", "abc"],
        ] {
            let output = sandbox.tk(args);
            assert_eq!(
                (output.code, output.stderr.as_str()),
                (0, ""),
                "{args:?} {output}"
            );
        }
    };
    let bare = || authentication().without_env("GIT_CONFIG_GLOBAL");
    all(&bare().without_env("HOME"));
    all(&bare().with_env("HOME", "/nonexistent/home"));
    all(&bare().with_env("HOME", "relative"));
    // Nothing can be made below a file, whoever tries.
    all(&bare().with_env("HOME", "/dev/null"));
    let sandbox = bare();
    let home = sandbox.root().join("home");
    fs::set_permissions(&home, fs::Permissions::from_mode(0o555)).unwrap();
    all(&sandbox);
    assert_eq!(fs::read_dir(&home).unwrap().count(), 0);
    fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A path with spaces, quotes and line breaks: nothing is different, and a message is one line.
#[test]
fn odd_paths() {
    let sandbox = Sandbox::without_repository();
    let odd = sandbox
        .path()
        .join("a 'b' \"c\" $(d) `e`\nerror: f\u{1b}[31m");
    fs::create_dir(&odd).unwrap();
    git_in(&sandbox, &odd, &["init", "-q", "."]);
    let output = tk_in(&sandbox, &odd, &["list"]);
    assert_eq!(
        output.stderr,
        "error: there is no `$ROOT/repo/a 'b' \"c\" $(d) `e`\\nerror: f\\u{1b}[31m/.ticks`\n\
         hint: `tk init` sets the repository up\n"
    );
    tk_in(&sandbox, &odd, &["init", "-q"]).ok();
    let id = tk_in(&sandbox, &odd, &["new", "x"]).ok();
    let id = id.trim();
    tk_in(&sandbox, &odd, &["claim", id]).ok();
    tk_in(&sandbox, &odd, &["note", id, "y"]).ok();
    assert!(tk_in(&sandbox, &odd, &["show", id]).ok().contains('y'));
    git_in(&sandbox, &odd, &["add", "."]);
    git_in(&sandbox, &odd, &["commit", "-q", "-m", "x"]);
    git_in(
        &sandbox,
        &odd,
        &["worktree", "add", "-q", "-b", "side", "../link ed\n"],
    );
    let linked = sandbox.path().join("link ed\n");
    tk_in(&sandbox, &linked, &["close", id]).ok();
    assert!(
        tk_in(&sandbox, &odd, &["list", "--all"])
            .ok()
            .contains("closed")
    );
    fs::remove_dir_all(odd.join(".ticks")).unwrap();
    fs::write(odd.join(".ticks"), "").unwrap();
    let output = tk_in(&sandbox, &odd, &["list"]);
    assert_eq!(output.stderr.lines().count(), 1, "{output}");
}

/// `tk` as a user whom the modes of files hold: the one who runs the tests, or, if that is the
/// superuser, nobody, to whom the sandbox is given.
struct Nobody {
    sandbox: Sandbox,
    tk: PathBuf,
    user: u32,
}

impl Nobody {
    fn new() -> Self {
        let sandbox = authentication();
        sandbox.tk(["claim", "def", "-q"]);
        // Where the program lies, nobody may not go.
        let tk = sandbox.root().join("tk");
        let built = Path::new(env!("CARGO_BIN_EXE_tk"));
        fs::hard_link(built, &tk)
            .or_else(|_| fs::copy(built, &tk).map(|_| ()))
            .unwrap();
        let own = sandbox.path().metadata().unwrap().uid();
        let user = if own == 0 { 65_534 } else { own };
        if own == 0 {
            chown(sandbox.root(), Some(user), Some(user)).unwrap();
            for name in ["repo", "home"] {
                give_away(&sandbox.root().join(name), user).unwrap();
            }
        }
        Self { sandbox, tk, user }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(&self.tk);
        command.args(args);
        if rustix::process::geteuid().is_root() {
            command.uid(self.user).gid(self.user);
        }
        command
    }

    fn tk(&self, args: &[&str]) -> Output {
        self.sandbox.run(&mut self.command(args), None)
    }

    fn mode(&self, path: &str, mode: u32) {
        let path = self.sandbox.path().join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// What only tells what it would change.
const DRY_RUNS: &[&[&str]] = &[
    &["update", "abc", "-p", "0", "--dry-run"],
    &["close", "abc", "--dry-run"],
    &["import", "jsonl", "archive.jsonl", "--dry-run"],
];

/// What changes tickets, and what only reads.
const WRITERS: &[&[&str]] = &[
    &["new", "x"],
    &["note", "abc", "x"],
    &["update", "abc", "-p", "0"],
    &["block", "ghi", "def"],
    &["close", "abc"],
    &["claim", "abc"],
    &["next", "--claim"],
    &["release", "def"],
    &["delete", "abc", "--force"],
];
const READERS: &[&[&str]] = &[
    &["list"],
    &["ready"],
    &["blocked"],
    &["next"],
    &["show", "abc"],
    &["graph"],
    &["config"],
    &["prime"],
];

#[test]
fn folders_that_may_only_be_read() {
    let nobody = Nobody::new();
    let archive = "{\"id\":\"arc\",\"title\":\"New\"}\n";
    nobody.sandbox.write("archive.jsonl", archive);
    nobody.tk(&["note", "abc", "said"]).ok();
    let claims = || {
        let claims = fs::read_dir(nobody.sandbox.path().join(".git/tk/claims"));
        let names = claims.unwrap().map(|entry| entry.unwrap().file_name());
        names.collect::<Vec<_>>()
    };
    let (before, held) = (tree(&nobody.sandbox), claims());
    nobody.mode(".ticks", 0o555);
    for args in READERS {
        let output = nobody.tk(args);
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (0, ""),
            "{args:?} {output}"
        );
    }
    for args in WRITERS {
        let output = nobody.tk(args);
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (1, ""),
            "{args:?} {output}"
        );
        let said = output
            .stderr
            .strip_prefix("error: cannot write `$ROOT/repo/.ticks/");
        let said = said.unwrap_or_else(|| panic!("{args:?} {output}"));
        let why = ".toml`: Permission denied (os error 13)\n\
                   hint: it and its folder must be open to you: `ls -ld` tells whose they are\n";
        assert!(said.ends_with(why), "{args:?} {output}");
        assert_eq!(
            (tree(&nobody.sandbox), claims()),
            (before.clone(), held.clone()),
            "{args:?}"
        );
    }
    nobody.mode(".ticks", 0o755);
    // The repository's own folder.
    nobody.mode(".git", 0o555);
    nobody.mode(".git/tk", 0o555);
    nobody.mode(".git/tk/lock", 0o444);
    for args in READERS {
        let output = nobody.tk(args);
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (0, ""),
            "{args:?} {output}"
        );
    }
    for args in WRITERS {
        let output = nobody.tk(args);
        assert_eq!(output.code, 1, "{args:?} {output}");
        assert_eq!(
            output.stderr,
            "error: cannot open `$ROOT/repo/.git/tk/lock`: Permission denied (os error 13)\n\
             hint: it and its folder must be open to you: `ls -ld` tells whose they are\n",
            "{args:?}"
        );
        assert_eq!(
            (tree(&nobody.sandbox), claims()),
            (before.clone(), held.clone()),
            "{args:?}"
        );
    }
    let would_write = || {
        for args in DRY_RUNS {
            let output = nobody.tk(args);
            assert_eq!(output.code, 0, "{args:?} {output}");
            assert_eq!(tree(&nobody.sandbox), before, "{args:?}");
        }
    };
    would_write();
    let undone = nobody.tk(&["undo", "--dry-run"]);
    assert_eq!(undone.code, 0, "{undone}");
    nobody.mode(".git/tk/lock", 0o644);
    nobody.mode(".git/tk", 0o755);
    nobody.mode(".git", 0o755);
    // Where there is no folder of it, none can be made.
    let (there, away) = (".git/tk", ".git/away");
    let path = |name: &str| nobody.sandbox.path().join(name);
    fs::rename(path(there), path(away)).unwrap();
    nobody.mode(".git", 0o555);
    would_write();
    nobody.mode(".git", 0o755);
    fs::rename(path(away), path(there)).unwrap();
    // A file that may not be read is one of those that are no tickets.
    nobody.mode(".ticks/ghi.toml", 0o000);
    let output = nobody.tk(&["list", "--fields", "id"]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (0, "abc\naut\ndef\n"),
        "{output}"
    );
    assert_eq!(
        output.stderr,
        "warning: .ticks/ghi.toml:1: Permission denied (os error 13)\n"
    );
    let closed = "Permission denied (os error 13)\n            \
                  it and its folder must be open to you: `ls -ld` tells whose they are\n";
    let output = nobody.tk(&["doctor"]);
    let expected = format!("  error     .ticks/ghi.toml:1: {closed}");
    assert!(output.stdout.contains(&expected), "{output}");
    nobody.mode(".ticks/ghi.toml", 0o644);
    nobody.mode(".ticks/config.toml", 0o000);
    let output = nobody.tk(&["doctor"]);
    let expected = format!("  error     .ticks/config.toml:1: {closed}");
    assert!(output.stdout.contains(&expected), "{output}");
    nobody.mode(".ticks/config.toml", 0o644);
    assert_eq!(nobody.tk(&["note", "abc", "x"]).code, 0);
    // So is setting up where nothing may be made.
    nobody.mode(".ticks", 0o755);
    fs::remove_dir_all(nobody.sandbox.path().join(".ticks")).unwrap();
    nobody.mode(".", 0o555);
    let output = nobody.tk(&["init"]);
    assert_eq!(output.code, 1, "{output}");
    assert_eq!(
        output.stderr,
        "error: cannot create `$ROOT/repo/.ticks`: Permission denied (os error 13)\n\
         hint: it and its folder must be open to you: `ls -ld` tells whose they are\n"
    );
    nobody.mode(".", 0o755);
}

/// No command on tickets changes anything of the checkout but `.ticks/`, and `init`
/// `.gitattributes`: not the index, not the head, not the stash, not the configuration.
#[test]
fn the_rest_of_the_checkout_stays_as_it_is() {
    let sandbox = authentication();
    sandbox.write(".gitignore", "ignored\n");
    sandbox.git(["add", "."]);
    sandbox.git(["commit", "--quiet", "--message=tickets"]);
    sandbox.git(["config", "core.editor", "sed -i s/First/Edited/"]);
    // A checkout at work: something staged, something changed, stashed, new, ignored.
    sandbox.write("README.md", "stashed\n");
    sandbox.git(["stash", "--quiet"]);
    sandbox.write("README.md", "changed\n");
    sandbox.write("staged", "staged\n");
    sandbox.git(["add", "staged"]);
    sandbox.write("staged", "and changed again\n");
    sandbox.write("new", "new\n");
    sandbox.write("ignored", "ignored\n");
    sandbox.write("many.toml", "[[ticket]]\ntitle = \"one\"\n");
    sandbox.tk(["init", "-q"]).ok();
    let before = snapshot(&sandbox.path());
    for command in [
        "init",
        "new x -p 1 -l a",
        "new --file many.toml",
        "list --all",
        "show abc",
        "ready",
        "blocked",
        "next",
        "next --claim",
        "claim abc",
        "release abc",
        "update abc --title y -l b",
        "note abc x",
        "block abc ghi --force",
        "unblock def abc",
        "block def abc",
        "graph",
        "graph --dot",
        "ask abc why",
        "answer abc because",
        "update abc --awaiting review",
        "approve abc",
        "update abc --awaiting review",
        "reject abc no",
        "close abc",
        "reopen abc",
        "edit abc",
        "delete abc --force",
        "doctor",
        "doctor --fix",
        "config",
        "prime",
        "schema ticket",
        "completions bash",
        "runs",
        "list --nonsense",
        "show nobody",
    ] {
        let output = sandbox.tk(super::words(command));
        assert!(output.code < 10, "{command} {output}");
        let after = snapshot(&sandbox.path());
        // git's own file stays byte for byte, too.
        assert_eq!(after.index_bytes, before.index_bytes, "{command}");
        let (after, before) = (after.outside_ticks(), before.clone().outside_ticks());
        assert_eq!(after, before, "{command}");
    }
    // They did work.
    let status = sandbox.git(["status", "--porcelain", "--", ".ticks"]);
    assert!(
        status.contains(" D .ticks/abc.toml") && status.contains("?? .ticks/"),
        "{status}"
    );
}

/// Nothing is taken back where that could not be done again.
#[test]
fn where_a_change_cannot_be_noted_down_none_is_taken_back() {
    let nobody = Nobody::new();
    nobody.tk(&["note", "abc", "said"]).ok();
    nobody.tk(&["new", "x"]).ok();
    let before = tree(&nobody.sandbox);
    nobody.mode(".git/tk", 0o555);
    let output = nobody.tk(&["undo"]);
    assert_eq!(output.code, 1, "{output}");
    assert_eq!(
        output.stderr,
        "error: cannot write `$ROOT/repo/.git/tk/undo-older.json`: Permission denied (os error 13)\n\
         hint: it and its folder must be open to you: `ls -ld` tells whose they are\n",
    );
    assert_eq!(tree(&nobody.sandbox), before);
    nobody.mode(".git/tk", 0o755);
    nobody.tk(&["undo"]).ok();
    assert_ne!(tree(&nobody.sandbox), before);
    nobody.tk(&["undo"]).ok();
    assert_eq!(tree(&nobody.sandbox), before);
}
