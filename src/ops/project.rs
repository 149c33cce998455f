//! The project a command works in, and who gives the command.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::past::Past;
use super::remote_claims::{AWAY, GONE, RemoteClaims, Standing};
use super::ticks_folder::{caches_dir, is_there};
use super::values::printable;
use super::{Error, ErrorCode, Result};
use crate::context::Context;
use crate::git::Repo;
use crate::graph::Graph;
use crate::model::{Actor, Config, Outlined, Shown, TicketId};
use crate::store::{
    AppendLog, Caching, Claim, Index, InvalidFile, Loaded, Locked, RemoteHold, Store, StoreError,
};

/// A repository that is set up for `tk`, its configuration, and who acts.
#[derive(Debug)]
pub struct Project {
    /// The repository.
    pub repo: Repo,
    /// Its tickets.
    pub store: Store,
    /// Its configuration.
    pub config: Config,
    /// The time of the command.
    pub now: Timestamp,
    /// Who it was said to be; where nothing was said, git is asked.
    named: Option<Actor>,
    /// Asked once it matters who acts: looking at every process above takes its time.
    runs_below_worker: fn() -> bool,
    acting: OnceCell<Option<Actor>>,
    run: Option<String>,
    working_on: Option<String>,
    /// The tickets of a commit, where those of the working tree are not meant.
    pub(super) past: Option<Past>,
    notices: RefCell<Vec<Notice>>,
    /// How long a remote is waited for.
    pub(super) network: Duration,
    /// What was let go of here, and is still held on a remote.
    owed: RefCell<Vec<RemoteHold>>,
    /// What was closed and is open again.
    pub(super) reopened: RefCell<Vec<TicketId>>,
}

/// Something to tell the person besides the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something is wrong, though the command went on.
    Warning(String),
    /// Something that helps.
    Hint(String),
}

/// The most words of a command that a record of its refusal has, and characters of each.
const TRIED: usize = 16;
const WORD: usize = 200;

/// How long a remote is waited for, each time something is asked of it.
const NETWORK: Duration = Duration::from_secs(60);

/// What was refused to an agent, as a line of the log.
#[derive(Serialize)]
struct Refusal<'r> {
    at: Timestamp,
    actor: &'r str,
    run: Option<&'r str>,
    ticket: Option<&'r str>,
    tried: Vec<String>,
    message: String,
}

fn start(word: &str) -> String {
    word.chars().take(WORD).collect()
}

impl Project {
    /// The project of the context's folder: `.ticks/` of the main working tree, or what
    /// `TK_DIR` names. `as_actor` is what `--as` said.
    ///
    /// # Errors
    /// When there is no repository with a working tree, no `.ticks/`, or the configuration
    /// cannot be used.
    pub fn open(context: &Context, as_actor: Option<&str>) -> Result<Self> {
        match Self::open_anyway(context, as_actor)? {
            (project, None) => Ok(project),
            (_, Some(trouble)) => Err(trouble.into()),
        }
    }

    /// Like [`Project::open`], also where the configuration cannot be used: then with the
    /// defaults in its place, and what is wrong with it.
    ///
    /// # Errors
    /// When there is no repository with a working tree, or no `.ticks/`.
    pub fn open_anyway(
        context: &Context,
        as_actor: Option<&str>,
    ) -> Result<(Self, Option<StoreError>)> {
        let (repo, ticks) = find(context)?;
        if !is_there(&repo, &ticks)? {
            let message = format!("there is no `{}`", Shown(&ticks));
            return Err(Error::new(ErrorCode::NotInitialised, message)
                .hint("`tk init` sets the repository up"));
        }
        let caches = caches_dir(&repo, &ticks);
        let mut store = Store::open(ticks, repo.common_dir().join("tk")).caches_in(caches);
        if let Some(wait) = context.lock_wait() {
            store = store.waiting(wait);
        }
        store = store.caching(match context.var("TK_TEST_INDEX") {
            Some("off") => Caching::Off,
            Some("eager") => Caching::Eager,
            _ => Caching::Usual,
        });
        let (config, trouble) = match store.config() {
            Ok(config) => (config, None),
            Err(trouble) => (Config::default(), Some(trouble)),
        };
        let project = Self {
            repo,
            store,
            config,
            now: context.now(),
            named: named(context, as_actor)?,
            runs_below_worker: || false,
            acting: OnceCell::new(),
            run: context.var("TK_RUN").map(str::to_owned),
            working_on: context.var("TK_TICKET").map(str::to_owned),
            past: None,
            notices: RefCell::default(),
            network: context.answer_wait().unwrap_or(NETWORK),
            owed: RefCell::default(),
            reopened: RefCell::default(),
        };
        Ok((project, trouble))
    }

    /// The project as seen by a process that may descend from a worker, which `ask` tells:
    /// then, whoever it says it is, it is an agent.
    #[must_use]
    pub fn seen_below_worker(self, ask: fn() -> bool) -> Self {
        Self {
            runs_below_worker: ask,
            acting: OnceCell::new(),
            ..self
        }
    }

