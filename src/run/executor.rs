//! One ticket, from its start to its end: worktree, workers, evidence, merge, gate, closing.

mod account;
mod asked;
mod elsewhere;
mod endings;
mod land;
mod mending;
mod withdrawn;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::desk::{Desk, Ending, NoPlace, Permit, Stop};
use super::failure::FailureClass;
use super::job::{Beginning, Job};
use super::landing::InLine;
use super::lease;
use super::left::Tries;
use super::prompt;
use super::repair::{self, Repair};
use super::shared::Shared;
use super::tickets::{self, Begun};
use super::trouble::{Trouble, blocking};
use super::turn::{TurnEnd, TurnTrouble};
use super::worker::{self, Session, Start};
use super::workspace;
use crate::model::{Awaiting, Outcome, RunRecord, Usd};
use crate::store::StoreError;
use crate::wire::EventKind;

/// The most characters of a worker's summary that a ticket keeps.
const MOST_SAID: usize = 4_000;

/// How often a session that crashed or went silent is resumed.
const RESUMES: u32 = 1;

/// How often a fresh session takes the place of one that is gone.
const LOST: u32 = 1;

/// How a part of the attempt went: it goes on, or the attempt is over.
type Step<T> = Result<Result<T, Ending>, Trouble>;

/// Takes a value, or ends the attempt.
macro_rules! go_on {
    ($step:expr) => {
        match $step? {
            Ok(value) => value,
            Err(ending) => return Ok(ending),
        }
    };
}

/// Works at a ticket until it landed, failed, or was put aside. What goes wrong ends up in
/// the ticket's notes and the journal.
pub(super) async fn run(
    shared: Arc<Shared>,
    job: Arc<Job>,
    permit: Option<Permit>,
    desk: Desk,
    stop: watch::Receiver<Stop>,
) -> Ending {
    let _claim = lease::keep(&shared, &job, &desk);
    let mut executor = Executor::new(shared, job, desk, stop);
    let ending = match executor.attempt(permit).await {
        Ok(ending) => ending,
        Err(Trouble::Over(_)) => Ending::Stopped,
        Err(Trouble::Store(StoreError::NotFound(_))) => executor.deleted().await,
        Err(trouble) => executor.fail_for_good(&trouble).await,
    };
    executor.let_go_there().await;
    ending
}

/// An attempt under way.
struct Executor {
    shared: Arc<Shared>,
    job: Arc<Job>,
    desk: Desk,
    stop: watch::Receiver<Stop>,
    /// What the ticket will say about this attempt.
    record: RunRecord,
    /// The conflict that its session is to settle, or was.
    repair: Option<Repair>,
    repairs: u32,
    /// How often it was to mend a red gate.
    fixes: u32,
    /// Whether what its worker did is to land as it is.
    is_done: bool,
    /// How often in a row a limit did not say when it is over.
    limits: u32,
    /// Its worker is done, and it is to land.
    in_line: Option<InLine>,
    /// Whether its worktree was made only now.
    is_moved: bool,
    /// When its last process was started.
    since: Timestamp,
    /// What its last process has asked by its own tool.
    asked: Vec<String>,
}

impl Executor {
    fn new(shared: Arc<Shared>, job: Arc<Job>, desk: Desk, stop: watch::Receiver<Stop>) -> Self {
        let fresh = RunRecord {
            run: shared.run.clone(),
            attempt: job.attempt,
            agent: job.by().to_owned(),
            model: job.model.clone(),
            session: match &job.beginning {
                Beginning::Resume { session, .. } => Some(session.clone()),
                Beginning::Finish { session } => session.clone(),
                Beginning::Fresh | Beginning::Land | Beginning::Close => None,
            },
            started_at: Some(shared.ctx.now()),
            ended_at: None,
            outcome: None,
            summary: match job.is_done() {
                true => job.ticket.runs.last().and_then(|run| run.summary.clone()),
                false => None,
            },
            cost_usd: None,
            input_tokens: None,
            output_tokens: None,
            turns: None,
        };
        // What the attempt cost before it was interrupted is a part of what it costs.
        let begun = job.ticket.runs.iter().rfind(|record| {
            record.run == fresh.run
                && record.attempt == fresh.attempt
                && record.agent == fresh.agent
        });
        let record = begun.map_or_else(
            || fresh.clone(),
            |begun| RunRecord {
                session: fresh.session.clone(),
                ended_at: None,
                outcome: None,
                ..begun.clone()
            },
        );
        let since = record.started_at.unwrap_or_else(|| shared.ctx.now());
        let is_done = job.is_done();
        let (repairs, fixes) = (job.tries.repairs, job.tries.fixes);
        Self {
            shared,
            job,
            desk,
            stop,
            record,
            repair: None,
            repairs,
            fixes,
            is_done,
            limits: 0,
            in_line: None,
            is_moved: false,
            since,
            asked: Vec::new(),
        }
    }

