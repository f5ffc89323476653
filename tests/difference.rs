//! The difference of two sets of rules is exactly what they decide differently, whatever they are.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use standing::clock::{Clock as _, SharedClock, System, Timestamp};
use standing::domain::customer::Customer;
use standing::domain::event::Fact;
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::domain::service::Service as DomainService;
use standing::facts::{Facts, Needs};
use standing::id::{Revision, ServiceId};
use standing::pdp::Pdp;
use standing::pdp::call::CallError;
use standing::pdp::links::LinkRing;
use standing::policy::{Bundle, RuleFiles, Rulebook};
use standing::publish::difference::{DifferenceError, Progress, Subjects, Turn, Turned, Turns, WorldDifference};
use standing::question::{Kind, Target};
use standing::store::{Store, View};
use standing::{change, publish};

use crate::stage::terms;
use crate::worlds::{Answers, World, operator, rules};

/// At least as many turns as these worlds have.
const NAMED: usize = 100;

pub type Files = Vec<(&'static str, &'static str)>;

/// A permit of a reviewer.
macro_rules! may {
    ($name:literal, $rule:literal) => {
        (
            concat!("policies/may/", $name, ".cedar"),
            concat!("@id(\"may/", $name, "\") @title(\"A reviewer's\") @source(\"a test\")\n", $rule),
        )
    };
}

/// A forbid of a reviewer.
macro_rules! never {
    ($name:literal, $rule:literal) => {
        (
            concat!("policies/never/", $name, ".cedar"),
            concat!(
                "@id(\"never/",
                $name,
                "\") @title(\"A reviewer's\") @source(\"a test\") @reason(\"because\")\n",
                $rule
            ),
        )
    };
}

const CANCEL_SCHEMA: (&str, &str) = (
    "schemas/cancel.cedarschema",
    r#"@doc("Cancel") action cancel appliesTo { principal: [Customer, Partner], resource: [Subscription, Service, Customer, Partner] };"#,
);

