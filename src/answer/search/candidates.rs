//! Where a search over our own domain looks.
//!
//! What a partner may do follows from what it sold and administers, so the store's indexes of those lead to the
//! candidates, and a page costs as much as there is to show. That this is so is not taken for granted: before the
//! indexes are trusted, deciding tells whether the rules could allow an unrelated partner anything, and if
//! they could, everything of the type is looked through instead, a bounded number for each page.

use crate::answer::search::asked::QuestionDigest;
use crate::answer::search::digest::digest;
use crate::answer::search::filling::{actions, look_through, page_of};
use crate::answer::search::page_builder::{Match, PageBuilder};
use crate::answer::search::target::{Search, SearchError, SearchPage, SearchTarget};
use crate::answer::search::token::Position;
use crate::clock::Timestamp;
use crate::decide::{Namespace, allows_unrelated_resource, allows_unrelated_subject, decide, permits};
use crate::facts::{Facts, Needs};
use crate::id::{PartnerId, ServiceId};
use crate::pdp::call::CallError;
use crate::pdp::reach::{self, Step};
use crate::policy::Bundle;
use crate::question::{Action, Entity, Kind, Question, Target};
use crate::store::{Listed, StoreError, View};

/// What a search over our own domain is made from: one set of rules, one revision, one moment.
#[derive(Clone, Copy)]
pub(crate) struct Domain<'a> {
    pub(crate) rules: &'a Bundle,
    pub(crate) view: View<'a>,
    pub(crate) at: Timestamp,
    pub(crate) search: &'a Search,
    pub(crate) asked: QuestionDigest,
    /// Are the decisions returned with the results?
    pub(crate) explain: bool,
}

