//! The answers as the document gives them, written out by hand and never from the rules; the rules have to agree.

use standing::decide::{Decision, Namespace, decide};
use standing::domain::commercial::RelationshipState;
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::domain::subscription::SubscriptionStatus;
use standing::facts::{Facts, Role, Unknown};
use standing::question::{Entity, Question};
use standing::standing::{CUSTOMER, PARTNER, SERVICE, SUBSCRIPTION, Seller, Standing, Thing};

use crate::shipped::{shipped, shipped_table};

/// What the document says about one question.
#[derive(PartialEq, Debug)]
struct Expected {
    reason: Option<&'static str>,
    duties: &'static [&'static str],
}

/// Which of the two independent rights an action takes.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    DelegatedAdministration,
    CommercialStanding,
}

/// The columns of the decision table: what each action takes, and which gates stand before it.
struct Column {
    takes: Takes,
    left_to_a_suspended_partner: bool,
    /// Which statuses the subscription itself may have; `refused_by_status` is said of another.
    own: &'static [SubscriptionStatus],
    refused_by_status: &'static str,
    /// Which statuses the parent of an add-on may have.
    parent: &'static [SubscriptionStatus],
}

fn column(action: &str) -> Column {
    use SubscriptionStatus::{Active, Deleted, Expired, Suspended};
    use Takes::{CommercialStanding, DelegatedAdministration};
    const ANY: &[SubscriptionStatus] = &[Active, Suspended, Expired, Deleted];
    const THERE: &[SubscriptionStatus] = &[Active, Suspended, Expired];
    let (takes, left_to_a_suspended_partner, own, parent) = match action {
        "provision" => (DelegatedAdministration, false, THERE, THERE),
        "provideSupport" => (DelegatedAdministration, true, THERE, THERE),
        "removeSeats" | "addSeats" | "orderAddOns" | "transition" | "migrate" | "changePartnerOfRecord" => {
            (CommercialStanding, false, &[Active][..], &[Active][..])
        }
        "suspend" => (CommercialStanding, true, &[Active][..], ANY),
        "reactivate" => (CommercialStanding, false, &[Suspended][..], &[Active][..]),
        "receiveBill" => (CommercialStanding, true, ANY, ANY),
        other => panic!("the document names no action `{other}`; say here what it takes"),
    };
    let refused_by_status =
        if action == "reactivate" { "subscription_status_not_suspended" } else { "subscription_status_not_active" };
    Column { takes, left_to_a_suspended_partner, own, refused_by_status, parent }
}

fn expected(action: &str, case: &Standing) -> Expected {
    let duties: &[&str] = match case.relationship {
        Some(RelationshipState::Active) => &["provideSupport", "adhereToResellerAgreement"],
        Some(RelationshipState::Ended) | None => &[],
    };
    Expected { reason: refusal(&column(action), case), duties }
}

/// Why it is a no; nothing for a yes.
fn refusal(column: &Column, case: &Standing) -> Option<&'static str> {
    match case.partner_kind {
        // Selling needs a transacting kind, but none of these actions is a sale.
        PartnerKind::DirectBill
        | PartnerKind::IndirectProvider
        | PartnerKind::IndirectReseller
        | PartnerKind::Advisor => {}
    }
    match case.partner_status {
        PartnerStatus::Suspended if !column.left_to_a_suspended_partner => return Some("partner_suspended"),
        PartnerStatus::Suspended | PartnerStatus::Active => {}
    }
    let sold = match case.thing {
        Thing::Service => false,
        Thing::Subscription { seller, parent, status } => {
            if !column.own.contains(&status) {
                return Some(column.refused_by_status);
            }
            if parent.is_some_and(|parent| !column.parent.contains(&parent)) {
                return Some("subscription_status_not_active");
            }
            match seller {
                Seller::ThisPartner => true,
                Seller::AnotherPartner(_) | Seller::Nobody => false,
            }
        }
    };
    let related = case.relationship == Some(RelationshipState::Active);
    let administers = case.is_delegated_administrator;
    match (column.takes, sold, administers, related) {
        (Takes::DelegatedAdministration, _, true, _) | (Takes::CommercialStanding, true, _, true) => None,
        (_, false, false, false) => Some("no_relationship"),
        (Takes::DelegatedAdministration, _, false, _) => Some("delegated_admin_permissions_disabled"),
        (Takes::CommercialStanding, true, _, false) => Some("commercial_relationship_ended"),
        (Takes::CommercialStanding, false, _, _) => Some("not_original_reseller"),
    }
}