    /// Who gives the command, if anybody is named anywhere.
    ///
    /// # Errors
    /// When git's settings cannot be read.
    pub(super) fn acting(&self) -> Result<Option<&Actor>> {
        if let Some(acting) = self.acting.get() {
            return Ok(acting.as_ref());
        }
        let named = match &self.named {
            Some(actor) => Some(actor.clone()),
            None => self.repo.setting("user.email")?.as_deref().map(Actor::new),
        };
        let named = named.filter(|actor| !actor.as_str().is_empty());
        let acting = if named.as_ref().is_some_and(Actor::is_agent) || !(self.runs_below_worker)() {
            named
        } else {
            Some(Actor::agent("worker"))
        };
        Ok(self.acting.get_or_init(|| acting).as_ref())
    }

    /// Who gives the command.
    ///
    /// # Errors
    /// When nobody is named anywhere, or git's settings cannot be read.
    pub fn actor(&self) -> Result<&Actor> {
        self.acting()?.ok_or_else(|| {
            Error::new(ErrorCode::InvalidArgument, "nobody says who you are")
                .hint("`git config user.email you@example.com`, or `--as you@example.com`")
        })
    }

    /// Whether an agent gives the command.
    ///
    /// # Errors
    /// When git's settings cannot be read.
    pub fn is_agent(&self) -> Result<bool> {
        Ok(self.acting()?.is_some_and(Actor::is_agent))
    }

    /// Who gives the command, if it is a person. `what` is what only people may do, such as
    /// `approve`.
    ///
    /// # Errors
    /// [`ErrorCode::HumansOnly`] for an agent; or when nobody is named anywhere.
    pub fn require_human(&self, what: &str) -> Result<&Actor> {
        let actor = self.actor()?;
        if actor.is_agent() {
            let message = format!("`{actor}` is an agent: only people may {what}");
            return Err(Error::new(ErrorCode::HumansOnly, message)
                .hint("an agent can `tk ask` and `tk note`")
                .with("actor", actor.as_str()));
        }
        Ok(actor)
    }

