//! The manual, a page at a time.

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::ended::{Ended, Failure};
use super::page::Page;
use super::print;
use crate::manual::TOPICS;

/// Print a page of the manual, or which pages there are.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing manual rules")]
pub(super) struct Manual {
    /// The page.
    #[arg(value_parser = PossibleValuesParser::new(TOPICS.iter().map(|topic| topic.name)))]
    topic: Option<String>,
}

impl Manual {
    pub(super) fn run(self) -> Result<Ended, Failure> {
        let mut page = Page::new();
        match self.topic {
            Some(name) => {
                TOPICS.iter().filter(|topic| topic.name == name).for_each(|topic| lay_out(&mut page, topic.text))
            }
            None => {
                page.line("Each is printed by `standing manual TOPIC`:");
                TOPICS.iter().for_each(|topic| page.below(format!("{:<14} {}", topic.name, topic.title())));
            }
        }
        print::text(page);
        Ok(Ended::Good)
    }
}

/// Lays out Markdown: paragraphs are wrapped, and code and tables are as they are.
fn lay_out(page: &mut Page, text: &str) {
    let (mut paragraph, mut is_code) = (Vec::new(), false);
    let mut lines = text.lines().chain([""]).peekable();
    while let Some(line) = lines.next() {
        let is_fence = line.starts_with("```");
        let is_table = line.starts_with('|') && paragraph.is_empty();
        if is_fence || is_code || is_table || line.is_empty() || line.starts_with('#') {
            if !paragraph.is_empty() {
                page.flush(std::mem::take(&mut paragraph).join(" "));
            }
            match line.split_once("# ") {
                Some((_, title)) if line.starts_with('#') && !is_code => page.heading(title),
                _ if is_fence => is_code = !is_code,
                _ if is_code => page.as_it_is(format_args!("    {line}")),
                // A heading has its own.
                _ if line.is_empty() && lines.peek().is_none_or(|next| next.starts_with('#')) => {}
                _ => page.as_it_is(line),
            }
        } else {
            paragraph.push(line);
        }
    }
}
