//! In which form something is answered that has several.

use super::accept::chosen;
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
    let offered: Vec<&str> = known().map(|(.., media)| *media).collect();
    let wanted = chosen(&x.headers, &offered)?;
    Ok(known().find(|(.., media)| *media == wanted).map_or(Format::Json, |(form, ..)| *form))
}
