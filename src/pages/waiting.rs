//! Pages that go on being made when whoever asked for them does not wait: how far each has come, and what it came to.
//! Each is of one session, and nobody else is shown anything of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use jiff::SignedDuration;

use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::limits::{PAGES_WAITING_MAX, PAGES_WAITING_OF_ONE_MAX};
use crate::work::Progress;

/// An answer to a browser, whole.
pub type Whole = hyper::Response<Bytes>;

/// A page that goes on, or what it came to.
pub enum Found {
    /// It is being made; for how long what it comes to is kept.
    GoesOn(Progress, SignedDuration),
    /// It is made.
    Made(Whole),
}

struct Job {
    session: SessionId,
    /// The address that asks for it again; none where a form was sent.
    address: Option<String>,
    progress: Progress,
    /// For how long what it comes to is kept.
    keeps: SignedDuration,
    /// What it came to, and until when that is kept.
    made: Option<(Whole, Timestamp)>,
}

impl Job {
    fn found(&self) -> Found {
        match &self.made {
            Some((page, _)) => Found::Made(page.clone()),
            None => Found::GoesOn(self.progress.clone(), self.keeps),
        }
    }
}

type Jobs = Arc<Mutex<BTreeMap<String, Job>>>;

fn held(jobs: &Jobs) -> MutexGuard<'_, BTreeMap<String, Job>> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A page that a session asked for and that is being made: has the session sent a form since?
pub struct Asked {
    session: SessionId,
    is_of_before: Arc<AtomicBool>,
}

/// The pages that go on, and those that are made and not fetched.
pub struct Waiting {
    after: Duration,
    /// What was asked for and is being made, held or not.
    asked: Mutex<Vec<(SessionId, Weak<AtomicBool>)>>,
    jobs: Jobs,
}

impl Waiting {
    /// Pages that whoever asked waits so long for.
    #[must_use]
    pub fn after(after: Duration) -> Self {
        Self { after, asked: Mutex::default(), jobs: Jobs::default() }
    }

    /// How long whoever asked for a page waits for it.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.after
    }

    /// Notes that a session asks for a page.
    #[must_use]
    pub fn asks(&self, session: SessionId) -> Asked {
        let is_of_before = Arc::default();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|(_, page)| page.strong_count() > 0);
        asked.push((session.clone(), Arc::downgrade(&is_of_before)));
        Asked { session, is_of_before }
    }

    /// What a session began at an address, and its name. What it came to is given once: asked for again it is made anew.
    #[must_use]
    pub fn taken(&self, session: &SessionId, address: &str, now: Timestamp) -> Option<(String, Found)> {
        let mut jobs = kept(&self.jobs, now);
        let is_it = |job: &Job| job.session == *session && job.address.as_deref() == Some(address);
        let name = jobs.iter().find(|(_, job)| is_it(job)).map(|(name, _)| name.clone())?;
        let found = jobs.get(&name)?.found();
        if matches!(found, Found::Made(_)) {
            jobs.remove(&name);
        }
        Some((name, found))
    }

    /// Has no page that a session began be what it asks for again: it changes something, and such a page says how things
    /// were before.
    pub fn changes(&self, session: &SessionId) {
        // Those first that nobody holds yet: one that is held meanwhile is found below.
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let of_session = asked.iter().filter(|(of, _)| of == session).filter_map(|(_, page)| page.upgrade());
        of_session.for_each(|page| page.store(true, Ordering::Release));
        drop(asked);
        let mut jobs = held(&self.jobs);
        jobs.values_mut().filter(|job| job.session == *session).for_each(|job| job.address = None);
    }

    /// What a session began, by its name.
    #[must_use]
    pub fn of(&self, session: &SessionId, name: &str, now: Timestamp) -> Option<Found> {
        kept(&self.jobs, now).get(name).filter(|job| job.session == *session).map(Job::found)
    }

    /// Holds a page that goes on under a name that nobody can guess, which `address` asks for where no form was sent;
    /// nothing where there is no room for one more, or the session has sent a form since it asked.
    #[must_use]
    pub fn hold(
        &self,
        name: String,
        Asked { session, is_of_before }: Asked,
        address: Option<String>,
        (progress, keeps): (Progress, SignedDuration),
        now: Timestamp,
    ) -> Option<Making> {
        let mut jobs = kept(&self.jobs, now);
        if address.is_some() && is_of_before.load(Ordering::Acquire) {
            return None;
        }
        make_room(&mut jobs, PAGES_WAITING_OF_ONE_MAX, |job| job.session == session)?;
        make_room(&mut jobs, PAGES_WAITING_MAX, |_| true)?;
        // Of two that were asked for at once the later one is what is asked for again.
        let is_same = |job: &&mut Job| job.session == session && address.is_some() && job.address == address;
        jobs.values_mut().filter(is_same).for_each(|job| job.address = None);
        jobs.insert(name.clone(), Job { session, address, progress, keeps, made: None });
        Some(Making { jobs: Arc::clone(&self.jobs), name })
    }
}

