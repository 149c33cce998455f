//! git's merge driver for tickets: in the clone's configuration, and at work.

use std::path::Path;

use super::values::invalid;
use super::{Error, ErrorCode, Notice, Project, Result};
use crate::git::{Repo, Setting, TICKS, TicksPath};
use crate::merge::{Merged, merge_renamed, merge_ticket};
use crate::model::printable;
use crate::store::{self, Store};

/// The exit code of a merge that is clean. Not 0: another program of that name may well end
/// with it, and git would take ours for the merge.
pub const MERGED: u8 = 119;

/// The exit code of a merge whose conflict is marked in the file.
pub const CONFLICT: u8 = 120;

/// The driver's line. git before 2.44 leaves the last three words, the names of the sides, as they
/// stand. By its bare name, so that it works wherever `tk` is installed; and with
/// git's own text merge where `tk` is missing, is too old to know the command, or is another
/// program of that name: no other ends with these codes. Git runs it for each file, so it
/// starts nothing but `tk`: what that prints is for lines that are older, and went by it.
const DRIVER: &str = "tk merge-driver %O %A %B %P %S %X %Y >/dev/null; case $? in \
                      119) exit 0;; 120) exit 120;; \
                      *) exec git merge-file -L ours -L base -L theirs %A %O %B;; esac";

const NAME: &str = "tk: tickets, key by key";

const NAME_KEY: &str = "merge.ticks.name";

/// The settings of the driver.
const SETTINGS: [(&str, &str); 2] = [(NAME_KEY, NAME), ("merge.ticks.driver", DRIVER)];

/// A setting of the driver that is not as it should be.
pub(super) struct Differing {
    /// Its key.
    pub(super) key: &'static str,
    expected: &'static str,
    /// As it is, if it is set.
    pub(super) there: Option<Setting>,
}

/// What configuring the driver came to.
pub(super) struct Configured {
    /// Whether anything was written.
    pub(super) changed: bool,
    /// What keeps git from going by it all the same, with what to do.
    pub(super) overruled: Option<Error>,
}

/// The settings that are not as they should be.
///
/// # Errors
/// When git's settings cannot be read.
pub(super) fn differing(repo: &Repo) -> Result<Vec<Differing>> {
    let mut found = Vec::new();
    for (key, expected) in SETTINGS {
        if repo.setting(key)?.as_deref() == Some(expected) {
            continue;
        }
        // What was read may have been changed since, and git has the last word.
        let there = repo.git().setting_in_force(key)?;
        if there.as_ref().is_some_and(|there| there.value == expected) {
            continue;
        }
        let differing = Differing {
            key,
            expected,
            there,
        };
        // By what name git calls the driver is nothing to it.
        if key == NAME_KEY && differing.is_set(repo)? {
            continue;
        }
        found.push(differing);
    }
    Ok(found)
}

/// Configures the driver in the clone, where it is not; then git has not been told either which
/// files are but unfinished ones.
///
/// # Errors
/// When git's settings cannot be read or written.
pub(super) fn configure(repo: &Repo) -> Result<Configured> {
    let before = differing(repo)?;
    let mut configured = Configured {
        changed: false,
        overruled: None,
    };
    for differing in &before {
        if !differing.is_set(repo)? {
            let (key, value) = (differing.key, differing.expected);
            let args = ["config", "--local", "--replace-all", key, value];
            repo.home_git().run(args)?;
            configured.changed = true;
        }
    }
    if !before.is_empty() {
        configured.changed |= exclude_unfinished(repo)?;
        let after = differing(repo)?;
        configured.overruled = after.first().map(Differing::overruled);
    }
    Ok(configured)
}

/// Has git not see the files that writers are at, or that killed ones have left; whether it was not
/// told yet.
///
/// # Errors
/// When the clone's list of such files cannot be read or written.
pub(super) fn exclude_unfinished(repo: &Repo) -> Result<bool> {
    Ok(repo.exclude(&store::unfinished_names())?)
}

impl Differing {
    /// Whether the clone's own file of settings has it as it should be, and no more.
    ///
    /// # Errors
    /// When that cannot be read.
    pub(super) fn is_set(&self, repo: &Repo) -> Result<bool> {
        Ok(repo.home_git().own_settings(self.key)? == [self.expected])
    }

    /// That something counts more than the clone's own file of settings, and what to do.
    pub(super) fn overruled(&self) -> Error {
        let key = self.key;
        let error = |place: &str| {
            let message = format!(
                "git does not use the merge driver of tickets: `{key}` is another one {place}"
            );
            Error::new(ErrorCode::Git, message)
        };
        match &self.there {
            Some(Setting {
                file: Some(file),
                scope,
                ..
            }) => {
                let hint = match scope.as_str() {
                    "worktree" => format!("`git config --worktree --unset-all {key}` takes it out"),
                    _ => "take it out of that file, which counts more than the clone's own"
                        .to_owned(),
                };
                error(&format!("in `{}`", printable(file))).hint(hint)
            }
            _ => error("for this command alone")
                .hint("see what sets the variables `GIT_CONFIG_COUNT` and `GIT_CONFIG_KEY_…`"),
        }
    }
}

