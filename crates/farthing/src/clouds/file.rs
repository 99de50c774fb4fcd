//! `cloud.toml`: its words, and what is said about a file that is wrong: what, where, what to do.

use super::{Cloud, Colour};
use farthing_core::money::{Currency, Locale};
use farthing_core::time::Zone;
use serde::Deserialize;
use std::fmt;
use std::ops::Range;
use toml::Spanned;

/// A file that cannot be used, told to the one who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudError {
    /// `clouds/ID/cloud.toml`
    pub file: String,
    pub line: usize,
    /// What is wrong and what to write instead.
    pub what: String,
}

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.file, self.line, self.what)
    }
}

impl std::error::Error for CloudError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CloudFile {
    cloud: CloudTable,
    brand: BrandTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CloudTable {
    id: Spanned<String>,
    name: Spanned<String>,
    currency: Spanned<String>,
    time_zone: Spanned<String>,
    languages: Spanned<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BrandTable {
    legal_name: Spanned<String>,
    accent: Spanned<String>,
}

const NAME_CHARS_MAX: usize = 40;

/// The cloud of `clouds/FOLDER/cloud.toml`, which says `text`.
pub(super) fn read(folder: &str, text: &str) -> Result<Cloud, CloudError> {
    let fail = |span: Option<Range<usize>>, what: String| {
        let before = span.map_or(0, |span| span.start).min(text.len());
        CloudError {
            file: format!("clouds/{folder}/cloud.toml"),
            line: 1 + text.bytes().take(before).filter(|byte| *byte == b'\n').count(),
            what,
        }
    };
    let file: CloudFile = toml::from_str(text).map_err(|error| fail(error.span(), error.message().to_owned()))?;
    let at = |span: Range<usize>| move |what| fail(Some(span), what);
    let CloudFile { cloud, brand } = file;
    Ok(Cloud {
        id: id(folder, cloud.id.get_ref()).map_err(at(cloud.id.span()))?,
        name: name(cloud.name.get_ref()).map_err(at(cloud.name.span()))?,
        currency: Currency::parse(cloud.currency.get_ref())
            .map_err(|error| at(cloud.currency.span())(error.to_string()))?,
        time_zone: Zone::parse(cloud.time_zone.get_ref())
            .map_err(|error| at(cloud.time_zone.span())(error.to_string()))?,
        languages: languages(&cloud.languages).map_err(|(span, what)| at(span)(what))?,
        legal_name: name(brand.legal_name.get_ref()).map_err(at(brand.legal_name.span()))?,
        accent: Colour::parse(brand.accent.get_ref()).map_err(at(brand.accent.span()))?,
    })
}

fn id(folder: &str, id: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if id.is_empty() || !id.bytes().all(plain) {
        return Err(format!("\"{id}\" cannot be a cloud's id: use lower-case letters, digits and \"-\""));
    }
    if id != folder {
        return Err(format!("the id is \"{id}\" but the folder is \"{folder}\": give both one name"));
    }
    Ok(id.to_owned())
}

fn name(name: &str) -> Result<String, String> {
    if name.trim() != name || name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(format!(
            "a name has 1 to {NAME_CHARS_MAX} characters and no space at its ends: shorten \"{name}\""
        ));
    }
    Ok(name.to_owned())
}

fn languages(tags: &Spanned<Vec<Spanned<String>>>) -> Result<Vec<Locale>, (Range<usize>, String)> {
    if tags.get_ref().is_empty() {
        return Err((tags.span(), "name at least one language, such as \"en\"".to_owned()));
    }
    let read = |tag: &Spanned<String>| {
        let known: Vec<&str> = Locale::ALL.into_iter().map(Locale::language).collect();
        let unknown =
            || format!("\"{}\" is no language amounts are written in here: use {}", tag.get_ref(), known.join(", "));
        Locale::from_tag(tag.get_ref()).ok_or_else(|| (tag.span(), unknown()))
    };
    tags.get_ref().iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r##"# what it will hold

[cloud]
id = "north"
name = "North Cloud"
currency = "EUR"
time_zone = "Europe/Oslo"
languages = ["de", "en"]

[brand]
legal_name = "North Cloud AS"
accent = "#0a66c2"
"##;

    #[test]
    fn a_file_says_who_a_cloud_is() {
        let cloud = read("north", GOOD).unwrap();
        assert_eq!((cloud.id.as_str(), cloud.name.as_str()), ("north", "North Cloud"));
        assert_eq!((cloud.currency, cloud.time_zone.name()), (Currency::EUR, "Europe/Oslo"));
        assert_eq!((cloud.locale(), cloud.languages.len()), (Locale::De, 2));
        assert_eq!((cloud.legal_name.as_str(), cloud.accent.to_string().as_str()), ("North Cloud AS", "#0a66c2"));
    }

    #[test]
    fn a_wrong_file_says_what_where_and_what_to_do() {
        let check = |old: &str, new: &str, line: usize, told: &str| {
            let error = read("north", &GOOD.replacen(old, new, 1)).expect_err(new);
            assert_eq!((error.file.as_str(), error.line), ("clouds/north/cloud.toml", line), "{error}");
            assert!(error.what.contains(told), "{error}");
        };
        check("id = \"north\"", "id = \"south\"", 4, "give both one name");
        check("id = \"north\"", "id = \"North Pole\"", 4, "lower-case letters");
        check("North Cloud\"", "\"", 5, "1 to 40 characters");
        check("EUR", "EURO", 6, "did you mean EUR");
        check("Europe/Oslo", "Europe/Osl", 7, "Europe/Oslo");
        check("\"de\"", "\"xx\"", 8, "use en, zh");
        check("[\"de\", \"en\"]", "[]", 8, "at least one language");
        check("#0a66c2", "blue", 12, "six hexadecimal digits");
        check("currency", "curency", 6, "unknown field `curency`");
        check("name = \"North Cloud\"\n", "", 3, "missing field `name`");
        check("[brand]", "[brand", 10, "unclosed table");
    }

    #[test]
    fn every_cloud_built_in_can_be_read() {
        let clouds = super::super::embedded().unwrap();
        assert!(!clouds.is_empty());
        assert!(clouds.iter().all(|cloud| !cloud.name.is_empty()));
    }
}
