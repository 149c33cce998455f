//! Whether two tickets are expected to change the same files.

/// Whether files may exist that a pattern of each list matches.
///
/// Conservative: two patterns overlap unless the literal parts of their paths, up to the first
/// glob character, diverge. So `a/*.rs` and `a/*.md` overlap, `a/**` and `b/**` do not. A
/// pattern without glob characters is that file, or that folder and everything in it. An empty
/// list says nothing and overlaps with nothing.
#[must_use]
pub fn overlap(a: &[String], b: &[String]) -> bool {
    a.iter().any(|a| {
        b.iter()
            .any(|b| prefixes_meet(&Prefix::of(a), &Prefix::of(b)))
    })
}

/// The literal beginning of a pattern's paths.
struct Prefix {
    text: String,
    /// Whether that is the whole pattern.
    whole: bool,
}

impl Prefix {
    fn of(pattern: &str) -> Self {
        let end = pattern
            .find(['*', '?', '[', ']', '{', '}', '!', '\\'])
            .unwrap_or(pattern.len());
        let (literal, whole) = (&pattern[..end], end == pattern.len());
        let parts = literal.split('/').filter(|part| !matches!(*part, "" | "."));
        let parts: Vec<&str> = parts.collect();
        if parts.contains(&"..") {
            // Where that leads is not told by the text: it may be anywhere.
            return Self {
                text: String::new(),
                whole: false,
            };
        }
        let mut text = parts.join("/");
        if !whole && !text.is_empty() && literal.ends_with('/') {
            text.push('/');
        }
        // The top folder holds everything.
        let whole = whole && !text.is_empty();
        Self { text, whole }
    }
}

fn prefixes_meet(a: &Prefix, b: &Prefix) -> bool {
    let (short, long) = if a.text.len() <= b.text.len() {
        (a, b)
    } else {
        (b, a)
    };
    let Some(rest) = long.text.strip_prefix(short.text.as_str()) else {
        return false;
    };
    rest.is_empty() || !short.whole || rest.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_overlap_unless_their_literal_parts_diverge() {
        for (a, b, expected) in [
            ("a/**", "b/**", false),
            ("a/*.rs", "a/*.md", true),
            ("crates/api/**", "crates/api/src/x.rs", true),
            ("crates/api", "crates/api/src/x.rs", true),
            ("crates/api/", "crates/api/**", true),
            ("crates/api", "crates/apis/**", false),
            ("crates/ap*", "crates/api", true),
            ("src/a.rs", "src/a.rs.bak", false),
            ("src/a.rs", "./src//a.rs", true),
            ("/src/a.rs", "src/a.rs", true),
            ("**/*.md", "src/a.rs", true),
            ("../x", "src/a.rs", true),
            ("src/../b/**", "b/c", true),
            (".", "b/c", true),
            ("{a,b}/c", "z", true),
            (".github/**", "github/**", false),
        ] {
            let (a, b) = ([a.to_owned()], [b.to_owned()]);
            assert_eq!(overlap(&a, &b), expected, "{a:?} {b:?}");
            assert_eq!(overlap(&b, &a), expected, "{b:?} {a:?}");
        }
        assert!(!overlap(&[], &["a".to_owned()]));
    }
}
