//! Claims on a remote: one reference a ticket, `refs/tk/claims/<id>`, moved by
//! compare-and-swap.
//!
//! Each leads to a commit without parents and without files, whose message is the claim. What
//! is in it nobody here knows. What is fetched is read at once and kept in no reference: what
//! others claim is to be seen neither in `git log --all` nor by `git gc`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::command::{Call, Git, Output};
use super::error::{GitError, Result};
use super::id::CommitId;
use super::tree::parse_id;
use crate::model::TicketId;

/// Where they are, on the remote.
const THERE: &str = "refs/tk/claims/";

/// Where they are for the moment in which they are read; the part that follows is one
/// process's own.
const HERE: &str = "refs/tk/fetched/";

/// The largest claim that is read, with the commit around it, in bytes.
const LARGEST: u64 = 16 * 1024;

/// What the commits say of who made them: the claim itself says it.
const NAME: &str = "tk";
const ADDRESS: &str = "tk@claims.invalid";

/// What is there of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRef {
    /// What follows `refs/tk/claims/`, printable; it may be no ticket's id.
    pub name: String,
    /// The object that the reference leads to, a commit or not.
    pub object: CommitId,
    /// The message of the commit; or why there is none to read.
    pub text: std::result::Result<String, String>,
}

/// The claims on a remote.
#[derive(Clone, Debug)]
pub struct ClaimRefs {
    git: Git,
    remote: String,
    /// What they are pushed to: the remote, or where it is fetched from, if it is pushed to
    /// somewhere else, which others may not see.
    target: String,
}

impl Git {
    /// The names of the remotes.
    ///
    /// # Errors
    /// When git fails.
    pub fn remotes(&self) -> Result<Vec<String>> {
        let answer = self.run(["remote"])?;
        Ok(answer.line().lines().map(str::to_owned).collect())
    }

    /// The names of branches and tags, those with the latest commits first.
    ///
    /// # Errors
    /// When git fails.
    pub fn branches_and_tags(&self) -> Result<Vec<String>> {
        let args = [
            "--format=%(refname:short)",
            "--sort=-creatordate",
            "--count=100",
        ];
        let call = self.call(["for-each-ref"]).args(args);
        let answer = call.args(["refs/heads", "refs/tags"]).run()?;
        Ok(answer.line().lines().map(str::to_owned).collect())
    }

    /// The remote that the branch checked out here is merged from; none where that is not set.
    ///
    /// # Errors
    /// When git fails.
    pub fn upstream_remote(&self) -> Result<Option<String>> {
        let head = self
            .call(["symbolic-ref", "--quiet", "--short", "HEAD"])
            .run_allowing(&[0, 1])?;
        if head.code != Some(0) {
            return Ok(None);
        }
        let key = format!("branch.{}.remote", head.line());
        let answer = self.call(["config", "--get", &key]).run_allowing(&[0, 1])?;
        Ok(Some(answer.line()).filter(|name| !name.is_empty()))
    }

    /// Whether the text ever stood in the file at `tip`, or before; but for what is before `without`.
    /// A landing is a merge that changes the file itself, so merges are looked into, too. Where
    /// there is no such tip, it did not.
    ///
    /// # Errors
    /// When git fails.
    pub fn has_stood(
        &self,
        text: &str,
        file: &Path,
        tip: &str,
        without: Option<CommitId>,
    ) -> Result<bool> {
        if tip != "--all" && self.commit_of(tip)?.is_none() {
            return Ok(false);
        }
        // That may be gone by now.
        let without = match without {
            Some(commit) => self.commit_of(&commit.to_string())?,
            None => None,
        };
        let mut spec = OsString::from(":(literal)");
        spec.push(file);
        let call = self.call(["log", "-1", "-m", "--full-history", "--format=%H"]);
        let call = call.arg(format!("-S{text}")).arg(tip);
        let left_out = without.iter().map(|commit| format!("^{commit}"));
        let call = call.args(left_out).arg("--").arg(spec);
        Ok(!call.run()?.line().is_empty())
    }

    /// What a push goes to for it to be where the remote is fetched from. A protocol that pushes
    /// are to use (`pushInsteadOf`) makes no other place.
    fn target(&self, remote: &str) -> Result<String> {
        let lines = |args: &[&str]| -> Result<Vec<String>> {
            let answer = self.call(args).run_any()?;
            Ok(match answer.code {
                Some(0) => answer.line().lines().map(str::to_owned).collect(),
                _ => Vec::new(),
            })
        };
        let fetched_from = lines(&["remote", "get-url", "--all", "--", remote])?;
        let pushed_to = lines(&["remote", "get-url", "--all", "--push", "--", remote])?;
        let key = format!("remote.{remote}.pushurl");
        let is_elsewhere = pushed_to.len() > 1
            || pushed_to.first() != fetched_from.first()
                && !lines(&["config", "--get-all", &key])?.is_empty();
        Ok(match fetched_from.first() {
            Some(place) if is_elsewhere => place.clone(),
            _ => remote.to_owned(),
        })
    }
}

