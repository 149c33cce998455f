//! What `tk stats` prints about tickets.

use std::fmt::Write;

use super::terminal::{columns, fill, fit, plural, safe};
use crate::wire::{Count, Durations, TallyDocument};

/// The columns of a bar.
const BAR: usize = 30;

/// The most lines of a table.
const MOST: usize = 20;

/// The most columns of a name or title.
const WIDEST: usize = 40;

/// Counts in tables, then what came and went by week with a chart of it, times, ages, epics.
#[must_use]
pub fn figures(document: &TallyDocument) -> String {
    match &document.epic {
        None if document.total == 0 => {
            return match document.unreadable {
                0 => "no ticket yet\n".to_owned(),
                count => format!(
                    "no ticket that can be read: {} cannot, and `tk doctor` tells what to do\n",
                    plural(count, "file", "files")
                ),
            };
        }
        Some(epic) if document.total == 0 => {
            return format!("nothing is below `{}`\n", safe(epic));
        }
        _ => {}
    }
    let (open, done) = (document.open, document.done);
    let total = plural(document.total, "ticket", "tickets");
    let mut out = format!("{total}: {open} open, {done} done\n");
    for (name, counts) in [
        ("STATUS", &document.statuses),
        ("TYPE", &document.types),
        ("PRIORITY", &document.priorities),
        ("OWNER", &document.owners),
        ("AGENT", &document.agents),
    ] {
        table(&mut out, name, counts);
    }
    weeks(&mut out, document);
    // Writing to a string cannot fail.
    let _ = writeln!(out, "\nlead time   {}", durations(&document.lead_time));
    let _ = writeln!(out, "cycle time  {}", durations(&document.cycle_time));
    ages(&mut out, document);
    epics(&mut out, document);
    out
}

fn table(out: &mut String, name: &str, counts: &[Count]) {
    if counts.iter().all(|count| count.name.is_none()) {
        return;
    }
    let shown = |count: &Count| {
        let name = count.name.as_deref().unwrap_or("(none)");
        fit(name, WIDEST)
    };
    let names = counts.iter().take(MOST).map(|count| columns(&shown(count)));
    let width = names.max().unwrap_or(0).max(name.len());
    // Writing to a string cannot fail.
    let _ = writeln!(out, "\n{name:width$}    OPEN    DONE");
    for count in counts.iter().take(MOST) {
        let name = fill(&shown(count), width);
        let _ = writeln!(out, "{name}  {:>6}  {:>6}", count.open, count.done);
    }
    more(out, counts.len());
}

fn weeks(out: &mut String, document: &TallyDocument) {
    let most = document.weeks.last().map_or(0, |week| week.opened_total);
    // Writing to a string cannot fail.
    let _ = writeln!(out, "\nWEEK        OPENED  CLOSED  CLOSED OF ALL");
    for week in &document.weeks {
        let bar = bar(week.closed_total, week.opened_total, most);
        let _ = writeln!(
            out,
            "{}  {:>6}  {:>6}  {bar}  {} of {}",
            week.monday, week.opened, week.closed, week.closed_total, week.opened_total
        );
    }
}

/// The first `done` of `all`, filled, in a bar that is as long as `most`.
fn bar(done: usize, all: usize, most: usize) -> String {
    let length = |count: usize| (count * BAR).checked_div(most).unwrap_or(0).min(BAR);
    let (done, all) = (length(done), length(all));
    let (open, rest) = (all.saturating_sub(done), BAR - all.max(done));
    format!(
        "{}{}{}",
        "█".repeat(done),
        "░".repeat(open),
        " ".repeat(rest)
    )
}

fn durations(times: &Durations) -> String {
    match (times.median_seconds, times.p85_seconds) {
        (Some(median), Some(most)) => format!(
            "median {}, 85 % within {} ({})",
            time(median),
            time(most),
            plural(times.tickets, "ticket", "tickets")
        ),
        _ => "of nothing that was closed in these weeks".to_owned(),
    }
}

/// The time in its largest unit, with a digit after the point.
fn time(seconds: u64) -> String {
    let (unit, name) = match seconds {
        0..3_600 => (60, "min"),
        3_600..172_800 => (3_600, "h"),
        _ => (86_400, "d"),
    };
    let tenths = seconds.saturating_mul(10) / unit;
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

fn ages(out: &mut String, document: &TallyDocument) {
    out.push_str("\nAGE OF OPEN WORK\n");
    for age in &document.ages {
        let name = match age.under_days {
            Some(under) => format!("{} to {} days", age.from_days, under - 1),
            None => format!("{} days and more", age.from_days),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{name:18}  {:>6}", age.tickets);
    }
    if document.undated > 0 {
        let _ = writeln!(out, "{:18}  {:>6}", "not known", document.undated);
    }
    for ticket in &document.oldest {
        let days = plural(
            usize::try_from(ticket.days).unwrap_or(usize::MAX),
            "day",
            "days",
        );
        let (id, title) = (safe(&ticket.id), fit(&ticket.title, WIDEST));
        let _ = writeln!(out, "  {days}: {id}  {title}");
    }
}

fn epics(out: &mut String, document: &TallyDocument) {
    if document.epics.is_empty() {
        return;
    }
    out.push_str("\nOPEN EPICS\n");
    let shown = || document.epics.iter().take(MOST);
    let widest = shown().map(|epic| columns(&safe(&epic.id))).max();
    for epic in shown() {
        let percent = (epic.done * 100).checked_div(epic.total);
        let percent = percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent} %"));
        let bar = bar(epic.done, epic.total, epic.total);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{}  {bar}  {percent:>5}  {} of {}  {}",
            fill(&epic.id, widest.unwrap_or(0)),
            epic.done,
            epic.total,
            fit(&epic.title, WIDEST)
        );
    }
    more(out, document.epics.len());
}

/// Says that there are more than are shown.
fn more(out: &mut String, count: usize) {
    if let Some(more) = count.checked_sub(MOST).filter(|more| *more > 0) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "… {more} more, which `--json` has");
    }
}