/// Sets of rules, each as the shipped files and these, with what it is about.
pub fn sets() -> Vec<(&'static str, Files)> {
    vec![
        ("shipped", vec![]),
        (
            "a transition needs delegated administration",
            vec![never!(
                "transition",
                r#"forbid (principal is Partner, action == Action::"transition", resource is Subscription)
                unless { resource.service.delegatedAdministrators.contains(principal) };"#
            )],
        ),
        (
            "a suspended partner may do everything",
            vec![(
                "policies/never/partner-suspended.cedar",
                r#"@id("never/partner-suspended") @title("Nothing much") @source("a test") @reason("partner_suspended")
                forbid (principal is Partner, action == Action::"migrate", resource)
                unless { principal.status == "active" };"#,
            )],
        ),
        (
            "delegated administration is enough for a transition",
            vec![may!(
                "transition-too",
                r#"permit (principal is Partner, action == Action::"transition", resource is Subscription)
                when { resource.service.delegatedAdministrators.contains(principal) };"#
            )],
        ),
        (
            "everybody supports",
            vec![may!(
                "support-too",
                r#"permit (principal is Partner, action == Action::"provideSupport", resource);"#
            )],
        ),
        (
            "some are named",
            vec![
                may!(
                    "by-name",
                    r#"permit (principal == Partner::"p3", action == Action::"receiveBill", resource is Subscription)
                    when { resource.status == "suspended" };"#
                ),
                may!(
                    "of-name",
                    r#"permit (principal is Partner, action == Action::"provision", resource == Service::"c1/crm")
                    when { principal != Partner::"p2" };"#
                ),
                never!(
                    "of-customer",
                    r#"forbid (principal is Partner, action == Action::"removeSeats", resource is Subscription)
                    when { resource.customer == Customer::"c2" || resource == Subscription::"s-1" || (resource has parent && resource.parent == Subscription::"s-3") };"#
                ),
                may!(
                    "where-named",
                    r#"permit (principal is Partner, action == Action::"migrate", resource is Subscription)
                    when { resource.service.delegatedAdministrators.contains(Partner::"p1") };"#
                ),
            ],
        ),
        (
            "the parent's status",
            vec![may!(
                "of-parent",
                r#"permit (principal is Partner, action == Action::"provideSupport", resource is Subscription)
                when { resource has parent && resource.parent.status == "suspended" };"#
            )],
        ),
        (
            "the customer of the service",
            vec![never!(
                "of-service",
                r#"forbid (principal is Partner, action in Action::"commerce", resource is Subscription)
                when { resource.service.customer == resource.customer && resource.status == "suspended" };"#
            )],
        ),
        (
            "advisors",
            vec![may!(
                "advisors",
                r#"permit (principal is Partner, action in Action::"administration", resource is Service)
                when { principal.kind == "advisor" && principal.status == "active" };"#
            )],
        ),
        (
            "the seller's own standing",
            vec![never!(
                "seller",
                r#"forbid (principal is Partner, action == Action::"provideSupport", resource is Subscription)
                when { resource has sale && resource.sale.reseller.status == "suspended" };"#
            )],
        ),
        (
            "sets as such",
            vec![
                may!(
                    "unadministered",
                    r#"permit (principal is Partner, action == Action::"provideSupport", resource)
                    when { (resource is Service && resource.delegatedAdministrators.isEmpty()) || (resource is Subscription && resource.service.delegatedAdministrators.isEmpty()) };"#
                ),
                may!(
                    "alone",
                    r#"permit (principal is Partner, action == Action::"transition", resource is Subscription)
                    when { resource.service.delegatedAdministrators == [principal] };"#
                ),
                may!(
                    "subsets",
                    r#"permit (principal is Partner, action == Action::"migrate", resource is Subscription)
                    when { resource has parent && !resource.service.delegatedAdministrators.isEmpty() && resource.parent.service != resource.service &&
                           resource.parent.service.delegatedAdministrators.containsAll(resource.service.delegatedAdministrators) };"#
                ),
                never!(
                    "ended",
                    r#"forbid (principal is Partner, action == Action::"provision", resource is Subscription)
                    when { resource has sale && resource.sale.relationship == "ended" };"#
                ),
                may!(
                    "parents-service",
                    r#"permit (principal is Partner, action == Action::"receiveBill", resource is Subscription)
                    when { resource has parent && resource.parent.service.delegatedAdministrators.contains(principal) };"#
                ),
            ],
        ),
        (
            "another action, of customers too",
            vec![
                CANCEL_SCHEMA,
                may!(
                    "cancel",
                    r#"permit (principal, action == Action::"cancel", resource)
                    when { (resource is Subscription && resource.customer == principal && resource.status == "active") ||
                           (resource is Service && resource.customer == principal) || resource == principal ||
                           (principal is Customer && resource is Partner && resource.kind == "advisor") };"#
                ),
            ],
        ),
        (
            "the same action, of strangers",
            vec![
                CANCEL_SCHEMA,
                may!(
                    "cancel",
                    r#"permit (principal, action == Action::"cancel", resource)
                    when { (resource is Subscription && resource.customer != principal) || (resource is Customer && principal != resource) ||
                           (principal is Partner && principal.kind == "directBill" && resource is Partner) || principal == Customer::"c1" };"#
                ),
            ],
        ),
    ]
}

/// An answer that turns: subject, resource, action.
type Pair = ((String, String), (String, String), String);

/// What was told, one by one.
#[derive(Default)]
struct Heard {
    gained: Vec<Pair>,
    lost: Vec<Pair>,
    progress: Vec<Progress>,
}

impl Heard {
    fn take(&mut self, turned: &Turned<'_>) {
        let subjects = match &turned.subjects {
            Subjects::One(subject) => vec![subject.clone()],
            Subjects::Others(others) => {
                let each: Vec<_> = others.each().collect();
                assert_eq!(each.len() as u64, others.count());
                each
            }
        };
        let list = if turned.turn == Turn::Gained { &mut self.gained } else { &mut self.lost };
        let resource = (turned.resource.kind.clone(), turned.resource.id.clone());
        list.extend(
            subjects
                .into_iter()
                .map(|subject| ((subject.kind, subject.id), resource.clone(), turned.action.to_owned())),
        );
    }
}

