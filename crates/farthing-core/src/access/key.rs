//! A key as its owner holds it: `fk_live_` or `fk_test_`, its id, and a secret that is kept nowhere but as a hash.

use crate::id::Id128;
use std::fmt::{self, Write as _};

crate::id_kind!(KeyId, KeyKind, "key");

/// Which of a cloud's two worlds a key opens: the live one, or the test cloud beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Live,
    Test,
}

impl Mode {
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Live => "live",
            Mode::Test => "test",
        }
    }
}

/// The whole text. It is printed once, when the key is made; `Debug` and errors never show the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText {
    pub mode: Mode,
    pub id: KeyId,
    secret: [u8; 32],
}

/// It says nothing of the text, which may be a secret with a letter wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTextError;

impl KeyText {
    pub const fn new(mode: Mode, id: KeyId, secret: [u8; 32]) -> KeyText {
        KeyText { mode, id, secret }
    }

    pub fn parse(text: &str) -> Result<KeyText, KeyTextError> {
        let mut parts = text.strip_prefix("fk_").ok_or(KeyTextError)?.splitn(3, '_');
        let mode = match parts.next() {
            Some("live") => Mode::Live,
            Some("test") => Mode::Test,
            _ => return Err(KeyTextError),
        };
        let id = parts.next().and_then(|id| Id128::parse(&format!("key_{id}")).ok()).ok_or(KeyTextError)?;
        let secret = parts.next().and_then(from_hex).ok_or(KeyTextError)?;
        Ok(KeyText { mode, id, secret })
    }

    /// What is kept of it. The secret has 256 bits of chance, so a plain hash is as good as a slow one.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"farthing key 1");
        hasher.update(&self.id.to_bytes());
        hasher.update(&self.secret);
        *hasher.finalize().as_bytes()
    }

    /// Compared in a time that does not tell how much of it fits.
    pub fn fits(&self, kept: &[u8; 32]) -> bool {
        blake3::Hash::from_bytes(self.hash()) == blake3::Hash::from_bytes(*kept)
    }

    /// A secret for a key that this one makes: the same for the same seed, so that asking twice gives one key.
    pub fn beget(&self, seed: &[&[u8]]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        for part in seed {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }

    /// The text to hand over, once.
    pub fn reveal(&self) -> String {
        let id = self.id.to_string();
        let id = id.strip_prefix("key_").unwrap_or(&id);
        let mut text = format!("fk_{}_{id}_", self.mode.name());
        for byte in self.secret {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KeyText({}, {})", self.mode.name(), self.id)
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> KeyText {
        KeyText::new(Mode::Test, KeyId::from_parts(1_790_000_000_000, [7; 10]), [0xa5; 32])
    }

    #[test]
    fn a_text_reads_back_and_nothing_else_does() {
        let text = key().reveal();
        assert!(text.starts_with("fk_test_") && text.ends_with("a5a5"), "{text}");
        assert_eq!(KeyText::parse(&text), Ok(key()));
        let short = &text[..text.len() - 1];
        let shouted = text.to_uppercase();
        for wrong in ["", "fk_", "fk_prod_x_y", short, &shouted, &format!("{text}0"), &text.replace("fk_", "sk_")] {
            assert_eq!(KeyText::parse(wrong), Err(KeyTextError), "{wrong}");
        }
    }

    #[test]
    fn only_the_same_secret_fits() {
        let kept = key().hash();
        assert!(key().fits(&kept));
        assert!(!KeyText::new(Mode::Test, key().id, [0xa4; 32]).fits(&kept));
        let other = KeyId::from_parts(1, [7; 10]);
        assert!(!KeyText::new(Mode::Test, other, [0xa5; 32]).fits(&kept));
    }

    #[test]
    fn a_secret_is_not_shown_by_accident() {
        assert!(!format!("{:?}", key()).contains("a5"), "{:?}", key());
    }

    #[test]
    fn what_a_key_begets_depends_on_all_of_its_seed() {
        let one = key().beget(&[b"a", b"bc"]);
        assert_eq!(one, key().beget(&[b"a", b"bc"]));
        assert_ne!(one, key().beget(&[b"ab", b"c"]));
        assert_ne!(one, KeyText::new(Mode::Test, key().id, [1; 32]).beget(&[b"a", b"bc"]));
    }
}
