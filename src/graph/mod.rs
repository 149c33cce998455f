//! What can be done now, in which order, and what the rest waits for.
//!
//! [`Graph`] is built over all tickets of a project and answers questions about them:
//! readiness with reasons, cycles, descendants, and the [`Plan`] of an epic with its waves
//! and critical path. [`schedule`] is the choice of what to start next, used by the runner
//! and by [`simulate`] alike.
//!
//! # How epics enter
//! An epic is never work, so it is no node that takes time. It is two: one before all its
//! children and one after them. An edge to the epic leaves from the second, an edge from the
//! epic arrives at the first. So an edge to an epic stands for edges to its open descendants
//! and an edge from one for edges from each, without ever being multiplied out, and everything
//! here stays linear in the size of the project.
//!
//! # What the rules leave open, decided
//! - An epic whose children are all done holds nobody back; a closed one neither, whatever
//!   its children; an open epic without children does, since its work is not planned yet.
//! - A closed epic's own blockers and gates no longer hold its open descendants; those of
//!   the epics above it do.
//! - A deferred parent holds its descendants like a blocked or awaiting one.
//! - Work in progress is neither ready nor blocked.
//!
//! Nothing here reads a disk or a clock, and nothing recurses: chains of any length are fine.

mod breaking;
mod build;
mod critical;
mod cycles;
mod document;
mod facts;
mod flow;
mod hierarchy;
mod lists;
mod moments;
mod net;
pub mod order;
mod plan;
mod readiness;
pub mod schedule;
mod scope;
pub mod simulate;
pub mod touches;
mod waits;
mod waves;
mod weights;

pub use build::Graph;
pub use cycles::{Cycle, Link, Step};
pub use flow::Frontier;
pub use plan::{Brief, Plan, PlanEntry};
pub use readiness::{Hold, Readiness, Reason};
pub use scope::Scope;

#[cfg(test)]
mod tests;
