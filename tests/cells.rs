//! The table of decisions says what Cedar decides, and says nothing where anything but a standing could matter.

use std::collections::{BTreeMap, BTreeSet};

use standing::assure::mutants::mutants;
use standing::decide::{Namespace, decide, decide_by_cedar, decided_by_cedar, has_cells, installation, permits};
use standing::domain::commercial::RelationshipState;
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::domain::subscription::SubscriptionStatus;
use standing::facts::{Facts, PartnerFacts, Role, SubscriptionFacts, Unknown};
use standing::id::{CustomerId, PartnerId, ServiceId, SubscriptionId};
use standing::policy::{Bundle, RuleId};
use standing::question::{Entity, Question};
use standing::standing::Standing;

use crate::difference::sets;
use crate::shipped::{candidate, shipped};
use crate::worlds::Chance;

const PARTNERS: [&str; 4] = ["p1", "p2", "p3", "p4"];
const CUSTOMERS: [&str; 2] = ["c1", "c2"];
const SERVICES: [&str; 4] = ["c1/crm", "c1/mail", "c2/crm", "c2/mail"];
const SUBSCRIPTIONS: [&str; 4] = ["s1", "s2", "s3", "s4"];

/// Facts as no store would hold them too: whatever is named may be missing, and an add-on may add to anything.
pub fn facts(chance: &mut Chance) -> Facts {
    let mut facts = Facts::default();
    for partner in PARTNERS.iter().filter(|_| !chance.once_in(8)).collect::<Vec<_>>() {
        let known = PartnerFacts { kind: chance.of_all(PartnerKind::ALL), status: chance.of_all(PartnerStatus::ALL) };
        facts.partners.insert(partner.parse().unwrap(), known);
    }
    for customer in CUSTOMERS {
        facts.customers.insert(customer.parse().unwrap());
        let mut pairs: BTreeMap<PartnerId, RelationshipState> = BTreeMap::new();
        for partner in PARTNERS.iter().filter(|_| chance.once_in(2)).collect::<Vec<_>>() {
            pairs.insert(partner.parse().unwrap(), chance.of_all(RelationshipState::ALL));
        }
        facts.relationships.insert(customer.parse::<CustomerId>().unwrap(), pairs);
    }
    for service in SERVICES.iter().filter(|_| !chance.once_in(8)).collect::<Vec<_>>() {
        let administrators = PARTNERS.iter().filter(|_| chance.once_in(3)).collect::<Vec<_>>();
        let administrators: BTreeSet<PartnerId> = administrators.iter().map(|id| id.parse().unwrap()).collect();
        facts.services.insert(service.parse::<ServiceId>().unwrap(), administrators);
    }
    for id in SUBSCRIPTIONS {
        let subscription = SubscriptionFacts {
            service: chance.of_all(&SERVICES).parse().unwrap(),
            status: chance.of_all(SubscriptionStatus::ALL),
            original_reseller: chance.once_in(2).then(|| chance.of_all(&PARTNERS).parse().unwrap()),
            parent: chance.once_in(2).then(|| chance.of_all(&SUBSCRIPTIONS).parse().unwrap()),
        };
        facts.subscriptions.insert(id.parse::<SubscriptionId>().unwrap(), subscription);
    }
    facts
}

/// Some question about these facts.
pub fn question(chance: &mut Chance, actions: &[String]) -> Question {
    let resource = match chance.below(5) {
        0 => Entity::new("Service", chance.of_all(&SERVICES)),
        1 => Entity::new("Customer", chance.of_all(&CUSTOMERS)),
        _ => Entity::new("Subscription", chance.of_all(&SUBSCRIPTIONS)),
    };
    let subject = if chance.once_in(16) { "Customer" } else { "Partner" };
    let id = if subject == "Customer" { chance.of_all(&CUSTOMERS) } else { chance.of_all(&PARTNERS) };
    let name = actions.get(chance.below(actions.len())).cloned().unwrap_or_default();
    Question::new(Entity::new(subject, id), name, resource)
}

/// Asks as much as it takes to have seen most standings; how many questions had a cell.
pub fn compare(about: &str, bundle: &Bundle, actions: &[String], seed: u64, worlds: usize) -> usize {
    let mut chance = Chance::of(seed);
    let mut seen = 0;
    for _ in 0..worlds {
        let facts = facts(&mut chance);
        for _ in 0..24 {
            let question = question(&mut chance, actions);
            let said = decide(bundle, Namespace::Domain, &question, &facts);
            let cedar = decide_by_cedar(bundle, Namespace::Domain, &question, &facts);
            assert_eq!(said, cedar, "{about}: {question:?} of {facts:?}");
            let is_yes = permits(bundle, Namespace::Domain, &question, &facts);
            assert_eq!(is_yes, cedar.is_allowed(), "{about}: {question:?} of {facts:?}");
            seen += usize::from(has_cells(bundle, &question.action.name) && Standing::of(&question, &facts).is_some());
        }
    }
    seen
}

