//! Replaces an access token by a new one that speaks for the same and is of the same person; both are good for a while,
//! so that whoever holds it need not stop.

use jiff::SignedDuration;

use super::token_error::TokenError;
use super::tokens::{IssuedToken, Secret, maker_of, person_of, said_of, summary, usual_end};
use crate::caller::Caller;
use crate::id::TokenId;
use crate::limits::TOKEN_OVERLAP_DAYS_MAX;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done};
use crate::store::{MetadataChanges, Token};

/// Replaces a token; the old one ends when `overlap` is over, or at its own end where that is before.
///
/// # Errors
/// [`TokenError`]; [`CallError::Denied`] when the caller may not replace tokens.
pub async fn rotate_token(
    pdp: &Pdp,
    call: &Call,
    id: &TokenId,
    overlap: SignedDuration,
) -> Result<Committed<IssuedToken>, CallError<TokenError>> {
    let Secret { id: new_id, sha256, shown } = Secret::make(pdp)?;
    let (rotator, maker) = (call.proof.token().cloned(), maker_of(call));
    let mut call = call.clone();
    call.said.insert("replaces".to_owned(), id.as_str().into());
    let old_id = id.clone();
    let changed = call::change(pdp, &call, "rotateToken", CallTarget::Installation, move |context, _| {
        let now = context.at;
        let known = context.token(&old_id)?;
        let old = known.ok_or_else(|| TokenError::Unknown(old_id.clone()))?;
        if !old.is_valid(now) {
            return Err(TokenError::Ended(old_id.clone()).into());
        }
        if overlap.is_negative() || overlap > SignedDuration::from_hours(24 * TOKEN_OVERLAP_DAYS_MAX) {
            return Err(TokenError::Overlap.into());
        }
        let caller = match &old.caller {
            Caller::Operator { role, .. } => Caller::Operator { id: new_id.to_string(), role: *role },
            other => other.clone(),
        };
        let new = Token {
            id: new_id.clone(),
            caller,
            name: old.name.clone(),
            // The same one, where the old token was a person of its own, too.
            person: Some(person_of(&old).subject),
            made_by: rotator.clone(),
            maker: maker.clone(),
            created: now,
            expires: Some(usual_end(now)),
            revoked: None,
            replaces: Some(old_id.clone()),
            sha256,
        };
        let ends = now.checked_add(overlap).unwrap_or(now);
        let ends = old.expires.map_or(ends, |expires| expires.min(ends));
        let mut metadata = MetadataChanges::default();
        metadata.put_token(&new)?;
        metadata.put_token(&Token { expires: Some(ends), ..old })?;
        let mut done = Done::metadata(metadata, summary(&new));
        done.said.extend(said_of(&new));
        Ok(done)
    })
    .await?;
    let value = IssuedToken::of(changed.value, shown);
    Ok(Committed { value, revision: changed.revision, is_repeat: false, seqs: changed.seqs })
}
