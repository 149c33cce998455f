//! The store's two folders and what is where in them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::lock::{WAIT, acquire, is_held, obstacle};
use super::{Caching, Locked, StoreError, regular};
use crate::config;
use crate::model::{AgentConfig, Config, TicketId};

/// The tickets of a clone, for reading.
#[derive(Clone, Debug)]
pub struct Store {
    ticks: PathBuf,
    local: PathBuf,
    caches: PathBuf,
    pub(super) wait: Duration,
    pub(super) caching: Caching,
    /// Why a change could not be noted down for `tk undo`; shared with its copies.
    pub(super) unrecorded: Arc<OnceLock<String>>,
}

impl Store {
    /// The store with tickets in `ticks_dir` (`.ticks/` of the main working tree) and
    /// everything else in `local_dir` (`<git-common-dir>/tk`), which need not exist yet.
    pub fn open(ticks_dir: impl Into<PathBuf>, local_dir: impl Into<PathBuf>) -> Self {
        let local = local_dir.into();
        Self {
            ticks: ticks_dir.into(),
            caches: local.clone(),
            local,
            wait: WAIT,
            caching: Caching::default(),
            unrecorded: Arc::default(),
        }
    }

    /// The same, but waiting so long for the lock.
    #[must_use]
    pub fn waiting(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// The same, but using the cache in that way.
    #[must_use]
    pub fn caching(self, caching: Caching) -> Self {
        Self { caching, ..self }
    }

    /// The same, with what is cached of its tickets in another folder, which need not exist yet:
    /// other tickets have the local one, too.
    #[must_use]
    pub fn caches_in(self, caches: PathBuf) -> Self {
        Self { caches, ..self }
    }

    /// The same, with its tickets in another folder, of which there is no cache.
    #[must_use]
    pub fn elsewhere(&self, ticks: PathBuf) -> Self {
        Self {
            ticks,
            caching: Caching::Off,
            ..self.clone()
        }
    }

    /// The folder of the tickets.
    #[must_use]
    pub fn ticks_dir(&self) -> &Path {
        &self.ticks
    }

    /// The folder of what is never tracked.
    #[must_use]
    pub fn local_dir(&self) -> &Path {
        &self.local
    }

    /// The folder of what is cached of the tickets.
    pub(super) fn caches_dir(&self) -> &Path {
        &self.caches
    }

    /// Whether the local folder is also that of other tickets, with caches of their own.
    #[must_use]
    pub fn shares_local_dir(&self) -> bool {
        self.caches != self.local
    }

    /// The file of that ticket.
    #[must_use]
    pub fn ticket_path(&self, id: &TicketId) -> PathBuf {
        self.ticks.join(format!("{id}.toml"))
    }

    /// Whether there is anything of that ticket's name; it may be no ticket.
    #[must_use]
    pub fn has(&self, id: &TicketId) -> bool {
        self.ticket_path(id).symlink_metadata().is_ok()
    }

    /// Whether the file, which need not be there, is in the folder of the tickets or in git's.
    #[must_use]
    pub fn is_around(&self, file: &Path) -> bool {
        let folder = file.parent().and_then(|folder| folder.canonicalize().ok());
        let own = [Some(self.ticks_dir()), self.local.parent()];
        let own = own.into_iter().flatten();
        let mut own = own.filter_map(|own| own.canonicalize().ok());
        own.any(|own| {
            folder
                .as_ref()
                .is_some_and(|folder| folder.starts_with(own))
        })
    }

    /// A file of `.ticks/` as messages name it: `.ticks/abc.toml`.
    #[must_use]
    pub fn shown(&self, name: &str) -> String {
        let folder = self.ticks.file_name().unwrap_or(self.ticks.as_os_str());
        format!("{}/{name}", folder.to_string_lossy())
    }

    /// The ledger of what runs cost.
    #[must_use]
    pub fn ledger_path(&self) -> PathBuf {
        self.local.join("ledger.jsonl")
    }

    /// The folder of all runs.
    #[must_use]
    pub fn runs_dir(&self) -> PathBuf {
        self.local.join("runs")
    }

    /// The folder of the run of that id.
    #[must_use]
    pub fn run_dir(&self, run: &str) -> PathBuf {
        self.runs_dir().join(run)
    }

    /// The ids of the runs that have a folder, in order, so oldest first.
    ///
    /// # Errors
    /// When the folder of the runs is there and cannot be read.
    pub fn run_ids(&self) -> Result<Vec<String>, StoreError> {
        let is_run = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric());
        let mut runs = names(&self.runs_dir())?;
        runs.retain(|name| is_run(name));
        runs.sort();
        Ok(runs)
    }

