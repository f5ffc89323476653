//! Searches agree with single checks on every row, whatever the rules are, and their pages fit together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use standing::answer::batch::{Batch, Semantic};
use standing::answer::past::{AsOf, ReadOptions};
use standing::answer::search::{Found, Pager, Search, SearchError, SearchPage, SearchTarget};
use standing::audit::{Record, RecordKind, SearchKind};
use standing::caller::Caller;
use standing::change::acceptance::Acceptance;
use standing::change::removal::Removal;
use standing::change::renegotiation::Renegotiation;
use standing::clock::{Stopped, Timestamp};
use standing::decide::World;
use standing::domain::commercial::{Outcome, Side};
use standing::domain::customer::Customer;
use standing::domain::grant::Multichannel;
use standing::domain::partner::{Partner, PartnerKind, PartnerStatus};
use standing::domain::subscription::{Subscription, SubscriptionStatus};
use standing::id::{Revision, Seq};
use standing::limits::{Limits, PAGE_MAX, SCAN_MAX};
use standing::pdp::call::{Call, CallError, Response};
use standing::pdp::{Pdp, Terms, opening};
use standing::policy::{Bundle, RuleFiles, Rulebook};
use standing::question::{Action, Entity, Members, Question};
use standing::{answer, change, evidence};
use tempfile::TempDir;

const PARTNERS: [&str; 8] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"];
const CUSTOMERS: [&str; 3] = ["c0", "c1", "c2"];
const SERVICES: [&str; 3] = ["office365", "azure", "crm"];
const START: &str = "2016-05-01T00:00:00Z";
const END: &str = "2016-06-01T00:00:00Z";

/// A small deterministic source of chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

struct Scene {
    pdp: Pdp,
    call: Call,
    subscriptions: Vec<String>,
    /// A revision when half had happened.
    halfway: Revision,
    data: TempDir,
}

fn terms() -> Terms {
    Terms {
        multichannel: Multichannel::Displace,
        limits: Limits::default(),
        public_url: "https://localhost".to_owned(),
        solver: None,
    }
}

fn rules(more: &[(&str, &str)]) -> Bundle {
    let mut files = RuleFiles::built_in();
    for (path, text) in more {
        files.insert(*path, *text);
    }
    Bundle::load(files, Rulebook::Domain).unwrap()
}

fn rule(path: &str, body: &str) -> String {
    let forbid = if path.starts_with("never") { "@reason(\"because\")\n" } else { "" };
    format!("@id(\"{path}\")\n@title(\"A reviewer's rule\")\n@source(\"test\")\n{forbid}{body}")
}

fn partner(id: &str, kind: PartnerKind, status: PartnerStatus) -> Partner {
    Partner { id: id.parse().unwrap(), name: id.to_owned(), kind, status, mpn_id: None, provider: None }
}

fn subscription(id: &str, customer: &str, service: &str, seller: Option<&str>, parent: Option<&str>) -> Subscription {
    Subscription {
        id: id.parse().unwrap(),
        customer: customer.parse().unwrap(),
        service: service.parse().unwrap(),
        offer: None,
        original_reseller: seller.map(|id| id.parse().unwrap()),
        partner_of_record: None,
        quantity: 3,
        status: SubscriptionStatus::Active,
        parent: parent.map(|id| id.parse().unwrap()),
    }
}

impl Scene {
    /// A world in which everything that may happen has happened to somebody.
    async fn generated(seed: u64, bundle: Bundle) -> Self {
        let data = TempDir::new().unwrap();
        let clock = Arc::new(Stopped::at(START.parse().unwrap()));
        let pdp = opening::open(data.path(), clock.clone(), bundle, terms()).unwrap();
        let mut scene =
            Self { pdp, call: Call::of(Caller::local()), subscriptions: Vec::new(), halfway: Revision(0), data };
        let mut chance = Chance(seed);
        for (index, id) in PARTNERS.iter().enumerate() {
            let kind = [PartnerKind::DirectBill, PartnerKind::IndirectProvider, PartnerKind::Advisor][index % 3];
            change::registry::put_partner(&scene.pdp, &scene.call, partner(id, kind, PartnerStatus::Active))
                .await
                .unwrap();
        }
        for id in CUSTOMERS {
            let customer = Customer { id: id.parse().unwrap(), name: id.to_owned(), domain: None };
            change::registry::put_customer(&scene.pdp, &scene.call, customer).await.unwrap();
        }
        for step in 0..90 {
            if step == 45 {
                scene.halfway = scene.pdp.revision();
            }
            scene.happen(&mut chance).await;
        }
        // A grant with an end date has passed by now; kinds and standings change under what was granted and sold.
        clock.set(END.parse().unwrap());
        for (id, kind) in [
            ("p2", PartnerKind::IndirectReseller),
            ("p3", PartnerKind::IndirectProvider),
            ("p4", PartnerKind::DirectBill),
        ] {
            let status = if id == "p4" { PartnerStatus::Suspended } else { PartnerStatus::Active };
            change::registry::put_partner(&scene.pdp, &scene.call, partner(id, kind, status)).await.unwrap();
        }
        scene
    }

