//! How often a ticket comes again, and what comes after it.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span as Calendar, Timestamp};

use super::{Acceptance, Actor, Defer, StatusId, Subtask, Ticket, TicketId};

/// The most of a unit that a ticket may wait: no calendar goes much further.
const MOST: u32 = 1000;

/// The most characters of the part of an id that all tickets of a series share.
const ROOT: usize = 52;

/// The steps that are tried before a series is given up: those of 270 years of days.
const STEPS: u32 = 100_000;

/// How often a ticket comes again once it is closed: a number of days, weeks, months or years
/// of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Repeat {
    count: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Unit {
    Day,
    Week,
    Month,
    Year,
}

const UNITS: [(&str, &str, Unit); 4] = [
    ("d", "daily", Unit::Day),
    ("w", "weekly", Unit::Week),
    ("mo", "monthly", Unit::Month),
    ("y", "yearly", Unit::Year),
];

/// Why a text does not say how often.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not how often it comes again: expected `daily`, `weekly`, `monthly`, `yearly`, or \
     one like `3d`, `2w`, `1mo` or `1y`"
)]
pub struct InvalidRepeat(pub String);

impl FromStr for Repeat {
    type Err = InvalidRepeat;

    fn from_str(text: &str) -> Result<Self, InvalidRepeat> {
        let word = text.trim().to_lowercase();
        let end = word.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = word.split_at(end);
        let count = match digits {
            "" => Some(1),
            digits => digits
                .parse()
                .ok()
                .filter(|count| (1..=MOST).contains(count)),
        };
        let mut units = UNITS.iter();
        let unit = units.find(|(short, long, _)| match digits {
            "" => rest == *long,
            _ => rest == *short,
        });
        match (count, unit) {
            (Some(count), Some((_, _, unit))) => Ok(Self { count, unit: *unit }),
            _ => Err(InvalidRepeat(super::printable(text))),
        }
    }
}

impl fmt::Display for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut units = UNITS.iter();
        let short = units.find(|(_, _, unit)| *unit == self.unit);
        write!(
            f,
            "{}{}",
            self.count,
            short.map_or("d", |(short, ..)| short)
        )
    }
}

impl Repeat {
    /// That day, so many steps on. Where a month has no such day, its last.
    fn day(self, from: Date, steps: u32) -> Option<Date> {
        let count = i64::from(self.count) * i64::from(steps);
        let span = match self.unit {
            Unit::Day => Calendar::new().try_days(count),
            Unit::Week => Calendar::new().try_weeks(count),
            Unit::Month => Calendar::new().try_months(count),
            Unit::Year => Calendar::new().try_years(count),
        };
        from.checked_add(span.ok()?).ok()
    }

    fn defer(self, from: Defer, steps: u32) -> Option<Defer> {
        match from {
            Defer::Day(day) => self.day(day, steps).map(Defer::Day),
            Defer::At(at) => {
                let at = at.to_zoned(TimeZone::UTC).datetime();
                let moved = self.day(at.date(), steps)?.to_datetime(at.time());
                let zoned = moved.to_zoned(TimeZone::UTC).ok()?;
                Some(Defer::At(zoned.timestamp()))
            }
        }
    }
}

impl Ticket {
    /// The ticket that comes after this one, which was closed at `closed`, under that id and in
    /// that status; none where this one does not come again.
    ///
    /// It is put off: until its own due day, or as long before that as this one was; and what
    /// is past by then is left out, so that after a long absence one comes and not many. Nothing
    /// of it tells which way or when this one was closed but that, so that it is the same
    /// wherever that is done.
    #[must_use]
    pub fn next(&self, id: TicketId, status: StatusId, closed: Timestamp) -> Option<Self> {
        let repeat = self.repeat?;
        let today = closed.to_zoned(TimeZone::UTC).date();
        let from = self.defer_until.or(self.due.map(Defer::Day));
        let from = from.unwrap_or(Defer::Day(today));
        let is_ahead = |until: Defer| match until {
            Defer::Day(day) => day > today,
            Defer::At(at) => at > closed,
        };
        let mut steps = (1..=STEPS).map(|steps| Some((steps, repeat.defer(from, steps)?)));
        let (steps, until) = steps.find_map(|step| match step {
            Some((steps, until)) => is_ahead(until).then_some(Some((steps, until))),
            None => Some(None),
        })??;
        let mut next = Self::new(id, self.title.clone(), self.kind.clone(), status);
        let is_agent = |owner: &String| Actor::new(owner).is_agent();
        next.priority = self.priority;
        next.owner = self.owner.clone().filter(|owner| !is_agent(owner));
        next.parent.clone_from(&self.parent);
        next.labels.clone_from(&self.labels);
        next.requires = self.requires;
        next.estimate = self.estimate;
        next.related.clone_from(&self.related);
        next.due = match self.due {
            Some(due) => Some(repeat.day(due, steps)?),
            None => None,
        };
        next.defer_until = Some(until);
        next.repeat = self.repeat;
        next.recurs_from = Some(self.id.clone());
        next.agent.clone_from(&self.agent);
        next.model.clone_from(&self.model);
        next.lock.clone_from(&self.lock);
        next.checks.clone_from(&self.checks);
        next.touches.clone_from(&self.touches);
        next.created_at = Some(closed);
        next.created_by.clone_from(&self.created_by);
        next.description.clone_from(&self.description);
        let unmet = |item: &Acceptance| Acceptance {
            met: false,
            ..item.clone()
        };
        next.acceptance = self.acceptance.iter().map(unmet).collect();
        let to_do = |step: &Subtask| Subtask {
            done: false,
            ..step.clone()
        };
        next.subtasks = self.subtasks.iter().map(to_do).collect();
        Some(next)
    }
}

