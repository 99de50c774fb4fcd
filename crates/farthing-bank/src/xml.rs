//! An XML file as a tree of elements that know where they stand.
//!
//! Refuses what a bank never sends and an attacker does: document types and with them entities, and elements nested deeper than any
//! message. Namespaces are the root's: prefixes below it are dropped.

use crate::bad_file::BadFile;
use crate::source::{FETCH_AGAIN, Reading, Source};
use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::{BytesStart, Event};

/// The deepest message of ISO 20022 has some 20.
const DEPTH_MAX: usize = 64;
/// The root has three or four. Each is compared with those before it, so that a million would take for ever.
const ATTRIBUTES_MAX: usize = 32;

#[derive(Debug, Default)]
pub(crate) struct Node<'a> {
    /// Without its prefix.
    pub(crate) name: &'a str,
    /// Where it begins, in bytes.
    pub(crate) at: usize,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) children: Vec<Node<'a>>,
}

impl<'a> Node<'a> {
    pub(crate) fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Node<'a>> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first along a path: `Refs/EndToEndId`.
    pub(crate) fn find(&self, path: &str) -> Option<&Node<'a>> {
        path.split('/').try_fold(self, |node, name| node.children.iter().find(|child| child.name == name))
    }

    /// The first of several paths that there is.
    pub(crate) fn find_of(&self, paths: &[&str]) -> Option<&Node<'a>> {
        paths.iter().find_map(|path| self.find(path))
    }

    /// What stands there, without the spaces around it. Empty where there is nothing.
    pub(crate) fn text_at(&self, path: &str) -> &str {
        self.find(path).map_or("", |node| node.text.trim())
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The text of a file, by the encoding it says it has.
pub(crate) fn source(bytes: &[u8]) -> Result<Source<'_>, BadFile> {
    let head = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes)).to_ascii_lowercase();
    let declared = head.split_once("?>").map_or("", |(declaration, _)| declaration);
    let encoding = declared.split_once("encoding").map_or("", |(_, rest)| {
        rest.trim_start_matches(|char: char| char.is_whitespace() || char == '=').get(1..).unwrap_or_default()
    });
    let encoding = encoding.split(['"', '\'']).next().unwrap_or_default();
    match encoding {
        "" | "utf-8" | "utf8" | "us-ascii" | "ascii" => Source::decode(bytes, Reading::Utf8),
        "iso-8859-1" | "latin1" | "windows-1252" => Source::decode(bytes, Reading::Latin1),
        other => Err(BadFile {
            line: 1,
            column: 1,
            what: format!("the file says that it is encoded in {other}"),
            fix: "ask the bank for UTF-8".to_owned(),
        }),
    }
}

