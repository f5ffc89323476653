//! The session of whoever looks at a page.

use std::sync::Arc;

use crate::caller::Identity;
use crate::change::persons::called;
use crate::change::sessions::OpenSession;
use crate::clock::Timestamp;
use crate::config::pages::SessionSettings;
use crate::pdp::Pdp;
use crate::pdp::call::InSession;
use crate::pdp::names::names;

/// A session that is open, with the secret of its cookie.
#[derive(Clone)]
pub struct Held {
    /// The session.
    pub session: OpenSession,
    /// What its cookie holds.
    pub secret: String,
    /// What the person is called, as far as their provider told.
    pub called: Option<String>,
}

impl Held {
    /// A session with what its person is called.
    #[must_use]
    pub fn of(pdp: &Pdp, session: OpenSession, secret: String) -> Self {
        // Whoever signs in by a token has no provider that would say. What cannot be read is not shown.
        let person = session.identity.person.as_ref().filter(|_| session.signed_in_at.is_some());
        let called = person.and_then(|person| called(pdp, person).ok().flatten());
        let called = called.or_else(|| of_token(pdp, &session.identity));
        Self { session, secret, called }
    }

    /// The session as the calls in it name it.
    #[must_use]
    pub fn in_session(&self, lasts: SessionSettings) -> InSession {
        let until = self.session.begun.checked_add(lasts.whole()).unwrap_or(Timestamp::MAX);
        InSession { id: self.session.id.clone(), until, idle: lasts.idle(), is_over: Arc::default() }
    }

    /// May the person act as somebody else besides?
    #[must_use]
    pub fn may_choose(&self) -> bool {
        self.session.signed_in_at.as_ref().is_some_and(|at| at.may_act_as.len() > 1)
    }
}

/// What a token is called that is its own person: nobody knows it by its id.
fn of_token(pdp: &Pdp, identity: &Identity) -> Option<String> {
    let token = identity.proof.token()?.to_string();
    let is_itself = identity.person.as_ref().is_none_or(|person| person.subject == token);
    let mut names = names(pdp).ok().filter(|_| is_itself)?;
    names.name(&format!("token:{token}")).ok().flatten()
}
