//! Where the archive files of a data directory stand, and how they are named.

/// Their folder, below the data directory.
pub(crate) const FOLDER_NAME: &str = "archive";

/// The name of the file that holds a run of records.
pub(crate) fn file_name(first: u64, last: u64) -> String {
    format!("ledger-{first}-{last}.ndjson")
}

/// The first and the last record that a file is named after; nothing for a file of another kind.
pub(crate) fn named_after(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("ledger-")?.strip_suffix(".ndjson")?.split_once('-')
}
