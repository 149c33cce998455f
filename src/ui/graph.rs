//! The text drawing of a plan: a block for each wave, a line for each ticket, a summary.

use anstyle::{AnsiColor, Style};

use super::terminal::{columns, fill, fit, safe};
use crate::graph::{Brief, Plan, PlanEntry};
use crate::model::{Span, TicketId};

/// The narrowest drawing; on a narrower terminal lines wrap.
const NARROWEST: usize = 40;
/// The columns a title keeps however much stands behind it.
const TITLE: usize = 16;
/// The columns beyond which titles get no wider.
const WIDEST_TITLE: usize = 60;
/// The most tickets that are drawn, and the most that one of the lists below names. More
/// nobody reads; programs get them all as JSON.
const MOST_DRAWN: usize = 1000;
const MOST_NAMED: usize = 100;

/// How it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The columns of a line.
    pub width: usize,
    /// Whether to colour.
    pub colour: bool,
}

/// Draws a plan. Every line ends with a line break.
///
/// A ticket's line: `>` if it is ready, `*` if it is on a critical path, its id, `P` and
/// priority, how long it is taken to last, its title, and what is known beyond: what it waits
/// for behind `←`, the status if it is not `open`, what a person owes it, the gate it declares,
/// its slack.
#[must_use]
pub fn draw(plan: &Plan, look: Look) -> String {
    let mut pen = Pen {
        text: String::new(),
        look: Look {
            width: look.width.max(NARROWEST),
            ..look
        },
    };
    if let Some(epic) = &plan.epic {
        let id = pen.paint(Style::new().bold(), epic.id.as_str());
        let title = fit(
            &epic.title,
            pen.look.width.saturating_sub(columns(epic.id.as_str()) + 1),
        );
        pen.line(&format!("{id} {title}"));
        pen.line("");
    }
    let drawn = &plan.entries[..plan.entries.len().min(MOST_DRAWN)];
    let ids = drawn.iter().map(|entry| columns(entry.id.as_str()));
    let ids = ids.max().unwrap_or(0);
    let lengths = drawn.iter().map(|entry| length(entry.minutes).len());
    let lengths = lengths.max().unwrap_or(0);
    let titles = drawn.iter().map(|entry| columns(&safe(&entry.title)));
    let titles = titles.max().unwrap_or(0).min(WIDEST_TITLE);
    let mut left = MOST_DRAWN;
    for wave in plan.waves() {
        if left == 0 {
            break;
        }
        let number = wave.first().map_or(0, |entry| entry.wave);
        let heading = match wave.len() {
            1 => format!("Wave {number} (1 ticket)"),
            count => format!("Wave {number} ({count} tickets)"),
        };
        pen.heading(&heading);
        for entry in wave.iter().take(left) {
            pen.entry(
                entry,
                Columns {
                    ids,
                    lengths,
                    titles,
                },
            );
        }
        left = left.saturating_sub(wave.len());
        pen.line("");
    }
    let more = plan.entries.len().saturating_sub(MOST_DRAWN);
    if more > 0 {
        let all = plan.entries.len();
        pen.line(&format!(
            "… and {more} more of {all} tickets, which `--json` has."
        ));
        pen.line("");
    }
    pen.summary(plan);
    pen.text
}

/// The columns of the parts of a ticket's line.
#[derive(Clone, Copy)]
struct Columns {
    ids: usize,
    lengths: usize,
    titles: usize,
}

struct Pen {
    text: String,
    look: Look,
}

