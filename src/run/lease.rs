//! How long a run's claims in this clone hold. The run's own lock, not the lease, is what keeps
//! another run off; the lease tells people and agents, so it is renewed while a ticket is worked at.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::desk::Desk;
use super::job::Job;
use super::shared::Shared;
use super::tickets;
use super::trouble::{Trouble, blocking};
use crate::wire::EventKind;

/// How long a claim holds without being renewed.
const LEASE: Duration = Duration::from_secs(24 * 60 * 60);

/// A lease is renewed when this part of it is over.
const PART: u32 = 4;

fn lease(shared: &Shared) -> Duration {
    let given = shared.ctx.var("TK_TEST_LEASE");
    let given = given.and_then(|text| text.parse().ok());
    given.map_or(LEASE, Duration::from_millis)
}

/// Until when a claim holds that is taken or renewed now.
pub(super) fn until(shared: &Shared) -> Timestamp {
    let lease = SignedDuration::try_from(lease(shared)).unwrap_or(SignedDuration::ZERO);
    let until = shared.ctx.now().checked_add(lease);
    until.unwrap_or(Timestamp::MAX)
}

/// Renews the run's claim of the job's ticket, until what comes back is dropped.
pub(super) fn keep(shared: &Arc<Shared>, job: &Arc<Job>, desk: &Desk) -> JoinSet<()> {
    let (shared, job, desk) = (Arc::clone(shared), Arc::clone(job), desk.clone());
    let mut beside = JoinSet::new();
    beside.spawn(async move {
        loop {
            tokio::time::sleep(lease(&shared) / PART).await;
            let (of, it) = (Arc::clone(&shared), Arc::clone(&job));
            let renewed = blocking(move || -> Result<_, Trouble> { Ok(tickets::renew(&of, &it)?) });
            if let Err(trouble) = renewed.await {
                let text = format!("the run's claim of it cannot be renewed: {trouble}");
                // Nobody listens any more when the run is over.
                let _over = desk.tell(EventKind::Warning { text });
            }
        }
    });
    beside
}
