//! What the loader says about a set of rules that cannot be put in force: file, line, column, and what to do.

use standing::decide::check_schema;
use standing::policy::{Bundle, RuleFiles, Rulebook};

use crate::shipped::shipped_files;

/// The shipped schemas and one good rule of each place.
fn good() -> RuleFiles {
    let mut files = RuleFiles::built_in();
    let rules: Vec<String> =
        files.iter().map(|(path, _)| path.to_owned()).filter(|path| path.starts_with("policies/")).collect();
    for path in rules {
        files.remove(&path);
    }
    files.insert(MAY, PERMIT);
    files.insert(NEVER, FORBID);
    files.insert(ALWAYS, CLAIM);
    files
}

const MAY: &str = "policies/may/remove-seats.cedar";
const PERMIT: &str = r#"// Who may remove seats?
@id("may/remove-seats")
@title("The original reseller may remove seats")
@source("seed")
permit (principal is Partner, action == Action::"removeSeats", resource is Subscription)
when { resource has originalReseller && resource.originalReseller == principal };
"#;

const NEVER: &str = "policies/never/partner-suspended.cedar";
const FORBID: &str = r#"@id("never/partner-suspended")
@title("A suspended partner may not remove seats")
@source("21V")
@reason("partner_suspended")
forbid (principal is Partner, action == Action::"removeSeats", resource)
when { principal.status == "suspended" };
"#;

const ALWAYS: &str = "policies/always/seats-need-a-sale.cedar";
const CLAIM: &str = r#"@id("always/seats-need-a-sale")
@title("Seats are removed only by the original reseller")
@source("seed")
@claim("only-when")
permit (principal is Partner, action == Action::"removeSeats", resource is Subscription)
when { resource has originalReseller && resource.originalReseller == principal };
"#;

const SCHEMA: &str = "schemas/standing.cedarschema";

/// What the loader says, as it is printed.
fn said(files: RuleFiles, book: Rulebook) -> String {
    match Bundle::load(files, book) {
        Ok(bundle) => check_schema(&bundle).map_or_else(|finding| finding.to_string(), |()| "good".to_owned()),
        Err(error) => error.to_string(),
    }
}

/// The good set with one text of one file replaced by another.
fn with(path: &str, from: &str, to: &str) -> RuleFiles {
    let mut files = good();
    let text = files.get(path).expect("a file of the good set").to_owned();
    assert!(text.contains(from), "`{path}` does not hold `{from}`");
    files.insert(path, text.replacen(from, to, 1));
    files
}

/// The good set with a file put in, or another text in its place.
fn putting(path: &str, text: &str) -> RuleFiles {
    let mut files = good();
    files.insert(path, text);
    files
}