#[test]
fn every_answer_reason_and_duty_is_the_one_the_document_gives() {
    let mut wrong = Vec::new();
    for (action, case, cell) in shipped_table().cells() {
        let duties: Vec<&str> = cell.duties.iter().map(|duty| duty.as_str()).collect();
        let reason = cell.reason.as_ref().map(|reason| reason.as_str());
        let expected = expected(action, case);
        if cell.allowed != expected.reason.is_none() || reason != expected.reason || duties != expected.duties {
            wrong.push(format!("{action} in {case:?}\n  expected {expected:?}\n  decided  {cell:?}"));
        }
    }
    let count = wrong.len();
    wrong.truncate(5);
    assert!(wrong.is_empty(), "{count} answers differ, among them\n{}", wrong.join("\n"));
}

#[test]
fn the_document_is_asked_about_eleven_actions_and_two_of_them_on_a_service() {
    let actions: Vec<&str> = shipped_table().actions().map(|(action, _)| action).collect();
    assert_eq!(
        actions,
        [
            "addSeats",
            "changePartnerOfRecord",
            "migrate",
            "orderAddOns",
            "provideSupport",
            "provision",
            "reactivate",
            "receiveBill",
            "removeSeats",
            "suspend",
            "transition"
        ]
    );
    for (action, answers) in shipped_table().actions() {
        let on_service = answers.cells().any(|(case, _)| case.thing == Thing::Service);
        assert_eq!(on_service, column(action).takes == Takes::DelegatedAdministration, "{action}");
    }
}

#[test]
fn a_yes_is_given_by_the_rule_named_after_its_action_and_by_no_other() {
    for (action, case, cell) in shipped_table().cells().filter(|(_, _, cell)| cell.allowed) {
        let words = action.chars().map(|c| if c.is_uppercase() { format!("-{}", c.to_lowercase()) } else { c.into() });
        let rule = format!("may/{}", words.collect::<String>());
        assert_eq!(cell.rules.iter().map(|id| id.as_str()).collect::<Vec<_>>(), [rule], "{action} in {case:?}");
    }
}

/// The case of the partner that may do anything but reactivate, which takes [`suspended`].
fn best() -> Standing {
    Standing {
        thing: Thing::Subscription { seller: Seller::ThisPartner, parent: None, status: SubscriptionStatus::Active },
        partner_status: PartnerStatus::Active,
        partner_kind: PartnerKind::DirectBill,
        is_delegated_administrator: true,
        relationship: Some(RelationshipState::Active),
    }
}

/// The same of a suspended subscription, which alone can be reactivated.
fn suspended() -> Standing {
    let status = SubscriptionStatus::Suspended;
    Standing { thing: Thing::Subscription { seller: Seller::ThisPartner, parent: None, status }, ..best() }
}

/// The case in which the seller that administers may do the action.
fn best_for(action: &str) -> Standing {
    if action == "reactivate" { suspended() } else { best() }
}

fn asked(question: &Question, facts: &Facts) -> Decision {
    decide(shipped(), Namespace::Domain, question, facts)
}

fn reason(decision: &Decision) -> Option<&str> {
    decision.reason().map(|reason| reason.as_str())
}

#[test]
fn what_is_unknown_is_refused_with_a_reason_of_its_own() {
    for (unknown, expected) in [
        (Unknown::Partner, "unknown_partner"),
        (Unknown::Customer, "unknown_customer"),
        (Unknown::Service, "unknown_service"),
        (Unknown::Subscription, "unknown_subscription"),
        (Unknown::Operator, "unknown_operator"),
        (Unknown::Subject, "unknown_subject"),
        (Unknown::Resource, "unknown_resource"),
    ] {
        let of_subject = Facts { unknown_subject: Some(unknown), ..best().facts() };
        let of_resource = Facts { unknown_resource: Some(unknown), ..best().facts() };
        for facts in [of_subject, of_resource] {
            let decision = asked(&best().question("removeSeats"), &facts);
            assert!(!decision.is_allowed());
            assert_eq!(reason(&decision), Some(expected));
            assert!(decision.rules().is_empty());
            assert!(!decision.message().is_empty());
        }
    }
}

