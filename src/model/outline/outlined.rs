//! Tickets as outlines, whatever is known of them.

use std::borrow::Cow;

use super::Outline;
use crate::model::Ticket;

/// Tickets of which there are outlines, or can be.
pub trait Outlined: Sized {
    /// Their outlines, in the same order.
    fn outlines(all: &[Self]) -> Cow<'_, [Outline]>;
}

impl Outlined for Outline {
    fn outlines(all: &[Self]) -> Cow<'_, [Outline]> {
        all.into()
    }
}

impl Outlined for Ticket {
    fn outlines(all: &[Self]) -> Cow<'_, [Outline]> {
        all.iter().map(Outline::from).collect()
    }
}
