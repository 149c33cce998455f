//! Tickets that were there before a new one, and say nearly the same.

use crate::cores;
use crate::model::{Outline, Ticket};
use crate::search::{ALIKE, Title};
use crate::store::Index;
use crate::wire::SimilarTicket;

/// Of so many new tickets likes are looked for: who files more at once has a plan, and looking
/// takes its time.
const NEW: usize = 20;

/// So many are told of for each.
const TOLD: usize = 3;

/// From so many titles on they are compared by several threads.
const MANY: usize = 2000;

/// The steps of scores.
const STEPS: f64 = 100.0;

/// Tickets of the index whose titles are like those of the new tickets.
pub(super) fn similar(index: &Index, made: &[Ticket]) -> Vec<SimilarTicket> {
    let made = if made.len() > NEW { &[] } else { made };
    made.iter().flat_map(|ticket| of(index, ticket)).collect()
}

fn of(index: &Index, made: &Ticket) -> Vec<SimilarTicket> {
    let title = Title::new(&made.title);
    let parts = cores::spread(&index.tickets, MANY, |part| {
        let compare = |ticket: &Outline| {
            if !title.may_be_alike(ticket.title_bytes()) {
                return None;
            }
            // One of signs alone has no words to compare.
            let likeness = match *ticket.title_bytes() == *made.title.as_bytes() {
                true => 1.0,
                false => title.likeness(ticket.title()),
            };
            (likeness >= ALIKE).then(|| SimilarTicket {
                id: ticket.id.to_string(),
                title: ticket.title().to_owned(),
                status: ticket.status().to_string(),
                score: (likeness * STEPS).round() / STEPS,
                of: made.id.to_string(),
            })
        };
        part.iter().filter_map(compare).collect::<Vec<_>>()
    });
    let mut alike: Vec<SimilarTicket> = parts.into_iter().flatten().collect();
    // Stable: of the same score, those first whose ids come first.
    alike.sort_by(|a, b| b.score.total_cmp(&a.score));
    alike.truncate(TOLD);
    alike
}
