//! What is known of a set of rules, in the forms that other tools read: SARIF 2.1.0 and JUnit.

use std::fmt::Write as _;
use std::path::Path;

use clap::ValueEnum;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use crate::assure::proof::{Proof, Proofs};
use crate::policy::Finding;

/// What a path in a URI has encoded, as RFC 3986 has it.
const IN_PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');

/// In which form findings are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(super) enum FindingsForm {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, as code review and scanning tools read it.
    Sarif,
}

/// In which form proofs are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(super) enum ProofsForm {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// JUnit's XML, as build servers read it: a claim is a test case.
    Junit,
}

/// Where a file is, for whoever reads the findings: below the working directory, which is the root of the sources there,
/// where the rules are.
fn location(folder: Option<&Path>, path: &str) -> Value {
    let encoded = |path: &Path| utf8_percent_encode(&path.to_string_lossy(), IN_PATH).to_string();
    let here = std::env::current_dir().ok();
    let folder = folder.map(|folder| folder.join(path));
    match (&folder, here.as_ref().zip(folder.as_ref()).and_then(|(here, file)| file.strip_prefix(here).ok())) {
        (_, Some(below)) => {
            // `./x` and `x` are one file, and only the second is a relative URI that every reader takes.
            let below: std::path::PathBuf = below.components().filter(|part| part.as_os_str() != ".").collect();
            json!({ "uri": encoded(&below), "uriBaseId": "%SRCROOT%" })
        }
        (Some(file), None) => json!({ "uri": format!("file://{}", encoded(file)) }),
        // The set in the program has no files.
        (None, _) => json!({ "uri": encoded(Path::new(path)) }),
    }
}

/// Findings as SARIF: what refuses a set is an error, advice is a warning. What a server here refuses besides is told of
/// the run, because its files may be others by now.
pub(super) fn sarif(findings: &[Finding], refused: &[Finding], folder: Option<&Path>) -> Value {
    let message = |finding: &Finding| match &finding.hint {
        Some(hint) => format!("{}; {hint}", finding.message),
        None => finding.message.clone(),
    };
    let place = |finding: &Finding| {
        let mut place = json!({ "artifactLocation": location(folder, &finding.path) });
        if finding.line > 0 {
            place["region"] = json!({ "startLine": finding.line, "startColumn": finding.column.max(1) });
        }
        json!([{ "physicalLocation": place }])
    };
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let (rule, index, level) =
                if finding.advisory { ("advice", 1, "warning") } else { ("refused", 0, "error") };
            json!({
                "ruleId": rule, "ruleIndex": index, "level": level,
                "message": { "text": message(finding) }, "locations": place(finding),
            })
        })
        .collect();
    let notifications: Vec<Value> = refused
        .iter()
        .map(|finding| {
            let text = format!("a server here refuses other rules: {finding}");
            json!({ "level": "error", "message": { "text": text } })
        })
        .collect();
    let rule = |id: &str, level: &str, text: &str| json!({ "id": id, "shortDescription": { "text": text }, "defaultConfiguration": { "level": level } });
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "standing",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": [
                    rule("refused", "error", "A set of rules in which this is found cannot be in force."),
                    rule("advice", "warning", "This is for the reviewer to judge, and refuses no set."),
                ],
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications }],
            "results": results,
        }],
    })
}

/// Text inside XML, in an attribute too. What XML 1.0 cannot say at all is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// What a test case came to.
enum Case {
    Passed,
    /// It is not so.
    Failed(String),
    /// It is not known whether it is so.
    Unknown(String),
}

fn suite(name: &str, cases: &[(String, String, Case)]) -> String {
    let count = |is: fn(&Case) -> bool| cases.iter().filter(|(_, _, case)| is(case)).count();
    let (failures, errors) =
        (count(|case| matches!(case, Case::Failed(_))), count(|case| matches!(case, Case::Unknown(_))));
    let mut xml = format!(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\">\n",
        escaped(name),
        cases.len()
    );
    for (class, name, case) in cases {
        let (class, name) = (escaped(class), escaped(name));
        let _ = match case {
            Case::Passed => writeln!(xml, "    <testcase classname=\"{class}\" name=\"{name}\"/>"),
            Case::Failed(why) => writeln!(
                xml,
                "    <testcase classname=\"{class}\" name=\"{name}\"><failure message=\"{}\"/></testcase>",
                escaped(why)
            ),
            Case::Unknown(why) => writeln!(
                xml,
                "    <testcase classname=\"{class}\" name=\"{name}\"><error message=\"{}\"/></testcase>",
                escaped(why)
            ),
        };
    }
    xml.push_str("  </testsuite>\n");
    xml
}

/// Proofs as JUnit: everything passes only where `standing rules prove` ends well.
pub(super) fn junit(findings: &[Finding], proofs: Option<&Proofs>, is_strict: bool) -> String {
    let mut claims = Vec::new();
    for claim in proofs.into_iter().flat_map(|proofs| &proofs.claims) {
        let case = match &claim.proof {
            Proof::Proved => Case::Passed,
            Proof::Broken { counterexample } => Case::Failed(counterexample.sentence.clone()),
            Proof::NotProved { why } => Case::Unknown(format!("not proved: {why}")),
            Proof::CheckedOnEveryRow => Case::Unknown("checked on every row, and not proved: no solver".to_owned()),
        };
        claims.push((claim.claim.to_string(), claim.title.clone(), case));
    }
    if let Some(proofs) = proofs {
        let case = match proofs.never_errs {
            Some(true) => Case::Passed,
            Some(false) => Case::Failed("a rule can err".to_owned()),
            None => Case::Unknown("it is not proved".to_owned()),
        };
        claims.push(("rules".to_owned(), "No rule errs, whatever is asked".to_owned(), case));
    }
    let mut found: Vec<(String, String, Case)> = findings
        .iter()
        .map(|finding| {
            let is_passed = finding.advisory && !is_strict;
            let case = if is_passed { Case::Passed } else { Case::Failed(finding.to_string()) };
            (finding.path.clone(), finding.message.clone(), case)
        })
        .collect();
    if found.is_empty() {
        found.push(("rules".to_owned(), "Nothing is wrong with the set".to_owned(), Case::Passed));
    }
    let (claims, found) = (suite("claims", &claims), suite("findings", &found));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"standing rules prove\">\n{claims}{found}</testsuites>\n"
    )
}
