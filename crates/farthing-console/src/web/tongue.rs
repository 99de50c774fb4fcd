//! `POST /language`: the language somebody reads these pages in, kept in a cookie of this server. It changes nothing else.

use super::asked::{LANGUAGE_COOKIE, entered_of};
use crate::words::Language;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::response::{IntoResponse, Response};

const YEAR_SECONDS: u32 = 31_536_000;

pub(crate) async fn choose(body: Bytes) -> Response {
    let entered = entered_of(&body);
    let told = |name: &str| entered.get(name).map_or("", String::as_str);
    let back = address(told("back"));
    let Some(language) = Language::parse(told("language")) else {
        return (StatusCode::SEE_OTHER, [(LOCATION, back)]).into_response();
    };
    let tag = language.tag();
    let cookie = format!("{LANGUAGE_COOKIE}={tag}; Path=/; Max-Age={YEAR_SECONDS}; HttpOnly; SameSite=Lax");
    (StatusCode::SEE_OTHER, [(LOCATION, back), (SET_COOKIE, cookie)]).into_response()
}

/// An address of this server, whatever was asked for.
fn address(back: &str) -> String {
    let inside =
        back.starts_with('/') && !back.starts_with("//") && !back.contains(['\\', '\r', '\n']) && back.is_ascii();
    if inside { back.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for outside in ["https://example.com", "//example.com", "/\\example.com", "", "c/x", "/a\r\nset-cookie: x"] {
            assert_eq!(address(outside), "/", "{outside}");
        }
        assert_eq!(address("/c/x/y?by=user"), "/c/x/y?by=user");
    }
}
