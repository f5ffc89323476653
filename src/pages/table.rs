//! Tables: of few columns, which become blocks on a narrow screen, or of many, which scroll.

use maud::{Markup, html};

use super::words::Words;

/// A table of few columns. Its roles are written out, so that it stays a table to a screen reader where it is shown as
/// blocks.
pub struct Table {
    /// What it lists.
    pub caption: Option<Markup>,
    /// What names it where there is no caption: the id of a heading.
    pub labelled_by: Option<&'static str>,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows: the first cell names the row.
    pub rows: Vec<Vec<Markup>>,
}

impl Table {
    /// The table.
    #[must_use]
    pub fn stacked(&self) -> Markup {
        html! {
            table.stack role="table" aria-labelledby=[self.labelled_by] {
                @if let Some(caption) = &self.caption { caption { (caption) } }
                thead role="rowgroup" { tr role="row" {
                    @for column in &self.columns { th scope="col" role="columnheader" { (column) } }
                } }
                tbody role="rowgroup" {
                    @for row in &self.rows { tr role="row" {
                        @for (index, cell) in row.iter().enumerate() {
                            @if index == 0 { th scope="row" role="rowheader" { (cell) } }
                            @else { td role="cell" data-label=[self.columns.get(index)] { (cell) } }
                        }
                    } }
                }
            }
        }
    }

    /// The table in a region that scrolls sideways and can be focused.
    #[must_use]
    pub fn scrolling(&self, label: &str) -> Markup {
        html! {
            div.scroll role="region" aria-label=(label) tabindex="0" {
                table {
                    @if let Some(caption) = &self.caption { caption { (caption) } }
                    thead { tr { @for column in &self.columns { th scope="col" { (column) } } } }
                    tbody { @for row in &self.rows { tr {
                        @for (index, cell) in row.iter().enumerate() {
                            @if index == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                        }
                    } } }
                }
            }
        }
    }
}

/// What stands in place of a table that has no row here. That there is none at all can be said only of a whole list: a page
/// looks at a bounded part, in which there may be none.
#[must_use]
pub fn no_row(words: Words, none: &str, first: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        @match (first, next) {
            (None, None) => p { (words.say(none)) },
            (_, Some(_)) => p { (words.say("none-so-far")) },
            (Some(_), None) => {},
        }
    }
}

/// Where a list goes on, and how much of it is here.
#[must_use]
pub fn paging(words: Words, shown: usize, first: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        p.soft {
            @match next {
                Some(_) => (words.with("list-more", [("count", shown.into())])),
                None if first.is_none() => (words.with("list-all", [("count", shown.into())])),
                None => (words.with("list-end", [("count", shown.into())])),
            }
        }
        @if first.is_some() || next.is_some() {
            p.buttons {
                @if let Some(first) = first { a href=(first) { (words.say("list-first")) } }
                @if let Some(next) = next { a href=(next) rel="next" { (words.say("list-next")) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::no_row;
    use crate::pages::words::{Language, Words};

    #[test]
    fn a_list_says_that_there_is_none_only_where_it_neither_began_before_nor_goes_on() {
        for language in Language::ALL {
            let words = Words(language);
            let said = |first, next| no_row(words, "changes-none", first, next).into_string();
            assert!(said(None, None).contains(&words.say("changes-none")));
            for (first, next) in [(None, Some("/n")), (Some("/f"), Some("/n")), (Some("/f"), None)] {
                assert!(!said(first, next).contains(&words.say("changes-none")), "{first:?} {next:?}");
                assert_eq!(said(first, next).contains(&words.say("none-so-far")), next.is_some());
            }
        }
    }
}
