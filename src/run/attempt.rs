//! The attempt folder: the durable boundary between the runner and one start of a worker.
//!
//! The runner writes `spec.json` and starts `tk worker-shim <folder>`; from then on the two
//! only meet in the folder's files, so that a worker outlives a killed runner, the next
//! runner adopts it, and another engine could stand on the other side:
//!
//! ```text
//! spec.json     runner  what to start, where, with which variables
//! inbox         runner  commands, one JSON object a line: see `inbox`
//! lock          shim    held as long as the shim lives; a second one leaves
//! started.json  shim    who shim and worker are
//! stdout stderr worker  what it writes
//! shim.log      shim    what went wrong with the shim itself
//! exit.json     shim    how the worker ended, written once everything of it is gone
//! ```
//!
//! An attempt is started once: `started.json` is written before the worker is started, and
//! again with its id, and with it in the folder a worker never starts again.

mod fence;
mod spec;

pub use self::spec::{MOST_OUTPUT, Spec, Stdin};

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::inbox::{self, Inbox};
use super::process::{ProcessId, SHIM_COMMAND, boot_id};
use super::tail::Lines;
use crate::store::{read_regular, write_atomic};

pub(super) const SPEC: &str = "spec.json";
pub(super) const INBOX: &str = "inbox";
pub(super) const LOCK: &str = "lock";
pub(super) const STARTED: &str = "started.json";
pub(super) const STDOUT: &str = "stdout";
pub(super) const STDERR: &str = "stderr";
pub(super) const SHIM_LOG: &str = "shim.log";
pub(super) const EXIT: &str = "exit.json";

/// Who was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The shim.
    pub shim: ProcessId,
    /// The worker; `None` while it is about to be started.
    pub worker: Option<ProcessId>,
    /// The machine's start in which they run.
    pub boot_id: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Its status.
    pub status: ExitStatus,
    /// Why it ended.
    pub cause: ExitCause,
    /// When.
    pub at: Timestamp,
    /// How many processes it had left, which were ended.
    pub leftovers: usize,
    /// How many processes it had left that could not be ended in time.
    pub unkillable: usize,
}

/// A worker's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitStatus {
    /// It ended with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// It could not be started, for this reason.
    NotStarted(String),
}

impl ExitStatus {
    /// Whether it ended with code 0.
    #[must_use]
    pub const fn success(&self) -> bool {
        matches!(self, Self::Code(0))
    }
}

/// In words, such as `exit code 1`; of what was not started, why.
impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::NotStarted(why) => f.write_str(why),
        }
    }
}

/// Why a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitCause {
    /// By itself.
    Own,
    /// The runner interrupted it.
    Interrupted,
    /// The runner had it killed.
    Killed,
    /// It went on for too long after its input was closed.
    StayedAfterClose,
    /// It reached its time limit.
    TimeLimit,
    /// It wrote more output than it may.
    TooMuchOutput,
    /// The shim was told to end.
    ShimTerminated,
}

/// Why an attempt folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// There already is one, or something else.
    #[error("`{0}` exists already: an attempt starts once, in a folder of its own")]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot {what} `{path}`: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("`{path}` is not what `tk` writes there: {source}")]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// Something that cannot be written as JSON, such as a path that is not UTF-8.
    #[error("cannot write `{path}`: {source}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
}

impl AttemptError {
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// An attempt folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptDir {
    path: PathBuf,
}

