//! Access tokens: created, shown once, stored only as a hash, listed, revoked; and the caller each identifies.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::token_error::TokenError;
use crate::caller::{Caller, Identity, Person, Proof};
use crate::clock::Timestamp;
use crate::facts::Role;
use crate::id::{CustomerId, PartnerId, TokenId};
use crate::limits::{TOKEN_DAYS, TOKEN_NAME_LENGTH_MAX, TOKEN_PERSON_LENGTH_MAX};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done, Response, Undone};
use crate::pdp::wrong_credentials::token_as_written;
use crate::store::{Maker, MetadataChanges, StoreError, Token, WriteContext};

/// How a token begins, so that one that leaks is found by those who look for leaked secrets.
const PREFIX: &str = "standing";
const SECRET_BYTES: usize = 32;
const ID_BYTES: usize = 8;

/// Whom a token is to speak for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Speaker {
    /// Somebody who runs or reads the service.
    Role(Role),
    /// A partner, for itself.
    Partner(PartnerId),
    /// A customer's administrator, for the customer.
    Customer(CustomerId),
}

impl Speaker {
    fn caller(&self, id: &TokenId) -> Caller {
        match self {
            Self::Role(role) => Caller::Operator { id: id.to_string(), role: *role },
            Self::Partner(id) => Caller::Partner { id: id.clone() },
            Self::Customer(id) => Caller::Customer { id: id.clone() },
        }
    }
}

/// A token that is to be created.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewToken {
    /// Whom it speaks for.
    pub speaks_for: Speaker,
    /// What people call it; the role and a number when nothing is said.
    pub name: Option<String>,
    /// Whose it is; a person of its own when nothing is said.
    pub person: Option<String>,
    /// When it ends by itself; after [`TOKEN_DAYS`] when nothing is said.
    pub expires: Option<Timestamp>,
}

impl NewToken {
    /// A token that speaks for `speaks_for`, with nothing else said of it.
    #[must_use]
    pub fn of(speaks_for: Speaker) -> Self {
        Self { speaks_for, name: None, person: None, expires: None }
    }
}

/// A token as it is shown once, when it is created.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IssuedToken {
    /// Its public id, for listing and revoking.
    #[schema(value_type = String)]
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// The token itself; it is stored nowhere.
    pub token: String,
    /// Who it speaks for, for example `partner:contoso`.
    pub role: String,
    /// Whose it is.
    pub person: String,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

impl IssuedToken {
    /// A new token as it is listed, and what is shown of it once.
    pub(super) fn of(listed: TokenSummary, token: String) -> Self {
        let TokenSummary { id, name, role, person, expires, .. } = listed;
        Self { id, name: name.unwrap_or_default(), token, role, person, expires }
    }
}

/// A token as it is listed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenSummary {
    /// Its public id.
    #[schema(value_type = String)]
    pub id: TokenId,
    /// What people call it; tokens of an earlier day have no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who it speaks for.
    pub role: String,
    /// Whose it is: what four eyes are counted by.
    pub person: String,
    /// The token that created it; nothing when it was created beside the server.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<TokenId>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    /// The token that it replaced.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<TokenId>,
    /// When it was last used, to within a few minutes.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
}

fn role_of(caller: &Caller) -> String {
    match caller {
        Caller::Operator { role, .. } => role.to_string(),
        other => other.to_string(),
    }
}

pub(super) fn person_of(token: &Token) -> Person {
    Person::of_token(token.person.as_deref().unwrap_or(token.id.as_str()))
}

pub(super) fn summary(token: &Token) -> TokenSummary {
    TokenSummary {
        id: token.id.clone(),
        name: token.name.clone(),
        role: role_of(&token.caller),
        person: person_of(token).subject,
        made_by: token.made_by.clone(),
        created: token.created,
        expires: token.expires,
        revoked: token.revoked,
        replaces: token.replaces.clone(),
        last_used: None,
    }
}

/// Checks that a name can be read in a list.
fn readable(member: &'static str, text: Option<&str>, most: usize) -> Result<(), TokenError> {
    let is_readable = |text: &str| {
        (1..=most).contains(&text.chars().count()) && text.trim() == text && !text.chars().any(char::is_control)
    };
    match text {
        Some(text) if !is_readable(text) => Err(TokenError::Unreadable { member, most }),
        _ => Ok(()),
    }
}

