//! Figures of tickets: counts, and what came and went by week. Pure: rows in, figures out.

use std::hash::Hash;

use hashbrown::HashMap;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::{Priority, Statuses};
use crate::wire::{AgeCount, AgedTicket, Count, Durations, EpicTally, TallyDocument, WeekTally};

const DAY: i64 = 24 * 60 * 60;

/// Where the ages of open work are divided, in days.
const AGES: [u64; 4] = [7, 28, 91, 182];

/// How many of the oldest are named.
const OLDEST: usize = 5;

/// What of a ticket is counted.
#[derive(Clone, Debug)]
pub struct Row<'t> {
    /// Its id.
    pub id: &'t str,
    /// Its title.
    pub title: &'t str,
    /// Its status.
    pub status: &'t str,
    /// Whether by its status it is over.
    pub done: bool,
    /// Its type.
    pub kind: &'t str,
    /// How urgent it is.
    pub priority: Priority,
    /// Who is responsible.
    pub owner: Option<&'t str>,
    /// The agent to run it with.
    pub agent: Option<&'t str>,
    /// The epic it is a part of.
    pub parent: Option<&'t str>,
    /// When it was filed.
    pub created: Option<Timestamp>,
    /// When work began.
    pub started: Option<Timestamp>,
    /// When it was closed.
    pub closed: Option<Timestamp>,
}

/// The weeks that are told of: from the one of the first day to that of `now`.
#[derive(Clone, Copy, Debug)]
pub struct Weeks {
    first: i64,
    count: usize,
    now: i64,
}

impl Weeks {
    /// So many weeks up to now, at least one.
    #[must_use]
    pub fn last(count: usize, now: Timestamp) -> Self {
        let (now, count) = (now.as_second(), count.max(1));
        Self {
            first: week(now) + 1 - i64::try_from(count).unwrap_or(1),
            count,
            now,
        }
    }

    /// The weeks since that day; `None` where it is still to come.
    #[must_use]
    pub fn since(day: Date, now: Timestamp) -> Option<Self> {
        let start = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let weeks = week(now.as_second()) - week(start.as_second()) + 1;
        let count = usize::try_from(weeks).ok().filter(|_| start <= now)?;
        Some(Self::last(count, now))
    }

    /// How many they are.
    #[must_use]
    pub const fn count(self) -> usize {
        self.count
    }

    /// The place of that moment's week; `None` before the first. What is still to come is of
    /// the last.
    fn place(self, at: Timestamp) -> Option<usize> {
        let weeks = usize::try_from(week(at.as_second()) - self.first).ok()?;
        Some(weeks.min(self.count - 1))
    }

    fn monday(self, place: usize) -> String {
        let weeks = self.first + i64::try_from(place).unwrap_or(0);
        // 1970 began on a Thursday.
        let seconds = (weeks * 7 - 3) * DAY;
        Timestamp::from_second(seconds).map_or_else(
            |_| String::new(),
            |start| start.to_zoned(TimeZone::UTC).date().to_string(),
        )
    }
}

/// The number of the week, which begins on Monday, since 1970.
const fn week(second: i64) -> i64 {
    (second.div_euclid(DAY) + 3).div_euclid(7)
}

/// The figures of these tickets, which come in the order of their ids.
#[must_use]
pub fn tally(rows: &[Row<'_>], statuses: &Statuses, weeks: Weeks) -> TallyDocument {
    let epics = Epics::of(rows);
    let work: Vec<&Row<'_>> = rows.iter().filter(|row| !epics.has(row)).collect();
    let done = rows.iter().filter(|row| row.done).count();
    let (ages, undated, oldest) = ages(&work, weeks.now);
    TallyDocument {
        schema: "tk.tally.v1",
        epic: None,
        unreadable: 0,
        total: rows.len(),
        open: rows.len() - done,
        done,
        statuses: by_status(rows, statuses),
        types: busiest(counts(rows, |row| Some(row.kind))),
        priorities: by_priority(rows),
        owners: busiest(counts(rows, |row| row.owner)),
        agents: busiest(counts(rows, |row| row.agent)),
        lead_time: durations(&work, weeks, |row| row.created),
        cycle_time: durations(&work, weeks, |row| row.started),
        weeks: by_week(&work, weeks),
        ages,
        undated,
        oldest,
        epics: epics.open(rows),
    }
}

/// How many are open and done, of each that `key` tells.
fn counts<'t, K: Hash + Eq>(
    rows: &'t [Row<'t>],
    key: impl Fn(&'t Row<'t>) -> K,
) -> HashMap<K, (usize, usize)> {
    let mut found: HashMap<K, (usize, usize)> = HashMap::new();
    for row in rows {
        let (open, done) = found.entry(key(row)).or_default();
        *(if row.done { done } else { open }) += 1;
    }
    found
}

