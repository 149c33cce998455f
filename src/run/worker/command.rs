//! A worker that is any program: the prompt on its standard input, the result in a file.

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;

use super::{PROMPT, RESULT, Start, Work, never_started, too_much_output};
use crate::context::point::Point;
use crate::model::Usd;
use crate::run::attempt::{AttemptDir, AttemptError, Exit, ExitCause, ExitStatus, Stdin};
use crate::run::desk::{Bill, Stop};
use crate::run::failure::CRASH;
use crate::run::supervised::Supervised;
use crate::run::trouble::Trouble;
use crate::run::turn::{Turn, TurnEnd, TurnTrouble};
use crate::wire::EventKind;

/// How much of a failed program's errors goes into the reason, in bytes.
const TAIL: u64 = 2_000;

/// What the program may write into `$TK_RESULT`.
#[derive(Debug, Default, Deserialize)]
struct ResultFile {
    status: Option<String>,
    summary: Option<String>,
    /// Not read as a number at once: what is none spoils nothing else.
    cost_usd: Option<Value>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    turns: Option<u64>,
    question: Option<String>,
}

pub(super) async fn work(
    work: &Work<'_>,
    stop: &mut watch::Receiver<Stop>,
) -> Result<Turn, Trouble> {
    let (dir, mut shim) = match work.start {
        Start::Left(_) => {
            let dir = work.dir();
            let shim = Supervised::adopt(&dir);
            (dir, shim)
        }
        Start::New(_, prompt) => {
            let spec = work.spec(
                work.job.agent.command.clone(),
                Stdin::File(work.dir().file(PROMPT)),
            );
            let dir = work.create(&spec, prompt)?;
            work.desk
                .record(EventKind::Command {
                    command: work.job.agent.command.join(" "),
                })
                .await?;
            let shim = Point::WorkerStart.around(|| Supervised::start(&dir))?;
            (dir, shim)
        }
    };
    let mut interrupted = None;
    while !shim.is_over() {
        tokio::select! {
            ended = shim.ended() => ended?,
            changed = stop.changed(), if interrupted != Some(Stop::Kill) => {
                // The dispatcher lets go of its end only when the run is over.
                let wanted = if changed.is_ok() { *stop.borrow_and_update() } else { Stop::Kill };
                match wanted {
                    Stop::No => {}
                    Stop::Budget | Stop::Interrupt => shim.interrupt()?,
                    Stop::Kill => shim.kill()?,
                }
                interrupted = (wanted != Stop::No).then_some(wanted).or(interrupted);
            }
        }
    }
    let exit = dir.read_exit()?;
    let (result, broken) = match read_result(&dir) {
        Ok(result) => (result, None),
        Err(reason) => (None, Some(reason)),
    };
    let bill = bill_of(result.as_ref(), never_started(&dir)?);
    if bill.reported.is_none()
        && let Some(text) = untold(result.as_ref(), work.permit.reservation.is_some())
    {
        work.desk.tell(EventKind::Warning { text })?;
    }
    let fail = |class: &str, reason: String, trouble| TurnEnd::Failed {
        class: class.to_owned(),
        reason,
        trouble,
    };
    // Whoever is done all the same is done: by itself before the interrupt came, or by its word.
    let done = |exit: &Exit| {
        let says_so = || result.as_ref().is_some_and(says_done);
        exit.status.success() && (exit.cause == ExitCause::Own || says_so())
    };
    let interrupted = interrupted.filter(|_| !exit.as_ref().is_some_and(done));
    let end = match exit {
        _ if interrupted.is_some() => TurnEnd::Interrupted(interrupted.unwrap_or_default()),
        None => fail(CRASH, Supervised::without_end(&dir)?, TurnTrouble::Crashed),
        Some(exit) if exit.cause == ExitCause::TimeLimit => TurnEnd::TimeLimit,
        Some(exit) if exit.cause == ExitCause::TooMuchOutput => too_much_output(&dir),
        Some(exit) => match (exit.status, broken) {
            (ExitStatus::Code(0), Some(reason)) => fail("result", reason, TurnTrouble::Final),
            (ExitStatus::Code(0), None) => told(result.unwrap_or_default()),
            (ExitStatus::NotStarted(why), _) => fail("worker_start", why, TurnTrouble::Final),
            (status, _) => {
                let tail = dir.stderr_tail(TAIL)?;
                let reason = format!("{status}\n{}", tail.trim());
                fail(CRASH, reason.trim().to_owned(), TurnTrouble::Crashed)
            }
        },
    };
    Ok(Turn {
        end,
        bill,
        session: None,
        model: None,
        resumed: false,
        asked: Vec::new(),
    })
}

fn read_result(dir: &AttemptDir) -> Result<Option<ResultFile>, String> {
    let bytes = dir.take_bytes(RESULT).map_err(|error| error.to_string())?;
    let parse = |bytes: Vec<u8>| serde_json::from_slice(&bytes);
    bytes.map(parse).transpose().map_err(|error| {
        format!("`$TK_RESULT` is no result: {error}; expected JSON with `status` and `summary`")
    })
}

/// What a worker process of an earlier runner used.
pub(super) fn bill(dir: &AttemptDir) -> Result<Bill, AttemptError> {
    // A result that cannot be read tells no cost.
    let result = read_result(dir).unwrap_or_default();
    Ok(bill_of(result.as_ref(), never_started(dir)?))
}

fn bill_of(result: Option<&ResultFile>, never_started: bool) -> Bill {
    let Some(result) = result else {
        return Bill {
            reported: never_started.then_some(Usd::ZERO),
            ..Bill::default()
        };
    };
    Bill {
        reported: result.cost_usd.as_ref().and_then(amount),
        live: Usd::ZERO,
        input_tokens: count(result.input_tokens),
        output_tokens: count(result.output_tokens),
        turns: count(result.turns),
    }
}

/// The cost as told; what is no amount of money is as good as none.
fn amount(told: &Value) -> Option<Usd> {
    Usd::from_dollars(told.as_f64()?).ok()
}

/// What is said where no cost was told that is an amount. That it is unknown is nothing to warn of.
fn untold(result: Option<&ResultFile>, is_reserved: bool) -> Option<String> {
    let what = match result.and_then(|result| result.cost_usd.as_ref()) {
        Some(told) => format!(
            "the agent told `{told}` as its cost in `$TK_RESULT`, which is no amount in dollars"
        ),
        None if is_reserved => "the agent told no cost in `$TK_RESULT`".to_owned(),
        None => return None,
    };
    Some(match is_reserved {
        true => format!("{what}: its reservation is charged"),
        false => format!("{what}: what it cost is not known"),
    })
}

/// A count as told, within what a file can hold.
fn count(told: Option<u64>) -> u64 {
    told.unwrap_or(0).min(1 << 53)
}

fn says_done(result: &ResultFile) -> bool {
    matches!(result.status.as_deref(), None | Some("done"))
}

fn told(result: ResultFile) -> TurnEnd {
    let is_done = says_done(&result);
    let summary = result.summary.unwrap_or_default();
    match result.status {
        _ if is_done => TurnEnd::Done { summary },
        status => TurnEnd::NotDone {
            status: status.unwrap_or_default(),
            summary,
            question: result
                .question
                .filter(|question| !question.trim().is_empty()),
        },
    }
}
