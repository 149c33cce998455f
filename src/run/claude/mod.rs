//! The protocol of the `claude` client: how it is started, what its lines mean, what it is
//! told.
//!
//! All of it is pure: lines in, signals and lines out. The process belongs to the shim, the
//! decisions to the dispatcher. What is known of the client was observed on version 2.1.197;
//! the streams it was observed on are in `tests/streams/`.

pub mod args;
pub mod control;
pub mod conversation;
pub mod event;
pub mod result;
