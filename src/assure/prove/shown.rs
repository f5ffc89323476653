//! The rows of a table as a condition, so that the solver looks for what they do not show.

use std::collections::BTreeSet;

use cedar_policy::{Policy, PolicyId, RequestEnv};

use crate::assure::choice::{Choice, folded};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::policy::SaleWords;
use crate::question::Kind;
use crate::standing::{Seller, Standing, Thing};

/// What the tables show to turn about one action, one way.
#[derive(Default)]
pub struct Shown {
    /// The rows.
    pub rows: Vec<Standing>,
    /// Are there others, which cannot be said as a condition?
    pub others: bool,
}

/// A rule that leaves nothing in these rows, as far as they are of an environment; nothing where none is. The parent of
/// an add-on is of the same service there, which is said where one of the rules that are asked can tell.
pub(super) fn forbidding<'p>(
    words: SaleWords,
    env: &RequestEnv,
    rows: &[Standing],
    mut rules: impl Iterator<Item = &'p Policy>,
) -> Result<Option<Policy>, String> {
    let resource = env.resource().to_string();
    if env.principal().to_string() != Kind::Partner.as_str() {
        return Ok(None);
    }
    let is_service = resource == Kind::Service.as_str();
    let here: Vec<[usize; 6]> = rows.iter().filter(|case| case.thing.kind().as_str() == resource).map(points).collect();
    if here.is_empty() {
        return Ok(None);
    }
    let tells_services = rules.any(sees_service_of_parent);
    let ways: Vec<String> = folded(here).iter().map(|choice| said(words, is_service, tells_services, choice)).collect();
    let text = format!("forbid (principal, action, resource) when {{ {} }};", ways.join(" || "));
    let forbid = Policy::parse(Some(PolicyId::new("(what the rows show)")), text);
    forbid.map(Some).map_err(|error| format!("what the rows show cannot be said: {error}"))
}

/// May a rule tell of which service a parent is? One can that reads both, whatever it makes of them.
fn sees_service_of_parent(rule: &Policy) -> bool {
    let reads = |text: &str, name: &str| text.contains(&format!("\"{name}\""));
    rule.to_json().is_ok_and(|json| {
        let conditions = json["conditions"].to_string();
        reads(&conditions, "parent") && reads(&conditions, "service")
    })
}

/// How a sale can be seen: is it the partner's that asks, and how does the seller's relationship stand? Where nobody sold,
/// it is the place after these.
fn sales() -> Vec<(bool, RelationshipState)> {
    let states = || RelationshipState::ALL.iter().copied();
    states().map(|state| (true, state)).chain(states().map(|state| (false, state))).collect()
}

/// Where a row stands at each thing that a rule can see: sale, status, parent, partner's status and kind, administration.
fn points(case: &Standing) -> [usize; 6] {
    let (sale, status, parent) = match case.thing {
        Thing::Service => (sales().len(), 0, 0),
        Thing::Subscription { seller, parent, status } => {
            let sale = match seller {
                Seller::ThisPartner => case.relationship.map(|state| (true, state)),
                Seller::AnotherPartner(state) => Some((false, state)),
                Seller::Nobody => None,
            };
            let sale = sale.and_then(|sale| sales().iter().position(|known| *known == sale));
            let parent = parent.map_or(0, |parent| 1 + place(SubscriptionStatus::ALL, parent));
            (sale.unwrap_or(sales().len()), place(SubscriptionStatus::ALL, status), parent)
        }
    };
    let partner = (place(PartnerStatus::ALL, case.partner_status), place(PartnerKind::ALL, case.partner_kind));
    [sale, status, parent, partner.0, partner.1, usize::from(case.is_delegated_administrator)]
}

fn place<T: PartialEq>(all: &[T], one: T) -> usize {
    all.iter().position(|known| *known == one).unwrap_or_default()
}

/// Some of the words that a thing can be, as a condition; nothing where it may be any.
fn among(at: &str, all: &[&str], chosen: &[usize]) -> Option<String> {
    let each: Vec<String> =
        chosen.iter().filter_map(|&place| all.get(place)).map(|word| format!("{at} == {word:?}")).collect();
    (each.len() < all.len()).then(|| format!("({})", each.join(" || ")))
}

