//! Branches of running tickets that do not merge with one another. They are tried at every
//! new commit, in memory; where two clash, the one that began later lands later.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};

use super::desk::Msg;
use super::watch::Watch;
use crate::git::{BranchName, CommitId, Git, GitError, Repo, TRIAL, Version};
use crate::model::TicketId;
use crate::wire::EventKind;

/// The running tickets and which of them clash.
#[derive(Debug)]
pub(super) struct Clashes {
    git: Git,
    version: Version,
    /// The run's branch: what conflicts with that clashes with nobody's in particular.
    landed: BranchName,
    /// The folder of the repository.
    common_dir: PathBuf,
    state: Mutex<State>,
    /// Held by whoever tries branches, so that no pair is tried twice.
    looking: Mutex<()>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The order in which they began.
    order: Vec<TicketId>,
    running: BTreeMap<TicketId, Running>,
    found: BTreeMap<Pair, Vec<String>>,
    /// Whether it was told that branches cannot be tried.
    told: bool,
}

/// A ticket that is worked at.
#[derive(Clone, Debug)]
struct Running {
    branch: BranchName,
    /// The tip that was tried last.
    tried: Option<CommitId>,
}

/// Two tickets, the one that began first first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    first: TicketId,
    later: TicketId,
}

/// A ticket counts as running until this is dropped.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    clashes: &'a Clashes,
    ticket: TicketId,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut state = self.clashes.state();
        state.running.remove(&self.ticket);
        let own = &self.ticket;
        state.order.retain(|other| other != own);
        state
            .found
            .retain(|pair, _| pair.first != *own && pair.later != *own);
        drop(state);
        self.clashes.changed.send_replace(());
    }
}

impl State {
    /// What has to be tried, now that the branches with commits of their own have these tips:
    /// every pair of which one has moved.
    fn untried(&self, tips: &BTreeMap<BranchName, CommitId>) -> Vec<(Pair, (CommitId, CommitId))> {
        let tip = |id: &TicketId| {
            let own = self.running.get(id)?;
            let tip = *tips.get(&own.branch)?;
            Some((tip, own.tried != Some(tip)))
        };
        let tickets: Vec<_> = self
            .order
            .iter()
            .filter_map(|id| Some((id, tip(id)?)))
            .collect();
        let mut pairs = Vec::new();
        for (at, (later, (tip, moved))) in tickets.iter().enumerate() {
            for (first, (other, other_moved)) in &tickets[..at] {
                if *moved || *other_moved {
                    let pair = Pair {
                        first: (*first).clone(),
                        later: (*later).clone(),
                    };
                    pairs.push((pair, (*other, *tip)));
                }
            }
        }
        pairs
    }

    /// Notes what conflicts between two; the event of it, where that is news.
    fn note(&mut self, pair: Pair, paths: Vec<String>) -> Option<(TicketId, EventKind)> {
        let both_run =
            self.running.contains_key(&pair.first) && self.running.contains_key(&pair.later);
        if !both_run || paths.is_empty() {
            self.found.remove(&pair);
            return None;
        }
        let event = EventKind::Clash {
            with: pair.first.to_string(),
            paths: paths.clone(),
        };
        let later = pair.later.clone();
        let before = self.found.insert(pair, paths.clone());
        (before.as_ref() != Some(&paths)).then_some((later, event))
    }
}

