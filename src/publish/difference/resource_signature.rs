//! What rules can see of a resource, less the names.
//!
//! Cedar compares entities and looks up their attributes; it cannot read an id, order the members of a set or count
//! them. So an answer stays what it is when ids are exchanged for others, except those that stand in the rules
//! themselves, and when there are more of what there are two of already: one that may be the subject, and another.
//! Two resources with the same [`ResourceSignature`] are therefore the same to every rule, and so are two partners that
//! have the same part in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::partner::PartnerStatus;
use crate::facts::{Facts, PartnerFacts, SubscriptionFacts};
use crate::id::{CustomerId, PartnerId};
use crate::question::{Kind, Target};

/// The entities that stand in the rules, by their types and ids; these keep their names.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<Kind, BTreeSet<String>>);

impl Names {
    pub(crate) fn add(&mut self, kind: &str, id: String) {
        if let Some(kind) = Kind::named(kind) {
            self.0.entry(kind).or_default().insert(id);
        }
    }

    /// The id, if the rules name it.
    pub(crate) fn find(&self, kind: Kind, id: &str) -> Option<&str> {
        self.0.get(&kind)?.get(id).map(String::as_str)
    }

    fn name(&self, kind: Kind) -> bool {
        self.0.contains_key(&kind)
    }
}

/// A resource without names, and who has which part in it.
pub(crate) struct ResourceSignature<'a> {
    /// Equal for resources that no rule can distinguish.
    pub(crate) key: Vec<u8>,
    /// The part of every partner that occurs: equal for partners that no rule can distinguish in this resource.
    pub(crate) partners: BTreeMap<&'a PartnerId, Vec<u8>>,
    /// The customers that occur; the part of each is its place.
    pub(crate) customers: Vec<&'a CustomerId>,
}

/// Numbers for names, in the order in which they come.
struct Numbers<T>(Vec<T>);

impl<T: PartialEq> Numbers<T> {
    fn of(&mut self, name: T) -> usize {
        self.0.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.0.push(name);
            self.0.len() - 1
        })
    }

    /// Gives it a number, unless it has one.
    fn note(&mut self, name: T) {
        let _ = self.of(name);
    }
}

fn number(key: &mut Vec<u8>, number: usize) {
    key.extend_from_slice(&(number as u64).to_be_bytes());
}

fn word(key: &mut Vec<u8>, word: &str) {
    number(key, word.len());
    key.extend_from_slice(word.as_bytes());
}

/// A number or nothing.
fn optional(key: &mut Vec<u8>, given: Option<usize>) {
    number(key, given.map_or(0, |given| given + 1));
}

fn standing(key: &mut Vec<u8>, PartnerFacts { kind, status }: &PartnerFacts) {
    word(key, kind.as_str());
    word(key, PartnerStatus::as_str(*status));
}

impl<'a> ResourceSignature<'a> {
    /// The facts a question about a resource turns on, besides those of its subject, without names. Every member of
    /// them is taken up here; a new one does not compile until it has its place.
    pub(crate) fn of(facts: &'a Facts, resource: &'a Target, names: &Names) -> Self {
        let Facts {
            revision: _,
            at: _,
            partners,
            customers,
            services,
            subscriptions,
            relationships,
            operators,
            unknown_subject,
            unknown_resource,
        } = facts;
        let (mut subscription_ids, mut service_ids, mut customer_ids) =
            (Numbers(Vec::new()), Numbers(Vec::new()), Numbers(Vec::new()));
        let mut key = Vec::with_capacity(256);
        let mut parts: BTreeMap<&PartnerId, Vec<u8>> = BTreeMap::new();
        // What is asked about has the first number of its kind.
        match resource {
            Target::Partner(id) => parts.entry(id).or_default().push(b'!'),
            Target::Customer(id) => customer_ids.note(id),
            Target::Service(id) => service_ids.note(id),
            Target::Subscription(id) => subscription_ids.note(id),
            Target::Nothing(_) | Target::Foreign => {}
        }
        key.push(match resource {
            Target::Partner(_) => b'p',
            Target::Customer(_) => b'c',
            Target::Service(_) => b'v',
            Target::Subscription(_) => b's',
            Target::Nothing(_) | Target::Foreign => b'?',
        });
        subscriptions.keys().for_each(|id| subscription_ids.note(id));
        let mut next = 0;
        while let Some(id) = subscription_ids.0.get(next).copied() {
            key.push(b's');
            if names.name(Kind::Subscription) {
                word(&mut key, names.find(Kind::Subscription, id.as_str()).unwrap_or_default());
            }
            if let Some(SubscriptionFacts { service, status, original_reseller, parent }) = subscriptions.get(id) {
                number(&mut key, service_ids.of(service));
                word(&mut key, status.as_str());
                optional(&mut key, parent.as_ref().map(|parent| subscription_ids.of(parent)));
                if let Some(seller) = original_reseller {
                    let part = parts.entry(seller).or_default();
                    part.push(b's');
                    number(part, next);
                }
            }
            next += 1;
        }
        services.keys().for_each(|id| service_ids.note(id));
        for (index, id) in service_ids.0.iter().copied().enumerate() {
            key.push(b'v');
            if names.name(Kind::Service) {
                word(&mut key, names.find(Kind::Service, &id.to_string()).unwrap_or_default());
            }
            number(&mut key, customer_ids.of(&id.customer));
            key.push(services.contains_key(id).into());
            for administrator in services.get(id).into_iter().flatten() {
                let part = parts.entry(administrator).or_default();
                part.push(b'v');
                number(part, index);
            }
        }
        customers.iter().chain(relationships.keys()).for_each(|id| customer_ids.note(id));
        for (index, id) in customer_ids.0.iter().copied().enumerate() {
            key.push(b'c');
            if names.name(Kind::Customer) {
                word(&mut key, names.find(Kind::Customer, id.as_str()).unwrap_or_default());
            }
            key.push(customers.contains(id).into());
            for (partner, state) in relationships.get(id).into_iter().flatten() {
                let part = parts.entry(partner).or_default();
                part.push(b'r');
                number(part, index);
                word(part, state.as_str());
            }
        }
        for (id, known) in partners {
            let part = parts.entry(id).or_default();
            part.push(b'p');
            standing(part, known);
        }
        for (id, part) in &mut parts {
            if let Some(name) = names.find(Kind::Partner, id.as_str()) {
                part.push(b'=');
                word(part, name);
            }
        }
        number(&mut key, operators.len());
        for (id, role) in operators {
            word(&mut key, id);
            word(&mut key, role.as_str());
        }
        for unknown in [unknown_subject, unknown_resource] {
            word(&mut key, unknown.as_ref().map_or("", |unknown| unknown.as_str()));
        }
        Self { key: cast(key, &parts), partners: parts, customers: customer_ids.0 }
    }
}

/// The key with every part that somebody has, and whether one has it or more.
fn cast(mut key: Vec<u8>, parts: &BTreeMap<&PartnerId, Vec<u8>>) -> Vec<u8> {
    let mut all: Vec<&Vec<u8>> = parts.values().collect();
    all.sort_unstable();
    for same in all.chunk_by(|one, other| one == other) {
        let Some(part) = same.first() else { continue };
        number(&mut key, part.len());
        key.extend_from_slice(part);
        key.push((same.len() > 1).into());
    }
    key
}
