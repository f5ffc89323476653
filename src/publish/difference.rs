//! What two sets of rules answer differently about the world as it is: who gains or loses what, every one of it.
//!
//! A pair of a subject and a resource is decided with both sets only when nothing like it was decided before. What a
//! rule can see of a pair follows from what it can see of the resource, of the subject, and of the part the subject has
//! in the resource (`difference/resource_signature.rs`), so pairs are as many as there are, and what has to be decided
//! is as much as rules can tell apart. The store is read once, customer by customer. Those that have something to do
//! with a resource are looked up one by one; all others are answered by their class, and counted without a visit.
//!
//! What is decided is decided on the facts as a single check reads them; were they ever others than those read in
//! passing, that is an error and not an answer.

mod progress;
mod comparison;
mod subject_index;
mod plan;
mod resource_signature;
mod difference_counts;
mod report;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use difference_counts::{Others, Subjects, Turn, Turned};
pub use progress::{DifferenceError, Progress};
pub use report::{ActionDifference, Concerned, IfSaid, TurnedPair, Turns, UnrelatedTurned, WorldDifference};

use crate::assure::spoken::Spoken;
use crate::clock::Timestamp;
use crate::pdp::Pdp;
use crate::pdp::call::CallError;
use crate::policy::Bundle;
use crate::store::View;
use comparison::Comparison;

/// Compares two sets of rules on the facts as they are now, on a thread that may wait for the file. Up to `naming`
/// pairs are named for each action, gained and lost; `take` gets each of them, and `on_progress` now and then how far
/// it has come. Either may stop it, and so does whoever drops the future.
///
/// Nothing is recorded: whether the caller may ask is decided by what calls this.
///
/// # Errors
/// [`DifferenceError`]; then nothing is known, never a part of it.
pub async fn world_difference(
    pdp: &Pdp,
    (old, new): (Arc<Bundle>, Arc<Bundle>),
    naming: usize,
    mut on_progress: impl FnMut(Progress) -> ControlFlow<()> + Send + 'static,
    mut take: impl FnMut(&Turned<'_>) -> ControlFlow<()> + Send + 'static,
) -> Result<WorldDifference, CallError<DifferenceError>> {
    let at = pdp.store.now();
    let snapshot = pdp.store.snapshot()?;
    let waiting = Waiting(Arc::new(AtomicBool::new(false)));
    let left = Arc::clone(&waiting.0);
    let solver = pdp.settings.terms.solver.clone();
    let compared = tokio::task::spawn_blocking(move || {
        let spoken = Spoken::between(&old, &new, solver.as_deref());
        let mut on_progress =
            |progress| if left.load(Ordering::Acquire) { ControlFlow::Break(()) } else { on_progress(progress) };
        compare([&*old, &new], &spoken, &snapshot.view(), at, naming, &mut on_progress, &mut take)
    });
    compared.await.unwrap_or_else(|error| Err(DifferenceError::Broken(error.to_string()).into()))
}

/// Somebody waits for the answer; when it is dropped, nobody does.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Compares two sets of rules on everything that is registered, at one revision and one moment.
///
/// # Errors
/// [`DifferenceError`]; then nothing is known, never a part of it.
pub(crate) fn compare(
    rules: [&Bundle; 2],
    spoken: &Spoken,
    view: &View<'_>,
    at: Timestamp,
    naming: usize,
    on_progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    take: &mut dyn FnMut(&Turned<'_>) -> ControlFlow<()>,
) -> Result<WorldDifference, CallError<DifferenceError>> {
    let mut comparison = Comparison::of((rules, spoken), view, at, naming, on_progress, take)?;
    comparison.run()?;
    Ok(comparison.report())
}
