//! What this user may not write to, as the doctor tells it.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::support::{Output, Sandbox};

/// A user that is not the superuser, whom nothing is refused.
const SOMEBODY: u32 = 65_534;

/// Gives the folder and all in it to that user.
fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

/// A repository of a user who is not the superuser, and a command of that user in it.
struct Place {
    sandbox: Sandbox,
    user: Option<u32>,
}

impl Place {
    fn new() -> Self {
        let sandbox = Sandbox::initialised();
        sandbox.file(["A", "--quiet"]);
        let is_root = fs::metadata(sandbox.path()).unwrap().uid() == 0;
        let user = is_root.then_some(SOMEBODY);
        if let Some(user) = user {
            // Where it is built, that user may not be let in.
            fs::copy(env!("CARGO_BIN_EXE_tk"), sandbox.root().join("tk")).unwrap();
            give(sandbox.root(), user);
        }
        Self { sandbox, user }
    }

    fn tk<A: AsRef<OsStr>>(&self, args: &[A]) -> Output {
        let mut command = match self.user {
            Some(_) => self.sandbox.command(self.sandbox.root().join("tk")),
            None => self.sandbox.tk_command(),
        };
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        self.sandbox.run(command.args(args), None)
    }

    fn allow(&self, path: &str, mode: u32) {
        let path = self.sandbox.path().join(path);
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn what_nothing_can_be_written_to_is_found() {
    let place = Place::new();
    assert_eq!(place.tk(&["doctor"]).code, 0);
    for (path, refused, mode, kind) in [
        (".git/tk/lock", 0o000, 0o644, "unusable_lock"),
        (".git/tk/lock", 0o444, 0o644, "unusable_lock"),
        (".git/tk", 0o555, 0o755, "unusable_folder"),
        (".ticks", 0o555, 0o755, "unusable_folder"),
    ] {
        place.allow(path, refused);
        let told = place.tk(&["doctor", "--json"]);
        let write = place.tk(&["new", "B"]);
        place.allow(path, mode);
        let found = &told.json()["findings"];
        assert_eq!(told.code, 1, "{path}: {told}");
        assert_eq!(found.as_array().unwrap().len(), 1, "{found:#}");
        assert_eq!(found[0]["kind"], kind);
        assert_eq!(found[0]["path"], path);
        let message = found[0]["message"].as_str().unwrap();
        assert!(message.contains("Permission denied"), "{message}");
        assert_ne!(found[0]["hint"], "");
        // `.git/tk` is only made in, so that what is in it can be written to all the same.
        assert!(write.code != 0 || path == ".git/tk", "{path}: {write}");
    }
    assert_eq!(place.tk(&["doctor"]).code, 0);
}
