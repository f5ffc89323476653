//! A service of a customer and who administers it.
//!
//! A service needs no registration: it exists once a grant or a subscription names it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::PartnerId;

/// One partner that administers a service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Administrator {
    /// Who.
    pub partner: PartnerId,
    /// The time at which it ends by itself, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Who administers a service, in the order of their ids; always whole, never a part of it.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Service {
    /// The partners whose grant was not ended; one whose end date has passed still stands here.
    pub administrators: Vec<Administrator>,
}

impl Service {
    /// The partners that administer the service at the moment `at`.
    pub fn administrators_at(&self, at: Timestamp) -> impl Iterator<Item = &PartnerId> {
        self.administrators
            .iter()
            .filter(move |held| held.until.is_none_or(|until| at < until))
            .map(|held| &held.partner)
    }

    /// Adds `partner`, or changes the end date of its entry.
    pub fn enter(&mut self, partner: &PartnerId, until: Option<Timestamp>) {
        match self.administrators.binary_search_by(|held| held.partner.cmp(partner)) {
            Ok(index) => self.administrators[index].until = until,
            Err(index) => self.administrators.insert(index, Administrator { partner: partner.clone(), until }),
        }
    }

    /// Strikes `partner` out.
    pub fn strike(&mut self, partner: &PartnerId) {
        self.administrators.retain(|held| held.partner != *partner);
    }
}
