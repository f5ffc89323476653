//! Names that are much like another, for whoever mistyped one.

/// The name among `known` that is most like `given`, if one is: the same in other letter case, or a few keys away.
pub fn closest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = given.to_lowercase();
    let most = (given.len() / 3).min(3);
    let close = known.into_iter().filter_map(|name| {
        let keys = distance(&lower, &name.to_lowercase());
        (keys <= most).then_some((keys, name))
    });
    close.min().map(|(_, name)| name)
}

/// How many characters must be put in, taken out or changed to make one of the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, one) in from.chars().enumerate() {
        let mut before = row[0];
        row[0] = index + 1;
        for (column, other) in to.iter().enumerate() {
            let changed = before + usize::from(one != *other);
            before = row[column + 1];
            row[column + 1] = changed.min(before + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_name_is_found_by_its_letters_and_not_by_chance() {
        let known = ["azure", "dynamics", "office365", "x"];
        for (given, near) in [
            ("Office365", Some("office365")),
            ("offce365", Some("office365")),
            ("office-365", Some("office365")),
            ("AZURE", Some("azure")),
            ("X", Some("x")),
            ("y", None),
            ("intune", None),
            ("", None),
        ] {
            assert_eq!(closest(given, known), near, "{given}");
        }
    }
}
