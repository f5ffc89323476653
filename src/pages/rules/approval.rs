//! Approving a proposal: what it comes to once more, when it comes in force, and what is said with it.

use hyper::StatusCode;
use maud::html;

use super::evidence::{kept, live_world, outcome};
use super::naming::set_link;
use super::proposals::{about, why_not};
use crate::assure::release::Outcome;
use crate::clock::Timestamp;
use crate::pages::address::address;
use crate::pages::answer::{Tone, panel};
use crate::pages::context::{Answer, Fault, PageCall, WhatWasDone};
use crate::pages::facts::facts;
use crate::pages::form::{Field, FieldError, Form, field, is_wrong, summary};
use crate::pages::frame::Shown;
use crate::pages::typed::{Sent, of_before, of_old_proof};
use crate::pdp::call::CallError;
use crate::publish::PublishError;
use crate::publish::approval::{Approving, approve, stands_against};
use crate::publish::proposal::proposal as read_proposal;

/// What whoever approves wrote, and what is wrong with it.
#[derive(Default)]
struct Written {
    comment: String,
    unproved: String,
    activate_at: String,
    errors: Vec<FieldError>,
    has_moved: bool,
    is_of_before: bool,
    is_proof_old: bool,
}

impl Written {
    fn of(form: &Form) -> Self {
        let [comment, unproved, activate_at] =
            ["comment", "unproved", "activate-at"].map(|name| form.text(name).trim().to_owned());
        Self { comment, unproved, activate_at, ..Self::default() }
    }

    /// Is there something in it that would be lost?
    fn is_any(&self) -> bool {
        [&self.comment, &self.unproved, &self.activate_at].into_iter().any(|text| !text.is_empty())
    }

    fn wrong(mut self, field: &str, says: String) -> Self {
        self.errors.push(FieldError { field: field.to_owned(), says });
        self
    }
}

/// `GET /rules/proposals/{proposal}/approval`
pub async fn approval(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let number: u64 = page.param("proposal")?;
    asked(&page, number, &Written::default()).await
}

async fn asked(page: &PageCall, number: u64, written: &Written) -> Result<Answer, Fault> {
    let (words, pdp) = (page.words, &page.setting.pdp);
    let read = read_proposal(pdp, &page.call, number).await?;
    let proposal = &read.value;
    let back = format!("/rules/proposals/{number}");
    let here = format!("{back}/approval");
    let current = pdp.digest().to_string();
    let known = kept(proposal.evidence.as_ref());
    let is_open = proposal.state_code() == "open";
    let against = stands_against(pdp, &page.call, number)?;
    let is_unproved = known.as_ref().is_some_and(|known| known.outcome == Outcome::NotProved);
    let line = |id: &'static str, key: &str, value| Field::text(words, id, key, value, id != "unproved");
    let main = html! {
        (summary(words, &written.errors))
        p.trail { a href=(back) { (words.say("back-to-proposal")) } }
        h1 { (words.with("approval-title", [("number", number.to_string().into())])) }
        @if written.is_of_before { (of_before(words)) }
        @if written.is_proof_old { (of_old_proof(words)) }
        @if written.has_moved {
            (panel(Tone::Care, &words.say("changed-title"), &html! { p { (words.say("approval-moved-meanwhile")) } }))
        }
        (facts(&about(page, proposal)?))
        @if let Some(known) = &known {
            (outcome(words, known))
            @if let Some(world) = &known.world { (live_world(page, world)?) }
        }
        @if proposal.base != current && is_open {
            (panel(Tone::Care, &words.say("approval-moved"), &html! {
                p { (words.with("approval-moved-says", [
                    ("base", set_link(&proposal.base).into()), ("current", set_link(&current).into()),
                ])) }
                p { a href=(address("/rules/compare", &[("from", Some(&proposal.base)), ("to", Some(&current))])) {
                    (words.say("set-compare"))
                } }
            }))
        }
        @match against {
            _ if !is_open => p { (words.say("why-not-proposal_closed")) },
            Some(against) => p { (why_not(page, against)) },
            None => form method="post" action=(here) {
                (page.hidden()?)
                input type="hidden" name="base" value=(current);
                // Whoever has to sign in first would write for nothing.
                @if page.is_proved_lately() || written.is_any() {
                    (field(words, &line("comment", "field-comment", &written.comment), &written.errors))
                    @if is_unproved || is_wrong(&written.errors, "unproved") { (field(words, &line("unproved", "field-unproved", &written.unproved), &written.errors)) }
                    (field(words, &line("activate-at", "field-activate-at", &written.activate_at), &written.errors))
                }
                div.buttons {
                    @let button = html! { button { (words.with("approve-now", [("number", number.to_string().into())])) } };
                    @if written.is_any() { (page.weighty_in_other_tab(button, &here)) } @else { (page.weighty(button, &here)) }
                    a href=(back) { (words.say("go-back")) }
                }
            },
        }
    };
    let title = words.text("approval-title", &[("number", &number.to_string())]);
    let shown = Shown::of(title, main).at(read.revision, &read.seqs);
    let shown = if written.errors.is_empty() { shown } else { shown.as_mistake() };
    let is_undone = written.is_of_before || written.is_proof_old;
    Ok(if is_undone { shown.with_status(StatusCode::FORBIDDEN) } else { shown }.into())
}

