//! Answers that come in lines of JSON, a piece at a time.

use serde_json::Value;

use super::ended::Failure;

/// Lines that come in pieces.
#[derive(Default)]
pub(in crate::cli) struct Lines(Vec<u8>);

impl Lines {
    /// The lines that are whole with another piece.
    pub(in crate::cli) fn add(&mut self, piece: &[u8]) -> Result<Vec<Value>, Failure> {
        self.0.extend_from_slice(piece);
        let Some(end) = self.0.iter().rposition(|byte| *byte == b'\n') else { return Ok(Vec::new()) };
        let rest = self.0.split_off(end + 1);
        let whole = std::mem::replace(&mut self.0, rest);
        let lines = whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).map_err(Failure::from)).collect()
    }
}
