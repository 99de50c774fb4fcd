//! The two cookies: a session's, and one of a browser before anybody is known in it. No script reads them, no other site sends them with a form.
//!
//! Over https they have `__Host-`: a browser then takes them from this very host alone, for all of it, and never sends them in the clear.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

/// Who is signed in.
pub(super) const SESSION: &str = "farthing";
/// A browser in which nobody is known yet.
pub(super) const DOOR: &str = "farthing-door";
/// At whose door somebody came in last: where they are led when their session is over.
pub(super) const FROM: &str = "farthing-from";
/// What a sign-in through the cloud's directory has to come back with.
pub(super) const DIRECTORY: &str = "farthing-directory";

fn full(name: &str, https: bool) -> String {
    if https { format!("__Host-{name}") } else { name.to_owned() }
}

/// The first of this name.
pub(super) fn read<'h>(headers: &'h HeaderMap, name: &str, https: bool) -> Option<&'h str> {
    let name = full(name, https);
    let all = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// It goes with the browser's session: what ends it in any case is kept here.
pub(super) fn set(name: &str, value: &str, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}", full(name, https))
}

pub(super) fn clear(name: &str, https: bool) -> String {
    format!("{}; Max-Age=0", set(name, "", https))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_cookie_is_safe_and_read_back() {
        assert_eq!(set(SESSION, "fs_x", true), "__Host-farthing=fs_x; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(set(SESSION, "fs_x", false), "farthing=fs_x; Path=/; HttpOnly; SameSite=Lax");
        assert!(clear(SESSION, true).ends_with("Secure; Max-Age=0"));
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_static("language=zh; farthing=plain; __Host-farthing=a; __Host-farthing=b"),
        );
        assert_eq!(read(&headers, SESSION, true), Some("a"));
        assert_eq!(read(&headers, SESSION, false), Some("plain"));
        assert_eq!(read(&headers, DOOR, true), None);
    }
}
