//! One line of an import or an export: one noun as it is.
//!
//! What was so elsewhere is imported as it was: grants that have ended, relationships with what was proposed. What can
//! never be is refused all the same.

mod effect;
mod grant;
mod relationship;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::change::judgement::Judgement;
use crate::change::registration::{Origin, customer, partner, subscription};
use crate::clock::Timestamp;
use crate::domain::commercial::CommercialRelationship;
use crate::domain::customer::Customer;
use crate::domain::grant::Grant;
use crate::domain::partner::Partner;
use crate::domain::subscription::Subscription;
use crate::json::{self, ShapeError};
use crate::pdp::call::CallError;
use crate::store::View;

pub(crate) use effect::LineEffect;
pub use effect::LineError;

/// One noun, as a line of an import or an export.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "noun", rename_all = "camelCase")]
pub enum Line {
    /// A partner.
    Partner(Partner),
    /// A customer.
    Customer(Customer),
    /// A subscription; an add-on after its parent.
    Subscription(Subscription),
    /// A grant, standing or past.
    Grant(Grant),
    /// A commercial relationship, with what was proposed.
    CommercialRelationship(CommercialRelationship),
}

impl Line {
    /// Reads a line from the members of its object.
    ///
    /// # Errors
    /// A sentence that names the member.
    pub fn of(mut members: Map<String, Value>) -> Result<Self, String> {
        const NOUNS: &str = "`partner`, `customer`, `subscription`, `grant`, `commercialRelationship`";
        let Some(noun) = members.remove("noun") else {
            return Err(format!("missing member `noun`, expected one of {NOUNS}"));
        };
        match noun.as_str() {
            Some("partner") => shaped(members).map(Self::Partner),
            Some("customer") => shaped(members).map(Self::Customer),
            Some("subscription") => shaped(members).map(Self::Subscription),
            Some("grant") => shaped(members).map(Grant::to_milliseconds).map(Self::Grant),
            Some("commercialRelationship") => {
                shaped(members).map(CommercialRelationship::to_milliseconds).map(Self::CommercialRelationship)
            }
            _ => Err(format!("member `noun`: unknown noun, expected one of {NOUNS}")),
        }
    }

    /// Does it speak for a customer and a partner, and not only of something that is registered?
    pub(crate) fn is_relationship(&self) -> bool {
        matches!(self, Self::Grant(_) | Self::CommercialRelationship(_))
    }

    /// What the line is about, for a message.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Partner(fact) => format!("partner `{}`", fact.id),
            Self::Customer(fact) => format!("customer `{}`", fact.id),
            Self::Subscription(fact) => format!("subscription `{}`", fact.id),
            Self::Grant(fact) => format!("grant of `{}/{}` to `{}`", fact.customer, fact.service, fact.partner),
            Self::CommercialRelationship(fact) => {
                format!("commercial relationship of `{}` and `{}`", fact.customer, fact.partner)
            }
        }
    }
}

/// The derived description would add `noun` to nouns that take no member but their own.
impl PartialSchema for Line {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .item(named::<Partner>("partner"))
            .item(named::<Customer>("customer"))
            .item(named::<Subscription>("subscription"))
            .item(named::<Grant>("grant"))
            .item(named::<CommercialRelationship>("commercialRelationship"))
            .into()
    }
}

impl ToSchema for Line {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Partner::schemas(schemas);
        Customer::schemas(schemas);
        Subscription::schemas(schemas);
        Grant::schemas(schemas);
        CommercialRelationship::schemas(schemas);
    }
}

/// The description of a noun with its name among the members.
fn named<T: ToSchema>(noun: &str) -> RefOr<Schema> {
    let mut schema = T::schema();
    if let RefOr::T(Schema::Object(object)) = &mut schema {
        let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([noun]));
        object.properties.insert("noun".to_owned(), name.into());
        object.required.insert(0, "noun".to_owned());
    }
    schema
}

/// The derived reader of a tagged enum loses the way to a faulty member and cannot say what it does not know.
impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

fn shaped<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, String> {
    json::of(Value::Object(members)).map_err(|error| match error {
        ShapeError::Body { message } => message,
        error @ ShapeError::Member { .. } => error.to_string(),
    })
}

/// Computes the effect of importing a line at the moment `at`; empty when nothing changes.
///
/// Without a judgement the line is history, imported into an otherwise empty store: what happened elsewhere is
/// taken as long as it can be at all. With one it happens now: a sale is a sale, and whoever gains delegated
/// administration may request it and displaces as by an acceptance.
///
/// # Errors
/// A [`LineError`]; then nothing of it happens.
pub(crate) fn effect_of(
    view: &View<'_>,
    at: Timestamp,
    line: &Line,
    judgement: Option<&Judgement<'_>>,
) -> Result<LineEffect, CallError<LineError>> {
    let origin = if judgement.is_some() { Origin::Now } else { Origin::Import };
    match line {
        Line::Partner(fact) => Ok(partner(view, at, fact, origin).map_err(|error| error.map(LineError::from))?.into()),
        Line::Customer(fact) => Ok(customer(view, fact).map_err(|error| error.map(LineError::from))?.into()),
        Line::Subscription(fact) => {
            Ok(subscription(view, at, fact, origin).map_err(|error| error.map(LineError::from))?.into())
        }
        Line::Grant(fact) => grant::effect_of(view, at, fact, judgement),
        Line::CommercialRelationship(fact) => relationship::effect_of(view, at, fact, judgement),
    }
}
