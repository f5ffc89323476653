//! The way back from Cedar's words to ours: what a prover found, as a question and the facts it is asked of.
//!
//! A prover looks at every input a schema allows. What it finds is said in our own facts where the store could hold
//! it, and decided again; nothing is shown that deciding does not find.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cedar_policy::{Context, Entities, EntityUid, EvalResult, Request};
use serde_json::Value;

use super::{Namespace, Posed, Verdict, claims_read_context, entities, judge_domain};
use crate::domain::commercial::RelationshipState;
use crate::facts::{Facts, PartnerFacts, SubscriptionFacts};
use crate::id::{PartnerId, ServiceId, SubscriptionId};
use crate::policy::{
    Bundle, COMMERCIAL_RELATIONSHIP, ORIGINAL_RESELLER, RELATIONSHIP, RESELLER, RuleId, SALE, SaleWords, convert,
};
use crate::question::{Entity, Kind, Members, Question};

/// A request and its entities, as a prover found them.
#[derive(Clone, Debug)]
pub struct Model {
    request: Request,
    entities: Entities,
}

/// What deciding a model found.
#[derive(Clone, PartialEq, Debug)]
pub struct Reproduced {
    /// Whether it is a question of callers or a call of this service.
    pub namespace: Namespace,
    /// The question.
    pub question: Question,
    /// The facts; nothing where the store could hold none such.
    pub facts: Option<Facts>,
    /// The answer.
    pub is_allowed: bool,
    /// The rules that decided, or that could not be evaluated.
    pub rules: Vec<RuleId>,
}

impl Model {
    /// What a prover found.
    #[must_use]
    pub fn new(request: Request, entities: Entities) -> Self {
        Self { request, entities }
    }

    /// Decides the model: from our own facts where the store could hold it, else as it is. Nothing when it is no
    /// question of this set of rules.
    #[must_use]
    pub fn decide(&self, bundle: &Bundle) -> Option<Reproduced> {
        let action = self.request.action()?;
        let namespace = match action.type_name().to_string().as_str() {
            "Action" => Namespace::Domain,
            "Api::Action" => Namespace::Api,
            _ => return None,
        };
        let named = |uid: &EntityUid| Entity::new(uid.type_name().to_string(), uid.id().unescaped());
        let (subject, resource) = (self.request.principal()?, self.request.resource()?);
        let question = Question::new(named(subject), action.id().unescaped(), named(resource));
        bundle.vocabulary().action(namespace.as_str(), &question.action.name)?;
        // What no caller can say is left to Cedar as it was found.
        let said = match claims_read_context(bundle, namespace, &question.action.name) {
            true => self.said(),
            false => Some(Members::new()),
        };
        let question = question.saying(said.clone().unwrap_or_default());
        let facts = said.and_then(|_| self.facts(&question));
        let verdict = match &facts {
            Some(facts) => judge_domain(bundle, namespace, &question, facts),
            None => {
                let deciding = bundle.deciding(action)?;
                let posed = Posed { request: self.request.clone(), entities: Cow::Borrowed(&self.entities), deciding };
                posed.verdict(&deciding.rules)
            }
        };
        let (is_allowed, rules) = match verdict {
            Verdict::Permitted(rules) => (true, rules),
            Verdict::Forbidden(rules) => (false, rules),
            Verdict::Faulty(faults) => (false, faults.into_iter().map(|fault| fault.rule).collect()),
            Verdict::Refused(_) | Verdict::Missing => (false, Vec::new()),
        };
        Some(Reproduced { namespace, question, facts, is_allowed, rules })
    }

    /// The same model with a caller that says something else; nothing where the question is none of this set of rules.
    #[must_use]
    pub fn decide_saying(&self, bundle: &Bundle, said: &Members) -> Option<Reproduced> {
        let action = self.request.action()?;
        let shape = bundle.vocabulary().action(&action.type_name().namespace(), action.id().unescaped())?;
        let context = Context::from_pairs(convert("context", &shape.context, said).ok()?).ok()?;
        let (principal, resource) = (self.request.principal()?.clone(), self.request.resource()?.clone());
        let request = Request::new(principal, action.clone(), resource, context, None).ok()?;
        Self { request, entities: self.entities.clone() }.decide(bundle)
    }

