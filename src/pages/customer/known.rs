//! What a customer's pages are made of: its partners and what it subscribes to, at one revision.

use std::collections::BTreeMap;

use crate::answer::pages::{PartnerRelationship, partner_relationships};
use crate::answer::past::AsOf;
use crate::change::registry::{Sold, SubscriptionFilter, list_sold};
use crate::domain::partner::PartnerKind;
use crate::domain::subscription::Subscription;
use crate::id::{CustomerId, PartnerId, Revision, Seq, ServiceName};
use crate::limits::PAGE_MAX;
use crate::pages::context::{Fault, PageCall};
use crate::pdp::call::CallError;
use crate::pdp::page::ListError;

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

/// What a customer has: all of its partners, as far as one list holds them, and subscriptions, at one revision.
pub struct Known {
    /// The partners.
    pub partners: Vec<PartnerRelationship>,
    /// The subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// Who sold each of them; nobody where the customer bought it itself.
    pub sellers: Vec<Option<PartnerId>>,
    /// Where the subscriptions go on.
    pub next: Option<String>,
    /// The revision.
    pub revision: Revision,
    /// Where it is recorded.
    pub seqs: Vec<Seq>,
}

/// Reads what a customer has: all of its subscriptions, as far as one list holds them.
///
/// # Errors
/// As [`partners`]; [`Fault::Unavailable`] where it changes faster than it can be read.
pub async fn known(page: &PageCall, customer: &CustomerId) -> Result<Known, Fault> {
    known_from(page, customer, PAGE_MAX, None).await?.ok_or(Fault::NotFound)
}

/// The same with so many of its subscriptions, from a cursor on; nothing for a cursor that is none.
///
/// # Errors
/// As [`known`].
pub async fn known_from(
    page: &PageCall,
    customer: &CustomerId,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Option<Known>, Fault> {
    let filter = SubscriptionFilter { customer: Some(customer.clone()), partner: None };
    for _ in 0..TRIES {
        let Partners { partners, revision, mut seqs, .. } = partners(page, customer, None, PAGE_MAX, None).await?;
        let sold = match list_sold(&page.setting.pdp, &page.call, &filter, limit, cursor).await {
            Err(CallError::Refused(ListError::Cursor)) => return Ok(None),
            sold => sold?,
        };
        if sold.revision == revision {
            seqs.extend(sold.seqs);
            let Sold { subscriptions, sellers } = sold.value;
            let (subscriptions, next) = (subscriptions.items, subscriptions.next);
            return Ok(Some(Known { partners, subscriptions, sellers, next, revision, seqs }));
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

    /// The subscriptions, each with who sold it, an add-on what it adds to.
    pub fn with_sellers(&self) -> impl Iterator<Item = (&Subscription, Option<&PartnerId>)> {
        self.subscriptions.iter().zip(self.sellers.iter().map(Option::as_ref))
    }

    /// How many subscriptions a partner sold, of a service or of all.
    #[must_use]
    pub fn sold(&self, partner: &PartnerId, service: Option<&ServiceName>) -> usize {
        let of = |(subscription, seller): &(&Subscription, Option<&PartnerId>)| {
            *seller == Some(partner) && service.is_none_or(|service| subscription.service == *service)
        };
        self.with_sellers().filter(of).count()
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
