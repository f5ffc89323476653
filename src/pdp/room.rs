//! Whether the disk has room, as it was lately.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::files::disk_of;
use crate::limits::FREE_BYTES_MIN;

/// How long it is known whether the disk has room.
const ROOM_KNOWN_FOR: Duration = Duration::from_millis(100);

/// Whether the disk had room when it was last looked at.
#[derive(Default)]
pub(crate) struct Room(Mutex<Option<(Instant, bool)>>);

impl Room {
    pub(crate) fn note(&self, has_room: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), has_room));
    }

    /// Does the disk of a folder have room? It is looked at once for all who ask within a moment.
    pub(crate) fn is_there(&self, folder: &Path) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, has_room)) = known.filter(|(at, _)| at.elapsed() < ROOM_KNOWN_FOR) {
            return has_room;
        }
        let has_room = disk_of(folder).is_none_or(|disk| disk.free >= FREE_BYTES_MIN);
        *known = Some((Instant::now(), has_room));
        has_room
    }
}
