//! The table of every answer: as it is committed, and complete.

use std::collections::{BTreeMap, BTreeSet};

use standing::assure::calls::CallTable;
use standing::assure::coverage::{EXEMPTIONS, Exemption, Gap, gaps};
use standing::assure::table::{Cell, Table};
use standing::domain::commercial::RelationshipState;
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::domain::subscription::SubscriptionStatus;
use standing::facts::Role;
use standing::policy::{RecordShape, Shape};
use standing::standing::Standing;

use crate::shipped::{candidate, shipped, shipped_files, shipped_table};

#[test]
fn every_answer_is_as_it_was_reviewed() {
    for (action, _) in shipped_table().actions() {
        let page = shipped_table().page(action).expect("an action of the table has a page");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("every_answer_to_{action}"), page);
        });
    }
}

#[test]
fn the_printed_table_is_its_pages_one_after_another() {
    let pages: Vec<String> = shipped_table().actions().filter_map(|(action, _)| shipped_table().page(action)).collect();
    assert_eq!(shipped_table().to_string(), pages.join("\n\n"));
    assert_eq!(Table::of(shipped()).to_string(), shipped_table().to_string());
}

#[test]
fn the_table_for_machines_holds_every_answer_once() {
    let json = serde_json::to_value(shipped_table()).expect("a table can be written as JSON");
    assert_eq!(json["rules"], shipped().digest().as_str());
    let lines = json["answers"].as_array().expect("the answers are an array");
    let kinds = |line: &serde_json::Value| line["partnerKinds"].as_array().map_or(0, Vec::len);
    assert_eq!(lines.iter().map(kinds).sum::<usize>(), shipped_table().cells().count());
    let addresses: BTreeSet<String> = lines
        .iter()
        .map(|line| {
            let mut address = line.clone();
            let members = address.as_object_mut().expect("a line is an object");
            for answer in ["decision", "reason", "rules", "duties"] {
                members.remove(answer);
            }
            address.to_string()
        })
        .collect();
    assert_eq!(addresses.len(), lines.len());
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        let lines = lines.iter().filter(|line| line["action"] == "provision" && line["resource"] == "Service");
        let text = serde_json::to_string_pretty(&lines.collect::<Vec<_>>()).expect("lines can be written as JSON");
        insta::assert_snapshot!("every_answer_to_provision_on_a_service_for_machines", text);
    });
}

#[test]
fn an_answer_that_depends_on_the_kind_of_partner_or_the_seller_is_never_hidden() {
    let files = [(
        "policies/never/advised-migration.cedar",
        r#"// Who may not migrate?
@id("never/advised-migration")
@title("An advisor may not migrate what was sold")
@source("ours")
@reason("advised")
forbid (principal is Partner, action == Action::"migrate", resource is Subscription)
when { principal.kind == "advisor" && resource has sale };
"#,
    )];
    let page = Table::of(&candidate(&files)).page("migrate").expect("migrate is an action");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("every_answer_to_migrate_when_advisors_may_not_migrate_what_was_sold", page);
    });
}

#[test]
fn every_action_rule_and_reason_appears_in_a_row_or_is_exempt_for_a_cause_that_holds() {
    assert_eq!(gaps(shipped(), shipped_table(), &CallTable::of(shipped()), EXEMPTIONS), []);
}

#[test]
fn an_action_a_rule_and_a_reason_that_appear_in_no_row_are_found() {
    let schema = shipped_files().get("schemas/standing.cedarschema").expect("the schema").to_owned()
        + "action rename appliesTo { principal: Partner, resource: Customer };";
    let forbid = r#"// Who may not rename?
@id("never/rename")
@title("Nobody may rename")
@source("ours")
@reason("renaming")
forbid (principal, action == Action::"rename", resource);
"#;
    let bundle = candidate(&[("schemas/standing.cedarschema", &schema), ("policies/never/rename.cedar", forbid)]);
    assert_eq!(
        gaps(&bundle, &Table::of(&bundle), &CallTable::of(&bundle), EXEMPTIONS),
        [Gap::Action("rename".into()), Gap::Rule("never/rename".into()), Gap::Reason("renaming".into())]
    );
}

