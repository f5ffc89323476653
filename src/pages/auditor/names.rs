//! Who and what a record is about, as people call it, and what was asked in a sentence.

use std::cell::RefCell;

use maud::{Markup, html};

use crate::audit::{Record, RecordKind, Results, SearchKind};
use crate::id::ServiceId;
use crate::pages::answer::answer;
use crate::pages::context::{Fault, PageCall};
use crate::pages::words::{Words, id, name};
use crate::pdp::names::{Names, names};
use crate::question::{Entity, Kind};

/// What stands before the action of a call of this service.
const CALL: &str = "Api::";
/// The service itself, as a record names it.
const INSTALLATION: [&str; 2] = ["Installation", "Api::Installation"];

/// What those in records are called now.
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

    fn name(&self, caller: &str) -> Option<String> {
        self.names.borrow_mut().name(caller).ok().flatten()
    }

    /// A caller, as records and the journal name one: what it is called, and its id.
    pub fn caller(&self, caller: &str) -> Markup {
        match self.name(caller) {
            Some(called) => html! { (name(&called)) " " span.small { (id(caller)) } },
            None => id(caller),
        }
    }

    /// A partner.
    pub fn partner(&self, partner: &str) -> Markup {
        self.name(&format!("partner:{partner}")).map_or_else(|| id(partner), |called| name(&called))
    }

    /// A customer.
    pub fn customer(&self, customer: &str) -> Markup {
        self.name(&format!("customer:{customer}")).map_or_else(|| id(customer), |called| name(&called))
    }

    /// A service of a customer.
    pub fn service(&self, service: &ServiceId) -> Markup {
        let parts = [
            ("service", self.page.service(&service.service).into()),
            ("customer", self.customer(service.customer.as_str()).into()),
        ];
        self.page.words.with("service-of", parts)
    }

    /// Whoever or whatever a question names.
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
            _ if INSTALLATION.contains(&kind.as_str()) => html! { (self.page.words.say("this-service")) },
            _ => id(&format!("{kind}::{of}")),
        }
    }

    /// What was asked, in short.
    pub fn asked(&self, record: &Record) -> Markup {
        let words = self.page.words;
        if record.invalid.is_some() {
            return html! { (words.say("asked-invalid")) };
        }
        let question = &record.question;
        if let (RecordKind::Search | RecordKind::Look, Some(results)) = (record.asked, &record.results) {
            return self.searched(record, results, "asked");
        }
        if let Some(call) = question.action.name.strip_prefix(CALL) {
            let about = about(record);
            return match INSTALLATION.contains(&about.kind.as_str()) {
                true => id(call),
                false => words.with("asked-call", [("call", id(call).into()), ("resource", self.entity(about).into())]),
            };
        }
        words.with(
            "asked-whether",
            [
                ("subject", self.entity(&question.subject).into()),
                ("action", words.action(&question.action.name).into()),
                ("resource", self.entity(&question.resource).into()),
            ],
        )
    }

    /// What was searched for, by sentences whose keys begin so.
    fn searched(&self, record: &Record, results: &Results, keys: &str) -> Markup {
        let words = self.page.words;
        let question = &record.question;
        let key = match results.kind {
            SearchKind::Subject => "who",
            SearchKind::Resource => "on-which",
            SearchKind::Action => "what",
        };
        words.with(
            &format!("{keys}-{key}"),
            [
                ("who", self.caller(&record.caller.to_string()).into()),
                ("subject", self.entity(&question.subject).into()),
                ("action", words.action(&question.action.name).into()),
                ("resource", self.entity(&question.resource).into()),
                ("kind", question.resource.kind.as_str().into()),
            ],
        )
    }

    /// What was asked and by whom, as a sentence.
    pub fn sentence(&self, record: &Record) -> Markup {
        let words = self.page.words;
        let who = || ("who", self.caller(&record.caller.to_string()).into());
        if record.invalid.is_some() {
            return words.with("lead-invalid", [who()]);
        }
        let question = &record.question;
        if let (RecordKind::Search | RecordKind::Look, Some(results)) = (record.asked, &record.results) {
            return self.searched(record, results, "lead");
        }
        if let Some(call) = question.action.name.strip_prefix(CALL) {
            let about = about(record);
            return match INSTALLATION.contains(&about.kind.as_str()) {
                true => words.with("lead-call-plain", [who(), ("call", id(call).into())]),
                false => {
                    words.with("lead-call", [who(), ("call", id(call).into()), ("resource", self.entity(about).into())])
                }
            };
        }
        words.with(
            "lead-whether",
            [
                who(),
                ("subject", self.entity(&question.subject).into()),
                ("action", words.action(&question.action.name).into()),
                ("resource", self.entity(&question.resource).into()),
            ],
        )
    }
}

/// What a record is about.
fn about(record: &Record) -> &Entity {
    record.about.as_ref().unwrap_or(&record.question.resource)
}

/// Is a record one of a call of this service?
pub fn is_call(record: &Record) -> bool {
    record.question.action.name.starts_with(CALL)
}

/// The answer of a record: how many a search found, else yes or no.
pub fn answer_of(words: Words, record: &Record) -> Markup {
    match &record.results {
        Some(results) if record.asked != RecordKind::Call => {
            words.with("found-count", [("count", results.count.into())])
        }
        _ => answer(words, record.decision),
    }
}
