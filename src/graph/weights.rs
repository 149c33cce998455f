//! How long a ticket is taken to last.

use std::collections::BTreeMap;

use super::facts::Facts;
use crate::model::Span;

/// Minutes of a ticket of which nothing is known.
const DEFAULT_MINUTES: u64 = 60;

/// Every ticket's minutes: its estimate; else the median of what landed attempts at tickets
/// of its type took; else an hour.
pub(super) fn minutes(facts: &Facts<'_>) -> Vec<u64> {
    let mut measured: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut estimates: Vec<Option<Span>> = Vec::with_capacity(facts.len());
    for ticket in facts.tickets.iter() {
        let (estimate, landed) = ticket.times();
        if !landed.is_empty() {
            measured.entry(ticket.kind()).or_default().extend(landed);
        }
        estimates.push(estimate);
    }
    let usual: BTreeMap<&str, u64> = measured
        .into_iter()
        .filter_map(|(kind, seconds)| Some((kind, median(seconds)?.div_ceil(60))))
        .collect();
    facts
        .tickets
        .iter()
        .zip(estimates)
        .map(|(ticket, estimate)| match estimate {
            Some(estimate) => estimate.minutes(),
            None if usual.is_empty() => DEFAULT_MINUTES,
            None => *usual.get(ticket.kind()).unwrap_or(&DEFAULT_MINUTES),
        })
        .collect()
}

fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some(u64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![7]), Some(7));
        assert_eq!(median(vec![9, 1, 4]), Some(4));
        assert_eq!(median(vec![10, 1, 4, 8]), Some(6));
    }
}
