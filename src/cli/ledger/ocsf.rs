//! An exported ledger as events of OCSF, one a line.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::named::named;
use crate::audit::{ExportLine, read_line};
use crate::cli::ended::Failure;
use crate::evidence::ocsf::event;
use crate::files;

/// Writes the events of an export to a file, which appears only once it is whole.
pub(super) fn events(export: &Path, to: &Path) -> Result<(), Failure> {
    let mut temporary = to.to_owned().into_os_string();
    temporary.push(".part");
    let temporary = PathBuf::from(temporary);
    let mut written = BufWriter::new(files::create(&temporary, files::SECRET).map_err(named(&temporary))?);
    let mut origin = String::new();
    for line in BufReader::new(File::open(export).map_err(named(export))?).lines() {
        match read_line(&line.map_err(named(export))?)? {
            ExportLine::Header(header) => origin = header.origin,
            ExportLine::Record(record) => {
                let event = event(&record, &origin);
                let event = event.ok_or_else(|| {
                    Failure::failed(format!("record {} cannot be read; run `standing ledger verify`", record.seq))
                })?;
                writeln!(written, "{event}").map_err(named(&temporary))?;
            }
            // A record that is missing is no event, and is told of when the export ends.
            ExportLine::Missing(_) | ExportLine::Checkpoint(_) => {}
        }
    }
    let whole = written.into_inner().map_err(|error| named(&temporary)(error.into_error()))?;
    whole.sync_all().map_err(named(&temporary))?;
    files::place(&temporary, to).map_err(named(to))
}
