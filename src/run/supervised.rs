//! A live shim and what it supervises: nothing of it outlives the interest in it.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Child;
use tokio::time::{Instant, sleep};

use super::attempt::{AttemptDir, Spec};
use super::process;
use super::trouble::Trouble;
use super::watch::Watch;
use crate::context::Context;

/// The variable that marks every process of one attempt folder.
pub(super) const ATTEMPT_MARK: &str = "TK_ATTEMPT_DIR";

/// How long orphans of a killed shim may take to be gone.
const GONE: Duration = Duration::from_secs(5);

/// A shim that was started, until it has ended. Dropped before that, it is told to kill what
/// it supervises.
#[derive(Debug)]
pub(super) struct Supervised {
    dir: AttemptDir,
    /// `None` where an earlier runner started it.
    shim: Option<Child>,
    is_over: bool,
}

impl Supervised {
    /// Marks what will be started in that attempt folder.
    pub(super) fn mark(spec: &mut Spec, dir: &Path) {
        let mark = dir.display().to_string();
        spec.env.insert(ATTEMPT_MARK.to_owned(), mark);
    }

    /// Has git do no background work in what will be started: it would be killed with the rest, and
    /// its locks would stay in the user's repository. What the user set in the same way stays.
    pub(super) fn spare_git(ctx: &Context, spec: &mut Spec) {
        const COUNT: &str = "GIT_CONFIG_COUNT";
        const SETTINGS: [(&str, &str); 2] = [("gc.auto", "0"), ("maintenance.auto", "false")];
        // Of a number that is none, git has said so before anything was started.
        let given = ctx.var(COUNT).and_then(|count| count.parse().ok());
        let given: usize = given.unwrap_or(0);
        for (number, (key, value)) in (given..).zip(SETTINGS) {
            let pair = [("KEY", key), ("VALUE", value)];
            let pair =
                pair.map(|(what, text)| (format!("GIT_CONFIG_{what}_{number}"), text.into()));
            spec.env.extend(pair);
        }
        let count = given + SETTINGS.len();
        spec.env.insert(COUNT.to_owned(), count.to_string());
    }

    /// Starts the attempt's shim.
    pub(super) fn start(dir: &AttemptDir) -> Result<Self, Trouble> {
        let shim = dir
            .spawn_shim()
            .map_err(|error| Trouble::Io(error.to_string()))?;
        Ok(Self {
            dir: dir.clone(),
            shim: Some(shim),
            is_over: false,
        })
    }

    /// Takes over the attempt's shim, which an earlier runner started.
    pub(super) fn adopt(dir: &AttemptDir) -> Self {
        Self {
            dir: dir.clone(),
            shim: None,
            is_over: false,
        }
    }

    /// Whether the shim has ended, as far as was seen.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Waits until the shim has ended, and everything of it. Safe to drop while it waits.
    pub(super) async fn ended(&mut self) -> Result<(), Trouble> {
        if self.is_over {
            return Ok(());
        }
        match &mut self.shim {
            Some(shim) => {
                let ended = shim.wait().await;
                ended.map_err(|error| Trouble::Io(error.to_string()))?;
            }
            None => {
                let watch = Watch::new(self.dir.path());
                while self.dir.is_alive()? {
                    watch.changed().await;
                }
            }
        }
        if self.dir.read_exit()?.is_none() {
            // It was killed itself: what it supervised is still there.
            self.end_orphans().await?;
        }
        self.is_over = true;
        Ok(())
    }

    /// Why nobody knows how it ended, for people.
    pub(super) fn without_end(dir: &AttemptDir) -> Result<String, Trouble> {
        if !dir.exists() {
            let path = dir.path().display();
            return Ok(format!(
                "how it ended is not known: the folder `{path}`, in which that is told, is gone"
            ));
        }
        Ok(match dir.shim_log()?.trim() {
            "" => "the process of tk that watched over it was killed".to_owned(),
            log => format!("the process of tk that watched over it ended: {log}"),
        })
    }

    async fn end_orphans(&self) -> Result<(), Trouble> {
        let mark = self.dir.path().display().to_string();
        let start = Instant::now();
        loop {
            let orphans = process::with_variable(ATTEMPT_MARK, &mark);
            if orphans.is_empty() {
                return Ok(());
            }
            if start.elapsed() > GONE {
                let text = "processes of a killed shim cannot be ended".to_owned();
                return Err(Trouble::Io(text));
            }
            for orphan in orphans {
                // One that is gone by now needs no signal.
                let _gone = orphan.signal(Signal::KILL);
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Interrupts what it supervises.
    pub(super) fn interrupt(&self) -> Result<(), Trouble> {
        Ok(self.dir.inbox()?.interrupt()?)
    }

    /// Kills what it supervises.
    pub(super) fn kill(&self) -> Result<(), Trouble> {
        Ok(self.dir.inbox()?.kill()?)
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        if !self.is_over {
            // What cannot be told here is swept at the end of the run.
            let _swept_later = self.kill();
        }
    }
}
