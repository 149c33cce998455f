//! Why a run ends before all is done, for the people who read its end.

use std::collections::BTreeMap;

use super::accounts::{TOKENS, USED_UP};
use super::{Dispatcher, Stop};
use crate::model::Usd;

/// A cap of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cap {
    Money,
    Tokens,
    Time,
}

impl Dispatcher<'_> {
    /// Why the run was stopped or which cap it has reached, and what goes on then. `reserved` is
    /// what tickets were charged because it was put aside.
    pub(super) fn why(&self, reserved: &BTreeMap<String, Usd>) -> Option<String> {
        if let Some(fatal) = &self.fatal {
            let then = "everything is kept; when the account works again, the same command goes on";
            return Some(format!("{fatal}; {then}"));
        }
        if self.stop >= Stop::Interrupt {
            let budget = self.till.budget();
            let is_used_up = budget.cap().is_some_and(|cap| budget.spent() >= cap);
            return Some(match is_used_up {
                true => format!(
                    "it was asked to stop, and {USED_UP}; the same command with a higher \
                     `--max-cost` goes on"
                ),
                false => "it was asked to stop; the same command goes on".to_owned(),
            });
        }
        Some(match self.reached {
            Some(Cap::Money) => self.money_is_short(reserved),
            Some(Cap::Tokens) => format!("{TOKENS}; a higher `--max-tokens` goes on"),
            Some(Cap::Time) => {
                "the time limit of the run is reached; the same command goes on".to_owned()
            }
            None => {
                let capped = self.ticket_cap.as_ref()?;
                format!(
                    "{capped}; the same command goes on with a higher `--max-ticket-cost`, or \
                     `max_turns` of its agent"
                )
            }
        })
    }

    fn money_is_short(&self, reserved: &BTreeMap<String, Usd>) -> String {
        let budget = self.till.budget();
        let aside: Usd = reserved.values().copied().sum();
        let mut text = format!(
            "{USED_UP}: ${} is spent as told",
            budget.spent().saturating_sub(aside)
        );
        if !reserved.is_empty() {
            let of: Vec<String> = (reserved.iter())
                .map(|(ticket, cost)| format!("${cost} for `{ticket}`"))
                .collect();
            text += &format!(
                ", and ${aside} was put aside and counts as spent, since what it went to was not \
                 told ({})",
                of.join(", ")
            );
        }
        if let Some((daily, free)) = self.till.day(self.shared.ctx.now()) {
            text += &format!(
                "; `daily_budget_usd` of `[run]` in `.ticks/config.toml` allows all runs of the \
                 clone ${daily} in 24 hours"
            );
            if let Some(free) = free {
                text += &format!(
                    ", of which some is free again from {}",
                    free.strftime("%Y-%m-%d %H:%M:%SZ")
                );
            }
            text += "; the same command goes on then, or with more";
        } else if let Some(cap) = budget.cap() {
            text += &format!(", of ${cap}; the same command with a higher `--max-cost` goes on");
        }
        let run = &self.shared.run;
        text + &format!("; `tk log {run} --kind cost` shows each charge")
    }

    /// Somebody asks the run to stop; a second time is more than a first.
    pub(super) fn hear_stop(&mut self) {
        if self.stop < Stop::Interrupt {
            self.recorder.tell(
                "stopping: the workers are asked to stop, and their work is kept; Ctrl-C or `tk stop` \
                 again ends them at once",
            );
        }
        self.raise(Stop::Interrupt);
    }
}
