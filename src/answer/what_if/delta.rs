//! The decisions that differ between the facts as they are and as they would be.
//!
//! A decision is a function of its rules and its facts, so it can differ only where its facts do: where something its
//! subject or resource turns on was touched. Those pairs are collected, and decided on both sides.

use std::collections::{BTreeMap, BTreeSet};

use crate::answer::what_if::flip::{Delta, Flip, Named, NamedAction};
use crate::answer::what_if::what_if_error::WhatIfError;
use crate::clock::Timestamp;
use crate::decide::{Namespace, permits, reads_context};
use crate::domain::event::Fact;
use crate::facts::{Facts, Needs};
use crate::id::{CustomerId, PartnerId, Revision, ServiceId, SubscriptionId};
use crate::limits::WHAT_IF_PAIRS_MAX;
use crate::pdp::call::CallError;
use crate::pdp::reach::{self, Step};
use crate::policy::Bundle;
use crate::question::{Entity, Kind, Question, Target};
use crate::store::{Listed, StoreError, View};
use crate::work::{Count, Counted};

/// What the changes touched, whether or not it became otherwise.
#[derive(Default)]
pub(crate) struct Touched {
    partners: BTreeSet<PartnerId>,
    customers: BTreeSet<CustomerId>,
    services: BTreeSet<ServiceId>,
    subscriptions: BTreeSet<SubscriptionId>,
    relationships: BTreeSet<(CustomerId, PartnerId)>,
}

impl Touched {
    pub(crate) fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::Partner(partner) => drop(self.partners.insert(partner.id.clone())),
            Fact::Customer(customer) => drop(self.customers.insert(customer.id.clone())),
            Fact::Subscription(subscription) => drop(self.subscriptions.insert(subscription.id.clone())),
            Fact::Service(id, _) => drop(self.services.insert(id.clone())),
            Fact::CommercialRelationship(pair) => {
                self.relationships.insert((pair.customer.clone(), pair.partner.clone()));
            }
            // Decisions turn on who administers a service, which is another fact.
            Fact::Grant(_) => {}
        }
    }
}

/// Finds every decision that differs. `is_narrow`: the rules deny unrelated partners everything, so only those that
/// have something to do with a resource can gain or lose anything on it.
pub(crate) fn delta(
    rules: &Bundle,
    at: Timestamp,
    now: &View<'_>,
    then: &View<'_>,
    touched: &Touched,
    is_narrow: bool,
) -> Result<Delta, CallError<WhatIfError>> {
    let compared = Compared { rules, at, now, then };
    let concerned = compared.concerned(touched)?;
    let actions = rules.vocabulary().actions(Namespace::Domain.as_str()).map(|(name, _)| name);
    let depends = actions.filter(|name| reads_context(rules, Namespace::Domain, name)).map(str::to_owned);
    let mut delta =
        Delta { gained: Vec::new(), lost: Vec::new(), complete: true, depends_on_context: depends.collect() };
    let mut all = Vec::new();
    for (signature, actions) in signatures(rules) {
        let mut pairs = Pairs::default();
        if is_narrow && signature.0 == Kind::Partner && matches!(signature.1, Kind::Service | Kind::Subscription) {
            compared.related_pairs(&concerned, signature.1, &mut pairs)?;
        } else {
            compared.all_pairs(&concerned, signature, &mut pairs)?;
        }
        all.push((pairs, actions));
    }
    let count = Count::of(Counted::Answers, all.iter().map(|(pairs, _)| pairs.0.len()).sum());
    for (pairs, actions) in &all {
        for (subject, resource) in &pairs.0 {
            compared.compare(subject, resource, actions, &mut delta)?;
            count.one();
        }
    }
    delta.gained.sort();
    delta.lost.sort();
    Ok(delta)
}

/// The actions by the types of their subjects and resources, as far as the store holds them.
fn signatures(rules: &Bundle) -> BTreeMap<(Kind, Kind), Vec<&str>> {
    let mut signatures: BTreeMap<(Kind, Kind), Vec<&str>> = BTreeMap::new();
    for (name, action) in rules.vocabulary().actions(Namespace::Domain.as_str()) {
        for principal in action.principals.iter().filter_map(|kind| Kind::named(kind)) {
            for resource in action.resources.iter().filter_map(|kind| Kind::named(kind)) {
                signatures.entry((principal, resource)).or_default().push(name);
            }
        }
    }
    signatures
}

