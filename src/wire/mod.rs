//! The public JSON, converted from the model.

mod event;

pub use event::{Event, EventKind};
