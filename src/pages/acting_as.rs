//! For whom somebody acts whom a provider knows: what the settings let them be, chosen where that is several things.

use hyper::StatusCode;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::answer::{Tone, panel};
use super::beginning::{begin, end_held, next_of};
use super::called::Called;
use super::context::{Answer, Fault, PageCall, cookie};
use super::frame::{Shown, speaks_for};
use super::held::Held;
use super::sealed::{SealError, random_text};
use super::words::name;
use crate::caller::{Caller, Identity, Person, Proof};
use crate::change::persons::{PersonNames, name_person};
use crate::change::sessions::{Beginning, SESSIONS_ENDED, SignedInAt};
use crate::clock::Timestamp;
use crate::limits::SIGN_IN_MINUTES;

/// What a choice is sealed for.
const PURPOSE: &str = "standing: for whom somebody acts";

/// Somebody who signed in at a provider, and is to begin a session.
#[derive(Serialize, Deserialize)]
pub struct Arrived {
    id: String,
    arrived: Timestamp,
    person: Person,
    names: PersonNames,
    proved: Timestamp,
    at: SignedInAt,
    next: Option<String>,
}

impl Arrived {
    /// Somebody who has just come back from a provider; when they proved there who they are, if that is known.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when the system gives no random bytes.
    pub fn new(
        page: &PageCall,
        person: Person,
        names: PersonNames,
        proved: Option<Timestamp>,
        at: SignedInAt,
    ) -> Result<Self, Fault> {
        let id = random_text(&page.setting.pdp).map_err(|_| Fault::Unavailable)?;
        // Whose provider does not say when has not proved it lately.
        let arrived = page.setting.pdp.now();
        Ok(Self { id, arrived, person, names, proved: proved.unwrap_or(Timestamp::UNIX_EPOCH), at, next: None })
    }

    /// With where they go on.
    #[must_use]
    pub fn going_on(mut self, next: Option<String>) -> Self {
        self.next = next;
        self
    }

    /// Begins their session as one of what they may be; as who they were, where that is who they are still.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn go_on(self, page: &PageCall) -> Result<Answer, Fault> {
        let mut callers = self.at.may_act_as.iter();
        let was = page.held.as_ref().filter(|held| held.session.identity.person.as_ref() == Some(&self.person));
        let was = was.map(|held| held.session.identity.caller.clone()).filter(|was| self.at.may_act_as.contains(was));
        let caller = match (was, callers.next(), callers.next()) {
            (Some(was), ..) => was,
            (None, Some(only), None) => only.clone(),
            _ => {
                end_held(page).await?;
                return self.asks(page);
            }
        };
        self.begins(page, caller).await
    }

    /// Has them choose.
    fn asks(self, page: &PageCall) -> Result<Answer, Fault> {
        let setting = &page.setting;
        let sealed = match setting.sealing.seal(&setting.pdp, PURPOSE, &self) {
            Ok(sealed) => sealed,
            Err(SealError::TooLong) => return Ok(too_many(page, &self).into()),
            Err(SealError::Unsealed) => return Err(Fault::Unavailable),
        };
        let seconds = u64::try_from(SIGN_IN_MINUTES * 60).ok();
        let cookies = vec![setting.set_cookie(setting.acting_as_cookie(), &sealed, seconds)];
        Ok(Answer::SeeOther { to: "/acting-as".to_owned(), cookies })
    }

    async fn begins(self, page: &PageCall, caller: Caller) -> Result<Answer, Fault> {
        let Self { arrived, person, names, proved, at, next, .. } = self;
        let proof = Proof::SignIn { issuer: person.issuer.clone() };
        let identity = Identity { caller, person: Some(person.clone()), proof, until: None };
        let beginning =
            Beginning { proved: Some(proved), signed_in_at: Some(at), arrived: Some(arrived), ..Beginning::default() };
        let next = next.as_deref().and_then(|next| next_of(page, next));
        match begin(page, identity, beginning, next).await {
            // Whom the settings let them act for is not known here, or may not come in.
            Err(Fault::NotFound) => Ok(unknown(page, &names, &person).into()),
            Err(Fault::Refused(_, code, _)) if code == SESSIONS_ENDED => Ok(to_sign_in()),
            Ok(begun) => {
                name_person(&page.setting.pdp, &person, &names).await.map_err(|_| Fault::Unavailable)?;
                Ok(begun)
            }
            Err(fault) => Err(fault),
        }
    }
}

/// What somebody is called by their provider, and what names them there where it says nothing.
#[must_use]
pub fn account(names: &PersonNames, person: &Person) -> Markup {
    html! {
        (name(names.name.as_deref().unwrap_or(&person.subject)))
        @if let Some(email) = &names.email { " (" (name(email)) ")" }
    }
}