impl ClaimRefs {
    /// Those on the remote of that name, which must be one of [`Git::remotes`]. Whatever goes
    /// over the network takes at most `limit`.
    ///
    /// # Errors
    /// When git fails.
    pub fn new(git: &Git, remote: &str, limit: Duration) -> Result<Self> {
        Ok(Self {
            git: git.clone().limit(limit),
            remote: remote.to_owned(),
            target: git.target(remote)?,
        })
    }

    /// The remote's name.
    #[must_use]
    pub fn remote(&self) -> &str {
        &self.remote
    }

    /// What is there of that ticket now; nothing where nobody ever claimed it.
    ///
    /// # Errors
    /// When the remote cannot be reached.
    pub fn of(&self, ticket: &TicketId) -> Result<Option<ClaimRef>> {
        let found = self.fetched(ticket.as_str())?;
        Ok(found.into_iter().find(|one| one.name == ticket.as_str()))
    }

    /// Everything that is there now, by name.
    ///
    /// # Errors
    /// When the remote cannot be reached.
    pub fn all(&self) -> Result<Vec<ClaimRef>> {
        self.sweep()?;
        self.fetched("*")
    }

    /// Puts the claim there in place of `expected`, or of nothing; its commit, or why the remote
    /// did not take it, which most often is that something else is there.
    ///
    /// # Errors
    /// When the commit cannot be made, or git cannot be run or takes too long.
    pub fn put(
        &self,
        ticket: &TicketId,
        text: &str,
        expected: Option<CommitId>,
    ) -> Result<std::result::Result<CommitId, String>> {
        let commit = self.commit(text)?;
        let reference = format!("{THERE}{ticket}");
        let expected = expected.map_or_else(String::new, |commit| commit.to_string());
        // What is pushed as a mirror takes no single reference. No setting's name can have a `=`.
        let as_usual = format!("remote.{}.mirror=false", self.remote);
        let as_usual = (!self.remote.contains('=')).then_some(as_usual);
        let push = self
            .git
            .call(["push", "--porcelain", "--no-verify", "--no-follow-tags"])
            .args(["--recurse-submodules=no", "--no-signed"])
            .arg(format!("--force-with-lease={reference}:{expected}"))
            .args(["--", &self.target, &format!("{commit}:{reference}")])
            .over_network();
        let answer = as_usual.into_iter().fold(push, Call::setting).run_any()?;
        Ok(match answer.code {
            Some(0) => Ok(commit),
            _ => Err(refusal(&answer)),
        })
    }

    fn commit(&self, text: &str) -> Result<CommitId> {
        let git = ["AUTHOR", "COMMITTER"]
            .into_iter()
            .fold(self.git.clone(), |git, who| {
                git.env(format!("GIT_{who}_NAME"), NAME)
                    .env(format!("GIT_{who}_EMAIL"), ADDRESS)
            });
        let tree = git.call(["mktree"]).stdin("").run()?.line();
        let answer = git
            .call(["commit-tree", "-F", "-", &tree])
            .stdin(text)
            .run()?;
        parse_id(&answer, &answer.line())
    }

