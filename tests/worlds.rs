//! Worlds made up from a number, and every answer about them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use standing::answer::batch::{Batch, Semantic};
use standing::answer::past::ReadOptions;
use standing::caller::Caller;
use standing::change::acceptance::Acceptance;
use standing::change::import::{ImportError, Imported};
use standing::change::removal::Removal;
use standing::change::renegotiation::Renegotiation;
use standing::clock::{Clock as _, SharedClock, Stopped};
use standing::domain::commercial::{Outcome, Side};
use standing::domain::customer::Customer;
use standing::domain::partner::{Partner, PartnerKind, PartnerStatus};
use standing::domain::subscription::{Subscription, SubscriptionStatus};
use standing::pdp::call::{Call, CallError, Committed};
use standing::pdp::links::LinkRing;
use standing::pdp::{Pdp, Terms};
use standing::policy::{Bundle, RuleFiles, Rulebook};
use standing::question::{Entity, Members, Question};
use standing::store::{ImportPieces, Store};
use standing::{answer, change};

use crate::stage::terms;

/// The rules as shipped, with some files put beside or over them.
pub fn rules(files: &[(&str, &str)]) -> Bundle {
    let mut all: BTreeMap<String, String> =
        RuleFiles::built_in().iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    all.extend(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    Bundle::load(all.into_iter().collect(), Rulebook::Domain).unwrap()
}

/// Numbers that look like chance and are the same every time.
pub struct Chance(u64);

impl Chance {
    pub fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % bound as u64).unwrap()
    }

    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn of_all<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Those of them that transact, as they begin.
const SELLERS: [&str; 4] = ["p0", "p1", "p4", "p5"];
pub const PARTNERS: [&str; 7] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6"];
pub const CUSTOMERS: [&str; 3] = ["c0", "c1", "c2"];
pub const SERVICES: [&str; 3] = ["azure", "crm", "office365"];
const BEGIN: &str = "2026-01-01T00:00:00Z";

/// A decision point on memory of its own, with a clock that is told the time.
pub struct World {
    pub pdp: Arc<Pdp>,
    pub clock: Arc<Stopped>,
}

/// Every answer, by subject, action and resource.
pub type Answers = BTreeMap<(String, String, String, String, String), bool>;

impl World {
    pub fn empty(rules: Bundle) -> Self {
        Self::empty_proving(rules, None)
    }

    /// One whose changes are worked out once, as they are where it is served.
    pub fn once(rules: Bundle) -> Self {
        Self::over(rules, None, |store| store)
    }

    fn empty_proving(rules: Bundle, solver: Option<PathBuf>) -> Self {
        // Every import is one of many pieces here.
        Self::over(rules, solver, |store| {
            store.each_change_twice().import_in(ImportPieces { waiting_bytes: 2_000, rows: 16 })
        })
    }

    fn over(rules: Bundle, solver: Option<PathBuf>, as_wanted: fn(Store) -> Store) -> Self {
        let clock = Arc::new(Stopped::at(BEGIN.parse().unwrap()));
        let shared: SharedClock = Arc::<Stopped>::clone(&clock);
        let store = as_wanted(Store::over(redb::backends::InMemoryBackend::new, Arc::clone(&shared)).unwrap());
        let terms = Terms { solver, ..terms() };
        let pdp = Pdp::of(store, LinkRing::of_seed([7; 32], &shared), rules, terms).unwrap();
        Self { pdp: Arc::new(pdp), clock }
    }

    /// A world after many things happened in it; not all that is tried is possible.
    pub async fn made_up(rules: Bundle, seed: u64) -> Self {
        Self::proving(rules, seed, None).await
    }

    /// The same with a solver.
    pub async fn proving(rules: Bundle, seed: u64, solver: Option<PathBuf>) -> Self {
        let world = Self::empty_proving(rules, solver);
        let mut chance = Chance::of(seed);
        for (index, id) in PARTNERS.iter().enumerate() {
            let kind = PartnerKind::ALL[index % PartnerKind::ALL.len()];
            world.partner(id, kind, PartnerStatus::Active).await;
        }
        for id in CUSTOMERS {
            let told = Customer { id: id.parse().unwrap(), name: format!("Customer {id}"), domain: None };
            change::registry::put_customer(&world.pdp, &operator(), told).await.unwrap();
        }
        for step in 0..70 {
            world.step(&mut chance, step).await;
        }
        world
    }

    pub async fn partner(&self, id: &str, kind: PartnerKind, status: PartnerStatus) {
        let name = format!("Partner {id} \u{1F91D} \"{kind}\"");
        let told = Partner { id: id.parse().unwrap(), name, kind, status, mpn_id: None, provider: None };
        // A kind that would make two transacting holders of a service is refused, as it should be.
        let _ = change::registry::put_partner(&self.pdp, &operator(), told).await;
    }

