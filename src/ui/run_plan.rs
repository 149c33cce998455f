//! What a run would do, and what it has done, as text.

use std::fmt::Write as _;

use super::terminal::{columns, cost, fill, plural, safe};
use crate::run::RunOutcome;
use crate::wire::{EventKind, Owed, PlanDocument, RunsDocument, Withdrawn};

/// The widest a column of titles gets.
const WIDEST_TITLE: usize = 40;

/// The most starts, and groups of clashing tickets, that are drawn; the most ids in a line.
const MOST_STARTS: usize = 200;
const MOST_CLASHES: usize = 20;
const MOST_NAMED: usize = 30;

/// What `tk run --plan` prints.
#[must_use]
pub fn draw(plan: &PlanDocument) -> String {
    let mut out = String::new();
    let cap = plan
        .max_cost_usd
        .map_or("no cap on cost".to_owned(), |cap| format!("cap ${cap:.2}"));
    let places = plural(plan.parallel, "place", "places");
    line(
        &mut out,
        format_args!(
            "{} onto {}: {places}, {cap}\n",
            safe(&plan.title),
            safe(&plan.onto)
        ),
    );
    if plan.waves.is_empty() {
        out.push_str("nothing to do: no ticket of the run is open\n");
        return out;
    }
    for (number, wave) in plan.waves.iter().enumerate() {
        line(
            &mut out,
            format_args!("wave {}  {}", number + 1, named(wave, "  ")),
        );
    }
    out.push_str("\nstarts\n");
    for start in plan.starts.iter().take(MOST_STARTS) {
        let reserved = start
            .reserved_usd
            .map_or(String::new(), |usd| format!("  ${usd:.2}"));
        let begins = if start.begins == "fresh" {
            ""
        } else {
            start.begins
        };
        line(
            &mut out,
            format_args!(
                "  {:>5}  {:<6} {}  ({}{}{begins}){reserved}",
                clock(start.start_minutes),
                start.id,
                safe(&start.title),
                safe(&start.agent),
                if begins.is_empty() { "" } else { ", " },
            ),
        );
        for check in &start.checks {
            line(
                &mut out,
                format_args!("                check: {}", safe(check)),
            );
        }
    }
    more(&mut out, plan.starts.len(), MOST_STARTS, "starts");
    line(
        &mut out,
        format_args!(
            "\nabout {} with {places}; critical path {} ({})",
            clock(plan.predicted_minutes),
            clock(plan.critical_path_minutes),
            named(&plan.critical_path_ids, " → ")
        ),
    );
    for clash in plan.clashes.iter().take(MOST_CLASHES) {
        line(
            &mut out,
            format_args!(
                "never at once: {} ({})",
                named(&clash.tickets, ", "),
                safe(&clash.why)
            ),
        );
    }
    more(&mut out, plan.clashes.len(), MOST_CLASHES, "such groups");
    if !plan.awaiting.is_empty() {
        line(
            &mut out,
            format_args!("awaiting people, not run: {}", named(&plan.awaiting, ", ")),
        );
    }
    if !plan.held.is_empty() {
        line(
            &mut out,
            format_args!("held by those or from outside: {}", named(&plan.held, ", ")),
        );
    }
    if let Some(free) = plan.disk_free_bytes {
        line(
            &mut out,
            format_args!("disk: {} MiB free", free / (1024 * 1024)),
        );
    }
    out
}

