//! Files in `.ticks/` that hold a ticket under a name by which nothing finds it.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::durable::{UNFINISHED, sync_folder};
use super::folders::names;
use super::{Locked, Store, StoreError, regular};
use crate::model::{Config, TicketId};

/// What stands after an id where `.toml` should; letters may be capitals. What editors and merges
/// leave beside a file, such as `.bak` and `.orig`, is not meant to be a ticket.
const ENDINGS: [&str; 4] = [".toml.txt", ".toml", ".tml", ".txt"];

/// The folders in `.ticks/` that hold something else.
const FOLDERS: [&str; 2] = ["agents", "templates"];

/// A file that holds a ticket and has another name than a ticket's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misnamed {
    /// The file's name, after that of its folder where it is in one.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The ticket it would be.
    pub id: TicketId,
    /// Whether nothing else is, or would be, that ticket.
    pub is_free: bool,
}

impl Store {
    /// The files that would be tickets under another name, by name.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn misnamed(&self, config: &Config) -> Result<Vec<Misnamed>, StoreError> {
        let mut found = Vec::new();
        let mut all = names(self.ticks_dir())?;
        all.extend(self.below_folders(&all)?);
        for name in all {
            let path = self.ticks_dir().join(&name);
            let Some(id) = meant(&name) else { continue };
            let text = regular::read_text(&path);
            if text.is_ok_and(|text| self.parse(&id, text, config).is_ok()) {
                let is_free = !self.has(&id);
                found.push(Misnamed {
                    name,
                    path,
                    id,
                    is_free,
                });
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let ids: Vec<TicketId> = found.iter().map(|file| file.id.clone()).collect();
        for file in &mut found {
            file.is_free &= ids.iter().filter(|id| **id == file.id).count() == 1;
        }
        Ok(found)
    }

    /// The files in those of the names that are folders, but for those that may be there.
    fn below_folders(&self, names_here: &[String]) -> Result<Vec<String>, StoreError> {
        let is_file = |name: &str| name.ends_with(".toml");
        let folders = names_here.iter().filter(|name| !is_file(name));
        let mut found = Vec::new();
        for folder in folders.filter(|name| !FOLDERS.contains(&name.as_str())) {
            let path = self.ticks_dir().join(folder);
            if path.is_dir() {
                let below = names(&path)?.into_iter();
                found.extend(below.map(|name| format!("{folder}/{name}")));
            }
        }
        Ok(found)
    }
}

/// The ticket of which a file of that name is likely to be, if it is not named so.
fn meant(name: &str) -> Option<TicketId> {
    let last = name.rsplit('/').next().unwrap_or(name);
    let small = last.to_ascii_lowercase();
    let stem = ENDINGS.iter().find_map(|ending| small.strip_suffix(ending));
    let id = TicketId::parse(stem?.trim_start_matches('.').trim()).ok()?;
    let named = name == format!("{id}.toml");
    // Editors hide what they keep beside a file.
    let is_beside = last.starts_with('.') && !last.ends_with(".toml");
    let is_own = last.starts_with(UNFINISHED.0);
    (!named && !is_beside && !is_own && id.as_str() != "config").then_some(id)
}

impl Locked<'_> {
    /// Gives the file the name of its ticket, if that is still free; whether it was.
    ///
    /// # Errors
    /// When it cannot be given that name, or cannot lose the other one.
    pub fn name_properly(&self, file: &Misnamed) -> Result<bool, StoreError> {
        let path = self.ticket_path(&file.id);
        // A second name first: that never takes the place of another file.
        match fs::hard_link(&file.path, &path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(StoreError::io("write", &path)(error)),
        }
        fs::remove_file(&file.path).map_err(StoreError::io("remove", &file.path))?;
        sync_folder(self.ticks_dir()).map_err(StoreError::io("write", self.ticks_dir()))?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn which_ticket_is_meant() {
        let meant = |name| meant(name).map(|id| id.to_string());
        for name in [
            "K7M.toml",
            "k7m.TOML",
            "k7m.tml",
            "k7m.toml.txt",
            "k7m.txt",
            " k7m.toml",
            ".k7m.toml",
            "sub/k7m.toml",
        ] {
            assert_eq!(meant(name).as_deref(), Some("k7m"), "{name}");
        }
        for name in [
            "k7m.toml",
            "k7m",
            ".k7m.TOML",
            "k7m.toml~",
            "k7m.toml.orig",
            "k7m.bak",
            "Config.toml",
            "config.TOML",
            "a b.toml",
            ".toml",
            ".txt",
        ] {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}
