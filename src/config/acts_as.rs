//! What somebody may act as whom an issuer knows: rules of the settings.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::domain::words;

words! {
    /// What a call is made as.
    ActingRole {
        /// May do everything.
        Operator = "operator",
        /// Tells facts and reads them.
        Registrar = "registrar",
        /// Asks questions.
        Asker = "asker",
        /// Reads rules and tries changes.
        Reviewer = "reviewer",
        /// Reads everything.
        Auditor = "auditor",
        /// A partner, for itself.
        Partner = "partner",
        /// A customer, for itself.
        Customer = "customer",
    }
}

impl ActingRole {
    /// Does it speak for a partner or a customer that is named besides?
    #[must_use]
    pub fn needs_for(self) -> bool {
        matches!(self, Self::Partner | Self::Customer)
    }
}

/// One thing that somebody may act as, and who may.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActsAs {
    /// What they act as.
    pub role: ActingRole,
    /// The partner or customer they speak for.
    #[serde(rename = "for")]
    pub speaks_for: Option<String>,
    /// The claim that says which partner or customer they speak for, for an issuer of many.
    pub for_claim: Option<String>,
    /// Which ones that claim may name.
    pub for_allowed: Option<ForAllowed>,
    /// What has to be claimed of them.
    pub when: When,
}

/// A claim and what it has to hold.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The name of the claim.
    pub claim: String,
    /// What it has to be, or to have among its members.
    pub has: String,
}

/// Which partners or customers a claim may name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ForAllowed {
    /// Whichever it names.
    Any,
    /// These alone.
    Listed(Vec<String>),
}

impl<'de> Deserialize<'de> for ForAllowed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Word(String),
            List(Vec<String>),
        }
        match Written::deserialize(deserializer)? {
            Written::Word(word) if word == "any" => Ok(Self::Any),
            Written::Word(word) => Err(D::Error::custom(format!("`{word}` is neither a list of ids nor `any`"))),
            Written::List(ids) => Ok(Self::Listed(ids)),
        }
    }
}

impl ActsAs {
    /// What cannot be.
    pub(super) fn fault(&self) -> Option<String> {
        let role = self.role;
        let Self { speaks_for, for_claim, for_allowed, when, .. } = self;
        if when.claim.is_empty() || when.has.is_empty() {
            return Some("`when` needs a `claim` and what it `has`".to_owned());
        }
        if !role.needs_for() {
            let is_said = speaks_for.is_some() || for_claim.is_some() || for_allowed.is_some();
            return is_said
                .then(|| format!("role `{role}` speaks for nobody; leave `for`, `for_claim` and `for_allowed` out"));
        }
        match (speaks_for, for_claim, for_allowed) {
            (Some(id), None, None) => id_fault(role, id),
            (None, Some(claim), Some(ForAllowed::Listed(ids))) if !claim.is_empty() => {
                ids.iter().find_map(|id| id_fault(role, id))
            }
            (None, Some(claim), Some(ForAllowed::Any)) if !claim.is_empty() => None,
            _ => Some(format!(
                "role `{role}` needs `for`, the id of the {role}; or `for_claim` with `for_allowed`, a list of ids or `any`"
            )),
        }
    }
}

/// What is wrong with the id of a partner or customer.
pub(super) fn id_fault(role: ActingRole, id: &str) -> Option<String> {
    // Both kinds of ids are written alike.
    id.parse::<crate::id::PartnerId>().err().map(|error| format!("the {role} `{id}` cannot be: {error}"))
}
