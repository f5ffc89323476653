//! The first operator token: in a file that only its owner reads, and good for a day.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use super::ended::Failure;
use crate::caller::Identity;
use crate::change;
use crate::change::tokens::{NewToken, Speaker};
use crate::facts::Role;
use crate::files::{SECRET, replace};
use crate::pdp::Pdp;
use crate::pdp::call::Call;

const FILE_NAME: &str = "first-operator-token";
/// How long it is good: until somebody has made others with it.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Makes the first token where there is none yet, and says in which file it stands: what is printed ends in journals.
pub(super) async fn first_token(pdp: &Pdp, data: &Path) -> Result<Option<PathBuf>, Failure> {
    if !change::tokens::has_no_tokens(pdp)? {
        return Ok(None);
    }
    let path = data.join(FILE_NAME);
    let ends = pdp.now().checked_add(GOOD_FOR)?;
    let first = NewToken { expires: Some(ends), ..NewToken::of(Speaker::Role(Role::Operator)) };
    let first = change::tokens::create_token(pdp, &Call::by(Identity::service()), first).await?;
    replace(&path, SECRET, format!("{}\n", first.value.token).as_bytes())
        .map_err(|error| Failure::failed(format!("cannot write the first token to `{}`: {error}", path.display())))?;
    Ok(Some(path))
}
