//! Verifying an exported ledger with nothing but the file and a public key.

use std::io::{self, BufRead, Read as _};

use super::checkpoint::VerifierKey;
use super::export_format::{ExportLine, LineError, MissingLine, RecordLine, read_line};
use super::finding::{Fault, Place, Walked};
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
    let Some(Ok(ExportLine::Header(header))) = lines.next()? else { return Err(VerifyFileError::NoHeader) };
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
                step(&mut walk, record, &mut lines)?;
                let size = walk.size();
                later.extract_if(.., |kept| kept.size == size).for_each(|kept| walk.checkpoint(Ok(kept)));
                progress(size);
            }
        }
    }
    if !is_signed_to_the_end {
        let size = walk.size();
        let message = format!("the file does not end with a signed checkpoint: it was cut off after record {size}");
        walk.found(Fault::Dropped, size + 1, None, message);
    }
    later.into_iter().for_each(|kept| walk.cut_off(Ok(kept)));
    Ok(walk.end())
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

fn step<R: BufRead>(walk: &mut Walk, record: RecordLine, lines: &mut Lines<R>) -> Result<(), VerifyFileError> {
    let expected = walk.size() + 1;
    let seq = record.seq;
    if seq != expected {
        let next = lines.next_seq()?;
        if seq == expected + 1 && next == Some(expected) {
            walk.found(Fault::Swapped, expected, Some(seq), format!("records {expected} and {seq} were swapped"));
            if let Some(Ok(ExportLine::Record(late))) = lines.ahead.take() {
                put(walk, &late);
            }
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
    use super::*;
    use crate::audit::{Hash, LedgerKey, hash_text};
    use crate::limits::LEDGER_RECORDS_MAX;

    fn found(lines: &[String]) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let key = LedgerKey::of_seed(&[7; 32], "standing/test")?;
        let file = [&["{\"ledger\":\"standing/test\",\"from\":1,\"peaks\":[]}".to_owned()], lines].concat();
        let walked = verify_lines(format!("{}\n", file.join("\n")).as_bytes(), key.public(), &[], |_| {})?;
        assert!(!walked.whole);
        Ok(walked.findings.into_iter().map(|finding| finding.message).collect())
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
