//! The ledger as a file: one JSON object a line, which an outsider can verify with a public key alone.
//!
//! - the first line: `{"ledger": origin, "from": n, "peaks": [..]}`; the peaks are the full subtrees over the records
//!   before `n`, so that the root of all can be computed from the file
//! - a line a record: `{"seq": n, "hash": .., "record": {..}}`, the record being its exact bytes and the hash that of
//!   its leaf; bytes that are no JSON of one line stand in base64 as `"bytes"`
//! - a masked record: `{"seq": n, "hash": .., "masked": [fields], "record": {..}}`; its hash can no longer be
//!   computed from the line, so its hash is taken as it is, and the tree still holds together. `"guessable": true`
//!   stands on one without a salt: whoever guesses what is masked can see from the hash whether the guess is right
//! - a record that cannot be read where it is kept: `{"seq": n, "hash": .., "missing": why}`; whoever verifies finds
//!   that
//! - a signed checkpoint wherever one was kept, and always at the end: `{"checkpoint": note}`

use std::fmt::Write as _;

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::mask::Mask;
use super::tree::{Hash, Peaks, hash_text, parse_hash};
use crate::limits::LEDGER_RECORDS_MAX;

/// The first line: whose ledger it is, and what stood before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// Whose ledger it is.
    pub origin: String,
    /// The tree over the records before the first one of the file.
    pub before: Peaks,
}

impl Header {
    /// The line, without its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let peaks: Vec<String> = self.before.hashes().iter().map(hash_text).collect();
        serde_json::json!({ "ledger": self.origin, "from": self.before.size() + 1, "peaks": peaks }).to_string()
    }
}

/// The line of a record, without its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordLine {
    /// Its place in the ledger.
    pub seq: u64,
    /// The hash of its leaf.
    pub hash: Hash,
    /// Its exact bytes; of a masked one, those of what is left.
    pub record: Vec<u8>,
    /// What is left out of it.
    pub masked: Vec<String>,
    /// Can what is left out be guessed, because the record has no salt?
    pub is_guessable: bool,
}

impl RecordLine {
    /// The line of a record, with what is masked left out; ends without its line break.
    #[must_use]
    pub fn write(seq: u64, hash: &Hash, record: &[u8], mask: &Mask) -> String {
        let mut line = format!("{{\"seq\":{seq},\"hash\":\"{}\"", hash_text(hash));
        let text = std::str::from_utf8(record).ok().filter(|text| !text.contains('\n'));
        let text = text.filter(|text| serde_json::from_str::<&RawValue>(text).is_ok_and(|raw| raw.get() == *text));
        // Writing into a string cannot fail.
        let _ = match (mask.apply(record), text) {
            (Some(left), _) => {
                let guessable = if left.is_guessable { ",\"guessable\":true" } else { "" };
                write!(line, ",\"masked\":{}{guessable},\"record\":{}}}", serde_json::json!(left.masked), left.record)
            }
            (None, Some(text)) => write!(line, ",\"record\":{text}}}"),
            (None, None) => write!(line, ",\"bytes\":\"{}\"}}", BASE64.encode(record)),
        };
        line
    }
}

/// The line of a record that was missing when the ledger was exported, without its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MissingLine {
    /// Its place in the ledger.
    pub seq: u64,
    /// The hash of its leaf.
    pub hash: Hash,
    /// Which file is missing, and why.
    pub missing: String,
}

impl MissingLine {
    /// The line, without its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let (hash, why) = (hash_text(&self.hash), Value::from(self.missing.as_str()));
        format!("{{\"seq\":{},\"hash\":\"{hash}\",\"missing\":{why}}}", self.seq)
    }
}

/// A line of an export.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExportLine {
    /// The first one.
    Header(Header),
    /// A record.
    Record(RecordLine),
    /// A record that was missing.
    Missing(MissingLine),
    /// A signed checkpoint over every record before it.
    Checkpoint(String),
}

/// Why a line is none of an export.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LineError {
    /// It is no JSON of the right members.
    #[error("it is not a line of an exported ledger: {0}")]
    NotALine(String),
    /// A member cannot be as it is.
    #[error("its `{0}` cannot be as it is")]
    Member(&'static str),
}

/// Reads a line of an export.
///
/// # Errors
/// A [`LineError`].
pub fn read_line(line: &str) -> Result<ExportLine, LineError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wire<'a> {
        ledger: Option<String>,
        from: Option<u64>,
        peaks: Option<Vec<String>>,
        seq: Option<u64>,
        hash: Option<String>,
        #[serde(borrow)]
        record: Option<&'a RawValue>,
        bytes: Option<String>,
        masked: Option<Vec<String>>,
        guessable: Option<bool>,
        missing: Option<String>,
        checkpoint: Option<String>,
    }
    let wire: Wire<'_> = serde_json::from_str(line).map_err(|error| LineError::NotALine(error.to_string()))?;
    if wire.seq.is_some_and(|seq| seq > LEDGER_RECORDS_MAX) {
        return Err(LineError::Member("seq"));
    }
    match wire {
        Wire { checkpoint: Some(note), seq: None, ledger: None, .. } => Ok(ExportLine::Checkpoint(note)),
        Wire { ledger: Some(origin), from: Some(from), peaks: Some(peaks), seq: None, .. } => {
            let hashes: Option<Vec<Hash>> = peaks.iter().map(|peak| parse_hash(peak)).collect();
            let before = from.checked_sub(1).zip(hashes).and_then(|(size, hashes)| Peaks::of(size, hashes));
            Ok(ExportLine::Header(Header { origin, before: before.ok_or(LineError::Member("peaks"))? }))
        }
        Wire { seq: Some(seq), hash: Some(hash), missing: Some(missing), record: None, bytes: None, .. } => {
            let hash = parse_hash(&hash).ok_or(LineError::Member("hash"))?;
            Ok(ExportLine::Missing(MissingLine { seq, hash, missing }))
        }
        Wire { seq: Some(seq), hash: Some(hash), record, bytes, masked, guessable, missing: None, .. } => {
            let hash = parse_hash(&hash).ok_or(LineError::Member("hash"))?;
            let record = match (record, bytes) {
                (Some(record), None) => record.get().as_bytes().to_vec(),
                (None, Some(bytes)) => BASE64.decode(bytes.as_bytes()).map_err(|_| LineError::Member("bytes"))?,
                _ => return Err(LineError::Member("record")),
            };
            let (masked, is_guessable) = (masked.unwrap_or_default(), guessable.unwrap_or_default());
            Ok(ExportLine::Record(RecordLine { seq, hash, record, masked, is_guessable }))
        }
        _ => Err(LineError::NotALine("it names neither a ledger, a record nor a checkpoint".to_owned())),
    }
}
