//! Signing in, with a token or on a demonstration as one of its cast, and out.

use std::time::Duration;

use hyper::StatusCode;
use maud::{Markup, html};

use super::answer::{Tone, panel};
use super::context::{Answer, Fault, PageCall, is_own_path};
use super::form::{Field, FieldError, Form, field, is_from_here, summary};
use super::frame::{Shown, own_first_page};
use super::words::{Words, name};
use crate::caller::{Caller, Identity, Person, Proof};
use crate::change::sessions::{begin_session, end_session};
use crate::change::tokens::authenticate;
use crate::facts::Role;
use crate::pdp::call::Call;
use crate::pdp::guessing::wrong_proof_from;
use crate::pdp::wrong_credentials::note_wrong_credentials;

/// Who says who the people of the demonstration are.
const DEMONSTRATION: &str = "demonstration";

/// Somebody of the cast of the demonstration.
struct Member {
    id: &'static str,
    called: &'static str,
    role: Part,
}

/// What somebody of the cast is.
#[derive(Clone, Copy)]
enum Part {
    Partner,
    Customer,
    Runs(Role),
}

/// The cast of the demonstration.
const CAST: [Member; 9] = [
    Member { id: "adatum", called: "Adatum School", role: Part::Customer },
    Member { id: "wingtip", called: "Wingtip Toys", role: Part::Customer },
    Member { id: "contoso", called: "Contoso Cloud", role: Part::Partner },
    Member { id: "fabrikam", called: "Fabrikam Services", role: Part::Partner },
    Member { id: "northwind", called: "Northwind Distribution", role: Part::Partner },
    Member { id: "ada", called: "Ada", role: Part::Runs(Role::Reviewer) },
    Member { id: "bob", called: "Bob", role: Part::Runs(Role::Reviewer) },
    Member { id: "auditor", called: "Eve", role: Part::Runs(Role::Auditor) },
    Member { id: "operator", called: "Olu", role: Part::Runs(Role::Operator) },
];

impl Member {
    fn identity(&self) -> Option<Identity> {
        let caller = match self.role {
            Part::Partner => Caller::Partner { id: self.id.parse().ok()? },
            Part::Customer => Caller::Customer { id: self.id.parse().ok()? },
            Part::Runs(role) => Caller::Operator { id: self.id.to_owned(), role },
        };
        let subject = match self.role {
            Part::Runs(_) => self.id.to_owned(),
            Part::Partner | Part::Customer => format!("somebody@{}.example", self.id),
        };
        let person = Some(Person { issuer: DEMONSTRATION.to_owned(), subject });
        Some(Identity { caller, person, proof: Proof::Unasked })
    }

    fn part(&self, words: Words) -> String {
        words.say(match self.role {
            Part::Partner => "role-partner",
            Part::Customer => "role-customer",
            Part::Runs(Role::Reviewer) => "role-reviewer",
            Part::Runs(Role::Auditor) => "role-auditor",
            Part::Runs(_) => "role-operator",
        })
    }
}

/// The cast of the demonstration, one press each.
///
/// # Errors
/// None now; a page takes it as it is.
pub fn cast(page: &PageCall, next: Option<&str>) -> Result<Markup, Fault> {
    let words = page.words;
    Ok(html! {
        section.cast {
            h2 { (words.say("cast-title")) }
            p.hint { (words.say("cast-says")) }
            form method="post" action="/sign-in/cast" {
                @if let Some(next) = next { input type="hidden" name="next" value=(next); }
                ul.plain {
                    @for member in &CAST { li {
                        button.quiet name="as" value=(member.id) {
                            (name(member.called)) " " span.soft { "· " (member.part(words)) }
                        }
                    } }
                }
            }
        }
    })
}

/// Where somebody goes on once they are signed in.
fn next_of(given: &str) -> Option<&str> {
    let path = given.split('?').next().unwrap_or_default();
    (is_own_path(given) && super::is_page(path) && !path.starts_with("/sign-")).then_some(given)
}

/// `GET /sign-in`
pub async fn sign_in(page: PageCall) -> Result<Answer, Fault> {
    let next = page.asked("next");
    Ok(shown(&page, next.as_deref().and_then(next_of), &[])?.into())
}

