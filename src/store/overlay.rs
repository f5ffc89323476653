//! Hypothetical facts: those of a view with an overlay that is never written.

use std::collections::BTreeMap;

use super::StoreError;
use super::index_rows::index_rows_of;
use super::rows::{OverlayRows, Rows};
use super::view::View;
use crate::domain::event::Fact;

/// The facts after hypothetical changes, made one after the other.
pub struct Overlay<'a>(OverlayRows<&'a dyn Rows>);

impl<'a> View<'a> {
    /// These facts, with an overlay for hypothetical changes.
    #[must_use]
    pub fn overlay(&self) -> Overlay<'a> {
        let base = self.revision();
        Overlay(OverlayRows { beneath: self.rows(), base, over: BTreeMap::new(), revision: base.next() })
    }
}

impl Overlay<'_> {
    /// The facts as they would be after everything that was put.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View::new(&self.0, self.0.revision)
    }

    /// Adds a hypothetical fact.
    ///
    /// # Errors
    /// [`StoreError`] when what lies beneath cannot be read.
    pub fn put(&mut self, fact: &Fact) -> Result<(), StoreError> {
        let rows = index_rows_of(&self.view(), fact)?;
        self.0.over.extend(rows);
        Ok(())
    }
}
