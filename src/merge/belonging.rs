//! To which keys the lines of a ticket's file belong, also of one that marks of a merge keep from
//! being read.

use super::fields::LISTS;

/// A place between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Belonging {
    /// The table under whose header it is.
    table: Option<String>,
    /// The key in whose value it is.
    key: String,
    /// The quotes that end the string in which it is.
    quotes: Option<&'static str>,
    /// In how many arrays it is.
    depth: usize,
}

impl Belonging {
    /// Goes over these lines; the keys to which they belong, each once: a list's are that list.
    pub(super) fn pass(&mut self, lines: &str) -> Vec<String> {
        let mut keys = Vec::new();
        for line in lines.lines() {
            if let Some(key) = self.line(line)
                && !keys.contains(&key)
            {
                keys.push(key);
            }
        }
        keys
    }

    /// Whether the next line goes on with a value.
    pub(super) const fn is_within(&self) -> bool {
        self.quotes.is_some() || self.depth > 0
    }

    /// Goes over a line of an entry; what it has before its comment.
    pub(super) fn without_comment<'l>(&mut self, line: &'l str) -> &'l str {
        let start = match self.is_within() {
            true => 0,
            false => line.find('=').map_or(0, |at| at + 1),
        };
        let end = self.value(&line[start..]);
        &line[..start + end]
    }

    fn line(&mut self, line: &str) -> Option<String> {
        if self.is_within() {
            self.value(line);
            return Some(self.key.clone());
        }
        let begun = line.trim_start();
        if begun.starts_with('#') {
            return None;
        }
        if let Some(header) = begun.strip_prefix('[') {
            let name = header.trim_start_matches('[');
            let name = name.split_once(']').map_or(name, |(name, _)| name).trim();
            self.table = Some(name.to_owned());
            return list(name);
        }
        let (key, value) = begun.split_once('=')?;
        let key = key.trim();
        self.key = match &self.table {
            None => key.to_owned(),
            Some(table) => list(table).unwrap_or_else(|| format!("{table}.{key}")),
        };
        self.value(value);
        Some(self.key.clone())
    }

    /// Goes over what a line has of a value; where the comment behind that begins, or the line ends.
    fn value(&mut self, line: &str) -> usize {
        let mut rest = line;
        let mut end = line.len();
        loop {
            if let Some(quotes) = self.quotes {
                let Some(after) = after(rest, quotes) else {
                    break;
                };
                rest = after;
                self.quotes = None;
            }
            let Some(at) = rest.find(['"', '\'', '#', '[', ']', '{', '}']) else {
                break;
            };
            let found = &rest[at..];
            rest = &found[1..];
            match found.as_bytes()[0] {
                b'#' => {
                    end -= found.len();
                    break;
                }
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {
                    let all = ["\"\"\"", "'''", "\"", "'"];
                    self.quotes = all.into_iter().find(|quotes| found.starts_with(quotes));
                    rest = &found[self.quotes.map_or(1, str::len)..];
                }
            }
        }
        // A string of one line ends with it, whatever is wrong with it.
        self.quotes = self.quotes.filter(|quotes| quotes.len() == 3);
        end
    }
}

/// What follows the end of a string in the rest of its line.
fn after<'l>(rest: &'l str, quotes: &str) -> Option<&'l str> {
    let mut at = 0;
    while let Some(left) = rest.get(at..).filter(|left| !left.is_empty()) {
        if let Some(after) = left.strip_prefix(quotes) {
            return Some(after);
        }
        let mut chars = left.chars();
        let escapes = chars.next() == Some('\\') && quotes.starts_with('"');
        if escapes {
            chars.next();
        }
        at += left.len() - chars.as_str().len();
    }
    None
}

/// The list of tickets whose elements, or what hangs on them, such a table is.
pub(super) fn list(table: &str) -> Option<String> {
    let name = table.split('.').next().unwrap_or(table).trim();
    let known = LISTS.iter().find(|(list, _)| *list == name);
    known.map(|(list, _)| (*list).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_belongs_to_a_key() {
        let text = "title = \"a # \\\" [\" # [\nlabels = [\n  \"x = 1\", # ]\n  'status = ',\n]\n\
                    # status = 1\n\ndescription = \"\"\"\nstatus = a\n\\\"\"\"\nb\n\"\"\"\n\
                    pr = '''\n\"\"\"\n'''\ncustom = { a = 1 }\nlock = \"x\n[[runs]]\n\
                    started_at = 1\n[runs.more]\na = 1\n[meta]\nv = 1\nno key\n";
        let mut place = Belonging::default();
        let of = |line| place.pass(line).join(" ");
        let keys: Vec<String> = text.lines().map(of).collect();
        assert_eq!(
            keys.join("|"),
            "title|labels|labels|labels|labels||\
             |description|description|description|description|description|\
             pr|pr|pr|custom|lock|runs|runs|runs|runs||meta.v|"
        );
    }
}
