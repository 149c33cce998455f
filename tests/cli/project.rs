//! An epic that many tests are about.

use std::collections::BTreeSet;

use crate::support::Sandbox;

/// The epic `aut` (Authentication) with `abc` and, waiting for it, `def` and `ghi`, of which
/// `ghi` requires review.
pub(crate) fn authentication() -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("aut", "title = \"Authentication\"\ntype = \"epic\"\n");
    let child = |id: &str, text: &str| {
        sandbox.ticket(id, &format!("{text}\nparent = \"aut\"\n"));
    };
    child("abc", "title = \"First\"\npriority = 1\nestimate = \"2h\"");
    child(
        "def",
        "title = \"Second\"\nblocked_by = [\"abc\"]\nlabels = [\"api\"]",
    );
    child(
        "ghi",
        "title = \"Third\"\ntype = \"bug\"\nblocked_by = [\"abc\"]\nrequires = \"review\"",
    );
    sandbox
}

/// What is in `.ticks/`, so that a test can see that nothing was changed.
pub(crate) fn files(sandbox: &Sandbox) -> Vec<(String, String)> {
    let names = names(sandbox).into_iter();
    let mut files: Vec<(String, String)> = names
        .filter(|name| name.ends_with(".toml"))
        .map(|name| (name.clone(), sandbox.read(format!(".ticks/{name}"))))
        .collect();
    files.sort();
    files
}

fn names(sandbox: &Sandbox) -> BTreeSet<String> {
    let entries = std::fs::read_dir(sandbox.path().join(".ticks")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// Runs commands that must all fail with that exit code, change nothing and leave nothing; what
/// they say.
#[track_caller]
pub(crate) fn refused(sandbox: &Sandbox, code: i32, commands: &[&[&str]]) -> String {
    let before = (files(sandbox), names(sandbox));
    let mut said = String::new();
    for command in commands {
        let output = sandbox.tk(*command);
        assert_eq!(output.code, code, "{command:?}\n{output}");
        assert_eq!(output.stdout, "", "{command:?}");
        said.push_str(&output.stderr);
    }
    let after = (files(sandbox), names(sandbox));
    assert_eq!(after, before, "something was changed");
    said
}

/// Every command that the program shows, from its own tree of commands.
pub(crate) fn commands() -> Vec<String> {
    let sandbox = Sandbox::without_repository();
    let pages = sandbox.tk(["man", "pages", "--json"]).json();
    let pages = pages["files"].as_array().unwrap().iter();
    let pages = pages.map(|page| page.as_str().unwrap());
    let names = pages.filter_map(|page| page.strip_prefix("tk-")?.strip_suffix(".1"));
    let names: Vec<String> = names.map(str::to_owned).collect();
    assert!(names.len() > 25, "{names:?}");
    names
}

/// Commits all, and makes worktrees of those names, on branches of those names, of a bare
/// repository with it: `../one`.
pub(crate) fn worktrees_of_bare(sandbox: &Sandbox, names: &[&str]) {
    sandbox.git(["add", "--all"]);
    sandbox.git(["commit", "--quiet", "--message=all"]);
    sandbox.git(["clone", "--quiet", "--bare", ".", "../bare.git"]);
    for name in names {
        let path = format!("../{name}");
        let add = ["worktree", "add", "--quiet", "-b", name, &path];
        sandbox.git(["-C", "../bare.git"].into_iter().chain(add));
    }
}
