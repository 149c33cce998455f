//! A question as a note holds it: what is asked, and below it the answers offered, numbered.

use std::fmt;

use super::{Actor, Awaiting, Note, NoteKind, Ticket};

/// What a person's approval of a worker's request begins with, as a note.
pub const APPROVED: &str = "approved";

/// One or several questions asked at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The questions, one by one.
    pub parts: Vec<AskedPart>,
}

/// One question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedPart {
    /// What is asked.
    pub text: String,
    /// The answers it offers, a line each.
    pub options: Vec<String>,
}

/// A number that none of the answers offered has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no answer {given}: the question offers 1 to {most}")]
pub struct NoSuchAnswer {
    /// The number.
    pub given: String,
    /// How many answers there are.
    pub most: usize,
}

impl Asked {
    /// One question.
    #[must_use]
    pub fn one(text: &str, options: &[String]) -> Self {
        Self {
            parts: vec![AskedPart::new(text, options)],
        }
    }

    /// What a note's text asks.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut parts: Vec<AskedPart> = Vec::new();
        for line in text.lines() {
            let next = parts.last().map_or(0, |part| part.options.len() + 1);
            let numbered = line.strip_prefix(&format!("{next}. ")).filter(|_| next > 0);
            match (parts.last_mut(), numbered) {
                (Some(part), Some(option)) => part.options.push(option.to_owned()),
                (Some(part), None) if part.options.is_empty() => {
                    part.text.push('\n');
                    part.text.push_str(line);
                }
                _ => parts.push(AskedPart::new(line, &[])),
            }
        }
        Self { parts }
    }

    /// What a person's words come to: numbers become the answers they stand for.
    ///
    /// A text that is one of the answers is that answer, whatever it looks like. Where several
    /// things are asked, their answers are lines, or numbers with commas between.
    ///
    /// # Errors
    /// When a number stands for no answer.
    pub fn answer(&self, given: &str) -> Result<String, NoSuchAnswer> {
        let given = given.trim();
        if let [only] = self.parts.as_slice() {
            return only.answer(given);
        }
        let is_number = |piece: &&str| piece.trim().parse::<u64>().is_ok();
        let mut pieces: Vec<&str> = given.lines().collect();
        if pieces.len() == 1 && given.split(',').all(|piece| is_number(&piece)) {
            pieces = given.split(',').collect();
        }
        if pieces.len() != self.parts.len() {
            return Ok(given.to_owned());
        }
        let answers = self.parts.iter().zip(pieces);
        let answers = answers.map(|(part, piece)| part.answer(piece.trim()));
        Ok(answers.collect::<Result<Vec<_>, _>>()?.join("\n"))
    }

    /// The answers of a note, one for each question: its lines where there are as many, else
    /// all of it for each.
    #[must_use]
    pub fn answers(&self, said: &str) -> Vec<String> {
        let lines: Vec<&str> = said.lines().collect();
        if self.parts.len() > 1 && lines.len() == self.parts.len() {
            return lines.into_iter().map(str::to_owned).collect();
        }
        self.parts.iter().map(|_| said.to_owned()).collect()
    }
}

impl AskedPart {
    /// A question; answers of several lines become one.
    #[must_use]
    pub fn new(text: &str, options: &[String]) -> Self {
        let line = |option: &String| option.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            text: text.to_owned(),
            options: options.iter().map(line).collect(),
        }
    }

    fn answer(&self, given: &str) -> Result<String, NoSuchAnswer> {
        if self.options.is_empty() {
            return Ok(given.to_owned());
        }
        let same = |option: &&String| option.eq_ignore_ascii_case(given);
        if let Some(option) = self.options.iter().find(same) {
            return Ok(option.clone());
        }
        let pieces = given.split([',', ' ']).filter(|piece| !piece.is_empty());
        let numbers: Option<Vec<usize>> = pieces.map(|piece| piece.parse().ok()).collect();
        let Some(numbers) = numbers.filter(|numbers| !numbers.is_empty()) else {
            return Ok(given.to_owned());
        };
        let chosen = numbers.iter().map(|number| {
            let option = number.checked_sub(1).and_then(|at| self.options.get(at));
            option.cloned().ok_or_else(|| NoSuchAnswer {
                given: number.to_string(),
                most: self.options.len(),
            })
        });
        Ok(chosen.collect::<Result<Vec<_>, _>>()?.join(", "))
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for part in &self.parts {
            if !std::mem::take(&mut first) {
                writeln!(f)?;
            }
            write!(f, "{}", part.text)?;
            for (place, option) in part.options.iter().enumerate() {
                write!(f, "\n{}. {option}", place + 1)?;
            }
        }
        Ok(())
    }
}

