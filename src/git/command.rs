//! Running the `git` program: the same surroundings every time, a time limit, no shell.
//!
//! What a caller's surroundings may say about which repository is meant (`tk` may be called
//! from a hook) never reaches git; what the user set up (identity, ssh, trust) does.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use wait_timeout::ChildExt;

use super::alone::Alone;
use super::error::{GitError, Result};
use super::id::printable;
use super::interrupt::Waiting;

/// How long a command may take that does not say otherwise.
const LIMIT: Duration = Duration::from_secs(600);

/// How long output may keep coming after the program has ended.
const DRAIN: Duration = Duration::from_secs(5);

/// The variables of git's that reach the program. All others are removed: they say which
/// repository, index or object store is meant, and a hook sets them for its own.
const KEPT: &[&str] = &[
    "GIT_ASKPASS",
    "GIT_AUTHOR_DATE",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_DATE",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_TERMINAL_PROMPT",
];
const KEPT_PREFIXES: &[&str] = &["GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_SSL_"];

/// Settings that hold for every command.
///
/// No hooks: a run commits and merges many times, and the user's hooks are about the user's
/// own. No background work (`gc`, `fsmonitor`): it would outlive the run. Messages are UTF-8, and
/// what git prints is what was asked for and no more.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "rerere.enabled=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "log.showSignature=false",
    // By its path alone: what it was called before is looked for by what it says.
    "log.follow=false",
    // Where that is off, what the first commit brought would not be told.
    "log.showRoot=true",
];

/// Who wrote a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// The `git` program in a folder.
#[derive(Clone, Debug)]
pub struct Git {
    dir: PathBuf,
    env: Vec<(OsString, OsString)>,
    limit: Duration,
}

/// What `git` answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
    command: String,
}

/// One call of `git`, being put together.
#[derive(Debug)]
pub struct Call<'a> {
    git: &'a Git,
    args: Vec<OsString>,
    settings: Vec<OsString>,
    stdin: Option<Vec<u8>>,
    held: Option<Alone>,
    over_network: bool,
}

impl Git {
    /// `git` in that folder.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            env: Vec::new(),
            limit: LIMIT,
        }
    }

    /// The same in another folder.
    #[must_use]
    pub fn at(&self, dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            ..self.clone()
        }
    }

    /// The same with a variable set.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// The same with another time limit.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The same over another index file than the worktree's own. The path must be absolute.
    #[must_use]
    pub fn with_index(&self, index: &Path) -> Self {
        self.clone().env("GIT_INDEX_FILE", index)
    }

    /// The same, with commits by `author`; the committer stays the user.
    #[must_use]
    pub fn by(&self, author: &Author) -> Self {
        self.clone()
            .env("GIT_AUTHOR_NAME", &author.name)
            .env("GIT_AUTHOR_EMAIL", &author.email)
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A call with these arguments.
    pub fn call<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Call<'_> {
        Call {
            git: self,
            args: args
                .into_iter()
                .map(|arg| arg.as_ref().to_owned())
                .collect(),
            settings: Vec::new(),
            stdin: None,
            held: None,
            over_network: false,
        }
    }

    /// Runs it with these arguments, for its standard output.
    ///
    /// # Errors
    /// When it cannot be run, takes too long, or exits with anything but 0.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Output> {
        self.call(args).run()
    }
}

