//! Random operations against the store and against a naive model that keeps everything in plain maps: after each one
//! both must say the same about everything.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use standing::change;
use standing::change::removal::Removal;
use standing::change::renegotiation::Renegotiation;
use standing::clock::{Clock as _, Timestamp};
use standing::domain::commercial::{Outcome, Side};
use standing::domain::partner::{Partner, PartnerKind, PartnerStatus};
use standing::domain::subscription::SubscriptionStatus;
use standing::question::{Entity, Question};

use crate::stage::{ACTIONS, Stage, as_partner, operator, subscription};

const PARTNERS: [&str; 4] = ["p0", "p1", "p2", "p3"];
const CUSTOMERS: [&str; 2] = ["c0", "c1"];
const SERVICES: [&str; 2] = ["office365", "azure"];
const SUBSCRIPTIONS: [&str; 4] = ["s0", "s1", "s2", "s3"];

#[derive(Clone, Debug)]
enum Operation {
    TellPartner { partner: usize, kind: PartnerKind, status: PartnerStatus },
    Sell { subscription: usize, customer: usize, service: usize, seller: Option<usize>, parent: Option<usize> },
    SellItself { subscription: usize, customer: usize, service: usize, seller: usize },
    Status { subscription: usize, status: SubscriptionStatus },
    Accept { customer: usize, partner: usize, services: Vec<usize>, days: Option<i64> },
    Remove { customer: usize, partner: Option<usize>, service: Option<usize> },
    Renegotiate { customer: usize, partner: usize, by: Side, outcome: Outcome },
    DaysPass(i64),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let partner = 0..PARTNERS.len();
    let customer = 0..CUSTOMERS.len();
    let service = 0..SERVICES.len();
    let sub = 0..SUBSCRIPTIONS.len();
    let kind = prop::sample::select(PartnerKind::ALL);
    let standing = prop_oneof![4 => Just(PartnerStatus::Active), 1 => Just(PartnerStatus::Suspended)];
    let one = prop_oneof![
        1 => (partner.clone(), kind, standing)
            .prop_map(|(partner, kind, status)| Operation::TellPartner { partner, kind, status }),
        3 => (sub.clone(), customer.clone(), service.clone(), prop::option::of(partner.clone()), prop::option::weighted(0.2, sub.clone()))
            .prop_map(|(subscription, customer, service, seller, parent)| Operation::Sell { subscription, customer, service, seller, parent }),
        2 => (sub.clone(), customer.clone(), service.clone(), partner.clone())
            .prop_map(|(subscription, customer, service, seller)| Operation::SellItself { subscription, customer, service, seller }),
        1 => (sub, prop::sample::select(SubscriptionStatus::ALL))
            .prop_map(|(subscription, status)| Operation::Status { subscription, status }),
        5 => (customer.clone(), partner.clone(), prop::collection::vec(service.clone(), 1..3), prop::option::weighted(0.3, 1..4_i64))
            .prop_map(|(customer, partner, services, days)| Operation::Accept { customer, partner, services, days }),
        2 => (customer.clone(), prop::option::of(partner.clone()), prop::option::of(service))
            .prop_map(|(customer, partner, service)| Operation::Remove { customer, partner, service }),
        3 => (customer, partner, prop::sample::select(Side::ALL), prop::sample::select(Outcome::ALL))
            .prop_map(|(customer, partner, by, outcome)| Operation::Renegotiate { customer, partner, by, outcome }),
        1 => (1..3_i64).prop_map(Operation::DaysPass),
    ];
    prop::collection::vec(one, 1..40)
}

#[derive(Clone, Debug)]
struct Sold {
    customer: usize,
    service: usize,
    seller: Option<usize>,
    status: SubscriptionStatus,
    parent: Option<usize>,
}

/// A commercial relationship: has it ended, and who has proposed what.
type Relationship = (bool, Option<(Side, Outcome)>);

#[derive(Default)]
struct Model {
    partners: BTreeMap<usize, (PartnerKind, PartnerStatus)>,
    sold: BTreeMap<usize, Sold>,
    /// (customer, service, partner) -> end date
    grants: BTreeMap<(usize, usize, usize), Option<Timestamp>>,
    relationships: BTreeMap<(usize, usize), Relationship>,
    services: BTreeSet<(usize, usize)>,
    /// (customer, service, partner), once granted
    granted: BTreeSet<(usize, usize, usize)>,
}

