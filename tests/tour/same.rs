//! When two outputs are the same.
//!
//! Byte for byte, but for
//! - commit ids: seven digits or more from `0-9a-f`;
//! - the ids of runs: 26 capital letters and digits;
//! - durations in seconds, such as `0.4 s`, and the space that is free, such as `512 MiB`;
//! - the order of the lines of `tk run`, `tk log` and `git log`: workers that live at the
//!   same time finish in any order.

/// Whether the command's two outputs are the same.
pub(crate) fn same(command: &str, one: &str, other: &str) -> bool {
    let any_order = ["tk run ", "tk log", "git log "];
    let any_order = any_order.iter().any(|start| command.starts_with(start));
    let plain = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(without_chance).collect();
        if any_order {
            lines.sort();
        }
        (lines, text.ends_with('\n'))
    };
    plain(one) == plain(other)
}

/// The line with placeholders for what no two runs have in common.
fn without_chance(line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let first_is_word = rest.starts_with(is_word);
        let end = rest.find(|c| is_word(c) != first_is_word);
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        words.push(placeholder(word, after).unwrap_or(word).to_owned());
        rest = after;
    }
    words.concat()
}

fn placeholder(word: &str, after: &str) -> Option<&'static str> {
    let all = |fits: fn(char) -> bool| word.chars().all(fits);
    let digit = word.contains(|c: char| c.is_ascii_digit());
    let unit = |unit: &str| {
        let behind = after.strip_prefix(unit);
        behind.is_some_and(|behind| !behind.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    // One of a thousand has letters only.
    if word.len() >= 7 && all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
        return Some("COMMIT");
    }
    if word.len() == 26 && all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
        return Some("RUN");
    }
    let number = digit && all(|c| c.is_ascii_digit() || c == '.');
    (number && (unit(" s") || unit(" MiB"))).then_some("NUMBER")
}

#[test]
fn what_is_the_same() {
    let rows = [
        ("ls", "a\nb\n", "a\nb\n", true),
        ("ls", "a\nb\n", "b\na\n", false),
        ("tk run x", "a\nb\n", "b\na\n", true),
        ("tk run x", "a\nb\n", "a\n", false),
        ("ls", "a\n", "a", false),
        ("ls", "[main d9a90c6] x", "[main 0000000] x", true),
        ("ls", "[main d9a90c6] x", "[main d9a90c6] y", false),
        ("ls", "[main d9a90c6] x", "[main fdcabea] x", true),
        ("ls", "a decade", "a facade", false),
        ("ls", "passed (0.4 s)", "passed (12.0 s)", true),
        ("ls", "0.4 servers", "0.5 servers", false),
        ("ls", "5 tickets", "6 tickets", false),
        ("ls", "disk: 5 MiB free", "disk: 67 MiB free", true),
        (
            "ls",
            "Run: 01M7W1QFCGEA8KHX6Q9D2HX310",
            "Run: 01M7W1QFCGEA8KHX6Q9D2HX311",
            true,
        ),
    ];
    for (command, one, other, expected) in rows {
        assert_eq!(same(command, one, other), expected, "{one:?} {other:?}");
    }
}
