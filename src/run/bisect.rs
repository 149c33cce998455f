//! Which of several branches to try together next, so that few gates tell the bad from the
//! good: pure, it knows neither tickets nor git.

/// A row of branches of which the first ones are tried together, and then, where those were
/// red, the first half of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bisect {
    /// How many are neither landed nor put aside.
    left: usize,
    /// How many of the first ones are known to be red together.
    red: Option<usize>,
}

impl Bisect {
    /// A row of that many.
    pub(super) const fn new(left: usize) -> Self {
        Self { left, red: None }
    }

    /// How many of the first ones to try together; none when nothing is left.
    pub(super) fn next(&self) -> Option<usize> {
        let size = self.red.map_or(self.left, |red| (red / 2).max(1));
        (size > 0).then_some(size)
    }

    /// The first ones passed together and are gone. What is left of those that were red with
    /// them is red on top of them: it is not tried as a whole again.
    pub(super) fn green(&mut self, size: usize) {
        self.left = self.left.saturating_sub(size);
        let red = self.red.map(|red| red.saturating_sub(size));
        self.red = red.filter(|red| *red > 0);
    }

    /// The first ones did not pass. A single one is put aside; of the others nothing is known.
    pub(super) fn red(&mut self, size: usize) {
        if size == 1 {
            self.leave_out();
        } else {
            self.red = Some(size);
        }
    }

    /// One is put aside untried.
    pub(super) fn leave_out(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.red = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What was landed, what was put aside, and how many gates that took.
    fn play(bad: &[bool]) -> (Vec<usize>, Vec<usize>, usize) {
        let mut row: Vec<usize> = (0..bad.len()).collect();
        let (mut landed, mut aside, mut gates) = (Vec::new(), Vec::new(), 0);
        let mut plan = Bisect::new(row.len());
        while let Some(size) = plan.next() {
            gates += 1;
            assert!(size <= row.len() && gates <= 4 * bad.len(), "{plan:?}");
            if row[..size].iter().any(|n| bad[*n]) {
                plan.red(size);
                if size == 1 {
                    aside.push(row.remove(0));
                }
            } else {
                plan.green(size);
                landed.extend(row.drain(..size));
            }
        }
        assert!(row.is_empty());
        (landed, aside, gates)
    }

    #[test]
    fn sixteen_good_ones_need_one_gate_and_one_bad_at_most_seven() {
        assert_eq!(play(&[false; 16]).2, 1);
        let gates = (0..16).map(|n| {
            let mut bad = [false; 16];
            bad[n] = true;
            let (landed, aside, gates) = play(&bad);
            assert_eq!((landed.len(), aside), (15, vec![n]));
            gates
        });
        assert_eq!(gates.max(), Some(7));
    }

    proptest! {
        /// Exactly the bad ones are put aside, the good ones land in order, and a bad one
        /// costs no more than a gate a halving, one for itself, and one for the rest.
        #[test]
        fn the_bad_are_isolated(bad in prop::collection::vec(prop::bool::weighted(0.2), 1..64)) {
            let (landed, aside, gates) = play(&bad);
            let of = |wanted| (0..bad.len()).filter(|n| bad[*n] == wanted).collect::<Vec<_>>();
            prop_assert_eq!(landed, of(false));
            let halvings = bad.len().next_power_of_two().trailing_zeros() as usize;
            prop_assert!(gates <= 1 + aside.len() * (halvings + 2));
            prop_assert_eq!(aside, of(true));
        }
    }
}
