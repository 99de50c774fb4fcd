//! Forms that carry files, as browsers send them: `multipart/form-data` (RFC 7578). What is entered is text; a file is that too, read as well as it
//! can be, and its bytes for whoever reads those.

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

/// A file that was sent with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// As it is called where it comes from.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// What was entered, and files, by their names in the form.
pub(crate) type Parts = (BTreeMap<String, String>, BTreeMap<String, Sent>);

/// Of several of one name the last counts.
pub(crate) fn parts_of(body: &[u8], boundary: &str) -> Parts {
    let mark = format!("--{boundary}");
    let mut parts = Parts::default();
    let mut rest = match find(body, mark.as_bytes()) {
        Some(at) => &body[at + mark.len()..],
        None => return parts,
    };
    let between = format!("\r\n{mark}");
    // After the last one stands "--".
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let Some(end) = find(part, between.as_bytes()) else { break };
        if let Some((name, file, bytes)) = read(&part[..end]) {
            parts.0.insert(name.clone(), String::from_utf8_lossy(bytes).into_owned());
            if let Some(file) = file {
                parts.1.insert(name, Sent { name: file, bytes: bytes.to_vec() });
            }
        }
        rest = &part[end + between.len()..];
    }
    parts
}

/// Its name in the form, its own where it is a file, and what it is.
fn read(part: &[u8]) -> Option<(String, Option<String>, &[u8])> {
    let head_ends = find(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&part[..head_ends]).into_owned();
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let said = |wanted: &str| {
        let mut pairs = line.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == wanted).map(|(_, value)| value.trim_matches('"').to_owned())
    };
    Some((said("name")?, said("filename"), part.get(head_ends + 4..)?))
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
        let (parts, files) = parts_of(body.as_bytes(), "x");
        let told = |name: &str| parts.get(name).map(String::as_str);
        assert_eq!((told("csrf"), told("empty")), (Some("token"), Some("")));
        assert_eq!(told("file"), Some("a = \"北\"\r\n\r\n--y"));
        let file = Sent { name: "c.toml".to_owned(), bytes: "a = \"北\"\r\n\r\n--y".as_bytes().to_vec() };
        assert_eq!(files, [("file".to_owned(), file)].into());
        for broken in ["", "--x", "--x\r\nnothing", "--x\r\n\r\n\r\n--x--", "--y\r\n"] {
            assert!(parts_of(broken.as_bytes(), "x").0.is_empty(), "{broken:?}");
        }
    }
    #[test]
    fn a_file_keeps_bytes_that_are_no_text() {
        let head = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n";
        let body = [head.as_bytes(), b"M\xfcller", b"\r\n--x--\r\n"].concat();
        assert_eq!(parts_of(&body, "x").1["file"].bytes, b"M\xfcller");
    }
}