fn transacts(kind: PartnerKind) -> bool {
    kind == PartnerKind::DirectBill || kind == PartnerKind::IndirectProvider
}

/// Can a status follow another?
fn follows(from: SubscriptionStatus, to: SubscriptionStatus) -> bool {
    use SubscriptionStatus::{Active, Deleted, Expired, Suspended};
    match from {
        Active | Suspended => true,
        Expired => to == Expired || to == Deleted,
        Deleted => to == Deleted,
    }
}

impl Model {
    fn holds(&self, customer: usize, service: usize, partner: usize, now: Timestamp) -> bool {
        self.grants.get(&(customer, service, partner)).is_some_and(|until| until.is_none_or(|until| now < until))
    }

    fn holders(&self, customer: usize, service: usize, now: Timestamp) -> Vec<usize> {
        (0..PARTNERS.len()).filter(|partner| self.holds(customer, service, *partner, now)).collect()
    }

    /// Does the operation go through? If it does, it is done.
    fn goes_through(&mut self, operation: &Operation, now: Timestamp) -> bool {
        match operation {
            Operation::TellPartner { partner, kind, status } => {
                let before = self.partners[partner].0;
                let conflict = transacts(*kind)
                    && !transacts(before)
                    && self.services.clone().into_iter().any(|(customer, service)| {
                        self.holds(customer, service, *partner, now)
                            && self
                                .holders(customer, service, now)
                                .into_iter()
                                .any(|other| other != *partner && transacts(self.partners[&other].0))
                    });
                let has_sold = self.sold.values().any(|sold| self.seller(sold) == Some(*partner));
                let stays = transacts(before) && !transacts(*kind) && has_sold;
                if !conflict && !stays {
                    self.partners.insert(*partner, (*kind, *status));
                }
                !conflict && !stays
            }
            Operation::Sell { subscription, customer, service, seller, parent } => {
                self.sell(*subscription, *customer, *service, *seller, *parent)
            }
            Operation::SellItself { subscription, customer, service, seller } => {
                let (kind, status) = self.partners[seller];
                if let Some(sold) = self.sold.get(subscription) {
                    // It is there already: only who sold or administers it may call at all, and then nothing differs.
                    let related =
                        self.seller(sold) == Some(*seller) || self.holds(sold.customer, sold.service, *seller, now);
                    let is_same = (sold.customer, sold.service, sold.parent) == (*customer, *service, None)
                        && sold.seller.is_none_or(|of| of == *seller);
                    let may_tell = match sold.status {
                        SubscriptionStatus::Active => true,
                        SubscriptionStatus::Suspended => self.allows(*seller, "reactivate", *subscription, now),
                        SubscriptionStatus::Expired | SubscriptionStatus::Deleted => false,
                    };
                    let done = related && is_same && may_tell;
                    if done {
                        self.sold.get_mut(subscription).unwrap().status = SubscriptionStatus::Active;
                    }
                    return done;
                }
                transacts(kind)
                    && status == PartnerStatus::Active
                    && self.holds(*customer, *service, *seller, now)
                    && self.sell(*subscription, *customer, *service, Some(*seller), None)
            }
            Operation::Status { subscription, status } => match self.sold.get_mut(subscription) {
                Some(sold) if follows(sold.status, *status) => {
                    sold.status = *status;
                    true
                }
                _ => false,
            },
            Operation::Accept { customer, partner, services, days } => {
                let (kind, status) = self.partners[partner];
                if status == PartnerStatus::Suspended || kind == PartnerKind::IndirectReseller {
                    return false;
                }
                let until = days.map(|days| in_days(now, days));
                for service in services.iter().collect::<BTreeSet<_>>() {
                    let key = (*customer, *service, *partner);
                    if self.holds(key.0, key.1, key.2, now) {
                        if until.is_some() {
                            self.grants.insert(key, until);
                        }
                        continue;
                    }
                    if transacts(kind) {
                        for other in self.holders(*customer, *service, now) {
                            if transacts(self.partners[&other].0) {
                                self.grants.remove(&(*customer, *service, other));
                            }
                        }
                    }
                    self.grants.insert(key, until);
                    self.granted.insert(key);
                    self.services.insert((*customer, *service));
                }
                true
            }
            Operation::Remove { customer, partner, service } => {
                let is_known = self.granted.iter().any(|(of, on, to)| {
                    of == customer
                        && partner.is_none_or(|partner| partner == *to)
                        && service.is_none_or(|service| service == *on)
                });
                if !is_known && (partner.is_some() || service.is_some()) {
                    return false;
                }
                self.grants.retain(|(of, on, to), _| {
                    !(of == customer
                        && partner.is_none_or(|partner| partner == *to)
                        && service.is_none_or(|service| service == *on))
                });
                true
            }
            Operation::Renegotiate { customer, partner, by, outcome } => {
                let Some((ended, proposal)) = self.relationships.get_mut(&(*customer, *partner)) else { return false };
                if *ended == (*outcome == Outcome::End) {
                    return false;
                }
                match proposal {
                    Some((side, proposed)) if side != by && proposed == outcome => {
                        *ended = !*ended;
                        *proposal = None;
                    }
                    _ => *proposal = Some((*by, *outcome)),
                }
                true
            }
            Operation::DaysPass(_) => true,
        }
    }

