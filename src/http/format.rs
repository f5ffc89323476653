//! In which form something is answered that has several.

use warp::http::header::ACCEPT;

use super::exchange::Exchange;
use super::problem::Problem;

/// The form of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// JSON, in pages.
    Json,
    /// A spreadsheet, whole.
    Csv,
    /// A page to print, whole.
    Html,
}

impl Format {
    const ALL: [(Self, &str, &str); 3] =
        [(Self::Json, "json", "application/json"), (Self::Csv, "csv", "text/csv"), (Self::Html, "html", "text/html")];
}

/// As the query says, else as the caller accepts it, among the forms there are.
pub(super) fn format(x: &mut Exchange, forms: &[Format]) -> Result<Format, Problem> {
    let known = || Format::ALL.iter().filter(move |(form, ..)| forms.contains(form));
    if let Some(asked) = x.query::<String>("format")? {
        if let Some((form, ..)) = known().find(|(_, name, _)| *name == asked) {
            return Ok(*form);
        }
        let names: Vec<String> = known().map(|(_, name, _)| format!("`{name}`")).collect();
        let detail = format!("`format` cannot be `{asked}`; use one of {}", names.join(", "));
        return Err(Problem::bad("invalid_parameter", detail));
    }
    let accepted = x.headers.get_all(ACCEPT).iter().filter_map(|accepted| accepted.to_str().ok());
    let media = accepted.flat_map(|accepted| accepted.split(','));
    let media = media.map(|media| media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    // The first that is known; a browser names a page before anything else.
    let form = |media: String| known().find(|(_, _, known)| *known == media).map(|(form, ..)| *form);
    Ok(media.filter_map(form).next().unwrap_or(Format::Json))
}
