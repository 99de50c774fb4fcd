//! A brand's colour, and how it is kept readable: darkened or lightened until its contrast with the paper is enough.

use std::fmt;

/// sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

/// WCAG asks 4.5 of text; thin strokes and long reading want a little more.
const CONTRAST_MIN: f64 = 5.5;

impl Colour {
    /// `#rrggbb`
    pub fn parse(text: &str) -> Result<Colour, String> {
        let wrong = || format!("\"{text}\" is no colour: write \"#\" and six hexadecimal digits, such as \"#9a4a1c\"");
        let digits =
            text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or_else(wrong)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Colour([red, green, blue]))
    }

    /// The nearest colour to this one, towards black or white, that can be read on `paper`.
    #[must_use]
    pub fn readable_on(self, paper: Colour) -> Colour {
        let end = if paper.luminance() > 0.18 { Colour([0; 3]) } else { Colour([255; 3]) };
        let steps = (0..=20).map(|step| self.towards(end, step));
        steps.into_iter().find(|colour| colour.contrast(paper) >= CONTRAST_MIN).unwrap_or(end)
    }

    /// So many twentieths of the way to `end`.
    fn towards(self, end: Colour, step: u16) -> Colour {
        let mix = |from: u8, to: u8| {
            let mixed = (u16::from(from) * (20 - step) + u16::from(to) * step) / 20;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Colour(std::array::from_fn(|channel| mix(self.0[channel], end.0[channel])))
    }

    /// 1 for the same colour, 21 for black on white.
    pub fn contrast(self, other: Colour) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = self.0.map(|channel| {
            let part = f64::from(channel) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_what_the_standard_says() {
        let of = |a, b| Colour::parse(a).unwrap().contrast(Colour::parse(b).unwrap());
        assert!((of("#000000", "#ffffff") - 21.0).abs() < 0.01);
        assert!((of("#767676", "#ffffff") - 4.54).abs() < 0.01); // the well-known lightest grey for text on white
    }

    #[test]
    fn any_accent_can_be_read_on_light_and_dark_paper() {
        for paper in ["#fbf8f3", "#16130f"].map(|paper| Colour::parse(paper).unwrap()) {
            for accent in ["#ffff00", "#000000", "#ffffff", "#0a66c2", "#7f7f7f", "#9a4a1c"] {
                let shown = Colour::parse(accent).unwrap().readable_on(paper);
                assert!(shown.contrast(paper) >= CONTRAST_MIN, "{accent} on {paper} became {shown}");
            }
        }
        let blue = Colour::parse("#0a66c2").unwrap();
        assert_eq!(blue.readable_on(Colour::parse("#ffffff").unwrap()), blue); // readable as it is
    }
}