/// What git asks of its driver.
#[derive(Clone, Debug)]
pub struct MergeRequest<'r> {
    /// The files of the base, empty where both sides added the ticket, ours and theirs.
    pub sides: [&'r Path; 3],
    /// The path that is being merged, from the top of the working tree.
    pub path: &'r str,
    /// What git calls the three; where their files have not all the same path, that is told after
    /// a colon.
    pub names: [&'r str; 3],
}

/// Merges a ticket's file as git's driver, in place of ours; what there is to tell, where both sides
/// changed something differently: then both of their values are marked in the file. `top` is that
/// of the working tree, where git calls it.
///
/// # Errors
/// When the path is no ticket's, or a file cannot be read or written: then git's own text
/// merge has to do.
pub fn drive(top: &Path, request: &MergeRequest<'_>) -> Result<Option<[Notice; 2]>> {
    let (folder, path) = within(request.path);
    let path = TicksPath::parse(path).map_err(|error| invalid(error.to_string()))?;
    let id = path
        .ticket()
        .ok_or_else(|| invalid(format!("`{path}` is not a ticket's file")))?;
    let [base, ours, theirs] = store::read_sides(request.sides)?;
    // It says what a ticket is like that says nothing, and may itself be amid the merge: any
    // such ticket will do then.
    let project = top.join(folder);
    let config = Store::open(project.join(TICKS), project).config();
    let config = config.unwrap_or_default();
    let merged = match base.as_str() {
        "" => merge_ticket(&id, None, &ours, &theirs, &config),
        base => merge_renamed(&id, [base, &ours, &theirs], renamed(request.names), &config),
    };
    let (text, keys) = match merged {
        Merged::Clean(text) => (text, None),
        Merged::Conflict { text, keys, .. } => (text, Some(keys)),
        Merged::TwoTickets { text } => (text, Some(Vec::new())),
    };
    store::write_merged(request.sides[1], &text)?;
    Ok(keys.map(|keys| {
        let what = match keys.as_slice() {
            [] => "the sides cannot be merged key by key".to_owned(),
            keys => format!("both sides changed {}", keys.join(", ")),
        };
        let hint = match folder {
            "" => "`tk resolve` settles it",
            // It is of a project in a folder of this one.
            _ => "settle it in the file, then `git add` it",
        };
        let warning = format!("{}: {what}", request.path);
        [Notice::Warning(warning), Notice::Hint(hint.to_owned())]
    }))
}

/// The folder of the project whose file it is, and the file's path from there on: a project may
/// be in a folder of another one, as `git subtree` puts it there.
fn within(path: &str) -> (&str, &str) {
    let inside = path.rfind(&format!("/{TICKS}/"));
    let inside = inside.map_or(0, |slash| slash + 1);
    path.split_at(inside)
}

/// Whether the file has another name than the base's on ours, and on theirs, by what git calls the
/// sides.
fn renamed(names: [&str; 3]) -> [bool; 2] {
    let path = |name: &str| TicksPath::parse(within(name.rsplit_once(':')?.1).1).ok();
    match names.map(path) {
        [Some(base), Some(ours), Some(theirs)] => [ours != base, theirs != base],
        _ => [false; 2],
    }
}

impl Project {
    /// Configures the driver where a fresh clone has none. That it cannot be is no reason not
    /// to change a ticket.
    pub(crate) fn mend_merge_driver(&self) {
        match configure(&self.repo) {
            Err(error) => self.warn(format!("the merge driver could not be configured: {error}")),
            Ok(Configured {
                overruled: Some(error),
                ..
            }) => {
                self.warn(error.message);
                error.hints.into_iter().for_each(|hint| self.hint(hint));
            }
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_which_side_is_renamed() {
        let names = |base: &str, ours: &str, theirs: &str| renamed([base, ours, theirs]);
        let (abc, xyz) = ("1a2b3c:.ticks/abc.toml", "HEAD:.ticks/xyz.toml");
        assert_eq!(names(abc, xyz, "one:.ticks/abc.toml"), [true, false]);
        let picked = "1a2b3c (edges: new):.ticks/xyz.toml";
        assert_eq!(names(abc, "HEAD:.ticks/abc.toml", picked), [false, true]);
        assert_eq!(names(abc, xyz, xyz), [true, true]);
        // Of one path, and of a git that names none.
        assert_eq!(
            names("1a2b3c", "HEAD", "1a2b3c (a:.ticks/xyz.toml)"),
            [false; 2]
        );
        assert_eq!(names("%S", "%X", "%Y"), [false; 2]);
        assert_eq!(names("", "", ""), [false; 2]);
    }
}
