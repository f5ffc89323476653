//! How a partner itself stands: each subscription that it sold or administers, and of every action the answer, why,
//! and what would turn it.
//!
//! It is a look at answers and no use of them, so each resource has a record of its own (`asked` is `look`): a search for
//! what the partner may do there, which is found again as any search is. Of other partners it says nothing but that
//! there is one.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::ask::{self, AskError};
use crate::answer::pages::rows::Rows;
use crate::answer::pages::{CustomerListItem, PastError};
use crate::answer::past::{AsOf, ReadOptions};
use crate::answer::search::{Looked, look_for_actions};
use crate::audit::Record;
use crate::clock::Timestamp;
use crate::decide::{Duty, Namespace, Nearest, Reason, decide, nearest};
use crate::domain::commercial::RelationshipState;
use crate::domain::subscription::{Subscription, SubscriptionStatus};
use crate::domain::words;
use crate::id::{CustomerId, OfferId, PartnerId, ServiceId, ServiceName, SubscriptionId};
use crate::limits::OWN_STANDING_PAGE_MAX;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::pdp::cursor::Seal;
use crate::pdp::page::{ListError, Page};
use crate::pdp::reach::{self, Place, Step, administers};
use crate::policy::{Bundle, RuleId};
use crate::question::{Entity, Kind, Question};
use crate::store::{Listed, StoreError, View};

words! {
    /// Who sold a subscription, to a partner that looks.
    Seller {
        /// The partner that looks.
        Itself = "itself",
        /// Another partner.
        Another = "another",
        /// Nobody: the customer bought it directly.
        Nobody = "nobody",
    }
}

/// Of which of its subscriptions a partner asks how it stands; all of them where nothing is given.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StandingFilter {
    /// Those of this customer.
    pub customer: Option<CustomerId>,
    /// This one.
    pub subscription: Option<SubscriptionId>,
}

/// What is answered to one action.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct OwnAnswer {
    /// The action.
    pub action: String,
    /// May the partner do it?
    pub decision: bool,
    /// Why not.
    #[schema(value_type = String)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Why, in a sentence.
    pub message: String,
    /// The rules that decided.
    #[schema(value_type = Vec<String>)]
    pub rules: Vec<RuleId>,
    /// The smallest changes that would turn it.
    pub nearest: Vec<Nearest>,
}

/// How a partner stands to one subscription.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnStanding {
    /// Which subscription.
    pub subscription: SubscriptionId,
    /// Whose.
    pub customer: CustomerId,
    /// The display name of the customer.
    pub customer_name: String,
    /// Of which service.
    pub service: ServiceName,
    /// The offer it was bought under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferId>,
    /// Seats.
    #[schema(value_type = u64, maximum = 4294967295u64)]
    pub quantity: u32,
    /// Where it stands in its life.
    pub status: SubscriptionStatus,
    /// The subscription it adds to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<SubscriptionId>,
    /// Who sold it, or its parent.
    pub seller: Seller,
    /// Does the partner hold delegated administration of its service?
    pub delegated_administrator: bool,
    /// Whether the commercial relationship of customer and partner stands; `null` when there never was one.
    pub commercial_relationship: Option<RelationshipState>,
    /// The duties of the partner towards the customer, whatever it may do.
    pub duties: Vec<Duty>,
    /// What it may do, and what not, in the order of the names.
    pub actions: Vec<OwnAnswer>,
}

/// How a partner stands itself.
#[derive(Clone, Debug)]
pub struct OwnStandings {
    /// What holds, or held, between it and the customer that is asked about; nothing where it never had to do with one.
    pub customer: Option<CustomerListItem>,
    /// The subscriptions that it sold or administers.
    pub subscriptions: Page<OwnStanding>,
}

