//! How facts lie in the file: rows in the order of their bytes.
//!
//! A key is one byte for the kind of fact and its names, parted by zero bytes, which no name can hold. What a fact is
//! now lies under its key, the revision before it. A version that is no longer the newest is a row of the history: its
//! key, a zero byte and the revision, eight bytes, highest first. So the older versions of a fact lie together in the
//! order of time, and the newest one at or before a revision is one step back from it.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use super::StoreError;
use crate::id::Revision;

/// What lies under a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Kind {
    /// `partner`
    Partner = b'p',
    /// `customer`
    Customer = b'c',
    /// `subscription`
    Subscription = b's',
    /// `customer, service`: who administers it
    Service = b'v',
    /// `customer, partner, service`
    Grant = b'g',
    /// `customer, partner`: the commercial relationship
    Relationship = b'r',
    /// `customer, service, subscription`, empty
    SubscriptionOfService = b'S',
    /// `partner, subscription`, empty: what the partner sold, add-ons with their parent
    SubscriptionSold = b'O',
    /// `parent, subscription`, empty
    AddOn = b'A',
    /// `customer, partner`, empty: everybody a customer has had to do with
    PartnerOfCustomer = b'C',
    /// `partner, customer`, empty
    CustomerOfPartner = b'P',
    /// `partner, customer, service`, empty: what was ever granted to the partner
    GrantOfPartner = b'G',
}

const PART: u8 = 0;
/// Above the zero byte of a row and below any character of a name: the first byte after all versions of a key.
const AFTER: u8 = 1;
const VERSION_BYTES: usize = 9;

/// The key of a fact.
pub(super) fn key(kind: Kind, names: &[&str]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + names.iter().map(|name| name.len() + 1).sum::<usize>() + VERSION_BYTES);
    key.push(kind as u8);
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            key.push(PART);
        }
        key.extend_from_slice(name.as_bytes());
    }
    key
}

/// The beginning of the keys of that kind whose first names are these.
pub(super) fn prefix(kind: Kind, names: &[&str]) -> Vec<u8> {
    let mut prefix = key(kind, names);
    if !names.is_empty() {
        prefix.push(PART);
    }
    prefix
}

/// The row of a key at a revision.
pub(super) fn row(key: &[u8], revision: Revision) -> Vec<u8> {
    let mut row = Vec::with_capacity(key.len() + VERSION_BYTES);
    row.extend_from_slice(key);
    row.push(PART);
    row.extend_from_slice(&revision.0.to_be_bytes());
    row
}

/// The key and the revision of a row.
pub(super) fn parse(row: &[u8]) -> Option<(&[u8], Revision)> {
    let at = row.len().checked_sub(VERSION_BYTES)?;
    let revision = row.get(at + 1..)?.try_into().ok().map(u64::from_be_bytes)?;
    Some((row.get(..at)?, Revision(revision)))
}

/// The first byte string after every version of a key.
pub(super) fn after(key: &[u8]) -> Vec<u8> {
    let mut after = key.to_vec();
    after.push(AFTER);
    after
}

/// The names of a key.
pub(super) fn names(key: &[u8]) -> Vec<&str> {
    key.get(1..)
        .unwrap_or_default()
        .split(|&byte| byte == PART)
        .filter_map(|part| std::str::from_utf8(part).ok())
        .collect()
}

/// What a visitor of a list says after each item: go on, or stop here.
pub type Listed = ControlFlow<()>;

/// Facts in the order of their keys, whoever holds them.
pub(super) trait Rows {
    /// The newest version of a key at or before a revision.
    fn newest(&self, key: &[u8], at: Revision) -> Result<Option<(Revision, Vec<u8>)>, StoreError>;

    /// Visits every key from `from` on that begins with `prefix`, in order, with what its newest version at or before a
    /// revision holds.
    fn walk(&self, prefix: &[u8], from: &[u8], at: Revision, visit: &mut Visit<'_>) -> Result<(), StoreError>;

    /// The row of the summary of a customer, of whatever revision it is; nothing where there is none at hand.
    fn summary(&self, _customer: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
}

/// What is done with a key and what it holds.
pub(super) type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> Result<Listed, StoreError> + 'v;

impl Rows for &dyn Rows {
    fn newest(&self, key: &[u8], at: Revision) -> Result<Option<(Revision, Vec<u8>)>, StoreError> {
        (**self).newest(key, at)
    }

    fn walk(&self, prefix: &[u8], from: &[u8], at: Revision, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        (**self).walk(prefix, from, at, visit)
    }

    fn summary(&self, customer: &str) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).summary(customer)
    }
}

/// Rows with some facts put over them that are not written, not yet or never.
pub(super) struct OverlayRows<B> {
    pub(super) beneath: B,
    /// The revision up to which what lies beneath is read: newer rows may be there, of changes made meanwhile.
    pub(super) base: Revision,
    pub(super) over: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) revision: Revision,
}

impl<B: Rows> Rows for OverlayRows<B> {
    fn newest(&self, key: &[u8], at: Revision) -> Result<Option<(Revision, Vec<u8>)>, StoreError> {
        match self.over.get(key) {
            Some(value) if self.revision <= at => Ok(Some((self.revision, value.clone()))),
            _ => self.beneath.newest(key, at.min(self.base)),
        }
    }

    fn walk(&self, prefix: &[u8], from: &[u8], at: Revision, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if self.revision > at {
            return self.beneath.walk(prefix, from, at.min(self.base), visit);
        }
        let beneath = |visit: &mut Visit<'_>| self.beneath.walk(prefix, from, at.min(self.base), visit);
        walk_over(&self.over, prefix, from, visit, beneath)
    }
}

/// Visits every key of some facts from `from` on that begins with `prefix`, and of what lies beneath them, which
/// `beneath` walks: in order, each as it is over the other.
fn walk_over(
    over: &BTreeMap<Vec<u8>, Vec<u8>>,
    prefix: &[u8],
    from: &[u8],
    visit: &mut Visit<'_>,
    beneath: impl FnOnce(&mut Visit<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let over = over.range::<[u8], _>((Bound::Included(from), Bound::Unbounded));
    let mut over = over.take_while(|(key, _)| key.starts_with(prefix)).peekable();
    let mut is_over = false;
    beneath(&mut |key, value| {
        while let Some((before, value)) = over.next_if(|(before, _)| before.as_slice() < key) {
            if visit(before, value)?.is_break() {
                is_over = true;
                return Ok(Listed::Break(()));
            }
        }
        let value = over.next_if(|(same, _)| same.as_slice() == key).map_or(value, |(_, value)| value);
        let listed = visit(key, value)?;
        is_over = listed.is_break();
        Ok(listed)
    })?;
    while let Some((key, value)) = over.next().filter(|_| !is_over) {
        is_over = visit(key, value)?.is_break();
    }
    Ok(())
}
