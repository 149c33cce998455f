//! The budget of a run: a pure account of what was spent and what is put aside.
//!
//! Free money is the cap less what was spent less every reservation. A worker starts only
//! with a reservation, so that the sum can exceed the cap by no more than the model request
//! each live conversation is in.

use std::collections::BTreeMap;

use crate::model::{TicketId, Usd};

/// Why no money is put aside now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Live workers hold reservations; some of it will come back.
    Later,
    /// Workers of other runs hold what is left of the day's budget; some of it will come back.
    Elsewhere,
    /// The ticket has used up what it may cost in the run.
    Ticket,
    /// Its agent has told no cost, and the configuration refuses it then.
    Untold,
    /// What is free does not pay for a worker, and nothing will come back.
    Reached,
}

/// What was granted to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// What is put aside.
    pub amount: Usd,
    /// What the worker is told to keep to: less by the largest turn seen, since a client
    /// notices its limit only after the turn that crosses it.
    pub limit: Usd,
}

/// What is asked for a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What it is expected to need, where something is known of that.
    pub wanted: Option<Usd>,
    /// What such work has cost in this run, where any has told it: with less, no worker starts
    /// that could get more later, and none at all that could not.
    pub at_least: Option<Usd>,
    /// Whether its worker cannot be given more later, as a session can that goes on.
    pub is_final: bool,
    /// What its ticket may still cost, where that is bounded.
    pub at_most: Option<Usd>,
    /// Among how many workers what is free is shared where nothing is known, this one included.
    pub shares: usize,
}

/// What is left of the day's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// What nobody has spent or put aside.
    pub left: Usd,
    /// Whether live workers of other runs hold reservations.
    pub coming: bool,
}

/// What a live worker has cost so far.
#[derive(Clone, Copy, Debug)]
struct Live {
    so_far: Usd,
    /// Whether its model has a price: what it uses is unknown otherwise.
    priced: bool,
}

/// The money of a run.
#[derive(Clone, Debug)]
pub struct Budget {
    cap: Option<Usd>,
    day: Option<Day>,
    spent: Usd,
    reserved: BTreeMap<TicketId, Usd>,
    live: BTreeMap<TicketId, Live>,
    largest_turn: Usd,
}

impl Budget {
    /// A budget of which some was spent already.
    #[must_use]
    pub fn new(cap: Option<Usd>, spent: Usd) -> Self {
        Self {
            cap,
            day: None,
            spent,
            reserved: BTreeMap::new(),
            live: BTreeMap::new(),
            largest_turn: Usd::ZERO,
        }
    }

    /// What settled attempts cost.
    #[must_use]
    pub const fn spent(&self) -> Usd {
        self.spent
    }

    /// What was spent, live estimates included: a lower bound of the truth. A worker whose
    /// model has no price counts with its reservation.
    #[must_use]
    pub fn total(&self) -> Usd {
        let live = self.live.iter().map(|(ticket, live)| {
            let reserved = self.reserved.get(ticket).filter(|_| !live.priced);
            live.so_far.max(reserved.copied().unwrap_or_default())
        });
        self.spent + live.sum()
    }

    /// The cap.
    #[must_use]
    pub const fn cap(&self) -> Option<Usd> {
        self.cap
    }

    /// Notes what is left of the day's budget, which other runs use too.
    pub const fn note_day(&mut self, day: Day) {
        self.day = Some(day);
    }

    fn all_reserved(&self) -> Usd {
        self.reserved.values().copied().sum()
    }

    /// What can still be put aside; `None` without a cap.
    #[must_use]
    pub fn free(&self) -> Option<Usd> {
        let of_cap = self.cap.map(|cap| {
            cap.saturating_sub(self.spent)
                .saturating_sub(self.all_reserved())
        });
        let of_day = self.day.map(|day| day.left);
        of_cap.into_iter().chain(of_day).min()
    }

    /// Whether the day's budget leaves less than the run's own cap.
    #[must_use]
    pub fn is_bounded_by_day(&self) -> bool {
        let of_cap = (self.cap).map(|cap| cap.saturating_sub(self.spent + self.all_reserved()));
        self.day
            .is_some_and(|day| of_cap.is_none_or(|of_cap| day.left < of_cap))
    }

