//! XML as we write it: an element a line, indented, whatever stands in it made safe.

use std::fmt::Write as _;

#[derive(Debug)]
pub(crate) struct Writer {
    text: String,
    open: Vec<&'static str>,
}

impl Writer {
    /// Begins a `Document` of a message such as `pain.008.001.02`.
    pub(crate) fn document(message: &str) -> Writer {
        let mut writer =
            Writer { text: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), open: Vec::new() };
        writer.open("Document", &[("xmlns", &format!("{}{message}", crate::camt::NAMESPACE))]);
        writer
    }

    fn open(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.text.push('\n');
        self.open.push(name);
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.text.extend(std::iter::repeat_n("  ", self.open.len()));
        self.text.push('<');
        self.text.push_str(name);
        for (key, value) in attributes {
            // Writing into a String cannot fail.
            let _ = write!(self.text, " {key}=\"");
            self.escaped(value);
            self.text.push('"');
        }
        self.text.push('>');
    }

    /// An element with others in it.
    pub(crate) fn within(&mut self, name: &'static str, fill: impl FnOnce(&mut Writer)) {
        self.open(name, &[]);
        fill(self);
        self.close();
    }

    /// Several, each in the one before: `Id/PrvtId/Othr`.
    pub(crate) fn along(&mut self, path: &[&'static str], fill: impl FnOnce(&mut Writer)) {
        for name in path {
            self.open(name, &[]);
        }
        fill(self);
        for _ in path {
            self.close();
        }
    }

    fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.text.extend(std::iter::repeat_n("  ", self.open.len()));
            let _ = writeln!(self.text, "</{name}>");
        }
    }

    pub(crate) fn text(&mut self, name: &str, words: &str) {
        self.amount(name, &[], words);
    }

    /// Nothing where there is nothing to say.
    pub(crate) fn text_if(&mut self, name: &str, words: &str) {
        if !words.is_empty() {
            self.text(name, words);
        }
    }

    pub(crate) fn amount(&mut self, name: &str, attributes: &[(&str, &str)], words: &str) {
        self.start(name, attributes);
        self.escaped(words);
        let _ = writeln!(self.text, "</{name}>");
    }

    /// What XML cannot hold at all, such as NUL, is left out.
    fn escaped(&mut self, words: &str) {
        for char in words.chars() {
            match char {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                char if char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') => {}
                char => self.text.push(char),
            }
        }
    }

    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }
}