/// Rows in Cedar's words; where rules can tell, with the service that a parent is of.
fn said(words: SaleWords, is_service: bool, tells_services: bool, choice: &Choice<usize, 6>) -> String {
    let [sale, status, parent, partner, kind, administers] = choice.each_ref().map(listed);
    let partners: Vec<&str> = PartnerStatus::ALL.iter().map(|status| status.as_str()).collect();
    let kinds: Vec<&str> = PartnerKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let statuses: Vec<&str> = SubscriptionStatus::ALL.iter().map(|status| status.as_str()).collect();
    let mut says = vec![among("principal.status", &partners, &partner), among("principal.kind", &kinds, &kind)];
    let service = if is_service { "resource" } else { "resource.service" };
    let contains = format!("{service}.delegatedAdministrators.contains(principal)");
    says.push(match administers.as_slice() {
        [0] => Some(format!("!{contains}")),
        [1] => Some(contains),
        _ => None,
    });
    if !is_service {
        let all = sales();
        let each = sale.iter().map(|&place| of_sale(words, all.get(place)));
        says.push((sale.len() <= all.len()).then(|| format!("({})", each.collect::<Vec<_>>().join(" || "))));
        says.push(among("resource.status", &statuses, &status));
        let above: Vec<usize> = parent.iter().filter_map(|place| place.checked_sub(1)).collect();
        let same = tells_services.then(|| "resource.parent.service == resource.service".to_owned());
        let of: Vec<String> =
            [among("resource.parent.status", &statuses, &above), same].into_iter().flatten().collect();
        let of = (!of.is_empty()).then(|| of.join(" && "));
        says.push(match (parent.contains(&0), above.is_empty(), of) {
            (true, true, _) => Some("!(resource has parent)".to_owned()),
            (true, false, of) => of.map(|of| format!("(if resource has parent then ({of}) else true)")),
            (false, _, Some(of)) => Some(format!("(resource has parent && {of})")),
            (false, _, None) => Some("resource has parent".to_owned()),
        });
    }
    let says: Vec<String> = says.into_iter().flatten().collect();
    if says.is_empty() { "true".to_owned() } else { format!("({})", says.join(" && ")) }
}

fn listed(places: &BTreeSet<usize>) -> Vec<usize> {
    places.iter().copied().collect()
}

fn of_sale(words: SaleWords, sale: Option<&(bool, RelationshipState)>) -> String {
    let sold = words.sold("resource");
    let Some((is_own, state)) = sale else { return format!("!({sold})") };
    let is = if *is_own { "==" } else { "!=" };
    let (reseller, state) = (words.reseller("resource"), state.as_str());
    format!("({sold} && {reseller} {is} principal && {} == {state:?})", words.relationship("resource"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_reads_parent_and_service_may_tell_of_which_service_a_parent_is() {
        let tells = |when: &str| {
            let text = format!("permit (principal, action, resource) when {{ {when} }};");
            Policy::parse(None, text).ok().map(|rule| sees_service_of_parent(&rule))
        };
        let above = "resource has parent && resource.parent.service.delegatedAdministrators.contains(principal)";
        assert_eq!(tells(above), Some(true));
        assert_eq!(tells("resource has parent && resource.parent.status == \"active\""), Some(false));
        assert_eq!(tells("resource.service.delegatedAdministrators.contains(principal)"), Some(false));
    }

    #[test]
    fn rows_say_of_which_service_a_parent_is_where_rules_tell() {
        let any = |count: usize| (0..count).collect::<BTreeSet<usize>>();
        let rows = |parents: BTreeSet<usize>| -> Choice<usize, 6> {
            [
                any(sales().len() + 1),
                any(SubscriptionStatus::ALL.len()),
                parents,
                any(PartnerStatus::ALL.len()),
                any(PartnerKind::ALL.len()),
                any(2),
            ]
        };
        let all = any(1 + SubscriptionStatus::ALL.len());
        let same = "resource.parent.service == resource.service";
        let said =
            |tells: bool, parents: &BTreeSet<usize>| said(SaleWords::Together, false, tells, &rows(parents.clone()));
        assert_eq!(said(false, &all), "true");
        assert_eq!(said(true, &all), format!("((if resource has parent then ({same}) else true))"));
        let above = all.iter().copied().filter(|place| *place > 0).collect();
        assert_eq!(said(true, &above), format!("((resource has parent && {same}))"));
        assert_eq!(said(true, &BTreeSet::from([0])), "(!(resource has parent))");
    }
}
