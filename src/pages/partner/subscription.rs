//! One subscription, as a partner stands to it: the facts, its duties, and of each action yes or no, why, and what would
//! turn it.

use maud::{Markup, html};
use serde_json::Value;

use super::own::standings;
use crate::answer::own_standing::{OwnAnswer, OwnStanding, StandingFilter};
use crate::answer::past::GrantsOf;
use crate::decide::{Duty, Nearest};
use crate::domain::commercial::Side;
use crate::id::{PartnerId, SubscriptionId};
use crate::pages::address::address;
use crate::pages::answer::answer;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::facts::facts;
use crate::pages::frame::Shown;
use crate::pages::past::{as_it_was, as_of, for_good_of, time_of};
use crate::pages::renegotiation::stands;
use crate::pages::table::Table;
use crate::pages::words::{id, name};

/// `GET /partners/{partner}/subscriptions/{subscription}`
pub async fn subscription(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let (partner, subscription): (PartnerId, SubscriptionId) = (page.param("partner")?, page.param("subscription")?);
    let filter = StandingFilter { customer: None, subscription: Some(subscription) };
    let past = as_of(&page)?;
    let read = standings(&page, &partner, &filter, past, 1, None).await?;
    let standing = read.value.subscriptions.items.first().ok_or(Fault::NotFound)?;
    let words = page.words;
    let customer = format!("/partners/{partner}/customers/{}", standing.customer);
    let service = page.service_text(&standing.service);
    let title = words.text(
        "subscription-title",
        &[("id", standing.subscription.as_str()), ("service", &service), ("customer", &standing.customer_name)],
    );
    let then = time_of(&page, past)?;
    let shown_at = then.unwrap_or_else(|| page.setting.pdp.now());
    let good = for_good_of(&page, GrantsOf::Customer(&standing.customer), read.revision, shown_at)?;
    let main = html! {
        p.trail {
            a href=(format!("/partners/{partner}/customers")) { (words.say("nav-customers")) }
            " / " a href=(customer) { (name(&standing.customer_name)) }
        }
        h1 { (page.service(&standing.service)) " " span.soft { (id(standing.subscription.as_str())) } }
        @if let Some(at) = then { (as_it_was(words, at, read.revision, &page.path)) }
        p.lead { (words.with("subscription-lead", [
            ("seller", standing.seller.as_str().into()),
            ("administers", if standing.delegated_administrator { "yes" } else { "no" }.into()),
        ])) }
        (facts(&known(&page, standing)))
        h2 id="may" { (words.say(if past.is_some() { "may-then" } else { "may-now" })) }
        (actions(&page, &partner, standing, (past.is_some(), &read.revision.to_string())))
        p { a href=(address(&page.path, &[("as_of", Some(&good))])) { (words.say("permanent-link")) } }
    };
    Ok(Shown::of(title, main).at(read.revision, &read.seqs).into())
}

fn known(page: &PageCall, standing: &OwnStanding) -> Vec<(String, Markup)> {
    let words = page.words;
    let duties: Vec<Markup> =
        standing.duties.iter().map(|duty| html! { (words.say(&format!("duty-{duty}"))) }).collect();
    let bought = words.with(
        "subscription-bought",
        [
            (
                "offer",
                standing
                    .offer
                    .as_ref()
                    .map_or_else(|| html! { (words.say("no-offer")) }, |offer| id(offer.as_str()))
                    .into(),
            ),
            ("seats", (standing.quantity as usize).into()),
            ("status", words.say(&format!("status-{}", standing.status)).into()),
        ],
    );
    let mut rows = vec![
        (words.say("column-customer"), name(&standing.customer_name)),
        (words.say("subscription-bought-title"), bought),
    ];
    if let Some(parent) = &standing.parent {
        rows.push((words.say("subscription-parent"), id(parent.as_str())));
    }
    rows.extend([
        (words.say("column-sold-by"), html! { (words.say(&format!("seller-{}", standing.seller))) }),
        (words.say("column-commercial"), stands(words, Side::Partner, standing.commercial_relationship, None)),
        (words.say("column-you-administer-it"), answer(words, standing.delegated_administrator)),
        (
            words.say("you-owe"),
            html! { @if duties.is_empty() { span.soft { (words.say("nothing")) } } @else { (words.list(&duties)) } },
        ),
    ]);
    rows
}

fn actions(page: &PageCall, partner: &PartnerId, standing: &OwnStanding, (is_past, revision): (bool, &str)) -> Markup {
    let words = page.words;
    let owes_support = standing.duties.contains(&Duty::ProvideSupport);
    let rows = standing.actions.iter().map(|said| {
        vec![
            words.action(&said.action),
            answer(words, said.decision),
            html! {
                (why(page, said))
                @if owes_support && !said.decision && said.action == "provideSupport" {
                    " " strong { (words.say("still-responsible")) }
                }
            },
            html! { @if !said.decision {
                @for (index, nearest) in said.nearest.iter().enumerate() {
                    @if index > 0 { br; (words.say("or")) " " }
                    (turns(page, partner, nearest))
                }
                @if said.nearest.is_empty() { span.soft { (words.say("turns-never")) } }
            } },
        ]
    });
    let table = Table {
        caption: Some(words.with(if is_past { "may-by-then" } else { "may-by" }, [("revision", revision.into())])),
        labelled_by: None,
        columns: ["action", "answer", "why", "turns"].map(|key| words.say(&format!("column-{key}"))).into(),
        rows: rows.collect(),
    };
    table.stacked()
}

fn why(page: &PageCall, said: &OwnAnswer) -> Markup {
    match &said.reason {
        Some(reason) => match page.words.find(&format!("own-reason-{reason}")) {
            Some(says) => html! { (says) " " span.soft.small.code translate="no" { (reason.as_str()) } },
            None => page.words.reason(reason.as_str(), &said.message),
        },
        // The title of the rule that permits it, in its own words.
        None => html! { span lang="en" { (said.message) } },
    }
}

/// What would turn an answer, as the pages say it.
fn turns(page: &PageCall, partner: &PartnerId, nearest: &Nearest) -> Markup {
    let words = page.words;
    let mut steps = Vec::new();
    for (member, value) in &nearest.set {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let Some(says) = words.find(&format!("turns-{member}-{value}")) else {
            return html! { span lang="en" { (nearest.how) } };
        };
        steps.push(html! {
            @if member == "delegatedAdministrator" { a href=(format!("/partners/{partner}/request")) { (says) } }
            @else { (says) }
        });
    }
    words.list(&steps)
}
