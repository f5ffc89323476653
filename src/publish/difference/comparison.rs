//! The walk through everything that is registered.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use crate::answer::what_if::Named;
use crate::assure::spoken::Spoken;
use crate::clock::Timestamp;
use crate::decide::{Namespace, permits};
use crate::domain::commercial::RelationshipState;
use crate::facts::{Facts, Needs};
use crate::pdp::call::CallError;
use crate::policy::Bundle;
use crate::publish::difference::difference_counts::{
    DifferencesByAction, Looked, Others, Subjects, Turn, Turned, named,
};
use crate::publish::difference::plan::Plan;
use crate::publish::difference::progress::{DifferenceError, Progress};
use crate::publish::difference::report::WorldDifference;
use crate::publish::difference::resource_signature::ResourceSignature;
use crate::publish::difference::subject_index::{Id, SubjectIndex};
use crate::question::{Entity, Kind, Question, Target};
use crate::store::{CustomerSnapshot, Listed, StoreError, View};
use crate::work::{Counted, come};

/// How many resources are looked at between two reports of progress.
const PROGRESS_RESOURCES: u64 = 1_000;

/// The place of each subject index.
const PARTNERS: usize = 0;
const CUSTOMERS: usize = 1;

/// What rules can distinguish of a pair of a subject and a resource, as numbers.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Alike {
    resource: usize,
    subject: (Kind, usize),
    /// The subject's part in the facts of the resource; nothing when it has none.
    part: Option<usize>,
    related: Option<RelationshipState>,
}

/// Somebody that has something to do with a resource.
struct Related {
    place: usize,
    part: Option<usize>,
    relationship: Option<RelationshipState>,
}

/// The actions whose answers turn, for a caller that says which of the things that can be said, and which way.
type Turning = Rc<[(usize, usize, Turn)]>;

/// A comparison of two sets of rules at one revision and one moment.
pub(crate) struct Comparison<'a> {
    rules: [&'a Bundle; 2],
    view: &'a View<'a>,
    at: Timestamp,
    plan: Plan,
    /// Partners and customers.
    subject_indexes: [SubjectIndex; 2],
    signatures: BTreeMap<Vec<u8>, usize>,
    parts: BTreeMap<Vec<u8>, usize>,
    known: BTreeMap<Alike, Turning>,
    found: DifferencesByAction,
    progress: Progress,
    is_stopped: bool,
    on_progress: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    take: &'a mut dyn FnMut(&Turned<'_>) -> ControlFlow<()>,
}

