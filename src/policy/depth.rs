//! How deep a text of rules may be: whoever reads, proves and evaluates it goes down as far as it is nested, and a
//! stack has an end.

/// The most brackets that may be open at once.
const OPEN_MAX: usize = 64;
/// The most conditions that one rule may join, with `&&`, `||`, `if` and arithmetic.
const JOINED_MAX: usize = 64;
/// The most attributes that one rule may read.
const READ_MAX: usize = 300;

/// Where a text becomes too deep, as a byte offset, and why.
pub(super) fn too_deep(text: &str) -> Option<(usize, String)> {
    let (mut open, mut joined, mut read) = (0_usize, 0_usize, 0_usize);
    let (mut is_text, mut is_comment, mut before) = (false, false, ' ');
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map_or(' ', |(_, next)| *next);
        let last = std::mem::replace(&mut before, letter);
        match letter {
            '\n' if is_comment => is_comment = false,
            _ if is_comment => {}
            '\\' if is_text => drop(letters.next()),
            '"' => is_text = !is_text,
            _ if is_text => {}
            '/' if next == '/' => is_comment = true,
            '(' | '[' | '{' | '<' => open += 1,
            ')' | ']' | '}' | '>' => open = open.saturating_sub(1),
            ';' => (open, joined, read) = (0, 0, 0),
            '.' => read += 1,
            '+' | '-' | '*' => joined += 1,
            '&' | '|' if next == letter => joined += 1,
            'i' if next == 'f' && !last.is_alphanumeric() && last != '_' => joined += 1,
            _ => {}
        }
        if open > OPEN_MAX {
            return Some((at, format!("more than {OPEN_MAX} brackets are open here")));
        }
        if joined > JOINED_MAX {
            return Some((at, format!("the rule joins more than {JOINED_MAX} conditions")));
        }
        if read > READ_MAX {
            return Some((at, format!("the rule reads more than {READ_MAX} attributes")));
        }
    }
    None
}
