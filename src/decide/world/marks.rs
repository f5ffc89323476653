//! Marks of attributes that say whether a caller may claim them.

use super::world_error::WorldError;
use crate::policy::Bundle;

/// Refuses marks that say more than that an attribute is claimable: what is meant by them is not known.
pub(super) fn check_marks(bundle: &Bundle) -> Result<(), WorldError> {
    for (kind, shape) in bundle.vocabulary().entities() {
        for (name, attribute) in shape {
            if let Some(said) = attribute.claimable.as_ref().filter(|said| !said.is_empty()) {
                return Err(WorldError::Mark { attribute: format!("{kind}.{name}"), said: said.clone() });
            }
        }
    }
    Ok(())
}
