//! What is said about a file: what is wrong, where exactly, and what to do about it.

use super::Source;
use std::fmt::Write;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The files cannot be used.
    Error,
    /// They can, but they may not do what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub severity: Severity,
    /// The file's name.
    pub file: String,
    pub at: Range<usize>,
    /// One sentence without its full stop: what is wrong.
    pub what: String,
    /// What to write instead, or where to look.
    pub remedy: String,
}

impl Severity {
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

impl Remark {
    /// As a compiler would print it: the sentence, the line with a caret under what is meant, the remedy.
    pub fn render(&self, sources: &[Source]) -> String {
        let mut text = format!("{}: {}\n", self.severity.word(), self.what);
        let Some(source) = sources.iter().find(|source| source.name == self.file) else {
            let _ = writeln!(text, "  in {}", self.file);
            let _ = writeln!(text, "  = {}", self.remedy);
            return text;
        };
        let place = source.place(&self.at);
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        // Tabs keep their width under the caret; whatever else stands before it is one column wide.
        let before = place.text.chars().take(place.column.saturating_sub(1));
        let before: String = before.map(|found| if found == '\t' { '\t' } else { ' ' }).collect();
        let _ = writeln!(text, "{margin}--> {}:{}:{}", source.name, place.line, place.column);
        let _ = writeln!(text, "{margin} |");
        // What would move the cursor of a terminal is not printed.
        let plain = |found: char| if found.is_control() && found != '\t' { char::REPLACEMENT_CHARACTER } else { found };
        let _ = writeln!(text, "{number} | {}", place.text.chars().map(plain).collect::<String>());
        let _ = writeln!(text, "{margin} | {before}{}", "^".repeat(place.width));
        let _ = writeln!(text, "{margin} = {}", self.remedy);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_points_at_the_word() {
        let source = Source::new("cloud.toml", "[start]\nname = \"äöü\" # here\n\tmin = \"five\"\n");
        let check = |found: &str, rendered: &str| {
            let start = source.text.find(found).unwrap();
            let remark = Remark {
                severity: Severity::Error,
                file: "cloud.toml".to_owned(),
                at: start..start + found.len(),
                what: "that is wrong".to_owned(),
                remedy: "write something else".to_owned(),
            };
            assert_eq!(remark.render(std::slice::from_ref(&source)), rendered);
        };
        check(
            "\"äöü\"",
            "error: that is wrong\n --> cloud.toml:2:8\n  |\n2 | name = \"äöü\" # here\n  |        ^^^^^\n  = write something else\n",
        );
        check(
            "\"five\"",
            "error: that is wrong\n --> cloud.toml:3:8\n  |\n3 | \tmin = \"five\"\n  | \t      ^^^^^^\n  = write something else\n",
        );
        check(
            "[start]\nname",
            "error: that is wrong\n --> cloud.toml:1:1\n  |\n1 | [start]\n  | ^^^^^^^\n  = write something else\n",
        );
    }
}