async fn difference(world: &World, old: Bundle, new: Bundle, naming: usize) -> (WorldDifference, Heard) {
    let heard = Arc::new(Mutex::new(Heard::default()));
    let (callbacks, taking) = (Arc::clone(&heard), Arc::clone(&heard));
    let tell = move |progress| {
        callbacks.lock().unwrap().progress.push(progress);
        ControlFlow::Continue(())
    };
    let take = move |turned: &Turned<'_>| {
        taking.lock().unwrap().take(turned);
        ControlFlow::Continue(())
    };
    let told = publish::difference::world_difference(&world.pdp, (Arc::new(old), Arc::new(new)), naming, tell, take)
        .await
        .unwrap();
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    (told, heard)
}

/// What the answers say should be told.
fn expected(old: &Answers, new: &Answers) -> (BTreeSet<Pair>, BTreeSet<Pair>) {
    let (mut gained, mut lost) = (BTreeSet::new(), BTreeSet::new());
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let [was, is] = [old, new].map(|answers| answers.get(key).copied().unwrap_or_default());
        let pair = ((key.0.clone(), key.1.clone()), (key.2.clone(), key.3.clone()), key.4.clone());
        match (was, is) {
            (false, true) => drop(gained.insert(pair)),
            (true, false) => drop(lost.insert(pair)),
            _ => {}
        }
    }
    (gained, lost)
}

/// Counts who and what is concerned, the long way.
fn concerned<'a>(pairs: impl Iterator<Item = &'a Pair>, services: &BTreeMap<String, String>) -> [u64; 4] {
    let mut found: [BTreeSet<String>; 4] = Default::default();
    for (subject, resource, _) in pairs {
        for (index, entity) in [subject, resource].into_iter().enumerate() {
            let service = match entity.0.as_str() {
                "Partner" => {
                    found[0].insert(entity.1.clone());
                    continue;
                }
                "Customer" => {
                    found[1].insert(entity.1.clone());
                    continue;
                }
                "Service" => entity.1.clone(),
                _ => {
                    found[3].insert(entity.1.clone());
                    services[&entity.1].clone()
                }
            };
            assert_eq!(index, 1);
            found[1].insert(service.split('/').next().unwrap().to_owned());
            found[2].insert(service);
        }
    }
    found.map(|found| found.len() as u64)
}

fn assert_turns(turns: &Turns, pairs: &BTreeSet<Pair>, services: &BTreeMap<String, String>, about: &str) {
    assert_eq!(turns.count, pairs.len() as u64, "{about}");
    let c = turns.concerned;
    let counted = [c.partners, c.customers, c.services, c.subscriptions];
    assert_eq!(counted, concerned(pairs.iter(), services), "{about}");
    assert_eq!(turns.complete, turns.named.len() == pairs.len(), "{about}");
    for named in &turns.named {
        assert!(
            pairs
                .iter()
                .any(|((_, subject), (_, resource), _)| *subject == named.subject.id && *resource == named.resource.id),
            "{about}: {named:?}"
        );
    }
}