#[test]
fn of_several_unknown_things_the_subject_is_named_first_then_the_action_then_the_resource() {
    let facts = |subject, resource| Facts { unknown_subject: subject, unknown_resource: resource, ..best().facts() };
    let (partner, subscription) = (Some(Unknown::Partner), Some(Unknown::Subscription));
    for (action, facts, expected) in [
        ("fly", facts(partner, subscription), "unknown_partner"),
        ("fly", facts(None, subscription), "unknown_action"),
        ("removeSeats", facts(None, subscription), "unknown_subscription"),
        ("fly", facts(None, None), "unknown_action"),
    ] {
        assert_eq!(reason(&asked(&best().question(action), &facts)), Some(expected));
    }
}

#[test]
fn a_group_of_actions_and_a_call_of_this_service_are_unknown_actions() {
    for action in
        ["commerce", "changeOfSubscription", "administration", "readSubscription", "Api::ask", "", "RemoveSeats"]
    {
        let decision = asked(&best().question(action), &best().facts());
        assert_eq!(reason(&decision), Some("unknown_action"), "{action}");
    }
}

#[test]
fn an_action_on_something_it_does_not_apply_to_is_refused_even_where_everything_is_known() {
    let facts = |action: &str| {
        let mut facts = best_for(action).facts();
        facts.operators.insert("the-operator".to_owned(), Role::Operator);
        facts
    };
    let things = [
        Entity::new("Partner", PARTNER),
        Entity::new("Customer", CUSTOMER),
        Entity::new("Service", SERVICE),
        Entity::new("Subscription", SUBSCRIPTION),
        Entity::new("Operator", "the-operator"),
        Entity::new("Car", "a-car"),
        Entity::new("not a type", "a-car"),
    ];
    for (action, _) in shipped_table().actions() {
        for subject in &things {
            for resource in &things {
                let on_service = column(action).takes == Takes::DelegatedAdministration;
                let applies = subject.kind == "Partner"
                    && (resource.kind == "Subscription" || (resource.kind == "Service" && on_service));
                let decision = asked(&Question::new(subject.clone(), action, resource.clone()), &facts(action));
                assert_eq!(decision.is_allowed(), applies, "{} {action} {}", subject.kind, resource.kind);
                assert_eq!(reason(&decision), (!applies).then_some("action_not_applicable"));
            }
        }
    }
}

#[test]
fn administering_the_service_of_the_parent_alone_gives_nothing_on_an_add_on() {
    let thing = Thing::Subscription {
        seller: Seller::Nobody,
        parent: Some(SubscriptionStatus::Active),
        status: SubscriptionStatus::Active,
    };
    for is_delegated_administrator in [true, false] {
        let case = Standing { thing, is_delegated_administrator, ..best() };
        let mut facts = case.facts();
        let elsewhere: standing::id::ServiceId = "the-customer/another-service".parse().expect("a service");
        let administrators = (!is_delegated_administrator).then(|| PARTNER.parse().expect("a partner"));
        facts.services.insert(elsewhere.clone(), administrators.into_iter().collect());
        let parent = facts.subscriptions.get_mut(&standing::standing::PARENT.parse().expect("a subscription"));
        parent.expect("the parent").service = elsewhere;
        for action in ["provision", "provideSupport"] {
            assert_eq!(asked(&case.question(action), &facts).is_allowed(), is_delegated_administrator, "{action}");
        }
    }
}

#[test]
fn a_sale_whose_commercial_relationship_is_missing_gives_no_right_and_no_duty() {
    for (action, _) in shipped_table().actions() {
        let case = best_for(action);
        let facts = Facts { relationships: Default::default(), ..case.facts() };
        let decision = asked(&case.question(action), &facts);
        assert_eq!(decision.is_allowed(), column(action).takes == Takes::DelegatedAdministration, "{action}");
        assert!(decision.duties().is_empty());
    }
}
