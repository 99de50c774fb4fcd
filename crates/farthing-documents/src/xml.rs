//! XML as e-invoices need it: elements, attributes, text. What is written is well-formed whatever it is given; what order a norm wants is
//! its writer's matter.

use std::fmt::Write as _;

/// Writes one XML text from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Xml {
    text: String,
}

impl Xml {
    pub(crate) fn new() -> Xml {
        Xml { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned() }
    }

    /// An element with what stands in it. One in which nothing was written is left out: no norm wants it.
    pub(crate) fn with(&mut self, name: &str, inside: impl FnOnce(&mut Xml)) {
        self.with_attributes(name, &[], inside);
    }

    pub(crate) fn with_attributes(&mut self, name: &str, attributes: &[(&str, &str)], inside: impl FnOnce(&mut Xml)) {
        let before = self.text.len();
        self.open(name, attributes);
        let opened = self.text.len();
        inside(self);
        if self.text.len() == opened {
            self.text.truncate(before);
        } else {
            self.close(name);
        }
    }

    /// An element with text; left out where there is none.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.text_with(name, &[], text);
    }

    pub(crate) fn text_with(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.open(name, attributes);
        escape(&mut self.text, text);
        self.close(name);
    }

    pub(crate) fn done(mut self) -> Vec<u8> {
        self.text.push('\n');
        self.text.into_bytes()
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let _ = write!(self.text, "<{name}");
        for (attribute, value) in attributes {
            let _ = write!(self.text, " {attribute}=\"");
            escape(&mut self.text, value);
            self.text.push('"');
        }
        self.text.push('>');
    }

    fn close(&mut self, name: &str) {
        let _ = write!(self.text, "</{name}>");
    }
}

/// XML 1.0 has no place for most control characters, however they are written: they become spaces.
fn escape(out: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(char),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ if char.is_control() => out.push(' '),
            _ => out.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_xml_is_escaped_and_what_is_empty_left_out() {
        let mut xml = Xml::new();
        xml.with_attributes("a", &[("b", "\"<\"")], |xml| {
            xml.text("c", "R&D <x>\u{0}\u{1b}");
            xml.text("d", "  ");
            xml.with("e", |xml| xml.text("f", ""));
        });
        let text = String::from_utf8(xml.done()).unwrap();
        assert_eq!(text.lines().nth(1).unwrap(), "<a b=\"&quot;&lt;&quot;\"><c>R&amp;D &lt;x&gt;  </c></a>");
    }
}