    fn sell(
        &mut self,
        id: usize,
        customer: usize,
        service: usize,
        seller: Option<usize>,
        parent: Option<usize>,
    ) -> bool {
        if parent == Some(id) || (parent.is_some() && seller.is_some()) {
            return false;
        }
        if let Some(sold) = self.sold.get(&id) {
            let is_same =
                (sold.customer, sold.service, sold.seller, sold.parent) == (customer, service, seller, parent);
            let done = is_same && follows(sold.status, SubscriptionStatus::Active);
            if done {
                self.sold.get_mut(&id).unwrap().status = SubscriptionStatus::Active;
            }
            return done;
        }
        if let Some(parent) = parent {
            match self.sold.get(&parent) {
                Some(held) if held.customer == customer && held.parent.is_none() => {
                    let ended = held.seller.is_some_and(|seller| self.relationships[&(customer, seller)].0);
                    if ended || held.status != SubscriptionStatus::Active {
                        return false;
                    }
                }
                _ => return false,
            }
        }
        if let Some(seller) = seller {
            if !transacts(self.partners[&seller].0) {
                return false;
            }
            match self.relationships.get(&(customer, seller)) {
                Some((true, _)) => return false,
                Some(_) => {}
                None => {
                    self.relationships.insert((customer, seller), (false, None));
                }
            }
        }
        self.services.insert((customer, service));
        self.sold.insert(id, Sold { customer, service, seller, status: SubscriptionStatus::Active, parent });
        true
    }

    fn seller(&self, sold: &Sold) -> Option<usize> {
        match sold.parent {
            Some(parent) => self.sold[&parent].seller,
            None => sold.seller,
        }
    }

    /// Written from the domain's table and gates, never from the rules.
    fn allows(&self, partner: usize, action: &str, subscription: usize, now: Timestamp) -> bool {
        let Some(sold) = self.sold.get(&subscription) else { return false };
        let mut statuses = vec![sold.status];
        statuses.extend(sold.parent.map(|parent| self.sold[&parent].status));
        let all_active = statuses.iter().all(|status| *status == SubscriptionStatus::Active);
        let none_deleted = statuses.iter().all(|status| *status != SubscriptionStatus::Deleted);
        let in_good_standing = self.partners[&partner].1 == PartnerStatus::Active;
        let administers = self.holds(sold.customer, sold.service, partner, now);
        let sells = self.seller(sold) == Some(partner)
            && self.relationships.get(&(sold.customer, partner)).is_some_and(|(ended, _)| !ended);
        match action {
            "provision" => administers && in_good_standing && none_deleted,
            "provideSupport" => administers && none_deleted,
            "receiveBill" => sells,
            "suspend" => sells && sold.status == SubscriptionStatus::Active,
            "reactivate" => {
                sells
                    && in_good_standing
                    && sold.status == SubscriptionStatus::Suspended
                    && statuses.iter().skip(1).all(|status| *status == SubscriptionStatus::Active)
            }
            _ => sells && in_good_standing && all_active,
        }
    }
}

fn in_days(now: Timestamp, days: i64) -> Timestamp {
    now.checked_add(jiff::Span::new().hours(24 * days)).unwrap()
}

