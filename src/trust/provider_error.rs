//! Why a provider cannot be used, and why nobody signed in by it.

use std::path::PathBuf;

use hyper::StatusCode;

use super::fetch::{AuthoritiesError, FetchError};
use super::id_token::IdTokenError;
use crate::files::FilesError;

/// Why a provider of the settings cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ProviderSettingsError {
    /// Others may read the secret.
    #[error("sign-in `{name}`: {cause}")]
    Secret {
        /// The provider.
        name: String,
        /// Why.
        cause: FilesError,
    },
    /// The secret cannot be read.
    #[error("sign-in `{name}`: the secret cannot be read from `{}`: {cause}", path.display())]
    File {
        /// The provider.
        name: String,
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// There is nothing in it.
    #[error("sign-in `{name}`: `{}` holds no secret; write it there, or leave `client_secret_file` out", path.display())]
    Empty {
        /// The provider.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// Nobody vouches for its hosts.
    #[error("sign-in `{name}`: {cause}")]
    Authorities {
        /// The provider.
        name: String,
        /// Why.
        cause: AuthoritiesError,
    },
}

/// Why nobody signed in.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The provider cannot be reached.
    #[error("it cannot be reached: {0}")]
    Down(FetchError),
    /// It was asked a moment ago, and could not be reached or used.
    #[error("it could not be reached or used a moment ago")]
    DownLately,
    /// What it says of itself cannot be used.
    #[error("what it says of itself cannot be used: {0}")]
    Metadata(String),
    /// It does not take the code it gave, or not from us.
    #[error("it answered the code it had given with {0}")]
    Code(StatusCode),
    /// It gave no ID token for the code.
    #[error("it gave no ID token for the code")]
    NoIdToken,
    /// The ID token is not right.
    #[error("its ID token is not right: {0}")]
    IdToken(#[from] IdTokenError),
}
