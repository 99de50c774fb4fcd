//! What a bank's transaction codes say of a movement's kind: ISO's three parts, and the German numbers (GVC) beside or instead of them.

use crate::xml::Node;
use farthing_core::bank::Nature;

/// Of `BkTxCd`. `reversal`: the entry takes back one before it.
pub(super) fn nature(code: &Node<'_>, reversal: bool) -> Nature {
    let domain = code.text_at("Domn/Cd");
    let family = code.text_at("Domn/Fmly/Cd");
    let part = code.text_at("Domn/Fmly/SubFmlyCd");
    let proprietary = code.text_at("Prtry/Cd");
    let found = of_iso(domain, family, part).or_else(|| of_proprietary(proprietary)).unwrap_or(Nature::Transfer);
    match found {
        // Of our own debits and of transfers that we had sent; what others take back of theirs is no return of ours.
        Nature::Debits if reversal => Nature::Return,
        Nature::Transfer if reversal && family == "ICDT" => Nature::Return,
        other => other,
    }
}

/// None where the code says too little: then the bank's own may say more.
fn of_iso(domain: &str, family: &str, part: &str) -> Option<Nature> {
    match (domain, family, part) {
        (_, _, "CHRG" | "COMM" | "FEES") | ("ACMT", _, _) => Some(Nature::Fee),
        // Unpaid, refused by the debtor or the bank, reversed; and a transfer that comes back, told as one of either family.
        ("PMNT", "IDDT", "UPDD" | "PRDD" | "RCDD") | ("PMNT", "ICDT" | "RCDT", "RRTN" | "RPCR") => Some(Nature::Return),
        ("PMNT", "IDDT", _) => Some(Nature::Debits),
        ("PMNT", "ICDT" | "RCDT" | "RDDT" | "IRCT" | "RRCT", _) => Some(Nature::Transfer),
        _ => None,
    }
}

/// `NDDT+109+9075+901` of Deutsche Kreditwirtschaft: SWIFT's letters, the number, what stands behind it.
fn of_proprietary(code: &str) -> Option<Nature> {
    let number = code.split('+').find(|part| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit()));
    number.and_then(of_german)
}

/// The number of a German bank: `GVC`, three digits.
pub(crate) fn of_german(number: &str) -> Option<Nature> {
    match number {
        // Of debits collected: B2B, CORE, cards; of transfers sent: returned, and returned at once.
        "108" | "109" | "110" | "111" | "159" | "160" => Some(Nature::Return),
        "171" | "174" | "192" | "196" => Some(Nature::Debits),
        "805" | "808" | "809" => Some(Nature::Fee),
        _ => None,
    }
}
