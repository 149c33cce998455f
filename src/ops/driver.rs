//! git's merge driver for tickets, in the clone's configuration.

use super::{Project, Result};
use crate::git::Repo;

/// The driver's line. By its bare name, so that it works wherever `tk` is installed; and with
/// git's own text merge where `tk` is missing, is too old to know the command, or is another
/// program of that name: only 0 and 120 are answers of ours.
const DRIVER: &str = "tk merge-driver %O %A %B %P; s=$?; case $s in 0|120) exit $s;; \
                      *) exec git merge-file -L ours -L base -L theirs %A %O %B;; esac";

const NAME: &str = "tk: tickets, key by key";

/// The settings of the driver.
const SETTINGS: [(&str, &str); 2] = [("merge.ticks.name", NAME), ("merge.ticks.driver", DRIVER)];

/// The settings that are not as they should be, each with the value that it has.
pub(super) fn differing(repo: &Repo) -> Result<Vec<(&'static str, Option<String>)>> {
    let mut found = Vec::new();
    for (key, value) in SETTINGS {
        let there = repo.setting(key)?;
        if there.as_deref() != Some(value) {
            found.push((key, there));
        }
    }
    Ok(found)
}

/// Configures the driver in the clone, where it is not; whether it was not.
pub(super) fn configure(repo: &Repo) -> Result<bool> {
    let differing = differing(repo)?;
    for (key, value) in SETTINGS {
        if differing.iter().any(|(other, _)| *other == key) {
            repo.home_git().run(["config", "--local", key, value])?;
        }
    }
    Ok(!differing.is_empty())
}

impl Project {
    /// Configures the driver where a fresh clone has none. That it cannot be is no reason not
    /// to change a ticket.
    pub(super) fn mend_merge_driver(&self) {
        if let Err(error) = configure(&self.repo) {
            self.warn(format!("the merge driver could not be configured: {error}"));
        }
    }
}
