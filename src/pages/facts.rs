//! Lists of names and values.

use maud::{Markup, html};

/// Names, each with its value.
#[must_use]
pub fn facts(rows: &[(String, Markup)]) -> Markup {
    html! {
        dl.facts { @for (name, value) in rows { dt { (name) } dd { (value) } } }
    }
}
