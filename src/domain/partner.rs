//! A partner: who asks customers for a reseller relationship and sells to them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{NounError, text, words};
use crate::id::{MpnId, PartnerId};

words! {
    /// How a partner takes part in the programme.
    PartnerKind {
        /// Sells to customers and is billed for it.
        DirectBill = "directBill",
        /// Sells through indirect resellers, and owns their relationships.
        IndirectProvider = "indirectProvider",
        /// Works with customers of an indirect provider; does not transact and has no link of its own.
        IndirectReseller = "indirectReseller",
        /// Advises customers and may administer for them; does not transact.
        Advisor = "advisor",
    }
}

impl PartnerKind {
    /// Does a partner of this kind sell, so that at most one of them administers a service?
    #[must_use]
    pub fn transacts(self) -> bool {
        matches!(self, Self::DirectBill | Self::IndirectProvider)
    }
}

words! {
    /// Whether a partner's account is in good standing.
    PartnerStatus {
        /// In good standing.
        Active = "active",
        /// Suspended for non-payment.
        Suspended = "suspended",
    }
}

/// A partner as it is registered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Partner {
    /// The partner's tenant.
    #[serde(alias = "partner")]
    pub id: PartnerId,
    /// Its display name.
    #[schema(min_length = 1, max_length = 1024, pattern = r"^[^\u0000-\u001F\u007F-\u009F]+$")]
    pub name: String,
    /// How it takes part in the programme.
    pub kind: PartnerKind,
    /// Whether its account is in good standing.
    pub status: PartnerStatus,
    /// Its number in the partner network, which is what a partner of record is named by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mpn_id: Option<MpnId>,
    /// The indirect provider an indirect reseller works with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<PartnerId>,
}

impl Partner {
    /// Checks what the types cannot: texts and a provider that is somebody else.
    ///
    /// # Errors
    /// A [`NounError`] that names the member.
    pub fn check(&self) -> Result<(), NounError> {
        text("name", &self.name)?;
        if self.provider.as_ref() == Some(&self.id) {
            return Err(NounError::OwnProvider(self.id.clone()));
        }
        Ok(())
    }
}
