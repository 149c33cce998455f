//! A place to run programs in that has nothing of the machine's own settings.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::{fs, io::Write};

use super::{Output, schemas};

/// The time in every sandbox until [`Sandbox::at`] says another.
const NOW: &str = "2026-11-20T08:38:50Z";

/// A temporary folder with a home, and a git repository `repo` with one commit on `main`.
/// Everything runs with a cleared environment, a fixed clock and fixed random numbers.
///
/// What `tk` says under `--json`, and at the end every file in `.ticks/`, is checked against
/// its schema. A file may be invalid only if the test itself wrote it so by [`Sandbox::write`]
/// or [`Sandbox::ticket`], and `tk` refuses it.
pub(crate) struct Sandbox {
    root: tempfile::TempDir,
    env: BTreeMap<String, String>,
    /// The files the test wrote.
    written: Mutex<BTreeSet<(PathBuf, String)>>,
}

impl Sandbox {
    /// A repository with one commit, not yet set up for `tk`.
    pub(crate) fn new() -> Self {
        let sandbox = Self::without_repository();
        sandbox.git(["init", "--quiet", "--initial-branch=main", "."]);
        sandbox.write("README.md", "sample\n");
        sandbox.git(["add", "README.md"]);
        sandbox.git(["commit", "--quiet", "--message=first"]);
        sandbox
    }

    /// A repository with one commit, set up by `tk init`.
    pub(crate) fn initialised() -> Self {
        let sandbox = Self::new();
        sandbox.tk(["init", "--quiet"]).ok();
        sandbox
    }

    /// The folder `repo` without a repository in it.
    pub(crate) fn without_repository() -> Self {
        let root = tempfile::Builder::new().prefix("tk-").tempdir().unwrap();
        let path = std::env::var("PATH").unwrap();
        let home = root.path().join("home");
        let home = home.to_str().unwrap();
        let env = [
            ("PATH", path.as_str()),
            ("HOME", home),
            ("LC_ALL", "C"),
            ("TZ", "UTC"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_AUTHOR_NAME", "Dana"),
            ("GIT_AUTHOR_EMAIL", "dana@example.com"),
            ("GIT_COMMITTER_NAME", "Dana"),
            ("GIT_COMMITTER_EMAIL", "dana@example.com"),
            ("GIT_AUTHOR_DATE", NOW),
            ("GIT_COMMITTER_DATE", NOW),
            ("TK_TEST_NOW", NOW),
            ("TK_TEST_SEED", "7"),
            // Sandboxes are small: without it hardly one would have a cache.
            ("TK_TEST_INDEX", "eager"),
            ("TK_ACTOR", "dana@example.com"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sandbox = Self {
            root,
            env: env.into(),
            written: Mutex::default(),
        };
        fs::create_dir(sandbox.root().join("home")).unwrap();
        fs::create_dir(sandbox.path()).unwrap();
        sandbox
    }

    /// With that variable set from now on.
    #[must_use]
    pub(crate) fn with_env(mut self, name: &str, value: &str) -> Self {
        self.set_env(name, value);
        self
    }

    /// Sets that variable from now on.
    pub(crate) fn set_env(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    /// With that variable not set from now on.
    #[must_use]
    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    /// From now on it is that time (RFC 3339).
    pub(crate) fn at(&mut self, now: &str) {
        self.env.insert("TK_TEST_NOW".to_owned(), now.to_owned());
    }

    /// The folder that holds everything, `$ROOT` in outputs.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// The repository's folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.root().join("repo")
    }

    /// Runs `tk` in the repository.
    pub(crate) fn tk<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        self.run(self.tk_command().args(args), None)
    }

    /// Runs `tk` in the repository with that text on its standard input.
    pub(crate) fn tk_with_input<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        input: &str,
    ) -> Output {
        self.run(self.tk_command().args(args), Some(input))
    }

    /// Files a ticket by `tk new` with these arguments; its id.
    #[track_caller]
    pub(crate) fn file<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> String {
        let mut command = self.tk_command();
        let output = self.run(command.arg("new").args(args), None);
        output.ok().trim().to_owned()
    }

    /// `tk`, ready to be given arguments and started in the repository by the test itself.
    pub(crate) fn tk_command(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_tk"))
    }

    /// Any program, ready to be started in the repository with the sandbox's environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.env)
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs `git` in the repository; its standard output. A failure fails the test.
    #[track_caller]
    pub(crate) fn git<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> String {
        self.run(self.command("git").args(args), None).ok()
    }

    /// Runs a prepared command to its end.
    pub(crate) fn run(&self, command: &mut Command, input: Option<&str>) -> Output {
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
            match stdin.write_all(text.as_bytes()) {
                // A program need not read what it is given.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
                written => written.unwrap(),
            }
        }
        let output = child.wait_with_output().unwrap();
        let status = output.status;
        if command.get_program() == env!("CARGO_BIN_EXE_tk") {
            let args: Vec<&OsStr> = command.get_args().collect();
            let text = String::from_utf8_lossy;
            schemas::check_answer(&args, &text(&output.stdout), &text(&output.stderr));
        }
        Output {
            stdout: self.shown(&output.stdout),
            stderr: self.shown(&output.stderr),
            code: status
                .code()
                .unwrap_or_else(|| 128 + status.signal().unwrap_or_default()),
        }
    }

    /// Writes a file of the repository, with the folders it needs.
    pub(crate) fn write(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        self.written.lock().unwrap().insert((path, text.to_owned()));
    }

    /// Reads a file of the repository.
    #[track_caller]
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.path().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Writes `.ticks/<id>.toml`.
    pub(crate) fn ticket(&self, id: &str, text: &str) {
        self.write(format!(".ticks/{id}.toml"), text);
    }

    fn shown(&self, bytes: &[u8]) -> String {
        let root = self.root().to_str().unwrap();
        String::from_utf8_lossy(bytes).replace(root, "$ROOT")
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let written = self.written.lock().unwrap();
        schemas::check_files(&self.path().join(".ticks"), |path, text| {
            written.contains(&(path.to_owned(), text.to_owned()))
        });
    }
}
