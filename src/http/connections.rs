//! The open connections of a listener: how many there may be, and which are closed because their other end does nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::pdp::attempts::holder;
use crate::pdp::metrics::ListenerMetrics;

/// How long what is there for the other end to take may be on its way before it counts as unread.
const ON_ITS_WAY_MILLIS: u64 = 1_000;

/// What is taken of connections.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// How many may be open.
    pub all: usize,
    /// How many may be open of one address; IPv6 counts by /64.
    pub per_address: usize,
    /// How long the first head of a connection may take to come, the handshake of TLS included.
    pub head: Duration,
    /// How long a connection may wait for its next head after an answer.
    pub idle: Duration,
    /// How long a written part of an answer may wait to be read.
    pub unread: Duration,
    /// How many bytes the head of a call may have.
    pub head_bytes: usize,
    /// How many calls may be under way on a connection of HTTP/2.
    pub streams: usize,
}

/// What is left to do for a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Course {
    /// It answers.
    On,
    /// It answers what is under way and is closed then.
    Draining,
    /// It is closed as it is.
    Closing,
}

impl Course {
    fn of(number: u8) -> Self {
        match number {
            0 => Self::On,
            1 => Self::Draining,
            _ => Self::Closing,
        }
    }
}

/// Why there is no room for one more connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Full;

/// The open connections of a listener.
pub(super) struct Connections {
    limits: ConnectionLimits,
    metrics: ListenerMetrics,
    began: Instant,
    open: Mutex<Open>,
    /// Rung when the last one is closed.
    emptied: Notify,
}

#[derive(Default)]
struct Open {
    by_number: BTreeMap<u64, Arc<Life>>,
    by_address: BTreeMap<IpAddr, usize>,
    next: u64,
}

/// How a connection goes: what its own tasks say of it, read by whoever looks for one to close.
pub(super) struct Life {
    address: Option<IpAddr>,
    began: Instant,
    /// How many calls are under way.
    in_flight: AtomicU32,
    /// Has a head come whole?
    has_asked: AtomicBool,
    /// Since when nothing is under way, in milliseconds since the listener began.
    idle_since: AtomicU64,
    /// Since when a part of an answer waits to be read; 0 while none does.
    blocked_since: AtomicU64,
    /// Since when the other end may take the next part of each answer: over HTTP/2 it says how much it takes, and where
    /// that is nothing, nothing is written that could wait.
    offered_since: Mutex<BTreeMap<u64, u64>>,
    /// How many calls there were.
    calls: AtomicU64,
    course: AtomicU8,
    turned: Notify,
}

fn millis(since: Instant) -> u64 {
    // No moment is 0, which stands for none.
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits, metrics: ListenerMetrics) -> Arc<Self> {
        let (began, open, emptied) = (Instant::now(), Mutex::default(), Notify::new());
        Arc::new(Self { limits, metrics, began, open, emptied })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one more connection. Where there are as many as may be, the one that has been waiting longest makes room:
    /// of the same address where that one has its share, else of all.
    pub(super) fn admit(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Admitted, Full> {
        let address = address.map(holder);
        let mut open = self.open();
        let of_address = address.and_then(|address| open.by_address.get(&address)).copied().unwrap_or_default();
        let now = millis(self.began);
        if of_address >= self.limits.per_address {
            self.metrics.limit_reached("connections_per_address");
            open.make_room(now, &self.limits, |life| life.address == address)?;
        } else if open.by_number.len() >= self.limits.all {
            self.metrics.limit_reached("connections");
            open.make_room(now, &self.limits, |_| true)?;
        }
        let number = open.next;
        open.next += 1;
        let life = Arc::new(Life {
            address,
            began: self.began,
            in_flight: AtomicU32::new(0),
            has_asked: AtomicBool::new(false),
            idle_since: AtomicU64::new(millis(self.began)),
            blocked_since: AtomicU64::new(0),
            offered_since: Mutex::default(),
            calls: AtomicU64::new(0),
            course: AtomicU8::new(Course::On as u8),
            turned: Notify::new(),
        });
        open.insert(number, &life);
        Ok(Admitted { connections: Arc::clone(self), number, life })
    }

    /// Closes the connections whose other end has done nothing for too long.
    pub(super) fn close_overdue(&self) {
        let now = millis(self.began);
        for life in self.open().by_number.values() {
            let course = life.overdue(now, &self.limits);
            if course != Course::On
                && life.turn(course) == Course::On
                && let Some(limit) = life.reached(now)
            {
                self.metrics.limit_reached(limit);
            }
        }
    }

    /// Has every connection end with the answers that are under way.
    pub(super) fn drain(&self) {
        for life in self.open().by_number.values() {
            life.turn(Course::Draining);
        }
    }

    /// Waits until none is open.
    pub(super) async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.open().by_number.is_empty() {
                return;
            }
            emptied.await;
        }
    }
}

