//! From a plan's entry to the job of one ticket: agent, gate, branch, and how it begins.

use std::collections::{BTreeMap, BTreeSet};

use super::folder::RunDir;
use super::job::{Beginning, Job};
use super::key::slug;
use super::money;
use super::options::Options;
use super::preflight::Ground;
use super::recovery::Recovered;
use super::survey::Survey;
use crate::git::{Git, WorkBranch};
use crate::graph::PlanEntry;
use crate::model::{
    AgentConfig, AgentKind, Outcome, RunRecord, Shown, Ticket, TicketId, Usd, Verdict,
};
use crate::ops::{Error, ErrorCode, Project, Result};

/// What jobs are made from.
pub(super) struct Jobs<'a> {
    project: &'a Project,
    options: &'a Options,
    survey: &'a Survey,
    ground: &'a Ground,
    /// The folder of the run, once there is one.
    dir: Option<&'a RunDir>,
    /// What an earlier runner of the run left.
    recovered: Recovered,
    /// The branches of attempts there are, of whatever run.
    branches: BTreeSet<WorkBranch>,
    /// What landed attempts cost, by type of ticket.
    costs: BTreeMap<String, Vec<Usd>>,
}

impl<'a> Jobs<'a> {
    pub(super) fn new(
        project: &'a Project,
        options: &'a Options,
        survey: &'a Survey,
        ground: &'a Ground,
        dir: Option<&'a RunDir>,
        recovered: Recovered,
    ) -> Result<Self> {
        let mut costs: BTreeMap<String, Vec<Usd>> = BTreeMap::new();
        for ticket in survey.tickets.values() {
            let landed = ticket
                .runs
                .iter()
                .filter(|run| run.outcome == Some(Outcome::Landed));
            costs
                .entry(ticket.kind.clone())
                .or_default()
                .extend(landed.filter_map(|r| r.cost_usd));
        }
        let branches = work_branches(&project.repo.home_git())?;
        Ok(Self {
            project,
            options,
            survey,
            ground,
            dir,
            recovered,
            branches,
            costs,
        })
    }

    /// The job of an entry of the plan.
    pub(super) fn job(&self, entry: &PlanEntry) -> Result<Job> {
        let ticket = self.survey.tickets.get(&entry.id).ok_or_else(|| {
            Error::new(
                ErrorCode::Bug,
                format!("`{}` is in the plan and not in the store", entry.id),
            )
        })?;
        let agent = self.agent(ticket)?;
        let next = self.next_attempt(ticket)?;
        let (beginning, attempt, branch) = self.beginning(ticket, &agent, next);
        let left = self.recovered.left.get(&ticket.id);
        let left = left.filter(|left| left.attempt == attempt).cloned();
        let tries = self.recovered.tries.get(&ticket.id).copied();
        let epic = self.survey.epic.as_ref().map_or("", |epic| &epic.title);
        let prefix = slug(epic);
        let prefix = if prefix.is_empty() {
            self.survey.key.to_string()
        } else {
            prefix
        };
        let none = Vec::new();
        let costs = self.costs.get(&ticket.kind).unwrap_or(&none);
        Ok(Job {
            wave: u32::try_from(entry.wave).unwrap_or(u32::MAX),
            attempt,
            beginning,
            model: ticket
                .model
                .clone()
                .or_else(|| self.options.model.clone())
                .or_else(|| agent.model.clone()),
            checks: checks(&self.options.checks, ticket),
            name: format!("{prefix}-w{}-{}", entry.wave, ticket.id),
            branch,
            worktree: self.ground.worktree_of(&ticket.id, attempt),
            wanted: money::wanted(agent.max_cost, costs),
            processes: match self.dir {
                Some(dir) => dir.processes(&ticket.id, attempt)?,
                None => 0,
            },
            left,
            tries: tries.unwrap_or_default(),
            ticket: ticket.clone(),
            agent,
        })
    }

    fn agent(&self, ticket: &Ticket) -> Result<AgentConfig> {
        let name = ticket.agent.as_deref().unwrap_or(&self.options.agent);
        Ok(self.project.store.agent(name)?)
    }

