//! What stands around a page: the brand, whose account it is, the side bar that becomes a bottom bar on a phone, the language.

use crate::Cloud;
use crate::block::Link;
use crate::frame::PageError;
use crate::web::sight::Page;
use crate::words::Language;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// So many stand in the bottom bar, the others behind "more".
const FIRST: usize = 4;

pub(crate) struct Shell {
    pub(crate) language: Language,
    pub(crate) cloud: String,
    pub(crate) brand: String,
    /// Where the brand's logo is; empty: the mark.
    pub(crate) logo: String,
    pub(crate) legal: String,
    pub(crate) title: String,
    pub(crate) account: String,
    pub(crate) home: String,
    pub(crate) entries: Vec<Link>,
    pub(crate) others: Vec<Link>,
    pub(crate) above: Vec<Link>,
    pub(crate) feet: Vec<Link>,
    pub(crate) csrf: String,
    pub(crate) back: String,
    pub(crate) language_action: String,
    pub(crate) leave: String,
}

impl Shell {
    /// One around a page that anybody may see.
    pub(crate) fn open(cloud: &Cloud, language: Language, title: String, back: String) -> Shell {
        let address = |page: &str| format!("/{}/{page}", cloud.id);
        let feet = [("prices", "foot.prices"), ("calculator", "foot.calculator"), ("billing", "foot.billing")];
        Shell {
            language,
            cloud: cloud.id.clone(),
            brand: cloud.name.clone(),
            logo: if cloud.has_logo() { format!("/{}/logo", cloud.id) } else { String::new() },
            legal: cloud.legal_name.clone(),
            title,
            account: String::new(),
            home: address("prices"),
            entries: Vec::new(),
            others: Vec::new(),
            above: Vec::new(),
            feet: feet.into_iter().map(|(page, key)| Link::new(address(page), language.say(key))).collect(),
            csrf: String::new(),
            back,
            language_action: "/language".to_owned(),
            leave: String::new(),
        }
    }

    /// One around a page of no cloud's: an operator's.
    pub(crate) fn plain(language: Language, title: String, back: String) -> Shell {
        Shell {
            language,
            cloud: String::new(),
            brand: "Farthing".to_owned(),
            logo: String::new(),
            legal: String::new(),
            title,
            account: String::new(),
            home: "/".to_owned(),
            entries: Vec::new(),
            others: Vec::new(),
            above: Vec::new(),
            feet: Vec::new(),
            csrf: String::new(),
            back,
            language_action: "/language".to_owned(),
            leave: String::new(),
        }
    }

    pub(crate) fn languages(&self) -> Vec<Language> {
        Language::ALL.into_iter().filter(|language| *language != self.language).collect()
    }

    pub(crate) fn first(&self) -> &[Link] {
        self.entries.get(..FIRST).unwrap_or(&self.entries)
    }

    pub(crate) fn later(&self) -> &[Link] {
        self.entries.get(FIRST..).unwrap_or_default()
    }

    pub(crate) fn is_later(&self) -> bool {
        self.later().iter().any(|link| link.here)
    }
}

#[derive(Template)]
#[template(path = "page.html")]
struct Rendered {
    shell: Shell,
    done: Option<&'static str>,
    sentence: String,
    sections: Vec<Made>,
}

struct Made {
    id: &'static str,
    title: String,
    blocks: Vec<String>,
}

/// A page in its frame, as an answer.
pub(crate) fn shown(
    shell: Shell,
    page: Page,
    done: Option<&'static str>,
    status: StatusCode,
) -> Result<Response, PageError> {
    let mut sections = Vec::with_capacity(page.sections.len());
    for section in page.sections {
        let blocks = section.blocks.iter().map(crate::block::Block::html).collect::<Result<_, _>>()?;
        sections.push(Made { id: section.id, title: section.title, blocks });
    }
    let page = Rendered { shell, done, sentence: page.sentence, sections };
    let html = page.render().map_err(|error| PageError::Failed(error.to_string()))?;
    Ok((status, Html(html)).into_response())
}
