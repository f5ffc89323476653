//! Holding the tree against what the frames of its records say of it.

use super::Walk;
use crate::audit::{Fault, Hash};

/// What a frame of records says of the tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameRoots {
    /// The first record in it.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// The root of the tree before them.
    pub before: Hash,
    /// The root of the tree with them.
    pub root: Hash,
}

impl Walk {
    /// Holds the tree so far against what a frame says of it that begins with the next record.
    pub fn frame_begins(&mut self, frame: &FrameRoots) {
        let FrameRoots { first, last, before, .. } = *frame;
        let message =
            || format!("the frame of records {first} to {last} was written after others than stand before it");
        self.hold(frame, before, message);
    }

    /// Holds the tree so far against what a frame says of it that ended with the last record.
    pub fn frame_ends(&mut self, frame: &FrameRoots) {
        let FrameRoots { first, last, root, .. } = *frame;
        let message = || format!("the frame of records {first} to {last} states another tree than its leaves come to");
        self.hold(frame, root, message);
    }

    fn hold(&mut self, frame: &FrameRoots, root: Hash, message: impl Fn() -> String) {
        // All that grows from one tree that is another differs too.
        if self.peaks.root() == root || self.is_rewritten || std::mem::replace(&mut self.is_broken, true) {
            return;
        }
        self.found(Fault::Tree, frame.first, Some(frame.last), message());
    }
}
