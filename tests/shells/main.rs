//! What the shells offer, asked of the shells themselves with the committed scripts.

#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
mod bash;
#[cfg(test)]
mod completion;