    /// Records durably that something was refused because only people may: when, to whom, what
    /// was tried, and in which run and at which ticket. The dispatcher of a run is the only
    /// writer of its journal, so this is a log of the clone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record_refusal(&self, error: &Error, tried: &[String]) -> Result<()> {
        let log = self.store.local_dir().join("refused.jsonl");
        AppendLog::open(&log)?.append_durably(&Refusal {
            at: self.now,
            actor: self.acting()?.map_or("", Actor::as_str),
            run: self.run.as_deref(),
            ticket: self.working_on.as_deref(),
            tried: tried.iter().take(TRIED).map(|word| start(word)).collect(),
            message: start(&error.message),
        })?;
        Ok(())
    }

    /// The store, locked for a command; with `dry_run`, for one that writes nothing, which who may
    /// not write here can give, too.
    pub(super) fn lock_for(&self, dry_run: bool) -> Result<Locked<'_>> {
        match dry_run {
            true => Ok(self.store.lock_to_tell()?),
            false => self.lock(),
        }
    }

    /// The store, locked for a command. What a person changes under it can be taken back.
    pub(super) fn lock(&self) -> Result<Locked<'_>> {
        Ok(match self.acting()? {
            Some(actor) if !actor.is_agent() => self.store.lock_recording(actor, self.now)?,
            _ => self.store.lock()?,
        })
    }

    /// Whether the command comes from a worker of that ticket.
    pub(super) fn works_on(&self, id: &TicketId) -> bool {
        self.working_on.as_deref() == Some(id.as_str())
    }

    /// Every ticket in outline. Files that are none become warnings.
    ///
    /// # Errors
    /// When `.ticks/` cannot be read.
    pub fn index(&self) -> Result<Index> {
        let index = match &self.past {
            Some(past) => past.index.clone(),
            None => self.store.index(&self.config)?,
        };
        self.warn_of_invalid(&index.invalid);
        Ok(index)
    }

    /// Every ticket with its texts. Files that are none become warnings.
    ///
    /// # Errors
    /// When `.ticks/` cannot be read.
    pub fn load(&self) -> Result<Loaded> {
        let loaded = self.store.load_all(&self.config)?;
        self.warn_of_invalid(&loaded.invalid);
        Ok(loaded)
    }

    /// The graph of the tickets. Cycles in it become warnings.
    pub fn graph<'t, T: Outlined>(&'t self, tickets: &'t [T]) -> Graph<'t> {
        let graph = Graph::new(tickets, &self.config.statuses, self.now);
        let graph = match self.past {
            Some(_) => graph,
            None => {
                let holds = self.held_by_others(&graph);
                graph.held_by_others(holds)
            }
        };
        for cycle in graph.cycles() {
            self.warn(format!("tickets wait for one another: {cycle}"));
        }
        graph
    }

    /// Whether the claim is that of whoever asks.
    pub(super) fn is_mine(&self, claim: &Claim) -> Result<bool> {
        let mine = self.acting()?;
        Ok(mine.is_some_and(|mine| mine.as_str() == claim.actor))
    }

    /// What is to be given back on a remote at the end of the command.
    pub(super) fn owe(&self, hold: Option<RemoteHold>) {
        self.owed.borrow_mut().extend(hold);
    }

    /// Gives back on the remotes what the command has let go of here. What cannot be given back
    /// is warned of, and noted as held there, until its lease runs out.
    pub fn give_back(&self) {
        self.tell_reopened();
        // Which remotes have not answered, and why: none is waited for again.
        let mut away: BTreeMap<String, String> = BTreeMap::new();
        for hold in self.owed.take() {
            let (Some(id), until) = (hold.claim.ticket(), hold.claim.lease_until) else {
                continue;
            };
            let kept = || self.to_tell(&id, &hold.remote, &hold.claim.actor);
            let given = match away.get(&hold.remote) {
                Some(why) => Err(Error::new(ErrorCode::Git, why.clone())),
                None => RemoteClaims::of_hold(self, &hold)
                    .and_then(|claims| claims.give_back(&hold, kept())),
            };
            let remote = printable(&hold.remote);
            let error = match given {
                Ok(standing) => {
                    // What stays of the note is for `tk sync`.
                    let _ = self.store.forget_holding(&id, &hold.claim.holding);
                    if let Standing::Theirs(Some(theirs)) = standing
                        && theirs.claim.holds(self.now)
                    {
                        self.warn(format!(
                            "`{id}` had been taken on `{remote}` by {}, who may be at the same work",
                            theirs.claim.actor
                        ));
                    }
                    continue;
                }
                Err(error) => error,
            };
            if error.context.contains_key(AWAY) {
                away.insert(hold.remote.clone(), error.message.clone());
            }
            self.warn(format!(
                "`{id}` stays held on `{remote}` until {until}: {error}"
            ));
            if error.context.contains_key(GONE) {
                if self.store.has_taken(&id, &hold.claim.holding) {
                    self.hint("`tk sync REMOTE` gives it back, with the remote that this was");
                }
                continue;
            }
            self.hint(format!("`tk release {id}` tries again"));
            let noted = self.store.lock();
            let noted = noted.and_then(|locked| locked.see_elsewhere(&id, Some(hold)));
            if let Err(error) = noted {
                self.warn(error.to_string());
            }
        }
    }

    fn warn_of_invalid(&self, invalid: &[InvalidFile]) {
        for file in invalid {
            self.warn(file.to_string());
        }
    }

    /// Tells the person something that is wrong; the same thing only once.
    pub fn warn(&self, text: impl Into<String>) {
        self.notice(Notice::Warning(text.into()));
    }

    /// Tells the person something that helps; the same thing only once.
    pub fn hint(&self, text: impl Into<String>) {
        self.notice(Notice::Hint(text.into()));
    }

    /// What there is to tell, once.
    #[must_use]
    pub fn take_notices(&self) -> Vec<Notice> {
        if let Some(why) = self.store.unrecorded() {
            self.warn(format!("`tk undo` cannot take that back: {why}"));
        }
        self.notices.take()
    }

    /// Forgets what would help; what is wrong stays.
    pub(super) fn forget_hints(&self) {
        let mut notices = self.notices.borrow_mut();
        notices.retain(|notice| matches!(notice, Notice::Warning(_)));
    }

    fn notice(&self, notice: Notice) {
        let mut notices = self.notices.borrow_mut();
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }
}

/// The repository and the folder that holds its tickets, or would.
pub(super) fn find(context: &Context) -> Result<(Repo, PathBuf)> {
    let named = context.var("TK_DIR").map(|dir| context.cwd.join(dir));
    let near = named.iter().flat_map(|ticks| ticks.ancestors());
    let near = near.into_iter().find(|folder| folder.is_dir());
    let repo = Repo::discover(near.unwrap_or(&context.cwd))?;
    let (home, git_dir) = (repo.home(), repo.common_dir());
    if !repo.is_found_from_home()? {
        let message = format!(
            "git does not find the repository `{}` from its working tree `{}`, which \
             `core.worktree` names",
            Shown(git_dir),
            Shown(home)
        );
        let file = home.join(".git");
        let (file, git_dir) = (Shown(&file), Shown(git_dir));
        return Err(Error::new(ErrorCode::NoRepository, message).hint(format!(
            "a file `{file}` that says `gitdir: {git_dir}` leads there"
        )));
    }
    let ticks = named.unwrap_or_else(|| home.join(".ticks"));
    Ok((repo, ticks))
}

/// Who is named: by `TK_ACTOR` where that is an agent, whatever else is said; then by `--as`, and
/// by `TK_ACTOR`.
fn named(context: &Context, as_actor: Option<&str>) -> Result<Option<Actor>> {
    let from_env = context.var("TK_ACTOR").map(Actor::new);
    let Some(given) = as_actor else {
        return Ok(from_env);
    };
    if from_env.as_ref().is_some_and(Actor::is_agent) {
        return Ok(from_env);
    }
    let actor = Actor::new(given);
    if actor.as_str().is_empty() {
        let message = "`--as` is blank: expected who you are, such as `dana@example.com`";
        return Err(Error::new(ErrorCode::InvalidArgument, message));
    }
    Ok(Some(actor))
}
