//! The one way a command prints.
//!
//! Whoever reads the output may go away before its end (`standing tables | head -1`). That is no failure: what is left
//! is printed to nobody, and the command ends with the exit code it would have had. An output that cannot be written
//! for any other reason, such as a full disk, is a failure, reported once at the end.

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::sync::OnceLock;

use serde::Serialize;

use super::ended::Failure;

/// Why the standard output cannot be written any more.
static FAULT: OnceLock<io::Error> = OnceLock::new();

/// Prints text as it is.
pub(super) fn text(text: impl Display) {
    let text = text.to_string();
    written(|out| out.write_all(text.as_bytes()));
}

/// Prints bytes as they are.
pub(super) fn bytes(bytes: &[u8]) {
    written(|out| out.write_all(bytes));
}

/// Prints text and ends the line.
pub(super) fn line(text: impl Display) {
    let line = format!("{text}\n");
    written(|out| out.write_all(line.as_bytes()));
}

/// Prints a value as JSON on one line, without putting it together first.
pub(super) fn json(value: &impl Serialize) {
    written(|out| {
        let mut out = BufWriter::new(out);
        serde_json::to_writer(&mut out, value)?;
        out.write_all(b"\n")?;
        out.flush()
    });
}

/// Prints a sentence to the standard error; nothing can be done when that fails.
pub(super) fn error(sentence: impl Display) {
    let sentence = format!("{sentence}\n");
    let _ = io::stderr().write_all(sentence.as_bytes());
}

/// Has whoever read the output gone away, so that nothing more need be found out for it?
pub(super) fn is_unread() -> bool {
    FAULT.get().is_some_and(|fault| fault.kind() == ErrorKind::BrokenPipe)
}

/// The error of printing, unless the reader went away.
pub(super) fn failed() -> Option<Failure> {
    let fault = FAULT.get().filter(|fault| fault.kind() != ErrorKind::BrokenPipe)?;
    Some(Failure::failed(format!("cannot write to the standard output: {fault}; what was printed is not complete")))
}

/// The standard error for a log, which is lost when nobody reads it.
pub(super) fn log() -> Log {
    Log(io::stderr())
}

/// A log that never fails.
pub(super) struct Log(io::Stderr);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(write: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) {
    if FAULT.get().is_some() {
        return;
    }
    let mut out = io::stdout().lock();
    if let Err(fault) = write(&mut out).and_then(|()| out.flush()) {
        // Only the first one counts, and there is none yet.
        let _ = FAULT.set(fault);
    }
}
