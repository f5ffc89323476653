//! What a customer's pages are made of: its partners and what it subscribes to, at one revision.

use std::collections::BTreeMap;

use crate::answer::pages::subscribed::{Counts, subscribed};
use crate::answer::pages::{PartnerRelationship, partner_relationships};
use crate::answer::past::AsOf;
use crate::change::registry::{Sold, SubscriptionFilter, list_sold};
use crate::domain::partner::PartnerKind;
use crate::id::{CustomerId, PartnerId, Revision, Seq, ServiceName};
use crate::limits::PAGE_MAX;
use crate::pages::context::{Fault, PageCall};

/// How often both are read, where something is written in between.
pub(super) const TRIES: usize = 5;
/// How soon a grant ends for it to be pointed out, in days.
const SOON_DAYS: i64 = 30;

/// The partners of a customer, as one page of them is read.
#[derive(Clone)]
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

/// All of a customer's partners, at one revision.
///
/// # Errors
/// As [`partners`]; [`Fault::Unavailable`] where they change faster than they can be read.
pub async fn all_partners(page: &PageCall, customer: &CustomerId, as_of: Option<AsOf>) -> Result<Partners, Fault> {
    'again: for _ in 0..TRIES {
        let mut all = partners(page, customer, as_of, PAGE_MAX, None).await?;
        while let Some(next) = all.next.take() {
            let more = partners(page, customer, as_of, PAGE_MAX, Some(&next)).await?;
            if more.revision != all.revision {
                continue 'again;
            }
            all.partners.extend(more.partners);
            all.seqs.extend(more.seqs);
            all.next = more.next;
        }
        return Ok(all);
    }
    Err(Fault::Unavailable)
}

/// What a customer has, at one revision: all of its partners, and how much it subscribes to.
pub struct Known {
    /// The partners.
    pub partners: Vec<PartnerRelationship>,
    /// How many subscriptions there are of each service, by who sold them: all of them.
    pub counts: Counts,
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
    for _ in 0..TRIES {
        let Partners { partners, revision, mut seqs, .. } = all_partners(page, customer, None).await?;
        let sold = subscribed(&page.setting.pdp, &page.call, customer).await?;
        if sold.revision == revision {
            seqs.extend(sold.seqs);
            return Ok(Known { partners, counts: sold.value, revision, seqs });
        }
    }
    Err(Fault::Unavailable)
}

/// All of a customer's partners with a page of its subscriptions and their sellers, at one revision.
///
/// # Errors
/// As [`all_partners`].
pub async fn partners_with_sold(
    page: &PageCall,
    customer: &CustomerId,
    limit: usize,
    cursor: Option<&str>,
) -> Result<(Partners, Sold), Fault> {
    let filter = SubscriptionFilter { customer: Some(customer.clone()), partner: None };
    for _ in 0..TRIES {
        let sold = list_sold(&page.setting.pdp, &page.call, &filter, limit, cursor).await?;
        let mut found = all_partners(page, customer, None).await?;
        if sold.revision == found.revision {
            found.seqs.extend(sold.seqs);
            return Ok((found, sold.value));
        }
    }
    Err(Fault::Unavailable)
}

impl Partners {
    /// Those that administer a service now.
    pub fn administrators<'a>(&'a self, service: &'a ServiceName) -> impl Iterator<Item = &'a PartnerRelationship> {
        let administers = move |partner: &&PartnerRelationship| {
            partner.services.iter().any(|held| held.service == *service && held.delegated_administrator)
        };
        self.partners.iter().filter(administers)
    }

    /// What people call a partner.
    #[must_use]
    pub fn name(&self, partner: &str) -> Option<&str> {
        named(&self.partners, partner)
    }
}

/// What people call one of these partners.
fn named<'a>(partners: &'a [PartnerRelationship], partner: &str) -> Option<&'a str> {
    partners.iter().find(|known| known.partner.as_str() == partner).map(|known| known.name.as_str())
}

impl Known {
    /// The services that are known here: of grants and of subscriptions, each with who administers it now.
    #[must_use]
    pub fn services(&self) -> BTreeMap<ServiceName, Vec<&PartnerRelationship>> {
        let mut services: BTreeMap<ServiceName, Vec<&PartnerRelationship>> = BTreeMap::new();
        for service in self.counts.keys() {
            services.entry(service.clone()).or_default();
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
        named(&self.partners, partner)
    }

    /// Does the commercial relationship with a partner stand, so that it is billed and responsible for support?
    #[must_use]
    pub fn is_responsible(&self, partner: &PartnerId) -> bool {
        self.partners.iter().any(|known| known.partner == *partner && known.responsible_for_support)
    }

    /// How many subscriptions a partner sold, of a service or of all.
    #[must_use]
    pub fn sold(&self, partner: &PartnerId, service: Option<&ServiceName>) -> usize {
        let seller = Some(partner.clone());
        let of = self.counts.iter().filter(|(known, _)| service.is_none_or(|service| *known == service));
        of.filter_map(|(_, counts)| counts.get(&seller)).sum()
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