    /// Something happens to somebody; what cannot be is left.
    async fn happen(&mut self, chance: &mut Chance) {
        let (who, customer) = (chance.of(&PARTNERS), chance.of(&CUSTOMERS));
        let service = chance.of(&SERVICES);
        match chance.below(12) {
            0..=3 => {
                let id = format!("s{}", self.subscriptions.len());
                let seller = (chance.below(5) > 0).then_some(who);
                let sold = subscription(&id, customer, service, seller, None);
                if change::selling::put_subscription(&self.pdp, &self.call, sold).await.is_ok() {
                    self.subscriptions.push(id);
                }
            }
            4 | 5 if !self.subscriptions.is_empty() => {
                let id = format!("s{}", self.subscriptions.len());
                let parent = self.subscriptions[chance.below(self.subscriptions.len())].clone();
                let above = change::registry::subscription(&self.pdp, &self.call, &parent.parse().unwrap())
                    .await
                    .unwrap()
                    .value
                    .unwrap();
                let added = subscription(&id, above.noun.customer.as_str(), service, None, Some(&parent));
                if change::selling::put_subscription(&self.pdp, &self.call, added).await.is_ok() {
                    self.subscriptions.push(id);
                }
            }
            6 if !self.subscriptions.is_empty() => {
                let id = self.subscriptions[chance.below(self.subscriptions.len())].parse().unwrap();
                let mut noun =
                    change::registry::subscription(&self.pdp, &self.call, &id).await.unwrap().value.unwrap().noun;
                noun.status = SubscriptionStatus::ALL[chance.below(SubscriptionStatus::ALL.len())];
                let _ = change::selling::put_subscription(&self.pdp, &self.call, noun).await;
            }
            7 => {
                let removal = Removal {
                    customer: customer.parse().unwrap(),
                    partner: Some(who.parse().unwrap()),
                    service: (chance.below(2) > 0).then(|| service.parse().unwrap()),
                };
                let _ = change::relationship::remove(&self.pdp, &self.call, removal).await;
            }
            8 => {
                for by in [Side::Customer, Side::Partner] {
                    let outcome = if chance.below(3) > 0 { Outcome::End } else { Outcome::Reinstate };
                    let (customer, partner) = (customer.parse().unwrap(), who.parse().unwrap());
                    let _ = change::relationship::renegotiate(
                        &self.pdp,
                        &self.call,
                        Renegotiation { customer, partner, by, outcome },
                    )
                    .await;
                }
            }
            _ => {
                let token = change::relationship::relationship_request(&self.pdp, &self.call, &who.parse().unwrap())
                    .await
                    .unwrap()
                    .value
                    .token;
                let until: Option<Timestamp> = (chance.below(4) == 0).then(|| "2016-05-15T00:00:00Z".parse().unwrap());
                let acceptance = |partner| Acceptance {
                    partner,
                    customer: customer.parse().unwrap(),
                    services: vec![service.parse().unwrap()],
                    until,
                };
                change::relationship::accept(&self.pdp, &self.call, &token, acceptance).await.unwrap();
            }
        }
    }

    fn resources(&self) -> Vec<Entity> {
        let subscriptions = self.subscriptions.iter().map(|id| Entity::new("Subscription", id));
        let services = CUSTOMERS.iter().flat_map(|customer| {
            SERVICES.iter().map(move |service| Entity::new("Service", format!("{customer}/{service}")))
        });
        let others = [
            Entity::new("Subscription", "nobody"),
            Entity::new("Subscription", "no such id"),
            Entity::new("Thing", "t"),
        ];
        let customers = CUSTOMERS.iter().map(|id| Entity::new("Customer", *id));
        subscriptions.chain(services).chain(others).chain(customers).collect()
    }

    async fn search(&self, target: &SearchTarget, page: Option<Pager>, basis: &ReadOptions) -> SearchPage {
        let search = Search { target: target.clone(), context: Members::new(), page };
        answer::search::search(&self.pdp, &self.call, search, basis).await.unwrap().value
    }

