//! `tk diff` and `tk history` of files in `.ticks/` that nobody can read as text.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use insta::assert_snapshot;

use crate::history::{commit, shown};
use crate::support::Sandbox;

fn path(sandbox: &Sandbox, id: &str) -> PathBuf {
    sandbox.path().join(format!(".ticks/{id}.toml"))
}

/// Committed: a file that is not UTF-8, one that is too large, and a link.
fn committed() -> Sandbox {
    let sandbox = Sandbox::initialised();
    fs::write(path(&sandbox, "lat"), b"title = \"caf\xe9\"\n").unwrap();
    fs::write(path(&sandbox, "big"), vec![b'#'; (16 << 20) + 1]).unwrap();
    symlink("elsewhere.toml", path(&sandbox, "led")).unwrap();
    sandbox.ticket("abc", "title = \"First\"\n");
    commit(&sandbox, "Ann", 0, "File them");
    sandbox
}

/// Without the blanks before a title that is not known.
fn trimmed(text: &str) -> String {
    let lines = text.lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

fn diff(sandbox: &Sandbox, args: &[&str]) -> String {
    trimmed(&sandbox.tk([&["diff"], args].concat()).stdout)
}

fn history(sandbox: &Sandbox, id: &str) -> String {
    let text = shown(sandbox, id);
    let told = text.split_once("--- stderr");
    trimmed(told.map_or(&*text, |(told, _)| told))
}

/// No file is left that is no ticket.
fn away(sandbox: &Sandbox) {
    for id in ["lat", "big", "led"] {
        fs::remove_file(path(sandbox, id)).unwrap();
    }
}

#[test]
fn what_is_committed_is_no_change() {
    let sandbox = committed();
    assert_snapshot!(diff(&sandbox, &[]), @"no ticket is different");
    assert_snapshot!(history(&sandbox, "lat"), @r"
    lat

    <commit>  2026-11-20T09:00:00Z  Ann  unreadable
      File them
      cannot be read: line 1: it is not UTF-8
    ");
    assert_snapshot!(history(&sandbox, "led"), @r"
    led

    <commit>  2026-11-20T09:00:00Z  Ann  unreadable
      File them
      cannot be read: it is a symbolic link: expected a regular file
    ");
    let told = sandbox.tk(["history", "big", "--json"]).json();
    assert_eq!(
        (&told["total"], &told["entries"][0]["subject"]),
        (&1.into(), &"File them".into())
    );
    // Beside it there may be what is changed.
    sandbox.tk(["update", "abc", "-p", "0"]).ok();
    assert_snapshot!(diff(&sandbox, &["HEAD"]), @r"
    changed     abc  First
      priority: 2 → 0
    1 changed
    ");
    assert_snapshot!(diff(&sandbox, &["HEAD~1"]), @r"
    opened      abc  First
    unreadable  big
      after: cannot read `$ROOT/repo/.ticks/big.toml`: it is larger than 16 MiB: expected at most that
    unreadable  lat
      after: cannot read `$ROOT/repo/.ticks/lat.toml`: line 1 is not UTF-8 text
    unreadable  led
      after: cannot read `$ROOT/repo/.ticks/led.toml`: it is a symbolic link: expected a regular file
    1 opened, 3 unreadable
    ");
    away(&sandbox);
}

/// The version that counts is the one that there is now.
#[test]
fn what_is_not_committed_is_one() {
    let sandbox = committed();
    fs::write(
        path(&sandbox, "lat"),
        b"title = 7\npriority = \"caf\xe9\"\n",
    )
    .unwrap();
    fs::remove_file(path(&sandbox, "led")).unwrap();
    symlink("somewhere.toml", path(&sandbox, "led")).unwrap();
    fs::write(path(&sandbox, "neu"), b"\xff").unwrap();
    assert_snapshot!(diff(&sandbox, &[]), @r"
    unreadable  lat
      after: cannot read `$ROOT/repo/.ticks/lat.toml`: line 2 is not UTF-8 text
    unreadable  led
      after: cannot read `$ROOT/repo/.ticks/led.toml`: it is a symbolic link: expected a regular file
    unreadable  neu
      after: cannot read `$ROOT/repo/.ticks/neu.toml`: line 1 is not UTF-8 text
    3 unreadable
    ");
    assert_snapshot!(history(&sandbox, "lat"), @r"
    lat

    uncommitted  unreadable
      cannot be read: cannot read `$ROOT/repo/.ticks/lat.toml`: line 2 is not UTF-8 text

    <commit>  2026-11-20T09:00:00Z  Ann  unreadable
      File them
      cannot be read: line 1: it is not UTF-8
    ");
    fs::remove_file(path(&sandbox, "neu")).unwrap();
    away(&sandbox);
}
