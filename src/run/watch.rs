//! Waking up when a file changes, without looking again and again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// How long a wait lasts at most where changes are told: the system may lose one.
const FALLBACK: Duration = Duration::from_secs(1);
/// How long a wait lasts where they are not, as when the user's watches are used up.
const UNWATCHED: Duration = Duration::from_millis(100);
/// How long a wait for people lasts at most, where changes are told: looking costs something,
/// and they are waited for long.
const PATIENT: Duration = Duration::from_secs(30);

/// A file, or a folder's direct content, under watch.
pub(super) struct Watch {
    changed: Arc<Notify>,
    /// Kept for its effect; `None` where the system refuses to watch.
    watcher: Option<RecommendedWatcher>,
    fallback: Duration,
}

impl Watch {
    pub(super) fn new(path: &Path) -> Self {
        let changed = Arc::new(Notify::new());
        let waker = Arc::clone(&changed);
        let told = move |event: notify::Result<notify::Event>| {
            // Reading is told too; an error means that something may have been missed.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                waker.notify_one();
            }
        };
        let watcher = notify::recommended_watcher(told)
            .and_then(|mut watcher| {
                watcher.watch(path, RecursiveMode::NonRecursive)?;
                Ok(watcher)
            })
            .ok();
        let fallback = if watcher.is_some() {
            FALLBACK
        } else {
            UNWATCHED
        };
        Self {
            changed,
            watcher,
            fallback,
        }
    }

    /// Like [`Watch::new`], for what people change.
    pub(super) fn patient(path: &Path) -> Self {
        let mut watch = Self::new(path);
        if watch.watcher.is_some() {
            watch.fallback = PATIENT;
        }
        watch
    }

    /// Like [`Watch::patient`], for what can also wait where changes are not told.
    pub(super) fn calm(path: &Path) -> Self {
        Self {
            fallback: PATIENT,
            ..Self::new(path)
        }
    }

    /// Whether changes are told.
    pub(super) const fn is_told(&self) -> bool {
        self.watcher.is_some()
    }

    /// Returns once something has changed since the last call, or may have.
    pub(super) async fn changed(&self) {
        // Running out of time is the other way of having to look again.
        let _ = tokio::time::timeout(self.fallback, self.changed.notified()).await;
    }
}
