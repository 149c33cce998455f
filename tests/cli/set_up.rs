//! What git is told of tickets, and whether it goes by that.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::doctor::{healthy, left, mended, only};
use crate::project::authentication;
use crate::support::Sandbox;

/// `tk init` has nothing to do, and warns.
#[track_caller]
fn warned(sandbox: &Sandbox, warning: &str, hint: &str) {
    let output = sandbox.tk(["init"]);
    assert_eq!(output.code, 0, "{output}");
    assert!(!output.stdout.contains("made"), "{output}");
    let expected = format!("warning: {warning}\nhint: {hint}\n");
    assert_eq!(output.stderr, expected);
}

#[test]
fn lines_that_count_more_than_those_of_tickets() {
    let union = "git takes `.ticks/abc.toml` to be `merge=union`: expected `ticks`";
    let below = "put the lines that begin with `.ticks/` at the end of the file, below that one";
    let sandbox = authentication();
    let ours = sandbox.read(".gitattributes");
    sandbox.write(".gitattributes", &format!("{ours}*.toml merge=union\n"));
    let finding = only(&sandbox, "attributes", union);
    assert_eq!(
        (&finding["path"], &finding["line"], &finding["hint"]),
        (&".gitattributes".into(), &3.into(), &below.into())
    );
    left(&sandbox, &finding);
    let warning = format!(".gitattributes:3: {}", union.replace("abc", "k7m"));
    warned(&sandbox, &warning, below);
    // Where they count less, and where they say nothing else.
    for text in [
        format!("*.toml merge=union eol=crlf\n{ours}"),
        format!("* text=auto\n{ours}*.png binary\n"),
        format!("{ours}* text=auto\n"),
        format!("{ours}*.toml -text\n"),
        format!("{ours}.ticks/config.toml merge=text\n"),
    ] {
        sandbox.write(".gitattributes", &text);
        healthy(&sandbox);
    }
    sandbox.write(".gitattributes", &ours);
    // Elsewhere, each of which counts more than the file at the top.
    for (file, rule, told) in [
        (".ticks/.gitattributes", "*.toml -merge", "merge=unset"),
        (".git/info/attributes", "*.toml binary", "merge=unset"),
        (".git/info/attributes", "abc.toml merge", "merge=set"),
    ] {
        sandbox.write(file, &format!("# ours\n{rule}\n"));
        let message = format!("git takes `.ticks/abc.toml` to be `{told}`: expected `ticks`");
        let finding = only(&sandbox, "attributes", &message);
        assert_eq!(
            (&finding["path"], &finding["line"]),
            (&file.into(), &2.into())
        );
        left(&sandbox, &finding);
        fs::remove_file(sandbox.path().join(file)).unwrap();
    }
    sandbox.write(".git/info/attributes", ".ticks/a*.toml eol=crlf\n");
    only(
        &sandbox,
        "attributes",
        "git takes `.ticks/abc.toml` to be `eol=crlf`: expected `lf`",
    );
    // What git would keep is not what stands in the file.
    sandbox.write(".git/info/attributes", "*.toml filter=rot\n");
    let finding = only(
        &sandbox,
        "attributes",
        "git takes `.ticks/abc.toml` to be `filter=rot`: expected `unspecified`",
    );
    assert_eq!(
        finding["hint"],
        "tickets are merged and committed as they stand: take `filter` out of that line, or put \
         `.ticks/** !filter` below it"
    );
    left(&sandbox, &finding);
    // Lines that are added and do not count are not taken for mended.
    sandbox.write(".git/info/attributes", "*.toml merge=union\n");
    sandbox.write(".gitattributes", "");
    let output = sandbox.tk(["doctor", "--fix"]);
    assert_eq!(output.code, 1, "{output}");
    let expected = format!("not mended: `.git/info/attributes` says otherwise: {union}\n");
    assert!(output.stdout.contains(&expected), "{output}");
    assert_eq!(sandbox.read(".gitattributes"), ours);
    only(&sandbox, "attributes", union);
}

