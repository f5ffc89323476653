//! What the store can hold, as a condition a proof may assume; and names that make a counterexample readable.
//!
//! A schema says more than the store can hold: any text may be a status there. Here stands what holds of all facts by
//! construction: the closed words of the schema, and how a subscription, its service, its seller and its parent hang
//! together. A test holds it against the facts of every row.

use crate::policy::{RecordShape, SaleWords, Shape, Vocabulary};
use crate::question::Kind;

/// How far attributes are followed from entity to entity.
const DEPTH_MAX: usize = 1;

/// A subscription, that stands at `{}`, is of the customer of its service.
const SAME_CUSTOMER: &str = "{}.customer == {}.service.customer";

/// A commercial relationship is told of exactly where somebody sold, where a schema says the two apart.
const SOLD: &str =
    "(if {} has originalReseller then {} has commercialRelationship else !({} has commercialRelationship))";

/// What hangs together about an add-on: its parent is none, of the same customer, and its seller is the parent's.
const ADD_ON: &str = "(if resource has parent then \
    resource.parent != resource && !(resource.parent has parent) && \
    resource.parent.customer == resource.customer && \
    (if resource.parent has sale then resource has sale && resource.sale == resource.parent.sale \
    else !(resource has sale)) \
  else true)";

/// The same where a schema says a sale apart.
const ADD_ON_APART: &str = "(if resource has parent then \
    resource.parent != resource && !(resource.parent has parent) && \
    resource.parent.customer == resource.customer && \
    (if resource.parent has originalReseller then \
      resource has originalReseller && resource.originalReseller == resource.parent.originalReseller && \
      resource has commercialRelationship && resource.parent has commercialRelationship && \
      resource.commercialRelationship == resource.parent.commercialRelationship \
    else !(resource has originalReseller)) \
  else true)";

/// The condition under which the store can hold what a principal and a resource of these types are, as far as `text`
/// speaks of it: an assumption that is left out makes a proof stronger, and the solver faster.
pub(super) fn possible(vocabulary: &Vocabulary, principal: &str, resource: &str, text: &str) -> String {
    let mut conditions = vec!["true".to_owned()];
    let words = Words { vocabulary, text };
    words.at("principal", principal, 0, &mut conditions);
    words.at("resource", resource, 0, &mut conditions);
    if resource == Kind::Subscription.as_str() {
        let has_parent = text.contains("parent");
        let mut hangs_together = |says: &str| {
            conditions.push(says.replace("{}", "resource"));
            if has_parent {
                conditions
                    .push(format!("(if resource has parent then {} else true)", says.replace("{}", "resource.parent")));
            }
        };
        if text.contains("customer") {
            hangs_together(SAME_CUSTOMER);
        }
        let is_apart = SaleWords::of(vocabulary) == SaleWords::Apart;
        if is_apart && (text.contains("originalReseller") || text.contains("commercialRelationship")) {
            hangs_together(SOLD);
        }
        if has_parent {
            conditions.push(if is_apart { ADD_ON_APART } else { ADD_ON }.to_owned());
        }
    }
    conditions.join(" && ")
}

/// The closed words of a schema, as far as a text speaks of them.
struct Words<'a> {
    vocabulary: &'a Vocabulary,
    text: &'a str,
}

impl Words<'_> {
    /// Each closed word holds one of its values, wherever it can be reached from `path`.
    fn at(&self, path: &str, kind: &str, depth: usize, conditions: &mut Vec<String>) {
        if let Some(attributes) = self.vocabulary.entity(kind) {
            self.of(path, attributes, depth, conditions);
        }
    }

    fn of(&self, path: &str, attributes: &RecordShape, depth: usize, conditions: &mut Vec<String>) {
        for (name, attribute) in attributes.iter().filter(|(name, _)| self.text.contains(name.as_str())) {
            let at = format!("{path}[{name:?}]");
            let mut inner = Vec::new();
            match (&attribute.shape, &attribute.values) {
                (Shape::String, Some(values)) => {
                    let values: Vec<String> = values.iter().map(|value| format!("{at} == {value:?}")).collect();
                    inner.push(format!("({})", values.join(" || ")));
                }
                (Shape::Record(members), _) => self.of(&at, members, depth, &mut inner),
                // What is known of another partner than the one that asks, no rule may read.
                (Shape::Entity(of), _) if depth < DEPTH_MAX && of != Kind::Partner.as_str() => {
                    self.at(&at, of, depth + 1, &mut inner);
                }
                _ => {}
            }
            if !inner.is_empty() {
                let inner = inner.join(" && ");
                conditions.push(if attribute.required {
                    inner
                } else {
                    format!("(if {path} has {name:?} then {inner} else true)")
                });
            }
        }
    }
}

