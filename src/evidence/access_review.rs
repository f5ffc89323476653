//! The access review: who may do what, by which rule and standing, since when, and when it was last used.
//!
//! Every row is a question of a partner, an action, and a service or subscription that is answered with a yes by the
//! rules in force, without circumstances. `since` is the newest moment from which on the answer has been yes: the
//! facts are decided as they were at each revision and end date that they turn on, by the rules in force now. What the
//! store did not know then gave nobody anything; an import is known from its revision on. `lastUsed` is the newest
//! record of an evaluation of exactly that question that was a yes. A review as of a moment in the past is what it
//! would have been then: by the facts, the names, the rules and the records of that moment.

mod last_used;
mod walk;

use std::ops::Bound;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::answer::ask::AskError;
use crate::answer::past::{AsOf, ReadOptions};
use crate::answer::what_if::Named;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::decide::{Namespace, decide, permits, reads_context, refuses_unrelated};
use crate::domain::words;
use crate::evidence;
use crate::evidence::ledger::Records;
use crate::facts::Needs;
use crate::id::{CustomerId, PartnerId, Revision, ServiceId, ServiceName};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Response};
use crate::pdp::cursor::Seal;
use crate::pdp::page::{ListError, Page};
use crate::policy::{Bundle, RuleId};
use crate::question::{Entity, Kind, Question};
use crate::standing::Right;
use crate::store::{Snapshot, StoreError};
pub use last_used::LastUsed;
use walk::{Spot, Walking};

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

/// Why access cannot be reviewed.
#[derive(Debug, thiserror::Error)]
pub enum AccessReviewError {
    /// The list cannot be shown.
    #[error(transparent)]
    List(#[from] ListError),
    /// The rules are about more than a review goes through.
    #[error(
        "action `{0}` is about other types than partners, services and subscriptions, so a review would not be complete; search for it under `/access/v1/search`"
    )]
    OtherTypes(String),
    /// The moment cannot be had.
    #[error(transparent)]
    Moment(AskError),
}

