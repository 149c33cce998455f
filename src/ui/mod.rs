//! Views: what people see. A view is a pure function from values to text, or draws on a
//! terminal; views never import each other.

pub mod diagram;
pub mod graph;
pub mod list;
pub mod screen;
pub mod terminal;
pub mod ticket;
