//! What git has to know of the tickets' files: lines in `.gitattributes`, and whether it goes by
//! them.

use std::path::{Path, PathBuf};

use super::{Error, ErrorCode, Result};
use crate::git::{Repo, TICKS};
use crate::model::{Shown, TicketId};
use crate::store;

/// The file with what git has to know.
pub(super) const FILE: &str = ".gitattributes";

/// What it has to know.
const LINES: &[&str] = &[
    ".ticks/*.toml merge=ticks text eol=lf",
    ".ticks/config.toml !merge",
];

/// The attribute of git's that says more than one thing.
const BINARY: &str = "binary";

/// Attributes by which git keeps something else of a file than what stands in it.
const REWRITING: &[&str] = &["filter", "working-tree-encoding"];

/// The lines that are missing, as the file stands.
pub(super) struct Missing {
    /// The lines.
    pub(super) lines: Vec<&'static str>,
    /// Whether a sparse checkout leaves the file out, so that nothing can be added to it.
    pub(super) is_left_out: bool,
    text: String,
}

/// Something that git takes otherwise, for all that the lines are there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Otherwise {
    /// The file that is likely to say so.
    pub(super) file: String,
    /// The line in it, from 1, where one is likely to.
    pub(super) line: Option<usize>,
    /// What it takes otherwise.
    pub(super) message: String,
    /// What to do.
    pub(super) hint: String,
}

/// The lines that are not in `.gitattributes`.
///
/// # Errors
/// When it cannot be read.
pub(super) fn missing(repo: &Repo) -> Result<Missing> {
    let git = repo.home_git();
    let (text, is_left_out) = match store::read_if_there(&file(repo))? {
        Some(text) => (text, false),
        // Git goes by what it has of it then.
        None if !git.left_out(FILE)?.is_empty() => (git.text_in_index(FILE)?, true),
        None => (String::new(), false),
    };
    let is_missing = |line: &&str| !text.lines().any(|there| there.trim() == *line);
    let lines = LINES.iter().copied().filter(is_missing).collect();
    Ok(Missing {
        lines,
        is_left_out,
        text,
    })
}

/// Adds the lines that are not there; whether any was not.
///
/// # Errors
/// When the file cannot be read or written, or is left out of a sparse checkout.
pub(super) fn write(repo: &Repo) -> Result<bool> {
    let missing = missing(repo)?;
    if missing.lines.is_empty() {
        return Ok(false);
    }
    if missing.is_left_out {
        return Err(left_out(&missing));
    }
    let mut text = missing.text;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for line in missing.lines {
        text.push_str(line);
        text.push('\n');
    }
    let file = file(repo);
    store::write_atomic(&file, text.as_bytes()).map_err(|error| {
        let message = format!("cannot write `{}`: {error}", Shown(&file));
        Error::of_system(message, &error)
    })?;
    Ok(true)
}

/// The error that the lines cannot be added to a file that is not there.
pub(super) fn left_out(missing: &Missing) -> Error {
    let message = format!(
        "`{FILE}` is left out of this sparse checkout, and has no {}",
        quoted(&missing.lines)
    );
    let hint = format!("`git sparse-checkout add /{FILE}` takes it in, then `tk init`");
    Error::new(ErrorCode::Refused, message).hint(hint)
}

/// The lines, for people.
pub(super) fn quoted(lines: &[&str]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("`{line}`")).collect();
    lines.join(", ")
}

/// Where the file is, or would be.
pub(super) fn file(repo: &Repo) -> PathBuf {
    repo.home().join(FILE)
}

/// What git takes otherwise of that ticket's file, which need not be there, and of the
/// configuration's, whatever `.gitattributes` says.
///
/// # Errors
/// When git fails.
pub(super) fn otherwise(repo: &Repo, id: &str) -> Result<Vec<Otherwise>> {
    let git = repo.home_git();
    let mut found: Vec<Otherwise> = Vec::new();
    // What the driver does not know is merged as text, as it is by the others.
    let text = &["unspecified", "set", "text", "ticks"][..];
    for (name, expected) in [(id, &["ticks"][..]), ("config", text)] {
        let path = format!("{TICKS}/{name}.toml");
        let merge = git.attribute("merge", &path)?;
        if !expected.contains(&merge.as_str()) {
            found.push(take(repo, "merge", &path, &merge, expected[0]));
        }
        // What is no text keeps its lines.
        let eol = git.attribute("eol", &path)?;
        if eol != "lf" && git.attribute("text", &path)? != "unset" {
            found.push(take(repo, "eol", &path, &eol, "lf"));
        }
        found.extend(rewritten(repo, [path])?);
    }
    // One line is told of once.
    let all = std::mem::take(&mut found);
    for one in all {
        let is_same = |other: &Otherwise| (&other.file, other.line) == (&one.file, one.line);
        if !found.iter().any(is_same) {
            found.push(one);
        }
    }
    Ok(found)
}

