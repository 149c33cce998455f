//! A worker that is the `claude` client, spoken to over its real protocol.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::past::Past;
use super::told::bill_of;
use super::waiting::{Request, Waiting};
use super::{CLIENT_TRIES_AGAIN, Session, Start, Work, never_started, too_much_output};
use crate::context::point::Point;
use crate::model::OnPermission;
use crate::run::asking::Asking;
use crate::run::attempt::{AttemptDir, Exit, ExitCause, Stdin};
use crate::run::claude::args::{self, Invocation};
use crate::run::claude::control;
use crate::run::claude::conversation::{Conversation, Permission, Signal};
use crate::run::claude::result::{ReportStatus, WorkerResult};
use crate::run::desk::{Bill, Stop};
use crate::run::failure::FailureClass;
use crate::run::inbox::Inbox;
use crate::run::price::Prices;
use crate::run::process;
use crate::run::supervised::Supervised;
use crate::run::trouble::Trouble;
use crate::run::turn::{Turn, TurnEnd, TurnTrouble};
use crate::wire::EventKind;

/// How long an interrupted client may take to print its result, before a signal says it again.
const GRACE: Duration = Duration::from_secs(5);

/// How much of the client's errors goes into a note, in bytes.
const TAIL: u64 = 2_000;

pub(super) async fn work(
    work: &Work<'_>,
    stop: &mut watch::Receiver<Stop>,
) -> Result<Turn, Trouble> {
    let (dir, past) = match work.start {
        Start::New(session, prompt) => {
            let dir = work.create(&spec(work, session)?, prompt)?;
            dir.inbox()?.write_line(&control::prompt(prompt))?;
            let resumed = matches!(session, Session::Resume(_));
            (dir, Past::none(resumed))
        }
        Start::Left(left) => {
            let dir = work.dir();
            let past = Past::of(&dir, left)?;
            (dir, past)
        }
    };
    let is_over = past.is_over;
    let mut listener = Listener::new(work, &dir, dir.inbox()?, past);
    if is_over {
        for line in dir.stdout_tail(u64::MAX)?.lines() {
            listener.hear(line).await?;
        }
        return listener.turn();
    }
    let mut lines = dir.stdout_lines(0)?;
    let mut shim = match work.start {
        Start::New(..) => Point::WorkerStart.around(|| Supervised::start(&dir))?,
        Start::Left(_) => Supervised::adopt(&dir),
    };
    loop {
        let wake = listener.next_wake();
        tokio::select! {
            line = lines.next() => match line? {
                Some(line) => listener.hear(&line.text).await?,
                None => break,
            },
            ended = shim.ended(), if !shim.is_over() => {
                ended?;
                if dir.started()?.is_none() {
                    break;
                }
            }
            changed = stop.changed(), if listener.stopped != Some(Stop::Kill) => {
                // The dispatcher lets go of its end only when the run is over.
                let wanted = if changed.is_ok() { *stop.borrow_and_update() } else { Stop::Kill };
                listener.stop(wanted)?;
            }
            () = listener.waiting.changed() => listener.hear_people().await?,
            () = tokio::time::sleep_until(wake) => listener.wake()?,
        }
    }
    shim.ended().await?;
    listener.over().await?;
    listener.turn()
}

