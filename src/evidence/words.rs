//! A record in words: who asked what about whom, what the answer was, and why.
//!
//! Records hold ids. Their names are looked up when a record is shown, and are those of now.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::audit::{CallOutcome, Record, RecordKind, SearchKind};
use crate::caller::Caller;
use crate::id::{CustomerId, PartnerId, SubscriptionId};
use crate::pdp::{Pdp, names, rules};
use crate::policy::{Bundle, RuleId};
use crate::question::{Entity, Kind};
use crate::store::{Snapshot, StoreError};

/// What stands before the action of a call of this service.
const CALL: &str = "Api::";

/// Puts records into words, with the names of one moment.
pub(crate) struct Describer {
    pdp: Arc<Pdp>,
    names: Snapshot,
    /// The sets of rules that were asked for, by their digests; nothing for one that is not kept or does not load.
    rules: BTreeMap<String, Option<Arc<Bundle>>>,
    /// The names of callers that were asked for.
    callers: BTreeMap<String, Option<String>>,
}

impl Describer {
    pub(crate) fn of(pdp: &Arc<Pdp>) -> Result<Self, StoreError> {
        let (rules, callers) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { pdp: Arc::clone(pdp), names: pdp.store.snapshot()?, rules, callers })
    }

    /// The name of whoever called, when one is known.
    pub(crate) fn name_of(&mut self, caller: &Caller) -> Result<Option<String>, StoreError> {
        let caller = caller.to_string();
        if let Some(known) = self.callers.get(&caller) {
            return Ok(known.clone());
        }
        let name = names::names(&self.pdp)?.name(&caller)?;
        self.callers.insert(caller, name.clone());
        Ok(name)
    }

    /// A record in one sentence, without an end.
    pub(crate) fn sentence(&mut self, record: &Record) -> Result<String, StoreError> {
        let rules = self.rules(record);
        let who = match self.name_of(&record.caller)? {
            Some(name) => format!("{name} ({})", record.caller),
            None => record.caller.to_string(),
        };
        if let Some(wrong) = &record.invalid {
            return Ok(format!("{who} asked what is no question: no, {wrong}"));
        }
        let question = &record.question;
        let action = question.action.name.as_str();
        let said = match (&record.asked, &record.results) {
            (RecordKind::Search | RecordKind::Look, Some(results)) => {
                let asked = match results.kind {
                    SearchKind::Subject => format!("who may {action} on {}", self.entity(&question.resource)?),
                    SearchKind::Resource => {
                        let subject = self.entity(&question.subject)?;
                        format!("on which {} {subject} may {action}", question.resource.kind.to_lowercase())
                    }
                    SearchKind::Action => {
                        format!(
                            "what {} may do on {}",
                            self.entity(&question.subject)?,
                            self.entity(&question.resource)?
                        )
                    }
                };
                format!("{who} asked {asked}: {} found", results.count)
            }
            _ => match action.strip_prefix(CALL) {
                Some(call) => {
                    let about = record.about.as_ref().unwrap_or(&question.resource);
                    let about = match about.kind.as_str() {
                        "Installation" | "Api::Installation" => String::new(),
                        _ => format!(" about {}", self.entity(about)?),
                    };
                    format!("{who} called {call}{about}: {}{}", answer(record, rules.as_deref()), outcome(record))
                }
                None => {
                    let (subject, resource) = (self.entity(&question.subject)?, self.entity(&question.resource)?);
                    let answer = answer(record, rules.as_deref());
                    format!("{who} asked whether {subject} may {action} on {resource}: {answer}")
                }
            },
        };
        Ok(said)
    }

    /// The rules that decided a record, as far as they are kept.
    fn rules(&mut self, record: &Record) -> Option<Arc<Bundle>> {
        if record.world.is_some() {
            return None;
        }
        let digest = record.rules.as_str();
        if let Some(known) = self.rules.get(digest) {
            return known.clone();
        }
        let rules = rules::rules_of(&self.pdp, digest).ok().flatten();
        self.rules.insert(digest.to_owned(), rules.clone());
        rules
    }

    /// Who or what something is about, by name and id.
    fn entity(&self, entity: &Entity) -> Result<String, StoreError> {
        let view = self.names.view();
        let Entity { kind, id, .. } = entity;
        let named = |name: Option<String>| name.map_or(String::new(), |name| format!(" ({name})"));
        let is = |known: Kind| kind == known.as_str();
        Ok(if is(Kind::Partner) {
            let name = id.parse::<PartnerId>().ok().map(|id| view.partner(&id)).transpose()?.flatten();
            format!("partner {id}{}", named(name.map(|kept| kept.fact.name)))
        } else if is(Kind::Customer) {
            let name = id.parse::<CustomerId>().ok().map(|id| view.customer(&id)).transpose()?.flatten();
            format!("customer {id}{}", named(name.map(|kept| kept.fact.name)))
        } else if is(Kind::Subscription) {
            let sold = id.parse::<SubscriptionId>().ok().map(|id| view.subscription(&id)).transpose()?.flatten();
            match sold {
                Some(kept) => {
                    let customer = Entity::new(Kind::Customer.as_str(), kept.fact.customer.as_str());
                    format!("subscription {id} of {}", self.entity(&customer)?)
                }
                None => format!("subscription {id}"),
            }
        } else if let (true, Some((customer, service))) = (is(Kind::Service), id.split_once('/')) {
            format!("service {service} of {}", self.entity(&Entity::new(Kind::Customer.as_str(), customer))?)
        } else {
            format!("{kind}::{id}")
        })
    }
}

/// The answer, with the rules that gave it and their titles; where a right was missing, which.
fn answer(record: &Record, rules: Option<&Bundle>) -> String {
    let titled = |id: &RuleId| match rules.and_then(|rules| rules.rule(id)) {
        Some(rule) => format!("`{id}`, {}", rule.title),
        None => format!("`{id}`"),
    };
    let by = record.deciding.iter().map(titled).collect::<Vec<_>>().join("; ");
    if record.decision {
        return if by.is_empty() { "yes".to_owned() } else { format!("yes, by {by}") };
    }
    let mut said = "no".to_owned();
    if let Some(reason) = &record.reason {
        said.push_str(&format!(", {reason}"));
    }
    if !by.is_empty() {
        said.push_str(&format!(", by {by}"));
    } else if let Some(sentence) = record.reason.as_ref().and_then(crate::decide::Reason::sentence) {
        said.push_str(&format!(": {sentence}"));
    }
    for fault in &record.faults {
        said.push_str(&format!("; `{}` could not be evaluated: {}", fault.rule, fault.message));
    }
    said
}

/// The outcome of a change.
fn outcome(record: &Record) -> String {
    match &record.outcome {
        None => String::new(),
        Some(CallOutcome::Revision(revision)) => format!("; it made revision {revision}"),
        Some(CallOutcome::Done) => "; it was done and changed no fact".to_owned(),
        Some(CallOutcome::Unchanged) => "; nothing had to change".to_owned(),
        Some(CallOutcome::Refused(code)) => format!("; it could not be done, {code}"),
    }
}