/// Fails where git keeps something else of one of the tickets' files than what stands in it: what
/// a run commits would not have gone through that.
///
/// # Errors
/// [`ErrorCode::Git`], with the line to take out; or when git fails.
pub(crate) fn expect_as_they_stand(repo: &Repo, ticks: &Path, tickets: &[TicketId]) -> Result<()> {
    let Some(ticks) = ticks.strip_prefix(repo.home()).ok().and_then(Path::to_str) else {
        return Ok(());
    };
    let paths = tickets.iter().map(|id| format!("{ticks}/{id}.toml"));
    match rewritten(repo, paths)? {
        Some(one) => {
            let place = one.line.map(|line| format!("{}:{line}: ", one.file));
            let message = format!("{}{}", place.unwrap_or_default(), one.message);
            Err(Error::new(ErrorCode::Git, message).hint(one.hint))
        }
        None => Ok(()),
    }
}

/// The first of these files of which git keeps something else than what stands in it.
fn rewritten(repo: &Repo, paths: impl IntoIterator<Item = String>) -> Result<Option<Otherwise>> {
    let all = repo.home_git().attributes(REWRITING, paths)?;
    let is_as_it_stands = |value: &str| matches!(value, "unspecified" | "unset" | "");
    let first = all.into_iter().find(|one| !is_as_it_stands(&one.value));
    Ok(first.map(|one| {
        let (name, path) = (&one.name, &one.path);
        let mut found = take(repo, name, path, &one.value, "unspecified");
        if found.line.is_some() {
            found.hint = format!(
                "tickets are merged and committed as they stand: take `{name}` out of that line, \
                 or put `{TICKS}/** !{name}` below it"
            );
        }
        found
    }))
}

fn take(repo: &Repo, attribute: &str, path: &str, value: &str, expected: &str) -> Otherwise {
    let message = format!("git takes `{path}` to be `{attribute}={value}`: expected `{expected}`");
    // What stands first counts most.
    let info = repo.common_dir().join("info/attributes");
    let folders = [info, repo.home().join(TICKS).join(FILE), file(repo)];
    let said = folders.into_iter().find_map(|file| {
        // One that cannot be read is no use to git either.
        let text = store::read_if_there(&file).ok().flatten()?;
        Some((line_of(&text, attribute)?, file))
    });
    let Some((line, file)) = said else {
        return Otherwise {
            file: FILE.to_owned(),
            line: None,
            message,
            hint: format!("`git check-attr -a {path}` shows what git goes by"),
        };
    };
    let is_top = file == self::file(repo);
    Otherwise {
        file: shown(repo, &file),
        line: Some(line),
        message,
        hint: if is_top {
            format!(
                "put the lines that begin with `{TICKS}/` at the end of the file, below that one"
            )
        } else {
            format!("take `{attribute}` out of that line, which counts more than `{FILE}`")
        },
    }
}

/// The path from the main working tree on, where it is in it.
fn shown(repo: &Repo, file: &Path) -> String {
    let inside = file.strip_prefix(repo.home());
    inside.unwrap_or(file).display().to_string()
}

/// The last line, from 1, that gives a path that attribute and is none of ours.
fn line_of(text: &str, attribute: &str) -> Option<usize> {
    let gives = |line: &str| {
        let words = line.split_whitespace().skip(1);
        let mut names = words.map(|word| {
            let name = word.trim_start_matches(['-', '!']);
            name.split('=').next().unwrap_or(name)
        });
        let is_rule = !line.starts_with('#') && !LINES.contains(&line);
        let by_binary = !REWRITING.contains(&attribute);
        is_rule && names.any(|name| name == attribute || by_binary && name == BINARY)
    };
    let lines = (1..).zip(text.lines());
    let lines = lines.filter(|(_, line)| gives(line.trim()));
    lines.map(|(number, _)| number).last()
}

#[cfg(test)]
mod tests {
    use super::line_of;

    #[test]
    fn the_last_line_that_gives_an_attribute() {
        let text = "# merge=union\n\
                    *.toml -merge\n  \
                    *.txt   text  !merge\n\
                    .ticks/*.toml merge=ticks text eol=lf\n\
                    merge eol\n\
                    *.png binary\n\
                    *.mergeable merged=merge\n";
        assert_eq!(line_of(text, "merge"), Some(6));
        assert_eq!(line_of(text, "eol"), Some(6));
        let text = text.replace("binary", "diff");
        assert_eq!(line_of(&text, "merge"), Some(3));
        assert_eq!(line_of(&text, "eol"), Some(5));
        assert_eq!(line_of("", "merge"), None);
    }
}