fn spec(work: &Work<'_>, session: &Session) -> Result<crate::run::attempt::Spec, Trouble> {
    let (job, store) = (work.job, work.shared.tracker.store()?);
    let agent = &job.agent;
    let part = |path: &String| store.part_in_lines(path);
    let system = agent.system.as_ref().map(part).transpose()?.flatten();
    let configs: Vec<String> = agent
        .mcp_servers
        .iter()
        .map(|path| store.ticks_dir().join(path).display().to_string())
        .collect();
    let argv = Invocation {
        program: &work.shared.ground.client,
        session: match session {
            Session::Fresh(id) => args::Session::Fresh(id),
            Session::Resume(id) => args::Session::Resume(id),
        },
        name: &job.name,
        permission_mode: &agent.permission_mode,
        allowed_tools: &agent.allowed_tools,
        model: job.model.as_deref(),
        effort: agent.effort.as_deref(),
        max_turns: work.permit.max_turns,
        max_budget: work.permit.reservation.map(|reservation| reservation.limit),
        system: system.as_deref(),
        mcp_configs: &configs,
    }
    .argv();
    let mut spec = work.spec(argv, Stdin::Pipe);
    spec.unset.extend(args::UNSET.map(str::to_owned));
    spec.env
        .extend(args::SET.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(spec)
}

/// Why the runner itself ended a worker.
#[derive(Clone, Debug)]
enum Cut {
    /// It asked a person, who has not answered.
    Asked(Asking),
    /// It failed in a way that waiting does not mend.
    Failed(String, String, TurnTrouble),
}

/// The runner's side of the conversation.
struct Listener<'a> {
    work: &'a Work<'a>,
    dir: &'a AttemptDir,
    inbox: Inbox,
    conversation: Conversation,
    past: Past,
    model: Option<String>,
    stopped: Option<Stop>,
    cut: Option<Cut>,
    waiting: Waiting<'a>,
    /// When a signal says again what the interrupt said.
    escalate_at: Option<Instant>,
    last_heard: Instant,
    cpu_ticks: u64,
}

impl<'a> Listener<'a> {
    fn new(work: &'a Work<'a>, dir: &'a AttemptDir, inbox: Inbox, past: Past) -> Self {
        let prices = Prices::new(work.shared.config.prices.clone());
        Self {
            work,
            dir,
            inbox,
            conversation: Conversation::new(&work.job.worktree, prices),
            past,
            model: None,
            stopped: None,
            cut: None,
            waiting: Waiting::new(work),
            escalate_at: None,
            last_heard: Instant::now(),
            cpu_ticks: 0,
        }
    }

    async fn hear(&mut self, line: &str) -> Result<(), Trouble> {
        self.last_heard = Instant::now();
        for signal in self.conversation.line(line) {
            self.heed(signal).await?;
        }
        Ok(())
    }

    async fn heed(&mut self, signal: Signal) -> Result<(), Trouble> {
        let desk = self.work.desk;
        match signal {
            Signal::Session {
                session,
                model,
                version,
            } => {
                self.model.clone_from(&model);
                let kind = EventKind::Session {
                    session,
                    model,
                    version,
                    resumed: self.past.resumed,
                };
                if !self.past.knows(&kind) {
                    desk.record(kind).await?;
                }
            }
            Signal::Did(kind) => self.tell(kind)?,
            Signal::Question(question) => self.ask(Request::Question(question)).await?,
            Signal::Permission(permission) => match self.work.shared.config.run.on_permission {
                OnPermission::Deny => self.deny(&permission)?,
                OnPermission::Ask => self.ask(Request::Permission(permission)).await?,
            },
            Signal::Unsupported { request } if self.past.answered(&request) => {}
            Signal::Unsupported { request } => {
                self.inbox.write_line(&control::unsupported(&request))?;
            }
            // An interrupted client withdraws what it asked; the person is still asked.
            Signal::Withdrawn { .. } if self.cut.is_some() || self.stopped.is_some() => {}
            Signal::Withdrawn { request } => self.waiting.withdraw(&request).await?,
            Signal::Retry(retry, Some(class)) => {
                self.cut(Cut::Failed(
                    class.to_string(),
                    retry.error,
                    TurnTrouble::Account,
                ))?;
            }
            Signal::Retry(retry, None) => {
                let reason = CLIENT_TRIES_AGAIN.to_owned();
                self.tell(EventKind::Retry {
                    class: retry.error,
                    reason,
                })?;
            }
            Signal::UsageLimit { resets_at } => {
                let reason = resets_at.map_or_else(
                    || "the account's usage limit is reached".to_owned(),
                    |at| format!("the account's usage limit is reached until {at}"),
                );
                let class = FailureClass::UsageLimit.to_string();
                let trouble = TurnTrouble::Limited(resets_at);
                self.cut(Cut::Failed(class, reason, trouble))?;
            }
            Signal::Usage(_) if self.past.is_over => {}
            Signal::Usage(live) => {
                let bill = Bill {
                    reported: None,
                    live: live.cost.unwrap_or_default(),
                    input_tokens: live.usage.read(),
                    output_tokens: live.usage.output,
                    turns: live.turns,
                };
                desk.usage(bill, live.largest_turn.unwrap_or_default())?;
            }
            Signal::TurnEnded(_) if self.past.is_over => {}
            Signal::TurnEnded(_) => self.inbox.close()?,
        }
        Ok(())
    }