/// How a partner stands to the subscriptions that it sold or administers.
///
/// # Errors
/// [`ListError`]; [`CallError::Denied`] for whoever may not speak for the partner.
pub async fn own_standing(
    pdp: &Pdp,
    call: &Call,
    partner: &PartnerId,
    filter: &StandingFilter,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<OwnStandings>, CallError<ListError>> {
    let rules = pdp.rules();
    let target = CallTarget::Partner(partner.clone());
    call::read_looking(pdp, &rules, call, ACTION, &target, |view, at| {
        let seal = Seal::of(&pdp.keys.ledger, &call.caller, &("standing of", partner, filter));
        let page = Page::new(limit.min(OWN_STANDING_PAGE_MAX), seal);
        Looking { pdp, call, partner, filter }.at(&rules, view, at, page, cursor)
    })
    .await
}

/// Like [`own_standing`], as it was: by the facts and the rules of a moment in the past. Whether the caller may look is
/// decided now.
///
/// # Errors
/// [`PastError`]; [`CallError::Denied`] for whoever may not speak for the partner now.
pub async fn own_standing_as_of(
    pdp: &Pdp,
    call: &Call,
    partner: &PartnerId,
    filter: &StandingFilter,
    as_of: Option<AsOf>,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<OwnStandings>, CallError<PastError>> {
    let Some(as_of) = as_of else {
        let standing = own_standing(pdp, call, partner, filter, limit, cursor).await;
        return standing.map_err(|error| error.map(PastError::List));
    };
    let rules = pdp.rules();
    let target = CallTarget::Partner(partner.clone());
    let response = call::read_looking(pdp, &rules, call, ACTION, &target, |_, now| {
        let options = ReadOptions { as_of: Some(as_of), ..ReadOptions::default() };
        let moments = |error: CallError<AskError>| error.map(PastError::Moment);
        let (snapshot, at) = ask::moment(pdp, &options, now).map_err(moments)?;
        let then = ask::rules_for(pdp, &options, at, &rules).map_err(moments)?;
        let seal = Seal::of(&pdp.keys.ledger, &call.caller, &("standing of", partner, filter, as_of));
        let page = Page::new(limit.min(OWN_STANDING_PAGE_MAX), seal);
        let looked = Looking { pdp, call, partner, filter }.at(&then, &snapshot.view(), at, page, cursor);
        let (standings, records) = looked.map_err(|error| error.map(PastError::List))?;
        Ok(((standings, snapshot.view().revision()), records))
    });
    let Response { value: (value, revision), seqs, rules, .. } = response.await?;
    Ok(Response { value, revision, seqs, rules })
}

const ACTION: &str = "askForItself";

/// Who looks at what.
struct Looking<'a> {
    pdp: &'a Pdp,
    call: &'a Call,
    partner: &'a PartnerId,
    filter: &'a StandingFilter,
}

impl Looking<'_> {
    /// How the partner stands by rules and facts of one moment, and the records of what it saw.
    fn at(
        &self,
        rules: &Bundle,
        view: &View<'_>,
        at: Timestamp,
        mut page: Page<OwnStanding>,
        cursor: Option<&str>,
    ) -> Result<(OwnStandings, Vec<Record>), CallError<ListError>> {
        let Self { pdp, call, partner, filter } = *self;
        if view.partner(partner)?.is_none() {
            return Err(ListError::UnknownPartner(partner.clone()).into());
        }
        let after: Option<Reached> = page.after(cursor)?;
        let mut look = Look { rules, view: *view, at, call, partner, records: Vec::new() };
        look.fill(filter, after, &mut page)?;
        let rows = Rows { pdp, caller: &call.caller };
        let customer = match &filter.customer {
            Some(customer) if look.knows(customer)? => rows.customer_item(view, at, partner, customer.clone())?,
            _ => None,
        };
        Ok((OwnStandings { customer, subscriptions: page }, look.records))
    }
}

/// A place in the list, as its cursor holds it.
#[derive(Clone)]
enum Reached {
    /// A place in the walk over everything.
    Place(Place),
    /// A subscription of the one customer that is asked about.
    OfCustomer(ServiceName, SubscriptionId),
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(Place::Sold(id)) => write!(f, "sold {id}"),
            Self::Place(Place::Granted(service, None)) => write!(f, "past {service}"),
            Self::Place(Place::Granted(service, Some(id))) => write!(f, "granted {service} {id}"),
            Self::OfCustomer(service, id) => write!(f, "of {service} {id}"),
        }
    }
}

impl FromStr for Reached {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let words: Vec<&str> = text.split(' ').collect();
        let service = |text: &str| text.parse::<ServiceId>().map_err(drop);
        match words.as_slice() {
            ["sold", id] => Ok(Self::Place(Place::Sold(id.parse().map_err(drop)?))),
            ["past", at] => Ok(Self::Place(Place::Granted(service(at)?, None))),
            ["granted", at, id] => Ok(Self::Place(Place::Granted(service(at)?, Some(id.parse().map_err(drop)?)))),
            ["of", service, id] => Ok(Self::OfCustomer(service.parse().map_err(drop)?, id.parse().map_err(drop)?)),
            _ => Err(()),
        }
    }
}

/// A look of a partner at what it may do, and the records of what it saw.
struct Look<'a> {
    rules: &'a Bundle,
    view: View<'a>,
    at: Timestamp,
    call: &'a Call,
    partner: &'a PartnerId,
    records: Vec<Record>,
}