async fn perform(stage: &Stage, operation: &Operation) -> bool {
    let now = stage.clock.now();
    match operation.clone() {
        Operation::TellPartner { partner, kind, status } => {
            let id = PARTNERS[partner].parse().unwrap();
            let told = Partner { id, name: "A partner".to_owned(), kind, status, mpn_id: None, provider: None };
            change::registry::put_partner(&stage.pdp, &operator(), told).await.is_ok()
        }
        Operation::Sell { subscription: id, customer, service, seller, parent } => {
            let seller = seller.map(|seller| PARTNERS[seller]);
            let mut told = subscription(SUBSCRIPTIONS[id], CUSTOMERS[customer], SERVICES[service], seller);
            told.parent = parent.map(|parent| SUBSCRIPTIONS[parent].parse().unwrap());
            change::selling::put_subscription(&stage.pdp, &operator(), told).await.is_ok()
        }
        Operation::SellItself { subscription: id, customer, service, seller } => {
            let told = subscription(SUBSCRIPTIONS[id], CUSTOMERS[customer], SERVICES[service], None);
            change::selling::put_subscription(&stage.pdp, &as_partner(PARTNERS[seller]), told).await.is_ok()
        }
        Operation::Status { subscription, status } => {
            let id = SUBSCRIPTIONS[subscription].parse().unwrap();
            let Some(known) = change::registry::subscription(&stage.pdp, &operator(), &id).await.unwrap().value else {
                return false;
            };
            let told = standing::domain::subscription::Subscription { status, ..known.noun };
            change::selling::put_subscription(&stage.pdp, &operator(), told).await.is_ok()
        }
        Operation::Accept { customer, partner, services, days } => {
            let services: Vec<&str> = services.into_iter().map(|service| SERVICES[service]).collect();
            let until = days.map(|days| in_days(now, days));
            stage.try_accept(operator(), CUSTOMERS[customer], PARTNERS[partner], &services, until).await.is_ok()
        }
        Operation::Remove { customer, partner, service } => {
            let removal = Removal {
                customer: CUSTOMERS[customer].parse().unwrap(),
                partner: partner.map(|partner| PARTNERS[partner].parse().unwrap()),
                service: service.map(|service| SERVICES[service].parse().unwrap()),
            };
            change::relationship::remove(&stage.pdp, &operator(), removal).await.is_ok()
        }
        Operation::Renegotiate { customer, partner, by, outcome } => {
            let (customer, partner) = (CUSTOMERS[customer].parse().unwrap(), PARTNERS[partner].parse().unwrap());
            change::relationship::renegotiate(&stage.pdp, &operator(), Renegotiation { customer, partner, by, outcome })
                .await
                .is_ok()
        }
        Operation::DaysPass(days) => {
            stage.clock.set(in_days(now, days));
            true
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_store_and_a_naive_model_say_the_same(operations in operations()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let stage = Stage::new();
            let mut model = Model::default();
            for (index, partner) in PARTNERS.iter().enumerate() {
                stage.partner(partner, PartnerKind::DirectBill).await;
                model.partners.insert(index, (PartnerKind::DirectBill, PartnerStatus::Active));
            }
            for customer in CUSTOMERS {
                stage.customer(customer).await;
            }
            for operation in &operations {
                let expected = model.goes_through(operation, stage.clock.now());
                let done = perform(&stage, operation).await;
                prop_assert_eq!(done, expected, "{:?}", operation);
                let now = stage.clock.now();
                let cases = (0..PARTNERS.len()).flat_map(|partner| {
                    (0..SUBSCRIPTIONS.len()).flat_map(move |sold| ACTIONS.map(|action| (partner, action, sold)))
                });
                let cases: Vec<_> = cases.collect();
                let asked = cases.iter().map(|(partner, action, sold)| {
                    let resource = Entity::new("Subscription", SUBSCRIPTIONS[*sold]);
                    Question::new(Entity::new("Partner", PARTNERS[*partner]), *action, resource)
                });
                let answers = stage.ask_all(asked).await;
                for ((partner, action, sold), answer) in cases.into_iter().zip(answers) {
                    let expected = model.allows(partner, action, sold, now);
                    let asked = format!("{} {action} {} after {operation:?}", PARTNERS[partner], SUBSCRIPTIONS[sold]);
                    prop_assert_eq!(answer.is_allowed(), expected, "{}: {:?}", asked, answer);
                }
            }
            Ok(())
        })?;
    }
}
