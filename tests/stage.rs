//! A decision point on a folder of its own, with a clock that is told the time and a link key that is no secret.

use std::sync::Arc;

use standing::answer::ask::Answer;
use standing::answer::batch::{Batch, Semantic};
use standing::answer::past::ReadOptions;
use standing::caller::Caller;
use standing::change::acceptance::{Acceptance, Accepted};
use standing::change::relationship::LinkError;
use standing::change::removal::Removal;
use standing::change::renegotiation::Renegotiation;
use standing::clock::{Clock as _, SharedClock, Stopped, Timestamp};
use standing::decide::Decision;
use standing::domain::commercial::{Outcome, Side};
use standing::domain::customer::Customer;
use standing::domain::grant::Multichannel;
use standing::domain::partner::{Partner, PartnerKind, PartnerStatus};
use standing::domain::subscription::{Subscription, SubscriptionStatus};
use standing::limits::Limits;
use standing::pdp::call::{Call, CallError};
use standing::pdp::links::LinkRing;
use standing::pdp::{Pdp, Terms};
use standing::policy::{Bundle, RuleFiles, Rulebook};
use standing::question::{Entity, Question};
use standing::store::Store;
use standing::{answer, change};
use tempfile::TempDir;

/// The actions of the decision table.
pub const ACTIONS: [&str; 11] = [
    "provision",
    "provideSupport",
    "removeSeats",
    "addSeats",
    "orderAddOns",
    "transition",
    "migrate",
    "changePartnerOfRecord",
    "suspend",
    "reactivate",
    "receiveBill",
];

/// The shipped rules.
pub fn shipped() -> Bundle {
    Bundle::load(RuleFiles::built_in(), Rulebook::Domain).unwrap()
}

/// The settings of every decision point of the tests: what is usual, and no solver.
pub fn terms() -> Terms {
    Terms {
        multichannel: Multichannel::Displace,
        limits: Limits::default(),
        public_url: "https://standing.example".to_owned(),
        solver: None,
    }
}

/// A decision point of one test.
pub struct Stage {
    pub pdp: Arc<Pdp>,
    pub clock: Arc<Stopped>,
    pub folder: TempDir,
}