    /// Puts money aside for a ticket's next worker; where nothing is known of what it will
    /// need, an equal share of what is free, so that money alone keeps no place empty, and no
    /// less than what such work has cost. Without a cap nothing is put aside, but what the
    /// ticket may still cost is passed on. Where less is free and no other worker is live, what
    /// is left is given, if it pays for more than one turn.
    ///
    /// # Errors
    /// When there is not enough.
    pub fn reserve(
        &mut self,
        ticket: &TicketId,
        wish: Wish,
    ) -> Result<Option<Reservation>, Refusal> {
        if wish.at_most == Some(Usd::ZERO) {
            return Err(Refusal::Ticket);
        }
        let most = |amount: Usd| wish.at_most.map_or(amount, |most| amount.min(most));
        let Some(free) = self.free() else {
            return Ok(wish.at_most.map(|amount| Reservation {
                amount,
                limit: amount,
            }));
        };
        let at_least = wish.at_least.unwrap_or_default();
        let expected = wish.wanted.unwrap_or(free.share(wish.shares as u64));
        let mut wanted = expected.max(at_least);
        if wanted <= self.largest_turn {
            // A worker that cannot pay for a turn would be told to keep to nothing.
            wanted += self.largest_turn;
        }
        let wanted = most(wanted);
        let refusal = if !self.reserved.is_empty() {
            Refusal::Later
        } else if self.day.is_some_and(|day| day.coming) {
            Refusal::Elsewhere
        } else {
            Refusal::Reached
        };
        let does = free >= most(at_least) || !wish.is_final;
        let amount = if free >= wanted {
            wanted
        } else if refusal == Refusal::Reached && does {
            free
        } else {
            return Err(refusal);
        };
        let limit = amount.saturating_sub(self.largest_turn);
        if limit == Usd::ZERO {
            // What the ticket may still cost may be all that is wrong.
            return Err(match wish.at_most {
                Some(most) if most <= amount => Refusal::Ticket,
                _ => refusal,
            });
        }
        self.reserved.insert(ticket.clone(), amount);
        Ok(Some(Reservation { amount, limit }))
    }

    /// Puts aside again what was put aside for a worker that lives on under a new runner, and
    /// that was counted as spent until now.
    pub fn put_back(&mut self, ticket: &TicketId, amount: Usd) -> Reservation {
        self.spent = self.spent.saturating_sub(amount);
        self.reserved.insert(ticket.clone(), amount);
        Reservation {
            amount,
            limit: amount,
        }
    }

    /// Notes what a live worker has cost so far, by its partial usage, and the largest turn
    /// of it; nothing where its model has no price.
    pub fn observe(&mut self, ticket: &TicketId, so_far: Option<Usd>, turn: Usd) {
        let live = Live {
            so_far: so_far.unwrap_or_default(),
            priced: so_far.is_some(),
        };
        self.live.insert(ticket.clone(), live);
        self.largest_turn = self.largest_turn.max(turn);
    }

    /// Whether live spending has come to the cap, or to all that this run has of the day's
    /// budget, so that workers must be interrupted.
    #[must_use]
    pub fn crossed(&self) -> bool {
        let live: Usd = self.live.values().map(|live| live.so_far).sum();
        self.cap.is_some_and(|cap| self.spent + live >= cap)
            || self
                .day
                .is_some_and(|day| live > Usd::ZERO && live >= day.left + self.all_reserved())
    }

    /// A worker ended and cost `cost`: its reservation comes back.
    pub fn settle(&mut self, ticket: &TicketId, cost: Usd) {
        self.reserved.remove(ticket);
        self.live.remove(ticket);
        self.spent += cost;
    }
}

/// What a worker of a ticket is expected to need: the agent's limit, else three times the
/// median cost of that type of ticket; `None` where nothing is known.
#[must_use]
pub fn wanted(own_limit: Option<Usd>, costs_of_type: &[Usd]) -> Option<Usd> {
    own_limit.or_else(|| median(costs_of_type).map(|median| median * 3))
}