/// The pages without those that were kept for long enough.
fn kept(jobs: &Jobs, now: Timestamp) -> MutexGuard<'_, BTreeMap<String, Job>> {
    let mut jobs = held(jobs);
    jobs.retain(|_, job| job.made.as_ref().is_none_or(|(_, until)| *until > now));
    jobs
}

/// Makes room for one more: what was made first goes; nothing where all of them go on.
fn make_room(jobs: &mut BTreeMap<String, Job>, most: usize, is_one: impl Fn(&Job) -> bool) -> Option<()> {
    while jobs.values().filter(|job| is_one(job)).count() >= most {
        let made = jobs.iter().filter(|(_, job)| is_one(job));
        let first = made.filter_map(|(name, job)| Some((job.made.as_ref()?.1, name.clone()))).min()?.1;
        jobs.remove(&first);
    }
    Some(())
}

/// A page that goes on being made; dropped before it is made, it is forgotten.
pub struct Making {
    jobs: Jobs,
    name: String,
}

impl Making {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keeps what it came to for a while.
    pub fn made(self, page: Whole, now: Timestamp) {
        if let Some(job) = held(&self.jobs).get_mut(&self.name) {
            job.made = Some((page, now.checked_add(job.keeps).unwrap_or(now)));
        }
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        let mut jobs = held(&self.jobs);
        let Some(job) = jobs.get(&self.name) else { return };
        job.progress.is_over();
        if job.made.is_none() {
            jobs.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Found, Making, Progress, SessionId, SignedDuration, Timestamp, Waiting, Whole};
    use crate::limits::{PAGE_WAITING_KEPT_MINUTES, PAGES_WAITING_OF_ONE_MAX};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn session(digit: &str) -> SessionId {
        digit.repeat(32).parse().unwrap_or_else(|error| unreachable!("{error}"))
    }

    fn held(waiting: &Waiting, name: &str, of: &str, address: Option<&str>) -> Option<Making> {
        let work = (Progress::default(), SignedDuration::from_mins(PAGE_WAITING_KEPT_MINUTES));
        waiting.hold(name.to_owned(), waiting.asks(session(of)), address.map(str::to_owned), work, NOW)
    }

    fn is(found: Option<Found>) -> &'static str {
        match found {
            Some(Found::GoesOn(..)) => "goes on",
            Some(Found::Made(_)) => "made",
            None => "nothing",
        }
    }

