//! The configuration while git has left its own merge: that of our side counts.

use crate::config;
use crate::git::TICKS;
use crate::model::Config;
use crate::ops::{Project, Result};
use crate::store::StoreError;

const NAME: &str = "config.toml";

impl Project {
    /// The project where `trouble` is that git has left the configuration unmerged: with what the
    /// checked-out branch has there.
    ///
    /// # Errors
    /// `trouble`, where it is anything else; or when git fails.
    pub fn amid_merge(mut self, trouble: StoreError) -> Result<Self> {
        match self.own_configuration()? {
            Some(config) => self.config = config,
            None => return Err(trouble.into()),
        }
        Ok(self)
    }

    /// What the checked-out branch has where git has left the configuration unmerged; none where
    /// it has not, or that cannot be used either.
    fn own_configuration(&self) -> Result<Option<Config>> {
        if self.store.ticks_dir() != self.repo.home().join(TICKS) {
            return Ok(None);
        }
        let git = self.repo.home_git();
        let stages = git.stages()?;
        let (files, _) = git.unmerged(&self.repo, &stages)?;
        let path = format!("{TICKS}/{NAME}");
        let Some(file) = files.into_iter().find(|file| file.path.as_str() == path) else {
            return Ok(None);
        };
        let Some(ours) = file.ours else {
            return Ok(Some(Config::default()));
        };
        let text = String::from_utf8(ours.bytes).ok();
        Ok(text.and_then(|text| config::parse(&text, &path).ok()))
    }
}
