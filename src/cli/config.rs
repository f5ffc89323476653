//! `standing config`: the settings in force and where each comes from, and whether a file of settings is understood.

use super::print;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::ended::{Ended, Failure};
use super::rules_dir::RulesFlag;
use super::settings::{in_force, named};
use crate::config::sources::{Resolved, environment, file, resolve, unknown};
use crate::config::{ForwardAuth, RulesFrom, Settings, SettingsError};

/// Show the settings in force, or check them.
#[derive(Debug, Args)]
#[command(after_help = "Example: standing config print --config standing.toml")]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say everything in the settings that is not understood, cannot be, or lets nobody or everybody in: exit code 2 when
    /// anything is.
    #[command(after_help = "Example: standing config check --config standing.toml")]
    Check {
        /// Print JSON, for machines.
        #[arg(long)]
        json: bool,
    },
    /// Print every setting with where it comes from: a flag, the environment, the file, or the default.
    #[command(after_help = "Example: STANDING_LISTEN=127.0.0.1:8282 standing config print")]
    Print {
        /// The data directory, as `serve` takes it.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// The address to listen on, as `serve` takes it.
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
        /// The folder of rules, as `serve` takes it.
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
        /// Print JSON, for machines.
        #[arg(long)]
        json: bool,
    },
}

impl ConfigCommand {
    pub(super) fn run(self) -> Result<Ended, Failure> {
        match self.action {
            Action::Check { json } => check(json),
            Action::Print { data, listen, rules, json } => {
                let text = |path: PathBuf| path.display().to_string();
                let resolved = in_force()?
                    .with_flag("data", data.map(text))?
                    .with_flag("listen", listen)?
                    .with_flag("rules", rules.map(text))?;
                let list = resolved.list();
                if json {
                    let settings = list.iter().map(|setting| {
                        json!({ "setting": setting.key, "value": setting.value, "from": setting.from.to_string() })
                    });
                    print::line(json!({ "file": resolved.file, "settings": settings.collect::<Vec<_>>() }));
                    return Ok(Ended::Good);
                }
                match &resolved.file {
                    Some(file) => print::line(format_args!("# file: {}", file.display())),
                    None => print::line(format_args!("# no file: name one with --config or STANDING_CONFIG")),
                }
                for setting in list {
                    match setting.value {
                        Some(value) => print::line(format_args!("{} = {value}  # {}", setting.key, setting.from)),
                        None => print::line(format_args!("# {} is not set", setting.key)),
                    }
                }
                Ok(Ended::Good)
            }
        }
    }
}

/// What a table of a proxy asks about that the rules have no word for, so that it is always refused. Nothing where the
/// settings do not say which rules are in force, or those cannot be read: `standing rules check` says why.
fn unasked(table: &ForwardAuth, settings: &Settings) -> Vec<String> {
    let named = settings.rules.clone().filter(|_| settings.rules_from == RulesFrom::Files);
    let Some(Ok(rules)) = named.map(|named| RulesFlag { rules: Some(named) }.bundle()) else { return Vec::new() };
    let vocabulary = rules.vocabulary();
    let of_subject = ("subject_type", "type", &*table.subject_type, vocabulary.entity(&table.subject_type).is_some());
    let of_routes = table.routes.iter().flat_map(|route| {
        let kind = route.resource.rsplit_once("::").map_or("", |(kind, _)| kind);
        [
            ("action", "action", &*route.action, vocabulary.action("", &route.action).is_some()),
            ("resource", "type", kind, vocabulary.entity(kind).is_some()),
        ]
    });
    let mut found: Vec<String> = [of_subject]
        .into_iter()
        .chain(of_routes)
        .filter(|(.., is_known)| !is_known)
        .map(|(member, what, name, _)| {
            format!("`forward_auth`: no rules here have the {what} `{name}` of `{member}`, so its calls are always refused; see `standing rules check` for where they are read, and the schema for what there is")
        })
        .collect();
    found.dedup();
    found
}

fn check(as_json: bool) -> Result<Ended, Failure> {
    let environment = environment();
    let file = file(named(std::env::args_os()), &environment);
    let mut found: Vec<String> = match unknown(file.as_deref(), &environment) {
        Ok(unknown) => unknown.iter().map(ToString::to_string).collect(),
        Err(error @ SettingsError::Unreadable { .. }) => return Err(Failure::failed(error)),
        Err(error) => vec![error.to_string()],
    };
    if found.is_empty() {
        match resolve(file.clone(), &environment) {
            Ok(Resolved { settings, .. }) => {
                found.extend(settings.advice());
                found.extend(settings.forward_auth.iter().flat_map(|table| unasked(table, &settings)));
            }
            Err(error) => found.push(error.to_string()),
        }
    }
    if as_json {
        print::line(json!({ "file": file, "findings": found }));
    } else if found.is_empty() {
        match &file {
            Some(file) => print::line(format_args!("`{}` is good", file.display())),
            None => print::line(format_args!("there is no file of settings, and the environment is good")),
        }
    } else {
        found.iter().for_each(print::line);
    }
    Ok(if found.is_empty() { Ended::Good } else { Ended::Denied })
}
