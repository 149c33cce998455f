//! The `tk` program.

fn main() {}
