//! What the integration tests share.

mod output;
mod sandbox;
pub(crate) mod schemas;
pub(crate) mod snapshot;
mod tests;

pub(crate) use output::Output;
pub(crate) use sandbox::Sandbox;
