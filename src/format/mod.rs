//! The text of a ticket file: read, printed, and edited in place.
//!
//! [`parse()`] reads a file, [`print()`] writes a new one in the canonical layout, and [`edit()`]
//! changes what differs between two tickets and leaves every other byte as it stands, so
//! that comments, unknown keys and a person's own order survive. The module knows nothing
//! of disks: texts in, texts out.
//!
//! The layout is chosen so that git's own text merge, which is all a hosting service has,
//! merges changes of different keys: every key that people and runs change often is always
//! there, also when it is empty, and constant lines stand between neighbours.

mod align;
mod array;
mod blocks;
mod content;
mod doubled;
mod edit;
mod error;
mod extras;
mod fields;
#[cfg(feature = "fuzzing")]
mod fuzzing;
mod kept;
mod legible;
mod order;
mod parse;
mod place;
mod plain;
mod print;
mod repeated;
mod section;
mod source;
mod splice;
mod table;
mod value;

pub use doubled::{Doubled, Twice, doubled, may_be_doubled};
pub use edit::edit;
pub use error::{EditError, ParseError};
pub use fields::KEYS;
pub use kept::{Kept, OF_ORIGIN, Origin, imported, imported_before, origins};
pub use legible::{Legible, legible};
pub use parse::{left_by_a_merge, parse};
pub use place::line_of;
pub use print::print;
pub use repeated::{Repeated, repeated};

#[cfg(feature = "fuzzing")]
pub use fuzzing::{Readers, additions, readers};

pub(crate) use extras::extras;
pub(crate) use order::{Order, ordered, orders};
pub(crate) use parse::parse_any;

#[cfg(test)]
pub(crate) mod tests;