#[test]
fn an_exemption_that_is_none_any_more_is_found() {
    let mut exemptions = EXEMPTIONS.to_vec();
    exemptions.push(Exemption { name: "may/provision", why: "a row shows it" });
    exemptions.push(Exemption { name: "may/fly", why: "there is no such rule" });
    assert_eq!(
        gaps(shipped(), shipped_table(), &CallTable::of(shipped()), &exemptions),
        [Gap::StaleExemption("may/fly".into()), Gap::StaleExemption("may/provision".into())]
    );
}

#[test]
fn a_new_action_gets_its_rows_and_reasons_from_a_schema_line_and_a_rule_alone() {
    let schema = shipped_files().get("schemas/standing.cedarschema").expect("the schema").to_owned()
        + "action renew in [changeOfSubscription] appliesTo { principal: Partner, resource: Subscription };";
    let rule = shipped_files().get("policies/may/migrate.cedar").expect("a rule").replace("migrate", "renew");
    let bundle = candidate(&[("schemas/standing.cedarschema", &schema), ("policies/may/renew.cedar", &rule)]);
    let table = Table::of(&bundle);
    let of = |action: &str| -> BTreeMap<Standing, (bool, String)> {
        let cells = table.action(action).expect("an action").cells();
        let reason = |cell: &Cell| cell.reason.as_ref().map(ToString::to_string);
        cells.map(|(case, cell)| (*case, (cell.allowed, reason(cell).unwrap_or_default()))).collect()
    };
    assert_eq!(of("renew"), of("migrate"));
}

#[test]
fn the_table_is_made_of_every_word_of_the_domain() {
    let relationships = RelationshipState::ALL.len();
    // Sold by this partner, which has a relationship; by another in each state of its own, or by nobody, with none.
    let standings = (relationships + (relationships + 1) * (relationships + 1)) * 2;
    let statuses = SubscriptionStatus::ALL.len() * (SubscriptionStatus::ALL.len() + 1);
    let partners = PartnerKind::ALL.len() * PartnerStatus::ALL.len();
    let services = partners * (relationships + 1) * 2;
    let cases: BTreeSet<Standing> = Standing::all().collect();
    assert_eq!(Standing::all().count(), cases.len());
    assert_eq!(cases.len(), partners * standings * statuses + services);
    assert!(cases.iter().is_sorted());
}

#[test]
fn every_closed_attribute_of_the_schema_holds_exactly_the_words_of_the_domain() {
    fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> BTreeSet<String> {
        all.iter().map(|&one| word(one).to_owned()).collect()
    }
    let domain = BTreeMap::from([
        ("Partner.kind", words(PartnerKind::ALL, PartnerKind::as_str)),
        ("Partner.status", words(PartnerStatus::ALL, PartnerStatus::as_str)),
        ("Subscription.status", words(SubscriptionStatus::ALL, SubscriptionStatus::as_str)),
        ("Subscription.sale.relationship", words(RelationshipState::ALL, RelationshipState::as_str)),
        ("Operator.role", words(Role::ALL, Role::as_str)),
    ]);
    fn closed(kind: &str, attributes: &RecordShape, schema: &mut BTreeMap<String, BTreeSet<String>>) {
        for (name, attribute) in attributes {
            let place = format!("{kind}.{name}");
            if let Some(values) = &attribute.values {
                schema.insert(place.clone(), values.clone());
            }
            if let Shape::Record(members) = &attribute.shape {
                closed(&place, members, schema);
            }
        }
    }
    let mut schema = BTreeMap::new();
    for (kind, attributes) in shipped().vocabulary().entities() {
        closed(kind, attributes, &mut schema);
    }
    assert_eq!(schema, domain.into_iter().map(|(name, words)| (name.to_owned(), words)).collect());
}
