//! Why a world cannot be read.

use std::io;
use std::path::PathBuf;

/// Why the entities of a world cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file does not hold entities of the world's schema.
    #[error("`{}` does not hold entities of the schema: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The schema marks an attribute in words that mean nothing.
    #[error("`{attribute}` is marked `@claimable(\"{said}\")`; write `@claimable` alone, or leave it out")]
    Mark {
        /// The attribute.
        attribute: String,
        /// What the mark says.
        said: String,
    },
}
