//! How long things took, counted in buckets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the buckets, in microseconds.
const BOUNDS_US: [u64; 14] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 1_000_000, 10_000_000];

/// A histogram of durations: a few atomics, so that counting never blocks.
#[derive(Clone, Debug, Default)]
pub struct Durations(Arc<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    /// One for each bound, and one for what took longer.
    counts: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Durations {
    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(count) = self.0.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.0.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// How many took at most so many seconds and more than the bound before; the last bound is infinite.
    #[must_use]
    pub fn buckets(&self) -> Vec<(f64, u64)> {
        let counts = self.0.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let bounds = BOUNDS_US.iter().map(|bound| Duration::from_micros(*bound).as_secs_f64());
        bounds.chain([f64::INFINITY]).zip(counts).collect()
    }

    /// How long they all took, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        Duration::from_micros(self.0.sum_us.load(Ordering::Relaxed)).as_secs_f64()
    }
}
