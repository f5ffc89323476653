//! What holds for every decision, whatever is asked and whatever else is so.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;
use standing::assure::table::{Cell, Table};
use standing::decide::{Decision, Namespace, decide};
use standing::domain::commercial::RelationshipState;
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::domain::subscription::SubscriptionStatus;
use standing::facts::{Facts, PartnerFacts, SubscriptionFacts};
use standing::question::{Members, Question};
use standing::standing::{Right, Seller, Standing, Thing};

use crate::shipped::{candidate, shipped, shipped_files, shipped_table};

fn asked(question: &Question, facts: &Facts) -> Decision {
    decide(shipped(), Namespace::Domain, question, facts)
}

/// A rule that cannot be evaluated for partners of one kind: no number is that large.
fn erring(effect: &str, folder: &str) -> (String, String) {
    let path = format!("policies/{folder}/count.cedar");
    let rule = format!(
        r#"// What cannot be counted?
@id("{folder}/count")
@title("It cannot be counted")
@source("ours")
@reason("uncountable")
{effect} (principal is Partner, action == Action::"removeSeats", resource is Subscription)
when {{ principal.kind == "advisor" && 9223372036854775807 + 1 > 0 }};
"#
    );
    (path, rule)
}

#[test]
fn a_rule_that_errs_refuses_every_question_it_errs_for_and_no_other() {
    for (effect, folder) in [("forbid", "never"), ("permit", "may")] {
        let (path, rule) = erring(effect, folder);
        let table = Table::of(&candidate(&[(&path, &rule)]));
        let mut refused = 0;
        for (action, case, cell) in table.cells() {
            if action == "removeSeats" && case.partner_kind == PartnerKind::Advisor {
                refused += 1;
                assert!(!cell.allowed, "{action} in {case:?}");
                assert_eq!(cell.reason.as_ref().map(|reason| reason.as_str()), Some("rule_error"));
                assert_eq!(cell.faults, [format!("{folder}/count").as_str().into()]);
                assert!(cell.rules.is_empty());
            } else {
                assert_eq!(Some(cell), shipped_table().cell(action, case));
            }
        }
        assert!(refused > 0);
    }
}

#[test]
fn a_rule_that_reads_what_is_not_among_the_facts_refuses() {
    let rule = r#"// What of a seller whose account is suspended?
@id("never/seller-suspended")
@title("Nobody may remove seats that a suspended partner sold")
@source("ours")
@reason("seller_suspended")
forbid (principal is Partner, action == Action::"removeSeats", resource is Subscription)
when { resource has sale && resource.sale.reseller.status == "suspended" };
"#;
    let table = Table::of(&candidate(&[("policies/never/seller-suspended.cedar", rule)]));
    for (case, cell) in table.action("removeSeats").expect("an action").cells() {
        if matches!(case.thing, Thing::Subscription { seller: Seller::AnotherPartner(_), .. }) {
            assert!(!cell.allowed);
            assert_eq!(cell.reason.as_ref().map(|reason| reason.as_str()), Some("rule_error"), "{case:?}");
        }
    }
}

#[test]
fn gaining_a_right_never_turns_a_yes_into_a_no() {
    for (action, case, cell) in shipped_table().cells().filter(|(_, _, cell)| cell.allowed) {
        let mut gained = vec![Standing { is_delegated_administrator: true, ..*case }];
        if let Thing::Subscription { parent, status, .. } = case.thing {
            let thing = Thing::Subscription { seller: Seller::ThisPartner, parent, status };
            gained.push(Standing { thing, relationship: Some(RelationshipState::Active), ..*case });
        }
        for better in gained {
            let answer = shipped_table().cell(action, &better).map(|cell| cell.allowed);
            assert_eq!(answer, Some(true), "{action} in {better:?}, but {cell:?} in {case:?}");
        }
    }
}

/// Every answer with the stricter reading: a transition takes delegated administration as well.
fn stricter() -> &'static Table {
    static STRICTER: LazyLock<Table> = LazyLock::new(|| {
        const PATH: &str = "policies/may/transition.cedar";
        const WHEN: &str = "when\n{";
        let text = shipped_files().get(PATH).expect("the rule").to_owned();
        assert_eq!(text.matches(WHEN).count(), 1);
        let both = text.replace(WHEN, "when\n{\n  resource.service.delegatedAdministrators.contains(principal) &&");
        Table::of(&candidate(&[(PATH, &both)]))
    });
    &STRICTER
}

#[test]
fn where_a_rule_takes_both_rights_the_missing_one_is_named() {
    let mut flipped = BTreeMap::new();
    for (action, case, cell) in shipped_table().cells() {
        let now = stricter().cell(action, case).expect("the same cells");
        if now.allowed != cell.allowed {
            assert_eq!((action, case.rights()), ("transition", vec![Right::OriginalReseller]));
            *flipped.entry(now.reason.as_ref().map(ToString::to_string)).or_insert(0) += 1;
        } else if now.reason != cell.reason {
            panic!("{action} in {case:?} is refused for another reason: {now:?}, not {cell:?}");
        }
    }
    let flips = PartnerKind::ALL.len() * 2;
    assert_eq!(flipped, BTreeMap::from([(Some("delegated_admin_permissions_disabled".to_owned()), flips)]));
}

#[test]
fn where_both_rights_are_missing_the_one_that_cannot_be_asked_for_is_named() {
    let of = |relationship, seller| {
        let thing = Thing::Subscription { seller, parent: None, status: SubscriptionStatus::Active };
        let case = Standing {
            thing,
            partner_status: PartnerStatus::Active,
            partner_kind: PartnerKind::DirectBill,
            is_delegated_administrator: false,
            relationship,
        };
        let reason = |cell: &Cell| cell.reason.as_ref().map(ToString::to_string);
        stricter().cell("transition", &case).and_then(reason).unwrap_or_default()
    };
    let (active, ended) = (Some(RelationshipState::Active), Some(RelationshipState::Ended));
    assert_eq!(of(active, Seller::Nobody), "not_original_reseller");
    assert_eq!(of(ended, Seller::ThisPartner), "commercial_relationship_ended");
    assert_eq!(of(None, Seller::Nobody), "no_relationship");
}