impl Open {
    fn insert(&mut self, number: u64, life: &Arc<Life>) {
        if let Some(address) = life.address {
            *self.by_address.entry(address).or_default() += 1;
        }
        self.by_number.insert(number, Arc::clone(life));
    }

    /// Forgets a connection, where it is not forgotten already.
    fn remove(&mut self, number: u64) {
        let Some(address) = self.by_number.remove(&number).and_then(|life| life.address) else { return };
        if let Some(open) = self.by_address.get_mut(&address) {
            *open -= 1;
            if *open == 0 {
                self.by_address.remove(&address);
            }
        }
    }

    fn make_room(&mut self, now: u64, limits: &ConnectionLimits, among: impl Fn(&Life) -> bool) -> Result<(), Full> {
        let waiting = self.by_number.iter().filter(|(_, life)| among(life));
        let waiting = waiting.filter_map(|(number, life)| Some((life.waiting(now, limits)?.0, *number)));
        let (_, number) = waiting.min().ok_or(Full)?;
        if let Some(life) = self.by_number.get(&number) {
            life.turn(Course::Closing);
        }
        self.remove(number);
        Ok(())
    }
}

impl Life {
    /// Since when its other end has left a part of an answer unread; one that was offered just now is on its way.
    fn unread_since(&self, now: u64) -> Option<u64> {
        let offered = self.offered_since.lock().unwrap_or_else(PoisonError::into_inner);
        let offered = offered.values().copied().filter(|since| now.saturating_sub(*since) > ON_ITS_WAY_MILLIS).min();
        let blocked = Some(self.blocked_since.load(Ordering::Relaxed)).filter(|since| *since != 0);
        offered.into_iter().chain(blocked).min()
    }

    /// Since when its other end has had something to do, and how long it may take; nothing while an answer is being made.
    fn waiting(&self, now: u64, limits: &ConnectionLimits) -> Option<(u64, Duration)> {
        if let Some(since) = self.unread_since(now) {
            return Some((since, limits.unread));
        }
        let is_idle = self.in_flight.load(Ordering::Relaxed) == 0;
        let within = if self.has_asked.load(Ordering::Relaxed) { limits.idle } else { limits.head };
        is_idle.then(|| (self.idle_since.load(Ordering::Relaxed), within))
    }

    /// The course of a connection whose other end takes longer than it may. Over HTTP/2 a call may be somebody else's than
    /// the one that is left unread: where there are such, it drains first, for as long again.
    fn overdue(&self, now: u64, limits: &ConnectionLimits) -> Course {
        let Some((since, within)) = self.waiting(now, limits) else { return Course::On };
        let late = u128::from(now.saturating_sub(since));
        if late <= within.as_millis() {
            Course::On
        } else if self.has_others(now) && late <= 2 * within.as_millis() {
            Course::Draining
        } else {
            Course::Closing
        }
    }

    /// Are calls under way besides those whose answers are left unread?
    fn has_others(&self, now: u64) -> bool {
        let offered = self.offered_since.lock().unwrap_or_else(PoisonError::into_inner);
        let unread = offered.values().filter(|since| now.saturating_sub(**since) > ON_ITS_WAY_MILLIS).count();
        self.in_flight.load(Ordering::Relaxed) as usize > unread
    }