#[tokio::test]
async fn what_is_told_is_exactly_what_is_decided_differently() {
    let (mut turns, mut strange) = (0, 0);
    for seed in [3, 4] {
        let world = World::made_up(rules(&[]), seed).await;
        let exported = world.export().await;
        let mut services = BTreeMap::new();
        for line in exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            if line["noun"] == "subscription" {
                let text = |member: &str| line[member].as_str().unwrap().to_owned();
                services.insert(text("id"), format!("{}/{}", text("customer"), text("service")));
            }
        }
        assert!(services.len() > 10);
        let mut answered = Vec::new();
        for (name, files) in sets() {
            answered.push((name, files.clone(), world.copy(rules(&files)).await.answers().await));
        }
        let count = answered.len();
        let pairs = (1..count).flat_map(|index| [(0, index), (index, 0), (index, (index + 5) % count)]);
        for (one, other) in pairs.chain([(count - 2, count - 1)]) {
            let ((from, old, before), (to, new, after)) = (&answered[one], &answered[other]);
            let about = format!("world {seed}, from `{from}` to `{to}`");
            let (gained, lost) = expected(before, after);
            for naming in [usize::MAX, 3] {
                let (told, heard) = difference(&world, rules(old), rules(new), naming).await;
                let once = |list: &[Pair]| list.iter().cloned().collect::<BTreeSet<_>>();
                assert_eq!((once(&heard.gained), once(&heard.lost)), (gained.clone(), lost.clone()), "{about}");
                let counts = (heard.gained.len() as u64, heard.lost.len() as u64);
                assert_eq!(counts, (gained.len() as u64, lost.len() as u64), "{about}");
                assert_eq!((told.gained, told.lost), counts, "{about}");
                let c = told.concerned;
                let all = concerned(gained.iter().chain(&lost), &services);
                assert_eq!([c.partners, c.customers, c.services, c.subscriptions], all, "{about}");
                let actions: BTreeSet<&String> = gained.iter().chain(&lost).map(|(_, _, action)| action).collect();
                assert_eq!(told.actions.iter().map(|action| &action.action).collect::<BTreeSet<_>>(), actions);
                for action in &told.actions {
                    let of = |pairs: &BTreeSet<Pair>| {
                        pairs.iter().filter(|(_, _, name)| *name == action.action).cloned().collect::<BTreeSet<_>>()
                    };
                    let about = format!("{about}, {}", action.action);
                    for (turns, pairs) in [(&action.gained, of(&gained)), (&action.lost, of(&lost))] {
                        assert_turns(turns, &pairs, &services, &about);
                        assert!(turns.named.len() <= naming);
                        let unrelated: u64 = turns.unrelated.iter().map(|unrelated| unrelated.pairs).sum();
                        assert!(unrelated <= turns.count);
                        strange += unrelated;
                    }
                }
                assert!(told.complete || naming == 3, "{about}");
                let Some(last) = heard.progress.last() else { panic!("{about}: no progress") };
                assert_eq!(last.done, last.all, "{about}");
                let json = serde_json::to_string(&told).unwrap();
                assert_eq!(serde_json::from_str::<WorldDifference>(&json).unwrap(), told);
            }
            turns += gained.len() + lost.len();
        }
    }
    assert!(turns > 3_000 && strange > 1_000, "{turns} turned, {strange} of strangers");
}

#[tokio::test]
async fn rules_that_say_the_same_are_not_compared() {
    let world = World::made_up(rules(&[]), 5).await;
    let shipped = RuleFiles::built_in();
    let renamed = shipped
        .iter()
        .map(|(path, text)| (path.to_owned(), text.replace("@title(\"", "// Another word.\n@title(\"Now: ")));
    let renamed = Bundle::load(renamed.collect(), Rulebook::Domain).unwrap();
    assert_ne!(renamed.digest(), rules(&[]).digest());
    let (told, heard) = difference(&world, rules(&[]), renamed, NAMED).await;
    assert_eq!((told.gained, told.lost, told.actions.len(), told.complete), (0, 0, 0, true));
    assert_eq!(heard.progress.last(), Some(&Progress { done: 0, all: 0 }));
}