    async fn step(&self, chance: &mut Chance, step: usize) {
        let (partner, customer, service) =
            (chance.of_all(&PARTNERS), chance.of_all(&CUSTOMERS), chance.of_all(&SERVICES));
        match chance.below(12) {
            0..=3 => self.sale(chance, step, service).await,
            4 => {
                let kind = chance.of_all(PartnerKind::ALL);
                self.partner(partner, kind, chance.of_all(PartnerStatus::ALL)).await;
            }
            5..=7 => {
                let hours = [None, None, Some(2), Some(30)][chance.below(4)];
                self.accept(customer, partner, &[service, chance.of_all(&SERVICES)], hours).await;
            }
            8 => {
                let partner = [None, Some(partner.parse().unwrap())][chance.below(2)].clone();
                let removal =
                    Removal { customer: customer.parse().unwrap(), partner, service: Some(service.parse().unwrap()) };
                let _ = change::relationship::remove(&self.pdp, &operator(), removal).await;
            }
            9 | 10 => {
                let renegotiation = Renegotiation {
                    customer: customer.parse().unwrap(),
                    partner: partner.parse().unwrap(),
                    by: chance.of_all(Side::ALL),
                    outcome: chance.of_all(&[Outcome::End, Outcome::End, Outcome::Reinstate]),
                };
                let _ = change::relationship::renegotiate(&self.pdp, &operator(), renegotiation).await;
            }
            _ => {
                let hours = i64::try_from(chance.below(5)).unwrap();
                self.clock.set(self.clock.now().checked_add(jiff::Span::new().hours(hours)).unwrap());
            }
        }
    }

    /// Tells one of forty subscriptions, each always of the same customer; every third is an add-on of one of the
    /// first nine, mostly of another service than that.
    async fn sale(&self, chance: &mut Chance, step: usize, service: &str) {
        let parent = (step > 12 && chance.below(3) == 0).then(|| chance.below(9));
        let number =
            if parent.is_some() { 20 + chance.below(20) } else { chance.below(if step > 12 { 20 } else { 9 }) };
        let customer = CUSTOMERS[parent.unwrap_or(number) % CUSTOMERS.len()];
        let is_sold = parent.is_none() && chance.below(4) > 0;
        use SubscriptionStatus::{Active, Deleted, Expired, Suspended};
        let told = Subscription {
            id: format!("s-{number}").parse().unwrap(),
            customer: customer.parse().unwrap(),
            service: service.parse().unwrap(),
            offer: None,
            original_reseller: is_sold.then(|| chance.of_all(&SELLERS).parse().unwrap()),
            partner_of_record: None,
            quantity: 10,
            status: chance.of_all(&[Active, Active, Active, Active, Suspended, Expired, Deleted]),
            parent: parent.map(|parent| format!("s-{parent}").parse().unwrap()),
        };
        let _ = change::selling::put_subscription(&self.pdp, &operator(), told).await;
    }

    pub async fn accept(&self, customer: &str, partner: &str, services: &[&str], hours: Option<i64>) {
        let token = change::relationship::links(&self.pdp).token(&partner.parse().unwrap());
        let until = hours.map(|hours| self.clock.now().checked_add(jiff::Span::new().hours(hours)).unwrap());
        let services = services.iter().map(|service| service.parse().unwrap()).collect();
        let customer = customer.parse().unwrap();
        let acceptance = |partner| Acceptance { partner, customer, services, until };
        let _ = change::relationship::accept(&self.pdp, &operator(), token.as_str(), acceptance).await;
    }

    pub async fn import(&self, lines: impl AsRef<[u8]>) -> Result<Committed<Imported>, CallError<ImportError>> {
        let lines = std::io::Cursor::new(lines.as_ref().to_vec());
        change::import::import(&self.pdp, &operator(), lines, |_, _| ()).await
    }

    pub async fn export(&self) -> String {
        let mut bytes = Vec::new();
        for chunk in answer::export::export(&self.pdp, &operator()).await.unwrap().value {
            bytes.extend(chunk.unwrap());
        }
        String::from_utf8(bytes).unwrap()
    }

    /// Another world with the same facts and clock.
    pub async fn copy(&self, rules: Bundle) -> Self {
        let copy = Self::empty(rules);
        copy.clock.set(self.clock.now());
        copy.import(self.export().await).await.unwrap();
        copy
    }

    /// Every answer about everything that is or could be there.
    pub async fn answers(&self) -> Answers {
        self.answers_saying(&Members::new()).await
    }

    /// The same for a caller that says something.
    pub async fn answers_saying(&self, said: &Members) -> Answers {
        let rules = self.pdp.rules();
        let mut ids: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        ids.insert("Partner", PARTNERS.iter().chain(&["p7", "nobody"]).map(|id| (*id).to_owned()).collect());
        ids.insert("Customer", CUSTOMERS.iter().chain(&["c3"]).map(|id| (*id).to_owned()).collect());
        let customers = ids["Customer"].clone();
        let services =
            customers.iter().flat_map(|customer| SERVICES.iter().map(move |service| format!("{customer}/{service}")));
        ids.insert("Service", services.collect());
        ids.insert("Subscription", (0..42).map(|number| format!("s-{number}")).collect());
        let mut questions = Vec::new();
        for (name, action) in rules.vocabulary().actions("") {
            for principal in &action.principals {
                for resource in &action.resources {
                    for subject in &ids[principal.as_str()] {
                        for object in &ids[resource.as_str()] {
                            questions.push((principal, subject, name, resource, object));
                        }
                    }
                }
            }
        }
        let asked = questions.iter().map(|(principal, subject, name, resource, object)| {
            let question = Question::new(Entity::new(*principal, *subject), *name, Entity::new(*resource, *object));
            Ok(question.saying(said.clone()))
        });
        let batch = Batch { questions: asked.collect(), semantic: Semantic::ExecuteAll };
        let told = answer::batch::ask_all(&self.pdp, &operator(), batch, &ReadOptions::default()).await.unwrap();
        let keys = questions.into_iter().map(|(principal, subject, name, resource, object)| {
            (principal.clone(), subject.clone(), resource.clone(), object.clone(), name.to_owned())
        });
        keys.zip(told.value.into_iter().map(|answer| answer.unwrap().decision.is_allowed())).collect()
    }
}

pub fn operator() -> Call {
    Call::of(Caller::local())
}