pub fn actions(bundle: &Bundle) -> Vec<String> {
    bundle.vocabulary().actions("").map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn the_table_decides_as_cedar_does_under_every_set_of_rules() {
    assert!(compare("shipped", shipped(), &actions(shipped()), 1, 300) > 1_000);
    // A set of an earlier day, whose schema lacks a word that facts hold.
    let schema = "schemas/standing.cedarschema";
    let earlier =
        shipped().files().get(schema).unwrap().replace("active suspended expired deleted", "active suspended deleted");
    let earlier = candidate(&[(schema, &earlier)]);
    assert!(!earlier.missing_words().is_empty());
    assert!(compare("a word is missing", &earlier, &actions(&earlier), 2, 100) > 500);
    let first = shipped().files().get(schema).unwrap().replace("directBill indirectProvider", "indirectProvider");
    let first = candidate(&[(schema, &first)]);
    assert!(!first.missing_words().is_empty());
    compare("the first kind is missing", &first, &actions(&first), 3, 100);
    let escaped = permitting(r#"principal["ki\u{6e}d"] == "directBill""#);
    assert!(compare("a kind spelt with an escape", &escaped, &["migrate".to_owned()], 4, 100) > 500);
    for (place, (about, files)) in sets().iter().enumerate() {
        let rules = candidate(files);
        compare(about, &rules, &actions(&rules), place as u64, 60);
    }
}

#[test]
fn the_table_decides_as_cedar_does_under_every_mistake_in_the_rules() {
    let mut compared = 0;
    for rule in shipped().deciders().filter(|rule| !rule.path.contains("/api/")) {
        // Of a rule about many actions two are asked about, as the rules about the others are the same.
        let about = |action: &&String| rule.policy.to_string().contains(action.as_str());
        let all = actions(shipped());
        let named: Vec<String> = all.iter().filter(about).take(2).cloned().collect();
        let asked = if named.is_empty() { vec!["migrate".to_owned(), "provideSupport".to_owned()] } else { named };
        for mutant in mutants(rule) {
            let Ok(changed) = mutant.in_set(shipped()) else { continue };
            compared += compare(&mutant.to_string(), &changed, &asked, 7, 8);
        }
    }
    assert!(compared > 2_000, "{compared}");
}

/// Everybody who may call, and what is known of them.
fn callers() -> Vec<(Entity, Facts)> {
    let mut callers = Vec::new();
    for (name, &role) in ["one", "two"].iter().flat_map(|name| Role::ALL.iter().map(move |role| (name, role))) {
        let operators = BTreeMap::from([((*name).to_owned(), role)]);
        callers.push((Entity::new("Operator", *name), Facts { operators, ..Facts::default() }));
    }
    for &kind in PartnerKind::ALL {
        for &status in PartnerStatus::ALL {
            let partners = BTreeMap::from([("p1".parse().unwrap(), PartnerFacts { kind, status })]);
            callers.push((Entity::new("Partner", "p1"), Facts { partners, ..Facts::default() }));
        }
    }
    let customers = BTreeSet::from(["c1".parse().unwrap()]);
    callers.push((Entity::new("Customer", "c1"), Facts { customers, ..Facts::default() }));
    let unknown = |unknown| Facts { unknown_subject: Some(unknown), ..Facts::default() };
    callers.push((Entity::new("Partner", "nobody"), unknown(Unknown::Partner)));
    callers.push((Entity::new("Operator", "nobody"), Facts::default()));
    callers
}

/// Asks everybody's every call about nothing in particular of both; how many were a yes.
fn compare_calls(about: &str, bundle: &Bundle) -> usize {
    let mut admitted = 0;
    let resources = [installation(), Entity::new("Partner", "p1"), Entity::new("Api::Installation", "another")];
    for (call, _) in bundle.vocabulary().actions("Api") {
        for ((subject, facts), resource) in
            callers().iter().flat_map(|caller| resources.iter().map(move |of| (caller, of)))
        {
            let question = Question::new(subject.clone(), call, resource.clone());
            let said = decide(bundle, Namespace::Api, &question, facts);
            assert_eq!(said, decide_by_cedar(bundle, Namespace::Api, &question, facts), "{about}: {question:?}");
            admitted += usize::from(said.is_allowed());
        }
    }
    admitted
}

#[test]
fn whoever_makes_a_call_about_nothing_in_particular_is_admitted_as_cedar_decides() {
    assert!(compare_calls("shipped", shipped()) > 100);
    for condition in [
        r#"principal == Operator::"one""#,
        r#"principal is Operator && principal.role != "asker""#,
        r#"principal is Partner && principal.kind == "advisor""#,
        r#"principal in Operator::"one""#,
        r#"principal is Operator && principal.role like "a*""#,
        r#"resource == principal"#,
    ] {
        let rule = format!(
            r#"@id("may/api/too") @title("It may be called") @source("a test")
            permit (principal, action in Api::Action::"call", resource) when {{ {condition} }};"#
        );
        compare_calls(condition, &candidate(&[("policies/may/api/too.cedar", &rule)]));
    }
    let mut mistakes = 0;
    for rule in shipped().deciders().filter(|rule| rule.path.contains("/api/")) {
        for mutant in mutants(rule) {
            let Ok(changed) = mutant.in_set(shipped()) else { continue };
            compare_calls(&mutant.to_string(), &changed);
            mistakes += 1;
        }
    }
    assert!(mistakes > 20, "{mistakes}");
}

#[test]
fn cedar_is_asked_nothing_about_what_it_decided_before() {
    let rules = candidate(&[]);
    let operators = BTreeMap::from([("asks".to_owned(), Role::Asker)]);
    let facts_of_call = Facts { operators, ..Facts::default() };
    let ask_all = || {
        let call = Question::new(Entity::new("Operator", "asks"), "ask", installation());
        assert!(decide(&rules, Namespace::Api, &call, &facts_of_call).is_allowed());
        let mut yes = 0;
        for standing in Standing::all() {
            for action in ["migrate", "provision", "provideSupport"] {
                let decision = decide(&rules, Namespace::Domain, &standing.question(action), &standing.facts());
                yes += usize::from(decision.is_allowed());
            }
        }
        assert!(yes > 100, "{yes}");
    };
    ask_all();
    let once = rules.evaluations();
    assert!(once > 0);
    ask_all();
    assert_eq!(rules.evaluations(), once);
}

/// A permit of a migration under a condition.
fn permitting(condition: &str) -> Bundle {
    let rule = format!(
        r#"@id("may/migrate-too") @title("It may be migrated") @source("a test")
        permit (principal is Partner, action == Action::"migrate", resource is Subscription) when {{ {condition} }};"#
    );
    candidate(&[("policies/may/migrate-too.cedar", &rule)])
}

#[test]
fn an_action_has_cells_only_where_its_rules_see_nothing_but_standings() {
    let table = [
        (r#"principal.kind == "advisor""#, true),
        (r#"principal.kind != "advisor" || !(principal.status == "active")"#, true),
        (r#"resource has parent && resource.parent.status == resource.status"#, true),
        (r#"if resource has parent then resource.parent.status == "active" else true"#, true),
        (r#"resource has sale && resource.sale.reseller != principal"#, true),
        (r#"resource.service.delegatedAdministrators.contains(principal)"#, true),
        (r#"principal == Partner::"p1""#, false),
        (r#"resource.service == Service::"c1/crm""#, false),
        (r#"resource has parent && resource.parent == resource"#, false),
        (r#"resource.customer == Customer::"c1""#, false),
        (r#"principal in Partner::"p1""#, false),
        (r#"[Partner::"p1", Partner::"p2"].contains(principal)"#, false),
        (r#"principal.kind like "direct*""#, false),
        (r#"["advisor"].contains(principal.kind)"#, false),
        (r#"resource.service.delegatedAdministrators.contains(Partner::"p1")"#, false),
        (r#"resource.service.delegatedAdministrators.containsAny([principal])"#, false),
        (r#"resource.service.delegatedAdministrators.isEmpty()"#, false),
        (r#"resource has sale && resource.service.delegatedAdministrators.contains(resource.sale.reseller)"#, false),
        (r#"resource has parent && resource.parent.service == resource.service"#, false),
        (r#"resource has parent && resource.parent has sale"#, false),
        (r#"resource has sale && resource.sale.relationship == "ended""#, true),
        (
            r#"resource has sale && resource has parent && resource.parent has sale && resource.sale == resource.parent.sale"#,
            false,
        ),
        (r#"resource has parent && resource.parent.service.delegatedAdministrators.contains(principal)"#, false),
    ];
    for (condition, is_tabled) in table {
        assert_eq!(has_cells(&permitting(condition), "migrate"), is_tabled, "{condition}");
        assert!(has_cells(&permitting(condition), "receiveBill"), "{condition}");
        let by_cedar = decided_by_cedar(&permitting(condition));
        let because = BTreeMap::from([("migrate".to_owned(), vec![RuleId::from("may/migrate-too")])]);
        assert_eq!(by_cedar, if is_tabled { BTreeMap::new() } else { because }, "{condition}");
    }
}

#[test]
fn a_caller_that_says_what_the_action_does_not_declare_is_answered_by_cedar() {
    let schema = "schemas/standing.cedarschema";
    let shipped_schema = shipped().files().get(schema).unwrap();
    let (before, after) = shipped_schema.split_once("action migrate").unwrap();
    let declared =
        after.replacen("resource: Subscription }", "resource: Subscription, context: { urgent?: Bool } }", 1);
    let rules = candidate(&[(schema, &format!("{before}action migrate{declared}"))]);
    assert!(has_cells(&rules, "migrate"));
    for standing in Standing::all().filter(|standing| standing.thing.kind().as_str() == "Subscription") {
        let mut question = standing.question("migrate");
        question.context.insert("urgent".to_owned(), "very".into());
        let said = decide(&rules, Namespace::Domain, &question, &standing.facts());
        assert_eq!(said.reason().map(|reason| reason.as_str()), Some("invalid_property"));
    }
}
