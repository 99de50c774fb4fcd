//! One declaration a section: its keys, their types, defaults and meanings, and since which part of Farthing they are in force.

use super::Whole;
use std::fmt;

/// One key, as `check --keys` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Dotted: `ladder.delete.after`.
    pub path: String,
    pub kind: Whole,
    /// None: the key must be written where its section is.
    pub default: Option<&'static str>,
    pub meaning: &'static str,
    pub capability: Capability,
    /// A list of these, or a section that may stand several times.
    pub several: bool,
}

/// The parts of Farthing that act on what a policy says. A key of a part that is not built yet is read and checked, and
/// said to be not in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    Catalogue,
    Settlement,
    Api,
    Payments,
    BankTransfers,
    Orders,
    Bills,
    Standing,
    Consoles,
    Later,
}

impl Capability {
    pub const fn is_in_force(self) -> bool {
        match self {
            Capability::Catalogue
            | Capability::Settlement
            | Capability::Api
            | Capability::Payments
            | Capability::BankTransfers
            | Capability::Orders
            | Capability::Bills
            | Capability::Standing => true,
            Capability::Consoles | Capability::Later => false,
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Capability::Catalogue => "the catalogue",
            Capability::Settlement => "settlement",
            Capability::Api => "the API and its messages",
            Capability::Payments => "payments",
            Capability::BankTransfers => "bank transfers and direct debits",
            Capability::Orders => "orders, terms and credits",
            Capability::Bills => "bills and documents",
            Capability::Standing => "the steps for accounts in arrears",
            Capability::Consoles => "the consoles",
            Capability::Later => "a version that is still to come",
        })
    }
}

