//! Where a run reads and writes its tickets: `.ticks/` of the main working tree, as long as
//! the branch is checked out there that was when the run began.
//!
//! While the user has another one checked out, the files there are that branch's: the run
//! leaves them alone, and goes on with copies in its own folder, from what it knew last. When
//! the branch is back, what was written meanwhile is merged into the files, key by key.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::folder::RunDir;
use super::history::info_of;
use super::key::RunKey;
use super::survey::Survey;
use crate::git::{BranchName, Git, HeadFile};
use crate::model::{AgentConfig, Config, TicketId};
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::store::{StandIn, Store, StoreError};

/// How long a git command that changes files may take before what cannot be read counts.
const CHECKOUT: Duration = Duration::from_secs(10);

/// The tickets of a run, wherever they are.
#[derive(Debug)]
pub(super) struct Tracker {
    home: Store,
    config: Config,
    root: PathBuf,
    head: HeadFile,
    /// The branch whose tickets the run works at; none where none was checked out, and what is
    /// there counts.
    branch: Option<BranchName>,
    stand_in: StandIn,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_away: bool,
    /// What the files below `.ticks/` that the run needs said last.
    seen: BTreeMap<String, String>,
    /// What is to be told, and what was.
    news: Vec<String>,
    told: BTreeSet<String>,
}

impl State {
    /// Has something told, once.
    fn tell(&mut self, text: String) {
        if self.told.insert(text.clone()) {
            self.news.push(text);
        }
    }
}

impl Tracker {
    /// The tickets of the run that begins, in the main working tree.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn new(
        project: &Project,
        dir: &RunDir,
        survey: &Survey,
        agents: &[&AgentConfig],
    ) -> Result<Self> {
        let home = project.store.clone();
        let head = project.repo.home_head_file();
        let root = project.repo.home().to_owned();
        // Tickets that are kept elsewhere are no branch's.
        let branch = head
            .branch()
            .filter(|_| home.ticks_dir().starts_with(&root));
        let mut seen = BTreeMap::new();
        if branch.is_some() {
            let of = |id: &TicketId| survey.tickets.get(id);
            let blockers = survey
                .files
                .iter()
                .filter_map(of)
                .flat_map(|t| &t.blocked_by);
            for id in survey.files.iter().chain(blockers) {
                if let Some(text) = home.read_text(id)? {
                    seen.insert(file_of(id), text);
                }
            }
            let parts = agents
                .iter()
                .flat_map(|a| a.system.iter().chain(&a.mcp_servers));
            for part in parts {
                if let Some(text) = home.part(part)? {
                    seen.insert(part.clone(), text);
                }
            }
        }
        Ok(Self {
            home,
            config: project.config.clone(),
            root,
            head,
            branch,
            stand_in: StandIn::at(dir.stand_in()),
            state: Mutex::new(State {
                seen,
                ..State::default()
            }),
        })
    }

    /// Does something with a ticket's file, where that is now.
    ///
    /// # Errors
    /// Those of what is done.
    pub(super) fn at<T>(
        &self,
        id: &TicketId,
        work: impl Fn(&Store) -> std::result::Result<T, StoreError>,
    ) -> std::result::Result<T, StoreError> {
        let start = Instant::now();
        loop {
            let (store, is_away) = self.place()?;
            let done = work(&store);
            if is_away {
                return done;
            }
            if done.is_err() && self.head.is_being_changed() && start.elapsed() < CHECKOUT {
                // The files may be those of another branch already: git changes `HEAD` last.
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            let now = store.read_text(id);
            if self.is_here() {
                if let Ok(Some(text)) = now {
                    self.state().seen.insert(file_of(id), text);
                }
                return done;
            }
            // It was taken away in the middle: whatever was done to it, the copy needs it too.
        }
    }

    /// The tickets, where they are now.
    ///
    /// # Errors
    /// When the copies cannot be written.
    pub(super) fn store(&self) -> std::result::Result<Store, StoreError> {
        Ok(self.place()?.0)
    }

    /// Whether the branch is not checked out, or what was written meanwhile not brought back.
    pub(super) fn is_away(&self) -> bool {
        // What cannot be written is told by whoever needs it.
        let _told = self.place();
        self.state().is_away
    }

    /// Whether what is in the main working tree is all there is, as far as that can be told.
    pub(super) fn is_home(&self) -> bool {
        !self.is_away() && !self.head.is_being_changed()
    }

    /// Follows the branch, away or back; what is to be told of it.
    pub(super) fn look(&self) -> Vec<String> {
        let _away = self.is_away();
        std::mem::take(&mut self.state().news)
    }

    /// Whether the repository is no longer where it was when the run began.
    pub(super) fn is_gone(&self) -> bool {
        !self.head.is_there()
    }

    /// Where to watch for the branch to go and come back.
    pub(super) fn watched(&self) -> &Path {
        self.head.folder()
    }

    /// The branch, where it is away.
    pub(super) fn missing(&self) -> Option<&BranchName> {
        self.branch.as_ref().filter(|_| self.is_away())
    }

    /// Ticket files of the run that are not committed, in the main working tree, while the
    /// branch is away: were it to move now, they would keep it from being checked out again.
    ///
    /// # Errors
    /// When git fails.
    pub(super) fn in_the_way(&self) -> std::result::Result<Vec<String>, crate::git::GitError> {
        let mut paths = Git::new(&self.root).unsaved_tickets()?;
        let state = self.state();
        paths.retain(|path| {
            let name = path
                .rsplit_once('/')
                .map_or(path.as_str(), |(_, name)| name);
            state.seen.contains_key(name)
        });
        Ok(paths)
    }

    /// The copies are on the branch: they are needed no more.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub(super) fn landed(&self) -> std::result::Result<(), StoreError> {
        self.stand_in.remove()
    }

    fn is_here(&self) -> bool {
        self.branch.is_none() || self.head.branch() == self.branch
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self) -> std::result::Result<(Store, bool), StoreError> {
        let Some(branch) = &self.branch else {
            return Ok((self.home.clone(), false));
        };
        if self.is_gone() {
            return Err(StoreError::Io {
                action: "find",
                path: self.head.folder().to_owned(),
                source: std::io::ErrorKind::NotFound.into(),
            });
        }
        let mut state = self.state();
        match (self.is_here(), state.is_away) {
            (false, false) => {
                self.stand_in.make(branch.as_str(), state.seen.clone())?;
                state.is_away = true;
                let root = self.root.display();
                // Where git cannot tell, it is just not there.
                state.tell(match Git::new(&self.root).renamed_branch(branch) {
                    Ok(Some(now)) => format!(
                        "`{branch}` was renamed to `{now}`: the run goes on, writes no ticket \
                         files in `{root}`, and lands nothing there before `tk land`"
                    ),
                    _ => format!(
                        "`{branch}` is no longer checked out in `{root}`: the run goes on, and \
                         writes no ticket files there until it is back"
                    ),
                });
            }
            (true, true) => match bring_back(&self.stand_in, &self.home, &self.config) {
                Ok(text) => {
                    state.is_away = false;
                    state.news.extend(text);
                    for (name, text) in &mut state.seen {
                        if let Ok(Some(now)) = self.home.part(name) {
                            *text = now;
                        }
                    }
                }
                Err(error) => {
                    state.tell(format!(
                        "ticket files cannot be brought up to date: {error}"
                    ));
                }
            },
            _ => {}
        }
        let store = if state.is_away {
            self.stand_in.store(&self.home)
        } else {
            self.home.clone()
        };
        Ok((store, state.is_away))
    }
}