impl Coded for AccessReviewError {
    fn code(&self) -> &'static str {
        match self {
            Self::List(error) => error.code(),
            Self::Moment(error) => error.code(),
            Self::OtherTypes(_) => "other_types",
        }
    }
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
    pdp: Arc<Pdp>,
    rules: Arc<Bundle>,
    snapshot: Snapshot,
    ledger: Records,
    /// Who reviews.
    caller: Caller,
    /// The moment of the review.
    pub at: Timestamp,
    /// The moment in the past that was asked for, as it was asked for.
    as_of: Option<AsOf>,
    /// Which rules were asked for.
    by: ReviewedBy,
    /// Whose access it is about.
    pub of: AccessOf,
    /// The display name of whoever it is about.
    pub name: String,
    /// Do the rules refuse everything to partners that have nothing to do with a thing?
    is_narrow: bool,
    actions: Vec<String>,
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

    /// A page of the review.
    ///
    /// # Errors
    /// [`ListError::Cursor`] for a cursor this review did not give whoever reviews.
    pub fn page(&self, limit: usize, cursor: Option<&str>) -> Result<Page<Access>, CallError<AccessReviewError>> {
        let list = ("access review", &self.of, &self.as_of, self.by);
        let mut page = Page::new(limit, Seal::of(&self.pdp.keys.ledger, &self.caller, &list));
        let from: Option<Spot> = page.after(cursor).map_err(AccessReviewError::from)?;
        let mut walking = Walking::of(self, from, limit);
        walking.go()?;
        let Walking { more_after, found, .. } = walking;
        for absent in found.iter().filter_map(|access| access.last_used.as_ref()?.absent.clone()) {
            page.lack(absent);
        }
        if let Some(spot) = more_after {
            page.go_on(&spot.to_string());
        }
        page.items = found;
        Ok(page)
    }

    /// Every page of the review, one after the other.
    pub fn pages(self, limit: usize) -> impl Iterator<Item = Result<Page<Access>, CallError<AccessReviewError>>> {
        let mut next = Some(None::<String>);
        std::iter::from_fn(move || {
            let cursor = next.take()?;
            Some(self.page(limit, cursor.as_deref()).inspect(|page| next = page.next.clone().map(Some)))
        })
    }

    /// What a partner may do to something, one action after the other.
    fn access(
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
            last_used: self.last_used(&question)?,
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
struct Found {
    access: Access,
    steps: usize,
}

/// The actions a review goes through.
fn actions(rules: &Bundle) -> Result<Vec<String>, AccessReviewError> {
    let mut actions = Vec::new();
    for (name, action) in rules.vocabulary().actions(Namespace::Domain.as_str()) {
        let is_known = |kind: &String| [Kind::Service, Kind::Subscription].iter().any(|known| known.as_str() == kind);
        let are_partners = action.principals.iter().all(|kind| kind == Kind::Partner.as_str());
        if !are_partners || !action.resources.iter().all(is_known) {
            return Err(AccessReviewError::OtherTypes(name.to_owned()));
        }
        actions.push(name.to_owned());
    }
    actions.sort();
    Ok(actions)
}

/// May the caller review access at all?
///
/// # Errors
/// [`CallError::Denied`] when it may not.
pub async fn may_review(pdp: &Pdp, call: &Call) -> Result<Response<()>, CallError<AccessReviewError>> {
    call::read(pdp, call, "reviewAccess", &CallTarget::Installation, |_, _| Ok(())).await
}

/// Opens a review of the present.
///
/// # Errors
/// As [`access_review_as_of`].
pub async fn access_review(
    pdp: &Arc<Pdp>,
    call: &Call,
    of: AccessOf,
) -> Result<Response<Reviewing>, CallError<AccessReviewError>> {
    access_review_as_of(pdp, call, of, None).await
}

/// Opens a review of a moment in the past, or of the present. Whether the caller may review it is a question of now.
///
/// # Errors
/// [`AccessReviewError`]; [`CallError::Denied`] when the caller may not review it.
pub async fn access_review_as_of(
    pdp: &Arc<Pdp>,
    call: &Call,
    of: AccessOf,
    as_of: Option<AsOf>,
) -> Result<Response<Reviewing>, CallError<AccessReviewError>> {
    access_review_by(pdp, call, of, as_of, ReviewedBy::Then).await
}

/// Like [`access_review_as_of`], by the rules that are asked for.
///
/// # Errors
/// As [`access_review_as_of`].
pub async fn access_review_by(
    pdp: &Arc<Pdp>,
    call: &Call,
    of: AccessOf,
    as_of: Option<AsOf>,
    by: ReviewedBy,
) -> Result<Response<Reviewing>, CallError<AccessReviewError>> {
    let target = match &of {
        AccessOf::Customer(customer) => CallTarget::Customer(customer.clone()),
        AccessOf::Partner(partner) => CallTarget::Partner(partner.clone()),
    };
    let current = pdp.rules();
    call::read(pdp, call, "reviewAccess", &target, |present, now| {
        let (snapshot, at, rules) = match as_of {
            None => (pdp.store.snapshot_at(present.revision())?, now, current),
            Some(_) => {
                let rules = Some(by.as_str().to_owned());
                let options = ReadOptions { as_of, rules, ..ReadOptions::default() };
                let (snapshot, at) =
                    answer::ask::moment(pdp, &options, now).map_err(|error| error.map(AccessReviewError::Moment))?;
                let rules = answer::ask::rules_for(pdp, &options, at, &current)
                    .map_err(|error| error.map(AccessReviewError::Moment))?;
                (snapshot, at, rules)
            }
        };
        let view = snapshot.view();
        let name = match &of {
            AccessOf::Customer(customer) => {
                let known = view.customer(customer)?.map(|kept| kept.fact.name);
                known.ok_or_else(|| ListError::UnknownCustomer(customer.clone()))
            }
            AccessOf::Partner(partner) => {
                let known = view.partner(partner)?.map(|kept| kept.fact.name);
                known.ok_or_else(|| ListError::UnknownPartner(partner.clone()))
            }
        };
        let name = name.map_err(AccessReviewError::from)?;
        let ledger = evidence::ledger::records::ledger_records(pdp)?;
        Ok(Reviewing {
            pdp: Arc::clone(pdp),
            ledger,
            caller: call.caller.clone(),
            at,
            as_of,
            by,
            of: of.clone(),
            name,
            is_narrow: refuses_unrelated(&rules),
            actions: actions(&rules)?,
            rules,
            snapshot,
        })
    })
    .await
}
