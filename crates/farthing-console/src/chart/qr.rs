//! Codes to scan, drawn as inline SVG without script or style: black on white whatever the page's colours are, because cameras ask for that.

use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write as _;

/// Light modules around a code, by which it is found.
const QUIET: i32 = 4;

/// A code as a template draws it (`qr.html`).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Qr {
    /// In modules, with the quiet ones.
    pub(crate) side: i32,
    /// Every dark module, a row's neighbours as one stroke.
    pub(crate) path: String,
    /// Read aloud where it cannot be seen.
    pub(crate) label: String,
}

impl Qr {
    /// Medium correction, as the guidelines for payments ask for. None: there is nothing to say, or more than fits into one.
    pub(crate) fn of(text: &str, label: impl Into<String>) -> Option<Qr> {
        if text.is_empty() {
            return None;
        }
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let mut path = String::new();
        for y in 0..code.size() {
            let mut x = 0;
            while x < code.size() {
                let dark = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
                let run = i32::try_from(dark).unwrap_or(0);
                if run > 0 {
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
                }
                x += run.max(1);
            }
        }
        Some(Qr { side: code.size() + 2 * QUIET, path, label: label.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which modules a path makes dark.
    fn drawn(qr: &Qr) -> Vec<(i32, i32)> {
        let mut dark = Vec::new();
        for stroke in qr.path.split('M').filter(|stroke| !stroke.is_empty()) {
            let (place, rest) = stroke.split_once('h').unwrap();
            let (x, y) = place.split_once(' ').unwrap();
            let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
            let run: i32 = rest.split('v').next().unwrap().parse().unwrap();
            dark.extend((x..x + run).map(|x| (x, y)));
        }
        dark
    }

    #[test]
    fn a_path_has_each_dark_module_once_and_nothing_else() {
        let text = "BCD\n002\n1\nSCT\n\nExample Cloud GmbH\nDE89370400440532013000\nEUR250.00\n\n\nK7F-3M2Q-9XD";
        let qr = Qr::of(text, "to scan").unwrap();
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let mut told: Vec<(i32, i32)> = Vec::new();
        for y in 0..code.size() {
            told.extend((0..code.size()).filter(|x| code.get_module(*x, y)).map(|x| (x + QUIET, y + QUIET)));
        }
        assert_eq!(drawn(&qr), told);
        assert_eq!(qr.side, code.size() + 8);
        assert!(code.version().value() <= 13, "the guidelines' largest");
    }

    #[test]
    fn nothing_is_no_code() {
        assert_eq!(Qr::of("", "to scan"), None);
        assert_eq!(Qr::of(&"x".repeat(10_000), "to scan"), None);
    }
}
