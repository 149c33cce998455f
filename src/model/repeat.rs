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
///
/// Months differ: what is due on the 31st is due on the 28th in February. So that it is due on
/// the 31st again in March, such a ticket says which day of the month is meant: `1mo@31`;
/// `1mo@31/` of the due day alone, `1mo@/31` of the one until which it is put off alone, and
/// `1mo@31/29` of both. A day that is not cut says so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Repeat {
    count: u32,
    unit: Unit,
    meant: Meant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// Days of the month that the ticket's own month has not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Meant {
    due: Option<i8>,
    defer: Option<i8>,
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
     one like `3d`, `2w`, `1mo`, `1y`, or `1mo@31` for the last day of shorter months"
)]
pub struct InvalidRepeat(pub String);

impl FromStr for Repeat {
    type Err = InvalidRepeat;

    fn from_str(text: &str) -> Result<Self, InvalidRepeat> {
        let word = text.trim().to_lowercase();
        let (often, meant) = match word.split_once('@') {
            Some((often, days)) => (often, Meant::read(days)),
            None => (&*word, Some(Meant::default())),
        };
        let end = often.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = often.split_at(end);
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
        let unit = unit.map(|(_, _, unit)| *unit);
        match (count, unit, meant) {
            (Some(count), Some(unit), Some(meant))
                if unit.has_months() || meant == Meant::default() =>
            {
                Ok(Self { count, unit, meant })
            }
            _ => Err(InvalidRepeat(super::printable(text))),
        }
    }
}

impl fmt::Display for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut units = UNITS.iter();
        let short = units.find(|(_, _, unit)| *unit == self.unit);
        let short = short.map_or("d", |(short, ..)| short);
        write!(f, "{}{short}", self.count)?;
        match (self.meant.due, self.meant.defer) {
            (None, None) => Ok(()),
            (Some(due), Some(defer)) if due == defer => write!(f, "@{due}"),
            (Some(due), None) => write!(f, "@{due}/"),
            (None, Some(defer)) => write!(f, "@/{defer}"),
            (Some(due), Some(defer)) => write!(f, "@{due}/{defer}"),
        }
    }
}

impl Unit {
    /// Whether its steps lead to days that a month may not have.
    const fn has_months(self) -> bool {
        matches!(self, Self::Month | Self::Year)
    }
}

impl Meant {
    /// `31`, `31/`, `/31` or `31/29`.
    fn read(days: &str) -> Option<Self> {
        let (due, defer) = days.split_once('/').unwrap_or((days, days));
        let day = |text: &str| match text {
            "" => Some(None),
            // No month lacks an earlier one.
            "29" => Some(Some(29)),
            "30" => Some(Some(30)),
            "31" => Some(Some(31)),
            _ => None,
        };
        let meant = Self {
            due: day(due)?,
            defer: day(defer)?,
        };
        (meant != Self::default()).then_some(meant)
    }
}

impl Repeat {
    /// The same, whatever days of the month are meant.
    #[must_use]
    pub const fn plain(self) -> Self {
        Self {
            meant: Meant {
                due: None,
                defer: None,
            },
            ..self
        }
    }

    /// The days of the month that are meant: that of the due day, and of the one until which it
    /// is put off.
    #[must_use]
    pub const fn meant(self) -> [Option<i8>; 2] {
        [self.meant.due, self.meant.defer]
    }

    /// The same, with these days of the month meant where its steps are of months.
    #[must_use]
    pub const fn meaning(self, [due, defer]: [Option<i8>; 2]) -> Self {
        match self.unit.has_months() {
            true => Self {
                meant: Meant { due, defer },
                ..self
            },
            false => self.plain(),
        }
    }

    /// How often as a number of a unit: `d`, `w`, `mo` or `y`.
    #[must_use]
    pub fn parts(self) -> (u32, &'static str) {
        let mut units = UNITS.iter();
        let short = units.find(|(_, _, unit)| *unit == self.unit);
        (self.count, short.map_or("d", |(short, ..)| short))
    }

    /// That day, so many steps on, and the day of the month that is meant where that is
    /// another. Where a month has no such day, its last.
    ///
    /// With `free`, nobody has said of what day of the month `from` is.
    fn day(
        self,
        from: Date,
        meant: Option<i8>,
        steps: u32,
        free: bool,
    ) -> Option<(Date, Option<i8>)> {
        let count = i64::from(self.count) * i64::from(steps);
        let span = match self.unit {
            Unit::Day => Calendar::new().try_days(count),
            Unit::Week => Calendar::new().try_weeks(count),
            Unit::Month => Calendar::new().try_months(count),
            Unit::Year => Calendar::new().try_years(count),
        };
        let moved = from.checked_add(span.ok()?).ok()?;
        if !self.unit.has_months() {
            return Some((moved, None));
        }
        // Of a day that is not its month's last somebody has said another since.
        let meant = meant.filter(|meant| free || fits(*meant, from));
        let meant = meant.unwrap_or(from.day());
        let day = meant.min(moved.days_in_month());
        let moved = moved.with().day(day).build().ok()?;
        Some((moved, (meant > day).then_some(meant)))
    }

