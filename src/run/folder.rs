//! A run's folder: what it is about, who is at it, and what was asked of it from outside.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attempt::AttemptDir;
use super::process::ProcessId;
use crate::context::point::Point;
use crate::model::TicketId;
use crate::ops::{Error, ErrorCode, Result};
use crate::store::{Store, write_atomic};

/// What a run is about; written when it first starts, and again where it goes on with other checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The run's id.
    pub run: String,
    /// The run's key.
    pub key: String,
    /// What it is called: the epic's title, or the tickets' ids.
    pub title: String,
    /// The epic, where it is about one.
    pub epic: Option<String>,
    /// The tickets it works at.
    pub tickets: Vec<String>,
    /// What its command named: the epic, or tickets, also those that were closed by then.
    #[serde(default)]
    pub targets: Vec<String>,
    /// When it first started.
    pub started_at: Timestamp,
    /// The branch it lands on.
    pub onto: String,
    /// The run's branch.
    pub branch: String,
    /// The checks that its command named, beside the configured ones.
    #[serde(default)]
    pub checks: Vec<String>,
}

impl RunInfo {
    /// The command that goes on with it.
    #[must_use]
    pub fn resume(&self) -> String {
        format!("tk run {}", self.words().join(" "))
    }

    /// What to name to a command that is about the same.
    #[must_use]
    pub fn words(&self) -> &[String] {
        match (&self.epic, self.targets.as_slice()) {
            (Some(epic), _) => std::slice::from_ref(epic),
            // From before they were written down.
            (None, []) => &self.tickets,
            (None, targets) => targets,
        }
    }
}

/// Who is at a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    /// The process.
    pub process: ProcessId,
    /// When it began.
    pub since: Timestamp,
    /// Whether it runs nothing, and only ends what a dead runner has left: it hears no signals.
    #[serde(default)]
    pub only_ends: bool,
}

/// Wishes to stop tickets.
const STOP: &str = "stop";
/// Wishes to try tickets again.
const RETRY: &str = "retry";
/// Tickets that lack the end of an attempt.
const UNENDED: &str = "unended";
/// Logs of checks that are about no ticket.
const CHECKS: &str = "run";
/// Copies of the tickets, while their branch is not checked out.
const AWAY: &str = "away.ticks";

/// The folders in a run's folder that are no ticket's, whatever they are called.
const OWN_FOLDERS: [&str; 5] = [STOP, RETRY, UNENDED, CHECKS, AWAY];

/// How long a lock may outlive the runner that had it.
const MOMENT: Duration = Duration::from_secs(5);

/// A run's folder in the git common directory.
#[derive(Clone, Debug)]
pub struct RunDir {
    path: PathBuf,
}

