//! Use cases: a request in, a serialisable outcome out. No argument parsing, no printing.

mod error;

pub use error::{Error, ErrorCode, Result};