/// `POST /rules/proposals/{proposal}/approval`
pub async fn approved(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let number: u64 = page.param("proposal")?;
    let form = match page.form_typed(&["comment", "unproved", "activate-at", "base"])? {
        Sent::Form(form) => form,
        Sent::OfBefore(form) => {
            let written = Written { is_of_before: true, ..Written::of(&form) };
            return if written.is_any() { asked(&page, number, &written).await } else { Err(Fault::ForeignForm) };
        }
    };
    let written = Written::of(&form);
    if !page.is_proved_lately() && written.is_any() {
        return asked(&page, number, &Written { is_proof_old: true, ..written }).await;
    }
    page.proved_lately(&page.path)?;
    let words = page.words;
    let activate_at = match written.activate_at.as_str() {
        "" => None,
        text => match text.parse::<Timestamp>() {
            Ok(at) => Some(at),
            Err(_) => {
                return asked(&page, number, &written.wrong("activate-at", words.say("field-activate-at-wrong"))).await;
            }
        },
    };
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let approving = Approving {
        unproved: said(&written.unproved),
        activate_at,
        base: said(form.text("base")),
        comment: said(&written.comment),
    };
    match approve(&page.setting.pdp, &page.sending(&form)?, number, approving).await {
        Ok(done) => {
            let is_later = done.value.state_code() == "scheduled";
            let says = if is_later { "done-scheduled" } else { "done-approved" };
            let to = if is_later { format!("/rules/proposals/{number}") } else { "/rules".to_owned() };
            Ok(page.see_done(to, &WhatWasDone::plain(says)))
        }
        Err(CallError::Refused(PublishError::Moved { .. })) => {
            asked(&page, number, &Written { has_moved: true, ..written }).await
        }
        Err(CallError::Refused(PublishError::Past { .. })) => {
            asked(&page, number, &written.wrong("activate-at", words.say("field-activate-at-past"))).await
        }
        Err(CallError::Refused(PublishError::NotProved(_))) => {
            asked(&page, number, &written.wrong("unproved", words.say("field-unproved-missing"))).await
        }
        Err(CallError::Refused(PublishError::NothingUnproved)) => {
            asked(&page, number, &written.wrong("unproved", words.say("field-unproved-needless"))).await
        }
        Err(CallError::Refused(PublishError::Text(field))) => {
            asked(&page, number, &written.wrong(field, words.say("field-too-long"))).await
        }
        Err(error) => Err(error.into()),
    }
}
