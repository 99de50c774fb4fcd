//! Words that say what follows them, in the text of a movement: `EREF+` of German banks, `/EREF/` of Dutch and Belgian ones.

/// Pieces of text as wide as a subfield run on into the next.
const WIDTH: usize = 27;
const PLUS: [&str; 12] =
    ["EREF", "KREF", "MREF", "CRED", "DEBT", "COAM", "OAMT", "SVWZ", "ABWA", "ABWE", "IBAN", "BIC"];
const SLASH: [&str; 20] = [
    "TRTP", "EREF", "PREF", "MARF", "CSID", "RTRN", "ORDP", "BENM", "NAME", "IBAN", "BIC", "CNTP", "REMI", "PURP",
    "ULTD", "ULTC", "ISDT", "TRCD", "CHGS", "OCMT",
];

/// Keyword and pieces; the pieces before any word have an empty one.
pub(super) type Words<'a> = Vec<(&'a str, Vec<Piece<'a>>)>;

#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// How wide the subfield is that it ends, with whatever stands before it there.
    width: usize,
}

/// Splits pieces at the words that begin them or follow a space.
pub(super) fn by_plus<'a>(pieces: &[&'a str]) -> Words<'a> {
    let mut words: Words<'a> = vec![("", Vec::new())];
    for piece in pieces {
        let mut rest: &'a str = piece;
        let mut from = 0;
        while let Some(plus) = rest.get(from..).and_then(|tail| tail.find('+')).map(|plus| plus + from) {
            let word = PLUS.into_iter().find(|word| {
                let before = rest.get(..plus).and_then(|before| before.strip_suffix(word));
                before.is_some_and(|before| before.is_empty() || before.ends_with(' '))
            });
            let Some(word) = word else {
                from = plus + 1;
                continue;
            };
            let start = plus - word.len();
            let before = rest.get(..start).unwrap_or_default();
            push(&mut words, before.strip_suffix(' ').unwrap_or(before), 0);
            words.push((word, Vec::new()));
            rest = rest.get(plus + 1..).unwrap_or_default();
            from = 0;
        }
        push(&mut words, rest, piece.chars().count());
    }
    words
}

/// Splits a text at `/WORD/`.
pub(super) fn by_slash(text: &str) -> Words<'_> {
    let mut words: Words<'_> = vec![("", Vec::new())];
    let mut begun = 0;
    let mut at = 0;
    while let Some(slash) = text.get(at..).and_then(|tail| tail.find('/')).map(|slash| slash + at) {
        let after = text.get(slash + 1..).unwrap_or_default();
        let word = SLASH.into_iter().find(|word| after.strip_prefix(word).is_some_and(|rest| rest.starts_with('/')));
        if let Some(word) = word {
            push(&mut words, text.get(begun..slash).unwrap_or_default(), 0);
            words.push((word, Vec::new()));
            begun = slash + word.len() + 2;
            at = begun;
        } else {
            at = slash + 1;
        }
    }
    push(&mut words, text.get(begun..).unwrap_or_default(), 0);
    words
}

fn push<'a>(words: &mut Words<'a>, text: &'a str, width: usize) {
    if let Some((_, pieces)) = words.last_mut().filter(|_| !text.is_empty()) {
        pieces.push(Piece { text, width });
    }
}

/// What stands behind the first such word, as one: for references and numbers.
pub(super) fn joined(words: &Words<'_>, word: &str) -> String {
    let found = words.iter().find(|(key, _)| *key == word);
    found
        .map(|(_, pieces)| pieces.iter().map(|piece| piece.text).collect::<String>().trim().to_owned())
        .unwrap_or_default()
}

/// Text that was cut into pieces: a full one runs on, one that lacks a character lost a space at its end, a shorter one ends a line.
pub(super) fn flowing(pieces: &[Piece<'_>]) -> String {
    let mut text = String::new();
    let mut width = WIDTH;
    for piece in pieces.iter().filter(|piece| !piece.text.trim().is_empty()) {
        match width {
            WIDTH.. => text.push_str(piece.text),
            26 => text.extend([" ", piece.text]),
            _ => text.extend(["\n", piece.text.trim()]),
        }
        width = piece.width;
    }
    text.trim().to_owned()
}

/// Text whose pieces were lines.
pub(super) fn lines(pieces: &[Piece<'_>]) -> String {
    pieces.iter().map(|piece| piece.text.trim()).collect::<Vec<&str>>().join("\n")
}