const NO_PARENT: &str = "!(resource has parent)";

/// Who takes part in a counterexample.
struct Cast {
    partner: &'static str,
    customer: &'static str,
    operator: &'static str,
}

/// A condition that names everybody readably.
pub(super) struct Naming {
    /// The condition.
    pub(super) condition: String,
    /// Does it say that nothing has a parent?
    pub(super) has_no_parent: bool,
}

/// Conditions that name everybody readably, the most telling first; each may be unsatisfiable, and then the next is
/// tried.
pub(super) fn names(words: SaleWords, principal: &str, resource: &str, is_ceiling: bool) -> Vec<Naming> {
    let cast = if is_ceiling {
        Cast { partner: "P-attacker", customer: "C-attacker", operator: "O-attacker" }
    } else {
        Cast { partner: "P-demo", customer: "C-demo", operator: "O-demo" }
    };
    let who = match Kind::named(principal) {
        Some(Kind::Partner) => format!("principal == Partner::{:?}", cast.partner),
        Some(Kind::Customer) => format!("principal == Customer::{:?}", cast.customer),
        Some(Kind::Operator) => format!("principal == Operator::{:?}", cast.operator),
        _ => return Vec::new(),
    };
    let partners = format!("[Partner::{:?}, Partner::\"P-original\"]", cast.partner);
    let service = |at: &str, id: &str| {
        format!(
            "{at} == Service::\"{id}\" && {at}.customer == Customer::\"C-demo\" && \
             {partners}.containsAll({at}.delegatedAdministrators)"
        )
    };
    let subscription = |at: &str, id: &str| {
        format!(
            "{at} == Subscription::\"{id}\" && {at}.customer == Customer::\"C-demo\" && {} && \
             (if {} then {partners}.contains({}) else true)",
            service(&format!("{at}.service"), "C-demo/office365"),
            words.sold(at),
            words.reseller(at),
        )
    };
    let others: Vec<String> = match Kind::named(resource) {
        Some(Kind::Partner) => {
            vec!["resource == Partner::\"P-demo\"".into(), "resource == Partner::\"P-original\"".into()]
        }
        Some(Kind::Customer) => vec!["resource == Customer::\"C-demo\"".into()],
        Some(Kind::Service) => vec![service("resource", "C-demo/office365")],
        Some(Kind::Subscription) => {
            let alone = format!("{NO_PARENT} && {}", subscription("resource", "S-demo"));
            let above = subscription("resource.parent", "S-parent");
            let added = subscription("resource", "S-add-on");
            vec![alone, format!("(if resource has parent then {above} else true) && {added}")]
        }
        _ => vec!["resource == Api::Installation::\"standing\"".into()],
    };
    let naming = |other: &String| Naming {
        condition: format!("{who} && {other}"),
        has_no_parent: other.starts_with(NO_PARENT) || resource != Kind::Subscription.as_str(),
    };
    let mut named: Vec<Naming> = others.iter().map(naming).collect();
    if principal == resource {
        // What one may do to oneself.
        named.push(naming(&"resource == principal".to_owned()));
    }
    // Where a rule names one of them, the other is named alone; nothing that is stored has an empty name.
    named.push(naming(&format!("resource != {resource}::\"\"")));
    for other in &others {
        let has_no_parent = other.starts_with(NO_PARENT) || resource != Kind::Subscription.as_str();
        named.push(Naming { condition: format!("principal != {principal}::\"\" && {other}"), has_no_parent });
    }
    named
}
