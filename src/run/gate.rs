//! The gate: commands that must pass on the merged tree.
//!
//! A check is the one thing that runs through a shell. It runs under a shim like a worker,
//! so that nothing it starts outlives it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use tokio::sync::watch;

use super::attempt::{AttemptDir, ExitCause, ExitStatus, Spec};
use super::desk::{Desk, Stop};
use super::recovery::RUN_MARK;
use super::shared::Shared;
use super::supervised::Supervised;
use super::trouble::Trouble;
use crate::model::{Span, TicketId};
use crate::wire::EventKind;

/// How much of a failed check's output a worker is shown, in bytes.
const TAIL: u64 = 8_000;

/// How a shell command went.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ran {
    /// It ended with 0.
    Passed { seconds: f64 },
    /// It did not: how it ended, and the tail of its output.
    Failed { status: String, output: String },
    /// The run is being stopped.
    Stopped,
}

/// What came of checks that run one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// All have passed.
    Green,
    /// This one has failed, so; the tail of its output.
    Red {
        command: String,
        status: String,
        output: String,
    },
    /// The run is being stopped.
    Stopped,
}

/// Who hears of checks.
pub(super) enum Ear<'a> {
    /// The journal, as of the ticket of that desk.
    OfTicket(&'a Desk),
    /// The journal, as of the run.
    OfRun(&'a Desk),
    /// Whoever tells the journal later.
    Later(&'a mut Vec<EventKind>),
}

impl Ear<'_> {
    async fn hear(&mut self, kind: EventKind) -> Result<(), Trouble> {
        match self {
            Self::OfTicket(desk) => desk.record(kind).await?,
            Self::OfRun(desk) => desk.record_of_run(kind).await?,
            Self::Later(kinds) => kinds.push(kind),
        }
        Ok(())
    }
}

/// Runs checks in the integration worktree, those of a ticket or of the run itself, until one
/// fails.
pub(super) async fn all(
    shared: &Shared,
    ticket: Option<&TicketId>,
    checks: &[&String],
    mut ear: Ear<'_>,
    stop: &watch::Receiver<Stop>,
) -> Result<Checked, Trouble> {
    let subject = ticket.map_or("run", TicketId::as_str);
    for command in checks.iter().map(|command| (*command).clone()) {
        let started = EventKind::CheckStarted {
            command: command.clone(),
        };
        ear.hear(started).await?;
        let place = Place {
            cwd: &shared.ground.integration,
            limit: shared.config.run.check_time,
            log: shared.next_log(ticket, "check")?,
        };
        match shell(shared, subject, &command, place, stop).await? {
            Ran::Passed { seconds } => {
                ear.hear(EventKind::CheckPassed { command, seconds })
                    .await?;
            }
            Ran::Failed { status, output } => {
                let failed = EventKind::CheckFailed {
                    command: command.clone(),
                    status: status.clone(),
                    output: output.clone(),
                };
                ear.hear(failed).await?;
                return Ok(Checked::Red {
                    command,
                    status,
                    output,
                });
            }
            Ran::Stopped => return Ok(Checked::Stopped),
        }
    }
    Ok(Checked::Green)
}

/// Where a shell command runs, for how long at most, and where its output goes.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub cwd: &'a Path,
    pub limit: Span,
    pub log: PathBuf,
}

/// Runs a shell command under a shim.
pub(super) async fn shell(
    shared: &Shared,
    subject: &str,
    command: &str,
    place: Place<'_>,
    stop: &watch::Receiver<Stop>,
) -> Result<Ran, Trouble> {
    let Place { cwd, limit, log } = place;
    let argv = ["sh", "-c", command].map(str::to_owned).to_vec();
    let mut spec = Spec::new(argv, cwd.to_owned());
    spec.limit_ms = Some(limit.seconds() * 1000);
    spec.grace_ms = 2_000;
    Supervised::spare_git(&shared.ctx, &mut spec);
    let mark = shared.dir.path().display().to_string();
    spec.env.insert("TK_RUN".to_owned(), shared.run.clone());
    spec.env.insert(RUN_MARK.to_owned(), mark);
    spec.env.insert("TK_TICKET".to_owned(), subject.to_owned());
    if let Some(tickets) = &shared.ground.tickets {
        let tickets = tickets.display().to_string();
        spec.env.insert("TK_DIR".to_owned(), tickets);
    }
    Supervised::mark(&mut spec, &log);
    // A copy: a wish that is not for checks is still news to whoever comes after.
    let mut stop = stop.clone();
    let start = Instant::now();
    let dir = AttemptDir::create(&log, &spec)?;
    let mut shim = Supervised::start(&dir)?;
    while !shim.is_over() {
        if *stop.borrow_and_update() >= Stop::Interrupt {
            shim.kill()?;
            shim.ended().await?;
            return Ok(Ran::Stopped);
        }
        tokio::select! {
            ended = shim.ended() => ended?,
            changed = stop.changed() => {
                // The dispatcher lets go of its end only when the run is over.
                if changed.is_err() {
                    shim.kill()?;
                    shim.ended().await?;
                    return Ok(Ran::Stopped);
                }
            }
        }
    }
    let Some(exit) = dir.read_exit()? else {
        let why = Supervised::without_end(&dir)?;
        return Err(Trouble::Io(format!(
            "it is not known how `{command}` ended: {why}"
        )));
    };
    if exit.status.success() {
        return Ok(Ran::Passed {
            seconds: start.elapsed().as_secs_f64(),
        });
    }
    let status = match (exit.cause, exit.status) {
        (ExitCause::TimeLimit, _) => format!("no result within its time limit of {limit}"),
        (ExitCause::TooMuchOutput, _) => "an end: it wrote more output than it may".to_owned(),
        (_, ExitStatus::NotStarted(why)) => format!("no start: {why}"),
        (_, status) => status.to_string(),
    };
    let (out, err) = (dir.stdout_tail(TAIL)?, dir.stderr_tail(TAIL)?);
    let output = [out.trim_end(), err.trim_end()]
        .into_iter()
        .filter(|part| !part.is_empty());
    Ok(Ran::Failed {
        status,
        output: output.collect::<Vec<_>>().join("\n"),
    })
}