#[tokio::test]
async fn a_grant_that_has_ended_counts_no_more() {
    let world = World::empty(rules(&[]));
    world.partner("p1", PartnerKind::Advisor, PartnerStatus::Active).await;
    let customer = Customer { id: "c1".parse().unwrap(), name: "One".to_owned(), domain: None };
    change::registry::put_customer(&world.pdp, &operator(), customer).await.unwrap();
    world.accept("c1", "p1", &["crm"], Some(2)).await;
    let none = || {
        rules(&[never!("support", r#"forbid (principal is Partner, action == Action::"provideSupport", resource);"#)])
    };
    let (told, _) = difference(&world, rules(&[]), none(), NAMED).await;
    assert_eq!((told.gained, told.lost), (0, 1));
    world.clock.set(world.clock.now().checked_add(jiff::Span::new().hours(3)).unwrap());
    let (told, _) = difference(&world, rules(&[]), none(), NAMED).await;
    assert_eq!((told.gained, told.lost), (0, 0));
}

#[tokio::test]
async fn a_comparison_can_be_stopped_and_what_it_cannot_do_is_said() {
    let world = World::made_up(rules(&[]), 6).await;
    let wide =
        || rules(&[may!("wide", r#"permit (principal is Partner, action == Action::"provideSupport", resource);"#)]);
    let bundles = |new: Bundle| (Arc::new(rules(&[])), Arc::new(new));
    let go = |_: Progress| ControlFlow::Continue(());
    let stop = |_: Progress| ControlFlow::Break(());
    let told =
        publish::difference::world_difference(&world.pdp, bundles(wide()), 1, stop, |_| ControlFlow::Continue(()))
            .await;
    assert!(matches!(told, Err(CallError::Refused(DifferenceError::Stopped))));
    let told =
        publish::difference::world_difference(&world.pdp, bundles(wide()), 1, go, |_| ControlFlow::Break(())).await;
    assert!(matches!(told, Err(CallError::Refused(DifferenceError::Stopped))));
    let by_services = rules(&[
        (
            "schemas/cancel.cedarschema",
            r#"@doc("Cancel") action cancel appliesTo { principal: Service, resource: Subscription };"#,
        ),
        may!("cancel", r#"permit (principal, action == Action::"cancel", resource);"#),
    ]);
    let told =
        publish::difference::world_difference(&world.pdp, bundles(by_services), 1, go, |_| ControlFlow::Continue(()))
            .await;
    assert_eq!(
        told.unwrap_err().to_string(),
        "action `cancel` can be done by a `Service`, and only what partners and customers do can be compared; leave \
         `Service` out of the action's `principal`, or its rules as they are"
    );
}

#[tokio::test]
async fn one_among_many_is_not_one_alone() {
    let world = World::empty(rules(&[]));
    for id in ["p1", "p2", "p3"] {
        world.partner(id, PartnerKind::Advisor, PartnerStatus::Active).await;
    }
    let customer = Customer { id: "c1".parse().unwrap(), name: "One".to_owned(), domain: None };
    change::registry::put_customer(&world.pdp, &operator(), customer).await.unwrap();
    for (id, services) in [("p1", ["one", "two", "three"].as_slice()), ("p2", &["two", "three"]), ("p3", &["three"])] {
        world.accept("c1", id, services, None).await;
    }
    let alone = rules(&[never!(
        "alone",
        r#"forbid (principal is Partner, action == Action::"provideSupport", resource is Service)
        when { resource.delegatedAdministrators == [principal] };"#
    )]);
    let (told, heard) = difference(&world, rules(&[]), alone, NAMED).await;
    assert_eq!((told.gained, told.lost), (0, 1));
    assert_eq!((heard.lost[0].0.1.as_str(), heard.lost[0].1.1.as_str()), ("p1", "c1/one"));
}

/// Everything that is read customer by customer, as it should be read one by one.
fn assert_read_alike(view: &View<'_>, at: Timestamp) -> usize {
    let facts = |resource: Target| {
        let needs = Needs { subject: Target::Foreign, resource };
        Facts { unknown_subject: None, ..view.facts(&needs, at).unwrap() }
    };
    let mut read = 0;
    let mut seen = [0, 0, 0];
    view.customer_snapshots(at, &mut |customer_snapshot| {
        seen[0] += 1;
        let customer = customer_snapshot.customer();
        assert_eq!(customer_snapshot.facts(), facts(Target::Customer(customer.clone())));
        for (partner, state) in customer_snapshot.relationships() {
            assert_eq!(view.relationship(customer, partner).unwrap().unwrap().fact.state, *state);
        }
        for (id, known) in customer_snapshot.services() {
            seen[1] += 1;
            assert_eq!(known, facts(Target::Service(id.clone())));
        }
        customer_snapshot.subscriptions(&mut |id, service, known| {
            seen[2] += 1;
            read += known.relationships.len() + known.services.len();
            assert_eq!(*known, facts(Target::Subscription(id.clone())));
            assert_eq!(*service, known.subscriptions[id].service.service);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    assert_eq!(seen, [Kind::Customer, Kind::Service, Kind::Subscription].map(|kind| view.count(kind).unwrap()));
    read
}

/// A store in which three worlds were imported over each other, in many changes.
pub async fn store_of_worlds(folder: &Path) -> Store {
    let clock: SharedClock = Arc::new(System);
    let terms = terms();
    let store = Store::open(folder, Arc::clone(&clock)).unwrap();
    let pdp = Pdp::of(store, LinkRing::of_seed([7; 32], &clock), rules(&[]), terms).unwrap();
    for seed in [7, 8, 9] {
        let lines = World::made_up(rules(&[]), seed).await.export().await;
        for part in lines.lines().collect::<Vec<_>>().chunks(9) {
            // What one world says of a noun another may not allow any more.
            let _ = change::import::import(&pdp, &operator(), std::io::Cursor::new(part.join("\n")), |_, _| ()).await;
        }
    }
    drop(pdp);
    Store::open(folder, clock).unwrap()
}

#[tokio::test]
async fn what_is_read_customer_by_customer_is_what_is_read_one_by_one_at_every_revision() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_of_worlds(folder.path()).await;
    let (newest, at) = (store.revision(), "2026-01-02T00:00:00Z".parse().unwrap());
    assert!(newest > Revision(8));
    let read: Vec<usize> = (0..=newest.0)
        .map(|revision| assert_read_alike(&store.snapshot_at(Revision(revision)).unwrap().view(), at))
        .collect();
    assert!(read.last().unwrap() > read.first().unwrap());
    let snapshot = store.snapshot_at(Revision(newest.0 / 2)).unwrap();
    let mut overlay = snapshot.view().overlay();
    overlay.put(&Fact::Customer(Customer { id: "c11".parse().unwrap(), name: "x".to_owned(), domain: None })).unwrap();
    let service = DomainService { administrators: Vec::new() };
    for customer in ["c0", "c11"] {
        let id = ServiceId { customer: customer.parse().unwrap(), service: "azure".parse().unwrap() };
        overlay.put(&Fact::Service(id, service.clone())).unwrap();
    }
    assert_eq!(overlay.view().count(Kind::Customer).unwrap(), snapshot.view().count(Kind::Customer).unwrap() + 1);
    assert_read_alike(&overlay.view(), at);
}

#[tokio::test]
async fn nobody_is_told_anything_once_nobody_waits() {
    let world = World::made_up(rules(&[]), 6).await;
    let wide =
        rules(&[may!("wide", r#"permit (principal is Partner, action == Action::"provideSupport", resource);"#)]);
    let calls = Arc::new(AtomicUsize::new(0));
    let (counting, (open, gate)) = (Arc::clone(&calls), std::sync::mpsc::channel::<()>());
    let tell = move |_: Progress| {
        counting.fetch_add(1, Ordering::SeqCst);
        gate.recv().unwrap();
        ControlFlow::Continue(())
    };
    let bundles = (Arc::new(rules(&[])), Arc::new(wide));
    let mut asked =
        Box::pin(publish::difference::world_difference(&world.pdp, bundles, 1, tell, |_| ControlFlow::Continue(())));
    let wait = || tokio::time::sleep(std::time::Duration::from_millis(1));
    while calls.load(Ordering::SeqCst) == 0 {
        tokio::select! {
            _ = &mut asked => panic!("it is told before it may be"),
            () = wait() => {}
        }
    }
    drop(asked);
    open.send(()).unwrap();
    while Arc::strong_count(&calls) > 1 {
        wait().await;
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
