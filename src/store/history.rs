//! When the facts that a question depends on last changed.

use std::collections::BTreeSet;

use super::StoreError;
use super::rows::{Kind, key};
use super::view::View;
use crate::clock::Timestamp;
use crate::facts::Facts;
use crate::id::{PartnerId, Revision, ServiceId};
use crate::question::Target;

/// The versions of some facts, from the newest back.
pub struct Versions<'a> {
    view: View<'a>,
    /// Each fact by its key, with the revision of the version that is looked at.
    keys: Vec<(Vec<u8>, Option<Revision>)>,
}

impl<'a> View<'a> {
    /// The same facts as they were at an earlier revision.
    #[must_use]
    pub fn earlier(&self, revision: Revision) -> View<'a> {
        View::new(self.rows(), revision.min(self.revision()))
    }

    /// The versions of the facts read for a question of `subject`, a commercial relationship that was not there
    /// included.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn versions(&self, subject: &Target, facts: &Facts) -> Result<Versions<'a>, StoreError> {
        let mut keys = BTreeSet::new();
        let mut partners: BTreeSet<&PartnerId> = facts.partners.keys().collect();
        if let Target::Partner(partner) = subject {
            partners.insert(partner);
        }
        for partner in &partners {
            keys.insert(key(Kind::Partner, &[partner.as_str()]));
        }
        partners.extend(facts.subscriptions.values().filter_map(|sold| sold.original_reseller.as_ref()));
        for customer in &facts.customers {
            keys.insert(key(Kind::Customer, &[customer.as_str()]));
            for partner in &partners {
                keys.insert(key(Kind::Relationship, &[customer.as_str(), partner.as_str()]));
            }
        }
        for service in facts.services.keys() {
            keys.insert(key(Kind::Service, &[service.customer.as_str(), service.service.as_str()]));
        }
        for subscription in facts.subscriptions.keys() {
            keys.insert(key(Kind::Subscription, &[subscription.as_str()]));
        }
        let mut versions = Versions { view: *self, keys: Vec::with_capacity(keys.len()) };
        for key in keys {
            let newest = versions.version(&key, self.revision())?;
            versions.keys.push((key, newest));
        }
        Ok(versions)
    }

    /// When grants of these services end by themselves, as they stand at this revision.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn ends<'s>(&self, services: impl Iterator<Item = &'s ServiceId>) -> Result<BTreeSet<Timestamp>, StoreError> {
        let mut ends = BTreeSet::new();
        for service in services {
            if let Some(kept) = self.service(service)? {
                ends.extend(kept.fact.administrators.iter().filter_map(|held| held.until));
            }
        }
        Ok(ends)
    }
}

impl Versions<'_> {
    fn version(&self, key: &[u8], at: Revision) -> Result<Option<Revision>, StoreError> {
        Ok(self.view.rows().newest(key, at)?.map(|(revision, _)| revision))
    }

    /// The newest revision at which one of the facts changed, except those that were named before.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn back(&mut self) -> Result<Option<Revision>, StoreError> {
        let Some(newest) = self.keys.iter().filter_map(|(_, revision)| *revision).max() else { return Ok(None) };
        for index in 0..self.keys.len() {
            let Some((key, Some(revision))) = self.keys.get(index) else { continue };
            if *revision == newest {
                let before = match newest.0.checked_sub(1) {
                    Some(before) => self.version(key, Revision(before))?,
                    None => None,
                };
                if let Some(held) = self.keys.get_mut(index) {
                    held.1 = before;
                }
            }
        }
        Ok(Some(newest))
    }
}
