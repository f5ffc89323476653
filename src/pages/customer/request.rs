//! The link of a partner's email: who asks, what accepting gives and leaves, and for a customer's administrator which
//! services, what that would change, and the acceptance itself.

use std::collections::BTreeMap;

use hyper::StatusCode;
use maud::{Markup, html};

use super::choice::{Choice, choice, choice_of, is_refusing};
use super::kept_choice::{kept_choice, with_choice};
use super::known::{Known, known};
use super::tried::{Tried, tried};
use crate::answer::pages::PartnerRelationship;
use crate::answer::what_if::WhatIfError;
use crate::answer::what_if::own::{ChangeEffect, CustomerChange, OwnDelta};
use crate::caller::Caller;
use crate::change::acceptance::{Acceptance, AcceptanceEffect};
use crate::change::expected::Expecting;
use crate::change::relationship::{LinkError, Offer, accept, offer};
use crate::id::{CustomerId, PartnerId, ServiceName};
use crate::pages::answer::{Tone, panel};
use crate::pages::called::called_or_id;
use crate::pages::context::{Answer, DonePart, Fault, PageCall, WhatWasDone};
use crate::pages::facts::facts;
use crate::pages::form::{Field, FieldError, Form, error_at, field, is_wrong, key_field, summary};
use crate::pages::frame::Shown;
use crate::pages::turned::{services as listed, turned};
use crate::pages::when::{date, day};
use crate::pages::words::{id, name};
use crate::pdp::call::{CallError, Response};
use crate::pdp::guessing::link_view_from;
use crate::question::Kind;

/// The fields of the choice, besides those of every form.
const FIELDS: [&str; 4] = ["service*", "other", "until", "shown"];