/// The time at which every stage begins.
pub const BEGIN: &str = "2026-01-01T00:00:00Z";

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Stage {
    pub fn new() -> Self {
        Self::with(shipped(), Multichannel::Displace)
    }

    pub fn with(rules: Bundle, multichannel: Multichannel) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Stopped::at(time(BEGIN)));
        let shared: SharedClock = Arc::<Stopped>::clone(&clock);
        let store = Store::open(folder.path(), Arc::clone(&shared)).unwrap().each_change_twice();
        let terms = Terms { multichannel, ..terms() };
        let pdp = Pdp::of(store, LinkRing::of_seed([7; 32], &shared), rules, terms).unwrap();
        Self::of(pdp, clock, folder)
    }

    pub fn of(pdp: Pdp, clock: Arc<Stopped>, folder: TempDir) -> Self {
        Self { pdp: Arc::new(pdp), clock, folder }
    }

    /// An hour passes.
    pub fn later(&self) {
        let now = self.clock.now();
        self.clock.set(now.checked_add(jiff::Span::new().hours(1)).unwrap());
    }

    pub async fn partner(&self, id: &str, kind: PartnerKind) {
        self.partner_as(id, kind, PartnerStatus::Active).await;
    }

    pub async fn partner_as(&self, id: &str, kind: PartnerKind, status: PartnerStatus) {
        let told = Partner {
            id: id.parse().unwrap(),
            name: format!("Partner {id}"),
            kind,
            status,
            mpn_id: None,
            provider: None,
        };
        change::registry::put_partner(&self.pdp, &operator(), told).await.unwrap();
    }

    pub async fn customer(&self, id: &str) {
        let told = Customer { id: id.parse().unwrap(), name: format!("Customer {id}"), domain: None };
        change::registry::put_customer(&self.pdp, &operator(), told).await.unwrap();
    }

    /// A registrar tells of a sale; `seller` is nobody for a subscription that was bought directly.
    pub async fn sold(&self, id: &str, customer: &str, service: &str, seller: Option<&str>) {
        change::selling::put_subscription(&self.pdp, &operator(), subscription(id, customer, service, seller))
            .await
            .unwrap();
    }

    pub async fn accepts(&self, customer: &str, partner: &str, services: &[&str]) -> Accepted {
        self.try_accept(operator(), customer, partner, services, None).await.unwrap()
    }

    pub async fn try_accept(
        &self,
        call: Call,
        customer: &str,
        partner: &str,
        services: &[&str],
        until: Option<Timestamp>,
    ) -> Result<Accepted, CallError<LinkError>> {
        let token = change::relationship::links(&self.pdp).token(&partner.parse().unwrap());
        self.try_token(call, token.as_str(), customer, services, until).await
    }

    pub async fn try_token(
        &self,
        call: Call,
        token: &str,
        customer: &str,
        services: &[&str],
        until: Option<Timestamp>,
    ) -> Result<Accepted, CallError<LinkError>> {
        let customer = customer.parse().unwrap();
        let services = services.iter().map(|service| service.parse().unwrap()).collect();
        let accepted = change::relationship::accept(&self.pdp, &call, token, |partner| Acceptance {
            partner,
            customer,
            services,
            until,
        });
        accepted.await.map(|changed| changed.value)
    }

    pub async fn removes(&self, customer: &str, partner: Option<&str>, service: Option<&str>) {
        let removal = Removal {
            customer: customer.parse().unwrap(),
            partner: partner.map(|partner| partner.parse().unwrap()),
            service: service.map(|service| service.parse().unwrap()),
        };
        change::relationship::remove(&self.pdp, &operator(), removal).await.unwrap();
    }

    pub async fn renegotiates(&self, customer: &str, partner: &str, by: Side, outcome: Outcome) {
        let renegotiation =
            Renegotiation { customer: customer.parse().unwrap(), partner: partner.parse().unwrap(), by, outcome };
        change::relationship::renegotiate(&self.pdp, &operator(), renegotiation).await.unwrap();
    }

    pub async fn ask(&self, partner: &str, action: &str, kind: &str, resource: &str) -> Answer {
        let question = Question::new(Entity::new("Partner", partner), action, Entity::new(kind, resource));
        answer::ask::ask(&self.pdp, &operator(), question, &ReadOptions::default()).await.unwrap().value
    }

    /// Many answers on one revision, in one durable write.
    pub async fn ask_all(&self, questions: impl Iterator<Item = Question>) -> Vec<Decision> {
        let batch = Batch { questions: questions.map(Ok).collect(), semantic: Semantic::ExecuteAll };
        let told = answer::batch::ask_all(&self.pdp, &operator(), batch, &ReadOptions::default()).await.unwrap();
        told.value.into_iter().map(|answer| answer.unwrap().decision).collect()
    }

    /// Every answer about some subscriptions, and who owes their customer support.
    pub async fn table(&self, partners: &[&str], subscriptions: &[&str]) -> String {
        let mut lines = vec![format!("{:<12} {:<10} {}  owes support", "partner", "on", ACTIONS.join(" "))];
        for partner in partners {
            for subscription in subscriptions {
                let mut line = format!("{partner:<12} {subscription:<10}");
                let mut owes = false;
                for action in ACTIONS {
                    let answer = self.ask(partner, action, "Subscription", subscription).await.decision;
                    let word = if answer.is_allowed() { "yes" } else { "-" };
                    line.push_str(&format!(" {word:<width$}", width = action.len()));
                    owes = !answer.duties().is_empty();
                }
                lines.push(format!("{line}  {}", if owes { "yes" } else { "-" }));
            }
        }
        lines.join("\n") + "\n"
    }
}

pub fn operator() -> Call {
    Call::of(Caller::local())
}

pub fn as_customer(id: &str) -> Call {
    Call::of(Caller::Customer { id: id.parse().unwrap() })
}

pub fn as_partner(id: &str) -> Call {
    Call::of(Caller::Partner { id: id.parse().unwrap() })
}

pub fn subscription(id: &str, customer: &str, service: &str, seller: Option<&str>) -> Subscription {
    Subscription {
        id: id.parse().unwrap(),
        customer: customer.parse().unwrap(),
        service: service.parse().unwrap(),
        offer: None,
        original_reseller: seller.map(|seller| seller.parse().unwrap()),
        partner_of_record: None,
        quantity: 10,
        status: SubscriptionStatus::Active,
        parent: None,
    }
}
