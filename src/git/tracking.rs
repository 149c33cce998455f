//! What git tracks, ignores and has left unmerged of the tickets' files.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::command::Git;
use super::error::Result;
use super::id::TICKS;
use super::merge::shown;

/// A line that keeps git from tracking something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreRule {
    /// The file it stands in, as git names it: `.gitignore`, or an absolute path.
    pub file: String,
    /// The line there, from 1.
    pub line: usize,
    /// The pattern.
    pub pattern: String,
}

impl Git {
    /// The paths below `.ticks/` whose merge is not settled in the index.
    ///
    /// # Errors
    /// When git fails.
    pub fn unmerged_ticks(&self) -> Result<Vec<String>> {
        let paths = self.paths(&["ls-files", "-u", "-z", "--", TICKS])?;
        let path = |line: &Vec<u8>| {
            let name = line.splitn(2, |byte| *byte == b'\t').nth(1);
            name.map(shown)
        };
        let mut paths: Vec<String> = paths.iter().filter_map(path).collect();
        paths.dedup();
        Ok(paths)
    }

    /// The rule that keeps git from tracking the path, whether it is there or not; nothing if
    /// none does. The path is relative to the folder and ends in `/` for a folder.
    ///
    /// # Errors
    /// When git fails.
    pub fn ignore_rule(&self, path: &str) -> Result<Option<IgnoreRule>> {
        let answer = self
            .call(["check-ignore", "--no-index", "-v", "-z", "--stdin"])
            .stdin([path.as_bytes(), b"\0"].concat())
            .run_allowing(&[0, 1])?;
        // Source, line, pattern, path; a pattern that begins with `!` is an exception.
        let fields: Vec<String> = answer.stdout.split(|byte| *byte == 0).map(shown).collect();
        let rule = fields.first().zip(fields.get(1)).zip(fields.get(2));
        Ok(rule
            .filter(|(_, pattern)| !pattern.is_empty() && !pattern.starts_with('!'))
            .map(|((file, line), pattern)| IgnoreRule {
                file: file.clone(),
                line: line.parse().unwrap_or(0),
                pattern: pattern.clone(),
            }))
    }

    /// The files at or below the path that the index has and a sparse checkout leaves out, so
    /// that they are not there.
    ///
    /// # Errors
    /// When git fails.
    pub fn left_out(&self, path: &str) -> Result<Vec<String>> {
        let args = ["--literal-pathspecs", "ls-files", "-t", "-z", "--", path];
        let answer = self.run(args)?;
        let skipped = answer.fields().filter_map(|line| line.strip_prefix(b"S "));
        // Some have git skip a file that is there, so that it shows no change of theirs.
        let absent = skipped.filter(|path| !self.is_there(path));
        Ok(absent.map(shown).collect())
    }

    /// The files at or below the path that are there, and that git is told not to look at
    /// (`--skip-worktree`, `--assume-unchanged`): it shows and commits no change of them.
    ///
    /// # Errors
    /// When git fails.
    pub fn unwatched(&self, path: &str) -> Result<Vec<String>> {
        let args = ["--literal-pathspecs", "ls-files", "-v", "-z", "--", path];
        let answer = self.run(args)?;
        let unwatched = answer.fields().filter_map(|line| match line {
            [tag, b' ', path @ ..] if *tag == b'S' || tag.is_ascii_lowercase() => Some(path),
            _ => None,
        });
        let there = unwatched.filter(|path| self.is_there(path));
        Ok(there.map(shown).collect())
    }

    /// Has git look at these files again.
    ///
    /// # Errors
    /// When git fails.
    pub fn watch(&self, paths: &[String]) -> Result<()> {
        let paths: String = paths.iter().map(|path| format!("{path}\0")).collect();
        // Of the two, one call heeds one.
        for flag in ["--no-skip-worktree", "--no-assume-unchanged"] {
            let call = self.call(["update-index", flag, "-z", "--stdin"]);
            call.stdin(paths.clone()).run()?;
        }
        Ok(())
    }

    fn is_there(&self, path: &[u8]) -> bool {
        let file = self.dir().join(OsStr::from_bytes(path));
        file.symlink_metadata().is_ok()
    }

    /// The text of the file as the index has it.
    ///
    /// # Errors
    /// When the index has no such file, or git fails.
    pub fn text_in_index(&self, path: &str) -> Result<String> {
        let answer = self.run(["cat-file", "blob", &format!(":{path}")])?;
        Ok(shown(&answer.stdout))
    }

    /// Whether the commit that is checked out, or would be, has the path.
    ///
    /// # Errors
    /// When git fails.
    pub fn head_has(&self, path: &str) -> Result<bool> {
        let call = self.call(["cat-file", "-e", &format!("HEAD:{path}")]);
        Ok(call.run_allowing(&[0, 1, 128])?.code == Some(0))
    }

    /// Whether the index has anything at or below the path.
    ///
    /// # Errors
    /// When git fails.
    pub fn tracks(&self, path: &Path) -> Result<bool> {
        let call = self.call(["--literal-pathspecs", "ls-files", "-z", "--"]);
        Ok(!call.arg(path).run()?.stdout.is_empty())
    }
}
