//! A page that people read on the terminal: wrapped to its width, and in colour where it has colours.

use std::fmt;

use console::Term;
use textwrap::{Options, WordSplitter, fill};

/// The width of what is no terminal.
const WIDTH: usize = 80;
/// The narrowest page that is wrapped; a narrower terminal wraps by itself.
const WIDTH_MIN: usize = 40;

/// What stands where a line is cut.
const CUT: char = '…';

/// A page that is being written, line by line.
pub(in crate::cli) struct Page {
    width: usize,
    text: String,
}

impl Page {
    /// A page as wide as the terminal it is printed on.
    pub(in crate::cli) fn new() -> Self {
        let terminal = Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
        Self::of_width(terminal.unwrap_or(WIDTH))
    }

    fn of_width(width: usize) -> Self {
        Self { width: width.max(WIDTH_MIN), text: String::new() }
    }

    /// A paragraph; its lines after the first are indented.
    pub(in crate::cli) fn line(&mut self, text: impl AsRef<str>) {
        self.wrapped("", "  ", text.as_ref());
    }

    /// A paragraph below another one.
    pub(in crate::cli) fn below(&mut self, text: impl AsRef<str>) {
        self.wrapped("  ", "  ", text.as_ref());
    }

    /// One of several things below a line.
    pub(in crate::cli) fn item(&mut self, text: impl AsRef<str>) {
        self.wrapped("  - ", "    ", text.as_ref());
    }

    /// A heading, with an empty line before it where anything stands before it.
    pub(in crate::cli) fn heading(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.blank();
        }
        self.as_it_is(console::style(title).bold());
        self.as_it_is("-".repeat(title.chars().count()));
    }

    /// An empty line.
    pub(in crate::cli) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A paragraph whose lines begin where the page does.
    pub(in crate::cli) fn flush(&mut self, text: impl AsRef<str>) {
        self.wrapped("", "", text.as_ref());
    }

    /// A line that is not wrapped, such as a command to copy.
    pub(in crate::cli) fn as_it_is(&mut self, line: impl fmt::Display) {
        self.text.push_str(&line.to_string());
        self.text.push('\n');
    }

    /// A line of a source below a finding, with a caret below one of its columns; cut where it is wider than the page.
    pub(in crate::cli) fn source(&mut self, number: usize, line: &str, column: usize) {
        let number = format!("{number:>5} | ");
        let room = self.width.saturating_sub(number.len()).max(1);
        let letters: Vec<char> = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        let place = column.saturating_sub(1).min(letters.len());
        // Of a line that is too wide more is shown before the place than after it.
        let from = place.saturating_sub(room * 2 / 3).min(letters.len().saturating_sub(room));
        let mut shown: Vec<char> = letters.iter().copied().skip(from).take(room).collect();
        if let Some(first) = shown.first_mut().filter(|_| from > 0) {
            *first = CUT;
        }
        if let Some(last) = shown.last_mut().filter(|_| from + room < letters.len()) {
            *last = CUT;
        }
        let shown: String = shown.into_iter().collect();
        let caret = console::style("^").red().bold();
        self.as_it_is(format!("{}{}", console::style(&number).dim(), shown.trim_end()));
        self.as_it_is(format!("{:>5} {} {}{caret}", "", console::style("|").dim(), " ".repeat(place - from)));
    }

    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        // A name is never broken: whoever copies it copies all of it.
        let options = Options::new(self.width).initial_indent(first).subsequent_indent(rest);
        let options = options.break_words(false).word_splitter(WordSplitter::NoHyphenation);
        self.as_it_is(fill(text, options));
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_wrapped_between_words_and_a_name_is_never_broken() {
        let mut page = Page::of_width(40);
        page.line("the partner of the subscription that was sold may not remove its seats");
        page.item(format!("{}: not here", "policies/may/a-rule-with-a-rather-long-name.cedar:12:1"));
        assert_eq!(
            page.to_string(),
            "the partner of the subscription that was\n  sold may not remove its seats\n  - policies/may/a-rule-with-a-rather-long-name.cedar:12:1:\n    not here\n"
        );
    }

    #[test]
    fn a_line_that_is_cut_says_so_at_the_end_that_lacks_something() {
        console::set_colors_enabled(false);
        let shown = |column: usize| {
            let mut page = Page::of_width(40);
            page.source(1, &"a".repeat(100), column);
            page.to_string().lines().next().unwrap_or_default().replace("    1 | ", "")
        };
        let [first, middle, last] = [1, 50, 100].map(shown);
        assert!(!first.starts_with('…') && first.ends_with('…'), "{first}");
        assert!(middle.starts_with('…') && middle.ends_with('…'), "{middle}");
        assert!(last.starts_with('…') && !last.ends_with('…'), "{last}");
    }

    #[test]
    fn the_caret_stands_below_its_column_also_in_a_line_that_is_cut() {
        console::set_colors_enabled(false);
        let caret_of = |line: &str, column: usize| {
            let mut page = Page::of_width(40);
            page.source(7, line, column);
            let text = page.to_string();
            let (source, below) = text.split_once('\n').unwrap_or_default();
            let at = below.find('^').unwrap_or(usize::MAX);
            (source.chars().count() <= 40, source.chars().nth(at))
        };
        assert_eq!(caret_of("\twhen { x };", 9), (true, Some('x')));
        assert_eq!(caret_of(&format!("{}x{}", "é".repeat(100), "a".repeat(100)), 101), (true, Some('x')));
        assert_eq!(caret_of(&format!("x{}", "a".repeat(100)), 1), (true, Some('x')));
    }
}
