//! What two sets of rules decide differently, counted and named as it is found.

use std::collections::{BTreeMap, BTreeSet};

use crate::answer::what_if::Named;
use crate::assure::context::{Contexts, Said};
use crate::clock::Timestamp;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::id::{Revision, ServiceName};
use crate::policy::Digest;
use crate::publish::difference::plan::Plan;
use crate::publish::difference::report::{
    ActionDifference, Concerned, IfSaid, TurnedPair, Turns, UnrelatedTurned, WorldDifference,
};
use crate::publish::difference::subject_index::{Class, Id, SubjectIndex};
use crate::question::{Kind, Target};

/// Which way an answer turns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Turn {
    /// From no to yes.
    Gained,
    /// From yes to no.
    Lost,
    /// It is gained by a caller that says the least, and not by one that says this.
    NotGained,
    /// It is lost by a caller that says the least, and not by one that says this.
    NotLost,
}

impl Turn {
    /// Which way an answer turns from one to the other, if it does.
    pub(crate) fn of(answers: [bool; 2]) -> Option<Self> {
        match answers {
            [false, true] => Some(Self::Gained),
            [true, false] => Some(Self::Lost),
            [true, true] | [false, false] => None,
        }
    }

    pub(crate) fn not(self) -> Self {
        match self {
            Self::Gained | Self::NotGained => Self::NotGained,
            Self::Lost | Self::NotLost => Self::NotLost,
        }
    }
}

/// One or many answers that turn the same way, as they are found.
pub struct Turned<'a> {
    /// Which way.
    pub turn: Turn,
    /// About which action.
    pub action: &'a str,
    /// What the caller says to whom it turns; nothing where it says nothing.
    pub said: Option<&'a Said>,
    /// Who.
    pub subjects: Subjects<'a>,
    /// On what.
    pub resource: &'a Named,
}

/// Who gains or loses something.
pub enum Subjects<'a> {
    /// One that has something to do with the resource.
    One(Named),
    /// Everybody of a sort that has nothing to do with it.
    Others(Others<'a>),
}

/// Everybody of a sort that has nothing to do with a resource.
pub struct Others<'a> {
    subject_index: &'a SubjectIndex,
    class: usize,
    /// Those that have something to do with it, in the order of their places.
    except: &'a [usize],
    count: u64,
}

impl<'a> Others<'a> {
    pub(crate) fn of(subject_index: &'a SubjectIndex, class: usize, except: &'a [usize], count: u64) -> Self {
        Self { subject_index, class, except, count }
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The way they take part and their standing, when they are partners.
    #[must_use]
    pub fn partner(&self) -> Option<(PartnerKind, PartnerStatus)> {
        self.sort().and_then(|class| class.partner)
    }

    /// Each of them, in the order of their ids.
    pub fn each(&self) -> impl Iterator<Item = Named> {
        self.places().filter_map(|place| self.subject_index.ids.get(place)).map(named)
    }

    fn sort(&self) -> Option<&'a Class> {
        self.subject_index.classes.get(self.class)
    }

    fn places(&self) -> impl Iterator<Item = usize> {
        let members = self.subject_index.members.get(self.class).into_iter().flatten().copied();
        members.filter(|place| self.except.binary_search(place).is_err())
    }
}

pub(crate) fn named(id: &Id) -> Named {
    Named { kind: id.kind().as_str().to_owned(), id: id.as_str().to_owned() }
}

/// The resource that is looked at.
pub(crate) struct Looked<'a> {
    pub(crate) target: &'a Target,
    pub(crate) kind: Kind,
    /// The place of the customer among the customers, or of the partner that it is among the partners.
    pub(crate) place: usize,
    /// Its service, when it is one or belongs to one.
    pub(crate) service: Option<&'a ServiceName>,
    /// Which of all resources that are looked at it is.
    pub(crate) number: u64,
}

/// A set of places.
#[derive(Default)]
struct Places(Vec<u64>);

