//! In which form something is answered that has several.

use super::accept::chosen;
use super::problem::Problem;
use super::request::Request;
use crate::domain::words;

words! {
    /// The form of an answer.
    Format {
        /// JSON, in pages.
        Json = "json",
        /// A spreadsheet, whole.
        Csv = "csv",
        /// A page to print, whole.
        Html = "html",
    }
}

impl Format {
    fn media(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Html => "text/html",
        }
    }
}

/// As the query asked, else as the caller accepts it, among the forms there are.
pub(super) fn format(request: &Request, asked: Option<Format>, forms: &[Format]) -> Result<Format, Problem> {
    if let Some(asked) = asked {
        return Ok(asked);
    }
    let offered: Vec<&str> = forms.iter().map(|form| form.media()).collect();
    let wanted = chosen(&request.headers, &offered)?;
    Ok(forms.iter().copied().find(|form| form.media() == wanted).unwrap_or(Format::Json))
}
