//! Renegotiating a commercial relationship for the customer.

use std::collections::BTreeMap;

use super::one_partner::{negotiation, of_page};
use crate::answer::what_if::own::{CustomerChange, what_if_customer};
use crate::domain::commercial::{Position, Side};
use crate::id::{CustomerId, PartnerId};
use crate::pages::called::called_or_id;
use crate::pages::context::{Answer, DonePart, Fault, PageCall, WhatWasDone};
use crate::pages::renegotiation::{Said, Tried, position, say};
use crate::question::Kind;

/// `GET /customers/{customer}/partners/{partner}/renegotiation`
pub async fn question(page: PageCall) -> Result<Answer, Fault> {
    let position = position(&page.asked("outcome").unwrap_or_default())?;
    questioned(&page, position, false).await
}

async fn questioned(page: &PageCall, position: Position, has_changed: bool) -> Result<Answer, Fault> {
    let (customer, found, partner) = of_page(page).await?;
    let negotiation = negotiation(&customer, &found, &partner);
    let tried = match (position.outcome(), negotiation.comes_to(position)) {
        (Some(outcome), Some(_)) => {
            let change = CustomerChange::Renegotiate { partner: partner.partner.clone(), outcome };
            Tried::of(what_if_customer(&page.setting.pdp, &page.call, &customer, vec![change]).await)?
        }
        _ => Tried::Not,
    };
    negotiation.asked(page, position, &tried, &|partner| found.name(partner).map(str::to_owned), has_changed)
}

/// `POST /customers/{customer}/partners/{partner}/renegotiation`
pub async fn said(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let (customer, partner): (CustomerId, PartnerId) = (page.param("customer")?, page.param("partner")?);
    let back = format!("/customers/{customer}/partners/{partner}");
    let of = partner.clone();
    match say(&page, customer, partner, Side::Customer).await? {
        Said::Again(position, has_changed) => questioned(&page, position, has_changed).await,
        Said::Done(says) => {
            let parts = BTreeMap::from([(
                "other".to_owned(),
                DonePart::Names(vec![called_or_id(&page, Kind::Partner, of.as_str())]),
            )]);
            Ok(page.see_done(back, &WhatWasDone { says, parts }))
        }
    }
}