    async fn attempt(&mut self, permit: Option<Permit>) -> Result<Ending, Trouble> {
        self.desk
            .record(EventKind::TicketStarted {
                title: self.job.ticket.title.clone(),
                attempt: self.job.attempt,
                agent: self.job.by().to_owned(),
                name: self.job.name.clone(),
                branch: self.job.branch.clone(),
                worktree: self.job.worktree.display().to_string(),
                reserved_usd: permit
                    .and_then(|permit| permit.reservation)
                    .map(|reservation| reservation.amount.dollars()),
            })
            .await?;
        go_on!(self.take_there().await);
        if self.job.lands_without_worker() {
            return self.land_approved().await;
        }
        go_on!(self.begin().await);
        go_on!(self.prepare().await);
        self.rounds(permit).await
    }

    /// Claims the ticket and sets it in progress, unless a person was at it meanwhile.
    async fn begin(&mut self) -> Step<()> {
        let (shared, job) = (Arc::clone(&self.shared), Arc::clone(&self.job));
        let begun = blocking(move || tickets::begin(&shared, &job)).await;
        if let Ok(Begun::Ours) = begun {
            return Ok(Ok(()));
        }
        self.give_back().await?;
        Ok(Err(match begun? {
            Begun::Ours | Begun::Closed => Ending::Closed,
            Begun::Awaiting => Ending::Awaiting,
            Begun::Held { by } => self.not_begun(format!("{by} works at it")).await?,
            Begun::NotYet { why } => self.not_begun(why).await?,
        }))
    }

    async fn not_begun(&self, reason: String) -> Result<Ending, Trouble> {
        self.desk.record(EventKind::Parked { reason }).await?;
        Ok(Ending::Parked)
    }

    /// Makes the worktree ready, or gives the place back.
    async fn prepare(&mut self) -> Step<()> {
        if let Err(trouble) = self.make_worktree().await {
            self.give_back().await?;
            if *self.stop.borrow() >= Stop::Interrupt {
                return self.stopped().await.map(Err);
            }
            return Err(trouble);
        }
        Ok(Ok(()))
    }

    async fn make_worktree(&mut self) -> Result<(), Trouble> {
        let made = {
            let _one_at_a_time = self.shared.worktree_lock.lock().await;
            let (shared, job) = (Arc::clone(&self.shared), Arc::clone(&self.job));
            blocking(move || workspace::make(&shared, &job)).await
        };
        match made? {
            workspace::Made::Continued => Ok(()),
            workspace::Made::Fresh => {
                self.is_moved = true;
                workspace::set_up(&self.shared, &self.job, &mut self.stop).await
            }
        }
    }

    /// Gives back a place no worker was started in.
    async fn give_back(&mut self) -> Result<(), Trouble> {
        let nothing = super::desk::Bill {
            reported: Some(Usd::ZERO),
            ..Default::default()
        };
        self.desk.worker_ended(nothing).await?;
        Ok(())
    }