impl Pen {
    fn paint(&self, style: Style, text: &str) -> String {
        if self.look.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn heading(&mut self, text: &str) {
        let text = self.paint(Style::new().bold(), text);
        self.line(&text);
    }

    fn entry(&mut self, entry: &PlanEntry, columns_of: Columns) {
        let Columns {
            ids,
            lengths,
            titles,
        } = columns_of;
        let marks = match (entry.ready, entry.critical) {
            (true, true) => ">*",
            (true, false) => "> ",
            (false, true) => " *",
            (false, false) => "  ",
        };
        let id = fill(entry.id.as_str(), ids);
        let before = columns(marks) + 1 + ids + 1 + 2 + 1 + lengths + 1;
        let room = self.look.width.saturating_sub(before);
        let facts = facts(entry);
        let beside = columns(&facts);
        // The title gives way to the facts, down to what it keeps.
        let title = titles
            .min(room.saturating_sub(if beside > 0 { beside + 2 } else { 0 }))
            .max(TITLE.min(titles))
            .min(room);
        let facts = fit(&facts, room.saturating_sub(title + 2));
        let title = fill(&entry.title, title);
        let mut line = format!(
            "{} {} {} {:>lengths$} {}",
            self.paint(style(entry).bold(), marks),
            self.paint(style(entry), &id),
            self.paint(Style::new().dimmed(), &format!("P{}", entry.priority)),
            length(entry.minutes),
            if facts.is_empty() {
                title.trim_end()
            } else {
                &title
            },
        );
        if !facts.is_empty() {
            line.push_str("  ");
            line.push_str(&self.paint(Style::new().dimmed(), &facts));
        }
        self.line(&line);
    }

    fn summary(&mut self, plan: &Plan) {
        if plan.entries.is_empty() {
            if plan.unplaced.is_empty() {
                self.line("No open work.");
            }
        } else {
            let count = plan.critical_path_ids.len();
            let length = length(plan.critical_path_minutes);
            let all = plan.entries.len();
            let heading = format!("Critical path (*): {length}, {count} of {all} tickets:");
            self.wrapped(heading, &plan.critical_path_ids, " →");
            let ready = plan.entries.iter().filter(|entry| entry.ready).count();
            self.line(&format!(
                "Widest wave: {}. Ready now (>): {ready}.",
                plan.max_parallel
            ));
        }
        if !plan.unplaced.is_empty() {
            let heading = "In a cycle or behind one:".to_owned();
            self.wrapped(heading, &plan.unplaced, ",");
        }
        self.briefs("Waits for tickets outside:", &plan.external_blockers);
        self.briefs("Awaits a person:", &plan.awaiting);
        if !plan.done.is_empty() {
            self.line(&format!("Done: {}.", plan.done.len()));
        }
    }

    fn briefs(&mut self, heading: &str, tickets: &[Brief]) {
        if tickets.is_empty() {
            return;
        }
        self.line(heading);
        let ids = tickets.iter().map(|ticket| columns(ticket.id.as_str()));
        let ids = ids.max().unwrap_or(0);
        for ticket in tickets.iter().take(MOST_NAMED) {
            let state = ticket.awaiting.map_or_else(
                || safe(&ticket.status).into_owned(),
                |kind| format!("awaiting {kind}"),
            );
            let room = self
                .look
                .width
                .saturating_sub(2 + ids + 1 + 2 + columns(&state));
            let title = fit(&ticket.title, room);
            self.line(&format!(
                "  {} {state}  {title}",
                fill(ticket.id.as_str(), ids)
            ));
        }
        if tickets.len() > MOST_NAMED {
            self.line(&format!("  … and {} more", tickets.len() - MOST_NAMED));
        }
    }

    /// Ids behind a heading, on as many lines as they need.
    fn wrapped(&mut self, heading: String, ids: &[TicketId], mark: &str) {
        let mut line = heading;
        let mut words: Vec<String> = ids
            .iter()
            .take(MOST_NAMED)
            .map(ToString::to_string)
            .collect();
        if let Some(more) = ids.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
            words.push(format!("… {more} more"));
        }
        for (number, word) in words.iter().enumerate() {
            let mark = if number + 1 < words.len() { mark } else { "" };
            let word = format!("{word}{mark}");
            if columns(&line) + 1 + columns(&word) > self.look.width {
                self.line(&line);
                line = " ".to_owned();
            }
            line.push(' ');
            line.push_str(&word);
        }
        self.line(&line);
    }
}

fn style(entry: &PlanEntry) -> Style {
    let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    if entry.awaiting.is_some() {
        colour(AnsiColor::Magenta)
    } else if entry.ready {
        colour(AnsiColor::Green)
    } else if entry.critical {
        colour(AnsiColor::Red)
    } else {
        Style::new()
    }
}

/// What stands behind the title.
fn facts(entry: &PlanEntry) -> String {
    let mut facts = Vec::new();
    if !entry.blocked_by.is_empty() {
        facts.push(format!("← {}", ids(&entry.blocked_by, ", ")));
    }
    if entry.status.as_str() != "open" {
        facts.push(safe(entry.status.as_str()).into_owned());
    }
    if let Some(kind) = entry.awaiting {
        facts.push(format!("awaiting {kind}"));
    } else if let Some(gate) = entry.requires {
        facts.push(format!("requires {gate}"));
    }
    if !entry.critical {
        facts.push(format!("slack {}", length(entry.slack_minutes)));
    }
    facts.join("  ")
}

fn length(minutes: u64) -> String {
    Span::from_minutes(minutes).to_string()
}