/// The median of those costs that are more than nothing, the higher of two.
#[must_use]
pub fn median(costs: &[Usd]) -> Option<Usd> {
    let told = costs.iter().copied().filter(|cost| *cost > Usd::ZERO);
    let mut costs: Vec<Usd> = told.collect();
    costs.sort_unstable();
    costs.get(costs.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usd(text: &str) -> Usd {
        Usd::parse(text).unwrap()
    }

    fn id(n: usize) -> TicketId {
        TicketId::parse(&format!("t{n}")).unwrap()
    }

    fn wish(wanted: Option<Usd>, shares: usize) -> Wish {
        Wish {
            wanted,
            shares,
            ..Wish::default()
        }
    }

    #[test]
    fn what_is_reserved_is_not_free_and_comes_back() {
        let mut budget = Budget::new(Some(usd("2")), Usd::ZERO);
        let first = budget
            .reserve(&id(1), wish(Some(usd("1.5")), 4))
            .unwrap()
            .unwrap();
        assert_eq!(first.limit, usd("1.5"));
        assert_eq!(
            budget.reserve(&id(2), wish(Some(usd("1")), 4)),
            Err(Refusal::Later)
        );
        budget.observe(&id(1), Some(usd("0.2")), usd("0.1"));
        budget.settle(&id(1), usd("0.3"));
        let second = budget
            .reserve(&id(2), wish(Some(usd("1")), 4))
            .unwrap()
            .unwrap();
        assert_eq!((second.amount, second.limit), (usd("1"), usd("0.9")));
        budget.settle(&id(2), usd("1.05"));
        let last = budget
            .reserve(&id(3), wish(Some(usd("1")), 4))
            .unwrap()
            .unwrap();
        assert_eq!(last.amount, usd("0.65"));
        budget.settle(&id(3), usd("0.65"));
        assert_eq!(
            budget.reserve(&id(4), wish(Some(usd("1")), 4)),
            Err(Refusal::Reached)
        );
    }

    #[test]
    fn expected_need_is_the_limit_else_the_median() {
        let costs = [usd("0.1"), usd("0.3"), usd("9")];
        assert_eq!(wanted(Some(usd("2")), &costs), Some(usd("2")));
        assert_eq!(wanted(None, &costs), Some(usd("0.9")));
        assert_eq!(wanted(None, &[]), None);
    }

    #[test]
    fn money_alone_keeps_no_place_empty() {
        let mut budget = Budget::new(Some(usd("6")), Usd::ZERO);
        for (n, share) in [(1, "2"), (2, "2"), (3, "2")] {
            let given = budget.reserve(&id(n), wish(None, 4 - n)).unwrap().unwrap();
            assert_eq!(given.amount, usd(share));
        }
        budget.settle(&id(1), usd("0.5"));
        let given = budget.reserve(&id(4), wish(None, 1)).unwrap().unwrap();
        assert_eq!(given.amount, usd("1.5"));
    }

    #[test]
    fn no_less_is_put_aside_than_such_work_has_cost() {
        let mut budget = Budget::new(Some(usd("4")), usd("1"));
        let learned = Wish {
            at_least: Some(usd("1.2")),
            ..wish(None, 4)
        };
        for n in [1, 2] {
            let given = budget.reserve(&id(n), learned).unwrap().unwrap();
            assert_eq!(given.amount, usd("1.2"));
        }
        assert_eq!(budget.reserve(&id(3), learned), Err(Refusal::Later));
        budget.settle(&id(1), usd("1.2"));
        budget.settle(&id(2), usd("1.2"));
        let of_command = Wish {
            is_final: true,
            ..learned
        };
        // What is left is not enough for one that cannot go on with more.
        assert_eq!(budget.reserve(&id(3), of_command), Err(Refusal::Reached));
        let given = budget.reserve(&id(3), learned).unwrap().unwrap();
        assert_eq!(given.amount, usd("0.6"));
    }

    proptest! {
        /// Workers that each cross their limit by at most one turn: the total never exceeds
        /// the cap by more than one turn a live worker.
        #[test]
        fn the_cap_holds(
            cap in 1u64..5_000_000_000,
            steps in prop::collection::vec(
                (0usize..8, 1u64..400_000_000, any::<bool>(), any::<bool>()),
                1..300,
            ),
        ) {
            let turn = Usd::from_nanos(100_000_000);
            let mut budget = Budget::new(Some(Usd::from_nanos(cap)), Usd::ZERO);
            let mut live: BTreeMap<usize, (Reservation, Usd)> = BTreeMap::new();
            let mut over = Usd::ZERO;
            for (n, cents, ends, known) in steps {
                if let Some((reservation, spent)) = live.get_mut(&n) {
                    if *spent < reservation.limit {
                        *spent += Usd::from_nanos(cents.min(turn.nanos()));
                        budget.observe(&id(n), Some(*spent), turn);
                    }
                    if ends || *spent >= reservation.limit {
                        let (_, spent) = live.remove(&n).unwrap();
                        budget.settle(&id(n), spent);
                    }
                } else if let Ok(Some(reservation)) =
                    budget.reserve(&id(n), wish(known.then(|| Usd::from_nanos(cents * 3)), 8))
                {
                    live.insert(n, (reservation, Usd::ZERO));
                }
                over = over.max(budget.total().saturating_sub(Usd::from_nanos(cap)));
                prop_assert!(over <= turn * 8);
            }
        }
    }
}
