//! What goes on about the rules while a server runs: its folder is watched, and what was approved for later is
//! activated when its time has come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::OnceAMinute;
use crate::config::{RulesAt, RulesFrom};
use crate::http::Shutdown;
use crate::pdp::{Pdp, rules};
use crate::policy::{Digest, ReadError, RuleFiles};
use crate::publish;
use crate::publish::watched::Taken;

/// How long it is until the folder is read again.
const POLL: Duration = Duration::from_millis(500);
/// How long it is until a folder that changed is read once more: what is written in between is not half of it.
const SETTLE: Duration = Duration::from_millis(150);
/// How long it is until rules are tried again for which the solver had no time; each time twice as long.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// The longest that is waited for that.
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(3_600);
/// How long a wait for a moment may be before the clock is asked again, which may have been set.
const CLOCK: Duration = Duration::from_secs(30);

/// What is said while the disk is broken.
static TAKEN: OnceAMinute = OnceAMinute::new();

/// Watches over the rules until the server stops.
pub(super) fn watch(pdp: &Arc<Pdp>, shutdown: &Shutdown) {
    let (pdp, mut shutdown) = (Arc::clone(pdp), shutdown.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = shutdown.stopped() => {}
            () = rules(&pdp) => {}
        }
    });
}

async fn rules(pdp: &Arc<Pdp>) {
    match (rules::rules_from(pdp), publish::begin::rules_at(pdp)) {
        (RulesFrom::Files, Some(RulesAt::Folder(_))) => files(pdp).await,
        (RulesFrom::Files, _) => std::future::pending().await,
        (RulesFrom::Publishing, _) => schedule(pdp).await,
    }
}

/// The files of a folder, or why they cannot be read.
type Read = Result<RuleFiles, ReadError>;

async fn read(pdp: &Arc<Pdp>) -> Option<Read> {
    let pdp = Arc::clone(pdp);
    tokio::task::spawn_blocking(move || publish::begin::read_files(&pdp)).await.ok().flatten()
}

/// What distinguishes two readings of a folder.
fn mark(read: &Read) -> Result<(Digest, Vec<String>), String> {
    read.as_ref().map(|files| (Digest::of(files), files.strays().to_vec())).map_err(ToString::to_string)
}

async fn files(pdp: &Arc<Pdp>) {
    // What was taken or refused before is not looked at again until the files change.
    let mut settled = None;
    // When what the solver had no time for is tried again, and how long it is until then the next time.
    let (mut again_at, mut wait): (Option<Instant>, _) = (None, AGAIN_AFTER);
    loop {
        tokio::time::sleep(POLL).await;
        let Some(first) = read(pdp).await else { continue };
        let seen = mark(&first);
        if settled.as_ref() == Some(&seen) {
            if again_at.is_none_or(|at| Instant::now() < at) {
                continue;
            }
        } else {
            wait = AGAIN_AFTER;
        }
        tokio::time::sleep(SETTLE).await;
        let Some(again) = read(pdp).await else { continue };
        if mark(&again) != seen {
            continue;
        }
        match publish::watched::take_files(pdp, again).await {
            Ok(taken) => {
                settled = Some(seen);
                again_at = (taken == Taken::Unanswered).then(|| Instant::now() + wait);
                wait = (2 * wait).min(AGAIN_AFTER_MAX);
            }
            Err(error) => {
                if TAKEN.due().is_some() {
                    tracing::error!(%error, "changed rules cannot be put in force now; they are tried again");
                }
            }
        }
    }
}

async fn schedule(pdp: &Pdp) {
    let mut changed = publish::schedule::schedule(pdp);
    loop {
        changed.borrow_and_update();
        let due = match publish::schedule::activation_within(pdp) {
            Ok(Some(Duration::ZERO)) => publish::schedule::activate_due(pdp).await.map(|_| Some(Duration::ZERO)),
            due => due,
        };
        let wait = match due {
            Ok(Some(within)) => within.min(CLOCK),
            Ok(None) => Duration::MAX,
            Err(error) => {
                if TAKEN.due().is_some() {
                    tracing::error!(%error, "approved rules cannot be put in force now; they are tried again");
                }
                POLL
            }
        };
        tokio::select! {
            changed = changed.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}
