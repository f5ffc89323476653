//! What a caller says is a dimension of every answer, and no report is silent about it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use standing::assure::calls::CallTable;
use standing::assure::context::Said;
use standing::assure::release::{Examined, Outcome, examine};
use standing::assure::signed_tables::drafted;
use standing::assure::spoken::Spoken;
use standing::assure::table::Table;
use standing::assure::table_diff::{ActionFlips, Compared, flips};
use standing::clock::{SharedClock, Stopped};
use standing::config::{RulesAt, RulesFrom};
use standing::decide::{Namespace, Reason, decide, permits};
use standing::pdp::Terms;
use standing::policy::{Bundle, RuleFiles};
use standing::publish;
use standing::publish::difference::Turns;
use standing::question::{Entity, Members, Question};
use standing::standing::Standing;

use crate::in_force::{Folder, until};
use crate::proofs::solver;
use crate::server::{Server, standing};
use crate::shipped::{candidate, shipped, shipped_files};
use crate::stage::{BEGIN, terms, time};
use crate::worlds::{Chance, World, rules};

const SCHEMA: &str = "schemas/standing.cedarschema";

/// A set of rules that reads what callers say: its name, what the schema lets be said, the action it is about, a rule,
/// and a claim that bounds it.
struct Reading {
    name: &'static str,
    context: &'static str,
    action: &'static str,
    rule: (&'static str, &'static str),
    bound: Option<&'static str>,
}

const READ_USAGE: &str = "permit (principal is Partner, action == Action::\"readUsage\", resource is Subscription)";
const OF_ADMINISTRATORS: &str = "resource.service.delegatedAdministrators.contains(principal)";

fn readings() -> Vec<Reading> {
    let usage = |name, context, when| Reading {
        name,
        context,
        action: "readUsage",
        rule: ("may", when),
        bound: Some("principal.status == \"active\" && resource.status != \"deleted\""),
    };
    vec![
        usage("a Boolean", "emergency?: Bool", "context has emergency && context.emergency"),
        usage("a Boolean that has to be said", "emergency: Bool", "context.emergency"),
        usage("a number", "amount: Long", "context.amount < 100"),
        usage(
            "two bounds",
            "amount?: Long",
            "(if context has amount then (context.amount < 100 && resource.status == \"active\") || context.amount < 10 else false)",
        ),
        usage("a set", "tags: Set<String>", "context.tags.contains(\"x\")"),
        usage("an optional set", "tags?: Set<String>", "context has tags && context.tags.contains(resource.status)"),
        usage("a text", "purpose?: String", "context has purpose && context.purpose like \"audit*\""),
        usage(
            "a record in a record",
            "why: { ticket?: { urgent: Bool, level: Long } }",
            "context.why has ticket && context.why.ticket.urgent && context.why.ticket.level > 2",
        ),
        usage("that it is there at all", "ticket?: String", "context has ticket"),
        usage(
            "the properties of the action",
            "action?: { hour?: Long }",
            "context has action && context.action has hour && context.action.hour == 9",
        ),
        usage("an extension", "limit?: decimal", "context has limit && context.limit.lessThan(decimal(\"9.5\"))"),
        Reading {
            name: "a forbid",
            context: "approved?: Bool",
            action: "readUsage",
            rule: ("never", "context has approved && context.approved"),
            bound: Some(OF_ADMINISTRATORS),
        },
        Reading {
            name: "an action that is there",
            context: "emergency?: Bool",
            action: "removeSeats",
            rule: ("may", "context has emergency && context.emergency"),
            bound: None,
        },
    ]
}

