//! The public JSON, converted from the model.

mod event;
mod graph;

pub use event::{Event, EventKind};
pub use graph::{GraphBrief, GraphDocument, GraphEpic, GraphTicket};
