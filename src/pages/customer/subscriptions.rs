//! What a customer subscribes to, who sold it, and who administers its service.

use maud::{Markup, html};

use super::known::{Known, known};
use super::relationships::called;
use crate::id::CustomerId;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::frame::Shown;
use crate::pages::table::Table;
use crate::pages::words::{id, name};

/// `GET /customers/{customer}/subscriptions`
pub async fn subscriptions(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let customer: CustomerId = page.param("customer")?;
    let words = page.words;
    let found = known(&page, &customer).await?;
    let services = found.services();
    let rows = found.subscriptions.iter().map(|subscription| {
        let administrators: Vec<Markup> = services
            .get(&subscription.service)
            .map(|partners| partners.iter().map(|partner| name(&partner.name)).collect())
            .unwrap_or_default();
        vec![
            html! {
                (id(subscription.id.as_str()))
                @if let Some(parent) = &subscription.parent {
                    br; span.soft.small { (words.with("add-on-of", [("parent", id(parent.as_str()).into())])) }
                }
            },
            page.service(&subscription.service),
            html! { span.count { (subscription.quantity) } },
            html! { (words.say(&format!("status-{}", subscription.status))) },
            seller(&page, &found, found.seller(subscription).map(|seller| seller.as_str())),
            html! { @if administrators.is_empty() { span.soft { (words.say("nobody")) } } @else { (words.list(&administrators)) } },
        ]
    });
    let columns = ["subscription", "service", "seats", "status", "sold-by", "administers-it"];
    let table = Table {
        caption: None,
        labelled_by: Some("subscriptions"),
        columns: columns.map(|key| words.say(&format!("column-{key}"))).into(),
        rows: rows.collect(),
    };
    let main = html! {
        h1 id="subscriptions" { (words.say("nav-subscriptions")) }
        p { (words.with("subscriptions-says", [("customer", called(&page, &customer).into())])) }
        @if found.subscriptions.is_empty() { p { (words.say("subscriptions-none")) } } @else {
            (table.stacked())
            p.soft {
                @if found.is_whole { (words.with("list-all", [("count", found.subscriptions.len().into())])) }
                @else { (words.with("list-cut", [("count", found.subscriptions.len().into())])) }
            }
        }
    };
    Ok(Shown::of(words.say("nav-subscriptions"), main).at(found.revision, &found.seqs).into())
}

/// Who sold something; the customer bought it itself where nobody did.
fn seller(page: &PageCall, found: &Known, seller: Option<&str>) -> Markup {
    match seller {
        Some(seller) => found.name(seller).map_or_else(|| id(seller), name),
        None => html! { span.soft { (page.words.say("sold-by-nobody")) } },
    }
}
