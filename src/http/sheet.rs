//! Rows for a spreadsheet: CSV as RFC 4180 has it, in which no cell is read as a formula.

use warp::http::header::{CONTENT_DISPOSITION, HeaderValue};
use warp::reply::Response;

use super::streamed::{in_pieces, streamed};
use crate::id::{Revision, Seq};

/// What the first character of a cell may not be, or a spreadsheet reads it as a formula; the wide ones are typed where
/// Chinese is, and some take them for the others.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
/// What rows are, as a spreadsheet reads them.
pub(crate) const MEDIA: &str = "text/csv; charset=utf-8; header=present";

/// A row; the guard of a cell that begins as a formula does is a quote.
pub(crate) fn row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let guarded = cells.into_iter().map(|cell| {
        let cell = cell.as_ref();
        // What a spreadsheet leaves out at the beginning hides nothing.
        let shown = cell.trim_start_matches([' ', '\u{FEFF}', '\n']);
        if cell.starts_with(FORMULA) || shown.starts_with(FORMULA) { format!("'{cell}") } else { cell.to_owned() }
    });
    writer.write_record(guarded)?;
    writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
}

/// Rows as an answer, to be saved as a file of that name.
pub(super) fn rows(
    rows: impl Iterator<Item = std::io::Result<Vec<u8>>> + Send + 'static,
    disposition: &'static str,
    revision: Revision,
    seqs: &[Seq],
) -> Response {
    let mut response = streamed(in_pieces(rows), MEDIA, revision, seqs);
    response.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    response
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn no_cell_begins_as_a_formula_does_and_quotes_are_doubled() {
        let cells = ["=1+1", "+1", "-1", "@x", "\tx", "＝1", " =1", "\u{FEFF}=1", "a,b", "a\"b", "plain", " a"];
        let row = String::from_utf8(row(cells).unwrap_or_default()).unwrap_or_default();
        assert_eq!(row, "'=1+1,'+1,'-1,'@x,'\tx,'＝1,' =1,'\u{FEFF}=1,\"a,b\",\"a\"\"b\",plain, a\r\n");
    }
}
