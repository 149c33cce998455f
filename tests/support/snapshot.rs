//! What a user calls "my checkout", so that tests can say that nothing of it changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A checkout at one moment; compare two of them for equality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// What `HEAD` says, and its commit.
    pub(crate) head: (String, String),
    /// The index, one entry a path, with its flags.
    pub(crate) index: BTreeMap<String, String>,
    /// The index file itself.
    pub(crate) index_bytes: Option<Vec<u8>>,
    /// What `git status` says, one entry a path.
    pub(crate) status: BTreeMap<String, String>,
    /// Every file, ignored ones too, by path.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The stash.
    pub(crate) stash: String,
    /// The configuration file.
    pub(crate) config: Vec<u8>,
}

impl Snapshot {
    /// The same without `.ticks/`, whose files a run may edit, and without the index file's
    /// own bytes, in which they are.
    pub(crate) fn outside_ticks(mut self) -> Self {
        let outside = |path: &str| !path.starts_with(".ticks/");
        self.index.retain(|path, _| outside(path));
        self.status.retain(|path, _| outside(path));
        self.files.retain(|path, _| outside(path));
        self.index_bytes = None;
        self
    }
}

/// The checkout of the working tree `dir`, read without changing anything of it.
pub(crate) fn snapshot(dir: &Path) -> Snapshot {
    let git = |args: &[&str]| git(dir, args);
    let git_path = |name: &str| {
        PathBuf::from(git(&[
            "rev-parse",
            "--path-format=absolute",
            "--git-path",
            name,
        ]))
    };
    let mut index = BTreeMap::new();
    for entry in git(&["ls-files", "-s", "-v", "-z"]).split_terminator('\0') {
        let (facts, path) = entry.split_once('\t').unwrap();
        index.insert(path.to_owned(), facts.to_owned());
    }
    let mut status = BTreeMap::new();
    let shown = git(&["status", "--porcelain=v1", "-z", "-uall", "--no-renames"]);
    for entry in shown.split_terminator('\0') {
        let (state, path) = entry.split_at(3);
        status.insert(path.to_owned(), state.to_owned());
    }
    let mut files = BTreeMap::new();
    read_files(dir, dir, &mut files);
    Snapshot {
        head: (
            std::fs::read_to_string(git_path("HEAD")).unwrap(),
            git(&["rev-parse", "HEAD"]),
        ),
        index,
        index_bytes: std::fs::read(git_path("index")).ok(),
        status,
        files,
        stash: git(&["stash", "list"]),
        config: std::fs::read(git_path("config")).unwrap(),
    }
}

fn read_files(root: &Path, dir: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let shown = path
            .strip_prefix(root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let kind = entry.file_type().unwrap();
        if entry.file_name() == ".git" || shown == ".worktrees" {
            continue;
        }
        if kind.is_dir() {
            read_files(root, &path, files);
        } else if kind.is_symlink() {
            let target = std::fs::read_link(&path).unwrap();
            files.insert(shown, target.to_string_lossy().into_owned().into_bytes());
        } else {
            files.insert(shown, std::fs::read(&path).unwrap());
        }
    }
}

/// Runs git there, changing nothing; its standard output without the last line's end.
fn git(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    let output = command
        .current_dir(dir)
        .envs([
            ("HOME", "/nonexistent"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("LC_ALL", "C"),
        ])
        .args(args)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {said}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim_end_matches('\n').to_owned()
}

#[test]
fn a_snapshot_sees_what_changed_and_can_leave_out_tickets() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let write = |path: &str, text: &str| std::fs::write(dir.join(path), text).unwrap();
    git(dir, &["init", "-q"]);
    std::fs::create_dir(dir.join(".ticks")).unwrap();
    write("a", "1");
    write(".ticks/k7m.toml", "1");
    git(dir, &["add", "-A"]);
    let identity = ["-c", "user.name=Dana", "-c", "user.email=dana@example.com"];
    git(
        dir,
        &[&identity[..], &["commit", "-q", "-m", "First"]].concat(),
    );
    let before = snapshot(dir);
    assert_eq!(before, snapshot(dir));
    write(".ticks/k7m.toml", "2");
    assert_ne!(before, snapshot(dir));
    let outside = before.outside_ticks();
    assert_eq!(outside, snapshot(dir).outside_ticks());
    write("a", "2");
    assert_ne!(outside, snapshot(dir).outside_ticks());
}
