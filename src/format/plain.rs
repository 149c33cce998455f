//! Files written plainly, as `tk` writes them, read in one pass without their layout.
//!
//! Reading every ticket of a large project is what most commands spend their time on, and the
//! reader that keeps places and comments for edits is many times slower. This one understands
//! a part of TOML and never guesses: where a text goes beyond it, or is wrong, there is no
//! answer, and the full reader is asked.
//!
//! The part: bare keys, `[[lists]]` of tables, basic strings, arrays of single values, decimal
//! numbers, `true` and `false`, days, and moments in UTC. No dotted or quoted keys, inline
//! tables, other headers, literal strings, line continuations, carriage returns.

use std::borrow::Cow;

use toml_edit::Datetime;

use super::table::{Placed, Table, Value};

/// What the text says, if it is written plainly.
pub(super) fn read(text: &str) -> Option<Table<'_>> {
    let mut reader = Reader { text, at: 0 };
    let mut root = Table::default();
    loop {
        reader.blank_lines()?;
        match reader.peek() {
            None => return Some(root),
            Some(b'[') => reader.list_element(&mut root)?,
            Some(_) => reader.entry(&mut root)?,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// Whether a byte may stand in comments and, quotes and backslashes aside, in strings.
const fn is_visible(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// Goes on behind `expected`, which must be next.
    fn take(&mut self, expected: &[u8]) -> Option<()> {
        self.rest().starts_with(expected).then(|| {
            self.at += expected.len();
        })
    }

    /// Goes on as long as the bytes are such, and gives what was passed.
    fn pass(&mut self, is_such: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        let rest = self.rest();
        let length = rest.iter().position(|byte| !is_such(*byte));
        self.at += length.unwrap_or(rest.len());
        &self.text[start..self.at]
    }

    fn spaces(&mut self) {
        self.pass(|byte| matches!(byte, b' ' | b'\t'));
    }

    /// Spaces, a comment, and the end of the line or text.
    fn line_end(&mut self) -> Option<()> {
        self.spaces();
        if self.peek() == Some(b'#') {
            self.pass(is_visible);
        }
        match self.peek() {
            None => Some(()),
            Some(_) => self.take(b"\n"),
        }
    }

    /// Lines with nothing but spaces and comments, and the spaces before what is next.
    fn blank_lines(&mut self) -> Option<()> {
        loop {
            self.spaces();
            match self.peek() {
                Some(b'\n' | b'#') => self.line_end()?,
                _ => return Some(()),
            }
        }
    }

    fn bare_key(&mut self) -> Option<&'a str> {
        let key = self.pass(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        (!key.is_empty()).then_some(key)
    }

    /// A key with its value, on a line of its own.
    fn entry(&mut self, table: &mut Table<'a>) -> Option<()> {
        let key = self.bare_key()?;
        self.spaces();
        self.take(b"=")?;
        self.spaces();
        let at = self.at;
        let value = match self.peek() {
            Some(b'[') => Value::Array(self.array()?),
            _ => self.single()?,
        };
        self.line_end()?;
        if table.get(key).is_some() {
            return None;
        }
        table.push(key, at, value);
        Some(())
    }

    /// A header and the keys below it.
    fn list_element(&mut self, root: &mut Table<'a>) -> Option<()> {
        let at = self.at;
        self.take(b"[[")?;
        let key = self.bare_key()?;
        self.take(b"]]")?;
        self.line_end()?;
        let mut table = Table::default();
        loop {
            self.blank_lines()?;
            match self.peek() {
                None | Some(b'[') => break,
                Some(_) => self.entry(&mut table)?,
            }
        }
        let element = Placed { at, it: table };
        match root.get_mut(key) {
            None => root.push(key, at, Value::Tables(vec![element])),
            Some(list) => match &mut list.it {
                Value::Tables(tables) => tables.push(element),
                _ => return None,
            },
        }
        Some(())
    }

    fn array(&mut self) -> Option<Vec<Placed<Value<'a>>>> {
        self.take(b"[")?;
        let mut values = Vec::new();
        loop {
            self.blank_lines()?;
            if self.peek()? == b']' {
                break;
            }
            let at = self.at;
            let it = self.single()?;
            values.push(Placed { at, it });
            self.blank_lines()?;
            if self.take(b",").is_none() {
                break;
            }
        }
        self.take(b"]")?;
        Some(values)
    }

    /// A value that is no array.
    fn single(&mut self) -> Option<Value<'a>> {
        if self.peek()? == b'"' {
            return self.string().map(Value::String);
        }
        let word = self.pass(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':'));
        match word {
            "true" => Some(Value::Boolean(true)),
            "false" => Some(Value::Boolean(false)),
            _ => number(word).or_else(|| time(word)),
        }
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        if self.take(b"\"\"\"").is_none() {
            self.take(b"\"")?;
            let text = self.string_until(|rest| rest.starts_with(b"\""), false)?;
            self.take(b"\"")?;
            return Some(text);
        }
        // A line feed right after the quotes is no part of the text.
        let _ = self.take(b"\n");
        let text = self.string_until(|rest| rest.starts_with(b"\"\"\""), true)?;
        self.take(b"\"\"\"")?;
        // More quotes would belong to the text.
        (self.peek() != Some(b'"')).then_some(text)
    }

    /// The text of a string up to the quotes that end it.
    fn string_until(
        &mut self,
        ends: impl Fn(&[u8]) -> bool,
        has_lines: bool,
    ) -> Option<Cow<'a, str>> {
        let mut text = Cow::Borrowed("");
        loop {
            let plain = self.pass(|b| {
                (is_visible(b) && !matches!(b, b'"' | b'\\')) || (has_lines && b == b'\n')
            });
            append(&mut text, plain);
            match self.peek()? {
                b'"' if ends(self.rest()) => return Some(text),
                b'"' => {
                    self.at += 1;
                    append(&mut text, "\"");
                }
                b'\\' => {
                    let c = self.escape()?;
                    text.to_mut().push(c);
                }
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        self.take(b"\\")?;
        let kind = self.peek()?;
        self.at += 1;
        match kind {
            b'"' => Some('"'),
            b'\\' => Some('\\'),
            b'n' => Some('\n'),
            b'r' => Some('\r'),
            b't' => Some('\t'),
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4)?;
                let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                let code = u32::from_str_radix(digits, 16).ok().filter(|_| hex)?;
                self.at += 4;
                char::from_u32(code)
            }
            _ => None,
        }
    }
}

