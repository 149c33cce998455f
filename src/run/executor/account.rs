//! What workers used, and what the account of them can do no more, for a time or at all.

use std::time::Duration;

use super::Executor;
use crate::run::desk::RunIsOver;
use crate::run::trouble::Trouble;
use crate::run::turn::{Turn, TurnEnd, TurnTrouble};

/// How often an account is tried again whose limit does not say when it is over: at first
/// after `[run] limit_wait`, in the end after four times that, ten hours in all by default.
const TRIES: u32 = 12;
const LONGEST: u32 = 4;

impl Executor {
    /// Tells the others what a turn found out about the account, and decides when it is tried
    /// again where that is not known; before the place is given back, since nobody else may be
    /// started in it.
    pub(super) fn tell_account(&mut self, turn: &mut Turn) -> Result<(), RunIsOver> {
        let TurnEnd::Failed {
            class,
            reason,
            trouble,
        } = &mut turn.end
        else {
            self.limits = 0;
            return Ok(());
        };
        if *trouble == TurnTrouble::Limited(None) {
            if self.limits >= TRIES {
                reason.push_str(", and still was at the last of many tries: try again later");
                *trouble = TurnTrouble::Account;
            } else {
                let first = self.shared.config.run.limit_wait.duration();
                let wait = first * 2_u32.saturating_pow(self.limits).min(LONGEST);
                let wait = wait.max(Duration::from_millis(1));
                let until = self.shared.ctx.now();
                let until = until.saturating_add(wait).unwrap_or(until);
                self.limits += 1;
                reason.push_str(&format!(", nobody says until when: tried again at {until}"));
                *trouble = TurnTrouble::Limited(Some(until));
            }
        }
        match trouble {
            TurnTrouble::Account => self.desk.fatal(class, reason),
            TurnTrouble::Limited(Some(until)) => self.desk.limited(*until),
            _ => {
                self.limits = 0;
                Ok(())
            }
        }
    }

    /// Adds what a worker used to the record, and gives its place back.
    pub(super) async fn take_bill(&mut self, turn: &Turn) -> Result<(), Trouble> {
        let charged = self.desk.worker_ended(turn.bill).await?;
        let record = &mut self.record;
        let add = |sum: &mut Option<u64>, more| *sum = Some(sum.unwrap_or(0) + more);
        if let Some(charged) = charged {
            record.cost_usd = Some(record.cost_usd.unwrap_or_default() + charged);
        }
        add(&mut record.input_tokens, turn.bill.input_tokens);
        add(&mut record.output_tokens, turn.bill.output_tokens);
        add(&mut record.turns, turn.bill.turns);
        Ok(())
    }

    /// What the next worker of the session, and the ticket, have to know of it.
    pub(super) fn note_session(&mut self, turn: &Turn) {
        let record = &mut self.record;
        record.session = turn.session.clone().or_else(|| record.session.take());
        record.model = turn.model.clone().or_else(|| record.model.take());
    }
}
