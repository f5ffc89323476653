//! What somebody whom an issuer knows may act as, by the rules of the settings and what the issuer claims.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use serde_json::{Map, Value};

use crate::caller::Caller;
use crate::config::acts_as::{ActingRole, ActsAs, ForAllowed, When};
use crate::facts::Role;

/// The claims of somebody, as their issuer makes them.
pub type Claims = Map<String, Value>;

/// Everything that somebody may act as. `id` names them where they act for nobody else.
#[must_use]
pub fn callers(rules: &[ActsAs], claims: &Claims, id: &str) -> BTreeSet<Caller> {
    rules.iter().filter(|rule| is_claimed(&rule.when, claims)).filter_map(|rule| caller(rule, claims, id)).collect()
}

/// A claim has something if it is that text, or a list with that text in it; in no other way.
fn is_claimed(When { claim, has }: &When, claims: &Claims) -> bool {
    match claims.get(claim) {
        Some(Value::String(text)) => text == has,
        Some(Value::Array(texts)) => texts.iter().any(|text| text.as_str() == Some(has)),
        _ => false,
    }
}

fn caller(rule: &ActsAs, claims: &Claims, id: &str) -> Option<Caller> {
    let claimed = || {
        let named = claims.get(rule.for_claim.as_deref()?)?.as_str()?;
        let is_allowed = match rule.for_allowed.as_ref()? {
            ForAllowed::Any => true,
            ForAllowed::Listed(ids) => ids.iter().any(|id| id == named),
        };
        is_allowed.then_some(named)
    };
    acting(rule.role, rule.speaks_for.as_deref().or_else(claimed), id)
}

/// The caller that acts as a role, for a partner or customer where the role speaks for one.
pub(super) fn acting(role: ActingRole, speaks_for: Option<&str>, id: &str) -> Option<Caller> {
    match (role, speaks_for) {
        (ActingRole::Partner, Some(partner)) => partner.parse().ok().map(|id| Caller::Partner { id }),
        (ActingRole::Customer, Some(customer)) => customer.parse().ok().map(|id| Caller::Customer { id }),
        (ActingRole::Partner | ActingRole::Customer, None) | (_, Some(_)) => None,
        (role, None) => Role::from_str(role.as_str()).ok().map(|role| Caller::Operator { id: id.to_owned(), role }),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn may(rules: &str, claims: &str) -> Vec<String> {
        #[derive(serde::Deserialize)]
        struct Written {
            acts_as: Vec<ActsAs>,
        }
        let Written { acts_as } = toml::from_str(rules).unwrap();
        callers(&acts_as, &serde_json::from_str(claims).unwrap(), "ada").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn somebody_may_act_as_what_a_rule_says_whose_claim_they_have() {
        let admins = r#"acts_as = [
            { role = "customer", for = "adatum", when = { claim = "groups", has = "admins" } },
            { role = "reviewer", when = { claim = "groups", has = "reviewers" } },
        ]"#;
        let of_many = r#"acts_as = [
            { role = "partner", for_claim = "tid", for_allowed = ["contoso", "fabrikam"], when = { claim = "role", has = "seller" } },
        ]"#;
        let of_any = r#"acts_as = [{ role = "partner", for_claim = "tid", for_allowed = "any", when = { claim = "role", has = "seller" } }]"#;
        for (rules, claims, expected) in [
            (admins, r#"{"groups": ["staff", "admins"]}"#, &["customer:adatum"][..]),
            (admins, r#"{"groups": "admins"}"#, &["customer:adatum"]),
            (admins, r#"{"groups": ["admins", "reviewers"]}"#, &["reviewer:ada", "customer:adatum"]),
            (admins, r#"{"groups": "staff admins"}"#, &[]),
            (admins, r#"{"groups": "Admins"}"#, &[]),
            (admins, r#"{"groups": {"admins": true}}"#, &[]),
            (admins, r#"{"groups": [["admins"]]}"#, &[]),
            (admins, "{}", &[]),
            (of_many, r#"{"role": "seller", "tid": "contoso"}"#, &["partner:contoso"]),
            (of_many, r#"{"role": "seller", "tid": "northwind"}"#, &[]),
            (of_many, r#"{"role": "seller", "tid": ["contoso"]}"#, &[]),
            (of_many, r#"{"role": "seller"}"#, &[]),
            (of_any, r#"{"role": "seller", "tid": "northwind"}"#, &["partner:northwind"]),
            (of_any, r#"{"role": "seller", "tid": "not an id"}"#, &[]),
            (of_any, r#"{"role": "buyer", "tid": "northwind"}"#, &[]),
        ] {
            assert_eq!(may(rules, claims), expected, "{claims}");
        }
    }
}
