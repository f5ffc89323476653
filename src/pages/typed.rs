//! What somebody typed into a form whose session is over: nothing is done by it, and what was typed is not lost.

use hyper::{Method, StatusCode};
use maud::{Markup, html};

use super::answer::{Tone, panel};
use super::context::{Fault, PageCall};
use super::form::{Area, Form, area, is_from_here};
use super::frame::Shown;
use super::words::Words;
use crate::caller::Caller;

/// The fields that somebody writes into, each with the key of what it is called.
const TYPED: [(&str, &str); 10] = [
    ("text", "field-text"),
    ("paragraph-1", "email-paragraph-1"),
    ("paragraph-2", "email-paragraph-2"),
    ("comment", "field-comment"),
    ("unproved", "field-unproved"),
    ("activate-at", "field-activate-at"),
    ("why", "field-why"),
    ("title", "field-title"),
    ("name", "field-draft-name"),
    ("note", "note"),
];
/// How many lines are shown of what was typed.
const ROWS: usize = 8;

/// A form as it was sent.
pub enum Sent {
    /// It holds the key of the session.
    Form(Form),
    /// It is from a page of ours that was shown before this session began, so it does nothing.
    OfBefore(Form),
}

impl PageCall {
    /// The same as [`PageCall::form`], for forms whose text is shown again under the key of the session that began since.
    ///
    /// # Errors
    /// [`Fault::ForeignForm`] for one from elsewhere; [`Fault::Unreadable`].
    pub fn form_typed(&self, names: &[&str]) -> Result<Sent, Fault> {
        match self.form(names) {
            Err(Fault::ForeignForm) if is_from_here(&self.headers, &self.own_origins) => {
                let names: Vec<&str> = names.iter().copied().chain(["form_key", "once"]).collect();
                Ok(Sent::OfBefore(Form::read(&self.headers, &self.body, &names)?))
            }
            form => Ok(Sent::Form(form?)),
        }
    }
}

/// That nothing was done by a form of before, and what was typed is still in it.
#[must_use]
pub fn of_before(words: Words) -> Markup {
    panel(
        Tone::Care,
        &words.say("typed-title"),
        &html! {
            p { (words.say("typed-says")) " " span.soft.small.code translate="no" { "foreign_form" } }
        },
    )
}

/// That nothing was done since whoever sent a form proved too long ago who they are, and what was typed is still in it.
#[must_use]
pub fn of_old_proof(words: Words) -> Markup {
    panel(Tone::Care, &words.say("proof-too-old"), &html! { p { (words.say("proof-too-old-says")) } })
}

/// A page with what was typed in it, as what a form of before is answered with.
#[must_use]
pub fn as_of_before(words: Words, mut shown: Shown) -> Shown {
    shown.main = html! { (of_before(words)) (shown.main) };
    shown.with_status(StatusCode::FORBIDDEN)
}

/// The page that keeps what somebody typed whose session is over: it is sent again once they are signed in. Nothing where
/// nothing was typed, or not on a page of ours.
#[must_use]
pub fn signed_out(page: &PageCall, method: &Method) -> Option<Shown> {
    let is_theirs = page.held.is_none() && page.call.caller == Caller::Visitor;
    if method != Method::POST || !is_theirs || !is_from_here(&page.headers, &page.own_origins) {
        return None;
    }
    let form = Form::read(&page.headers, &page.body, &["*"]).ok()?;
    let is_removal = !["", "save"].contains(&form.text("do"));
    let typed = |name: &str| TYPED.iter().any(|(typed, _)| *typed == name) && !form.text(name).is_empty();
    if is_removal || !TYPED.iter().any(|(name, _)| typed(name)) {
        return None;
    }
    let words = page.words;
    let title = words.say("typed-signed-out");
    let rest = form.fields().filter(|(name, _)| *name != "form_key" && !typed(name));
    let main = html! {
        h1 { (title) }
        p { (words.say("typed-signed-out-says")) }
        p { a.button.quiet href="/sign-in" target="_blank" { (words.say("typed-sign-in")) } }
        form method="post" action=(page.path) {
            @for (name, values) in rest { @for value in values { input type="hidden" name=(name) value=(value); } }
            @for (id, key) in TYPED.into_iter().filter(|(name, _)| typed(name)) {
                (area(words, &Area {
                    id, label: words.say(key), value: form.text(id), language: "und", is_code: id == "text", rows: ROWS, is_optional: false,
                }, &[]))
            }
            div.buttons { button { (words.say("typed-send")) } }
        }
    };
    Some(Shown::of(title, main).with_status(StatusCode::FORBIDDEN))
}
