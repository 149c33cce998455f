//! What `tk stats` prints.

use std::fmt::Write;

use super::terminal::{columns, fill, fit, safe};
use crate::wire::{Figures, StatsDocument};

/// The title's most columns.
const WIDEST_TITLE: usize = 40;

/// A table by ticket, one by agent, one by day, and a line of all together.
#[must_use]
pub fn tables(document: &StatsDocument) -> String {
    if document.runs == 0 {
        return "no run yet\n".to_owned();
    }
    let tickets = document.tickets.iter().map(|row| {
        let name = format!("{}  {}", safe(&row.id), fit(&row.title, WIDEST_TITLE));
        (name, &row.figures)
    });
    let agents = document.agents.iter();
    let agents = agents.map(|row| (safe(&row.agent).into_owned(), &row.figures));
    let days = document.days.iter();
    let days = days.map(|row| (row.day.clone(), &row.figures));
    let runs = if document.runs == 1 { "run" } else { "runs" };
    let total = [(format!("{} {runs}", document.runs), &document.total)];
    let mut out = String::new();
    table(&mut out, "TICKET", &tickets.collect::<Vec<_>>());
    table(&mut out, "AGENT", &agents.collect::<Vec<_>>());
    table(&mut out, "DAY", &days.collect::<Vec<_>>());
    table(&mut out, "ALL", &total);
    out
}

fn table(out: &mut String, name: &str, rows: &[(String, &Figures)]) {
    let head = [
        "COST",
        "IN",
        "OUT",
        "TIME",
        "RETRIES",
        "LANDED",
        "FAILED",
        "FIRST PASS",
    ];
    let cells = rows.iter().map(|(_, figures)| cells(figures));
    let cells: Vec<[String; 8]> = cells.collect();
    let widths = head.iter().enumerate().map(|(n, head)| {
        let widest = cells.iter().map(|row| row[n].len()).max().unwrap_or(0);
        widest.max(head.len())
    });
    let widths: Vec<usize> = widths.collect();
    let names = rows.iter().map(|(name, _)| columns(name)).max();
    let names = names.unwrap_or(0).max(name.len());
    if !out.is_empty() {
        out.push('\n');
    }
    let mut line = |name: &str, cells: &[&str]| {
        out.push_str(&fill(name, names));
        for (cell, width) in cells.iter().zip(&widths) {
            // Writing to a string cannot fail.
            let _ = write!(out, "  {cell:>width$}");
        }
        out.push('\n');
    };
    line(name, &head);
    for ((name, _), cells) in rows.iter().zip(&cells) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        line(name, &cells);
    }
}

fn cells(figures: &Figures) -> [String; 8] {
    let passed = figures
        .first_pass_rate
        .map_or_else(|| "-".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
    [
        figures
            .cost_usd
            .map_or_else(|| "unknown".to_owned(), |cost| format!("${cost:.2}")),
        figures.input_tokens.to_string(),
        figures.output_tokens.to_string(),
        time(figures.seconds),
        figures.retries.to_string(),
        figures.landed.to_string(),
        figures.failed.to_string(),
        passed,
    ]
}

fn time(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time that was measured"
    )]
    let seconds = seconds.round() as u64;
    format!(
        "{}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}
