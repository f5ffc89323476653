//! Signing in with the company's account: to the provider and back (OpenID Connect, code flow).
//!
//! What is begun lies in a sealed cookie of this browser. Only an answer that belongs to it is looked at, once; whatever
//! is wrong with one is a page, and nobody is signed in.

use hyper::StatusCode;
use maud::html;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::acting_as::{Arrived, account};
use super::answer::{Tone, panel};
use super::beginning::{end_held, next_of};
use super::context::{Answer, Fault, PageCall, cookie};
use super::frame::Shown;
use super::proved::way_to;
use super::sealed::random_text;
use super::sign_in_page::{Failure, SignIn, guessed, shown};
use super::words::{id, name};
use crate::change::persons::PersonNames;
use crate::change::sessions::SignedInAt;
use crate::clock::Timestamp;
use crate::limits::{SIGN_IN_MINUTES, SIGN_IN_NEXT_LENGTH_MAX};
use crate::pdp::opening::trust;
use crate::pdp::wrong_credentials::note_wrong_credentials;
use crate::trust::id_token::{Expected, IdTokenError};
use crate::trust::provider::{Account, Asking, Provider};
use crate::trust::provider_error::ProviderError;

/// What a sign-in is sealed for.
const PURPOSE: &str = "standing: a sign-in at a provider";
const CALLBACK: &str = "/sign-in/callback";
/// The longest word for what went wrong at the provider that is shown.
const SAID_LENGTH_MAX: usize = 100;

/// A sign-in that goes on, as the browser keeps it.
#[derive(Serialize, Deserialize)]
struct Begun {
    issuer: String,
    state: String,
    nonce: String,
    verifier: String,
    is_fresh: bool,
    next: Option<String>,
    at: Timestamp,
    back: String,
}

/// Why nobody is signed in.
enum Unsigned {
    /// Nothing was begun in this browser that it could be an answer to, or it was answered already.
    Lost,
    /// The provider cannot be reached or used.
    Down,
    /// The provider says no, in a word of its own.
    Refused(String),
    /// What comes is no right answer.
    Wrong,
    /// The person did not prove anew who they are.
    Stale,
    /// The page cannot be answered at all.
    Fault(Fault),
}

impl From<Fault> for Unsigned {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<ProviderError> for Unsigned {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Down(_) | ProviderError::DownLately | ProviderError::Metadata(_) => Self::Down,
            // Nobody who signs in can help it.
            ProviderError::IdToken(IdTokenError::NoKeys) => Self::Down,
            ProviderError::Code(status) if status != StatusCode::BAD_REQUEST => Self::Down,
            ProviderError::IdToken(IdTokenError::Stale) => Self::Stale,
            ProviderError::Code(_) | ProviderError::NoIdToken | ProviderError::IdToken(_) => Self::Wrong,
        }
    }
}

/// Where a provider sends people back to. One of several that does not say of its answers that they are its own has a
/// place of its own: another could have somebody who signs in at it answered by this one.
async fn back(page: &PageCall, provider: &Provider) -> Result<String, ProviderError> {
    let pdp = &page.setting.pdp;
    let is_alone = trust(pdp).providers().len() == 1;
    let own = if is_alone || provider.says_issuer(&|| pdp.now()).await? {
        String::new()
    } else {
        format!("/{}", provider.key())
    };
    Ok(format!("{}{CALLBACK}{own}", pdp.public_url()))
}

fn noted(provider: &Provider, error: ProviderError) -> Unsigned {
    tracing::warn!(provider = provider.settings.name, %error, "nobody is signed in by a provider");
    error.into()
}

/// `GET /sign-in/start`
pub async fn start(page: PageCall) -> Result<Answer, Fault> {
    let (setting, next) = (&page.setting, page.asked("next"));
    let next =
        next.as_deref().and_then(|next| next_of(&page, next)).filter(|next| next.len() <= SIGN_IN_NEXT_LENGTH_MAX);
    let asked = page.asked("with");
    let provider = trust(&setting.pdp).providers().iter().find(|one| Some(&one.settings.name) == asked.as_ref());
    let provider = provider.ok_or(Fault::NotFound)?;
    let is_fresh = page.asked("again").is_some();
    // Nobody is sent away to sign in by another site, which could say as whom.
    let site = page.headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return Ok(Answer::SeeOther { to: "/sign-in".to_owned(), cookies: Vec::new() });
    }
    match away(&page, provider, next, is_fresh).await {
        Ok(answer) => Ok(answer),
        Err(why) => failed(&page, Some(provider), why, next, is_fresh).await,
    }
}

