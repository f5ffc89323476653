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
use crate::limits::{
    PAGES_WAITING_BYTES_MAX, PAGES_WAITING_MAX, PAGES_WAITING_OF_ONE_BYTES_MAX, PAGES_WAITING_OF_ONE_MAX,
};
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
    /// The address that asks for it again; none where a form was sent, or what it was asked for is of before one.
    address: Option<String>,
    is_form: bool,
    /// What makes it: under its name something else may go on later.
    work: Arc<()>,
    progress: Progress,
    /// For how long what it comes to is kept.
    keeps: SignedDuration,
    /// What it came to, and until when that is kept.
    made: Option<(Whole, Timestamp)>,
}

impl Job {
    /// How many bytes are kept of it, and since when in the order of what was made; nothing where it goes on.
    fn kept(&self) -> Option<(usize, Timestamp)> {
        self.made.as_ref().map(|(page, until)| (page.body().len(), *until))
    }

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

    /// Does something of that name go on, whoever began it?
    #[must_use]
    pub fn goes_on(&self, name: &str) -> bool {
        held(&self.jobs).get(name).is_some_and(|job| job.made.is_none())
    }

    /// Holds a page that goes on under a name that nobody can guess, which `address` asks for where no form was sent;
    /// nothing where there is no room for one more, the session has sent a form since it asked, or what goes on under the
    /// name is the same.
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
        if jobs.get(&name).is_some_and(|job| job.made.is_none()) {
            return None;
        }
        while jobs.values().filter(|job| job.session == session).count() >= PAGES_WAITING_OF_ONE_MAX {
            let first = first_of(&jobs, |job| job.session == session)?;
            jobs.remove(&first);
        }
        while jobs.len() >= PAGES_WAITING_MAX {
            let first = first_for(&jobs, &session)?;
            jobs.remove(&first);
        }
        // Of two that were asked for at once the later one is what is asked for again.
        let is_same = |job: &&mut Job| job.session == session && address.is_some() && job.address == address;
        jobs.values_mut().filter(is_same).for_each(|job| job.address = None);
        let (is_form, work) = (address.is_none(), Arc::<()>::default());
        let job = Job { session, address, is_form, work: Arc::clone(&work), progress, keeps, made: None };
        jobs.insert(name.clone(), job);
        Some(Making { jobs: Arc::clone(&self.jobs), name, work })
    }
}

/// The pages without those that were kept for long enough.
fn kept(jobs: &Jobs, now: Timestamp) -> MutexGuard<'_, BTreeMap<String, Job>> {
    let mut jobs = held(jobs);
    jobs.retain(|_, job| job.made.as_ref().is_none_or(|(_, until)| *until > now));
    jobs
}

/// What of these was made first, and is of no form where there is something else: that can be made again.
fn first_of(jobs: &BTreeMap<String, Job>, is_one: impl Fn(&Job) -> bool) -> Option<String> {
    let made = jobs.iter().filter(|(_, job)| is_one(job));
    made.filter_map(|(name, job)| Some((job.is_form, job.kept()?.1, name))).min().map(|(_, _, name)| name.clone())
}

/// What makes room for something of a session: what a form of another came to is never that.
fn first_for(jobs: &BTreeMap<String, Job>, session: &SessionId) -> Option<String> {
    first_of(jobs, |job| !job.is_form || job.session == *session)
}

/// How many bytes are kept of these.
fn bytes(jobs: &BTreeMap<String, Job>, is_one: impl Fn(&Job) -> bool) -> usize {
    jobs.values().filter(|job| is_one(job)).filter_map(Job::kept).map(|(bytes, _)| bytes).sum()
}

/// A page that goes on being made; dropped before it is made, it is forgotten.
pub struct Making {
    jobs: Jobs,
    name: String,
    work: Arc<()>,
}

