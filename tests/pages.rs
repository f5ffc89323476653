//! The pages beside the rules, for reviewers who do not program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

use standing::assure::pages;
use standing::decide::Duty;
use standing::domain::commercial::{Outcome, Position, RelationshipState, RenegotiationState, Side};
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::domain::subscription::SubscriptionStatus;
use standing::facts::Role;
use standing::policy::Shape;
use standing::question::Kind;
use standing::standing::Right;

use crate::shipped::{ROOT, shipped};

#[test]
fn the_page_beside_the_rules_is_what_the_rules_say() -> io::Result<()> {
    let written = pages::readme(shipped());
    let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policies-README.md");
    fs::write(&beside, &written)?;
    let committed = fs::read_to_string(Path::new(ROOT).join("policies/README.md"))?;
    assert!(committed == written, "policies/README.md is not what the rules say; copy `{}` over it", beside.display());
    Ok(())
}

/// The words in the first column of the glossary's tables.
fn glossary() -> io::Result<BTreeSet<String>> {
    let text = fs::read_to_string(Path::new(ROOT).join("policies/GLOSSARY.md"))?;
    let words =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(word, _)| word.to_owned());
    Ok(words.collect())
}

#[test]
fn the_glossary_explains_every_word_of_the_schema_and_the_domain_and_no_other() -> io::Result<()> {
    let mut words = BTreeSet::new();
    let bundle = shipped();
    for (kind, attributes) in bundle.vocabulary().entities() {
        words.insert(kind.to_owned());
        words.extend(attributes.keys().cloned());
        let inner = attributes.values().filter_map(|attribute| match &attribute.shape {
            Shape::Record(members) => Some(members.keys().cloned()),
            _ => None,
        });
        words.extend(inner.flatten());
    }
    words.extend(bundle.schema().actions().map(|action| action.id().unescaped().to_owned()));
    words.extend(Kind::ALL.iter().map(|word| word.as_str().to_owned()));
    words.extend(Right::ALL.iter().map(ToString::to_string));
    words.extend(Duty::ALL.iter().map(ToString::to_string));
    words.extend(PartnerKind::ALL.iter().map(ToString::to_string));
    words.extend(PartnerStatus::ALL.iter().map(ToString::to_string));
    words.extend(SubscriptionStatus::ALL.iter().map(ToString::to_string));
    words.extend(RelationshipState::ALL.iter().map(ToString::to_string));
    words.extend(Side::ALL.iter().map(ToString::to_string));
    words.extend(Outcome::ALL.iter().map(ToString::to_string));
    words.extend(Position::ALL.iter().map(ToString::to_string));
    words.extend(RenegotiationState::ALL.iter().map(ToString::to_string));
    words.extend(Role::ALL.iter().map(ToString::to_string));
    let explained = glossary()?;
    let unexplained: Vec<&String> = words.difference(&explained).collect();
    let stale: Vec<&String> = explained.difference(&words).collect();
    assert!(unexplained.is_empty(), "not in policies/GLOSSARY.md: {unexplained:?}");
    assert!(stale.is_empty(), "in policies/GLOSSARY.md, but a word of nothing: {stale:?}");
    Ok(())
}

/// The clauses of the sources as rules cite them, each with the files of the program that hold it.
fn sources() -> io::Result<BTreeMap<String, Vec<String>>> {
    let text = fs::read_to_string(Path::new(ROOT).join("policies/SOURCES.md"))?;
    let mut clauses = BTreeMap::new();
    for section in text.split("\n## ").skip(1) {
        let (title, rest) = section.split_once('\n').unwrap();
        let entries = rest.split("\n- `").skip(1);
        for (clause, said) in entries.map(|entry| entry.split_once('`').unwrap()) {
            let cited = if title == "Readings" { clause.to_owned() } else { format!("{title}, {clause}") };
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            let held_by = said.split_once("Held by").map_or("", |(_, files)| files);
            let files = held_by.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            assert!(clauses.insert(cited.clone(), files).is_none(), "`{cited}` stands twice in policies/SOURCES.md");
        }
    }
    Ok(clauses)
}

#[test]
fn what_a_rule_cites_stands_in_the_sources_and_what_stands_there_is_cited_or_held_by_the_program() -> io::Result<()> {
    let clauses = sources()?;
    let mut cited = BTreeSet::new();
    for rule in shipped().rules() {
        for clause in rule.source.split("; ") {
            assert!(clauses.contains_key(clause), "{}: `{clause}` is no clause of policies/SOURCES.md", rule.id);
            cited.insert(clause);
        }
    }
    for (clause, files) in &clauses {
        let is_cited = cited.contains(clause.as_str());
        assert_eq!(is_cited, files.is_empty(), "`{clause}`: cited by a rule, or else held by a file of the program");
        for file in files {
            assert!(Path::new(ROOT).join(file).is_file(), "`{clause}` is held by `{file}`, which is not there");
        }
    }
    Ok(())
}
