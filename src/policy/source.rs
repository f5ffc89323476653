//! Where the text of rules comes from: a folder, or the set built into the binary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::stray::is_stray;
use crate::config::RulesAt;
use crate::limits::{RULES_FILE_BYTES_MAX, RULES_FILES_MAX};

static BUILT_IN: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// Why a folder of rules cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no folder of that name.
    #[error("`{}` is not a folder; name one that holds `{wanted}`", path.display())]
    NotAFolder {
        /// The folder as given.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A file or folder cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A file is larger than any file of rules.
    #[error("`{}` has {bytes} bytes; a file of rules has at most {RULES_FILE_BYTES_MAX}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A file that would be silently left out.
    #[error("`{}` is none of `.cedar`, `.cedarschema` and `.md` and no leftover of an editor, so it would decide nothing; rename it, or move it out", path.display())]
    NotARule {
        /// The file.
        path: PathBuf,
    },
    /// There are more files than a set of rules may hold.
    #[error("`{}` holds more than {RULES_FILES_MAX} files; keep the rules in a folder of their own", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
}

/// The files of one set of rules: texts by path, the paths as in its folder (`policies/may/...`, `schemas/...`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RuleFiles {
    texts: BTreeMap<String, String>,
    /// What editors left in the folder, which is no part of the set.
    strays: Vec<String>,
}

impl RuleFiles {
    /// The set built into the binary.
    #[must_use]
    pub fn built_in() -> Self {
        BUILT_IN.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    /// The set in `dir`, which holds `policies/` and optionally `schemas/`; without, the schemas are those of
    /// `in_force`.
    ///
    /// # Errors
    /// A [`ReadError`] that names the file.
    pub fn read(dir: &Path, in_force: &Self) -> Result<Self, ReadError> {
        let mut files = Self::default();
        files.collect(dir, "policies", Some("policies"))?;
        if dir.join("schemas").is_dir() {
            files.collect(dir, "schemas", None)?;
        } else {
            files.texts.extend(in_force.iter().filter(|(path, _)| path.ends_with(".cedarschema")).map(owned));
        }
        files.strays.sort();
        Ok(files)
    }

    /// The set that stands there: in a folder, whose schemas are those of `in_force` where it has none, or built in.
    ///
    /// # Errors
    /// A [`ReadError`] that names the file.
    pub fn at(place: &RulesAt, in_force: &Self) -> Result<Self, ReadError> {
        match place {
            RulesAt::Folder(folder) => Self::read(folder, in_force),
            RulesAt::BuiltIn => Ok(Self::built_in()),
        }
    }

    /// What was passed over in the folder because an editor or a desktop left it there, by paths; it is no part of the
    /// set, and everything else that is no file of rules refuses the set.
    #[must_use]
    pub fn strays(&self) -> &[String] {
        &self.strays
    }

    /// The set of the world in `dir`, which holds `schema.cedarschema` and `policies/`.
    ///
    /// # Errors
    /// A [`ReadError`] that names the file.
    pub fn read_world(dir: &Path) -> Result<Self, ReadError> {
        let mut files = Self::default();
        files.collect(dir, "policies", Some("schema.cedarschema, policies/ and entities.json"))?;
        let text = read_file(&dir.join("schema.cedarschema"))?;
        files.texts.insert("schema.cedarschema".to_owned(), text);
        Ok(files)
    }

    fn collect(&mut self, root: &Path, below: &str, wanted: Option<&'static str>) -> Result<(), ReadError> {
        let folder = root.join(below);
        if let Some(wanted) = wanted
            && !folder.is_dir()
        {
            return Err(ReadError::NotAFolder { path: root.to_owned(), wanted });
        }
        let unreadable = |cause| ReadError::Unreadable { path: folder.clone(), cause };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                return Err(ReadError::NotARule { path });
            };
            let below = format!("{below}/{name}");
            if is_stray(name) {
                self.strays.push(below);
            } else if name.starts_with('.') {
                // `.never-x.cedar` looks like a rule to whoever wrote it.
                return Err(ReadError::NotARule { path });
            } else if path.is_dir() {
                self.collect(root, &below, None)?;
            } else if name.ends_with(".cedar") || name.ends_with(".cedarschema") || name.ends_with(".md") {
                if self.texts.len() == RULES_FILES_MAX {
                    return Err(ReadError::TooMany { path: root.to_owned() });
                }
                self.texts.insert(below, read_file(&path)?);
            } else {
                return Err(ReadError::NotARule { path });
            }
        }
        Ok(())
    }

    /// The files, in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of one file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Puts a file in, or another text in its place.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.texts.insert(path.into(), text.into());
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) -> Option<String> {
        self.texts.remove(path)
    }
}

impl FromIterator<(String, String)> for RuleFiles {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(files: I) -> Self {
        Self { texts: files.into_iter().collect(), strays: Vec::new() }
    }
}

fn owned((path, text): (&str, &str)) -> (String, String) {
    (path.to_owned(), text.to_owned())
}

fn read_file(path: &Path) -> Result<String, ReadError> {
    let unreadable = |cause| ReadError::Unreadable { path: path.to_owned(), cause };
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > RULES_FILE_BYTES_MAX as u64 {
        return Err(ReadError::TooLarge { path: path.to_owned(), bytes });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    Ok(without_mark(text))
}

/// A text without the byte order mark that some editors begin a file with.
#[must_use]
pub fn without_mark(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}
