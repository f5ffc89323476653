//! A set of rules that is complete, named and valid; there is no other way to have one.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use cedar_policy::{
    ActionConstraint, Entities, EntityUid, Policy, PolicySet, Schema, SchemaError, SchemaFragment, ValidationMode,
    Validator,
};
use miette::Diagnostic as _;

use super::depth::too_deep;
use super::digest::Digest;
use super::expansion::too_large;
use super::finding::{Finding, RulesError, full};
use super::mention::Mention;
use super::naming::load_rules;
use super::quotes::look_alikes;
use super::reach::{OutOfReach, out_of_reach};
use super::retired::unreadable_lines;
use super::rule::{Claim, Place, Rule, RuleId, Rulebook};
use super::sale::SaleWords;
use super::source::RuleFiles;
use super::values;
use super::vocabulary::Vocabulary;
use super::words::{self, MissingWord};

/// The attribute that says how a partner takes part.
const KIND: &str = "kind";

/// A set of rules, complete, named and valid.
#[derive(Clone, Debug)]
pub struct Bundle {
    digest: Digest,
    files: RuleFiles,
    schema: Schema,
    vocabulary: Vocabulary,
    missing_words: BTreeSet<MissingWord>,
    pub(super) rules: BTreeMap<RuleId, Rule>,
    pub(super) by_action: BTreeMap<EntityUid, Deciding>,
    derived: Derived,
}

/// What is worked out from the rules alone, once, and swapped with them.
#[derive(Clone, Default)]
struct Derived(Arc<OnceLock<Box<dyn Any + Send + Sync>>>);

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() { "worked out" } else { "not worked out" })
    }
}

/// What decides about one action: its rules, and the action with the groups it is in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deciding {
    pub(crate) rules: PolicySet,
    /// The entities every question about it begins with.
    pub(crate) actions: Entities,
    /// The claims about it, which decide nothing.
    pub(crate) claims: PolicySet,
    /// What each of its rules mentions.
    pub(crate) mentions: Vec<Arc<Mention>>,
    /// Does one of its rules read what the caller says, as far as the schema lets a caller say anything?
    pub(crate) reads_context: bool,
    /// Does one of its claims?
    pub(crate) claims_read_context: bool,
    /// Could one of its rules or claims tell partners apart by how they take part?
    pub(crate) sees_kinds: bool,
    /// How often Cedar was asked about it.
    pub(crate) evaluations: Arc<AtomicU64>,
}

impl Bundle {
    /// Reads, names and validates a set of rules.
    ///
    /// # Errors
    /// A [`RulesError`] with every finding; a set with any finding, a validator's warning included, is refused whole.
    pub fn load(files: RuleFiles, book: Rulebook) -> Result<Self, RulesError> {
        let mut findings = Vec::new();
        let schema = load_schema(&files, &mut findings);
        let rules = load_rules(&files, book, &mut findings);
        findings.extend(unreadable_lines(&files));
        if let Some((schema, vocabulary)) = &schema {
            validate(&files, schema, vocabulary, &rules, &mut findings);
        }
        let by_action =
            schema.as_ref().map(|(schema, vocabulary)| by_action(schema, vocabulary, &rules, &mut findings));
        match (schema, by_action) {
            (Some((schema, vocabulary)), Some(by_action)) if findings.is_empty() => {
                let missing_words =
                    if book == Rulebook::Domain { words::left_out(&vocabulary) } else { BTreeSet::new() };
                let digest = Digest::of(&files);
                let derived = Derived::default();
                Ok(Self { digest, files, schema, vocabulary, missing_words, rules, by_action, derived })
            }
            _ => {
                findings.sort();
                findings.dedup();
                Err(RulesError { findings })
            }
        }
    }

    /// The identity of the set.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The files it was read from.
    #[must_use]
    pub fn files(&self) -> &RuleFiles {
        &self.files
    }

    /// The schema as Cedar reads it.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The words of the schema.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// How the schema says a sale.
    pub(crate) fn sale_words(&self) -> SaleWords {
        SaleWords::of(&self.vocabulary)
    }

    /// The words that a fact may hold and that the schema leaves out.
    #[must_use]
    pub fn missing_words(&self) -> &BTreeSet<MissingWord> {
        &self.missing_words
    }

    /// The rules, claims included, in the order of their names.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// Does the set make the promise that a claim of another set makes, under whatever name?
    pub(crate) fn makes(&self, claim: &Rule) -> bool {
        let said = claim.promised();
        self.claims().any(|(own, _)| own.claim == claim.claim && own.promised() == said)
    }

    /// The claims, in the order of their names.
    pub fn claims(&self) -> impl Iterator<Item = (&Rule, Claim)> {
        self.rules().filter_map(|rule| rule.claim.map(|claim| (rule, claim)))
    }

    /// The rules that decide, in the order of their names.
    pub fn deciders(&self) -> impl Iterator<Item = &Rule> {
        self.rules().filter(|rule| rule.place != Place::Always)
    }

