//! What a customer's pages are made of: its partners and what it subscribes to, at one revision.

use std::collections::BTreeMap;

use crate::answer::pages::{PartnerRelationship, partner_relationships};
use crate::answer::past::AsOf;
use crate::change::registry::{SubscriptionFilter, list_subscriptions};
use crate::domain::partner::PartnerKind;
use crate::domain::subscription::Subscription;
use crate::id::{CustomerId, PartnerId, Revision, Seq, ServiceName};
use crate::limits::PAGE_MAX;
use crate::pages::context::{Fault, PageCall};

/// How often both are read, where something is written in between.
const TRIES: usize = 5;
/// How soon a grant ends for it to be pointed out, in days.
const SOON_DAYS: i64 = 30;

/// The partners of a customer, as one page of them is read.
pub struct Partners {
    /// Every partner with a grant, past ones too, or a commercial relationship.
    pub partners: Vec<PartnerRelationship>,
    /// Where the list goes on.
    pub next: Option<String>,
    /// The revision.
    pub revision: Revision,
    /// Where it is recorded.
    pub seqs: Vec<Seq>,
}

/// Reads a customer's partners.
///
/// # Errors
/// [`Fault::NotFound`] for a customer that is none, or that whoever looks may not see.
pub async fn partners(
    page: &PageCall,
    customer: &CustomerId,
    as_of: Option<AsOf>,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Partners, Fault> {
    let soon = jiff::Span::new().days(SOON_DAYS);
    let read = partner_relationships(&page.setting.pdp, &page.call, customer, as_of, soon, limit, cursor).await?;
    let found = read.value.partners;
    Ok(Partners { partners: found.items, next: found.next, revision: read.revision, seqs: read.seqs })
}

/// What a customer has: all of its partners and subscriptions, as far as one list holds them, at one revision.
pub struct Known {
    /// The partners.
    pub partners: Vec<PartnerRelationship>,
    /// The subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// Are these all of both?
    pub is_whole: bool,
    /// The revision.
    pub revision: Revision,
    /// Where it is recorded.
    pub seqs: Vec<Seq>,
}

/// Reads what a customer has.
///
/// # Errors
/// As [`partners`]; [`Fault::Unavailable`] where it changes faster than it can be read.
pub async fn known(page: &PageCall, customer: &CustomerId) -> Result<Known, Fault> {
    let filter = SubscriptionFilter { customer: Some(customer.clone()), partner: None };
    for _ in 0..TRIES {
        let Partners { partners, next, revision, mut seqs } = partners(page, customer, None, PAGE_MAX, None).await?;
        let sold = list_subscriptions(&page.setting.pdp, &page.call, &filter, PAGE_MAX, None).await?;
        if sold.revision == revision {
            seqs.extend(sold.seqs);
            let is_whole = next.is_none() && sold.value.is_complete();
            return Ok(Known { partners, subscriptions: sold.value.items, is_whole, revision, seqs });
        }
    }
    Err(Fault::Unavailable)
}

impl Known {
    /// The services that are known here: of grants and of subscriptions, each with who administers it now.
    #[must_use]
    pub fn services(&self) -> BTreeMap<ServiceName, Vec<&PartnerRelationship>> {
        let mut services: BTreeMap<ServiceName, Vec<&PartnerRelationship>> = BTreeMap::new();
        for subscription in &self.subscriptions {
            services.entry(subscription.service.clone()).or_default();
        }
        for partner in &self.partners {
            for held in &partner.services {
                let administrators = services.entry(held.service.clone()).or_default();
                if held.delegated_administrator {
                    administrators.push(partner);
                }
            }
        }
        services
    }

    /// What people call a partner.
    #[must_use]
    pub fn name(&self, partner: &str) -> Option<&str> {
        self.partners.iter().find(|known| known.partner.as_str() == partner).map(|known| known.name.as_str())
    }

    /// Who sold a subscription, or what it adds to.
    #[must_use]
    pub fn seller<'a>(&'a self, subscription: &'a Subscription) -> Option<&'a PartnerId> {
        let parent = || self.subscriptions.iter().find(|known| Some(&known.id) == subscription.parent.as_ref());
        subscription.original_reseller.as_ref().or_else(|| parent()?.original_reseller.as_ref())
    }

    /// How many subscriptions a partner sold, of a service or of all.
    #[must_use]
    pub fn sold(&self, partner: &PartnerId, service: Option<&ServiceName>) -> usize {
        let of = |subscription: &&Subscription| {
            self.seller(subscription) == Some(partner) && service.is_none_or(|service| subscription.service == *service)
        };
        self.subscriptions.iter().filter(of).count()
    }
}

/// The key of the tag that says how a partner takes part.
#[must_use]
pub fn tag(kind: PartnerKind) -> &'static str {
    match kind {
        PartnerKind::DirectBill | PartnerKind::IndirectProvider => "tag-sells",
        PartnerKind::IndirectReseller => "tag-reseller",
        PartnerKind::Advisor => "tag-advisor",
    }
}