    /// What is where the folder of what is never tracked should be, or those of the runs and of
    /// the backups in it, and is none.
    #[must_use]
    pub fn obstacles(&self) -> Vec<PathBuf> {
        let is_in_the_way = |path: &PathBuf| path.symlink_metadata().is_ok() && !path.is_dir();
        if is_in_the_way(&self.local) {
            return vec![self.local.clone()];
        }
        let folders = [self.runs_dir(), self.backups_dir()].into_iter();
        folders.filter(is_in_the_way).collect()
    }

    /// What every change needs to write to, and this user may not: the folders of the tickets and
    /// of what is never tracked, and the lock; with why.
    #[must_use]
    pub fn unwritable(&self) -> Vec<StoreError> {
        let folders = [&self.ticks, &self.local].map(|folder| {
            let needed = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
            (folder.clone(), folder.is_dir(), needed)
        });
        let lock = self.lock_path();
        let is_file = self.lock_obstacle().is_none();
        let lock = (lock, is_file, Access::READ_OK | Access::WRITE_OK);
        let all = folders.into_iter().chain([lock]);
        let refused = all.filter_map(|(path, is_there, needed)| {
            let error = access(&path, needed).err().filter(|_| is_there)?;
            // What is not there is made.
            let is_refused = error != Errno::NOENT;
            is_refused.then(|| StoreError::io("write to", &path)(error.into()))
        });
        refused.collect()
    }

    /// The project's configuration; the defaults where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read or used.
    pub fn config(&self) -> Result<Config, StoreError> {
        match self.part_in_lines("config.toml")? {
            Some(text) => Ok(config::parse(&text, &self.shown("config.toml"))?),
            None => Ok(Config::default()),
        }
    }

    /// The agent of that name: from its file, or the built-in `claude`.
    ///
    /// # Errors
    /// When there is no such agent, or its file cannot be read or used.
    pub fn agent(&self, name: &str) -> Result<AgentConfig, StoreError> {
        let file = format!("agents/{name}.toml");
        let well_formed = is_file_name(name);
        let text = match well_formed {
            true => self.part_in_lines(&file)?,
            false => None,
        };
        match text {
            Some(text) => Ok(config::parse_agent(name, &text, &self.shown(&file))?),
            None if name == "claude" => Ok(AgentConfig::claude()),
            None => Err(StoreError::NoAgent {
                name: crate::model::escaped(name, 60),
                known: self.agent_names()?,
            }),
        }
    }

    /// The names of the agents there are, in order.
    ///
    /// # Errors
    /// When the folder of agents is there and cannot be read.
    pub fn agent_names(&self) -> Result<Vec<String>, StoreError> {
        let mut agents = self.toml_names("agents")?;
        agents.retain(|name| name != "claude");
        agents.push("claude".to_owned());
        agents.sort();
        Ok(agents)
    }

