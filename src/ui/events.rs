//! A run's events as lines of text, live and replayed alike.

use anstyle::{AnsiColor, Style};

use super::terminal::{columns, cost, fit, plural, safe};
use crate::model::Span;
use crate::wire::{Event, EventKind, RunEnd};

/// How much of what a worker does fits beside its bar.
const SHORT: usize = 100;

/// The event as a line: time, ticket, what happened; cut to so many columns where that is given.
#[must_use]
pub fn line(event: &Event, width: Option<usize>) -> String {
    let (style, word, text) = parts(&event.kind);
    let time = event.at.strftime("%H:%M:%SZ");
    let ticket = event.ticket.as_deref().unwrap_or("run");
    let start = format!("{time}  {:<6} ", safe(ticket));
    let space = if text.is_empty() { "" } else { "  " };
    let text = match width {
        Some(width) => {
            let taken = columns(&start) + columns(&format!("{word:<9}{space}"));
            fit(&text, width.saturating_sub(taken))
        }
        None => text,
    };
    format!("{start}{style}{word:<9}{style:#}{space}{text}")
}

/// What there is to the event beyond its line, for whoever asks for more: what a red check printed,
/// and the further lines of a reason. Indented; its last line is ended.
#[must_use]
pub fn more(event: &Event) -> String {
    let text = match &event.kind {
        EventKind::CheckFailed { output, .. } => output.trim(),
        EventKind::Failed { reason, .. } | EventKind::Retry { reason, .. } => {
            let lines = reason.trim().split_once('\n');
            lines.map_or("", |(_, rest)| rest)
        }
        _ => "",
    };
    let lines = text.lines();
    lines.map(|line| format!("    {}\n", safe(line))).collect()
}

/// Whether the event tells what a worker does meanwhile, rather than what came of it.
#[must_use]
pub const fn is_detail(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Thought { .. }
            | EventKind::Read { .. }
            | EventKind::Edit { .. }
            | EventKind::Create { .. }
            | EventKind::Command { .. }
            | EventKind::Say { .. }
            | EventKind::Session { .. }
            | EventKind::Cost { .. }
            | EventKind::CheckStarted { .. }
    )
}

/// What a worker is doing, for its progress line.
#[must_use]
pub fn doing(kind: &EventKind) -> Option<String> {
    let (_, word, text) = parts(kind);
    match kind {
        EventKind::Cost { .. } | EventKind::Warning { .. } => None,
        _ => Some(format!("{word} {}", fit(&text, SHORT))),
    }
}

