//! What the sources of this crate never do, read from the sources themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 400;
/// As many routes as one can see at once.
const SCREEN_LINES: usize = 92;

/// Names that say nothing of what is in a file.
const EMPTY_NAMES: [&str; 9] = ["utils", "common", "helpers", "types", "models", "dto", "state", "manager", "mod"];

/// Words that name nothing to whoever knows the field; each name that was made of them has a plain one.
const DIALECT: &str = "\
    basis became beside bring brought coming crowd crowds desk door exchange gather gathered gathering ground \
    happening hole household households refound sketch sketches sought stopping strange stranger strangers suppose \
    supposed tally telling told weigh weighed worked";
/// Names of the dialect that are served: each stands in a `schema(as = ..)` alone.
const DIALECT_SERVED: [&str; 4] = ["FrontDoor", "ProposalTold", "Sought", "StrangersTurned"];

/// A source file: its path below `src`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The lines that are compiled into the program: no comments, and nothing of a file's own tests.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.take_while(|(_, line)| line.trim() != "#[cfg(test)]").filter_map(|(number, line)| {
            let code = line.split_once(" //").map_or(line, |(code, _)| code);
            (!line.trim_start().starts_with("//")).then_some((number, code))
        })
    }

    /// The room of the house the file stands in, for example `pdp`.
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn is_in(&self, rooms: &[&str]) -> bool {
        rooms.contains(&self.room())
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![folder()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
                found.push(Source { path, text });
            }
        }
    }
    assert!(found.len() > 50, "only {} sources were found", found.len());
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The words of a line of code.
fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// The names in a source text with their lines: identifiers outside comments and literals.
fn names(text: &str) -> Vec<(usize, &str)> {
    let (mut found, mut rest, mut line) = (Vec::new(), text, 1);
    while let Some(next) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if next == '"' {
            let mut is_escaped = false;
            let end = rest[1..].find(|c| {
                let is_end = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                is_end
            });
            end.unwrap() + 2
        } else if rest.starts_with("r\"") || rest.starts_with("r#\"") {
            let end = if rest.starts_with("r#") { "\"#" } else { "\"" };
            let begin = end.len() + 1;
            begin + rest[begin..].find(end).unwrap() + end.len()
        } else if rest.starts_with("'\\") {
            4 + rest[3..].find('\'').unwrap()
        } else if next == '\'' && rest.chars().nth(2) == Some('\'') {
            rest.char_indices().nth(3).map_or(rest.len(), |(end, _)| end)
        } else if next.is_alphanumeric() || next == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            found.push((line, &rest[..end]));
            end
        } else {
            next.len_utf8()
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// The words of a name in lower case, for example `change` and `set` of `ChangeSet` and of `change_set`.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && was_lower) {
            parts.push(String::new());
        }
        was_lower = c.is_lowercase() || c.is_numeric();
        parts.last_mut().unwrap().extend(c.to_lowercase().filter(|c| *c != '_'));
    }
    parts
}

