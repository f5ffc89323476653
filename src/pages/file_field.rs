//! A field for files to be chosen.

use maud::{Markup, html};

use super::form::{FieldError, error_at, is_wrong};
use super::words::Words;

/// Files to be chosen, a whole folder or one by one, with what is wrong with them.
#[must_use]
pub fn file_field(words: Words, id: &str, key: &str, is_folder: bool, errors: &[FieldError]) -> Markup {
    let wrong = is_wrong(errors, id);
    let described = format!("{id}-hint{}", if wrong { format!(" {id}-error") } else { String::new() });
    html! {
        div.field {
            label for=(id) { (words.say(key)) }
            p.hint id=(format!("{id}-hint")) { (words.say(&format!("{key}-hint"))) }
            (error_at(words, errors, id))
            input type="file" id=(id) name=(id) multiple webkitdirectory[is_folder]
                aria-describedby=(described) aria-invalid=[wrong.then_some("true")];
        }
    }
}
