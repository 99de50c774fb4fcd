//! "Did you mean …": the known word nearest to one that is not known.

/// The likeliest of `known`, where one is near enough to be a slip of the keys.
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = found.to_lowercase();
    let most = found.chars().count().div_ceil(3).max(1);
    let ranked = known.into_iter().map(|word| (distance(&found, &word.to_lowercase()), word));
    ranked.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// Those of `known` that share a word with what was found or are spelt like it, the likeliest first: too far off to be meant
/// for certain, near enough to be looked at.
pub(super) fn nearest_few<'a>(found: &str, known: &[&'a str], most: usize) -> Vec<&'a str> {
    let words = |text: &str| text.split(['_', '-', ' ']).map(str::to_lowercase).collect::<Vec<_>>();
    let own = words(found);
    let alike = |other: &str| {
        let shared = words(other).iter().filter(|word| word.len() >= WORD_LETTERS_MIN && own.contains(word)).count();
        (std::cmp::Reverse(shared), distance(&found.to_lowercase(), other))
    };
    let half = found.chars().count().div_ceil(2);
    let mut ranked: Vec<_> = known.iter().map(|known| (alike(known), *known)).collect();
    ranked.retain(|((shared, distance), _)| shared.0 > 0 || *distance < half);
    ranked.sort_unstable();
    ranked.into_iter().take(most).map(|(_, known)| known).collect()
}

/// `at` and `of` stand in many keys and say nothing of them.
const WORD_LETTERS_MIN: usize = 3;

/// How many letters must be changed, put in, taken out, or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut next = vec![row.saturating_add(1)];
        for (column, wanted) in other.iter().enumerate() {
            let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX);
            let change = at(&last, column).saturating_add(usize::from(letter != wanted));
            let put_in = at(&next, column).saturating_add(1);
            let take_out = at(&last, column.saturating_add(1)).saturating_add(1);
            let swapped = row > 0
                && column > 0
                && one.get(row.saturating_sub(1)) == Some(wanted)
                && other.get(column.saturating_sub(1)) == Some(letter);
            let swap = if swapped { at(&before, column.saturating_sub(1)).saturating_add(1) } else { usize::MAX };
            next.push(change.min(put_in).min(take_out).min(swap));
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shares_a_word_or_most_letters_is_looked_at() {
        let known = ["min_duration", "duration", "monthly_cap", "minimum", "price", "prices", "at"];
        let check = |found: &str, few: &[&str]| assert_eq!(nearest_few(found, &known, 3), few, "{found}");
        check("monthly_limit", &["monthly_cap"]);
        check("minimum_duration", &["min_duration", "duration", "minimum"]);
        check("pricing", &["price", "prices"]);
        check("favourite", &[]);
        check("at_any_time", &[]);
    }

    #[test]
    fn slips_of_the_keys_are_understood() {
        let known = ["currency", "time_zone", "languages", "name", "id"];
        let check = |found: &str, meant: Option<&str>| assert_eq!(nearest(found, known), meant, "{found}");
        check("curency", Some("currency"));
        check("currnecy", Some("currency"));
        check("Currency", Some("currency"));
        check("timezone", Some("time_zone"));
        check("nmae", Some("name"));
        check("working_days", None);
        check("x", None);
        assert_eq!(distance("abc", "acb"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
