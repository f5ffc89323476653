//! Renegotiating a commercial relationship for the customer: propose, agree, or take one's own proposal back.

use std::collections::BTreeMap;

use hyper::StatusCode;
use maud::{Markup, html};

use super::one_partner::of_page;
use super::relationships::relationship;
use super::turned::turned;
use crate::answer::what_if::WhatIfError;
use crate::answer::what_if::own::{CustomerChange, what_if_customer};
use crate::change::expected::Expecting;
use crate::change::relationship::{renegotiate, withdraw_renegotiation};
use crate::change::renegotiation::{Renegotiation, RenegotiationEffect, RenegotiationError, Withdrawal};
use crate::domain::commercial::{Outcome, Position, RenegotiationState, Side};
use crate::id::PartnerId;
use crate::pages::answer::{Tone, panel};
use crate::pages::context::{Answer, DonePart, Fault, PageCall, WhatWasDone};
use crate::pages::frame::Shown;
use crate::pages::words::name;
use crate::pdp::call::CallError;

fn position(text: &str) -> Result<Position, Fault> {
    match text {
        "end" => Ok(Position::End),
        "reinstate" => Ok(Position::Reinstate),
        "none" => Ok(Position::None),
        _ => Err(Fault::NotFound),
    }
}

/// `GET /customers/{customer}/partners/{partner}/renegotiation`
pub async fn question(page: PageCall) -> Result<Answer, Fault> {
    let position = position(&page.asked("outcome").unwrap_or_default())?;
    questioned(&page, position, false).await
}

/// How far saying something comes, as it stands now; nothing where there is nothing to say.
fn comes_to(position: Position, proposal: Option<(Side, Outcome)>) -> Option<RenegotiationState> {
    match (position.outcome(), proposal) {
        (None, Some((Side::Customer, _))) => Some(RenegotiationState::Withdrawn),
        (None, _) => None,
        (Some(outcome), Some((Side::Partner, proposed))) if proposed == outcome => Some(RenegotiationState::Agreed),
        (Some(outcome), Some((Side::Customer, proposed))) if proposed == outcome => None,
        (Some(_), _) => Some(RenegotiationState::Proposed),
    }
}

/// The key of what is asked.
fn key(position: Position, state: RenegotiationState) -> &'static str {
    match (position, state) {
        (Position::None, _) => "say-take-back",
        (Position::End, RenegotiationState::Agreed) => "say-agree-end",
        (Position::End, _) => "say-propose-end",
        (Position::Reinstate, RenegotiationState::Agreed) => "say-agree-reinstate",
        (Position::Reinstate, _) => "say-propose-reinstate",
    }
}

async fn questioned(page: &PageCall, position: Position, has_changed: bool) -> Result<Answer, Fault> {
    let (customer, found, partner) = of_page(page).await?;
    let words = page.words;
    let back = format!("/customers/{customer}/partners/{}", partner.partner);
    let proposal = partner.renegotiation.map(|proposal| (proposal.by, proposal.outcome));
    let called = |partner: &str| found.name(partner).map(str::to_owned);
    let mut seqs = found.seqs.clone();
    let mut turns = html! {};
    let mut state = comes_to(position, proposal);
    if let (Some(outcome), Some(_)) = (position.outcome(), state) {
        let change = CustomerChange::Renegotiate { partner: partner.partner.clone(), outcome };
        match what_if_customer(&page.setting.pdp, &page.call, &customer, vec![change]).await {
            Ok(read) => {
                seqs.extend(&read.seqs);
                turns = html! {
                    h2 { (words.say("what-would-change")) }
                    (turned(page, &read.value.gained, &read.value.lost, &called))
                };
            }
            Err(CallError::Refused(WhatIfError::Change { .. })) => state = None,
            Err(CallError::Refused(WhatIfError::TooMuch | WhatIfError::TooManyFacts)) => {
                turns = html! { p { (words.say("reason-too_much_to_compare")) } };
            }
            Err(error) => return Err(error.into()),
        }
    }
    let Some(state) = state else {
        return Ok(nothing_to_say(page, &back, &partner.name, &relationship(words, &partner))
            .at(found.revision, &seqs)
            .into());
    };
    let key = key(position, state);
    let title = words.text(key, &[("partner", &partner.name)]);
    let main = html! {
        p.trail { a href=(back) { (name(&partner.name)) } }
        h1 { (words.with(key, [("partner", name(&partner.name).into())])) }
        @if has_changed { (panel(Tone::Care, &words.say("changed-title"), &html! { p { (words.say("changed-says")) } })) }
        p { (words.with(&format!("{key}-says"), [("partner", name(&partner.name).into())])) }
        (turns)
        form method="post" action=(page.path) {
            (page.hidden()?)
            input type="hidden" name="outcome" value=(position);
            input type="hidden" name="shown" value=(state);
            div.buttons {
                button { (words.say(&format!("{key}-now"))) }
                a href=(back) { (words.say("go-back")) }
            }
        }
    };
    let status = if has_changed { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok(Shown::of(title, main).with_status(status).at(found.revision, &seqs).into())
}

fn nothing_to_say(page: &PageCall, back: &str, partner: &str, stands: &Markup) -> Shown {
    let words = page.words;
    let main = html! {
        p.trail { a href=(back) { (name(partner)) } }
        h1 { (words.say("nothing-to-say")) }
        p { (words.say("nothing-to-say-says")) }
        p { (words.say("column-commercial")) ": " (stands) }
        p.buttons { a href=(back) { (words.say("go-back")) } }
    };
    Shown::of(words.say("nothing-to-say"), main)
}

/// `POST /customers/{customer}/partners/{partner}/renegotiation`
pub async fn said(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let form = page.form(&["outcome", "shown"])?;
    let position = position(form.text("outcome"))?;
    let state = match form.text("shown") {
        "proposed" => RenegotiationState::Proposed,
        "agreed" => RenegotiationState::Agreed,
        "withdrawn" => RenegotiationState::Withdrawn,
        _ => return questioned(&page, position, false).await,
    };
    let (customer, partner): (_, PartnerId) = (page.param("customer")?, page.param("partner")?);
    let mut call = page.call.clone();
    call.idempotency = form.idempotency(&page.path);
    if call.idempotency.is_none() {
        return Err(Fault::Unreadable("unreadable-form", String::new()));
    }
    let (pdp, by, expected) = (&page.setting.pdp, Side::Customer, Some(RenegotiationEffect { state }));
    let back = format!("/customers/{customer}/partners/{partner}");
    let done = match position.outcome() {
        Some(outcome) => {
            let change = Renegotiation { customer, partner, by, outcome };
            renegotiate(pdp, &call, Expecting { change, expected }).await
        }
        None => {
            let change = Withdrawal { customer, partner, by };
            withdraw_renegotiation(pdp, &call, Expecting { change, expected }).await
        }
    };
    match done {
        Ok(_) => {}
        Err(CallError::Refused(RenegotiationError::NotAsExpected(_) | RenegotiationError::Impossible(_))) => {
            return questioned(&page, position, true).await;
        }
        Err(error) => return Err(error.into()),
    }
    let (_, _, after) = of_page(&page).await?;
    let says = format!("{}-done", key(position, state));
    let parts = BTreeMap::from([("partner".to_owned(), DonePart::Names(vec![after.name]))]);
    Ok(page.see_done(back, &WhatWasDone { says, parts }))
}