fn ids<'i>(ids: impl IntoIterator<Item = &'i TicketId>, separator: &str) -> String {
    let ids: Vec<&str> = ids.into_iter().map(TicketId::as_str).collect();
    ids.join(separator)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;

    use super::*;
    use crate::graph::{Graph, Scope};
    use crate::model::{Awaiting, Gate, Priority, StatusId, Statuses, Ticket};

    fn id(text: &str) -> TicketId {
        TicketId::parse(text).unwrap()
    }

    fn ticket(name: &str, title: &str, blocked_by: &[&str]) -> Ticket {
        let status = StatusId::new("open");
        let mut ticket = Ticket::new(id(name), title.to_owned(), "task".to_owned(), status);
        ticket.parent = (name != "k7m" && name != "z9").then(|| id("k7m"));
        ticket.blocked_by = blocked_by.iter().copied().map(id).collect();
        ticket
    }

    fn epic() -> Vec<Ticket> {
        let mut all = vec![
            ticket("k7m", "Authentication", &[]),
            ticket("abc", "Add login endpoint", &[]),
            ticket(
                "def",
                "Hash passwords\u{1b}[2J with argon2 and a pepper from the vault",
                &["abc"],
            ),
            ticket("ghi", "登录页面的设计与实现以及测试用例", &["abc", "z9"]),
            ticket("jkm", "Release", &["def", "ghi", "gone"]),
            ticket("npq", "Choose the token's lifetime", &[]),
            ticket("rst", "Set up", &[]),
            ticket("z9", "Design system", &[]),
        ];
        all[1].priority = Priority::new(0).unwrap();
        all[2].estimate = Some(Span::from_minutes(150));
        all[2].status = StatusId::new("in_progress");
        all[4].requires = Some(Gate::Review);
        all[5].awaiting = Some(Awaiting::Input);
        all[6].status = StatusId::new("closed");
        all
    }

    fn drawn(tickets: &[Ticket], scope: &Scope, width: usize, colour: bool) -> String {
        let statuses = Statuses::default();
        let plan = Graph::new(tickets, &statuses, Timestamp::UNIX_EPOCH).plan(scope);
        draw(&plan, Look { width, colour })
    }

    #[test]
    fn an_epic() {
        insta::assert_snapshot!(drawn(&epic(), &Scope::Epic(id("k7m")), 80, false), @r"
        k7m Authentication

        Wave 1 (2 tickets)
        >* abc P0    1h Add login endpoint
           npq P2    1h Choose the token's lifetime          awaiting input  slack 3h30m

        Wave 2 (2 tickets)
         * def P2 2h30m Hash passwords\u{1b}[2J with argon2 and a p…  ← abc  in_progress
           ghi P2    1h 登录页面的设计与实现以及测试用例          ← abc, z9  slack 1h30m

        Wave 3 (1 ticket)
         * jkm P2    1h Release                        ← def, ghi, gone  requires review

        Critical path (*): 4h30m, 3 of 5 tickets: abc → def → jkm
        Widest wave: 2. Ready now (>): 1.
        Waits for tickets outside:
          gone missing
          z9   open  Design system
        Awaits a person:
          npq awaiting input  Choose the token's lifetime
        Done: 1.
        ");
    }

    #[test]
    fn narrow() {
        insta::assert_snapshot!(drawn(&epic(), &Scope::Epic(id("k7m")), 44, false), @r"
        k7m Authentication

        Wave 1 (2 tickets)
        >* abc P0    1h Add login endpoint
           npq P2    1h Choose the toke…  awaiting …

        Wave 2 (2 tickets)
         * def P2 2h30m Hash passwords\…  ← abc  in…
           ghi P2    1h 登录页面的设计…   ← abc, z9…

        Wave 3 (1 ticket)
         * jkm P2    1h Release           ← def, gh…

        Critical path (*): 4h30m, 3 of 5 tickets:
          abc → def → jkm
        Widest wave: 2. Ready now (>): 1.
        Waits for tickets outside:
          gone missing
          z9   open  Design system
        Awaits a person:
          npq awaiting input  Choose the token's li…
        Done: 1.
        ");
    }

    #[test]
    fn nothing_to_do() {
        insta::assert_snapshot!(drawn(&[], &Scope::All, 80, true), @r"
        No open work.
        ");
    }

    #[test]
    fn lines_keep_to_the_width_and_colour_changes_nothing_else() {
        let mut tickets = epic();
        for number in 0..60 {
            let blocked_by: Vec<String> = (0..number % 7).map(|n| format!("t{n}")).collect();
            let blocked_by: BTreeSet<TicketId> = blocked_by.iter().map(|n| id(n)).collect();
            let mut ticket = ticket(&format!("t{number}"), &"漢 long title ".repeat(9), &[]);
            ticket.blocked_by = blocked_by;
            tickets.push(ticket);
        }
        for width in [40, 60, 80, 120, 200] {
            let plain = drawn(&tickets, &Scope::All, width, false);
            let long = plain.lines().find(|line| columns(line) > width);
            assert_eq!(long, None, "{width}");
            let coloured = drawn(&tickets, &Scope::All, width, true);
            assert!(coloured.contains('\u{1b}') && !plain.contains('\u{1b}'));
            let stripped = anstream::adapter::strip_str(&coloured).to_string();
            let trimmed: Vec<&str> = stripped.lines().map(str::trim_end).collect();
            assert_eq!(trimmed, plain.lines().collect::<Vec<_>>());
        }
    }
}