    /// One rule by its name.
    #[must_use]
    pub fn rule(&self, id: &RuleId) -> Option<&Rule> {
        self.rules.get(id)
    }

    /// Is an action the one a scope names, or in a group that it names?
    pub(crate) fn covers(&self, named: &ActionConstraint, action: &EntityUid) -> bool {
        match named {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(one) => one == action,
            ActionConstraint::In(all) => all.iter().any(|group| self.is_in(action, group)),
        }
    }

    /// Is an action that one, or in that group?
    pub(super) fn is_in(&self, action: &EntityUid, group: &EntityUid) -> bool {
        let above =
            |deciding: &Deciding| deciding.actions.ancestors(action).is_some_and(|mut all| all.any(|uid| uid == group));
        group == action || self.by_action.get(action).is_some_and(above)
    }

    /// The actions of the schema, groups included.
    pub(super) fn actions(&self) -> impl Iterator<Item = &EntityUid> {
        self.by_action.keys()
    }

    /// What rules read of entities of which a decision knows nothing but the name: there they err, and refuse.
    #[must_use]
    pub fn out_of_reach(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for rule in self.deciders().filter(|rule| rule.place != Place::World) {
            let Ok(json) = rule.policy.to_json() else { continue };
            let text = self.files.get(&rule.path).unwrap_or_default();
            for OutOfReach { through, attribute } in out_of_reach(&json, &self.vocabulary) {
                let message = match &through {
                    Some(through) => {
                        format!("`{attribute}` is read of another partner, `{through}`, of which only the id is known")
                    }
                    None => format!("`{attribute}` is read of what may be neither the principal nor the resource"),
                };
                let hint = Some(if through.is_some() { SAME } else { PATH }.to_owned());
                let through = through.unwrap_or_else(|| attribute.clone());
                findings.push(Finding::at(&rule.path, text, text.find(&through).unwrap_or(0), message, hint));
            }
        }
        findings
    }

    /// Could a rule or a claim about an action tell partners apart by how they take part?
    pub(crate) fn sees_kinds(&self, action: &EntityUid) -> bool {
        self.by_action.get(action).is_none_or(|deciding| deciding.sees_kinds)
    }

    /// The rules about an action that read what its caller says, as far as the schema lets it say anything.
    pub(crate) fn readers(&self, namespace: &str, name: &str) -> Vec<&Rule> {
        let is_it = |action: &EntityUid| action.type_name().namespace() == namespace && action.id().unescaped() == name;
        let deciding = self.by_action.iter().find(|(action, _)| is_it(action)).map(|(_, deciding)| deciding);
        let rules = deciding.filter(|deciding| deciding.reads_context).into_iter().flat_map(|all| all.rules.policies());
        let reads = |policy: &&Policy| Mention::of(policy).is_none_or(|mention| mention.reads_context());
        rules
            .filter(reads)
            .filter_map(|policy| self.rules.get(&RuleId::from(AsRef::<str>::as_ref(policy.id()))))
            .collect()
    }

    /// Does a claim, or a rule that it is about, read what callers say?
    pub(crate) fn turns_on_context(&self, claim: &Rule) -> bool {
        let scope = claim.policy.action_constraint();
        let covered = self.by_action.iter().filter(|(action, _)| self.covers(&scope, action));
        let reads = Mention::of(&claim.policy).is_none_or(|mention| mention.reads_context());
        covered.into_iter().any(|(_, deciding)| deciding.reads_context || (reads && deciding.claims_read_context))
    }

    /// What is worked out from the rules alone: done once, and kept with them. There is one such thing; of another
    /// type there is nothing.
    pub(crate) fn derived<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.derived.0.get_or_init(|| Box::new(make())).downcast_ref()
    }

    /// How often Cedar was asked anything under these rules.
    #[must_use]
    pub fn evaluations(&self) -> u64 {
        self.by_action.values().map(|deciding| deciding.evaluations.load(Ordering::Relaxed)).sum()
    }

    /// What decides about an action, if the schema declares it.
    pub(crate) fn deciding(&self, action: &EntityUid) -> Option<&Deciding> {
        self.by_action.get(action)
    }
}

const SAME: &str = "read it of the principal, once it is the same partner";
const PATH: &str = "read it along a path from `principal` or `resource`, and compare with what is named";

