//! Where settings come from: a flag before the environment, the environment before the file, the file before what is
//! set unless somebody says otherwise. Each setting is also `STANDING_` and its name in capitals.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::listed::{Kind, SETTINGS, Setting};
use super::public_url::masked;
use super::{Settings, SettingsError};

/// What else the environment may say, which is no setting.
const NO_SETTINGS: [&str; 4] = ["STANDING_CONFIG", "STANDING_REQUIRE_SOLVER", "STANDING_TOKEN", "STANDING_TOKEN_FILE"];

/// Where a setting comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Nobody says anything.
    Default,
    /// A line of the file.
    File {
        /// The line.
        line: usize,
    },
    /// A variable of the environment.
    Environment(String),
    /// A flag of the command.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { line } => write!(f, "file, line {line}"),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// One setting as it is in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InForce {
    /// Its name.
    pub key: &'static str,
    /// Its value as the file would say it; nothing where there is none.
    pub value: Option<String>,
    /// Where it comes from.
    pub from: Origin,
}

/// Something in the settings that is not understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// The file and the place in it, or the variable.
    pub at: String,
    /// What is there.
    pub message: String,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

/// The settings in force, and where each comes from.
#[derive(Clone, Default, Debug)]
pub struct Resolved {
    /// The settings.
    pub settings: Settings,
    /// The file that was read.
    pub file: Option<PathBuf>,
    origins: BTreeMap<&'static str, (Value, Origin)>,
}

impl Resolved {
    /// Every setting as it is in force; the values of secret ones are not shown.
    #[must_use]
    pub fn list(&self) -> Vec<InForce> {
        let listed = |setting: &Setting| {
            let key = setting.key;
            let (value, from) = match self.origins.get(key) {
                Some((value, from)) => (Some(shown(value)), from.clone()),
                None if setting.otherwise.is_empty() => (None, Origin::Default),
                None => (
                    Some(shown(&value_of(setting, setting.otherwise).unwrap_or_else(|| Value::from("")))),
                    Origin::Default,
                ),
            };
            let value = if setting.is_secret { value.map(|_| "\"***\"".to_owned()) } else { value };
            InForce { key, value, from }
        };
        SETTINGS.iter().map(listed).collect()
    }

    /// The same with what a flag of the command says.
    ///
    /// # Errors
    /// A [`SettingsError`] when the flag says what cannot be.
    pub fn with_flag(mut self, key: &'static str, value: Option<String>) -> Result<Self, SettingsError> {
        if let Some(value) = value {
            self.origins.insert(key, (Value::String(value), Origin::Flag(key.to_owned())));
            self.settings = settings(&self.origins)?;
        }
        Ok(self)
    }
}

/// A value as a file says it, without secrets and what stands before the `@` of an address.
fn shown(value: &Value) -> String {
    without_secrets(value).to_string()
}

fn without_secrets(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked(text)),
        Value::Array(values) => values.iter().map(without_secrets).collect::<Vec<_>>().into(),
        Value::Table(members) => {
            let hidden = |name: &str| name.ends_with("_secret").then(|| Value::from("***"));
            let shown = |(name, value): (&String, &Value)| {
                (name.clone(), hidden(name).unwrap_or_else(|| without_secrets(value)))
            };
            Value::Table(members.iter().map(shown).collect())
        }
        value => value.clone(),
    }
}

fn variable(key: &str) -> String {
    format!("STANDING_{}", key.replace('.', "_").to_uppercase())
}

fn value_of(setting: &Setting, text: &str) -> Option<Value> {
    match setting.kind {
        Kind::Text => Some(Value::String(text.to_owned())),
        Kind::Number => text.trim().parse().ok().map(Value::Integer),
        Kind::List => Some(text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>().into()),
        Kind::Tables => None,
        Kind::Flag => text.trim().parse().ok().map(Value::Boolean),
        Kind::Table => text.parse().ok().map(Value::Table),
    }
}

/// The settings that these values make; an error names where its value comes from.
fn settings(values: &BTreeMap<&'static str, (Value, Origin)>) -> Result<Settings, SettingsError> {
    let mut table = Table::new();
    for (key, (value, origin)) in values {
        let alone = one(key, value.clone());
        Settings::deserialize(alone.clone()).map_err(|error| invalid(key, origin, error.message()))?;
        for (name, value) in alone {
            match (table.get_mut(&name), value) {
                (Some(Value::Table(known)), Value::Table(more)) => known.extend(more),
                (_, value) => drop(table.insert(name, value)),
            }
        }
    }
    let settings = Settings::deserialize(table).map_err(|error| SettingsError::Value(error.message().to_owned()))?;
    match settings.fault() {
        None => Ok(settings),
        Some((key, message)) => {
            let origin = values.get(key).map_or(Origin::Default, |(_, origin)| origin.clone());
            Err(invalid(key, &origin, &message))
        }
    }
}

fn invalid(key: &str, origin: &Origin, message: &str) -> SettingsError {
    SettingsError::Value(format!("`{key}` ({origin}) cannot be so: {}{}", message.trim(), meant(message)))
}

/// The name that is likely meant where the reader says that one is unknown and which ones there are.
fn meant(message: &str) -> String {
    let named = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once("`, expected"));
    let near = named.and_then(|(given, known)| nearest(given, known.split('`').skip(1).step_by(2)));
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// A table that holds one setting.
fn one(key: &str, value: Value) -> Table {
    let mut table = Table::new();
    match key.split_once('.') {
        Some((name, rest)) => table.insert(name.to_owned(), Value::Table(one(rest, value))),
        None => table.insert(key.to_owned(), value),
    };
    table
}

