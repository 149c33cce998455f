//! `tk run`

use std::sync::Arc;

use clap::ValueEnum;

use super::{Outcome, Session};
use crate::model::{LandMode, Span, Usd};
use crate::ops::{Error, ErrorCode, Project};
use crate::run::{self, Reporter, RunOutcome, RunRequest};
use crate::ui::json_events::JsonEvents;
use crate::ui::progress::Progress;
use crate::ui::run_plan;
use crate::wire::EventKind;

/// Run an epic: a worker a ticket, merged, checked and closed
///
/// Starts a worker for every ticket of the epic whose blockers have landed, each in a git
/// worktree of its own, at most `-j` at once, those with the longest remaining path first.
/// What a worker reports as done is merged into the run's branch, the checks run on the
/// merged tree, and the commit that lands the code closes the ticket. At the end the run's
/// branch lands on the branch that is checked out. Until then no file of the working tree
/// outside `.ticks/` is touched, whatever state it is in.
///
/// Give the same command again after an interruption: the run goes on where it was, and what
/// it has spent counts. Ctrl-C interrupts the workers and keeps their work; twice ends them
/// at once.
///
/// Under a cap a worker starts with money put aside: `max_cost` of its agent, else three times
/// what such tickets have cost, else a share of what is free, and no less than they have cost in
/// this run. An agent that tells no cost is charged all of that: every ticket that is left gets
/// a share then.
///
/// What a ticket awaits can be given at any time, from any terminal: while the run is live it
/// goes on with it, in the session that asked, or by landing what was approved. A run in which
/// only people are owed something ends, and says what and with which command; the same command
/// goes on later. With `--wait` it stays.
///
/// Exit codes: 0 all landed, 7 some tickets failed, 8 stopped, 9 waits for somebody or for other
/// work, 10 the budget is reached; 5 another run works at these tickets, 6 git is not ready.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk run auth --plan                 # what would happen, and what it may cost
  tk run auth -j 4 --max-cost 20     # go, and spend no more than $20
  tk run k7m x4d --agent scripted    # two tickets, with an agent of .ticks/agents/
  tk run auth --wait                 # stay until your questions are answered
  tk run auth --json                 # one event a line, for programs")]
pub(super) struct Args {
    /// An epic, or tickets: ids, unique parts of one, or the beginning of an epic's title
    #[arg(required = true, value_name = "EPIC|TICKET")]
    targets: Vec<String>,
    /// How many workers at once [default: the graph's width, at most 4]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256), allow_negative_numbers = true)]
    parallel: Option<u64>,
    /// Never spend more than that
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    max_cost: Option<Usd>,
    /// Spend no more than that on one ticket; the others go on
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    max_ticket_cost: Option<Usd>,
    /// Never use more tokens than that
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_tokens: Option<u64>,
    /// Stop after that time, such as `90m`
    #[arg(long, value_name = "DURATION", allow_negative_numbers = true)]
    max_time: Option<Span>,
    /// The agent of tickets that name none
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// The model of tickets that name none
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// A check that must pass on every merged tree; may be repeated. A run that goes on keeps its own unless some are named
    #[arg(long = "check", value_name = "COMMAND")]
    checks: Vec<String>,
    /// When what has merged goes to your branch
    #[arg(long, value_name = "WHEN")]
    land: Option<Land>,
    /// The branch to land on [default: the one checked out here]
    #[arg(long, value_name = "BRANCH")]
    onto: Option<String>,
    /// Fresh attempts after a crash
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    retries: Option<u32>,
    /// Finish a wave before the next one begins
    #[arg(long)]
    waves: bool,
    /// Stay until people have given what they owe, and go on then
    #[arg(long, conflicts_with = "plan")]
    wait: bool,
    /// Print what would happen, and start nothing
    #[arg(long)]
    plan: bool,
    /// Accepted and without effect: every worker has a worktree
    #[arg(long, hide = true)]
    worktree: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Land {
    /// At the end of the run
    End,
    /// After every ticket
    Ticket,
    /// Only by `tk land`
    Never,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let request = self.request();
            if self.plan {
                let plan = run::plan(&session.context, project, &request)?;
                if session.screen.is_json() {
                    session.screen.document(&plan)?;
                } else {
                    session.screen.text(&run_plan::draw(&plan))?;
                }
                return Ok(0);
            }
            let context = Arc::clone(&session.context);
            let outcome = run::run(&context, project, &request, reporter(session, project))?;
            tell(session, &outcome)
        })
    }

    fn request(&self) -> RunRequest {
        RunRequest {
            targets: self.targets.clone(),
            parallel: self
                .parallel
                .and_then(|places| usize::try_from(places).ok()),
            max_cost: self.max_cost,
            max_ticket_cost: self.max_ticket_cost,
            max_tokens: self.max_tokens,
            max_time: self.max_time,
            agent: self.agent.clone(),
            model: self.model.clone(),
            checks: self.checks.clone(),
            land: self.land.map(|land| match land {
                Land::End => LandMode::End,
                Land::Ticket => LandMode::Ticket,
                Land::Never => LandMode::Never,
            }),
            onto: self.onto.clone(),
            retries: self.retries,
            waves: self.waves,
            wait: self.wait,
            only_land: false,
        }
    }
}

/// Whoever shows the events: JSON on standard output, else lines or bars on standard error.
pub(super) fn reporter(session: &Session, project: &Project) -> Box<dyn Reporter> {
    if session.screen.is_json() {
        return Box::new(JsonEvents);
    }
    Box::new(Progress::new(
        session.verbose(),
        session.screen.is_quiet(),
        &project.config.notify,
        session.context.var("TERM"),
    ))
}

/// Tells how the run ended; its exit code.
pub(super) fn tell(session: &Session, outcome: &RunOutcome) -> Outcome {
    let EventKind::RunFinished { exit_code, .. } = &outcome.finished else {
        let message = "the run ended without its last event";
        return Err(Error::new(ErrorCode::Bug, message).into());
    };
    if !session.screen.is_json() {
        match session.screen.confirm(&run_plan::ending(outcome)) {
            // The terminal was closed, which has stopped the run: that is how it ended.
            Err(error) if is_hung_up(&error) => {}
            told => told?,
        }
    }
    Ok(*exit_code)
}

/// Whether what was written to is a terminal that is there no more.
fn is_hung_up(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}
