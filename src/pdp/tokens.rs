//! Access tokens: created, shown once, stored only as a hash, listed, revoked; and what they say of a caller.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::Pdp;
use super::call::{About, Call, CallError, Coded, Told, admit};
use crate::audit::Recorded;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::id::TokenId;
use crate::store::{StoreError, Token};

/// How a token begins, so that one that leaks is found by those who look for leaked secrets.
const PREFIX: &str = "standing";
const SECRET_BYTES: usize = 32;
const ID_BYTES: usize = 8;

/// A token as it is shown once, when it is created.
#[derive(Clone, Serialize, ToSchema)]
pub struct IssuedToken {
    /// Its public name, for listing and revoking.
    #[schema(value_type = String)]
    pub id: TokenId,
    /// The token itself; it is stored nowhere.
    pub token: String,
    /// Who it speaks for, for example `partner:contoso`.
    pub role: String,
}

/// A token as it is listed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct TokenSummary {
    /// Its public name.
    #[schema(value_type = String)]
    pub id: TokenId,
    /// Who it speaks for.
    pub role: String,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
}

/// Why a token cannot be created, listed or revoked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no token of that name.
    #[error("token `{0}` is not known; list the tokens for their names")]
    Unknown(TokenId),
    /// The end is not in the future.
    #[error("`expires` `{expires}` has passed, it is `{now}`; give a later one or none")]
    Expired {
        /// The end.
        expires: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}; no token was made")]
    NoRandomness(getrandom::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Coded for TokenError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_token",
            Self::Expired { .. } => "end_date_passed",
            Self::NoRandomness(_) => "no_randomness",
            Self::Store(_) => "unavailable",
        }
    }

    fn store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

fn role_of(caller: &Caller) -> String {
    match caller {
        Caller::Operator { role, .. } => role.to_string(),
        other => other.to_string(),
    }
}

fn summary(token: Token) -> TokenSummary {
    let Token { id, caller, created, expires, revoked, .. } = token;
    TokenSummary { id, role: role_of(&caller), created, expires, revoked }
}

impl Pdp {
    /// Creates a token that speaks for whoever `speaks_for` makes of its name; the secret is in the answer and nowhere
    /// else.
    ///
    /// # Errors
    /// [`TokenError`]; [`CallError::Denied`] for whoever may not manage tokens.
    pub async fn create_token(
        &self,
        call: &Call,
        speaks_for: impl FnOnce(&TokenId) -> Caller,
        expires: Option<Timestamp>,
    ) -> Result<Told<IssuedToken>, CallError<TokenError>> {
        let admitted = self.may_manage(call).await?;
        let now = self.store.now();
        if let Some(expires) = expires.filter(|expires| *expires <= now) {
            return Err(CallError::Failed(TokenError::Expired { expires, now }));
        }
        let mut random = [0; SECRET_BYTES + ID_BYTES];
        getrandom::fill(&mut random).map_err(|error| CallError::Failed(TokenError::NoRandomness(error)))?;
        let (secret, name) = random.split_at(SECRET_BYTES);
        let id: TokenId = HEXLOWER.encode(name).parse().map_err(|_| CallError::Unavailable(StoreError::Closing))?;
        let secret = BASE64URL_NOPAD.encode(secret);
        let caller = speaks_for(&id);
        let token = Token {
            id: id.clone(),
            caller: caller.clone(),
            created: now,
            expires,
            revoked: None,
            sha256: Sha256::digest(secret.as_bytes()).into(),
        };
        let issued = IssuedToken { token: format!("{PREFIX}_{id}_{secret}"), id, role: role_of(&caller) };
        let seqs = self.put(admitted, token).await?;
        Ok(Told { value: issued, revision: self.revision(), seqs, rules: self.rules().digest().clone() })
    }

    /// Revokes a token; again changes nothing.
    ///
    /// # Errors
    /// [`TokenError::Unknown`]; [`CallError::Denied`] for whoever may not manage tokens.
    pub async fn revoke_token(&self, call: &Call, id: &TokenId) -> Result<Told<TokenSummary>, CallError<TokenError>> {
        let admitted = self.may_manage(call).await?;
        let known = self.store.token(id).map_err(CallError::Unavailable)?;
        let mut token = known.ok_or_else(|| CallError::Failed(TokenError::Unknown(id.clone())))?;
        token.revoked.get_or_insert(self.store.now());
        let seqs = self.put(admitted, token.clone()).await?;
        Ok(Told { value: summary(token), revision: self.revision(), seqs, rules: self.rules().digest().clone() })
    }

    /// Lists every token, without its secret.
    ///
    /// # Errors
    /// [`CallError::Denied`] for whoever may not manage tokens.
    pub async fn tokens(&self, call: &Call) -> Result<Told<Vec<TokenSummary>>, CallError<TokenError>> {
        self.tell(call, "manageTokens", &About::Installation, |_, _| {
            Ok(self.store.tokens()?.into_iter().map(summary).collect())
        })
        .await
    }

    /// Is there no token at all, as at the first start?
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn has_no_tokens(&self) -> Result<bool, StoreError> {
        Ok(self.store.tokens()?.is_empty())
    }

    /// The record of a caller that may manage tokens; whoever may not is recorded and refused before anything is
    /// looked up.
    async fn may_manage(&self, call: &Call) -> Result<Recorded, CallError<TokenError>> {
        let (record, permit) = {
            let rules = self.rules();
            let snapshot = self.store.snapshot().map_err(CallError::Unavailable)?;
            let now = self.store.now();
            let about = About::Installation;
            let admission = admit(&rules, &snapshot.view(), now, &call.caller, "manageTokens", &about)
                .map_err(CallError::Unavailable)?;
            let permit = admission.permit();
            (admission.record(call, &rules).recorded()?, permit)
        };
        match permit {
            Ok(_) => Ok(record),
            Err(denied) => {
                self.store.append(vec![record]).await.map_err(CallError::Unavailable)?;
                Err(CallError::Denied(denied))
            }
        }
    }

    async fn put(&self, record: Recorded, token: Token) -> Result<Vec<crate::id::Seq>, CallError<TokenError>> {
        Ok(self.store.put_token(token, vec![record]).await.map_err(CallError::Unavailable)?.seqs)
    }

    /// Who a token speaks for; nothing for one that is unknown, altered, expired or revoked.
    ///
    /// # Errors
    /// [`StoreError`] when tokens cannot be read; then nobody is let in.
    pub fn authenticate(&self, token: &str) -> Result<Option<Caller>, StoreError> {
        match token.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('_')).and_then(|rest| rest.split_once('_')) {
            Some((id, secret)) => self.authenticate_pair(id, secret),
            None => Ok(None),
        }
    }

    /// Who a token's name and secret speak for; the secret may be given as the whole token.
    ///
    /// # Errors
    /// [`StoreError`] when tokens cannot be read; then nobody is let in.
    pub fn authenticate_pair(&self, id: &str, secret: &str) -> Result<Option<Caller>, StoreError> {
        let whole = format!("{PREFIX}_{id}_");
        let secret = secret.strip_prefix(&whole).unwrap_or(secret);
        let Ok(id) = id.parse::<TokenId>() else { return Ok(None) };
        let Some(token) = self.store.token(&id)? else { return Ok(None) };
        let is_right: bool = Sha256::digest(secret.as_bytes()).as_slice().ct_eq(&token.sha256).into();
        let now = self.store.now();
        let is_valid = token.revoked.is_none() && token.expires.is_none_or(|expires| now < expires);
        Ok((is_right && is_valid).then_some(token.caller))
    }
}
