//! The walk along a store's ledger and its archive files, and the journal and the tables held against it.

use std::collections::VecDeque;

use std::path::Path;

use crate::audit::{
    CheckpointError, Fault, Node, Peaks, Place, VerifierKey, Walk, Walked, leaf_hash, leaf_node, nodes_to_come,
};
use crate::clock::SharedClock;
use crate::evidence::ledger::Archive;
use crate::evidence::ledger::checkpoints::opened;
use crate::pdp::PdpError;
use crate::pdp::heads::entry_of;
use crate::pdp::opening::{Opening, public_key_in, store};
use crate::store::{Breach, JournalView, LedgerView, Named, StoreError};

/// A walk along the ledger, a piece at a time.
pub struct LedgerWalk {
    view: LedgerView,
    journal: JournalView,
    /// What the records say of the journal.
    named: Named,
    archive: Archive,
    /// The key that signs, and those of before.
    keys: Vec<VerifierKey>,
    checkpoints: VecDeque<(u64, String)>,
    size: u64,
    walk: Walk,
}

impl LedgerWalk {
    pub(crate) fn of(
        view: LedgerView,
        journal: JournalView,
        archive: Archive,
        keys: Vec<VerifierKey>,
    ) -> Result<Self, StoreError> {
        let (size, checkpoints) = (view.reach()?, view.checkpoints()?.into());
        let (named, walk) = (Named { all: true, ..Named::default() }, Walk::after(Peaks::default()));
        Ok(Self { view, journal, named, archive, keys, checkpoints, size, walk })
    }

    /// Walks along the ledger of a data directory whose rules or keys cannot be used as they stand, so that nobody can
    /// be asked and no record of it is written.
    ///
    /// # Errors
    /// A [`PdpError`] when the store itself cannot be opened.
    pub fn unserved(data: &Path, clock: &SharedClock) -> Result<Walked, PdpError> {
        let store = store(data, clock, &Opening::default())?;
        let known = store.known_keys().ok().flatten().map(|known| known.ledger).unwrap_or_default();
        let keys = public_key_in(data).into_iter().chain(known.into_iter().rev());
        let keys = keys.filter_map(|key| VerifierKey::parse(&key).ok()).collect();
        let (view, journal) = store.ledger_and_journal()?;
        let archive = Archive::of(Some(data), &view)?;
        // The store is open until the end of the walk.
        Ok(Self::of(view, journal, archive, keys)?.end())
    }

    /// How many records there are to walk past.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Walks past so many records; how many are behind it, or nothing at the end.
    pub fn advance(&mut self, steps: u64) -> Option<u64> {
        for _ in 0..steps {
            if self.walk.size() >= self.size {
                return None;
            }
            self.step();
        }
        Some(self.walk.size())
    }

    fn step(&mut self) {
        let seq = self.walk.size() + 1;
        let (mut is_archived, mut gone) = (false, None);
        let found = self.view.record(seq).map_err(|error| error.to_string()).and_then(|found| match found {
            Some(record) => Ok(Some(record)),
            None => match self.archive.record(seq) {
                Ok(record) => {
                    is_archived = true;
                    Ok(Some(record))
                }
                Err(absent) if absent.is_gone() => {
                    gone = absent.archive.is_some().then(|| absent.place());
                    Ok(None)
                }
                Err(absent) => Err(absent.to_string()),
            },
        });
        let place = match &found {
            Ok(Some(record)) => Place::Record(record),
            Ok(None) => Place::Nothing(gone),
            Err(cause) => Place::Unreadable(cause.clone()),
        };
        let view = &self.view;
        let node = |node: u64| view.stored_node(node).unwrap_or(Node::Missing);
        let leaf = view.node(leaf_node(seq - 1)).ok().flatten();
        let frame = view.frame_roots(seq).ok().flatten();
        if let Some(frame) = frame.filter(|frame| frame.first == seq) {
            self.walk.frame_begins(&frame);
        }
        match &found {
            // What was changed says nothing of the journal any more, and is named for itself.
            Ok(Some(record)) if leaf == Some(leaf_hash(record)) => {
                if let Some(entry) = entry_of(record) {
                    self.named.entries.entry(entry).or_insert(seq);
                }
            }
            _ => self.named.all = false,
        }
        self.walk.step(place, leaf, Some(&node));
        if let Some(frame) = frame.filter(|frame| frame.last == seq) {
            self.walk.frame_ends(&frame);
        }
        if is_archived {
            self.walk.count_archived();
            if let Some(note) = self.archive.checkpoint(seq) {
                self.walk
                    .checkpoint(note.map_err(CheckpointError::NotANote).and_then(|note| opened(&self.keys, &note)));
            }
        }
        while let Some((_, note)) = self.checkpoints.pop_front_if(|(size, _)| *size <= seq) {
            self.walk.checkpoint(opened(&self.keys, &note));
        }
    }

    /// Walks to the end, if it is not there yet, and returns the result.
    #[must_use]
    pub fn end(mut self) -> Walked {
        while self.advance(u64::MAX).is_some() {}
        for (_, note) in self.checkpoints {
            self.walk.cut_off(opened(&self.keys, &note));
        }
        for node in nodes_to_come(self.size) {
            if matches!(self.view.stored_node(node), Ok(Node::Stored(_))) {
                let message = format!("node {node} of the tree is there and its records are not yet");
                self.walk.found(Fault::Tree, self.size, None, message);
            }
        }
        match self.view.strays() {
            Ok(strays) => {
                for seq in strays {
                    let message = format!("a record was inserted at {seq}, which no tree knows");
                    self.walk.found(Fault::Inserted, seq, None, message);
                }
            }
            Err(error) => self.walk.found(Fault::Unreadable, self.size, None, error.to_string()),
        }
        match self.journal.breaches(&self.named) {
            Ok(breaches) => {
                for Breach { journal, seq, message } in breaches {
                    let fault = if journal { Fault::Journal } else { Fault::Table };
                    self.walk.found(fault, seq.unwrap_or(self.size), None, message);
                }
            }
            Err(error) => self.walk.found(Fault::Unreadable, self.size, None, error.to_string()),
        }
        self.walk.end()
    }
}
