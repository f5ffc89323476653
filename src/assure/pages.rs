//! The page beside the rules that says which file answers a question, written from the files themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::decide::Reason;
use crate::policy::{Bundle, Place, Rule};

/// `policies/README.md`: which file answers which question, and what each code of a refusal means.
#[must_use]
pub fn readme(bundle: &Bundle) -> String {
    let mut text = String::from(INTRODUCTION);
    for group in [Group::May, Group::Never, Group::Api, Group::Always] {
        let rules: Vec<&Rule> = bundle.rules().filter(|rule| Group::of(rule) == Some(group)).collect();
        let _ = write!(text, "\n## {}\n\n{}\n\n", group.title(), group.about());
        if rules.is_empty() {
            text.push_str("There is none yet.\n");
            continue;
        }
        text.push_str("| Question | File | What it says | Where it comes from |\n|---|---|---|---|\n");
        for rule in rules {
            let question = question(bundle, rule).unwrap_or_else(|| rule.title.clone());
            let reason = rule.reason.as_ref().map(|code| format!(" (`{code}`)")).unwrap_or_default();
            let file = rule.path.strip_prefix("policies/").unwrap_or(&rule.path);
            let said = [cell(&question), format!("[{file}]({file})"), cell(&rule.title) + &reason, cell(&rule.source)];
            let _ = writeln!(text, "| {} |", said.join(" | "));
        }
    }
    text.push_str(REASONS);
    for (code, sentence, by) in reasons(bundle) {
        let _ = writeln!(text, "| `{code}` | {} | {by} |", cell(&sentence));
    }
    text
}

const INTRODUCTION: &str = "\
# Which file answers my question?

This page is written from the rules themselves and compared with them by a test: change a rule, not this page. Each
file holds one rule. Above the rule stand the question it answers, and for every rule a title, the clauses it comes
from, and for a refusal the code that callers see. What a clause says and where it stands is in
[SOURCES.md](SOURCES.md), what the words mean in [GLOSSARY.md](GLOSSARY.md); which attributes and actions there are is
in [the schema](../schemas/standing.cedarschema). `standing tables` prints every answer these files give together.

A partner may do something when a file in `may/` says so and no file in `never/` says otherwise. A rule that cannot be
evaluated refuses.
";

const REASONS: &str = "
## Why an answer is no

In this order of precedence: what is unknown, what does not apply or is invalid, a rule that cannot be evaluated,
a refusal from `never/` with its own code, and last the right that is missing. A refusal may bring a code that is not
built in.

| Code | What it means | Given by |
|---|---|---|
";

/// The parts of the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    May,
    Never,
    Api,
    Always,
}

impl Group {
    /// The part a rule stands in; a rule of a world stands in none.
    fn of(rule: &Rule) -> Option<Self> {
        match rule.place {
            Place::May | Place::Never if rule.path.split('/').nth(2) == Some("api") => Some(Self::Api),
            Place::May => Some(Self::May),
            Place::Never => Some(Self::Never),
            Place::Always => Some(Self::Always),
            Place::World => None,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::May => "may: what is allowed",
            Self::Never => "never: what is refused whatever else is allowed",
            Self::Api => "api: who may make which call of this service",
            Self::Always => "always: what holds for all rules together",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::May => "Permits only, one file a question, named after the action.",
            Self::Never => "Forbids only, one file a reason.",
            Self::Api => "The same two kinds of files, in `may/api/` and `never/api/`, about the calls themselves.",
            Self::Always => "Claims, which decide nothing: they are proved against the rules above.",
        }
    }
}

/// The question a file answers: the first line of the comment it opens with.
fn question(bundle: &Bundle, rule: &Rule) -> Option<String> {
    let first = bundle.files().get(&rule.path)?.lines().next()?;
    let said = first.strip_prefix("//")?.trim();
    (!said.is_empty()).then(|| said.to_owned())
}

/// Every code of a refusal with its sentence and who gives it: the built-in ones in the order of precedence, then
/// those only a forbid brings.
fn reasons(bundle: &Bundle) -> Vec<(String, String, String)> {
    let mut defined: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in bundle.rules() {
        if let Some(code) = &rule.reason {
            defined.entry(code).or_default().push(rule);
        }
    }
    let given = |rules: &[&Rule]| rules.iter().map(|rule| format!("`{}`", rule.id)).collect::<Vec<_>>().join(", ");
    let mut reasons = Vec::new();
    for (code, sentence) in Reason::BUILT_IN {
        let by = defined.remove(code).map_or_else(|| "built in".to_owned(), |rules| given(&rules));
        reasons.push(((*code).to_owned(), (*sentence).to_owned(), by));
    }
    for (code, rules) in defined {
        let titles: Vec<&str> = rules.iter().map(|rule| rule.title.as_str()).collect();
        reasons.push((code.to_owned(), titles.join("; "), given(&rules)));
    }
    reasons
}

/// A text as one cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
