//! The versions from which a merge made a file without a conflict.

use std::path::Path;

use super::command::Git;
use super::error::Result;
use super::id::{BlobId, CommitId, TicksPath};

/// What a merge made a file from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// As it was when the sides parted; none where both added it.
    pub base: Option<Vec<u8>>,
    /// On the branch that was checked out.
    pub ours: Vec<u8>,
    /// On what came in.
    pub theirs: Vec<u8>,
}

/// The commits of the sides, and where they parted.
struct Parents {
    base: Option<CommitId>,
    ours: CommitId,
    theirs: CommitId,
}

impl Git {
    /// What the file was made from, where these are just the bytes that came of the merge that git
    /// is in, or of the newest commit that changed the file, a merge of two; else nothing.
    ///
    /// # Errors
    /// When git fails.
    pub fn joined(&self, path: &TicksPath, bytes: &[u8]) -> Result<Option<Joined>> {
        let Some(head) = self.commit_of("HEAD")? else {
            return Ok(None);
        };
        let parents = match self.incoming_by_name()? {
            Some(incoming) if self.auto_merged(path)?.as_deref() == Some(bytes) => Some(Parents {
                base: incoming.base,
                ours: head,
                theirs: incoming.commit,
            }),
            _ => self.parents_of_merge(head, path, bytes)?,
        };
        let Some(parents) = parents else {
            return Ok(None);
        };
        let base = match parents.base {
            Some(base) => self.file_at(base, path)?,
            None => None,
        };
        let ours = self.file_at(parents.ours, path)?;
        let theirs = self.file_at(parents.theirs, path)?;
        let both = ours.zip(theirs);
        Ok(both.map(|(ours, theirs)| Joined { base, ours, theirs }))
    }

    /// The file as git has left it in the merge that it is in; none of a git that does not say.
    fn auto_merged(&self, path: &TicksPath) -> Result<Option<Vec<u8>>> {
        let name = format!("AUTO_MERGE:{path}");
        let call = self.call(["cat-file", "blob", &name]);
        let answer = call.run_allowing(&[0, 128])?;
        Ok((answer.code == Some(0)).then_some(answer.stdout))
    }

    /// The sides of the newest commit up to `head` that changed the file, if that is a merge of two
    /// and the bytes are what came of it.
    fn parents_of_merge(
        &self,
        head: CommitId,
        path: &TicksPath,
        bytes: &[u8],
    ) -> Result<Option<Parents>> {
        let versions = self.versions_of(&[head], Path::new(path.as_str()))?;
        let made = BlobId::of(bytes);
        let is_it = |after: Option<BlobId>| made.is_some() && after == made;
        let newest = versions.first();
        let Some(merge) = newest.filter(|it| it.before.len() == 2 && is_it(it.after)) else {
            return Ok(None);
        };
        let parent = |number| self.commit_of(&format!("{}^{number}", merge.commit));
        let (Some(ours), Some(theirs)) = (parent(1)?, parent(2)?) else {
            return Ok(None);
        };
        let base = self.merge_base(ours, theirs)?;
        Ok(Some(Parents { base, ours, theirs }))
    }
}