/// Sends a browser to a provider, with what it is to bring back sealed.
async fn away(page: &PageCall, provider: &Provider, next: Option<&str>, is_fresh: bool) -> Result<Answer, Unsigned> {
    let (setting, now) = (&page.setting, page.setting.pdp.now());
    let back = back(page, provider).await.map_err(|error| noted(provider, error))?;
    let random = || random_text(&setting.pdp).map_err(|_| Fault::Unavailable);
    let begun = Begun {
        issuer: provider.settings.issuer.clone(),
        state: random()?,
        nonce: random()?,
        verifier: random()?,
        is_fresh,
        next: next.map(str::to_owned),
        at: now,
        back,
    };
    let asking = Asking {
        back: &begun.back,
        state: &begun.state,
        nonce: &begun.nonce,
        verifier: &begun.verifier,
        is_fresh,
        is_other: page.asked("other").is_some(),
    };
    let to = provider.way(&asking, &|| setting.pdp.now()).await.map_err(|error| noted(provider, error))?;
    let sealed = setting.sealing.seal(&setting.pdp, PURPOSE, begun).map_err(|_| Fault::Unavailable)?;
    let seconds = u64::try_from(SIGN_IN_MINUTES * 60).ok();
    Ok(Answer::SeeOther { to, cookies: vec![setting.set_cookie(setting.sign_in_cookie(), &sealed, seconds)] })
}

/// What a provider sends along with whoever comes back; nothing where one of it stands twice.
struct Returned {
    state: String,
    code: Option<String>,
    error: Option<String>,
    issuer: Option<String>,
}

impl Returned {
    fn of(query: &str) -> Option<Self> {
        let one = |name: &str| {
            let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(found, _)| found == name);
            match (values.next(), values.next()) {
                (value, None) => Some(value.map(|(_, value)| value.into_owned())),
                _ => None,
            }
        };
        Some(Self { state: one("state")??, code: one("code")?, error: one("error")?, issuer: one("iss")? })
    }
}

/// `GET /sign-in/callback`
pub async fn callback(page: PageCall) -> Result<Answer, Fault> {
    let setting = &page.setting;
    if trust(&setting.pdp).providers().is_empty() {
        return Err(Fault::NotFound);
    }
    let begun = cookie(&page.headers, setting.sign_in_cookie())
        .and_then(|sealed| setting.sealing.open::<Begun>(&setting.pdp, PURPOSE, &sealed));
    let returned = Returned::of(&page.query);
    let is_its = |begun: &Begun, returned: &Returned| {
        bool::from(begun.state.as_bytes().ct_eq(returned.state.as_bytes()))
            && begun.back == format!("{}{}", setting.pdp.public_url(), page.path)
    };
    let (Some(begun), Some(returned)) = (begun, returned) else {
        return failed(&page, None, Unsigned::Lost, None, false).await;
    };
    let provider = trust(&setting.pdp).provider_of(&begun.issuer);
    let next = begun.next.as_deref().and_then(|next| next_of(&page, next));
    // What answers something else ends nothing.
    let is_new = is_its(&begun, &returned) && setting.sealing.ends(&setting.pdp, &begun.state);
    let (Some(provider), true) = (provider, is_new) else {
        return failed(&page, None, Unsigned::Lost, next, begun.is_fresh).await;
    };
    match arrived(&page, provider, &begun, &returned).await {
        Ok(mut answer) => {
            if let Answer::SeeOther { cookies, .. } = &mut answer {
                cookies.push(setting.set_cookie(setting.sign_in_cookie(), "", Some(0)));
            }
            Ok(answer)
        }
        Err(why) => failed(&page, Some(provider), why, next, begun.is_fresh).await,
    }
}

