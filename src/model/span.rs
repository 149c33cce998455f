//! Lengths of time as people write them: `45m`, `2h`, `1h30m`, `3d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time, in whole seconds. A day is 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

/// Why a text is not a length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a length of time: expected one like `45m`, `2h`, `1h30m` or `3d`")]
pub struct InvalidSpan(pub String);

const UNITS: [(char, u64); 5] = [
    ('w', 604_800),
    ('d', 86_400),
    ('h', 3_600),
    ('m', 60),
    ('s', 1),
];

impl Span {
    /// That many seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// That many minutes.
    #[must_use]
    pub const fn from_minutes(minutes: u64) -> Self {
        Self(minutes * 60)
    }

    /// The length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The length in minutes, rounded up.
    #[must_use]
    pub const fn minutes(self) -> u64 {
        self.0.div_ceil(60)
    }

    /// The length as the standard library's type.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        let fail = || InvalidSpan(text.chars().take(40).collect());
        let mut total = 0_u64;
        let mut digits = String::new();
        let mut smallest = u64::MAX;
        for c in text.trim().chars() {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            let seconds = UNITS
                .iter()
                .find(|(unit, _)| *unit == c)
                .map(|(_, s)| *s)
                .ok_or_else(fail)?;
            if seconds >= smallest {
                return Err(fail());
            }
            smallest = seconds;
            let count: u64 = digits.parse().map_err(|_| fail())?;
            total = count
                .checked_mul(seconds)
                .and_then(|s| total.checked_add(s))
                .ok_or_else(fail)?;
            digits.clear();
        }
        if smallest == u64::MAX || !digits.is_empty() || total > 10 * 366 * 86_400 {
            return Err(fail());
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        if rest == 0 {
            return f.write_str("0m");
        }
        // Weeks are read but not written: `7d` is what people expect to see again.
        for (unit, seconds) in &UNITS[1..] {
            if rest >= *seconds {
                write!(f, "{}{unit}", rest / seconds)?;
                rest %= seconds;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_shown() {
        for (text, shown) in [
            ("2h", "2h"),
            ("90m", "1h30m"),
            ("1h30m", "1h30m"),
            ("3d", "3d"),
            ("1w", "7d"),
            ("0m", "0m"),
            ("45s", "45s"),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), shown);
        }
        for bad in [
            "",
            "2",
            "h",
            "2x",
            "1m2h",
            "-1h",
            "1.5h",
            "99999999999999999999w",
            "20w20w",
        ] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}
