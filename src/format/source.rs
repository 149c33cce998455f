//! A file's text with its line ends made uniform, and the way back.

use super::error::ParseError;
use super::splice::Splices;

/// A text in which every line ends in a line feed alone, and where it did not.
///
/// Offsets are into the uniform text.
pub(super) struct Source {
    text: String,
    /// Offsets of the line feeds that followed a carriage return, ascending.
    returns: Vec<usize>,
}

impl Source {
    pub(super) fn new(raw: &str) -> Self {
        let mut text = String::with_capacity(raw.len());
        let mut returns = Vec::new();
        let mut rest = raw;
        while let Some(at) = rest.find("\r\n") {
            text.push_str(&rest[..at]);
            returns.push(text.len());
            text.push('\n');
            rest = &rest[at + 2..];
        }
        text.push_str(rest);
        Self { text, returns }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where the line of `offset` begins.
    pub(super) fn line_start(&self, offset: usize) -> usize {
        self.text[..offset].rfind('\n').map_or(0, |at| at + 1)
    }

    /// Where the line after that of `offset` begins, or the text's end.
    pub(super) fn line_end(&self, offset: usize) -> usize {
        self.text[offset..]
            .find('\n')
            .map_or(self.text.len(), |at| offset + at + 1)
    }

    /// The end of the line that begins at `start`, if it holds nothing but white space and
    /// is ended by a line feed.
    pub(super) fn blank_line(&self, start: usize) -> Option<usize> {
        let end = self.line_end(start);
        let line = &self.text[start..end];
        (line.ends_with('\n') && line.trim().is_empty()).then_some(end)
    }

    /// The beginning of the line that ends at `end`, if it holds nothing but white space.
    pub(super) fn blank_line_before(&self, end: usize) -> Option<usize> {
        let line = self.text[..end].strip_suffix('\n')?;
        let start = self.line_start(line.len());
        line[start..].trim().is_empty().then_some(start)
    }

    /// An error about what stands at `offset`.
    pub(super) fn error(
        &self,
        offset: usize,
        key: Option<String>,
        message: impl Into<String>,
        expected: Option<String>,
    ) -> ParseError {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = self.line_start(offset);
        ParseError {
            line: before.matches('\n').count() + 1,
            column: self.text[line_start..offset].chars().count() + 1,
            key,
            message: message.into(),
            expected,
        }
    }

    /// The raw text with the splices made; new lines end as most of the others do.
    pub(super) fn apply(&self, splices: Splices) -> String {
        let lines = self.text.matches('\n').count();
        let crlf = !self.returns.is_empty() && self.returns.len() * 2 >= lines;
        let mut out = String::with_capacity(self.text.len() + 256);
        let mut cursor = 0;
        for (range, new) in splices.in_order() {
            let start = range.start.max(cursor);
            self.copy(cursor, start, &mut out);
            if crlf {
                out.push_str(&new.replace('\n', "\r\n"));
            } else {
                out.push_str(&new);
            }
            cursor = range.end.max(start);
        }
        self.copy(cursor, self.text.len(), &mut out);
        out
    }

    /// Appends the raw text of that range.
    fn copy(&self, from: usize, to: usize, out: &mut String) {
        let mut cursor = from;
        let first = self.returns.partition_point(|at| *at < from);
        for at in self.returns[first..].iter().take_while(|at| **at < to) {
            out.push_str(&self.text[cursor..*at]);
            out.push('\r');
            cursor = *at;
        }
        out.push_str(&self.text[cursor..to]);
    }
}
