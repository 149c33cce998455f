//! The configuration's text: parsing, checking, defaults.
//!
//! Files are given as text with the path to name in errors; nothing here reads a disk. Every
//! key that is not known is an error with its file and line, and so is every value that
//! cannot be: a misspelt limit must never be taken for no limit.

mod agent;
mod error;
mod origins;
mod project;
mod reader;
mod statuses;
mod template;

pub use agent::parse_agent;
pub use error::ConfigError;
pub use origins::origins;
pub use project::parse;
pub use template::template;
