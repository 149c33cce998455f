//! The runner's parts and the built binary, with scripted workers.

#[cfg(test)]
mod epic;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod shim;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