fn load_schema(files: &RuleFiles, findings: &mut Vec<Finding>) -> Option<(Schema, Vocabulary)> {
    let mut fragments = Vec::new();
    let found = findings.len();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".cedarschema")) {
        if let Some((at, message)) = too_deep(text) {
            findings.push(Finding::at(path, text, at, message, Some("nest less in the schema".to_owned())));
            continue;
        }
        match SchemaFragment::from_cedarschema_str(text) {
            Ok((fragment, warnings)) => {
                findings.extend(warnings.flat_map(|warning| Finding::of_diagnostic(path, text, &warning)));
                fragments.push(fragment);
            }
            Err(error) => {
                findings.extend(look_alikes(path, text));
                findings.extend(Finding::of_diagnostic(path, text, &error));
            }
        }
    }
    if fragments.is_empty() && findings.len() == found {
        findings.push(Finding::whole("schemas", "there is no schema", "put a file that ends in `.cedarschema` there"));
    }
    if findings.len() > found {
        return None;
    }
    let less = "declare less, or name types that are declared once";
    too_large(&fragments).map_err(|message| findings.push(Finding::whole("schemas", message, less))).ok()?;
    let schema = Schema::from_schema_fragments(fragments.iter().cloned());
    let said = |error: &SchemaError| {
        let hint = error.help().map_or_else(|| "mend the schema files together".to_owned(), |help| help.to_string());
        Finding::whole("schemas", full(error), hint)
    };
    let schema = schema.map_err(|error| findings.push(said(&error))).ok()?;
    let vocabulary = Vocabulary::read(fragments);
    let vocabulary = vocabulary
        .map_err(|error| {
            findings.push(Finding::whole("schemas", error, "declare each type in one of the schema files"))
        })
        .ok()?;
    Some((schema, vocabulary))
}

fn validate(
    files: &RuleFiles,
    schema: &Schema,
    vocabulary: &Vocabulary,
    rules: &BTreeMap<RuleId, Rule>,
    findings: &mut Vec<Finding>,
) {
    let closed = values::closed(vocabulary);
    let validator = Validator::new(schema.clone());
    for rule in rules.values() {
        let text = files.get(&rule.path).unwrap_or_default();
        // One at a time, so that each finding is known to be about this rule and its file.
        let Ok(set) = PolicySet::from_policies([rule.policy.clone()]) else { continue };
        let result = validator.validate(&set, ValidationMode::Strict);
        for error in result.validation_errors() {
            findings.extend(Finding::of_diagnostic(&rule.path, text, error));
        }
        for warning in result.validation_warnings() {
            findings.extend(Finding::of_diagnostic(&rule.path, text, warning));
        }
        let Ok(json) = rule.policy.to_json() else { continue };
        for misspelt in values::misspelt(&json, &closed) {
            let quoted = format!("\"{}\"", misspelt.text);
            let known = misspelt.known.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ");
            findings.push(Finding::at(
                &rule.path,
                text,
                text.find(&quoted).unwrap_or(0),
                format!("`{}` is never `{}`", misspelt.attribute, misspelt.text),
                Some(format!("it is one of {known}")),
            ));
        }
    }
}

/// Sorts the rules by the actions whose scope they name, so that a decision evaluates only those that can matter.
fn by_action(
    schema: &Schema,
    vocabulary: &Vocabulary,
    rules: &BTreeMap<RuleId, Rule>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<EntityUid, Deciding> {
    let mut sorted = BTreeMap::new();
    let entities = match schema.action_entities() {
        Ok(entities) => entities,
        Err(error) => {
            findings.push(Finding::whole("schemas", error.to_string(), "mend the groups of actions"));
            return sorted;
        }
    };
    let mut mentions = BTreeMap::new();
    for rule in rules.values() {
        match Mention::of(&rule.policy) {
            Some(mention) => {
                mentions.insert(&rule.id, Arc::new(mention));
            }
            None => {
                findings.push(Finding::whole(&rule.path, "the rule cannot be read back", "write it in plain Cedar"))
            }
        }
    }
    for action in schema.actions() {
        let mut above: BTreeSet<&EntityUid> = entities.ancestors(action).into_iter().flatten().collect();
        above.insert(action);
        let names = |constraint: &ActionConstraint| match constraint {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(named) => named == action,
            ActionConstraint::In(named) => named.iter().any(|named| above.contains(named)),
        };
        let mut deciding = Deciding::default();
        let lets_say = vocabulary.lets_say(action);
        for rule in rules.values().filter(|rule| names(&rule.policy.action_constraint())) {
            // Not the text is asked: it may spell the word with escapes.
            deciding.sees_kinds |= mentions.get(&rule.id).is_none_or(|mention| mention.has(KIND));
            // In a world of its own nothing is proved, and what is not said is simply not there.
            let reads_context = lets_say
                && rule.place != Place::World
                && mentions.get(&rule.id).is_some_and(|mention| mention.reads_context());
            if rule.place == Place::Always {
                deciding.claims_read_context |= reads_context;
                if let Err(error) = deciding.claims.add(rule.policy.clone()) {
                    findings.push(Finding::whole(&rule.path, error.to_string(), "give each rule an id of its own"));
                }
                continue;
            }
            deciding.reads_context |= reads_context;
            deciding.mentions.extend(mentions.get(&rule.id).cloned());
            if let Err(error) = deciding.rules.add(rule.policy.clone()) {
                findings.push(Finding::whole(&rule.path, error.to_string(), "give each rule an id of its own"));
            }
        }
        match Entities::from_entities(above.iter().filter_map(|uid| entities.get(uid)).cloned(), None) {
            Ok(actions) => deciding.actions = actions,
            Err(error) => findings.push(Finding::whole("schemas", error.to_string(), "mend the groups of actions")),
        }
        sorted.insert(action.clone(), deciding);
    }
    sorted
}
