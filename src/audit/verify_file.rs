//! Verifying an exported ledger with nothing but the file and a public key.

use std::io::{self, BufRead, Read as _};

use super::checkpoint::{Checkpoint, VerifierKey};
use super::export_format::{ExportLine, LineError, MissingLine, RecordLine, read_line};
use super::finding::{Fault, Place, Walked};
use super::tree::Peaks;
use super::verify::Walk;
use crate::limits::LEDGER_LINE_MAX;

/// Why a file cannot be verified at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyFileError {
    /// It cannot be read.
    #[error("line {line} cannot be read: {cause}")]
    Unreadable {
        /// Which line, counted from 1.
        line: u64,
        /// What the system says.
        cause: io::Error,
    },
    /// It does not begin as an export does.
    #[error("the first line does not say whose ledger it is; export it with `standing ledger export`")]
    NoHeader,
}

/// The lines of a file, of which one can be looked at ahead.
struct Lines<R> {
    reader: R,
    line: u64,
    ahead: Option<Read>,
}

/// A line as it was read.
type Read = Result<ExportLine, LineError>;

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<Read>, VerifyFileError> {
        if let Some(line) = self.ahead.take() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        self.line += 1;
        let read = self.reader.by_ref().take(LEDGER_LINE_MAX).read_until(b'\n', &mut bytes);
        let read = read.map_err(|cause| VerifyFileError::Unreadable { line: self.line, cause })?;
        if read == 0 {
            return Ok(None);
        }
        let text = std::str::from_utf8(&bytes).map_err(|error| LineError::NotALine(error.to_string()));
        Ok(Some(match text.map(|text| text.strip_suffix('\n')) {
            Ok(Some(line)) => read_line(line),
            Ok(None) => Err(LineError::NotALine("it does not end as a line does".to_owned())),
            Err(error) => Err(error),
        }))
    }

    /// The number of the record on the next line, when there is one.
    fn next_seq(&mut self) -> Result<Option<u64>, VerifyFileError> {
        self.ahead = self.next()?;
        Ok(match &self.ahead {
            Some(Ok(ExportLine::Record(record))) => Some(record.seq),
            Some(Ok(ExportLine::Missing(line))) => Some(line.seq),
            _ => None,
        })
    }
}

/// Verifies the lines of an export against the key its checkpoints must be signed with, and against other checkpoints
/// somebody kept; reports its progress by the number of the last record.
///
/// # Errors
/// An [`VerifyFileError`] when it is no export, or cannot be read to its end.
pub fn verify_lines(
    reader: impl BufRead,
    key: &VerifierKey,
    kept: &[String],
    mut progress: impl FnMut(u64),
) -> Result<Walked, VerifyFileError> {
    let mut lines = Lines { reader, line: 0, ahead: None };
    let header = match lines.next()? {
        Some(Ok(ExportLine::Header(header))) => header,
        // What follows says whether it was an export whose first line is not as it was written, or never was one.
        _ if matches!(lines.next()?, Some(Ok(_))) => return Ok(without_header()),
        _ => return Err(VerifyFileError::NoHeader),
    };
    let (before, first) = (header.before.clone(), header.before.size() + 1);
    let mut walk = Walk::after(header.before);
    if header.origin != key.origin() {
        let message = format!("the file is of the ledger `{}`, and the key is of `{}`", header.origin, key.origin());
        walk.found(Fault::Checkpoint, first, None, message);
    }
    let mut later = Vec::new();
    for kept in kept.iter().map(|note| key.open(note)) {
        match kept {
            Err(error) => walk.found(Fault::Checkpoint, first, None, format!("a kept checkpoint: {error}")),
            Ok(kept) if kept.size < first => walk.older(&kept, &before),
            Ok(kept) => later.push(kept),
        }
    }
    let mut is_signed_to_the_end = false;
    while let Some(line) = lines.next()? {
        match line {
            Err(error) => {
                is_signed_to_the_end = false;
                let next = walk.size() + 1;
                let message = format!("line {}: {error}", lines.line);
                if lines.next_seq()?.is_some_and(|seq| seq > next) {
                    walk.step(Place::Unreadable(message), None, None);
                } else {
                    walk.found(Fault::Unreadable, next, None, message);
                }
            }
            Ok(ExportLine::Header(_)) => {
                let next = walk.size() + 1;
                walk.found(Fault::Inserted, next, None, "another ledger begins in the middle of the file".to_owned());
            }
            Ok(ExportLine::Checkpoint(note)) => {
                walk.checkpoint(key.open(&note));
                is_signed_to_the_end = true;
            }
            Ok(ExportLine::Missing(line)) => {
                is_signed_to_the_end = false;
                missing(&mut walk, line);
            }
            Ok(ExportLine::Record(record)) => {
                is_signed_to_the_end = false;
                step(&mut walk, record, &mut lines, &mut later)?;
            }
        }
        walk.compare(&mut later);
        progress(walk.size());
    }
    if !is_signed_to_the_end {
        let size = walk.size();
        let message = format!("the file does not end with a signed checkpoint: it was cut off after record {size}");
        walk.found(Fault::Dropped, size + 1, None, message);
    }
    later.into_iter().for_each(|kept| walk.cut_off(Ok(kept)));
    Ok(walk.end())
}

