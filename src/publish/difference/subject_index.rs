//! Everybody who may ask, by what rules can see of them besides what they have to do with a resource.

use std::collections::BTreeMap;

use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::facts::{Facts, PartnerFacts};
use crate::id::{CustomerId, PartnerId};
use crate::publish::difference::resource_signature::Names;
use crate::question::{Kind, Target};
use crate::store::{Listed, StoreError, View};

/// The id of a subject in the index.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    Partner(PartnerId),
    Customer(CustomerId),
}

impl Id {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Partner(id) => id.as_str(),
            Self::Customer(id) => id.as_str(),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Partner(_) => Kind::Partner,
            Self::Customer(_) => Kind::Customer,
        }
    }

    pub(crate) fn target(&self) -> Target {
        match self {
            Self::Partner(id) => Target::Partner(id.clone()),
            Self::Customer(id) => Target::Customer(id.clone()),
        }
    }
}

/// What rules can see of somebody who has nothing to do with a resource.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class {
    pub(crate) partner: Option<(PartnerKind, PartnerStatus)>,
    /// The id, when rules name it.
    pub(crate) named: Option<String>,
}

/// All subjects of one type, by class.
pub(crate) struct SubjectIndex {
    pub(crate) kind: Kind,
    /// Everybody, in the order of their ids.
    pub(crate) ids: Vec<Id>,
    class_of: Vec<usize>,
    pub(crate) classes: Vec<Class>,
    /// Who is of each class, in the order of their ids.
    pub(crate) members: Vec<Vec<usize>>,
}

impl SubjectIndex {
    fn of(kind: Kind, everybody: Vec<(Id, Option<PartnerFacts>)>, names: &Names) -> Self {
        let mut subject_index =
            Self { kind, ids: Vec::new(), class_of: Vec::new(), classes: Vec::new(), members: Vec::new() };
        let mut numbers = BTreeMap::new();
        for (id, known) in everybody {
            let partner = known.map(|PartnerFacts { kind, status }| (kind, status));
            let class = Class { partner, named: names.find(kind, id.as_str()).map(str::to_owned) };
            let number = *numbers.entry(class).or_insert_with_key(|class| {
                subject_index.classes.push(class.clone());
                subject_index.members.push(Vec::new());
                subject_index.classes.len() - 1
            });
            if let Some(members) = subject_index.members.get_mut(number) {
                members.push(subject_index.ids.len());
            }
            subject_index.ids.push(id);
            subject_index.class_of.push(number);
        }
        subject_index
    }

    /// Every partner.
    pub(crate) fn partners(view: &View<'_>, names: &Names) -> Result<Self, StoreError> {
        let mut everybody = Vec::new();
        view.partners(None, &mut |partner| {
            let known = PartnerFacts { kind: partner.kind, status: partner.status };
            everybody.push((Id::Partner(partner.id), Some(known)));
            Ok(Listed::Continue(()))
        })?;
        Ok(Self::of(Kind::Partner, everybody, names))
    }

    /// Every customer.
    pub(crate) fn customers(view: &View<'_>, names: &Names) -> Result<Self, StoreError> {
        let mut everybody = Vec::new();
        view.customers(None, &mut |customer| {
            everybody.push((Id::Customer(customer.id), None));
            Ok(Listed::Continue(()))
        })?;
        Ok(Self::of(Kind::Customer, everybody, names))
    }

    /// Nobody of a type that does nothing.
    pub(crate) fn nobody(kind: Kind) -> Self {
        Self::of(kind, Vec::new(), &Names::default())
    }

    /// The place of somebody who is registered.
    pub(crate) fn place(&self, id: &str) -> Option<usize> {
        self.ids.binary_search_by(|known| known.as_str().cmp(id)).ok()
    }

    pub(crate) fn class(&self, place: usize) -> usize {
        self.class_of.get(place).copied().unwrap_or_default()
    }

    /// Adds what is known of a subject to the facts of a resource.
    pub(crate) fn introduce(&self, place: usize, facts: &mut Facts) {
        let class = self.classes.get(self.class(place));
        match (self.ids.get(place), class.and_then(|class| class.partner)) {
            (Some(Id::Partner(id)), Some((kind, status))) => {
                facts.partners.insert(id.clone(), PartnerFacts { kind, status });
            }
            (Some(Id::Customer(id)), _) => drop(facts.customers.insert(id.clone())),
            _ => {}
        }
    }
}
