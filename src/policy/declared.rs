//! Where a schema declares a type or an attribute: Cedar keeps no places of what it has read.

use std::iter::Peekable;
use std::str::CharIndices;

use super::finding::Finding;
use super::source::RuleFiles;

/// A word, a text between two `"`, or a sign.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Token<'a> {
    at: usize,
    text: &'a str,
    is_word: bool,
}

/// A finding about a type, or about an attribute of it, at the place where a schema file declares it; about the
/// schemas as a whole where none is seen to.
pub(crate) fn finding_at(
    files: &RuleFiles,
    kind: &str,
    attribute: Option<&str>,
    message: String,
    hint: &str,
) -> Finding {
    let schemas: Vec<(&str, &str)> = files.iter().filter(|(path, _)| path.ends_with(".cedarschema")).collect();
    let of_kind = schemas.iter().find_map(|&(path, text)| Some((path, text, declaration(&tokens(text), kind)?)));
    let in_kind =
        of_kind.as_ref().and_then(|(path, text, (_, tokens))| Some((*path, *text, named(tokens, attribute?)?)));
    // A type whose shape is declared elsewhere.
    let anywhere = || schemas.iter().find_map(|&(path, text)| Some((path, text, named(&tokens(text), attribute?)?)));
    let place = in_kind.or_else(anywhere).or_else(|| of_kind.map(|(path, text, (at, _))| (path, text, at)));
    match place {
        Some((path, text, at)) => Finding::at(path, text, at, message, Some(hint.to_owned())),
        None => Finding::whole("schemas", message, hint),
    }
}

/// Where a type is declared, and the tokens that declare it.
fn declaration<'a>(tokens: &[Token<'a>], kind: &str) -> Option<(usize, Vec<Token<'a>>)> {
    let (mut namespace, mut depth, mut place) = (String::new(), 0_usize, 0);
    while let Some(token) = tokens.get(place) {
        match token.text {
            "namespace" if depth == 0 => {
                let path = tokens.get(place + 1..)?.iter().take_while(|token| token.text != "{");
                namespace = path.map(|token| token.text).collect::<String>() + "::";
            }
            "entity" if depth <= 1 => {
                let ends = |token: &Token<'_>| token.text == ";";
                let whole: Vec<Token<'a>> =
                    tokens.get(place + 1..)?.iter().take_while(|token| !ends(token)).cloned().collect();
                let names = whole.iter().take_while(|token| token.is_word || token.text == ",");
                let mut names = names.take_while(|token| !["in", "enum", "tags"].contains(&token.text));
                if let Some(name) = names.find(|token| format!("{namespace}{}", token.text) == kind) {
                    return Some((name.at, whole));
                }
                place += whole.len();
            }
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    namespace.clear();
                }
            }
            _ => {}
        }
        place += 1;
    }
    None
}

/// Where an attribute of that name is declared: its name, maybe a `?`, and a `:`.
fn named(tokens: &[Token<'_>], attribute: &str) -> Option<usize> {
    let follows = |place: usize, text: &str| tokens.get(place).is_some_and(|token| token.text == text);
    let declares = |place: usize| {
        let colon = if follows(place + 1, "?") { place + 2 } else { place + 1 };
        follows(colon, ":") && !follows(colon + 1, ":")
    };
    let found = tokens.iter().enumerate().find(|(place, token)| token.text == attribute && declares(*place));
    found.map(|(_, token)| token.at)
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut found, mut letters) = (Vec::new(), text.char_indices().peekable());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '/' if letters.peek().is_some_and(|(_, next)| *next == '/') => {
                while_it(&mut letters, |letter| letter != '\n')
            }
            '"' => {
                let mut end = text.len();
                while let Some((at, letter)) = letters.next() {
                    match letter {
                        '\\' => drop(letters.next()),
                        '"' => {
                            end = at;
                            break;
                        }
                        _ => {}
                    }
                }
                found.push(Token { at, text: text.get(at + 1..end).unwrap_or_default(), is_word: false });
            }
            letter if is_of_word(letter) => {
                while_it(&mut letters, is_of_word);
                let end = letters.peek().map_or(text.len(), |(at, _)| *at);
                found.push(Token { at, text: text.get(at..end).unwrap_or_default(), is_word: true });
            }
            letter if letter.is_whitespace() => {}
            letter => {
                let text = text.get(at..at + letter.len_utf8()).unwrap_or_default();
                found.push(Token { at, text, is_word: false });
            }
        }
    }
    found
}

fn while_it(letters: &mut Peekable<CharIndices<'_>>, is_so: impl Fn(char) -> bool) {
    while letters.peek().is_some_and(|(_, letter)| is_so(*letter)) {
        letters.next();
    }
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}
