//! Removing delegated administration: from one partner, for one service, or from all partners. A page of its own asks
//! first, and says what is lost and what stays.

use std::collections::BTreeMap;

use hyper::StatusCode;
use maud::html;
use serde::Deserialize;

use super::known::known;
use super::tried::{Tried, tried};
use crate::answer::what_if::WhatIfError;
use crate::answer::what_if::own::{ChangeEffect, CustomerChange};
use crate::change::acceptance::Displaced;
use crate::change::expected::Expecting;
use crate::change::relationship::remove;
use crate::change::removal::{Removal, RemovalEffect, RemovalError};
use crate::id::{CustomerId, PartnerId, ServiceName};
use crate::pages::address::address;
use crate::pages::answer::{Tone, panel};
use crate::pages::called::called_or_id;
use crate::pages::context::{Answer, DonePart, Fault, PageCall, WhatWasDone};
use crate::pages::frame::Shown;
use crate::pages::turned::turned;
use crate::pages::words::{id, name};
use crate::pdp::call::CallError;
use crate::question::Kind;

/// What was shown that a removal takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    removed: Vec<Displaced>,
}

/// What a page asks about.
struct Asked {
    customer: CustomerId,
    partner: Option<PartnerId>,
    service: Option<ServiceName>,
}

impl Asked {
    fn of(page: &PageCall, service: Option<&str>) -> Result<Self, Fault> {
        page.signed_in()?;
        let customer: CustomerId = page.param("customer")?;
        let partner = match page.params.contains_key("partner") {
            true => Some(page.param("partner")?),
            false => None,
        };
        let service = service.filter(|service| !service.is_empty()).map(str::parse).transpose();
        Ok(Self { customer, partner, service: service.map_err(|_| Fault::NotFound)? })
    }

    /// Does it take everything from everybody?
    fn is_of_all(&self) -> bool {
        self.partner.is_none() && self.service.is_none()
    }

    /// The page that it came from.
    fn back(&self) -> String {
        match &self.partner {
            Some(partner) => format!("/customers/{}/partners/{partner}", self.customer),
            None => format!("/customers/{}/partners", self.customer),
        }
    }
}

/// `GET /customers/{customer}/partners/{partner}/removal` and `GET /customers/{customer}/removal`
pub async fn question(page: PageCall) -> Result<Answer, Fault> {
    let asked = Asked::of(&page, page.asked("service").as_deref())?;
    questioned(&page, &asked, false).await
}

async fn questioned(page: &PageCall, asked: &Asked, has_changed: bool) -> Result<Answer, Fault> {
    let words = page.words;
    let found = known(page, &asked.customer).await?;
    let partner_name = match &asked.partner {
        Some(partner) => Some(found.name(partner.as_str()).ok_or(Fault::NotFound)?.to_owned()),
        None => None,
    };
    let (title, heading) = titles(page, asked, partner_name.as_deref());
    let change = CustomerChange::Remove { partner: asked.partner.clone(), service: asked.service.clone() };
    let Tried { delta, effect, seqs } = match tried(page, &asked.customer, change).await {
        Ok(tried) => tried,
        Err(CallError::Refused(WhatIfError::Change { .. })) => return Err(Fault::NotFound),
        Err(error) => return Err(error.into()),
    };
    let Some(ChangeEffect::Remove(effect)) = effect else { return Err(Fault::Unavailable) };
    // A partner may have sold nothing, or the relationship with it may have ended: then it is not billed, nor responsible.
    let is_removed = |partner: &PartnerId| effect.removed.iter().any(|removed| removed.partner == *partner);
    let responsible: Vec<_> =
        found.partners.iter().filter(|known| known.responsible_for_support && is_removed(&known.partner)).collect();
    let called = |partner: &str| found.name(partner).map(str::to_owned);
    let shown = serde_json::to_string(&effect).map_err(|_| Fault::Unavailable)?;
    let main = html! {
        p.trail { a href=(asked.back()) { (words.say("back-to-partners")) } }
        h1 { (heading) }
        @if has_changed { (panel(Tone::Care, &words.say("changed-title"), &html! { p { (words.say("changed-says")) } })) }
        @if effect.removed.is_empty() {
            p { (words.say("nothing-to-remove")) }
            p.buttons { a href=(asked.back()) { (words.say("go-back")) } }
        } @else {
            h2 { (words.say("what-is-lost")) }
            ul { @for displaced in &effect.removed { li { (words.with("loses", [
                ("partner", called(displaced.partner.as_str()).map_or_else(|| id(displaced.partner.as_str()), |called| name(&called)).into()),
                ("service", page.service(&displaced.service).into()),
            ])) } } }
            @if let Some(delta) = &delta { (turned(page, &delta.gained, &delta.lost, &called)) }
            @else { p { (words.say("reason-too_much_to_compare")) } }
            (panel(Tone::Note, &words.say("what-stays"), &html! {
                p { (words.say("what-stays-sold")) }
                @for partner in &responsible {
                    p { (words.with("what-stays-says", [("partner", name(&partner.name).into())])) }
                }
            }))
            form method="post" action=(page.path) {
                (page.hidden()?)
                @if let Some(service) = &asked.service { input type="hidden" name="service" value=(service); }
                input type="hidden" name="shown" value=(shown);
                div.buttons {
                    @let now = html! { button.hard { (verb(page, asked, partner_name.as_deref())) } };
                    (if asked.is_of_all() { page.weighty(now, &page.path) } else { now })
                    a href=(asked.back()) { (words.say("go-back")) }
                }
            }
        }
    };
    let status = if has_changed { StatusCode::CONFLICT } else { StatusCode::OK };
    let seqs = [&found.seqs[..], &seqs[..]].concat();
    let service = asked.service.as_ref().map(ServiceName::as_str);
    let here = address(&page.path, &[("service", service)]);
    Ok(Shown::of(title, main).found_at(here).with_status(status).at(found.revision, &seqs).into())
}

