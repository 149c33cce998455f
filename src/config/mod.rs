//! The configuration's text: parsing, checking, defaults.