impl AttemptDir {
    /// Makes the folder of an attempt that will start `spec`, durably.
    ///
    /// # Errors
    /// When there is one already, or it cannot be written.
    pub fn create(path: &Path, spec: &Spec) -> Result<Self, AttemptError> {
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(AttemptError::io("make", parent))?;
        fs::create_dir(path).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => AttemptError::Exists(path.to_owned()),
            _ => AttemptError::io("make", path)(source),
        })?;
        let attempt = Self {
            path: path.to_owned(),
        };
        for name in [INBOX, STDOUT, STDERR] {
            let path = attempt.file(name);
            File::create_new(&path).map_err(AttemptError::io("make", &path))?;
        }
        attempt.write(SPEC, spec)?;
        File::open(parent)
            .and_then(|parent| parent.sync_all())
            .map_err(AttemptError::io("sync", parent))?;
        Ok(attempt)
    }

    /// The folder of an attempt made earlier.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether there is such an attempt.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.file(SPEC).is_file()
    }

    /// What it starts.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn spec(&self) -> Result<Spec, AttemptError> {
        self.read(SPEC)?.ok_or_else(|| {
            AttemptError::io("read", &self.file(SPEC))(io::ErrorKind::NotFound.into())
        })
    }

    /// Who was started; `None` before that.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn started(&self) -> Result<Option<Started>, AttemptError> {
        self.read(STARTED)
    }

    /// How the worker ended; `None` before that.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_exit(&self) -> Result<Option<Exit>, AttemptError> {
        self.read(EXIT)
    }

    /// Whether shim or worker still run. `false` before the start too.
    ///
    /// # Errors
    /// When it cannot be read who they are.
    pub fn is_alive(&self) -> Result<bool, AttemptError> {
        Ok(!self.living()?.is_empty())
    }

    /// Whether a shim is there that obeys.
    ///
    /// # Errors
    /// When it cannot be read who it is.
    pub(super) fn is_supervised(&self) -> Result<bool, AttemptError> {
        let shim = self.started()?.map(|started| started.shim);
        Ok(shim.is_some_and(|shim| self.living().is_ok_and(|living| living.contains(&shim))))
    }

    /// The worker and its shim, those of them that still run.
    ///
    /// # Errors
    /// When it cannot be read who they are.
    pub(super) fn living(&self) -> Result<Vec<ProcessId>, AttemptError> {
        let started = self.started()?;
        let now = started.filter(|started| started.boot_id == boot_id());
        let known = now.into_iter();
        let known = known.flat_map(|started| started.worker.into_iter().chain([started.shim]));
        Ok(known.filter(|process| process.is_alive()).collect())
    }

    /// Whether the worker was ever told to end, by the protocol or by a signal.
    ///
    /// # Errors
    /// When the inbox cannot be read.
    pub(super) fn was_interrupted(&self) -> Result<bool, AttemptError> {
        let path = self.file(INBOX);
        inbox::was_interrupted(&path).map_err(AttemptError::io("read", &path))
    }

    /// The requests of the worker that were answered by the protocol.
    ///
    /// # Errors
    /// When the inbox cannot be read.
    pub(super) fn answered(&self) -> Result<Vec<String>, AttemptError> {
        let path = self.file(INBOX);
        inbox::answered(&path).map_err(AttemptError::io("read", &path))
    }

    /// Commands to the shim.
    ///
    /// # Errors
    /// When the inbox cannot be opened.
    pub fn inbox(&self) -> Result<Inbox, AttemptError> {
        Inbox::open(&self.file(INBOX))
    }

    /// The lines of the worker's output from byte `offset` on, as they come, until it has
    /// ended.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn stdout_lines(&self, offset: u64) -> Result<Lines, AttemptError> {
        Lines::open(self.clone(), &self.file(STDOUT), offset)
    }

    /// The worker's output so far, bytes that are not UTF-8 replaced.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn stdout_tail(&self, bytes: u64) -> Result<String, AttemptError> {
        tail_of(&self.file(STDOUT), bytes)
    }

    /// The last `bytes` of the worker's errors, from the start of a line.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn stderr_tail(&self, bytes: u64) -> Result<String, AttemptError> {
        tail_of(&self.file(STDERR), bytes)
    }

    /// Whether something is there that the worker wrote.
    pub(super) fn has_output(&self) -> bool {
        [STDOUT, STDERR].iter().any(|name| self.file(name).exists())
    }

    /// Removes what the worker wrote.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(super) fn forget_output(&self) -> Result<(), AttemptError> {
        for name in [STDOUT, STDERR] {
            let path = self.file(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(AttemptError::io("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What went wrong with the shim itself, if anything.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn shim_log(&self) -> Result<String, AttemptError> {
        let path = self.file(SHIM_LOG);
        if path.exists() {
            tail_of(&path, 64 * 1024)
        } else {
            Ok(String::new())
        }
    }

    /// Starts the worker under a shim, which is this program.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn spawn_shim(&self) -> io::Result<tokio::process::Child> {
        // The running image even when its file has been replaced by a newer build.
        let own = Path::new("/proc/self/exe");
        if own.exists() {
            self.spawn_shim_of(own)
        } else {
            self.spawn_shim_of(&std::env::current_exe()?)
        }
    }

    /// Starts the worker under a shim, which is the program `tk`.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn spawn_shim_of(&self, tk: &Path) -> io::Result<tokio::process::Child> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.file(SHIM_LOG))?;
        tokio::process::Command::new(tk)
            .arg0("tk")
            .arg(SHIM_COMMAND)
            .arg(&self.path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, AttemptError> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| AttemptError::Json { path, source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AttemptError::io("read", &path)(error)),
        }
    }

    /// Puts a text into the folder, for the worker to read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_text(&self, name: &str, text: &str) -> Result<(), AttemptError> {
        let path = self.file(name);
        write_atomic(&path, text.as_bytes()).map_err(AttemptError::io("write", &path))
    }

    /// What the worker put into that file of the folder; `None` where it put nothing there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn take_bytes(&self, name: &str) -> Result<Option<Vec<u8>>, AttemptError> {
        let path = self.file(name);
        // A worker may leave anything there: a pipe would be waited for without end.
        match read_regular(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AttemptError::io("read", &path)(error)),
        }
    }

    /// Writes a file as a whole, so that it survives a crash of the machine.
    pub(super) fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), AttemptError> {
        let path = self.file(name);
        let mut bytes = match serde_json::to_vec_pretty(value) {
            Ok(bytes) => bytes,
            Err(source) => return Err(AttemptError::Unwritable { path, source }),
        };
        bytes.push(b'\n');
        write_atomic(&path, &bytes).map_err(AttemptError::io("write", &path))
    }
}

fn tail_of(path: &Path, bytes: u64) -> Result<String, AttemptError> {
    let read = || -> io::Result<(Vec<u8>, bool)> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let skipped = length.saturating_sub(bytes);
        file.seek(SeekFrom::Start(skipped))?;
        let mut text = Vec::new();
        file.take(bytes).read_to_end(&mut text)?;
        Ok((text, skipped > 0))
    };
    let (text, cut) = read().map_err(AttemptError::io("read", path))?;
    let from = match text.iter().position(|byte| *byte == b'\n') {
        Some(end) if cut && end + 1 < text.len() => end + 1,
        _ => 0,
    };
    Ok(String::from_utf8_lossy(&text[from..]).into_owned())
}
