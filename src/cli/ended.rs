//! How a command ends.

use std::fmt::Display;

/// The exit code of a program that failed.
pub(super) const FAILED: u8 = 1;

/// The exit code of a denial or of findings.
pub(super) const DENIED: u8 = 2;

/// The exit code of wrong usage.
pub(super) const WRONG_USAGE: u8 = 64;

/// How a command ended, when it did not fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    Good,
    Denied,
}

/// Why a command failed: the exit code, and the sentence.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: u8,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { code: WRONG_USAGE, message: message.into() }
    }

    pub(super) fn failed(message: impl Display) -> Self {
        Self { code: FAILED, message: message.to_string() }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::failed(error)
    }
}
