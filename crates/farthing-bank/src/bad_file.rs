//! Why a file is refused, for whoever has it before them: where, what, and what to do.

use std::error::Error;
use std::fmt;

/// Characters of a line that are shown before the place and after it.
const BEFORE: usize = 80;
const AFTER: usize = 40;

/// Nothing of such a file is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile {
    /// From 1, as an editor counts.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub what: String,
    pub fix: String,
}

impl fmt::Display for BadFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}: {}; {}", self.line, self.column, self.what, self.fix)
    }
}

impl Error for BadFile {}

impl BadFile {
    /// What is wrong in a file, its line and a caret below it, as `farthing check` tells it of a cloud's own.
    pub fn shown(&self, name: &str, bytes: &[u8]) -> String {
        let BadFile { line, column, what, fix } = self;
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}');
        let shown = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default().trim_end_matches('\r');
        // Banks write a whole file into one line: what stands around the place is shown.
        let from = column.saturating_sub(1).saturating_sub(BEFORE);
        let window: String =
            shown.chars().skip(from).take(BEFORE + AFTER).map(|one| if one.is_control() { ' ' } else { one }).collect();
        let cut = if from > 0 { "…" } else { "" };
        let at = column.saturating_sub(1).saturating_sub(from).saturating_add(cut.chars().count());
        let (gutter, caret) = (" ".repeat(line.to_string().len()), " ".repeat(at));
        format!(
            "{what}\n{gutter}--> {name}:{line}:{column}\n{gutter} |\n{line} | {cut}{window}\n{gutter} | {caret}^\n{gutter} = {fix}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(line: usize, column: usize) -> BadFile {
        BadFile { line, column, what: "\"12,3x\" is no amount".to_owned(), fix: "correct it".to_owned() }
    }

    #[test]
    fn a_bad_file_is_shown_at_its_place() {
        let told = bad(2, 12).shown("a.csv", "Datum;Betrag\r\n01.02.2026;12,3x\r\n".as_bytes());
        assert_eq!(
            told,
            "\"12,3x\" is no amount\n --> a.csv:2:12\n  |\n2 | 01.02.2026;12,3x\n  |            ^\n  = correct it"
        );
    }

    #[test]
    fn of_a_line_without_end_only_the_place_is_shown() {
        let long = format!("<a>{}!{}</a>", "x".repeat(5_000), "y".repeat(5_000));
        let told = bad(1, 5_004).shown("a.xml", long.as_bytes());
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[3].chars().count() < 140, "{told}");
        let column = |line: &str, mark: char| line.chars().position(|one| one == mark);
        assert_eq!(column(lines[3], '!'), column(lines[4], '^'), "{told}");
        // What is not there has no line to show.
        assert!(bad(7, 1).shown("a.xml", b"").contains("7 | \n"));
    }
}
