//! Files of rules and schemas, as somebody proposes them. A rule before the first NUL and a schema after it, of a world;
//! without a NUL a rule over a small schema. Behind a first `1` to `5` it is a file of the shipped set instead: a rule that
//! permits, forbids or claims, the page of retired promises, or the schema.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use standing::policy::{Bundle, RuleFiles, Rulebook};

const SCHEMA: &str =
    "entity User;\nentity Doc { open: Bool };\naction \"read\" appliesTo { principal: User, resource: Doc };\n";
const RULE: &str = "@id(\"r\")\npermit (principal, action == Action::\"read\", resource) when { resource.open };\n";
/// What makes a set one of ours, and little else: most of the time of an input goes into reading this again.
const SHIPPED: [&str; 3] =
    ["schemas/standing.cedarschema", "policies/may/remove-seats.cedar", "policies/never/partner-suspended.cedar"];

static OF_SHIPPED: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let shipped = RuleFiles::built_in();
    let shipped = shipped.iter().filter(|(path, _)| SHIPPED.contains(path));
    shipped.map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
});

fuzz_target!(|text: &str| {
    let of_shipped = |path: &str, text: &str| {
        let files = OF_SHIPPED.iter().cloned().chain([(path.to_owned(), text.to_owned())]);
        let _ = Bundle::load(files.collect(), Rulebook::Domain);
    };
    match text.split_at_checked(1) {
        Some(("1", rule)) => return of_shipped("policies/may/fuzzed.cedar", rule),
        Some(("2", rule)) => return of_shipped("policies/never/fuzzed.cedar", rule),
        Some(("3", rule)) => return of_shipped("policies/always/fuzzed.cedar", rule),
        Some(("4", page)) => return of_shipped("policies/retired.md", page),
        Some(("5", schema)) => return of_shipped("schemas/standing.cedarschema", schema),
        _ => {}
    }
    let (rule, schema) = text.split_once('\0').unwrap_or((text, SCHEMA));
    let files = [("schema.cedarschema", schema), ("policies/r.cedar", if rule.is_empty() { RULE } else { rule })];
    let files: RuleFiles = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into_iter().collect();
    let _ = Bundle::load(files, Rulebook::World);
});
