//! What a terminal does so that a person looks: its bell, and its title.

use crate::model::NotifyConfig;
use crate::ui::terminal::safe;
use crate::wire::{Event, EventKind};

/// Keeps the title the terminal had; not every one can.
const KEEP_TITLE: &str = "\x1b[22;2t";

/// Gives the title back.
const OLD_TITLE: &str = "\x1b[23;2t";

const BELL: char = '\x07';

/// Turns a run's events into what a terminal is sent beside the lines.
#[derive(Debug, Default)]
pub(super) struct Attention {
    bell: bool,
    title: bool,
    run: String,
    tickets: usize,
    landed: usize,
    waiting: usize,
}

impl Attention {
    /// By the configuration, on a terminal of that kind.
    pub(super) fn new(config: &NotifyConfig, terminal: Option<&str>) -> Self {
        let able = terminal.is_some_and(|kind| kind != "dumb" && !kind.is_empty());
        Self {
            bell: config.bell,
            title: config.title && able,
            ..Self::default()
        }
    }

    /// What the terminal is sent; mostly nothing.
    pub(super) fn signals(&mut self, event: &Event) -> String {
        let mut out = String::new();
        match &event.kind {
            EventKind::RunStarted { title, .. } => {
                self.run = safe(title).into_owned();
                if self.title {
                    out.push_str(KEEP_TITLE);
                }
            }
            EventKind::Plan { waves, .. } => self.tickets = waves.iter().map(Vec::len).sum(),
            EventKind::Closed { .. } if event.wave.is_some() => self.landed += 1,
            EventKind::Awaiting { .. } => self.waiting += 1,
            EventKind::Answer { .. } | EventKind::Resumed { .. } => {
                self.waiting = self.waiting.saturating_sub(1);
            }
            EventKind::RunFinished { .. } => {
                if self.title {
                    out.push_str(OLD_TITLE);
                }
                if self.bell {
                    out.push(BELL);
                }
                return out;
            }
            _ => return out,
        }
        if self.bell && matches!(event.kind, EventKind::Awaiting { .. }) {
            out.push(BELL);
        }
        if self.title {
            let waiting = match self.waiting {
                0 => String::new(),
                n => format!(", {n} for you"),
            };
            let (landed, tickets) = (self.landed, self.tickets);
            let text = format!("tk {landed}/{tickets}{waiting} {}", self.run);
            out.push_str(&format!("\x1b]2;{text}\x1b\\"));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signals(attention: &mut Attention) -> Vec<String> {
        let event = |ticket: Option<&str>, kind: EventKind| Event {
            seq: 1,
            at: "2026-11-20T09:00:00Z".parse().unwrap(),
            run: "01J".into(),
            ticket: ticket.map(str::to_owned),
            wave: ticket.map(|_| 1),
            kind,
        };
        let kinds = [
            serde_json::json!({"kind": "run_started", "key": "e", "title": "An\u{1b}]2;x\u{7} epic", "pid": 1,
                "onto": "main", "branch": "b", "base": "0", "parallel": 1, "max_cost_usd": null,
                "spent_usd": 0.0, "resumed": false}),
            serde_json::json!({"kind": "awaiting", "awaiting": "input", "text": "Which?"}),
            serde_json::json!({"kind": "answer", "text": "this"}),
            serde_json::json!({"kind": "say", "text": "hello"}),
            serde_json::json!({"kind": "closed", "reason": "landed"}),
            serde_json::json!({"kind": "run_finished", "outcome": "done", "exit_code": 0, "cost_usd": 0.0,
                "landed": [], "failed": [], "awaiting": [], "unstarted": []}),
        ];
        let kinds = kinds.map(|kind| serde_json::from_value(kind).unwrap());
        let events = kinds.map(|kind| event(Some("abc"), kind));
        events
            .iter()
            .map(|event| attention.signals(event))
            .collect()
    }

    #[test]
    fn the_bell_rings_for_people_and_the_title_counts() {
        let mut attention = Attention::new(&NotifyConfig::default(), Some("xterm"));
        let title = |text: &str| format!("\x1b]2;tk {text}\x1b\\");
        let told = signals(&mut attention);
        // What a title says cannot end the sequence or begin another.
        let run = safe("An\u{1b}]2;x\u{7} epic").into_owned();
        assert!(!run.contains(['\x1b', '\x07']), "{run:?}");
        assert_eq!(
            told,
            [
                format!("{KEEP_TITLE}{}", title(&format!("0/0 {run}"))),
                format!("\x07{}", title(&format!("0/0, 1 for you {run}"))),
                title(&format!("0/0 {run}")),
                String::new(),
                title(&format!("1/0 {run}")),
                format!("{OLD_TITLE}\x07"),
            ]
        );
    }

    #[test]
    fn both_can_be_turned_off_and_a_dumb_terminal_has_no_title() {
        let off = NotifyConfig {
            bell: false,
            title: false,
            ..NotifyConfig::default()
        };
        assert_eq!(
            signals(&mut Attention::new(&off, Some("xterm"))).concat(),
            ""
        );
        for kind in [Some("dumb"), None] {
            let mut attention = Attention::new(&NotifyConfig::default(), kind);
            assert_eq!(signals(&mut attention).concat(), "\x07\x07");
        }
    }
}