    /// What the days that are meant and those of a ticket contradict each other in: the day that is
    /// meant, and the one that is none. Where the same day is meant of both, one of them suffices.
    #[must_use]
    pub fn contradicts(self, due: Option<Date>, defer: Option<Defer>) -> Option<(i8, Date)> {
        let defer = defer.map(|defer| match defer {
            Defer::Day(day) => day,
            Defer::At(at) => at.to_zoned(TimeZone::UTC).date(),
        });
        let days = [(self.meant.due, due), (self.meant.defer, defer)];
        let days = days.iter().filter_map(|(meant, day)| meant.zip(*day));
        let mut wrong = days.clone().filter(|(meant, day)| !fits(*meant, *day));
        if self.meant.due == self.meant.defer && days.clone().any(|(meant, day)| fits(meant, day)) {
            return None;
        }
        wrong.next()
    }

    fn defer(self, from: Defer, steps: u32, free: bool) -> Option<(Defer, Option<i8>)> {
        let meant = self.meant.defer;
        match from {
            Defer::Day(day) => {
                let (day, meant) = self.day(day, meant, steps, free)?;
                Some((Defer::Day(day), meant))
            }
            Defer::At(at) => {
                let at = at.to_zoned(TimeZone::UTC).datetime();
                let (day, meant) = self.day(at.date(), meant, steps, free)?;
                let zoned = day.to_datetime(at.time()).to_zoned(TimeZone::UTC).ok()?;
                Some((Defer::At(zoned.timestamp()), meant))
            }
        }
    }
}

