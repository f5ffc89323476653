//! How a command about rules ends, and writing a file of them.

use std::path::{Path, PathBuf};

use crate::cli::ended::{Ended, Failure};
use crate::files;
use crate::policy::Finding;

/// Good when nothing was found that refuses a set: advice is for the reviewer to judge, unless whoever asks is strict.
pub(super) fn ended(findings: &[Finding], is_strict: bool) -> Ended {
    let is_refused = findings.iter().any(|finding| is_strict || !finding.advisory);
    if is_refused { Ended::Denied } else { Ended::Good }
}

/// Writes a file whole: it is never seen half written.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let named = |error: std::io::Error| Failure::failed(format!("cannot write `{}`: {error}", path.display()));
    // Of a name that is passed over: a server that watches the folder may look in between.
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".swp");
    let temporary = PathBuf::from(temporary);
    let mut file = files::create(&temporary, files::PUBLIC).map_err(named)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(named)?;
    files::place(&temporary, path).map_err(named)
}
