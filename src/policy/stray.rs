//! What editors and desktops leave in a folder of rules: a closed list, so that a mistyped rule is never taken for one.

/// How the names end that are passed over.
const ENDINGS: [&str; 3] = ["~", ".swp", ".bak"];
/// How the names begin that are passed over.
const BEGINNINGS: [&str; 1] = [".#"];
/// The names that are passed over.
const NAMES: [&str; 2] = [".DS_Store", "Thumbs.db"];

/// Is a file or folder of that name one that is passed over?
pub(crate) fn is_stray(name: &str) -> bool {
    NAMES.contains(&name)
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}