impl<'a> Comparison<'a> {
    /// Determines what is to be compared, and reads the subjects.
    pub(crate) fn of(
        (rules, spoken): ([&'a Bundle; 2], &Spoken),
        view: &'a View<'a>,
        at: Timestamp,
        naming: usize,
        on_progress: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
        take: &'a mut dyn FnMut(&Turned<'_>) -> ControlFlow<()>,
    ) -> Result<Self, CallError<DifferenceError>> {
        let plan = Plan::of(rules, spoken)?;
        let mut all = 0;
        for kind in Kind::ALL.iter().filter(|kind| plan.is_about(**kind)) {
            all += view.count(*kind)?;
        }
        let mut subject_indexes = [SubjectIndex::nobody(Kind::Partner), SubjectIndex::nobody(Kind::Customer)];
        if plan.is_by(Kind::Partner) || plan.is_about(Kind::Partner) {
            subject_indexes[PARTNERS] = SubjectIndex::partners(view, &plan.names)?;
        }
        if plan.is_by(Kind::Customer) {
            subject_indexes[CUSTOMERS] = SubjectIndex::customers(view, &plan.names)?;
        }
        Ok(Self {
            rules,
            view,
            at,
            plan,
            subject_indexes,
            signatures: BTreeMap::new(),
            parts: BTreeMap::new(),
            known: BTreeMap::new(),
            found: DifferencesByAction::naming(naming),
            progress: Progress { done: 0, all },
            is_stopped: false,
            on_progress,
            take,
        })
    }

    /// What was found.
    pub(crate) fn report(self) -> WorldDifference {
        let rules = self.rules.map(|rules| rules.digest().clone());
        self.found.report(&self.plan, rules, (self.view.revision(), self.at))
    }

    /// Looks at everything.
    pub(crate) fn run(&mut self) -> Result<(), CallError<DifferenceError>> {
        self.report_progress();
        if self.plan.is_about(Kind::Partner) && !self.is_stopped {
            self.partners()?;
        }
        let customer_snapshots = [Kind::Customer, Kind::Service, Kind::Subscription];
        if customer_snapshots.into_iter().any(|kind| self.plan.is_about(kind)) && !self.is_stopped {
            let mut place = 0;
            let (view, at) = (*self.view, self.at);
            view.customer_snapshots(at, &mut |customer_snapshot| {
                self.customer_snapshot(customer_snapshot, place)?;
                place += 1;
                Ok(self.flow())
            })?;
        }
        if self.is_stopped {
            return Err(DifferenceError::Stopped.into());
        }
        let Progress { done, all } = self.progress;
        if done != all {
            let message = format!("{done} of {all} resources are listed with their customers");
            return Err(StoreError::Unreadable(message).into());
        }
        self.report_progress();
        Ok(())
    }

    fn report_progress(&mut self) {
        come(Counted::Resources, self.progress.done, self.progress.all);
        self.is_stopped |= (self.on_progress)(self.progress).is_break();
    }

    fn flow(&self) -> Listed {
        if self.is_stopped { Listed::Break(()) } else { Listed::Continue(()) }
    }

    fn partners(&mut self) -> Result<(), StoreError> {
        let mut place = 0;
        while let Some(Id::Partner(id)) = self.subject_indexes[PARTNERS].ids.get(place).cloned() {
            let target = Target::Partner(id);
            let mut facts = Facts { revision: self.view.revision(), at: self.at, ..Facts::default() };
            self.subject_indexes[PARTNERS].introduce(place, &mut facts);
            self.look(&facts, &[], &self.looked(&target, Kind::Partner, place))?;
            if self.is_stopped {
                break;
            }
            place += 1;
        }
        Ok(())
    }

    fn customer_snapshot(&mut self, customer_snapshot: &CustomerSnapshot<'_>, place: usize) -> Result<(), StoreError> {
        let relationships = customer_snapshot.relationships().iter();
        let relationships: Vec<(usize, RelationshipState)> = relationships
            .filter_map(|(partner, state)| Some((self.subject_indexes[PARTNERS].place(partner.as_str())?, *state)))
            .collect();
        if self.plan.is_about(Kind::Customer) {
            let target = Target::Customer(customer_snapshot.customer().clone());
            self.look(&customer_snapshot.facts(), &relationships, &self.looked(&target, Kind::Customer, place))?;
        }
        if self.plan.is_about(Kind::Service) && !self.is_stopped {
            for (id, facts) in customer_snapshot.services() {
                let target = Target::Service(id.clone());
                let looked = Looked { service: Some(&id.service), ..self.looked(&target, Kind::Service, place) };
                self.look(&facts, &relationships, &looked)?;
                if self.is_stopped {
                    break;
                }
            }
        }
        if self.plan.is_about(Kind::Subscription) && !self.is_stopped {
            customer_snapshot.subscriptions(&mut |id, service, facts| {
                let target = Target::Subscription(id.clone());
                let looked = Looked { service: Some(service), ..self.looked(&target, Kind::Subscription, place) };
                self.look(facts, &relationships, &looked)?;
                Ok(self.flow())
            })?;
        }
        Ok(())
    }

    fn looked<'t>(&self, target: &'t Target, kind: Kind, place: usize) -> Looked<'t> {
        Looked { target, kind, place, service: None, number: self.progress.done }
    }

    /// Compares everything that anybody does to one resource. `relationships` are those of its customer.
    fn look(
        &mut self,
        facts: &Facts,
        relationships: &[(usize, RelationshipState)],
        looked: &Looked<'_>,
    ) -> Result<(), StoreError> {
        let signature = ResourceSignature::of(facts, looked.target, &self.plan.names);
        let resource = number(&mut self.signatures, &signature.key);
        for subject_index in [PARTNERS, CUSTOMERS] {
            let kind = self.subject_indexes[subject_index].kind;
            if self.plan.applying(kind, looked.kind).is_empty() {
                continue;
            }
            let related = match kind {
                Kind::Partner => self.partners_of(&signature, relationships),
                _ => self.customers_of(&signature),
            };
            let mut unrelated: Vec<usize> = self.subject_indexes[subject_index].members.iter().map(Vec::len).collect();
            for Related { place, part, relationship } in &related {
                let class = self.subject_indexes[subject_index].class(*place);
                if let Some(unrelated) = unrelated.get_mut(class) {
                    *unrelated -= 1;
                }
                let standing = Alike { resource, subject: (kind, class), part: *part, related: *relationship };
                let turning = self.turning(standing, subject_index, *place, facts, looked)?;
                self.turned(&turning, subject_index, Who::One(*place), looked);
            }
            let related: Vec<usize> = related.iter().map(|related| related.place).collect();
            for (class, count) in unrelated.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                let standing = Alike { resource, subject: (kind, class), part: None, related: None };
                let mut members = self.subject_indexes[subject_index].members.get(class).into_iter().flatten();
                let Some(&one) = members.find(|place| related.binary_search(place).is_err()) else { continue };
                let turning = self.turning(standing, subject_index, one, facts, looked)?;
                self.turned(&turning, subject_index, Who::Others(class, &related, count), looked);
            }
        }
        self.progress.done += 1;
        if self.progress.done.is_multiple_of(PROGRESS_RESOURCES) {
            self.report_progress();
        }
        Ok(())
    }

    /// The registered partners that have something to do with a resource, in the order of their places.
    fn partners_of(
        &mut self,
        signature: &ResourceSignature<'_>,
        relationships: &[(usize, RelationshipState)],
    ) -> Vec<Related> {
        let mut related: Vec<Related> = relationships
            .iter()
            .map(|&(place, state)| Related { place, part: None, relationship: Some(state) })
            .collect();
        for (partner, part) in &signature.partners {
            let Some(place) = self.subject_indexes[PARTNERS].place(partner.as_str()) else { continue };
            let part = Some(number(&mut self.parts, part));
            match related.binary_search_by_key(&place, |known| known.place) {
                Ok(index) => related.get_mut(index).into_iter().for_each(|known| known.part = part),
                Err(index) => related.insert(index, Related { place, part, relationship: None }),
            }
        }
        related
    }

    /// The customers that have something to do with a resource, in the order of their places.
    fn customers_of(&self, signature: &ResourceSignature<'_>) -> Vec<Related> {
        let customers = signature.customers.iter().enumerate();
        let mut related: Vec<Related> = customers
            .filter_map(|(part, id)| {
                let place = self.subject_indexes[CUSTOMERS].place(id.as_str())?;
                Some(Related { place, part: Some(part), relationship: None })
            })
            .collect();
        related.sort_by_key(|known| known.place);
        related
    }

    /// What turns for a standing, decided on the facts of the first pair that has it.
    fn turning(
        &mut self,
        standing: Alike,
        subject_index: usize,
        place: usize,
        facts: &Facts,
        looked: &Looked<'_>,
    ) -> Result<Turning, StoreError> {
        if let Some(known) = self.known.get(&standing) {
            return Ok(Rc::clone(known));
        }
        let subject_index = &self.subject_indexes[subject_index];
        let Some(id) = subject_index.ids.get(place) else { return Ok(Rc::default()) };
        let mut read = facts.clone();
        subject_index.introduce(place, &mut read);
        if let (Some(state), Id::Partner(partner), Some(customer)) = (standing.related, id, facts.customers.first()) {
            read.relationships.entry(customer.clone()).or_default().insert(partner.clone(), state);
        }
        let needs = Needs { subject: id.target(), resource: looked.target.clone() };
        let checked = self.view.facts(&needs, self.at)?;
        if checked != read {
            let resource = id_of(looked.target);
            return Err(StoreError::Unreadable(format!(
                "`{resource}` is not what the lists of its customer say it is"
            )));
        }
        let subject = Entity::new(id.kind().as_str(), id.as_str());
        let resource = Entity::new(looked.kind.as_str(), id_of(looked.target));
        let mut turning = Vec::new();
        for &action in self.plan.applying(id.kind(), looked.kind) {
            let Some(name) = self.plan.actions.get(action) else { continue };
            let question = Question::new(subject.clone(), name.as_str(), resource.clone());
            let answers =
                |question: &Question| self.rules.map(|rules| permits(rules, Namespace::Domain, question, &checked));
            let contexts = self.plan.contexts.get(action).and_then(Option::as_ref);
            let Some(contexts) = contexts else {
                turning.extend(Turn::of(answers(&question)).map(|turn| (action, 0, turn)));
                continue;
            };
            let all: Vec<Option<Turn>> =
                contexts.said().iter().map(|said| Turn::of(answers(&said.asks(question.clone())))).collect();
            for turn in [Turn::Gained, Turn::Lost] {
                let risen = contexts.risen(&all, |at| *at == Some(turn));
                turning.extend(risen.into_iter().map(|place| (action, place, turn)));
                if all.first() == Some(&Some(turn)) {
                    let fallen = contexts.risen(&all, |at| *at != Some(turn));
                    turning.extend(fallen.into_iter().map(|place| (action, place, turn.not())));
                }
            }
        }
        let turning: Turning = turning.into();
        self.known.insert(standing, Rc::clone(&turning));
        Ok(turning)
    }

    /// Counts and names what changes, and reports it.
    fn turned(&mut self, turning: &Turning, subject_index: usize, who: Who<'_>, looked: &Looked<'_>) {
        if turning.is_empty() {
            return;
        }
        let subject_index = &self.subject_indexes[subject_index];
        let resource = Named { kind: looked.kind.as_str().to_owned(), id: id_of(looked.target) };
        for &(action, place_said, turn) in turning.iter() {
            let (subjects, place) = match who {
                Who::One(place) => {
                    let Some(id) = subject_index.ids.get(place) else { continue };
                    (Subjects::One(named(id)), place)
                }
                Who::Others(class, except, count) => {
                    (Subjects::Others(Others::of(subject_index, class, except, count as u64)), 0)
                }
            };
            let Some(name) = self.plan.actions.get(action) else { continue };
            let contexts = self.plan.contexts.get(action).and_then(Option::as_ref);
            let said = contexts.and_then(|contexts| contexts.said().get(place_said)).filter(|said| !said.is_nothing());
            let turned = Turned { turn, action: name, said, subjects, resource: &resource };
            self.found.add((action, place_said), &turned, looked, place);
            if matches!(turn, Turn::Gained | Turn::Lost) {
                self.is_stopped |= (self.take)(&turned).is_break();
            }
        }
    }
}

/// Who gains or loses something, by places.
#[derive(Clone, Copy)]
enum Who<'a> {
    One(usize),
    /// Those of a class but these, and how many they are.
    Others(usize, &'a [usize], usize),
}

/// The number of what looks so.
fn number(numbers: &mut BTreeMap<Vec<u8>, usize>, look: &[u8]) -> usize {
    if let Some(known) = numbers.get(look) {
        return *known;
    }
    let next = numbers.len();
    numbers.insert(look.to_vec(), next);
    next
}

fn id_of(target: &Target) -> String {
    match target {
        Target::Partner(id) => id.to_string(),
        Target::Customer(id) => id.to_string(),
        Target::Service(id) => id.to_string(),
        Target::Subscription(id) => id.to_string(),
        Target::Nothing(_) | Target::Foreign => String::new(),
    }
}