/// Checks that whom a token is to speak for is there.
fn known(context: &WriteContext<'_>, speaks_for: &Speaker) -> Result<(), CallError<TokenError>> {
    let unknown = match speaks_for {
        Speaker::Role(_) => None,
        Speaker::Partner(id) => context.view.partner(id)?.is_none().then(|| id.to_string()),
        Speaker::Customer(id) => context.view.customer(id)?.is_none().then(|| id.to_string()),
    };
    unknown.map_or(Ok(()), |id| Err(TokenError::UnknownSpeaker(id).into()))
}

/// What the record of a call about a token states.
pub(super) fn said_of(token: &Token) -> impl Iterator<Item = (String, Value)> {
    let TokenSummary { id, name, role, person, expires, .. } = summary(token);
    [
        ("token", Some(id.to_string())),
        ("name", name),
        ("role", Some(role)),
        ("person", Some(person)),
        ("expires", expires.map(|expires| expires.to_string())),
    ]
    .into_iter()
    .filter_map(|(member, value)| Some((member.to_owned(), value?.into())))
}

/// Stores a token as it is now.
fn put(token: &Token) -> Result<Done<TokenSummary>, Undone<TokenError>> {
    let mut metadata = MetadataChanges::default();
    metadata.put_token(token)?;
    let mut done = Done::metadata(metadata, summary(token));
    done.said.extend(said_of(token));
    Ok(done)
}

/// A new token: its public name, the hash of its secret, and what is shown once.
pub(super) struct Secret {
    pub(super) id: TokenId,
    pub(super) sha256: [u8; 32],
    pub(super) shown: String,
}

impl Secret {
    pub(super) fn make(pdp: &Pdp) -> Result<Self, CallError<TokenError>> {
        let mut random = [0; SECRET_BYTES + ID_BYTES];
        let filled = pdp.store.random().fill(&mut random);
        filled.map_err(|error| CallError::Refused(TokenError::NoRandomness(error)))?;
        let (secret, id) = random.split_at(SECRET_BYTES);
        let id: TokenId = HEXLOWER.encode(id).parse().map_err(|_| CallError::Store(StoreError::Closing))?;
        let secret = BASE64URL_NOPAD.encode(secret);
        let sha256 = Sha256::digest(secret.as_bytes()).into();
        Ok(Self { sha256, shown: format!("{PREFIX}_{id}_{secret}"), id })
    }
}

/// When a token ends of which nothing else is said.
pub(super) fn usual_end(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(24 * TOKEN_DAYS)).unwrap_or(now)
}

/// Who creates a token by a call, where another issuer or a certificate says who makes it.
pub(super) fn maker_of(call: &Call) -> Option<Maker> {
    match call.proof {
        Proof::Jwt { .. } | Proof::SignIn { .. } | Proof::Certificate { .. } => {
            Some(Maker { caller: call.caller.clone(), person: call.person.clone() })
        }
        // A token is named itself; whoever opens the socket, or is asked nothing, is nobody in particular.
        Proof::Token { .. } | Proof::Socket | Proof::Unasked | Proof::Service => None,
    }
}

/// Creates a token; the secret is in the answer and nowhere else.
///
/// # Errors
/// [`TokenError`]; [`CallError::Denied`] when the caller may not create tokens.
pub async fn create_token(
    pdp: &Pdp,
    call: &Call,
    new: NewToken,
) -> Result<Committed<IssuedToken>, CallError<TokenError>> {
    let Secret { id, sha256, shown } = Secret::make(pdp)?;
    let (made_by, maker) = (call.proof.token().cloned(), maker_of(call));
    let changed = call::change(pdp, call, "createToken", CallTarget::Installation, move |context, _| {
        let NewToken { speaks_for, name, person, expires } = new.clone();
        readable("name", name.as_deref(), TOKEN_NAME_LENGTH_MAX)?;
        readable("person", person.as_deref(), TOKEN_PERSON_LENGTH_MAX)?;
        known(context, &speaks_for)?;
        let now = context.at;
        if let Some(expires) = expires.filter(|expires| *expires <= now) {
            return Err(TokenError::Expired { expires, now }.into());
        }
        let expires = Some(expires.unwrap_or_else(|| usual_end(now)));
        let caller = speaks_for.caller(&id);
        let role = role_of(&caller);
        let name = match name {
            Some(name) => name,
            None => {
                let others = context.tokens_of(|other| role_of(other) == role)?;
                format!("{role} {}", others + 1)
            }
        };
        let (id, name, made_by, maker) = (id.clone(), Some(name), made_by.clone(), maker.clone());
        let (created, revoked, replaces) = (now, None, None);
        let token = Token { id, caller, name, person, made_by, maker, created, expires, revoked, replaces, sha256 };
        put(&token)
    })
    .await?;
    let value = IssuedToken::of(changed.value, shown);
    Ok(Committed { value, revision: changed.revision, is_repeat: false, seqs: changed.seqs })
}