/// What is found in an export whose first line is gone or damaged: nothing that follows can be held against anything.
fn without_header() -> Walked {
    let mut walk = Walk::after(Peaks::default());
    let message =
        "the first line, which says whose ledger it is, is not as it was written: nothing after it can be verified";
    walk.found(Fault::Unreadable, 1, None, message.to_owned());
    walk.end()
}

/// A record that was missing when the file was written: its hash stands for it, so that the rest is verified.
fn missing(walk: &mut Walk, line: MissingLine) {
    let expected = walk.size() + 1;
    if line.seq < expected {
        let message = format!("a line of record {} stands between records {} and {expected}", line.seq, expected - 1);
        return walk.found(Fault::Inserted, expected, None, message);
    }
    walk.gap(line.seq - 1);
    walk.step(Place::Nothing(Some(line.missing)), Some(line.hash), None);
}

fn step<R: BufRead>(
    walk: &mut Walk,
    record: RecordLine,
    lines: &mut Lines<R>,
    later: &mut Vec<Checkpoint>,
) -> Result<(), VerifyFileError> {
    let expected = walk.size() + 1;
    let seq = record.seq;
    if seq != expected {
        let next = lines.next_seq()?;
        if seq == expected + 1 && next == Some(expected) {
            walk.found(Fault::Swapped, expected, Some(seq), format!("records {expected} and {seq} were swapped"));
            match lines.ahead.take() {
                Some(Ok(ExportLine::Record(late))) => put(walk, &late),
                Some(Ok(ExportLine::Missing(late))) => missing(walk, late),
                _ => {}
            }
            // One may have been signed between the two.
            walk.compare(later);
            put(walk, &record);
            return Ok(());
        }
        if next == Some(expected + 1) || next.is_none() && seq < expected {
            walk.misplaced(seq);
            return Ok(());
        }
        if seq < expected {
            let message = format!("a line of record {seq} stands between records {} and {expected}", expected - 1);
            walk.found(Fault::Inserted, expected, None, message);
            return Ok(());
        }
        walk.gap(seq - 1);
    }
    put(walk, &record);
    Ok(())
}