    /// Tells what the worker does, once.
    fn tell(&mut self, kind: EventKind) -> Result<(), Trouble> {
        if !self.past.knows(&kind) {
            self.work.desk.tell(kind)?;
        }
        Ok(())
    }

    /// Puts a request to a person; one that comes while the worker is being ended is moot.
    async fn ask(&mut self, request: Request) -> Result<(), Trouble> {
        if self.cut.is_some() || self.stopped.is_some() {
            return Ok(());
        }
        if self.past.answered(request.id()) {
            self.waiting.pass(&request);
        } else if let Some(line) = self.waiting.add(request).await? {
            self.inbox.write_line(&line)?;
        }
        Ok(())
    }

    async fn hear_people(&mut self) -> Result<(), Trouble> {
        if self.cut.is_some() || self.stopped.is_some() {
            return Ok(());
        }
        if let Some(line) = self.waiting.look().await? {
            self.last_heard = Instant::now();
            self.inbox.write_line(&line)?;
        }
        Ok(())
    }

    fn deny(&mut self, permission: &Permission) -> Result<(), Trouble> {
        self.tell(EventKind::Permission {
            tool: permission.tool.clone(),
            request: permission.what.clone(),
            allowed: false,
        })?;
        if self.past.answered(&permission.request) {
            return Ok(());
        }
        let reason = format!(
            "`{}` is not allowed for this worker; do without it, or report `blocked` and say why it is needed",
            permission.tool
        );
        self.inbox
            .write_line(&control::deny(&permission.request, &reason))?;
        Ok(())
    }

    /// Ends the turn for the runner's own reason, the first one.
    fn cut(&mut self, cut: Cut) -> Result<(), Trouble> {
        if self.cut.is_none() {
            self.cut = Some(cut);
            if !self.past.is_over {
                self.interrupt()?;
            }
        }
        Ok(())
    }

    fn stop(&mut self, wanted: Stop) -> Result<(), Trouble> {
        match wanted {
            Stop::No => return Ok(()),
            Stop::Budget | Stop::Interrupt if self.stopped.is_none() => self.interrupt()?,
            Stop::Budget | Stop::Interrupt => {}
            Stop::Kill => self.inbox.kill()?,
        }
        self.stopped = self.stopped.max(Some(wanted));
        Ok(())
    }

    /// Asks the client to end its turn; its result comes with the cost.
    fn interrupt(&mut self) -> Result<(), Trouble> {
        self.inbox.write_line(&control::interrupt("tk-interrupt"))?;
        self.escalate_at.get_or_insert(Instant::now() + GRACE);
        Ok(())
    }

    fn next_wake(&self) -> Instant {
        let stall = self.last_heard + self.work.shared.config.run.stall.duration();
        let waits = self.waiting.deadline().filter(|_| self.cut.is_none());
        let ends = [self.escalate_at, waits].into_iter().flatten();
        ends.fold(stall, Instant::min)
    }

    fn wake(&mut self) -> Result<(), Trouble> {
        let now = Instant::now();
        if self.escalate_at.is_some_and(|at| at <= now) {
            // The shim kills what does not end within its own grace.
            self.inbox.interrupt()?;
            self.escalate_at = Some(now + Duration::from_secs(3600));
        }
        if let Some(asking) = self.waiting.open() {
            // It waits for somebody, and that is not idleness.
            self.last_heard = now;
            if self.waiting.deadline().is_some_and(|at| at <= now) {
                self.cut(Cut::Asked(asking))?;
            }
        }
        let stall = self.work.shared.config.run.stall;
        if self.last_heard + stall.duration() <= now {
            let worker = self.dir.started()?.and_then(|started| started.worker);
            let ticks = worker.map_or(0, process::cpu_ticks);
            if ticks == self.cpu_ticks {
                let reason = format!("it was silent and idle for {stall}");
                self.cut(Cut::Failed("stall".into(), reason, TurnTrouble::Crashed))?;
            }
            self.cpu_ticks = ticks;
            self.last_heard = now;
        }
        Ok(())
    }

