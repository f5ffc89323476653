//! The customers of a partner: what it administers for each, how the relationship stands, and what ends soon.

use maud::{Markup, html};

use super::own::{administers, called, support};
use crate::answer::pages::{
    CustomerFilter, CustomerListItem, CustomerStanding, ENDING_SOON_DAYS, PastError, ServiceHeld, customers_found,
};
use crate::answer::past::GrantsOf;
use crate::clock::Timestamp;
use crate::domain::commercial::Side;
use crate::http::csv_row;
use crate::id::PartnerId;
use crate::pages::address::address;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::form::{Choices, Field, choices, field};
use crate::pages::frame::Shown;
use crate::pages::past::{as_it_was, as_of, for_good_of, time_of};
use crate::pages::renegotiation::stands;
use crate::pages::table::{Table, paging};
use crate::pages::when::{day, moment};
use crate::pages::words::{Words, name};
use crate::pdp::call::{CallTarget, would_be_let_in_about};

const ON_A_PAGE: usize = 50;
const ALL_AT_ONCE: usize = 1_000;
const COLUMNS: [&str; 9] = [
    "customer",
    "name",
    "service",
    "administers",
    "since",
    "until",
    "ended",
    "commercialRelationship",
    "responsibleForSupport",
];
const SECONDS_OF_A_DAY: i64 = 24 * 3_600;

fn filter(page: &PageCall) -> Result<CustomerFilter, Fault> {
    let standing = match page.asked("only") {
        Some(only) => Some(only.parse().map_err(|_| Fault::Unreadable("unreadable-only", only))?),
        None => None,
    };
    let text = page.asked("q").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(CustomerFilter { text, standing })
}

/// `GET /partners/{partner}/customers`
pub async fn customers(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let partner: PartnerId = page.param("partner")?;
    let (past, filter) = (as_of(&page)?, filter(&page)?);
    if page.asked("format").as_deref() == Some("csv") {
        return spreadsheet(&page, &partner, &filter).await;
    }
    let words = page.words;
    let cursor = page.asked("cursor");
    let (pdp, call) = (&page.setting.pdp, &page.call);
    let read = customers_found(pdp, call, &partner, &filter, past, ON_A_PAGE, cursor.as_deref()).await?;
    let (items, revision) = (&read.value.items, read.revision);
    let as_of = page.asked("as_of");
    let only = filter.standing.map(CustomerStanding::as_str);
    let at = |as_of: Option<&str>, cursor: Option<&str>, format: Option<&str>| {
        let asked = [("q", filter.text.as_deref()), ("only", only)];
        let rest = [("as_of", as_of), ("cursor", cursor), ("format", format)];
        address(&page.path, &[&asked[..], &rest[..]].concat())
    };
    let next = read.value.next.as_ref().map(|next| at(as_of.as_deref(), Some(next), None));
    let first = cursor.as_ref().map(|_| at(as_of.as_deref(), None, None));
    let (now, then) = (page.setting.pdp.now(), time_of(&page, past)?);
    // Of all that it has, since a customer whose last service ended by itself is on no list.
    let good = for_good_of(&page, GrantsOf::Partner(&partner), revision, then.unwrap_or(now))?;
    let is_all = filter == CustomerFilter::default();
    let of_partner = CallTarget::Partner(partner.clone());
    let may_request =
        items.is_empty() && would_be_let_in_about::<PastError>(pdp, call, "requestRelationship", &of_partner)?;
    let main = html! {
        h1 id="customers" { (words.say("nav-customers")) }
        p { (words.with("customers-says", [
            ("partner", called(&page, &partner).into()),
            ("at", moment(words, now).into()),
            ("revision", revision.to_string().into()),
            ("past", if past.is_none() { "no" } else { "yes" }.into()),
        ])) }
        @if let Some(then) = then { (as_it_was(words, then, revision, &at(None, None, None))) }
        @if is_all && items.is_empty() && read.value.next.is_none() && first.is_none() {
            p {
                (words.say("customers-none"))
                // An indirect reseller has no link of its own.
                @if may_request { " " a href=(format!("/partners/{partner}/request")) { (words.say("customers-none-request")) } }
            }
        } @else {
            (search(&page, &filter))
            @if items.is_empty() { p { (words.say(none_key(first.is_some(), next.is_some()))) } } @else {
                (table(&page, &partner, items).stacked())
            }
            (paging(words, items.len(), first.as_deref(), next.as_deref()))
            p {
                a href=(at(as_of.as_deref(), None, Some("csv"))) { (words.say("download-csv")) }
                " · " a href=(at(Some(&good), None, None)) { (words.say("permanent-link")) }
            }
        }
    };
    Ok(Shown::of(words.say("nav-customers"), main).at(revision, &read.seqs).into())
}

