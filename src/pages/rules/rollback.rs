//! Going back to rules that were in force before: what that turns, and whether it takes a second person.

use hyper::StatusCode;
use maud::html;

use super::evidence::{changed_files, difference};
use super::naming::{set_link, short};
use crate::config::RulesFrom;
use crate::pages::address::address;
use crate::pages::answer::{Tone, panel};
use crate::pages::context::{Answer, Fault, PageCall, WhatWasDone};
use crate::pages::form::{Field, field};
use crate::pages::frame::Shown;
use crate::pages::typed::{Sent, as_of_before, of_old_proof};
use crate::pages::words::id;
use crate::pdp::call;
use crate::pdp::rules::rules_from;
use crate::publish::PublishError;
use crate::publish::report::rules_with;
use crate::publish::rollback::{RolledBack, RollingBack, may_go_back_alone, roll_back};

/// `GET /rules/rollback`
pub async fn rollback(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let to = page.asked("to").ok_or(Fault::NotFound)?;
    Ok(asked(&page, &to, "").await?.into())
}

/// The question, with what is said with it.
async fn asked(page: &PageCall, to: &str, comment: &str) -> Result<Shown, Fault> {
    let words = page.words;
    let pdp = &page.setting.pdp;
    if rules_from(pdp) == RulesFrom::Files {
        return Err(Fault::NotFound);
    }
    let new = rules_with(pdp, &page.call, to).await?;
    let digest = new.value.digest.clone();
    let current = pdp.digest().to_string();
    let old = rules_with(pdp, &page.call, &current).await?;
    let is_alone = may_go_back_alone(pdp, &digest).map_err(|_| Fault::Unavailable)?;
    let back = format!("/rules/sets/{digest}");
    let may = call::would_be_let_in::<PublishError>(pdp, &page.call, "rollBackRules")?;
    let found = difference(page, &current, &digest).await?;
    let main = html! {
        p.trail { a href=(back) { (words.say("back-to-set")) } }
        h1 { (words.with("rollback-title", [("set", id(&short(&digest)).into())])) }
        p { (words.with("rollback-says", [("from", set_link(&current).into()), ("to", set_link(&digest).into())])) }
        @if digest == current || new.value.in_force.is_empty() { p { (words.say("rollback-nothing")) } } @else {
            @if let Some((found, _)) = &found { (found) }
            (changed_files(words, &old.value.files, &new.value.files))
            (if is_alone { panel(Tone::Care, &words.say("rollback-alone"), &html! { p { (words.say("rollback-alone-says")) } }) }
             else { panel(Tone::Note, &words.say("rollback-two"), &html! { p { (words.say("rollback-two-says")) } }) })
            @if may { form method="post" action="/rules/rollback" {
                (page.hidden()?)
                input type="hidden" name="to" value=(digest);
                (field(words, &Field::text(words, "comment", "field-comment", comment, true), &[]))
                div.buttons {
                    @let here = address("/rules/rollback", &[("to", Some(&digest))]);
                    @let button = html! { button.hard { (words.with("rollback-now", [("set", id(&short(&digest)).into())])) } };
                    @if comment.is_empty() { (page.weighty(button, &here)) } @else { (page.weighty_in_other_tab(button, &here)) }
                    a href=(back) { (words.say("go-back")) }
                }
            } }
        }
    };
    let seqs = [&new.seqs[..], &old.seqs[..], found.as_ref().map_or(&[][..], |(_, seqs)| seqs)].concat();
    let title = words.text("rollback-title", &[("set", &short(&digest))]);
    Ok(Shown::of(title, main).at(old.revision, &seqs))
}

/// `POST /rules/rollback`
pub async fn rolled_back(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let (form, is_of_before) = match page.form_typed(&["to", "comment"])? {
        Sent::Form(form) => (form, false),
        Sent::OfBefore(form) => (form, true),
    };
    let to = form.text("to").to_owned();
    let comment = form.text("comment").trim();
    if is_of_before {
        return match comment {
            "" => Err(Fault::ForeignForm),
            comment => Ok(as_of_before(page.words, asked(&page, &to, comment).await?).into()),
        };
    }
    if !page.is_proved_lately() && !comment.is_empty() {
        let mut shown = asked(&page, &to, comment).await?;
        shown.main = html! { (of_old_proof(page.words)) (shown.main) };
        return Ok(shown.with_status(StatusCode::FORBIDDEN).into());
    }
    page.proved_lately(&address("/rules/rollback", &[("to", Some(&to))]))?;
    let comment = Some(comment.to_owned()).filter(|comment| !comment.is_empty());
    let went = roll_back(&page.setting.pdp, &page.sending(&form)?, RollingBack { to, comment }).await?;
    let (at, says) = match went.value {
        RolledBack::InForce(_) => ("/rules".to_owned(), "done-rolled-back"),
        RolledBack::Proposed(proposal) => (format!("/rules/proposals/{}", proposal.id), "done-rollback-proposed"),
    };
    Ok(page.see_done(at, &WhatWasDone::plain(says)))
}
