//! Forms: a label above, help below, the error beside its field, and what will happen said before the button.

use crate::web::sight::Trouble;
use std::collections::BTreeMap;

pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) sends: Sends,
    pub(crate) hidden: Vec<(String, String)>,
    pub(crate) fields: Vec<Field>,
    /// A sentence with fields in it; fields it names are not shown below.
    pub(crate) sentence: Vec<Part>,
    /// What will happen, a line each.
    pub(crate) effect: Vec<String>,
    pub(crate) submit: String,
    pub(crate) danger: bool,
    /// On one line with its button.
    pub(crate) short: bool,
    /// What is wrong with it as a whole.
    pub(crate) trouble: Option<String>,
}

/// What goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sends {
    /// It reads, carries no token and changes nothing.
    Question,
    Fields,
    Files,
}

pub(crate) enum Part {
    Words(String),
    Field(Field),
}

#[derive(Default)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) help: String,
    pub(crate) value: String,
    pub(crate) error: String,
    /// `text`, `email`, `number`, `date`, `area`, `code`, `file`, `check`, `select`, `radio`.
    pub(crate) kind: &'static str,
    /// Stands inside the field: a currency, a unit.
    pub(crate) unit: String,
    pub(crate) choices: Vec<Choice>,
    pub(crate) needed: bool,
    /// What browsers may fill in.
    pub(crate) autocomplete: &'static str,
    /// Which files are offered, where it takes one.
    pub(crate) accepts: &'static str,
    pub(crate) ticked: bool,
}

pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) text: String,
    pub(crate) chosen: bool,
}

impl Form {
    /// One that changes something.
    pub(crate) fn post(action: impl Into<String>, csrf: &str, submit: impl Into<String>) -> Form {
        let mut form = Form::get(action, submit);
        form.sends = Sends::Fields;
        form.hidden.push(("csrf".to_owned(), csrf.to_owned()));
        form
    }

    pub(crate) fn get(action: impl Into<String>, submit: impl Into<String>) -> Form {
        Form {
            action: action.into(),
            sends: Sends::Question,
            hidden: Vec::new(),
            fields: Vec::new(),
            sentence: Vec::new(),
            effect: Vec::new(),
            submit: submit.into(),
            danger: false,
            short: false,
            trouble: None,
        }
    }

    pub(crate) fn hidden(mut self, name: &str, value: impl Into<String>) -> Form {
        self.hidden.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn field(mut self, field: Field) -> Form {
        self.fields.push(field);
        self
    }

    pub(crate) fn fields(mut self, fields: impl IntoIterator<Item = Field>) -> Form {
        self.fields.extend(fields);
        self
    }

    pub(crate) fn effect(mut self, lines: impl IntoIterator<Item = String>) -> Form {
        self.effect.extend(lines);
        self
    }

    pub(crate) fn danger(mut self) -> Form {
        self.danger = true;
        self
    }

    pub(crate) fn short(mut self) -> Form {
        self.short = true;
        self
    }

    pub(crate) fn with_files(mut self) -> Form {
        self.sends = Sends::Files;
        self
    }

    /// What was wrong with it the last time, beside its field, and what was entered then. Only where it is this form's.
    pub(crate) fn again(mut self, trouble: Option<&Trouble>, entered: &BTreeMap<String, String>) -> Form {
        let Some(trouble) = trouble else { return self };
        if !self.action.ends_with(&trouble.form) {
            return self;
        }
        let sentence = self.sentence.iter_mut().filter_map(|part| match part {
            Part::Field(field) => Some(field),
            Part::Words(_) => None,
        });
        let mut found = false;
        for field in self.fields.iter_mut().chain(sentence) {
            if let Some(value) = entered.get(&field.name) {
                field.value.clone_from(value);
                for choice in &mut field.choices {
                    choice.chosen = choice.value == *value;
                }
            }
            if field.kind == "check" {
                field.ticked = entered.contains_key(&field.name);
            }
            if trouble.field == field.name {
                field.error.clone_from(&trouble.what);
                found = true;
            }
        }
        if !found {
            self.trouble = Some(trouble.what.clone());
        }
        self
    }
}

impl Field {
    pub(crate) fn text(name: &str, label: impl Into<String>) -> Field {
        Field { name: name.to_owned(), label: label.into(), kind: "text", autocomplete: "off", ..Field::default() }
    }

    pub(crate) fn of(name: &str, label: impl Into<String>, kind: &'static str) -> Field {
        Field { kind, ..Field::text(name, label) }
    }

    /// An amount, its currency inside the field.
    pub(crate) fn amount(name: &str, label: impl Into<String>, currency: &str) -> Field {
        Field { unit: currency.to_owned(), ..Field::of(name, label, "amount") }
    }

    pub(crate) fn select(name: &str, label: impl Into<String>, choices: Vec<Choice>) -> Field {
        Field { choices, ..Field::of(name, label, "select") }
    }

    pub(crate) fn radio(name: &str, label: impl Into<String>, choices: Vec<Choice>) -> Field {
        Field { choices, ..Field::of(name, label, "radio") }
    }

    pub(crate) fn check(name: &str, label: impl Into<String>, ticked: bool) -> Field {
        Field { ticked, ..Field::of(name, label, "check") }
    }

    /// A file of these kinds.
    pub(crate) fn file(name: &str, label: impl Into<String>, accepts: &'static str) -> Field {
        Field { accepts, ..Field::of(name, label, "file") }
    }

    pub(crate) fn value(mut self, value: impl Into<String>) -> Field {
        self.value = value.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Field {
        self.help = help.into();
        self
    }

    pub(crate) fn needed(mut self) -> Field {
        self.needed = true;
        self
    }

    pub(crate) fn fills(mut self, autocomplete: &'static str) -> Field {
        self.autocomplete = autocomplete;
        self
    }
}

impl Choice {
    pub(crate) fn new(value: impl Into<String>, text: impl Into<String>, chosen: bool) -> Choice {
        Choice { value: value.into(), text: text.into(), chosen }
    }
}

impl Form {
    pub(crate) fn reads(&self) -> bool {
        self.sends == Sends::Question
    }

    pub(crate) fn carries_files(&self) -> bool {
        self.sends == Sends::Files
    }

    /// One id a page for each field: of two forms with an `amount`, each has its own.
    pub(crate) fn id(&self, field: &Field) -> String {
        let plain = |char: char| if char.is_ascii_alphanumeric() { char } else { '-' };
        let last: String = self.action.rsplit('/').take(2).flat_map(str::chars).map(plain).collect();
        format!("{last}-{}", field.name)
    }
}