pub(crate) fn parse<'a>(source: &'a Source<'_>) -> Result<Node<'a>, BadFile> {
    let text: &'a str = &source.text;
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    // The first stands for the file itself: what is beside the root ends up in it.
    let mut open = vec![Node::default()];
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(|error| {
            let at = usize::try_from(reader.error_position()).unwrap_or(at);
            if at >= text.trim_end().len() {
                return cut_off(source, &open);
            }
            source.bad(at, format!("this is not well-formed XML: {}", plainly(&error)), FETCH_AGAIN)
        })?;
        match event {
            Event::Start(start) => {
                if open.len() > DEPTH_MAX {
                    let what = format!("elements are nested deeper than {DEPTH_MAX}");
                    return Err(source.bad(at, what, "no bank's message is like that: do not trust the file"));
                }
                open.push(element(source, text, &start, at)?);
            }
            Event::Empty(start) => {
                let child = element(source, text, &start, at)?;
                last(&mut open).children.push(child);
            }
            Event::End(_) => {
                let closed = open.pop().unwrap_or_default();
                last(&mut open).children.push(closed);
            }
            Event::Text(words) => add(source, &mut open, &words.xml10_content(), at)?,
            Event::CData(words) => add(source, &mut open, &words.xml10_content(), at)?,
            Event::GeneralRef(reference) => {
                let named = match &*reference.borrow() {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => reference
                        .resolve_char_ref()
                        .ok()
                        .flatten()
                        .filter(|char| !char.is_control() || char.is_whitespace()),
                };
                let Some(char) = named else {
                    let what = format!("&{}; stands for nothing", &*reference.borrow());
                    return Err(source.bad(at, what, FETCH_AGAIN));
                };
                add(source, &mut open, char.encode_utf8(&mut [0; 4]), at)?;
            }
            Event::DocType(_) => {
                let what = "the file brings a document type (DOCTYPE)";
                return Err(source.bad(at, what, "no bank's message has one: do not trust the file"));
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if open.len() > 1 {
        return Err(cut_off(source, &open));
    }
    let mut roots = open.pop().unwrap_or_default().children.into_iter();
    match (roots.next(), roots.next()) {
        (Some(root), None) => Ok(root),
        (Some(_), Some(second)) => {
            let what = format!("a second message begins: <{}>", second.name);
            Err(source.bad(second.at, what, "split the file: each message is a file of its own"))
        }
        (None, _) => Err(source.bad(0, "this is no XML: it has no element", "choose the statement itself")),
    }
}

/// The faults that there are in files, in words for who has the file and not the reader's documentation.
fn plainly(error: &Error) -> String {
    match error {
        Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
            format!("<{expected}> is open, and </{found}> ends it")
        }
        Error::IllFormed(IllFormedError::UnmatchedEndTag(found)) => format!("</{found}> ends what was never begun"),
        Error::IllFormed(IllFormedError::UnclosedReference) => "an & stands alone, which must be &amp;".to_owned(),
        other => other.to_string(),
    }
}

fn cut_off(source: &Source<'_>, open: &[Node<'_>]) -> BadFile {
    let innermost = open.last().map_or("", |node| node.name);
    if innermost.is_empty() {
        return source.bad_end("the file is cut off");
    }
    source.bad_end(format!("the file is cut off: <{innermost}> is never closed"))
}

fn last<'o, 'a>(open: &'o mut Vec<Node<'a>>) -> &'o mut Node<'a> {
    if open.is_empty() {
        open.push(Node::default());
    }
    let at = open.len() - 1;
    &mut open[at]
}

fn add(source: &Source<'_>, open: &mut Vec<Node<'_>>, words: &str, at: usize) -> Result<(), BadFile> {
    if open.len() == 1 && !words.trim().is_empty() {
        return Err(source.bad(at, "text stands outside of any element", "choose the file as the bank gave it"));
    }
    if open.len() > 1 {
        last(open).text.push_str(words);
    }
    Ok(())
}

fn element<'a>(source: &Source<'_>, text: &'a str, start: &BytesStart<'_>, at: usize) -> Result<Node<'a>, BadFile> {
    // The name as it stands in the file, which outlives the reader.
    let name = text.get(at + 1..).and_then(|rest| rest.get(..start.name().0.len())).unwrap_or_default();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        if attributes.len() == ATTRIBUTES_MAX {
            let what = format!("<{name}> has more than {ATTRIBUTES_MAX} attributes");
            return Err(source.bad(at, what, "no bank's message is like that: do not trust the file"));
        }
        let broken = |error: &dyn std::fmt::Display| {
            source.bad(at, format!("an attribute of <{name}> is not well-formed XML: {error}"), FETCH_AGAIN)
        };
        let attribute = attribute.map_err(|error| broken(&error))?;
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|error| broken(&error))?;
        attributes.push((attribute.key.0.to_owned(), value.into_owned()));
    }
    let name = name.rsplit(':').next().unwrap_or_default();
    Ok(Node { name, at, attributes, ..Node::default() })
}

/// The namespace of the root, where it is `Document`.
pub(crate) fn namespace<'n>(source: &Source<'_>, root: &'n Node<'_>) -> Result<&'n str, BadFile> {
    if root.name != "Document" {
        let what = format!("the file is a <{}>, not a <Document> of ISO 20022", root.name);
        return Err(source.bad(root.at, what, "choose the statement itself"));
    }
    let written = source.text.get(root.at + 1..).unwrap_or_default();
    let written = written.split([' ', '\t', '\r', '\n', '>', '/']).next().unwrap_or_default();
    let key = written.split_once(':').map_or("xmlns".to_owned(), |(prefix, _)| format!("xmlns:{prefix}"));
    root.attribute(&key).ok_or_else(|| {
        source.bad(root.at, "<Document> does not say which message it is (xmlns)", "ask the bank for ISO 20022 files")
    })
}
