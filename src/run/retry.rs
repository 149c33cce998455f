//! Trying a ticket again: what runs, over or live, have to do with it.

use rustix::process::Signal;

use super::folder::RunDir;
use super::history::info_of;
use super::unended;
use crate::context::Context;
use crate::ops::{Project, Result};

/// Puts into the ticket, before it is tried again, how an attempt at it ended, where that could
/// not be told when it did.
///
/// # Errors
/// When an agent does it; where a live run is to do it.
pub fn tell_end(ctx: &Context, project: &Project, given: &str) -> Result<()> {
    project.require_human("retry")?;
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    match crate::ops::resolve(&index, &graph, given) {
        Ok(id) => unended::settle_before_retry(ctx, project, &id),
        // The retry itself says what is wrong with it.
        Err(_) => Ok(()),
    }
}

/// Has the live run that has the ticket try it again; its id, if there is one.
///
/// # Errors
/// When the runs cannot be read, or the wish cannot be left.
pub fn ask_to_retry(project: &Project, ticket: &str) -> Result<Option<String>> {
    for dir in RunDir::all(&project.store)? {
        let Some(runner) = dir.runner()?.filter(|runner| !runner.only_ends) else {
            continue;
        };
        let Some(info) = info_of(project, &dir)? else {
            continue;
        };
        if info.tickets.iter().any(|id| id == ticket) {
            dir.ask_to_retry(ticket)?;
            // One that ends at this moment leaves the ticket to the next.
            return Ok(runner.process.signal(Signal::USR1).then_some(info.run));
        }
    }
    Ok(None)
}