/// Subjects with resources; never more than may be compared.
#[derive(Default)]
struct Pairs(BTreeSet<(Target, Target)>);

impl Pairs {
    fn add(&mut self, subject: Target, resource: Target) -> Result<(), WhatIfError> {
        self.0.insert((subject, resource));
        if self.0.len() > WHAT_IF_PAIRS_MAX { Err(WhatIfError::TooMuch) } else { Ok(()) }
    }
}

/// Collects what a visitor yields, up to a limit.
#[derive(Default)]
struct Collected(BTreeSet<Target>);

impl Collected {
    fn take(&mut self, target: Target) -> Result<Listed, StoreError> {
        self.0.insert(target);
        Ok(if self.0.len() > WHAT_IF_PAIRS_MAX { Listed::Break(()) } else { Listed::Continue(()) })
    }

    fn whole(self) -> Result<BTreeSet<Target>, WhatIfError> {
        if self.0.len() > WHAT_IF_PAIRS_MAX { Err(WhatIfError::TooMuch) } else { Ok(self.0) }
    }
}

/// Facts as they are and as they would be, at one moment.
struct Compared<'a> {
    rules: &'a Bundle,
    at: Timestamp,
    now: &'a View<'a>,
    then: &'a View<'a>,
}

impl Compared<'_> {
    /// What is otherwise for the rules, and everything whose own facts take that in.
    fn concerned(&self, touched: &Touched) -> Result<BTreeSet<Target>, CallError<WhatIfError>> {
        let mut concerned = Collected::default();
        for id in &touched.partners {
            let [now, then] = self.both(|view| Ok(view.partner(id)?.map(|kept| (kept.fact.kind, kept.fact.status))))?;
            if now != then {
                concerned.0.insert(Target::Partner(id.clone()));
            }
        }
        for id in &touched.customers {
            let [now, then] = self.both(|view| Ok(view.customer(id)?.is_some()))?;
            if now != then {
                concerned.0.insert(Target::Customer(id.clone()));
            }
        }
        for id in &touched.services {
            let administrators = |view: &View<'_>| {
                let service = view.service(id)?.map(|kept| kept.fact);
                Ok(service.map(|service| service.administrators_at(self.at).cloned().collect::<BTreeSet<_>>()))
            };
            let [now, then] = self.both(administrators)?;
            if now != then {
                concerned.0.insert(Target::Service(id.clone()));
                self.subscriptions_of(id, &mut |target| concerned.take(target))?;
            }
        }
        for id in &touched.subscriptions {
            let [now, then] = self.both(|view| Ok(view.subscription(id)?.map(|kept| kept.fact.status)))?;
            if now != then {
                concerned.0.insert(Target::Subscription(id.clone()));
                self.then.add_ons(id, &mut |added| concerned.take(Target::Subscription(added.id)))?;
            }
        }
        for (customer, partner) in &touched.relationships {
            let [now, then] =
                self.both(|view| Ok(view.relationship(customer, partner)?.map(|kept| kept.fact.state)))?;
            if now != then {
                self.then.subscriptions_of(customer, None, None, &mut |found| {
                    Ok(match self.then.seller(&found)? {
                        Some(seller) if seller == *partner => concerned.take(Target::Subscription(found.id))?,
                        _ => Listed::Continue(()),
                    })
                })?;
            }
        }
        Ok(concerned.whole()?)
    }

    fn both<T>(&self, look: impl Fn(&View<'_>) -> Result<T, StoreError>) -> Result<[T; 2], StoreError> {
        Ok([look(self.now)?, look(self.then)?])
    }

    /// Visits the subscriptions of a service, and the add-ons of those, which may be of another service.
    fn subscriptions_of(
        &self,
        id: &ServiceId,
        visit: &mut dyn FnMut(Target) -> Result<Listed, StoreError>,
    ) -> Result<(), StoreError> {
        self.then.subscriptions_of(&id.customer, Some(&id.service), None, &mut |found| {
            let mut listed = visit(Target::Subscription(found.id.clone()))?;
            if listed.is_continue() {
                self.then.add_ons(&found.id, &mut |added| {
                    listed = visit(Target::Subscription(added.id))?;
                    Ok(listed)
                })?;
            }
            Ok(listed)
        })
    }

    /// The concerned resources with the partners that have something to do with them, and the concerned partners with
    /// the resources they have something to do with, on either side. Nothing that is there ceases to be.
    fn related_pairs(
        &self,
        concerned: &BTreeSet<Target>,
        kind: Kind,
        pairs: &mut Pairs,
    ) -> Result<(), CallError<WhatIfError>> {
        for target in concerned {
            if let Target::Partner(partner) = target {
                for resource in self.resources_of(partner)?.into_iter().filter(|resource| resource.kind() == Some(kind))
                {
                    pairs.add(target.clone(), resource)?;
                }
            } else if target.kind() == Some(kind) {
                for partner in self.partners_of(target)? {
                    pairs.add(Target::Partner(partner), target.clone())?;
                }
            }
        }
        Ok(())
    }

    /// The partners that have something to do with a resource, now or then.
    fn partners_of(&self, resource: &Target) -> Result<BTreeSet<PartnerId>, StoreError> {
        let needs = Needs { subject: Target::Foreign, resource: resource.clone() };
        let of = |view: &View<'_>| Ok(reach::partners_of(&view.facts(&needs, self.at)?).into_iter().cloned().collect());
        let [now, then]: [BTreeSet<PartnerId>; 2] = self.both(of)?;
        Ok(&now | &then)
    }

    /// What a partner has something to do with, now or then.
    fn resources_of(&self, partner: &PartnerId) -> Result<BTreeSet<Target>, CallError<WhatIfError>> {
        let mut resources = Collected::default();
        for view in [self.now, self.then] {
            view.services_granted(partner, None, &mut |service| {
                let is_held = reach::administers(view, self.at, partner, &service)?;
                if is_held { resources.take(Target::Service(service)) } else { Ok(Listed::Continue(())) }
            })?;
            reach::subscriptions_of(view, self.at, partner, None, &mut |_, step| match step {
                Step::To(subscription) => resources.take(Target::Subscription(subscription.id)),
                Step::Again(_) | Step::Past => Ok(Listed::Continue(())),
            })?;
        }
        Ok(resources.whole()?)
    }

    /// The concerned subjects with every resource, and every subject with the concerned resources.
    fn all_pairs(
        &self,
        concerned: &BTreeSet<Target>,
        (subject_kind, resource_kind): (Kind, Kind),
        pairs: &mut Pairs,
    ) -> Result<(), CallError<WhatIfError>> {
        let of = |kind| concerned.iter().filter(move |target| target.kind() == Some(kind)).cloned();
        let subjects: Vec<Target> = of(subject_kind).collect();
        let resources: Vec<Target> = of(resource_kind).collect();
        if !subjects.is_empty() {
            for resource in self.every(resource_kind)? {
                for subject in &subjects {
                    pairs.add(subject.clone(), resource.clone())?;
                }
            }
        }
        if !resources.is_empty() {
            for subject in self.every(subject_kind)? {
                for resource in &resources {
                    pairs.add(subject.clone(), resource.clone())?;
                }
            }
        }
        Ok(())
    }

    /// Everything of a kind; of operators the store holds none.
    fn every(&self, kind: Kind) -> Result<BTreeSet<Target>, CallError<WhatIfError>> {
        let mut found = Collected::default();
        reach::everything(self.then, kind, None, &mut |target| found.take(target))?;
        Ok(found.whole()?)
    }

    /// Decides every action of a pair on both sides.
    fn compare(
        &self,
        subject: &Target,
        resource: &Target,
        actions: &[&str],
        delta: &mut Delta,
    ) -> Result<(), CallError<WhatIfError>> {
        let needs = Needs { subject: subject.clone(), resource: resource.clone() };
        let facts = |view: &View<'_>| -> Result<Facts, StoreError> {
            Ok(Facts { revision: Revision::default(), ..view.facts(&needs, self.at)? })
        };
        let [now, then] = self.both(facts)?;
        let (Some(subject), Some(resource)) = (subject.entity(), resource.entity()) else { return Ok(()) };
        if now == then {
            return Ok(());
        }
        for &action in actions {
            let question = Question::new(subject.clone(), action, resource.clone());
            let is_allowed = permits(self.rules, Namespace::Domain, &question, &now);
            if is_allowed != permits(self.rules, Namespace::Domain, &question, &then) {
                let named = |entity: &Entity| Named { kind: entity.kind.clone(), id: entity.id.clone() };
                let action = NamedAction { name: action.to_owned() };
                let flip = Flip { subject: named(&subject), resource: named(&resource), action };
                if is_allowed { delta.lost.push(flip) } else { delta.gained.push(flip) }
            }
        }
        Ok(())
    }
}