/// Every place that breaks a rule, as `path:line: code`.
fn breaches(of: impl Fn(&Source, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources() {
        for (number, code) in source.code().filter(|(_, code)| of(&source, code)) {
            found.push(format!("src/{}:{number}: {}", source.path, code.trim()));
        }
    }
    found
}

#[track_caller]
fn assert_none(breaches: &[String], rule: &str) {
    assert!(breaches.is_empty(), "{rule}:\n{}", breaches.join("\n"));
}

/// The rooms of the house, from the ground up, as `lib.rs` names them.
fn rooms() -> Vec<String> {
    let text = fs::read_to_string(folder().join("lib.rs")).unwrap();
    let rooms = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    rooms.map(str::to_owned).collect()
}

#[test]
fn a_file_names_only_rooms_above_its_own_in_the_list() {
    let rooms = rooms();
    let place = |room: &str| rooms.iter().position(|known| known == room);
    let named = |code: &str| -> Vec<String> {
        let after = code.split("crate::").skip(1);
        after.map(|rest| words(rest).next().unwrap_or_default().to_owned()).collect()
    };
    let breaches = breaches(|source, code| {
        let Some(own) = place(source.room()) else { return false };
        // A braced list would hide names from this test.
        code.contains("crate::{") || named(code).iter().any(|room| place(room).is_none_or(|there| there > own))
    });
    assert_none(&breaches, "a file names only rooms above its own in the list of lib.rs");
}

/// The files of a room from the ground up, as the file above them names them, and where what it shows of them is from.
fn files_of(room: &str) -> (Vec<String>, Vec<(String, String)>) {
    let text = fs::read_to_string(folder().join(format!("{room}.rs"))).unwrap();
    let plain = |line: &str| line.trim_start_matches("pub(crate) ").trim_start_matches("pub ").to_owned();
    let files = text.lines().filter_map(|line| Some(plain(line).strip_prefix("mod ")?.strip_suffix(';')?.to_owned()));
    let files: Vec<String> = files.collect();
    let mut shown = Vec::new();
    for line in text.split(" use ").skip(1) {
        let Some((file, names)) = line.split(';').next().and_then(|line| line.split_once("::")) else { continue };
        shown.extend(words(names).map(|name| (name.to_owned(), file.to_owned())));
    }
    (files, shown)
}

/// What a line of a file so deep in its room names of the room.
fn named_of(room: &str, depth: usize, code: &str) -> Vec<String> {
    let (above, whole) = ("super::".repeat(depth + 1), format!("crate::{room}::"));
    let after = |before: &str| -> Vec<String> {
        let places = code.match_indices(before).filter(|(place, _)| !code[..*place].ends_with("super::"));
        places.map(|(place, _)| code[place + before.len()..].to_owned()).collect()
    };
    // A file may name the room itself, and go on from there.
    let own = format!("{room}::");
    let places = code.match_indices(&own).filter(|(place, _)| {
        !code[..*place].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
    });
    let from_room = places.map(|(place, _)| code[place + own.len()..].to_owned()).collect();
    let rests = [after(&above), after(&whole), from_room].concat();
    let named = rests.iter().filter(|rest| !rest.starts_with("super::")).flat_map(|rest| {
        let first = rest.split_once('}').filter(|_| rest.starts_with('{')).map_or(rest.as_str(), |(list, _)| list);
        words(first).take(if rest.starts_with('{') { usize::MAX } else { 1 }).map(str::to_owned).collect::<Vec<_>>()
    });
    named.collect()
}

#[test]
fn a_file_of_a_room_names_only_files_above_its_own_in_the_list_of_the_room() {
    let mut ordered = 0;
    for room in rooms().iter().filter(|room| folder().join(room).is_dir()) {
        let (files, shown) = files_of(room);
        let place = |file: &str| files.iter().position(|known| known == file);
        let breaches = breaches(|source, code| {
            let Some(inside) = source.path.strip_prefix(&format!("{room}/")) else { return false };
            let Some(own) = place(inside.split('/').next().unwrap().trim_end_matches(".rs")) else { return false };
            named_of(room, inside.matches('/').count(), code).iter().any(|name| {
                let file = shown.iter().find(|(known, _)| known == name).map_or(name, |(_, file)| file);
                place(file).is_some_and(|there| there > own)
            })
        });
        assert_none(&breaches, &format!("a file of `{room}` names only files above its own in the list of {room}.rs"));
        ordered += files.len();
    }
    assert!(ordered > 120, "{ordered}");
}

/// What follows a path: one way on, or each way of a list in braces.
fn ways_on(rest: &str) -> Vec<&str> {
    let Some(list) = rest.strip_prefix('{') else { return vec![rest] };
    let (mut depth, mut from, mut ways) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        if depth == 0 && (c == ',' || c == '}') {
            ways.push(list[from..at].trim());
            from = at + 1;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    ways
}

/// The files that a way through the files leads to.
fn led_to(files: &BTreeMap<String, String>, from: &str, rest: &str, found: &mut BTreeSet<String>) {
    // The last in a list may have a comma after it.
    for way in ways_on(rest).into_iter().filter(|way| !way.is_empty()) {
        let name = words(way).next().unwrap_or_default();
        let file = if from.is_empty() { name.to_owned() } else { format!("{from}/{name}") };
        match way.strip_prefix(name).and_then(|rest| rest.strip_prefix("::")) {
            Some(rest) if files.contains_key(&file) => led_to(files, &file, rest, found),
            _ if files.contains_key(&file) => drop(found.insert(file)),
            _ => drop(found.insert(from.to_owned())),
        }
    }
}

/// The files that a file names.
fn named_by(files: &BTreeMap<String, String>, file: &str) -> BTreeSet<String> {
    let (text, mut found) = (&files[file], BTreeSet::new());
    let mut follow = |path: &str, from: &str| {
        for (at, _) in text.match_indices(path) {
            let is_inside = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            let rest = &text[at + path.len()..];
            if !is_inside && !rest.starts_with("super::") {
                led_to(files, from, rest, &mut found);
            }
        }
    };
    follow("crate::", "");
    let above: Vec<&str> = file.split('/').collect();
    for up in 1..=above.len() {
        follow(&"super::".repeat(up), &above[..above.len() - up].join("/"));
    }
    let own = |path: &&String| path.strip_prefix(file).is_some_and(|rest| rest.starts_with('/'));
    for child in files.keys().filter(own).map(|path| &path[file.len() + 1..]).filter(|path| !path.contains('/')) {
        for way in [format!("{child}::"), format!("self::{child}::")] {
            follow(&way, &format!("{file}/{child}"));
        }
    }
    found
}

#[test]
fn no_file_is_in_a_circle_with_files_of_its_own_folder() {
    // In one line, without what a file shows of others.
    let text_of = |source: &Source| {
        let code: Vec<&str> = source.code().map(|(_, code)| code.trim()).collect();
        let code = code.join(" ").replace("pub(in crate::", "pub(in ").replace("pub(in super::super", "pub(in ");
        let is_shown = |line: &&str| line.trim().starts_with("pub") && line.contains(" use ");
        code.split(';').filter(|line| !is_shown(line)).collect::<Vec<_>>().join(";")
    };
    let sources = sources();
    let files: BTreeMap<String, String> =
        sources.iter().map(|source| (source.path.trim_end_matches(".rs").to_owned(), text_of(source))).collect();
    let named: BTreeMap<&String, BTreeSet<String>> = files.keys().map(|file| (file, named_by(&files, file))).collect();
    assert!(named[&"store/writer".to_owned()].contains("store/queue"));
    let mut circles = Vec::new();
    for file in files.keys() {
        let inside = |path: &&String| path.strip_prefix(file).is_some_and(|rest| rest.starts_with('/'));
        let mut next: Vec<&String> = named[file].iter().filter(inside).collect();
        let mut seen = BTreeSet::new();
        while let Some(one) = next.pop().filter(|_| circles.last() != Some(file)) {
            if named[one].contains(file) {
                circles.push(file.clone());
            }
            next.extend(named[one].iter().filter(inside).filter(|path| seen.insert(*path)));
        }
    }
    assert_eq!(circles, [""; 0], "what a file and its folder both need lies in a file below both");
}

#[test]
fn every_room_is_in_the_list_of_lib_and_on_its_map() {
    let rooms = rooms();
    let standing: BTreeSet<String> = sources()
        .iter()
        .map(|source| source.room().to_owned())
        .filter(|room| !["lib", "main"].contains(&room.as_str()))
        .collect();
    assert_eq!(standing, rooms.iter().cloned().collect());
    let text = fs::read_to_string(folder().join("lib.rs")).unwrap();
    for room in rooms {
        assert!(text.contains(&format!("[`{room}`]")), "`{room}` is not on the map of lib.rs");
    }
}

#[test]
fn a_file_is_named_after_what_is_in_it_and_says_what_that_is() {
    for Source { path, text } in sources() {
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        assert!(!EMPTY_NAMES.contains(&name), "`src/{path}` has a name that says nothing");
        assert!(text.starts_with("//! "), "`src/{path}` does not begin with what is in it");
    }
}

#[test]
fn names_are_words_of_the_field() {
    assert_eq!(parts("SearchTarget"), parts("search_target"));
    assert_eq!(
        names("let a = \"told\\\"told\"; // told\nlet b: &'c str = '\\'';"),
        [(1, "let"), (1, "a"), (2, "let"), (2, "b"), (2, "c"), (2, "str"),]
    );
    let (mut found, mut served) = (Vec::new(), BTreeSet::new());
    for Source { path, text } in sources() {
        let file = path.trim_end_matches(".rs").split('/').map(|name| (0, name));
        for (line, name) in names(&text).into_iter().chain(file) {
            if DIALECT_SERVED.contains(&name) {
                served.insert(name.to_owned());
            } else if parts(name).iter().any(|part| DIALECT.split(' ').any(|word| word == part)) {
                found.push(format!("src/{path}:{line}: `{name}`"));
            }
        }
    }
    assert_none(&found, "a name is a word that somebody who knows the field would search for");
    assert_eq!(served, DIALECT_SERVED.map(str::to_owned).into(), "the names that are served, and the list of them");
}

#[test]
fn a_file_is_short() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|source| source.text.lines().count() > LINES_MAX)
        .map(|source| source.path)
        .collect();
    assert_eq!(long, [""; 0], "files with more than {LINES_MAX} lines");
}