    /// All pages of a search, one after the other.
    async fn paged(&self, target: &SearchTarget, limit: usize, basis: &ReadOptions) -> Vec<Found> {
        let mut found = Vec::new();
        let mut page = Pager { limit: Some(limit), ..Pager::default() };
        loop {
            let shown = self.search(target, Some(page), basis).await;
            assert!(shown.results.len() <= limit);
            found.extend(shown.results);
            match shown.next_token {
                Some(token) => {
                    let limit = (found.len() % 2 == 0).then_some(limit);
                    page = Pager { token: Some(token), limit, properties: None };
                }
                None => return found,
            }
        }
    }

    /// Compares every search with the single checks of every row.
    async fn searches_agree_with_checks(&self, basis: &ReadOptions) {
        let mut subjects: Vec<Entity> = PARTNERS.iter().map(|id| Entity::new("Partner", *id)).collect();
        subjects.extend([Entity::new("Partner", "nobody"), Entity::new("person", "x")]);
        subjects.extend(CUSTOMERS.iter().map(|id| Entity::new("Customer", *id)));
        let vocabulary = self.pdp.rules();
        let mut actions: Vec<String> = vocabulary.vocabulary().actions("").map(|(name, _)| name.to_owned()).collect();
        let resources = self.resources();
        let mut questions = Vec::new();
        for subject in &subjects {
            for action in &actions {
                for resource in &resources {
                    questions.push(Question::new(subject.clone(), action.as_str(), resource.clone()));
                }
            }
        }
        let batch = Batch { questions: questions.iter().cloned().map(Ok).collect(), semantic: Semantic::ExecuteAll };
        let answers = answer::batch::ask_all(&self.pdp, &self.call, batch, basis).await.unwrap().value;
        let allowed: Vec<&Question> = questions
            .iter()
            .zip(&answers)
            .filter_map(|(question, answer)| answer.as_ref().unwrap().decision.is_allowed().then_some(question))
            .collect();
        assert!(allowed.len() > 20, "hardly anything is allowed: {}", allowed.len());
        actions.push("fly".to_owned());
        let mut expected: BTreeMap<String, (SearchTarget, BTreeSet<Found>)> = BTreeMap::new();
        for target in holes(&subjects, &actions, &resources) {
            expected.insert(format!("{target:?}"), (target, BTreeSet::new()));
        }
        for question in allowed {
            for (target, found) in fillings(question) {
                expected.entry(format!("{target:?}")).or_insert_with(|| (target, BTreeSet::new())).1.insert(found);
            }
        }
        for (count, (target, expected)) in expected.values().enumerate() {
            let whole = self.search(target, None, basis).await;
            let found: BTreeSet<Found> = whole.results.iter().cloned().collect();
            assert_eq!(&found, expected, "{target:?}");
            assert_eq!(found.len(), whole.results.len(), "a repeat in {target:?}");
            assert_eq!((whole.next_token, whole.total), (None, Some(found.len())));
            if !found.is_empty() && count % 6 == 0 {
                for limit in [1, 2, 7] {
                    assert_eq!(self.paged(target, limit, basis).await, whole.results, "{limit} at a time: {target:?}");
                }
            }
        }
    }
}

fn action(name: &str) -> Action {
    Action { name: name.to_owned(), properties: Members::new() }
}

fn subject_hole(kind: &str, name: &str, resource: &Entity) -> SearchTarget {
    SearchTarget::Subject { kind: kind.to_owned(), action: action(name), resource: resource.clone() }
}

fn resource_hole(subject: &Entity, name: &str, kind: &str) -> SearchTarget {
    SearchTarget::Resource { subject: subject.clone(), action: action(name), kind: kind.to_owned() }
}

fn action_hole(subject: &Entity, resource: &Entity) -> SearchTarget {
    SearchTarget::Action { subject: subject.clone(), resource: resource.clone() }
}

fn holes(subjects: &[Entity], actions: &[String], resources: &[Entity]) -> Vec<SearchTarget> {
    let mut holes = Vec::new();
    for name in actions {
        for resource in resources {
            holes.push(subject_hole("Partner", name, resource));
        }
        for kind in ["Customer", "Operator", "person", ""] {
            holes.push(subject_hole(kind, name, &resources[0]));
        }
        for subject in subjects {
            for kind in ["Subscription", "Service", "Customer", "Partner", "Operator", "a thing"] {
                holes.push(resource_hole(subject, name, kind));
            }
        }
    }
    for subject in subjects {
        for resource in resources {
            holes.push(action_hole(subject, resource));
        }
    }
    holes
}

