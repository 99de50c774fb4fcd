//! Which characters can be drawn. PDF/A admits none without a glyph, and a bill must not fail because of a name: what no font of ours has
//! becomes a white square, and who asked is told.

use super::world::press;
use std::collections::BTreeSet;

const SQUARE: char = '\u{25a1}';
/// So many characters without a place to break fit into any column.
const UNBROKEN_MAX: usize = 24;
/// A place to break where nothing is seen.
const BREAK: char = '\u{200b}';

/// Makes texts drawable, and remembers what was not.
#[derive(Debug, Default)]
pub(super) struct Glyphs {
    missing: BTreeSet<char>,
}

impl Glyphs {
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut unbroken = 0;
        for char in text.chars() {
            let char = match char {
                '\n' | '\r' | '\t' => ' ',
                // Joiners, marks of direction and variations have no glyph and need none.
                '\u{ad}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e0fff}' => continue,
                _ if char.is_control() => continue,
                _ if has(char) => char,
                _ => {
                    self.missing.insert(char);
                    SQUARE
                }
            };
            // A word in Latin letters breaks nowhere by itself; one longer than its column would run out of it.
            unbroken = if char.is_whitespace() || char > '\u{2e80}' { 0 } else { unbroken + 1 };
            out.push(char);
            if unbroken >= UNBROKEN_MAX || (unbroken > UNBROKEN_MAX / 2 && matches!(char, '/' | '_' | '.' | '@' | '-'))
            {
                out.push(BREAK);
                unbroken = 0;
            }
        }
        out
    }

    pub(super) fn warning(&self) -> Option<String> {
        if self.missing.is_empty() {
            return None;
        }
        let shown: Vec<String> =
            self.missing.iter().take(10).map(|char| format!("{char} (U+{:04X})", u32::from(*char))).collect();
        let more = self.missing.len().saturating_sub(shown.len());
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        Some(format!("no font of ours has {}{more}: a square stands for each", shown.join(", ")))
    }
}

fn has(char: char) -> bool {
    press().fonts.iter().any(|font| font.info().coverage.contains(u32::from(char)))
}