impl Making {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn own<'a>(&self, jobs: &'a BTreeMap<String, Job>) -> Option<&'a Job> {
        jobs.get(&self.name).filter(|job| Arc::ptr_eq(&job.work, &self.work))
    }

    /// Keeps what it came to for a while, as the only page of its session where it is large. Where forms of others take all
    /// the room, a page that says so is kept, or its browser would have it made for ever; a form is forgotten: its address
    /// says whether it was done.
    pub fn made(self, mut page: Whole, no_room: impl FnOnce() -> Whole, now: Timestamp) {
        let mut jobs = kept(&self.jobs, now);
        let Some((session, is_form)) = self.own(&jobs).map(|job| (job.session.clone(), job.is_form)) else { return };
        let is_own = |job: &Job| job.session == session;
        let of_others = bytes(&jobs, |job| job.is_form && !is_own(job));
        if of_others + page.body().len() > PAGES_WAITING_BYTES_MAX {
            if is_form {
                return;
            }
            page = no_room();
        }
        let more = page.body().len();
        while bytes(&jobs, is_own) + more > PAGES_WAITING_OF_ONE_BYTES_MAX {
            let Some(first) = first_of(&jobs, is_own) else { break };
            jobs.remove(&first);
        }
        while bytes(&jobs, |_| true) + more > PAGES_WAITING_BYTES_MAX {
            let Some(first) = first_for(&jobs, &session) else { break };
            jobs.remove(&first);
        }
        if let Some(job) = jobs.get_mut(&self.name) {
            job.made = Some((page, now.checked_add(job.keeps).unwrap_or(now)));
            job.progress.is_over();
        }
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        let mut jobs = held(&self.jobs);
        let Some(job) = self.own(&jobs) else { return };
        job.progress.is_over();
        if job.made.is_none() {
            jobs.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Duration, Found, Making, PAGES_WAITING_BYTES_MAX, PAGES_WAITING_MAX, PAGES_WAITING_OF_ONE_BYTES_MAX,
        PAGES_WAITING_OF_ONE_MAX, Progress, SessionId, SignedDuration, Timestamp, Waiting, Whole,
    };
    use crate::limits::PAGE_WAITING_KEPT_MINUTES;

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
            making.made(Whole::default(), Whole::default, NOW);
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
        made.made(Whole::default(), Whole::default, NOW);
        drop(broken);
        assert_eq!(ends.map(|end| end.map(|end| end.borrow().is_over)), [Some(true), Some(true)]);
        let later = |minutes| NOW + SignedDuration::from_mins(minutes);
        let at = |minutes| is(waiting.of(&session("1"), "a", later(minutes)));
        assert_eq!(is(waiting.of(&session("1"), "b", NOW)), "nothing");
        assert_eq!([at(PAGE_WAITING_KEPT_MINUTES - 1), at(PAGE_WAITING_KEPT_MINUTES)], ["made", "nothing"]);
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
        going_on.remove(0).made(Whole::default(), Whole::default, NOW);
        let more = held(&waiting, "more", "1", None);
        assert!(more.is_some());
        assert_eq!(["0", "more"].map(|name| is(waiting.of(&session("1"), name, NOW))), ["nothing", "goes on"]);
    }

    /// A session of so many that there are.
    fn nth(number: usize) -> String {
        format!("{number:032x}")
    }

    fn made_of(waiting: &Waiting, name: &str, of: &str, address: Option<&str>, bytes: usize) {
        let work = (Progress::default(), SignedDuration::from_mins(PAGE_WAITING_KEPT_MINUTES));
        let of = waiting.asks(of.parse().unwrap_or_else(|error| unreachable!("{error}")));
        if let Some(making) = waiting.hold(name.to_owned(), of, address.map(str::to_owned), work, NOW) {
            making.made(Whole::new(vec![b'x'; bytes].into()), Whole::default, NOW);
        }
    }

    fn is_kept(waiting: &Waiting, name: &str) -> bool {
        super::kept(&waiting.jobs, NOW).contains_key(name)
    }

    #[test]
    fn what_a_form_came_to_makes_no_room_for_whatever_others_ask_for() {
        let waiting = Waiting::after(Duration::ZERO);
        // Of those made at the same moment the first by name goes.
        made_of(&waiting, "form", &nth(1), None, 10);
        made_of(&waiting, "0-page", &nth(1), Some("/ledger"), 10);
        for other in 2..2 + PAGES_WAITING_MAX {
            made_of(&waiting, &nth(other), &nth(other), Some("/ledger"), 10);
        }
        assert_eq!(["form", "0-page"].map(|name| is_kept(&waiting, name)), [true, false]);
        // Where others' forms take all the room, whoever comes waits.
        for other in 2..2 + PAGES_WAITING_MAX {
            made_of(&waiting, &nth(other), &nth(other), None, 10);
        }
        made_of(&waiting, "late", &nth(9_999), None, 10);
        assert_eq!(["form", "late"].map(|name| is_kept(&waiting, name)), [true, false]);
    }

    #[test]
    fn of_one_session_and_of_all_so_many_bytes_are_kept_and_forms_last() {
        let waiting = Waiting::after(Duration::ZERO);
        let half = PAGES_WAITING_OF_ONE_BYTES_MAX / 2;
        made_of(&waiting, "form", &nth(1), None, half);
        made_of(&waiting, "0-page", &nth(1), Some("/ledger"), half);
        assert_eq!(["form", "0-page"].map(|name| is_kept(&waiting, name)), [true, true]);
        made_of(&waiting, "0-next", &nth(1), Some("/words"), half);
        assert_eq!(["form", "0-page", "0-next"].map(|name| is_kept(&waiting, name)), [true, false, true]);
        let sessions = PAGES_WAITING_BYTES_MAX / PAGES_WAITING_OF_ONE_BYTES_MAX;
        for other in 10..10 + sessions {
            made_of(&waiting, &nth(other), &nth(other), Some("/words"), PAGES_WAITING_OF_ONE_BYTES_MAX);
        }
        let others = (10..10 + sessions).filter(|other| is_kept(&waiting, &nth(*other))).count();
        assert_eq!((others, is_kept(&waiting, "form"), is_kept(&waiting, "0-next")), (sessions - 1, true, false));
    }

    #[test]
    fn what_goes_on_under_a_name_is_not_begun_again_under_it_and_ends_nothing_that_does_later() {
        let waiting = Waiting::after(Duration::ZERO);
        let first = held(&waiting, "a", "1", None);
        assert!(first.is_some() && held(&waiting, "a", "1", None).is_none());
        super::held(&waiting.jobs).clear();
        let again = held(&waiting, "a", "1", None);
        drop(first);
        assert!(waiting.goes_on("a"));
        again.into_iter().for_each(|making| making.made(Whole::default(), Whole::default, NOW));
        assert!(held(&waiting, "a", "1", None).is_some(), "once it is made it may be sent again");
    }
}
