//! `blocked_by`: what must be done before.

use super::change::Targets;
use super::new::check_edges;
use super::{Changed, Project, Result};

/// Makes the ticket wait for the blockers too.
///
/// # Errors
/// When an agent does it, an id is unknown, or tickets would wait for one another.
pub fn block(project: &Project, targets: &Targets, blockers: &[String]) -> Result<Changed> {
    project.require_human("block")?;
    project.change(targets, |scene, tickets| {
        let blockers = scene.resolve_all(blockers)?;
        for ticket in tickets {
            let before = ticket.clone();
            ticket.blocked_by.extend(blockers.iter().cloned());
            check_edges(ticket, &before)?;
        }
        Ok(())
    })
}

/// Makes the ticket wait for those no longer; one it does not wait for changes nothing.
///
/// # Errors
/// When an agent does it, or an id is unknown.
pub fn unblock(project: &Project, targets: &Targets, blockers: &[String]) -> Result<Changed> {
    project.require_human("unblock")?;
    project.change(targets, |scene, tickets| {
        for ticket in tickets {
            for given in blockers.iter().flat_map(|words| words.split(',')) {
                // A blocker that does not exist is named as the file has it.
                if !ticket.blocked_by.remove(given.trim()) {
                    ticket.blocked_by.remove(&scene.resolve(given)?);
                }
            }
        }
        Ok(())
    })
}