fn fillings(question: &Question) -> [(SearchTarget, Found); 3] {
    let Question { subject, action, resource, .. } = question;
    let entity = |entity: &Entity| Found::Entity { kind: entity.kind.clone(), id: entity.id.clone() };
    [
        (subject_hole(&subject.kind, &action.name, resource), entity(subject)),
        (resource_hole(subject, &action.name, &resource.kind), entity(resource)),
        (action_hole(subject, resource), Found::Action { name: action.name.clone() }),
    ]
}

#[tokio::test]
async fn searches_agree_with_single_checks_under_the_shipped_rules() {
    for seed in [3, 71] {
        let scene = Scene::generated(seed, rules(&[])).await;
        scene.searches_agree_with_checks(&ReadOptions::default()).await;
    }
}

#[tokio::test]
async fn searches_agree_with_single_checks_as_of_a_moment_in_the_past() {
    let scene = Scene::generated(5, rules(&[])).await;
    let basis = ReadOptions { as_of: Some(AsOf::Revision(scene.halfway)), ..ReadOptions::default() };
    scene.searches_agree_with_checks(&basis).await;
}

/// Rules under which somebody is allowed something with no sale and no grant of their own.
const STRANGE_RULES: &[(&str, &str)] = &[
    (
        "may/anybody",
        "permit (principal is Partner, action == Action::\"orderAddOns\", resource is Subscription) when { resource.status == \"active\" };",
    ),
    (
        "may/by-name",
        "permit (principal == Partner::\"p6\", action == Action::\"removeSeats\", resource is Subscription) when { resource.status == \"active\" };",
    ),
    (
        "may/in-service",
        "permit (principal is Partner, action == Action::\"provision\", resource is Subscription) when { resource.service == Service::\"c1/azure\" };",
    ),
    (
        "may/above",
        "permit (principal is Partner, action == Action::\"migrate\", resource is Subscription) when { resource has parent && resource.parent.service.delegatedAdministrators.contains(principal) };",
    ),
    (
        "may/seller-administers",
        "permit (principal is Partner, action == Action::\"transition\", resource is Subscription) when { resource has sale && resource.service.delegatedAdministrators == [resource.sale.reseller] };",
    ),
    (
        "may/nobody-administers",
        "permit (principal is Partner, action == Action::\"provideSupport\", resource is Service) when { principal.kind == \"advisor\" && resource.delegatedAdministrators.isEmpty() };",
    ),
    (
        "may/common-administrator",
        "permit (principal is Partner, action == Action::\"changePartnerOfRecord\", resource is Subscription) when { principal.status == \"suspended\" && resource has parent && resource.parent.service != resource.service && resource.parent.service.delegatedAdministrators.containsAny(resource.service.delegatedAdministrators) };",
    ),
    (
        "may/ended",
        "permit (principal is Partner, action == Action::\"receiveBill\", resource is Subscription) when { principal.kind == \"indirectReseller\" && resource has sale && resource.sale.relationship == \"ended\" };",
    ),
];

#[tokio::test]
async fn searches_agree_with_single_checks_whatever_a_reviewer_allows_strangers() {
    for (index, (path, body)) in STRANGE_RULES.iter().enumerate() {
        let file = format!("policies/{path}.cedar");
        let bundle = rules(&[(&file, &rule(path, body))]);
        let scene = Scene::generated(20 + u64::try_from(index).unwrap(), bundle).await;
        scene.searches_agree_with_checks(&ReadOptions::default()).await;
    }
}

#[tokio::test]
async fn an_action_of_customers_is_searched_for_too() {
    let schema = RuleFiles::built_in().get("schemas/standing.cedarschema").unwrap().to_owned();
    let schema = format!(
        "{schema}\n@doc(\"Cancel\")\naction cancel appliesTo {{ principal: [Customer, Partner], resource: [Subscription, Service, Customer] }};\n"
    );
    let may = rule(
        "may/cancel",
        "permit (principal is Customer, action == Action::\"cancel\", resource) when { (resource is Subscription && resource.customer == principal) || (resource is Customer && resource == principal) };",
    );
    let files = [("schemas/standing.cedarschema", schema.as_str()), ("policies/may/cancel.cedar", may.as_str())];
    let scene = Scene::generated(9, rules(&files)).await;
    scene.searches_agree_with_checks(&ReadOptions::default()).await;
    let itself = resource_hole(&Entity::new("Customer", "c0"), "cancel", "Customer");
    let own = scene.search(&itself, None, &ReadOptions::default()).await;
    assert_eq!(own.results, [Found::Entity { kind: "Customer".into(), id: "c0".into() }]);
}

