//! What must be so before a run changes anything.

use std::fmt;
use std::time::Duration;

use super::command::{Author, Git};
use super::commit::NewCommit;
use super::error::{GitError, Result};
use super::id::BranchName;
use super::tree::parse_tree;

/// How long signing something may take: the time to type a passphrase.
const SIGN_LIMIT: Duration = Duration::from_secs(60);

/// A version of git, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second.
    pub minor: u32,
}

/// The oldest git that will do: the first with `worktree list -z`, without which paths with
/// newlines would be misread. The merge strategy `ort` (2.33), `read-tree` and `merge` that
/// heed ignored files (2.34) and the repair of `safe.directory` (2.35) are older.
pub const MINIMUM: Version = Version {
    major: 2,
    minor: 36,
};

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Git {
    /// The version of the `git` program.
    ///
    /// # Errors
    /// When there is none, or it does not tell.
    pub fn version(&self) -> Result<Version> {
        let answer = self.run(["version"])?;
        parse_version(&answer.line()).ok_or_else(|| answer.unexpected("a version of git"))
    }

    /// Whom git would name as committer; none if it was not told and cannot guess.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn committer(&self) -> Result<Option<Author>> {
        let answer = self
            .call(["var", "GIT_COMMITTER_IDENT"])
            .run_allowing(&[0, 128])?;
        if answer.code != Some(0) {
            return Ok(None);
        }
        // `Name <address> seconds offset`
        let line = answer.line();
        let parts = line
            .split_once(" <")
            .and_then(|(name, rest)| Some((name, rest.split_once('>')?.0)));
        let (name, email) = parts.ok_or_else(|| answer.unexpected("a name and an address"))?;
        Ok(Some(Author {
            name: name.to_owned(),
            email: email.to_owned(),
        }))
    }

    /// Signs something if the user's configuration has commits signed, to see that it works.
    /// Whether they are signed.
    ///
    /// # Errors
    /// When signing does not work.
    pub fn can_sign(&self) -> Result<bool> {
        if !self.signs()? {
            return Ok(false);
        }
        let tree = parse_tree(&self.call(["mktree"]).stdin("").run()?)?;
        let git = self.clone().limit(SIGN_LIMIT);
        git.make_commit(&NewCommit {
            tree,
            parents: &[],
            message: "Can this be signed?\n",
            author: None,
        })?;
        Ok(true)
    }

    /// A branch whose name keeps git from making those of the run with that key: git cannot
    /// have both `tk` and `tk/run/k7m`.
    ///
    /// # Errors
    /// When git fails.
    pub fn branch_in_the_way(&self, key: &str) -> Result<Option<BranchName>> {
        let answer = self.run(["for-each-ref", "--format=%(refname)", "refs/heads/tk"])?;
        let below = format!("tk/run/{key}/");
        let work = format!("tk/work/{key}");
        Ok(answer
            .line()
            .lines()
            .filter_map(|reference| BranchName::of_reference(reference.as_bytes()))
            .find(|branch| {
                let name = branch.as_str();
                matches!(name, "tk" | "tk/run" | "tk/work")
                    || name == work
                    || name.starts_with(&below)
            }))
    }

    /// Fails when the `git` program is too old.
    ///
    /// # Errors
    /// When it is, there is none, or it does not tell its version.
    pub fn expect_minimum(&self) -> Result<Version> {
        let version = self.version()?;
        if version < MINIMUM {
            return Err(GitError::TooOld { version });
        }
        Ok(version)
    }
}

/// `git version 2.47.3`, `git version 2.39.5 (Apple Git-154)`, `git version 2.45.1.windows.1`.
fn parse_version(line: &str) -> Option<Version> {
    let mut numbers = line.strip_prefix("git version ")?.split(['.', ' ']);
    Some(Version {
        major: numbers.next()?.parse().ok()?,
        minor: numbers.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        let version = |line| parse_version(line).unwrap();
        assert_eq!(version("git version 2.47.3").to_string(), "2.47");
        assert_eq!(version("git version 2.39.5 (Apple Git-154)").minor, 39);
        assert_eq!(version("git version 2.45.1.windows.1").minor, 45);
        assert!(version("git version 2.9.0") < MINIMUM);
        assert!(version("git version 3.0.0") > MINIMUM);
        assert_eq!(parse_version("hub version 1"), None);
    }
}
