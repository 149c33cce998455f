//! Tests of the graph: a row a question here, properties against a brute force beside it.

mod fixture;
mod plans;
mod readiness;
