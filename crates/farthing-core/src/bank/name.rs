//! Whether two names mean one person or company, as banks write them: without accents, in capitals, cut short, without or with
//! another legal form, the words in another order.
//!
//! A name never decides alone where money goes: two people can have one.

use std::collections::BTreeSet;

/// How much one name is like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resemblance {
    None,
    /// A slip of one letter, or words that one of them has not: to be looked at by a person.
    Near,
    /// The same words, or the same beginning up to where banks cut.
    Same,
}

/// The words of a name as they are compared, in order, without the legal form: an index of accounts by these finds whose name may
/// resemble a payer's.
pub fn name_words(name: &str) -> Vec<String> {
    let words = fold(name);
    let kept: Vec<String> = words.iter().filter(|word| !is_form(word)).cloned().collect();
    if kept.is_empty() { words } else { kept }
}

/// Whether `payer`, as a bank gives it, is `known`.
pub fn resembles(payer: &str, known: &str) -> Resemblance {
    let (ours, theirs) = (name_words(known), name_words(payer));
    if ours.is_empty() || theirs.is_empty() {
        return Resemblance::None;
    }
    let set = |words: &[String]| words.iter().cloned().collect::<BTreeSet<String>>();
    let (our_set, their_set) = (set(&ours), set(&theirs));
    if our_set == their_set || ours.concat() == theirs.concat() || is_cut(payer, known) {
        return Resemblance::Same;
    }
    let (fewer, more) = if our_set.len() < their_set.len() { (&our_set, &their_set) } else { (&their_set, &our_set) };
    let letters: usize = fewer.iter().map(String::len).sum();
    let inside = fewer.len() >= 2 && letters >= 8 && fewer.is_subset(more);
    let slip = ours.concat().len() >= 8 && one_slip(&ours.concat(), &theirs.concat());
    if inside || slip { Resemblance::Near } else { Resemblance::None }
}

/// Where formats and banks cut names; a space at the cut is lost too.
const CUTS: [usize; 3] = [27, 35, 70];
/// A shorter beginning says little.
const BEGINNING_MIN: usize = 12;

/// Whether the payer's name is the known one up to where banks cut. Legal forms stay in: the cut may go through them.
fn is_cut(payer: &str, known: &str) -> bool {
    let length = payer.trim().chars().count();
    let at_cut = CUTS.iter().any(|cut| length == *cut || length.saturating_add(1) == *cut);
    let (beginning, whole) = (fold(payer).concat(), fold(known).concat());
    at_cut && beginning.len() >= BEGINNING_MIN && whole.starts_with(&beginning)
}

/// Capitals without accents, in words. `Ä`, `AE` and `A` are one: banks write each of them.
fn fold(name: &str) -> Vec<String> {
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_uppercase) {
        match letter {
            '.' | '\'' | '’' | '`' => {}
            _ if letter.is_ascii_alphanumeric() => plain.push(letter),
            _ => plain.push_str(base(letter)),
        }
    }
    let words = plain.split(' ').map(|word| word.replace("AE", "A").replace("OE", "O").replace("UE", "U"));
    words.filter(|word| !word.is_empty() && !["UND", "AND", "ET", "Y", "E"].contains(&word.as_str())).collect()
}

/// The letter without its marks; a space for a sign; another script stays what it is.
fn base(letter: char) -> &'static str {
    const TABLE: [(&str, &str); 27] = [
        ("ÀÁÂÃÄÅĀĂĄ", "A"),
        ("Æ", "A"),
        ("ÇĆĈĊČ", "C"),
        ("ĎĐÐ", "D"),
        ("ÈÉÊËĒĔĖĘĚ", "E"),
        ("ĜĞĠĢ", "G"),
        ("ĤĦ", "H"),
        ("ÌÍÎÏĨĪĬĮİ", "I"),
        ("Ĵ", "J"),
        ("Ķ", "K"),
        ("ĹĻĽĿŁ", "L"),
        ("ÑŃŅŇ", "N"),
        ("ÒÓÔÕÖØŌŎŐ", "O"),
        ("Œ", "O"),
        ("ŔŖŘ", "R"),
        ("ŚŜŞŠȘ", "S"),
        ("ẞ", "SS"),
        ("ŢŤŦȚ", "T"),
        ("ÙÚÛÜŨŪŬŮŰŲ", "U"),
        ("Ŵ", "W"),
        ("ÝŶŸ", "Y"),
        ("ŹŻŽ", "Z"),
        ("Þ", "TH"),
        ("Α", "A"),
        ("Ε", "E"),
        ("Ο", "O"),
        ("Ι", "I"),
    ];
    TABLE.iter().find(|(letters, _)| letters.contains(letter)).map_or(" ", |(_, plain)| plain)
}

