//! Attributes of paths, as git goes by them.

use super::command::Git;
use super::error::Result;
use super::merge::shown;

/// What an attribute of a path is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The path, relative to the folder.
    pub path: String,
    /// The attribute's name.
    pub name: String,
    /// Its value, or `set`, `unset` or `unspecified`.
    pub value: String,
}

impl Git {
    /// What that attribute of the path, relative to the folder, is: its value, or `set`, `unset`
    /// or `unspecified`. The path need not be there.
    ///
    /// # Errors
    /// When git fails.
    pub fn attribute(&self, name: &str, path: &str) -> Result<String> {
        let mut found = self.attributes(&[name], [path.to_owned()])?;
        Ok(found.pop().map(|found| found.value).unwrap_or_default())
    }

    /// What those attributes of each of the paths, relative to the folder, are. The paths need
    /// not be there.
    ///
    /// # Errors
    /// When git fails.
    pub fn attributes(
        &self,
        names: &[&str],
        paths: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Attribute>> {
        let paths: Vec<String> = paths.into_iter().map(|path| path + "\0").collect();
        let answer = self
            .call(["check-attr", "-z", "--stdin"])
            .args(names)
            .stdin(paths.concat())
            .run()?;
        let mut told = answer.stdout.split(|byte| *byte == 0).map(shown);
        let mut found = Vec::new();
        for _ in 0..paths.len() * names.len() {
            let (Some(path), Some(name), Some(value)) = (told.next(), told.next(), told.next())
            else {
                return Err(answer.unexpected("an attribute's value"));
            };
            found.push(Attribute { path, name, value });
        }
        Ok(found)
    }
}