#[tokio::test]
async fn what_a_caller_says_in_the_context_can_let_strangers_in() {
    let schema = RuleFiles::built_in().get("schemas/standing.cedarschema").unwrap().to_owned();
    let before =
        "action removeSeats in [changeOfSubscription] appliesTo { principal: Partner, resource: Subscription }";
    let after = before.replace(" }", ", context: { urgent?: Bool } }");
    assert!(schema.contains(before));
    let may = rule(
        "may/urgent",
        "permit (principal is Partner, action == Action::\"removeSeats\", resource is Subscription) when { context has urgent && context.urgent && resource.status == \"active\" };",
    );
    let schema = schema.replace(before, &after);
    let files = [("schemas/standing.cedarschema", schema.as_str()), ("policies/may/urgent.cedar", may.as_str())];
    let scene = Scene::generated(4, rules(&files)).await;
    scene.searches_agree_with_checks(&ReadOptions::default()).await;
    let context = json!({"urgent": true}).as_object().unwrap().clone();
    for id in ["p0", "p7"] {
        let target = resource_hole(&Entity::new("Partner", id), "removeSeats", "Subscription");
        let search = Search { target, context: context.clone(), page: None };
        let found = answer::search::search(&scene.pdp, &scene.call, search, &ReadOptions::default())
            .await
            .unwrap()
            .value
            .results;
        let mut expected = BTreeSet::new();
        for resource in scene.resources() {
            let mut question = Question::new(Entity::new("Partner", id), "removeSeats", resource.clone());
            question.context = context.clone();
            if answer::ask::ask(&scene.pdp, &scene.call, question, &ReadOptions::default())
                .await
                .unwrap()
                .value
                .decision
                .is_allowed()
            {
                expected.insert(Found::Entity { kind: resource.kind, id: resource.id });
            }
        }
        assert!(expected.len() > 5);
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    }
}

fn refused<T: std::fmt::Debug>(result: Result<Response<T>, CallError<SearchError>>) -> bool {
    matches!(result, Err(CallError::Refused(SearchError::Token)))
}

/// A hole with more results than one, and another.
async fn two_holes(scene: &Scene) -> (SearchTarget, SearchTarget) {
    let mut wide = Vec::new();
    for id in PARTNERS {
        let target = resource_hole(&Entity::new("Partner", id), "receiveBill", "Subscription");
        let found = scene.search(&target, None, &ReadOptions::default()).await.results.len();
        wide.extend((found > 2).then_some(target));
    }
    (wide.remove(0), wide.remove(0))
}

#[tokio::test]
async fn a_token_belongs_to_one_search_and_no_character_of_it_may_change() {
    let scene = Scene::generated(3, rules(&[])).await;
    let (target, other) = two_holes(&scene).await;
    let basis = ReadOptions::default();
    let token =
        scene.search(&target, Some(Pager { limit: Some(1), ..Pager::default() }), &basis).await.next_token.unwrap();
    assert!(token.len() < 200);
    let asked = async |target: &SearchTarget, context: Value, token: &str, limit: Option<usize>| {
        let page = Some(Pager { token: Some(token.to_owned()), limit, properties: None });
        let search = Search { target: target.clone(), context: context.as_object().unwrap().clone(), page };
        answer::search::search(&scene.pdp, &scene.call, search, &basis).await
    };
    let follow_up = asked(&target, json!({}), &token, None).await.unwrap().value;
    assert_eq!(follow_up.results.len(), 1);
    assert_eq!(follow_up.total, None);
    assert!(asked(&target, json!({}), &token, Some(1)).await.is_ok());
    assert!(refused(asked(&target, json!({}), &token, Some(2)).await), "another limit");
    assert!(refused(asked(&other, json!({}), &token, None).await), "another search");
    assert!(refused(asked(&target, json!({"a": 1}), &token, None).await), "another context");
    let SearchTarget::Resource { subject, action, kind } = target.clone() else { unreachable!() };
    let services =
        SearchTarget::Resource { subject: subject.clone(), action: action.clone(), kind: "Service".to_owned() };
    assert!(refused(asked(&services, json!({}), &token, None).await), "another type");
    let mut said = action;
    said.properties.insert("a".to_owned(), json!(1));
    let said = SearchTarget::Resource { subject, action: said, kind };
    assert!(refused(asked(&said, json!({}), &token, None).await), "other properties");
    for index in 0..token.len() {
        for with in ["A", "z", "_", "!", "é"] {
            let mut altered = token.clone();
            altered.replace_range(index..=index, with);
            assert!(altered == token || refused(asked(&target, json!({}), &altered, None).await), "{altered}");
        }
    }
    for bad in ["", "x", &token[1..], &format!("{token}A"), &format!("{token}="), &"A".repeat(100_000)] {
        assert!(refused(asked(&target, json!({}), bad, None).await), "{bad:.40}");
    }
}