/// The key of what a page without a customer says. A page is of those looked at, so there may be some on the others.
fn none_key(is_later: bool, goes_on: bool) -> &'static str {
    match (is_later, goes_on) {
        (_, true) => "none-so-far",
        (true, false) => "none-more",
        (false, false) => "customers-none-such",
    }
}

fn search(page: &PageCall, filter: &CustomerFilter) -> Markup {
    let words = page.words;
    let text = filter.text.as_deref().unwrap_or_default();
    let text = Field { kind: "search", ..Field::text(words, "q", "customers-search", text, false) };
    let all = ("", words.say("only-all"));
    let each = CustomerStanding::ALL.iter().map(|one| (one.as_str(), words.say(&format!("only-{one}"))));
    let only = Choices {
        id: "only",
        label: words.say("only"),
        options: std::iter::once(all).chain(each).collect(),
        chosen: filter.standing.map_or("", CustomerStanding::as_str),
    };
    html! {
        form.find.screen method="get" action=(page.path) role="search" {
            @if let Some(as_of) = page.asked("as_of") { input type="hidden" name="as_of" value=(as_of); }
            (field(words, &text, &[]))
            (choices(&only))
            div.buttons { button.quiet { (words.say("search")) } }
        }
    }
}

fn table(page: &PageCall, partner: &PartnerId, items: &[CustomerListItem]) -> Table {
    let words = page.words;
    let row = |item: &CustomerListItem| {
        vec![
            html! { a href=(format!("/partners/{partner}/customers/{}", item.customer)) { (name(&item.name)) } },
            administers(page, item),
            stands(words, Side::Partner, item.commercial_relationship, item.renegotiation),
            support(page, item),
            ends(page, item),
        ]
    };
    let columns = ["customer", "you-administer", "commercial", "you-support", "ends"]
        .map(|key| words.say(&format!("column-{key}")));
    let rows = items.iter().map(row).collect();
    Table { caption: None, labelled_by: Some("customers"), columns: columns.into(), rows }
}

/// What ends and when; in how many days, where that is soon.
fn ends(page: &PageCall, item: &CustomerListItem) -> Markup {
    let (words, now) = (page.words, page.setting.pdp.now());
    let ending = item.administered().filter_map(|held| Some((held, held.until?)));
    html! {
        @for (index, (held, until)) in ending.enumerate() {
            @if index > 0 { br; }
            (words.with("ends-on", [("service", page.service(&held.service).into()), ("day", day(words, until).into())]))
            @if let Some(left) = soon(words, now, until) { " " (left) }
        }
    }
}

fn soon(words: Words, now: Timestamp, until: Timestamp) -> Option<Markup> {
    let days = until.as_second().saturating_sub(now.as_second()).div_euclid(SECONDS_OF_A_DAY);
    let days = usize::try_from(days).ok().filter(|_| days < ENDING_SOON_DAYS)?;
    Some(html! { span.heed.small { (words.with("ends-in", [("days", days.into())])) } })
}

async fn spreadsheet(page: &PageCall, partner: &PartnerId, filter: &CustomerFilter) -> Result<Answer, Fault> {
    let (past, mut cursor, mut bytes) = (as_of(page)?, None::<String>, Vec::new());
    let mut put = |row: &[String]| -> Result<(), Fault> {
        bytes.extend(csv_row(row).map_err(|_| Fault::Unavailable)?);
        Ok(())
    };
    put(&COLUMNS.map(str::to_owned))?;
    let (pdp, call) = (&page.setting.pdp, &page.call);
    loop {
        let found = customers_found(pdp, call, partner, filter, past, ALL_AT_ONCE, cursor.as_deref()).await?.value;
        for item in &found.items {
            let row = |held: Option<&ServiceHeld>| {
                [
                    item.customer.to_string(),
                    item.name.clone(),
                    held.map(|held| held.service.to_string()).unwrap_or_default(),
                    held.map(|held| held.delegated_administrator.to_string()).unwrap_or_default(),
                    held.map(|held| held.since.to_string()).unwrap_or_default(),
                    held.and_then(|held| held.until).map(|until| until.to_string()).unwrap_or_default(),
                    held.and_then(|held| held.ended).map(|ended| ended.to_string()).unwrap_or_default(),
                    item.commercial_relationship.map(|state| state.to_string()).unwrap_or_default(),
                    item.responsible_for_support.to_string(),
                ]
            };
            if item.services.is_empty() {
                put(&row(None))?;
            }
            for held in &item.services {
                put(&row(Some(held)))?;
            }
        }
        match found.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    Ok(Answer::Sheet { name: "customers.csv", bytes })
}

#[cfg(test)]
mod tests {
    use super::none_key;

    #[test]
    fn that_there_is_none_is_said_only_where_all_were_looked_at() {
        let all = [(false, false), (false, true), (true, true), (true, false)];
        let keys = all.map(|(is_later, goes_on)| none_key(is_later, goes_on));
        assert_eq!(keys, ["customers-none-such", "none-so-far", "none-so-far", "none-more"]);
    }
}