/// Who asks.
async fn asks(page: &PageCall) -> Result<Response<Offer>, Fault> {
    let token: String = page.param("token")?;
    if page.call.caller == Caller::Visitor
        && let Some(address) = page.connection.client(&page.setting.pdp, &page.headers)
        && let Some(wait) = link_view_from(&page.setting.pdp, address)
    {
        return Err(Fault::TooMany(wait));
    }
    match offer(&page.setting.pdp, &page.call, &token).await {
        Ok(offer) => Ok(offer),
        Err(CallError::Refused(LinkError::MayNotRequest(denied))) => {
            Err(Fault::Refused(StatusCode::FORBIDDEN, denied.reason.as_str().to_owned(), denied.message.clone()))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /relationship-requests/{token}`
pub async fn request(page: PageCall) -> Result<Answer, Fault> {
    let asked = asks(&page).await?;
    let offer = &asked.value;
    match page.customer().cloned() {
        Some(customer) => {
            let found = known(&page, &customer).await?;
            let shown = chosen(&page, offer, &found, &kept_choice(&page).unwrap_or_default(), &[]);
            Ok(shown.at(found.revision, &[&asked.seqs[..], &found.seqs[..]].concat()).into())
        }
        None => Ok(signed_out(&page, offer).at(asked.revision, &asked.seqs).into()),
    }
}

/// The page for whoever is no customer's administrator, or has not said so yet.
fn signed_out(page: &PageCall, offer: &Offer) -> Shown {
    let words = page.words;
    let title = words.text("request-title", &[("partner", &offer.name), ("customer", "")]);
    let next: String = form_urlencoded::byte_serialize(page.path.as_bytes()).collect();
    let sign_in = format!("/sign-in?next={next}");
    let main = html! {
        h1 { (words.with("request-heading", [("partner", name(&offer.name).into()), ("customer", "none".into())])) }
        p.lead { (words.say("request-signed-out-lead")) }
        (facts(&[who_asks(page, offer), (words.say("the-link"), html! { (words.say("the-link-signed-out")) })]))
        (what_it_means(page, offer))
        @if page.call.caller == Caller::Visitor {
            (panel(Tone::Note, &words.say("request-sign-in-title"), &html! {
                p { (words.say("request-sign-in-says")) }
                p.buttons { a.button href=(sign_in) { (words.say("request-sign-in")) } }
            }))
        } @else {
            (panel(Tone::Care, &words.say("request-not-customer-title"), &html! {
                p { (words.with("request-not-customer-says", [("name", name(page.called()).into())])) }
                p.buttons { a.button href=(sign_in) { (words.say("sign-in-otherwise")) } }
            }))
        }
        p.small.soft { (words.say("request-unexpected")) }
    };
    Shown::of(title, main)
}

fn who_asks(page: &PageCall, offer: &Offer) -> (String, Markup) {
    let words = page.words;
    let kind = words.say(&format!("kind-{}", offer.kind));
    let says = words.with(
        "who-asks-says",
        [
            ("partner", html! { strong { (name(&offer.name)) } }.into()),
            ("id", id(offer.partner.as_str()).into()),
            ("kind", kind.into()),
        ],
    );
    (words.say("who-asks"), says)
}

fn what_it_means(page: &PageCall, offer: &Offer) -> Markup {
    let words = page.words;
    html! {
        h2 { (words.say("means-title")) }
        div.pair {
            section {
                h3 { (words.with("means-gives", [("partner", name(&offer.name).into())])) }
                ul { li { (words.say("means-provision")) } li { (words.say("means-support")) } }
            }
            section {
                h3 { (words.say("means-stays")) }
                ul {
                    li { (words.say("means-stays-sold")) }
                    li { (words.say("means-stays-rights")) }
                    li { (words.say("means-stays-removal")) }
                }
            }
        }
    }
}

/// The page on which services are chosen.
fn chosen(page: &PageCall, offer: &Offer, found: &Known, form: &Form, errors: &[FieldError]) -> Shown {
    let words = page.words;
    let called = page.called();
    let title = words.text("request-title", &[("partner", &offer.name), ("customer", called)]);
    let services = found.services();
    let held = services.iter().filter(|(_, partners)| partners.iter().any(|partner| partner.partner == offer.partner));
    let held: Vec<Markup> = held.map(|(service, _)| page.service(service)).collect();
    let mut rows = vec![who_asks(page, offer), (words.say("the-link"), html! { (words.say("the-link-says")) })];
    rows.extend(before(page, offer, found).map(|before| (words.say("before"), before)));
    let until = Field::text(words, "until", "until", form.text("until"), true);
    let until = Field { kind: "date", autocomplete: "on", ..until };
    let hint = html! { (words.say("other-service-hint")) " " span.code translate="no" { "power-bi" } };
    let other = Field::text(words, "other", "other-service", form.text("other"), true);
    let other = Field { hint: Some(hint), autocomplete: "on", ..other };
    let first = first_choice(offer, &services);
    let main = html! {
        (summary(words, errors))
        h1 { (words.with("request-heading", [("partner", name(&offer.name).into()), ("customer", name(called).into())])) }
        p.lead { (words.say("request-lead")) }
        (facts(&rows))
        @if !held.is_empty() { (panel(Tone::Note, &words.say("accepted-already"), &html! {
            p { (words.with("accepted-already-says", [
                ("partner", name(&offer.name).into()),
                ("services", words.list(&held).into()),
            ])) }
        })) }
        (what_it_means(page, offer))
        form method="post" action=(format!("{}/check", page.path.trim_end_matches("/check").trim_end_matches("/acceptance"))) {
            // It changes nothing, so it has no name of its own under which that could be known to be done.
            @if let Some(held) = &page.held { (key_field(&held.secret)) }
            h2.unseen { (words.say("your-choice")) }
            fieldset aria-describedby=[is_wrong(errors, &first).then(|| format!("{first}-error"))] {
                legend { (words.with("choose", [("partner", name(&offer.name).into())])) }
                // Who displaces nobody, or is refused where somebody is, takes nothing from anybody.
                @if offer.may_end.is_some() { p.hint { (words.say("choose-hint")) } }
                (error_at(words, errors, &first))
                @for (service, administrators) in &services {
                    (choice(page, offer, found, service, administrators, form))
                }
            }
            (field(words, &other, errors))
            (field(words, &until, errors))
            div.buttons {
                button { (words.say("continue")) }
                a href="/" { (words.say("do-not-accept")) }
            }
            p.small.soft { (words.say("request-unexpected-signed-in")) }
        }
    };
    Shown::of(title, main)
}

/// The id of what is chosen first, to which a mistake about the choice leads.
fn first_choice(offer: &Offer, services: &BTreeMap<ServiceName, Vec<&PartnerRelationship>>) -> String {
    let may = |partners: &&Vec<&PartnerRelationship>| {
        partners.iter().all(|partner| partner.partner != offer.partner)
            && !(is_refusing(offer) && partners.iter().any(|partner| partner.kind.transacts()))
    };
    let first = services.iter().find(|(_, partners)| may(partners));
    first.map_or_else(|| "other".to_owned(), |(service, _)| format!("service-{service}"))
}

/// What the customer gave the partner before and does not any more.
fn before(page: &PageCall, offer: &Offer, found: &Known) -> Option<Markup> {
    let partner = found.partners.iter().find(|known| known.partner == offer.partner)?;
    let past: Vec<_> = partner.services.iter().filter(|held| !held.delegated_administrator).collect();
    (!past.is_empty()).then(|| {
        html! {
            @for held in past {
                p { (page.words.with("gave-before", [
                    ("service", page.service(&held.service).into()),
                    ("since", day(page.words, held.since).into()),
                    ("until", held.until.map_or_else(|| html! {}, |until| day(page.words, until)).into()),
                ])) }
            }
        }
    })
}

/// The customer's administrator that looks, whose acceptance it is.
fn administrator(page: &PageCall) -> Result<CustomerId, Fault> {
    page.signed_in()?;
    page.customer().cloned().ok_or(Fault::NotFound)
}

/// `POST /relationship-requests/{token}/check`
pub async fn check(page: PageCall) -> Result<Answer, Fault> {
    let customer = administrator(&page)?;
    let form = page.form(&FIELDS)?;
    checked(&page, &customer, &form, false).await
}

/// `GET /relationship-requests/{token}/check`: the same page again, for whoever reads it in another language.
pub async fn checked_again(page: PageCall) -> Result<Answer, Fault> {
    let customer = administrator(&page)?;
    match kept_choice(&page) {
        Some(form) => checked(&page, &customer, &form, false).await,
        None => request(page).await,
    }
}

/// What accepting would change; said to have changed since it was looked at, where it did.
async fn checked(page: &PageCall, customer: &CustomerId, form: &Form, has_changed: bool) -> Result<Answer, Fault> {
    let asked = asks(page).await?;
    let offer = &asked.value;
    let found = known(page, customer).await?;
    let first = first_choice(offer, &found.services());
    let choice = match choice_of(page, form, &first, &found) {
        Ok(choice) => choice,
        Err(errors) => return Ok(chosen(page, offer, &found, form, &errors).as_mistake().into()),
    };
    let token: String = page.param("token")?;
    let change = CustomerChange::Accept { token, services: choice.services.clone(), until: choice.until };
    let Tried { delta, effect, seqs } = match tried(page, customer, change).await {
        Ok(tried) => tried,
        Err(CallError::Refused(WhatIfError::Change { .. })) => {
            let error = FieldError { field: first, says: page.words.say("reason-invalid_change") };
            return Ok(chosen(page, offer, &found, form, &[error]).as_mistake().into());
        }
        Err(error) => return Err(error.into()),
    };
    let Some(ChangeEffect::Accept(effect)) = effect else { return Err(Fault::Unavailable) };
    let seqs = [&asked.seqs[..], &found.seqs[..], &seqs[..]].concat();
    let at = |path: &str| with_choice(page, path, form);
    let shown = check_page(page, (offer, &found), &choice, &at, (delta.as_ref(), &effect), has_changed)?;
    let status = if has_changed { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(shown.with_status(status).at(found.revision, &seqs).into())
}

fn check_page(
    page: &PageCall,
    (offer, found): (&Offer, &Known),
    choice: &Choice,
    at: &dyn Fn(&str) -> String,
    (delta, effect): (Option<&OwnDelta>, &AcceptanceEffect),
    has_changed: bool,
) -> Result<Shown, Fault> {
    let words = page.words;
    let base = page.path.trim_end_matches("/check").trim_end_matches("/acceptance");
    let called = |partner: &str| {
        let asking = (partner == offer.partner.as_str()).then(|| offer.name.clone());
        asking.or_else(|| found.name(partner).map(str::to_owned))
    };
    let (services, ends, moved) = (&choice.services, choice.ends(), choice.moved(found, &offer.partner));
    let shown = serde_json::to_string(effect).map_err(|_| Fault::Unavailable)?;
    let person = page.call.person.as_ref().map_or_else(|| html! {}, |person| id(&person.subject));
    let person = page.held.as_ref().and_then(|held| held.called.as_deref()).map_or(person, name);
    let rows = [
        (words.say("column-partner"), name(&offer.name)),
        (words.say("column-services"), listed(page, services)),
        (words.say("column-ends"), ends.map_or_else(|| html! { (words.say("ends-never")) }, |ends| day(words, ends))),
        (
            words.say("you-are"),
            words.with("you-are-for", [("person", person.into()), ("customer", name(page.called()).into())]),
        ),
    ];
    let main = html! {
        p.trail { a href=(at(base)) { (words.say("back-to-services")) } }
        h1 { (words.say("check-title")) }
        @if has_changed { (panel(Tone::Care, &words.say("changed-title"), &html! { p { (words.say("changed-says")) } })) }
        (facts(&rows))
        h2 { (words.say("what-will-change")) }
        @match delta {
            Some(delta) => {
                p { (words.with("worked-out", [("revision", found.revision.to_string().into())])) }
                (turned(page, &delta.gained, &delta.lost, &called))
            },
            None => p { (words.say("reason-too_much_to_compare")) },
        }
        @for displaced in &effect.displaced {
            @let sold = found.sold(&displaced.partner, Some(&displaced.service));
            @let is_ended = sold > 0 && !found.is_responsible(&displaced.partner);
            p { (words.with(if is_ended { "displaces-ended" } else { "displaces" }, [
                ("partner", called(displaced.partner.as_str()).map_or_else(|| id(displaced.partner.as_str()), |called| name(&called)).into()),
                ("service", page.service(&displaced.service).into()),
                ("count", sold.into()),
            ])) }
        }
        @let new_end = ends.filter(|_| !moved.is_empty());
        @if let Some(ends) = new_end {
            p { (words.with("end-moves", [
                ("services", listed(page, &moved).into()),
                ("ends", day(words, ends).into()),
            ])) }
        }
        (panel(Tone::Note, &words.say("nothing-else"), &html! { p { (words.say("nothing-else-says")) } }))
        form method="post" action=(format!("{base}/acceptance")) {
            (page.hidden()?)
            @for service in services { input type="hidden" name="service" value=(service); }
            @if let Some(ends) = ends { input type="hidden" name="until" value=(date(ends)); }
            input type="hidden" name="shown" value=(shown);
            div.buttons {
                @let now = html! { button { (words.with("accept-for", [("services", listed(page, services).into())])) } };
                (page.weighty(now, &at(base)))
                a href="/" { (words.say("do-not-accept")) }
            }
            p.small.soft { (words.say("accept-says")) }
        }
    };
    Ok(Shown::of(words.say("check-title"), main).found_at(at(&format!("{base}/check"))))
}

/// `POST /relationship-requests/{token}/acceptance`
pub async fn acceptance(page: PageCall) -> Result<Answer, Fault> {
    let customer = administrator(&page)?;
    let form = page.form(&FIELDS)?;
    let token: String = page.param("token")?;
    page.proved_lately(&format!("/relationship-requests/{token}"))?;
    let Ok(expected) = serde_json::from_str::<AcceptanceEffect>(form.text("shown")) else {
        return checked(&page, &customer, &form, false).await;
    };
    let before = known(&page, &customer).await?;
    let Ok(choice) = choice_of(&page, &form, "other", &before) else {
        return checked(&page, &customer, &form, false).await;
    };
    let call = page.sending(&form)?;
    let (ends, Choice { services, until }) = (choice.ends(), choice.clone());
    let change = |partner: PartnerId| Expecting {
        change: Acceptance { partner, customer: customer.clone(), services, until },
        expected: Some(expected),
    };
    let done = match accept(&page.setting.pdp, &call, &token, change).await {
        Ok(done) => done,
        Err(CallError::Refused(LinkError::NotAsExpected(_))) => return checked(&page, &customer, &form, true).await,
        Err(error) => return Err(error.into()),
    };
    let accepted = done.value;
    let called = |partner: &PartnerId| called_or_id(&page, Kind::Partner, partner.as_str());
    let displaced: Vec<String> = accepted.displaced.iter().map(|displaced| called(&displaced.partner)).collect();
    let granted = accepted.granted.iter().map(|service| page.service_text(service)).collect::<Vec<_>>();
    let moved = choice.moved(&before, &accepted.partner);
    let says = match (granted.is_empty(), displaced.is_empty()) {
        (true, _) if !moved.is_empty() => "done-accepted-end",
        (true, _) => "done-accepted-nothing",
        (false, true) => "done-accepted",
        (false, false) => "done-accepted-displaced",
    };
    let mut parts = BTreeMap::from([
        ("partner".to_owned(), DonePart::Names(vec![called(&accepted.partner)])),
        ("services".to_owned(), DonePart::Names(granted)),
        ("displaced".to_owned(), DonePart::Names(displaced)),
    ]);
    if let (Some(ends), "done-accepted-end") = (ends, says) {
        let moved = moved.iter().map(|service| page.service_text(service)).collect();
        parts.extend([("services".to_owned(), DonePart::Names(moved)), ("ends".to_owned(), DonePart::Day(ends))]);
    }
    let done = WhatWasDone { says: says.to_owned(), parts };
    Ok(page.see_done(format!("/customers/{customer}/partners/{}", accepted.partner), &done))
}
