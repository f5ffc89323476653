//! A call that is refused by what was found before it was decided.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::pdp::Pdp;
use crate::pdp::call::{Call, CallError, CallTarget, Coded, Committed, change};

/// What a record needs of an error: it can be said again, which an error cannot.
struct Found(&'static str);

impl Coded for Found {
    fn code(&self) -> &'static str {
        self.0
    }
}

/// Refuses a call with `error`, and records that, unless the rules refuse it or it was answered before.
pub(crate) async fn refuse<T, E>(
    pdp: &Pdp,
    call: &Call,
    action: &'static str,
    target: CallTarget,
    error: impl Into<CallError<E>>,
) -> Result<Committed<T>, CallError<E>>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    E: Coded,
{
    let error = match error.into() {
        CallError::Refused(error) => error,
        other => return Err(other),
    };
    let code = error.code();
    let refused = change(pdp, call, action, target, move |_, _| Err(Found(code).into())).await;
    refused.map_err(|refused| refused.map(|_| error))
}
