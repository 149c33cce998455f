//! The bytes of an outline: numbers of variable length, texts after their lengths, times as
//! seconds and nanoseconds.
//!
//! Whoever reads has made sure that the bytes are as they were written, so that reading tells
//! no errors; past the end there are zeros.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::model::{Defer, TicketId};

/// The seconds of a time that is none.
const NO_TIME: i64 = i64::MIN;

/// Puts values one after the other.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

/// A place that is told later.
pub(super) struct Hole(usize);

impl Writer {
    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte((number as u8) | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    pub(super) fn optional_number(&mut self, number: Option<u64>) {
        self.byte(u8::from(number.is_some()));
        if let Some(number) = number {
            self.number(number);
        }
    }

    /// Leaves room for a place.
    pub(super) fn hole(&mut self) -> Hole {
        self.0.extend([0; 4]);
        Hole(self.0.len() - 4)
    }

    /// That place is here.
    pub(super) fn fill(&mut self, hole: Hole) {
        let here = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0[hole.0..hole.0 + 4].copy_from_slice(&here.to_le_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn optional_text(&mut self, text: Option<&str>) {
        self.byte(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub(super) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        each: impl Fn(&mut Self, T),
    ) {
        let items = items.into_iter();
        self.number(items.len() as u64);
        items.for_each(|item| each(self, item));
    }

    /// One of a closed set, by its place among all of them.
    pub(super) fn word<T: PartialEq>(&mut self, all: &[T], word: Option<T>) {
        let place = word.and_then(|word| all.iter().position(|known| *known == word));
        self.byte(place.map_or(0, |place| place as u8 + 1));
    }

    pub(super) fn time(&mut self, time: Option<Timestamp>) {
        let (seconds, nanos) = match time {
            Some(time) => (time.as_second(), time.subsec_nanosecond()),
            None => (NO_TIME, 0),
        };
        self.0.extend(seconds.to_le_bytes());
        self.0.extend(nanos.to_le_bytes());
    }

    pub(super) fn date(&mut self, date: Option<Date>) {
        self.byte(u8::from(date.is_some()));
        if let Some(date) = date {
            self.0.extend(date.year().to_le_bytes());
            self.0.extend(date.month().to_le_bytes());
            self.0.extend(date.day().to_le_bytes());
        }
    }

    pub(super) fn defer(&mut self, defer: Option<Defer>) {
        match defer {
            None => self.byte(0),
            Some(Defer::Day(day)) => {
                self.byte(1);
                self.date(Some(day));
            }
            Some(Defer::At(at)) => {
                self.byte(2);
                self.time(Some(at));
            }
        }
    }
}

/// Takes the values in the order in which they were put.
#[derive(Clone, Debug)]
pub(super) struct Reader<'b>(&'b [u8]);

/// Texts that were put as a list, in their order.
#[derive(Clone, Debug)]
pub struct Texts<'b> {
    rest: Reader<'b>,
    left: usize,
}

impl<'b> Iterator for Texts<'b> {
    type Item = &'b str;

    fn next(&mut self) -> Option<&'b str> {
        self.left = self.left.checked_sub(1)?;
        Some(self.rest.text())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Texts<'_> {}

impl<'b> Texts<'b> {
    /// The same as ids, where they are of tickets.
    pub fn ids(self) -> impl Iterator<Item = TicketId> {
        self.map(TicketId::known)
    }

    /// The bytes of each: for who only compares them, since seeing that they are a text takes
    /// longer than that.
    pub fn bytes(mut self) -> impl Iterator<Item = &'b [u8]> {
        (0..self.left).map(move |_| self.rest.text_bytes())
    }
}

impl<'b> Reader<'b> {
    pub(super) const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    fn bytes(&mut self, length: usize) -> &'b [u8] {
        let (taken, rest) = self.0.split_at_checked(length).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }

    fn exactly<const N: usize>(&mut self) -> [u8; N] {
        self.bytes(N).try_into().unwrap_or([0; N])
    }

    pub(super) fn byte(&mut self) -> u8 {
        let [byte] = self.exactly();
        byte
    }

    pub(super) fn number(&mut self) -> u64 {
        if let [byte, rest @ ..] = self.0
            && *byte < 0x80
        {
            self.0 = rest;
            return u64::from(*byte);
        }
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }

    pub(super) fn optional_number(&mut self) -> Option<u64> {
        (self.byte() == 1).then(|| self.number())
    }

    pub(super) fn place(&mut self) -> usize {
        u32::from_le_bytes(self.exactly()) as usize
    }

    pub(super) fn text(&mut self) -> &'b str {
        std::str::from_utf8(self.text_bytes()).unwrap_or_default()
    }

    /// The bytes of a text, which whoever only compares them need not look through.
    pub(super) fn text_bytes(&mut self) -> &'b [u8] {
        let length = self.number() as usize;
        self.bytes(length)
    }

    pub(super) fn optional_text(&mut self) -> Option<&'b str> {
        (self.byte() == 1).then(|| self.text())
    }

    pub(super) fn list<T>(&mut self, each: impl Fn(&mut Self) -> T) -> Vec<T> {
        // Every item takes a byte, so that a wrong number takes no more memory than there is.
        let count = (self.number() as usize).min(self.0.len());
        (0..count).map(|_| each(self)).collect()
    }

    pub(super) fn strings(&mut self) -> Vec<String> {
        self.list(|from| from.text().to_owned())
    }

    pub(super) fn skip_text(&mut self) {
        self.text_bytes();
    }

    pub(super) fn skip_texts(&mut self) {
        let count = (self.number() as usize).min(self.0.len());
        for _ in 0..count {
            self.skip_text();
        }
    }

    pub(super) fn texts(&mut self) -> Texts<'b> {
        let mut rest = self.clone();
        let left = (rest.number() as usize).min(rest.0.len());
        self.skip_texts();
        Texts { rest, left }
    }

    pub(super) fn word<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let place = usize::from(self.byte()).checked_sub(1)?;
        all.get(place).copied()
    }

    pub(super) fn time(&mut self) -> Option<Timestamp> {
        let seconds = i64::from_le_bytes(self.exactly());
        let nanos = i32::from_le_bytes(self.exactly());
        if seconds == NO_TIME {
            return None;
        }
        Timestamp::new(seconds, nanos).ok()
    }

    pub(super) fn date(&mut self) -> Option<Date> {
        if self.byte() != 1 {
            return None;
        }
        let year = i16::from_le_bytes(self.exactly());
        let month = i8::from_le_bytes(self.exactly());
        let day = i8::from_le_bytes(self.exactly());
        Date::new(year, month, day).ok()
    }

    pub(super) fn defer(&mut self) -> Option<Defer> {
        match self.byte() {
            1 => self.date().map(Defer::Day),
            2 => self.time().map(Defer::At),
            _ => None,
        }
    }
}