#[tokio::test]
async fn a_limit_of_none_shows_nothing_and_says_whether_there_is_anything() {
    let scene = Scene::generated(3, rules(&[])).await;
    let (target, _) = two_holes(&scene).await;
    let basis = ReadOptions::default();
    let none = scene.search(&target, Some(Pager { limit: Some(0), ..Pager::default() }), &basis).await;
    assert!(none.results.is_empty() && none.total.is_none());
    let again = scene.search(&target, Some(Pager { token: none.next_token, ..Pager::default() }), &basis).await;
    assert!(again.results.is_empty() && again.next_token.is_some());
    let nobody = resource_hole(&Entity::new("Partner", "nobody"), "receiveBill", "Subscription");
    let none = scene.search(&nobody, Some(Pager { limit: Some(0), ..Pager::default() }), &basis).await;
    assert_eq!((none.next_token, none.total), (None, Some(0)));
}

#[tokio::test]
async fn a_limit_above_the_largest_page_is_the_largest_page() {
    let scene = Scene::generated(3, rules(&[])).await;
    let (target, _) = two_holes(&scene).await;
    let whole = scene.search(&target, None, &ReadOptions::default()).await;
    for limit in [PAGE_MAX + 1, usize::MAX] {
        let page = scene
            .search(&target, Some(Pager { limit: Some(limit), ..Pager::default() }), &ReadOptions::default())
            .await;
        assert_eq!((page.results, page.next_token), (whole.results.clone(), None));
    }
}

#[tokio::test]
async fn a_page_after_a_change_of_rules_leaves_nothing_out() {
    let path = "may/anybody";
    let anybody = rules(&[("policies/may/anybody.cedar", &rule(path, STRANGE_RULES[0].1))]);
    let mut scene = Scene::generated(3, rules(&[])).await;
    let mut token = None;
    let mut chosen = None;
    for id in PARTNERS {
        let target = resource_hole(&Entity::new("Partner", id), "orderAddOns", "Subscription");
        token = scene
            .search(&target, Some(Pager { limit: Some(1), ..Pager::default() }), &ReadOptions::default())
            .await
            .next_token;
        chosen = Some(target);
        if token.is_some() {
            break;
        }
    }
    let target = chosen.unwrap();
    let clock = Arc::new(Stopped::at(END.parse().unwrap()));
    let (data, call) = (scene.data, scene.call);
    drop(scene.pdp);
    let pdp = opening::open(data.path(), clock, anybody, terms()).unwrap();
    scene = Scene { pdp, call, subscriptions: scene.subscriptions, halfway: scene.halfway, data };
    let basis = ReadOptions::default();
    let mut found = BTreeSet::new();
    let mut next = Some(token.unwrap());
    while let Some(token) = next {
        let page = scene.search(&target, Some(Pager { token: Some(token), ..Pager::default() }), &basis).await;
        found.extend(page.results);
        next = page.next_token;
    }
    let whole = scene.search(&target, None, &basis).await.results;
    assert!(whole.len() > 5);
    assert_eq!(found, whole.into_iter().collect());
}

#[tokio::test]
async fn a_page_that_has_looked_at_enough_says_where_to_go_on() {
    let body = "permit (principal == Partner::\"z\", action == Action::\"provideSupport\", resource is Service);";
    let bundle = rules(&[("policies/may/by-name.cedar", &rule("may/by-name", body))]);
    let scene = Scene::generated(3, bundle).await;
    let mut lines = String::new();
    for id in (0..SCAN_MAX).map(|count| format!("m{count}")).chain(["z".to_owned()]) {
        let line = json!({"noun": "partner", "id": id, "name": id, "kind": "advisor", "status": "active"});
        lines.push_str(&format!("{line}\n"));
    }
    change::import::import(&scene.pdp, &scene.call, std::io::Cursor::new(lines), |_, _| {}).await.unwrap();
    let bought = subscription("bought", "c0", "teams", None, None);
    change::selling::put_subscription(&scene.pdp, &scene.call, bought).await.unwrap();
    let target = subject_hole("Partner", "provideSupport", &Entity::new("Service", "c0/teams"));
    let first = scene.search(&target, None, &ReadOptions::default()).await;
    assert!(first.results.is_empty());
    let page = Pager { token: first.next_token, ..Pager::default() };
    let second = scene.search(&target, Some(page), &ReadOptions::default()).await;
    assert_eq!(second.results, [Found::Entity { kind: "Partner".into(), id: "z".into() }]);
    assert_eq!((second.next_token, second.total, first.total), (None, None, None));
}

