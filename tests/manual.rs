//! The manual and the README name what there is.

use std::collections::BTreeSet;

use standing::manual::TOPICS;

use crate::server::standing;

/// What is printed to whoever runs a command with these arguments.
fn printed(arguments: &[&str]) -> (Option<i32>, String) {
    let output = standing(arguments);
    let all = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(all).unwrap())
}

/// The lines of a text that a reader runs in a shell.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|block| block.split("\n```").next());
    blocks.flat_map(str::lines)
}

#[test]
fn every_page_is_listed_and_printed_at_the_width_of_a_terminal() {
    let (code, list) = printed(&["manual"]);
    assert_eq!(code, Some(0), "{list}");
    for topic in TOPICS {
        assert!(list.contains(topic.name) && list.contains(topic.title()), "{}: {list}", topic.name);
        let (code, page) = printed(&["manual", topic.name]);
        assert_eq!(code, Some(0), "{page}");
        assert!(page.starts_with(topic.title()), "{page}");
        let prose = page.lines().filter(|line| !line.starts_with(['|', ' ']));
        let wide: Vec<&str> = prose.filter(|line| line.chars().count() > 80 && line.contains(' ')).collect();
        assert_eq!(wide, [""; 0], "{}", topic.name);
        assert!(!page.contains("```"), "{page}");
    }
    let (code, wrong) = printed(&["manual", "rule"]);
    assert_eq!(code, Some(64), "{wrong}");
    assert!(wrong.contains("'rules'"), "{wrong}");
}

#[test]
fn every_command_of_the_readme_and_the_manual_is_one() {
    let readme = include_str!("../README.md");
    let mut tried = BTreeSet::new();
    for line in TOPICS.iter().map(|topic| topic.text).chain([readme]).flat_map(commands) {
        let after = ["cargo run --release -- ", "./target/release/standing "].into_iter();
        let Some((_, said)) = after.filter_map(|before| line.split_once(before)).next() else { continue };
        let words = said.split_whitespace().take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        let words: Vec<&str> = words.take_while(|word| !word.starts_with('-')).collect();
        if words.is_empty() || !tried.insert(words.clone()) {
            continue;
        }
        // What follows the command may look like one.
        let found = (1..=words.len()).rev().find(|most| printed(&[&words[..*most], &["--help"]].concat()).0 == Some(0));
        assert!(found.is_some(), "`{line}` is no command");
        let help = printed(&[&words[..found.unwrap()], &["--help"]].concat()).1;
        // What a shell fills in may be a command with flags of its own.
        let flags = if said.contains('$') { "" } else { said };
        for flag in flags.split_whitespace().filter_map(|word| word.strip_prefix("--")).filter(|flag| !flag.is_empty())
        {
            let flag = flag.trim_end_matches(|c: char| !c.is_ascii_lowercase());
            assert!(help.contains(&format!("--{flag}")), "`{line}`: there is no `--{flag}`");
        }
    }
    assert!(tried.len() > 15, "{tried:?}");
}

#[test]
fn every_page_that_the_readme_names_is_one_and_every_one_is_named() {
    let readme = include_str!("../README.md");
    let named: BTreeSet<&str> =
        readme.split("(src/manual/").skip(1).filter_map(|rest| rest.split_once(".md)").map(|(name, _)| name)).collect();
    assert_eq!(named, TOPICS.iter().map(|topic| topic.name).collect());
}