fn file_of(id: &TicketId) -> String {
    format!("{id}.toml")
}

fn bring_back(
    stand_in: &StandIn,
    home: &Store,
    config: &Config,
) -> std::result::Result<Option<String>, StoreError> {
    let unsettled = stand_in.bring_back(&home.lock()?, config)?;
    if unsettled.is_empty() {
        return Ok(None);
    }
    let ids: Vec<&str> = unsettled.iter().map(TicketId::as_str).collect();
    Ok(Some(format!(
        "changed here and by the run, kept as they are here: {}",
        ids.join(", ")
    )))
}

/// Brings back what earlier runs wrote while their branch was away, where it is checked out
/// again; what is to be told.
///
/// # Errors
/// When something cannot be read or written; or when a run of that key has something to bring
/// back and its branch is still away.
pub(super) fn catch_up(project: &Project, key: &RunKey) -> Result<Vec<String>> {
    let mut told = Vec::new();
    let here = project.repo.home_head_file().branch();
    for run in RunDir::all(&project.store)? {
        let stand_in = StandIn::at(run.stand_in());
        let Some(branch) = stand_in.branch()? else {
            continue;
        };
        let info = info_of(project, &run)?;
        let is_own = info.is_some_and(|info| info.key == key.as_str());
        let renamed = match BranchName::parse(&branch) {
            Ok(branch) => Git::new(project.repo.home()).renamed_branch(&branch)?,
            Err(_) => None,
        };
        let is_it = |here: &BranchName| here.as_str() == branch || Some(here) == renamed.as_ref();
        if here.as_ref().is_some_and(is_it) {
            // A live runner does it itself.
            if is_own || run.runner()?.is_none() {
                told.extend(bring_back(&stand_in, &project.store, &project.config)?);
            }
        } else if is_own {
            let root = project.repo.home().display();
            let message = format!(
                "run {} goes on with the tickets of `{branch}`, which is not checked out in `{root}`",
                run.id()
            );
            return Err(Error::new(ErrorCode::Git, message).hint(format!(
                "`git switch {branch}`, then the same command again"
            )));
        }
    }
    Ok(told)
}