/// The question, as a title and as a heading.
fn titles(page: &PageCall, asked: &Asked, partner: Option<&str>) -> (String, maud::Markup) {
    let words = page.words;
    match (partner, &asked.service) {
        (Some(partner), Some(service)) => {
            let text = words.text("remove-one", &[("partner", partner), ("service", &page.service_text(service))]);
            let heading = words
                .with("remove-one", [("partner", name(partner).into()), ("service", page.service(service).into())]);
            (text, heading)
        }
        (Some(partner), None) => (
            words.text("remove-partner", &[("partner", partner)]),
            words.with("remove-partner", [("partner", name(partner).into())]),
        ),
        (None, Some(service)) => {
            let text = words.text("remove-service", &[("service", &page.service_text(service))]);
            (text, words.with("remove-service", [("service", page.service(service).into())]))
        }
        (None, None) => (words.say("remove-everybody"), html! { (words.say("remove-everybody")) }),
    }
}

/// What the button says: the verb and the object.
fn verb(page: &PageCall, asked: &Asked, partner: Option<&str>) -> maud::Markup {
    let words = page.words;
    match (partner, &asked.service) {
        (Some(partner), Some(service)) => {
            words.with("remove-one-now", [("partner", name(partner).into()), ("service", page.service(service).into())])
        }
        (Some(partner), None) => words.with("remove-partner-now", [("partner", name(partner).into())]),
        (None, Some(service)) => words.with("remove-service-now", [("service", page.service(service).into())]),
        (None, None) => html! { (words.say("remove-all")) },
    }
}

/// `POST /customers/{customer}/partners/{partner}/removal` and `POST /customers/{customer}/removal`
pub async fn removed(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let form = page.form(&["service", "shown"])?;
    let asked = Asked::of(&page, Some(form.text("service")))?;
    if asked.is_of_all() {
        page.proved_lately(&page.path)?;
    }
    let Ok(Seen { removed }) = serde_json::from_str(form.text("shown")) else {
        return questioned(&page, &asked, false).await;
    };
    let call = page.sending(&form)?;
    let change =
        Removal { customer: asked.customer.clone(), partner: asked.partner.clone(), service: asked.service.clone() };
    let done =
        match remove(&page.setting.pdp, &call, Expecting { change, expected: Some(RemovalEffect { removed }) }).await {
            Ok(done) => done,
            Err(CallError::Refused(RemovalError::NotAsExpected(_))) => return questioned(&page, &asked, true).await,
            Err(error) => return Err(error.into()),
        };
    let mut partners: Vec<String> = Vec::new();
    let mut services: Vec<String> = Vec::new();
    for removed in &done.value.removed {
        let called = called_or_id(&page, Kind::Partner, removed.partner.as_str());
        let service = page.service_text(&removed.service);
        if !partners.contains(&called) {
            partners.push(called);
        }
        if !services.contains(&service) {
            services.push(service);
        }
    }
    let parts = BTreeMap::from([
        ("partner".to_owned(), DonePart::Names(partners)),
        ("services".to_owned(), DonePart::Names(services)),
        ("count".to_owned(), DonePart::Number(done.value.removed.len())),
    ]);
    Ok(page.see_done(asked.back(), &WhatWasDone { says: "done-removed".to_owned(), parts }))
}