/// Whether it is that day of the month, or its month's last where it has no such day.
fn fits(meant: i8, day: Date) -> bool {
    day.day() == meant.min(day.days_in_month())
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
        let is_due = self.defer_until.is_none() && self.due.is_some();
        let is_free = self.defer_until.is_none() && self.due.is_none();
        let is_ahead = |until: Defer| match until {
            Defer::Day(day) => day > today,
            Defer::At(at) => at > closed,
        };
        let mut again = repeat;
        if is_due {
            // It is put off until its due day.
            again.meant.defer = repeat.meant.due;
        } else if is_free {
            again.meant.defer = repeat.meant.defer.or(repeat.meant.due);
        }
        let mut steps = (1..=STEPS).map(|steps| Some((steps, again.defer(from, steps, is_free)?)));
        let (steps, (until, meant)) = steps.find_map(|step| match step {
            Some((steps, (until, meant))) => {
                is_ahead(until).then_some(Some((steps, (until, meant))))
            }
            None => Some(None),
        })??;
        again.meant.defer = meant;
        let mut next = Self::new(id, self.title.clone(), self.kind.clone(), status);
        let is_agent = |owner: &String| Actor::new(owner).is_agent();
        next.priority = self.priority;
        next.owner = self.owner.clone().filter(|owner| !is_agent(owner));
        next.parent.clone_from(&self.parent);
        next.labels.clone_from(&self.labels);
        next.requires = self.requires;
        next.estimate = self.estimate;
        next.related.clone_from(&self.related);
        again.meant.due = meant;
        if let Some(due) = self.due {
            let (due, meant) = repeat.day(due, repeat.meant.due, steps, false)?;
            next.due = Some(due);
            again.meant.due = meant;
        }
        next.defer_until = Some(until);
        next.repeat = Some(again);
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
    use proptest::prelude::*;

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
            ("monthly@31", "", "", "2026-12-31"),
            ("3mo@29", "", "", "2027-02-28"),
            ("1mo@30/", "", "", "2026-12-30"),
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
        for (text, shown) in [
            ("monthly@31", "1mo@31"),
            ("1Y@29", "1y@29"),
            ("3mo@/30", "3mo@/30"),
            (" 1mo@31/29 ", "1mo@31/29"),
            ("1mo@31/31", "1mo@31"),
            ("1mo@31/", "1mo@31/"),
        ] {
            assert_eq!(text.parse::<Repeat>().unwrap().to_string(), shown);
        }
        for bad in [
            "1mo@",
            "1mo@/",
            "1mo@28",
            "1mo@32",
            "1mo@31/2",
            "1w@31",
            "@31",
            "1mo@+31",
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

    /// The due days and those until which it is put off of a series, each closed on its due day.
    fn series(repeat: &str, due: &str, defer: &str, count: usize) -> Vec<String> {
        let mut ticket = Ticket::new(id("k7m"), "x".into(), "task".into(), StatusId::new("open"));
        ticket.repeat = Some(repeat.parse().unwrap());
        ticket.due = (!due.is_empty()).then(|| due.parse().unwrap());
        ticket.defer_until = (!defer.is_empty()).then(|| Defer::Day(defer.parse().unwrap()));
        let mut days = Vec::new();
        for _ in 0..count {
            let Some(Defer::Day(day)) = ticket.defer_until.or(ticket.due.map(Defer::Day)) else {
                panic!("no day");
            };
            let closed = day.to_zoned(TimeZone::UTC).unwrap().timestamp();
            let next = ticket.next(id("k7m-r2"), StatusId::new("open"), closed);
            ticket = next.unwrap();
            let Some(Defer::Day(until)) = ticket.defer_until else {
                panic!("not put off");
            };
            days.push(match ticket.due {
                Some(due) if due != until => format!("{until} {due}"),
                _ => until.to_string(),
            });
        }
        days
    }

    #[test]
    fn the_last_of_a_month_stays_the_last() {
        assert_eq!(
            series("monthly", "2026-12-31", "", 5),
            [
                "2027-01-31",
                "2027-02-28",
                "2027-03-31",
                "2027-04-30",
                "2027-05-31"
            ]
        );
        assert_eq!(
            series("monthly", "2027-01-31", "2027-01-29", 3),
            [
                "2027-02-28",
                "2027-03-29 2027-03-31",
                "2027-04-29 2027-04-30"
            ]
        );
        assert_eq!(
            series("3mo", "", "2026-11-30", 3),
            ["2027-02-28", "2027-05-30", "2027-08-30"]
        );
        assert_eq!(
            series("yearly", "2024-02-29", "", 4),
            ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]
        );
        // Said so from the first, and the last of every month.
        assert_eq!(
            series("monthly@31", "2027-02-28", "", 2),
            ["2027-03-31", "2027-04-30"]
        );
    }

    #[test]
    fn another_day_that_was_said_since_counts() {
        let mut ticket = Ticket::new(id("k7m"), "x".into(), "task".into(), StatusId::new("open"));
        ticket.repeat = Some("1mo@31".parse().unwrap());
        ticket.due = Some("2027-02-20".parse().unwrap());
        let closed = "2027-02-20T00:00:00Z".parse().unwrap();
        let next = ticket.next(id("k7m-r2"), StatusId::new("open"), closed);
        let next = next.unwrap();
        assert_eq!(next.due, Some("2027-03-20".parse().unwrap()));
        assert_eq!(next.repeat, Some("1mo".parse().unwrap()));
    }

    proptest! {
        /// However often it came and whenever it was closed, a day is as many steps from the
        /// first as if it had been counted from that.
        #[test]
        fn no_series_drifts(
            count in 1..30u32,
            yearly in any::<bool>(),
            due in proptest::option::of(0..1500i64),
            before in proptest::option::of(0..40i64),
            closed in proptest::collection::vec(0..400i64, 1..12),
        ) {
            let day = |days: i64| {
                let start: Date = "2023-01-01".parse().unwrap();
                start.checked_add(Calendar::new().days(days)).unwrap()
            };
            let mut ticket = Ticket::new(id("k7m"), "x".into(), "task".into(), StatusId::new("open"));
            let unit = if yearly { "y" } else { "mo" };
            ticket.repeat = Some(format!("{count}{unit}").parse().unwrap());
            ticket.due = due.map(day);
            ticket.defer_until = before.map(|before| Defer::Day(day(due.unwrap_or(700) - before)));
            if due.is_none() && before.is_none() {
                ticket.due = Some(day(30));
            }
            let first = ticket.clone();
            let on = |from: Date, steps: i64| match yearly {
                true => from.checked_add(Calendar::new().years(steps * i64::from(count))),
                false => from.checked_add(Calendar::new().months(steps * i64::from(count))),
            };
            for wait in closed {
                let from = match ticket.defer_until {
                    Some(Defer::Day(day)) => day,
                    _ => ticket.due.unwrap(),
                };
                let at = from.checked_add(Calendar::new().days(wait)).unwrap();
                let at = at.to_zoned(TimeZone::UTC).unwrap().timestamp();
                let Some(next) = ticket.next(id("k7m-r2"), StatusId::new("open"), at) else {
                    break;
                };
                ticket = next;
                // It is a text in between.
                ticket.repeat = ticket.repeat.map(|often| often.to_string().parse().unwrap());
                let Some(Defer::Day(until)) = ticket.defer_until else {
                    panic!("not put off");
                };
                let start = match first.defer_until {
                    Some(Defer::Day(day)) => day,
                    _ => first.due.unwrap(),
                };
                let steps = (1..=1500).find(|steps| on(start, *steps).is_ok_and(|day| day == until));
                let steps = steps.expect("no step leads there");
                prop_assert!(steps > 0);
                if let Some(due) = first.due {
                    prop_assert_eq!(ticket.due, on(due, steps).ok());
                }
            }
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
