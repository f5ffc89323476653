//! What is wrong with a set of rules, said so that the reviewer finds the place.

use std::fmt;

use miette::Diagnostic;
use serde::{Deserialize, Serialize};

use super::rule::Rule;

/// One thing that is wrong with a file of rules.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The file, as in the folder of rules.
    pub path: String,
    /// The line, from 1; 0 when the finding is about the file as a whole.
    pub line: usize,
    /// The column, from 1, in characters; 0 when the finding is about the file as a whole.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Is it said for the reviewer to judge, and no reason to refuse the set?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub advisory: bool,
    /// Does the file stand so in the rules in force, and not in the set that is looked at?
    #[serde(default, rename = "inForce", skip_serializing_if = "std::ops::Not::not")]
    pub is_in_force: bool,
    /// Does it refuse the first set of a store too, which else just has to load?
    #[serde(skip)]
    pub refuses_first: bool,
}

impl Finding {
    /// A finding at the line a rule's `permit` or `forbid` stands on.
    #[must_use]
    pub fn of_rule(rule: &Rule, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { line: rule.line, column: 1, ..Self::whole(&rule.path, message, hint) }
    }

    /// The same for the reviewer to judge: the set is not refused for it.
    #[must_use]
    pub fn advising(self) -> Self {
        Self { advisory: true, ..self }
    }

    /// The same about a file of the rules in force, which the set may have otherwise or not at all.
    #[must_use]
    pub fn of_in_force(self) -> Self {
        Self { is_in_force: true, ..self }
    }

    /// The same refusing the first set of a store too.
    #[must_use]
    pub fn refusing_first(self) -> Self {
        Self { refuses_first: true, ..self }
    }

    /// A finding about a file as a whole.
    pub fn whole(path: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: 0,
            column: 0,
            message: message.into(),
            hint: Some(hint.into()),
            advisory: false,
            is_in_force: false,
            refuses_first: false,
        }
    }

    /// A finding at a byte offset of the file's text.
    pub fn at(path: &str, text: &str, offset: usize, message: impl Into<String>, hint: Option<String>) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        let (path, message) = (path.to_owned(), message.into());
        Self { path, line, column, message, hint, advisory: false, is_in_force: false, refuses_first: false }
    }

    /// The findings of one of Cedar's own errors or warnings, which says where it is by byte offset.
    ///
    /// A parse error may hold several; each comes with its own place.
    pub fn of_diagnostic(path: &str, text: &str, diagnostic: &dyn Diagnostic) -> Vec<Self> {
        let label = diagnostic.labels().and_then(|mut labels| labels.next());
        let mut hint = diagnostic.help().map(|help| help.to_string());
        if let Some(expected) = label.as_ref().and_then(|label| label.label()) {
            hint.get_or_insert_with(|| expected.to_owned());
        }
        let message = one_line(&diagnostic.to_string());
        let mut findings = vec![match label {
            Some(label) => Self::at(path, text, label.offset(), message, hint),
            None => Self { line: 0, column: 0, ..Self::at(path, text, 0, message, hint) },
        }];
        for related in diagnostic.related().into_iter().flatten() {
            findings.extend(Self::of_diagnostic(path, text, related));
        }
        findings
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// A set of rules that cannot be put in force.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", listed(.findings))]
pub struct RulesError {
    /// What is wrong with it, by file and line; never empty.
    pub findings: Vec<Finding>,
}

fn listed(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// An error with what lies beneath it, in one line.
pub(crate) fn full(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(beneath) = cause {
        let said = beneath.to_string();
        if !message.contains(&said) {
            message.push_str(": ");
            message.push_str(&said);
        }
        cause = beneath.source();
    }
    message
}
