//! Could somebody be allowed something who has nothing to do with it?
//!
//! A search looks only where the store's indexes lead: at what a partner sold and administers, or at who sold and
//! administers a thing. Everything else is strange to it. Whether the rules allow a stranger anything is found here by
//! deciding: strangers differ in finitely many ways that a rule can see, and one of each kind is judged. A rule that
//! names an entity by its id could tell any stranger from the others, so such rules are taken to allow one.
//!
//! What a rule can see is what [`super::entities`] says. Whoever adds an attribute there adds it to the kinds below.

use std::collections::BTreeSet;

use super::{Namespace, permits};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::facts::{Facts, PartnerFacts, SubscriptionFacts};
use crate::id::{PartnerId, ServiceId, SubscriptionId};
use crate::policy::{Bundle, Mention};
use crate::question::{Entity, Kind, Question};

/// The types whose entities are told apart by what is known of them, as long as no rule names one.
const NAMELESS: &[Kind] = &[Kind::Partner, Kind::Customer, Kind::Service, Kind::Subscription];

/// How a partner and a customer may stand to each other.
const RELATED: [Option<RelationshipState>; 3] = [None, Some(RelationshipState::Active), Some(RelationshipState::Ended)];

/// What can be seen by the rules that decide about an action.
#[derive(Clone, Copy)]
struct Sight {
    parents: bool,
    sellers: bool,
    administrators: bool,
    /// Does one rule see the service of a parent beside that of the add-on?
    both_services: bool,
}

impl Sight {
    fn of(mentions: &[impl AsRef<Mention>]) -> Self {
        let any = |word: &str| mentions.iter().any(|mention| mention.as_ref().has(word));
        Self {
            parents: any("parent"),
            sellers: any("originalReseller") || any("commercialRelationship"),
            administrators: any("delegatedAdministrators"),
            both_services: mentions
                .iter()
                .any(|mention| mention.as_ref().has("parent") && mention.as_ref().has("service")),
        }
    }
}

/// Could a partner of which that is known be allowed the action of a question on something of the asked type that it
/// neither sold nor administers? Neither the id of the subject nor that of the resource is read, so the answer is the
/// same for every such partner.
#[must_use]
pub fn allows_strange_resource(bundle: &Bundle, question: &Question, partner: &PartnerFacts) -> bool {
    if question.subject.kind != Kind::Partner.as_str() {
        return true;
    }
    let (Some(sight), Some(cast)) = (sight(bundle, question), Cast::of(partner)) else { return true };
    let (resource, strangers) = match Kind::named(&question.resource.kind) {
        Some(Kind::Service) => (cast.service.to_string(), cast.services(sight)),
        Some(Kind::Subscription) => (cast.id.to_string(), cast.subscriptions(sight)),
        _ => return true,
    };
    let mut question = question.clone();
    question.subject.id = cast.partner.to_string();
    question.resource.id = resource;
    strangers.iter().any(|facts| permits(bundle, Namespace::Domain, &question, facts))
}

/// Could a partner be allowed the action of a question on its resource that neither sold nor administers it? The id of
/// the subject is not read; `facts` are those of the resource.
#[must_use]
pub fn allows_strange_subject(bundle: &Bundle, question: &Question, facts: &Facts) -> bool {
    if sight(bundle, question).is_none() || question.subject.kind != Kind::Partner.as_str() {
        return true;
    }
    let Some(service) = facts.service_of(&question.resource.target()) else { return true };
    let known = |id: &PartnerId| {
        facts.partners.contains_key(id)
            || facts.services.values().any(|administrators| administrators.contains(id))
            || facts.subscriptions.values().any(|subscription| subscription.original_reseller.as_ref() == Some(id))
            || facts.relationships.values().any(|pairs| pairs.contains_key(id))
    };
    let strange = (0_u64..).filter_map(|count| format!("~{count}").parse().ok()).find(|id| !known(id));
    let Some(stranger) = strange else { return true };
    let mut question = question.clone();
    question.subject.id = stranger.to_string();
    for &kind in PartnerKind::ALL {
        for &status in PartnerStatus::ALL {
            for related in RELATED {
                let mut facts = facts.clone();
                facts.partners.insert(stranger.clone(), PartnerFacts { kind, status });
                relate(&mut facts, &service, &stranger, related);
                if permits(bundle, Namespace::Domain, &question, &facts) {
                    return true;
                }
            }
        }
    }
    false
}

/// Do the rules refuse everything to every partner that neither sold nor administers what it asks about?
#[must_use]
pub fn refuses_strangers(bundle: &Bundle) -> bool {
    for (name, action) in bundle.vocabulary().actions(Namespace::Domain.as_str()) {
        let kinds = [Kind::Service, Kind::Subscription].into_iter().map(Kind::as_str);
        for kind in kinds.filter(|kind| action.resources.contains(*kind)) {
            let question = Question::new(Entity::new(Kind::Partner.as_str(), ""), name, Entity::new(kind, ""));
            for &kind in PartnerKind::ALL {
                for &status in PartnerStatus::ALL {
                    if allows_strange_resource(bundle, &question, &PartnerFacts { kind, status }) {
                        return false;
                    }
                }
            }
        }
    }
    true
}

/// What the rules about an action can see; nothing when one of them names somebody.
fn sight(bundle: &Bundle, question: &Question) -> Option<Sight> {
    let deciding = bundle.deciding(&Namespace::Domain.action(&question.action.name)?)?;
    let names = |kind: &Kind| deciding.mentions.iter().any(|mention| mention.names(kind.as_str()));
    (!NAMELESS.iter().any(names)).then(|| Sight::of(&deciding.mentions))
}