    /// The template of that name: its file as messages name it, and its text; `None` where there
    /// is none.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn template(&self, name: &str) -> Result<Option<(String, String)>, StoreError> {
        if !is_file_name(name) {
            return Ok(None);
        }
        let file = format!("templates/{name}.toml");
        let text = self.part_in_lines(&file)?;
        Ok(text.map(|text| (self.shown(&file), text)))
    }

    /// The names of the templates there are, in order.
    ///
    /// # Errors
    /// When the folder of templates is there and cannot be read.
    pub fn template_names(&self) -> Result<Vec<String>, StoreError> {
        let mut templates = self.toml_names("templates")?;
        templates.retain(|name| is_file_name(name));
        templates.sort();
        Ok(templates)
    }

    /// The names in the folder of templates that no template can have, in order.
    ///
    /// # Errors
    /// As [`Store::template_names`].
    pub fn misnamed_templates(&self) -> Result<Vec<String>, StoreError> {
        let mut names = self.toml_names("templates")?;
        names.retain(|name| !is_file_name(name));
        names.sort();
        Ok(names)
    }

    fn toml_names(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let names = names(&self.ticks.join(folder))?.into_iter();
        let names = names.filter_map(|name| name.strip_suffix(".toml").map(str::to_owned));
        Ok(names.collect())
    }

    /// As [`Self::part`], with lines that all end in a LF alone: git may have made that CR LF
    /// where it checked the file out.
    ///
    /// # Errors
    /// As [`Self::part`].
    pub fn part_in_lines(&self, relative: &str) -> Result<Option<String>, StoreError> {
        let text = self.part(relative)?;
        Ok(text.map(|text| text.replace("\r\n", "\n")))
    }

    /// The text of a file below `.ticks/` by its relative path, which must come from checked
    /// configuration; `None` where there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read as text, or a folder on the way is a link.
    pub fn part(&self, relative: &str) -> Result<Option<String>, StoreError> {
        let path = self.ticks.join(relative);
        let folders = path.ancestors().skip(1);
        let below = folders.take_while(|folder| *folder != self.ticks);
        if let Some(link) = below.filter(|folder| folder.is_symlink()).last() {
            return Err(StoreError::io("read", link)(regular::is_a_link()));
        }
        read_if_there(&path)
    }

    /// Makes the folder of the tickets, where there is none; whether there was none.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn set_up(&self) -> Result<bool, StoreError> {
        match fs::create_dir(&self.ticks) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && self.ticks.is_dir() => {
                Ok(false)
            }
            Err(error) => Err(StoreError::io("create", &self.ticks)(error)),
        }
    }

    /// Takes away what was made of a project that could then not be set up whole: its
    /// configuration's file, and its folder if nothing else is in it.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn undo_set_up(&self, folder: bool, config: bool) -> Result<(), StoreError> {
        if config {
            let file = self.ticks.join("config.toml");
            fs::remove_file(&file).map_err(StoreError::io("remove", &file))?;
        }
        if folder {
            fs::remove_dir(&self.ticks).map_err(StoreError::io("remove", &self.ticks))?;
        }
        Ok(())
    }

    /// Takes the lock, which writing needs. To be held for milliseconds only: never while a
    /// worker, an editor or a person is waited for.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process keeps it for 10 seconds, or as long as
    /// [`Store::waiting`] said.
    pub fn lock(&self) -> Result<Locked<'_>, StoreError> {
        let lock = acquire(&self.lock_path(), self.wait)?;
        Ok(Locked::new(self, Some(lock)))
    }

    /// As [`Store::lock`], for a command that only tells what it would write. Who may write nothing
    /// here needs no lock for that.
    ///
    /// # Errors
    /// As [`Store::lock`], but for what only who writes must be allowed.
    pub fn lock_to_tell(&self) -> Result<Locked<'_>, StoreError> {
        match self.lock() {
            Err(StoreError::Io { source, .. })
                if matches!(
                    source.kind(),
                    ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                Ok(Locked::new(self, None))
            }
            locked => locked,
        }
    }

    /// Whether a process is writing now.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        is_held(&self.lock_path())
    }

    /// Why nobody can take the lock, if so: something else is in its place.
    #[must_use]
    pub fn lock_obstacle(&self) -> Option<StoreError> {
        obstacle(&self.lock_path())
    }

    /// The lock's file.
    #[must_use]
    pub fn lock_path(&self) -> PathBuf {
        self.local.join("lock")
    }
}

/// Whether an agent or a template may have that name, which is a file's.
fn is_file_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty() && name.chars().all(fits)
}

/// The file's text; `None` where there is no file.
///
/// # Errors
/// When it is there and cannot be read, is not a regular file, or not text.
pub fn read_if_there(path: &Path) -> Result<Option<String>, StoreError> {
    match regular::read_text(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("read", path)(error)),
    }
}

/// The names in the folder that are text; none where there is no folder.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let failed = || StoreError::io("read", folder);
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .filter_map(|entry| match entry {
                Ok(entry) => entry.file_name().into_string().ok().map(Ok),
                Err(error) => Some(Err(failed()(error))),
            })
            .collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed()(error)),
    }
}