    #[test]
    fn what_one_session_began_another_finds_neither_by_its_name_nor_by_its_address() {
        let waiting = Waiting::after(Duration::ZERO);
        let making = held(&waiting, "a", "1", Some("/ledger"));
        let taken = |of: &str| is(waiting.taken(&session(of), "/ledger", NOW).map(|(_, found)| found));
        let of = |by: &str| is(waiting.of(&session(by), "a", NOW));
        assert_eq!([taken("1"), of("1"), taken("2"), of("2")], ["goes on", "goes on", "nothing", "nothing"]);
        if let Some(making) = making {
            making.made(Whole::default(), NOW);
        }
        assert_eq!([taken("2"), of("2"), of("1"), taken("1")], ["nothing", "nothing", "made", "made"]);
        assert_eq!([taken("1"), of("1")], ["nothing", "nothing"], "what an address came to is given once");
    }

    #[test]
    fn what_was_made_goes_after_some_minutes_and_what_broke_off_at_once_and_both_say_that_they_are_over() {
        let waiting = Waiting::after(Duration::ZERO);
        let followed = |name: &str| match waiting.of(&session("1"), name, NOW) {
            Some(Found::GoesOn(progress, _)) => progress.followed(),
            _ => None,
        };
        let [Some(made), Some(broken)] = ["a", "b"].map(|name| held(&waiting, name, "1", None)) else {
            unreachable!("there is room for two")
        };
        let ends = ["a", "b"].map(followed);
        made.made(Whole::default(), NOW);
        drop(broken);
        assert_eq!(ends.map(|end| end.map(|end| end.borrow().is_over)), [Some(true), Some(true)]);
        let later = |minutes| NOW + SignedDuration::from_mins(minutes);
        let at = |minutes| is(waiting.of(&session("1"), "a", later(minutes)));
        assert_eq!(is(waiting.of(&session("1"), "b", NOW)), "nothing");
        assert_eq!([at(PAGE_WAITING_KEPT_MINUTES - 1), at(PAGE_WAITING_KEPT_MINUTES)], ["made", "nothing"]);
    }

    #[test]
    fn a_page_that_was_asked_for_before_its_session_sent_a_form_is_not_what_it_asks_for_again() {
        let waiting = Waiting::after(Duration::ZERO);
        let asked = || ["1", "1", "2"].map(|of| waiting.asks(session(of)));
        let holds = |(name, asked), address: Option<&str>| {
            let work = (Progress::default(), SignedDuration::from_mins(1));
            let held = waiting.hold(format!("{name}"), asked, address.map(str::to_owned), work, NOW);
            held.is_some_and(|held| {
                held.made(Whole::default(), NOW);
                waiting.taken(&session("1"), "/ledger", NOW).is_some()
            })
        };
        let [first, form, other] = asked();
        waiting.changes(&session("1"));
        assert!(!holds((1, first), Some("/ledger")), "it may be of before");
        assert!(!holds((2, form), None), "what a form came to has no address");
        assert!(waiting.of(&session("1"), "2", NOW).is_some(), "and is kept");
        assert!(!holds((3, other), Some("/ledger")) && waiting.of(&session("2"), "3", NOW).is_some());
        let [since, ..] = asked();
        assert!(holds((4, since), Some("/ledger")));
    }

    #[test]
    fn of_one_session_so_many_go_on_and_what_is_made_makes_room() {
        let waiting = Waiting::after(Duration::ZERO);
        let names: Vec<String> = (0..PAGES_WAITING_OF_ONE_MAX).map(|name| name.to_string()).collect();
        let mut going_on: Vec<Making> = names.iter().filter_map(|name| held(&waiting, name, "1", None)).collect();
        assert_eq!(going_on.len(), PAGES_WAITING_OF_ONE_MAX);
        assert!(held(&waiting, "more", "1", None).is_none(), "it is waited for");
        let other = held(&waiting, "other", "2", None);
        assert!(other.is_some(), "what one session does takes no room of another");
        going_on.remove(0).made(Whole::default(), NOW);
        let more = held(&waiting, "more", "1", None);
        assert!(more.is_some());
        assert_eq!(["0", "more"].map(|name| is(waiting.of(&session("1"), name, NOW))), ["nothing", "goes on"]);
    }
}
