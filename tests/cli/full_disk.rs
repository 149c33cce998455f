//! A disk that is full in the middle of a write: the command says so, and nothing has changed.
//!
//! A limit on the size of files makes the write fail half way on every machine; where the
//! system allows a file system of one's own, the disk is really full.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Output, Sandbox};
use crate::untried::could_not;

/// More than the limit: what is written of it before the write fails is a part.
const LONG: usize = 3000;

/// Everything that a command must leave as it was: the tickets, and the claims.
fn state(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut state = crate::probes::tree(sandbox);
    let claims = sandbox.path().join(".git/tk/claims");
    for entry in std::fs::read_dir(claims).into_iter().flatten() {
        let path = entry.unwrap().path();
        state.insert(path.clone(), std::fs::read(&path).unwrap());
    }
    state
}

/// What is said to do about that.
const LIMIT: &str = "hint: `ulimit -f` tells and sets how large files may be";

/// Runs `tk` where no file can grow beyond a kilobyte.
fn limited(sandbox: &Sandbox, args: &[&str]) -> Output {
    let mut command = sandbox.command("bash");
    command
        .args(["-c", "ulimit -f 1; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_tk"))
        .args(args);
    sandbox.run(&mut command, None)
}

/// A project whose tickets are longer than the limit, with a claim and a file of new tickets.
fn project() -> Sandbox {
    let sandbox = Sandbox::initialised();
    let long = "x".repeat(LONG);
    let text = |rest: &str| format!("title = \"x\"\ndescription = \"{long}\"\n{rest}");
    sandbox.ticket("abc", &text(""));
    sandbox.ticket("def", &text("blocked_by = [\"abc\"]\n"));
    sandbox.ticket("sho", "title = \"short\"\n");
    sandbox.ticket("own", &text(""));
    sandbox.tk(["claim", "own"]).ok();
    let small = "[[ticket]]\ntitle = \"one\"\n[[ticket]]\ntitle = \"two\"\n";
    let file = format!("{small}[[ticket]]\ntitle = \"three\"\ndescription = \"{long}\"\n");
    sandbox.write("many.toml", &file);
    sandbox
}

/// Commands, and the file that each cannot write.
fn writers(long: &str) -> Vec<(Vec<&str>, &'static str)> {
    vec![
        (vec!["new", "x", "-d", long], ".ticks/"),
        // The first two fit, and go again.
        (vec!["new", "--file", "many.toml"], ".ticks/"),
        (vec!["note", "abc", "x"], ".ticks/abc.toml"),
        (vec!["note", "sho", long], ".ticks/sho.toml"),
        // The first would fit.
        (vec!["update", "sho", "abc", "-p", "1"], ".ticks/abc.toml"),
        (vec!["block", "abc", "own"], ".ticks/abc.toml"),
        (vec!["close", "sho", "abc"], ".ticks/abc.toml"),
        (vec!["claim", "abc"], ".ticks/abc.toml"),
        (vec!["next", "--claim"], ".ticks/abc.toml"),
        (vec!["release", "own"], ".ticks/own.toml"),
        (vec!["delete", "abc", "--force"], ".ticks/def.toml"),
    ]
}

#[test]
fn a_write_that_fails_half_way_changes_nothing() {
    let sandbox = project();
    let before = state(&sandbox);
    let long = "y".repeat(LONG);
    for (args, file) in writers(&long) {
        let output = limited(&sandbox, &args);
        let args = &args[..2];
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (1, ""),
            "{args:?} {output}"
        );
        let begun = format!("error: cannot write `$ROOT/repo/{file}");
        let [line, hint] = output.stderr.lines().collect::<Vec<_>>()[..] else {
            panic!("{args:?} {output}");
        };
        assert!(line.starts_with(&begun), "{args:?} {output}");
        assert!(
            line.ends_with(".toml`: File too large (os error 27)"),
            "{args:?} {output}"
        );
        assert_eq!(hint, LIMIT, "{args:?}");
        assert_eq!(state(&sandbox), before, "{args:?}");
    }
    let output = limited(&sandbox, &["note", "abc", "x", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&output.stderr).unwrap();
    assert_eq!(said["error"]["code"], "FAILED", "{output}");
    assert_eq!(said["error"]["exit_code"], 1, "{output}");
    assert_eq!(state(&sandbox), before);
    // What is small enough is written.
    assert_eq!(limited(&sandbox, &["note", "sho", "x"]).code, 0);
}

