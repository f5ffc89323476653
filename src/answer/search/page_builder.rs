//! A page of a search while it is filled, and the bound on what is looked at for it.

use super::target::Found;
use super::token::{Position, RequestedPage};
use crate::decide::Decision;
use crate::limits::SCAN_MAX;
use crate::store::{Listed, StoreError};
use crate::work::step;

/// A page while it is filled.
pub(super) struct PageBuilder {
    pub(super) results: Vec<Found>,
    pub(super) decisions: Option<Vec<Decision>>,
    results_max: usize,
    looked_at: usize,
    last: Position,
    /// The last one looked at before it became clear that there is more.
    pub(super) more_after: Option<Position>,
}

impl PageBuilder {
    pub(super) fn new(asked: &RequestedPage, explain: bool) -> Self {
        Self {
            results: Vec::new(),
            decisions: explain.then(Vec::new),
            results_max: asked.results_max(),
            looked_at: 0,
            last: asked.from.clone(),
            more_after: None,
        }
    }

    /// Looks at the next candidate, unless enough were looked at. What `decide` says yes to goes on the page, or is
    /// left for the next one.
    pub(super) fn look(
        &mut self,
        at: Position,
        decide: impl FnOnce() -> Result<Option<Match>, StoreError>,
    ) -> Result<Listed, StoreError> {
        if self.looked_at == SCAN_MAX {
            return Ok(self.stop());
        }
        self.looked_at += 1;
        step()?;
        if let Some(matched) = decide()? {
            if self.results.len() == self.results_max {
                return Ok(self.stop());
            }
            self.results.push(matched.found);
            if let (Some(decisions), Some(decision)) = (&mut self.decisions, matched.decision) {
                decisions.push(decision);
            }
        }
        self.last = at;
        Ok(Listed::Continue(()))
    }

    fn stop(&mut self) -> Listed {
        self.more_after = Some(self.last.clone());
        Listed::Break(())
    }
}

/// A candidate that was decided with a yes, and the decision where it is to be explained.
pub(super) struct Match {
    pub(super) found: Found,
    pub(super) decision: Option<Decision>,
}
