//! Who signed the rows of a table, when, and which rows: `Signed: NAME, YYYY-MM-DD, sha256:DIGEST`.
//!
//! The digest is that of what the rows say, in a form of its own: the order of rows and columns, columns that say
//! nothing and the text around a table may change, the rows may not. A draft says so in the same place.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::rows::{ANY, NOT_APPLICABLE, Row, readable, rows, words};
use crate::policy::Finding;

/// How a line begins that signs a table.
const SIGNED: &str = "Signed:";
/// What stands there in a draft.
pub(super) const DRAFT: &str = "Signed: nobody yet; drafted from the rules.";
/// What a draft of an earlier day says.
const OLDER_DRAFT: &str = "Drafted from the rules; signed by nobody yet.";
const NOBODY: &str = "nobody yet";
const ALGORITHM: &str = "sha256:";
const NAME_LENGTH_MAX: usize = 200;

/// Somebody's name under the rows of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Signature {
    /// Where the line stands, as a byte offset.
    pub(super) offset: usize,
    /// Who signed.
    pub(super) name: String,
    /// When.
    pub(super) date: Date,
    /// The digest of the rows that were signed.
    pub(super) digest: String,
}

/// What a text says of its signatures.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Signatures {
    /// Does it say that nobody signed it?
    pub(super) is_draft: bool,
    /// The signatures.
    pub(super) signed: Vec<Signature>,
    /// Where a line stands that begins like a signature and is none.
    pub(super) unreadable: Vec<usize>,
}

/// One line of a text, as far as signatures go.
enum Line {
    Draft,
    Signature(Signature),
    Unreadable,
    Other,
}

impl Line {
    fn of(line: &str, offset: usize) -> Self {
        let line = line.trim_end();
        if line == OLDER_DRAFT {
            return Self::Draft;
        }
        let Some(said) = line.strip_prefix(SIGNED) else { return Self::Other };
        let said = said.trim_start();
        if said.starts_with(NOBODY) {
            return Self::Draft;
        }
        let mut parts = said.rsplitn(3, ", ");
        let (digest, date, name) = (parts.next(), parts.next(), parts.next());
        let digest = digest.and_then(|said| said.strip_prefix(ALGORITHM)).filter(|digest| is_digest(digest));
        let date = date.and_then(|said| said.parse::<Date>().ok().filter(|date| date.to_string() == said));
        match (digest, date, name.filter(|name| is_name(name))) {
            (Some(digest), Some(date), Some(name)) => {
                Self::Signature(Signature { offset, name: name.to_owned(), date, digest: digest.to_owned() })
            }
            _ => Self::Unreadable,
        }
    }
}

fn is_digest(digest: &str) -> bool {
    digest.len() == 64 && HEXLOWER.decode(digest.as_bytes()).is_ok()
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.trim() == name
        && name.len() <= NAME_LENGTH_MAX
        && !name.contains(char::is_control)
        && !name.starts_with(NOBODY)
}

/// The lines of a text with where each begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |offset, line| {
        let begins = *offset;
        *offset += line.len();
        Some((begins, line.trim_end_matches('\n')))
    })
}

/// Everything a text says of who signed it.
pub(super) fn signatures(text: &str) -> Signatures {
    let mut found = Signatures::default();
    for (offset, line) in lines(text) {
        match Line::of(line, offset) {
            Line::Draft => found.is_draft = true,
            Line::Signature(signature) => found.signed.push(signature),
            Line::Unreadable => found.unreadable.push(offset),
            Line::Other => {}
        }
    }
    found
}

/// What the digest is made of.
#[derive(Serialize)]
struct Signed<'a> {
    action: &'a str,
    rows: Vec<BTreeMap<&'a str, Vec<&'a str>>>,
}

/// The SHA-256 of what rows say about an action, in hexadecimal.
pub(super) fn digest(action: &str, rows: &[Row]) -> String {
    let mut said: Vec<BTreeMap<&str, Vec<&str>>> = rows.iter().map(said).collect();
    said.sort();
    let signed = serde_json::to_vec(&Signed { action, rows: said }).unwrap_or_default();
    HEXLOWER.encode(&Sha256::digest(signed))
}

