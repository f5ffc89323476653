//! Reviews that go on while nobody waits for them: so many at a time, the others wait in the order in which they were
//! begun. What they come to is stored; what is here ends with the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::id::DraftId;
use crate::limits::EXAMINATIONS_AT_ONCE;
use crate::work::{Counted, Progress};

/// The reviews that are begun and not at their end.
#[derive(Clone)]
pub(crate) struct Jobs(Arc<Inner>);

struct Inner {
    jobs: Mutex<BTreeMap<u64, Entry>>,
    slots: Semaphore,
}

struct Entry {
    draft: DraftId,
    /// Which review of the draft it is, and of which version; nothing until that is stored.
    of: Option<(u64, u64)>,
    /// Does it wait for its turn?
    waits: bool,
    progress: Progress,
    cancel: watch::Sender<bool>,
}

/// One review that is begun; dropped, it is at its end.
pub(crate) struct Job {
    jobs: Jobs,
    place: u64,
    progress: Progress,
    cancelled: watch::Receiver<bool>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self(Arc::new(Inner { jobs: Mutex::default(), slots: Semaphore::new(EXAMINATIONS_AT_ONCE) }))
    }
}

impl Jobs {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a review that is about to be begun.
    pub(crate) fn begin(&self, draft: &DraftId) -> Job {
        let (cancel, cancelled) = watch::channel(false);
        let progress = Progress::default();
        let mut entries = self.entries();
        let place = entries.last_key_value().map_or(0, |(place, _)| place + 1);
        let entry = Entry { draft: draft.clone(), of: None, waits: true, progress: progress.clone(), cancel };
        entries.insert(place, entry);
        say_places(&entries);
        Job { jobs: self.clone(), place, progress, cancelled }
    }

    /// How far the review of a draft with a number has come; nothing where it is at its end, or was begun before this
    /// process.
    pub(crate) fn progress(&self, draft: &DraftId, number: u64) -> Option<Progress> {
        let entries = self.entries();
        let is_it = |entry: &&Entry| entry.draft == *draft && entry.of.is_none_or(|(known, _)| known == number);
        entries.values().find(is_it).map(|entry| entry.progress.clone())
    }

    /// The number and the version of the review of a draft that goes on.
    pub(crate) fn under_way(&self, draft: &DraftId) -> Option<(u64, u64)> {
        let entries = self.entries();
        let goes_on = |entry: &&Entry| entry.draft == *draft && !*entry.cancel.borrow();
        entries.values().filter(goes_on).filter_map(|entry| entry.of).max()
    }

    /// Cancels the reviews of a draft before the one of a number.
    pub(crate) fn superseded(&self, draft: &DraftId, by: u64) {
        for entry in self.entries().values().filter(|entry| entry.draft == *draft) {
            if entry.of.is_some_and(|(number, _)| number < by) {
                entry.cancel.send_replace(true);
            }
        }
    }

    /// Cancels the reviews of a draft that are not of its version.
    pub(crate) fn changed(&self, draft: &DraftId, version: u64) {
        for entry in self.entries().values().filter(|entry| entry.draft == *draft) {
            if entry.of.is_some_and(|(_, of)| of != version) {
                entry.cancel.send_replace(true);
            }
        }
    }
}

/// Says to those that wait at which place.
fn say_places(entries: &BTreeMap<u64, Entry>) {
    for (place, entry) in (1..).zip(entries.values().filter(|entry| entry.waits)) {
        entry.progress.at(Counted::Place, place, 0);
    }
}

impl Job {
    /// Notes which review it is, and of which version of the draft.
    pub(crate) fn is(&self, number: u64, version: u64) {
        if let Some(entry) = self.jobs.entries().get_mut(&self.place) {
            entry.of = Some((number, version));
        }
    }

    /// Waits until it may begin.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let turn = self.jobs.0.slots.acquire().await.ok();
        let mut entries = self.jobs.entries();
        if let Some(entry) = entries.get_mut(&self.place) {
            entry.waits = false;
        }
        self.progress.at(Counted::Examinations, 0, 0);
        say_places(&entries);
        drop(entries);
        turn
    }

    /// Whoever follows how far it has come.
    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Waits until it is cancelled.
    pub(crate) async fn cancelled(&self) {
        // Whoever cancels it lives as long as it does.
        let _ = self.cancelled.clone().wait_for(|is_cancelled| *is_cancelled).await;
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let mut entries = self.jobs.entries();
        entries.remove(&self.place);
        say_places(&entries);
        self.progress.is_over();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::{Counted, Jobs, Progress};
    use crate::id::{DraftId, IdError};

    #[test]
    fn two_are_at_work_and_the_others_say_their_place_until_one_is_at_its_end() -> Result<(), IdError> {
        let jobs = Jobs::default();
        let ids: Vec<DraftId> = ["a", "b", "c", "d"].into_iter().map(str::parse).collect::<Result<_, _>>()?;
        let mut begun: Vec<_> = ids.iter().map(|id| jobs.begin(id)).collect();
        begun.iter().for_each(|job| job.is(1, 7));
        {
            let turns: Vec<_> = begun.iter().map(|job| job.turn().now_or_never().flatten()).collect();
            assert_eq!(turns.iter().filter(|turn| turn.is_some()).count(), 2);
            let come: Vec<_> = ids.iter().filter_map(|id| Some(jobs.progress(id, 1)?.come())).collect();
            let come: Vec<_> = come.into_iter().map(|come| (come.what, come.done)).collect();
            let at_work = (Counted::Examinations, 0);
            assert_eq!(come, [at_work, at_work, (Counted::Place, 1), (Counted::Place, 2)]);
        }
        let followed = begun.first().map(|job| job.progress().clone()).unwrap_or_default();
        drop(begun.remove(0));
        assert!(followed.come().is_over && ids.first().and_then(|id| jobs.progress(id, 1)).is_none());
        assert_eq!(begun.get(1).map(|job| job.turn().now_or_never().flatten().is_some()), Some(true));
        Ok(())
    }

    #[test]
    fn a_review_is_cancelled_when_its_draft_is_of_another_version() -> Result<(), IdError> {
        let (jobs, id) = (Jobs::default(), "a".parse()?);
        let job = jobs.begin(&id);
        let place = jobs.progress(&id, 3).as_ref().map(Progress::come).map(|come| (come.what, come.done));
        assert_eq!(place, Some((Counted::Place, 1)), "one that is not stored yet is no other");
        job.is(3, 7);
        jobs.changed(&id, 7);
        assert_eq!((job.cancelled().now_or_never(), jobs.under_way(&id)), (None, Some((3, 7))));
        jobs.changed(&id, 8);
        assert_eq!((job.cancelled().now_or_never(), jobs.under_way(&id)), (Some(()), None));
        Ok(())
    }

    #[test]
    fn a_later_review_of_a_draft_ends_the_earlier_and_is_the_one_under_way() -> Result<(), IdError> {
        let (jobs, id, other) = (Jobs::default(), "a".parse()?, "b".parse()?);
        let [earlier, later, elsewhere] = [&id, &id, &other].map(|of| jobs.begin(of));
        [(&earlier, 1), (&later, 2), (&elsewhere, 1)].into_iter().for_each(|(job, number)| job.is(number, 7));
        assert_eq!(jobs.under_way(&id), Some((2, 7)), "the newest, whichever was begun first");
        jobs.superseded(&id, 2);
        let ended = [&earlier, &later, &elsewhere].map(|job| job.cancelled().now_or_never());
        assert_eq!(ended, [Some(()), None, None]);
        Ok(())
    }
}
