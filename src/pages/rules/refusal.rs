//! Saying no to a proposal, with a reason.

use maud::html;

use super::proposals::{about, why_not};
use crate::pages::context::{Answer, Fault, PageCall, WhatWasDone};
use crate::pages::facts::facts;
use crate::pages::form::{Field, FieldError, field, summary};
use crate::pages::frame::Shown;
use crate::pages::typed::{Sent, as_of_before};
use crate::pdp::call::CallError;
use crate::publish::PublishError;
use crate::publish::approval::stands_against;
use crate::publish::proposal::proposal as read_proposal;
use crate::publish::refusal::refuse;

/// `GET /rules/proposals/{proposal}/refusal`
pub async fn refusal(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let number: u64 = page.param("proposal")?;
    Ok(asked(&page, number, "", &[]).await?.into())
}

async fn asked(page: &PageCall, number: u64, why: &str, errors: &[FieldError]) -> Result<Shown, Fault> {
    let words = page.words;
    let read = read_proposal(&page.setting.pdp, &page.call, number).await?;
    let back = format!("/rules/proposals/{number}");
    let against = stands_against(&page.setting.pdp, &page.call, number)?;
    let main = html! {
        (summary(words, errors))
        p.trail { a href=(back) { (words.say("back-to-proposal")) } }
        h1 { (words.with("refusal-title", [("number", number.to_string().into())])) }
        (facts(&about(page, &read.value)?))
        @match against {
            _ if read.value.state_code() != "open" => p { (words.say("why-not-proposal_closed")) },
            Some(against) => p { (why_not(page, against)) },
            None => form method="post" action=(format!("{back}/refusal")) {
                (page.hidden()?)
                (field(words, &Field::text(words, "why", "field-refusal", why, false), errors))
                div.buttons {
                    button.hard { (words.with("refuse-now", [("number", number.to_string().into())])) }
                    a href=(back) { (words.say("go-back")) }
                }
            },
        }
    };
    let shown = Shown::of(words.text("refusal-title", &[("number", &number.to_string())]), main);
    let shown = shown.at(read.revision, &read.seqs);
    Ok(if errors.is_empty() { shown } else { shown.as_mistake() })
}

/// `POST /rules/proposals/{proposal}/refusal`
pub async fn refused(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let number: u64 = page.param("proposal")?;
    let form = match page.form_typed(&["why"])? {
        Sent::Form(form) => form,
        Sent::OfBefore(form) => {
            return Ok(as_of_before(page.words, asked(&page, number, form.text("why"), &[]).await?).into());
        }
    };
    let why = form.text("why").trim();
    match refuse(&page.setting.pdp, &page.sending(&form)?, number, why.to_owned()).await {
        Ok(_) => {
            let done = WhatWasDone::plain("done-refused");
            Ok(page.see_done(format!("/rules/proposals/{number}"), &done))
        }
        Err(CallError::Refused(PublishError::Text(_))) => {
            let key = if why.is_empty() { "field-refusal-missing" } else { "field-too-long" };
            let error = FieldError { field: "why".to_owned(), says: page.words.say(key) };
            Ok(asked(&page, number, why, &[error]).await?.into())
        }
        Err(error) => Err(error.into()),
    }
}
