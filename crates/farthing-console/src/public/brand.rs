//! What a cloud's brand brings along: its logo, the images of its help pages, and those pages (R42). From the files of the version in force.

use super::open::Open;
use crate::Console;
use crate::block::{Block, Section};
use crate::frame::PageError;
use crate::help::{Variables, help_html, help_title};
use crate::web::door::run;
use crate::web::sight::Page;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::sync::Arc;

fn nowhere(open: &Open) -> PageError {
    PageError::NotFound(open.say("error.no_page").to_owned())
}

/// A help page in the reader's language, else in the cloud's own.
pub(super) fn help(open: &Open) -> Result<Page, PageError> {
    let files = open.console.files_of(&open.cloud.id, open.now)?;
    let name = open.name("page");
    let own = open.cloud.locale().language();
    let found =
        [open.language.tag(), own, "en"].into_iter().find_map(|tag| files.get(&format!("help/{name}.{tag}.md")));
    let text = found.or_else(|| files.get(&format!("help/{name}.md"))).ok_or_else(|| nowhere(open))?;
    let variables = Variables::of(&open.cloud, "");
    let html = help_html(text, &variables).map_err(|trouble| PageError::Failed(trouble.what))?;
    let title = help_title(text, &variables);
    Ok(Open::page(title.clone(), title, vec![Section::plain(vec![Block::Help(html)])]))
}

pub(super) async fn logo(State(console): State<Arc<Console>>, Path(cloud): Path<String>) -> Response {
    run(move || {
        let now = console.engine.now()?;
        let missing = || PageError::NotFound("There is no such picture.".to_owned());
        let known = console.cloud_at(&cloud, now)?.ok_or_else(missing)?;
        let name = known.profile.policy.brand.logo.as_ref().ok_or_else(missing)?.0.clone();
        picture(&console.files_of(&cloud, now)?, &name).ok_or_else(missing)
    })
    .await
}

pub(super) async fn image(
    State(console): State<Arc<Console>>,
    Path((cloud, image)): Path<(String, String)>,
) -> Response {
    run(move || {
        let now = console.engine.now()?;
        let missing = || PageError::NotFound("There is no such picture.".to_owned());
        let known = console.cloud_at(&cloud, now)?.ok_or_else(missing)?;
        let folder = known.profile.policy.brand.images.as_ref().ok_or_else(missing)?.0.clone();
        picture(&console.files_of(&cloud, now)?, &format!("{folder}/{image}")).ok_or_else(missing)
    })
    .await
}

/// An SVG as it is; a PNG, which stands among texts as one.
fn picture(files: &BTreeMap<String, String>, name: &str) -> Option<Response> {
    let text = files.get(name)?;
    // Whatever is in it, it is only a picture.
    let alone = (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    let kept = (CACHE_CONTROL, "max-age=300");
    match text.strip_prefix("data:image/png;base64,") {
        Some(coded) => Some(([(CONTENT_TYPE, "image/png"), alone, kept], from_base64(coded)?).into_response()),
        None if text.contains("<svg") => {
            Some(([(CONTENT_TYPE, "image/svg+xml"), alone, kept], text.clone()).into_response())
        }
        None => None,
    }
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_comes_back_from_its_text() {
        assert_eq!(from_base64("ZmFydGhpbmc="), Some(b"farthing".to_vec()));
        assert_eq!(from_base64("Zg=="), Some(b"f".to_vec()));
        assert_eq!(from_base64("not base64"), None);
    }
}