fn relate(facts: &mut Facts, service: &ServiceId, partner: &PartnerId, related: Option<RelationshipState>) {
    if let Some(state) = related {
        facts.relationships.entry(service.customer.clone()).or_default().insert(partner.clone(), state);
    }
}

/// Who and what plays in the scenes below; their names mean nothing, as no rule names anybody.
struct Cast {
    partner: PartnerId,
    known: PartnerFacts,
    seller: PartnerId,
    /// Administrators of the own service, of both services, and of the parent's.
    others: Vec<PartnerId>,
    service: ServiceId,
    above: ServiceId,
    id: SubscriptionId,
    parent: SubscriptionId,
}

/// The administrators of a service, and of its parent's service.
type Administrators = (BTreeSet<PartnerId>, BTreeSet<PartnerId>);

impl Cast {
    fn of(known: &PartnerFacts) -> Option<Self> {
        Some(Self {
            partner: "partner".parse().ok()?,
            known: known.clone(),
            seller: "seller".parse().ok()?,
            others: vec!["own".parse().ok()?, "both".parse().ok()?, "above".parse().ok()?],
            service: "customer/own".parse().ok()?,
            above: "customer/above".parse().ok()?,
            id: "own".parse().ok()?,
            parent: "above".parse().ok()?,
        })
    }

    fn scene(&self, related: Option<RelationshipState>) -> Facts {
        let mut facts = Facts::default();
        facts.partners.insert(self.partner.clone(), self.known.clone());
        facts.customers.insert(self.service.customer.clone());
        relate(&mut facts, &self.service, &self.partner, related);
        facts
    }

    /// One service of every kind that the partner does not administer.
    fn services(&self, sight: Sight) -> Vec<Facts> {
        let mut scenes = Vec::new();
        for related in RELATED {
            for (own, _) in self.administrators(sight, false, false) {
                let mut facts = self.scene(related);
                facts.services.insert(self.service.clone(), own);
                scenes.push(facts);
            }
        }
        scenes
    }

    /// One subscription of every kind that the partner neither sold nor administers, alone and as an add-on, also one
    /// whose parent's service it does administer.
    fn subscriptions(&self, sight: Sight) -> Vec<Facts> {
        let parents = std::iter::once(None).chain(SubscriptionStatus::ALL.iter().copied().map(Some));
        let parents: Vec<_> = parents.take(if sight.parents { usize::MAX } else { 1 }).collect();
        let sellers = if sight.sellers { &RELATED[..] } else { &RELATED[..1] };
        let mut scenes = Vec::new();
        for related in RELATED {
            for &seller in sellers {
                for &parent in &parents {
                    let mut places = vec![false];
                    places.extend((sight.both_services && parent.is_some()).then_some(true));
                    for is_apart in places {
                        for administrators in self.administrators(sight, seller.is_some(), is_apart) {
                            for &status in SubscriptionStatus::ALL {
                                let facts = self.scene(related);
                                scenes.push(self.subscription(
                                    facts,
                                    status,
                                    parent,
                                    seller,
                                    is_apart,
                                    &administrators,
                                ));
                            }
                        }
                    }
                }
            }
        }
        scenes
    }

    fn subscription(
        &self,
        mut facts: Facts,
        status: SubscriptionStatus,
        parent: Option<SubscriptionStatus>,
        seller: Option<RelationshipState>,
        is_apart: bool,
        (own, above): &Administrators,
    ) -> Facts {
        relate(&mut facts, &self.service, &self.seller, seller);
        facts.services.insert(self.service.clone(), own.clone());
        let sold_by = seller.map(|_| self.seller.clone());
        let alone = SubscriptionFacts { service: self.service.clone(), status, original_reseller: None, parent: None };
        let subscription = match parent {
            None => SubscriptionFacts { original_reseller: sold_by, ..alone },
            Some(status) => {
                let mut held = SubscriptionFacts { status, original_reseller: sold_by, ..alone.clone() };
                if is_apart {
                    held.service = self.above.clone();
                    facts.services.insert(self.above.clone(), above.clone());
                }
                facts.subscriptions.insert(self.parent.clone(), held);
                SubscriptionFacts { parent: Some(self.parent.clone()), ..alone }
            }
        };
        facts.subscriptions.insert(self.id.clone(), subscription);
        facts
    }

    /// Who may administer the service and that of the parent, as far as it can be told apart: whether the seller and
    /// the partner do, and whether there is anybody else in one, in both, or in the other.
    fn administrators(&self, sight: Sight, has_seller: bool, is_apart: bool) -> Vec<Administrators> {
        const NEITHER: (bool, bool) = (false, false);
        const OWN: (bool, bool) = (true, false);
        const ABOVE: (bool, bool) = (false, true);
        const BOTH: (bool, bool) = (true, true);
        let mut spread = vec![Administrators::default()];
        if !sight.administrators {
            return spread;
        }
        let mut put = |partner: Option<&PartnerId>, places: &[(bool, bool)]| {
            let Some(partner) = partner else { return };
            let with = |(own, above): &Administrators, &(in_own, in_above): &(bool, bool)| {
                let (mut own, mut above) = (own.clone(), above.clone());
                own.extend(in_own.then(|| partner.clone()));
                above.extend(in_above.then(|| partner.clone()));
                (own, above)
            };
            spread = spread.iter().flat_map(|before| places.iter().map(move |place| with(before, place))).collect();
        };
        put(self.others.first(), &[NEITHER, OWN]);
        if has_seller {
            put(Some(&self.seller), if is_apart { &[NEITHER, OWN, ABOVE, BOTH] } else { &[NEITHER, OWN] });
        }
        if is_apart {
            put(self.others.get(1), &[NEITHER, BOTH]);
            put(self.others.get(2), &[NEITHER, ABOVE]);
            put(Some(&self.partner), &[NEITHER, ABOVE]);
        }
        spread
    }
}
