//! The table as text for people: one page an action, rows are standings, columns are statuses.

use std::fmt;

use super::sheets::{Sheet, SheetRow};
use super::table::{ActionTable, SaidOf, Table};

impl Table {
    /// The page of one action, if the schema declares it.
    #[must_use]
    pub fn page(&self, action: &str) -> Option<String> {
        self.action(action).map(|answers| page(action, answers))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pages: Vec<String> = self.actions().map(|(action, answers)| page(action, answers)).collect();
        f.write_str(&pages.join("\n\n"))
    }
}

fn page(action: &str, answers: &ActionTable) -> String {
    let title = match answers.doc() {
        Some(doc) => format!("{action}: {doc}"),
        None => action.to_owned(),
    };
    let mut text = format!("{title}\n{}\n", "=".repeat(title.chars().count()));
    if let Some(SaidOf { least, unknown }) = answers.said() {
        let least = if least == "nothing" { String::new() } else { format!(" ({least})") };
        text.push_str(&match unknown {
            None => format!("\nfor a caller that says no more than it has to{least}, and what turns the answer\n"),
            Some(why) => format!(
                "\nfor a caller that says no more than it has to{least} alone: it is not known how what else it says turns the \
                 answer ({why})\n"
            ),
        });
    }
    for sheet in answers.sheets() {
        text.push('\n');
        for heading in &sheet.headings {
            text.push_str(heading);
            text.push('\n');
        }
        sheet.write(&mut text);
    }
    if answers.cells().next().is_none() {
        text.push_str("\nno partner can ask for this on a service or a subscription\n");
    }
    if let Some(owed) = answers.owed() {
        text.push_str("\nowed whatever the answer is\n");
        let width = owed.iter().map(|(relationship, _)| relationship.chars().count()).max().unwrap_or(0);
        for (relationship, duties) in owed {
            text.push_str(&format!("  commercial relationship {relationship:width$}  {duties}\n"));
        }
    }
    text
}

impl Sheet {
    fn write(&self, text: &mut String) {
        let count = self.titles.len() + 2;
        let first = ["standing", "relationship"].into_iter().chain(self.titles.iter().map(String::as_str)).collect();
        let rows = self.rows.iter().map(|SheetRow { standing, relationship, answers }| {
            [standing.as_str(), relationship].into_iter().chain(answers.iter().map(|answer| &*answer.text)).collect()
        });
        let lines: Vec<Vec<&str>> = std::iter::once(first).chain(rows).collect();
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(|said| said.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..count).map(width).collect();
        for line in &lines {
            let padded: Vec<String> = line.iter().zip(&widths).map(|(said, &width)| format!("{said:width$}")).collect();
            text.push_str("  ");
            text.push_str(padded.join("  ").trim_end());
            text.push('\n');
        }
    }
}
