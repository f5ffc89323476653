//! Many single choices said as few products of alternatives: "suspended or deleted, with or without a parent".

use std::collections::{BTreeMap, BTreeSet};

/// For each of `N` points, the alternatives that are covered.
pub(super) type Choice<T, const N: usize> = [BTreeSet<T>; N];

/// The same choices as products, as few as merging pairs of them finds; every single choice is in exactly one.
pub(super) fn merged<T: Ord + Clone, const N: usize>(singles: impl IntoIterator<Item = [T; N]>) -> Vec<Choice<T, N>> {
    let mut choices: Vec<Choice<T, N>> =
        singles.into_iter().map(|single| single.map(|value| BTreeSet::from([value]))).collect();
    while let Some((kept, merged, point)) = mergeable(&choices) {
        let taken = choices.remove(merged);
        if let (Some(choice), Some(more)) = (choices.get_mut(kept), taken.into_iter().nth(point)) {
            choice[point].extend(more);
        }
    }
    choices
}

/// The same choices as products, found point by point, the last first: not always as few as [`merged`] finds, and quick
/// for many. Every single choice is in exactly one.
pub(super) fn folded<T: Ord + Clone, const N: usize>(singles: impl IntoIterator<Item = [T; N]>) -> Vec<Choice<T, N>> {
    let mut choices: BTreeSet<Choice<T, N>> =
        singles.into_iter().map(|single| single.map(|value| BTreeSet::from([value]))).collect();
    for point in (0..N).rev() {
        let mut alike: BTreeMap<Choice<T, N>, BTreeSet<T>> = BTreeMap::new();
        for mut choice in choices {
            let values = std::mem::take(&mut choice[point]);
            alike.entry(choice).or_default().extend(values);
        }
        let whole = |(mut choice, values): (Choice<T, N>, BTreeSet<T>)| {
            choice[point] = values;
            choice
        };
        choices = alike.into_iter().map(whole).collect();
    }
    choices.into_iter().collect()
}

/// Two choices that differ in one point alone, the later points first.
fn mergeable<T: Ord, const N: usize>(choices: &[Choice<T, N>]) -> Option<(usize, usize, usize)> {
    (0..N).rev().find_map(|point| {
        (0..choices.len()).find_map(|kept| {
            (kept + 1..choices.len()).find_map(|other| {
                let alike = |index: usize| choices[kept][index] == choices[other][index];
                (0..N).all(|index| index == point || alike(index)).then_some((kept, other, point))
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_that_differ_in_one_point_become_one() {
        let all = [["a", "x"], ["a", "y"], ["b", "x"], ["b", "y"], ["c", "x"]];
        let expected = vec![
            [BTreeSet::from(["a", "b"]), BTreeSet::from(["x", "y"])],
            [BTreeSet::from(["c"]), BTreeSet::from(["x"])],
        ];
        assert_eq!(merged(all), expected);
    }

    #[test]
    fn no_choice_is_lost_or_covered_twice() {
        let all = [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 1], [2, 0, 1]];
        for choices in [merged(all), folded(all)] {
            covers_each_once(&all, &choices);
        }
    }

    fn covers_each_once(all: &[[usize; 3]], choices: &[Choice<usize, 3>]) {
        for a in 0..3 {
            for b in 0..2 {
                for c in 0..2 {
                    let single = [a, b, c];
                    let covering = choices
                        .iter()
                        .filter(|choice| choice.iter().zip(&single).all(|(some, one)| some.contains(one)));
                    assert_eq!(covering.count(), usize::from(all.contains(&single)), "{single:?}");
                }
            }
        }
    }
}
