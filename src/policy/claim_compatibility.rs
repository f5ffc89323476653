//! A set of rules beside that in force: whether its schema bears the claims, as the same words say something else where
//! an action has moved between groups or applies to other types than it did, and which words of facts it leaves out.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{
    EntityUid, PolicyId, PolicySet, PrincipalConstraint, ResourceConstraint, ValidationMode, Validator,
};

use super::bundle::Bundle;
use super::declared::finding_at;
use super::digest::Digest;
use super::finding::Finding;
use super::mention::Mention;
use super::retired::retirements;
use super::rule::{Claim, Rule, RuleId};
use super::source::RuleFiles;
use super::vocabulary::ActionShape;
use super::words::MissingWord;

impl Bundle {
    /// The promises of `other`, each with its wording, that the set of this program takes away by lines of its own that
    /// `other` has not; nothing for any other set.
    ///
    /// A next version has calls that what was promised did not know, and cannot be put in force in two steps, as a
    /// reviewer's set is.
    fn taken_away_as_shipped(&self, other: &Self) -> BTreeSet<(String, String)> {
        if *self.digest() != Digest::of(&RuleFiles::built_in()) {
            return BTreeSet::new();
        }
        let spent = retirements(other.files());
        let lines = retirements(self.files()).into_iter().filter(|line| !spent.contains(line));
        lines.filter_map(|line| Some((line.promise, line.said?))).collect()
    }

    /// The same set, with those claims of `other` that it lacks or has otherwise; they decide nothing, but are held
    /// against it under the name `in force: ...`. Besides, what cannot be held against it: a claim that its schema
    /// does not bear.
    #[must_use]
    pub fn held_to_claims_of(&self, other: &Self) -> (Self, Vec<Finding>) {
        let (mut held, mut findings) = (self.clone(), Vec::new());
        let validator = Validator::new(self.schema().clone());
        let taken_away = self.taken_away_as_shipped(other);
        for (rule, claim) in other.claims() {
            findings.extend(weakened(self, other, rule));
            if self.makes(rule) || taken_away.contains(&(rule.id.to_string(), rule.wording())) {
                continue;
            }
            let id = rule.id.in_force();
            let said = self.sale_words().restated(&rule.policy).unwrap_or_else(|| rule.policy.clone());
            let policy = said.new_id(PolicyId::new(id.as_str()));
            let bears = PolicySet::from_policies([policy.clone()])
                .is_ok_and(|set| validator.validate(&set, ValidationMode::Strict).validation_passed());
            if !bears {
                let message = format!("the claim `{}` in force cannot be said in this schema", rule.id);
                let hint = "keep the words it uses, or retire the claim first";
                findings.push(Finding::of_rule(rule, message, hint).of_in_force());
                continue;
            }
            for (action, deciding) in &mut held.by_action {
                if self.covers(&policy.action_constraint(), action) {
                    let reads = Mention::of(&policy).is_none_or(|mention| mention.reads_context());
                    deciding.claims_read_context |= reads && self.vocabulary().lets_say(action);
                    // Its name is taken by no other claim, so it can be added.
                    let _ = deciding.claims.add(policy.clone());
                }
            }
            held.rules.insert(id.clone(), Rule { id, claim: Some(claim), policy, ..rule.clone() });
        }
        findings.extend(unclaimed(&held, other));
        (held, findings)
    }

    /// The floors of `other` that promise what nobody can ask over the schema of this set, each with what that is.
    #[must_use]
    pub fn unasked_of(&self, other: &Self) -> BTreeMap<RuleId, Vec<Finding>> {
        let floors = other.claims().filter(|(_, claim)| *claim == Claim::Whenever);
        let unasked = floors.map(|(rule, _)| (rule.id.clone(), unasked(self, other, rule)));
        unasked.filter(|(_, findings)| !findings.is_empty()).collect()
    }

    /// Findings about the words of facts that the schema of this set leaves out: a refusal where the rules in force
    /// have the word, so that no promise about it goes out of sight, else advice.
    #[must_use]
    pub fn missing_words_against(&self, in_force: Option<&Self>) -> Vec<Finding> {
        let finding = |missing: &MissingWord| {
            let is_known = in_force.is_some_and(|in_force| !in_force.missing_words().contains(missing));
            let hint = if is_known {
                "keep the words of the rules in force"
            } else {
                "add it there; until then whatever is asked of such a fact is refused with `invalid_fact`"
            };
            let name = missing.attribute.rsplit('.').next();
            let finding = finding_at(self.files(), missing.kind.as_str(), name, missing.to_string(), hint);
            if is_known { finding } else { finding.advising() }
        };
        self.missing_words().iter().map(finding).collect()
    }
}

