//! Formats as words of the command line.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::port::{ExportFormat, ImportFormat};

macro_rules! by_their_words {
    ($($format:ty),*) => {$(
        impl ValueEnum for $format {
            fn value_variants<'a>() -> &'a [Self] {
                Self::ALL
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(PossibleValue::new(self.as_str()))
            }
        }
    )*};
}

by_their_words!(ImportFormat, ExportFormat);