fn count(name: Option<&str>, counted: Option<&(usize, usize)>) -> Count {
    let (open, done) = counted.copied().unwrap_or_default();
    Count {
        name: name.map(str::to_owned),
        open,
        done,
    }
}

/// Those with most open first, then by name.
fn busiest(counts: HashMap<Option<&str>, (usize, usize)>) -> Vec<Count> {
    let mut found: Vec<Count> = counts
        .iter()
        .map(|(name, counted)| count(*name, Some(counted)))
        .collect();
    found.sort_by(|a, b| (b.open, &a.name).cmp(&(a.open, &b.name)));
    found
}

fn by_status(rows: &[Row<'_>], statuses: &Statuses) -> Vec<Count> {
    let found = counts(rows, |row| row.status);
    let all = statuses.all().iter();
    all.map(|def| count(Some(def.id.as_str()), found.get(def.id.as_str())))
        .collect()
}

fn by_priority(rows: &[Row<'_>]) -> Vec<Count> {
    let found = counts(rows, |row| row.priority);
    let all = (0..).map_while(Priority::new);
    all.map(|priority| count(Some(&priority.to_string()), found.get(&priority)))
        .collect()
}

fn by_week(work: &[&Row<'_>], weeks: Weeks) -> Vec<WeekTally> {
    let mut told = vec![(0, 0); weeks.count];
    // What came before the first week, or at a time that is not known.
    let (mut opened_total, mut closed_total) = (0, 0);
    for row in work {
        match row.created.and_then(|at| weeks.place(at)) {
            Some(place) => told[place].0 += 1,
            None => opened_total += 1,
        }
        if row.done {
            match row.closed.and_then(|at| weeks.place(at)) {
                Some(place) => told[place].1 += 1,
                None => closed_total += 1,
            }
        }
    }
    let each = told.into_iter().enumerate();
    each.map(|(place, (opened, closed))| {
        opened_total += opened;
        closed_total += closed;
        WeekTally {
            monday: weeks.monday(place),
            opened,
            closed,
            opened_total,
            closed_total,
        }
    })
    .collect()
}

/// How long it took from that moment until they were closed, of those closed in these weeks.
fn durations(
    work: &[&Row<'_>],
    weeks: Weeks,
    from: impl Fn(&Row<'_>) -> Option<Timestamp>,
) -> Durations {
    let took = work.iter().filter_map(|row| {
        let closed = row
            .closed
            .filter(|at| row.done && weeks.place(*at).is_some())?;
        // Clocks that differ are no time that anything took.
        u64::try_from(closed.as_second() - from(row)?.as_second()).ok()
    });
    let mut took: Vec<u64> = took.collect();
    took.sort_unstable();
    let rank = |percent: usize| {
        let place = (took.len() * percent).div_ceil(100).checked_sub(1)?;
        took.get(place).copied()
    };
    Durations {
        tickets: took.len(),
        median_seconds: rank(50),
        p85_seconds: rank(85),
    }
}

fn ages(work: &[&Row<'_>], now: i64) -> (Vec<AgeCount>, usize, Vec<AgedTicket>) {
    let open = work.iter().filter(|row| !row.done);
    let days = |at: Timestamp| u64::try_from((now - at.as_second()) / DAY).unwrap_or(0);
    let mut undated = 0;
    let mut aged: Vec<(i64, &Row<'_>)> = Vec::new();
    let mut counted = [0; AGES.len() + 1];
    for row in open {
        match row.created {
            None => undated += 1,
            Some(at) => {
                counted[AGES.partition_point(|limit| *limit <= days(at))] += 1;
                aged.push((at.as_second(), row));
            }
        }
    }
    let oldest_first = |(at, row): &(i64, &Row<'_>)| (*at, row.id.to_owned());
    if aged.len() > OLDEST {
        aged.select_nth_unstable_by(OLDEST, |(a, one), (b, other)| {
            (a, one.id).cmp(&(b, other.id))
        });
        aged.truncate(OLDEST);
    }
    aged.sort_by_key(oldest_first);
    let oldest = aged.into_iter().map(|(at, row)| AgedTicket {
        id: row.id.to_owned(),
        title: row.title.to_owned(),
        days: u64::try_from((now - at) / DAY).unwrap_or(0),
    });
    let limits = AGES.iter().copied().map(Some).chain([None]);
    let starts = [0].into_iter().chain(AGES);
    let buckets = starts.zip(limits).zip(counted);
    let buckets = buckets.map(|((from_days, under_days), tickets)| AgeCount {
        from_days,
        under_days,
        tickets,
    });
    (buckets.collect(), undated, oldest.collect())
}

/// What is below each ticket that is a parent.
struct Epics<'t>(HashMap<&'t str, Below>);

#[derive(Default)]
struct Below {
    /// Where the epic itself is among the tickets.
    place: Option<usize>,
    done: usize,
    total: usize,
}

impl<'t> Epics<'t> {
    fn of(rows: &'t [Row<'t>]) -> Self {
        let place = |id: &str| rows.binary_search_by(|row| row.id.cmp(id)).ok();
        let mut below: HashMap<&str, Below> = HashMap::new();
        // What names itself as its parent is no epic by that.
        let parents = rows
            .iter()
            .filter_map(|row| row.parent.filter(|id| *id != row.id));
        for parent in parents {
            below.entry(parent).or_insert_with(|| Below {
                place: place(parent),
                ..Below::default()
            });
        }
        let mut passed = Vec::new();
        for row in rows {
            if row.kind == "epic" || below.contains_key(row.id) {
                continue;
            }
            passed.clear();
            let mut above = row.parent;
            while let Some(id) = above
                && !passed.contains(&id)
                && let Some(epic) = below.get_mut(id)
            {
                epic.total += 1;
                epic.done += usize::from(row.done);
                passed.push(id);
                above = epic.place.and_then(|place| rows[place].parent);
            }
        }
        Self(below)
    }

    fn has(&self, row: &Row<'_>) -> bool {
        row.kind == "epic" || self.0.contains_key(row.id)
    }

    fn open(&self, rows: &[Row<'_>]) -> Vec<EpicTally> {
        let open = rows.iter().filter(|row| self.has(row) && !row.done);
        open.map(|row| {
            let below = self.0.get(row.id);
            EpicTally {
                id: row.id.to_owned(),
                title: row.title.to_owned(),
                done: below.map_or(0, |below| below.done),
                total: below.map_or(0, |below| below.total),
            }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * DAY).unwrap()
    }

    /// Monday, 2026-11-23.
    const MONDAY: i64 = 20_780;

    #[test]
    fn weeks_begin_on_mondays() {
        let weeks = Weeks::last(3, at(MONDAY + 6));
        let mondays: Vec<_> = (0..3).map(|place| weeks.monday(place)).collect();
        assert_eq!(mondays, ["2026-11-09", "2026-11-16", "2026-11-23"]);
        for (day, place) in [
            (MONDAY - 15, None),
            (MONDAY - 14, Some(0)),
            (MONDAY - 1, Some(1)),
            (MONDAY, Some(2)),
            (MONDAY + 70, Some(2)),
        ] {
            assert_eq!(weeks.place(at(day)), place, "{day}");
        }
        let since = |day: &str| Weeks::since(day.parse().unwrap(), at(MONDAY)).map(Weeks::count);
        assert_eq!(since("2026-11-23"), Some(1));
        assert_eq!(since("2026-11-22"), Some(2));
        assert_eq!(since("2026-11-24"), None);
    }

    #[test]
    fn ranks_are_of_what_was_measured() {
        let row = |days: i64| Row {
            created: Some(at(MONDAY - days)),
            closed: Some(at(MONDAY)),
            done: true,
            ..plain("x")
        };
        let rows: Vec<_> = (1..=20).map(row).collect();
        let work: Vec<_> = rows.iter().collect();
        let told = durations(&work, Weeks::last(1, at(MONDAY)), |row| row.created);
        let days = |days: u64| Some(days * 86_400);
        assert_eq!(
            (told.tickets, told.median_seconds, told.p85_seconds),
            (20, days(10), days(17))
        );
        assert_eq!(
            durations(&[], Weeks::last(1, at(0)), |row| row.created),
            Durations::default()
        );
    }

    fn plain(id: &str) -> Row<'_> {
        Row {
            id,
            title: "x",
            status: "open",
            done: false,
            kind: "task",
            priority: Priority::default(),
            owner: None,
            agent: None,
            parent: None,
            created: None,
            started: None,
            closed: None,
        }
    }

    const IDS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

    fn arb_row() -> impl Strategy<Value = Row<'static>> {
        let time = || prop::option::of((MONDAY - 100..MONDAY + 20).prop_map(at));
        let word = || prop::option::of(prop::sample::select(&["ann", "bob", "cleo"][..]));
        let status = prop::sample::select(&["open", "in_progress", "closed"][..]);
        let kind = prop::sample::select(&["task", "bug", "epic"][..]);
        let parent = prop::option::of(prop::sample::select(&IDS[..]));
        let words = (word(), word(), parent, status, kind, 0..5_u8);
        (words, time(), time(), time()).prop_map(|(words, created, started, closed)| {
            let (owner, agent, parent, status, kind, priority) = words;
            Row {
                status,
                done: status == "closed",
                kind,
                priority: Priority::new(priority).unwrap(),
                owner,
                agent,
                parent,
                created,
                started,
                closed,
                ..plain("")
            }
        })
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole(mut rows in prop::collection::vec(arb_row(), 0..12), count in 1..20_usize) {
            for (row, id) in rows.iter_mut().zip(IDS) {
                row.id = id;
            }
            let statuses = Statuses::default();
            let told = tally(&rows, &statuses, Weeks::last(count, at(MONDAY)));
            prop_assert_eq!(told.total, rows.len());
            prop_assert_eq!(told.open + told.done, told.total);
            for counts in [&told.statuses, &told.types, &told.priorities, &told.owners, &told.agents] {
                let sum = |of: fn(&Count) -> usize| counts.iter().map(of).sum::<usize>();
                prop_assert_eq!((sum(|c| c.open), sum(|c| c.done)), (told.open, told.done));
            }
            let epics = rows.iter().filter(|row| {
                let is_child = |other: &Row<'_>| other.parent == Some(row.id) && other.id != row.id;
                row.kind == "epic" || rows.iter().any(is_child)
            });
            let epics: Vec<_> = epics.map(|row| row.id).collect();
            let work: Vec<_> = rows.iter().filter(|row| !epics.contains(&row.id)).collect();
            let done = work.iter().filter(|row| row.done).count();
            prop_assert_eq!(told.weeks.len(), count);
            let last = told.weeks.last().unwrap();
            prop_assert_eq!((last.opened_total, last.closed_total), (work.len(), done));
            for pair in told.weeks.windows(2) {
                prop_assert_eq!(pair[1].opened_total - pair[0].opened_total, pair[1].opened);
                prop_assert_eq!(pair[1].closed_total - pair[0].closed_total, pair[1].closed);
            }
            let aged: usize = told.ages.iter().map(|age| age.tickets).sum();
            prop_assert_eq!(aged + told.undated, work.len() - done);
            prop_assert!(told.oldest.len() <= OLDEST);
            for epic in &told.epics {
                prop_assert!(epics.contains(&epic.id.as_str()));
                prop_assert!(epic.done <= epic.total && epic.total <= work.len());
            }
            for times in [&told.lead_time, &told.cycle_time] {
                prop_assert_eq!(times.median_seconds.is_some(), times.tickets > 0);
                prop_assert!(times.median_seconds <= times.p85_seconds);
            }
        }
    }
}
