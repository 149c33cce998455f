//! Who gets a place, and when: what can start does, the longest remaining path first.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Dispatcher, USED_UP};
use crate::model::{AgentKind, TicketId};
use crate::run::board::Phase;
use crate::run::desk::{Desk, Ending, NoPlace, Permit, Stop};
use crate::run::executor;
use crate::run::money::Refusal;
use crate::run::watch::Watch;

/// How long a wait for a moment lasts at most.
const LOOK_AT_THE_CLOCK: Duration = Duration::from_secs(30);

/// What is said where an agent is refused that tells no cost.
const UNTOLD: &str = "its agent tells no cost, and `cost_unknown` of `[run]` in `.ticks/config.toml` is \
                      \"refuse\"";

/// What is said where a ticket gets no worker for that.
fn why(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Untold => UNTOLD,
        Refusal::Ticket | Refusal::Later | Refusal::Elsewhere | Refusal::Reached => USED_UP,
    }
}

impl Dispatcher<'_> {
    /// Starts everything that can start now: waiting fix rounds first, then new tickets.
    pub(super) fn start_what_can(&mut self) {
        let waited = self.elsewhere.take();
        // What was done before costs nothing more.
        if self.stop == Stop::No || (self.stop == Stop::Budget && !self.out_of_time) {
            self.start_landings();
        }
        if self.stop == Stop::No {
            self.give_places(waited);
        }
        // Giving places may itself have come to the end of the budget, or of the disk.
        if self.stop != Stop::No {
            self.elsewhere = None;
            let why = if self.stop == Stop::Budget {
                NoPlace::Budget
            } else {
                NoPlace::Stopping
            };
            for (_, reply) in self.asking.drain(..) {
                let _gone = reply.send(Err(why));
            }
        }
    }

    /// How long to wait before the account may be tried again. The wall's clock decides, which
    /// goes on while the machine sleeps: no wait is long.
    pub(super) fn limit(&self) -> Duration {
        let now = self.shared.ctx.now();
        let left = self.limited.map(|until| until.duration_since(now));
        let left = left.and_then(|left| Duration::try_from(left).ok());
        left.unwrap_or_default().min(LOOK_AT_THE_CLOCK)
    }

    /// Whether a worker of the ticket can do nothing now.
    fn is_limited(&self, ticket: &TicketId) -> bool {
        let job = self.board.job(ticket);
        self.limited.is_some() && job.is_some_and(|job| job.agent.kind == AgentKind::Claude)
    }

    /// Starts what can begin without a worker now, whatever else would come before it.
    fn start_landings(&mut self) {
        let Some(passed_over) = self.board.beside_landings() else {
            return;
        };
        while !self.is_behind()
            && let Some(ticket) = self.board.next_start(&passed_over)
        {
            self.start(&ticket, None);
        }
    }

    fn give_places(&mut self, mut waited: Option<Watch>) {
        if self.limited.is_some() && self.limit().is_zero() {
            self.limited = None;
        }
        for (ticket, reply) in std::mem::take(&mut self.asking) {
            if self.is_limited(&ticket) || !self.board.may_be_live(&ticket) {
                self.asking.push_back((ticket, reply));
                continue;
            }
            match self.reserve(&ticket) {
                Ok(permit) => {
                    self.board.set_live(&ticket, true);
                    let _gone = reply.send(Ok(permit));
                }
                Err(Refusal::Later) => self.asking.push_back((ticket, reply)),
                Err(Refusal::Elsewhere) => {
                    self.asking.push_back((ticket, reply));
                    self.wait_for_others(waited.take());
                }
                Err(refusal @ (Refusal::Ticket | Refusal::Untold)) => {
                    self.reach_ticket_cap(&ticket, why(refusal).to_owned());
                    let _gone = reply.send(Err(NoPlace::Ticket));
                }
                Err(Refusal::Reached) => {
                    let _gone = reply.send(Err(NoPlace::Budget));
                    self.refuse();
                }
            }
        }
        let mut passed_over = BTreeSet::new();
        while self.stop == Stop::No
            && !self.is_behind()
            && let Some(ticket) = self.board.next_start(&passed_over)
        {
            if self.is_limited(&ticket) {
                passed_over.insert(ticket);
                continue;
            }
            match self.reserve(&ticket) {
                Ok(permit) => self.start(&ticket, Some(permit)),
                Err(Refusal::Later) => {
                    passed_over.insert(ticket);
                }
                Err(Refusal::Elsewhere) => {
                    self.wait_for_others(waited.take());
                    passed_over.insert(ticket);
                }
                Err(refusal @ (Refusal::Ticket | Refusal::Untold)) => {
                    self.reach_ticket_cap(&ticket, why(refusal).to_owned());
                    self.board.set(&ticket, Phase::Over(Ending::Parked));
                }
                Err(Refusal::Reached) => self.refuse(),
            }
        }
    }

    /// Whether more wait to land than may be worked at, beside the one that does: what began now
    /// would only wait as well, on a base that gets older and in a worktree that takes room.
    fn is_behind(&self) -> bool {
        let batch = self.shared.config.run.batch;
        self.shared.line.length() > self.board.places().max(batch)
    }

    fn start(&mut self, ticket: &TicketId, permit: Option<Permit>) {
        let Some(job) = self.board.job(ticket).cloned() else {
            return;
        };
        let (stop, heard) = watch::channel(self.stop);
        self.stops.insert(ticket.clone(), stop);
        self.started.insert(ticket.clone(), Instant::now());
        self.board.set(ticket, Phase::Running);
        self.shared.clashes.begin(ticket);
        self.board.set_live(ticket, permit.is_some());
        let desk = Desk::new(ticket.clone(), self.line.clone());
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let guard = desk.clone();
            let work = tokio::spawn(executor::run(shared, job, permit, desk, heard));
            let ending = match work.await {
                Ok(ending) => ending,
                // A panic in an executor is a bug; the run must hear of the ticket's end.
                Err(_) => Ending::Failed,
            };
            // Nobody listens only when the run is over.
            let _over = guard.finished(ending);
        });
    }
}
