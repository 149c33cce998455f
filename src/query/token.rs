//! An expression's text in pieces.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::QueryError;

/// How a field is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `:`
    Has,
    /// `=`
    Is,
    /// `!=`
    IsNot,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `~`
    Contains,
}

impl Operator {
    /// Longer ones before those that they begin with.
    const WRITTEN: [(&'static str, Self); 9] = [
        ("!=", Self::IsNot),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("==", Self::Is),
        ("=", Self::Is),
        ("<", Self::Less),
        (">", Self::More),
        (":", Self::Has),
        ("~", Self::Contains),
    ];

    pub(super) fn as_str(self) -> &'static str {
        let mut written = Self::WRITTEN.iter().rev();
        written
            .find(|(_, it)| *it == self)
            .map_or("", |(as_written, _)| as_written)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word,
    /// Between quotes.
    Quoted,
    Operator(Operator),
    And,
    Or,
    Not,
    Open,
    Close,
    Comma,
    End,
}

/// A piece and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'t> {
    pub(super) token: Token,
    pub(super) start: usize,
    /// As it is written.
    pub(super) text: &'t str,
}

impl<'t> Piece<'t> {
    pub(super) fn at(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// What it says: without the quotes, if it has any.
    pub(super) fn says(&self) -> Cow<'t, str> {
        if self.token != Token::Quoted {
            return Cow::Borrowed(self.text);
        }
        let inner = &self.text[1..self.text.len() - 1];
        if !inner.contains('\\') {
            return Cow::Borrowed(inner);
        }
        let mut said = String::with_capacity(inner.len());
        let mut chars = inner.chars().peekable();
        while let Some(c) = chars.next() {
            match chars.peek() {
                Some(&next) if c == '\\' && is_escaped(next) => {
                    said.push(next);
                    chars.next();
                }
                _ => said.push(c),
            }
        }
        Cow::Owned(said)
    }
}

const fn is_escaped(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\')
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'')
}

const fn is_operator(c: char) -> bool {
    matches!(c, '=' | '!' | '<' | '>' | ':' | '~')
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | ',')
}

fn ends_word(c: char) -> bool {
    ends_value(c) || is_operator(c) || matches!(c, '&' | '|')
}

/// What the word is between conditions and before them, whatever its capitals.
fn joint(word: &str) -> Option<Token> {
    match word.to_ascii_lowercase().as_str() {
        "and" => Some(Token::And),
        "or" => Some(Token::Or),
        "not" => Some(Token::Not),
        _ => None,
    }
}

/// Whether the word, without quotes, joins conditions or turns one, or begins with what does.
pub(super) fn joins(word: &str) -> bool {
    joint(word).is_some() || word.starts_with("&&") || word.starts_with("||")
}

/// Whether the text, written without quotes, is read as a value that says the same.
pub(super) fn is_plain_value(text: &str) -> bool {
    let begins = |c: char| !is_quote(c) && !is_operator(c);
    text.starts_with(begins) && !text.contains(ends_value) && !joins(text)
}

/// The text with quotes around it.
pub(super) fn quoted(text: &str) -> String {
    let mut written = String::from('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            written.push('\\');
        }
        written.push(c);
    }
    written.push('"');
    written
}

/// Reads one piece after the other.
#[derive(Clone, Copy)]
pub(super) struct Pieces<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Pieces<'t> {
    pub(super) const fn of(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The next piece, which will come again.
    pub(super) fn peek(&self) -> Result<Piece<'t>, QueryError> {
        self.clone().take()
    }

    pub(super) fn take(&mut self) -> Result<Piece<'t>, QueryError> {
        let rest = self.skip_blanks();
        let Some(first) = rest.chars().next() else {
            return Ok(self.piece(Token::End, 0));
        };
        if is_quote(first) {
            return self.quoted(first);
        }
        let single = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            ',' => Some(Token::Comma),
            _ => None,
        };
        if let Some(token) = single {
            return Ok(self.piece(token, 1));
        }
        for (doubled, token) in [("&&", Token::And), ("||", Token::Or)] {
            if rest.starts_with(doubled) {
                return Ok(self.piece(token, 2));
            }
        }
        let written = Operator::WRITTEN.iter();
        let mut written = written.filter(|(written, _)| rest.starts_with(written));
        if let Some((written, operator)) = written.next() {
            return Ok(self.piece(Token::Operator(*operator), written.len()));
        }
        if first == '!' {
            return Ok(self.piece(Token::Not, 1));
        }
        let length = rest.find(ends_word).unwrap_or(rest.len());
        // A lone `&` or `|` says nothing; as a word it is refused with its place.
        let length = length.max(first.len_utf8());
        let token = joint(&rest[..length]).unwrap_or(Token::Word);
        Ok(self.piece(token, length))
    }

    /// The value behind an operator or a comma, in which every character may be that needs no
    /// quotes to tell where it ends; [`Token::End`] where there is none.
    pub(super) fn take_value(&mut self) -> Result<Piece<'t>, QueryError> {
        let rest = self.skip_blanks();
        match rest.chars().next() {
            Some(quote) if is_quote(quote) => self.quoted(quote),
            Some(first) if !is_operator(first) && !ends_value(first) => {
                let length = rest.find(ends_value).unwrap_or(rest.len());
                Ok(self.piece(Token::Word, length))
            }
            _ => Ok(self.piece(Token::End, 0)),
        }
    }

    fn skip_blanks(&mut self) -> &'t str {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    fn quoted(&mut self, quote: char) -> Result<Piece<'t>, QueryError> {
        let rest = &self.text[self.at..];
        let mut chars = rest.char_indices().skip(1).peekable();
        while let Some((place, c)) = chars.next() {
            if c == quote {
                return Ok(self.piece(Token::Quoted, place + 1));
            }
            if c == '\\' {
                chars.next_if(|(_, next)| is_escaped(*next));
            }
        }
        let message = format!("nothing ends what this {quote} begins");
        Err(QueryError::new(self.at..self.text.len(), message))
    }

    fn piece(&mut self, token: Token, length: usize) -> Piece<'t> {
        let start = self.at;
        self.at += length;
        let text = &self.text[start..self.at];
        Piece { token, start, text }
    }
}
