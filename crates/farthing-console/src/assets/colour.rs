//! A brand's colour, and how it is kept readable: darkened or lightened until its contrast with the paper is enough.

use farthing_core::config::Colour;

/// WCAG asks 4.5 of text; thin strokes and long reading want a little more.
const CONTRAST_MIN: f64 = 5.5;

/// What can be said of a colour on paper.
pub trait Readable: Sized {
    /// The nearest colour to this one, towards black or white, that can be read on `paper`.
    #[must_use]
    fn readable_on(self, paper: Colour) -> Colour;

    /// 1 for the same colour, 21 for black on white.
    fn contrast(self, other: Colour) -> f64;
}

impl Readable for Colour {
    fn readable_on(self, paper: Colour) -> Colour {
        let end = if luminance(paper) > 0.18 { Colour([0; 3]) } else { Colour([255; 3]) };
        let steps = (0..=20).map(|step| towards(self, end, step));
        steps.into_iter().find(|colour| colour.contrast(paper) >= CONTRAST_MIN).unwrap_or(end)
    }

    fn contrast(self, other: Colour) -> f64 {
        let (a, b) = (luminance(self), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

/// So many twentieths of the way to `end`.
fn towards(from: Colour, end: Colour, step: u16) -> Colour {
    let mix = |from: u8, to: u8| {
        let mixed = (u16::from(from) * (20 - step) + u16::from(to) * step) / 20;
        u8::try_from(mixed).unwrap_or(u8::MAX)
    };
    Colour(std::array::from_fn(|channel| mix(from.0[channel], end.0[channel])))
}

fn luminance(colour: Colour) -> f64 {
    let linear = colour.0.map(|channel| {
        let part = f64::from(channel) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
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