#[test]
fn a_project_is_set_up_whole_or_not_at_all() {
    let sandbox = Sandbox::new();
    let output = limited(&sandbox, &["init"]);
    assert_eq!(output.code, 1, "{output}");
    assert_eq!(
        output.stderr,
        format!(
            "error: cannot write `$ROOT/repo/.ticks/config.toml`: File too large (os error 27)\n\
             {LIMIT}\n"
        )
    );
    assert!(!sandbox.path().join(".ticks").exists());
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
    sandbox.tk(["init"]).ok();
}

/// Copies the repository into a file system of its own, fills that up, runs `tk`, and copies
/// everything but the filling to `after`.
const ON_A_FULL_DISK: &str = r#"
set -e
mount -t tmpfs -o size=4m tmpfs full
cp -a repo/. full/
cd full
head -c 8m /dev/zero > filling 2> /dev/null || true
code=0
"$0" "$@" || code=$?
rm filling
cp -a . ../after/
exit "$code"
"#;

#[test]
fn a_full_disk_changes_nothing() {
    let root = rustix::process::geteuid().is_root();
    let own = if root { ["-m", "-m"] } else { ["-Urm", "-m"] };
    let mut probe = Command::new("unshare");
    let probe = probe
        .args(own)
        .args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        could_not("a disk that is really full: `unshare` allows no file system of one's own");
        return;
    }
    let sandbox = project();
    let path = |name: &str| sandbox.root().join(name);
    std::fs::create_dir(path("full")).unwrap();
    let before = files(&sandbox.path());
    let long = "y".repeat(LONG);
    let mut all = writers(&long);
    // Letting go of the claim makes room for the ticket.
    all.retain(|(args, _)| args[0] != "release");
    // What writes nothing goes on.
    all.extend([(vec!["init", "-q"], ""), (vec!["list", "-q"], "")]);
    for (args, file) in all {
        std::fs::create_dir(path("after")).unwrap();
        let mut command = sandbox.command("unshare");
        command
            .args(own)
            .args(["bash", "-c", ON_A_FULL_DISK])
            .arg(env!("CARGO_BIN_EXE_tk"))
            .args(&args)
            .current_dir(sandbox.root());
        let output = sandbox.run(&mut command, None);
        let args = &args[..2];
        if file.is_empty() {
            assert_eq!(output.code, 0, "{args:?} {output}");
        } else {
            assert_eq!(
                (output.code, output.stdout.as_str()),
                (1, ""),
                "{args:?} {output}"
            );
            let said: Vec<&str> = output.stderr.lines().collect();
            let [.., error, hint] = said[..] else {
                panic!("{args:?} {output}");
            };
            assert_eq!(hint, "hint: make room on the disk, then try again");
            // The first file that needs room, be it short; for a claim that is the claim.
            let begun = match args {
                ["claim", ..] | ["next", ..] => "error: cannot write `$ROOT/full/.git/tk/claims/",
                _ => "error: cannot write `$ROOT/full/.ticks/",
            };
            assert!(error.starts_with(begun), "{args:?} {output}");
            assert!(
                error.ends_with(": No space left on device (os error 28)"),
                "{output}"
            );
        }
        assert_eq!(files(&path("after")), before, "{args:?}");
        std::fs::remove_dir_all(path("after")).unwrap();
    }
}

/// The files of a repository: all that are tracked or could be, and the claims.
fn files(repository: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![repository.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let inside = path.strip_prefix(repository).unwrap();
            if path.is_dir() {
                let of_git = inside.starts_with(".git")
                    && !".git/tk/claims".starts_with(inside.to_str().unwrap());
                if !of_git {
                    folders.push(path);
                }
            } else if !inside.starts_with(".git") || inside.starts_with(".git/tk/claims") {
                all.insert(inside.to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    all
}

#[test]
fn an_export_to_a_file_is_whole_or_not_there() {
    let sandbox = project();
    sandbox.write("old.jsonl", "before\n");
    let output = limited(&sandbox, &["export", "-o", "old.jsonl"]);
    assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{output}");
    let said = "error: cannot write `old.jsonl`: File too large (os error 27)";
    let lines: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(lines, [said, LIMIT], "{output}");
    assert_eq!(sandbox.read("old.jsonl"), "before\n");
    let names = std::fs::read_dir(sandbox.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.starts_with(".tk-")));
}
