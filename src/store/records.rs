//! Records on their way to the ledger: as they are, or compressed already into the frames they become.

use std::iter;

use super::StoreError;
use super::frame::{BYTES_MAX, Body, RECORDS_MAX};
use crate::audit::Recorded;

/// So many records of one answer have a frame of their own; fewer share one with those of others, and take less room.
const OWN_FRAME_MIN: usize = RECORDS_MAX / 2;

/// Records to be written together, in order.
#[derive(Default)]
pub struct Records(pub(super) Vec<Group>);

/// Records that follow one another.
pub(super) struct Group {
    pub(super) records: Vec<Recorded>,
    /// Their frame's body, where they have a frame of their own.
    pub(super) body: Option<Body>,
}

impl Records {
    /// As many records as a frame has.
    pub const OF_FRAME: usize = RECORDS_MAX;

    /// Records that are compressed on this thread where they are many, so that the writer has less to do.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be compressed; then nothing of them may be answered.
    pub fn compress(records: Vec<Recorded>) -> Result<Self, StoreError> {
        let groups = in_frames(records).map(|records| {
            let body = (records.len() >= OWN_FRAME_MIN).then(|| body_of(&records)).transpose()?;
            Ok(Group { records, body })
        });
        groups.collect::<Result<_, _>>().map(Self)
    }

    /// Adds others after them.
    pub fn append(&mut self, other: Self) {
        for group in other.0 {
            match self.0.last_mut() {
                Some(last) if last.body.is_none() && group.body.is_none() => last.records.extend(group.records),
                _ => self.0.push(group),
            }
        }
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|group| group.records.len()).sum()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|group| group.records.is_empty())
    }

    /// The records of each frame they become, with its body.
    ///
    /// # Errors
    /// As [`Records::compress`].
    pub(super) fn into_frames(self) -> impl Iterator<Item = Result<(Vec<Recorded>, Body), StoreError>> {
        self.0.into_iter().flat_map(|Group { records, body }| match body {
            Some(body) => vec![Ok((records, body))],
            None => in_frames(records).map(|records| body_of(&records).map(|body| (records, body))).collect(),
        })
    }
}

impl From<Vec<Recorded>> for Records {
    fn from(records: Vec<Recorded>) -> Self {
        Self(vec![Group { records, body: None }])
    }
}

fn body_of(records: &[Recorded]) -> Result<Body, StoreError> {
    Body::of(&records.iter().map(|record| record.bytes.as_slice()).collect::<Vec<_>>())
}

/// Records as they are cut into frames, each of at least one.
fn in_frames(mut records: Vec<Recorded>) -> impl Iterator<Item = Vec<Recorded>> {
    iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |record: &&Recorded| {
            bytes += record.bytes.len();
            bytes <= BYTES_MAX
        };
        let count = records.iter().take(RECORDS_MAX).take_while(fits).count().max(1).min(records.len());
        let after = records.split_off(count);
        Some(std::mem::replace(&mut records, after)).filter(|frame| !frame.is_empty())
    })
}
