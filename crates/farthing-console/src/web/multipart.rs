//! Forms that carry files, as browsers send them: `multipart/form-data` (RFC 7578). What is sent is text; a file that is none is read as well as it
//! can be, and found wrong by whoever reads it.

use std::collections::BTreeMap;

/// What separates the parts, from the `Content-Type`; none: it is another kind of form.
pub(crate) fn boundary_of(content_type: &str) -> Option<String> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let pairs = rest.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("boundary"));
    let boundary = found.next()?.1.trim_matches('"');
    // At most so long by its own rules.
    (!boundary.is_empty() && boundary.len() <= 70).then(|| boundary.to_owned())
}

/// Names and texts; of several of one name the last counts.
pub(crate) fn parts_of(body: &[u8], boundary: &str) -> BTreeMap<String, String> {
    let mark = format!("--{boundary}");
    let mut parts = BTreeMap::new();
    let mut rest = match find(body, mark.as_bytes()) {
        Some(at) => &body[at + mark.len()..],
        None => return parts,
    };
    let between = format!("\r\n{mark}");
    // After the last one stands "--".
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let Some(end) = find(part, between.as_bytes()) else { break };
        if let Some((name, text)) = read(&part[..end]) {
            parts.insert(name, text);
        }
        rest = &part[end + between.len()..];
    }
    parts
}

fn read(part: &[u8]) -> Option<(String, String)> {
    let head_ends = find(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&part[..head_ends]).into_owned();
    let text = String::from_utf8_lossy(part.get(head_ends + 4..)?).into_owned();
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let name = line.split(';').filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == "name")?.1;
    Some((name.trim_matches('"').to_owned(), text))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_of_this_kind_of_form() {
        let check = |text: &str, boundary: Option<&str>| assert_eq!(boundary_of(text).as_deref(), boundary, "{text}");
        check("multipart/form-data; boundary=----x1", Some("----x1"));
        check("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"", Some("a b"));
        check("application/x-www-form-urlencoded", None);
        check("multipart/form-data", None);
        check("multipart/form-data; boundary=", None);
    }

    #[test]
    fn files_and_fields_are_read_as_browsers_send_them() {
        let body = "preamble\r\n--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n--x\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"c.toml\"\r\nContent-Type: text/plain\r\n\r\n\
            a = \"北\"\r\n\r\n--y\r\n--x\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--x--\r\n";
        let parts = parts_of(body.as_bytes(), "x");
        let told = |name: &str| parts.get(name).map(String::as_str);
        assert_eq!((told("csrf"), told("empty")), (Some("token"), Some("")));
        assert_eq!(told("file"), Some("a = \"北\"\r\n\r\n--y"));
        for broken in ["", "--x", "--x\r\nnothing", "--x\r\n\r\n\r\n--x--", "--y\r\n"] {
            assert!(parts_of(broken.as_bytes(), "x").is_empty(), "{broken:?}");
        }
    }
}