impl Reading {
    fn files(&self, is_bounded: bool) -> Vec<(String, String)> {
        let schema = shipped_files().get(SCHEMA).expect("it is there").to_owned();
        let Self { context, action, .. } = self;
        let applies = "appliesTo { principal: Partner, resource: Subscription";
        let schema = if *action == "readUsage" {
            format!("{schema}\n@doc(\"Read usage\")\naction readUsage {applies}, context: {{ {context} }} }};\n")
        } else {
            let before = format!("action {action} in [changeOfSubscription] {applies} }};");
            assert!(schema.contains(&before));
            schema.replace(
                &before,
                &format!("action {action} in [changeOfSubscription] {applies}, context: {{ {context} }} }};"),
            )
        };
        let mut files = vec![(SCHEMA.to_owned(), schema)];
        let mut rule = |id: &str, more: &str, text: String| {
            let text = format!(
                "// What?\n@id(\"{id}\")\n@title(\"Of what callers say\")\n@source(\"ours\")\n{more}\n{text}\n"
            );
            files.push((format!("policies/{id}.cedar"), text));
        };
        let scope = READ_USAGE.replace("readUsage", action);
        let (place, when) = self.rule;
        // What callers say never lets more than the bound does, where there is one.
        let within = self.bound.filter(|_| is_bounded).map(|bound| format!(" && {bound}")).unwrap_or_default();
        if place == "never" {
            let forbid = scope.replace("permit", "forbid");
            rule("never/said", "@reason(\"not_said\")", format!("{forbid}\nunless {{ {when} }};"));
            rule("may/usage", "", format!("{scope}\nwhen {{ {OF_ADMINISTRATORS} }};"));
        } else {
            rule("may/said", "", format!("{scope}\nwhen {{ {when}{within} }};"));
        }
        if let Some(bound) = self.bound.filter(|_| is_bounded) {
            rule("always/said", "@claim(\"only-when\")", format!("{scope}\nwhen {{ {bound} }};"));
        }
        files
    }

