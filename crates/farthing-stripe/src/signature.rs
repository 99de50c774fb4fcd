//! Is a webhook Stripe's? `Stripe-Signature: t=…,v1=…`, an HMAC-SHA256 over `t.body` in hexadecimal
//! (<https://docs.stripe.com/webhooks/signature>).

use crate::secret::SecretText;
use farthing_core::time::Instant;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::error::Error;
use std::fmt;

/// What Stripe's own libraries allow: whoever records a webhook cannot send it again later.
const TOLERANCE_SECONDS: i64 = 300;

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// The header is missing, or not as Stripe writes it.
    Malformed,
    /// It is signed, but for another time: how far it is from now.
    OtherTime { seconds: i64 },
    /// None of the secrets has made any of its signatures.
    NotOurs,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignatureError::Malformed => out.write_str("the header Stripe-Signature has no time or no v1 signature"),
            SignatureError::OtherTime { seconds } => {
                write!(out, "it was signed {seconds} seconds away from now; {TOLERANCE_SECONDS} are allowed")
            }
            SignatureError::NotOurs => {
                out.write_str("no webhook secret has made this signature; copy the endpoint's from Stripe's dashboard")
            }
        }
    }
}

impl Error for SignatureError {}

/// The signature first, so that whoever does not know the secret learns nothing of our clock.
pub(crate) fn check(secrets: &[SecretText], header: &str, body: &[u8], now: Instant) -> Result<(), SignatureError> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", text)) => time = Some(text),
            Some(("v1", text)) => signatures.extend(from_hex(text)),
            _ => {}
        }
    }
    let time = time.ok_or(SignatureError::Malformed)?;
    let seconds: i64 = time.parse().map_err(|_| SignatureError::Malformed)?;
    if signatures.is_empty() {
        return Err(SignatureError::Malformed);
    }
    let made = |secret: &SecretText| {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).expect("HMAC takes keys of any length");
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        // Compares in constant time.
        signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    };
    if !secrets.iter().filter(|secret| !secret.reveal().is_empty()).any(made) {
        return Err(SignatureError::NotOurs);
    }
    let now = now.micros().div_euclid(1_000_000);
    match now.checked_sub(seconds) {
        Some(away) if (-TOLERANCE_SECONDS..=TOLERANCE_SECONDS).contains(&away) => Ok(()),
        away => Err(SignatureError::OtherTime { seconds: away.unwrap_or(i64::MAX) }),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| (pair[0] << 4) | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    const SIGNED_AT: i64 = 1_492_774_577;
    /// `printf '1492774577.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test`
    const GOOD: &str = "7656fc2882a7ca0a651666b36bf2f2f22ee204f54f608f227498a2419f2890b2";

    fn checked(secrets: &[&str], header: &str, body: &[u8], seconds: i64) -> Result<(), SignatureError> {
        let secrets: Vec<SecretText> = secrets.iter().map(|text| SecretText::new(*text)).collect();
        check(&secrets, header, body, Instant::try_from_seconds(seconds).unwrap())
    }

    #[test]
    fn what_openssl_signs_is_believed() {
        let header = format!("t={SIGNED_AT},v1={GOOD},v0=00");
        assert_eq!(checked(&["whsec_test"], &header, BODY, SIGNED_AT), Ok(()));
        // While a secret is rolled there are two of them, on either side.
        let two = format!("t={SIGNED_AT}, v1={}, v1={GOOD}", "00".repeat(32));
        assert_eq!(checked(&["whsec_other", "whsec_test"], &two, BODY, SIGNED_AT), Ok(()));
    }

    #[test]
    fn five_minutes_either_way() {
        let header = format!("t={SIGNED_AT},v1={GOOD}");
        for (away, expected) in [
            (300, Ok(())),
            (-300, Ok(())),
            (301, Err(SignatureError::OtherTime { seconds: 301 })),
            (-301, Err(SignatureError::OtherTime { seconds: -301 })),
        ] {
            assert_eq!(checked(&["whsec_test"], &header, BODY, SIGNED_AT + away), expected, "{away}");
        }
    }

    #[test]
    fn what_nobody_signed_is_not_believed() {
        let header = format!("t={SIGNED_AT},v1={GOOD}");
        let not_ours = Err(SignatureError::NotOurs);
        assert_eq!(checked(&["whsec_test"], &header, br#"{"id":"evt_2"}"#, SIGNED_AT), not_ours);
        assert_eq!(checked(&["whsec_other"], &header, BODY, SIGNED_AT), not_ours);
        assert_eq!(checked(&[], &header, BODY, SIGNED_AT), not_ours);
        // A secret that was left empty would be one that everybody knows.
        assert_eq!(checked(&[""], &header, BODY, SIGNED_AT), not_ours);
        let moved = format!("t={},v1={GOOD}", SIGNED_AT + 1);
        assert_eq!(checked(&["whsec_test"], &moved, BODY, SIGNED_AT), not_ours);
        let short = format!("t={SIGNED_AT},v1={}", &GOOD[..32]);
        assert_eq!(checked(&["whsec_test"], &short, BODY, SIGNED_AT), not_ours);
        for header in ["", "t=1", "v1=00", "t=x,v1=00", "t=1,v1=0", "t=1,v1=é", "t=1,v0=00", "t=1,v1="] {
            assert_eq!(checked(&["whsec_test"], header, BODY, SIGNED_AT), Err(SignatureError::Malformed), "{header}");
        }
    }
}
