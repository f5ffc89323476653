//! What the loader says about a set of rules that cannot be put in force: file, line, column, and what to do.

use standing::decide::schema_findings;
use standing::policy::{Bundle, Digest, RuleFiles, Rulebook};

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
when { resource has sale && resource.sale.reseller == principal };
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
when { resource has sale && resource.sale.reseller == principal };
"#;

const SCHEMA: &str = "schemas/standing.cedarschema";

/// What the loader says, as it is printed.
fn said(files: RuleFiles, book: Rulebook) -> String {
    match Bundle::load(files, book) {
        Ok(bundle) => match schema_findings(&bundle) {
            found if found.is_empty() && bundle.missing_words().is_empty() => "good".to_owned(),
            mut found => {
                found.extend(bundle.missing_words_against(None));
                found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
            }
        },
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
            "policies/may/remove-seats.cedar:6:64: unexpected token `;`; expected `!=`, `&&`, `(`, `*`, `+`, `-`, `.`, `::`, `<`, `<=`, `==`, `>`, `>=`, `[`, `||`, `}`, or `in`",
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
            with(MAY, "resource.sale.reseller ==", "resource.salle.reseller =="),
            "policies/may/remove-seats.cedar:6:29: for policy `may/remove-seats`, attribute `salle` on entity type `Subscription` not found; did you mean `sale`?",
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
            with(MAY, "resource has sale && ", ""),
            "policies/may/remove-seats.cedar:6:8: for policy `may/remove-seats`, unable to guarantee safety of access to optional attribute `sale` on entity type `Subscription`; try testing for the attribute's presence with `e has sale && ..`",
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
            with(MAY, "resource has sale", "resource has salle"),
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
            "schemas/standing.cedarschema:19:1: error parsing schema: unexpected token `@`; expected `,`, `;`, `=`, `{`, `enum`, `in`, or `tags`",
        ),
        (
            "a type declared twice",
            with(SCHEMA, "entity Customer;", "entity Customer; entity Customer;"),
            "schemas/standing.cedarschema:17:8: error parsing schema: `Customer` is declared twice",
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
fn a_schema_declares_what_the_facts_fill_and_nothing_else() {
    const API: &str = "schemas/api.cedarschema";
    let kind = "  @values(\"directBill indirectProvider indirectReseller advisor\")\n  kind: String,";
    let parent = "  parent?: Subscription,";
    let hint = "take it out: a rule that asks for it never finds it";
    let kept = "keep the shipped attributes as they are";
    let said = |at: &str, message: &str, hint: &str| format!("schemas/{at}: {message}; {hint}");
    let domain = |at: &str, message: &str, hint: &str| said(&format!("standing.cedarschema:{at}"), message, hint);
    let cases = [
        ("as it is", with(SCHEMA, kind, kind), "good".to_owned()),
        (
            "an optional attribute more",
            with(
                SCHEMA,
                parent,
                &format!("{parent}\n  // its country?: String\n  @doc(\"country: where\")\n  country?: String,"),
            ),
            domain("48:3", "no fact fills `Subscription.country`", hint),
        ),
        (
            "a required attribute more, on one line with another",
            with(SCHEMA, "  kind: String,", "  kind: String, \"tier\": Long,"),
            domain("10:17", "no fact fills `Partner.tier`", hint),
        ),
        (
            "an attribute of a type without any",
            with(SCHEMA, "entity Customer;", "entity Customer = { segment?: String };"),
            domain("17:21", "no fact fills `Customer.segment`", hint),
        ),
        (
            "an attribute in a shape that has a name",
            with(
                SCHEMA,
                "entity Customer;",
                "type Known = { segment?: String };\nentity Customer = { known?: Known };",
            ),
            domain("18:21", "no fact fills `Customer.known`", hint),
        ),
        (
            "an attribute of what calls are about",
            with(API, "entity Installation;", "entity Installation = { region?: String };"),
            said("api.cedarschema:5:27", "no fact fills `Api::Installation.region`", hint),
        ),
        (
            "another type",
            with(SCHEMA, kind, &kind.replace("String", "Long")),
            domain("10:3", "`Partner.kind` is of another type in the facts", kept),
        ),
        (
            "a reference to another type",
            with(SCHEMA, "  customer: Customer,\n  @doc(\"All partners", "  customer: Partner,\n  @doc(\"All partners"),
            domain("22:3", "`Service.customer` is of another type in the facts", kept),
        ),
        (
            "what is not always there as if it were",
            with(SCHEMA, parent, "  parent: Subscription,"),
            domain("45:3", "`Subscription.parent` is not always there", "write `parent?`"),
        ),
        (
            "an attribute less",
            with(
                SCHEMA,
                &format!("  @doc(\"The subscription this add-on adds to; fixed at creation\")\n{parent}\n"),
                "",
            ),
            domain("28:8", "`Subscription` lacks `parent`, which the facts have", kept),
        ),
        (
            "a type that nothing is of",
            with(SCHEMA, "entity Customer;", "entity Country;\nentity Customer;"),
            domain("17:8", "no fact is of the type `Country`", "take it out, with what names it"),
        ),
        (
            "a type that nothing is of, among the calls",
            with(API, "entity Installation;", "entity Installation;\n  entity Team;"),
            said("api.cedarschema:6:10", "no fact is of the type `Api::Team`", "take it out, with what names it"),
        ),
        (
            "a group that nothing is in",
            with(SCHEMA, "entity Customer;", "entity Customer in [Customer];"),
            domain("17:8", "no fact puts a `Customer` in a `Customer`", "take the `in` of the type out"),
        ),
        (
            "a word that no fact says",
            with(SCHEMA, "@values(\"active ended\")", "@values(\"active ended paused\")"),
            domain(
                "42:5",
                "no fact says `paused` for `Subscription.sale.relationship`",
                "it is one of `active`, `ended`",
            ),
        ),
        (
            "a word less than there are",
            with(SCHEMA, "@values(\"active ended\")", "@values(\"active\")"),
            domain(
                "42:5",
                "`Subscription.sale.relationship` can be `ended`, which its `@values` leave out",
                "add it there; until then whatever is asked of such a fact is refused with `invalid_fact`",
            ),
        ),
    ];
    expect(cases.iter().map(|(name, files, said)| (*name, files.clone(), said.as_str())).collect());
}

#[test]
fn quotation_marks_that_are_none_are_named_with_what_to_write() {
    let named = |at: &str, mark: char| {
        format!("{at}: `{mark}` looks like a quotation mark and is none; write `\"` in place of `{mark}`")
    };
    let title = "@title(\"The original reseller may remove seats\")";
    let cases = [
        (with(MAY, title, "@title(\u{201c}Who\u{201d})"), named(&format!("{MAY}:3:8"), '\u{201c}')),
        (with(MAY, title, "@title(\u{201c}Who\u{201d})"), named(&format!("{MAY}:3:12"), '\u{201d}')),
        (with(MAY, title, "@title(\"Who\u{201d})"), named(&format!("{MAY}:3:12"), '\u{201d}')),
        (with(NEVER, "\"suspended\"", "\u{2018}suspended\u{2019}"), named(&format!("{NEVER}:6:28"), '\u{2018}')),
        (with(ALWAYS, "\"only-when\"", "\u{ab}only-when\u{bb}"), named(&format!("{ALWAYS}:4:8"), '\u{ab}')),
        (
            with(SCHEMA, "@doc(\"Whose service it is\")", "@doc(\u{201e}Whose service it is\u{201c})"),
            named(&format!("{SCHEMA}:21:8"), '\u{201e}'),
        ),
    ];
    for (files, expected) in cases {
        let said = said(files, Rulebook::Domain);
        assert!(said.lines().any(|line| line == expected), "{expected}\n  is not in\n{said}");
    }
    let harmless = with(MAY, "// Who may remove seats?", "// Who may \u{201c}remove\u{201d} seats?");
    let harmless = harmless.iter().map(|(path, text)| {
        (path.to_owned(), text.replace("@source(\"seed\")", "@source(\"the \u{201c}seed\u{201d}\")"))
    });
    assert_eq!(said(harmless.collect(), Rulebook::Domain), "good");
}

#[test]
fn what_an_editor_leaves_in_a_folder_is_passed_over_and_any_other_name_refuses_it() {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    for (path, text) in good().iter() {
        put(path, &format!("\u{feff}{text}"));
    }
    let strays = [
        "policies/.DS_Store",
        "policies/may/.#remove-seats.cedar",
        "policies/may/.remove-seats.cedar.swp",
        "policies/may/remove-seats.cedar.bak",
        "policies/may/remove-seats.cedar~",
        "schemas/Thumbs.db",
    ];
    for path in strays {
        put(path, "permit (principal, action, resource);");
    }
    let read = RuleFiles::read(folder.path(), &RuleFiles::default()).unwrap();
    assert_eq!(read.strays(), strays);
    assert_eq!(Digest::of(&read), Digest::of(&good()), "neither they nor a byte order mark are part of the rules");
    assert_eq!(said(read, Rulebook::Domain), "good");
    for name in ["x.cedar.txt", "x.cedr", ".x.cedar", "x.cedar.orig", "#x.cedar#", "x.swp.txt", "ds_store", ".git"] {
        let path = format!("policies/never/{name}");
        put(&path, "forbid (principal, action, resource);");
        let refused = RuleFiles::read(folder.path(), &RuleFiles::default()).unwrap_err().to_string();
        assert!(refused.contains(&path) && refused.contains("would decide nothing"), "{name}: {refused}");
        std::fs::remove_file(folder.path().join(path)).unwrap();
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

/// A schema of so many common types, each a record of two of the type before it.
fn doubling(types: usize) -> String {
    let mut schema = "entity A = { x: T0 };\naction a appliesTo { principal: A, resource: A };\n".to_owned();
    for index in 0..types {
        schema.push_str(&format!("type T{index} = {{ a: T{next}, b: T{next} }};\n", next = index + 1));
    }
    schema + &format!("type T{types} = String;\n")
}

#[test]
fn a_schema_that_is_large_once_its_types_are_written_out_is_refused_before_it_is() {
    let schema = |text: String| {
        let mut files = RuleFiles::default();
        files.insert("schemas/a.cedarschema", text);
        files.insert(
            "policies/may/a.cedar",
            "@id(\"may/a\") @title(\"t\") @source(\"s\") permit (principal, action, resource);",
        );
        files
    };
    let said = |text: String| said(schema(text), Rulebook::World);
    let many = |what: fn(usize) -> String| (0..2_000).map(what).collect::<String>();
    let whole = "attributes and types once each type is written out where it is named";
    let product = format!(
        "{}action a appliesTo {{ principal: [{types}], resource: [{types}] }};",
        (0..200).map(|index| format!("entity E{index};\n")).collect::<String>(),
        types = (0..200).map(|index| format!("E{index}")).collect::<Vec<_>>().join(", "),
    );
    let cases = [
        ("no schema of a few types", doubling(6), "no fact is of the type `A`".to_owned()),
        ("two of the type before, 24 times", doubling(24), format!("the schema has more than 20000 {whole}")),
        ("two of the type before, 60 times", doubling(60), "the schema nests types more than 64 deep".to_owned()),
        ("a chain", doubling(200), "the schema nests types more than 64 deep".to_owned()),
        ("a circle", "type A = { a: B }; type B = { b: A }; entity E;".to_owned(), "is made of itself".to_owned()),
        (
            "types of entities",
            many(|index| format!("entity E{index};\n")),
            "more than 1000 types of entities".to_owned(),
        ),
        ("actions", many(|index| format!("action a{index};\n")), "more than 1000 actions".to_owned()),
        ("principals and resources", product, "more than 10000 pairs of a principal and a resource".to_owned()),
    ];
    let wrong: Vec<String> = cases
        .into_iter()
        .filter_map(|(name, text, expected)| {
            let said = said(text);
            (!said.contains(&expected)).then(|| format!("{name}: {said}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
