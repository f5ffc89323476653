//! How a schema says a sale: as the attribute `sale` of a subscription, or, as in sets of an earlier day, as
//! `originalReseller` and `commercialRelationship`.
//!
//! Both say the same, so a rule in the words of one schema can be said in those of the other. A claim in force is held
//! against a set of either kind that way.

use cedar_policy::Policy;
use serde_json::{Map, Value, json};

use super::vocabulary::Vocabulary;
use crate::question::Kind;

/// The attribute that says a sale as a whole.
pub(crate) const SALE: &str = "sale";
/// Its member that says who sold.
pub(crate) const RESELLER: &str = "reseller";
/// Its member that says whether the commercial relationship of the customer and the reseller stands.
pub(crate) const RELATIONSHIP: &str = "relationship";
/// What said who sold.
pub(crate) const ORIGINAL_RESELLER: &str = "originalReseller";
/// What said whether the commercial relationship stands.
pub(crate) const COMMERCIAL_RELATIONSHIP: &str = "commercialRelationship";

/// How a schema says a sale.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SaleWords {
    /// `sale`, with `reseller` and `relationship`.
    Together,
    /// `originalReseller` and `commercialRelationship`.
    Apart,
}

impl SaleWords {
    /// Both.
    pub(crate) const ALL: &[Self] = &[Self::Together, Self::Apart];

    /// How that schema says it: apart if one of the two attributes is there and `sale` is not.
    pub(crate) fn of(vocabulary: &Vocabulary) -> Self {
        let has = |name: &str| {
            vocabulary.entity(Kind::Subscription.as_str()).is_some_and(|attributes| attributes.contains_key(name))
        };
        if !has(SALE) && (has(ORIGINAL_RESELLER) || has(COMMERCIAL_RELATIONSHIP)) {
            Self::Apart
        } else {
            Self::Together
        }
    }

    /// The attribute of the other words that a schema has besides, if it has one.
    pub(crate) fn mixed_with(self, vocabulary: &Vocabulary) -> Option<&'static str> {
        let attributes = vocabulary.entity(Kind::Subscription.as_str())?;
        let other = match self {
            Self::Together => &[ORIGINAL_RESELLER, COMMERCIAL_RELATIONSHIP][..],
            Self::Apart => &[SALE],
        };
        other.iter().copied().find(|name| attributes.contains_key(*name))
    }

    /// The condition under which what stands at a path was sold.
    pub(crate) fn sold(self, at: &str) -> String {
        match self {
            Self::Together => format!("{at} has {SALE}"),
            Self::Apart => format!("{at} has {ORIGINAL_RESELLER}"),
        }
    }

    /// Who sold what stands at a path.
    pub(crate) fn reseller(self, at: &str) -> String {
        match self {
            Self::Together => format!("{at}.{SALE}.{RESELLER}"),
            Self::Apart => format!("{at}.{ORIGINAL_RESELLER}"),
        }
    }

    /// How the commercial relationship stands of who sold what stands at a path, once it is known that somebody did.
    pub(crate) fn relationship(self, at: &str) -> String {
        match self {
            Self::Together => format!("{at}.{SALE}.{RELATIONSHIP}"),
            Self::Apart => format!("{at}.{COMMERCIAL_RELATIONSHIP}"),
        }
    }

    /// The rule in these words; nothing where it speaks of a sale as a whole, which the other words cannot.
    pub(crate) fn restated(self, policy: &Policy) -> Option<Policy> {
        let json = policy.to_json().ok()?;
        let said = self.said(&json)?;
        if said == json {
            return Some(policy.clone());
        }
        Policy::from_json(Some(policy.id().clone()), said).ok()
    }

    /// The same for a rule as JSON.
    pub(super) fn said(self, node: &Value) -> Option<Value> {
        match node {
            Value::Array(items) => {
                items.iter().map(|item| self.said(item)).collect::<Option<Vec<_>>>().map(Value::Array)
            }
            Value::Object(members) => match self.attribute(members) {
                Some(said) => said,
                None => {
                    let members = members.iter().map(|(name, inner)| Some((name.clone(), self.said(inner)?)));
                    members.collect::<Option<Map<_, _>>>().map(|members| once(Value::Object(members)))
                }
            },
            _ => Some(node.clone()),
        }
    }

    /// What stands for an expression about the attributes of a sale; nothing where it is about none, and nothing in it
    /// where these words cannot say it.
    fn attribute(self, members: &Map<String, Value>) -> Option<Option<Value>> {
        let (operator, inner) = members.iter().next().filter(|_| members.len() == 1)?;
        let (left, name) = (inner.get("left")?, inner.get("attr")?.as_str()?);
        // What a caller says has names of its own.
        let is_said = root(left) == Some("context");
        let get = |left: Value, name: &str| json!({ ".": { "left": left, "attr": name } });
        let has = |left: &Value, name: &str| json!({ "has": { "left": left, "attr": name } });
        let restated = match (self, operator.as_str(), name) {
            _ if is_said => return None,
            (Self::Together, ".", ORIGINAL_RESELLER) => self.said(left).map(|left| get(get(left, SALE), RESELLER)),
            (Self::Together, ".", COMMERCIAL_RELATIONSHIP) => {
                self.said(left).map(|left| get(get(left, SALE), RELATIONSHIP))
            }
            (Self::Together, "has", ORIGINAL_RESELLER | COMMERCIAL_RELATIONSHIP) => {
                self.said(left).map(|left| has(&left, SALE))
            }
            (Self::Apart, ".", RESELLER | RELATIONSHIP) if left.pointer("/./attr").is_some_and(|of| of == SALE) => {
                let apart = if name == RESELLER { ORIGINAL_RESELLER } else { COMMERCIAL_RELATIONSHIP };
                left.pointer("/./left").and_then(|sold| self.said(sold)).map(|left| get(left, apart))
            }
            (Self::Apart, "has", SALE) => self.said(left).map(|left| {
                let (seller, state) = (has(&left, ORIGINAL_RESELLER), has(&left, COMMERCIAL_RELATIONSHIP));
                json!({ "&&": { "left": seller, "right": state } })
            }),
            (Self::Apart, ".", SALE) => None,
            _ => return None,
        };
        Some(restated)
    }
}

/// The variable that a path of attributes begins at.
fn root(path: &Value) -> Option<&str> {
    match path.pointer("/./left") {
        Some(left) => root(left),
        None => path.get("Var")?.as_str(),
    }
}

/// Two conditions, or the first alone where the second asks again whether something was sold.
fn once(says: Value) -> Value {
    let asks_again = |says: &Value| {
        let second =
            says.pointer("/&&/right").filter(|second| second.pointer("/has/attr").is_some_and(|of| of == SALE));
        second.zip(says.pointer("/&&/left")).is_some_and(|(second, first)| is_asked(second, first))
    };
    match asks_again(&says) {
        true => says.pointer("/&&/left").cloned().unwrap_or(says),
        false => says,
    }
}

/// Does that condition stand among those that are joined?
fn is_asked(condition: &Value, joined: &Value) -> bool {
    joined == condition
        || ["/&&/left", "/&&/right"]
            .iter()
            .any(|side| joined.pointer(side).is_some_and(|joined| is_asked(condition, joined)))
}