#[tokio::test]
async fn no_name_of_a_partner_makes_others_look_through_everything() {
    let scene = Scene::generated(3, rules(&[])).await;
    let active = |id| {
        let kind = if id == "plain" { PartnerKind::DirectBill } else { PartnerKind::Advisor };
        partner(id, kind, PartnerStatus::Active)
    };
    let names = ["~own", "~seller", "~both", "~above", "partner", "own", "seller"];
    for id in names.into_iter().chain(["plain"]) {
        change::registry::put_partner(&scene.pdp, &scene.call, active(id)).await.unwrap();
    }
    for id in names {
        let target = resource_hole(&Entity::new("Partner", id), "provideSupport", "Subscription");
        assert!(scene.search(&target, None, &ReadOptions::default()).await.results.is_empty());
    }
    // What it sold stands before what it administers only while nothing has to be looked through whole.
    change::selling::put_subscription(&scene.pdp, &scene.call, subscription("b", "c0", "teams", Some("plain"), None))
        .await
        .unwrap();
    change::selling::put_subscription(&scene.pdp, &scene.call, subscription("a", "c0", "teams", None, None))
        .await
        .unwrap();
    let token = change::relationship::relationship_request(&scene.pdp, &scene.call, &"plain".parse().unwrap())
        .await
        .unwrap()
        .value
        .token;
    let acceptance = |partner| Acceptance {
        partner,
        customer: "c0".parse().unwrap(),
        services: vec!["teams".parse().unwrap()],
        until: None,
    };
    change::relationship::accept(&scene.pdp, &scene.call, &token, acceptance).await.unwrap();
    let target = resource_hole(&Entity::new("Partner", "plain"), "provideSupport", "Subscription");
    let found = scene.search(&target, None, &ReadOptions::default()).await.results;
    let found = found.iter().map(|found| serde_json::to_value(found).unwrap()["id"].clone()).collect::<Vec<_>>();
    assert_eq!(found, ["b", "a"]);
}

#[tokio::test]
async fn a_search_is_recorded_before_it_is_answered() {
    let scene = Scene::generated(3, rules(&[])).await;
    let (target, _) = two_holes(&scene).await;
    let before = scene.pdp.records().unwrap();
    let mut sought = target.clone();
    if let SearchTarget::Resource { subject, .. } = &mut sought {
        subject.properties.insert("kind".to_owned(), json!("king"));
    }
    let page = Some(Pager { limit: Some(2), ..Pager::default() });
    let search = Search { target: sought, context: Members::new(), page };
    let told = answer::search::search(
        &scene.pdp,
        &scene.call,
        search,
        &ReadOptions { explain: true, ..ReadOptions::default() },
    )
    .await
    .unwrap();
    assert_eq!(told.seqs, [Seq(before + 1)]);
    assert_eq!(scene.pdp.records().unwrap(), before + 1);
    let record = Record::from_bytes(
        &evidence::ledger::decision(&scene.pdp, &scene.call, told.seqs[0]).await.unwrap().value.unwrap().record,
    )
    .unwrap();
    assert_eq!(record.asked, RecordKind::Search);
    assert!(record.decision);
    assert_eq!((record.question.resource.kind.as_str(), record.question.resource.id.as_str()), ("Subscription", ""));
    assert!(record.question.subject.properties.is_empty());
    assert_eq!(record.facts.partners.len(), 1);
    assert_eq!((record.facts.unknown_resource, record.facts.revision), (None, told.revision));
    assert_eq!(record.admitted.len(), 1);
    let results = record.results.unwrap();
    assert_eq!((results.kind, results.count, results.limit), (SearchKind::Resource, 2, Some(2)));
    let answered = serde_json::to_vec(&json!({"next_token": told.value.next_token, "results": told.value.results}));
    let digest = <sha2::Sha256 as sha2::Digest>::digest(answered.unwrap());
    assert_eq!(results.sha256, data_encoding::HEXLOWER.encode(&digest));
    let decisions = told.value.decisions.unwrap();
    assert_eq!(decisions.len(), 2);
    assert!(decisions.iter().all(|decision| decision.rules()[0].as_str() == "may/receive-bill"));
}

