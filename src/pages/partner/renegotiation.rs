//! Renegotiating a commercial relationship for the partner.

use std::collections::BTreeMap;

use super::one_customer::negotiation;
use super::own::of_page;
use crate::answer::what_if::own::{PartnerChange, PartnerRenegotiation, what_if_partner};
use crate::domain::commercial::{Position, Side};
use crate::id::{CustomerId, PartnerId};
use crate::pages::called::called_or_id;
use crate::pages::context::{Answer, DonePart, Fault, PageCall, WhatWasDone};
use crate::pages::renegotiation::{Said, Tried, position, say};
use crate::question::Kind;

/// `GET /partners/{partner}/customers/{customer}/renegotiation`
pub async fn question(page: PageCall) -> Result<Answer, Fault> {
    let position = position(&page.asked("outcome").unwrap_or_default())?;
    questioned(&page, position, false).await
}

async fn questioned(page: &PageCall, position: Position, has_changed: bool) -> Result<Answer, Fault> {
    let (partner, item, read) = of_page(page, 0, None).await?;
    let negotiation = negotiation(&partner, &item, read.revision, &read.seqs);
    let tried = match (position.outcome(), negotiation.comes_to(position)) {
        (Some(outcome), Some(_)) => {
            let change =
                PartnerChange { renegotiate: PartnerRenegotiation { customer: item.customer.clone(), outcome } };
            Tried::of(what_if_partner(&page.setting.pdp, &page.call, &partner, vec![change]).await)?
        }
        _ => Tried::Not,
    };
    negotiation.asked(page, position, &tried, &|_| None, has_changed)
}

/// `POST /partners/{partner}/customers/{customer}/renegotiation`
pub async fn said(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let (partner, customer): (PartnerId, CustomerId) = (page.param("partner")?, page.param("customer")?);
    let back = format!("/partners/{partner}/customers/{customer}");
    let of = customer.clone();
    match say(&page, customer, partner, Side::Partner).await? {
        Said::Again(position, has_changed) => questioned(&page, position, has_changed).await,
        Said::Done(says) => {
            let parts = BTreeMap::from([(
                "other".to_owned(),
                DonePart::Names(vec![called_or_id(&page, Kind::Customer, of.as_str())]),
            )]);
            Ok(page.see_done(back, &WhatWasDone { says, parts }))
        }
    }
}
