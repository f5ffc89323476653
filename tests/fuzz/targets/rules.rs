//! Files of rules and schemas, as somebody proposes them: a rule before the first NUL, a schema after it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standing::policy::{Bundle, RuleFiles, Rulebook};

const SCHEMA: &str = "entity User;\nentity Doc { open: Bool };\naction \"read\" appliesTo { principal: User, resource: Doc };\n";
const RULE: &str = "@id(\"r\")\npermit (principal, action == Action::\"read\", resource) when { resource.open };\n";

fuzz_target!(|text: &str| {
    let (rule, schema) = match text.split_once('\0') {
        Some((rule, schema)) => (rule, schema),
        None => (text, SCHEMA),
    };
    let rule = if rule.is_empty() { RULE } else { rule };
    let files = [("schema.cedarschema", schema), ("policies/r.cedar", rule)];
    let files: RuleFiles = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into_iter().collect();
    let _ = Bundle::load(files.clone(), Rulebook::World);
    let _ = Bundle::load(files, Rulebook::Domain);
});
