//! What git's own text merge makes of a file's stages.

use super::command::Git;
use super::error::{GitError, Result};
use super::scratch::Scratch;
use super::unmerged::{Stage, Unmerged};

impl Git {
    /// What git itself may have put in the place of the file, with its marks: what it remembers of
    /// its last merge, and what comes of merging the lines of the stages. In another clone the
    /// names in the marks are others.
    ///
    /// # Errors
    /// When git fails, or the stages cannot be put where it reads them.
    pub fn left_by_git(&self, file: &Unmerged) -> Result<Vec<Vec<u8>>> {
        let remembered = self.remembered(file)?.into_iter();
        Ok(remembered.chain([self.by_lines(file)?]).collect())
    }

    /// What git remembers to have put in the place of the file in its last merge, by whatever
    /// driver; none where it does not.
    ///
    /// # Errors
    /// When git fails.
    pub fn remembered(&self, file: &Unmerged) -> Result<Option<Vec<u8>>> {
        let name = format!("AUTO_MERGE:{}", file.path);
        let answer = self
            .call(["cat-file", "blob", &name])
            .run_allowing(&[0, 128])?;
        Ok((answer.code == Some(0)).then_some(answer.stdout))
    }

    fn by_lines(&self, file: &Unmerged) -> Result<Vec<u8>> {
        let scratch = Scratch::new()?;
        let mut call = self.call(["merge-file", "--stdout"]);
        let sides = [
            ("ours", &file.ours),
            ("base", &file.base),
            ("theirs", &file.theirs),
        ];
        for (name, stage) in sides {
            let path = scratch.path().join(name);
            let bytes = stage
                .as_ref()
                .map_or(&[][..], |Stage { bytes, .. }| bytes.as_slice());
            std::fs::write(&path, bytes).map_err(|source| GitError::File {
                action: "write",
                path: path.clone(),
                source,
            })?;
            call = call.arg(path);
        }
        let answer = call.run_any()?;
        // How many differences are left, of very many 127.
        match answer.code {
            Some(0..=127) => Ok(answer.stdout),
            _ => Err(answer.failure()),
        }
    }
}