#[test]
fn the_program_never_panics_on_purpose() {
    const PANICS: [&str; 7] =
        [".unwrap()", ".expect(", ".unwrap_err()", "panic!(", "todo!(", "unimplemented!(", "unreachable!("];
    let breaches = breaches(|_, code| PANICS.iter().any(|panic| code.contains(panic)));
    assert_none(&breaches, "an error is a value, never a panic");
}

#[test]
fn only_the_store_names_its_file_format() {
    let breaches = breaches(|source, code| !source.is_in(&["store"]) && words(code).any(|word| word == "redb"));
    assert_none(&breaches, "redb is named only below src/store");
}

#[test]
fn only_the_rooms_of_the_rules_name_cedar() {
    let breaches = breaches(|source, code| {
        !source.is_in(&["policy", "decide", "assure"]) && words(code).any(|word| word == "cedar_policy")
    });
    assert_none(&breaches, "cedar_policy is named only in src/policy, src/decide and src/assure");
}

#[test]
fn only_the_surface_and_the_command_that_serves_it_name_warp() {
    let breaches = breaches(|source, code| !source.is_in(&["http", "cli"]) && words(code).any(|word| word == "warp"));
    assert_none(&breaches, "warp is named only in src/http and src/cli");
}

#[test]
fn handlers_know_the_decision_point_and_neither_the_store_nor_cedar() {
    let breaches = breaches(|source, code| {
        // The one map from errors to statuses needs the store's error, and nothing else of it.
        let is_error = source.path == "http/problem.rs" && code.trim() == "use crate::store::StoreError;";
        let is_named = code.contains("crate::store") || code.contains("crate::policy") || code.contains("cedar");
        source.is_in(&["http", "pages"]) && is_named && !is_error
    });
    assert_none(&breaches, "handlers know the decision point only");
}

