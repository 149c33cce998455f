//! Code in Markdown, between fences: lines of at least three backticks or tildes.

/// What a text opens that goes over empty lines and headings until that closes it.
const PAIRS: &[(&str, &str)] = &[
    ("<!--", "-->"),
    ("<?", "?>"),
    ("<![cdata[", "]]>"),
    ("<script", "</script"),
    ("<pre", "</pre"),
    ("<style", "</style"),
    ("<textarea", "</textarea"),
    ("<details", "</details"),
];

/// The fences of a text, as its lines are passed one after the other.
#[derive(Debug, Default)]
pub(super) struct Fences {
    open: Option<Fence>,
    /// Whether there was any.
    any: bool,
    /// Whether code that is part of a list may have ended with that.
    doubtful: bool,
}

#[derive(Debug)]
struct Fence {
    mark: char,
    length: usize,
    indent: usize,
}

impl Fences {
    /// Goes over the next line; whether it is code, or a fence of code.
    pub(super) fn pass(&mut self, line: &str) -> bool {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        let Some(open) = &self.open else {
            self.open = opened(text, indent);
            self.any |= self.open.is_some();
            return self.open.is_some();
        };
        self.doubtful |= indent < open.indent && !text.trim().is_empty();
        let rest = text.trim_start_matches(open.mark);
        let length = text.len() - rest.len();
        if indent <= 3 && length >= open.length && rest.trim().is_empty() {
            self.open = None;
        }
        true
    }
}

fn opened(text: &str, indent: usize) -> Option<Fence> {
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = text.trim_start_matches(mark);
    let length = text.len() - rest.len();
    let is_fence = indent <= 3 && length >= 3 && !(mark == '`' && rest.contains('`'));
    is_fence.then_some(Fence {
        mark,
        length,
        indent,
    })
}

/// The lines of a text, and whether each is code. What is open where one of those is that end all
/// code, or at the end of the text, is none.
pub(super) fn lines(text: &str, ends: impl Fn(&str) -> bool) -> Vec<(&str, bool)> {
    let mut lines: Vec<(&str, bool)> = Vec::new();
    let mut fences = Fences::default();
    let mut begun = 0;
    let close = |lines: &mut [(&str, bool)]| lines.iter_mut().for_each(|(_, code)| *code = false);
    for line in text.lines() {
        if fences.open.is_some() && ends(line) {
            close(&mut lines[begun..]);
            fences.open = None;
        }
        if fences.open.is_none() {
            begun = lines.len();
        }
        let is_code = fences.pass(line);
        lines.push((line, is_code));
    }
    if fences.open.is_some() {
        close(&mut lines[begun..]);
    }
    lines
}

/// Whether something that the text opens may go on behind its end. Where it cannot be told without
/// reading all of its Markdown, it may.
pub(super) fn may_stay_open(text: &str) -> bool {
    let mut fences = Fences::default();
    let mut has_html = false;
    for line in text.lines() {
        if !fences.pass(line) {
            let tag = line.trim_start().strip_prefix('<').unwrap_or_default();
            has_html |= tag.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c));
        }
    }
    let lower = text.to_ascii_lowercase();
    let is_open = |(begin, end): &(&str, &str)| {
        let begun = lower.rfind(begin);
        begun.is_some_and(|begun| lower.rfind(end).is_none_or(|ended| ended < begun))
    };
    fences.open.is_some() || fences.doubtful || fences.any && has_html || PAIRS.iter().any(is_open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_stay_open_is_found() {
        for text in [
            "```",
            "a\n~~~ sh\nb\n```\n",
            "````\n```\n",
            "```\n``` sh\n",
            "- a\n  ```\n  b\n\n```\n",
            "- a\n  ```\nb\n  ```\n",
            "<div>\n```\n\n```\n",
            "x <!-- a --> <!-- b",
            "<PRE>\n\n",
            "<details>\n\nx",
        ] {
            assert!(may_stay_open(text), "{text}");
        }
        for text in [
            "",
            "a `b` ``` c ``` d",
            "```\na\n```",
            "~~~\n```\n~~~~\n",
            "- a\n\n  ```sh\n  b\n  ```\n",
            "    ```\n",
            "<!-- a\n\nb -->",
            "<b>x</b> <https://example.com>",
            "a < b\n```\n<b\n```\n",
        ] {
            assert!(!may_stay_open(text), "{text}");
        }
    }

    #[test]
    fn code_that_never_ends_is_none() {
        let code = |text: &str| -> Vec<bool> {
            let lines = lines(text, |line| line == "end");
            lines.into_iter().map(|(_, code)| code).collect()
        };
        assert_eq!(code("```\na\n```\nb"), [true, true, true, false]);
        assert_eq!(
            code("```\na\n```\n```\nb"),
            [true, true, true, false, false]
        );
        assert_eq!(
            code("```\na\nend\n~~~\n~~~"),
            [false, false, false, true, true]
        );
    }

    #[test]
    fn fences_and_what_is_between_are_code() {
        let mut fences = Fences::default();
        let lines = "a\n~~~ `x`\n# b\n```\n~~~\n# c\n``` `\n# d";
        let code = lines.lines().map(|line| fences.pass(line));
        let expected = [false, true, true, true, true, false, false, false];
        assert_eq!(code.collect::<Vec<_>>(), expected);
    }
}
