//! Settings of git's: what counts, and where that stands.

use super::command::Git;
use super::error::Result;
use super::merge::shown;

/// A setting as git goes by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its value.
    pub value: String,
    /// Of what it is a setting, in git's word: `system`, `global`, `local`, `worktree`, `command`.
    pub scope: String,
    /// The file that it stands in, relative to the folder or absolute; none if it is in no file.
    pub file: Option<String>,
}

impl Git {
    /// The setting of that key that counts; none if it is not set.
    ///
    /// # Errors
    /// When git fails.
    pub fn setting_in_force(&self, key: &str) -> Result<Option<Setting>> {
        let call = self.call([
            "config",
            "-z",
            "--show-scope",
            "--show-origin",
            "--get",
            key,
        ]);
        let answer = call.run_allowing(&[0, 1])?;
        if answer.code != Some(0) {
            return Ok(None);
        }
        // A value may be blank.
        let fields: Vec<String> = answer.stdout.split(|byte| *byte == 0).map(shown).collect();
        let [scope, origin, value, ..] = fields.as_slice() else {
            return Err(answer.unexpected("a setting and where it stands"));
        };
        Ok(Some(Setting {
            value: value.clone(),
            scope: scope.clone(),
            file: origin.strip_prefix("file:").map(str::to_owned),
        }))
    }

    /// The values of that key in the clone's own file of settings.
    ///
    /// # Errors
    /// When git fails.
    pub fn own_settings(&self, key: &str) -> Result<Vec<String>> {
        let call = self.call(["config", "--local", "-z", "--get-all", key]);
        let answer = call.run_allowing(&[0, 1])?;
        Ok(answer.fields().map(shown).collect())
    }
}
