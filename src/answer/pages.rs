//! Lists, page by page, and the two pages of the document: Partner Relationships and the customer list.

mod items;
pub(crate) mod rows;
pub mod subscribed;

use jiff::SignedDuration;

use crate::answer;
use crate::answer::ask::AskError;
use crate::answer::past::{AsOf, ReadOptions};
use crate::clock::Timestamp;
use crate::domain::words;
use crate::id::{CustomerId, PartnerId};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Response};
use crate::pdp::cursor::Seal;
use crate::pdp::page::{ListError, Page};
use crate::store::View;
use rows::{Rows, ending};

pub use items::{CustomerListItem, Ending, PartnerRelationship, ServiceHeld};

/// Why a page cannot be shown as of a moment in the past.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// The page cannot be shown.
    #[error(transparent)]
    List(#[from] ListError),
    /// The moment cannot be had.
    #[error(transparent)]
    Moment(AskError),
}

impl Coded for PastError {
    fn code(&self) -> &'static str {
        match self {
            Self::List(error) => error.code(),
            Self::Moment(error) => error.code(),
        }
    }
}

/// A customer's Partner Relationships page.
#[derive(Clone, Debug)]
pub struct PartnerRelationships {
    /// Every partner with a grant, past ones too, or a commercial relationship.
    pub partners: Page<PartnerRelationship>,
    /// The grants on this page that end within the time asked for.
    pub ending: Vec<Ending>,
}

