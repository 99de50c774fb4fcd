//! The second factor: codes of six digits by RFC 6238 (SHA-1 and steps of 30 seconds, which is what authenticators do), and codes for whoever
//! has lost theirs.
//!
//! A code works once: the step it was of is remembered, and neither it nor one before it is taken again. The step before and after now are
//! taken too, for clocks that are a little off.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use std::fmt::{self, Write as _};

use crate::time::Instant;

const STEP_SECONDS: i64 = 30;
const DIGITS: u32 = 6;
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// As many codes for whoever has lost their authenticator.
pub const RECOVERY_CODES: usize = 10;

/// What an authenticator and we alone know. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; 20]);

impl TotpSecret {
    pub const fn new(bytes: [u8; 20]) -> TotpSecret {
        TotpSecret(bytes)
    }

    pub const fn to_bytes(&self) -> [u8; 20] {
        self.0
    }

    /// As it is typed where there is no camera: 32 letters.
    pub fn reveal(&self) -> String {
        base32(&self.0)
    }

    /// What a QR code for authenticators holds.
    pub fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (escaped(issuer), escaped(account));
        let secret = self.reveal();
        format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30")
    }

    /// The step that a code is of, if it is good now and later than the last that was used.
    pub fn step_of(&self, code: &str, now: Instant, used: Option<i64>) -> Option<i64> {
        let code = digits_of(code)?;
        let step = now.micros().div_euclid(1_000_000).div_euclid(STEP_SECONDS);
        let near = [step.saturating_sub(1), step, step.saturating_add(1)];
        // All of them are worked out, whichever fits: the time it takes tells nothing.
        let fits = near.map(|step| (self.code(step, DIGITS) == code, step));
        let good = fits.into_iter().filter(|(fits, step)| *fits && used.is_none_or(|used| *step > used));
        good.map(|(_, step)| step).next()
    }

    fn code(&self, step: i64, digits: u32) -> u32 {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let place = usize::from(hash.last().copied().unwrap_or(0) & 15);
        let mut four = [0; 4];
        if let Some(bytes) = hash.get(place..place.saturating_add(4)) {
            four.copy_from_slice(bytes);
        }
        let number = u32::from_be_bytes(four) & 0x7fff_ffff;
        number.checked_rem(10_u32.saturating_pow(digits)).unwrap_or(0)
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("TotpSecret(…)")
    }
}

/// A code for whoever has lost their authenticator: 80 bits of chance, so a plain hash of it is enough.
pub fn recovery_code(chance: [u8; 10]) -> String {
    let letters = base32(&chance).to_lowercase();
    let mut text = String::new();
    for (place, letter) in letters.chars().enumerate() {
        if place > 0 && place.checked_rem(4) == Some(0) {
            text.push('-');
        }
        text.push(letter);
    }
    text
}

/// What is kept of one, however it is typed: with or without lines, in large or small letters. None: it is none.
pub fn recovery_hash(typed: &str) -> Option<[u8; 32]> {
    let plain: String =
        typed.chars().filter(|char| !matches!(char, ' ' | '-')).map(|char| char.to_ascii_uppercase()).collect();
    if plain.len() != 16 || !plain.bytes().all(|byte| LETTERS.contains(&byte)) {
        return None;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"farthing recovery code 1");
    hasher.update(plain.as_bytes());
    Some(*hasher.finalize().as_bytes())
}

/// Six digits, as people type them: `123 456`.
fn digits_of(typed: &str) -> Option<u32> {
    let digits: String = typed.chars().filter(|char| !char.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

fn base32(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut held) = (String::new(), 0_u32, 0_u32);
    for byte in bytes {
        bits = bits << 8 & 0xff_ffff | u32::from(*byte);
        held = held.saturating_add(8);
        while held >= 5 {
            held = held.saturating_sub(5);
            let letter = usize::try_from(bits >> held & 31).unwrap_or(0);
            text.push(char::from(LETTERS.get(letter).copied().unwrap_or(b'A')));
        }
    }
    text
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    /// Appendix B of RFC 6238, for SHA-1: eight digits.
    #[test]
    fn the_vectors_of_the_rfc() {
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(rfc().code(seconds / 30, 8), code, "at {seconds}");
        }
    }

    #[test]
    fn a_code_works_once_and_only_near_its_time() {
        let secret = rfc();
        let step = 59 / 30;
        assert_eq!(secret.step_of("287 082", at(59), None), Some(step));
        assert_eq!(secret.step_of("287082", at(59 + 30), None), Some(step), "a clock that is behind");
        assert_eq!(secret.step_of("287082", at(59 - 30), None), Some(step), "a clock that is ahead");
        assert_eq!(secret.step_of("287082", at(59 + 60), None), None, "too late");
        assert_eq!(secret.step_of("287082", at(59), Some(step)), None, "it was used");
        assert_eq!(secret.step_of("287082", at(59), Some(step - 1)), Some(step));
        for wrong in ["", "287083", "87082", "2870820", "２８７０８２", "28708a"] {
            assert_eq!(secret.step_of(wrong, at(59), None), None, "{wrong}");
        }
    }

    #[test]
    fn what_an_authenticator_reads() {
        let uri = rfc().uri("Cloud One", "anna@example.com");
        assert_eq!(
            uri,
            "otpauth://totp/Cloud%20One:anna@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Cloud%20One\
             &algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(format!("{:?}", rfc()), "TotpSecret(…)");
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let code = recovery_code([0xa5; 10]);
        assert_eq!(code, "uws2-ljnf-uws2-ljnf");
        let kept = recovery_hash(&code);
        assert!(kept.is_some());
        assert_eq!(recovery_hash("UWS2LJNF UWS2LJNF"), kept);
        assert_ne!(recovery_hash(&recovery_code([1; 10])), kept);
        for wrong in ["", "uws2-ljnf-uws2", "uws2-ljnf-uws2-ljn1", "uws2-ljnf-uws2-ljné"] {
            assert_eq!(recovery_hash(wrong), None, "{wrong}");
        }
    }
}