impl TicketId {
    /// The ids that the ticket after this one may have, in the order of preference: `k7m` is
    /// followed by `k7m-r2`, that by `k7m-r3`. They depend on nothing else, so that two clones
    /// that close the same ticket make one.
    pub fn followers(&self) -> impl Iterator<Item = Self> {
        let (root, number) = match self.as_str().rsplit_once("-r") {
            Some((root, number)) => (root, number.parse::<u32>().ok()),
            None => (self.as_str(), None),
        };
        let (root, number) = match number {
            Some(number) => (root, number),
            None => (self.as_str(), 1),
        };
        let root: String = root.chars().take(ROOT).collect();
        let root = root.trim_end_matches(['.', '-', '_']).to_owned();
        let numbers = number.saturating_add(1)..=u32::MAX;
        numbers.filter_map(move |number| Self::parse(&format!("{root}-r{number}")).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> TicketId {
        TicketId::parse(text).unwrap()
    }

    /// Until when the next is put off, and when it is due.
    fn after(repeat: &str, due: &str, defer: &str, closed: &str) -> String {
        let mut ticket = Ticket::new(id("k7m"), "x".into(), "task".into(), StatusId::new("open"));
        ticket.repeat = Some(repeat.parse().unwrap());
        ticket.due = (!due.is_empty()).then(|| due.parse().unwrap());
        ticket.defer_until = match defer {
            "" => None,
            text if text.len() > 10 => Some(Defer::At(text.parse().unwrap())),
            text => Some(Defer::Day(text.parse().unwrap())),
        };
        let closed = closed.parse().unwrap();
        let next = ticket
            .next(id("k7m-r2"), StatusId::new("open"), closed)
            .unwrap();
        let until = match next.defer_until.unwrap() {
            Defer::Day(day) => day.to_string(),
            Defer::At(at) => at.to_string(),
        };
        match next.due {
            Some(due) => format!("{until} {due}"),
            None => until,
        }
    }

    #[test]
    fn by_the_calendar_and_never_in_the_past() {
        let at = "2026-11-20T08:38:50Z";
        for (repeat, due, defer, expected) in [
            ("daily", "", "", "2026-11-21"),
            ("2w", "", "", "2026-12-04"),
            ("weekly", "2026-11-20", "", "2026-11-27 2026-11-27"),
            // Closed before it was due: the next is the one after that.
            ("weekly", "2026-11-24", "", "2026-12-01 2026-12-01"),
            // After a long absence there is one, on the same day of the week.
            ("weekly", "2025-01-03", "", "2026-11-27 2026-11-27"),
            (
                "monthly",
                "2026-10-31",
                "2026-10-28",
                "2026-11-28 2026-11-30",
            ),
            ("1mo", "2026-01-31", "", "2026-11-30 2026-11-30"),
            ("1y", "2024-02-29", "", "2027-02-28 2027-02-28"),
            ("4y", "2024-02-29", "", "2028-02-29 2028-02-29"),
            ("1d", "", "2026-11-19T08:00:00Z", "2026-11-21T08:00:00Z"),
            ("1d", "", "2026-11-19T09:00:00Z", "2026-11-20T09:00:00Z"),
        ] {
            assert_eq!(
                after(repeat, due, defer, at),
                expected,
                "{repeat} {due} {defer}"
            );
        }
    }

    #[test]
    fn read_and_shown() {
        for (text, shown) in [
            ("daily", "1d"),
            (" Weekly ", "1w"),
            ("monthly", "1mo"),
            ("yearly", "1y"),
            ("10d", "10d"),
            ("3mo", "3mo"),
        ] {
            assert_eq!(text.parse::<Repeat>().unwrap().to_string(), shown);
        }
        for bad in [
            "",
            "d",
            "0d",
            "1m",
            "1h",
            "2weekly",
            "1w2d",
            "-1d",
            "1001d",
            "99999999999d",
        ] {
            assert!(bad.parse::<Repeat>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_follow_from_ids() {
        let next = |text: &str| id(text).followers().next().unwrap().to_string();
        assert_eq!(next("k7m"), "k7m-r2");
        assert_eq!(next("k7m-r2"), "k7m-r3");
        assert_eq!(next("bd-a3f8.1"), "bd-a3f8.1-r2");
        assert_eq!(next("nw-rx"), "nw-rx-r2");
        let long = next(&"a".repeat(64));
        assert_eq!(long, format!("{}-r2", "a".repeat(52)));
    }

    #[test]
    fn nothing_comes_after_what_does_not_come_again_or_after_the_end_of_time() {
        let mut ticket = Ticket::new(id("k7m"), "x".into(), "task".into(), StatusId::new("open"));
        let at: Timestamp = "2026-11-20T08:38:50Z".parse().unwrap();
        let next = |ticket: &Ticket| ticket.next(id("k7m-r2"), StatusId::new("open"), at);
        assert_eq!(next(&ticket), None);
        ticket.repeat = Some("1000y".parse().unwrap());
        ticket.due = Some("9500-01-01".parse().unwrap());
        assert_eq!(next(&ticket), None);
    }
}
