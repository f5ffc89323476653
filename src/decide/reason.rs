//! Why an answer is no: a closed, documented list of codes, and the sentence that goes with each.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::facts::Unknown;
use crate::policy::Bundle;

/// The code of a refusal.
///
/// The codes below are built in; a forbid brings its own with `@reason`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(Cow<'static, str>);

macro_rules! reasons {
    ($($name:ident = $code:literal, $sentence:literal;)*) => {
        impl Reason {
            $(#[doc = concat!("`", $code, "`: ", $sentence, ".")]
            pub const $name: Self = Self(Cow::Borrowed($code));)*

            /// Every built-in code with its sentence, in the order of precedence.
            pub const BUILT_IN: &'static [(&'static str, &'static str)] = &[$(($code, $sentence)),*];
        }
    };
}

reasons! {
    UNKNOWN_SUBJECT = "unknown_subject", "the subject is of a type that is not known here";
    UNKNOWN_PARTNER = "unknown_partner", "the partner is not known";
    UNKNOWN_OPERATOR = "unknown_operator", "the operator is not known";
    UNKNOWN_ACTION = "unknown_action", "the action is not known";
    UNKNOWN_RESOURCE = "unknown_resource", "the resource is of a type that is not known here";
    UNKNOWN_CUSTOMER = "unknown_customer", "the customer is not known";
    UNKNOWN_SERVICE = "unknown_service", "no grant or subscription names that service of the customer";
    UNKNOWN_SUBSCRIPTION = "unknown_subscription", "the subscription is not known";
    INVALID_FACT = "invalid_fact", "a fact holds a word that the schema of the rules leaves out, so nothing is allowed";
    ACTION_NOT_APPLICABLE = "action_not_applicable", "a subject of that type cannot do this to a resource of that type";
    INVALID_PROPERTY = "invalid_property", "a property or a member of the context is not of the declared type";
    RULE_ERROR = "rule_error", "a rule could not be evaluated, so nothing is allowed";
    PARTNER_SUSPENDED = "partner_suspended", "the partner's account is suspended";
    SUBSCRIPTION_STATUS_NOT_ACTIVE = "subscription_status_not_active", "the subscription or its parent is not active";
    NO_RELATIONSHIP = "no_relationship", "the partner neither sold this nor administers it, and has no commercial relationship with the customer";
    DELEGATED_ADMIN_PERMISSIONS_DISABLED = "delegated_admin_permissions_disabled", "the customer has not delegated administration of this service to the partner; request a reseller relationship to restore it";
    COMMERCIAL_RELATIONSHIP_ENDED = "commercial_relationship_ended", "the commercial relationship of the customer and the partner has ended";
    NOT_ORIGINAL_RESELLER = "not_original_reseller", "only the original reseller of the subscription may do this";
    NOT_PERMITTED = "not_permitted", "no rule permits this";
}

impl Reason {
    /// The code as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Every code a set of rules can give: the built-in ones, and those its forbids bring.
    #[must_use]
    pub fn all_of(bundle: &Bundle) -> BTreeSet<&str> {
        let defined = bundle.rules().filter_map(|rule| rule.reason.as_deref());
        Self::BUILT_IN.iter().map(|(code, _)| *code).chain(defined).collect()
    }

    /// The code a forbid brings.
    pub(crate) fn of_rule(code: &str) -> Self {
        Self(Cow::Owned(code.to_owned()))
    }

    /// The code for something that is not known.
    pub(crate) fn of_unknown(unknown: Unknown) -> Self {
        Self(Cow::Borrowed(unknown.as_str()))
    }

    /// The sentence of a built-in code.
    #[must_use]
    pub fn sentence(&self) -> Option<&'static str> {
        Self::BUILT_IN.iter().find_map(|(code, sentence)| (*code == self.0).then_some(*sentence))
    }
}

impl PartialSchema for Reason {
    fn schema() -> RefOr<Schema> {
        let words = ObjectBuilder::new().schema_type(Type::String);
        let words = words.description(Some("Why an answer is no: one of the codes that the rules in force can give"));
        words.enum_values(Some(Self::BUILT_IN.iter().map(|(code, _)| *code))).into()
    }
}

impl ToSchema for Reason {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
