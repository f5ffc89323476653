//! Each rule has a place, a name, a title and a source, and a forbid the reason a caller sees.

use std::collections::BTreeMap;
use std::str::FromStr;

use cedar_policy::{Effect, Policy, PolicyId, PolicySet, PrincipalConstraint, ResourceConstraint};

use super::depth::too_deep;
use super::finding::Finding;
use super::quotes::look_alikes;
use super::rule::{Claim, Place, Rule, RuleId, Rulebook};
use super::source::RuleFiles;

/// Reads the rules of a set and names each.
pub(super) fn load_rules(files: &RuleFiles, book: Rulebook, findings: &mut Vec<Finding>) -> BTreeMap<RuleId, Rule> {
    let mut rules = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".cedar")) {
        let Some(place) = Place::of(path, book) else {
            findings.push(Finding::whole(
                path,
                "a rule here decides nothing",
                "move it to `policies/may/`, `policies/never/` or `policies/always/`",
            ));
            continue;
        };
        if let Some((at, message)) = too_deep(text) {
            findings.push(Finding::at(path, text, at, message, Some("make several rules of it".to_owned())));
            continue;
        }
        let set = match PolicySet::from_str(text) {
            Ok(set) => set,
            Err(error) => {
                findings.extend(look_alikes(path, text));
                findings.extend(Finding::of_diagnostic(path, text, &error));
                continue;
            }
        };
        if set.templates().next().is_some() {
            findings.push(Finding::whole(
                path,
                "a template decides nothing until it is linked",
                "write the rule out, without `?principal` and `?resource`",
            ));
        }
        let count = set.policies().count();
        if place != Place::World && count != 1 {
            findings.push(Finding::whole(
                path,
                format!("the file holds {count} rules"),
                "put exactly one rule in each file",
            ));
        }
        for policy in set.policies() {
            let Some(rule) = named(path, text, place, policy, findings) else { continue };
            if let Some(other) = rules.insert(rule.id.clone(), rule.clone()) {
                let message = format!("`@id(\"{}\")` is taken by `{}`", rule.id, other.path);
                findings.push(Finding::whole(path, message, "give each rule an id of its own"));
            }
        }
    }
    rules
}

/// Why the text of a file of rules cannot be read, each with its line and column; whatever else is wrong with it is seen
/// with the whole set alone.
#[must_use]
pub fn unreadable(path: &str, text: &str) -> Vec<Finding> {
    if !path.ends_with(".cedar") {
        return Vec::new();
    }
    if let Some((at, message)) = too_deep(text) {
        return vec![Finding::at(path, text, at, message, Some("make several rules of it".to_owned()))];
    }
    let Err(error) = PolicySet::from_str(text) else { return Vec::new() };
    let mut findings = look_alikes(path, text);
    findings.extend(Finding::of_diagnostic(path, text, &error));
    findings
}

/// Where the first line stands that is neither empty nor a comment.
fn starts(text: &str) -> usize {
    let is_rule = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let before = text.split_inclusive('\n').take_while(|line| !is_rule(line)).map(str::len).sum::<usize>();
    if before < text.len() { before } else { 0 }
}

/// The line of the first `permit` or `forbid` that begins a line, from 1; the rule's own, as its file holds one.
fn effect_line(text: &str, start: usize) -> usize {
    let begins = |line: &str| ["permit", "forbid"].iter().any(|effect| line.trim_start().starts_with(effect));
    let before = text.get(..start).unwrap_or_default().matches('\n').count();
    text.lines().skip(before).position(begins).unwrap_or(0) + before + 1
}

/// Names a policy by its `@id` and checks its annotations.
fn named(path: &str, text: &str, place: Place, policy: &Policy, findings: &mut Vec<Finding>) -> Option<Rule> {
    let found = findings.len();
    let start = starts(text);
    let mut say = |message: String, hint: String| findings.push(Finding::at(path, text, start, message, Some(hint)));
    let annotations: BTreeMap<&str, &str> = policy.annotations().collect();
    let given = |key: &str| annotations.get(key).copied().filter(|value| !value.trim().is_empty());
    let expected = path.strip_prefix("policies/").unwrap_or(path).trim_end_matches(".cedar");
    match given("id") {
        None => say("`@id` is missing".to_owned(), format!("write `@id(\"{expected}\")` above the rule")),
        Some(id) if place != Place::World && id != expected => {
            say(format!("`@id(\"{id}\")` is not the path of the file"), format!("write `@id(\"{expected}\")`"));
        }
        Some(_) => {}
    }
    if place != Place::World {
        for (key, what) in [("title", "what the rule says, in one sentence"), ("source", "the clause it comes from")] {
            if given(key).is_none() {
                say(format!("`@{key}` is missing"), format!("write `@{key}(\"...\")`: {what}"));
            }
        }
    }
    let (folder, right) = match place {
        Place::May => ("may/", policy.effect() == Effect::Permit),
        Place::Never => ("never/", policy.effect() == Effect::Forbid),
        Place::Always => ("always/", policy.effect() == Effect::Permit),
        Place::World => ("", true),
    };
    if !right {
        let effect = if policy.effect() == Effect::Permit { "permit" } else { "forbid" };
        let other = if folder == "never/" { "policies/may/" } else { "policies/never/" };
        say(
            format!("a {effect} does not belong in `{folder}`"),
            format!("move the rule to `{other}`, or turn it round"),
        );
    }
    let reason = given("reason");
    if place == Place::Never {
        let code = |reason: &str| reason.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        match reason {
            None => say(
                "`@reason` is missing".to_owned(),
                "write `@reason(\"...\")`: the code a caller sees, for example `partner_suspended`".to_owned(),
            ),
            Some(reason) if !code(reason) => say(
                format!("`@reason(\"{reason}\")` is not a code"),
                "write lower-case letters, digits and `_`".to_owned(),
            ),
            Some(_) => {}
        }
    }
    let claim = given("claim").and_then(Claim::named).filter(|_| place == Place::Always);
    if place == Place::Always && claim.is_none() {
        say(
            "`@claim` is missing or not known".to_owned(),
            "write `@claim(\"only-when\")` for a ceiling or `@claim(\"whenever\")` for a floor".to_owned(),
        );
    }
    let is_about_one = !matches!(policy.principal_constraint(), PrincipalConstraint::Any | PrincipalConstraint::Is(_))
        || !matches!(policy.resource_constraint(), ResourceConstraint::Any | ResourceConstraint::Is(_));
    if place == Place::Always && is_about_one {
        say(
            "the scope of a claim names an entity".to_owned(),
            "name types and actions there, and the entity in the condition".to_owned(),
        );
    }
    let reason = reason.map(str::to_owned);
    if findings.len() > found {
        return None;
    }
    let id = RuleId::from(given("id")?);
    Some(Rule {
        place,
        title: given("title").unwrap_or(id.as_str()).to_owned(),
        source: given("source").unwrap_or_default().to_owned(),
        reason,
        claim,
        path: path.to_owned(),
        line: effect_line(text, start),
        policy: policy.new_id(PolicyId::new(id.as_str())),
        id,
    })
}
