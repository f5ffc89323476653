//! The session of whoever looks at a page.

use std::sync::Arc;

use crate::change::persons::called;
use crate::change::sessions::OpenSession;
use crate::clock::Timestamp;
use crate::config::pages::SessionSettings;
use crate::pdp::Pdp;
use crate::pdp::call::InSession;

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