fn put(walk: &mut Walk, line: &RecordLine) {
    let place = if line.masked.is_empty() { Place::Record(&line.record) } else { Place::Masked };
    walk.step(place, Some(line.hash), None);
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::audit::{Hash, LedgerKey, hash_text, leaf_hash};
    use crate::limits::LEDGER_RECORDS_MAX;

    type Failed = Box<dyn std::error::Error>;

    fn key() -> Result<LedgerKey, Failed> {
        Ok(LedgerKey::of_seed(&[7; 32], "standing/test")?)
    }

    fn verified(lines: &[String], kept: &[String]) -> Result<Walked, Failed> {
        let file = [&["{\"ledger\":\"standing/test\",\"from\":1,\"peaks\":[]}".to_owned()], lines].concat();
        Ok(verify_lines(format!("{}\n", file.join("\n")).as_bytes(), key()?.public(), kept, |_| {})?)
    }

    fn messages(walked: Walked) -> Vec<String> {
        walked.findings.into_iter().map(|finding| finding.message).collect()
    }

    fn found(lines: &[String]) -> Result<Vec<String>, Failed> {
        let walked = verified(lines, &[])?;
        assert!(!walked.whole);
        Ok(messages(walked))
    }

    /// The lines of a thousand records, the first 600 of which were missing, with the checkpoint at the end; and the
    /// root over each number of them.
    fn a_thousand() -> Result<(Vec<String>, Vec<Hash>), Failed> {
        let (mut peaks, mut lines, mut roots) = (Peaks::default(), Vec::new(), Vec::new());
        for seq in 1..=1_000_u64 {
            let leaf = leaf_hash(&seq.to_be_bytes());
            let Ok(()) = peaks.push(leaf, |_, _| Ok::<(), Infallible>(()));
            let hash = hash_text(&leaf);
            lines.push(if seq <= 600 {
                format!("{{\"seq\":{seq},\"hash\":\"{hash}\",\"missing\":\"gone\"}}")
            } else {
                format!("{{\"seq\":{seq},\"hash\":\"{hash}\",\"masked\":[\"subject\"],\"record\":{{}}}}")
            });
            roots.push(peaks.root());
        }
        lines.push(serde_json::json!({ "checkpoint": key()?.sign(1_000, peaks.root())? }).to_string());
        Ok((lines, roots))
    }

    #[test]
    fn a_kept_checkpoint_is_compared_at_its_size_whatever_line_stands_there() -> Result<(), Failed> {
        let (lines, roots) = a_thousand()?;
        let missing = "records 1 to 600 were dropped: gone";
        let walked = verified(&lines, &[key()?.sign(500, roots[499])?])?;
        assert_eq!((walked.checkpoints, walked.remarks.len()), (2, 0));
        assert_eq!(messages(walked), [missing]);
        let wrong = messages(verified(&lines, &[key()?.sign(500, [9; 32])?])?);
        assert_eq!(wrong[..2], ["records 1 to 500 were dropped: gone", "records 501 to 600 were dropped: gone"]);
        assert!(wrong[2].starts_with("records 1 to 500 are not what was signed at size 500: "), "{wrong:?}");
        assert_eq!(wrong.len(), 3);
        let beyond = messages(verified(&lines, &[key()?.sign(1_200, [9; 32])?])?);
        let cut_off = "records 1001 to 1200 were cut off the end: a checkpoint was signed over 1200";
        assert_eq!(beyond, [missing, cut_off]);
        // Between two lines that were swapped, too; and of such two none is lost that was missing.
        let mut swapped = lines.clone();
        swapped.swap(799, 800);
        let walked = verified(&swapped, &[key()?.sign(800, roots[799])?])?;
        assert_eq!((walked.checkpoints, walked.remarks.len()), (2, 0));
        assert_eq!(messages(walked), [missing, "records 800 and 801 were swapped"]);
        let mut swapped = lines;
        swapped.swap(599, 600);
        let walked = verified(&swapped, &[key()?.sign(600, roots[599])?])?;
        assert_eq!((walked.checkpoints, walked.remarks.len()), (2, 0));
        Ok(())
    }

    #[test]
    fn a_kept_checkpoint_that_was_walked_past_is_said_to_be_no_proof() -> Result<(), Failed> {
        let (mut lines, roots) = a_thousand()?;
        lines.drain(498..520);
        let kept = [key()?.sign(510, roots[509])?, key()?.sign(520, roots[519])?, key()?.sign(700, roots[699])?];
        let walked = verified(&lines, &kept)?;
        let remark = |size: u64| {
            format!(
                "a kept checkpoint over {size} records could not be confirmed: some of them are missing, out of place or rewritten"
            )
        };
        assert_eq!((walked.checkpoints, walked.remarks.as_slice()), (0, &[510, 520, 700].map(remark)[..]));
        let (before, after) = ("records 1 to 498 were dropped: gone", "records 521 to 600 were dropped: gone");
        assert_eq!(messages(walked), [before, "records 499 to 520 were dropped", after]);
        Ok(())
    }

    #[test]
    fn a_line_says_at_no_cost_that_more_records_are_missing_than_there_ever_were()
    -> Result<(), Box<dyn std::error::Error>> {
        let hash = hash_text(&Hash::default());
        let missing = |seq: u64| format!("{{\"seq\":{seq},\"hash\":\"{hash}\",\"missing\":\"gone\"}}");
        let masked =
            |seq: u64| format!("{{\"seq\":{seq},\"hash\":\"{hash}\",\"masked\":[\"subject\"],\"record\":{{}}}}");
        let most = LEDGER_RECORDS_MAX;
        assert_eq!(
            found(&[masked(1), masked(4), masked(6), missing(most)])?,
            [
                "records 2 to 3 were dropped".to_owned(),
                "record 5 was dropped".to_owned(),
                format!("records 7 to {} were dropped", most - 1),
                format!("record {most} was dropped: gone"),
                format!("the file does not end with a signed checkpoint: it was cut off after record {most}"),
            ]
        );
        for beyond in [most + 1, u64::MAX] {
            for line in [masked(beyond), missing(beyond)] {
                assert!(found(&[line])?.contains(&"line 2: its `seq` cannot be as it is".to_owned()), "{beyond}");
            }
        }
        Ok(())
    }
}
