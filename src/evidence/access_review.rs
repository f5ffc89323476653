//! The access review: who may do what, by which rule and standing, since when, and when it was last used.
//!
//! Every row is a question of a partner, an action, and a service or subscription that is answered with a yes by the
//! rules in force, without circumstances. `since` is the newest moment from which on the answer has been yes: the
//! facts are decided as they were at each revision and end date that they turn on, by the rules in force now. What the
//! store did not know then gave nobody anything; an import is known from its revision on. `lastUsed` is the newest
//! record of an evaluation of exactly that question that was a yes. A review as of a moment in the past is what it
//! would have been then: by the facts, the names, the rules and the records of that moment.

mod last_used;
mod reviewing;
mod walk;

use std::sync::Arc;

use crate::answer;
use crate::answer::ask::AskError;
use crate::answer::past::{AsOf, ReadOptions};
use crate::decide::{Namespace, refuses_unrelated};
use crate::evidence;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Response};
use crate::pdp::cursor::Seal;
use crate::pdp::page::{ListError, Page};
use crate::policy::Bundle;
use crate::question::Kind;
pub use last_used::LastUsed;
pub use reviewing::{Access, AccessOf, ReviewedBy, Reviewing};
use walk::{Spot, Walking};

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

impl Reviewing {
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

/// Opens a review of a moment in the past, or of the present. Whether the caller may review it is a question of now.
///
/// # Errors
/// [`AccessReviewError`]; [`CallError::Denied`] when the caller may not review it.
pub async fn access_review(
    pdp: &Arc<Pdp>,
    call: &Call,
    of: AccessOf,
    as_of: Option<AsOf>,
) -> Result<Response<Reviewing>, CallError<AccessReviewError>> {
    access_review_by(pdp, call, of, as_of, ReviewedBy::Then).await
}

/// Like [`access_review`], by the rules that are asked for.
///
/// # Errors
/// As [`access_review`].
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
