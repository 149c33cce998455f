//! Times as queries name them: days, moments, and both by how far away they are.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span as Calendar, Timestamp};

use crate::model::{Span, moment_or_utc};

/// What a time is expected to look like.
pub(super) const EXPECTED: &str = "`2026-11-20`, `2026-11-20T08:30:00Z`, `today`, `tomorrow`, \
    `yesterday`, `now`, `-7d` or `+2w`";

/// A time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// That day.
    Day(Date),
    /// So many days from today.
    Near(i8),
    /// That moment.
    Moment(Timestamp),
    Now,
    /// So long ago.
    Ago(Span),
    /// In so long.
    Ahead(Span),
}

/// The moments that a time spans: the first, and the first that is none of them any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

const NEAR: [(&str, i8); 3] = [("yesterday", -1), ("today", 0), ("tomorrow", 1)];

impl When {
    /// The time that a word means.
    pub(super) fn parse(given: &str) -> Option<Self> {
        let word = given.trim().to_lowercase();
        if word == "now" {
            return Some(Self::Now);
        }
        if let Some((_, days)) = NEAR.iter().find(|(name, _)| *name == word) {
            return Some(Self::Near(*days));
        }
        if let Some(span) = word.strip_prefix('-') {
            return span.parse().ok().map(Self::Ago);
        }
        if let Some(span) = word.strip_prefix('+') {
            return span.parse().ok().map(Self::Ahead);
        }
        let given = given.trim();
        // A time reads as a day too, with its hour dropped.
        if given.len() <= "2026-11-20".len() {
            return given.parse().ok().map(Self::Day);
        }
        // Without a zone it is of the one that days are of.
        moment_or_utc(given).map(Self::Moment)
    }

    /// The day it is on, if time goes so far.
    pub(super) fn day(self, now: Timestamp) -> Option<Date> {
        let today = day_of(now);
        match self {
            Self::Day(day) => Some(day),
            Self::Near(days) => today.checked_add(Calendar::new().days(days)).ok(),
            Self::Moment(_) | Self::Now | Self::Ago(_) | Self::Ahead(_) => {
                self.moment(now).map(day_of)
            }
        }
    }

    /// The moments it spans: those of a day, those of the second that is written, or a single one.
    pub(super) fn extent(self, now: Timestamp) -> Option<Extent> {
        if matches!(self, Self::Day(_) | Self::Near(_)) {
            return Some(whole(self.day(now)?));
        }
        let start = self.moment(now)?;
        let length = match self {
            Self::Moment(at) if at.subsec_nanosecond() == 0 => SignedDuration::from_secs(1),
            _ => SignedDuration::from_nanos(1),
        };
        let end = start.checked_add(length).ok()?;
        Some(Extent { start, end })
    }

    /// The moments that are equal to it: those of its day, unless a moment is written. No two
    /// moments are the same, so who asks for `-1d` means the day.
    pub(super) fn equal(self, now: Timestamp) -> Option<Extent> {
        match self {
            Self::Moment(_) => self.extent(now),
            _ => Some(whole(self.day(now)?)),
        }
    }

    fn moment(self, now: Timestamp) -> Option<Timestamp> {
        let away = |span: Span| SignedDuration::try_from(span.duration()).ok();
        match self {
            Self::Moment(at) => Some(at),
            Self::Now => Some(now),
            Self::Ago(span) => now.checked_sub(away(span)?).ok(),
            Self::Ahead(span) => now.checked_add(away(span)?).ok(),
            Self::Day(_) | Self::Near(_) => None,
        }
    }
}

fn whole(day: Date) -> Extent {
    let next = day.tomorrow().map_or(Timestamp::MAX, start_of);
    Extent {
        start: start_of(day),
        end: next,
    }
}

/// The moment at which the day begins; of the last day, which begins after all moments that can
/// be written, the one before the last of them.
pub(super) fn start_of(day: Date) -> Timestamp {
    let last = || Timestamp::MAX - SignedDuration::from_nanos(1);
    day.to_zoned(TimeZone::UTC)
        .map_or_else(|_| last(), |start| start.timestamp())
}

/// Whether it would be a time but for how far away that is.
pub(super) fn is_too_far(given: &str) -> bool {
    let word = given.trim().to_lowercase();
    let Some(span) = word.strip_prefix(['-', '+']) else {
        return false;
    };
    // The form is what a short one has.
    let mut short = String::new();
    for letter in span.chars() {
        match letter {
            '0'..='9' if short.ends_with('1') => {}
            '0'..='9' => short.push('1'),
            _ => short.push(letter),
        }
    }
    short.parse::<Span>().is_ok()
}

pub(super) fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Near(days) => {
                let name = NEAR.iter().find(|(_, away)| away == days);
                f.write_str(name.map_or("today", |(name, _)| name))
            }
            Self::Moment(at) => at.fmt(f),
            Self::Now => f.write_str("now"),
            Self::Ago(span) => write!(f, "-{span}"),
            Self::Ahead(span) => write!(f, "+{span}"),
        }
    }
}
