//! A scenario file as lines of words, each with its place: what is between quotes, what is a comment, what is `key=value`.
//!
//! It knows no command. `read.rs` says what the words mean.

use farthing_core::config::{Remark, Severity, Source};
use std::ops::Range;

/// One line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub number: usize,
    /// From its first word to its last, without the comment.
    pub at: Range<usize>,
    pub words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub at: Range<usize>,
    /// Without its quotes.
    pub text: String,
    /// It begins with a quote, so it is text whatever is in it.
    pub quoted: bool,
    /// Where in `text` the `=` of a `key=value` stands.
    equals: Option<usize>,
}

/// What is wrong at one place of a line, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub at: Range<usize>,
    pub what: String,
    pub remedy: String,
}

impl Wrong {
    pub(super) fn new(at: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) -> Wrong {
        Wrong { at, what: what.into(), remedy: remedy.into() }
    }

    pub(super) fn remark(self, source: &Source) -> Remark {
        Remark {
            severity: Severity::Error,
            file: source.name.clone(),
            at: self.at,
            what: self.what,
            remedy: self.remedy,
        }
    }
}

impl Word {
    pub(super) fn pair(&self) -> Option<(&str, &str)> {
        let equals = self.equals?;
        Some((&self.text[..equals], &self.text[equals + 1..]))
    }

    /// It is just this word, without quotes.
    pub(super) fn is(&self, word: &str) -> bool {
        !self.quoted && self.text == word
    }

    /// Where the value of a `key=value` stands, quotes included.
    pub(super) fn value_at(&self) -> Range<usize> {
        // The key has no quotes, so it is as long in the file as it is here.
        self.equals.map_or(self.at.clone(), |equals| (self.at.start + equals + 1).min(self.at.end)..self.at.end)
    }
}

/// Every line that says something, and what is wrong with the quotes of the others.
pub(super) fn lines(source: &Source) -> (Vec<Line>, Vec<Wrong>) {
    let (mut lines, mut wrong) = (Vec::new(), Vec::new());
    let mut start = 0;
    for (index, whole) in source.text.split('\n').enumerate() {
        match words(whole, start) {
            Ok(words) => {
                if let (Some(first), Some(last)) = (words.first(), words.last()) {
                    lines.push(Line { number: index + 1, at: first.at.start..last.at.end, words });
                }
            }
            Err(error) => wrong.push(error),
        }
        start += whole.len() + 1;
    }
    (lines, wrong)
}

/// The words of one line, which begins at `start` of its file.
fn words(whole: &str, start: usize) -> Result<Vec<Word>, Wrong> {
    // A policy's value is TOML, where text may stand between apostrophes too.
    let toml = whole.split_whitespace().next() == Some("policy");
    let mut words = Vec::new();
    let mut rest = whole.char_indices().peekable();
    while let Some((from, found)) = rest.peek().copied() {
        if found.is_whitespace() || found == '\u{feff}' {
            rest.next();
            continue;
        }
        if found == '#' {
            break;
        }
        let mut word = Word { at: start + from..start + from, text: String::new(), quoted: found == '"', equals: None };
        let mut key = true;
        while let Some((at, found)) = rest.next_if(|(_, found)| !found.is_whitespace() && *found != '#') {
            word.at.end = start + at + found.len_utf8();
            match found {
                '"' => {
                    key = false;
                    word.at.end = quoted(&mut rest, '"', at, start, &mut word.text)?;
                }
                '\'' if toml => {
                    key = false;
                    word.at.end = quoted(&mut rest, '\'', at, start, &mut word.text)?;
                }
                '=' if key && !word.text.is_empty() => {
                    (key, word.equals) = (false, Some(word.text.len()));
                    word.text.push('=');
                }
                _ => {
                    key &= found.is_ascii_alphanumeric() || matches!(found, '_' | '-' | '.');
                    word.text.push(found);
                }
            }
        }
        words.push(word);
    }
    Ok(words)
}

/// Text up to its closing quote, and where that ends.
fn quoted(
    rest: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
    mark: char,
    opened: usize,
    start: usize,
    text: &mut String,
) -> Result<usize, Wrong> {
    while let Some((at, found)) = rest.next() {
        match found {
            found if found == mark => return Ok(start + at + 1),
            '\\' if mark == '"' => match rest.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                Some((_, other)) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            _ => text.push(found),
        }
    }
    let (from, to) = (start + opened, start + opened + 1);
    Err(Wrong::new(
        from..to,
        "the text that begins here is never closed",
        format!("write {mark} where it ends, on this line"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    fn told(text: &str) -> String {
        let source = Source::new("story.scn", text);
        let (lines, wrong) = lines(&source);
        let mut told = String::new();
        for line in lines {
            let words: Vec<String> = line
                .words
                .iter()
                .map(|word| match word.pair() {
                    Some((key, value)) => format!("{key}={value:?} at {:?}", &text[word.value_at()]),
                    None if word.quoted => format!("{:?}", word.text),
                    None => word.text.clone(),
                })
                .collect();
            let _ = writeln!(told, "{}: {}", line.number, words.join(" | "));
        }
        for wrong in wrong {
            let _ = writeln!(told, "{:?}: {}; {}", &text[wrong.at], wrong.what, wrong.remedy);
        }
        told
    }

    #[test]
    fn words_quotes_comments_and_tabs() {
        let check = |text: &str, expected: &str| assert_eq!(told(text), expected, "{text}");
        check("", "");
        check("# nothing\n\n  \t # still nothing\n", "");
        check("wait 100h # moves", "1: wait | 100h\n");
        check("\twait\t100h\r\n", "1: wait | 100h\n");
        check("\u{feff}at 2026", "1: at | 2026\n");
        check("scenario \"a # in it\" # not this", "1: scenario | \"a # in it\"\n");
        check(
            "start web product=service label.team=blue",
            "1: start | web | product=\"service\" at \"service\" | label.team=\"blue\" at \"blue\"\n",
        );
        check(
            "price a/b free=\"20 GB\" tiers=\"*:0.02\"",
            "1: price | a/b | free=\"20 GB\" at \"\\\"20 GB\\\"\" | tiers=\"*:0.02\" at \"\\\"*:0.02\\\"\"\n",
        );
        check("expect x = -0.5", "1: expect | x | = | -0.5\n");
        check("expect x <= 5 -> y == 6 < 7", "1: expect | x | <= | 5 | -> | y | == | 6 | < | 7\n");
        check("a k=v=w k= k=#x", "1: a | k=\"v=w\" at \"v=w\" | k=\"\" at \"\" | k=\"\" at \"\"\n");
        check("a \"say \\\"hi\\\" \\\\ \\n\"", "1: a | \"say \\\"hi\\\" \\\\ \\\\n\"\n");
        check("a \"k=v\" b\"c d\"e", "1: a | \"k=v\" | bc de\n");
        check(
            "show \"open\nwait 1h",
            "2: wait | 1h\n\"\\\"\": the text that begins here is never closed; write \" where it ends, on this line\n",
        );
        check("policy a = 'it\"s # in' # out", "1: policy | a | = | it\"s # in\n");
        check("say it's # out", "1: say | it's\n");
        check("start 云 x=ö", "1: start | 云 | x=\"ö\" at \"ö\"\n");
    }
}