/// Revokes a token; again changes nothing.
///
/// # Errors
/// [`TokenError::Unknown`]; [`CallError::Denied`] when the caller may not revoke tokens.
pub async fn revoke_token(
    pdp: &Pdp,
    call: &Call,
    id: &TokenId,
) -> Result<Committed<TokenSummary>, CallError<TokenError>> {
    let mut call = call.clone();
    call.said.insert("token".to_owned(), id.as_str().into());
    let id = id.clone();
    call::change(pdp, &call, "revokeToken", CallTarget::Installation, move |context, _| {
        let known = context.token(&id)?;
        let mut token = known.ok_or_else(|| TokenError::Unknown(id.clone()))?;
        if token.revoked.is_some() {
            let mut done = Done::metadata(MetadataChanges::default(), summary(&token));
            done.said.extend(said_of(&token));
            return Ok(done);
        }
        token.revoked = Some(context.at);
        put(&token)
    })
    .await
}

/// Lists every token, without its secret.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not list tokens.
pub async fn tokens(pdp: &Pdp, call: &Call) -> Result<Response<Vec<TokenSummary>>, CallError<TokenError>> {
    call::read(pdp, call, "listTokens", &CallTarget::Installation, |_, _| {
        let uses = pdp.store.token_uses()?;
        let used = |token| {
            let summary = summary(token);
            TokenSummary { last_used: uses.get(&summary.id).copied(), ..summary }
        };
        Ok(pdp.store.tokens()?.iter().map(used).collect())
    })
    .await
}

/// Is there no token at all, as at the first start?
///
/// # Errors
/// [`StoreError`] when they cannot be read.
pub fn has_no_tokens(pdp: &Pdp) -> Result<bool, StoreError> {
    Ok(!pdp.store.has_tokens()?)
}

/// Who a token speaks for and whose it is; nothing for one that is unknown, altered, expired or revoked.
///
/// # Errors
/// [`StoreError`] when tokens cannot be read; then nobody is let in.
pub fn authenticate(pdp: &Pdp, token: &str) -> Result<Option<Identity>, StoreError> {
    match token.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('_')).and_then(|rest| rest.split_once('_')) {
        Some((id, secret)) => authenticate_pair(pdp, id, secret),
        None => Ok(None),
    }
}

/// Who a token's id and secret speak for, and whose they are; the secret may be given as the whole token.
///
/// # Errors
/// [`StoreError`] when tokens cannot be read; then nobody is let in.
pub fn authenticate_pair(pdp: &Pdp, id: &str, secret: &str) -> Result<Option<Identity>, StoreError> {
    let whole = secret.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('_'));
    let of_whole = whole.and_then(|rest| rest.strip_prefix(id)).and_then(|rest| rest.strip_prefix('_'));
    let secret = of_whole.unwrap_or(secret);
    let now = pdp.store.now();
    let known = &pdp.settings.known_tokens;
    if let Some(token) = known.get(&pdp.store, id)
        && let Some(identity) = proven(&token, secret, now)
    {
        return Ok(Some(identity));
    }
    // What is not known, or has another secret than what is, is looked at as it is written.
    let Ok(id) = id.parse::<TokenId>() else { return Ok(None) };
    let read_at = known.read_at();
    let Some(token) = token_as_written(pdp, &id)? else { return Ok(None) };
    let identity = proven(&token, secret, now);
    if identity.is_some() {
        known.keep(read_at, token);
    }
    Ok(identity)
}

/// Notes that a token was used. Whether that can be written decides nothing.
pub fn note_token_use(pdp: &Pdp, id: &TokenId) {
    let now = pdp.now();
    if pdp.settings.token_uses.is_due(id, now)
        && let Err(error) = pdp.store.note_token_use(id, now)
    {
        tracing::debug!(%error, token = %id, "the use of a token was not written");
    }
}

/// Who a token speaks for and whose it is, where this is its secret and it is valid.
fn proven(token: &Token, secret: &str, now: Timestamp) -> Option<Identity> {
    let is_right: bool = Sha256::digest(secret.as_bytes()).as_slice().ct_eq(&token.sha256).into();
    (is_right && token.is_valid(now)).then(|| Identity {
        caller: token.caller.clone(),
        person: Some(person_of(token)),
        proof: Proof::Token { id: token.id.clone() },
        // The token is looked at itself.
        until: None,
    })
}
