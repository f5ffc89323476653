//! Whether records can be written, so that anything can be answered, and how far they are indexed.

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

/// Does the disk have more room than is kept for what is written last? Where it has not, nothing is begun: every call
/// has a record.
#[must_use]
pub fn has_room(pdp: &Pdp) -> bool {
    let Some(folder) = pdp.settings.folder.as_deref() else { return true };
    pdp.settings.room.is_there(folder)
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