    /// What matches the name, fetched for a moment.
    fn fetched(&self, name: &str) -> Result<Vec<ClaimRef>> {
        let own = getrandom::u64().map_err(|error| GitError::Read {
            what: "a random number".to_owned(),
            reason: error.to_string(),
        })?;
        let here = format!("{HERE}{}-{own:016x}/", std::process::id());
        let answer = self
            .git
            .call(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"])
            .args(["--no-recurse-submodules", "--no-auto-maintenance"])
            .args(["--no-prune", "--refmap=", "--", &self.remote])
            .arg(format!("+{THERE}{name}:{here}{name}"))
            .over_network()
            .run_any()?;
        if answer.code != Some(0) {
            // What has come before it failed is nobody's.
            self.remove(&self.listed(&here)?)?;
            return match answer.tail().contains("couldn't find remote ref") {
                true => Ok(Vec::new()),
                false => Err(answer.failure()),
            };
        }
        let listed = self.listed(&here)?;
        let found = self.read(&here, &listed);
        self.remove(&listed)?;
        found
    }

    /// The references below `prefix`, with what is known of what they lead to.
    fn listed(&self, prefix: &str) -> Result<Vec<Listed>> {
        let format = "--format=%(objectname) %(objecttype) %(objectsize) %(refname)";
        let answer = self.git.run(["for-each-ref", format, prefix])?;
        let malformed = || answer.unexpected("references");
        let text = answer.line();
        let lines = text.lines().map(|line| {
            let mut words = line.splitn(4, ' ');
            let mut word = || words.next().ok_or_else(malformed);
            let (object, kind, size) = (word()?, word()?, word()?);
            Ok(Listed {
                object: parse_id(&answer, object)?,
                readable: match (kind, size.parse::<u64>()) {
                    ("commit", Ok(size)) if size <= LARGEST => Ok(()),
                    ("commit", _) => Err("it is too large".to_owned()),
                    _ => Err("it is no commit".to_owned()),
                },
                reference: word()?.to_owned(),
            })
        });
        lines.collect()
    }

    fn read(&self, here: &str, listed: &[Listed]) -> Result<Vec<ClaimRef>> {
        let readable = listed.iter().filter(|one| one.readable.is_ok());
        let wanted: String = readable.map(|one| format!("{}\n", one.object)).collect();
        let texts = match wanted.is_empty() {
            true => BTreeMap::new(),
            false => {
                let answer = self.git.call(["cat-file", "--batch"]).stdin(wanted).run()?;
                messages(&answer)?
            }
        };
        let found = listed.iter().map(|one| {
            let name = one.reference.strip_prefix(here).unwrap_or(&one.reference);
            let text = one.readable.clone().and_then(|()| {
                let text = texts.get(&one.object).cloned();
                text.unwrap_or_else(|| Err("it is gone".to_owned()))
            });
            ClaimRef {
                name: super::id::printable(name.as_bytes(), 80),
                object: one.object,
                text,
            }
        });
        Ok(found.collect())
    }

    fn remove(&self, listed: &[Listed]) -> Result<()> {
        if listed.is_empty() {
            return Ok(());
        }
        let lines = listed
            .iter()
            .map(|one| format!("delete {}\n", one.reference));
        let call = self.git.call(["update-ref", "--no-deref", "--stdin"]);
        call.stdin(lines.collect::<String>()).run().map(drop)
    }

    /// Removes what killed processes have left.
    fn sweep(&self) -> Result<()> {
        let mut left = self.listed(HERE)?;
        left.retain(|one| {
            let name = one.reference.strip_prefix(HERE).unwrap_or_default();
            let pid = name.split_once('-').and_then(|(pid, _)| pid.parse().ok());
            let pid = pid.and_then(rustix::process::Pid::from_raw);
            pid.is_some_and(|pid| {
                rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
            })
        });
        self.remove(&left)
    }
}

/// A reference that was fetched.
#[derive(Debug)]
struct Listed {
    reference: String,
    object: CommitId,
    readable: std::result::Result<(), String>,
}

/// The messages of the commits in an answer of `cat-file --batch`.
fn messages(answer: &Output) -> Result<BTreeMap<CommitId, std::result::Result<String, String>>> {
    let malformed = || answer.unexpected("commits");
    let mut found = BTreeMap::new();
    let mut rest = answer.stdout.as_slice();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (head, after) = rest.split_at(end.ok_or_else(malformed)?);
        let head = std::str::from_utf8(head).map_err(|_| malformed())?;
        let mut words = head.split(' ');
        let object = parse_id(answer, words.next().unwrap_or_default())?;
        let size = words.nth(1).and_then(|size| size.parse::<usize>().ok());
        let size = size.ok_or_else(malformed)?;
        let body = after.get(1..=size).ok_or_else(malformed)?;
        rest = after.get(size + 2..).ok_or_else(malformed)?;
        let text = String::from_utf8_lossy(body);
        let message = text
            .split_once("\n\n")
            .map(|(_, message)| message.to_owned());
        found.insert(object, message.ok_or_else(|| "it says nothing".to_owned()));
    }
    Ok(found)
}

/// Why a push was refused, on one line.
fn refusal(answer: &Output) -> String {
    let text = String::from_utf8_lossy(&answer.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("!\t"));
    let why = line.and_then(|line| line.rsplit('\t').next());
    match why {
        Some(why) => super::id::printable(why.as_bytes(), 300),
        None => answer.tail().replace('\n', " "),
    }
}
