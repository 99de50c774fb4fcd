//! What pages load: one style sheet, the clouds' accents, the mark. All from the binary.

mod colour;

pub use colour::Readable;

use crate::Cloud;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use farthing_core::config::Colour;
use std::fmt::Write as _;

const STYLE: &str = include_str!("../../static/console.css");
/// The mark as part of a page, in the colours of that page.
pub const MARK_INLINE: &str = include_str!("../../templates/mark.html");

const MARK: &str = include_str!("../../static/mark.svg");

/// The papers of `console.css`, light and dark, on which accents must be readable.
const PAPERS: [Colour; 2] = [Colour([0xfb, 0xf8, 0xf3]), Colour([0x17, 0x14, 0x10])];

pub async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

pub async fn mark() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml")], MARK)
}

pub(crate) fn brands_style(brands: String) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], brands)
}

/// Each cloud's accent in place of copper, wherever `data-cloud` names it, readable on both papers.
pub(crate) fn brands(clouds: &[Cloud]) -> String {
    let [light, dark] = PAPERS.map(|paper| {
        clouds.iter().fold(String::new(), |mut rules, cloud| {
            let accent = cloud.accent.readable_on(paper);
            let _ = writeln!(rules, "[data-cloud=\"{}\"] {{ --accent: {accent}; }}", cloud.id);
            rules
        })
    });
    format!("{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_are_those_of_the_style_sheet() {
        for paper in PAPERS {
            assert!(STYLE.contains(&format!("--paper: {paper};")), "{paper} is not a paper of console.css");
        }
    }

    #[test]
    fn text_can_be_read_on_its_paper_in_both_modes() {
        let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").expect("two modes");
        for (mode, paper) in [(light, PAPERS[0]), (dark, PAPERS[1])] {
            for name in ["ink", "muted", "accent", "good", "warn", "bad"] {
                let value = mode.split_once(&format!("--{name}: ")).and_then(|(_, rest)| rest.get(..7)).expect(name);
                let contrast = Colour::parse(value).expect(name).contrast(paper);
                assert!(contrast >= 4.5, "--{name} {value} on {paper}: {contrast:.2}");
            }
        }
    }
}
