//! A repository of real git in a temporary folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Settings that leave nothing to the machine's own.
const CONFIG: &str = "\
[user]
    name = Dana
    email = dana@example.com
[commit]
    gpgSign = false
[core]
    autocrlf = false
    excludesFile = /dev/null
    attributesFile = /dev/null
[gc]
    auto = 0
[maintenance]
    auto = false
";

/// A repository on branch `main`, with nothing in it.
pub(crate) struct TestRepo {
    /// Holds the repository and whatever a test puts beside it.
    temp: TempDir,
    dir: PathBuf,
}

impl TestRepo {
    /// A new repository.
    pub(crate) fn new() -> Self {
        Self::named("repo")
    }

    /// A new repository in a folder of that name.
    pub(crate) fn named(name: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        let dir = root.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let repo = Self { temp, dir };
        repo.init(&repo.dir);
        repo
    }

    /// Makes `dir` a repository that the machine's own settings say nothing about.
    pub(crate) fn init(&self, dir: &Path) {
        git_in(dir, &["init", "-q", "-b", "main"]);
        let path = dir.join(".git/config");
        let config = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, config + CONFIG).unwrap();
    }

    /// Its working tree.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A path beside the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join(name)
    }

    /// A path in the repository.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.join(path)
    }

    /// Runs git; it must succeed. Its output, without the last line's end.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git_in(&self.dir, args)
    }

    /// Writes a file, with its folders.
    pub(crate) fn write(&self, path: &str, content: &str) {
        write_in(&self.dir, path, content);
    }

    /// Commits everything; the commit's id.
    pub(crate) fn commit(&self, message: &str) -> String {
        commit_in(&self.dir, message)
    }
}

/// Runs git in that folder, away from the machine's settings; it must succeed.
pub(crate) fn git_in(dir: &Path, args: &[&str]) -> String {
    let output = hermetic_git(dir).args(args).output().unwrap();
    assert!(
        output.status.success(),
        "git {args:?} in {}: {}",
        dir.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
}

/// The git program in that folder, away from the machine's settings.
pub(crate) fn hermetic_git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(dir)
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C");
    command
}

/// Writes a file below `dir`, with its folders.
pub(crate) fn write_in(dir: &Path, path: &str, content: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Commits everything in that working tree; the commit's id.
pub(crate) fn commit_in(dir: &Path, message: &str) -> String {
    git_in(dir, &["add", "-A"]);
    git_in(dir, &["commit", "-q", "--allow-empty", "-m", message]);
    git_in(dir, &["rev-parse", "HEAD"])
}

/// Runs the test of that name again with these variables set, and says so; no in the inner
/// run. A test cannot change its own environment beside others.
pub(crate) fn rerun_with<V: AsRef<std::ffi::OsStr>>(
    name: &str,
    variables: impl IntoIterator<Item = (&'static str, V)>,
) -> bool {
    const INNER: &str = "TK_TEST_INNER";
    if std::env::var_os(INNER).is_some() {
        return false;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(INNER, "1")
        .envs(variables)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
    true
}