impl Domain<'_> {
    /// The page asked for, and the facts of the sides that were given.
    pub(crate) fn page(&self) -> Result<(SearchPage, Facts), CallError<SearchError>> {
        let facts = self.facts()?;
        // The actions are a list of the rules: where they are others, the places in it mean something else.
        let names =
            if matches!(self.search.target, SearchTarget::Action { .. }) { actions(self.rules) } else { Vec::new() };
        let list = digest::<32>(&[names.join("\n").as_bytes()]);
        let page = page_of(self.search, &self.asked, &list, self.explain, |from, builder| match &self.search.target {
            SearchTarget::Subject { kind, action, resource } => {
                self.subjects(kind, action, resource, &facts, from, builder)
            }
            SearchTarget::Resource { subject, action, kind } => {
                self.resources(subject, action, kind, &facts, from, builder)
            }
            SearchTarget::Action { .. } => look_through(names, from, builder, |name| Ok(self.judged(name, &facts))),
        })?;
        Ok((page, facts))
    }

    fn facts(&self) -> Result<Facts, StoreError> {
        let needs = match &self.search.target {
            SearchTarget::Subject { resource, .. } => Needs { subject: Target::Foreign, resource: resource.target() },
            SearchTarget::Resource { subject, .. } => Needs { subject: subject.target(), resource: Target::Foreign },
            SearchTarget::Action { subject, resource } => Needs::of(subject, resource),
        };
        let mut facts = self.view.facts(&needs, self.at)?;
        // The searched entity is not unknown, it is searched.
        match &self.search.target {
            SearchTarget::Subject { .. } => facts.unknown_subject = None,
            SearchTarget::Resource { .. } => facts.unknown_resource = None,
            SearchTarget::Action { .. } => {}
        }
        Ok(facts)
    }

    fn question(&self, with: &str) -> Question {
        self.search.target.filled(with, &self.search.context)
    }

    /// Decides a candidate from its facts.
    fn judged(&self, candidate: String, facts: &Facts) -> Option<Match> {
        let question = self.question(&candidate);
        permits(self.rules, Namespace::Domain, &question, facts).then(|| Match {
            found: self.search.target.found(candidate),
            decision: self.explain.then(|| decide(self.rules, Namespace::Domain, &question, facts)),
        })
    }

    /// Decides a candidate as a single check of it would be.
    fn checked(&self, candidate: &str) -> Result<Option<Match>, StoreError> {
        let question = self.question(candidate);
        let facts = self.view.facts(&Needs::of(&question.subject, &question.resource), self.at)?;
        Ok(self.judged(candidate.to_owned(), &facts))
    }

    fn look(&self, builder: &mut PageBuilder, id: &str) -> Result<Listed, StoreError> {
        builder.look(Position::Id(id.to_owned()), || self.checked(id))
    }

    /// Can a subject of one type do the action to a resource of the other at all?
    fn applies(&self, subject: &str, action: &Action, resource: &str) -> bool {
        let action = self.rules.vocabulary().action(Namespace::Domain.as_str(), &action.name);
        action.is_some_and(|action| action.principals.contains(subject) && action.resources.contains(resource))
    }

    fn subjects(
        &self,
        kind: &str,
        action: &Action,
        resource: &Entity,
        facts: &Facts,
        from: &Position,
        builder: &mut PageBuilder,
    ) -> Result<(), CallError<SearchError>> {
        if facts.unknown_resource.is_some() || !self.applies(kind, action, &resource.kind) {
            return Ok(());
        }
        if allows_unrelated_subject(self.rules, &self.question(""), facts) {
            return self.everything(kind, from, builder);
        }
        let last: Option<PartnerId> = from.id()?;
        let after = |candidate: &&PartnerId| last.as_ref().is_none_or(|last| *candidate > last);
        for candidate in reach::partners_of(facts).into_iter().filter(after) {
            if self.look(builder, candidate.as_str())?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn resources(
        &self,
        subject: &Entity,
        action: &Action,
        kind: &str,
        facts: &Facts,
        from: &Position,
        builder: &mut PageBuilder,
    ) -> Result<(), CallError<SearchError>> {
        if facts.unknown_subject.is_some() || !self.applies(&subject.kind, action, kind) {
            return Ok(());
        }
        // A page that began to look through everything goes on so.
        let is_scanning = matches!(from, Position::Id(_)) && kind == Kind::Subscription.as_str();
        let Target::Partner(partner) = subject.target() else { return self.everything(kind, from, builder) };
        let Some(known) = facts.partners.get(&partner) else { return Ok(()) };
        if is_scanning || allows_unrelated_resource(self.rules, &self.question(""), known) {
            return self.everything(kind, from, builder);
        }
        match Kind::named(kind) {
            Some(Kind::Service) => {
                let last: Option<ServiceId> = from.id()?;
                self.view.services_granted(&partner, last.as_ref(), &mut |service| {
                    self.look(builder, &service.to_string())
                })?;
                Ok(())
            }
            Some(Kind::Subscription) => {
                let after = match from {
                    Position::Start => None,
                    Position::Reached(place) => Some(place),
                    Position::Id(_) | Position::Count(_) => return Err(SearchError::Token.into()),
                };
                reach::subscriptions_of(&self.view, self.at, &partner, after, &mut |place, step| {
                    builder.look(Position::Reached(place), || match step {
                        Step::To(subscription) => self.checked(subscription.id.as_str()),
                        Step::Again(_) | Step::Past => Ok(None),
                    })
                })?;
                Ok(())
            }
            // Where unrelated partners are allowed nothing there is an index, and these have none.
            _ => self.everything(kind, from, builder),
        }
    }

    /// Everything of a type, in the order of the ids.
    fn everything(&self, kind: &str, from: &Position, builder: &mut PageBuilder) -> Result<(), CallError<SearchError>> {
        let Some(kind) = Kind::named(kind) else { return Ok(()) };
        let after = from.id::<String>()?.map(|id| Entity::new(kind.as_str(), id).target());
        if matches!(after, Some(Target::Nothing(_))) {
            return Err(SearchError::Token.into());
        }
        reach::everything(&self.view, kind, after.as_ref(), &mut |target| match target.entity() {
            Some(entity) => self.look(builder, &entity.id),
            None => Ok(Listed::Continue(())),
        })?;
        Ok(())
    }
}