/// Appends, without a copy as long as there is but one piece.
fn append<'a>(text: &mut Cow<'a, str>, more: &'a str) {
    if text.is_empty() {
        *text = Cow::Borrowed(more);
    } else if !more.is_empty() {
        text.to_mut().push_str(more);
    }
}

/// A decimal number, whole or with a fraction.
fn number(word: &str) -> Option<Value<'_>> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    if !digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    match fraction {
        None => word.parse().ok().map(Value::Integer),
        // So long a number cannot overflow.
        Some(fraction) if digits(fraction) && word.len() < 100 => {
            word.parse().ok().map(Value::Float)
        }
        Some(_) => None,
    }
}

/// A day, or a moment in UTC to the second or below.
fn time(word: &str) -> Option<Value<'_>> {
    let pattern = b"dddd-dd-ddTdd:dd:dd";
    let fits = |word: &[u8]| {
        word.iter().zip(pattern).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
    };
    let bytes = word.as_bytes();
    let well_formed = match bytes.split_at_checked(pattern.len()) {
        None => bytes.len() == 10 && fits(bytes),
        Some((moment, rest)) => {
            let fraction = rest.strip_suffix(b"Z")?;
            let digits = match fraction.split_first() {
                None => true,
                Some((b'.', digits)) => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
                Some(_) => false,
            };
            fits(moment) && digits
        }
    };
    let time: Datetime = well_formed.then(|| word.parse().ok()).flatten()?;
    Some(Value::Datetime(time))
}

#[cfg(test)]
mod tests;
