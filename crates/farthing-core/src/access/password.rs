//! Passwords: which are good enough, and the text that is kept of one. The slow hash itself is the engine's (`people/hashing.rs`).
//!
//! Length is what helps (NIST SP 800-63B, OWASP): no rule asks for digits or signs. Refused is what anybody would try first: the person's
//! own address or name, one thing over and over, and the words that every list of stolen passwords begins with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::fmt;

/// As many characters as one has at least.
pub const PASSWORD_MIN: usize = 12;
/// As many bytes as are hashed at most: nobody keeps us busy with a novel.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// What stands in every list of stolen passwords and is long enough otherwise.
const COMMON: [&str; 12] = [
    "password", "passwort", "qwerty", "123456", "abcdef", "letmein", "iloveyou", "welcome", "admin", "changeme",
    "sunshine", "woaini",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakPassword {
    Short,
    Long,
    /// It is the person's address or name, with little around it.
    Own,
    /// One sign, or a few of them, over and over.
    Repeats,
    /// A common word with little around it.
    Common,
}

impl fmt::Display for WeakPassword {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WeakPassword::Short => {
                write!(out, "a password has at least {PASSWORD_MIN} characters: a short sentence is a good one")
            }
            WeakPassword::Long => write!(out, "a password has at most {PASSWORD_BYTES_MAX} bytes"),
            WeakPassword::Own => {
                out.write_str("a password is not the e-mail address or the name: choose something else")
            }
            WeakPassword::Repeats => {
                out.write_str("a password is not a few signs over and over: choose something else")
            }
            WeakPassword::Common => {
                out.write_str("that password is one of the first to be tried: choose something else")
            }
        }
    }
}

impl std::error::Error for WeakPassword {}

/// Whether somebody with this address and name may have this password.
pub fn judge_password(password: &str, email: &str, name: &str) -> Result<(), WeakPassword> {
    if password.chars().count() < PASSWORD_MIN {
        return Err(WeakPassword::Short);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(WeakPassword::Long);
    }
    let plain = plain_of(password);
    let local = email.split('@').next().unwrap_or_default();
    if [email, local, name].into_iter().any(|own| is_mostly(&plain, &plain_of(own))) {
        return Err(WeakPassword::Own);
    }
    let mut signs: Vec<char> = password.chars().collect();
    signs.sort_unstable();
    signs.dedup();
    if signs.len() < 4 {
        return Err(WeakPassword::Repeats);
    }
    if COMMON.iter().any(|word| is_mostly(&plain, word)) {
        return Err(WeakPassword::Common);
    }
    Ok(())
}

/// Letters and digits in small letters: what is left of `An-na@Example` is `annaexample`.
fn plain_of(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether little is left of a text without a word.
fn is_mostly(plain: &str, word: &str) -> bool {
    if word.chars().count() < 4 || !plain.contains(word) {
        return false;
    }
    plain.replace(word, "").chars().count() < 6
}

/// What argon2id is asked for: memory and passes. They stand with each hash, so that they can grow and old hashes still be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl HashCost {
    /// OWASP's (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
    pub const NOW: HashCost = HashCost { memory_kib: 19_456, passes: 2, lanes: 1 };
}

/// What is kept of a password, in the common form `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    pub cost: HashCost,
    pub salt: [u8; 16],
    pub hash: [u8; 32],
}

impl PasswordHash {
    pub fn parse(text: &str) -> Option<PasswordHash> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let mut costs = parts.next()?.split(',');
        let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse::<u32>().ok();
        let cost = HashCost { memory_kib: cost("m=")?, passes: cost("t=")?, lanes: cost("p=")? };
        let mut bytes = || STANDARD_NO_PAD.decode(parts.next()?).ok();
        let (salt, hash) = (bytes()?.try_into().ok()?, bytes()?.try_into().ok()?);
        parts.next().is_none().then_some(PasswordHash { cost, salt, hash })
    }

    pub fn to_text(&self) -> String {
        let HashCost { memory_kib, passes, lanes } = self.cost;
        let (salt, hash) = (STANDARD_NO_PAD.encode(self.salt), STANDARD_NO_PAD.encode(self.hash));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }

    /// Compared in a time that does not tell how much of it fits.
    pub fn is(&self, hash: [u8; 32]) -> bool {
        blake3::Hash::from_bytes(self.hash) == blake3::Hash::from_bytes(hash)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_good_and_what_anybody_tries_first_is_not() {
        let judge = |password: &str| judge_password(password, "anna.smith@example.com", "Anna Smith");
        for good in
            ["correct horse battery", "三头老虎三头老虎跑得很快没有眼睛", "tr0ub4dor&3xyz", "my Anna likes long walks"]
        {
            assert_eq!(judge(good), Ok(()), "{good}");
        }
        for (weak, why) in [
            ("", WeakPassword::Short),
            ("elevensigns", WeakPassword::Short),
            ("anna.smith@example.com", WeakPassword::Own),
            ("Anna Smith 1", WeakPassword::Own),
            ("ANNA-SMITH-2026", WeakPassword::Own),
            ("aaaaaaaaaaaaaaaa", WeakPassword::Repeats),
            ("121212121212", WeakPassword::Repeats),
            ("Password1234", WeakPassword::Common),
            ("qwertyqwerty12", WeakPassword::Common),
        ] {
            assert_eq!(judge(weak), Err(why), "{weak}");
        }
        assert_eq!(judge(&"long words ".repeat(100)), Err(WeakPassword::Long));
        // Twelve characters, whatever their bytes; and an empty name is in everything.
        assert_eq!(judge_password("十二个汉字的密码很安全吧啊", "", ""), Ok(()));
    }

    #[test]
    fn what_is_kept_reads_back_and_is_not_shown() {
        let kept = PasswordHash { cost: HashCost::NOW, salt: [7; 16], hash: [0xa5; 32] };
        let text = kept.to_text();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        assert_eq!(PasswordHash::parse(&text), Some(kept.clone()));
        assert!(kept.is([0xa5; 32]) && !kept.is([0; 32]));
        assert_eq!(format!("{kept:?}"), "PasswordHash(…)");
        for wrong in
            ["", "$argon2i$v=19$m=1,t=1,p=1$x$y", "$argon2id$v=19$m=19456,t=2$a$b", &format!("{text}$"), &text[..60]]
        {
            assert_eq!(PasswordHash::parse(wrong), None, "{wrong}");
        }
    }
}