fn unknown(page: &PageCall, names: &PersonNames, person: &Person) -> Shown {
    let words = page.words;
    let title = words.say("acting-unknown");
    let main = html! {
        h1 { (title) }
        p { (words.with("acting-unknown-says", [("account", account(names, person).into())])) }
        p.buttons { a.button href="/sign-in" { (words.say("sign-in-otherwise")) } }
    };
    Shown::of(title, main).with_status(StatusCode::FORBIDDEN)
}

/// Somebody may act for so many that no browser would keep what they choose from.
fn too_many(page: &PageCall, arrived: &Arrived) -> Shown {
    let words = page.words;
    let title = words.say("acting-too-many");
    let parts =
        [("account", account(&arrived.names, &arrived.person).into()), ("count", arrived.at.may_act_as.len().into())];
    let main = html! {
        h1 { (title) }
        p { (words.with("acting-too-many-says", parts)) }
        p.buttons { a.button href="/sign-in" { (words.say("sign-in-otherwise")) } }
    };
    Shown::of(title, main).with_status(StatusCode::FORBIDDEN)
}

/// Who is to choose.
enum Chooser {
    /// Somebody who has just come back from a provider.
    Arrived(Box<Arrived>),
    /// Somebody who has a session.
    Held(Box<Held>),
}

impl Chooser {
    fn of(page: &PageCall) -> Option<Self> {
        let setting = &page.setting;
        let sealed = cookie(&page.headers, setting.acting_as_cookie());
        let arrived = sealed.and_then(|sealed| setting.sealing.open(&setting.pdp, PURPOSE, &sealed));
        let held = || page.held.clone().filter(Held::may_choose).map(|held| Self::Held(Box::new(held)));
        arrived.map(|arrived| Self::Arrived(Box::new(arrived))).or_else(held)
    }

    fn callers(&self) -> &[Caller] {
        match self {
            Self::Arrived(arrived) => &arrived.at.may_act_as,
            Self::Held(held) => held.session.signed_in_at.as_ref().map_or(&[], |at| &at.may_act_as),
        }
    }
}

/// `GET /acting-as`
pub async fn choices(page: PageCall) -> Result<Answer, Fault> {
    let words = page.words;
    let Some(chooser) = Chooser::of(&page) else { return Ok(to_sign_in()) };
    let called = Called::of(&page)?;
    let now = page.held.as_ref().map(|held| &held.session.identity.caller);
    let main = html! {
        h1 { (words.say("acting-title")) }
        p { (words.say("acting-says")) }
        @if let (Chooser::Held(_), Some(caller)) = (&chooser, now) {
            (panel(Tone::Note, &words.say("acting-now"), &html! { p { (whom(&called, caller)) } }))
        }
        form method="post" action="/acting-as" {
            (page.hidden()?)
            ul.plain {
                @for caller in chooser.callers() {
                    li { button.quiet name="as" value=(caller) { (whom(&called, caller)) } }
                }
            }
        }
    };
    Ok(Shown::of(words.say("acting-title"), main).into())
}

/// For whom a caller acts, as people call it.
fn whom(called: &Called<'_>, caller: &Caller) -> Markup {
    let role = speaks_for(called.words(), caller);
    match caller {
        Caller::Partner { id } => html! { (called.partner(id.as_str())) " " span.soft { "· " (role) } },
        Caller::Customer { id } => html! { (called.customer(id.as_str())) " " span.soft { "· " (role) } },
        Caller::Operator { .. } | Caller::Visitor => html! { (role) },
    }
}

fn to_sign_in() -> Answer {
    Answer::SeeOther { to: "/sign-in".to_owned(), cookies: Vec::new() }
}

/// `POST /acting-as`
pub async fn chosen(page: PageCall) -> Result<Answer, Fault> {
    let form = page.form(&["as"])?;
    let setting = &page.setting;
    let Some(chooser) = Chooser::of(&page) else { return Ok(to_sign_in()) };
    let caller = chooser.callers().iter().find(|caller| caller.to_string() == form.text("as")).cloned();
    let caller = caller.ok_or(Fault::NotFound)?;
    match chooser {
        Chooser::Arrived(arrived) => {
            if !setting.sealing.ends(&setting.pdp, &arrived.id) {
                return Ok(to_sign_in());
            }
            arrived.begins(&page, caller).await
        }
        Chooser::Held(held) => {
            let session = held.session;
            let identity = Identity { caller, ..session.identity };
            let (proved, begun) = (Some(session.proved), Some(session.begun));
            let (signed_in_at, from) = (session.signed_in_at, Some(session.id));
            begin(&page, identity, Beginning { proved, begun, signed_in_at, from, arrived: None }, None).await
        }
    }
}