#[tokio::test]
async fn whoever_may_not_ask_may_not_search_and_that_is_recorded() {
    let scene = Scene::generated(3, rules(&[])).await;
    let (target, _) = two_holes(&scene).await;
    let before = scene.pdp.records().unwrap();
    let call = Call::of(Caller::Partner { id: "p0".parse().unwrap() });
    let page = Some(Pager { token: Some("none".to_owned()), ..Pager::default() });
    let search = Search { target, context: Members::new(), page };
    let denied = answer::search::search(&scene.pdp, &call, search, &ReadOptions::default()).await;
    assert!(matches!(denied, Err(CallError::Denied(_))));
    assert_eq!(scene.pdp.records().unwrap(), before + 1);
}

const WORLD_SCHEMA: &str = r#"
entity user = { team: String, "level"?: Long };
entity record = { owner: user, team: String };
action view, edit appliesTo { principal: user, resource: record };
"#;

const WORLD_RULES: &str = r#"
@id("view") permit (principal, action == Action::"view", resource) when { resource.team == principal.team };
@id("edit") permit (principal, action == Action::"edit", resource) when { resource.owner == principal };
"#;

#[tokio::test]
async fn a_world_is_searched_whole() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("policies")).unwrap();
    std::fs::write(folder.path().join("schema.cedarschema"), WORLD_SCHEMA).unwrap();
    std::fs::write(folder.path().join("policies/all.cedar"), WORLD_RULES).unwrap();
    let (teams, users) = (["legal", "sales"], ["erin", "bob", "al ice", "dan", "carol"]);
    let mut entities = Vec::new();
    for (index, user) in users.iter().enumerate() {
        let uid = json!({"type": "user", "id": user});
        entities.push(json!({"uid": uid, "attrs": {"team": teams[index % 2]}, "parents": []}));
    }
    for index in 0..20 {
        let uid = json!({"type": "record", "id": (101 + index).to_string()});
        let owner = json!({"type": "user", "id": users[index % 5]});
        entities.push(json!({"uid": uid, "attrs": {"owner": owner, "team": teams[index % 2]}, "parents": []}));
    }
    std::fs::write(folder.path().join("entities.json"), Value::from(entities).to_string()).unwrap();
    let bundle = Bundle::load(RuleFiles::read_world(folder.path()).unwrap(), Rulebook::World).unwrap();
    let world = World::read(folder.path(), &bundle).unwrap();
    let clock = Arc::new(Stopped::at(START.parse().unwrap()));
    let data = TempDir::new().unwrap();
    let pdp = opening::open(data.path(), clock, rules(&[]), terms()).unwrap().with_world(bundle, world);
    let scene = Scene { pdp, call: Call::of(Caller::local()), subscriptions: Vec::new(), halfway: Revision(0), data };
    let basis = ReadOptions::default();
    let subjects: Vec<Entity> = users.iter().copied().chain(["nobody"]).map(|id| Entity::new("user", id)).collect();
    let resources: Vec<Entity> = (100..=120).map(|id| Entity::new("record", id.to_string())).collect();
    let mut expected: BTreeMap<String, (SearchTarget, Vec<Found>)> = BTreeMap::new();
    for subject in &subjects {
        for name in ["edit", "fly", "view"] {
            for resource in &resources {
                let question = Question::new(subject.clone(), name, resource.clone());
                let allowed = answer::ask::ask(&scene.pdp, &scene.call, question.clone(), &basis)
                    .await
                    .unwrap()
                    .value
                    .decision
                    .is_allowed();
                for (target, found) in fillings(&question) {
                    let entry = expected.entry(format!("{target:?}")).or_insert((target, Vec::new()));
                    entry.1.extend(allowed.then_some(found));
                }
            }
        }
    }
    for (target, expected) in expected.values_mut() {
        expected.sort();
        assert_eq!(&scene.search(target, None, &basis).await.results, expected, "{target:?}");
        for limit in [1, 2, 7] {
            assert_eq!(&scene.paged(target, limit, &basis).await, expected, "{limit} at a time: {target:?}");
        }
    }
    let erin = Entity::new("user", "erin");
    assert_eq!(scene.search(&resource_hole(&erin, "view", "record"), None, &basis).await.results.len(), 10);
    for target in [
        resource_hole(&erin, "view", "urn:x:y"),
        resource_hole(&Entity::new("a b", "erin"), "view", "record"),
        subject_hole("", "view", &resources[3]),
        action_hole(&erin, &Entity::new("group", "g")),
    ] {
        assert!(scene.search(&target, None, &basis).await.results.is_empty());
    }
    let mut claimed = erin.clone();
    claimed.properties.insert("level".to_owned(), json!("high"));
    assert!(scene.search(&resource_hole(&claimed, "view", "record"), None, &basis).await.results.is_empty());
}
