//! A branch that is gone since it was renamed: the log of what is checked out tells.

use super::command::Git;
use super::error::Result;
use super::id::BranchName;

impl Git {
    /// What the branch is called now, where it was renamed while it was checked out here; nothing
    /// where it is there, or nobody knows what became of it.
    ///
    /// # Errors
    /// When git fails.
    pub fn renamed_branch(&self, branch: &BranchName) -> Result<Option<BranchName>> {
        if self.commit_of(&branch.reference())?.is_some() {
            return Ok(None);
        }
        let log = self.run(["reflog", "show", "--max-count=1000", "--format=%gs", "HEAD"])?;
        let mut name = branch.clone();
        // Oldest first: it may have been renamed more than once.
        for line in log.line().lines().rev() {
            let renamed = format!("Branch: renamed {} to ", name.reference());
            if let Some(to) = line.strip_prefix(&renamed)
                && let Some(to) = BranchName::of_reference(to.as_bytes())
            {
                name = to;
            }
        }
        let is_there = self.commit_of(&name.reference())?.is_some();
        Ok(is_there.then_some(name))
    }
}
