//! A folder of rules as a browser sends it: each file with its path, which begins with the folder that was chosen.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::policy::is_stray;
use crate::publish::draft_error::DraftError;

/// What browsers write into the name of a file for what cannot stand there.
const ESCAPES: [&str; 3] = ["%22", "%0A", "%0D"];

/// The files of a folder that somebody chose.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChosenFiles {
    /// Their texts by their paths in a set of rules.
    pub files: BTreeMap<String, String>,
    /// What an editor or the desktop left in the folder, which is no part of a set, by paths.
    pub passed_over: Vec<String>,
}

/// The files that were sent, as they stand in a set of rules: the folder that was chosen is no part of their paths, and a
/// file that was chosen by itself goes into `folder`.
///
/// # Errors
/// [`DraftError::File`] for the first that can be none.
pub fn chosen_files(sent: &[(String, Bytes)], folder: &str) -> Result<ChosenFiles, DraftError> {
    let mut chosen = ChosenFiles::default();
    for (name, bytes) in sent {
        let wrong = |message: &str| DraftError::File { path: name.clone(), message: message.to_owned() };
        let path = match name.split_once('/') {
            Some(("" | "." | "..", _)) => return Err(wrong("a path begins with the folder that was chosen")),
            Some((_, rest)) => rest.to_owned(),
            None if folder.is_empty() => return Err(wrong("it was chosen by itself; say which folder it goes into")),
            None => format!("{folder}/{name}"),
        };
        if path.split('/').any(is_stray) {
            chosen.passed_over.push(path);
            continue;
        }
        if ESCAPES.iter().any(|escape| path.contains(escape)) {
            return Err(wrong("a name holds neither a quote nor a line end; give it another one"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is no text in UTF-8; save it as one"))?;
        if chosen.files.insert(path, text.to_owned()).is_some() {
            return Err(wrong("it was sent twice; choose it once"));
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::{Bytes, chosen_files};

    #[test]
    fn what_is_no_text_is_named_and_what_an_editor_left_may_be_anything() {
        let sent = |name: &str, bytes: &'static [u8]| (name.to_owned(), Bytes::from_static(bytes));
        let stray = sent("rules/policies/Thumbs.db", b"\xff");
        let chosen = chosen_files(&[stray.clone(), sent("rules/policies/a.cedar", b"// a")], "");
        let passed_over = chosen.map(|chosen| (chosen.files.len(), chosen.passed_over)).ok();
        assert_eq!(passed_over, Some((1, vec!["policies/Thumbs.db".to_owned()])));
        let wrong = chosen_files(&[stray, sent("rules/policies/b.cedar", b"\xff")], "");
        let says = wrong.map_err(|error| error.to_string());
        let expected = "a draft cannot hold `rules/policies/b.cedar`: it is no text in UTF-8; save it as one";
        assert_eq!(says, Err(expected.to_owned()));
    }
}
