//! Tests of the graph: a row a question, properties against a brute force, and the promise
//! about the order of starting.

// What `experiment` takes from the crate; the bench brings the same names from outside.
use super::schedule::Constraints;
use super::simulate::{Rules, simulate};
use super::{Graph, Plan, Scope};
use crate::model::{Span, StatusId, Statuses, Ticket, TicketId};
use jiff::Timestamp;

mod brute;
mod experiment;
mod fixture;
mod plans;
mod readiness;
mod schedules;
