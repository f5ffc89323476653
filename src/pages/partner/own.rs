//! What a partner's pages are made of: how it stands to its customers and their subscriptions.

use maud::{Markup, html};

use crate::answer::own_standing::{OwnStandings, StandingFilter, own_standing_as_of};
use crate::answer::pages::CustomerListItem;
use crate::answer::past::AsOf;
use crate::id::{CustomerId, PartnerId};
use crate::pages::context::{Fault, PageCall};
use crate::pages::words::{id, name};
use crate::pdp::call::Response;

/// What a partner is called, as far as whoever looks is the partner.
pub(super) fn called(page: &PageCall, partner: &PartnerId) -> Markup {
    if page.partner() == Some(partner) { name(page.called()) } else { id(partner.as_str()) }
}

/// Reads how a partner stands, or stood.
pub(super) async fn standings(
    page: &PageCall,
    partner: &PartnerId,
    filter: &StandingFilter,
    as_of: Option<AsOf>,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<OwnStandings>, Fault> {
    Ok(own_standing_as_of(&page.setting.pdp, &page.call, partner, filter, as_of, limit, cursor).await?)
}

/// The partner and the customer of a page, and how the one stands to so many subscriptions of the other; a customer that
/// it never had to do with is not there.
pub(super) async fn of_page(
    page: &PageCall,
    limit: usize,
    cursor: Option<&str>,
) -> Result<(PartnerId, CustomerListItem, Response<OwnStandings>), Fault> {
    page.signed_in()?;
    let (partner, customer): (PartnerId, CustomerId) = (page.param("partner")?, page.param("customer")?);
    let filter = StandingFilter { customer: Some(customer), subscription: None };
    let mut read = standings(page, &partner, &filter, None, limit, cursor).await?;
    let item = read.value.customer.take().ok_or(Fault::NotFound)?;
    Ok((partner, item, read))
}

/// The services that a partner administers, one after the other.
pub(super) fn administers(page: &PageCall, item: &CustomerListItem) -> Markup {
    let held: Vec<Markup> = item.administered().map(|held| page.service(&held.service)).collect();
    html! { @if held.is_empty() { span.soft { (page.words.say("nothing")) } } @else { (page.words.list(&held)) } }
}

/// Is a partner responsible for a customer's support, and where alone it can give it.
pub(super) fn support(page: &PageCall, item: &CustomerListItem) -> Markup {
    let words = page.words;
    let held: Vec<Markup> = item.administered().map(|held| page.service(&held.service)).collect();
    html! {
        (crate::pages::answer::answer(words, item.responsible_for_support))
        @if item.responsible_for_support {
            @if held.is_empty() { br; span.heed.small { (words.say("cannot-act-at-all")) } }
            // What it sold of a service that it never administered is not known here: those are named where it can.
            @else if item.lost().next().is_some() {
                br; span.heed.small { (words.with("can-act-only", [("services", words.list(&held).into())])) }
            }
        }
    }
}