    /// What the caller of the model says, as a caller would send it; nothing where none could.
    #[must_use]
    pub fn said(&self) -> Option<Members> {
        let context = self.request.context()?;
        let members = context.clone().into_iter().map(|(name, _)| {
            let value = sent(&context.get(&name)?)?;
            Some((name, value))
        });
        members.collect()
    }

    /// The facts of the model, if they say the same again in Cedar's words.
    fn facts(&self, question: &Question) -> Option<Facts> {
        let mut facts = Facts::default();
        for entity in [&question.subject, &question.resource] {
            match Kind::named(&entity.kind) {
                Some(Kind::Partner) => self.partner(&entity.id, &mut facts)?,
                Some(Kind::Customer) => drop(facts.customers.insert(entity.id.parse().ok()?)),
                Some(Kind::Service) => drop(self.service(&entity.id, &mut facts)?),
                Some(Kind::Subscription) => self.subscription(&entity.id, &mut facts)?,
                Some(Kind::Operator) => {
                    let role = self.word(Kind::Operator, &entity.id, "role")?.parse().ok()?;
                    facts.operators.insert(entity.id.clone(), role);
                }
                None if *entity == super::installation() || entity.kind == super::VISITOR.0 => {}
                None => return None,
            }
        }
        self.agrees_with(&facts).then_some(facts)
    }

    /// Are these facts the model, in whichever words it says a sale? Two sets of rules that it is put to may say one
    /// differently.
    fn agrees_with(&self, facts: &Facts) -> bool {
        let is_in_model =
            |entity: &cedar_policy::Entity| self.entities.get(&entity.uid()).is_some_and(|found| found.deep_eq(entity));
        let agrees = |words: &SaleWords| entities::in_words(*words, facts).is_ok_and(|all| all.iter().all(is_in_model));
        SaleWords::ALL.iter().any(agrees)
    }

    fn attribute(&self, kind: Kind, id: &str, name: &str) -> Option<EvalResult> {
        self.entities.get(&entities::uid(kind.as_str(), id)?)?.attr(name)?.ok()
    }

    fn word(&self, kind: Kind, id: &str, name: &str) -> Option<String> {
        match self.attribute(kind, id, name)? {
            EvalResult::String(word) => Some(word),
            _ => None,
        }
    }

    fn reference(&self, kind: Kind, id: &str, name: &str) -> Option<String> {
        match self.attribute(kind, id, name)? {
            EvalResult::EntityUid(uid) => Some(uid.id().unescaped().to_owned()),
            _ => None,
        }
    }

    fn partner(&self, id: &str, facts: &mut Facts) -> Option<()> {
        let kind = self.word(Kind::Partner, id, "kind")?.parse().ok()?;
        let status = self.word(Kind::Partner, id, "status")?.parse().ok()?;
        facts.partners.insert(id.parse().ok()?, PartnerFacts { kind, status });
        Some(())
    }

    fn service(&self, id: &str, facts: &mut Facts) -> Option<ServiceId> {
        let service: ServiceId = id.parse().ok()?;
        let EvalResult::Set(holders) = self.attribute(Kind::Service, id, "delegatedAdministrators")? else {
            return None;
        };
        let holder = |held: &EvalResult| match held {
            EvalResult::EntityUid(uid) => uid.id().unescaped().parse::<PartnerId>().ok(),
            _ => None,
        };
        let administrators = holders.iter().map(holder).collect::<Option<_>>()?;
        facts.customers.insert(service.customer.clone());
        facts.services.insert(service.clone(), administrators);
        Some(service)
    }

