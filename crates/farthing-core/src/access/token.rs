//! What opens a console: a session's cookie, or a link that is good once. Each is an id and 256 bits of chance, of which a hash is kept.
//!
//! The text says which world it opens, live or a cloud's test cloud, so that whoever is handed one knows where to look it up.

use crate::id::Id128;
use std::fmt::{self, Write as _};

crate::id_kind!(TokenId, TokenKind, "tok");
crate::id_kind!(PersonId, PersonKind, "per");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    /// Who holds it is signed in.
    Session,
    /// Good once.
    Link,
}

impl Opens {
    const fn prefix(self) -> &'static str {
        match self {
            Opens::Session => "fs_",
            Opens::Link => "fl_",
        }
    }
}

/// The whole text. `Debug` never shows the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub opens: Opens,
    /// The cloud whose test cloud it opens; none: the live world.
    pub test_of: Option<String>,
    pub id: TokenId,
    secret: [u8; 32],
}

impl Token {
    pub const fn new(opens: Opens, test_of: Option<String>, id: TokenId, secret: [u8; 32]) -> Token {
        Token { opens, test_of, id, secret }
    }

    /// None: it is no such text. It is not said where it is wrong.
    pub fn parse(opens: Opens, text: &str) -> Option<Token> {
        let mut parts = text.strip_prefix(opens.prefix())?.splitn(4, '_');
        let test = match parts.next()? {
            "live" => false,
            "test" => true,
            _ => return None,
        };
        let id = Id128::parse(&format!("tok_{}", parts.next()?)).ok()?;
        let secret = blake3::Hash::from_hex(parts.next()?).ok()?;
        let test_of = match (test, parts.next()) {
            (false, None) => None,
            (true, Some(cloud)) if !cloud.is_empty() => Some(cloud.to_owned()),
            _ => return None,
        };
        let token = Token { opens, test_of, id, secret: *secret.as_bytes() };
        // Hexadecimal digits have two forms, a text has one.
        (token.reveal() == text).then_some(token)
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"farthing console token 1");
        hasher.update(self.opens.prefix().as_bytes());
        hasher.update(&self.id.to_bytes());
        hasher.update(&self.secret);
        *hasher.finalize().as_bytes()
    }

    /// Compared in a time that does not tell how much of it fits.
    pub fn fits(&self, kept: &[u8; 32]) -> bool {
        blake3::Hash::from_bytes(self.hash()) == blake3::Hash::from_bytes(*kept)
    }

    /// What a form must send back, so that no other site can send it for whoever is signed in: it follows from the secret, and does
    /// not lead to it.
    pub fn form_text(&self) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(b"farthing console form 1");
        hasher.finalize().to_hex().as_str().get(..32).unwrap_or_default().to_owned()
    }

    /// Whether a form sent back what it should, compared in a time that tells nothing.
    pub fn is_form_text(&self, sent: &str) -> bool {
        blake3::hash(sent.as_bytes()) == blake3::hash(self.form_text().as_bytes())
    }

    /// The text to hand over.
    pub fn reveal(&self) -> String {
        let id = self.id.to_string();
        let id = id.strip_prefix("tok_").unwrap_or(&id);
        let world = if self.test_of.is_some() { "test" } else { "live" };
        let mut text = format!("{}{world}_{id}_", self.opens.prefix());
        for byte in self.secret {
            let _ = write!(text, "{byte:02x}");
        }
        if let Some(cloud) = &self.test_of {
            let _ = write!(text, "_{cloud}");
        }
        text
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Token({:?}, {})", self.opens, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(opens: Opens, test_of: Option<&str>) -> Token {
        Token::new(opens, test_of.map(str::to_owned), TokenId::from_parts(1_790_000_000_000, [7; 10]), [0xa5; 32])
    }

    #[test]
    fn a_text_reads_back_and_nothing_else_does() {
        for world in [None, Some("one"), Some("cloud_two-b")] {
            let session = token(Opens::Session, world);
            let text = session.reveal();
            assert_eq!(Token::parse(Opens::Session, &text), Some(session));
            assert_eq!(Token::parse(Opens::Link, &text), None, "a cookie is no link");
            for wrong in ["", "fs_", &text[..text.len() - 1], &text.to_uppercase(), &text.replacen("a5", "A5", 1)] {
                let read = Token::parse(Opens::Session, wrong);
                assert!(read.is_none_or(|read| read.test_of.is_some() && read.reveal() == *wrong), "{wrong}");
            }
        }
        assert_eq!(Token::parse(Opens::Session, &format!("{}_", token(Opens::Session, None).reveal())), None);
    }

    #[test]
    fn a_secret_is_shown_to_nobody_and_fits_its_hash_alone() {
        let link = token(Opens::Link, None);
        assert!(!format!("{link:?}").contains("a5"), "{link:?}");
        assert!(link.fits(&link.hash()));
        assert!(!token(Opens::Session, None).fits(&link.hash()), "what is kept of a link opens no session");
        assert!(!link.form_text().contains("a5a5"));
        assert!(link.is_form_text(&link.form_text()) && !link.is_form_text("") && !link.is_form_text("0"));
    }
}