#[test]
fn what_is_pure_reads_no_clock_no_file_and_no_environment() {
    let breaches = breaches(|source, code| {
        let is_impure = ["std::fs", "std::env", "std::net", "tokio", "SystemTime", "Instant", "getrandom"]
            .iter()
            .any(|impure| code.contains(impure));
        source.is_in(&["id", "domain", "question", "facts", "standing", "decide", "caller", "audit"])
            // A world is read from its folder once, before anything is decided.
            && source.path != "decide/world.rs"
            && is_impure
    });
    assert_none(&breaches, "what decides does nothing but decide");
}

#[test]
fn commands_print_in_one_way_which_a_closed_pipe_ends_quietly() {
    const PRINTS: [&str; 6] = ["println!(", "print!(", "eprintln!(", "eprint!(", "dbg!(", "io::stdout()"];
    let breaches =
        breaches(|source, code| source.path != "cli/print.rs" && PRINTS.iter().any(|print| code.contains(print)));
    assert_none(&breaches, "whatever is printed goes through src/cli/print.rs");
}

#[test]
fn all_routes_are_on_one_screen() {
    let text = fs::read_to_string(folder().join("http/routes.rs")).unwrap();
    let table = text.lines().skip_while(|line| *line != "routes! {").take_while(|line| *line != "}");
    let lines = table.count();
    assert!((10..=SCREEN_LINES).contains(&lines), "the table of routes has {lines} lines");
}

#[test]
fn the_decision_point_has_five_fields_and_its_methods_stand_in_one_place() {
    const METHODS_MAX: usize = 15;
    let found = breaches(|source, code| code.starts_with("impl Pdp") && source.path != "pdp.rs");
    assert_none(&found, "what is done with a decision point is a function of the room that does it");
    let text = fs::read_to_string(folder().join("pdp.rs")).unwrap();
    let between = |from: &str| text.split_once(from).unwrap().1.split_once("\n}\n").unwrap().0.to_owned();
    let fields: Vec<String> = between("pub struct Pdp {")
        .lines()
        .filter_map(|line| Some(words(line.trim().strip_prefix("pub(crate) ")?).next()?.to_owned()))
        .collect();
    assert_eq!(fields, ["store", "rules", "keys", "settings", "metrics"]);
    assert_eq!(text.matches("\nimpl Pdp {").count(), 1);
    let methods = between("\nimpl Pdp {").matches(" fn ").count();
    assert!(methods <= METHODS_MAX, "{methods} methods");
}

#[test]
fn no_room_holds_more_than_its_share_of_the_house() {
    const SHARE_MAX: usize = 15;
    let sources = sources();
    let lines = |text: &str| text.lines().count();
    let all: usize = sources.iter().map(|source| lines(&source.text)).sum();
    for room in rooms() {
        let own: usize = sources.iter().filter(|source| source.room() == room).map(|source| lines(&source.text)).sum();
        assert!(own * 100 <= all * SHARE_MAX, "`{room}` holds {own} of {all} lines");
    }
}
