//! Aligning two lists: what stays, what goes, what comes.

/// What becomes of a list's elements, in the order of the new list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The old element of the first index becomes the new one of the second, at its place.
    Keep(usize, usize),
    /// The old element goes.
    Remove(usize),
    /// The new element comes; it was the old one of the other index, if there is one.
    Insert(usize, Option<usize>),
}

/// The steps from `old` to `new`. Elements that are equal in both and in the same order are
/// kept; an element that has gone and one that has come at the same place, neither of which
/// is in the other list, are one that was rewritten.
pub(super) fn align<T: PartialEq>(old: &[T], new: &[T]) -> Vec<Step> {
    let mut steps = Vec::new();
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    let settle = |gone: &mut Vec<usize>, come: &mut Vec<usize>, steps: &mut Vec<Step>| {
        let is_rewritten = |o: usize, n: usize| !new.contains(&old[o]) && !old.contains(&new[n]);
        let mut rest = gone.drain(..).peekable();
        for n in come.drain(..) {
            if let Some(o) = rest.next_if(|o| is_rewritten(*o, n)) {
                steps.push(Step::Keep(o, n));
            } else {
                let moved = old.iter().position(|item| *item == new[n]);
                steps.push(Step::Insert(n, moved));
            }
        }
        steps.extend(rest.map(Step::Remove));
    };
    let (mut o, mut n) = (0, 0);
    for (kept_old, kept_new) in common(old, new) {
        gone.extend(o..kept_old);
        come.extend(n..kept_new);
        settle(&mut gone, &mut come, &mut steps);
        steps.push(Step::Keep(kept_old, kept_new));
        (o, n) = (kept_old + 1, kept_new + 1);
    }
    gone.extend(o..old.len());
    come.extend(n..new.len());
    settle(&mut gone, &mut come, &mut steps);
    steps
}

/// The pairs of indices of a longest common subsequence.
fn common<T: PartialEq>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let old_mid = &old_rest[..old_rest.len() - tail];
    let new_mid = &new_rest[..new_rest.len() - tail];
    let mut lengths = vec![vec![0_usize; new_mid.len() + 1]; old_mid.len() + 1];
    for (i, a) in old_mid.iter().enumerate().rev() {
        for (j, b) in new_mid.iter().enumerate().rev() {
            lengths[i][j] = if a == b {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let mut pairs: Vec<_> = (0..head).map(|i| (i, i)).collect();
    let (mut i, mut j) = (0, 0);
    while i < old_mid.len() && j < new_mid.len() {
        if old_mid[i] == new_mid[j] {
            pairs.push((head + i, head + j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    let (old_tail, new_tail) = (head + old_mid.len(), head + new_mid.len());
    pairs.extend((0..tail).map(|i| (old_tail + i, new_tail + i)));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rewritten_element_keeps_its_place() {
        let steps = align(&["a", "b", "c"], &["a", "x", "c"]);
        assert_eq!(
            steps,
            [Step::Keep(0, 0), Step::Keep(1, 1), Step::Keep(2, 2)]
        );
    }

    #[test]
    fn a_moved_element_is_not_taken_for_a_rewritten_one() {
        let steps = align(&["a", "b"], &["b", "a"]);
        assert!(
            steps.contains(&Step::Insert(1, Some(0))) || steps.contains(&Step::Insert(0, Some(1)))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_steps_lead_to_the_new_list(old in prop::collection::vec(0..5_u8, 0..8), new in prop::collection::vec(0..5_u8, 0..8)) {
            let steps = align(&old, &new);
            let reached: Vec<_> = steps.iter().filter_map(|step| match step {
                Step::Keep(_, n) | Step::Insert(n, _) => Some(*n),
                Step::Remove(_) => None,
            }).collect();
            prop_assert_eq!(reached, (0..new.len()).collect::<Vec<_>>());
            let mut used: Vec<_> = steps.iter().filter_map(|step| match step {
                Step::Keep(o, _) | Step::Remove(o) => Some(*o),
                Step::Insert(..) => None,
            }).collect();
            prop_assert!(used.is_sorted());
            used.dedup();
            prop_assert_eq!(used.len(), old.len());
        }
    }
}
