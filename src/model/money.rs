//! Amounts of money, exact.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};
use std::str::FromStr;

/// An amount in US dollars, held in billionths so that sums of token prices are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(u64);

/// Why a number is not an amount of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an amount in dollars: expected a number from 0 to 1000000000, such as `2.50`"
)]
pub struct InvalidMoney(pub String);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    const NANOS: f64 = 1e9;

    /// The amount nearest to `dollars`.
    ///
    /// # Errors
    /// When it is negative, not finite, or above a billion.
    pub fn from_dollars(dollars: f64) -> Result<Self, InvalidMoney> {
        if !dollars.is_finite() || !(0.0..=1e9).contains(&dollars) {
            return Err(InvalidMoney(dollars.to_string()));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be from 0 to 1e18 billionths"
        )]
        Ok(Self((dollars * Self::NANOS).round() as u64))
    }

    /// The amount that `text` spells, with or without a leading `$`.
    ///
    /// # Errors
    /// When it is not a number, or out of range.
    pub fn parse(text: &str) -> Result<Self, InvalidMoney> {
        let number = text.trim().trim_start_matches('$');
        let dollars: f64 = number.parse().map_err(|_| InvalidMoney(text.to_owned()))?;
        Self::from_dollars(dollars).map_err(|_| InvalidMoney(text.to_owned()))
    }

    /// An amount of billionths of a dollar.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The amount in billionths of a dollar.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The amount in dollars, as near as a float can be.
    #[must_use]
    pub fn dollars(self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "amounts are far below 2^53 billionths"
        )]
        let nanos = self.0 as f64;
        nanos / Self::NANOS
    }

    /// This amount less `other`, or nothing where `other` is more.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// An equal share of this amount, rounded down; among nobody it is the whole.
    #[must_use]
    pub fn share(self, among: u64) -> Self {
        Self(self.0.checked_div(among).unwrap_or(self.0))
    }
}

impl FromStr for Usd {
    type Err = InvalidMoney;
    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        Self::parse(text)
    }
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for Usd {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// Dollars with at least two decimals and no more than needed: `0.42`, `0.0375`, `20.00`.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:09}", self.0 % 1_000_000_000);
        let kept = fraction.trim_end_matches('0').len().max(2);
        write!(f, "{}.{}", self.0 / 1_000_000_000, &fraction[..kept])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_with_the_decimals_it_has() {
        for (text, shown) in [
            ("0.42", "0.42"),
            ("20", "20.00"),
            ("$0.0375", "0.0375"),
            ("0", "0.00"),
        ] {
            assert_eq!(Usd::parse(text).unwrap().to_string(), shown);
        }
        for bad in ["-1", "nan", "inf", "1e12", "", "ten"] {
            assert!(Usd::parse(bad).is_err(), "{bad}");
        }
    }
}
