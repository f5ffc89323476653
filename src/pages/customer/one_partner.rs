//! One partner of a customer: what it administers, how the relationship stands, what it sold, and what may be done.

use maud::{Markup, html};

use super::known::{Known, known};
use super::relationships::administers;
use crate::answer::pages::PartnerRelationship;
use crate::change::registry::{SubscriptionFilter, list_subscriptions};
use crate::domain::commercial::Side;
use crate::id::{CustomerId, PartnerId, Seq};
use crate::pages::address::address;
use crate::pages::answer::answer;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::facts::facts;
use crate::pages::frame::Shown;
use crate::pages::page_route::is_page;
use crate::pages::renegotiation::Negotiation;
use crate::pages::table::{Table, paging};
use crate::pages::when::day;
use crate::pages::words::{id, name};

const ON_A_PAGE: usize = 50;

/// The customer, what it has, and the partner of a page.
pub(super) async fn of_page(page: &PageCall) -> Result<(CustomerId, Known, PartnerRelationship), Fault> {
    page.signed_in()?;
    let (customer, partner): (CustomerId, PartnerId) = (page.param("customer")?, page.param("partner")?);
    let found = known(page, &customer).await?;
    let one = found.partners.iter().find(|known| known.partner == partner).cloned().ok_or(Fault::NotFound)?;
    Ok((customer, found, one))
}

/// The commercial relationship with a partner, as the customer sees it.
pub(super) fn negotiation(customer: &CustomerId, found: &Known, partner: &PartnerRelationship) -> Negotiation {
    Negotiation {
        by: Side::Customer,
        other: partner.name.clone(),
        state: partner.commercial_relationship,
        proposal: partner.renegotiation,
        back: format!("/customers/{customer}/partners/{}", partner.partner),
        revision: found.revision,
        seqs: found.seqs.clone(),
    }
}

/// `GET /customers/{customer}/partners/{partner}`
pub async fn one_partner(page: PageCall) -> Result<Answer, Fault> {
    let (customer, found, partner) = of_page(&page).await?;
    let words = page.words;
    let may_act = page.customer() == Some(&customer) && is_page(&page, &format!("/customers/{customer}/removal"));
    let title = words.text("partner-title", &[("partner", &partner.name)]);
    let (sales, seqs) = sales(&page, &customer, &partner).await?;
    let main = html! {
        p.trail { a href=(format!("/customers/{customer}/partners")) { (words.say("back-to-partners")) } }
        h1 { (name(&partner.name)) }
        (facts(&[
            (words.say("column-partner"), words.with("partner-kind", [
                ("id", id(partner.partner.as_str()).into()),
                ("kind", words.say(&format!("kind-{}", partner.kind)).into()),
            ])),
            (words.say("column-administers"), administers(&page, &partner)),
            (words.say("column-commercial"), negotiation(&customer, &found, &partner).stands(words)),
            (words.say("column-support"), answer(words, partner.responsible_for_support)),
            (words.say("sold-you"), words.with("sold-count", [("count", found.sold(&partner.partner, None).into())])),
        ]))
        (services(&page, &customer, &partner, may_act))
        (sales)
        @if may_act { (negotiation(&customer, &found, &partner).way(words)) }
        p { a href=(format!("/customers/{customer}/access")) { (words.say("what-each-may")) } }
    };
    Ok(Shown::of(title, main).at(found.revision, &[&found.seqs[..], &seqs[..]].concat()).into())
}

fn services(page: &PageCall, customer: &CustomerId, partner: &PartnerRelationship, may_act: bool) -> Markup {
    let words = page.words;
    let base = format!("/customers/{customer}/partners/{}/removal", partner.partner);
    let rows = partner.services.iter().map(|held| {
        vec![
            page.service(&held.service),
            answer(words, held.delegated_administrator),
            day(words, held.since),
            html! { @if let Some(until) = held.until { (day(words, until)) } },
            html! { @if may_act && held.delegated_administrator {
                a href=(format!("{base}?service={}", held.service)) {
                    (words.say("remove"))
                    span.unseen { " " (words.with("remove-whom", [
                        ("partner", name(&partner.name).into()),
                        ("service", page.service(&held.service).into()),
                    ])) }
                }
            } },
        ]
    });
    let columns = ["service", "administers", "since", "ends", "action"].map(|key| words.say(&format!("column-{key}")));
    let table = Table { caption: None, labelled_by: Some("services"), columns: columns.into(), rows: rows.collect() };
    let held = partner.services.iter().filter(|held| held.delegated_administrator).count();
    html! {
        h2 id="services" { (words.say("services-title")) }
        @if partner.services.is_empty() { p { (words.say("services-never")) } } @else { (table.stacked()) }
        @if may_act && held > 1 {
            p.buttons { a.button.quiet href=(base) { (words.with("remove-from-all", [("partner", name(&partner.name).into())])) } }
        }
    }
}

/// What a partner sold: one page of it, whose length says nothing of how much there is.
async fn sales(
    page: &PageCall,
    customer: &CustomerId,
    partner: &PartnerRelationship,
) -> Result<(Markup, Vec<Seq>), Fault> {
    let words = page.words;
    let filter = SubscriptionFilter { customer: Some(customer.clone()), partner: Some(partner.partner.clone()) };
    let cursor = page.asked("cursor");
    let sold = list_subscriptions(&page.setting.pdp, &page.call, &filter, ON_A_PAGE, cursor.as_deref()).await?;
    let rows: Vec<Vec<Markup>> = sold
        .value
        .items
        .iter()
        .map(|sold| {
            vec![
                id(sold.id.as_str()),
                page.service(&sold.service),
                html! { (sold.quantity) },
                html! { (words.say(&format!("status-{}", sold.status))) },
            ]
        })
        .collect();
    let at = |cursor: Option<&str>| format!("{}#sold", address(&page.path, &[("cursor", cursor)]));
    let first = cursor.as_ref().map(|_| at(None));
    let next = sold.value.next.as_ref().map(|next| at(Some(next)));
    let is_paged = first.is_some() || next.is_some();
    let columns = ["subscription", "service", "seats", "status"].map(|key| words.say(&format!("column-{key}")));
    let (shown, is_none) = (rows.len(), rows.is_empty());
    let said = html! {
        h2 id="sold" { (words.say("sold-you")) }
        @if is_none && !is_paged { p { (words.say("sold-nothing")) } }
        @else if !is_none {
            (Table { caption: None, labelled_by: Some("sold"), columns: columns.into(), rows }.stacked())
        }
        @if is_paged { (paging(words, shown, first.as_deref(), next.as_deref())) }
    };
    Ok((said, sold.seqs))
}