    /// The limit that ends it where it takes too long; none where it only asks nothing more.
    fn reached(&self, now: u64) -> Option<&'static str> {
        if self.unread_since(now).is_some() {
            return Some("unread_seconds");
        }
        (!self.has_asked.load(Ordering::Relaxed)).then_some("head_seconds")
    }

    /// Has it take a course; the one before.
    fn turn(&self, course: Course) -> Course {
        // What closes does not go on to drain.
        let before = self.course.fetch_max(course as u8, Ordering::Relaxed);
        if before < course as u8 {
            self.turned.notify_one();
        }
        Course::of(before)
    }

    fn course(&self) -> Course {
        Course::of(self.course.load(Ordering::Relaxed))
    }

    /// Notes whether the other end leaves a part of an answer unread.
    pub(super) fn note_blocked(&self, is_blocked: bool) {
        let is_known = self.blocked_since.load(Ordering::Relaxed) != 0;
        if is_blocked != is_known {
            self.blocked_since.store(if is_blocked { millis(self.began) } else { 0 }, Ordering::Relaxed);
        }
    }
}

/// A connection that is counted while this is held.
pub(super) struct Admitted {
    connections: Arc<Connections>,
    number: u64,
    life: Arc<Life>,
}

impl Admitted {
    pub(super) fn metrics(&self) -> &ListenerMetrics {
        &self.connections.metrics
    }

    pub(super) fn life(&self) -> &Arc<Life> {
        &self.life
    }

    /// Waits until it is to take another course than this one.
    pub(super) async fn turned_from(&self, course: Course) -> Course {
        loop {
            let turned = self.life.turned.notified();
            let now = self.life.course();
            if now != course {
                return now;
            }
            turned.await;
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.remove(self.number);
        if open.by_number.is_empty() {
            self.connections.emptied.notify_waiters();
        }
    }
}

/// A call that is under way while this is held.
pub(super) struct InFlight {
    life: Arc<Life>,
    number: u64,
}

impl InFlight {
    pub(super) fn begin(life: &Arc<Life>) -> Self {
        life.has_asked.store(true, Ordering::Relaxed);
        life.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { life: Arc::clone(life), number: life.calls.fetch_add(1, Ordering::Relaxed) }
    }

    /// Notes whether the next part of its answer is there for the other end to take.
    pub(super) fn note_offered(&self, is_offered: bool) {
        let mut offered = self.life.offered_since.lock().unwrap_or_else(PoisonError::into_inner);
        if is_offered {
            offered.insert(self.number, millis(self.life.began));
        } else {
            offered.remove(&self.number);
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.note_offered(false);
        if self.life.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.life.idle_since.store(millis(self.life.began), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_call_leaves_unread_ends_no_other_call_at_once() {
        let second = Duration::from_secs(1);
        let limits = ConnectionLimits {
            all: 1,
            per_address: 1,
            head: second,
            idle: second,
            unread: 5 * second,
            head_bytes: 8192,
            streams: 1,
        };
        let connections = Connections::new(limits, ListenerMetrics::default());
        let Ok(admitted) = connections.admit(None) else { unreachable!("it is the first") };
        let life = admitted.life();
        let now = millis(connections.began);
        let (unread, other) = (InFlight::begin(life), InFlight::begin(life));
        assert_eq!(life.overdue(now + 60_000, &limits), Course::On, "both are being answered");
        unread.note_offered(true);
        for (later, course) in [(4_000, Course::On), (6_000, Course::Draining), (11_000, Course::Closing)] {
            assert_eq!(life.overdue(now + later, &limits), course, "{later} ms later");
        }
        drop(other);
        assert_eq!(life.overdue(now + 6_000, &limits), Course::Closing, "nobody else waits for it");
        unread.note_offered(false);
        assert_eq!(life.overdue(now + 60_000, &limits), Course::On, "the next part is not there yet");
        drop(unread);
        assert_eq!(life.overdue(millis(connections.began) + 2_000, &limits), Course::Closing, "it is idle");
    }
}
