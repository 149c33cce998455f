//! Which of a clone's remotes claims are on.

use super::{GONE, RemoteClaims};
use crate::git::ClaimRefs;
use crate::model::TicketId;
use crate::ops::kept::Arrivals;
use crate::ops::values::printable;
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::store::RemoteHold;

impl RemoteClaims {
    /// Those on the remote that was asked for; else on the one that the branch is merged from that
    /// is checked out where the tickets are, in the main worktree; else on `origin`, else on the
    /// only one. A clone has one, whichever of its worktrees is asked in.
    ///
    /// # Errors
    /// When there is no such remote, or none at all.
    pub fn choose(project: &Project, asked: Option<&str>) -> Result<Self> {
        let git = project.repo.home_git();
        let remotes = git.remotes()?;
        let known = |name: &str| remotes.iter().any(|remote| remote == name);
        if let Some(asked) = asked {
            return match known(asked) {
                true => Self::new(project, asked),
                false => Err(no_such(asked, &remotes)),
            };
        }
        let upstream = git.upstream_remote()?.filter(|name| known(name));
        match (upstream, remotes.as_slice()) {
            (Some(upstream), _) => Self::new(project, &upstream),
            (None, _) if known("origin") => Self::new(project, "origin"),
            (None, [only]) => Self::new(project, only),
            (None, []) => {
                let message = "this clone has no remote, on which claims between clones are kept";
                Err(Error::new(ErrorCode::Git, message)
                    .hint("`git remote add origin URL` adds one"))
            }
            (None, _) => {
                let shown: Vec<String> = remotes.iter().map(|name| printable(name)).collect();
                let message = format!("which remote: one of {}", shown.join(", "));
                Err(Error::new(ErrorCode::InvalidArgument, message).with("known", remotes))
            }
        }
    }

    /// Those on the remote on which that is held.
    ///
    /// # Errors
    /// As [`RemoteClaims::of_holding`].
    pub fn of_hold(project: &Project, hold: &RemoteHold) -> Result<Self> {
        let ticket = hold.claim.ticket().ok_or_else(|| {
            let message = "what is noted of the claim names no ticket";
            Error::new(ErrorCode::Git, message)
        })?;
        Self::of_holding(project, &hold.remote, &ticket, &hold.claim.holding)
    }

    /// Those on the remote that was called so when the holding was noted. Where this clone has none
    /// of that name any more, it may have another name now: it is the one that has that holding.
    ///
    /// # Errors
    /// When none has it, or one cannot be reached that may.
    pub fn of_holding(
        project: &Project,
        name: &str,
        ticket: &TicketId,
        holding: &str,
    ) -> Result<Self> {
        let remotes = project.repo.home_git().remotes()?;
        if remotes.iter().any(|remote| remote == name) {
            return Self::new(project, name);
        }
        let message = format!("`{}` is no remote of this clone any more", printable(name));
        let mut error = Error::new(ErrorCode::Git, message).with(GONE, true);
        for remote in &remotes {
            let claims = Self::new(project, remote)?;
            match claims.look(ticket) {
                Ok(Some((_, claim))) if claim.holding == holding => return Ok(claims),
                Ok(_) => {}
                Err(unknown) => error.message = format!("{}; {unknown}", error.message),
            }
        }
        Err(error)
    }

    /// Those on a remote that is known to be there: git takes any other name for a path.
    fn new(project: &Project, name: &str) -> Result<Self> {
        let git = project.repo.home_git();
        Ok(Self {
            refs: ClaimRefs::new(&git, name, project.network)?,
            arrivals: Arrivals::of(project),
            store: project.store.clone(),
        })
    }
}

fn no_such(asked: &str, remotes: &[String]) -> Error {
    let shown: Vec<String> = remotes.iter().map(|name| printable(name)).collect();
    let hint = match shown.is_empty() {
        true => "this clone has none".to_owned(),
        false => format!("there is {}", shown.join(", ")),
    };
    let message = format!("no remote `{}`", printable(asked));
    Error::new(ErrorCode::InvalidArgument, message)
        .hint(hint)
        .with("given", asked)
        .with("known", remotes.to_vec())
}
