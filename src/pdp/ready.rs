//! Whether records can be written, so that anything can be answered, and how far they are indexed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::files::disk_of;
use crate::limits::FREE_BYTES_MIN;
use crate::pdp::Pdp;
use crate::store::StoreError;

/// Can records be written? Writes as much as one takes, on a disk that has room for more than that: in the last bytes
/// of a disk one write may find room and the next one none.
///
/// # Errors
/// [`StoreError`] while they cannot.
pub async fn ready(pdp: &Pdp) -> Result<(), StoreError> {
    pdp.store.check_clock()?;
    let free = pdp.settings.folder.as_deref().and_then(disk_of).map(|disk| disk.free);
    // Whoever reads that it is ready is answered: what was seen of the disk before no longer counts.
    pdp.settings.room.note(free.is_none_or(|free| free >= FREE_BYTES_MIN));
    if let Some(free) = free.filter(|free| *free < FREE_BYTES_MIN) {
        let message = format!("the disk has {free} bytes left, and `{FREE_BYTES_MIN}` are kept for what is written");
        return Err(StoreError::Unusable(message));
    }
    // A disk that is full is not known to be before something is written.
    pdp.store.probe().await
}

/// How long it is known whether the disk has room.
const ROOM_KNOWN_FOR: Duration = Duration::from_millis(100);

/// Whether the disk had room when it was last looked at.
#[derive(Default)]
pub(crate) struct Room(Mutex<Option<(Instant, bool)>>);

impl Room {
    fn note(&self, has_room: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), has_room));
    }
}

/// Does the disk have more room than is kept for what is written last? Where it has not, nothing is begun: every call
/// has a record.
#[must_use]
pub fn has_room(pdp: &Pdp) -> bool {
    let Some(folder) = pdp.settings.folder.as_deref() else { return true };
    let mut known = pdp.settings.room.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, has_room)) = known.filter(|(at, _)| at.elapsed() < ROOM_KNOWN_FOR) {
        return has_room;
    }
    let has_room = disk_of(folder).is_none_or(|disk| disk.free >= FREE_BYTES_MIN);
    *known = Some((Instant::now(), has_room));
    has_room
}

/// How far the ledger is indexed.
pub struct IndexState {
    /// The last record that is indexed.
    pub to: u64,
    /// How many records come after it, which lists look at one by one.
    pub lag: u64,
}

/// How far the ledger is indexed now.
///
/// # Errors
/// [`StoreError`] when the ledger cannot be read.
pub fn index_state(pdp: &Pdp) -> Result<IndexState, StoreError> {
    // The index first, so that it is never ahead.
    let to = pdp.store.indexed_to().0;
    Ok(IndexState { to, lag: pdp.store.records()?.saturating_sub(to) })
}
