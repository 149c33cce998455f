//! What is held on a remote, a line a ticket.

use std::fmt::Write;

use anstyle::Style;

use super::terminal::{columns, fill, safe};
use crate::wire::{SyncDocument, SyncedClaim};

/// Id, holder, until when, fencing number, and the title of what there is here.
#[must_use]
pub fn claims(synced: &SyncDocument) -> String {
    let widest = |text: &dyn Fn(&SyncedClaim) -> &str| {
        let all = synced.claims.iter();
        all.map(|claim| columns(&safe(text(claim))))
            .max()
            .unwrap_or(0)
    };
    let (ids, holders) = (widest(&|it| &it.id), widest(&|it| &it.holder));
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let mut out = String::new();
    for claim in &synced.claims {
        let is_it = |ticket: &&crate::wire::TicketFields| ticket["id"] == claim.id.as_str();
        let title = synced.tickets.iter().find(is_it);
        let title = title.and_then(|ticket| ticket["title"].as_str());
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "{bold}{}{bold:#}  {}  until {}  number {}",
            fill(&claim.id, ids),
            fill(&claim.holder, holders),
            claim.lease_until,
            claim.number,
        );
        if claim.here {
            let _ = write!(out, "  {dim}here{dim:#}");
        }
        if let Some(title) = title {
            let _ = write!(out, "  {}", safe(title));
        }
        out.push('\n');
    }
    out
}
