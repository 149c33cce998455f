//! Bash: the words of a line that somebody is typing, and answers that stand on it unharmed.

use clap_complete::engine::CompletionCandidate;

/// What makes bash ask. It hands on the line up to where somebody types, and the piece of it that
/// an answer takes the place of: the last word, or what stands in it after a break such as `=`,
/// `:` or a quote.
pub(super) const SCRIPT: &str = include_str!("tk.bash");

/// A line up to where somebody types.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its words, as a program gets them; the last one, which may be empty, is being typed.
    pub(super) words: Vec<String>,
    /// What stays of the last one.
    staying: String,
    /// The piece whose place an answer takes, as it was typed.
    piece: String,
}

impl Line {
    /// Reads a line of which `piece` is the end; `None` where it is not.
    pub(super) fn read(line: &str, piece: &str) -> Option<Self> {
        let (words, typed) = split(line);
        let staying = typed.strip_suffix(piece)?;
        let staying = split(staying).0.pop()?;
        Some(Self {
            words,
            staying,
            piece: piece.to_owned(),
        })
    }

    /// What the script reads: whether files are offered or words, and one answer in a line.
    ///
    /// Bash quotes the names of files. Words stand on the line as they are, so that what a shell
    /// takes for more than a word is left out.
    pub(super) fn answer(&self, found: &[CompletionCandidate], files: &str) -> Option<String> {
        let typed = self.words.last()?;
        let is_file =
            |it: &CompletionCandidate| it.get_tag().is_some_and(|it| it.to_string() == files);
        let are_files = found.iter().any(is_file);
        let mut answer = String::from(if are_files { "files\n" } else { "words\n" });
        for candidate in found {
            let Some(word) = candidate.get_value().to_str() else {
                continue;
            };
            let fitting = if are_files {
                word.strip_prefix(self.staying.as_str()).map(str::to_owned)
            } else {
                let rest = word
                    .strip_prefix(typed.as_str())
                    .filter(|rest| is_plain(rest));
                rest.map(|rest| format!("{}{rest}", self.piece))
            };
            if let Some(word) = fitting {
                answer.push_str(&word);
                answer.push('\n');
            }
        }
        Some(answer)
    }
}

/// Whether a shell takes it for a part of a word and nothing else.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "._-/:@+=,".contains(c);
    text.chars().all(plain)
}

/// The words of a line, as a program gets them but for variables and patterns, and the last one as
/// it was typed. There is always one: after a space an empty one begins.
fn split(line: &str) -> (Vec<String>, &str) {
    let (mut words, mut word, mut start) = (Vec::new(), String::new(), 0);
    let mut quote = None;
    let mut letters = line.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (quote, letter) {
            (None, ' ' | '\t' | '\n') => {
                if start < at {
                    words.push(std::mem::take(&mut word));
                }
                start = at + 1;
            }
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None | Some('"'), '\\') => {
                let next = letters.next().map(|(_, next)| next);
                // Between quotes it stands for itself, but before what it protects.
                if quote.is_some() && next.is_some_and(|next| !"\"\\$`".contains(next)) {
                    word.push(letter);
                }
                word.extend(next);
            }
            _ => word.push(letter),
        }
    }
    words.push(word);
    (words, &line[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_a_program_gets() {
        for (line, words, typed) in [
            ("tk ", vec!["tk", ""], ""),
            ("tk  show\tk7", vec!["tk", "show", "k7"], "k7"),
            (
                r"tk a\ b 'c \ d' e\",
                vec!["tk", "a b", r"c \ d", "e"],
                r"e\",
            ),
            (
                r#"tk "a \"\x" '' "b c"#,
                vec!["tk", r#"a "\x"#, "", "b c"],
                r#""b c"#,
            ),
            ("tk -l=ü", vec!["tk", "-l=ü"], "-l=ü"),
        ] {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            assert_eq!(split(line), (words, typed), "{line}");
        }
    }

    #[test]
    fn an_answer_takes_the_place_of_the_piece() {
        let offered = |line: &str, piece: &str, words: &[&str], tag: Option<&'static str>| {
            let candidate = |word: &&str| CompletionCandidate::new(*word).tag(tag.map(Into::into));
            let found: Vec<_> = words.iter().map(candidate).collect();
            Line::read(line, piece)
                .unwrap()
                .answer(&found, "files")
                .unwrap()
        };
        let words = |line, piece, words: &[&str]| offered(line, piece, words, None);
        let files = |line, piece, words: &[&str]| offered(line, piece, words, Some("files"));
        assert_eq!(words("tk --s=o", "o", &["--s=open"]), "words\nopen\n");
        assert_eq!(words("tk api:", "", &["api:x", "api:$(y)"]), "words\nx\n");
        // What was typed stays as it was typed.
        assert_eq!(words(r"tk a\ b", r"a\ b", &["a bc"]), "words\na\\ bc\n");
        assert_eq!(words(r#"tk "a b"#, "a b", &["a bc"]), "words\na bc\n");
        // The name of a file bash quotes by itself.
        assert_eq!(files(r"tk a\ b", r"a\ b", &["a b;c"]), "files\na b;c\n");
        assert_eq!(files("tk -o=\"a", "a", &["-o=a b/"]), "files\na b/\n");
        assert_eq!(Line::read("tk show", "list"), None);
    }
}
