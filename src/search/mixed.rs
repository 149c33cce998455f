//! Two rankings made one: by words, and by what texts mean.

use std::collections::BTreeMap;

use super::rank::Hit;

/// What a place in each ranking counts.
const MEANING: f64 = 0.7;
const WORDS: f64 = 0.3;

/// How much less the first places stand out: the usual constant of reciprocal rank fusion.
const FLAT: f64 = 60.0;

/// The steps of scores.
const STEPS: f64 = 1e6;

/// So many of those nearest in meaning take part.
const NEAREST: usize = 50;

/// The places whose vectors are nearest to that one, the nearest first, of those that are
/// wanted. All vectors are of length 1; one of another size is near to nothing. What is no
/// nearer than half way from the middle to the nearest of all is not near: how near anything is
/// to anything differs from model to model.
#[must_use]
pub fn nearest<'v>(
    to: &[f32],
    vectors: impl Iterator<Item = (usize, &'v [f32])>,
    wanted: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let vectors = vectors.filter(|(_, vector)| vector.len() == to.len());
    let near = vectors.map(|(place, vector)| {
        let product: f32 = to.iter().zip(vector).map(|(a, b)| a * b).sum();
        (place, product)
    });
    let mut near: Vec<(usize, f32)> = near.collect();
    let products = || near.iter().map(|(_, product)| *product);
    let middle = products().sum::<f32>() / near.len().max(1) as f32;
    let most = products().fold(middle, f32::max);
    let least = middle + (most - middle) / 2.0;
    near.retain(|(place, product)| *product >= least && wanted(*place));
    near.sort_by(|(a, near), (b, nearer)| nearer.total_cmp(near).then(a.cmp(b)));
    near.truncate(NEAREST);
    near.into_iter().map(|(place, _)| place).collect()
}

/// The two rankings as one by reciprocal ranks, 70 to 30; 1 is the score of what is the first
/// of both.
#[must_use]
pub fn mixed(meaning: &[usize], words: &[Hit]) -> Vec<Hit> {
    let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
    let mut add = |rank: usize, place: usize, share: f64| {
        let share = share * (FLAT + 1.0) / (FLAT + 1.0 + rank as f64);
        *scores.entry(place).or_default() += share;
    };
    for (rank, place) in meaning.iter().enumerate() {
        add(rank, *place, MEANING);
    }
    for (rank, hit) in words.iter().enumerate() {
        add(rank, hit.place, WORDS);
    }
    let hits = scores.into_iter().map(|(place, score)| Hit {
        place,
        score: (score * STEPS).round() / STEPS,
    });
    let mut hits: Vec<Hit> = hits.collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seventy_to_thirty_by_reciprocal_ranks() {
        let hit = |place| Hit { place, score: 9.0 };
        let hits = mixed(&[4, 2], &[hit(2), hit(7)]);
        let told: Vec<String> = hits
            .iter()
            .map(|h| format!("{} {}", h.place, h.score))
            .collect();
        assert_eq!(told, ["2 0.98871", "4 0.7", "7 0.295161"]);
        assert_eq!(mixed(&[], &[hit(3)])[0].score, 0.3);
        assert_eq!(mixed(&[], &[]), []);
    }

    #[test]
    fn the_nearest_come_first() {
        let vectors = [
            [1.0, 0.0].as_slice(),
            &[0.0, 1.0],
            &[0.6, 0.8],
            &[1.0],
            &[0.6, 0.8],
        ];
        let near = |wanted: fn(usize) -> bool| {
            nearest(&[0.8, 0.6], vectors.into_iter().enumerate(), wanted)
        };
        assert_eq!(near(|_| true), [2, 4]);
        assert_eq!(near(|place| place != 2), [4]);
        assert_eq!(near(|place| place == 1), [0; 0]);
        assert_eq!(nearest(&[1.0], std::iter::empty(), |_| true), [0; 0]);
    }
}