impl Clashes {
    /// Nobody runs yet.
    pub(super) fn new(repo: &Repo, version: Version, landed: BranchName) -> Self {
        Self {
            git: repo.home_git(),
            version,
            landed,
            common_dir: repo.common_dir().to_owned(),
            state: Mutex::default(),
            looking: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ticket begins: those that do so later are later ones.
    pub(super) fn begin(&self, ticket: &TicketId) {
        let order = &mut self.state().order;
        order.retain(|other| other != ticket);
        order.push(ticket.clone());
    }

    /// The ticket, which has begun, is worked at on that branch.
    pub(super) fn enter(&self, ticket: &TicketId, branch: BranchName) -> Entry<'_> {
        let mut state = self.state();
        let running = Running {
            branch,
            tried: None,
        };
        state.running.insert(ticket.clone(), running);
        drop(state);
        self.changed.send_replace(());
        Entry {
            clashes: self,
            ticket: ticket.clone(),
        }
    }

    /// The running tickets that this one clashes with and that began earlier.
    pub(super) fn before(&self, ticket: &TicketId) -> BTreeSet<TicketId> {
        let state = self.state();
        let own = state.found.keys().filter(|pair| pair.later == *ticket);
        own.map(|pair| pair.first.clone()).collect()
    }

    /// Hears of every change of who runs and who clashes.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Tries every pair of which a branch has moved since it was tried, and tells what clashes
    /// that did not; that they cannot be tried, once.
    pub(super) fn look(&self, line: &mpsc::UnboundedSender<Msg>) {
        let tried = if self.version < TRIAL {
            Err(format!("git {} is older than {TRIAL}", self.version))
        } else {
            self.try_moved(line).map_err(|error| error.to_string())
        };
        let Err(error) = tried else {
            return;
        };
        if !std::mem::replace(&mut self.state().told, true) {
            let text = format!("branches cannot be tried against one another: {error}");
            let (ack, _nobody_waits) = oneshot::channel();
            let kind = EventKind::Warning { text };
            // Whoever ends the run has heard enough.
            let _over = line.send(Msg::OfRun { kind, ack });
        }
    }

    fn try_moved(&self, line: &mpsc::UnboundedSender<Msg>) -> Result<(), GitError> {
        let _one_at_a_time = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let branches: Vec<BranchName> = {
            let running = &self.state().running;
            running.values().map(|own| own.branch.clone()).collect()
        };
        if branches.len() < 2 {
            return Ok(());
        }
        let tips = self.git.tips_beyond(&self.landed, &branches)?;
        let (pairs, commits): (Vec<_>, Vec<_>) = self.state().untried(&tips).into_iter().unzip();
        let outcomes = self.outcomes(commits)?;
        let mut state = self.state();
        for running in state.running.values_mut() {
            // One that began meanwhile has not been tried.
            if branches.contains(&running.branch) {
                running.tried = tips.get(&running.branch).copied();
            }
        }
        let before = state.found.clone();
        for (pair, paths) in pairs.into_iter().zip(outcomes) {
            if let Some((ticket, kind)) = state.note(pair, paths) {
                let ack = None;
                let _over = line.send(Msg::Event { ticket, kind, ack });
            }
        }
        let is_news = state.found != before;
        drop(state);
        if is_news {
            self.changed.send_replace(());
        }
        Ok(())
    }

    /// The files in which the commits of each pair conflict, but for those in which one of them
    /// conflicts with what has landed.
    fn outcomes(&self, pairs: Vec<(CommitId, CommitId)>) -> Result<Vec<Vec<String>>, GitError> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let landed = self.git.commit_of(&self.landed.reference())?;
        let each: BTreeSet<CommitId> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
        let mut wanted = pairs.clone();
        wanted.extend(
            landed
                .iter()
                .flat_map(|landed| each.iter().map(|own| (*own, *landed))),
        );
        let mut outcomes = self.git.try_merges(&wanted)?;
        let with_landed: BTreeMap<_, _> =
            each.iter().zip(outcomes.split_off(pairs.len())).collect();
        for ((a, b), paths) in pairs.iter().zip(&mut outcomes) {
            let known = [a, b].map(|own| with_landed.get(own));
            paths.retain(|path| !known.iter().flatten().any(|known| known.contains(path)));
        }
        Ok(outcomes)
    }

    /// Looks at every new commit, as long as it is waited for.
    pub(super) async fn watch(self: Arc<Self>, line: mpsc::UnboundedSender<Msg>) {
        let mut changes = self.changes();
        let mut watched: Option<Watch> = None;
        loop {
            changes.borrow_and_update();
            let Some(branch) = self.a_branch_of_several() else {
                watched = None;
                // Never closed: this holds the sender.
                let _closed = changes.changed().await;
                continue;
            };
            let folder = || Watch::calm(&branch.folder_in(&self.common_dir));
            let watch = watched.take().filter(Watch::is_told).unwrap_or_else(folder);
            let (own, line) = (Arc::clone(&self), line.clone());
            // Whoever began or went since may have to be looked at, too.
            let looked = tokio::task::spawn_blocking(move || own.look(&line)).await;
            if looked.is_err() {
                return;
            }
            tokio::select! {
                () = watch.changed() => {}
                _ = changes.changed() => {}
            }
            watched = Some(watch);
        }
    }

    /// The branch of a running ticket, where several run.
    fn a_branch_of_several(&self) -> Option<BranchName> {
        let state = self.state();
        let first = state.running.values().next()?;
        (state.running.len() > 1).then(|| first.branch.clone())
    }
}
