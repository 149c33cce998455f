//! The runner's parts and the built binary, with scripted workers.

#[cfg(test)]
mod shim;