/// Where a claim of `old` would say less over the schema of `new`, or something else.
fn weakened(new: &Bundle, old: &Bundle, rule: &Rule) -> Vec<Finding> {
    let scope = rule.policy.action_constraint();
    let groups = groups_in_conditions(rule);
    let mut findings = Vec::new();
    let mut say = |message: String, hint: &str| {
        let hint = format!("{hint}, or retire the claim first");
        findings.push(Finding::of_rule(rule, message, hint).of_in_force());
    };
    for action in old.actions().filter(|action| old.covers(&scope, action)) {
        if !new.covers(&scope, action) {
            let message = format!("the claim `{}` in force does not cover `{action}` in this schema", rule.id);
            say(message, "leave the action in its groups");
            continue;
        }
        for group in groups.iter().filter(|group| new.is_in(action, group) != old.is_in(action, group)) {
            let word = if new.is_in(action, group) { "joins" } else { "leaves" };
            let message =
                format!("the claim `{}` in force speaks of `{group}`, which `{action}` {word} in this schema", rule.id);
            say(message, "leave the action in its groups");
        }
    }
    findings
}

/// What a floor of `old` promises that nobody can ask over the schema of `new`: there it promises nothing.
fn unasked(new: &Bundle, old: &Bundle, rule: &Rule) -> Vec<Finding> {
    let scope = rule.policy.action_constraint();
    let mut findings = Vec::new();
    for action in old.actions().filter(|action| old.covers(&scope, action)) {
        let lost = environments(old, action).into_iter().filter(|kinds| !environments(new, action).contains(kinds));
        for (principal, resource) in lost.filter(|kinds| covers(rule, kinds)) {
            let message = format!(
                "the claim `{}` in force promises `{action}` to `{principal}` on `{resource}`, to which it does not apply in this schema",
                rule.id
            );
            let hint = "leave the types of the action as they are, or retire the claim";
            findings.push(Finding::of_rule(rule, message, hint).of_in_force().advising());
        }
    }
    findings
}

/// Where an action about which something was claimed applies to types of which nothing is.
fn unclaimed(new: &Bundle, old: &Bundle) -> Vec<Finding> {
    let ceilings = |bundle: &Bundle, action: &EntityUid| -> Vec<Rule> {
        let claims = bundle.claims().filter(|(_, claim)| *claim == Claim::OnlyWhen);
        let covering = claims.filter(|(rule, _)| bundle.covers(&rule.policy.action_constraint(), action));
        covering.map(|(rule, _)| rule.clone()).collect()
    };
    let mut findings = Vec::new();
    for action in old.actions().filter(|action| !ceilings(old, action).is_empty()) {
        let (before, claimed) = (environments(old, action), ceilings(new, action));
        for kinds in environments(new, action).into_iter().filter(|kinds| !before.contains(kinds)) {
            if !claimed.iter().any(|rule| covers(rule, &kinds)) {
                let (principal, resource) = kinds;
                let message = format!(
                    "`{action}` applies to `{principal}` on `{resource}` in this schema, and no claim says when that is allowed at most"
                );
                let hint = "leave the types of the action as they are, or write a claim `only-when` that covers them";
                findings.push(Finding::whole("schemas", message, hint));
            }
        }
    }
    findings
}

/// The groups of actions, and actions, that the conditions of a rule name.
fn groups_in_conditions(rule: &Rule) -> BTreeSet<EntityUid> {
    let mention = Mention::of_conditions(&rule.policy).unwrap_or_default();
    let actions = mention.named().filter(|(kind, _)| *kind == "Action" || kind.ends_with("::Action"));
    let named = actions.filter_map(|(kind, id)| {
        Some(EntityUid::from_type_name_and_id(kind.parse().ok()?, cedar_policy::EntityId::new(id)))
    });
    named.collect()
}

/// The types of principals and resources that an action applies to.
fn environments(bundle: &Bundle, action: &EntityUid) -> BTreeSet<(String, String)> {
    let shape = bundle.vocabulary().action(&action.type_name().namespace(), action.id().unescaped());
    let pairs = |shape: &ActionShape| {
        let resources = |principal: &String| {
            let principal = principal.clone();
            shape.resources.iter().map(move |resource| (principal.clone(), resource.clone())).collect::<Vec<_>>()
        };
        shape.principals.iter().flat_map(resources).collect()
    };
    shape.map(pairs).unwrap_or_default()
}

/// Does the scope of a claim cover these types?
fn covers(rule: &Rule, (principal, resource): &(String, String)) -> bool {
    let of_principal = match rule.policy.principal_constraint() {
        PrincipalConstraint::Is(named) => named.to_string() == *principal,
        _ => true,
    };
    let of_resource = match rule.policy.resource_constraint() {
        ResourceConstraint::Is(named) => named.to_string() == *resource,
        _ => true,
    };
    of_principal && of_resource
}
