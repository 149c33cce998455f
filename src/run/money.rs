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

/// The money of a run.
#[derive(Clone, Debug)]
pub struct Budget {
    cap: Option<Usd>,
    spent: Usd,
    reserved: BTreeMap<TicketId, Usd>,
    live: BTreeMap<TicketId, Usd>,
    largest_turn: Usd,
}

impl Budget {
    /// A budget of which some was spent already.
    #[must_use]
    pub fn new(cap: Option<Usd>, spent: Usd) -> Self {
        Self {
            cap,
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

    /// What was spent, live estimates included: a lower bound of the truth.
    #[must_use]
    pub fn total(&self) -> Usd {
        self.spent + self.live.values().copied().sum()
    }

    /// The cap.
    #[must_use]
    pub const fn cap(&self) -> Option<Usd> {
        self.cap
    }

    /// What can still be put aside; `None` without a cap.
    #[must_use]
    pub fn free(&self) -> Option<Usd> {
        let reserved = self.reserved.values().copied().sum();
        self.cap
            .map(|cap| cap.saturating_sub(self.spent).saturating_sub(reserved))
    }

    /// Puts `wanted` aside for a ticket's next worker; where nothing is known of what it will
    /// need, an equal share of what is free for each of the `free_places`, so that money
    /// alone keeps no place empty. Without a cap nothing is put aside, but `own_limit`, the
    /// agent's own, is passed on. Where less is free and no other worker is live, what is
    /// left is given, if it pays for more than one turn.
    ///
    /// # Errors
    /// When there is not enough.
    pub fn reserve(
        &mut self,
        ticket: &TicketId,
        wanted: Option<Usd>,
        own_limit: Option<Usd>,
        free_places: usize,
    ) -> Result<Option<Reservation>, Refusal> {
        let Some(free) = self.free() else {
            return Ok(own_limit.map(|amount| Reservation {
                amount,
                limit: amount,
            }));
        };
        let wanted = wanted.unwrap_or_else(|| free.share(free_places as u64));
        let amount = if free >= wanted {
            wanted
        } else if self.reserved.is_empty() {
            free
        } else {
            return Err(Refusal::Later);
        };
        let limit = amount.saturating_sub(self.largest_turn);
        if amount == Usd::ZERO || limit == Usd::ZERO {
            return Err(if self.reserved.is_empty() {
                Refusal::Reached
            } else {
                Refusal::Later
            });
        }
        self.reserved.insert(ticket.clone(), amount);
        Ok(Some(Reservation { amount, limit }))
    }

    /// Notes what a live worker has cost so far, by its partial usage.
    pub fn observe(&mut self, ticket: &TicketId, so_far: Usd, turn: Usd) {
        self.live.insert(ticket.clone(), so_far);
        self.largest_turn = self.largest_turn.max(turn);
    }

    /// Whether live spending has come to the cap, so that workers must be interrupted.
    #[must_use]
    pub fn crossed(&self) -> bool {
        self.cap.is_some_and(|cap| self.total() >= cap)
    }

    /// A worker ended and cost `cost`: its reservation comes back.
    pub fn settle(&mut self, ticket: &TicketId, cost: Usd) {
        self.reserved.remove(ticket);
        self.live.remove(ticket);
        self.spent += cost;
    }
}

/// What a worker that told no cost is charged: its live estimate or its reservation,
/// whichever is larger.
#[must_use]
pub fn unreported(live: Usd, reservation: Option<Reservation>) -> Usd {
    reservation.map_or(live, |reservation| reservation.amount.max(live))
}

/// What a worker of a ticket is expected to need: the agent's limit, else three times the
/// median cost of that type of ticket; `None` where nothing is known.
#[must_use]
pub fn wanted(own_limit: Option<Usd>, costs_of_type: &[Usd]) -> Option<Usd> {
    own_limit.or_else(|| {
        let mut costs: Vec<Usd> = costs_of_type
            .iter()
            .copied()
            .filter(|cost| *cost > Usd::ZERO)
            .collect();
        costs.sort_unstable();
        costs.get(costs.len() / 2).map(|median| *median * 3)
    })
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

    #[test]
    fn what_is_reserved_is_not_free_and_comes_back() {
        let mut budget = Budget::new(Some(usd("2")), Usd::ZERO);
        let first = budget
            .reserve(&id(1), Some(usd("1.5")), None, 4)
            .unwrap()
            .unwrap();
        assert_eq!(first.limit, usd("1.5"));
        assert_eq!(
            budget.reserve(&id(2), Some(usd("1")), None, 4),
            Err(Refusal::Later)
        );
        budget.observe(&id(1), usd("0.2"), usd("0.1"));
        budget.settle(&id(1), usd("0.3"));
        let second = budget
            .reserve(&id(2), Some(usd("1")), None, 4)
            .unwrap()
            .unwrap();
        assert_eq!((second.amount, second.limit), (usd("1"), usd("0.9")));
        budget.settle(&id(2), usd("1.05"));
        let last = budget
            .reserve(&id(3), Some(usd("1")), None, 4)
            .unwrap()
            .unwrap();
        assert_eq!(last.amount, usd("0.65"));
        budget.settle(&id(3), usd("0.65"));
        assert_eq!(
            budget.reserve(&id(4), Some(usd("1")), None, 4),
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
            let given = budget.reserve(&id(n), None, None, 4 - n).unwrap().unwrap();
            assert_eq!(given.amount, usd(share));
        }
        budget.settle(&id(1), usd("0.5"));
        let given = budget.reserve(&id(4), None, None, 1).unwrap().unwrap();
        assert_eq!(given.amount, usd("1.5"));
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
                        budget.observe(&id(n), *spent, turn);
                    }
                    if ends || *spent >= reservation.limit {
                        let (_, spent) = live.remove(&n).unwrap();
                        budget.settle(&id(n), spent);
                    }
                } else if let Ok(Some(reservation)) =
                    budget.reserve(&id(n), known.then(|| Usd::from_nanos(cents * 3)), None, 8)
                {
                    live.insert(n, (reservation, Usd::ZERO));
                }
                over = over.max(budget.total().saturating_sub(Usd::from_nanos(cap)));
                prop_assert!(over <= turn * 8);
            }
        }
    }
}
