//! Standard output and standard error: data to the one, everything else to the other.

mod excerpt;
mod in_parts;

use std::io::{self, BufWriter, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

pub use in_parts::Part;

use super::terminal::{safe, safe_json, safe_lines, shows_styles, width_of};
use crate::ops::{Error, Notice};
use crate::wire::{ErrorBody, ErrorDocument, WarningDocument};

/// What every code for a terminal begins with, in text that is safe for one.
const ESCAPE: u8 = 0x1b;

/// How many bytes of a document are written at a time.
const BUFFER: usize = 64 * 1024;

/// Columns where standard output is no terminal that tells.
const WIDTH: usize = 100;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// Where the terminal shows them and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where a command writes.
#[derive(Clone, Debug)]
pub struct Screen {
    json: bool,
    quiet: bool,
}

impl Screen {
    /// With `json`, documents instead of text; with `quiet`, no hints and confirmations.
    #[must_use]
    pub fn new(json: bool, quiet: bool, colour: Colour) -> Self {
        match colour {
            Colour::Auto => anstream::ColorChoice::Auto,
            Colour::Always => anstream::ColorChoice::Always,
            Colour::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        Self { json, quiet }
    }

    /// Whether documents are wanted.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether hints and confirmations are not wanted.
    #[must_use]
    pub const fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The columns of the terminal.
    #[must_use]
    pub fn width(&self) -> usize {
        width_of(io::stdout()).unwrap_or(WIDTH)
    }

    /// Whether what is written is looked at on a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// The columns that lines must keep to: those of the terminal, if there is one.
    #[must_use]
    pub fn line_width(&self) -> Option<usize> {
        self.is_terminal().then(|| self.width())
    }

    /// Writes text, which is safe for a terminal and ends its last line.
    ///
    /// # Errors
    /// When it cannot be written, a broken pipe included.
    pub fn text(&self, text: &str) -> io::Result<()> {
        if shows_styles() || memchr::memchr(ESCAPE, text.as_bytes()).is_none() {
            return self.raw(text);
        }
        // Stripped first, so that it is written at once and not piece by piece.
        self.raw(&anstream::adapter::strip_str(text).to_string())
    }

    /// Writes text for a program, as it is.
    ///
    /// # Errors
    /// As [`Screen::text`].
    pub fn raw(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Writes text that only says that something was done: nothing when quiet.
    ///
    /// # Errors
    /// As [`Screen::text`].
    pub fn confirm(&self, text: &str) -> io::Result<()> {
        if self.quiet { Ok(()) } else { self.text(text) }
    }

    /// Asks on standard error, and reads a line of standard input: with its end, empty where
    /// nothing more comes.
    ///
    /// # Errors
    /// When it cannot be written or read.
    pub fn ask(text: &str) -> io::Result<String> {
        let mut err = anstream::stderr().lock();
        err.write_all(text.as_bytes())?;
        err.flush()?;
        // Who waits for the answer may have something to say meanwhile.
        drop(err);
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        if !line.ends_with('\n') {
            // Nobody has ended the line of the question.
            anstream::stderr().write_all(b"\n")?;
        }
        Ok(line)
    }

    /// Writes the document on one line.
    ///
    /// # Errors
    /// As [`Screen::text`].
    pub fn document(&self, document: &impl Serialize) -> io::Result<()> {
        let mut out = unbuffered()?;
        let mut json = Serializer::with_formatter(&mut out, Safely);
        document.serialize(&mut json)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Writes the document, whose last key has an empty list, on one line, with the items of the
    /// parts in the list. Nothing is written where the first part is an error; where a later one
    /// is, the document stays cut.
    ///
    /// # Errors
    /// As a part; or as [`Screen::text`].
    pub fn document_in_parts<E: From<io::Error>>(
        &self,
        document: &impl Serialize,
        parts: impl Iterator<Item = Result<Part, E>>,
    ) -> Result<(), E> {
        let document = serde_json::to_string(document).map_err(io::Error::from)?;
        let mut out = unbuffered()?;
        in_parts::write(&mut out, &document, parts)?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    }

    /// Tells what there is to tell besides the answer.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn notices(&self, notices: &[Notice]) -> io::Result<()> {
        for notice in notices {
            match notice {
                Notice::Warning(text) if self.json => {
                    to_stderr(&WarningDocument::new(text.clone()))?;
                }
                Notice::Warning(text) => labelled("warning", AnsiColor::Yellow, text)?,
                Notice::Hint(_) if self.json || self.quiet => {}
                Notice::Hint(text) => labelled("hint", AnsiColor::Cyan, text)?,
            }
        }
        Ok(())
    }

    /// Tells what is wrong with the arguments, in words that begin with `error: `.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn usage(&self, text: &str) -> io::Result<()> {
        let text = text.trim_end();
        labelled(
            "error",
            AnsiColor::Red,
            text.strip_prefix("error: ").unwrap_or(text),
        )
    }

    /// Tells what went wrong.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn error(&self, error: &Error) -> io::Result<()> {
        if self.json {
            return to_stderr(&ErrorDocument::new(ErrorBody {
                code: error.code.as_str(),
                message: error.message.clone(),
                hint: (!error.hints.is_empty()).then(|| error.hints.join("\n")),
                retryable: error.code.retryable(),
                exit_code: error.code.exit_code(),
                context: (*error.context).clone(),
            }));
        }
        labelled("error", AnsiColor::Red, &error.message)?;
        if let Some(fault) = &error.fault {
            let excerpt = excerpt::lines(fault);
            anstream::stderr().lock().write_all(excerpt.as_bytes())?;
        }
        for hint in &error.hints {
            labelled("hint", AnsiColor::Cyan, hint)?;
        }
        Ok(())
    }
}

/// Standard output for a document. The standard library's own buffer looks for ends of lines in all
/// that goes through it; a document has one, at its end.
fn unbuffered() -> io::Result<BufWriter<Unbuffered>> {
    io::stdout().flush()?;
    Ok(BufWriter::with_capacity(BUFFER, Unbuffered))
}

/// Standard output past the standard library's buffer, which has to be empty.
struct Unbuffered;

impl Write for Unbuffered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(io::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn to_stderr(document: &impl Serialize) -> io::Result<()> {
    io::stderr()
        .lock()
        .write_all(json_line(document)?.as_bytes())
}

/// Writes JSON on one line, with everything escaped in its strings that would not show as itself.
struct Safely;

impl Formatter for Safely {
    fn write_string_fragment<W>(&mut self, out: &mut W, text: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        out.write_all(safe_json(text).as_bytes())
    }
}

/// The document as JSON on a line of its own.
pub(super) fn json_line(document: &impl Serialize) -> io::Result<String> {
    let json = serde_json::to_string(document)?;
    Ok(safe_json(&json).into_owned() + "\n")
}

fn labelled(label: &str, colour: AnsiColor, text: &str) -> io::Result<()> {
    let style = Style::new().bold().fg_color(Some(colour.into()));
    let (label, text) = (safe(label), safe_lines(text));
    writeln!(anstream::stderr().lock(), "{style}{label}{style:#}: {text}")
}
