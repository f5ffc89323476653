//! Asking about the past, or by rules that are named: which call that is, and what is hypothetical about the answer.

use std::cell::Cell;
use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::domain::grant::Grant;
use crate::id::{CustomerId, PartnerId, Revision};
use crate::limits::PAGE_MAX;
use crate::pdp::Pdp;
use crate::policy::Bundle;
use crate::store::StoreError;

/// A moment in the past.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AsOf {
    /// The facts at a revision, at the moment it was written.
    Revision(Revision),
    /// The facts at a moment.
    Time(Timestamp),
}

impl AsOf {
    /// The time of it: of a revision, when it was written; before anything was written, the beginning of time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn time(self, pdp: &Pdp) -> Result<Timestamp, StoreError> {
        match self {
            Self::Time(at) => Ok(at),
            Self::Revision(revision) => Ok(pdp.store.entry(revision)?.map_or(Timestamp::UNIX_EPOCH, |entry| entry.at)),
        }
    }
}

/// On which facts and by which rules a question is answered.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// A moment in the past, instead of now.
    pub as_of: Option<AsOf>,
    /// The rules with this digest, or `current`; nothing, or `then`, for those in force at that moment.
    pub rules: Option<String>,
    /// The revision the facts must have reached.
    pub at_least: Option<Revision>,
    /// Should the answer say what would turn it round?
    pub explain: bool,
    /// Does a proxy ask, about a call that it passes on?
    pub is_for_proxy: bool,
}

impl ReadOptions {
    /// The call that asking on this basis is: not everybody who may ask may ask by other facts or rules than those of
    /// now.
    pub(crate) fn call(&self) -> &'static str {
        match (self.as_of.is_some() || self.rules.is_some(), self.is_for_proxy) {
            (true, _) => "askAboutThePast",
            (false, true) => "forwardAuth",
            (false, false) => "ask",
        }
    }
}

/// Are rules others than were in force at a moment? Before the first there were none.
pub(crate) fn is_hypothetical(
    pdp: &Pdp,
    options: &ReadOptions,
    at: Timestamp,
    rules: &Bundle,
    current: &Bundle,
) -> Result<bool, StoreError> {
    if options.as_of.is_none() {
        return Ok(rules.digest() != current.digest());
    }
    Ok(pdp.store.rules_in_force_at(at)?.as_deref() != Some(rules.digest().as_str()))
}

/// Whose grants decide what is shown.
#[derive(Clone, Copy, Debug)]
pub enum GrantsOf<'a> {
    /// Those that a customer gave.
    Customer(&'a CustomerId),
    /// Those that a partner has.
    Partner(&'a PartnerId),
}

/// Does a revision say how it was at a moment up to which it was the newest? It does not where something had ended by
/// itself since it was written, or other rules were in force; nor, as far as is known, of more customers than are looked at.
///
/// # Errors
/// [`StoreError`].
pub fn says_how_it_was(pdp: &Pdp, of: GrantsOf<'_>, revision: Revision, at: Timestamp) -> Result<bool, StoreError> {
    let written = AsOf::Revision(revision).time(pdp)?;
    if at <= written {
        return Ok(true);
    }
    let rules = pdp.store.rules_in_force_at(written)?;
    if rules.is_some() && rules != pdp.store.rules_in_force_at(at)? {
        return Ok(false);
    }
    let snapshot = pdp.store.snapshot_at(revision)?;
    let view = snapshot.view();
    let (is_same, mut looked_at) = (Cell::new(true), 0);
    let goes_on = || if is_same.get() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    let look = |grant: Grant| {
        if grant.holds_at(written) && !grant.holds_at(at) {
            is_same.set(false);
        }
        Ok(goes_on())
    };
    match of {
        GrantsOf::Customer(customer) => view.grants(Some(customer), None, &mut |grant| look(grant))?,
        GrantsOf::Partner(partner) => view.customers_of(partner, None, &mut |customer| {
            looked_at += 1;
            if looked_at > PAGE_MAX {
                is_same.set(false);
            } else {
                view.grants(Some(&customer), Some(partner), &mut |grant| look(grant))?;
            }
            Ok(goes_on())
        })?,
    }
    Ok(is_same.get())
}
