//! Use cases: a request in, a serialisable outcome out. No argument parsing, no printing.

mod causes;
mod error;
mod project;
mod resolve;

pub use error::{Error, ErrorCode, Result};
pub use project::{Notice, Project};
pub use resolve::{resolve, resolve_all};
