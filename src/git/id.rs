//! Names that git is given: commits, trees, branches, paths below `.ticks/`.
//!
//! Each is checked where it is made, so that none can be read as an option, leave its
//! folder, or mean something else to git than it says.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use gix::bstr::ByteSlice;

use crate::model::{TicketId, escaped};

/// The folder of tickets, relative to a working tree.
pub const TICKS: &str = ".ticks";

/// Whether the path, as git tells it, is the tickets' folder or in it.
pub(super) fn is_ticks(path: &[u8]) -> bool {
    path.strip_prefix(TICKS.as_bytes())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Why a text is not a name of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not {what}: {reason}")]
pub struct InvalidName {
    /// What it was to be, with its article: "a branch name".
    pub what: &'static str,
    /// The text, cut to a printable length.
    pub shown: String,
    /// What is wrong with it.
    pub reason: String,
}

impl InvalidName {
    fn new(what: &'static str, given: &[u8], reason: impl Into<String>) -> Self {
        Self {
            what,
            shown: printable(given, 80),
            reason: reason.into(),
        }
    }
}

/// `bytes` as text that shows, at most `limit` characters of it.
pub(super) fn printable(bytes: &[u8], limit: usize) -> String {
    escaped(&String::from_utf8_lossy(bytes), limit)
}

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(super) gix::ObjectId);

        impl $name {
            /// The id that `text` spells in full, 40 hexadecimal digits.
            ///
            /// # Errors
            /// When it is anything else.
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                gix::ObjectId::from_hex(text.as_bytes()).map(Self).map_err(|_| {
                    InvalidName::new($what, text.as_bytes(), "expected 40 hexadecimal digits")
                })
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

object_id! {
    /// A commit.
    CommitId, "a commit id"
}

object_id! {
    /// A tree: the files of a commit.
    TreeId, "a tree id"
}

object_id! {
    /// What a file holds.
    BlobId, "a blob id"
}

impl BlobId {
    /// The id of a file that holds these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, bytes)
            .ok()
            .map(Self)
    }
}

impl TreeId {
    /// Whether there is no file in it.
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty_tree()
    }
}

/// A local branch, without `refs/heads/`: `main`, `tk/run/k7m`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchName(String);

impl BranchName {
    /// The branch of that name.
    ///
    /// # Errors
    /// When git would not allow it as a branch's name (`git check-ref-format --branch`).
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let fail = |reason: String| InvalidName::new("a branch name", text.as_bytes(), reason);
        if text.starts_with('-') {
            return Err(fail("it begins with `-`".to_owned()));
        }
        if text == "HEAD" || text == "@" {
            return Err(fail("git means something else by it".to_owned()));
        }
        let full = format!("refs/heads/{text}");
        gix::validate::reference::name(full.as_bytes().as_bstr())
            .map_err(|error| fail(error.to_string()))?;
        Ok(Self(text.to_owned()))
    }

    /// The branch of a full reference name, if it is one of `refs/heads/`.
    pub(super) fn of_reference(full: &[u8]) -> Option<Self> {
        let short = full.strip_prefix(b"refs/heads/")?;
        Self::parse(std::str::from_utf8(short).ok()?).ok()
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The full name of its reference.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("refs/heads/{}", self.0)
    }
}

impl BranchName {
    /// The folder, in that of the repository, in which a file changes whenever the branch
    /// moves. There may be none: git can keep branches in other ways.
    #[must_use]
    pub fn folder_in(&self, common_dir: &Path) -> PathBuf {
        let mut file = common_dir.join(self.reference());
        file.pop();
        file
    }
}

impl FromStr for BranchName {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::parse(text)
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file below `.ticks/`, relative to the top of a tree: `.ticks/k7m.toml`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicksPath(String);

impl TicksPath {
    /// The path that `text` spells.
    ///
    /// # Errors
    /// When it is not below `.ticks/`, or not a path that git and every file system take to
    /// mean just that file.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let what = "a path of a file below `.ticks/`";
        let fail = |reason| Err(InvalidName::new(what, text.as_bytes(), reason));
        let Some(below) = text.strip_prefix(".ticks/") else {
            return fail("it does not begin with `.ticks/`");
        };
        if text
            .chars()
            .any(|c| c.is_control() || c == '\\' || c == ':')
        {
            return fail("it has a control character, a backslash or a colon");
        }
        for part in below.split('/') {
            if matches!(part, "" | "." | "..") || part.eq_ignore_ascii_case(".git") {
                return fail("a part of it is empty, `.`, `..` or `.git`");
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The file of that ticket.
    #[must_use]
    pub fn of_ticket(id: &TicketId) -> Self {
        Self(format!("{TICKS}/{id}.toml"))
    }

    /// The ticket whose file it is, if its name is that of one.
    #[must_use]
    pub fn ticket(&self) -> Option<TicketId> {
        let stem = self.0.strip_prefix(".ticks/")?.strip_suffix(".toml")?;
        TicketId::parse(stem).ok()
    }

    /// The path as text, with `/` between its parts.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<Path> for TicksPath {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl fmt::Display for TicksPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branch_names_follow_git() {
        for good in [
            "main",
            "tk/run/k7m",
            "feature/ä",
            "tk/work/k7m/abc@2",
            "a.b",
        ] {
            assert!(BranchName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-x",
            "--upload-pack=x",
            "a..b",
            "a b",
            "a\nb",
            "a.lock",
            "/a",
            "a/",
            "a//b",
            "@",
            "HEAD",
            "a@{1}",
            "a^",
            "a:b",
            "a?",
            ".a",
            "a/.b",
            "a\\b",
            "a~1",
        ] {
            assert!(BranchName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn paths_stay_below_the_folder() {
        for good in [".ticks/k7m.toml", ".ticks/agents/claude.toml", ".ticks/a b"] {
            assert!(TicksPath::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "k7m.toml",
            "/.ticks/a",
            ".ticks/",
            ".ticks/../x",
            ".ticks/a/../../x",
            ".ticks//a",
            ".ticks/.git/config",
            ".ticks/.GIT/x",
            ".ticks/a\nb",
            ".ticks/a\\b",
            ".ticks/a:b",
        ] {
            assert!(TicksPath::parse(bad).is_err(), "{bad:?}");
        }
        let id = TicketId::parse("k7m").unwrap();
        assert_eq!(TicksPath::of_ticket(&id).ticket(), Some(id));
        assert_eq!(
            TicksPath::parse(".ticks/config.toml").unwrap().ticket(),
            None
        );
    }

    #[test]
    fn ids_are_whole() {
        let hex = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(CommitId::parse(hex).unwrap().to_string(), hex);
        for bad in ["", "0123", "HEAD", "--all"] {
            assert!(CommitId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn control_characters_are_shown_not_sent() {
        assert_eq!(printable(b"a\x1b[31mb\n", 80), "a\\u{1b}[31mb\\n");
    }
}