impl Places {
    fn add(&mut self, place: usize) {
        let (word, bit) = (place / 64, place % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

/// Who and what is concerned, each counted once.
#[derive(Default)]
struct Marks {
    partners: Places,
    customers: Places,
    services: u64,
    subscriptions: u64,
    /// The services of the customer that is being looked at.
    here: (usize, BTreeSet<ServiceName>),
    /// The resource that was marked last.
    last: Option<u64>,
    /// Who of a type and a class is not marked yet, where unrelated subjects of it are concerned.
    left: BTreeMap<(Kind, usize), Vec<usize>>,
}

impl Marks {
    fn resource(&mut self, looked: &Looked<'_>) {
        if self.last.replace(looked.number) == Some(looked.number) {
            return;
        }
        match looked.kind {
            Kind::Partner => return self.partners.add(looked.place),
            Kind::Subscription => self.subscriptions += 1,
            Kind::Customer | Kind::Service | Kind::Operator => {}
        }
        self.customers.add(looked.place);
        if let Some(service) = looked.service {
            if self.here.0 != looked.place {
                self.here = (looked.place, BTreeSet::new());
            }
            if !self.here.1.contains(service) {
                self.here.1.insert(service.clone());
                self.services += 1;
            }
        }
    }

    fn subject(&mut self, kind: Kind, place: usize) {
        match kind {
            Kind::Partner => self.partners.add(place),
            _ => self.customers.add(place),
        }
    }

    fn others(&mut self, others: &Others<'_>) {
        let kind = others.subject_index.kind;
        let members = || others.subject_index.members.get(others.class).cloned().unwrap_or_default();
        let mut left = self.left.remove(&(kind, others.class)).unwrap_or_else(members);
        left.retain(|place| {
            let is_one = others.except.binary_search(place).is_err();
            if is_one {
                self.subject(kind, *place);
            }
            !is_one
        });
        self.left.insert((kind, others.class), left);
    }

    fn concerned(&self) -> Concerned {
        Concerned {
            partners: self.partners.count(),
            customers: self.customers.count(),
            services: self.services,
            subscriptions: self.subscriptions,
        }
    }
}

/// The answers that turn one way about one action.
#[derive(Default)]
struct DifferenceCounts {
    count: u64,
    marks: Marks,
    /// By the class of the unrelated subjects and the type of the resource: how many resources, and how many pairs.
    unrelated: BTreeMap<(Kind, Class, Kind), (u64, u64)>,
    named: Vec<TurnedPair>,
}

impl DifferenceCounts {
    fn report(self) -> Turns {
        let unrelated =
            self.unrelated.into_iter().map(|((kind, class, resource), (resources, pairs))| UnrelatedTurned {
                subject_type: kind.as_str().to_owned(),
                id: class.named,
                kind: class.partner.map(|(kind, _)| kind),
                status: class.partner.map(|(_, status)| status),
                resource_type: resource.as_str().to_owned(),
                resources,
                pairs,
            });
        Turns {
            count: self.count,
            concerned: self.marks.concerned(),
            unrelated: unrelated.collect(),
            complete: self.named.len() as u64 == self.count,
            named: self.named,
        }
    }
}

/// Everything that was found so far.
pub(crate) struct DifferencesByAction {
    most: usize,
    all: Marks,
    /// By the action, what is said, and the way.
    by_action: BTreeMap<(usize, usize, Turn), DifferenceCounts>,
}

impl DifferencesByAction {
    /// Nothing found; up to `most` are to be named for each action and each way.
    pub(crate) fn naming(most: usize) -> Self {
        Self { most, all: Marks::default(), by_action: BTreeMap::new() }
    }

    pub(crate) fn add(
        &mut self,
        (action, said): (usize, usize),
        found: &Turned<'_>,
        looked: &Looked<'_>,
        place: usize,
    ) {
        let difference = self.by_action.entry((action, said, found.turn)).or_default();
        if matches!(found.turn, Turn::NotGained | Turn::NotLost) {
            difference.count += match &found.subjects {
                Subjects::One(_) => 1,
                Subjects::Others(others) => others.count,
            };
            return;
        }
        // What is counted over all is what a caller gains or loses that says the least.
        let mut unsaid = Marks::default();
        let all = if said == 0 { &mut self.all } else { &mut unsaid };
        let room = self.most.saturating_sub(difference.named.len());
        let pair = |subject| TurnedPair { subject, resource: found.resource.clone() };
        match &found.subjects {
            Subjects::One(subject) => {
                let kind = if subject.kind == Kind::Partner.as_str() { Kind::Partner } else { Kind::Customer };
                for marks in [&mut difference.marks, &mut *all] {
                    marks.subject(kind, place);
                }
                difference.count += 1;
                difference.named.extend((room > 0).then(|| pair(subject.clone())));
            }
            Subjects::Others(others) => {
                for marks in [&mut difference.marks, &mut *all] {
                    marks.others(others);
                }
                difference.count += others.count;
                difference.named.extend(others.each().take(room).map(pair));
                if let Some(class) = others.sort() {
                    let counts = difference
                        .unrelated
                        .entry((others.subject_index.kind, class.clone(), looked.kind))
                        .or_default();
                    counts.0 += 1;
                    counts.1 += others.count;
                }
            }
        }
        for marks in [&mut difference.marks, all] {
            marks.resource(looked);
        }
    }

    /// The report of what was found.
    pub(crate) fn report(
        mut self,
        plan: &Plan,
        [old, new]: [Digest; 2],
        (revision, at): (Revision, Timestamp),
    ) -> WorldDifference {
        let mut actions = Vec::new();
        for (index, (action, contexts)) in plan.actions.iter().zip(&plan.contexts).enumerate() {
            let mut of = |said: usize, turn| self.by_action.remove(&(index, said, turn)).unwrap_or_default();
            let (gained, lost) = (of(0, Turn::Gained).report(), of(0, Turn::Lost).report());
            let others = contexts.iter().flat_map(|contexts| contexts.said().iter().enumerate().skip(1));
            let mut if_said: Vec<IfSaid> = others
                .map(|(place, said)| IfSaid {
                    said: said.clone(),
                    gained: of(place, Turn::Gained).report(),
                    lost: of(place, Turn::Lost).report(),
                    not_gained: of(place, Turn::NotGained).count,
                    not_lost: of(place, Turn::NotLost).count,
                })
                .collect();
            if_said.retain(|said| said.gained.count + said.lost.count + said.not_gained + said.not_lost > 0);
            let unknown = contexts.as_ref().and_then(|contexts| contexts.unknown.clone());
            if gained.count + lost.count > 0 || !if_said.is_empty() || unknown.is_some() {
                let said = contexts.as_ref().map(Contexts::least);
                actions.push(ActionDifference { action: action.clone(), gained, lost, said, if_said, unknown });
            }
        }
        WorldDifference {
            old,
            new,
            revision,
            at,
            gained: actions.iter().map(|action| action.gained.count).sum(),
            lost: actions.iter().map(|action| action.lost.count).sum(),
            concerned: self.all.concerned(),
            complete: actions.iter().all(ActionDifference::is_complete),
            actions,
        }
    }
}