#[test]
fn settings_that_count_more_than_the_clone_s_own() {
    let sandbox = authentication();
    let unset = ["config", "--local", "--unset-all", "merge.ticks.driver"];
    sandbox.git(["config", "extensions.worktreeConfig", "true"]);
    sandbox.git(["config", "--worktree", "merge.ticks.driver", "bogus"]);
    let message = "git does not use the merge driver of tickets: `merge.ticks.driver` is another \
                   one in `.git/config.worktree`";
    let finding = only(&sandbox, "merge_driver", message);
    left(&sandbox, &finding);
    let hint = "`git config --worktree --unset-all merge.ticks.driver` takes it out";
    assert_eq!(finding["hint"], hint);
    warned(&sandbox, message, hint);
    // What changes a ticket does so, and warns.
    let output = sandbox.tk(["update", "abc", "-p", "0", "-q"]);
    assert_eq!(
        (output.code, output.stderr),
        (0, format!("warning: {message}\n"))
    );
    // The clone's own setting is mended; that it does not count is told.
    sandbox.git(unset);
    let output = sandbox.tk(["doctor", "--fix"]);
    assert_eq!(output.code, 1, "{output}");
    let told = format!("not mended: {message}\n            {hint}\n");
    assert!(output.stdout.contains(&told), "{output}");
    only(&sandbox, "merge_driver", message);
    sandbox.git(["config", "--worktree", "--unset-all", "merge.ticks.driver"]);
    healthy(&sandbox);
    // What it is called is nothing to git.
    sandbox.git(["config", "--worktree", "merge.ticks.name", "tickets"]);
    healthy(&sandbox);
    // A file that is taken in, and the environment.
    sandbox.write(".git/more", "[merge \"ticks\"]\n\tdriver = bogus\n");
    sandbox.git(["config", "include.path", "more"]);
    let finding = only(
        &sandbox,
        "merge_driver",
        &message.replace(".git/config.worktree", ".git/more"),
    );
    left(&sandbox, &finding);
    sandbox.git(["config", "--unset-all", "include.path"]);
    healthy(&sandbox);
    let sandbox = sandbox
        .with_env("GIT_CONFIG_COUNT", "1")
        .with_env("GIT_CONFIG_KEY_0", "merge.ticks.driver")
        .with_env("GIT_CONFIG_VALUE_0", "bogus");
    let message = message.replace("in `.git/config.worktree`", "for this command alone");
    let finding = only(&sandbox, "merge_driver", &message);
    left(&sandbox, &finding);
}

