//! Sessions of people on the pages: begun by somebody who proved who they are, opened by the cookie alone, ended by
//! hand, by time, or with the token they began with.
//!
//! The cookie holds 256 random bits, of which only the SHA-256 is stored. A session is a row of the journal of the
//! metadata, so one that was edited on disk opens nothing. When it was last seen is written beside it, seldom, and is
//! no entry.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::caller::{Caller, Identity, Person, Proof};
use crate::clock::Timestamp;
use crate::config::pages::SessionSettings;
use crate::id::{SessionId, TokenId};
use crate::limits::{SESSION_SEEN_EVERY_MINUTES, SESSIONS_OF_ONE_MAX};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Committed, Done};
use crate::pdp::opening::trust;
use crate::pdp::wrong_credentials::token_as_written;
use crate::random::RandomError;
use crate::store::{MetadataChanges, Session, StoreError, WriteContext};

pub use crate::store::SignedInAt;

/// The code of what says that somebody has to sign in again, because their sessions were ended.
pub const SESSIONS_ENDED: &str = "sessions_ended";
const SECRET_BYTES: usize = 32;
/// How much of the hash of a secret is the session's public name.
const ID_BYTES: usize = 16;

/// A session that was begun, as its cookie is given out once.
#[derive(Clone)]
pub struct Begun {
    /// Its public name.
    pub id: SessionId,
    /// What the cookie holds; it is stored nowhere.
    pub secret: String,
}

/// A session that is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenSession {
    /// Its public name.
    pub id: SessionId,
    /// Who it is.
    pub identity: Identity,
    /// What people call whom it speaks for.
    pub name: String,
    /// When it began.
    pub begun: Timestamp,
    /// When the person last proved who they are.
    pub proved: Timestamp,
    /// The provider it began at, where somebody signed in at one.
    pub signed_in_at: Option<SignedInAt>,
}

/// What a session begins with besides who it is, where it does not begin with the proof of that itself.
#[derive(Clone, Default, Debug)]
pub struct Beginning {
    /// When the person proved who they are; now where nothing is said.
    pub proved: Option<Timestamp>,
    /// When the session began that it goes on from, so that a change of role makes none longer.
    pub begun: Option<Timestamp>,
    /// The provider it begins at.
    pub signed_in_at: Option<SignedInAt>,
    /// The session it goes on from: it is not begun where that was ended.
    pub from: Option<SessionId>,
    /// When the person came to choose what it is to speak for: it is not begun where their sessions were ended since.
    pub arrived: Option<Timestamp>,
}

/// Why a session cannot be begun.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The system gives no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] RandomError),
    /// Every session of the person was ended since they signed in.
    #[error("the sessions of this person were ended since they signed in; sign in again")]
    Ended,
}

impl Coded for SessionError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoRandomness(_) => "no_randomness",
            Self::Ended => SESSIONS_ENDED,
        }
    }
}

/// What a change of sessions answers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Changed;

/// Whose sessions are counted together: a person's, or where nobody is known a caller's.
pub(super) fn hand(caller: &Caller, person: Option<&Person>) -> [u8; 32] {
    let who =
        person.map_or_else(|| format!("caller\n{caller}"), |person| format!("{}\n{}", person.issuer, person.subject));
    Sha256::digest(who.as_bytes()).into()
}

fn id_of(secret: &str) -> Option<(SessionId, [u8; 32])> {
    let sha256: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    let id = HEXLOWER.encode(sha256.get(..ID_BYTES)?).parse().ok()?;
    Some((id, sha256))
}

/// Fills bytes with what nobody can guess.
///
/// # Errors
/// [`RandomError`] when the system gives none.
pub fn random_bytes(pdp: &Pdp, bytes: &mut [u8]) -> Result<(), RandomError> {
    pdp.store.random().fill(bytes)
}

