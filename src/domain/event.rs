//! What happened: the entries of the journal of changes, and the facts as they became.
//!
//! Names follow the events of the field where it has them (`reseller-relationship-accepted-by-customer`,
//! `dap-admin-relationship-approved`, `dap-admin-relationship-terminated`).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::commercial::{CommercialRelationship, Outcome, Side};
use super::customer::Customer;
use super::grant::Grant;
use super::partner::Partner;
use super::service::Service;
use super::subscription::Subscription;
use super::words;
use crate::clock::Timestamp;
use crate::id::{CustomerId, PartnerId, ServiceId, ServiceName, SubscriptionId};

words! {
    /// Why a grant of delegated administration ended.
    TerminationCause {
        /// The customer removed it.
        RemovedByCustomer = "removedByCustomer",
        /// Another transacting partner was accepted for the service.
        Displaced = "displaced",
        /// An operator imported that it has ended.
        Imported = "imported",
    }
}

/// One thing that happened to a relationship, a noun or a sale.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
// The description does not know `rename_all_fields`: a variant with a member of two words says so itself.
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Event {
    /// A partner was told for the first time.
    PartnerRegistered {
        /// Who.
        #[schema(value_type = String)]
        partner: PartnerId,
    },
    /// Something about a partner is otherwise than before.
    PartnerChanged {
        /// Who.
        #[schema(value_type = String)]
        partner: PartnerId,
    },
    /// A customer was told for the first time.
    CustomerRegistered {
        /// Who.
        #[schema(value_type = String)]
        customer: CustomerId,
    },
    /// Something about a customer is otherwise than before.
    CustomerChanged {
        /// Who.
        #[schema(value_type = String)]
        customer: CustomerId,
    },
    /// A subscription was told for the first time: sold, or bought directly.
    #[schema(rename_all = "camelCase")]
    SubscriptionProvisioned {
        /// Which.
        #[schema(value_type = String)]
        subscription: SubscriptionId,
        /// Whose.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// Of which service.
        #[schema(value_type = String)]
        service: ServiceName,
        /// Who sold it.
        #[schema(value_type = Option<String>)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        original_reseller: Option<PartnerId>,
    },
    /// Something about a subscription is otherwise than before.
    SubscriptionChanged {
        /// Which.
        #[schema(value_type = String)]
        subscription: SubscriptionId,
        /// Whose.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// The members that changed.
        members: Vec<String>,
    },
    /// A customer accepted a partner's request.
    ResellerRelationshipAcceptedByCustomer {
        /// Who accepted.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// Whose request.
        #[schema(value_type = String)]
        partner: PartnerId,
        /// For which services.
        #[schema(value_type = Vec<String>)]
        services: Vec<ServiceName>,
    },
    /// Delegated administration of one service began, or its dates changed.
    DapAdminRelationshipApproved {
        /// Who gave it.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// For which service.
        #[schema(value_type = String)]
        service: ServiceName,
        /// To whom.
        #[schema(value_type = String)]
        partner: PartnerId,
        /// When it ends by itself.
        #[schema(value_type = Option<String>, format = DateTime)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Delegated administration of one service ended.
    #[schema(rename_all = "camelCase")]
    DapAdminRelationshipTerminated {
        /// Whose service.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// Which service.
        #[schema(value_type = String)]
        service: ServiceName,
        /// Who held it.
        #[schema(value_type = String)]
        partner: PartnerId,
        /// Why it ended.
        cause: TerminationCause,
        /// Who holds it now, for a displacement.
        #[schema(value_type = Option<String>)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        displaced_by: Option<PartnerId>,
    },
    /// The first sale of a partner to a customer began their commercial relationship, or an operator imported that one
    /// stands.
    CommercialRelationshipBegan {
        /// The customer.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// The partner.
        #[schema(value_type = String)]
        partner: PartnerId,
    },
    /// One side proposed to end or reinstate a commercial relationship.
    CommercialRelationshipRenegotiationProposed {
        /// The customer.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// The partner.
        #[schema(value_type = String)]
        partner: PartnerId,
        /// Who proposed.
        side: Side,
        /// What.
        outcome: Outcome,
    },
    /// The side that proposed to end or reinstate a commercial relationship took it back.
    CommercialRelationshipRenegotiationWithdrawn {
        /// The customer.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// The partner.
        #[schema(value_type = String)]
        partner: PartnerId,
        /// Who had proposed it.
        side: Side,
        /// What.
        outcome: Outcome,
    },
    /// Both sides agreed to end a commercial relationship, or an operator imported that they had.
    CommercialRelationshipEnded {
        /// The customer.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// The partner.
        #[schema(value_type = String)]
        partner: PartnerId,
    },
    /// Everything an import brought, in one; how many of each noun are new or otherwise than before. What it changed of
    /// relationships in a store that held facts follows as events of their own.
    #[schema(rename_all = "camelCase")]
    Imported {
        /// Partners.
        partners: u64,
        /// Customers.
        customers: u64,
        /// Subscriptions.
        subscriptions: u64,
        /// Grants.
        grants: u64,
        /// Commercial relationships.
        commercial_relationships: u64,
    },
    /// Both sides agreed that an ended commercial relationship stands again, or an operator imported that it does.
    CommercialRelationshipReinstated {
        /// The customer.
        #[schema(value_type = String)]
        customer: CustomerId,
        /// The partner.
        #[schema(value_type = String)]
        partner: PartnerId,
    },
}

/// A fact as a change leaves it; what the store keeps one version of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Fact {
    /// A partner.
    Partner(Partner),
    /// A customer.
    Customer(Customer),
    /// A subscription.
    Subscription(Subscription),
    /// A grant, standing or past.
    Grant(Grant),
    /// Who administers a service, whole.
    Service(ServiceId, Service),
    /// A commercial relationship.
    CommercialRelationship(CommercialRelationship),
}

/// Something that changes facts: what they become, and what is said to have happened.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct ChangeSet {
    /// The facts as they become.
    pub facts: Vec<Fact>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl ChangeSet {
    /// Does nothing change?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }
}
