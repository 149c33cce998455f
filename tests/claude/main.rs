//! The real `claude` client against a scripted model endpoint on loopback.
//!
//! Needs the feature `real-client`, and the path of the program in `TK_TEST_CLAUDE`:
//!
//! ```text
//! npm install --prefix "$DIR" @anthropic-ai/claude-code@2.1.197
//! TK_TEST_CLAUDE="$DIR/node_modules/.bin/claude" cargo test --features real-client --test claude
//! ```

#[cfg(test)]
mod client;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod epic;
#[cfg(test)]
mod limits;
#[cfg(test)]
#[path = "../support/model_endpoint.rs"]
mod model_endpoint;
#[cfg(test)]
mod people;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod stopping;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
