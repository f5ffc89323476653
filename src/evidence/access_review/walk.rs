//! Which partners and resources a review looks at, and in which order.
//!
//! A customer's: its services by name, then its subscriptions by service and id; of each the partners by id, and of
//! each the actions by name. A partner's: its services, then the subscriptions it sold by id, then those of services
//! that were granted to it. Where the rules might allow a partner something it has nothing to do with, everything is
//! looked at instead.

use std::fmt;
use std::str::FromStr;

use super::reviewing::{Access, AccessOf, Reviewing};
use crate::domain::subscription::Subscription;
use crate::facts::Needs;
use crate::id::{CustomerId, PartnerId, ServiceId, SubscriptionId};
use crate::limits::SCAN_MAX;
use crate::pdp::page::ListError;
use crate::pdp::reach::{self, Place, Step};
use crate::question::{Entity, Kind, Target};
use crate::store::{Listed, StoreError};
use crate::work::{Counted, come};

/// In which of its lists a walk is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Stage {
    Services,
    /// The subscriptions of a customer; of a partner, those it sold, or all there are.
    Subscriptions,
    /// The subscriptions a partner administers and did not sell.
    Granted,
}

/// The last question that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Spot {
    stage: Stage,
    service: ServiceId,
    /// Of which subscription; nothing for the service itself.
    subscription: Option<SubscriptionId>,
    partner: PartnerId,
    action: String,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Services => 'v',
            Stage::Subscriptions => 's',
            Stage::Granted => 'g',
        };
        let subscription = self.subscription.as_ref().map_or("", SubscriptionId::as_str);
        write!(f, "{stage} {} {subscription} {} {}", self.service, self.partner, self.action)
    }
}

impl FromStr for Spot {
    type Err = ListError;
    fn from_str(text: &str) -> Result<Self, ListError> {
        let parts: Vec<&str> = text.splitn(5, ' ').collect();
        let [stage, service, subscription, partner, action] = parts.as_slice() else { return Err(ListError::Cursor) };
        let stage = match *stage {
            "v" => Stage::Services,
            "s" => Stage::Subscriptions,
            "g" => Stage::Granted,
            _ => return Err(ListError::Cursor),
        };
        let subscription = (!subscription.is_empty()).then(|| subscription.parse()).transpose();
        Ok(Self {
            stage,
            service: service.parse().map_err(|_| ListError::Cursor)?,
            subscription: subscription.map_err(|_| ListError::Cursor)?,
            partner: partner.parse().map_err(|_| ListError::Cursor)?,
            action: (*action).to_owned(),
        })
    }
}

/// A walk that fills a page.
pub(crate) struct Walking<'a> {
    review: &'a Reviewing,
    pub(crate) found: Vec<Access>,
    limit: usize,
    looked_at: usize,
    /// Where the walk begins: after this.
    from: Option<Spot>,
    /// The last question that was looked at.
    last: Option<Spot>,
    /// The last row of the page.
    shown: Option<Spot>,
    /// The last question that is done with, where there is more.
    pub(crate) more_after: Option<Spot>,
}

impl<'a> Walking<'a> {
    pub(crate) fn of(review: &'a Reviewing, from: Option<Spot>, limit: usize) -> Self {
        let last = from.clone();
        Self { review, found: Vec::new(), limit, looked_at: 0, from, last, shown: None, more_after: None }
    }

    pub(crate) fn go(&mut self) -> Result<(), StoreError> {
        let review = self.review;
        // The thing the page before ended in may have more to show.
        if let Some(Spot { stage, service, subscription, .. }) = self.from.clone()
            && self.resource(stage, &service, subscription.as_ref())?.is_break()
        {
            return Ok(());
        }
        match &review.of {
            AccessOf::Customer(customer) => self.of_customer(customer),
            AccessOf::Partner(partner) => self.of_partner(partner),
        }
    }

    /// The spot to go on after, if the walk is in that stage.
    fn within(&self, stage: Stage) -> Option<Spot> {
        self.from.clone().filter(|from| from.stage == stage)
    }

    fn is_past(&self, stage: Stage) -> bool {
        self.more_after.is_some() || self.from.as_ref().is_some_and(|from| from.stage > stage)
    }

    fn of_customer(&mut self, customer: &CustomerId) -> Result<(), StoreError> {
        let view = self.review.snapshot.view();
        if !self.is_past(Stage::Services) {
            let last = self.within(Stage::Services).map(|from| from.service);
            view.services(Some(customer), last.as_ref(), &mut |service, _| {
                self.resource(Stage::Services, &service, None)
            })?;
        }
        if self.more_after.is_none() {
            let last = self.within(Stage::Subscriptions);
            let last = last.as_ref().and_then(|from| Some((&from.service.service, from.subscription.as_ref()?)));
            view.subscriptions_of(customer, None, last, &mut |sold| {
                self.resource(Stage::Subscriptions, &sold.service_id(), Some(&sold.id))
            })?;
        }
        Ok(())
    }