    /// Whether an earlier attempt goes on or is landed, or a fresh one begins; its number and
    /// branch. `next` is that of a fresh one.
    fn beginning(
        &self,
        ticket: &Ticket,
        agent: &AgentConfig,
        next: u32,
    ) -> (Beginning, u32, String) {
        if let Some(last) = ticket.runs.last() {
            let kept = self.kept_branch(&ticket.id, last.attempt);
            let awaited = last.outcome == Some(Outcome::Awaiting);
            let own = || self.survey.key.work_branch(&ticket.id, last.attempt);
            if ticket.verdict == Some(Verdict::Approved) && ticket.ended_without_changes() {
                return (Beginning::Close, last.attempt, kept.unwrap_or_else(own));
            }
            if let Some(branch) = &kept
                && awaited
                && ticket.verdict == Some(Verdict::Approved)
                && (ticket.requires.is_some() || ticket.ended_unlanded())
            {
                return (Beginning::Land, last.attempt, branch.clone());
            }
            if let Some(branch) = &kept
                && ticket.ended_done()
                && last.agent == agent.name
                && !ticket.has_feedback_since(last)
            {
                let session = last.session.clone();
                return (Beginning::Finish { session }, last.attempt, branch.clone());
            }
            let unfinished = is_unfinished(ticket, last);
            if unfinished
                && agent.kind == AgentKind::Claude
                && last.agent == agent.name
                && let Some(session) = last.session.clone()
            {
                let since = last.ended_at;
                // A branch nothing was committed on is not kept: who asked before they began
                // goes on all the same.
                return (
                    Beginning::Resume { session, since },
                    last.attempt,
                    kept.unwrap_or_else(own),
                );
            }
            if let Some(branch) = kept
                && unfinished
                && last.agent == agent.name
            {
                // There is no session that knows the work; the branch has it all the same.
                return (Beginning::Fresh, last.attempt, branch);
            }
        }
        if let Some(last) = ticket.runs.last()
            && self.is_cut_off(last)
        {
            let branch = self.survey.key.work_branch(&ticket.id, last.attempt);
            return (Beginning::Fresh, last.attempt, branch);
        }
        // A session belongs to a ticket and an agent: it knows the work, wherever that went.
        let own = |run: &&RunRecord| run.agent == agent.name && run.session.is_some();
        let known = ticket.runs.iter().rfind(own);
        let beginning = match known {
            Some(run) if agent.kind == AgentKind::Claude && ticket.has_feedback_since(run) => {
                Beginning::Resume {
                    session: run.session.clone().unwrap_or_default(),
                    since: run.ended_at,
                }
            }
            _ => Beginning::Fresh,
        };
        let branch = self.survey.key.work_branch(&ticket.id, next);
        (beginning, next, branch)
    }

    /// Whether the run's own attempt was cut off before it had a session to resume: it begins
    /// again, with what is there.
    fn is_cut_off(&self, last: &RunRecord) -> bool {
        last.outcome == Some(Outcome::Stopped)
            && last.session.is_none()
            && self.dir.is_some_and(|dir| dir.id() == last.run)
    }

    /// The branch of an earlier attempt, if it is still there: of this key, else of another.
    fn kept_branch(&self, ticket: &TicketId, attempt: u32) -> Option<String> {
        let own = WorkBranch::new(self.survey.key.as_str(), ticket, attempt);
        if self.branches.contains(&own) {
            return Some(own.to_string());
        }
        of_attempt(&self.branches, ticket, attempt)
    }

    /// The number of a fresh attempt.
    fn next_attempt(&self, ticket: &Ticket) -> Result<u32> {
        let recorded = ticket.runs.iter().map(|run: &RunRecord| run.attempt);
        let own = self.branches.iter().filter(|of| of.ticket == ticket.id);
        let branched = own.map(|of| of.attempt);
        let last = recorded.chain(branched).max().unwrap_or(0);
        last.checked_add(1).ok_or_else(|| {
            let file = self.project.store.ticket_path(&ticket.id);
            let message = format!(
                "`{}`: an attempt at `{}` has the number {last}, the highest there is, so that \
                 none can follow",
                Shown(&file),
                ticket.id
            );
            Error::new(ErrorCode::InvalidTicket, message).hint(
                "correct `attempt` in the file's `[[runs]]`; a branch of that number, if there \
                 is one, `git branch -D` deletes",
            )
        })
    }
}

/// The branch that a fresh session would go on from, if there is one: that of an attempt that no
/// session knows.
///
/// # Errors
/// When git fails.
pub(super) fn continued_branch(
    git: &Git,
    ticket: &Ticket,
    agent: &AgentConfig,
) -> Result<Option<String>> {
    let Some(last) = ticket.runs.last() else {
        return Ok(None);
    };
    let has_session = agent.kind == AgentKind::Claude && last.session.is_some();
    if has_session || last.agent != agent.name || !is_unfinished(ticket, last) {
        return Ok(None);
    }
    Ok(of_attempt(&work_branches(git)?, &ticket.id, last.attempt))
}

/// Whether the ticket's last attempt goes on, where something of it is there.
fn is_unfinished(ticket: &Ticket, last: &RunRecord) -> bool {
    match last.outcome {
        Some(Outcome::Awaiting | Outcome::Stopped | Outcome::Parked) => true,
        // What failed goes on with what people wrote about it.
        Some(Outcome::Failed) => ticket.has_feedback_since(last),
        Some(Outcome::Landed) | None => false,
    }
}

/// The branch of that attempt in whatever run.
fn of_attempt(branches: &BTreeSet<WorkBranch>, ticket: &TicketId, attempt: u32) -> Option<String> {
    let is_it = |of: &&WorkBranch| of.ticket == *ticket && of.attempt == attempt.max(1);
    branches.iter().find(is_it).map(ToString::to_string)
}

/// The gate of a ticket: configured checks first, then its own, then those of its acceptance;
/// each once.
pub(super) fn checks(configured: &[String], ticket: &Ticket) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let accepted = ticket
        .acceptance
        .iter()
        .filter_map(|item| item.check.as_ref());
    let all = configured.iter().chain(&ticket.checks).chain(accepted);
    all.filter(|check| seen.insert(check.as_str()))
        .cloned()
        .collect()
}

/// The branches of attempts.
fn work_branches(git: &Git) -> Result<BTreeSet<WorkBranch>> {
    let format = "--format=%(refname:lstrip=2)";
    let listed = git.run(["for-each-ref", format, WorkBranch::REFERENCES])?;
    let names = listed.line();
    Ok(names.lines().filter_map(WorkBranch::parse).collect())
}