#[test]
fn a_setting_with_two_values_is_mended() {
    let sandbox = authentication();
    let add = ["config", "--add", "merge.ticks.driver", "foo"];
    let all = ["config", "--get-all", "merge.ticks.driver"];
    sandbox.git(add);
    mended(&sandbox);
    sandbox.git(add);
    assert_snapshot!(sandbox.tk(["init"]), @r"
    kept  .ticks/
    kept  .ticks/config.toml
    kept  .gitattributes
    made  merge driver in the clone's git configuration
    ");
    sandbox.git(add);
    let output = sandbox.tk(["new", "x"]);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
    assert_eq!(sandbox.git(all).lines().count(), 1);
}

#[test]
fn attributes_that_a_sparse_checkout_leaves_out() {
    let sandbox = authentication();
    let ours = sandbox.read(".gitattributes");
    let sparse = |text: &str| {
        sandbox.git(["sparse-checkout", "disable"]);
        sandbox.write(".gitattributes", text);
        sandbox.git(["add", "--all"]);
        sandbox.git(["commit", "--quiet", "--allow-empty", "--message=all"]);
        sandbox.git(["sparse-checkout", "set", "--no-cone", "/.ticks/"]);
        assert!(!sandbox.path().join(".gitattributes").exists());
    };
    sparse(&format!("*.png binary\n{ours}"));
    healthy(&sandbox);
    assert!(sandbox.tk(["init"]).ok().contains("kept  .gitattributes\n"));
    sparse("*.png binary\n.ticks/config.toml !merge\n");
    let message = "`.gitattributes` is left out of this sparse checkout, and has no \
                   `.ticks/*.toml merge=ticks text eol=lf`";
    let finding = only(&sandbox, "attributes", message);
    let hint = "`git sparse-checkout add /.gitattributes` takes it in, then `tk init`";
    assert_eq!(finding["hint"], hint);
    left(&sandbox, &finding);
    let output = sandbox.tk(["init"]);
    assert_eq!(output.code, 4, "{output}");
    assert_eq!(output.stderr, format!("error: {message}\nhint: {hint}\n"));
    assert!(!sandbox.path().join(".gitattributes").exists());
    sandbox.git(["sparse-checkout", "add", "/.gitattributes"]);
    sandbox.tk(["init", "-q"]).ok();
    healthy(&sandbox);
    assert!(sandbox.read(".gitattributes").starts_with("*.png binary\n"));
}

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

/// What git has and the working tree has not is to be checked out, not begun anew.
#[test]
fn tickets_that_are_not_checked_out() {
    let sandbox = authentication();
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message=tickets"]);
    sandbox.git(["clone", "--quiet", "--no-checkout", ".", "../clone"]);
    let clone = sandbox.root().join("clone");
    let clone = clone.to_str().unwrap();
    let refused = |dir: &str| {
        let said: Vec<String> = [&["list"][..], &["new", "x"], &["init"], &["doctor"]]
            .into_iter()
            .map(|args| {
                let output = sandbox.tk([&["-C", dir], args].concat());
                assert_eq!(output.code, 6, "{args:?} {output}");
                output.stderr
            })
            .collect();
        assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
        assert!(!Path::new(dir).join(".ticks").exists());
        said[0].clone()
    };
    assert_snapshot!(refused(clone), @r"
    error: `$ROOT/clone/.ticks` is not there, as nothing is checked out here yet
    hint: `git checkout` brings it
    ");
    sandbox.git(["-C", clone, "checkout", "--quiet"]);
    assert_eq!(
        sandbox.tk(["-C", clone, "list", "--json"]).json()["total"],
        4
    );
    fs::remove_dir_all(Path::new(clone).join(".ticks")).unwrap();
    assert_snapshot!(refused(clone), @r"
    error: `$ROOT/clone/.ticks` is not there, though git tracks it
    hint: `git checkout -- .ticks` brings it back; or `git rm -r .ticks`, if another is to be begun
    ");
    sandbox.git(["-C", clone, "checkout", "--", ".ticks"]);
    assert_eq!(
        sandbox.tk(["-C", clone, "list", "--json"]).json()["total"],
        4
    );
    fs::remove_dir_all(Path::new(clone).join(".ticks")).unwrap();
    sandbox.git(["-C", clone, "rm", "-r", "--quiet", ".ticks"]);
    let output = sandbox.tk(["-C", clone, "list"]);
    assert!(output.stderr.contains("`tk init` sets"), "{output}");
    sandbox.tk(["-C", clone, "init"]).ok();
}

/// A folder that a setting alone makes the working tree, so that git started in it finds nothing.
#[test]
fn a_working_tree_from_which_git_does_not_find_the_repository() {
    let sandbox = authentication();
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message=tickets"]);
    let tree = sandbox.root().join("tree");
    fs::create_dir(&tree).unwrap();
    sandbox.git(["config", "core.worktree", tree.to_str().unwrap()]);
    for args in [
        &["list"][..],
        &["new", "x"],
        &["init"],
        &["doctor", "--fix"],
    ] {
        let output = sandbox.tk(args);
        assert_eq!(output.code, 6, "{args:?} {output}");
        assert_eq!(
            output.stderr,
            "error: git does not find the repository `$ROOT/repo/.git` from its working tree \
             `$ROOT/tree`, which `core.worktree` names\n\
             hint: a file `$ROOT/tree/.git` that says `gitdir: $ROOT/repo/.git` leads there\n"
        );
    }
    let git_dir = sandbox.path().join(".git");
    let leads = format!("gitdir: {}\n", git_dir.display());
    fs::write(tree.join(".git"), leads).unwrap();
    sandbox.git(["checkout", "--quiet", "--force"]);
    for dir in [&tree, &sandbox.path()] {
        let dir = dir.to_str().unwrap();
        sandbox.tk(["-C", dir, "note", "abc", "x"]).ok();
        assert_eq!(sandbox.tk(["-C", dir, "list", "--json"]).json()["total"], 4);
    }
    assert!(
        fs::read_to_string(tree.join(".ticks/abc.toml"))
            .unwrap()
            .contains("text = \"x\"")
    );
}

/// What was settled in one ticket git may take for settled in another.
#[test]
fn conflicts_that_git_settles_again() {
    let sandbox = authentication();
    sandbox.git(["config", "rerere.autoupdate", "true"]);
    healthy(&sandbox);
    let message = "git settles a conflict of one ticket as an equal one of another was settled \
                   before, and says so in one line only: `rerere.autoUpdate` is set";
    let noted = || {
        let finding = only(&sandbox, "merge_driver", message);
        assert_eq!(finding["severity"], "note");
        left(&sandbox, &finding);
    };
    sandbox.git(["config", "rerere.enabled", "true"]);
    noted();
    // Not set, it is on where it ever was.
    sandbox.git(["config", "--unset", "rerere.enabled"]);
    fs::create_dir(sandbox.path().join(".git/rr-cache")).unwrap();
    noted();
    sandbox.git(["config", "rerere.enabled", "false"]);
    healthy(&sandbox);
}

/// `tk init` says it, too: what it makes and `git add` passes over would be lost to the others.
#[test]
fn what_git_ignores_is_told_at_once() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "target\n.ticks\n");
    assert_snapshot!(sandbox.tk(["init"]), @r"
    made  .ticks/
    made  .ticks/config.toml
    made  .gitattributes
    made  merge driver in the clone's git configuration
    --- stderr
    warning: .gitignore:2: `.ticks` keeps git from tracking what is in `.ticks/`
    hint: take that line out of `.gitignore`
    ");
    sandbox.write(".gitignore", "");
    for file in [".git/info/exclude", "../home/ignored"] {
        sandbox.git(["config", "core.excludesFile", "../home/ignored"]);
        sandbox.write(file, "# of mine\n.ticks/*.toml\n");
        let told = sandbox.tk(["init"]);
        assert!(
            told.stderr.contains(":2: `.ticks/*.toml` keeps git from"),
            "{told}"
        );
        sandbox.write(file, "");
        assert_eq!(sandbox.tk(["init"]).stderr, "");
    }
}

#[test]
fn tickets_elsewhere_in_the_repository() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path().join("sub/alt")).unwrap();
    let sandbox = sandbox.with_env("TK_DIR", "sub/alt");
    assert_snapshot!(sandbox.tk(["init"]), @r"
    kept  sub/alt/
    made  sub/alt/config.toml
    --- stderr
    hint: git merges what is in `sub/alt/` as any text: only `.ticks/` at the top of a working tree is merged ticket by ticket
    ");
    assert!(!sandbox.path().join(".gitattributes").exists());
    sandbox.tk(["new", "x"]).ok();
    let finding = only(
        &sandbox,
        "attributes",
        "git merges what is in `sub/alt/` as any text: only `.ticks/` at the top of a working \
         tree is merged ticket by ticket",
    );
    assert_eq!(
        (&finding["severity"], &finding["path"]),
        (&"note".into(), &"sub/alt".into())
    );
    left(&sandbox, &finding);
    // By another name, it is the usual one.
    let sandbox = sandbox.with_env("TK_DIR", "sub/../.ticks");
    assert_snapshot!(sandbox.tk(["init"]), @r"
    made  .ticks/
    made  .ticks/config.toml
    made  .gitattributes
    kept  merge driver in the clone's git configuration
    ");
    healthy(&sandbox);
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

/// As `git init --ref-format=reftable` makes it, which git before 2.45 does not know.
#[test]
fn references_that_are_kept_as_a_reftable() {
    let sandbox = Sandbox::new();
    let linked = sandbox.root().join("linked");
    sandbox.git(["worktree", "add", "--quiet", "../linked"]);
    sandbox.git(["config", "core.repositoryFormatVersion", "1"]);
    sandbox.git(["config", "extensions.refStorage", "files"]);
    sandbox.tk(["init"]).ok();
    sandbox.tk(["new", "One"]).ok();
    let config = sandbox.read(".git/config");
    sandbox.write(
        ".git/config",
        &config.replace("refStorage = files", "refStorage = reftable"),
    );
    for args in [&["init"][..], &["new", "Two"], &["list"], &["doctor"]] {
        let output = sandbox.tk(args);
        assert_eq!(output.code, 6, "{output}");
        assert_eq!(
            output.stderr,
            "error: the repository of `$ROOT/repo` keeps its references as `reftable`: expected \
             `files`\n\
             hint: such repositories cannot be used yet; `git refs migrate --ref-format=files` \
             of a recent git makes it one that can\n"
        );
    }
    assert_eq!(sandbox.tk(["-C", linked.to_str().unwrap(), "list"]).code, 6);
}
