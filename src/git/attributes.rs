//! Attributes of paths, as git goes by them.

use super::command::Git;
use super::error::Result;
use super::merge::shown;

impl Git {
    /// What that attribute of the path, relative to the folder, is: its value, or `set`, `unset`
    /// or `unspecified`. The path need not be there.
    ///
    /// # Errors
    /// When git fails.
    pub fn attribute(&self, name: &str, path: &str) -> Result<String> {
        let answer = self.run(["check-attr", "-z", name, "--", path])?;
        // Path, attribute, value.
        let value = answer.fields().nth(2).map(shown);
        value.ok_or_else(|| answer.unexpected("an attribute's value"))
    }
}
