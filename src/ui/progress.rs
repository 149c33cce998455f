//! A live run: a bar for the run, a line for each worker with its last action.
//!
//! Where standard error is no terminal, plain lines instead.

mod attention;

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::attention::Attention;
use super::events;
use super::terminal::{safe, shows_styles_on, width_of};
use crate::model::NotifyConfig;
use crate::run::Reporter;
use crate::wire::{Event, EventKind};

/// How often the spinners turn.
const TICK: Duration = Duration::from_millis(200);

/// Shows a run's events on standard error.
#[derive(Debug)]
pub struct Progress {
    verbose: bool,
    quiet: bool,
    bars: Option<Bars>,
    /// On a terminal.
    attention: Option<Attention>,
    cap: Option<f64>,
    spent: f64,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    run: ProgressBar,
    tickets: BTreeMap<String, (String, ProgressBar)>,
}

impl Progress {
    /// Bars on a terminal, lines elsewhere; with `verbose` also what each worker does; with
    /// `quiet` nothing. `terminal` is the kind of the terminal, if there may be one.
    #[must_use]
    pub fn new(verbose: bool, quiet: bool, notify: &NotifyConfig, terminal: Option<&str>) -> Self {
        let live = std::io::stderr().is_terminal();
        let bars = (live && !quiet).then(|| {
            let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
            let run = all.add(ProgressBar::new(0));
            let bar = if shows_styles_on(&std::io::stderr()) {
                "{bar:24.green}"
            } else {
                "{bar:24}"
            };
            run.set_style(style(&format!(
                "{bar} {{pos}}/{{len}}  {{elapsed}}  {{msg}}"
            )));
            run.enable_steady_tick(TICK);
            Bars {
                all,
                run,
                tickets: BTreeMap::new(),
            }
        });
        Self {
            verbose,
            quiet,
            bars,
            attention: (live && !quiet).then(|| Attention::new(notify, terminal)),
            cap: None,
            spent: 0.0,
        }
    }

    fn money(&self) -> String {
        match self.cap {
            Some(cap) => format!("${:.2} of ${cap:.2}", self.spent),
            None => format!("${:.2}", self.spent),
        }
    }
}

impl Reporter for Progress {
    fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted {
                max_cost_usd,
                spent_usd,
                ..
            } => {
                self.cap = *max_cost_usd;
                self.spent = *spent_usd;
            }
            EventKind::Cost { total_usd, .. } => self.spent = *total_usd,
            _ => {}
        }
        let shown = !self.quiet && (self.verbose || !events::is_detail(&event.kind));
        let money = self.money();
        let signals = self.attention.as_mut().map(|a| a.signals(event));
        if let Some(signals) = signals.filter(|signals| !signals.is_empty()) {
            // The terminal is gone: there is nobody left to call.
            let _gone = std::io::stderr().write_all(signals.as_bytes());
        }
        match &mut self.bars {
            Some(bars) => {
                bars.update(event, money);
                if shown && !matches!(event.kind, EventKind::TicketFinished { .. }) {
                    let width = width_of(std::io::stderr()).filter(|_| !self.verbose);
                    bars.print(&events::line(event, width));
                    if self.verbose {
                        events::more(event)
                            .lines()
                            .for_each(|line| bars.print(line));
                    }
                }
            }
            None if shown => {
                let more = Some(events::more(event)).filter(|_| self.verbose);
                let more = more.unwrap_or_default();
                anstream::eprint!("{}\n{more}", events::line(event, None));
            }
            None => {}
        }
    }

    fn tell(&mut self, text: &str) {
        match &self.bars {
            _ if self.quiet => {}
            Some(bars) => bars.print(text),
            None => anstream::eprintln!("{text}"),
        }
    }
}

impl Bars {
    fn update(&mut self, event: &Event, money: String) {
        match (&event.kind, &event.ticket) {
            (EventKind::Plan { waves, .. }, _) => {
                self.run
                    .set_length(waves.iter().map(Vec::len).sum::<usize>() as u64);
            }
            (EventKind::TicketStarted { title, .. }, Some(ticket)) => {
                let bar = self.all.add(ProgressBar::new_spinner());
                bar.set_style(style("{spinner} {prefix}  {wide_msg}"));
                bar.set_prefix(format!("{:<6}", safe(ticket)));
                bar.enable_steady_tick(TICK);
                let title = safe(title).into_owned();
                bar.set_message(title.clone());
                self.tickets.insert(ticket.clone(), (title, bar));
            }
            (EventKind::TicketFinished { outcome, .. }, Some(ticket)) => {
                if let Some((_, bar)) = self.tickets.remove(ticket) {
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
                // What waits for people may still go on in this run.
                if outcome != "awaiting" {
                    self.run.inc(1);
                }
            }
            (EventKind::RunFinished { .. }, _) => self.run.finish_and_clear(),
            (kind, Some(ticket)) => {
                if let (Some((title, bar)), Some(doing)) =
                    (self.tickets.get(ticket), events::doing(kind))
                {
                    bar.set_message(format!("{title} — {doing}"));
                }
            }
            _ => {}
        }
        self.run.set_message(money);
    }

    fn print(&self, line: &str) {
        let line = match shows_styles_on(&std::io::stderr()) {
            true => line.to_owned(),
            false => anstream::adapter::strip_str(line).to_string(),
        };
        // The terminal is gone: there is nobody left to tell.
        let _gone = self.all.println(line);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
