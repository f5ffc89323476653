//! The rows a fact is written as, its entries in the indexes among them.

use super::StoreError;
use super::rows::{Kind, key};
use super::view::{View, encode};
use crate::domain::event::Fact;
use crate::id::Revision;

/// A key and what is written under it.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// The rows a fact is written as: itself, and its entries in the indexes that are not there yet.
pub(super) fn index_rows_of(view: &View<'_>, fact: &Fact) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::with_capacity(4);
    let mut index = |kind: Kind, names: &[&str]| -> Result<(), StoreError> {
        let key = key(kind, names);
        if view.rows().newest(&key, Revision(u64::MAX))?.is_none() {
            rows.push((key, Vec::new()));
        }
        Ok(())
    };
    let (own, value) = match fact {
        Fact::Partner(partner) => (key(Kind::Partner, &[partner.id.as_str()]), encode(partner)?),
        Fact::Customer(customer) => (key(Kind::Customer, &[customer.id.as_str()]), encode(customer)?),
        Fact::Service(id, service) => {
            (key(Kind::Service, &[id.customer.as_str(), id.service.as_str()]), encode(service)?)
        }
        Fact::Grant(grant) => {
            let (customer, partner) = (grant.customer.as_str(), grant.partner.as_str());
            index(Kind::GrantOfPartner, &[partner, customer, grant.service.as_str()])?;
            index(Kind::PartnerOfCustomer, &[customer, partner])?;
            index(Kind::CustomerOfPartner, &[partner, customer])?;
            (key(Kind::Grant, &[customer, partner, grant.service.as_str()]), encode(grant)?)
        }
        Fact::CommercialRelationship(relationship) => {
            let (customer, partner) = (relationship.customer.as_str(), relationship.partner.as_str());
            index(Kind::PartnerOfCustomer, &[customer, partner])?;
            index(Kind::CustomerOfPartner, &[partner, customer])?;
            (key(Kind::Relationship, &[customer, partner]), encode(relationship)?)
        }
        Fact::Subscription(subscription) => {
            let own = key(Kind::Subscription, &[subscription.id.as_str()]);
            // Everything an index is made of is fixed at creation, and no entry of it is there before.
            if view.rows().newest(&own, Revision(u64::MAX))?.is_none() {
                let id = subscription.id.as_str();
                let mut index = |kind: Kind, names: &[&str]| rows.push((key(kind, names), Vec::new()));
                index(
                    Kind::SubscriptionOfService,
                    &[subscription.customer.as_str(), subscription.service.as_str(), id],
                );
                let mut seller = subscription.original_reseller.clone();
                if let Some(parent) = &subscription.parent {
                    index(Kind::AddOn, &[parent.as_str(), id]);
                    seller = view.subscription(parent)?.and_then(|kept| kept.fact.original_reseller);
                }
                if let Some(seller) = seller {
                    index(Kind::SubscriptionSold, &[seller.as_str(), id]);
                }
            }
            (own, encode(subscription)?)
        }
    };
    rows.push((own, value));
    Ok(rows)
}