/// A question in a case of the table.
fn questions() -> impl Strategy<Value = (Standing, String)> {
    let cells: Vec<(Standing, String)> =
        shipped_table().cells().map(|(action, case, _)| (*case, action.to_owned())).collect();
    prop::sample::select(cells)
}

/// Any JSON, with the words of the schema among its names.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        names().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![3 => prop::sample::select(KNOWN).prop_map(str::to_owned), 1 => ".{0,12}"]
}

/// Words a caller may hope are read.
const KNOWN: &[&str] = &[
    "status",
    "kind",
    "active",
    "advisor",
    "originalReseller",
    "commercialRelationship",
    "sale",
    "reseller",
    "relationship",
    "service",
    "parent",
    "delegatedAdministrators",
    "customer",
    "action",
    "__entity",
    "__extn",
    "type",
    "id",
    "the-partner",
    "Partner",
];

fn members() -> impl Strategy<Value = Members> {
    prop::collection::btree_map(names(), json(), 0..5).prop_map(|members| members.into_iter().collect())
}

/// Something that is so of others: nothing of it is about the partner that asks or what it asks about.
#[derive(Clone, Debug)]
enum Elsewhere {
    Grant { partner: String },
    GrantOfAnotherService { partner: String },
    Sale { partner: Option<String>, subscription: String, status: SubscriptionStatus },
    Relationship { partner: String, state: RelationshipState },
    Partner { partner: String, status: PartnerStatus },
    RelationshipOfAnotherCustomer { state: RelationshipState },
}

fn elsewhere() -> impl Strategy<Value = Elsewhere> {
    let partner = || "p-[a-z]{1,3}";
    let state = || prop::sample::select(RelationshipState::ALL);
    prop_oneof![
        partner().prop_map(|partner| Elsewhere::Grant { partner }),
        prop_oneof![partner(), Just("the-partner".to_owned())]
            .prop_map(|partner| Elsewhere::GrantOfAnotherService { partner }),
        (
            prop::option::of(prop_oneof![partner(), Just("the-partner".to_owned())]),
            "s-[a-z]{1,3}",
            prop::sample::select(SubscriptionStatus::ALL)
        )
            .prop_map(|(partner, subscription, status)| Elsewhere::Sale { partner, subscription, status }),
        (partner(), state()).prop_map(|(partner, state)| Elsewhere::Relationship { partner, state }),
        (partner(), prop::sample::select(PartnerStatus::ALL))
            .prop_map(|(partner, status)| Elsewhere::Partner { partner, status }),
        state().prop_map(|state| Elsewhere::RelationshipOfAnotherCustomer { state }),
    ]
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(id: &str) -> T {
    id.parse().expect("a legal id")
}

fn tell(facts: &mut Facts, told: Elsewhere) {
    match told {
        Elsewhere::Grant { partner } => {
            facts.services.entry(id("the-customer/the-service")).or_default().insert(id(&partner));
        }
        Elsewhere::GrantOfAnotherService { partner } => {
            facts.services.entry(id("the-customer/another-service")).or_default().insert(id(&partner));
        }
        Elsewhere::Sale { partner, subscription, status } => {
            let sold = SubscriptionFacts {
                service: id("the-customer/the-service"),
                status,
                original_reseller: partner.as_deref().map(id),
                parent: None,
            };
            facts.subscriptions.insert(id(&subscription), sold);
        }
        Elsewhere::Relationship { partner, state } => {
            facts.relationships.entry(id("the-customer")).or_default().insert(id(&partner), state);
        }
        Elsewhere::Partner { partner, status } => {
            facts.partners.insert(id(&partner), PartnerFacts { kind: PartnerKind::DirectBill, status });
        }
        Elsewhere::RelationshipOfAnotherCustomer { state } => {
            facts.customers.insert(id("another-customer"));
            facts.relationships.entry(id("another-customer")).or_default().insert(id("the-partner"), state);
        }
    }
}

proptest! {
    #[test]
    fn nothing_a_caller_claims_changes_an_answer(
        (case, action) in questions(),
        of_subject in members(),
        of_action in members(),
        of_resource in members(),
        context in members(),
    ) {
        let plain = case.question(&action);
        let mut claimed = plain.clone();
        claimed.subject.properties = of_subject;
        claimed.action.properties = of_action;
        claimed.resource.properties = of_resource;
        claimed.context = context;
        prop_assert_eq!(asked(&claimed, &case.facts()), asked(&plain, &case.facts()));
    }

    #[test]
    fn what_is_so_of_other_partners_and_other_things_never_changes_an_answer(
        (case, action) in questions(),
        told in prop::collection::vec(elsewhere(), 1..6),
    ) {
        let question = case.question(&action);
        let mut facts = case.facts();
        for told in told {
            tell(&mut facts, told);
        }
        prop_assert_eq!(asked(&question, &facts), asked(&question, &case.facts()));
    }

    #[test]
    fn facts_survive_being_remembered_and_decide_the_same((case, action) in questions()) {
        let text = serde_json::to_string(&case.facts()).expect("facts can be written");
        let read: Facts = serde_json::from_str(&text).expect("facts can be read");
        prop_assert_eq!(&read, &case.facts());
        prop_assert_eq!(asked(&case.question(&action), &read), asked(&case.question(&action), &case.facts()));
    }
}