/// Reads something as of now or a moment in the past. Whether the caller may read it is decided now.
async fn read_past<T>(
    pdp: &Pdp,
    call: &Call,
    action: &str,
    target: &CallTarget,
    as_of: Option<AsOf>,
    look: impl FnOnce(&View<'_>, Timestamp) -> Result<T, CallError<ListError>>,
) -> Result<Response<T>, CallError<PastError>> {
    let listed = |error: CallError<ListError>| error.map(PastError::List);
    let response = call::read(pdp, call, action, target, |view, at| {
        let Some(as_of) = as_of else { return Ok((look(view, at).map_err(listed)?, view.revision())) };
        let options = ReadOptions { as_of: Some(as_of), ..ReadOptions::default() };
        let (snapshot, at) = answer::ask::moment(pdp, &options, at).map_err(|error| error.map(PastError::Moment))?;
        let view = snapshot.view();
        Ok((look(&view, at).map_err(listed)?, view.revision()))
    });
    let Response { value: (value, revision), seqs, rules, .. } = response.await?;
    Ok(Response { value, revision, seqs, rules })
}

/// A customer's Partner Relationships page, with the grants that end within a time: now, or as it was.
///
/// # Errors
/// [`PastError`]; [`CallError::Denied`] when the caller may not read it now.
pub async fn partner_relationships(
    pdp: &Pdp,
    call: &Call,
    customer: &CustomerId,
    as_of: Option<AsOf>,
    ending_within: jiff::Span,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<PartnerRelationships>, CallError<PastError>> {
    let target = CallTarget::Customer(customer.clone());
    read_past(pdp, call, "readPartnerRelationships", &target, as_of, |view, at| {
        if view.customer(customer)?.is_none() {
            return Err(ListError::UnknownCustomer(customer.clone()).into());
        }
        let seal = Seal::of(&pdp.keys.ledger, &call.caller, &("partners of", customer, as_of, ending_within));
        let mut partners = Page::new(limit, seal);
        let last: Option<PartnerId> = partners.after(cursor)?;
        let rows = Rows { pdp, caller: &call.caller };
        view.partners_of(customer, last.as_ref(), &mut |partner| {
            let at_partner = partner.to_string();
            Ok(match rows.relationship(view, at, customer, partner)? {
                Some(relationship) => partners.take(relationship, at_partner),
                None => partners.pass(at_partner),
            })
        })?;
        let by = jiff::Zoned::new(at, jiff::tz::TimeZone::UTC).checked_add(ending_within).map(|by| by.timestamp());
        let by = by.unwrap_or(Timestamp::MAX);
        let ending = partners.items.iter().flat_map(|shown| ending(shown, by)).collect();
        Ok(PartnerRelationships { partners, ending })
    })
    .await
}

words! {
    /// How a customer on a partner's list stands to it.
    CustomerStanding {
        /// The partner administers a service of it.
        Administers = "administers",
        /// The partner sold it something, whatever came of that.
        SoldTo = "soldTo",
        /// The partner is responsible for its support, and lacks the administration of a service it had, or of all.
        CannotAct = "cannotAct",
        /// What the partner administers ends within 30 days.
        Ending = "ending",
    }
}

/// How soon an end is near, in days.
pub const ENDING_SOON_DAYS: i64 = 30;

/// Which customers of its list a partner looks for; all of them where nothing is given.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CustomerFilter {
    /// Those whose name or id holds this, in whatever case.
    pub text: Option<String>,
    /// Those that stand so.
    pub standing: Option<CustomerStanding>,
}

impl CustomerFilter {
    fn takes(&self, at: Timestamp, item: &CustomerListItem) -> bool {
        let holds = |text: &String| {
            let text = text.to_lowercase();
            item.name.to_lowercase().contains(&text) || item.customer.as_str().to_lowercase().contains(&text)
        };
        self.text.as_ref().is_none_or(holds) && self.standing.is_none_or(|standing| item.stands(at, standing))
    }
}

impl CustomerListItem {
    /// The services that the partner administers.
    pub fn administered(&self) -> impl Iterator<Item = &ServiceHeld> {
        self.services.iter().filter(|held| held.delegated_administrator)
    }

    /// The services that the partner administered and does not any more.
    pub fn lost(&self) -> impl Iterator<Item = &ServiceHeld> {
        self.services.iter().filter(|held| !held.delegated_administrator)
    }

    /// Does the customer stand so at a moment?
    #[must_use]
    pub fn stands(&self, at: Timestamp, standing: CustomerStanding) -> bool {
        let soon = at.checked_add(SignedDuration::from_hours(ENDING_SOON_DAYS * 24)).unwrap_or(Timestamp::MAX);
        match standing {
            CustomerStanding::Administers => self.administered().next().is_some(),
            CustomerStanding::SoldTo => self.commercial_relationship.is_some(),
            CustomerStanding::CannotAct => {
                self.responsible_for_support && (self.lost().next().is_some() || self.administered().next().is_none())
            }
            CustomerStanding::Ending => self.administered().any(|held| held.until.is_some_and(|until| until <= soon)),
        }
    }
}

/// A partner's customer list: each customer it holds a grant of or has a commercial relationship with, now or as it
/// was.
///
/// # Errors
/// [`PastError`]; [`CallError::Denied`] when the caller may not read it now.
pub async fn customer_list(
    pdp: &Pdp,
    call: &Call,
    partner: &PartnerId,
    as_of: Option<AsOf>,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Page<CustomerListItem>>, CallError<PastError>> {
    customers_found(pdp, call, partner, &CustomerFilter::default(), as_of, limit, cursor).await
}

/// Those of a partner's customer list that it looks for.
///
/// # Errors
/// As [`customer_list`].
pub async fn customers_found(
    pdp: &Pdp,
    call: &Call,
    partner: &PartnerId,
    filter: &CustomerFilter,
    as_of: Option<AsOf>,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Page<CustomerListItem>>, CallError<PastError>> {
    read_past(pdp, call, "readCustomerList", &CallTarget::Partner(partner.clone()), as_of, |view, at| {
        if view.partner(partner)?.is_none() {
            return Err(ListError::UnknownPartner(partner.clone()).into());
        }
        let seal = Seal::of(&pdp.keys.ledger, &call.caller, &("customers of", partner, filter, as_of));
        let mut page = Page::new(limit, seal);
        let last: Option<CustomerId> = page.after(cursor)?;
        let rows = Rows { pdp, caller: &call.caller };
        view.customers_of(partner, last.as_ref(), &mut |customer| {
            let at_customer = customer.to_string();
            Ok(match rows.listed_customer(view, at, partner, customer)? {
                Some(item) if filter.takes(at, &item) => page.take(item, at_customer),
                _ => page.pass(at_customer),
            })
        })?;
        Ok(page)
    })
    .await
}