fn parts(kind: &EventKind) -> (Style, &'static str, String) {
    let plain = Style::new();
    let good = AnsiColor::Green.on_default();
    let bad = AnsiColor::Red.on_default();
    let people = AnsiColor::Yellow.on_default();
    let quiet = Style::new().dimmed();
    match kind {
        EventKind::RunStarted {
            title,
            branch,
            onto,
            parallel,
            max_cost_usd,
            resumed,
            ..
        } => {
            let cap = max_cost_usd.map_or_else(String::new, |cap| format!(", cap ${cap:.2}"));
            let again = if *resumed {
                ", going on after an interruption"
            } else {
                ""
            };
            let places = plural(*parallel, "place", "places");
            let text = format!(
                "{} on {} for {}, {places}{cap}{again}",
                short(title),
                safe(branch),
                safe(onto)
            );
            (good, "started", text)
        }
        EventKind::Plan {
            waves,
            critical_path_ids,
            predicted_minutes,
            awaiting,
            held,
            ..
        } => {
            let tickets: usize = waves.iter().map(Vec::len).sum();
            let mut text = match tickets {
                0 => "nothing to do: no ticket of the run is open".to_owned(),
                _ => format!(
                    "{} in {}, critical path {}",
                    plural(tickets, "ticket", "tickets"),
                    plural(waves.len(), "wave", "waves"),
                    critical_path_ids.join(" → "),
                ),
            };
            if *predicted_minutes > 0 {
                text.push_str(&format!(
                    ", about {}",
                    Span::from_minutes(*predicted_minutes)
                ));
            }
            if !awaiting.is_empty() {
                text.push_str(&format!("; awaiting people: {}", awaiting.join(", ")));
            }
            if !held.is_empty() {
                text.push_str(&format!("; held: {}", held.join(", ")));
            }
            (plain, "plan", text)
        }
        EventKind::TicketStarted {
            title,
            attempt,
            agent,
            ..
        } => {
            let again = if *attempt > 1 {
                format!(", attempt {attempt}")
            } else {
                String::new()
            };
            (
                plain,
                "started",
                format!("{} ({}{again})", short(title), safe(agent)),
            )
        }
        EventKind::Session {
            session,
            model,
            resumed,
            ..
        } => {
            let word = if *resumed { "resumed" } else { "session" };
            let model = model
                .as_deref()
                .map_or(String::new(), |model| format!(" {}", safe(model)));
            (quiet, word, format!("{}{model}", safe(session)))
        }
        EventKind::Thought { text } => (quiet, "thinks", short(text)),
        EventKind::Read { path } => (quiet, "reads", short(path)),
        EventKind::Edit { path } => (quiet, "edits", short(path)),
        EventKind::Create { path } => (quiet, "creates", short(path)),
        EventKind::Command { command } => (quiet, "runs", short(command)),
        EventKind::Say { text } => (quiet, "says", short(text)),
        EventKind::Ask { question, .. } => (people, "asks", short(question)),
        EventKind::Answer { text } => (people, "answer", short(text)),
        EventKind::Permission {
            tool,
            request,
            allowed,
        } => {
            let word = if *allowed { "allowed" } else { "denied" };
            (people, word, format!("{} {}", safe(tool), short(request)))
        }
        EventKind::Retry { class, reason } => (
            people,
            "retry",
            format!("{}: {}", safe(class), short(reason)),
        ),
        EventKind::Cost {
            cost_usd,
            total_usd,
            ..
        } => (
            quiet,
            "cost",
            format!("{}, the run ${total_usd:.4}", cost(*cost_usd)),
        ),
        EventKind::Parked { reason } => (people, "parked", short(reason)),
        EventKind::Resumed { reason } => (plain, "resumed", short(reason)),
        EventKind::Batch { tickets } => (plain, "together", short(&tickets.join(", "))),
        EventKind::CheckStarted { command } => (quiet, "checking", short(command)),
        EventKind::CheckPassed { command, seconds } => (
            good,
            "passed",
            format!("{} ({seconds:.1} s)", short(command)),
        ),
        EventKind::CheckFailed {
            command, status, ..
        } => (bad, "red", format!("{}: {}", short(command), safe(status))),
        EventKind::MergeConflict { paths } => (bad, "conflict", short(&paths.join(", "))),
        EventKind::Clash { with, paths } => (
            people,
            "clashes",
            format!("with {} in {}", safe(with), short(&paths.join(", "))),
        ),
        EventKind::Delayed { by } => (
            plain,
            "delayed",
            format!("until {} landed or is over", short(&by.join(", "))),
        ),
        EventKind::Landed { commit, branch } => {
            let commit: String = commit.chars().take(10).collect();
            (
                good,
                "landed",
                format!("{} on {}", safe(&commit), safe(branch)),
            )
        }
        EventKind::Closed { reason } => (good, "closed", short(reason)),
        EventKind::Awaiting { awaiting, text } => (
            people,
            "awaits",
            format!("{}: {}", safe(awaiting), short(text)),
        ),
        EventKind::Failed { class, reason } => {
            (bad, "failed", format!("{}: {}", safe(class), short(reason)))
        }
        EventKind::Warning { text } => (people, "warning", short(text)),
        EventKind::TicketFinished {
            outcome,
            cost_usd,
            seconds,
        } => (
            quiet,
            "finished",
            format!(
                "{} after {seconds:.1} s for {}",
                safe(outcome),
                cost(*cost_usd)
            ),
        ),
        EventKind::RunFinished {
            outcome,
            cost_usd,
            landed,
            failed,
            awaiting,
            unstarted,
            waits,
            ..
        } => {
            let style = match outcome {
                RunEnd::Done => good,
                RunEnd::Waiting => people,
                _ => bad,
            };
            // Nobody is owed anything: then it has to be said what is waited for.
            let why = match waits.first() {
                Some(first) if *outcome == RunEnd::Waiting && awaiting.is_empty() => {
                    format!(" ({}: {})", safe(&first.ticket), short(&first.why))
                }
                _ => String::new(),
            };
            let outcome = match outcome {
                RunEnd::Waiting if awaiting.is_empty() => "unfinished",
                outcome => outcome.as_str(),
            };
            let text = format!(
                "{outcome}: {} landed, {} failed, {} awaiting people, {} not done{why}, {}",
                landed.len(),
                failed.len(),
                awaiting.len(),
                unstarted.len(),
                cost(*cost_usd)
            );
            (style, "finished", text)
        }
    }
}

/// A text in short: its first line, printable.
fn short(text: &str) -> String {
    safe(text.trim().lines().next().unwrap_or_default()).into_owned()
}
