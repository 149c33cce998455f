//! Views: what people see. A view is a pure function from values to text, or draws on a
//! terminal; views never import each other.

pub mod graph;
pub mod terminal;