/// What a row says: the words of each column that says something.
fn said(row: &Row) -> BTreeMap<&str, Vec<&str>> {
    let columns = row.cells.iter().map(|(title, cell)| {
        let mut words: Vec<&str> = words(cell).collect();
        words.retain(|word| !["", ANY, NOT_APPLICABLE].contains(word));
        words.sort_unstable();
        (title.as_str(), words)
    });
    columns.filter(|(_, words)| !words.is_empty()).collect()
}

/// What is to be said of the signatures of a file whose rows are these.
pub(super) fn findings(path: &str, text: &str, action: &str, rows: &[Row]) -> Vec<Finding> {
    let Signatures { is_draft, signed, unreadable } = signatures(text);
    let how = format!("`standing tables --sign NAME {action}`");
    let digest = digest(action, rows);
    let mut findings = Vec::new();
    for offset in unreadable {
        let hint = format!("write `{SIGNED} NAME, YYYY-MM-DD, {ALGORITHM}{digest}`, or sign with {how}");
        findings.push(Finding::at(path, text, offset, "this is no signature", Some(hint)));
    }
    for signature in signed.iter().filter(|signature| signature.digest != digest) {
        let message = format!("the rows are not those that `{}` signed on {}", signature.name, signature.date);
        let hint = format!("read them and sign them again with {how}, as `{ALGORITHM}{digest}`");
        findings.push(Finding::at(path, text, signature.offset, message, Some(hint)));
    }
    if is_draft {
        let message = format!("no answer to `{action}` is signed: these rows are a draft");
        findings.push(Finding::whole(path, message, format!("read each row, and sign them with {how}")).advising());
    } else if signed.is_empty() && findings.is_empty() {
        let message = format!("the answers to `{action}` are signed without a name, a date and a digest of the rows");
        let hint = format!("read each row, and sign them with {how}, as `{ALGORITHM}{digest}`");
        findings.push(Finding::whole(path, message, hint).advising());
    }
    findings
}

/// Why a table cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// What stands for a name is none.
    #[error("`{0}` is no name to sign with; give one of at most {NAME_LENGTH_MAX} characters, on one line")]
    Name(String),
    /// There is nothing to sign.
    #[error("`{0}` holds no row with an answer; draft some with `standing tables --write`")]
    NoRows(String),
    /// A row cannot be read.
    #[error("{0}")]
    Row(Finding),
}

/// The text with its rows signed: the signature takes the place of what said that it was a draft, of an earlier one of
/// the same name and of those that are not of these rows.
///
/// # Errors
/// A [`SignError`]; then there is nothing that could be signed.
pub fn signed(path: &str, text: &str, action: &str, name: &str, date: Date) -> Result<String, SignError> {
    if !is_name(name) {
        return Err(SignError::Name(name.to_owned()));
    }
    let mut found = Vec::new();
    let rows = rows(path, text, &mut found);
    readable(path, text, &rows, &mut found);
    if let Some(finding) = found.into_iter().next() {
        return Err(SignError::Row(finding));
    }
    if rows.is_empty() {
        return Err(SignError::NoRows(path.to_owned()));
    }
    let digest = digest(action, &rows);
    let signature = format!("{SIGNED} {name}, {date}, {ALGORITHM}{digest}");
    let mut kept: Vec<&str> = Vec::new();
    let mut place = None;
    for (offset, line) in lines(text) {
        match Line::of(line, offset) {
            Line::Other => kept.push(line),
            Line::Signature(other) if other.name != name && other.digest == digest => {
                kept.push(line);
                place.get_or_insert(kept.len());
            }
            _ => {
                place.get_or_insert(kept.len());
            }
        }
    }
    let place = place.unwrap_or_else(|| {
        let table = kept.iter().position(|line| line.starts_with('|')).unwrap_or(kept.len());
        kept.insert(table, "");
        table
    });
    kept.insert(place, &signature);
    // Each stands in a paragraph of its own.
    if place > 0 && !kept[place - 1].is_empty() {
        kept.insert(place, "");
    }
    Ok(kept.join("\n") + "\n")
}