/// Whoever came back, as they go on.
async fn arrived(page: &PageCall, provider: &Provider, begun: &Begun, returned: &Returned) -> Result<Answer, Unsigned> {
    let (pdp, Begun { nonce, verifier, is_fresh, at, .. }) = (&page.setting.pdp, begun);
    let now = || pdp.now();
    if !provider.is_of(returned.issuer.as_deref(), &now).await.map_err(|error| noted(provider, error))? {
        tracing::warn!(provider = provider.settings.name, "an answer to a sign-in names another issuer, or none");
        return Err(Unsigned::Wrong);
    }
    if let Some(said) = &returned.error {
        tracing::info!(provider = provider.settings.name, said, "a provider did not sign somebody in");
        return Err(Unsigned::Refused(said.chars().filter(char::is_ascii_graphic).take(SAID_LENGTH_MAX).collect()));
    }
    let code = returned.code.as_deref().filter(|code| !code.is_empty()).ok_or(Unsigned::Wrong)?;
    let expected = Expected { nonce, begun: *at, is_fresh: *is_fresh };
    let found = provider.account((code, verifier, &begun.back), expected, &now).await;
    let Account { person, name, email, proved, callers } = found.map_err(|error| noted(provider, error))?;
    let names = PersonNames { name, email };
    if callers.is_empty() {
        end_held(page).await?;
        return Ok(nobody(page, provider, &html! { (account(&names, &person)) }, begun.next.as_deref()).into());
    }
    let may_act_as = callers.into_iter().collect();
    let at = SignedInAt { issuer: person.issuer.clone(), rules: provider.rules(), may_act_as };
    let arrived = Arrived::new(page, person, names, proved, at)?.going_on(begun.next.clone());
    Ok(arrived.go_on(page).await?)
}

/// Somebody is signed in at a provider, and nothing says what they may be here.
fn nobody(page: &PageCall, provider: &Provider, account: &maud::Markup, next: Option<&str>) -> Shown {
    let words = page.words;
    let title = words.say("acting-nobody");
    let mut claims: Vec<&str> = provider.settings.acts_as.iter().map(|rule| rule.when.claim.as_str()).collect();
    claims.sort_unstable();
    claims.dedup();
    let claims: Vec<_> = claims.into_iter().map(id).collect();
    let called = || name(&provider.settings.name);
    let main = html! {
        h1 { (title) }
        p { (words.with("acting-nobody-as", [("account", account.clone().into()), ("provider", called().into())])) }
        (panel(Tone::Care, &words.say("acting-nobody-missing"), &html! {
            p { (words.with("acting-nobody-says", [("provider", called().into()), ("claims", words.list(&claims).into())])) }
        }))
        p.buttons {
            a.button href=(way_to(provider, next, false, true)) { (words.say("sign-in-otherwise")) }
            a href="/sign-in" { (words.say("company-not")) }
        }
    };
    Shown::of(title, main).with_status(StatusCode::FORBIDDEN)
}

/// The page of a sign-in that did not work, with every other way to sign in.
async fn failed(
    page: &PageCall,
    provider: Option<&std::sync::Arc<Provider>>,
    why: Unsigned,
    next: Option<&str>,
    again: bool,
) -> Result<Answer, Fault> {
    let (key, status, said) = match why {
        Unsigned::Fault(fault) => return Err(fault),
        Unsigned::Lost => ("company-lost", StatusCode::BAD_REQUEST, None),
        Unsigned::Down => ("company-down", StatusCode::SERVICE_UNAVAILABLE, None),
        Unsigned::Refused(said) => ("company-refused", StatusCode::FORBIDDEN, Some(said)),
        Unsigned::Stale => ("company-stale", StatusCode::FORBIDDEN, None),
        Unsigned::Wrong => {
            note_wrong_credentials(&page.setting.pdp, None).await.map_err(|_| Fault::Unavailable)?;
            if let Some(wait) = guessed(page) {
                return Err(Fault::TooMany(wait));
            }
            ("company-wrong", StatusCode::FORBIDDEN, None)
        }
    };
    let provider = provider.map(|provider| provider.settings.name.clone()).unwrap_or_default();
    let failure = Some(Failure { key, status, provider, said });
    Ok(shown(page, &SignIn { next, again, failure, ..SignIn::default() }).into())
}
