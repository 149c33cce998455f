//! Where a key stands in a file.

use super::parse::document;
use super::source::Source;

/// The line, from 1, of that top-level key; the first where the text has none, or is not TOML.
#[must_use]
pub fn line_of(text: &str, key: &str) -> usize {
    let source = Source::new(text);
    let Ok(document) = document(&source) else {
        return 1;
    };
    let table = document.as_table();
    let written = table.key(key).and_then(|key| key.span());
    // An array of tables has its headers instead.
    let headed = || table.get(key).and_then(toml_edit::Item::span);
    let at = written.or_else(headed).map_or(0, |span| span.start);
    let before = source.text().get(..at).unwrap_or_default();
    before.matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::line_of;

    #[test]
    fn keys_are_found_in_their_lines() {
        let text = "# a\r\ntitle = \"t\"\r\n\r\n\"status\"   = \"open\"\nlabels = [\n]\n\n[[notes]]\ntext = \"\"\n";
        for (key, line) in [
            ("title", 2),
            ("status", 4),
            ("labels", 5),
            ("notes", 8),
            ("parent", 1),
        ] {
            assert_eq!(line_of(text, key), line, "{key}");
        }
        assert_eq!(line_of("title = ", "title"), 1);
    }
}
