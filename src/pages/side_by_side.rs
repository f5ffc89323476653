//! Two texts of a file side by side: what is only in one of them, with a few lines round it.

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

use super::rule_text::coloured;
use super::words::Words;

/// How many lines that are alike stand round one that is not.
const LINES_ROUND: usize = 3;

/// How many lines two texts have together that are put side by side: what is longer takes too long to compare.
const LINES_COMPARED_MAX: usize = 8_000;

/// A line of one side: its number from 1, and what it says.
type Line<'a> = (usize, &'a str);

/// A row of the two texts; both sides where the line is alike, or one line stands for another.
#[derive(PartialEq, Eq, Debug)]
pub struct Row<'a> {
    /// The line of the first text.
    pub old: Option<Line<'a>>,
    /// The line of the second text.
    pub new: Option<Line<'a>>,
    /// Are both alike?
    pub is_same: bool,
}

/// Rows that belong together: what differs, and the lines round it.
#[must_use]
pub fn hunks<'a>(old: &'a str, new: &'a str) -> Vec<Vec<Row<'a>>> {
    let diff = TextDiff::from_lines(old, new);
    let groups = diff.grouped_ops(LINES_ROUND);
    groups
        .iter()
        .map(|group| {
            let mut rows: Vec<Row<'a>> = Vec::new();
            for op in group {
                let (mut gone, mut come): (Vec<Line<'a>>, Vec<Line<'a>>) = (Vec::new(), Vec::new());
                for change in diff.iter_changes(op) {
                    let said = change.value().trim_end_matches(['\n', '\r']);
                    let at = |index: Option<usize>| index.map_or(0, |index| index + 1);
                    match change.tag() {
                        ChangeTag::Equal => rows.push(Row {
                            old: Some((at(change.old_index()), said)),
                            new: Some((at(change.new_index()), said)),
                            is_same: true,
                        }),
                        ChangeTag::Delete => gone.push((at(change.old_index()), said)),
                        ChangeTag::Insert => come.push((at(change.new_index()), said)),
                    }
                }
                for index in 0..gone.len().max(come.len()) {
                    rows.push(Row { old: gone.get(index).copied(), new: come.get(index).copied(), is_same: false });
                }
            }
            rows
        })
        .collect()
}

/// The two texts of a file, before and after.
#[must_use]
pub fn side_by_side(words: Words, path: &str, old: &str, new: &str, label: &str) -> Markup {
    both_texts(words, path, [("column-now", old), ("column-then", new)], label)
}

/// Two texts of a file, each with the key of what it is called.
#[must_use]
pub fn both_texts(words: Words, path: &str, [(old_is, old), (new_is, new)]: [(&str, &str); 2], label: &str) -> Markup {
    let side = |line: Option<Line<'_>>, is_same: bool, class: &'static str| {
        html! {
            td.at { @if let Some((number, _)) = line { (number) } }
            @match line {
                Some((_, said)) if is_same => td { (coloured(path, said)) },
                Some((_, said)) => td class=(class) { (coloured(path, said)) },
                None => td.void {},
            }
        }
    };
    if old.lines().count() + new.lines().count() > LINES_COMPARED_MAX {
        return html! { p { (words.say("file-too-long")) } };
    }
    html! {
        div.text role="region" aria-label=(label) tabindex="0" translate="no" {
            table {
                thead { tr {
                    th colspan="2" scope="col" { (words.say(old_is)) }
                    th colspan="2" scope="col" { (words.say(new_is)) }
                } }
                @for rows in hunks(old, new) {
                    tbody lang="en" { @for Row { old, new, is_same } in rows {
                        tr { (side(old, is_same, "gone")) (side(new, is_same, "come")) }
                    } }
                }
            }
        }
    }
}
