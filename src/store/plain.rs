//! Reading the facts of a plain question in place.

use serde::Deserialize;

use super::StoreError;
use super::customer_summary::CustomerSummary;
use super::facts::{CustomerRow, RelationshipRow, SubscriptionRow};
use super::rows::Kind;
use super::view::{View, decode};
use crate::clock::Timestamp;
use crate::domain::commercial::RelationshipState;
use crate::facts::{PlainFacts, PlainSubscription};
use crate::id::is_legal;
use crate::question::{self, Question};

/// What is read of a service.
#[derive(Deserialize)]
struct ServiceRow<'r> {
    #[serde(borrow)]
    administrators: Vec<AdministratorRow<'r>>,
}

#[derive(Deserialize)]
struct AdministratorRow<'r> {
    partner: &'r str,
    #[serde(default)]
    until: Option<Timestamp>,
}

impl View<'_> {
    /// Hands over the facts of a question where it is a plain one about what is known; nothing where it is not, and
    /// [`View::facts`] has to read them.
    ///
    /// # Errors
    /// [`StoreError`]; then there is no answer.
    pub fn plain_facts<R>(
        &self,
        question: &Question,
        at: Timestamp,
        then: impl FnOnce(&PlainFacts<'_>) -> R,
    ) -> Result<Option<R>, StoreError> {
        let (partner, id) = (question.subject.id.as_str(), question.resource.id.as_str());
        let is_subscription = question.resource.kind == question::Kind::Subscription.as_str();
        if question.subject.kind != question::Kind::Partner.as_str() || !is_legal(partner) {
            return Ok(None);
        }
        let (mut own_row, mut parent_row) = (None, None);
        let (mut own, mut parent) = (None, None);
        let (customer, service) = if is_subscription && is_legal(id) {
            let Some(row) = self.value(Kind::Subscription, &[id])? else { return Ok(None) };
            let row: SubscriptionRow<'_> = decode(&*own_row.insert(row))?;
            if let Some(parent_id) = row.parent.filter(|parent| is_legal(parent)) {
                let Some(held) = self.value(Kind::Subscription, &[parent_id])? else { return Ok(None) };
                let held: SubscriptionRow<'_> = decode(&*parent_row.insert(held))?;
                if held.parent.is_some() || (held.customer, held.service) != (row.customer, row.service) {
                    return Ok(None);
                }
                parent = Some(plain(parent_id, &held));
            }
            if row.parent.is_some() != parent.is_some() {
                return Ok(None);
            }
            own = Some(plain(id, &row));
            (row.customer, row.service)
        } else if question.resource.kind == question::Kind::Service.as_str()
            && let Some((customer, service)) = id.split_once('/')
            && is_legal(customer)
            && is_legal(service)
        {
            (customer, service)
        } else {
            return Ok(None);
        };
        let Some(partner_row) = self.value(Kind::Partner, &[partner])? else { return Ok(None) };
        let summary_row = self.rows().summary(customer)?;
        let summary: Option<CustomerSummary<'_>> = summary_row.as_deref().map(decode).transpose()?;
        // One that is newer than what is asked about says nothing of that.
        let summary = summary.filter(|summary| summary.revision <= self.revision());
        let service_row = match &summary {
            Some(_) => None,
            None => {
                let Some(row) = self.value(Kind::Customer, &[customer])? else { return Ok(None) };
                let CustomerRow {} = decode(&row)?;
                let Some(row) = self.value(Kind::Service, &[customer, service])? else { return Ok(None) };
                Some(row)
            }
        };
        let of_service: Option<ServiceRow<'_>> = service_row.as_deref().map(decode).transpose()?;
        let administrators: Vec<(&str, Option<Timestamp>)> = match (&summary, of_service) {
            (Some(summary), _) => {
                let Some(of) = summary.services.iter().find(|of| of.name == service) else { return Ok(None) };
                of.administrators.clone()
            }
            (None, Some(row)) => row.administrators.iter().map(|held| (held.partner, held.until)).collect(),
            (None, None) => return Ok(None),
        };
        let standing = administrators.iter().filter(|(_, until)| until.is_none_or(|until| at < until));
        let administrators: Vec<&str> = standing.map(|(partner, _)| *partner).collect();
        // The one who sold it, or its parent.
        let seller = parent.as_ref().or(own.as_ref()).and_then(|sold: &PlainSubscription<'_>| sold.original_reseller);
        let seller = seller.filter(|seller| *seller != partner);
        let with = |partner: &str| -> Result<Option<RelationshipState>, StoreError> {
            match &summary {
                Some(summary) => {
                    Ok(summary.relationships.iter().find(|(with, _)| *with == partner).map(|(_, state)| *state))
                }
                None => {
                    let row = self.value(Kind::Relationship, &[customer, partner])?;
                    row.map(|row| Ok(decode::<RelationshipRow>(&row)?.state)).transpose()
                }
            }
        };
        let is_ordered = administrators.is_sorted_by(|one, next| one < next);
        let mut names = administrators.iter().copied().chain(seller).chain([customer, service]);
        if !is_ordered || !names.all(is_legal) {
            return Ok(None);
        }
        let (relationship, with_seller) = (with(partner)?, seller.map(with).transpose()?.flatten());
        Ok(Some(then(&PlainFacts {
            revision: self.revision(),
            at,
            partner: (partner, decode(&partner_row)?),
            customer,
            service,
            administrators,
            subscription: own,
            parent,
            relationship,
            seller: seller.zip(with_seller),
        })))
    }

    fn value(&self, kind: Kind, names: &[&str]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.row(kind, names)?.map(|(_, value)| value))
    }
}

fn plain<'r>(id: &'r str, row: &SubscriptionRow<'r>) -> PlainSubscription<'r> {
    PlainSubscription { id, status: row.status, original_reseller: row.original_reseller }
}
