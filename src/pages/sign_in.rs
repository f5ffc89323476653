//! Signing in with a token, by the company whose email one has, or on a demonstration as one of its cast; and out.

use hyper::StatusCode;
use maud::html;

use super::address::address;
use super::beginning::{begin, next_of, outliving};
use super::cast::member;
use super::context::{Answer, Fault, PageCall};
use super::form::{FieldError, Form, is_from_here};
use super::frame::Shown;
use super::sign_in_page::{SignIn, guessed, shown};
use super::words::name;
use crate::change::sessions::{Beginning, end_session};
use crate::change::tokens::authenticate;
use crate::pdp::opening::trust;
use crate::pdp::wrong_credentials::note_wrong_credentials;

/// `GET /sign-in`
pub async fn sign_in(page: PageCall) -> Result<Answer, Fault> {
    let next = page.asked("next");
    let next = next.as_deref().and_then(|next| next_of(&page, next));
    let [again, needs_cookies] = ["again", "cookies"].map(|name| page.asked(name).is_some());
    Ok(shown(&page, &SignIn { next, again, needs_cookies, ..SignIn::default() }).into())
}

/// A form of somebody who is not signed in, or not as whom they are to be: it has no key.
fn form_of(page: &PageCall, names: &[&str]) -> Result<Form, Fault> {
    if !is_from_here(&page.headers, &page.own_origins) {
        return Err(Fault::ForeignForm);
    }
    Ok(Form::read(&page.headers, &page.body, names)?)
}

/// `POST /sign-in/company`
pub async fn of_company(page: PageCall) -> Result<Answer, Fault> {
    let form = form_of(&page, &["email", "next", "again"])?;
    let (next, email, again) =
        (next_of(&page, form.text("next")), form.text("email").trim(), !form.text("again").is_empty());
    let domain = email.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
    let mut providers = trust(&page.setting.pdp).providers().iter();
    let found = domain.as_ref().and_then(|domain| providers.find(|one| one.settings.domains.contains(domain)));
    let picked = found.map(AsRef::as_ref);
    let says = page.words.say(if domain.is_none() { "company-email-empty" } else { "company-email-unknown" });
    let errors: &[FieldError] = &[FieldError { field: "email".to_owned(), says }];
    let errors = if picked.is_some() { &[] } else { errors };
    let page_shown = shown(&page, &SignIn { next, again, email, picked, errors, ..SignIn::default() });
    Ok(if errors.is_empty() { page_shown } else { page_shown.as_mistake() }.into())
}

/// `POST /sign-in/token`
pub async fn with_token(page: PageCall) -> Result<Answer, Fault> {
    let form = form_of(&page, &["token", "next"])?;
    let next = next_of(&page, form.text("next"));
    let token = form.text("token").trim();
    let wrong = |key: &str| {
        let errors = [FieldError { field: "token".to_owned(), says: page.words.say(key) }];
        Ok(shown(&page, &SignIn { next, errors: &errors, ..SignIn::default() }).as_mistake().into())
    };
    if token.is_empty() {
        return wrong("token-empty");
    }
    let pdp = &page.setting.pdp;
    match authenticate(pdp, token).map_err(|_| Fault::Unavailable)? {
        Some(identity) => begin(&page, identity, Beginning::default(), next).await,
        None => {
            let named = token.split('_').nth(1).and_then(|id| id.parse().ok());
            note_wrong_credentials(pdp, named.as_ref()).await.map_err(|_| Fault::Unavailable)?;
            guessed(&page).map_or_else(|| wrong("token-wrong"), |wait| Err(Fault::TooMany(wait)))
        }
    }
}

/// `POST /sign-in/cast`
pub async fn with_cast(page: PageCall) -> Result<Answer, Fault> {
    let form = form_of(&page, &["as", "next"])?;
    if !page.setting.is_demo {
        return Err(Fault::NotFound);
    }
    let member = member(form.text("as")).ok_or(Fault::NotFound)?;
    begin(&page, member, Beginning::default(), next_of(&page, form.text("next"))).await
}

/// `POST /sign-out`
pub async fn sign_out(page: PageCall) -> Result<Answer, Fault> {
    // A tab from before another sign-in has another key. Signing out of what is open widens nothing.
    page.form_typed(&[])?;
    let setting = &page.setting;
    let mut at = None;
    if let Some(held) = &page.held {
        end_session(&setting.pdp, &outliving(&page), &held.session.id).await?;
        let issuer = held.session.signed_in_at.as_ref().map(|at| at.issuer.as_str());
        at = issuer.and_then(|issuer| trust(&setting.pdp).provider_of(issuer)).map(|one| one.settings.name.as_str());
    }
    let cookies = [setting.cookie(), setting.acting_as_cookie(), setting.sign_in_cookie()];
    let cookies = cookies.map(|name| setting.set_cookie(name, "", Some(0))).into();
    Ok(Answer::SeeOther { to: address("/signed-out", &[("of", at)]), cookies })
}

/// `GET /signed-out`
pub async fn signed_out(page: PageCall) -> Result<Answer, Fault> {
    let (words, pdp, of) = (page.words, &page.setting.pdp, page.asked("of"));
    let provider = trust(pdp).providers().iter().find(|one| Some(&one.settings.name) == of.as_ref());
    let way_out = match provider {
        Some(provider) => provider.way_out(&|| pdp.now()).await.map(|to| (to, &provider.settings.name)),
        None => None,
    };
    let main = html! {
        h1 { (words.say("signed-out")) }
        p { (words.say("signed-out-says")) }
        @if let Some((to, called)) = way_out {
            p { (words.with("signed-out-there", [("provider", name(called).into())])) " "
                a href=(to) rel="noreferrer" { (words.with("signed-out-go", [("provider", name(called).into())])) } }
        }
        p.buttons { a.button href="/sign-in" { (words.say("sign-in-again")) } }
    };
    Ok(Shown::of(words.say("signed-out"), main).with_status(StatusCode::OK).into())
}