    /// Workers, until one is done and its work has landed, or nothing more can be done.
    async fn rounds(&mut self, permit: Option<Permit>) -> Result<Ending, Trouble> {
        let shared = Arc::clone(&self.shared);
        let (session, prompt) = match self.job.beginning.clone() {
            _ if self.job.left.is_some() => {
                let reason = "what its worker did is taken over".to_owned();
                self.desk.tell(EventKind::Resumed { reason })?;
                (self.fresh_session(), String::new())
            }
            Beginning::Resume { session, since } => {
                self.desk.tell(EventKind::Resumed {
                    reason: "people wrote, or it was cut off".into(),
                })?;
                let last = self.job.ticket.runs.last();
                let due = match self.job.tries.repair_is_due {
                    true => repair::unsettled(&self.job, None).await?,
                    false => None,
                };
                let ticket = tickets::current(&shared, &self.job)?;
                let text = match (due, last.and_then(|run| run.outcome)) {
                    (Some(paths), _) => self.begin_repair(&paths).await?,
                    (None, Some(Outcome::Landed)) => prompt::reopened(&ticket, since),
                    (None, _) => {
                        let text = prompt::resume(&ticket, since);
                        match self.is_moved && self.earlier().await?.is_empty() {
                            true => prompt::in_new_worktree(&text),
                            false => text,
                        }
                    }
                };
                (Session::Resume(session), text)
            }
            Beginning::Finish { .. } => {
                let landing = self.land_done().await?;
                go_on!(self.mend(landing).await)
            }
            Beginning::Fresh | Beginning::Land | Beginning::Close => {
                (self.fresh_session(), self.fresh_prompt().await?)
            }
        };
        self.work(permit, session, prompt).await
    }

