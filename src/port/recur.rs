//! How often tasks of taskwarrior come again.
//!
//! There, a template makes tasks as time goes by; here, the next ticket is made when one is
//! closed. So of the tasks of a template the last that is open comes again, and no other.

use std::collections::HashMap;

use super::imported::{Imported, Record};
use crate::format::Kept;
use crate::model::{Category, Repeat};

/// Its words for that, beside numbers of units.
const WORDS: &[(&str, &str)] = &[
    ("day", "1d"),
    ("week", "1w"),
    ("fortnight", "2w"),
    ("biweekly", "2w"),
    ("month", "1mo"),
    ("bimonthly", "2mo"),
    ("quarterly", "3mo"),
    ("semiannual", "6mo"),
    ("annual", "1y"),
    ("year", "1y"),
    ("biannual", "2y"),
    ("biyearly", "2y"),
];

/// Its names of units, and of how many of ours they are.
const UNITS: &[(&[&str], u32, &str)] = &[
    (&["d", "day", "days"], 1, "d"),
    (&["w", "wk", "wks", "week", "weeks"], 1, "w"),
    (&["mo", "mos", "mth", "mths", "month", "months"], 1, "mo"),
    (
        &["q", "qtr", "qtrs", "qrtr", "qrtrs", "quarter", "quarters"],
        3,
        "mo",
    ),
    (&["y", "yr", "yrs", "year", "years"], 1, "y"),
];

/// What a word of it means here, if anything.
pub(super) fn read(word: &str) -> Option<Repeat> {
    let word = word.trim().to_lowercase();
    if let Some((_, ours)) = WORDS.iter().find(|(theirs, _)| *theirs == word) {
        return ours.parse().ok();
    }
    // `P2W`, as ISO 8601 has it.
    let word = match word.strip_prefix('p') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            let months = rest.strip_suffix('m');
            months.map_or_else(|| rest.to_owned(), |count| format!("{count}mo"))
        }
        _ => word,
    };
    let end = word.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = word.split_at(end);
    if digits.is_empty() {
        return word.parse().ok();
    }
    let (_, times, ours) = UNITS.iter().find(|(names, ..)| names.contains(&unit))?;
    let count = digits.parse::<u32>().ok()?.checked_mul(*times)?;
    format!("{count}{ours}").parse().ok()
}

/// How often, as it has it.
pub(super) fn write(repeat: Repeat) -> String {
    let (count, unit) = repeat.parts();
    format!("{count}{unit}")
}

/// Has of the tasks of each template the last one alone come again, if it is open.
pub(super) fn settle(records: &mut [Record]) {
    let mut last: HashMap<String, (usize, bool)> = HashMap::new();
    for (place, record) in records.iter().enumerate() {
        let Record::Ticket(ticket) = record else {
            continue;
        };
        let Some(template) = template(ticket).filter(|_| !ticket.own) else {
            continue;
        };
        let is_later = last.get(template).is_none_or(|(before, _)| {
            let due = |record: &Record| match record {
                Record::Ticket(ticket) => ticket.ticket.due,
                _ => None,
            };
            due(&records[*before]) <= ticket.ticket.due
        });
        if is_later {
            let status = ticket.status.as_ref().and_then(|status| status.category);
            let is_open = status != Some(Category::Done);
            last.insert(template.to_owned(), (place, is_open));
        }
    }
    for (place, record) in records.iter_mut().enumerate() {
        if let Record::Ticket(ticket) = record
            && !ticket.own
        {
            let goes_on = template(ticket)
                .and_then(|template| last.get(template))
                .is_some_and(|(last, is_open)| *last == place && *is_open);
            if !goes_on {
                ticket.ticket.repeat = None;
            }
        }
    }
}

/// The template that made the task.
fn template(ticket: &Imported) -> Option<&str> {
    let (_, kept) = ticket.kept.iter().find(|(key, _)| key == "parent")?;
    match kept {
        Kept::Text(uuid) => Some(uuid),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_as_it_has_them() {
        for (theirs, ours) in [
            ("daily", "1d"),
            ("Weekly", "1w"),
            ("fortnight", "2w"),
            ("quarterly", "3mo"),
            ("yearly", "1y"),
            ("3d", "3d"),
            ("2 weeks", ""),
            ("3wks", "3w"),
            ("2q", "6mo"),
            ("1mth", "1mo"),
            ("P1M", "1mo"),
            ("P2W", "2w"),
            ("P1Y2M", ""),
            ("weekdays", ""),
            ("1h", ""),
            ("99999999999d", ""),
            ("", ""),
        ] {
            let read = read(theirs).map(|repeat| repeat.to_string());
            assert_eq!(read.unwrap_or_default(), ours, "{theirs}");
        }
        for ours in ["1d", "2w", "3mo", "1y"] {
            let repeat: Repeat = ours.parse().unwrap();
            assert_eq!(read(&write(repeat)), Some(repeat));
        }
    }
}