impl Ticket {
    /// Appends the note; a moment later where the same one said something at that very moment,
    /// since time and author are what tells notes apart.
    pub fn say(&mut self, note: &Note) {
        let mut note = note.clone();
        while self
            .notes
            .iter()
            .any(|old| old.at == note.at && old.by == note.by)
        {
            let moment = jiff::SignedDuration::from_millis(1);
            let Some(later) = note.at.and_then(|at| at.checked_add(moment).ok()) else {
                break;
            };
            note.at = Some(later);
        }
        self.notes.push(note);
    }

    /// The last question, and what was said after it.
    #[must_use]
    pub fn last_question(&self) -> Option<(&Note, &[Note])> {
        let is_question = |note: &Note| note.kind == NoteKind::Question;
        let at = self.notes.iter().rposition(is_question)?;
        Some((&self.notes[at], &self.notes[at + 1..]))
    }

    /// The command by which a person gives the ticket what it awaits.
    #[must_use]
    pub fn owed_command(&self, awaiting: Awaiting) -> String {
        let id = &self.id;
        let offered = self.last_question().map_or(0, |(note, _)| options(note));
        match awaiting {
            Awaiting::Input if offered > 0 => format!("tk answer {id} 1"),
            Awaiting::Input => format!("tk answer {id} TEXT"),
            Awaiting::Work => format!("tk close {id}"),
            _ => format!("tk approve {id}"),
        }
    }

    /// The question of a worker that nobody has answered yet, and that the worker has not gone
    /// on from.
    #[must_use]
    pub fn open_question_of_agent(&self) -> Option<&Note> {
        let (question, after) = self.last_question()?;
        let settles = |note: &Note| {
            note.by == question.by || matches!(note.kind, NoteKind::Answer | NoteKind::Feedback)
        };
        (question.is_by_agent() && !after.iter().any(settles)).then_some(question)
    }
}

/// How many answers the note's first question offers.
#[must_use]
pub fn options(note: &Note) -> usize {
    let parts = Asked::parse(&note.text).parts;
    parts.first().map_or(0, |part| part.options.len())
}

impl Note {
    /// Whether an agent wrote it.
    #[must_use]
    pub fn is_by_agent(&self) -> bool {
        Actor::new(&self.by).is_agent()
    }

    /// Whether a person wrote it: neither an agent nor tk.
    #[must_use]
    pub fn is_by_person(&self) -> bool {
        !self.is_by_agent() && self.by != "tk"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colours() -> Asked {
        Asked::one("Which?", &["red".into(), "dark\nblue".into(), "7".into()])
    }

    #[test]
    fn a_question_reads_back_as_it_was_written() {
        let several = Asked {
            parts: vec![
                AskedPart::new("Which?\nReally:", &["a".into(), "b".into()]),
                AskedPart::new("Why?", &[]),
            ],
        };
        for asked in [colours(), several] {
            assert_eq!(Asked::parse(&asked.to_string()), asked);
        }
        assert_eq!(colours().to_string(), "Which?\n1. red\n2. dark blue\n3. 7");
    }

    #[test]
    fn numbers_and_texts_answer() {
        for (given, answer) in [
            ("1", "red"),
            (" 2 ", "dark blue"),
            ("RED", "red"),
            ("1, 2", "red, dark blue"),
            // One of the answers, although it looks like a number.
            ("7", "7"),
            ("the 9 of them", "the 9 of them"),
        ] {
            assert_eq!(colours().answer(given).unwrap(), answer, "{given}");
        }
        assert_eq!(
            colours().answer("4").unwrap_err().to_string(),
            "there is no answer 4: the question offers 1 to 3"
        );
        assert!(colours().answer("0").is_err());
        assert_eq!(Asked::parse("How many?").answer("4").unwrap(), "4");
    }

    #[test]
    fn several_questions_are_answered_in_their_order() {
        let asked = Asked::parse("Which?\n1. a\n2. b\nHow?\n1. so\n2. thus");
        for (given, answers) in [
            ("2,1", ["b", "so"]),
            ("a\nhowever", ["a", "however"]),
            ("as you like", ["as you like"; 2]),
        ] {
            let answer = asked.answer(given).unwrap();
            assert_eq!(asked.answers(&answer), answers, "{given}");
        }
        assert!(asked.answer("2,3").is_err());
    }
}
