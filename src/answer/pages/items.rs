//! What stands on a page of partners, or of customers.

use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::domain::commercial::{Proposal, RelationshipState};
use crate::domain::grant::GrantEnd;
use crate::domain::partner::PartnerKind;
use crate::id::{CustomerId, PartnerId, ServiceName};

/// A service a partner holds or held.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceHeld {
    /// Which service.
    #[schema(value_type = String)]
    pub service: ServiceName,
    /// Does the partner hold delegated administrative privileges now?
    pub delegated_administrator: bool,
    /// Since when it does, or did.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// When it ends, or ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How it ended, where it has and that is known.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<GrantEnd>,
    /// Which partner was accepted in its place, for the customer and whoever runs the service.
    #[schema(value_type = String, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub displaced_by: Option<PartnerId>,
}

/// A partner on a customer's Partner Relationships page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerRelationship {
    /// Which partner.
    #[schema(value_type = String)]
    pub partner: PartnerId,
    /// Its display name.
    pub name: String,
    /// How it takes part in the programme.
    pub kind: PartnerKind,
    /// The services it holds or held.
    pub services: Vec<ServiceHeld>,
    /// Whether the commercial relationship stands; `null` when there never was one.
    pub commercial_relationship: Option<RelationshipState>,
    /// Is the partner responsible for the customer's support?
    pub responsible_for_support: bool,
    /// What one side proposed about the commercial relationship and the other has not answered yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renegotiation: Option<Proposal>,
}

/// A grant that ends soon.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Ending {
    /// Who holds it.
    #[schema(value_type = String)]
    pub partner: PartnerId,
    /// For which service.
    #[schema(value_type = String)]
    pub service: ServiceName,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// A customer on a partner's customer list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerListItem {
    /// Which customer.
    #[schema(value_type = String)]
    pub customer: CustomerId,
    /// Its display name.
    pub name: String,
    /// The services the partner holds or held.
    pub services: Vec<ServiceHeld>,
    /// Whether the commercial relationship stands; `null` when there never was one.
    pub commercial_relationship: Option<RelationshipState>,
    /// Is the partner responsible for the customer's support?
    pub responsible_for_support: bool,
    /// What one side proposed about the commercial relationship and the other has not answered yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renegotiation: Option<Proposal>,
}