/// Begins a session of somebody who has proved who they are; the oldest of too many of theirs is ended.
///
/// # Errors
/// [`SessionError`]; [`CallError::Denied`] when the caller may not sign in.
pub async fn begin_session(pdp: &Pdp, call: &Call, beginning: Beginning) -> Result<Begun, CallError<SessionError>> {
    let mut random = [0; SECRET_BYTES];
    pdp.store.random().fill(&mut random).map_err(|error| CallError::Refused(SessionError::NoRandomness(error)))?;
    let secret = BASE64URL_NOPAD.encode(&random);
    let (id, sha256) = id_of(&secret).ok_or(CallError::Store(StoreError::Closing))?;
    let mut call = call.clone();
    call.said.insert("session".to_owned(), id.as_str().into());
    let token = call.proof.token().cloned();
    let is_going_on = beginning.begun.is_some();
    let (caller, person, new) = (call.caller.clone(), call.person.clone(), id.clone());
    call::change(pdp, &call, "signIn", CallTarget::Installation, move |context, _| {
        let hand = hand(&caller, person.as_ref());
        let ended = context.sessions_ended(&hand)?;
        if beginning.arrived.zip(ended).is_some_and(|(arrived, ended)| arrived <= ended) {
            return Err(SessionError::Ended.into());
        }
        if let Some(from) = &beginning.from
            && context.session(from)?.is_none_or(|from| from.ended.is_some())
        {
            return Err(SessionError::Ended.into());
        }
        let mut metadata = MetadataChanges::default();
        let mut open = context.open_sessions(&hand)?;
        let most = SESSIONS_OF_ONE_MAX.saturating_sub(1);
        for oldest in open.drain(..open.len().saturating_sub(most)) {
            match context.session(&oldest) {
                Ok(Some(session)) => metadata.put_session(&Session { ended: Some(context.at), ..session })?,
                // One that was altered opens nothing.
                Ok(None) | Err(StoreError::Altered(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        open.push(new.clone());
        metadata.put_open_sessions(&hand, &open)?;
        metadata.put_session(&Session {
            id: new.clone(),
            caller: caller.clone(),
            person: person.clone(),
            name: name_of(context, &caller)?,
            token: token.clone(),
            signed_in_at: beginning.signed_in_at.clone(),
            begun: beginning.begun.unwrap_or(context.at).min(context.at),
            proved: beginning.proved.unwrap_or(context.at).min(context.at),
            ended: None,
            sha256,
        })?;
        Ok(Done::metadata(metadata, Changed))
    })
    .await?;
    if is_going_on {
        // It is seen now, however long ago the one began that it goes on from.
        pdp.store.see_session(&id, pdp.store.now()).await.map_err(CallError::Store)?;
    }
    Ok(Begun { id, secret })
}

/// What people call whom a session speaks for.
fn name_of(context: &WriteContext<'_>, caller: &Caller) -> Result<String, StoreError> {
    let name = match caller {
        Caller::Partner { id } => context.view.partner(id)?.map(|kept| kept.fact.name),
        Caller::Customer { id } => context.view.customer(id)?.map(|kept| kept.fact.name),
        Caller::Operator { id, .. } => {
            id.parse().ok().map(|id| context.token(&id)).transpose()?.flatten().and_then(|token| token.name)
        }
        Caller::Visitor => None,
    };
    Ok(name.unwrap_or_else(|| match caller {
        Caller::Operator { id, .. } => id.clone(),
        other => other.to_string(),
    }))
}

/// Ends a session; one that ended already stays so.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not sign out.
pub async fn end_session(
    pdp: &Pdp,
    call: &Call,
    id: &SessionId,
) -> Result<Committed<Changed>, CallError<SessionError>> {
    let mut call = call.clone();
    call.said.insert("session".to_owned(), id.as_str().into());
    let id = id.clone();
    call::change(pdp, &call, "signOut", CallTarget::Installation, move |context, _| {
        let mut metadata = MetadataChanges::default();
        if let Some(session) = context.session(&id)? {
            put_end(context, &mut metadata, session)?;
        }
        Ok(Done::metadata(metadata, Changed))
    })
    .await
}

/// Has a session be over that was not ended before.
pub(super) fn put_end(
    context: &WriteContext<'_>,
    metadata: &mut MetadataChanges,
    session: Session,
) -> Result<Session, StoreError> {
    if session.ended.is_some() {
        return Ok(session);
    }
    let hand = hand(&session.caller, session.person.as_ref());
    match context.open_sessions(&hand) {
        Ok(open) => {
            let open: Vec<_> = open.into_iter().filter(|open| *open != session.id).collect();
            metadata.put_open_sessions(&hand, &open)?;
        }
        // Whoever altered the list must not keep the session from being ended.
        Err(StoreError::Altered(_)) => {}
        Err(error) => return Err(error),
    }
    let session = Session { ended: Some(context.at), ..session };
    metadata.put_session(&session)?;
    Ok(session)
}

/// When a session was seen last, as far as that was written.
fn seen(pdp: &Pdp, session: &Session) -> Result<Timestamp, StoreError> {
    Ok(session.seen_last(pdp.store.session_seen(&session.id)?))
}

/// Does a session open nothing any more: ended, too old, not seen for too long, of a token that is over, or of a provider
/// whose people the settings of now let act as something else?
pub(super) fn is_over(pdp: &Pdp, session: &Session, lasts: SessionSettings) -> Result<bool, StoreError> {
    let now = pdp.store.now();
    let is_by_settings = session
        .signed_in_at
        .as_ref()
        .is_none_or(|at| trust(pdp).provider_of(&at.issuer).is_some_and(|provider| provider.rules() == at.rules));
    Ok(session.ended.is_some()
        || now.duration_since(session.begun) >= lasts.whole()
        || now.duration_since(seen(pdp, session)?) >= lasts.idle()
        || !is_by_settings
        || !is_token_valid(pdp, session.token.as_ref(), now)?)
}

/// The session that is open by a cookie; nothing is noted of it.
fn open_by(pdp: &Pdp, secret: &str, lasts: SessionSettings) -> Result<Option<Session>, StoreError> {
    let Some((id, sha256)) = id_of(secret) else { return Ok(None) };
    let session = match pdp.store.session(&id) {
        Err(error @ StoreError::Altered(_)) => {
            tracing::error!(%error, session = %id, "a session opens nothing");
            None
        }
        found => found?,
    };
    match session.filter(|session| bool::from(session.sha256.ct_eq(&sha256))) {
        Some(session) => Ok((!is_over(pdp, &session, lasts)?).then_some(session)),
        None => Ok(None),
    }
}

/// The session that a cookie opens; nothing for one that is unknown, altered, over, of a token that is, or of a provider
/// whose people the settings of now let act as something else.
///
/// # Errors
/// [`StoreError`] when sessions cannot be read or when it was seen cannot be written; then nobody is let in.
pub async fn open_session(pdp: &Pdp, secret: &str, lasts: SessionSettings) -> Result<Option<OpenSession>, StoreError> {
    let Some(session) = open_by(pdp, secret, lasts)? else { return Ok(None) };
    let (seen, now) = (seen(pdp, &session)?, pdp.store.now());
    if now.duration_since(seen) >= SignedDuration::from_mins(SESSION_SEEN_EVERY_MINUTES).min(lasts.idle() / 6) {
        pdp.store.see_session(&session.id, now).await?;
    }
    let Session { id, caller, person, name, token, signed_in_at, begun, proved, .. } = session;
    let proof = match (token, &signed_in_at) {
        (Some(id), _) => Proof::Token { id },
        (None, Some(at)) => Proof::SignIn { issuer: at.issuer.clone() },
        (None, None) => Proof::Unasked,
    };
    Ok(Some(OpenSession {
        id,
        identity: Identity { caller, person, proof, until: None },
        name,
        begun,
        proved,
        signed_in_at,
    }))
}

/// Does a cookie open a session still? Nothing is noted of it: nobody is there.
///
/// # Errors
/// [`StoreError`] when sessions cannot be read.
pub fn is_session_open(pdp: &Pdp, secret: &str, lasts: SessionSettings) -> Result<bool, StoreError> {
    Ok(open_by(pdp, secret, lasts)?.is_some())
}

/// Is the token that a session began with still valid? A session that began without one has nothing to lose.
fn is_token_valid(pdp: &Pdp, token: Option<&TokenId>, now: Timestamp) -> Result<bool, StoreError> {
    let Some(id) = token else { return Ok(true) };
    let token = token_as_written(pdp, id)?;
    Ok(token.is_some_and(|token| token.is_valid(now)))
}
