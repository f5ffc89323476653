//! The word that was probably meant.

use strsim::osa_distance;

/// The nearest of the known words to one that is not among them; nothing where none is near, or several are.
///
/// A word that differs in its case and in what joins its parts alone is nearest, as `remove_seats` to `removeSeats`;
/// otherwise a third of its letters may differ.
#[must_use]
pub fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = bare(word);
    let most = letters.chars().count() / 3;
    let mut nearest: Option<(usize, &str)> = None;
    let mut is_alone = true;
    for candidate in known {
        let distance = osa_distance(&letters, &bare(candidate));
        match nearest {
            Some((before, other)) if distance == before && other != candidate => is_alone = false,
            Some((before, _)) if distance >= before => {}
            _ => (nearest, is_alone) = (Some((distance, candidate)), true),
        }
    }
    nearest.filter(|(distance, candidate)| is_alone && *distance <= most && *candidate != word).map(|(_, near)| near)
}

/// What a hint says of the word that was probably meant; nothing where none is near.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Nobody means a word by a text.
    let short = (word.len() <= crate::limits::ID_LENGTH_MAX).then_some(word)?;
    near(short, known).map(|near| format!("did you mean `{near}`?"))
}

fn bare(word: &str) -> String {
    word.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn a_word_written_otherwise_is_near_and_one_that_could_be_two_is_not() {
        let known = ["removeSeats", "addSeats", "provision", "migrate", "Partner", "Customer"];
        for (word, meant) in [
            ("remove_seats", Some("removeSeats")),
            ("REMOVE-SEATS", Some("removeSeats")),
            ("removeSeat", Some("removeSeats")),
            ("partner", Some("Partner")),
            ("Parnter", Some("Partner")),
            ("provison", Some("provision")),
            ("migrate", None),
            ("seats", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(near(word, known), meant, "{word}");
        }
        assert_eq!(near("cat", ["cut", "cot"]), None);
    }
}