fn shown(page: &PageCall, next: Option<&str>, errors: &[FieldError]) -> Result<Shown, Fault> {
    let words = page.words;
    let token = Field {
        id: "token",
        label: words.say("token"),
        hint: Some(html! { (words.say("token-hint")) }),
        kind: "password",
        value: "",
        autocomplete: "off",
        is_optional: false,
    };
    let main = html! {
        (summary(words, errors))
        h1 { (words.say("sign-in")) }
        @if page.asked("again").is_some() {
            (panel(Tone::Note, &words.say("prove-again"), &html! {
                p { (words.with("prove-again-says", [("minutes", usize::from(page.setting.sessions.fresh_minutes).into())])) }
            }))
        } @else if let Some(held) = &page.held {
            (panel(Tone::Note, &words.say("signed-in-already"), &html! {
                p { (words.with("signed-in-as", [("name", name(&held.session.name).into())])) }
            }))
        }
        form method="post" action="/sign-in/token" {
            h2 { (words.say("sign-in-token")) }
            @if let Some(next) = next { input type="hidden" name="next" value=(next); }
            (field(words, &token, errors))
            div.buttons { button { (words.say("sign-in")) } }
        }
        @if page.setting.is_demo { (cast(page, next)?) }
    };
    Ok(Shown::of(words.say("sign-in"), main))
}

/// A form of somebody who is not signed in, or not as whom they are to be: it has no key.
fn form_of(page: &PageCall, names: &[&str]) -> Result<Form, Fault> {
    if !is_from_here(&page.headers, &page.own_origins) {
        return Err(Fault::ForeignForm);
    }
    Ok(Form::read(&page.headers, &page.body, names)?)
}

/// `POST /sign-in/token`
pub async fn with_token(page: PageCall) -> Result<Answer, Fault> {
    let form = form_of(&page, &["token", "next"])?;
    let next = next_of(form.text("next"));
    let words = page.words;
    let token = form.text("token").trim();
    if token.is_empty() {
        let error = FieldError { field: "token".to_owned(), says: words.say("token-empty") };
        return Ok(shown(&page, next, &[error])?.as_mistake().into());
    }
    let pdp = &page.setting.pdp;
    match authenticate(pdp, token).map_err(|_| Fault::Unavailable)? {
        Some(identity) => begin(&page, identity, next).await,
        None => {
            let named = token.split('_').nth(1).and_then(|id| id.parse().ok());
            note_wrong_credentials(pdp, named.as_ref()).await.map_err(|_| Fault::Unavailable)?;
            if let Some(wait) = guessed(&page) {
                return Err(Fault::TooMany(wait));
            }
            let error = FieldError { field: "token".to_owned(), says: words.say("token-wrong") };
            Ok(shown(&page, next, &[error])?.as_mistake().into())
        }
    }
}

/// Counts a wrong token from the address of whoever sent it, and says how long they have to wait if these are too many.
fn guessed(page: &PageCall) -> Option<Duration> {
    let pdp = &page.setting.pdp;
    wrong_proof_from(pdp, page.connection.client(pdp, &page.headers)?)
}

/// `POST /sign-in/cast`
pub async fn with_cast(page: PageCall) -> Result<Answer, Fault> {
    let form = form_of(&page, &["as", "next"])?;
    if !page.setting.is_demo {
        return Err(Fault::NotFound);
    }
    let member = CAST.iter().find(|member| member.id == form.text("as")).and_then(Member::identity);
    begin(&page, member.ok_or(Fault::NotFound)?, next_of(form.text("next"))).await
}

async fn begin(page: &PageCall, identity: Identity, next: Option<&str>) -> Result<Answer, Fault> {
    let setting = &page.setting;
    // A new name at every sign-in; what was open in this browser before is over.
    if let Some(held) = &page.held {
        end_session(&setting.pdp, &page.call, &held.session.id).await?;
    }
    let first = own_first_page(&identity.caller).filter(|path| super::is_page(path));
    let call = Call { caller: identity.caller, person: identity.person, proof: identity.proof, ..page.call.clone() };
    let begun = begin_session(&setting.pdp, &call).await?;
    let to = next.map(str::to_owned).or(first).unwrap_or_else(|| "/".to_owned());
    Ok(Answer::SeeOther { to, cookies: vec![setting.set_cookie(setting.cookie(), &begun.secret, None)] })
}

/// `POST /sign-out`
pub async fn sign_out(page: PageCall) -> Result<Answer, Fault> {
    page.form(&[])?;
    let setting = &page.setting;
    if let Some(held) = &page.held {
        end_session(&setting.pdp, &page.call, &held.session.id).await?;
    }
    let gone = setting.set_cookie(setting.cookie(), "", Some(0));
    Ok(Answer::SeeOther { to: "/signed-out".to_owned(), cookies: vec![gone] })
}

/// `GET /signed-out`
pub async fn signed_out(page: PageCall) -> Result<Answer, Fault> {
    let words = page.words;
    let main = html! {
        h1 { (words.say("signed-out")) }
        p { (words.say("signed-out-says")) }
        p.buttons { a.button href="/sign-in" { (words.say("sign-in-again")) } }
    };
    Ok(Shown::of(words.say("signed-out"), main).with_status(StatusCode::OK).into())
}