/// Compares what is said of each set with what is expected, and shows every difference at once.
fn expect(cases: Vec<(&str, RuleFiles, &str)>) {
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(name, files, expected)| {
            let said = said(files, Rulebook::Domain);
            (said != expected).then(|| format!("{name}\n  expected: {expected}\n  said:     {said}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_good_set_and_the_shipped_set_are_good() {
    expect(vec![("the good set", good(), "good"), ("the shipped set", shipped_files(), "good")]);
}

#[test]
fn the_set_built_into_the_binary_is_the_one_in_the_folders() {
    assert_eq!(RuleFiles::built_in(), shipped_files());
}

#[test]
fn a_rule_without_its_annotations_is_refused() {
    expect(vec![
        (
            "no id",
            with(MAY, "@id(\"may/remove-seats\")\n", ""),
            r#"policies/may/remove-seats.cedar:2:1: `@id` is missing; write `@id("may/remove-seats")` above the rule"#,
        ),
        (
            "no title",
            with(MAY, "@title(\"The original reseller may remove seats\")\n", ""),
            r#"policies/may/remove-seats.cedar:2:1: `@title` is missing; write `@title("...")`: what the rule says, in one sentence"#,
        ),
        (
            "an empty source",
            with(MAY, "@source(\"seed\")", "@source(\" \")"),
            r#"policies/may/remove-seats.cedar:2:1: `@source` is missing; write `@source("...")`: the clause it comes from"#,
        ),
        (
            "a forbid without a reason",
            with(NEVER, "@reason(\"partner_suspended\")\n", ""),
            r#"policies/never/partner-suspended.cedar:1:1: `@reason` is missing; write `@reason("...")`: the code a caller sees, for example `partner_suspended`"#,
        ),
        (
            "a reason that is a sentence",
            with(NEVER, "partner_suspended\")", "Partner suspended\")"),
            r#"policies/never/partner-suspended.cedar:1:1: `@reason("Partner suspended")` is not a code; write lower-case letters, digits and `_`"#,
        ),
        (
            "a claim that does not say which way it holds",
            with(ALWAYS, "@claim(\"only-when\")\n", ""),
            r#"policies/always/seats-need-a-sale.cedar:1:1: `@claim` is missing or not known; write `@claim("only-when")` for a ceiling or `@claim("whenever")` for a floor"#,
        ),
        (
            "a claim of an unknown way",
            with(ALWAYS, "only-when", "sometimes"),
            r#"policies/always/seats-need-a-sale.cedar:1:1: `@claim` is missing or not known; write `@claim("only-when")` for a ceiling or `@claim("whenever")` for a floor"#,
        ),
        (
            "an id that is not the path",
            with(MAY, "may/remove-seats", "may/remove-seat"),
            r#"policies/may/remove-seats.cedar:2:1: `@id("may/remove-seat")` is not the path of the file; write `@id("may/remove-seats")`"#,
        ),
    ]);
}

#[test]
fn a_rule_in_the_wrong_folder_is_refused() {
    expect(vec![
        (
            "a permit in never",
            with(NEVER, "forbid", "permit"),
            "policies/never/partner-suspended.cedar:1:1: a permit does not belong in `never/`; move the rule to `policies/may/`, or turn it round",
        ),
        (
            "a forbid in may",
            with(MAY, "permit", "forbid"),
            "policies/may/remove-seats.cedar:2:1: a forbid does not belong in `may/`; move the rule to `policies/never/`, or turn it round",
        ),
        (
            "a forbid in always",
            with(ALWAYS, "permit", "forbid"),
            "policies/always/seats-need-a-sale.cedar:1:1: a forbid does not belong in `always/`; move the rule to `policies/never/`, or turn it round",
        ),
        (
            "a rule in no folder",
            putting("policies/remove-seats.cedar", PERMIT),
            "policies/remove-seats.cedar: a rule here decides nothing; move it to `policies/may/`, `policies/never/` or `policies/always/`",
        ),
        (
            "a rule in a folder that means nothing",
            putting("policies/maybe/remove-seats.cedar", PERMIT),
            "policies/maybe/remove-seats.cedar: a rule here decides nothing; move it to `policies/may/`, `policies/never/` or `policies/always/`",
        ),
    ]);
}

#[test]
fn a_file_that_does_not_hold_exactly_one_rule_is_refused() {
    expect(vec![
        (
            "two rules",
            putting(MAY, &format!("{PERMIT}{PERMIT}").replacen("may/remove-seats", "may/more", 1)),
            r#"policies/may/remove-seats.cedar: the file holds 2 rules; put exactly one rule in each file
policies/may/remove-seats.cedar:2:1: `@id("may/more")` is not the path of the file; write `@id("may/remove-seats")`"#,
        ),
        (
            "two rules of one id",
            putting(MAY, &format!("{PERMIT}{PERMIT}")),
            r#"policies/may/remove-seats.cedar: `@id("may/remove-seats")` is taken by `policies/may/remove-seats.cedar`; give each rule an id of its own
policies/may/remove-seats.cedar: the file holds 2 rules; put exactly one rule in each file"#,
        ),
        (
            "an empty file",
            putting(MAY, ""),
            "policies/may/remove-seats.cedar: the file holds 0 rules; put exactly one rule in each file",
        ),
        (
            "a file of comments",
            putting(MAY, "// Nothing yet.\n"),
            "policies/may/remove-seats.cedar: the file holds 0 rules; put exactly one rule in each file",
        ),
        (
            "a template",
            with(MAY, "principal is Partner,", "principal == ?principal,"),
            r#"policies/may/remove-seats.cedar: a template decides nothing until it is linked; write the rule out, without `?principal` and `?resource`
policies/may/remove-seats.cedar: the file holds 0 rules; put exactly one rule in each file"#,
        ),
        (
            "a brace that is not closed",
            with(MAY, "== principal }", "== principal"),
            "policies/may/remove-seats.cedar:6:79: unexpected token `;`; expected `!=`, `&&`, `(`, `*`, `+`, `-`, `.`, `::`, `<`, `<=`, `==`, `>`, `>=`, `[`, `||`, `}`, or `in`",
        ),
        (
            "a word that is not Cedar's",
            with(MAY, "when {", "wen {"),
            "policies/may/remove-seats.cedar:6:1: invalid policy condition: wen; condition must be either `when` or `unless`",
        ),
    ]);
}

#[test]
fn a_rule_that_uses_words_the_schema_does_not_have_is_refused() {
    expect(vec![
        (
            "an unknown attribute",
            with(MAY, "resource.originalReseller ==", "resource.originalResseller =="),
            "policies/may/remove-seats.cedar:6:41: for policy `may/remove-seats`, attribute `originalResseller` on entity type `Subscription` not found; did you mean `originalReseller`?",
        ),
        (
            "an unknown action",
            with(MAY, "Action::\"removeSeats\"", "Action::\"removeSeat\""),
            r#"policies/may/remove-seats.cedar:2:1: for policy `may/remove-seats`, policy is impossible: the policy expression evaluates to false for all valid requests
policies/may/remove-seats.cedar:2:1: for policy `may/remove-seats`, unable to find an applicable action given the policy scope constraints
policies/may/remove-seats.cedar:5:41: for policy `may/remove-seats`, unrecognized action `Action::"removeSeat"`; did you mean `Action::"removeSeats"`?"#,
        ),
        (
            "an unknown type",
            with(MAY, "resource is Subscription", "resource is Subscripton"),
            r#"policies/may/remove-seats.cedar:2:1: for policy `may/remove-seats`, policy is impossible: the policy expression evaluates to false for all valid requests
policies/may/remove-seats.cedar:2:1: for policy `may/remove-seats`, unable to find an applicable action given the policy scope constraints
policies/may/remove-seats.cedar:5:76: for policy `may/remove-seats`, unrecognized entity type `Subscripton`; did you mean `Subscription`?"#,
        ),
        (
            "an attribute that may be absent, read without asking",
            with(MAY, "resource has originalReseller && ", ""),
            "policies/may/remove-seats.cedar:6:8: for policy `may/remove-seats`, unable to guarantee safety of access to optional attribute `originalReseller` on entity type `Subscription`; try testing for the attribute's presence with `e has originalReseller && ..`",
        ),
        (
            "a status nothing can have",
            with(NEVER, "\"suspended\"", "\"suspnded\""),
            "policies/never/partner-suspended.cedar:6:28: `status` is never `suspnded`; it is one of `active`, `deleted`, `expired`, `suspended`",
        ),
        (
            "a status nothing can have, among others",
            with(NEVER, "principal.status == \"suspended\"", "[\"suspended\", \"closed\"].contains(principal.status)"),
            "policies/never/partner-suspended.cedar:6:22: `status` is never `closed`; it is one of `active`, `deleted`, `expired`, `suspended`",
        ),
        (
            "a text where a truth belongs",
            with(NEVER, "principal.status == \"suspended\"", "principal.status"),
            "policies/never/partner-suspended.cedar:6:8: for policy `never/partner-suspended`, unexpected type: expected Bool but saw String",
        ),
        (
            "a text compared with a number",
            with(NEVER, "principal.status == \"suspended\"", "principal.status == 1"),
            "policies/never/partner-suspended.cedar:6:8: the types Long and String are not compatible; for policy `never/partner-suspended`, both operands to a `==` expression must have compatible types. Types must be exactly equal to be compatible",
        ),
    ]);
}

#[test]
fn a_rule_that_can_never_matter_is_refused_though_cedar_only_warns() {
    expect(vec![
        (
            "never true",
            with(NEVER, "principal.status == \"suspended\"", "false"),
            "policies/never/partner-suspended.cedar:1:1: for policy `never/partner-suspended`, policy is impossible: the policy expression evaluates to false for all valid requests",
        ),
        (
            "an attribute that is never there",
            with(MAY, "resource has originalReseller", "resource has originalResseller"),
            "policies/may/remove-seats.cedar:2:1: for policy `may/remove-seats`, policy is impossible: the policy expression evaluates to false for all valid requests",
        ),
        (
            "a resource the action does not apply to",
            with(MAY, "resource is Subscription", "resource is Customer"),
            r#"policies/may/remove-seats.cedar:2:1: for policy `may/remove-seats`, policy is impossible: the policy expression evaluates to false for all valid requests
policies/may/remove-seats.cedar:2:1: for policy `may/remove-seats`, unable to find an applicable action given the policy scope constraints"#,
        ),
    ]);
}

#[test]
fn a_schema_that_does_not_hold_is_refused() {
    let without = |paths: &[&str]| {
        let mut files = good();
        for path in paths {
            files.remove(path);
        }
        files
    };
    expect(vec![
        (
            "a schema with a syntax error",
            with(SCHEMA, "entity Customer;", "entity Customer"),
            "schemas/standing.cedarschema:24:1: error parsing schema: unexpected token `@`; expected `,`, `;`, `=`, `{`, `enum`, `in`, or `tags`",
        ),
        (
            "a type declared twice",
            with(SCHEMA, "entity Customer;", "entity Customer; entity Customer;"),
            "schemas/standing.cedarschema:21:8: error parsing schema: `Customer` is declared twice",
        ),
        (
            "no schema",
            without(&[SCHEMA, "schemas/api.cedarschema"]),
            "schemas: there is no schema; put a file that ends in `.cedarschema` there",
        ),
    ]);
    for (name, files, expected) in [
        (
            "a type nothing declares",
            with(SCHEMA, "  customer: Customer,", "  customer: Custmer,"),
            "`Custmer` has not been declared",
        ),
        (
            "groups of actions in a circle",
            with(SCHEMA, "action commerce;", "action commerce in [changeOfSubscription];"),
            "cycle in action hierarchy",
        ),
        (
            "a type two files declare",
            putting("schemas/more.cedarschema", "entity Customer;"),
            "duplicate entity type `Customer`",
        ),
    ] {
        let said = said(files, Rulebook::Domain);
        assert!(said.starts_with("schemas") && said.contains(expected), "{name}: {said}");
    }
}

#[test]
fn a_schema_may_add_words_but_not_take_away_what_is_stored() {
    let kind = "  @values(\"directBill indirectProvider indirectReseller advisor\")\n  kind: String,";
    let refused = "schemas: the schema does not hold the facts that are stored: ";
    for (name, to, is_good) in [
        ("as it is", kind, true),
        ("one optional attribute more", &format!("{kind}\n  tier?: String,"), true),
        ("another attribute in its place", &kind.replace("kind:", "channel:"), false),
        ("another shape", &kind.replace("String", "Long"), false),
        ("one required attribute more", &format!("{kind}\n  tier: String,"), false),
    ] {
        let said = said(with(SCHEMA, kind, to), Rulebook::Domain);
        assert_eq!(said == "good", is_good, "{name}: {said}");
        assert_eq!(said.starts_with(refused), !is_good, "{name}: {said}");
    }
}

#[test]
fn a_world_asks_for_an_id_of_its_own_for_each_rule_and_nothing_else() {
    let world = |rules: &str| {
        let schema = "entity User; entity Page; action read appliesTo { principal: User, resource: Page };";
        RuleFiles::from_iter([
            ("schema.cedarschema".to_owned(), schema.to_owned()),
            ("policies/all.cedar".to_owned(), rules.to_owned()),
        ])
    };
    let load = |rules: &str| Bundle::load(world(rules), Rulebook::World).map_err(|error| error.to_string());
    let rule = |id: &str| format!("@id(\"{id}\") permit (principal, action, resource);\n");
    assert_eq!(load(&(rule("one") + &rule("two"))).map(|bundle| bundle.rules().count()), Ok(2));
    assert_eq!(
        load(&(rule("one") + &rule("one"))).err().as_deref(),
        Some(r#"policies/all.cedar: `@id("one")` is taken by `policies/all.cedar`; give each rule an id of its own"#)
    );
    assert_eq!(
        load("permit (principal, action, resource);").err().as_deref(),
        Some("policies/all.cedar:1:1: `@id` is missing; write `@id(\"all\")` above the rule")
    );
}

#[test]
fn a_bad_set_is_refused_with_every_finding_by_file_and_line() {
    let mut files = with(NEVER, "\"suspended\"", "\"suspnded\"");
    files.insert(MAY, PERMIT.replace("@source(\"seed\")\n", ""));
    assert_eq!(
        said(files, Rulebook::Domain),
        r#"policies/may/remove-seats.cedar:2:1: `@source` is missing; write `@source("...")`: the clause it comes from
policies/never/partner-suspended.cedar:6:28: `status` is never `suspnded`; it is one of `active`, `deleted`, `expired`, `suspended`"#
    );
}

#[test]
fn a_rule_too_deep_to_be_read_is_refused_and_ends_nothing() {
    let with = |condition: String| {
        format!(
            "@id(\"may/deep\")\n@title(\"t\")\n@source(\"s\")\npermit (principal is Partner, action, resource) when {{ {condition} }};\n"
        )
    };
    let brackets = format!("{}true{}", "(".repeat(30_000), ")".repeat(30_000));
    let joined = vec!["principal.status == \"active\""; 8_000].join(" || ");
    for (condition, message) in [(brackets, "more than 64 brackets"), (joined, "more than 64 conditions")] {
        let said = said(putting("policies/may/deep.cedar", &with(condition)), Rulebook::Domain);
        assert!(said.contains("policies/may/deep.cedar:4:") && said.contains(message), "{said}");
    }
}