/// The run's lock, held by the runner as long as it lives.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunDir {
    /// The folder of the run of that id.
    #[must_use]
    pub fn of(store: &Store, run: &str) -> Self {
        Self {
            path: store.run_dir(run),
        }
    }

    /// All runs' folders, oldest first.
    ///
    /// # Errors
    /// When the folder of runs cannot be read.
    pub fn all(store: &Store) -> Result<Vec<Self>> {
        Ok(store
            .run_ids()?
            .iter()
            .map(|run| Self::of(store, run))
            .collect())
    }

    /// Makes the folder of a new run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(store: &Store, info: &RunInfo) -> Result<Self> {
        let dir = Self::of(store, &info.run);
        Point::RunFolder.around(|| {
            fs::create_dir_all(&dir.path).map_err(|error| dir.failed("make", &error))?;
            dir.describe(info)
        })?;
        Ok(dir)
    }

    /// Writes down what the run is about.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn describe(&self, info: &RunInfo) -> Result<()> {
        let json =
            serde_json::to_vec_pretty(info).map_err(|error| self.failed("describe", &error))?;
        write_atomic(&self.path.join("run.json"), &json)
            .map_err(|error| self.failed("write", &error))
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Where copies of the tickets are, while their branch is not checked out.
    #[must_use]
    pub fn stand_in(&self) -> PathBuf {
        self.path.join(AWAY)
    }

    /// The journal's file.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// What the run is about; `None` where the folder was never finished.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn info(&self) -> Result<Option<RunInfo>> {
        let text = match fs::read(self.path.join("run.json")) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", &error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| self.failed("read", &error))
    }

    /// Takes the run's lock for this process; the process that has it, if another does.
    ///
    /// # Errors
    /// When the lock's file cannot be opened or written.
    pub fn lock(&self, now: Timestamp) -> Result<std::result::Result<RunLock, Option<Runner>>> {
        self.lock_as(now, false)
    }

    /// As [`RunDir::lock`], for a process that only ends what a dead runner has left.
    ///
    /// # Errors
    /// As there.
    pub(super) fn lock_to_end(
        &self,
        now: Timestamp,
    ) -> Result<std::result::Result<RunLock, Option<Runner>>> {
        self.lock_as(now, true)
    }

    fn lock_as(
        &self,
        now: Timestamp,
        only_ends: bool,
    ) -> Result<std::result::Result<RunLock, Option<Runner>>> {
        let mut file = self.lock_file()?;
        if let Some(held) = self.held(&mut file, File::try_lock)? {
            return Ok(Err(held));
        }
        let runner = Runner {
            process: ProcessId::own(),
            since: now,
            only_ends,
        };
        let json = serde_json::to_vec(&runner).map_err(|error| self.failed("describe", &error))?;
        file.set_len(0)
            .and_then(|()| file.write_all(&json))
            .and_then(|()| file.sync_data())
            .map_err(|error| self.failed("write", &error))?;
        Ok(Ok(RunLock { _file: file }))
    }

    /// The process that is at the run; `None` where nobody is.
    ///
    /// # Errors
    /// When the lock's file cannot be read.
    pub fn runner(&self) -> Result<Option<Runner>> {
        if !self.path.join("lock").exists() {
            return Ok(None);
        }
        let mut file = self.lock_file()?;
        let held = self.held(&mut file, File::try_lock_shared)?;
        Ok(held.flatten())
    }

    /// Takes the lock, or tells who has it. A runner that is dead still has it for a moment
    /// where it died while it was starting a process, which has its files until it begins; and
    /// whoever only looks has it for a moment too.
    fn held(
        &self,
        file: &mut File,
        take: fn(&File) -> std::result::Result<(), TryLockError>,
    ) -> Result<Option<Option<Runner>>> {
        let until = Instant::now() + MOMENT;
        loop {
            match take(file) {
                Ok(()) => return Ok(None),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(self.failed("lock", &error)),
            }
            let runner = self.read_runner(file)?;
            if runner.is_some_and(|runner| runner.process.is_alive()) || Instant::now() > until {
                return Ok(Some(runner));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks the run to stop one ticket; the runner looks when it is woken by a signal.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn ask_to_stop(&self, ticket: &str) -> Result<()> {
        self.leave(STOP, ticket)
    }

    /// Asks the run to try one ticket again; the runner looks when it is woken by a signal.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn ask_to_retry(&self, ticket: &str) -> Result<()> {
        self.leave(RETRY, ticket)
    }

    /// Remembers that the end of an attempt at the ticket is not in the ticket's file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember_unended(&self, ticket: &TicketId) -> Result<()> {
        self.leave(UNENDED, ticket.as_str())
    }

    /// The tickets that lack the end of an attempt.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn unended(&self) -> Result<Vec<TicketId>> {
        let names = self.names(&self.path.join(UNENDED))?;
        let ids = names.iter().filter_map(|name| TicketId::parse(name).ok());
        let mut ids: Vec<TicketId> = ids.collect();
        ids.sort();
        Ok(ids)
    }

    /// The ticket has the end of its attempt now.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn forget_unended(&self, ticket: &TicketId) -> Result<()> {
        self.clear(&self.path.join(UNENDED).join(ticket.as_str()))
    }

    /// Notes the error that a runner of the run ended with.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_error(&self, text: &str) -> Result<()> {
        write_atomic(&self.path.join("error"), text.as_bytes())
            .map_err(|error| self.failed("write", &error))
    }

    /// The error that its last runner ended with, if it did.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn error(&self) -> Result<Option<String>> {
        match fs::read(self.path.join("error")) {
            Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", &error)),
        }
    }

    /// Forgets that error: another runner is at it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget_error(&self) -> Result<()> {
        self.clear(&self.path.join("error"))
    }

    fn clear(&self, path: &Path) -> Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(self.failed("clear", &error))
            }
            _ => Ok(()),
        }
    }

    fn leave(&self, wish: &str, ticket: &str) -> Result<()> {
        let folder = self.path.join(wish);
        fs::create_dir_all(&folder)
            .and_then(|()| write_atomic(&folder.join(ticket), b""))
            .map_err(|error| self.failed("write", &error))
    }

    /// Takes the wishes to stop tickets that have come.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn take_stops(&self) -> Result<Vec<String>> {
        self.take(STOP)
    }

    /// Takes the wishes to try tickets again that have come.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn take_retries(&self) -> Result<Vec<String>> {
        self.take(RETRY)
    }

    fn take(&self, wish: &str) -> Result<Vec<String>> {
        let folder = self.path.join(wish);
        let mut tickets = self.names(&folder)?;
        // One that is still being written has another name.
        tickets.retain(|name| TicketId::parse(name).is_ok());
        for ticket in &tickets {
            self.clear(&folder.join(ticket))?;
        }
        Ok(tickets)
    }

    /// What is in that folder of the run; nothing where there is none.
    fn names(&self, folder: &Path) -> Result<Vec<String>> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed("read", &error)),
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names: std::io::Result<_> = names.collect();
        names.map_err(|error| self.failed("read", &error))
    }

    /// The attempt folders of the run, those of checks and set-ups included.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn attempts(&self) -> Result<Vec<AttemptDir>> {
        let mut found = Vec::new();
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| self.failed("read", &error))? {
                let path = entry.map_err(|error| self.failed("read", &error))?.path();
                if path.is_dir() && !path.is_symlink() {
                    let attempt = AttemptDir::open(&path);
                    if attempt.exists() {
                        found.push(attempt);
                    }
                    folders.push(path);
                }
            }
        }
        Ok(found)
    }

    /// Where the prompts, streams and logs of a ticket's attempts are kept: `@` begins no id, and
    /// nothing else in the run's folder.
    #[must_use]
    pub fn of_ticket(&self, ticket: &str) -> PathBuf {
        let folder = self.path.join(format!("@{ticket}"));
        // Without the `@`: from before there was one, where the run was begun then.
        let before = self.path.join(ticket);
        let is_own = OWN_FOLDERS.contains(&ticket);
        if !is_own && !folder.exists() && before.is_dir() {
            return before;
        }
        folder
    }

    /// Where the logs of checks that are about no ticket are kept.
    #[must_use]
    pub fn of_checks(&self) -> PathBuf {
        self.path.join(CHECKS)
    }

    /// The ticket that the folder of an attempt is about; none where it is about the run itself.
    #[must_use]
    pub fn ticket_of(&self, attempt: &Path) -> Option<TicketId> {
        let inside = attempt.strip_prefix(&self.path).ok()?;
        let name = inside.iter().next()?.to_str()?;
        let id = match name.strip_prefix('@') {
            Some(id) => id,
            None if OWN_FOLDERS.contains(&name) => return None,
            None => name,
        };
        TicketId::parse(id).ok()
    }

    /// How many worker processes of that attempt at a ticket the run has started.
    ///
    /// # Errors
    /// When the ticket's folder cannot be read.
    pub fn processes(&self, ticket: &TicketId, attempt: u32) -> Result<u32> {
        let names = self.names(&self.of_ticket(ticket.as_str()))?;
        let prefix = format!("{attempt}-");
        let numbers = names.iter();
        let numbers = numbers.filter_map(|name| name.strip_prefix(&prefix)?.parse().ok());
        Ok(numbers.max().unwrap_or(0))
    }

    /// The folder of a worker process.
    #[must_use]
    pub fn worker(&self, ticket: &str, attempt: u32, process: u32) -> AttemptDir {
        let name = format!("{attempt}-{process}");
        AttemptDir::open(&self.of_ticket(ticket).join(name))
    }

    fn lock_file(&self) -> Result<File> {
        File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path.join("lock"))
            .map_err(|error| self.failed("open", &error))
    }

    /// Who wrote themselves into the lock; `None` in the moment before that.
    fn read_runner(&self, file: &mut File) -> Result<Option<Runner>> {
        let mut text = String::new();
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.read_to_string(&mut text))
            .map_err(|error| self.failed("read", &error))?;
        Ok(serde_json::from_str(&text).ok())
    }

    fn failed(&self, action: &str, error: &dyn std::error::Error) -> Error {
        let path = self.path.display();
        let message = format!("cannot {action} the run's folder `{path}`: {error}");
        Error::new(ErrorCode::Failed, message)
    }
}