/// A section of a file as a record. `key: Type = "default" @ Capability`, or `= required`; the comment above a key is its
/// meaning, printed by `check --keys`. `[id]` after the name says which keys name one among several; `..pricing: Pricing`
/// takes in the keys of another section.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $name:ident $([$($label:ident),+])? {
            $( ..$flat:ident: $flat_kind:ty, )?
            $( $(#[doc = $meaning:literal])+ $field:ident $(as $key:literal)? : $kind:ty = $default:tt @ $capability:ident, )*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        #[allow(unreachable_pub, reason = "a section may be read by its own module alone")]
        #[allow(clippy::doc_markdown, reason = "a meaning is printed as it stands, and names values as a file has them")]
        pub struct $name {
            /// Where its keys stand in the file.
            pub places: $crate::config::Places,
            $( /// What it says about its price.
            pub $flat: $flat_kind, )?
            $( $(#[doc = $meaning])+ pub $field: $kind, )*
        }

        impl $name {
            /// Made once: a catalogue has tens of thousands of sections.
            pub(crate) fn known() -> &'static [&'static str] {
                static KNOWN: std::sync::OnceLock<Vec<&'static str>> = std::sync::OnceLock::new();
                KNOWN.get_or_init(|| {
                    #[allow(unused_mut, reason = "a section with a shared part has its keys too")]
                    let mut known = vec![$($crate::config::section!(@key $field $($key)?)),*];
                    $( known.extend(<$flat_kind>::known()); )?
                    known
                })
            }

            /// The values of a table that may be the whole of a file.
            pub(crate) fn read_table(
                table: &$crate::config::Table,
                at: std::ops::Range<usize>,
                reader: &mut $crate::config::Reader<'_>,
            ) -> Option<Self> {
                $( let $flat = <$flat_kind>::read_table(table, at.clone(), reader); )?
                $( let $field: Option<$kind> = reader.field(
                    table, &at, $crate::config::section!(@key $field $($key)?), $crate::config::section!(@value $kind, $default),
                ); )*
                Some($name {
                    places: $crate::config::Places::of_table(table, at), $( $flat: $flat?, )? $( $field: $field?, )*
                })
            }

            /// What is written in it, key by key, as TOML.
            pub(crate) fn written(&self) -> Vec<String> {
                #[allow(unused_mut, reason = "a section without keys of its own is a section too")]
                let mut inner: Vec<String> = Vec::new();
                $( if self.places.has($crate::config::section!(@key $field $($key)?)) {
                    let key = $crate::config::section!(@key $field $($key)?);
                    inner.push(format!("{key} = {}", $crate::config::Value::print(&self.$field)));
                } )*
                $( inner.extend(self.$flat.written()); )?
                inner
            }
        }

        impl $crate::config::Value for $name {
            const KIND: $crate::config::Whole = $crate::config::Whole::TABLE;

            fn read(item: &$crate::config::Item, reader: &mut $crate::config::Reader<'_>) -> Option<Self> {
                let table = reader.table(item, Self::known())?;
                Self::read_table(table, item.at.clone(), reader)
            }

            fn print(&self) -> String {
                let inner = self.written();
                if inner.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", inner.join(", ")) }
            }

            fn keys(key: $crate::config::Key, keys: &mut Vec<$crate::config::Key>) {
                $( {
                    let name = $crate::config::section!(@key $field $($key)?);
                    let stroke = if key.path.is_empty() { "" } else { "." };
                    <$kind as $crate::config::Value>::keys($crate::config::Key {
                        path: format!("{}{stroke}{name}", key.path),
                        kind: $crate::config::Whole::NOTHING,
                        default: $crate::config::section!(@default $default),
                        meaning: concat!($($meaning),+).trim_ascii(),
                        capability: $crate::config::Capability::$capability,
                        several: false,
                    }, keys);
                } )*
                $( <$flat_kind as $crate::config::Value>::keys(key, keys); )?
            }

            fn entries(&self, path: &str, entries: &mut std::collections::BTreeMap<String, String>) {
                $( {
                    let name = $crate::config::section!(@key $field $($key)?);
                    let stroke = if path.is_empty() { "" } else { "." };
                    $crate::config::Value::entries(&self.$field, &format!("{path}{stroke}{name}"), entries);
                } )*
                $( $crate::config::Value::entries(&self.$flat, path, entries); )?
            }

            $( fn label(&self) -> Option<String> {
                let parts: Vec<String> = vec![$( $crate::config::Value::print(&self.$label) ),+];
                let plain = parts.iter().map(|part| part.trim_matches('"')).filter(|part| *part != "none");
                Some(plain.collect::<Vec<_>>().join("/"))
            } )?
        }
    };
    (@key $field:ident $key:literal) => { $key };
    (@key $field:ident) => { stringify!($field) };
    (@default required) => { None };
    (@default $default:literal) => { Some($default) };
    (@value $kind:ty, required) => { None };
    // Read once: 20,000 SKUs leave 380,000 keys to their defaults, and reading each was nearly half the time of a check.
    (@value $kind:ty, $default:literal) => { {
        static DEFAULT: std::sync::OnceLock<$kind> = std::sync::OnceLock::new();
        fn default() -> $kind {
            DEFAULT.get_or_init(|| $crate::config::default_of($default)).clone()
        }
        Some(default as fn() -> $kind)
    } };
}
pub(crate) use section;

/// A value that is one of a few words.
macro_rules! choice {
    ($(#[doc = $about:literal])+ $name:ident: $one:literal { $( $(#[doc = $meaning:literal])* $variant:ident = $word:literal, )+ }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $( $(#[doc = $meaning])* $variant, )+ }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// As it is written.
            pub const fn word(self) -> &'static str {
                match self { $( $name::$variant => $word, )+ }
            }

            /// What `word` wrote.
            pub fn parse(word: &str) -> Option<$name> {
                Self::ALL.iter().copied().find(|known| known.word() == word)
            }
        }

        impl $crate::config::Value for $name {
            const KIND: $crate::config::Whole =
                $crate::config::Whole { one: $one, example: concat!("one of", $( " \"", $word, "\"," ),+) };

            fn read(item: &$crate::config::Item, reader: &mut $crate::config::Reader<'_>) -> Option<Self> {
                let text = reader.text::<Self>(item)?;
                let found = Self::ALL.iter().copied().find(|known| known.word() == text);
                found.or_else(|| {
                    let meant = $crate::config::nearest(&text, Self::ALL.iter().map(|known| known.word()));
                    reader.not_a::<Self>(item, meant.map(|meant| format!("; did you mean {meant:?}?")))
                })
            }

            fn print(&self) -> String {
                format!("{:?}", self.word())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.word())
            }
        }
    };
}
pub(crate) use choice;
