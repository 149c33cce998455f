//! Views: what people see. A view is a pure function from values to text, or draws on a
//! terminal; views never import each other.

pub mod blocked;
pub mod changes;
pub mod diagram;
pub mod doctor;
pub mod dry_run;
pub mod events;
pub mod graph;
pub mod import;
pub mod json_events;
pub mod list;
pub mod prime;
pub mod progress;
pub mod resolve;
pub mod run_plan;
pub mod screen;
pub mod search;
pub mod settings;
pub mod stats;
pub mod sync;
pub mod tally;
pub mod terminal;
pub mod ticket;