    fn bundle(&self, is_bounded: bool) -> Bundle {
        let files = self.files(is_bounded);
        candidate(&files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
    }
}

/// What somebody might say, also what nothing reads, what is of another shape, and nothing.
fn made_up(chance: &mut Chance) -> Members {
    let mut value = |depth: usize| -> Value {
        fn any(chance: &mut Chance, depth: usize) -> Value {
            match chance.below(if depth > 2 { 4 } else { 6 }) {
                0 => chance.of_all(&[true, false]).into(),
                1 => chance.of_all(&[-1, 0, 2, 3, 9, 10, 99, 100, 101]).into(),
                2 => chance.of_all(&["", "x", "audit 7", "active", "deleted", "9.4", "9.5"]).into(),
                3 => Value::Array((0..chance.below(3)).map(|_| chance.of_all(&["x", "y", "active"]).into()).collect()),
                _ => {
                    let names = ["ticket", "urgent", "level", "hour"];
                    names.iter().map(|name| ((*name).to_owned(), any(chance, depth + 1))).collect()
                }
            }
        }
        any(chance, depth)
    };
    let names = ["emergency", "amount", "tags", "purpose", "why", "ticket", "action", "limit", "approved"];
    let said: Members = names.iter().map(|name| ((*name).to_owned(), value(0))).collect();
    said.into_iter().filter(|_| chance.below(4) > 0).collect()
}

fn refusing(examined: &Examined) -> Vec<&str> {
    examined.findings.iter().filter(|found| !found.advisory).map(|found| found.message.as_str()).collect()
}

#[test]
fn rules_that_read_what_callers_say_are_refused_until_a_claim_bounds_them() {
    let Some(solver) = solver() else { return };
    for name in ["a Boolean", "a number", "a forbid"] {
        let reading = readings().into_iter().find(|reading| reading.name == name).unwrap();
        let examined = examine(&reading.bundle(false), Some(shipped()), Some(&solver));
        assert_eq!(examined.outcome(), Outcome::Refused, "{name}");
        let said = "what a caller says turns the answer to `readUsage`, and no claim bounds it: partner ";
        let is_said = |found: &&str| found.starts_with(said) && found.contains("if the caller says `context.");
        let found = refusing(&examined);
        assert!(found.len() == 1 && found.iter().all(is_said), "{name}: {found:#?}");
        let silent =
            |found: &str| found.contains("nobody may `readUsage`") || found.contains("no row of the table needs");
        assert!(!examined.findings.iter().any(|found| silent(&found.message)), "{name}");
        let bounded = examine(&reading.bundle(true), Some(shipped()), Some(&solver));
        assert_eq!(refusing(&bounded), [""; 0], "{name}");
        assert_eq!(bounded.outcome(), Outcome::Proved, "{name}");
    }
}

#[test]
fn the_first_rules_of_a_store_are_refused_too_where_what_a_caller_says_is_not_bounded() {
    let Some(solver) = solver() else { return };
    let reading = &readings()[0];
    for (is_bounded, solver, starts) in
        [(false, Some(&solver), false), (true, Some(&solver), true), (true, None, false)]
    {
        let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let read = reading.files(is_bounded);
        let kept = shipped_files();
        let others = kept.iter().filter(|(path, _)| read.iter().all(|(of, _)| of != path));
        for (path, text) in others.chain(read.iter().map(|(path, text)| (path.as_str(), text.as_str()))) {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let at = RulesAt::Folder(folder.path().to_owned());
        let terms = Terms { solver: solver.cloned(), ..terms() };
        let data = data.path().join("data");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let clock: SharedClock = Arc::new(Stopped::at(time(BEGIN)));
        let begun =
            runtime.block_on(publish::begin::begin(&data, clock, at.clone().into(), RulesFrom::Files, terms.clone()));
        match begun {
            Ok(_) => assert!(starts, "bounded: {is_bounded}, solver: {}", solver.is_some()),
            Err(error) => {
                assert!(!starts, "bounded: {is_bounded}, solver: {}: {error}", solver.is_some());
                assert!(error.to_string().contains("what a caller says"), "{error}");
                assert!(!data.exists(), "something was written");
            }
        }
        if solver.is_none() {
            // A command over a store in which no rules ever were decides by those that are here, if a server could.
            let clock: SharedClock = Arc::new(Stopped::at(time(BEGIN)));
            let here = || RuleFiles::at(&at, &RuleFiles::built_in());
            let reopened = runtime.block_on(publish::begin::reopen(&data, clock, here, terms));
            let error = reopened.err().expect("a command decides by rules that no server would begin with");
            assert!(error.to_string().contains("what a caller says"), "{error}");
        }
    }
}

#[test]
fn an_action_that_is_there_is_bounded_by_its_claims_and_a_rule_that_opens_it_breaks_them() {
    let Some(solver) = solver() else { return };
    let reading = readings().into_iter().find(|reading| reading.bound.is_none()).unwrap();
    let examined = examine(&reading.bundle(false), Some(shipped()), Some(&solver));
    let found = refusing(&examined);
    let broken = "the claim `always/only-the-original-reseller` does not hold: ";
    let is_said = |found: &&str| found.starts_with(broken) && found.contains("if the caller says `context.emergency`");
    assert!(found.iter().any(is_said), "{found:#?}");
    assert!(!found.iter().any(|found| found.contains("no claim bounds it")), "{found:#?}");
}

#[test]
fn what_turns_an_answer_is_found_whatever_its_shape_and_so_is_what_bounds_it() {
    let Some(solver) = solver() else { return };
    for reading in readings().into_iter().filter(|reading| reading.bound.is_some()) {
        for is_bounded in [false, true] {
            let spoken = Spoken::between(shipped(), &reading.bundle(is_bounded), Some(&solver));
            let contexts = spoken.action("readUsage").expect("its rules read what callers say");
            let bounds: BTreeSet<Vec<String>> = contexts
                .turning
                .iter()
                .map(|turning| turning.bounds.iter().map(ToString::to_string).collect())
                .collect();
            let expected = if is_bounded { vec!["always/said".to_owned()] } else { Vec::new() };
            assert_eq!(contexts.unknown, None, "{}", reading.name);
            assert_eq!(bounds, BTreeSet::from([expected]), "{}: {contexts:#?}", reading.name);
        }
    }
}

#[test]
fn a_claim_that_says_nothing_without_the_context_bounds_nothing() {
    let Some(solver) = solver() else { return };
    let reading = readings().remove(0);
    for (bound, is_bound) in [
        ("context has emergency && context.emergency", false),
        ("principal == principal", false),
        ("context has emergency && context.emergency && principal.kind == \"advisor\"", true),
    ] {
        let mut files = reading.files(false);
        files[1].1 =
            files[1].1.replace("&& context.emergency", "&& context.emergency && principal.kind == \"advisor\"");
        files.push((
            "policies/always/said.cedar".to_owned(),
            format!("@id(\"always/said\") @title(\"A bound\") @source(\"ours\") @claim(\"only-when\")\n{READ_USAGE} when {{ {bound} }};"),
        ));
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let examined = examine(&candidate(&files), Some(shipped()), Some(&solver));
        assert_eq!(refusing(&examined).is_empty(), is_bound, "{bound}: {:#?}", examined.findings);
    }
}

#[test]
fn without_a_solver_rules_that_read_what_callers_say_are_refused() {
    for reading in readings().into_iter().filter(|reading| ["a Boolean", "a set"].contains(&reading.name)) {
        let examined = examine(&reading.bundle(true), Some(shipped()), None);
        let found = refusing(&examined);
        let said = format!("what a caller says can turn the answer to `{}`, and without a solver", reading.action);
        assert!(found.iter().any(|found| found.starts_with(&said)), "{}: {found:#?}", reading.name);
        let nobody = format!("nobody may `{}`", reading.action);
        assert!(!examined.findings.iter().any(|found| found.message.contains(&nobody)), "{}", reading.name);
    }
}

#[test]
fn what_is_said_of_an_action_is_true_whatever_a_caller_says() {
    let solver = solver();
    let mut chance = Chance::of(17);
    let tries: Vec<Members> = (0..40).map(|_| made_up(&mut chance)).collect();
    for reading in readings() {
        let bundle = reading.bundle(false);
        let spoken = Spoken::between(shipped(), &bundle, solver.as_deref());
        let contexts = spoken.action(reading.action).expect("its rules read what callers say");
        if contexts.unknown.is_some() {
            assert!(solver.is_none(), "{}: {:?}", reading.name, contexts.unknown);
            continue;
        }
        let table = Table::spoken(&bundle, &spoken);
        let compared = Compared {
            old: (shipped(), crate::shipped::shipped_table(), &CallTable::of(shipped())),
            new: (&bundle, &table, &CallTable::of(&bundle)),
            spoken: &spoken,
        };
        let turned = flips(&compared);
        let turned = turned.iter().find(|flips| flips.action == reading.action).expect("something turns");
        let (mut yes, mut no) = (0, 0);
        let known = contexts.said().iter().map(|said| said.context.clone());
        let tries: Vec<Members> = known.chain(tries.iter().cloned()).collect();
        for (case, cell) in table.action(reading.action).expect("an action").cells().step_by(101) {
            for said in &tries {
                let question = case.question(reading.action).saying(said.clone());
                let decision = decide(&bundle, Namespace::Domain, &question, &case.facts());
                let now = decision.is_allowed();
                if decision.reason() == Some(&Reason::INVALID_PROPERTY) {
                    // What the schema does not allow is said of no action, and is always a no.
                    assert!(!now);
                    continue;
                }
                assert!(
                    cell.can_be(now),
                    "{}: {now} in {case:?} for {said:?}, and the table says {cell:?}",
                    reading.name
                );
                let before = permits(shipped(), Namespace::Domain, &question, &case.facts());
                let is_told = |way: fn(&ActionFlips) -> usize,
                               more: fn(&standing::assure::table_diff::IfSaid) -> usize| {
                    way(turned) + turned.if_said.iter().map(more).sum::<usize>() > 0
                };
                assert!(now <= before || is_told(|all| all.loosened.rows, |all| all.loosened.rows), "{}", reading.name);
                assert!(
                    before <= now || is_told(|all| all.tightened.rows, |all| all.tightened.rows),
                    "{}",
                    reading.name
                );
                *(if now { &mut yes } else { &mut no }) += 1;
            }
        }
        assert!(yes > 0 && no > 0, "{}: {yes} yes and {no} no", reading.name);
        if ["a Boolean", "a number", "two bounds", "an action that is there"].contains(&reading.name) {
            assert_rows_are_exact(&bundle, turned, reading.name);
        }
        assert!(drafted(&table).get(&format!("policies/tables/{}.md", reading.action)).is_none());
        let page = table.page(reading.action).expect("a page");
        assert!(page.contains("for a caller that says no more than it has to"), "{page}");
        assert!(page.contains("if the caller says `context."), "{page}");
    }
}

/// Each number of rows is what deciding finds for a caller that says so and is not found for one that says less.
fn assert_rows_are_exact(bundle: &Bundle, turned: &ActionFlips, name: &str) {
    let cases: Vec<Standing> = Standing::all().filter(|case| case.thing.kind().as_str() == "Subscription").collect();
    let loosened = |said: &Said| -> BTreeSet<Standing> {
        let turns = |case: &&Standing| {
            let answers = [shipped(), bundle].map(|rules| {
                permits(rules, Namespace::Domain, &said.asks(case.question(&turned.action)), &case.facts())
            });
            answers == [false, true]
        };
        cases.iter().filter(turns).copied().collect()
    };
    let least = loosened(turned.said.as_ref().expect("the rules read it"));
    assert_eq!(least.len(), turned.loosened.rows, "{name}");
    for more in &turned.if_said {
        let here = loosened(&more.said);
        assert!(here.difference(&least).count() >= more.loosened.rows, "{name}");
        assert!(more.loosened.rows > 0 || more.not_loosened > 0 || more.tightened.rows > 0 || more.not_tightened > 0);
        assert!(least.difference(&here).count() >= more.not_loosened, "{name}");
        if let Some(witness) = &more.loosened.witness {
            assert!(
                witness.decision && witness.sentence.contains(&format!("if the caller says {}", more.said.words)),
                "{name}: {}",
                witness.sentence
            );
        }
    }
}

#[test]
fn what_has_to_be_said_and_is_not_is_refused_since_nothing_is_proved_of_it() {
    let reading = Reading {
        name: "",
        context: "amount: Long",
        action: "readUsage",
        rule: ("may", "(if context has amount then context.amount < 100 else principal == principal)"),
        bound: None,
    };
    let bundle = reading.bundle(false);
    let Some(case) = Standing::all().find(|case| case.thing.kind().as_str() == "Subscription") else {
        panic!("no case")
    };
    let asked = |said: Value| {
        let question = case.question("readUsage").saying(said.as_object().unwrap().clone());
        let decision = decide(&bundle, Namespace::Domain, &question, &case.facts());
        (decision.is_allowed(), decision.reason().map(Reason::to_string))
    };
    assert_eq!(asked(json!({})), (false, Some("invalid_property".to_owned())));
    assert_eq!(asked(json!({ "amount": null })), (false, Some("invalid_property".to_owned())));
    assert_eq!(asked(json!({ "amount": 99 })), (true, None));
    assert!(!asked(json!({ "amount": 100 })).0);
}

#[test]
fn a_rule_about_a_call_of_this_service_cannot_read_what_nothing_says() {
    let earlier = shipped_files().get("schemas/api.cedarschema").expect("it is there").to_owned();
    let import = "action import in [tellFacts] appliesTo { principal: [Partner, Customer, Operator, Visitor], resource: Installation";
    let schema = earlier.replace(import, &format!("{import}, context: {{ emergency?: Bool }}"));
    assert_ne!(schema, earlier);
    let rule = "@id(\"may/api/said\") @title(\"Said\") @source(\"ours\")\npermit (principal, action == Api::Action::\"import\", resource) when { context has emergency && context.emergency };";
    let bundle = candidate(&[("schemas/api.cedarschema", &schema), ("policies/may/api/said.cedar", rule)]);
    let examined = examine(&bundle, None, None);
    let said = "the rule reads what a caller says, and nothing can be said with the call `import`";
    assert!(refusing(&examined).contains(&said), "{:#?}", examined.findings);
}

/// Who gains what in a world for a caller that says something: subject and resource.
async fn yes_saying(world: &World, said: &Members) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let answers = world.answers_saying(said).await;
    for ((_, subject, _, resource, action), is_yes) in answers {
        if is_yes && action == "readUsage" {
            found.insert((subject, resource));
        }
    }
    found
}

fn named(turns: &Turns) -> BTreeSet<(String, String)> {
    turns.named.iter().map(|pair| (pair.subject.id.clone(), pair.resource.id.clone())).collect()
}

#[tokio::test]
async fn who_gains_what_in_the_live_world_by_what_it_says_is_who_is_answered_yes() {
    who_gains_is_answered_yes(|reading| ["a Boolean", "a number", "a set"].contains(&reading.name), 3).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn who_gains_what_in_the_live_world_by_whatever_it_says_is_who_is_answered_yes() {
    who_gains_is_answered_yes(|reading| reading.action == "readUsage", 12).await;
}

/// Holds what is told of the live world to every answer there, and to so many contexts that are made up.
async fn who_gains_is_answered_yes(is_tried: impl Fn(&Reading) -> bool, tries: usize) {
    let solver = solver();
    for reading in readings().into_iter().filter(is_tried) {
        let files = reading.files(true);
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let world = World::proving(rules(&[]), 5, solver.clone()).await;
        let live = world.copy(rules(&files)).await;
        let go = |_| ControlFlow::Continue(());
        let bundles = (Arc::new(rules(&[])), Arc::new(rules(&files)));
        let told =
            publish::difference::world_difference(&world.pdp, bundles, usize::MAX, go, |_| ControlFlow::Continue(()))
                .await
                .unwrap();
        let [action] = told.actions.as_slice() else { panic!("{}: {:?}", reading.name, told.actions) };
        if action.unknown.is_some() {
            assert!(solver.is_none());
            continue;
        }
        let least = yes_saying(&live, &action.said.clone().unwrap().context).await;
        assert_eq!(named(&action.gained), least, "{}", reading.name);
        assert!(!action.if_said.is_empty(), "{}", reading.name);
        let mut either = least.clone();
        for more in &action.if_said {
            let here = yes_saying(&live, &more.said.context).await;
            either.extend(here.clone());
            let gained = named(&more.gained);
            assert!(gained.is_subset(&here) && gained.is_disjoint(&least), "{}: {more:?}", reading.name);
            assert_eq!(gained.len() as u64, more.gained.count);
            assert!(least.difference(&here).count() as u64 >= more.not_gained, "{}", reading.name);
        }
        let mut told: BTreeSet<_> = least.clone();
        told.extend(action.if_said.iter().flat_map(|more| named(&more.gained)));
        assert_eq!(told, either, "{}", reading.name);
        // Nobody else gains anything, whatever is said.
        let mut chance = Chance::of(23);
        for _ in 0..tries {
            let said = made_up(&mut chance);
            let yes = yes_saying(&live, &said).await;
            assert!(yes.is_subset(&told), "{}: {said:?}", reading.name);
        }
    }
}

#[test]
fn what_callers_say_is_asked_as_they_say_it() {
    let said = json!({ "action": { "hour": 9 }, "urgent": true });
    let question = Question::new(Entity::new("Partner", "p"), "a", Entity::new("Subscription", "s"))
        .saying(said.as_object().unwrap().clone());
    assert_eq!(Value::Object(question.said()), said);
    assert_eq!((question.action.properties.len(), question.context.len()), (1, 1));
}

/// A server that proves.
fn proving(data: &Path, arguments: &[&str], solver: &Path) -> Server {
    let environment = [("CVC5", solver.to_str().unwrap())];
    Server::try_start_in(data, arguments, &environment)
        .unwrap_or_else(|output| panic!("the server did not start: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The shipped set with what a reading has otherwise.
fn set(reading: &Reading, is_bounded: bool) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> =
        shipped_files().iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    files.extend(reading.files(is_bounded));
    files
}

/// Saves it in a folder that is watched, the schema last: what is read in between does not load.
fn save(folder: &Folder, reading: &Reading, is_bounded: bool) {
    for (path, text) in reading.files(is_bounded).iter().rev() {
        folder.write(path, text);
    }
}

/// Has the rules of a folder read what callers say, which a claim bounds.
pub fn reading_context(folder: &Folder) {
    save(folder, &readings()[0], true);
}

#[test]
fn a_folder_that_reads_what_callers_say_is_refused_until_a_claim_bounds_it_and_every_report_says_so() {
    let Some(solver) = solver() else { return };
    let (data, folder, reading) = (tempfile::tempdir().unwrap(), Folder::shipped(), &readings()[0]);
    let server = proving(data.path(), &["--demo", "--rules", folder.path().to_str().unwrap()], &solver);
    let first = server.get("/v1/rules").json()["digest"].clone();
    let reports = || {
        let review = "/v1/access-review?customer=adatum";
        let supposed = server.post("/v1/what-if", &json!({ "changes": [{ "remove": { "customer": "adatum" } }] }));
        assert_eq!(supposed.status, 200, "{}", supposed.text);
        let told = [server.get(review).json(), supposed.json()].map(|told| told.get("dependsOnContext").cloned());
        let page = server.get(&format!("{review}&format=html")).text;
        (told, page.contains("What a caller says besides can turn the answers to readUsage"))
    };
    assert_eq!(reports(), ([None, None], false), "nothing turns on what callers say");

    save(&folder, reading, false);
    let unbounded = "what a caller says turns the answer to `readUsage`, and no claim bounds it";
    let is_refused = |said: &Value| said["refused"]["findings"].to_string().contains(unbounded);
    let said = until(&server, is_refused);
    assert_eq!(said["digest"], first, "the last good set decides");
    assert_eq!(reports(), ([None, None], false));

    save(&folder, reading, true);
    until(&server, |said| said["digest"] != first);
    let named = || Some(json!(["readUsage"]));
    assert_eq!(reports(), ([named(), named()], true));
}

#[test]
fn a_proposal_that_reads_what_callers_say_is_refused_until_a_claim_bounds_it_and_its_evidence_says_who_gains() {
    let Some(solver) = solver() else { return };
    let (data, reading) = (tempfile::tempdir().unwrap(), &readings()[0]);
    let settings = data.path().join("standing.toml");
    std::fs::write(&settings, "rules_from = \"publishing\"\n").unwrap();
    let server = proving(data.path(), &["--demo", "--config", settings.to_str().unwrap()], &solver);
    let unbounded = "what a caller says turns the answer to `readUsage`, and no claim bounds it";
    let proposed = server.post("/v1/rules/proposals", &json!({ "files": set(reading, false) }));
    assert_eq!((proposed.status, proposed.code().as_str()), (422, "rules_refused"), "{}", proposed.text);
    assert!(proposed.json()["evidence"]["findings"].to_string().contains(unbounded), "{}", proposed.text);
    let proposed = server.post("/v1/rules/proposals", &json!({ "files": set(reading, true) }));
    assert_eq!(proposed.status, 201, "{}", proposed.text);
    let evidence = proposed.json()["evidence"].clone();
    assert_eq!(evidence["outcome"], "proved", "{evidence}");
    // Nobody gains anything by saying nothing, and who says it does: in the table and in the live world.
    let is_of = |action: &&Value| action["action"] == "readUsage";
    let rows = evidence["rows"].as_array().unwrap().iter().find(is_of).unwrap();
    let more = &rows["ifSaid"][0];
    assert_eq!(
        (&rows["loosened"]["rows"], &more["said"]["words"]),
        (&json!(0), &json!("`context.emergency`")),
        "{rows}"
    );
    assert!(more["loosened"]["rows"].as_u64().unwrap() > 0, "{rows}");
    assert!(more["loosened"]["witness"]["sentence"].as_str().unwrap().contains("if the caller says"), "{rows}");
    let live = evidence["world"]["actions"].as_array().unwrap().iter().find(is_of).unwrap();
    assert_eq!(live["gained"]["count"], 0, "{live}");
    assert!(live["ifSaid"][0]["gained"]["count"].as_u64().unwrap() > 0, "{live}");
    // And as it is read on a terminal.
    let output = standing(&["rules", "show", "1", "--data", data.path().to_str().unwrap()]);
    let printed = String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let (rows, pairs) = (&more["loosened"]["rows"], &live["ifSaid"][0]["gained"]["count"]);
    assert!(printed.contains(&format!("{rows} rows more if the caller says `context.emergency`")), "{printed}");
    assert!(printed.contains(&format!("{pairs} answers more if the caller says `context.emergency`")), "{printed}");
}
