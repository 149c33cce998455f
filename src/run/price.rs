//! What tokens cost: for the estimate while a worker runs. The client's own figure settles it.

use std::collections::BTreeMap;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use crate::model::{Price, Usd};

/// Tokens, by what is paid for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Read.
    pub input: u64,
    /// Written.
    pub output: u64,
    /// Read and put into the cache.
    pub cache_write: u64,
    /// Read from the cache.
    pub cache_read: u64,
}

impl Usage {
    /// All that was read, from the cache or not.
    #[must_use]
    pub const fn read(&self) -> u64 {
        self.input
            .saturating_add(self.cache_write)
            .saturating_add(self.cache_read)
    }
}

impl Add for Usage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            cache_read: self.cache_read.saturating_add(other.cache_read),
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(usages: I) -> Self {
        usages.fold(Self::default(), Add::add)
    }
}

const fn price(input: f64, output: f64, cache_write: f64, cache_read: f64) -> Price {
    Price {
        input,
        output,
        cache_write,
        cache_read,
    }
}

/// What the client 2.1.197 counts for a million tokens of each kind, found by letting a
/// scripted endpoint report a million of one kind at a time to each of these models. It
/// counts the price of `claude-opus-4-8` for a model it does not know; here such a model has
/// none.
const SHIPPED: [(&str, Price); 14] = [
    ("claude-3-5-haiku", price(0.8, 4.0, 1.0, 0.08)),
    ("claude-3-7-sonnet", price(3.0, 15.0, 3.75, 0.3)),
    ("claude-fable-5", price(10.0, 50.0, 12.5, 1.0)),
    ("claude-haiku-4-5", price(1.0, 5.0, 1.25, 0.1)),
    ("claude-mythos-5", price(10.0, 50.0, 12.5, 1.0)),
    ("claude-opus-4-5", price(5.0, 25.0, 6.25, 0.5)),
    ("claude-opus-4-6", price(5.0, 25.0, 6.25, 0.5)),
    ("claude-opus-4-7", price(5.0, 25.0, 6.25, 0.5)),
    ("claude-opus-4-8", price(5.0, 25.0, 6.25, 0.5)),
    ("claude-sonnet-4", price(3.0, 15.0, 3.75, 0.3)),
    ("claude-sonnet-4-0", price(3.0, 15.0, 3.75, 0.3)),
    ("claude-sonnet-4-5", price(3.0, 15.0, 3.75, 0.3)),
    ("claude-sonnet-4-6", price(3.0, 15.0, 3.75, 0.3)),
    ("claude-sonnet-5", price(3.0, 15.0, 3.75, 0.3)),
];

/// Prices by model: the project's own, then the shipped ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    own: BTreeMap<String, Price>,
}

impl Prices {
    /// The shipped prices, with those of the project's configuration over them.
    #[must_use]
    pub const fn new(own: BTreeMap<String, Price>) -> Self {
        Self { own }
    }

    /// The price of a model's tokens. A name stands for its variants and dated releases too:
    /// `claude-opus-4-8` for `claude-opus-4-8[1m]` and `claude-opus-4-8-20260101`. The
    /// project's names are plain prefixes. The longest name that fits counts.
    #[must_use]
    pub fn of(&self, model: &str) -> Option<Price> {
        let own = self
            .own
            .iter()
            .filter(|(name, _)| model.starts_with(name.as_str()));
        if let Some((_, price)) = own.max_by_key(|(name, _)| name.len()) {
            return Some(*price);
        }
        SHIPPED
            .iter()
            .find(|(name, _)| model.strip_prefix(name).is_some_and(is_variant))
            .map(|(_, price)| *price)
    }

    /// What that much of a model's tokens costs; `None` for a model without a price.
    #[must_use]
    pub fn cost(&self, model: &str, usage: &Usage) -> Option<Usd> {
        let price = self.of(model)?;
        let parts = [
            (usage.input, price.input),
            (usage.output, price.output),
            (usage.cache_write, price.cache_write),
            (usage.cache_read, price.cache_read),
        ];
        let dollars = parts.iter().map(|(tokens, price)| {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53 tokens")]
            let tokens = *tokens as f64;
            tokens * price / 1e6
        });
        Usd::from_dollars(dollars.sum()).ok()
    }
}

/// Whether what follows a model's name names a variant or a date, not another version.
fn is_variant(rest: &str) -> bool {
    let is_date = |rest: &str| rest.len() == 8 && rest.bytes().all(|byte| byte.is_ascii_digit());
    let rest = rest.split_once('[').map_or(rest, |(rest, _)| rest);
    rest.is_empty()
        || rest
            .strip_prefix('-')
            .is_some_and(|rest| is_date(rest) || rest == "latest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_its_variants_but_not_for_other_versions() {
        let prices = Prices::default();
        for known in [
            "claude-opus-4-8",
            "claude-opus-4-8[1m]",
            "claude-sonnet-4-20250514",
            "claude-sonnet-4-5-20250929[1m]",
            "claude-3-5-haiku-latest",
        ] {
            assert!(prices.of(known).is_some(), "{known}");
        }
        for unknown in [
            "claude-opus-4-80",
            "claude-opus-4-8-fast",
            "claude-opus",
            "",
            "gpt",
        ] {
            assert!(prices.of(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn the_projects_prices_come_first_and_the_longest_name_counts() {
        let own = [("claude", 1.0), ("claude-opus", 2.0)]
            .map(|(name, input)| (name.to_owned(), price(input, 0.0, 0.0, 0.0)));
        let prices = Prices::new(own.into());
        assert_eq!(
            prices.of("claude-opus-4-8").map(|price| price.input),
            Some(2.0)
        );
        assert_eq!(
            prices.of("claude-sonnet-5").map(|price| price.input),
            Some(1.0)
        );
    }

    #[test]
    fn a_cost_is_the_sum_of_its_kinds() {
        let usage = Usage {
            input: 1_000,
            output: 200,
            cache_write: 400,
            cache_read: 10_000,
        };
        let cost = Prices::default().cost("claude-opus-4-8", &usage).unwrap();
        assert_eq!(cost.to_string(), "0.0175");
        assert_eq!(Prices::default().cost("other", &usage), None);
    }
}