    /// As [`Self::rounds`], beginning with that prompt in that session.
    async fn work(
        &mut self,
        mut permit: Option<Permit>,
        mut session: Session,
        mut prompt: String,
    ) -> Result<Ending, Trouble> {
        let shared = Arc::clone(&self.shared);
        let branch = workspace::branch(&self.job)?;
        let _counts_as_running = shared.clashes.enter(&self.job.ticket.id, branch);
        let mut left = self.job.left.clone();
        let Tries {
            fixes: _,
            mut resumes,
            mut retries,
            mut lost,
            repairs: _,
            repair_is_due: _,
        } = self.job.tries;
        loop {
            let collected = left.as_ref().filter(|_| permit.is_none());
            let settled = collected.is_some();
            let place = match (permit.take(), collected) {
                (Some(permit), _) => permit,
                (None, Some(left)) => Permit {
                    reservation: None,
                    process: left.process,
                    max_turns: None,
                },
                (None, None) => match self.desk.place().await? {
                    Ok(permit) => permit,
                    Err(NoPlace::Budget) => return self.park(shared.cap_reached()).await,
                    Err(NoPlace::Ticket) => {
                        return self.park("what the ticket may cost is used up").await;
                    }
                    Err(NoPlace::Stopping) => return self.stopped().await,
                },
            };
            if self.is_homeless() {
                self.tell_homeless().await?;
                go_on!(self.prepare().await);
            }
            if left.is_none() {
                self.since = shared.ctx.now();
            }
            let mut turn = worker::work(
                &shared,
                &self.job,
                place,
                match left.take() {
                    Some(left) => Start::Left(left),
                    None => Start::New(&session, &prompt),
                },
                &self.desk,
                &mut self.stop,
            )
            .await?;
            self.tell_account(&mut turn)?;
            if matches!(turn.end, TurnEnd::Done { .. }) {
                // Before its place is free, so that nobody takes it who would only wait as well.
                self.in_line = Some(shared.line.join());
            }
            if !settled {
                self.take_bill(&turn).await?;
            }
            self.note_session(&turn);
            self.asked.clone_from(&turn.asked);
            match turn.end {
                TurnEnd::Done { summary } => {
                    self.record.summary = said(summary);
                    self.is_done = true;
                }
                TurnEnd::NotDone {
                    summary,
                    question: Some(question),
                    ..
                } => {
                    self.record.summary = said(summary);
                    return self.ask(&question).await;
                }
                TurnEnd::NotDone {
                    status,
                    summary,
                    question: None,
                } => {
                    if self.is_answered()? {
                        (session, prompt) = self.with_answer().await?;
                        continue;
                    }
                    let Some(question) = self.open_question()? else {
                        return self.fail(&status, &summary).await;
                    };
                    self.record.summary = said(summary);
                    return self.await_answer(question, None).await;
                }
                TurnEnd::Asked(asking) => {
                    go_on!(self.put_aside_asking(asking).await);
                    // Somebody answered while it was being put aside.
                    (session, prompt) = self.with_answer().await?;
                    continue;
                }
                TurnEnd::Interrupted(Stop::Budget) => {
                    return self.park(shared.cap_reached()).await;
                }
                TurnEnd::Interrupted(_)
                | TurnEnd::Failed {
                    trouble: TurnTrouble::Account,
                    ..
                } => return self.stopped().await,
                TurnEnd::TimeLimit => {
                    let text = "the worker reached its time limit";
                    return self.put_aside(Awaiting::Escalation, text, text).await;
                }
                TurnEnd::Failed {
                    reason,
                    trouble: TurnTrouble::Limited(_),
                    ..
                } => {
                    permit = Some(go_on!(self.wait_for_account(&reason).await));
                    (session, prompt) = self.again().await?;
                    continue;
                }
                TurnEnd::Failed {
                    class,
                    reason,
                    trouble,
                } => {
                    if class == FailureClass::MaxTurns.as_str() {
                        self.desk.capped("the ticket has used up its turns")?;
                        return self.park(&reason).await;
                    }
                    let resumable = self.record.session.clone().filter(|_| match trouble {
                        TurnTrouble::Budget => true,
                        TurnTrouble::Crashed => resumes < RESUMES,
                        _ => false,
                    });
                    let again = match trouble {
                        TurnTrouble::Final | TurnTrouble::Account | TurnTrouble::Limited(_) => {
                            false
                        }
                        TurnTrouble::Budget => true,
                        TurnTrouble::NoSession => turn.resumed && lost < LOST,
                        TurnTrouble::Crashed => {
                            let may = resumable.is_some() || retries < shared.options.retries;
                            may && self.open_question()?.is_none()
                        }
                    };
                    if !again {
                        return self.fail(&class, &reason).await;
                    }
                    self.desk.record(EventKind::Retry { class, reason }).await?;
                    if !self.is_homeless() {
                        // Its worktree is as it is, but for the locks of a git that was killed.
                        self.make_worktree().await?;
                    }
                    if trouble == TurnTrouble::NoSession {
                        lost += 1;
                        self.note_lost_session().await?;
                    }
                    if let Some(id) = resumable {
                        resumes += u32::from(trouble == TurnTrouble::Crashed);
                        prompt = prompt::resume(&self.job.ticket, self.record.started_at);
                        session = Session::Resume(id);
                    } else {
                        retries += u32::from(trouble == TurnTrouble::Crashed);
                        session = self.fresh_session();
                        prompt = self.fresh_prompt().await?;
                    }
                    continue;
                }
            }
            let landing = self.land(true).await?;
            (session, prompt) = go_on!(self.mend(landing).await);
        }
    }

    fn fresh_session(&self) -> Session {
        Session::Fresh(
            uuid::Builder::from_random_bytes(self.shared.ctx.random_u128().to_be_bytes())
                .into_uuid()
                .to_string(),
        )
    }

    /// What its branch has of an earlier attempt.
    async fn earlier(&self) -> Result<Vec<String>, Trouble> {
        let (shared, job) = (Arc::clone(&self.shared), Arc::clone(&self.job));
        blocking(move || workspace::earlier(&shared, &job)).await
    }

    async fn fresh_prompt(&self) -> Result<String, Trouble> {
        let earlier = self.earlier().await?;
        let (shared, job) = (&self.shared, &self.job);
        Ok(tickets::prompt(
            &shared.tracker.store()?,
            &shared.config,
            &job.ticket.id,
            &job.checks,
            &earlier,
            job.agent.prompt,
        )?)
    }
}

/// What a worker said, if it said anything: a ticket's file has no blank texts, and what those who
/// come after it are told, and pay for, has an end.
fn said(mut summary: String) -> Option<String> {
    if let Some((end, _)) = summary.char_indices().nth(MOST_SAID) {
        summary.truncate(end);
        summary.push('…');
    }
    Some(summary).filter(|summary| !summary.trim().is_empty())
}