/// What a run came to, with what people can do next.
#[must_use]
pub fn ending(outcome: &RunOutcome) -> String {
    let mut out = String::new();
    let EventKind::RunFinished {
        landed,
        failed,
        awaiting,
        unstarted,
        waits,
        withdrawn,
        owed,
        cost_usd,
        reserved,
        why,
        ..
    } = &outcome.finished
    else {
        return out;
    };
    let mut list = |word: &str, ids: &[String], next: &str| {
        if !ids.is_empty() {
            line(
                &mut out,
                format_args!("{word:<12} {}{next}", named(ids, ", ")),
            );
        }
    };
    list("landed", landed, "");
    list(
        "failed",
        failed,
        "   see `tk log ID -v`; the next run tries again",
    );
    list("awaiting", awaiting, "");
    list("not done", unstarted, "");
    for (word, deleted) in [("closed", false), ("deleted", true)] {
        let of = withdrawn.iter().filter(|of| of.deleted == deleted);
        let of: Vec<String> = of.map(kept).collect();
        list(word, &of, "");
    }
    for waits in waits.iter().take(MOST_NAMED) {
        let (ticket, why) = (&waits.ticket, safe(&waits.why));
        line(&mut out, format_args!("{:<12} {ticket}: {why}", ""));
    }
    line(&mut out, format_args!("{:<12} {}", "cost", cost(*cost_usd)));
    if !reserved.is_empty() {
        let aside: f64 = reserved.iter().map(|of| of.cost_usd).sum();
        let tickets: Vec<String> = reserved.iter().map(|of| of.ticket.clone()).collect();
        line(
            &mut out,
            format_args!(
                "{:<12} {} of it was put aside for {}, whose workers did not tell what they spent: \
                 at most that",
                "",
                cost(Some(aside)),
                named(&tickets, ", ")
            ),
        );
    }
    if let Some(why) = why {
        line(&mut out, format_args!("{:<12} {}", "ended", safe(why)));
    }
    for owed in owed {
        line(&mut out, format_args!("\n{}", owes(owed)));
    }
    if let Some(command) = &outcome.kept {
        line(
            &mut out,
            format_args!("what has merged is on the run's branch alone; to land it: {command}"),
        );
    }
    if let Some((why, command)) = &outcome.unlanded {
        line(
            &mut out,
            format_args!(
                "not on your branch yet: {}\nwhen that is settled: {command}",
                safe(why)
            ),
        );
    }
    out
}

/// A ticket that is the run's no more, and where its work is.
fn kept(of: &Withdrawn) -> String {
    let branch = of.branch.as_ref();
    let kept = branch.map(|branch| format!(" (its work is kept on `{}`)", safe(branch)));
    format!("{}{}", of.ticket, kept.unwrap_or_default())
}

/// What a person owes a ticket: what, to which, and the commands that settle it.
fn owes(owed: &Owed) -> String {
    let by = owed.by.as_deref();
    let by = by.map_or_else(String::new, |by| format!(", asked by {}", safe(by)));
    let mut out = format!(
        "`{}` ({}) awaits {}{by}\n",
        owed.ticket,
        safe(&owed.title),
        safe(&owed.awaiting)
    );
    for said in owed.text.lines() {
        line(&mut out, format_args!("    {}", safe(said)));
    }
    let more = match owed.options {
        0 => "",
        _ => "   (a number, or a text)",
    };
    let _infallible = write!(out, "  {}{more}", owed.command);
    if let Some(refuse) = &owed.refuse {
        let _infallible = write!(out, "   or   {refuse}");
    }
    out
}

/// What `tk runs` prints.
#[must_use]
pub fn runs(document: &RunsDocument) -> String {
    let mut out = String::new();
    let titles = document.runs.iter().map(|run| columns(&run.title));
    let titles = titles.max().unwrap_or(0).min(WIDEST_TITLE);
    for run in &document.runs {
        line(
            &mut out,
            format_args!(
                "{}  {:<11} {}  {:<12} {}  {} landed  {}",
                run.run,
                safe(&run.state),
                run.started_at.strftime("%Y-%m-%d %H:%MZ"),
                safe(&run.key),
                fill(&run.title, titles),
                run.landed.len(),
                cost(run.cost_usd)
            ),
        );
        if !run.left.is_empty() {
            let workers = plural(run.left.len(), "worker lives on", "workers live on");
            line(
                &mut out,
                format_args!("{:26}  {workers}: `tk stop {}` ends that", "", run.run),
            );
        }
    }
    out
}

/// The ids, as many as a line holds.
fn named(ids: &[String], between: &str) -> String {
    let mut shown = ids.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>();
    if ids.len() > MOST_NAMED {
        shown.push(format!("… {} more", ids.len() - MOST_NAMED));
    }
    shown.join(between)
}

/// Says that there are more than were drawn.
fn more(out: &mut String, all: usize, most: usize, what: &str) {
    if let Some(more) = all.checked_sub(most).filter(|more| *more > 0) {
        line(
            out,
            format_args!("… and {more} more {what}, which `--json` has"),
        );
    }
}

fn clock(minutes: u64) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _infallible = writeln!(out, "{text}");
}
