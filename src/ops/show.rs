//! Everything about single tickets, and the graph of an epic.

use super::records::Records;
use super::{Project, Result, resolve, resolve_all};
use crate::graph::{Plan, Scope};
use crate::wire::TicketRecord;

/// Everything about the tickets, in the order they were named.
///
/// # Errors
/// When one is unknown, or its file is no ticket.
pub fn show(project: &Project, ids: &[String]) -> Result<Vec<TicketRecord>> {
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let ids = resolve_all(&index, &graph, ids)?;
    let records = Records::new(project, &index, &graph);
    ids.iter().map(|id| records.full(id)).collect()
}

/// The open work of an epic, or all there is, laid out in waves.
///
/// # Errors
/// When the epic is unknown.
pub fn graph(project: &Project, epic: Option<&str>) -> Result<Plan> {
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let scope = match epic {
        Some(given) => Scope::Epic(resolve(&index, &graph, given)?),
        None => Scope::All,
    };
    Ok(graph.plan(&scope))
}