    fn subscription(&self, id: &str, facts: &mut Facts) -> Option<()> {
        let named: SubscriptionId = id.parse().ok()?;
        let service = self.service(&self.reference(Kind::Subscription, id, "service")?, facts)?;
        let status = self.word(Kind::Subscription, id, "status")?.parse().ok()?;
        let (seller, state) = self.sale(id);
        let seller: Option<PartnerId> = match seller {
            Some(seller) => Some(seller.parse().ok()?),
            None => None,
        };
        if let (Some(seller), Some(state)) = (&seller, state) {
            let state: RelationshipState = state.parse().ok()?;
            let pairs: &mut BTreeMap<_, _> = facts.relationships.entry(service.customer.clone()).or_default();
            pairs.insert(seller.clone(), state);
        }
        let parent = match self.reference(Kind::Subscription, id, "parent") {
            Some(above) => {
                self.subscription_above(&above, facts)?;
                Some(above.parse().ok()?)
            }
            None => None,
        };
        let original_reseller = if parent.is_some() { None } else { seller };
        facts.subscriptions.insert(named, SubscriptionFacts { service, status, original_reseller, parent });
        Some(())
    }

    /// Who sold a subscription, and how their commercial relationship stands, whichever way the schema says it.
    fn sale(&self, id: &str) -> (Option<String>, Option<String>) {
        match self.attribute(Kind::Subscription, id, SALE) {
            Some(EvalResult::Record(sale)) => match (sale.get(RESELLER), sale.get(RELATIONSHIP)) {
                (Some(EvalResult::EntityUid(seller)), Some(EvalResult::String(state))) => {
                    (Some(seller.id().unescaped().to_owned()), Some(state.clone()))
                }
                _ => (None, None),
            },
            _ => (
                self.reference(Kind::Subscription, id, ORIGINAL_RESELLER),
                self.word(Kind::Subscription, id, COMMERCIAL_RELATIONSHIP),
            ),
        }
    }

    /// A parent, which is no add-on itself.
    fn subscription_above(&self, id: &str, facts: &mut Facts) -> Option<()> {
        if self.reference(Kind::Subscription, id, "parent").is_some() {
            return None;
        }
        self.subscription(id, facts)
    }
}

/// A value as a caller sends it; nothing for one that names an entity, which none can.
fn sent(value: &EvalResult) -> Option<Value> {
    Some(match value {
        EvalResult::Bool(value) => (*value).into(),
        EvalResult::Long(value) => (*value).into(),
        EvalResult::String(text) => text.clone().into(),
        EvalResult::Set(items) => items.iter().map(sent).collect::<Option<Vec<_>>>()?.into(),
        EvalResult::Record(members) => {
            let members = members.iter().map(|(name, value)| Some((name.clone(), sent(value)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
        // Written as its constructor: `decimal("1.5")`.
        EvalResult::ExtensionValue(written) => {
            let (_, rest) = written.split_once("(\"")?;
            rest.strip_suffix("\")")?.into()
        }
        EvalResult::EntityUid(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use super::*;

    #[test]
    fn a_model_of_the_facts_of_every_standing_is_those_facts_again() {
        for (case, words) in crate::standing::Standing::all().step_by(7).zip(SaleWords::ALL.iter().cycle()) {
            let (question, facts) = (case.question("removeSeats"), case.facts());
            let entities = Entities::from_entities(entities::in_words(*words, &facts).unwrap_or_default(), None);
            let (Ok(entities), Some(subject), Some(action), Some(resource)) = (
                entities,
                entities::uid(&question.subject.kind, &question.subject.id),
                entities::uid("Action", "removeSeats"),
                entities::uid(&question.resource.kind, &question.resource.id),
            ) else {
                panic!("the facts of {case:?} cannot be said")
            };
            let request = Request::new(subject, action, resource, cedar_policy::Context::empty(), None);
            let model = Model::new(request.unwrap_or_else(|error| panic!("{error}")), entities);
            let again = model.facts(&question);
            let again = again.unwrap_or_else(|| panic!("{case:?} is lost on the way back"));
            assert_eq!((&again.services, &again.subscriptions), (&facts.services, &facts.subscriptions), "{case:?}");
        }
    }
}