    /// Nobody waits for an answer to a client that failed: a resumed one asks again. One that
    /// went on without an answer, because nobody held its input when its shim and runner had
    /// died, has still to be answered.
    async fn over(&mut self) -> Result<(), Trouble> {
        if self.stopped.is_some() || matches!(self.cut, Some(Cut::Asked(_))) {
            return Ok(());
        }
        let went_on = self.cut.is_none() && self.conversation.result().is_some_and(succeeded);
        match self.waiting.open().filter(|_| went_on) {
            Some(asking) => self.cut = Some(Cut::Asked(asking)),
            None => self.waiting.take_back().await?,
        }
        Ok(())
    }

    /// What the process came to, now that it has ended.
    fn turn(self) -> Result<Turn, Trouble> {
        let exit = self.dir.read_exit()?;
        let how = match &exit {
            None => Supervised::without_end(self.dir)?,
            Some(exit) => exit.status.to_string(),
        };
        let errors = match self.dir.exists() {
            true => self.dir.stderr_tail(TAIL)?,
            // The worker has removed the folder.
            false => String::new(),
        };
        let result = self.conversation.ended(&how, &errors);
        let bill = bill_of(&result, &self.conversation.live(), never_started(self.dir)?);
        let end = self.end(&result, exit.as_ref());
        Ok(Turn {
            end,
            bill,
            session: self.conversation.session().map(str::to_owned),
            model: self.model,
            resumed: self.past.resumed,
            asked: self.waiting.into_asked(),
        })
    }

    fn end(&self, result: &WorkerResult, exit: Option<&Exit>) -> TurnEnd {
        let Some(failure) = &result.failure else {
            if let (Some(Cut::Asked(asking)), None) = (&self.cut, self.stopped) {
                return TurnEnd::Asked(asking.clone());
            }
            let summary = result.report.as_ref().map(|report| report.summary.clone());
            return TurnEnd::Done {
                summary: summary.unwrap_or_default(),
            };
        };
        if let Some(stop) = self.stopped {
            return TurnEnd::Interrupted(stop);
        }
        if exit.is_some_and(|exit| exit.cause == ExitCause::TimeLimit) {
            return TurnEnd::TimeLimit;
        }
        if exit.is_some_and(|exit| exit.cause == ExitCause::TooMuchOutput) {
            return too_much_output(self.dir);
        }
        match self.cut.clone() {
            Some(Cut::Asked(asking)) => return TurnEnd::Asked(asking),
            Some(Cut::Failed(class, reason, trouble)) => {
                return TurnEnd::Failed {
                    class,
                    reason,
                    trouble,
                };
            }
            None => {}
        }
        let trouble = match failure.class {
            class if class.stops_all() => TurnTrouble::Account,
            FailureClass::NotDone => return not_done(result),
            FailureClass::MaxBudget => TurnTrouble::Budget,
            FailureClass::UsageLimit => TurnTrouble::Limited(None),
            FailureClass::UnknownSession => TurnTrouble::NoSession,
            FailureClass::NoResult | FailureClass::Overloaded | FailureClass::SessionInUse => {
                TurnTrouble::Crashed
            }
            _ => TurnTrouble::Final,
        };
        let (class, reason) = (failure.class.to_string(), failure.reason.clone());
        TurnEnd::Failed {
            class,
            reason,
            trouble,
        }
    }
}

fn succeeded(result: &WorkerResult) -> bool {
    result.failure.is_none()
}

fn not_done(result: &WorkerResult) -> TurnEnd {
    let report = result.report.as_ref();
    let status = match report.map(|report| report.status) {
        Some(ReportStatus::Partial) => "partial",
        _ => "blocked",
    };
    TurnEnd::NotDone {
        status: status.to_owned(),
        summary: report
            .map(|report| report.summary.clone())
            .unwrap_or_default(),
        question: report.and_then(|report| report.question.clone()),
    }
}
