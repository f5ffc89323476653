//! Marks that look like a quotation mark and are none to Cedar: a word processor or a web page puts them in place of `"`.

use super::finding::Finding;

/// What looks like a quotation mark.
const CONFUSABLE: [char; 20] = [
    '\u{ab}', '\u{b4}', '\u{bb}', '\u{2ba}', '\u{2bc}', '\u{2dd}', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}',
    '\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}', '\u{2032}', '\u{2033}', '\u{2039}', '\u{203a}', '\u{ff02}',
    '\u{ff07}',
];

/// Each mark in a text that Cedar cannot read, where it may be why: not in a comment, and not in a text between two `"`
/// of one line.
pub(super) fn look_alikes(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        found.extend(in_line(line).into_iter().map(|(at, mark)| (start + at, mark)));
        start += line.len();
    }
    let say = |(at, mark)| {
        let hint = format!("write `\"` in place of `{mark}`");
        Finding::at(path, text, at, format!("`{mark}` looks like a quotation mark and is none"), Some(hint))
    };
    found.into_iter().map(say).collect()
}

/// The marks of one line, by their places.
fn in_line(line: &str) -> Vec<(usize, char)> {
    let (mut found, mut quoted) = (Vec::new(), Vec::new());
    let (mut is_text, mut letters) = (false, line.char_indices().peekable());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => {
                is_text = !is_text;
                quoted.clear();
            }
            '\\' if is_text => drop(letters.next()),
            '/' if !is_text && letters.peek().is_some_and(|(_, next)| *next == '/') => break,
            mark if CONFUSABLE.contains(&mark) && is_text => quoted.push((at, mark)),
            mark if CONFUSABLE.contains(&mark) => found.push((at, mark)),
            _ => {}
        }
    }
    if is_text {
        found.extend(quoted);
    }
    found
}