impl Call<'_> {
    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// With more arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// With a configuration value, `key=value`, for this call.
    #[must_use]
    pub fn setting(mut self, setting: impl AsRef<OsStr>) -> Self {
        self.settings.push(setting.as_ref().to_owned());
        self
    }

    /// Over the network: a signal that ends this program ends it, too, and ssh asks nobody.
    #[must_use]
    pub(super) fn over_network(mut self) -> Self {
        self.over_network = true;
        self
    }

    /// With that on its standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Holding that right until the program has ended, whatever becomes of this one: it has the
    /// lock as its standard input.
    #[must_use]
    pub(super) fn holding(mut self, right: Alone) -> Self {
        self.held = Some(right);
        self
    }

    /// Runs it; only exit 0 is a success.
    ///
    /// # Errors
    /// When it cannot be run, takes too long, or exits with anything but 0.
    pub fn run(self) -> Result<Output> {
        self.run_allowing(&[0])
    }

    /// Runs it; the exit codes in `allowed` are answers, others failures.
    ///
    /// # Errors
    /// When it cannot be run, takes too long, or exits with any other code.
    pub fn run_allowing(self, allowed: &[i32]) -> Result<Output> {
        let output = self.run_any()?;
        if output.code.is_some_and(|code| allowed.contains(&code)) {
            Ok(output)
        } else {
            Err(output.failure())
        }
    }

    /// Runs it, whatever its exit code.
    ///
    /// # Errors
    /// When it cannot be run or takes too long.
    pub fn run_any(self) -> Result<Output> {
        let shown = self.shown();
        let start = |source: std::io::Error| GitError::Start {
            command: shown.clone(),
            source,
        };
        let deadline = Instant::now() + self.git.limit;
        let waiting = self.over_network.then(Waiting::begin).transpose();
        let waiting = waiting.map_err(start)?.flatten();
        let stdin = match &self.held {
            Some(right) => right.as_input().map_err(start)?,
            None if self.stdin.is_some() => Stdio::piped(),
            None => Stdio::null(),
        };
        let mut child = self.command(stdin).spawn().map_err(|source| {
            // A missing folder gives the same kind as a missing program.
            if source.kind() == std::io::ErrorKind::NotFound && self.git.dir.is_dir() {
                GitError::Missing
            } else {
                start(source)
            }
        })?;
        // The writer may outlive a program that reads nothing; it ends when the pipe does.
        if let (Some(bytes), Some(mut pipe)) = (self.stdin, child.stdin.take()) {
            std::thread::spawn(move || {
                // A program that ends without reading everything says why itself.
                let _ = pipe.write_all(&bytes);
            });
        }
        let stdout = collect(child.stdout.take());
        let stderr = collect(child.stderr.take());
        let status = match &waiting {
            None => child.wait_timeout(self.git.limit).map_err(start)?,
            Some(waiting) => waiting.wait(&mut child, deadline).map_err(start)?,
        };
        let Some(status) = status else {
            end(&mut child).map_err(start)?;
            return Err(GitError::Timeout {
                command: shown,
                limit: self.git.limit,
            });
        };
        let rest = deadline
            .saturating_duration_since(Instant::now())
            .max(DRAIN);
        let take = |from: Receiver<std::io::Result<Vec<u8>>>| {
            from.recv_timeout(rest)
                .map_err(|_| GitError::Timeout {
                    command: shown.clone(),
                    limit: self.git.limit,
                })?
                .map_err(start)
        };
        let stdout = take(stdout)?;
        let stderr = take(stderr)?;
        Ok(Output {
            code: status.code(),
            stdout,
            stderr,
            command: shown,
        })
    }

    fn command(&self, stdin: Stdio) -> Command {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            if is_removed(&name) {
                command.env_remove(name);
            }
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_EDITOR", ":")
            // `status` would write what it learnt into the user's index.
            .env("GIT_OPTIONAL_LOCKS", "0")
            .envs(self.git.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.git.dir)
            .arg("--no-pager");
        if self.over_network && !self.has_own_ssh() {
            command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for setting in &self.settings {
            command.arg("-c").arg(setting);
        }
        command
            .args(&self.args)
            // A group of its own: a time-out ends what git started too, and Ctrl-C in the
            // terminal does not cut a merge in half.
            .process_group(0)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Whether the user said how ssh is to be started, which stays so.
    fn has_own_ssh(&self) -> bool {
        let variables = ["GIT_SSH_COMMAND", "GIT_SSH"];
        let set = |name: &&str| std::env::var_os(name).is_some();
        let configured = || self.git.run(["config", "--get", "core.sshCommand"]).is_ok();
        variables.iter().any(set) || configured()
    }

    fn shown(&self) -> String {
        let mut shown = String::from("git");
        for arg in &self.args {
            shown.push(' ');
            shown.push_str(&printable(arg.as_encoded_bytes(), 120));
        }
        shown
    }
}

impl Output {
    /// Standard output as text without the line's end.
    #[must_use]
    pub fn line(&self) -> String {
        String::from_utf8_lossy(&self.stdout)
            .trim_end_matches('\n')
            .to_owned()
    }

    /// Standard output as a path, without the line's end.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        let bytes = self.stdout.strip_suffix(b"\n").unwrap_or(&self.stdout);
        PathBuf::from(OsStr::from_bytes(bytes))
    }

    /// The fields of standard output that end in a NUL.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        self.stdout
            .split(|byte| *byte == 0)
            .filter(|field| !field.is_empty())
    }

    /// The end of what it said on standard error, printable.
    #[must_use]
    pub fn tail(&self) -> String {
        const LINES: usize = 8;
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<String> = text
            .lines()
            .filter(|line| !line.starts_with("hint:") && !line.trim().is_empty())
            .map(|line| printable(line.as_bytes(), 300))
            .collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    /// This answer as an error.
    #[must_use]
    pub fn failure(&self) -> GitError {
        GitError::Failed {
            command: self.command.clone(),
            code: self.code,
            stderr: self.tail(),
        }
    }

    /// The error that this answer is not of the expected form.
    #[must_use]
    pub fn unexpected(&self, expected: &'static str) -> GitError {
        GitError::Unexpected {
            command: self.command.clone(),
            expected,
        }
    }
}