impl Look<'_> {
    fn fill(
        &mut self,
        StandingFilter { customer, subscription }: &StandingFilter,
        after: Option<Reached>,
        page: &mut Page<OwnStanding>,
    ) -> Result<(), CallError<ListError>> {
        let (view, at, partner) = (self.view, self.at, self.partner);
        match (subscription, customer) {
            (Some(id), customer) => {
                // What is not there and what is not its own are the same empty list.
                let known = view.subscription(id)?.map(|kept| kept.fact);
                let asked = known.filter(|known| customer.as_ref().is_none_or(|customer| known.customer == *customer));
                if let (Some(known), None) = (asked, after)
                    && self.is_its(&known)?
                {
                    // There is nothing after it, so it does not matter whether the page is full.
                    let _ = self.take(known, Reached::Place(Place::Sold(id.clone())), page)?;
                }
                Ok(())
            }
            (None, Some(customer)) => {
                let after = match after {
                    None => None,
                    Some(Reached::OfCustomer(service, id)) => Some((service, id)),
                    Some(Reached::Place(_)) => return Err(ListError::Cursor.into()),
                };
                // How much there is of a customer that it has nothing to do with does not show.
                if !self.knows(customer)? {
                    return Ok(());
                }
                let last = after.as_ref().map(|(service, id)| (service, id));
                Ok(view.subscriptions_of(customer, None, last, &mut |found| {
                    let reached = Reached::OfCustomer(found.service.clone(), found.id.clone());
                    if self.is_its(&found)? {
                        self.take(found, reached, page)
                    } else {
                        Ok(page.pass(reached.to_string()))
                    }
                })?)
            }
            (None, None) => {
                let after = match after {
                    None => None,
                    Some(Reached::Place(place)) => Some(place),
                    Some(Reached::OfCustomer(..)) => return Err(ListError::Cursor.into()),
                };
                Ok(reach::subscriptions_of(&view, at, partner, after.as_ref(), &mut |place, step| match step {
                    Step::To(found) => self.take(found, Reached::Place(place), page),
                    Step::Again(_) | Step::Past => Ok(page.pass(Reached::Place(place).to_string())),
                })?)
            }
        }
    }

    /// Did the partner sell it, or does it administer its service?
    fn is_its(&self, subscription: &Subscription) -> Result<bool, StoreError> {
        Ok(self.view.seller(subscription)?.as_ref() == Some(self.partner)
            || administers(&self.view, self.at, self.partner, &subscription.service_id())?)
    }

    /// Has the partner to do, or had it, with a customer?
    fn knows(&self, customer: &CustomerId) -> Result<bool, StoreError> {
        let mut has_grant = false;
        self.view.grants(Some(customer), Some(self.partner), &mut |_| {
            has_grant = true;
            Ok(Listed::Break(()))
        })?;
        Ok(has_grant || self.view.relationship(customer, self.partner)?.is_some())
    }

    /// Puts a subscription on the page, with its record; beyond the last item nothing is looked at.
    fn take(
        &mut self,
        subscription: Subscription,
        reached: Reached,
        page: &mut Page<OwnStanding>,
    ) -> Result<Listed, StoreError> {
        if page.items.len() >= page.limit() {
            return Ok(page.fill_up());
        }
        let standing = self.standing(subscription)?;
        Ok(page.take(standing, reached.to_string()))
    }

    fn standing(&mut self, subscription: Subscription) -> Result<OwnStanding, StoreError> {
        let subject = Entity::new(Kind::Partner.as_str(), self.partner.as_str());
        let resource = Entity::new(Kind::Subscription.as_str(), subscription.id.as_str());
        let Looked { question, results, facts } =
            look_for_actions(self.rules, self.view, self.at, subject.clone(), resource.clone())?;
        let vocabulary = self.rules.vocabulary();
        let asked = vocabulary
            .actions(Namespace::Domain.as_str())
            .filter(|(_, shape)| shape.principals.contains(&subject.kind) && shape.resources.contains(&resource.kind));
        let mut duties = Vec::new();
        let mut actions = Vec::new();
        for (name, _) in asked {
            let question = Question::new(subject.clone(), name, resource.clone());
            let decision = decide(self.rules, Namespace::Domain, &question, &facts);
            duties = decision.duties().to_vec();
            actions.push(OwnAnswer {
                action: name.to_owned(),
                decision: decision.is_allowed(),
                reason: decision.reason().cloned(),
                message: decision.message().to_owned(),
                rules: decision.rules().to_vec(),
                nearest: nearest(self.rules, &question, &facts, decision.is_allowed()),
            });
        }
        let administrators = facts.services.get(&subscription.service_id());
        let delegated_administrator = administrators.is_some_and(|all| all.contains(self.partner));
        let commercial_relationship = facts.relationship(&subscription.customer, self.partner);
        let seller = match self.view.seller(&subscription)? {
            Some(seller) if seller == *self.partner => Seller::Itself,
            Some(_) => Seller::Another,
            None => Seller::Nobody,
        };
        let customer_name = self.view.customer(&subscription.customer)?.map(|kept| kept.fact.name).unwrap_or_default();
        let digest = self.rules.digest().clone();
        self.records.push(Record::of_look(self.call.caller.clone(), question, facts, digest, results));
        let Subscription { id, customer, service, offer, quantity, status, parent, .. } = subscription;
        Ok(OwnStanding {
            subscription: id,
            customer,
            customer_name,
            service,
            offer,
            quantity,
            status,
            parent,
            seller,
            delegated_administrator,
            commercial_relationship,
            duties,
            actions,
        })
    }
}
