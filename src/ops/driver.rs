//! git's merge driver for tickets, in the clone's configuration.

use super::{Project, Result};
use crate::git::Repo;

/// The driver's line. By its bare name, so that it works wherever `tk` is installed; and with
/// git's own text merge where `tk` is missing, is too old to know the command, or is another
/// program of that name: only 0 and 120 are answers of ours.
const DRIVER: &str = "tk merge-driver %O %A %B %P; s=$?; case $s in 0|120) exit $s;; \
                      *) exec git merge-file -L ours -L base -L theirs %A %O %B;; esac";

const NAME: &str = "tk: tickets, key by key";

/// Configures the driver in the clone, where it is not; whether it was not.
pub(super) fn configure(repo: &Repo) -> Result<bool> {
    let mut changed = false;
    for (key, value) in [("merge.ticks.name", NAME), ("merge.ticks.driver", DRIVER)] {
        if repo.setting(key)?.as_deref() != Some(value) {
            repo.home_git().run(["config", "--local", key, value])?;
            changed = true;
        }
    }
    Ok(changed)
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
