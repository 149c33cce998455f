//! What a client told that runs no more, or under nobody: its result, its bill, its failure.

use super::never_started;
use crate::model::Usd;
use crate::run::attempt::{AttemptDir, AttemptError};
use crate::run::claude::conversation::{Conversation, Live, Signal};
use crate::run::claude::result::WorkerResult;
use crate::run::desk::Bill;
use crate::run::price::Prices;

/// The conversation with a worker of an earlier runner, as far as it came.
fn replay(dir: &AttemptDir, prices: Prices) -> Result<Conversation, AttemptError> {
    let mut conversation = Conversation::new(dir.path(), prices);
    for line in dir.stdout_tail(u64::MAX)?.lines() {
        conversation.line(line);
    }
    Ok(conversation)
}

/// Whether the worker has told its result.
pub(super) fn has_result(dir: &AttemptDir) -> Result<bool, AttemptError> {
    Ok(replay(dir, Prices::default())?.result().is_some())
}

/// What a worker process of an earlier runner used, from what it wrote.
pub(super) fn bill(dir: &AttemptDir, prices: Prices) -> Result<Bill, AttemptError> {
    let conversation = replay(dir, prices)?;
    Ok(bill_of(
        &conversation.ended("", ""),
        &conversation.live(),
        never_started(dir)?,
    ))
}

/// Whether the worker ended for a reason that ends all others too, or was put off until a
/// limit is over.
pub(super) fn stops_all(dir: &AttemptDir) -> Result<bool, AttemptError> {
    let mut conversation = Conversation::new(dir.path(), Prices::default());
    for line in dir.stdout_tail(u64::MAX)?.lines() {
        let is_of_account = |signal: &Signal| {
            matches!(
                signal,
                Signal::Retry(_, Some(_)) | Signal::UsageLimit { .. }
            )
        };
        if conversation.line(line).iter().any(is_of_account) {
            return Ok(true);
        }
    }
    let failure = conversation.ended("", "").failure;
    Ok(failure.is_some_and(|failure| failure.class.stops_all()))
}

pub(super) fn bill_of(result: &WorkerResult, live: &Live, never_started: bool) -> Bill {
    Bill {
        reported: if never_started {
            Some(Usd::ZERO)
        } else {
            result.cost
        },
        live: live.cost.unwrap_or_default(),
        // A result may leave out what was told before it.
        input_tokens: result.usage.read().max(live.usage.read()),
        output_tokens: result.usage.output.max(live.usage.output),
        turns: result.turns,
    }
}
