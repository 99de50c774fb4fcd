//! Files of a bank as they lie on a disk, and what is said of one that is refused: its line with a caret, as `farthing check` tells it.

use farthing::failure::Failure;
use farthing_engine::{BadFile, Unread};
use std::path::Path;

pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?)
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Why nothing was taken of a file.
pub(super) fn told(path: &Path, bytes: &[u8], why: Unread) -> Failure {
    match why {
        Unread::Bad(bad) => pointed(&path.display().to_string(), bytes, &bad).into(),
        Unread::Refused(refused) => format!("{}: {}", path.display(), farthing_store::chain_of(&refused)).into(),
    }
}

/// What is wrong in a file, its line and a caret below it, as `farthing check` tells it of a cloud's own.
fn pointed(name: &str, bytes: &[u8], bad: &BadFile) -> String {
    let BadFile { line, column, what, fix } = bad;
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
        "{what}\n{gutter}--> {name}:{line}:{column}\n{gutter} |\n{line} | {cut}{window}\n{gutter} | {caret}^\n{gutter} = {fix}\n\
        Nothing was taken."
    )
}

/// Characters of a line that are shown before the place and after it.
const BEFORE: usize = 80;
const AFTER: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(line: usize, column: usize) -> BadFile {
        BadFile { line, column, what: "\"12,3x\" is no amount".to_owned(), fix: "correct it".to_owned() }
    }

    #[test]
    fn a_bad_file_is_shown_at_its_place() {
        let told = pointed("a.csv", "Datum;Betrag\r\n01.02.2026;12,3x\r\n".as_bytes(), &bad(2, 12));
        assert_eq!(
            told,
            "\"12,3x\" is no amount\n --> a.csv:2:12\n  |\n2 | 01.02.2026;12,3x\n  |            ^\n  = correct it\nNothing was taken."
        );
    }

    #[test]
    fn of_a_line_without_end_only_the_place_is_shown() {
        let long = format!("<a>{}!{}</a>", "x".repeat(5_000), "y".repeat(5_000));
        let told = pointed("a.xml", long.as_bytes(), &bad(1, 5_004));
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[3].chars().count() < 140, "{told}");
        let column = |line: &str, mark: char| line.chars().position(|one| one == mark);
        assert_eq!(column(lines[3], '!'), column(lines[4], '^'), "{told}");
        // What is not there has no line to show.
        assert!(pointed("a.xml", b"", &bad(7, 1)).contains("7 | \n"));
    }
}
