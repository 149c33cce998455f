//! A plan as public JSON.

use super::plan::{Brief, Plan, PlanEntry};
use crate::model::TicketId;
use crate::wire::{GraphBrief, GraphDocument, GraphEpic, GraphTicket};

impl Plan {
    /// The document `tk.graph.v1`.
    #[must_use]
    pub fn document(&self) -> GraphDocument {
        GraphDocument {
            schema: "tk.graph.v1",
            epic: self.epic.as_ref().map(|epic| GraphEpic {
                id: epic.id.to_string(),
                title: epic.title.clone(),
            }),
            waves: self
                .waves()
                .map(|wave| wave.iter().map(|entry| self.ticket(entry)).collect())
                .collect(),
            max_parallel: self.max_parallel,
            critical_path: self.critical_path_ids.len(),
            critical_path_ids: self
                .critical_path_ids
                .iter()
                .map(TicketId::to_string)
                .collect(),
            critical_path_minutes: self.critical_path_minutes,
            external_blockers: briefs(&self.external_blockers),
            awaiting: briefs(&self.awaiting),
            done: briefs(&self.done),
        }
    }

    fn ticket(&self, entry: &PlanEntry) -> GraphTicket {
        GraphTicket {
            id: entry.id.to_string(),
            title: entry.title.clone(),
            status: entry.status.to_string(),
            priority: entry.priority.number(),
            blocked_by: self
                .blockers(entry)
                .iter()
                .map(TicketId::to_string)
                .collect(),
            awaiting: entry.awaiting.map(|kind| kind.as_str()),
            requires: entry.requires.map(|gate| gate.as_str()),
            wave: entry.wave,
            estimate_minutes: entry.minutes,
            slack_minutes: entry.slack_minutes,
            critical: entry.critical,
            ready: entry.ready,
        }
    }
}

fn briefs(tickets: &[Brief]) -> Vec<GraphBrief> {
    tickets
        .iter()
        .map(|ticket| GraphBrief {
            id: ticket.id.to_string(),
            title: ticket.title.clone(),
            status: ticket.status.clone(),
        })
        .collect()
}