/// What a file says: each setting with its line, and what is not understood.
#[derive(Default)]
struct FileSettings {
    values: BTreeMap<&'static str, (Value, Origin)>,
    unknown: Vec<Unknown>,
}

fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

impl FileSettings {
    fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| SettingsError::Unreadable { path: path.to_owned(), cause })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        // Without the line itself, on which a secret may stand.
        let wrong = |error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let message = format!("line {line}: {}", error.message().trim().replace('\n', "; "));
            SettingsError::Invalid { path: path.to_owned(), message }
        };
        let mut settings = Self::default();
        let places = DeTable::parse(text).map_err(wrong)?;
        settings.table(path, text, "", places.get_ref(), &toml::from_str(text).map_err(wrong)?);
        Ok(settings)
    }

    fn table(&mut self, path: &Path, text: &str, within: &str, places: &DeTable<'_>, values: &Table) {
        for (name, place_of) in places {
            let key =
                if within.is_empty() { name.get_ref().to_string() } else { format!("{within}.{}", name.get_ref()) };
            let Some(value) = values.get(name.get_ref().as_ref()) else { continue };
            let (line, column) = place(text, Spanned::span(name).start);
            if let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) {
                self.values.insert(setting.key, (value.clone(), Origin::File { line }));
                continue;
            }
            let is_table = SETTINGS.iter().any(|setting| setting.key.starts_with(&format!("{key}.")));
            if let (true, DeValue::Table(places), Value::Table(values)) = (is_table, place_of.get_ref(), value) {
                self.table(path, text, &key, places, values);
                continue;
            }
            let hint = nearest(&key, SETTINGS.iter().map(|setting| setting.key));
            let hint = hint.map_or_else(|| "leave it out".to_owned(), |near| format!("did you mean `{near}`?"));
            let at = format!("{}:{line}:{column}", path.display());
            self.unknown.push(Unknown { at, message: format!("unknown field `{key}`; {hint}") });
        }
    }
}

/// The name that is likely meant.
fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace(['-', '_'], "");
    // A setting of a table is often written without it.
    let distance = |known: &str| {
        let last = known.rsplit('.').next().unwrap_or(known);
        strsim::damerau_levenshtein(&plain(given), &plain(known))
            .min(strsim::damerau_levenshtein(&plain(given), &plain(last)))
    };
    let near = known.map(|known| (distance(known), known)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, _)| *distance <= 1.max(given.len() / 4)).map(|(_, known)| known)
}

/// The environment, as far as it speaks of this program.
pub type Environment = BTreeMap<String, OsString>;

/// Reads the environment.
#[must_use]
pub fn environment() -> Environment {
    let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    named.filter(|(name, _)| name.starts_with("STANDING_")).collect()
}

/// The file of settings: what a flag names, else what `STANDING_CONFIG` does.
#[must_use]
pub fn file(flag: Option<PathBuf>, environment: &Environment) -> Option<PathBuf> {
    let named = || environment.get("STANDING_CONFIG").filter(|name| !name.is_empty()).map(PathBuf::from);
    flag.or_else(named)
}

/// Everything in a file and in the environment that is not understood.
///
/// # Errors
/// A [`SettingsError`] when the file cannot be read at all.
pub fn unknown(file: Option<&Path>, environment: &Environment) -> Result<Vec<Unknown>, SettingsError> {
    let mut unknown = file.map(FileSettings::read).transpose()?.unwrap_or_default().unknown;
    let names: Vec<String> = SETTINGS.iter().map(|setting| variable(setting.key)).collect();
    let names = || names.iter().map(String::as_str).chain(NO_SETTINGS);
    for name in environment.keys().filter(|name| names().all(|known| known != name.as_str())) {
        // Others name variables so too, as an orchestrator does for a service of this name; what is near one is meant.
        if let Some(near) = nearest(name, names()).filter(|near| strsim::damerau_levenshtein(name, near) <= 2) {
            let message = format!("it is no setting; did you mean `{near}`?");
            unknown.push(Unknown { at: format!("`{name}`"), message });
        }
    }
    Ok(unknown)
}

/// The settings of a file and the environment.
///
/// # Errors
/// A [`SettingsError`] that names the place of the first thing that is not understood or cannot be.
pub fn resolve(file: Option<PathBuf>, environment: &Environment) -> Result<Resolved, SettingsError> {
    let file_settings = file.as_deref().map(FileSettings::read).transpose()?.unwrap_or_default();
    if let Some(unknown) = file_settings.unknown.first() {
        return Err(SettingsError::Value(unknown.to_string()));
    }
    let mut origins = file_settings.values;
    for setting in SETTINGS {
        let name = variable(setting.key);
        let Some(value) = environment.get(&name).filter(|value| !value.is_empty()) else { continue };
        let value = value.to_str().and_then(|text| value_of(setting, text)).ok_or_else(|| {
            SettingsError::Value(format!(
                "`{name}` cannot be `{}`: give a whole number, `true` or `false`, or plain text, as the setting is",
                value.to_string_lossy()
            ))
        })?;
        origins.insert(setting.key, (value, Origin::Environment(name)));
    }
    // An invalid value of the file is reported with the file, also where something else overrides it.
    let settings = settings(&origins).map_err(|error| match (error, &file) {
        (SettingsError::Value(message), Some(path)) if message.contains("(file, line") => {
            SettingsError::Invalid { path: path.clone(), message }
        }
        (error, _) => error,
    })?;
    Ok(Resolved { settings, file, origins })
}
