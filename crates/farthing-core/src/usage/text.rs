//! An event as the raw store keeps it: one line of fields, which reads back to the same event.
//!
//! Fields are kept apart by tabs, and each begins with a letter that says what it is: `s` source, `i` id, `t` time, `r` a
//! resource or `a` an account with `j` its project and `u` its user, `p` product, `q` a quantity in millionths and its meter,
//! `x` a property. What is absent has no field. One text a row, because each column more costs as much as thirty bytes.

use super::{Subject, UsageEvent};
use crate::measure::Quantity;
use crate::time::Instant;
use std::collections::BTreeMap;
use std::fmt::Write as _;

impl UsageEvent {
    /// Appends the event's text.
    pub fn write_text(&self, out: &mut String) {
        field(out, 's', &self.source);
        field(out, 'i', &self.id);
        if let Some(at) = self.at {
            let _ = write!(out, "t{}\t", at.micros()); // a String takes everything
        }
        match &self.subject {
            Subject::Resource(name) => field(out, 'r', name),
            Subject::Account { name, project, user } => {
                field(out, 'a', name);
                for (letter, part) in [('j', project), ('u', user)] {
                    if let Some(part) = part {
                        field(out, letter, part);
                    }
                }
            }
        }
        if let Some(product) = &self.product {
            field(out, 'p', product);
        }
        for (meter, quantity) in &self.quantities {
            let _ = write!(out, "q{} ", quantity.millionths());
            escape(out, meter);
            out.push('\t');
        }
        for (key, value) in &self.properties {
            out.push('x');
            escape(out, key);
            out.push('=');
            escape(out, value);
            out.push('\t');
        }
        out.pop(); // the last tab
    }

    /// Reads what `write_text` wrote, and nothing else.
    pub fn parse_text(text: &str) -> Option<UsageEvent> {
        let mut fields = text.split('\t').peekable();
        let source = unescape(fields.next()?.strip_prefix('s')?)?;
        let id = unescape(fields.next()?.strip_prefix('i')?)?;
        let mut next = |letter: char| fields.next_if(|field| field.starts_with(letter)).map(|field| field.get(1..));
        let at = match next('t') {
            Some(micros) => Some(Instant::from_micros(micros?.parse().ok()?)),
            None => None,
        };
        let subject = match next('r') {
            Some(name) => Subject::Resource(unescape(name?)?),
            None => Subject::Account {
                name: unescape(next('a')??)?,
                project: optional(next('j'))?,
                user: optional(next('u'))?,
            },
        };
        let product = optional(next('p'))?;
        let mut quantities = Vec::new();
        while let Some(field) = next('q') {
            let (millionths, meter) = field?.split_once(' ')?;
            quantities.push((unescape(meter)?, Quantity::from_millionths(millionths.parse().ok()?)));
        }
        let mut properties = BTreeMap::new();
        while let Some(field) = next('x') {
            let (key, value) = field?.split_once('=')?;
            properties.insert(unescape(key)?, unescape(value)?);
        }
        fields.next().is_none().then_some(UsageEvent { source, id, subject, product, at, quantities, properties })
    }
}

/// The field's text, if there is a field; none at all where it cannot be read.
#[expect(clippy::option_option, reason = "absent and unreadable are two things")]
fn optional(field: Option<Option<&str>>) -> Option<Option<String>> {
    match field {
        Some(text) => unescape(text?).map(Some),
        None => Some(None),
    }
}

fn field(out: &mut String, letter: char, text: &str) {
    out.push(letter);
    escape(out, text);
    out.push('\t');
}

/// What would end a field, or what PostgreSQL keeps in no text (a zero).
const ESCAPED: [(u8, char); 5] = [(b'\t', 't'), (b'\n', 'n'), (b'\0', '0'), (b'=', 'e'), (b'\\', '\\')];

fn escape(out: &mut String, text: &str) {
    if !text.bytes().any(|byte| matches!(byte, b'\t' | b'\n' | b'\0' | b'=' | b'\\')) {
        out.push_str(text);
        return;
    }
    for letter in text.chars() {
        match ESCAPED.iter().find(|(escaped, _)| char::from(*escaped) == letter) {
            Some((_, name)) => {
                out.push('\\');
                out.push(*name);
            }
            None => out.push(letter),
        }
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        let name = letters.next()?;
        let (escaped, _) = ESCAPED.iter().find(|(_, known)| *known == name)?;
        out.push(char::from(*escaped));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::{btree_map, vec};
    use proptest::option::of;
    use proptest::prelude::*;

    fn check(event: &UsageEvent, text: &str) {
        let mut written = String::new();
        event.write_text(&mut written);
        assert_eq!(written, text);
        assert_eq!(UsageEvent::parse_text(text).as_ref(), Some(event));
    }

    #[test]
    fn each_field_has_its_letter() {
        let event = UsageEvent {
            source: "/eu/gpu-7".into(),
            id: "a\tb".into(),
            subject: Subject::Resource("gpu=1".into()),
            product: None,
            at: None,
            quantities: vec![("tokens".into(), Quantity::ONE)],
            properties: BTreeMap::new(),
        };
        check(&event, "s/eu/gpu-7\tia\\tb\trgpu\\e1\tq1000000 tokens");
        let full = UsageEvent {
            subject: Subject::Account { name: "anna".into(), project: Some(String::new()), user: Some("u".into()) },
            product: Some("api".into()),
            at: Some(Instant::from_micros(-5)),
            properties: BTreeMap::from([("a=b".into(), "c=d\0\n\\".into()), ("z".into(), String::new())]),
            ..event
        };
        check(&full, "s/eu/gpu-7\tia\\tb\tt-5\taanna\tj\tuu\tpapi\tq1000000 tokens\txa\\eb=c\\ed\\0\\n\\\\\txz=");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "s", "sa\tib", "sa\tib\trx\ty", "sa\tib\tt1x\trx", "sa\tib\trx\tq1", "sa\tib\tr\\q", "sa\tib\trx\t"]
        {
            assert_eq!(UsageEvent::parse_text(text), None, "{text:?}");
        }
    }

    fn subject() -> impl Strategy<Value = Subject> {
        prop_oneof![
            any::<String>().prop_map(Subject::Resource),
            (any::<String>(), of(any::<String>()), of(any::<String>()))
                .prop_map(|(name, project, user)| Subject::Account { name, project, user }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            (source, id, product, at) in (any::<String>(), any::<String>(), of(any::<String>()), of(any::<i64>())),
            subject in subject(),
            quantities in vec((any::<String>(), any::<i64>()), 0..3),
            properties in btree_map(any::<String>(), any::<String>(), 0..3),
        ) {
            let at = at.map(Instant::from_micros);
            let quantities =
                quantities.into_iter().map(|(meter, millionths)| (meter, Quantity::from_millionths(millionths))).collect();
            let event = UsageEvent { source, id, subject, product, at, quantities, properties };
            let mut text = String::new();
            event.write_text(&mut text);
            prop_assert!(!text.contains(['\0', '\n']));
            prop_assert_eq!(UsageEvent::parse_text(&text), Some(event));
        }
    }
}
