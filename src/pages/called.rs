//! Who and what is named on a page, as people call it.

use std::cell::RefCell;

use maud::{Markup, html};

use super::context::{Fault, PageCall};
use super::words::{Words, id, name};
use crate::id::{ServiceId, SubscriptionId};
use crate::pdp::names::{Names, names};
use crate::question::{Entity, Kind};

/// The service itself, as a record names it.
const INSTALLATION: [&str; 2] = ["Installation", "Api::Installation"];

/// Is it this service itself?
#[must_use]
pub fn is_installation(entity: &Entity) -> bool {
    INSTALLATION.contains(&entity.kind.as_str())
}

/// What a partner or a customer is called now, or its id where that cannot be looked up: what is done already is not told as
/// a fault for want of a name.
#[must_use]
pub fn called_or_id(page: &PageCall, kind: Kind, id: &str) -> String {
    let caller = format!("{}:{id}", kind.as_str().to_lowercase());
    let called = names(&page.setting.pdp).and_then(|mut names| names.name(&caller));
    called.ok().flatten().unwrap_or_else(|| id.to_owned())
}

/// What callers, partners and customers are called now: all looked up in one snapshot.
pub struct Called<'a> {
    page: &'a PageCall,
    names: RefCell<Names<'a>>,
}

impl<'a> Called<'a> {
    /// The names of now.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when they cannot be looked up.
    pub fn of(page: &'a PageCall) -> Result<Self, Fault> {
        let names = names(&page.setting.pdp).map_err(|_| Fault::Unavailable)?;
        Ok(Self { page, names: RefCell::new(names) })
    }

    /// The language of the page.
    #[must_use]
    pub fn words(&self) -> Words {
        self.page.words
    }

    fn name(&self, caller: &str) -> Option<String> {
        self.names.borrow_mut().name(caller).ok().flatten()
    }

    /// Somebody by how callers are named: what they are called and `shown` small beside it, or `shown` alone.
    #[must_use]
    pub fn with_id(&self, caller: &str, shown: &str) -> Markup {
        match self.name(caller) {
            Some(called) => html! { (name(&called)) " " span.small { (id(shown)) } },
            None => id(shown),
        }
    }

    /// A caller, as records and the journal name one: what it is called, and its id.
    #[must_use]
    pub fn caller(&self, caller: &str) -> Markup {
        self.with_id(caller, caller)
    }

    /// A partner.
    #[must_use]
    pub fn partner(&self, partner: &str) -> Markup {
        self.name(&format!("partner:{partner}")).map_or_else(|| id(partner), |called| name(&called))
    }

    /// A customer.
    #[must_use]
    pub fn customer(&self, customer: &str) -> Markup {
        self.name(&format!("customer:{customer}")).map_or_else(|| id(customer), |called| name(&called))
    }

    /// What a subscription adds to, as it stands now; nothing of one that adds to none, or is not known.
    #[must_use]
    pub fn parent(&self, subscription: &SubscriptionId) -> Option<SubscriptionId> {
        self.names.borrow().parent(subscription).ok().flatten()
    }

    /// A service of a customer.
    #[must_use]
    pub fn service(&self, service: &ServiceId) -> Markup {
        let parts = [
            ("service", self.page.service(&service.service).into()),
            ("customer", self.customer(service.customer.as_str()).into()),
        ];
        self.page.words.with("service-of", parts)
    }

    /// Whoever or whatever a question names.
    #[must_use]
    pub fn entity(&self, entity: &Entity) -> Markup {
        let Entity { kind, id: of, .. } = entity;
        let is = |known: Kind| kind == known.as_str();
        if is(Kind::Partner) {
            return self.partner(of);
        }
        if is(Kind::Customer) {
            return self.customer(of);
        }
        if is(Kind::Subscription) {
            return id(of);
        }
        match of.parse::<ServiceId>() {
            Ok(service) if is(Kind::Service) => self.service(&service),
            _ if is_installation(entity) => html! { (self.page.words.say("this-service")) },
            _ => id(&format!("{kind}::{of}")),
        }
    }
}
