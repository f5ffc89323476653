//! A review of one revision by one set of rules: of whom it is, what a row of it says, and since when that is so.

use std::ops::Bound;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::last_used::LastUsed;
use crate::answer::past::AsOf;
use crate::answer::what_if::Named;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::decide::{Namespace, decide, permits, reads_context};
use crate::domain::words;
use crate::evidence::ledger::Records;
use crate::facts::Needs;
use crate::id::{CustomerId, PartnerId, Revision, ServiceId, ServiceName};
use crate::pdp::Pdp;
use crate::policy::{Bundle, RuleId};
use crate::question::{Entity, Kind, Question};
use crate::standing::Right;
use crate::store::{Snapshot, StoreError};

/// Whose access is reviewed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AccessOf {
    /// What partners may do to what is a customer's.
    Customer(CustomerId),
    /// What a partner may do.
    Partner(PartnerId),
}

/// Somebody may do something.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// Who may.
    pub subject: Named,
    /// Its display name.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_name: Option<String>,
    /// Do what.
    pub action: String,
    /// To what.
    pub resource: Named,
    /// Of which service.
    #[schema(value_type = String)]
    pub service: ServiceName,
    /// Of which customer.
    #[schema(value_type = String)]
    pub customer: CustomerId,
    /// The customer's display name.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<String>,
    /// The rules that say so.
    #[schema(value_type = Vec<String>)]
    pub rules: Vec<RuleId>,
    /// The rights it follows from.
    pub standing: Vec<Right>,
    /// Since when it has been so.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// When it was last used; absent when it never was.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<LastUsed>,
}

words! {
    /// By which rules a moment in the past is reviewed.
    ReviewedBy {
        /// By those that were in force then.
        Then = "then",
        /// By those in force now.
        Current = "current",
    }
}

/// A review of one revision by one set of rules; it is read page by page.
pub struct Reviewing {
    pub(super) pdp: Arc<Pdp>,
    pub(super) rules: Arc<Bundle>,
    pub(super) snapshot: Snapshot,
    pub(super) ledger: Records,
    /// Who reviews.
    pub(super) caller: Caller,
    /// The moment of the review.
    pub at: Timestamp,
    /// The moment in the past that was asked for, as it was asked for.
    pub(super) as_of: Option<AsOf>,
    /// Which rules were asked for.
    pub(super) by: ReviewedBy,
    /// Whose access it is about.
    pub of: AccessOf,
    /// The display name of whoever it is about.
    pub name: String,
    /// Do the rules refuse everything to partners that have nothing to do with a thing?
    pub(super) is_narrow: bool,
    pub(super) actions: Vec<String>,
}

impl Reviewing {
    /// The revision that is reviewed.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.snapshot.view().revision()
    }

    /// The digest of the rules it is reviewed by.
    #[must_use]
    pub fn rules(&self) -> &str {
        self.rules.digest().as_str()
    }

    /// The actions it goes through.
    #[must_use]
    pub fn actions(&self) -> &[String] {
        &self.actions
    }

    /// The actions it goes through whose answers can turn on what the caller says besides: here it says nothing.
    #[must_use]
    pub fn depends_on_context(&self) -> Vec<&str> {
        let actions = self.actions.iter().map(String::as_str);
        actions.filter(|action| reads_context(&self.rules, Namespace::Domain, action)).collect()
    }

    /// What an action is in words, as the schema says it.
    #[must_use]
    pub fn words(&self, action: &str) -> Option<&str> {
        self.rules.vocabulary().action(Namespace::Domain.as_str(), action)?.doc.as_deref()
    }

    /// What a partner may do to something, one action after the other.
    pub(super) fn access(
        &self,
        partner: &PartnerId,
        service: &ServiceId,
        resource: &Entity,
        action: &str,
    ) -> Result<Option<Found>, StoreError> {
        let view = self.snapshot.view();
        let subject = Entity::new(Kind::Partner.as_str(), partner.as_str());
        let question = Question::new(subject, action, resource.clone());
        let facts = view.facts(&Needs::of(&question.subject, &question.resource), self.at)?;
        if !permits(&self.rules, Namespace::Domain, &question, &facts) {
            return Ok(None);
        }
        let decision = decide(&self.rules, Namespace::Domain, &question, &facts);
        let (since, steps) = self.since(&question)?;
        let named = |entity: &Entity| Named { kind: entity.kind.clone(), id: entity.id.clone() };
        let access = Access {
            subject: named(&question.subject),
            subject_name: view.partner(partner)?.map(|kept| kept.fact.name),
            action: action.to_owned(),
            resource: named(resource),
            service: service.service.clone(),
            customer: service.customer.clone(),
            customer_name: view.customer(&service.customer)?.map(|kept| kept.fact.name),
            rules: decision.rules().to_vec(),
            standing: decision.standing().to_vec(),
            since,
            last_used: LastUsed::of(&self.ledger, &question, self.as_of.map(|_| self.at))?,
        };
        Ok(Some(Found { access, steps }))
    }

    /// The newest moment from which on the answer has been yes, and how many moments were looked at to find it.
    fn since(&self, question: &Question) -> Result<(Timestamp, usize), StoreError> {
        let view = self.snapshot.view();
        let needs = Needs::of(&question.subject, &question.resource);
        let now = view.facts(&needs, self.at)?;
        let (mut since, mut steps) = (self.at, 0);
        // What was so at a revision, was so until the next one; within that, an end date may pass.
        let mut until = Bound::Included(self.at);
        let mut versions = view.versions(&needs.subject, &now)?;
        while let Some(revision) = versions.back()? {
            let at = self.pdp.store.entry(revision)?.map_or(Timestamp::UNIX_EPOCH, |entry| entry.at);
            let then = view.earlier(revision);
            let mut moments = vec![at];
            if until != Bound::Excluded(at) {
                moments.extend(then.ends(now.services.keys())?.range((Bound::Excluded(at), until)));
            }
            for moment in moments.into_iter().rev() {
                steps += 1;
                let facts = then.facts(&needs, moment)?;
                if !permits(&self.rules, Namespace::Domain, question, &facts) {
                    return Ok((since, steps));
                }
                since = moment;
            }
            until = Bound::Excluded(at);
        }
        Ok((since, steps))
    }
}

/// A row, and how many moments were looked at for it.
pub(super) struct Found {
    pub(super) access: Access,
    pub(super) steps: usize,
}
