//! The page on which one signs in: at the company's provider, with a token, or on a demonstration as one of its cast.

use std::time::Duration;

use hyper::StatusCode;
use maud::{Markup, html};

use super::answer::{Tone, panel};
use super::cast::cast;
use super::context::PageCall;
use super::form::{Field, FieldError, field, summary};
use super::frame::Shown;
use super::proved::way_to;
use super::words::name;
use crate::pdp::guessing::wrong_proof_from;
use crate::pdp::opening::trust;
use crate::trust::provider::Provider;

/// Why somebody is here whose sign-in at a provider did not work.
pub struct Failure {
    /// The key of what happened; that with `-says` behind it is the key of what to do.
    pub key: &'static str,
    /// The status.
    pub status: StatusCode,
    /// The provider, as people call it.
    pub provider: String,
    /// What the provider itself said, if it did.
    pub said: Option<String>,
}

/// What is asked for on the page.
#[derive(Default)]
pub struct SignIn<'a> {
    /// Where it goes on.
    pub next: Option<&'a str>,
    /// Is it to be proved again who one is?
    pub again: bool,
    /// Did they sign in just before, and their browser kept no cookie of it?
    pub needs_cookies: bool,
    /// The email that was written.
    pub email: &'a str,
    /// The provider that its domain picked.
    pub picked: Option<&'a Provider>,
    /// What is wrong with what was written.
    pub errors: &'a [FieldError],
    /// What did not work before.
    pub failure: Option<Failure>,
}

/// Counts a wrong proof of who somebody is from the address that it came from, and says how long that has to wait if these
/// are too many.
#[must_use]
pub fn guessed(page: &PageCall) -> Option<Duration> {
    let pdp = &page.setting.pdp;
    wrong_proof_from(pdp, page.connection.client(pdp, &page.headers)?)
}

/// The page.
#[must_use]
pub fn shown(page: &PageCall, asked: &SignIn<'_>) -> Shown {
    let words = page.words;
    let SignIn { next, again, needs_cookies, errors, failure, .. } = asked;
    let token = Field { kind: "password", ..Field::text(words, "token", "token", "", false) };
    let title = words.say(failure.as_ref().map_or("sign-in", |failure| failure.key));
    let main = html! {
        (summary(words, errors))
        h1 { (title) }
        @if let Some(failure) = failure {
            p { (words.with(&format!("{}-says", failure.key), [("provider", name(&failure.provider).into())])) }
            @if let Some(said) = &failure.said { p.small { (super::words::id(said)) } }
        } @else if *needs_cookies && page.held.is_none() {
            (panel(Tone::Care, &words.say("cookies-needed"), &html! { p { (words.say("cookies-needed-says")) } }))
        } @else if *again {
            (panel(Tone::Note, &words.say("prove-again"), &html! {
                p { (words.with("prove-again-says", [("minutes", usize::from(page.setting.sessions.fresh_minutes).into())])) }
            }))
        } @else if let Some(held) = &page.held {
            (panel(Tone::Note, &words.say("signed-in-already"), &html! {
                p { (words.with("signed-in-as", [("name", name(&held.session.name).into())])) }
            }))
        }
        (company(page, asked))
        form method="post" action="/sign-in/token" {
            h2 { (words.say("sign-in-token")) }
            @if let Some(next) = next { input type="hidden" name="next" value=(next); }
            (field(words, &token, errors))
            div.buttons { button { (words.say("sign-in")) } }
        }
        @if page.setting.is_demo { (cast(page, *next)) }
    };
    Shown::of(title, main).with_status(failure.as_ref().map_or(StatusCode::OK, |failure| failure.status))
}

/// The company's own account: a button where there is one provider or the email picked one, else what finds it.
fn company(page: &PageCall, asked: &SignIn<'_>) -> Markup {
    let words = page.words;
    let SignIn { next, again, email, picked, errors, .. } = asked;
    let providers = trust(&page.setting.pdp).providers();
    let own = page.held.as_ref().filter(|_| *again).and_then(|held| held.session.signed_in_at.as_ref());
    let own = own.and_then(|at| trust(&page.setting.pdp).provider_of(&at.issuer)).map(AsRef::as_ref);
    let shown: Vec<&Provider> = match (own.or(*picked), providers) {
        (Some(one), _) => vec![one],
        (None, [only]) => vec![only],
        (None, several) => several.iter().map(AsRef::as_ref).filter(|one| one.settings.listed).collect(),
    };
    let asks = own.or(*picked).is_none()
        && providers.len() > 1
        && providers.iter().any(|provider| !provider.settings.domains.is_empty());
    let work_email = Field::text(words, "email", "company-email", email, false);
    let work_email = Field { kind: "email", autocomplete: "email", ..work_email };
    html! {
        @if !providers.is_empty() {
            section {
                h2 { (words.say("company-title")) }
                @for provider in shown {
                    p.buttons {
                        a.button href=(way_to(provider, *next, *again, false)) {
                            (words.with("company-at", [("provider", name(&provider.settings.name).into())]))
                        }
                    }
                }
                @if asks {
                    form method="post" action="/sign-in/company" {
                        @if let Some(next) = next { input type="hidden" name="next" value=(next); }
                        @if *again { input type="hidden" name="again" value="yes"; }
                        (field(words, &work_email, errors))
                        div.buttons { button { (words.say("company-go-on")) } }
                    }
                }
            }
        }
    }
}
