//! What a partial clone has left out: fetched when it is needed, all of it in one go.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use gix::bstr::{BString, ByteSlice};
use gix::objs::tree::EntryMode;

use super::command::Git;
use super::error::{GitError, Result};
use super::id::{BlobId, CommitId};
use super::repo::{Repo, unreadable};

impl Repo {
    /// Fetches those of the blobs that this partial clone has left out, in one go. In any other
    /// clone it does nothing.
    ///
    /// # Errors
    /// When the remote that has them cannot be reached or does not give them.
    pub fn fetch_left_out(&self, blobs: &[BlobId]) -> Result<()> {
        self.fetch_objects(blobs.iter().map(|blob| blob.0))
    }

    /// Fetches, in one go, the trees of all commits that lead to `tips` where this partial clone leaves
    /// out trees: git itself would fetch them commit by commit. In any other clone it does nothing.
    ///
    /// # Errors
    /// When the history cannot be read, or the remote that has them cannot be reached or does not give
    /// them.
    pub fn fetch_trees_of(&self, tips: &[CommitId]) -> Result<()> {
        let gix = self.gix()?;
        let settings = gix.config_snapshot();
        let leaves_out_trees = |name: &String| {
            let filter = settings.string(&*format!("remote.{name}.partialclonefilter"));
            filter.is_some_and(|filter| filter.contains_str("tree:"))
        };
        if !self.promisors()?.iter().any(leaves_out_trees) {
            return Ok(());
        }
        let read = |error: gix::Error| unreadable("the history", &error);
        let walk = gix.rev_walk(tips.iter().map(|tip| tip.0));
        let mut trees = Vec::new();
        for info in walk.all().map_err(read)? {
            let commit = info.and_then(|info| info.object());
            let tree = commit.and_then(|commit| Ok(commit.tree_id()?.detach()));
            trees.push(tree.map_err(read)?);
        }
        self.fetch_objects(trees)
    }

    /// The object, fetched if this partial clone has left it out.
    pub(super) fn object(&self, id: gix::ObjectId) -> Result<gix::Object<'_>> {
        let read = |error: gix::Error| unreadable(&format!("object {id}"), &error);
        let gix = self.gix()?;
        if let Some(object) = gix.try_find_object(id).map_err(read)? {
            return Ok(object);
        }
        self.fetch_objects([id])?;
        gix.find_object(id).map_err(read)
    }

    /// The tree, in the same way.
    pub(super) fn tree(&self, id: gix::ObjectId) -> Result<gix::Tree<'_>> {
        let tree = self.object(id)?.try_into_tree();
        tree.map_err(|error| unreadable(&format!("tree {id}"), &error))
    }

    /// What the commit has at the path; of the whole tree where that is empty.
    pub(super) fn entry_at(
        &self,
        commit: CommitId,
        path: &Path,
    ) -> Result<Option<(EntryMode, gix::ObjectId)>> {
        let gix = self.gix()?;
        let tree = gix.find_commit(commit.0);
        let tree = tree.and_then(|commit| Ok(commit.tree_id()?.detach()));
        let tree = tree.map_err(|error| unreadable(&format!("commit {commit}"), &error))?;
        let mut found = (gix::objs::tree::EntryKind::Tree.into(), tree);
        for part in path.components() {
            let (mode, id): (EntryMode, _) = found;
            let Component::Normal(name) = part else {
                continue;
            };
            if !mode.is_tree() {
                return Ok(None);
            }
            let tree = self.tree(id)?;
            let name = BString::from(name.as_encoded_bytes());
            match tree.find_entry(name) {
                Some(entry) => found = (entry.mode(), entry.object_id()),
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    fn fetch_objects(&self, ids: impl IntoIterator<Item = gix::ObjectId>) -> Result<()> {
        let remotes = self.promisors()?;
        if remotes.is_empty() {
            return Ok(());
        }
        let mut gix = self.gix()?.clone();
        // Else the folder of packs would be looked into for each that is not there.
        gix.objects.refresh_never();
        let missing: BTreeSet<_> = ids.into_iter().filter(|id| !gix.has_object(id)).collect();
        let mut refused = None;
        for remote in remotes.iter().filter(|_| !missing.is_empty()) {
            match self.git().fetch_from(remote, &missing) {
                Ok(()) => return Ok(()),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// The remotes that have what a partial clone has left out.
    fn promisors(&self) -> Result<Vec<String>> {
        let gix = self.gix()?;
        let settings = gix.config_snapshot();
        let promises = |name: &String| settings.boolean(&*format!("remote.{name}.promisor"));
        let names = gix.remote_names().into_iter();
        let mut found: Vec<String> = names
            .map(|name| name.to_str_lossy().into_owned())
            .filter(|name| promises(name).unwrap_or_default())
            .collect();
        // As git before 2.22 noted it.
        let former = settings.string("extensions.partialClone");
        let former = former.map(|name| name.to_str_lossy().into_owned());
        found.extend(former.filter(|name| !found.contains(name)));
        Ok(found)
    }
}

impl Git {
    /// Fetches those objects as git itself fetches what is missing. With a tree come the trees in
    /// it, but no blobs.
    fn fetch_from(&self, remote: &str, objects: &BTreeSet<gix::ObjectId>) -> Result<()> {
        let list: String = objects.iter().map(|id| format!("{id}\n")).collect();
        let answer = self
            .call(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"])
            .args(["--recurse-submodules=no", "--filter=blob:none", "--stdin"])
            .args(["--", remote])
            // What is here says nothing of what is missing.
            .setting("fetch.negotiationAlgorithm=noop")
            .stdin(list)
            .over_network()
            .run_any()?;
        match answer.code {
            Some(0) => Ok(()),
            _ => Err(GitError::NotFetched {
                remote: remote.to_owned(),
                reason: answer.tail().replace('\n', " "),
            }),
        }
    }
}
