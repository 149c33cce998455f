//! `git-merge-ticks`: what the program is when it is called so, for git alone.

use std::ffi::OsString;
use std::path::Path;

use super::Outcome;
use crate::model::escaped_lines;
use crate::ops::{self, Error};
use crate::ui::screen::Screen;

/// The name of a program that git asks for the strategy `ticks`.
const NAME: &str = "git-merge-ticks";

/// What git asks a strategy for, if it is asked here.
pub(super) fn asked(args: &[OsString]) -> Option<&[OsString]> {
    let (program, asked) = args.split_first()?;
    let is_strategy = Path::new(program).file_name()? == NAME;
    is_strategy.then_some(asked)
}

/// Merges in the working tree in whose top folder git has started the program.
pub(super) fn merge(asked: &[OsString], screen: &Screen) -> Outcome {
    let top = std::env::current_dir().map_err(|error| {
        let message = format!("cannot tell the current folder: {error}");
        Error::of_system(message, &error)
    })?;
    let done = ops::merge_by_strategy(&top, asked)?;
    for message in &done.messages {
        screen.raw(&format!("{}\n", escaped_lines(message)))?;
    }
    Ok(done.code)
}