    fn of_partner(&mut self, partner: &PartnerId) -> Result<(), StoreError> {
        let review = self.review;
        let view = review.snapshot.view();
        if !self.is_past(Stage::Services) {
            let last = self.within(Stage::Services).map(|from| from.service);
            let mut look = |service: ServiceId| self.resource(Stage::Services, &service, None);
            if review.is_narrow {
                view.services_granted(partner, last.as_ref(), &mut look)?;
            } else {
                view.services(None, last.as_ref(), &mut |service, _| look(service))?;
            }
        }
        if self.more_after.is_some() {
            return Ok(());
        }
        let from = self.from.clone().filter(|from| from.stage != Stage::Services);
        if !review.is_narrow {
            let last = from.and_then(|from| from.subscription);
            return view.subscriptions(last.as_ref(), &mut |sold| {
                self.resource(Stage::Subscriptions, &sold.service_id(), Some(&sold.id))
            });
        }
        let after = from.and_then(|Spot { stage, service, subscription, .. }| match stage {
            Stage::Granted => Some(Place::Granted(service, subscription)),
            _ => subscription.map(Place::Sold),
        });
        reach::subscriptions_of(&view, review.at, partner, after.as_ref(), &mut |place, step| {
            let stage = if matches!(place, Place::Sold(_)) { Stage::Subscriptions } else { Stage::Granted };
            match step {
                Step::To(subscription) => self.resource(stage, &subscription.service_id(), Some(&subscription.id)),
                Step::Again(subscription) => self.pass(stage, &subscription, partner),
                Step::Past => Ok(Listed::Continue(())),
            }
        })
    }

    /// Goes past a subscription that was looked at before, which counts as a look.
    fn pass(&mut self, stage: Stage, subscription: &Subscription, partner: &PartnerId) -> Result<Listed, StoreError> {
        if self.looked_at >= SCAN_MAX {
            self.more_after = self.last.take();
            return Ok(Listed::Break(()));
        }
        self.looked_at += 1;
        self.last = Some(Spot {
            stage,
            service: subscription.service_id(),
            subscription: Some(subscription.id.clone()),
            partner: partner.clone(),
            action: self.review.actions.last().cloned().unwrap_or_default(),
        });
        Ok(Listed::Continue(()))
    }

    /// Looks at everything about one service or subscription.
    fn resource(
        &mut self,
        stage: Stage,
        service: &ServiceId,
        subscription: Option<&SubscriptionId>,
    ) -> Result<Listed, StoreError> {
        let resource = match subscription {
            Some(id) => Entity::new(Kind::Subscription.as_str(), id.as_str()),
            None => Entity::new(Kind::Service.as_str(), service.to_string()),
        };
        let is_begun = |from: &&Spot| {
            from.stage == stage && from.service == *service && from.subscription.as_ref() == subscription
        };
        let begun = self.from.as_ref().filter(is_begun).cloned();
        let review = self.review;
        let view = review.snapshot.view();
        match &review.of {
            AccessOf::Partner(partner) => {
                let after = begun.map(|begun| begun.action);
                self.pair(stage, service, subscription, &resource, partner, after.as_deref())
            }
            AccessOf::Customer(_) => {
                let mut stopped = Listed::Continue(());
                if let Some(begun) = &begun {
                    let after = Some(begun.action.as_str());
                    stopped = self.pair(stage, service, subscription, &resource, &begun.partner, after)?;
                }
                let last = begun.map(|begun| begun.partner);
                if !review.is_narrow {
                    if stopped.is_continue() {
                        view.partners(last.as_ref(), &mut |partner| {
                            stopped = self.pair(stage, service, subscription, &resource, &partner.id, None)?;
                            Ok(stopped)
                        })?;
                    }
                    return Ok(stopped);
                }
                let needs = Needs { subject: Target::Foreign, resource: resource.target() };
                let facts = view.facts(&needs, review.at)?;
                for partner in reach::partners_of(&facts)
                    .into_iter()
                    .filter(|partner| last.as_ref().is_none_or(|last| *partner > last))
                {
                    if stopped.is_break() {
                        break;
                    }
                    stopped = self.pair(stage, service, subscription, &resource, partner, None)?;
                }
                Ok(stopped)
            }
        }
    }

    /// Looks at what one partner may do to something, after an action or from the first on.
    fn pair(
        &mut self,
        stage: Stage,
        service: &ServiceId,
        subscription: Option<&SubscriptionId>,
        resource: &Entity,
        partner: &PartnerId,
        after: Option<&str>,
    ) -> Result<Listed, StoreError> {
        let review = self.review;
        for action in review.actions.iter().filter(|action| after.is_none_or(|after| action.as_str() > after)) {
            if self.looked_at >= SCAN_MAX {
                self.more_after = self.last.take();
                return Ok(Listed::Break(()));
            }
            self.looked_at += 1;
            come(Counted::Answers, self.looked_at as u64, 0);
            let found = review.access(partner, service, resource, action)?;
            if found.is_some() && self.found.len() >= self.limit {
                // The page ends with what it shows, so that the next one begins with what was found here.
                self.more_after = self.shown.take();
                return Ok(Listed::Break(()));
            }
            let spot = Spot {
                stage,
                service: service.clone(),
                subscription: subscription.cloned(),
                partner: partner.clone(),
                action: action.clone(),
            };
            if let Some(found) = found {
                self.looked_at += found.steps;
                self.found.push(found.access);
                self.shown = Some(spot.clone());
            }
            self.last = Some(spot);
        }
        Ok(Listed::Continue(()))
    }
}