/// Whether that variable is of those of git's that say which repository is meant, or the like, and
/// what is started for a run is not to have.
#[must_use]
pub fn is_removed(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("GIT_")
        && !KEPT.contains(&name.as_ref())
        && !KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<std::io::Result<Vec<u8>>> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = match pipe {
            Some(mut pipe) => pipe.read_to_end(&mut bytes),
            None => Ok(0),
        };
        // Nobody waits for it any more after a time-out.
        let _ = send.send(read.map(|_| bytes));
    });
    receive
}

/// Ends the program and what it started.
pub(super) fn end(child: &mut Child) -> std::io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        match kill_process_group(group, Signal::KILL) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    child.wait().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hook_sets_is_removed_and_what_the_user_set_is_kept() {
        for removed in [
            "GIT_DIR",
            "GIT_INDEX_FILE",
            "GIT_WORK_TREE",
            "GIT_PREFIX",
            "GIT_OBJECT_DIRECTORY",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_COMMON_DIR",
            "GIT_NAMESPACE",
            "GIT_CEILING_DIRECTORIES",
            "GIT_CONFIG_PARAMETERS",
            "GIT_QUARANTINE_PATH",
            "GIT_LITERAL_PATHSPECS",
        ] {
            assert!(is_removed(OsStr::new(removed)), "{removed}");
        }
        for kept in [
            "GIT_CONFIG_GLOBAL",
            "GIT_CONFIG_KEY_0",
            "GIT_SSH_COMMAND",
            "HOME",
            "PATH",
        ] {
            assert!(!is_removed(OsStr::new(kept)), "{kept}");
        }
    }

    #[test]
    fn a_failure_says_the_command_the_code_and_the_end_of_what_it_said() {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::new(dir.path());
        let error = git.run(["rev-parse", "--verify", "a\u{1b}b"]).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("`git rev-parse --verify a\\u{1b}b` failed (exit 128): fatal"));
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended_with_what_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::new(dir.path()).limit(Duration::from_millis(200));
        let started = Instant::now();
        let call = git.call(["wait"]).setting("alias.wait=!sleep 60");
        assert!(matches!(call.run(), Err(GitError::Timeout { .. })));
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn standard_input_reaches_it() {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::new(dir.path());
        let answer = git
            .call(["hash-object", "--stdin"])
            .stdin("a\n")
            .run()
            .unwrap();
        assert_eq!(answer.line(), "78981922613b2afb6025042ff6bd878ac1994e85");
        let large = vec![b'x'; 4 << 20];
        // `version` does not read its input: the pipe breaks and nothing hangs.
        assert!(git.call(["version"]).stdin(large).run().is_ok());
    }

    #[test]
    fn a_missing_folder_is_not_a_missing_program() {
        let error = Git::new("/nonexistent/folder")
            .run(["version"])
            .unwrap_err();
        assert!(matches!(error, GitError::Start { .. }), "{error}");
    }
}