/// What a company is by law says nothing of which company it is, and payers leave it out or get it wrong.
fn is_form(word: &str) -> bool {
    const FORMS: &str = " GMBH MBH UG AG KG KGAA OHG GBR EK EV EG SE LTD LIMITED LLC INC CORP CORPORATION CO COMPANY PLC LLP LP \
        SARL SAS SASU SA EURL SNC SCI SRL SPA SRLS SL SLU BV NV VOF BVBA OY OYJ AB AS ASA APS DOO SPZOO SRO KFT ZRT OOD EOOD SIA UAB OU \
        HAFTUNGSBESCHRANKT GESELLSCHAFT HERR FRAU MR MRS MS MME DR PROF ";
    FORMS.contains(&format!(" {word} "))
}

/// Whether one letter was changed, left out or put in.
fn one_slip(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let (shorter, longer) = if left.len() <= right.len() { (left, right) } else { (right, left) };
    if longer.len().abs_diff(shorter.len()) > 1 {
        return false;
    }
    let same = shorter.iter().zip(longer).take_while(|(left, right)| left == right).count();
    let (short_rest, long_rest) = (&shorter[same..], &longer[same..]);
    let skip = |rest: &[u8]| rest.get(1..).map(<[u8]>::to_vec).unwrap_or_default();
    if shorter.len() == longer.len() { skip(short_rest) == skip(long_rest) } else { *short_rest == *skip(long_rest) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Resemblance::{Near, None, Same};

    #[test]
    fn names_as_banks_write_them() {
        let check =
            |payer: &str, known: &str, expected| assert_eq!(resembles(payer, known), expected, "{payer} / {known}");
        check("MUELLER MASCHINENBAU GMBH", "Müller Maschinenbau GmbH", Same);
        check("Muller Maschinenbau", "Müller Maschinenbau GmbH & Co. KG", Same);
        check("Schmidt, Anna", "Anna Schmidt", Same);
        check("SOCIETE GENERALE D'HEBERGEMENT S.A.R.L.", "Société générale d’hébergement SARL", Same);
        check("Strasse 7 UG (haftungsbeschränkt)", "Straße 7 UG", Same);
        check("NORDDEUTSCHE DATENVERARBEIT", "Norddeutsche Datenverarbeitungsgesellschaft mbH", Same);
        check("Norddeutsche Datenverarb", "Norddeutsche Datenverarbeitungsgesellschaft mbH", None);
        check("Müller Maschinenbau Berlin GmbH", "Müller Maschinenbau GmbH", Near);
        check("Mueler Maschinenbau", "Müller Maschinenbau", Near);
        check("Anna und Bernd Schmidt", "Anna Schmidt", Near);
        check("Bernd Schmidt", "Anna Schmidt", None);
        check("Schmidt", "Anna Schmidt", None);
        check("Cloud Services GmbH", "Data Services GmbH", None);
        check("GmbH", "GmbH", Same);
        check("", "Anna Schmidt", None);
        check("株式会社", "Anna Schmidt", None);
    }

    #[test]
    fn one_letter_more_less_or_other() {
        for (left, right, slip) in [
            ("ABCD", "ABXD", true),
            ("ABCD", "ABD", true),
            ("ABC", "ABCD", true),
            ("ABCD", "ABDC", false),
            ("AB", "ABCD", false),
        ] {
            assert_eq!(one_slip(left, right), slip, "{left} {right}");
        }
    }
}
