//! Our IBANs against another library: over all countries, right ones and wrong ones.

use crate::judge;
use farthing_core::bank::Iban;

/// Numbers without chance: the same each time.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What follows the check digits, by country: digits, capitals, either.
const COUNTRIES: [(&str, &str); 34] = [
    ("AD", "8n12c"),
    ("AT", "16n"),
    ("BE", "12n"),
    ("BG", "4a6n8c"),
    ("CH", "5n12c"),
    ("CY", "8n16c"),
    ("CZ", "20n"),
    ("DE", "18n"),
    ("DK", "14n"),
    ("EE", "16n"),
    ("ES", "20n"),
    ("FI", "14n"),
    ("FR", "10n11c2n"),
    ("GB", "4a14n"),
    ("GR", "7n16c"),
    ("HR", "17n"),
    ("HU", "24n"),
    ("IE", "4a14n"),
    ("IS", "22n"),
    ("IT", "1a10n12c"),
    ("LI", "5n12c"),
    ("LT", "16n"),
    ("LU", "3n13c"),
    ("LV", "4a13c"),
    ("MC", "10n11c2n"),
    ("MT", "4a5n18c"),
    ("NL", "4a10n"),
    ("NO", "11n"),
    ("PL", "24n"),
    ("PT", "21n"),
    ("RO", "4a16c"),
    ("SE", "20n"),
    ("SI", "15n"),
    ("SK", "20n"),
];

fn bban(shape: &str, chance: &mut Sequence) -> String {
    let mut text = String::new();
    let mut count = 0;
    for char in shape.chars() {
        if let Some(digit) = char.to_digit(10) {
            count = count * 10 + digit;
            continue;
        }
        for _ in 0..std::mem::take(&mut count) {
            let letters: &[u8] = match char {
                'n' => b"0123456789",
                'a' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                _ => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            };
            let at = usize::try_from(chance.below(letters.len() as u64)).expect("small");
            text.push(char::from(letters[at]));
        }
    }
    text
}

#[test]
fn another_library_thinks_the_same() {
    let mut chance = Sequence(7);
    let mut numbers = Vec::new();
    for (country, shape) in COUNTRIES {
        for _ in 0..12 {
            let good = Iban::of(country, &bban(shape, &mut chance)).unwrap_or_else(|bad| panic!("{country}: {bad}"));
            numbers.push(good.as_str().to_owned());
            // Another character somewhere, one less, one more, two swapped, small letters, spaces.
            let mut wrong: Vec<char> = good.as_str().chars().collect();
            let at = usize::try_from(chance.below(wrong.len() as u64)).expect("small");
            wrong[at] = char::from(b"0A9Z5-"[usize::try_from(chance.below(6)).expect("small")]);
            numbers.push(wrong.iter().collect());
            wrong.swap(4, at.max(5));
            numbers.push(wrong.iter().collect());
            numbers.push(good.as_str()[..good.as_str().len() - 1].to_owned());
            numbers.push(format!("{good}0"));
            numbers.push(good.as_str().to_lowercase());
            numbers.push(good.grouped());
        }
    }
    let theirs = judge::ibans(&numbers);
    assert_eq!(theirs.len(), numbers.len());
    let (mut good, mut bad) = (0, 0);
    for (number, their) in numbers.iter().zip(theirs) {
        let ours = Iban::parse(number);
        let (word, rest) = their.split_once(' ').expect("two words");
        assert_eq!(ours.is_ok(), word == "ok", "{number}: {ours:?}, and they say {their}");
        match ours {
            Ok(iban) => {
                assert_eq!(iban.grouped(), rest);
                good += 1;
            }
            Err(_) => bad += 1,
        }
    }
    assert!(good > 1_200 && bad > 1_200, "{good} good, {bad} bad");
}

/// The registry's list, so that a country of ours is neither missing nor of another length.
#[test]
fn every_country_of_the_registry() {
    let all = judge::countries();
    assert!(all.len() >= 100, "{} countries", all.len());
    for number in all {
        let iban = Iban::parse(&number).unwrap_or_else(|bad| panic!("{number}: {bad}"));
        assert_eq!(iban.country(), &number[..2]);
        assert!(Iban::parse(&format!("{number}0")).is_err() && Iban::parse(&number[..number.len() - 1]).is_err());
    }
}
