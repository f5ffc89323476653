//! What a customer subscribes to, who sold it, and who administers its service.

use maud::{Markup, html};

use super::known::{Partners, partners_with_sold};
use super::relationships::called;
use crate::change::registry::Sold;
use crate::id::CustomerId;
use crate::pages::address::address;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::frame::Shown;
use crate::pages::table::{Table, paging};
use crate::pages::words::{id, name};

/// How many there are on a page.
const ON_A_PAGE: usize = 50;

/// `GET /customers/{customer}/subscriptions`
pub async fn subscriptions(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let customer: CustomerId = page.param("customer")?;
    let words = page.words;
    let cursor = page.asked("cursor");
    let (found, Sold { subscriptions, sellers }) =
        partners_with_sold(&page, &customer, ON_A_PAGE, cursor.as_deref()).await?;
    let rows = subscriptions.items.iter().zip(&sellers).map(|(subscription, sold_by)| {
        let administrators = found.administrators(&subscription.service);
        let administrators: Vec<Markup> = administrators.map(|partner| name(&partner.name)).collect();
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
            seller(&page, &found, sold_by.as_ref().map(|seller| seller.as_str())),
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
    let next = subscriptions.next.as_ref().map(|next| address(&page.path, &[("cursor", Some(next))]));
    let first = cursor.map(|_| page.path.clone());
    let main = html! {
        h1 id="subscriptions" { (words.say("nav-subscriptions")) }
        p { (words.with("subscriptions-says", [("customer", called(&page, &customer).into())])) }
        @if subscriptions.items.is_empty() { p { (words.say("subscriptions-none")) } } @else {
            (table.stacked())
            (paging(words, subscriptions.items.len(), first.as_deref(), next.as_deref()))
        }
    };
    Ok(Shown::of(words.say("nav-subscriptions"), main).at(found.revision, &found.seqs).into())
}

/// Who sold something; the customer bought it itself where nobody did.
fn seller(page: &PageCall, found: &Partners, seller: Option<&str>) -> Markup {
    match seller {
        Some(seller) => found.name(seller).map_or_else(|| id(seller), name),
        None => html! { span.soft { (page.words.say("sold-by-nobody")) } },
    }
}
